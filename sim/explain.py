"""Why a figure is what it is: the sums behind a building's step, each of terms that add up to zero.

Power, supply of heat, and heat. The building is taken out of the district and its day run again in float64 from the
year's own state at the day's start (sim/alone.py), so the sums close to rounding; float32, in which the year runs,
would leave some 1e-4 of what moves.
"""

from __future__ import annotations

from collections.abc import Callable

from network.problems import Refused
from network.terms import Sum, Term
from sim import alone, explain_heat, explain_power
from sim import year as years
from sim.district import District
from sim.prepare import Case
from sim.solar import Solar
from sim.span import State
from sim.weather import Weather
from sim.year import Year

LABELS = {"power": "Power", "supply": "Heat supply", "heat": "Heat in the rooms"}


def explain(
    d: District, solar: Solar, weather: Weather, case: Case, states: Callable[[Case, int], State], row: int, at: int
) -> tuple[Sum, ...]:
    """The sums of building `row` in step `at` of the year of `case`.

    states: (case of the building alone, day) -> its state at the start of the day; see `of_year` and `of_nothing`.

    Raises:
        Refused: there is no such building or step.
    """
    if not 0 <= row < case.buildings:
        raise Refused(f"there is no building {row}, only 0 to {case.buildings - 1}")
    if not 0 <= at < case.steps:
        raise Refused(f"there is no step {at}, only 0 to {case.steps - 1}")
    one = alone.alone(case, row)
    day = at // years.steps_a_day(case)
    before, flux, _ = alone.step(one, states(one, day), day * years.steps_a_day(case), at)
    return (
        _sum("power", explain_power.power(d, solar, weather, one, row, at, before, flux)),
        _sum("supply", explain_power.supply(one, d.building, row, at, flux)),
        _sum("heat", explain_heat.terms(d, weather, one, row, at, before, flux)),
    )


def of_year(year: Year, row: int) -> Callable[[Case, int], State]:
    """States of building `row` marched from the checkpoints of a complete year."""

    def state(one: Case, day: int) -> State:
        k = day // year.every
        begun = alone.state_of(year.states[k], row)
        return years.run_up(one, begun, day * years.steps_a_day(one), days=day - k * year.every)

    return state


def of_nothing(one: Case, day: int) -> State:
    """State of the building alone where no year of the district is known: its own year from the beginning."""
    return years.run_up(one, years.begin(one).state, day * years.steps_a_day(one), days=day)


def _sum(name: str, terms: tuple[Term, ...]) -> Sum:
    values = [t.value for t in terms]
    moved = max(0.5 * sum(map(abs, values)), 1.0)
    return Sum(name, LABELS[name], terms, abs(sum(values)) / moved)
