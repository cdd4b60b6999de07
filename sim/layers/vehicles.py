"""Electric vehicles: a share of the cars that live here drives on electricity, part of it charged when it suits.

What their driving takes from plugs is counted as used, so the verdict is with mobility. Petrol that is no longer
burnt lies outside of the district's accounts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from network.schema import LayerKind
from sim.district import Bill, District, SiteKind
from sim.layers.dials import share
from sim.layers.select import ATTRIBUTES, sites

POST_W = 22e3
"""Of a charging point of the district: three phases of 32 A."""
BOX_EUR, POST_EUR, CAR_KG = 1500.0, 5000.0, 4600.0


ABOUT = LayerKind(
    kind="vehicles",
    label="Electric cars",
    r="rethink",
    description="Cars of the residents become electric; the verdict then includes mobility.",
    parameters=(
        share("share", "Share of cars", 1.0, 0.5, "Of the cars that live at the selected buildings."),
        share("smart", "Smart charging", 1.0, 0.5,
               "Of those: charge on the house's own surplus, else in the hours of least load. Two days of driving, "
               "some 65 km, may wait for sun (judgement)."),
        share("away", "Charged away", 0.5, 0.1, "Of their driving, at chargers of the district, where it has any."),
    ),
    cost="1,500 EUR per wall box, 5,000 EUR per 22 kW charging point: orders of magnitude (judgement); cars are bought "
         "anyway",
    embodied="4.6 t CO2e per car: a battery of 60 kWh at 75 kg/kWh (IVL, Lithium-Ion Vehicle Battery Production, 2019: "
             "61 to 106) and the wall box",
    source="0.19 kWh/km from the plug (judgement); hours of plugging in: A. L. Soerensen et al., "
           "doi 10.1016/j.dib.2024.110883",
    attributes=ATTRIBUTES,
    paint="vehicle_w",
)  # fmt: skip


def cars(district: District, selected: NDArray[np.bool_], values: Mapping[str, float]) -> District:
    """Electric, smart and away shares of the selected buildings' cars; chargers large enough for those away."""
    from sim.physics.vehicles import AWAY_PERCENT  # with its kernels, which a viewer need not wait for

    b, site = district.building, district.site
    touched = selected & (values["share"] > 0.0)
    building = replace(
        b, electric_share=np.where(touched, np.maximum(b.electric_share, values["share"]), b.electric_share),
        smart_share=np.where(touched, values["smart"], b.smart_share),
        away_share=np.where(touched, values["away"], b.away_share),
    )  # fmt: skip
    here = sites(district, touched) & (site.kind == SiteKind.CHARGER)
    day_j = float((building.vehicles * building.electric_share * b.drive_j * building.away_share).sum())
    busiest_w = day_j * max(AWAY_PERCENT) / 100.0 / 3600.0
    each_w = POST_W * math.ceil(busiest_w / POST_W / max(int(here.sum()), 1))
    power_w = np.where(here, np.maximum(site.power_w, each_w), site.power_w)
    return replace(district, building=building, site=replace(site, power_w=power_w))


def bill(before: District, after: District) -> Bill:
    """Electric cars and charging points that were added."""
    b = after.building
    added = float((b.vehicles * (b.electric_share - before.building.electric_share)).sum())
    posts = float((after.site.power_w - before.site.power_w).sum()) / POST_W
    return Bill("vehicles", BOX_EUR * added + POST_EUR * posts, CAR_KG * added)
