"""Right: the year's verdict as one figure, a gauge around zero, and what happens now."""

from __future__ import annotations

import numpy as np
from imgui_bundle import imgui

from app.commands import Command, ToggleNotes, ToggleOthers
from app.paint import mean_of_step
from app.ui import format as fmt
from app.ui import layout, others, theme
from app.ui.backend import Panels
from app.ui.pen import Pen
from app.ui.seen import Seen, fixed
from app.world import World
from network.schema import Balance

WIDTH, HEIGHT = 306.0, 520.0
_ROW, _ROWS = 48.0, 5
_OF_ROWS = HEIGHT - _ROWS * _ROW
"""Height without rows."""
_FADED = 0.5
YEAR_S = 365.25 * 86400.0


def draw(ui: Panels, world: World, seen: Seen) -> list[Command]:
    """The balance panel."""
    s, stage = ui.scale, world.stage
    below = 0.0 if layout.plan(seen.size, s, aside=world.panel.aside).small else 148.0
    room = seen.size[1] / s - 2 * theme.GAP - below
    rows = _rows(world)[: max(int((room - _OF_ROWS) // _ROW), 0)]
    height = _OF_ROWS + _ROW * len(rows)
    commands: list[Command] = []
    fixed("balance", seen, x=-(WIDTH + theme.GAP), y=theme.GAP, w=WIDTH, h=height, scale=s)
    at = imgui.get_window_pos()
    pen = Pen(imgui.get_window_draw_list(), ui.fonts, s)
    x, w = at.x + 22 * s, (WIDTH - 44) * s
    balance = stage.balance
    pen.text(x, at.y + 16 * s, "The year so designed", size=14.5, colour=theme.NOTE)
    if balance is None:
        pen.text(x, at.y + 46 * s, "being computed …", size=16)
    else:
        stale = stage.scenario is not None and balance.revision != stage.scenario.revision
        _verdict(pen, balance, world.panel.gauge_j, x, at.y, w, faded=stale or balance.fraction < 1.0)
        if others.line(pen, balance.verdict, x, at.y + 203 * s, w, unfolded=world.panel.others):
            commands.append(ToggleOthers())
    pen.bar(x, at.y + 232 * s, w, 1 * s, (1, 1, 1, 0.10))
    progress = stage.clock.computing if stage.clock else 1.0
    if progress < 1.0:
        pen.bar(at.x + 10 * s, at.y + 4 * s, (WIDTH - 20) * s * max(progress, 0.02), 2.5 * s, theme.GIVES, rounding=1)
    for k, (label, figure, note, colour) in enumerate(rows):
        top = at.y + (244 + _ROW * k) * s
        pen.text(x, top, label, size=14, colour=theme.NOTE)
        pen.text(x, top + 17 * s, figure, size=21, bold=True, colour=colour)
        pen.text(x + w, top + 22 * s, note, size=14, colour=theme.NOTE, align=1.0)
    commands += _notes(pen, world, at, x, w, height)
    if balance is not None and world.panel.others and balance.verdict.alternatives:
        others.draw(pen, balance.verdict, at.x - 12 * s, at.y)
    imgui.end()
    return commands


def _verdict(pen: Pen, balance: Balance, gauge_j: float, x: float, top: float, w: float, *, faded: bool) -> None:
    s, verdict = pen.scale, balance.verdict
    margin, gives = verdict.primary_margin_j, verdict.primary_margin_j >= 0
    alpha = _FADED if faded else 1.0
    ink = (*(theme.GIVES if gives else theme.TAKES)[:3], alpha)
    pen.text(x, top + 36 * s, fmt.energy(margin, sign=True), size=38, bold=True, colour=ink)
    words = "surplus: a positive energy district" if verdict.surplus else "short of a positive energy district"
    pen.text(x, top + 86 * s, words, size=15, colour=(*theme.TEXT[:3], alpha))
    pen.text(x, top + 107 * s, "primary energy, given minus taken", size=14, colour=theme.NOTE)
    y, h = top + 146 * s, 20 * s
    scale = max(gauge_j, abs(margin), 1.0)
    pen.bar(x, y, w, h, theme.TRACK, rounding=6)
    middle, reach = x + w / 2, w / 2 * max(min(margin / scale, 1.0), -1.0)
    left = middle + min(reach, 0)
    colour = (*(theme.GIVES_BAR if gives else theme.TAKES_BAR)[:3], alpha)
    pen.bar(left, y, abs(reach), h, colour)
    if not gives:
        pen.hatch(left, y, abs(reach), h, alpha=0.30)
    pen.bar(middle - s, y - 5 * s, 2 * s, h + 10 * s, theme.TEXT)
    pen.triangle(middle + reach, y - 7 * s, 6, up=False, colour=theme.TEXT)
    for part, align in ((-1, 0.0), (0, 0.5), (1, 1.0)):
        text = fmt.energy(part * scale, digits=1, sign=True) if part else "0"
        pen.text(middle + part * w / 2, y + h + 7 * s, text, size=14, colour=theme.NOTE, align=align)


def _rows(world: World) -> list[tuple[str, str, str, tuple[float, float, float, float]]]:
    """Label, figure, note and colour of the rows below the line."""
    stage, time_s = world.stage, world.shown.time_s
    rows = []
    block = stage.blocks.get("district_surplus_w")
    if block is not None and len(block.values):
        now = float(mean_of_step(block, time_s).reshape(-1)[0])
        colour = theme.GIVES if now >= 0 else theme.TAKES
        rows.append(
            ("Now", fmt.power(now, sign=True), "to the upper grid" if now >= 0 else "from the upper grid", colour)
        )
    kpi = stage.balance.kpi if stage.balance else {}
    sun = stage.blocks.get("pv_w")
    if sun is not None and len(sun.values):
        watts = float(np.sum(mean_of_step(sun, time_s)))
        peak = kpi.get("pv_peak_w", 0.0)
        rows.append(("Solar power", fmt.power(watts), f"of {fmt.power(peak)}p" if peak else "", theme.TEXT))
    if "self_consumption" in kpi:
        rows.append(("Own use", fmt.percent(kpi["self_consumption"]), "of what is made here", theme.TEXT))
    if stage.balance is not None:
        co2 = stage.balance.co2_kg
        rows.append(("CO₂ of the year", fmt.mass(co2), "net of what is given", theme.GIVES if co2 <= 0 else theme.TEXT))
    capital, embodied = kpi.get("capital_eur", 0.0), kpi.get("embodied_co2_kg", 0.0)
    if capital or embodied:
        note = f"{fmt.mass(embodied)} CO₂ embodied"
        if "payback_s" in kpi:
            note = f"paid back in {fmt.number(kpi['payback_s'] / YEAR_S, 2)} years"
        rows.append(("To build it", fmt.money(capital), note, theme.TEXT))
    return rows


def _notes(pen: Pen, world: World, at: imgui.ImVec2, x: float, w: float, height: float) -> list[Command]:
    """How many problems are known, unfolding into the list."""
    problems = world.stage.problems.problems if world.stage.problems else ()
    if not problems:
        return []
    s = pen.scale
    count = len(problems)
    label = f"{count} note{'s' if count > 1 else ''} on the data"
    imgui.set_cursor_screen_pos(imgui.ImVec2(x, at.y + (height - 30) * s))
    clicked = imgui.invisible_button("notes", imgui.ImVec2(w, 22 * s))
    colour = theme.TEXT if imgui.is_item_hovered() or world.panel.notes else theme.NOTE
    pen.text(x, at.y + (height - 28) * s, label, size=14, colour=colour)
    pen.text(
        x + w, at.y + (height - 28) * s, "hide" if world.panel.notes else "show", size=14, colour=colour, align=1.0
    )
    if world.panel.notes:
        _list(pen, world, at)
    return [ToggleNotes()] if clicked else []


def _list(pen: Pen, world: World, at: imgui.ImVec2) -> None:
    s = pen.scale
    imgui.set_next_window_pos(imgui.ImVec2(at.x - 432 * s, at.y))
    imgui.set_next_window_size_constraints(imgui.ImVec2(420 * s, 0), imgui.ImVec2(420 * s, HEIGHT * s))
    flags = imgui.WindowFlags_.no_title_bar | imgui.WindowFlags_.no_move | imgui.WindowFlags_.always_auto_resize
    imgui.set_next_window_bg_alpha(1.0)  # the inspector may stand behind it
    imgui.begin("notes on the data", None, flags | imgui.WindowFlags_.no_saved_settings)
    for problem in world.stage.problems.problems if world.stage.problems else ():
        more = f"  ({problem.count}×)" if problem.count > 1 and str(problem.count) not in problem.message else ""
        imgui.text_wrapped(problem.message + more)
        if problem.ids:
            imgui.push_style_color(imgui.Col_.text, imgui.ImVec4(*theme.NOTE))
            imgui.text_wrapped(", ".join(problem.ids[:6]) + (" …" if len(problem.ids) > 6 else ""))
            imgui.pop_style_color()
    imgui.end()
