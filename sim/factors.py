"""Factors of carriers, tariffs and lives of measures: versioned data rows by region, year and source (assets/factors).

factors.csv   primary energy and CO2 per delivered energy. An *edition* is a set published together (a law, a standard);
              `basis` is average, marginal (what one joule more or less in the grid changes; CO2 alone) or future. An
              empty cell is not published: where it is needed, the chosen edition's figure stands.
tariffs.csv   what energy costs and earns at the district's edge.
measures.csv  how long a measure lasts and what its upkeep costs.
"""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files

from sim.place import Factor, Tariff

KWH_J = 3.6e6
EUROPE = "EU"
"""Region whose rows serve a country without its own."""
ANY = "*"
"""Row of measures.csv for kinds without their own."""


@dataclass(frozen=True)
class Measure:
    """How long a kind of measure lasts, and what it costs to keep."""

    life_s: float
    upkeep_share: float
    """Of the capital, per year."""
    source: str


def factors(country: str) -> tuple[Factor, ...]:
    """The edition that holds in a country (ISO 3166 alpha-2), else the EU's: average factors, one row a carrier.

    The first edition of a region in factors.csv is the one in force there.
    """
    for region in (country, EUROPE):
        for edition in dict.fromkeys(f.edition for f in _rows() if f.region == region and f.basis == "average"):
            rows = [f for f in _rows() if (f.region, f.edition, f.basis) == (region, edition, "average")]
            found = [f for f in rows if not math.isnan(f.primary_nonrenewable) and not math.isnan(f.co2_kg_j)]
            if {"electricity", "gas"} <= {f.carrier for f in found}:
                return tuple(sorted(found, key=lambda f: f.carrier))
    return ()


def editions(country: str) -> dict[str, dict[str, Factor]]:
    """Every published edition that people use in a country: its own and the EU's, {edition: {carrier: Factor}}."""
    found: dict[str, dict[str, Factor]] = {}
    for f in _rows():
        if f.region in (country, EUROPE) and f.basis == "average":
            found.setdefault(f.edition, {})[f.carrier] = f
    return found


def other_basis(country: str, basis: str) -> dict[str, Factor]:
    """The country's rows of a basis (marginal, future), {carrier: Factor}; the EU's for one without any row."""
    own = {f.carrier: f for f in _rows() if (f.region, f.basis) == (country, basis)}
    if own or any(f.region == country for f in _rows()):
        return own
    return {f.carrier: f for f in _rows() if (f.region, f.basis) == (EUROPE, basis)}


def over(chosen: dict[str, Factor], other: dict[str, Factor]) -> dict[str, Factor]:
    """`chosen` with the rows of `other` in place; what those do not publish stays as chosen."""
    made = dict(chosen)
    for carrier, row in other.items():
        old = chosen.get(carrier)
        if old is not None:
            row = replace(
                row,
                primary_renewable=old.primary_renewable if row.primary_renewable is None else row.primary_renewable,
                primary_nonrenewable=_known(row.primary_nonrenewable, old.primary_nonrenewable),
                co2_kg_j=_known(row.co2_kg_j, old.co2_kg_j),
            )  # fmt: skip
        made[carrier] = row
    return made


def tariffs(country: str) -> tuple[Tariff, ...]:
    """Tariffs of a country, the EU's where it has no row of its own for a carrier."""
    chosen = {t.carrier: t for region in (EUROPE, country) for t in _tariffs() if t.region == region}
    return tuple(chosen[c] for c in sorted(chosen))


def measure(kind: str) -> Measure:
    """Life [s] and upkeep [share of the capital a year] of a kind of layer; the row `*` of kinds without their own."""
    rows = _measures()
    return rows.get(kind, rows[ANY])


def _known(value: float, otherwise: float) -> float:
    return otherwise if math.isnan(value) else value


def _read(name: str) -> list[dict[str, str]]:
    with (files("assets") / "factors" / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _figure(text: str) -> float:
    return float(text) if text else math.nan


@lru_cache(maxsize=1)
def _rows() -> tuple[Factor, ...]:
    return tuple(
        Factor(
            carrier=r["carrier"], primary_nonrenewable=_figure(r["primary_nonrenewable"]),
            co2_kg_j=_figure(r["co2_kg_kwh"]) / KWH_J, region=r["region"], year=int(r["year"]), source=r["source"],
            primary_renewable=float(r["primary_renewable"]) if r["primary_renewable"] else None,
            basis=r["basis"], edition=r["edition"],
        )
        for r in _read("factors.csv")
    )  # fmt: skip


@lru_cache(maxsize=1)
def _tariffs() -> tuple[Tariff, ...]:
    return tuple(
        Tariff(r["carrier"], float(r["buy_eur_kwh"]) / KWH_J, float(r["sell_eur_kwh"]) / KWH_J, r["region"],
               int(r["year"]), r["source"])
        for r in _read("tariffs.csv")
    )  # fmt: skip


@lru_cache(maxsize=1)
def _measures() -> dict[str, Measure]:
    return {r["kind"]: Measure(float(r["life_years"]) * 365.25 * 86400.0, float(r["upkeep_share"]), r["source"])
            for r in _read("measures.csv")}  # fmt: skip
