"""The synthetic grid keeps its own rules, judged by the power flow that the simulation uses."""

from __future__ import annotations

from collections import Counter
from functools import cache

import numpy as np
import pytest

from sim import gridflow
from sim.district import LineKind, NodeKind
from sim.physics import grid
from tools import gridplan

STEPS = 600


def town(rows: int, each: int) -> list[np.ndarray]:
    """Outlines of terraces on both sides of streets, 6 x 10 m a house, a gap every twelve houses."""
    rings = []
    for r in range(rows):
        for k in range(each):
            x, y = k * 6.0 + (k // 12) * 14.0, (r // 2) * 46.0 + (r % 2) * 24.0
            rings.append(np.array([[x, y], [x + 6, y], [x + 6, y + 10], [x, y + 10]]))
    return rings


def usage(n: int, *, mean_w: float = 500.0, seed: int = 5) -> np.ndarray:
    """[step, building] peaky use with a busy evening that all share."""
    rng = np.random.default_rng(seed)
    shared = 1.0 + 0.9 * np.sin(np.arange(STEPS) / 24.0 * 2.0 * np.pi)
    return (rng.gamma(0.8, 1.25, (STEPS, n)) * mean_w * shared[:, None]).astype(np.float32)


def lay(rings: list[np.ndarray], demand_w: np.ndarray) -> gridplan.GridPlan:
    middle = np.array([r.mean(axis=0) for r in rings])
    return gridplan.plan(
        id=[f"house-{k}" for k in range(len(rings))], x_m=middle[:, 0], y_m=middle[:, 1],
        z_m=np.full(len(rings), 2.0), demand_w=demand_w, rings=rings,
    )  # fmt: skip


def solved(plan: gridplan.GridPlan, demand_w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """[step, node] voltage and [step, line] loading of every step, from the simulation's own sweep."""
    load, made = (np.ascontiguousarray(np.maximum(d, 0.0), np.float32) for d in (demand_w, -demand_w))
    g = gridflow.grid(plan.nodes, plan.lines, building_node=plan.building_node, phase_share=plan.phase_share,
                      site_node=np.zeros(0, np.int32))  # fmt: skip
    assert not g.meshes
    flows = gridflow.empty(g, len(demand_w))
    gridflow.solve(g, flows, surplus_w=made - load, appliances_w=load, heater_w=np.zeros_like(load),
                   site_w=np.zeros((len(demand_w), 0)))  # fmt: skip
    return flows.voltage_pu, flows.line_loading


def stations(plan: gridplan.GridPlan) -> np.ndarray:
    """[node] number of its substation."""
    owner = np.cumsum(plan.nodes.kind == NodeKind.SOURCE) - 1
    assert np.array_equal(owner[plan.lines.from_node], owner[plan.lines.to_node])
    return owner


@cache
def terraces() -> tuple[gridplan.GridPlan, np.ndarray]:
    rings = town(8, 36)
    demand_w = usage(len(rings))
    return lay(rings, demand_w), demand_w


def test_every_building_is_fed_by_a_tree_that_starts_at_a_substation() -> None:
    plan, demand_w = terraces()
    assert len(np.unique(plan.building_node)) == demand_w.shape[1]
    assert np.all(plan.nodes.kind[plan.building_node] == NodeKind.SERVICE)
    into = Counter(plan.lines.to_node.tolist())
    assert all(count == 1 for count in into.values())
    assert len(plan.lines) == len(plan.nodes) - int((plan.nodes.kind == NodeKind.SOURCE).sum())
    assert not np.any(np.isin(np.flatnonzero(plan.nodes.kind == NodeKind.SOURCE), plan.lines.to_node))
    part, ringed = gridflow.parts(plan.nodes, plan.lines)
    assert (part >= 0).all()
    assert not ringed.any()


def test_substations_serve_at_most_80_buildings_and_250_kva_within_400_m() -> None:
    plan, demand_w = terraces()
    owner = stations(plan)
    _, loading = solved(plan, demand_w)
    transformer = plan.lines.kind == LineKind.TRANSFORMER
    assert (loading * plan.lines.rating_va)[:, transformer].max() <= 250e3
    for station in np.unique(owner):
        members = np.flatnonzero(owner[plan.building_node] == station)
        assert len(members) <= 80
        assert demand_w[:, members].sum(axis=1).max() / grid.POWER_FACTOR <= 250e3
    reach = np.zeros(len(plan.nodes))
    for a, b, metres, kind in zip(
        plan.lines.from_node, plan.lines.to_node, plan.lines.length_m, plan.lines.kind, strict=True
    ):
        reach[b] = reach[a] + (0.0 if kind == LineKind.TRANSFORMER else metres)
    assert reach.max() <= 400.0


@pytest.mark.parametrize("mean_w", [60.0, 500.0, 1500.0])
def test_loading_and_voltage_hold_at_every_step(mean_w: float) -> None:
    rings = town(8, 36)
    demand_w = usage(len(rings), mean_w=mean_w)
    plan = lay(rings, demand_w)
    voltage, loading = solved(plan, demand_w)
    transformer = plan.lines.kind == LineKind.TRANSFORMER
    peak = loading[:, transformer].max(axis=0)
    assert peak.max() <= 0.80 + 1e-6
    assert np.all((peak >= 0.40) | (plan.lines.rating_va[transformer] <= 50e3))
    assert loading[:, ~transformer].max() <= 0.80
    assert np.abs(voltage - 1.0).max() <= 0.06


def test_voltage_holds_where_modules_feed_in() -> None:
    rings = town(4, 36)
    demand_w = usage(len(rings)) - 2500.0 * np.maximum(np.sin(np.arange(STEPS) / 24.0 * 2.0 * np.pi), 0.0)[:, None]
    plan = lay(rings, demand_w.astype(np.float32))
    voltage, loading = solved(plan, demand_w)
    assert voltage.max() > 1.01
    assert np.abs(voltage - 1.0).max() <= 0.06
    assert loading.max() <= 0.80 + 1e-6


def test_a_building_above_250_kva_has_a_transformer_of_its_own() -> None:
    rings = town(2, 12)
    demand_w = usage(len(rings))
    demand_w[:, 5] = 300e3 * (1.0 + 0.5 * np.sin(np.arange(STEPS) / 9.0))
    plan = lay(rings, demand_w)
    owner = stations(plan)
    alone = owner[plan.building_node[5]]
    assert np.count_nonzero(owner[plan.building_node] == alone) == 1
    voltage, loading = solved(plan, demand_w)
    mine = (plan.lines.kind == LineKind.TRANSFORMER) & (owner[plan.lines.to_node] == alone)
    assert 0.4 <= loading[:, mine].max() <= 0.8
    assert np.abs(voltage - 1.0).max() <= 0.06


def test_a_far_building_has_its_own_connection_and_is_reported() -> None:
    rings = [*town(2, 12), town(1, 1)[0] + np.array([900.0, 1200.0])]
    demand_w = usage(len(rings))
    plan = lay(rings, demand_w)
    owner = stations(plan)
    assert np.count_nonzero(owner[plan.building_node] == owner[plan.building_node[-1]]) == 1
    assert [p.code for p in plan.problems] == ["far_building"]
    assert plan.problems[0].ids == (f"house-{len(rings) - 1}",)


def test_cables_run_around_buildings() -> None:
    import shapely

    plan, _ = terraces()
    houses = shapely.union_all([shapely.polygons(r) for r in town(8, 36)])
    inside = total = 0.0
    for k in np.flatnonzero(plan.lines.kind == LineKind.CABLE):
        way = shapely.linestrings(plan.vertex_m[plan.lines.vertex_start[k] : plan.lines.vertex_start[k + 1], :2])
        inside += way.intersection(houses).length
        total += way.length
    assert inside < 0.02 * total


def test_polylines_join_their_nodes() -> None:
    plan, _ = terraces()
    ends = plan.lines.vertex_start
    xyz = np.stack([plan.nodes.x_m, plan.nodes.y_m, plan.nodes.z_m], axis=1)
    assert np.allclose(plan.vertex_m[ends[:-1]], xyz[plan.lines.from_node], atol=1e-6)
    assert np.allclose(plan.vertex_m[ends[1:] - 1], xyz[plan.lines.to_node], atol=1e-6)
    assert np.allclose(xyz[:, 2], 2.0)


def test_the_same_buildings_give_the_same_grid() -> None:
    plan, demand_w = terraces()
    again = lay(town(8, 36), demand_w)
    assert again.lines.id == plan.lines.id
    for name in ("from_node", "to_node", "resistance_ohm", "rating_va", "length_m"):
        assert np.array_equal(getattr(again.lines, name), getattr(plan.lines, name)), name
    assert np.array_equal(again.vertex_m, plan.vertex_m)


def test_one_building_alone_is_a_grid() -> None:
    plan = lay(town(1, 1), usage(1))
    assert (plan.nodes.kind == NodeKind.SOURCE).sum() == 1
    assert not plan.problems
    voltage, _ = solved(plan, usage(1))
    assert np.abs(voltage - 1.0).max() <= 0.06
