"""What the verdict would be under other common choices: one line in the balance panel, and the list beside it."""

from __future__ import annotations

from imgui_bundle import imgui

from app.ui import format as fmt
from app.ui import theme
from app.ui.pen import Pen
from network.verdict import Alternative, Verdict

WIDTH = 468.0
_TOP, _ROW, _FOOT = 66.0, 30.0, 64.0
_PRIMARY, _CO2 = 342.0, 446.0
"""Right edges of the two columns of margins."""


def line(pen: Pen, verdict: Verdict, x: float, y: float, w: float, *, unfolded: bool) -> bool:
    """"Turns if exports are not credited", or that nothing turns it; True when it was clicked."""
    if not verdict.alternatives:
        return False
    s, turning = pen.scale, [a for a in verdict.alternatives if a.flips]
    imgui.set_cursor_screen_pos(imgui.ImVec2(x, y - 3 * s))
    clicked = imgui.invisible_button("others", imgui.ImVec2(w, 24 * s))
    lit = unfolded or imgui.is_item_hovered()
    more = "hide" if unfolded else f"+{len(turning) - 1}" if len(turning) > 1 else "show"
    words = f"turns if {turning[0].brief}" if turning else f"none of {len(verdict.alternatives)} other choices turns it"
    pen.text(x, y, words, size=14.5, bold=bool(turning), colour=theme.TEXT if turning or lit else theme.NOTE)
    pen.text(x + w, y, more, size=14, colour=theme.TEXT if lit else theme.NOTE, align=1.0)
    return bool(clicked)


def draw(pen: Pen, verdict: Verdict, right: float, top: float) -> None:
    """The list: the answer and both margins under each choice, those that turn it first; its right edge at `right`."""
    s = pen.scale
    height = _TOP + _ROW * (len(verdict.alternatives) + 1) + _FOOT
    imgui.set_next_window_pos(imgui.ImVec2(right - WIDTH * s, top))
    imgui.set_next_window_size(imgui.ImVec2(WIDTH * s, height * s))
    flags = imgui.WindowFlags_.no_title_bar | imgui.WindowFlags_.no_move | imgui.WindowFlags_.no_resize
    imgui.set_next_window_bg_alpha(1.0)  # the inspector may stand behind it
    imgui.begin("other choices", None, flags | imgui.WindowFlags_.no_saved_settings)
    at = imgui.get_window_pos()
    pen = Pen(imgui.get_window_draw_list(), pen.fonts, s)
    pen.text(at.x + 22 * s, at.y + 16 * s, "The same year, judged otherwise", size=14.5, colour=theme.NOTE)
    for edge, words in ((_PRIMARY, "primary energy"), (_CO2, "CO₂ spared")):
        pen.text(at.x + edge * s, at.y + 40 * s, words, size=13, colour=theme.NOTE, align=1.0)
    own = Alternative("", "as chosen here", "", verdict.surplus, False, verdict.primary_margin_j, verdict.co2_margin_kg,
                      "")  # fmt: skip
    rows = [own, *sorted(verdict.alternatives, key=lambda a: not a.flips)]
    for k, row in enumerate(rows):
        y = at.y + (_TOP + _ROW * k) * s
        _row(pen, row, at.x, y, first=k == 0)
    y = at.y + (height - _FOOT + 8) * s
    pen.bar(at.x + 22 * s, y - 6 * s, (WIDTH - 44) * s, s, (1, 1, 1, 0.10))
    cars = "electric cars counted" if verdict.mobility == "in" else "cars not counted"
    pen.text(at.x + 22 * s, y, f"Chosen here: {verdict.boundary} boundary, {cars}.", size=13, colour=theme.NOTE)
    words = "Each line changes one choice alone. Above zero: more given than taken."
    pen.text(at.x + 22 * s, y + 19 * s, words, size=13, colour=theme.NOTE)
    imgui.end()


def _row(pen: Pen, row: Alternative, x: float, y: float, *, first: bool) -> None:
    """One choice: the sign of its answer, its words, its margins; what turns the answer stands out."""
    s = pen.scale
    ink = theme.GIVES if row.surplus else theme.TAKES
    strong = row.flips or first
    if row.flips:
        pen.bar(x + 10 * s, y - 4 * s, (WIDTH - 20) * s, 26 * s, theme.TRACK, rounding=6)
    pen.triangle(x + 28 * s, y + 9 * s, 5, up=row.surplus, colour=ink)
    pen.text(x + 42 * s, y, row.brief, size=15, bold=strong, colour=theme.TEXT if strong else theme.NOTE)
    for edge, text in ((_PRIMARY, fmt.energy(row.primary_margin_j, digits=2, sign=True)),
                       (_CO2, fmt.mass(row.co2_margin_kg, digits=2, sign=True))):  # fmt: skip
        pen.text(x + edge * s, y, text, size=15, bold=strong, colour=ink if strong else theme.NOTE, align=1.0)
