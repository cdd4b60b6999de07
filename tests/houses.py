"""A street of unlike houses for tests of rooms, and the year marched in plain numpy: the same equations, no kernel."""

from __future__ import annotations

import numpy as np

from sim.physics import reduction, rooms, zone
from sim.physics.wall import Layer, resistance
from sim.physics.zone import INPUTS, Element, Input, Outside, Window

STEP_S = 3600.0


def network(n: int, seed: int = 0) -> zone.Network:
    """Walls, roof, slab on soil, inner masses, windows and bridges of `n` houses."""
    rng = np.random.default_rng(seed)

    def some(low: float, high: float) -> np.ndarray:
        return rng.uniform(low, high, n)

    foot, glass = some(60, 400), some(8, 60)
    elements = [
        Element(name="walls", area_m2=some(100, 500), outside=Outside.AIR, sun=Input.WALL_W_M2, h_ce_w_m2k=some(8, 14),
                layers=[Layer(0.02, 0.9, 1800, 900), resistance(some(0.3, 5)), Layer(some(0.1, 0.35), 0.7, 1600, 900)]),
        Element(name="roof", area_m2=foot, outside=Outside.AIR, sun=Input.ROOF_W_M2, sky_view=1.0, h_ce_w_m2k=12.0,
                layers=[Layer(0.02, 0.14, 530, 900), resistance(some(0.5, 6)), Layer(some(0.01, 0.2), 1.5, 2200, 1e3)]),
        Element(name="ground", area_m2=foot, outside=Outside.GROUND, floor=True,
                layers=[Layer(1.0, 1.5, 1800, 900), resistance(some(0.5, 5)), Layer(0.15, 1.5, 2200, 1000)]),
        Element(name="inside", area_m2=foot * some(1, 4), outside=Outside.ADIABATIC,
                layers=[Layer(some(0.04, 0.12), 1.0, 1600, 1000)]),
    ]  # fmt: skip
    windows = [Window(area_m2=glass, conductance_w_m2k=some(1, 5), transmittance=some(0.4, 0.7), absorptance=0.06,
                      sky=0.05)]  # fmt: skip
    return zone.assemble(elements, windows, zones=n, step_s=STEP_S, bridges_w_k=some(0, 20))


def room(n: int, seed: int = 0, **changed: object) -> rooms.Room:
    """Air of the houses: ventilated, heated to 20, cooled to 26 degC."""
    rng = np.random.default_rng(seed + 1)
    volume = rng.uniform(200, 3000, n)
    values: dict[str, object] = {
        "air_j_k": 1200.0 * volume * 3.0, "ventilation_w_k": 0.34 * 0.5 * volume, "heat_c": 20.0, "cool_c": 26.0,
        "radiant_w": 0.6 * volume, "convective_w": 0.4 * volume,
    }  # fmt: skip
    return rooms.Room(**{**values, **changed})


class Year:
    """Weather, light and schedules of `steps` hours."""

    def __init__(self, n: int, steps: int, seed: int = 0) -> None:
        rng = np.random.default_rng(seed + 2)
        t = np.arange(steps)
        swing = -np.cos(2 * np.pi * t / 8760)
        self.outside = np.array([10 + 11 * swing + 5 * np.sin(2 * np.pi * (t - 9) / 24) + rng.normal(0, 2, steps),
                                 rng.uniform(10, 100, steps), 11 + 3 * swing])  # fmt: skip
        self.outside = np.ascontiguousarray(self.outside)
        day = (t % 24 > 6) & (t % 24 < 18)
        self.row = np.where(day, np.cumsum(day) - 1, -1).astype(np.int32)
        height = (np.sin(np.pi * (t[day] % 24 - 6) / 12) * rng.uniform(0.1, 1.0, day.sum()))[:, None]
        peak = np.array([400.0, 800.0, 450.0, 450.0])[:, None, None] * (0.6 + 0.4 * swing[day][:, None])
        self.light = (peak * height * rng.uniform(0.5, 1.0, n) * 32).astype(np.uint16)
        night = (t % 24 < 6)[:, None]
        self.heat_c = np.where(night, [[-4.0, 0.0]], 0.0)
        self.cool_c = np.zeros((steps, 2))
        self.gain = 0.5 + 0.5 * np.where(night, 0.0, [[1.0, 1.4]])
        self.air = np.where(night, [[1.0, 2.0]], 1.0)
        self.schedule = (np.arange(n) % 2).astype(np.int32)

    def march(self, packed, state, first, steps, dtype=np.float64):
        """The kernel over `steps` steps from `first`: heating, cooling, indoor; `state` is advanced."""
        n = state.shape[1]
        tables = [np.ascontiguousarray(a, dtype) for a in (self.outside, self.heat_c, self.cool_c, self.gain, self.air)]
        out = [np.empty((steps, n), dtype) for _ in range(3)]
        rooms.march(packed, *tables, self.schedule, *self.light, self.row, first, state, rooms.scratch(dtype), *out)
        return out

    def inputs(self, r: rooms.Room, t: int) -> np.ndarray:
        """[m, house] at step t."""
        n = len(self.schedule)
        u = np.zeros((INPUTS, n))
        u[:3] = self.outside[:, t, None]
        if self.row[t] >= 0:
            u[3:7] = self.light[:, self.row[t]] / 32.0
        u[Input.RADIANT_W] = r.radiant_w * self.gain[t, self.schedule]
        return u


def start(reduced: reduction.Reduced, year: Year, r: rooms.Room, dtype=np.float64) -> np.ndarray:
    """State at 20 degC indoors, settled under the first step."""
    return rooms.begin(reduction.steady(reduced, 20.0, year.inputs(r, 0)), 20.0, dtype)


def plain(reduced: reduction.Reduced, r: rooms.Room, year: Year, steps: int) -> list[np.ndarray]:
    """Heating, cooling, indoor temperature by numpy; any number of states; no windows opened by hand."""
    n = len(year.schedule)
    x, air = reduction.steady(reduced, 20.0, year.inputs(r, 0)), np.full(n, 20.0)
    out = [np.empty((steps, n)) for _ in range(3)]
    inertia = np.asarray(r.air_j_k) / reduced.step_s
    for t in range(steps):
        u, s = year.inputs(r, t), year.schedule
        h = r.ventilation_w_k * year.air[t, s] + r.leak_w_k
        a = inertia - reduced.direct_air + h
        q = (inertia * air + x.sum(0) + (reduced.direct * u).sum(0) + r.convective_w * year.gain[t, s] + h * u[0])
        heat = np.clip(a * (r.heat_c + year.heat_c[t, s]) - q, 0.0, r.heat_limit_w)
        cool = np.clip(q - a * (r.cool_c + year.cool_c[t, s]), 0.0, r.cool_limit_w)
        air = (q + heat - cool) / a
        x = reduced.decay * x + reduced.from_air * air + (reduced.from_input * u).sum(1)
        for row, value in zip(out, (heat, cool, air), strict=True):
            row[t] = value
    return out
