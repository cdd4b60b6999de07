"""THE FILE TO READ: one frame of the viewer, from what sim said to what you see and what the hand wished.

Each line is one small system: it takes what it reads and returns what it changed. Nothing else runs per frame.
"""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from app import commands, figures, hand, inbox, pace, paint, pick, pulse
from app.camera import Camera, of_text, sights
from app.gpu.overlay import Overlay
from app.gpu.pick import Picker
from app.gpu.view import View
from app.gpu.window import Event, Input, Window
from app.hand import Hand
from app.intake import OWN, Intake
from app.light import NOON, STUDIO, Light, light
from app.scenery import Scenery
from app.tiles.cache import CAP_BYTES
from app.tiles.styling.wardrobe import Origin
from app.ui import panels, why
from app.ui.backend import Panels
from app.ui.seen import Seen
from app.world import World
from network.quantities import QUANTITIES
from network.schema import Message, Wish

FOLLOWED = ("line_w", "line_loading", "district_surplus_w", "pv_w", "pv_roof_w", "sun_enu")
"""Quantities the picture needs besides the painted one."""
OF_CHOSEN = ("surplus_w", "pv_w", "appliances_w", "heater_w", "battery_w", "vehicle_w")
"""And these while a building is chosen: its day."""
OF_SITES = ("site_w", "site_charge", "site_peak_w")
"""And these where there are places for plant."""
REPAINT_S = 0.5
"""So long the old colours stand until those of another quantity are here."""
SLOW_S = 0.025
"""Drawing that takes longer is done in software, on the cores that sim answers with: then an answer is worth more than
one more picture of the old state."""
ANSWER_S = 0.04
"""Longest wait for it; an answer takes 15 to 25 ms with 1,000 buildings."""

SKYWARD = Camera(np.array([0.0, 0.0, 60.0]), 5.27, -0.05, 100.0)
"""Before the district is known there is only sky."""


class Link(Protocol):
    """The wire, or a list of messages in a test."""

    sender: str

    @property
    def connected(self) -> bool:
        """Whether sim is heard."""

    @property
    def settled(self) -> bool:
        """Whether all wishes are answered and nothing that sim named is missing."""

    def poll(self) -> list[Message]:
        """What is new."""

    def show(self, quantities: Iterable[str]) -> None:
        """Follow exactly these quantities."""

    def ask_facts(self, axis: str, row: int, *, explain_s: float = -1.0) -> None:
        """Follow what is known of one row, a negative one ends it; and what is behind its figures in a step."""

    def wait(self, limit_s: float) -> None:
        """Let sim answer a change that is under way, no longer than `limit_s`."""

    def send(self, wish: Wish) -> None:
        """Wish something of sim."""


@dataclass
class Ports:
    """Where a frame touches the outside."""

    link: Link
    window: Window
    view: View
    ui: Panels
    overlay: Overlay
    scenery: Scenery | None = None
    hand: Hand = field(default_factory=Hand)
    camera_wish: str = ""
    """Where to look first (empty: home), once the district is known."""
    cap_bytes: int = CAP_BYTES
    """Most memory of tiles."""
    intake: Intake = OWN
    """How tiles are taken in."""
    frame_ms: deque[float] = field(default_factory=lambda: deque(maxlen=figures.RECENT))
    """Time from one of the last frames to the next."""
    drawing_s: float = 0.0
    """Time that the last picture took to draw."""
    followed: frozenset[str] = frozenset()
    """Quantities that sim was asked for."""
    repainted_s: float = -1e9
    """When they last changed."""
    hands: bool = True
    """False: a picture is being made, which must not depend on where the pointer happens to be."""
    picker: Picker | None = None
    aimed: tuple[object, ...] = ()
    """Pointer and camera that were last looked up."""
    told: tuple[Origin, figures.About] | None = None
    """Where the clicked feature of foreign tiles is from, and what is said there."""


