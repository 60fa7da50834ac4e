"""Colours: what each kind of vertex is made of, and the texture that it shows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from presence.pose.arrays import Floats
from presence.scene.avatar import Image, Surface
from presence.scene.body.brows import LENGTH, half_width
from presence.scene.body.complexion import paint_skin
from presence.scene.body.draft import Draft, Paint, Whole
from presence.scene.body.fabric import paint_cloth
from presence.scene.body.hair import haired
from presence.scene.body.iris import paint_eye
from presence.scene.body.noise import fractal, noise
from presence.scene.body.occlusion import hidden
from presence.scene.body.plan import Plan
from presence.scene.body.sculpt import smoothstep
from presence.scene.body.texels import Texels, covered, softened, spread
from presence.scene.body.traits import Bottom
from presence.scene.body.unwrap import SIZE, Unwrapped

_SURFACES = {
    Paint.MOUTH: Surface.TEETH,
    Paint.EYE: Surface.EYE,
    Paint.TEETH: Surface.TEETH,
    Paint.TONGUE: Surface.TEETH,
    Paint.BROW: Surface.HAIR,
    Paint.HAIR: Surface.HAIR,
    Paint.BEARD: Surface.HAIR,
    Paint.SHIRT: Surface.CLOTH,
    Paint.TRIM: Surface.CLOTH,
    Paint.TROUSERS: Surface.CLOTH,
    Paint.SHOE: Surface.CLOTH,
    Paint.SCARF: Surface.CLOTH,
    Paint.SOLE: Surface.CLOTH,
    Paint.BUTTON: Surface.CLOTH,
    Paint.GLASS: Surface.CLOTH,
    Paint.HOSE: Surface.CLOTH,
}
_CLOTH = (Paint.SHIRT, Paint.TRIM, Paint.TROUSERS)
_SKINS = (Paint.SKIN, Paint.LIP, Paint.SOCKET, Paint.NAIL)
_STRANDS = (Paint.HAIR, Paint.BROW, Paint.BEARD)
_UNSHADED = (Paint.EYE, Paint.MOUTH, Paint.TEETH, Paint.TONGUE, Paint.SOCKET)


def surfaces(whole: Whole) -> NDArray[np.uint8]:
    """``(V,)`` the ``Surface`` of every vertex."""
    table = np.array([int(_SURFACES.get(paint, Surface.SKIN)) for paint in Paint], dtype=np.uint8)
    return table[whole.paints]


def paint_texture(
    draft: Draft, whole: Whole, unwrapped: Unwrapped, plan: Plan, normals: Floats
) -> Image:
    """The texture of a body; ``normals (V, 3)`` are the unit normals of ``whole`` at rest."""
    corners = unwrapped.triangles[unwrapped.painted]
    source = whole.source[unwrapped.source]
    texels = covered(unwrapped.uvs, corners, SIZE)

    def shown(values: Floats) -> Floats:
        """``(P, ...)`` at every texel what is given a drafted vertex."""
        return texels.of(values[source], corners)

    points = shown(draft.positions)
    grain = _followed(draft, texels, source[corners], shown(draft.grain), points)
    kinds, lips = _kinds(draft, texels, source[corners])
    shade = hidden(draft.positions, normals[: draft.count], plan)
    shade[_among(draft.paints, _UNSHADED)] = 0.0
    # The lids cover the socket that the skull's shape has there.
    gap = (plan.to_head(draft.positions) - np.array([plan.eye_across, -0.3, 0.8])) / 2.3
    shade *= 1.0 - 0.85 * np.exp(-(np.sum(gap**2, axis=1) ** 2))
    colours = _colours(kinds, lips, points, grain, plan)
    scalp = kinds == int(Paint.SKIN)
    colours[scalp] = haired(colours[scalp], plan.to_head(points[scalp]), draft, plan)
    # Light that gets into folds of skin comes out redder.
    fall = np.where(_among(kinds, _SKINS)[:, None], [0.30, 0.43, 0.46], [0.42, 0.42, 0.42])
    colours *= 1.0 - shown(shade)[:, None] * fall
    colours *= shown(draft.tones)[:, None]
    image = np.zeros((SIZE * SIZE, 4), dtype=np.uint8)
    image[texels.places, :3] = np.round(255.0 * np.clip(colours, 0.0, 1.0))
    image[:, 3] = 255
    return spread(softened(image.reshape(SIZE, SIZE, 4), texels, kinds), texels.places)


def _followed(
    draft: Draft, texels: Texels, corners: NDArray[np.int64], grain: Floats, points: Floats
) -> Floats:
    """``(P, 2)`` the grain, but for triangles that join two pieces of cloth cut differently.

    Between those the grain jumps; there it follows the body, as that of the trunk does.
    """
    along, place = draft.grain[corners], draft.positions[corners]
    stretch = np.ptp(along, axis=1).max(axis=1) / np.maximum(
        np.ptp(place, axis=1).max(axis=1), 1e-6
    )
    jumps = (stretch > 2.2)[texels.triangles]
    followed: Floats = np.where(jumps[:, None], points[:, :2], grain)
    return followed


def _kinds(
    draft: Draft, texels: Texels, corners: NDArray[np.int64]
) -> tuple[NDArray[np.int64], Floats]:
    """``(P,)`` the ``Paint`` of each texel, its nearest corner's, and how much it is lip."""
    at = corners[texels.triangles]
    paints = draft.paints[at]
    # A triangle with two corners alike is parted where theirs and the third's shares are equal.
    alike = np.zeros(paints.shape)
    for i in range(3):
        for j in range(3):
            alike[:, i] += np.where(paints[:, i] == paints[:, j], texels.shares[:, j], 0.0)
    best = alike.argmax(axis=1)
    kinds = np.take_along_axis(paints, best[:, None], axis=1)[:, 0]
    lips = ((paints == Paint.LIP) * texels.shares).sum(axis=1)
    return kinds, lips


