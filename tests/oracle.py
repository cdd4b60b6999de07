"""A slow reference for rooms: films and long-wave exchange follow from the temperatures of every quarter of an hour.

The same walls, windows and light as a case of the kind envelope, but nothing is made linear for the year, reduced or
solved in closed form: all nodes at once, implicit Euler at 900 s, each coefficient from the step before. Inside TARP
(1.31, 1.52 and 0.76 dT^(1/3)), outside MoWiTT with the hour's wind, radiation at the fourth power's own slope.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sim.physics import film, sky, zone
from sim.physics.wall import chain
from sim.physics.zone import Outside
from sim.weather import Weather, read_epw
from tools.cases import building, envelope, read, sunlight
from tools.cases.read import Case
from tools.cases.schedule import year_of

STEP_S = 900.0
SIGMA = sky.STEFAN_BOLTZMANN_W_M2K4
KELVIN = sky.KELVIN


@dataclass
class House:
    """A case read: what stands, what is done to it, the weather and its light."""

    made: building.Building
    use: envelope.Use
    weather: Weather
    light: sunlight.Light
    shares: np.ndarray
    """[surface + window] of the sun that came in."""


def house(name: str) -> House:
    """The project's own case of that name."""
    (case,) = [c for c in read.read(Path(read.CASES) / "envelope") if isinstance(c, Case) and c.name == name]
    weather = read_epw(case.inputs.path("weather"))
    made = building.building(case.inputs)
    use = envelope._use(case.inputs, made, year_of(case.inputs, calendar_year=weather.year, steps=weather.steps))
    folds = {w.name: sunlight.fold(w.glazing, envelope._outer(w, weather)) for w in made.windows}
    light = sunlight.light(made, weather, {}, albedo=0.2, folds=folds)
    through = sum(light.transmitted[w.name].sum() * w.area_m2 for w in made.windows)
    beam = sum(light.transmitted_beam[w.name].sum() * w.area_m2 for w in made.windows)
    elements = [envelope._element(s, weather) for s in made.surfaces]
    windows = [envelope._window(w, weather) for w in made.windows]
    return House(made, use, weather, light, zone.sun_shares(elements, windows, beam / through, 1)[:, 0])


def linear(h: House) -> tuple[np.ndarray, np.ndarray]:
    """Heating and cooling [W] of the year by the product's rooms."""
    through = {w.name: float(h.light.transmitted[w.name].sum()) * w.area_m2 for w in h.made.windows}
    beam = sum(float(h.light.transmitted_beam[w.name].sum()) * w.area_m2 for w in h.made.windows)
    net = envelope.network(h.made, h.weather, beam_share=beam / sum(through.values()), bridges_w_k=h.use.bridges_w_k)
    red = envelope.reduction.reduce(net, step_s=h.weather.step_s)
    outside = np.array([h.weather.air_c, film.sky_loss_w_m2(h.weather.air_c, h.weather.sky_c), h.use.beyond_c])
    heating, cooling, _ = envelope._years(red, h.use, outside, envelope._channels(h.made, h.light, h.weather))
    return heating, cooling


class Nodes:
    """Conductances and sources of all nodes of one step: A T = b."""

    def __init__(self, count: int) -> None:
        self.a, self.b = np.zeros((count, count)), np.zeros(count)

    def join(self, i: int, j: int, g: float) -> None:
        self.a[i, i] += g
        self.a[j, j] += g
        self.a[i, j] -= g
        self.a[j, i] -= g

    def hold(self, i: int, g: float, t: float) -> None:
        """A conductance to a known temperature."""
        self.a[i, i] += g
        self.b[i] += g * t


def simulate(h: House, first: int, hours: int, *, warm_up: int) -> tuple[np.ndarray, np.ndarray]:
    """Heating and cooling [W], hourly means of `hours` hours from `first`, after `warm_up` hours before."""
    chains = [chain(s.construction.layers, zones=1, step_s=STEP_S) for s in h.made.surfaces]
    where, count = [], 2  # air, star
    for c in chains:
        n = len(c.capacity_j_m2k)
        where.append(range(count, count + n + 2))  # outer face, cells, inner face
        count += n + 2
    panes = []
    for w in h.made.windows:
        panes.append(range(count, count + len(w.glazing.panes)))
        count += len(w.glazing.panes)
    t = np.full(count, 20.0)
    out = np.zeros((2, hours))
    for k in range(-warm_up, hours):
        at = (first + k) % h.weather.steps
        for _ in range(4):
            nodes = Nodes(count)
            for s, c, rows, share in zip(h.made.surfaces, chains, where, h.shares, strict=False):
                _wall(nodes, h, s, c, rows, t, at, share)
            for w, rows in zip(h.made.windows, panes, strict=True):
                _glass(nodes, h, w, rows, t, at)
            nodes.b[1] += h.use.radiant_share * h.use.gains_w[at]
            nodes.b[0] += (1.0 - h.use.radiant_share) * h.use.gains_w[at]
            nodes.hold(0, h.use.ventilation_w_k[at], h.weather.air_c[at])
            nodes.hold(0, h.use.air_j_k / STEP_S, t[0])
            t, load = _controlled(nodes, h.use.heat_c[at], h.use.cool_c[at])
            if k >= 0:
                out[0, k] += max(load, 0.0) / 4
                out[1, k] += max(-load, 0.0) / 4
    return out[0], out[1]


