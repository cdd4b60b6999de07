"""Speed of the radial power flow, beside every method of power-grid-model on one thread, at the same voltages."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

Row = dict[str, Any]
TIMES_FASTER = 10.0
"""Than Newton-Raphson: the budget."""
DAYS = 60
"""Of our own year that are solved; power-grid-model solves one of them."""
METHODS = {"grid-1000": "newton_raphson", "grid-1000-iterative-current": "iterative_current",
           "grid-1000-linear": "linear", "grid-1000-linear-current": "linear_current"}  # fmt: skip


def results(name: str = "", *, full: bool = False) -> list[Row]:
    """Rows as in tools/bench_physics.py: a year of 1,000 nodes on one thread, in CPU time."""
    wanted = {known: method for known, method in METHODS.items() if name in known}
    return rows(wanted) if wanted else []


def rows(wanted: dict[str, str]) -> list[Row]:
    """Our year against each method's day, scaled; the linear ones are no solution of the same equations."""
    from sim import gridflow
    from sim.physics import gridmesh
    from tools.random_district import random_tree

    node, line, _ = random_tree(np.random.default_rng(1), 1000, sources=25)
    n, steps = len(node), 24 * DAYS
    rng = np.random.default_rng(2)
    p = rng.gamma(0.7, 1500.0, (steps, n)) - 1500.0 * rng.random((steps, n))
    q, none = np.abs(p) * 0.3, np.zeros((steps, n))
    g = gridflow.grid(node, line, building_node=np.arange(n, dtype=np.int32), phase_share=np.full((n, 3), 1.0 / 3.0),
                      site_node=np.zeros(0, np.int32))  # fmt: skip
    flows = gridflow.empty(g, steps)
    flows = gridflow.Flows(*(getattr(flows, f) for f in list(vars(flows))[:-1]))  # no phases: they are alike
    plugs = q / gridflow.Q_PER_P
    ours = cpu_s(lambda: gridflow.solve(g, flows, surplus_w=-p, appliances_w=plugs, heater_w=none,
                                        site_w=np.zeros((steps, 0))), 5) * 365.0 / DAYS  # fmt: skip
    mesh = gridmesh.mesh(node, line, np.ones(n, bool), np.arange(n), np.full(n, -1), symmetric=True)
    made = []
    for name, method in wanted.items():
        theirs = cpu_s(partial(gridmesh.calculate, mesh, p[:24], q[:24], method), 3) * 365.0
        volts = gridmesh.calculate(mesh, p[:24], q[:24], method)[0]["node"]["u_pu"]
        apart = float(np.abs(volts - flows.voltage_pu[:24]).max())
        words = f"power-grid-model {method}, a day scaled, voltages {apart:.0e} pu apart"
        budget = 1e3 * theirs / (TIMES_FASTER if method == "newton_raphson" else 1.0)
        made.append({
            "name": name, "value": 1e3 * ours, "unit": "ms", "budget": budget, "ratio": theirs / ours,
            "reference": {"name": words, "value": 1e3 * theirs}, "holds": bool(1e3 * ours <= budget),
        })  # fmt: skip
    return made


def cpu_s(work: Callable[[], object], times: int) -> float:
    """Least CPU time of `work` [s] after one warm-up."""
    work()
    taken = []
    for _ in range(times):
        begun = time.process_time()
        work()
        taken.append(time.process_time() - begun)
    return min(taken)
