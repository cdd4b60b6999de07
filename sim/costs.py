"""What a scenario costs and what it saves, in money and in carbon, beside the district as it is.

Constant prices, real interest (EN 15459-1:2017; Delegated Regulation (EU) 244/2012, annex I: 3 % for the macroeconomic
view). Tariffs are data rows of the place, lives and upkeep of measures rows of assets/factors/measures.csv.

    annuity       a = r / (1 - (1 + r)^-n)
    energy cost   sum over carriers of import x buy - export x sell, netted per step over the district
    LCOE          (a + upkeep) x capital of the plant / electricity that it adds in a year
    payback       capital / (energy cost saved - upkeep)        simple, without interest
    carbon        embodied CO2 / CO2 saved in a year             EN 15978: A1 to A3 over B6
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sim import factors
from sim.district import District
from sim.place import Tariff

INTEREST = 0.03
YEAR_S = 365.25 * 86400.0
PLANT = ("solar", "wind")
"""Kinds of measures whose product is electricity."""


@dataclass(frozen=True)
class Year:
    """What of a year costs and savings follow from."""

    energy_eur: float | None
    """None without tariffs."""
    co2_kg: float
    generated_j: float


def annuity(life_s: float, *, interest: float = INTEREST) -> float:
    """Share of a capital that is paid each year so that it is repaid over its life: r / (1 - (1 + r)^-n) [1/a]."""
    years = life_s / YEAR_S
    return 1.0 / years if interest == 0.0 else interest / (1.0 - (1.0 + interest) ** -years)


def energy_eur(carriers: Mapping[str, Mapping[str, float]], tariffs: tuple[Tariff, ...]) -> float | None:
    """Cost of a year's imports less what exports earn [EUR/a]; None where a carrier that moves has no tariff."""
    prices = {t.carrier: t for t in tariffs}
    total = 0.0
    for carrier, account in carriers.items():
        if carrier == "ambient" or not (account["imported"] or account["exported"]):
            continue
        if carrier not in prices:
            return None
        total += account["imported"] * prices[carrier].buy_eur_j - account["exported"] * prices[carrier].sell_eur_j
    return total


def bill(district: District) -> dict[str, float]:
    """What the scenario's measures cost once, in all and per kind of layer: EUR and kg of embodied CO2."""
    rows: dict[str, float] = {"capital_eur": 0.0, "embodied_co2_kg": 0.0}
    for measure in district.bills:
        for name in ("capital_eur", "embodied_co2_kg"):
            value = getattr(measure, name)
            rows[name] += value
            rows[f"{name}:{measure.kind}"] = rows.get(f"{name}:{measure.kind}", 0.0) + value
    return rows


def yearly(district: District, year: Year) -> dict[str, float]:
    """Per year: energy, capital spread over the lives of the measures, upkeep, the sum; and embodied CO2 spread."""
    lives = [(m, factors.measure(m.kind)) for m in district.bills]
    found = {
        "capital_cost_eur": sum(m.capital_eur * annuity(row.life_s) for m, row in lives),
        "upkeep_eur": sum(m.capital_eur * row.upkeep_share for m, row in lives),
        "embodied_co2_yearly_kg": sum(m.embodied_co2_kg * YEAR_S / row.life_s for m, row in lives),
    }
    if year.energy_eur is not None:
        found["energy_cost_eur"] = year.energy_eur
        found["yearly_cost_eur"] = year.energy_eur + found["capital_cost_eur"] + found["upkeep_eur"]
    return found


def savings(district: District, year: Year, base: Year) -> dict[str, float]:
    """Beside the district as it is: what is saved a year, LCOE of new plant, payback and carbon payback.

    A figure that does not exist (nothing saved, no plant, no tariffs) is left out.
    """
    costs, once = yearly(district, year), bill(district)
    saved_kg = base.co2_kg - year.co2_kg
    found = {"saved_co2_kg": saved_kg}
    if once["embodied_co2_kg"] > 0.0 and saved_kg > 0.0:
        found["carbon_payback_s"] = YEAR_S * once["embodied_co2_kg"] / saved_kg
    plant = sum(m.capital_eur * (annuity(factors.measure(m.kind).life_s) + factors.measure(m.kind).upkeep_share)
                for m in district.bills if m.kind in PLANT)  # fmt: skip
    added_j = year.generated_j - base.generated_j
    if plant > 0.0 and added_j > 0.0:
        found["lcoe_eur_j"] = plant / added_j
    if year.energy_eur is None or base.energy_eur is None:
        return found
    saved_eur = base.energy_eur - year.energy_eur
    found["saved_energy_eur"] = saved_eur
    if once["capital_eur"] > 0.0 and saved_eur > costs["upkeep_eur"]:
        found["payback_s"] = YEAR_S * once["capital_eur"] / (saved_eur - costs["upkeep_eur"])
    if saved_kg > 0.0:
        found["abatement_eur_kg"] = (costs["yearly_cost_eur"] - base.energy_eur) / saved_kg
    return found
