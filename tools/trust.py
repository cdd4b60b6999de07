"""The table of the page "How far to trust this": what `surplus validate` held, by kind of case and source."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from network.problems import Refused

PAGE = Path(__file__).resolve().parent.parent / "assets" / "docs" / "how-far-to-trust-this.md"
BEGIN, END = "<!-- cases: written by `surplus validate --page` -->", "<!-- end of cases -->"
_KINDS = {
    "envelope": "rooms and sun", "iso13790-hour": "5R1C, the cross-check", "cea": "heating of a district",
    "pv": "modules",
    "grid": "power flow", "heatnet": "heat network", "balance": "energy balance", "heat-pump": "heat pumps",
}  # fmt: skip
"""What a kind of case is about; others keep their name."""


def table(result: dict[str, Any]) -> str:
    """Markdown: a row for each kind and source with how many figures held, the closest of them, and every miss."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in result["cases"]:
        groups.setdefault((row["kind"], _source(row["source"])), []).append(row)
    lines = ["| part | held | closest to its bounds, or outside | published by |", "|---|---|---|---|"]
    order = [*_KINDS, *sorted({kind for kind, _ in groups} - set(_KINDS))]
    for (kind, source), rows in sorted(groups.items(), key=lambda g: (order.index(g[0][0]), g[0][1])):
        missed = [r for r in rows if not r["holds"]]
        shown = missed or [min(rows, key=_room)]
        words = "; ".join(("**outside** " if missed else "") + _line(r) for r in shown)
        lines.append(f"| {_KINDS.get(kind, kind)} | {len(rows) - len(missed)} of {len(rows)} | {words} | {source} |")
    return "\n".join(lines)


def write(page: Path, result: dict[str, Any]) -> None:
    """Put the table between the page's two marks.

    Raises:
        Refused: the page cannot be read or has no marks.
    """
    try:
        text = page.read_text(encoding="utf-8")
    except OSError as e:
        raise Refused(f"cannot read {page} ({e.strerror}); give the page that holds the table") from e
    begin, end = text.find(BEGIN), text.find(END)
    if begin < 0 or end < begin:
        raise Refused(f"{page} has no place for the table; write the lines {BEGIN!r} and {END!r} where it belongs")
    page.write_text(f"{text[: begin + len(BEGIN)]}\n\n{table(result)}\n\n{text[end:]}", encoding="utf-8")


def _source(text: str) -> str:
    """The series that a source belongs to: one row for all feeders of a library, not one each."""
    head = text.split(";")[0]
    return head.split(", create_")[0] + " (Kerber, CIGRE)" if ", create_" in head else head.replace("|", "/")


def _room(row: dict[str, Any]) -> float:
    """Room to the nearer bound as a share of the band's half width: 1 = in the middle."""
    if row["margin"] is None:
        return -1.0
    half = 0.5 * (row["high"] - row["low"]) if row["low"] is not None and row["high"] is not None else abs(row["value"])
    return float(row["margin"] / half) if half > 0.0 else 0.0


def _line(row: dict[str, Any]) -> str:
    def figure(value: float | None) -> str:
        return "" if value is None else f"{value:.4g}"

    value = "none" if row["value"] is None else figure(row["value"])
    many = f" ({row['note']})" if " of " in row["note"] else ""
    band = f"{figure(row['low'])} to {figure(row['high'])} {row['unit']}"
    return f"{row['case']} {row['quantity']} {value} in {band}{many}"
