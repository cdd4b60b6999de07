"""The core of the process as a value: wishes, history, clock and what the worker is asked to do, without a process."""

import itertools
import math
from dataclasses import replace

import msgspec
import numpy as np
import pytest

from network import schema
from network.problems import Refused
from network.schema import LayerChoice
from sim import answers
from sim import session as core
from sim.session import SIDE, Day, DayJob, Facts, Failed, Progress, Session, Wanted, Year, YearJob

HELLO = schema.Hello(
    schema.PROTOCOL, "run", "0", "p", "P", "", "", 0.9, 0.1, 0.0, "Europe/Amsterdam", 3600.0, 2015, 8760, 3600.0,
    (0.0, 0.0, 1.0, 1.0), 0.0,
)  # fmt: skip
ROSTER = schema.Roster(
    1, (), (), np.zeros((0, 3)), np.zeros(0), np.zeros(0), np.zeros(0), (), (), (), np.zeros(0), np.zeros(1),
    np.zeros((0, 3)), (), {},
)  # fmt: skip
SOLAR = schema.LayerKind("solar", "Solar roofs", "rethink", "", (), "", "", "")
NOON = 43200.0


def validate(choices: core.Choices) -> core.Choices:
    for choice in choices:
        if choice.kind != "solar":
            raise Refused(f"there is no layer {choice.kind!r}")
    return choices


@pytest.fixture
def state() -> Session:
    facts = Facts(HELLO, ROSTER, schema.Catalogue(1, (SOLAR,)), schema.Problems(1, ()), validate)
    return Session(facts, pace=0.0, resume_pace=60.0)


def share(value: float) -> core.Choices:
    return (LayerChoice("solar", {"share": value}),)


def choose(value: float, *, sender: str = "me", based_on: int = 1, gesture: str = "") -> schema.ChooseLayers:
    return schema.ChooseLayers(SIDE, sender, based_on, gesture, share(value))


def granted(state: Session, wish: schema.Wish, now_s: float = 0.0) -> Session:
    state, outcome = core.wish(state, wish, now_s)
    assert outcome.refused == ""
    return state


def block(job: DayJob, provisional: bool) -> schema.FluxBlock:
    key = schema.BlockKey("run", job.revision, job.day * 24 - 1, provisional)
    return schema.FluxBlock(SIDE, "pv_w", key, 3600.0, (job.day * 24 - 1) * 3600.0, np.zeros((26, 1), np.float32))


def day(job: DayJob, provisional: bool = False) -> Day:
    return Day(job, (block(job, provisional),), provisional)


def year(job: YearJob, compute_s: float = 0.1) -> Year:
    verdict = schema.Verdict(True, "", "", "", "", 0.0, 0.0)
    return Year(job, schema.Balance(SIDE, job.revision, {}, {}, 0.0, verdict, {}, {}, {}, 0.0, compute_s))


def worked_off(state: Session, now_s: float = 0.0) -> Session:
    """Do all that is wanted, as a worker would, until nothing is."""
    for _ in range(10):
        todo = core.wanted(state, now_s)
        if todo == Wanted():
            return state
        known = state.balance is not None and state.balance.revision == state.history.revision
        if job := todo.day or todo.ahead:
            state, _ = core.finished(state, day(job, provisional=not known), now_s)
        elif todo.year:
            state, _ = core.finished(state, year(todo.year), now_s)
    raise AssertionError("never done")


# ---------------------------------------------------------------- history


def test_undo_and_redo_walk_through_the_choices_and_name_them(state: Session) -> None:
    state = granted(state, choose(0.2))
    state = granted(state, choose(0.6, based_on=2))
    shown = core.past.scenario(state.history, SIDE)
    assert (shown.undo_label, shown.can_redo, shown.revision) == ("Solar roofs", False, 3)
    state = granted(state, schema.Undo(SIDE, "me", 3))
    assert state.history.choices == share(0.2)
    state = granted(state, schema.Undo(SIDE, "me", 4))
    assert state.history.choices == () and not core.past.scenario(state.history, SIDE).can_undo
    for based_on in (5, 6):
        state = granted(state, schema.Redo(SIDE, "me", based_on))
    assert state.history.choices == share(0.6) and state.history.revision == 7
    _, outcome = core.wish(state, schema.Redo(SIDE, "me", 7), 0.0)
    assert outcome.refused == "there is nothing to redo"


