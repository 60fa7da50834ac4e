"""The headset: an OpenXR session with its frame loop.

::

    with Headset((1024, 1024)) as headset:        # an OpenGL context is current on this thread
        while (timing := headset.wait()) is not None:
            headset.begin()
            eyes = headset.locate()
            if timing.should_render and eyes is not None:
                for eye in (LEFT, RIGHT):
                    draw(headset.acquire(eye), eyes[eye])
                    headset.release(eye)
                headset.end(eyes, (1024, 1024))
            else:
                headset.end()

Every method is for the thread that made the headset, whose OpenGL context stays current;
:meth:`Headset.sense` and :meth:`Headset.request_exit` are for any thread.
"""

from __future__ import annotations

import ctypes
import logging
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from ctypes import byref
from types import TracebackType
from typing import Any

from presence.errors import HeadsetError
from presence.headset.frames import EyeView, FieldOfView, FrameTiming
from presence.headset.graphics import check_requirements, current_binding
from presence.headset.machine_time import MachineTime
from presence.headset.openxr import call, destroy, raw, to_rigid, write_pose, xr
from presence.headset.readings import Readings
from presence.headset.sensors import EXTENSIONS, USER_PRESENCE, Sensors
from presence.headset.spaces import create_head_space, create_local_space
from presence.headset.swapchain import Swapchain, choose_format
from presence.headset.system import LOCAL_FLOOR, MACHINE_TIME, STEREO, System, open_system

log = logging.getLogger(__name__)

LEFT, RIGHT = 0, 1

_POLL_S = 0.005
_VIEWS_VALID = int(xr.ViewStateFlags.POSITION_VALID_BIT | xr.ViewStateFlags.ORIENTATION_VALID_BIT)


