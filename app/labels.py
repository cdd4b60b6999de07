"""Which few things deserve a name in the picture, where their labels stand, and what hides behind a house.

Pure: world points and sizes in, rectangles out; app.ui.signs draws them. Labels are placed by priority; one that would
lie on another, or on a panel, is pushed up past it, and dropped after eight tries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.paint import LOADING, Legend, at_time
from app.plant import HEIGHT_M, HUB_M, Stand
from app.pulse import COLLAPSED, UNFED, faults
from network.schema import FluxBlock, Roster

Float = NDArray[np.float64]
Box = tuple[float, float, float, float]
"""Left, top, right, bottom on the screen."""
TRIES = 8
_GAP = 6.0
"""Pixels between labels at 720p."""
_LEADER = 40.0
"""Pixels from the labelled point to the label at 720p."""
_MOST_BOXES = 1500
"""Houses that are asked whether they hide something: the nearest."""
_OVER = 1.0
"""Loading above which a line carries more than it may."""
_CANDIDATES = 24
"""Largest givers and takers that may be named, in case the first are out of sight."""
_LOW, _HIGH = 0.20, 0.55
"""Where a turbine is labelled, shares of the hub's height: below what turns, else where houses do not hide it."""
_FAINT_W = 500.0
"""Less power is not worth a name."""


@dataclass(frozen=True)
class Wanted:
    """Something worth a label."""

    kind: str
    """building, site, line or transformer."""
    row: int
    anchor_m: tuple[float, float, float]
    value: float
    """SI value of the shown quantity; of the net power, positive = gives. NaN: none."""
    share: float = float("nan")
    """Loading or charge, 1 = 100 %."""
    elsewhere_m: tuple[tuple[float, float, float], ...] = ()
    """Other points that it may be shown at, where a house hides the first."""
    group: str = ""
    """Of a group of candidates one label stands: the first that finds room. Empty: of no group."""
    fault: int = 0
    """Why nothing flows there (app.pulse.FAULTS), 0: something may."""


def wanted(
    roster: Roster, place: Stand, blocks: Mapping[str, FluxBlock], legend: Legend, time_s: float
) -> list[Wanted]:
    """What to label, most important first: what cannot carry its power or has no source, overloaded lines, plant,
    transformers, the largest givers and takers."""
    fault = faults(blocks.get("line_loading"), roster, time_s)
    return [
        *_faulty(roster, place, fault),
        *_lines(roster, place.cables[fault[place.cables] == 0], blocks, legend, time_s),
        *(_plant(place, blocks, time_s) if legend.hatch_takes else ()),
        *_transformers(place, blocks, fault, time_s),
        *_buildings(roster, blocks, legend, time_s),
    ]


def _row(blocks: Mapping[str, FluxBlock], quantity: str, count: int, time_s: float) -> Float | None:
    block = blocks.get(quantity)
    return at_time(block, time_s) if block is not None and count and block.values.shape[1] == count else None


def _faulty(roster: Roster, place: Stand, fault: NDArray[np.int8]) -> list[Wanted]:
    """For either fault one label at a transformer, or on the longest cables that have it; two where it collapses."""
    made = []
    for kind in (COLLAPSED, UNFED):
        kiosks = [k for k in range(place.sites, len(place.kind)) if fault[place.line[k]] == kind]
        found = [Wanted("transformer", k, _top(place, k), np.nan, group=f"fault {kind} {rank % 2}", fault=kind)
                 for rank, k in enumerate(kiosks[:_CANDIDATES])]  # fmt: skip
        if not kiosks:
            lines = place.cables[fault[place.cables] == kind]
            metres = np.array([_length(roster, int(line)) for line in lines])
            for k in _largest(metres, _CANDIDATES) if len(lines) else ():
                first, *others = _along(roster, int(lines[k]), (0.5, 0.3, 0.7))
                found.append(Wanted("line", int(lines[k]), first, np.nan, elsewhere_m=tuple(others),
                                    group=f"fault {kind} 0", fault=kind))  # fmt: skip
        made += found
    return made


