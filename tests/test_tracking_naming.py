"""Which joint is which bone, whatever a program calls it."""

from itertools import pairwise
from pathlib import Path

import pytest

from presence.errors import SourceError
from presence.tracking.bvh import parse_bvh
from presence.tracking.naming import map_joints, take_apart

SIDED = ["Shoulder", "UpperArm", "LowerArm", "Hand", "UpperLeg", "LowerLeg", "Foot", "Toes"]
TRUNK = ["hips", "spine", "chest", "upperChest", "neck", "head"]


def skeleton(tree, offset="0 10 0"):
    """The text of a one-frame file whose joints hang together as ``tree``, nested pairs, says."""
    lines, channels = ["HIERARCHY"], 0

    def joint(node, kind):
        nonlocal channels
        name, *children = node
        name, _, own_offset = name.partition("|")
        lines.extend([f"{kind} {name}", "{", f"OFFSET {own_offset or offset}"])
        lines.append("CHANNELS 3 Zrotation Xrotation Yrotation")
        channels += 3
        for child in children:
            joint(child, "JOINT")
        lines.append("}")

    joint(tree, "ROOT")
    lines += ["MOTION", "Frames: 1", "Frame Time: 0.01", " ".join(["0"] * channels)]
    return parse_bvh("\n".join(lines), Path("clip.bvh"))


def chain(*names, then=()):
    node = [names[-1], *then]
    for name in reversed(names[:-1]):
        node = [name, node]
    return node


def person(trunk, arm, leg, sides=("Left", "Right"), fingers=None):
    """A person: ``trunk`` from hips to head, the arms on the last but two of it."""

    def limb(names, side, then=()):
        return chain(*(name.format(side) for name in names), then=then)

    def hand(side):
        return [] if fingers is None else fingers(side)

    *spine, neck, head = trunk[1:]
    shoulders = [limb(arm, s, hand(s)) for s in sides]
    upper = chain(*spine, then=[chain(neck, head), *shoulders])
    return [trunk[0], upper, *(limb(leg, s) for s in sides)]


