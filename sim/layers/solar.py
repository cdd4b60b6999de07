"""Solar roofs: modules on a share of the roof area that can carry them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from network.schema import LayerKind, Parameter
from sim.district import Bill, District
from sim.layers.select import ATTRIBUTES

EUR_KW, KG_KW = 1250.0, 1382.0

ABOUT = LayerKind(
    kind="solar",
    label="Solar roofs",
    r="rethink",
    description="Modules on a share of every roof that can carry them; what is there already stays.",
    parameters=(
        Parameter(
            name="share", label="Share of usable roof", unit="1", display_unit="%", display_factor=100.0,
            minimum=0.0, maximum=1.0, default=0.5, step=0.01,
            description="Of the roof area that is left after edges and roof windows.",
        ),
        Parameter(
            name="module_w_m2", label="Module power", unit="W/m2", display_unit="W/m²", display_factor=1.0,
            minimum=150.0, maximum=250.0, default=200.0, step=5.0,
            description="At standard test conditions, per module area; 200 is a 20 % module.",
        ),
    ),
    cost="1,250 EUR/kW installed, order of magnitude for small roofs in Europe (judgement)",
    embodied="1,382 kg CO2e per kW of mono-crystalline modules (City Energy Analyst database, 256 kg/m2)",
    source="Yield: PVWatts 5 (A. P. Dobos, NREL/TP-6A20-62641, 2014); cells: D. Faiman, Prog. Photovolt. 16 (2008) 307",
    attributes=ATTRIBUTES,
)  # fmt: skip


def roofs(district: District, selected: NDArray[np.bool_], values: Mapping[str, float]) -> District:
    """pv_peak_w = max(what is there, share x module power x usable area) on the selected buildings' surfaces."""
    s = district.surface
    wanted = values["share"] * values["module_w_m2"] * s.usable_m2
    peak = np.where(selected[s.building], np.maximum(s.pv_peak_w, wanted), s.pv_peak_w)
    return replace(district, surface=replace(s, pv_peak_w=peak))


def bill(before: District, after: District) -> Bill:
    """Module power that was added."""
    kw = float((after.surface.pv_peak_w - before.surface.pv_peak_w).sum()) / 1e3
    return Bill("solar", EUR_KW * kw, KG_KW * kw)
