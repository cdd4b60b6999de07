"""The viewer's loop: opens everything, runs frames, knows when a picture is settled, closes everything."""

from __future__ import annotations

import gc
import json
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from app import alone, figures, inbox, memory, pick, presets
from app.frame import Link, Ports, followed, frame
from app.gpu import shot
from app.gpu.overlay import Overlay
from app.gpu.view import View
from app.gpu.window import Window
from app.intake import Intake
from app.options import ViewOptions
from app.paint import PAINTS
from app.ui import why
from app.ui.backend import Panels
from app.world import SIDE, Panel, Shown, Stage, World
from network import moment, scenarios
from network.keys import state_folder
from network.problems import Refused
from network.quantities import QUANTITIES
from network.schema import ChooseLayers, Seek, SetPace
from network.wire import Client

_FRAME_S = 1 / 60
_WAITING_S = 1 / 20
"""Frame time while only waiting for sim: on a small machine drawing would take its cores."""
_MEETING_S = 0.5
"""So long a sim may take to name its district before frames of plain sky are drawn; it takes 30 ms on one machine."""
_STILL_S = 1.7
"""Moment of the comets in a kept picture: the same picture every time."""
_TILES_AT_ONCE = 12
_FRAMES_KEPT = 100_000
"""Times of so many last frames are told in the end; a workshop draws millions."""
_AFTER_SETTLING = 3
"""Frames between a settled world and its picture: shadows and ground light follow a frame later."""


@dataclass
class Session:
    """Progress of what the options asked for."""

    options: ViewOptions
    start_s: float
    sought_s: float | None = None
    layers: tuple[Any, ...] | None = None
    asked: bool = False
    settled_s: float | None = None
    since: int = 0
    """Frames drawn since settling."""
    frames: int = 0
    frame_ms: deque[float] = field(default_factory=lambda: deque(maxlen=_FRAMES_KEPT))
    lone: alone.Lone | None = None
    """A tileset without a sim."""
    memory: memory.Memory | None = None
    """What is kept for the next start; None: a picture is made, which must not depend on it."""
    district: str = ""
    """Whose views the world has."""
    first_unix_s: float | None = None
    """When the first picture with buildings in the colours of the shown day was drawn."""


def view(options: ViewOptions, address: str | Callable[[], str], ended: threading.Event, *, link: Any = None) -> World:
    """Run a viewer until it is done, its window closed or `ended` set; returns the last world.

    Where `address` has to be waited for, the window opens meanwhile.

    Raises:
        Refused: no GL, no such camera or time, nothing settles, a file cannot be written; what `address` raises.
    """
    options = _next(options) if options.shots else options
    _check(options)
    sys.setswitchinterval(0.0005)  # decode threads must not hold up the drawing thread
    window = None
    ports = None
    try:
        window = Window(options.size, offscreen=options.offscreen, finish=options.finish or options.stats is not None)
        picture = View(window, preset=options.preset, keeps=bool(options.shot or options.shots))
        ports = Ports(link or alone.Silence(), window, picture, Panels(), Overlay(window), camera_wish=options.camera,
                      cap_bytes=options.cache_mb * 2**20, hands=not options.ends_by_itself,
                      intake=Intake(options.tiles))  # fmt: skip
        kept = None if options.ends_by_itself or options.tileset else memory.recall()
        scale = options.ui_scale if kept is None or options.ui_scale != 1.0 else kept.scale
        world = World(Stage(), Shown(), None, _panel(Panel(scale=scale), options), options.paint or "surplus_w_m2")
        lone = None
        if options.tileset:
            world, lone = alone.open_alone(world, ports, options.tileset)
        elif link is None:
            if callable(address):
                frame(world, ports, now_s=time.monotonic(), dt_s=0.0)  # first use of shaders and fonts
                address = address()
            link = ports.link = Client(address)
            ports.followed = followed(world)
            link.show(ports.followed)
            world = replace(world, stage=inbox.met(link.poll, limit_s=_MEETING_S))
        return _loop(world, ports, Session(options, time.monotonic(), memory=kept, lone=lone), ended)
    finally:
        if ports is not None and ports.scenery is not None:
            ports.scenery.close()
        if link is not None:
            link.close()
        if window is not None:
            window.close()


