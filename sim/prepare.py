"""(District, Solar, Weather) -> Case: all that is constant over a year, as the kernels read it.

Each part remembers the columns that it was made from (sim/memo.py): a layer pays only for what it changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from network.problems import Refused
from sim import boundary, gridflow, rooms, wallclock
from sim.district import District, Heater, Lines, Nodes, SiteKind, Sites
from sim.memo import by_columns
from sim.physics import heating, pv, vehicles, wind
from sim.rooms import Rooms
from sim.solar import UNIT_W_M2, Solar
from sim.weather import Weather

Array = NDArray[Any]


@dataclass(frozen=True)
class Cars:
    """Electric cars as sim/physics/vehicles.py reads them; [building] of the case's float type."""

    arrive: Array
    home: Array
    stay: Array
    left: Array
    midnight: Array
    row: Array
    day_w: Array
    limit_w: Array
    smart: Array


@dataclass(frozen=True)
class Plant:
    """Sites of the district, float64 [site]."""

    capacity_j: Array
    limit_w: Array
    part: Array
    """Of the batteries behind the same substation, 0 = no battery."""
    site_group: Array
    order: Array
    """[building] sorted by substation; those that are not connected are the last group."""
    start: Array
    """[substation + 2] where each begins in `order`."""
    load_w: Array
    """[hour of the day, site] what chargers draw."""


@dataclass(frozen=True)
class Wind:
    """Turbines that stand."""

    site: Array
    """[turbine] row of the site; int64."""
    power_w: Array
    """[step, turbine] float64."""


@dataclass(frozen=True)
class Case:
    """A year ready to be computed. Arrays of `dtype` unless said; [step] covers the year."""

    dtype: type
    step_s: float
    steps: int
    buildings: int
    air_c: Array
    """[step] outside."""
    row: Array
    """[step] daylight row of the arrays below, -1 at night; int32."""
    module: Array
    """[daylight, module] u16, as in Solar."""
    mapped: tuple[Array, ...]
    """Light on disk whose pages are given back once a span has read them (Solar.mapped)."""
    module_terms: Array
    """[step, 1 + mount], see pv.step_terms."""
    module_column: Array
    """[installed] column of `module`; int32."""
    module_mount: Array
    """[installed] pv.Mount; int32."""
    peak_w: Array
    """[installed] modules that stand."""
    module_start: Array
    """[building + 1] int64 offsets into the installed modules."""
    rated_w: Array
    """[building] rating of the inverter."""
    share: Array
    """[step, profile]"""
    profile: Array
    appliances_w: Array
    """[building] yearly joules over the step length."""
    hot_water_profile: Array
    hot_water_w: Array
    rooms: Rooms
    heater: Array
    """[5, building], see heating.supply."""
    water_share: Array
    """[step] electricity per hot-water heat of a heat pump."""
    grid: gridflow.Grid
    connected: Array | None
    """[building] bool where some building is not on the grid, None where all are."""
    inside: dict[str, Array]
    """{boundary: [building] bool} of boundaries that leave some building out (sim/boundary.py)."""
    days_in_month: tuple[int, ...]
    battery_j: Array
    """[building] capacity of home batteries."""
    battery_limit_w: Array
    batteries: bool
    """Is there a home battery?"""
    cars: Cars | None
    plant: Plant | None
    """None where no site has a battery or a charger at work."""
    wind: Wind | None
    wall_hour: Array
    """[step] hour of the day on the wall."""
    sites: int


