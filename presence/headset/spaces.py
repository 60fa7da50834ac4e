"""Reference spaces: `local`, this headset's floor-level space, and the head in it."""

from __future__ import annotations

import ctypes
from contextlib import ExitStack
from typing import Any

from presence.headset.openxr import at_once, call, destroy, enumerate_all, raw, to_rigid, xr
from presence.headset.readings import Located
from presence.pose.rigid import Rigid

ASSUMED_EYE_HEIGHT = 1.6
"""Metres above the floor at which a seated-scale space is taken to begin, where the runtime knows
no floor. A person can correct it; nothing else can."""

_VALID = int(xr.SpaceLocationFlags.POSITION_VALID_BIT | xr.SpaceLocationFlags.ORIENTATION_VALID_BIT)


def create_local_space(stack: ExitStack, session: Any) -> tuple[Any, str]:
    """The space whose origin is on the floor where the person began, facing -Z.

    ``LOCAL_FLOOR`` is just that. ``STAGE`` has the floor but the play area's middle as origin.
    ``LOCAL`` begins at the head, so the floor is put :data:`ASSUMED_EYE_HEIGHT` below it.

    Returns:
        The space, and the name of the reference space that it rests on.
    """
    offered = {
        int(kind)
        for kind in enumerate_all(
            "list its reference spaces",
            raw.xrEnumerateReferenceSpaces,
            (session,),
            ctypes.c_int,
            ctypes.c_int,
        )
    }
    kinds = xr.ReferenceSpaceType
    for kind in (kinds.LOCAL_FLOOR, kinds.STAGE):
        if kind.value in offered:
            return _create(stack, session, kind, 0.0), kind.name
    return _create(stack, session, kinds.LOCAL, -ASSUMED_EYE_HEIGHT), kinds.LOCAL.name


def create_head_space(stack: ExitStack, session: Any) -> Any:
    """The space that moves with the head, halfway between the eyes."""
    return _create(stack, session, xr.ReferenceSpaceType.VIEW, 0.0)


def _create(stack: ExitStack, session: Any, kind: Any, height: float) -> Any:
    info = xr.ReferenceSpaceCreateInfo(
        reference_space_type=kind,
        pose_in_reference_space=xr.Posef(position=xr.Vector3f(0.0, height, 0.0)),
    )
    space = xr.Space()
    call(
        f"make a {kind.name} space",
        raw.xrCreateReferenceSpace,
        session,
        ctypes.byref(info),
        ctypes.byref(space),
    )
    stack.callback(destroy, raw.xrDestroySpace, space)
    return space


_LOCATE = at_once(raw.xrLocateSpace)


class Locator:
    """Where one space is in another. State: a reused structure, so one thread at a time."""

    def __init__(self, space: Any, base: Any, doing: str = "locate the head") -> None:
        self._space, self._base, self._doing = space, base, doing
        self._location = xr.SpaceLocation()

    def read(self, time: int) -> Located | None:
        """The space in its base at an ``XrTime``, or None while not both are valid."""
        call(
            self._doing,
            _LOCATE,
            self._space,
            self._base,
            time,
            ctypes.byref(self._location),
        )
        flags = int(self._location._location_flags)
        if flags & _VALID != _VALID:
            return None
        return Located(to_rigid(self._location.pose), flags)

    def locate(self, time: int) -> Rigid | None:
        """The space's pose in its base at an ``XrTime``, or None while it is not tracked."""
        located = self.read(time)
        return located.pose if located is not None else None
