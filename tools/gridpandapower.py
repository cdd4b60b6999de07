"""A pandapower network (`pandapower.to_json`, versions 2 and 3) -> a drawn grid.

The file is JSON that holds each table as JSON of columns, index and rows; no pandapower is needed to read it. Equations
of elements: pandapower's documentation, "Electric Model" of line and trafo (T-section).
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

from network.problems import Refused
from tools.griddraft import Draft, Drawn

_SILENT = {"bus", "line", "trafo", "switch", "ext_grid", "load", "sgen", "asymmetric_load", "asymmetric_sgen", "shunt",
           "storage", "impedance", "bus_geodata", "line_geodata", "measurement", "pwl_cost", "poly_cost", "controller",
           "group", "trafo_characteristic_table", "characteristic"}  # fmt: skip
"""Tables that are read, or that say nothing about the steady state."""
_NEEDED = {"bus": ("vn_kv",), "line": ("from_bus", "to_bus", "length_km", "r_ohm_per_km", "x_ohm_per_km"),
           "trafo": ("hv_bus", "lv_bus", "sn_mva", "vn_hv_kv", "vn_lv_kv", "vk_percent", "vkr_percent"),
           "ext_grid": ("bus",), "load": ("bus", "p_mw"), "asymmetric_load": ("bus", "p_a_mw", "p_b_mw", "p_c_mw"),
           "switch": ("bus", "element", "et", "closed")}  # fmt: skip
Row = dict[str, Any]


class Tables:
    """Tables of the file by name, row by row."""

    def __init__(self, body: Row, file: str) -> None:
        self.body, self.file = body, file

    def rows(self, name: str, *, all_: bool = False) -> Iterator[tuple[str, Row]]:
        """(index, row) of what is in service; empty cells are absent."""
        table = self.body.get(name)
        raw = table.get("_object") if isinstance(table, dict) else table
        if raw is None:
            return
        try:
            held = json.loads(raw) if isinstance(raw, str) else raw
            columns, index, data = held["columns"], held["index"], held["data"]
        except (ValueError, KeyError, TypeError) as e:
            raise Refused(f"table {name} of {self.file} cannot be read; write it with pandapower.to_json") from e
        missing = [c for c in _NEEDED.get(name, ()) if c not in columns] if data else []
        if missing:
            raise Refused(f"table {name} of {self.file} has no column {missing[0]}; write it with pandapower.to_json")
        for key, values in zip(index, data, strict=True):
            row = {c: v for c, v in zip(columns, values, strict=True) if v is not None and v != ""}
            if all_ or row.get("in_service", True):
                yield str(key), row

    def number(self, name: str, key: str, row: Row, column: str, default: float | None = None) -> float:
        """A finite number of a row."""
        value = row.get(column, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise Refused(f"{name} {row.get('name', key)} of {self.file} has no {column}; give it a number")
        return float(value)


def read(body: Row, file: str) -> Drawn:
    """The grid of a file's JSON; `file` is its name for messages.

    Raises:
        Refused: it is no network, or an element has no impedance, voltage or node.
    """
    t, draft = Tables(body.get("_object", {}), file), Draft(file)
    dead = _buses(t, draft)
    opened = _switches(t, draft, dead)
    _lines(t, draft, dead, opened)
    _transformers(t, draft, dead, opened)
    _impedances(t, draft, dead)
    for key, row in t.rows("ext_grid"):
        if str(row["bus"]) not in dead:
            at = draft.node(str(row["bus"]), f"ext_grid {key}")
            draft.source_pu[at] = t.number("ext_grid", key, row, "vm_pu", 1.0)
    _loads(t, draft, dead)
    _left_out(t, draft)
    return draft.done()


def _buses(t: Tables, draft: Draft) -> set[str]:
    """Draw the nodes; those that are out of service."""
    places = {key: (row.get("x", math.nan), row.get("y", math.nan)) for key, row in t.rows("bus_geodata", all_=True)}
    dead = set()
    for key, row in t.rows("bus", all_=True):
        if not row.get("in_service", True):
            dead.add(key)
            continue
        at = _point(row.get("geo")) or places.get(key, (math.nan, math.nan))
        draft.bus(key, str(row.get("name", "")), 1e3 * t.number("bus", key, row, "vn_kv"), at)
    return dead


def _point(text: Any) -> tuple[float, float] | None:
    """x and y of a GeoJSON point."""
    try:
        geo = json.loads(text) if isinstance(text, str) else text
        x, y = geo["coordinates"][:2]
        return float(x), float(y)
    except (ValueError, KeyError, TypeError, IndexError):
        return None


def _switches(t: Tables, draft: Draft, dead: set[str]) -> set[tuple[str, str, str]]:
    """Draw switches between nodes; (kind, element, bus) of open ones at the end of a line or transformer."""
    opened = set()
    for key, row in t.rows("switch", all_=True):
        kind, bus, element = str(row["et"]), str(row["bus"]), str(row["element"])
        if kind != "b":
            if not row["closed"]:
                opened.add((kind, element, bus))
            continue
        if {bus, element} & dead:
            continue
        name = str(row.get("name", f"switch {key}"))
        ends = draft.node(bus, f"switch {key}"), draft.node(element, f"switch {key}")
        closed = bool(row["closed"])
        z = complex(t.number("switch", key, row, "z_ohm", 0.0))
        amps = 1e3 * row.get("in_ka", math.inf)
        draft.line(name, ends, z_ohm=z, z0_ohm=z, amps=amps, closed=(closed, closed))
    return opened


def _lines(t: Tables, draft: Draft, dead: set[str], opened: set[tuple[str, str, str]]) -> None:
    hertz = float(t.body.get("f_hz", 50.0))
    for key, row in t.rows("line"):
        a, b = str(row["from_bus"]), str(row["to_bus"])
        if {a, b} & dead:
            continue
        name = str(row.get("name", f"line {key}"))
        km, beside = t.number("line", key, row, "length_km"), t.number("line", key, row, "parallel", 1.0)
        if not (km >= 0.0 and beside >= 1.0):
            raise Refused(f"line {name} of {draft.file} has length {km:g} km, {beside:g} parallel; give it some")
        ohm = [t.number("line", key, row, c) * km / beside for c in ("r_ohm_per_km", "x_ohm_per_km")]
        zero = None
        if "r0_ohm_per_km" in row and "x0_ohm_per_km" in row:
            zero = complex(*(t.number("line", key, row, c) * km / beside for c in ("r0_ohm_per_km", "x0_ohm_per_km")))
        farad = t.number("line", key, row, "c_nf_per_km", 0.0) * 1e-9 * km * beside
        leak = t.number("line", key, row, "g_us_per_km", 0.0) * 1e-6 * km * beside
        amps = row.get("max_i_ka", math.inf) * 1e3 * row.get("df", 1.0) * beside
        draft.line(
            name, (draft.node(a, f"line {name}"), draft.node(b, f"line {name}")), z_ohm=complex(*ohm), z0_ohm=zero,
            y_s=complex(leak, 2.0 * math.pi * hertz * farad), amps=amps, length_m=1e3 * km,
            closed=(("l", key, a) not in opened, ("l", key, b) not in opened),
        )  # fmt: skip


def _transformers(t: Tables, draft: Draft, dead: set[str], opened: set[tuple[str, str, str]]) -> None:
    for key, row in t.rows("trafo"):
        high, low = str(row["hv_bus"]), str(row["lv_bus"])
        if {high, low} & dead:
            continue
        name = str(row.get("name", f"trafo {key}"))
        need = {c: t.number("trafo", key, row, c) for c in ("sn_mva", "vn_hv_kv", "vn_lv_kv", "vk_percent",
                                                            "vkr_percent")}  # fmt: skip
        low_ones = [c for c, v in need.items() if not v > 0.0 and c != "vkr_percent"]
        if low_ones:
            raise Refused(f"trafo {name} of {draft.file} has {low_ones[0]} {need[low_ones[0]]:g}; give it more than 0")
        beside, va = t.number("trafo", key, row, "parallel", 1.0), 1e6 * need["sn_mva"]
        turns = {"hv": 1e3 * need["vn_hv_kv"], "lv": 1e3 * need["vn_lv_kv"]}
        for tap in ("tap", "tap2"):
            if row.get(f"{tap}_side") in turns:
                turns[row[f"{tap}_side"]] *= _tap(row, tap)
        base = turns["lv"] ** 2 / va
        zero = None
        if "vk0_percent" in row and "vkr0_percent" in row:
            zero = zero_sequence(row) * base / beside
        iron = t.number("trafo", key, row, "pfe_kw", 0.0) * 1e3
        magnetising = math.sqrt(max((t.number("trafo", key, row, "i0_percent", 0.0) / 100.0 * va) ** 2 - iron**2, 0.0))
        letters = str(row.get("vector_group", "Dyn")).rstrip("0123456789")
        clock = round(t.number("trafo", key, row, "shift_degree", 150.0) / 30.0) % 12
        draft.transformer(
            name, (draft.node(high, f"trafo {name}"), draft.node(low, f"trafo {name}")), high_v=turns["hv"],
            low_v=turns["lv"], z_ohm=_short(need["vk_percent"], need["vkr_percent"]) * base / beside, z0_ohm=zero,
            y_s=complex(iron, -magnetising) / turns["lv"] ** 2 * beside, group=f"{letters}{clock}", tee=True,
            rating_va=va * beside * row.get("df", 1.0),
            closed=(("t", key, high) not in opened, ("t", key, low) not in opened),
        )  # fmt: skip


def _short(percent: float, real_percent: float) -> complex:
    """Short-circuit impedance from vk and vkr, in pu of the transformer."""
    if not 0.0 <= real_percent <= percent:
        return complex(math.nan)
    return complex(real_percent, math.sqrt(percent**2 - real_percent**2)) / 100.0


def zero_sequence(row: Row) -> complex:
    """Zero-sequence impedance from the low side with the high side's delta closed, in pu of the transformer.

    A T-section (pandapower, "zero sequence of trafo"): the low side's share of the leakage in series with the high
    side's, which the delta short-circuits, beside the core: z = (1 - s) z0 + s z0 z_m / (s z0 + z_m).
    """
    leak = _short(row["vk0_percent"], row["vkr0_percent"])
    if "mag0_percent" not in row:
        return leak
    core = abs(leak) * row["mag0_percent"] / 100.0 * complex(row.get("mag0_rx", 0.0), 1.0)
    core /= math.hypot(1.0, row.get("mag0_rx", 0.0))
    high = row.get("si0_hv_partial", 0.9) * leak
    return leak - high + high * core / (high + core)


def _tap(row: Row, tap: str) -> float:
    """Factor on the rated voltage of the side with the taps."""
    position, neutral = row.get(f"{tap}_pos"), row.get(f"{tap}_neutral")
    if position is None or neutral is None or f"{tap}_step_percent" not in row:
        return 1.0
    typed = f"{tap}_changer_type" in row or row.get(f"{tap}_phase_shifter") is not None
    if tap == "tap" and not typed and "tap_dependency_table" in row:
        return 1.0  # version 3: a changer without a type does nothing
    if row.get(f"{tap}_changer_type", "Ratio") == "Ideal" or row.get(f"{tap}_phase_shifter") is True:
        return 1.0  # an ideal shifter turns, and leaves the magnitude
    step = (position - neutral) * row[f"{tap}_step_percent"] / 100.0
    turn = math.radians(row.get(f"{tap}_step_degree", 0.0))
    return math.hypot(1.0 + step * math.cos(turn), step * math.sin(turn))


def _impedances(t: Tables, draft: Draft, dead: set[str]) -> None:
    for key, row in t.rows("impedance"):
        a, b = str(row["from_bus"]), str(row["to_bus"])
        if {a, b} & dead:
            continue
        ends = draft.node(a, f"impedance {key}"), draft.node(b, f"impedance {key}")
        base = draft.volts[ends[1]] ** 2 / (1e6 * t.number("impedance", key, row, "sn_mva"))
        z = complex(*(t.number("impedance", key, row, c) * base for c in ("rft_pu", "xft_pu")))
        draft.line(str(row.get("name", f"impedance {key}")), ends, z_ohm=z, z0_ohm=None)


def _loads(t: Tables, draft: Draft, dead: set[str]) -> None:
    mixed = []
    for table, sign in (("load", 1.0), ("storage", 1.0), ("sgen", -1.0)):
        for key, row in t.rows(table):
            if str(row["bus"]) in dead:
                continue
            scale, name = 1e6 * sign * t.number(table, key, row, "scaling", 1.0), str(row.get("name", f"{table} {key}"))
            p, q = ([scale * t.number(table, key, row, c, 0.0)] for c in ("p_mw", "q_mvar"))
            draft.load(name, draft.node(str(row["bus"]), f"{table} {name}"), p, q, _words(row))
            if any(v for c, v in row.items() if c.startswith(("const_z", "const_i"))):
                mixed.append(name)
    for table, sign in (("asymmetric_load", 1.0), ("asymmetric_sgen", -1.0)):
        for key, row in t.rows(table):
            if str(row["bus"]) in dead:
                continue
            scale, name = 1e6 * sign * t.number(table, key, row, "scaling", 1.0), str(row.get("name", f"{table} {key}"))
            p = [scale * t.number(table, key, row, f"p_{f}_mw", 0.0) for f in "abc"]
            q = [scale * t.number(table, key, row, f"q_{f}_mvar", 0.0) for f in "abc"]
            draft.load(name, draft.node(str(row["bus"]), f"{table} {name}"), p, q, _words(row))
            if row.get("type") == "delta":
                mixed.append(name)
    for key, row in t.rows("shunt"):
        if str(row["bus"]) not in dead:
            at, step = draft.node(str(row["bus"]), f"shunt {key}"), t.number("shunt", key, row, "step", 1.0)
            volts = 1e3 * t.number("shunt", key, row, "vn_kv", draft.volts[at] / 1e3)
            power = complex(t.number("shunt", key, row, "p_mw", 0.0), t.number("shunt", key, row, "q_mvar", 0.0))
            draft.draw(at, 1e6 * step * power.conjugate() / volts**2)
    text = f"{len(mixed)} loads of {draft.file} change with voltage or stand between phases"
    draft.note("grid-load-model", f"{text}; they are taken for constant power between phase and neutral", mixed)


def _words(row: Row) -> list[str]:
    """Texts of a row that may name a building."""
    return [str(v) for c, v in row.items() if isinstance(v, str | int) and not isinstance(v, bool)
            and c in ("name", "building", "building_id", "gebaeude", "external_id", "description")]  # fmt: skip


def _left_out(t: Tables, draft: Draft) -> None:
    """Three-winding transformers cannot be left out; what else is not read is said."""
    for table in ("trafo3w", "dcline", "vsc"):
        for _, row in t.rows(table):
            raise Refused(f"{draft.file} has a {table} ({row.get('name', 'without a name')}), which Surplus cannot "
                          "solve; replace it by transformers and lines of two ends")  # fmt: skip
    for table in sorted(t.body):
        if table in _SILENT or table.startswith(("res_", "_")) or not isinstance(t.body[table], dict):
            continue
        if t.body[table].get("_class") == "DataFrame":
            names = [str(row.get("name", key)) for key, row in t.rows(table)]
            draft.note("grid-left-out", f"{len(names)} rows of the table {table} of {draft.file} are left out: Surplus "
                       "does not model them", names)  # fmt: skip
