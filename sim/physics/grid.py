"""Power flow of a radial grid: backward and forward sweep (D. Shirmohammadi et al., IEEE Trans. PWRS 3 (1988) 753).

Balanced, per phase, in per unit with currents in watts at 1 pu. Loads draw at a power factor of 0.95 inductive;
modules, batteries and cars work through inverters at 1. Always float64: a voltage's fifth digit decides.

A branch runs from V_from to V_to = ratio V_from - z J, with z on the side of `to`. Voltages are swept in units that
have the ratios of all transformers on the way, and what the source holds, taken out (`Tree.scale`), so that every
branch is a plain impedance and every source 1; power is the same in any unit. A shunt draws (g + i b) |V|^2.

Steps are solved side by side in lanes. Each starts flat and stops on its own residual, then is frozen, so its bits
do not depend on its neighbours in the batch. A step that does not settle has no solution: the part of the tree that
hangs on one branch of a source then has no voltage, and the feeder that carried too much is named; all else stands.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.district import LineKind, Lines, NodeKind, Nodes
from sim.kernels import f8, i8, kernel, matrix, out_matrix, out_vector, vector

Float = NDArray[np.float64]
Rows = NDArray[np.int64]
POWER_FACTOR = 0.95
"""Of appliances and heat pumps, inductive."""
Q_PER_P = math.tan(math.acos(POWER_FACTOR))
LANES = 24
"""Steps solved side by side: a day of hours."""
TOLERANCE_PU = 1e-9
"""Largest change of the voltages in the last sweep (root of the sum of squares)."""
SWEEPS = 100
"""A step that has not settled by then is beyond what the grid can carry.

