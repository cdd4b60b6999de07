"""Kind "balance": the weighted energy balance of ISO 52000-1, steps A and B; keys in tests/cases/README.md."""

from __future__ import annotations

import csv
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sim import iso52000
from sim.iso52000 import COGENERATION, ON_SITE, Carrier, Weight, Weighted, Weights
from tools.cases.read import Case, Figure
from tools.cases.table import Table

Float = NDArray[np.float64]
KWH = 3.6e6
OTHER_USE, BURNT = "non-epb", "cogeneration"
"""Services that are something else than a use of energy performance: another use, and fuel for cogeneration."""
FLOWS = ("delivered", ON_SITE, COGENERATION, "to_grid", "to_other")
"""Flows that have a weight."""
UNITS = {"kWh": "kg", "kWh/m2": "kg/m2"}


def run(case: Case) -> list[Figure]:
    """Weighted energy of the case after steps A and A+B, and every carrier's flows.

    Raises:
        Refused: a key, a carrier without weights, lists of different length.
    """
    table = case.inputs
    k_exp = table.number("k_exp", 1.0, least=0.0, most=1.0)
    match = table.flag("load_matching", False)
    unit = table.text("energy_unit", "kWh", choices=tuple(UNITS))
    columns = _series(table)
    uses, made = table.tables("use"), table.tables("made")
    carriers = _carriers(table, uses, made, columns)
    weights = _weights(table, carriers, columns)
    table.close()
    step_a, credit = iso52000.balance(carriers, weights, match=match)
    figures = _weighted(step_a, "A", unit) + _weighted(step_a - credit * k_exp, "", unit)
    for name, carrier in carriers.items():
        flows = iso52000.split(carrier, match=match)
        parts = {
            "delivered": flows.delivered_j, "exported": flows.exported_j, "used_inside": sum(flows.used_j.values()),
            "exported_to_grid": sum(flows.to_grid_j.values()), "exported_to_other": sum(flows.to_other_j.values()),
        }  # fmt: skip
        figures += [Figure(word, float(np.sum(part)) / KWH, unit, at=name) for word, part in parts.items()]
    return figures


def _weighted(weighted: Weighted, at: str, unit: str) -> list[Figure]:
    total = weighted.total_j
    return [
        Figure("primary_renewable", weighted.renewable_j / KWH, unit, at=at),
        Figure("primary_nonrenewable", weighted.nonrenewable_j / KWH, unit, at=at),
        Figure("primary_total", total / KWH, unit, at=at),
        Figure("co2", weighted.co2_kg, UNITS[unit], at=at),
        Figure("renewable_share", weighted.renewable_j / total if total else 0.0, "1", at=at),
    ]


def _series(table: Table) -> dict[str, list[str]]:
    """Columns of the file that `series` names; none where the case has no such key."""
    if "series" not in table:
        return {}
    with table.path("series").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    return {name: [row[k] for row in rows[1:] if row] for k, name in enumerate(rows[0])} if rows else {}


def _values(table: Table, key: str, columns: dict[str, list[str]], default: Sequence[float] | None = None) -> Float:
    """[step] of a number, a list of numbers, or the name of a column of the series."""
    raw = table.raw(key) if default is None else table.raw(key, default)
    if isinstance(raw, str) and raw in columns:
        try:
            return np.array([float(v) for v in columns[raw]])
        except ValueError as e:
            raise table.wrong(key, f'names the column "{raw}" of the series, which is not all numbers ({e})') from e
    if isinstance(raw, str) and not _number(raw):
        raise table.wrong(key, f'is "{raw}"; give a number, a list of numbers, or a column of the series')
    if isinstance(raw, str):
        return np.array([float(raw)])
    return np.array(table.numbers(key, default if default is not None else []))


def _number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _carriers(
    table: Table, uses: list[Table], made: list[Table], columns: dict[str, list[str]]
) -> dict[str, Carrier]:
    """Every carrier that is used or made, with as many steps as the longest list has."""
    rows = [(use, use.text("carrier"), use.text("service", "epb"), _energy(use, columns)) for use in uses]
    for one in made:
        source = one.text("source", ON_SITE, choices=(ON_SITE, COGENERATION))
        rows.append((one, one.text("carrier"), f"made {source}", _energy(one, columns)))
    if not rows:
        raise table.wrong("use", "is missing; a balance has at least one [[use]] or [[made]]")
    steps = max(len(energy_j) for *_, energy_j in rows)
    sums: dict[str, dict[str, Float]] = {}
    for row, name, what, energy_j in rows:
        if len(energy_j) not in (1, steps):
            raise row.wrong("energy", f"has {len(energy_j)} values, others {steps}; give one a step, or one for all")
        if len(energy_j) < steps:
            raise row.wrong("energy", f"is one number where others have {steps} steps; give it step by step")
        kind = what if what in (OTHER_USE, BURNT) or what.startswith("made") else "epb"
        own = sums.setdefault(name, {})
        own[kind] = own.get(kind, np.zeros(steps)) + energy_j
    none = np.zeros(steps)
    return {
        name: Carrier(
            used_j=own.get("epb", none) + own.get(BURNT, none), other_j=own.get(OTHER_USE, none),
            made_j={s: own[f"made {s}"] for s in (ON_SITE, COGENERATION) if f"made {s}" in own}, fuel_j=own.get(BURNT),
        )
        for name, own in sums.items()
    }  # fmt: skip


def _energy(row: Table, columns: dict[str, list[str]]) -> Float:
    energy = _values(row, "energy", columns)
    if not len(energy) or energy.min() < 0.0:
        raise row.wrong("energy", "is empty or negative; uses and what is made are both given as positive numbers")
    return KWH * energy


def _weights(table: Table, carriers: dict[str, Carrier], columns: dict[str, list[str]]) -> dict[str, Weights]:
    """Weights by carrier, one row a flow."""
    found: dict[str, dict[str, Weight]] = {}
    steps = len(next(iter(carriers.values())).used_j)
    for row in table.tables("weight"):
        name, flow = row.text("carrier"), row.text("flow", "delivered", choices=FLOWS)
        parts = []
        for key, scale in (("renewable", 1.0), ("nonrenewable", 1.0), ("co2_kg_kwh", 1.0 / KWH)):
            values = scale * _values(row, key, columns, [0.0])
            if len(values) not in (1, steps):
                raise row.wrong(key, f"has {len(values)} values, the energies {steps}; give one, or one a step")
            parts.append(float(values[0]) if len(values) == 1 else values)
        found.setdefault(name, {})[flow] = Weight(*parts)
    made = {}
    for name, carrier in carriers.items():
        own = found.get(name, {})
        flows = iso52000.split(carrier)
        priced = [flows.delivered_j] + [sum(part.values(), np.zeros(steps)) for part, flow in (
            (flows.to_grid_j, "to_grid"), (flows.to_other_j, "to_other")) if flow not in own]  # fmt: skip
        if "delivered" not in own and any(part.any() for part in priced):
            raise table.wrong("weight", f'has no row for {name}, flow "delivered"; add its renewable, nonrenewable and '
                                        "co2_kg_kwh")  # fmt: skip
        inside = {s: own[s] for s in (ON_SITE, COGENERATION) if s in own}
        made[name] = Weights(own.get("delivered", Weight()), inside, own.get("to_grid"), own.get("to_other"))
    return made
