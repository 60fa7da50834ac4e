"""Learn how faces look to the network that finds their landmarks: ``face_model.json``.

    python scripts/train_camera.py [FILE]

Makes people by code, draws them with faces, turns and glances that are known, has the landmarks of
each found, and learns where each landmark lies on an average head, and by how much landmarks move
with each shape and glance. Nobody who is judged by ``presence bench camera`` is among these people.
What was seen of them, which takes minutes, is kept in FILE, if one is given.
"""

from __future__ import annotations

import json
import pickle
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from presence.bench.camera_set import Setting, acted, head_of
from presence.client.studio import Studio
from presence.pose.face import SHAPES
from presence.pose.quaternion import quat_to_matrix
from presence.pose.rigid import Rigid
from presence.scene.body import generate_body
from presence.tracking.camera.expression import glance_features, laid_flat
from presence.tracking.camera.face_model import LANDMARKS, UNIT, UNIT_M, FaceModel
from presence.tracking.camera.face_pose import find_face
from presence.tracking.camera.lens import Lens
from presence.tracking.camera.networks import quietly

SEEDS = tuple(range(101, 113))
LENS = Lens(640, 480)
OUT = Path(__file__).parent.parent / "presence" / "tracking" / "camera" / "face_model.json"
BETWEEN_IRISES = 0.063

# Landmarks by number (github.com/google-ai-edge/mediapipe, canonical_face_model_uv_visualization).
RIGID = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 127, 162, 21, 54, 103, 67, 109, 234, 93),
    *(151, 9, 8, 108, 337, 69, 299, 104, 333),
    *(168, 6, 197, 195, 5, 4, 1, 122, 351, 193, 417),
    *(33, 133, 362, 263),
)
# Of the person's own left; the right ones follow by symmetry.
LEFT_GROUPS = (
    (386, 385, 387),
    (374, 373, 380),
    (285, 336, 295),
    (282, 334, 296),
    (300, 293, 276),
    (291, 308, 306),
    (267, 269, 270),
    (314, 405, 317),
    (280, 425, 352),
    (327, 358, 294),
    (312, 311, 310),
    (317, 402, 318),
)
MIDDLE_GROUPS = ((0,), (13,), (14,), (17,), (152, 175, 199), (1, 2))
# Brows are not learned: drawn ones are not followed as real ones are.
# Those that landmarks tell apart from the rest, by the measure below; and as surely as there.
TOLD = (
    *("eyeBlinkLeft", "jawOpen", "mouthClose", "mouthFunnel", "mouthPucker", "mouthLeft"),
    *("mouthSmileLeft", "mouthFrownLeft", "mouthStretchLeft", "mouthUpperUpLeft"),
    "mouthLowerDownLeft",
)
RIDGE = 100.0
# How much rarer than its absence a shape may be in the learning, from 1 (as it comes) to 0.
RARITY = 0.25


@dataclass(frozen=True)
class Glimpse:
    """A picture's landmarks and its truth."""

    seed: int
    face: np.ndarray
    camera_from_head: Rigid
    shapes: np.ndarray
    gaze: tuple[float, float]
    still: bool


def cases(rng):
    """``(head, shapes, gaze)`` of every picture of a person."""
    for yaw in (-30, -15, 0, 15, 30):
        for pitch in (-15, 0, 15):
            yield (yaw, pitch, 0), {}, (0, 0)
    names = [name for name in SHAPES if not name.startswith("eyeLook")]

    def somewhere(by):
        return tuple(rng.normal(0.0, 1.0, 3) * by)

    for name in names:
        for value in (0.5, 1.0):
            yield somewhere((6, 5, 3)), {name: value}, (0, 0)
        if name.endswith("Left"):
            yield somewhere((6, 5, 3)), {name: 1.0, f"{name[:-4]}Right": 1.0}, (0, 0)
    for _ in range(40):
        shapes = {n: rng.uniform(0.2, 1.0) for n in rng.choice(names, rng.integers(2, 6), False)}
        for name in list(shapes):
            if name.endswith("Left") and rng.uniform() < 0.7:
                shapes[f"{name[:-4]}Right"] = shapes[name]
        yield somewhere((10, 7, 5)), shapes, (0, 0)
    for yaw in (-25, -12, 0, 12, 25):
        for pitch in (-18, -9, 0, 9, 18):
            yield somewhere((8, 6, 0)), {}, (yaw, pitch)


