"""A target: what one eye's image is drawn into."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Protocol, TypeVar

import moderngl


class _Releasable(Protocol):
    def release(self) -> None: ...


_R = TypeVar("_R", bound=_Releasable)


class Target:
    """An image with depth. State: the framebuffers and whatever textures they own.

    With ``samples`` the drawing happens in a multisampled framebuffer of its own, and ``resolve``
    brings it to the image.
    """

    def __init__(self, ctx: moderngl.Context, size: tuple[int, int], *, samples: int = 0) -> None:
        """A new image of ``size`` pixels (width, height)."""
        self._stack = ExitStack()
        image = self._own(ctx.texture(size, 4))
        self._build(ctx, image, size, samples)

    @classmethod
    def external(
        cls,
        ctx: moderngl.Context,
        texture: int,
        texture_size: tuple[int, int],
        *,
        size: tuple[int, int] | None = None,
        samples: int = 0,
    ) -> Target:
        """Draw into a texture that somebody else made, such as an image of an OpenXR swapchain.

        Args:
            ctx: a context in which the texture lives.
            texture: OpenGL's name of the texture: two-dimensional, RGBA with 8 bits, one sample.
            texture_size: its width and height.
            size: width and height of the image rectangle drawn, from the texture's first pixel
                (bottom left); the whole texture when None.
            samples: of the multisampled framebuffer; 0 for none.

        Raises:
            ValueError: the image rectangle is larger than the texture.
        """
        size = size or texture_size
        if size[0] > texture_size[0] or size[1] > texture_size[1]:
            raise ValueError(
                f"an image rectangle of {size[0]}×{size[1]} does not fit into a texture of "
                f"{texture_size[0]}×{texture_size[1]}"
            )
        target = cls.__new__(cls)
        target._stack = ExitStack()
        image = ctx.external_texture(texture, texture_size, 4, 0, "f1")
        target._build(ctx, image, size, samples)
        return target

    @classmethod
    def window(cls, ctx: moderngl.Context, size: tuple[int, int]) -> Target:
        """Draw into the window that the context belongs to; its depth and samples are its own."""
        target = cls.__new__(cls)
        target._stack = ExitStack()
        target.ctx, target.size, target.samples = ctx, size, 0
        target.framebuffer = target._image = ctx.screen
        return target

    def _build(
        self, ctx: moderngl.Context, image: moderngl.Texture, size: tuple[int, int], samples: int
    ) -> None:
        self.ctx = ctx
        self.size = size
        """Width and height of what is drawn, pixels."""
        self.samples = min(samples, ctx.max_samples)
        """Of the multisampled framebuffer; 0 when there is none."""
        if self.samples:
            self._image = self._own(ctx.framebuffer([image]))
            self.framebuffer = self._own(
                ctx.framebuffer(
                    [self._own(ctx.renderbuffer(size, 4, samples=self.samples))],
                    self._own(ctx.depth_renderbuffer(size, samples=self.samples)),
                )
            )
        else:
            # Depth need be no larger than the rectangle, but every attachment of a framebuffer
            # must have the same size in moderngl.
            depth = self._own(ctx.depth_renderbuffer(image.size))
            self._image = self.framebuffer = self._own(ctx.framebuffer([image], depth))

    def _own(self, thing: _R) -> _R:
        self._stack.callback(thing.release)
        return thing

    def resolve(self) -> None:
        """Bring the drawing to the image; nothing to do without samples."""
        if self.framebuffer is not self._image:
            self.ctx.copy_framebuffer(self._image, self.framebuffer)

    @property
    def image(self) -> moderngl.Framebuffer:
        """The framebuffer of the finished image, to read from."""
        return self._image

    def release(self) -> None:
        """Give back what this target made; an external texture stays."""
        # A framebuffer that is released while it is bound leaves moderngl with a name of nothing.
        self.ctx.detect_framebuffer(0).use()
        self._stack.close()