def _loop(world: World, ports: Ports, session: Session, ended: threading.Event) -> World:
    gc.collect()
    gc.freeze()
    last = time.monotonic()
    while not ended.is_set() and not ports.window.closed:
        now = time.monotonic()
        _ask(world, ports.link, session)
        world = replace(world, selected=pick.wanted(session.options.building, world.stage.roster, world.selected))
        if world.panel.shot:
            world = replace(world, panel=replace(world.panel, shot=False))
        waiting = session.options.ends_by_itself and session.settled_s is None
        if waiting:
            _hurry(world, ports)
        begin = time.perf_counter()
        world = frame(world, ports, now_s=now, dt_s=now - last)
        session.frame_ms.append((time.perf_counter() - begin) * 1e3)
        if not session.options.ends_by_itself:
            ports.view.adapt(session.frame_ms[-1])
        session.frames += 1
        coloured = ports.scenery is not None and ports.scenery.stands
        if session.first_unix_s is None and coloured and inbox.of_the_day(world.stage, world.paint, world.shown.time_s):
            session.first_unix_s = time.time()
        last, moved = now, False
        if session.lone is not None:
            before = session.lone
            world, session.lone = alone.seen(world, ports, before)
            moved = session.lone is not before  # all has to settle again
        world = _remembered(world, session)
        if world.panel.shot:
            said = _picture(ports, f"surplus-{datetime.now():%Y%m%d-%H%M%S}.png")
            world = replace(world, panel=replace(world.panel, toast=said, toast_s=now))
        if not moved and _done(world, ports, session):
            if not session.options.shots:
                break
            session = Session(_next(session.options), time.monotonic(), lone=session.lone)
            world = _turned(world, ports, session.options)
            if session.lone is not None:
                world, session.lone = alone.turned(world, ports, session.lone)
        spent = time.monotonic() - now
        shading = waiting and ports.scenery is not None and ports.scenery.shading  # drawing would take its core
        rest = min(2 * spent, 0.3) if shading else (_WAITING_S if waiting else _FRAME_S) - spent
        if rest > 0 and not (session.options.frames and session.settled_s is not None):
            time.sleep(rest)
    if session.options.stats:
        _write_stats(ports, session, Path(session.options.stats))
    _say_what_failed(ports)
    return world


def _hurry(world: World, ports: Ports) -> None:
    """Nobody watches while a picture is being made: take in more tiles than a frame has time for, for large frames are
    slow in software and would bring one tile each."""
    if ports.scenery is not None and world.camera is not None:
        for _ in range(_TILES_AT_ONCE):
            ports.scenery.tiles(world.camera, ports.window.size)


def _next(options: ViewOptions) -> ViewOptions:
    """Options of the first of several pictures; the rest of them waits in `shots`."""
    first, *rest = options.shots
    return msgspec.structs.replace(options, **msgspec.structs.asdict(first), shots=tuple(rest))


def _turned(world: World, ports: Ports, options: ViewOptions) -> World:
    """The world as the next picture wants it."""
    _check(options)
    ports.camera_wish = options.camera
    panel, paint = _panel(world.panel, options), options.paint or "surplus_w_m2"
    return replace(world, camera=None, panel=panel, paint=paint, selected=None)


def _panel(before: Panel, options: ViewOptions) -> Panel:
    unfolded = frozenset({why.OPEN} if options.building else ())
    return replace(before, hidden=not options.panels, under=options.under, others=options.others, unfolded=unfolded)


def _remembered(world: World, session: Session) -> World:
    """Stored views back when their district is known; from then on what changes of them, and of the scale, is kept."""
    before, hello = session.memory, world.stage.hello
    if before is None or hello is None:
        return world
    district = f"{hello.package} {hello.latitude_rad:.6f} {hello.longitude_rad:.6f}"
    if district != session.district:
        session.district = district
        return replace(world, views=memory.views_of(before, district))
    now = memory.with_views(memory.Memory(world.panel.scale, before.views), district, world.views)
    if now != before:
        session.memory = now
        memory.keep(now)
    return world


def _say_what_failed(ports: Ports) -> None:
    """One line each on tiles that could not be drawn or only coarsely, and on a style or a name that fits none.

    Raises:
        Refused: none could.
    """
    misfit = ports.scenery.misfit if ports.scenery else []
    for one in misfit:
        print(f"surplus: {one['uri']}: {one['reason']}", file=sys.stderr)
    if ports.scenery and ports.scenery.unnamed:
        print(f"surplus: {ports.scenery.unnamed}", file=sys.stderr)
    errors = ports.scenery.failed[len(misfit) :] if ports.scenery else []
    stream = ports.scenery.stream if ports.scenery else None
    if stream is not None and not any(stream.tiles.contents):
        where = stream.tiles.source.root if stream.tiles.source else "the tileset"
        print(f"surplus: {where}: no tile has content, so there is nothing to draw", file=sys.stderr)
    elif stream is not None and stream.coarser > 1.0:
        print(
            f"surplus: tiles were drawn {stream.coarser:.1f} times as coarse as wished, to keep to --cache-mb and "
            "--triangles; allow more of them for detail",
            file=sys.stderr,
        )
    if not errors or ports.scenery is None:
        return
    uri, reason = errors[0]["uri"], errors[0]["reason"]
    if reason.startswith(uri) and ports.scenery.stream is None:  # a sentence of its own
        raise Refused(reason)
    first = f"{uri} ({reason})"
    if ports.scenery.stream is None or not ports.scenery.stream.loaded:
        raise Refused(f"nothing of the tileset could be drawn: {first}; build the package again or mend the tileset.")
    tiles = "1 tile" if len(errors) == 1 else f"{len(errors)} tiles"
    print(f"surplus: {tiles} could not be drawn, the first: {first}", file=sys.stderr)


