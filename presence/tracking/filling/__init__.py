"""Filling in: from the few points that sensors know to a whole living body."""

from presence.tracking.filling.filler import Filler

__all__ = ["Filler"]
