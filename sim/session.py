"""The core of the process, without sockets, threads or a clock of its own. What viewers ask: sim/answers.py.

    wish(session, wish, now)        -> session, Outcome     what a viewer wishes
    tick(session, now)              -> session, messages    time passes
    finished(session, result, now)  -> session, messages    the worker brings something
    wanted(session, now)            -> Wanted               what the worker should do, best first

When a scenario changes: the shown day first, provisional; then the year; then the day again from its own checkpoint.
The newest wish wins, but while a slider is dragged a begun year is finished and shown before the next begins, unless it
takes longer than `LONG_YEAR_S`. Results of an older revision are shown as long as they are news: a drag whose days come
slower than its wishes still moves. The day after the shown one is computed before the clock reaches it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from network import scenarios, schema
from network.problems import Refused
from network.schema import BlockKey, FluxBlock
from sim import history as past
from sim.history import Choices, History

SIDE = "a"
OF_A_YEAR = ("grid-collapse",)
"""Codes of problems that belong to one scenario's year: those of the next take their place."""
DAY_S = 86400.0
CLOCK_S = 0.1
"""Between two Clocks."""
DRAG_S = 0.3
"""A drag is over when no wish of its gesture came for this long."""
LONG_YEAR_S = 1.0
FASTEST = 1e6
"""Simulated seconds per second: a dozen days, each still computed before it is over."""
Message = schema.Message
Tell = Callable[[str, int], schema.Facts]
"""(axis, row) -> what is known of it, with the months of one complete year; raises Refused."""
Explain = Callable[[int, float], schema.Explanation]
"""(building, start of a step) -> the chains behind its figures in one complete year; raises Refused."""


