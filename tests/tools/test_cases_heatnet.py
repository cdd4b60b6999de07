"""Kind "heatnet": the DESTEST tree holds, and what a stranger's file gets wrong is named."""

from pathlib import Path

import pytest

from network.problems import Refused
from tools.cases import heatnet, read, verdict

PLANT = """
kind = "heatnet"
source_node = "plant"
supply_c = 70
ground_c = 10
drop_k = 30
"""
PIPE = """
[[pipe]]
from = "plant"
to = "a"
length_m = 100
diameter_m = 0.05
insulation_m = 0.045
insulation_w_mk = 0.035
"""
HOUSE = '[[consumer]]\nnode = "a"\ndemand_kw = 50\n'


def _case(folder: Path, text: str) -> read.Case:
    (folder / "one.toml").write_text(text)
    (case,) = read.read(folder / "one.toml")
    assert isinstance(case, read.Case), case.sentence
    return case


@pytest.mark.usefixtures("shared")
def test_the_tree_of_destest_holds() -> None:
    rows = []
    for case in read.read(read.CASES / "heatnet"):
        assert isinstance(case, read.Case), case.sentence
        figures = heatnet.run(case)
        case.inputs.close()
        rows += [verdict.judge(case.name, case.kind, e, figures) for e in case.expect]
    assert len(rows) == 18
    assert [r for r in rows if not r.holds] == []


def test_a_pipe_has_both_its_names_and_flow_a_sense(tmp_path: Path) -> None:
    case = _case(tmp_path, PLANT + PIPE + HOUSE)
    found = {(f.quantity, f.at): f.value for f in heatnet.run(case)}
    case.inputs.close()
    assert found["mass_flow", "plant-a"] == pytest.approx(50e3 / (4182.0 * 30.0))
    assert found["mass_flow", "a-plant"] == -found["mass_flow", "plant-a"]
    assert found["supply_drop", "a"] == found["supply_drop", "a-plant"]
    assert found["heat", ""] == pytest.approx(50e3 + found["loss", ""])


def test_a_series_gives_means_and_peaks(tmp_path: Path) -> None:
    (tmp_path / "week.csv").write_text("load\n0\n1\n2\n")
    series = '[series]\nfile = "week.csv"\ncolumn = "load"\nfactor = 0.5\n'
    found = {(f.quantity, f.at): f.value for f in heatnet.run(_case(tmp_path, PLANT + PIPE + HOUSE + series))}
    assert found["mass_flow", ""] == pytest.approx(0.5 * 50e3 / (4182.0 * 30.0))
    assert found["heat_max", ""] > 50e3


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (PLANT + PIPE.replace("0.05\n", "0\n") + HOUSE, r"pipe\[1\].diameter_m is 0"),
        (PLANT + PIPE + HOUSE.replace('"a"', '"b"'), 'node is "b", which no pipe leads to'),
        (PLANT + PIPE + HOUSE.replace("50", "-5"), "demand_kw is -5"),
        (PLANT + PIPE + HOUSE.replace("50", "0"), "no demand above 0"),
        (PLANT.replace('"plant"', '"plan"') + PIPE + HOUSE, 'source_node is "plan".*"plant"'),
        (PLANT.replace("drop_k = 30", "return_c = 80") + PIPE + HOUSE, "return_c is 80, not below supply_c 70"),
        (PLANT.replace("drop_k = 30", "") + PIPE + HOUSE, "drop_k or return_c"),
        (PLANT + "return_c = 40\n" + PIPE + HOUSE, "drop_k or return_c"),
        (PLANT + PIPE + PIPE.replace('"a"', '"b"').replace('"plant"', '"a"') + PIPE.replace('"a"', '"b"') + HOUSE,
         "closes a ring"),
        (PLANT + "depth_m = 1\n" + PIPE + HOUSE, "ground_w_mk belong together"),
        (PLANT + HOUSE, "pipe is missing"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_refused_by_key_and_remedy(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(Refused, match=words):
        heatnet.run(_case(tmp_path, text))