def test_a_drag_is_one_step_and_another_drag_another(state: Session) -> None:
    for k in range(100):
        state = granted(state, choose(k / 100, based_on=1, gesture="first"), now_s=k * 0.016)
    for k in range(50):
        state = granted(state, choose(k / 50, based_on=101, gesture="second"), now_s=2.0 + k * 0.016)
    assert len(state.history.entries) == 3
    state = granted(state, schema.Undo(SIDE, "me", state.history.revision))
    assert state.history.choices == share(0.99)
    state = granted(state, schema.Undo(SIDE, "me", state.history.revision))
    assert state.history.choices == ()


def test_a_gesture_that_was_undone_does_not_go_on_in_the_old_step(state: Session) -> None:
    state = granted(state, choose(0.2, gesture="g"))
    state = granted(state, schema.Undo(SIDE, "me", 2))
    state = granted(state, choose(0.5, based_on=3, gesture="g"))
    assert [e.choices for e in state.history.entries] == [(), share(0.5)]


def test_the_same_undo_sent_twice_undoes_once(state: Session) -> None:
    state = granted(granted(state, choose(0.2)), choose(0.6, based_on=2))
    once = granted(state, schema.Undo(SIDE, "me", 3))
    assert granted(once, schema.Undo(SIDE, "me", 3)).history == once.history


def test_only_a_change_by_somebody_else_refuses_a_wish_and_the_reply_shows_it(state: Session) -> None:
    state = granted(state, choose(0.2, sender="me", based_on=1))
    state = granted(state, choose(0.3, sender="me", based_on=1))
    after, outcome = core.wish(state, choose(0.9, sender="you", based_on=1), 0.0)
    assert "somebody else" in outcome.refused and after.history == state.history
    (shown,) = outcome.reply
    assert isinstance(shown, schema.Scenario) and shown.choices == share(0.3) and shown.sender == "me"
    granted(state, choose(0.9, sender="you", based_on=shown.revision))


@pytest.mark.parametrize(
    ("wish", "sentence"),
    [
        (schema.ChooseLayers(SIDE, "me", 1, "", (LayerChoice("magic", {}),)), "there is no layer 'magic'"),
        (schema.ChooseLayers("b", "me", 1, "", ()), "there is no side 'b'"),
        (schema.Undo(SIDE, "me", 1), "nothing to undo"),
        (schema.Seek("me", math.nan), "no finite number"),
        (schema.SetPace("me", -1.0), "pace must be between"),
        (schema.SetPace("me", math.inf), "pace must be between"),
    ],
)
def test_what_cannot_be_granted_is_refused_in_words(state: Session, wish: schema.Wish, sentence: str) -> None:
    after, outcome = core.wish(state, wish, 0.0)
    assert sentence in outcome.refused and after == state and outcome.reply and not outcome.publish


# ---------------------------------------------------------------- saved scenarios and facts


def test_a_saved_scenario_is_heard_of_and_checked_like_any_other(state: Session) -> None:
    save = schema.SaveScenario("me", "Half", share(0.5))
    state, outcome = core.wish(state, save, 0.0)
    (saved,) = outcome.reply
    assert saved == schema.Saved(2, (schema.NamedScenario("Half", share(0.5)),))
    assert saved in outcome.publish and core.clock(state).revisions["saved"] == 2
    assert state.history.choices == (), "saving chooses nothing"
    _, outcome = core.wish(state, schema.SaveScenario("me", "Odd", (LayerChoice("magic", {}),)), 0.0)
    assert "magic" in outcome.refused and outcome.reply == (saved,)
    state = granted(state, schema.SaveScenario("me", "Half", None))
    assert state.saved == schema.Saved(3, ())
    closed = replace(state, shelf="layers.toml is of a newer Surplus")
    _, outcome = core.wish(closed, save, 0.0)
    assert outcome.refused == "layers.toml is of a newer Surplus"


