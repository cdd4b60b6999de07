"""A district's rooms as their kernel reads them: all that is constant over a year.

Each part is remembered by the columns that it was made from. A retrofit changes the walls of some buildings: only those
are assembled and reduced again (`_fabric`), bit for bit as if all had been.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim import zones
from sim.columns import Float, Int
from sim.district import Buildings, District, Heater, SurfaceKind
from sim.fabric import HOURS, Constructions, Schedules
from sim.memo import KEPT, by_columns
from sim.physics import film, reduction, rooms, soil
from sim.physics.zone import INPUTS, Input
from sim.solar import UNIT_W_M2, Solar
from sim.weather import Weather

Array = NDArray[Any]
BEFORE_DAYS = 28
"""Days whose mean weather a start from nothing is settled under."""


@dataclass(frozen=True)
class Rooms:
    """Rooms of a year; arrays of the case's float type unless said, [step] covers the year."""

    packed: Array
    """See rooms.pack."""
    outside: Array
    """[3, step] outdoor air, loss to the sky, ground: see rooms.march."""
    heat_c: Array
    """[step, schedule], with `cool_c`, `gain`, `air` as in rooms.march."""
    cool_c: Array
    gain: Array
    air: Array
    schedule: Int
    """[building] column of the four above."""
    wall: Array
    """[daylight, building] u16, as in Solar; so the next three."""
    roof: Array
    pane: Array
    sun: Array
    fabric: reduction.Reduced
    """float64: what `packed` holds, and the flow through every boundary."""
    room: rooms.Room
    eer: Array | None
    """[building] heat taken per electricity; None where nothing is cooled."""


def of(d: District, solar: Solar, weather: Weather, wall_hours: Int, *, dtype: type) -> Rooms:
    """The rooms of a district under its light and weather; wall_hours [step] as of sim/wallclock.py."""
    b, s = d.building, d.surface
    views = _views(s.kind, s.tilt_rad, s.sky_view, s.opaque_m2, s.glass_m2, s.building, len(b))
    own = [getattr(b, f.name) for f in fields(Buildings) if f.name in _OWN]
    fabric = _fabric(b.height_m, views, d.construction, weather.wind_m_s, weather.step_s, *own)
    room = _room(b.floor_m2, b.h_air_w_k, b.h_leak_w_k, b.set_point_c, b.heat_limit_w, b.heater, b.gains_w, b.open_c,
                 b.open_w_k, b.cool_c, b.cool_limit_w)  # fmt: skip
    weeks = _weeks(d.schedule, wall_hours, d.place.year, dtype)
    return Rooms(
        packed=_packed(fabric, room, dtype), outside=_outside(weather.air_c, weather.sky_c, weather.step_s, dtype),
        heat_c=weeks[0], cool_c=weeks[1], gain=weeks[2], air=weeks[3], schedule=b.schedule, wall=solar.wall,
        roof=solar.roof, pane=solar.pane, sun=solar.sun, fabric=fabric, room=room,
        eer=_eer(b.cooling_eer, b.cool_limit_w, dtype),
    )  # fmt: skip


_OWN = {f.name for f in fields(zones.Parts)} & {f.name for f in fields(Buildings)}


@by_columns
def _views(
    kind: Array, tilt: Float, sky_view: Float, opaque_m2: Float, glass_m2: Float, building: Int, n: int
) -> dict[str, Float]:
    """Collecting glass, and what walls, roofs and windows see of the sky (film.sky_view), area-weighted."""
    seen = film.sky_view(tilt) * sky_view
    wall = kind == SurfaceKind.WALL

    def mean(weight: Float, nothing: float) -> Float:
        area = np.bincount(building, weight, n)
        return np.divide(np.bincount(building, weight * seen, n), area, out=np.full(n, nothing), where=area > 0.0)

    upright = film.UPRIGHT_SKY_VIEW
    return {
        "collecting_m2": np.bincount(building, glass_m2, n).astype(float),
        "wall_sky": mean(np.where(wall, opaque_m2, 0.0), upright),
        "roof_sky": mean(np.where(wall, 0.0, opaque_m2), 1.0), "window_sky": mean(glass_m2, upright),
    }  # fmt: skip


@by_columns
def _films(height_m: Float, wind_m_s: Float) -> dict[str, Float]:
    """Outside convection of walls, roofs and windows."""
    return {
        "wall_h": film.outside_w_m2k(wind_m_s, height_m=0.5 * height_m),
        "roof_h": film.outside_w_m2k(wind_m_s, height_m=height_m),
        "window_h": film.outside_w_m2k(wind_m_s, height_m=0.5 * height_m, rough=1.0),
    }


_made: deque[tuple[zones.Parts, Constructions, float, reduction.Reduced]] = deque(maxlen=KEPT)
"""What was reduced last, newest at the end."""


@by_columns
def _fabric(
    height_m: Float, views: dict[str, Float], made: Constructions, wind_m_s: Float, step_s: float, *own: Array
) -> reduction.Reduced:
    """Every building reduced; those that a remembered district holds just so are taken from there."""
    names = [f.name for f in fields(Buildings) if f.name in _OWN]
    columns: dict[str, Any] = {**dict(zip(names, own, strict=True)), **views, **_films(height_m, wind_m_s)}
    p = zones.Parts(**columns)
    known = [k for k in _made if k[1] is made and k[2] == step_s and len(k[0].wall_m2) == len(height_m)]
    changed = [p.differs(k[0]) for k in known]
    if not known or min(c.mean() for c in changed) > 0.9:
        found = zones.reduced(p, made, step_s=step_s)
    else:
        nearest = min(range(len(known)), key=lambda k: int(changed[k].sum()))
        found = known[nearest][3]
        rows = np.flatnonzero(changed[nearest])
        if len(rows):
            found = _patched(found, zones.reduced(p.at(rows), made, step_s=step_s), rows)
    _made.append((p, made, step_s, found))
    return found