Near the tip of the nose curve a sweep gains a factor r P / V^2 only; from 0.57 pu upwards a hundred are enough.
"""


@dataclass(frozen=True)
class Tree:
    """Closed radial lines seen from their sources: places 0.. in an order in which a parent precedes its children."""

    node: Rows
    """[place] -> row of [node]."""
    parent: Rows
    """[place] -> place of its parent, -1 = source."""
    line: Rows
    """[place] -> row of [line] that feeds it, -1 = source."""
    sign: Float
    """[place] +1 where the line runs from parent to child, -1 where it was drawn the other way."""
    scale: Float
    """[place] pu of its node that one unit of the sweep is."""
    impedance: Float
    """[2, place] resistance and reactance per watt [1/W], in units of the sweep."""
    rating_va: Float
    """[place] of the feeding line, likewise."""
    shunt_place: Rows
    """[shunt] places with shunts."""
    shunt_w: Float
    """[2, shunt] active and reactive power at one unit of the sweep [W, var]."""
    unit: Rows
    """[place] number of the part that hangs on one branch of a source; -1 = held by the source itself."""
    feeder: Rows
    """[place] row of [line] that heads its feeder, -1 = source."""
    place: Rows
    """[node] -> place, -1 = not in the tree."""


def tree(node: Nodes, line: Lines, inside: NDArray[np.bool_]) -> Tree:
    """Order the closed lines between the nodes `inside`, which form no ring, from the sources outwards."""
    rows, place = _walk(node, line, inside)
    table = np.array(rows, dtype=np.int64).reshape(-1, 4)
    at, parent, by, sign = (np.ascontiguousarray(column) for column in table.T)
    fed = by >= 0
    scale = _scales(node, line, at, parent, by, sign)
    to = np.where(sign > 0, np.arange(len(at)), parent)
    base_v = node.nominal_v[at[to]] * scale[to]
    impedance, rating = np.zeros((2, len(at))), np.full(len(at), np.inf)
    impedance[:, fed] = np.array([line.resistance_ohm, line.reactance_ohm])[:, by[fed]] / base_v[fed] ** 2
    rating[fed] = line.rating_va[by[fed]] * scale[to][fed]
    shunts = np.array([node.shunt_w, node.shunt_var])[:, at] * scale**2
    has = np.flatnonzero(shunts.any(axis=0))
    unit, feeder = _feeders(parent, by, impedance, line.kind)
    return Tree(
        node=at, parent=parent, line=by, sign=sign.astype(float), scale=scale, impedance=impedance, rating_va=rating,
        shunt_place=has.astype(np.int64), shunt_w=np.ascontiguousarray(shunts[:, has]), unit=unit, feeder=feeder,
        place=place,
    )  # fmt: skip


def _walk(
    node: Nodes, line: Lines, inside: NDArray[np.bool_]
) -> tuple[list[tuple[int, int, int, int]], Rows]:
    """Rows (node, place of the parent, line, sign), breadth first, and the place of every node."""
    neighbours = joined(line, len(node))
    place = np.full(len(node), -1, dtype=np.int64)
    rows: list[tuple[int, int, int, int]] = []
    for source in np.flatnonzero((node.kind == NodeKind.SOURCE) & inside):
        if place[source] >= 0:
            continue  # fed by another source already
        place[source] = head = len(rows)
        rows.append((int(source), -1, -1, 1))
        while head < len(rows):  # rows grows while it is walked
            for there, by, sign in neighbours[rows[head][0]]:
                if place[there] < 0:
                    place[there] = len(rows)
                    rows.append((there, head, by, sign))
            head += 1
    return rows, place


def joined(line: Lines, nodes: int) -> list[list[tuple[int, int, int]]]:
    """[node] (neighbour, row of the closed line, +1 = from here)."""
    neighbours: list[list[tuple[int, int, int]]] = [[] for _ in range(nodes)]
    for k in np.flatnonzero(line.closed).tolist():
        a, b = int(line.from_node[k]), int(line.to_node[k])
        neighbours[a].append((b, k, 1))
        neighbours[b].append((a, k, -1))
    return neighbours


def feeders(node: Nodes, line: Lines, inside: NDArray[np.bool_]) -> Rows:
    """[node] row of the line that heads its feeder, by a shortest way to a source; -1 = none or the source itself."""
    rows, place = _walk(node, line, inside)
    table = np.array(rows, dtype=np.int64).reshape(-1, 4)
    impedance = np.array([line.resistance_ohm, line.reactance_ohm])[:, table[:, 2]] * (table[:, 2] >= 0)
    head = _feeders(table[:, 1], table[:, 2], impedance, line.kind)[1]
    return np.where(place >= 0, np.append(head, -1)[place], -1)


def _scales(node: Nodes, line: Lines, at: Rows, parent: Rows, by: Rows, sign: Rows) -> Float:
    """[place] what its source holds times the ratios of all transformers on the way."""
    scale = np.ones(len(at))
    ratio = np.where(by >= 0, line.ratio[by] ** sign if len(line) else 1.0, node.source_pu[at])
    if (ratio == 1.0).all():
        return scale
    for k, (above, factor) in enumerate(zip(parent.tolist(), ratio.tolist(), strict=True)):
        scale[k] = factor if above < 0 else scale[above] * factor
    return scale


def _feeders(parent: Rows, by: Rows, impedance: Float, kind: NDArray[np.int8]) -> tuple[Rows, Rows]:
    """[place] unit and feeder: a feeder begins below a source, the switches at it, and the last transformer."""
    through = (impedance == 0.0).all(axis=0).tolist()
    transformer = ((by >= 0) & (kind[by] == LineKind.TRANSFORMER)).tolist() if len(kind) else []
    unit, feeder, trunk, units = [-1] * len(parent), [-1] * len(parent), [True] * len(parent), 0
    for k, (above, line) in enumerate(zip(parent.tolist(), by.tolist(), strict=True)):
        if above < 0:
            continue
        if unit[above] >= 0:
            unit[k] = unit[above]
        elif not through[k]:
            unit[k], units = units, units + 1
        feeder[k] = line if trunk[above] else feeder[above]
        trunk[k] = transformer[k] or (trunk[above] and through[k])
    return np.array(unit, dtype=np.int64), np.array(feeder, dtype=np.int64)


_WORK = (out_matrix(f8),) * 6
"""p, q, vr, vi, jr, ji [place, lane]: load [W, var], voltage [units of the sweep], current towards the load [W]."""


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


@kernel(lambda f: (vector(i8), vector(i8), matrix(f8), *_WORK), floats=(f8,))
def _backward(parent, shunt_place, shunt, p, q, vr, vi, jr, ji):  # type: ignore[no-untyped-def]
    """Currents conj(S / V) of the loads and (g - i b) V of the shunts, summed up towards the sources."""
    n, w = p.shape
    pf, qf, rf, xf = p.reshape(-1), q.reshape(-1), vr.reshape(-1), vi.reshape(-1)
    jrf, jif = jr.reshape(-1), ji.reshape(-1)
    for m in range(n * w):
        over = 1.0 / (rf[m] * rf[m] + xf[m] * xf[m])
        jrf[m] = (pf[m] * rf[m] + qf[m] * xf[m]) * over
        jif[m] = (pf[m] * xf[m] - qf[m] * rf[m]) * over
    for s in range(len(shunt_place)):
        i, g, b = shunt_place[s], shunt[0, s], shunt[1, s]
        for k in range(w):
            jr[i, k] += g * vr[i, k] + b * vi[i, k]
        for k in range(w):
            ji[i, k] += g * vi[i, k] - b * vr[i, k]
    for i in range(n - 1, -1, -1):
        a = parent[i]
        if a >= 0:
            for k in range(w):
                jr[a, k] += jr[i, k]
            for k in range(w):
                ji[a, k] += ji[i, k]


@kernel(lambda f: (vector(i8), matrix(f8), out_matrix(f8), *_WORK), floats=(f8,))
def _forward(parent, z, lane, p, q, vr, vi, jr, ji):  # type: ignore[no-untyped-def]
    """Voltages from the sources outwards in the lanes that are alive; lane[0] = sum of the squared changes."""
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
                change[k] += d[k] * d[k] + e[k] * e[k]


@kernel(lambda f: (vector(i8), matrix(f8), vector(i8), out_matrix(f8), out_matrix(f8), *_WORK), floats=(f8,))
def _give_up(parent, z, unit, lane, failed, p, q, vr, vi, jr, ji):  # type: ignore[no-untyped-def]
    """In lanes that did not settle: failed[unit, lane] = 1 for the parts that keep changing, made flat."""
    n, w = p.shape
    failed[:, :] = 0.0
    for i in range(n):
        a = parent[i]
        if a < 0 or unit[i] < 0:
            continue
        for k in range(w):
            d = vr[a, k] - z[0, i] * jr[i, k] + z[1, i] * ji[i, k] - vr[i, k]
            e = vi[a, k] - z[0, i] * ji[i, k] - z[1, i] * jr[i, k] - vi[i, k]
            settled = d * d + e * e <= TOLERANCE_PU * TOLERANCE_PU
            if lane[1, k] > 0.0 and not settled:
                failed[unit[i], k] = 1.0
    for i in range(n):
        for k in range(w):
            if unit[i] >= 0 and failed[unit[i], k] > 0.0:
                vr[i, k] = 1.0
                vi[i, k] = 0.0


@kernel(
    lambda f: (vector(i8), matrix(f8), vector(i8), vector(i8), i8, i8, matrix(f8), out_vector(i8), *_WORK), floats=(f8,)
)
def _name(parent, z, unit, feeder, s0, used, failed, collapsed, p, q, vr, vi, jr, ji):  # type: ignore[no-untyped-def]
    """collapsed[s0 + lane] = the failed feeder with the farthest end by the linear drop r P + x Q; it draws no more."""
    n = len(parent)
    for k in range(used):
        worst = 0.0
        for i in range(n):
            if unit[i] >= 0 and failed[unit[i], k] > 0.0:
                vi[i, k] = vi[parent[i], k] + z[0, i] * jr[i, k] - z[1, i] * ji[i, k]
                if abs(vi[i, k]) > worst:
                    worst = abs(vi[i, k])
                    collapsed[s0 + k] = feeder[i]
        for i in range(n):
            if unit[i] >= 0 and failed[unit[i], k] > 0.0:
                p[i, k] = 0.0
                q[i, k] = 0.0
                vi[i, k] = 0.0


@kernel(
    lambda f: (
        vector(i8), vector(i8), vector(i8), vector(f8), vector(f8), matrix(f8), vector(f8), vector(i8), matrix(f8), i8,
        i8, *_WORK, out_matrix(f8), out_matrix(f8), out_matrix(f8), out_vector(f8), out_vector(f8),
    ),
    floats=(f8,),
)  # fmt: skip
def _publish(  # type: ignore[no-untyped-def]
    parent, node, line, sign, scale, z, rating, shunt_place, shunt, s0, used, p, q, vr, vi, jr, ji, voltage_pu,
    line_w, line_loading, loss_w, source_w,
):  # fmt: skip
    """Voltages, flows, loadings, losses and the sources' power of steps s0 .. s0 + used - 1."""
    n, w = p.shape
    for s in range(len(shunt_place)):
        i = shunt_place[s]
        for k in range(used):
            loss_w[s0 + k] += shunt[0, s] * (vr[i, k] * vr[i, k] + vi[i, k] * vi[i, k])
    # row by row in lanes first (the load is no longer needed), then turned over: [place, lane] -> [step, row]
    for i in range(n):
        a, pu = parent[i], scale[i]
        for k in range(w):
            p[i, k] = pu * math.sqrt(vr[i, k] * vr[i, k] + vi[i, k] * vi[i, k])
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
    lambda f: (vector(i8), vector(i8), vector(i8), i8, i8, matrix(f8), out_matrix(f8), out_matrix(f8),
               out_matrix(f8)),
    floats=(f8,),
)  # fmt: skip
def _blank(node, line, unit, s0, used, failed, voltage_pu, line_w, line_loading):  # type: ignore[no-untyped-def]
    """No voltage, no flow and no loading in parts without a solution."""
    for i in range(len(node)):
        for k in range(used):
            if unit[i] >= 0 and failed[unit[i], k] > 0.0:
                voltage_pu[s0 + k, node[i]] = np.nan
                line_w[s0 + k, line[i]] = 0.0
                line_loading[s0 + k, line[i]] = np.nan


