"""Left: what-ifs, generated from the catalogue. Toggle, drag, select; a change is a wish, a drag one undo step."""

from __future__ import annotations

import msgspec
from imgui_bundle import imgui

from app.commands import Begin, Choose, Command, PaintBack, RedoLayers, SetPaint, ToggleSaves, UndoLayers, Unfold
from app.paint import PAINTS
from app.ui import format as fmt
from app.ui import layout, legend, theme
from app.ui.backend import Panels
from app.ui.pen import Pen
from app.ui.seen import Seen
from app.world import World
from network.schema import LayerChoice, LayerKind, Parameter

WIDTH = layout.SIDE
TOP = 96.0
MAIN = 2
"""Dials of a kind that are always there when it is on; the others, and what it costs, are behind "more"."""
_INNER, _FIGURE = WIDTH - 36.0, 88.0
"""Width inside the panel's padding, and of the column of figures beside the dials."""
_HEAD = 26.0 + 8.0
Choices = tuple[LayerChoice, ...]


def draw(ui: Panels, world: World, seen: Seen) -> list[Command]:
    """The what-if panel."""
    catalogue, scenario, s = world.stage.catalogue, world.stage.scenario, ui.scale
    if catalogue is None or scenario is None:
        return []
    flags = (
        imgui.WindowFlags_.no_decoration | imgui.WindowFlags_.no_move | imgui.WindowFlags_.no_saved_settings
        | imgui.WindowFlags_.always_auto_resize | imgui.WindowFlags_.no_nav
    )  # fmt: skip
    imgui.set_next_window_pos(imgui.ImVec2(theme.GAP * s, TOP * s))
    below = theme.GAP if layout.plan(seen.size, s, aside=world.panel.aside).small else theme.GAP + legend.HEIGHT + 14
    tallest = max(seen.size[1] - (TOP + below) * s, 80 * s)
    imgui.set_next_window_size_constraints(imgui.ImVec2(WIDTH * s, 0), imgui.ImVec2(WIDTH * s, tallest))
    imgui.begin("layers", None, flags)
    commands = _history(world, s)
    # The kinds scroll under the head; their scroll bar stands in the panel's padding, so that nothing moves for it.
    wide = (_INNER + 13) * s
    imgui.set_next_window_size_constraints(imgui.ImVec2(wide, 0), imgui.ImVec2(wide, tallest - (_HEAD + 28) * s))
    imgui.begin_child("kinds", imgui.ImVec2(wide, 0), imgui.ChildFlags_.auto_resize_y, imgui.WindowFlags_.no_nav)
    pen = Pen(imgui.get_window_draw_list(), ui.fonts, s)
    choices = world.panel.draft if world.panel.draft is not None else scenario.choices
    for kind in catalogue.kinds:
        imgui.push_id(kind.kind)
        commands += _kind(pen, world, seen, kind, choices)
        imgui.pop_id()
    imgui.end_child()
    imgui.end()
    return commands


def _history(world: World, s: float) -> list[Command]:
    scenario = world.stage.scenario
    assert scenario is not None
    commands: list[Command] = []
    imgui.push_style_color(imgui.Col_.text, imgui.ImVec4(*theme.NOTE))
    imgui.align_text_to_frame_padding()
    imgui.text("What if …")
    imgui.pop_style_color()
    imgui.same_line(84 * s)
    if imgui.button("Saved"):
        commands.append(ToggleSaves())
    steps: tuple[tuple[str, bool, str, Command], ...] = (
        ("Undo", scenario.can_undo, scenario.undo_label, UndoLayers()),
        ("Redo", scenario.can_redo, scenario.redo_label, RedoLayers()),
    )
    right = (WIDTH - 18 - 2 * 58 - 6) * s
    for k, (name, can, label, command) in enumerate(steps):
        imgui.same_line(right + k * 64 * s)
        imgui.begin_disabled(not can)
        if imgui.button(name, imgui.ImVec2(58 * s, 0)):
            commands.append(command)
        if label and imgui.is_item_hovered():
            imgui.set_tooltip(label)
        imgui.end_disabled()
    return commands


def _kind(pen: Pen, world: World, seen: Seen, kind: LayerKind, choices: Choices) -> list[Command]:
    """One row of the catalogue: the switch, and, when on, its dials and selection."""
    s = pen.scale
    mine = next((c for c in choices if c.kind == kind.kind), None)
    _rule(pen)
    if pen.switch("on", mine is not None):
        if mine is None:
            fresh = LayerChoice(kind.kind, {p.name: p.default for p in kind.parameters})
            return [Choose(_with(choices, fresh, world), _gesture(seen))]
        return [Choose(tuple(c for c in choices if c.kind != kind.kind), _gesture(seen))]
    imgui.same_line()
    imgui.push_font(pen.fonts.semibold, 16.0)
    imgui.push_style_color(imgui.Col_.text, imgui.ImVec4(*(theme.NOTE if mine is None else theme.TEXT)))
    imgui.text(kind.label)
    imgui.pop_style_color()
    imgui.pop_font()
    if imgui.is_item_hovered():
        imgui.set_tooltip(kind.description)
    if mine is None:
        return []
    whole = kind.kind in world.panel.unfolded
    imgui.same_line((_INNER - 52) * s)
    commands: list[Command] = []
    if imgui.small_button("less" if whole else "more"):
        commands.append(Unfold(kind.kind))
    for spec in kind.parameters if whole else kind.parameters[:MAIN]:
        commands += _dial(pen, world, seen, spec, mine, choices)
    if whole:
        commands += _selection(world, seen, kind, mine, choices, s)
    elif mine.selection != "all":
        _small(pen, f"where {mine.selection}")
    commands += _paint(world, kind, whole=whole)
    if whole:
        _about(pen, kind)
    return commands


