"""Rooms hour by hour: eight states of the fabric and one of the air, thermostat and windows in closed form.

Air, over a step of dt in which T_a is constant (backward Euler: it never rings), C_a its capacity, x the states of the
fabric at the step's start (`reduction.Reduced`), H ventilation, h windows opened by hand:

    a = C_a / dt - d_a + H + h
    r = C_a / dt T_before + sum x + d u + convective gains + (H + h) T_e
    heating = clip(a T_heat - r, 0, limit);   cooling = clip(r - a T_cool, 0, limit)
    T_a = (r + heating - cooling) / a;        x+ = e x + g_a T_a + g u

The load is what brings the air exactly to its set-point, so nothing iterates and ventilation, set-points, gains and
limits may change every step (EN ISO 52016-1:2017, 6.5.5, finds the same load by two trials). Windows open where T_a
would exceed `open_c` and outdoor air is cooler than the room and than T_cool; they then carry up to `open_w_k`, but
never cool below `open_c`: h = min(open_w_k, (r - a open_c) / (open_c - T_e)), all of open_w_k where T_e > open_c.

Memory: buildings lie in tiles of LANES, all numbers of a tile together, so that a tile's parameters stay in the first
cache over the steps of a span, and every inner loop reads constant distances from few arrays: only so they vectorise.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.kernels import f8, i4, i8, kernel, matrix, out_matrix, out_vector, u2, vector
from sim.physics.reduction import STATES, Reduced
from sim.physics.zone import INPUTS, Input

Float = NDArray[np.float64]
UNIT_W_M2 = 1.0 / 32.0
"""Of the stored irradiance channels."""
LANES = 64
"""Buildings of a tile."""
_STATE_ROWS = 2 + INPUTS
# rows of a tile's parameters
_DIRECT = STATES * _STATE_ROWS
_INERTIA = _DIRECT + INPUTS
_HOLD, _VENTILATION_W_K, _ROOM_HEAT_C, _ROOM_COOL_C, _HEAT_W, _COOL_W = (_INERTIA + r for r in range(1, 7))
_RADIANT_W, _CONVECTIVE_W, _OPEN_C, _OPEN, _LEAK_W_K = (_INERTIA + r for r in range(7, 12))
ROWS = _INERTIA + 12
"""Numbers of a building in `pack`."""
# rows of the working memory: states, air, four channels of light, radiant gains ..
_AIR = STATES
_LIGHT = STATES + 1
_RADIANT, _CONVECTIVE, _VENTILATION, _HEAT_C, _COOL_C, _GAIN, _A, _R, _HEATING, _COOLING = (
    _LIGHT + r for r in range(4, 14)
)
SCRATCH = _LIGHT + 14
"""Rows of LANES of the working memory."""


@dataclass(frozen=True, kw_only=True)
class Room:
    """The air of zones and what is done to it; every number a scalar or an array [zone]."""

    air_j_k: ArrayLike
    """Heat capacity of air (and of light furniture)."""
    ventilation_w_k: ArrayLike
    """H: rho c V' (EN ISO 13789:2017, 10), x the schedule's factor."""
    leak_w_k: ArrayLike = 0.0
    """The same of joints, which no schedule closes; added to H."""
    heat_c: ArrayLike = 0.0
    """Heating set-point; the schedule's is added. -inf: none."""
    cool_c: ArrayLike = 0.0
    """Cooling set-point; the schedule's is added. inf: none."""
    heat_limit_w: ArrayLike = np.inf
    cool_limit_w: ArrayLike = np.inf
    radiant_w: ArrayLike = 0.0
    """Radiant gains, x the schedule's factor."""
    convective_w: ArrayLike = 0.0
    """Convective gains, x the schedule's factor."""
    open_c: ArrayLike = np.inf
    """Above it windows are opened."""
    open_w_k: ArrayLike = 0.0
    """What wide open windows carry."""


