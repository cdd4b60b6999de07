"""From a file to a package, with what people do wrong on the way."""

from __future__ import annotations

import gzip
import os
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from small_city import add, faces_of_box, street, write
from twins import write_year

from network.problems import Refused
from sim import package
from sim.district import SizeClass, SurfaceKind
from tools import build, countries, typology


def quiet(stage: str, done: float) -> None:
    pass


@pytest.fixture(scope="module")
def weather(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weather") / "year.epw"
    write_year(path)
    return path


def make(inputs: list[Path], output: Path, weather: Path | None = None, **options: str | None) -> build.Report:
    """Build with the options that a user did not give left out."""
    given: dict[str, str | None] = {"crs": None, "country": None, "zone": None, "name": None} | options
    return build.build(inputs, output, weather=weather, progress=quiet, **given)


def test_a_street_becomes_a_package(tmp_path: Path, weather: Path) -> None:
    head = street(houses=4)
    head["CityObjects"]["z"] = {"type": "BuildingZ"}
    head["CityObjects"]["empty"] = {"type": "Building"}
    report = make([write(tmp_path / "street.city.json.gz", head)], tmp_path / "out", weather, name="A street")
    read = package.load(tmp_path / "out")
    b, s = read.district.building, read.district.surface
    assert b.id == ("house-0", "house-1", "house-2", "house-3")
    assert b.year.tolist() == [1975] * 4
    assert b.storeys.tolist() == [2] * 4
    assert b.volume_m3 == pytest.approx([6 * 10 * 7.5] * 4, rel=1e-3)
    assert b.size_class.tolist()[1:3] == [SizeClass.TH] * 2
    assert (b.node >= 0).all()
    assert (s.building[1:] >= s.building[:-1]).all()
    assert s.glass_m2[s.kind == 0].sum() == 0
    assert s.pv_peak_w.sum() == 0
    place = read.district.place
    assert (place.name, place.country, place.zone, place.utc_offset_s) == ("A street", "NL", "Europe/Amsterdam", 3600)
    assert place.ranges["surplus_w_m2"] > 0
    assert {f.carrier: f.region for f in place.factors} == {"electricity": "NL", "gas": "NL"}
    assert {p.code for p in read.problems} >= {"unknown-object", "no-geometry", "height-not-ellipsoidal"}
    assert report.counts["buildings"] == 4
    assert "BuildingZ" in report.text()
    assert ("building", "house-0", "use", "no use in the source: a home") in read.inferred
    assert not [i for i in read.inferred if i[2] in ("year", "storeys")]
    assert read.tileset.exists()


def test_collecting_areas_are_those_of_the_archetype(tmp_path: Path, weather: Path) -> None:
    """TABULA's window share, frame and shade on walls, the rest opaque; g and the angle come in with the light."""
    make([write(tmp_path / "street.json", street(houses=3))], tmp_path / "out", weather)
    d, t = package.load(tmp_path / "out").district, typology.table()
    for house in range(3):
        row = typology.row("NL", SizeClass(int(d.building.size_class[house])), int(d.building.year[house]))
        k = {name: float(column[row]) for name, column in t.items() if name not in typology.TEXT}
        window = k["window_m2"] / (k["wall_m2"] + k["window_m2"] + k["door_m2"])
        through = (1.0 - k["frame"]) * k["shade_vertical"]
        for kind, glass, opaque in (
            (SurfaceKind.WALL, window * through, 1.0 - window),
            (SurfaceKind.ROOF, 0.0, 1.0),
        ):
            mine = (d.surface.building == house) & (d.surface.kind == kind)
            assert mine.any()
            assert d.surface.glass_m2[mine] == pytest.approx(glass * d.surface.area_m2[mine])
            assert d.surface.opaque_m2[mine] == pytest.approx(opaque * d.surface.area_m2[mine])


def test_every_value_is_measured_said_or_named_as_inferred(tmp_path: Path, weather: Path) -> None:
    make([write(tmp_path / "street.json", street(houses=3))], tmp_path / "out", weather)
    read = package.load(tmp_path / "out")
    measured = {
        "building": {"id", "name", "x_m", "y_m", "z_m", "height_m", "footprint_m2", "volume_m3"},
        "surface": {"id", "building", "kind", "tilt_rad", "azimuth_rad", "area_m2", "x_m", "y_m", "z_m",
                    "sky_view", "horizon_rad", "crown_rad", "crown_view"},
        "node": {"id"}, "line": {"id", "vertex_start"},
    }  # fmt: skip
    said = {"year", "storeys"}  # the street's file names them
    for axis, known in measured.items():
        table = getattr(read.district, axis)
        columns = {f.name for f in fields(table)}
        for id_ in table.id:
            named = {column for a, i, column, _ in read.inferred if a == axis and i in (id_, "*")}
            assert named == columns - known - said, (axis, id_)
    rules = [r for r in read.report["inferred"] if r.startswith("building.h_air_w_k and ")]
    assert any(r.endswith(": TABULA NL TH") for r in rules)


def test_without_weather_the_year_is_generated_and_reported(tmp_path: Path) -> None:
    make([write(tmp_path / "a.json", street())], tmp_path / "out")
    read = package.load(tmp_path / "out")
    assert "weather-generated" in {p.code for p in read.problems}
    assert read.weather_path.exists()


def test_a_crs_can_be_named_where_the_file_names_none(tmp_path: Path, weather: Path) -> None:
    path = write(tmp_path / "plain.json", street(crs=None))
    with pytest.raises(Refused, match=r"plain\.json.*--crs") as refusal:
        make([path], tmp_path / "out", weather)
    assert refusal.value.code == 1
    for text in ("28992", "EPSG:28992"):
        assert build.measure([path], crs=text, progress=quiet).place.crs == "EPSG:28992"
    with pytest.raises(Refused, match="999999"):
        make([path], tmp_path / "out", weather, crs="999999")


@pytest.mark.parametrize("written", ["urn:ogc:def:crs:local", "EPSG:999999"])
def test_a_crs_that_is_none_is_quoted_and_can_be_named_instead(tmp_path: Path, written: str) -> None:
    path = write(tmp_path / "odd.json", street(crs=written))
    with pytest.raises(Refused, match=rf"odd\.json.*{written}.*--crs"):
        build.measure([path], crs=None, progress=quiet)
    assert build.measure([path], crs="28992", progress=quiet).place.crs == "EPSG:28992"


def test_a_wrong_crs_option_is_said_even_where_the_file_names_its_own(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="--crs bogus") as refusal:
        build.measure([write(tmp_path / "a.json", street())], crs="bogus", progress=quiet)
    assert refusal.value.code == 2


def test_litter_of_killed_builds_goes_with_the_next_one_but_a_running_build_keeps_its_own(
    tmp_path: Path, weather: Path
) -> None:
    old, young = tmp_path / ".out.work-killed", tmp_path / ".out.work-running"
    for folder in (old, young):
        folder.mkdir()
    os.utime(old, (0, 0))
    make([write(tmp_path / "a.json", street())], tmp_path / "out", weather)
    assert not old.exists()
    assert young.exists()


def test_the_first_input_wins_where_two_overlap(tmp_path: Path, weather: Path) -> None:
    fine = write(tmp_path / "fine.json", street(houses=2))
    head = street(houses=1)
    head["CityObjects"]["house-0"]["attributes"] = {"yearOfConstruction": 1888, "name": "Old mill"}
    add(head, "coarse", faces_of_box(6.5, 0, 12.5, 10, height=3), attributes={"name": "The same house"})
    add(head, "new", faces_of_box(40, 0, 50, 10, height=6))
    report = make([fine, write(tmp_path / "coarse.json", head)], tmp_path / "out", weather)
    read = package.load(tmp_path / "out").district.building
    assert read.id == ("house-0", "house-1", "new")
    assert read.name == ("Old mill", "The same house", "new")
    assert read.year.tolist()[:2] == [1975, 1975]
    assert next(p.count for p in report.problems if p.code == "overlap") == 2


def test_a_country_that_nothing_names_is_asked_for(tmp_path: Path, weather: Path) -> None:
    head = street(crs="EPSG:2056")
    head["transform"]["translate"] = [2682000.0, 1248000.0, 430.0]
    text = weather.read_text().split("\n", 1)
    fields = text[0].split(",")
    fields[3] = "-"
    (tmp_path / "nowhere.epw").write_text("\n".join([",".join(fields), text[1]]))
    path = write(tmp_path / "zh.json", head)
    with pytest.raises(Refused, match=r"EPSG:2056 serves several countries \(CH, LI\); .* --country CH"):
        make([path], tmp_path / "out", tmp_path / "nowhere.epw")
    make([path], tmp_path / "out", tmp_path / "nowhere.epw", country="ch")
    place = package.load(tmp_path / "out").district.place
    assert (place.country, place.zone) == ("CH", "Europe/Zurich")


@pytest.mark.parametrize(("option", "value"), [("country", "Narnia"), ("zone", "Europe/Atlantis"), ("crs", "local")])
def test_options_that_mean_nothing_are_wrong_usage(tmp_path: Path, weather: Path, option: str, value: str) -> None:
    path = write(tmp_path / "a.json", street(crs=None if option == "crs" else "EPSG:28992"))
    with pytest.raises(Refused, match=value) as refusal:
        make([path], tmp_path / "out", weather, **{option: value})
    assert refusal.value.code == 2
    assert not (tmp_path / "out").exists()


def test_a_crash_leaves_the_old_package_and_no_litter(tmp_path: Path, weather: Path) -> None:
    path, output = write(tmp_path / "a.json", street()), tmp_path / "out"
    make([path], output, weather)
    key = package.load(output).key

    def crash(stage: str, done: float) -> None:
        if stage == "tiles":
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        build.build([path], output, crs=None, country=None, zone=None, weather=weather, name="B", progress=crash)
    assert package.load(output).key == key
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.json", "out"]


def test_places_that_cannot_hold_a_package(tmp_path: Path, weather: Path) -> None:
    path = write(tmp_path / "a.json", street())
    with pytest.raises(Refused, match="-o"):
        make([path], path, weather)  # a file
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear diary")
    with pytest.raises(Refused, match="not a district package"):
        make([path], tmp_path / "mine", weather)
    assert (tmp_path / "mine" / "letter.txt").read_text() == "dear diary"
    with pytest.raises(Refused, match="-o"):
        make([path], path / "inside", weather)


def test_bad_input_names_its_file_and_leaves_nothing(tmp_path: Path, weather: Path) -> None:
    good = write(tmp_path / "good.json", street())
    (tmp_path / "bad.jsonl.gz").write_bytes(gzip.compress(b'{"type":"CityJSON"')[:-6])
    with pytest.raises(Refused, match=r"bad\.jsonl\.gz"):
        make([good, tmp_path / "bad.jsonl.gz"], tmp_path / "out", weather)
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(os.name == "nt", reason="no such limit there")
def test_a_full_disk_is_a_sentence_and_leaves_nothing(tmp_path: Path, weather: Path) -> None:
    import resource

    path = write(tmp_path / "a.json", street(houses=3))
    (tmp_path / "out").mkdir()
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limit[1]))  # writing more than that fails as on a full disk
    try:
        with pytest.raises(Refused, match=r"cannot write .*town: File too large; free space"):
            make([path], tmp_path / "out" / "town", weather)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert not list((tmp_path / "out").iterdir())


