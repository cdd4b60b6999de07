"""Weighted energy balance of ISO 52000-1:2017, clauses 9.6 and 11.6: what a district's energy weighs, steps A and B.

Per carrier and step, uses of energy performance (EPB) are served first by what is made inside, then from the grid; what
is made beyond them goes to other uses (non-EPB), and what these do not take, to the grid:

    used       = f_match min(E_EPus, E_pr)           (31)   f_match = 1, or by (32) / table B.32
    exported   = E_pr - used                         (33)   = to_other + to_grid
    to_other   = min(exported, E_nEPus)              (34)
    to_grid    = exported - to_other                 (35)
    delivered  = E_EPus - used                       (37)

Step A counts the resources that went into what EPB uses took; step B also what exports spare elsewhere:

    E_we,A  = sum E_del f_del + sum E_pr,i f_pr,i - sum E_exp,i f_pr,i
    E_we,AB = E_we,A - k_exp sum E_exp,i (f_exp - f_pr,i)

A weight is (renewable, non-renewable primary energy, kg CO2 per joule). What cogeneration makes weighs as its fuel
does: f_pr,cogen = sum (fuel x f_del) / E_pr,cogen over the year; the fuel itself is delivered, so what is made from it
is not counted again. Arrays are [step]: an hour, a month, a year, whatever the case has. All is linear in the energies,
so any one unit of energy may stand for the joule.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]
ON_SITE, COGENERATION = "on_site", "cogeneration"
"""Where energy inside comes from: sun, wind, water, ambient heat; or a fuel that is delivered."""


@dataclass(frozen=True)
class Weight:
    """Weighting factors of one flow; each a number, or [step] where it changes with time."""

    renewable: float | Float = 0.0
    """Renewable primary energy per energy [1]."""
    nonrenewable: float | Float = 0.0
    """Non-renewable primary energy per energy [1]."""
    co2_kg_j: float | Float = 0.0

    @property
    def columns(self) -> tuple[float | Float, float | Float, float | Float]:
        """The three, in the order of `Weighted`."""
        return self.renewable, self.nonrenewable, self.co2_kg_j


FREE = Weight(renewable=1.0)
"""Energy from sun, wind, water and surroundings: all renewable, no CO2 (ISO 52000-1, table B.16)
(as remembered, not checked against the text)."""


@dataclass(frozen=True)
class Carrier:
    """What is used and made of one carrier [step]; energies [J]."""

    used_j: Float
    """E_EPus: uses that count."""
    other_j: Float
    """E_nEPus: uses that do not."""
    made_j: Mapping[str, Float] = field(default_factory=dict)
    """E_pr,i by ON_SITE and COGENERATION."""
    fuel_j: Float | None = None
    """Part of `used_j` that cogeneration burns."""


@dataclass(frozen=True)
class Flows:
    """Where a carrier's energy went [step]; energies [J]."""

    delivered_j: Float
    """From the grid into uses that count, (37)."""
    used_j: Mapping[str, Float]
    """Made inside and used there, by source, (31)."""
    to_other_j: Mapping[str, Float]
    """Made inside, into uses that do not count, by source, (34)."""
    to_grid_j: Mapping[str, Float]
    """Made inside and fed into the grid, by source, (35)."""

    @property
    def exported_j(self) -> Float:
        """Everything that leaves the assessment boundary, (33)."""
        return _sum(self.to_other_j, self.delivered_j) + _sum(self.to_grid_j, self.delivered_j)


@dataclass(frozen=True)
class Weighted:
    """Renewable and non-renewable primary energy [J] and CO2 [kg] of a year."""

    renewable_j: float
    nonrenewable_j: float
    co2_kg: float

    @property
    def total_j(self) -> float:
        """Total primary energy [J]: renewable + non-renewable."""
        return self.renewable_j + self.nonrenewable_j

    def __add__(self, other: Weighted) -> Weighted:
        return Weighted(self.renewable_j + other.renewable_j, self.nonrenewable_j + other.nonrenewable_j,
                        self.co2_kg + other.co2_kg)  # fmt: skip

    def __mul__(self, factor: float) -> Weighted:
        return Weighted(factor * self.renewable_j, factor * self.nonrenewable_j, factor * self.co2_kg)

    def __sub__(self, other: Weighted) -> Weighted:
        return self + other * -1.0


@dataclass(frozen=True)
class Weights:
    """Weights of one carrier."""

    delivered: Weight
    """From the grid, f_we,del."""
    made: Mapping[str, Weight] = field(default_factory=dict)
    """Resources behind what is made inside, by source: step A; ON_SITE is FREE where nothing is said."""
    to_grid: Weight | None = None
    """What an exported joule spares in the grid, f_we,exp,grid of step B; None: as delivered."""
    to_other: Weight | None = None
    """The same for uses that do not count; None: as delivered."""


