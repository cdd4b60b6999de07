"""The floor of a tileset that is seen alone: a disc that takes shadows and fades into the haze."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from panda3d.core import GeomNode, NodePath

from app.gpu.arrays import image, triangles, vertices
from app.gpu.ground import noise
from app.gpu.programs import program
from app.gpu.view import vec

_REACH = 9.0
"""Radius at which the floor has faded out, in radii of what stands on it."""
_SECTORS, _RINGS = 48, 20
_DEEP_M = 1e4
"""The map of heights lies so far below everything that nothing shades anything."""


class Floor:
    """Stands in for the ground: it also gives the scene's shaders a map of heights in which nothing stands."""

    def __init__(self, scene: NodePath, low_m: NDArray[np.float64], high_m: NDArray[np.float64]) -> None:
        """`low_m`, `high_m`: corners [3] of the box around what stands on it."""
        self._path = scene.attach_new_node("ground")
        self._path.set_shader(program("floor"))
        self._path.set_bin("fixed", 10)
        self.lay(low_m, high_m)
        scene.set_shader_input("relief", image("relief", np.zeros((1, 1, 3), np.uint16)))
        free = np.array([[[255, 0]]], np.uint8)  # wholly open, nothing built: for land that tiles bring
        scene.set_shader_input("open_map", image("open", free))
        scene.set_shader_input("noise", image("noise", noise(), repeat=True))
        scene.set_shader_input("relief_box", vec((0.0, 0.0, 1.0, low_m[2] - _DEEP_M)))

    def lay(
        self, low_m: NDArray[np.float64], high_m: NDArray[np.float64], *, gap_m: float | None = None
    ) -> None:  # fmt: skip
        """Under another box, so far below it; None: by the box's size, as it is seen from afar."""
        middle = (low_m + high_m) / 2
        radius = float(np.linalg.norm((high_m - low_m)[:2])) / 2 or 1.0
        if gap_m is None:  # a model's own floor must not flicker with this one
            gap_m = 0.0006 * float(np.linalg.norm(high_m - low_m))
        turn = 2 * np.pi * np.arange(_SECTORS) / _SECTORS
        away = np.r_[0.0, np.geomspace(0.2, _REACH, _RINGS - 1)] * radius
        x = (middle[0] + away[:, None] * np.cos(turn)).ravel()
        y = (middle[1] + away[:, None] * np.sin(turn)).ravel()
        i, k = np.meshgrid(np.arange(_RINGS - 1), np.arange(_SECTORS), indexing="ij")
        a, b = i * _SECTORS + k, i * _SECTORS + (k + 1) % _SECTORS
        c, d = a + _SECTORS, b + _SECTORS
        node = GeomNode("floor")
        place = np.c_[x, y, np.full_like(x, low_m[2] - gap_m)]
        node.add_geom(triangles(vertices((("vertex", place),)), np.stack([a, c, d, a, d, b], axis=-1).ravel()))
        self._path.get_children().detach()
        self._path.attach_new_node(node)
        self._path.set_shader_input("floor_disc", vec((*middle[:2], 1.2 * radius, 0.9 * _REACH * radius)))
