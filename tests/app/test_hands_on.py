"""A real window on a virtual screen, driven by synthetic mouse and keys through a whole visit."""

import ctypes.util
from pathlib import Path

import numpy as np
from test_window import ROOT, SCRIPT, _lacking, display, run  # noqa: F401

VISIT = """
import ctypes, os, time
from ctypes import c_char_p, c_int, c_uint, c_ulong, c_void_p
os.chdir(folder)
feed, ended = Feed(tiles, rows, ids), threading.Event()
xlib, xtest = ctypes.CDLL("libX11.so.6"), ctypes.CDLL("libXtst.so.6")
xlib.XOpenDisplay.restype = c_void_p
xlib.XOpenDisplay.argtypes = [c_char_p]
def look(n=6):
    end, limit = feed.looks + n, time.monotonic() + 30
    while feed.looks < end and time.monotonic() < limit:
        time.sleep(0.02)
def hand():
    screen = c_void_p(xlib.XOpenDisplay(None))
    def done():
        xlib.XFlush(screen)
        look()
    def move(x, y):
        xtest.XTestFakeMotionEvent(screen, c_int(-1), c_int(80 + x), c_int(120 + y), c_ulong(0)); done()
    def button(down):
        xtest.XTestFakeButtonEvent(screen, c_uint(1), c_int(down), c_ulong(0)); done()
    def click(x, y):
        move(x, y); button(1); button(0)
    def key(*codes):
        for code in codes:
            xtest.XTestFakeKeyEvent(screen, c_uint(code), c_int(1), c_ulong(0)); done()
        for code in reversed(codes):
            xtest.XTestFakeKeyEvent(screen, c_uint(code), c_int(0), c_ulong(0)); done()
    look(40)
    move(330, 150)
    key(25)                                    # W: fly
    for y in range(110, 250, 10):              # pick: houses are somewhere down the middle
        click(330, y)
        if feed.asked[1] >= 0:
            break
    print("picked", feed.asked)
    click(29, 82)                              # toggle
    move(90, 108); button(1); move(130, 108); button(0)   # drag the first dial
    move(330, 150)
    key(37, 52)                                # undo: Ctrl Z
    click(450, 312)                            # scrub
    key(96)                                    # F12
    key(9)                                     # Esc
    key(65)                                    # space
    look(20)
    ended.set()
threading.Thread(target=hand).start()
view(ViewOptions(offscreen=False, size=(640, 360)), "", ended, link=feed)
print([type(w).__name__ for w in feed.wishes])
"""


def opening(folder: Path) -> str:
    return SCRIPT.format(root=str(ROOT), here=str(Path(__file__).parent), folder=str(folder)).split("options =")[0]


def test_open_fly_pick_toggle_drag_undo_scrub_picture_close(display: str, tmp_path: Path) -> None:  # noqa: F811
    if ctypes.util.find_library("Xtst") is None:
        _lacking("no libXtst to move the pointer of a virtual screen (apt-get install libxtst6)")
    done = run(opening(tmp_path) + VISIT, display)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert "picked ('building', -1)" not in done.stdout and "picked" in done.stdout
    wishes = done.stdout.splitlines()[-1]
    for wish in ("ChooseLayers", "Undo", "Seek", "SetPace"):
        assert wish in wishes, wishes
    assert list(tmp_path.glob("surplus-*.png"))


def test_a_window_and_no_window_draw_the_same(display: str, tmp_path: Path) -> None:  # noqa: F811
    from PIL import Image

    code = SCRIPT.format(root=str(ROOT), here=str(Path(__file__).parent), folder=str(tmp_path))
    pictures = []
    for offscreen in ("False", "True"):
        done = run(code.replace("offscreen=False", f"offscreen={offscreen}"), display)
        assert done.returncode == 0, done.stderr
        pictures.append(np.asarray(Image.open(tmp_path / "window.png"), np.int16))
    apart = np.abs(pictures[0] - pictures[1]).max(axis=2)
    assert apart.max() <= 2, f"{(apart > 2).sum()} pixels, {apart.max()}/255"