@kernel(
    lambda f: (
        vector(i8), vector(i8), vector(i8), vector(f8), vector(f8), matrix(f8), vector(f8), vector(i8), matrix(f8),
        vector(i8), vector(i8), matrix(f), matrix(f), matrix(f), vector(i8), matrix(f8), vector(i8), *_WORK,
        out_matrix(f8), out_matrix(f8), out_matrix(f8), out_matrix(f8), out_matrix(f8), out_vector(f8),
        out_vector(f8), out_vector(i8),
    )
)  # fmt: skip
def sweep(  # type: ignore[no-untyped-def]
    parent, node, line, sign, scale, z, rating, shunt_place, shunt, unit, feeder, surplus_w, appliances_w, heater_w,
    place, site_w, site_place, p, q, vr, vi, jr, ji, lane, failed, voltage_pu, line_w, line_loading, loss_w, source_w,
    collapsed,
):  # fmt: skip
    """Solve every step; fill [steps, node], [steps, line], [steps].

    surplus_w, appliances_w, heater_w [steps, building]: what leaves the buildings, and their inductive loads;
    site_w [steps, site] what plant gives; `place`, `site_place`: where they are connected, -1 = not at all.
    collapsed [steps]: row of the line that heads the feeder that carries too much, -1 = none.
    p..ji [place, lanes], lane [4, lanes], failed [units, lanes]: scratch.
    """
    w = p.shape[1]
    steps = surplus_w.shape[0]
    limit = TOLERANCE_PU * TOLERANCE_PU
    for s0 in range(0, steps, w):
        used = min(w, steps - s0)
        loss_w[s0 : s0 + used] = 0.0
        source_w[s0 : s0 + used] = 0.0
        collapsed[s0 : s0 + used] = -1
        _start(surplus_w, appliances_w, heater_w, place, site_w, site_place, s0, p, q, vr, vi, jr, ji)
        lane[1, :] = 1.0
        _backward(parent, shunt_place, shunt, p, q, vr, vi, jr, ji)
        busy = True
        tries = 0
        while busy and tries < SWEEPS:
            _forward(parent, z, lane, p, q, vr, vi, jr, ji)
            busy = False
            for k in range(w):
                lane[1, k] = 0.0 if lane[0, k] <= limit else 1.0
                busy = busy or lane[1, k] > 0.0
            # once more after the last sweep: the currents belong to the final voltages, whatever the other lanes did
            _backward(parent, shunt_place, shunt, p, q, vr, vi, jr, ji)
            tries += 1
        if busy:
            _give_up(parent, z, unit, lane, failed, p, q, vr, vi, jr, ji)
            _backward(parent, shunt_place, shunt, p, q, vr, vi, jr, ji)
            _name(parent, z, unit, feeder, s0, used, failed, collapsed, p, q, vr, vi, jr, ji)
            _backward(parent, shunt_place, shunt, p, q, vr, vi, jr, ji)
        _publish(parent, node, line, sign, scale, z, rating, shunt_place, shunt, s0, used, p, q, vr, vi, jr, ji,
                 voltage_pu, line_w, line_loading, loss_w, source_w)  # fmt: skip
        if busy:
            _blank(node, line, unit, s0, used, failed, voltage_pu, line_w, line_loading)
