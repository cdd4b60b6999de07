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
