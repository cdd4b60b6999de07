"""Random districts that are physically plausible, for benches and tests; same seed, same district."""

from __future__ import annotations

import numpy as np

from sim.district import (
    Buildings,
    District,
    Heater,
    LineKind,
    Lines,
    NodeKind,
    Nodes,
    Profiles,
    SiteKind,
    Sites,
    SizeClass,
    SurfaceKind,
    Surfaces,
    Use,
)
from sim.fabric import panes_of
from sim.place import Factor, Place
from sim.weather import Weather
from tools import fabric

FACTORS = (
    Factor("electricity", 2.0, 0.42 / 3.6e6, "example", 2017, "ISO/TR 52000-2:2017 annex J"),
    Factor("gas", 1.1, 0.22 / 3.6e6, "example", 2017, "ISO/TR 52000-2:2017 annex J"),
)


def place(*, k_exp: float = 1.0) -> Place:
    """Zurich, in local coordinates."""
    return Place(
        name="Random", latitude_rad=np.radians(47.378), longitude_rad=np.radians(8.567), height_m=450.0,
        crs="EPSG:2056", origin_m=(0.0, 0.0, 0.0), country="CH", zone="Europe/Zurich", utc_offset_s=3600.0, year=2015,
        k_exp=k_exp, factors=FACTORS,
    )  # fmt: skip


