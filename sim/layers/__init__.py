"""What-ifs: pure functions District -> District, and the catalogue that offers them.

A kind is one function and one row of CATALOGUE; the panel, the command line and the wire are made from the row.
A choice is data (kind, SI values, selection). A scenario folds its choices over the base district in catalogue order,
never in clicking order. A layer changes columns, never the length or order of an axis.

The catalogue is a plain value that is handed around, so a test can offer a kind of its own.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from network.problems import Refused
from network.schema import Catalogue, LayerChoice, LayerKind
from sim.district import Bill, District
from sim.layers import batteries, heatpumps, retrofit, select, solar, vehicles, wind

Mask = NDArray[np.bool_]
Function = Callable[[District, Mask, Mapping[str, float]], District]


@dataclass(frozen=True)
class Layer:
    """A row of the catalogue: what people see, and what it does to the selected buildings."""

    about: LayerKind
    function: Function
    """(district, [building] selected, SI value of every parameter) -> district"""
    bill: Callable[[District, District], Bill] | None = None
    """(before, after) -> what it costs once; None = nothing."""


CATALOGUE: tuple[Layer, ...] = (
    Layer(solar.ABOUT, solar.modules, solar.bill),
    Layer(retrofit.ABOUT, retrofit.envelope, retrofit.bill),
    Layer(heatpumps.ABOUT, heatpumps.heaters, heatpumps.bill),
    Layer(batteries.ABOUT, batteries.stores, batteries.bill),
    Layer(vehicles.ABOUT, vehicles.cars, vehicles.bill),
    Layer(wind.ABOUT, wind.turbines, wind.bill),
)
"""The kinds on offer, in the order in which a scenario folds them."""


def validate(choices: Sequence[LayerChoice], catalogue: Sequence[Layer] = CATALOGUE) -> tuple[LayerChoice, ...]:
    """The same scenario in its one canonical form: catalogue order, every parameter named, selection as written.

    Raises:
        Refused: unknown kind or parameter, a value out of range, a selection that is none.
    """
    order = {layer.about.kind: k for k, layer in enumerate(catalogue)}
    canonical = {}
    for choice in choices:
        if choice.kind not in order:
            raise Refused(f"there is no layer {choice.kind!r}; choose from {', '.join(order) or 'none'}", code=2)
        about = catalogue[order[choice.kind]].about
        selection = select.canonical(choice.selection)
        key = (order[choice.kind], selection)
        if key in canonical:
            raise Refused(f"layer {choice.kind} is chosen twice for the selection {selection!r}; keep one", code=2)
        canonical[key] = LayerChoice(choice.kind, _values(about, choice.values), selection)
    return tuple(canonical[key] for key in sorted(canonical))


def _values(about: LayerKind, values: Mapping[str, float]) -> dict[str, float]:
    known = {p.name: p for p in about.parameters}
    for name in values:
        if name not in known:
            words = ", ".join(known) or "none"
            raise Refused(f"layer {about.kind} has no parameter {name!r}; it has {words}", code=2)
    complete = {}
    for name, p in known.items():
        value = float(values.get(name, p.default))
        # a value that went through display units and back may miss the end of the range by a rounding
        slack = 1e-9 * max(abs(p.minimum), abs(p.maximum))
        if not math.isfinite(value) or not p.minimum - slack <= value <= p.maximum + slack:
            low, high = p.minimum * p.display_factor, p.maximum * p.display_factor
            shown = f"{value * p.display_factor:g}"
            text = f"{name}={shown} of layer {about.kind} is outside {low:g} to {high:g} {p.display_unit}".rstrip()
            raise Refused(f"{text}; give a value in that range", code=2)
        complete[name] = min(max(value, p.minimum), p.maximum)
    return complete


def apply(district: District, choices: Sequence[LayerChoice], catalogue: Sequence[Layer] = CATALOGUE) -> District:
    """Fold `choices` over `district`, in catalogue order whatever theirs.

    Raises:
        Refused: as `validate`, or a selection names a building or attribute that the district does not have.
    """
    rows = {layer.about.kind: layer for layer in catalogue}
    for choice in validate(choices, catalogue):
        layer, before = rows[choice.kind], district
        district = layer.function(before, select.rows(before, choice.selection), choice.values)
        if layer.bill is not None:
            district = replace(district, bills=(*district.bills, layer.bill(before, district)))
    return district


def wire(catalogue: Sequence[Layer] = CATALOGUE, revision: int = 1) -> Catalogue:
    """The catalogue as viewers see it."""
    return Catalogue(revision=revision, kinds=tuple(layer.about for layer in catalogue))


def named(name: str) -> Sequence[Layer]:
    """The catalogue `MODULE:NAME`, or the shipped one where `name` is empty. Never fed from the wire.

    Raises:
        Refused: there is no such module or name.
    """
    if not name:
        return CATALOGUE
    module, _, attribute = name.partition(":")
    try:
        found: Sequence[Layer] = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as e:
        raise Refused(f"cannot load the catalogue {name!r} ({e}); write MODULE:NAME", code=2) from e
    return found