def matching(made_j: Float, used_j: Float) -> Float:
    """f_match [step]: share of min(made, used) that really meets when the step is long.

    f = (x + 1/x - 1) / (x + 1/x), x = made / used; 1 where nothing is made or used (ISO 52000-1:2017, (32), B.32).
    The same of x and 1/x, so written with r = min(x, 1/x): f = 1 - r / (1 + r2).
    """
    least, most = np.minimum(made_j, used_j), np.maximum(made_j, used_j)
    r = np.divide(least, most, out=np.zeros_like(most), where=most > 0.0)
    f: Float = 1.0 - r / (1.0 + r * r)
    return f


def split(carrier: Carrier, *, match: bool = False) -> Flows:
    """Where the carrier's energy goes, (30) to (37). Sources share every flow as they share what is made.

    `match`: f_match by `matching`, for steps of a day or a month; else 1, as for steps of an hour.
    """
    zero = np.zeros_like(carrier.used_j)
    made_j = _sum(carrier.made_j, zero)
    used_j = np.minimum(carrier.used_j, made_j)
    if match:
        used_j = used_j * matching(made_j, carrier.used_j)
    exported_j = made_j - used_j
    to_other_j = np.minimum(exported_j, carrier.other_j)
    shares = {i: np.divide(e, made_j, out=np.zeros_like(zero), where=made_j > 0.0) for i, e in carrier.made_j.items()}
    return Flows(
        delivered_j=carrier.used_j - used_j, used_j={i: s * used_j for i, s in shares.items()},
        to_other_j={i: s * to_other_j for i, s in shares.items()},
        to_grid_j={i: s * (exported_j - to_other_j) for i, s in shares.items()},
    )  # fmt: skip


def weigh(flows: Flows, weights: Weights) -> tuple[Weighted, Weighted]:
    """(step A, credit of step B at k_exp = 1) of one carrier: E_we,AB = A - k_exp x credit.

    Step A: E_del f_del + sum_i (E_pr,i - E_exp,i) f_pr,i. What cogeneration makes is not delivered, only its exports
    are taken off; its fuel is delivered as another carrier. Credit: sum_i E_exp,i (f_exp - f_pr,i).
    """
    step_a, credit = weighted(flows.delivered_j, weights.delivered), Weighted(0.0, 0.0, 0.0)
    for source, used_j in flows.used_j.items():
        made = weights.made.get(source, FREE)
        goals = ((flows.to_grid_j[source], weights.to_grid), (flows.to_other_j[source], weights.to_other))
        if source != COGENERATION:
            step_a += weighted(used_j, made)
        for exported_j, spared in goals:
            resources = weighted(exported_j, made)
            if source == COGENERATION:
                step_a = step_a - resources
            credit += weighted(exported_j, weights.delivered if spared is None else spared) - resources
    return step_a, credit


def balance(
    carriers: Mapping[str, Carrier], weights: Mapping[str, Weights], *, match: bool = False
) -> tuple[Weighted, Weighted]:
    """(step A, credit of step B) of all carriers together; with k_exp: A - k_exp x credit (9.6.6).

    Raises:
        KeyError: a carrier has no weights.
    """
    cogenerated = cogeneration(carriers, weights)
    step_a = credit = Weighted(0.0, 0.0, 0.0)
    for name, carrier in carriers.items():
        own = weights[name]
        made = {**own.made, COGENERATION: own.made.get(COGENERATION, cogenerated)}
        a, b = weigh(split(carrier, match=match), Weights(own.delivered, made, own.to_grid, own.to_other))
        step_a, credit = step_a + a, credit + b
    return step_a, credit


def cogeneration(carriers: Mapping[str, Carrier], weights: Mapping[str, Weights]) -> Weight:
    """Weight of what cogeneration makes: the fuel it burns over what it makes, both of the year."""
    fuel, made_j = Weighted(0.0, 0.0, 0.0), 0.0
    for name, carrier in carriers.items():
        if carrier.fuel_j is not None:
            fuel += weighted(carrier.fuel_j, weights[name].delivered)
        if COGENERATION in carrier.made_j:
            made_j += float(carrier.made_j[COGENERATION].sum())
    if made_j <= 0.0:
        return Weight()
    return Weight(fuel.renewable_j / made_j, fuel.nonrenewable_j / made_j, fuel.co2_kg / made_j)


def weighted(energy_j: Float, weight: Weight) -> Weighted:
    """sum over the steps of energy [J] x weight: primary energy [J] and CO2 [kg] of all steps together."""
    whole = float(energy_j.sum())
    sums = [whole * f if isinstance(f, float | int) else float((energy_j * f).sum()) for f in weight.columns]
    return Weighted(*sums)


def _sum(parts: Mapping[str, Float], like: Float) -> Float:
    made: Float = np.zeros_like(like)
    for part in parts.values():
        made = made + part
    return made
