"""The 52 shapes out of the expressions of Meta's, Android's and HTC's extensions: data.

A table gives, for each of our shapes, the expressions whose sum it is, each with its share. A shape
that is missing from a table cannot be known by that extension.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from presence.headset.readings import Face
from presence.pose.arrays import Floats, Ints, frozen
from presence.pose.face import SHAPE_COUNT, SHAPE_INDEX


def _names(words: str) -> tuple[str, ...]:
    return tuple(words.split())


_COMMON = _names(
    "BROW_LOWERER_L BROW_LOWERER_R CHEEK_PUFF_L CHEEK_PUFF_R CHEEK_RAISER_L CHEEK_RAISER_R "
    "CHEEK_SUCK_L CHEEK_SUCK_R CHIN_RAISER_B CHIN_RAISER_T DIMPLER_L DIMPLER_R EYES_CLOSED_L "
    "EYES_CLOSED_R EYES_LOOK_DOWN_L EYES_LOOK_DOWN_R EYES_LOOK_LEFT_L EYES_LOOK_LEFT_R "
    "EYES_LOOK_RIGHT_L EYES_LOOK_RIGHT_R EYES_LOOK_UP_L EYES_LOOK_UP_R INNER_BROW_RAISER_L "
    "INNER_BROW_RAISER_R JAW_DROP JAW_SIDEWAYS_LEFT JAW_SIDEWAYS_RIGHT JAW_THRUST LID_TIGHTENER_L "
    "LID_TIGHTENER_R LIP_CORNER_DEPRESSOR_L LIP_CORNER_DEPRESSOR_R LIP_CORNER_PULLER_L "
    "LIP_CORNER_PULLER_R LIP_FUNNELER_LB LIP_FUNNELER_LT LIP_FUNNELER_RB LIP_FUNNELER_RT "
    "LIP_PRESSOR_L LIP_PRESSOR_R LIP_PUCKER_L LIP_PUCKER_R LIP_STRETCHER_L LIP_STRETCHER_R "
    "LIP_SUCK_LB LIP_SUCK_LT LIP_SUCK_RB LIP_SUCK_RT LIP_TIGHTENER_L LIP_TIGHTENER_R LIPS_TOWARD "
    "LOWER_LIP_DEPRESSOR_L LOWER_LIP_DEPRESSOR_R MOUTH_LEFT MOUTH_RIGHT NOSE_WRINKLER_L "
    "NOSE_WRINKLER_R OUTER_BROW_RAISER_L OUTER_BROW_RAISER_R UPPER_LID_RAISER_L UPPER_LID_RAISER_R "
    "UPPER_LIP_RAISER_L UPPER_LIP_RAISER_R"
)

META_EXPRESSIONS: tuple[str, ...] = (
    *_COMMON,
    *_names(
        "TONGUE_TIP_INTERDENTAL TONGUE_TIP_ALVEOLAR TONGUE_FRONT_DORSAL_PALATE "
        "TONGUE_MID_DORSAL_PALATE TONGUE_BACK_DORSAL_VELAR TONGUE_OUT TONGUE_RETREAT"
    ),
)
"""``XrFaceExpression2FB``, in order."""

ANDROID_EXPRESSIONS: tuple[str, ...] = (
    *_COMMON,
    *_names("TONGUE_OUT TONGUE_LEFT TONGUE_RIGHT TONGUE_UP TONGUE_DOWN"),
)
"""``XrFaceParameterIndicesANDROID``, in order."""

HTC_EYE_EXPRESSIONS: tuple[str, ...] = _names(
    "LEFT_BLINK LEFT_WIDE RIGHT_BLINK RIGHT_WIDE LEFT_SQUEEZE RIGHT_SQUEEZE LEFT_DOWN RIGHT_DOWN "
    "LEFT_OUT RIGHT_IN LEFT_IN RIGHT_OUT LEFT_UP RIGHT_UP"
)
"""``XrEyeExpressionHTC``, in order."""

HTC_LIP_EXPRESSIONS: tuple[str, ...] = _names(
    "JAW_RIGHT JAW_LEFT JAW_FORWARD JAW_OPEN MOUTH_APE_SHAPE MOUTH_UPPER_RIGHT MOUTH_UPPER_LEFT "
    "MOUTH_LOWER_RIGHT MOUTH_LOWER_LEFT MOUTH_UPPER_OVERTURN MOUTH_LOWER_OVERTURN MOUTH_POUT "
    "MOUTH_RAISER_RIGHT MOUTH_RAISER_LEFT MOUTH_STRETCHER_RIGHT MOUTH_STRETCHER_LEFT "
    "CHEEK_PUFF_RIGHT CHEEK_PUFF_LEFT CHEEK_SUCK MOUTH_UPPER_UPRIGHT MOUTH_UPPER_UPLEFT "
    "MOUTH_LOWER_DOWNRIGHT MOUTH_LOWER_DOWNLEFT MOUTH_UPPER_INSIDE MOUTH_LOWER_INSIDE "
    "MOUTH_LOWER_OVERLAY TONGUE_LONGSTEP1 TONGUE_LEFT TONGUE_RIGHT TONGUE_UP TONGUE_DOWN "
    "TONGUE_ROLL TONGUE_LONGSTEP2 TONGUE_UPRIGHT_MORPH TONGUE_UPLEFT_MORPH TONGUE_DOWNRIGHT_MORPH "
    "TONGUE_DOWNLEFT_MORPH"
)
"""``XrLipExpressionHTC``, in order."""

Shares = dict[str, dict[str, float]]
"""Expressions and their shares, by our shapes."""


def _sided(ours: str, theirs: str) -> Shares:
    """A shape of each side that is one expression of each side."""
    return {f"{ours}Left": {f"{theirs}_L": 1.0}, f"{ours}Right": {f"{theirs}_R": 1.0}}


def _mean(ours: str, *theirs: str) -> Shares:
    """A shape that is the mean of several expressions."""
    return {ours: {name: 1.0 / len(theirs) for name in theirs}}


COMMON_SHARES: Shares = {
    **_sided("eyeBlink", "EYES_CLOSED"),
    **_sided("eyeLookDown", "EYES_LOOK_DOWN"),
    **_sided("eyeLookUp", "EYES_LOOK_UP"),
    "eyeLookInLeft": {"EYES_LOOK_RIGHT_L": 1.0},
    "eyeLookOutLeft": {"EYES_LOOK_LEFT_L": 1.0},
    "eyeLookInRight": {"EYES_LOOK_LEFT_R": 1.0},
    "eyeLookOutRight": {"EYES_LOOK_RIGHT_R": 1.0},
    **_sided("eyeSquint", "LID_TIGHTENER"),
    **_sided("eyeWide", "UPPER_LID_RAISER"),
    **_mean("jawForward", "JAW_THRUST"),
    **_mean("jawLeft", "JAW_SIDEWAYS_LEFT"),
    **_mean("jawRight", "JAW_SIDEWAYS_RIGHT"),
    **_mean("jawOpen", "JAW_DROP"),
    **_mean("mouthClose", "LIPS_TOWARD"),
    **_mean(
        "mouthFunnel", "LIP_FUNNELER_LB", "LIP_FUNNELER_LT", "LIP_FUNNELER_RB", "LIP_FUNNELER_RT"
    ),
    **_mean("mouthPucker", "LIP_PUCKER_L", "LIP_PUCKER_R"),
    **_mean("mouthLeft", "MOUTH_LEFT"),
    **_mean("mouthRight", "MOUTH_RIGHT"),
    **_sided("mouthSmile", "LIP_CORNER_PULLER"),
    **_sided("mouthFrown", "LIP_CORNER_DEPRESSOR"),
    **_sided("mouthDimple", "DIMPLER"),
    **_sided("mouthStretch", "LIP_STRETCHER"),
    **_mean("mouthRollLower", "LIP_SUCK_LB", "LIP_SUCK_RB"),
    **_mean("mouthRollUpper", "LIP_SUCK_LT", "LIP_SUCK_RT"),
    **_mean("mouthShrugLower", "CHIN_RAISER_B"),
    **_mean("mouthShrugUpper", "CHIN_RAISER_T"),
    **_sided("mouthPress", "LIP_PRESSOR"),
    **_sided("mouthLowerDown", "LOWER_LIP_DEPRESSOR"),
    **_sided("mouthUpperUp", "UPPER_LIP_RAISER"),
    **_sided("browDown", "BROW_LOWERER"),
    **_mean("browInnerUp", "INNER_BROW_RAISER_L", "INNER_BROW_RAISER_R"),
    **_sided("browOuterUp", "OUTER_BROW_RAISER"),
    **_mean("cheekPuff", "CHEEK_PUFF_L", "CHEEK_PUFF_R"),
    **_sided("cheekSquint", "CHEEK_RAISER"),
    **_sided("noseSneer", "NOSE_WRINKLER"),
    **_mean("tongueOut", "TONGUE_OUT"),
}
"""Meta's and Android's, which name the same muscles: all 52."""

HTC_SHARES: Shares = {
    "eyeBlinkLeft": {"LEFT_BLINK": 1.0},
    "eyeBlinkRight": {"RIGHT_BLINK": 1.0},
    "eyeLookDownLeft": {"LEFT_DOWN": 1.0},
    "eyeLookDownRight": {"RIGHT_DOWN": 1.0},
    "eyeLookInLeft": {"LEFT_IN": 1.0},
    "eyeLookInRight": {"RIGHT_IN": 1.0},
    "eyeLookOutLeft": {"LEFT_OUT": 1.0},
    "eyeLookOutRight": {"RIGHT_OUT": 1.0},
    "eyeLookUpLeft": {"LEFT_UP": 1.0},
    "eyeLookUpRight": {"RIGHT_UP": 1.0},
    "eyeSquintLeft": {"LEFT_SQUEEZE": 1.0},
    "eyeSquintRight": {"RIGHT_SQUEEZE": 1.0},
    "eyeWideLeft": {"LEFT_WIDE": 1.0},
    "eyeWideRight": {"RIGHT_WIDE": 1.0},
    "jawForward": {"JAW_FORWARD": 1.0},
    "jawLeft": {"JAW_LEFT": 1.0},
    "jawRight": {"JAW_RIGHT": 1.0},
    # The ape shape is a jaw that drops behind closed lips, which takes two of ours.
    "jawOpen": {"JAW_OPEN": 1.0, "MOUTH_APE_SHAPE": 1.0},
    "mouthClose": {"MOUTH_APE_SHAPE": 1.0},
    **_mean("mouthFunnel", "MOUTH_UPPER_OVERTURN", "MOUTH_LOWER_OVERTURN"),
    "mouthPucker": {"MOUTH_POUT": 1.0},
    **_mean("mouthLeft", "MOUTH_UPPER_LEFT", "MOUTH_LOWER_LEFT"),
    **_mean("mouthRight", "MOUTH_UPPER_RIGHT", "MOUTH_LOWER_RIGHT"),
    "mouthSmileLeft": {"MOUTH_RAISER_LEFT": 1.0},
    "mouthSmileRight": {"MOUTH_RAISER_RIGHT": 1.0},
    "mouthFrownLeft": {"MOUTH_STRETCHER_LEFT": 1.0},
    "mouthFrownRight": {"MOUTH_STRETCHER_RIGHT": 1.0},
    "mouthRollLower": {"MOUTH_LOWER_INSIDE": 1.0},
    "mouthRollUpper": {"MOUTH_UPPER_INSIDE": 1.0},
    "mouthShrugLower": {"MOUTH_LOWER_OVERLAY": 1.0},
    "mouthLowerDownLeft": {"MOUTH_LOWER_DOWNLEFT": 1.0},
    "mouthLowerDownRight": {"MOUTH_LOWER_DOWNRIGHT": 1.0},
    "mouthUpperUpLeft": {"MOUTH_UPPER_UPLEFT": 1.0},
    "mouthUpperUpRight": {"MOUTH_UPPER_UPRIGHT": 1.0},
    **_mean("cheekPuff", "CHEEK_PUFF_LEFT", "CHEEK_PUFF_RIGHT"),
    # The tongue comes out in two steps.
    **_mean("tongueOut", "TONGUE_LONGSTEP1", "TONGUE_LONGSTEP2"),
}
"""HTC's: 36 of the 52. ``MOUTH_RAISER`` and ``MOUTH_STRETCHER`` were once called ``MOUTH_SMILE``
and ``MOUTH_SAD``, and are that."""


@dataclass(frozen=True, slots=True, eq=False)
class FaceTable:
    """How the expressions of one extension make our shapes."""

    matrix: Floats
    """``(52, N)``."""
    regions: Ints
    """``(52,)`` which of the extension's confidences goes with each shape; −1: it is unknown."""

    def shapes(self, face: Face) -> tuple[Floats, Floats]:
        """``(52,)`` the shapes, and ``(52,)`` how surely."""
        shapes = np.clip(self.matrix @ face.weights, 0.0, 1.0)
        sure = np.where(self.regions >= 0, np.clip(face.confidences[self.regions], 0.0, 1.0), 0.0)
        return np.where(sure > 0.0, shapes, 0.0), sure


