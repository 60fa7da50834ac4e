"""Bodies made by code: a seed becomes a person.

What makes bodies loads when it is first used, so that looks and measures alone need little.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from presence.scene.body.generate import build_body, generate_body

__all__ = ["build_body", "generate_body"]


def __getattr__(name: str) -> Any:
    """Load a public name from its home (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from presence.scene.body import generate

    return getattr(generate, name)
