"""Grids that people bring: a street on its utility's grid, what such files say, and what is broken in them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_city import ORIGIN_M, street, write
from twins import write_year

from network.problems import Refused
from sim import gridflow, package, year
from sim.prepare import prepare
from sim.solar import solar
from sim.weather import read_epw
from tools import build, gridfile

Json = dict[str, Any]


def _table(*rows: Json) -> Json:
    """A table as pandapower writes it: JSON in JSON."""
    columns = list(dict.fromkeys(c for row in rows for c in row))
    held = {"columns": columns, "index": list(range(len(rows))), "data": [[r.get(c) for c in columns] for r in rows]}
    return {"_module": "pandas.core.frame", "_class": "DataFrame", "_object": json.dumps(held), "orient": "split"}


def _network(**tables: list[Json]) -> Json:
    held = {name: _table(*rows) for name, rows in tables.items()}
    return {"_module": "pandapower.auxiliary", "_class": "pandapowerNet", "_object": held | {"f_hz": 50.0}}


CABLE = {"length_km": 0.05, "r_ohm_per_km": 0.206, "x_ohm_per_km": 0.08, "c_nf_per_km": 260.0, "max_i_ka": 0.27}


def ring(*, geo: bool = False) -> Json:
    """A transformer, a busbar and three houses on a ring of four cables; house-2's load is on phase b alone."""
    x, y, _ = ORIGIN_M
    at = [(3, -20), (3, -15), (3, 0), (9, 0), (15, 0)]
    bus = [{"name": f"bus {k}", "vn_kv": 10.0 if k == 0 else 0.4, "in_service": True,
            **({"geo": json.dumps({"type": "Point", "coordinates": [x + a, y + b]})} if geo else {})}
           for k, (a, b) in enumerate(at)]  # fmt: skip
    ends = [(1, 2), (2, 3), (3, 4), (4, 1)]
    return _network(
        bus=bus, line=[{"name": f"cable {a}-{b}", "from_bus": a, "to_bus": b, **CABLE} for a, b in ends],
        trafo=[{"hv_bus": 0, "lv_bus": 1, "sn_mva": 0.1, "vn_hv_kv": 10.0, "vn_lv_kv": 0.4, "vk_percent": 4.0,
                "vkr_percent": 1.2, "pfe_kw": 0.2, "i0_percent": 0.3, "shift_degree": 150, "tap_side": "hv",
                "tap_pos": -2, "tap_neutral": 0, "tap_step_percent": 2.5}],
        ext_grid=[{"bus": 0, "vm_pu": 1.0}],
        load=[{"name": "HOUSE-0", "bus": 2, "p_mw": 0.004, "q_mvar": 0.001},
              {"name": "a flat", "bus": 3, "p_mw": 0.003}],
        asymmetric_load=[{"name": "house-2", "bus": 4, "p_a_mw": 0.0, "p_b_mw": 0.002, "p_c_mw": 0.0}],
        switch=[{"bus": 3, "element": 2, "et": "l", "closed": True}],
    )  # fmt: skip


def _save(path: Path, body: Json) -> Path:
    path.write_text(json.dumps(body))
    return path


