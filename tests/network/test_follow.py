"""What a viewer asks and when, with a hand-held clock."""

import numpy as np

from network import schema
from network.follow import PATIENCE_S, SILENCE_S, Follower

HELLO = schema.Hello(
    schema.PROTOCOL, "one", "0", "p", "P", "tcp://127.0.0.1:2", "", 0.9, 0.1, 0.0, "", 0.0, 2015, 8760, 3600.0,
    (0.0, 0.0, 1.0, 1.0), 0.0,
)  # fmt: skip


def key(revision: int, *, run: str = "one", provisional: bool = False) -> schema.BlockKey:
    return schema.BlockKey(run, revision, 11, provisional)


def clock(revision: int, *, run: str = "one", provisional: bool = False) -> schema.Clock:
    keys = {"a": key(revision, run=run, provisional=provisional)}
    return schema.Clock(run, 0.0, 1.0, 1.0, {"scenario:a": revision}, keys)


def block(quantity: str, revision: int, *, provisional: bool = False) -> schema.FluxBlock:
    return schema.FluxBlock("a", quantity, key(revision, provisional=provisional), 3600.0, 0.0, np.zeros((1, 1)))


def scenario(revision: int, sender: str = "") -> schema.Scenario:
    return schema.Scenario("a", revision, (), False, False, sender=sender)


def joined(revision: int = 1) -> Follower:
    viewer = Follower("me")
    viewer.want("a", frozenset({"pv_w", "line_w"}))
    for message in (HELLO, scenario(revision), block("pv_w", revision), block("line_w", revision), clock(revision)):
        viewer.hear(message, 0.0)
    return viewer


def sent(viewer: Follower, now_s: float) -> list[schema.Message]:
    return [message for _, message in viewer.due(now_s)]


def test_nothing_is_asked_while_nothing_is_missing() -> None:
    viewer = joined()
    assert viewer.complete and sent(viewer, 0.1) == []


def test_only_what_was_missed_is_asked_for_and_again_after_a_while() -> None:
    viewer = joined()
    viewer.hear(block("pv_w", 2), 0.1)
    viewer.hear(clock(2), 0.2)
    asked = [schema.Ask("scenario", "a"), schema.Ask("flux", "a", ("line_w",))]
    assert sent(viewer, 0.2) == asked and not viewer.complete
    assert sent(viewer, 0.3) == []
    viewer.hear(clock(2), 0.2 + PATIENCE_S)
    assert sent(viewer, 0.3 + PATIENCE_S) == asked


def test_a_block_that_is_ahead_of_the_clock_is_not_asked_for_again() -> None:
    viewer = joined()
    for quantity in ("pv_w", "line_w"):
        viewer.hear(block(quantity, 2), 0.1)
    viewer.hear(scenario(2), 0.1)
    assert sent(viewer, 0.1) == []


def test_an_older_or_provisional_block_does_not_replace_a_newer_one() -> None:
    viewer = joined(5)
    assert not viewer.hear(block("pv_w", 4), 0.1)
    assert not viewer.hear(block("pv_w", 5, provisional=True), 0.1)
    assert viewer.hear(block("pv_w", 5), 0.1)
    assert not viewer.hear(scenario(4), 0.1)


def test_after_a_silence_hello_is_asked_for() -> None:
    viewer = joined()
    assert sent(viewer, SILENCE_S + 0.1) == [schema.Ask("hello", "")]


def test_another_run_makes_everything_doubtful_and_wishes_are_sent_again_at_once() -> None:
    viewer = joined()
    viewer.wish(schema.Seek("me", 5.0))
    assert sent(viewer, 0.1) == [schema.Seek("me", 5.0)]
    viewer.hear(clock(1, run="two"), 0.2)
    assert sent(viewer, 0.2) == [
        schema.Seek("me", 5.0),
        schema.Ask("hello", ""),
        schema.Ask("scenario", "a"),
        schema.Ask("flux", "a", ("line_w", "pv_w")),
    ]
    assert not viewer.hear(block("pv_w", 9), 0.3)  # of the run before


def test_a_wish_that_found_no_connection_is_due_at_the_next_look() -> None:
    viewer = joined()
    viewer.wish(schema.Seek("me", 5.0))
    ((number, _),) = viewer.due(0.1)
    viewer.unsent(number)
    assert sent(viewer, 0.11) == [schema.Seek("me", 5.0)]
    viewer.answered(number)
    assert viewer.idle and sent(viewer, 9.0)[-1:] != [schema.Seek("me", 5.0)]


def test_of_a_drag_the_newest_waits_but_clicks_wait_in_line() -> None:
    viewer = joined()
    wishes = [schema.ChooseLayers("a", "me", k, "drag", ()) for k in range(9)]
    click = schema.ChooseLayers("a", "me", 9, "click", ())
    viewer.wish(wishes[0])
    due = list(viewer.due(0.1))
    for wish in (*wishes[1:], click):
        viewer.wish(wish)
    seen = []
    for now_s in (0.2, 0.3, 0.4):
        ((number, wish),) = due
        seen.append(wish)
        viewer.answered(number)
        due = list(viewer.due(now_s))
    assert seen == [wishes[0], wishes[-1], click]


