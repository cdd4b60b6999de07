"""Which buildings a layer touches: one grammar for all kinds.

    all
    use=home and year<1990
    footprint_m2>100 or (size_class=TH and heater!=heat_pump)
    id=house-1|house-2
    polygon(0 0|120 0|120 80)            corners in local metres, east north; foot points inside are selected

Comparisons: = != < <= > >= ; alternatives of = and != are separated by |. `and` binds tighter than `or`. Words with
spaces or signs stand in double quotes. No comma and no semicolon: they belong to the command line around it.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from enum import IntEnum
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from network.problems import Refused
from sim.district import District, Heater, SizeClass, Use

Mask = NDArray[np.bool_]
_ENUMS: Mapping[str, type[IntEnum]] = {"use": Use, "size_class": SizeClass, "heater": Heater}
_NUMBERS = ("year", "storeys", "dwellings", "height_m", "footprint_m2", "floor_m2", "volume_m3", "appliances_j",
            "vehicles")  # fmt: skip
_TEXTS = ("id", "name")
ATTRIBUTES = (*_TEXTS, *_ENUMS, *_NUMBERS)
"""What a comparison may name."""
_COMPARE: Mapping[str, Callable[..., Mask]] = {
    "<=": operator.le, ">=": operator.ge, "<": operator.lt, ">": operator.gt,
}  # fmt: skip
_TOKEN = re.compile(r'\s*(?:(?P<sign><=|>=|!=|=|<|>|\(|\)|\|)|"(?P<quoted>[^"]*)"|(?P<word>[^\s<>=!()|"]+))')
_Tree = tuple[object, ...]


def canonical(selection: str) -> str:
    """The selection with its spaces tidied; checks its grammar and that its attributes exist.

    Raises:
        Refused: it is not a selection.
    """
    _parse(selection)
    return re.sub(r"\s+", " ", selection.strip())


def rows(district: District, selection: str) -> Mask:
    """[building] True where `selection` holds.

    Raises:
        Refused: it is no selection, or names a building that the district does not have.
    """
    return _evaluate(district, _parse(selection))


def sites(district: District, selected: Mask) -> Mask:
    """[site] True where the nearest building is selected: plant goes with the houses around it."""
    b, site = district.building, district.site
    if not selected.any():
        return np.zeros(len(site), dtype=bool)
    distance = np.hypot(site.x_m[:, None] - b.x_m, site.y_m[:, None] - b.y_m)
    return selected[np.argmin(distance, axis=1)]


# ---------------------------------------------------------------- grammar


@lru_cache(maxsize=64)
def _parse(selection: str) -> _Tree:
    tokens = _tokens(selection)
    tree, rest = _either(tokens, selection)
    if rest:
        raise _refusal(selection, f"{rest[0][1]!r} is not expected there")
    return tree


def _tokens(selection: str) -> list[tuple[str, str]]:
    tokens, at, text = [], 0, selection.strip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise _refusal(selection, f"{text[at:]!r} cannot be read")
        kind = found.lastgroup or ""
        tokens.append(("text" if kind == "quoted" else kind, found.group(kind)))
        at = found.end()
    return tokens


def _either(tokens: list[tuple[str, str]], whole: str) -> tuple[_Tree, list[tuple[str, str]]]:
    tree, tokens = _both(tokens, whole)
    while tokens and tokens[0] == ("word", "or"):
        right, tokens = _both(tokens[1:], whole)
        tree = ("or", tree, right)
    return tree, tokens


def _both(tokens: list[tuple[str, str]], whole: str) -> tuple[_Tree, list[tuple[str, str]]]:
    tree, tokens = _term(tokens, whole)
    while tokens and tokens[0] == ("word", "and"):
        right, tokens = _term(tokens[1:], whole)
        tree = ("and", tree, right)
    return tree, tokens


def _term(tokens: list[tuple[str, str]], whole: str) -> tuple[_Tree, list[tuple[str, str]]]:
    if not tokens:
        raise _refusal(whole, "it ends where a comparison is expected")
    head, rest = tokens[0], tokens[1:]
    if head == ("sign", "("):
        tree, rest = _either(rest, whole)
        if not rest or rest[0] != ("sign", ")"):
            raise _refusal(whole, "a bracket is not closed")
        return tree, rest[1:]
    if head == ("word", "all"):
        return ("all",), rest
    if head == ("word", "polygon") and rest and rest[0] == ("sign", "("):
        return _polygon(rest[1:], whole)
    if head[0] == "word" and rest and rest[0][0] == "sign" and rest[0][1] not in "()|":
        return _comparison(head[1], rest[0][1], rest[1:], whole)
    raise _refusal(whole, f"{head[1]!r} starts no comparison")


def _comparison(
    name: str, sign: str, tokens: list[tuple[str, str]], whole: str
) -> tuple[_Tree, list[tuple[str, str]]]:
    if name not in ATTRIBUTES:
        raise _refusal(whole, f"there is no attribute {name!r}, only {', '.join(ATTRIBUTES)}")
    values = []
    while tokens and tokens[0][0] in ("word", "text"):
        values.append(tokens[0][1])
        tokens = tokens[1:]
        if not tokens or tokens[0] != ("sign", "|"):
            break
        tokens = tokens[1:]
    if not values or (sign in _COMPARE and (len(values) > 1 or name not in _NUMBERS)):
        raise _refusal(whole, f"{name}{sign} needs {'one number' if sign in _COMPARE else 'a value'}")
    try:
        return ("is", name, sign, tuple(_value(name, v) for v in values)), tokens
    except ValueError as e:
        raise _refusal(whole, f"{name} cannot be {e}") from e


def _value(name: str, text: str) -> object:
    if name in _TEXTS:
        return text
    if name in _NUMBERS:
        try:
            return float(text)
        except ValueError:
            raise ValueError(f"{text!r}, it is a number") from None
    known = _ENUMS[name]
    if text.upper() not in known.__members__:
        raise ValueError(f"{text!r}, only {', '.join(m.lower() for m in known.__members__)}")
    return int(known[text.upper()])


def _polygon(tokens: list[tuple[str, str]], whole: str) -> tuple[_Tree, list[tuple[str, str]]]:
    corners: list[list[float]] = [[]]
    while tokens and tokens[0] != ("sign", ")"):
        kind, text = tokens[0]
        if (kind, text) == ("sign", "|"):
            corners.append([])
        else:
            try:
                corners[-1].append(float(text))
            except ValueError:
                raise _refusal(whole, f"{text!r} is no coordinate") from None
        tokens = tokens[1:]
    if not tokens or len(corners) < 3 or any(len(c) != 2 for c in corners):
        raise _refusal(whole, "a polygon is at least three corners `east north`, separated by | and closed by )")
    return ("polygon", tuple(tuple(c) for c in corners)), tokens[1:]


def _refusal(selection: str, why: str) -> Refused:
    return Refused(f"the selection {selection!r} cannot be used: {why}", code=2)


# ---------------------------------------------------------------- meaning


def _evaluate(district: District, tree: _Tree) -> Mask:
    b = district.building
    match tree:
        case ("all",):
            return np.ones(len(b), dtype=bool)
        case ("and", tuple(left), tuple(right)):
            return _evaluate(district, left) & _evaluate(district, right)
        case ("or", tuple(left), tuple(right)):
            return _evaluate(district, left) | _evaluate(district, right)
        case ("polygon", tuple(corners)):
            return _inside(b.x_m, b.y_m, np.array(corners, dtype=float))
        case ("is", str(name), str(sign), tuple(values)):
            column = getattr(b, name)
            if sign in _COMPARE:
                return _COMPARE[sign](column, values[0])
            if name in _TEXTS:
                column = np.array(column, dtype=object)
                missing = [v for v in values if name == "id" and v not in set(b.id)]
                if missing:
                    raise Refused(f"the district has no building {missing[0]!r}; name one of its ids", code=2)
            mask = np.isin(column, np.array(values, dtype=column.dtype if name in _TEXTS else float))
            return mask if sign == "=" else ~mask
    raise AssertionError(tree)


def _inside(x: NDArray[np.float64], y: NDArray[np.float64], corners: NDArray[np.float64]) -> Mask:
    """Even-odd rule: a ray to the east crosses the outline an odd number of times."""
    inside = np.zeros(len(x), dtype=bool)
    for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        spans = (y0 > y) != (y1 > y)
        if y0 != y1:
            inside ^= spans & (x < x0 + (y - y0) * (x1 - x0) / (y1 - y0))
    return inside
