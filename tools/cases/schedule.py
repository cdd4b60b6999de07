"""Schedules of a case: what a day looks like, by weekday and by period of the year, as the mean over every step.

A day is 24 hourly values, or points [hour, value] joined by straight lines: two points at the same hour are a step. So
a set-back that ramps from 10 to 20 between 7 and 8 is [[0, 10], [7, 10], [8, 20], [23, 20], [23, 10]].
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools.cases.table import Table

Float = NDArray[np.float64]
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_GROUPS = {"every_day": range(7), "weekday": range(5), "weekend": (5, 6)}
_MINUTES = 1440


@dataclass(frozen=True)
class Year:
    """The calendar that schedules are laid over."""

    days: int
    """365 or 366."""
    steps_a_day: int
    first_weekday: int
    """Of 1 January; 0 = Monday."""

    @property
    def steps(self) -> int:
        """Of the year."""
        return self.days * self.steps_a_day

    def day(self, month: int, day: int) -> int:
        """Days since 1 January."""
        return sum(self.month_days(m) for m in range(1, month)) + day - 1

    def month_days(self, month: int) -> int:
        """Length of a month, 1..12."""
        return calendar.monthrange(2024 if self.days == 366 else 2025, month)[1]

    def months(self) -> NDArray[np.int64]:
        """[step] month, 0..11."""
        lengths = [self.month_days(m) * self.steps_a_day for m in range(1, 13)]
        return np.repeat(np.arange(12), lengths)

    def name(self, step: int) -> str:
        """The step in words: "26-Nov hour 8" ends at 8:00 (with hourly steps), as the standard's tables count."""
        day, place = divmod(step, self.steps_a_day)
        for month in range(1, 13):
            if day < self.month_days(month):
                return f"{day + 1:02d}-{calendar.month_abbr[month]} hour {(place + 1) * 24 / self.steps_a_day:g}"
            day -= self.month_days(month)
        raise ValueError(f"step {step} is not of this year")


def year_of(inputs: Table, *, calendar_year: int, steps: int) -> Year:
    """Calendar of a weather year, its first weekday as the case says or as that year began."""
    days = 366 if steps % 366 == 0 and steps % 365 else 365
    first = DAYS.index(inputs.text("first_weekday", DAYS[calendar.weekday(calendar_year, 1, 1)], choices=DAYS))
    return Year(days, steps // days, first)


def schedules(inputs: Table, year: Year) -> dict[str, Float]:
    """[schedule.NAME] -> mean value over every step [step].

    Raises:
        Refused: a day that is neither 24 values nor ascending points, a weekday that nothing is said of, a bad date.
    """
    return {name: _schedule(table, year) for name, table in inputs.named("schedule").items()}


def series(table: Table, key: str, known: dict[str, Float], year: Year, default: float | None = None) -> Float | None:
    """A number or the name of a schedule as [step]; None where the key is absent and there is no default."""
    if key not in table:
        return None if default is None else np.full(year.steps, default)
    if not isinstance(table.raw(key), str):
        return np.full(year.steps, table.number(key))
    return table.pick(key, known).copy()


def _schedule(table: Table, year: Year) -> Float:
    if "column" in table:
        return _column(table, year)
    weekday = (year.first_weekday + np.arange(year.days)) % 7
    days = _week(table, year)
    table_of_days = np.stack([d if d is not None else np.full(year.steps_a_day, np.nan) for d in days])[weekday]
    for period in table.tables("period"):
        inside = _inside(period, year)
        for k, shape in enumerate(_week(period, year)):
            if shape is not None:
                table_of_days[inside & (weekday == k)] = shape
    missing = np.flatnonzero(np.isnan(table_of_days).any(axis=1))
    if len(missing):
        raise table.wrong("every_day", f"is missing: nothing is said of {DAYS[weekday[missing[0]]]}s")
    return np.ascontiguousarray(table_of_days.ravel())


def _column(table: Table, year: Year) -> Float:
    """A column of a CSV file, one row a step."""
    column = table.text("column")
    rows = table.tables("table", loose=True)
    if len(rows) != year.steps:
        raise table.wrong("table", f"has {len(rows)} rows; the weather year has {year.steps} steps")
    return np.array([row.number(column) for row in rows])


def _week(table: Table, year: Year) -> list[Float | None]:
    """[7] the day of each weekday, None where nothing is said: every_day, over it weekday and weekend, over it days."""
    days: list[Float | None] = [None] * 7
    for key, members in [*_GROUPS.items(), *((d, (k,)) for k, d in enumerate(DAYS))]:
        if key in table:
            shape = _day(table, key, year)
            for k in members:
                days[k] = shape
    return days


def _day(table: Table, key: str, year: Year) -> Float:
    """One day as the mean over its steps, from values at the middle of each minute."""
    given = table.raw(key)
    points: list[Any] = given if isinstance(given, list) else [given]
    middle = (np.arange(_MINUTES) + 0.5) / 60.0
    if len(points) == 24 and all(_is_number(p) for p in points):
        values = np.asarray(points, float)[middle.astype(int)]
    elif len(points) == 1 and _is_number(points[0]):
        values = np.full(_MINUTES, float(points[0]))
    elif points and all(isinstance(p, list) and len(p) == 2 and all(map(_is_number, p)) for p in points):
        at, value = np.asarray(points, float).T
        if at[0] < 0 or at[-1] > 24 or np.any(np.diff(at) < 0):
            raise table.wrong(key, "has hours out of order; points ascend from 0 to at most 24")
        values = np.interp(middle, at, value)
    else:
        raise table.wrong(key, "is no day; give 24 hourly values, or points [hour, value]")
    return values.reshape(year.steps_a_day, -1).mean(axis=1)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and bool(np.isfinite(value))


def _inside(period: Table, year: Year) -> NDArray[np.bool_]:
    """[day] whether it lies in the period, both ends included; a period may run over new year."""
    ends = []
    for key in ("from", "to"):
        word = period.text(key)
        month, _, day = word.partition("-")
        good = month.isdigit() and day.isdigit() and 1 <= int(month) <= 12
        if not good or not 1 <= int(day) <= year.month_days(int(month)):
            raise period.wrong(key, f'is "{word}"; give month and day as MM-DD')
        ends.append(year.day(int(month), int(day)))
    days = np.arange(year.days)
    first, last = ends
    return (first <= days) & (days <= last) if first <= last else (first <= days) | (days <= last)
