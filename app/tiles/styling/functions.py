"""What the styling language can do with values: operators, functions, colours and vectors, a column at a time.

Source: 3D Tiles Styling specification 1.0 (OGC 22-025r4, 8.5 to 8.8), GLSL 3.30 for the numeric functions; colours are
red, green, blue and alpha from 0 to 1, as CSS writes them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ImageColor

Value = NDArray[Any]
_AXES = {"r": 0, "g": 1, "b": 2, "a": 3, "alpha": 3, "x": 0, "y": 1, "z": 2, "w": 3}


class Undefined:
    """What a property is that a feature does not have: not null, no number, false."""

    __bool__ = staticmethod(lambda: False)
    __repr__ = staticmethod(lambda: "undefined")


UNDEFINED = Undefined()


class Misuse(Exception):  # noqa: N818 - the reason a style is not used
    """A style or an expression makes no sense; one sentence says what and how to mend it."""


def filled(count: int, value: Any) -> Value:
    """The same value for every feature."""
    if isinstance(value, bool):
        return np.full(count, value, bool)
    if isinstance(value, int | float):
        return np.full(count, float(value))
    out = np.empty(count, object)
    out[:] = [value] * count
    return out


def numbers(value: Value) -> Value:
    """Value as numbers; what is none becomes NaN, a text is read."""
    if value.dtype != object:
        return value.astype(np.float64)
    return np.array([_number(v) for v in value], np.float64).reshape(value.shape)


def _number(v: Any) -> float:
    try:
        return float("nan") if v is None else float(v)
    except (TypeError, ValueError):
        return float("nan")


def texts(value: Value) -> Value:
    """Value as texts, whole numbers without a point."""
    out = np.empty(len(value), object)
    out[:] = [v if type(v) is str else text_of(v) for v in value]
    return out


def text_of(v: Any) -> str:
    """A value as the specification turns it into a text: "5", "null", "(1, 2)" of a vector, "[1, 2]" of an array."""
    if isinstance(v, bool | np.bool_):
        return "true" if v else "false"
    if v is None:
        return "null"
    if isinstance(v, float | np.floating):
        if not np.isfinite(v):
            return "NaN" if v != v else "Infinity" if v > 0 else "-Infinity"
        return str(int(v)) if v == int(v) else str(float(v))
    if isinstance(v, re.Pattern):
        return f"/{v.pattern}/"
    if isinstance(v, list | tuple):
        return f"[{', '.join(text_of(x) for x in v)}]"
    return f"({', '.join(text_of(x) for x in v)})" if isinstance(v, np.ndarray) else str(v)


def cast(v: Any) -> float:
    """A value as a number by the rules of JavaScript: null and the empty text are 0, what is none is NaN."""
    if v is None:
        return 0.0
    if not isinstance(v, str):
        return _number(v)
    text = v.strip()
    if re.fullmatch(r"0[xX][0-9a-fA-F]+", text):
        return float(int(text, 16))
    if re.fullmatch(r"[+-]?(Infinity|(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?)", text):
        return float(text)
    return float("nan") if text else 0.0


def _casts(value: Value) -> Value:
    return numbers(value) if value.dtype != object else np.array([cast(v) for v in value.flat]).reshape(value.shape)


def truth(value: Value) -> NDArray[np.bool_]:
    """[feature] what counts as true: not false, 0, NaN, null and the empty text."""
    if value.ndim > 1:
        return np.ones(len(value), bool)
    if value.dtype == object:
        return np.array([isinstance(v, np.ndarray) or (bool(v) and v == v) for v in value], bool)
    return np.asarray((value != 0) & (value == value))


def stacked(count: int, parts: Sequence[Value]) -> Value:
    """[feature, k] vector of scalars or of shorter vectors."""
    flat = [p[:, None] if p.ndim == 1 else p for p in parts]
    if not flat:
        return np.zeros((count, 0))
    if any(p.dtype == object for p in flat):
        return np.concatenate([p.astype(object) for p in flat], axis=1)
    return np.concatenate([p.astype(np.float64) for p in flat], axis=1)


def merged(count: int, parts: Sequence[tuple[NDArray[np.int64], Value]]) -> Value:
    """[feature] values that were worked out for some rows each; together they are all."""
    parts = [(rows, value) for rows, value in parts if len(rows)] or parts[:1]
    if len(parts) == 1:
        return parts[0][1]
    if all(value.ndim == 2 for _, value in parts):
        width = max(value.shape[1] for _, value in parts)
        padded = [np.pad(v, ((0, 0), (0, width - v.shape[1])), constant_values=1.0) for _, v in parts]
        out = np.empty((count, width), np.result_type(*padded))
        for (rows, _), value in zip(parts, padded, strict=True):
            out[rows] = value
        return out
    kinds = {value.dtype for _, value in parts}
    flat = len(kinds) == 1 and all(value.ndim == 1 for _, value in parts)
    out = np.empty(count, kinds.pop() if flat else object)
    for rows, value in parts:
        if flat:
            out[rows] = value
        else:
            for row, one in zip(rows, value, strict=True):
                out[row] = one.item() if isinstance(one, np.generic) else one
    return out


def item(value: Value, index: Value) -> Value:
    """A component, an element or a member of each row; undefined where there is none."""
    if len(value) and isinstance(value[0], str) and value[0][:1] == "\0":
        return filled(len(value), CONSTANTS.get(f"{value[0][1:]}.{index[0]}", UNDEFINED))
    if value.ndim == 2 and len(index):
        first = index[0]
        k = _AXES.get(first, -1) if isinstance(first, str) and not first.isdigit() else int(_number(first))
        return value[:, k] if 0 <= k < value.shape[1] else filled(len(value), UNDEFINED)
    out = np.empty(len(value), object)
    out[:] = [_member(v, i) for v, i in zip(value, index, strict=True)]
    return out


def _member(v: Any, index: Any) -> Any:
    try:
        if isinstance(v, dict):
            return v.get(text_of(index), UNDEFINED)
        if isinstance(v, list | tuple | np.ndarray):
            k = _AXES.get(index, -1) if isinstance(index, str) and not index.isdigit() else int(float(index))
            return v[k] if 0 <= k < len(v) else UNDEFINED
    except (TypeError, ValueError):
        return UNDEFINED
    return UNDEFINED


# ---- operators


def _paired(a: Value, b: Value) -> tuple[Value, Value]:
    """Numbers of both sides, a scalar spread over the other side's components."""
    a, b = numbers(a), numbers(b)
    if a.ndim == 2 and b.ndim == 2 and a.shape[1] != b.shape[1]:
        raise Misuse(f"a vector of {a.shape[1]} and one of {b.shape[1]} components do not go together")
    return (a[:, None] if a.ndim < b.ndim else a), (b[:, None] if b.ndim < a.ndim else b)


