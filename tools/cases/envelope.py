"""Kind `envelope`: one zone from its layers and panes through a weather year, by the product's own rooms.

Films follow from the weather's wind, the tilt and the emissivities (sim/physics/film.py) unless the published case
prescribes them, as ASHRAE 140's 450 to 470 do; the zone becomes a network (zone.assemble), is reduced
(reduction.reduce) and marched hour by hour by the kernel that the product runs. The year is run until it follows on
itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from network.problems import Refused
from sim.physics import film, reduction, rooms, zone
from sim.physics.wall import LIGHT_J_M2K
from sim.physics.zone import Input, Outside
from sim.weather import Weather, read_epw
from tools.cases import building, outcome, sunlight
from tools.cases.read import Case, Figure
from tools.cases.schedule import Year, schedules, series, year_of
from tools.cases.table import Table

Float = NDArray[np.float64]
AIR_J_KGK = 1006.0
"""Specific heat of air (EN ISO 13789:2017: rho c = 1200 J/m3K at sea level)."""
START_C = 20.0
"""Where the first year of a case begins; which one is reported has forgotten it."""
MOST_YEARS = 20
"""Years of warm-up at most: heavy ground forgets slowly."""


@dataclass(frozen=True)
class Use:
    """What is done to the zone; every array [step]."""

    heat_c: Float
    """-inf where heating is off."""
    cool_c: Float
    """inf where cooling is off."""
    heat_limit_w: float
    cool_limit_w: float
    radiant_share: float
    gains_w: Float
    ventilation_w_k: Float
    open_c: float
    open_w_k: float
    air_j_k: float
    bridges_w_k: float
    beyond_c: Float
    """Ground temperature, or of what else lies beyond surfaces with outside = "ground"."""


def run(case: Case) -> list[Figure]:
    """Every figure of the case, see tests/cases/README.md.

    Raises:
        Refused: naming the key that is missing, out of range or unknown.
    """
    inputs = case.inputs
    weather = read_epw(inputs.path("weather"))
    case.remarks.extend(p.message for p in weather.problems)
    year = year_of(inputs, calendar_year=weather.year, steps=weather.steps)
    made = building.building(inputs)
    use = _use(inputs, made, year)
    planes = {}
    for name, table in inputs.named("plane").items():
        tilt = table.number("tilt_deg", 90.0, least=0.0, most=180.0)
        planes[name] = (float(np.radians(tilt)), float(np.radians(table.number("azimuth_deg", 0.0))))
    albedo = inputs.number("albedo", 0.2, least=0.0, most=1.0)
    comfort = inputs.table("comfort")
    above, below = comfort.number("above_c", 26.0), comfort.number("below_c", 18.0)
    inputs.close()
    if not any(float(layer.capacity_j_m2k) >= LIGHT_J_M2K for x in made.surfaces for layer in x.construction.layers):
        raise inputs.wrong("construction", "has no layer that stores heat; give one of them density and specific heat")
    result = _march(made, use, weather, planes, albedo)
    return outcome.figures(result, made, year, step_s=weather.step_s, above_c=above, below_c=below, expect=case.expect)


def network(made: building.Building, weather: Weather, *, beam_share: float, bridges_w_k: float) -> zone.Network:
    """The zone's network of walls, windows and films."""
    elements = [_element(s, weather) for s in made.surfaces]
    return zone.assemble(elements, [_window(w, weather) for w in made.windows], zones=1, step_s=weather.step_s,
                         beam_share=beam_share, bridges_w_k=bridges_w_k)  # fmt: skip


def _use(inputs: Table, made: building.Building, year: Year) -> Use:
    known = schedules(inputs, year)
    air = inputs.number("air_density_kg_m3", 1.2, above=0.0) * AIR_J_KGK
    heat_c, cool_c, heat_w, cool_w = _thermostat(inputs, known, year)
    gains, radiant = np.zeros(year.steps), np.zeros(year.steps)
    for table in inputs.named("gain").values():
        power = table.number("power_w", least=0.0) * _factor(table, known, year)
        gains += power
        radiant += table.number("radiant_share", 0.0, least=0.0, most=1.0) * power
    share = radiant.sum() / gains.sum() if gains.any() else 0.0
    flow = inputs.number("infiltration_h", 0.0, least=0.0) * made.volume_m3 * np.ones(year.steps)
    for table in inputs.named("ventilation").values():
        wanted = _flow(table, made.volume_m3) * (1.0 - table.number("recovery", 0.0, least=0.0, most=1.0))
        flow += wanted * _factor(table, known, year)
    openings = inputs.table("opening")
    ground = inputs.table("ground")
    return Use(
        heat_c, cool_c, heat_w, cool_w, float(share), gains, flow / 3600.0 * air,
        open_c=openings.number("above_c") if openings.values else np.inf,
        open_w_k=_flow(openings, made.volume_m3) / 3600.0 * air if openings.values else 0.0,
        air_j_k=air * made.volume_m3 + inputs.table("zone").number("furniture_j_k", 0.0, least=0.0),
        bridges_w_k=inputs.number("bridges_w_k", 0.0, least=0.0), beyond_c=_beyond(ground, made, known, year),
    )  # fmt: skip


