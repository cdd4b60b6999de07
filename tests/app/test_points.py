"""Points and lines of tiles made by others, on the screen: how wide they are, and the colours of a style."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from foreign_stand import SIZE, UNLIT, at, hue, quad

from app.tiles.mesh import AlphaMode, Mesh


def test_points_grow_as_the_eye_comes_near_and_lines_are_there(screen) -> None:
    def cloud(y: float) -> Mesh:
        return quad(replace(UNLIT, base_color=(1, 0, 0, 1)), y=y, walls=np.zeros(0, np.uint32), dot_px=8.0,
                    dots=np.arange(4, dtype=np.uint32))  # fmt: skip

    def covered() -> int:
        picture = screen.draw()
        return int((picture[..., 0] - picture[..., 2] > 0.3).sum())

    screen.put(cloud(0.0))
    near = covered()
    screen.begin()
    screen.put(cloud(1000.0))
    far = covered()
    assert near > 4 * far > 0
    screen.begin()
    line = {"walls": np.zeros(0, np.uint32), "lines": np.array([0, 2], np.uint32)}
    screen.put(quad(replace(UNLIT, base_color=(1, 0, 0, 1)), **line))
    assert covered() > 30


def cloud(*slots: int, **more) -> Mesh:
    """Red points in a row, ten metres apart, three pixels wide; each with a slot."""
    n = len(slots)
    place = np.array([(10.0 * (k - (n - 1) / 2), 0.0, 0.0) for k in range(n)], np.float32)
    info = np.array([(slot, 0, 0.5, 0) for slot in slots], np.float32)
    fields = {"position": place, "normal": np.zeros((n, 3), np.float32), "info": info, "walls": np.zeros(0, np.uint32),
              "dots": np.arange(n, dtype=np.uint32), "dot_px": 1.0}  # fmt: skip
    return quad(more.pop("look", replace(UNLIT, base_color=(1, 0, 0, 1))), **(fields | more))


def discs(picture: np.ndarray, bare: np.ndarray, count: int) -> list[int]:
    """Pixels that `count` points in a row cover, each in its part of the picture."""
    changed = np.abs(picture - bare).max(axis=2) > 0.1
    per_m = SIZE[0] / (2 * 40.0 * np.tan(np.radians(24.0)))
    edges = [round(SIZE[0] / 2 + 10.0 * per_m * (k - count / 2)) for k in range(count + 1)]
    return [int(changed[:, max(a, 0) : b].sum()) for a, b in pairwise(edges)]


def test_points_are_as_many_pixels_wide_as_a_style_says(screen) -> None:
    bare = screen.draw()
    screen.put(cloud(1, 2, 3))
    plain = discs(screen.draw(), bare, 3)
    white = np.ones((4, 4), np.float32)
    screen.town.dress(white, np.array([0, 4, 10, 20], np.float32))
    areas = np.array(discs(screen.draw(), bare, 3))
    assert areas == pytest.approx(np.pi / 4 * np.array([16, 100, 400]), rel=0.2)
    screen.town.dress(white, np.array([0, 0, 10, 0], np.float32))
    some = discs(screen.draw(), bare, 3)
    assert [some[0], some[2]] == [plain[0], plain[2]], "of these the style does not speak"
    screen.town.dress(None)
    assert discs(screen.draw(), bare, 3) == plain


def test_points_of_one_pixel_are_all_there(screen) -> None:
    bare = screen.draw()
    rng = np.random.default_rng(2)
    place = np.stack([rng.uniform(-15, 15, 60), np.zeros(60), rng.uniform(-15, 15, 60)], axis=1).astype(np.float32)
    screen.put(cloud(*[1] * 60, position=place))
    screen.town.dress(np.ones((2, 4), np.float32), np.array([0, 1], np.float32))
    covered = int((np.abs(screen.draw() - bare).max(axis=2) > 0.1).sum())
    assert 55 <= covered <= 66, "one pixel each; two may share one"


def test_points_take_the_colour_of_a_style_in_place_of_their_own(screen) -> None:
    screen.put(cloud(1, 2, 3))
    dyed = np.array([[1, 1, 1, 1], [0, 0, 1, 1], [0, 0, 1, 1], [1, 1, 1, 0]], np.float32)
    screen.town.dress(dyed, np.array([0, 112, 12, 112], np.float32))
    picture = screen.draw()
    assert hue(at(picture, -10, 0)) == "b"
    assert at(picture, 0, 0).max() < 0.2, "red times blue"
    assert at(picture, 10, 0) == pytest.approx(at(picture, 15, 0), abs=0.05), "hidden"


@pytest.mark.parametrize("own", [False, True])
def test_points_may_be_translucent_by_their_own_or_by_a_style(screen, own: bool) -> None:
    sky = at(screen.draw(), 0, 0)
    look = replace(UNLIT, base_color=(1, 0, 0, 0.5), alpha_mode=AlphaMode.BLEND) if own else UNLIT
    screen.put(cloud(1, look=look, dot_px=12.0))
    if not own:
        screen.town.dress(np.array([[1, 1, 1, 1], [1, 0, 0, 0.5]], np.float32), np.array([0, 112], np.float32))
    half = at(screen.draw(), 0, 0)
    assert hue(half) == "r" and half[2] == pytest.approx(sky[2] / 2, abs=0.1)
