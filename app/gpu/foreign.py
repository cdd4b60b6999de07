"""Tiles made by others as they want to look: base colour, vertex colours, textures, transparency, points, lines.

Where a feature is a building of the district its flux wins, and the look stays as light and dark; a style colours or
hides features whatever they are, and the colour of points is then the style's alone. Translucent surfaces are drawn
last, back to front, and so are the features that a style makes translucent. Sources: glTF 2.0 specification 3.9
(materials), KHR_materials_unlit; 3D Tiles Styling 1.1 (show, color, pointSize).
"""

from __future__ import annotations

import threading
import weakref
from collections import deque
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from panda3d.core import (
    CullBinAttrib,
    CullBinManager,
    CullFaceAttrib,
    DepthTestAttrib,
    DepthWriteAttrib,
    Geom,
    GeomNode,
    NodePath,
    RenderState,
    ShaderAttrib,
    Texture,
    TransparencyAttrib,
)

from app.gpu.arrays import matrix, picture, points, pour, strokes, triangles, vertices
from app.gpu.programs import program
from app.gpu.view import MASKED, PICK_MASK, SHADOW_MASK, vec
from app.tiles.mesh import AlphaMode, Look, Mesh

Array = NDArray[Any]
_GLASS = "glass"
"""Bin of what is translucent: after ground and sky, farthest first."""
_GLASS_SORT = 45
_LARGE_BYTES = 512 * 512 * 4
"""Of these a frame takes one texture."""
_SAMPLE = 2000
"""Vertices of a mesh that tell where it is."""
_THERE = 0.75
"""Alpha from which a texel that calls for blending is drawn as if it were opaque."""
_INK = (0.012, 0.012, 0.014, 1.0)
"""Outlines of a surface."""
_LARGEST_DOT = 4.0
"""Largest dot over what the mesh asks for: close by, dots grow until they touch."""