def frame(world: World, ports: Ports, *, now_s: float, dt_s: float) -> World:
    """The world one frame later; draws it, and sends what the hand wished."""
    slow = ports.drawing_s > SLOW_S
    if slow:
        ports.link.wait(ANSWER_S)
    stage = inbox.absorb(world.stage, ports.link.poll(), now_s)
    world = _follow(_stand(replace(world, stage=stage), ports), ports, now_s)
    stage = world.stage
    ports.window.cover(world.panel.full)
    touch = ports.window.input()
    touch = touch if ports.hands else Input()
    shown = pace.advance(world.shown, stage, now_s=now_s, dt_s=dt_s)
    world, wanted = _steer(replace(world, shown=shown), ports, touch.events, touch.pointer, now_s, dt_s)

    legend = paint.legend(world.paint, stage.roster.ranges if stage.roster else {})
    count = len(stage.roster.building_ids) if stage.roster else 0
    levels = paint.levels(stage.blocks.get(world.paint), legend, shown.time_s, count)
    sun = paint.sun_at(stage.blocks.get("sun_enu"), shown.time_s)
    now = light(sun if sun is not None else STUDIO if stage.clock is None and stage.hello is not None else NOON)
    _draw_scene(world, ports, levels, legend, now, now_s=now_s, dt_s=dt_s)

    place = ports.scenery.place if ports.scenery else None
    ports.frame_ms.append(dt_s * 1e3)
    told = figures.figures(ports.scenery, list(ports.frame_ms), recent=figures.RECENT) if world.panel.hud else None
    seen = Seen(ports.window.size, legend, now, ports.link.connected, now_s, place, touch.pointer, told,
                _features(world, ports), _about(world, ports))  # fmt: skip
    wanted += _draw_panels(world, ports, seen, touch.events, touch.pointer, dt_s)
    world, wishes = _obey(world, wanted, now_s, ports.link.sender)
    if world.panel.again:
        world = replace(world, panel=replace(world.panel, again=False))
        if ports.scenery is not None:
            ports.scenery.retry()
    for wish in wishes:
        ports.link.send(wish)
    _aim(world, ports, touch.pointer)
    if not (slow and wishes):
        ports.drawing_s = _render(ports.window)
        world = _point(world, ports, touch.pointer, now_s)
    return commands.drafted(world, now_s=now_s)


def followed(world: World) -> frozenset[str]:
    """Quantities that this picture needs of sim."""
    sites = OF_SITES if world.stage.roster is not None and world.stage.roster.site_ids else ()
    chosen = OF_CHOSEN if world.selected is not None and world.selected.axis == "building" else ()
    return frozenset({world.paint, *FOLLOWED, *sites, *chosen}) & frozenset(QUANTITIES)


def _follow(world: World, ports: Ports, now_s: float) -> World:
    """Ask sim for what is shown; what is no longer followed would grow old unseen, and is forgotten."""
    if world.selected is not None and not pick.exists(world.selected, world.stage.roster):
        world = replace(world, selected=None)
    chosen = world.selected
    axis, row = (chosen.axis, chosen.row) if chosen else ("building", -1)
    ports.link.ask_facts(axis, row, explain_s=why.moment_s(world))
    wanted = followed(world)
    if wanted == ports.followed:
        return world
    ports.followed, ports.repainted_s = wanted, now_s
    ports.link.show(wanted)
    blocks = {name: block for name, block in world.stage.blocks.items() if name in wanted}
    return replace(world, stage=replace(world.stage, blocks=blocks))


def _render(window: Window) -> float:
    """Draw what was set up; the time it took [s]."""
    began = time.perf_counter()
    window.render()
    return time.perf_counter() - began


