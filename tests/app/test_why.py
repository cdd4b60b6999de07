"""Why this number: what the inspector asks for, shows and unfolds."""

from dataclasses import replace

import pytest
from panel_stand import SIZE, click, draw

from app import commands, inbox, pick
from app.pick import Picked
from app.ui import inspector, why
from app.ui.pen import Pen
from network.problems import Refused
from network.schema import Explanation, Facts
from network.terms import Sum, Term

NOON_S = (171 * 24 + 13) * 3600.0


def _told(row: int = 3, time_s: float = NOON_S) -> Explanation:
    module = Term("module", "Modules on a flat roof", 3200.0, "W", "peak x G", "PVWatts",
                  (Term("cell_c", "Cell temperature", 41.0, "degC"), Term("share", "Share", 4.2e-5, "1")))  # fmt: skip
    power = (Term("pv", "Solar power", 3000.0, "W", "inverter curve", "PVWatts", (module,)),
             Term("appliances", "Appliances", -1000.0, "W"), Term("vehicle", "Charging of cars", 0.0, "W"),
             Term("surplus", "To the district", -2000.0, "W"))  # fmt: skip
    heat = (Term("heating", "Heating", 900.0, "W"), Term("walls", "Walls", -900.0, "W"))
    sums = (Sum("power", "Power", power, 0.0), Sum("supply", "Heat supply", (Term("gas", "Gas", 0.0, "W"),), 0.0),
            Sum("heat", "Heat in the rooms", heat, 0.0))  # fmt: skip
    return Explanation("a", "building", row, "h3", 1, time_s, 3600.0, sums)


@pytest.fixture
def looking(world):
    """The world with a house chosen, its sums unfolded and here."""
    world = replace(world, selected=Picked("building", 3), shown=replace(world.shown, time_s=NOON_S + 900.0),
                    panel=replace(world.panel, unfolded=frozenset({why.OPEN})))  # fmt: skip
    return replace(world, stage=inbox.absorb(world.stage, [_told()], 0.0))


def test_the_step_is_asked_for_only_while_somebody_looks_at_a_house(looking) -> None:
    assert why.moment_s(looking) == NOON_S
    assert why.moment_s(replace(looking, selected=Picked("line", 0))) == -1.0
    assert why.moment_s(replace(looking, selected=None)) == -1.0
    closed, _ = commands.apply(looking, commands.Unfold(why.OPEN), now_s=0.0, sender="me")
    assert why.moment_s(closed) == -1.0
    again, _ = commands.apply(closed, commands.Unfold(why.OPEN), now_s=0.0, sender="me")
    assert why.moment_s(again) == NOON_S


@pytest.mark.parametrize("size", [(640, 360), (1280, 720), (1920, 1080), (3840, 2160)])
def test_it_draws_at_every_size_with_every_chain_unfolded(ui, looking, size) -> None:
    keys = {why.OPEN, f"{why.OPEN}/power/pv", f"{why.OPEN}/heat/walls"}
    looking = replace(looking, panel=replace(looking.panel, unfolded=frozenset(keys)))
    draw(ui, looking, size=size)
    _, painted = draw(ui, looking, size=size)
    assert painted.lists
    other = replace(looking, selected=Picked("building", 2))  # whose sums are on their way
    assert draw(ui, other, size=size)[1].lists


def test_a_click_on_a_term_unfolds_what_it_follows_from(ui, looking) -> None:
    found = set()
    left = _left(ui, looking)
    for y in range(160, 420, 6):
        found |= {c.kind for c in click(ui, looking, (left + 60.0, y)) if isinstance(c, commands.Unfold)}
    assert f"{why.OPEN}/power/pv" in found
    assert f"{why.OPEN}/heat/walls" in found
    assert why.OPEN in found  # the button that hides it


def test_what_moves_nothing_is_left_out_but_the_ends_stay() -> None:
    power = _told().sums[0]
    assert [t.name for t in why.visible(power)] == ["pv", "appliances", "surplus"]
    night = Sum("power", "Power", (Term("pv", "Solar power", 0.0, "W"), *power.terms[1:]), 0.0)
    assert why.visible(night)[0].name == "pv"


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [(5580.0, "W", "5.58 kW"), (41.25, "degC", "41.2 °C"), (7.2e6, "J", "2.00 kWh"), (0.5235988, "rad", "30.0 °"),
     (4.2e-5, "1", "4.2e-05"), (1.3, "W/m2K", "1.30 W/m²K")],
)  # fmt: skip
def test_figures_are_in_people_s_units(value: float, unit: str, words: str) -> None:
    shown = why.figure_of(Term("x", "X", value, unit))
    assert shown.replace("\u00a0", " ") == words


def test_a_kept_picture_waits_for_the_sums_of_its_house_and_its_step(looking) -> None:
    facts = Facts("a", "building", 3, "h3", 1, (), {})
    ready = replace(looking, stage=inbox.absorb(looking.stage, [facts], 0.0))
    assert why.told(ready) and not why.told(looking)
    later = replace(ready, shown=replace(ready.shown, time_s=NOON_S + 3600.0))
    assert not why.told(later) and not why.told(replace(ready, selected=Picked("building", 2)))
    assert why.told(replace(ready, selected=None))


def test_a_building_is_chosen_by_id_or_name_and_another_one_is_refused(looking) -> None:
    roster = looking.stage.roster
    for k in (0, 5):
        for told in (roster.building_ids[k], roster.building_names[k]):
            assert pick.wanted(told, roster, None) == Picked("building", k)
    assert pick.wanted(roster.building_ids[0], roster, looking.selected) == looking.selected
    assert pick.wanted("", roster, None) is None
    with pytest.raises(Refused, match="no building 'Castle'"):
        pick.wanted("Castle", roster, None)


@pytest.mark.parametrize("label", ["Sun through windows", "People and appliances", "Doors, thermal bridges",
                                   "Opened windows", "Into air and furniture", "Out of walls and floors"])
def test_no_words_of_a_row_are_cut_at_usual_powers(ui, looking, label: str) -> None:
    draw(ui, looking)
    ui.begin(SIZE, dt_s=0.016, scale=1.0, pointer=None, events=())
    pen = Pen(None, ui.fonts, 1.0)
    behind = () if "walls and floors" in label else (Term("area_m2", "Area", 1.0, "m2"),)
    words = why.label_of(pen, Term("x", label, -8880.0, "W", inputs=behind), inspector.INNER, unfolded=False)
    ui.end()
    assert words.endswith(label)


def _left(ui, world) -> float:
    """Left edge of the inspector."""
    from imgui_bundle import imgui

    for _ in range(3):
        draw(ui, world, size=SIZE)
    window = imgui.internal.find_window_by_name("inspector")
    assert window is not None and window.active
    return float(window.pos.x)