def test_facts_come_from_the_newest_complete_year_and_only_of_rows_that_exist(state: Session) -> None:
    three = msgspec.structs.replace(ROSTER, building_ids=("a", "b", "c"))
    state = replace(state, facts=replace(state.facts, roster=three))
    question = schema.Ask("facts", SIDE, (), "building", 2)
    assert answers.ask(state, question) == (), "before the first year there is nothing to tell"
    asked: list[tuple[int, str, int]] = []

    def of_year(revision: int) -> core.Tell:
        def tell(axis: str, row: int) -> schema.Facts:
            asked.append((revision, axis, row))
            return schema.Facts(SIDE, axis, row, three.building_ids[row], revision, ())

        return tell

    for revision in (2, 1):  # the older one comes late
        made = year(YearJob(revision, ()))
        state, _ = core.finished(state, replace(made, tell=of_year(revision)), 0.0)
    (told,) = answers.ask(state, question)
    assert isinstance(told, schema.Facts) and (told.id, told.revision) == ("c", 2) and asked == [(2, "building", 2)]
    assert answers.ask(state, schema.Ask("explain", SIDE, (), "building", 2)) == ()
    for wrong, words in (
        (schema.Ask("facts", SIDE, (), "building", 3), "there is no building 3; there are 3"),
        (schema.Ask("facts", SIDE, (), "building", -1), "no building -1"),
        (schema.Ask("facts", SIDE, (), "dog", 0), "ask for building, line, site"),
        (schema.Ask("explain", SIDE, (), "building", 3), "there is no building 3"),
        (schema.Ask("explain", SIDE, (), "line", 0), "only figures of buildings"),
        (schema.Ask("explain", SIDE, (), "building", 0, math.nan), "no finite number"),
    ):
        with pytest.raises(Refused, match=words):
            answers.ask(state, wrong)


def test_an_explanation_is_of_the_step_that_holds_the_moment(state: Session) -> None:
    state = replace(state, facts=replace(state.facts, roster=msgspec.structs.replace(ROSTER, building_ids=("a",))))

    def explain(row: int, time_s: float) -> schema.Explanation:
        return schema.Explanation(SIDE, "building", row, "a", 1, time_s, 3600.0, ())

    state, _ = core.finished(state, replace(year(YearJob(1, ())), explain=explain), 0.0)
    state = replace(state, time_s=7300.0)
    for asked_s, start_s in ((-1.0, 7200.0), (3600.0, 3600.0), (10799.9, 7200.0), (8760 * 3600.0 + 5.0, 0.0)):
        (told,) = answers.ask(state, schema.Ask("explain", SIDE, (), "building", 0, asked_s))
        assert isinstance(told, schema.Explanation) and told.time_s == start_s

# ---------------------------------------------------------------- clock


def test_time_passes_at_the_pace_and_the_year_begins_again(state: Session) -> None:
    state = granted(state, schema.Seek("me", 365 * 86400.0 - 60.0))
    state = granted(state, schema.SetPace("me", 60.0))
    state, _ = core.tick(state, 3.0)
    assert state.time_s == pytest.approx(120.0)
    state = granted(state, schema.SetPace("me", 0.0), now_s=3.0)
    state, _ = core.tick(state, 9.0)
    assert state.time_s == pytest.approx(120.0) and state.resume_pace == 60.0


def test_the_clock_beats_ten_times_a_second_also_while_paused(state: Session) -> None:
    beats = 0
    for now_s in np.arange(0.0, 2.0, 0.01):
        state, messages = core.tick(state, float(now_s))
        beats += sum(isinstance(m, schema.Clock) for m in messages)
        assert core.due_s(state, float(now_s)) <= core.CLOCK_S + 1e-9
    assert 18 <= beats <= 21