def _add(a: Value, b: Value) -> Value:
    if any(v.dtype == object and any(isinstance(x, str) for x in v.flat) for v in (a, b)):
        return np.asarray(texts(a) + texts(b))
    return np.asarray(np.add(*_paired(a, b)))


def _counted(work: Callable[[Value, Value], Value]) -> Callable[[Value, Value], Value]:
    def run(a: Value, b: Value) -> Value:
        with np.errstate(all="ignore"):
            return np.asarray(work(*_paired(a, b)))

    return run


def _ordered(work: Callable[[Any, Any], Any]) -> Callable[[Value, Value], Value]:
    """Comparison of numbers, or of texts where both are; null, undefined and mixtures are false."""

    def run(a: Value, b: Value) -> Value:
        if a.dtype != object and b.dtype != object:
            return np.asarray(work(a, b))
        pairs = zip(a, b, strict=True)
        return np.array([isinstance(x, str) == isinstance(y, str) and _orders(work, x, y) for x, y in pairs], bool)

    return run


def _orders(work: Callable[[Any, Any], Any], x: Any, y: Any) -> bool:
    if isinstance(x, str):
        return bool(work(x, y))
    a, b = _number(x), _number(y)
    return bool(work(a, b)) and x is not None and y is not None


def _equal(a: Value, b: Value) -> NDArray[np.bool_]:
    if a.ndim == b.ndim == 2:
        return np.asarray((a == b).all(axis=1)) if a.shape == b.shape else np.zeros(len(a), bool)
    if a.ndim != b.ndim:
        return np.zeros(len(a), bool)
    if a.dtype != object and b.dtype != object:
        return np.asarray(a == b) if (a.dtype.kind == "b") == (b.dtype.kind == "b") else np.zeros(len(a), bool)
    return np.array([_same(x, y) for x, y in zip(a, b, strict=True)], bool)


def _same(x: Any, y: Any) -> bool:
    if isinstance(x, bool | np.bool_) != isinstance(y, bool | np.bool_):
        return False
    same = np.array_equal(x, y) if isinstance(x, np.ndarray) or isinstance(y, np.ndarray) else x == y
    return bool(same)


