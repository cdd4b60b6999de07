"""What a viewer has, lacks and still wishes: the state machine behind wire.Client. No sockets, no clock of its own.

Rules: (1) Clock names every revision and the key of the shown blocks; what is missing or different is asked for.
(2) A question that got no answer within `PATIENCE_S` is asked again. (3) One wish of a kind is in flight; while it is,
only the newest value waits. (4) A wish that got no answer is sent again, at once when sim restarted. (5) Steps
through the history are counted, not replaced, and based on what the steps before them brought. (6) Facts of one row,
and on wish the Explanation of a moment of it, are followed like a block: asked for until they are here, and again when
a newer year is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from network import schema

PATIENCE_S = 1.0
"""Time to wait for an answer before asking again."""
SILENCE_S = 0.6
"""Time without a Clock (10 Hz) after which the state address may have changed."""
QUEUE = 32
"""Most wishes of a kind that wait."""

Row = tuple[str, str, int]
"""side, axis, row"""


class Follower:
    """Belongs to one viewer. Feed `hear` and `answered`, send what `due` yields."""

    def __init__(self, sender: str) -> None:
        self.sender = sender
        self.run = ""
        self.hello: schema.Hello | None = None
        self.clock: schema.Clock | None = None
        self.heard_s = float("-inf")
        """When the last Clock came."""
        self.wanted: dict[str, frozenset[str]] = {}
        self._have: dict[str, int] = {}
        self._scenario: dict[str, schema.Scenario] = {}
        self._blocks: dict[tuple[str, str], tuple[schema.BlockKey, int]] = {}
        """Key, and how many messages were heard before."""
        self._heard = 0
        self._clock_heard = 0
        self.row: Row | None = None
        """Whose facts are followed."""
        self._facts: tuple[Row, int] | None = None
        """Whose facts are here, of which year."""
        self.moment_s = -1.0
        """Start of the step that is to be explained, below 0: none."""
        self._explained: tuple[Row, float, int] | None = None
        """Row, moment and year of the Explanation that is here."""
        self._closed: tuple[Row | None, float] = (None, -1.0)
        """What could not be explained."""
        self._asked: dict[schema.Ask, tuple[int, float]] = {}
        self._waiting: dict[str, list[schema.Wish]] = {}
        self._flying: dict[str, tuple[int, schema.Wish, float]] = {}
        self._number = 0

    # ------------------------------------------------------------ what arrives

    def hear(self, message: schema.Message, now_s: float) -> bool:
        """Take in a state message; False: it is older than what is held, forget it."""
        self._heard += 1
        match message:
            case schema.Hello():
                self._meet(message.run)
                self.hello = message
            case schema.Clock():
                self._meet(message.run)
                self.clock, self.heard_s, self._clock_heard = message, now_s, self._heard
            case schema.FluxBlock(side=side, quantity=quantity, key=key):
                held, _ = self._blocks.get((side, quantity), (None, 0))
                if key.run != self.run or not _newer(key, held):
                    return False
                self._blocks[side, quantity] = key, self._heard
            case schema.Roster() | schema.Catalogue() | schema.Problems() | schema.Saved():
                self._have[type(message).__name__.lower()] = message.revision
            case schema.Facts(side=side, axis=axis, row=row, revision=revision):
                if (side, axis, row) != self.row:
                    return False
                self._facts = (side, axis, row), revision
            case schema.Explanation(side=side, axis=axis, row=row, revision=revision):
                if (side, axis, row) != self.row or abs(message.time_s - self.moment_s) > 1.0:
                    return False
                self._explained = (side, axis, row), self.moment_s, revision
            case schema.Scenario(side=side, revision=revision) | schema.Balance(side=side, revision=revision):
                name = f"{type(message).__name__.lower()}:{side}"
                if revision < self._have.get(name, -1):
                    return False
                self._have[name] = revision
                if isinstance(message, schema.Scenario):
                    self._scenario[side] = message
        return True

    def answered(self, number: int, *, refused: bool = False) -> schema.Wish | schema.Ask | None:
        """The question or wish `number` got its answer; the one it was. Facts that are refused are not asked again."""
        for question, (asked, sent_s) in list(self._asked.items()):
            if asked == number:
                late = {"facts": self._facts, "explain": self._explained}
                if question.what == "facts" and refused:
                    self.inquire(None)
                elif question.what == "explain" and refused:
                    self._closed = self.row, question.time_s
                    del self._asked[question]
                elif late.get(question.what, "") is None:  # the first year is not there yet: patience
                    self._asked[question] = (0, sent_s)
                else:
                    del self._asked[question]
                return question
        for kind, (flying, wish, _) in list(self._flying.items()):
            if flying == number:
                del self._flying[kind]
                return wish
        return None

    def _meet(self, run: str) -> None:
        """Another run of sim: all that was held may be different, all that was asked is lost."""
        if run == self.run:
            return
        self.run = run
        if self.hello and self.hello.run != run:
            self.hello = None
        self._have.clear()
        self._blocks.clear()
        self._facts = self._explained = None
        self._closed = (None, -1.0)
        self._asked.clear()
        self._flying = {k: (n, wish, float("-inf")) for k, (n, wish, _) in self._flying.items()}

    # ------------------------------------------------------------ what leaves

    def wish(self, wish: schema.Wish) -> None:
        """Queue a wish; of a kind that is replaced as a whole only the newest value waits."""
        queue = self._waiting.setdefault(_kind(wish), [])
        if queue and _replaces(wish, queue[-1]):
            queue[-1] = wish
        elif len(queue) < QUEUE:
            queue.append(wish)

    def want(self, side: str, quantities: frozenset[str]) -> None:
        """Follow exactly these quantities of `side`."""
        self.wanted[side] = quantities
        self._blocks = {(s, q): key for (s, q), key in self._blocks.items() if s != side or q in quantities}

    def inquire(self, row: Row | None, moment_s: float = -1.0) -> None:
        """Follow the facts of this row and of no other, and what explains its step at `moment_s` unless below 0."""
        if (row, moment_s) != (self.row, self.moment_s):
            self._explained = None
            self._asked = {q: at for q, at in self._asked.items() if q.what != "explain"}
        if row != self.row:
            self._facts = None
            self._asked = {q: at for q, at in self._asked.items() if q.what != "facts"}
        self.row, self.moment_s = row, moment_s

    @property
    def idle(self) -> bool:
        """Whether no wish waits or is in flight."""
        return not self._flying and not any(self._waiting.values())

    @property
    def complete(self) -> bool:
        """Whether nothing is missing of what the last Clock of this run names."""
        return self.clock is not None and self.clock.run == self.run and next(self._missing(), None) is None

    @property
    def awaiting(self) -> bool:
        """Whether a change of layers is under way: its answer, or a followed block of the scenario that it made."""
        if any(isinstance(wish, schema.ChooseLayers) for _, wish, _ in self._flying.values()):
            return True
        return any(
            (side, quantity) in self._blocks and self._blocks[side, quantity][0].scenario_revision < made.revision
            for side, made in self._scenario.items()
            for quantity in self.wanted.get(side, ())
        )

    def unsent(self, number: int) -> None:
        """`number` found no connection: due again at the next look."""
        never = float("-inf")
        self._asked = {q: (n, never if n == number else s) for q, (n, s) in self._asked.items()}
        self._flying = {k: (n, w, never if n == number else s) for k, (n, w, s) in self._flying.items()}

    def due(self, now_s: float) -> Iterator[tuple[int, schema.Message]]:
        """Numbered messages to send now; tell `unsent` of those that found no connection."""
        for kind, (number, wish, sent_s) in list(self._flying.items()):
            if now_s - sent_s > PATIENCE_S:
                self._flying[kind] = (number, wish, now_s)
                yield number, wish
        for kind, queue in self._waiting.items():
            if queue and kind not in self._flying:
                wish = self._based(queue.pop(0))
                self._flying[kind] = (self._next(), wish, now_s)
                yield self._flying[kind][0], wish
        for question in self._lacking(now_s):
            _, asked_s = self._asked.get(question, (0, float("-inf")))
            if now_s - asked_s > PATIENCE_S:
                self._asked[question] = (self._next(), now_s)
                yield self._asked[question][0], question

    def _lacking(self, now_s: float) -> Iterator[schema.Ask]:
        if self.hello is None or now_s - self.heard_s > SILENCE_S:
            yield schema.Ask("hello", "")
        yield from self._missing()

    def _missing(self) -> Iterator[schema.Ask]:
        """What the last Clock names and this viewer has not."""
        if self.clock is None or self.clock.run != self.run:
            return
        for name, revision in self.clock.revisions.items():
            if self._have.get(name, -1) < revision:
                what, _, side = name.partition(":")
                yield schema.Ask(what, side)
        for side, quantities in self.wanted.items():
            key = self.clock.keys.get(side)
            held = {q: self._blocks.get((side, q), (None, 0)) for q in quantities}
            # a block that came after the Clock may be newer than its word: the next Clock will tell
            missing = sorted(q for q, (k, heard) in held.items() if key and k != key and heard < self._clock_heard)
            if missing:
                yield schema.Ask("flux", side, tuple(missing))
        if self.row is not None:
            side, axis, row = self.row
            year = self.clock.revisions.get(f"balance:{side}", -1)
            if self._facts is None or self._facts[1] < year:
                yield schema.Ask("facts", side, (), axis, row)
            old = self._explained is None or self._explained[1] != self.moment_s or self._explained[2] < year
            if self.moment_s >= 0.0 and old and self._closed != (self.row, self.moment_s):
                yield schema.Ask("explain", side, (), axis, row, self.moment_s)

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _based(self, wish: schema.Wish) -> schema.Wish:
        """A step through the history that waited for an own change is based on that change."""
        if isinstance(wish, schema.Undo | schema.Redo):
            newest = self._scenario.get(wish.side)
            if newest and newest.sender == self.sender and newest.revision > wish.based_on:
                return msgspec.structs.replace(wish, based_on=newest.revision)
        return wish


def newest_first_needed(message: schema.Message) -> int:
    """Order in which a viewer takes in what came at once: names before what refers to them, Clock last."""
    return _ORDER.get(type(message), len(_ORDER))


_ORDER: Mapping[Any, int] = {
    kind: place
    for place, kind in enumerate(
        (schema.Hello, schema.Roster, schema.Catalogue, schema.Problems, schema.Saved, schema.Scenario, schema.Balance,
         schema.Facts, schema.Explanation, schema.FluxBlock, schema.Clock, schema.Answer)
    )
}  # fmt: skip


def _kind(wish: schema.Wish) -> str:
    """Wishes of a kind keep their order; a side's changes and steps through its history are one kind."""
    return f"side:{wish.side}" if hasattr(wish, "side") else type(wish).__name__


def _replaces(wish: schema.Wish, waiting: schema.Wish) -> bool:
    """Whether `wish` makes `waiting` needless. Another gesture would be another undo step, so it does not."""
    if isinstance(wish, schema.ChooseLayers):
        return isinstance(waiting, schema.ChooseLayers) and waiting.gesture == wish.gesture
    if isinstance(wish, schema.SaveScenario):
        return isinstance(waiting, schema.SaveScenario) and waiting.name == wish.name
    return type(wish) is type(waiting) and not hasattr(wish, "side")


def _newer(key: schema.BlockKey, held: schema.BlockKey | None) -> bool:
    """Whether a block replaces the held one of the same run."""
    if held is None or key.scenario_revision != held.scenario_revision:
        return held is None or key.scenario_revision > held.scenario_revision
    return key.first_step != held.first_step or key.provisional <= held.provisional
