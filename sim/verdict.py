"""Is it a positive energy district? The rule, the chosen factors, and which other common choice would turn the answer.

    E_we = sum_c E_del,c f_c - k_exp sum_c E_exp,c f_c <= 0   in non-renewable primary energy and in CO2

(ISO 52000-1:2017, 9.6, sim/iso52000.py; what is made inside weighs nothing non-renewable.) The definition of a positive
energy district leaves open what exports earn, whether cars count, where the district ends and whose factors hold
(JPI Urban Europe 2020; Energies 15 (2022) 4491): so every answer comes with those that others would give.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from network.problems import Refused
from network.verdict import Alternative, Verdict
from sim import boundary, carriers, factors, iso52000
from sim.district import District
from sim.iso52000 import Weight, Weighted, Weights
from sim.ledger import Ledger
from sim.place import Factor

STEP_A = "net non-renewable primary energy (ISO 52000-1 step A) and net CO2 over the year <= 0"
STEP_B = "net non-renewable primary energy (ISO 52000-1 step B) and net CO2 over the year <= 0"
FREE = ("ambient",)
"""Carriers from the surroundings: delivered to nobody's grid, all renewable."""
BOUNDARY_WORDS = {
    boundary.GEOGRAPHICAL: ("all inside the edge counts", "all that stands inside the district's edge counts"),
    boundary.FUNCTIONAL: ("only its own grid counts", "only what hangs on the grid behind its substations counts"),
    boundary.VIRTUAL: ("shares outside count too", "shares in plant outside of the district count too"),
}
Weigher = Callable[["Choice"], tuple[Weighted, Weighted]]


@dataclass(frozen=True)
class Choice:
    """One way to draw up the balance."""

    mode: str
    """Boundary."""
    mobility: bool
    """Does what cars charge count as a use?"""
    k_exp: float
    factors: Mapping[str, Factor]
    """By carrier."""


@dataclass(frozen=True)
class Other:
    """Another common choice."""

    kind: str
    brief: str
    words: str
    choice: Choice
    source: str


def chosen(district: District) -> Choice:
    """The district's own choice: its boundary, k_exp and factors; with mobility where cars are electric."""
    place = district.place
    own = {f.carrier: f for f in place.factors if f.basis == "average"}
    return Choice(place.boundary, bool(district.building.electric_share.any()), place.k_exp, own)


def weigher(ledger: Ledger, district: District) -> Weigher:
    """(step A, credit of step B) of any choice over the same year; the books are read once per boundary."""
    books = lru_cache(maxsize=None)(lambda mode, mobility: carriers.carriers(ledger, district, mode=mode,
                                                                             mobility=mobility))  # fmt: skip

    def weigh(choice: Choice) -> tuple[Weighted, Weighted]:
        needed = books(choice.mode, choice.mobility)
        return iso52000.balance(needed, {c: weights(c, choice.factors, needed[c]) for c in needed})

    return weigh


def weights(carrier: str, known: Mapping[str, Factor], account: iso52000.Carrier) -> Weights:
    """Weights of a carrier from its factor; exports spare what imports cost.

    Raises:
        Refused: the carrier moves over the edge and the district has no factors for it.
    """
    if carrier in FREE:
        return Weights(iso52000.FREE)
    if carrier in known:
        f = known[carrier]
        return Weights(Weight(f.primary_renewable or 0.0, f.primary_nonrenewable, f.co2_kg_j))
    if account.used_j.any() or any(made_j.any() for made_j in account.made_j.values()):
        raise Refused(f"district.toml has no primary energy and CO2 factors for {carrier}; add them under factors")
    return Weights(Weight())


def net(weigh: Weigher, choice: Choice) -> Weighted:
    """E_we,AB = E_we,A - k_exp x credit, primary energy [J] and CO2 [kg] of the year (ISO 52000-1:2017, 9.6.6)."""
    step_a, credit = weigh(choice)
    return step_a - credit * choice.k_exp


def holds(weighted: Weighted) -> bool:
    """The rule: neither net non-renewable primary energy nor net CO2."""
    return weighted.nonrenewable_j <= 0.0 and weighted.co2_kg <= 0.0