class Headset:
    """An open session with a headset.

    State: the session and where it is in its life (a runtime may pause and resume it), the frame
    that is being made, and the structures that are reused from frame to frame.
    """

    def __init__(
        self,
        size: tuple[int, int] | None = None,
        extensions: Sequence[str] = (),
        *,
        whole: bool = True,
    ) -> None:
        """Open a session on the current OpenGL context.

        Args:
            size: pixels of each eye's pictures, width and height; None for what the runtime
                recommends.
            extensions: further OpenXR extensions to enable where they are offered.
            whole: follow the whole person, as far as the headset can; False: the head alone, and no
                camera that looks at hands, face or eyes is asked for.

        Raises:
            HeadsetError: no context, no runtime, no headset, or the runtime refused.
        """
        self._session_state = xr.SessionState.UNKNOWN
        self._running = False
        self._finished = False
        self._exit_requested = False
        self._present = True
        self.recentred = 0
        """How often `local` was moved to where the person is."""
        self._sense_lock = threading.Lock()
        with ExitStack() as stack:
            binding = current_binding()
            self.system: System = open_system(
                stack,
                [LOCAL_FLOOR, USER_PRESENCE, *(EXTENSIONS if whole else ()), *extensions],
                [*binding.extensions, MACHINE_TIME],
            )
            check_requirements(self.system.instance, self.system.system_id)
            self._session = self._create_session(stack, binding.structure)
            binding.make_current()
            self._local, self.space_name = create_local_space(stack, self._session)
            self._head = create_head_space(stack, self._session)
            self._clock = MachineTime(self.system.instance)
            # For other threads: their own structures, under the lock.
            self._sense_clock = MachineTime(self.system.instance)
            sensors = Sensors(
                stack, self.system, self._session, self._local, self._head, whole=whole
            )
            self._sensors: Sensors | None = sensors
            form, self.srgb = choose_format(self._session)
            self.size = self._checked_size(size)
            self._swapchains = [
                Swapchain(stack, self._session, self.size, form) for _ in (LEFT, RIGHT)
            ]
            self._make_structures()
            # Destroying spaces must not meet a thread that is locating one.
            stack.callback(self._forbid_sensing)
            self._stack = stack.pop_all()

    # -- what it is ------------------------------------------------------------------------------

    @property
    def runtime_name(self) -> str:
        """What the runtime calls itself."""
        return self.system.runtime_name

    @property
    def runtime_version(self) -> str:
        """The runtime's version."""
        return self.system.runtime_version

    @property
    def state(self) -> str:
        """Where the session is in its life, in OpenXR's words, as ``"FOCUSED"``."""
        return str(self._session_state.name)

    @property
    def finished(self) -> bool:
        """Whether the session has ended in order."""
        return self._finished

    def textures(self, eye: int) -> tuple[int, ...]:
        """The OpenGL textures that :meth:`acquire` chooses from, for building framebuffers once."""
        return self._swapchains[eye].textures

    # -- the frame loop --------------------------------------------------------------------------

    def wait(self) -> FrameTiming | None:
        """Wait until the runtime wants the next frame.

        Returns:
            Its times, or None when the session has ended, because the runtime or
            :meth:`request_exit` asked for it.

        Raises:
            HeadsetError: the session or the runtime was lost.
        """
        while True:
            self._poll()
            if self._finished:
                return None
            if self._running:
                break
            time.sleep(_POLL_S)
        call(
            "wait for a frame",
            raw.xrWaitFrame,
            self._session,
            byref(self._wait_info),
            byref(self._frame),
        )
        woke_ns = time.monotonic_ns()
        return FrameTiming(
            predicted_display_ns=self._clock.from_xr(self._frame.predicted_display_time),
            period_ns=int(self._frame.predicted_display_period),
            woke_ns=woke_ns,
            should_render=bool(self._frame.should_render),
        )

    def begin(self) -> None:
        """Begin the frame that was waited for; drawing comes after this."""
        call("begin a frame", raw.xrBeginFrame, self._session, byref(self._begin_info))

    def locate(self) -> tuple[EyeView, EyeView] | None:
        """Both eyes in `local` at the frame's display time; None while the head is not tracked."""
        self._locate_info.display_time = self._frame.predicted_display_time
        call(
            "locate the eyes",
            raw.xrLocateViews,
            self._session,
            byref(self._locate_info),
            byref(self._view_state),
            2,
            byref(self._view_count),
            self._located,
        )
        if int(self._view_state._view_state_flags) & _VIEWS_VALID != _VIEWS_VALID:
            return None
        left, right = (
            EyeView(
                to_rigid(view.pose),
                FieldOfView(
                    view.fov.angle_left,
                    view.fov.angle_right,
                    view.fov.angle_up,
                    view.fov.angle_down,
                ),
            )
            for view in self._located
        )
        return left, right

    def acquire(self, eye: int) -> int:
        """The OpenGL texture to draw ``LEFT`` or ``RIGHT`` into now.

        Its size is :attr:`size`; rows from the bottom up. With :attr:`srgb` it takes sRGB-encoded
        values, written with ``GL_FRAMEBUFFER_SRGB`` disabled; otherwise linear ones.
        """
        return self._swapchains[eye].acquire()

    def release(self, eye: int) -> None:
        """Hand the drawn texture to the runtime."""
        self._swapchains[eye].release()

    def end(
        self,
        eyes: tuple[EyeView, EyeView] | None = None,
        rectangle: tuple[int, int] | None = None,
    ) -> None:
        """End the frame.

        Args:
            eyes: the views that the pictures were drawn for; None shows nothing.
            rectangle: width and height in pixels of what was drawn, from the lower left corner;
                None for the whole picture.
        """
        self._end_info.display_time = self._frame.predicted_display_time
        self._end_info.layer_count = 0
        if eyes is not None:
            width, height = rectangle or self.size
            for view, eye in zip(self._shown, eyes, strict=True):
                write_pose(eye.local_from_eye, view.pose)
                view.fov.angle_left, view.fov.angle_right = eye.fov.left, eye.fov.right
                view.fov.angle_up, view.fov.angle_down = eye.fov.up, eye.fov.down
                extent = view.sub_image.image_rect.extent
                extent.width, extent.height = width, height
            self._end_info.layer_count = 1
        call("show a frame", raw.xrEndFrame, self._session, byref(self._end_info))

    def request_exit(self) -> None:
        """Ask the runtime to end the session; :meth:`wait` then returns None after a few frames."""
        self._exit_requested = True

    def sense(self, machine_ns: int) -> Readings | None:
        """All that the headset's sensors say of a time of the machine's clock.

        For any thread, at any rate: the runtime locates everything anew, whatever the display does.

        Returns:
            None after :meth:`close`.

        Raises:
            HeadsetError: the session or the runtime was lost.
        """
        state, states = self._session_state, xr.SessionState
        shown = self._running and state in (states.VISIBLE, states.FOCUSED)
        with self._sense_lock:
            if self._sensors is None:
                return None
            return self._sensors.read(
                machine_ns,
                self._sense_clock.to_xr(machine_ns),
                shown=shown and self._present,
                focused=state is states.FOCUSED,
            )

    # -- its end ---------------------------------------------------------------------------------

    def close(self) -> None:
        """Give everything back to the runtime; harmless when done twice."""
        self._running = False
        self._stack.close()

    def __enter__(self) -> Headset:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # -- inside ----------------------------------------------------------------------------------

    def _create_session(self, stack: ExitStack, binding: Any) -> Any:
        info = xr.SessionCreateInfo(system_id=self.system.system_id)
        info.next = ctypes.cast(ctypes.pointer(binding), ctypes.c_void_p)
        session = xr.Session()
        call(
            "open a session with the headset",
            raw.xrCreateSession,
            self.system.instance,
            byref(info),
            byref(session),
        )
        stack.callback(destroy, raw.xrDestroySession, session)
        return session

    def _checked_size(self, size: tuple[int, int] | None) -> tuple[int, int]:
        if size is None:
            return self.system.views[LEFT].recommended
        largest = self.system.views[LEFT].largest
        if size[0] > largest[0] or size[1] > largest[1]:
            raise HeadsetError(
                f"pictures of {size[0]}×{size[1]} are too large for this headset; "
                f"ask for at most {largest[0]}×{largest[1]}"
            )
        return size

    def _make_structures(self) -> None:
        """What every frame needs, made once: pyopenxr takes 16 µs to make a pose."""
        self._wait_info = xr.FrameWaitInfo()
        self._begin_info = xr.FrameBeginInfo()
        self._frame = xr.FrameState()
        self._event = xr.EventDataBuffer()
        self._locate_info = xr.ViewLocateInfo(
            view_configuration_type=STEREO, display_time=0, space=self._local
        )
        self._view_state = xr.ViewState()
        self._view_count = ctypes.c_uint32()
        self._located = (xr.View * 2)(xr.View(), xr.View())
        self._shown = (xr.CompositionLayerProjectionView * 2)(
            *(
                xr.CompositionLayerProjectionView(
                    sub_image=xr.SwapchainSubImage(
                        swapchain=swapchain.handle,
                        image_rect=xr.Rect2Di(xr.Offset2Di(0, 0), xr.Extent2Di(*swapchain.size)),
                        image_array_index=0,
                    )
                )
                for swapchain in self._swapchains
            )
        )
        self._layer = xr.CompositionLayerProjection(space=self._local, views=self._shown)
        opaque = xr.EnvironmentBlendMode.OPAQUE
        modes = self.system.blend_modes
        self._end_info = xr.FrameEndInfo(
            environment_blend_mode=opaque if opaque in modes else modes[0],
            layers=[byref(self._layer)],
        )

    def _poll(self) -> None:
        """Follow what the runtime says about the session."""
        if self._exit_requested and self._running:
            self._exit_requested = False
            call("end the session", raw.xrRequestExitSession, self._session)
        elif self._exit_requested:
            self._finished = True
        while True:
            self._event.type = xr.StructureType.EVENT_DATA_BUFFER
            self._event.next = None
            result = call(
                "hear from the runtime", raw.xrPollEvent, self.system.instance, byref(self._event)
            )
            if result is xr.Result.EVENT_UNAVAILABLE:
                return
            self._handle_event()

    def _handle_event(self) -> None:
        kind = self._event._type
        kinds = xr.StructureType
        if kind == kinds.EVENT_DATA_SESSION_STATE_CHANGED.value:
            self._follow_state(self._event_as(xr.EventDataSessionStateChanged))
        elif kind == kinds.EVENT_DATA_INSTANCE_LOSS_PENDING.value:
            raise HeadsetError(
                f"the OpenXR runtime {self.runtime_name} is ending; start it again, then this "
                "program"
            )
        elif kind == kinds.EVENT_DATA_USER_PRESENCE_CHANGED_EXT.value:
            self._present = bool(self._event_as(xr.EventDataUserPresenceChangedEXT).is_user_present)
            log.info("the headset was put %s", "on" if self._present else "down")
        elif kind == kinds.EVENT_DATA_REFERENCE_SPACE_CHANGE_PENDING.value:
            # The runtime moves `local` by itself, and everything that is located in it with it.
            self.recentred += 1
            log.info("the headset was recentred")
        elif kind == kinds.EVENT_DATA_INTERACTION_PROFILE_CHANGED.value:
            if self._sensors is not None and self._sensors.actions is not None:
                self._sensors.actions.forget_profiles()
        else:
            log.debug("event %s", kind)

    def _event_as(self, structure: Any) -> Any:
        return ctypes.cast(ctypes.pointer(self._event), ctypes.POINTER(structure)).contents

    def _follow_state(self, changed: Any) -> None:
        self._session_state = state = xr.SessionState(changed._state)
        log.info("the session is %s", state.name)
        states = xr.SessionState
        if state is states.READY:
            info = xr.SessionBeginInfo(primary_view_configuration_type=STEREO)
            call("begin the session", raw.xrBeginSession, self._session, byref(info))
            self._running = True
        elif state is states.STOPPING:
            self._running = False
            call("end the session", raw.xrEndSession, self._session)
        elif state is states.EXITING:
            self._finished = True
        elif state is states.LOSS_PENDING:
            raise HeadsetError(
                "the headset is being lost (unplugged, or its driver ends); connect it and start "
                "this program again"
            )

    def _forbid_sensing(self) -> None:
        with self._sense_lock:
            self._sensors = None
