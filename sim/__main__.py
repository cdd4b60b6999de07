"""`python -m sim JSON`: sockets, worker and wall clock around session.py.

Prints one line, `surplus view tcp://HOST:PORT#KEY`, as soon as it listens; ends at EOF of stdin if a parent asked so.
"""

from __future__ import annotations

import sys
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from network import moment, scenarios, schema
from network.address import is_loopback
from network.problems import Refused
from network.wire import Request, Server
from sim import answers, bell, blocks, cache, gridflow, layers, package, process, session, store, tiles, weather
from sim.history import Choices
from sim.layers import Layer, select
from sim.options import ServeOptions
from sim.package import Package
from sim.session import Facts, Session
from sim.shelf import Shelf
from sim.tape import Tape
from sim.weather import Weather
from sim.worker import Engine, Worker

SAVE_S = 0.5
"""Between two savings of a running clock."""
FIRST_HOUR_S = 14 * 3600.0
"""Early afternoon (three o'clock on a summer clock) of the sunniest day: shown unless somebody knows better."""
FIRST_PACE = 600.0
"""Ten minutes a second: a day in two and a half minutes."""
OPENING = "command line"
"""Sender of what the command line asks for."""


def main(arguments: Sequence[str]) -> int:
    """Serve as the JSON in the only argument says; exit code."""
    return process.run(arguments, ServeOptions, serve, command="serve")


def serve(options: ServeOptions) -> None:
    """Serve a package until the parent goes or somebody interrupts.

    Raises:
        Refused: package, weather, layers, time or address cannot be used, or the package is open elsewhere.
    """
    sys.setswitchinterval(0.0005)  # the worker's Python must not keep a viewer waiting
    read = package.load(Path(options.package))
    sky = weather.read_epw(read.weather_path)
    kinds = layers.named(options.catalogue)
    file = store.path_of(read.folder) if options.interactive else Path(options.session) if options.session else None
    lock = tape = None
    with Server(options.bind, allow=Path(options.allow) if options.allow else None) as server:
        try:
            if file and options.interactive:
                lock = store.Lock(file, address_line=server.address_line, package=read.folder)
            facts = _facts(read, sky, kinds, server)
            shelf = Shelf(read.folder, facts.catalogue.kinds, facts.validate)
            state = _with_saved(_opened(options, facts, file, sunny_s(sky)), shelf)
            if options.record:
                tape = Tape(Path(options.record), version=facts.hello.version, go_on=options.resume)
            print(server.address_line, flush=True)
            make = partial(_engine, read, sky, kinds, facts)
            _loop(state, _Ports(server, file, shelf, tape), make, options=options)
        finally:
            if tape:
                tape.close()
            if lock:
                lock.close()


# ---------------------------------------------------------------- before the first message


def _facts(read: Package, sky: Weather, kinds: Sequence[Layer], server: Server) -> Facts:
    district = read.district

    def validate(choices: Choices) -> Choices:
        canonical = layers.validate(choices, kinds)
        for choice in canonical:
            select.rows(district, choice.selection)
        return canonical

    host, port = server.address.host, server.address.port
    offered = str(read.tileset)
    if not is_loopback(host):
        offered = tiles.offer(read.tileset.parent, host=host, port=port + 2)
    hello = blocks.hello(
        district, run=uuid.uuid4().hex[:12], version=_version(), package=read.folder.name,
        state_address=server.state_address, tiles=offered, steps=sky.steps, step_s=sky.step_s,
    )  # fmt: skip
    return Facts(
        hello=hello,
        roster=blocks.roster(district, revision=1),
        catalogue=layers.wire(kinds, 1),
        problems=blocks.problems(read.problems, gridflow.problems(district), sky.problems, revision=1),
        validate=validate,
    )


def sunny_s(sky: Weather) -> float:
    """The early afternoon of the sunniest day of a year, seconds since its beginning."""
    per_day = round(86400.0 / sky.step_s)
    day = int(np.argmax(sky.ghi_w_m2.reshape(-1, per_day).sum(axis=1)))
    return day * 86400.0 + FIRST_HOUR_S


def _opened(options: ServeOptions, facts: Facts, file: Path | None, first_s: float) -> Session:
    """The first state: as kept, or afresh; then what the command line asks for."""
    pace = FIRST_PACE if options.interactive else 0.0
    state = Session(facts, time_s=first_s, pace=pace, resume_pace=pace or FIRST_PACE, at_s=time.monotonic())
    kept = store.load(file, state, wall_s=time.time(), resume=options.resume) if file else None
    if kept and options.resume:
        return kept
    if kept:
        count = len(kept.history.choices)
        print(f"surplus: going on where {facts.hello.package} was left, with {count} layer(s)", file=sys.stderr)
    state = kept or state
    now_s = time.monotonic()
    if options.layers:
        chosen = scenarios.one_of(options.layers, facts.catalogue.kinds)
        ask = schema.ChooseLayers(session.SIDE, OPENING, state.history.revision, "", facts.validate(chosen))
        state, _ = session.wish(state, ask, now_s)
    if options.time:
        at = facts.hello
        time_s, note = moment.seconds(options.time, year=at.year, zone=at.zone, utc_offset_s=at.utc_offset_s)
        if note:
            print(f"surplus: {note}", file=sys.stderr)
        state, _ = session.wish(state, schema.Seek(OPENING, time_s), now_s)
    return state


