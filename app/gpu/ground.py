"""The plain ground: rings around the district, fine inside and coarse to the horizon, ending in the haze."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from panda3d.core import Geom, GeomNode, NodePath, Texture

from app.gpu.arrays import fill, image, triangles, vertices
from app.gpu.programs import program
from app.gpu.view import vec
from app.terrain import MAP_SIZE, Relief, Terrain

_SECTORS = 120
_END_M = 16000.0
_SINK_M = 0.12
"""The ground lies a hand below the feet, so that floors do not fight with it."""


class Ground:
    """Ground mesh and the occlusion map that darkens it between buildings."""

    def __init__(self, scene: NodePath, ground: Terrain, relief: Relief) -> None:
        half = ground.size_m / 2
        centre = np.array([ground.west_m + half, ground.south_m + half])
        inner = np.linspace(0, half * 0.7, 30)
        seam = np.linspace(half * 0.7, half * 1.4, 24)
        outer = np.geomspace(half * 1.4, max(_END_M, half * 8), 28)
        path = scene.attach_new_node("ground")
        for name, radius in (("ground_town", inner), ("ground_seam", seam), ("ground_country", outer)):
            node = GeomNode(name)
            node.add_geom(_rings(ground, centre, radius))
            path.attach_new_node(node).set_shader(program(name))
        path.set_shader_input("noise", image("noise", _noise(), repeat=True))
        path.set_shader_input("town_disc", vec((*centre, half, 0.0)))
        path.set_bin("fixed", 10)
        self._map: Texture = image("relief", np.zeros((MAP_SIZE, MAP_SIZE, 3), np.float32))
        scene.set_shader_input("relief", self._map)
        scene.set_shader_input("relief_box", vec((ground.west_m, ground.south_m, ground.size_m, ground.ground_m)))
        self._relief = relief
        fill(self._map, relief.blurred())

    def refresh(self) -> None:
        """Take over a newer occlusion map when one is ready."""
        newest = self._relief.newest()
        if newest is not None:
            fill(self._map, newest)


def _rings(ground: Terrain, centre: NDArray[np.float64], radius: NDArray[np.float64]) -> Geom:
    """A ring-shaped part of the ground, culled by its own bounds."""
    turn = np.linspace(0, 2 * np.pi, _SECTORS, endpoint=False)
    x = (centre[0] + radius[:, None] * np.sin(turn)).ravel()
    y = (centre[1] + radius[:, None] * np.cos(turn)).ravel()
    inside = np.repeat(radius, _SECTORS) < ground.size_m * 0.69
    p = np.c_[x, y, np.where(inside, ground.at(x, y), ground.ground_m) - _SINK_M]
    low, high = p.min(axis=0), p.max(axis=0)
    return triangles(vertices((("vertex", p),)), ring_indices(len(radius), _SECTORS), low=low, high=high)


def ring_indices(rings: int, sectors: int) -> NDArray[np.uint32]:
    """Triangles between consecutive rings of vertices, counter-clockwise from above."""
    i, k = np.meshgrid(np.arange(rings - 1), np.arange(sectors), indexing="ij")
    a, b = i * sectors + k, i * sectors + (k + 1) % sectors
    c, d = a + sectors, b + sectors
    return np.stack([a, b, c, b, d, c], axis=-1).ravel().astype(np.uint32)


def _noise() -> NDArray[np.float32]:
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
