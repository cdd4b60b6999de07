"""What buildings are made of and when they are used: the axes [construction] and [schedule].

A construction is one fixed order of layers, whose values vary; between the two sides of an element lies insulation,
whose resistance follows from the building's U-value (sim/zones.py):

    wall     outside air | outer layer | insulation | inner layer | room
    roof     outside air | outer layer | insulation | inner layer | room
    ground   ground      | soil        | insulation | inner layer | room
    inside   middle of floors and partitions, that no heat crosses | layer | room
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from sim.columns import Code, Columns, Float

HOURS = 168
"""Of a week, from Monday 0 h on the wall."""


class Panes(IntEnum):
    """Panes of a window: what its light does at an angle."""

    SINGLE = 0
    DOUBLE = 1
    DOUBLE_COATED = 2
    TRIPLE_COATED = 3


COATED_U_W_M2K, SINGLE_U_W_M2K, TRIPLE_U_W_M2K = 2.3, 4.3, 1.0
"""Windows of a U-value from the second on up have one pane; from the first on two plain ones; below, coated ones, three
below the last. Between clear double glazing in wood (2.8) and coated (1.8), single in wood (4.8), double coated with
argon (1.3) and triple (0.9): EN ISO 10077-1:2017, tables H.1 and H.3."""


def panes_of(window_w_m2k: Float) -> Code:
    """[building] panes by the U-value of the windows (see the limits above)."""
    edges = (TRIPLE_U_W_M2K, COATED_U_W_M2K, SINGLE_U_W_M2K)
    kinds = np.array([Panes.TRIPLE_COATED, Panes.DOUBLE_COATED, Panes.DOUBLE, Panes.SINGLE], np.int8)
    return kinds[np.searchsorted(edges, window_w_m2k, side="right")]


@dataclass(frozen=True)
class Constructions(Columns):
    """[construction] Layers, each [construction, 4]: thickness [m], conductivity [W/mK], density [kg/m3], specific
    heat [J/kgK] (design values after EN ISO 10456 and DIN 4108-4; sources by row in assets/archetypes)."""

    id: tuple[str, ...]
    wall_outer: Float
    wall_inner: Float
    roof_outer: Float
    roof_inner: Float
    ground_outer: Float
    """Soil, which takes part in the floor's swing (ISO 52016-1:2017, 6.5.8.2: half a metre)."""
    ground_inner: Float
    inside: Float
    """Half the depth of floors and partitions inside."""


@dataclass(frozen=True)
class Schedules(Columns):
    """[schedule] Weeks, each [schedule, 168], hours from Monday 0 h on the wall. Row 0 is flat: homes, whose
    set-back TABULA's temperature reduction already holds."""

    id: tuple[str, ...]
    set_back_k: Float
    """Below the building's set point."""
    gains: Float
    """Over their weekly mean."""
    air: Float
    """Ventilation over its weekly mean; what leaks through joints stays."""
    cool_up_k: Float
    """Above the building's cooling set point."""
