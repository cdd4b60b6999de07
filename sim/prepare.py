"""(District, Solar, Weather) -> Case: all that is constant over a year, as the kernels read it.

Each part remembers the columns that it was made from, by identity (columns are read-only, and a layer that
does not touch a column hands on the same object). So a layer pays only for what it changed.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from network.problems import Refused
from sim.district import District, Heater, Lines, Nodes
from sim.physics import envelope, grid, heating, pv
from sim.solar import UNIT_W_M2, Solar
from sim.weather import Weather

Array = NDArray[Any]
_KEPT = 6
"""Versions of a part that are remembered: two sides, each with a drag's last few values."""
T = TypeVar("T")


def _by_columns(make: Callable[..., T]) -> Callable[..., T]:
    """Remember the last few results of `make` by the identity of its columns and the value of its numbers."""
    kept: OrderedDict[tuple[Any, ...], tuple[tuple[Any, ...], T]] = OrderedDict()

    @wraps(make)
    def call(*columns: Any) -> T:
        key = tuple(c if isinstance(c, int | float | str | type) else id(c) for c in columns)
        if key not in kept:
            kept[key] = (columns, make(*columns))  # holding the columns keeps their identities theirs
            while len(kept) > _KEPT:
                kept.popitem(last=False)
        kept.move_to_end(key)
        return kept[key][1]

    return call


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
    glass: Array
    """[daylight, building] u16, as in Solar."""
    opaque: Array
    module: Array
    gain_area: Array
    """[2, building] W of solar gain per unit of glass, of opaque."""
    module_terms: Array
    """[step, 2], see pv.step_terms."""
    peak_w: Array
    """[module]"""
    module_start: Array
    """[building + 1] int64 offsets into modules."""
    rated_w: Array
    """[building] rating of the inverter."""
    share: Array
    """[step, profile]"""
    profile: Array
    appliances_w: Array
    """[building] yearly joules over the step length."""
    hot_water_profile: Array
    hot_water_w: Array
    envelope: Array
    """[8, building], see envelope.coefficients."""
    set_point_c: Array
    heat_limit_w: Array
    plant: Array
    """[5, building], see heating.supply."""
    water_share: Array
    """[step] electricity per hot-water heat of a heat pump."""
    tree: grid.Tree
    place: Array
    """[building] place in the tree, -1 = not connected; int64."""
    connected: Array | None
    """[building] bool where some building is not on the grid, None where all are."""
    days_in_month: tuple[int, ...]


def prepare(district: District, solar: Solar, weather: Weather, *, dtype: type = np.float32) -> Case:
    """The case of a district under its light and weather.

    Raises:
        Refused: profiles or light belong to another weather year, modules stand where none can, the grid has a ring.
    """
    b, s = district.building, district.surface
    steps = weather.steps
    if district.profile.share.shape[1] != steps or len(solar.row) != steps:
        years = f"{district.profile.share.shape[1]} and {steps} steps"
        raise Refused(f"profiles and weather are of different lengths ({years}); build the package again")
    pv_peak_w, start, rated = _modules(s.pv_peak_w, s.usable_m2, s.building, solar.carrier, len(b), dtype)
    tree = _tree(district.node, district.line, district.place.voltage_v)
    place = _places(b.node, tree.place)
    connected = place >= 0
    return Case(
        dtype=dtype, step_s=weather.step_s, steps=steps, buildings=len(b), air_c=_cast(weather.air_c, dtype),
        row=solar.row, glass=solar.glass, opaque=solar.opaque, module=solar.module,
        gain_area=_gain_area(s.glass_m2, s.opaque_m2, s.building, len(b), dtype),
        module_terms=_module_terms(weather.air_c, weather.wind_m_s, dtype),
        peak_w=pv_peak_w, module_start=start, rated_w=rated,
        share=_share(district.profile.share, dtype),
        profile=b.profile, appliances_w=_scaled(b.appliances_j, weather.step_s, dtype),
        hot_water_profile=b.hot_water_profile, hot_water_w=_scaled(b.hot_water_j, weather.step_s, dtype),
        envelope=_envelope(b.h_opaque_w_k, b.h_glass_w_k, b.h_air_w_k, b.mass_j_k, b.mass_m2, b.inner_m2, b.gains_w,
                           weather.step_s, dtype),
        set_point_c=_cast(b.set_point_c, dtype), heat_limit_w=_heat_limit(b.heat_limit_w, b.heater, dtype),
        plant=_plant(b.heater, b.boiler_efficiency, b.sink_c, b.sink_slope, dtype),
        water_share=_water_share(weather.air_c, dtype),
        tree=tree, place=place, connected=None if connected.all() else connected,
        days_in_month=(31, 28 if steps == 8760 else 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31),
    )  # fmt: skip


