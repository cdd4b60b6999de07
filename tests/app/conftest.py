"""A toy town that a scripted sim tells of, and panels to show it: what tests of the hand and the panels begin with."""

import pytest
from foreign_stand import Screen
from toytown import Feed, houses

from app import inbox
from app.ui.backend import Panels
from app.world import Panel, Shown, Stage, World


@pytest.fixture
def ui():
    return Panels()


@pytest.fixture
def world():
    rows = houses(2)
    feed = Feed("tiles", rows, [f"b{k}" for k in range(len(rows))])
    stage = inbox.absorb(Stage(), feed.poll(), 10.0)
    return World(stage, Shown(feed.time_s), None, Panel(), "surplus_w_m2")


@pytest.fixture(scope="module")
def small_screen():
    made = Screen()
    yield made
    made.window.close()


@pytest.fixture
def screen(small_screen):
    small_screen.begin()
    return small_screen