def _stand(world: World, ports: Ports) -> World:
    """Build the scenery when the district becomes known or is another one; then put the camera before it."""
    hello, roster = world.stage.hello, world.stage.roster
    if hello is None or roster is None:
        return world
    if ports.scenery is None or not ports.scenery.fits(hello, roster):
        if ports.scenery is not None:
            ports.scenery.close()
        ports.scenery = Scenery(ports.view, hello, roster, cap_bytes=ports.cap_bytes, intake=ports.intake)
        world = replace(world, camera=None)
        for warning in ports.scenery.warnings:
            print(f"surplus: {warning}", file=sys.stderr)
            world = replace(world, panel=replace(world.panel, toast=warning, toast_s=time.monotonic()))
    if world.camera is None:
        width, height = ports.window.size
        camera = of_text(ports.camera_wish, hello, sights(hello, roster), aspect=width / height)
        world = replace(world, camera=camera)
    balance, panel = world.stage.balance, world.panel
    if balance is not None and abs(balance.verdict.primary_margin_j) > panel.gauge_j:
        scale = panels.gauge_scale(balance.verdict.primary_margin_j)
        world = replace(world, panel=replace(panel, gauge_j=scale))
    return world


def _steer(
    world: World, ports: Ports, events: tuple[Event, ...], pointer: tuple[float, float] | None, now_s: float,
    dt_s: float,
) -> tuple[World, list[commands.Command]]:  # fmt: skip
    """Move the camera by keys and pointer."""
    if world.camera is None or world.stage.hello is None:
        return world, []
    if world.glide is not None:
        here = world.glide.at(now_s)
        world = replace(world, camera=here, glide=None if world.glide.over(now_s) else world.glide)
    before = world.camera
    assert before is not None
    ports.hand, camera, wanted = hand.take(
        ports.hand, before, [(e.kind, e.name) for e in events], pointer, dt_s=dt_s,
        ground_m=_ground_m(world, ports), over_panel=ports.ui.wants_pointer, typing=ports.ui.wants_keys,
        size=ports.window.size,
    )  # fmt: skip
    return replace(world, camera=camera, glide=world.glide if camera is before else None), wanted


def _ground_m(world: World, ports: Ports) -> float:
    """Height of the ground under the eye."""
    camera, hello = world.camera, world.stage.hello
    assert camera is not None and hello is not None
    if ports.scenery is None:
        return hello.ground_m
    x, y = (np.array([v]) for v in camera.eye_m[:2])
    return float(ports.scenery.ground.at(x, y)[0])


def _aim(world: World, ports: Ports, pointer: tuple[float, float] | None) -> None:
    """Have the picture under the pointer drawn: on a click, or when pointer or camera have moved and nothing drags."""
    at, camera = world.panel.touch or pointer, world.camera
    if ports.scenery is None or camera is None or at is None:
        return
    idle = ports.ui.wants_pointer or bool(ports.hand.dragging) or world.glide is not None
    mark = (at, id(camera), ports.scenery.stream.version if ports.scenery.stream else 0)
    if world.panel.touch is None and (idle or mark == ports.aimed):
        return
    ports.aimed = mark
    if ports.picker is None:
        ports.picker = Picker(ports.view)
    ports.picker.aim(camera, ports.scenery.hello.ground_m, at)


def _point(world: World, ports: Ports, pointer: tuple[float, float] | None, now_s: float) -> World:
    """What is under the pointer now, and after a click the choice."""
    picker, camera, roster = ports.picker, world.camera, world.stage.roster
    if pointer is None or ports.ui.wants_pointer:
        world = replace(world, hovered=None, pointed=0)
    if picker is None or not picker.waiting or camera is None or ports.scenery is None:
        return world
    building, panel = pick.row_of(picker.read()), world.panel
    at = panel.touch or pointer
    if at is None:
        return world
    known = len(roster.building_ids) if roster is not None else 0
    strange, found = (building + 1 if building >= known else 0), None
    if roster is not None:
        building, place = (-1 if strange else building), ports.scenery.place
        found = pick.under(camera, at, ports.window.size, building=building, roster=roster, place=place)
        found = found if pick.exists(found, roster) and not (strange and found and found.axis == "line") else None
    strange = 0 if found is not None else strange
    if panel.touch is None:
        return replace(world, hovered=found, pointed=strange)
    world = replace(world, hovered=found, selected=found, pointed=strange, feature=strange)
    world = replace(world, panel=replace(panel, touch=None, twice=False))
    if panel.twice and found is not None:
        world, _ = commands.apply(world, commands.FrameSelection(), now_s=now_s, sender=ports.link.sender)
    return world


