"""Kind "heatnet": a district heating tree in steady state, by the product's own equations (sim/physics/heatnet.py).

Keys and quantities: tests/cases/README.md.
"""

from __future__ import annotations

import csv
import gzip

import numpy as np
from numpy.typing import NDArray

from network.problems import Refused
from sim.physics import heatnet
from tools.cases.read import Case, Figure
from tools.cases.table import Table, nearest

Float = NDArray[np.float64]


def run(case: Case) -> list[Figure]:
    """Flows, temperatures, drops and losses; of a series of demands their means over the series.

    Raises:
        Refused: a key is missing, unknown or out of range; the pipes are no tree; nobody wants heat.
    """
    inputs = case.inputs
    nodes, pipes = _pipes(inputs)
    source = inputs.text("source_node")
    if source not in nodes:
        raise inputs.wrong("source_node", f'is "{source}", which no pipe leads to{nearest(source, sorted(nodes))}')
    try:
        tree = heatnet.tree(pipes, nodes=nodes, source=nodes.index(source))
    except Refused as e:
        raise Refused(f"{inputs.where}: {e}") from e
    demand_w = _demands(inputs, nodes)
    if not demand_w.any():
        raise inputs.wrong("consumer", "has no demand above 0, so no water moves; give a demand_kw")
    drop_k = inputs.number("drop_k", above=0.0) if "drop_k" in inputs else None
    return_c = inputs.number("return_c") if "return_c" in inputs else None
    supply_c = inputs.number("supply_c", least=0.0, most=200.0)
    if (drop_k is None) == (return_c is None):
        raise inputs.wrong("drop_k", "or return_c is what consumers do to the water; give one of the two")
    if return_c is not None and return_c >= supply_c:
        raise inputs.wrong("return_c", f"is {return_c:g}, not below supply_c {supply_c:g}; exchange them")
    heat_j_kgk = inputs.number("heat_j_kgk", heatnet.HEAT_J_KGK, above=0.0)
    try:
        flow = heatnet.solve(
            pipes, tree, demand_w=demand_w, supply_c=supply_c, ground_c=inputs.number("ground_c"), drop_k=drop_k,
            return_c=return_c, heat_j_kgk=heat_j_kgk,
            consumer_pa=inputs.number("consumer_pa", 0.0, least=0.0),
        )  # fmt: skip
    except Refused as e:
        raise Refused(f"{inputs.where}: {e}") from e
    return [*_of_source(flow, tree), *_of_pipes(flow, pipes, nodes), *_of_nodes(flow, tree, nodes)]


def _pipes(inputs: Table) -> tuple[list[str], heatnet.Pipes]:
    """Names of the nodes in order of appearance, and the pipes."""
    rows = inputs.tables("pipe")
    if not rows:
        raise inputs.wrong("pipe", "is missing; write [[pipe]] for each, or name a CSV file")
    ends = [(r.text("from"), r.text("to")) for r in rows]
    nodes = list(dict.fromkeys(n for pair in ends for n in pair))
    rough_m = inputs.number("roughness_m", heatnet.ROUGHNESS_M, least=0.0, most=0.05)
    depth_m, ground_w_mk = inputs.number("depth_m", 0.0, least=0.0), inputs.number("ground_w_mk", 0.0, least=0.0)
    if (depth_m > 0.0) != (ground_w_mk > 0.0):
        raise inputs.wrong("depth_m", "and ground_w_mk belong together; give both, or neither")

    def column(key: str, default: float | None = None, *, above: float = -np.inf, least: float = -np.inf) -> Float:
        given = {} if default is None else {"default": default}
        return np.array([r.number(key, above=above, least=least, **given) for r in rows])

    diameter = column("diameter_m", above=0.0)
    loss = np.array([
        r.number("loss_w_mk", least=0.0) if "loss_w_mk" in r else float(heatnet.insulation_w_mk(
            d, np.array(r.number("insulation_m", above=0.0)), np.array(r.number("insulation_w_mk", above=0.0)),
            depth_m=depth_m, ground_w_mk=ground_w_mk))
        for r, d in zip(rows, diameter, strict=True)
    ])  # fmt: skip
    return nodes, heatnet.Pipes(
        id=tuple(f"{a}-{b}" for a, b in ends), from_node=np.array([nodes.index(a) for a, _ in ends]),
        to_node=np.array([nodes.index(b) for _, b in ends]), length_m=column("length_m", above=0.0),
        diameter_m=diameter, roughness_m=column("roughness_m", rough_m, least=0.0), loss_w_mk=loss,
        zeta=column("zeta", 0.0, least=0.0),
    )  # fmt: skip


