"""Ribbons along the streets and what they show."""

import numpy as np
import pytest
from toytown import Feed, houses

from app import pulse
from app.terrain import terrain
from network.schema import BlockKey, FluxBlock


@pytest.fixture
def roster():
    rows = houses(2)
    return Feed(None, rows, [f"b{k}" for k in range(len(rows))]).roster()


def test_a_ribbon_lies_on_the_ground_and_keeps_its_width_around_bends(roster) -> None:
    ground = terrain(roster.building_xyz_m, (-100, -100, 100, 100), 0.0)
    r = pulse.ribbons(roster, ground)
    assert r.position[:, 2] == pytest.approx(ground.at(r.position[:, 0], r.position[:, 1]) + pulse.LIFT_M)
    width = np.linalg.norm(r.side[:, :2], axis=1)
    assert (width >= 1 - 1e-9).all() and (width <= 2 + 1e-9).all()
    assert len(r.index) % 3 == 0 and r.index.max() < len(r.position)


def test_power_from_the_substation_is_positive_and_loading_is_a_share_of_the_rating(roster) -> None:
    n = len(roster.line_ids)
    watts = np.linspace(-180e3, 180e3, n, dtype=np.float32)[None, :].repeat(2, axis=0)
    block = FluxBlock("a", "line_w", BlockKey("run", 1, 0, False), 3600.0, 0.0, watts)
    flow = pulse.flows(block, None, roster, 1800.0)
    assert flow[0, 0] == pytest.approx(-0.9) and flow[-1, 0] == pytest.approx(0.9)
    assert flow[0, 1] == pytest.approx(1.0)
    assert (flow[:, 2] == 1).all()


def test_without_a_block_nothing_is_claimed(roster) -> None:
    assert (pulse.flows(None, None, roster, 0.0) == 0).all()
