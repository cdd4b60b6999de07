"""The selection grammar."""

import numpy as np
import pytest
from factories import random_district
from hypothesis import given
from hypothesis import strategies as st

from network.problems import Refused
from sim.district import Heater, SizeClass, Use
from sim.layers import select

DISTRICT = random_district(seed=3, buildings=50, nodes=0)
B = DISTRICT.building


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ("all", np.ones(50, bool)),
        ("use=home", B.use == Use.HOME),
        ("use!=home", B.use != Use.HOME),
        ("use=home|office", (B.use == Use.HOME) | (B.use == Use.OFFICE)),
        ("year<1950", B.year < 1950),
        ("footprint_m2 >= 300.5", B.footprint_m2 >= 300.5),
        ("use=home and year<1990", (B.use == Use.HOME) & (B.year < 1990)),
        ("use=home or year<1950 and heater=heat_pump",
         (B.use == Use.HOME) | ((B.year < 1950) & (B.heater == Heater.HEAT_PUMP))),
        ("(use=home or year<1950) and heater=heat_pump",
         ((B.use == Use.HOME) | (B.year < 1950)) & (B.heater == Heater.HEAT_PUMP)),
        ("size_class=TH", B.size_class == SizeClass.TH),
        ('name="House 7"', np.arange(50) == 7),
        ("id=house-00001|house-00004", np.isin(np.arange(50), [1, 4])),
        ("polygon(0 0|500 0|500 500|0 500)", (B.x_m > 0) & (B.y_m > 0)),
        ("polygon(-500 -500 | 500 -500 | 0 500) and storeys>2",
         (B.y_m < 500 - 2 * np.abs(B.x_m)) & (B.storeys > 2)),
    ],
)  # fmt: skip
def test_selection(selection: str, expected: np.ndarray) -> None:
    assert np.array_equal(select.rows(DISTRICT, selection), expected)


@pytest.mark.parametrize(
    ("selection", "why"),
    [
        ("", "it ends where"),
        ("foo=1", "no attribute 'foo'"),
        ("use=castle", "only home, office"),
        ("use<home", "needs one number"),
        ("year<old", "it is a number"),
        ("year<1|2", "needs one number"),
        ("year", "starts no comparison"),
        ("(all", "not closed"),
        ("all all", "not expected"),
        ("use=home and", "it ends where"),
        ("polygon(0 0|1 1)", "three corners"),
        ("polygon(0 0|1 1|2 x)", "no coordinate"),
        ('id="open', "cannot be read"),
        ("id=nobody", "no building 'nobody'"),
    ],
)
def test_what_is_no_selection_is_refused(selection: str, why: str) -> None:
    with pytest.raises(Refused, match=why) as refusal:
        select.rows(DISTRICT, selection)
    assert refusal.value.code == 2


@given(st.text(max_size=40))
def test_any_text_is_a_selection_or_refused(text: str) -> None:
    try:
        mask = select.rows(DISTRICT, text)
    except Refused:
        return
    assert mask.dtype == bool
    assert len(mask) == 50
