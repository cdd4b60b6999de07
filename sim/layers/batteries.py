"""Batteries: at homes with modules, and at the places that the district keeps for them.

A home battery takes the house's own surplus and gives into its own need; a battery of the district does so for all
that hang on the same substation (sim/physics/battery.py). A place for plant takes part where the building nearest to
it is selected.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from network.schema import LayerKind, Parameter
from sim.district import Bill, District, SiteKind
from sim.layers.select import ATTRIBUTES, sites

KWH = 3.6e6
HOME_EUR_KWH, DISTRICT_EUR_KWH, KG_KWH = 700.0, 400.0, 100.0

ABOUT = LayerKind(
    kind="batteries",
    label="Batteries",
    r="rethink",
    description="Home batteries beside solar modules, district batteries at the places kept for them.",
    parameters=(
        Parameter(
            name="home", label="Home battery per module power", unit="J/W", display_unit="kWh/kW",
            display_factor=1.0 / 3600.0, minimum=0.0, maximum=3.0 * 3600.0, default=3600.0, step=360.0,
            description="Usable capacity; power is half of it per hour.",
        ),
        Parameter(
            name="dwelling", label="Home battery per dwelling", unit="J", display_unit="kWh",
            display_factor=1.0 / KWH, minimum=0.0, maximum=20.0 * KWH, default=0.0, step=0.5 * KWH,
            description="On top, in buildings with modules.",
        ),
        Parameter(
            name="district", label="District battery, each", unit="J", display_unit="kWh", display_factor=1.0 / KWH,
            minimum=0.0, maximum=2000.0 * KWH, default=200.0 * KWH, step=10.0 * KWH,
            description="Usable capacity at each place kept for a battery.",
        ),
    ),
    cost="home 700 EUR/kWh installed, district 400 EUR/kWh: orders of magnitude (judgement)",
    embodied="100 kg CO2e/kWh: the upper end of 61 to 106 (IVL, Lithium-Ion Vehicle Battery Production, 2019), as "
             "housing and electronics come on top",
    source="Round trip 90 % and 0.5 kW/kWh: judgement, in the usual range of home systems on the market",
    attributes=ATTRIBUTES,
    paint="battery_w",
)  # fmt: skip


def stores(district: District, selected: NDArray[np.bool_], values: Mapping[str, float]) -> District:
    """Capacity and power = max(what is there, what is wished)."""
    from sim.physics.battery import C_RATE_W_J  # with its kernels, which a viewer need not wait for

    b, s, site = district.building, district.surface, district.site
    peak_w = np.bincount(s.building, s.pv_peak_w, len(b))
    wanted = np.where(selected & (peak_w > 0.0), values["home"] * peak_w + values["dwelling"] * b.dwellings, 0.0)
    here = sites(district, selected) & (site.kind == SiteKind.BATTERY)
    each = np.where(here, values["district"], 0.0)
    building = replace(b, battery_j=np.maximum(b.battery_j, wanted),
                       battery_limit_w=np.maximum(b.battery_limit_w, wanted * C_RATE_W_J))  # fmt: skip
    plant = replace(site, capacity_j=np.maximum(site.capacity_j, each),
                    power_w=np.maximum(site.power_w, each * C_RATE_W_J))  # fmt: skip
    return replace(district, building=building, site=plant)


def bill(before: District, after: District) -> Bill:
    """Capacity that was added."""
    home = float((after.building.battery_j - before.building.battery_j).sum()) / KWH
    district = float((after.site.capacity_j - before.site.capacity_j).sum()) / KWH
    return Bill("batteries", HOME_EUR_KWH * home + DISTRICT_EUR_KWH * district, KG_KWH * (home + district))
