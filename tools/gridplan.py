"""A synthetic low-voltage grid: substations by clustering, cables over open ground, sizes that hold.

Rules: a substation serves at most 80 buildings, 250 kVA coincident peak, no building farther than 400 m by cable;
a building above 250 kVA has a transformer of its own; buildings farther than 200 m from all others are connected
on their own and reported. Everything is deterministic. Every row is inferred: no utility drew it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from network.schema import Problem
from sim.district import Float, Int, LineKind, Lines, NodeKind, Nodes
from sim.physics.grid import POWER_FACTOR
from tools import gridsize, gridstreets
from tools.attributes import Inferred
from tools.gridroute import MARGIN_M, STREETS_MARGIN_M, Route, route
from tools.land import NO_LAND, Land

MOST_BUILDINGS, MOST_VA, MOST_M = 80, 250e3, 400.0
WITHOUT_LOSSES = 0.95
"""Share of the peak that clusters may reach before losses and reactive drops are known."""
ZERO_SEQUENCE = 4.0
"""Zero over positive sequence of a cable whose neutral is as thick as its phases: (R + 3 R) / R."""
VECTOR_GROUP = "Dyn5"
"""Of distribution transformers."""
FAR_M = 200.0
"""A group of buildings this far from all others is no part of their substation."""


@dataclass(frozen=True)
class GridPlan:
    """The grid as rows of [node] and [line], and where each building is connected."""

    nodes: Nodes
    lines: Lines
    vertex_m: Float
    """[vertex, 3] polylines of the lines, on the ground."""
    building_node: Int
    """[building] row of [node]."""
    problems: tuple[Problem, ...]
    inferred: tuple[Inferred, ...]
    phase_share: Float
    """[building, 3]"""
    voltage_v: float
    """Nominal line-to-line voltage of the buildings' nodes."""


@dataclass
class _Substation:
    members: Int
    route: Route
    tree: gridsize.Tree


def plan(
    *,
    id: Sequence[str],
    x_m: Float,
    y_m: Float,
    z_m: Float,
    demand_w: NDArray[np.floating],
    rings: Sequence[NDArray[np.float64]] | None = None,
    voltage_v: float = 400.0,
    land: Land = NO_LAND,
    progress: Callable[[str, float], None] = lambda stage, done: None,
) -> GridPlan:
    """Draw a low-voltage grid for buildings.

    Args:
        id: [building]
        x_m: [building] foot points; so are y_m and z_m (ground).
        demand_w: [steps, building] net electricity drawn in the base year (consumption minus own generation),
            hourly over the whole year or any steps that hold the peaks.
        rings: [building] [n, 2] outlines in metres, so that cables run around buildings; else squares of 9 m.
        voltage_v: nominal line-to-line voltage.
        land: where it has roads, cables run along them and substations stand beside them.
        progress: called with (stage, fraction).
    """
    place = np.stack([np.asarray(x_m, dtype=float), np.asarray(y_m, dtype=float)], axis=1)
    outlines = [_outline(place[k], None if rings is None else rings[k]) for k in range(len(id))]
    demand_w = np.asarray(demand_w)
    groups, alone = _groups(place)
    drawn, fed = demand_w.max(axis=0).astype(float), -demand_w.min(axis=0).astype(float)
    peak_va = np.maximum(drawn / POWER_FACTOR, fed)
    waiting = _clusters(groups, place, demand_w, peak_va)
    done: list[_Substation] = []
    streets = gridstreets.streets(land)
    while waiting:
        members = waiting.pop(0)
        station = _substation(members, place, outlines, demand_w, peak_va, voltage_v, streets)
        if station is None:
            waiting = _halves(members, place, peak_va) + waiting
            continue
        done.append(station)
        progress("grid", len(np.concatenate([s.members for s in done])) / len(id))
    return _assemble(id, place, np.asarray(z_m, dtype=float), done, alone, voltage_v)


def _outline(place: Float, ring: NDArray[np.float64] | None) -> NDArray[np.float64]:
    if ring is not None and len(ring) >= 3:
        return np.asarray(ring, dtype=float)[:, :2]
    return place + 4.5 * np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])


def _groups(place: Float) -> tuple[list[Int], Int]:
    """Buildings linked by gaps below 200 m, and those that stand alone."""
    from scipy import sparse, spatial
    from scipy.sparse import csgraph

    pairs = spatial.cKDTree(place).query_pairs(FAR_M, output_type="ndarray")
    link = sparse.coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(place),) * 2)
    _, label = csgraph.connected_components(link, directed=False)
    groups = [np.flatnonzero(label == k).astype(np.int32) for k in range(int(label.max(initial=-1)) + 1)]
    alone = [g[0] for g in groups if len(g) == 1 and len(place) > 1]
    return groups, np.array(alone, dtype=np.int32)


