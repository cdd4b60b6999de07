"""The grid on the streets: ribbons that the vertex shader widens by power, coloured by direction, with comets."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from panda3d.core import GeomNode, NodePath, TransparencyAttrib

from app.gpu.arrays import ValueTexture, triangles, vertices
from app.gpu.programs import program
from app.gpu.view import vec
from app.paint import GIVE_STRONG, TAKE_STRONG, linear
from app.pulse import Ribbons


class Lines:
    """All ribbons as one Geom."""

    def __init__(self, scene: NodePath, ribbons: Ribbons) -> None:
        self.flows = ValueTexture("flows", channels=4)
        self.flows.write(np.zeros((1, 4)))
        node = GeomNode("lines")
        if len(ribbons.index):
            data = vertices((("vertex", ribbons.position), ("side", ribbons.side), ("row", ribbons.row)))
            node.add_geom(triangles(data, ribbons.index))
        self._path = scene.attach_new_node(node)
        self._path.set_shader(program("lines"))
        self._path.set_shader_input("flows", self.flows.texture)
        self._path.set_shader_input("line_take", vec(linear(TAKE_STRONG)))
        self._path.set_shader_input("line_give", vec(linear(GIVE_STRONG)))
        self._path.set_shader_input("phase_s", 0.0)
        self._path.set_two_sided(True)
        self._path.set_transparency(TransparencyAttrib.M_alpha)
        self._path.set_bin("fixed", 20)
        self._path.set_depth_write(False)

    def pulse(self, flows: NDArray[np.float32], *, phase_s: float) -> None:
        """Show `flows` [line, 4] (app.pulse.flows) with the comets at `phase_s`."""
        self.flows.write(flows)
        self._path.set_shader_input("phase_s", phase_s)

    def remove(self) -> None:
        """Take the ribbons away."""
        self._path.remove_node()
