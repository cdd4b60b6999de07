"""Primary energy and CO2 factors of carriers, as versioned data rows by region, year and source."""

from __future__ import annotations

import csv
from pathlib import Path

from sim.district import Factor

FILE = Path(__file__).resolve().parent.parent / "assets" / "factors" / "factors.csv"
EUROPE = "EU"
"""Region whose rows serve a country without its own."""


def factors(country: str) -> tuple[Factor, ...]:
    """Factors of electricity and gas for a country (ISO 3166 alpha-2), else the EU's default.

    Exports are credited with the same factors (k_exp = 1, ISO 52000-1 step B); Factor.region tells which row serves.
    """
    with FILE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    chosen = {r["carrier"]: r for region in (EUROPE, country) for r in rows if r["region"] == region}
    return tuple(
        Factor(
            carrier=carrier,
            primary_nonrenewable=float(r["primary_nonrenewable"]),
            co2_kg_j=float(r["co2_kg_kwh"]) / 3.6e6,
            region=r["region"],
            year=int(r["year"]),
            source=r["source"],
        )
        for carrier, r in sorted(chosen.items())
    )
