"""The year's books closed: totals, verdict and key figures in one message."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from network.schema import Balance
from sim import costs, kpi, verdict
from sim.district import District
from sim.ledger import ACCOUNTS, Ledger, accounts_w, battery_given_w, grid, residual
from sim.verdict import chosen, net, weigher

Float = NDArray[np.float64]


def balance(
    ledger: Ledger, district: District, *, side: str, revision: int, compute_s: float, fraction: float = 1.0,
    base: costs.Year | None = None,
) -> Balance:  # fmt: skip
    """The year in totals, with the verdict. Ambient heat is a carrier of its own and in no total.

    `base`: the same year of the district as it is, for savings and payback (`essence` of its books).

    Raises:
        Refused: the district has no factors for a carrier that it imports.
    """
    steps = accounts_w(ledger)
    carriers = _carriers(steps, ledger)
    totals = {n: carriers["electricity"][n] + carriers["gas"][n] for n in carriers["electricity"]}
    weigh = weigher(ledger, district)
    answer = verdict.verdict(weigh, district)
    totals["primary_energy"] = -answer.primary_margin_j
    year = _year(carriers, district, -answer.co2_margin_kg)
    figures = {
        **kpi.electricity(steps["electricity"], step_s=ledger.step_s), **kpi.comfort(ledger, district),
        **_sums(ledger, district), **_weighted(weigh, district), **costs.bill(district), **costs.yearly(district, year),
    }  # fmt: skip
    for other in answer.alternatives:
        if other.kind == "co2":
            figures["co2_marginal_kg"] = -other.co2_margin_kg
    if base is not None and district.bills:
        figures |= costs.savings(district, year, base)
    return Balance(
        side=side, revision=revision, totals_j=totals, carriers_j=carriers, co2_kg=year.co2_kg, verdict=answer,
        kpi=figures, grid=grid(ledger, district),
        months_j={n: _by_month(w, ledger) for n, w in steps["electricity"].items()}, residual=residual(ledger),
        compute_s=compute_s, fraction=fraction, curves={"net_import_w": kpi.duration_w(steps["electricity"])},
    )  # fmt: skip


def essence(ledger: Ledger, district: District) -> costs.Year:
    """What another scenario's savings are counted from.

    Raises:
        Refused: the district has no factors for a carrier that it imports.
    """
    own = net(weigher(ledger, district), chosen(district))
    return _year(_carriers(accounts_w(ledger), ledger), district, own.co2_kg)


def _carriers(steps: dict[str, dict[str, Float]], ledger: Ledger) -> dict[str, dict[str, float]]:
    return {c: {n: float(w.sum() * ledger.step_s) for n, w in a.items()} for c, a in steps.items()}


def _year(carriers: dict[str, dict[str, float]], district: District, co2_kg: float) -> costs.Year:
    return costs.Year(costs.energy_eur(carriers, district.place.tariffs), co2_kg, carriers["electricity"]["generated"])


def _weighted(weigh: verdict.Weigher, district: District) -> dict[str, float]:
    """Primary energy and CO2 after step A alone, renewable and total primary energy where factors say them.

    renewable_share = RER of ISO 52000-1:2017, 9.6.7: renewable over total primary energy.
    """
    choice = chosen(district)
    step_a, _ = weigh(choice)
    found = {"primary_step_a_j": step_a.nonrenewable_j, "co2_step_a_kg": step_a.co2_kg}
    electricity = choice.factors.get("electricity")
    if electricity is not None and electricity.primary_renewable is not None:
        own = net(weigh, choice)
        found |= {"primary_renewable_j": own.renewable_j, "primary_total_j": own.total_j}
        if step_a.total_j > 0.0:
            found["renewable_share"] = step_a.renewable_j / step_a.total_j
    return found


def _sums(ledger: Ledger, district: District) -> dict[str, float]:
    """Energies of the year by use, and what stands."""
    named = dict(zip(ACCOUNTS, ledger.steps.sum(axis=1) * ledger.step_s, strict=True))
    given_w = np.maximum(battery_given_w(ledger), 0.0)
    return {
        **{f"{a.removesuffix('_w')}_j": float(named[a]) for a in ACCOUNTS
           if a not in ("gas_w", "vehicle_w", "battery_w", "battery_stored_w", "surplus_w")},
        "wind_j": float(ledger.wind_w.sum() * ledger.step_s),
        "pv_peak_w": float(district.surface.pv_peak_w.sum()),
        "vehicle_j": float(named["vehicle_w"] + ledger.charger_w.sum() * ledger.step_s),
        "battery_capacity_j": float(district.building.battery_j.sum() + district.site.capacity_j.sum()),
        "battery_given_j": float(given_w.sum() * ledger.step_s),
    }  # fmt: skip


def _by_month(power_w: Float, ledger: Ledger) -> Float:
    per_day = round(86400.0 / ledger.step_s)
    starts = np.concatenate([[0], np.cumsum(ledger.days_in_month)[:-1]]) * per_day
    return np.add.reduceat(power_w, starts) * ledger.step_s
