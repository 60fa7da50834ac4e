"""Avatars, and what exists now."""
