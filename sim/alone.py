"""One building out of a case, in float64: the same year as in the district's, for whoever asks how its figures come.

Buildings do not feel each other within a step: what a home does follows from its own columns, weather and states (the
share of driving that is charged away is in `Cars.day_w` already). So one column marched alone is the district's.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np

from sim.physics import reduction, rooms
from sim.prepare import Array, Cars, Case
from sim.rooms import Rooms
from sim.solar import UNIT_W_M2
from sim.span import Flux, Span, State, simulate


def alone(case: Case, row: int) -> Case:
    """The case of one building in float64, without the district's plant and grid."""
    modules = slice(int(case.module_start[row]), int(case.module_start[row + 1]))
    columns = case.module_column[modules]
    profiles = [int(case.profile[row]), int(case.hot_water_profile[row])]
    return replace(
        case, dtype=np.float64, buildings=1, air_c=_float(case.air_c),
        module=np.ascontiguousarray(case.module[:, columns]), module_terms=_float(case.module_terms),
        module_column=np.arange(len(columns), dtype=np.int32), module_mount=case.module_mount[modules].copy(),
        peak_w=_float(case.peak_w[modules]), module_start=np.array([0, len(columns)], np.int64),
        rated_w=_one(case.rated_w, row), share=_float(case.share[:, profiles]), profile=np.zeros(1, np.int32),
        appliances_w=_one(case.appliances_w, row), hot_water_profile=np.ones(1, np.int32),
        hot_water_w=_one(case.hot_water_w, row), rooms=_rooms(case.rooms, row),
        heater=_float(case.heater[:, row : row + 1]), water_share=_float(case.water_share),
        grid=replace(case.grid, nodes=0, lines=0), connected=None, inside={}, battery_j=_one(case.battery_j, row),
        battery_limit_w=_one(case.battery_limit_w, row), batteries=bool(case.battery_j[row]),
        cars=None if case.cars is None else _cars(case.cars, row), plant=None, wind=None, sites=0,
    )  # fmt: skip


def state_of(state: State, row: int) -> State:
    """The building's part of a state of the district, in float64 from here on."""
    here = slice(row, row + 1)
    room, battery, vehicle = (_float(a[..., here]) for a in (state.room, state.battery_j, state.vehicle_j))
    return State(room, battery, vehicle, np.zeros(0))


def step(case: Case, state: State, first: int, at: int) -> tuple[State, Flux, State]:
    """State before step `at`, what flows in it and the state after, from `state` at the start of step `first`."""
    if at > first:
        state, _ = simulate(case, state, Span(first, at - first), grid=False)
    after, flux = simulate(case, state, Span(at, 1), grid=False)
    return state, flux, after


def _float(array: Array) -> Array:
    return np.array(array, dtype=np.float64, order="C")


def _one(column: Array, row: int) -> Array:
    return _float(column[row : row + 1])


def _rooms(r: Rooms, row: int) -> Rooms:
    here = slice(row, row + 1)
    arrays = {f.name: getattr(r.fabric, f.name) for f in fields(reduction.Reduced)}
    held = {n: np.ascontiguousarray(a[..., here]) for n, a in arrays.items() if isinstance(a, np.ndarray)}
    own: dict[str, Any] = held
    fabric = replace(r.fabric, **own)
    values = {f.name: np.asarray(getattr(r.room, f.name), float) for f in fields(rooms.Room)}
    room = rooms.Room(**{n: v[here] if v.ndim else v for n, v in values.items()})
    k = int(r.schedule[row])
    weeks = {n: _float(getattr(r, n)[:, k : k + 1]) for n in ("heat_c", "cool_c", "gain", "air")}
    light = {n: np.ascontiguousarray(getattr(r, n)[:, here]) for n in ("wall", "roof", "pane", "sun")}
    return replace(
        r, packed=rooms.pack(fabric, room, dtype=np.float64, channel_unit=UNIT_W_M2), outside=_float(r.outside),
        schedule=np.zeros(1, np.int32), fabric=fabric, room=room, eer=None if r.eer is None else _one(r.eer, row),
        **weeks, **light,
    )  # fmt: skip


def _cars(c: Cars, row: int) -> Cars:
    k = int(c.row[row])
    rows = {n: _float(getattr(c, n)[:, k : k + 1]) for n in ("arrive", "home", "stay")}
    return Cars(
        **rows, left=_float(c.left), midnight=c.midnight, row=np.zeros(1, np.int32), day_w=_one(c.day_w, row),
        limit_w=_one(c.limit_w, row), smart=_one(c.smart, row),
    )  # fmt: skip