def _peak_va(demand_w: NDArray[np.floating], members: Int) -> float:
    """Largest coincident apparent power of some buildings."""
    total = demand_w[:, members].sum(axis=1, dtype=float)
    return float(max(total.max() / POWER_FACTOR, -total.min()))


def _clusters(groups: list[Int], place: Float, demand_w: NDArray[np.floating], peak_va: Float) -> list[Int]:
    """Split groups until each fits a substation; buildings above 250 kVA come out on their own."""
    own = [np.array([k], dtype=np.int32) for k in np.flatnonzero(peak_va > MOST_VA)]
    waiting = [g[peak_va[g] <= MOST_VA] for g in groups]
    fitting: list[Int] = []
    while waiting:
        members = waiting.pop(0)
        if len(members) == 0:
            continue
        middle = place[members].mean(axis=0)
        reach = float(np.abs(place[members] - middle).sum(axis=1).max())
        too_much = max(
            len(members) / MOST_BUILDINGS, _peak_va(demand_w, members) / (WITHOUT_LOSSES * MOST_VA), reach / MOST_M
        )
        if too_much <= 1.0 or len(members) == 1:
            fitting.append(members)
        else:
            waiting = _halves(members, place, peak_va, parts=int(np.ceil(too_much))) + waiting
    return fitting + own