@pytest.fixture(scope="module")
def weather(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weather") / "year.epw"
    write_year(path)
    return path


def _build(folder: Path, weather: Path, body: Json) -> package.Package:
    city = write(folder / "street.city.json", street(houses=3))
    build.build([city], folder / "out", crs=None, country=None, zone=None, weather=weather, name=None,
                progress=lambda stage, done: None, grid=_save(folder / "utility.json", body))  # fmt: skip
    return package.load(folder / "out")


def test_a_street_is_built_on_its_utility_s_ring_and_its_year_closes(tmp_path: Path, weather: Path) -> None:
    read = _build(tmp_path, weather, ring())
    d = read.district
    assert d.node.id == ("bus 0", "bus 1", "bus 2", "bus 3", "bus 4")
    # by name, whatever the case; the third, whose load has another name, to the biggest load in turn, and said so
    assert [d.node.id[k] for k in d.building.node] == ["bus 2", "bus 2", "bus 4"]
    assert ("building", "house-1", "node", "imported grid, its coordinates do not lie here: biggest building to the "
            "biggest load, in turn") in read.inferred  # fmt: skip
    assert ("building", "house-0", "node") not in {i[:3] for i in read.inferred}
    assert d.building.phase_share.round(3).tolist() == [[0.333] * 3, [0.333] * 3, [0.0, 1.0, 0.0]]
    assert d.line.ratio[d.line.kind == 2].round(4).tolist() == [1.0526]  # two steps of 2.5 % off the high side
    sky = read_epw(read.weather_path)
    case = prepare(d, solar(d, sky), sky)
    assert [m.mesh.symmetric for m in case.grid.meshes] == [False]
    days = year.advance(year.begin(case))
    done = days.day * 24
    ledger = days.ledger
    assert np.allclose(ledger.source_w[:done], ledger.loss_w[:done] - ledger.on_grid_w[:done], rtol=1e-5)
    assert (ledger.loss_w[:done] > 190.0).all()  # the iron core draws at every hour
    assert 0.95 < ledger.voltage[0, 1:].min() < ledger.voltage[1, 1:].max() < 1.06


def test_power_along_every_cable_is_told_away_from_the_source_whichever_way_the_file_draws_it(
    tmp_path: Path, weather: Path,
) -> None:  # fmt: skip
    body = ring()
    body["_object"]["line"] = _table(*({"name": f"cable {a}-{b}", "from_bus": a, "to_bus": b, **CABLE}
                                       for a, b in ((2, 1), (3, 2), (4, 3))))  # fmt: skip
    body["_object"]["switch"] = _table()
    d = _build(tmp_path, weather, body).district
    sky = read_epw(tmp_path / "out" / "weather.epw")
    flux = year.provisional_day(prepare(d, solar(d, sky), sky), None, 20)
    cables = flux.line_w[:, d.line.kind != 2]
    assert (cables > 0.0).all() and (np.diff(cables, axis=1) < 0.0).all()  # in winter all take


def test_buildings_go_to_the_nearest_load_where_the_file_s_coordinates_lie_here(tmp_path: Path, weather: Path) -> None:
    body = ring(geo=True)
    body["_object"]["load"] = _table({"name": "x", "bus": 2, "p_mw": 0.004}, {"name": "y", "bus": 3, "p_mw": 0.003})
    read = _build(tmp_path, weather, body)
    assert [read.district.node.id[k] for k in read.district.building.node] == ["bus 2", "bus 3", "bus 4"]
    assert ("building", "house-1", "node", "nearest load of the imported grid") in read.inferred
    here = np.column_stack([read.district.node.x_m, read.district.node.y_m])
    assert np.allclose(np.diff(here[2:, 0]), 6.0, atol=0.01)


def test_an_open_switch_leaves_an_island_that_is_named_at_every_opening(tmp_path: Path, weather: Path) -> None:
    body = ring()
    body["_object"]["switch"] = _table(
        *[{"bus": bus, "element": line, "et": "l", "closed": False} for bus, line in ((2, 1), (4, 3))]
    )
    read = _build(tmp_path, weather, body)
    assert "grid-island" not in {p.code for p in read.problems}  # it is looked for when the package is opened
    (said,) = gridflow.problems(read.district)
    assert said.ids == ("house-2",)
    assert "bus 3" in said.message


def _pgm() -> Json:
    """A transformer and one load behind a cable, as power-grid-model writes it."""
    return {
        "version": "1.0", "type": "input", "is_batch": False,
        "attributes": {"node": ["id", "u_rated"]},
        "data": {
            "node": [[1, 10500.0], [2, 400.0], [3, 400.0]],
            "line": [{"id": 4, "from_node": 2, "to_node": 3, "from_status": 1, "to_status": 1, "r1": 0.05, "x1": 0.01,
                      "c1": 3e-8, "tan1": 0.0, "i_n": 200.0}],
            "transformer": [{"id": 5, "from_node": 1, "to_node": 2, "from_status": 1, "to_status": 1, "u1": 10250.0,
                             "u2": 420.0, "sn": 1e5, "uk": 0.04, "pk": 1200.0, "i0": 0.01, "p0": 200.0,
                             "winding_from": 2, "winding_to": 1, "clock": 5, "tap_side": 0, "tap_pos": 2, "tap_min": -2,
                             "tap_max": 2, "tap_nom": 0, "tap_size": 250.0}],
            "source": [{"id": 6, "node": 1, "status": 1, "u_ref": 1.02, "sk": 5e7}],
            "sym_load": [{"id": 7, "node": 3, "status": 1, "type": 0, "p_specified": 2e4, "q_specified": 5e3}],
        },
    }  # fmt: skip


def test_a_power_grid_model_file_has_the_voltages_that_power_grid_model_finds(tmp_path: Path) -> None:
    from power_grid_model import PowerGridModel
    from power_grid_model.utils import json_deserialize

    body = _pgm()
    drawn = gridfile.read(_save(tmp_path / "pgm.json", body))
    p, q = ([[sum(getattr(load, name)) for load in drawn.loads]] for name in ("p_w", "q_var"))
    at = np.array([load.node for load in drawn.loads], np.int32)
    g = gridflow.grid(drawn.nodes, drawn.lines, building_node=at, phase_share=np.full((1, 3), 1 / 3),
                      site_node=np.zeros(0, np.int32))  # fmt: skip
    assert not g.meshes
    flows = gridflow.empty(g, 1)
    gridflow.solve(g, flows, surplus_w=-np.array(p), appliances_w=np.array(q) / np.tan(np.arccos(0.95)),
                   heater_w=np.zeros((1, 1)), site_w=np.zeros((1, 0)))  # fmt: skip
    theirs = PowerGridModel(json_deserialize(json.dumps(body))).calculate_power_flow(error_tolerance=1e-12)
    assert np.abs(flows.voltage_pu[0, :3] - theirs["node"]["u_pu"]).max() < 1e-9


def _without(table: str, column: str) -> Callable[[Json], None]:
    def change(body: Json) -> None:
        held = json.loads(body["_object"][table]["_object"])
        k = held["columns"].index(column)
        held["columns"].pop(k)
        [row.pop(k) for row in held["data"]]
        body["_object"][table]["_object"] = json.dumps(held)

    return change


def _set(table: str, column: str, value: Any) -> Callable[[Json], None]:
    def change(body: Json) -> None:
        held = json.loads(body["_object"][table]["_object"])
        held["data"][0][held["columns"].index(column)] = value
        body["_object"][table]["_object"] = json.dumps(held)

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_without("bus", "vn_kv"), "bus of utility.json has no column vn_kv"),
        (_without("line", "r_ohm_per_km"), "line of utility.json has no column r_ohm_per_km"),
        (_set("bus", "vn_kv", 0.0), "node bus 0 of utility.json has a nominal voltage of 0 V"),
        (_set("bus", "vn_kv", None), "bus bus 0 of utility.json has no vn_kv"),
        (_set("line", "to_bus", 77), "line cable 1-2 of utility.json is connected to node 77"),
        (_set("line", "r_ohm_per_km", -1.0), "impedance"),
        (_set("line", "to_bus", 0), "joins nodes of 400 V and 10000 V"),
        (_set("trafo", "vkr_percent", 9.0), "impedance of"),
        (_set("trafo", "sn_mva", 0.0), "sn_mva 0; give it more"),
        (_set("ext_grid", "bus", 99), "ext_grid 0 of utility.json is connected to node 99"),
        (_set("load", "p_mw", "much"), "load HOUSE-0 of utility.json has no p_mw"),
        (lambda b: b["_object"].pop("ext_grid"), "no source in service"),
        (lambda b: b["_object"].pop("bus"), "utility.json"),
        (lambda b: b["_object"]["line"].update(_object="{"), "table line of utility.json cannot be read"),
        (lambda b: b["_object"].update(trafo3w=_table({"name": "T3"})), "trafo3w"),
        (lambda b: b.clear(), "neither a pandapower network"),
    ],
)
def test_what_is_broken_in_a_file_is_said_in_a_sentence(
    tmp_path: Path, change: Callable[[Json], Any], words: str
) -> None:
    body = ring()
    change(body)
    with pytest.raises(Refused) as said:
        gridfile.read(_save(tmp_path / "utility.json", body))
    assert words in str(said.value)


@pytest.mark.parametrize(
    "data", [b"", b"{", b"\x1f\x8bx", b"\xff\xfe", b"[1, 2]", b'{"type": "input", "data": {"node": 3}}']
)
def test_what_is_no_grid_is_said_in_a_sentence(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "grid.json"
    path.write_bytes(data)
    with pytest.raises(Refused, match=r"grid\.json"):
        gridfile.read(path)
    with pytest.raises(Refused, match="cannot be read"):
        gridfile.read(tmp_path / "none.json")


@pytest.mark.parametrize("name", ["1-LV-rural2--0-sw", "1-LV-urban6--2-sw"])
def test_simbench_s_folders_are_read_with_their_open_switches(shared: Path, name: str) -> None:
    drawn = gridfile.read(shared / "data" / "grid-simbench" / name)
    part, ringed = gridflow.parts(drawn.nodes, drawn.lines)
    assert (part == 0).all()
    assert not ringed.any()
    assert drawn.lines.ratio[drawn.lines.kind == 2] > 0.9
