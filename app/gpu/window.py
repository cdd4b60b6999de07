"""The engine and where it draws: a window or an offscreen buffer, on the same path, and the hand's input as plain data.

Two traps (measured): a window that is open when Python ends aborts the process, so windows are removed in `close` and
at exit; and without `gl-finish` the time of an offscreen frame is a lie.
"""

from __future__ import annotations

import atexit
import os
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from panda3d.core import (
    ButtonThrower,
    ConfigVariableBool,
    DataGraphTraverser,
    EventQueue,
    FrameBufferProperties,
    GraphicsEngine,
    GraphicsOutput,
    GraphicsPipe,
    GraphicsPipeSelection,
    MouseAndKeyboard,
    NodePath,
    RenderState,
    Texture,
    TransformState,
    WindowProperties,
    load_prc_file_data,
)

from app.gpu import heap
from app.presets import is_software
from network.problems import Refused

NO_GL = (
    "No OpenGL was found to draw with; install it (Debian, Ubuntu: `apt-get install libgl1 libegl1`) "
    "or run without a picture (`surplus simulate`)."
)


@dataclass(frozen=True)
class Event:
    """One movement of the hand: kind is down, up, text, size, focus or close; name is Panda's plain button name."""

    kind: str
    name: str = ""


@dataclass(frozen=True)
class Input:
    """What the hand did since the last frame."""

    events: tuple[Event, ...] = ()
    pointer: tuple[float, float] | None = None
    """Pixel under the pointer, None when it is outside."""


def configure(*, finish: bool) -> None:
    """Panda's settings, before any GL; `finish` waits for the GPU at the end of each frame (honest times)."""
    lines = [
        "gl-version 3 3",
        "audio-library-name null",
        "textures-power-2 none",
        "notify-level-egldisplay fatal",
        "notify-level-display error",
        "notify-level-x11display fatal",
        "notify-level-glgsg error",
        "sync-video true",
        "gl-coordinate-system default",
        "support-threads true",
        "garbage-collect-states-rate 0.2",
        f"gl-finish {int(finish)}",
        "framebuffer-srgb false",
        "window-title Surplus",
    ]
    load_prc_file_data("surplus", "\n".join(lines))


class Window:
    """Engine, one output and its input. `closed` turns true when the user closes the window."""

    def __init__(self, size: tuple[int, int], *, offscreen: bool, finish: bool = False) -> None:
        heap.part()
        configure(finish=finish)
        self.engine = GraphicsEngine.get_global_ptr()
        self.offscreen = offscreen
        self.closed = False
        self._full = False
        self._small = size
        self.output, self.pipe = _open(self.engine, size, offscreen=offscreen)
        self.gsg = self.output.get_gsg()
        # This keeps the window, and with it the driver's context, to the end of the process: where a context went
        # earlier, the next window died while it drew.
        atexit.register(self.close)
        self.engine.open_windows()
        if not self.output.is_valid() or self.gsg is None:
            self.close()
            raise Refused(NO_GL)
        self.software = is_software(self.gsg.driver_renderer)
        """No GPU: every sample and every pixel is paid by the CPU."""
        if self.software:  # else frames queue up behind the hand, and their times mean nothing
            ConfigVariableBool("gl-finish").set_value(True)
        self._data_root = NodePath("data")
        self._traverser = DataGraphTraverser()
        if not offscreen:
            self._listen()

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.output.get_x_size(), self.output.get_y_size()

    @property
    def renderer(self) -> dict[str, str]:
        """Names of the driver: renderer and version."""
        return {"renderer": self.gsg.driver_renderer, "version": self.gsg.driver_version}

    def input(self) -> Input:
        """What happened since the last call; empty without a window."""
        if self.offscreen:
            return Input()
        self._traverser.traverse(self._data_root.node())
        events = []
        queue = EventQueue.get_global_event_queue()
        while not queue.is_queue_empty():
            event = queue.dequeue_event()
            name = event.name
            if name == "window-event":
                properties = self.output.get_properties()
                if not properties.open:
                    self.closed = True
                    events.append(Event("close"))
            elif name in ("surplus-down", "surplus-up", "surplus-text"):
                said = event.get_parameter(0)
                text = said.get_string_value() if said.is_string() else said.get_wstring_value()
                events.append(Event(name.split("-")[1], text))
        pointer = self.output.get_pointer(0)
        inside = pointer.in_window
        return Input(tuple(events), (pointer.x, pointer.y) if inside else None)

    def cover(self, on: bool) -> None:
        """Cover the whole screen without a border, or be a window again."""
        if self.offscreen or on == self._full:
            return
        self._full = on
        properties = WindowProperties()
        if on:
            self._small = self.size
        properties.set_undecorated(on)
        properties.set_origin(0, 0) if on else properties.set_origin(-2, -2)
        width, height = (self.pipe.get_display_width(), self.pipe.get_display_height()) if on else self._small
        properties.set_size(max(width, 1), max(height, 1))
        self.output.request_properties(properties)

    def render(self) -> None:
        """Draw one frame; without the GPU's work done unless `finish` was asked for.

        Raises:
            Refused: the connection to the graphics driver is lost.
        """
        if not self.closed and (not self.output.is_valid() or not self.gsg.is_valid()):
            raise Refused("The graphics driver was reset and the picture is lost; start the viewer again.")
        self.engine.render_frame()
        if not self.offscreen:
            self.engine.flip_frame()  # Panda would show it only when the next frame begins
        # Every camera and every shader input makes states; Panda frees none of them unless it is asked to.
        TransformState.garbage_collect()
        RenderState.garbage_collect()

    def pixels(self) -> NDArray[np.uint8]:
        """[height, width, 3] rgb of the last frame, top row first."""
        texture: Texture | None = self.output.get_screenshot()
        if texture is None:
            raise Refused("The picture could not be read back from the GPU; update the graphics driver.")
        raw = np.frombuffer(texture.get_ram_image_as("RGB"), np.uint8)
        return raw.reshape(texture.get_y_size(), texture.get_x_size(), 3)[::-1]

    def close(self) -> None:
        """Give everything back; harmless when repeated."""
        self.engine.remove_all_windows()

    def _listen(self) -> None:
        device = self._data_root.attach_new_node(MouseAndKeyboard(self.output, 0, "hand"))
        thrower = ButtonThrower("buttons")
        thrower.set_button_down_event("surplus-down")
        thrower.set_button_up_event("surplus-up")
        thrower.set_keystroke_event("surplus-text")
        device.attach_new_node(thrower)