def glimpses(seed, studio, mesh):
    rng = np.random.default_rng(seed)
    avatar = generate_body(seed)
    for head, shapes, gaze in cases(rng):
        setting = Setting(avatar, LENS, float(rng.uniform(0.5, 0.9)))
        sample = acted(avatar, head=head, shapes=shapes, gaze=gaze)
        picture = setting.picture(studio, sample)
        found = mesh.process(picture).multi_face_landmarks
        if not found:
            continue
        face = np.array([(p.x, p.y, p.z) for p in found[0].landmark]) * [640, 480, 640]
        camera_from_head = setting.place_from_camera.inverse() @ head_of(sample, avatar)
        yield Glimpse(
            seed, face, camera_from_head, sample.face, gaze, not shapes and gaze == (0, 0)
        )


def triangulated(seen):
    """``(478, 3)`` where each landmark is on a head, from pictures of it whose turns are known."""
    normal, right = np.zeros((LANDMARKS, 3, 3)), np.zeros((LANDMARKS, 3))
    for one in seen:
        rays = LENS.rays(one.face[:, :2])
        turn, move = quat_to_matrix(one.camera_from_head.rotation), one.camera_from_head.translation
        for axis in (0, 1):
            row = turn[axis] + rays[:, axis : axis + 1] * turn[2]
            rest = -(move[axis] + rays[:, axis] * move[2])
            normal += row[:, :, None] * row[:, None, :]
            right += row * rest[:, None]
    return np.linalg.solve(normal, right[..., None])[..., 0]


def mirrored_landmarks(points):
    """``(478,)`` the landmark at the other side of each."""
    others = points * [-1, 1, 1]
    return np.array([np.argmin(np.linalg.norm(points - other, axis=1)) for other in others])


def groups(other_side):
    both = []
    for group in LEFT_GROUPS:
        both += [list(group), [int(other_side[i]) for i in group]]
    return both + [list(group) for group in MIDDLE_GROUPS]


def moves(all_seen, model):
    """``(N, 478, 2)`` of each glimpse, from the median of its person's at rest."""
    flat = []
    for one in all_seen:
        pose = find_face(one.face, LENS, model)
        flat.append(laid_flat(one.face, pose.camera_from_head, LENS, model))
    flat = np.array(flat)
    for seed in {one.seed for one in all_seen}:
        own = np.array([one.seed == seed for one in all_seen])
        still = np.array([one.still for one in all_seen])
        flat[own] -= np.median(flat[own & still], axis=0)
    return flat


def ridge(features, wanted, weights, much):
    spread = features.std(axis=0) + 1e-9
    scaled = features / spread
    normal = (scaled * weights[:, None]).T @ scaled + much * np.eye(scaled.shape[1])
    solved = np.linalg.solve(normal, (scaled * weights[:, None]).T @ wanted)
    return (solved.T / spread).T


def balance(on):
    """``(N,)`` weights by which a rare shape counts for more than it is drawn."""
    rare = (len(on) - on.sum()) / max(on.sum(), 1)
    return np.where(on, rare ** (1.0 - RARITY), 1.0)


def sureness(features, wanted, people):
    """How well a shape is told of people who were not learned from: correlation, and of how many
    pairs, one with and one without the shape, the former has more of it."""
    told = np.zeros(len(wanted))
    for person in np.unique(people):
        own = people == person
        on = wanted > 0
        weights = ridge(features[~own], wanted[~own], balance(on[~own]), RIDGE)
        told[own] = features[own] @ weights
    on = wanted > 0
    pairs = (told[on][:, None] > told[~on][None]).mean()
    return float(np.corrcoef(told, wanted)[0, 1]), float(pairs)


