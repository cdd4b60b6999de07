"""Power along the lines: direction, width and loading for the ribbons on the streets.

`line_w` is positive from a line's `from` node to its `to` node, away from the substation. Blue = power runs towards the
substation (the street gives), orange = it comes from there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.paint import at_time, mean_of_step
from network.schema import FluxBlock, Roster

Float = NDArray[np.float64]
LIFT_M = 0.35
"""Above the height that the source gives the street."""
PERIODS_M = (18.0, 9.0)
"""From one comet to the next, on cables and on service cables."""
SLOWEST_M_S, FASTEST_M_S = 6.0, 20.0
"""Speed of comets, by power."""
_KINDS = {"cable": 0.0, "service": 1.0}
COLLAPSED, UNFED = 1, 2
"""Why nothing flows along a line: its part of the grid carries more than any voltage allows; no source reaches it."""
FAULTS = {COLLAPSED: "cannot carry it", UNFED: "no source"}
"""What people read then."""


@dataclass(frozen=True)
class Ribbons:
    """Vertex columns of all lines, two vertices per point of a polyline."""

    position: Float
    """[vertex, 3]"""
    side: Float
    """[vertex, 4]: x, y of the mitred normal, side (-1, 1), metres along the line."""
    row: Float
    """[vertex, 4]: row of [line], kind (0 cable, 1 service), and at both ends the way outward (x, y; else 0): ribbons
    reach half their width beyond their ends, so that they close the corner where they meet."""
    index: NDArray[np.uint32]


def ribbons(roster: Roster) -> Ribbons:
    """Strips along the polylines, at the height they have in the source; transformers are points and have none."""
    positions, sides, rows, indices = [], [], [], []
    start = 0
    for line, kind in enumerate(roster.line_kind):
        p = np.asarray(roster.vertices_m[roster.vertex_start[line] : roster.vertex_start[line + 1]], np.float64)
        if kind not in _KINDS or len(p) < 2:
            continue
        p = p[np.r_[True, np.linalg.norm(np.diff(p[:, :2], axis=0), axis=1) > 0.01]]
        if len(p) < 2:
            continue
        p[:, 2] += LIFT_M
        step = np.diff(p[:, :2], axis=0)
        length = np.linalg.norm(step, axis=1)
        along = np.r_[0.0, np.cumsum(length)]
        flat = step / length[:, None]
        turn = np.concatenate([flat[:1], flat[:-1] + flat[1:], flat[-1:]])
        turn /= np.maximum(np.linalg.norm(turn, axis=1, keepdims=True), 1e-9)
        bend = np.r_[1.0, np.einsum("ij,ij->i", turn[1:-1], flat[1:]), 1.0]
        normal = np.c_[-turn[:, 1], turn[:, 0]] / np.maximum(bend, 0.5)[:, None]
        n = len(p)
        positions.append(np.repeat(p, 2, axis=0))
        sides.append(np.c_[np.repeat(normal, 2, axis=0), np.tile([-1.0, 1.0], n), np.repeat(along, 2)])
        outward = np.zeros((n, 2))
        outward[0], outward[-1] = -flat[0], flat[-1]
        rows.append(np.c_[np.tile([float(line), _KINDS[kind]], (2 * n, 1)), np.repeat(outward, 2, axis=0)])
        k = start + 2 * np.arange(n - 1)
        indices.append(np.stack([k, k + 2, k + 1, k + 1, k + 2, k + 3], axis=-1).ravel())
        start += 2 * n
    if not positions:
        return Ribbons(np.zeros((0, 3)), np.zeros((0, 4)), np.zeros((0, 4)), np.zeros(0, np.uint32))
    return Ribbons(
        np.concatenate(positions),
        np.concatenate(sides),
        np.concatenate(rows),
        np.concatenate(indices).astype(np.uint32),
    )


def faults(loading: FluxBlock | None, roster: Roster, time_s: float) -> NDArray[np.int8]:
    """[line] `COLLAPSED`, `UNFED` or 0 in the step that holds `time_s`."""
    n = len(roster.line_ids)
    out = np.zeros(n, np.int8)
    if loading is not None and n and len(loading.values) and loading.values.shape[1] == n:
        out[np.isnan(mean_of_step(loading, time_s))] = COLLAPSED
    if len(roster.line_fed) == n:
        out[~np.asarray(roster.line_fed, bool)] = UNFED
    return out


def flows(power: FluxBlock | None, loading: FluxBlock | None, roster: Roster, time_s: float) -> NDArray[np.float32]:
    """[line, 4]: signed power over the end of the scale (-1..1), loading (1 = 100 %), state, 0.

    State: 1 known, 0 not, -`COLLAPSED` and -`UNFED` where nothing flows for that reason.
    """
    n = len(roster.line_ids)
    out = np.zeros((n, 4), np.float32)
    if power is None or power.values.shape[1] != n or n == 0:
        return out
    watts = at_time(power, time_s)
    scale = float(roster.ranges.get("line_w", 0.0))
    if not scale:
        street = np.array([k == "cable" for k in roster.line_kind], bool)
        scale = float(np.max(roster.line_rating_w[street], initial=1.0))
    out[:, 0] = np.clip(watts / scale, -1, 1)
    if loading is not None and loading.values.shape[1] == n:
        between = at_time(loading, time_s)
        # next to a step without a solution there is nothing to interpolate with
        out[:, 1] = np.nan_to_num(np.where(np.isnan(between), mean_of_step(loading, time_s), between))
    else:
        out[:, 1] = np.abs(watts) / np.maximum(roster.line_rating_w, 1.0)
    fault = faults(loading, roster, time_s)
    out[:, 2] = np.where(fault, -fault, 1.0)
    out[fault > 0, :2] = 0.0
    return out


def travelled(before_m: Float, flows: NDArray[np.float32], *, dt_s: float, now_s: float) -> Float:
    """[line] how far the comets have run along their line [m], after `before_m`; with power, so against it backwards.

    Distances are added up frame by frame, for a speed that changes must not make comets jump. A still (`dt_s` 0) shows
    where they would be at `now_s`, so that the same moment is always the same picture.
    """
    power = flows[:, 0].astype(np.float64)
    speed = np.sign(power) * (SLOWEST_M_S + (FASTEST_M_S - SLOWEST_M_S) * np.abs(power))
    start = before_m if dt_s > 0 and len(before_m) == len(speed) else np.zeros(len(speed))
    # a whole number of either period, so that nothing is lost by beginning again
    return np.asarray((start + speed * (dt_s if dt_s > 0 else now_s)) % (PERIODS_M[0] * PERIODS_M[1]), np.float64)
