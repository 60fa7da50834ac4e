"""What ``presence join --path`` may say; light, because the command line loads it."""

from __future__ import annotations

from typing import Literal, get_args

PathChoice = Literal["auto", "direct", "turn", "relay", "websocket"]
"""By which way the others are reached.

``direct``: straight to them; ``turn``: over the TURN server alone; ``relay``: by the room's relay
alone; ``websocket``: through the room's host; ``auto``: the best of all.
"""
PATH_CHOICES: tuple[PathChoice, ...] = get_args(PathChoice)