def pack(reduced: Reduced, room: Room, *, dtype: Any, channel_unit: float = UNIT_W_M2) -> NDArray[Any]:
    """Zones as `march` reads them: [tile x ROWS x LANES], a last tile filled up by its last zone.

    channel_unit: W/m2 of one count in the irradiance channels.
    """
    k, zones = reduced.decay.shape
    if k != STATES:
        raise ValueError(f"march is made for {STATES} states, not {k}")
    scale = np.ones(INPUTS)
    scale[[Input.WALL_W_M2, Input.ROOF_W_M2, Input.PANE_W_M2, Input.SUN_W_M2]] = channel_unit
    into = reduced.from_input * scale[:, None]
    state = np.concatenate([reduced.decay[:, None], reduced.from_air[:, None], into], axis=1).reshape(-1, zones)
    full = {f.name: np.broadcast_to(np.asarray(getattr(room, f.name), float), zones) for f in fields(Room)}
    inertia = full["air_j_k"] / reduced.step_s
    names = ("ventilation_w_k", "heat_c", "cool_c", "heat_limit_w", "cool_limit_w", "radiant_w", "convective_w",
             "open_c", "open_w_k", "leak_w_k")  # fmt: skip
    own = np.array([inertia, inertia - reduced.direct_air, *(full[name] for name in names)])
    rows = np.concatenate([state, reduced.direct * scale[:, None], own])
    tiles = -(-zones // LANES)
    filled = np.pad(rows, ((0, 0), (0, tiles * LANES - zones)), mode="edge")
    return np.ascontiguousarray(filled.reshape(ROWS, tiles, LANES).transpose(1, 0, 2), dtype=dtype).ravel()


def scratch(dtype: Any) -> NDArray[Any]:
    """Working memory of `march`."""
    return np.zeros(SCRATCH * LANES, dtype)


def begin(states: Float, indoor_c: ArrayLike, dtype: Any) -> Float:
    """State [9, zone] of `march` out of fabric states [8, zone] (reduction.steady) and the air: exact in `dtype`."""
    air = np.broadcast_to(np.asarray(indoor_c, float), states.shape[1])
    return np.concatenate([states, air[None]]).astype(dtype).astype(np.float64)


@kernel(lambda f: (out_vector(f), vector(i4), vector(f), vector(f), vector(f), vector(f)))
def _schedule(b, columns, heat_c, cool_c, gain, air):  # type: ignore[no-untyped-def]
    """The schedules' numbers of a step for every lane."""
    w = LANES
    for i in range(len(columns)):
        c = columns[i]
        b[_GAIN * w + i] = gain[c]
        b[_VENTILATION * w + i] = air[c]
        b[_HEAT_C * w + i] = heat_c[c]
        b[_COOL_C * w + i] = cool_c[c]


@kernel(lambda f: (vector(f), out_vector(f)), fused=True)
def _use(p, b):  # type: ignore[no-untyped-def]
    """Gains, ventilation and set-points of every lane."""
    w = LANES
    for i in range(w):
        b[_RADIANT * w + i] = p[_RADIANT_W * w + i] * b[_GAIN * w + i]
        b[_CONVECTIVE * w + i] = p[_CONVECTIVE_W * w + i] * b[_GAIN * w + i]
        b[_VENTILATION * w + i] = p[_VENTILATION_W_K * w + i] * b[_VENTILATION * w + i] + p[_LEAK_W_K * w + i]
        b[_HEAT_C * w + i] += p[_ROOM_HEAT_C * w + i]
        b[_COOL_C * w + i] += p[_ROOM_COOL_C * w + i]


@kernel(lambda f: (vector(f), out_vector(f), f, f, f), fused=True)
def _fabric(p, b, te, sky, ground):  # type: ignore[no-untyped-def]
    """a and r of every lane, without windows opened by hand and without light."""
    w = LANES
    for i in range(w):
        q = p[_INERTIA * w + i] * b[_AIR * w + i]
        for s in range(STATES):
            q += b[s * w + i]
        q += p[_DIRECT * w + i] * te + p[(_DIRECT + 1) * w + i] * sky + p[(_DIRECT + 2) * w + i] * ground
        q += p[(_DIRECT + 7) * w + i] * b[_RADIANT * w + i]
        b[_R * w + i] = q + b[_CONVECTIVE * w + i] + b[_VENTILATION * w + i] * te
        b[_A * w + i] = p[_HOLD * w + i] + b[_VENTILATION * w + i]


@kernel(lambda f: (vector(f), out_vector(f), f), fused=True)
def _control(p, b, te):  # type: ignore[no-untyped-def]
    """Windows, thermostat and the air: heating, cooling and T_a of every lane (equations: see the module)."""
    w = LANES
    zero = te * 0
    one = zero + 1
    for i in range(w):
        a, r, limit, wide = b[_A * w + i], b[_R * w + i], p[_OPEN_C * w + i], p[_OPEN * w + i]
        excess, gap = r - a * limit, limit - te
        partial = excess / (gap if gap > zero else one)
        h = wide if gap * wide <= excess else partial
        # cooler outside than in the free room, and than where cooling would hold it
        h = h if excess > zero else zero
        h = h if te * a < r else zero
        h = h if te < b[_COOL_C * w + i] else zero
        a += h
        r += h * te
        need = a * b[_HEAT_C * w + i] - r
        need = need if need > zero else zero
        heat = need if need < p[_HEAT_W * w + i] else p[_HEAT_W * w + i]
        over = r - a * b[_COOL_C * w + i]
        over = over if over > zero else zero
        cool = over if over < p[_COOL_W * w + i] else p[_COOL_W * w + i]
        b[_HEATING * w + i] = heat
        b[_COOLING * w + i] = cool
        b[_AIR * w + i] = (r + heat - cool) / a


@kernel(lambda f: (vector(f), out_vector(f), f, f, f), fused=True)
def _advance(p, b, te, sky, ground):  # type: ignore[no-untyped-def]
    """x+ = e x + g_a T_a + g u of every lane, without light."""
    w = LANES
    for i in range(w):
        air, radiant = b[_AIR * w + i], b[_RADIANT * w + i]
        for s in range(STATES):
            j = s * _STATE_ROWS * w + i
            b[s * w + i] = (
                p[j] * b[s * w + i] + p[j + w] * air
                + p[j + 2 * w] * te + p[j + 3 * w] * sky + p[j + 4 * w] * ground
                + p[j + 9 * w] * radiant
            )  # fmt: skip


@kernel(lambda f: (vector(f), out_vector(f)), fused=True)
def _light_now(p, b):  # type: ignore[no-untyped-def]
    """What light adds to r of every lane."""
    w = LANES
    for i in range(w):
        for c in range(4):
            b[_R * w + i] += p[(_DIRECT + 3 + c) * w + i] * b[(_LIGHT + c) * w + i]


@kernel(lambda f: (vector(f), out_vector(f)), fused=True)
def _light_kept(p, b):  # type: ignore[no-untyped-def]
    """What light adds to x+ of every lane."""
    w = LANES
    for i in range(w):
        wall, roof, pane = b[_LIGHT * w + i], b[(_LIGHT + 1) * w + i], b[(_LIGHT + 2) * w + i]
        sun = b[(_LIGHT + 3) * w + i]
        for s in range(STATES):
            j = s * _STATE_ROWS * w + i
            b[s * w + i] += (
                p[j + 5 * w] * wall + p[j + 6 * w] * roof + p[j + 7 * w] * pane + p[j + 8 * w] * sun
            )  # fmt: skip


@kernel(
    lambda f: (
        vector(f), matrix(f), matrix(f), matrix(f), matrix(f), matrix(f), vector(i4), matrix(u2), matrix(u2),
        matrix(u2), matrix(u2), vector(i4), i8, out_matrix(f8), out_vector(f), out_matrix(f), out_matrix(f),
        out_matrix(f),
    )
)  # fmt: skip
def march(rooms, outside, heat_c, cool_c, gain, air, schedule, wall, roof, pane, sun, row, first, state, b, heating_w, cooling_w, indoor_c):  # type: ignore[no-untyped-def]  # noqa: E501
    """Fill `heating_w`, `cooling_w` (both >= 0) and `indoor_c` [steps, zone] from step `first` on, round the year.

    rooms: `pack`; outside [3, step] T_e, film.sky_loss_w_m2 and ground temperature; heat_c, cool_c (added to the
    room's), gain, air (factors) [step, schedule], `schedule` [zone] -> column; wall, roof, pane, sun: u16 irradiance
    channels [daylight, zone], `row` [step] -> daylight row or -1; state [9, zone] is advanced (`begin`); b: `scratch`.
    """
    f = heating_w.dtype.type
    zones, w, total = heating_w.shape[1], LANES, len(row)
    for z in range(0, zones, w):
        n = min(w, zones - z)
        p = rooms[z * ROWS : (z + w) * ROWS]
        columns = schedule[z : z + n]
        for i in range(len(b)):
            b[i] = f(0.0)
        for s in range(STATES + 1):
            for i in range(n):
                b[s * w + i] = f(state[s, z + i])
        before = 0
        for k in range(heating_w.shape[0]):
            t = (first + k) % total
            te, sky, ground = outside[0, t], outside[1, t], outside[2, t]
            changed = k == 0
            for c in range(heat_c.shape[1]):
                changed |= heat_c[t, c] != heat_c[before, c] or cool_c[t, c] != cool_c[before, c]
                changed |= gain[t, c] != gain[before, c] or air[t, c] != air[before, c]
            before = t
            if changed:  # many hours are like the one before
                _schedule(b, columns, heat_c[t], cool_c[t], gain[t], air[t])
                _use(p, b)
            _fabric(p, b, te, sky, ground)
            if row[t] >= 0:
                on_wall, on_roof = wall[row[t], z : z + n], roof[row[t], z : z + n]
                in_pane, through = pane[row[t], z : z + n], sun[row[t], z : z + n]
                for i in range(n):
                    b[_LIGHT * w + i] = f(on_wall[i])
                    b[(_LIGHT + 1) * w + i] = f(on_roof[i])
                    b[(_LIGHT + 2) * w + i] = f(in_pane[i])
                    b[(_LIGHT + 3) * w + i] = f(through[i])
                _light_now(p, b)
            _control(p, b, te)
            _advance(p, b, te, sky, ground)
            if row[t] >= 0:
                _light_kept(p, b)
            heat, cool, room = heating_w[k, z : z + n], cooling_w[k, z : z + n], indoor_c[k, z : z + n]
            for i in range(n):
                heat[i] = b[_HEATING * w + i]
                cool[i] = b[_COOLING * w + i]
                room[i] = b[_AIR * w + i]
        for s in range(STATES + 1):
            for i in range(n):
                state[s, z + i] = f8(b[s * w + i])
