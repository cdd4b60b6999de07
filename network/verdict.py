"""The verdict of a year, and what others would say of the same year; parts of schema.Balance."""

from __future__ import annotations

import msgspec


class Alternative(msgspec.Struct, frozen=True):
    """The same year judged by one other common choice. Margin > 0: met."""

    kind: str
    """What is chosen otherwise: k_exp, mobility, boundary, co2, factors or year."""
    brief: str
    """Reads after "if", short enough for a panel: exports are not credited."""
    words: str
    """The same in full: exports are not credited (k_exp 0)."""
    surplus: bool
    flips: bool
    """Is the answer another than the verdict's?"""
    primary_margin_j: float
    co2_margin_kg: float
    source: str


class Verdict(msgspec.Struct, frozen=True):
    """Is it a positive energy district, by which rule and factors, and how far from the line. Margin > 0: met."""

    surplus: bool
    rule: str
    boundary: str
    mobility: str
    factors: str
    primary_margin_j: float
    co2_margin_kg: float
    alternatives: tuple[Alternative, ...] = ()
    """Other common choices, each changed alone."""
