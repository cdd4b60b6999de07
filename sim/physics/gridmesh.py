"""Parts of a grid with rings, several sources or unequal phases: batches of steps through power-grid-model.

Newton-Raphson on the bus admittance matrix (W. F. Tinney, C. E. Hart, IEEE Trans. PAS 86 (1967) 1449), three-phase
where a phase carries more than another. Columns are those of sim/physics/grid.py; where phases differ, a voltage is
that of the phase farthest from nominal, a loading that of the fullest phase, a flow the sum over the phases.
A step without a solution has no voltages in its part; its feeder is named by the linear solution's lowest voltage.
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.district import LineKind, Lines, NodeKind, Nodes
from sim.physics.grid import Float, Rows

TOLERANCE_PU = 1e-10
ITERATIONS = 30
STIFF_VA = 1e20
"""Short-circuit power of a source that holds its voltage whatever is drawn."""
_MVA = 1e6
_WINDINGS = {"y": 0, "yn": 1, "d": 2, "z": 3, "zn": 4}
"""power-grid-model's codes of windings (IEC 60076-1 letters)."""
_GROUP = ("Dyn", 5)
"""Vector group of a transformer that says none."""
_turn = Lock()
"""A power-grid-model changes while it computes."""


@dataclass(frozen=True)
class Mesh:
    """A part of the grid and its model."""

    model: Any
    symmetric: bool
    node: Rows
    """Rows of [node]; their order is the model's."""
    source: NDArray[np.bool_]
    """[place in node]"""
    source_pu: Float
    """[source]"""
    line: dict[str, Rows]
    """Component of power-grid-model -> rows of [line]; their order is the model's."""
    per_a: dict[str, Float]
    """Component -> loading per ampere at `to`."""
    load_node: Rows
    """[load] place in `node`."""
    feeder: Rows
    """[place in node] row of the line that heads its feeder."""


def mesh(node: Nodes, line: Lines, inside: NDArray[np.bool_], load_node: Rows, feeder: Rows, *,
         symmetric: bool) -> Mesh:  # fmt: skip
    """The model of the nodes `inside`; loads stand at rows `load_node` of [node], `feeder` is grid.feeders'."""
    from power_grid_model import ComponentType, DatasetType, LoadGenType, PowerGridModel, initialize_array

    at = np.flatnonzero(inside)
    here = np.full(len(node), -1, dtype=np.int64)
    here[at] = np.arange(len(at))
    count = iter(range(len(at), 2**31, max(4 * (len(at) + len(line)), 1)))

    def rows(kind: str, size: int, **columns: Any) -> Any:
        array = initialize_array(DatasetType.input, ComponentType[kind], size)
        array["id"] = next(count) + np.arange(size)
        for name, values in columns.items():
            array[name] = values
        return array

    nodes = initialize_array(DatasetType.input, ComponentType.node, len(at))
    nodes["id"], nodes["u_rated"] = np.arange(len(at)), node.nominal_v[at]
    sources = at[node.kind[at] == NodeKind.SOURCE]
    shunts = at[(node.shunt_w[at] != 0.0) | (node.shunt_var[at] != 0.0)]
    g, b = np.array([node.shunt_w[shunts], -node.shunt_var[shunts]]) / node.nominal_v[shunts] ** 2
    load = "sym_load" if symmetric else "asym_load"
    parts = _branches(node, line, inside)
    core = _cores(line, parts.get("transformer", np.zeros(0, np.int64)))
    if len(core):  # power-grid-model's transformers have one impedance for all sequences; a shunt makes up for it
        y0 = 1.0 / _z(line.zero_resistance_ohm, line.zero_reactance_ohm, core)
        y0 -= 1.0 / _z(line.resistance_ohm, line.reactance_ohm, core)
        shunts = np.concatenate([shunts, line.to_node[core]])
        g, b, g0, b0 = (np.append(*pair) for pair in ((g, 0.0 * y0.real), (b, 0.0 * y0.real), (g, y0.real),
                                                      (b, y0.imag)))  # fmt: skip
    else:
        g0, b0 = g, b
    data = {
        "node": nodes,
        "source": rows("source", len(sources), node=here[sources], status=1, u_ref=node.source_pu[sources],
                       sk=STIFF_VA),
        "shunt": rows("shunt", len(shunts), node=here[shunts], status=1, g1=g, b1=b, g0=g0, b0=b0),
        load: rows(load, len(load_node), node=here[load_node], status=1, type=LoadGenType.const_power, p_specified=0.0,
                   q_specified=0.0),
    }  # fmt: skip
    for kind, k in parts.items():
        ends = {"from_node": here[line.from_node[k]], "to_node": here[line.to_node[k]], "from_status": 1,
                "to_status": 1}  # fmt: skip
        data[kind] = rows(kind, len(k), **ends, **_parameters(kind, node, line, k))
    return Mesh(
        model=PowerGridModel({ComponentType[k]: v for k, v in data.items() if len(v)}), symmetric=symmetric, node=at,
        source=node.kind[at] == NodeKind.SOURCE, source_pu=node.source_pu[sources], line=parts,
        per_a={kind: _per_a(node, line, k) for kind, k in parts.items()}, load_node=here[load_node],
        feeder=feeder[at],
    )  # fmt: skip