def _controlled(nodes: Nodes, heat_c: float, cool_c: float) -> tuple[np.ndarray, float]:
    unit = np.zeros(len(nodes.b))
    unit[0] = 1.0
    free, by_watt = np.linalg.solve(nodes.a, np.array([nodes.b, unit]).T).T
    load = (np.clip(free[0], heat_c, cool_c) - free[0]) / by_watt[0]
    return free + load * by_watt, load


def _natural(difference: float, factor: float) -> float:
    return max(factor * abs(difference) ** (1.0 / 3.0), 0.1)


def _inside(nodes, face, area, upright, floor, emissivity, t) -> None:
    """Convection to the air, long-wave exchange with the star."""
    difference = t[face] - t[0]
    rising = (difference > 0) == floor
    factor = film.UPRIGHT_W_M2K1_33 if upright else (
        film.RISING_W_M2K1_33 if rising else film.STRATIFIED_W_M2K1_33)  # fmt: skip
    nodes.join(face, 0, area * _natural(difference, factor))
    nodes.join(face, 1, area * 4 * emissivity * SIGMA * (0.5 * (t[face] + t[1]) + KELVIN) ** 3)


def _outside(nodes, h, face, area, tilt, height, rough, emissivity, t, at) -> None:
    """Convection in the hour's wind; sky by its view, the rest at air temperature."""
    te, sky = h.weather.air_c[at], h.weather.sky_c[at]
    v = h.weather.wind_m_s[at] * (max(height, 0.1) / 10.0) ** 0.14
    forced = 0.5 * (3.26 * v**0.89 + 3.55 * v**0.617)
    natural = _natural(t[face] - te, film.UPRIGHT_W_M2K1_33)
    nodes.hold(face, area * (natural + rough * (np.hypot(natural, forced) - natural)), te)
    view = float(film.sky_view(tilt))
    for share, other in ((view, sky), (1.0 - view, te)):
        nodes.hold(face, area * share * 4 * emissivity * SIGMA * (0.5 * (t[face] + other) + KELVIN) ** 3, other)


def _wall(nodes, h, s, c, rows, t, at, share) -> None:
    k, area = s.construction, s.opaque_m2
    outer, inner = rows[0], rows[-1]
    for i, r in enumerate(c.resistance_m2k_w[:, 0]):
        nodes.join(rows[i], rows[i + 1], area / r)
    for i, capacity in enumerate(c.capacity_j_m2k[:, 0]):
        nodes.hold(rows[i + 1], capacity * area / STEP_S, t[rows[i + 1]])
    if s.outside is Outside.SHELTERED:
        nodes.hold(outer, area * (film.SHELTERED_W_M2K + 4.5), h.weather.air_c[at])
    else:
        _outside(nodes, h, outer, area, s.tilt_rad, s.middle_m, k.roughness, k.emissivity, t, at)
        nodes.b[outer] += area * k.absorptance * h.light.surface[s.name][at]
    _inside(nodes, inner, area, s.upright, s.floor, k.inside_emissivity, t)
    nodes.b[inner] += share * sum(h.light.transmitted[w.name][at] * w.area_m2 for w in h.made.windows)


def _glass(nodes, h, w, rows, t, at) -> None:
    reach = w.glazing.resistance_to_pane_m2k_w
    outer, inner = rows[0], rows[-1]
    for i in range(len(rows) - 1):
        nodes.join(rows[i], rows[i + 1], w.area_m2 / (reach[i + 1] - reach[i]))
    emissivity = w.glazing.panes[0].emissivity_front
    _outside(nodes, h, outer, w.area_m2, w.surface.tilt_rad, w.middle_m, 1.0, emissivity, t, at)
    _inside(nodes, inner, w.area_m2, True, False, w.glazing.panes[-1].emissivity_back, t)
    nodes.b[inner] += w.area_m2 * h.light.absorbed[w.name][at]  # folded onto the inner pane, as in the case
