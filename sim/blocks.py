"""District and Flux -> the messages that viewers know them by."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from network import schema
from network.schema import BlockKey, FluxBlock
from sim import gridflow
from sim.district import District, LineKind, SiteKind, SurfaceKind, Use
from sim.physics import sun
from sim.physics.sky import KELVIN
from sim.place import Place

if TYPE_CHECKING:  # the kernels behind it are loaded by the worker, while viewers hear of the district already
    from sim.span import Flux

SUN_STEP_S = 300.0
"""Of the sun's direction, finer than the flux: shadows move."""
RANGES = {"battery_w": 2e3, "vehicle_w": 2e3, "site_w": 500e3, "site_charge": 1.0}
"""Ends of the colour scales of plant that no base year has: what a home battery and a car usually take by day, and
a battery of the size of a transformer [SI]."""
MODULE_W_M2 = 200.0
"""Of a common module, for the scale of installed power."""


def hello(
    district: District, *, run: str, version: str, package: str, state_address: str, tiles: str,
    steps: int, step_s: float,
) -> schema.Hello:
    """Who serves what, where."""
    place, b = district.place, district.building
    empty = len(b) == 0
    west, east = (0.0, 0.0) if empty else (float(b.x_m.min()), float(b.x_m.max()))
    south, north = (0.0, 0.0) if empty else (float(b.y_m.min()), float(b.y_m.max()))
    return schema.Hello(
        protocol=schema.PROTOCOL, run=run, version=version, package=package, name=place.name,
        state_address=state_address, tiles=tiles, latitude_rad=place.latitude_rad, longitude_rad=place.longitude_rad,
        height_m=place.height_m, zone=place.zone, utc_offset_s=place.utc_offset_s, year=place.year, steps=steps,
        step_s=step_s, extent_m=(west, south, east, north), ground_m=0.0 if empty else float(np.median(b.z_m)),
    )  # fmt: skip


def roster(district: District, *, revision: int) -> schema.Roster:
    """Names, places and static facts, row by row."""
    b, line = district.building, district.line
    return schema.Roster(
        revision=revision, building_ids=b.id, building_names=b.name,
        building_xyz_m=np.column_stack([b.x_m, b.y_m, b.z_m]), building_height_m=b.height_m,
        footprint_m2=b.footprint_m2, building_year=b.year, building_use=tuple(Use(u).name.lower() for u in b.use),
        site_ids=district.site.id, site_names=district.site.name,
        site_kind=tuple(SiteKind(k).name.lower() for k in district.site.kind),
        site_xyz_m=np.column_stack([district.site.x_m, district.site.y_m, district.site.z_m]),
        line_ids=line.id, line_kind=tuple(LineKind(k).name.lower() for k in line.kind), line_rating_w=line.rating_va,
        vertex_start=line.vertex_start, vertices_m=district.vertex_m, node_ids=district.node.id,
        ranges={"pv_peak_w": _peak_range(district), **RANGES, **district.place.ranges},
        line_fed=gridflow.fed(district.node, line),
    )  # fmt: skip


def _peak_range(district: District) -> float:
    """End of the colour scale of installed power [W]: most buildings' full roofs, rounded up to one digit."""
    s = district.surface
    roof_m2 = np.where(s.kind == SurfaceKind.ROOF, s.usable_m2, 0.0)
    roofs_w = MODULE_W_M2 * np.bincount(s.building, roof_m2, len(district.building))
    most = float(np.quantile(roofs_w, 0.98)) if len(roofs_w) else 0.0
    if most <= 0:
        return 0.0
    digit = 10.0 ** math.floor(math.log10(most))
    return math.ceil(most / digit) * digit


def problems(*sources: Sequence[schema.Problem], revision: int) -> schema.Problems:
    """All known problems, of package and weather."""
    return schema.Problems(revision, tuple(p for source in sources for p in source))


def blocks(
    flux: Flux, district: District, *, key: BlockKey, side: str, step_s: float,
    stands: Mapping[str, NDArray[Any]] = MappingProxyType({}),
) -> tuple[FluxBlock, ...]:  # fmt: skip
    """Every published quantity over the span of `flux`, float32; what `stands` for the whole year, installed modules
    and plant as one row each."""
    first_s = flux.span.first * step_s
    rows = [
        FluxBlock(side, name, key, step_s, first_s, np.ascontiguousarray(values, dtype=np.float32))
        for name, values in _quantities(flux, district).items()
    ]
    s = district.surface
    peak_w = np.bincount(s.building, s.pv_peak_w, len(district.building))
    roof_w = np.bincount(s.building, np.where(s.kind == SurfaceKind.ROOF, s.pv_peak_w, 0.0), len(district.building))
    standing = [
        FluxBlock(side, name, key, flux.span.steps * step_s, first_s, np.asarray(values[None, :], np.float32))
        for name, values in (("pv_peak_w", peak_w), ("pv_roof_w", roof_w), ("site_peak_w", district.site.power_w),
                             *stands.items())
    ]
    enu = _sun(district.place, first_s, round(flux.span.steps * step_s / SUN_STEP_S) + 1)
    return (*rows, *standing, FluxBlock(side, "sun_enu", key, SUN_STEP_S, first_s, enu))


def _quantities(flux: Flux, district: District) -> dict[str, NDArray[Any]]:
    """[steps, n] by the names of network/quantities.py; what leaves the district pays the grid's losses first."""
    footprint_m2 = np.maximum(district.building.footprint_m2, 1.0)
    leaves_w = flux.surplus_w.sum(axis=1, dtype=np.float64) + flux.site_w.sum(axis=1) - flux.grid_loss_w
    return {
        "surplus_w_m2": flux.surplus_w / footprint_m2,
        "surplus_w": flux.surplus_w,
        "pv_w": flux.pv_w,
        "appliances_w": flux.appliances_w,
        "heating_w": flux.heating_w,
        "heating_w_m2": flux.heating_w / footprint_m2,
        "heater_w": flux.heater_w,
        "gas_w": flux.gas_w,
        "battery_w": flux.battery_w,
        "vehicle_w": flux.vehicle_w,
        "site_w": flux.site_w,
        "site_charge": flux.site_charge,
        "indoor_k": flux.indoor_c + KELVIN,
        "line_w": flux.line_w,
        "line_loading": flux.line_loading,
        "voltage_pu": flux.voltage_pu,
        "district_surplus_w": leaves_w[:, None],
    }


def _sun(place: Place, first_s: float, count: int) -> NDArray[np.float32]:
    """[count, 3] direction to the sun at the district every `SUN_STEP_S`; below the horizon too."""
    return _sun_of(place.latitude_rad, place.longitude_rad, place.year, place.utc_offset_s, first_s, count)


@lru_cache(maxsize=8)
def _sun_of(
    latitude_rad: float, longitude_rad: float, year: int, utc_offset_s: float, first_s: float, count: int
) -> NDArray[np.float32]:
    times_s = first_s + SUN_STEP_S * np.arange(count)
    enu = sun.direction_enu(latitude_rad, longitude_rad, year, utc_offset_s, times_s).astype(np.float32)
    enu.setflags(write=False)
    return enu
