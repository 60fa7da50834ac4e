"""The hair of every style."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from presence.pose.skeleton import INDEX
from presence.scene.avatar import Collider, Strand
from presence.scene.body.draft import Draft
from presence.scene.body.hair import curly, long, scarf, short, tied
from presence.scene.body.hair.ground import Ground, make_ground
from presence.scene.body.hair.swing import Hank, colliders, hang
from presence.scene.body.plan import Plan
from presence.scene.body.traits import HairStyle

_SET: dict[HairStyle, Callable[[Draft, Ground], None]] = {
    HairStyle.RECEDING: short.build_receding,
    HairStyle.CROP: short.build_crop,
    HairStyle.SIDE_PART: short.build_side_part,
    HairStyle.QUIFF: short.build_quiff,
    HairStyle.PIXIE: short.build_pixie,
    HairStyle.CURLS: curly.build_curls,
    HairStyle.AFRO: curly.build_afro,
    HairStyle.BUN: tied.build_bun,
    HairStyle.SCARF: scarf.build_scarf,
}
"""What stays as it lies."""
_SWINGING: dict[HairStyle, Callable[[Draft, Ground], tuple[Hank, ...]]] = {
    HairStyle.BOB: long.build_bob,
    HairStyle.LONG: long.build_long,
    HairStyle.WAVES: long.build_waves,
    HairStyle.PONYTAIL: tied.build_ponytail,
    HairStyle.BRAIDS: tied.build_braids,
}


def build_hair(draft: Draft, plan: Plan) -> tuple[tuple[Strand, ...], tuple[Collider, ...]]:
    """Draft the hair, on both sides: it need not be symmetric.

    Returns:
        What of it swings, and what that keeps out of.
    """
    style, start = plan.traits.hair_style, draft.count
    if style in (HairStyle.BALD, HairStyle.BUZZ):
        # A few millimetres are painted on the scalp.
        return (), ()
    ground = make_ground(draft, plan)
    hanks: tuple[Hank, ...] = ()
    if style in _SWINGING:
        hanks = _SWINGING[style](draft, ground)
    else:
        _SET[style](draft, ground)
    loose = start + np.flatnonzero(draft.weights[start:].sum(axis=1) == 0.0)
    draft.weights[loose, INDEX["head"]] = 1.0
    strands = tuple(strand for hank in hanks for strand in hang(draft, plan, hank))
    return strands, colliders(ground, strands)
