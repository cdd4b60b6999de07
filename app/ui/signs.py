"""Over the picture: labels of the few things that deserve a name, and triangles over the largest flows.

Up gives, down takes: colour alone never carries the direction. The largest comes first; a sign that would lie on
another one, on a label or on a panel, or whose house stands behind another, is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from imgui_bundle import imgui
from numpy.typing import NDArray

from app import labels, plant
from app.camera import project
from app.paint import GIVE_STRONG, LOADING, TAKE_STRONG, at_time
from app.pulse import FAULTS
from app.ui import format as fmt
from app.ui import theme
from app.ui.backend import Panels
from app.ui.pen import Pen, Rgba
from app.ui.seen import Seen
from app.world import World
from network.quantities import QUANTITIES, display
from network.schema import Roster

Float = NDArray[np.float64]
COUNT = 28
_ASKED = 44
"""Buildings in the picture that are tried, largest first, until `COUNT` signs stand."""
_NEAREST_M = 5.0
_LEAST, _LARGEST = 5.0, 12.0
_FAINT = 0.02
"""Of the legend's end, and of the largest flow in the picture: less is not worth a sign."""
Box = labels.Box
_PALE: Rgba = (0.96, 0.95, 0.93, 1.0)
_PILL, _EDGE = (*theme.INK[:3], 0.90), (0.078, 0.094, 0.122, 0.55)
_SIZE, _HIGH, _PAD, _SIGN = 17.0, 32.0, 12.0, 22.0
"""Type, height, side padding and room for the triangle of a label, pixels at 720p."""
_OF_GROUP = 4
"""Candidates in the picture that are tried for one label."""
_KEPT_S = 0.2
"""So long a choice of labels and signs stands; what is chosen moves with every picture."""
_LONGEST = 24
"""Characters of a name; longer ones are an id."""


@dataclass(frozen=True)
class Words:
    """What a label says."""

    name: str
    value: str
    sign: int
    """1 gives, -1 takes, 0 no triangle."""
    alarm: bool = False


@dataclass(frozen=True)
class Chosen:
    """What deserves a label or a sign; found a few times a second, for it asks every house."""

    of: tuple[object, ...]
    """What it was found for."""
    when_s: float
    words: list[Words]
    groups: list[str]
    anchors_m: Float
    """[label, 3]"""
    size_w: Float
    """[sign] net power, the largest first."""
    tops_m: Float
    """[sign, 3]"""


@dataclass(frozen=True)
class Placed:
    """Labels and signs at their pixels; while neither camera nor panels move they stay there."""

    of: tuple[object, ...]
    """What was placed, for which camera and scale."""
    taken: list[Box]
    named: list[tuple[tuple[float, float], Words, Box]]
    signs: list[tuple[float, float, float, bool]]


def draw(ui: Panels, world: World, seen: Seen, taken: list[Box]) -> None:
    """Labels and signs of this moment, clear of the boxes `taken` by panels."""
    if world.stage.roster is None or world.camera is None:
        return
    chosen = _chosen(ui, world, seen)
    pen = Pen(imgui.get_background_draw_list(), ui.fonts, ui.scale)
    of, kept = (chosen, world.camera, ui.scale), ui.kept.get("placed")
    if not isinstance(kept, Placed) or any(a is not b for a, b in zip(kept.of, of, strict=True)) or kept.taken != taken:
        named = _labels(pen, world, seen, chosen, taken)
        leaders = [(x, box[3], x, max(y, box[3])) for (x, y), _, box in named]
        signs = _signs(pen, world, seen, chosen, [*taken, *leaders, *(box for _, _, box in named)])
        ui.kept["placed"] = kept = Placed(of, taken, named, signs)
    for x, y, size, gives in kept.signs:
        pen.triangle(x, y, size, up=gives, colour=_rgba(GIVE_STRONG if gives else TAKE_STRONG), casing=_PALE)
    named = kept.named
    for (x, y), _, box in named:
        _leader(pen, x, y, box)
    for _, words, box in named:
        _pill(pen, words, box)


