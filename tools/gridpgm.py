"""A power-grid-model input dataset (JSON, `power_grid_model.utils.json_serialize_to_file`) -> a drawn grid.

Equations of components: power-grid-model's documentation, "Components"; transformers are pi-sections. Names and places
of nodes may stand beside the attributes, as `name`, `x` and `y` (extra information).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from network.problems import Refused
from tools.griddraft import Draft, Drawn

_READ = ("node", "line", "asym_line", "link", "generic_branch", "transformer", "source", "sym_load", "asym_load",
         "sym_gen", "asym_gen", "shunt")  # fmt: skip
_WINDINGS = ("y", "yn", "d", "z", "zn")
_SOURCE_VA = 1e10
"""Short-circuit power of a source that names none, and the ratio of resistance to reactance beside it: 0.1."""
Row = dict[str, Any]


def read(body: Row, file: str) -> Drawn:
    """The grid of a file's JSON; `file` is its name for messages.

    Raises:
        Refused: it is no input dataset, or a component has no impedance, voltage or node.
    """
    if body.get("type") != "input" or body.get("is_batch") or not isinstance(body.get("data"), dict):
        raise Refused(f'{file} is not a power-grid-model input dataset (type "input", not a batch); export one')
    data = {kind: _rows(body, kind, file) for kind in body["data"]}
    draft = Draft(file)
    for row in data.get("node", []):
        at = (float(row.get("x", math.nan)), float(row.get("y", math.nan)))
        draft.bus(str(row["id"]), str(row.get("name", "")), _number(draft, "node", row, "u_rated"), at)
    for row in data.get("line", []):
        _line(draft, row)
    for row in data.get("link", []):
        draft.line(_name("link", row), _ends(draft, "link", row), z_ohm=0j, z0_ohm=0j, closed=_closed(row))
    for row in data.get("generic_branch", []):
        _generic(draft, row)
    for row in data.get("transformer", []):
        _transformer(draft, row)
    for kind, sign in (("sym_load", 1.0), ("asym_load", 1.0), ("sym_gen", -1.0), ("asym_gen", -1.0)):
        _loads(draft, kind, data.get(kind, []), sign)
    for row in data.get("shunt", []):
        if row.get("status", 1):
            y = complex(_number(draft, "shunt", row, "g1"), _number(draft, "shunt", row, "b1"))
            draft.draw(draft.node(str(row["node"]), _name("shunt", row)), y)
    for row in data.get("source", []):
        _source(draft, row)
    for kind in sorted(set(data) - set(_READ)):
        if kind in ("three_winding_transformer", "asym_line") and data[kind]:
            raise Refused(f"{file} has a {kind}, which Surplus cannot solve; replace it by branches of two ends")
        if not kind.endswith("sensor") and kind != "fault":
            draft.note("grid-left-out", f"{len(data[kind])} components {kind} of {file} are left out: Surplus does not "
                       "model them", [str(row.get("id")) for row in data[kind]])  # fmt: skip
    return draft.done()


def _rows(body: Row, kind: str, file: str) -> list[Row]:
    """Components as tables of attributes; rows may be lists in the order of the file's `attributes`."""
    names = body.get("attributes", {}).get(kind, [])
    found = []
    for row in body["data"][kind]:
        if isinstance(row, list):
            if len(row) != len(names):
                raise Refused(f"a {kind} of {file} has {len(row)} values for {len(names)} attributes; export it again")
            row = dict(zip(names, row, strict=True))
        if not isinstance(row, dict) or "id" not in row:
            raise Refused(f"a {kind} of {file} has no id; export it again")
        found.append({k: v for k, v in row.items() if v is not None})
    return found


def _number(draft: Draft, kind: str, row: Row, name: str, default: float | None = None) -> float:
    value = row.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise Refused(f"{kind} {row['id']} of {draft.file} has no {name}; give it a number")
    return float(value)


def _name(kind: str, row: Row) -> str:
    return str(row.get("name") or f"{kind} {row['id']}")


def _ends(draft: Draft, kind: str, row: Row) -> tuple[int, int]:
    try:
        first, last = (draft.node(str(row[end]), _name(kind, row)) for end in ("from_node", "to_node"))
        return first, last
    except KeyError as e:
        raise Refused(f"{_name(kind, row)} of {draft.file} has no {e.args[0]}; say what it joins") from e


def _closed(row: Row) -> tuple[bool, bool]:
    return bool(row.get("from_status", 1)), bool(row.get("to_status", 1))


def _line(draft: Draft, row: Row) -> None:
    z = complex(_number(draft, "line", row, "r1"), _number(draft, "line", row, "x1"))
    zero = complex(row["r0"], row["x0"]) if "r0" in row and "x0" in row else None
    b = 2.0 * math.pi * 50.0 * _number(draft, "line", row, "c1", 0.0)
    y = complex(_number(draft, "line", row, "tan1", 0.0) * b, b)
    draft.line(_name("line", row), _ends(draft, "line", row), z_ohm=z, z0_ohm=zero, y_s=y, closed=_closed(row),
               amps=float(row.get("i_n", math.inf)), length_m=float(row.get("length", 0.0)))  # fmt: skip


