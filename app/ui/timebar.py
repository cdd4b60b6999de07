"""Bottom right: the day under the finger. Bars above zero give, below take; drag to seek; below it the year."""

from __future__ import annotations

from datetime import datetime

import numpy as np
from imgui_bundle import imgui

from app import pace
from app.commands import Command, Pause, Run, SeekTo
from app.ui import format as fmt
from app.ui import layout, legend, theme
from app.ui.backend import Panels
from app.ui.pen import Pen
from app.ui.seen import Seen, fixed
from app.world import World

HEIGHT = layout.TIME[1]
DAY_S = 86400.0
_SNAP_S = 300.0


def draw(ui: Panels, world: World, seen: Seen) -> list[Command]:
    """The time bar."""
    hello = world.stage.hello
    if hello is None:
        return []
    s = ui.scale
    left = theme.GAP if layout.stacked(seen.size, s) else theme.GAP + legend.WIDTH + theme.GAP
    width = seen.size[0] / s - left - theme.GAP
    top = -(HEIGHT + theme.GAP + layout.time_above(seen.size, s))
    fixed("time", seen, x=left, y=top, w=width, h=HEIGHT, scale=s)
    at = imgui.get_window_pos()
    pen = Pen(imgui.get_window_draw_list(), ui.fonts, s)
    x, w = at.x + 24 * s, (width - 48) * s
    commands = _head(pen, world, at, x, w, s)
    commands += _day(pen, world, seen, x, at.y + 46 * s, w, 40 * s)
    commands += _year(pen, world, x, at.y + 111 * s, w, 9 * s)
    imgui.end()
    return commands


def _head(pen: Pen, world: World, at: imgui.ImVec2, x: float, w: float, s: float) -> list[Command]:
    """Clock, pause, speeds and the day."""
    hello, clock = world.stage.hello, world.stage.clock
    assert hello is not None
    commands: list[Command] = []
    moment = pace.wall(world.shown.time_s, hello)
    running = clock is not None and clock.pace != 0
    imgui.set_cursor_screen_pos(imgui.ImVec2(x, at.y + 11 * s))
    if imgui.invisible_button("pause", imgui.ImVec2(24 * s, 26 * s)):
        commands.append(Pause())
    tint = theme.u32(theme.TEXT if imgui.is_item_hovered() else theme.NOTE)
    cx, cy = x + 9 * s, at.y + 24 * s
    if running:
        for dx in (-5, 2):
            pen.draw.add_rect_filled(
                imgui.ImVec2(cx + dx * s, cy - 7 * s), imgui.ImVec2(cx + (dx + 4) * s, cy + 7 * s), tint
            )
    else:
        pen.draw.add_triangle_filled(
            imgui.ImVec2(cx - 5 * s, cy - 8 * s),
            imgui.ImVec2(cx - 5 * s, cy + 8 * s),
            imgui.ImVec2(cx + 8 * s, cy),
            tint,
        )
    pen.text(x + 32 * s, at.y + 13 * s, fmt.clock(moment), size=18, bold=True)
    pen.text(x + 92 * s, at.y + 15 * s, fmt.day(moment), size=15, colour=theme.NOTE)
    right = x + w
    for k in reversed(range(len(pace.PACES))):
        speed, label = pace.PACES[k]
        wide = (pen.width(label, size=14) + 14) * s
        right -= wide
        imgui.set_cursor_screen_pos(imgui.ImVec2(right, at.y + 11 * s))
        if imgui.invisible_button(f"pace{k}", imgui.ImVec2(wide, 26 * s)):
            commands.append(Run(speed))
        mine = clock is not None and abs((clock.pace or clock.resume_pace) - speed) < 0.01 * speed
        if mine:
            pen.bar(right, at.y + 11 * s, wide, 26 * s, (*theme.TRACK[:3], 1.0), rounding=6)
        bright = (mine and running) or imgui.is_item_hovered()
        pen.text(
            right + wide / 2, at.y + 15 * s, label, size=14, align=0.5, colour=theme.TEXT if bright else theme.NOTE
        )
    return commands


