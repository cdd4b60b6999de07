"""Labels: few, never on each other or on a panel, never for what stands behind a house."""

from itertools import pairwise

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from toytown import Feed, houses

from app import labels, paint, plant
from app.light import direction, light
from app.ui import signs
from app.ui.seen import Seen
from network.schema import BlockKey, FluxBlock

SCREEN = (1280.0, 720.0)
number = st.floats(0, 1, width=32)
label = st.tuples(number, number, number, number)


def roster():
    rows = houses(2)
    return Feed(None, rows, [f"b{k}" for k in range(len(rows))]).roster()


def block(quantity: str, values) -> FluxBlock:
    return FluxBlock("a", quantity, BlockKey("run", 1, 0, False), 3600.0, 0.0, np.array([values] * 2, np.float32))


@given(st.lists(label, max_size=24), st.lists(label, max_size=4), st.sampled_from([1.0, 1.5, 2.0]))
def test_no_label_lies_on_another_on_a_panel_or_beyond_the_screen(wanted, panels, scale) -> None:
    w = np.array(wanted, float).reshape(-1, 4)
    anchors, sizes = w[:, :2] * SCREEN, (w[:, 2:] * [200, 12] + [60, 28]) * scale
    taken = [(x * 1280, y * 720, x * 1280 + a * 300, y * 720 + b * 300) for x, y, a, b in panels]
    placed = labels.place(anchors, sizes, taken, SCREEN, scale)
    boxes = [*taken, *(box for _, box in placed)]
    for k, (row, box) in enumerate(placed):
        assert box[0] >= 0 and box[1] >= 0 and box[2] <= SCREEN[0] and box[3] <= anchors[row, 1]
        for other in boxes[: len(taken) + k]:
            apart = box[2] <= other[0] or other[2] <= box[0] or box[3] <= other[1] or other[3] <= box[1]
            assert apart, (box, other)


def test_a_label_is_pushed_up_past_a_more_important_one_and_dropped_where_there_is_no_room() -> None:
    anchors, sizes = np.array([[600.0, 400.0]] * 12), np.tile([150.0, 30.0], (12, 1))
    placed = labels.place(anchors, sizes, [], SCREEN, 1.0)
    assert [row for row, _ in placed] == list(range(labels.TRIES))
    tops = [box[1] for _, box in placed]
    assert all(b < a for a, b in pairwise(tops))


def test_what_stands_behind_a_house_is_hidden_and_what_rises_above_it_is_not() -> None:
    r = roster()
    feet = np.array([[0.0, 0.0, 0.0], [0.0, 60.0, 0.0]])
    two = msgspec.structs.replace(
        r, building_ids=("front", "back"), building_xyz_m=feet, building_height_m=np.array([12.0, 6.0]),
        footprint_m2=np.full(2, 200.0),
    )  # fmt: skip
    own = np.array([1])
    back = np.array([[0.0, 60.0, 9.0]])
    assert labels.hidden(np.array([0.0, -80.0, 5.0]), back, own, two).tolist() == [True]
    assert labels.hidden(np.array([0.0, -80.0, 90.0]), back, own, two).tolist() == [False], "seen from above"
    assert labels.hidden(np.array([60.0, 60.0, 5.0]), back, own, two).tolist() == [False], "seen from the side"
    assert labels.hidden(np.array([0.0, 200.0, 5.0]), back, own, two).tolist() == [False], "the other way"


