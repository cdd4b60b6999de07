"""Power flow of a radial grid: backward and forward sweep (D. Shirmohammadi et al., IEEE Trans. PWRS 3 (1988) 753).

Balanced, per phase, in per unit of the nominal voltage with currents in watts at 1 pu. A transformer is a branch
referred to its low-voltage side; sources are held at 1 pu and may be many. Loads draw at a power factor of 0.95
inductive; modules, batteries and cars work through inverters at 1. Always float64: a voltage's fifth digit decides.

Steps are solved side by side in lanes. Each starts flat and stops on its own residual, then is frozen, so its bits
do not depend on its neighbours in the batch.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from network.problems import Refused
from sim.district import Lines, NodeKind, Nodes
from sim.kernels import f8, i8, kernel, matrix, out_matrix, out_vector, vector

Float = NDArray[np.float64]
POWER_FACTOR = 0.95
"""Of appliances and heat pumps, inductive."""
Q_PER_P = math.tan(math.acos(POWER_FACTOR))
LANES = 24
"""Steps solved side by side: a day of hours."""
TOLERANCE_PU = 1e-9
"""Largest change of a voltage in the last sweep."""
SWEEPS = 60
"""A step that has not settled by then is overloaded beyond what the grid can carry; its last voltages stand."""


@dataclass(frozen=True)
class Tree:
    """The closed grid seen from its sources: places 0.. in an order in which a parent comes before its children."""

    node: NDArray[np.int64]
    """[place] -> row of [node]; nodes that no source reaches are absent."""
    parent: NDArray[np.int64]
    """[place] -> place of its parent, -1 = source."""
    line: NDArray[np.int64]
    """[place] -> row of [line] that feeds it, -1 = source."""
    sign: Float
    """[place] +1 where the line runs from parent to child, -1 where it was drawn the other way."""
    impedance: Float
    """[2, place] resistance and reactance per watt [pu/W]."""
    rating_va: Float
    """[place] of the feeding line."""
    place: NDArray[np.int64]
    """[node] -> place, -1 = dead."""
    nodes: int
    lines: int


def tree(node: Nodes, line: Lines, voltage_v: float) -> Tree:
    """Order the closed lines from the sources outwards.

    Raises:
        Refused: closed lines form a ring.
    """
    neighbours: list[list[tuple[int, int, float]]] = [[] for _ in range(len(node))]
    for k in np.flatnonzero(line.closed):
        a, b = int(line.from_node[k]), int(line.to_node[k])
        neighbours[a].append((b, int(k), 1.0))
        neighbours[b].append((a, int(k), -1.0))
    place = np.full(len(node), -1, dtype=np.int64)
    rows: list[tuple[int, int, int, float]] = []
    for source in np.flatnonzero(node.kind == NodeKind.SOURCE):
        if place[source] >= 0:
            raise Refused(f"two sources of the grid are joined ({node.id[source]}); open a switch between them")
        place[source] = len(rows)
        rows.append((int(source), -1, -1, 1.0))
        head = len(rows) - 1
        while head < len(rows):  # breadth first; rows grows while it is walked
            here, _, came_by, _ = rows[head]
            for there, by, sign in neighbours[here]:
                if by == came_by:
                    continue
                if place[there] >= 0:
                    raise Refused(f"the grid has a ring closed by line {line.id[by]}; open one of its switches")
                place[there] = len(rows)
                rows.append((there, head, by, sign))
            head += 1
    table = np.array(rows, dtype=float).reshape(-1, 4)
    by_line = table[:, 2].astype(np.int64)
    fed = by_line >= 0
    impedance, rating = np.zeros((2, len(rows))), np.full(len(rows), np.inf)
    impedance[:, fed] = np.array([line.resistance_ohm, line.reactance_ohm])[:, by_line[fed]] / voltage_v**2
    rating[fed] = line.rating_va[by_line[fed]]
    return Tree(
        node=table[:, 0].astype(np.int64),
        parent=table[:, 1].astype(np.int64),
        line=by_line,
        sign=np.ascontiguousarray(table[:, 3]),
        impedance=impedance,
        rating_va=rating,
        place=place,
        nodes=len(node),
        lines=len(line),
    )


def substations(tree: Tree) -> NDArray[np.int64]:
    """[place] Number of the source that feeds it, counted from 0."""
    number = np.empty(len(tree.parent), dtype=np.int64)
    found = 0
    for place, parent in enumerate(tree.parent):
        if parent < 0:
            number[place], found = found, found + 1
        else:
            number[place] = number[parent]
    return number


_WORK = (out_matrix(f8),) * 6
"""p, q, vr, vi, jr, ji [place, lane]: load [W, var], voltage [pu], current towards the load [W at 1 pu]."""


@kernel(lambda f: (matrix(f), matrix(f), matrix(f), vector(i8), matrix(f8), vector(i8), i8, *_WORK))
def _start(  # type: ignore[no-untyped-def]
    surplus_w, appliances_w, heater_w, place, site_w, site_place, s0, p, q, vr, vi, jr, ji
):
    """Flat voltages, and the loads of steps s0.. at their places."""
    n, w = p.shape
    for i in range(n):
        for k in range(w):
            p[i, k] = 0.0
        for k in range(w):
            q[i, k] = 0.0
        for k in range(w):
            vr[i, k] = 1.0
        for k in range(w):
            vi[i, k] = 0.0
    for k in range(min(w, surplus_w.shape[0] - s0)):
        gives, plugs, heat = surplus_w[s0 + k], appliances_w[s0 + k], heater_w[s0 + k]
        for b in range(len(place)):
            if place[b] >= 0:
                p[place[b], k] -= f8(gives[b])
                q[place[b], k] += (f8(plugs[b]) + f8(heat[b])) * Q_PER_P
        for s in range(len(site_place)):
            if site_place[s] >= 0:
                p[site_place[s], k] -= site_w[s0 + k, s]


@kernel(lambda f: (vector(i8), *_WORK), floats=(f8,))
def _backward(parent, p, q, vr, vi, jr, ji):  # type: ignore[no-untyped-def]
    """Currents conj(S / V) of the loads, summed up towards the sources."""
    n, w = p.shape
    pf, qf, rf, xf = p.reshape(-1), q.reshape(-1), vr.reshape(-1), vi.reshape(-1)
    jrf, jif = jr.reshape(-1), ji.reshape(-1)
    for m in range(n * w):
        over = 1.0 / (rf[m] * rf[m] + xf[m] * xf[m])
        jrf[m] = (pf[m] * rf[m] + qf[m] * xf[m]) * over
        jif[m] = (pf[m] * xf[m] - qf[m] * rf[m]) * over
    for i in range(n - 1, -1, -1):
        a = parent[i]
        if a >= 0:
            for k in range(w):
                jr[a, k] += jr[i, k]
            for k in range(w):
                ji[a, k] += ji[i, k]


@kernel(lambda f: (vector(i8), matrix(f8), out_matrix(f8), *_WORK), floats=(f8,))
def _forward(parent, z, lane, p, q, vr, vi, jr, ji):  # type: ignore[no-untyped-def]
    """Voltages from the sources outwards in the lanes that are alive; lane[0] = largest squared change."""
    n, w = p.shape
    change, alive, d, e = lane[0], lane[1], lane[2], lane[3]
    for k in range(w):
        change[k] = 0.0
    for i in range(n):
        a = parent[i]
        if a >= 0:
            r, x = z[0, i], z[1, i]
            for k in range(w):
                d[k] = (vr[a, k] - r * jr[i, k] + x * ji[i, k] - vr[i, k]) * alive[k]
            for k in range(w):
                e[k] = (vi[a, k] - r * ji[i, k] - x * jr[i, k] - vi[i, k]) * alive[k]
            for k in range(w):
                vr[i, k] += d[k]
            for k in range(w):
                vi[i, k] += e[k]
            for k in range(w):
                change[k] = max(change[k], d[k] * d[k] + e[k] * e[k])


@kernel(
    lambda f: (
        vector(i8), vector(i8), vector(i8), vector(f8), matrix(f8), vector(f8), i8, i8, *_WORK,
        out_matrix(f8), out_matrix(f8), out_matrix(f8), out_vector(f8), out_vector(f8),
    ),
    floats=(f8,),
)  # fmt: skip
def _publish(  # type: ignore[no-untyped-def]
    parent, node, line, sign, z, rating, s0, used, p, q, vr, vi, jr, ji, voltage_pu, line_w, line_loading, loss_w,
    source_w,
):  # fmt: skip
    """Voltages, flows, loadings, losses and the sources' power of steps s0 .. s0 + used - 1."""
    n, w = p.shape
    # row by row in lanes first (the load is no longer needed), then turned over: [place, lane] -> [step, row]
    for i in range(n):
        a = parent[i]
        for k in range(w):
            p[i, k] = math.sqrt(vr[i, k] * vr[i, k] + vi[i, k] * vi[i, k])
        for k in range(w):
            q[i, k] = jr[i, k] * jr[i, k] + ji[i, k] * ji[i, k]
        for k in range(used):
            voltage_pu[s0 + k, node[i]] = p[i, k]
        if a < 0:
            for k in range(used):
                source_w[s0 + k] += jr[i, k]
            continue
        for k in range(used):
            loss_w[s0 + k] += z[0, i] * q[i, k]
        over, end, s = 1.0 / rating[i], a if sign[i] > 0.0 else i, sign[i]
        for k in range(w):
            p[i, k] = s * (vr[end, k] * jr[i, k] + vi[end, k] * ji[i, k])
        for k in range(w):
            q[i, k] = math.sqrt(q[i, k]) * over
        for k in range(used):
            line_w[s0 + k, line[i]] = p[i, k]
        for k in range(used):
            line_loading[s0 + k, line[i]] = q[i, k]