def test_a_wish_to_seek_is_in_the_clock_of_its_answer(state: Session) -> None:
    _, outcome = core.wish(state, schema.Seek("me", 5 * 86400.0), 0.0)
    (clock,) = outcome.reply
    assert isinstance(clock, schema.Clock) and clock.time_s == 5 * 86400.0 and outcome.publish == (clock,)


# ---------------------------------------------------------------- work


def test_first_the_day_then_the_year_then_the_day_from_its_own_year(state: Session) -> None:
    first = DayJob(1, (), 0)
    assert core.wanted(state, 0.0) == Wanted(day=first, year=YearJob(1, ()))
    state, messages = core.finished(state, day(first, provisional=True), 0.0)
    assert [m.key.provisional for m in messages if isinstance(m, schema.FluxBlock)] == [True]
    assert core.clock(state).computing < 1.0
    assert core.wanted(state, 0.0) == Wanted(year=YearJob(1, ()))
    state, messages = core.finished(state, year(YearJob(1, ())), 0.0)
    assert isinstance(messages[0], schema.Balance)
    assert core.wanted(state, 0.0) == Wanted(day=first)
    state, _ = core.finished(state, day(first), 0.0)
    assert core.wanted(state, 0.0) == Wanted() and core.clock(state).computing == 1.0
    assert core.clock(state).keys[SIDE] == schema.BlockKey("run", 1, -1, False)


def test_another_day_is_wanted_when_the_time_goes_there(state: Session) -> None:
    state = worked_off(state)
    state = granted(state, schema.Seek("me", 171 * 86400.0 + NOON))
    assert core.wanted(state, 0.0).day == DayJob(1, (), 171)
    late, messages = core.finished(state, day(DayJob(1, (), 170)), 0.0)
    assert messages == () and late.shown is state.shown  # a day that was left is no news


def test_the_next_day_is_ready_before_the_clock_reaches_it(state: Session) -> None:
    state = granted(state, schema.Seek("me", 364 * 86400.0 + 86000.0))
    state = granted(state, schema.SetPace("me", 100.0))
    state = worked_off(state)
    assert state.ahead and state.ahead.job.day == 0  # round the year
    state, messages = core.tick(state, 5.0)
    assert state.facts.day(state.time_s) == 0
    assert [m.key.first_step for m in messages if isinstance(m, schema.FluxBlock)] == [-1]
    assert core.wanted(state, 5.0).day is None


def test_a_day_computed_ahead_for_an_old_scenario_is_not_shown(state: Session) -> None:
    state = worked_off(granted(state, schema.SetPace("me", 100.0)))
    state = granted(state, choose(0.5))
    state, messages = core.tick(state, 900.0)
    assert not [m for m in messages if isinstance(m, schema.FluxBlock)]
    assert core.wanted(state, 900.0).day == DayJob(2, share(0.5), 1)


def test_while_a_slider_is_dragged_a_begun_year_is_finished_first(state: Session) -> None:
    state = worked_off(state)
    times = itertools.count(1.0, 0.016)
    state = granted(state, choose(0.1, gesture="g"), now_s=next(times))
    begun = core.wanted(state, 1.0).year
    assert begun == YearJob(2, share(0.1))
    state, _ = core.finished(state, Progress(begun, 0.0), 1.0)
    for k in range(20):
        now_s = next(times)
        state = granted(state, choose(0.2 + k / 100, gesture="g"), now_s=now_s)
        todo = core.wanted(state, now_s)
        assert todo.year == begun and todo.day and todo.day.revision == state.history.revision
    state, messages = core.finished(state, year(begun), now_s)
    assert [m.revision for m in messages if isinstance(m, schema.Balance)] == [2]
    assert core.wanted(state, now_s).year == YearJob(state.history.revision, share(0.39))


