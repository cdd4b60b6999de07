"""Envelope retrofit: insulation on what is there, better windows, tighter joints, heat kept from used air.

    U' = 1 / (1/U + d / lambda)             d more insulation on walls, roof, ground
    U' = min(U, target)                     windows
    H_ve' = H_leak (1 - tightness) + (H_ve - H_leak) (1 - recovery)

The U-values hold what an unheated space adds, so the new layer lies in series with it (ISO 6946:2017, 6.7.1). `depth`
goes the whole way (1) or part of it. Thermal bridges, doors and mass stay. Windows' g follows their new U (EN 410).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from network.schema import LayerKind, Parameter
from sim.district import Bill, Buildings, District, Heater
from sim.fabric import panes_of
from sim.layers.dials import share
from sim.layers.select import ATTRIBUTES

LAMBDA_W_MK = 0.035
"""Of mineral wool and grey polystyrene (EN 13162, EN 13163, declared 0.032 to 0.040)."""
G_OF_U = ((0.7, 0.50), (1.3, 0.63))
"""Solar transmittance of new windows by U: triple low-e 0.50, double low-e 0.63 (EN 410, usual coated glass)."""
EUR_M2 = {"wall": 90.0, "roof": 130.0, "ground": 40.0}
EUR_M3 = {"wall": 240.0, "roof": 260.0, "ground": 130.0}
"""Per area and per volume of insulation: a facade with 16 cm costs 128 EUR/m2."""
WINDOW_EUR_M2, AIR_EUR_M2 = 400.0, 60.0
"""Per window area; ventilation with full heat recovery and sealing, per floor area."""
INSULATION_KG_M3, FINISH_KG_M2, WINDOW_KG_M2, AIR_KG_M2 = 100.0, 8.0, 90.0, 8.0


def _dial(name: str, label: str, top_m: float, default_m: float) -> Parameter:
    return Parameter(name=name, label=label, unit="m", display_unit="cm", display_factor=100.0, minimum=0.0,
                     maximum=top_m, default=default_m, step=0.01,
                     description=f"Thickness added, {LAMBDA_W_MK:g} W/mK.")  # fmt: skip


ABOUT = LayerKind(
    kind="retrofit",
    label="Envelope retrofit",
    r="refurbish",
    description="Insulation, windows and air tightness of heated buildings; nothing gets worse than it is.",
    parameters=(
        share("depth", "Depth", 1.0, 1.0, "How far to go of all that follows."),
        _dial("wall", "Wall insulation", 0.3, 0.16),
        _dial("roof", "Roof insulation", 0.4, 0.24),
        _dial("ground", "Ground floor insulation", 0.2, 0.10),
        Parameter(
            name="window_w_m2k", label="New windows, U", unit="W/m2K", display_unit="W/m²K", display_factor=1.0,
            minimum=0.7, maximum=3.0, default=0.9, step=0.1, description="Where the old ones are worse.",
        ),
        share("tightness", "Leaks sealed", 0.9, 0.5, "Of the air that leaks through joints."),
        share("recovery", "Heat recovery", 0.9, 0.0, "Of the heat in the air that is let out on purpose."),
    ),
    cost="walls 90 EUR/m2 + 2.4 per cm, roofs 130 + 2.6, ground 40 + 1.3, windows 400 EUR/m2, ventilation 60 EUR/m2 "
         "of floor: orders of magnitude (judgement; surfaces beyond energy, such as scaffolds, not counted apart)",
    embodied="insulation 100 kg CO2e/m3 and 8 kg/m2 of finish, windows 90 kg/m2, ventilation 8 kg/m2 of floor: orders "
             "of magnitude (judgement)",
    source="ISO 6946 (layers in series), EN 410 (g), EN 13162 (lambda)",
    attributes=ATTRIBUTES,
    paint="heating_w_m2",
)  # fmt: skip


def envelope(district: District, selected: NDArray[np.bool_], values: Mapping[str, float]) -> District:
    """Better elements on the selected heated buildings (see the module)."""
    b, depth = district.building, values["depth"]
    heated = selected & (b.heater != Heater.NONE)
    u = {part: getattr(b, f"{part}_w_m2k") for part in ("wall", "roof", "ground", "window")}
    new = {part: _insulated(u[part], depth * values[part]) for part in ("wall", "roof", "ground")}
    new["window"] = u["window"] + depth * (np.minimum(u["window"], values["window_w_m2k"]) - u["window"])
    new = {part: np.where(heated, value, u[part]) for part, value in new.items()}
    g = float(np.interp(values["window_w_m2k"], [u for u, _ in G_OF_U], [g for _, g in G_OF_U]))
    better = heated & (new["window"] < u["window"])
    new_g = np.where(better, b.window_g + depth * (np.minimum(b.window_g, g) - b.window_g), b.window_g)
    sealed, kept = depth * values["tightness"] * heated, depth * values["recovery"] * heated
    leak = b.h_leak_w_k * (1.0 - sealed)
    building = replace(
        b, wall_w_m2k=new["wall"], roof_w_m2k=new["roof"], ground_w_m2k=new["ground"], window_w_m2k=new["window"],
        window_g=new_g, panes=np.where(better, np.maximum(b.panes, panes_of(new["window"])), b.panes), h_leak_w_k=leak,
        h_air_w_k=np.where(heated, leak + (b.h_air_w_k - b.h_leak_w_k) * (1.0 - kept), b.h_air_w_k),
    )  # fmt: skip
    return replace(district, building=building)


def _insulated(u: NDArray[np.float64], thickness_m: float) -> NDArray[np.float64]:
    return u / (1.0 + u * thickness_m / LAMBDA_W_MK)


def bill(before: District, after: District) -> Bill:
    """Areas that changed, by the thickness that their U-values tell of."""
    old, new = before.building, after.building
    eur = kg = 0.0
    for part in ("wall", "roof", "ground"):
        area = getattr(old, f"{part}_m2")
        u, v = getattr(old, f"{part}_w_m2k"), getattr(new, f"{part}_w_m2k")
        resistance = np.divide(u - v, u * v, out=np.zeros_like(u), where=v < u)
        volume = float((area * resistance).sum()) * LAMBDA_W_MK
        touched = float(area[v < u].sum())
        eur += EUR_M2[part] * touched + EUR_M3[part] * volume
        kg += FINISH_KG_M2 * touched + INSULATION_KG_M3 * volume
    windows = float(old.window_m2[new.window_w_m2k < old.window_w_m2k].sum())
    air = _tighter(old, new)
    return Bill("retrofit", eur + WINDOW_EUR_M2 * windows + AIR_EUR_M2 * air,
                kg + WINDOW_KG_M2 * windows + AIR_KG_M2 * air)  # fmt: skip


def _tighter(old: Buildings, new: Buildings) -> float:
    """Floor area whose air was dealt with, by the share of its loss that went."""
    gone = np.divide(old.h_air_w_k - new.h_air_w_k, old.h_air_w_k, out=np.zeros(len(old)), where=old.h_air_w_k > 0.0)
    return float((gone * old.floor_m2).sum())
