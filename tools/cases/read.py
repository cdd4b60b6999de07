"""Case files -> `Case`: one TOML file per case or group of cases, single values over a `base`; tests/cases/README.md.

    kind   which module computes it (KINDS)      name    how others call it      source   where it was published
    base   a case whose values hold where this one says nothing; tables merge key by key, lists are replaced whole
    drop   dotted keys of the base that this case has not
    [[expect]]  what is published                [[case]]  several cases in one file, each over the file's other keys
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from network.problems import Refused
from tools.cases.table import Table, nearest

PROJECT = Path(__file__).resolve().parent.parent.parent
CASES = PROJECT / "tests" / "cases"
"""The project's own cases: in a source tree, not in an installed wheel."""
KINDS = {
    "balance": "tools.cases.balance",
    "cea": "tools.cases.cea",
    "envelope": "tools.cases.envelope",
    "grid": "tools.cases.grid",
    "heat-pump": "tools.cases.heat_pump",
    "heatnet": "tools.cases.heatnet",
    "iso13790-hour": "tools.cases.simple_hourly",
    "pv": "tools.cases.pv",
}
"""Kind -> module with `run(case: Case) -> list[Figure]`."""
_DEEPEST = 12
"""Longest chain of bases."""


@dataclass(frozen=True)
class Figure:
    """One computed number of a case."""

    quantity: str
    value: float
    unit: str
    at: str = ""
    """Which of several: a bus, a pipe, a month; empty where there is one."""
    note: str = ""
    """For people: when a peak was, what was left out."""


@dataclass(frozen=True)
class Expect:
    """One published number, or a column of them: `low <= value <= high`, in `unit`."""

    quantity: str
    unit: str
    source: str
    at: tuple[str, ...]
    """Which of several; ("",) where there is one."""
    low: tuple[float, ...]
    """-inf where there is no lower bound; as long as `at`."""
    high: tuple[float, ...]


@dataclass(frozen=True)
class Case:
    """A published case. `inputs` holds every key but those of this class."""

    name: str
    kind: str
    source: str
    file: Path
    inputs: Table
    expect: tuple[Expect, ...]
    remarks: list[str] = field(default_factory=list)
    """What whoever runs the case should know of its inputs: sentences that its kind adds, say of mended weather."""


@dataclass(frozen=True)
class Broken:
    """A file, or a case of a file, that cannot be read, and why."""

    file: Path
    name: str
    sentence: str


def shared() -> Path:
    """Folder of other people's data: SURPLUS_SHARED, else ../shared beside the project."""
    return Path(os.environ.get("SURPLUS_SHARED") or PROJECT.parent / "shared")


def runner(kind: str) -> Callable[[Case], list[Figure]]:
    """The function that computes cases of this kind."""
    run: Callable[[Case], list[Figure]] = import_module(KINDS[kind]).run
    return run


def read(folder: Path) -> list[Case | Broken]:
    """Every case of every .toml file under `folder` (or of one file), by file and place in it.

    Raises:
        Refused: no such folder, or no case file in it.
    """
    if not folder.exists():
        raise Refused(f"there is no {folder}; give a folder of case files (.toml), or one case file")
    files = [folder] if folder.is_file() else sorted(folder.rglob("*.toml"))
    if not files:
        raise Refused(f"{folder} holds no case file (.toml); the project's README of tests/cases tells their format")
    root = folder.parent if folder.is_file() else folder
    library = _Library(root)
    return [one for file in files for one in library.cases(file)]


@dataclass(frozen=True)
class _Entry:
    """A case as its file has it: nothing inherited yet."""

    name: str
    values: dict[str, Any]
    file: Path
    shared: dict[str, Any] = field(default_factory=dict)
    """What stands above the [[case]] tables of its file."""


class _Library:
    """Files under one folder and, for bases, the project's own; each parsed once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._parsed: dict[Path, list[_Entry] | Broken] = {}

    def cases(self, file: Path) -> list[Case | Broken]:
        entries = self._entries(file)
        if isinstance(entries, Broken):
            return [entries]
        made: list[Case | Broken] = []
        for entry in entries:
            try:
                made.append(self._case(entry))
            except Refused as e:
                made.append(Broken(file, entry.name, str(e)))
        twice = {e.name for e in entries if sum(o.name == e.name for o in entries) > 1}
        return [Broken(file, m.name, f'{file.name} names two cases "{m.name}"; give each its own name')
                if m.name in twice and isinstance(m, Case) else m for m in made]  # fmt: skip

    def _entries(self, file: Path) -> list[_Entry] | Broken:
        if file not in self._parsed:
            self._parsed[file] = _parse(file)
        return self._parsed[file]

    def _case(self, entry: _Entry) -> Case:
        values, folders = self._inherited(entry, 0)
        find = partial(_find, (*folders, self.root, shared()))
        own: dict[str, Any] = {k: values.pop(k) for k in ("name", "kind", "source", "expect") if k in values}
        head = Table(own, where=f"{entry.file.name} ({entry.name})", find=find)
        kind = head.text("kind", choices=tuple(KINDS))
        source = head.text("source", "")
        expect = tuple(_expect(t, source) for t in head.tables("expect"))
        where = entry.file.name if entry.file.stem == entry.name else f"{entry.file.name} ({entry.name})"
        return Case(entry.name, kind, source, entry.file, Table(values, where=where, find=find), expect)

    def _inherited(self, entry: _Entry, depth: int) -> tuple[dict[str, Any], tuple[Path, ...]]:
        """The entry's values over its file's, over its bases', and the folders where its files may lie.

        A base in the same file has the file's values already, perhaps changed: they do not count once more.
        """
        below: dict[str, Any] = {}
        folders: tuple[Path, ...] = ()
        name = entry.values.get("base", entry.shared.get("base"))
        if depth >= _DEEPEST:
            raise Refused(f'{entry.file.name} ({entry.name}): base = "{name}" leads back to itself')
        base = None if name is None else self._base(entry, str(name))
        if base is not None:
            below, folders = self._inherited(base, depth + 1)
            below.pop("expect", None)
        if base is None or base.file != entry.file:
            below = _laid(entry, entry.shared, below)
        elif "expect" in entry.shared:
            below["expect"] = entry.shared["expect"]
        return _laid(entry, entry.values, below), (entry.file.parent, *folders)

    def _base(self, entry: _Entry, name: str) -> _Entry:
        """The case called `name`: of the same file, folder, the folder of cases, then the project's own."""
        known: list[str] = []
        for files in ([entry.file], sorted(entry.file.parent.glob("*.toml")), sorted(self.root.rglob("*.toml")),
                      sorted(CASES.rglob("*.toml"))):  # fmt: skip
            for file in files:
                entries = self._entries(file)
                if isinstance(entries, Broken):
                    continue
                for other in entries:
                    if other.name == name and (other.file, other.name) != (entry.file, entry.name):
                        return other
                    known.append(other.name)
        if name == entry.name:
            raise Refused(f'{entry.file.name} ({entry.name}): base = "{name}" is the case itself; name another')
        raise Refused(f'{entry.file.name} ({entry.name}): base = "{name}" is no case'
                      f"{nearest(name, sorted(set(known)))}")  # fmt: skip