def _matches(a: Value, b: Value) -> NDArray[np.bool_]:
    """Whether a pattern (on either side) is found in the text on the other."""
    pattern, other = (a, b) if len(a) and isinstance(a[0], re.Pattern) else (b, a)
    if len(a) and not isinstance(pattern[0], re.Pattern):
        raise Misuse("=~ and !~ need a regExp() on one side")
    return np.array([
        t is not None and t is not UNDEFINED and bool(p.search(text_of(t))) for p, t in zip(pattern, other, strict=True)
    ], bool)  # fmt: skip


def _alike(a: Value, b: Value) -> NDArray[np.bool_]:
    """== of JavaScript, in which null and undefined are the same; of types it knows no more than ===."""
    none = [np.array([v is None or v is UNDEFINED for v in side], bool) for side in (a, b)]
    return np.asarray(_equal(a, b) | (none[0] & none[1]))


OPERATORS: dict[str, Callable[[Value, Value], Value]] = {
    "+": _add, "-": _counted(np.subtract), "*": _counted(np.multiply), "/": _counted(np.divide),
    "%": _counted(np.fmod), "<": _ordered(lambda x, y: x < y), "<=": _ordered(lambda x, y: x <= y),
    ">": _ordered(lambda x, y: x > y), ">=": _ordered(lambda x, y: x >= y),
    "===": _equal, "==": _alike, "!==": lambda a, b: ~_equal(a, b), "!=": lambda a, b: ~_alike(a, b),
    "=~": _matches, "!~": lambda a, b: ~_matches(a, b),
}  # fmt: skip
CONSTANTS: dict[str, Any] = {
    "true": True, "false": False, "null": None, "undefined": UNDEFINED, "NaN": float("nan"), "Infinity": float("inf"),
    "Math.PI": float(np.pi), "Math.E": float(np.e), "Number.POSITIVE_INFINITY": float("inf"),
}  # fmt: skip


# ---- functions: name -> (work(count, values...), least, most values)


def _numeric(work: Callable[..., Any]) -> Callable[..., Value]:
    def run(count: int, *values: Value) -> Value:
        spread = [numbers(v) for v in values]
        if any(v.ndim == 2 for v in spread):
            spread = [v[:, None] if v.ndim == 1 else v for v in spread]
        with np.errstate(all="ignore"):
            return np.asarray(work(*spread), np.float64)

    return run


def _vector(width: int) -> Callable[..., Value]:
    def run(count: int, *values: Value) -> Value:
        made = stacked(count, [numbers(v) for v in values])
        if made.shape[1] == 1:
            made = np.repeat(made, width, axis=1)
        if made.shape[1] < width:
            raise Misuse(f"vec{width}() needs {width} numbers, not {made.shape[1]}")
        return made[:, :width]

    return run


def _color(count: int, *values: Value) -> Value:
    if not values:
        return np.ones((count, 4))
    named = np.array([_css(t) for t in texts(values[0])], np.float64).reshape(count, 4)
    if len(values) > 1:
        named[:, 3] = numbers(values[1])
    return named


@lru_cache(4096)
def _css(text: str) -> tuple[float, ...]:
    if text.strip().lower() == "transparent":
        return 0.0, 0.0, 0.0, 0.0
    try:
        found = ImageColor.getrgb(text.strip())
    except ValueError:
        raise Misuse(f"{text[:40]!r} is no colour; write a CSS name, '#rrggbb' or rgb(255, 0, 0)") from None
    return tuple(c / 255 for c in (*found, 255)[:4])


def _rgb(count: int, *values: Value) -> Value:
    parts = [numbers(v) for v in values]
    alpha = parts[3] if len(parts) > 3 else np.ones(count)
    return np.stack([*(p / 255 for p in parts[:3]), alpha], axis=1)


def _hsl(count: int, *values: Value) -> Value:
    """Hue, saturation and lightness from 0 to 1. Equation: CSS Color 3, 4.2.4 in its branchless form."""
    h, s, light = (numbers(v) for v in values[:3])
    alpha = numbers(values[3]) if len(values) > 3 else np.ones(count)
    swing = s * np.minimum(light, 1 - light)
    turn = [(k + h * 12) % 12 for k in (0, 8, 4)]
    return np.stack([*(light - swing * np.clip(np.minimum(t - 3, 9 - t), -1, 1) for t in turn), alpha], axis=1)


_FLAGS = {"i": re.IGNORECASE, "m": re.MULTILINE, "g": 0, "u": 0, "y": 0}
"""Of JavaScript: with `y` (sticky) the pattern must be found at the beginning; g and u change nothing here."""


