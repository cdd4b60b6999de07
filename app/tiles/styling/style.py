"""A 3D Tiles style: which features are shown and in what colour, by expressions over their properties.

The document is JSON: `show`, `color`, `pointSize` are expressions or `{"conditions": [[test, expression], ...]}` of
which the first that is true counts; `defines` are names for expressions, `meta` what a click should tell.
Source: 3D Tiles Styling specification 1.0 (OGC 22-025r4, chapter 8).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.tiles.features import Table
from app.tiles.styling.expression import Code, Rows, Value, cases, compiled
from app.tiles.styling.functions import FUNCTIONS, UNDEFINED, Misuse, filled, numbers, texts, truth
from network.problems import Refused

WORDS = ("show", "color", "pointSize", "defines", "meta")
_FOREIGN = ("pointOutlineColor", "pointOutlineWidth", "labelText", "labelColor", "image", "font", "labelStyle")
"""Of other engines' styles for points and labels: passed over."""
_MOST_DEFINES = 200
_LONGEST = 1_000_000
_PROPERTY = re.compile(r"\$\{\s*(?:feature\.)?([^}.\[\]'\"\\]+?)\s*\}")
"""A property by its plain name; those with members or in brackets are not looked for."""
OF_POINTS = frozenset({"POSITION", "POSITION_ABSOLUTE", "COLOR", "NORMAL"})
"""What a style can ask a point cloud's points for besides their properties."""
_DEFINE = re.compile(r"\$\{([^{}]*)\}")
_LEAST_DOT_PX, _MOST_DOT_PX = 1.0, 64.0


@dataclass(frozen=True)
class Dress:
    """What a style makes of the features of a table."""

    show: NDArray[np.bool_]
    """[feature]"""
    color: NDArray[np.float32]
    """[feature, 4] sRGB and alpha, 0 to 1; white where the style names no colour."""
    dot_px: NDArray[np.float32] | None = None
    """[feature] diameter of points from 1 to 64, if the style says; 0 where it leaves it undefined."""
    coloured: NDArray[np.bool_] | None = None
    """[feature] whether the style names its colour; None without one."""

    @property
    def rgba(self) -> NDArray[np.float32]:
        """[feature, 4] linear colour, alpha 0 where hidden."""
        srgb = self.color[:, :3]
        linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
        return np.c_[linear, self.color[:, 3] * self.show].astype(np.float32)


@dataclass(frozen=True)
class Style:
    """A compiled style."""

    show: Code | None = None
    color: Code | None = None
    dot_px: Code | None = None
    meta: Mapping[str, Code] = field(default_factory=dict)
    reads: frozenset[str] = frozenset()
    """Names of the properties that show, color and pointSize ask for."""
    of_points: frozenset[str] = frozenset()
    """Which of `OF_POINTS` it asks for anywhere: then it tells the points of a cloud apart."""

    def dress(self, table: Table) -> Dress:
        """Shown or not, and the colour, of every feature of a tile.

        Raises:
            Misuse: a value is not what it has to be.
        """
        try:
            return self._dress(Rows(table.count, table.columns, table.lineages, table.lineage), table)
        except RecursionError:
            raise Misuse("its expressions are nested too deeply") from None

    def _dress(self, rows: Rows, table: Table) -> Dress:
        show = np.ones(table.count, bool) if self.show is None else _shown(self.show(rows))
        color, coloured = np.ones((table.count, 4)), None
        if self.color is not None:
            value = self.color(rows)
            color, coloured = _rgba(value), _defined(value)
        clear = np.clip(np.nan_to_num(color, nan=1.0), 0, 1).astype(np.float32)
        return Dress(show, clear, None if self.dot_px is None else _dot_px(self.dot_px(rows)), coloured)

    def words(self, table: Table, feature: int) -> dict[str, str]:
        """What `meta` has to tell of a feature."""
        one = {k: [c[feature]] for k, c in table.columns.items() if feature < len(c)}
        columns = {k: np.array(v) if isinstance(table.columns[k], np.ndarray) else v for k, v in one.items()}
        rows = Rows(1, columns, table.lineages, table.lineage[feature : feature + 1])
        return {name: str(texts(code(rows))[0]) for name, code in self.meta.items()}


def _defined(value: Value) -> NDArray[np.bool_]:
    """[feature] whether there is a value: conditions of which none is true leave it undefined."""
    if value.dtype != object or value.ndim > 1:
        return np.ones(len(value), bool)
    return np.array([v is not None and v is not UNDEFINED for v in value], bool)


def _shown(value: Value) -> NDArray[np.bool_]:
    """What is undefined is shown."""
    if value.dtype != object or value.ndim > 1:
        return truth(value)
    return truth(value) | np.array([v is UNDEFINED for v in value], bool)


def _dot_px(value: Value) -> NDArray[np.float32]:
    found = numbers(value)
    if found.ndim > 1:
        raise Misuse("pointSize gives several numbers where one is needed")
    said = np.clip(np.nan_to_num(found, nan=0.0), _LEAST_DOT_PX, _MOST_DOT_PX)
    return np.where(np.isnan(found), 0.0, said).astype(np.float32)


