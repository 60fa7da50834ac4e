"""Bodies made by code: a seed becomes a person."""

from presence.scene.body.generate import build_body, generate_body

__all__ = ["build_body", "generate_body"]
