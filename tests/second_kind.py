"""A catalogue with a second kind, for `--catalogue second_kind:CATALOGUE`: one function and one row."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from network.schema import LayerKind, Parameter
from sim import layers
from sim.district import District
from sim.layers import Layer

ABOUT = LayerKind(
    "thrift", "Thrifty appliances", "refuse", "Less electricity for appliances and light.",
    (Parameter("cut", "Cut", "1", "%", 100.0, 0.0, 1.0, 0.2, 0.01),), "none", "none", "an example",
)  # fmt: skip


def thrift(district: District, selected: NDArray[np.bool_], values: Mapping[str, float]) -> District:
    """appliances_j x (1 - cut) on the selected buildings."""
    b = district.building
    left = np.where(selected, b.appliances_j * (1.0 - values["cut"]), b.appliances_j)
    return replace(district, building=replace(b, appliances_j=left))


CATALOGUE = (*layers.CATALOGUE, Layer(ABOUT, thrift))
