"""Where streets are known, cables lie in their middles, services reach the fronts, substations stand beside."""

from __future__ import annotations

from functools import cache

import numpy as np
import shapely

from sim.district import LineKind, NodeKind
from tools import gridplan
from tools.land import Land

HALF_M = 4.0
STREETS = [*[((-30.0, y), (330.0, y)) for y in (0.0, 60.0, 120.0)], *[((x, -20.0), (x, 140.0)) for x in (-20.0, 320.0)]]


def houses() -> list[np.ndarray]:
    """Terraces on both sides of three long streets, set back 3 m from the kerb."""
    rings = []
    for y in (0.0, 60.0, 120.0):
        for k in range(40):
            x = 6.5 * k + 4.0 * (k // 10)
            rings += [np.array([[x, low], [x + 6.5, low], [x + 6.5, low + 9.0], [x, low + 9.0]])
                      for low in (y + HALF_M + 3.0, y - HALF_M - 12.0)]  # fmt: skip
    return rings


def ways() -> Land:
    """Three streets and two that join them, in one piece."""
    lines = [shapely.LineString(s) for s in STREETS]
    whole = shapely.union_all([line.buffer(HALF_M, cap_style="flat") for line in lines])
    return Land(roads=tuple(shapely.get_parts(whole)))


@cache
def laid() -> gridplan.GridPlan:
    rings = houses()
    middle = np.array([r.mean(axis=0) for r in rings])
    rng = np.random.default_rng(3)
    demand_w = (rng.gamma(0.8, 1.25, (300, len(rings))) * 500.0).astype(np.float32)
    return gridplan.plan(
        id=[f"house-{k}" for k in range(len(rings))], x_m=middle[:, 0], y_m=middle[:, 1], z_m=np.zeros(len(rings)),
        demand_w=demand_w, rings=rings, land=ways(),
    )  # fmt: skip


def polylines(kind: LineKind) -> list[shapely.LineString]:
    plan = laid()
    start = plan.lines.vertex_start
    return [shapely.LineString(plan.vertex_m[start[k] : start[k + 1], :2])
            for k in np.flatnonzero(plan.lines.kind == kind)]  # fmt: skip


def test_cables_lie_on_streets_and_in_their_middles() -> None:
    roads = shapely.union_all(ways().roads)
    cables = polylines(LineKind.CABLE)
    total = sum(c.length for c in cables)
    assert sum(c.intersection(roads).length for c in cables) > 0.96 * total
    middles = shapely.union_all([shapely.LineString(s) for s in STREETS]).buffer(1.2)
    assert sum(c.intersection(middles).length for c in cables) > 0.85 * total


def test_nothing_runs_through_a_house() -> None:
    inner = shapely.union_all([shapely.polygons(r) for r in houses()]).buffer(-0.2)
    every = [*polylines(LineKind.CABLE), *polylines(LineKind.SERVICE)]
    assert sum(line.intersection(inner).length for line in every) < 0.1


def test_services_end_at_the_front_of_their_house_and_are_short() -> None:
    plan, rings = laid(), houses()
    services = polylines(LineKind.SERVICE)
    rows = np.flatnonzero(plan.lines.kind == LineKind.SERVICE)
    served = {int(n): k for k, n in enumerate(plan.building_node)}
    for line, row in zip(services, rows, strict=True):
        house = shapely.polygons(rings[served[int(plan.lines.to_node[row])]])
        assert house.distance(shapely.Point(line.coords[-1])) < 0.01
    assert np.median([line.length for line in services]) < HALF_M + 3.0 + 4.0


def test_substations_stand_beside_streets() -> None:
    plan = laid()
    roads = shapely.union_all(ways().roads)
    built = shapely.union_all([shapely.polygons(r) for r in houses()])
    places = np.flatnonzero(plan.nodes.kind == NodeKind.BUSBAR)
    assert len(places) >= 3
    for k in places:
        foot = shapely.Point(plan.nodes.x_m[k], plan.nodes.y_m[k])
        assert 0.0 < roads.distance(foot) < 8.0
        assert built.distance(foot) > 0.4


def test_a_house_far_from_all_streets_is_still_fed() -> None:
    rings = [*houses(), np.array([[150.0, 240.0], [160.0, 240.0], [160.0, 250.0], [150.0, 250.0]])]
    middle = np.array([r.mean(axis=0) for r in rings])
    demand_w = np.full((50, len(rings)), 400.0, np.float32)
    plan = gridplan.plan(id=[str(k) for k in range(len(rings))], x_m=middle[:, 0], y_m=middle[:, 1],
                         z_m=np.zeros(len(rings)), demand_w=demand_w, rings=rings, land=ways())  # fmt: skip
    assert plan.nodes.kind[plan.building_node[-1]] == NodeKind.SERVICE
