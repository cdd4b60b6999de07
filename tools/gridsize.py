"""Sizes of a synthetic grid: standard cables and transformers chosen until loading and voltage hold.

A substation's tree is solved at the steps that stress each branch and node most (linear estimates over the whole
year find them), by the same backward and forward sweep that the simulation uses, in plain numpy.
"""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.district import Float, Int
from sim.physics.grid import Q_PER_P
from tools.typology import ASSETS

LINE_LOADING = 0.78
"""Highest share of a cable's rating in the base year; the promise is 0.80."""
TRANSFORMER_LOADING = 0.80
VOLTAGE_DROP = 0.055
"""Deepest voltage below nominal in the base year; the promise is 0.06."""
MOST_PARALLEL = 12
BUSIEST = 24
"""Steps of a substation's highest load that are solved."""


class Cable(NamedTuple):
    """One standard cable."""

    name: str
    resistance_ohm_m: float
    reactance_ohm_m: float
    current_a: float


class Transformer(NamedTuple):
    """One standard distribution transformer."""

    rating_va: float
    resistance_pu: float
    reactance_pu: float


@dataclass
class Tree:
    """A substation's branches: row b runs from `parent[b]` to node b + 1; node 0 is the medium-voltage side.

    Branch 0 is the transformer. A parent comes before its children.
    """

    parent: Int
    length_m: Float
    service: np.ndarray
    """True for branches that serve one building."""
    load_node: Int
    """[building] node at which it draws."""
    cable: Int
    """[branch] row of `cables()`; unused for the transformer."""
    parallel: Int
    transformer: int = 0
    """Row of `transformers()`."""
    transformers: int = 1
    """Parallel transformers."""


@cache
def cables() -> tuple[Cable, ...]:
    """Standard cables, thinnest first."""
    with (ASSETS / "grid" / "cables.csv").open(encoding="utf-8", newline="") as file:
        return tuple(
            Cable(r["name"], float(r["resistance_ohm_km"]) / 1e3, float(r["reactance_ohm_km"]) / 1e3,
                  float(r["current_a"])) for r in csv.DictReader(file)
        )  # fmt: skip


@cache
def transformers() -> tuple[Transformer, ...]:
    """Standard transformers, smallest first; resistance from load loss, impedance from short-circuit voltage."""
    found = []
    with (ASSETS / "grid" / "transformers.csv").open(encoding="utf-8", newline="") as file:
        for r in csv.DictReader(file):
            rating = float(r["rating_kva"]) * 1e3
            resistance = float(r["load_loss_w"]) / rating
            found.append(
                Transformer(
                    rating, resistance, math.sqrt((float(r["short_circuit_percent"]) / 100) ** 2 - resistance**2)
                )
            )
    return tuple(found)


def size(tree: Tree, demand_w: NDArray[np.floating], voltage_v: float) -> float:
    """Choose cables and transformer in place; the substation's peak with losses, VA.

    demand_w: [steps, building] net consumption of the tree's buildings. Infinite when voltage cannot be held, so the
    tree must become shorter.
    """
    flow_va = _flow_va(tree, demand_w)
    _fit_transformer(tree, float(flow_va[:, 0].max()))
    while _fit_cables(tree, flow_va.max(axis=0), voltage_v):
        pass
    hard_w = demand_w[_hard_steps(tree, flow_va, demand_w)].astype(float)
    for _ in range(200):
        flow_va, voltage = solve(tree, hard_w, voltage_v)
        changed = _fit_transformer(tree, float(flow_va[:, 0].max())) | _fit_cables(tree, flow_va.max(axis=0), voltage_v)
        if changed:
            continue
        off = np.abs(voltage - 1.0).max(axis=0)
        if off.max() <= VOLTAGE_DROP:
            _shrink_transformer(tree, hard_w, voltage_v)
            return float(flow_va[:, 0].max())
        if not _strengthen(tree, voltage, int(np.argmax(off))):
            break
    return math.inf


def impedance(tree: Tree, voltage_v: float) -> tuple[Float, Float, Float]:
    """[branch] resistance and reactance, ohm at the low-voltage side, and rating, VA."""
    kinds = cables()
    r = np.array([kinds[c].resistance_ohm_m for c in tree.cable]) * tree.length_m / tree.parallel
    x = np.array([kinds[c].reactance_ohm_m for c in tree.cable]) * tree.length_m / tree.parallel
    rating = np.array([kinds[c].current_a for c in tree.cable]) * math.sqrt(3) * voltage_v * tree.parallel
    one = transformers()[tree.transformer]
    base = voltage_v**2 / (one.rating_va * tree.transformers)
    r[0], x[0], rating[0] = one.resistance_pu * base, one.reactance_pu * base, one.rating_va * tree.transformers
    return r, x, rating