def _colours(
    kinds: NDArray[np.int64],
    lips: Floats,
    points: Floats,
    grain: Floats,
    plan: Plan,
) -> Floats:
    t = plan.traits
    flat: dict[Paint, Floats] = {
        Paint.MOUTH: np.array([0.24, 0.08, 0.08]),
        Paint.LASH: 0.30 * t.hair + 0.01,
        Paint.SOCKET: t.skin * np.array([0.88, 0.76, 0.73]),
        Paint.TEETH: np.array([0.95, 0.93, 0.89]),
        Paint.TONGUE: np.array([0.60, 0.27, 0.27]),
        Paint.SHOE: t.shoes,
        Paint.SOLE: t.soles,
        Paint.GLASS: t.frames,
        Paint.BUTTON: 0.6 * t.trim + 0.3,
        Paint.HOSE: 0.42 * t.trousers if t.bottom is Bottom.SKIRT else 0.94 * t.soles,
        Paint.NAIL: t.skin + 0.30 * (np.array([1.0, 0.84, 0.82]) - t.skin),
        Paint.SCARF: t.scarf,
    }
    table = np.array([flat.get(paint, np.ones(3)) for paint in Paint])
    colours = table[kinds]
    head = plan.to_head(points)

    def of(*paints: Paint) -> NDArray[np.bool_]:
        return _among(kinds, paints)

    skin = of(Paint.SKIN, Paint.LIP)
    colours[skin] = paint_skin(head[skin], plan, _blood(points[skin], plan))
    colours[skin] = _lipped(colours[skin], head[skin], lips[skin], plan)
    eye = of(Paint.EYE)
    outward = points[eye] - plan.at("rightEye")
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    colours[eye] = paint_eye(outward, t.iris)
    for paint in _CLOTH:
        cloth = of(paint)
        colours[cloth] = paint_cloth(paint, points[cloth], grain[cloth], plan)
    for paint in _STRANDS:
        hair = of(paint)
        colours[hair] = _stranded(paint, grain[hair], head[hair], plan)
    brow = of(Paint.BROW)
    skin_there = paint_skin(head[brow], plan, np.zeros(int(brow.sum())))
    share = _browed(grain[brow], plan)[:, None]
    colours[brow] = skin_there + (colours[brow] - skin_there) * share
    # Less and less light comes into the mouth.
    inside = of(Paint.MOUTH, Paint.TEETH, Paint.TONGUE)
    colours[inside] *= (0.35 + 0.65 * smoothstep(-3.2, 0.5, head[inside, 2]))[:, None]
    shoe = of(Paint.SHOE, Paint.SOLE)
    colours[shoe] *= 1.0 + 0.03 * fractal(points[shoe], 0.03, 2)[:, None]
    return colours


