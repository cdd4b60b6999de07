"""Expressions of the 3D Tiles styling language, compiled once and evaluated for all features of a tile at a time.

A value is an array with one row by feature: booleans, numbers, or objects (strings, null and mixtures); a second axis
makes it a vector or an array. null and undefined order nowhere. What && and || and ?: do not need for a feature is not
worked out for it.
Sources: 3D Tiles Styling specification 1.0 (OGC 22-025r4, chapter 8 and its grammar of expressions);
3DTILES_batch_table_hierarchy (functions of classes).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial, reduce
from typing import Any

import numpy as np
from lark import Lark, Token, Transformer, v_args
from lark.exceptions import LarkError, VisitError
from numpy.typing import NDArray

from app.tiles.styling import functions
from app.tiles.styling.functions import UNDEFINED, Misuse, filled, merged, numbers, texts, truth

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
STRING: /"(\\.|[^"\\])*"|'(\\.|[^'\\])*'|`(\\.|[^`\\])*`/
%import common.WS
%ignore WS
"""


class Rows:
    """What an expression sees: columns of properties, the classes of the features, and how many features there are."""

    def __init__(
        self, count: int, columns: Mapping[str, Any], lineages: Sequence[Sequence[str]] = (), lineage: Any = ()
    ) -> None:
        """`lineages` are lines of classes, each feature's own first, and `lineage` [feature] which of them it has."""
        self.count = count
        self._columns = columns
        self._ready: dict[str, Value] = {}
        self._lineages = lineages
        self._lineage = np.asarray(lineage, np.int64)

    def column(self, name: str) -> Value:
        """A property as a value; undefined where there is none of that name."""
        if name not in self._ready:
            self._ready[name] = self._value(name)
        return self._ready[name]

    def knows(self, name: str) -> bool:
        """Whether there is a property of this name."""
        return name in self._columns

    def classes(self, work: Callable[[Sequence[str]], Any], without: Any) -> Value:
        """[feature] what `work` makes of its line of classes; `without` where there is no hierarchy."""
        if not self._lineages:
            return filled(self.count, without)
        made = np.empty(len(self._lineages), object)
        made[:] = [work(line) for line in self._lineages]
        return _plain(made)[self._lineage]

    def part(self, index: NDArray[np.int64]) -> Rows:
        """The same of some of the features."""
        return _Part(self, index)

    def _value(self, name: str) -> Value:
        column = self._columns.get(name)
        if column is None:
            return filled(self.count, UNDEFINED)
        if isinstance(column, np.ndarray) and column.dtype.kind in "biuf":
            flat = column.reshape(self.count, -1) if column.ndim > 2 else column
            return flat if flat.dtype.kind == "b" else flat.astype(np.float64)
        out = np.empty(self.count, object)
        for k, item in enumerate(column):
            out[k] = item.item() if isinstance(item, np.generic) else item
        return _plain(out)


class _Part(Rows):
    """Some rows of others."""

    def __init__(self, whole: Rows, index: NDArray[np.int64]) -> None:
        super().__init__(len(index), whole._columns, whole._lineages, whole._lineage)
        self._whole, self._index = whole, index
        if len(self._lineage):
            self._lineage = self._lineage[index]

    def _value(self, name: str) -> Value:
        return self._whole.column(name)[self._index]


Code = Callable[[Rows], Value]
_VARIABLE = re.compile(r"\$\{([^{}]*)\}")


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
    if defines:
        text = _VARIABLE.sub(lambda found: f"({defines[found[1]]})" if found[1] in defines else found[0], text)
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
        if steps and not rows.knows(name):
            return rows.column(bare)  # a name with dots of its own
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
        return cases([(test, yes)], no)

    def either(self, *parts: Code) -> Code:
        return reduce(lambda a, b: cases([(a, _constant(True))], lambda rows: truth(b(rows))), parts)

    def both(self, *parts: Code) -> Code:
        return reduce(lambda a, b: cases([(a, lambda rows: truth(b(rows)))], _constant(False)), parts)

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
        if name in CLASSES:
            return _of_class(str(name), arguments)
        found = functions.FUNCTIONS.get(str(name))
        if found is None:
            raise Misuse(f"there is no function {name}(); known are {', '.join(sorted(functions.FUNCTIONS))}")
        work, least, most = found
        if not least <= len(arguments) <= most:
            raise Misuse(f"{name}() takes {least} to {most} values, not {len(arguments)}")
        return lambda rows: work(rows.count, *(a(rows) for a in arguments))


def cases(pairs: Sequence[tuple[Code, Code]], rest: Code) -> Code:
    """Of each feature the value behind the first test that is true, else `rest`; the others are not worked out."""

    def run(rows: Rows) -> Value:
        left, parts = np.arange(rows.count), list[tuple[NDArray[np.int64], Value]]()
        for test, then in (*pairs, (_constant(True), rest)):
            if not len(left) and parts:
                break
            now = rows if len(left) == rows.count else rows.part(left)
            hit = truth(test(now))
            mine = left[hit]
            if len(mine) or not rows.count:
                parts.append((mine, then(rows if len(mine) == rows.count else rows.part(mine))))
            left = left[~hit]
        return merged(rows.count, parts)

    return run


CLASSES = ("isClass", "isExactClass", "getExactClassName")


def _of_class(name: str, arguments: Sequence[Code]) -> Code:
    """The class of a feature in its tile's hierarchy; without one it is of none."""
    if len(arguments) != (name != "getExactClassName"):
        raise Misuse(f"{name}() takes {'the name of a class' if name != 'getExactClassName' else 'nothing'}")
    if not arguments:
        return lambda rows: rows.classes(lambda line: line[0] if line else UNDEFINED, UNDEFINED)

    def run(rows: Rows) -> Value:
        wanted = texts(arguments[0](rows))
        reach = None if name == "isClass" else 1
        out = np.zeros(rows.count, bool)
        for one in set(wanted.tolist()):
            out |= (wanted == one) & truth(rows.classes(partial(_holds, one, reach), False))
        return out

    return run


def _holds(name: str, reach: int | None, line: Sequence[str]) -> bool:
    return name in line[:reach]


def _chain(parts: tuple[Any, ...]) -> Code:
    """a op b op c, from the left."""
    first, steps = parts[0], list(zip(parts[1::2], parts[2::2], strict=True))

    def run(rows: Rows) -> Value:
        value = first(rows)
        for operator, part in steps:
            value = functions.OPERATORS[str(operator)](value, part(rows))
        return value

    return run
