"""Buildings -> zones: every building as one zone of the wall network, reduced to eight states.

All have one topology (sim/fabric.py), so a thousand are assembled at once; what differs is values. An element is outer
layer | insulation | inner layer, and the insulation takes what the U-value leaves (ISO 6946:2017, 6.7):

    R_insulation = 1 / U - R_si - R_se - R_outer - R_inner

with the standard's own surface resistances, as the U-value was declared with them; the zone's films are the site's. On
the ground soil is the outer layer, and R_si the zone's own film, so in steady state the floor loses U b A (T_room -
T_ground). The U-values hold the b-factor of unheated spaces, so these lie in the insulation, and so does what a
retrofit adds. Where the layers alone resist more than the U-value tells, they conduct better by one factor, and their
mass stays: a changed U-value changes resistances only.

Windows: R_glass = 1 / U - 1 / 25 - 1 / 7.7 (EN 673); of `window_g` what the panes' kind passes by transmittance, the
rest is absorbed (EN 410). Doors and thermal bridges have no mass.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from sim import panes
from sim.columns import Code, Float, Int
from sim.fabric import Constructions
from sim.physics import film, glass, reduction, zone
from sim.physics.wall import Layer, resistance
from sim.physics.zone import Element, Input, Outside, Window

R_SE_M2K_W = 0.04
R_SI_M2K_W = {"wall": 0.13, "roof": 0.10}
"""Surface resistances of declared U-values (ISO 6946:2017, table 7): heat flow level, up."""
LEAST_M2K_W = {"wall": 0.02, "roof": 0.02, "ground": 0.02, "window": 0.002}
"""Resistance that an element has at least between its films, whatever its U-value says."""
LEAST_INSULATION = 0.05
"""Share of an element's resistance that is left to insulation at least."""
U_LIMITS_W_M2K = (0.02, 8.0)
"""What a U-value may be: below, nothing is built; above, nothing is (and see `most_w_m2k`)."""
CELLS = {"wall_outer": 2, "wall_inner": 3, "roof_outer": 1, "roof_inner": 2, "ground_outer": 2, "ground_inner": 2,
         "inside": 3}  # fmt: skip
"""Capacities of each layer: 15 in all."""
ABSORPTANCE = 0.6
"""Of walls and roofs in sunlight: a medium colour (ISO 52016-1:2017, table B.14); of faces inside (ASHRAE 140)."""
EMISSIVITY, GLASS_EMISSIVITY = 0.9, 0.84
"""Long-wave, of outer faces: building materials (ISO 52016-1:2017), uncoated glass (EN 673: 0.837)."""
BEAM_SHARE = 0.45
"""Beam's part of the light through windows, yearly mean of the facades of central Europe."""
RADIANT_SHARE = 0.5
"""Of inner gains, what is given off as radiation (ISO 13790:2008, C.2: half to the air)."""
AIR_J_M2K = 1e4
"""Capacity of air and furniture per floor area (ISO 52016-1:2017, 6.5.11)."""
BLOCK = 1024
"""Buildings that are reduced at once: the matrices between take some 20 kB of each."""


@dataclass(frozen=True)
class Parts:
    """[building] What rooms are made from: of each column only the buildings that are asked for."""

    construction: Int
    """[building] row of [construction]."""
    panes: Code
    wall_m2: Float
    roof_m2: Float
    ground_m2: Float
    window_m2: Float
    inside_m2: Float
    floor_m2: Float
    wall_w_m2k: Float
    roof_w_m2k: Float
    ground_w_m2k: Float
    window_w_m2k: Float
    window_g: Float
    bridges_w_k: Float
    collecting_m2: Float
    """Glass that the sun reaches: without frames and shades."""
    wall_sky: Float
    roof_sky: Float
    window_sky: Float
    """Share of the long-wave exchange that goes to the sky (film.sky_view), area-weighted mean of the surfaces."""
    wall_h: Float
    roof_h: Float
    window_h: Float
    """Convection outside [W/m2K] (film.outside_w_m2k)."""

    def at(self, rows: NDArray[np.intp]) -> Parts:
        """Of some buildings."""
        return Parts(*(getattr(self, f.name)[rows] for f in fields(self)))

    def differs(self, other: Parts) -> NDArray[np.bool_]:
        """[building] is anything of it another?"""
        changed = np.zeros(len(self.wall_m2), bool)
        for f in fields(self):
            mine, theirs = getattr(self, f.name), getattr(other, f.name)
            if mine is not theirs:
                changed |= mine != theirs
        return changed


def reduced(p: Parts, made: Constructions, *, step_s: float) -> reduction.Reduced:
    """The rooms of `p` as eight states each at a step of `step_s` [s]; arrays end with [building]."""
    n = len(p.wall_m2)
    if n <= BLOCK:
        return reduction.reduce(network(p, made, step_s=step_s), step_s=step_s)
    blocks = (p.at(np.arange(first, min(first + BLOCK, n))) for first in range(0, n, BLOCK))
    return reduction.joined([reduced(block, made, step_s=step_s) for block in blocks])


