"""The chain behind a number, as it travels: terms with what they follow from, and sums of terms that must be zero."""

from __future__ import annotations

import msgspec


class Term(msgspec.Struct, frozen=True):
    """One figure and what it follows from: a link in the chain behind a number."""

    name: str
    label: str
    value: float
    """In `unit`. Of a term of a Sum: signed, so that the sum's terms add up to zero."""
    unit: str
    """SI, "1" for shares; "degC" for temperatures above 273.15 K."""
    equation: str = ""
    """How it follows from its inputs."""
    source: str = ""
    """Where equation or figure come from."""
    inputs: tuple[Term, ...] = ()


class Sum(msgspec.Struct, frozen=True):
    """Terms that add up to zero."""

    name: str
    """power, supply or heat."""
    label: str
    terms: tuple[Term, ...]
    residual: float
    """What is missing to zero, over half of the sum of what moves."""


_DISPLAY = {
    "W": ("kW", 1e-3), "J": ("kWh", 1.0 / 3.6e6), "J/K": ("kWh/K", 1.0 / 3.6e6), "W/m2": ("W/m²", 1.0),
    "W/m2K": ("W/m²K", 1.0), "m2": ("m²", 1.0), "degC": ("°C", 1.0), "rad": ("°", 57.29577951308232), "1": ("", 1.0),
}  # fmt: skip
"""SI unit -> unit for people, and the factor to it."""


def shown(term: Term) -> tuple[float, str]:
    """A term's value as people read it, and its unit."""
    unit, factor = _DISPLAY.get(term.unit, (term.unit, 1.0))
    return term.value * factor, unit
