"""Textures as the pictures inside a file, and back. Pillow is imported when there is one."""

from __future__ import annotations

import io

import numpy as np

from presence.errors import SourceError
from presence.scene.avatar import Image

LARGEST_SIDE = 1024
"""Pixels; larger pictures are made smaller as they are read, for no more of them is ever drawn."""
_MOST_PIXELS = 1 << 26
"""Of a picture that is read at all: 8192 × 8192."""
_QUALITY = 90


def encoded(image: Image) -> tuple[bytes, str]:
    """A picture's bytes and media type: JPEG where it is opaque, PNG where it is not."""
    from PIL import Image as Pillow

    file = io.BytesIO()
    if (image[..., 3] == 255).all():
        picture = Pillow.fromarray(np.ascontiguousarray(image[..., :3]))
        # The colour of lips must not run: it is kept as fine as the light.
        picture.save(file, format="JPEG", quality=_QUALITY, subsampling=0, optimize=True)
        return file.getvalue(), "image/jpeg"
    Pillow.fromarray(np.ascontiguousarray(image)).save(file, format="PNG")
    return file.getvalue(), "image/png"


def decoded(data: bytes) -> Image:
    """The picture in the bytes of a PNG, JPEG or WebP file.

    Raises:
        SourceError: the bytes are no such picture, or one too large.
    """
    from PIL import Image as Pillow

    try:
        with Pillow.open(io.BytesIO(data), formats=("PNG", "JPEG", "WEBP")) as picture:
            width, height = picture.size
            if width * height > _MOST_PIXELS or not width * height:
                raise SourceError(
                    f"a texture in this file has {width}×{height} pixels; make it smaller"
                )
            picture.draft("RGB", (LARGEST_SIDE, LARGEST_SIDE))
            whole = picture.convert("RGBA")
    except SourceError:
        raise
    except Exception as error:  # Pillow's decoders raise whatever befalls them.
        raise SourceError(
            f"a texture in this file cannot be read ({error}); export it again with PNG or JPEG"
        ) from error
    size = (min(whole.width, LARGEST_SIDE), min(whole.height, LARGEST_SIDE))
    if size != whole.size:
        # Each band by itself: colour under clear pixels must not be lost.
        bands = [band.resize(size, Pillow.Resampling.BOX) for band in whole.split()]
        whole = Pillow.merge("RGBA", bands)
    return np.array(whole, dtype=np.uint8)
