"""Routes of a substation's cables: shortest ways along streets, or over open ground where no street is known.

The ground is a raster of cells of about 3 m, dear inside buildings. Shortest paths from the substation to every
building's cheapest front form a tree. Where streets are known, their middles are cheapest, trunks follow them, and
services leave straight to the nearest front (tools/gridstreets.py). Where not, cells are cheapest a few metres off
the fronts (as under a pavement), and buildings connect farthest first: a service runs up its path to a joint on the
trunk that others have laid, or lays new trunk.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.district import Float, Int
from tools.gridstreets import Streets

Cells = NDArray[np.integer]
"""Flat numbers of raster cells."""

CELL_M, MOST_CELLS = 3.0, 90_000
MARGIN_M, STREETS_MARGIN_M = 25.0, 120.0
"""Ground around the buildings that is searched; where streets are known, far enough for the next crossing."""
MOVES = {
    (1, 0): (), (0, 1): (), (1, 1): ((1, 0), (0, 1)), (1, -1): ((1, 0), (0, -1)),
    (1, 2): ((0, 1), (1, 1)), (2, 1): ((1, 0), (1, 1)), (1, -2): ((0, -1), (1, -1)), (2, -1): ((1, 0), (1, -1)),
}  # fmt: skip
"""Steps from cell to cell (each also backwards: sixteen directions), and the cells brushed on the way."""
INSIDE_COST, UNDER_HOUSES_COST = 25.0, 80.0
"""Cost of a metre under a building, against 1 on the pavement: used only to leave closed courtyards; with streets."""
SHARED_COST = 0.5
"""Cost of a metre in a trench that others dig."""
SERVICE_M = 18.0
"""Longest way from a building's front up its path to the trunk before it lays trunk of its own."""
JOINT_M = 9.0
"""Joints on the trunk are at least this far apart where services allow."""


@dataclass(frozen=True)
class Route:
    """Branches of one substation, a parent before its children. Node 0 is the busbar; branch b ends at node b + 1."""

    parent: Int
    """[branch] node."""
    service: Int
    """[branch] building served, -1 = trunk."""
    polyline: tuple[NDArray[np.float64], ...]
    """[branch] [n, 2] from the parent's node to the branch's own, metres."""
    length_m: Float
    reach_m: Float
    """[building] length of the way from the busbar."""
    node_m: NDArray[np.float64]
    """[node, 2]"""


def route(
    rings: Sequence[NDArray[np.float64]], obstacles: Sequence[NDArray[np.float64]], weight: Float,
    streets: Streets | None = None,
) -> Route:  # fmt: skip
    """Lay cables from the place nearest to the weighted middle of the buildings.

    Args:
        rings: [building] footprint outlines, [n, 2] metres, of the buildings to serve.
        obstacles: outlines of buildings of others that stand between them.
        weight: [building] how much each draws the substation towards itself.
        streets: streets and water around them, where known.
    """
    raster = _Raster(rings, obstacles, streets)
    middle = np.average([r.mean(axis=0) for r in rings], axis=0, weights=np.maximum(weight, 1e-9))
    root = raster.open_near(middle)
    before, metres = raster.paths(root)
    access = np.array([raster.front(k, metres) for k in range(len(rings))])
    for least in (3, 2) if len(rings) > 2 else ():  # again, with shared ways made cheaper: fewer, fuller trenches
        raster.share(access, before, root, least=least)
        before, metres = raster.paths(root)
        access = np.array([raster.front(k, metres) for k in range(len(rings))])
    if raster.streets is not None:
        joint, trunk, fronts = _taps(raster, access, before, root)
        straight = lambda k: np.vstack([raster.places([int(joint[k])]), fronts[k]])  # noqa: E731
        return _branches(raster, joint, trunk, before, root, straight)
    joint, trunk = _joints(access, before, metres, root)
    return _branches(raster, joint, trunk, before, root, lambda k: _service(raster, k, access, joint, before))


def _taps(
    raster: _Raster, access: Cells, before: Cells, root: int
) -> tuple[Cells, set[int], NDArray[np.float64]]:  # fmt: skip
    """[building] cell of its joint on a street's trunk, the trunk's cells, and [building, 2] where services end."""
    streets = raster.streets
    assert streets is not None
    near = streets.nearest(raster.outlines, raster.blockers, raster.places(np.arange(raster.inside.size)))
    starts = [int(near[k]) if near[k] >= 0 else streets.tap(int(c), before, root, raster.places)
              for k, c in enumerate(access)]  # fmt: skip
    trunk = _ways(starts, before, root)
    cells = np.array(sorted(trunk))
    raster.centre(cells)
    joint, fronts = streets.connect(raster.outlines, raster.blockers, cells, raster.places(cells))
    return joint, _ways(joint, before, root), fronts


def _ways(starts: Sequence[int] | Cells, before: Cells, root: int) -> set[int]:
    """Cells on the ways from some cells to the root."""
    found = {root}
    for cell in starts:
        at = int(cell)
        while at not in found:
            found.add(at)
            at = int(before[at])
    return found


