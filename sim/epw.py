"""EnergyPlus weather (EPW), plain or gzip, as the rows say it: columns with nan where the file has no value.

Format: EnergyPlus, Auxiliary Programs, "EnergyPlus Weather File (EPW) Data Dictionary". A year has one record per hour,
or several: 60 / n minutes each, in order. Irradiance is the mean power over the record in either case, as EnergyPlus
takes it (Wh/m2 of an hour are W/m2).
"""

from __future__ import annotations

import calendar
import gzip
import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from network.problems import Refused
from network.schema import Problem

Float = NDArray[np.float64]
DEFAULT_YEAR, LEAP_YEAR = 2025, 2024
"""Calendar of a file whose rows share no year of its length."""
YEARS = range(1900, 2101)
"""Years that a file may name; the sun's formulas are made for this time."""
HOURS = (8760, 8784)
AN_HOUR = (1, 2, 3, 4, 5, 6, 10, 12)
"""Records per hour that are read."""
_HEADER_ROWS = 8
# name, column of the EPW row, least value, first value above that is none (data dictionary: air -70 to 70; 9999 and
# 999 mean missing). Pyranometers read a little below 0 at night.
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


@dataclass(frozen=True)
class Rows:
    """A weather file as it is."""

    name: str
    country: str
    latitude_rad: float
    longitude_rad: float
    height_m: float
    utc_offset_s: float
    year: int
    step_s: float
    columns: dict[str, Float]
    """[step] of `_COLUMNS` and `_SKY_COLUMNS`; nan where the file says that there is no value, or one out of limits."""
    stamps: tuple[str, ...]
    """A row's date and hour, for messages."""
    problems: tuple[Problem, ...]


def read(path: Path, lines: Sequence[str]) -> Rows:
    """The rows of an EPW file of these lines.

    Raises:
        Refused: it is not EPW, stands at no place on Earth, or holds no whole year.
    """
    name, country, latitude, longitude, zone, height = _location(path, lines[0])
    rows = [line.split(",") for line in lines[_HEADER_ROWS:] if line.strip()]
    hours, an_hour = _shape(path, len(rows))
    table, stamps, years = _numbers(path, rows)
    limits = enumerate((*_COLUMNS, *_SKY_COLUMNS))
    columns = {word: _missing(table[:, j], least, most) for j, (word, _, least, most) in limits}
    year = _calendar(years, leap=hours == HOURS[1])
    problems: list[Problem] = []
    if len(set(years.tolist())) == 1 and year != years[0]:
        text = f"{path.name} has {hours} hours, which {years[0]} has not: its days are those of {year}"
        problems.append(Problem("weather-calendar", text))
    said = _records_an_hour(lines[:_HEADER_ROWS])
    if said is not None and said != an_hour:
        text = f"{path.name} says {said} records per hour and has {an_hour}: it is read as it is"
        problems.append(Problem("weather-records", text))
    return Rows(
        name=name, country=country, latitude_rad=math.radians(latitude), longitude_rad=math.radians(longitude),
        height_m=height, utc_offset_s=zone * 3600.0, year=year, step_s=3600.0 / an_hour, columns=columns,
        stamps=tuple(stamps), problems=tuple(problems),
    )  # fmt: skip


def _location(path: Path, line: str) -> tuple[str, str, float, float, float, float]:
    """Name, country, latitude, longitude [deg], zone [h], height [m] of the LOCATION line."""
    head = line.split(",")
    if head[0].strip().upper() != "LOCATION" or len(head) < 10:
        raise Refused(f"{path} is no EPW weather file (its first line is not LOCATION); give another with --weather")
    try:
        latitude, longitude, zone, height = (float(x) for x in head[6:10])
    except ValueError as e:
        raise Refused(f"{path}: its LOCATION line has no numbers for place and zone; mend the line") from e
    limits = (("latitude", latitude, -90.0, 90.0), ("longitude", longitude, -180.0, 180.0),
              ("time zone", zone, -12.0, 14.0), ("elevation", height, -1000.0, 9999.9))  # fmt: skip
    for word, value, least, most in limits:
        if not least <= value <= most:
            raise Refused(f"{path}: its LOCATION line has the {word} {value:g}, which is not from {least:g} to "
                          f"{most:g}; mend the line")  # fmt: skip
    return _word(head[1]), _word(head[3]), latitude, longitude, zone, height


def _shape(path: Path, rows: int) -> tuple[int, int]:
    """Hours of the year and records per hour."""
    for hours in HOURS:
        if rows % hours == 0 and rows // hours in AN_HOUR:
            return hours, rows // hours
    raise Refused(f"{path} has {rows} rows, a year has 8760 or 8784 hours of 1 to 12 records; give a complete file")


def _records_an_hour(header: Sequence[str]) -> int | None:
    """What the DATA PERIODS line says, None where it says nothing."""
    for line in header:
        words = line.split(",")
        if words[0].strip().upper() == "DATA PERIODS" and len(words) > 2 and words[2].strip().isdigit():
            return int(words[2])
    return None


def _word(text: str) -> str:
    """A header's word, empty where the file says that it does not know."""
    return "" if text.strip().lower() in {"-", "unknown"} else text.strip()


def lines_of(path: Path) -> list[str]:
    """The lines of a weather file, plain or gzip.

    Raises:
        Refused: it cannot be read, or is empty.
    """
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


def _calendar(years: NDArray[np.int64], *, leap: bool) -> int:
    """The year that all rows name, if it is as long as they are; else one that is."""
    own = int(years[0])
    if np.all(years == own) and own in YEARS and calendar.isleap(own) == leap:
        return own
    return LEAP_YEAR if leap else DEFAULT_YEAR


def _missing(column: Float, least: float, most: float) -> Float:
    """The column with nan where the file says that there is no value, or says one that cannot be."""
    return np.where((column < least) | (column >= most), np.nan, column)
