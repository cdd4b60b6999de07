"""District: frozen read-only columns by axis. No Building class; a building is a row.

Axes: [building] [surface] [site] [node] [line] [vertex] [profile] [construction] [schedule] (sim/fabric.py).
Column names end in their SI unit; temperatures that kernels use are kelvin above 273.15, suffix `_c`. World
coordinates are local east-north-up metres around the place's origin. Order of a table's rows is the order of its axis;
layers change columns, never an axis.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from sim.columns import Code as Code
from sim.columns import Columns
from sim.columns import Float as Float
from sim.columns import Int as Int
from sim.fabric import Constructions, Schedules
from sim.place import Place


class Use(IntEnum):
    """What a building is used for."""

    HOME = 0
    OFFICE = 1
    RETAIL = 2
    SCHOOL = 3
    INDUSTRY = 4
    SHED = 5  # unheated: garages, boiler houses


class SizeClass(IntEnum):
    """TABULA's building size classes."""

    SFH = 0  # detached or semi-detached house
    TH = 1  # terraced house
    MFH = 2  # multi-family house
    AB = 3  # apartment block


class Heater(IntEnum):
    """What makes room heat and hot water."""

    NONE = 0
    GAS_BOILER = 1
    HEAT_PUMP = 2


class SurfaceKind(IntEnum):
    """Kind of an energy surface."""

    ROOF = 0
    WALL = 1


class SiteKind(IntEnum):
    """Kind of plant that a site is kept for."""

    BATTERY = 0
    TURBINE = 1
    CANOPY = 2  # modules over parking
    CHARGER = 3


class NodeKind(IntEnum):
    """Kind of a grid node."""

    SOURCE = 0  # medium-voltage side of a transformer, the slack
    BUSBAR = 1  # low-voltage side
    JUNCTION = 2
    SERVICE = 3  # a building's connection


class LineKind(IntEnum):
    """Kind of a grid branch."""

    CABLE = 0
    SERVICE = 1
    TRANSFORMER = 2


@dataclass(frozen=True)
class Buildings(Columns):
    """[building]"""

    id: tuple[str, ...]
    name: tuple[str, ...]
    use: Code
    size_class: Code
    year: Int
    storeys: Int
    dwellings: Float
    x_m: Float
    y_m: Float
    z_m: Float
    """Foot point: centroid of the footprint at ground height."""
    height_m: Float
    footprint_m2: Float
    floor_m2: Float
    """Conditioned reference floor area (TABULA A_C,ref)."""
    volume_m3: Float
    h_air_w_k: Float
    """H_ve = rho c n V."""
    gains_w: Float
    """Internal heat gains, mean of a week."""
    set_point_c: Float
    """Of the air; the schedule sets it back."""
    heat_limit_w: Float
    heater: Code
    boiler_efficiency: Float
    """Useful heat per gas, 0..1."""
    sink_c: Float
    """Heat pump sink temperature for rooms at 0 degC outside (When2Heat: 40 radiator, 30 floor)."""
    sink_slope: Float
    """Change of the sink temperature per kelvin outside (When2Heat: -1 radiator, -0.5 floor)."""
    hot_water_j: Float
    """Useful heat for hot water over the year."""
    appliances_j: Float
    """Electricity of appliances and light over the year."""
    profile: Int
    """Row of [profile] for appliances."""
    hot_water_profile: Int
    """Row of [profile] for hot water."""
    node: Int
    """Row of [node] where it is connected, -1 = none."""
    phase_share: Float
    """[building, 3] of its power that each phase carries; a third each for a three-phase connection."""
    wall_m2: Float
    """Opaque exterior wall, without windows and doors."""
    roof_m2: Float
    ground_m2: Float
    window_m2: Float
    """Without doors."""
    wall_w_m2k: Float
    """U-value, with the resistance of an unheated space behind the element (b-factor); so the next three."""
    roof_w_m2k: Float
    ground_w_m2k: Float
    window_w_m2k: Float
    window_g: Float
    """Solar transmittance of the glass at normal incidence (EN 410)."""
    h_leak_w_k: Float
    """Part of h_air_w_k that leaks through joints; the rest is ventilation."""
    bridges_w_k: Float
    """Thermal bridges and doors: what no mass delays."""
    inside_m2: Float
    """Faces of floors and partitions that lose nothing."""
    construction: Int
    """Row of [construction]: the layers on either side of the insulation."""
    panes: Code
    """sim.fabric.Panes."""
    schedule: Int
    """Row of [schedule]."""
    open_c: Float
    """Room temperature above which windows are opened while it is cooler outside."""
    open_w_k: Float
    """Most that open windows carry off."""
    cool_c: Float
    """Room temperature above which is cooled."""
    cool_limit_w: Float
    """Most heat that cooling takes, 0 = there is none."""
    cooling_eer: Float
    """Heat taken per electricity."""
    vehicles: Float
    """Cars that belong here, whatever drives them."""
    electric_share: Float
    """Of the vehicles, 0..1."""
    smart_share: Float
    """Of the electric vehicles, 0..1, that charge when it suits house and grid."""
    drive_j: Float
    """Electricity that one electric vehicle takes from plugs per day."""
    away_share: Float
    """Of drive_j, 0..1, that is charged at the district's chargers."""
    battery_j: Float
    """Usable capacity of the home battery."""
    battery_limit_w: Float
    """Most that the home battery gives or takes, on the side of the house."""