def _thermostat(inputs: Table, known: dict[str, Float], year: Year) -> tuple[Float, Float, float, float]:
    """Set-points [step], infinite where off, and limits; without a thermostat the zone floats."""
    table = inputs.table("thermostat")
    ends = []
    for key, sign in (("heat", -1.0), ("cool", 1.0)):
        set_c = series(table, f"{key}_c", known, year)
        on = series(table, f"{key}_on", known, year, 1.0)
        if set_c is None or on is None:
            ends.append(np.full(year.steps, sign * np.inf))
            continue
        ends.append(np.where(on > 0.5, set_c, sign * np.inf))
    heat_c, cool_c = ends
    crossing = np.flatnonzero(heat_c > cool_c)
    if len(crossing):
        k = crossing[0]
        raise table.wrong("heat_c", f"is {heat_c[k]:g} at {year.name(int(k))}, above cool_c {cool_c[k]:g}; "
                                    "set-points must not cross")  # fmt: skip
    limits = [table.number(f"{key}_limit_w", np.inf, least=0.0) for key in ("heat", "cool")]
    return heat_c, cool_c, limits[0], limits[1]


def _factor(table: Table, known: dict[str, Float], year: Year) -> Float:
    """The table's `schedule` as factors of at least 0, 1 without one."""
    factor = series(table, "schedule", known, year, 1.0)
    if factor is None or factor.min() < 0.0:
        raise table.wrong("schedule", "has values below 0; a factor is at least 0")
    return factor


def _flow(table: Table, volume_m3: float) -> float:
    """flow_m3_h or changes_h [m3/h]."""
    if "flow_m3_h" in table:
        if "changes_h" in table:
            raise table.wrong("changes_h", "stands beside flow_m3_h; give one of them")
        return table.number("flow_m3_h", least=0.0)
    return table.number("changes_h", least=0.0) * volume_m3


def _beyond(ground: Table, made: building.Building, known: dict[str, Float], year: Year) -> Float:
    """Temperature beyond surfaces with outside = "ground": a number, twelve monthly means or a schedule."""
    grounded = [s.name for s in made.surfaces if s.outside is Outside.GROUND]
    if "temperature_c" not in ground:
        if grounded:
            raise ground.wrong("temperature_c", f'is missing; the surface "{grounded[0]}" lies on ground')
        return np.zeros(year.steps)
    if isinstance(ground.raw("temperature_c"), list):
        return np.array(ground.numbers("temperature_c", count=(12,)))[year.months()]
    found = series(ground, "temperature_c", known, year, 0.0)
    assert found is not None
    return found


def _film_out(of: building.Surface | building.Window, weather: Weather) -> float:
    """Convection at an outer face [W/m2K]: what the case prescribes, else by wind, or of still air in shelter."""
    if of.films.h_ce_w_m2k is not None:
        return of.films.h_ce_w_m2k
    if isinstance(of, building.Surface) and not of.sun:
        return film.SHELTERED_W_M2K
    rough = of.construction.roughness if isinstance(of, building.Surface) else 1.0
    return float(film.outside_w_m2k(weather.wind_m_s, height_m=of.middle_m, rough=rough))


def _film_in(of: building.Surface | building.Window, *, upright: bool) -> float:
    """Convection at an inner face [W/m2K]."""
    if of.films.h_ci_w_m2k is not None:
        return of.films.h_ci_w_m2k
    return film.upright_w_m2k() if upright else film.level_w_m2k()


def _element(s: building.Surface, weather: Weather) -> zone.Element:
    c = s.construction
    return zone.Element(
        name=s.name, area_m2=s.opaque_m2, layers=c.layers, outside=s.outside, sun=_channel(s) if s.sun else None,
        absorptance=c.absorptance, emissivity=c.emissivity, sky_view=film.sky_view(s.tilt_rad),
        h_ce_w_m2k=_film_out(s, weather), h_ci_w_m2k=_film_in(s, upright=s.upright),
        h_ri_w_m2k=film.INSIDE_RADIATIVE_W_M2K * c.inside_emissivity / 0.9, inside_absorptance=c.inside_absorptance,
        floor=s.floor,
    )  # fmt: skip


def _channel(s: building.Surface) -> Input:
    return Input.ROOF_W_M2 if s.tilt_rad < np.pi / 3 else Input.WALL_W_M2


def _window(w: building.Window, weather: Weather) -> zone.Window:
    upright = w.surface.upright
    return zone.glazed(
        w.glazing, area_m2=w.area_m2, h_ce_w_m2k=_film_out(w, weather), name=w.name,
        sky_view=film.sky_view(w.surface.tilt_rad), h_ci_w_m2k=_film_in(w, upright=upright),
        h_ri_w_m2k=film.INSIDE_RADIATIVE_W_M2K * w.glazing.panes[-1].emissivity_back / 0.9,
    )  # fmt: skip