def _rule(pen: Pen) -> None:
    """A line as wide as the panel's text."""
    at = imgui.get_cursor_screen_pos()
    pen.bar(at.x, at.y, _INNER * pen.scale, 1.0, (1, 1, 1, 0.10))
    imgui.dummy(imgui.ImVec2(_INNER * pen.scale, 1.0))


def _about(pen: Pen, kind: LayerKind) -> None:
    """What it costs, in money and carbon, its place in the 9R ladder, and where the figures are from."""
    said = (("Cost", kind.cost), ("Embodied carbon", kind.embodied), ("R ladder", kind.r), ("Source", kind.source))
    for head, text in said:
        if text:
            imgui.push_style_var(imgui.StyleVar_.item_spacing, imgui.ImVec2(0, 2 * pen.scale))
            _small(pen, head, bold=True)
            imgui.pop_style_var()
            _small(pen, fmt.units(text[0].upper() + text[1:]))


def _paint(world: World, kind: LayerKind, *, whole: bool) -> list[Command]:
    """Show what the layer does best, or what was shown before."""
    if kind.paint not in PAINTS:
        return []
    if kind.paint == world.paint and world.panel.before_paint:
        before = legend.title(world.panel.before_paint).lower()
        return [PaintBack()] if imgui.small_button(f"back to {before}") else []
    if kind.paint == world.paint or not whole:
        return []
    return [SetPaint(kind.paint)] if imgui.small_button(f"show {legend.title(kind.paint).lower()}") else []


def _dial(pen: Pen, world: World, seen: Seen, spec: Parameter, mine: LayerChoice, choices: Choices) -> list[Command]:
    value = mine.values.get(spec.name, spec.default)
    _small(pen, spec.label)
    if spec.description and imgui.is_item_hovered():
        imgui.set_tooltip(spec.description)
    wanted, begun = pen.slider(spec.name, value, spec.minimum, spec.maximum, width=_INNER - _FIGURE)
    at = imgui.get_item_rect_max()
    figure = imgui.get_item_rect_min().y + 1.0 * pen.scale
    pen.text(at.x + _FIGURE * pen.scale, figure, fmt.parameter(spec, value), size=16, bold=True, align=1.0)
    gesture = _gesture(seen) if begun else world.panel.gesture
    commands: list[Command] = [Begin(gesture)] if begun else []
    if wanted is None:
        return commands
    if spec.step > 0:
        wanted = spec.minimum + round((wanted - spec.minimum) / spec.step) * spec.step
    wanted = min(max(wanted, spec.minimum), spec.maximum)
    if wanted == value:
        return commands
    fresh = msgspec.structs.replace(mine, values={**mine.values, spec.name: wanted})
    return [*commands, Choose(_with(choices, fresh, world), gesture)]


def _selection(
    world: World, seen: Seen, kind: LayerKind, mine: LayerChoice, choices: Choices, s: float
) -> list[Command]:
    if not kind.attributes:
        return []
    imgui.align_text_to_frame_padding()
    picked = _offers(world, mine.selection)
    imgui.same_line()
    imgui.set_next_item_width(_INNER * s - imgui.get_cursor_pos_x())
    _, text = imgui.input_text("##where", mine.selection)
    if imgui.is_item_hovered():
        imgui.set_tooltip("all, or a comparison of: " + ", ".join(kind.attributes))
    edited = imgui.is_item_deactivated_after_edit() and text != mine.selection
    if not edited and picked is None:
        return []
    text = text if picked is None else picked
    fresh = msgspec.structs.replace(mine, selection=text.strip() or "all")
    return [Choose(_with(choices, fresh, world), _gesture(seen))]


def _offers(world: World, now: str) -> str | None:
    """A button with the usual selections behind it: all, by use, the chosen building."""
    roster, chosen = world.stage.roster, world.selected
    if imgui.button("where"):
        imgui.open_popup("offers")
    picked: str | None = None
    if imgui.begin_popup("offers"):
        offers = [("all buildings", "all")]
        uses = sorted(set(roster.building_use)) if roster is not None else []
        offers += [(f"use: {use.replace('_', ' ')}", f"use={use}") for use in uses if use]
        if chosen is not None and chosen.axis == "building" and roster is not None:
            offers.append(("the chosen building", f'id="{roster.building_ids[chosen.row]}"'))
        for words, selection in offers:
            if imgui.selectable(words, selection == now)[0]:
                picked = selection
        imgui.end_popup()
    return picked


def _with(choices: Choices, fresh: LayerChoice, world: World) -> Choices:
    """`choices` with `fresh` in place of its kind, in catalogue order."""
    catalogue = world.stage.catalogue
    order = {k.kind: i for i, k in enumerate(catalogue.kinds)} if catalogue else {}
    others = [c for c in choices if c.kind != fresh.kind]
    return tuple(sorted([*others, fresh], key=lambda c: order.get(c.kind, len(order))))


def _gesture(seen: Seen) -> str:
    """A new name for what the hand begins now."""
    return f"{seen.now_s:.3f}"


def _small(pen: Pen, text: str, *, bold: bool = False) -> None:
    """A note as wide as the panel."""
    imgui.push_font(pen.fonts.semibold if bold else pen.fonts.medium, 14.0)
    imgui.push_style_color(imgui.Col_.text, imgui.ImVec4(*theme.NOTE))
    imgui.push_text_wrap_pos(_INNER * pen.scale)
    imgui.text_unformatted(text)
    imgui.pop_text_wrap_pos()
    imgui.pop_style_color()
    imgui.pop_font()
