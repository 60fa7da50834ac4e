"""presence: a mixed-reality social presence engine.

The public names load when they are first used, so ``import presence`` itself needs no library.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from presence.codec import Decoder, Encoder, Frame
    from presence.errors import PresenceError
    from presence.playout import Playout
    from presence.pose import BONES, SHAPES, PoseSample, Proportions, default_proportions

__all__ = [
    "BONES",
    "SHAPES",
    "Decoder",
    "Encoder",
    "Frame",
    "Playout",
    "PoseSample",
    "PresenceError",
    "Proportions",
    "default_proportions",
]

_HOMES = {
    "presence.codec": ("Decoder", "Encoder", "Frame"),
    "presence.errors": ("PresenceError",),
    "presence.playout": ("Playout",),
    "presence.pose": ("BONES", "SHAPES", "PoseSample", "Proportions", "default_proportions"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Load a public name from its home (PEP 562)."""
    if name not in _HOME_OF:
        raise AttributeError(f"module 'presence' has no attribute {name!r}")
    value = getattr(import_module(_HOME_OF[name]), name)
    # Found here from now on, without coming back to this function.
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