def _service(raster: _Raster, k: int, access: Cells, joint: Cells, before: Cells) -> NDArray[np.float64]:
    """[n, 2] way of building k's service from its joint over open ground to its front."""
    path = [int(access[k])]
    while path[-1] != joint[k]:
        path.append(int(before[path[-1]]))
    return np.vstack([_straighten(raster.places(path[::-1])), raster.facade(k, int(access[k]))])


def _joints(access: Cells, before: Cells, metres: Float, root: int) -> tuple[Cells, set[int]]:
    """[building] cell of its joint, and the cells of the trunk: farthest buildings lay it, nearer ones meet it."""
    trunk, joints = {root}, {root}
    chosen = np.empty(len(access), dtype=np.int64)
    for k in np.lexsort((access, -metres[access])):
        cell = start = int(access[k])
        while cell not in trunk and metres[start] - metres[cell] < SERVICE_M:
            cell = int(before[cell])
        if cell in trunk:
            at = cell
            while at not in joints and metres[cell] - metres[at] < JOINT_M:
                at = int(before[at])
            cell = at if at in joints else cell
        else:
            cell = start
            at = cell
            while at not in trunk:
                trunk.add(at)
                at = int(before[at])
        joints.add(cell)
        chosen[k] = cell
    return chosen, trunk


def _branches(
    raster: _Raster, joint: Cells, trunk: set[int], before: Cells, root: int,
    service_way: Callable[[int], NDArray[np.float64]],
) -> Route:  # fmt: skip
    children: dict[int, int] = {}
    for cell in trunk - {root}:
        children[int(before[cell])] = children.get(int(before[cell]), 0) + 1
    keys = {int(j) for j in joint} | {c for c, n in children.items() if n > 1} | {root}
    node, parent, service, lines = {root: 0}, [], [], []
    order = sorted(keys - {root}, key=lambda c: (_depth(c, before, root), c))
    for cell in order:
        path = [cell]
        while path[-1] == cell or path[-1] not in keys:
            path.append(int(before[path[-1]]))
        parent.append(node[path[-1]])
        service.append(-1)
        lines.append(_straighten(raster.places(path[::-1])))
        node[cell] = len(parent)
    for k in range(len(joint)):
        parent.append(node[int(joint[k])])
        service.append(k)
        lines.append(service_way(k))
    length = np.array([max(float(np.hypot(*np.diff(p, axis=0).T).sum()), 0.5) for p in lines])
    reach = np.zeros(len(parent) + 1)
    for b, p in enumerate(parent):
        reach[b + 1] = reach[p] + length[b]
    ends = np.vstack([raster.places([root]), *[p[-1:] for p in lines]])
    return Route(
        parent=np.array(parent, dtype=np.int32), service=np.array(service, dtype=np.int32), polyline=tuple(lines),
        length_m=length, reach_m=reach[-len(joint):], node_m=ends,
    )  # fmt: skip


def _depth(cell: int, before: Cells, root: int) -> int:
    steps = 0
    while cell != root:
        cell, steps = int(before[cell]), steps + 1
    return steps


