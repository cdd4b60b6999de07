"""What walls are made of, by what a building is for."""

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from sim.district import Use
from tools import walls


def material(use: Use, storeys: int, height_m: float) -> int:
    columns = SimpleNamespace(use=np.array([use]), storeys=np.array([storeys]), height_m=np.array([height_m]))
    return int(walls.of(cast(Any, columns))[0])


@pytest.mark.parametrize(
    ("what", "use", "storeys", "height_m", "expected"),
    [
        ("flats", Use.HOME, 5, 18.0, walls.WALL),
        ("a villa under a steep roof", Use.HOME, 1, 8.0, walls.WALL),
        ("an office tower", Use.OFFICE, 11, 44.0, walls.GLASS),
        ("an office in a house", Use.OFFICE, 2, 7.0, walls.WALL),
        ("a depot", Use.INDUSTRY, 1, 10.0, walls.HALL),
        ("a garage", Use.SHED, 1, 2.6, walls.HALL),
        ("a church, by whatever use", Use.OFFICE, 1, 41.0, walls.HALL),
        ("a school", Use.SCHOOL, 2, 8.0, walls.WALL),
    ],
)
def test_walls_follow_the_use(what: str, use: Use, storeys: int, height_m: float, expected: int) -> None:
    assert material(use, storeys, height_m) == expected, what
