"""Layer choices as people write them: the `--layers` line and TOML, in display units; inside they are SI.

    solar:share=60                    one kind, one parameter, in the catalogue's display unit
    solar[use=home]:share=60,module=0.2kW/m2;battery:capacity=10kWh
                                      a selection in brackets, literals with a unit, several layers

    format = 1

    [[layer]]
    kind = "solar"
    selection = "use=home"
    share = 60
    module = "0.2 kW/m2"

What a parameter may be (range, selection) is the catalogue's to judge, in sim; here only names, numbers and units.
"""

from __future__ import annotations

import contextlib
import math
import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from network.problems import Refused
from network.schema import LayerChoice, LayerKind, Parameter

UNITS: Mapping[str, tuple[str, float]] = {
    "%": ("1", 0.01), "1": ("1", 1.0),
    "W": ("W", 1.0), "kW": ("W", 1e3), "MW": ("W", 1e6),
    "J": ("J", 1.0), "kJ": ("J", 1e3), "MJ": ("J", 1e6), "GJ": ("J", 1e9),
    "Wh": ("J", 3.6e3), "kWh": ("J", 3.6e6), "MWh": ("J", 3.6e9),
    "m": ("m", 1.0), "cm": ("m", 0.01), "mm": ("m", 0.001), "km": ("m", 1e3), "m2": ("m2", 1.0), "ha": ("m2", 1e4),
    "m3": ("m3", 1.0), "l": ("m3", 1e-3), "kg": ("kg", 1.0), "g": ("kg", 1e-3), "t": ("kg", 1e3), "K": ("K", 1.0),
    "s": ("s", 1.0), "min": ("s", 60.0), "h": ("s", 3600.0), "d": ("s", 86400.0), "a": ("s", 31536000.0),
    "V": ("V", 1.0), "kV": ("V", 1e3), "A": ("A", 1.0), "pu": ("pu", 1.0), "rad": ("rad", 1.0),
    "deg": ("rad", math.pi / 180), "EUR": ("EUR", 1.0), "€": ("EUR", 1.0),
}  # fmt: skip
"""Unit -> (SI unit, factor). Quotients such as kW/m2 follow from these."""
RESERVED = ("kind", "selection")
FORMAT = 1
"""Of scenario files; raised when an older program could no longer read them."""

_LAYER = re.compile(r"\s*(?P<kind>[^\s\[\]:]+)\s*(?:\[(?P<selection>[^\[\]]*)\])?\s*(?::(?P<values>.*))?\s*", re.S)
_NUMBER = re.compile(r"\s*(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(?P<unit>\S.*?)?\s*")


def parse(text: str, kinds: Sequence[LayerKind]) -> tuple[LayerChoice, ...]:
    """Choices of a `--layers` line, in its order; a parameter that is not named has its default.

    Raises:
        Refused: unknown kind or parameter, or no number, or a unit that does not fit.
    """
    return tuple(_parse_one(part, kinds) for part in _split(text, ";"))


def text(choices: Iterable[LayerChoice], kinds: Sequence[LayerKind]) -> str:
    """The `--layers` line of choices, in display units; `parse` reads it back."""
    parts = []
    for choice in choices:
        kind = _kind(choice.kind, kinds)
        where = "" if choice.selection == "all" else f"[{choice.selection}]"
        values = ",".join(f"{p.name}={_shown(choice, p)!r}" for p in kind.parameters)
        parts.append(f"{kind.kind}{where}:{values}" if values else f"{kind.kind}{where}")
    return ";".join(parts)


def read(path: Path, kinds: Sequence[LayerKind]) -> tuple[LayerChoice, ...]:
    """Choices of a TOML scenario.

    Raises:
        Refused: the file cannot be read, is no scenario, or names what does not exist.
    """
    body = load(path)
    if "scenario" in body:
        raise Refused(f"{path} holds several scenarios; name one: {path}#NAME", code=2)
    return of_tables(body.get("layer", []), kinds, where=str(path))


