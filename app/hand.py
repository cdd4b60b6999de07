"""Keys and pointer into camera moves and commands: the key map, and nothing else.

What panels want for themselves never reaches the camera.
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
    GoTo,
    NextPaint,
    NorthUp,
    Pause,
    Picture,
    RedoLayers,
    Run,
    Scale,
    SwitchFlying,
    ToggleHelp,
    ToggleStill,
    ToggleUnder,
    UndoLayers,
)

TURN_RAD_PX = 0.005
"""Turn of the camera per pixel of a drag."""


@dataclass(frozen=True)
class Hand:
    """What is held down, and where the pointer was."""

    held: frozenset[str] = frozenset()
    pointer: tuple[float, float] | None = None
    dragging: str = ""
    """Mouse button whose drag began on the scene."""


KEYS: dict[str, Command] = {
    "home": GoTo("home"), "t": GoTo("top"), "g": GoTo("street"), "n": NorthUp(), "tab": SwitchFlying(),
    "space": Pause(), "p": NextPaint(), "u": ToggleUnder(),
    "f1": ToggleHelp(), "?": ToggleHelp(), "/": ToggleHelp(), "f12": Picture(), "escape": Close(),
    **{str(k + 1): Run(speed) for k, (speed, _) in enumerate(pace.PACES)},
}  # fmt: skip
CONTROL_KEYS: dict[str, Command] = {
    "z": UndoLayers(), "y": RedoLayers(), "=": Scale(1.1), "+": Scale(1.1), "-": Scale(1 / 1.1), "0": Scale(0.0),
    "m": ToggleStill(),
}  # fmt: skip
_DRAGS = ("mouse1", "mouse2", "mouse3")


def take(
    hand: Hand, camera: Camera, events: Sequence[tuple[str, str]], pointer: tuple[float, float] | None, *,
    dt_s: float, ground_m: float, over_panel: bool, typing: bool,
) -> tuple[Hand, Camera, list[Command]]:  # fmt: skip
    """The hand's state, the camera and the commands after this frame's `events` (down | up, name)."""
    commands: list[Command] = []
    for kind, name in events:
        name = _plain(name)
        if kind == "up":
            hand = replace(hand, held=hand.held - {name}, dragging="" if name == hand.dragging else hand.dragging)
        elif kind == "down":
            hand = replace(hand, held=hand.held | {name})
            if name in _DRAGS:
                hand = replace(hand, dragging="" if over_panel else name)
            elif name in ("wheel_up", "wheel_down"):
                hand = replace(hand, held=hand.held - {name})
                camera = camera if over_panel else cameras.zoom(camera, steps=1.0 if name == "wheel_up" else -1.0)
            elif not typing:
                commands += _command(hand, name)
        elif kind == "close":
            hand = Hand()
    camera = _drag(hand, camera, pointer)
    hand = replace(hand, pointer=pointer)
    if not typing and "control" not in hand.held:
        camera = _move(hand, camera, dt_s, ground_m)
    return hand, cameras.above_ground(camera, ground_m), commands


def _command(hand: Hand, name: str) -> list[Command]:
    if "control" in hand.held:
        if name == "z" and "shift" in hand.held:
            return [RedoLayers()]
        return [CONTROL_KEYS[name]] if name in CONTROL_KEYS else []
    return [KEYS[name]] if name in KEYS else []


def _drag(hand: Hand, camera: Camera, pointer: tuple[float, float] | None) -> Camera:
    if not hand.dragging or pointer is None or hand.pointer is None:
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
    return cameras.fly(camera, way, seconds=min(dt_s, 0.1), ground_m=ground_m, fast="shift" in hand.held)


def _plain(name: str) -> str:
    """Left and right of a modifier are one key."""
    return {"lcontrol": "control", "rcontrol": "control", "lshift": "shift", "rshift": "shift"}.get(name, name)