@_by_columns
def _cast(column: Array, dtype: type) -> Array:
    return np.ascontiguousarray(column, dtype=dtype)


@_by_columns
def _scaled(column: Array, divisor: float, dtype: type) -> Array:
    return np.ascontiguousarray(column / divisor, dtype=dtype)


@_by_columns
def _share(share: Array, dtype: type) -> Array:
    return np.ascontiguousarray(share.T, dtype=dtype)


@_by_columns
def _gain_area(glass_m2: Array, opaque_m2: Array, building: Array, buildings: int, dtype: type) -> Array:
    areas = [np.bincount(building, a, minlength=buildings) * UNIT_W_M2 for a in (glass_m2, opaque_m2)]
    return np.ascontiguousarray(areas, dtype=dtype)


@_by_columns
def _module_terms(air_c: Array, wind_m_s: Array, dtype: type) -> Array:
    return pv.step_terms(air_c=air_c, wind_m_s=wind_m_s, unit_w_m2=UNIT_W_M2, dtype=dtype)


@_by_columns
def _modules(
    peak_w: Array, usable_m2: Array, building: Array, carrier: Array, buildings: int, dtype: type
) -> tuple[Array, Array, Array]:
    if len(carrier) != np.count_nonzero(usable_m2 > 0.0) or np.any(peak_w[usable_m2 <= 0.0] > 0.0):
        raise Refused("modules stand on a surface without usable area; give the surface usable_m2 and build again")
    peak, owner = peak_w[carrier], building[carrier]
    start = np.searchsorted(owner, np.arange(buildings + 1)).astype(np.int64)
    rated = np.bincount(owner, peak, minlength=buildings) / pv.DC_AC
    return np.ascontiguousarray(peak, dtype=dtype), start, np.ascontiguousarray(rated, dtype=dtype)


@_by_columns
def _envelope(
    opaque_w_k: Array, glass_w_k: Array, air_w_k: Array, mass_j_k: Array, mass_m2: Array, inner_m2: Array,
    gains_w: Array, step_s: float, dtype: type,
) -> Array:  # fmt: skip
    return envelope.coefficients(
        opaque_w_k=opaque_w_k, glass_w_k=glass_w_k, air_w_k=air_w_k, mass_j_k=mass_j_k, mass_m2=mass_m2,
        inner_m2=inner_m2, gains_w=gains_w, step_s=step_s, dtype=dtype,
    )  # fmt: skip


@_by_columns
def _heat_limit(limit_w: Array, heater: Array, dtype: type) -> Array:
    return np.ascontiguousarray(np.where(heater == Heater.NONE, 0.0, limit_w), dtype=dtype)


@_by_columns
def _plant(heater: Array, efficiency: Array, sink_c: Array, sink_slope: Array, dtype: type) -> Array:
    boiler = heater == Heater.GAS_BOILER
    per_heat = np.divide(1.0, efficiency, out=np.zeros(len(heater)), where=boiler)
    rows = (heater == Heater.HEAT_PUMP, heater == Heater.NONE, per_heat, sink_c, sink_slope - 1.0)
    return np.ascontiguousarray(rows, dtype=dtype)


@_by_columns
def _water_share(air_c: Array, dtype: type) -> Array:
    return np.ascontiguousarray(heating.hot_water_share(air_c), dtype=dtype)


@_by_columns
def _tree(node: Nodes, line: Lines, voltage_v: float) -> grid.Tree:
    return grid.tree(node, line, voltage_v)


@_by_columns
def _places(node: Array, place: Array) -> Array:
    if not len(place):
        return np.full(len(node), -1, dtype=np.int64)
    return np.where(node >= 0, place[node], -1).astype(np.int64)