def verdict(weigh: Weigher, district: District) -> Verdict:
    """The answer under the district's own choice, and under the other common ones.

    Raises:
        Refused: the district has no factors for a carrier that it imports.
    """
    choice = chosen(district)
    own = net(weigh, choice)
    words = [
        f"{f.carrier} {f.primary_nonrenewable:g}, {f.co2_kg_j * 3.6e6:.3f} kg/kWh ({f.region} {f.year}, {f.source})"
        for f in (choice.factors[c] for c in ("electricity", "gas") if c in choice.factors)
    ]
    return Verdict(
        surplus=holds(own), rule=STEP_B if choice.k_exp > 0.0 else STEP_A, boundary=choice.mode,
        mobility="in" if choice.mobility else "out", factors="; ".join([*words, f"k_exp {choice.k_exp:g}"]),
        primary_margin_j=-own.nonrenewable_j, co2_margin_kg=-own.co2_kg,
        alternatives=tuple(_judged(weigh, holds(own), other) for other in others(district, choice)),
    )  # fmt: skip


def others(district: District, choice: Choice) -> list[Other]:
    """Every other common choice that this district's data allow, each changed alone."""
    source = "JPI Urban Europe, White Paper on Reference Framework for PED, 2020"
    edges = [
        Other("boundary", brief, f"{words} ({mode} boundary)", replace(choice, mode=mode), source)
        for mode, (brief, words) in BOUNDARY_WORDS.items() if mode in boundary.offered(district) and mode != choice.mode
    ]  # fmt: skip
    return [*_credits(choice), *_mobility(district, choice), *edges, *_published(district.place.country, choice)]


def _credits(choice: Choice) -> list[Other]:
    source = "ISO 52000-1:2017, 9.6, step "
    made = []
    if choice.k_exp > 0.0:
        brief = "exports are not credited"
        made.append(Other("k_exp", brief, f"{brief} (k_exp 0)", replace(choice, k_exp=0.0), source + "A"))
    if choice.k_exp < 1.0:
        brief = "exports are credited in full"
        made.append(Other("k_exp", brief, f"{brief} (k_exp 1)", replace(choice, k_exp=1.0), source + "B"))
    return made


def _mobility(district: District, choice: Choice) -> list[Other]:
    if not district.building.electric_share.any():
        return []
    words = "electric cars are left out" if choice.mobility else "electric cars count too"
    return [Other("mobility", words, words, replace(choice, mobility=not choice.mobility),
                  "Buildings 13 (2023) 1210: operation with and without mobility")]  # fmt: skip


def _published(country: str, choice: Choice) -> list[Other]:
    """Factors that others publish: at the margin, in other editions, of 2030."""
    own, made = dict(choice.factors), []
    marginal = factors.other_basis(country, "marginal").get("electricity")
    if marginal is not None and "electricity" in own:
        grid = replace(own["electricity"], co2_kg_j=marginal.co2_kg_j)
        words = f"electricity counts with the CO2 of the plant at the margin, {marginal.co2_kg_j * 3.6e6:.3f} kg/kWh"
        mixed = {**own, "electricity": grid}
        made.append(Other("co2", "CO₂ counts at the margin", words, replace(choice, factors=mixed), marginal.source))
    for name, edition in factors.editions(country).items():
        mixed = factors.over(own, {c: f for c, f in edition.items() if c in own})
        if any(_differ(mixed[c], own[c]) for c in ("electricity", "gas") if c in own):
            source = edition.get("electricity", next(iter(edition.values()))).source
            words = f"the factors of {name} hold"
            made.append(Other("factors", f"{name} factors hold", words, replace(choice, factors=mixed), source))
    future = factors.other_basis(country, "future")
    if future and "electricity" in own:
        words = f"the grid is that of {future['electricity'].year}"
        mixed = factors.over(own, {c: f for c, f in future.items() if c in own})
        made.append(Other("year", words, words, replace(choice, factors=mixed), future["electricity"].source))
    return made


def _differ(one: Factor, other: Factor) -> bool:
    """Do two rows weigh differently, beyond rounding?"""
    return (abs(one.primary_nonrenewable - other.primary_nonrenewable) > 1e-9
            or abs(one.co2_kg_j - other.co2_kg_j) * 3.6e6 > 1e-9)  # fmt: skip


def _judged(weigh: Weigher, answer: bool, other: Other) -> Alternative:
    weighted = net(weigh, other.choice)
    return Alternative(
        kind=other.kind, brief=other.brief, words=other.words, surplus=holds(weighted),
        flips=holds(weighted) != answer, primary_margin_j=-weighted.nonrenewable_j, co2_margin_kg=-weighted.co2_kg,
        source=other.source,
    )  # fmt: skip
