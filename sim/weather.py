"""Weather file -> Weather columns: what is missing follows from what is there, or is refused.

Step k covers [k, k + 1) steps of local standard time and holds means. An EPW row's irradiance belongs to the step that
ends at its stamp, its temperature to that very moment: so the step's temperature is the mean of both ends. The sky's
infrared is an instant's too: in most files it was computed from temperature, dew point and clouds at the stamp.

Files place the sun differently, half an hour or more apart. `sun_offset_s` is the shift of the sun, against the middle
of the step, with the smallest closure error of GHI = DHI + DNI cos z; all that uses the sun with this weather adds it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from network.problems import Refused
from network.schema import Problem
from sim import epw, tryfile
from sim.physics import sky, sun

Float = NDArray[np.float64]
Standing = tuple[float, float, int, float]
"""Latitude, longitude [rad], year, offset of local standard time [s]."""
EARTH_M = 6_371_000.0
FAR_M, FAR_UP_M = 50e3, 300.0
LONGEST_GAP = 6
"""Hours that may be filled by interpolation."""
_WORDS = {
    "air_c": "air temperature",
    "ghi_w_m2": "global irradiance",
    "dni_w_m2": "direct irradiance",
    "dhi_w_m2": "diffuse irradiance",
    "wind_m_s": "wind speed",
}


@dataclass(frozen=True)
class Weather:
    """A weather year; columns [step], read-only."""

    name: str
    country: str
    """As in the file's header, often three letters; empty where unknown."""
    latitude_rad: float
    longitude_rad: float
    height_m: float
    """The station's, above sea level."""
    utc_offset_s: float
    year: int
    """Calendar year: the rows' if they share one of the file's length, else 2025, 2024 for a leap year."""
    step_s: float
    air_c: Float
    ghi_w_m2: Float
    """Global horizontal irradiance."""
    dni_w_m2: Float
    """Direct normal irradiance."""
    dhi_w_m2: Float
    """Diffuse horizontal irradiance."""
    wind_m_s: Float
    """Mean wind of the step at 10 m."""
    sky_c: Float
    """Effective temperature of the sky for long-wave radiation: of a black hemisphere with the same infrared."""
    filled: NDArray[np.bool_]
    """Steps with at least one value that was not in the file."""
    sun_offset_s: float
    """Shift of the file's sun against the middle of the step; positive = later."""
    closure_w_m2: float
    """Root mean square of GHI - DHI - DNI cos z over daylight, at that shift."""
    problems: tuple[Problem, ...]

    def __post_init__(self) -> None:
        for f in fields(self):
            value = getattr(self, f.name)
            if isinstance(value, np.ndarray):
                value.setflags(write=False)

    @property
    def steps(self) -> int:
        """Rows: 8,760 or 8,784 hours, or a whole number of steps an hour."""
        return len(self.air_c)

    def sun_enu(self) -> tuple[Float, Float]:
        """Mean direction to the sun as the file sees it, [step, 3], and the sun-up share of the step."""
        starts = np.arange(self.steps) * self.step_s + self.sun_offset_s
        place = (self.latitude_rad, self.longitude_rad, self.year, self.utc_offset_s)
        return sun.mean_direction(*place, starts, step_s=self.step_s)


