"""Numpy arrays into Panda's vertex arrays, index arrays and textures: memory copies, no loops.

Decoding threads make geometry while the engine draws. That is safe once the engine's memory is apart (heap.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from panda3d.core import (
    BoundingBox,
    Geom,
    GeomEnums,
    GeomLines,
    GeomPoints,
    GeomPrimitive,
    GeomTriangles,
    GeomVertexArrayFormat,
    GeomVertexData,
    GeomVertexFormat,
    LMatrix4f,
    LPoint3,
    OmniBoundingVolume,
    SamplerState,
    Texture,
)

from app.tiles.mesh import Look, Wrap

Array = NDArray[Any]
_WRAPS = {
    Wrap.CLAMP_TO_EDGE: SamplerState.WM_clamp, Wrap.MIRRORED_REPEAT: SamplerState.WM_mirror,
    Wrap.REPEAT: SamplerState.WM_repeat,
}  # fmt: skip
VALUE_WIDTH = 2048
"""Width of the value texture; slot s lives at (s mod 2048, s div 2048)."""


def raw(array: Array) -> memoryview:
    """Bytes of an array, without a copy where it is contiguous."""
    return memoryview(np.ascontiguousarray(array).data).cast("B")


def matrix(columns: Array) -> LMatrix4f:
    """A column-vector [4, 4] matrix as Panda's row-vector matrix."""
    return LMatrix4f(*np.asarray(columns, np.float64).T.ravel().tolist())


def vertices(columns: Sequence[tuple[str, Array]], *, dynamic: bool = False) -> GeomVertexData:
    """Vertex data with one array per column; `vertex` and `normal` get their meaning, the rest is `other`."""
    meaning = {"vertex": GeomEnums.C_point, "normal": GeomEnums.C_normal}
    form = GeomVertexFormat()
    for name, array in columns:
        layout = GeomVertexArrayFormat()
        width = 1 if array.ndim == 1 else array.shape[1]
        layout.add_column(name, width, GeomEnums.NT_float32, meaning.get(name, GeomEnums.C_other))
        form.add_array(layout)
    data = GeomVertexData(
        "data", GeomVertexFormat.register_format(form), GeomEnums.UH_stream if dynamic else GeomEnums.UH_static
    )
    data.unclean_set_num_rows(len(columns[0][1]))
    for k, (_, array) in enumerate(columns):
        target = memoryview(data.modify_array(k)).cast("B")
        target[:] = raw(array.astype(np.float32, copy=False))
    return data


def triangles(data: GeomVertexData, index: Array, *, low: Array | None = None, high: Array | None = None) -> Geom:
    """A Geom over `data`; bounds from `low` and `high`, or never culled."""
    return _geom(data, GeomTriangles(GeomEnums.UH_static), index, low, high)


def strokes(data: GeomVertexData, index: Array, *, low: Array | None = None, high: Array | None = None) -> Geom:
    """The same of line segments, [2 k] indices."""
    return _geom(data, GeomLines(GeomEnums.UH_static), index, low, high)


def points(data: GeomVertexData, index: Array, *, low: Array | None = None, high: Array | None = None) -> Geom:
    """The same of points."""
    return _geom(data, GeomPoints(GeomEnums.UH_static), index, low, high)


def _geom(data: GeomVertexData, primitive: GeomPrimitive, index: Array, low: Array | None, high: Array | None) -> Geom:
    primitive.set_index_type(GeomEnums.NT_uint32)
    array = primitive.modify_vertices()
    array.unclean_set_num_rows(len(index))
    memoryview(array).cast("B")[:] = raw(index.astype(np.uint32, copy=False))
    geom = Geom(data)
    geom.add_primitive(primitive)
    if low is None or high is None:
        geom.set_bounds(OmniBoundingVolume())
    else:
        geom.set_bounds(BoundingBox(LPoint3(*map(float, low)), LPoint3(*map(float, high))))
    return geom


