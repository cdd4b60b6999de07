"""`surplus simulate`: a year without a picture, as JSON or as a page to read."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from network.schema import Balance, LayerChoice

KWH = 3.6e6
UNITS = (("_eur_j", "_eur_kwh", KWH), ("_eur_kg", "_eur_t", 1e3), ("_w", "_kw", 1e-3), ("_j", "_kwh", 1 / KWH),
         ("_s", "_years", 1 / (365.25 * 86400.0)))  # fmt: skip
"""Suffix of a figure, suffix and factor for people."""


def simulate(
    folder: Path, *, layers: str = "", catalogue: str = "",
    progress: Callable[[str, float], None] = lambda stage, done: None,
) -> dict[str, Any]:  # fmt: skip
    """The year of the package in `folder` under `layers` (text as for --layers, or a TOML file), as the JSON contract.

    `catalogue`: MODULE:NAME of other layer kinds, empty for the shipped ones.

    Raises:
        Refused: package, weather or layers cannot be used.
    """
    from sim import balance as books
    from sim import cache, gridflow, package, prepare, solar, weather, year
    from sim import layers as layer_kinds

    read = package.load(folder)
    sky = weather.read_epw(read.weather_path)
    gains = solar.solar(read.district, sky, cache=cache.folder() / "solar", progress=progress)
    kinds = layer_kinds.named(catalogue)
    choices = choices_of(layers, kinds)
    district = layer_kinds.apply(read.district, choices, kinds)
    began = time.perf_counter()
    run = year.begin(prepare.prepare(district, gains, sky))
    while not run.done:
        run = year.advance(run)
        progress("the year", run.fraction)
    compute_s = time.perf_counter() - began
    base = None
    if choices:  # savings are counted from the district as it is
        as_is = year.complete(prepare.prepare(read.district, gains, sky))
        base = books.essence(as_is.ledger, read.district)
    balance = books.balance(run.ledger, district, side="a", revision=0, compute_s=compute_s, base=base)
    contract = contract_of(balance, package_name=str(folder), buildings=len(district.building), steps=sky.steps)
    contract["inferred"] = read.report.get("inferred", {})
    unsolved = gridflow.collapses(run.ledger.collapsed, district, step_s=sky.step_s)
    problems = (*read.problems, *sky.problems, *gridflow.problems(district), *unsolved)
    contract["problems"] = [
        {"code": p.code, "message": p.message, "count": p.count, "ids": list(p.ids)} for p in problems
    ]
    return contract


def choices_of(text: str, kinds: Any) -> tuple[LayerChoice, ...]:
    """Choices in canonical order from the --layers text, FILE.toml or FILE.toml#NAME.

    Raises:
        Refused: unknown kind, parameter, unit or value.
    """
    from network import scenarios
    from sim import layers as layer_kinds

    if not text:
        return ()
    offered = layer_kinds.wire(kinds, 0).kinds
    return layer_kinds.validate(scenarios.one_of(text, offered), kinds)


def contract_of(balance: Balance, *, package_name: str, buildings: int, steps: int) -> dict[str, Any]:
    """Balance in the units of the command line: kWh, kW, shares 1 = 100 %."""
    totals = {f"{k}_kwh": v / KWH for k, v in balance.totals_j.items()}
    verdict = balance.verdict
    return {
        "package": package_name,
        "buildings": buildings,
        "steps": steps,
        "compute_s": balance.compute_s,
        "balance": {**totals, "co2_kg": balance.co2_kg, "surplus": verdict.surplus},
        "carriers": {c: {k: v / KWH for k, v in words.items()} for c, words in balance.carriers_j.items()},
        "verdict": {
            "rule": verdict.rule,
            "boundary": verdict.boundary,
            "mobility": verdict.mobility,
            "factors": verdict.factors,
            "primary_margin_kwh": verdict.primary_margin_j / KWH,
            "co2_margin_kg": verdict.co2_margin_kg,
            "alternatives": [
                {"choice": a.kind, "if": a.words, "surplus": a.surplus, "flips": a.flips,
                 "primary_margin_kwh": a.primary_margin_j / KWH, "co2_margin_kg": a.co2_margin_kg, "source": a.source}
                for a in verdict.alternatives
            ],
        },
        "kpi": dict(_shown(name, value) for name, value in balance.kpi.items()),
        "load_duration_kw": [float(w) * 1e-3 for w in balance.curves["net_import_w"]],
        "grid": dict(balance.grid),
        "conservation_residual": balance.residual,
    }


def _shown(name: str, value: float) -> tuple[str, float]:
    """A figure in the units of the command line, its name with them."""
    for suffix, unit, scale in UNITS:
        if name.endswith(suffix):
            return name.removesuffix(suffix) + unit, value * scale
    return name, value


def page(result: dict[str, Any]) -> str:
    """The result for people: the verdict first, then the year in MWh."""
    total, verdict, kpi, grid = result["balance"], result["verdict"], result["kpi"], result["grid"]
    margin = verdict["primary_margin_kwh"] / 1000
    words = "a positive energy district" if total["surplus"] else "not yet a positive energy district"
    rows = [
        f"{result['buildings']} buildings, {result['steps']} steps: {words}",
        f"  primary energy margin {margin:+,.0f} MWh, CO₂ margin {verdict['co2_margin_kg'] / 1000:+,.0f} t"
        f"  ({verdict['rule']})",
    ]
    words_of_account = ("generated", "used", "imported", "exported", "losses")
    rows += [f"  {word:<10} {total[word + '_kwh'] / 1000:>12,.1f} MWh" for word in words_of_account]
    rows.append(f"  own use {kpi['self_consumption']:.0%}, own supply {kpi['self_sufficiency']:.0%}, "
                f"peak import {kpi['peak_import_kw']:,.0f} kW, export {kpi['peak_export_kw']:,.0f} kW")  # fmt: skip
    rows += _comfort(kpi) + _money(kpi)
    if "voltage_min_pu" in grid:
        lines, transformers = grid["line_loading_max"], grid["transformer_loading_max"]
        voltages = f"{grid['voltage_min_pu']:.3f} to {grid['voltage_max_pu']:.3f} pu"
        rows.append(f"  grid {voltages}, lines up to {lines:.0%}, transformers up to {transformers:.0%}")
    rows += _if(verdict["alternatives"])
    rows += [f"  note: {p['message']}" for p in result["problems"]]
    return "\n".join(rows)


def _comfort(kpi: dict[str, float]) -> list[str]:
    if "overheating_26_h" not in kpi:
        return []
    warm, hot, cold = kpi["overheating_26_h"], kpi["overheating_28_h"], kpi["underheating_18_h"]
    return [f"  rooms above 26 °C {warm:,.0f} h, above 28 °C {hot:,.0f} h, below 18 °C {cold:,.0f} h of the year "
            "(mean of the heated floor)"]  # fmt: skip


def _money(kpi: dict[str, float]) -> list[str]:
    """What it costs to build and per year, what it saves; nothing of what is not known."""
    rows = []
    if "energy_cost_eur" in kpi:
        rows.append(f"  energy costs {kpi['energy_cost_eur']:,.0f} EUR a year")
    if kpi["capital_eur"] or kpi["embodied_co2_kg"]:
        row = f"  to build it {kpi['capital_eur']:,.0f} EUR and {kpi['embodied_co2_kg'] / 1000:,.0f} t of CO₂"
        ways = (("payback_years", "money"), ("carbon_payback_years", "CO₂"))
        back = [f"{kpi[name]:.0f} years ({word})" for name, word in ways if name in kpi]
        rows.append(row + (f", paid back in {', '.join(back)}" if back else ""))
    if "lcoe_eur_kwh" in kpi:
        rows.append(f"  new plant makes electricity at {kpi['lcoe_eur_kwh']:.3f} EUR/kWh")
    return rows


def _if(alternatives: list[dict[str, Any]]) -> list[str]:
    """The other common choices, those that turn the answer first."""
    if not alternatives:
        return []
    turns = any(a["flips"] for a in alternatives)
    return ["  margins if (* = the answer turns)" if turns else "  the answer stays if", *(
        f"  {'*' if a['flips'] else ' '} {a['primary_margin_kwh'] / 1000:>+10,.0f} MWh "
        f"{a['co2_margin_kg'] / 1000:>+8,.0f} t  {a['if']}" for a in sorted(alternatives, key=lambda a: not a["flips"])
    )]  # fmt: skip
