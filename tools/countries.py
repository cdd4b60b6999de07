"""Countries by the names that coordinate systems and weather files use, and their time zone where they have one only.

A district's country chooses archetypes, factors and schedules; its zone the clock on the wall.
Source of codes and zones: ISO 3166-1, IANA time zone database (zone.tab).
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from network.problems import Refused

_TABLE = """
AL ALB Europe/Tirane Albania
AT AUT Europe/Vienna Austria
BE BEL Europe/Brussels Belgium
BA BIH Europe/Sarajevo Bosnia and Herzegovina
BG BGR Europe/Sofia Bulgaria
CH CHE Europe/Zurich Switzerland
CY CYP Asia/Nicosia Cyprus
CZ CZE Europe/Prague Czechia
CZ CZE Europe/Prague Czech Republic
DE DEU Europe/Berlin Germany
DK DNK Europe/Copenhagen Denmark
EE EST Europe/Tallinn Estonia
ES ESP - Spain
FI FIN Europe/Helsinki Finland
FR FRA Europe/Paris France
GB GBR Europe/London United Kingdom
GB GBR Europe/London United Kingdom (UK)
GR GRC Europe/Athens Greece
HR HRV Europe/Zagreb Croatia
HU HUN Europe/Budapest Hungary
IE IRL Europe/Dublin Ireland
IS ISL Atlantic/Reykjavik Iceland
IT ITA Europe/Rome Italy
JP JPN Asia/Tokyo Japan
KR KOR Asia/Seoul Republic of Korea
LI LIE Europe/Vaduz Liechtenstein
LT LTU Europe/Vilnius Lithuania
LU LUX Europe/Luxembourg Luxembourg
LV LVA Europe/Riga Latvia
ME MNE Europe/Podgorica Montenegro
MK MKD Europe/Skopje North Macedonia
MT MLT Europe/Malta Malta
NL NLD Europe/Amsterdam Netherlands
NO NOR Europe/Oslo Norway
NZ NZL - New Zealand
PL POL Europe/Warsaw Poland
PT PRT - Portugal
RO ROU Europe/Bucharest Romania
RS SRB Europe/Belgrade Serbia
SE SWE Europe/Stockholm Sweden
SG SGP Asia/Singapore Singapore
SI SVN Europe/Ljubljana Slovenia
SK SVK Europe/Bratislava Slovakia
TR TUR Europe/Istanbul Turkey
UA UKR - Ukraine
US USA - United States
US USA - United States (USA)
CA CAN - Canada
AU AUS - Australia
"""
_ROWS = [line.split(None, 3) for line in _TABLE.strip().splitlines()]
_BY_NAME = {name.lower(): code for code, _, _, name in _ROWS}
_BY_ALPHA3 = {alpha3: code for code, alpha3, _, _ in _ROWS}
_ZONES = {code: zone for code, _, zone, _ in _ROWS if zone != "-"}


def by_area(area: str) -> str | None:
    """Country code of a coordinate system's area of use, where that names one country only.

    "Netherlands - onshore, including Waddenzee." is one; "Liechtenstein; Switzerland." and "World." are not.
    """
    text = area.rsplit(":", 1)[-1].strip(" .")
    names = {re.split(r" - | including |,", part.strip())[0].strip(" .").lower() for part in text.split(";")}
    found = {_BY_NAME.get(name, "") for name in names}
    return found.pop() or None if len(found) == 1 else None


def in_area(area: str) -> list[str]:
    """Codes of all countries of the table that a coordinate system's area of use names, in the table's order."""
    return list(dict.fromkeys(c for c, _, _, name in _ROWS if re.search(rf"\b{re.escape(name)}(?!\w)", area)))


_NATIVE = {
    "deutschland": "DE", "nederland": "NL", "österreich": "AT", "schweiz": "CH", "suisse": "CH", "belgië": "BE",
    "belgique": "BE", "danmark": "DK", "españa": "ES", "italia": "IT", "polska": "PL", "sverige": "SE", "suomi": "FI",
    "česko": "CZ", "česká republika": "CZ", "norge": "NO", "eesti": "EE", "france": "FR",
}  # fmt: skip


def by_address(text: str) -> str | None:
    """Country code from how addresses write it: two or three letters, or a name in English or its own language."""
    return _NATIVE.get(text.strip().lower()) or (by_weather(text) if text.strip() else None)


def by_weather(country: str) -> str | None:
    """Country code from a weather file's header: two or three letters, or a name."""
    text = country.strip()
    return _BY_ALPHA3.get(text.upper()) or _BY_NAME.get(text.lower()) or (
        text.upper() if text.upper() in {row[0] for row in _ROWS} else None
    )  # fmt: skip


def by_option(text: str) -> str:
    """Country code from --country.

    Raises:
        Refused: it is not two letters.
    """
    code = _BY_ALPHA3.get(text.upper(), text.upper())
    if not (len(code) == 2 and code.isalpha() and code.isascii()):
        raise Refused(f"--country {text} is no country code; give two letters, for example --country NL", code=2)
    return code


def zone_of(country: str) -> str | None:
    """The country's only time zone; None where it has several, or is not in the table."""
    return _ZONES.get(country)


def fixed_zone(offset_s: float) -> str:
    """Name of a zone that stays `offset_s` from UTC the whole year."""
    hours = offset_s / 3600
    if hours == round(hours):
        return f"Etc/GMT{-round(hours):+d}" if hours else "Etc/GMT"
    sign, minutes = "+" if offset_s >= 0 else "-", round(abs(offset_s) / 60)
    return f"UTC{sign}{minutes // 60:02d}:{minutes % 60:02d}"


def standard_offset_s(zone: str, year: int, *, otherwise_s: float) -> float:
    """Offset from UTC of a zone's standard time in `year`; `otherwise_s` for a name that is no IANA zone."""
    try:
        clock = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        return otherwise_s
    offsets = []
    for month in (1, 7):  # whatever the hemisphere, one of them is not summer time
        moment = datetime(year, month, 1, tzinfo=clock)
        saved = moment.dst() or timedelta(0)
        offsets.append((moment.utcoffset() or timedelta(0)) - abs(saved) if saved > timedelta(0)
                       else moment.utcoffset() or timedelta(0))  # fmt: skip
    return min(offsets).total_seconds()


def check_zone(zone: str) -> str:
    """The zone as given.

    Raises:
        Refused: no such zone is known here.
    """
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as e:
        raise Refused(f"--zone {zone} is no time zone; for example --zone Europe/Amsterdam", code=2) from e
    return zone
