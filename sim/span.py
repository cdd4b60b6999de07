"""The file to read: what happens in a district over a span of time.

`simulate` is pure and runs any span, round the year where it crosses New Year. Phenomena without memory (modules, use,
heaters) are worked out over the span at once; rooms, cars and batteries march through time; the grid is solved as a
batch.
The same steps give the same bits in whatever spans they are cut.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim import gridflow, lightfile
from sim.physics import battery, demand, heating, hotwater, pv, rooms, vehicles
from sim.prepare import Array, Case
from sim.rooms import settled


@dataclass(frozen=True)
class Span:
    """Steps first .. first + steps - 1; `first` may be negative or beyond the year, it is taken round the year."""

    first: int
    steps: int


@dataclass(frozen=True)
class State:
    """All that one step hands to the next."""

    room: Array
    """[9, building] what walls remember and the air's temperature, see rooms.march; of the case's float type."""
    battery_j: NDArray[np.float64]
    """[building] charge of the home battery."""
    vehicle_j: NDArray[np.float64]
    """[4, building] what cars still have to charge, see vehicles.charge; values of the case's float type."""
    site_j: NDArray[np.float64]
    """[site] charge of the district's batteries."""

    @property
    def nbytes(self) -> int:
        """Memory that it takes."""
        return self.room.nbytes + self.battery_j.nbytes + self.vehicle_j.nbytes + self.site_j.nbytes


@dataclass(frozen=True)
class Flux:
    """What flowed: means over each step, arrays [step, building], [step, line], [step, node], [step]."""

    span: Span
    surplus_w: Array
    """pv_w - appliances_w - heater_w - vehicle_w + battery_w: leaves the building towards the district."""
    pv_w: Array
    appliances_w: Array
    hot_water_w: Array
    """Heat drawn at the tap."""
    heating_w: Array
    """Heat given to the rooms."""
    heater_w: Array
    """Electricity of heat pump or heating rod, and of cooling."""
    gas_w: Array
    ambient_w: Array
    """Heat that heat pumps draw from the air."""
    cooling_w: Array
    """Heat taken from the rooms."""
    indoor_c: Array
    """Of the air."""
    vehicle_w: Array
    """Charging of cars at the building."""
    battery_w: Array
    """What the home battery gives, discharging."""
    battery_stored_w: Array
    """Change of its charge; what is neither given nor stored is lost."""
    site_w: NDArray[np.float64]
    """[step, site] what plant gives to the district."""
    site_stored_w: NDArray[np.float64]
    site_charge: NDArray[np.float64]
    """State of charge at the end of the step, 0..1; 0 where there is no battery."""
    line_w: NDArray[np.float64]
    """From `from` to `to` node, at the `from` end."""
    line_loading: NDArray[np.float64]
    """Current over rating."""
    voltage_pu: NDArray[np.float64]
    """nan where no source reaches, and where the grid carries more than has a solution."""
    grid_loss_w: NDArray[np.float64]
    source_w: NDArray[np.float64]
    """Power that the sources feed into the grid."""
    collapsed_line: NDArray[np.int64]
    """[step] row of the line that heads the feeder that carries more than has a solution, -1 = none; the part of the
    grid around it has no voltage and no losses then."""


def simulate(
    case: Case, state: State, span: Span, *, grid: bool = True, into: Flux | None = None
) -> tuple[State, Flux]:
    """Run `span` from `state`: the state after it, and what flowed.

    `grid=False` leaves the power flow out (voltages nan, flows 0). `into`: a Flux of the same length whose arrays
    may be overwritten, for callers that run many spans and keep none.
    """
    n, first = span.steps, span.first % case.steps
    flux = empty(case, span) if into is None else into
    when = np.arange(first, first + n) % case.steps
    air_c, water_share = case.air_c[when], case.water_share[when]
    cars = case.cars is not None or bool(state.vehicle_j.any())  # memory that nothing changes is not copied
    held = State(state.room.copy(), state.battery_j.copy(), state.vehicle_j.copy() if cars else state.vehicle_j,
                 state.site_j.copy())  # fmt: skip

    pv.generate(case.module, case.row, first, case.module_terms, case.module_column, case.module_mount, case.peak_w,
                case.module_start, case.rated_w, case.dtype(pv.INVERTER), np.empty_like(case.peak_w),
                flux.pv_w)  # fmt: skip
    demand.lookup(case.share, case.profile, case.appliances_w, first, flux.appliances_w)
    hotwater.draw(case.share, case.hot_water_profile, case.hot_water_w, first, flux.hot_water_w)
    dwell(case, held, first, flux)
    lightfile.give_back(case.mapped)
    heating.supply(flux.heating_w, flux.hot_water_w, air_c, water_share, case.heater, flux.heater_w, flux.gas_w,
                   flux.ambient_w)  # fmt: skip
    if case.rooms.eer is not None:
        flux.heater_w[:] += flux.cooling_w / case.rooms.eer
    np.subtract(flux.pv_w, flux.appliances_w, out=flux.surplus_w)
    np.subtract(flux.surplus_w, flux.heater_w, out=flux.surplus_w)
    drive(case, held, first, flux)
    store(case, held, when, flux)
    if grid and case.grid.nodes:
        solve_grid(case, flux)
    return held, flux