def read_epw(path: Path) -> Weather:
    """Read an EPW file of hourly records or finer ones, or a test reference year of the German weather service.

    Raises:
        Refused: neither of them, no whole year, a gap of more than six hours, or no irradiance to go by.
    """
    lines = epw.lines_of(path)
    rows = tryfile.rows(path, lines) if tryfile.is_try(lines) else epw.read(path, lines)
    raw = {name: rows.columns[name] for name in _WORDS}
    place = (rows.latitude_rad, rows.longitude_rad, rows.year, rows.utc_offset_s)
    times: Float = np.arange(len(rows.stamps), dtype=np.float64) * rows.step_s
    direction, up = sun.mean_direction(*place, times, step_s=rows.step_s)
    problems = [*rows.problems]
    closed = _close_irradiance(raw, cos_z=direction[:, 2], daylight=up > 0.0)
    if closed.any():
        text = f"{path.name}: in {int(closed.sum())} steps one irradiance was missing and follows from the other two"
        problems.append(Problem("weather-closed", text, int(closed.sum())))
    gaps = np.zeros(len(times), dtype=bool)
    split = _decompose(path, rows, raw, cos_z=direction[:, 2], times=times, gaps=gaps)
    if split.any():
        text = (f"{path.name}: in {int(split.sum())} steps only global irradiance is known; direct and diffuse follow "
                "from it by DIRINT (Perez 1992), up to 9 % of the year's direct sun in doubt")  # fmt: skip
        problems.append(Problem("weather-decomposed", text, int(split.sum())))
    columns = {n: _fill(path, n, v, rows=rows, filled=gaps) for n, v in raw.items()}
    if gaps.any():
        text = f"{path.name}: {int(gaps.sum())} steps had gaps of at most {LONGEST_GAP} hours and were interpolated"
        problems.append(Problem("weather-filled", text, int(gaps.sum())))
    for n in ("ghi_w_m2", "dni_w_m2", "dhi_w_m2", "wind_m_s"):
        columns[n] = np.maximum(columns[n], 0.0)
    columns["sky_c"], told = _sky(path, columns["air_c"], rows.columns)
    problems += told
    for n in ("air_c", "sky_c"):
        columns[n] = 0.5 * (columns[n] + np.roll(columns[n], 1))
    offset, closure = sun_offset(place=place, times=times, columns=columns, step_s=rows.step_s)
    if abs(offset) >= 600.0:
        text = f"{path.name} places the sun {offset / 60:+.0f} minutes from the middle of the step; followed"
        problems.append(Problem("weather-sun-offset", text))
    return Weather(
        name=rows.name, country=rows.country, latitude_rad=place[0], longitude_rad=place[1], height_m=rows.height_m,
        utc_offset_s=rows.utc_offset_s, year=rows.year, step_s=rows.step_s, filled=closed | split | gaps,
        sun_offset_s=offset, closure_w_m2=closure, problems=tuple(problems), **columns,
    )  # fmt: skip


def far_station(
    weather: Weather, *, latitude_rad: float, longitude_rad: float, height_m: float
) -> Problem | None:
    """A problem if the station stands more than 50 km or 300 m of height from the district."""
    dy = latitude_rad - weather.latitude_rad
    dx = (longitude_rad - weather.longitude_rad) * np.cos(latitude_rad)
    away_m, up_m = EARTH_M * float(np.hypot(dx, dy)), weather.height_m - height_m
    if away_m <= FAR_M and abs(up_m) <= FAR_UP_M:
        return None
    text = f"the weather station {weather.name} is {away_m / 1000.0:.0f} km away and {up_m:+.0f} m in height"
    return Problem("weather-far", f"{text}; a nearer file is given with --weather")


def sun_offset(
    *, place: Standing, times: Float, columns: dict[str, Float], step_s: float
) -> tuple[float, float]:
    """Shift of the sun [s] with the smallest closure error, and that error [W/m2]; 0 where no beam was recorded.

    Five-minute grid over +-90 minutes, then one-minute steps around its best.
    """
    ghi, dni, dhi = columns["ghi_w_m2"], columns["dni_w_m2"], columns["dhi_w_m2"]
    use = (dni > 50.0) & (ghi > 20.0)
    if use.sum() < 100:
        return 0.0, 0.0

    def error(shift_s: float) -> float:
        direction = sun.direction_enu(*place, times[use] + 0.5 * step_s + shift_s)
        gap = ghi[use] - dhi[use] - dni[use] * np.maximum(direction[:, 2], 0.0)
        return float(np.sqrt(np.mean(gap * gap)))

    coarse = min((error(m * 60.0), m) for m in range(-90, 91, 5))[1]
    best, minutes = min((error(m * 60.0), m) for m in range(coarse - 4, coarse + 5))
    # a file whose global was computed at the middle closes anywhere near it: keep the middle unless clearly better
    middle = error(0.0)
    return (0.0, middle) if middle <= best + 0.5 else (minutes * 60.0, best)


