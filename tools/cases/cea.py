"""Kind `cea`: heating of the buildings of a City Energy Analyst project, by the product's own light, walls and rooms.

The project's inputs mean what that program takes them for (cea/demand and cea/demand/building_properties of its source,
version 4; SIA 2044, EN 15316-2, DIN 1946-6 and SIA 380/1 as cited there):

    A_f = H s F                        heated floor: share H of s storeys of the footprint F; n people on N s F
    walls, windows x sqrt(H); roof x H; nothing is lost to the ground or to a basement that is not heated
    a U-value holds with the films that it was declared with (ISO 6946: 25 W/m2K outside), whatever the wind
    all sun that falls on the building counts; a window in more than 300 W/m2 takes in `factor` of it
    n_inf = 0.5 n50 (5 / 50)^(2/3)     leakage of 3 m x A_f
    V = max(n v - V_inf, 0) (1 - r)    by windows, or by fans with recovery r; air as heavy as that outside at sea level
    gains = n q + 0.9 (lights + appliances + processes) E (s + b) F, x the month's factor;  b basement storeys
    Q_em = Q dT / (T + dT - T_e)       emission and control
    Q_dis = (T_flow - T_b) Q / Q_max L y,  T_b = T - 0.7 (T - T_e),  L = (2 l + 0.0325 l w + 6) F / (l w)

How walls store and pass heat, how light falls and how panes let it through at an angle, is the product's. The capacity
A_f C lies as concrete on all inner faces, 4.5 A_f (ISO 13790:2008, 7.2.2.2), but for the windows'.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from network.problems import Refused
from sim import fabric, panes, zones
from sim.district import SurfaceKind
from sim.physics import film, glass, irradiance, reduction, rooms
from sim.physics.zone import INPUTS
from sim.solar import sky_of
from sim.weather import Weather, read_epw
from tools.cases import cea_project
from tools.cases.cea_project import Project, hours
from tools.cases.read import Case, Figure
from tools.cases.table import Table

Float = NDArray[np.float64]
SHADE_W_M2 = 300.0
"""Light on a window above which its shade is drawn (ISO 13790:2008, G.5.2.1)."""
DECLARED_W_M2K = glass.OUT_EN673_W_M2K - zones.GLASS_EMISSIVITY * film.OUTSIDE_BLACK_W_M2K
"""Convection at a pane whose film is in its U-value (EN 673:2011: 25 W/m2K with long-wave exchange)."""
STOREY_M = 3.0
INNER_PER_FLOOR = 4.5
CONCRETE = (2.0, 2400.0, 1000.0)
"""Conductivity [W/mK], density [kg/m3], specific heat [J/kgK] (EN ISO 10456:2007)."""
OUTER = (0.01, 0.87, 1800.0, 1000.0)
"""Plaster: thickness, conductivity, density, specific heat."""
ELECTRIC_HEAT = 0.9
"""Of lights, appliances and processes, what stays in the room."""
RADIANT = {"people": 0.5, "light": 0.7, "appliances": 0.2}
"""Radiant shares (SIA 2044:2011, 2.1.4)."""
AIR_J_KGK = 1005.0
YEARS = 3


@dataclass(frozen=True)
class Areas:
    """[building] m2."""

    footprint: Float
    heated: Float
    wall: Float
    """Opaque, whole building; so the next two."""
    window: Float
    roof: Float


@dataclass(frozen=True)
class Light:
    """[step, building] mean W/m2 on walls, on roofs; on panes by what they absorb and let through at an angle."""

    wall: Float
    roof: Float
    pane: Float
    sun: Float
    falls_kwh: Float
    """[building] on all of its roofs, walls and windows in the year, by the weather alone."""


def run(case: Case) -> list[Figure]:
    """Every figure of the project, see tests/cases/README.md.

    Raises:
        Refused: naming the file, building, code or key that is missing or out of range.
    """
    p = cea_project.project(case.inputs)
    weather = read_epw(case.inputs.within("project", "inputs/weather/weather.epw"))
    sums = _sums(case.inputs, p)
    site_films = case.inputs.text("window_films", "declared", choices=("declared", "site")) == "site"
    case.inputs.close()
    if weather.steps != 8760:
        raise Refused(f"{case.file.name}: the project's weather has {weather.steps} steps; give a year of 8760 hours")
    a, window_m2 = _areas(p)
    light = _light(p, window_m2, weather, sums)
    use = _use(p, a, weather)
    need_w, indoor_c = _march(p, a, light, use, weather, site_films=site_films)
    emission_w, pipes_w = _losses(p, need_w, indoor_c, weather.air_c)
    return _figures(p, a, light, use, need_w, need_w + emission_w + pipes_w)


def _figures(p: Project, a: Areas, light: Light, use: Use, need_w: Float, supply_w: Float) -> list[Figure]:
    found = [Figure("district_heating", float(supply_w.sum()) * 1e-6, "MWh"),
             Figure("district_heating_need", float(need_w.sum()) * 1e-6, "MWh")]  # fmt: skip
    for quantity, unit, values in (
        ("heating", "MWh", supply_w.sum(axis=0) * 1e-6), ("heating_need", "MWh", need_w.sum(axis=0) * 1e-6),
        ("peak_heating", "kW", supply_w.max(axis=0) * 1e-3), ("heated_area", "m2", a.heated), ("roof", "m2", a.roof),
        ("walls", "m2", a.wall), ("windows", "m2", a.window), ("incident_solar", "MWh", light.falls_kwh * 1e-3),
        ("people", "1", np.floor(use.people.max(axis=0))),
    ):  # fmt: skip
        found += [Figure(quantity, float(v), unit, at=n) for n, v in zip(p.name, values, strict=True)]
    return found


# ---------------------------------------------------------------- geometry and light


def _areas(p: Project) -> tuple[Areas, Float]:
    """Areas of the buildings, and of windows by energy surface [surface of the whole site]."""
    raw, n = p.shape.raw, len(p.name)
    mine = raw.building < n
    wall = (raw.kind == SurfaceKind.WALL) & mine
    side = np.round(raw.azimuth_rad / (np.pi / 2.0)).astype(int) % 4
    window = np.where(wall, raw.area_m2 * p.window_share[side, np.minimum(raw.building, n - 1)], 0.0)

    def summed(values: Float, chosen: NDArray[np.bool_]) -> Float:
        return np.bincount(raw.building[chosen], values[chosen], n).astype(np.float64)

    footprint = p.shape.bodies.footprint_m2[:n]
    heated = p.own["Hs_ag"] * p.storeys * footprint
    if not heated.all():
        name = p.name[int(np.argmin(heated))]
        raise Refused(f"building {name} has no heated floor (Hs_ag or its storeys are 0); leave it out of the zone")
    return Areas(footprint, heated, summed(raw.area_m2 - window, wall), summed(window, wall),
                 summed(raw.area_m2, mine & ~wall)), window  # fmt: skip


def _sums(inputs: Table, p: Project) -> dict[str, Float]:
    """[building] yearly irradiation on roofs, walls and windows [kWh/m2] that the case gives, else nothing.

    Columns of its file `sunlight`: KIND_SIDE_MWh and KIND_SIDE_m2, as the program's yearly sums are written.
    """
    rows = {row.text("name"): row for row in inputs.tables("sunlight", loose=True)}
    if not rows:
        return {}
    made = {}
    for kind, sides in (("roofs", ("top",)), ("walls", cea_project.WALLS), ("windows", cea_project.WALLS)):
        lit = []
        for name in p.name:
            if name not in rows:
                raise inputs.wrong("sunlight", f"has no row for building {name}")
            energy, area = (sum(rows[name].number(f"{kind}_{side}_{unit}", least=0.0) for side in sides)
                            for unit in ("MWh", "m2"))  # fmt: skip
            lit.append(1e3 * energy / max(area, 1e-9))
        made[kind] = np.array(lit)
    return made


def _light(p: Project, window_m2: Float, weather: Weather, sums: dict[str, Float]) -> Light:
    """Light of the year on the buildings, behind horizons of the whole site; every hour times one factor by building
    and kind, so that the year's sum is that of `sums`."""
    raw, n = p.shape.raw, len(p.name)
    rows = np.flatnonzero(raw.building < n)
    cosine, direct, poa, row = _transposed(p, rows, weather)
    owner, wall = raw.building[rows], raw.kind[rows] == SurfaceKind.WALL
    glass = window_m2[rows]
    area = {"roofs": np.where(wall, 0.0, raw.area_m2[rows]), "walls": np.where(wall, raw.area_m2[rows] - glass, 0.0),
            "windows": glass}  # fmt: skip
    year_kwh = poa.sum(axis=0) * weather.step_s / 3.6e6
    factor = {k: np.ones(n) for k in area}
    for kind, said in sums.items():
        own = np.bincount(owner, area[kind] * year_kwh, n) / np.maximum(np.bincount(owner, area[kind], n), 1e-9)
        factor[kind] = np.divide(said, own, out=np.ones(n), where=own > 0.0)

    def mean(values: Float, kind: str) -> Float:
        """[step, building] of [daylight, surface]"""
        weight = np.zeros((len(rows), n))
        weight[np.arange(len(rows)), owner] = area[kind] / np.maximum(np.bincount(owner, area[kind], n), 1e-9)[owner]
        return np.where((row >= 0)[:, None], (values @ weight)[row], 0.0)

    on, straight = poa * factor["windows"][owner], direct * factor["windows"][owner]
    shape, row_of = panes.angular(), fabric.panes_of(p.assembly["window.u_w_m2k"])[owner]
    drawn = np.where(on > SHADE_W_M2, p.assembly["shading.factor"][owner], 1.0)
    angle = np.round(cosine * (shape.sun.shape[1] - 1)).astype(int)
    pane, sun = (drawn * (straight * table[row_of, angle] + (on - straight) * diffuse[row_of])
                 for table, diffuse in ((shape.pane, shape.pane_diffuse), (shape.sun, shape.sun_diffuse)))  # fmt: skip
    return Light(
        wall=mean(poa, "walls") * factor["walls"], roof=mean(poa, "roofs") * factor["roofs"],
        pane=mean(pane, "windows"), sun=mean(sun, "windows"),
        falls_kwh=np.bincount(owner, year_kwh * raw.area_m2[rows], n).astype(np.float64),
    )  # fmt: skip


