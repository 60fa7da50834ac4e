"""All that a headset has to follow a person with, opened where it is offered and read together."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, TypeVar

from presence.errors import HeadsetError
from presence.headset import bodies, eyes, faces, hands, interaction
from presence.headset.abilities import Abilities
from presence.headset.actions import Actions
from presence.headset.openxr import xr
from presence.headset.readings import Readings
from presence.headset.spaces import Locator
from presence.headset.system import System, ask_system

log = logging.getLogger(__name__)

USER_PRESENCE = "XR_EXT_user_presence"

EXTENSIONS: tuple[str, ...] = (
    *interaction.EXTENSIONS,
    hands.EXTENSION,
    hands.DATA_SOURCE,
    bodies.META,
    bodies.META_LEGS,
    bodies.BYTEDANCE,
    faces.META,
    faces.ANDROID,
    faces.HTC,
    eyes.EXTENSION,
    USER_PRESENCE,
)
"""To be enabled where they are offered; without them, Sensors find the head alone."""

_Part = TypeVar("_Part")
_Reading = TypeVar("_Reading")

# A tracker that failed this often in a row is asked only so seldom, until it answers again.
_PATIENCE = 120


def ask_abilities(system: System) -> Abilities:
    """What this headset can do, by the extensions that are enabled and what it says of itself."""

    def has(extension: str, structure: str, field: str) -> bool:
        if extension not in system.extensions:
            return False
        try:
            asked = ask_system(system.instance, system.system_id, getattr(xr, structure)())
        except HeadsetError as error:
            log.warning("%s: %s", extension, error)
            return False
        return bool(getattr(asked, field))

    seen_hands = has(hands.EXTENSION, "SystemHandTrackingPropertiesEXT", "supports_hand_tracking")
    meta_body = has(bodies.META, "SystemBodyTrackingPropertiesFB", "supports_body_tracking")
    meta_face = (faces.META, "SystemFaceTrackingProperties2FB")
    htc_face = (faces.HTC, "SystemFacialTrackingPropertiesHTC")
    return Abilities(
        hands=seen_hands,
        hand_source=seen_hands and hands.DATA_SOURCE in system.extensions,
        meta_body=meta_body,
        meta_legs=meta_body
        and has(
            bodies.META_LEGS,
            "SystemPropertiesBodyTrackingFullBodyMETA",
            "supports_full_body_tracking",
        ),
        bytedance_body=has(
            bodies.BYTEDANCE, "SystemBodyTrackingPropertiesBD", "supports_body_tracking"
        ),
        meta_face_seen=has(*meta_face, "supports_visual_face_tracking"),
        meta_face_heard=has(*meta_face, "supports_audio_face_tracking"),
        android_face=has(
            faces.ANDROID, "SystemFaceTrackingPropertiesANDROID", "supports_face_tracking"
        ),
        htc_eyes=has(*htc_face, "support_eye_facial_tracking"),
        htc_mouth=has(*htc_face, "support_lip_facial_tracking"),
        gaze=has(
            interaction.EYE_GAZE.extension,
            "SystemEyeGazeInteractionPropertiesEXT",
            "supports_eye_gaze_interaction",
        ),
        meta_eyes=has(eyes.EXTENSION, "SystemEyeTrackingPropertiesFB", "supports_eye_tracking"),
        presence=has(USER_PRESENCE, "SystemUserPresencePropertiesEXT", "supports_user_presence"),
    )


class Sensors:
    """A session's sensors. State: their handles, and how often each has failed of late.

    Only for one thread at a time.
    """

    def __init__(
        self, stack: ExitStack, system: System, session: Any, local: Any, head: Any, *, whole: bool
    ) -> None:
        """Open all that is offered; what cannot be opened is left out, with a line in the log.

        Args:
            stack: closes them.
            system: whose extensions are enabled.
            session: not yet begun.
            local: the space to locate in.
            head: the space midway between the eyes.
            whole: False: the head alone.
        """
        instance = system.instance
        self.abilities = able = ask_abilities(system)
        self._head = Locator(head, local)
        self._failures: dict[str, int] = {}
        self.actions = self._open(
            whole,
            lambda: Actions(stack, instance, session, local, system.extensions, eye_gaze=able.gaze),
        )
        self._hands = [
            self._open(
                able.hands,
                lambda side=side: hands.HandTracker(  # type: ignore[misc]
                    stack, instance, session, local, side, tells_source=able.hand_source
                ),
            )
            for side in (0, 1)
        ]
        self._meta_body = self._open(
            able.meta_body,
            lambda: bodies.MetaBody(stack, instance, session, local, legs=able.meta_legs),
        )
        self._bytedance_body = self._open(
            able.bytedance_body, lambda: bodies.BytedanceBody(stack, instance, session, local)
        )
        self._meta_face = self._open(
            able.meta_face_seen or able.meta_face_heard,
            lambda: faces.MetaFace(
                stack, instance, session, seen=able.meta_face_seen, heard=able.meta_face_heard
            ),
        )
        self._android_face = self._open(
            able.android_face, lambda: faces.AndroidFace(stack, instance, session)
        )
        self._htc_face = self._open(
            able.htc_eyes or able.htc_mouth,
            lambda: faces.HtcFace(
                stack, instance, session, eyes=able.htc_eyes, mouth=able.htc_mouth
            ),
        )
        self._meta_eyes = self._open(
            able.meta_eyes, lambda: eyes.MetaEyes(stack, instance, session, local)
        )

    def read(self, machine_ns: int, time: int, *, shown: bool, focused: bool) -> Readings:
        """Everything at one time.

        Args:
            machine_ns: the time by the machine's clock.
            time: the same as an ``XrTime``.
            shown: whether this program is what the person in the headset sees.
            focused: whether the hands act in this program; else they are another's, which the
                person may be showing a password to.

        Raises:
            HeadsetError: not even the head can be asked for: the session was lost.
        """
        head = self._head.read(time)
        nothing = (None, None)
        if not (shown and focused):
            return Readings(
                machine_ns, False, head if shown else None,
                nothing, nothing, None, None, None, None, None, None, nothing,
            )  # fmt: skip
        actions = self.actions
        synced = actions is not None and self._try("controllers", actions.sync)
        return Readings(
            machine_ns=machine_ns,
            present=True,
            head=head,
            hands=(self._hand(0, time), self._hand(1, time)),
            controllers=(
                self._try("left controller", lambda: actions.controller(0, time)),
                self._try("right controller", lambda: actions.controller(1, time)),
            )
            if actions is not None and synced
            else nothing,
            meta_body=self._read("body", self._meta_body, time),
            bytedance_body=self._read("body", self._bytedance_body, time),
            meta_face=self._read("face", self._meta_face, time),
            android_face=self._read("face", self._android_face, time),
            htc_face=self._read("face", self._htc_face, time),
            gaze=self._try("gaze", lambda: actions.gaze(time))
            if actions is not None and synced
            else None,
            eyes=self._read("eyes", self._meta_eyes, time) or nothing,
        )

    # -- inside ----------------------------------------------------------------------------------

    def _hand(self, side: int, time: int) -> Any:
        return self._read(("left hand", "right hand")[side], self._hands[side], time)

    def _read(self, name: str, part: Any, time: int) -> Any:
        return self._try(name, lambda: part.read(time)) if part is not None else None

    def _open(self, offered: bool, make: Callable[[], _Part]) -> _Part | None:
        if not offered:
            return None
        try:
            return make()
        except HeadsetError as error:
            log.warning("%s", error)
            return None

    def _try(self, name: str, read: Callable[[], _Reading]) -> _Reading | None:
        """What is read; None where that failed, as a tracker may for a while in mid-session."""
        failures = self._failures.get(name, 0)
        if failures >= _PATIENCE and failures % _PATIENCE:
            self._failures[name] = failures + 1
            return None
        try:
            reading = read()
        except HeadsetError as error:
            if not failures:
                log.warning("%s", error)
            self._failures[name] = failures + 1
            return None
        if failures:
            self._failures[name] = 0
        return reading
