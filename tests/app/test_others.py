"""The line that says what would turn the verdict, and the list of other choices behind it."""

from dataclasses import replace

import msgspec
import pytest
from imgui_bundle import imgui
from panel_stand import click, draw

from app import commands
from app.ui import balance, theme
from app.ui.pen import Pen
from sim import factors, verdict

LINE = (1280 - theme.GAP - balance.WIDTH / 2, theme.GAP + 211.0)


def _verdict(world, *flips: bool):
    """The stage's verdict with only so many alternatives, those that turn it marked."""
    v = world.stage.balance.verdict
    rows = tuple(msgspec.structs.replace(v.alternatives[k], flips=f) for k, f in enumerate(flips))
    answer = msgspec.structs.replace(world.stage.balance, verdict=msgspec.structs.replace(v, alternatives=rows))
    return replace(world, stage=replace(world.stage, balance=answer))


def _words(monkeypatch, ui, world) -> list[str]:
    said: list[str] = []
    paint = Pen.text

    def heard(self, x, y, text, **how):
        said.append(text)
        paint(self, x, y, text, **how)

    monkeypatch.setattr(Pen, "text", heard)
    draw(ui, world)
    monkeypatch.undo()
    return said


def test_a_click_on_the_line_unfolds_the_list_and_escape_folds_it(ui, world) -> None:
    assert commands.ToggleOthers() in click(ui, world, LINE)
    opened = commands.apply(world, commands.ToggleOthers(), now_s=0.0, sender="me")[0]
    assert opened.panel.others
    draw(ui, opened)
    draw(ui, opened)
    window = imgui.internal.find_window_by_name("other choices")
    panel = imgui.internal.find_window_by_name("balance")
    assert window.active
    assert window.pos.x > 0
    assert window.pos.x + window.size.x < panel.pos.x
    assert not commands.apply(opened, commands.Close(), now_s=0.0, sender="me")[0].panel.others


@pytest.mark.parametrize(
    ("flips", "line", "more"),
    [((True, False, False), "turns if exports are not credited", "show"),
     ((True, True, False), "turns if exports are not credited", "+1"),
     ((False, True, True), "turns if ISO 52000-1 factors hold", "+1"),
     ((False, False, False), "none of 3 other choices turns it", "show")],
)  # fmt: skip
def test_the_line_names_the_first_choice_that_turns_the_answer(ui, world, monkeypatch, flips, line, more) -> None:
    said = _words(monkeypatch, ui, _verdict(world, *flips))
    assert line in said
    assert said[said.index(line) + 1] == more


def test_the_list_has_the_own_choice_first_and_then_those_that_turn_it(ui, world, monkeypatch) -> None:
    opened = _verdict(replace(world, panel=replace(world.panel, others=True)), False, False, True)
    draw(ui, opened)
    said = _words(monkeypatch, ui, opened)
    rows = [w for w in said if w in ("as chosen here", "exports are not credited", "the grid is that of 2030",
                                     "ISO 52000-1 factors hold")]  # fmt: skip
    assert rows == ["as chosen here", "the grid is that of 2030", "exports are not credited",
                    "ISO 52000-1 factors hold"]  # fmt: skip


def test_every_line_that_the_verdict_may_say_fits_the_panel(ui) -> None:
    said = [b for b, _ in verdict.BOUNDARY_WORDS.values()]
    said += ["exports are not credited", "electric cars are left out", "CO₂ counts at the margin"]
    countries = ("AT", "CH", "DE", "ES", "FR", "GB", "NL")
    said += [f"{name} factors hold" for country in countries for name in factors.editions(country)]
    ui.begin((1280, 720), dt_s=0.016, scale=1.0, pointer=None, events=())
    pen = Pen(imgui.get_background_draw_list(), ui.fonts, 1.0)
    widths = {words: pen.width(f"turns if {words}", size=14.5, bold=True) for words in said}
    ui.end()
    assert {w: x for w, x in widths.items() if x > balance.WIDTH - 44 - 36} == {}
