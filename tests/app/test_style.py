"""The 3D Tiles styling language: what its specification writes, and what people get wrong."""

from __future__ import annotations

import json
import time
from typing import Any

import numpy as np
import pytest

from app.tiles.features import Table
from app.tiles.styling.expression import Rows, compiled
from app.tiles.styling.functions import UNDEFINED, Misuse
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
        "x.y": ["own"] * 4,
        "deep": [{"er": "i"}] * 4,
        "deep.er": ["o"] * 4,
        "feature": ["f"] * 4,
        "list": [[1, 2, "x"]] * 4,
        "paint": ["red", "blue", UNDEFINED, UNDEFINED],
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
        ("${owner.flats[1]} === undefined", [False, True]),
        ("${owner['flats'][1]}", [4, UNDEFINED]),
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
        ("${missing} === undefined", [True, True]),
        ("${missing} === null || ${missing} !== undefined", [False, False]),
        ("${missing} == null", [True, True]),
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
        ("`${name} has ${floors}`", ["Mill has 1", "Tower 1 has 10"]),
        ("${x.y}", ["own", "own"]),
        ("${deep.er} + ${feature.deep.er} + ${feature['deep'].er} + ${feature['deep.er']}", ["iiio", "iiio"]),
        ("${feature} + ${feature.feature}", ["ff", "ff"]),
        ("String(vec3(1, 2.5, 0)) + String(color('red', 0.5))", ["(1, 2.5, 0)(1, 0, 0, 0.5)"] * 2),
        ("'' + null + undefined + true + NaN + -Infinity + 5.0", ["nullundefinedtrueNaN-Infinity5"] * 2),
        ("String(${list}) + String(regExp('a+'))", ["[1, 2, x]/a+/"] * 2),
        ("Number(null) + Number('') + Number('0x10') + Number(true) + Number(' 2.5 ')", [19.5, 19.5]),
        ("isNaN(undefined) && isNaN(Number('1_0')) && isNaN(Number('inf')) && !isNaN(null)", [True, True]),
        ("regExp().test('anything') && regExp('^b$', 'm').test('a\nb')", [True, True]),
        ("regExp('(?<n>ow)').exec(${name})", [None, "ow"]),
        ("regExp('ill', 'y').test('Mill') || regExp('MI', 'iy') =~ ${name}", [True, False]),
        ("'abc' =~ regExp('B', 'i') && regExp('a') !~ 'bcd'", [True, True]),
        ("regExp('n') =~ ${missing} || regExp('n') =~ null", [False, False]),
        ("vec4(1.0) === vec4(1.0) && vec3(1) !== vec4(1) && !(1 === '1') && !(1 === true)", [True, True]),
        ("NaN === NaN || null === undefined || vec2(1) === 1", [False, False]),
        ("normalize(-4) + length(-3)", [4, 4]),
        ("vec4(vec2(1, 2), 3, 4) - vec4(1, vec3(2, 3, 4))", [[0, 0, 0, 0]] * 2),
        ("vec2(vec4(1, 2, 3, 4)) * 3 / 2 % vec2(2)", [[1.5, 1]] * 2),
        ("vec2(1, 2).z === undefined", [True, True]),
        ("color('Cyan').g + color('#0FF').alpha + color().r", [3, 3]),
        ("color('transparent').a", [0, 0]),
        ("(${paint} === undefined ? color() : color(${paint}, ${floors} / 20)).a", [0.05, 0.5]),
        ("min(vec3(1, 5, 9), 4) + max(vec3(0), 1) + clamp(vec3(9), 0, 2)", [[4, 7, 7]] * 2),
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


def test_what_is_not_needed_is_not_worked_out() -> None:
    assert value("${paint} === undefined ? 0 : color(${paint}).r") == [1, 0, 0, 0]
    assert value("true || color('none').r") == [True] * 4
    assert value("false && color('none').r") == [False] * 4
    assert value("${name} === null || regExp('^' + ${name}).test(${name})") == [True] * 4
    style = {"color": {"conditions": [["${paint} === undefined", "color()"], ["true", "color(${paint})"]]}}
    assert read(json.dumps(style)).dress(TOWN).color.tolist() == [[1, 0, 0, 1], [0, 0, 1, 1], [1] * 4, [1] * 4]


def test_a_define_may_be_called_like_the_property_it_reads() -> None:
    style = {"defines": {"Height": "${Height} / 2", "twice": "${Height} * 2", "x": "${floors}", "floors": "${x}"}}
    dress = read(json.dumps({**style, "show": "${Height} >= 15", "pointSize": "${twice}"})).dress(TOWN)
    assert dress.show.tolist() == [False, True, True, False]
    assert dress.dot_px is not None
    assert dress.dot_px.tolist() == [10, 60, 64, 0], "a define reads properties, not the other's half"
    swapped = read(json.dumps({**style, "pointSize": "${x}"})).dress(TOWN)
    assert swapped.dot_px is not None
    assert swapped.dot_px.tolist() == [1, 10, 27, 2]


def test_what_no_condition_says_is_as_it_is() -> None:
    none = {"conditions": [["${floors} > 10", "false"]]}
    dress = read(json.dumps({"show": none, "color": {"conditions": [["${floors} > 10", "color('red')"]]}})).dress(TOWN)
    assert dress.show.tolist() == [True, True, False, True]
    assert dress.color.tolist() == [[1, 1, 1, 1], [1, 1, 1, 1], [1, 0, 0, 1], [1, 1, 1, 1]]
    assert dress.coloured is not None
    assert dress.coloured.tolist() == [False, False, True, False]
    assert read('{"show": "${missing}"}').dress(TOWN).show.all()


HOUSE = Table(
    3, {"name": ["door", "wall", "dome"]}, lineages=(("Door", "Part", "Building", "Heritage"), ("Wall", "Part"), ("",)),
    lineage=np.array([0, 1, 2]),
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("isClass('Part')", [True, True, False]),
        ("isClass('Heritage') && isClass('Building')", [True, False, False]),
        ("isExactClass('Part')", [False, False, False]),
        ("isExactClass('Wall') ? 1 : 0", [0, 1, 0]),
        ("${name} === 'dome' || isClass('Do' + 'or')", [True, False, True]),
        ("getExactClassName() + '!'", ["Door!", "Wall!", "!"]),
    ],
)
def test_features_are_told_by_their_classes_and_those_above(text: str, values: list[Any]) -> None:
    got = compiled(text)(Rows(HOUSE.count, HOUSE.columns, HOUSE.lineages, HOUSE.lineage))
    assert got.tolist() == values
    style = read(json.dumps({"show": text, "meta": {"what": text}}))
    assert style.words(HOUSE, 1)["what"] == str(values[1]).replace("True", "true").replace("False", "false")


def test_without_a_hierarchy_a_feature_is_of_no_class() -> None:
    assert value("isClass('home') || isExactClass('home')") == [False] * 4
    assert value("getExactClassName() === undefined") == [True] * 4
    with pytest.raises(Misuse, match="takes the name of a class"):
        compiled("isClass()")


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
