"""Wind: a turbine at each place that the district keeps for one.

It feeds the medium voltage at the district's edge: its power is generated within the boundary and exported where nobody
here uses it, but does not pass the low-voltage grid. A place takes part where the building nearest to it is selected.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from network.schema import LayerKind, Parameter
from sim.district import Bill, District, SiteKind
from sim.layers.select import ATTRIBUTES, sites

EUR_KW, KG_KW = 1500.0, 600.0

ABOUT = LayerKind(
    kind="wind",
    label="Wind turbine",
    r="rethink",
    description="A turbine at the place kept for it, connected to the medium voltage at the district's edge.",
    parameters=(
        Parameter(
            name="rated", label="Rating, each", unit="W", display_unit="MW", display_factor=1e-6, minimum=0.0,
            maximum=4e6, default=3.4e6, step=1e5,
            description="The rotor goes with it: 254 W per m² swept, 130 m across at 3.4 MW.",
        ),
        Parameter(
            name="hub", label="Hub height", unit="m", display_unit="m", display_factor=1.0, minimum=60.0,
            maximum=160.0, default=110.0, step=5.0,
            description="Wind of the weather file at 10 m, carried up over open country (roughness 0.1 m).",
        ),
    ),
    cost="1,500 EUR/kW, order of magnitude (IRENA, Renewable Power Generation Costs in 2021: 1,325 USD/kW on average "
         "worldwide; one alone costs more)",
    embodied="600 kg CO2e/kW, order of magnitude: 11 g/kWh (IPCC AR5, median of onshore wind) over 20 years at 30 % of "
             "the rating",
    source="Power curve of the IEA 3.4 MW reference turbine (NREL/TP-5000-73492, 2019), logarithmic wind profile; a "
           "tenth lost to standstill and wear (judgement)",
    attributes=ATTRIBUTES,
    paint="surplus_w_m2",
)  # fmt: skip


def turbines(district: District, selected: NDArray[np.bool_], values: Mapping[str, float]) -> District:
    """Rating = max(what is there, what is wished); the hub's height is the wish where the rating rises."""
    site = district.site
    wished = sites(district, selected) & (site.kind == SiteKind.TURBINE) & (site.power_w < values["rated"])
    power_w = np.where(wished, values["rated"], site.power_w)
    return replace(district, site=replace(site, power_w=power_w, hub_m=np.where(wished, values["hub"], site.hub_m)))


def bill(before: District, after: District) -> Bill:
    """Rating that was added."""
    turbine = after.site.kind == SiteKind.TURBINE
    kw = float((after.site.power_w - before.site.power_w)[turbine].sum()) / 1e3
    return Bill("wind", EUR_KW * kw, KG_KW * kw)
