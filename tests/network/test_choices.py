"""What people write for --layers and in TOML, and what they are told when they mistype."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from network import choices
from network.problems import Refused
from network.schema import LayerChoice, LayerKind, Parameter

KINDS = (
    LayerKind(
        "solar", "Solar roofs", "rethink", "", (
            Parameter("share", "Share of roofs", "1", "%", 100.0, 0.0, 1.0, 0.5, 0.01),
            Parameter("module", "Module power", "W/m2", "W/m²", 1.0, 100.0, 300.0, 200.0, 5.0),
        ), "", "", "", ("use", "year"),
    ),
    LayerKind(
        "battery", "Home batteries", "rethink", "", (
            Parameter("capacity", "Capacity", "J", "kWh", 1 / 3.6e6, 0.0, 1e9, 3.6e7, 3.6e6),
        ), "", "", "",
    ),
    LayerKind("plain", "Without dials", "reduce", "", (), "", "", ""),
)  # fmt: skip


def one(text: str) -> LayerChoice:
    (choice,) = choices.parse(text, KINDS)
    return choice


def test_numbers_are_in_the_unit_that_people_see() -> None:
    assert one("solar:share=60") == LayerChoice("solar", {"share": 0.6, "module": 200.0})
    assert one("battery:capacity=10").values == {"capacity": pytest.approx(3.6e7)}


@pytest.mark.parametrize(
    ("text", "parameter", "si"),
    [
        ("solar:share=40%", "share", 0.4),
        ("solar:share= 40 %", "share", 0.4),
        ("solar:module=0.2kW/m2", "module", 200.0),
        ("solar:module=0.2 kW/m²", "module", 200.0),
        ("solar:module=200W/m2", "module", 200.0),
        ("battery:capacity=10kWh", "capacity", 3.6e7),
        ("battery:capacity=36MJ", "capacity", 3.6e7),
        ("battery:capacity=1e7 J", "capacity", 1e7),
    ],
)
def test_a_literal_names_its_own_unit(text: str, parameter: str, si: float) -> None:
    assert one(text).values[parameter] == pytest.approx(si, rel=1e-12)


def test_what_is_not_named_has_its_default() -> None:
    assert one("solar").values == {"share": 0.5, "module": 200.0}
    assert one("plain") == LayerChoice("plain", {})


def test_a_selection_stands_in_brackets_and_may_hold_any_mark() -> None:
    assert one("solar[use=home]:share=60").selection == "use=home"
    line = "solar[year<1970;use=home,office]:share=60;battery;;"
    assert [c.selection for c in choices.parse(line, KINDS)] == ["year<1970;use=home,office", "all"]
    assert choices.parse("", KINDS) == choices.parse(" ; ", KINDS) == ()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("sollar:share=60", "no layer kind 'sollar'; there are solar, battery, plain"),
        ("solar:shar=60", "solar has no parameter 'shar'; it has share, module"),
        ("plain:x=1", "plain has no parameter 'x'; it has no parameters"),
        ("solar:share", "write parameter=value"),
        ("solar:share=much", "share is 'much', which is no number; write a number in %"),
        ("solar:share=1e999", "no finite number"),
        ("solar:share=nan", "no number"),
        ("solar:share=60kWh", r"share cannot be in 'kWh'; write it in % or 1"),
        ("solar:module=0.2kW", r"module cannot be in 'kW'; write it in W/m² or W/m2"),
        ("solar:share=1,share=2", "share is given twice"),
        ("solar:kind=1", "write parameter=value"),
        ("solar[use=home:share=60", "cannot read the layer"),
    ],
)
def test_a_mistake_is_named_with_what_exists(text: str, sentence: str) -> None:
    with pytest.raises(Refused, match=sentence.replace("(", r"\(")) as refused:
        choices.parse(text, KINDS)
    assert refused.value.code == 2


CHOICES = st.lists(
    st.one_of(
        st.builds(
            LayerChoice,
            st.just("solar"),
            st.fixed_dictionaries({"share": st.floats(0, 1), "module": st.floats(100, 300)}),
            st.sampled_from(["all", "use=home", 'id="a\\b"']),
        ),
        st.builds(LayerChoice, st.just("battery"), st.fixed_dictionaries({"capacity": st.floats(0, 1e9)})),
    )
).map(tuple)


@given(CHOICES)
def test_line_and_toml_read_back_the_same(tmp_path_factory: pytest.TempPathFactory, some: tuple) -> None:
    path = tmp_path_factory.getbasetemp() / "scenario.toml"
    choices.write(path, some, KINDS)
    for back in (choices.read(path, KINDS), choices.parse(choices.text(some, KINDS), KINDS)):
        assert [(c.kind, c.selection) for c in back] == [(c.kind, c.selection) for c in some]
        for a, b in zip(back, some, strict=True):
            assert a.values == pytest.approx(b.values, rel=1e-15, abs=1e-300)


def test_toml_is_written_as_people_would(tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    choices.write(path, choices.parse("solar[use=home]:share=60;plain", KINDS), KINDS)
    assert path.read_text() == (
        'format = 1\n\n[[layer]]\nkind = "solar"\nselection = "use=home"\nshare = 60.0  # %\nmodule = 200.0  # W/m²\n'
        '\n[[layer]]\nkind = "plain"\n'
    )


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("[[layer]]\nkind = 'solar'\nshare = true", "share is True, which is no number"),
        ("[[layer]]\nshare = 1", "no layer kind None"),
        ("layer = 3", "is no scenario"),
        ("format = 2\n[[layer]]\nkind = 'solar'", "scenario format 2, this Surplus reads up to 1; update Surplus"),
        ("format = 'new'", "its format is 'new'"),
        ("[[scenario]]\nname = 'a'", "name one"),
        ("[[turbine]]\nkind = 'solar'", "it holds \\['turbine'\\]"),
        ("[[layer]\n", "cannot read the scenario"),
        ("[[layer]]\nkind = 'solar'\nselection = 3", "selection 3 is no text"),
    ],
)
def test_a_broken_scenario_file_is_named(tmp_path: Path, body: str, sentence: str) -> None:
    path = tmp_path / "s.toml"
    path.write_text(body)
    with pytest.raises(Refused, match=sentence) as refused:
        choices.read(path, KINDS)
    assert str(path) in str(refused.value)


def test_a_scenario_file_that_is_not_there_needs_no_mending(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"there is no scenario file .*none\.toml; save a scenario first"):
        choices.read(tmp_path / "none.toml", KINDS)
