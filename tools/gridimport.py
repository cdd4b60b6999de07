"""A drawn grid -> the district's own: where its nodes stand, and which building hangs on which node.

A load whose name, `building` or `building_id` is a building's id or name connects that building. The others connect to
the nearest node with a load, where the file's coordinates (of the city files' CRS, or longitude and latitude) lie on
the district; else, biggest floor first, to the loads in the order of their power, in turn. Where the file has no
coordinates that fit, a node stands at its buildings, and what lies between them in the middle of its neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from network.problems import Refused
from network.schema import Problem
from sim.district import Buildings, Float, LineKind, Lines, NodeKind, Nodes
from tools import frame
from tools.attributes import Inferred
from tools.griddraft import Drawn
from tools.gridplan import GridPlan, heights

NEAR_M = 500.0
"""Coordinates lie on the district where half of the loads are this close to a building."""
SWEEPS = 400
"""Of moving nodes without a place to the middle of their neighbours."""
BY_PLACE = "nearest load of the imported grid"
BY_SIZE = "imported grid, its coordinates do not lie here: biggest building to the biggest load, in turn"
BY_BUILDINGS = "at the buildings it serves, else amid its neighbours: the imported grid has no coordinates here"


@dataclass(frozen=True)
class Where:
    """The district as far as a grid needs to know it."""

    building: Buildings
    place: frame.Frame


def plan(drawn: Drawn, where: Where) -> GridPlan:
    """The grid of a file, connected to the district's buildings.

    Raises:
        Refused: it has no load that a building could be connected to.
    """
    b = where.building
    loads = np.array([load.node for load in drawn.loads], dtype=np.int64)
    if not len(loads):
        raise Refused(f"{drawn.file} has no load, so no building can be connected; give every connection a load")
    named = _named(drawn, b)
    place = _placed(drawn.nodes, loads, where)
    node, rule = named.copy(), BY_SIZE
    rest = np.flatnonzero(named < 0)
    if place is not None:
        node[rest], rule = _nearest(place, loads, b, rest), BY_PLACE
    else:
        node[rest] = _dealt(drawn, b, rest)
        place = _amid(drawn, node, b)
    inferred: list[Inferred] = [("building", b.id[k], "node", rule) for k in rest]
    if rule is BY_SIZE:
        inferred += [("node", "*", column, BY_BUILDINGS) for column in ("x_m", "y_m")]
    inferred += [("node", "*", "z_m", "ground of the buildings around")]
    inferred += [("line", i, column, "four times the positive sequence") for i, column in drawn.unsure]
    problems = [*drawn.problems, *_told(drawn.file, len(b), len(rest), rule)]
    return _connected(drawn, place, node, b, problems, inferred)


def _named(drawn: Drawn, b: Buildings) -> NDArray[np.int64]:
    """[building] node of the load that names it, -1 = none."""
    by_word: dict[str, int] = {}
    for load in drawn.loads:
        for word in load.words:
            by_word.setdefault(word.strip().lower(), load.node)
    found = [by_word.get(i.lower(), by_word.get(n.strip().lower(), -1)) for i, n in zip(b.id, b.name, strict=True)]
    return np.array(found, dtype=np.int64)


def _placed(nodes: Nodes, loads: NDArray[np.int64], where: Where) -> Float | None:
    """[node, 2] local metres; None where the file has no coordinates that lie on the district."""
    from scipy import spatial

    known = np.isfinite(nodes.x_m) & np.isfinite(nodes.y_m)
    if not known[loads].all():
        return None
    xyz = np.column_stack([nodes.x_m, nodes.y_m, np.zeros(len(nodes))])
    city = spatial.cKDTree(np.column_stack([where.building.x_m, where.building.y_m]))
    for crs in (where.place.crs, "EPSG:4326"):
        place = np.full((len(nodes), 2), np.nan)
        try:
            place[known] = frame.to_world(crs, xyz[known], where.place)[:, :2]
        except Refused:
            continue
        if np.median(city.query(place[loads])[0]) <= NEAR_M:
            return _filled(place)
    return None


def _filled(place: Float) -> Float:
    """Nodes of which the file says no place stand in the middle of all."""
    lost = np.isnan(place)
    return np.where(lost, np.nanmean(place, axis=0), place)


def _nearest(place: Float, loads: NDArray[np.int64], b: Buildings, rest: NDArray[np.int64]) -> NDArray[np.int64]:
    from scipy import spatial

    unique = np.unique(loads)
    near = spatial.cKDTree(place[unique]).query(np.column_stack([b.x_m[rest], b.y_m[rest]]))[1]
    found: NDArray[np.int64] = unique[near]
    return found


def _dealt(drawn: Drawn, b: Buildings, rest: NDArray[np.int64]) -> NDArray[np.int64]:
    """Nodes for some buildings: biggest floor first, to the loads in the order of their power, in turn."""
    power: dict[int, float] = {}
    for load in drawn.loads:
        power[load.node] = power.get(load.node, 0.0) + sum(load.p_w)
    order = sorted(power, key=lambda k: (-power[k], k))
    node = np.full(len(b), -1, dtype=np.int64)
    big = rest[np.lexsort((rest, -b.floor_m2[rest]))]
    node[big] = [order[k % len(order)] for k in range(len(big))]
    dealt: NDArray[np.int64] = node[rest]
    return dealt


def _amid(drawn: Drawn, node: NDArray[np.int64], b: Buildings) -> Float:
    """[node, 2] places by the buildings they serve; others relax to the middle of their neighbours."""
    n = len(drawn.nodes)
    served = np.bincount(node, minlength=n)
    fixed = served > 0
    total = np.column_stack([np.bincount(node, column, n) for column in (b.x_m, b.y_m)])
    place = total / np.maximum(served, 1)[:, None]
    place[~fixed] = [b.x_m.mean(), b.y_m.mean()]
    ends = np.array([drawn.lines.from_node, drawn.lines.to_node])
    degree = np.maximum(np.bincount(ends.ravel(), minlength=n), 1)[:, None]
    for _ in range(SWEEPS):
        around = np.zeros((n, 2))
        np.add.at(around, ends[0], place[ends[1]])
        np.add.at(around, ends[1], place[ends[0]])
        place[~fixed] = (around / degree)[~fixed]
    return place


def _told(file: str, buildings: int, rest: int, rule: str) -> list[Problem]:
    if not rest:
        return []
    text = f"{file} names {buildings - rest} of {buildings} buildings at its loads; the others are connected by rule"
    return [Problem("grid-matched-by-rule", f"{text}: {rule}", rest)]


def _connected(
    drawn: Drawn, place: Float, node: NDArray[np.int64], b: Buildings, problems: Sequence[Problem],
    inferred: Sequence[Inferred],
) -> GridPlan:  # fmt: skip
    z_m = heights(np.column_stack([b.x_m, b.y_m]), b.z_m, place)
    lines = _from_source(drawn.nodes, drawn.lines)
    ends = np.stack([lines.from_node, lines.to_node], axis=1).ravel()
    drawn_m = np.hypot(*(place[lines.from_node] - place[lines.to_node]).T)
    share = np.full((len(b), 3), 1.0 / 3.0)
    phases = np.zeros((len(drawn.nodes), 3))
    np.add.at(phases, [load.node for load in drawn.loads], np.abs([load.p_w for load in drawn.loads]))
    whole = phases.sum(axis=1)
    uneven = (np.ptp(phases, axis=1) > 1e-9 * whole) & (whole > 0.0)
    single = uneven[node]
    share[single] = phases[node[single]] / whole[node[single], None]
    return GridPlan(
        nodes=replace(drawn.nodes, x_m=place[:, 0].copy(), y_m=place[:, 1].copy(), z_m=z_m),
        lines=replace(lines, length_m=np.where(lines.length_m > 0.0, lines.length_m, np.maximum(drawn_m, 0.1))),
        vertex_m=np.column_stack([place, z_m])[ends], building_node=node.astype(np.int32),
        problems=tuple(problems), inferred=tuple(inferred), phase_share=share, voltage_v=_low_v(drawn),
    )  # fmt: skip


def _from_source(nodes: Nodes, lines: Lines) -> Lines:
    """Cables turned so that `from` is the end nearer to a source, by how many branches lie between; files draw them
    either way, and which way power flows is told along them. Transformers stay: their `to` is the low side.
    """
    far, joined = np.full(len(nodes), np.inf), lines.closed
    ends = np.array([lines.from_node, lines.to_node])
    far[nodes.kind == NodeKind.SOURCE] = 0.0
    while True:
        nearer = far.copy()
        for a, b in (ends[:, joined], ends[::-1, joined]):
            np.minimum.at(nearer, b, far[a] + 1.0)
        if np.array_equal(nearer, far):
            break
        far = nearer
    turned = (far[ends[1]] < far[ends[0]]) & (lines.kind != LineKind.TRANSFORMER)
    begin, end = (np.where(turned, *pair).astype(lines.from_node.dtype) for pair in (ends[::-1], ends))
    return replace(lines, from_node=begin, to_node=end)


def _low_v(drawn: Drawn) -> float:
    """Nominal voltage of most loads."""
    volts, count = np.unique(drawn.nodes.nominal_v[[load.node for load in drawn.loads]], return_counts=True)
    return float(volts[count.argmax()])
