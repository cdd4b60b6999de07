"""The buildings: tiles as Geoms, coloured by one global texture with one float per slot.

A new moment is one texture upload, whatever the number of buildings; a new legend is a few uniforms. Slot 0 means
that nothing is known of a building: it is drawn grey and hatched.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from panda3d.core import GeomNode, NodePath, RenderState, ShaderAttrib

from app.gpu.arrays import ValueTexture, matrix, triangles, vertices
from app.gpu.programs import program
from app.gpu.view import SHADOW_MASK, vec
from app.paint import Legend
from app.terrain import Relief
from app.tiles.glb import Mesh
from app.tiles.modules import MODULE_W, Modules

NO_DATA = 9.0
"""What the value texture holds where nothing is known; all over 1.5 is drawn as no data."""


class Town:
    """Tiles under one node; a `Stage` for app.tiles.cache."""

    def __init__(self, parent: NodePath) -> None:
        self.node = parent.attach_new_node("tiles")
        self.values = ValueTexture("values")
        self.values.write(np.zeros(1))
        self.installed = ValueTexture("installed")
        self.installed.write(np.zeros(1))
        self.relief: Relief | None = None
        self.features = 0
        self._tiles: dict[int, NodePath] = {}
        self._shown: set[int] = set()
        self._states = {name: RenderState.make(ShaderAttrib.make(program(name))) for name in ("wall", "roof", "module")}
        parent.set_shader_input("values", self.values.texture)
        parent.set_shader_input("installed", self.installed.texture)

    def attach(self, node: int, meshes: tuple[Mesh, ...], world_from_tile: NDArray[np.float64]) -> None:
        """Make a tile drawable, hidden until `show`."""
        path = self.node.attach_new_node(GeomNode(f"tile-{node}"))
        for mesh in meshes:
            data = vertices(
                (("vertex", mesh.position), ("normal", mesh.normal), ("info", mesh.info), ("face", mesh.face))
            )
            low, high = (f(mesh.position, axis=0) if len(mesh.position) else np.zeros(3) for f in (np.min, np.max))
            part = GeomNode("mesh")
            for name, index in (("wall", mesh.walls), ("roof", mesh.roofs)):
                if len(index):
                    part.add_geom(triangles(data, index, low=low, high=high), self._states[name])
            world = world_from_tile @ mesh.matrix
            path.attach_new_node(part).set_mat(matrix(world))
            if len(mesh.modules.index):
                self._lay(path, mesh.modules, world, low - 1.0, high + 1.0)
            self.features += mesh.features
            if self.relief is not None and len(mesh.roofs):
                self.relief.add(mesh.position, mesh.roofs, world)
        path.stash()
        self._tiles[node] = path

    def _lay(
        self, path: NodePath, modules: Modules, world: NDArray[np.float64], low: NDArray[Any],
        high: NDArray[Any],
    ) -> None:  # fmt: skip
        """Places for modules; out of the shadow map, for those that are not there must not darken the roof."""
        columns = (("vertex", modules.position), ("normal", modules.normal), ("along", modules.along))
        data = vertices((*columns, ("strip", modules.strip)))
        node = GeomNode("modules")
        node.add_geom(triangles(data, modules.index, low=low, high=high), self._states["module"])
        laid = path.attach_new_node(node)
        laid.set_mat(matrix(world))
        laid.set_two_sided(True)
        laid.hide(SHADOW_MASK)

    def detach(self, node: int) -> None:
        """Forget a tile."""
        self._tiles.pop(node).remove_node()
        self._shown.discard(node)

    def show(self, nodes: NDArray[np.int64]) -> None:
        """Draw exactly these tiles."""
        wanted = {int(n) for n in nodes}
        for node in self._shown - wanted:
            self._tiles[node].stash()
        for node in wanted - self._shown:
            self._tiles[node].unstash()
        self._shown = wanted

    def paint(self, levels: NDArray[np.float32] | None) -> None:
        """Colour by `levels` [building], -1..1, NaN where unknown; None: nothing is known of anything, plain paper."""
        if levels is None:
            self.values.write(np.zeros(1))
            return
        texels = np.empty(len(levels) + 1, np.float32)
        texels[0] = NO_DATA
        texels[1:] = np.nan_to_num(levels, nan=NO_DATA)
        self.values.write(texels)

    def install(self, watts: NDArray[np.float64] | None) -> None:
        """Show as many modules as `watts` [building] of installed power are."""
        texels = np.zeros(1 if watts is None else len(watts) + 1, np.float32)
        if watts is not None:
            texels[1:] = np.nan_to_num(watts) / MODULE_W
        self.installed.write(texels)

    def legend(self, legend: Legend) -> None:
        """Use other colours."""
        scene = self.node.get_parent()
        for name in ("take_middle", "take_strong", "give_middle", "give_strong"):
            scene.set_shader_input(name, vec(getattr(legend, name)))
        scene.set_shader_input("hatch_takes", 1.0 if legend.hatch_takes else 0.0)