def dwell(case: Case, state: State, first: int, flux: Flux) -> None:
    """Rooms: fill heating_w, cooling_w and indoor_c; advance the state."""
    r = case.rooms
    room = state.room.astype(np.float64)
    rooms.march(r.packed, r.outside, r.heat_c, r.cool_c, r.gain, r.air, r.schedule, r.wall, r.roof, r.pane, r.sun,
                case.row, first, room, rooms.scratch(case.dtype), flux.heating_w, flux.cooling_w,
                flux.indoor_c)  # fmt: skip
    state.room[:] = room


def drive(case: Case, state: State, first: int, flux: Flux) -> None:
    """Charge the cars: fill vehicle_w and take it from surplus_w; advance the state."""
    c = case.cars
    if c is None:
        flux.vehicle_w.fill(0.0)
        if state.vehicle_j.any():
            state.vehicle_j.fill(0.0)
        return
    owed_j: Array = state.vehicle_j.astype(case.dtype)
    scratch: Array = np.empty((4, case.buildings), case.dtype)
    vehicles.charge(c.arrive, c.home, c.stay, c.left, c.midnight, c.row, c.day_w, c.limit_w, c.smart, first,
                    case.step_s, owed_j, scratch, flux.surplus_w, flux.vehicle_w)  # fmt: skip
    state.vehicle_j[:] = owed_j


def store(case: Case, state: State, when: NDArray[np.intp], flux: Flux) -> None:
    """Batteries of homes, then of the district on what is left; what turbines make; advance the state."""
    if case.batteries or state.battery_j.any():
        scratch = np.empty((2, case.buildings))
        battery.at_home(case.battery_j, case.battery_limit_w, case.step_s, state.battery_j, scratch, flux.surplus_w,
                        flux.battery_w, flux.battery_stored_w)  # fmt: skip
    else:
        flux.battery_w.fill(0.0)
        flux.battery_stored_w.fill(0.0)
    p = case.plant
    if p is None:
        for column in (flux.site_w, flux.site_stored_w, flux.site_charge):
            column.fill(0.0)
        flux.site_stored_w[0] = -state.site_j / case.step_s  # another scenario's charge is cut off
        state.site_j.fill(0.0)
    else:
        battery.of_district(flux.surplus_w, p.order, p.start, p.site_group, p.capacity_j, p.limit_w, p.part,
                            p.load_w[case.wall_hour[when]], case.step_s, np.empty(len(p.start) - 1), state.site_j,
                            flux.site_w, flux.site_stored_w, flux.site_charge)  # fmt: skip
    if case.wind is not None:
        flux.site_w[:, case.wind.site] += case.wind.power_w[when]


def solve_grid(case: Case, flux: Flux) -> None:
    """Fill the grid's part of `flux` from its buildings' part."""
    flows = gridflow.Flows(flux.voltage_pu, flux.line_w, flux.line_loading, flux.grid_loss_w, flux.source_w,
                           flux.collapsed_line)  # fmt: skip
    gridflow.solve(case.grid, flows, surplus_w=flux.surplus_w, appliances_w=flux.appliances_w, heater_w=flux.heater_w,
                   site_w=flux.site_w)  # fmt: skip


def empty(case: Case, span: Span) -> Flux:
    """A Flux with room for `span`; its grid part is that of a dead grid."""
    n, b = span.steps, case.buildings
    columns: list[Array] = [np.empty((n, b), case.dtype) for _ in range(10)]
    columns += [np.zeros((n, b), case.dtype) for _ in range(3)] + [np.zeros((n, case.sites)) for _ in range(3)]
    columns += [np.zeros((n, case.grid.lines)) for _ in range(2)]
    columns += [np.full((n, case.grid.nodes), np.nan), np.zeros(n), np.zeros(n), np.full(n, -1)]
    return Flux(span, *columns)


def initial(case: Case, step: int = 0) -> State:
    """A guess to start a run-up from at `step`: rooms settled under the weeks before it, stores empty."""
    room: Array = settled(case.rooms, case.row, step, step_s=case.step_s, dtype=case.dtype).astype(case.dtype)
    return State(room, np.zeros(case.buildings), np.zeros((4, case.buildings)), np.zeros(case.sites))