def _open(engine: GraphicsEngine, size: tuple[int, int], *, offscreen: bool) -> tuple[GraphicsOutput, GraphicsPipe]:
    """Try the fitting libraries in order; the first that really opens wins."""
    selection = GraphicsPipeSelection.get_global_ptr()
    screen = bool(os.environ.get("DISPLAY")) or not sys.platform.startswith("linux")
    headless = [("eglGraphicsPipe", "p3headlessgl")] if sys.platform.startswith("linux") else []
    order = [*headless, ("", "pandagl")] if offscreen else [("", "pandagl")]
    if not offscreen and not screen:
        raise Refused("There is no display for a window; set DISPLAY or draw with --offscreen.")
    properties = WindowProperties.size(*size)
    properties.set_title("Surplus")
    flags = GraphicsPipe.BF_fb_props_optional | (
        GraphicsPipe.BF_refuse_window if offscreen else GraphicsPipe.BF_require_window
    )
    buffer = FrameBufferProperties()
    buffer.set_rgba_bits(8, 8, 8, 8)
    buffer.set_depth_bits(24)
    buffer.set_stencil_bits(8)
    if not offscreen:
        buffer.set_back_buffers(1)  # or people watch the picture being drawn
    for kind, library in order:
        pipe: Any = selection.make_module_pipe(library) if not kind else selection.make_pipe(kind, library)
        if pipe is None:
            continue
        output = engine.make_output(pipe, "surplus", 0, buffer, properties, flags)
        if output is not None:
            return output, pipe
    raise Refused(NO_GL)


def probe() -> dict[str, str]:
    """Draw a few pixels offscreen and name the driver: {renderer, version}.

    Raises:
        Refused: nothing can be drawn here.
    """
    window = Window((64, 64), offscreen=True, finish=True)
    try:
        window.output.set_clear_color((1.0, 0.5, 0.0, 1.0))
        window.output.set_clear_color_active(True)
        window.render()
        red, green, blue = (int(c) for c in window.pixels()[32, 32])
        if not (red > 250 and 120 < green < 135 and blue < 5):
            raise Refused(f"OpenGL draws the wrong colours ({red}, {green}, {blue}); update the graphics driver.")
        return window.renderer
    finally:
        window.close()
