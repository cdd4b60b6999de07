"""The grid on the streets: ribbons that the vertex shader widens by power, coloured by direction, with comets.

All casings are drawn before all ribbons, so that streets meet without a seam.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from panda3d.core import GeomNode, NodePath, TransparencyAttrib

from app.gpu.arrays import ValueTexture, triangles, vertices
from app.gpu.programs import program
from app.gpu.view import vec
from app.paint import GIVE_MIDDLE, GIVE_STRONG, LOADING_STOPS, TAKE_MIDDLE, TAKE_STRONG, linear
from app.pulse import PERIODS_M, Ribbons


class Lines:
    """All ribbons as one Geom."""

    def __init__(self, scene: NodePath, ribbons: Ribbons) -> None:
        self.flows = ValueTexture("flows", channels=4)
        self.flows.write(np.zeros((1, 4)))
        data = vertices((("vertex", ribbons.position), ("side", ribbons.side), ("row", ribbons.row)))
        geom = triangles(data, ribbons.index)
        self._path = scene.attach_new_node("lines")
        self._path.set_shader(program("lines"))
        self._path.set_shader_input("flows", self.flows.texture)
        hues = {"line_take": TAKE_STRONG, "line_give": GIVE_STRONG, "pale_take": TAKE_MIDDLE, "pale_give": GIVE_MIDDLE}
        for name, colour in hues.items():
            self._path.set_shader_input(name, vec(linear(colour)))
        for name, colour in zip(("load_low", "load_middle", "load_high"), LOADING_STOPS, strict=True):
            self._path.set_shader_input(name, vec(linear(colour)))
        self._path.set_shader_input("periods", vec(PERIODS_M))
        self._path.set_shader_input("show_loading", 0.0)
        self._path.set_two_sided(True)
        self._path.set_transparency(TransparencyAttrib.M_alpha)
        for order, core in ((20, 0.0), (21, 1.0)) if len(ribbons.index) else ():
            node = GeomNode("casings" if core == 0 else "ribbons")
            node.add_geom(geom)
            pass_of = self._path.attach_new_node(node)
            pass_of.set_shader_input("core", core)
            pass_of.set_bin("fixed", order)
        self._path.set_depth_write(False)

    def pulse(self, flows: NDArray[np.float32], travelled_m: NDArray[np.float64]) -> None:
        """Show `flows` [line, 4] (app.pulse.flows) with the comets at `travelled_m` [line] along their lines."""
        texels = flows.copy()
        texels[:, 3] = travelled_m
        self.flows.write(texels)

    def loading(self, on: bool) -> None:
        """Colour by loading instead of direction."""
        self._path.set_shader_input("show_loading", 1.0 if on else 0.0)

    def remove(self) -> None:
        """Take the ribbons away."""
        self._path.remove_node()