def _parse(file: Path) -> list[_Entry] | Broken:
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as e:
        return Broken(file, file.stem, f"{file.name} cannot be read: {e.strerror}")
    except UnicodeDecodeError as e:
        return Broken(file, file.stem, f"{file.name} is not text in UTF-8 (byte {e.start}); save it as that")
    except tomllib.TOMLDecodeError as e:
        return Broken(file, file.stem, f"{file.name} is not TOML: {e}")
    except RecursionError:
        return Broken(file, file.stem, f"{file.name} nests its lists or tables too deep; a case needs five levels")
    group = values.pop("case", None)
    if group is None:
        return [_Entry(str(values.get("name", file.stem)), values, file)]
    if not isinstance(group, list) or not all(isinstance(c, dict) for c in group):
        return Broken(file, file.stem, f"{file.name}: case is not a list of tables; write [[case]] for each")
    names = [str(c.get("name", f"{file.stem}-{n}")) for n, c in enumerate(group, 1)]
    values.pop("name", None)
    return [_Entry(name, own, file, values) for name, own in zip(names, group, strict=True)]


def _laid(entry: _Entry, over: dict[str, Any], below: dict[str, Any]) -> dict[str, Any]:
    """`over` on `below`, less what `over` drops of it."""
    over, below = dict(over), dict(below)
    over.pop("base", None)
    drop = over.pop("drop", [])
    for dotted in [drop] if isinstance(drop, str) else drop:
        if not _dropped(below, str(dotted)):
            raise Refused(f'{entry.file.name} ({entry.name}): drop names "{dotted}", which its base does not have')
    return _merged(below, over)


def _merged(below: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """`over` on top of `below`: tables key by key, all else replaced."""
    made = dict(below)
    for key, value in over.items():
        old = made.get(key)
        made[key] = _merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return made


def _dropped(values: dict[str, Any], dotted: str) -> bool:
    """Take the key `a.b.c` out of `values`, leaving what others share untouched; False where it is not there."""
    key, _, rest = dotted.partition(".")
    if key not in values or (rest and not isinstance(values[key], dict)):
        return False
    if not rest:
        del values[key]
        return True
    values[key] = dict(values[key])
    return _dropped(values[key], rest)


def _find(folders: tuple[Path, ...], name: str) -> Path | None:
    """The first of `folders` that has the file `name` or its .gz."""
    for folder in folders:
        for path in (folder / name, folder / f"{name}.gz"):
            if path.is_file():
                return path
    return None


def _expect(table: Table, source: str) -> Expect:
    """One [[expect]]: value with a tolerance, or low and high; or a CSV `table` of values by `at`."""
    quantity, unit = table.text("quantity"), table.text("unit")
    source = table.text("source", source)
    if "table" in table:
        rows = table.tables("table", loose=True)
        key, column = table.text("at_column", "at"), table.text("value_column", "value")
        at = tuple(row.text(key) for row in rows)
        bounds = [_around(table, row.number(column)) for row in rows]
    else:
        at = (table.text("at", ""),)
        bounds = [_bounds(table)]
    table.close()
    if not bounds:
        raise table.wrong("table", "has no row")
    return Expect(quantity, unit, source, at, tuple(b[0] for b in bounds), tuple(b[1] for b in bounds))


def _bounds(table: Table) -> tuple[float, float]:
    inf = float("inf")
    if "value" in table:
        return _around(table, table.number("value"))
    if "low" not in table and "high" not in table:
        raise table.wrong("value", "is missing; give value with tolerance_abs or tolerance_rel, or low and high")
    low, high = table.number("low", -inf), table.number("high", inf)
    if low > high:
        raise table.wrong("low", f"is {low:g}, above high {high:g}; exchange them")
    return low, high


def _around(table: Table, value: float) -> tuple[float, float]:
    """The band of a value: the wider of tolerance_abs [unit] and tolerance_rel [share of the value]."""
    if "tolerance_abs" not in table and "tolerance_rel" not in table:
        raise table.wrong("value", "has no tolerance; add tolerance_abs (in the unit) or tolerance_rel (0.01 = 1 %)")
    share = table.number("tolerance_rel", 0.0, least=0.0)
    half = max(table.number("tolerance_abs", 0.0, least=0.0), abs(value) * share)
    return value - half, value + half
