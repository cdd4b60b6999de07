"""Rooms through hours: the air's heat balance, the thermostat, limits, windows opened by hand, spans, float types."""

import houses
import numpy as np
import pytest

from sim.physics import reduction, rooms

N = 75
"""More than one tile, the last not full."""


@pytest.fixture(scope="module")
def red():
    return reduction.reduce(houses.network(N), step_s=houses.STEP_S)


def _run(red, room, year, steps, dtype=np.float64):
    state = houses.start(red, year, room, dtype)
    return year.march(rooms.pack(red, room, dtype=dtype), state, 0, steps, dtype), state


def test_the_kernel_follows_the_equations(red):
    """Against the same equations in plain numpy: a month of set-backs, gains, limits and cooling."""
    steps = 800
    year, room = houses.Year(N, steps), houses.room(N, heat_limit_w=np.linspace(500, 50_000, N), cool_limit_w=2000.0)
    room = houses.rooms.Room(**{**vars(room), "leak_w_k": np.linspace(0, 50, N)})
    found, _ = _run(red, room, year, steps)
    for one, other in zip(found, houses.plain(red, room, year, steps), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-7)


def test_the_airs_heat_balance_closes_at_every_step(red):
    """Heating - cooling + gains + ventilation + what comes from the fabric = what the air stores, to 1e-9."""
    steps = 300
    year, room = houses.Year(N, steps), houses.room(N)
    state = houses.start(red, year, room)
    packed = rooms.pack(red, room, dtype=np.float64)
    for t in range(steps):
        before = state.copy()
        heat, cool, air = (v[0] for v in year.march(packed, state, t, 1))
        u = year.inputs(room, t)
        flow = np.einsum("bjz,jz->bz", red.flow, np.concatenate([before[:8], u, air[None]]))
        q = -flow[-1]  # out of the fabric into the air
        s = year.schedule
        vent = room.ventilation_w_k * year.air[t, s] * (u[0] - air)
        rise = np.asarray(room.air_j_k) * (air - before[8]) / houses.STEP_S
        terms = np.array([heat, -cool, room.convective_w * year.gain[t, s], vent, q, -rise])
        np.testing.assert_allclose(terms.sum(axis=0), 0.0, atol=1e-9 * np.abs(terms).max() + 1e-7)
        np.testing.assert_allclose(flow.sum(axis=0), 0.0, atol=1e-9 * np.abs(flow).max())


def test_the_thermostat_holds_its_band(red):
    steps = 2000
    year = houses.Year(N, steps)
    (heat, cool, air), _ = _run(red, houses.room(N), year, steps)
    low = 20.0 + year.heat_c[:, year.schedule]
    assert (air >= low - 1e-9).all()
    assert (air <= 26.0 + 1e-9).all()
    assert ((heat == 0.0) | (np.abs(air - low) < 1e-9)).all(), "heat only brings the air to its set-point, not beyond"
    assert ((cool == 0.0) | (np.abs(air - 26.0) < 1e-9)).all()
    assert (heat > 0.0).any()
    assert (heat[np.isclose(cool, 0.0) & (air > low + 1e-6)] == 0.0).all()


def test_machines_stop_at_their_limit(red):
    year = houses.Year(N, 700)
    weak = np.linspace(200.0, 3000.0, N)
    (heat, cool, air), _ = _run(red, houses.room(N, heat_limit_w=weak, cool_limit_w=weak), year, 700)
    assert (heat <= weak).all()
    assert (cool <= weak).all()
    cold = air < 20.0 + year.heat_c[:, year.schedule] - 1e-6
    assert cold.any()
    np.testing.assert_array_equal(heat[cold], np.broadcast_to(weak, heat.shape)[cold])


def test_without_set_points_the_house_floats(red):
    """No heat, no cold; kept at one weather for years it comes to rest where the heat balance of its walls is zero."""
    year = houses.Year(N, 24)
    year.outside[:] = np.array([[5.0], [0.0], [5.0]])
    year.row[:] = -1
    year.gain[:] = 1.0
    year.air[:] = 1.0
    room = houses.room(N, heat_c=-np.inf, cool_c=np.inf, radiant_w=0.0)
    packed, state = rooms.pack(red, room, dtype=np.float64), houses.start(red, year, room)
    for _ in range(3000):
        heat, cool, air = year.march(packed, state, 0, 24)
    assert not heat.any()
    assert not cool.any()
    one = reduction.steady(red, 1.0, np.zeros(8)).sum(axis=0) + red.direct_air  # W/K of the fabric, below 0
    rise = np.asarray(room.convective_w) / (np.asarray(room.ventilation_w_k) - one)
    np.testing.assert_allclose(air[-1], 5.0 + rise, rtol=1e-6)


