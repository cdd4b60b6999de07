"""After dark, what a building gives or takes shines on the ground around it: a soft disc each, by the value texture."""

from __future__ import annotations

import numpy as np
from panda3d.core import GeomNode, NodePath, TransparencyAttrib

from app.gpu.arrays import triangles, vertices
from app.gpu.programs import program
from app.gpu.view import PICK_MASK, SHADOW_MASK
from app.terrain import Terrain
from network.schema import Roster

_LIFT_M = 0.05
_REACH_M = 15.0
"""How far the light reaches beyond the walls."""
_DARK = 0.05
"""Of `Light.night`, from which on there is anything to see."""


class Glow:
    """Discs under all buildings as one Geom; costs nothing by day."""

    def __init__(self, town: NodePath, roster: Roster, ground: Terrain) -> None:
        centre = np.asarray(roster.building_xyz_m, np.float64)
        count = len(centre)
        radius = np.sqrt(np.asarray(roster.footprint_m2, np.float64) / np.pi) * 1.15 + _REACH_M
        corner = np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])
        xy = centre[:, None, :2] + corner * radius[:, None, None]
        z = ground.at(xy[..., 0], xy[..., 1]) + _LIFT_M
        position = np.concatenate([xy, z[..., None]], axis=2).reshape(-1, 3)
        disc = np.c_[np.tile(corner, (count, 1)), np.repeat(np.arange(count) + 1.0, 4)]
        index = (4 * np.arange(count)[:, None] + np.array([0, 1, 2, 0, 2, 3])).astype(np.uint32).ravel()
        node = GeomNode("glow")
        if count:
            node.add_geom(triangles(vertices((("vertex", position), ("disc", disc))), index))
        self._path = town.attach_new_node(node)
        self._path.hide(PICK_MASK)
        self._path.set_shader(program("glow"))
        self._path.set_transparency(TransparencyAttrib.M_alpha)
        self._path.set_bin("fixed", 12)  # on the ground, under the lines
        self._path.set_depth_write(False)
        self._path.hide(SHADOW_MASK)
        self._path.hide()

    def shine(self, night: float) -> None:
        """Show it after dark."""
        if night > _DARK:
            self._path.show()
        else:
            self._path.hide()