def _halves(members: Int, place: Float, peak_va: Float, *, parts: int = 2) -> list[Int]:
    """Cut across the longest extent so that the sides can be cut on into `parts` equal loads."""
    around = place[members] - place[members].mean(axis=0)
    axis = np.linalg.eigh(around.T @ around)[1][:, -1]
    axis = axis * (1.0 if axis[np.argmax(np.abs(axis))] > 0 else -1.0)
    order = np.lexsort((members, np.round(around @ axis, 6)))
    load = peak_va[members] / max(peak_va[members].sum(), 1e-9) + 1.0 / len(members)
    so_far = np.cumsum(load[order]) / load.sum()
    cut = int(np.clip(np.searchsorted(so_far, (parts // 2) / parts, side="right"), 1, len(members) - 1))
    return [np.sort(members[order[:cut]]), np.sort(members[order[cut:]])]


def _substation(
    members: Int, place: Float, outlines: Sequence[Float], demand_w: NDArray[np.floating], peak_va: Float,
    voltage_v: float, streets: gridstreets.Streets | None,
) -> _Substation | None:  # fmt: skip
    """Route and size one substation; None when it must be split: too far, too much, or voltage does not hold."""
    margin = MARGIN_M if streets is None else STREETS_MARGIN_M
    low, high = place[members].min(axis=0) - margin - 15.0, place[members].max(axis=0) + margin + 15.0
    near = np.flatnonzero(((place > low) & (place < high)).all(axis=1))
    others = [outlines[k] for k in np.setdiff1d(near, members)]
    laid = route([outlines[k] for k in members], others, peak_va[members], streets)
    single = len(members) == 1
    if not single and float(laid.reach_m.max()) > MOST_M:
        return None
    trunk = laid.service < 0
    ends = np.zeros(len(members), dtype=np.int32)
    ends[laid.service[~trunk]] = np.flatnonzero(~trunk) + 2
    tree = gridsize.Tree(
        parent=np.concatenate([[0], laid.parent + 1]).astype(np.int32),
        length_m=np.concatenate([[0.0], laid.length_m]),
        service=np.concatenate([[False], ~trunk]),
        load_node=ends,
        cable=np.concatenate([[0], np.where(trunk, 1, 0)]).astype(np.int32),
        parallel=np.ones(len(laid.parent) + 1, dtype=np.int32),
    )
    peak = gridsize.size(tree, np.ascontiguousarray(demand_w[:, members]), voltage_v)
    return _Substation(members, laid, tree) if single or peak <= MOST_VA else None


def _assemble(
    id: Sequence[str], place: Float, z_m: Float, stations: list[_Substation], alone: Int, voltage_v: float
) -> GridPlan:
    """Rows of [node] and [line] from all substations."""
    nodes: list[tuple[str, NodeKind, float, float]] = []
    lines: list[tuple[str, LineKind, int, int, float, float, float, float]] = []
    vertices: list[Float] = []
    building_node = np.full(len(id), -1, dtype=np.int32)
    for number, station in enumerate(stations, start=1):
        first = len(nodes)
        r, x, rating = gridsize.impedance(station.tree, voltage_v)
        bus = station.route.node_m[0]
        nodes.append((f"substation-{number}-source", NodeKind.SOURCE, bus[0], bus[1] + 1.5))
        nodes.append((f"substation-{number}", NodeKind.BUSBAR, bus[0], bus[1]))
        lines.append((f"transformer-{number}", LineKind.TRANSFORMER, first, first + 1, r[0], x[0], rating[0], 1.5))
        vertices.append(np.array([[bus[0], bus[1] + 1.5], bus]))
        for b, (parent, served) in enumerate(zip(station.route.parent, station.route.service, strict=True)):
            here = station.route.node_m[b + 1]
            name = f"{number}-{b + 1}" if served < 0 else str(id[station.members[served]])
            kind = NodeKind.JUNCTION if served < 0 else NodeKind.SERVICE
            nodes.append((f"{kind.name.lower()}-{name}", kind, here[0], here[1]))
            cable = LineKind.CABLE if served < 0 else LineKind.SERVICE
            row = (first + 1 + int(parent), len(nodes) - 1, r[b + 1], x[b + 1], rating[b + 1])
            lines.append((f"{cable.name.lower()}-{name}", cable, *row, float(station.route.length_m[b])))
            vertices.append(station.route.polyline[b])
            if served >= 0:
                building_node[station.members[served]] = len(nodes) - 1
    flat = np.vstack(vertices) if vertices else np.zeros((0, 2))
    node_xy = np.array([n[2:] for n in nodes], dtype=float).reshape(-1, 2)
    column = lambda k, kind: np.array([row[k] for row in lines], dtype=kind)  # noqa: E731
    zero = np.where(column(1, np.int8) == LineKind.TRANSFORMER, 1.0, ZERO_SEQUENCE)
    return GridPlan(
        nodes=Nodes(
            id=tuple(n[0] for n in nodes), kind=np.array([n[1] for n in nodes], dtype=np.int8),
            x_m=node_xy[:, 0], y_m=node_xy[:, 1], z_m=heights(place, z_m, node_xy),
            nominal_v=np.full(len(nodes), voltage_v), source_pu=np.ones(len(nodes)), shunt_w=np.zeros(len(nodes)),
            shunt_var=np.zeros(len(nodes)),
        ),
        lines=Lines(
            id=tuple(row[0] for row in lines), kind=column(1, np.int8), from_node=column(2, np.int32),
            to_node=column(3, np.int32), closed=np.ones(len(lines), dtype=bool), resistance_ohm=column(4, float),
            reactance_ohm=column(5, float), zero_resistance_ohm=zero * column(4, float),
            zero_reactance_ohm=zero * column(5, float), ratio=np.ones(len(lines)),
            vector_group=tuple(VECTOR_GROUP if row[1] == LineKind.TRANSFORMER else "" for row in lines),
            rating_va=column(6, float), length_m=column(7, float),
            vertex_start=np.concatenate([[0], np.cumsum([len(v) for v in vertices])]).astype(np.int32),
        ),
        vertex_m=np.column_stack([flat, heights(place, z_m, flat)]),
        building_node=building_node,
        problems=_problems(id, alone),
        inferred=_inferred(),
        phase_share=np.full((len(id), 3), 1.0 / 3.0),
        voltage_v=voltage_v,
    )  # fmt: skip


def heights(known: Float, z_m: Float, place: Float) -> Float:
    """Ground height at places [n, 2]: of the nearest buildings `known` [building, 2], by 1 / distance squared."""
    from scipy import spatial

    if not len(place):
        return np.zeros(0)
    distance, near = spatial.cKDTree(known).query(place, k=min(4, len(z_m)))
    distance, near = distance.reshape(len(place), -1), near.reshape(len(place), -1)
    return np.asarray(np.average(z_m[near], axis=1, weights=1.0 / (distance + 1.0) ** 2), dtype=float)


def _inferred() -> tuple[Inferred, ...]:
    """Every row of the grid, column by column, and where buildings are connected."""
    rule = "synthetic grid: clustering, standard cables and transformers"
    columns = [(axis, f.name) for axis, kind in (("node", Nodes), ("line", Lines)) for f in fields(kind)]
    named = [(axis, column) for axis, column in columns if column not in ("id", "vertex_start")]
    return tuple((axis, "*", column, rule) for axis, column in [*named, ("building", "node")])


def _problems(id: Sequence[str], alone: Int) -> tuple[Problem, ...]:
    if not len(alone):
        return ()
    sentence = f"{len(alone)} buildings stand more than {FAR_M:.0f} m from all others; each has a connection of its own"
    return (Problem("far_building", sentence, count=len(alone), ids=tuple(str(id[k]) for k in alone)),)
