"""A year as a fold: the same bits however it is cut, either float type, whatever was toggled in between."""

from dataclasses import fields, replace

import numpy as np
import pytest
from factories import random_district, random_weather

from network.schema import LayerChoice
from sim import ledger as books
from sim import year as years
from sim.balance import balance
from sim.layers import apply
from sim.prepare import prepare
from sim.solar import solar
from sim.span import Flux, Span, initial, simulate

WEATHER = random_weather(seed=7)
DISTRICT = random_district(seed=8, buildings=24, nodes=30)
SOLAR = solar(DISTRICT, WEATHER)


def _case(district=DISTRICT, dtype=np.float32):
    return prepare(district, SOLAR, WEATHER, dtype=dtype)


def _figures(year, district=DISTRICT):
    b = balance(year.ledger, district, side="a", revision=1, compute_s=0.0)
    return {**b.totals_j, **b.kpi, **b.grid, "co2": b.co2_kg, "residual": b.residual}


def _same(a: Flux, b: Flux) -> bool:
    names = [f.name for f in fields(Flux) if f.name != "span"]
    return all(np.array_equal(getattr(a, n), getattr(b, n), equal_nan=True) for n in names)


@pytest.fixture(scope="module")
def whole():
    return years.complete(_case())


def test_a_year_in_one_piece_equals_365_single_days_bit_for_bit(whole) -> None:
    case = _case()
    state = whole.states[0]
    end, flux = simulate(case, state, Span(0, 8760))
    one = books.empty(case)
    books.add(one, case, flux, first=0)
    for f in fields(books.Ledger):
        assert np.array_equal(getattr(one, f.name), getattr(whole.ledger, f.name)), f.name
    assert np.array_equal(end.room, whole.state.room)


def test_any_day_is_derived_again_bit_for_bit(whole) -> None:
    case = _case()
    _, flux = simulate(case, whole.states[0], Span(0, 8760))
    for day in (0, 1, 171, 364):
        shown = years.day(case, whole, day)
        rows = np.arange(day * 24 - 1, day * 24 + 25) % 8760
        assert shown.span == Span(day * 24 - 1, 26)
        expected = Flux(shown.span, *(getattr(flux, f.name)[rows] for f in fields(Flux) if f.name != "span"))
        assert _same(shown, expected), day


def test_sparse_checkpoints_give_the_same_day(whole) -> None:
    every = 30
    sparse = replace(whole, states=whole.states[::every], every=every)
    assert _same(years.day(_case(), sparse, 200), years.day(_case(), whole, 200))


def test_a_provisional_day_is_near_the_true_one(whole) -> None:
    """A week from another scenario's state, or two from a guess: rooms remember days, not weeks."""
    case, day = _case(), 40
    true = years.day(case, whole, day)
    for previous in (whole, None):
        shown = years.provisional_day(case, previous, day)
        assert shown.span == true.span
        assert np.abs(shown.indoor_c - true.indoor_c).max() < 0.2
        assert np.abs(shown.surplus_w - true.surplus_w).max() < 0.05 * np.abs(true.surplus_w).max()
    assert _same(years.day(case, None, day), years.provisional_day(case, None, day))


def test_float32_and_float64_agree_in_every_yearly_figure_within_1e_4(whole) -> None:
    precise = _figures(years.complete(_case(dtype=np.float64)))
    for name, value in _figures(whole).items():
        if name != "residual":
            assert value == pytest.approx(precise[name], rel=1e-4, abs=1e-9), name


def test_toggling_back_restores_every_figure_bit_for_bit(whole) -> None:
    choice = LayerChoice("solar", {"share": 0.8})
    layered = apply(DISTRICT, [choice])
    changed = _figures(years.complete(_case(layered)), layered)
    assert changed["generated"] > 1.5 * _figures(whole)["generated"]
    assert _figures(years.complete(_case(apply(DISTRICT, [])))) == _figures(whole)
    again = apply(DISTRICT, [choice])
    assert _figures(years.complete(_case(again)), again) == changed


def test_progress_is_whole_days_and_ends(whole) -> None:
    year = years.begin(_case())
    assert year.fraction == 0.0
    seen = []
    while not year.done:
        year = years.advance(year)
        seen.append(year.fraction)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    assert len(year.states) == 365
    assert year.compute_s > 0.0


def test_a_year_starts_after_its_run_up_in_december() -> None:
    """Rooms start settled under the weeks before; one whose air starts 10 K colder forgets it within the fortnight."""
    case = _case()
    guess = initial(case, -14 * 24)
    chilled = guess.room.copy()
    chilled[-1] -= 10.0
    far = years.run_up(case, replace(guess, room=chilled), 0, days=14).room[-1]
    near = years.run_up(case, guess, 0, days=14).room[-1]
    assert np.abs(far - near).max() < 0.01
    longer = years.run_up(case, initial(case, -84 * 24), 0, days=84).room[-1]
    assert np.abs(near - longer).max() < 0.5


def test_a_leap_year_has_366_days() -> None:
    weather = random_weather(steps=8784)
    district = random_district(buildings=4, nodes=0, steps=8784)
    year = years.complete(prepare(district, solar(district, weather), weather))
    assert year.days == 366
    b = balance(year.ledger, district, side="a", revision=1, compute_s=0.0)
    assert b.months_j["used"].sum() == pytest.approx(b.carriers_j["electricity"]["used"])
