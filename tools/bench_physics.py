"""Speed of the physics, each figure beside a reference measured in the same run."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

Row = dict[str, Any]


def results(name: str = "", *, full: bool = False) -> list[Row]:
    """Rows {name, value, unit, budget, reference {name, value}, ratio, holds} whose name contains `name`.

    `full` adds 10,000 buildings.
    """
    benches = {"solar-1000": solar_row, "pv-1000": pv_row, "year-1000": year_row, "year-1000-grid": grid_row,
               "retrofit-1000": retrofit_row}  # fmt: skip
    if full:
        benches["year-10000"] = large_row
    wanted = [bench for known, bench in benches.items() if name in known]
    if wanted:
        from sim import kernels

        kernels.warm()
    return [bench() for bench in wanted]


def best(work: Callable[[], object], times: int = 5) -> float:
    """Least wall time of `work` [s]: what the code needs, not what the neighbours took."""
    least = np.inf
    for _ in range(times):
        begun = time.perf_counter()
        work()
        least = min(least, time.perf_counter() - begun)
    return float(least)


def row(name: str, seconds: float, budget_ms: float, reference: tuple[str, float]) -> Row:
    """One row in milliseconds; ratio = reference over value, so greater is better."""
    words, reference_s = reference
    return {
        "name": name, "value": 1e3 * seconds, "unit": "ms", "budget": budget_ms,
        "reference": {"name": words, "value": 1e3 * reference_s}, "ratio": reference_s / seconds,
        "holds": bool(1e3 * seconds <= budget_ms),
    }  # fmt: skip


def solar_row() -> Row:
    """Light of the year on 1,000 buildings with 16 surfaces each, against pvlib's Perez on ten of them."""
    from sim.solar import solar
    from tools.random_district import random_district, random_weather

    district, weather = random_district(buildings=1000, nodes=0, surfaces=16), random_weather()
    ours = best(lambda: solar(district, weather), 3)
    theirs = _pvlib_s(weather, surfaces=10) * len(district.surface) / 10.0
    return row("solar-1000", ours, 1000.0, ("pvlib Perez, 10 surfaces scaled", theirs))


def pv_row() -> Row:
    """Modules of 1,000 buildings over the year from the light behind their covers, against pvlib's models on ten."""
    from sim.physics import pv
    from sim.prepare import prepare
    from sim.solar import solar
    from tools.random_district import random_district, random_weather

    district, weather = random_district(buildings=1000, nodes=0), random_weather()
    c = prepare(district, solar(district, weather), weather)
    made: np.ndarray[Any, Any] = np.empty((c.steps, c.buildings), c.dtype)

    def ours() -> None:
        pv.generate(c.module, c.row, 0, c.module_terms, c.module_column, c.module_mount, c.peak_w, c.module_start,
                    c.rated_w, c.dtype(pv.INVERTER), np.empty_like(c.peak_w), made)  # fmt: skip

    theirs = _pvlib_modules_s(weather, modules=10) * len(c.peak_w) / 10.0
    return row("pv-1000", best(ours), 60.0, (f"pvlib, 10 modules scaled to {len(c.peak_w)}", theirs))


def year_row() -> Row:
    """Year of 1,000 buildings from Solar, without grid, against a plain numpy loop of the rooms alone."""
    from sim import year
    from sim.prepare import prepare
    from sim.solar import solar
    from tools.random_district import random_district, random_weather

    district, weather = random_district(buildings=1000, nodes=0), random_weather()
    case = prepare(district, solar(district, weather), weather)
    ours = best(lambda: year.complete(case), 9)
    return row("year-1000", ours, 150.0, ("numpy loop over time, rooms alone", _numpy_rooms_s(case)))


def retrofit_row() -> Row:
    """A step of the retrofit slider on 1,000 buildings: layer, walls reduced again, year; against that year alone."""
    from network.schema import LayerChoice
    from sim import year
    from sim.layers import apply
    from sim.prepare import prepare
    from sim.solar import solar
    from tools.random_district import random_district, random_weather

    district, weather = random_district(buildings=1000, nodes=0), random_weather()
    light = solar(district, weather)
    thickness = iter(np.arange(0.05, 0.30, 0.01))

    def work() -> None:
        changed = apply(district, [LayerChoice("retrofit", {"wall": float(next(thickness))})])
        year.complete(prepare(changed, light, weather))

    ours = best(work, 3)
    case = prepare(district, light, weather)
    return row("retrofit-1000", ours, 500.0, ("the year alone", best(lambda: year.complete(case))))


def grid_row() -> Row:
    """The same with a grid of 1,000 nodes, against power-grid-model's batch on a day, scaled to the year."""
    from sim import year
    from sim.prepare import prepare
    from sim.solar import solar
    from sim.span import Span, initial, simulate
    from tools.random_district import random_district, random_weather

    district, weather = random_district(buildings=1000, nodes=1000, sources=25), random_weather()
    case = prepare(district, solar(district, weather), weather)
    ours = best(lambda: year.complete(case))
    _, flux = simulate(case, initial(case), Span(0, 24), grid=False)
    load = np.zeros((24, len(district.node)))
    for k in range(24):
        np.add.at(load[k], district.building.node, -flux.surplus_w[k])
    theirs = _power_grid_model_s(district, load) * 365.0
    return row("year-1000-grid", ours, 500.0, ("power-grid-model, a day scaled, grid alone", theirs))


