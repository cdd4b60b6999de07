"""One table of a case file, read with a type and a range per key; what nobody asked for is refused by name.

A kind asks for every key it knows (`number`, `text`, `tables`, ...) and ends with `close()`: a key of the file that was
never asked for is then a spelling mistake, and the nearest key that was asked for is offered.
"""

from __future__ import annotations

import csv
import difflib
import gzip
import math
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from network.problems import Refused

_NONE: Any = object()
T = TypeVar("T")


class Table:
    """Keys and values of a table, or a row of a CSV file, and where it stands in its file."""

    def __init__(self, values: dict[str, Any], *, where: str, find: Callable[[str], Path | None]) -> None:
        self.values = values
        self.where = where
        """For messages: "600.toml: window.south"."""
        self._find = find
        self._asked: set[str] = set()
        self._children: dict[str, list[Table]] = {}

    def __contains__(self, key: str) -> bool:
        self._asked.add(key)
        return key in self.values

    def wrong(self, key: str, sentence: str) -> Refused:
        """A refusal that names file, table and key: "600.toml: window.south.width_m is -2, but ..."."""
        dot = "." if ": " in self.where else ": "
        return Refused(f"{self.where}{dot}{key} {sentence}")

    def number(
        self, key: str, default: float = _NONE, *, least: float = -math.inf, most: float = math.inf,
        above: float = -math.inf,
    ) -> float:  # fmt: skip
        """A finite number within least..most and greater than `above`; no default: the key must be there."""
        value = self._value(key, default)
        if value is default and key not in self.values:
            return default
        return self._number(key, value, least=least, most=most, above=above)

    def whole(self, key: str, default: int = _NONE, *, least: int = 0) -> int:
        """A whole number of at least `least`."""
        value = self._value(key, default)
        if value is default and key not in self.values:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value) or value < least:
            raise self.wrong(key, f"is {value!r}; give a whole number of at least {least}")
        return int(value)

    def numbers(
        self, key: str, default: Sequence[float] = _NONE, *, count: Sequence[int] = (), least: float = -math.inf
    ) -> list[float]:  # fmt: skip
        """A list of finite numbers, as many as one of `count` says; a single number counts as a list of one."""
        value = self._value(key, default)
        items = list(value) if isinstance(value, list | tuple) else [value]
        if count and len(items) not in count:
            raise self.wrong(key, f"has {len(items)} values; give {' or '.join(map(str, count))}")
        return [self._number(key, item, least=least, most=math.inf, above=-math.inf) for item in items]

    def text(self, key: str, default: str = _NONE, *, choices: Sequence[str] = ()) -> str:
        """A word; a number is taken as its digits, so name = 600 is the name "600"."""
        value = self._value(key, default)
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = str(value)
        if value is not default and not isinstance(value, str):
            raise self.wrong(key, f"is {value!r}; give a text in quotes")
        if choices and value not in choices and value is not default:
            raise self.wrong(key, f'is "{value}"; give one of {", ".join(choices)}{nearest(value, choices)}')
        return value

    def pick(self, key: str, known: Mapping[str, T], *, so: str = "which the case does not have") -> T:
        """What of `known` the text of `key` names; `so` tells what follows where there is none of that name."""
        name = self.text(key)
        if name not in known:
            raise self.wrong(key, f'is "{name}", {so}{nearest(name, sorted(known))}')
        return known[name]

    def flag(self, key: str, default: bool = _NONE) -> bool:
        """True or false."""
        value = self._value(key, default)
        if not isinstance(value, bool):
            raise self.wrong(key, f"is {value!r}; give true or false")
        return value

    def path(self, key: str) -> Path:
        """An existing file: beside the case file, under the folder of cases, under the shared folder; also as .gz."""
        name = self.text(key)
        found = self._find(name)
        if found is None:
            raise self.wrong(key, f'names "{name}", which lies neither beside the case file, nor under the folder of '
                                  "cases, nor under the shared folder (set SURPLUS_SHARED to it)")  # fmt: skip
        return found

    def within(self, key: str, name: str) -> Path:
        """The file `name` of the folder that `key` names; looked for as `path` does, also as .gz."""
        found = self._find(f"{self.text(key)}/{name}")
        if found is None:
            raise self.wrong(key, f'names "{self.text(key)}", in which there is no {name}; it is looked for beside the '
                                  "case file, under the folder of cases and under the shared folder")  # fmt: skip
        return found

    def table(self, key: str) -> Table:
        """The table `key`; empty where the file has none."""
        value = self._value(key, {})
        if not isinstance(value, dict):
            raise self.wrong(key, f"is {value!r}; give a table of keys, [{key}]")
        return self._below(key, {key: value})[0]

    def tables(self, key: str, *, loose: bool = False) -> list[Table]:
        """Rows: [[key]] tables, or a CSV file named by `key`, one row each with its header as keys; else none.

        `loose`: rows of a CSV file may have columns that nobody asks for.
        """
        value = self._value(key, [])
        if isinstance(value, str):
            rows = self._below(key, {f"{key} ({value} line {n})": row for n, row in enumerate(self._rows(key), 2)})
            return self._children.pop(key) if loose else rows
        if not isinstance(value, list) or not all(isinstance(v, dict) for v in value):
            raise self.wrong(key, f"is not a list of tables; write [[{key}]] for each, or name a CSV file")
        return self._below(key, {f"{key}[{n}]": v for n, v in enumerate(value, 1)})

    def named(self, key: str) -> dict[str, Table]:
        """Tables by name: [key.NAME], or a CSV file with a column `name`; else none."""
        value = self._value(key, {})
        if isinstance(value, str):
            rows = self._rows(key)
            if any("name" not in row for row in rows):
                raise self.wrong(key, f'names "{value}", which has no column "name"')
            value = {str(row.pop("name")): row for row in rows}
        if not isinstance(value, dict) or not all(isinstance(v, dict) for v in value.values()):
            raise self.wrong(key, f"is not a set of named tables; write [{key}.NAME] for each, or name a CSV file")
        below = self._below(key, {f"{key}.{name}": v for name, v in value.items()})
        return dict(zip(value, below, strict=True))

    def raw(self, key: str, default: Any = _NONE) -> Any:
        """The value as it stands in the file, for what the methods above cannot say."""
        return self._value(key, default)

    def close(self) -> None:
        """Refuse the first key, here or below, that was never asked for.

        Raises:
            Refused: naming it and the nearest known key.
        """
        for key in self.values:
            if key not in self._asked:
                raise self.wrong(key, f"is not a key of this table{nearest(key, sorted(self._asked))}")
        for children in self._children.values():
            for child in children:
                child.close()

    def _below(self, key: str, tables: dict[str, dict[str, Any]]) -> list[Table]:
        """The tables under `key` by what messages call them; the same ones however often they are asked for."""
        if key not in self._children:
            dot = "." if ": " in self.where else ": "
            self._children[key] = [Table(v, where=self.where + dot + n, find=self._find) for n, v in tables.items()]
        return self._children[key]

    def _value(self, key: str, default: Any) -> Any:
        self._asked.add(key)
        if key in self.values:
            return self.values[key]
        if default is _NONE:
            close = difflib.get_close_matches(key, [k for k in self.values if k not in self._asked], 1)
            raise self.wrong(key, f"is missing{f'; did {close[0]} mean it?' if close else ''}")
        return default

    def _number(self, key: str, value: Any, *, least: float, most: float, above: float) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise self.wrong(key, f"is {value!r}; give a finite number")
        if not least <= value <= most or value <= above:
            limits = [f"more than {above:g}" if above > -math.inf else "", f"at least {least:g}" if least > -math.inf
                      else "", f"at most {most:g}" if most < math.inf else ""]  # fmt: skip
            raise self.wrong(key, f"is {value:g}; give {' and '.join(w for w in limits if w)}")
        return float(value)

    def _rows(self, key: str) -> list[dict[str, Any]]:
        path = self.path(key)
        opened = gzip.open if path.suffix == ".gz" else open
        try:
            with opened(path, "rt", newline="", encoding="utf-8-sig") as f:
                rows = list(csv.DictReader(f))
        except (UnicodeDecodeError, csv.Error, EOFError, zlib.error, OSError) as e:
            raise self.wrong(key, f"names {path.name}, which cannot be read as CSV: {e}") from e
        return [{k: _parsed(v) for k, v in row.items() if k and v not in ("", None)} for row in rows]


def nearest(word: str, known: Sequence[str]) -> str:
    """'; the nearest known is "width_m"', or the known ones where none is near."""
    close = difflib.get_close_matches(word, known, 1, 0.5)
    if close:
        return f'; the nearest known is "{close[0]}"'
    return f"; known are {', '.join(known)}" if known else ""


def _parsed(cell: str) -> Any:
    try:
        return int(cell)
    except ValueError:
        pass
    try:
        return float(cell)
    except ValueError:
        return cell.strip()
