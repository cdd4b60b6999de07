"""The chosen thing beside the balance: facts with their origin, its day and its months; a tooltip for the rest."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from imgui_bundle import imgui
from numpy.typing import NDArray

from app import pick, pulse
from app.commands import Command, FrameSelection, Select
from app.paint import mean_of_step
from app.pick import Picked
from app.ui import balance, layout, legend, theme, why
from app.ui import format as fmt
from app.ui.backend import Panels
from app.ui.pen import Pen, note
from app.ui.seen import Seen
from app.world import World
from network.quantities import QUANTITIES
from network.schema import Fact, Facts

WIDTH = 306.0
_DAY_S = 86400.0
_POWER = {"building": "surplus_w", "line": "line_w", "site": "site_w"}
INFERRED, CHANGED = "≈", "•"
"""Before values that are not from the source, and before those that the what-ifs have changed."""
_SIGN = {"line": -1.0}
"""line_w is positive away from the substation, which is what takes."""
_TAKEN = ("appliances", "heater", "gas", "vehicle")
"""Accounts of what is taken from a grid: orange like all that takes. Heat, which no grid carries, is neutral."""
_SIGNED = ("pv", "surplus", "battery", "site")
"""Accounts whose sign says whether they give."""
_BECAUSE = {
    pulse.COLLAPSED: "its part of the grid would carry more than any voltage allows",
    pulse.UNFED: "a switch is open, or a cable is missing, on the way to it",
}
INNER = WIDTH - 36.0 - 12.0
"""Width beside a scroll bar."""


def draw(ui: Panels, world: World, seen: Seen) -> list[Command]:
    """The inspector of the selection; where the screen is narrow it covers the balance."""
    chosen, roster, s = world.selected, world.stage.roster, ui.scale
    if chosen is None or roster is None or not pick.exists(chosen, roster):
        return []
    right = theme.GAP + (0.0 if covers(world, seen, s) else balance.WIDTH + 12.0)
    below = 0.0 if layout.plan(seen.size, s, aside=world.panel.aside).small else 160.0
    tallest = seen.size[1] - (2 * theme.GAP + below) * s
    imgui.set_next_window_pos(imgui.ImVec2(seen.size[0] - (right + WIDTH) * s, theme.GAP * s))
    imgui.set_next_window_size_constraints(imgui.ImVec2(WIDTH * s, 0), imgui.ImVec2(WIDTH * s, max(tallest, 80 * s)))
    flags = (
        imgui.WindowFlags_.no_title_bar | imgui.WindowFlags_.no_resize | imgui.WindowFlags_.no_move
        | imgui.WindowFlags_.no_saved_settings | imgui.WindowFlags_.always_auto_resize | imgui.WindowFlags_.no_nav
    )  # fmt: skip
    imgui.begin("inspector", None, flags)
    commands: list[Command] = []
    pen = Pen(imgui.get_window_draw_list(), ui.fonts, s)
    commands += _head(pen, pick.name_of(chosen, roster), s)
    now, fault = power_now(world, chosen), fault_of(world, chosen)
    if fault:
        imgui.push_font(ui.fonts.semibold, 26.0)
        imgui.text_colored(imgui.ImVec4(*theme.TAKES), pulse.FAULTS[fault])
        imgui.pop_font()
        note(_BECAUSE[fault])
    elif now is not None:
        imgui.push_font(ui.fonts.semibold, 26.0)
        imgui.text_colored(imgui.ImVec4(*(theme.GIVES if now >= 0 else theme.TAKES)), _figure(chosen, now))
        imgui.pop_font()
        corner = imgui.get_item_rect_max()
        words = _way(now) if chosen.axis == "line" else "net power now"
        pen.text(imgui.get_item_rect_min().x + INNER * s, corner.y - 21 * s, words, size=14,
                 colour=theme.NOTE, align=1.0)  # fmt: skip
    day = day_of(world, chosen)
    if day is not None:
        steps = "hour by hour" if len(day) <= 24 else "step by step"
        _bars(pen, day, f"the shown day, {steps}", "", s)
    if chosen.axis == "building":
        commands += why.draw(pen, world, s, INNER)
    facts = world.stage.facts
    if facts is None or (facts.axis, facts.row) != (chosen.axis, chosen.row):
        note("facts are on their way …")
    else:
        _facts(pen, facts, s)
        _months(pen, facts, s)
    imgui.end()
    return commands


def _head(pen: Pen, name: str, s: float) -> list[Command]:
    """Name, the way there, and the way out."""
    commands: list[Command] = []
    imgui.push_font(pen.fonts.semibold, 18.0)
    close = pen.width("close") + 18.0
    go = close + 8.0 + pen.width("go there") + 18.0
    imgui.push_text_wrap_pos((18 + INNER - go - 8) * s)
    imgui.text_unformatted(name)
    imgui.pop_text_wrap_pos()
    imgui.pop_font()
    imgui.same_line((18 + INNER - go) * s)
    if imgui.small_button("go there"):
        commands.append(FrameSelection())
    imgui.same_line((18 + INNER - close) * s)
    if imgui.small_button("close"):
        commands.append(Select(None))
    return commands


def covers(world: World, seen: Seen, s: float) -> bool:
    """Whether the inspector stands where the balance stands: on narrow screens."""
    chosen = pick.exists(world.selected, world.stage.roster)
    return chosen and seen.size[0] / s < 2 * theme.GAP + 3 * WIDTH + 60


def tooltip(world: World, seen: Seen) -> None:
    """Name, use and the shown quantity of what is under the pointer."""
    hovered, roster = world.hovered, world.stage.roster
    if hovered is None or roster is None or not pick.exists(hovered, roster) or seen.pointer is None:
        return
    lines = [pick.name_of(hovered, roster)]
    if hovered.axis == "building":
        lines.append(f"{roster.building_use[hovered.row]}, {int(roster.building_year[hovered.row])}")
    value, fault = power_now(world, hovered), fault_of(world, hovered)
    if fault:
        lines.append(f"{pulse.FAULTS[fault]}: {_BECAUSE[fault]}")
    elif value is not None:
        way = f" {_way(value)}" if hovered.axis == "line" else ""
        lines.append(f"{_figure(hovered, value)}{way}" if way else f"net power {_figure(hovered, value)}")
    else:
        shown = _shown(world, hovered)
        if shown:
            lines.append(shown)
    imgui.begin_tooltip()
    for k, text in enumerate(lines):
        imgui.text(text) if k == 0 else note(text)
    imgui.end_tooltip()


def _figure(picked: Picked, watts: float) -> str:
    """Its power; that of a line has no sign, its way is said in words."""
    return fmt.power(abs(watts)) if picked.axis == "line" else fmt.power(watts, sign=True)


def _way(watts: float) -> str:
    return "to the substation" if watts >= 0 else "from the substation"


def fault_of(world: World, picked: Picked) -> int:
    """Why nothing flows along a picked line in the shown step (app.pulse.FAULTS); 0: something may."""
    stage = world.stage
    if picked.axis != "line" or stage.roster is None:
        return 0
    return int(pulse.faults(stage.blocks.get("line_loading"), stage.roster, world.shown.time_s)[picked.row])


def power_now(world: World, picked: Picked) -> float | None:
    """Its power [W] in the shown step, + gives (of a line: to the substation); None where it is not known."""
    stage = world.stage
    block = stage.blocks.get(_POWER[picked.axis])
    if block is not None and len(block.values) and picked.row < block.values.shape[1]:
        return _SIGN.get(picked.axis, 1.0) * float(mean_of_step(block, world.shown.time_s)[picked.row])
    dense = stage.blocks.get("surplus_w_m2")
    if picked.axis == "building" and dense is not None and stage.roster is not None:
        return float(mean_of_step(dense, world.shown.time_s)[picked.row] * stage.roster.footprint_m2[picked.row])
    return None


def _shown(world: World, picked: Picked) -> str:
    block, quantity = world.stage.blocks.get(world.paint), QUANTITIES[world.paint]
    if block is None or quantity.axis != picked.axis or not len(block.values):
        return ""
    value = float(mean_of_step(block, world.shown.time_s)[picked.row])
    shown = value * quantity.display_factor + quantity.display_offset
    return f"{legend.title(world.paint)} {fmt.number(shown)}{fmt.SPACE}{quantity.display_unit}"


def day_of(world: World, picked: Picked) -> NDArray[np.float64] | None:
    """Power [W] of each step of the shown day, from the blocks that are here."""
    block = world.stage.blocks.get(_POWER[picked.axis])
    if block is None or picked.row >= block.values.shape[1]:
        return None
    start_s = np.floor(world.shown.time_s / _DAY_S) * _DAY_S
    first, count = round((start_s - block.first_time_s) / block.step_s), round(_DAY_S / block.step_s)
    if first < 0 or first + count > len(block.values):
        return None
    return _SIGN.get(picked.axis, 1.0) * np.asarray(block.values[first : first + count, picked.row], np.float64)


@lru_cache(maxsize=512)
def value_of(fact: Fact) -> str:
    """A fact in its display unit, or its word; the sign of what was inferred or changed stands before it."""
    sign = {"inferred": f"{INFERRED} ", "scenario": f"{CHANGED} "}.get(fact.origin, "")
    if fact.value is None:
        return sign + (fact.text or "unknown")
    number = fact.value * fact.display_factor
    whole = fact.name == "year" or fact.name.endswith("_year")
    text = str(round(number)) if whole else fmt.number(number)
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return f"{sign}{text}{fmt.SPACE}{fact.display_unit}".rstrip(fmt.SPACE)


def _facts(pen: Pen, facts: Facts, s: float) -> None:
    """Two columns; a hand on a value that is not from the source tells where it is from."""
    imgui.separator()
    imgui.push_font(pen.fonts.medium, 15.0)
    left = imgui.get_cursor_pos_x()
    for fact in facts.facts:
        if fact.name == "name":  # the title
            continue
        value = value_of(fact)
        imgui.push_style_color(imgui.Col_.text, imgui.ImVec4(*theme.NOTE))
        imgui.text_unformatted(fact.label)
        imgui.pop_style_color()
        wide = pen.width(value, size=15)
        room = INNER - pen.width(fact.label, size=15)
        if wide < room - 8:
            imgui.same_line()
        imgui.set_cursor_pos_x(left + max(INNER - wide, 0.0) * s)
        imgui.text_unformatted(value)
        if fact.origin != "source" and imgui.is_item_hovered():
            imgui.set_tooltip(fact.rule or f"from the {fact.origin}")
    imgui.pop_font()
    origins = {fact.origin for fact in facts.facts}
    for origin, words in (("inferred", f"{INFERRED} inferred, not from the source"),
                          ("scenario", f"{CHANGED} changed by the what-ifs")):  # fmt: skip
        if origin in origins:
            note(words)


def _months(pen: Pen, facts: Facts, s: float) -> None:
    """Bars and total of every account of the year."""
    if facts.months_j:
        imgui.separator()
    for name, joules in facts.months_j.items():
        total = float(np.sum(joules))
        if abs(total) > 0:
            words = name.removesuffix("_j")
            known = QUANTITIES.get(f"{words}_w")
            label = known.label if known is not None else words.replace("_", " ").capitalize()
            _bars(pen, np.asarray(joules, np.float64), label, f"{fmt.energy(total)} a year", s, tall=24.0, of=words)


def _bars(
    pen: Pen, values: NDArray[np.float64], words: str, figure: str, s: float, *, tall: float = 44.0, of: str = "surplus"
) -> None:
    """Bars around zero, giving blue, taking orange and hatched, with words and figure over them; `of`: the account."""
    at = imgui.get_cursor_screen_pos()
    w, h, head = INNER * s, tall * s, 20 * s
    imgui.dummy(imgui.ImVec2(w, h + head))
    if not imgui.is_item_visible():  # scrolled away
        return
    pen.text(at.x, at.y, words, size=14, colour=theme.NOTE)
    if figure:
        pen.text(at.x + w, at.y, figure, size=14, align=1.0)
    values = np.nan_to_num(values)
    high, low = max(float(values.max()), 0.0), min(float(values.min()), 0.0)
    unit = h / max(high - low, 1e-9)
    zero, wide = at.y + head + high * unit, w / len(values)
    gap = 1.5 * s if len(values) <= 24 else 0.2 * wide
    for k, value in enumerate(values.tolist()):
        size = max(abs(value) * unit, s)
        top = zero - size if value >= 0 else zero
        takes = of in _TAKEN or (value < 0 and of in _SIGNED)
        colour = theme.TAKES_BAR if takes else theme.GIVES_BAR if of in _SIGNED else theme.NEUTRAL_BAR
        pen.bar(at.x + k * wide, top, wide - gap, size, colour)
        if takes:
            pen.hatch(at.x + k * wide, top, wide - gap, size, alpha=0.22, pitch=6)
    pen.bar(at.x, zero - 0.5 * s, w, s, (1, 1, 1, 0.5))
