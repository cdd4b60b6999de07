"""Expressions of the 3D Tiles styling language, compiled once and evaluated for all features of a tile at a time.

A value is an array with one row by feature: booleans, numbers, or objects (strings, null and mixtures); a second axis
makes it a vector or an array. What JavaScript would leave undefined becomes null here, and null compares false.
Source: 3D Tiles Styling specification 1.0 (OGC 22-025r4, chapter 8 and its grammar of expressions).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache, reduce
from typing import Any

import numpy as np
from lark import Lark, Token, Transformer, v_args
from lark.exceptions import LarkError, VisitError
from numpy.typing import NDArray

from app.tiles.styling import functions
from app.tiles.styling.functions import Misuse, filled, numbers, texts, truth

Value = NDArray[Any]
LONGEST = 20_000
"""Characters of an expression."""

_GRAMMAR = r"""
?start: choice
?choice: either ("?" choice ":" choice)?
?either: both ("||" both)*
?both: alike ("&&" alike)*
?alike: than (ALIKE than)*
?than: sum (THAN sum)*
?sum: product (PLUS product)*
?product: unary (TIMES unary)*
?unary: SIGN unary -> signed
      | (PLUS) unary -> signed
      | part
?part: atom
     | part "." NAME -> member
     | part "." NAME "(" [choice ("," choice)*] ")" -> method
     | part "[" choice "]" -> item
?atom: NUMBER -> number
     | STRING -> string
     | VARIABLE -> variable
     | NAME -> name
     | NAME "(" [choice ("," choice)*] ")" -> call
     | "[" [choice ("," choice)*] "]" -> array
     | "(" choice ")"
ALIKE: "===" | "!==" | "==" | "!=" | "=~" | "!~"
THAN: "<=" | ">=" | "<" | ">"
PLUS: "+" | "-"
TIMES: "*" | "/" | "%"
SIGN: "!"
NAME: /[A-Za-z_$][A-Za-z_0-9$]*/
VARIABLE.2: /\$\{[^{}]*\}/
NUMBER: /(0[xX][0-9a-fA-F]+)|((\d+\.?\d*|\.\d+)([eE][+-]?\d+)?)/
STRING: /"(\\.|[^"\\])*"|'(\\.|[^'\\])*'/
%import common.WS
%ignore WS
"""


class Rows:
    """What an expression sees: columns of properties, and how many features there are."""

    def __init__(self, count: int, columns: Mapping[str, Any]) -> None:
        self.count = count
        self._columns = columns
        self._ready: dict[str, Value] = {}

    def column(self, name: str) -> Value:
        """A property as a value; null where there is none of that name."""
        if name not in self._ready:
            self._ready[name] = self._value(name)
        return self._ready[name]

    def _value(self, name: str) -> Value:
        column = self._columns.get(name)
        if column is None:
            return filled(self.count, None)
        if isinstance(column, np.ndarray) and column.dtype.kind in "biuf":
            flat = column.reshape(self.count, -1) if column.ndim > 2 else column
            return flat if flat.dtype.kind == "b" else flat.astype(np.float64)
        out = np.empty(self.count, object)
        for k, item in enumerate(column):
            out[k] = item.item() if isinstance(item, np.generic) else item
        return _plain(out)


Code = Callable[[Rows], Value]


def _plain(values: Value) -> Value:
    """Numbers or booleans where every row is one."""
    kinds = {type(v) for v in values}
    if kinds and kinds <= {int, float}:
        return values.astype(np.float64)
    return values.astype(bool) if kinds == {bool} else values


def compiled(text: str | float | bool | None, defines: Mapping[str, str] | None = None) -> Code:
    """The expression as a function of `Rows`; `${NAME}` of a define stands for its text.

    Raises:
        Misuse: it is no expression; the sentence says where and why.
    """
    if text is None or isinstance(text, bool | int | float):
        return lambda rows: filled(rows.count, text)
    for name, meaning in (defines or {}).items():
        text = text.replace("${" + name + "}", f"({meaning})")
    if len(text) > LONGEST:
        raise Misuse(f"an expression of more than {LONGEST} characters is not read")
    try:
        code = _Compiler().transform(_parser().parse(text))
    except VisitError as error:
        raise Misuse(str(error.orig_exc) or f"{text[:200]!r} makes no sense") from None
    except (LarkError, RecursionError) as error:
        column = getattr(error, "column", -1)
        where = f" at character {column}" if column not in (-1, None) else ""
        raise Misuse(f"{text[:200]!r} is no expression of the styling language: it cannot be read{where}") from None
    return code


@cache
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", maybe_placeholders=False)


def _inserted(text: str) -> Code:
    """A string in which `${name}` is replaced by the feature's property."""
    pieces = re.split(r"(\$\{[^{}]*\})", text)
    if len(pieces) == 1:
        return lambda rows: filled(rows.count, text)
    codes = [_variable(p[2:-1]) if p.startswith("${") else _constant(p) for p in pieces]
    return lambda rows: reduce(np.add, [texts(c(rows)) for c in codes])