def _rgba(value: Value) -> NDArray[np.float64]:
    """[feature, 4] of a value that is a colour, a vector or the text of a CSS colour."""
    if value.ndim == 2 and value.shape[1] in (3, 4):
        made = numbers(value)
        return np.c_[made, np.ones(len(made))] if made.shape[1] == 3 else made
    if value.ndim == 1 and value.dtype == object:
        out = np.ones((len(value), 4))
        vectors = [k for k, v in enumerate(value) if isinstance(v, np.ndarray) and len(v) in (3, 4)]
        words = [k for k, v in enumerate(value) if isinstance(v, str)]
        if vectors:  # a mixture: rows without a colour stay white
            out[vectors] = numbers(np.array([(*value[k], 1.0)[:4] for k in vectors]))
        if words:
            names, which = np.unique([value[k] for k in words], return_inverse=True)
            out[words] = FUNCTIONS["color"][0](len(names), names.astype(object))[which]
        return out
    raise Misuse("color gives a number where a colour is needed; write color('red'), rgb(255, 0, 0) or '#ff0000'")


def read(text: str | bytes, name: str = "the style") -> Style:
    """The style in a JSON document.

    Raises:
        Refused: it is no style; the sentence names the place and the remedy.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Refused(f"{name} is no JSON ({error}); write a 3D Tiles style.") from error
    if not isinstance(document, dict):
        raise Refused(f"{name} is no style: a JSON object with show, color, defines or meta is needed.")
    strange = [k for k in document if k not in WORDS and k not in _FOREIGN and k not in ("extensions", "extras")]
    if strange:
        raise Refused(f"{name}: the style has {strange[0]!r}, which is not known; known are {', '.join(WORDS)}.")
    place = ""
    try:
        defines = _resolved(document.get("defines", {}))
        made: dict[str, Code | None] = {}
        for place in ("show", "color", "pointSize"):
            made[place] = _rule(document[place], defines) if place in document else None
        place = "meta"
        meta = {str(k): compiled(v, defines) for k, v in document.get("meta", {}).items()}
    except (Misuse, AttributeError, TypeError, ValueError, IndexError) as error:
        raise Refused(f"{name}: {place or 'defines'} of the style cannot be used: {error}.") from error
    asked = "".join(json.dumps(document.get(part)) for part in ("show", "color", "pointSize"))
    asked = _PROPERTY.sub(lambda found: defines.get(found[1], found[0]), asked)[:_LONGEST]
    variables = " ".join(_DEFINE.findall(asked + json.dumps([document.get("meta"), defines])))
    of_points = OF_POINTS.intersection(re.findall(r"\w+", variables))
    return Style(made["show"], made["color"], made["pointSize"], meta, frozenset(_PROPERTY.findall(asked)), of_points)


def _resolved(defines: Mapping[str, Any]) -> dict[str, str]:
    """Texts of the defines with others put in.

    The specification has a define speak of properties alone, also of one with its own name. So a name that leads back
    to itself is the property's; any other may be a define.
    """
    if len(defines) > _MOST_DEFINES:
        raise Misuse(f"more than {_MOST_DEFINES} defines are not read")
    known = {str(k): str(v) if isinstance(v, str) else json.dumps(v) for k, v in defines.items()}
    asks = {name: set(_DEFINE.findall(text)) & set(known) for name, text in known.items()}
    done: dict[str, str] = {}

    def reaches(name: str) -> set[str]:
        seen, waiting = set[str](), list(asks[name])
        while waiting:
            other = waiting.pop()
            if other not in seen:
                seen.add(other)
                waiting += asks[other]
        return seen

    own = {name for name in known if name in reaches(name)}

    def put(found: re.Match[str]) -> str:
        return f"({whole(found[1])})" if found[1] in known and found[1] not in own else found[0]

    def whole(name: str) -> str:
        if name not in done:
            done[name] = _DEFINE.sub(put, known[name])[:50_000]
        return done[name]

    return {name: whole(name) for name in known}


def _rule(rule: Any, defines: Mapping[str, str]) -> Code:
    """An expression, or conditions of which the first true one counts; where none is, undefined."""
    if not isinstance(rule, dict):
        return _checked(rule, defines)
    pairs = rule.get("conditions")
    if not isinstance(pairs, list) or not all(isinstance(p, list) and len(p) == 2 for p in pairs):
        raise Misuse("conditions must be a list of [test, expression] pairs")
    made = [(compiled(test, defines), _checked(then, defines)) for test, then in pairs]
    return cases(made, lambda rows: filled(rows.count, UNDEFINED))


def _checked(rule: Any, defines: Mapping[str, str]) -> Code:
    if rule is not None and not isinstance(rule, str | bool | int | float):
        raise Misuse(f"{str(rule)[:80]} is neither an expression nor conditions")
    return compiled(rule, defines)
