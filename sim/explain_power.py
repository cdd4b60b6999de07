"""The power balance of one building in one step, and how its heat is made: terms in watts, with what they follow from.

    power    solar - appliances - electricity for heat - cars + battery - what leaves the building = 0
    supply   electricity + gas + heat from the air - lost in the boiler - room heat - hot water = 0

Totals are those that the year's own kernels give in float64 (sim/alone.py); the figures behind them are worked out here
once more from the equations of sim/physics/.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from network.terms import Term
from sim.district import Buildings, District, Heater, Surfaces
from sim.formulas import term
from sim.memo import by_columns
from sim.physics import heating, irradiance, pv
from sim.prepare import Case
from sim.solar import UNIT_W_M2, Solar, sky_of
from sim.span import Flux, State
from sim.weather import Weather

Float = NDArray[np.float64]
_sky = by_columns(sky_of)


def power(
    d: District, solar: Solar, weather: Weather, case: Case, row: int, at: int, before: State, flux: Flux
) -> tuple[Term, ...]:
    """The power balance of the one building of `case`, row `row` of the district, in step `at` [W]."""
    b = d.building
    found = [
        _modules(d, solar, weather, case, row, at, flux),
        term("appliances", -_of(flux.appliances_w), term("share", case.share[at, 0]),
             term("year_j", b.appliances_j[row]), term("step_s", case.step_s)),
        term("heater", -_of(flux.heater_w), *_electric(case, b, row, at, flux)),
    ]  # fmt: skip
    if case.cars is not None and case.cars.limit_w[0] > 0.0:
        found.append(_cars(case, b, row, at, before, flux))
    if case.battery_j[0] > 0.0 or before.battery_j[0] > 0.0:
        found.append(_battery(case, before, flux))
    surplus_w = _of(flux.surplus_w)
    return (*found, term("surplus", -surplus_w, label="To the district" if surplus_w > 0.0 else "From the district"))


def supply(case: Case, b: Buildings, row: int, at: int, flux: Flux) -> tuple[Term, ...]:
    """How the heat of the one building of `case` is made in step `at` [W]; sums to zero."""
    electric = _of(flux.heater_w) - _cooling_w(case, flux)
    gas, heat = _of(flux.gas_w), _of(flux.heating_w) + _of(flux.hot_water_w)
    found = []
    if b.heater[row] == Heater.GAS_BOILER:
        efficiency = term("efficiency", 1.0 / case.heater[2, 0])
        lost = term("flue", -gas * (1.0 - efficiency.value), efficiency)
        found = [term("gas", gas, term("heat_w", heat), efficiency), lost]
    elif b.heater[row] == Heater.HEAT_PUMP:
        found = [term("electricity", electric, *_pump(case, b, row, at, flux)), term("ambient", _of(flux.ambient_w))]
    else:
        found = [term("electricity", electric)]
    taps = term("to_taps", -_of(flux.hot_water_w), *_tapped(case, b, row, at))
    return (*found, term("to_rooms", -_of(flux.heating_w)), taps)


def _of(column: NDArray[np.float64]) -> float:
    return float(column[0, 0])


def _tapped(case: Case, b: Buildings, row: int, at: int) -> tuple[Term, Term, Term]:
    """What hot water follows from."""
    return term("share", case.share[at, 1]), term("year_j", b.hot_water_j[row]), term("step_s", case.step_s)


def _cooling_w(case: Case, flux: Flux) -> float:
    """Electricity of cooling."""
    return 0.0 if case.rooms.eer is None else _of(flux.cooling_w) / float(case.rooms.eer[0])


def _electric(case: Case, b: Buildings, row: int, at: int, flux: Flux) -> list[Term]:
    """What takes electricity to move or make heat."""
    found: list[Term] = []
    if b.heater[row] == Heater.HEAT_PUMP:
        found += _pump(case, b, row, at, flux)
    elif b.heater[row] == Heater.NONE:
        found.append(term("water_w", _of(flux.hot_water_w), *_tapped(case, b, row, at)))
    if case.rooms.eer is not None and _of(flux.cooling_w):
        found += [term("cooled_w", _of(flux.cooling_w)), term("eer", case.rooms.eer[0])]
    return found


def _pump(case: Case, b: Buildings, row: int, at: int, flux: Flux) -> list[Term]:
    """Room heat and hot water of a heat pump, each with its COP between source and sink."""
    source = float(case.air_c[at])
    sink = float(b.sink_c[row] + b.sink_slope[row] * source)
    air = term("source_c", source)
    warm = term("sink_c", sink, term("sink_zero_c", b.sink_c[row]), term("sink_slope", b.sink_slope[row]), air)
    return [
        term("room_w", _of(flux.heating_w)), term("cop", heating.cop(sink - source), warm, air),
        term("water_w", _of(flux.hot_water_w), *_tapped(case, b, row, at)),
        term("cop_water", 1.0 / float(case.water_share[at]), term("sink_water_c", heating.HOT_WATER_C), air),
    ]  # fmt: skip


def _cars(case: Case, b: Buildings, row: int, at: int, before: State, flux: Flux) -> Term:
    c = case.cars
    assert c is not None
    return term(
        "vehicle", -_of(flux.vehicle_w), term("cars", b.vehicles[row] * b.electric_share[row]),
        term("smart", c.smart[0]), term("home", c.home[at, 0]), term("owed_j", before.vehicle_j[:2, 0].sum()),
        term("limit_w", c.limit_w[0]),
    )  # fmt: skip


def _battery(case: Case, before: State, flux: Flux) -> Term:
    left = _of(flux.surplus_w) - _of(flux.battery_w)
    return term(
        "battery", _of(flux.battery_w), term("left_over_w", left), term("charge_j", before.battery_j[0]),
        term("capacity_j", case.battery_j[0]), term("limit_w", case.battery_limit_w[0]), term("step_s", case.step_s),
    )  # fmt: skip


# ---------------------------------------------------------------- modules


def _modules(
    d: District, solar: Solar, weather: Weather, case: Case, row: int, at: int, flux: Flux
) -> Term:
    """Solar power: every surface with modules, then the inverter."""
    lit = int(case.row[at])
    if lit < 0 or not len(case.peak_w):
        return term("pv", _of(flux.pv_w))
    carriers = np.flatnonzero((d.surface.building[solar.carrier] == row) & (d.surface.pv_peak_w[solar.carrier] > 0.0))
    rows = solar.carrier[carriers]
    light = _light(d.surface, rows, weather, lit)
    surfaces, total = [], 0.0
    for k, surface in enumerate(rows.tolist()):
        cells = float(case.module[lit, k]) * UNIT_W_M2
        g = float(case.module[lit, k])
        mount = int(case.module_mount[k])
        dc = g * float(case.module_terms[at, 0] + case.module_terms[at, 1 + mount] * g) * float(case.peak_w[k])
        total += dc
        surfaces.append(_surface(d.surface, surface, weather, at, mount, cells, dc, light[:, k]))
    ac = _of(flux.pv_w)
    efficiency = term("inverter", ac / total if total > 0.0 else 0.0, term("rated_w", case.rated_w[0]))
    return term("pv", ac, term("direct_w", total, *surfaces), efficiency)


def _surface(
    s: Surfaces, row: int, weather: Weather, at: int, mount: int, cells: float, dc: float, light: Float
) -> Term:
    cosine, direct, poa = light.tolist()
    wind, air = float(weather.wind_m_s[at]), float(weather.air_c[at])
    warm = float(pv.cell_resistance(np.array(wind), noct_c=pv.NOCT_C[mount])) * cells
    facing = f", facing {_compass(float(s.azimuth_rad[row]))}"
    where = ("on a flat roof", f"on a roof{facing}", f"on a wall{facing}")[mount]
    plane = (term("tilt_rad", s.tilt_rad[row]), term("azimuth_rad", s.azimuth_rad[row]))
    normal = term("normal_w_m2", direct / cosine if cosine > 0.0 else 0.0)
    irradiance_w_m2 = term("irradiance_w_m2", poa, term("beam_w_m2", direct, normal, term("incidence", cosine)),
                           term("diffuse_w_m2", poa - direct), *plane)  # fmt: skip
    g = term("cells_w_m2", cells, irradiance_w_m2, term("reflected_w_m2", poa - cells))
    cell = term("cell_c", air + warm, term("outdoor_c", air), g, term("wind_m_s", wind),
                term("noct_c", pv.NOCT_C[mount]))  # fmt: skip
    return term("module", dc, term("peak_w", s.pv_peak_w[row]), g, cell, term("losses", 1.0 - pv.LOSSES),
                label=f"Modules {where}")  # fmt: skip


def _compass(azimuth_rad: float) -> str:
    names = ("north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west")
    return names[round(azimuth_rad / (np.pi / 4.0)) % 8]


def _light(s: Surfaces, rows: NDArray[np.int32], weather: Weather, lit: int) -> Float:
    """[3, surface] cosine of incidence, beam with circumsolar light, irradiance [W/m2] in a daylight row, float64."""
    sky, _ = _sky(weather)
    terms, low = irradiance.terms(sky, np.float64)
    plane = irradiance.planes(
        tilt=s.tilt_rad[rows], azimuth=s.azimuth_rad[rows], sky_view=np.asarray(s.sky_view[rows], float),
        crown_view=np.asarray(s.crown_view[rows], float), dtype=np.float64,
    )  # fmt: skip
    horizon, crown = (np.ascontiguousarray(a[rows].T, dtype=np.float64) for a in (s.horizon_rad, s.crown_rad))
    out = [np.empty((1, len(rows))) for _ in range(3)]
    irradiance.transpose(terms, low, lit, 1, plane, horizon, crown, np.empty(len(rows)), *out)
    return np.concatenate(out)