def test_areas_of_use_that_name_one_country() -> None:
    assert countries.by_area("Netherlands - onshore, including Waddenzee.") == "NL"
    assert countries.by_area("Germany - Berlin.") == "DE"
    assert countries.by_area("Liechtenstein; Switzerland.") is None
    assert countries.by_area("World.") is None
    assert countries.by_area("Europe between 6°E and 12°E: Austria; Denmark - onshore.") is None
    assert countries.fixed_zone(3600) == "Etc/GMT-1"
    assert countries.standard_offset_s("Europe/Amsterdam", 2025, otherwise_s=0) == 3600
    assert countries.standard_offset_s("Australia/Sydney", 2025, otherwise_s=0) == 36000


def test_delft_whole(delft_built: tuple[Path, build.Report]) -> None:
    folder, report = delft_built
    district = package.load(folder).district
    assert len(district.building) == 99
    assert (district.building.year > 1200).all()
    assert not [r for r in report.inferred if r.startswith("building.year")]
    assert np.isfinite(district.surface.horizon_rad).all()
    (far,) = (p.message for p in report.problems if p.code == "weather-far")
    assert "Zuerich" in far
    assert "km away" in far


def test_a_package_of_the_same_input_is_the_same_bytes(tmp_path: Path, weather: Path) -> None:
    path = write(tmp_path / "a.json", street(houses=3))
    for name in ("one", "two"):
        make([path], tmp_path / name, weather, name="A street")
    one, two = ({f.relative_to(tmp_path / n): f.read_bytes() for f in (tmp_path / n).rglob("*") if f.is_file()}
                for n in ("one", "two"))  # fmt: skip
    assert one == two
