"""What a viewer remembers between two starts: size of text, and the stored views of every district.

One small file in the state folder. Where it cannot be read or written nothing is remembered, and nobody is bothered:
no picture depends on it.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import numpy as np

from app.camera import Camera
from network.keys import state_folder
from network.problems import Refused

FILE = "viewer.json"
LEAST_SCALE, LARGEST_SCALE = 0.6, 2.5
"""Limits of the size of text."""
_MOST_DISTRICTS = 50


class View(msgspec.Struct, frozen=True):
    """A stored camera."""

    eye_m: tuple[float, float, float]
    heading_rad: float
    pitch_rad: float
    reach_m: float
    flying: bool = False


class Memory(msgspec.Struct, frozen=True):
    """All of the file."""

    scale: float = 1.0
    """Size of text and panels."""
    views: dict[str, dict[int, View]] = {}
    """By district, and by the number of the key."""


def recall() -> Memory:
    """What was kept; the defaults where nothing was, or nothing that can be understood."""
    try:
        found = msgspec.json.decode((state_folder() / FILE).read_bytes(), type=Memory)
    except (OSError, Refused, msgspec.DecodeError):
        return Memory()
    return found if LEAST_SCALE <= found.scale <= LARGEST_SCALE else msgspec.structs.replace(found, scale=1.0)


def keep(memory: Memory) -> None:
    """Write it; where that is not possible, do not."""
    try:
        path = state_folder() / FILE
        beside = path.with_suffix(".new")
        beside.write_bytes(msgspec.json.format(msgspec.json.encode(memory), indent=1))
        beside.replace(path)
    except (OSError, Refused):
        pass


def view_of(camera: Camera) -> View:
    """A camera as it is kept."""
    x, y, z = (float(v) for v in camera.eye_m)
    return View((x, y, z), float(camera.heading_rad), float(camera.pitch_rad), float(camera.reach_m), camera.flying)


def with_views(memory: Memory, district: str, views: Mapping[int, Camera]) -> Memory:
    """`memory` with the views of a district; the districts that were longest ago give way."""
    mine = {number: view_of(camera) for number, camera in views.items()}
    others = {name: kept for name, kept in memory.views.items() if name != district}
    newest = dict(list(others.items())[-_MOST_DISTRICTS + 1 :])
    return msgspec.structs.replace(memory, views={**newest, district: mine} if mine else newest)


def views_of(memory: Memory, district: str) -> dict[int, Camera]:
    """The stored cameras of a district."""
    return {
        number: Camera(np.array(v.eye_m), v.heading_rad, v.pitch_rad, v.reach_m, v.flying)
        for number, v in memory.views.get(district, {}).items()
    }