def _among(kinds: NDArray[np.int64], paints: tuple[Paint, ...]) -> NDArray[np.bool_]:
    """``(N,)`` which of ``kinds (N,)`` are among ``paints``."""
    wanted = np.zeros(len(Paint), dtype=bool)
    wanted[list(paints)] = True
    return wanted[kinds]


def _lipped(skin: Floats, head: Floats, lips: Floats, plan: Plan) -> Floats:
    """Skin with the red of the lips on it, soft at its border."""
    share = smoothstep(0.25, 0.85, lips)[:, None]
    red = np.broadcast_to(plan.traits.lips, skin.shape)
    fine = noise(head, (0.14, 0.9, 0.9), 4)
    red = red * (1.0 + 0.035 * fine[:, None])
    mixed: Floats = skin + (red - skin) * share
    return mixed


def _blood(points: Floats, plan: Plan) -> Floats:
    """``(N,)`` how much blood shows on hands and elbows."""
    s = plan.scale
    knuckle = plan.at("rightMiddleProximal")[0]
    fingers = smoothstep(knuckle - 0.02 * s, knuckle + 0.05 * s, points[:, 0])
    elbow = np.linalg.norm(points - plan.at("rightLowerArm"), axis=1)
    blood: Floats = 0.7 * fingers + 0.4 * np.exp(-((elbow / (0.04 * s)) ** 2))
    return blood


def _browed(grain: Floats, plan: Plan) -> Floats:
    """``(N,)`` how much of a brow's hair covers the skin: sparse at its edges and inner end."""
    across, along = grain.T * 100.0
    half = half_width(plan.traits.brow_weight, along / LENGTH)
    # Hairs slant outwards and up.
    slanted = np.stack([along - 0.9 * across, across], axis=1)
    hairs = noise(slanted, (0.13, 0.9), 3)
    edge = np.abs(across) / np.maximum(half, 0.05)
    thin = smoothstep(0.0, 0.5, along) * 0.30 + 0.70
    cover: Floats = thin * smoothstep(1.10, 0.40, edge + 0.25 * hairs)
    return np.clip(cover, 0.0, 1.0)


def _stranded(paint: Paint, grain: Floats, head: Floats, plan: Plan) -> Floats:
    """``(N, 3)`` sRGB of hair: strands, darker at the root, lighter at the tip."""
    t = plan.traits
    base = t.hair * {Paint.BROW: 0.82, Paint.BEARD: 0.92}.get(paint, 1.0)
    if not np.any(grain):
        grain = np.stack([0.01 * head[:, 0], 0.01 * head[:, 1]], axis=1)
    strands = noise(grain, (0.0021, 0.09), 1) + 0.7 * noise(grain, (0.0050, 0.16), 2)
    tips = smoothstep(0.0, 0.22, grain[:, 1])
    light = 1.0 + 0.11 * strands + 0.10 * (tips - 0.4)
    if t.wear > 0.2:
        # Grey comes strand by strand, and first at the temples and in the beard.
        low = smoothstep(6.0, -3.0, head[:, 1])
        share = smoothstep(0.2, 0.75, t.wear) * (0.35 + 0.65 * low) * (paint is not Paint.BROW)
        strand = 0.5 + 0.5 * noise(grain, (0.0011, 0.12), 7)
        ash = np.array([0.66, 0.65, 0.64])
        base = base + (ash - base) * (0.8 * share * strand)[:, None]
    shown: Floats = np.clip(base * light[:, None], 0.0, 1.0)
    return shown