def _check(options: ViewOptions) -> None:
    if options.preset:
        presets.named(options.preset)
    if options.paint and options.paint not in QUANTITIES:
        known = ", ".join(sorted(q.name for q in QUANTITIES.values() if q.axis == "building"))
        raise Refused(f"--paint {options.paint}: no such quantity; use one of {known}.", code=2)
    if options.paint and options.paint not in PAINTS and QUANTITIES[options.paint].axis != "building":
        raise Refused(f"--paint {options.paint}: belongs to {QUANTITIES[options.paint].axis}s, not buildings.", code=2)


def _ask(world: World, link: Link, session: Session) -> None:
    """Once sim is known, wish for the time and the layers of the command line."""
    stage, options = world.stage, session.options
    if session.asked or stage.hello is None or stage.scenario is None or stage.catalogue is None or stage.clock is None:
        return
    session.asked = True
    if options.time:
        hello = stage.hello
        session.sought_s, note = moment.seconds(
            options.time, year=hello.year, zone=hello.zone, utc_offset_s=hello.utc_offset_s
        )
        if note:
            print(f"surplus: {note}", file=sys.stderr)
        link.send(Seek(sender=link.sender, time_s=session.sought_s))
    if options.ends_by_itself:
        link.send(SetPace(sender=link.sender, pace=0.0))
    if options.layers:
        chosen = scenarios.one_of(options.layers, stage.catalogue.kinds)
        session.layers = tuple(c.kind for c in chosen)
        based = stage.scenario.revision
        link.send(ChooseLayers(side=SIDE, sender=link.sender, based_on=based, gesture="options", choices=chosen))


def _settled(world: World, ports: Ports, session: Session) -> bool:
    """Wanted tiles here or failed; shown blocks final and of the shown day; the year's balance of the same revision."""
    stage, link = world.stage, ports.link
    if ports.scenery is None or not ports.scenery.settled or session.frames < 2:
        return False
    if session.lone is not None:
        return True
    if not session.asked or not link.settled or not inbox.settled(stage, followed(world)) or not why.told(world):
        return False
    wanted = session.sought_s
    there = wanted is None or abs(world.shown.time_s - wanted) < 1.0
    return there and inbox.of_the_day(stage, world.paint, world.shown.time_s)


def _done(world: World, ports: Ports, session: Session) -> bool:
    """Whether the viewer may end now; saves the picture on the way."""
    options = session.options
    if options.ends_by_itself and world.stage.refused:
        raise Refused(world.stage.refused)
    if options.settle or options.shot:
        if session.settled_s is None:
            if _settled(world, ports, session):
                session.settled_s = time.monotonic() - session.start_s
                session.frame_ms.clear()
            elif time.monotonic() - session.start_s > options.patience_s:
                raise Refused(_what_is_missing(world, ports, session))
            return False
        session.since += 1
        if session.since < _AFTER_SETTLING:
            return False
        if session.since - _AFTER_SETTLING < options.frames or not ports.scenery or not ports.scenery.settled:
            return False
        if options.shot:
            _best_picture(world, ports, Path(options.shot))
        return True
    return options.frames > 0 and session.frames >= options.frames


def _what_is_missing(world: World, ports: Ports, session: Session) -> str:
    stage = world.stage
    if stage.clock is None:
        what = "the simulation does not answer; see that it runs and that address and key are as it printed them"
    elif ports.scenery is None or not ports.scenery.settled:
        what = "tiles are still loading; see that the tileset can be reached"
    else:
        what = "the year is still being computed; wait longer or choose fewer layers"
    return f"No settled picture after {session.options.patience_s:.0f} s: {what}."


def _best_picture(world: World, ports: Ports, path: Path) -> None:
    """Draw the settled world once more at full quality and keep it; not counted among the frames."""
    ports.view.best()
    if ports.scenery is not None:
        ports.scenery.town.finer_trees()
    for _ in range(2):
        world = frame(world, ports, now_s=_STILL_S, dt_s=0.0)
    shot.save(ports.window.pixels(), path)


def _picture(ports: Ports, name: str) -> str:
    """F12: a picture where the program was started, else among its own state; the sentence that says where."""
    said = ""
    for folder in (Path.cwd, state_folder):
        try:
            path = folder() / name
            shot.save(ports.window.pixels(), path)
            said = f"The picture is {path}."
            break
        except (Refused, OSError) as refused:
            said = str(refused)
    print(f"surplus: {said}", file=sys.stderr)
    return said


def _write_stats(ports: Ports, session: Session, path: Path) -> None:
    stats = {
        "frames": session.frames,
        **figures.document(figures.figures(ports.scenery, list(session.frame_ms))),
        "settled": session.settled_s is not None,
        "settle_s": session.settled_s,
        "first_picture_unix_s": session.first_unix_s,
        "gl": ports.window.renderer,
    }
    try:
        path.write_text(json.dumps(stats, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise Refused(
            f"{path}: the statistics cannot be written ({error.strerror}); name a writable folder."
        ) from error