def look_at_people():
    quietly()
    import mediapipe

    all_seen = []
    with (
        Studio() as studio,
        mediapipe.solutions.face_mesh.FaceMesh(
            static_image_mode=True, refine_landmarks=True, max_num_faces=1
        ) as mesh,
    ):
        for seed in SEEDS:
            all_seen += glimpses(seed, studio, mesh)
            print(f"person {seed}: {len(all_seen)} pictures", file=sys.stderr, flush=True)
    return all_seen


def main():
    kept = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    if kept is not None and kept.exists():
        all_seen = pickle.loads(kept.read_bytes())
    else:
        all_seen = look_at_people()
        if kept is not None:
            kept.write_bytes(pickle.dumps(all_seen))
    still = {seed: [g for g in all_seen if g.still and g.seed == seed] for seed in SEEDS}
    points = np.mean([triangulated(own) for own in still.values()], axis=0)
    points *= BETWEEN_IRISES / np.linalg.norm(points[468] - points[473])
    other_side = mirrored_landmarks(points)
    points = 0.5 * (points + points[other_side] * [-1, 1, 1])
    followed = groups(other_side)
    model = FaceModel(
        points,
        np.array(sorted(RIGID)),
        tuple(np.array(g) for g in followed),
        np.zeros((2 * len(followed), 52)),
        np.zeros(52),
        np.zeros((4, 2)),
    )
    moved = moves(all_seen, model)
    # Everybody counts twice, once in a mirror: no side is learned better than the other.
    index = {name: i for i, name in enumerate(SHAPES)}
    swap = {"Left": "Right", "Right": "Left"}

    def other(name):
        for side, opposite in swap.items():
            if name.endswith(side):
                return name.removesuffix(side) + opposite
        return name

    mirror = [index[other(name)] for name in SHAPES]
    both = np.concatenate([moved, moved[:, other_side] * [-1, 1]])
    shapes = np.array([one.shapes for one in all_seen])
    shapes = np.concatenate([shapes, shapes[:, mirror]])
    people = np.tile([one.seed for one in all_seen], 2)
    features = 1000.0 * np.stack([both[:, g].mean(axis=1) for g in followed], axis=1)
    features = features.reshape(len(features), -1)
    written = {}
    for name in SHAPES:
        if name.startswith("eyeLook"):
            continue
        wanted = shapes[:, index[name]]
        told, pairs = sureness(features, wanted, people)
        keep = name in TOLD or other(name) in TOLD
        print(f"{name:20s} {told:5.2f} {pairs:5.2f} {'told' if keep else ''}", file=sys.stderr)
        if keep:
            weights = ridge(features, wanted, balance(wanted > 0), RIDGE)
            sure = round(float(np.clip(2.0 * (pairs - 0.5), 0.0, 1.0)), 2)
            written[name] = [sure, np.round(weights / UNIT).astype(int).tolist()]
    looks = np.array([glance_features(m) for m in both])
    gaze = np.radians([one.gaze for one in all_seen])
    gaze = np.concatenate([gaze, gaze * [-1, 1]])
    calm = np.tile([not one.shapes.max() or one.gaze != (0, 0) for one in all_seen], 2)
    glance = ridge(looks[calm], gaze[calm], np.ones(calm.sum()), 1.0)
    left = np.degrees(looks[calm] @ glance - gaze[calm])
    print(f"glances: {np.sqrt((left**2).mean(axis=0))} degrees rms", file=sys.stderr)
    learned = {
        "points": np.round(points / UNIT_M).astype(int).tolist(),
        "rigid": sorted(RIGID),
        "features": followed,
        "shapes": written,
        "glance": np.round(glance / UNIT).astype(int).tolist(),
    }
    OUT.write_text(json.dumps(learned, separators=(",", ":")) + "\n", "utf-8")


if __name__ == "__main__":
    main()