def _with_saved(state: Session, shelf: Shelf) -> Session:
    """The state with the package's saved scenarios; a file that cannot be used is said, and left as it is."""
    try:
        return replace(state, saved=schema.Saved(state.saved.revision, shelf.read()))
    except Refused as e:
        held = state.problems or state.facts.problems
        more = schema.Problem("saved-scenarios", str(e))
        problems = schema.Problems(held.revision + 1, (*held.problems, more))
        return replace(state, shelf=str(e), problems=problems)


def _engine(read: Package, sky: Weather, kinds: Sequence[Layer], facts: Facts) -> Engine:
    """What computes: its kernels take half of a start to load; light comes from the cache or is made here, once."""
    from sim import engine, solar

    light = solar.solar(read.district, sky, cache=cache.folder() / "solar")
    return engine.Engine(read.district, solar=light, weather=sky, catalogue=kinds, facts=facts,
                         inferred=read.inferred)  # fmt: skip


def _version() -> str:
    from importlib import metadata

    try:
        return metadata.version("surplus")
    except metadata.PackageNotFoundError:
        return "checkout"


# ---------------------------------------------------------------- the loop


@dataclass(frozen=True)
class _Ports:
    """Where the process touches the outside: viewers, and the disk for what must outlive it."""

    server: Server
    session: Path | None
    shelf: Shelf
    tape: Tape | None

    def publish(self, messages: Sequence[schema.Message]) -> None:
        """To all viewers, and into the recording."""
        for message in messages:
            self.server.publish(message)
        if self.tape:
            self.tape.write(messages)

    def keep(self, state: Session) -> None:
        """Save the session; a full disk must not end the twin, so it is said and the twin goes on."""
        if self.session:
            try:
                store.save(self.session, state, wall_s=time.time())
            except Refused as e:
                print(f"surplus: {e}", file=sys.stderr)


def _loop(state: Session, ports: _Ports, make: Callable[[], Engine], *, options: ServeOptions) -> None:
    with bell.Bell() as ringing:
        ports.server.wake_by(ringing.end)
        ended = bell.watch_parent(ringing) if options.parent_pipe else threading.Event()
        worker = Worker(make, ringing.ring)
        try:
            _run(state, ports, worker, ringing, ended)
        finally:
            worker.end()


def _run(state: Session, ports: _Ports, worker: Worker, ringing: bell.Bell, ended: threading.Event) -> None:
    ports.keep(state)
    if ports.tape:
        ports.tape.write(answers.everything(state))
    saved_s = time.monotonic()
    while not ended.is_set():
        requests = ports.server.poll(session.due_s(state, time.monotonic()))
        ringing.quiet()
        for request in requests:
            state = _serve_one(state, ports, request)
        now_s = time.monotonic()
        for result in worker.results():
            state, messages = session.finished(state, result, now_s)
            ports.publish(messages)
        state, messages = session.tick(state, now_s)
        ports.publish(messages)
        worker.want(session.wanted(state, now_s))
        if state.pace > 0.0 and now_s - saved_s >= SAVE_S:
            ports.keep(state)
            saved_s = now_s
    ports.keep(state)


def _serve_one(state: Session, ports: _Ports, request: Request) -> Session:
    """Answer one request; a granted wish is on disk before its answer leaves."""
    message, server = request.message, ports.server
    if isinstance(message, schema.Ask):
        try:
            answer = answers.ask(state, message)
        except Refused as e:
            server.reply(request, refused=str(e))
            return state
        server.reply(request, answer)
        if message.what in ("facts", "explain") and ports.tape:
            ports.tape.write(answer)
    elif isinstance(message, schema.Wish):
        before = state
        state, outcome = session.wish(state, message, time.monotonic())
        if isinstance(message, schema.SaveScenario) and not outcome.refused:
            try:
                ports.shelf.keep(state.saved.scenarios)
            except Refused as e:
                state, outcome = before, session.Outcome(refused=str(e), reply=(before.saved,))
        elif not outcome.refused:
            ports.keep(state)
        server.reply(request, outcome.reply, refused=outcome.refused)
        ports.publish(outcome.publish)
    else:
        server.reply(request, refused=f"{type(message).__name__} is no wish and no question")
    return state


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
