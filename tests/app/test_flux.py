"""What the streets say, in real pictures: comets run with the power, too much is hatched, the legend is the picture."""

from dataclasses import replace
from itertools import pairwise

import msgspec
import numpy as np
import pytest
from toytown import Feed, write_tileset

from app import paint
from app.camera import looking_at
from app.frame import Ports, frame
from app.gpu.overlay import Overlay
from app.gpu.view import View
from app.gpu.window import Window
from app.ui import legend as legends
from app.ui.backend import Panels
from app.world import Panel, Shown, Stage, World
from network.schema import FluxBlock

SIZE = (480, 270)
LENGTH_M = 160.0


class OneStreet(Feed):
    """A house on either side of one straight cable, whose substation end is in the west."""

    line_w = 0.0
    loading = 0.2
    flux = 0.0
    sun = 0.0

    def roster(self):
        ends = np.array([[-LENGTH_M / 2, 0.0, 0.0], [LENGTH_M / 2, 0.0, 0.0]])
        return msgspec.structs.replace(
            super().roster(), line_ids=("only",), line_kind=("cable",), line_rating_w=np.array([100e3]),
            vertex_start=np.array([0, 2]), vertices_m=ends, ranges={"surplus_w_m2": 50.0, "line_w": 100e3},
        )  # fmt: skip

    def blocks(self):
        first_s = self.key.first_step * 3600.0
        mine = {"line_w": (1, self.line_w), "line_loading": (1, self.loading), "surplus_w_m2": (2, self.flux),
                "roof_sun_j_m2": (2, self.sun), "facade_sun_j_m2": (2, self.sun)}  # fmt: skip
        kept = [b for b in super().blocks() if b.quantity not in mine]
        return kept + [
            FluxBlock("a", name, self.key, 3600.0, first_s, np.full((26, n), value, np.float32))
            for name, (n, value) in mine.items()
        ]


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    rows = [(0.0, 40.0, 60.0, 30.0, 8.0, 0.0, 0.0), (0.0, -40.0, 60.0, 30.0, 8.0, 0.0, 0.0)]
    ids = ["north", "south"]
    feed = OneStreet(write_tileset(tmp_path_factory.mktemp("tiles"), rows, ids), rows, ids)
    window = Window(SIZE, offscreen=True, finish=True)
    ports = Ports(feed, window, View(window), Panels(), Overlay(window))
    yield feed, ports
    if ports.scenery:
        ports.scenery.close()
    window.close()


ABOVE = looking_at(np.array([0.0, 0.0, 0.0]), distance_m=150.0, heading_rad=0.0, pitch_rad=1.55)


def film(
    stage, frames: int, *, dt_s: float, panel: Panel | None = None, shown: str = "surplus_w_m2", hour: float = 13.0,
    camera=ABOVE,
):  # fmt: skip
    """Pictures [frame, y, x, 3] of the street, from above if nothing else is said, 0..1, `dt_s` apart."""
    feed, ports = stage
    feed.time_s, feed._fresh = (171 * 24 + hour) * 3600.0, True
    world = World(Stage(), Shown(feed.time_s), camera, panel or Panel(hidden=True), shown)
    for k in range(60):
        world = frame(replace(world, camera=camera), ports, now_s=100.0 + k, dt_s=dt_s)
        if k > 4 and ports.scenery and ports.scenery.settled:
            break
    pictures = []
    for k in range(frames):
        world = frame(replace(world, camera=camera), ports, now_s=200.0 + k, dt_s=dt_s)
        pictures.append(ports.window.pixels()[:, :, :3].astype(float) / 255)
    return np.array(pictures)


