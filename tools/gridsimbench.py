"""A SimBench grid (a folder of CSV files with ";") -> a drawn grid.

Columns and units: SimBench documentation (S. Meinecke et al., Energies 13 (2020) 3290): kV, km, ohm/km, uS/km, MVA, kW
of transformers' losses, MW of loads. Transformers are T-sections, as in SimBench's own pandapower converter.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from pathlib import Path

from network.problems import Refused
from tools.griddraft import Draft, Drawn

Row = dict[str, str]


def read(folder: Path) -> Drawn:
    """The grid of a folder with Node.csv.

    Raises:
        Refused: a table or a value is missing.
    """
    draft = Draft(folder.name)
    place = {r["id"]: (_number(r, "x", draft), _number(r, "y", draft)) for r in _rows(folder, "Coordinates")}
    for r in _rows(folder, "Node"):
        at = place.get(r.get("coordID", ""), (math.nan, math.nan))
        draft.bus(r["id"], r["id"], 1e3 * _number(r, "vmR", draft), at)
    kinds = {r["id"]: r for r in _rows(folder, "LineType")}
    for r in _rows(folder, "Line"):
        kind, km = _kind(kinds, r, draft), _number(r, "length", draft)
        z = complex(_number(kind, "r", draft), _number(kind, "x", draft)) * km
        draft.line(r["id"], _ends(r, draft, "nodeA", "nodeB"), z_ohm=z, z0_ohm=None, length_m=1e3 * km,
                   y_s=1j * 1e-6 * _number(kind, "b", draft) * km, amps=_number(kind, "iMax", draft))  # fmt: skip
    for r in _rows(folder, "Switch"):
        shut = r["cond"].strip() == "1"
        draft.line(r["id"], _ends(r, draft, "nodeA", "nodeB"), z_ohm=0j, z0_ohm=0j, closed=(shut, shut))
    kinds = {r["id"]: r for r in _rows(folder, "TransformerType")}
    for r in _rows(folder, "Transformer"):
        _transformer(r, _kind(kinds, r, draft), draft)
    for r in _rows(folder, "ExternalNet"):
        node = draft.node(r["node"], r["id"])
        draft.source_pu[node] = next((float(n["vmSetp"]) for n in _rows(folder, "Node")
                                      if n["id"] == r["node"] and n.get("vmSetp")), 1.0)  # fmt: skip
    for table, p, q, sign in (("Load", "pLoad", "qLoad", 1.0), ("RES", "pRES", "qRES", -1.0),
                              ("Storage", "pStor", "qStor", 1.0)):  # fmt: skip
        for r in _rows(folder, table):
            active, reactive = ([sign * 1e6 * _number(r, c, draft)] for c in (p, q))
            draft.load(r["id"], draft.node(r["node"], r["id"]), active, reactive, [r["id"]])
    return draft.done()


def _rows(folder: Path, name: str) -> Iterator[Row]:
    """Rows of a table; none where there is no such file."""
    path = folder / f"{name}.csv"
    if not path.is_file():
        return
    with path.open(newline="", encoding="utf-8-sig") as f:
        for row in csv.DictReader(f, delimiter=";"):
            if None in row or None in row.values():
                raise Refused(f"{path.name} of {folder.name} has a row of another length than its header; mend it")
            yield row


def _number(row: Row, column: str, draft: Draft) -> float:
    try:
        value = float(row[column])
    except (KeyError, ValueError):
        value = math.nan
    if not math.isfinite(value):
        raise Refused(f"{row.get('id', 'a row')} of {draft.file} has no {column}; give it a number")
    return value


def _kind(kinds: dict[str, Row], row: Row, draft: Draft) -> Row:
    if row["type"] not in kinds:
        raise Refused(f"{row['id']} of {draft.file} is of type {row['type']}, which no table of types holds; add it")
    return kinds[row["type"]]


def _ends(row: Row, draft: Draft, one: str, other: str) -> tuple[int, int]:
    return draft.node(row[one], row["id"]), draft.node(row[other], row["id"])


def _transformer(row: Row, kind: Row, draft: Draft) -> None:
    names = ("sR", "vmHV", "vmLV", "va0", "vmImp", "pCu", "pFe", "iNoLoad")
    mega, high, low, turn, short, copper, iron, none = (_number(kind, n, draft) for n in names)
    va, high, low = 1e6 * mega, 1e3 * high, 1e3 * low
    tap = 1.0
    if kind.get("dVm"):
        tap += (_number(row, "tappos", draft) - _number(kind, "tapNeutr", draft)) * _number(kind, "dVm", draft) / 100.0
    high, low = (high, low * tap) if kind.get("tapside", "").upper() == "LV" else (high * tap, low)
    r, base = 1e3 * copper / va, low**2 / va
    x = math.sqrt(max((short / 100.0) ** 2 - r**2, 0.0))
    lag = math.sqrt(max((none / 100.0 * va) ** 2 - (1e3 * iron) ** 2, 0.0))
    draft.transformer(
        row["id"], _ends(row, draft, "nodeHV", "nodeLV"), high_v=high, low_v=low, z_ohm=complex(r, x) * base,
        y_s=complex(1e3 * iron, -lag) / low**2, rating_va=va, group=f"Dyn{round(turn / 30.0) % 12}", tee=True,
        closed=(True, True),
    )  # fmt: skip
