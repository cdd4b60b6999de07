"""Keys and pointer into camera moves and commands: the key map, and nothing else.

What panels want for themselves never reaches the camera. A press of the left button that goes nowhere is a click.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from app import camera as cameras
from app import pace
from app.camera import Camera
from app.commands import (
    Close,
    Command,
    FrameSelection,
    GoTo,
    NextPaint,
    NorthUp,
    Pause,
    Picture,
    RecallView,
    RedoLayers,
    Run,
    Scale,
    Step,
    StoreView,
    SwitchFlying,
    ToggleFull,
    ToggleHelp,
    ToggleHud,
    ToggleSides,
    ToggleStill,
    ToggleUnder,
    Touch,
    UndoLayers,
)

TURN_RAD_PX = 0.005
"""Turn of the camera per pixel of a drag."""
STILL_PX = 4.0
"""A press that moves less is a click."""
TWICE_S = 0.35
"""Two clicks within are one double click."""


@dataclass(frozen=True)
class Hand:
    """What is held down, and where the pointer was."""

    held: frozenset[str] = frozenset()
    pointer: tuple[float, float] | None = None
    dragging: str = ""
    """Mouse button whose drag began on the scene."""
    pressed: tuple[float, float] | None = None
    """Where the left button went down on the scene."""
    clicked_s: float = 1e9
    """Time since the last click."""
    pace: float = 1.0
    """Factor on the speed of flying, by the wheel while the right button is held."""


@dataclass(frozen=True)
class Keys:
    """One row of the key map: what the help says, and what the keys do."""

    label: str
    what: str
    does: tuple[tuple[str, Command], ...] = ()
    """(name, command); `control-` and `shift-` before the name."""


KEYMAP: tuple[Keys, ...] = (
    Keys("Click, double click", "choose, go there"),
    Keys("Drag, middle drag", "turn around what you look at; Shift slides"),
    Keys("Right drag", "look around; the wheel then changes the speed"),
    Keys("Wheel", "closer, farther, at the pointer"),
    Keys("W A S D, Q E", "move, down and up; Shift is faster"),
    Keys("F", "frame what is chosen", (("f", FrameSelection()),)),
    Keys("Home, T, G", "whole district, from above, into the streets",
         (("home", GoTo("home")), ("t", GoTo("top")), ("g", GoTo("street")))),
    Keys("N", "north up", (("n", NorthUp()),)),
    Keys("Tab", "orbit or fly", (("tab", SwitchFlying()),)),
    Keys("Ctrl 1 … 9", "back to a view; with Shift keep it",
         tuple(("control-" + str(k), RecallView(k)) for k in range(1, 10))
         + tuple(("control-shift-" + str(k), StoreView(k)) for k in range(1, 10))),
    Keys("Space", "pause", (("space", Pause()),)),
    Keys(", and .", "a step back, a step on", ((",", Step(-1)), (".", Step(1)))),
    Keys("1 2 3 4", "speeds of time", tuple((str(k + 1), Run(speed)) for k, (speed, _) in enumerate(pace.PACES))),
    Keys("P", "colour by the next quantity", (("p", NextPaint()),)),
    Keys("H", "hide the panels at the sides, or show them", (("h", ToggleSides()),)),
    Keys("U", "look under the streets", (("u", ToggleUnder()),)),
    Keys("Ctrl Z, Ctrl Y", "undo, redo (also Ctrl Shift Z)",
         (("control-z", UndoLayers()), ("control-shift-z", RedoLayers()), ("control-y", RedoLayers()))),
    Keys("Ctrl +, −, 0", "size of text",
         (("control-=", Scale(1.1)), ("control-+", Scale(1.1)), ("control-shift-=", Scale(1.1)),
          ("control--", Scale(1 / 1.1)), ("control-0", Scale(0.0)))),
    Keys("Ctrl M", "reduced motion", (("control-m", ToggleStill()),)),
    Keys("F3", "figures of frames and tiles, and what failed", (("f3", ToggleHud()),)),
    Keys("F11", "whole screen", (("f11", ToggleFull()),)),
    Keys("F12", "save a picture", (("f12", Picture()),)),
    Keys("F1 or ?", "this help", (("f1", ToggleHelp()), ("?", ToggleHelp()), ("/", ToggleHelp()),
                                  ("shift-/", ToggleHelp()))),
    Keys("Esc", "close what is open; never the program", (("escape", Close()),)),
)  # fmt: skip
KEYS: dict[str, Command] = {name: command for row in KEYMAP for name, command in row.does}
_DRAGS = ("mouse1", "mouse2", "mouse3")


def take(
    hand: Hand, camera: Camera, events: Sequence[tuple[str, str]], pointer: tuple[float, float] | None, *,
    dt_s: float, ground_m: float, over_panel: bool, typing: bool, size: tuple[int, int] = (1280, 720),
) -> tuple[Hand, Camera, list[Command]]:  # fmt: skip
    """The hand's state, the camera and the commands after this frame's `events` (down | up, name)."""
    commands: list[Command] = []
    hand = replace(hand, clicked_s=hand.clicked_s + dt_s)
    for kind, name in events:
        name = _plain(name)
        if kind == "up":
            hand, more = _released(hand, name, pointer)
            commands += more
        elif kind == "down":
            hand = replace(hand, held=hand.held | {name})
            if name in _DRAGS:
                pressed = pointer if name == "mouse1" and not over_panel else None
                hand = replace(hand, dragging="" if over_panel else name, pressed=pressed)
            elif name in ("wheel_up", "wheel_down"):
                hand = replace(hand, held=hand.held - {name})
                if not over_panel:
                    hand, camera = _wheel(hand, camera, 1.0 if name == "wheel_up" else -1.0, pointer, size, ground_m)
            elif not typing:
                commands += _command(hand, name)
        elif kind == "close":
            hand = Hand()
    camera = _drag(hand, camera, pointer)
    hand = replace(hand, pointer=pointer)
    if not typing and "control" not in hand.held:
        camera = _move(hand, camera, dt_s, ground_m)
    return hand, cameras.above_ground(camera, ground_m), commands


def _released(hand: Hand, name: str, pointer: tuple[float, float] | None) -> tuple[Hand, list[Command]]:
    """A button or key let go; the left button in place is a click."""
    dragging = "" if name == hand.dragging else hand.dragging
    after = replace(hand, held=hand.held - {name}, dragging=dragging)
    if name != "mouse1":
        return after, []
    pressed, after = hand.pressed, replace(after, pressed=None)
    if pressed is None or pointer is None or max(abs(pointer[0] - pressed[0]), abs(pointer[1] - pressed[1])) > STILL_PX:
        return after, []
    return replace(after, clicked_s=0.0), [Touch(pointer, hand.clicked_s < TWICE_S)]


def _wheel(
    hand: Hand, camera: Camera, steps: float, pointer: tuple[float, float] | None, size: tuple[int, int],
    ground_m: float,
) -> tuple[Hand, Camera]:  # fmt: skip
    """The wheel: closer to what is under the pointer; with the right button held another speed."""
    if "mouse3" in hand.held:
        return replace(hand, pace=float(np.clip(hand.pace * 1.25**steps, 0.1, 10.0))), camera
    toward = cameras.ground_under(camera, pointer, size, ground_m) if pointer is not None else None
    return hand, cameras.zoom(camera, steps=steps, toward=toward)


def _command(hand: Hand, name: str) -> list[Command]:
    control, shift = "control" in hand.held, "shift" in hand.held
    chord = ("control-" if control else "") + ("shift-" if shift else "") + name
    if chord in KEYS:
        return [KEYS[chord]]
    return [KEYS[name]] if not control and name in KEYS else []


def _drag(hand: Hand, camera: Camera, pointer: tuple[float, float] | None) -> Camera:
    if not hand.dragging or pointer is None or hand.pointer is None:
        return camera
    if hand.pressed is not None:
        moved = max(abs(pointer[0] - hand.pressed[0]), abs(pointer[1] - hand.pressed[1]))
        if moved <= STILL_PX:  # still a click
            return camera
    dx, dy = (pointer[0] - hand.pointer[0]) * TURN_RAD_PX, (pointer[1] - hand.pointer[1]) * TURN_RAD_PX
    if hand.dragging == "mouse3" or camera.flying:
        return cameras.look(camera, turn_rad=dx * 0.7, tilt_rad=dy * 0.7)
    if "shift" in hand.held:
        slide = camera.reach_m * 0.25
        return cameras.drag(camera, right_m=-dx * slide, forward_m=dy * slide)
    return cameras.orbit(camera, turn_rad=dx, tilt_rad=dy)


def _move(hand: Hand, camera: Camera, dt_s: float, ground_m: float) -> Camera:
    def axis(plus: str, minus: str) -> float:
        return float(plus in hand.held) - float(minus in hand.held)

    way = np.array([axis("d", "a"), axis("w", "s"), axis("e", "q")])
    if not way.any():
        return camera
    fast = "shift" in hand.held
    return cameras.fly(camera, way, seconds=min(dt_s, 0.1), ground_m=ground_m, fast=fast, pace=hand.pace)


def _plain(name: str) -> str:
    """Left and right of a modifier are one key."""
    return {"lcontrol": "control", "rcontrol": "control", "lshift": "shift", "rshift": "shift"}.get(name, name)