def _patched(base: reduction.Reduced, part: reduction.Reduced, rows: NDArray[np.intp]) -> reduction.Reduced:
    """`base` with its columns `rows` replaced."""
    arrays: dict[str, Any] = {}
    for f in fields(reduction.Reduced):
        value = getattr(base, f.name)
        if isinstance(value, np.ndarray):
            arrays[f.name] = value.copy()
            arrays[f.name][..., rows] = getattr(part, f.name)
    return replace(base, **arrays)


@by_columns
def _room(
    floor_m2: Float, air_w_k: Float, leak_w_k: Float, set_point_c: Float, limit_w: Float, heater: Array, gains_w: Float,
    open_c: Float, open_w_k: Float, cool_c: Float, cool_limit_w: Float,
) -> rooms.Room:  # fmt: skip
    """Air, thermostat, gains and windows of every building; half of the gains radiates."""
    return rooms.Room(
        air_j_k=zones.AIR_J_M2K * np.maximum(floor_m2, 1.0), ventilation_w_k=np.maximum(air_w_k - leak_w_k, 0.0),
        leak_w_k=leak_w_k, heat_c=set_point_c, heat_limit_w=np.where(heater == Heater.NONE, 0.0, limit_w),
        cool_c=np.where(cool_limit_w > 0.0, cool_c, np.inf), cool_limit_w=cool_limit_w,
        radiant_w=zones.RADIANT_SHARE * gains_w, convective_w=(1.0 - zones.RADIANT_SHARE) * gains_w, open_c=open_c,
        open_w_k=open_w_k,
    )  # fmt: skip


@by_columns
def _packed(fabric: reduction.Reduced, room: rooms.Room, dtype: type) -> Array:
    return rooms.pack(fabric, room, dtype=dtype, channel_unit=UNIT_W_M2)


@by_columns
def _outside(air_c: Float, sky_c: Float, step_s: float, dtype: type) -> Array:
    rows = (air_c, film.sky_loss_w_m2(air_c, sky_c), soil.temperature_c(air_c, step_s))
    return np.ascontiguousarray(rows, dtype=dtype)


@by_columns
def _weeks(weeks: Schedules, wall_hours: Int, year: int, dtype: type) -> tuple[Array, Array, Array, Array]:
    """[step, schedule] heating and cooling set point against the building's own, factors of gains and air."""
    monday = int(np.datetime64(f"{year}-01-01", "D").astype(np.int64) + 3) % 7  # 1 January 1970 was a Thursday
    hour = (np.asarray(wall_hours) + 24 * monday) % HOURS

    def steps(week: Float) -> Array:
        return np.ascontiguousarray(week[:, hour].T, dtype=dtype)

    return steps(-weeks.set_back_k), steps(weeks.cool_up_k), steps(weeks.gains), steps(weeks.air)


@by_columns
def _eer(eer: Float, cool_limit_w: Float, dtype: type) -> Array | None:
    return np.ascontiguousarray(eer, dtype=dtype) if cool_limit_w.any() else None


# ---------------------------------------------------------------- a start from nothing


def settled(r: Rooms, row: Array, first: int, *, step_s: float, dtype: type) -> Float:
    """[9, building] states settled under the mean weather of the four weeks before step `first`, round the year.

    Heated rooms are at their set point, or warmer where sun and gains alone keep them so; others float.
    """
    total = len(row)
    when = np.arange(first - round(BEFORE_DAYS * 86400.0 / step_s), first) % total
    n = r.fabric.decay.shape[1]
    u = np.zeros((INPUTS, n))
    for k, i in enumerate((Input.OUTSIDE_C, Input.SKY_W_M2, Input.GROUND_C)):
        u[i] = np.mean(r.outside[k, when], dtype=float)
    day = row[when][row[when] >= 0]
    for i, channel in ((Input.WALL_W_M2, r.wall), (Input.ROOF_W_M2, r.roof), (Input.PANE_W_M2, r.pane),
                       (Input.SUN_W_M2, r.sun)):  # fmt: skip
        u[i] = channel[day].sum(axis=0, dtype=float) * UNIT_W_M2 / len(when)
    u[Input.RADIANT_W] = r.room.radiant_w
    air = np.asarray(r.room.ventilation_w_k) + r.room.leak_w_k
    # the balance of the air: heat of settled walls is linear in its temperature
    still = reduction.steady(r.fabric, 0.0, u).sum(axis=0) + np.einsum("mz,mz->z", r.fabric.direct, u)
    slope = (r.fabric.from_air / (1.0 - r.fabric.decay)).sum(axis=0) + r.fabric.direct_air
    floating = (still + r.room.convective_w + air * u[Input.OUTSIDE_C]) / (air - slope)
    heated = np.asarray(r.room.heat_limit_w) > 0.0
    warm = np.where(heated, np.maximum(floating, r.room.heat_c), floating)
    return rooms.begin(reduction.steady(r.fabric, warm, u), warm, dtype)
