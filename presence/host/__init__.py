"""The room host: signalling, links, pages, and carrying bundles where nothing else passes.

It never sees a pose, a voice or a secret.
"""