def _cores(line: Lines, k: Rows) -> Rows:
    """Of some transformers those whose low side alone is earthed, with a zero sequence of its own."""
    own = [row for row in k.tolist() if _WINDINGS["d"] == _group(line.vector_group[row])[0]
           and _group(line.vector_group[row])[1] in (_WINDINGS["yn"], _WINDINGS["zn"])
           and (line.zero_resistance_ohm[row], line.zero_reactance_ohm[row])
           != (line.resistance_ohm[row], line.reactance_ohm[row])]  # fmt: skip
    return np.array(own, dtype=np.int64)


def _z(resistance_ohm: Float, reactance_ohm: Float, k: Rows) -> NDArray[np.complex128]:
    return resistance_ohm[k] + 1j * reactance_ohm[k]


def _branches(node: Nodes, line: Lines, inside: NDArray[np.bool_]) -> dict[str, Rows]:
    """Component of power-grid-model -> rows of [line]."""
    rows = np.flatnonzero(line.closed & inside[line.from_node] & inside[line.to_node])
    none = (line.resistance_ohm[rows] == 0.0) & (line.reactance_ohm[rows] == 0.0)
    turns = (line.kind[rows] == LineKind.TRANSFORMER) | (line.ratio[rows] != 1.0) | (
        node.nominal_v[line.from_node[rows]] != node.nominal_v[line.to_node[rows]]
    )  # fmt: skip
    found = {"link": rows[none & ~turns], "line": rows[~none & ~turns], "transformer": rows[turns]}
    return {kind: k for kind, k in found.items() if len(k)}


def _parameters(kind: str, node: Nodes, line: Lines, k: Rows) -> dict[str, Any]:
    """Impedances of some rows of [line] as power-grid-model's attributes."""
    r, x = line.resistance_ohm[k], line.reactance_ohm[k]
    if kind == "link":
        return {}
    if kind == "line":
        return {"r1": r, "x1": x, "r0": line.zero_resistance_ohm[k], "x0": line.zero_reactance_ohm[k], "c1": 0.0,
                "c0": 0.0, "tan1": 0.0, "tan0": 0.0, "i_n": 1.0}  # fmt: skip
    to_v = node.nominal_v[line.to_node[k]] * line.ratio[k]
    rated_va = np.where(np.isfinite(line.rating_va[k]), line.rating_va[k], _MVA)
    z = np.maximum(np.hypot(r, x), 1e-9)
    groups = [_group(line.vector_group[row]) for row in k]
    return {
        "u1": node.nominal_v[line.from_node[k]], "u2": to_v, "sn": rated_va, "uk": z * rated_va / to_v**2,
        "pk": r * (rated_va / to_v) ** 2, "i0": 0.0, "p0": 0.0, "winding_from": [g[0] for g in groups],
        "winding_to": [g[1] for g in groups], "clock": [g[2] for g in groups], "tap_side": 0, "tap_pos": 0,
        "tap_min": 0, "tap_max": 0, "tap_nom": 0, "tap_size": 0.0,
    }  # fmt: skip


def _group(text: str) -> tuple[int, int, int]:
    """Dyn5 -> codes of both windings and the clock number."""
    letters = text.rstrip("0123456789")
    name, clock = (letters, int(text[len(letters) :] or _GROUP[1])) if letters else _GROUP
    high, low = split_group(name)
    return _WINDINGS[high], _WINDINGS[low], clock % 12