def prepare(district: District, solar: Solar, weather: Weather, *, dtype: type = np.float32) -> Case:
    """The case of a district under its light and weather.

    Raises:
        Refused: profiles or light belong to another weather year, modules stand where none can.
    """
    b, s = district.building, district.surface
    steps = weather.steps
    hours = round(steps * weather.step_s / 3600.0)
    if district.profile.share.shape[1] not in (hours, steps) or len(solar.row) != steps:
        years = f"{district.profile.share.shape[1]} and {hours} hours"
        raise Refused(f"profiles and weather are of different lengths ({years}); build the package again")
    column, mount, pv_peak_w, start, rated = _modules(s.pv_peak_w, s.usable_m2, s.tilt_rad, s.building, solar.carrier,
                                                      len(b), dtype)  # fmt: skip
    site = district.site
    grid = _grid(district.node, district.line, b.node, b.phase_share, site.node)
    wall = wallclock.hours(steps=steps, step_s=weather.step_s, year=district.place.year, zone=district.place.zone,
                           utc_offset_s=district.place.utc_offset_s)  # fmt: skip
    charged_j, home_share = _away(b.vehicles, b.electric_share, b.drive_j, b.away_share, site.kind, site.power_w)
    connected = grid.building_part >= 0
    return Case(
        dtype=dtype, step_s=weather.step_s, steps=steps, buildings=len(b), air_c=_cast(weather.air_c, dtype),
        row=solar.row, module=solar.module, mapped=solar.mapped,
        module_terms=_module_terms(weather.air_c, weather.wind_m_s, dtype),
        module_column=column, module_mount=mount, peak_w=pv_peak_w, module_start=start, rated_w=rated,
        share=_share(district.profile.share, steps, dtype),
        profile=b.profile, appliances_w=_scaled(b.appliances_j, weather.step_s, dtype),
        hot_water_profile=b.hot_water_profile, hot_water_w=_scaled(b.hot_water_j, weather.step_s, dtype),
        rooms=rooms.of(district, solar, weather, wall, dtype=dtype),
        heater=_heater(b.heater, b.boiler_efficiency, b.sink_c, b.sink_slope, dtype),
        water_share=_water_share(weather.air_c, dtype),
        grid=grid, connected=None if connected.all() else connected,
        inside=boundary.parts(district),
        days_in_month=(31, 28 if hours == 8760 else 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31),
        battery_j=_cast(b.battery_j, dtype), battery_limit_w=_cast(b.battery_limit_w, dtype),
        batteries=bool(b.battery_j.any()), cars=_cars(b.id, b.vehicles, b.electric_share, b.smart_share, b.drive_j,
                                                      home_share, wall, weather.step_s, dtype),
        plant=_plant(site, grid, charged_j),
        wind=_wind(site.kind, site.power_w, site.hub_m, weather.wind_m_s), wall_hour=_hour(wall), sites=len(site),
    )  # fmt: skip


@by_columns
def _cast(column: Array, dtype: type) -> Array:
    return np.ascontiguousarray(column, dtype=dtype)


@by_columns
def _scaled(column: Array, divisor: float, dtype: type) -> Array:
    return np.ascontiguousarray(column / divisor, dtype=dtype)


@by_columns
def _share(share: Array, steps: int, dtype: type) -> Array:
    """[step, profile]; an hour's share is spread evenly over finer steps."""
    n = steps // share.shape[1]
    return np.ascontiguousarray(share.T if n == 1 else np.repeat(share.T / n, n, axis=0), dtype=dtype)


@by_columns
def _module_terms(air_c: Array, wind_m_s: Array, dtype: type) -> Array:
    return pv.step_terms(air_c=air_c, wind_m_s=wind_m_s, unit_w_m2=UNIT_W_M2, dtype=dtype)


@by_columns
def _modules(
    peak_w: Array, usable_m2: Array, tilt_rad: Array, building: Array, carrier: Array, buildings: int, dtype: type
) -> tuple[Array, Array, Array, Array, Array]:
    """Modules that stand: column of the light, mount, peak, [building + 1] start, and [building] inverter rating."""
    if len(carrier) != np.count_nonzero(usable_m2 > 0.0) or np.any(peak_w[usable_m2 <= 0.0] > 0.0):
        raise Refused("modules stand on a surface without usable area; give the surface usable_m2 and build again")
    column = np.flatnonzero(peak_w[carrier] > 0.0).astype(np.int32)
    at = carrier[column]
    peak, owner = peak_w[at], building[at]
    start = np.searchsorted(owner, np.arange(buildings + 1)).astype(np.int64)
    rated = np.bincount(owner, peak, minlength=buildings) / pv.DC_AC
    mount = pv.mounts(tilt_rad[at])
    return column, mount, np.ascontiguousarray(peak, dtype=dtype), start, np.ascontiguousarray(rated, dtype=dtype)


