"""Scenarios under a name, as files that people and programs share."""

from pathlib import Path

import pytest

from network import choices, scenarios
from network.problems import Refused
from network.schema import LayerChoice, LayerKind, NamedScenario, Parameter

KINDS = (
    LayerKind("solar", "Solar roofs", "rethink", "", (
        Parameter("share", "Share of roofs", "1", "%", 100.0, 0.0, 1.0, 0.5, 0.01),
        Parameter("module", "Module power", "W/m2", "W/m²", 1.0, 100.0, 300.0, 200.0, 5.0),
    ), "", "", "", ("use",)),
    LayerKind("battery", "Home batteries", "rethink", "", (
        Parameter("capacity", "Capacity", "J", "kWh", 1 / 3.6e6, 0.0, 1e9, 3.6e7, 3.6e6),
    ), "", "", ""),
)  # fmt: skip

ROOFS = choices.parse("solar[use=home]:share=60", KINDS)
BOTH = choices.parse("solar:share=100,module=250;battery:capacity=10kWh", KINDS)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "layers.toml"
    scenarios.write(path, [NamedScenario('All "roofs" #1', ROOFS), NamedScenario("Dream", BOTH),
                           NamedScenario("Today", ())], KINDS)  # fmt: skip
    return path


def test_what_was_saved_reads_back_in_order_and_any_of_it_by_name(file: Path) -> None:
    back = scenarios.read(file, KINDS)
    assert [(s.name, s.choices) for s in back] == [('All "roofs" #1', ROOFS), ("Dream", BOTH), ("Today", ())]
    assert scenarios.one_of(f"{file}#Dream", KINDS) == BOTH
    assert scenarios.one_of(f'{file}#All "roofs" #1', KINDS) == ROOFS
    assert scenarios.one_of("solar[use=home]:share=60", KINDS) == ROOFS
    assert [p.name for p in file.parent.iterdir()] == ["layers.toml"], "nothing is left beside it"


def test_an_empty_shelf_stays_empty(tmp_path: Path) -> None:
    scenarios.write(tmp_path / "layers.toml", (), KINDS)
    assert scenarios.read(tmp_path / "layers.toml", KINDS) == ()


def test_a_file_of_layers_alone_is_a_scenario_too(tmp_path: Path) -> None:
    choices.write(tmp_path / "mine.toml", ROOFS, KINDS)
    assert scenarios.read(tmp_path / "mine.toml", KINDS) == (NamedScenario("mine", ROOFS),)
    assert scenarios.one_of(str(tmp_path / "mine.toml"), KINDS) == ROOFS


def test_of_several_one_must_be_named(file: Path) -> None:
    with pytest.raises(Refused, match=r"'Dream', 'Today'.*name one: .*#NAME"):
        scenarios.one_of(str(file), KINDS)
    with pytest.raises(Refused, match=r"no scenario 'Nightmare'; it holds .*'Dream'"):
        scenarios.one_of(f"{file}#Nightmare", KINDS)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("format = 2\n[[scenario]]\nname = 'x'", "reads up to 1; update Surplus"),
        ("[[scenario]]\nname = 'x'\n[[scenario.layer]]\nkind = 'fusion'", "scenario 'x': there is no layer kind"),
        ("[[scenario]]\nname = 3", "mend or delete"),
        ("[[scenario]]\nname = ''", "1 to 60 characters"),
        ("scenario = 3", r"should be \[\[scenario\]\] tables"),
        ("[[scenario]]\nname = 'x'\nlayer = 3", r"should be \[\[layer\]\] tables"),
    ],
)
def test_what_cannot_be_read_is_named_with_the_file(tmp_path: Path, body: str, words: str) -> None:
    path = tmp_path / "layers.toml"
    path.write_text(body)
    with pytest.raises(Refused, match=words) as refused:
        scenarios.read(path, KINDS)
    assert str(path) in str(refused.value) or "characters" in words


def test_saving_replaces_what_had_that_name_and_without_choices_forgets_it() -> None:
    shelf = scenarios.changed((), "  Today\t", ())
    shelf = scenarios.changed(shelf, "Dream", ROOFS)
    shelf = scenarios.changed(shelf, "Today", BOTH)
    assert shelf == (NamedScenario("Today", BOTH), NamedScenario("Dream", ROOFS))
    assert scenarios.changed(shelf, "Today", None) == (NamedScenario("Dream", ROOFS),)
    with pytest.raises(Refused, match="no saved scenario 'Never'"):
        scenarios.changed(shelf, "Never", None)
    for name in ("", "   ", "x" * 61, "bell\x07"):
        with pytest.raises(Refused, match="1 to 60"):
            scenarios.changed(shelf, name, ())
    full = tuple(NamedScenario(str(k), ()) for k in range(scenarios.MOST))
    with pytest.raises(Refused, match="forget one"):
        scenarios.changed(full, "one more", (LayerChoice("solar", {}),))
