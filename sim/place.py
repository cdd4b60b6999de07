"""Where and when a district is, and what energy weighs and costs there: constants of the district, as data rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Factor:
    """Primary energy and CO2 of one carrier."""

    carrier: str
    primary_nonrenewable: float
    co2_kg_j: float
    region: str
    year: int
    source: str
    primary_renewable: float | None = None
    """None where it is not published."""
    basis: str = "average"
    """average, marginal or future."""
    edition: str = ""
    """Name of the set that it was published in."""


@dataclass(frozen=True)
class Tariff:
    """What a carrier costs, and earns, at the district's edge."""

    carrier: str
    buy_eur_j: float
    sell_eur_j: float
    region: str
    year: int
    source: str


@dataclass(frozen=True)
class Holding:
    """A share of plant outside of the district that its people own: it counts in the virtual boundary alone."""

    name: str
    kind: str
    """solar, wind, or anything else: its year runs as the district's own modules or turbines do, else evenly."""
    year_j: float
    """Electricity that the share gives in a year."""
    source: str = ""


@dataclass(frozen=True)
class Place:
    """Where and when: constants of the district."""

    name: str
    latitude_rad: float
    longitude_rad: float
    height_m: float
    """Ellipsoidal height of the local origin as used in the tiles' root transform."""
    crs: str
    origin_m: tuple[float, float, float]
    """Origin in the source's coordinates."""
    country: str
    zone: str
    utc_offset_s: float
    """Of local standard time."""
    year: int
    boundary: str = "geographical"
    """Of the verdict: geographical, functional or virtual (sim/boundary.py)."""
    k_exp: float = 1.0
    factors: tuple[Factor, ...] = ()
    tariffs: tuple[Tariff, ...] = ()
    outside: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Per boundary: ids of buildings and sites that do not belong to it."""
    holdings: tuple[Holding, ...] = ()
    ranges: Mapping[str, float] = field(default_factory=dict)
    """Symmetric colour range per quantity, SI."""
    voltage_v: float = 400.0
    """Nominal line-to-line voltage of the low-voltage grid."""
    sources: tuple[str, ...] = ()
    """Credits of the data, shown to people."""
