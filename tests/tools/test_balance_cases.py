"""Cases of the kind "balance": annex J holds, series and CSV tables are read, and what is wrong is said by name."""

import json
from pathlib import Path

import pytest

from tools import validate
from tools.cases.read import CASES, Figure, read, runner

ANNEX = CASES / "balance"


def figures(folder: Path, text: str) -> dict[tuple[str, str], Figure]:
    (folder / "one.toml").write_text('kind = "balance"\n' + text)
    (case,) = read(folder)
    return {(f.quantity, f.at): f for f in runner("balance")(case)}


def problem(folder: Path, text: str) -> str:
    (folder / "one.toml").write_text('kind = "balance"\n' + text)
    result = validate.validate(folder, progress=lambda stage, done: None)
    (found,) = result["problems"]
    return found["problem"]


POWER = """
[[weight]]
carrier = "electricity"
nonrenewable = 2.0
co2_kg_kwh = 0.4
"""


def test_all_nine_of_annex_j_hold_in_both_steps() -> None:
    result = validate.validate(ANNEX, progress=lambda stage, done: None)
    assert result["problems"] == []
    assert (result["held"], result["total"]) == (54, 54)
    assert len({row["case"] for row in result["cases"]}) == 9


def test_our_copy_of_annex_j_is_that_of_the_reference(shared: Path) -> None:
    theirs = json.loads((shared / "reference" / "iso52000_annexJ_examples.json").read_text())["cases"]
    ours = {case.name: case for case in read(ANNEX)}
    for example in theirs:
        case = ours["annex-" + example["case"].split("_")[1]]
        for e in case.expect:
            key = {"primary_renewable": "ren", "primary_nonrenewable": "nren", "co2": "co2"}[e.quantity]
            published = example["expected"]["a" if e.at == ("A",) else "b"][key]
            assert (e.low[0] + e.high[0]) / 2.0 == pytest.approx(published, abs=1e-9)
            assert e.high[0] - e.low[0] <= 0.1 + 1e-9


def test_energies_and_factors_come_from_columns_of_a_series(tmp_path: Path) -> None:
    (tmp_path / "hours.csv").write_text("use,sun,grid\n5,0,0.8\n0,5,0.1\n")
    found = figures(tmp_path, """series = "hours.csv"
[[use]]
carrier = "electricity"
energy = "use"
[[made]]
carrier = "electricity"
energy = "sun"
[[weight]]
carrier = "electricity"
nonrenewable = 2.0
co2_kg_kwh = "grid"
""")  # fmt: skip
    assert found["co2", "A"].value == pytest.approx(4.0)
    assert found["co2", ""].value == pytest.approx(3.5)
    assert found["delivered", "electricity"].value == pytest.approx(5.0)
    assert found["exported_to_grid", "electricity"].value == pytest.approx(5.0)


def test_rows_may_stand_in_a_csv_file(tmp_path: Path) -> None:
    (tmp_path / "uses.csv").write_text("carrier,service,energy\nelectricity,lighting,30\nelectricity,non-epb,10\n")
    found = figures(tmp_path, 'use = "uses.csv"\n[[made]]\ncarrier = "electricity"\nenergy = 35\n' + POWER)
    assert found["used_inside", "electricity"].value == pytest.approx(30.0)
    assert found["exported_to_other", "electricity"].value == pytest.approx(5.0)


def test_load_matching_halves_what_meets_at_balance(tmp_path: Path) -> None:
    text = '[[use]]\ncarrier = "electricity"\nenergy = 100\n[[made]]\ncarrier = "electricity"\nenergy = 100\n' + POWER
    assert figures(tmp_path, text)["primary_nonrenewable", "A"].value == pytest.approx(0.0)
    matched = figures(tmp_path, "load_matching = true\n" + text)
    assert matched["primary_nonrenewable", "A"].value == pytest.approx(100.0)
    assert matched["primary_nonrenewable", ""].value == pytest.approx(0.0)


USE = '[[use]]\ncarrier = "electricity"\nenergy = {energy}\n'


@pytest.mark.parametrize(
    ("text", "words"),
    [(USE.format(energy=10), 'has no row for electricity, flow "delivered"'),
     ("k_exp = 1.5\n" + USE.format(energy=10) + POWER, "k_exp"),
     ("kexp = 1\n" + USE.format(energy=10) + POWER, "k_exp"),
     (USE.format(energy=-1) + POWER, "negative"),
     (USE.format(energy='"sun"') + POWER, "a column of the series"),
     (USE.format(energy="[1, 2]") + USE.format(energy="[1, 2, 3]") + POWER, "has 2 values, others 3"),
     (USE.format(energy="[1, 2]") + USE.format(energy=3) + POWER, "step by step"),
     (POWER, "at least one"),
     (USE.format(energy="[1, 2]") + POWER.replace("0.4", "[1, 2, 3]"), "co2_kg_kwh has 3 values, the energies 2"),
     (USE.format(energy=1) + POWER + 'flow = "sold"\n', 'is "sold"; give one of delivered')],
)  # fmt: skip
def test_what_is_wrong_is_said_by_file_and_key(tmp_path: Path, text: str, words: str) -> None:
    found = problem(tmp_path, text)
    assert found.startswith("one.toml")
    assert words in found