class ValueTexture:
    """A float texture read by texelFetch: row-major, 2048 wide, `channels` floats per entry."""

    def __init__(self, name: str, *, channels: int = 1, rest: float = 0.0) -> None:
        """`rest` is what entries hold that nobody wrote."""
        self._rest = rest
        self.texture = Texture(name)
        self.channels = channels
        self._rows = 0
        self._room: Array = np.zeros(0, np.float32)

    def write(self, values: Array) -> None:
        """Upload `values` [n] or [n, channels]; one copy, no loop."""
        if self.channels == 4:
            values = values[:, [2, 1, 0, 3]]  # Panda keeps blue first
        flat = np.ascontiguousarray(values, np.float32).ravel()
        rows = max(1, -(-len(flat) // (VALUE_WIDTH * self.channels)))
        if rows != self._rows:
            self._rows = rows
            kind = Texture.F_r32 if self.channels == 1 else Texture.F_rgba32
            self.texture.setup_2d_texture(VALUE_WIDTH, rows, Texture.T_float, kind)
            self.texture.set_minfilter(SamplerState.FT_nearest)
            self.texture.set_magfilter(SamplerState.FT_nearest)
            self.texture.set_keep_ram_image(True)
            self._room = np.zeros(rows * VALUE_WIDTH * self.channels, np.float32)
        self._room[: len(flat)] = flat
        self._room[len(flat) :] = self._rest
        memoryview(self.texture.modify_ram_image()).cast("B")[:] = raw(self._room)


def image(name: str, pixels: Array, *, linear: bool = True, repeat: bool = False) -> Texture:
    """A bilinear texture: [height, width] floats, [.., 2] bytes, [.., 3] 16 bits (blue first) or floats (rgb)."""
    texture = Texture(name)
    height, width = pixels.shape[:2]
    channels = {1: Texture.F_r32, 2: Texture.F_rg, 3: Texture.F_rgb16}[pixels.shape[2] if pixels.ndim == 3 else 1]
    kind = {np.uint8: Texture.T_unsigned_byte, np.uint16: Texture.T_unsigned_short}.get(
        pixels.dtype.type, Texture.T_float
    )
    texture.setup_2d_texture(width, height, kind, channels)
    if kind == Texture.T_float and pixels.ndim == 3:
        pixels = pixels[:, :, ::-1].astype(np.float32)  # Panda keeps blue first
    fill(texture, pixels)
    mode = SamplerState.FT_linear if linear else SamplerState.FT_nearest
    texture.set_minfilter(SamplerState.FT_linear_mipmap_nearest if repeat else mode)
    texture.set_magfilter(mode)
    wrap = SamplerState.WM_repeat if repeat else SamplerState.WM_clamp
    texture.set_wrap_u(wrap)
    texture.set_wrap_v(wrap)
    return texture


def picture(look: Look) -> Texture:
    """An empty texture of a foreign tile that repeats and is enlarged as `look` says; `pour` fills it."""
    texture = Texture("picture")
    texture.set_keep_ram_image(False)
    texture.set_minfilter(SamplerState.FT_linear_mipmap_linear)
    texture.set_magfilter(SamplerState.FT_nearest if look.nearest else SamplerState.FT_linear)
    texture.set_wrap_u(_WRAPS[look.wrap_s])
    texture.set_wrap_v(_WRAPS[look.wrap_t])
    return texture


def pour(texture: Texture, levels: Sequence[Array]) -> None:
    """Fill `texture` with [height, width, 4] sRGB bytes and their halves, down to 1x1.

    Bytes lie as they are, red first, where Panda expects blue: the shader turns them around, which costs no copy.
    """
    height, width = levels[0].shape[:2]
    texture.setup_2d_texture(width, height, Texture.T_unsigned_byte, Texture.F_srgb_alpha)
    fill(texture, levels[0])
    for level, half in enumerate(levels[1:], start=1):
        memoryview(texture.modify_ram_mipmap_image(level)).cast("B")[:] = raw(half)


def fill(texture: Texture, texels: Array) -> None:
    """Replace the picture of `texture` by texels as it keeps them: blue first, of its own type."""
    memoryview(texture.modify_ram_image()).cast("B")[:] = raw(texels)
