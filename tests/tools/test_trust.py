"""The page that says how far to trust the figures holds the table that the cases give today."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from network.problems import Refused
from tools import trust


def row(case: str, value: float, *, holds: bool = True) -> dict[str, object]:
    return {"case": case, "kind": "envelope", "quantity": "annual_heating", "value": value, "low": 3.0, "high": 5.0,
            "unit": "MWh", "source": "six programs; a guide", "holds": holds, "margin": min(value - 3.0, 5.0 - value),
            "note": ""}  # fmt: skip


def test_a_row_names_the_closest_figure_or_every_miss() -> None:
    held = trust.table({"cases": [row("a", 4.0), row("b", 3.1)]})
    assert "| rooms and sun | 2 of 2 | b annual_heating 3.1 in 3 to 5 MWh | six programs |" in held
    missed = trust.table({"cases": [row("a", 4.0), row("b", 2.0, holds=False)]})
    assert "| 1 of 2 | **outside** b annual_heating 2 in 3 to 5 MWh |" in missed


def test_the_table_stands_between_the_marks_and_nowhere_else(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{trust.BEGIN}\nold\n{trust.END}\nafter\n", encoding="utf-8")
    for _ in range(2):
        trust.write(page, {"cases": [row("a", 4.0)]})
    text = page.read_text(encoding="utf-8")
    assert text.startswith("before\n") and text.endswith("after\n") and "old" not in text
    assert text.count("annual_heating") == 1


def test_a_page_without_marks_is_refused_and_stays_as_it_is(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("mine", encoding="utf-8")
    with pytest.raises(Refused, match="no place for the table"):
        trust.write(page, {"cases": []})
    assert page.read_text(encoding="utf-8") == "mine"
    with pytest.raises(Refused, match="cannot read"):
        trust.write(tmp_path / "none.md", {"cases": []})


def test_the_shipped_page_says_what_the_cases_say(every_case: dict[str, Any]) -> None:
    """Counts and misses of every row; figures may move in their last digit from one machine to the next."""
    def said(table: str) -> list[tuple[str, ...]]:
        rows = [line.split("|") for line in table.splitlines() if line.startswith("| ")]
        return [(r[1], r[2], ", ".join(re.findall(r"\*\*outside\*\* \S+ \S+", r[3])), r[4]) for r in rows]

    text = trust.PAGE.read_text(encoding="utf-8")
    shipped = text[text.index(trust.BEGIN) : text.index(trust.END)]
    today = trust.table(every_case)
    assert said(shipped) == said(today), "run `surplus validate --page` on the page again"