def _transposed(p: Project, rows: NDArray[np.intp], weather: Weather) -> tuple[Float, Float, Float, NDArray[np.int32]]:
    """Cosine of incidence, beam and all light [daylight, surface] on the surfaces `rows`, and [step] -> daylight."""
    raw, seen = p.shape.raw, p.shape.outlook
    sky, row = sky_of(weather)
    terms, low = irradiance.terms(sky, np.float64)
    plane = irradiance.planes(tilt=raw.tilt_rad[rows], azimuth=raw.azimuth_rad[rows], sky_view=seen.sky_view[rows],
                              dtype=np.float64)  # fmt: skip
    horizon = np.ascontiguousarray(seen.horizon_rad[rows].T, dtype=np.float64)
    cosine, direct, poa = (np.empty((len(terms), len(rows))) for _ in range(3))
    irradiance.transpose(terms, low, 0, len(terms), plane, horizon, irradiance.NO_CROWNS, np.empty(len(rows)),
                         cosine, direct, poa)  # fmt: skip
    return cosine, direct, poa, row


# ---------------------------------------------------------------- use


@dataclass(frozen=True)
class Use:
    """[hour, building]"""

    heat_c: Float
    """-inf where the heating is off."""
    gains_w: Float
    air_w_k: Float
    radiant_share: Float
    """[building] of the year's gains."""
    people: Float


