"""Electric cars: what a day's driving took is charged again, on arrival or when it suits the house.

A car brings home what it drove (`arrive`, a day's driving a day on average) and is plugged in while it is at home
(`home`, 0..1). On two days in five it stays there (judgement). Energy that waits to be charged is
`owed`.

    on arrival:  power = min(owed / step, limit home)
    smart:       by day a share of the house's own surplus, owed / ((expected - seen) stay) of it, so that cars charge
                 under the sun as long as it lasts; in the hours of least load, 0 to 6 h, evenly what that sun will
                 not give: max(owed - expected stay - spare, 0) / (hours left)

`expected` is the surplus of the day before, as far as wall boxes could take it (tomorrow's sun is not known,
yesterday's is), `seen` that of today so far; `stay` is the share of today's sunny hours at home (whoever charges
smartly says when the car leaves); `spare` is two days' driving that may wait for sun.
Cars are drawn once, each from the hours at which cars are plugged in and out at twelve Norwegian residential sites
(A. L. Soerensen et al., Data in Brief 2024, doi 10.1016/j.dib.2024.110883: 35,377 sessions, 251 users who charged over
more than 60 days, 6.0 kWh a day each). A row for n cars is the mean of n such cars.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.kernels import f8, i4, i8, kernel, matrix, out_matrix, vector

CHARGER_W = 11e3
"""Of a wall box: three phases of 16 A."""
ARRIVE_PERCENT = (2.0, 1.1, 0.7, 0.9, 1.0, 0.4, 0.4, 0.8, 1.4, 1.5, 2.0, 2.8, 3.5, 4.2, 6.2, 9.3, 11.4, 8.7, 8.0, 8.4,
                  8.4, 7.2, 6.2, 3.5)  # fmt: skip
"""Plug-ins by hour of the wall clock (see the module)."""
LEAVE_PERCENT = (0.6, 0.3, 0.2, 0.2, 0.6, 1.9, 7.7, 13.5, 7.4, 5.6, 5.3, 5.9, 5.1, 5.3, 5.1, 5.0, 5.1, 6.0, 6.0, 4.3,
                 3.4, 2.7, 1.8, 1.2)  # fmt: skip
"""Plug-outs by hour (see the module)."""
AWAY_PERCENT = (0, 0, 0, 0, 0, 0, 2, 10, 20, 14, 10, 8, 8, 8, 6, 5, 4, 3, 2, 0, 0, 0, 0, 0)
"""Charging away from home by hour: at work after arrival, then shops (judgement; no source was at hand)."""
REST = 0.4
"""Share of a car's days on which it is not moved (judgement: national travel surveys find about that order)."""
SPARE_DAYS = 2.0
"""Days of driving that a smart car may leave uncharged overnight (judgement; chosen so that cars wait for sun visibly).

Two days are 66 km at 12,000 km a year and 12.5 kWh, a fifth of a battery of 60 kWh: 250 km of range stay in the car."""
SUNNY_H = (9, 17)
"""Hours of the wall clock that have most of the sun all the year."""
LEAST_LOAD_H = 6
"""The hours 0 .. 6 of the wall clock have the least load of the day (BDEW H25)."""
GROUPS = {1: 96, 4: 32, 16: 16, 64: 8}
"""Rows of cars by the number of cars behind one row."""


@dataclass(frozen=True)
class Habits:
    """Rows of cars: [step, row]."""

    arrive: NDArray[np.float32]
    """Part of a mean day's driving that comes home in this step; as many over the year as it has days."""
    home: NDArray[np.float32]
    """Share that is plugged in at home."""
    stay: NDArray[np.float32]
    """Of the sunny hours of the same day, the share that is spent at home."""
    left: NDArray[np.float32]
    """[step] steps of least load that are left today with this one, 0 outside of them."""
    midnight: NDArray[np.int64]
    """[step] 1 where the day begins."""


@lru_cache(maxsize=4)
def habits(wall: tuple[int, ...], steps_an_hour: int) -> Habits:
    """The cars of a year. `wall` [step]: hours since 1 January on the wall, see sim/wallclock.py."""
    hours = np.array(wall)
    days, hour = hours // 24, hours % 24
    rows = [_cars(n, f"cars-{n}-{k}", int(days.max()) + 1) for n, count in GROUPS.items() for k in range(count)]
    arrive = np.stack([a[days, hour] for a, _ in rows], axis=1)
    arrive = arrive * (len(hours) / (24.0 * steps_an_hour) / arrive.sum(axis=0))
    home = np.stack([h[days, hour] for _, h in rows], axis=1)
    stay = np.stack([h[:, SUNNY_H[0] : SUNNY_H[1]].mean(axis=1)[days] for _, h in rows], axis=1)
    night = hour < LEAST_LOAD_H
    left = np.where(night, (LEAST_LOAD_H - hour) * steps_an_hour - np.arange(len(hours)) % steps_an_hour, 0)
    midnight = (np.diff(days, prepend=days[-1]) != 0).astype(np.int64)
    arrive, home, stay, left = (np.ascontiguousarray(x, np.float32) for x in (arrive, home, stay, left))
    return Habits(arrive, home, stay, left, midnight)