@by_columns
def _heater(heater: Array, efficiency: Array, sink_c: Array, sink_slope: Array, dtype: type) -> Array:
    boiler = heater == Heater.GAS_BOILER
    per_heat = np.divide(1.0, efficiency, out=np.zeros(len(heater)), where=boiler)
    rows = (heater == Heater.HEAT_PUMP, heater == Heater.NONE, per_heat, sink_c, sink_slope - 1.0)
    return np.ascontiguousarray(rows, dtype=dtype)


@by_columns
def _water_share(air_c: Array, dtype: type) -> Array:
    return np.ascontiguousarray(heating.hot_water_share(air_c), dtype=dtype)


@by_columns
def _grid(node: Nodes, line: Lines, building_node: Array, phase_share: Array, site_node: Array) -> gridflow.Grid:
    return gridflow.grid(node, line, building_node=building_node, phase_share=phase_share, site_node=site_node)


@by_columns
def _hour(wall: Array) -> Array:
    return wall % 24


@by_columns
def _away(
    vehicles_: Array, electric: Array, drive_j: Array, away: Array, kind: Array, power_w: Array
) -> tuple[float, Array]:
    """Energy per day that cars charge at the district's chargers [J], and the share of driving left for home.

    What the chargers cannot give in the busiest hour, and all of it where there are none, is charged at home.
    """
    wanted_j = float((vehicles_ * electric * drive_j * away).sum())
    busiest_w = wanted_j * max(vehicles.AWAY_PERCENT) / 100.0 / 3600.0
    rating_w = float(power_w[kind == SiteKind.CHARGER].sum())
    kept = min(1.0, rating_w / busiest_w) if busiest_w > 0.0 else 0.0
    return kept * wanted_j, 1.0 - kept * away


@by_columns
def _cars(
    ids: tuple[str, ...], owned: Array, electric: Array, smart: Array, drive_j: Array, home_share: Array, wall: Array,
    step_s: float, dtype: type,
) -> Cars | None:  # fmt: skip
    if not (owned * electric).any():
        return None
    steps_an_hour = max(1, round(3600.0 / step_s))
    h = vehicles.habits(tuple(wall.tolist()), steps_an_hour)
    def cast(column: Array) -> Array:
        return np.ascontiguousarray(column, dtype=dtype)

    return Cars(
        arrive=cast(h.arrive), home=cast(h.home), stay=cast(h.stay), left=cast(h.left), midnight=h.midnight,
        row=vehicles.rows_of(ids, owned), day_w=cast(owned * electric * drive_j * home_share / step_s),
        limit_w=cast(owned * electric * vehicles.CHARGER_W), smart=cast(smart),
    )  # fmt: skip


@by_columns
def _plant(site: Sites, grid: gridflow.Grid, charged_j: float) -> Plant | None:
    charger = (site.kind == SiteKind.CHARGER) & (site.power_w > 0.0)
    if not site.capacity_j.any() and not (charged_j and charger.any()):
        return None
    groups = int(grid.part.max(initial=-1)) + 2
    group, mine = (np.where(p >= 0, p, groups - 1) for p in (grid.building_part, grid.site_part))
    held = np.where(site.kind == SiteKind.BATTERY, site.capacity_j, 0.0)
    whole = np.bincount(mine, held, groups)[mine]
    part = np.divide(held, whole, out=np.zeros(len(site)), where=whole > 0.0)
    rating = np.where(charger, site.power_w, 0.0)
    hourly_w = charged_j * np.array(vehicles.AWAY_PERCENT) / 100.0 / 3600.0
    load_w = np.outer(hourly_w, rating / max(rating.sum(), 1e-9))
    limit_w = np.where(held > 0.0, site.power_w, 0.0)
    order = np.argsort(group, kind="stable")
    start = np.searchsorted(group[order], np.arange(groups + 1))
    return Plant(held, limit_w, part, mine, order, start, np.ascontiguousarray(load_w))


@by_columns
def _wind(kind: Array, power_w: Array, hub_m: Array, wind_m_s: Array) -> Wind | None:
    rows = np.flatnonzero((kind == SiteKind.TURBINE) & (power_w > 0.0))
    if not len(rows):
        return None
    return Wind(rows, wind.generate(wind_m_s, rated_w=power_w[rows], hub_m=hub_m[rows]))
