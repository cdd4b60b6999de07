"""Which row of the district a feature of any tileset is, by its id or by where it stands; and what a point is.

A tile names its features by a property (`id`, `gml_id` and the like, or the one that is given). Where that says nothing
of the district's buildings, the middle of the feature's vertices is looked up among the buildings' feet.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.tiles.features import Column, Table
from app.tiles.mesh import NO_FEATURE, Mesh
from app.tiles.styling.functions import UNDEFINED

Float = NDArray[np.float64]
Slots = NDArray[np.int64]
NEAR_M = 6.0
"""A building is found at least from so far off its foot, however small it is."""
_NAMES = 6
"""Names of properties that are told."""


@dataclass(frozen=True)
class Binding:
    """The district's buildings, as tiles may call them or where they stand."""

    slots: Mapping[str, int] = field(default_factory=dict)
    """Building id -> row of the value texture, from 1."""
    feet_m: Float = field(default_factory=lambda: np.zeros((0, 3)))
    """[building, 3] world, in the order of the rows."""
    reach_m: Float = field(default_factory=lambda: np.zeros(0))
    """[building] how far off its foot a point still is this building."""
    id_property: str = ""
    """Property that names the building; empty: the usual ones."""

    @property
    def count(self) -> int:
        """Rows that belong to buildings; 0 is no building."""
        return max(self.slots.values(), default=0)

    def by_id(self, ids: Sequence[str]) -> Slots:
        """[feature] slot, 0 where the id is no building's."""
        return np.array([self.slots.get(i, 0) for i in ids], np.int64)

    def by_place(self, middle_m: Float) -> Slots:
        """[feature] slot of the nearest building that reaches so far; 0 without one."""
        if not len(self.feet_m) or not len(middle_m):
            return np.zeros(len(middle_m), np.int64)
        sure = np.nan_to_num(middle_m[:, :2], nan=1e12, posinf=1e12, neginf=-1e12)
        away, nearest = self._tree.query(sure)
        return np.where(away <= np.maximum(self.reach_m[nearest], NEAR_M), nearest + 1, 0)

    @cached_property
    def _tree(self) -> Any:
        from scipy.spatial import cKDTree  # slow to import: only where places are asked for

        return cKDTree(self.feet_m[:, :2])


class Naming:
    """Which properties the features had that were read, for who asked for one; `bind` is for the decoding threads."""

    def __init__(self, id_property: str, bind: Callable[..., tuple[Mesh, ...]]) -> None:
        """`bind` goes on with the meshes."""
        self._wanted, self._bind = id_property, bind
        self._known: dict[str, None] = {}
        self._features = False

    def bind(self, node: int, meshes: tuple[Mesh, ...], *more: Any) -> tuple[Mesh, ...]:
        """The meshes of a content, as they are bound."""
        for mesh in meshes:
            if mesh.table is not None and mesh.table.count:
                self._known.update(dict.fromkeys(mesh.table.columns))
                self._features = True
        return self._bind(node, meshes, *more)

    @property
    def complaint(self) -> str:
        """That no feature has the property, and which ones there are, the most similar first; empty: one has it."""
        known = list(self._known)
        if not self._features or self._wanted in known:
            return ""
        lower = {name.lower(): name for name in known}
        similar = [lower[name] for name in get_close_matches(self._wanted.lower(), lower, _NAMES, 0.5)]
        told = list(dict.fromkeys([*similar, *known]))
        there = ", ".join(told[:_NAMES]) + (", ..." if len(told) > _NAMES else "")
        return f"no feature has the property {self._wanted!r} that --id-property names; there are {there or 'none'}"


def binding(ids: Sequence[str], feet_m: Float, footprint_m2: Float, id_property: str = "") -> Binding:
    """Of the district's buildings in their order; a building reaches as far as a circle of its footprint."""
    return Binding(
        slots={name: k + 1 for k, name in enumerate(ids)}, feet_m=np.asarray(feet_m, np.float64).reshape(-1, 3),
        reach_m=np.sqrt(np.maximum(np.nan_to_num(footprint_m2), 0.0) / np.pi), id_property=id_property,
    )  # fmt: skip