def large_row() -> Row:
    """Year of 10,000 buildings without grid, against ten years of 1,000."""
    from sim import year
    from sim.prepare import prepare
    from sim.solar import solar
    from tools.random_district import random_district, random_weather

    weather = random_weather()
    seconds = []
    for n, times in ((1000, 5), (10_000, 3)):
        district = random_district(buildings=n, nodes=0, surfaces=6)
        case = prepare(district, solar(district, weather), weather)
        seconds.append(best(lambda case=case: year.complete(case), times))  # type: ignore[misc]
    return row("year-10000", seconds[1], 3000.0, ("ten years of 1,000 buildings", 10.0 * seconds[0]))


# ---------------------------------------------------------------- references


def _pvlib_s(weather: Any, *, surfaces: int) -> float:
    import pvlib

    direction, _ = weather.sun_enu()
    zenith = np.degrees(np.arccos(direction[:, 2]))
    azimuth = np.degrees(np.arctan2(direction[:, 0], direction[:, 1])) % 360.0
    extra = pvlib.irradiance.get_extra_radiation(np.arange(weather.steps) // 24 + 1)
    mass = pvlib.atmosphere.get_relative_airmass(zenith)

    def work() -> None:
        for k in range(surfaces):
            pvlib.irradiance.get_total_irradiance(
                30.0, 36.0 * k, zenith, azimuth, weather.dni_w_m2, weather.ghi_w_m2, weather.dhi_w_m2,
                dni_extra=extra, airmass=mass, model="perez",
            )  # fmt: skip

    return best(work)


def _pvlib_modules_s(weather: Any, *, modules: int) -> float:
    """pvlib's NOCT cell, PVWatts dc and inverter, one module after the other."""
    import pvlib

    light = [weather.ghi_w_m2 * (0.5 + 0.05 * k) for k in range(modules)]

    def work() -> None:
        for g in light:
            cell = pvlib.temperature.noct_sam(g, weather.air_c, weather.wind_m_s, 49.0, 0.2)
            pvlib.inverter.pvwatts(pvlib.pvsystem.pvwatts_dc(g, cell, 1000.0, -0.0037) * 0.8592, 868.0)

    return best(work)


def _numpy_rooms_s(case: Any) -> float:
    """The equations of the rooms' kernel in numpy, float32, a tenth of the year scaled: heating alone."""
    r, n = case.rooms, case.buildings
    f = r.fabric
    decay, from_air, from_input, direct = (
        a.astype(np.float32) for a in (f.decay, f.from_air, f.from_input, f.direct)
    )
    inertia = np.float32(r.room.air_j_k / case.step_s)
    hold = inertia - np.float32(f.direct_air)
    leak, air = np.float32(r.room.leak_w_k), np.float32(r.room.ventilation_w_k)
    set_c, limit, gains = np.float32(r.room.heat_c), np.float32(r.room.heat_limit_w), np.float32(r.room.convective_w)
    tenth = range(0, case.steps, 10)

    def work() -> None:
        x, room = np.zeros((8, n), np.float32), np.full(n, 20.0, np.float32)
        u = np.zeros((8, n), np.float32)
        for t in tenth:
            week = r.gain[t][r.schedule]
            u[:3] = r.outside[:, t, None]
            u[3:7] = 0.0 if case.row[t] < 0 else [a[case.row[t]] for a in (r.wall, r.roof, r.pane, r.sun)]
            u[7] = gains * week
            h = air * r.air[t][r.schedule] + leak
            a, given = hold + h, inertia * room + x.sum(axis=0) + (direct * u).sum(axis=0) + gains * week + h * u[0]
            room = (given + np.clip(a * (set_c + r.heat_c[t][r.schedule]) - given, 0.0, limit)) / a
            x = decay * x + from_air * room + (from_input * u).sum(axis=1)

    return best(work, 2) * case.steps / len(tenth)


def _power_grid_model_s(district: Any, load_w: Any) -> float:
    """Newton-Raphson over the rows of `load_w` [step, node]."""
    from power_grid_model import ComponentType, DatasetType, LoadGenType, PowerGridModel, initialize_array

    from sim.district import NodeKind

    node, line, v = district.node, district.line, district.place.voltage_v
    nodes = initialize_array(DatasetType.input, ComponentType.node, len(node))
    nodes["id"], nodes["u_rated"] = np.arange(len(node)), v
    lines = initialize_array(DatasetType.input, ComponentType.line, len(line))
    lines["id"] = 1_000_000 + np.arange(len(line))
    lines["from_node"], lines["to_node"] = line.from_node, line.to_node
    lines["from_status"] = lines["to_status"] = 1
    lines["r1"], lines["x1"], lines["c1"], lines["tan1"] = line.resistance_ohm, line.reactance_ohm, 0.0, 0.0
    at = np.flatnonzero(node.kind == NodeKind.SOURCE)
    source = initialize_array(DatasetType.input, ComponentType.source, len(at))
    source["id"], source["node"], source["status"], source["u_ref"] = 2_000_000 + np.arange(len(at)), at, 1, 1.0
    loads = initialize_array(DatasetType.input, ComponentType.sym_load, len(node))
    loads["id"], loads["node"], loads["status"] = 3_000_000 + np.arange(len(node)), np.arange(len(node)), 1
    loads["type"], loads["p_specified"], loads["q_specified"] = LoadGenType.const_power, load_w[0], 0.0
    model = PowerGridModel({ComponentType.node: nodes, ComponentType.line: lines, ComponentType.source: source,
                            ComponentType.sym_load: loads})  # fmt: skip
    update = initialize_array(DatasetType.update, ComponentType.sym_load, load_w.shape)
    update["id"], update["p_specified"], update["q_specified"] = loads["id"], load_w, 0.3287 * load_w
    return best(lambda: model.calculate_power_flow(update_data={ComponentType.sym_load: update}, threading=-1))
