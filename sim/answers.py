"""What viewers ask of a session: the state that stands, facts of a row, what is behind a building's figures. Pure."""

from __future__ import annotations

import math

from network import schema
from network.problems import Refused
from sim import history as past
from sim.session import SIDE, Message, Session, clock


def ask(session: Session, question: schema.Ask) -> tuple[Message, ...]:
    """The state that is asked for; empty where there is none yet.

    Raises:
        Refused: nothing goes by that name.
    """
    if question.what in ("scenario", "balance", "flux", "facts", "explain") and question.side != SIDE:
        raise Refused(f"there is no side {question.side!r}; ask for side {SIDE!r}")
    match question.what:
        case "hello" | "roster" | "catalogue":
            return (getattr(session.facts, question.what),)
        case "saved":
            return (session.saved,)
        case "facts":
            return _facts(session, question)
        case "explain":
            return _explained(session, question)
        case "problems":
            return (session.problems or session.facts.problems,)
        case "clock":
            return (clock(session),)
        case "scenario":
            return (past.scenario(session.history, SIDE),)
        case "balance":
            return (session.balance,) if session.balance else ()
        case "flux":
            blocks = session.shown.blocks if session.shown else ()
            return tuple(b for b in blocks if b.quantity in question.quantities)
    known = "hello, roster, catalogue, scenario, balance, problems, saved, facts, explain, flux, clock"
    raise Refused(f"there is no {question.what!r} to ask for; there are {known}")


def everything(session: Session) -> tuple[Message, ...]:
    """All that a viewer without anything would ask for."""
    names = ("hello", "roster", "catalogue", "problems", "saved", "scenario", "balance", "clock")
    return tuple(message for name in names for message in ask(session, schema.Ask(name)))


def _explained(session: Session, question: schema.Ask) -> tuple[Message, ...]:
    """What is behind the figures of a building in a step; nothing before the first year is complete."""
    if question.axis != "building":
        raise Refused(f"only figures of buildings are explained, not those of a {question.axis}")
    if not math.isfinite(question.time_s):
        raise Refused("the time is no finite number of seconds")
    _facts(session, question)
    time_s = session.time_s if question.time_s < 0.0 else question.time_s % session.facts.year_s
    step_s = session.facts.hello.step_s
    start_s = math.floor(time_s / step_s + 1e-9) * step_s
    return (session.explain(question.row, start_s),) if session.explain else ()


def _facts(session: Session, question: schema.Ask) -> tuple[Message, ...]:
    """What is known of a row; nothing before the first year is complete."""
    roster = session.facts.roster
    rows = {"building": roster.building_ids, "line": roster.line_ids, "site": roster.site_ids}
    if question.axis not in rows:
        raise Refused(f"nothing is known by {question.axis!r}; ask for {', '.join(rows)}")
    count = len(rows[question.axis])
    if not 0 <= question.row < count:
        raise Refused(f"there is no {question.axis} {question.row}; there are {count}, counted from 0")
    return (session.tell(question.axis, question.row),) if session.tell else ()
