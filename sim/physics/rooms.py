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
LANES = 32
"""Buildings of a tile."""
_STATE_ROWS = 2 + INPUTS
_DIRECT = STATES * _STATE_ROWS
_ROOM = _DIRECT + INPUTS
ROWS = _ROOM + 12
"""Numbers of a building in `pack`."""
_T = STATES
_CHANNEL = STATES + 1
SCRATCH = STATES + 16
"""Rows of LANES of the scratch vector."""


@dataclass(frozen=True, kw_only=True)
class Room:
    """The air of zones and what is done to it; every number a scalar or an array [zone]."""

    air_j_k: ArrayLike
    """Heat capacity of air (and of light furniture)."""
    ventilation_w_k: ArrayLike
    """H: rho c V' (EN ISO 13789:2017, 10), x the schedule's factor."""
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
             "open_c", "open_w_k")  # fmt: skip
    own = np.array([inertia, inertia - reduced.direct_air, *(full[name] for name in names), np.zeros(zones)])
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


@kernel(lambda f: (vector(f), out_vector(f), f, f, f))
def _fabric(p, b, te, sky, ground):  # type: ignore[no-untyped-def]
    """a and r of every lane, without windows opened by hand: rows 14 and 15 of the working rows."""
    w = LANES
    o = (STATES + 1) * LANES
    d = STATES * _STATE_ROWS * LANES
    q = _ROOM * LANES
    for i in range(w):
        b[o + 10 * w + i] = (
            p[q + i] * b[_T * w + i]
            + (b[i] + b[w + i] + b[2 * w + i] + b[3 * w + i])
            + (b[4 * w + i] + b[5 * w + i] + b[6 * w + i] + b[7 * w + i])
            + p[d + i] * te + p[d + w + i] * sky + p[d + 2 * w + i] * ground
            + p[d + 3 * w + i] * b[o + i] + p[d + 4 * w + i] * b[o + w + i] + p[d + 5 * w + i] * b[o + 2 * w + i]
            + p[d + 6 * w + i] * b[o + 3 * w + i] + p[d + 7 * w + i] * b[o + 4 * w + i]
            + b[o + 5 * w + i] + b[o + 6 * w + i] * te
        )  # fmt: skip
    for i in range(w):
        b[o + 9 * w + i] = p[q + w + i] + b[o + 6 * w + i]


@kernel(lambda f: (vector(f), out_vector(f), f))
def _control(p, b, te):  # type: ignore[no-untyped-def]
    """Windows, thermostat and the air: heating, cooling and T_a of every lane (equations: see the module)."""
    w = LANES
    o = (STATES + 1) * LANES
    q = _ROOM * LANES
    zero = te * 0
    for i in range(w):
        a, r, high, limit = b[o + 9 * w + i], b[o + 10 * w + i], b[o + 8 * w + i], p[q + 9 * w + i]
        excess, gap, wide = r - a * limit, limit - te, p[q + 10 * w + i]
        h = wide if gap * wide <= excess else excess / gap
        h = h if (excess > zero) & (te * a < r) & (te < high) else zero
        b[o + 11 * w + i] = h
    for i in range(w):
        h = b[o + 11 * w + i]
        b[o + 9 * w + i] += h
        b[o + 10 * w + i] += h * te
    for i in range(w):
        need = b[o + 9 * w + i] * b[o + 7 * w + i] - b[o + 10 * w + i]
        need = need if need > zero else zero
        b[o + 12 * w + i] = need if need < p[q + 5 * w + i] else p[q + 5 * w + i]
    for i in range(w):
        need = b[o + 10 * w + i] - b[o + 9 * w + i] * b[o + 8 * w + i]
        need = need if need > zero else zero
        b[o + 13 * w + i] = need if need < p[q + 6 * w + i] else p[q + 6 * w + i]
    for i in range(w):
        b[_T * w + i] = (b[o + 10 * w + i] + b[o + 12 * w + i] - b[o + 13 * w + i]) / b[o + 9 * w + i]


@kernel(lambda f: (vector(f), out_vector(f), f, f, f))
def _advance(p, b, te, sky, ground):  # type: ignore[no-untyped-def]
    """x+ = e x + g_a T_a + g u of every lane."""
    w = LANES
    o = (STATES + 1) * LANES
    for s in range(STATES):
        x = b[s * w : (s + 1) * w]
        y = p[s * _STATE_ROWS * w : (s + 1) * _STATE_ROWS * w]
        for i in range(w):
            x[i] = (
                y[i] * x[i] + y[w + i] * b[_T * w + i]
                + y[2 * w + i] * te + y[3 * w + i] * sky + y[4 * w + i] * ground
                + y[5 * w + i] * b[o + i] + y[6 * w + i] * b[o + w + i] + y[7 * w + i] * b[o + 2 * w + i]
                + y[8 * w + i] * b[o + 3 * w + i] + y[9 * w + i] * b[o + 4 * w + i]
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
    o = (STATES + 1) * LANES
    for z in range(0, zones, w):
        n = min(w, zones - z)
        p = rooms[z * ROWS : (z + w) * ROWS]
        own = p[_ROOM * w :]
        for i in range(len(b)):
            b[i] = f(0.0)
        for s in range(STATES + 1):
            for i in range(n):
                b[s * w + i] = f(state[s, z + i])
        for k in range(heating_w.shape[0]):
            t = (first + k) % total
            te, sky, ground = outside[0, t], outside[1, t], outside[2, t]
            if row[t] < 0:
                for i in range(4 * w):
                    b[o + i] = f(0.0)
            else:
                light = row[t]
                for i in range(n):
                    b[o + i] = f(wall[light, z + i])
                for i in range(n):
                    b[o + w + i] = f(roof[light, z + i])
                for i in range(n):
                    b[o + 2 * w + i] = f(pane[light, z + i])
                for i in range(n):
                    b[o + 3 * w + i] = f(sun[light, z + i])
            for i in range(n):
                s = schedule[z + i]
                b[o + 4 * w + i] = own[7 * w + i] * gain[t, s]
                b[o + 5 * w + i] = own[8 * w + i] * gain[t, s]
                b[o + 6 * w + i] = own[2 * w + i] * air[t, s]
                b[o + 7 * w + i] = own[3 * w + i] + heat_c[t, s]
                b[o + 8 * w + i] = own[4 * w + i] + cool_c[t, s]
            _fabric(p, b, te, sky, ground)
            _control(p, b, te)
            _advance(p, b, te, sky, ground)
            for i in range(n):
                heating_w[k, z + i] = b[o + 12 * w + i]
            for i in range(n):
                cooling_w[k, z + i] = b[o + 13 * w + i]
            for i in range(n):
                indoor_c[k, z + i] = b[_T * w + i]
        for s in range(STATES + 1):
            for i in range(n):
                state[s, z + i] = f8(b[s * w + i])
