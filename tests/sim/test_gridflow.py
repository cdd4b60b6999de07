"""Parts of a grid: radial ones by our sweep, rings and unequal phases by power-grid-model, and what has no solution."""

from dataclasses import replace

import numpy as np
from factories import random_district
from hypothesis import given, settings
from hypothesis import strategies as st

from sim import gridflow
from sim.district import LineKind, Lines, NodeKind, Nodes
from sim.physics.grid import Q_PER_P, feeders
from tools.random_district import random_tree

EVEN = np.full(3, 1.0 / 3.0)


def _grid(seed: int, nodes: int, *, rings: int = 0, sources: int = 1) -> tuple[Nodes, Lines]:
    """A random tree with taps, shunts, held voltages and lines drawn either way, and as many rings as asked for."""
    rng = np.random.default_rng(seed)
    node, line, _ = random_tree(rng, nodes, sources=sources)
    turned = (rng.random(len(line)) < 0.5) & (line.kind != LineKind.TRANSFORMER)
    a, b = (np.where(turned, x, y) for x, y in ((line.to_node, line.from_node), (line.from_node, line.to_node)))
    ratio = np.where(line.kind == LineKind.TRANSFORMER, 1.025, 1.0)
    line = replace(line, from_node=a.astype(np.int32), to_node=b.astype(np.int32), ratio=ratio)
    shunt_w, shunt_var = rng.uniform(0.0, 300.0, len(node)), rng.uniform(-300.0, 300.0, len(node))
    held = np.where(node.kind == NodeKind.SOURCE, 0.99, 1.0)
    node = replace(node, source_pu=held, shunt_w=shunt_w, shunt_var=shunt_var)
    for k in range(rings):
        ends = rng.choice(np.arange(2, nodes), 2, replace=False)
        line = _with(line, f"ring-{k}", int(ends[0]), int(ends[1]))
    return node, line


def _with(line: Lines, name: str, a: int, b: int) -> Lines:
    """One cable more."""
    more = {"id": name, "kind": LineKind.CABLE, "from_node": a, "to_node": b, "closed": True, "resistance_ohm": 0.02,
            "reactance_ohm": 0.008, "zero_resistance_ohm": 0.08, "zero_reactance_ohm": 0.03, "ratio": 1.0,
            "vector_group": "", "rating_va": 180e3, "length_m": 100.0}  # fmt: skip
    columns = {}
    for column, value in more.items():
        old = getattr(line, column)
        columns[column] = (*old, value) if isinstance(old, tuple) else np.append(old, np.array(value, old.dtype))
    return Lines(**columns, vertex_start=np.append(line.vertex_start, line.vertex_start[-1] + 2))


def _solve(node: Nodes, line: Lines, p: np.ndarray, q: np.ndarray, share: np.ndarray = EVEN) -> gridflow.Flows:
    at = np.arange(p.shape[1], dtype=np.int32)
    g = gridflow.grid(node, line, building_node=at, phase_share=np.broadcast_to(share, (len(at), 3)).copy(),
                      site_node=np.zeros(0, np.int32))  # fmt: skip
    flows = gridflow.empty(g, len(p))
    gridflow.solve(g, flows, surplus_w=-p, appliances_w=q / Q_PER_P, heater_w=np.zeros_like(q),
                   site_w=np.zeros((len(p), 0)))  # fmt: skip
    return flows


