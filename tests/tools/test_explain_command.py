"""surplus explain as somebody types it: a table, JSON, words for who mistypes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sim import package

ROOT = Path(__file__).resolve().parents[2]


def _surplus(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "tools.main", "explain", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
                          check=False, timeout=180)  # fmt: skip


@pytest.fixture(scope="module")
def house(demo_package: Path) -> str:
    """A heated house of the demo with a roof for modules."""
    b = package.load(demo_package).district.building
    return next(i for i, w, n in zip(b.id, b.heat_limit_w, b.name, strict=True) if w > 5e3 and n.startswith("House"))


def test_json_holds_sums_of_terms_that_are_zero(demo_package: Path, house: str) -> None:
    done = _surplus(demo_package, house, "2025-01-21T07:30", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["building"], told["begin"], told["end"]) == (house, "2025-01-21T07:00:00", "2025-01-21T08:00:00")
    assert [s["name"] for s in told["sums"]] == ["power", "supply", "heat"]
    for s in told["sums"]:
        assert abs(sum(t["value"] for t in s["terms"])) < 1e-6 * sum(abs(t["value"]) for t in s["terms"])
        assert all(t["unit"] == "W" and t["equation"] and t["source"] for t in s["terms"])
    heat = {t["name"]: t for t in told["sums"][2]["terms"]}
    assert heat["heating"]["value"] > 1000.0
    assert heat["walls"]["value"] < 0.0


def test_a_table_shows_sums_and_what_modules_follow_from(demo_package: Path, house: str) -> None:
    done = _surplus(demo_package, house, "2025-06-21T14:00", "--layers", "solar:share=90")
    assert done.returncode == 0, done.stderr
    page = done.stdout
    for words in (house, "Power: terms that add up to zero", "Cell temperature", "Cosine of incidence", "[building]",
                  "Sun through windows", "°C", "W/m²"):  # fmt: skip
        assert words in page
    sums = [line.split() for line in page.splitlines() if line.startswith("  sum ")]
    assert [words[1:3] for words in sums] == [["0.000", "kW"]] * 3


def test_who_mistypes_gets_one_sentence(demo_package: Path, house: str) -> None:
    mistyped = [
        ("Huose 12", "2025-06-21T14:00", ["no building 'Huose 12'", "House 1"]),
        ("", "2025-06-21T14:00", ["no building"]),
        (house, "tomorrow", ["'tomorrow' is no time"]),
    ]
    with ThreadPoolExecutor(2) as two:
        told = list(two.map(lambda m: _surplus(demo_package, m[0], m[1]), mistyped))
    for done, (_, _, words) in zip(told, mistyped, strict=True):
        assert done.returncode == 2
        assert done.stdout == ""
        assert "Traceback" not in done.stderr
        for word in words:
            assert word in done.stderr
