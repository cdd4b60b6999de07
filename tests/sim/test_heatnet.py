"""Heat networks: books that close on any tree, friction as Moody's chart has it, one pipe by hand."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from network.problems import Refused
from sim.physics import heatnet
from sim.physics.heatnet import Flow, Pipes, Tree


def _pipes(pairs: list[tuple[int, int]], *, seed: int = 1, insulation_m: float = 0.045) -> Pipes:
    rng = np.random.default_rng(seed)
    n = len(pairs)
    diameter = rng.uniform(0.02, 0.1, n)
    return Pipes(
        id=tuple(f"p{k}" for k in range(n)), from_node=np.array([a for a, _ in pairs], np.int64),
        to_node=np.array([b for _, b in pairs], np.int64), length_m=rng.uniform(5.0, 200.0, n), diameter_m=diameter,
        roughness_m=np.full(n, heatnet.ROUGHNESS_M),
        loss_w_mk=heatnet.insulation_w_mk(diameter, np.full(n, insulation_m), np.full(n, 0.035)), zeta=np.zeros(n),
    )  # fmt: skip


def _names(n: int) -> list[str]:
    return [f"n{k}" for k in range(n)]


def _solved(pipes: Pipes, demand_w: np.ndarray, **how: float) -> tuple[Tree, Flow]:
    t = heatnet.tree(pipes, nodes=_names(demand_w.shape[1]), source=0)
    given_ = {"supply_c": 70.0, "ground_c": 10.0, **({} if "return_c" in how else {"drop_k": 30.0}), **how}
    return t, heatnet.solve(pipes, t, demand_w=demand_w, **given_)


@st.composite
def _trees(draw: st.DrawFn) -> tuple[Pipes, np.ndarray]:
    """A random tree, its pipes written either way round, and three steps of demands, some of them none."""
    n = draw(st.integers(2, 15))
    pairs = []
    for k in range(1, n):
        near = draw(st.integers(0, k - 1))
        pairs.append((k, near) if draw(st.booleans()) else (near, k))
    seed = draw(st.integers(0, 10_000))
    rng = np.random.default_rng(seed)
    demand = rng.uniform(1e3, 5e4, (3, n)) * (rng.uniform(size=(3, n)) < 0.6)
    demand[:, n - 1] = 2e4
    return _pipes(pairs, seed=seed), demand


@settings(max_examples=40, deadline=None)
@given(_trees(), st.booleans())
def test_the_source_gives_what_consumers_and_the_ground_get(case: tuple[Pipes, np.ndarray], by_return: bool) -> None:
    pipes, demand = case
    how = {"return_c": 30.0} if by_return else {}
    _, flow = _solved(pipes, demand, **how)
    lost = (flow.supply_loss_w + flow.return_loss_w).sum(axis=1)
    assert np.allclose(flow.source_w, demand.sum(axis=1) + lost, rtol=1e-9)
    assert (flow.supply_loss_w >= 0.0).all()
    assert (lost > 0.0).all()


@settings(max_examples=40, deadline=None)
@given(_trees())
def test_water_that_enters_a_node_leaves_it_or_is_drawn(case: tuple[Pipes, np.ndarray]) -> None:
    pipes, demand = case
    _, flow = _solved(pipes, demand)
    balance = np.zeros_like(demand)
    for k in range(len(pipes.id)):
        balance[:, pipes.to_node[k]] += flow.mass_kg_s[:, k]
        balance[:, pipes.from_node[k]] -= flow.mass_kg_s[:, k]
    drawn = demand / (heatnet.HEAT_J_KGK * 30.0)
    assert np.allclose(balance[:, 1:], drawn[:, 1:], atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(_trees())
def test_pipes_written_the_other_way_round_turn_their_flow_s_sign_alone(case: tuple[Pipes, np.ndarray]) -> None:
    pipes, demand = case
    turned = replace(pipes, from_node=pipes.to_node, to_node=pipes.from_node)
    (_, a), (_, b) = _solved(pipes, demand), _solved(turned, demand)
    assert np.array_equal(a.mass_kg_s, -b.mass_kg_s)
    for name in ("supply_c", "return_c", "supply_drop_pa", "return_drop_pa", "source_w", "head_pa"):
        assert np.array_equal(getattr(a, name), getattr(b, name))


@settings(max_examples=40, deadline=None)
@given(_trees())
def test_water_cools_on_its_way_and_never_below_the_ground(case: tuple[Pipes, np.ndarray]) -> None:
    pipes, demand = case
    t, flow = _solved(pipes, demand)
    assert (flow.supply_c <= 70.0 + 1e-12).all()
    assert (flow.supply_c >= 10.0).all()
    for k in t.order:
        assert (flow.supply_c[:, t.far[k]] <= flow.supply_c[:, t.near[k]] + 1e-12).all()
    assert (flow.supply_drop_pa >= 0.0).all()


def test_one_pipe_by_hand() -> None:
    """100 m of 50 mm: 100 kW at 30 K are 0.7971 kg/s, 0.41 m/s; loss 0.2136 W/mK over 100 m."""
    pipes = replace(_pipes([(0, 1)]), length_m=np.array([100.0]), diameter_m=np.array([0.05]),
                    loss_w_mk=heatnet.insulation_w_mk(*(np.array([x]) for x in (0.05, 0.045, 0.035))))  # fmt: skip
    assert pipes.loss_w_mk[0] == pytest.approx(2 * np.pi * 0.035 / np.log(2.8), rel=1e-9)
    _, flow = _solved(pipes, np.array([[0.0, 100e3]]))
    mass = 100e3 / (4182.0 * 30.0)
    assert flow.mass_kg_s[0, 0] == pytest.approx(mass)
    reaches = 10.0 + 60.0 * np.exp(-21.36 / (mass * 4182.0))
    assert flow.supply_c[0, 1] == pytest.approx(reaches, abs=1e-3)
    # Moody's chart at Re 50,000 and e/d 0.0009: f = 0.0235; water of 70 degC weighs 977.8 kg/m3
    speed = mass / (977.8 * np.pi * 0.05**2 / 4.0)
    assert flow.supply_drop_pa[0, 0] == pytest.approx(0.0235 * 100.0 / 0.05 * 977.8 * speed**2 / 2.0, rel=0.02)
    # the return is colder, so more viscous: it loses more
    assert flow.return_drop_pa[0, 0] > flow.supply_drop_pa[0, 0]
    assert flow.head_pa[0] == pytest.approx(flow.supply_drop_pa[0, 0] + flow.return_drop_pa[0, 0])


def test_friction_is_that_of_moody_s_chart() -> None:
    re = np.array([1e3, 1e4, 1e5, 1e6, 1e5, 1e7])
    rough = np.array([0.01, 1e-9, 1e-9, 1e-9, 1e-3, 0.05])
    assert np.allclose(heatnet.friction(re, rough), [0.064, 0.0309, 0.0180, 0.01165, 0.0222, 0.0716], rtol=0.01)
    between = heatnet.friction(np.linspace(2200.0, 4100.0, 40), np.full(40, 1e-3))
    assert np.abs(np.diff(between)).max() < 2e-3  # no jump where the flow turns turbulent


def test_water_is_as_heavy_and_as_thick_as_tables_say() -> None:
    at = np.array([20.0, 40.0, 70.0])
    assert np.allclose(heatnet.density_kg_m3(at), [998.2, 992.2, 977.8], rtol=1e-3)
    assert np.allclose(heatnet.viscosity_pa_s(at), [1.002e-3, 0.653e-3, 0.404e-3], rtol=0.025)


def test_nobody_who_wants_heat_moves_no_water_and_standing_pipes_are_cold() -> None:
    pipes = _pipes([(0, 1), (1, 2), (1, 3)])
    demand = np.array([[0.0, 0.0, 5e4, 0.0], [0.0, 0.0, 0.0, 0.0]])
    _, flow = _solved(pipes, demand)
    assert flow.mass_kg_s[0, 2] == 0.0
    assert flow.supply_c[0, 3] == 10.0
    assert flow.source_w[1] == 0.0
    assert flow.head_pa[1] == 0.0
    assert (flow.supply_loss_w[1] == 0.0).all()
    assert all(np.isfinite(getattr(flow, n)).all() for n in ("supply_c", "return_c", "supply_drop_pa", "source_w"))


def test_ground_around_a_pipe_keeps_it_warmer() -> None:
    d, t, k = np.array([0.05]), np.array([0.045]), np.array([0.035])
    bare, buried = heatnet.insulation_w_mk(d, t, k), heatnet.insulation_w_mk(d, t, k, depth_m=1.0, ground_w_mk=1.5)
    assert 1.0 / buried[0] - 1.0 / bare[0] == pytest.approx(np.log(4.0 / 0.14) / (2 * np.pi * 1.5))


@pytest.mark.parametrize(
    ("pairs", "nodes", "words"),
    [
        ([(0, 1), (1, 2), (2, 0)], 3, "closes a ring at"),
        ([(0, 1), (0, 1)], 2, "closes a ring at n1"),
        ([(0, 1), (2, 3)], 4, "p1 hangs together with no pipe of the source n0"),
        ([(0, 1), (1, 1)], 2, "p1 begins and ends at n1"),
        ([(0, 1)], 3, "no pipe leads to node n2"),
    ],
)
def test_what_is_no_tree_is_refused_by_name(pairs: list[tuple[int, int]], nodes: int, words: str) -> None:
    with pytest.raises(Refused, match=words):
        heatnet.tree(_pipes(pairs), nodes=_names(nodes), source=0)


def test_a_long_way_takes_more_water_until_enough_heat_arrives() -> None:
    long = replace(_pipes([(0, 1)]), length_m=np.array([20_000.0]))
    demand = np.array([[0.0, 1e3]])
    _, flow = _solved(long, demand, return_c=40.0)
    mass = flow.mass_kg_s[0, 0]
    assert mass * heatnet.HEAT_J_KGK * (flow.supply_c[0, 1] - 40.0) == pytest.approx(1e3, rel=1e-9)
    assert mass > 10.0 * 1e3 / (heatnet.HEAT_J_KGK * 30.0)


def test_what_cannot_be_is_refused() -> None:
    one = _pipes([(0, 1)])
    with pytest.raises(Refused, match="supply warmer"):
        _solved(one, np.array([[0.0, 1e3]]), return_c=80.0)
    with pytest.raises(Refused, match="no warmer than the ground of 90"):
        _solved(one, np.array([[0.0, 1e3]]), ground_c=90.0)
    with pytest.raises(Refused, match="below 0"):
        _solved(one, np.array([[0.0, -1.0]]))
    with pytest.raises(Refused, match="not both"):
        _solved(one, np.array([[0.0, 1.0]]), return_c=40.0, drop_k=30.0)
