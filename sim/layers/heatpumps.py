"""Heat pumps: a share of the gas boilers gives way to air-source heat pumps.

Which ones is drawn once by building (sim/layers/tickets.py), so a growing share keeps the earlier ones. With radiators
the sink is 40 degC at 0 degC outside, with floor heating 30 degC (When2Heat, O. Ruhnau et al. 2019); floor heating that
is there stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from network.schema import LayerKind, Parameter
from sim.district import Bill, District, Heater
from sim.layers.select import ATTRIBUTES
from sim.layers.tickets import tickets

FLOOR = (30.0, -0.5)
"""Sink at 0 degC outside [degC] and its change per kelvin outside."""
EUR_KW, KG_KW = 1600.0, 120.0
FLOOR_EUR_M2, FLOOR_KG_M2 = 70.0, 5.0

ABOUT = LayerKind(
    kind="heatpumps",
    label="Heat pumps",
    r="refuse",
    description="Air-source heat pumps instead of gas boilers, for rooms and hot water.",
    parameters=(
        Parameter(
            name="share", label="Share of gas boilers", unit="1", display_unit="%", display_factor=100.0, minimum=0.0,
            maximum=1.0, default=0.5, step=0.01, description="Of the selected buildings that burn gas today.",
        ),
        Parameter(
            name="floor", label="With floor heating", unit="1", display_unit="%", display_factor=100.0, minimum=0.0,
            maximum=1.0, default=0.0, step=0.05,
            description="Of those: 30 °C supply at 0 °C outside; the others keep radiators at 40 °C.",
        ),
    ),
    cost="1,600 EUR per kW of heat installed, floor heating 70 EUR/m2 of floor: orders of magnitude (judgement)",
    embodied="120 kg CO2e per kW of heat, refrigerant included, floor heating 5 kg/m2: orders of magnitude (judgement)",
    source="COP and sinks: O. Ruhnau et al., Scientific Data 6 (2019) 189 (When2Heat)",
    attributes=ATTRIBUTES,
    paint="surplus_w_m2",
)  # fmt: skip


def heaters(district: District, selected: NDArray[np.bool_], values: Mapping[str, float]) -> District:
    """heater = HEAT_PUMP where a gas boiler of the selection has a ticket below the share."""
    b = district.building
    changed = selected & (b.heater == Heater.GAS_BOILER) & (tickets(b.id, "heatpumps") < values["share"])
    floor = changed & (tickets(b.id, "floor heating") < values["floor"])
    building = replace(
        b, heater=np.where(changed, np.int8(Heater.HEAT_PUMP), b.heater),
        sink_c=np.where(floor, np.minimum(b.sink_c, FLOOR[0]), b.sink_c),
        sink_slope=np.where(floor, np.maximum(b.sink_slope, FLOOR[1]), b.sink_slope),
    )  # fmt: skip
    return replace(district, building=building)


def bill(before: District, after: District) -> Bill:
    """Power of the new heat pumps, floor area of the new floor heating."""
    old, new = before.building, after.building
    kw = float(new.heat_limit_w[new.heater != old.heater].sum()) / 1e3
    floor_m2 = float(new.floor_m2[new.sink_c < old.sink_c].sum())
    return Bill("heatpumps", EUR_KW * kw + FLOOR_EUR_M2 * floor_m2, KG_KW * kw + FLOOR_KG_M2 * floor_m2)
