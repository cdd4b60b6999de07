from __future__ import annotations

import pytest

from tools.factors import factors


def test_dutch_factors_in_si() -> None:
    by_carrier = {f.carrier: f for f in factors("NL")}
    assert by_carrier["electricity"].primary_nonrenewable == pytest.approx(1.45)
    assert by_carrier["electricity"].co2_kg_j * 3.6e6 == pytest.approx(0.34)
    assert by_carrier["gas"].co2_kg_j * 3.6e6 == pytest.approx(0.183)


@pytest.mark.parametrize("country", ["NL", "DE", "IT", "XX"])
def test_every_country_has_electricity_and_gas_with_year_and_source(country: str) -> None:
    found = factors(country)
    assert [f.carrier for f in found] == ["electricity", "gas"]
    assert all(f.source and 2000 < f.year < 2030 for f in found)
    assert {f.region for f in found} == {country if country in ("NL", "DE") else "EU"}
