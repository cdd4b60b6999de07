"""A real window, on a virtual screen: opens, draws the same picture as offscreen, hears the hand, ends cleanly."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

SCRIPT = """
import json, sys, threading
sys.path[:0] = [{root!r}, {here!r}]
from pathlib import Path
from toytown import Feed, houses, write_tileset
from app.options import ViewOptions
from app.run import view
folder = Path({folder!r})
rows = houses(2)
ids = [str(k) for k in range(len(rows))]
tiles = write_tileset(folder / "tiles", rows, ids)
options = ViewOptions(offscreen=False, size=(480, 270), shot=str(folder / "window.png"))
view(options, "", threading.Event(), link=Feed(tiles, rows, ids))
"""


def _lacking(reason: str) -> None:
    """Skip, but fail where nothing may be skipped."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def display():
    """DISPLAY of a virtual screen of our own."""
    yield from screen(800, 600)


def screen(width: int, height: int):
    """Its name, for as long as it is asked for."""
    if shutil.which("Xvfb") is None:
        _lacking("no Xvfb for a virtual screen (apt-get install xvfb)")
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", f"{width}x{height}x24", "-nolisten", "tcp"],
        pass_fds=[write], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(write)
    number = b""
    while not number.endswith(b"\n"):
        byte = os.read(read, 1)
        if not byte:
            pytest.fail("Xvfb did not start")
        number += byte
    os.close(read)
    yield f":{number.decode().strip()}"
    server.terminate()
    server.wait(timeout=10)


def run(code: str, display: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DISPLAY": display}
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_window_draws_and_ends_with_code_0(display: str, tmp_path: Path) -> None:
    code = SCRIPT.format(root=str(ROOT), here=str(Path(__file__).parent), folder=str(tmp_path))
    done = run(code, display)
    assert done.returncode == 0, done.stderr
    from PIL import Image

    assert Image.open(tmp_path / "window.png").size == (480, 270)


def test_an_exception_with_an_open_window_does_not_abort(display: str) -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "from app.gpu.window import Window\n"
        "w = Window((64, 64), offscreen=False)\nw.render()\nraise SystemExit(3)"
    )
    assert run(code, display).returncode == 3


def test_without_a_display_a_window_is_refused_by_a_sentence() -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "from app.__main__ import main\nimport os\n"
        "os.environ.pop('DISPLAY', None)\n"
        'raise SystemExit(main([\'{"tileset": "nothing.json"}\']))'
    )
    done = run(code, "")
    assert done.returncode == 1
    assert "--offscreen" in done.stderr and "Traceback" not in done.stderr


LOST = """
from panda3d.core import GraphicsEngine
from network.problems import Refused

class Unlucky(Feed):
    def poll(self):
        if self.looks == 20:  # what a reset of the driver leaves behind: a window that is none any more
            GraphicsEngine.get_global_ptr().remove_all_windows()
        return super().poll()

try:
    view(ViewOptions(offscreen={offscreen}, size=(320, 180)), "", threading.Event(), link=Unlucky(tiles, rows, ids))
except Refused as refused:
    print(refused, file=sys.stderr)
    sys.exit(refused.code)
"""


@pytest.mark.parametrize("offscreen", [False, True])
def test_a_lost_graphics_driver_is_one_sentence_and_code_1(display: str, tmp_path: Path, offscreen: bool) -> None:
    opening = SCRIPT.format(root=str(ROOT), here=str(Path(__file__).parent), folder=str(tmp_path)).split("options =")[0]
    done = run(opening + LOST.format(offscreen=offscreen), display)
    assert done.returncode == 1, done.stderr
    assert "start the viewer again" in done.stderr and "Traceback" not in done.stderr


HAND = """
import ctypes, time
from ctypes import c_char_p, c_int, c_uint, c_ulong, c_void_p

def click(x, y):
    xlib, xtest = ctypes.CDLL("libX11.so.6"), ctypes.CDLL("libXtst.so.6")
    xlib.XOpenDisplay.restype = c_void_p
    xlib.XOpenDisplay.argtypes = [c_char_p]
    screen = c_void_p(xlib.XOpenDisplay(None))
    for step in (
        lambda: xtest.XTestFakeMotionEvent(screen, c_int(-1), c_int(x), c_int(y), c_ulong(0)),
        lambda: xtest.XTestFakeButtonEvent(screen, c_uint(1), c_int(1), c_ulong(0)),
        lambda: xtest.XTestFakeButtonEvent(screen, c_uint(1), c_int(0), c_ulong(0)),
        lambda: xtest.XTestFakeKeyEvent(screen, c_uint(65), c_int(1), c_ulong(0)),
        lambda: xtest.XTestFakeKeyEvent(screen, c_uint(65), c_int(0), c_ulong(0)),
    ):
        step()
        xlib.XFlush(screen)
        time.sleep(0.4)
"""
TOUCH = """
options = ViewOptions(offscreen=False, size=(640, 360), ui_scale=1.0)
feed, ended = Feed(tiles, rows, ids), threading.Event()
def hand():
    import time
    while feed.looks < 30:  # on a busy machine the first pictures are late
        time.sleep(0.1)
    click({x}, {y})
    ended.set()
threading.Thread(target=hand).start()
view(options, "", ended, link=feed)
print([type(w).__name__ for w in feed.wishes])
"""


def test_a_click_on_a_switch_and_the_space_bar_become_wishes(display: str, tmp_path: Path) -> None:
    """Through the X server, Panda, imgui and the commands: the whole way of the hand."""
    import ctypes.util

    if ctypes.util.find_library("Xtst") is None:
        _lacking("no libXtst to move the pointer of a virtual screen (apt-get install libxtst6)")
    opening = SCRIPT.format(root=str(ROOT), here=str(Path(__file__).parent), folder=str(tmp_path)).split("options =")[0]
    # The panel is drawn at half size; the window stands in the middle of the 800 x 600 screen.
    x, y = 80 + (24 + 18 + 16) / 2, 120 + (96 + 14 + 28 + 8 + 1 + 8 + 9) / 2
    done = run(opening + HAND + TOUCH.format(x=round(x), y=round(y)), display)
    assert done.returncode == 0, done.stderr
    assert "ChooseLayers" in done.stdout and "SetPace" in done.stdout