def _table(expressions: Sequence[str], shares: Shares, regions: dict[str, int]) -> FaceTable:
    matrix = np.zeros((SHAPE_COUNT, len(expressions)))
    chosen = np.full(SHAPE_COUNT, -1, dtype=np.int64)
    for shape, parts in shares.items():
        for name, share in parts.items():
            matrix[SHAPE_INDEX[shape], expressions.index(name)] = share
        chosen[SHAPE_INDEX[shape]] = regions[shape]
    return FaceTable(frozen(matrix), chosen)


_UPPER = ("eye", "brow", "cheekSquint")
_META_REGIONS = {shape: int(shape.startswith(_UPPER)) for shape in COMMON_SHARES}
_ANDROID_REGIONS = {
    # browInnerUp is of both sides, and goes with the left.
    shape: (2 if shape.endswith("Right") else 1) if shape.startswith(_UPPER) else 0
    for shape in COMMON_SHARES
}
_HTC_REGIONS = {shape: 0 if shape.startswith("eye") else 1 for shape in HTC_SHARES}

META = _table(META_EXPRESSIONS, COMMON_SHARES, _META_REGIONS)
ANDROID = _table(ANDROID_EXPRESSIONS, COMMON_SHARES, _ANDROID_REGIONS)
HTC = _table((*HTC_EYE_EXPRESSIONS, *HTC_LIP_EXPRESSIONS), HTC_SHARES, _HTC_REGIONS)

LOOKS: Ints = np.array([i for name, i in SHAPE_INDEX.items() if name.startswith("eyeLook")])
"""The shapes that say where the eyes look."""
