"""Jobs on the physics: a scenario that was computed once is there at once, and is the same."""

from dataclasses import replace

import numpy as np
import pytest
from factories import random_district, random_weather

from network import schema
from network.schema import LayerChoice
from sim import blocks, engine, layers
from sim.engine import Engine
from sim.session import DayJob, Facts, YearJob
from sim.solar import solar

DISTRICT, WEATHER = random_district(seed=6, buildings=8, nodes=10), random_weather(seed=6)
LIGHT = solar(DISTRICT, WEATHER)
PLAIN, ROOFS = (), layers.validate([LayerChoice("solar", {"share": 0.7})])


@pytest.fixture
def works() -> Engine:
    return new_engine()


def new_engine() -> Engine:
    """An engine that has computed nothing yet."""
    hello = blocks.hello(DISTRICT, run="run", version="0", package="p", state_address="", tiles="",
                         steps=WEATHER.steps, step_s=WEATHER.step_s)  # fmt: skip
    facts = Facts(hello, blocks.roster(DISTRICT, revision=1), layers.wire(), schema.Problems(1, ()), tuple)
    return Engine(DISTRICT, solar=LIGHT, weather=WEATHER, catalogue=layers.CATALOGUE, facts=facts)


def whole(works: Engine, job: YearJob) -> schema.Balance:
    year = works.begin(job)
    while not year.done:
        year = works.advance(year)
    return works.balance(job, year)


def test_toggling_back_finds_the_year_complete(works: Engine) -> None:
    before = whole(works, YearJob(1, PLAIN))
    assert not works.begin(YearJob(2, ROOFS)).done
    changed = whole(works, YearJob(2, ROOFS))
    assert changed.totals_j["generated"] > before.totals_j["generated"]
    assert works.begin(YearJob(3, PLAIN)).done
    again = whole(works, YearJob(3, PLAIN))
    assert (again.totals_j, again.kpi, again.grid, again.revision) == (before.totals_j, before.kpi, before.grid, 3)


def test_a_day_is_provisional_until_its_own_year_is_complete(works: Engine) -> None:
    first = works.day(DayJob(1, PLAIN, 171))
    whole(works, YearJob(1, PLAIN))
    last = works.day(DayJob(1, PLAIN, 171))
    assert (first.provisional, last.provisional) == (True, False)
    assert [b.key.provisional for b in last.blocks if b.quantity == "pv_w"] == [False]
    assert works.day(DayJob(2, ROOFS, 171)).provisional


def test_the_least_recently_used_years_go_when_room_is_short(works: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    whole(works, YearJob(1, PLAIN))
    monkeypatch.setattr(engine, "YEARS_BYTES", 1.0)
    whole(works, YearJob(2, ROOFS))
    assert works.begin(YearJob(2, ROOFS)).done
    assert not works.begin(YearJob(3, PLAIN)).done


def test_a_layer_changes_what_it_says_and_the_rest_to_the_bit_not(works: Engine) -> None:
    plain, roofs = ({b.quantity: b.values for b in works.day(DayJob(1, c, 171)).blocks} for c in (PLAIN, ROOFS))
    for same in ("appliances_w", "heating_w", "indoor_k", "sun_enu"):
        assert np.array_equal(plain[same], roofs[same]), same
    assert roofs["pv_w"].sum() > plain["pv_w"].sum()


def test_savings_do_not_depend_on_what_was_asked_first(works: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    at_once = whole(works, YearJob(1, ROOFS))
    assert works.begin(YearJob(2, PLAIN)).done, "the year as it is was needed, and is kept"
    plain = whole(works, YearJob(2, PLAIN))
    assert "saved_co2_kg" not in plain.kpi
    assert at_once.kpi["saved_co2_kg"] == pytest.approx(plain.co2_kg - at_once.co2_kg)
    assert at_once.kpi["carbon_payback_s"] > 0.0
    monkeypatch.setattr(engine, "YEARS_BYTES", 1.0)
    for revision in (3, 4):  # also when that year itself had to go
        assert whole(works, YearJob(revision, ROOFS)).kpi == at_once.kpi


def test_savings_are_the_same_after_the_year_as_it_is_and_after_a_drag_that_was_cut_short(works: Engine) -> None:
    cut = works.begin(YearJob(1, layers.validate([LayerChoice("solar", {"share": 0.2})])))
    cut = works.advance(cut)
    assert not cut.done
    dragged = whole(works, YearJob(2, ROOFS))
    again = whole(works, YearJob(3, ROOFS))
    other = new_engine()
    whole(other, YearJob(1, PLAIN))
    assert whole(other, YearJob(2, ROOFS)).kpi == dragged.kpi == again.kpi


def test_a_year_tells_which_feeder_carries_too_much(works: Engine) -> None:
    year = works.begin(YearJob(1, PLAIN))
    while not year.done:
        year = works.advance(year)
    assert works.problems(YearJob(1, PLAIN), year) == ()
    collapsed = year.ledger.collapsed.copy()
    collapsed[17] = 4
    strained = replace(year, ledger=replace(year.ledger, collapsed=collapsed))
    (told,) = works.problems(YearJob(1, PLAIN), strained)
    assert (told.code, told.ids, told.count) == ("grid-collapse", (DISTRICT.line.id[4],), 1)
    assert "1 January at 17:00" in told.message
