"""Data rows of factors, tariffs and measures: what holds in a country, and what else is published."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import pytest

from sim import factors
from sim.factors import KWH_J

CARRIERS = {"EAMBIENTE": "", "BIOMASA": "wood", "BIOMASADENSIFICADA": "pellets", "CARBON": "coal", "GASNATURAL": "gas",
            "GASOLEO": "oil", "GLP": "lpg", "ELECTRICIDAD": "electricity", "RED1": "heat"}  # fmt: skip


def test_dutch_factors_in_si() -> None:
    by_carrier = {f.carrier: f for f in factors.factors("NL")}
    assert by_carrier["electricity"].primary_nonrenewable == pytest.approx(1.45)
    assert by_carrier["electricity"].co2_kg_j * 3.6e6 == pytest.approx(0.34)
    assert by_carrier["gas"].co2_kg_j * 3.6e6 == pytest.approx(0.183)


@pytest.mark.parametrize("country", ["NL", "DE", "AT", "CH", "ES", "FR", "GB", "IT", "XX"])
def test_every_country_has_electricity_and_gas_with_year_source_and_name(country: str) -> None:
    found = {f.carrier: f for f in factors.factors(country)}
    assert {"electricity", "gas"} <= set(found)
    assert all(f.source and f.edition and 2000 < f.year < 2030 for f in found.values())
    assert {f.region for f in found.values()} == {"EU" if country in ("IT", "XX") else country}
    assert not any(math.isnan(f.primary_nonrenewable) or math.isnan(f.co2_kg_j) for f in found.values())
    assert {f.basis for f in found.values()} == {"average"}


def test_spanish_rows_are_those_of_the_reference(shared: Path) -> None:
    """Every delivered carrier of RITE 2014 that Surplus names."""
    with (shared / "reference" / "primary_energy_factors.csv").open() as file:
        rows = [r for r in csv.DictReader(file) if r["set"].startswith("Spain") and r["source"] == "RED"]
    ours = {f.carrier: f for f in factors.factors("ES")}
    compared = 0
    for r in rows:
        f = ours.get(CARRIERS.get(r["carrier"], ""))
        if f is not None and r["step"] == "A":
            figures = (f.primary_renewable, f.primary_nonrenewable, f.co2_kg_j * KWH_J)
            assert figures == pytest.approx([float(r[k]) for k in ("f_pe_ren", "f_pe_nren", "co2_kg_per_kwh")])
            compared += 1
    assert compared == 8


def test_swiss_and_german_co2_are_those_of_the_reference(shared: Path) -> None:
    with (shared / "reference" / "carrier_ghg_cost_cea.csv").open() as file:
        theirs = {(r["region"], r["carrier"]): float(r["ghg_kgco2e_per_kwh"]) for r in csv.DictReader(file)}
    words = {"GRID": "electricity", "NATURALGAS": "gas", "OIL": "oil", "WOOD": "wood", "BIOGAS": "biogas"}
    swiss, german = factors.editions("CH")["KBOB 2022"], factors.editions("DE")["CEA 2022"]
    for word, carrier in words.items():
        assert swiss[carrier].co2_kg_j * KWH_J == pytest.approx(theirs["CH", word])
        assert german[carrier].co2_kg_j * KWH_J == pytest.approx(theirs["DE", word])


def test_what_an_edition_does_not_publish_stays_as_chosen() -> None:
    chosen = {f.carrier: f for f in factors.factors("DE")}
    mixed = factors.over(chosen, factors.editions("DE")["CEA 2022"])
    assert mixed["electricity"].co2_kg_j * KWH_J == pytest.approx(0.3276)
    assert mixed["electricity"].primary_nonrenewable == pytest.approx(1.8)
    assert mixed["heat"] == chosen["heat"]


def test_marginal_electricity_is_a_gas_plant_or_what_the_law_says() -> None:
    assert factors.other_basis("DE", "marginal")["electricity"].co2_kg_j * KWH_J == pytest.approx(0.86)
    for country in ("NL", "ES", "AT"):
        gas = next(f for f in factors.factors(country) if f.carrier == "gas")
        marginal = factors.other_basis(country, "marginal")["electricity"]
        assert marginal.co2_kg_j == pytest.approx(gas.co2_kg_j / 0.53, rel=2e-3)
        assert "53 %" in marginal.source
    assert factors.other_basis("XX", "marginal")["electricity"].region == "EU"
    assert factors.other_basis("CH", "future") == {}


def test_tariffs_fall_back_on_europe_carrier_by_carrier() -> None:
    dutch = {t.carrier: t for t in factors.tariffs("NL")}
    assert (dutch["gas"].region, dutch["electricity"].region) == ("NL", "EU")
    assert dutch["gas"].buy_eur_j * KWH_J == pytest.approx(0.1671)
    assert all(t.buy_eur_j >= t.sell_eur_j and t.source for t in dutch.values())


def test_every_kind_of_measure_has_a_life() -> None:
    year_s = 365.25 * 86400.0
    assert factors.measure("solar").life_s / year_s == pytest.approx(25.0)
    assert factors.measure("something new") == factors.measure("*")