def _demands(inputs: Table, nodes: list[str]) -> Float:
    """[step, node] watts."""
    series = _series(inputs)
    demand = np.zeros((len(series), len(nodes)))
    for row in inputs.tables("consumer"):
        name = row.text("node")
        if name not in nodes:
            raise row.wrong("node", f'is "{name}", which no pipe leads to{nearest(name, sorted(nodes))}')
        demand[:, nodes.index(name)] += series * 1000.0 * row.number("demand_kw", least=0.0)
    return demand


def _series(inputs: Table) -> Float:
    """[step] by what every demand is multiplied; one 1 without a series."""
    if "series" not in inputs:
        return np.ones(1)
    table = inputs.table("series")
    path, column = table.path("file"), table.text("column")
    first, count = table.whole("first_row", 1, least=1), table.whole("rows", 0)
    factor = table.number("factor", 1.0, least=0.0)
    table.close()
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    rows = list(csv.DictReader(data.decode("utf-8-sig").splitlines()))[first - 1 :]
    rows = rows[:count] if count else rows
    try:
        values = factor * np.array([float(r[column]) for r in rows])
    except (KeyError, TypeError, ValueError) as e:
        raise table.wrong("column", f'names "{column}", which {path.name} lacks or which holds no number') from e
    if not len(values) or values.min() < 0.0:
        raise table.wrong("rows", f"of {path.name} are none, or hold a value below 0; choose others")
    return values


def _of_source(flow: heatnet.Flow, tree: heatnet.Tree) -> list[Figure]:
    loss = (flow.supply_loss_w + flow.return_loss_w).sum(axis=1)
    mass = (flow.mass_kg_s * tree.sign)[:, tree.near == tree.source].sum(axis=1)
    return [
        Figure("mass_flow", float(mass.mean()), "kg/s"), Figure("heat", float(flow.source_w.mean()), "W"),
        Figure("heat_max", float(flow.source_w.max()), "W"), Figure("loss", float(loss.mean()), "W"),
        Figure("loss_max", float(loss.max()), "W"), Figure("head", float(flow.head_pa.mean()), "Pa"),
        Figure("head_max", float(flow.head_pa.max()), "Pa"),
    ]  # fmt: skip


def _of_pipes(flow: heatnet.Flow, pipes: heatnet.Pipes, nodes: list[str]) -> list[Figure]:
    """Each pipe under both of its names, from-to and to-from."""
    figures = []
    for k, (a, b) in enumerate(zip(pipes.from_node.tolist(), pipes.to_node.tolist(), strict=True)):
        mean = {
            "supply_drop": (flow.supply_drop_pa, "Pa"), "return_drop": (flow.return_drop_pa, "Pa"),
            "supply_loss": (flow.supply_loss_w, "W"), "return_loss": (flow.return_loss_w, "W"),
        }  # fmt: skip
        for label, sign in ((f"{nodes[a]}-{nodes[b]}", 1.0), (f"{nodes[b]}-{nodes[a]}", -1.0)):
            figures.append(Figure("mass_flow", sign * float(flow.mass_kg_s[:, k].mean()), "kg/s", label))
            figures += [Figure(q, float(v[:, k].mean()), unit, label) for q, (v, unit) in mean.items()]
            both = float((flow.supply_drop_pa + flow.return_drop_pa)[:, k].mean())
            figures.append(Figure("both_drop", both, "Pa", label))
    return figures


def _of_nodes(flow: heatnet.Flow, tree: heatnet.Tree, nodes: list[str]) -> list[Figure]:
    """Temperatures of each node, and the drops between it and the source."""
    figures = []
    there, home = np.zeros(len(nodes)), np.zeros(len(nodes))
    for k in tree.order:
        there[tree.far[k]] = there[tree.near[k]] + flow.supply_drop_pa[:, k].mean()
        home[tree.far[k]] = home[tree.near[k]] + flow.return_drop_pa[:, k].mean()
    for n, name in enumerate(nodes):
        figures += [
            Figure("supply", float(flow.supply_c[:, n].mean()), "degC", name),
            Figure("supply_min", float(flow.supply_c[:, n].min()), "degC", name),
            Figure("return", float(flow.return_c[:, n].mean()), "degC", name),
            Figure("supply_drop", float(there[n]), "Pa", name), Figure("return_drop", float(home[n]), "Pa", name),
            Figure("both_drop", float(there[n] + home[n]), "Pa", name),
        ]  # fmt: skip
    return figures
