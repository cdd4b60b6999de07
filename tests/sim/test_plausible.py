"""Tables of a package that somebody edited: what cannot be is refused by name, what is odd is mended and told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from factories import random_district, random_weather
from pyarrow import parquet

from network.problems import Refused
from sim import package
from sim.district import Heater
from sim.plausible import LIMITS, mended
from sim.prepare import prepare
from sim.solar import solar
from sim.span import Span, initial, simulate

DISTRICT = random_district(seed=6, buildings=6, nodes=8)
Edit = Callable[[str, int, str, Any], None]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A package on disk."""
    (tmp_path / "tiles").mkdir()
    (tmp_path / "tiles" / "tileset.json").write_text("{}")
    (tmp_path / "w.epw").write_text("weather")
    package.save(tmp_path / "p", district=DISTRICT, weather=tmp_path / "w.epw", tiles=tmp_path / "tiles")
    return tmp_path / "p"


@pytest.fixture
def edit(folder: Path) -> Edit:
    """Writes a value into a cell of a table, as anybody with a Parquet editor would."""

    def edit(axis: str, row: int, column: str, value: Any) -> None:
        path = folder / f"{axis}.parquet"
        table = parquet.ParquetFile(path).read()
        values = table.column(column).to_pylist()
        values[row] = value
        field = table.schema.field(column)
        new = table.set_column(table.column_names.index(column), field, pa.array(values, field.type))
        parquet.write_table(new, path)

    return edit


def test_a_package_as_it_was_built_has_nothing_odd(folder: Path) -> None:
    assert package.load(folder).problems == ()
    assert mended(DISTRICT) == (DISTRICT, ())


@pytest.mark.parametrize(("axis", "column", "value", "words"), [
    ("building", "wall_m2", -5.0, "house-00001 has wall_m2 -5, less than 0"),
    ("building", "footprint_m2", 0.0, "footprint_m2 0, which is not above 0"),
    ("building", "wall_w_m2k", -1.0, "house-00001 has wall_w_m2k -1, less than 0"),
    ("building", "gains_w", float("nan"), "house-00001 has gains_w no number"),
    ("building", "floor_m2", float("inf"), "floor_m2 no number"),
    ("building", "window_g", 1.4, "window_g 1.4, which is not from 0 to 1"),
    ("building", "construction", 99, "construction 99, but construction.parquet has 6 rows"),
    ("building", "node", 8, "node 8, but node.parquet has 8 rows"),
    ("building", "heater", 7, "heater 7, which means nothing"),
    ("building", "phase_share", [0.5, 0.5, 0.5], "phase_share adding up to 1.5, not 1"),
    ("surface", "building", 6, "s1 has building 6, but building.parquet has 6 rows"),
    ("surface", "building", 4, "s2 has building out of order"),
    ("surface", "tilt_rad", 90.0, "tilt_rad 90, which is not from 0 to 3.14159"),
    ("line", "rating_va", 0.0, "l1 has rating_va 0, which is not above 0"),
    ("line", "resistance_ohm", -1.0, "l1 has resistance_ohm -1, less than 0"),
    ("construction", "wall_outer", [0.1, 0.0, 1800.0, 900.0], "wall_outer 0, which is not above 0"),
    ("profile", "share", [0.0] * 8760, "p1 has share adding up to 0, not 1"),
])  # fmt: skip
def test_what_cannot_be_is_refused_with_its_table_row_and_column(
    folder: Path, edit: Edit, axis: str, column: str, value: Any, words: str
) -> None:
    edit(axis, 1, column, value)
    with pytest.raises(Refused) as refusal:
        package.load(folder)
    assert words in str(refusal.value)
    assert str(refusal.value).startswith(f"{axis}.parquet: ") and "build the package again" in str(refusal.value)


def test_plant_that_gives_nothing_is_refused(folder: Path, edit: Edit) -> None:
    edit("building", 0, "heater", int(Heater.GAS_BOILER))
    edit("building", 0, "boiler_efficiency", 0.0)
    with pytest.raises(Refused, match=r"boiler_efficiency 0, of which nothing comes"):
        package.load(folder)