def network(p: Parts, made: Constructions, *, step_s: float) -> zone.Network:
    """The rooms of `p` before reduction: 15 capacities each [J/K], conductances [W/K], last axis [building]
    (sim/physics/zone.py, with layers and windows of the module's equations)."""
    upright, level = film.upright_w_m2k(), film.level_w_m2k()
    elements = [
        Element(name="walls", area_m2=p.wall_m2, layers=_layers(p, made, "wall"), outside=Outside.AIR,
                sun=Input.WALL_W_M2, absorptance=ABSORPTANCE, emissivity=EMISSIVITY, sky_view=p.wall_sky,
                h_ce_w_m2k=p.wall_h, h_ci_w_m2k=upright, inside_absorptance=ABSORPTANCE),
        Element(name="roof", area_m2=p.roof_m2, layers=_layers(p, made, "roof"), outside=Outside.AIR,
                sun=Input.ROOF_W_M2, absorptance=ABSORPTANCE, emissivity=EMISSIVITY, sky_view=p.roof_sky,
                h_ce_w_m2k=p.roof_h, h_ci_w_m2k=level, inside_absorptance=ABSORPTANCE),
        Element(name="ground", area_m2=p.ground_m2, layers=_layers(p, made, "ground"), outside=Outside.GROUND,
                h_ci_w_m2k=level, inside_absorptance=ABSORPTANCE),
        Element(name="inside", area_m2=p.inside_m2, layers=[_layer(p, made, "inside", 1.0)], outside=Outside.ADIABATIC,
                h_ci_w_m2k=upright, inside_absorptance=ABSORPTANCE),
    ]  # fmt: skip
    windows = [window(p)]
    return zone.assemble(elements, windows, zones=len(p.wall_m2), step_s=step_s, bridges_w_k=p.bridges_w_k,
                         shares=_shares(p, elements, windows))  # fmt: skip


def most_w_m2k(element: str) -> float:
    """U-value [W/m2K] of walls, roof, ground or windows above which the films alone would resist more:
    1 / (R_si + R_se + least resistance between them)."""
    return 1.0 / (_films_m2k_w(element) + LEAST_M2K_W[element])


def _films_m2k_w(element: str) -> float:
    """Surface resistances that the element's U-value was declared with (on the ground the zone's own)."""
    if element == "window":
        return 1.0 / glass.OUT_EN673_W_M2K + 1.0 / glass.IN_EN673_W_M2K
    if element == "ground":
        return 1.0 / (film.level_w_m2k() + film.INSIDE_RADIATIVE_W_M2K)
    return R_SI_M2K_W[element] + R_SE_M2K_W


def _layer(p: Parts, made: Constructions, name: str, better: Float | float) -> Layer:
    d, k, density, heat = getattr(made, name)[p.construction].T
    return Layer(d, k * better, density, heat, cells=CELLS[name])


def insulation_m2k_w(p: Parts, made: Constructions, element: str) -> tuple[Float, Float]:
    """[building] resistance of the insulation, and the factor by which the layers conduct better (see the module)."""
    u = np.clip(getattr(p, f"{element}_w_m2k"), *U_LIMITS_W_M2K)
    whole = np.maximum(1.0 / u - _films_m2k_w(element), LEAST_M2K_W[element])
    rows = [getattr(made, f"{element}_{side}")[p.construction] for side in ("outer", "inner")]
    layers = sum((r[:, 0] / r[:, 1] for r in rows), np.zeros(len(u)))
    better = np.maximum(layers / ((1.0 - LEAST_INSULATION) * whole), 1.0)
    return whole - layers / better, better


def _layers(p: Parts, made: Constructions, element: str) -> list[Layer]:
    insulation, better = insulation_m2k_w(p, made, element)
    outer, inner = (_layer(p, made, f"{element}_{side}", better) for side in ("outer", "inner"))
    return [outer, resistance(insulation), inner]


def window(p: Parts) -> Window:
    """The windows of every building, as the zone's network takes them (equations: see the module)."""
    u = np.clip(p.window_w_m2k, *U_LIMITS_W_M2K)
    glass_m2k_w = np.maximum(1.0 / u - _films_m2k_w("window"), LEAST_M2K_W["window"])
    outer = 1.0 / (p.window_h + GLASS_EMISSIVITY * film.OUTSIDE_BLACK_W_M2K)
    direct, reflectance = (column[p.panes] for column in panes.split())
    reached = np.divide(p.collecting_m2, p.window_m2, out=np.zeros(len(u)), where=p.window_m2 > 0.0)
    # heat put into the inner pane: the part that goes inward between the films that g was declared with
    inward = (1.0 / glass.OUT_EN410_W_M2K + glass_m2k_w) / (
        1.0 / glass.OUT_EN410_W_M2K + glass_m2k_w + 1.0 / glass.IN_EN410_W_M2K
    )
    return Window(
        area_m2=p.window_m2, conductance_w_m2k=1.0 / (outer + glass_m2k_w),
        transmittance=reached * direct * p.window_g, absorptance=reached * (1.0 - direct) * p.window_g / inward,
        sky=GLASS_EMISSIVITY * p.window_sky * outer / (outer + glass_m2k_w), inside_reflectance=reflectance,
        h_ci_w_m2k=film.upright_w_m2k(),
    )  # fmt: skip


def _shares(p: Parts, elements: list[Element], windows: list[Window]) -> Float:
    """[element + window, building] where transmitted sun ends: beam first on floors, of which the ground floor is one
    and the others lie inside; what they reflect, and diffuse light, by area x absorptance (zone.sun_shares)."""
    diffuse = zone.sun_shares(elements, windows, 0.0, len(p.wall_m2))
    ground = np.minimum(p.ground_m2 / np.maximum(p.floor_m2, 1e-9), 1.0)
    beam = (1.0 - ABSORPTANCE) * diffuse
    beam[2] += ABSORPTANCE * ground
    beam[3] += ABSORPTANCE * (1.0 - ground)
    return BEAM_SHARE * beam + (1.0 - BEAM_SHARE) * diffuse