def test_windows_are_opened_when_it_is_warm_and_cooler_outside(red):
    """Never below `open_c`, never into heat, never more than wide open, and as much as it takes."""
    steps = 4000
    year = houses.Year(N, steps)
    year.outside[0] += 8.0
    closed = houses.room(N, heat_c=-np.inf, cool_c=np.inf)
    wide = np.linspace(20.0, 2000.0, N)
    (_, _, shut), _ = _run(red, closed, year, steps)
    opened = houses.room(N, heat_c=-np.inf, cool_c=np.inf, open_c=23.0, open_w_k=wide)
    packed, state = rooms.pack(red, opened, dtype=np.float64), houses.start(red, year, opened)
    used, most = 0, 0
    for t in range(steps):
        before = state.copy()
        _, _, air = year.march(packed, state, t, 1)
        free = _air(red, opened, year, t, before, np.zeros(N))
        full = _air(red, opened, year, t, before, wide)
        te = year.outside[0, t]
        may = (free > 23.0) & (te < free)
        expected = np.where(may, np.maximum(full, np.minimum(23.0, free)), free)
        np.testing.assert_allclose(air[0], expected, atol=1e-9)
        used, most = used + may.sum(), most + (may & (full > 23.0)).sum()
    assert used > most > 0
    assert shut.max() > air.max()


def _air(red, room, year, t, state, h):
    """Air temperature after step t with a conductance `h` more to the outside."""
    u, s = year.inputs(room, t), year.schedule
    inertia = np.asarray(room.air_j_k) / houses.STEP_S
    vent = room.ventilation_w_k * year.air[t, s] + h
    q = state[:8].sum(axis=0) + (red.direct * u).sum(axis=0) + room.convective_w * year.gain[t, s]
    return (inertia * state[8] + q + vent * u[0]) / (inertia - red.direct_air + vent)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_cutting_a_span_anywhere_gives_the_same_bits(red, dtype):
    year, room = houses.Year(N, 200), houses.room(N, open_c=24.0, open_w_k=500.0)
    packed = rooms.pack(red, room, dtype=dtype)
    whole = houses.start(red, year, room, dtype)
    pieces = whole.copy()
    once = year.march(packed, whole, 0, 200, dtype)
    for first, count in ((0, 1), (1, 76), (77, 24), (101, 99)):
        for a, b in zip(once, year.march(packed, pieces, first, count, dtype), strict=True):
            np.testing.assert_array_equal(a[first : first + count], b)
    np.testing.assert_array_equal(whole, pieces)


def test_a_house_is_the_same_in_any_company(red):
    """The tenth house of many and alone: the same bits."""
    year, room = houses.Year(N, 100), houses.room(N)
    begun = houses.start(red, year, room)
    heat, _, air = year.march(rooms.pack(red, room, dtype=np.float64), begun.copy(), 0, 100)
    rows = [9]
    arrays = {k: v[..., rows] if isinstance(v, np.ndarray) else v for k, v in vars(red).items()}
    alone = reduction.Reduced(**arrays)
    own = rooms.Room(**{k: np.broadcast_to(np.asarray(v, float), N)[rows] for k, v in vars(room).items()})
    year.light, year.schedule = np.ascontiguousarray(year.light[:, :, rows]), year.schedule[rows]
    state = np.ascontiguousarray(begun[:, rows])
    heat_1, _, air_1 = year.march(rooms.pack(alone, own, dtype=np.float64), state, 0, 100)
    np.testing.assert_array_equal(heat_1[:, 0], heat[:, 9])
    np.testing.assert_array_equal(air_1[:, 0], air[:, 9])


def test_single_precision_keeps_the_years_loads(red):
    steps = 8760
    year, room = houses.Year(N, steps), houses.room(N)
    (heat, cool, air), _ = _run(red, room, year, steps)
    (heat_4, cool_4, air_4), _ = _run(red, room, year, steps, np.float32)
    for one, other in ((heat, heat_4), (cool, cool_4)):
        assert other.sum(dtype=float) == pytest.approx(one.sum(), rel=1e-4)
    np.testing.assert_allclose(air_4, air, atol=2e-3)
    np.testing.assert_allclose(heat_4.sum(axis=0, dtype=float), heat.sum(axis=0), rtol=5e-4)


def test_a_fabric_of_another_size_is_refused(red):
    two = reduction.reduce(houses.network(2), step_s=houses.STEP_S, states=2)
    with pytest.raises(ValueError, match="8 states, not 2"):
        rooms.pack(two, houses.room(2), dtype=np.float64)