def _use(p: Project, a: Areas, weather: Weather) -> Use:
    monthly = p.monthly.T[cea_project.months()]

    def factor(column: str) -> Float:
        return hours(p, column, lambda k, cell: float(cell), weather.year) * monthly

    def set_point(k: int, cell: str) -> float:
        return {"SETPOINT": float(p.own["Ths_set_C"][k]), "SETBACK": float(p.own["Ths_setb_C"][k])}.get(cell, -np.inf)

    places = p.own["Ns"] * p.storeys * a.footprint
    people = np.divide(places, p.own["Occ_m2pax"], out=np.zeros_like(places), where=p.own["Occ_m2pax"] > 0.0)
    people = people * factor("OCCUPANCY")
    electric = ELECTRIC_HEAT * p.own["Es"] * (p.storeys + p.basements) * a.footprint
    gains = {
        "people": people * p.own["Qs_Wpax"], "light": electric * p.own["El_Wm2"] * factor("LIGHTING"),
        "appliances": electric * (p.own["Ea_Wm2"] * factor("APPLIANCES") + p.own["Epro_Wm2"] * factor("PROCESSES")),
    }  # fmt: skip
    whole = sum(gains.values(), np.zeros_like(people))
    radiant = sum((RADIANT[k] * g.sum(axis=0) for k, g in gains.items()), np.zeros(len(p.name)))
    leak_m3_s = 0.5 * p.assembly["tightness.n50_h"] * 0.1 ** (2.0 / 3.0) * STOREY_M * a.heated / 3600.0
    fresh_m3_s = np.maximum(people * p.own["Ve_lpspax"] * 1e-3 - leak_m3_s, 0.0)
    fresh_m3_s *= 1.0 - p.assembly["ventilation.recovery"]
    density = 1.2929 * 273.15 / (273.15 + weather.air_c)[:, None]
    set_c = hours(p, "HEATING", set_point, weather.year)
    return Use(
        heat_c=np.where(cea_project.in_season(p), set_c, -np.inf), gains_w=whole,
        air_w_k=(leak_m3_s + fresh_m3_s) * density * AIR_J_KGK,
        radiant_share=radiant / np.maximum(whole.sum(axis=0), 1e-9), people=people,
    )  # fmt: skip