def _close_irradiance(raw: dict[str, Float], *, cos_z: Float, daylight: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Fill one missing of GHI, DNI, DHI from the other two (GHI = DHI + DNI cos z), and 0 at night, in place.

    Returns where it was done by day, [step].
    """
    ghi, dni, dhi = raw["ghi_w_m2"], raw["dni_w_m2"], raw["dhi_w_m2"]
    for column in (ghi, dni, dhi):
        column[np.isnan(column) & ~daylight] = 0.0
    lone = np.isnan(ghi).astype(int) + np.isnan(dni) + np.isnan(dhi) == 1
    low = np.maximum(cos_z, 0.02)
    g = lone & np.isnan(ghi)
    ghi[g] = (dhi + dni * low)[g]
    d = lone & np.isnan(dhi)
    dhi[d] = np.clip(ghi - dni * low, 0.0, ghi)[d]
    b = lone & np.isnan(dni)
    # near the horizon the quotient explodes: the beam is never above a clear sky's 1,100 W/m2
    dni[b] = np.clip((ghi - dhi) / low, 0.0, 1100.0)[b]
    return lone


def _decompose(
    path: Path, rows: epw.Rows, raw: dict[str, Float], *, cos_z: Float, times: Float, gaps: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Fill DNI and DHI where GHI alone is known, in place; [step] where.

    DNI by DIRINT (R. Perez et al., ASHRAE Trans. 98 (1992) 354), DHI = GHI - DNI cos z so that the three close. Against
    the beams of five files (Zurich, Piedmont, Denver, Golden, Buffalo) the year's is off by -7 to +5 %, an hour's by 34
    to 102 W/m2 rms by day; Erbs by -9 to +3 % and 45 to 114 W/m2. The station's pressure and dew point make it worse in
    all five, so DIRINT goes without. Where the file's sun stands cannot be told from GHI: it is taken at the middle.

    Raises:
        Refused: direct or diffuse irradiance stands alone for more than six hours.
    """
    ghi, dni, dhi = raw["ghi_w_m2"], raw["dni_w_m2"], raw["dhi_w_m2"]
    both = np.isnan(dni) & np.isnan(dhi)
    alone = both & ~np.isnan(ghi)
    blind = np.isnan(ghi) & (np.isnan(dni) != np.isnan(dhi))
    if longest := _longest(blind, rows.step_s):
        k, hours = longest
        only = "diffuse" if np.isnan(dni[k]) else "direct"
        raise Refused(
            f"{path} has only {only} irradiance for {hours:g} hours from {rows.stamps[k]} on, and the other parts do "
            "not follow from it; give a file with global irradiance, or with direct and diffuse, with --weather"
        )
    if not alone.any():
        return alone
    import pandas as pd
    import pvlib

    index = pd.Timestamp(rows.year, 1, 1) + pd.to_timedelta(times + 0.5 * rows.step_s, unit="s")
    zenith = np.degrees(np.arccos(np.clip(cos_z, -1.0, 1.0)))
    known = np.nan_to_num(ghi)
    with np.errstate(all="ignore"):
        series = (pd.Series(known, index), pd.Series(zenith, index))
        beam = pvlib.irradiance.dirint(*series, index).fillna(0.0).to_numpy()
    up = np.maximum(cos_z, 0.02)
    beam = np.clip(beam, 0.0, known / up)
    dni[alone], dhi[alone] = beam[alone], (known - beam * np.maximum(cos_z, 0.0))[alone]
    return alone


def _longest(bad: NDArray[np.bool_], step_s: float) -> tuple[int, float] | None:
    """First step and length [h] of the first run that is longer than may be interpolated."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], bad, [False]]).astype(np.int8)))
    for start, end in edges.reshape(-1, 2):
        if (end - start) * step_s > LONGEST_GAP * 3600.0:
            return int(start), float((end - start) * step_s / 3600.0)
    return None


def _sky(path: Path, air_c: Float, clouds: dict[str, Float]) -> tuple[Float, list[Problem]]:
    """Sky temperature at each stamp [degC] from the best that its row holds, and what was not measured."""
    dew, opaque, cover = clouds["dew_c"], clouds["opaque_tenths"], clouds["cover_tenths"]
    measured = sky.from_infrared_c(clouds["infrared_w_m2"])
    cloudy = sky.from_clouds_c(air_c, dew, np.where(np.isnan(opaque), cover, opaque) / 10.0)
    value = np.where(np.isnan(measured), cloudy, measured)
    by_clouds = np.isnan(measured) & ~np.isnan(cloudy)
    blind = np.isnan(value)
    value[blind] = air_c[blind] - sky.BELOW_AIR_K
    problems = []
    for rows, by in ((by_clouds, "dew point and clouds (Clark-Allen, Walton)"), (blind, "air - 11 K (ISO 52016-1)")):
        if count := int(rows.sum()):
            text = f"{path.name} has no infrared of the sky in {count} steps: its temperature follows from {by}"
            problems.append(Problem("weather-sky", text, count))
    return value, problems


def _fill(path: Path, name: str, column: Float, *, rows: epw.Rows, filled: NDArray[np.bool_]) -> Float:
    """Interpolate gaps of at most six hours, marking them in `filled`."""
    bad = np.isnan(column)
    if not bad.any():
        return column
    if longest := _longest(bad, rows.step_s):
        k, hours = longest
        raise Refused(
            f"{path} has no {_WORDS[name]} for {hours:g} hours from {rows.stamps[k]} on, "
            f"more than {LONGEST_GAP}; fill the gap or give another file with --weather"
        )
    filled |= bad
    good = np.flatnonzero(~bad)
    return np.interp(np.arange(len(column)), good, column[good])
