"""SI to what people read: true minus, scaled units, the same in every locale (decimal point, thin space for thousands).

The only place of the viewer where kW, kWh or degrees exist, besides `network.quantities`.
"""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache

from network.schema import Parameter

MINUS = "\u2212"
THIN = "\u2009"
"""Between thousands."""
SPACE = "\u00a0"
"""Between figure and unit: never broken."""
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_POWER = ((1e9, "GW"), (1e6, "MW"), (1e3, "kW"), (1.0, "W"))
_ENERGY = ((3.6e15, "TWh"), (3.6e12, "GWh"), (3.6e9, "MWh"), (3.6e6, "kWh"))
_MONEY = ((1e9, "bn €"), (1e6, "M€"), (1e3, "k€"), (1.0, "€"))
_CUBES = re.compile(r"(?<=\bm)[23]\b|(?<=\bm)2(?=K)")
_MASS = ((1e6, "kt"), (1e3, "t"), (1.0, "kg"))


@lru_cache(maxsize=4096)
def number(value: float, digits: int = 3, *, sign: bool = False) -> str:
    """`value` with `digits` significant digits, true minus, thin spaces between thousands; + only on wish."""
    if value != value:
        return "–"
    size = abs(value)
    if size == 0:
        return "0"
    rounded = float(f"{size:.{digits}g}")  # 99.99 is 100, not 100.0
    whole = len(str(int(rounded))) if rounded >= 1 else 0
    decimals = max(0, digits - max(whole, 1)) if size >= 0.01 else digits
    text = f"{size:,.{decimals}f}".replace(",", THIN)
    if all(c in "0.," + THIN for c in text):
        return "0"
    return (MINUS if value < 0 else "+" if sign else "") + text


def _scaled(value: float, units: tuple[tuple[float, str], ...], digits: int, sign: bool) -> str:
    factor, unit = next(((f, u) for f, u in units if abs(value) >= f * 0.9995), units[-1])
    return f"{number(value / factor, digits, sign=sign)}{SPACE}{unit}"


def power(watts: float, *, digits: int = 3, sign: bool = False) -> str:
    """W to W, kW, MW, GW."""
    return _scaled(watts, _POWER, digits, sign)


def energy(joules: float, *, digits: int = 3, sign: bool = False) -> str:
    """J to kWh, MWh, GWh, TWh."""
    return _scaled(joules, _ENERGY, digits, sign)


def mass(kilograms: float, *, digits: int = 3, sign: bool = False) -> str:
    """kg to kg, t, kt."""
    return _scaled(kilograms, _MASS, digits, sign)


def money(euros: float, *, digits: int = 3, sign: bool = False) -> str:
    """EUR to €, k€, M€, bn €."""
    return _scaled(euros, _MONEY, digits, sign)


def percent(share: float) -> str:
    """Share to per cent."""
    return f"{number(share * 100, 2 if abs(share) < 0.995 else 3)}{SPACE}%"


def parameter(spec: Parameter, value: float) -> str:
    """A layer's parameter in its display unit."""
    shown = value * spec.display_factor
    step = abs(spec.step * spec.display_factor)
    decimals = 0 if step >= 1 or step == 0 else 1 if step >= 0.1 else 2 if step >= 0.01 else 3
    text = f"{abs(shown):.{decimals}f}"
    return f"{MINUS if shown < 0 and float(text) else ''}{text}{SPACE}{spec.display_unit}".rstrip(SPACE)


@lru_cache(maxsize=256)
def units(text: str) -> str:
    """Words of a catalogue with their units set well: m2 as m², CO2e as CO₂e, EUR as €."""
    text = _CUBES.sub(lambda found: "²" if found.group() == "2" else "³", text)
    return text.replace("CO2", "CO₂").replace("EUR", "€")


def clock(moment: datetime) -> str:
    """17:20"""
    return f"{moment.hour:02d}:{moment.minute:02d}"


def day(moment: datetime) -> str:
    """Friday 18 September"""
    return f"{DAYS[moment.weekday()]} {moment.day} {MONTHS[moment.month - 1]}"


def round_125(value: float) -> float:
    """The next larger of 1, 2, 5 times a power of ten."""
    if value <= 0:
        return 1.0
    power_of_ten = 10.0 ** (len(str(int(value))) - 1) if value >= 1 else 1.0
    while power_of_ten > value:
        power_of_ten /= 10
    return next(k * power_of_ten for k in (1, 2, 5, 10) if k * power_of_ten >= value * (1 - 1e-12))