def load(path: Path) -> dict[str, Any]:
    """The tables of a scenario file, without `format`: `layer` or `scenario`, or nothing.

    Raises:
        Refused: it cannot be read, is no scenario, or was written by a newer Surplus.
    """
    try:
        body = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as e:
        raise Refused(f"there is no scenario file {path}; save a scenario first, or name an existing file") from e
    except (OSError, ValueError, RecursionError) as e:
        raise Refused(f"cannot read the scenario {path}: {getattr(e, 'strerror', None) or e}; mend the file") from e
    version = body.pop("format", FORMAT)
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise Refused(f"{path} is no scenario: its format is {version!r}; write format = {FORMAT}")
    if version > FORMAT:
        raise Refused(f"{path} has scenario format {version}, this Surplus reads up to {FORMAT}; update Surplus")
    if len(body) > 1 or not set(body) <= {"layer", "scenario"}:
        raise Refused(f"{path} is no scenario: it should hold [[layer]] tables only, it holds {sorted(body)}")
    return body


def of_tables(entries: Any, kinds: Sequence[LayerKind], *, where: str) -> tuple[LayerChoice, ...]:
    """Choices of [[layer]] tables.

    Raises:
        Refused: they are no tables, or name what does not exist; the sentence begins with `where`.
    """
    if not isinstance(entries, list) or not all(isinstance(e, dict) for e in entries):
        raise Refused(f"{where} is no scenario: `layer` should be [[layer]] tables; mend the file")
    try:
        return tuple(_from_table(entry, kinds) for entry in entries)
    except Refused as e:
        raise Refused(f"{where}: {e}", code=e.code) from e


def toml(choices: Iterable[LayerChoice], kinds: Sequence[LayerKind]) -> str:
    """TOML scenario of choices, in display units; `read` reads it back."""
    return "\n".join([f"format = {FORMAT}\n", *tables(choices, kinds, table="layer")])


def tables(choices: Iterable[LayerChoice], kinds: Sequence[LayerKind], *, table: str) -> list[str]:
    """One TOML table a choice, in display units."""
    blocks = []
    for choice in choices:
        kind = _kind(choice.kind, kinds)
        rows = [f"[[{table}]]", f"kind = {quoted(kind.kind)}"]
        if choice.selection != "all":
            rows.append(f"selection = {quoted(choice.selection)}")
        rows += [f"{p.name} = {_shown(choice, p)!r}  # {p.display_unit}".rstrip("# ") for p in kind.parameters]
        blocks.append("\n".join(rows) + "\n")
    return blocks


def write(path: Path, choices: Iterable[LayerChoice], kinds: Sequence[LayerKind]) -> None:
    """Write a TOML scenario, replacing an older one as a whole.

    Raises:
        Refused: the file cannot be written.
    """
    replace_file(path, toml(choices, kinds))


