"""A recording as a sim: what stood at any moment of it, and how time passes in it. No sockets, no clock of its own.

Two times run here. The *place* is seconds since the recording began; the *shown time* is the district's time that the
recorded clock showed there. Playing moves the place; the speed is 1 until somebody wishes another pace, then it is that
pace over the recorded one. A recorded pause is played through like anything else.

`seek` (the viewer's day bar and year bar) goes to the nearest place at which the recorded clock showed the wished time.
Where it never showed it but the recording knows that day, it goes to the nearest place with that day and shows the
wished hour of it, until the recording goes on to another day. Other days are refused.

Viewers keep only what is newer, so everything after a step back carries revisions of a later `turn`.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec
import numpy as np

from network import schema
from network.problems import Refused
from network.record import Recording

DAY_S = 86400.0
TURN = 1_000_000
"""Revisions of one turn."""
STANDING = 1e-3
"""Pace that is told while a recorded pause is played: running, yet nothing moves."""
FASTEST, SLOWEST = 64.0, 1 / 64
"""Speeds of playing."""
ONCE = (b"hello;", b"clock;")
ASKED = (b"facts", b"explanation")
"""What is never published."""
REVISIONED = (schema.Roster, schema.Catalogue, schema.Saved, schema.Scenario, schema.Balance)
"""What a Clock names the revision of, besides the problems."""
Message = schema.Message


@dataclass(frozen=True)
class _Showing:
    """A stretch of the recording over which the clock ran evenly."""

    begin_s: float
    end_s: float
    """Places."""
    time_s: float
    """Shown time at its beginning."""
    pace: float


class _Head(msgspec.Struct, frozen=True, tag="FluxBlock"):
    """Of a FluxBlock, what it is about."""

    key: schema.BlockKey
    step_s: float


@dataclass
class Player:
    """Where playing stands. Feed `tick` the monotonic time; it returns what viewers should hear."""

    recording: Recording
    run: str
    state_address: str = ""
    tiles_missing: str = ""
    """Why there are no tiles, one sentence."""
    place_s: float = 0.0
    speed: float = 1.0
    """0: paused."""
    resume_speed: float = 1.0
    turn: int = 0
    shift_s: float = 0.0
    """Of the shown time over the recorded one."""
    whole: bool = False
    """It holds a complete picture somewhere; one that was cut short may not."""
    held: dict[bytes, int] = field(default_factory=dict)
    """Entry of every topic that viewers know."""
    _decoded: dict[int, Message] = field(default_factory=dict)
    _at_s: float | None = None
    _first_s: float = 0.0

    def __post_init__(self) -> None:
        entries = self.recording.entries
        self._times = [e.time_s for e in entries]
        self._topics: dict[bytes, list[int]] = {}
        for k, entry in enumerate(entries):
            self._topics.setdefault(entry.topic, []).append(k)
        if b"hello;" not in self._topics:
            raise Refused(f"the recording {self.recording.path} holds nothing yet; record a little longer")
        clocks = [(k, self._message(k)) for k in self._topics.get(b"clock;", [])]
        self._clocks = [(entries[k].time_s, c) for k, c in clocks if isinstance(c, schema.Clock)]
        ends = [at_s for at_s, _ in self._clocks[1:]] + [self.recording.length_s]
        self._showings = [
            _Showing(at_s, end_s, c.time_s, c.pace) for (at_s, c), end_s in zip(self._clocks, ends, strict=True)
        ]
        self._days = self._known_days()
        self.place_s = self._first_s = self._first_whole_s()
        self.held = self._standing(self.place_s)

    # ------------------------------------------------------------ what viewers ask

    @property
    def hello(self) -> schema.Hello:
        """Who is shown; the name says that it is a recording."""
        message = self._message(self.held[b"hello;"])
        assert isinstance(message, schema.Hello)
        number = self._topics[b"hello;"].index(self.held[b"hello;"])
        return msgspec.structs.replace(
            message, run=f"{self.run}-{number}", name=f"{message.name} (recording)",
            state_address=self.state_address, tiles="" if self.tiles_missing else message.tiles,
        )  # fmt: skip

    def ask(self, question: schema.Ask) -> tuple[Message, ...]:
        """The state that is asked for, as it stood at this place.

        Raises:
            Refused: the recording holds no such facts or explanation, or nothing goes by that name.
        """
        match question.what:
            case "clock":
                return (self.clock(),)
            case "hello":
                return (self.hello,)
            case "problems":
                return (self._problems(),)
            case "facts" | "explain":
                return (self._facts(question),)
            case "flux":
                topics = [f"fluxblock:{question.side}:{q};".encode() for q in question.quantities]
                return tuple(self._told(t) for t in topics if t in self.held)
            case "roster" | "catalogue" | "saved":
                topic = f"{question.what};".encode()
            case "scenario" | "balance":
                topic = f"{question.what}:{question.side};".encode()
            case _:
                raise Refused(f"there is no {question.what!r} to ask for")
        return (self._told(topic),) if topic in self.held else ()

    def clock(self) -> schema.Clock:
        """Shown time, pace and every revision at this place."""
        recorded = self._recorded_clock()
        revisions, keys = {"problems": self._problems().revision}, {}
        newest: dict[str, int] = {}
        for topic, k in self.held.items():
            if topic in ONCE or topic.startswith((*ASKED, b"problems")):
                continue
            message = self._told(topic)
            if isinstance(message, schema.FluxBlock):
                if k > newest.get(message.side, -1):
                    newest[message.side], keys[message.side] = k, message.key
            elif isinstance(message, REVISIONED):
                revisions[topic.decode().rstrip(";")] = message.revision
        nominal = recorded.pace or recorded.resume_pace or 1.0
        playing = self.speed > 0.0 and self.place_s < self.recording.length_s
        pace = (recorded.pace * self.speed or STANDING) if playing else 0.0
        resume = nominal * self.resume_speed
        # a Clock that says so may come a little after the year itself
        whole = revisions.get("balance:a", -1) == revisions.get("scenario:a", 0)
        done = 1.0 if whole else min(recorded.computing, 0.99)
        return schema.Clock(self.hello.run, self.shown_s(), pace, resume, revisions, keys, done)

    def shown_s(self) -> float:
        """The district's time that is shown."""
        return (self._recorded_s(self.place_s) + self.shift_s) % self._year_s

    # ------------------------------------------------------------ what moves it

    def tick(self, now_s: float) -> tuple[Message, ...]:
        """Play on to `now_s`; what is new since, without the Clock."""
        passed_s = 0.0 if self._at_s is None else max(0.0, now_s - self._at_s)
        self._at_s = now_s
        return self._go(min(self.place_s + self.speed * passed_s, self.recording.length_s))

    def set_pace(self, pace: float) -> tuple[Message, ...]:
        """Pause (0), or play so that the shown time runs at `pace`; at the end, from the beginning again.

        Raises:
            Refused: it is no pace.
        """
        if not 0.0 <= pace < math.inf:
            raise Refused("the pace must be 0 or more seconds per second")
        recorded = self._recorded_clock()
        nominal = recorded.pace or recorded.resume_pace or 1.0
        self.speed = min(max(pace / nominal, SLOWEST), FASTEST) if pace else 0.0
        self.resume_speed = self.speed or self.resume_speed
        return self._go(self._first_s) if pace and self.place_s >= self.recording.length_s else ()

    def seek(self, time_s: float) -> tuple[Message, ...]:
        """Go to the nearest place that shows `time_s`; see above.

        Raises:
            Refused: the recording does not know that day.
        """
        if not math.isfinite(time_s):
            raise Refused("the time is no finite number of seconds")
        time_s %= self._year_s
        for exactly in (True, False):
            places = [p for s in self._showings if (p := self._place_in(s, time_s, exactly=exactly)) is not None]
            if places:
                messages = self._go(min(places, key=lambda p: abs(p - self.place_s)))
                self.shift_s = 0.0 if exactly else time_s - self._recorded_s(self.place_s)
                return messages
        raise Refused(f"this recording does not show {self._date(time_s)}; it shows {self._dates()}")

    def go_to(self, place_s: float) -> tuple[Message, ...]:
        """Go to a place, as far as there is one."""
        return self._go(min(max(place_s, 0.0), self.recording.length_s))

    def _go(self, place_s: float) -> tuple[Message, ...]:
        back, day = place_s < self.place_s, self._recorded_s(self.place_s) // DAY_S
        jumps = back or place_s - self.place_s > 1.0
        self.place_s = place_s
        if self.shift_s and (jumps or self._recorded_s(place_s) // DAY_S != day):
            self.shift_s = 0.0
        if self.shift_s and (self._recorded_s(place_s) + self.shift_s) // DAY_S != day:
            self.shift_s = 0.0
        standing, before = self._standing(place_s), self.held
        if not back and standing == before:
            return ()
        self.held = standing
        self.turn += back
        kept = set(standing.values())
        self._decoded = {k: m for k, m in self._decoded.items() if k in kept}
        known = {} if standing[b"hello;"] != before[b"hello;"] else before
        if back:  # what stands still needs no new turn
            known = {t: k for t, k in known.items() if t in (b"roster;", b"catalogue;")}
        topics = [t for t, k in standing.items() if t not in ONCE and known.get(t) != k and not t.startswith(ASKED)]
        return tuple(self._problems() if t == b"problems;" else self._told(t) for t in topics)

    # ------------------------------------------------------------ the recording

    def _standing(self, place_s: float) -> dict[bytes, int]:
        """Newest entry of every topic at a place, of the sim that ran then."""
        cut = bisect_right(self._times, place_s + 1e-9)
        began = max((k for k in self._topics[b"hello;"] if k < cut), default=self._topics[b"hello;"][0])
        found = {t: ks[bisect_right(ks, max(cut - 1, began)) - 1] for t, ks in self._topics.items()
                 if ks[0] <= max(cut - 1, began)}  # fmt: skip
        return {t: k for t, k in found.items() if k >= began}

    def _message(self, k: int) -> Message:
        if k not in self._decoded:
            self._decoded[k] = self.recording.message(self.recording.entries[k])
        return self._decoded[k]

    def _told(self, topic: bytes) -> Message:
        """The held message of a topic as viewers hear it: of this run and turn, with nothing to undo."""
        message = self._message(self.held[topic])
        later = self.turn * TURN
        match message:
            case schema.FluxBlock(key=key):
                told = schema.BlockKey(
                    self.hello.run, key.scenario_revision + later, key.first_step, key.provisional
                )
                return msgspec.structs.replace(message, key=told)
            case schema.Scenario():
                return msgspec.structs.replace(
                    message, revision=message.revision + later, can_undo=False, can_redo=False
                )
            case schema.Balance() | schema.Saved() | schema.Facts() | schema.Explanation():
                return msgspec.structs.replace(message, revision=message.revision + later)
        return message

    def _problems(self) -> schema.Problems:
        held = self._message(self.held[b"problems;"]) if b"problems;" in self.held else schema.Problems(0, ())
        assert isinstance(held, schema.Problems)
        began = datetime.fromtimestamp(self.recording.header.wall_s)
        more = [schema.Problem("recording", f"this is a recording of {began:%Y-%m-%d %H:%M}")]
        if self.tiles_missing:
            more.append(schema.Problem("recording-tiles", self.tiles_missing))
        return schema.Problems(held.revision + self.turn * TURN, (*more, *held.problems))

    def _facts(self, question: schema.Ask) -> schema.Facts | schema.Explanation:
        """What somebody asked for while it was recorded, of the year that stands here."""
        name = f"{question.side}:{question.axis}:{question.row}"
        words, topic = "facts", f"facts:{name};".encode()
        if question.what == "explain":
            at_s = self.shown_s() if question.time_s < 0.0 else question.time_s
            start_s = math.floor(at_s / self.hello.step_s + 1e-9) * self.hello.step_s
            words, topic = "explanation", f"explanation:{name}:{start_s:.0f};".encode()
        balance = f"balance:{question.side};".encode()
        if topic in self.held and balance in self.held:
            told, year = self._told(topic), self._told(balance)
            if isinstance(told, schema.Told) and isinstance(year, schema.Balance) and told.revision == year.revision:
                return told
        raise Refused(f"this recording holds no {words} of that {question.axis} here; open its package to see them")

    def _recorded_clock(self) -> schema.Clock:
        k = bisect_right(self._clocks, self.place_s + 1e-9, key=lambda c: c[0]) - 1
        if not self._clocks:
            return schema.Clock("", 0.0, 0.0, 1.0, {}, {})
        return self._clocks[max(k, 0)][1]

    def _recorded_s(self, place_s: float) -> float:
        """Shown time of the recording at a place."""
        k = bisect_right(self._showings, place_s + 1e-9, key=lambda s: s.begin_s) - 1
        if not self._showings:
            return 0.0
        s = self._showings[max(k, 0)]
        return (s.time_s + s.pace * max(0.0, min(place_s, s.end_s) - s.begin_s)) % self._year_s

    def _first_whole_s(self) -> float:
        """Where the first complete picture stands: a day that is not provisional, and its year."""
        have: set[bytes] = set()
        for k, entry in enumerate(self.recording.entries):
            if entry.topic.startswith(b"balance"):
                have.add(b"balance")
            elif entry.topic.startswith(b"fluxblock") and b"balance" in have:
                block = self._message(k)
                if isinstance(block, schema.FluxBlock) and not block.key.provisional:
                    self.whole = True
                    return entry.time_s
        return 0.0

    def _place_in(self, s: _Showing, time_s: float, *, exactly: bool) -> float | None:
        """Place of a stretch at which `time_s`, or some of its day, is shown with the colours of that day.

        Of several the nearest to where playing stands.
        """
        known_s = self._known_from(s, int(time_s // DAY_S))
        if known_s is None or known_s > s.end_s:
            return None
        ahead_s = (time_s - s.time_s) % self._year_s
        if not exactly:
            begin_s, end_s = max(known_s, s.begin_s), s.end_s
            here = self._recorded_s(begin_s) // DAY_S == time_s // DAY_S
            return min(max(self.place_s, begin_s), end_s) if here else None
        if s.pace <= 0.0:
            off = min(ahead_s, self._year_s - ahead_s)
            return min(max(self.place_s, known_s), s.end_s) if off < 1.0 else None
        place = s.begin_s + ahead_s / s.pace
        return place if known_s <= place <= s.end_s else None

    def _known_from(self, s: _Showing, day: int) -> float | None:
        """From which place of a stretch on the blocks are those of `day`; final ones where there are."""
        k = max(bisect_right(self._days, s.begin_s, key=lambda d: d[0]) - 1, 0)
        found = None
        for at_s, which, provisional in self._days[k:]:
            if at_s > s.end_s:
                break
            if which == day and s.end_s >= self._first_s:
                found = max(at_s, s.begin_s, self._first_s)
                if not provisional:
                    return found
        return found

    def _known_days(self) -> list[tuple[float, int, bool]]:
        """Place, day and whether it is provisional of all blocks of one quantity."""
        topics = sorted(t for t in self._topics if t.startswith(b"fluxblock:"))
        found = []
        for k in self._topics[topics[0]] if topics else []:
            entry = self.recording.entries[k]
            head = msgspec.msgpack.decode(entry.head, type=_Head)
            found.append((entry.time_s, self._day_of(head.key.first_step), head.key.provisional))
        return found

    def _day_of(self, first_step: int) -> int:
        """Day of blocks that begin one step before it."""
        hello = self._message(self._topics[b"hello;"][0])
        assert isinstance(hello, schema.Hello)
        return round((first_step + 1) * hello.step_s / DAY_S)

    @property
    def _year_s(self) -> float:
        hello = self._message(self.held[b"hello;"] if self.held else self._topics[b"hello;"][0])
        assert isinstance(hello, schema.Hello)
        return hello.steps * hello.step_s or DAY_S

    def _date(self, time_s: float) -> str:
        return f"{datetime(2001, 1, 1) + timedelta(seconds=float(time_s)):%-d %B}"

    def _dates(self) -> str:
        days = np.unique([s.time_s % self._year_s // DAY_S for s in self._showings])
        shown = ", ".join(self._date(d * DAY_S) for d in days[:3])
        return shown + (f" and {len(days) - 3} other days" if len(days) > 3 else "")
