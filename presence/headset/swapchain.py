"""The pictures of one eye that pass between this program and the runtime."""

from __future__ import annotations

import ctypes
from contextlib import ExitStack
from typing import Any

from presence.errors import HeadsetError
from presence.headset.openxr import call, destroy, enumerate_all, raw, xr

_GL_SRGB8_ALPHA8 = 0x8C43
_GL_RGBA8 = 0x8058
_WAIT_NS = 1_000_000_000


def choose_format(session: Any) -> tuple[int, bool]:
    """A colour format of 8 bits, and whether it must hold sRGB-encoded values.

    A runtime decodes what is in an sRGB texture, and takes what is in another as linear. So sRGB
    comes first: with ``GL_FRAMEBUFFER_SRGB`` off, a shader writes encoded values as they are, and
    8 bits are enough for dark colours. Linear 8 bits band, and are the last resort.

    Raises:
        HeadsetError: the runtime offers neither.
    """
    formats = [
        int(each)
        for each in enumerate_all(
            "list its picture formats",
            raw.xrEnumerateSwapchainFormats,
            (session,),
            ctypes.c_int64,
            ctypes.c_int64,
        )
    ]
    for candidate, srgb in ((_GL_SRGB8_ALPHA8, True), (_GL_RGBA8, False)):
        if candidate in formats:
            return candidate, srgb
    raise HeadsetError(
        "the OpenXR runtime takes no 8-bit colour pictures "
        f"(it offers {', '.join(map(hex, formats))}); make another runtime active"
    )


class Swapchain:
    """One eye's pictures. State: the runtime's handle, and structures that are reused."""

    def __init__(self, stack: ExitStack, session: Any, size: tuple[int, int], form: int) -> None:
        self.size = size
        self.handle = xr.Swapchain()
        info = xr.SwapchainCreateInfo(
            usage_flags=xr.SwapchainUsageFlags.COLOR_ATTACHMENT_BIT
            | xr.SwapchainUsageFlags.SAMPLED_BIT,
            format=form,
            sample_count=1,
            width=size[0],
            height=size[1],
            face_count=1,
            array_size=1,
            mip_count=1,
        )
        call(
            f"make pictures of {size[0]}×{size[1]}",
            raw.xrCreateSwapchain,
            session,
            ctypes.byref(info),
            ctypes.byref(self.handle),
        )
        stack.callback(destroy, raw.xrDestroySwapchain, self.handle)
        self.textures = self._textures()
        """Names of the OpenGL textures."""
        self._index = ctypes.c_uint32()
        self._acquire = xr.SwapchainImageAcquireInfo()
        self._wait = xr.SwapchainImageWaitInfo(timeout=_WAIT_NS)
        self._release = xr.SwapchainImageReleaseInfo()

    def acquire(self) -> int:
        """The texture to draw into now."""
        call(
            "get a picture to draw into",
            raw.xrAcquireSwapchainImage,
            self.handle,
            ctypes.byref(self._acquire),
            ctypes.byref(self._index),
        )
        result = call(
            "wait for a picture to draw into",
            raw.xrWaitSwapchainImage,
            self.handle,
            ctypes.byref(self._wait),
        )
        if result is xr.Result.TIMEOUT_EXPIRED:
            raise HeadsetError(
                "the OpenXR runtime kept a picture for over a second; start the runtime again"
            )
        return self.textures[self._index.value]

    def release(self) -> None:
        """Hand the picture back, drawn."""
        call(
            "hand a picture back",
            raw.xrReleaseSwapchainImage,
            self.handle,
            ctypes.byref(self._release),
        )

    def _textures(self) -> tuple[int, ...]:
        doing = "list its pictures"
        enumerate_images = raw.xrEnumerateSwapchainImages
        count = ctypes.c_uint32(0)
        call(doing, enumerate_images, self.handle, 0, ctypes.byref(count), None)
        kind = xr.SwapchainImageOpenGLKHR
        images = (kind * count.value)(*(kind() for _ in range(count.value)))
        base = ctypes.cast(images, ctypes.POINTER(xr.SwapchainImageBaseHeader))
        call(doing, enumerate_images, self.handle, count.value, ctypes.byref(count), base)
        return tuple(int(each.image) for each in images)
