"""A hand made of X events: pointer and keys by XTest, and what a window manager would ask of a window."""

from __future__ import annotations

import ctypes
import time
from ctypes import byref, c_char_p, c_int, c_long, c_uint, c_ulong, c_void_p
from typing import Any

BEAT_S = 0.05
"""Between two events: more than a frame, so that none is lost in the next."""


class _Message(ctypes.Structure):
    """XClientMessageEvent."""

    _fields_ = [
        ("type", c_int), ("serial", c_ulong), ("send_event", c_int), ("display", c_void_p), ("window", c_ulong),
        ("message_type", c_ulong), ("format", c_int), ("data", c_long * 5), ("padding", c_long * 20),
    ]  # fmt: skip


class Hand:
    """On the screen `display`."""

    def __init__(self, display: str) -> None:
        self._x: Any = ctypes.CDLL("libX11.so.6")
        self._test: Any = ctypes.CDLL("libXtst.so.6")
        self._x.XOpenDisplay.restype = c_void_p
        self._x.XDefaultRootWindow.restype = self._x.XInternAtom.restype = self._x.XStringToKeysym.restype = c_ulong
        self._screen = c_void_p(self._x.XOpenDisplay(c_char_p(display.encode())))
        if not self._screen:
            raise OSError(f"no display {display}")
        self._root = c_ulong(self._x.XDefaultRootWindow(self._screen))

    def _done(self, rest_s: float = BEAT_S) -> None:
        self._x.XSync(self._screen, c_int(0))
        time.sleep(rest_s)

    # ------------------------------------------------------------ pointer and keys

    def move(self, x: float, y: float) -> None:
        """Pointer to a pixel of the screen."""
        self._test.XTestFakeMotionEvent(self._screen, c_int(-1), c_int(round(x)), c_int(round(y)), c_ulong(0))
        self._done()

    def button(self, down: bool) -> None:
        """The left button."""
        self._test.XTestFakeButtonEvent(self._screen, c_uint(1), c_int(down), c_ulong(0))
        self._done()

    def click(self, x: float, y: float) -> None:
        """There, once."""
        self.move(x, y)
        time.sleep(2 * BEAT_S)
        self.button(True)
        self.button(False)

    def drag(self, *points: tuple[float, float]) -> None:
        """Press at the first point, let go at the last."""
        self.move(*points[0])
        time.sleep(2 * BEAT_S)
        self.button(True)
        for point in points[1:]:
            self.move(*point)
        self.button(False)

    def key(self, *names: str, for_s: float = BEAT_S) -> None:
        """Press these together (X's names: w, Control_L, F12, space), and let go."""
        codes = [self._x.XKeysymToKeycode(self._screen, c_ulong(self._x.XStringToKeysym(n.encode()))) for n in names]
        for code in codes:
            self._test.XTestFakeKeyEvent(self._screen, c_uint(code), c_int(1), c_ulong(0))
            self._done()
        time.sleep(for_s)
        for code in reversed(codes):
            self._test.XTestFakeKeyEvent(self._screen, c_uint(code), c_int(0), c_ulong(0))
            self._done()

    # ------------------------------------------------------------ the window

    def window(self, title: str, *, within_s: float = 30.0) -> int:
        """The number of the window of that title, once it is there."""
        end_s = time.monotonic() + within_s
        while time.monotonic() < end_s:
            parent, root, count = c_ulong(), c_ulong(), c_uint()
            children = ctypes.POINTER(c_ulong)()
            self._x.XQueryTree(self._screen, self._root, byref(root), byref(parent), byref(children), byref(count))
            for k in range(count.value):
                name = c_char_p()
                if self._x.XFetchName(self._screen, c_ulong(children[k]), byref(name)) and name.value == title.encode():
                    return int(children[k])
            time.sleep(0.1)
        raise AssertionError(f"no window {title} within {within_s:.0f} s")

    def place(self, window: int) -> tuple[int, int, int, int]:
        """x, y, width, height on the screen."""
        root, x, y, w, h, border, depth = c_ulong(), c_int(), c_int(), c_uint(), c_uint(), c_uint(), c_uint()
        self._x.XGetGeometry(self._screen, c_ulong(window), byref(root), byref(x), byref(y), byref(w), byref(h),
                             byref(border), byref(depth))  # fmt: skip
        return x.value, y.value, w.value, h.value

    def resize(self, window: int, width: int, height: int) -> None:
        """As dragging its corner would."""
        self._x.XResizeWindow(self._screen, c_ulong(window), c_uint(width), c_uint(height))
        self._done()

    def show(self, window: int, shown: bool) -> None:
        """Minimise and restore, as a window manager does it."""
        (self._x.XMapWindow if shown else self._x.XUnmapWindow)(self._screen, c_ulong(window))
        self._done()

    def close(self, window: int) -> None:
        """The cross in its corner."""
        protocols, delete = (
            self._x.XInternAtom(self._screen, name, c_int(0)) for name in (b"WM_PROTOCOLS", b"WM_DELETE_WINDOW")
        )
        message = _Message(33, 0, 1, None, window, protocols, 32, (c_long * 5)(delete, 0, 0, 0, 0))
        self._x.XSendEvent(self._screen, c_ulong(window), c_int(0), c_long(0), byref(message))
        self._done()