class Picture:
    """A texture in full, filled on the decoding thread; shared by the meshes that share its texels."""

    def __init__(self, look: Look) -> None:
        assert look.texture is not None
        self.texels = look.texture
        self.levels = (self.texels, *mipmaps(self.texels))
        self.full = picture(look)
        pour(self.full, self.levels)
        self.large = self.texels.nbytes > _LARGE_BYTES

    @property
    def nbytes(self) -> int:
        """Memory beside the texels themselves."""
        return sum(level.nbytes for level in self.levels[1:])

    def coarse(self, look: Look) -> Texture:
        """The same small, to stand in until the frame has room for a large one."""
        small = picture(look)
        pour(small, next(self.levels[k:] for k, level in enumerate(self.levels) if level.nbytes <= _LARGE_BYTES // 16))
        return small


@dataclass(frozen=True)
class Made:
    """What the decoding thread makes of a mesh: geometry as the engine holds it."""

    info: Array
    """The mesh's own when this was made: with other slots it is made again."""
    surface: Geom | None
    strokes: Geom | None
    dots: Geom | None
    mirrored: bool
    """Every face is turned around."""
    sample: Array
    """[k, 3] some of the vertices, to tell where the mesh is."""
    nbytes: int = 0
    """Geometry counts as the mesh's own arrays do."""


def made_of(mesh: Mesh, *, mirrored: bool) -> Made:
    """Geometry of a mesh; for the decoding thread."""
    columns = [("vertex", mesh.position), ("normal", mesh.normal), ("info", mesh.info)]
    columns += [("tint", mesh.color)] if len(mesh.color) else []
    columns += [("uv", mesh.uv)] if len(mesh.uv) else []
    data = vertices(columns)
    low, high = mesh.bounds
    solid = np.concatenate([mesh.walls, mesh.roofs]) if len(mesh.roofs) else mesh.walls
    if mirrored:
        solid = solid.reshape(-1, 3)[:, ::-1].ravel()
    some = mesh.position[:: 1 + len(mesh.position) // _SAMPLE].astype(np.float64)
    return Made(
        mesh.info,
        triangles(data, solid, low=low, high=high) if len(solid) else None,
        strokes(data, mesh.lines, low=low, high=high) if len(mesh.lines) else None,
        points(data, mesh.dots, low=low, high=high) if len(mesh.dots) else None,
        mirrored, some[np.isfinite(some).all(axis=1)],
    )  # fmt: skip


class Foreign:
    """Makes nodes of foreign meshes, one render state per look; textures are shared by what shares them."""

    def __init__(self, town: NodePath) -> None:
        """`town`: the node that tiles hang below."""
        self._town = town
        self._known: dict[int, weakref.ref[Picture]] = {}
        self._lock = threading.Lock()
        self._surfaces: dict[int, list[_Surface]] = {}
        self._coarse: deque[tuple[int, Picture]] = deque()
        """(tile, picture) of large ones that are shown coarse until it is their turn."""
        self._poured = False
        self._split = False
        self.met = False
        """Whether a mesh made by others has come to a decoding thread."""
        self._warm: NodePath | None = None
        bins = CullBinManager.get_global_ptr()
        if bins.find_bin(_GLASS) < 0:
            bins.add_bin(_GLASS, CullBinManager.BT_back_to_front, _GLASS_SORT)
        town.set_shader_input("bound_slots", 0.0)

    def prepare(self, mesh: Mesh) -> Mesh:
        """Geometry and texture in all sizes, made on the decoding thread."""
        self.met = True
        made = made_of(mesh, mirrored=_mirrors(mesh.matrix))
        found = self._picture(mesh)
        return replace(mesh, ahead=(made, found) if found is not None else (made,))

    def _picture(self, mesh: Mesh) -> Picture | None:
        """The mesh's picture; meshes with the same texels and sampler have the same."""
        look = mesh.look
        if look is None or look.texture is None or not len(mesh.uv):
            return None
        key = hash((id(look.texture), look.wrap_s, look.wrap_t, look.nearest))
        with self._lock:
            known = self._known.get(key)
            found = known() if known is not None else None
            if found is None or found.texels is not look.texture:
                found = Picture(look)
                self._known = {k: r for k, r in self._known.items() if r() is not None} | {key: weakref.ref(found)}
            return found

    def build(self, node: int, path: NodePath, mesh: Mesh, world: NDArray[np.float64]) -> NDArray[np.float64]:
        """Nodes of `mesh` below `path`, the node of tile `node`; returns [k, 3] places of it in the world."""
        look = mesh.look
        assert look is not None
        mesh = mesh if mesh.ahead else self.prepare(mesh)
        made, *found = mesh.ahead
        if made.info is not mesh.info or made.mirrored != _mirrors(world):
            made = made_of(mesh, mirrored=_mirrors(world))
        coloured, faced = len(mesh.color) > 0, bool(len(mesh.normal)) and bool(mesh.normal[:1].any())
        inputs = {"base_color": vec(look.base_color), "matter": vec((_cutoff(look), look.unlit, coloured, faced))}
        if made.surface is not None:
            surface = self._surface(node, made.surface, look, found[0] if found else None)
            laid = self._lay(path, surface, world, inputs)
            if look.alpha_mode != AlphaMode.OPAQUE:
                laid.set_tag(MASKED, "1") if found else laid.hide(SHADOW_MASK)
        if made.strokes is not None:
            part = GeomNode("strokes")
            part.add_geom(made.strokes, _thin("strokes"))
            ink = {"base_color": vec(_INK), "matter": vec((0, 1, 0, 0))} if made.surface is not None else {}
            self._lay(path, part, world, inputs | ink).hide(SHADOW_MASK | PICK_MASK)
        if made.dots is not None:
            cloud = _Surface(GeomNode("dots"), made.dots, look, None, None, dots=True)
            self._surfaces.setdefault(node, []).append(cloud)
            self._dress(cloud)
            self._lay(path, cloud.node, world, inputs | {"dot_size": vec(_dot_size(mesh, world))}).hide(SHADOW_MASK)
        return np.asarray(made.sample @ world[:3, :3].T + world[:3, 3], np.float64)

    def _surface(self, node: int, geom: Geom, look: Look, found: Picture | None) -> GeomNode:
        """A surface's node; its picture is only a coarse one where the frame has had its large one."""
        mine = self._surfaces.setdefault(node, [])
        texture = found.full if found is not None else None
        if found is not None and found.large:
            waiting = next((s.texture for s in mine if s.picture is found), None)
            if waiting is not None:
                texture = waiting
            elif self._poured:
                texture = found.coarse(look)
                self._coarse.append((node, found))
            self._poured = True
        surface = _Surface(GeomNode("surface"), geom, look, found, texture)
        mine.append(surface)
        self._dress(surface)
        return surface.node

    def _dress(self, surface: _Surface) -> None:
        surface.node.remove_all_geoms()
        look = surface.look
        for state in self._dot_states(look) if surface.dots else self._states(look, surface.texture):
            surface.node.add_geom(surface.geom, state)

    def forget(self, node: int) -> None:
        """Tile `node` is gone."""
        self._surfaces.pop(node, None)
        if self._coarse:
            self._coarse = deque(entry for entry in self._coarse if entry[0] != node)

    @property
    def pending(self) -> bool:
        """Whether textures are shown coarser than they are."""
        return bool(self._coarse)

    def refine(self) -> None:
        """Once a frame: the next large texture in full. Uploading one of 1024 squared takes 3 ms, so it is one."""
        self._poured = bool(self._coarse)
        if self._coarse:
            node, found = self._coarse.popleft()
            for surface in self._surfaces.get(node, ()):
                if surface.picture is found:
                    surface.texture = found.full
                    self._dress(surface)

    def bind(self, count: int) -> None:
        """Slots from 1 to `count` are buildings of the district, with values."""
        self._town.set_shader_input("bound_slots", float(count))

    def split(self, on: bool) -> None:
        """Whether a style makes features translucent, which are then drawn by themselves after all others."""
        if on == self._split:
            return
        self._split = on
        for surface in (s for several in self._surfaces.values() for s in several):
            self._dress(surface)

    def warm(self) -> None:
        """Have every program compiled by the next frame, on triangles without area; `cool` takes them away.

        Software GL compiles at the first use of a pair of program and state, 80 to 200 ms each.
        """
        nowhere = np.zeros((3, 3), np.float32)
        columns = (("vertex", nowhere), ("normal", nowhere), ("info", np.zeros((3, 4), np.float32)))
        data = vertices((*columns, ("tint", np.ones((3, 4), np.float32)), ("uv", np.zeros((3, 2), np.float32))))
        self._warm = self._town.attach_new_node("warm")
        white = _white()
        inputs = {"base_color": vec((1, 1, 1, 1)), "matter": vec((0.5, 0, 1, 1)), "dot_size": vec((1, 1, 1))}
        corner = np.arange(3)
        for mode in AlphaMode:
            for texture in (white, None):
                part = GeomNode("surface")
                for state in self._states(Look(alpha_mode=mode), texture):
                    part.add_geom(triangles(data, corner), state)
                laid = self._lay(self._warm, part, np.eye(4), inputs)
                if mode == AlphaMode.MASK and texture is not None:
                    laid.set_tag(MASKED, "1")
        thin = GeomNode("thin")
        for name in ("dots", "dots_blend", *["dots_glass"] * self._split):
            thin.add_geom(points(data, corner), _thin(name))
        thin.add_geom(strokes(data, corner[:2]), _thin("strokes"))
        self._lay(self._warm, thin, np.eye(4), inputs)

    def cool(self) -> None:
        """Take away what `warm` laid out."""
        if self._warm is not None:
            self._warm.remove_node()
            self._warm = None

    def _lay(self, path: NodePath, part: GeomNode, world: NDArray[np.float64], inputs: dict[str, Any]) -> NodePath:
        laid = path.attach_new_node(part)
        laid.set_mat(matrix(world))
        for name, value in inputs.items():
            laid.set_shader_input(name, value)
        return laid

    def _states(self, look: Look, texture: Texture | None) -> list[RenderState]:
        """States that a surface is drawn by, one after another.

        Leaves and fences that call for blending are nearly all there or not at all: what is there is drawn as if cut
        out, and only the rest is blended, so that it matters little in which order.
        """
        glass = [_state("_glass", look, texture)] * self._split
        if look.alpha_mode == AlphaMode.MASK:
            return [_state("_mask", look, texture), *glass]
        if look.alpha_mode == AlphaMode.BLEND:
            return [_state("_mask", look, texture)] * (texture is not None) + [_state("_blend", look, texture)]
        return [_state("_picture" if texture is not None else "", look, texture), *glass]

    def _dot_states(self, look: Look) -> list[RenderState]:
        if look.alpha_mode == AlphaMode.BLEND:
            return [_thin("dots_blend")]
        return [_thin("dots"), *[_thin("dots_glass")] * self._split]


@dataclass
class _Surface:
    """One that is drawn, or a cloud of points, with what its states are made of."""

    node: GeomNode
    geom: Geom
    look: Look
    picture: Picture | None
    texture: Texture | None
    """The picture in full, or its coarse stand-in."""
    dots: bool = False


def _mirrors(matrix: Array) -> bool:
    """Whether a [4, 4] matrix turns left into right, and faces around with it."""
    (a, b, c, _), (d, e, f, _), (g, h, i, _), _ = matrix.tolist()
    return bool(a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g) < 0)


def _cutoff(look: Look) -> float:
    return _THERE if look.alpha_mode == AlphaMode.BLEND else look.alpha_cutoff


def _state(name: str, look: Look, texture: Texture | None) -> RenderState:
    attrib: Any = ShaderAttrib.make(program(f"foreign{name}"))
    if name:
        attrib = attrib.set_shader_input("picture", texture if texture is not None else _white())
    face = CullFaceAttrib.make(CullFaceAttrib.M_cull_none if look.double_sided else CullFaceAttrib.M_cull_clockwise)
    state = RenderState.make(attrib, face, DepthTestAttrib.make(DepthTestAttrib.M_less_equal))
    return glass(state) if name in ("_blend", "_glass") else state


def glass(state: RenderState) -> RenderState:
    """The same state for what is translucent: drawn last, farthest first, none hiding another."""
    clear = state.set_attrib(TransparencyAttrib.make(TransparencyAttrib.M_alpha))
    clear = clear.set_attrib(DepthTestAttrib.make(DepthTestAttrib.M_less))  # not where it is drawn already
    return clear.set_attrib(CullBinAttrib.make(_GLASS, 0)).set_attrib(DepthWriteAttrib.make(DepthWriteAttrib.M_off))


def mipmaps(texture: Array) -> tuple[Array, ...]:
    """Halves of a [height, width, 4] u8 texture down to 1x1: means of four texels, odd edges dropped.

    The mean is taken of the sRGB bytes: a little dark where black meets white, at a tenth of the cost of doing it in
    linear light. Colour is weighted by alpha, so that what is cut out does not bleed into the edge.
    """
    made, now = list[Array](), texture
    opaque = bool((texture[..., 3] == 255).all())
    while max(now.shape[:2]) > 1:
        height, width = (max(s // 2, 1) for s in now.shape[:2])
        rows = now[: 2 * height].reshape(height, -1, now.shape[1], 4)
        tall = rows[:, 0].astype(np.uint16) + rows[:, -1]
        cells = tall[:, : 2 * width].reshape(height, width, -1, 4)
        mean = (cells[:, :, 0] + cells[:, :, -1] + 2) >> 2
        now = mean.astype(np.uint8) if opaque else _weighted(now, height, width)
        made.append(now)
    return tuple(made)


def _weighted(now: Array, height: int, width: int) -> Array:
    """Means of four texels, colour weighted by alpha."""
    rows = now[: 2 * height].reshape(height, -1, now.shape[1], 4)
    four = np.stack([side[:, : 2 * width].reshape(height, width, -1, 4)[:, :, k]
                     for side in (rows[:, 0], rows[:, -1]) for k in (0, -1)]).astype(np.float32)  # fmt: skip
    weight = four[..., 3:] + 1e-3
    colour = (four[..., :3] * weight).sum(axis=0) / weight.sum(axis=0)
    return np.concatenate([colour + 0.5, four[..., 3:].mean(axis=0) + 0.5], axis=-1).astype(np.uint8)


def _dot_size(mesh: Mesh, world: NDArray[np.float64]) -> tuple[float, float, float]:
    """Least and most pixels, metres between neighbours.

    Neighbours lie as far apart as the sides of the box around the points let them, were they spread over its faces.
    """
    low, high = mesh.bounds
    a, b, c = np.abs(np.asarray(high, np.float64) - low) * np.linalg.norm(world[:3, :3], axis=0)
    apart = float(np.sqrt((a * b + b * c + c * a) / max(len(mesh.dots), 1)))
    return 0.5 * mesh.dot_px, _LARGEST_DOT * mesh.dot_px, 1.2 * apart


def _thin(name: str) -> RenderState:
    shader: Any = ShaderAttrib.make(program(name))
    if name != "strokes":
        shader = shader.set_flag(ShaderAttrib.F_shader_point_size, True)
    state = RenderState.make(shader, DepthTestAttrib.make(DepthTestAttrib.M_less_equal))
    return glass(state) if name in ("dots_blend", "dots_glass") else state


_WHITE: list[Texture] = []


def _white() -> Texture:
    """A texture that changes nothing."""
    if not _WHITE:
        _WHITE.append(picture(Look()))
        _WHITE[0].set_keep_ram_image(True)  # it outlives the window that it was first drawn in
        pour(_WHITE[0], (np.full((1, 1, 4), 255, np.uint8),))
    return _WHITE[0]
