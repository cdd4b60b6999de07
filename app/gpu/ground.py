"""The plain ground: rings around the district, fine inside and coarse to the horizon, ending in the haze.

Where tiles bring land of their own the plain dips below it and gives way: land marks its pixels in the stencil, so
neither shows through the other, whatever their heights.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from panda3d.core import Geom, GeomNode, NodePath, StencilAttrib

from app.gpu.arrays import fill, image, triangles, vertices
from app.gpu.programs import program
from app.gpu.view import vec
from app.relief import Relief
from app.terrain import Terrain

_SECTORS = 96
_WEDGES = 12
"""Parts of the circle, each left out where the eye does not look: software GL pays for corners out of sight too."""
_REACH_M = 500.0
"""How far the plain may rise and fall."""
_END_M = 16000.0


class Ground:
    """Ground mesh, the occlusion map that darkens it between buildings, and its own height map."""

    def __init__(self, scene: NodePath, ground: Terrain, relief: Relief) -> None:
        half = ground.size_m / 2
        centre = np.array([ground.west_m + half, ground.south_m + half])
        inner = np.linspace(0, half * 0.7, 30)
        seam = np.linspace(half * 0.7, half * 1.4, 24)
        outer = np.geomspace(half * 1.4, max(_END_M, half * 8), 26)
        path = scene.attach_new_node("ground")
        for name, radius in (("ground_town", inner), ("ground_seam", seam), ("ground_country", outer)):
            node = GeomNode(name)
            for wedge in range(_WEDGES):
                node.add_geom(_rings(centre, radius, relief.floor_m, wedge))
            path.attach_new_node(node).set_shader(program(name))
        scene.set_shader_input("noise", image("noise", noise(), repeat=True))
        path.set_shader_input("town_disc", vec((*centre, half, 0.0)))
        path.set_bin("fixed", 10)
        path.set_attrib(GIVE_WAY)
        first = relief.bare()
        self._map, self._plate = image("relief", first.heights), image("plate", first.plate_m)
        self._open = image("open", first.ground)
        scene.set_shader_input("open_map", self._open)
        scene.set_shader_input("relief", self._map)
        scene.set_shader_input("relief_box", vec((ground.west_m, ground.south_m, ground.size_m, relief.floor_m)))
        path.set_shader_input("plate", self._plate)
        box = (relief.plate_west_m, relief.plate_south_m, relief.plate_size_m, relief.floor_m)
        path.set_shader_input("plate_box", vec(box))
        self._relief = relief

    def refresh(self) -> None:
        """Take over newer maps when they are ready."""
        newest = self._relief.newest()
        if newest is not None:
            fill(self._map, newest.heights)
            fill(self._open, newest.ground)
            fill(self._plate, newest.plate_m)


def _stencil(compare: int, passed: int) -> StencilAttrib:
    keep = StencilAttrib.SO_keep
    return StencilAttrib.make(True, compare, keep, keep, passed, 1, 0xFF, 0xFF)


MARK = _stencil(StencilAttrib.M_always, StencilAttrib.SO_replace)
"""State of land: it marks its pixels."""
GIVE_WAY = _stencil(StencilAttrib.M_not_equal, StencilAttrib.SO_keep)
"""State of the plain: it draws where there is no land."""


def _rings(centre: NDArray[np.float64], radius: NDArray[np.float64], floor_m: float, wedge: int) -> Geom:
    """A wedge of a ring-shaped part of the ground; its heights are looked up in the plate map."""
    some = _SECTORS // _WEDGES
    turn = 2 * np.pi / _SECTORS * (wedge * some + np.arange(some + 1))
    x = (centre[0] + radius[:, None] * np.sin(turn)).ravel()
    y = (centre[1] + radius[:, None] * np.cos(turn)).ravel()
    at = np.c_[x, y, np.zeros_like(x)]
    low, high = at.min(axis=0), at.max(axis=0)
    low[2], high[2] = floor_m - _REACH_M, floor_m + _REACH_M
    return triangles(vertices((("vertex", at),)), wedge_indices(len(radius), some), low=low, high=high)


def wedge_indices(rings: int, sectors: int) -> NDArray[np.uint32]:
    """Triangles between consecutive arcs of `sectors` + 1 vertices, counter-clockwise from above."""
    i, k = np.meshgrid(np.arange(rings - 1), np.arange(sectors), indexing="ij")
    a = i * (sectors + 1) + k
    b, c, d = a + 1, a + sectors + 1, a + sectors + 2
    return np.stack([a, b, c, b, d, c], axis=-1).ravel().astype(np.uint32)


def noise() -> NDArray[np.float32]:
    """[256, 256, 3] tileable noise from 0 to 1: random fields with a falling spectrum, seeded."""
    rng = np.random.default_rng(7)
    size = 256
    f = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.fftfreq(size)[None, :])
    f[0, 0] = 1
    out = np.empty((size, size, 3), np.float32)
    for k, slope in enumerate((1.0, 1.4, 1.8)):
        field = np.fft.ifft2(np.fft.fft2(rng.standard_normal((size, size))) * f**-slope).real
        field = (field - field.mean()) / (4.5 * field.std()) + 0.5
        out[:, :, k] = np.clip(field, 0, 1)
    return out
