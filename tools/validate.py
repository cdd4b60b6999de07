"""`surplus validate`: published cases run by the product's own physics and held against what was published.

Format of the cases: tests/cases/README.md. A case that cannot be read or computed is a sentence; the others still run.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from network.problems import Refused
from tools.cases import read, verdict
from tools.cases.read import Broken, Case

Progress = Callable[[str, float], None]
_FEW = 3
"""Up to as many cases that expect nothing are printed with all their figures."""
_TELLING = 4
"""As many figures of a case fit a line: the first that are one of a kind and not 0."""


def validate(folder: Path | None, *, progress: Progress) -> dict[str, Any]:
    """Run every case under `folder`, or the project's own: {cases, figures, remarks, problems, held, total}.

    cases: one dict per expectation with file, case, kind, quantity, value, low, high, unit, source, holds, margin and
    note. figures: all figures of the cases that expect nothing. remarks: {remark, cases} of what was found in their
    inputs. problems: {file, case, problem} of what did not run.

    Raises:
        Refused: no folder, or no case in it.
    """
    cases = read.read(folder or _own())
    rows: list[dict[str, Any]] = []
    figures: list[dict[str, Any]] = []
    problems: list[dict[str, str]] = []
    remarks: dict[str, list[str]] = {}
    for n, case in enumerate(cases):
        progress("cases", n / len(cases))
        made: list[read.Figure] = []
        why = case.sentence if isinstance(case, Broken) else ""
        if isinstance(case, Case):
            made, why = _computed(case)
            for remark in case.remarks:
                remarks.setdefault(remark, []).append(case.name)
            kept = [verdict.judge(case.name, case.kind, e, made) if not why
                    else verdict.unknown(case.name, case.kind, e, "did not run") for e in case.expect]  # fmt: skip
            file = str(case.file)
            rows += [{"file": file, **_plain(asdict(row))} for row in kept]
            if not case.expect:
                figures += [{"file": file, "case": case.name, "kind": case.kind, **_plain(asdict(f))} for f in made]
        if why:
            problems.append({"file": str(case.file), "case": case.name, "problem": why})
    progress("cases", 1.0)
    held = sum(r["holds"] for r in rows)
    return {"cases": rows, "figures": figures,
            "remarks": [{"remark": r, "cases": names} for r, names in remarks.items()], "problems": problems,
            "held": held, "total": len(rows)}  # fmt: skip


def holds(result: dict[str, Any]) -> bool:
    """Whether every expectation holds and every case ran."""
    return bool(result["held"] == result["total"] and not result["problems"])


def page(result: dict[str, Any]) -> str:
    """The result as a table, one line an expectation, what does not hold last once more."""
    width = max([len(r["quantity"]) for r in result["cases"]] + [8])
    name = max([len(r["case"]) for r in (*result["cases"], *result["figures"])] + [4])
    lines = [_line(r, name, width) for r in result["cases"]]
    lines += _unjudged(result["figures"], name)
    missed = [r for r in result["cases"] if not r["holds"]]
    lines += [f"note: {r['remark']} ({_some(r['cases'])})" for r in result["remarks"]]
    lines += [f"not run: {p['problem']}" for p in result["problems"]]
    lines.append(f"{result['held']} of {result['total']} hold" + _many(len(result["problems"])))
    if missed and len(result["cases"]) > 40:
        lines += ["what does not hold:", *(_line(r, name, width) for r in missed)]
    return "\n".join(lines)


def _unjudged(figures: list[dict[str, Any]], name: int) -> list[str]:
    """Figures of cases that expect nothing: all of a few cases, of many a line each."""
    cases: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for f in figures:
        cases.setdefault((f["file"], f["case"]), []).append(f)
    lines = []
    for (_, case), made in cases.items():
        said = [f"{f['quantity']}{' at ' * bool(f['at'])}{f['at']} = {_figure(f['value'])} {f['unit']}" for f in made]
        if len(cases) > _FEW:
            telling = [s for s, f in zip(said, made, strict=True) if not f["at"] and f["value"]] or said
            lines.append(f"       {case:<{name}} {', '.join(telling[:_TELLING])}")
        else:
            lines += [f"       {case:<{name}} {s}{'  ' * bool(f['note'])}{f['note']}"
                      for s, f in zip(said, made, strict=True)]  # fmt: skip
    if len(cases) > _FEW:
        lines.append(f"{len(cases)} cases expect nothing; --json, or one of them alone, gives all of their figures")
    return lines


def _own() -> Path:
    if not read.CASES.is_dir():
        raise Refused("an installed surplus carries no cases: get the folder tests/cases of its source, "
                      "and give it: surplus validate DIR", code=2)  # fmt: skip
    return read.CASES


def _computed(case: Case) -> tuple[list[read.Figure], str]:
    """The case's figures, or why there are none: one broken case must not take the others with it."""
    try:
        run = read.runner(case.kind)
        figures = run(case)
        case.inputs.close()
    except Refused as e:
        # what a weather file or a grid file is refused for does not say which case wanted it
        return [], str(e) if str(e).startswith(case.file.name) else f"{case.inputs.where}: {e}"
    except Exception as e:
        return [], f"{case.file.name} ({case.name}): unexpected {type(e).__name__}: {e}; please report it"
    return figures, ""


def _plain(made: dict[str, Any]) -> dict[str, Any]:
    """JSON has no infinity and no nan."""
    return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in made.items()}


def _line(r: dict[str, Any], name: int, width: int) -> str:
    word = "holds " if r["holds"] else "MISSED"
    low, high = (_figure(r[k]) if r[k] is not None else "" for k in ("low", "high"))
    value = _figure(r["value"])
    note = f"  {r['note']}" if r["note"] else ""
    return f"{word} {r['case']:<{name}} {r['quantity']:<{width}} {value:>10}  {low:>10} .. {high:<10} {r['unit']}{note}"


def _figure(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.6g}" if value == 0.0 or 1e-3 <= abs(value) < 1e7 else f"{value:.3e}"


def _some(names: list[str]) -> str:
    return ", ".join(names) if len(names) <= 3 else f"{len(names)} cases"


def _many(problems: int) -> str:
    return "" if not problems else f", {problems} case{'s' if problems > 1 else ''} did not run"