def _cars(count: int, name: str, days: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """[day, hour] arrivals and presence of the mean of `count` cars."""
    seed = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little")
    rng = np.random.default_rng(seed)
    arrive, home = np.zeros((days, 24)), np.zeros((days, 24))
    hours = np.arange(24)
    p_out, p_in = (np.array(p) / np.sum(p) for p in (LEAVE_PERCENT, ARRIVE_PERCENT))
    for _ in range(count):
        leave, back = rng.choice(24, days, p=p_out), rng.choice(24, days, p=p_in)
        for _ in range(12):  # who is back before leaving is drawn again
            odd = back <= leave
            leave[odd], back[odd] = rng.choice(24, odd.sum(), p=p_out), rng.choice(24, odd.sum(), p=p_in)
        leave = np.where(back <= leave, np.maximum(back - 1, 0), leave)
        back = np.maximum(back, leave + 1)
        away = (hours >= leave[:, None]) & (hours < back[:, None])
        edge = (hours == leave[:, None]) | (hours == back[:, None])
        rests = rng.random(days)[:, None] < REST
        home += np.where(rests, 1.0, np.where(edge, 0.5, ~away)) / count
        arrive += (~rests & (hours == back[:, None])) / count
    return arrive, home


def rows_of(ids: tuple[str, ...], vehicles: NDArray[np.float64]) -> NDArray[np.int32]:
    """[building] row of the habits: as many cars as live there, which ones by a hash of the id."""
    sizes = np.array(list(GROUPS))
    starts = np.concatenate([[0], np.cumsum(list(GROUPS.values()))])
    nearest = np.argmin(np.abs(np.log(sizes / np.maximum(vehicles, 1.0)[:, None])), axis=1)
    ticket = np.array([int.from_bytes(hashlib.blake2b(i.encode(), digest_size=4).digest(), "little") for i in ids])
    counts = np.array(list(GROUPS.values()))
    return (starts[nearest] + ticket.astype(np.int64) % counts[nearest]).astype(np.int32)


@kernel(
    lambda f: (
        matrix(f), matrix(f), matrix(f), vector(f), vector(i8), vector(i4), vector(f), vector(f), vector(f), i8, f8,
        out_matrix(f), out_matrix(f), out_matrix(f), out_matrix(f),
    )
)  # fmt: skip
def charge(  # type: ignore[no-untyped-def]
    arrive, home, stay, left, midnight, row, day_w, limit_w, smart, first, step_s, owed_j, scratch, surplus_w, vehicle_w
):
    """Fill `vehicle_w` [steps, building] from step `first` on, round the year, and take it from `surplus_w`.

    day_w [building]: a day's driving over the step length; limit_w of all its wall boxes; smart: share that charges
    smartly; owed_j [4, building]: owed on arrival, owed smart, seen sun of today, expected sun; scratch [4, building].
    """
    f = surplus_w.dtype.type
    zero, one, step = f(0.0), f(1.0), f(step_s)
    per_step, spare = one / step, f(SPARE_DAYS * step_s)
    plain, patient, seen, expected = owed_j[0], owed_j[1], owed_j[2], owed_j[3]
    sun, room, back, free = scratch[0], scratch[1], scratch[2], scratch[3]
    total = arrive.shape[0]
    n = len(row)
    for k in range(surplus_w.shape[0]):
        t = (first + k) % total
        came, there, today = arrive[t], home[t], stay[t]
        net, out = surplus_w[k], vehicle_w[k]
        if midnight[t] != 0:
            for i in range(n):
                expected[i] = seen[i]
            for i in range(n):
                seen[i] = zero
        for i in range(n):
            back[i] = came[row[i]]
            room[i] = there[row[i]]
        for i in range(n):
            back[i] *= day_w[i] * step
        for i in range(n):
            room[i] *= limit_w[i]
        for i in range(n):
            plain[i] += back[i] * (one - smart[i])
        for i in range(n):
            patient[i] += back[i] * smart[i]
        for i in range(n):
            out[i] = min(plain[i] * per_step, room[i] * (one - smart[i]))
        for i in range(n):
            plain[i] = max(plain[i] - out[i] * step, zero)
        for i in range(n):
            room[i] *= smart[i]
        for i in range(n):
            free[i] = min(max(net[i] - out[i], zero), limit_w[i] * smart[i])
        for i in range(n):
            sun[i] = min(free[i], room[i])
        for i in range(n):
            back[i] = today[row[i]]
        if left[t] > zero:
            calm = one / (left[t] * step)
            for i in range(n):
                back[i] = expected[i] * back[i] + spare * day_w[i] * smart[i]
            for i in range(n):
                sun[i] = max(sun[i], min(max(patient[i] - back[i], zero) * calm, room[i]))
        else:
            for i in range(n):
                back[i] = max((expected[i] - seen[i]) * back[i], max(sun[i] * step, one))
            for i in range(n):
                seen[i] += free[i] * step
            for i in range(n):
                sun[i] *= min(patient[i] / back[i], one)
        for i in range(n):
            sun[i] = min(sun[i], patient[i] * per_step)
        for i in range(n):
            patient[i] = max(patient[i] - sun[i] * step, zero)
        for i in range(n):
            out[i] += sun[i]
        for i in range(n):
            net[i] -= out[i]