def test_an_overloaded_line_comes_first_then_the_largest_giver_and_taker() -> None:
    r = roster()
    legend, place = paint.legend("surplus_w_m2", r.ranges), plant.stand(r)
    n = len(r.building_ids)
    net = np.zeros(n)
    net[3], net[5] = 50.0, -40.0
    loading = np.full(len(r.line_ids), 0.4)
    blocks = {
        "surplus_w_m2": block("surplus_w_m2", net), "line_w": block("line_w", -loading * 180e3),
        "line_loading": block("line_loading", loading),
    }  # fmt: skip
    rows = [(w.group, w.row) for w in labels.wanted(r, place, blocks, legend, 1800.0)]
    assert rows == [("gives", 3), ("takes", 5)]
    loading[2] = 1.08
    blocks["line_loading"] = block("line_loading", loading)
    first = labels.wanted(r, place, blocks, legend, 1800.0)[0]
    assert (first.kind, first.row, first.share) == ("line", 2, pytest.approx(1.08))
    assert first.value > 0, "power that runs towards the substation is given"


def test_a_turbine_is_named_below_its_blades_or_higher_where_houses_hide_that() -> None:
    r, none = roster(), np.zeros(0, np.int64)
    place = plant.Stand(("turbine",), np.array([[900.0, 0.0, 5.0]]), np.zeros(1), np.array([-1]), none)
    blocks = {"site_w": block("site_w", [3e6])}
    named = labels.wanted(r, place, blocks, paint.legend("surplus_w_m2", r.ranges), 1800.0)[0]
    assert (named.kind, named.value) == ("site", 3e6)
    assert 5.0 < named.anchor_m[2] < 5.0 + plant.HUB_M - plant.BLADE_M
    assert named.elsewhere_m[0][2] > named.anchor_m[2]


def test_a_one_sided_quantity_names_its_largest_alone() -> None:
    r = roster()
    value = np.linspace(0, 90e3, len(r.building_ids))
    made = labels.wanted(r, plant.stand(r), {"pv_w": block("pv_w", value)}, paint.legend("pv_w", {}), 0.0)
    assert {w.group for w in made} == {"most"} and made[0].row == len(value) - 1


def test_of_several_candidates_the_first_that_is_in_the_picture_gets_the_label() -> None:
    anchors = np.array([[-50.0, 300.0], [400.0, 300.0], [800.0, 300.0]])
    placed = labels.place(anchors, np.tile([100.0, 30.0], (3, 1)), [], SCREEN, 1.0, groups=["gives"] * 3)
    assert [row for row, _ in placed] == [1]


def test_what_the_grid_cannot_carry_is_said_in_words_at_its_transformer_and_an_island_on_its_longest_cable() -> None:
    r = roster()
    n = len(r.line_ids)
    fed = np.append(np.arange(n) != 3, True)
    kiosk = msgspec.structs.replace(
        r, line_ids=(*r.line_ids, "t"), line_kind=(*r.line_kind, "transformer"), line_fed=fed,
        line_rating_w=np.r_[r.line_rating_w, 400e3], vertex_start=np.r_[r.vertex_start, r.vertex_start[-1] + 2],
        vertices_m=np.r_[r.vertices_m, [[210.0, -37.0, 5.0], [196.0, -37.0, 5.0]]],
    )  # fmt: skip
    loading = np.full(n + 1, np.nan)
    blocks = {"line_loading": block("line_loading", loading), "line_w": block("line_w", np.zeros(n + 1))}
    place, legend = plant.stand(kiosk), paint.legend(paint.LOADING, {})
    made = labels.wanted(kiosk, place, blocks, legend, 0.0)
    seen = Seen((1280, 720), legend, light(direction(2.9, 0.9)), True, 0.0)
    said = [signs.words_of(w, kiosk, seen) for w in made]
    assert [(w.name, w.value, w.alarm) for w in said] == [
        ("Transformer", "cannot carry it", True), ("Cable", "no source", True)
    ]  # fmt: skip
    colour, hatched = plant.loading(place, kiosk, blocks["line_loading"], 0.0)
    assert hatched.tolist() == [False] * place.sites + [True] and np.isfinite(colour).all()
    carried = {"line_loading": block("line_loading", np.full(n + 1, 0.5)), "line_w": blocks["line_w"]}
    made = labels.wanted(kiosk, place, carried, legend, 0.0)
    assert [w.kind for w in made if w.fault] == ["line"], "the island stays without a source"
