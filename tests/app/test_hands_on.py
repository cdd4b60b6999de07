"""A real window over a real simulation, driven by synthetic mouse and keys through a whole visit."""

import ctypes.util
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from small_city import add, faces_of_gable, model, write
from synthetic_hand import Hand
from twins import ENVIRONMENT, ROOT, Watcher, sim_of, write_year
from virtual_screen import SCRIPT, lacking, run, screen

from app import memory
from app.camera import named, project, sights
from tools import build

SIZE = (960, 540)
S = SIZE[1] / 720
"""Scale of the panels, whose places are given at 720p."""
SWITCH, DIAL, DIAL_MORE, DAY = (58 * S, 162 * S), (133 * S, 211 * S), (185 * S, 211 * S), (1000 * S, 630 * S)
INSPECTOR = np.s_[round(30 * S) : round(60 * S), round(640 * S) : round(930 * S)]


@pytest.fixture(scope="module")
def display():
    """DISPLAY of a virtual screen that the window fills."""
    if ctypes.util.find_library("Xtst") is None:
        lacking("no libXtst to move the pointer of a virtual screen (apt-get install libxtst6)")
    yield from screen(*SIZE)


@pytest.fixture(scope="module")
def village(tmp_path_factory) -> Path:
    """Twenty gabled houses, through the importer."""
    folder = tmp_path_factory.mktemp("village")
    head = model()
    for k in range(20):
        x, y = 18.0 * (k % 5), 22.0 * (k // 5)
        add(head, f"house-{k}", faces_of_gable(x, y, x + 9, y + 10, eave=6, ridge=9),
            attributes={"yearOfConstruction": 1975, "storeysAboveGround": 2})  # fmt: skip
    write_year(folder / "year.epw")
    build.build([write(folder / "village.city.json", head)], folder / "package", crs=None, country=None, zone=None,
                name="Village", weather=folder / "year.epw", progress=lambda stage, done: None)  # fmt: skip
    return folder / "package"


class Visit:
    """`surplus run` as a user starts it, the hand before it, and a second viewer that hears what sim makes of it."""

    def __init__(self, package: Path, display: str, folder: Path) -> None:
        self.folder = folder
        self.program = subprocess.Popen(
            [sys.executable, "-m", "tools.main", "run", str(package), "--size", f"{SIZE[0]}x{SIZE[1]}"],
            cwd=folder, env={**os.environ, **ENVIRONMENT, "DISPLAY": display}, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        line, self.sim = sim_of(package)
        self.sees = Watcher(line)
        self.hand = Hand(display)
        self.window = self.hand.window("Surplus")
        self.sees.settle()

    def picture(self, within_s: float = 20.0) -> np.ndarray:
        """What F12 saves now."""
        for old in self.folder.glob("surplus-*.png"):
            old.unlink()
        end_s = time.monotonic() + within_s
        while time.monotonic() < end_s:
            self.hand.key("F12")
            for _ in range(20):
                time.sleep(0.1)
                for path in self.folder.glob("surplus-*.png"):
                    try:
                        return np.asarray(Image.open(path).convert("RGB"), np.int16)
                    except (OSError, SyntaxError):  # still being written
                        continue
        raise AssertionError(f"no picture within {within_s:.0f} s")

    def drawn(self, within_s: float = 20.0) -> np.ndarray:
        """A picture with a town in it: tiles come after the window."""
        end_s = time.monotonic() + within_s
        while time.monotonic() < end_s:
            found = self.picture()
            middle = found[SIZE[1] // 3 : SIZE[1] // 2, SIZE[0] // 3 : SIZE[0] // 2]
            if middle.std() > 12:
                return found
            time.sleep(0.3)
        return self.picture()

    def end(self) -> str:
        """What it said; its end is ours whatever happened."""
        self.sees.close()
        if self.program.poll() is None:
            self.program.terminate()
        return self.program.communicate(timeout=20)[1]


@pytest.fixture
def visit(village, display, tmp_path):
    package = shutil.copytree(village, tmp_path / "package")  # of its own, for a session is kept with it
    visit = Visit(package, display, tmp_path)
    try:
        yield visit
    finally:
        visit.end()


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def choices(visit: Visit) -> dict[str, dict[str, float]]:
    return {c.kind: dict(c.values) for c in visit.sees.scenario.choices}


def pick(visit: Visit) -> np.ndarray:
    """Click roofs until the inspector stands there; the picture that shows it."""
    hello, roster = visit.sees.newest["hello"], visit.sees.newest["roster"]
    home = named("home", sights(hello, roster), hello.ground_m, aspect=SIZE[0] / SIZE[1])
    roofs = np.asarray(roster.building_xyz_m, float) + np.outer(np.asarray(roster.building_height_m) * 0.9, [0, 0, 1])
    at = project(home, roofs, SIZE)
    free = [k for k in np.argsort(at[:, 2]) if 340 * S < at[k, 0] < 930 * S and 100 * S < at[k, 1] < 550 * S]
    for k in free[:4]:
        visit.hand.click(*at[k, :2])
        time.sleep(0.5)
        seen = visit.picture()
        if seen[INSPECTOR].mean() < 60:
            return seen
    raise AssertionError(f"no inspector after clicks on {free[:4]}")


def test_open_fly_pick_toggle_drag_undo_scrub_picture_close(visit) -> None:
    hand, sees = visit.hand, visit.sees
    hand.move(*DAY)
    first = visit.drawn()
    assert first[INSPECTOR].mean() > 60, "nothing is chosen yet"

    hand.move(SIZE[0] / 2, SIZE[1] / 2)
    hand.key("w", for_s=0.5)
    flown = visit.picture()
    middle = np.s_[150:350, 260:700]
    assert (np.abs(flown[middle] - first[middle]).max(axis=2) > 20).mean() > 0.1, "W flies"
    hand.key("Home")
    time.sleep(1.5)

    pick(visit)

    hand.click(*SWITCH)
    sees.until(lambda: "solar" in choices(visit))
    share = choices(visit)["solar"]["share"]
    revision = sees.scenario.revision

    steps = [(DIAL[0] + (DIAL_MORE[0] - DIAL[0]) * k / 6, DIAL[1]) for k in range(7)]
    hand.drag(*steps)
    sees.until(lambda: choices(visit)["solar"]["share"] > share + 0.1)
    assert sees.scenario.revision > revision
    sees.settle()

    hand.move(SIZE[0] / 2, SIZE[1] / 2)
    hand.key("Control_L", "z")
    sees.until(lambda: choices(visit)["solar"]["share"] == share)
    sees.settle()
    hand.key("Control_L", "z")
    sees.until(lambda: not choices(visit))

    hand.drag(DAY, (DAY[0] + 40, DAY[1]), (DAY[0] + 80, DAY[1]))
    left, width = (24 + 430 + 24 + 24) * S, (1280 - 24 - 430 - 24 - 24 - 48) * S
    hour = 24 * (DAY[0] + 80 - left) / width
    sees.until(lambda: abs(sees.newest["clock"].time_s / 3600 % 24 - hour) < 0.5 or sees.newest["clock"].pace != 0)
    before = sees.newest["clock"].pace
    hand.key("space")
    sees.until(lambda: (sees.newest["clock"].pace == 0) != (before == 0))

    hand.key("Control_L", "Shift_L", "1")
    assert visit.picture().shape == (SIZE[1], SIZE[0], 3)
    assert [list(views) for views in memory.recall().views.values()][-1] == [1], "a stored view is remembered"
    hand.close(visit.window)
    assert visit.program.wait(timeout=20) == 0
    assert not alive(visit.sim), "closing the window ends the simulation too"
    assert "Traceback" not in visit.end()


def test_a_window_of_one_pixel_or_8k_or_none_draws_on_when_it_is_back(visit) -> None:
    hand = visit.hand
    hand.move(*DAY)
    first = visit.drawn()
    for size in ((1, 1), (7680, 4320)):
        hand.resize(visit.window, *size)
        time.sleep(2.0)
        assert hand.place(visit.window)[2:] == size
        assert visit.program.poll() is None, visit.program.stderr.read()
    hand.resize(visit.window, *SIZE)
    time.sleep(1.0)
    hand.show(visit.window, False)
    time.sleep(1.0)
    hand.show(visit.window, True)
    again = visit.drawn()
    assert again.shape == first.shape
    panel = np.s_[round(100 * S) : round(130 * S), round(40 * S) : round(100 * S)]
    assert np.abs(again[panel] - first[panel]).mean() < 4, "panels stand where they stood"

    hand.key("F11")
    time.sleep(1.0)
    assert hand.place(visit.window) == (0, 0, *SIZE)
    hand.key("F11")
    time.sleep(0.5)
    hand.close(visit.window)
    assert visit.program.wait(timeout=20) == 0
    assert not alive(visit.sim)
    assert "Traceback" not in visit.end()


def test_a_window_and_no_window_draw_the_same(display: str, tmp_path: Path) -> None:
    code = SCRIPT.format(root=str(ROOT), here=str(Path(__file__).parent), folder=str(tmp_path))
    pictures = []
    for offscreen in ("False", "True"):
        done = run(code.replace("offscreen=False", f"offscreen={offscreen}"), display)
        assert done.returncode == 0, done.stderr
        pictures.append(np.asarray(Image.open(tmp_path / "window.png"), np.int16))
    apart = np.abs(pictures[0] - pictures[1]).max(axis=2)
    assert apart.max() <= 2, f"{(apart > 2).sum()} pixels, {apart.max()}/255"
