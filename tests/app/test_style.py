"""The 3D Tiles styling language: what its specification writes, and what people get wrong."""

from __future__ import annotations

import json
import time
from typing import Any

import numpy as np
import pytest

from app.tiles.features import Table
from app.tiles.styling.expression import Rows, compiled
from app.tiles.styling.functions import Misuse
from app.tiles.styling.style import Style, read
from network.problems import Refused

TOWN = Table(
    4,
    {
        "Height": np.array([5.0, 30.0, 80.0, np.nan]),
        "floors": np.array([1, 10, 27, 2]),
        "name": ["Mill", "Tower 1", "Tower 2", None],
        "kind": ["home", "office", "office", "church"],
        "listed": np.array([True, False, False, True]),
        "centre": np.array([[0.0, 0, 1], [3, 4, 0], [1, 1, 1], [0, 0, 0]]),
        "mixed": [1, "1", None, True],
        "owner": [{"name": "Ann", "flats": [3, 4]}, {"name": "Bo"}, None, 7],
        "a b.c": np.arange(4),
    },
)


def value(text: Any) -> list[Any]:
    out = compiled(text)(Rows(TOWN.count, TOWN.columns))
    return [row.tolist() if isinstance(row, np.ndarray) else row for row in out.tolist()]


@pytest.mark.parametrize(
    ("text", "first_two"),
    [
        ("1 + 2 * 3", [7, 7]),
        ("(1 + 2) * 3 % 4", [1, 1]),
        ("-${Height} + +2", [-3, -28]),
        ("${Height} > 10", [False, True]),
        ("${floors} >= 10 && ${kind} === 'office'", [False, True]),
        ("${listed} || ${Height} < 40", [True, True]),
        ("!${listed}", [False, True]),
        ("${kind} == 'home' ? 'a' : 'b'", ["a", "b"]),
        ("${Height} > 10 ? ${Height} > 50 ? 2 : 1 : 0", [0, 1]),
        ("${name} + ' x' + 2", ["Mill x2", "Tower 1 x2"]),
        ("'${name} has ${floors}'", ["Mill has 1", "Tower 1 has 10"]),
        ("regExp('tower (\\d)', 'i').test(${name})", [False, True]),
        ("regExp('Tower (.)').exec(${name})", [None, "1"]),
        ("${name} =~ regExp('^Tow')", [False, True]),
        ("${name} !~ regExp('^Tow')", [True, False]),
        ("${feature.kind}", ["home", "office"]),
        ("${feature['kind']}", ["home", "office"]),
        ("${a b.c}", [0, 1]),
        ("${owner.name}", ["Ann", "Bo"]),
        ("${owner.flats[1]}", [4, None]),
        ("${centre}[0]", [0, 3]),
        ("${centre}.y + ${centre.z}", [1, 4]),
        ("length(${centre})", [1, 5]),
        ("distance(vec2(0, 0), vec2(3, 4))", [5, 5]),
        ("dot(vec3(1, 2, 3), vec3(1, 1, 1))", [6, 6]),
        ("cross(vec3(1, 0, 0), vec3(0, 1, 0)).z", [1, 1]),
        ("clamp(${Height}, 10, 20)", [10, 20]),
        ("mix(0, 10, 0.25)", [2.5, 2.5]),
        ("abs(-3) + sqrt(16) + floor(1.7) + ceil(0.2) + pow(2, 3)", [17, 17]),
        ("degrees(Math.PI)", [180, 180]),
        ("Math.max(1, 2)", [2, 2]),
        ("isNaN(Number('x'))", [True, True]),
        ("${missing} === null", [True, True]),
        ("${missing} > 1", [False, False]),
        ("[1, 2, 3][1]", [2, 2]),
        ("color('red').r - rgb(0, 0, 255).b", [0, 0]),
        ("rgba(255, 0, 0, 0.5).a", [0.5, 0.5]),
        ("hsl(0.0, 1.0, 0.5)", [[1, 0, 0, 1]] * 2),
        ("hsla(0.6666666, 1, 0.5, 0.2).b", [1, 1]),
        ("color('#0f0', 0.25)", [[0, 1, 0, 0.25]] * 2),
        ("0x10 + 1e2 + .5", [116.5, 116.5]),
        ("String(${floors}) + 'm'", ["1m", "10m"]),
        ("Boolean('') || Boolean('a')", [True, True]),
    ],
)
def test_expressions_of_the_specification(text: str, first_two: list[Any]) -> None:
    got = value(text)[:2]
    assert got == [pytest.approx(x, abs=1e-5) if isinstance(x, float | int | list) else x for x in first_two]