def test_every_press_of_undo_counts_and_follows_the_one_before() -> None:
    viewer = joined(7)
    for _ in range(3):
        viewer.wish(schema.Undo("a", "me", 7))
    based_on = []
    for revision in (8, 9, 10):
        ((number, wish),) = viewer.due(0.1)
        based_on.append(wish.based_on)  # type: ignore[union-attr]
        viewer.hear(scenario(revision, sender="me"), 0.1)
        viewer.answered(number)
    assert based_on == [7, 8, 9]
    viewer.hear(scenario(11, sender="you"), 0.2)
    viewer.wish(schema.Undo("a", "me", 10))
    ((_, wish),) = viewer.due(0.2)
    assert wish.based_on == 10  # type: ignore[union-attr]  # somebody else's change is not undone blindly


def facts(row: int, revision: int, axis: str = "building") -> schema.Facts:
    return schema.Facts("a", axis, row, f"id {row}", revision, ())


def test_the_facts_of_a_row_are_asked_for_until_they_are_here_and_again_after_a_new_year() -> None:
    viewer = joined()
    viewer.inquire(("a", "building", 7))
    question = schema.Ask("facts", "a", (), "building", 7)
    ((number, asked),) = viewer.due(0.1)
    assert asked == question and not viewer.complete
    viewer.answered(number)  # the first year is not there yet
    assert sent(viewer, 0.2) == []
    viewer.hear(clock(1), PATIENCE_S)
    ((number, asked),) = viewer.due(0.2 + PATIENCE_S)
    assert asked == question
    assert not viewer.hear(facts(6, 1), 0.3 + PATIENCE_S)  # of another row: too late
    assert viewer.hear(facts(7, 1), 0.3 + PATIENCE_S)
    viewer.answered(number)
    assert viewer.complete and sent(viewer, 0.4 + PATIENCE_S) == []
    newer = schema.Clock("one", 0.0, 1.0, 1.0, {"balance:a": 2}, {"a": key(1)})
    viewer.hear(schema.Balance("a", 2, {}, {}, 0.0, None, {}, {}, {}, 0.0, 0.0), 0.5 + PATIENCE_S)  # type: ignore[arg-type]
    viewer.hear(newer, 0.5 + PATIENCE_S)
    assert sent(viewer, 0.5 + PATIENCE_S) == [question]


def explanation(row: int, time_s: float, revision: int = 1) -> schema.Explanation:
    return schema.Explanation("a", "building", row, f"id {row}", revision, time_s, 3600.0, ())


def test_what_explains_the_shown_step_follows_row_and_time_and_ends_when_nobody_looks() -> None:
    viewer = joined()
    row = ("a", "building", 7)
    viewer.inquire(row)
    viewer.hear(facts(7, 1), 0.0)
    viewer.inquire(row, 7200.0)
    ((number, asked),) = viewer.due(0.1)
    assert asked == schema.Ask("explain", "a", (), "building", 7, 7200.0)
    assert not viewer.hear(explanation(7, 3600.0), 0.1)  # of the hour before: too late
    assert not viewer.hear(explanation(8, 7200.0), 0.1)
    assert viewer.hear(explanation(7, 7200.0), 0.1)
    viewer.answered(number)
    assert viewer.complete and sent(viewer, 0.2) == []
    viewer.inquire(row, 10800.0)  # an hour later
    ((number, asked),) = viewer.due(0.3)
    assert asked.time_s == 10800.0  # type: ignore[union-attr]
    viewer.answered(number, refused=True)  # a recording may not hold it
    assert sent(viewer, 0.4) == [] and viewer.row == row
    viewer.inquire(row, 14400.0)
    assert [q.time_s for q in sent(viewer, 0.5)] == [14400.0]  # type: ignore[union-attr]
    viewer.inquire(row)
    assert viewer.complete and sent(viewer, 0.55) == []


def test_a_row_that_does_not_exist_is_asked_for_once() -> None:
    viewer = joined()
    viewer.inquire(("a", "building", 10**9))
    ((number, _),) = viewer.due(0.1)
    assert viewer.answered(number, refused=True) == schema.Ask("facts", "a", (), "building", 10**9)
    assert viewer.row is None and viewer.complete and sent(viewer, 0.5) == []


def test_two_scenarios_saved_at_once_are_both_saved() -> None:
    viewer = joined()
    for name in ("today", "dreams", "dreams"):
        viewer.wish(schema.SaveScenario("me", name, ()))
    names = []
    for _ in range(2):
        ((number, wish),) = viewer.due(0.1)
        names.append(wish.name)  # type: ignore[union-attr]
        viewer.answered(number)
    assert names == ["today", "dreams"] and viewer.idle