def moved_px(pictures) -> float:
    """How far the brightness along the street's middle went eastward between pictures, by correlation."""
    rows = pictures[:, SIZE[1] // 2, 60:-60].sum(axis=2)
    rows -= rows.mean(axis=1, keepdims=True)
    shifts = np.arange(-8, 9)
    total = [sum(float((np.roll(a, s) * b)[20:-20].sum()) for a, b in pairwise(rows)) for s in shifts]
    return float(shifts[int(np.argmax(total))])


@pytest.mark.parametrize(("watts", "way"), [(60e3, 1), (-60e3, -1)])
def test_comets_run_from_who_gives_to_who_takes(stage, watts: float, way: int) -> None:
    stage[0].line_w, stage[0].loading = watts, 0.6
    pictures = film(stage, 6, dt_s=0.1)
    assert np.sign(moved_px(pictures)) == way, "east is away from the substation"
    red, _, blue = pictures[0, SIZE[1] // 2, 60:-60].mean(axis=0)
    assert (red > blue + 0.1) if way > 0 else (blue > red + 0.1), "orange comes from the substation, blue goes to it"


def test_in_reduced_motion_nothing_runs_and_the_v_still_points(stage) -> None:
    stage[0].line_w, stage[0].loading = 60e3, 0.6
    pictures = film(stage, 3, dt_s=0.1, panel=Panel(hidden=True, still=True))
    assert np.abs(np.diff(pictures, axis=0)).max() < 2.5 / 255
    street = pictures[0, SIZE[1] // 2 - 1 : SIZE[1] // 2 + 2, 60:-60].mean(axis=0)
    assert street[:, 2].std() > 0.03, "comets are there"


def test_the_wider_the_ribbon_the_more_power(stage) -> None:
    def painted_rows(watts: float) -> int:
        stage[0].line_w, stage[0].loading = watts, abs(watts) / 100e3
        column = film(stage, 1, dt_s=0.0)[0][SIZE[1] // 2 - 25 : SIZE[1] // 2 + 25, 60:-60].mean(axis=1)
        return int((np.ptp(column, axis=1) > 0.15).sum())

    little, much = painted_rows(-4e3), painted_rows(-95e3)
    assert much >= little + 2 > 2


def test_more_than_it_may_carry_is_a_hatch_in_black_and_white(stage) -> None:
    def casing(loading: float):
        """Darkest and brightest of what lies beside the ribbon's middle."""
        stage[0].line_w, stage[0].loading = -80e3, loading
        picture = film(stage, 1, dt_s=0.0)[0]
        grey = picture[SIZE[1] // 2 - 14 : SIZE[1] // 2 + 15, 100:-100]
        colourless = np.ptp(grey, axis=2) < 0.06
        return grey.mean(axis=2)[colourless]

    calm, alarm = casing(0.99), casing(1.08)
    assert calm.min() > 0.4, "a pale casing"
    assert (alarm < 0.25).sum() > 60 and (alarm > 0.8).sum() > 60


def test_what_cannot_carry_its_power_is_black_and_white_blocks_and_what_has_no_source_is_neither(stage) -> None:
    def ribbon(loading: float):
        stage[0].line_w, stage[0].loading = 0.0, loading
        return film(stage, 1, dt_s=0.0, shown=paint.LOADING)[0][SIZE[1] // 2, 60:-60]

    empty, cannot = ribbon(0.0), ribbon(np.nan)
    assert empty.mean(axis=1).min() > 0.45, "sand"
    grey = cannot.mean(axis=1)
    assert (grey < 0.3).mean() > 0.25 and (grey > 0.75).mean() > 0.25
    assert np.ptp(cannot, axis=1).max() < 0.12, "no colour: that would be an amount"
    stage[0].loading = 0.2


def test_sun_on_walls_paints_walls_and_sun_on_roofs_paints_roofs(stage) -> None:
    camera = looking_at(np.array([0.0, 40.0, 4.0]), distance_m=80.0, heading_rad=0.0, pitch_rad=0.6)

    def coloured(shown: str):
        """Which pixels much sun changes."""
        pictures = []
        for stage[0].sun in (0.0, 1e10):
            pictures.append(film(stage, 1, dt_s=0.0, shown=shown, camera=camera)[0])
        stage[0].sun = 0.0
        return np.abs(pictures[1] - pictures[0]).max(axis=2) > 0.08

    walls, roofs = coloured("facade_sun_j_m2"), coloured("roof_sun_j_m2")
    assert walls.sum() > 2000 and roofs.sum() > 2000
    assert (walls & roofs).sum() < 0.02 * min(walls.sum(), roofs.sum())
    rows = np.arange(SIZE[1])
    assert np.average(rows, weights=roofs.sum(axis=1)) < np.average(rows, weights=walls.sum(axis=1)), "roofs are above"


def test_loading_as_a_paint_leaves_houses_paper_and_goes_from_sand_to_near_black(stage) -> None:
    stage[0].flux = 40.0
    stage[0].line_w, stage[0].loading = -80e3, 0.05
    idle = film(stage, 1, dt_s=0.0, shown=paint.LOADING)[0]
    roof = idle[8:40, 170:310].reshape(-1, 3)
    assert np.ptp(roof.mean(axis=0)) < 0.13, "paper, whatever the houses give"
    stage[0].loading = 0.98
    full = film(stage, 1, dt_s=0.0, shown=paint.LOADING)[0]
    middle = SIZE[1] // 2
    sand, dark = (p[middle, 60:-60].mean(axis=0) for p in (idle, full))
    assert sand[0] > sand[2] + 0.08, "sand"
    assert dark.mean() < sand.mean() - 0.3
    stage[0].flux = 0.0


def hue_rad(rgb) -> float:
    """Hue of an sRGB colour, as an angle."""
    r, g, b = rgb
    return float(np.arctan2(np.sqrt(3) * (g - b), 2 * r - g - b))


@pytest.mark.parametrize("hour", [13.0, 1.0])
@pytest.mark.parametrize("flux", [-45.0, -8.0, 8.0, 45.0])
def test_a_painted_roof_has_the_hue_of_its_place_on_the_legend(stage, hour: float, flux: float) -> None:
    stage[0].flux = flux
    picture = film(stage, 1, dt_s=0.0, hour=hour)[0]
    night = stage[1].scenery is not None and hour < 4
    shown = legends.shade(paint.legend("surplus_w_m2", {"surplus_w_m2": 50.0}), flux / 50.0, night=float(night))
    roof = picture[8:40, 170:310].reshape(-1, 3).mean(axis=0)
    apart = (hue_rad(roof) - hue_rad(shown[:3]) + np.pi) % (2 * np.pi) - np.pi
    # a moon is blue: by night orange may lean a little, but never as far as another colour
    assert abs(np.degrees(apart)) < (22.0 if night else 14.0), np.degrees(apart)
    stage[0].flux = 0.0


def test_under_the_streets_the_ground_is_dim_and_the_cable_as_before(stage) -> None:
    stage[0].line_w, stage[0].loading = -80e3, 0.5
    over, under = (film(stage, 1, dt_s=0.0, panel=Panel(hidden=True, under=on))[0] for on in (False, True))
    beside = slice(SIZE[1] // 2 + 20, SIZE[1] // 2 + 40)
    assert under[beside].mean() < over[beside].mean() - 0.2
    assert np.ptp(under[beside].mean(axis=(0, 1))) < 0.08, "nearly without colour"
    middle = SIZE[1] // 2
    assert np.abs(under[middle, 60:-60] - over[middle, 60:-60]).max() < 3 / 255