# ---------------------------------------------------------------- rooms


def _march(
    p: Project, a: Areas, light: Light, use: Use, weather: Weather, *, site_films: bool
) -> tuple[Float, Float]:  # fmt: skip
    """Heating that the rooms need [W] and their temperature, [hour, building], of a year that follows on itself."""
    n = len(p.name)
    parts = _parts(p, a, weather, site_films=site_films)
    reduced = zones.reduced(parts, _constructions(p, a, parts), step_s=weather.step_s)
    room = rooms.Room(
        air_j_k=zones.AIR_J_M2K * a.heated, ventilation_w_k=1.0, cool_c=np.inf,
        heat_limit_w=p.assembly["heating.limit_w_m2"] * a.heated, radiant_w=use.radiant_share,
        convective_w=1.0 - use.radiant_share,
    )  # fmt: skip
    packed = rooms.pack(reduced, room, dtype=np.float64)
    # the sun on the whole building counts, on what of it is heated
    share = p.own["Hs_ag"]
    seen = (light.wall * _absorbing(p, "wall") / np.sqrt(share), light.roof * _absorbing(p, "roof") / share,
            light.pane, light.sun)  # fmt: skip
    counts = [np.round(np.minimum(c / rooms.UNIT_W_M2, 65535.0)).astype(np.uint16) for c in seen]
    outside = np.array([weather.air_c, film.sky_loss_w_m2(weather.air_c, weather.sky_c), weather.air_c])
    columns = [np.ascontiguousarray(v) for v in (use.heat_c, np.zeros_like(use.heat_c), use.gains_w, use.air_w_k)]
    state = rooms.begin(reduction.steady(reduced, 20.0, np.zeros((INPUTS, n))), 20.0, np.float64)
    out = [np.empty((weather.steps, n)) for _ in range(3)]
    for _ in range(YEARS):
        rooms.march(packed, outside, *columns, np.arange(n, dtype=np.int32), *counts,
                    np.arange(weather.steps, dtype=np.int32), 0, state, rooms.scratch(np.float64), *out)  # fmt: skip
    return out[0], out[2]


def _absorbing(p: Project, element: str) -> Float:
    """Absorptance against the one that the product gives every wall and roof."""
    return p.assembly[f"{element}.absorptance"] / zones.ABSORPTANCE