@dataclass(frozen=True)
class Facts:
    """All that does not change while the process runs."""

    hello: schema.Hello
    roster: schema.Roster
    catalogue: schema.Catalogue
    problems: schema.Problems
    validate: Callable[[Choices], Choices]
    """Canonical choices; raises Refused."""

    @property
    def year_s(self) -> float:
        """Length of the simulated year."""
        return self.hello.steps * self.hello.step_s

    def day(self, time_s: float) -> int:
        """Day of the year, from 0."""
        return int(time_s % self.year_s // DAY_S)


@dataclass(frozen=True)
class DayJob:
    """Compute the blocks of a day."""

    revision: int
    choices: Choices
    day: int


@dataclass(frozen=True)
class YearJob:
    """Compute the year of a scenario."""

    revision: int
    choices: Choices


@dataclass(frozen=True)
class Wanted:
    """What the worker should do: the day first, the year in the gaps, the day ahead when idle."""

    day: DayJob | None = None
    year: YearJob | None = None
    ahead: DayJob | None = None


@dataclass(frozen=True)
class Day:
    """Blocks of a day."""

    job: DayJob
    blocks: tuple[FluxBlock, ...]
    provisional: bool


@dataclass(frozen=True)
class Progress:
    """Part of a year is done."""

    job: YearJob
    fraction: float


@dataclass(frozen=True)
class Year:
    """A year is done."""

    job: YearJob
    balance: schema.Balance
    tell: Tell | None = None
    explain: Explain | None = None
    problems: tuple[schema.Problem, ...] = ()
    """Of this scenario alone, of the codes OF_A_YEAR."""


@dataclass(frozen=True)
class Failed:
    """The worker could not do a job; `reason` is a sentence."""

    job: DayJob | YearJob
    reason: str


Result = Day | Progress | Year | Failed


@dataclass(frozen=True)
class Outcome:
    """What follows from a wish: the reply's refusal (or "") and state, and what all viewers hear."""

    refused: str = ""
    reply: tuple[Message, ...] = ()
    publish: tuple[Message, ...] = ()


@dataclass(frozen=True)
class Session:
    """The state of the process."""

    facts: Facts
    history: History = field(default_factory=History)
    time_s: float = 0.0
    """Simulated time at the moment `at_s`."""
    pace: float = 1.0
    resume_pace: float = 1.0
    at_s: float = 0.0
    """Monotonic time of the last tick."""
    clock_s: float = -math.inf
    """Monotonic time of the last Clock."""
    wish_s: float = -math.inf
    """Monotonic time of the last wish that went on with a drag."""
    shown: Day | None = None
    ahead: Day | None = None
    balance: schema.Balance | None = None
    begun: Progress | None = None
    """The year that the worker was last heard to work at."""
    year_s: float = 0.0
    """Time that the last year took."""
    failed: tuple[DayJob | YearJob, ...] = ()
    problems: schema.Problems | None = None
    """Those of the package and of the run, once the run has some."""
    saved: schema.Saved = field(default_factory=lambda: schema.Saved(1, ()))
    shelf: str = ""
    """Why scenarios cannot be saved, one sentence."""
    tell: Tell | None = None
    """Facts from the newest complete year."""
    explain: Explain | None = None
    """Explanations from it."""


# ---------------------------------------------------------------- wishes


def wish(session: Session, wish: schema.Wish, now_s: float) -> tuple[Session, Outcome]:
    """Grant or refuse a wish; either way the reply holds the state it is about."""
    before, shelf = session.history.revision, session.saved.revision
    session = _advance(session, now_s)
    try:
        session = _granted(session, wish, now_s)
    except Refused as e:
        return session, Outcome(refused=str(e), reply=_state_of(session, wish))
    session, crossed = _cross(session)
    state: tuple[Message, ...] = (past.scenario(session.history, SIDE),) if session.history.revision != before else ()
    state += (session.saved,) if session.saved.revision != shelf else ()
    session = replace(session, clock_s=now_s)
    return session, Outcome(reply=_state_of(session, wish), publish=(*crossed, *state, clock(session)))


def _granted(session: Session, wish: schema.Wish, now_s: float) -> Session:
    match wish:
        case schema.Seek(time_s=time_s):
            if not math.isfinite(time_s):
                raise Refused("the time is no finite number of seconds")
            return replace(session, time_s=time_s % session.facts.year_s)
        case schema.SetPace(pace=pace):
            if not 0.0 <= pace <= FASTEST:
                raise Refused(f"the pace must be between 0 and {FASTEST:g} seconds per second")
            return replace(session, pace=pace, resume_pace=pace or session.resume_pace)
        case schema.SaveScenario(name=name, choices=kept):
            if session.shelf:
                raise Refused(session.shelf)
            named = scenarios.changed(session.saved.scenarios, name, kept and session.facts.validate(kept))
            return replace(session, saved=schema.Saved(session.saved.revision + 1, named))
    if wish.side != SIDE:
        raise Refused(f"there is no side {wish.side!r}; choose side {SIDE!r}")
    if isinstance(wish, schema.ChooseLayers):
        choices = session.facts.validate(wish.choices)
        history = past.choose(session.history, wish, choices, session.facts.catalogue.kinds)
        drags = history.wishes > 1 and bool(wish.gesture)
        return replace(session, history=history, wish_s=now_s if drags else session.wish_s)
    return replace(session, history=past.step(session.history, wish), wish_s=-math.inf)


def _state_of(session: Session, wish: schema.Wish) -> tuple[Message, ...]:
    if isinstance(wish, schema.SaveScenario):
        return (session.saved,)
    return (past.scenario(session.history, SIDE),) if hasattr(wish, "side") else (clock(session),)


# ---------------------------------------------------------------- time


def tick(session: Session, now_s: float) -> tuple[Session, tuple[Message, ...]]:
    """Let time pass; a Clock when it is due, the next day's blocks when midnight is crossed."""
    session, messages = _cross(_advance(session, now_s))
    if now_s - session.clock_s >= CLOCK_S:
        session = replace(session, clock_s=now_s)
        messages = (*messages, clock(session))
    return session, messages


def due_s(session: Session, now_s: float) -> float:
    """Time until the next tick has something to do."""
    return max(0.0, session.clock_s + CLOCK_S - now_s)


def clock(session: Session) -> schema.Clock:
    """Time, pace and every revision."""
    problems = session.problems or session.facts.problems
    revisions = {
        "roster": session.facts.roster.revision,
        "catalogue": session.facts.catalogue.revision,
        "problems": problems.revision,
        "saved": session.saved.revision,
        f"scenario:{SIDE}": session.history.revision,
    }
    if session.balance:
        revisions[f"balance:{SIDE}"] = session.balance.revision
    keys = {SIDE: block_key(session.facts, session.shown.job, session.shown.provisional)} if session.shown else {}
    return schema.Clock(
        run=session.facts.hello.run, time_s=session.time_s, pace=session.pace, resume_pace=session.resume_pace,
        revisions=revisions, keys=keys, computing=_done(session),
    )  # fmt: skip


def block_key(facts: Facts, job: DayJob, provisional: bool) -> BlockKey:
    """Identity of the blocks of a day: they begin one step before it."""
    first = job.day * round(DAY_S / facts.hello.step_s) - 1
    return BlockKey(facts.hello.run, job.revision, first, provisional)


def _advance(session: Session, now_s: float) -> Session:
    passed_s = max(0.0, now_s - session.at_s)
    time_s = (session.time_s + session.pace * passed_s) % session.facts.year_s
    return replace(session, time_s=time_s, at_s=now_s)


def _cross(session: Session) -> tuple[Session, tuple[Message, ...]]:
    """Show the day that was computed ahead, if the time has come to it."""
    ahead, today = session.ahead, session.facts.day(session.time_s)
    if not ahead or ahead.job.day != today or (session.shown and session.shown.job.day == today):
        return session, ()
    if ahead.job.revision != session.history.revision:
        return replace(session, ahead=None), ()
    return replace(session, shown=ahead, ahead=None), ahead.blocks


def _done(session: Session) -> float:
    """Fraction of the wanted year that is done, 1 when nothing is pending."""
    revision = session.history.revision
    if session.balance and session.balance.revision == revision:
        return 1.0
    if session.begun and session.begun.job.revision == revision:
        return min(session.begun.fraction, 0.99)
    return 0.0


# ---------------------------------------------------------------- work


def wanted(session: Session, now_s: float) -> Wanted:
    """What the worker should do now; it drops what is no longer wanted."""
    revision, choices = session.history.revision, session.history.choices
    today = session.facts.day(session.time_s)
    day = DayJob(revision, choices, today)
    year: YearJob | None = YearJob(revision, choices)
    complete = session.balance is not None and session.balance.revision == revision
    shown = session.shown
    current = shown is not None and shown.job == day
    if complete:
        year = None
    elif _hold(session, now_s) and session.begun:
        year = session.begun.job
    next_day = None
    if complete and current and shown and not shown.provisional and session.pace > 0.0:
        follows = DayJob(revision, choices, session.facts.day((today + 1) * DAY_S))
        if session.ahead is None or session.ahead.job != follows:
            next_day = follows
    fresh = current and shown is not None and not (shown.provisional and complete)
    return Wanted(
        day=None if fresh or day in session.failed else day,
        year=None if year in session.failed else year,
        ahead=None if next_day in session.failed else next_day,
    )


def _hold(session: Session, now_s: float) -> bool:
    """Whether a begun year is to be finished although a newer scenario waits."""
    return now_s - session.wish_s < DRAG_S and session.year_s <= LONG_YEAR_S


def finished(session: Session, result: Result, now_s: float) -> tuple[Session, tuple[Message, ...]]:
    """Take in what the worker brings, and what viewers hear of it."""
    session = _advance(session, now_s)
    match result:
        case Day():
            return _day(session, result)
        case Progress():
            return replace(session, begun=result), ()
        case Year(balance=balance, tell=tell, explain=explain, problems=own):
            over = session.begun is not None and session.begun.job.revision <= result.job.revision
            newer = session.balance is None or balance.revision > session.balance.revision
            session = replace(session, begun=None if over else session.begun, year_s=balance.compute_s)
            if not newer:
                return session, ()
            session, told = _told(replace(session, balance=balance, tell=tell, explain=explain), own)
            return session, (balance, *told)
        case Failed(job=job, reason=reason):
            held = session.problems or session.facts.problems
            more = schema.Problem("computing-failed", reason)
            problems = schema.Problems(held.revision + 1, (*held.problems, more))
            return replace(session, problems=problems, failed=(*session.failed[-9:], job), begun=None), (problems,)


def _told(session: Session, own: tuple[schema.Problem, ...]) -> tuple[Session, tuple[Message, ...]]:
    """The problems of a new year in place of those of the year before."""
    held = session.problems or session.facts.problems
    now = (*(p for p in held.problems if p.code not in OF_A_YEAR), *own)
    if now == held.problems:
        return session, ()
    problems = schema.Problems(held.revision + 1, now)
    return replace(session, problems=problems), (problems,)


def _day(session: Session, day: Day) -> tuple[Session, tuple[Message, ...]]:
    shown, job = session.shown, day.job
    if job.day != session.facts.day(session.time_s):
        ahead = job.revision == session.history.revision and not day.provisional
        return (replace(session, ahead=day) if ahead else session), ()
    if shown and job.day == shown.job.day:
        older = job.revision < shown.job.revision
        if older or (job.revision == shown.job.revision and day.provisional and not shown.provisional):
            return session, ()
    return replace(session, shown=day), day.blocks
