"""The ``presence`` command."""
