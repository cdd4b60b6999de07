"""Panels over the picture: what stands still is not made again, what changes is seen at once."""

from dataclasses import replace

import numpy as np
import pytest
from panel_stand import SIZE, draw

from app import paint
from app.gpu.overlay import Overlay
from app.gpu.window import Window
from app.ui.backend import Panels
from app.world import World


@pytest.fixture(scope="module")
def window():
    made = Window(SIZE, offscreen=True, finish=True)
    yield made
    made.close()


def test_panels_that_stand_still_are_kept_and_a_change_is_seen_at_once(
    window: Window, ui: Panels, world: World
) -> None:
    overlay = Overlay(window)

    def picture(shown: World):
        painted = draw(ui, shown)[1]
        overlay.draw(painted.lists, painted.pictures)
        window.render()
        geoms = [overlay._node.get_geom(k) for k in range(overlay._node.get_num_geoms())]
        return window.pixels()[:, :, :3].astype(int), geoms

    for _ in range(3):  # pictures of the letters come with the first frames
        picture(world)
    before, geoms = picture(world)
    same, kept = picture(world)
    assert (same == before).all() and [g.this for g in kept] == [g.this for g in geoms]
    loading, _ = picture(replace(world, paint=paint.LOADING))
    assert (np.abs(loading - before).max(axis=2) > 30).sum() > 500, "another legend"
    for _ in range(2):
        back, _ = picture(world)
    assert (back == before).all()