def _lines(
    roster: Roster, cables: NDArray[np.int64], blocks: Mapping[str, FluxBlock], legend: Legend, time_s: float
) -> list[Wanted]:
    """The worst overloaded lines, two groups for two labels; where loading is shown the most loaded ones anyhow."""
    count = len(roster.line_ids)
    loading, power = _row(blocks, "line_loading", count, time_s), _row(blocks, "line_w", count, time_s)
    if loading is None or power is None or not len(cables):
        return []
    share = np.nan_to_num(loading[cables])
    least = 0.05 if legend.quantity == LOADING else _OVER
    made = []
    for rank, k in enumerate(_largest(share, _CANDIDATES)):
        if share[k] > least:
            line = int(cables[k])
            first, *others = _along(roster, line, (0.5, 0.3, 0.7, 0.12, 0.88))
            group = f"line {rank % 2}"
            made.append(Wanted("line", line, first, -float(power[line]), float(share[k]), tuple(others), group))
    return made


def _largest(values: Float, count: int) -> NDArray[np.int64]:
    """Rows of the `count` largest values, the largest first."""
    rows = np.argpartition(-values, count)[:count] if len(values) > count else np.arange(len(values))
    return rows[np.argsort(-values[rows], kind="stable")]


def _length(roster: Roster, line: int) -> float:
    """Of a polyline [m]."""
    p = np.asarray(roster.vertices_m[roster.vertex_start[line] : roster.vertex_start[line + 1]], np.float64)
    return float(np.linalg.norm(np.diff(p, axis=0), axis=1).sum())


def _along(roster: Roster, line: int, shares: Sequence[float]) -> list[tuple[float, float, float]]:
    """Points at `shares` of a polyline's length."""
    p = np.asarray(roster.vertices_m[roster.vertex_start[line] : roster.vertex_start[line + 1]], np.float64)
    along = np.r_[0.0, np.cumsum(np.linalg.norm(np.diff(p, axis=0), axis=1))]
    x, y, z = (np.interp(np.asarray(shares) * along[-1], along, p[:, k]) for k in range(3))
    return [(float(a), float(b), float(c) + 0.5) for a, b, c in zip(x, y, z, strict=True)]


def _plant(place: Stand, blocks: Mapping[str, FluxBlock], time_s: float) -> list[Wanted]:
    """The largest battery, turbine and canopy that do something."""
    power, charge = _row(blocks, "site_w", place.sites, time_s), _row(blocks, "site_charge", place.sites, time_s)
    made = []
    for kind in ("battery", "turbine", "canopy"):
        rows = [k for k in range(place.sites) if place.kind[k] == kind]
        if power is None or not rows:
            continue
        k = max(rows, key=lambda row: abs(power[row]))
        filled = float(charge[k]) if charge is not None and kind == "battery" else float("nan")
        if abs(power[k]) > _FAINT_W or filled > 0:
            others = (_mast(place, k, _HIGH),) if kind == "turbine" else ()
            made.append(Wanted("site", k, _top(place, k), float(power[k]), filled, others))
    return made


def _transformers(
    place: Stand, blocks: Mapping[str, FluxBlock], fault: NDArray[np.int8], time_s: float
) -> list[Wanted]:
    """The most loaded ones, two groups for two labels."""
    block = blocks.get("line_loading")
    rows = np.arange(place.sites, len(place.kind))
    rows = rows[fault[place.line[rows]] == 0]
    if block is None or not len(rows) or block.values.shape[1] <= int(place.line.max()):
        return []
    share = np.nan_to_num(at_time(block, time_s)[place.line[rows]])
    return [
        Wanted("transformer", int(rows[k]), _top(place, int(rows[k])), float("nan"), float(share[k]),
               group=f"transformer {rank % 2}")
        for rank, k in enumerate(_largest(share, _CANDIDATES))
    ]  # fmt: skip


def _top(place: Stand, row: int) -> tuple[float, float, float]:
    if place.kind[row] == "turbine":
        return _mast(place, row, _LOW)
    x, y, z = (float(v) for v in place.foot_m[row])
    return x, y, z + HEIGHT_M[place.kind[row]]


def _mast(place: Stand, row: int, share: float) -> tuple[float, float, float]:
    x, y, z = (float(v) for v in place.foot_m[row])
    return x, y, z + share * HUB_M