def _parts(p: Project, a: Areas, weather: Weather, *, site_films: bool) -> zones.Parts:
    raw, n = p.shape.raw, len(p.name)
    mine = raw.building < n
    views = film.sky_view(raw.tilt_rad) * p.shape.outlook.sky_view

    def view(chosen: NDArray[np.bool_]) -> Float:
        area = np.where(chosen, raw.area_m2, 0.0)[mine]
        owner = raw.building[mine]
        return np.asarray(np.bincount(owner, area * views[mine], n) / np.maximum(np.bincount(owner, area, n), 1e-9))

    walls, roofs = view(raw.kind == SurfaceKind.WALL), view(raw.kind != SurfaceKind.WALL)
    height, share, none = p.shape.bodies.height_m[:n], p.own["Hs_ag"], np.zeros(n)
    wall, window, roof = np.sqrt(share) * a.wall, np.sqrt(share) * a.window, share * a.roof
    u = p.assembly["window.u_w_m2k"]
    wind = weather.wind_m_s
    pane_h = film.outside_w_m2k(wind, height_m=0.5 * height, rough=1.0) if site_films else none + DECLARED_W_M2K
    return zones.Parts(
        construction=np.arange(n, dtype=np.int32), panes=fabric.panes_of(u), wall_m2=wall, roof_m2=roof,
        ground_m2=none, window_m2=window,
        inside_m2=np.maximum(INNER_PER_FLOOR * a.heated - wall - roof - window, 0.0), floor_m2=a.heated,
        wall_w_m2k=p.assembly["wall.u_w_m2k"], roof_w_m2k=p.assembly["roof.u_w_m2k"], ground_w_m2k=none + 0.3,
        window_w_m2k=u, window_g=p.assembly["window.g"], bridges_w_k=none,
        collecting_m2=a.window * (1.0 - p.assembly["window.frame"]), wall_sky=walls, roof_sky=roofs, window_sky=walls,
        wall_h=film.outside_w_m2k(wind, height_m=0.5 * height), roof_h=film.outside_w_m2k(wind, height_m=height),
        window_h=pane_h,
    )  # fmt: skip


def _constructions(p: Project, a: Areas, parts: zones.Parts) -> fabric.Constructions:
    """A construction of its own for every building: plaster, insulation, and concrete of the capacity it tells."""
    faces = parts.wall_m2 + parts.roof_m2 + parts.inside_m2
    depth = p.assembly["construction.capacity_j_m2k"] * a.heated / faces / (CONCRETE[1] * CONCRETE[2])
    inner = np.column_stack([depth, *(np.full(len(depth), c) for c in CONCRETE)])
    outer = np.tile(OUTER, (len(depth), 1))
    return fabric.Constructions(id=p.name, wall_outer=outer, wall_inner=inner, roof_outer=outer, roof_inner=inner,
                                ground_outer=outer, ground_inner=inner, inside=inner)  # fmt: skip


def _losses(p: Project, need_w: Float, indoor_c: Float, air_c: Float) -> tuple[Float, Float]:
    """Of emission and control, and of the pipes [hour, building] (equations: see the module)."""
    n, faces = len(p.name), p.shape.mesh.faces
    outside = air_c[:, None]
    surplus = p.assembly["heating.emission_k"] + p.assembly["controller.control_k"]
    gap = indoor_c + surplus - outside
    emission = np.where(gap > 0.0, need_w * surplus / np.where(gap > 0.0, gap, 1.0), 0.0)
    total = need_w + np.maximum(emission, 0.0)
    owner = np.repeat(faces.building, np.diff(faces.ring_start[faces.face_start]))
    box = np.array([np.ptp(faces.xyz[owner == k, :2], axis=0) for k in range(n)])
    length, width = box.max(axis=1), box.min(axis=1)
    pipe_m = (2.0 * length + 0.0325 * length * width + 6.0) * p.shape.bodies.footprint_m2[:n] / (length * width)
    loss_w_mk = np.where(p.year >= 1995, 0.2, np.where(p.year >= 1985, 0.3, 0.4))
    water_c = p.assembly["heating.supply_c"] - 0.5 * p.assembly["heating.drop_k"]
    beside_c = indoor_c - 0.7 * (indoor_c - outside)
    busy = total / np.maximum(total.max(axis=0), 1e-9)
    return np.maximum(emission, 0.0), np.maximum(water_c - beside_c, 0.0) * busy * pipe_m * loss_w_mk
