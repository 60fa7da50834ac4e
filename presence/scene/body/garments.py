"""How clothes are cut: how far they stand off the body, where they end, what is tucked in."""

from __future__ import annotations

from dataclasses import dataclass

from presence.scene.body.traits import Bottom, Top, Traits

HEM = 0.0035
"""Metres of cloth at a hem, on a body of 1.70 m."""
TUCK = 0.030
"""Metres that cloth is turned in at a hem, and skin goes on beneath it."""


@dataclass(frozen=True, slots=True)
class TopCut:
    """A garment above the waist. Metres on a body of 1.70 m."""

    ease: float
    """How far it stands off the body."""
    loose: float
    """0 to 1: how much it hangs straight from chest and seat instead of following the waist."""
    ribbed: bool
    """Whether hem and cuffs are knitted bands that draw the cloth in."""
    hem: float
    """How far below the hip's joints it ends."""
    neckband: float
    """Height of the band or stand about the neck."""
    folds: float
    """How high the sleeve's folds stand at the elbow."""


@dataclass(frozen=True, slots=True)
class BottomCut:
    """A garment below the waist. Metres on a body of 1.70 m."""

    ease: float
    knee: float
    """How far it stands off the leg at the knee."""
    hem: float
    """How far it stands off the leg at its end."""
    end: float
    """Where it ends: 0 at the hip, 1 at the knee, 2 at the ankle."""


_TOPS = {
    Top.TSHIRT: TopCut(0.0035, 0.22, False, 0.045, 0.018, 0.0016),
    Top.SHIRT: TopCut(0.0045, 0.30, False, 0.075, 0.010, 0.0028),
    Top.SWEATER: TopCut(0.0075, 0.42, True, 0.040, 0.024, 0.0034),
    Top.HOODIE: TopCut(0.0100, 0.60, True, 0.050, 0.014, 0.0040),
    Top.TUNIC: TopCut(0.0045, 0.25, False, 0.250, 0.012, 0.0024),
}
_BOTTOMS = {
    Bottom.TROUSERS: BottomCut(0.006, 0.012, 0.020, 2.03),
    Bottom.JEANS: BottomCut(0.004, 0.008, 0.014, 1.97),
    Bottom.SHORTS: BottomCut(0.008, 0.022, 0.022, 0.90),
    Bottom.SKIRT: BottomCut(0.001, 0.001, 0.001, 1.93),
}


def top_cut(traits: Traits) -> TopCut:
    """How the top is cut."""
    return _TOPS[traits.top]


def bottom_cut(traits: Traits) -> BottomCut:
    """How the trousers are cut; of a skirt, the tights beneath."""
    return _BOTTOMS[traits.bottom]


def tucked(traits: Traits) -> bool:
    """Whether the top goes into the waistband."""
    if traits.top is Top.SHIRT:
        return traits.bottom is not Bottom.SHORTS
    return traits.bottom is Bottom.SKIRT and traits.top is Top.TSHIRT
