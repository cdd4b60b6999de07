"""Ribbons along the streets and what they show."""

import msgspec
import numpy as np
import pytest
from toytown import Feed, houses

from app import pulse
from network.schema import BlockKey, FluxBlock


@pytest.fixture
def roster():
    rows = houses(2)
    return Feed(None, rows, [f"b{k}" for k in range(len(rows))]).roster()


def test_a_ribbon_lies_at_the_height_of_its_street_and_keeps_its_width_around_bends(roster) -> None:
    hilly = roster.vertices_m.copy()
    hilly[:, 2] = 0.05 * hilly[:, 0]
    r = pulse.ribbons(msgspec.structs.replace(roster, vertices_m=hilly))
    assert r.position[:, 2] == pytest.approx(0.05 * r.position[:, 0] + pulse.LIFT_M)
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


def test_comets_run_with_the_power_and_keep_their_place_while_it_changes() -> None:
    flows = np.zeros((3, 4), np.float32)
    flows[:, 0] = 0.5, -0.5, 0.0
    ran = pulse.travelled(np.zeros(3), flows, dt_s=0.1, now_s=1000.0)
    around = pulse.PERIODS_M[0] * pulse.PERIODS_M[1]
    assert ran == pytest.approx([1.3, around - 1.3, 0.0])
    flows[:, 0] *= 1.01
    again = pulse.travelled(ran, flows, dt_s=0.1, now_s=1000.1)
    assert np.abs((again - ran + around / 2) % around - around / 2).max() < 1.4, "no comet jumps"


def test_a_still_picture_of_a_moment_is_always_the_same() -> None:
    flows = np.full((1, 4), 0.3, np.float32)
    for before in (np.zeros(1), np.full(1, 7.0)):
        assert pulse.travelled(before, flows, dt_s=0.0, now_s=1.7) == pytest.approx([1.7 * 10.2])


def test_where_the_grid_cannot_carry_it_or_no_source_is_nothing_flows_and_the_picture_says_which(roster) -> None:
    n = len(roster.line_ids)
    key = BlockKey("run", 1, 0, False)
    loading = np.full((3, n), 0.5, np.float32)
    loading[1, 2] = np.nan
    power = FluxBlock("a", "line_w", key, 3600.0, 0.0, np.where(np.isnan(loading), 0.0, 90e3).astype(np.float32))
    shares = FluxBlock("a", "line_loading", key, 3600.0, 0.0, loading)
    fed = np.arange(n) != 5
    cut = msgspec.structs.replace(roster, line_fed=fed)
    flow = pulse.flows(power, shares, cut, 5400.0)
    assert flow[[2, 5], 2].tolist() == [-pulse.COLLAPSED, -pulse.UNFED] and not flow[[2, 5], :2].any()
    before = pulse.flows(power, shares, cut, 3300.0)
    assert before[2, 1:3].tolist() == [0.5, 1.0], "the step before has its own loading, to its end"
    assert np.isfinite(flow).all() and np.isfinite(before).all()