def _generic(draft: Draft, row: Row) -> None:
    """A branch in ohms on the side of `to`, with an off-nominal ratio k on the side of `from`."""
    ends = _ends(draft, "generic_branch", row)
    z = complex(_number(draft, "generic_branch", row, "r1"), _number(draft, "generic_branch", row, "x1"))
    y = complex(row.get("g1", 0.0), row.get("b1", 0.0))
    k, volts = _number(draft, "generic_branch", row, "k", 1.0), [draft.volts[e] for e in ends]
    draft.transformer(
        _name("generic_branch", row), ends, high_v=k * volts[0], low_v=volts[1], z_ohm=z, y_s=y, group="YNyn0",
        rating_va=float(row.get("sn", 1e12)), tee=False, closed=_closed(row),
    )  # fmt: skip


def _transformer(draft: Draft, row: Row) -> None:
    name, ends = _name("transformer", row), _ends(draft, "transformer", row)
    need = {n: _number(draft, "transformer", row, n) for n in ("u1", "u2", "sn", "uk", "pk", "i0", "p0")}
    position, neutral = (float(row.get(n, 0.0)) for n in ("tap_pos", "tap_nom"))
    rising = 1.0 if row.get("tap_max", 1) >= row.get("tap_min", 0) else -1.0
    shift = rising * (position - neutral) * float(row.get("tap_size", 0.0))
    high, low = need["u1"] + shift * (row.get("tap_side", 0) == 0), need["u2"] + shift * (row.get("tap_side", 0) == 1)
    uk = _between(row, "uk", position, neutral)
    r, base = _between(row, "pk", position, neutral) / need["sn"], low**2 / need["sn"]
    if not 0.0 <= r <= uk:
        raise Refused(f"{name} of {draft.file} has load losses above its short-circuit voltage; check pk and uk")
    iron, lag = need["p0"] / need["sn"], math.sqrt(max(need["i0"] ** 2 - (need["p0"] / need["sn"]) ** 2, 0.0))
    try:
        group = _WINDINGS[int(row["winding_from"])].upper() + _WINDINGS[int(row["winding_to"])]
    except (KeyError, IndexError, ValueError) as e:
        raise Refused(f"{name} of {draft.file} has no winding_from or winding_to; give 0 to 4") from e
    draft.transformer(
        name, ends, high_v=high, low_v=low, z_ohm=complex(r, math.sqrt(uk**2 - r**2)) * base,
        y_s=complex(iron, -lag) / base, rating_va=need["sn"], group=f"{group}{int(row.get('clock', 0)) % 12}",
        tee=False, closed=_closed(row),
    )  # fmt: skip


def _between(row: Row, name: str, position: float, neutral: float) -> float:
    """uk or pk at the tap, linear between the neutral and the end whose value is given."""
    value = float(row[name])
    for end in ("min", "max"):
        other, at = row.get(f"{name}_{end}"), float(row.get(f"tap_{end}", 0.0))
        if other is not None and at != neutral and (position - neutral) * (at - neutral) > 0.0:
            return value + (float(other) - value) * (position - neutral) / (at - neutral)
    return value


def _loads(draft: Draft, kind: str, rows: Sequence[Row], sign: float) -> None:
    mixed = []
    for row in rows:
        if not row.get("status", 1):
            continue
        p, q = (row.get(n, 0.0) for n in ("p_specified", "q_specified"))
        p, q = ([sign * float(v) for v in (w if isinstance(w, list) else [w])] for w in (p, q))
        words = [str(row[n]) for n in ("name", "building", "building_id") if n in row]
        draft.load(_name(kind, row), draft.node(str(row["node"]), _name(kind, row)), p, q, words)
        if int(row.get("type", 0)) != 0:
            mixed.append(_name(kind, row))
    text = f"{len(mixed)} loads of {draft.file} change with voltage; they are taken for constant power"
    draft.note("grid-load-model", text, mixed)


def _source(draft: Draft, row: Row) -> None:
    """A source behind its short-circuit impedance: a node of its own that holds the voltage."""
    if not row.get("status", 1):
        return
    name = _name("source", row)
    at, va = draft.node(str(row["node"]), name), _number(draft, "source", row, "sk", _SOURCE_VA)
    volts, ratio = draft.volts[at], _number(draft, "source", row, "rx_ratio", 0.1)
    x = volts**2 / va / math.hypot(1.0, ratio)
    inner = draft.bus(f"source {row['id']}", name, volts, draft.at[at])
    draft.source_pu[inner] = _number(draft, "source", row, "u_ref", 1.0)
    z = complex(ratio * x, x)
    draft.line(f"{name} inner", (inner, at), z_ohm=z, z0_ohm=z * _number(draft, "source", row, "z01_ratio", 1.0))