def replace_file(path: Path, text: str) -> None:
    """Write beside, sync, rename: whoever reads sees the old file or the new one.

    Raises:
        Refused: it cannot be written.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as e:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise Refused(f"cannot write the scenario {path}: {e.strerror or e}; choose a writable place") from e


# ---------------------------------------------------------------- parts


def _parse_one(part: str, kinds: Sequence[LayerKind]) -> LayerChoice:
    match = _LAYER.fullmatch(part)
    if match is None:
        raise Refused(f"cannot read the layer {part.strip()!r}; write kind[selection]:parameter=value,...", code=2)
    entry: dict[str, Any] = {"kind": match["kind"]}
    if match["selection"] is not None:
        entry["selection"] = match["selection"].strip() or "all"
    for pair in _split(match["values"] or "", ","):
        name, equals, value = pair.partition("=")
        name = name.strip()
        if not equals or not name or name in RESERVED:
            raise Refused(f"{match['kind']}: cannot read {pair.strip()!r}; write parameter=value", code=2)
        if name in entry:
            raise Refused(f"{match['kind']}: {name} is given twice; give it once", code=2)
        entry[name] = value.strip()
    return _from_table(entry, kinds)


def _from_table(entry: Mapping[str, Any], kinds: Sequence[LayerKind]) -> LayerChoice:
    kind = _kind(entry.get("kind"), kinds)
    selection = entry.get("selection", "all")
    if not isinstance(selection, str):
        raise Refused(f"{kind.kind}: the selection {selection!r} is no text; write it in quotes", code=2)
    known = {p.name: p for p in kind.parameters}
    for name in entry:
        if name not in known and name not in RESERVED:
            offer = ", ".join(known) or "no parameters"
            raise Refused(f"{kind.kind} has no parameter {name!r}; it has {offer}", code=2)
    values = {n: _si(entry[n], p, kind.kind) if n in entry else p.default for n, p in known.items()}
    return LayerChoice(kind.kind, values, selection)


def _kind(name: Any, kinds: Sequence[LayerKind]) -> LayerKind:
    for kind in kinds:
        if kind.kind == name:
            return kind
    offer = ", ".join(k.kind for k in kinds) or "none at all"
    raise Refused(f"there is no layer kind {name!r}; there are {offer}", code=2)


def _si(value: Any, parameter: Parameter, kind: str) -> float:
    """SI value of a number in the display unit, or of a literal with its unit."""
    where = f"{kind}: {parameter.name}"
    shown = parameter.display_unit or "no unit"
    if isinstance(value, str):
        match = _NUMBER.fullmatch(value)
        if match is None:
            raise Refused(f"{where} is {value!r}, which is no number; write a number in {shown}", code=2)
        number, written = float(match["number"]), match["unit"] or ""
    elif isinstance(value, int | float) and not isinstance(value, bool):
        number, written = float(value), ""
    else:
        raise Refused(f"{where} is {value!r}, which is no number; write a number in {shown}", code=2)
    unit = _plain(written)
    if unit in ("", _plain(parameter.display_unit)):
        si = number / parameter.display_factor
    elif unit == _plain(parameter.unit):
        si = number
    else:
        measured, mine = _measure(unit), _measure(_plain(parameter.unit))
        if measured is None or mine is None or measured[0] != mine[0]:
            raise Refused(f"{where} cannot be in {written!r}; write it in {shown} or {parameter.unit}", code=2)
        si = number * measured[1] / mine[1]
    if not math.isfinite(si):
        raise Refused(f"{where} is {value!r}, which is no finite number; write a number in {shown}", code=2)
    return si


def _measure(unit: str) -> tuple[tuple[str, ...], float] | None:
    """SI units (numerator, then denominators) and factor of a unit or quotient; None: unknown."""
    names, factor = [], 1.0
    for place, part in enumerate(unit.split("/")):
        if part not in UNITS:
            return None
        name, scale = UNITS[part]
        names.append(name)
        factor = factor * scale if place == 0 else factor / scale
    return tuple(names), factor


def _plain(unit: str) -> str:
    """The same unit in one spelling."""
    return unit.replace(" ", "").replace("²", "2").replace("³", "3").replace("·", "").replace("°", "deg")


def _shown(choice: LayerChoice, parameter: Parameter) -> float:
    """Value in the display unit, of the shortest spelling that reads back as the same SI value."""
    si = choice.values.get(parameter.name, parameter.default)
    exact = si * parameter.display_factor
    for digits in range(6, 17):
        short = float(f"{exact:.{digits}g}")
        if short / parameter.display_factor == si:
            return short
    return exact


def _split(text: str, mark: str) -> Iterator[str]:
    """Non-empty parts between marks that stand outside brackets."""
    depth, begin = 0, 0
    for place, letter in enumerate(text):
        depth += (letter in "[(") - (letter in "])")
        if letter == mark and depth <= 0:
            if text[begin:place].strip():
                yield text[begin:place]
            begin = place + 1
    if text[begin:].strip():
        yield text[begin:]


def quoted(word: str) -> str:
    """TOML basic string."""
    escaped = "".join(
        f"\\u{ord(c):04x}" if ord(c) < 32 or ord(c) == 127 else f"\\{c}" if c in '"\\' else c for c in word
    )
    return f'"{escaped}"'
