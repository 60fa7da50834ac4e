"""The hair of every style."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from presence.pose.skeleton import INDEX
from presence.scene.body.draft import Draft
from presence.scene.body.hair import curly, long, scarf, short, tied
from presence.scene.body.hair.ground import Ground, make_ground
from presence.scene.body.plan import Plan
from presence.scene.body.traits import HairStyle

_BUILDERS: dict[HairStyle, Callable[[Draft, Ground], None]] = {
    HairStyle.BUZZ: short.build_buzz,
    HairStyle.RECEDING: short.build_receding,
    HairStyle.CROP: short.build_crop,
    HairStyle.SIDE_PART: short.build_side_part,
    HairStyle.QUIFF: short.build_quiff,
    HairStyle.PIXIE: short.build_pixie,
    HairStyle.CURLS: curly.build_curls,
    HairStyle.AFRO: curly.build_afro,
    HairStyle.PONYTAIL: tied.build_ponytail,
    HairStyle.BUN: tied.build_bun,
    HairStyle.BRAIDS: tied.build_braids,
    HairStyle.SCARF: scarf.build_scarf,
    HairStyle.BOB: long.build_bob,
    HairStyle.LONG: long.build_long,
    HairStyle.WAVES: long.build_waves,
}


def build_hair(draft: Draft, plan: Plan) -> None:
    """Draft the hair, on both sides: it need not be symmetric."""
    if plan.traits.hair_style is HairStyle.BALD:
        return
    start = draft.count
    _BUILDERS.get(plan.traits.hair_style, short.build_crop)(draft, make_ground(draft, plan))
    loose = start + np.flatnonzero(draft.weights[start:].sum(axis=1) == 0.0)
    draft.weights[loose, INDEX["head"]] = 1.0
