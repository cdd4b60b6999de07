"""Kind "grid": published power flows hold, and what a stranger's file gets wrong is named."""

from pathlib import Path

import pytest

from network.problems import Refused
from tools.cases import grid, read, verdict

README = read.CASES / "README.md"
SMALL = README.read_text(encoding="utf-8").split("## Kind `grid`")[1].split("```toml\n")[1].split("```")[0]
"""The example of the format's description."""
NODES = "name,nominal_v\nmv,10000\nbusbar,400\nhouse,400\n"


def _case(folder: Path, text: str) -> read.Case:
    (folder / "nodes.csv").write_text(NODES)
    (folder / "one.toml").write_text(text)
    (case,) = read.read(folder / "one.toml")
    assert isinstance(case, read.Case), case.sentence
    return case


def _figures(case: read.Case) -> dict[tuple[str, str], float]:
    return {(f.quantity, f.at): f.value for f in grid.run(case)}


def test_every_published_voltage_holds() -> None:
    rows = []
    for case in read.read(read.CASES / "grid"):
        assert isinstance(case, read.Case), case.sentence
        figures = grid.run(case)
        case.inputs.close()
        rows += [verdict.judge(case.name, case.kind, e, figures) for e in case.expect]
    assert len(rows) == 29
    assert [r for r in rows if not r.holds] == []


def test_the_description_s_example_can_be_worked_out_by_hand(tmp_path: Path) -> None:
    f = _figures(_case(tmp_path, SMALL))
    # 12 kW at 0.95 through 0.0247 + j 0.0096 ohm and 4.6 + j 15.3 milliohm: about (r P + x Q) / V^2 below 1.02
    p, q = 12e3, 12e3 * 0.3287
    drop = ((0.02472 + 0.0046) * p + (0.0096 + 0.01532) * q) / 400.0**2
    assert f["voltage", "house"] == pytest.approx(1.02 - drop / 1.02, abs=2e-5)
    assert f["source_power", ""] == pytest.approx(12e3 + f["losses", ""])
    assert f["voltage_a", "house"] == f["voltage_c", "house"] == f["voltage", "house"]


def test_a_cable_without_rating_has_no_loading(tmp_path: Path) -> None:
    f = _figures(_case(tmp_path, SMALL))
    assert ("loading", "L1") not in f and ("line_loading_max", "") not in f and f["loading", "T1"] > 0.0
    rated = _figures(_case(tmp_path, SMALL.replace("length_m = 120", "length_m = 120\nrating_a = 100")))
    amps = 12e3 / 0.95 / (3**0.5 * 400.0 * rated["voltage", "house"])
    assert rated["line_loading_max", ""] == rated["loading", "L1"] == pytest.approx(amps / 100.0, rel=1e-6)


def test_one_phase_s_load_sags_that_phase(tmp_path: Path) -> None:
    f = _figures(_case(tmp_path, SMALL + 'phase = "b"\n'))
    # the return path of a phase is as long again: z = (2 z1 + z0) / 3, twice a cable's, once a transformer's
    p, q = 12e3, 12e3 * 0.3287
    drop = 3.0 * ((2.0 * 0.02472 + 0.0046) * p + (2.0 * 0.0096 + 0.01532) * q) / 400.0**2
    assert f["voltage_b", "house"] == pytest.approx(1.02 - drop / 1.02, abs=6e-4)
    assert f["voltage_a", "house"] > f["voltage_b", "house"] + drop
    assert f["source_power", ""] == pytest.approx(12e3 + f["losses", ""])


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('to = "house"', 'to = "hoose"', 'to is "hoose", which is no node'),
        ("vkr_percent = 1.15", "vkr_percent = 5", "vkr_percent is 5, above vk_percent 4"),
        ("r_ohm_km = 0.206", "r_ohm_km = -1", "r_ohm_km is -1; give at least 0"),
        ("p_kw = 12", "p_kw = 9000", "L1 carries more than any voltage allows"),
        ('name = "T1"', 'name = "T1"\nvector_group = "Qyn5"', 'the vector group "Qyn5"'),
        ('from = "busbar"', 'from = "mv"', "joins nodes of 10000 V and 400 V"),
        ("length_m = 120", "lenght_m = 120", "length_m is missing; did lenght_m mean it?"),
        ("voltage_pu = 1.02", "voltage = 1.02", 'the nearest known is "voltage_pu"'),
        ('to = "house"', 'to = "busbar"', 'line[1].to is "busbar", where it begins'),
        ('name = "L1"', 'name = "T1"', 'transformer[1].name is "T1", as is another\'s'),
        ('[[infeed]]\nnode = "mv"\nvoltage_pu = 1.02\n', "", "infeed is missing; give [[infeed]] the node"),
        ('node = "nodes.csv"', "node = []", "node is missing; list [[node]] tables"),
    ],
)
def test_what_a_file_gets_wrong_is_named(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in SMALL
    with pytest.raises(Refused) as said:
        grid.run(_case(tmp_path, SMALL.replace(old, new)))
    assert words in str(said.value)