def _pattern(count: int, *values: Value) -> Value:
    given = [texts(v) for v in values] or [filled(count, "(?:)")]
    out = np.empty(count, object)
    made: dict[tuple[str, ...], re.Pattern[str]] = {}
    for k, words in enumerate(zip(*given, strict=True)):
        if words not in made:
            made[words] = _compiled(*words)
        out[k] = made[words]
    return out


def _compiled(text: str, flags: str = "") -> re.Pattern[str]:
    if strange := set(flags) - set(_FLAGS):
        raise Misuse(f"{strange.pop()!r} is no flag of a regular expression; there are {', '.join(_FLAGS)}")
    ours = re.sub(r"\(\?<(?![=!])", "(?P<", text)  # a group with a name, as Python writes it
    try:
        return re.compile(rf"\A(?:{ours})" if "y" in flags else ours, sum(_FLAGS[f] for f in set(flags)))
    except (re.error, RecursionError) as error:
        raise Misuse(f"{text[:40]!r} is no regular expression ({error})") from None


def _length(v: Value) -> Value:
    return np.asarray(np.abs(v) if v.ndim == 1 else np.linalg.norm(v, axis=1))


def _normalized(v: Value) -> Value:
    norm = _length(v)
    return np.asarray(np.ones_like(v) if v.ndim == 1 else v / np.where(norm == 0, 1, norm)[:, None])


def _whole(work: Callable[..., Any]) -> Callable[..., Value]:
    """A function of whole vectors."""
    return lambda count, *values: np.asarray(work(*(numbers(v) for v in values)), np.float64)


FUNCTIONS: dict[str, tuple[Callable[..., Value], int, int]] = {
    **{n: (_numeric(f), 1, 1) for n, f in dict[str, Callable[..., Any]]({
        "abs": np.abs, "sqrt": np.sqrt, "cos": np.cos, "sin": np.sin, "tan": np.tan, "acos": np.arccos,
        "asin": np.arcsin, "atan": np.arctan, "radians": np.radians, "degrees": np.degrees, "sign": np.sign,
        "floor": np.floor, "ceil": np.ceil, "round": lambda x: np.floor(x + 0.5), "exp": np.exp, "log": np.log,
        "exp2": np.exp2, "log2": np.log2, "fract": lambda x: x - np.floor(x),
    }).items()},
    "atan2": (_numeric(np.arctan2), 2, 2), "pow": (_numeric(np.power), 2, 2),
    "min": (_numeric(np.minimum), 2, 2), "max": (_numeric(np.maximum), 2, 2),
    "clamp": (_numeric(lambda x, low, high: np.clip(x, low, high)), 3, 3),
    "mix": (_numeric(lambda x, y, a: x * (1 - a) + y * a), 3, 3),
    "length": (_whole(_length), 1, 1), "normalize": (_whole(_normalized), 1, 1),
    "distance": (_whole(lambda a, b: _length(a - b)), 2, 2),
    "dot": (_whole(lambda a, b: (a * b) if a.ndim == 1 else (a * b).sum(axis=1)), 2, 2),
    "cross": (_whole(lambda a, b: np.cross(a, b)), 2, 2),
    "vec2": (_vector(2), 1, 2), "vec3": (_vector(3), 1, 3), "vec4": (_vector(4), 1, 4),
    "color": (_color, 0, 2), "rgb": (_rgb, 3, 3), "rgba": (_rgb, 4, 4), "hsl": (_hsl, 3, 3), "hsla": (_hsl, 4, 4),
    "regExp": (_pattern, 0, 2),
    "isNaN": (lambda count, v: np.isnan(_casts(v)), 1, 1),
    "isFinite": (lambda count, v: np.isfinite(_casts(v)), 1, 1),
    "Boolean": (lambda count, *v: truth(v[0]) if v else filled(count, False), 0, 1),
    "Number": (lambda count, *v: _casts(v[0]) if v else filled(count, 0.0), 0, 1),
    "String": (lambda count, *v: texts(v[0]) if v else filled(count, ""), 0, 1),
}  # fmt: skip


def _found(pattern: Value, text: Value) -> Value:
    out = np.empty(len(pattern), object)
    hits = (p.search(t) for p, t in zip(pattern, texts(text), strict=True))
    out[:] = [(h[1] if h.re.groups else h[0]) if h else None for h in hits]
    return out


METHODS: dict[str, Callable[..., Value]] = {
    "test": _matches, "exec": _found, "toString": lambda v: texts(v),
    **{n: (lambda f: lambda math, *v: f(len(math), *v))(FUNCTIONS[n][0]) for n in (
        "abs", "sqrt", "cos", "sin", "tan", "acos", "asin", "atan", "floor", "ceil", "round", "exp", "log", "pow",
        "min", "max")},
}  # fmt: skip
