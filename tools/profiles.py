"""Usage profiles: seeded years of electricity and hot water, each row summing to 1.

The expectation of every row is a standard profile (BDEW: H25 for homes, G1, G4, G3 for offices and schools, shops,
industry), read on the wall clock of the place and laid out in local standard time. Around it, homes switch:

    share(t) ~ base(t) + sum over events of their energy,   events ~ Poisson(rate(t) x habit(hour) x day)

with habit and day factors of mean 1, so the mean over homes stays the standard profile while one home is peaky.
A row for n homes is the mean of n such homes. Other uses are smooth: slow noise of mean 1 on the standard profile.
Hot water of a home is drawn in tappings with the daily pattern of EN 16147 profile M.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np

from sim import wallclock
from sim.district import Code, Float, Int, Profiles, Use

SINGLES = 128
"""Seeded years per use."""
GROUPS = {1: SINGLES, 4: 48, 16: 24, 64: 12}
"""Rows of home profiles by the number of homes behind one row."""
STANDARD = {Use.OFFICE: "g1", Use.RETAIL: "g4", Use.SCHOOL: "g1", Use.INDUSTRY: "g3"}
"""BDEW profile of each use that is not a home: G1 weekdays 8 to 18, G4 shop, G3 round the clock."""

HOME_KWH = 2700.0
"""Yearly electricity of the home whose switching is modelled (CBS 2019, mean Dutch dwelling): scales event sizes."""
BASE_SHARE = 0.35
"""Share of a home's energy that does not switch: cold appliances and standby."""
EVENT_KWH = (0.12, 0.45, 1.1)
"""Energy of one switching: light and kitchen; media and cooking; washing, drying, oven."""
EVENT_SHARE = (0.35, 0.35, 0.30)
"""Share of the switched energy in each kind."""
EVENT_HOURS = (1, 2, 1)
"""Hours that one switching is spread over."""

TAPPINGS_KWH = {7: 1.61, 8: 0.42, 9: 0.21, 10: 0.105, 11: 0.21, 12: 0.315, 14: 0.105, 15: 0.105, 16: 0.105,
                18: 0.315, 19: 0.105, 20: 0.735, 21: 1.505}  # fmt: skip
"""Heat drawn in each hour of the day, EN 16147 load profile M (5.845 kWh a day)."""
DRAW_KWH = (0.105, 0.7, 1.4)
"""Energy of one tapping: hand washing, dish washing, shower (EN 16147)."""
DRAW_SHARE = (0.35, 0.17, 0.48)


def profiles(
    *,
    steps: int,
    year: int,
    zone: str,
    utc_offset_s: float,
    seed: int,
    uses: Sequence[Use] = tuple(Use),
    south: bool = False,
) -> Profiles:
    """Seeded years for the uses of a district; rows of the same seed are the same bits.

    Args:
        steps: hourly steps of the year, 8760 or 8784.
        year: calendar year.
        zone: IANA name of the wall clock; a name unknown here means the fixed offset.
        utc_offset_s: of local standard time, in which steps are counted.
        seed: of all random numbers.
        uses: uses that occur; sheds need no profile.
        south: of the equator: light and use follow winters in July.

    Returns:
        Row ids are `home-1-007` (use, homes behind the row, number), `home-water-16-003`, `office-012`.
    """
    wall = wallclock.hours(steps=steps, step_s=3600.0, year=year, zone=zone, utc_offset_s=utc_offset_s)
    ids: list[str] = []
    rows: list[np.ndarray] = []
    standards = _standards(year, south=south)
    for use in sorted(set(uses) - {Use.SHED}):
        name = use.name.lower()
        if use is Use.HOME:
            for homes, count in GROUPS.items():
                for k in range(count):
                    ids.append(f"home-{homes}-{k:03d}")
                    rows.append(_home(standards["h25"][wall], wall, homes, _rng(seed, ids[-1])))
            for homes, count in GROUPS.items():
                for k in range(count):
                    ids.append(f"home-water-{homes}-{k:03d}")
                    rows.append(_water(wall, homes, year, _rng(seed, ids[-1])))
            continue
        for k in range(SINGLES):
            ids.append(f"{name}-{k:03d}")
            rows.append(_smooth(standards[STANDARD[use]], wall, _rng(seed, ids[-1])))
    share = np.empty((len(rows), steps), dtype=np.float32)
    for k, row in enumerate(rows):
        share[k] = _exact(row)
    return Profiles(id=tuple(ids), share=share)


def assign(*, id: Sequence[str], use: Code, dwellings: Float, profiles: Profiles, seed: int) -> tuple[Int, Int]:
    """[building] rows of [profile] for appliances and for hot water, by a hash of (seed, id).

    Homes take a row with the nearest number of homes behind it; other uses draw hot water as they use electricity;
    sheds point at row 0 and use nothing.
    """
    rows: dict[str, list[int]] = {}
    for k, name in enumerate(profiles.id):
        rows.setdefault(name.rsplit("-", 1)[0], []).append(k)
    appliances, water = np.zeros(len(id), dtype=np.int32), np.zeros(len(id), dtype=np.int32)
    sizes = np.array(list(GROUPS))
    for b, name in enumerate(id):
        kind = Use(int(use[b]))
        if kind is Use.SHED:
            continue
        ticket, second = (int(t) for t in _rng(seed, name).integers(2**31, size=2))
        if kind is Use.HOME:
            nearest = int(sizes[np.argmin(np.abs(np.log(sizes / max(float(dwellings[b]), 1.0))))])
            one, other = rows[f"home-{nearest}"], rows[f"home-water-{nearest}"]
            appliances[b], water[b] = one[ticket % len(one)], other[second % len(other)]
        else:
            one = rows[kind.name.lower()]
            appliances[b] = water[b] = one[ticket % len(one)]
    return appliances, water


