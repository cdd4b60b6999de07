"""Weather file -> Weather columns: EnergyPlus weather (EPW), plain or gzip.

Step k covers the hour [k, k + 1) of local standard time and holds means. An EPW row's irradiance belongs to the hour
that ends at its stamp, its temperature to that very moment: so the step's temperature is the mean of both ends. The
sky's infrared is an instant's too: in most files it was computed from temperature, dew point and clouds at the stamp.

Files place the sun differently, half an hour or more apart. `sun_offset_s` is the shift of the sun, against the middle
of the hour, with the smallest closure error of GHI = DHI + DNI cos z; all that uses the sun with this weather adds it.
"""

from __future__ import annotations

import calendar
import gzip
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from network.problems import Refused
from network.schema import Problem
from sim.physics import sky, sun

Float = NDArray[np.float64]
Standing = tuple[float, float, int, float]
"""Latitude, longitude [rad], year, offset of local standard time [s]."""
EARTH_M = 6_371_000.0
FAR_M, FAR_UP_M = 50e3, 300.0
LONGEST_GAP = 6
"""Hours that may be filled by interpolation."""
DEFAULT_YEAR, LEAP_YEAR = 2025, 2024
"""Calendar of a file whose rows share no year of its length."""
YEARS = range(1900, 2101)
"""Years that a file may name; the sun's formulas are made for this time."""
STEP_S = 3600.0
_HEADER_ROWS = 8
# name, column of the EPW row, least value, first value above that is none (EnergyPlus, Auxiliary Programs, EPW data
# dictionary: air -70 to 70; 9999 and 999 mean missing). Pyranometers read a little below 0 at night.
_COLUMNS = (
    ("air_c", 6, -70.0, 70.0),
    ("ghi_w_m2", 13, -50.0, 9999.0),
    ("dni_w_m2", 14, -50.0, 9999.0),
    ("dhi_w_m2", 15, -50.0, 9999.0),
    ("wind_m_s", 21, 0.0, 999.0),
)
# what the sky follows from, best first: infrared (50 W/m2 is a sky at -100 degC), else dew point and cover in tenths
_SKY_COLUMNS = (
    ("infrared_w_m2", 12, 50.0, 700.0),
    ("dew_c", 7, -90.0, 70.0),
    ("opaque_tenths", 23, 0.0, 10.01),
    ("cover_tenths", 22, 0.0, 10.01),
)
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
    """Shift of the file's sun against the middle of the hour; positive = later."""
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
        """Rows: 8,760 or 8,784."""
        return len(self.air_c)

    def sun_enu(self) -> tuple[Float, Float]:
        """Mean direction to the sun as the file sees it, [step, 3], and the sun-up share of the step."""
        starts = np.arange(self.steps) * self.step_s + self.sun_offset_s
        place = (self.latitude_rad, self.longitude_rad, self.year, self.utc_offset_s)
        return sun.mean_direction(*place, starts, step_s=self.step_s)


