"""Why a number is what it is: the sums of the chosen building's shown hour as bars around zero, with their chains.

What gives reaches right, what takes reaches left, hatched, and the line under them says that all is zero. Power is blue
and orange as everywhere; heat, which no grid carries, and what follows from the other terms are neutral.
A term that is clicked unfolds what it follows from; under the hand it tells equation and source.
"""

from __future__ import annotations

from imgui_bundle import imgui

from app import pace
from app.commands import Command, Unfold
from app.ui import format as fmt
from app.ui import theme
from app.ui.pen import Pen, note
from app.world import World
from network.terms import Sum, Term, shown

OPEN = "why"
"""Its name among what is unfolded."""
_ROW, _BAR = 22.0, 44.0
"""Height of a row and width of its bar, at 720p."""
_NOTHING_W = 0.5
"""Terms of less are left out, unless they are the sum's first or last."""


def moment_s(world: World) -> float:
    """Start of the shown step where somebody looks behind its figures, else -1."""
    hello, chosen = world.stage.hello, world.selected
    if OPEN not in world.panel.unfolded or hello is None or chosen is None or chosen.axis != "building":
        return -1.0
    return float(world.shown.time_s // hello.step_s * hello.step_s)


def told(world: World) -> bool:
    """Whether all that is to be read of the chosen building, of the shown step, is here."""
    at, stage, chosen = moment_s(world), world.stage, world.selected
    if chosen is None or at < 0.0:
        return True
    facts, sums = stage.facts, stage.explanation
    return (facts is not None and (facts.axis, facts.row) == (chosen.axis, chosen.row)
            and sums is not None and (sums.row, sums.time_s) == (chosen.row, at))  # fmt: skip


def draw(pen: Pen, world: World, s: float, width: float) -> list[Command]:
    """The section of the inspector, `width` at 720p."""
    opened = OPEN in world.panel.unfolded
    imgui.separator()
    commands: list[Command] = [Unfold(OPEN)] if imgui.small_button("hide why" if opened else "why this number?") else []
    if not opened or world.selected is None:
        return commands
    here, hello = world.stage.explanation, world.stage.hello
    if here is None or hello is None or (here.axis, here.row) != (world.selected.axis, world.selected.row):
        note("the sums are on their way …")
        return commands
    begin, end = (pace.wall(here.time_s + k * here.step_s, hello) for k in (0, 1))
    imgui.same_line()
    note(f"{fmt.clock(begin)} to {fmt.clock(end)}")
    imgui.push_style_var_y(imgui.StyleVar_.item_spacing, 2.0 * s)
    for one in here.sums:
        commands += _sum(pen, one, world.panel.unfolded, s, width)
    imgui.pop_style_var()
    return commands


def visible(one: Sum) -> list[Term]:
    """The terms of a sum that move anything, and its first and last."""
    ends = (one.terms[0], one.terms[-1]) if one.terms else ()
    return [t for t in one.terms if abs(t.value) >= _NOTHING_W or t in ends]


def _sum(pen: Pen, one: Sum, unfolded: frozenset[str], s: float, width: float) -> list[Command]:
    """Head, rows and the line that says zero."""
    commands: list[Command] = []
    terms = visible(one)
    if not any(abs(t.value) >= _NOTHING_W for t in terms):
        return commands
    at = imgui.get_cursor_screen_pos()
    imgui.dummy(imgui.ImVec2(width * s, 26 * s))
    pen.text(at.x, at.y + 6 * s, one.label, size=15, bold=True)
    most = max(abs(t.value) for t in terms)
    for t in terms:
        key = f"{OPEN}/{one.name}/{t.name}"
        plain = one.name != "power" or t is terms[-1]
        if _row(pen, t, key, most, s, width, unfolded=key in unfolded, plain=plain):
            commands.append(Unfold(key))
        if key in unfolded:
            _chain(pen, t.inputs, s, width, depth=1)
    at = imgui.get_cursor_screen_pos()
    imgui.dummy(imgui.ImVec2(width * s, _ROW * s))
    pen.bar(at.x, at.y - s, width * s, s, (1, 1, 1, 0.35))
    total = sum(t.value for t in one.terms)
    figure = fmt.power(0.0 if abs(total) < 0.05 else total)
    pen.text(at.x, at.y + 3 * s, "sum", size=14, colour=theme.NOTE)
    pen.text(at.x + (width - _BAR - 8) * s, at.y + 3 * s, figure, size=14, align=1.0)
    return commands


def _row(
    pen: Pen, t: Term, key: str, most: float, s: float, width: float, *, unfolded: bool, plain: bool
) -> bool:
    """A term: label, figure, bar around zero; True when it was clicked."""
    at = imgui.get_cursor_screen_pos()
    clicked = imgui.invisible_button(key, imgui.ImVec2(width * s, (_ROW - 4) * s))
    if not imgui.is_item_visible():
        return bool(clicked)
    if imgui.is_item_hovered():
        pen.bar(at.x - 4 * s, at.y, (width + 8) * s, (_ROW - 2) * s, theme.HOVERED, rounding=4)
        _told(t)
    pen.text(at.x, at.y + 1 * s, label_of(pen, t, width, unfolded=unfolded), size=14, colour=theme.TEXT)
    pen.text(at.x + (width - _BAR - 8) * s, at.y + 1 * s, fmt.power(t.value, sign=True), size=14, align=1.0)
    middle, half = at.x + (width - _BAR / 2) * s, _BAR / 2 * s
    long = abs(t.value) / most * half
    left = middle if t.value >= 0 else middle - long
    colour = theme.NEUTRAL_BAR if plain else theme.GIVES_BAR if t.value >= 0 else theme.TAKES_BAR
    pen.bar(left, at.y + 4 * s, max(long, s), 10 * s, colour)
    if t.value < 0:
        pen.hatch(left, at.y + 4 * s, long, 10 * s, alpha=0.22, pitch=6)
    pen.bar(middle - 0.5 * s, at.y, s, (_ROW - 2) * s, (1, 1, 1, 0.5))
    return bool(clicked)


def label_of(pen: Pen, t: Term, width: float, *, unfolded: bool) -> str:
    """A term's words beside its figure and bar in a section of `width`, after the sign that more is behind it."""
    mark = ("– " if unfolded else "+ ") if t.inputs else ""
    room = width - _BAR - 8 - pen.width(fmt.power(t.value, sign=True), size=14) - 8
    return _short(pen, mark + t.label, room)


def _chain(pen: Pen, terms: tuple[Term, ...], s: float, width: float, *, depth: int) -> None:
    """What a term follows from, and what that follows from, each a little further in."""
    for t in terms:
        at = imgui.get_cursor_screen_pos()
        imgui.dummy(imgui.ImVec2(width * s, (_ROW - 7) * s))
        if imgui.is_item_hovered():
            _told(t)
        if imgui.is_item_visible():
            figure = figure_of(t)
            x = at.x + 10 * depth * s
            room = width - 10 * depth - pen.width(figure, size=13) - 8
            for level in range(1, depth + 1):
                pen.bar(at.x + (10 * level - 5) * s, at.y, s, (_ROW - 5) * s, (1, 1, 1, 0.14))
            pen.text(x, at.y, _short(pen, t.label, room, size=13.0), size=13, colour=theme.NOTE)
            pen.text(at.x + width * s, at.y, figure, size=13, align=1.0)
        _chain(pen, t.inputs, s, width, depth=depth + 1)


def figure_of(t: Term) -> str:
    """A term's value as people read it."""
    if t.unit == "W":
        return fmt.power(t.value)
    value, unit = shown(t)
    number = f"{value:.1e}" if 0 < abs(value) < 1e-3 else fmt.number(value)
    return f"{number}{fmt.SPACE}{fmt.units(unit)}".rstrip(fmt.SPACE)


def _short(pen: Pen, text: str, room: float, *, size: float = 14.0) -> str:
    """The text, cut where it would reach its figure."""
    if pen.width(text, size=size) <= room:
        return text
    while len(text) > 4 and pen.width(text + "…", size=size) > room:
        text = text[:-1]
    return text.rstrip() + "…"


def _told(t: Term) -> None:
    """Label, equation and source under the hand."""
    imgui.begin_tooltip()
    imgui.push_text_wrap_pos(imgui.get_font_size() * 22)
    imgui.text(t.label)
    note("\n".join(x for x in (t.equation and f"= {t.equation}", t.source) if x) or "a figure of its own")
    imgui.pop_text_wrap_pos()
    imgui.end_tooltip()