def _buildings(roster: Roster, blocks: Mapping[str, FluxBlock], legend: Legend, time_s: float) -> list[Wanted]:
    """The largest givers and takers; of a one-sided quantity the largest."""
    per_m2 = legend.quantity == "surplus_w_m2"
    value = _row(blocks, legend.quantity, len(roster.building_ids), time_s)
    if value is None:
        return []
    value = np.nan_to_num(value * np.asarray(roster.footprint_m2) if per_m2 else value)
    made = []
    for name, sign in (("gives", 1.0), ("takes", -1.0)) if legend.hatch_takes else (("most", 1.0),):
        least = _FAINT_W if legend.hatch_takes else 0.02 * legend.scale
        for k in _largest(sign * value, _CANDIDATES):
            if sign * value[k] <= least:
                break
            x, y, z = (float(v) for v in roster.building_xyz_m[k])
            top = (x, y, z + float(roster.building_height_m[k]) + 0.5)
            made.append(Wanted("building", int(k), top, float(value[k]), group=name))
    return made


def place(
    anchors: Float, sizes: Float, taken: Sequence[Box], screen: tuple[float, float], scale: float,
    *, groups: Sequence[str] = (),
) -> list[tuple[int, Box]]:  # fmt: skip
    """(row, rectangle) of the labels that find room; `anchors` [n, 2] pixels, `sizes` [n, 2] width and height.

    Earlier rows come first. A label stands above its point; its point must lie on the screen and outside panels. Of the
    rows of a group of `groups` [n] (empty: none) the first that finds room stays alone.
    """
    gap, kept = _GAP * scale, []
    occupied, done = list(taken), set[str]()
    for k, ((x, y), (w, h)) in enumerate(zip(anchors, sizes, strict=True)):
        group = groups[k] if len(groups) else ""
        if group in done:
            continue
        if not (0 <= x <= screen[0] and 0 <= y <= screen[1]) or any(_inside(x, y, box) for box in taken):
            continue
        left = float(np.clip(x - w / 2, gap, max(screen[0] - w - gap, gap)))
        bottom = y - _LEADER * scale
        for _ in range(TRIES):
            box = (left, bottom - h, left + w, bottom)
            hit = [other for other in occupied if _overlap(box, other, gap)]
            if not hit:
                break
            bottom = min(other[1] for other in hit) - gap
        else:
            continue
        if box[1] < gap or box[2] > screen[0]:
            continue
        occupied.append(box)
        done |= {group} - {""}
        kept.append((k, box))
    return kept


def _inside(x: float, y: float, box: Box) -> bool:
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]


def _overlap(a: Box, b: Box, gap: float) -> bool:
    """Whether two rectangles come nearer than `gap` (but for rounding)."""
    near = gap * 0.99
    return a[0] < b[2] + near and b[0] < a[2] + near and a[1] < b[3] + near and b[1] < a[3] + near


def hidden(eye_m: Float, points_m: Float, own: NDArray[np.int64], roster: Roster) -> NDArray[np.bool_]:
    """[n] whether a house stands between eye and point; `own` [n] is the house of a point (-1: none).

    A house is an upright cylinder of its footprint's area and its height: enough to say what is behind a street.
    """
    feet = np.asarray(roster.building_xyz_m, np.float64)
    if len(points_m) == 0 or len(feet) == 0:
        return np.zeros(len(points_m), bool)
    near2 = ((feet[:, :2] - eye_m[:2]) ** 2).sum(axis=1)
    rows = np.argpartition(near2, _MOST_BOXES)[:_MOST_BOXES] if len(feet) > _MOST_BOXES else np.arange(len(feet))
    top = (feet[rows, 2] + np.asarray(roster.building_height_m)[rows]).astype(np.float32)
    ray = (points_m - eye_m).astype(np.float32)
    length2 = np.maximum((ray[:, :2] ** 2).sum(axis=1), 1e-6)
    may = (top > min(float(eye_m[2]), float(points_m[:, 2].min()))) & (near2[rows] < length2.max())
    rows, top = rows[may], top[may]
    away = (feet[rows, :2] - eye_m[:2]).astype(np.float32)
    along = ray[:, :2] @ away.T
    share = np.clip(along / length2[:, None], 0.0, 1.0)
    # squared distance between the foot and the nearest place of the ray, seen from above
    apart2 = near2[rows].astype(np.float32) + share * (share * length2[:, None] - 2 * along)
    radius2 = np.asarray(roster.footprint_m2, np.float32)[rows] / np.float32(np.pi)
    behind = float(eye_m[2]) + share * ray[:, 2:3] < top
    stands = (share > 0) & (share < 1) & (rows[None, :] != own[:, None])
    return np.asarray((behind & stands & (apart2 < radius2)).any(axis=1), bool)
