"""Every panel has its place: none on another, none beyond the screen, with the real catalogue, in any window."""

from dataclasses import replace

import numpy as np
import pytest
from imgui_bundle import imgui
from panel_stand import click, draw

from app import commands
from app.camera import Camera
from app.hand import KEYS
from app.pick import Picked
from app.ui import compass, layers, panels, theme
from app.ui.format import units
from network.schema import LayerChoice
from sim import layers as catalogue

SIZES = [(1280, 720), (1920, 1080), (3840, 2160), (1024, 768), (800, 600), (600, 400), (500, 900)]
CAMERA = Camera(np.array([0.0, 0.0, 60.0]), 1.0, 0.5, 300.0)


@pytest.fixture
def everything(world):
    """All kinds of the real catalogue, on, with all their dials, and a chosen house."""
    real = catalogue.wire(catalogue.CATALOGUE, 2)
    choices = tuple(LayerChoice(k.kind, {p.name: p.default for p in k.parameters}) for k in real.kinds)
    stage = replace(world.stage, catalogue=real)
    panel = replace(world.panel, draft=choices, draft_on=1, unfolded=frozenset(k.kind for k in real.kinds))
    return replace(world, stage=stage, panel=panel, selected=Picked("building", 3), camera=CAMERA)



def windows(ui, world, size) -> dict[str, tuple[float, float, float, float]]:
    """Left, top, right, bottom of the panels on the screen."""
    for _ in range(3):
        draw(ui, world, size=size)
    found = ((name, imgui.internal.find_window_by_name(name)) for name in panels.WINDOWS)
    return {n: (w.pos.x, w.pos.y, w.pos.x + w.size.x, w.pos.y + w.size.y) for n, w in found if w and w.active}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scale", [0.8, 1.0, 1.25, 2.0])
@pytest.mark.parametrize("aside", [False, True])
def test_no_panel_lies_on_another_or_beyond_the_screen(ui, everything, size, scale, aside) -> None:
    busy = replace(everything, panel=replace(everything.panel, scale=scale, aside=aside))
    found = windows(ui, busy, size)
    assert "legend" in found or "layers" in found
    for name, (left, top, right, bottom) in found.items():
        assert left >= -1 and top >= -1 and right <= size[0] + 1 and bottom <= size[1] + 1, name
        for other, b in found.items():
            apart = right <= b[0] + 1 or b[2] <= left + 1 or bottom <= b[1] + 1 or b[3] <= top + 1
            assert apart or other == name, (name, other)


def test_all_that_is_off_fits_without_scrolling_and_all_that_is_on_scrolls(ui, everything) -> None:
    off = replace(everything, panel=replace(everything.panel, draft=()), selected=None)
    rows = len(off.stage.catalogue.kinds)
    box = windows(ui, off, (1280, 720))["layers"]
    assert box[3] - box[1] < 60 + 36 * rows
    assert windows(ui, everything, (1280, 720))["layers"][3] == pytest.approx(720 - theme.GAP - 122 - 14, abs=2)


def test_costs_and_sources_are_folded_until_more_is_asked_for(ui, everything) -> None:
    few = everything.panel.draft[:1]
    folded = replace(everything, panel=replace(everything.panel, draft=few, unfolded=frozenset()), selected=None)
    bottom = windows(ui, folded, (1280, 720))["layers"][3]
    at = (theme.GAP + 18 + 306 - 36 - 26, layers.TOP + 66)
    (more,) = [c for c in click(ui, folded, at) if isinstance(c, commands.Unfold)]
    after, _ = commands.apply(folded, more, now_s=1.0, sender="me")
    assert windows(ui, after, (1280, 720))["layers"][3] > bottom + 60


def test_a_click_on_the_compass_is_north_up_and_h_puts_the_sides_away(ui, everything) -> None:
    half = compass.SIZE / 2
    made = click(ui, everything, (compass.LEFT + half, theme.GAP + half))
    assert commands.NorthUp() in made
    after, _ = commands.apply(everything, KEYS["h"], now_s=1.0, sender="me")
    assert set(windows(ui, after, (1280, 720))) & {"layers", "balance", "inspector"} == set()
    assert {"legend", "time"} <= set(windows(ui, after, (1280, 720)))


def test_a_small_window_shows_its_foot_and_by_a_key_its_sides(ui, everything) -> None:
    assert "layers" not in windows(ui, everything, (600, 400))
    after, _ = commands.apply(everything, KEYS["h"], now_s=1.0, sender="me")
    assert "layers" in windows(ui, after, (600, 400))


def test_units_of_the_catalogue_are_set_well() -> None:
    assert units("90 EUR/m2 + 2.4 per cm, 100 kg CO2e/m3, 0.035 W/mK, U in W/m2K") == (
        "90 €/m² + 2.4 per cm, 100 kg CO₂e/m³, 0.035 W/mK, U in W/m²K"
    )
