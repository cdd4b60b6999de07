"""`surplus explain`: what is behind the figures of one building in one step, as JSON or as a table."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from network import moment
from network.problems import Refused
from network.terms import Term, shown

NEAREST = 4


def explain(
    folder: Path, building: str, time: str, *, layers: str = "", catalogue: str = "",
    progress: Callable[[str, float], None] = lambda stage, done: None,
) -> dict[str, Any]:  # fmt: skip
    """The sums behind `building` (id or name) of the package in `folder` in the step that holds `time`.

    `layers`, `catalogue`: as of `surplus simulate`. Values are SI, as in network/terms.py.

    Raises:
        Refused: package, weather, layers or time cannot be used, or no building goes by that name.
    """
    from sim import cache, package, prepare, solar, weather
    from sim import explain as why
    from sim import layers as layer_kinds
    from tools.simulate import choices_of

    read = package.load(folder)
    row = _row(read.district.building.id, read.district.building.name, building)
    sky = weather.read_epw(read.weather_path)
    place = read.district.place
    time_s, note = moment.seconds(time, year=place.year, zone=place.zone, utc_offset_s=place.utc_offset_s)
    at = int(time_s // sky.step_s) % sky.steps
    light = solar.solar(read.district, sky, cache=cache.folder() / "solar", progress=progress)
    kinds = layer_kinds.named(catalogue)
    district = layer_kinds.apply(read.district, choices_of(layers, kinds), kinds)
    case = prepare.prepare(district, light, sky)
    sums = why.explain(district, light, sky, case, why.of_nothing, row, at)
    begin = datetime(place.year, 1, 1) + timedelta(seconds=at * sky.step_s)
    return {
        "package": str(folder), "building": district.building.id[row], "name": district.building.name[row],
        "begin": begin.isoformat(), "end": (begin + timedelta(seconds=sky.step_s)).isoformat(), "note": note,
        "time": "local standard time", "sums": [msgspec.to_builtins(s) for s in sums],
    }  # fmt: skip


def _row(ids: Sequence[str], names: Sequence[str], building: str) -> int:
    """Row of the building with this id, else of the only one with this name."""
    if building in ids:
        return ids.index(building)
    named = [k for k, name in enumerate(names) if name == building]
    if len(named) == 1:
        return named[0]
    if named:
        listed = ", ".join(ids[k] for k in named[:NEAREST])
        raise Refused(f"{len(named)} buildings are called {building!r}; give the id of one: {listed}", code=2)
    known = dict.fromkeys([*names, *ids])
    near = difflib.get_close_matches(building, known, n=NEAREST, cutoff=0.4) or list(known)[:NEAREST]
    raise Refused(f"there is no building {building!r}; the nearest names are {', '.join(near)}", code=2)


def page(result: dict[str, Any]) -> str:
    """The sums for people: every term with its unit, and under it what it follows from."""
    day, begin = result["begin"].split("T")
    words = [f"{result['name']} ({result['building']}), {day} {begin[:5]} to {result['end'][11:16]}, {result['time']}"]
    words += [f"note: {result['note']}"] if result["note"] else []
    for s in result["sums"]:
        terms = [msgspec.convert(t, Term) for t in s["terms"]]
        words += ["", f"{s['label']}: terms that add up to zero"]
        for t in terms:
            words += _lines(t, 1)
        total, unit = shown(Term("sum", "", sum(t.value for t in terms), "W"))
        words.append(f"  {'sum':<44}{round(total, 6) + 0.0:>12,.3f} {unit:<6}  {s['residual']:.0e} of what moves")
    return "\n".join(words)


def _lines(t: Term, depth: int) -> list[str]:
    value, unit = shown(t)
    number = f"{value:,.3f}" if abs(value) >= 0.1 or value == 0.0 else f"{value:.3g}"
    behind = "  ".join(x for x in (t.equation, f"[{t.source}]" if t.source else "") if x)
    line = f"{'  ' * depth + t.label:<46}{number:>12} {unit:<6}  {behind}".rstrip()
    return [line, *(x for i in t.inputs for x in _lines(i, depth + 1))]
