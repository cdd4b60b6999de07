"""A package survives a round trip, a crash in the middle of a swap, and refuses what it cannot read."""

from __future__ import annotations

import shutil
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from factories import random_district

from network.problems import Refused
from network.schema import Problem
from sim import package
from sim.district import District
from sim.place import Holding, Tariff


def write(folder: Path, district: District, scratch: Path, note: str = "") -> None:
    scratch.mkdir(exist_ok=True)
    weather = scratch / "w.epw"
    weather.write_text(f"weather {note}")
    tiles = scratch / "tiles"
    tiles.mkdir()
    (tiles / "tileset.json").write_text("{}")
    package.save(
        folder, district=district, weather=weather, tiles=tiles,
        inferred=[("building", "b1", "year", "neighbours")], problems=[Problem("far", "far off", 1, ("b1",))],
        report={"buildings": 1},
    )  # fmt: skip


@pytest.fixture
def district() -> District:
    made = random_district(buildings=7, seed=3)
    place = replace(made.place, boundary="functional", outside={"virtual": (made.building.id[2], "turbine-1")},
                    tariffs=(Tariff("gas", 3e-8, 0.0, "NL", 2024, "Eurostat"),),
                    holdings=(Holding("Wind at sea", "wind", 3.6e12),))  # fmt: skip
    return replace(made, place=place)


def test_what_was_saved_comes_back(tmp_path: Path, district: District) -> None:
    write(tmp_path / "p", district, tmp_path / "s")
    back = package.load(tmp_path / "p")
    for axis in ("building", "surface", "node", "line", "profile"):
        mine, theirs = getattr(district, axis), getattr(back.district, axis)
        for f in fields(mine):
            np.testing.assert_array_equal(getattr(mine, f.name), getattr(theirs, f.name), err_msg=f.name)
    np.testing.assert_array_equal(district.vertex_m, back.district.vertex_m)
    assert back.district.place.latitude_rad == pytest.approx(district.place.latitude_rad, abs=1e-15)
    for name in ("factors", "tariffs", "holdings", "outside", "boundary"):
        assert getattr(back.district.place, name) == getattr(district.place, name), name
    assert back.inferred == (("building", "b1", "year", "neighbours"),)
    assert back.problems[0].ids == ("b1",)
    assert back.tileset.exists()


def test_columns_are_read_only(district: District) -> None:
    with pytest.raises(ValueError, match="read-only"):
        district.building.footprint_m2[0] = 1.0


@pytest.mark.parametrize(
    ("axis", "column"), [("building", "x_m"), ("line", "rating_va"), ("line", "vertex_start"), ("node", "id")]
)
def test_a_column_of_another_length_than_its_axis_is_refused(district: District, axis: str, column: str) -> None:
    table = getattr(district, axis)
    with pytest.raises(ValueError, match="another length than the axis"):
        replace(table, **{column: getattr(table, column)[:-1]})


def test_the_key_follows_content_but_not_saved_scenarios(tmp_path: Path, district: District) -> None:
    write(tmp_path / "p", district, tmp_path / "s")
    first = package.load(tmp_path / "p").key
    (tmp_path / "p" / "layers.toml").write_text("")
    assert package.load(tmp_path / "p").key == first
    (tmp_path / "p" / "weather.epw").write_text("other")
    assert package.load(tmp_path / "p").key != first


def test_a_swap_cut_in_half_is_repaired_on_opening(tmp_path: Path, district: District) -> None:
    write(tmp_path / "p", district, tmp_path / "s", "old")
    shutil.copytree(tmp_path / "p", tmp_path / ".p.new")
    (tmp_path / ".p.new" / "weather.epw").write_text("weather new")
    (tmp_path / "p").rename(tmp_path / ".p.old")  # the crash: between the two renames
    assert package.load(tmp_path / "p").weather_path.read_text() == "weather new"


def test_a_build_that_dies_leaves_the_old_package(
    tmp_path: Path, district: District, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "p", district, tmp_path / "s", "old")

    def dies(path: Path, place: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(package, "_write_toml", dies)
    shutil.rmtree(tmp_path / "s")
    with pytest.raises(Refused, match="No space left"):
        write(tmp_path / "p", district, tmp_path / "s", "new")
    assert package.load(tmp_path / "p").weather_path.read_text() == "weather old"
    assert not [p for p in tmp_path.iterdir() if "build" in p.name]


def test_refusals_are_sentences(tmp_path: Path, district: District) -> None:
    with pytest.raises(Refused, match="is not a district package"):
        package.load(tmp_path / "nothing")
    write(tmp_path / "p", district, tmp_path / "s")
    toml = tmp_path / "p" / "district.toml"
    written = toml.read_text()
    toml.write_text(written.replace(f"format = {package.FORMAT}", "format = 99"))
    with pytest.raises(Refused, match=r"format 99.*update Surplus"):
        package.load(tmp_path / "p")
    toml.write_text(written.replace(f"format = {package.FORMAT}", "format = 1"))
    with pytest.raises(Refused, match=f"format 1, this Surplus reads {package.FORMAT}; build it again"):
        package.load(tmp_path / "p")
    toml.write_text("format = ")
    with pytest.raises(Refused, match="broken"):
        package.load(tmp_path / "p")


@pytest.mark.parametrize("lost", ["building.parquet", "weather.epw", "tiles/tileset.json", "report.json"])
def test_a_package_with_a_lost_file_names_it(tmp_path: Path, district: District, lost: str) -> None:
    write(tmp_path / "p", district, tmp_path / "s")
    (tmp_path / "p" / lost).unlink()
    with pytest.raises(Refused, match=rf"broken.*{lost}.*build it again"):
        package.load(tmp_path / "p")


def test_a_folder_of_something_else_is_never_overwritten(tmp_path: Path, district: District) -> None:
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "thesis.txt").write_text("years of work")
    with pytest.raises(Refused, match="not a district package"):
        write(tmp_path / "p", district, tmp_path / "s")
    assert (tmp_path / "p" / "thesis.txt").exists()
