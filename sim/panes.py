"""Usual windows: what the light of each kind of panes does at an angle, and how it splits.

A building's windows are known by U and g. How the g-value divides into what is transmitted and what is absorbed and
given off inside, and how both fall with the angle of the sun, is that of a usual window of its kind (`fabric.Panes`),
worked out from panes and gaps by sim/physics/glass.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from sim.columns import Float
from sim.fabric import Panes
from sim.physics import glass


@cache
def usual() -> tuple[glass.Glazing, ...]:
    """A window of each kind: 4 mm float (EN 410: transmittance 0.82) and soft coatings (data sheets: emissivity 0.03 to
    0.04); 12 mm of air, or 16 mm of argon where coated."""
    clear = glass.Pane(0.004, 0.82, 0.075, 0.075)
    inner = glass.Pane(0.004, 0.60, 0.28, 0.24, emissivity_front=0.04)
    outer = glass.Pane(0.004, 0.58, 0.24, 0.29, emissivity_back=0.03)
    air, argon = glass.Gap(0.012), glass.Gap(0.016, "argon")
    kinds = {
        Panes.SINGLE: glass.Glazing((clear,)),
        Panes.DOUBLE: glass.Glazing((clear, clear), (air,)),
        Panes.DOUBLE_COATED: glass.Glazing((clear, inner), (argon,)),
        Panes.TRIPLE_COATED: glass.Glazing((outer, clear, inner), (argon, argon)),
    }
    return tuple(kinds[k] for k in Panes)


@cache
def split() -> tuple[Float, Float]:
    """[panes] transmittance over g at normal incidence (EN 410), and diffuse reflectance of light from the room."""
    made = usual()
    return (np.array([k.transmittance_normal / k.g() for k in made]),
            np.array([k.inside_reflectance_diffuse for k in made]))  # fmt: skip


@dataclass(frozen=True)
class Angular:
    """Shapes over the angle, 1 at normal incidence; tables are over equal steps of the cosine, 0..1."""

    sun: Float
    """[panes, 257] of the transmittance."""
    pane: Float
    """[panes, 257] of what the panes absorb, folded onto the inner one."""
    sun_diffuse: Float
    """[panes] hemispherical mean."""
    pane_diffuse: Float


@cache
def angular() -> Angular:
    """Of every kind of panes: t(c) / t(1), and sum of a_i(c) R_i over its value at c = 1, with R_i from outdoor air to
    pane i at EN 673's outer film (transmittance t, absorptances a_i [1] of sim/physics/glass.py)."""
    sun, pane = [], []
    for k in usual():
        # heat put into a pane reaches the inner one as the resistance from outdoor air to it
        reach = 1.0 / glass.OUT_EN673_W_M2K + np.array(k.resistance_to_pane_m2k_w)
        folded = reach / reach[-1] @ k.absorptance
        sun.append(k.transmittance / k.transmittance[-1])
        pane.append(folded / folded[-1])
    tables = np.array(sun), np.array(pane)
    return Angular(*tables, *(glass.hemispherical(t) for t in tables))