def random_weather(*, seed: int = 1, steps: int = 8760) -> Weather:
    """A year with seasons, days and clouds whose GHI closes exactly."""
    from sim.physics import sky, sun

    rng = np.random.default_rng(seed)
    hours = np.arange(steps)
    season = -np.cos(2.0 * np.pi * (hours / 24.0 - 20.0) / 365.0)
    air = 9.5 + 9.0 * season - 3.5 * np.cos(2.0 * np.pi * (hours - 3.0) / 24.0) + np.repeat(
        rng.normal(0.0, 3.0, -(-steps // 24)), 24
    )[:steps]  # fmt: skip
    direction, _ = sun.mean_direction(
        np.radians(47.378), np.radians(8.567), 2015, 3600.0, hours * 3600.0, step_s=3600.0
    )
    up = np.maximum(direction[:, 2], 0.0)
    bright = np.repeat(rng.beta(0.8, 0.8, -(-steps // 24)), 24)[:steps]
    clear = bright * (up > 0.02)
    dni = 900.0 * clear * (1.0 - np.exp(-6.0 * up))
    dhi = (up > 0.0) * (60.0 + 250.0 * (1.0 - 0.7 * clear)) * up
    return Weather(
        name="Random", country="CHE", latitude_rad=np.radians(47.378), longitude_rad=np.radians(8.567), height_m=450.0,
        utc_offset_s=3600.0, year=2015, step_s=3600.0, air_c=air, ghi_w_m2=dhi + dni * up, dni_w_m2=dni, dhi_w_m2=dhi,
        wind_m_s=rng.uniform(0.0, 6.0, steps), sky_c=sky.from_clouds_c(air, air - 4.0, 1.0 - bright),
        filled=np.zeros(steps, dtype=bool), sun_offset_s=0.0, closure_w_m2=0.0, problems=(),
    )  # fmt: skip


def random_buildings(rng: np.random.Generator, n: int, *, profiles: int, nodes: int) -> Buildings:
    """n houses and blocks from leaky to tight, on boilers and heat pumps."""
    floor = rng.uniform(80.0, 1200.0, n)
    height = rng.uniform(5.0, 15.0, n)
    volume = floor * 2.7
    leak = rng.uniform(0.4, 2.2, n)  # W/m2K of floor
    heater = rng.choice([Heater.GAS_BOILER, Heater.HEAT_PUMP], n)
    floor_heating = rng.random(n) < 0.5
    use = rng.choice([Use.HOME, Use.HOME, Use.HOME, Use.OFFICE, Use.RETAIL], n).astype(np.int8)
    return Buildings(
        id=tuple(f"house-{k:05d}" for k in range(n)), name=tuple(f"House {k}" for k in range(n)),
        use=use,
        size_class=rng.choice(list(SizeClass), n).astype(np.int8),
        year=rng.integers(1900, 2020, n).astype(np.int32), storeys=rng.integers(1, 6, n).astype(np.int32),
        dwellings=np.maximum(1.0, np.round(floor / 100.0)),
        x_m=rng.uniform(-500.0, 500.0, n), y_m=rng.uniform(-500.0, 500.0, n), z_m=np.zeros(n), height_m=height,
        footprint_m2=floor / 2.0, floor_m2=floor, volume_m3=volume,
        h_air_w_k=0.34 * 0.5 * volume, gains_w=3.0 * floor, set_point_c=np.full(n, 20.0), heat_limit_w=120.0 * floor,
        heater=heater.astype(np.int8), boiler_efficiency=np.full(n, 0.9),
        sink_c=np.where(floor_heating, 30.0, 40.0), sink_slope=np.where(floor_heating, -0.5, -1.0),
        hot_water_j=20.0 * 3.6e6 * floor, appliances_j=30.0 * 3.6e6 * floor,
        construction=rng.integers(0, len(fabric.constructions()), n).astype(np.int32),
        schedule=fabric.schedule_of(use),
        profile=rng.integers(0, profiles, n).astype(np.int32),
        hot_water_profile=rng.integers(0, profiles, n).astype(np.int32),
        node=(np.arange(n) % max(nodes, 1)).astype(np.int32) if nodes else np.full(n, -1, np.int32),
        phase_share=np.full((n, 3), 1.0 / 3.0), **random_elements(leak, floor, volume),
        vehicles=np.round(floor / 120.0), electric_share=np.zeros(n),
        smart_share=np.zeros(n), drive_j=np.full(n, 6.0 * 3.6e6), away_share=np.zeros(n), battery_j=np.zeros(n),
        battery_limit_w=np.zeros(n),
    )  # fmt: skip


def random_elements(leak: np.ndarray, floor: np.ndarray, volume: np.ndarray) -> dict[str, np.ndarray]:
    """Areas and U-values whose sum over the elements is what `random_buildings` gives the whole envelope."""
    opaque, one = leak * floor * 0.7, np.ones(len(floor))
    return {
        "wall_m2": 0.8 * floor, "roof_m2": 0.5 * floor, "ground_m2": 0.5 * floor, "window_m2": 0.15 * floor,
        "wall_w_m2k": 0.5 * opaque / (0.8 * floor), "roof_w_m2k": 0.3 * opaque / (0.5 * floor),
        "ground_w_m2k": 0.2 * opaque / (0.5 * floor), "window_w_m2k": leak * 0.2 / 0.15, "window_g": 0.7 * one,
        "h_leak_w_k": 0.34 * 0.2 * volume, "bridges_w_k": 0.05 * floor, "inside_m2": 2.5 * floor,
        "panes": panes_of(leak * 0.2 / 0.15), "open_c": 24.0 * one, "open_w_k": 0.34 * 2.0 * volume,
        "cool_c": 26.0 * one, "cool_limit_w": 0.0 * one, "cooling_eer": 3.0 * one,
    }  # fmt: skip


def random_sites(rng: np.random.Generator, nodes: int) -> Sites:
    """Places for a battery and a charger somewhere on the grid, and for a turbine above it; without plant."""
    zero = np.zeros(3)
    node = rng.integers(0, nodes, 2) if nodes else np.full(2, -1)
    return Sites(
        id=("battery-1", "charger-1", "turbine-1"), name=("Battery 1", "Charger 1", "Turbine 1"),
        kind=np.array([SiteKind.BATTERY, SiteKind.CHARGER, SiteKind.TURBINE], np.int8),
        x_m=np.append(rng.uniform(-500.0, 500.0, 2), 600.0), y_m=np.append(rng.uniform(-500.0, 500.0, 2), 0.0),
        z_m=zero.copy(), node=np.append(node, -1).astype(np.int32), area_m2=np.array([20.0, 20.0, 300.0]),
        capacity_j=zero.copy(), power_w=zero.copy(), hub_m=zero.copy(),
    )  # fmt: skip


def random_surfaces(
    rng: np.random.Generator, buildings: Buildings, *, each: int = 12, modules: bool = True
) -> Surfaces:
    """`each` surfaces a building, a third of them roofs."""
    n = len(buildings) * each
    owner = np.repeat(np.arange(len(buildings), dtype=np.int32), each)
    roof = np.tile(np.arange(each) < each // 3, len(buildings))
    area = np.where(roof, 0.6, 0.35) * buildings.footprint_m2[owner] * rng.uniform(0.3, 1.0, n)
    tilt = np.where(roof, rng.uniform(0.0, 0.9, n), np.pi / 2.0)
    usable = np.where(roof, 0.7 * area, 0.0)
    return Surfaces(
        id=tuple(f"s{k}" for k in range(n)), building=owner,
        kind=np.where(roof, SurfaceKind.ROOF, SurfaceKind.WALL).astype(np.int8), tilt_rad=tilt,
        azimuth_rad=rng.uniform(0.0, 2.0 * np.pi, n), area_m2=area,
        x_m=buildings.x_m[owner], y_m=buildings.y_m[owner], z_m=buildings.height_m[owner] * 0.8,
        glass_m2=np.where(roof, 0.0, 0.1 * area), opaque_m2=np.where(roof, 1.0, 0.8) * area, usable_m2=usable,
        pv_peak_w=usable * 200.0 * rng.uniform(0.0, 0.4, n) * modules,
        horizon_rad=rng.uniform(0.0, 0.25, (n, 36)).astype(np.float32), crown_rad=np.zeros((n, 36), np.float32),
        sky_view=rng.uniform(0.7, 1.0, n), crown_view=np.zeros(n),
    )  # fmt: skip


def random_tree(rng: np.random.Generator, nodes: int, *, sources: int = 1) -> tuple[Nodes, Lines, np.ndarray]:
    """A radial low-voltage grid: per source a transformer, a busbar and feeders that branch at random."""
    each = nodes // sources
    ids: list[str] = []
    kind: list[int] = []
    line_kind: list[int] = []
    a: list[int] = []
    b: list[int] = []
    r: list[float] = []
    x: list[float] = []
    rating: list[float] = []
    for s in range(sources):
        top = len(ids)
        count = each if s < sources - 1 else nodes - top
        for k in range(count):
            ids.append(f"n{top + k}")
            kind.append(NodeKind.SOURCE if k == 0 else NodeKind.BUSBAR if k == 1 else NodeKind.SERVICE)
            if k == 0:
                continue
            # short feeders, many of them: a parent is one of the last few nodes or the busbar
            parent = 0 if k == 1 else 1 if k < 12 else int(rng.integers(max(2, k - 12), k))
            a.append(top + parent)
            b.append(top + k)
            metres = rng.uniform(5.0, 20.0)
            r.append(0.0025 if k == 1 else 0.206e-3 * metres)
            x.append(0.010 if k == 1 else 0.080e-3 * metres)
            rating.append(630e3 if k == 1 else 180e3)
            line_kind.append(LineKind.TRANSFORMER if k == 1 else LineKind.CABLE)
    n, m = len(ids), len(a)
    xyz = rng.uniform(-500.0, 500.0, (n, 3))
    node = Nodes(id=tuple(ids), kind=np.array(kind, np.int8), x_m=xyz[:, 0].copy(), y_m=xyz[:, 1].copy(),
                 z_m=np.zeros(n), nominal_v=np.full(n, 400.0), source_pu=np.ones(n), shunt_w=np.zeros(n),
                 shunt_var=np.zeros(n))  # fmt: skip
    line = Lines(
        id=tuple(f"l{k}" for k in range(m)), kind=np.array(line_kind, np.int8), from_node=np.array(a, np.int32),
        to_node=np.array(b, np.int32), closed=np.ones(m, bool), resistance_ohm=np.array(r), reactance_ohm=np.array(x),
        zero_resistance_ohm=4.0 * np.array(r), zero_reactance_ohm=4.0 * np.array(x), ratio=np.ones(m),
        vector_group=tuple("Dyn5" if kind == LineKind.TRANSFORMER else "" for kind in line_kind),
        rating_va=np.array(rating), length_m=np.full(m, 10.0),
        vertex_start=np.arange(0, 2 * m + 1, 2, dtype=np.int32),
    )  # fmt: skip
    vertex = np.empty((2 * m, 3))
    vertex[0::2], vertex[1::2] = xyz[a], xyz[b]
    return node, line, vertex


def random_profiles(rng: np.random.Generator, n: int, *, steps: int) -> Profiles:
    """n spiky years that sum to 1 each."""
    share = rng.gamma(0.7, 1.0, (n, steps)).astype(np.float32)
    share /= share.sum(axis=1, dtype=np.float64)[:, None]
    return Profiles(id=tuple(f"p{k}" for k in range(n)), share=share)


def random_district(
    *, seed: int = 1, buildings: int = 30, nodes: int = 40, sources: int = 1, steps: int = 8760, profiles: int = 32,
    surfaces: int = 12, modules: bool = True, k_exp: float = 1.0,
) -> District:  # fmt: skip
    """A district with `nodes` grid nodes (0 = no grid) in which everything that can vary does."""
    rng = np.random.default_rng(seed)
    if nodes:
        node, line, vertex = random_tree(rng, nodes, sources=sources)
    else:
        empty, none = np.empty(0), np.empty(0, np.int32)
        node = Nodes(id=(), kind=np.empty(0, np.int8), x_m=empty, y_m=empty, z_m=empty, nominal_v=empty,
                     source_pu=empty, shunt_w=empty, shunt_var=empty)  # fmt: skip
        line = Lines(id=(), kind=np.empty(0, np.int8), from_node=none, to_node=none, closed=np.empty(0, bool),
                     resistance_ohm=empty, reactance_ohm=empty, zero_resistance_ohm=empty, zero_reactance_ohm=empty,
                     ratio=empty, vector_group=(), rating_va=empty, length_m=empty,
                     vertex_start=np.zeros(1, np.int32))  # fmt: skip
        vertex = np.empty((0, 3))
    houses = random_buildings(rng, buildings, profiles=profiles, nodes=nodes)
    surface = random_surfaces(rng, houses, each=surfaces, modules=modules)
    profile = random_profiles(rng, profiles, steps=steps)
    return District(
        place=place(k_exp=k_exp), building=houses, surface=surface, site=random_sites(rng, nodes), node=node,
        line=line, vertex_m=vertex, profile=profile, construction=fabric.constructions(), schedule=fabric.schedules(),
    )  # fmt: skip
