"""`surplus validate` as a stranger uses it: a folder of case files, what holds, what is refused and by which words."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from network.problems import Refused
from tools import main, validate
from tools.cases import read, verdict
from tools.cases.read import Broken, Case, Expect, Figure

POINTS = """
kind = "heat-pump"
source = "a data sheet"
point = [{ name = "A7/W35", source_c = 7, sink_c = 35 }, { name = "A2/W35", source_c = 2, sink_c = 35 }]
"""
HOLDS = '[[expect]]\nquantity = "cop"\nat = "A7/W35"\nvalue = 3.24\ntolerance_rel = 0.01\nunit = "1"\n'


def run(folder: Path, **files: str) -> dict:
    for name, text in files.items():
        (folder / f"{name}.toml").write_text(text)
    return validate.validate(folder, progress=lambda stage, done: None)


def test_a_figure_inside_its_band_holds_and_says_by_how_much(tmp_path: Path) -> None:
    result = run(tmp_path, one=POINTS + HOLDS)
    (row,) = result["cases"]
    assert row["holds"] and validate.holds(result)
    assert (row["case"], row["quantity"], row["unit"], row["source"]) == ("one", "cop at A7/W35", "1", "a data sheet")
    assert row["low"] == pytest.approx(3.24 * 0.99) and row["high"] == pytest.approx(3.24 * 1.01)
    assert row["margin"] == pytest.approx(row["value"] - row["low"])
    assert json.loads(json.dumps(result, allow_nan=False)) == result
    assert "1 of 1 hold" in validate.page(result)


def test_a_figure_outside_its_band_does_not_and_the_page_says_so(tmp_path: Path) -> None:
    result = run(tmp_path, one=POINTS + HOLDS.replace("3.24", "4"))
    assert not validate.holds(result)
    assert result["cases"][0]["margin"] == pytest.approx(3.24 - 3.96, abs=0.01)
    assert "MISSED one" in validate.page(result) and "0 of 1 hold" in validate.page(result)


def test_a_broken_file_is_one_sentence_and_the_others_still_run(tmp_path: Path) -> None:
    result = run(tmp_path, one=POINTS + HOLDS, broken='kind = "heat-pump', other="kind = 'no such'")
    assert result["held"] == result["total"] == 1
    assert not validate.holds(result)
    told = {p["case"]: p["problem"] for p in result["problems"]}
    assert told["broken"].startswith("broken.toml is not TOML")
    assert "other.toml" in told["other"] and "give one of balance" in told["other"]


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (POINTS.replace("sink_c", "sink") + HOLDS, ["point[1].sink_c is missing", "did sink mean it?"]),
        (POINTS + "sorce = 3\n" + HOLDS, ["sorce is not a key of this table", "known are point"]),
        (POINTS.replace("= 7", "= 'warm'") + HOLDS, ["point[1].source_c is 'warm'", "finite number"]),
        (POINTS + HOLDS.replace("tolerance_rel = 0.01", ""), ["has no tolerance", "tolerance_abs"]),
        (POINTS + HOLDS.replace("value = 3.24\ntolerance_rel = 0.01", "low = 4\nhigh = 3"), ["low is 4, above high 3"]),
        (POINTS + HOLDS.replace("unit", "units"), ["unit is missing", "did units mean it?"]),
        (POINTS + HOLDS + 'base = "nowhere"\n', ["base is not a key", "expect[1]"]),
        ('base = "600x"\n', ['base = "600x" is no case', 'nearest known is "600"']),
        ('point = "none.csv"\nkind = "heat-pump"\n', ['names "none.csv"', "shared folder"]),
    ],
)  # fmt: skip
def test_what_a_file_gets_wrong_is_named(tmp_path: Path, file: str, words: list[str]) -> None:
    result = run(tmp_path, wrong=file)
    (problem,) = result["problems"]
    assert problem["problem"].startswith("wrong.toml")
    for word in words:
        assert word in problem["problem"]


def test_expectations_that_cannot_be_met_say_why(tmp_path: Path) -> None:
    file = POINTS + HOLDS.replace('"cop"', '"cup"') + HOLDS.replace("A7", "A9") + HOLDS.replace('"1"', '"kWh"')
    result = run(tmp_path, one=file)
    notes = [r["note"] for r in result["cases"]]
    assert 'nearest known is "cop"' in notes[0]
    assert 'nearest known is "A7/W35"' in notes[1]
    assert "is in 1, which is not kWh" in notes[2]
    assert result["held"] == 0 and not result["problems"]


def test_a_base_gives_what_a_case_leaves_out(tmp_path: Path) -> None:
    below = 'kind = "k"\na = 1\nlist = [1, 2]\n[t.x]\nu = 1\nv = 2\n[t.y]\nu = 3\n[[expect]]\nquantity = "q"\n'
    (tmp_path / "below.toml").write_text(below.replace('"k"', '"pv"') + "low = 1\nunit = '1'\n")
    (tmp_path / "over.toml").write_text('base = "below"\ndrop = ["t.y"]\nlist = [3]\n[t.x]\nv = 5\n')
    made = {c.name: c for c in read.read(tmp_path)}
    assert isinstance(made["over"], Case) and isinstance(made["below"], Case)
    assert made["over"].inputs.values == {"a": 1, "list": [3], "t": {"x": {"u": 1, "v": 5}}}
    assert made["over"].expect == () and len(made["below"].expect) == 1
    assert made["below"].inputs.values["t"]["y"] == {"u": 3}


def test_cases_of_one_file_share_what_stands_above_them(tmp_path: Path) -> None:
    file = POINTS + '[[case]]\nname = "a"\n[[case]]\nname = "b"\npoint = [{ source_c = -7, sink_c = 35 }]\n'
    result = run(tmp_path, group=file)
    assert [(f["case"], f["at"]) for f in result["figures"]] == [("a", "A7/W35"), ("a", "A2/W35"), ("b", "1")]
    twice = [c for c in _read(tmp_path, POINTS + '[[case]]\nname = "a"\n' * 2) if isinstance(c, Broken)]
    assert len(twice) == 2 and "two cases" in twice[0].sentence


def test_a_base_in_the_same_file_is_not_overruled_by_what_stands_above_both(tmp_path: Path) -> None:
    (tmp_path / "far.toml").write_text('kind = "pv"\na = 1\nb = 1\nc = 1\n[t]\nx = 1\ny = 1\n')
    group = 'base = "far"\nb = 2\nc = 2\nt.x = 2\n[[expect]]\nquantity = "q"\nlow = 1\nunit = "1"\n'
    group += '[[case]]\nname = "one"\nc = 3\n[[case]]\nname = "two"\nbase = "one"\na = 4\n'
    group += '[[case]]\nname = "three"\ndrop = ["t.x", "b"]\n'
    (tmp_path / "group.toml").write_text(group)
    made = {c.name: c for c in read.read(tmp_path) if isinstance(c, Case)}
    assert made["two"].inputs.values == {"a": 4, "b": 2, "c": 3, "t": {"x": 2, "y": 1}}
    assert made["three"].inputs.values == {"a": 1, "c": 2, "t": {"y": 1}}
    assert len(made["two"].expect) == len(made["three"].expect) == 1  # what stands above them is expected of each


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"\xffq\x00" * 50, "is not text in UTF-8 (byte 0)"),
        (b"a = " + b"[" * 100_000 + b"]" * 100_000, "nests its lists or tables too deep"),
        (b'base = "odd"', 'base = "odd" is the case itself'),
        (b"", "kind is missing"),
        (b'kind = "heat-pump"\npoint = "binary.csv"', "names binary.csv, which cannot be read as CSV"),
    ],
)  # fmt: skip
def test_files_that_are_none_are_a_sentence_and_the_others_run(tmp_path: Path, raw: bytes, words: str) -> None:
    (tmp_path / "odd.toml").write_bytes(raw)
    (tmp_path / "binary.csv").write_bytes(bytes(range(256)))
    (tmp_path / "marked.toml").write_bytes(b"\xef\xbb\xbf" + (POINTS + HOLDS).encode())  # as Windows' Notepad saves
    result = run(tmp_path)
    (problem,) = result["problems"]
    assert problem["problem"].startswith("odd.toml") and words in problem["problem"]
    assert result["held"] == result["total"] == 1


def _read(folder: Path, text: str) -> list[Case | Broken]:
    file = folder / "twice.toml"
    file.write_text(text)
    return read.read(file)


def test_bases_in_a_circle_and_drops_of_nothing_are_refused(tmp_path: Path) -> None:
    result = run(tmp_path, a='base = "b"', b='base = "a"', c='base = "d"\ndrop = "point.x"', d=POINTS)
    told = {p["case"]: p["problem"] for p in result["problems"]}
    assert "leads back to itself" in told["a"]
    assert 'drop names "point.x", which its base does not have' in told["c"]


def test_a_table_of_figures_is_one_line_that_of_the_worst(tmp_path: Path) -> None:
    (tmp_path / "cop.csv").write_text("bus,pu,remark\nA7/W35,3.238,x\nA2/W35,2.9,y\n")
    table = '[[expect]]\nquantity = "cop"\ntable = "cop.csv"\nat_column = "bus"\nvalue_column = "pu"\n'
    result = run(tmp_path, one=POINTS + table + 'tolerance_abs = 0.001\nunit = "1"\n')
    (row,) = result["cases"]
    assert row["quantity"] == "cop at A2/W35" and not row["holds"]
    assert row["note"] == "1 of 2 outside, this one furthest"


@pytest.mark.parametrize(
    ("value", "unit", "into", "expected"),
    [(1.0, "kWh", "MJ", 3.6), (2500.0, "W", "kW", 2.5), (0.02, "1", "%", 2.0), (1.0, "kg/s", "kg/h", 3600.0),
     (20.0, "degC", "C", 20.0), (1.0, "bar", "kPa", 100.0)],
)  # fmt: skip
def test_units_are_converted(value: float, unit: str, into: str, expected: float) -> None:
    assert verdict.converted(value, unit, into) == pytest.approx(expected)
    assert verdict.converted(value, unit, "furlong") is None


def test_a_figure_that_is_no_number_does_not_hold() -> None:
    expect = Expect("q", "1", "", ("",), (-float("inf"),), (float("inf"),))
    assert not verdict.judge("c", "k", expect, [Figure("q", float("nan"), "1")]).holds
    assert verdict.judge("c", "k", expect, [Figure("q", 1e9, "1")]).holds


def test_of_many_cases_that_expect_nothing_each_is_a_line(tmp_path: Path) -> None:
    few = validate.page(run(tmp_path, **{f"case-{n}": POINTS for n in range(3)}))
    assert few.count("cop at A7/W35 = 3.23") == few.count("cop at A2/W35 = ") == 3
    many = validate.page(run(tmp_path, last=POINTS))
    assert [line.split()[0] for line in many.splitlines()[:4]] == ["case-0", "case-1", "case-2", "last"]
    assert "4 cases expect nothing; --json" in many and "0 of 0 hold" in many


def test_folders_that_are_missing_or_empty_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"there is no .*nowhere; give a folder"):
        run(tmp_path / "nowhere")
    with pytest.raises(Refused, match="holds no case file"):
        run(tmp_path)


def test_an_installed_wheel_says_where_its_cases_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "CASES", tmp_path / "absent")
    with pytest.raises(Refused, match="tests/cases of its source"):
        validate.validate(None, progress=lambda stage, done: None)


def test_weather_may_lie_beside_the_file_or_in_the_shared_folder_packed_or_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "shared"
    (elsewhere / "data").mkdir(parents=True)
    (elsewhere / "data" / "p.csv.gz").write_bytes(b"")
    monkeypatch.setenv("SURPLUS_SHARED", str(elsewhere))
    folder = tmp_path / "cases"
    folder.mkdir()
    (folder / "one.toml").write_text('kind = "pv"\nfile = "data/p.csv"\n')
    (case,) = read.read(folder)
    assert isinstance(case, Case)
    assert case.inputs.path("file") == elsewhere / "data" / "p.csv.gz"


@pytest.mark.usefixtures("shared")
def test_mended_weather_is_told_once_with_the_cases_that_use_it(tmp_path: Path) -> None:
    denver = read.shared() / "data/weather/USA_CO_Denver.Intl.AP.725650_TMY3.epw.gz"
    lines = gzip.decompress(denver.read_bytes()).decode("latin-1").splitlines()
    cells = lines[108].split(",")
    cells[6] = "nan"
    (tmp_path / "gap.epw").write_text("\n".join([*lines[:108], ",".join(cells), *lines[109:]]))
    (tmp_path / "short.epw").write_text("\n".join(lines[:4000]))
    group = 'base = "600"\nweather = "gap.epw"\n[[case]]\nname = "a"\n[[case]]\nname = "b"\n'
    pv = 'kind = "pv"\nsystem.tilt_deg = 30\nweather.file = "gap.epw"\n'
    result = run(tmp_path, group=group, pv=pv, short='base = "600"\nweather = "short.epw"\n')
    (remark,) = result["remarks"]
    assert remark == {"remark": "gap.epw: 1 steps had gaps of at most 6 hours and were interpolated",
                      "cases": ["a", "b", "pv"]}  # fmt: skip
    assert "interpolated (a, b, pv)" in validate.page(result)
    (problem,) = result["problems"]
    assert problem["problem"].startswith("short.toml: ") and "short.epw has 3992 rows" in problem["problem"]


def test_seventeen_published_hours_and_the_points_of_heat_pumps_hold() -> None:
    for name, count in (("iso13790-hour", 34), ("heat-pump", 1)):
        result = validate.validate(read.CASES / name, progress=lambda stage, done: None)
        assert validate.holds(result) and result["total"] == count


def test_the_command_prints_one_object_and_says_by_its_exit_code_whether_all_hold(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for value, code in (("3.24", 0), ("4", 1)):
        (tmp_path / "one.toml").write_text(POINTS + HOLDS.replace("3.24", value))
        assert main.surplus(["validate", str(tmp_path), "--json"], standalone_mode=False) == code
        result = json.loads(capsys.readouterr().out)
        assert set(result) == {"cases", "figures", "remarks", "problems", "held", "total"}
        keys = {"case", "quantity", "value", "low", "high", "unit", "source", "holds", "margin"}
        assert keys <= set(result["cases"][0])
