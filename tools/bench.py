"""`surplus bench`: the budgets of the design, each figure beside a reference measured in the same run.

A machine factor (how much slower two fixed pieces of work run here and now than where the budgets were set) scales the
budgets: machines differ and are shared, so a ratio says more than a time.
"""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

COPY_NOMINAL_S = 5.0e-3
"""Copying 64 MB on the two quiet cores where the budgets were set."""
LOOP_NOMINAL_S = 3.5e-3
"""The numpy arithmetic below on the same cores."""


def bench(name: str = "", *, full: bool = False) -> dict[str, Any]:
    """All results whose name contains `name`: {machine, results} as in the JSON contract.

    Raises:
        Refused: no result has such a name, or there is no GL for those that draw.
    """
    from network.problems import Refused
    from tools import bench_grid, bench_import, bench_large, bench_physics, bench_picture, bench_tiles, bench_town

    factor = machine_factor()
    rows: list[dict[str, Any]] = []
    for group in (bench_physics, bench_large, bench_grid, bench_import, bench_picture, bench_tiles, bench_town):
        rows += group.results(name, full=full)
    if not rows:
        raise Refused(f"no benchmark is called {name}; leave the name away to see all", code=2)
    for row in rows:
        row["holds"] = row["value"] <= allowed(row, factor)
    return {"machine": machine(factor), "results": rows}


def allowed(row: dict[str, Any], factor: float) -> float:
    """What a row's value may be on a machine `factor` times slower than that of the budgets; only time is longer."""
    return float(row["budget"]) * (factor if row["unit"] in ("ms", "s") else 1.0)


def machine(factor: float) -> dict[str, Any]:
    """What it ran on."""
    return {
        "cpu": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": platform.system(),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "factor": factor,
    }


def machine_factor() -> float:
    """Geometric mean of the slow-down of a memory copy and of numpy arithmetic, best of 25 each, at least 1."""
    source, target = np.ones(16_000_000, np.float32), np.empty(16_000_000, np.float32)
    small = np.linspace(0, 1, 1_000_000)
    copy = min(times(lambda: np.copyto(target, source), repeats=25)) / COPY_NOMINAL_S
    loop = min(times(lambda: np.sqrt(small * small + 1.0) * small - small / (small + 2.0), repeats=25)) / LOOP_NOMINAL_S
    return max(1.0, float(np.sqrt(copy * loop)))


def seconds(work: Callable[[], Any], *, repeats: int = 9) -> float:
    """Median wall time of `work` after one warm-up [s]."""
    return statistics.median(times(work, repeats=repeats))


def times(work: Callable[[], Any], *, repeats: int) -> list[float]:
    """Wall times of `work` after one warm-up [s]."""
    work()
    taken = []
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return taken


def page(result: dict[str, Any]) -> str:
    """The results as a table."""
    m = result["machine"]
    load = "" if m["load"] is None else f", load {m['load']:.1f}"
    rows = [f"machine: {m['cores']} cores{load}, {m['factor']:.2f} x slower than where the budgets were set"]
    for r in result["results"]:
        word = "holds " if r["holds"] else "MISSED"
        rows.append(
            f"{word} {r['name']:<46} {r['value']:>10.3g} {r['unit']:<3} budget {r['budget']:g};"
            f" {r['ratio']:.3g} x {r['reference']['name']} ({r['reference']['value']:.3g} {r['unit']})"
        )
    return "\n".join(rows)