def _chosen(ui: Panels, world: World, seen: Seen) -> Chosen:
    """The choice of this moment, or of a moment ago; a moving camera carries it along."""
    stage = world.stage
    of = (stage.roster, stage.blocks.get(world.paint), seen.place, seen.legend, seen.size)
    kept = ui.kept.get("signs")
    if (
        isinstance(kept, Chosen) and all(a is b or a == b for a, b in zip(kept.of[3:], of[3:], strict=True))
        and all(a is b for a, b in zip(kept.of[:3], of[:3], strict=True))
        and 0 <= seen.now_s - kept.when_s < _KEPT_S
    ):  # fmt: skip
        return kept
    words, groups, anchors = _worth_a_name(world, seen)
    size, tops = _largest_flows(world, seen)
    made = Chosen(of, seen.now_s, words, groups, anchors, size, tops)
    ui.kept["signs"] = made
    return made


# ------------------------------------------------------------ labels


def _worth_a_name(world: World, seen: Seen) -> tuple[list[Words], list[str], Float]:
    """Words, group and point of the candidates that can be seen, the most important first."""
    roster, camera = world.stage.roster, world.camera
    assert roster is not None and camera is not None
    nothing: tuple[list[Words], list[str], Float] = ([], [], np.zeros((0, 3)))
    if seen.place is None:
        return nothing
    asked = labels.wanted(roster, seen.place, world.stage.blocks, seen.legend, world.shown.time_s)
    if not asked:
        return nothing
    of = np.repeat(np.arange(len(asked)), [1 + len(w.elsewhere_m) for w in asked])
    points = np.array([p for w in asked for p in (w.anchor_m, *w.elsewhere_m)])
    own = np.array([asked[k].row if asked[k].kind == "building" else -1 for k in of])
    free = _inside(project(camera, points, seen.size), seen.size)
    free[free] = ~labels.hidden(camera.eye_m, points[free], own[free], roster)
    rows, first = np.unique(of[free], return_index=True)
    kept = _few([asked[k].group for k in rows])
    rows, points = rows[kept], points[np.flatnonzero(free)[first]][kept]
    return [words_of(asked[k], roster, seen) for k in rows], [asked[k].group for k in rows], points


