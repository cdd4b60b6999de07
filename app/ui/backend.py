"""Dear ImGui without a window library: plain input in, draw lists out as numpy arrays.

The arrays are copied once from imgui's memory; app/gpu/overlay.py draws them. Fonts are rasterised on demand at any
size; the atlas is handed over as a picture whenever it grew.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from imgui_bundle import imgui
from numpy.typing import NDArray

from app.ui import theme

VERTEX = np.dtype([("at", "<f4", 2), ("uv", "<f4", 2), ("rgba", "u1", 4)])


@dataclass(frozen=True)
class Batch:
    """One draw call: triangles of a list that share picture and clip rectangle."""

    index: NDArray[np.uint32]
    clip: tuple[float, float, float, float]
    """Left, top, right, bottom in pixels."""
    texture: int


@dataclass(frozen=True)
class DrawList:
    """Vertices of one window, with its batches in drawing order."""

    vertices: NDArray[np.void]
    batches: tuple[Batch, ...]


@dataclass(frozen=True)
class Painted:
    """The panels of one frame."""

    lists: tuple[DrawList, ...]
    pictures: dict[int, NDArray[np.uint8]]
    """New or changed textures, [height, width, 4] rgba."""


_KEYS = {
    "arrow_left": "left_arrow", "arrow_right": "right_arrow", "arrow_up": "up_arrow", "arrow_down": "down_arrow",
    "home": "home", "end": "end", "delete": "delete", "backspace": "backspace", "enter": "enter", "tab": "tab",
    "escape": "escape", "a": "a", "c": "c", "v": "v", "x": "x", "y": "y", "z": "z",
}  # fmt: skip
_BUTTONS = {"mouse1": 0, "mouse3": 1, "mouse2": 2}
_MODIFIERS = {"control": "mod_ctrl", "shift": "mod_shift", "alt": "mod_alt"}


class Panels:
    """The imgui context: `begin`, draw panels, `end`."""

    def __init__(self) -> None:
        self._context = imgui.create_context()
        io = imgui.get_io()
        io.set_ini_filename("")
        io.backend_flags |= imgui.BackendFlags_.renderer_has_textures | imgui.BackendFlags_.renderer_has_vtx_offset
        self.fonts = theme.fonts()
        self._next_texture = 1
        self.scale = 0.0
        self.kept: dict[str, object] = {}
        """What a panel found and may use again a moment later, by its name."""

    @property
    def wants_pointer(self) -> bool:
        """Whether the pointer is over a panel."""
        return bool(imgui.get_io().want_capture_mouse)

    @property
    def wants_keys(self) -> bool:
        """Whether text is being typed."""
        return bool(imgui.get_io().want_text_input)

    def begin(
        self,
        size: tuple[int, int],
        *,
        dt_s: float,
        scale: float,
        pointer: tuple[float, float] | None,
        events: Sequence[tuple[str, str]],
    ) -> None:
        """Start a frame; `events` are (down | up | text, name), `scale` is 1 at 720p."""
        io = imgui.get_io()
        io.display_size = imgui.ImVec2(float(size[0]), float(size[1]))
        io.delta_time = max(dt_s, 1e-4)
        if abs(scale - self.scale) > 1e-3:
            self.scale = scale
            theme.dress(scale)
        x, y = pointer if pointer is not None else (-1e9, -1e9)
        io.add_mouse_pos_event(x, y)
        for kind, name in events:
            self._feed(io, kind, name)
        imgui.new_frame()

    def end(self) -> Painted:
        """Finish the frame."""
        imgui.render()
        data = imgui.get_draw_data()
        pictures = self._pictures(data)
        lists = tuple(self._list(one) for one in data.cmd_lists)
        return Painted(lists, pictures)

    @staticmethod
    def _feed(io: imgui.IO, kind: str, name: str) -> None:
        down = kind == "down"
        if kind == "text":
            if name.isprintable():
                io.add_input_characters_utf8(name)
        elif name in _BUTTONS:
            io.add_mouse_button_event(_BUTTONS[name], down)
        elif name in ("wheel_up", "wheel_down"):
            if down:
                io.add_mouse_wheel_event(0.0, 1.0 if name == "wheel_up" else -1.0)
        elif name in _MODIFIERS:
            io.add_key_event(getattr(imgui.Key, _MODIFIERS[name]), down)
        elif name in _KEYS:
            io.add_key_event(getattr(imgui.Key, _KEYS[name]), down)

    def _pictures(self, data: imgui.ImDrawData) -> dict[int, NDArray[np.uint8]]:
        changed: dict[int, NDArray[np.uint8]] = {}
        for texture in data.textures:
            status = texture.status
            if status in (imgui.ImTextureStatus.want_create, imgui.ImTextureStatus.want_updates):
                if status == imgui.ImTextureStatus.want_create:
                    texture.set_tex_id(self._next_texture)
                    self._next_texture += 1
                pixels = texture.get_pixels_array().reshape(texture.height, texture.width, texture.bytes_per_pixel)
                changed[texture.tex_id] = np.array(pixels)
                texture.set_status(imgui.ImTextureStatus.ok)
            elif status == imgui.ImTextureStatus.want_destroy:
                texture.set_tex_id(0)
                texture.set_status(imgui.ImTextureStatus.destroyed)
        return changed

    @staticmethod
    def _list(one: imgui.ImDrawList) -> DrawList:
        vertices = _copy(one.vtx_buffer, VERTEX)
        index = _copy(one.idx_buffer, np.dtype("<u4"))
        batches = []
        for command in one.cmd_buffer:
            part = index[command.idx_offset : command.idx_offset + command.elem_count]
            if command.vtx_offset:
                part = part + np.uint32(command.vtx_offset)
            clip = command.clip_rect
            batches.append(Batch(part, (clip.x, clip.y, clip.z, clip.w), int(command.get_tex_id())))
        return DrawList(vertices, tuple(batches))


def _copy(buffer: Any, kind: np.dtype[Any]) -> NDArray[Any]:
    """An ImVector's memory as a fresh array."""
    count = buffer.size()
    if count == 0:
        return np.zeros(0, kind)
    raw = (ctypes.c_char * (count * kind.itemsize)).from_address(buffer.data_address())
    return np.frombuffer(raw, kind).copy()
