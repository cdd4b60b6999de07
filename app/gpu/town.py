"""What tiles bring: buildings, the land between them, trees; one global texture holds a float per building's slot.

A new moment is one texture upload, whatever the number of buildings; a new legend is a few uniforms. Slot 0 means
that nothing is known of a building: it is drawn grey and hatched. Every group of materials has its own shader program,
for software GL pays every branch. The depth of buildings is laid down first, so that no wall is shaded that another
hides (in software an eighth of the frame).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from panda3d.core import (
    ColorWriteAttrib,
    CullBinAttrib,
    DepthTestAttrib,
    Geom,
    GeomNode,
    LMatrix4f,
    NodePath,
    RenderState,
    ShaderAttrib,
)

from app.gpu import paper
from app.gpu.arrays import ValueTexture, matrix
from app.gpu.foreign import Foreign, glass
from app.gpu.ground import MARK
from app.gpu.programs import program
from app.gpu.view import PICK_MASK, SHADOW_MASK, vec
from app.paint import Legend
from app.relief import Relief
from app.tiles.mesh import LAND, Mesh, Trees
from app.tiles.modules import MODULE_W

NO_DATA = 9.0
"""What the value texture holds where nothing is known; all over 1.5 is drawn as no data."""

_WHITE = np.ones((1, 4), np.float32)
"""Style of slot 0, of what is no feature."""

_FEWER = 10
"""Of the vertices that tell where a mesh is, one in so many tells where most of the tileset is."""
_MANY = 150
"""Fewer places say nothing of where most of it is."""
_OUTSIDE, _SMALL_PART = 0.06, 0.35
"""Share of places left out at every side; a part smaller than this share of the whole is what one looks at."""
_SURFACES = ("wall", "roof", "plain")
"""Programs that draw buildings."""


class Town:
    """Tiles under one node; a `Stage` for app.tiles.cache."""

    def __init__(self, parent: NodePath, *, tree_detail: int = 20) -> None:
        """`tree_detail`: triangles of a crown, 20 or 80."""
        self.node = parent.attach_new_node("tiles")
        self.values = ValueTexture("values")
        self.values.write(np.zeros(1))
        self.installed = ValueTexture("installed")
        self.installed.write(np.zeros(1))
        self.styles = ValueTexture("styles", channels=4, rest=1.0)
        self.styles.write(_WHITE)
        self.dots = ValueTexture("dots")
        self.dots.write(np.zeros(1))
        self.foreign = Foreign(parent)
        self.relief: Relief | None = None
        self.features = 0
        self._tiles: dict[int, NodePath] = {}
        self._boxes: dict[int, NDArray[np.float64]] = {}
        self._some: dict[int, NDArray[np.float64]] = {}
        """[k, 3] places in the tile, the more the more it holds."""
        self._shown: set[int] = set()
        self._scene = parent.get_top()
        self._tree_detail = tree_detail
        self._planted: dict[int, list[tuple[NodePath, Trees]]] = {}
        self._under = 0.0
        self.shadows = 0
        """Grows when what casts shadows changes without a change of tiles."""
        equal = DepthTestAttrib.make(DepthTestAttrib.M_less_equal)
        names = ("wall", "roof", "plain", "wall_styled", "roof_styled", "plain_styled", "module", "tree")
        self._states = {name: RenderState.make(ShaderAttrib.make(program(name)), equal) for name in names}
        for name in ("depth", "depth_styled"):
            first = CullBinAttrib.make("background", 0)
            self._states[name] = RenderState.make(ShaderAttrib.make(program(name)), first, ColorWriteAttrib.make(0))
        for name in _SURFACES:
            self._states[f"{name}_glass"] = glass(RenderState.make(ShaderAttrib.make(program(f"{name}_glass"))))
        self._split = self._dotted = False
        """Whether a style makes features translucent; and whether it speaks of points."""
        self._styled = ""
        """What is added to the names of buildings' programs: `_styled` while a style is worn."""
        for group in LAND:
            shader = ShaderAttrib.make(program(f"land_{group}"))
            self._states[group] = RenderState.make(shader, CullBinAttrib.make("fixed", 8), MARK)
        self._scene.set_shader_input("under", 0.0)
        self._scene.set_shader_input("water_s", 0.0)
        self._chosen = (0, 0)
        self.choose()
        parent.set_shader_input("values", self.values.texture)
        parent.set_shader_input("installed", self.installed.texture)
        parent.set_shader_input("styles", self.styles.texture)
        parent.set_shader_input("dots", self.dots.texture)

    def attach(self, node: int, meshes: tuple[Mesh, ...], world_from_tile: NDArray[np.float64]) -> None:
        """Make a tile drawable, hidden until `show`."""
        path = self.node.attach_new_node(GeomNode(f"tile-{node}"))
        for mesh in meshes:
            world = world_from_tile @ mesh.matrix
            if mesh.look is not None:
                self._measure(node, self.foreign.build(node, path, mesh, world))
            else:
                made: paper.Made = mesh.ahead[0] if mesh.ahead else paper.made_of(mesh, self._tree_detail)
                if made.info is not mesh.info:
                    made = paper.made_of(mesh, self._tree_detail)
                self._hang(node, path, mesh, made, world)
            self.features += mesh.features
            self._raise(mesh, world)
        path.stash()
        self._tiles[node] = path

    def prepare(self, mesh: Mesh) -> Mesh:
        """Geometry, and textures in all sizes, made on the decoding thread."""
        if mesh.look is not None:
            return self.foreign.prepare(mesh)
        return replace(mesh, ahead=(paper.made_of(mesh, self._tree_detail),))

    def _hang(self, node: int, path: NodePath, mesh: Mesh, made: paper.Made, world: NDArray[np.float64]) -> None:
        """Hang up the geometry of buildings, land, modules and trees."""
        part, land, depth = GeomNode("mesh"), GeomNode("land"), GeomNode("depth")
        for shell, geom in made.shells:
            part.add_geom(geom, self._states[shell + self._styled])
            if self._split:
                part.add_geom(geom, self._states[f"{shell}_glass"])
        if made.depth is not None:
            depth.add_geom(made.depth, self._states[f"depth{self._styled}"])
        for name, geom in made.land:
            land.add_geom(geom, self._states[name])
        stand = matrix(world)
        for laid in (part, depth, land):
            if laid.get_num_geoms():
                hung = path.attach_new_node(laid)
                hung.set_mat(stand)
                if laid is not part:
                    hung.hide(SHADOW_MASK | PICK_MASK)
        if made.modules is not None:
            self._lay(path, made.modules, stand)
        if made.trees is not None:
            grown = made.trees if made.crown == self._tree_detail else paper.grove(mesh.trees, self._tree_detail)
            self._plant(node, path, mesh.trees, grown, stand)
        self._measure(node, made.sample @ world[:3, :3].T + world[:3, 3])

    def extent(self) -> NDArray[np.float64] | None:
        """[2, 3] lowest and highest corner of all that is drawn, world; None: nothing is.

        Where nearly all of it stands together in a small part, as a town in its country does, that part and as much
        again around it.
        """
        shown = [node for node in self._shown if node in self._boxes]
        if not shown:
            return None
        boxes = [self._boxes[node] for node in shown]
        whole = np.array([np.min(boxes, axis=0)[0], np.max(boxes, axis=0)[1]])
        some = np.concatenate([self._some[node] for node in shown])
        if len(some) < _MANY:
            return whole
        crowd = np.quantile(some, (_OUTSIDE, 1 - _OUTSIDE), axis=0)
        if np.linalg.norm(np.ptp(crowd, axis=0)) > _SMALL_PART * np.linalg.norm(np.ptp(whole, axis=0)):
            return whole
        around = np.ptp(crowd, axis=0) / 4
        return np.array([np.maximum(crowd[0] - around, whole[0]), np.minimum(crowd[1] + around, whole[1])])

    def _measure(self, node: int, place: NDArray[np.float64]) -> None:
        if not len(place):
            return
        columns = np.ascontiguousarray(place.T)
        box = np.array([columns.min(axis=1), columns.max(axis=1)])
        before = self._boxes.get(node, box)
        self._boxes[node] = np.array([np.minimum(before[0], box[0]), np.maximum(before[1], box[1])])
        self._some[node] = np.concatenate([self._some.get(node, place[:0]), place[::_FEWER]])

    def _raise(self, mesh: Mesh, world: NDArray[np.float64]) -> None:
        """Tell the relief what stands and lies here."""
        if self.relief is None:
            return
        for index in mesh.land.values():
            self.relief.add(mesh.position, index, world, land=True)
        self.relief.add(mesh.position, mesh.roofs, world)
        grown = mesh.trees
        if len(grown.foot):
            foot = grown.foot.astype(np.float64) @ world[:3, :3].T + world[:3, 3]
            self.relief.plant(foot, grown.height_m, grown.crown_m)

    def _plant(self, node: int, path: NodePath, grown: Trees, geom: Geom, stand: LMatrix4f) -> None:
        """Trees of a tile, which `finer_trees` makes anew."""
        part = GeomNode("trees")
        part.add_geom(geom, self._states["tree"])
        planted = path.attach_new_node(part)
        planted.set_mat(stand)
        planted.hide(PICK_MASK)
        if self._under > 0.5:
            planted.hide()
        self._planted.setdefault(node, []).append((planted, grown))

    def finer_trees(self) -> None:
        """Crowns of 80 triangles from now on."""
        if self._tree_detail == 80:
            return
        self._tree_detail = 80
        for planted, grown in (pair for pairs in self._planted.values() for pair in pairs):
            planted.node().remove_all_geoms()
            planted.node().add_geom(paper.grove(grown, 80), self._states["tree"])

    def under(self, amount: float) -> None:
        """The view under the streets, 0 to 1: land loses light and colour, trees go from the half on."""
        if amount == self._under:
            return
        hidden = amount > 0.5
        if hidden != (self._under > 0.5):
            self.shadows += 1
            for planted, _ in (pair for pairs in self._planted.values() for pair in pairs):
                planted.hide() if hidden else planted.show()
        self._under = amount
        self._scene.set_shader_input("under", amount)

    def choose(self, hovered: int = -1, selected: int = -1) -> None:
        """Light up these rows of [building]; -1: none."""
        if (hovered, selected) != self._chosen:
            self._chosen = (hovered, selected)
            self._scene.set_shader_input("chosen", vec((hovered + 1, selected + 1)))

    def flow(self, seconds: float) -> None:
        """Let the water move on to this time."""
        self._scene.set_shader_input("water_s", seconds)

    def _lay(self, path: NodePath, geom: Geom, stand: LMatrix4f) -> None:
        """Places for modules; out of the shadow map, for those that are not there must not darken the roof."""
        node = GeomNode("modules")
        node.add_geom(geom, self._states["module"])
        laid = path.attach_new_node(node)
        laid.set_mat(stand)
        laid.set_two_sided(True)
        laid.hide(SHADOW_MASK | PICK_MASK)

    def detach(self, node: int) -> None:
        """Forget a tile."""
        self._tiles.pop(node).remove_node()
        self._planted.pop(node, None)
        self._boxes.pop(node, None)
        self._some.pop(node, None)
        self.foreign.forget(node)
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
        self.foreign.bind(0 if levels is None else len(levels))
        if levels is None:
            self.values.write(np.zeros(1))
            return
        texels = np.empty(len(levels) + 1, np.float32)
        texels[0] = NO_DATA
        texels[1:] = np.nan_to_num(levels, nan=NO_DATA)
        self.values.write(texels)

    def dress(self, rgba: NDArray[np.float32] | None, dots: NDArray[np.float32] | None = None) -> None:
        """Style features: linear colour times their own and alpha by slot [slot, 4], 0 = hidden; None: as they are.

        `dots` [slot]: pixels of points, 0 = as they are, plus 100 where the colour takes the place of their own.
        """
        if dots is not None or self._dotted:
            self.dots.write(np.zeros(1) if dots is None else dots)
            self._dotted = dots is not None
        rows = _WHITE if rgba is None else np.concatenate([_WHITE, rgba[1:]])
        self.styles.write(rows)
        split = bool(((rows[:, 3] > 0) & (rows[:, 3] < 1)).any())
        self.foreign.split(split)
        self.shadows += 1
        self._wear("" if rgba is None else "_styled", split)

    def _wear(self, styled: str, split: bool) -> None:
        """Have buildings drawn by the programs that obey a style, or by the cheaper ones; the translucent once more."""
        if (styled, split) == (self._styled, self._split):
            return
        self._styled, self._split = styled, split
        known = [(self._states[name + old], name) for name in (*_SURFACES, "depth") for old in ("", "_styled")]
        for tile in self._tiles.values():
            for part in (p.node() for p in tile.find_all_matches("**/+GeomNode")):
                self._restate(part, known)

    def _restate(self, part: GeomNode, known: list[tuple[RenderState, str]]) -> None:
        """Geometry of buildings by the states of now; of what else is in `part` nothing changes."""
        pairs = [(part.modify_geom(k), part.get_geom_state(k)) for k in range(part.get_num_geoms())]
        names = [next((name for state, name in known if state == now), "") for _, now in pairs]
        if not any(names):
            return
        part.remove_all_geoms()
        for (geom, _), name in zip(pairs, names, strict=True):
            if name:  # without a name: the translucent once more, of before
                part.add_geom(geom, self._states[name + self._styled])
                if self._split and name != "depth":
                    part.add_geom(geom, self._states[f"{name}_glass"])

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
        scene.set_shader_input("painted", vec(legend.painted))
        scene.set_shader_input("hatch_takes", 1.0 if legend.hatch_takes else 0.0)