def _inside(at: Float, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Which of the projected points [n, 3] are before the eye and on the screen."""
    return (at[:, 2] > _NEAREST_M) & (at[:, :2] > 0).all(axis=1) & (at[:, :2] < size).all(axis=1)


def _labels(
    pen: Pen, world: World, seen: Seen, chosen: Chosen, taken: list[Box]
) -> list[tuple[tuple[float, float], Words, Box]]:
    """(pixel of the point, words, rectangle) of the labels that find room."""
    assert world.camera is not None
    at = project(world.camera, chosen.anchors_m, seen.size)
    rows = np.flatnonzero(_inside(at, seen.size))
    s, at = pen.scale, at[rows]
    sizes = np.array([[_width(pen, chosen.words[k]) * s, _HIGH * s] for k in rows]).reshape(-1, 2)
    screen = (float(seen.size[0]), float(seen.size[1]))
    placed = labels.place(at[:, :2], sizes, taken, screen, s, groups=[chosen.groups[k] for k in rows])
    return [((float(at[k, 0]), float(at[k, 1])), chosen.words[rows[k]], box) for k, box in placed]


def _few(groups: list[str]) -> NDArray[np.int64]:
    """The first `_OF_GROUP` of every group, and all that belong to none."""
    count: dict[str, int] = {}
    kept = []
    for k, group in enumerate(groups):
        count[group] = count.get(group, 0) + 1
        if not group or count[group] <= _OF_GROUP:
            kept.append(k)
    return np.array(kept, np.int64)


def words_of(wanted: labels.Wanted, roster: Roster, seen: Seen) -> Words:
    """Name, figure and direction of a label."""
    sign = 0 if wanted.value != wanted.value else 1 if wanted.value > 0 else -1
    if wanted.fault:
        return Words("Transformer" if wanted.kind == "transformer" else "Cable", FAULTS[wanted.fault], 0, True)
    if wanted.kind == "line":
        over = wanted.share > 1.0
        share = fmt.percent(wanted.share)
        return Words(fmt.power(abs(wanted.value)), f"over: {share}" if over else share, sign, over)
    if wanted.kind == "transformer":
        return Words("Transformer", fmt.percent(wanted.share), 0, wanted.share > 1.0)
    if wanted.kind == "site":
        name = _name(roster.site_names[wanted.row], roster.site_ids[wanted.row], roster.site_kind[wanted.row])
        filled = f" {fmt.percent(wanted.share)}" if wanted.share == wanted.share else ""
        return Words(name + filled, fmt.power(wanted.value, sign=True), sign if abs(wanted.value) > 0.5 else 0)
    name = _name(
        roster.building_names[wanted.row], roster.building_ids[wanted.row], roster.building_use[wanted.row]
    )  # fmt: skip
    if seen.legend.hatch_takes:
        return Words(name, fmt.power(wanted.value, sign=True), sign)
    quantity = QUANTITIES[seen.legend.quantity]
    shown = fmt.number(display(quantity.name, wanted.value), 3)
    power = fmt.power(wanted.value) if quantity.unit == "W" else f"{shown}{fmt.SPACE}{quantity.display_unit}"
    return Words(name, power, 0)


def _name(name: str, of_id: str, kind: str) -> str:
    """A name that people would use, else what it is."""
    good = name and name != of_id and len(name) <= _LONGEST
    return name if good else kind.replace("_", " ").capitalize()


def _width(pen: Pen, words: Words) -> float:
    """Width of a label in 720p pixels."""
    text = pen.width(words.name, size=_SIZE, bold=True) + pen.width(words.value, size=_SIZE, bold=True)
    return 2 * _PAD + (_SIGN if words.sign else 0.0) + text + 9.0


def _leader(pen: Pen, x: float, y: float, box: Box) -> None:
    """A pale line over a dark one, from the label to its point."""
    s, foot = pen.scale, max(y, box[3])
    pen.bar(x - 1.9 * s, box[3], 3.8 * s, foot - box[3], _EDGE)
    pen.bar(x - 0.9 * s, box[3], 1.8 * s, foot - box[3], _PALE)
    middle = imgui.ImVec2(x, foot)
    pen.draw.add_circle_filled(middle, 5.0 * s, theme.u32(_EDGE), 20)
    pen.draw.add_circle_filled(middle, 4.0 * s, theme.u32(_PALE), 20)


def _pill(pen: Pen, words: Words, box: Box) -> None:
    s, (left, top, right, bottom) = pen.scale, box
    pen.bar(left, top, right - left, bottom - top, _PILL, rounding=8)
    x = left + _PAD * s
    tone = theme.TEXT if words.sign == 0 else theme.GIVES if words.sign > 0 else theme.TAKES
    if words.sign:
        pen.triangle(x + 6.5 * s, (top + bottom) / 2, 6.5, up=words.sign > 0, colour=tone)
        x += _SIGN * s
    y = (top + bottom) / 2 - 0.62 * _SIZE * s
    pen.text(x, y, words.name, size=_SIZE, bold=True)
    x += (pen.width(words.name, size=_SIZE, bold=True) + 9.0) * s
    pen.text(x, y, words.value, size=_SIZE, bold=True, colour=theme.TAKES if words.alarm else tone)


# ------------------------------------------------------------ signs


def _largest_flows(world: World, seen: Seen) -> tuple[Float, Float]:
    """Net power [W] and top [m] of the largest in the picture, of houses and of plant; none hidden, largest first."""
    roster, camera = world.stage.roster, world.camera
    assert roster is not None and camera is not None
    block = world.stage.blocks.get(world.paint)
    nothing = np.zeros(0), np.zeros((0, 3))
    if block is None or not seen.legend.hatch_takes or seen.legend.quantity == LOADING:
        return nothing
    values = at_time(block, world.shown.time_s)
    if len(values) != len(roster.footprint_m2):
        return nothing
    size = values * roster.footprint_m2 if world.paint == "surplus_w_m2" else values
    top = np.array(roster.building_xyz_m, np.float64)
    top[:, 2] += np.asarray(roster.building_height_m) + 3.0
    size = np.where(np.abs(values) > _FAINT * seen.legend.scale, np.nan_to_num(size), 0.0)
    size, top = _with_plant(world, seen, size, top)
    inside = _inside(project(camera, top, seen.size), seen.size)
    worth = np.abs(size) > _FAINT * np.max(np.abs(size[inside]), initial=0.0)
    rows = np.flatnonzero(inside & worth)
    if len(rows) > _ASKED:
        rows = rows[np.argpartition(-np.abs(size[rows]), _ASKED)[:_ASKED]]
    rows = rows[np.argsort(-np.abs(size[rows]), kind="stable")]
    own = np.where(rows < len(values), rows, -1)
    rows = rows[~labels.hidden(camera.eye_m, top[rows], own, roster)]
    return size[rows], top[rows]


def _signs(
    pen: Pen, world: World, seen: Seen, chosen: Chosen, taken: list[Box]
) -> list[tuple[float, float, float, bool]]:
    """Triangles over the largest net powers, the farthest first: pixel, size at 720p, whether it gives."""
    assert world.camera is not None
    at = project(world.camera, chosen.tops_m, seen.size)
    rows = np.flatnonzero(_inside(at, seen.size))
    at = at[rows]
    sizes = np.clip(_LEAST + 1600.0 / np.maximum(at[:, 2], 1.0), _LEAST, _LARGEST) * pen.scale
    at[:, 1] -= sizes
    placed = place(at, sizes, taken)
    return [
        (float(at[k, 0]), float(at[k, 1]), float(sizes[k]) / pen.scale, bool(chosen.size_w[rows[k]] > 0))
        for k in placed[np.argsort(-at[placed, 2])]
    ]


def _with_plant(world: World, seen: Seen, size: Float, top: Float) -> tuple[Float, Float]:
    """Powers [W] and tops of houses, then of plant."""
    power, where = world.stage.blocks.get("site_w"), seen.place
    if power is None or where is None or power.values.shape[1] != where.sites:
        return size, top
    n = where.sites
    lift = [plant.HUB_M if kind == "turbine" else plant.HEIGHT_M[kind] for kind in where.kind[:n]]
    return np.r_[size, at_time(power, world.shown.time_s)], np.r_[
        top, where.foot_m[:n] + np.c_[np.zeros((n, 2)), np.array(lift) + 2.5]
    ]  # fmt: skip


@lru_cache(maxsize=16)
def _rgba(colour: str) -> Rgba:
    r, g, b = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return r, g, b, 1.0


def place(at: Float, sizes: Float, taken: list[Box]) -> NDArray[np.int64]:
    """Rows of `at` [n, 3] (pixel x, y, depth) that get a sign: clear of boxes and of earlier rows."""
    kept: list[tuple[int, float, float, float]] = []
    left, top, right, bottom = np.array(taken, np.float64).reshape(-1, 4).T
    x_px, y_px, s_px = at[:, :1], at[:, 1:2], sizes[:, None]
    beside = (x_px <= left - s_px) | (x_px >= right + s_px) | (y_px <= top - s_px) | (y_px >= bottom + s_px)
    for k in np.flatnonzero(beside.all(axis=1)).tolist():
        x, y, s = float(at[k, 0]), float(at[k, 1]), float(sizes[k])
        if any(abs(x - a) < s + r and abs(y - b) < 0.9 * (s + r) for _, a, b, r in kept):
            continue
        kept.append((k, x, y, s))
        if len(kept) == COUNT:
            break
    return np.array([k for k, *_ in kept], np.int64)