def middles(meshes: Sequence[Mesh], count: int, world_from_tile: Float) -> Float:
    """[feature, 3] middle of the box around each feature's vertices in the world; NaN where it has none."""
    low, high = np.full((count, 3), np.inf), np.full((count, 3), -np.inf)
    for mesh in meshes:
        if not len(mesh.feature):
            continue
        matrix = world_from_tile @ mesh.matrix
        with np.errstate(invalid="ignore"):  # a broken vertex has no place
            place = mesh.position.astype(np.float64) @ matrix[:3, :3].T + matrix[:3, 3]
        known = (mesh.feature != NO_FEATURE) & (mesh.feature < count)
        np.minimum.at(low, mesh.feature[known], place[known])
        np.maximum.at(high, mesh.feature[known], place[known])
    return np.where(np.isfinite(low), (low + np.where(np.isfinite(high), high, 0.0)) / 2, np.nan)


def table_of_points(mesh: Mesh, earth_from_tile: Float, wanted: Collection[str]) -> Table:
    """A row for every vertex of a point cloud: the properties of its feature and, where `wanted`, its own.

    `POSITION` is in the cloud's own coordinates, `POSITION_ABSOLUTE` on the earth, `NORMAL` in the tile, in metres and
    without unit; `COLOR` is sRGB and alpha from 0 to 1. Source: 3D Tiles Styling specification 1.0, point clouds.
    """
    count = len(mesh.position)
    table = mesh.table if mesh.table is not None else Table(0)
    feature = mesh.feature if len(mesh.feature) else np.full(count, NO_FEATURE, np.uint32)
    known = feature < table.count
    row = np.where(known, feature, 0).astype(np.int64)
    columns = {name: _spread(column, row, known) for name, column in table.columns.items()} if table.count else {}
    turn = mesh.matrix[:3, :3]
    place = mesh.position @ turn.T + mesh.matrix[:3, 3]
    if "POSITION" in wanted:
        columns["POSITION"] = place - np.array(mesh.origin_m)
    if "POSITION_ABSOLUTE" in wanted:
        columns["POSITION_ABSOLUTE"] = place @ earth_from_tile[:3, :3].T + earth_from_tile[:3, 3]
    if "COLOR" in wanted:
        columns["COLOR"] = _srgb(mesh)
    if "NORMAL" in wanted and mesh.normal.any():
        facing = mesh.normal @ np.linalg.pinv(turn)  # the inverse transpose, for rows
        columns["NORMAL"] = facing / np.maximum(np.linalg.norm(facing, axis=1, keepdims=True), 1e-12)
    if not table.lineages:
        return Table(count, columns)
    lineage = np.where(known, table.lineage[row], len(table.lineages))
    return Table(count, columns, (), (*table.lineages, ()), lineage)


def _spread(column: Column, row: Slots, known: NDArray[np.bool_]) -> Column:
    if isinstance(column, np.ndarray) and known.all():
        return column[row]
    return [column[k] if sure else UNDEFINED for k, sure in zip(row.tolist(), known.tolist(), strict=True)]


def _srgb(mesh: Mesh) -> Float:
    """[vertex, 4] colour of the points without light."""
    base = mesh.look.base_color if mesh.look is not None else (1.0, 1.0, 1.0, 1.0)
    own = np.array(base) * (mesh.color if len(mesh.color) else np.ones((len(mesh.position), 4)))
    light = own[:, :3]
    own[:, :3] = np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.maximum(light, 1e-9) ** (1 / 2.4) - 0.055)
    whole = np.round(own * 255) / 255
    return np.where(np.abs(own - whole) < 1e-5, whole, own)  # what was a byte in the file is exactly that again
