"""Draws the panels: lists of triangles with pictures and clip rectangles, over everything else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from panda3d.core import (
    Camera,
    Geom,
    GeomEnums,
    GeomNode,
    GeomTriangles,
    GeomVertexArrayFormat,
    GeomVertexData,
    GeomVertexFormat,
    LVecBase2f,
    MatrixLens,
    NodePath,
    OmniBoundingVolume,
    RenderState,
    SamplerState,
    ScissorAttrib,
    Texture,
    TextureAttrib,
)

from app.gpu.arrays import raw
from app.gpu.programs import program
from app.gpu.window import Window


class Batch(Protocol):
    """One draw call."""

    @property
    def index(self) -> NDArray[np.uint32]:
        """[corner] rows of the list's vertices, three a triangle."""

    @property
    def clip(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom in pixels."""

    @property
    def texture(self) -> int:
        """Number of the picture that it shows."""



class DrawList(Protocol):
    """Vertices (20 bytes: x, y, u, v, rgba) and their draw calls."""

    @property
    def vertices(self) -> NDArray[np.void]:
        """[vertex] place in pixels, place in the picture, colour."""

    @property
    def batches(self) -> Sequence[Batch]:
        """In drawing order."""


@dataclass(frozen=True)
class _Drawn:
    """A list and the geometry that was made of it."""

    of: DrawList
    geoms: list[tuple[Geom, RenderState]]


def _same(a: DrawList, b: DrawList) -> bool:
    """Whether two lists draw the same, to the byte."""
    return (
        len(a.batches) == len(b.batches) and a.vertices.tobytes() == b.vertices.tobytes()
        and all(x.clip == y.clip and x.texture == y.texture and x.index.tobytes() == y.index.tobytes()
                for x, y in zip(a.batches, b.batches, strict=True))
    )  # fmt: skip


class Overlay:
    """A display region of its own over the scene."""

    def __init__(self, window: Window) -> None:
        self._window = window
        self._root = NodePath("overlay")
        self._node = GeomNode("panels")
        self._node.set_bounds(OmniBoundingVolume())
        self._node.set_final(True)
        path = self._root.attach_new_node(self._node)
        path.set_shader(program("overlay"))
        path.set_transparency(True)
        path.set_depth_test(False)
        path.set_depth_write(False)
        path.set_two_sided(True)
        path.set_bin("unsorted", 0)
        self._path = path
        camera = self._root.attach_new_node(Camera("overlay", MatrixLens()))
        region = window.output.make_display_region()
        region.set_sort(20)
        region.set_camera(camera)
        self._textures: dict[int, Texture] = {}
        self._drawn: tuple[tuple[int, int], list[_Drawn]] = ((0, 0), [])
        """For which size of the window what of each list stands: most panels are the same from frame to frame."""
        layout = GeomVertexArrayFormat()
        layout.add_column("vertex", 2, GeomEnums.NT_float32, GeomEnums.C_point)
        layout.add_column("uv", 2, GeomEnums.NT_float32, GeomEnums.C_other)
        layout.add_column("color", 4, GeomEnums.NT_uint8, GeomEnums.C_color)
        form = GeomVertexFormat()
        form.add_array(layout)
        self._format = GeomVertexFormat.register_format(form)

    def draw(self, lists: Sequence[DrawList], pictures: Mapping[int, NDArray[np.uint8]]) -> None:
        """Show these panels from the next frame on."""
        for name, pixels in pictures.items():
            self._upload(name, pixels)
        size = self._window.size
        before = self._drawn[1] if size == self._drawn[0] and not pictures else []
        drawn = [
            old if old is not None and _same(old.of, one) else self._made(one, *size)
            for old, one in zip_longest(before[: len(lists)], lists)
        ]
        if len(drawn) == len(before) and all(a is b for a, b in zip(drawn, before, strict=True)):
            return
        self._drawn = (size, drawn)
        self._path.set_shader_input("size_px", LVecBase2f(*size))
        self._node.remove_all_geoms()
        for one in drawn:
            for geom, state in one.geoms:
                self._node.add_geom(geom, state)

    def _made(self, one: DrawList, width: int, height: int) -> _Drawn:
        """Geometry of a list."""
        geoms: list[tuple[Geom, RenderState]] = []
        if not len(one.vertices):
            return _Drawn(one, geoms)
        data = GeomVertexData("panel", self._format, GeomEnums.UH_stream)
        data.unclean_set_num_rows(len(one.vertices))
        memoryview(data.modify_array(0)).cast("B")[:] = raw(one.vertices)
        for batch in one.batches:
            left, top, right, bottom = batch.clip
            if right > left and bottom > top and len(batch.index):
                geoms.append((_geom(data, batch.index), self._state(batch, width, height)))
        return _Drawn(one, geoms)

    def _state(self, batch: Batch, width: int, height: int) -> RenderState:
        left, top, right, bottom = batch.clip
        scissor = ScissorAttrib.make(
            max(left / width, 0), min(right / width, 1), max(1 - bottom / height, 0), min(1 - top / height, 1)
        )
        texture = self._textures.get(batch.texture)
        return RenderState.make(scissor, TextureAttrib.make(texture)) if texture else RenderState.make(scissor)

    def _upload(self, name: int, pixels: NDArray[np.uint8]) -> None:
        texture = self._textures.setdefault(name, Texture(f"panel-{name}"))
        height, width = pixels.shape[:2]
        if (texture.get_x_size(), texture.get_y_size()) != (width, height):
            texture.setup_2d_texture(width, height, Texture.T_unsigned_byte, Texture.F_rgba)
            texture.set_minfilter(SamplerState.FT_linear)
            texture.set_magfilter(SamplerState.FT_linear)
            texture.set_wrap_u(SamplerState.WM_clamp)
            texture.set_wrap_v(SamplerState.WM_clamp)
        if pixels.shape[2] == 1:
            pixels = np.concatenate([np.full((height, width, 3), 255, np.uint8), pixels], axis=2)
        swapped = np.ascontiguousarray(pixels[:, :, [2, 1, 0, 3]])
        memoryview(texture.modify_ram_image()).cast("B")[:] = raw(swapped)


def _geom(data: GeomVertexData, index: NDArray[np.uint32]) -> Geom:
    primitive = GeomTriangles(GeomEnums.UH_stream)
    primitive.set_index_type(GeomEnums.NT_uint32)
    array = primitive.modify_vertices()
    array.unclean_set_num_rows(len(index))
    memoryview(array).cast("B")[:] = raw(index)
    geom = Geom(data)
    geom.add_primitive(primitive)
    geom.set_bounds(OmniBoundingVolume())
    return geom