def test_a_begun_year_is_dropped_for_a_click_and_when_years_take_long(state: Session) -> None:
    state = worked_off(state)
    state = granted(state, choose(0.1, gesture="one"), now_s=1.0)
    state, _ = core.finished(state, Progress(YearJob(2, share(0.1)), 0.3), 1.0)
    clicked = granted(state, choose(0.9, gesture="two"), now_s=1.1)
    assert core.wanted(clicked, 1.1).year == YearJob(3, share(0.9))
    dragged = granted(state, choose(0.9, gesture="one"), now_s=1.1)
    assert core.wanted(dragged, 1.1).year == YearJob(2, share(0.1))
    assert core.wanted(dragged, 1.1 + core.DRAG_S).year == YearJob(3, share(0.9))
    assert core.wanted(replace(dragged, year_s=1.5), 1.1).year == YearJob(3, share(0.9))


def test_days_slower_than_the_wishes_of_a_drag_are_shown_nevertheless(state: Session) -> None:
    state = worked_off(state)
    for k in range(5):
        state = granted(state, choose(k / 10, gesture="g"), now_s=k * 0.016)
    state, messages = core.finished(state, day(DayJob(4, share(0.2), 0), provisional=True), 0.1)
    assert len(messages) == 1
    state, messages = core.finished(state, day(DayJob(3, share(0.1), 0), provisional=True), 0.1)
    assert messages == ()


def test_what_cannot_be_computed_is_said_once_and_not_tried_for_ever(state: Session) -> None:
    job = core.wanted(state, 0.0).day
    assert job
    state, messages = core.finished(state, Failed(job, "there are no factors for gas"), 0.0)
    (problems,) = messages
    assert isinstance(problems, schema.Problems) and problems.problems[-1].message == "there are no factors for gas"
    assert core.wanted(state, 0.0).day is None
    assert core.clock(state).revisions["problems"] == problems.revision
    assert core.wanted(granted(state, choose(0.5)), 0.0).day


def test_a_feeder_that_carries_too_much_is_told_with_its_scenario_s_year_and_goes_with_it(state: Session) -> None:
    weak = schema.Problem("grid-collapse", "feeder-3 in 12 hours", 12, ("feeder-3",))
    far = schema.Problem("weather-far", "far off")
    state = replace(state, facts=replace(state.facts, problems=schema.Problems(1, (far,))))
    state, messages = core.finished(state, replace(year(YearJob(2, ())), problems=(weak,)), 0.0)
    assert messages[-1] == schema.Problems(2, (far, weak))
    assert core.clock(state).revisions["problems"] == 2 and answers.ask(state, schema.Ask("problems")) == messages[-1:]
    state, messages = core.finished(state, replace(year(YearJob(3, ())), problems=(weak,)), 0.0)
    assert not any(isinstance(m, schema.Problems) for m in messages), "no news"
    state, messages = core.finished(state, year(YearJob(4, ())), 0.0)
    assert messages[-1] == schema.Problems(3, (far,))


# ---------------------------------------------------------------- questions


def test_everything_that_the_clock_names_can_be_asked_for(state: Session) -> None:
    state = worked_off(granted(state, choose(0.5)))
    clock = core.clock(state)
    for name, revision in clock.revisions.items():
        what, _, side = name.partition(":")
        (answer,) = answers.ask(state, schema.Ask(what, side or SIDE))
        assert answer.revision == revision  # type: ignore[union-attr]
    (found,) = answers.ask(state, schema.Ask("flux", SIDE, ("pv_w", "nonsense")))
    assert isinstance(found, schema.FluxBlock) and found.key == clock.keys[SIDE]
    assert answers.ask(state, schema.Ask("hello")) == (HELLO,)
    for question in (schema.Ask("meaning"), schema.Ask("flux", "b"), schema.Ask("facts", "b", (), "building", 0)):
        with pytest.raises(Refused, match="there is no"):
            answers.ask(state, question)
