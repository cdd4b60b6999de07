"""Solar potential: what the sun gives a building's facades and roofs over a year, and for how long it shines on them.

Irradiation [J/m2] is the year's sum of the light on each energy surface (`sim/physics/irradiance.py`: Perez sky,
horizons, crowns), the mean by area over a building's facades and over its roofs. Sun time [s] is that of a clear day:
the time for which the sun stands before a surface and over its horizon, a point in shade counting less and a sun
behind a crown by what that lets through. A building's is that of its sunniest facade, as EN 17037:2018 asks
for one room of a dwelling, among those with a tenth of its facades' area at least; of roofs the mean by area.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.district import District, SurfaceKind
from sim.physics import foliage, irradiance, sun
from sim.solar import sky_of
from sim.weather import Weather

Float = NDArray[np.float64]
DATES = ((3, 21), (6, 21), (12, 21))
"""Month and day of the three days whose sun time is told."""
STEP_S = 600.0
"""Of the sun's way over such a day."""
LARGE = 0.1
"""Facades with less of their building's facade area do not speak for it."""
_BATCH = 32


@dataclass(frozen=True)
class Potential:
    """[building] what the sun gives; nan where a building has no such surface."""

    facade_j_m2: Float
    roof_j_m2: Float
    facade_sun_s: Float
    """[3, building] on the dates of DATES."""

    def shown(self) -> dict[str, Float]:
        """[building] by the names of network/quantities.py."""
        march, june, december = self.facade_sun_s
        return {"facade_sun_j_m2": self.facade_j_m2, "roof_sun_j_m2": self.roof_j_m2, "sun_march_s": march,
                "sun_june_s": june, "sun_december_s": december}  # fmt: skip


def potential(district: District, weather: Weather) -> Potential:
    """Solar potential of all buildings of `district` in the year of `weather`."""
    s, count = district.surface, len(district.building)
    year_j_m2 = irradiation_j_m2(district, weather)
    time_s = sun_s(district)
    wall = s.kind == SurfaceKind.WALL
    parts = [np.where(chosen, s.area_m2, 0.0) for chosen in (wall, ~wall)]
    facade, roof = (_mean(year_j_m2, area, s.building, count) for area in parts)
    whole = np.bincount(s.building, parts[0], count)[s.building]
    speaks = wall & (s.area_m2 > 0.0) & (s.area_m2 >= LARGE * whole)
    best = np.full((len(DATES), count), np.nan)
    for k in range(len(DATES)):
        np.fmax.at(best[k], s.building[speaks], time_s[k, speaks])
    return Potential(facade, roof, best)


def irradiation_j_m2(district: District, weather: Weather) -> Float:
    """[surface] light over the year: the sum over its daylight steps of irradiance times the step."""
    terms, low = irradiance.terms(sky_of(weather)[0], np.float32)
    total = np.zeros(len(district.surface))
    for _, _, poa in _light(district, terms, low):
        total += poa.sum(axis=0, dtype=np.float64)
    return total * weather.step_s


def sun_s(district: District) -> Float:
    """[3, surface] time for which a clear day's sun reaches each surface on the three dates."""
    place, f = district.place, np.float32
    result = np.zeros((len(DATES), len(district.surface)))
    for k, (month, day) in enumerate(DATES):
        number = (date(place.year, month, day) - date(place.year, 1, 1)).days
        times_s = number * 86400.0 + (np.arange(round(86400.0 / STEP_S)) + 0.5) * STEP_S
        enu = sun.direction_enu(place.latitude_rad, place.longitude_rad, place.year, place.utc_offset_s, times_s)
        enu = enu[enu[:, 2] > 0.0]
        none, one = np.zeros(len(enu)), np.ones(len(enu))
        through = foliage.through(np.full(len(enu), number + 1.0), place.latitude_rad)
        terms, low = irradiance.terms(irradiance.Sky(none, none, none, one, none, enu, through), f)
        for cosine, direct, _ in _light(district, terms, low):
            lit = np.divide(direct, cosine, out=np.zeros_like(direct), where=cosine > 1e-4)
            result[k] += lit.sum(axis=0, dtype=np.float64) * STEP_S
    return result


def _light(district: District, terms: NDArray[Any], low: NDArray[np.int64]) -> Any:
    """Batches of steps: cosine, direct and whole irradiance [step, surface]."""
    f, s = np.float32, district.surface
    plane = irradiance.planes(tilt=s.tilt_rad, azimuth=s.azimuth_rad, sky_view=np.asarray(s.sky_view, float),
                              crown_view=np.asarray(s.crown_view, float), dtype=f)  # fmt: skip
    horizon = np.ascontiguousarray(s.horizon_rad.T, dtype=f)
    crown = np.ascontiguousarray(s.crown_rad.T if s.crown_rad.any() else irradiance.NO_CROWNS, dtype=f)
    out = [np.empty((_BATCH, len(s)), f) for _ in range(3)]
    shade = np.empty(len(s), f)
    for first in range(0, len(terms), _BATCH):
        count = min(_BATCH, len(terms) - first)
        irradiance.transpose(terms, low, first, count, plane, horizon, crown, shade, *out)
        yield tuple(o[:count] for o in out)


def _mean(values: Float, area_m2: Float, building: NDArray[np.int32], count: int) -> Float:
    """[building] mean by area; nan without any."""
    whole = np.bincount(building, area_m2, count)
    total = np.bincount(building, values * area_m2, count)
    return np.divide(total, whole, out=np.full(count, np.nan), where=whole > 0.0)
