"""Pictures in tiles: decoded on the worker, bounded, reduced to what a district needs.

A picture is believed only as far as its header goes: its format must be one of glTF's, its area within `MOST_PIXELS`,
before a pixel is decoded. Larger than `LARGEST_PX` is reduced, for uploading a texture is what makes a frame late.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.tiles.mesh import Unreadable

Array = NDArray[Any]

LARGEST_PX = 1024
MOST_PIXELS = 1 << 25
"""Area that is decoded, 8192 x 4096; a JPEG is reduced while it is decoded and may be larger."""
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")
_KTX2 = b"\xabKTX 20\xbb\r\n\x1a\n"


def decode(content: bytes | memoryview, *, reduce: bool = True) -> Array:
    """[height, width, 4] u8 sRGB, straight alpha, first row on top; at most `LARGEST_PX` a side unless told otherwise.

    Raises:
        Unreadable: no picture, a broken one, or one too large.
    """
    content = bytes(content)
    if content[:12] == _KTX2:
        return _ktx2(content)
    try:
        with Image.open(BytesIO(content), formats=_FORMATS) as image:
            if reduce:
                image.draft(None, (LARGEST_PX, LARGEST_PX))
            if image.width * image.height > MOST_PIXELS:
                raise Unreadable(f"a texture of {image.width} x {image.height} pixels is too large to decode")
            image.load()
            if reduce and max(image.size) > LARGEST_PX:
                straight = image.mode in ("RGB", "L", "CMYK", "YCbCr")
                picture = image if straight else image.convert("RGBA")
                picture.thumbnail((LARGEST_PX, LARGEST_PX), Image.Resampling.BOX)
            else:
                picture = image
            return np.array(picture.convert("RGBA"))
    except Unreadable:
        raise
    except Exception as error:  # Pillow's plugins raise whatever they meet in a broken file
        raise Unreadable(f"a texture cannot be decoded: {str(error)[:120] or type(error).__name__}") from error


def can_ktx2() -> bool:
    """Whether a decoder of Basis Universal textures is installed."""
    try:
        import opengl_basisu
    except ImportError:
        return False
    return bool(opengl_basisu)


def _ktx2(content: bytes) -> Array:
    """A Basis Universal texture; of its levels the first that fits is transcoded."""
    try:
        import opengl_basisu
    except ImportError as error:
        raise Unreadable(
            "a texture is KTX2 (KHR_texture_basisu), which needs the decoder opengl_basisu: pip install "
            "opengl_basisu, or publish the tiles with PNG, JPEG or WebP textures"
        ) from error
    try:
        texture = opengl_basisu.open(content)
        large = max(texture.width, texture.height)
        level = next((k for k in range(texture.levels) if large >> k <= LARGEST_PX), texture.levels - 1)
        if (texture.width >> level) * (texture.height >> level) > MOST_PIXELS:
            raise Unreadable(f"a texture of {texture.width} x {texture.height} pixels is too large to decode")
        image = texture.transcode("rgba8", level=level)
        pixels = np.asarray(image.data, np.uint8).reshape(image.height, image.width, 4)
    except Unreadable:
        raise
    except Exception as error:
        raise Unreadable(f"a KTX2 texture cannot be decoded: {str(error)[:120]}") from error
    if max(pixels.shape[:2]) <= LARGEST_PX:
        return pixels.copy()
    reduced = Image.fromarray(pixels)
    reduced.thumbnail((LARGEST_PX, LARGEST_PX), Image.Resampling.BOX)
    return np.array(reduced)