def solve(tree: Tree, demand_w: Float, voltage_v: float) -> tuple[Float, Float]:
    """[steps, branch] apparent power at the far end's current and 1 pu, VA, and [steps, node] voltage, pu."""
    r, x, _ = impedance(tree, voltage_v)
    z = (r + 1j * x) / voltage_v**2
    branches, steps = len(r), len(demand_w)
    load = np.zeros((branches + 1, steps), dtype=complex)
    np.add.at(load, tree.load_node, (demand_w + 1j * Q_PER_P * np.maximum(demand_w, 0.0)).T)
    voltage = np.ones((branches + 1, steps), dtype=complex)
    for _ in range(40):
        current = np.conj(load / voltage)[1:]
        for b in range(branches - 1, 0, -1):
            current[tree.parent[b] - 1] += current[b]
        before = voltage.copy()
        for b in range(branches):
            voltage[b + 1] = voltage[tree.parent[b]] - z[b] * current[b]
        if np.abs(voltage - before).max() < 1e-9:
            break
    return np.abs(current).T, np.abs(voltage).T


def _gather(tree: Tree, at_building: NDArray[np.floating]) -> NDArray[np.floating]:
    """[steps, branch] sums of what the buildings behind each branch have, from [steps, building]."""
    behind = np.zeros((at_building.shape[1], len(tree.parent)), dtype=at_building.dtype)
    behind[np.arange(len(behind)), tree.load_node - 1] = 1.0
    for b in range(len(tree.parent) - 1, 0, -1):
        behind[:, tree.parent[b] - 1] += behind[:, b]
    return at_building @ behind


def _flow_va(tree: Tree, demand_w: NDArray[np.floating]) -> NDArray[np.floating]:
    """[steps, branch] apparent power without losses."""
    return np.hypot(_gather(tree, demand_w), _gather(tree, Q_PER_P * np.maximum(demand_w, 0)))


def _hard_steps(tree: Tree, flow_va: NDArray[np.floating], demand_w: NDArray[np.floating]) -> Int:
    """Steps that stress some branch or node most, in both directions, and the substation's busiest.

    The drop to a node is taken as linear in what flows on the way there, weighted by length.
    """
    net = _gather(tree, demand_w)
    drop = net * tree.length_m.astype(net.dtype)
    for b in range(1, len(tree.parent)):
        drop[:, b] += drop[:, tree.parent[b] - 1]
    busiest = np.argsort(flow_va[:, 0], kind="stable")[-BUSIEST:]
    found = [busiest, flow_va.argmax(axis=0), drop.argmax(axis=0), drop.argmin(axis=0)]
    return np.unique(np.concatenate(found)).astype(np.int32)


def _fit_transformer(tree: Tree, peak_va: float) -> bool:
    """The smallest standard rating that the peak loads to at most 80 %; above the largest, several in parallel.

    Only ever grows, as a smaller transformer would raise the peak again by its own losses.
    """
    kinds = transformers()
    changed = False
    while peak_va > TRANSFORMER_LOADING * kinds[tree.transformer].rating_va * tree.transformers:
        if tree.transformer < len(kinds) - 1:
            tree.transformer += 1
        else:
            tree.transformers += 1
        changed = True
    return changed


def _shrink_transformer(tree: Tree, hard_w: Float, voltage_v: float) -> None:
    """Take the next smaller transformer as long as everything holds: thin cables' losses may have called for more."""
    while tree.transformer > 0 and tree.transformers == 1:
        tree.transformer -= 1
        flow_va, voltage = solve(tree, hard_w, voltage_v)
        peak, (*_, rating) = flow_va.max(axis=0), impedance(tree, voltage_v)
        fits = peak[0] <= TRANSFORMER_LOADING * rating[0] and np.all(peak[1:] <= LINE_LOADING * rating[1:])
        if not fits or np.abs(voltage - 1.0).max() > VOLTAGE_DROP:
            tree.transformer += 1
            return


def _fit_cables(tree: Tree, peak_va: Float, voltage_v: float) -> bool:
    """Make every cable that is loaded too high thicker, then parallel."""
    changed = False
    _, _, rating = impedance(tree, voltage_v)
    for b in np.flatnonzero(peak_va > LINE_LOADING * rating):
        if b == 0:
            continue
        _thicker(tree, int(b))
        changed = True
    return changed


def _thicker(tree: Tree, b: int) -> None:
    if tree.cable[b] < len(cables()) - 1 and tree.parallel[b] == 1:
        tree.cable[b] += 1
    else:
        tree.parallel[b] += 1


def _strengthen(tree: Tree, voltage: Float, node: int) -> bool:
    """Thicken the branches that cost most voltage on the way to `node`; False if none is left to thicken."""
    step = int(np.argmax(np.abs(1.0 - voltage[:, node])))
    costs: dict[int, float] = {}
    while node > 1:
        b = node - 1
        costs[b] = abs(float(voltage[step, tree.parent[b]] - voltage[step, node]))
        node = int(tree.parent[b])
    costs = {b: cost for b, cost in costs.items() if tree.parallel[b] < MOST_PARALLEL and cost > 2e-4}
    for b, cost in costs.items():
        if cost >= 0.6 * max(costs.values()):
            _thicker(tree, b)
    return bool(costs)
