"""What a tile made by others says of the feature under the pointer, and of the one that was clicked; and what its
tileset says of content, group, tile and tileset around it."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from imgui_bundle import imgui

from app.commands import Command, Select
from app.figures import About
from app.ui import theme
from app.ui.backend import Panels
from app.ui.pen import Pen, note
from app.ui.seen import Seen, fixed
from app.world import World

_Own = tuple[tuple[str, str], ...]
"""Properties of a feature, name and words."""
NAME = "feature"
_WIDTH, _TALLEST, _ALONE = 320.0, 420.0, 560.0
"""Of the panel; it may be as tall as the last where there is nothing below it."""
_EDGE, _HEAD, _FOOT, _BAR = 18.0, 46.0, 14.0, 12.0
"""Margin, title, what is below the last row, room for the scroll bar."""
_INNER = _WIDTH - 2 * _EDGE - _BAR
_SIZE, _SMALL = 15.0, 13.0
"""Of text, and of small print."""
_ROW, _TITLE, _BELOW, _AFTER = 23.0, 25.0, 18.0, 8.0
"""A row; the title of a section; how far below its name a row has words of several lines, and what is after them."""
_GAP, _OVER = 6.0, 9.0
"""Above and below the line over a section."""
_FEW = 4
"""Properties that a tooltip shows."""


@dataclass(frozen=True)
class _Placed:
    """A row or the title of a section in the panel; in pixels at 720p from the top of all of them."""

    y: float
    tall: float
    name: str
    words: str
    remark: str = ""
    below: bool = False
    """The words do not fit beside the name, and have lines of their own."""
    titled: bool = False
    """The title of a section."""
    parted: bool = False
    """A line lies over it."""


@dataclass(frozen=True)
class _Laid:
    """The panel as it was laid out, for what and at which scale."""

    key: tuple[_Own | None, About | None, float]
    title: str
    rows: tuple[_Placed, ...]
    tall: float
    """All rows, in pixels at 720p."""


def draw(ui: Panels, world: World, seen: Seen) -> list[Command]:
    """All properties of the clicked feature, what is said around it, and the way out."""
    rows, about = seen.features.get(world.feature), seen.about
    if not world.feature or (rows is None and (about is None or not about.sections)):
        return []
    s = ui.scale
    laid = ui.kept.get(NAME)
    if not isinstance(laid, _Laid) or laid.key != (rows, about, s):
        laid = ui.kept[NAME] = _lay(Pen(None, ui.fonts, s), rows, about)
    placed, total = laid.rows, laid.tall
    room = seen.size[1] / s - 2 * theme.GAP
    tallest = min(_TALLEST if world.stage.clock is not None else _ALONE, max(room, 2 * _HEAD))
    height = min(_HEAD + total + _FOOT, tallest)
    fixed(NAME, seen, x=-(theme.GAP + _WIDTH), y=theme.GAP, w=_WIDTH, h=height, scale=s)
    at, commands = imgui.get_window_pos(), list[Command]()
    pen = Pen(imgui.get_window_draw_list(), ui.fonts, s)
    pen.text(at.x + _EDGE * s, at.y + 14 * s, laid.title, size=18, bold=True)
    imgui.set_cursor_screen_pos(imgui.ImVec2(at.x + (_EDGE + _INNER - pen.width("close") - 18) * s, at.y + 13 * s))
    if imgui.small_button("close"):
        commands.append(Select(None))
    imgui.set_cursor_screen_pos(imgui.ImVec2(at.x + _EDGE * s, at.y + _HEAD * s))
    imgui.begin_child("rows", imgui.ImVec2((_WIDTH - _EDGE - 4) * s, (height - _HEAD - _FOOT) * s))
    _rows(ui, placed, total, height - _HEAD - _FOOT)
    imgui.end_child()
    imgui.end()
    return commands


def tooltip(world: World, seen: Seen) -> None:
    """The first properties of what is under the pointer."""
    rows = seen.features.get(world.pointed)
    if not world.pointed or not rows or seen.pointer is None:
        return
    imgui.begin_tooltip()
    for name, value in rows[:_FEW]:
        imgui.text_unformatted(f"{name}  {value[:60]}")
    if len(rows) > _FEW:
        note("click for more")
    imgui.end_tooltip()


def _lay(pen: Pen, own: _Own | None, about: About | None) -> _Laid:
    """Where everything goes, worked out once for each click; what is no feature is called by its file."""
    placed, y = list[_Placed](), 0.0
    for name, words in own or ():
        placed.append(_row(pen, y, name, words, ""))
        y += placed[-1].tall
    for section in about.sections if about is not None else ():
        parted = bool(placed)
        y += _GAP if parted else 0.0
        room = _INNER - pen.width(section.title, size=_size(pen), bold=True) - 12
        small = _cut(pen, section.note, room, _size(pen, _SMALL))
        remark = section.note if small != section.note else ""
        placed.append(_Placed(y, _TITLE + parted * _OVER, section.title, small, remark, titled=True, parted=parted))
        y += placed[-1].tall
        for row in section.rows:
            placed.append(_row(pen, y, row.name, row.words, row.remark))
            y += placed[-1].tall
    words = about.name if about is not None and about.name and not own else "Feature"
    title = _cut(pen, words, _INNER - pen.width("close") - 28, 18.0, bold=True)
    return _Laid((own, about, pen.scale), title, tuple(placed), y)


def _row(pen: Pen, y: float, name: str, words: str, remark: str) -> _Placed:
    """A name with its words beside it, or below in as many lines as they need."""
    shown = _cut(pen, name, _INNER, _size(pen))
    remark = remark if shown == name else f"{name}\n{remark}".rstrip()
    if "\n" not in words and pen.width(shown, size=_size(pen)) + 14 + pen.width(words, size=_size(pen)) <= _INNER:
        return _Placed(y, _ROW, shown, words, remark)
    imgui.push_font(pen.fonts.medium, _size(pen))
    tall = float(imgui.calc_text_size(words, wrap_width=_INNER * pen.scale).y) / pen.scale
    imgui.pop_font()
    return _Placed(y, _BELOW + tall + _AFTER, shown, words, remark, below=True)


def _rows(ui: Panels, placed: tuple[_Placed, ...], total: float, room: float) -> None:
    """Draw those in view."""
    s, pen = ui.scale, Pen(imgui.get_window_draw_list(), ui.fonts, ui.scale)
    at, scrolled = imgui.get_cursor_screen_pos(), float(imgui.get_scroll_y()) / s
    imgui.dummy(imgui.ImVec2(_INNER * s, total * s))
    first = max(bisect_right(placed, scrolled, key=lambda one: one.y) - 1, 0)
    pointed = imgui.is_window_hovered()
    for one in placed[first:]:
        if one.y > scrolled + room:
            break
        top = at.y + one.y * s
        if one.titled:
            _heading(pen, one, at.x, top)
        else:
            pen.text(at.x, top, one.name, size=_size(pen), colour=theme.NOTE)
            if one.below:
                place = imgui.ImVec2(round(at.x), round(top + _BELOW * s))
                pen.draw.add_text(pen.fonts.medium, _size(pen) * s, place, theme.u32(theme.TEXT), one.words, _INNER * s)
            else:
                pen.text(at.x + _INNER * s, top, one.words, size=_size(pen), align=1.0)
        end = imgui.ImVec2(at.x + _INNER * s, top + one.tall * s)
        if one.remark and pointed and imgui.is_mouse_hovering_rect(imgui.ImVec2(at.x, top), end):
            _remark(one.remark, at.x - (_EDGE + 8) * s, top - 6 * s, s)


def _heading(pen: Pen, one: _Placed, x: float, y: float) -> None:
    """Title of a section, its class in small print."""
    s = pen.scale
    if one.parted:
        pen.bar(x, y, _INNER * s, max(s, 1.0), (1, 1, 1, 0.10))
        y += _OVER * s
    pen.text(x, y, one.name, size=_size(pen), bold=True)
    pen.text(x + _INNER * s, y + 2 * s, one.words, size=_size(pen, _SMALL), colour=theme.NOTE, align=1.0)


def _remark(words: str, right: float, top: float, s: float) -> None:
    """What the class says of a property, beside the panel."""
    imgui.set_next_window_pos(imgui.ImVec2(right, top), imgui.Cond_.always, imgui.ImVec2(1.0, 0.0))
    imgui.begin_tooltip()
    imgui.push_text_wrap_pos(_INNER * s)
    imgui.text_unformatted(words)
    imgui.pop_text_wrap_pos()
    imgui.end_tooltip()


def _size(pen: Pen, size: float = _SIZE) -> float:
    """As large as whole pixels make it: else imgui measures other letters than it draws."""
    return round(size * pen.scale) / pen.scale


def _cut(pen: Pen, words: str, room: float, size: float, *, bold: bool = False) -> str:
    """As much of a line as there is room for."""
    words = " ".join(words.split())
    if pen.width(words, size=size, bold=bold) <= room:
        return words
    kept = len(words)
    while kept > 1 and pen.width(f"{words[:kept]}…", size=size, bold=bold) > room:
        kept -= max(1, kept // 16)
    return f"{words[:kept].rstrip()}…"