def _hours(year: int) -> int:
    return (datetime(year + 1, 1, 1) - datetime(year, 1, 1)) // timedelta(hours=1)


def _rng(seed: int, name: str) -> np.random.Generator:
    digest = hashlib.blake2b(f"{seed}/{name}".encode(), digest_size=16).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest, "little")))


def _standards(year: int, *, south: bool = False) -> dict[str, np.ndarray]:
    """Hourly standard profiles on the wall clock, mean 1, holidays as ordinary days.

    They are northern years; in the south their halves change places (by 26 weeks, so that weekdays stay).
    """
    import pandas as pd
    from demandlib import bdew

    index = pd.date_range(datetime(year, 1, 1), periods=4 * _hours(year), freq="15min")
    with warnings.catch_warnings():  # demandlib turns warnings into errors for the whole process
        frame = bdew.ElecSlp(year).slp_frame
        columns = {name: frame[name].to_numpy() for name in sorted(set(STANDARD.values()))}
        columns["h25"] = bdew.H25(index).to_numpy()
    hourly = {name: values.reshape(-1, 4).mean(axis=1) for name, values in columns.items()}
    half = 26 * 7 * 24
    if south:
        hourly = {n: np.concatenate([v[half : 2 * half], v[: len(v) - half]]) for n, v in hourly.items()}
    return {name: values / values.mean() for name, values in hourly.items()}


def _home(standard: np.ndarray, wall: Int, homes: int, rng: np.random.Generator) -> np.ndarray:
    """[steps] energy of a mean home out of `homes`, kWh: base plus switched appliances.

    Independent Poisson processes add up to one of the summed rate, so many homes cost as little as one.
    """
    mean_kwh = standard * HOME_KWH / len(wall)
    rate = (1.0 - BASE_SHARE) * mean_kwh * _habits(wall, homes, rng)
    total = BASE_SHARE * mean_kwh * homes
    for kwh, share, hours in zip(EVENT_KWH, EVENT_SHARE, EVENT_HOURS, strict=True):
        drawn = rng.poisson(rate * (share / kwh)) * kwh
        total = total + drawn if hours == 1 else total + (drawn + np.roll(drawn, 1)) / hours
    return total / homes


def _habits(wall: Int, homes: int, rng: np.random.Generator) -> np.ndarray:
    """[steps] sum over homes of factors of mean 1: hours that a home prefers, busier and quieter days."""
    hour = rng.gamma(4.0, 0.25, (homes, 24))
    hour = (hour + np.roll(hour, 1, axis=1)) / 2
    day = rng.gamma(8.0, 0.125, (homes, int(wall.max()) // 24 + 1))
    return (day.T @ hour)[wall // 24, wall % 24]


def _water(wall: Int, homes: int, year: int, rng: np.random.Generator) -> np.ndarray:
    """[steps] hot water of a mean home out of `homes`, kWh, in tappings; weekends run 1.5 hours later."""
    pattern = np.zeros(24)
    pattern[list(TAPPINGS_KWH)] = list(TAPPINGS_KWH.values())
    days = int(wall.max()) // 24 + 1
    weekend = (datetime(year, 1, 1).weekday() + np.arange(days)) % 7 >= 5
    hour = np.arange(24) + 0.5
    shift = rng.normal(0.0, 1.0, (homes, 1))
    week, rest = (np.interp((hour - shift - late) % 24, hour, pattern, period=24) for late in (0.0, 1.5))
    day = rng.gamma(8.0, 0.125, (homes, days))
    expected = np.where(weekend[:, None], day.T @ rest, day.T @ week)[wall // 24, wall % 24]
    drawn = [rng.poisson(expected * (part / kwh)) * kwh for kwh, part in zip(DRAW_KWH, DRAW_SHARE, strict=True)]
    return np.sum(drawn, axis=0) / homes


def _smooth(standard: np.ndarray, wall: Int, rng: np.random.Generator) -> np.ndarray:
    """[steps] a business around its standard profile: opening up to an hour off, slow noise, days of their own."""
    shifted = np.roll(standard, int(rng.integers(-1, 2)))[wall]
    slow = rng.normal(0.0, 0.12, len(wall) // 3 + 2)
    noise = np.interp(np.arange(len(wall)) / 3.0, np.arange(len(slow)), slow)
    day = rng.gamma(100.0, 0.01, int(wall.max()) // 24 + 1)
    return shifted * np.exp(noise) * day[wall // 24]


def _exact(row: np.ndarray) -> np.ndarray:
    """Row as float32 whose float64 sum is 1: what rounding lost goes to its largest hour."""
    share = (row / row.sum()).astype(np.float32)
    top = int(np.argmax(share))
    share[top] += np.float32(1.0 - share.sum(dtype=np.float64))
    return share
