"""The heat balance of one building in one step: everything that warms the air of its rooms, as terms in watts.

    heating - cooling + sun + gains + walls + roof + ground + windows + bridges + ventilation + joints + opened windows
        + out of walls and floors + out of air = 0

What crosses a wall follows from eight states without a place in it; so every boundary has a row of its own in
`reduction.Reduced.flow`, over the states at the step's start, the inputs and the air; the temperature of its outer face
is what the flow through the film leaves. What air carries and stores follows from the equations of
sim/physics/rooms.py, and films and collecting glass from those of sim/rooms.py, written here a second time: sums that
are zero, and rooms that come out alike, say that both agree.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from network.terms import Term
from sim import panes, zones
from sim.district import Buildings, District, SurfaceKind
from sim.formulas import term
from sim.physics import film
from sim.physics.reduction import STATES
from sim.physics.zone import INPUTS, LEAST_M2, Input
from sim.prepare import Case
from sim.solar import UNIT_W_M2
from sim.span import Flux, State
from sim.weather import Weather

Float = NDArray[np.float64]
_LIGHT = {Input.WALL_W_M2: "wall", Input.ROOF_W_M2: "roof", Input.PANE_W_M2: "pane", Input.SUN_W_M2: "sun"}


def inputs(case: Case, at: int) -> Float:
    """[input] what drives the one zone of `case` in step `at`, in the units of zone.Input."""
    r = case.rooms
    u = np.zeros(INPUTS)
    u[: Input.GROUND_C + 1] = r.outside[:, at]
    if case.row[at] >= 0:
        for i, name in _LIGHT.items():
            u[i] = float(getattr(r, name)[case.row[at], 0]) * UNIT_W_M2
    u[Input.RADIANT_W] = _value(r.room.radiant_w) * float(r.gain[at, 0])
    return u


def parts(d: District, weather: Weather, row: int) -> zones.Parts:
    """What the rooms of building `row` are made from: the columns that sim/rooms.py makes for all, of one."""
    b, s = d.building, d.surface
    own = {f.name: getattr(b, f.name)[row : row + 1] for f in fields(Buildings)}
    rows = np.flatnonzero(s.building == row)
    seen = film.sky_view(s.tilt_rad[rows]) * s.sky_view[rows]
    wall = s.kind[rows] == SurfaceKind.WALL
    opaque, glass = (np.asarray(a[rows], float) for a in (s.opaque_m2, s.glass_m2))

    def mean(area_m2: Float, nothing: float) -> Float:
        return np.array([(area_m2 * seen).sum() / area_m2.sum() if area_m2.sum() > 0.0 else nothing])

    upright, wind, height_m = film.UPRIGHT_SKY_VIEW, weather.wind_m_s, own["height_m"]
    return zones.Parts(
        **{f.name: own[f.name] for f in fields(zones.Parts) if f.name in own},
        collecting_m2=np.array([glass.sum()]), wall_sky=mean(np.where(wall, opaque, 0.0), upright),
        roof_sky=mean(np.where(wall, 0.0, opaque), 1.0), window_sky=mean(glass, upright),
        wall_h=film.outside_w_m2k(wind, height_m=0.5 * height_m), roof_h=film.outside_w_m2k(wind, height_m=height_m),
        window_h=film.outside_w_m2k(wind, height_m=0.5 * height_m, rough=1.0),
    )  # fmt: skip


def terms(
    d: District, weather: Weather, case: Case, row: int, at: int, before: State, flux: Flux
) -> tuple[Term, ...]:
    """The heat balance of the one building of `case` (sim/alone.py), row `row` of the district, in step `at` [W]."""
    u, indoor = inputs(case, at), float(flux.indoor_c[0, 0])
    flow = case.rooms.fabric.flow[:, :, 0] @ np.concatenate([before.room[:STATES, 0], u, [indoor]])
    through = dict(zip(case.rooms.fabric.boundary, flow.tolist(), strict=True))
    p, air = parts(d, weather, row), _air_balance(case, at, u, before)
    return (
        *_machines(case, at, flux, air), *_light(case, p, at, u, through["sun"]),
        *_boundaries(p, u, indoor, through), *_carried(case, at, u, air, indoor),
        _kept("air_stored", -air.capacity_j_k / case.step_s * (indoor - air.before_c), *_store(case, air),
              term("indoor_c", indoor)),
        _kept("stored", through["stored"]),
    )  # fmt: skip


def _kept(name: str, out_w: float, *inputs: Term) -> Term:
    """What comes out of a store, or goes into it: the sign stands, the words follow it."""
    words = term(name, out_w).label
    return term(name, out_w, *inputs, label=words if out_w >= 0.0 else words.replace("Out of", "Into"))


def _value(column: object) -> float:
    return float(np.asarray(column, float).reshape(-1)[0])


# ---------------------------------------------------------------- the air


@dataclass(frozen=True)
class _Air:
    """The balance a T = r + heating - cooling of the air in a step (sim/physics/rooms.py)."""

    capacity_j_k: float
    before_c: float
    outdoor_c: float
    faces_w_k: float
    """- d_a"""
    faces_w: float
    convective_w: float
    ventilation_w_k: float
    joints_w_k: float
    a: float
    """[W/K] windows shut"""
    r: float
    """[W] windows shut"""
    opened_w_k: float


def _air_balance(case: Case, at: int, u: Float, before: State) -> _Air:
    """a = C / step - d_a + H,  r = C T_before / step + states + d u + gains + H T_outdoor  (sim/physics/rooms.py)."""
    fabric, room = case.rooms.fabric, case.rooms.room
    capacity, outdoor, was = _value(room.air_j_k), float(u[Input.OUTSIDE_C]), float(before.room[STATES, 0])
    vent, leak = _value(room.ventilation_w_k) * float(case.rooms.air[at, 0]), _value(room.leak_w_k)
    faces_w_k = -float(fabric.direct_air[0])
    faces_w = float(before.room[:STATES, 0].sum() + fabric.direct[:, 0] @ u)
    gains = _value(room.convective_w) * float(case.rooms.gain[at, 0])
    a = capacity / case.step_s + faces_w_k + vent + leak
    r = capacity / case.step_s * was + faces_w + gains + (vent + leak) * outdoor
    return _Air(capacity, was, outdoor, faces_w_k, faces_w, gains, vent, leak, a, r, _opened(case, at, a, r, outdoor))


def _opened(case: Case, at: int, a: float, r: float, outdoor_c: float) -> float:
    """What windows opened by hand carry [W/K]: h = min(wide, (r - a T_open) / (T_open - T_outdoor)).

    Only where the room would be warmer than T_open and outdoor air is cooler than it (sim/physics/rooms.py).
    """
    room = case.rooms.room
    limit, wide = _value(room.open_c), _value(room.open_w_k)
    if not wide or not np.isfinite(limit):
        return 0.0
    excess, gap = r - a * limit, limit - outdoor_c
    held = _value(room.cool_c) + float(case.rooms.cool_c[at, 0])
    if excess <= 0.0 or outdoor_c * a >= r or outdoor_c >= held:
        return 0.0
    return wide if gap * wide <= excess else excess / gap


def _store(case: Case, air: _Air) -> tuple[Term, ...]:
    return term("air_j_k", air.capacity_j_k), term("before_c", air.before_c), term("step_s", case.step_s)


def _balance(case: Case, air: _Air, *, opened: bool) -> tuple[Term, Term]:
    """a and r, with what hands open or with windows shut."""
    extra = air.opened_w_k if opened else 0.0
    moved = term("moved_w_k", air.ventilation_w_k + air.joints_w_k + extra)
    store = _store(case, air)
    names = ("air_w_k", "given_w") if opened else ("shut_w_k", "shut_w")
    return (
        term(names[0], air.a + extra, store[0], store[2], term("faces_w_k", air.faces_w_k), moved),
        term(names[1], air.r + extra * air.outdoor_c, *store, term("faces_w", air.faces_w),
             term("convective_w", air.convective_w), moved, term("outdoor_c", air.outdoor_c)),
    )  # fmt: skip


def _machines(case: Case, at: int, flux: Flux, air: _Air) -> list[Term]:
    """Heating and, where there is any, cooling."""
    room, r = case.rooms.room, case.rooms
    balance = (*_balance(case, air, opened=True), term("indoor_c", flux.indoor_c[0, 0]))

    def set_point(name: str, own: float, shift: Term) -> Term:
        up = shift.value if name == "cool_set_point_c" else -shift.value
        return term(name, own + up, term("own_set_point_c", own), shift)

    held = set_point("set_point_c", _value(room.heat_c), term("set_back_k", -r.heat_c[at, 0]))
    found = [term("heating", flux.heating_w[0, 0], held, term("heat_limit_w", _value(room.heat_limit_w)), *balance)]
    if _value(room.cool_limit_w):
        held = set_point("cool_set_point_c", _value(room.cool_c), term("cool_up_k", r.cool_c[at, 0]))
        found.append(term("cooling", -flux.cooling_w[0, 0], held, term("cool_limit_w", _value(room.cool_limit_w)),
                          *balance))  # fmt: skip
    return found


def _carried(case: Case, at: int, u: Float, air: _Air, indoor_c: float) -> list[Term]:
    """What air carries: ventilation, joints, windows opened by hand."""
    room = case.rooms.room
    behind = {
        "ventilation": (term("full_w_k", _value(room.ventilation_w_k)), term("air_factor", case.rooms.air[at, 0])),
        "joints": (),
        "opened": (term("open_c", _value(room.open_c)), term("wide_w_k", _value(room.open_w_k)),
                   *_balance(case, air, opened=False)),
    }  # fmt: skip
    moved = {"ventilation": air.ventilation_w_k, "joints": air.joints_w_k, "opened": air.opened_w_k}
    return [
        term(name, h * (air.outdoor_c - indoor_c), term(f"{name}_w_k", h, *behind[name]),
             term("outdoor_c", air.outdoor_c), term("indoor_c", indoor_c))
        for name, h in moved.items() if h or name == "ventilation"
    ]  # fmt: skip


# ---------------------------------------------------------------- light, walls and windows


def _light(case: Case, p: zones.Parts, at: int, u: Float, watts: float) -> tuple[Term, Term]:
    """Sun through windows, and what people and appliances give off."""
    fabric, room, factor = case.rooms.fabric, case.rooms.room, float(case.rooms.gain[at, 0])
    collecting = float(fabric.flow[fabric.boundary.index("sun"), STATES + Input.SUN_W_M2, 0])
    direct, g, glass = _value(panes.split()[0][p.panes]), _value(p.window_g), _value(p.collecting_m2)
    inside = collecting / (glass * direct * g) if glass * direct * g > 0.0 else 1.0
    area = term("collecting_m2", collecting, term("glass_m2", glass),
                term("transmittance", direct * g, term("window_g", g), term("direct_share", direct)),
                term("inside_share", inside))  # fmt: skip
    mean = (term("mean_gains_w", _value(room.convective_w) + _value(room.radiant_w)), term("gain_factor", factor))
    convective, radiant = _value(room.convective_w) * factor, float(u[Input.RADIANT_W])
    return (
        term("sun", watts, term("glass_w_m2", u[Input.SUN_W_M2]), area),
        term("gains", radiant + convective, term("convective_w", convective, *mean),
             term("radiant_w", radiant, *mean)),
    )  # fmt: skip


def _boundaries(p: zones.Parts, u: Float, indoor_c: float, through: dict[str, float]) -> list[Term]:
    """Conduction through everything that encloses the rooms, with sun and sky on the outer faces."""
    outdoor, indoor = term("outdoor_c", u[Input.OUTSIDE_C]), term("indoor_c", indoor_c)
    ground, area, u_value = float(u[Input.GROUND_C]), _value(p.ground_m2), _value(p.ground_w_m2k)
    steady = u_value * area * (ground - indoor_c)
    bridges = _value(p.bridges_w_k)
    return [
        _opaque(p, "walls", "wall", u, float(u[Input.WALL_W_M2]), through["walls"]),
        _opaque(p, "roof", "roof", u, float(u[Input.ROOF_W_M2]), through["roof"]),
        term("ground", through["ground"], term("area_m2", area), term("u_w_m2k", u_value), term("ground_c", ground),
             indoor, term("lag_w", through["ground"] - steady)),
        _glass(p, u, through["windows"]),
        term("bridges", through["bridges"], term("bridges_w_k", bridges), outdoor, indoor),
    ]  # fmt: skip


def _opaque(p: zones.Parts, name: str, column: str, u: Float, light: float, flow_w: float) -> Term:
    """Walls or roof: the film, what the outer face absorbs and loses to the sky, and the flow through it."""
    area = term("area_m2", _value(getattr(p, f"{column}_m2")))
    emissivity, black = term("emissivity", zones.EMISSIVITY), term("black_w_m2k", film.OUTSIDE_BLACK_W_M2K)
    convection = _value(getattr(p, f"{column}_h"))
    h = term("film_w_m2k", convection + emissivity.value * black.value, term("convection_w_m2k", convection),
             emissivity, black)  # fmt: skip
    absorbed = term("absorbed_w", light * zones.ABSORPTANCE * area.value, term("irradiance_w_m2", light),
                    term("absorptance", zones.ABSORPTANCE), area)  # fmt: skip
    sky = _sky(area, emissivity.value * _value(getattr(p, f"{column}_sky")), u)
    face = float(u[Input.OUTSIDE_C]) + (absorbed.value - sky.value - flow_w) / (max(area.value, LEAST_M2) * h.value)
    uvalue = term("u_w_m2k", _value(getattr(p, f"{column}_w_m2k")))
    return term(name, flow_w, area, h, term("outdoor_c", u[Input.OUTSIDE_C]), term("face_c", face, uvalue), absorbed,
                sky)  # fmt: skip


def _glass(p: zones.Parts, u: Float, flow_w: float) -> Term:
    """Windows: as walls, but between outdoor air and the inner pane."""
    w, area = zones.window(p), term("area_m2", _value(p.window_m2))
    h = term("conductance_w_m2k", _value(w.conductance_w_m2k), term("u_w_m2k", _value(p.window_w_m2k)),
             term("film_w_m2k", _value(p.window_h) + zones.GLASS_EMISSIVITY * film.OUTSIDE_BLACK_W_M2K,
                  term("convection_w_m2k", _value(p.window_h)), term("emissivity", zones.GLASS_EMISSIVITY),
                  term("black_w_m2k", film.OUTSIDE_BLACK_W_M2K)))  # fmt: skip
    light, share = float(u[Input.PANE_W_M2]), _value(w.absorptance)
    absorbed = term("absorbed_w", light * share * area.value, term("pane_w_m2", light), term("pane_share", share), area)
    sky = _sky(area, _value(w.sky), u)
    pane = float(u[Input.OUTSIDE_C]) + (absorbed.value - sky.value - flow_w) / (max(area.value, LEAST_M2) * h.value)
    return term("windows", flow_w, area, h, term("outdoor_c", u[Input.OUTSIDE_C]), term("pane_c", pane), absorbed, sky)


def _sky(area: Term, share: float, u: Float) -> Term:
    """What a face of `area` loses more to the sky than to air: input SKY is h_black (T_outdoor - T_sky)."""
    sky_c = float(u[Input.OUTSIDE_C] - u[Input.SKY_W_M2] / film.OUTSIDE_BLACK_W_M2K)
    return term("sky_w", area.value * share * float(u[Input.SKY_W_M2]), area, term("sky_share", share),
                term("black_w_m2k", film.OUTSIDE_BLACK_W_M2K), term("outdoor_c", u[Input.OUTSIDE_C]),
                term("sky_c", sky_c))  # fmt: skip
