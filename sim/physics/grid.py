"""Power flow of a radial grid: backward and forward sweep (D. Shirmohammadi et al., IEEE Trans. Power Syst. 3 (1988) 753).

Balanced, per phase, in per unit of the nominal voltage with currents in watts at 1 pu. A transformer is a branch
referred to its low-voltage side; sources are held at 1 pu and may be many. Loads draw at a power factor of 0.95
inductive, modules feed in at 1. Always float64: a voltage's fifth digit decides.

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
"""Of loads, inductive."""
Q_PER_P = math.tan(math.acos(POWER_FACTOR))
LANES = 16
"""Steps solved side by side."""
TOLERANCE_PU = 1e-10
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
    by = table[:, 2].astype(np.int64)
    fed = by >= 0
    z = np.where(fed, [line.resistance_ohm[by], line.reactance_ohm[by]], 0.0) / voltage_v**2 if len(line) else None
    return Tree(
        node=table[:, 0].astype(np.int64),
        parent=table[:, 1].astype(np.int64),
        line=by,
        sign=np.ascontiguousarray(table[:, 3]),
        impedance=np.zeros((2, len(rows))) if z is None else np.ascontiguousarray(z),
        rating_va=np.where(fed, line.rating_va[by], np.inf) if len(line) else np.full(len(rows), np.inf),
        place=place,
        nodes=len(node),
        lines=len(line),
    )


@kernel(
    lambda f: (
        vector(i8), vector(i8), vector(i8), vector(f8), matrix(f8), vector(f8),
        matrix(f), matrix(f), matrix(f), vector(i8),
        out_matrix(f8), out_matrix(f8), out_matrix(f8), out_matrix(f8), out_matrix(f8), out_matrix(f8), out_matrix(f8),
        out_matrix(f8), out_matrix(f8), out_matrix(f8), out_vector(f8), out_vector(f8),
    )
)  # fmt: skip
def sweep(  # type: ignore[no-untyped-def]
    parent, node, line, sign, z, rating, pv_w, appliances_w, heater_w, place,
    p, q, vr, vi, jr, ji, lane, voltage_pu, line_w, line_loading, loss_w, source_w,
):  # fmt: skip
    """Solve every step; fill [steps, node], [steps, line], [steps]. p..ji [place, lanes], lane [4, lanes]: scratch.

    pv_w, appliances_w, heater_w [steps, building]; `place` [building] where it is connected, -1 = not at all.
    """
    n, w = p.shape
    r, x = z[0], z[1]
    change, alive, loss, source = lane[0], lane[1], lane[2], lane[3]
    steps = pv_w.shape[0]
    limit = TOLERANCE_PU * TOLERANCE_PU
    for s0 in range(0, steps, w):
        used = min(w, steps - s0)
        for i in range(n):
            for k in range(w):
                p[i, k] = 0.0
                vr[i, k] = 1.0
            for k in range(w):
                q[i, k] = 0.0
                vi[i, k] = 0.0
        for k in range(used):
            made, plugs, heat = pv_w[s0 + k], appliances_w[s0 + k], heater_w[s0 + k]
            for b in range(len(place)):
                if place[b] >= 0:
                    load = f8(plugs[b]) + f8(heat[b])
                    p[place[b], k] += load - f8(made[b])
                    q[place[b], k] += load * Q_PER_P
        for k in range(w):
            alive[k] = 1.0
        busy = True
        tries = 0
        while busy:
            # backward: currents of the loads, collected towards the sources
            for i in range(n):
                for k in range(w):
                    jr[i, k] = (p[i, k] * vr[i, k] + q[i, k] * vi[i, k]) / (vr[i, k] ** 2 + vi[i, k] ** 2)
                for k in range(w):
                    ji[i, k] = (p[i, k] * vi[i, k] - q[i, k] * vr[i, k]) / (vr[i, k] ** 2 + vi[i, k] ** 2)
            for i in range(n - 1, -1, -1):
                a = parent[i]
                if a >= 0:
                    for k in range(w):
                        jr[a, k] += jr[i, k]
                    for k in range(w):
                        ji[a, k] += ji[i, k]
            # after the last forward sweep the currents are worked out once more, so they belong to the final voltages
            tries += 1
            busy = tries <= SWEEPS
            if busy:
                busy = False
                for k in range(w):
                    busy = busy or alive[k] > 0.0
            if not busy:
                break
            for k in range(w):
                change[k] = 0.0
            for i in range(n):
                a = parent[i]
                if a >= 0:
                    ra, xa = r[i], x[i]
                    for k in range(w):
                        # p and q are free to be read only; the drop is kept in `lane`-wide registers
                        d = (vr[a, k] - ra * jr[i, k] + xa * ji[i, k] - vr[i, k]) * alive[k]
                        e = (vi[a, k] - ra * ji[i, k] - xa * jr[i, k] - vi[i, k]) * alive[k]
                        vr[i, k] += d
                        vi[i, k] += e
                        change[k] = max(change[k], d * d + e * e)
            for k in range(w):
                alive[k] = 1.0 if change[k] > limit else 0.0
        for k in range(w):
            loss[k] = 0.0
            source[k] = 0.0
        for i in range(n):
            a = parent[i]
            if a < 0:
                for k in range(w):
                    source[k] += jr[i, k]
            else:
                for k in range(w):
                    loss[k] += r[i] * (jr[i, k] ** 2 + ji[i, k] ** 2)
        for k in range(used):
            loss_w[s0 + k] = loss[k]
            source_w[s0 + k] = source[k]
            volts, flow, load_share = voltage_pu[s0 + k], line_w[s0 + k], line_loading[s0 + k]
            for i in range(n):
                volts[node[i]] = math.sqrt(vr[i, k] ** 2 + vi[i, k] ** 2)
                if line[i] >= 0:
                    end = parent[i] if sign[i] > 0.0 else i
                    flow[line[i]] = sign[i] * (vr[end, k] * jr[i, k] + vi[end, k] * ji[i, k])
                    load_share[line[i]] = math.sqrt(jr[i, k] ** 2 + ji[i, k] ** 2) / rating[i]