FAMILIES = {
    "VRM": person(
        ["hips", "spine", "chest", "upperChest", "neck", "head"],
        ["{}Shoulder", "{}UpperArm", "{}LowerArm", "{}Hand"],
        ["{}UpperLeg", "{}LowerLeg", "{}Foot", "{}Toes"],
        ("left", "right"),
    ),
    "Mixamo": person(
        [f"mixamorig:{n}" for n in ("Hips", "Spine", "Spine1", "Spine2", "Neck", "Head")],
        [f"mixamorig:{{}}{n}" for n in ("Shoulder", "Arm", "ForeArm", "Hand")],
        [f"mixamorig:{{}}{n}" for n in ("UpLeg", "Leg", "Foot", "ToeBase")],
    ),
    "HumanIK": person(
        [f"Character1_{n}" for n in ("Hips", "Spine", "Spine1", "Spine2", "Neck", "Head")],
        [f"Character1_{{}}{n}" for n in ("Shoulder", "Arm", "ForeArm", "Hand")],
        [f"Character1_{{}}{n}" for n in ("UpLeg", "Leg", "Foot", "ToeBase")],
    ),
    "LeftShoulder is the upper arm": person(
        ["Hips", "Chest", "Chest2", "Chest3", "Neck", "Head"],
        ["{}Collar", "{}Shoulder", "{}Elbow", "{}Wrist"],
        ["{}Hip", "{}Knee", "{}Ankle", "{}Toe"],
    ),
    "ASF": person(
        ["root", "lowerback", "upperback", "thorax", "lowerneck", "head"],
        ["{}clavicle", "{}humerus", "{}radius", "{}wrist"],
        ["{}femur", "{}tibia", "{}foot", "{}toes"],
        ("l", "r"),
    ),
    "Biped": person(
        [f"Bip01 {n}" for n in ("Pelvis", "Spine", "Spine1", "Spine2", "Neck", "Head")],
        [f"Bip01 {{}} {n}" for n in ("Clavicle", "UpperArm", "Forearm", "Hand")],
        [f"Bip01 {{}} {n}" for n in ("Thigh", "Calf", "Foot", "Toe0")],
        ("L", "R"),
    ),
    "Blender": person(
        ["hips", "spine", "spine.001", "chest", "neck", "head"],
        ["shoulder.{}", "upper_arm.{}", "forearm.{}", "hand.{}"],
        ["thigh.{}", "shin.{}", "foot.{}", "toe.{}"],
        ("L", "R"),
    ),
    "Blender, limbs in two pieces": person(
        ["hips", "spine", "spine.001", "chest", "neck", "head"],
        [
            "shoulder.{}",
            "upper_arm.{}",
            "upper_arm.{}.001",
            "forearm.{}",
            "forearm.{}.001",
            "hand.{}",
        ],
        ["thigh.{}", "shin.{}", "foot.{}", "toe.{}"],
        ("L", "R"),
    ),
    "Unreal": person(
        ["pelvis", "spine_01", "spine_02", "spine_03", "neck_01", "head"],
        ["clavicle_{}", "upperarm_{}", "lowerarm_{}", "hand_{}"],
        ["thigh_{}", "calf_{}", "foot_{}", "ball_{}"],
        ("l", "r"),
    ),
    "SMPL, where the foot is the toes": person(
        ["Pelvis", "Spine1", "Spine2", "Spine3", "Neck", "Head"],
        ["{}_Collar", "{}_Shoulder", "{}_Elbow", "{}_Wrist"],
        ["{}_Hip", "{}_Knee", "{}_Ankle", "{}_Foot"],
        ("L", "R"),
    ),
    "Daz, with twist joints": person(
        ["hip", "abdomenLower", "abdomenUpper", "chestLower", "neckLower", "head"],
        ["{}Collar", "{}ShldrBend", "{}ShldrTwist", "{}ForearmBend", "{}ForearmTwist", "{}Hand"],
        ["{}ThighBend", "{}ThighTwist", "{}Shin", "{}Foot", "{}Toe"],
        ("l", "r"),
    ),
    "OptiTrack": person(
        ["Hip", "Ab", "Spine2", "Chest", "Neck", "Head"],
        ["{}Shoulder", "{}UArm", "{}FArm", "{}Hand"],
        ["{}Thigh", "{}Shin", "{}Foot", "{}Toe"],
        ("L", "R"),
    ),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_a_naming_is_understood(family):
    tree = FAMILIES[family]
    clip = skeleton(tree)
    joints = map_joints(clip)
    assert set(TRUNK) <= set(joints)
    assert clip.names[joints["hips"]] == tree[0]
    bent = [j for j in map(take_apart, clip.names) if not j.helper]
    for side in ("left", "right"):
        limbs = [clip.names[joints[side + bone]] for bone in SIDED]
        assert len(set(limbs)) == len(SIDED)
        # Each bone's joint lies under the one before it, on the way to the hand or the toes.
        for bones in (SIDED[:4], SIDED[4:]):
            on_the_way = [joints[side + bone] for bone in bones]
            assert on_the_way == sorted(on_the_way)
            for upper, lower in pairwise(on_the_way):
                joint = lower
                while joint >= 0 and joint != upper:
                    joint = int(clip.parents[joint])
                assert joint == upper
    assert len(bent) >= len(TRUNK) + 2 * len(SIDED)


def test_pieces_and_twist_joints_are_not_taken_for_elbows():
    for family, elbow in (
        ("Daz, with twist joints", "lForearmBend"),
        ("Blender, limbs in two pieces", "forearm.L"),
    ):
        clip = skeleton(FAMILIES[family])
        assert clip.names[map_joints(clip)["leftLowerArm"]] == elbow


def test_collar_bones_that_hang_on_the_neck_do_not_move_the_chest_up():
    tree = [
        "Bip01 Pelvis",
        chain(
            "Bip01 Spine",
            "Bip01 Spine1",
            "Bip01 Neck",
            then=[
                ["Bip01 Head"],
                *(
                    chain(*(f"Bip01 {s} {n}" for n in ("Clavicle", "UpperArm", "Forearm", "Hand")))
                    for s in "LR"
                ),
            ],
        ),
        *(chain(*(f"Bip01 {s} {n}" for n in ("Thigh", "Calf", "Foot"))) for s in "LR"),
    ]
    clip = skeleton(tree)
    joints = map_joints(clip)
    assert clip.names[joints["neck"]] == "Bip01 Neck"
    assert clip.names[joints["upperChest"]] == "Bip01 Spine1"


def fingers_by_word(side):
    return [
        chain(*(f"{side}Hand{finger}{n}" for n in (1, 2, 3)))
        for finger in ("Thumb", "Index", "Middle", "Ring", "Pinky")
    ]


def fingers_with_palm_bones(side):
    palms = [chain(f"{side}HandThumb1", f"{side}HandThumb2", f"{side}HandThumb3")]
    for finger in ("Index", "Middle", "Ring", "Pinky"):
        names = [f"{side}InHand{finger}", *(f"{side}Hand{finger}{n}" for n in (1, 2, 3))]
        palms.append(chain(*names))
    return palms


def fingers_with_tips(side):
    return [
        chain(*(f"{side}Hand{finger}{n}|{length} 0 0" for n, length in enumerate((9, 4, 3, 2), 1)))
        for finger in ("Thumb", "Index", "Middle", "Ring", "Pinky")
    ]


@pytest.mark.parametrize("fingers", [fingers_by_word, fingers_with_palm_bones, fingers_with_tips])
def test_fingers_begin_at_the_knuckles(fingers):
    tree = person(
        ["Hips", "Spine", "Spine1", "Spine2", "Neck", "Head"],
        ["{}Shoulder", "{}Arm", "{}ForeArm", "{}Hand"],
        ["{}UpLeg", "{}Leg", "{}Foot", "{}ToeBase"],
        fingers=fingers,
    )
    clip = skeleton(tree)
    joints = map_joints(clip)
    for side in ("left", "right"):
        hand = f"{side.capitalize()}Hand"
        for bone, joint in (
            ("ThumbMetacarpal", "Thumb1"),
            ("ThumbDistal", "Thumb3"),
            ("IndexProximal", "Index1"),
            ("LittleIntermediate", "Pinky2"),
            ("RingDistal", "Ring3"),
        ):
            assert clip.names[joints[side + bone]] == hand + joint


def test_numbered_fingers_are_counted_from_the_thumb():
    tree = person(
        [f"Bip01 {n}" for n in ("Pelvis", "Spine", "Spine1", "Spine2", "Neck", "Head")],
        [f"Bip01 {{}} {n}" for n in ("Clavicle", "UpperArm", "Forearm", "Hand")],
        [f"Bip01 {{}} {n}" for n in ("Thigh", "Calf", "Foot", "Toe0")],
        ("L", "R"),
        lambda s: [chain(*(f"Bip01 {s} Finger{n}{k}" for k in ("", "1", "2"))) for n in range(5)],
    )
    clip = skeleton(tree)
    joints = map_joints(clip)
    assert clip.names[joints["leftThumbProximal"]] == "Bip01 L Finger01"
    assert clip.names[joints["rightLittleDistal"]] == "Bip01 R Finger42"


def test_joints_that_are_missing_are_named_with_what_is_there():
    def renamed(node):
        return [node[0].replace("LeftHand", "LeftClaw"), *map(renamed, node[1:])]

    tree = renamed(FAMILIES["Mixamo"])
    with pytest.raises(SourceError, match=r"named like leftHand .*mixamorig:Hips.*rename"):
        map_joints(skeleton(tree))


def test_a_limb_without_an_elbow_is_refused():
    tree = person(
        ["Hips", "Spine", "Neck", "Head"], ["{}Arm", "{}Hand"], ["{}UpLeg", "{}Leg", "{}Foot"]
    )
    with pytest.raises(SourceError, match="should be two joints or more"):
        map_joints(skeleton(tree))
