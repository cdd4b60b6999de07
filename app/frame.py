"""THE FILE TO READ: one frame of the viewer, from what sim said to what you see and what the hand wished.

Each line is one small system: it takes what it reads and returns what it changed. Nothing else runs per frame.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from app import commands, hand, inbox, pace, paint, pulse
from app.camera import Camera, of_text, sights
from app.gpu.overlay import Overlay
from app.gpu.view import View
from app.gpu.window import Event, Window
from app.hand import Hand
from app.light import NOON, Light, light
from app.scenery import Scenery
from app.tiles.cache import CAP_BYTES
from app.ui import panels
from app.ui.backend import Panels
from app.ui.seen import Seen
from app.world import World
from network.quantities import QUANTITIES
from network.schema import Message, Wish

FOLLOWED = ("line_w", "line_loading", "district_surplus_w", "pv_w", "pv_peak_w", "sun_enu")
"""Quantities the picture needs besides the painted one."""
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
    drawing_s: float = 0.0
    """Time that the last picture took to draw."""
    followed: frozenset[str] = frozenset()
    """Quantities that sim was asked for."""
    repainted_s: float = -1e9
    """When they last changed."""


def frame(world: World, ports: Ports, *, now_s: float, dt_s: float) -> World:
    """The world one frame later; draws it, and sends what the hand wished."""
    slow = ports.drawing_s > SLOW_S
    if slow:
        ports.link.wait(ANSWER_S)
    stage = inbox.absorb(world.stage, ports.link.poll(), now_s)
    world = _follow(_stand(replace(world, stage=stage), ports), ports, now_s)
    stage = world.stage
    touch = ports.window.input()
    shown = pace.advance(world.shown, stage, now_s=now_s, dt_s=dt_s)
    world, wanted = _steer(replace(world, shown=shown), ports, touch.events, touch.pointer, dt_s)

    legend = paint.legend(world.paint, stage.roster.ranges if stage.roster else {})
    count = len(stage.roster.building_ids) if stage.roster else 0
    levels = paint.levels(stage.blocks.get(world.paint), legend, shown.time_s, count)
    sun = paint.sun_at(stage.blocks.get("sun_enu"), shown.time_s)
    now = light(sun if sun is not None else NOON)
    _draw_scene(world, ports, levels, legend, now, now_s=now_s, dt_s=dt_s)

    place = ports.scenery.place if ports.scenery else None
    seen = Seen(ports.window.size, legend, now, ports.link.connected, now_s, place)
    wanted += _draw_panels(world, ports, seen, touch.events, touch.pointer, dt_s)
    world, wishes = _obey(world, wanted, now_s, ports.link.sender)
    for wish in wishes:
        ports.link.send(wish)
    if not (slow and wishes):
        ports.drawing_s = _render(ports.window)
    return commands.drafted(world, now_s=now_s)


def followed(world: World) -> frozenset[str]:
    """Quantities that this picture needs of sim."""
    sites = OF_SITES if world.stage.roster is not None and world.stage.roster.site_ids else ()
    return frozenset({world.paint, *FOLLOWED, *sites}) & frozenset(QUANTITIES)


def _follow(world: World, ports: Ports, now_s: float) -> World:
    """Ask sim for what is shown; what is no longer followed would grow old unseen, and is forgotten."""
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
        ports.scenery = Scenery(ports.view, hello, roster, cap_bytes=ports.cap_bytes)
        world = replace(world, camera=None)
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
    world: World, ports: Ports, events: tuple[Event, ...], pointer: tuple[float, float] | None, dt_s: float
) -> tuple[World, list[commands.Command]]:
    """Move the camera by keys and pointer."""
    if world.camera is None or world.stage.hello is None:
        return world, []
    ports.hand, camera, wanted = hand.take(
        ports.hand, world.camera, [(e.kind, e.name) for e in events], pointer, dt_s=dt_s,
        ground_m=world.stage.hello.ground_m, over_panel=ports.ui.wants_pointer, typing=ports.ui.wants_keys,
    )  # fmt: skip
    return replace(world, camera=camera), wanted


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
    scenery.tiles(camera, ports.window.size)
    if world.paint in stage.blocks or not scenery.painted or now_s - ports.repainted_s > REPAINT_S:
        scenery.paint(levels, legend)
    scenery.install(stage.blocks.get("pv_peak_w"))
    if stage.roster is not None:
        power, loading = stage.blocks.get("line_w"), stage.blocks.get("line_loading")
        flows = pulse.flows(power, loading, stage.roster, world.shown.time_s)
        scenery.pulse(flows, dt_s=dt_s, now_s=now_s, still=world.panel.still)
    scenery.run(stage.blocks, legend, world.shown.time_s, night=now.night, dt_s=dt_s)
    scenery.under(world.panel.under)
    scenery.shine(now)
    ports.view.look(camera, scenery.hello.ground_m)


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
    return wanted


def _obey(world: World, wanted: list[commands.Command], now_s: float, sender: str) -> tuple[World, list[Wish]]:
    """Apply commands in order."""
    wishes: list[Wish] = []
    for command in wanted:
        world, more = commands.apply(world, command, now_s=now_s, sender=sender)
        wishes += more
    return world, wishes
