"""Plant and transformers in the scene: one Geom for what stands, one for what turns, one for the light over givers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from panda3d.core import GeomNode, NodePath, TransparencyAttrib

from app.gpu.arrays import ValueTexture, triangles, vertices
from app.gpu.programs import program
from app.gpu.view import PICK_MASK, SHADOW_MASK
from app.paint import Legend
from app.plant import HEIGHT_M, Shape, Stand, colours, model

Float = NDArray[np.float64]
_COLUMN_M = 75.0
"""Height of the light over plant at the end of the scale."""
_FAINT = 0.34
"""Opacity of what is only proposed."""
_DUSK = 0.15
"""Of `Light.night`, from which on it shines."""
_TURN_RAD_S = 1.6
"""Of a rotor at full power."""


class Plant:
    """Owner of the models of one district; rebuilt when something else stands."""

    def __init__(self, town: NodePath, place: Stand) -> None:
        self.place = place
        self.version = 0
        """Raised whenever what stands, and so its shadow, is another."""
        self._path = town.attach_new_node("plant")
        self._path.hide(PICK_MASK)
        self._path.set_shader(program("plant"))
        self._texture = ValueTexture("plants", channels=4)
        self._texture.write(np.zeros((1, 4)))
        self._path.set_shader_input("plants", self._texture.texture)
        self._stands: NDArray[np.bool_] | None = None
        self._turn_rad = np.zeros(len(place.kind))
        self._columns = self._light_over()

    def build(self, stands: NDArray[np.bool_]) -> None:
        """Let plant stand where `stands` [row], an outline elsewhere."""
        if self._stands is not None and (stands == self._stands).all():
            return
        self._stands = stands
        self.version += 1
        for child in self._path.get_children():
            if child != self._columns:
                child.remove_node()
        for name, shape in zip(("standing", "turning", "proposed"), model(self.place, stands), strict=True):
            if not len(shape.position):
                continue
            path = self._path.attach_new_node(_geom(name, shape))
            path.set_shader_input("presence", _FAINT if name == "proposed" else 1.0)
            if name != "standing":  # the shadow of what turns would be drawn anew every frame
                path.hide(SHADOW_MASK)
            if name == "proposed":
                path.set_transparency(TransparencyAttrib.M_alpha)
                path.set_bin("fixed", 22)

    def show(self, level: Float, charge: Float, legend: Legend, *, night: float, dt_s: float) -> None:
        """Colour by `level` [row] (-1..1, NaN unknown) with `charge` [row] 0..1; rotors turn with their power."""
        rows = len(self.place.kind)
        if rows == 0:
            return
        power = np.nan_to_num(level)
        self._turn_rad = (self._turn_rad + _TURN_RAD_S * np.sqrt(np.abs(power)) * dt_s) % (2 * np.pi)
        texels = np.zeros((2 * rows, 4), np.float32)
        texels[0::2] = colours(level, legend, night=night)
        texels[1::2, 0] = np.sign(power) if legend.hatch_takes else 1.0
        texels[1::2, 1] = np.nan_to_num(charge)
        texels[1::2, 2] = self._turn_rad
        gives = (power > 0.01) & (self.place.line < 0) & (self._stands if self._stands is not None else False)
        texels[1::2, 3] = np.where(gives, _COLUMN_M * np.sqrt(np.maximum(power, 0)), 0.0)
        self._texture.write(texels)
        if night > _DUSK and gives.any():
            self._columns.show()
        else:
            self._columns.hide()

    def tint(self, colour: Float, hatched: NDArray[np.bool_]) -> None:
        """Colour by `colour` [row, 4] (linear rgb, amount) as it is, without direction; `hatched` [row]."""
        texels = np.zeros((2 * len(colour), 4), np.float32)
        texels[0::2] = colour
        texels[1::2, 0] = np.where(hatched, -1.0, 0.0)
        texels[1::2, 2] = self._turn_rad
        self._texture.write(texels)
        self._columns.hide()

    def _light_over(self) -> NodePath:
        rows = len(self.place.kind)
        foot = self.place.foot_m + np.array([[0.0, 0.0, HEIGHT_M[kind]] for kind in self.place.kind]).reshape(-1, 3)
        corner = np.array([[-1.0, 0.0], [1.0, 0.0], [1.0, 1.0], [-1.0, 1.0]])
        column = np.c_[np.tile(corner, (rows, 1)), np.repeat(np.arange(float(rows)), 4)]
        index = (4 * np.arange(rows)[:, None] + np.array([0, 1, 2, 0, 2, 3])).astype(np.uint32).ravel()
        node = GeomNode("light over plant")
        if rows:
            node.add_geom(triangles(vertices((("vertex", np.repeat(foot, 4, axis=0)), ("column", column))), index))
        path = self._path.attach_new_node(node)
        path.set_shader(program("column"))
        path.set_transparency(TransparencyAttrib.M_alpha)
        path.set_two_sided(True)
        path.set_depth_write(False)
        path.set_bin("fixed", 25)
        path.hide(SHADOW_MASK)
        path.hide()
        return path


def _geom(name: str, shape: Shape) -> GeomNode:
    columns = (("vertex", shape.position), ("normal", shape.normal), ("look", shape.look), ("extra", shape.extra))
    data = vertices((*columns, ("hub", shape.hub)))
    node = GeomNode(name)
    node.add_geom(triangles(data, np.arange(len(shape.position), dtype=np.uint32)))
    return node