def _constant(value: Any) -> Code:
    return lambda rows: filled(rows.count, value)


def _variable(inside: str) -> Code:
    """`${name}`, `${feature.name}`, `${feature['name']}`, `${name.part}`, `${name[0]}`."""
    inside = inside.strip()
    bare = re.sub(r"^feature(\.|(?=\[))", "", inside)
    quoted = re.match(r"\[\s*(['\"])(.*?)\1\s*\]", bare)
    name = quoted[2] if quoted else re.split(r"[.\[]", bare, maxsplit=1)[0]
    rest = bare[quoted.end() if quoted else len(name) :]
    steps = re.findall(r"\.([^.\[\]]+)|\[\s*['\"]?(.*?)['\"]?\s*\]", rest)

    def look_up(rows: Rows) -> Value:
        whole = rows.column(inside)  # a name may have dots of its own
        if whole.dtype != object or any(v is not None for v in whole):
            return whole
        value = rows.column(name)
        for dotted, bracketed in steps:
            value = functions.item(value, filled(rows.count, dotted or bracketed))
        return value

    return look_up


@v_args(inline=True)
class _Compiler(Transformer[Token, Code]):
    """Every rule of the grammar as a closure over its parts."""

    def number(self, token: Token) -> Code:
        return _constant(float(int(token, 16)) if token[:2].lower() == "0x" else float(token))

    def string(self, token: Token) -> Code:
        return _inserted(re.sub(r"\\(['\"])", r"\1", token[1:-1]))  # other backslashes are for patterns

    def variable(self, token: Token) -> Code:
        return _variable(str(token[2:-1]))

    def name(self, token: Token) -> Code:
        if token in ("Math", "Number"):
            return lambda rows: filled(rows.count, f"\0{token}")
        if token not in functions.CONSTANTS:
            raise Misuse(f"{token} is unknown; a property is written ${{{token}}} and a text '{token}'")
        return _constant(functions.CONSTANTS[token])

    def array(self, *parts: Code) -> Code:
        return lambda rows: functions.stacked(rows.count, [p(rows) for p in parts])

    def signed(self, sign: Token, part: Code) -> Code:
        if sign == "!":
            return lambda rows: ~truth(part(rows))
        return lambda rows: -numbers(part(rows)) if sign == "-" else numbers(part(rows))

    def choice(self, test: Code, yes: Code, no: Code) -> Code:
        return lambda rows: functions.chosen(truth(test(rows)), yes(rows), no(rows))

    def either(self, *parts: Code) -> Code:
        return lambda rows: reduce(np.logical_or, [truth(p(rows)) for p in parts])

    def both(self, *parts: Code) -> Code:
        return lambda rows: reduce(np.logical_and, [truth(p(rows)) for p in parts])

    def alike(self, *parts: Any) -> Code:
        return _chain(parts)

    than = sum = product = alike

    def member(self, part: Code, name: Token) -> Code:
        return lambda rows: functions.item(part(rows), filled(rows.count, str(name)))

    def item(self, part: Code, index: Code) -> Code:
        return lambda rows: functions.item(part(rows), index(rows))

    def method(self, part: Code, name: Token, *arguments: Code) -> Code:
        if name not in functions.METHODS:
            raise Misuse(f"there is no method {name}(); known are {', '.join(sorted(functions.METHODS))}")
        return lambda rows: functions.METHODS[name](part(rows), *(a(rows) for a in arguments))

    def call(self, name: Token, *arguments: Code) -> Code:
        found = functions.FUNCTIONS.get(str(name))
        if found is None:
            raise Misuse(f"there is no function {name}(); known are {', '.join(sorted(functions.FUNCTIONS))}")
        work, least, most = found
        if not least <= len(arguments) <= most:
            raise Misuse(f"{name}() takes {least} to {most} values, not {len(arguments)}")
        return lambda rows: work(rows.count, *(a(rows) for a in arguments))


def _chain(parts: tuple[Any, ...]) -> Code:
    """a op b op c, from the left."""
    first, steps = parts[0], list(zip(parts[1::2], parts[2::2], strict=True))

    def run(rows: Rows) -> Value:
        value = first(rows)
        for operator, part in steps:
            value = functions.OPERATORS[str(operator)](value, part(rows))
        return value

    return run