def _draw_scene(
    world: World, ports: Ports, levels: paint.Levels | None, legend: paint.Legend, now: Light, *,
    now_s: float, dt_s: float,
) -> None:  # fmt: skip
    """Tiles, colours, lines, light and camera."""
    scenery, camera, stage = ports.scenery, world.camera, world.stage
    ports.view.resize()
    if scenery is None or camera is None:
        ports.view.shine(now)
        ports.view.look(SKYWARD, 0.0)
        return
    scenery.tiles(camera, ports.window.size, arrival=world.glide.end if world.glide is not None else None)
    if world.paint in stage.blocks or not scenery.painted or now_s - ports.repainted_s > REPAINT_S:
        scenery.paint(levels, legend)
    scenery.install(stage.blocks.get("pv_roof_w"))
    if stage.roster is not None:
        power, loading = stage.blocks.get("line_w"), stage.blocks.get("line_loading")
        flows = pulse.flows(power, loading, stage.roster, world.shown.time_s)
        scenery.pulse(flows, dt_s=dt_s, now_s=now_s, still=world.panel.still)
    scenery.run(stage.blocks, legend, world.shown.time_s, night=now.night, dt_s=dt_s)
    scenery.under(world.panel.under)
    pairs = ((world.hovered, world.pointed), (world.selected, world.feature))
    scenery.choose(*(p.row if p is not None and p.axis == "building" else slot - 1 for p, slot in pairs))
    scenery.shine(now)
    ports.view.look(camera, scenery.hello.ground_m)


def _features(world: World, ports: Ports) -> dict[int, tuple[tuple[str, str], ...]]:
    """What tiles made by others say of the features that are pointed at or were clicked."""
    if ports.scenery is None:
        return {}
    told = {slot: ports.scenery.told(slot) for slot in {world.pointed, world.feature} - {0}}
    return {slot: rows for slot, rows in told.items() if rows is not None}


def _about(world: World, ports: Ports) -> figures.About | None:
    """What the tileset says of the content that the clicked feature is in; put into words once for each click."""
    scenery = ports.scenery
    if not world.feature or scenery is None or scenery.wardrobe is None or scenery.stream is None:
        return None
    origin = scenery.wardrobe.origin(world.feature)
    if origin is None:
        return None
    if ports.told is None or ports.told[0] is not origin:
        ports.told = origin, figures.about(scenery.stream.tiles, origin.node, origin.content)
    return ports.told[1]


def _draw_panels(
    world: World, ports: Ports, seen: Seen, events: tuple[Event, ...], pointer: tuple[float, float] | None, dt_s: float
) -> list[commands.Command]:
    """Panels over the scene; returns what the hand did with them."""
    ui = ports.ui
    scale = panels.scale_of(seen.size, world.panel.scale)
    ui.begin(seen.size, dt_s=dt_s, scale=scale, pointer=pointer, events=[(e.kind, e.name) for e in events])
    wanted = [] if world.panel.hidden else panels.draw(ui, world, seen)
    painted = ui.end()
    ports.overlay.draw(painted.lists, painted.pictures)
    ports.view.mask([] if world.panel.hidden else panels.opaque(ui))
    return wanted


def _obey(world: World, wanted: list[commands.Command], now_s: float, sender: str) -> tuple[World, list[Wish]]:
    """Apply commands in order."""
    wishes: list[Wish] = []
    for command in wanted:
        world, more = commands.apply(world, command, now_s=now_s, sender=sender)
        wishes += more
    return world, wishes