def _straighten(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Path of cells as few vertices: Douglas-Peucker within a third of a cell."""
    import shapely

    if len(points) < 3:
        return points
    return shapely.get_coordinates(shapely.simplify(shapely.linestrings(points), 0.9))


class _Raster:
    """Cells around some buildings, and the shortest ways over them."""

    def __init__(
        self, rings: Sequence[NDArray[np.float64]], obstacles: Sequence[NDArray[np.float64]], streets: Streets | None
    ) -> None:
        import shapely
        from scipy import ndimage

        own = np.vstack(rings)
        margin = MARGIN_M if streets is None else STREETS_MARGIN_M
        self.low = own.min(axis=0) - margin
        extent = own.max(axis=0) + margin - self.low
        self.cell = max(CELL_M, float(np.sqrt(extent[0] * extent[1] / MOST_CELLS)))
        self.shape = tuple(np.ceil(extent / self.cell).astype(int))
        self.outlines = [shapely.polygons(r) for r in rings]
        inside = np.zeros(self.shape, dtype=bool)
        self.blockers = [*self.outlines, *[shapely.polygons(r) for r in obstacles]]
        for outline in self.blockers:
            self._fill(inside, outline)
        self.inside = inside
        away = ndimage.distance_transform_edt(~inside) * self.cell
        cost = 1.0 + 0.6 * np.exp(-((away / 2.5) ** 2)) + 0.4 * (1.0 - np.exp(-away / 25.0))
        self.away = away
        index = np.indices(self.shape).reshape(2, -1).T
        self._place = (index + 0.5) * self.cell + self.low
        self.streets = streets.around(self._place.reshape(*self.shape, 2), inside) if streets is not None else None
        under = INSIDE_COST
        if self.streets is not None:
            cost, under = self.streets.cost, UNDER_HOUSES_COST
        self.cost = self.alone = np.where(inside, under, cost)

    def _fill(self, inside: NDArray[np.bool_], outline: object) -> None:
        import shapely

        box = shapely.bounds(outline)
        first = np.clip(((box[:2] - self.low) / self.cell).astype(int), 0, self.shape)
        last = np.clip(((box[2:] - self.low) / self.cell).astype(int) + 1, 0, self.shape)
        i, j = np.meshgrid(np.arange(first[0], last[0]), np.arange(first[1], last[1]), indexing="ij")
        if i.size:
            x, y = (np.stack([i, j]).reshape(2, -1) + 0.5) * self.cell + self.low[:, None]
            inside[i.ravel(), j.ravel()] |= shapely.intersects_xy(outline, x, y)  # no slit between neighbours

    def places(self, cells: Sequence[int] | Cells) -> NDArray[np.float64]:
        """[n, 2] middles of cells, metres."""
        return self._place[np.asarray(cells, dtype=int)]

    def centre(self, cells: Cells) -> None:
        """Move cells that lie on a street to its middle."""
        if self.streets is not None:
            self._place[cells] = self.streets.middles(cells, self._place[cells])

    def open_near(self, place: NDArray[np.float64]) -> int:
        """Open cell nearest to a place, with an open cell between it and buildings where there is room.

        Where streets are known it stands beside one.
        """
        room = min(1.9 * self.cell, float(self.away.max()))
        good = np.flatnonzero((~self.inside & (self.away >= room)).ravel())
        if self.streets is not None:
            beside = np.flatnonzero((~self.inside & (self.away >= 0.9 * self.cell) & self.streets.beside).ravel())
            good = beside if len(beside) else good
        tight = 40.0 * (self.away.ravel()[good] < room) if self.streets is not None else 0.0
        if not len(good):
            good = np.arange(self.inside.size)
        return int(good[np.argmin(np.hypot(*(self.places(good) - place).T) + tight)])

    def paths(self, root: int) -> tuple[Cells, Float]:
        """[cell] its predecessor on the way from the root, and the cost-metres of that way."""
        from scipy import sparse
        from scipy.sparse import csgraph

        index = np.arange(self.inside.size).reshape(self.shape)
        rows, columns, values = [], [], []
        for move, brushed in MOVES.items():
            cost = np.mean([self._from(self.cost, move, by) for by in ((0, 0), move, *brushed)], axis=0)
            rows.append(self._from(index, move, (0, 0)).ravel())
            columns.append(self._from(index, move, move).ravel())
            values.append((cost * np.hypot(*move) * self.cell).ravel())
        graph = sparse.coo_matrix(
            (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), shape=(index.size, index.size)
        ).tocsr()
        metres, before = csgraph.dijkstra(graph, directed=False, indices=root, return_predecessors=True)
        return before, metres

    def _from(self, cells: NDArray[Any], move: tuple[int, int], by: tuple[int, int]) -> NDArray[Any]:
        """Cells at offset `by` from every cell that can make `move`."""
        i, j, high = by[0], by[1] + max(-move[1], 0), self.shape[1] - abs(move[1])
        return cells[i : self.shape[0] - move[0] + i, j : j + high]

    def share(self, access: Cells, before: Cells, root: int, *, least: int) -> None:
        """Make cells cheaper that at least so many ways use, and only those."""
        used = np.zeros(self.inside.size, dtype=int)
        for cell in access:
            at = int(cell)
            while at != root:
                used[at] += 1
                at = int(before[at])
        self.cost = np.where(used.reshape(self.shape) >= least, SHARED_COST * self.alone, self.alone)

    def front(self, k: int, metres: Float) -> int:
        """Open cell beside building k that is reached most cheaply."""
        import shapely

        box = np.array(shapely.bounds(self.outlines[k]))
        first = np.clip(((box[:2] - self.low) / self.cell).astype(int) - 2, 0, self.shape)
        last = np.clip(((box[2:] - self.low) / self.cell).astype(int) + 3, 0, self.shape)
        i, j = np.meshgrid(np.arange(first[0], last[0]), np.arange(first[1], last[1]), indexing="ij")
        cells = np.ravel_multi_index((i.ravel(), j.ravel()), self.shape)
        x, y = self.places(cells).T
        gap = shapely.distance(self.outlines[k], shapely.points(x, y))
        price = metres[cells] + 2.0 * gap + 1e3 * self.inside.ravel()[cells] + 1e3 * (gap > 2.0 * self.cell)
        return int(cells[np.argmin(price)])

    def facade(self, k: int, access: int) -> NDArray[np.float64]:
        """[1, 2] point of building k's outline nearest to its access cell."""
        import shapely

        way = shapely.shortest_line(self.outlines[k], shapely.points(*self.places([access])[0]))
        return shapely.get_coordinates(way)[:1]
