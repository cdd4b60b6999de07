"""Layers -> cells: a wall as a chain of resistances and capacities, lumped at a time step.

A layer of thickness d, conductivity k, density rho and specific heat c becomes n equal cells,

    n = ceil(d / sqrt(a dt Fo)),   a = k / (rho c),   R = d / (n k),   C = rho c d / n        per m2

with half a cell's R on either side of its capacity: finite volumes, the grid Fourier number Fo = a dt / dx2 held below
a bound (J. A. Clarke, Energy Simulation in Building Design, 2001, ch. 3; EN ISO 52016-1:2017, 6.5.7, lumps alike).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Float = NDArray[np.float64]
FOURIER = 1.0
"""Grid Fourier number that sets the cells' thickness: finer moves loads of ASHRAE 140 by less than 0.5 %."""
LIGHT_J_M2K = 1.0
"""A layer that stores less is a resistance only."""


@dataclass(frozen=True)
class Layer:
    """A layer of a wall; every number a scalar or an array [zone]."""

    thickness_m: ArrayLike
    conductivity_w_mk: ArrayLike
    density_kg_m3: ArrayLike = 0.0
    heat_j_kgk: ArrayLike = 0.0
    """Specific heat."""
    cells: int | None = None
    """Number of cells; None = from the Fourier number of the thickest."""

    @property
    def resistance_m2k_w(self) -> Float:
        """d / k (EN ISO 6946:2017, eq. 3), scalar or [zone]."""
        return np.asarray(self.thickness_m, float) / np.asarray(self.conductivity_w_mk, float)

    @property
    def capacity_j_m2k(self) -> Float:
        """rho c d [J/m2K], scalar or [zone] (EN ISO 52016-1:2017, 6.5.7)."""
        return (
            np.asarray(self.thickness_m, float) * np.asarray(self.density_kg_m3, float)
            * np.asarray(self.heat_j_kgk, float)
        )  # fmt: skip

    def count(self, step_s: float, fourier: float) -> int:
        """Cells that it needs at a step: of the zone that needs most; 0 = a resistance only."""
        capacity, resistance = self.capacity_j_m2k, self.resistance_m2k_w
        if np.all(capacity < LIGHT_J_M2K):
            return 0
        if self.cells is not None:
            return self.cells
        # d / sqrt(a dt Fo) = sqrt(R C / (dt Fo))
        return max(1, int(np.ceil(np.sqrt(np.max(resistance * capacity) / (step_s * fourier)) - 1e-9)))


def resistance(resistance_m2k_w: ArrayLike) -> Layer:
    """A layer without mass, e.g. a cavity or all the insulation behind a U-value [m2K/W]."""
    return Layer(np.asarray(resistance_m2k_w, float), 1.0)


@dataclass(frozen=True)
class Chain:
    """A square metre of wall as nodes, outside to inside."""

    resistance_m2k_w: Float
    """[node + 1, zone]: outer face to the first node, between nodes, last node to the inner face."""
    capacity_j_m2k: Float
    """[node, zone], all above 0."""


def chain(layers: Sequence[Layer], *, zones: int, step_s: float, fourier: float = FOURIER) -> Chain:
    """Lump `layers` (outside to inside) into nodes, as many in every zone (equations: see the module)."""
    between: list[Float] = [np.zeros(zones)]
    capacity: list[Float] = []
    for layer in layers:
        cells = layer.count(step_s, fourier)
        whole = np.broadcast_to(layer.resistance_m2k_w, zones)
        if cells == 0:
            between[-1] = between[-1] + whole
            continue
        part = whole / cells
        # a zone without mass in a layer where others have some keeps a trace: a mode that dies within the step
        stored = np.broadcast_to(np.maximum(layer.capacity_j_m2k, LIGHT_J_M2K), zones) / cells
        for _ in range(cells):
            between[-1] = between[-1] + 0.5 * part
            capacity.append(stored)
            between.append(0.5 * part)
    return Chain(np.array(between), np.array(capacity).reshape(len(capacity), zones))