@pytest.mark.parametrize(("column", "value", "code", "words", "same_as"), [
    ("wall_w_m2k", 99.0, "u-value", "a wall U-value (99 W/m2K)", 1.0 / 0.19),
    ("roof_w_m2k", 0.0, "u-value", "a roof U-value (0 W/m2K)", 0.02),
    ("window_w_m2k", 99.0, "u-value", "a window U-value", 1.0 / (0.04 + 1.0 / 7.7 + 0.002)),
    ("gains_w", -500.0, "negative-gains", "inner gains below nothing (-500 W)", 0.0),
])  # fmt: skip
def test_what_is_odd_is_told_and_counts_as_what_it_can_mean(
    folder: Path, edit: Edit, column: str, value: float, code: str, words: str, same_as: float
) -> None:
    edit("building", 2, column, value)
    read = package.load(folder)
    (told,) = read.problems
    assert (told.code, told.count, told.ids) == (code, 1, ("house-00002",))
    assert words in told.message and told.message.startswith("house-00002 has ")
    column_now = getattr(read.district.building, column)
    assert column_now[2] == pytest.approx(same_as)
    assert (np.delete(column_now, 2) == np.delete(getattr(DISTRICT.building, column), 2)).all()


def test_set_points_that_cross_never_heat_against_the_cooling_and_neighbours_keep_their_bits(
    folder: Path, edit: Edit
) -> None:
    """The first house is told to hold 23 from below and 19 degC from above, the others are left alone."""
    edit("building", 0, "cool_limit_w", 1e5)
    edit("building", 0, "cool_c", 19.0)
    edit("building", 0, "set_point_c", 23.0)
    read = package.load(folder)
    assert [p.code for p in read.problems] == ["set-points-cross"]
    assert "cooling set point (19 degC) below the heating one (23 degC)" in read.problems[0].message
    weather = random_weather(seed=3)
    year = Span(0, 8760)
    flux = []
    for district in (DISTRICT, read.district):
        case = prepare(district, solar(district, weather), weather, dtype=np.float64)
        flux.append(simulate(case, initial(case), year, grid=False)[1])
    plain, crossed = flux
    assert crossed.heating_w[:, 0].sum() > 0.0 and crossed.cooling_w[:, 0].sum() > 0.0
    assert not ((crossed.heating_w[:, 0] > 0.0) & (crossed.cooling_w[:, 0] > 0.0)).any()
    assert (crossed.heating_w[:, 1:] == plain.heating_w[:, 1:]).all()


def test_surfaces_without_area_or_in_the_air_are_told_and_the_year_is_finite(folder: Path, edit: Edit) -> None:
    for column in ("area_m2", "glass_m2", "opaque_m2", "usable_m2", "pv_peak_w"):
        edit("surface", 3, column, 0.0)
    edit("surface", 30, "z_m", 300.0)
    read = package.load(folder)
    assert {p.code: p.ids for p in read.problems} == {"surface-no-area": ("s3",), "surface-floats": ("s30",)}
    weather = random_weather(seed=3)
    case = prepare(read.district, solar(read.district, weather), weather)
    _, f = simulate(case, initial(case), Span(4000, 48))
    assert np.isfinite(f.heating_w).all() and np.isfinite(f.pv_w).all() and (f.pv_w.max(axis=0) > 0.0).any()


def test_every_limit_is_of_a_column_that_is_there() -> None:
    for axis, limits in LIMITS.items():
        assert set(limits) <= set(vars(getattr(DISTRICT, axis))), axis
    house = replace(DISTRICT.building, heat_limit_w=np.full(6, np.inf))
    assert mended(replace(DISTRICT, building=house))[1] == ()


def test_many_odd_houses_are_one_sentence() -> None:
    u = DISTRICT.building.wall_w_m2k.copy()
    u[:] = 99.0
    (told,) = mended(replace(DISTRICT, building=replace(DISTRICT.building, wall_w_m2k=u)))[1]
    assert told.count == 6 and told.message.startswith("house-00000, house-00001, house-00002, house-00003 and 2 more ")
    assert "have a wall U-value (99 W/m2K of the first) that no wall has" in told.message
