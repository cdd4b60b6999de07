"""Eight states stand for a house: heat stored, heat that flows, and what the whole network would have answered."""

import houses
import numpy as np
import pytest

from sim.physics import reduction
from sim.physics.zone import INPUTS, Input

N = 12


@pytest.fixture(scope="module")
def net():
    return houses.network(N)


def test_the_heat_that_enters_is_stored_or_reaches_the_air(net):
    red = reduction.reduce(net, step_s=houses.STEP_S)
    assert red.boundary[-2:] == ("stored", "air")
    np.testing.assert_allclose(red.flow.sum(axis=0), 0.0, atol=1e-9 * np.abs(red.flow).max())


def test_stored_heat_is_the_change_of_the_same_sum_of_states(net):
    """What "stored" says over a year adds up to the difference of a content that only the states know: none is made."""
    red = reduction.reduce(net, step_s=houses.STEP_S)
    rng = np.random.default_rng(3)
    content = _content(red)
    x = rng.normal(0, 1e3, (8, N))
    for _ in range(200):
        w = np.concatenate([rng.normal(0, 1, (INPUTS, N)) * 100, rng.uniform(0, 30, (1, N))])
        stored = -np.einsum("jz,jz->z", red.flow[-2], np.concatenate([x, w])) * houses.STEP_S
        after = red.decay * x + np.einsum("kmz,mz->kz", red.from_input, w[:-1]) + red.from_air * w[-1]
        change = (content * (after - x)).sum(axis=0)
        np.testing.assert_allclose(change, stored, rtol=1e-9, atol=1e-9 * (np.abs(content * x)).sum(axis=0).max())
        x = after


def _content(red):
    """[k, zone] joules per unit of state: row "stored" at rest inputs = content (1 - decay) / dt."""
    return red.flow[-2, :8] * houses.STEP_S / (1.0 - red.decay)


def test_a_settled_house_loses_u_a_dt(net):
    """20 degC against 0 outside: the flow through walls and windows is that of resistances in series, exactly."""
    for states in (2, 8, 99):
        red = reduction.reduce(net, step_s=houses.STEP_S, states=states)
        u = np.zeros((INPUTS, N))
        u[Input.OUTSIDE_C] = -5.0
        u[Input.GROUND_C] = 8.0
        x = reduction.steady(red, 20.0, u)
        q = x.sum(axis=0) + (red.direct * u).sum(axis=0) + red.direct_air * 20.0
        np.testing.assert_allclose(q, _settled(net, u, 20.0), rtol=1e-9)
        w = np.concatenate([x, u, np.full((1, N), 20.0)])
        stored = np.einsum("jz,jz->z", red.flow[-2], w)
        np.testing.assert_allclose(stored, 0.0, atol=1e-8 * np.abs(q).max())


def _settled(net, u, air_c):
    """Heat to the air at rest from the network itself: 0 = -G x + B u + b T_a."""
    q = []
    for z in range(N):
        drive = net.from_input[:, :, z] @ u[:, z] + net.from_air_w_k[:, z] * air_c
        x = np.linalg.solve(net.conduction_w_k[:, :, z], drive)
        q.append(net.from_air_w_k[:, z] @ x + net.direct[:, z] @ u[:, z] + net.direct_air_w_k[z] * air_c)
    return np.array(q)


def test_all_states_are_the_exact_step(net):
    """Unreduced, one step of an hour is the matrix exponential of the network over 3,600 s."""
    n = net.capacity_j_k.shape[0]
    whole = reduction.reduce(net, step_s=houses.STEP_S, states=n)
    half = reduction.reduce(net, step_s=houses.STEP_S / 2, states=n)
    np.testing.assert_allclose(half.decay**2, whole.decay, rtol=1e-7, atol=1e-12)
    for z in range(3):
        c = net.capacity_j_k[:, z]
        lam = np.sort(np.linalg.eigvals(net.conduction_w_k[:, :, z] / c[:, None]).real)
        exact = np.sort(np.exp(-lam * houses.STEP_S))
        np.testing.assert_allclose(np.sort(whole.decay[:, z]), exact, rtol=1e-7, atol=1e-12)


def test_eight_states_answer_a_year_as_all_do(net):
    """Loads of the year within 0.1 %, temperatures within hundredths of a kelvin, of the unreduced network."""
    year, room = houses.Year(N, 8760), houses.room(N)
    exact = houses.plain(reduction.reduce(net, step_s=houses.STEP_S, states=99), room, year, 8760)
    eight = houses.plain(reduction.reduce(net, step_s=houses.STEP_S), room, year, 8760)
    assert (exact[0].sum(axis=0) > 0).all()
    np.testing.assert_allclose(eight[0].sum(axis=0), exact[0].sum(axis=0), rtol=1e-3)
    cooled = exact[1].sum(axis=0)
    np.testing.assert_allclose(eight[1].sum(axis=0), cooled, rtol=1e-3, atol=1e-3 * exact[0].sum(axis=0).min())
    np.testing.assert_allclose(eight[0].max(axis=0), exact[0].max(axis=0), rtol=5e-3)
    assert np.sqrt(((eight[2] - exact[2]) ** 2).mean()) < 0.01


def test_a_small_network_keeps_its_states_and_pads_the_rest():
    red = reduction.reduce(houses.network(3), step_s=houses.STEP_S, states=40)
    assert red.decay.shape[0] == 40
    assert (red.decay[-1] == 0.0).all()
    assert (red.from_input[-1] == 0.0).all()
    assert (red.flow[:, 39] == 0.0).all()


def test_heat_flows_both_ways_through_the_same_resistance():
    """b = c: what one kelvin of air puts into a node is what one kelvin of the node gives the air."""
    net = houses.network(5)
    n = net.capacity_j_k.shape[0]
    to_air = net.flow.sum(axis=0)[:n] + net.conduction_w_k.sum(axis=0)
    np.testing.assert_allclose(to_air, net.from_air_w_k, rtol=1e-9, atol=1e-9)
