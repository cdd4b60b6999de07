"""Kind "cea": the fifteen buildings of Zug hold, their inputs mean what they say, and what is missing is named."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from network.problems import Refused
from sim.weather import read_epw
from tools.cases import cea, cea_project, read, verdict

ZUG = read.CASES / "cea-zug" / "cea_zug.toml"
pytestmark = pytest.mark.usefixtures("shared")


def _case(file: Path) -> read.Case:
    case = read.read(file)[-1]
    assert isinstance(case, read.Case), case.sentence
    return case


def _variant(folder: Path, text: str) -> read.Case:
    """Zug with other keys; a base is looked for among the project's own cases."""
    (folder / "variant.toml").write_text(f'base = "cea-zug"\n{text}', encoding="utf-8")
    return _case(folder / "variant.toml")


def _figures(case: read.Case) -> dict[tuple[str, str], float]:
    return {(f.quantity, f.at): f.value for f in cea.run(case)}


@cache
def _zug() -> dict[tuple[str, str], float]:
    return _figures(_case(ZUG))


def test_heating_floors_and_roofs_of_zug_hold() -> None:
    case = _case(ZUG)
    figures = cea.run(case)
    rows = [verdict.judge(case.name, case.kind, e, figures) for e in case.expect]
    assert len(rows) == 5
    assert [r for r in rows if not r.holds] == []


def test_the_sum_of_the_buildings_is_the_district() -> None:
    zug = _zug()
    for quantity in ("heating", "heating_need"):
        parts = sum(v for (q, at), v in zug.items() if q == quantity)
        assert zug[f"district_{quantity}", ""] == pytest.approx(parts, rel=1e-12)
    assert zug["district_heating", ""] > zug["district_heating_need", ""]


def test_the_project_is_read_as_it_lies() -> None:
    p = cea_project.project(_case(ZUG).inputs)
    assert p.name == tuple(f"B{n}" for n in range(1000, 1015))
    assert p.shape.bodies.height_m[:3].tolist() == pytest.approx([21.0, 15.0, 15.0])  # height_ag
    assert len(p.shape.sources) > 190  # the neighbours stand around
    assert p.storeys[14] == 1.0  # five, of which four stand open
    season = cea_project.in_season(p)[:, 0]
    assert season.sum() == 24 * (365 - 124)  # 15 May .. 15 September are free
    warm = cea_project.hours(p, "HEATING", lambda k, cell: float(cell == "SETPOINT"), 2009)[:, 0]
    assert warm[:24].sum() == 11.0  # Thursday, 1 January 2009
    assert warm[48:96].sum() == 0.0  # the weekend after it


def test_air_gains_and_losses_by_hand() -> None:
    """B1000 at 10 h of Thursday, 1 January: everybody is there; B1009's machines run."""
    case = _case(ZUG)
    p = cea_project.project(case.inputs)
    weather = read_epw(case.inputs.within("project", "inputs/weather/weather.epw"))
    areas, _ = cea._areas(p)
    use = cea._use(p, areas, weather)
    floor = 0.82 * 7.0 * areas.footprint[0]
    people = 0.8 * floor / 14.0
    air_m3_s = people * 0.010  # more than leaks: windows are opened for the rest
    density = 353.2 / (273.15 + weather.air_c[9])
    assert use.air_w_k[9, 0] == pytest.approx(air_m3_s * density * 1005.0, rel=1e-3)
    leak_m3_s = 0.5 * 3.0 * 0.1 ** (2.0 / 3.0) * 3.0 * floor / 3600.0
    assert use.air_w_k[0, 0] == pytest.approx(leak_m3_s * 353.2 / (273.15 + weather.air_c[0]) * 1005.0, rel=1e-3)
    electric = 0.9 * 0.8 * 0.82 * 8.0 * areas.footprint[0] * (0.8 * 7.0 + 0.8 * 15.9)
    assert use.gains_w[9, 0] == pytest.approx(70.0 * people + electric)
    machines = 0.9 * 0.8 * 0.82 * 3.0 * areas.footprint[9] * (0.22 * 16.5 + 0.2 * (10.0 + 10.8))
    assert use.gains_w[0, 9] == pytest.approx(machines + 90.0 * 0.8 * 0.2 * 0.82 * 2.0 * areas.footprint[9] / 15.0)
    need_w, indoor_c = np.full((2, 15), 1e5), np.full((2, 15), 21.0)
    need_w[1] = 5e4
    emission_w, pipes_w = cea._losses(p, need_w, indoor_c, np.array([0.0, 0.0]))
    assert emission_w[:, 0] == pytest.approx([1e5 * 2.65 / 23.65, 5e4 * 2.65 / 23.65])
    assert pipes_w[1] == pytest.approx(0.5 * pipes_w[0])
    zone = json.loads(case.inputs.within("project", "derived-geojson/zone.geojson").read_text(encoding="utf-8"))
    (ring,) = zone["features"][10]["geometry"]["coordinates"]
    degree_m = 111_195.0 * np.array([np.cos(np.radians(47.176)), 1.0])
    width, length = np.sort(np.ptp(np.array(ring), axis=0) * degree_m)
    pipe_m = (2.0 * length + 0.0325 * length * width + 6.0) * areas.footprint[10] / (length * width)
    assert pipes_w[0, 10] == pytest.approx((80.0 - 6.3) * 0.2 * pipe_m, rel=0.02)  # built in 2000, water of 80 degC


def test_films_light_and_shades_matter_as_told(tmp_path: Path) -> None:
    still = _figures(_variant(tmp_path, 'window_films = "site"\n'))
    assert still["heating", "B1000"] < 0.9 * _zug()["heating", "B1000"]  # panes behind still air
    open_ = _figures(_variant(tmp_path, "[shading.SHADING_AS1]\nfactor = 1\n"))
    assert open_["heating", "B1000"] < 0.95 * _zug()["heating", "B1000"]  # more sun comes in
    own = _figures(_variant(tmp_path, 'drop = ["sunlight"]\n'))
    assert own["heating", "B1007"] < _zug()["heating", "B1007"]  # the weather's year is sunnier
    assert own["incident_solar", "B1007"] == _zug()["incident_solar", "B1007"]


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"\[window\.WINDOW_AS2\], which building B1001"):
        cea.run(_variant(tmp_path, 'drop = ["window.WINDOW_AS2"]\n'))
    with pytest.raises(Refused, match="building B1009 has no heated floor"):
        cea.run(_variant(tmp_path, 'drop = ["standard.STANDARD2"]\n[window.WINDOW_AS1]\ng = 0.85\n'))
    with pytest.raises(Refused, match=r'project names "data/nowhere", in which there is no derived-geojson/zone'):
        cea.run(_variant(tmp_path, 'project = "data/nowhere"\n'))
    with pytest.raises(Refused, match="type_walls is not a key"):
        cea.run(_variant(tmp_path, '[standard.STANDARD5]\ntype_walls = "WALL_AS5"\n'))
    with pytest.raises(Refused, match=r"n50_h is -1"):
        cea.run(_variant(tmp_path, "[tightness.TIGHTNESS_AS2]\nn50_h = -1\n"))
