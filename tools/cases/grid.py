"""Kind `grid`: one step of a power flow; tests/cases/README.md tells the format.

The grid comes as a file of pandapower or power-grid-model, or as tables of nodes, lines, transformers and loads. It is
read by the importer and solved by the simulation's own solvers: the sweep where it is radial and balanced, else
power-grid-model.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from network.problems import Refused
from sim import gridflow
from sim.district import LineKind
from sim.physics.grid import Q_PER_P
from tools import gridfile, gridpandapower
from tools.cases.read import Case, Figure
from tools.cases.table import Table
from tools.griddraft import UNLIMITED_VA, Draft, Drawn

_PHASES = ("a", "b", "c")


def run(case: Case) -> list[Figure]:
    """Voltages, loadings, losses and the sources' power of one step.

    Raises:
        Refused: the case's grid cannot be read, or has no solution.
    """
    t = case.inputs
    drawn = gridfile.read(t.path("file")) if "file" in t else _tables(t, case.file.name)
    factor = t.number("load_factor", 1.0)
    alike = t.flag("balanced", not drawn.uneven)
    t.close()
    n = len(drawn.loads)
    p = factor * np.array([load.p_w for load in drawn.loads]).reshape(n, 3)
    q = factor * np.array([load.q_var for load in drawn.loads]).reshape(n, 3)
    at = np.array([load.node for load in drawn.loads], dtype=np.int32)
    if alike:
        p, q, share = p.sum(axis=1), q.sum(axis=1), np.full((n, 3), 1.0 / 3.0)
    else:  # every phase of every load is a connection of its own
        p, q, at, share = p.ravel(), q.ravel(), np.repeat(at, 3), np.tile(np.eye(3), (n, 1))
    g = gridflow.grid(drawn.nodes, drawn.lines, building_node=at, phase_share=share, site_node=np.zeros(0, np.int32))
    flows = gridflow.empty(g, 1)
    gridflow.solve(g, flows, surplus_w=-p[None], appliances_w=q[None] / Q_PER_P, heater_w=np.zeros((1, len(q))),
                   site_w=np.zeros((1, 0)))  # fmt: skip
    if flows.collapsed_line[0] >= 0:
        feeder = drawn.lines.id[int(flows.collapsed_line[0])]
        raise Refused(f"{case.name} has no solution: feeder {feeder} carries more than any voltage allows")
    return list(_figures(drawn, g, flows))


def _figures(drawn: Drawn, g: gridflow.Grid, flows: gridflow.Flows) -> Iterator[Figure]:
    volts, line, live = flows.voltage_pu[0], drawn.lines, g.part >= 0
    how = "power-grid-model" if g.meshes else "sweep"
    names = [(word, k) for word, k in drawn.keys.items() if live[k]]
    yield from (Figure("voltage", float(volts[k]), "pu", word, how) for word, k in names)
    assert flows.phase_pu is not None
    abc = flows.phase_pu[0]
    for f, phase in enumerate(_PHASES):
        yield from (Figure(f"voltage_{phase}", float(abc[k, f]), "pu", word, how) for word, k in names)
        yield Figure(f"voltage_{phase}_min", float(abc[live, f].min()), "pu")
    yield Figure("voltage_min", float(np.nanmin(volts)), "pu", note=drawn.nodes.id[int(np.nanargmin(volts))])
    yield Figure("voltage_max", float(np.nanmax(volts)), "pu", note=drawn.nodes.id[int(np.nanargmax(volts))])
    rated = line.rating_va < UNLIMITED_VA
    loading = flows.line_loading[0]
    yield from (Figure("loading", float(v), "1", i) for i, v, r in zip(line.id, loading, rated, strict=True) if r)
    yield from (Figure("line_power", float(v), "W", i) for i, v in zip(line.id, flows.line_w[0], strict=True))
    for name, of in (("line_loading_max", rated & (line.kind != LineKind.TRANSFORMER)),
                     ("transformer_loading_max", rated & (line.kind == LineKind.TRANSFORMER))):  # fmt: skip
        if of.any():
            most = int(np.where(of, loading, -1.0).argmax())
            yield Figure(name, float(loading[most]), "1", note=line.id[most])
    yield Figure("losses", float(flows.grid_loss_w[0]), "W")
    yield Figure("source_power", float(flows.source_w[0]), "W")
    yield Figure("islanded_nodes", float((~live).sum()), "1")


# ---------------------------------------------------------------- tables of the case file


def _tables(t: Table, file: str) -> Drawn:
    """A grid from tables of nodes, lines, switches, transformers, sources, loads and shunts, or their CSV files."""
    draft = Draft(file)
    nominal = t.number("nominal_v", math.nan, above=0.0)
    nodes, branches = t.tables("node", loose=True), set[str]()
    if not nodes:
        raise t.wrong("node", "is missing; list [[node]] tables or a CSV file of nodes, or name a grid file in file")
    for row in _once(nodes, set()):
        name = row.text("name")
        if "nominal_v" not in row and math.isnan(nominal):
            raise row.wrong("nominal_v", "is missing; give it here, or once for all nodes")
        draft.bus(name, name, row.number("nominal_v", nominal, above=0.0))
    for row in _once(t.tables("line"), branches):
        _line(row, draft, t.number("frequency_hz", 50.0, above=0.0))
    for row in _once(t.tables("switch"), branches):
        closed = _flag(row, "closed", True)
        draft.line(row.text("name", ""), _ends(row, draft, "from", "to"), z_ohm=0j, z0_ohm=0j, closed=(closed, closed))
    for row in _once(t.tables("transformer"), branches):
        _transformer(row, draft)
    for row in t.tables("infeed"):
        draft.source_pu[_node(row, draft, "node")] = row.number("voltage_pu", 1.0, above=0.0)
    if not draft.source_pu:
        raise t.wrong("infeed", "is missing; give [[infeed]] the node that the grid is fed at")
    for row in t.tables("load"):
        _load(row, draft)
    for row in t.tables("shunt"):
        at = _node(row, draft, "node")
        draw = complex(row.number("p_kw", 0.0), row.number("q_kvar", 0.0)) * 1e3 / draft.volts[at] ** 2
        draft.draw(at, draw.conjugate())
    return draft.done()


def _node(row: Table, draft: Draft, key: str) -> int:
    name = row.text(key)
    if name not in draft.keys:
        raise row.wrong(key, f'is "{name}", which is no node; give the name of one')
    return draft.keys[name]


def _ends(row: Table, draft: Draft, one: str, other: str) -> tuple[int, int]:
    ends = _node(row, draft, one), _node(row, draft, other)
    if ends[0] == ends[1]:
        raise row.wrong(other, f'is "{row.text(other)}", where it begins; give it another end')
    return ends


def _once(rows: list[Table], taken: set[str]) -> list[Table]:
    """The rows, none of whose names is taken yet: figures are asked for by them."""
    for row in rows:
        name = row.text("name", "")
        if name in taken:
            raise row.wrong("name", f'is "{name}", as is another\'s; give each its own')
        taken |= {name} - {""}
    return rows


def _flag(row: Table, key: str, default: bool) -> bool:
    """True or false; in CSV files also 1 and 0."""
    value = row.raw(key, default)
    if str(value).lower() not in ("true", "false", "1", "0"):
        raise row.wrong(key, f"is {value!r}; give true or false")
    return str(value).lower() in ("true", "1")


def _line(row: Table, draft: Draft, hertz: float) -> None:
    metres, beside = row.number("length_m", least=0.0), row.number("parallel", 1.0, least=1.0)
    per = metres / 1e3 / beside
    z = complex(row.number("r_ohm_km", least=0.0), row.number("x_ohm_km")) * per
    zero = None
    if "r0_ohm_km" in row or "x0_ohm_km" in row:
        zero = complex(row.number("r0_ohm_km", least=0.0), row.number("x0_ohm_km")) * per
    farad = row.number("c_nf_km", 0.0, least=0.0) * 1e-9 * metres / 1e3 * beside
    amps = row.number("rating_a", math.inf, above=0.0) * beside
    closed = _flag(row, "closed", True)
    draft.line(row.text("name", ""), _ends(row, draft, "from", "to"), z_ohm=z, z0_ohm=zero, amps=amps, length_m=metres,
               y_s=complex(0.0, 2.0 * math.pi * hertz * farad), closed=(closed, closed))  # fmt: skip


def _transformer(row: Table, draft: Draft) -> None:
    va, high, low = (row.number(k, above=0.0) for k in ("rating_kva", "high_v", "low_v"))
    va *= 1e3
    high *= 1.0 + row.number("tap_percent", 0.0) / 100.0
    short, real = row.number("vk_percent", above=0.0), row.number("vkr_percent", least=0.0)
    if real > short:
        raise row.wrong("vkr_percent", f"is {real:g}, above vk_percent {short:g}; it is a part of it")
    base = low**2 / va
    z = complex(real, math.sqrt(short**2 - real**2)) / 100.0 * base
    iron, none = row.number("iron_kw", 0.0, least=0.0) * 1e3, row.number("i0_percent", 0.0, least=0.0) / 100.0 * va
    zero = None
    if "vk0_percent" in row:
        names = ("vk0_percent", "vkr0_percent", "mag0_percent", "mag0_rx", "si0_hv_partial")
        zero = gridpandapower.zero_sequence({k: row.number(k) for k in names if k in row}) * base
    y = complex(iron, -math.sqrt(max(none**2 - iron**2, 0.0))) / low**2
    closed = _flag(row, "closed", True)
    draft.transformer(row.text("name", ""), _ends(row, draft, "high", "low"), high_v=high, low_v=low, z_ohm=z, y_s=y,
                      rating_va=va, z0_ohm=zero, group=row.text("vector_group", "Dyn5"), closed=(closed, closed),
                      tee=row.text("model", "T", choices=("T", "pi")) == "T")  # fmt: skip


def _load(row: Table, draft: Draft) -> None:
    """p and q of three equal phases, or of each phase; either may follow from the power factor."""
    name, at = row.text("name", ""), _node(row, draft, "node")
    phase = row.text("phase", "", choices=("a", "b", "c", "abc"))
    if "p_a_kw" in row or "p_b_kw" in row or "p_c_kw" in row:
        p = [1e3 * row.number(f"p_{f}_kw", 0.0) for f in _PHASES]
        q = [1e3 * row.number(f"q_{f}_kvar", 0.0) for f in _PHASES]
    else:
        whole = row.number("p_kw")
        factor = row.number("power_factor", 1.0, above=0.0, most=1.0)
        reactive = row.number("q_kvar", whole * math.tan(math.acos(factor)))
        on = [phase in ("", "abc", f) for f in _PHASES]
        p, q = ([1e3 * v / sum(on) * o for o in on] for v in (whole, reactive))
    draft.load(name, at, p, q, [name])
