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
from app.tiles.styling.expression import Code, Rows, Value, compiled
from app.tiles.styling.functions import FUNCTIONS, Misuse, chosen, filled, numbers, texts, truth
from network.problems import Refused

WORDS = ("show", "color", "pointSize", "defines", "meta")
_FOREIGN = ("pointOutlineColor", "pointOutlineWidth", "labelText", "labelColor", "image", "font", "labelStyle")
"""Of other engines' styles for points and labels: passed over."""
_MOST_DEFINES = 200
_LONGEST = 1_000_000
_PROPERTY = re.compile(r"\$\{\s*(?:feature\.)?([^}.\[\]'\"\\]+?)\s*\}")
"""A property by its plain name; those with members or in brackets are not looked for."""


@dataclass(frozen=True)
class Dress:
    """What a style makes of the features of a table."""

    show: NDArray[np.bool_]
    """[feature]"""
    color: NDArray[np.float32]
    """[feature, 4] sRGB and alpha, 0 to 1; white where the style names no colour."""
    dot_px: NDArray[np.float32] | None = None
    """[feature] diameter of points, if the style says."""

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

    def dress(self, table: Table) -> Dress:
        """Shown or not, and the colour, of every feature of a tile.

        Raises:
            Misuse: a value is not what it has to be.
        """
        try:
            return self._dress(Rows(table.count, table.columns), table)
        except RecursionError:
            raise Misuse("its expressions are nested too deeply") from None

    def _dress(self, rows: Rows, table: Table) -> Dress:
        show = np.ones(table.count, bool) if self.show is None else truth(self.show(rows))
        color = np.ones((table.count, 4)) if self.color is None else _rgba(self.color(rows))
        size = None if self.dot_px is None else np.clip(np.nan_to_num(numbers(self.dot_px(rows)), nan=1.0), 0.0, 64.0)
        return Dress(show, np.clip(color, 0, 1).astype(np.float32), None if size is None else size.astype(np.float32))

    def words(self, table: Table, feature: int) -> dict[str, str]:
        """What `meta` has to tell of a feature."""
        one = {k: [c[feature]] for k, c in table.columns.items() if feature < len(c)}
        rows = Rows(1, {k: np.array(v) if isinstance(table.columns[k], np.ndarray) else v for k, v in one.items()})
        return {name: str(texts(code(rows))[0]) for name, code in self.meta.items()}


def _rgba(value: Value) -> NDArray[np.float64]:
    """[feature, 4] of a value that is a colour, a vector or the text of a CSS colour."""
    if value.ndim == 2 and value.shape[1] in (3, 4):
        found = numbers(value)
        return np.c_[found, np.ones(len(found))] if found.shape[1] == 3 else found
    if value.ndim == 1 and value.dtype == object:
        out = np.ones((len(value), 4))
        for k, v in enumerate(value):  # a mixture: rows without a colour stay white
            if isinstance(v, np.ndarray) and len(v) >= 3:
                out[k, : min(len(v), 4)] = v[:4]
            elif isinstance(v, str):
                out[k] = FUNCTIONS["color"][0](1, filled(1, v))[0]
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
    for _ in defines:  # what the defines ask for, where they are asked for themselves
        asked = _PROPERTY.sub(lambda found: defines.get(found[1], found[0]), asked)[:_LONGEST]
    return Style(made["show"], made["color"], made["pointSize"], meta, frozenset(_PROPERTY.findall(asked)))


def _resolved(defines: Mapping[str, Any]) -> dict[str, str]:
    """Texts of the defines with those before them put in; one that needs itself is refused."""
    if len(defines) > _MOST_DEFINES:
        raise Misuse(f"more than {_MOST_DEFINES} defines are not read")
    known = {str(k): str(v) if isinstance(v, str) else json.dumps(v) for k, v in defines.items()}
    for _ in range(len(known)):
        before = dict(known)
        for name, text in before.items():
            for other, meaning in before.items():
                if "${" + other + "}" in text:
                    if other == name:
                        raise Misuse(f"the define {name} needs itself")
                    text = text.replace("${" + other + "}", f"({meaning})")
            known[name] = text[:50_000]
        if known == before:
            break
    return known


def _rule(rule: Any, defines: Mapping[str, str]) -> Code:
    """An expression, or conditions of which the first true one counts; where none is, null."""
    if not isinstance(rule, dict):
        return _checked(rule, defines)
    pairs = rule.get("conditions")
    if not isinstance(pairs, list) or not all(isinstance(p, list) and len(p) == 2 for p in pairs):
        raise Misuse("conditions must be a list of [test, expression] pairs")
    cases = [(compiled(test, defines), _checked(then, defines)) for test, then in pairs]

    def run(rows: Rows) -> Value:
        value = filled(rows.count, None)
        for test, then in reversed(cases):
            value = chosen(truth(test(rows)), then(rows), value)
        return value

    return run


def _checked(rule: Any, defines: Mapping[str, str]) -> Code:
    if rule is not None and not isinstance(rule, str | bool | int | float):
        raise Misuse(f"{str(rule)[:80]} is neither an expression nor conditions")
    return compiled(rule, defines)
