"""What the words and codes of city models say a piece of ground is made of: material by type, class and function."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tools.land import Ground

BY_TYPE = {
    "Road": Ground.ROAD, "Track": Ground.PATH, "Railway": Ground.BARE, "TransportSquare": Ground.PLAZA,
    "Square": Ground.PLAZA, "Waterway": Ground.WATER, "WaterBody": Ground.WATER, "PlantCover": Ground.GRASS,
    "LandUse": Ground.GARDEN, "Bridge": Ground.PAVEMENT, "TINRelief": Ground.BARE, "ReliefFeature": Ground.BARE,
    "TransportationComplex": Ground.ROAD, "AuxiliaryTrafficArea": Ground.PAVEMENT,
    "AuxiliaryTrafficSpace": Ground.PAVEMENT,
}  # fmt: skip
"""Object types of CityJSON and CityGML that are ground, and what they are made of where nothing else is said."""

KEYS = (
    "plus_fysiekvoorkomen", "bgt_fysiekvoorkomen", "function", "class", "usage", "surfacematerial", "type",
)  # fmt: skip
"""Attributes that may say it, in the order asked."""

CODES: dict[str, dict[str, Ground]] = {
    "TrafficArea": {
        "1": Ground.ROAD, "2": Ground.PAVEMENT, "3": Ground.PATH, "4": Ground.PATH, "5": Ground.PLAZA,
        "6": Ground.PARKING, "7": Ground.PARKING, "8": Ground.BARE, "9": Ground.ROAD, "11": Ground.MARKING,
        "12": Ground.MARKING, "13": Ground.MARKING, "14": Ground.MARKING, "15": Ground.MARKING,
    },
    "AuxiliaryTrafficArea": {
        "1000": Ground.GRASS, "1010": Ground.PAVEMENT, "1020": Ground.GRASS, "1030": Ground.PAVEMENT,
        "1100": Ground.PARKING, "1300": Ground.PAVEMENT, "1400": Ground.PAVEMENT,
    },
    "LandUse": {
        "1000": Ground.GARDEN, "1100": Ground.GRASS, "2000": Ground.PAVEMENT, "3000": Ground.GRASS,
        "4000": Ground.WATER,
    },
    "WaterBody": {},
}  # fmt: skip
"""Codes of the CityGML 2.0 code lists (OGC 12-019, annex C)."""
_CODE_LIST = {
    "TrafficSpace": "TrafficArea", "Road": "TrafficArea", "Square": "TrafficArea", "Track": "TrafficArea",
    "TransportSquare": "TrafficArea", "AuxiliaryTrafficSpace": "AuxiliaryTrafficArea",
}  # fmt: skip

WORDS: tuple[tuple[Ground, tuple[str, ...]], ...] = (
    (Ground.MARKING, ("marking", "markering", "markierung", "marquage", "crossing", "zebra")),
    (Ground.PARKING, ("parking", "parkeer", "parkplatz", "stellplatz", "stationnement", "car_park")),
    (Ground.SPORT, ("sport", "pitch", "playground", "speelplaats", "spielplatz", "terrain de jeu", "tennis")),
    (Ground.PATH, ("fietspad", "cycle", "radweg", "piste", "ruiterpad", "bridle", "track", "path", "sentier",
                   "feldweg")),
    (Ground.PAVEMENT, ("voetpad", "footway", "footpath", "sidewalk", "pavement", "gehweg", "trottoir", "inrit",
                       "stoep", "quay", "kerb", "gesloten verharding", "open verharding", "paved", "courtyard")),
    (Ground.PLAZA, ("plaza", "square", "platz", "plein", "place", "voetgangersgebied", "pedestrian", "woonerf",
                    "fussg", "fußg")),
    (Ground.ROAD, ("rijbaan", "ov-baan", "fahrbahn", "driving", "carriageway", "street", "road", "chauss",
                  "autosnelweg", "autoweg", "motorway", "highway", "straße", "strasse", "verkehr")),
    (Ground.WATER, ("water", "gewässer", "wasser", "river", "canal", "gracht", "vijver", "pond", "lake", "sloot")),
    (Ground.SHRUB, ("struik", "heester", "shrub", "hedge", "haag", "hecke", "houtwal", "bos", "forest", "wood",
                    "wald", "forêt", "haie", "scrub", "loofbos", "naaldbos", "gemengd bos", "planten")),
    (Ground.FIELD, ("agrar", "akker", "bouwland", "farm", "acker", "field", "arable", "orchard", "vineyard",
                    "boomgaard", "fruitteelt", "champ")),
    (Ground.GARDEN, ("garden", "erf", "tuin", "garten", "jardin", "yard", "allotment", "court")),
    (Ground.GRASS, ("gras", "groen", "berm", "park", "meadow", "wiese", "grün", "pelouse", "lawn", "green", "prairie")),
    (Ground.BARE, ("zand", "onverhard", "bare", "sand", "kies", "gravel", "spoorbaan", "rail", "gravier", "halfverhard",
                   "industr", "commercial", "terrain")),
)  # fmt: skip
"""Words (lower case) in English, Dutch (BGT), German and French; up to four letters they begin a word."""


def material(kind: str, attributes: Mapping[str, Any], *, surface: str = "") -> Ground:
    """Material of an object of type `kind` with `attributes`; `surface` is the semantic surface, if it has one."""
    lower = {k.lower(): v for k, v in attributes.items()}
    codes = CODES.get(surface) or CODES.get(_CODE_LIST.get(kind, kind), {})
    for key in KEYS:
        value = lower.get(key)
        if value in (None, ""):
            continue
        text = (" ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)).lower().strip()
        if text in codes:
            return codes[text]
        found = of_words(text)
        if found is not None and not (kind == "WaterBody" and found != Ground.WATER):
            return found
    if surface == "AuxiliaryTrafficArea":
        return BY_TYPE[surface]
    return BY_TYPE.get(kind, Ground.BARE)


def of_words(text: str) -> Ground | None:
    """Material that a word names."""
    starts = re.split(r"[^\w]+", text)
    for ground, words in WORDS:
        if any(w in text if len(w) > 4 else any(s.startswith(w) for s in starts) for w in words):
            return ground
    return None