def read_epw(path: Path) -> Weather:
    """Read an EPW file.

    Raises:
        Refused: not EPW, another row count than 8,760 or 8,784, or a gap of more than six hours.
    """
    lines = _lines(path)
    head = lines[0].split(",")
    if head[0].strip().upper() != "LOCATION" or len(head) < 10:
        raise Refused(f"{path} is no EPW weather file (its first line is not LOCATION); give another with --weather")
    try:
        latitude, longitude, zone, height = (float(x) for x in head[6:10])
    except ValueError as e:
        raise Refused(f"{path}: its LOCATION line has no numbers for place and zone; mend the line") from e
    rows = [line.split(",") for line in lines[_HEADER_ROWS:] if line.strip()]
    if len(rows) not in (8760, 8784):
        raise Refused(f"{path} has {len(rows)} hourly rows, a year has 8760 or 8784; give a complete file")
    table, stamps, years = _numbers(path, rows)
    limits = enumerate((*_COLUMNS, *_SKY_COLUMNS))
    raw = {name: _missing(table[:, j], least, most) for j, (name, _, least, most) in limits}
    year = _calendar(years)
    place = (np.radians(latitude), np.radians(longitude), year, zone * 3600.0)
    times: Float = np.arange(len(rows), dtype=np.float64) * STEP_S
    daylight = sun.mean_direction(*place, times, step_s=STEP_S)[1] > 0.0
    problems: list[Problem] = []
    if len(set(years.tolist())) == 1 and year != years[0]:
        text = f"{path.name} has {len(rows)} hours, which {years[0]} has not: its days are those of {year}"
        problems.append(Problem("weather-calendar", text))
    closed = _close_irradiance(raw, place=place, times=times, daylight=daylight)
    if closed.any():
        text = f"{path.name}: in {int(closed.sum())} hours one irradiance was missing and follows from the other two"
        problems.append(Problem("weather-closed", text, int(closed.sum())))
    clouds = {name: raw.pop(name) for name, *_ in _SKY_COLUMNS}
    gaps = np.zeros(len(rows), dtype=bool)
    columns = {n: _fill(path, n, v, stamps=stamps, filled=gaps) for n, v in raw.items()}
    if gaps.any():
        text = f"{path.name}: {int(gaps.sum())} hours had gaps of at most {LONGEST_GAP} hours and were interpolated"
        problems.append(Problem("weather-filled", text, int(gaps.sum())))
    filled = closed | gaps
    for n in ("ghi_w_m2", "dni_w_m2", "dhi_w_m2", "wind_m_s"):
        columns[n] = np.maximum(columns[n], 0.0)
    columns["sky_c"], told = _sky(path, columns["air_c"], clouds)
    problems += told
    for n in ("air_c", "sky_c"):
        columns[n] = 0.5 * (columns[n] + np.roll(columns[n], 1))
    offset, closure = sun_offset(place=place, times=times, columns=columns)
    if abs(offset) >= 600.0:
        text = f"{path.name} places the sun {offset / 60:+.0f} minutes from the middle of the hour; followed"
        problems.append(Problem("weather-sun-offset", text))
    return Weather(
        name=_word(head[1]), country=_word(head[3]), latitude_rad=place[0], longitude_rad=place[1],
        height_m=height, utc_offset_s=zone * 3600.0, year=year, step_s=STEP_S, filled=filled, sun_offset_s=offset,
        closure_w_m2=closure, problems=tuple(problems), **columns,
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


def sun_offset(*, place: Standing, times: Float, columns: dict[str, Float]) -> tuple[float, float]:
    """Shift of the sun [s] with the smallest closure error, and that error [W/m2]; 0 where no beam was recorded.

    Five-minute grid over +-90 minutes, then one-minute steps around its best.
    """
    ghi, dni, dhi = columns["ghi_w_m2"], columns["dni_w_m2"], columns["dhi_w_m2"]
    use = (dni > 50.0) & (ghi > 20.0)
    if use.sum() < 100:
        return 0.0, 0.0

    def error(shift_s: float) -> float:
        direction = sun.direction_enu(*place, times[use] + 0.5 * STEP_S + shift_s)
        gap = ghi[use] - dhi[use] - dni[use] * np.maximum(direction[:, 2], 0.0)
        return float(np.sqrt(np.mean(gap * gap)))

    coarse = min((error(m * 60.0), m) for m in range(-90, 91, 5))[1]
    best, minutes = min((error(m * 60.0), m) for m in range(coarse - 4, coarse + 5))
    # a file whose global was computed at the middle closes anywhere near it: keep the middle unless clearly better
    middle = error(0.0)
    return (0.0, middle) if middle <= best + 0.5 else (minutes * 60.0, best)


def _word(text: str) -> str:
    """A header's word, empty where the file says that it does not know."""
    return "" if text.strip().lower() in {"-", "unknown"} else text.strip()


def _lines(path: Path) -> list[str]:
    try:
        data = path.read_bytes()
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as e:
        raise Refused(f"cannot read the weather file {path} ({e}); give another with --weather") from e
    if not data.strip():
        raise Refused(f"the weather file {path} is empty; give another with --weather")
    return data.decode("latin-1").splitlines()


def _numbers(path: Path, rows: Sequence[Sequence[str]]) -> tuple[Float, list[str], NDArray[np.int64]]:
    """[row, column] of `_COLUMNS` and `_SKY_COLUMNS`, a stamp per row for messages, and the years."""
    table = np.empty((len(rows), len(_COLUMNS) + len(_SKY_COLUMNS)))
    years = np.empty(len(rows), dtype=np.int64)
    stamps = []
    for k, row in enumerate(rows):
        try:
            years[k] = int(row[0])
            stamps.append(f"{int(row[1]):02d}-{int(row[2]):02d} hour {int(row[3])}")
            needed = [row[c] for _, c, *_ in _COLUMNS]
            known = [row[c] if c < len(row) else "" for _, c, *_ in _SKY_COLUMNS]
            table[k] = [float(x) if x.strip() else np.nan for x in (*needed, *known)]
        except (ValueError, IndexError) as e:
            text = f"{path}: row {k + 1 + _HEADER_ROWS} is not a row of an EPW file; mend or remove the file"
            raise Refused(text) from e
    return table, stamps, years


def _calendar(years: NDArray[np.int64]) -> int:
    """The year that all rows name, if it is as long as they are; else one that is."""
    leap, own = len(years) == 8784, int(years[0])
    if np.all(years == own) and own in YEARS and calendar.isleap(own) == leap:
        return own
    return LEAP_YEAR if leap else DEFAULT_YEAR


def _missing(column: Float, least: float, most: float) -> Float:
    """The column with nan where the file says that there is no value, or says one that cannot be."""
    return np.where((column < least) | (column >= most), np.nan, column)


def _close_irradiance(
    raw: dict[str, Float], *, place: Standing, times: Float, daylight: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Fill one missing of GHI, DNI, DHI from the other two, and 0 at night, in place: where it was done by day."""
    ghi, dni, dhi = raw["ghi_w_m2"], raw["dni_w_m2"], raw["dhi_w_m2"]
    for column in (ghi, dni, dhi):
        column[np.isnan(column) & ~daylight] = 0.0
    cos_z = sun.mean_direction(*place, times, step_s=STEP_S)[0][:, 2]
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


def _fill(path: Path, name: str, column: Float, *, stamps: Sequence[str], filled: NDArray[np.bool_]) -> Float:
    """Interpolate gaps of at most six hours, marking them in `filled`."""
    bad = np.isnan(column)
    if not bad.any():
        return column
    edges = np.flatnonzero(np.diff(np.concatenate([[False], bad, [False]]).astype(np.int8)))
    for start, end in edges.reshape(-1, 2):
        if end - start > LONGEST_GAP:
            raise Refused(
                f"{path} has no {_WORDS[name]} for {end - start} hours from {stamps[start]} on, "
                f"more than {LONGEST_GAP}; fill the gap or give another file with --weather"
            )
    filled |= bad
    good = np.flatnonzero(~bad)
    return np.interp(np.arange(len(column)), good, column[good])
