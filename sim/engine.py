"""Jobs on the physics, with what is kept between them: cases and years by their choices. Used by one thread.

The district and its weather never change while the process runs, so within it the choices (canonical, so the same
scenario is the same bytes) are the whole key of a year. Toggling back finds the year and answers at once.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from network import schema
from network.problems import Refused
from sim import balance, costs, gridflow, history, layers
from sim import explain as why
from sim import facts as known
from sim import year as years
from sim.blocks import blocks
from sim.district import District
from sim.history import Choices
from sim.layers import Layer
from sim.package import Inferred
from sim.potential import Potential, potential
from sim.prepare import Case, prepare
from sim.session import SIDE, Day, DayJob, Explain, Facts, Tell, YearJob, block_key
from sim.solar import Solar
from sim.weather import Weather
from sim.year import Year

YEARS_BYTES = 1e9
CASES = 8


@dataclass(frozen=True)
class Base:
    """The year of the district as it is, that savings and payback are counted from; computed once."""

    running: Year | None = None
    closed: bool = False
    essence: costs.Year | None = None


class Engine:
    """What the worker thread works with."""

    def __init__(
        self, district: District, *, solar: Solar, weather: Weather, catalogue: Sequence[Layer], facts: Facts,
        inferred: Sequence[Inferred] = (),
    ) -> None:  # fmt: skip
        self._district, self._solar, self._weather = district, solar, weather
        self._catalogue, self._facts, self._inferred = catalogue, facts, inferred
        self._cases: OrderedDict[bytes, tuple[District, Case]] = OrderedDict()
        self._years: OrderedDict[bytes, Year] = OrderedDict()
        self._previous: Year | None = None
        """Of the last scenario whose year is complete."""
        self._base = Base()
        self._base_first = False
        """The next chunks are the base year's: what runs has measures, whose savings are counted from it."""
        self._potential: Potential | None = None

    def day(self, job: DayJob) -> Day:
        """Blocks of a day: from the scenario's own year if that is complete, else provisional."""
        district, case = self._case(job.choices)
        year = self._year(job.choices)
        flux = years.day(case, year, job.day) if year else years.provisional_day(case, self._previous, job.day)
        key = block_key(self._facts, job, year is None)
        made = blocks(flux, district, key=key, side=SIDE, step_s=case.step_s, stands=self._sun().shown())
        return Day(job, made, year is None)

    def begin(self, job: YearJob) -> Year:
        """The year of a scenario: complete if it is still known, else about to start."""
        district, case = self._case(job.choices)
        self._base_first = bool(district.bills) and not self._base.closed
        return self._year(job.choices) or years.begin(case)

    def advance(self, year: Year) -> Year:
        """One chunk more; of the district as it is first, where the books of `year` will need it."""
        if not self._base_first:
            return years.advance(year)
        base = years.advance(self._base.running or years.begin(self._case(())[1]))
        if base.done:
            self._years[history.key(())] = base
            self._base, self._base_first = self._closed(base), False
        else:
            self._base = Base(running=base)
        return year

    def balance(self, job: YearJob, year: Year) -> schema.Balance:
        """Close the books of a complete year and keep it."""
        self._years[history.key(job.choices)] = self._previous = year
        self._years.move_to_end(history.key(job.choices))
        while len(self._years) > 1 and sum(map(_bytes, self._years.values())) > YEARS_BYTES:
            self._years.popitem(last=False)
        if not job.choices and not self._base.closed:
            self._base = self._closed(year)
        district = self._case(job.choices)[0]
        return balance.balance(year.ledger, district, side=SIDE, revision=job.revision, compute_s=year.compute_s,
                               base=self._base.essence)  # fmt: skip

    def tell(self, job: YearJob, year: Year) -> Tell:
        """What answers for facts of this scenario's rows and their months; any thread may call it."""
        district, base, inferred, books = self._case(job.choices)[0], self._district, self._inferred, year.ledger
        sun = self._sun()
        clipped = {name for p in self._facts.problems.problems if p.code == known.CLIPPED for name in p.ids}

        def tell(axis: str, row: int) -> schema.Facts:
            found, months_j = known.facts(district, inferred, row, axis, books, base, sun,
                                          clipped)  # fmt: skip
            return schema.Facts(SIDE, axis, row, getattr(district, axis).id[row], job.revision, found, months_j)

        return tell

    def problems(self, job: YearJob, year: Year) -> tuple[schema.Problem, ...]:
        """Feeders that carry too much in this scenario's year, and when."""
        district, case = self._case(job.choices)
        return gridflow.collapses(year.ledger.collapsed, district, step_s=case.step_s)

    def _sun(self) -> Potential:
        """Solar potential, worked out once: no what-if moves a wall or a tree."""
        if self._potential is None:
            self._potential = potential(self._district, self._weather)
        return self._potential

    def _closed(self, year: Year) -> Base:
        """The base year, complete; without an essence where the district has no factors, as its own books will say."""
        try:
            return Base(closed=True, essence=balance.essence(year.ledger, self._district))
        except Refused:
            return Base(closed=True)

    def explain(self, job: YearJob, year: Year) -> Explain:
        """What answers for explanations of this scenario's buildings; the main thread alone calls it."""
        district, case = self._case(job.choices)
        solar, weather = self._solar, self._weather

        def explain(row: int, time_s: float) -> schema.Explanation:
            at = round(time_s / case.step_s) % case.steps
            sums = why.explain(district, solar, weather, case, why.of_year(year, row), row, at)
            return schema.Explanation(SIDE, "building", row, district.building.id[row], job.revision,
                                      at * case.step_s, case.step_s, sums)  # fmt: skip

        return explain

    def _year(self, choices: Choices) -> Year | None:
        return self._years.get(history.key(choices))

    def _case(self, choices: Choices) -> tuple[District, Case]:
        key = history.key(choices)
        if key not in self._cases:
            district = layers.apply(self._district, choices, self._catalogue)
            self._cases[key] = district, prepare(district, self._solar, self._weather)
            while len(self._cases) > CASES:
                self._cases.popitem(last=False)
        self._cases.move_to_end(key)
        return self._cases[key]


def _bytes(year: Year) -> int:
    """Of what belongs to this year alone: its checkpoints and books."""
    books = (getattr(year.ledger, f.name) for f in fields(year.ledger))
    return sum(s.nbytes for s in year.states) + sum(b.nbytes for b in books if isinstance(b, np.ndarray))
