"""The shared noun: a person's pose, and the maths of it."""

from presence.pose.arrays import Floats, Ints
from presence.pose.derive import with_derived
from presence.pose.face import SHAPE_COUNT, SHAPE_INDEX, SHAPES
from presence.pose.kinematics import forward_kinematics, joints_in_place
from presence.pose.proportions import Proportions, default_proportions
from presence.pose.rigid import Rigid
from presence.pose.sample import Attention, Contact, Part, PoseSample, checked
from presence.pose.skeleton import BONE_COUNT, BONES, INDEX, LEVELS, MIRROR, PARENTS

__all__ = [
    "BONES",
    "BONE_COUNT",
    "INDEX",
    "LEVELS",
    "MIRROR",
    "PARENTS",
    "SHAPES",
    "SHAPE_COUNT",
    "SHAPE_INDEX",
    "Attention",
    "Contact",
    "Floats",
    "Ints",
    "Part",
    "PoseSample",
    "Proportions",
    "Rigid",
    "checked",
    "default_proportions",
    "forward_kinematics",
    "joints_in_place",
    "with_derived",
]
