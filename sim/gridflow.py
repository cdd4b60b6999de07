"""The electrical grid of a district: its parts, and who solves which.

A part is what closed lines join to a source. Radial balanced parts go to our own sweep (sim/physics/grid.py); parts
with a ring, with several sources or with unequal phases to power-grid-model (sim/physics/gridmesh.py); what no source
reaches has no voltage.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from network.schema import Problem
from sim.district import District, Lines, NodeKind, Nodes
from sim.physics import gridmesh
from sim.physics.grid import LANES, Q_PER_P, Float, Rows, Tree, feeders, sweep, tree

Bools = NDArray[np.bool_]
EVEN = 1e-9
"""Phases whose shares differ by less carry the same."""


@dataclass(frozen=True)
class Mesh:
    """A part for power-grid-model, and who draws there."""

    mesh: gridmesh.Mesh
    building: Rows
    site: Rows
    building_load: Rows
    """[building of the part] load of the model at its node."""
    site_load: Rows
    share: Float
    """[building of the part, 3] of the phases."""


@dataclass(frozen=True)
class Grid:
    """The grid as the solvers read it."""

    nodes: int
    lines: int
    part: Rows
    """[node] number of its part, -1 = no source reaches it."""
    tree: Tree
    meshes: tuple[Mesh, ...]
    place: Rows
    """[building] place in the tree, -1 = elsewhere."""
    site_place: Rows
    building_part: Rows
    """[building] number of its part, -1 = no source reaches it."""
    site_part: Rows


@dataclass(frozen=True)
class Flows:
    """What a solution fills: [step, node], [step, line], [step]; names and meanings as in span.Flux."""

    voltage_pu: Float
    line_w: Float
    line_loading: Float
    grid_loss_w: Float
    source_w: Float
    collapsed_line: Rows
    phase_pu: Float | None = None
    """[step, node, 3] voltages of each phase to ground, filled where wanted."""


def empty(g: Grid, steps: int) -> Flows:
    """Room for some steps, phases included."""
    return Flows(
        np.empty((steps, g.nodes)), np.empty((steps, g.lines)), np.empty((steps, g.lines)), np.empty(steps),
        np.empty(steps), np.empty(steps, np.int64), np.empty((steps, g.nodes, 3)),
    )  # fmt: skip


def grid(
    node: Nodes, line: Lines, *, building_node: NDArray[np.int32], phase_share: Float, site_node: NDArray[np.int32]
) -> Grid:
    """Part the grid and make ready what its solvers need."""
    part, ringed = parts(node, line)
    at, site_at = (np.append(part, -1)[rows] for rows in (building_node, site_node))
    uneven = np.ptp(phase_share, axis=1) > EVEN
    uneven_part = np.zeros(len(ringed), bool)
    uneven_part[at[uneven & (at >= 0)]] = True
    swept = np.append(~(ringed | uneven_part), False)
    t = tree(node, line, swept[part])
    heads = feeders(node, line, part >= 0) if not swept[:-1].all() else np.zeros(0, np.int64)
    meshes = [
        _mesh(node, line, k, part, building_node, phase_share, site_node, heads, symmetric=not uneven_part[k])
        for k in np.flatnonzero(~swept[:-1]).tolist()
    ]
    place = np.append(t.place, -1)
    return Grid(
        nodes=len(node), lines=len(line), part=part, tree=t, meshes=tuple(meshes), place=place[building_node],
        site_place=place[site_node], building_part=at, site_part=site_at,
    )  # fmt: skip


def parts(node: Nodes, line: Lines) -> tuple[Rows, Bools]:
    """[node] number of the part that closed lines join to a source (-1 = none); [part] has a ring or many sources."""
    from scipy import sparse
    from scipy.sparse import csgraph

    a, b = line.from_node[line.closed], line.to_node[line.closed]
    link = sparse.coo_matrix((np.ones(len(a)), (a, b)), shape=(len(node),) * 2)
    count, label = csgraph.connected_components(link, directed=False) if len(node) else (0, np.zeros(0, int))
    sources = np.bincount(label[node.kind == NodeKind.SOURCE], minlength=count)
    spare = np.bincount(label[a], minlength=count) - np.bincount(label, minlength=count) + 1  # edges beyond a tree's
    fed = sources > 0
    number = np.where(fed, np.cumsum(fed) - 1, -1)
    return number[label].astype(np.int64), ((spare > 0) | (sources > 1))[fed]


def fed(node: Nodes, line: Lines) -> Bools:
    """[line] whether a source reaches one of its ends, over closed lines."""
    if not len(line):
        return np.zeros(0, bool)
    part, _ = parts(node, line)
    return np.asarray(np.maximum(part[line.from_node], part[line.to_node]) >= 0, bool)


def _mesh(
    node: Nodes, line: Lines, k: int, part: Rows, building_node: NDArray[np.int32], phase_share: Float,
    site_node: NDArray[np.int32], heads: Rows, *, symmetric: bool,
) -> Mesh:  # fmt: skip
    here = np.append(part == k, False)
    building, site = np.flatnonzero(here[building_node]), np.flatnonzero(here[site_node])
    loads = np.unique(np.concatenate([building_node[building], site_node[site]])).astype(np.int64)
    if not len(loads):  # a model needs a load
        loads = np.flatnonzero(here)[:1]
    share = phase_share[building]
    model = gridmesh.mesh(node, line, here[:-1], loads, heads, symmetric=symmetric)
    at, site_at = (np.searchsorted(loads, n).astype(np.int64) for n in (building_node[building], site_node[site]))
    return Mesh(model, building, site, building_load=at, site_load=site_at, share=share)


def solve(
    g: Grid, flows: Flows, *, surplus_w: NDArray[np.floating], appliances_w: NDArray[np.floating],
    heater_w: NDArray[np.floating], site_w: Float,
) -> None:  # fmt: skip
    """Solve every step.

    Args:
        g: the grid.
        flows: is filled.
        surplus_w: [step, building] what leaves each; appliances_w and heater_w are the inductive loads in it.
        site_w: [step, site] what plant gives.
    """
    t = g.tree
    flows.voltage_pu.fill(np.nan)
    flows.line_w.fill(0.0)
    flows.line_loading.fill(0.0)
    scratch = [np.empty((len(t.node), LANES)) for _ in range(6)]
    failed = np.empty((int(t.unit.max(initial=-1)) + 1, LANES))
    sweep(t.parent, t.node, t.line, t.sign, t.scale, t.impedance, t.rating_va, t.shunt_place, t.shunt_w, t.unit,
          t.feeder, surplus_w, appliances_w, heater_w, g.place, site_w, g.site_place, *scratch, np.empty((4, LANES)),
          failed, flows.voltage_pu, flows.line_w, flows.line_loading, flows.grid_loss_w, flows.source_w,
          flows.collapsed_line)  # fmt: skip
    if flows.phase_pu is not None:
        flows.phase_pu[:] = flows.voltage_pu[:, :, None]
    for m in g.meshes:
        inductive = (appliances_w[:, m.building] + heater_w[:, m.building]).astype(float) * Q_PER_P
        p_w, q_var = _loads(m, -surplus_w[:, m.building].astype(float), inductive, -site_w[:, m.site])
        gridmesh.solve(m.mesh, p_w, q_var, voltage_pu=flows.voltage_pu, line_w=flows.line_w,
                       line_loading=flows.line_loading, loss_w=flows.grid_loss_w, source_w=flows.source_w,
                       collapsed=flows.collapsed_line, phase_pu=flows.phase_pu)  # fmt: skip


def _loads(m: Mesh, p_w: Float, q_var: Float, plant_w: Float) -> tuple[Float, Float]:
    """[step, load] or [step, load, phase]: powers of buildings and plant at their nodes."""
    phases = (1,) if m.mesh.symmetric else (3,)
    share = np.ones((len(m.building), 1)) if m.mesh.symmetric else m.share
    both = np.zeros((2, len(m.mesh.load_node), len(p_w), *phases))
    np.add.at(both[0], m.building_load, p_w.T[:, :, None] * share[:, None, :])
    np.add.at(both[1], m.building_load, q_var.T[:, :, None] * share[:, None, :])
    np.add.at(both[0], m.site_load, np.repeat(plant_w.T[:, :, None], phases[0], axis=2) / phases[0])
    stepped = np.ascontiguousarray(both.transpose(0, 2, 1, 3))
    if m.mesh.symmetric:
        stepped = stepped[..., 0]
    return stepped[0], stepped[1]


# ---------------------------------------------------------------- problems


def problems(district: District) -> tuple[Problem, ...]:
    """What no source reaches, by name."""
    node, b = district.node, district.building
    if not len(node):
        return ()
    part, _ = parts(node, district.line)
    dead = np.flatnonzero(part < 0)
    if not len(dead):
        return ()
    dark = np.flatnonzero((b.node >= 0) & (np.append(part, -1)[b.node] < 0))
    ids = tuple(b.id[k] for k in dark) or tuple(node.id[k] for k in dead)
    whom = f"with {len(dark)} buildings ({_some([b.id[k] for k in dark])})" if len(dark) else "without a building"
    text = (f"no source reaches {len(dead)} nodes of the grid ({_some([node.id[k] for k in dead])}), {whom}: they "
            "have no voltage; close a switch on the way to them, or build with a grid that feeds them")  # fmt: skip
    return (Problem("grid-island", text, len(dead), ids),)


def _day(moment: datetime) -> str:
    return f"{moment.day} {moment:%B at %H:%M}"


def _some(names: Sequence[str], between: str = ", ") -> str:
    return between.join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def collapses(collapsed: Rows, district: District, *, step_s: float) -> tuple[Problem, ...]:
    """Feeders that carry more than has a solution, and when first. `collapsed` [step] as in Ledger."""
    steps = np.flatnonzero(collapsed >= 0)
    if not len(steps):
        return ()
    feeder, first, count = np.unique(collapsed[steps], return_index=True, return_counts=True)
    order = np.argsort(-count, kind="stable")
    hours = count * step_s / 3600.0
    start = datetime(district.place.year, 1, 1)
    words = [
        f"{district.line.id[feeder[k]]} in {hours[k]:,.0f} hours, first on "
        f"{_day(start + timedelta(seconds=float(steps[first[k]]) * step_s))}" for k in order
    ]  # fmt: skip
    text = (f"in {len(steps) * step_s / 3600.0:,.0f} hours a feeder carries more than any voltage allows "
            f"({_some(words, '; ')}): its part of the grid has no voltages and no losses then; take load or modules "
            "off it, or give it thicker cables")  # fmt: skip
    ids = tuple(district.line.id[feeder[k]] for k in order)
    return (Problem("grid-collapse", text, round(len(steps) * step_s / 3600.0), ids),)
