"""Radial power flow against power-grid-model, and its own books."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from factories import random_district, random_weather

from network.schema import LayerChoice
from sim import package
from sim.district import LineKind, NodeKind
from sim.layers import apply
from sim.prepare import prepare
from sim.solar import solar
from sim.span import Span, initial, simulate, solve_grid
from sim.weather import read_epw
from tools import build

WEATHER = random_weather(seed=2)
DISTRICT = random_district(seed=5, buildings=60, nodes=60, sources=2)


def _flux(district, first: int = 24 * 20, steps: int = 240):
    case = prepare(district, solar(district, WEATHER), WEATHER, dtype=np.float64)
    return case, simulate(case, initial(case), Span(first, steps))[1]


def _power_grid_model(district, load_w, load_var):
    """Voltages [pu] and active line flows [W] of one step by Newton-Raphson."""
    from power_grid_model import ComponentType, DatasetType, LoadGenType, PowerGridModel, initialize_array

    node, line, v = district.node, district.line, district.place.voltage_v
    nodes = initialize_array(DatasetType.input, ComponentType.node, len(node))
    nodes["id"], nodes["u_rated"] = np.arange(len(node)), v
    lines = initialize_array(DatasetType.input, ComponentType.line, len(line))
    lines["id"] = 10_000 + np.arange(len(line))
    lines["from_node"], lines["to_node"] = line.from_node, line.to_node
    lines["from_status"] = lines["to_status"] = line.closed.astype(np.int8)
    lines["r1"], lines["x1"], lines["c1"], lines["tan1"] = line.resistance_ohm, line.reactance_ohm, 0.0, 0.0
    lines["i_n"] = line.rating_va / v / np.sqrt(3.0)
    sources = np.flatnonzero(node.kind == NodeKind.SOURCE)
    source = initialize_array(DatasetType.input, ComponentType.source, len(sources))
    source["id"], source["node"], source["status"] = 20_000 + np.arange(len(sources)), sources, 1
    source["u_ref"], source["sk"] = 1.0, 1e20
    load = initialize_array(DatasetType.input, ComponentType.sym_load, len(node))
    load["id"], load["node"], load["status"] = 30_000 + np.arange(len(node)), np.arange(len(node)), 1
    load["type"], load["p_specified"], load["q_specified"] = LoadGenType.const_power, load_w, load_var
    model = PowerGridModel({ComponentType.node: nodes, ComponentType.line: lines, ComponentType.source: source,
                            ComponentType.sym_load: load})  # fmt: skip
    out = model.calculate_power_flow(error_tolerance=1e-12)
    return out[ComponentType.node]["u_pu"], out[ComponentType.line]["p_from"], out[ComponentType.line]["loading"]


def _worst_differences(district, flux, *, hours: int, seed: int) -> tuple[float, float, float]:
    """Over random hours: voltage [pu], line power over the greatest, loading."""
    demand = flux.appliances_w + flux.heater_w
    gives = flux.surplus_w + demand  # modules, batteries and cars at power factor 1
    at, n = district.building.node, len(district.node)
    on = district.site.node >= 0  # a turbine is not
    found = []
    for k in np.random.default_rng(seed).choice(flux.span.steps, hours, replace=False):
        load = np.bincount(at, demand[k] - gives[k], minlength=n)
        load -= np.bincount(district.site.node[on], flux.site_w[k][on], minlength=n)
        reactive = np.bincount(at, demand[k] * np.tan(np.arccos(0.95)), minlength=n)
        volts, power, loading = _power_grid_model(district, load, reactive)
        found.append((np.abs(flux.voltage_pu[k] - volts).max(),
                      np.abs(flux.line_w[k] - power).max() / np.abs(power).max(),
                      np.abs(flux.line_loading[k] - loading).max()))  # fmt: skip
    voltage, power, loading = np.max(found, axis=0)
    return float(voltage), float(power), float(loading)


def test_ten_random_hours_agree_with_power_grid_model() -> None:
    _, flux = _flux(DISTRICT)
    voltage, power, loading = _worst_differences(DISTRICT, flux, hours=10, seed=1)
    assert voltage < 1e-6
    assert power < 1e-5
    assert loading < 1e-4


def test_batteries_cars_and_chargers_agree_with_power_grid_model() -> None:
    plant = [LayerChoice("batteries", {"home": 7200.0, "district": 7.2e8}), LayerChoice("vehicles", {"share": 1.0})]
    district = apply(DISTRICT, plant)
    _, flux = _flux(district, first=24 * 120, steps=96)
    assert np.abs(flux.site_w[:, district.site.node >= 0]).max(axis=0).min() > 1e3
    assert min(np.abs(flux.battery_w).max(), flux.vehicle_w.max()) > 1e3
    voltage, power, loading = _worst_differences(district, flux, hours=10, seed=2)
    assert voltage < 1e-6
    assert power < 1e-5
    assert loading < 1e-4


def test_what_the_sources_feed_is_what_is_used_and_lost() -> None:
    _, flux = _flux(DISTRICT)
    assert np.allclose(flux.source_w, -flux.surplus_w.sum(axis=1) + flux.grid_loss_w, rtol=1e-9)
    assert (flux.grid_loss_w > 0.0).all()


def test_a_step_s_bits_do_not_depend_on_its_neighbours_in_the_batch() -> None:
    case, together = _flux(DISTRICT, steps=100)
    _, alone = _flux(DISTRICT, steps=100)
    part = replace(alone, span=Span(0, 1))
    for k in (0, 17, 50, 99):
        one = replace(part, **{n: getattr(alone, n)[k : k + 1].copy() for n in
                               ("surplus_w", "appliances_w", "heater_w", "site_w", "voltage_pu", "line_w",
                                "line_loading", "grid_loss_w", "source_w", "collapsed_line")})  # fmt: skip
        solve_grid(case, one)
        assert np.array_equal(one.voltage_pu[0], together.voltage_pu[k])
        assert np.array_equal(one.line_w[0], together.line_w[k])


def test_a_line_drawn_towards_the_source_carries_the_negative() -> None:
    line = DISTRICT.line
    turned = replace(DISTRICT, line=replace(line, from_node=line.to_node, to_node=line.from_node))
    ours, theirs = _flux(turned)[1], _flux(DISTRICT)[1]
    assert np.array_equal(ours.voltage_pu, theirs.voltage_pu)
    # at the other end of the line: the same but for the loss in it
    assert np.abs(ours.line_w + theirs.line_w).max() <= theirs.grid_loss_w.max()


def test_an_open_line_leaves_what_is_behind_it_dead() -> None:
    closed = np.ones(len(DISTRICT.line), bool)
    closed[5] = False
    district = replace(DISTRICT, line=replace(DISTRICT.line, closed=closed))
    case, flux = _flux(district)
    dead = case.grid.part < 0
    assert dead.any()
    assert np.isnan(flux.voltage_pu[:, dead]).all()
    assert np.isfinite(flux.voltage_pu[:, ~dead]).all()
    assert (flux.line_w[:, 5] == 0.0).all()


def test_two_nodes_by_hand() -> None:
    """One load behind one resistance: V = (1 + sqrt(1 - 4 r P)) / 2 for a load at power factor 1, here 0.95."""
    district = random_district(buildings=1, nodes=3, modules=False)
    assert district.line.kind[0] == LineKind.TRANSFORMER
    building = replace(district.building, node=np.array([1], np.int32))
    line = replace(district.line, resistance_ohm=np.array([0.02, 0.1]), reactance_ohm=np.zeros(2))
    _, flux = _flux(replace(district, building=building, line=line), steps=24)
    p = -flux.surplus_w[:, 0] * 0.02 / 400.0**2
    q = p * np.tan(np.arccos(0.95))
    # |V|^4 + |V|^2 (2 p - 1) + p^2 + q^2 = 0 for a resistance alone
    squared = (1.0 - 2.0 * p + np.sqrt((1.0 - 2.0 * p) ** 2 - 4.0 * (p**2 + q**2))) / 2.0
    assert np.allclose(flux.voltage_pu[:, 1], np.sqrt(squared), atol=1e-10)


def test_delft_s_grid_holds_before_any_layer_and_agrees_with_power_grid_model_under_full_roofs(
    delft_built: tuple[Path, build.Report],
) -> None:
    read = package.load(delft_built[0])
    base, weather = read.district, read_epw(read.weather_path)
    light = solar(base, weather)
    case = prepare(base, light, weather)
    _, flux = simulate(case, initial(case), Span(0, weather.steps))
    transformer = base.line.kind == LineKind.TRANSFORMER
    peak = flux.line_loading.max(axis=0)
    assert peak.max() <= 0.8
    assert ((peak[transformer] >= 0.4) | (base.line.rating_va[transformer] <= 50e3)).all()
    assert np.abs(flux.voltage_pu - 1.0).max() <= 0.06
    district = apply(base, [LayerChoice("solar", {"share": 1.0})])
    case = prepare(district, light, weather, dtype=np.float64)
    _, flux = simulate(case, initial(case), Span(0, weather.steps))
    worst = _worst_differences(district, flux, hours=10, seed=2)
    assert worst[0] < 1e-6
    assert worst[1] < 1e-5
    assert flux.voltage_pu.max() > 1.0 > flux.voltage_pu.min()  # both directions were tried
