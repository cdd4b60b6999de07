"""The heat balance of one building in one step: everything that warms the air of its rooms, as terms in watts.

    heating - cooling + sun + gains + walls + roof + ground + windows + bridges + ventilation + joints + opened windows
        + out of walls and floors + out of air = 0

What crosses a wall follows from eight states without a place in it; so every boundary has a row of its own in
`reduction.Reduced.flow`, over the states at the step's start, the inputs and the air. What air carries and stores
follows from the equations of sim/physics/rooms.py, written here a second time: that all adds up to zero says that both
agree.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from network.terms import Term
from sim import zones
from sim.district import Buildings
from sim.formulas import term
from sim.physics import film
from sim.physics.reduction import STATES
from sim.physics.zone import INPUTS, Input
from sim.prepare import Case
from sim.solar import UNIT_W_M2
from sim.span import Flux, State

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


def terms(case: Case, b: Buildings, row: int, at: int, before: State, flux: Flux) -> tuple[Term, ...]:
    """The heat balance of the one building of `case` (sim/alone.py), row `row` of `b`, in step `at` [W]."""
    u, indoor = inputs(case, at), float(flux.indoor_c[0, 0])
    flow = case.rooms.fabric.flow[:, :, 0] @ np.concatenate([before.room[:STATES, 0], u, [indoor]])
    through = dict(zip(case.rooms.fabric.boundary, flow.tolist(), strict=True))
    return (
        *_machines(case, at, flux), *_light(case, b, row, at, u, through["sun"]),
        *_boundaries(b, row, u, indoor, through), *_air(case, at, u, before, indoor),
        _kept("stored", through["stored"]),
    )  # fmt: skip


def _kept(name: str, out_w: float, *inputs: Term) -> Term:
    """What comes out of a store, or goes into it: the sign stands, the words follow it."""
    words = term(name, out_w).label
    return term(name, out_w, *inputs, label=words if out_w >= 0.0 else words.replace("Out of", "Into"))


def _value(column: object) -> float:
    return float(np.asarray(column, float).reshape(-1)[0])


def _machines(case: Case, at: int, flux: Flux) -> list[Term]:
    """Heating and, where there is any, cooling."""
    room, r = case.rooms.room, case.rooms
    indoor = term("indoor_c", flux.indoor_c[0, 0])
    found = [term("heating", flux.heating_w[0, 0], term("set_point_c", _value(room.heat_c) + r.heat_c[at, 0]),
                  term("heat_limit_w", _value(room.heat_limit_w)), indoor)]  # fmt: skip
    if _value(room.cool_limit_w):
        found.append(term("cooling", -flux.cooling_w[0, 0],
                          term("cool_set_point_c", _value(room.cool_c) + r.cool_c[at, 0]),
                          term("cool_limit_w", _value(room.cool_limit_w)), indoor))  # fmt: skip
    return found


def _light(case: Case, b: Buildings, row: int, at: int, u: Float, watts: float) -> tuple[Term, Term]:
    """Sun through windows, and what people and appliances give off."""
    fabric, factor = case.rooms.fabric, float(case.rooms.gain[at, 0])
    collecting = fabric.flow[fabric.boundary.index("sun"), STATES + Input.SUN_W_M2, 0]
    convective = _value(case.rooms.room.convective_w) * factor
    sun = term("sun", watts, term("glass_w_m2", u[Input.SUN_W_M2]),
               term("collecting_m2", collecting, term("window_m2", b.window_m2[row]),
                    term("window_g", b.window_g[row])))  # fmt: skip
    gains = term("gains", u[Input.RADIANT_W] + convective, term("convective_w", convective),
                 term("radiant_w", u[Input.RADIANT_W]), term("gain_factor", factor))  # fmt: skip
    return sun, gains


def _boundaries(b: Buildings, row: int, u: Float, indoor_c: float, through: dict[str, float]) -> list[Term]:
    """Conduction through everything that encloses the rooms, with sun and sky on the outer faces."""
    outdoor, indoor = term("outdoor_c", u[Input.OUTSIDE_C]), term("indoor_c", indoor_c)
    sky = term("sky_c", u[Input.OUTSIDE_C] - u[Input.SKY_W_M2] / film.OUTSIDE_BLACK_W_M2K)

    def made(name: str, column: str, *more: Term) -> Term:
        area, uvalue = (float(getattr(b, f"{column}_{unit}")[row]) for unit in ("m2", "w_m2k"))
        return term(name, through[name], term("area_m2", area), term("u_w_m2k", uvalue), *more)

    def absorbed(column: str, light: float) -> Term:
        area = float(getattr(b, f"{column}_m2")[row])
        return term("absorbed_w", light * zones.ABSORPTANCE * area, term("irradiance_w_m2", light),
                    term("absorptance", zones.ABSORPTANCE), term("area_m2", area))  # fmt: skip

    found = [
        made("walls", "wall", absorbed("wall", u[Input.WALL_W_M2]), outdoor, sky, indoor),
        made("roof", "roof", absorbed("roof", u[Input.ROOF_W_M2]), outdoor, sky, indoor),
        made("ground", "ground", term("ground_c", u[Input.GROUND_C]), indoor),
        made("windows", "window", term("pane_w_m2", u[Input.PANE_W_M2]), outdoor, sky, indoor),
        term("bridges", through["bridges"], term("bridges_w_k", b.bridges_w_k[row]), outdoor, indoor),
    ]
    return found + ([term("inside", through["inside"])] if through["inside"] else [])


def _air(case: Case, at: int, u: Float, before: State, indoor_c: float) -> list[Term]:
    """What air carries (ventilation, joints, windows opened by hand) and what it stored."""
    room, outdoor_c = case.rooms.room, float(u[Input.OUTSIDE_C])
    vent, leak = _value(room.ventilation_w_k) * float(case.rooms.air[at, 0]), _value(room.leak_w_k)
    carried = {"ventilation": vent, "joints": leak, "opened": _opened(case, at, u, before, vent + leak)}
    found = [
        term(name, h * (outdoor_c - indoor_c), term(f"{name}_w_k", h), term("outdoor_c", outdoor_c),
             term("indoor_c", indoor_c))
        for name, h in carried.items() if h or name == "ventilation"
    ]  # fmt: skip
    capacity, was = _value(room.air_j_k), float(before.room[STATES, 0])
    stored = -capacity / case.step_s * (indoor_c - was)
    return [*found, _kept("air_stored", stored, term("air_j_k", capacity), term("before_c", was),
                         term("indoor_c", indoor_c))]  # fmt: skip


def _opened(case: Case, at: int, u: Float, before: State, h: float) -> float:
    """What windows opened by hand carry [W/K]: h = min(wide, (r - a T_open) / (T_open - T_outdoor)).

    Only where the room would be warmer than T_open and outdoor air is cooler than it (sim/physics/rooms.py).
    """
    fabric, room = case.rooms.fabric, case.rooms.room
    outdoor, limit, wide = float(u[Input.OUTSIDE_C]), _value(room.open_c), _value(room.open_w_k)
    if not wide or not np.isfinite(limit):
        return 0.0
    inertia = _value(room.air_j_k) / case.step_s
    a = inertia - float(fabric.direct_air[0]) + h
    gains = _value(room.convective_w) * float(case.rooms.gain[at, 0])
    given = float(before.room[:STATES, 0].sum() + fabric.direct[:, 0] @ u)
    r = inertia * float(before.room[STATES, 0]) + given + gains + h * outdoor
    excess, gap = r - a * limit, limit - outdoor
    held = _value(room.cool_c) + float(case.rooms.cool_c[at, 0])
    if excess <= 0.0 or outdoor * a >= r or outdoor >= held:
        return 0.0
    return wide if gap * wide <= excess else excess / gap
