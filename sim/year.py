"""A year as a fold: day after day is simulated, added to the ledger and dropped; any day is derived again on demand.

A year starts from a run-up of 14 days in its own December. A State is kept every k days, so a day is re-derived bit
for bit without a Flux of the whole year ever existing.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from sim import ledger as books
from sim.ledger import Ledger
from sim.prepare import Case
from sim.span import Flux, Span, State, empty, initial, simulate

RUN_UP_DAYS = 14
PROVISIONAL_DAYS = 7
"""Run-up of a provisional day from another scenario's state."""
CHUNK_S = 0.015
"""A chunk ends with the first whole day after this time; what it computes does not depend on where it ends."""
_STATES_BYTES = 256e6


@dataclass(frozen=True)
class Year:
    """A year that is being, or has been, computed. `advance` takes its ledger over: go on with what it returns."""

    case: Case
    ledger: Ledger
    states: Sequence[State]
    """At the start of day 0, k, 2k .."""
    every: int
    """k"""
    day: int
    """Next day to compute."""
    state: State
    buffer: Flux | None
    compute_s: float

    @property
    def days(self) -> int:
        """Length of the year."""
        return days_of(self.case)

    @property
    def done(self) -> bool:
        """Is it complete?"""
        return self.day >= self.days

    @property
    def fraction(self) -> float:
        """Share that is computed, 0..1."""
        return self.day / self.days


def steps_a_day(case: Case) -> int:
    """Steps of 24 hours."""
    return round(86400.0 / case.step_s)


def days_of(case: Case) -> int:
    """Days of the case's year."""
    return case.steps // steps_a_day(case)


def begin(case: Case) -> Year:
    """A year about to start, after its run-up."""
    begun = time.perf_counter()
    state = run_up(case, initial(case, -RUN_UP_DAYS * steps_a_day(case)), 0, days=RUN_UP_DAYS)
    every = max(1, int(np.ceil(days_of(case) * state.nbytes / _STATES_BYTES)))
    buffer = empty(case, Span(0, steps_a_day(case)))
    return Year(case, books.empty(case), [state], every, 0, state, buffer, time.perf_counter() - begun)


def advance(year: Year) -> Year:
    """Compute a chunk of whole days, about 20 ms; the given Year must not be used again."""
    begun = time.perf_counter()
    case, n = year.case, steps_a_day(year.case)
    state, day, states = year.state, year.day, list(year.states)
    while day < year.days:
        state, flux = simulate(case, state, Span(day * n, n), into=year.buffer)
        books.add(year.ledger, case, flux, first=day * n)
        day += 1
        if day % year.every == 0 and day < year.days:
            states.append(state)
        if time.perf_counter() - begun > CHUNK_S:
            break
    took = year.compute_s + time.perf_counter() - begun
    buffer = year.buffer if day < year.days else None
    return replace(year, states=states, day=day, state=state, buffer=buffer, compute_s=took)


def complete(case: Case) -> Year:
    """The whole year at once."""
    year = begin(case)
    while not year.done:
        year = advance(year)
    return year


def run_up(case: Case, state: State, step: int, *, days: int) -> State:
    """State at the start of `step` after `days` days of run-up to it, without grid."""
    n = days * steps_a_day(case)
    day = Span(step, steps_a_day(case))
    buffer = empty(case, day)
    for k in range(days):
        state, _ = simulate(case, state, Span(step - n + k * day.steps, day.steps), grid=False, into=buffer)
    return state


def state_at(year: Year, day: int) -> State:
    """State at the start of `day` (taken round the year) of a complete year, marched from its checkpoint."""
    day %= year.days
    k = day // year.every
    return run_up(year.case, year.states[k], day * steps_a_day(year.case), days=day - k * year.every)


def day(case: Case, year: Year | None, day: int) -> Flux:
    """Steps day*24-1 .. day*24+24: the day with a step on either side, round the year.

    From the checkpoints of `year` if it is complete (then the day's rows are those of the year, bit for bit),
    else after a run-up of 14 days.
    """
    if year is None or not year.done:
        return provisional_day(case, None, day)
    n = steps_a_day(case)
    before, here, after = day - 1, day, day + 1
    state, _ = simulate(case, state_at(year, before), Span(before * n, n - 1), grid=False)
    pieces = [simulate(case, state, Span(here * n - 1, 1))[1]]
    pieces.append(simulate(case, state_at(year, here), Span(here * n, n))[1])
    pieces.append(simulate(case, state_at(year, after), Span(after * n, 1))[1])
    return join(pieces)


def provisional_day(case: Case, previous: Year | None, day: int) -> Flux:
    """The same steps before this case's year is known.

    After a week's run-up from the state of `previous`, else after 14 days from a guess. What other walls remember says
    nothing of these: where the fabric changed, rooms start settled under the weeks before.
    """
    n = steps_a_day(case)
    if previous is None or not previous.done:
        state = run_up(case, initial(case, day * n - (1 + RUN_UP_DAYS) * n), day * n - n, days=RUN_UP_DAYS)
    else:
        days, first = PROVISIONAL_DAYS - 1, day - PROVISIONAL_DAYS
        state = state_at(previous, first)
        if previous.case.rooms.fabric is not case.rooms.fabric:
            state = replace(state, room=initial(case, first * n).room)
        state = run_up(case, state, day * n - n, days=days)
    state, _ = simulate(case, state, Span(day * n - n, n - 1), grid=False)
    return simulate(case, state, Span(day * n - 1, n + 2))[1]


def join(pieces: Sequence[Flux]) -> Flux:
    """One Flux out of consecutive ones."""
    span = Span(pieces[0].span.first, sum(p.span.steps for p in pieces))
    names = [f.name for f in fields(Flux) if f.name != "span"]
    return Flux(span, *(np.concatenate([getattr(p, name) for p in pieces]) for name in names))
