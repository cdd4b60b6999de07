"""Kind "pv": published yields hold, and what a stranger's file gets wrong is named."""

from pathlib import Path

import pytest

from network.problems import Refused
from tools.cases import pv, read, verdict

HERE = read.CASES / "pv"
PLACE = "latitude_deg = 39.73\nlongitude_deg = -105.18\nutc_offset_h = -7\n"
GOLDEN = f'table = "golden_weather.csv"\n{PLACE}'


def _case(folder: Path, *, weather: str = GOLDEN, system: str = "tilt_deg = 20") -> read.Case:
    """A case of the golden weather, which lies beside."""
    link = folder / "golden_weather.csv"
    if not link.exists():
        link.write_bytes((HERE / "golden_weather.csv").read_bytes())
    file = folder / "one.toml"
    file.write_text(f'kind = "pv"\n[weather]\n{weather}\n[system]\n{system}\n')
    (case,) = read.read(file)
    assert isinstance(case, read.Case), case.sentence
    return case


def _year(case: read.Case, quantity: str = "ac") -> float:
    return next(f.value for f in pv.run(case) if f.quantity == quantity and not f.at)


@pytest.mark.usefixtures("shared")
def test_every_published_yield_holds() -> None:
    rows = []
    for case in read.read(HERE):
        assert isinstance(case, read.Case), case.sentence
        figures = pv.run(case)
        case.inputs.close()
        rows += [verdict.judge(case.name, case.kind, e, figures) for e in case.expect]
    assert len(rows) == 26
    assert [r for r in rows if not r.holds] == []


def test_light_of_the_golden_files_is_met_hour_by_hour_s_sum_to_a_tenth_of_a_percent() -> None:
    case = next(c for c in read.read(HERE / "golden.toml") if isinstance(c, read.Case) and c.name == "golden-rack")
    assert _year(case, "poa") == pytest.approx(1930.89, rel=1e-3)


def test_months_sum_to_the_year(tmp_path: Path) -> None:
    figures = pv.run(_case(tmp_path))
    for name in ("poa", "dc", "ac", "specific_yield"):
        months = [f.value for f in figures if f.quantity == name and f.at.isdigit()]
        assert len(months) == 12
        assert sum(months) == pytest.approx(next(f.value for f in figures if f.quantity == name and not f.at))


def test_dirt_heat_and_a_wall_to_the_south_cost_yield(tmp_path: Path) -> None:
    clean = _year(_case(tmp_path))
    assert _year(_case(tmp_path, system="tilt_deg = 20\nsoiling_percent = 5")) < 0.96 * clean
    monthly = "tilt_deg = 20\nsoiling_percent = [0, 0, 0, 0, 0, 50, 0, 0, 0, 0, 0, 0]"
    assert 0.94 * clean < _year(_case(tmp_path, system=monthly)) < 0.97 * clean
    assert _year(_case(tmp_path, system="tilt_deg = 20\nnoct_c = 60")) < 0.98 * clean
    hill = [30.0 if 9 <= k <= 27 else 0.0 for k in range(36)]
    assert _year(_case(tmp_path, system=f"tilt_deg = 20\nhorizon_deg = {hill}")) < 0.85 * clean
    assert _year(_case(tmp_path, system="tilt_deg = 20\npeak_kw = 3")) == pytest.approx(3.0 * clean, rel=1e-4)


def test_a_horizon_hides_the_sky_too(tmp_path: Path) -> None:
    """A level plane in a pit keeps cos^2 of the rim's elevation of the sky, once no sun gets over the rim."""
    left = {h: _year(_case(tmp_path, system=f"tilt_deg = 0\nhorizon_deg = {h}"), "poa") for h in (75, 80, 90)}
    assert left[80] / left[75] == pytest.approx((0.173648 / 0.258819) ** 2, rel=1e-3)
    assert left[90] == pytest.approx(0.0, abs=1e-3)


@pytest.mark.parametrize(
    ("weather", "system", "words"),
    [
        (GOLDEN, "tilt_deg = 20\ntild = 3", 'tild is not a key.*"tilt_deg"'),
        (GOLDEN, "tilt_deg = 200", "tilt_deg is 200"),
        (GOLDEN, "tilt_deg = 20\npeak_kw = 0", "peak_kw is 0"),
        (GOLDEN, "tilt_deg = 20\nsoiling_percent = [1, 2]", "2 values; give 1 or 12"),
        (GOLDEN, 'tilt_deg = 20\nmount = "wall"', "give one of rack, roof, facade"),
        ('table = "golden_weather.csv"', "tilt_deg = 20", "latitude_deg is missing"),
        ('file = "nowhere.epw"', "tilt_deg = 20", "nowhere.epw"),
        (f'table = "short.csv"\n{PLACE}', "tilt_deg = 20", "with 2 rows; a year has 8760"),
        (f'table = "dark.csv"\n{PLACE}', "tilt_deg = 20", "no column dni_w_m2"),
        (f'table = "words.csv"\n{PLACE}', "tilt_deg = 20", "a cell that is no number"),
        (f'table = "gaps.csv"\n{PLACE}', "tilt_deg = 20", "whose air_c in line 2 is no finite number"),
        (f'table = "raw.csv"\n{PLACE}', "tilt_deg = 20", "cannot be read as CSV"),
        (f'file = "a.epw"\ntable = "gaps.csv"\n{PLACE}', "tilt_deg = 20", "stands beside file; give one of the two"),
    ],
)
def test_a_wrong_file_is_refused_by_key_and_remedy(tmp_path: Path, weather: str, system: str, words: str) -> None:
    head = "dni_w_m2,dhi_w_m2,air_c,wind_m_s\n"
    (tmp_path / "short.csv").write_text(head + "0,0,0,0\n0,0,0,0\n")
    (tmp_path / "dark.csv").write_text("dhi_w_m2,air_c,wind_m_s\n" + "0,0,0\n" * 8760)
    (tmp_path / "words.csv").write_text(head + "0,0,cold,0\n" * 8760)
    (tmp_path / "gaps.csv").write_text(head + "0,0,nan,0\n" * 8760)
    (tmp_path / "raw.csv").write_bytes(bytes(range(256)))
    with pytest.raises(Refused, match=words):
        pv.run(_case(tmp_path, weather=weather, system=system))