def _loads(seed: int, nodes: int, *, steps: int = 3, most_w: float = 4e3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.uniform(-most_w, most_w, (steps, nodes)), rng.uniform(0.0, 0.4 * most_w, (steps, nodes))


def _by_newton_raphson(node: Nodes, line: Lines, p: np.ndarray, q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Voltages and losses of the first step, solved here with complex matrices: Y V = conj(S / V), sources held."""
    n = len(node)
    y = np.zeros((n, n), complex)
    base = node.nominal_v[0] ** 2
    for k in np.flatnonzero(line.closed):
        a, b, t = line.from_node[k], line.to_node[k], line.ratio[k]
        s = base / complex(line.resistance_ohm[k], line.reactance_ohm[k])
        y[a, a], y[b, b] = y[a, a] + s * t * t, y[b, b] + s
        y[a, b], y[b, a] = y[a, b] - s * t, y[b, a] - s * t
    y[np.arange(n), np.arange(n)] += node.shunt_w - 1j * node.shunt_var
    held = node.kind == NodeKind.SOURCE
    v = np.where(held, node.source_pu, 1.0).astype(complex)
    power = p[0] + 1j * q[0]
    free = ~held
    for _ in range(200):
        current = -np.conj(power[free] / v[free]) - y[np.ix_(free, held)] @ v[held]
        v[free] = np.linalg.solve(y[np.ix_(free, free)], current)
    fed = (v * np.conj(y @ v)).real
    return np.abs(v), fed.sum()


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10_000), nodes=st.integers(4, 60), rings=st.integers(0, 3))
def test_random_trees_and_rings_have_the_voltages_of_their_admittance_matrix(seed: int, nodes: int, rings: int) -> None:
    node, line = _grid(seed, nodes, rings=rings if nodes > 6 else 0)
    p, q = _loads(seed, nodes)
    flows = _solve(node, line, p, q)
    volts, lost = _by_newton_raphson(node, line, p, q)
    assert np.abs(flows.voltage_pu[0] - volts).max() < 1e-9
    assert abs(flows.grid_loss_w[0] - lost) < 1e-4
    assert np.allclose(flows.source_w, p.sum(axis=1) + flows.grid_loss_w, rtol=1e-9, atol=1e-3)


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000), nodes=st.integers(4, 40))
def test_a_tree_by_the_sweep_is_the_same_tree_by_power_grid_model(seed: int, nodes: int) -> None:
    node, line = _grid(seed, nodes)
    p, q = _loads(seed, nodes)
    ours = _solve(node, line, p, q)
    # phases that differ by next to nothing send the same tree to the three-phase solver
    theirs = _solve(node, line, p, q, share=EVEN + np.array([2e-9, -2e-9, 0.0]))
    assert np.abs(ours.voltage_pu - theirs.voltage_pu).max() < 1e-9
    assert np.abs(ours.line_w - theirs.line_w).max() < 1e-9 * np.abs(p).sum() + 1e-3
    assert np.abs(ours.line_loading - theirs.line_loading).max() < 1e-7
    assert np.abs(ours.grid_loss_w - theirs.grid_loss_w).max() < 1e-3


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_one_phase_alone_conserves_power_and_sags_more_than_three(seed: int) -> None:
    node, line = _grid(seed, 30)
    p, q = np.abs(_loads(seed, 30)[0]), np.zeros((3, 30))
    single = _solve(node, line, p, q, share=np.array([1.0, 0.0, 0.0]))
    three = _solve(node, line, p, q)
    assert np.allclose(single.source_w, p.sum(axis=1) + single.grid_loss_w, rtol=1e-9)
    assert (single.grid_loss_w > three.grid_loss_w).all()
    assert single.phase_pu is not None
    assert single.phase_pu[:, 1:, 0].min() < three.voltage_pu[:, 1:].min()
    off = np.abs(single.phase_pu - 1.0).max(axis=2)
    assert np.array_equal(np.abs(single.voltage_pu - 1.0), off)  # of the phases the farthest from nominal is shown


def test_a_ring_beside_a_tree_leaves_the_tree_s_bits_alone() -> None:
    node, line = _grid(3, 90, sources=3)
    p, q = _loads(3, 90)
    alone = _solve(node, line, p, q)
    ringed = _with(line, "tie", 10, 20)  # both behind the first source
    part, has_ring = gridflow.parts(node, ringed)
    assert has_ring.tolist() == [True, False, False]
    flows = _solve(node, ringed, p, q)
    rest = part > 0
    assert np.array_equal(flows.voltage_pu[:, rest], alone.voltage_pu[:, rest])
    assert not np.array_equal(flows.voltage_pu[:, ~rest], alone.voltage_pu[:, ~rest])


def test_steps_of_a_ring_do_not_depend_on_their_neighbours_in_the_batch() -> None:
    node, line = _grid(4, 40, rings=2)
    p, q = _loads(4, 40, steps=30)
    together, one = _solve(node, line, p, q), _solve(node, line, p[17:18], q[17:18])
    assert np.array_equal(together.voltage_pu[17], one.voltage_pu[0])
    assert np.array_equal(together.line_w[17], one.line_w[0])


def test_a_feeder_that_carries_too_much_is_named_and_the_others_go_on() -> None:
    for rings in (0, 1):
        node, line = _grid(5, 90, sources=3)
        line = _with(line, "tie", 12, 20) if rings else line
        p, q = _loads(5, 90, steps=24)
        calm = _solve(node, line, p, q)
        p[7, 25] = 5e6  # behind the first source
        flows = _solve(node, line, p, q)
        part, _ = gridflow.parts(node, line)
        dark = np.isnan(flows.voltage_pu)
        sources = node.kind == NodeKind.SOURCE
        assert dark.any(axis=1).tolist() == [k == 7 for k in range(24)]
        assert np.array_equal(dark[7], (part == 0) & ~sources)
        assert np.abs(flows.voltage_pu - calm.voltage_pu)[~dark].max() < 1e-12
        heads = feeders(node, line, np.ones(len(node), bool))
        assert flows.collapsed_line[7] == heads[25]
        assert (np.delete(flows.collapsed_line, 7) == -1).all()
        said = gridflow.collapses(np.append(np.full(24 * 40, -1), flows.collapsed_line), _district(node, line),
                                  step_s=3600.0)  # fmt: skip
        assert said[0].ids == (line.id[heads[25]],)
        assert "10 February at 07:00" in said[0].message


def _district(node: Nodes, line: Lines):
    return replace(random_district(buildings=3, nodes=4), node=node, line=line)


def test_what_no_source_reaches_is_named_with_its_buildings() -> None:
    district = random_district(seed=5, buildings=60, nodes=60, sources=2)
    assert gridflow.problems(district) == ()
    closed = np.ones(len(district.line), bool)
    closed[5] = False
    cut = replace(district, line=replace(district.line, closed=closed))
    (said,) = gridflow.problems(cut)
    part, _ = gridflow.parts(cut.node, cut.line)
    dark = {district.building.id[k] for k in np.flatnonzero(part[district.building.node] < 0)}
    assert dark
    assert set(said.ids) == dark
    assert said.count == (part < 0).sum()
    assert district.node.id[int(np.flatnonzero(part < 0)[0])] in said.message
    fed = gridflow.fed(cut.node, cut.line)
    assert fed[5], "an open switch has voltage on one side"
    behind = closed & (part[cut.line.from_node] < 0)
    assert (fed == ~behind).all() and gridflow.fed(district.node, district.line).all()
