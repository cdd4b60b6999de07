"""Overhangs and fins: what share of a window's glass the sun reaches past shades that stand out from its wall.

Everything is told in the wall's own frame, as someone sees it who stands outside and looks at the wall: u to the right,
v up the wall, w out of it, all in m. A shade is a rectangle that stands on the wall along a line and comes out of it by
its depth d: an overhang along v = const, a fin along u = const. Light from direction s = (s_u, s_v, s_w) throws a point
at depth w onto the wall at

    (u, v) - w (s_u, s_v) / s_w ,

so the shadow of a shade is the parallelogram between its line and the line shifted by -d (s_u, s_v) / s_w, and the lit
share is what the union of these parallelograms leaves of the glass. Its area is exact: between two neighbouring of all
corners and crossings, the shaded height of a column is linear in u, so one column in the middle of each stretch is
enough (the polygon clipping of C. C. Groth and M. Lokmanhekim, Shadow: a new technique for the calculation of
shadow shapes and areas by digital computer, 1969; ASHRAE Handbook Fundamentals 2021, chapter 15, gives the same for
one overhang and two fins: profile angles).

The sky and the ground are a hemisphere of such directions (`diffuse_shares`). Shades are opaque and black: they neither
let through nor reflect light. Beam and circumsolar light take `lit_share` of the sun's direction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]
_BANDS, _AROUND = 36, 72
"""Directions of the hemisphere: bands of elevation above (and as many below) the horizon, and azimuths."""
_CHUNK = 4096
_GRAZING = 1e-4
"""Cosine of incidence below which no light counts [1]: a beam along the wall."""


@dataclass(frozen=True)
class Opening:
    """The glass of a window: a rectangle on its wall [m]; right > left, head > sill."""

    left_m: float
    right_m: float
    sill_m: float
    head_m: float

    @property
    def area_m2(self) -> float:
        """Width times height [m2]."""
        return (self.right_m - self.left_m) * (self.head_m - self.sill_m)


@dataclass(frozen=True)
class Overhang:
    """A horizontal plate that stands out of the wall at `height_m`, from `left_m` to `right_m` [m]."""

    height_m: float
    left_m: float
    right_m: float
    depth_m: float


@dataclass(frozen=True)
class Fin:
    """An upright plate that stands out of the wall at `at_m` (to the right), from `bottom_m` to `top_m` [m]."""

    at_m: float
    bottom_m: float
    top_m: float
    depth_m: float


Shade = Overhang | Fin


@dataclass(frozen=True)
class DiffuseShares:
    """Shares of the light of each part of the surroundings that passes the shades; 1 = as without them."""

    sky: float
    """Of an isotropic sky [1]."""
    horizon: float
    """Of the bright band at the horizon [1]: Perez's D F2 sin b."""
    ground: float
    """Of light from the ground [1]."""


def wall_frame(tilt_rad: float, azimuth_rad: float) -> Float:
    """[3, 3] rows u (right), v (up the wall), w (out of it) as east, north, up, of a wall of this tilt and azimuth.

    tilt 0 looks up, pi/2 is upright; azimuth clockwise from north, of the outward normal:

        w = (sin A sin b, cos A sin b, cos b), v = (-sin A cos b, -cos A cos b, sin b), u = v x w = (-cos A, sin A, 0)
    """
    sin_a, cos_a, sin_b, cos_b = np.sin(azimuth_rad), np.cos(azimuth_rad), np.sin(tilt_rad), np.cos(tilt_rad)
    return np.array([
        [-cos_a, sin_a, 0.0],
        [-sin_a * cos_b, -cos_a * cos_b, sin_b],
        [sin_a * sin_b, cos_a * sin_b, cos_b],
    ])  # fmt: skip


def lit_share(
    opening: Opening, shades: Sequence[Shade], towards_enu: Float, *, tilt_rad: float, azimuth_rad: float
) -> Float:
    """[n] share of the glass that light from each direction reaches, 0 where it comes from behind the wall.

    Args:
        opening: the glass.
        shades: overhangs and fins of its wall, in any number; they may overlap.
        towards_enu: [n, 3] unit vectors to the sun (or to a piece of sky), east north up.
        tilt_rad: of the wall, pi/2 = upright.
        azimuth_rad: of its outward normal, clockwise from north.

    Raises:
        ValueError: the glass has no area, or a shade's depth or length is negative.
    """
    _check(opening, shades)
    towards = np.asarray(towards_enu, float).reshape(-1, 3) @ wall_frame(tilt_rad, azimuth_rad).T
    share = np.zeros(len(towards))
    for first in range(0, len(towards), _CHUNK):
        s = towards[first : first + _CHUNK]
        front = s[:, 2] > _GRAZING
        share[first : first + _CHUNK][front] = _lit(opening, shades, s[front, :2] / s[front, 2:])
    return share