def test_equality_is_strict_and_null_orders_nowhere() -> None:
    assert value("${mixed} === 1") == [True, False, False, False]
    assert value("${mixed} === '1'") == [False, True, False, False]
    assert value("${Height} < 100") == [True, True, True, False]
    assert value("${mixed} < 5") == [True, False, False, True]


STYLE = {
    "defines": {"tall": "${Height} > 20", "sure": "${tall} && !${listed}"},
    "show": "${kind} !== 'church'",
    "color": {"conditions": [["${sure}", "color('#ff0000', 0.5)"], ["${Height} > 1", "'blue'"], ["true", "color()"]]},
    "meta": {"what": "'${kind} of ${Height} m'"},
    "pointSize": "${floors} * 2",
}


def test_a_style_shows_hides_and_colours() -> None:
    style = read(json.dumps(STYLE))
    dress = style.dress(TOWN)
    assert dress.show.tolist() == [True, True, True, False]
    assert dress.color.tolist() == [[0, 0, 1, 1], [1, 0, 0, 0.5], [1, 0, 0, 0.5], [1, 1, 1, 1]]
    assert dress.rgba[:, 3].tolist() == [1, 0.5, 0.5, 0]
    assert dress.dot_px is not None
    assert dress.dot_px.tolist() == [2, 20, 54, 4]
    assert style.words(TOWN, 1) == {"what": "office of 30 m"}


def test_an_empty_style_changes_nothing_and_a_table_may_be_empty() -> None:
    assert (read("{}").dress(TOWN).rgba == 1).all()
    assert read(json.dumps(STYLE)).dress(Table(0, {})).rgba.shape == (0, 4)


def test_colours_are_made_linear_for_the_picture() -> None:
    grey = Style(color=compiled("rgb(188, 188, 188)")).dress(TOWN).rgba
    assert grey[0, 0] == pytest.approx(0.503, abs=0.003)


@pytest.mark.parametrize(
    ("style", "words"),
    [
        ("[1]", "JSON object"),
        ("{", "no JSON"),
        ('{"colour": "1"}', "'colour', which is not known"),
        ('{"color": "paint(1)"}', "no function paint"),
        ('{"color": "color(1, 2, 3)"}', "takes 0 to 2 values, not 3"),
        ('{"show": "height > 1"}', r"a property is written \$\{height\}"),
        ('{"show": "${a} >"}', "cannot be read"),
        ('{"show": {"conditions": [["true"]]}}', r"\[test, expression\] pairs"),
        ('{"show": {"if": 1}}', "pairs"),
        ('{"color": ["red"]}', "neither an expression nor conditions"),
        ('{"defines": {"a": "${a} + 1"}, "show": "${a}"}', "needs itself"),
        ('{"defines": {"a": "${b}", "b": "${a}"}, "show": "${a}"}', "needs itself"),
        ('{"defines": 7}', "defines of the style"),
        ('{"meta": {"x": "+"}}', "meta of the style"),
        ("[" * 100_000, "no JSON"),
        (json.dumps({"show": "!" * 15_000 + "1"}), "cannot be read"),
        (json.dumps({"show": "1+" * 15_000}), "more than 20000"),
    ],
)
def test_a_wrong_style_is_refused_by_the_place_and_the_reason(style: str, words: str) -> None:
    with pytest.raises(Refused, match=words):
        read(style, "town.json")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("color('blau')", "no colour"),
        ("regExp('(')", "no regular expression"),
        ("vec2(1, 2) + vec3(1, 2, 3)", "do not go together"),
        ("vec4(1, 2)", "needs 4"),
        ("'a' =~ 'b'", "regExp"),
    ],
)
def test_a_value_that_makes_no_sense_is_told(text: str, words: str) -> None:
    with pytest.raises(Misuse, match=words):
        value(text)


def test_nesting_that_could_be_read_but_not_followed_is_told() -> None:
    for depth in (100, 300, 900):
        try:
            read(json.dumps({"show": "-" * depth + "1"})).dress(TOWN)
        except (Misuse, Refused):
            continue


def test_a_hundred_thousand_features_are_dressed_at_once() -> None:
    rng = np.random.default_rng(1)
    table = Table(100_000, {"Height": rng.uniform(0, 90, 100_000), "floors": rng.integers(1, 30, 100_000),
                            "listed": rng.random(100_000) < 0.1})  # fmt: skip
    style = read(json.dumps({k: v for k, v in STYLE.items() if k in ("defines", "color")}))
    begin = time.process_time()
    dress = style.dress(table)
    assert time.process_time() - begin < 2.0  # an array pass; by feature it would be many seconds
    assert dress.rgba.shape == (100_000, 4)
