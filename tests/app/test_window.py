"""A real window, on a virtual screen: opens, draws the same picture as offscreen, hears the hand, ends cleanly."""

from pathlib import Path

import pytest
from virtual_screen import ROOT, SCRIPT, lacking, run, screen


@pytest.fixture(scope="module")
def display():
    """DISPLAY of a virtual screen of our own."""
    yield from screen(800, 600)




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
        lacking("no libXtst to move the pointer of a virtual screen (apt-get install libxtst6)")
    opening = SCRIPT.format(root=str(ROOT), here=str(Path(__file__).parent), folder=str(tmp_path)).split("options =")[0]
    # The panel is drawn at half size; the window stands in the middle of the 800 x 600 screen.
    x, y = 80 + (24 + 18 + 16) / 2, 120 + (96 + 14 + 28 + 8 + 1 + 8 + 9) / 2
    done = run(opening + HAND + TOUCH.format(x=round(x), y=round(y)), display)
    assert done.returncode == 0, done.stderr
    assert "ChooseLayers" in done.stdout and "SetPace" in done.stdout