def diffuse_shares(
    opening: Opening, shades: Sequence[Shade], *, tilt_rad: float, azimuth_rad: float
) -> DiffuseShares:  # fmt: skip
    """What the shades leave of sky, horizon and ground light: `lit_share` over the hemisphere, weighted by the cosine.

        share = integral of lit cos(incidence) / integral of cos(incidence)

    over the directions above the horizon (sky), at it (horizon), and below it (ground), in 36 bands of 2.5 degrees
    times 72 azimuths (within 0.002 of the closed form of a long overhang). A part that the wall does not see
    counts as 1.

    Raises:
        ValueError: as `lit_share`.
    """
    around = (np.arange(_AROUND) + 0.5) * (2 * np.pi / _AROUND)
    bands = np.asarray((np.arange(_BANDS) + 0.5) * (np.pi / 2 / _BANDS), np.float64)
    normal = wall_frame(tilt_rad, azimuth_rad)[2]

    def share(elevations: Float) -> float:
        level = np.repeat(elevations, _AROUND)
        turn = np.tile(around, len(elevations))
        to = np.column_stack([np.cos(level) * np.sin(turn), np.cos(level) * np.cos(turn), np.sin(level)])
        weight = np.maximum(to @ normal, 0.0) * np.cos(level)
        if weight.sum() <= 1e-9:
            return 1.0
        lit = lit_share(opening, shades, to, tilt_rad=tilt_rad, azimuth_rad=azimuth_rad)
        return float((weight * lit).sum() / weight.sum())

    return DiffuseShares(sky=share(bands), horizon=share(np.zeros(1)), ground=share(np.negative(bands)))


def _check(opening: Opening, shades: Sequence[Shade]) -> None:
    if not (opening.right_m > opening.left_m and opening.head_m > opening.sill_m):
        raise ValueError(f"a window needs right > left and head > sill, got {opening}")
    for shade in shades:
        low, high = (shade.left_m, shade.right_m) if isinstance(shade, Overhang) else (shade.bottom_m, shade.top_m)
        if shade.depth_m < 0 or high < low:
            raise ValueError(f"a shade needs a depth >= 0 and ends in order, got {shade}")


def _lit(opening: Opening, shades: Sequence[Shade], slope: Float) -> Float:
    """[n] lit share for light that moves by `slope` [n, 2] = (s_u, s_v) / s_w along the wall per metre out of it."""
    if not shades or not len(slope):
        return np.ones(len(slope))
    corners = np.stack([_shadow(s, slope) for s in shades], axis=1)  # [n, shade, 4, 2]
    edges = np.stack([corners, np.roll(corners, -1, axis=2)], axis=3)  # [n, shade, 4, end, 2]
    cuts = _cuts(opening, corners, edges)
    middle, width = (cuts[:, 1:] + cuts[:, :-1]) / 2, np.diff(cuts, axis=1)
    shaded = (_covered(opening, edges, middle) * width).sum(axis=1)
    return np.asarray(np.clip(1.0 - shaded / opening.area_m2, 0.0, 1.0))


def _shadow(shade: Shade, slope: Float) -> Float:
    """[n, 4, 2] corners of the parallelogram that the shade throws onto the wall."""
    if isinstance(shade, Overhang):
        a, b = (shade.left_m, shade.height_m), (shade.right_m, shade.height_m)
    else:
        a, b = (shade.at_m, shade.bottom_m), (shade.at_m, shade.top_m)
    base = np.broadcast_to(np.array([a, b]), (len(slope), 2, 2))
    outer = base[:, ::-1] - shade.depth_m * slope[:, None, :]
    return np.concatenate([base, outer], axis=1)


def _cuts(opening: Opening, corners: Float, edges: Float) -> Float:
    """[n, m] ascending u within the glass, between which every shaded height is linear: corners and all crossings."""
    n = len(corners)
    lines = edges.reshape(n, -1, 2, 2)
    frame = [[[opening.left_m, v], [opening.right_m, v]] for v in (opening.sill_m, opening.head_m)]
    lines = np.concatenate([lines, np.broadcast_to(np.array(frame), (n, 2, 2, 2))], axis=1)
    run = lines[:, :, 1] - lines[:, :, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        rise = run[..., 1] / run[..., 0]
        at_zero = lines[:, :, 0, 1] - rise * lines[:, :, 0, 0]
        i, j = np.triu_indices(lines.shape[1], 1)
        crossing = (at_zero[:, j] - at_zero[:, i]) / (rise[:, i] - rise[:, j])
    ends = np.broadcast_to(np.array([opening.left_m, opening.right_m]), (n, 2))
    every = np.concatenate([ends, corners[..., 0].reshape(n, -1), crossing], axis=1)
    every = np.where(np.isfinite(every), every, opening.left_m)
    return np.sort(np.clip(every, opening.left_m, opening.right_m), axis=1)


def _covered(opening: Opening, edges: Float, column: Float) -> Float:
    """[n, m] height of the glass in shade in each column u [n, m]: the union of one stretch per shade."""
    low, high = [], []
    for k in range(edges.shape[1]):
        bottom, top = np.full(column.shape, np.inf), np.full(column.shape, -np.inf)
        for e in range(4):
            (u1, v1), (u2, v2) = edges[:, k, e, 0].T[:, :, None], edges[:, k, e, 1].T[:, :, None]
            within = (np.minimum(u1, u2) < column) & (column < np.maximum(u1, u2))
            v = v1 + (column - u1) * (v2 - v1) / np.where(u1 == u2, 1.0, u2 - u1)
            bottom = np.where(within, np.minimum(bottom, v), bottom)
            top = np.where(within, np.maximum(top, v), top)
        low.append(np.clip(bottom, opening.sill_m, opening.head_m))
        high.append(np.clip(top, opening.sill_m, opening.head_m))
    start, end = np.stack(low, axis=-1), np.stack(high, axis=-1)
    order = np.argsort(start, axis=-1)
    start, end = np.take_along_axis(start, order, axis=-1), np.take_along_axis(end, order, axis=-1)
    reached = np.full(column.shape, opening.sill_m)
    total = np.zeros(column.shape)
    for k in range(start.shape[-1]):
        total += np.maximum(end[..., k] - np.maximum(start[..., k], reached), 0.0)
        reached = np.maximum(reached, end[..., k])
    return total
