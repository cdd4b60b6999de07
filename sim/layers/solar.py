"""Solar roofs and facades: modules on a share of the area that can carry them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from network.schema import LayerKind, Parameter
from sim.district import Bill, District, SurfaceKind
from sim.layers.select import ATTRIBUTES

EUR_KW, FACADE_EUR_KW, KG_KW = 1250.0, 2000.0, 1382.0

ABOUT = LayerKind(
    kind="solar",
    label="Solar roofs and facades",
    r="rethink",
    description="Modules on a share of every roof and facade that can carry them; what is there already stays.",
    parameters=(
        Parameter(
            name="share", label="Share of usable roof", unit="1", display_unit="%", display_factor=100.0,
            minimum=0.0, maximum=1.0, default=0.5, step=0.01,
            description="Of the roof area that is left after edges and roof windows.",
        ),
        Parameter(
            name="facade", label="Share of usable facade", unit="1", display_unit="%", display_factor=100.0,
            minimum=0.0, maximum=1.0, default=0.0, step=0.01,
            description="Of the walls between windows, above the ground storey, that do not look towards the pole.",
        ),
        Parameter(
            name="module_w_m2", label="Module power", unit="W/m2", display_unit="W/m²", display_factor=1.0,
            minimum=150.0, maximum=250.0, default=200.0, step=5.0,
            description="At standard test conditions, per module area; 200 is a 20 % module.",
        ),
    ),
    cost="1,250 EUR/kW on roofs, 2,000 on facades, installed, order of magnitude for Europe (judgement)",
    embodied="1,382 kg CO2e per kW of mono-crystalline modules (City Energy Analyst database, 256 kg/m2), no frames",
    source="Yield: PVWatts (A. P. Dobos, NREL/TP-6A20-62641, 2014); cells: SAM's NOCT model (NREL/TP-6A20-67399, 2018)",
    attributes=ATTRIBUTES,
)  # fmt: skip


def modules(district: District, selected: NDArray[np.bool_], values: Mapping[str, float]) -> District:
    """pv_peak_w = max(what is there, share x module power x usable area) on the selected buildings' surfaces.

    `share` of roofs, `facade` of walls [1]; `module_w_m2` [W/m2].
    """
    s = district.surface
    share = np.where(s.kind == SurfaceKind.WALL, values["facade"], values["share"])
    wanted = share * values["module_w_m2"] * s.usable_m2
    peak = np.where(selected[s.building], np.maximum(s.pv_peak_w, wanted), s.pv_peak_w)
    return replace(district, surface=replace(s, pv_peak_w=peak))


def bill(before: District, after: District) -> Bill:
    """Module power that was added, on roofs and on walls."""
    added_kw = (after.surface.pv_peak_w - before.surface.pv_peak_w) / 1e3
    wall = after.surface.kind == SurfaceKind.WALL
    roofs_kw, walls_kw = float(added_kw[~wall].sum()), float(added_kw[wall].sum())
    return Bill("solar", EUR_KW * roofs_kw + FACADE_EUR_KW * walls_kw, KG_KW * (roofs_kw + walls_kw))