def _march(
    made: building.Building, use: Use, weather: Weather, planes: dict[str, tuple[float, float]], albedo: float
) -> outcome.Result:  # fmt: skip
    """Sun, network and march: the year's hours."""
    folds = {w.name: sunlight.fold(w.glazing, _outer(w, weather)) for w in made.windows}
    light = sunlight.light(made, weather, planes, albedo=albedo, folds=folds)
    glass = {w.name: w.area_m2 for w in made.windows}
    through = sum(float(light.transmitted[n].sum()) * a for n, a in glass.items())
    beam = sum(float(light.transmitted_beam[n].sum()) * a for n, a in glass.items())
    net = network(made, weather, beam_share=beam / through if through else 0.0, bridges_w_k=use.bridges_w_k)
    reduced = reduction.reduce(net, step_s=weather.step_s)
    outside = np.array([weather.air_c, film.sky_loss_w_m2(weather.air_c, weather.sky_c), use.beyond_c])
    heating, cooling, indoor = _years(reduced, use, outside, _channels(made, light, weather))
    if not np.isfinite(indoor).all():
        raise Refused("the zone's temperature is not finite: a capacity or a conductance of the case is next to 0")
    return outcome.Result(heating, cooling, indoor, light)


def _years(
    reduced: reduction.Reduced, use: Use, outside: Float, channels: list[Float]
) -> tuple[Float, Float, Float]:  # fmt: skip
    """Heating, cooling [W] and indoor temperature [step] of the year that follows on itself."""
    f, n = np.float64, outside.shape[1]
    room = rooms.Room(
        air_j_k=use.air_j_k, ventilation_w_k=1.0, heat_limit_w=use.heat_limit_w, cool_limit_w=use.cool_limit_w,
        radiant_w=use.radiant_share, convective_w=1.0 - use.radiant_share, open_c=use.open_c, open_w_k=use.open_w_k,
    )  # fmt: skip
    packed = rooms.pack(reduced, room, dtype=f)
    counts = [np.round(c[:, None] / rooms.UNIT_W_M2).astype(np.uint16) for c in channels]
    columns = [np.ascontiguousarray(v[:, None]) for v in (use.heat_c, use.cool_c, use.gains_w, use.ventilation_w_k)]
    means = np.array([*(v.mean() for v in (*outside, *channels)), use.radiant_share * use.gains_w.mean()])
    state = rooms.begin(reduction.steady(reduced, START_C, means), START_C, f)
    out = [np.empty((n, 1)) for _ in range(3)]
    for _ in range(MOST_YEARS):
        before = state.copy()
        rooms.march(packed, outside, *columns, np.zeros(1, np.int32), *counts, np.arange(n, dtype=np.int32), 0, state,
                    rooms.scratch(f), *out)  # fmt: skip
        if np.abs(state - before).max() <= 1e-6 * np.abs(state).max():
            break
    return out[0][:, 0], out[1][:, 0], out[2][:, 0]


def _channels(made: building.Building, light: sunlight.Light, weather: Weather) -> list[Float]:
    """Sun on walls and roofs, in the panes and through them [step], as the network's inputs want them.

    Walls share one input: each counts by what of its sun reaches the room in steady state, A alpha U / h_e; windows by
    absorptance and transmittance at normal incidence, so that the sums are exact.
    """
    found = []
    for channel in (Input.WALL_W_M2, Input.ROOF_W_M2):
        parts = []
        for s in made.surfaces:
            if s.sun and _channel(s) is channel:
                c = s.construction
                outer = _film_out(s, weather) + c.emissivity * film.OUTSIDE_BLACK_W_M2K
                resistance = 1.0 / outer + 0.13 + sum(float(layer.resistance_m2k_w) for layer in c.layers)
                parts.append((s.opaque_m2 * c.absorptance / (outer * resistance), light.surface[s.name]))
        found.append(sunlight.weighted(parts, weather.steps))
    absorbed: list[tuple[float, Float]] = []
    through: list[tuple[float, Float]] = []
    for w in made.windows:
        glass = _window(w, weather)
        for parts, normal, part in ((absorbed, glass.absorptance, light.absorbed),
                                    (through, glass.transmittance, light.transmitted)):  # fmt: skip
            share = float(np.asarray(normal))
            parts.append((w.area_m2 * share, part[w.name] / share))
    return [*found, *(sunlight.weighted(p, weather.steps) for p in (absorbed, through))]


def _outer(w: building.Window, weather: Weather) -> float:
    """Outer film of a window with its long-wave exchange [W/m2K]."""
    return _film_out(w, weather) + w.glazing.panes[0].emissivity_front * film.OUTSIDE_BLACK_W_M2K
