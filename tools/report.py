"""What a build found, dropped and inferred: as data for the package, as text for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from network.schema import Problem
from tools.city import MOST_VERTICES, City

Inferred = tuple[str, str, str, str]
FEW = 3
"""Ids named in a sentence."""


@dataclass(frozen=True)
class Report:
    """The outcome of a build."""

    name: str
    place: str
    """CRS, country, zone, year in words."""
    counts: dict[str, int]
    """Buildings, surfaces, tiles, lines, ..."""
    totals: dict[str, float]
    """Areas in m2 and volume in m3 over the district."""
    inferred: dict[str, int] = field(default_factory=dict)
    """Rows whose values were not in the source, by `axis.column: rule`."""
    problems: tuple[Problem, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)
    """Time by stage."""

    def facts(self) -> dict[str, Any]:
        """JSON-ready, the same for the same input: without times; problems are kept by the package itself."""
        return {k: v for k, v in asdict(self).items() if k not in ("problems", "seconds")}

    def text(self) -> str:
        """A page for people."""
        lines = [f"{self.name}: {self.place}"]
        lines += [f"  {count:>7,} {what}" for what, count in self.counts.items()]
        lines += [f"  {value:>12,.0f} {what}" for what, value in self.totals.items()]
        if self.inferred:
            lines.append("Not in the source:")
            lines += [f"  {count:>7,} {rule}" for rule, count in self.inferred.items()]
        if self.problems:
            lines.append("Worth knowing:")
            lines += [f"  {p.message}" for p in self.problems]
        lines.append(f"Built in {sum(self.seconds.values()):.1f} s")
        return "\n".join(lines)


def by_rule(inferred: Sequence[Inferred], rows: Mapping[str, int]) -> dict[str, int]:
    """Number of rows that a rule filled, by `axis.column: rule`, most frequent first.

    Columns that a rule filled in as many rows share a line. `rows`: length of each axis, for the id `*`.
    """
    count: Counter[tuple[str, str, str]] = Counter()
    for axis, id_, column, rule in inferred:
        count[axis, rule, column] += rows[axis] if id_ == "*" else 1
    together: dict[tuple[str, str, int], list[str]] = {}
    for (axis, rule, column), number in count.most_common():
        together.setdefault((axis, rule, number), []).append(column)
    return {
        f"{axis}.{columns[0]}{f' and {len(columns) - 1} more' if len(columns) > 1 else ''}: {rule}": number
        for (axis, rule, number), columns in together.items()
    }


def of_city(city: City) -> list[Problem]:
    """What was left out while reading one file."""
    found = []
    for kind, ids in sorted(city.unknown.items()):
        found.append(problem("unknown-object", ids, f"of the unknown type {kind!r} left out", file=city.file))
    if city.skipped:
        each = ", ".join(f"{count} {kind}" for kind, count in sorted(city.skipped.items()))
        total = sum(city.skipped.values())
        found.append(
            Problem("other-object", f"{city.file}: {total} objects left out, no buildings nor ground ({each})", total)
        )
    if city.without_geometry:
        found.append(problem("no-geometry", city.without_geometry, "without a volume left out", file=city.file))
    if city.broken:
        found.append(problem("broken-geometry", city.broken, "with broken geometry left out", file=city.file))
    if city.repaired:
        what = "whose footprint crossed itself: its parts with an area count"
        found.append(problem("repaired-footprint", city.repaired, what, file=city.file))
    if city.repeated:
        what = "whose key the file gives more than once: the last of them counts"
        found.append(problem("repeated-key", city.repeated, what, file=city.file))
    if city.large:
        found.append(problem("too-large", city.large, f"with over {MOST_VERTICES:,} vertices left out", file=city.file))
    if city.broken_soil:
        what = "of ground with broken geometry left out"
        found.append(problem("broken-ground", city.broken_soil, what, file=city.file))
    return found


def of_shapes(
    degenerate: int, open_ids: Sequence[str], uncut: int, *, dropped: Sequence[str], flat: Sequence[str]
) -> list[Problem]:
    """What the geometry of the whole district lacks."""
    found = []
    if degenerate:
        found.append(Problem("degenerate-face", f"{degenerate} polygons without area left out", degenerate))
    if open_ids:
        found.append(problem("open-shell", open_ids, "with an open shell: volume is footprint times mean height"))
    if flat:
        found.append(problem("no-geometry", flat, "without a roof or ground left out"))
    if uncut:
        found.append(Problem("uncut-face", f"{uncut} polygons cross themselves and are not drawn", uncut))
    if dropped:
        found.append(problem("overlap", dropped, "dropped where inputs overlap: the first input's geometry counts"))
    return found


def of_twins(twins: Sequence[str]) -> list[Problem]:
    """Ids that a file gives twice."""
    return [problem("duplicate-id", twins, "left out whose id an earlier one of the same file has")] if twins else []


def of_modules(homeless: Sequence[str]) -> list[Problem]:
    """Solar modules of the source that no roof can carry."""
    return [problem("modules-without-roof", homeless, "with modules but no roof for them")] if homeless else []


def problem(code: str, ids: Sequence[str], what: str, *, file: str = "") -> Problem:
    """FILE: N objects WHAT (the first ids)."""
    named = ", ".join(ids[:FEW]) + (", ..." if len(ids) > FEW else "")
    noun = "object" if len(ids) == 1 else "objects"
    return Problem(code, f"{file and file + ': '}{len(ids)} {noun} {what} ({named})", len(ids), tuple(ids))