@kernel(
    lambda f: (
        vector(i8), vector(i8), vector(i8), vector(f8), matrix(f8), vector(f8),
        matrix(f), matrix(f), matrix(f), vector(i8), matrix(f8), vector(i8), *_WORK, out_matrix(f8),
        out_matrix(f8), out_matrix(f8), out_matrix(f8), out_vector(f8), out_vector(f8),
    )
)  # fmt: skip
def sweep(  # type: ignore[no-untyped-def]
    parent, node, line, sign, z, rating, surplus_w, appliances_w, heater_w, place, site_w, site_place,
    p, q, vr, vi, jr, ji, lane, voltage_pu, line_w, line_loading, loss_w, source_w,
):  # fmt: skip
    """Solve every step; fill [steps, node], [steps, line], [steps]. p..ji [place, lanes], lane [4, lanes]: scratch.

    surplus_w, appliances_w, heater_w [steps, building]: what leaves the buildings, and their inductive loads;
    site_w [steps, site] what plant gives; `place`, `site_place`: where they are connected, -1 = not at all.
    """
    w = p.shape[1]
    steps = surplus_w.shape[0]
    limit = TOLERANCE_PU * TOLERANCE_PU
    for s0 in range(0, steps, w):
        used = min(w, steps - s0)
        loss_w[s0 : s0 + used] = 0.0
        source_w[s0 : s0 + used] = 0.0
        _start(surplus_w, appliances_w, heater_w, place, site_w, site_place, s0, p, q, vr, vi, jr, ji)
        lane[1, :] = 1.0
        _backward(parent, p, q, vr, vi, jr, ji)
        busy = True
        tries = 0
        while busy and tries < SWEEPS:
            _forward(parent, z, lane, p, q, vr, vi, jr, ji)
            busy = False
            for k in range(w):
                lane[1, k] = 1.0 if lane[0, k] > limit else 0.0
                busy = busy or lane[1, k] > 0.0
            # once more after the last sweep: the currents belong to the final voltages, whatever the other lanes did
            _backward(parent, p, q, vr, vi, jr, ji)
            tries += 1
        _publish(parent, node, line, sign, z, rating, s0, used, p, q, vr, vi, jr, ji, voltage_pu, line_w, line_loading,
                 loss_w, source_w)  # fmt: skip