def split_group(letters: str) -> tuple[str, str]:
    """Letters of a vector group -> the windings of high and low voltage: "Dyn" -> "d", "yn".

    Raises:
        ValueError: no such vector group.
    """
    high, low = next(((h, letters[len(h) :]) for h in ("YN", "ZN", "Y", "Z", "D") if letters.startswith(h)), ("", ""))
    if high.lower() not in _WINDINGS or low not in _WINDINGS:
        raise ValueError(letters)
    return high.lower(), low


def _per_a(node: Nodes, line: Lines, k: Rows) -> Float:
    per_a: Float = np.sqrt(3.0) * node.nominal_v[line.to_node[k]] / line.rating_va[k]
    return per_a


def solve(
    m: Mesh, p_w: Float, q_var: Float, *, voltage_pu: Float, line_w: Float, line_loading: Float, loss_w: Float,
    source_w: Float, collapsed: Rows, phase_pu: Float | None = None,
) -> None:  # fmt: skip
    """Fill this part's columns, and add to losses and sources.

    p_w, q_var [step, load], with a last axis of three phases where the part is not symmetric.
    """
    steps = len(p_w)
    out, failed = calculate(m, p_w, q_var, "newton_raphson")
    volts = out["node"]["u_pu"]
    voltage_pu[:, m.node] = volts if m.symmetric else _farthest(volts)
    if phase_pu is not None:
        phase_pu[:, m.node] = volts[:, :, None] if m.symmetric else volts
    fine = np.ones(steps)
    fine[failed] = 0.0
    for kind, k in m.line.items():
        p_from, p_to, current = (out[kind][name] for name in ("p_from", "p_to", "i_to"))
        if not m.symmetric:
            p_from, p_to, current = p_from.sum(axis=2), p_to.sum(axis=2), current.max(axis=2)
        line_w[:, k] = np.where(fine[:, None] > 0.0, p_from, 0.0)
        line_loading[:, k] = np.where(fine[:, None] > 0.0, current * m.per_a[kind], np.nan)
        loss_w += np.where(fine > 0.0, (p_from + p_to).sum(axis=1), 0.0)
    for kind, into in (("shunt", loss_w), ("source", source_w)):
        if kind in out:
            into += np.where(fine > 0.0, out[kind]["p"].reshape(steps, -1).sum(axis=1), 0.0)
    if len(failed):
        voltage_pu[np.ix_(failed, m.node[~m.source])] = np.nan
        voltage_pu[np.ix_(failed, m.node[m.source])] = m.source_pu
        if phase_pu is not None:
            phase_pu[np.ix_(failed, m.node)] = voltage_pu[np.ix_(failed, m.node)][:, :, None]
        weak, _ = calculate(m, p_w[failed], q_var[failed], "linear")
        lowest = weak["node"]["u_pu"].reshape(len(failed), len(m.node), -1).min(axis=2).argmin(axis=1)
        collapsed[failed] = m.feeder[lowest]


def calculate(m: Mesh, p_w: Float, q_var: Float, method: str) -> tuple[Any, Rows]:
    """power-grid-model's columns and the steps that have no solution."""
    branch = ["p_from", "p_to", "i_to"]
    wanted: dict[Any, Any] = {"node": ["u_pu"], "source": ["p"], "shunt": ["p"]} | dict.fromkeys(m.line, branch)
    load = "sym_load" if m.symmetric else "asym_load"
    update: Any = {load: {"p_specified": p_w, "q_specified": q_var}}
    with _turn:
        out = m.model.calculate_power_flow(
            symmetric=m.symmetric, error_tolerance=TOLERANCE_PU, max_iterations=ITERATIONS, update_data=update,
            calculation_method=method, threading=-1, output_component_types=wanted, continue_on_batch_error=True,
        )  # fmt: skip
        error = m.model.batch_error
    failed = np.array([] if error is None else error.failed_scenarios, dtype=np.int64)
    return {getattr(k, "value", k): v for k, v in out.items()}, failed


def _farthest(volts: Float) -> Float:
    """[step, node, 3] -> the phase farthest from nominal."""
    which = np.abs(volts - 1.0).argmax(axis=2)
    farthest: Float = np.take_along_axis(volts, which[:, :, None], axis=2)[:, :, 0]
    return farthest