@dataclass(frozen=True)
class Surfaces(Columns):
    """[surface] Energy surfaces of roofs and exterior walls, sorted by building. Party walls are absent."""

    id: tuple[str, ...]
    building: Int
    kind: Code
    tilt_rad: Float
    azimuth_rad: Float
    """Of the outward normal, clockwise from north, 0..2 pi."""
    area_m2: Float
    x_m: Float
    y_m: Float
    z_m: Float
    glass_m2: Float
    """Glass that the sun reaches: window area x (1 - frame) x shades; angle and g-value come in later."""
    opaque_m2: Float
    """The rest of a wall, all of a roof."""
    usable_m2: Float
    """Area that can carry modules."""
    pv_peak_w: Float
    """Installed module power at standard test conditions."""
    horizon_rad: NDArray[np.float32]
    """[surface, 36 n] elevation of the horizon, azimuth bins of 10 degrees from north, of n points of the surface one
    after the other: each looks out of an equal share of its area."""
    crown_rad: NDArray[np.float32]
    """[surface, 36 n] elevation of the tops of crowns of trees, likewise; 0 = none stands there."""
    sky_view: Float
    """Share of the sky that an unobstructed surface of this tilt would see that is really seen, 0..1, crowns of trees
    included."""
    crown_view: Float
    """The part of sky_view that stands behind crowns of trees."""


@dataclass(frozen=True)
class Sites(Columns):
    """[site] Places for plant of the district. Capacity 0 = nothing stands there yet; layers raise it."""

    id: tuple[str, ...]
    name: tuple[str, ...]
    kind: Code
    """SiteKind."""
    x_m: Float
    y_m: Float
    z_m: Float
    """Foot point."""
    node: Int
    """Row of [node] where it is connected, -1 = none."""
    area_m2: Float
    """Ground that the plant may cover."""
    capacity_j: Float
    """Usable capacity of a battery."""
    power_w: Float
    """Rating: most that the plant gives or takes at its node."""
    hub_m: Float
    """Hub height of a turbine; 0 = none stands there."""


def no_sites() -> Sites:
    """A district without places for plant."""
    none = np.empty(0)
    rows = np.empty(0, np.int32)
    return Sites(id=(), name=(), kind=np.empty(0, np.int8), x_m=none, y_m=none, z_m=none, node=rows, area_m2=none,
                 capacity_j=none, power_w=none, hub_m=none)  # fmt: skip


@dataclass(frozen=True)
class Nodes(Columns):
    """[node] of the grid."""

    id: tuple[str, ...]
    kind: Code
    x_m: Float
    y_m: Float
    z_m: Float
    nominal_v: Float
    """Line-to-line voltage that pu of this node refer to."""
    source_pu: Float
    """Voltage that a source holds; 1 elsewhere."""
    shunt_w: Float
    """What iron cores draw at nominal voltage, of all phases; it grows with the voltage's square."""
    shunt_var: Float
    """Reactive, inductive positive: magnetising currents less what cables charge; likewise."""


@dataclass(frozen=True)
class Lines(Columns):
    """[line] Branches of the grid: cables, services, transformers. `from` is the substation side."""

    id: tuple[str, ...]
    kind: Code
    from_node: Int
    to_node: Int
    closed: NDArray[np.bool_]
    resistance_ohm: Float
    reactance_ohm: Float
    """Of the whole branch, per phase, transformers referred to the low-voltage side, which is `to`."""
    zero_resistance_ohm: Float
    zero_reactance_ohm: Float
    """Of the zero sequence; used where phases carry unequal loads."""
    ratio: Float
    """No-load voltage at `to` over that at `from`, each in pu of its node: a transformer's taps; 1 for cables."""
    vector_group: tuple[str, ...]
    """Of transformers (IEC 60076-1): Dyn5; empty for cables."""
    rating_va: Float
    length_m: Float
    vertex_start: Int
    """[line + 1] offsets into District.vertex_m."""


@dataclass(frozen=True)
class Profiles(Columns):
    """[profile] Seeded years of use. share: [profile, hour] of the year, local standard time, each row sums to 1."""

    id: tuple[str, ...]
    share: NDArray[np.float32]


@dataclass(frozen=True)
class Bill:
    """What one measure of a scenario costs once."""

    kind: str
    """Of the layer."""
    capital_eur: float
    embodied_co2_kg: float


@dataclass(frozen=True)
class District:
    """Everything constant about a district; layers are functions District -> District."""

    place: Place
    building: Buildings
    surface: Surfaces
    site: Sites
    node: Nodes
    line: Lines
    vertex_m: Float
    """[vertex, 3] polylines of the lines."""
    profile: Profiles
    construction: Constructions
    schedule: Schedules
    bills: tuple[Bill, ...] = ()
    """Of the measures that made this district out of the package's, in the order of the catalogue."""