def _day(pen: Pen, world: World, seen: Seen, x: float, y: float, w: float, h: float) -> list[Command]:
    """Bars of the district's balance, hour by hour; drag to seek within the day."""
    s, time_s = pen.scale, world.shown.time_s
    start = np.floor(time_s / DAY_S) * DAY_S
    values = day_bars(world, start)
    zero = y + h * 0.5
    if values is not None and len(values):
        size = float(np.abs(values).max()) or 1.0
        low, high = float(min(values.min(), 0.0)), float(max(values.max(), 0.0))
        zero = y + h * (high / (high - low) if high > low else 0.5)
        unit = h / max(high - low, 1e-9)
        wide = w / len(values)
        for k, value in enumerate(values):
            gives, tall = value >= 0, max(abs(float(value)) * unit, 1.0 * s if size else 0)
            top = zero - tall if gives else zero
            pen.bar(x + k * wide, top, wide - 1.5 * s, tall, theme.GIVES_BAR if gives else theme.TAKES_BAR)
            if not gives:
                pen.hatch(x + k * wide, top, wide - 1.5 * s, tall, alpha=0.22, pitch=6)
    pen.bar(x, zero - 0.5 * s, w, 1.0 * s, (1, 1, 1, 0.5))
    hello = world.stage.hello
    saving = pace.saving_s(time_s, hello) / 3600.0 if hello is not None else 0.0
    for hour in (0, 3, 6, 9, 12, 15, 18, 21, 24):  # of the clock on the wall; the bars are hours of standard time
        share = (hour - saving) / 24
        if 0 <= share <= 1:
            align = hour / 24 if saving == 0 else 0.5
            pen.text(x + w * share, y + h + 4 * s, f"{hour:02d}", size=14, colour=theme.NOTE, align=align)
    imgui.set_cursor_screen_pos(imgui.ImVec2(x, y - 6 * s))
    imgui.invisible_button("day", imgui.ImVec2(w, h + 20 * s))
    commands: list[Command] = []
    if imgui.is_item_active():
        share = min(max((imgui.get_mouse_pos().x - x) / w, 0.0), 1.0 - 1e-6)
        wanted = start + np.floor(share * DAY_S / _SNAP_S) * _SNAP_S
        if abs(wanted - time_s) > 1:
            commands.append(SeekTo(float(wanted)))
    knob = x + w * float((time_s - start) / DAY_S)
    pen.bar(knob - s, y - 8 * s, 2 * s, h + 14 * s, theme.TEXT)
    pen.draw.add_circle_filled(imgui.ImVec2(knob, y - 8 * s), 5.5 * s, theme.u32(theme.TEXT), 24)
    return commands


def day_bars(world: World, start_s: float) -> np.ndarray | None:
    """District's net power of each step of the day that begins at `start_s`, from the block that is here."""
    block = world.stage.blocks.get("district_surplus_w")
    if block is None:
        return None
    first = round((start_s - block.first_time_s) / block.step_s)
    count = round(DAY_S / block.step_s)
    if first < 0 or first + count > len(block.values):
        return None
    return np.asarray(block.values[first : first + count], np.float64).reshape(count, -1)[:, 0]


def _year(pen: Pen, world: World, x: float, y: float, w: float, h: float) -> list[Command]:
    """Months of the year; click or drag to pick the day at the same hour."""
    hello = world.stage.hello
    assert hello is not None
    s, time_s = pen.scale, world.shown.time_s
    days = (datetime(hello.year + 1, 1, 1) - datetime(hello.year, 1, 1)).days
    here = pace.wall(time_s, hello)
    for month in range(12):
        first = (datetime(hello.year, month + 1, 1) - datetime(hello.year, 1, 1)).days
        last = days if month == 11 else (datetime(hello.year, month + 2, 1) - datetime(hello.year, 1, 1)).days
        a, b = x + w * first / days, x + w * last / days
        mine = here.month == month + 1
        pen.bar(a, y, b - a - 2 * s, h, (0.30, 0.34, 0.40, 1) if mine else theme.TRACK, rounding=2)
        label = fmt.MONTHS[month][:3] if (b - a) > 30 * s else fmt.MONTHS[month][:1]
        colour = theme.TEXT if mine else (*theme.NOTE[:3], 0.8)
        pen.text((a + b) / 2, y - 2.5 * s, label, size=11.5, colour=colour, align=0.5)
    at = x + w * (time_s / DAY_S) / days
    pen.bar(at - s, y - 2 * s, 2 * s, h + 4 * s, theme.TEXT)
    imgui.set_cursor_screen_pos(imgui.ImVec2(x, y - 4 * s))
    imgui.invisible_button("year", imgui.ImVec2(w, h + 8 * s))
    if not imgui.is_item_active():
        return []
    share = min(max((imgui.get_mouse_pos().x - x) / w, 0.0), 1.0 - 1e-6)
    wanted = int(share * days) * DAY_S + time_s % DAY_S
    return [SeekTo(float(wanted))] if abs(wanted - time_s) > 1 else []
