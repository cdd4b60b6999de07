"""What people read."""

from datetime import datetime

import pytest

from app.ui import format as fmt
from network.schema import Parameter

THIN, SPACE, MINUS = "\u2009", "\u00a0", "\u2212"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (fmt.power(-104e3, sign=True), f"{MINUS}104{SPACE}kW"),
        (fmt.power(1_840_000), f"1.84{SPACE}MW"),
        (fmt.power(999.9e3), f"1{SPACE}MW".replace("1", "1.00")),
        (fmt.power(0.0), f"0{SPACE}W"),
        (fmt.energy(1.84e9 * 3.6e6, sign=True), f"+1.84{SPACE}TWh"),
        (fmt.energy(-29.7e6 * 3.6e6), f"{MINUS}29.7{SPACE}GWh"),
        (fmt.mass(-412e3), f"{MINUS}412{SPACE}t"),
        (fmt.percent(0.713), f"71{SPACE}%"),
        (fmt.percent(1.0), f"100{SPACE}%"),
        (fmt.percent(0.99996), f"100{SPACE}%"),
        (fmt.money(44.94e6), f"44.9{SPACE}M€"),
        (fmt.number(12345.0), f"12{THIN}345"),
        (fmt.number(float("nan")), "–"),
        (fmt.clock(datetime(2025, 6, 21, 7, 5)), "07:05"),
        (fmt.day(datetime(2026, 9, 18)), "Friday 18 September"),
    ],
)
def test_figures(text: str, expected: str) -> None:
    assert text == expected


def test_a_parameter_is_shown_in_its_display_unit() -> None:
    share = Parameter("share", "Share", "1", "%", 100.0, 0.0, 1.0, 0.5, 0.01)
    assert fmt.parameter(share, 0.6) == f"60{SPACE}%"
    slope = Parameter("k", "k", "W", "kW", 1e-3, 0.0, 1e4, 0.0, 100.0)
    assert fmt.parameter(slope, 2500.0) == f"2.5{SPACE}kW"


@pytest.mark.parametrize(
    ("value", "expected"), [(0.9, 1), (1.0, 1), (1.2, 2), (3, 5), (29.7, 50), (700, 1000), (0.03, 0.05)]
)
def test_scales_are_one_two_five(value: float, expected: float) -> None:
    assert fmt.round_125(value) == pytest.approx(expected)
