"""Bounding volumes of tiles as world spheres and boxes: box, sphere, region, S2 cell, many at a time.

Sources: OGC 22-025r4 (3D Tiles 1.1) section 7.4; 3DTILES_bounding_volume_S2; S2 cell ids and the quadratic projection
as https://s2geometry.io/devguide/s2cell_hierarchy describes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.tiles.geodesy import A_M, ecef_from_geodetic

Float = NDArray[np.float64]
Int = NDArray[np.int64]

NOWHERE_M = 1e7
"""Extent of a tile that does not say where it is."""
NOWHERE, BOX, SPHERE, REGION, S2 = range(5)
"""Kinds of volume; `WIDTH` numbers describe one."""
WIDTH = (0, 12, 4, 6, 6)
"""Box: centre and half axes; sphere: centre, radius; region: west, south, east, north [rad], low, high [m]; S2: face,
level, i, j of the cell, low, high [m]."""
_SAMPLES = 5
"""Points along each side of a large region or cell."""
_SMALL = 0.02
"""Diagonal [rad] of a region that its four corners describe: the surface rises over it by 1 in 200 of its width."""


class Bounds(NamedTuple):
    """What bounds tiles in the world."""

    centre_m: Float
    """[node, 3] of the sphere and of the box."""
    radius_m: Float
    """[node]."""
    half_m: Float
    """[node, 3] half extents of the box along the world's axes."""


def bounds(kind: int, values: Float, matrix: Float, world_from_earth: Float) -> Bounds:
    """Of [node, WIDTH[kind]] volumes under [node, 4, 4] `matrix`, world from tile.

    Regions and cells are fixed to the earth: for them `world_from_earth` takes the place of the tile's matrix.
    """
    if kind == BOX:
        return _boxes(values, matrix)
    if kind == SPHERE:
        return _spheres(values, matrix)
    if kind == REGION:
        return _regions(values, world_from_earth)
    if kind == S2:
        return _around(*_cell_points(values), world_from_earth)
    n = len(matrix)
    return Bounds(matrix[:, :3, 3].copy(), np.full(n, NOWHERE_M), np.full((n, 3), NOWHERE_M))


def scale(matrix: Float) -> Float:
    """[node] largest factor by which [node, 4, 4] matrices stretch lengths along their axes."""
    return np.asarray(np.linalg.norm(matrix[:, :3, :3], axis=1).max(axis=1))


def _boxes(values: Float, matrix: Float) -> Bounds:
    axes = np.einsum("nij,nkj->nik", matrix[:, :3, :3], values[:, 3:].reshape(-1, 3, 3))  # columns are half axes
    centre = np.einsum("nij,nj->ni", matrix[:, :3, :3], values[:, :3]) + matrix[:, :3, 3]
    signs = np.array([(a, b, 1.0) for a in (-1.0, 1.0) for b in (-1.0, 1.0)])  # the other four lie opposite
    corner = np.einsum("nij,kj->nki", axes, signs)
    return Bounds(centre, np.linalg.norm(corner, axis=2).max(axis=1), np.abs(axes).sum(axis=2))


def _spheres(values: Float, matrix: Float) -> Bounds:
    centre = np.einsum("nij,nj->ni", matrix[:, :3, :3], values[:, :3]) + matrix[:, :3, 3]
    radius = np.abs(values[:, 3]) * scale(matrix)
    return Bounds(centre, radius, np.repeat(radius[:, None], 3, axis=1))


def _regions(values: Float, world: Float) -> Bounds:
    """Regions, by their corners where they are small, else by a net of points."""
    across = np.hypot(values[:, 2] - values[:, 0], values[:, 3] - values[:, 1])
    small = (values[:, 2] >= values[:, 0]) & (across < _SMALL)
    found = Bounds(np.empty((len(values), 3)), np.empty(len(values)), np.empty((len(values), 3)))
    for rows, samples in ((np.flatnonzero(small), 2), (np.flatnonzero(~small), _SAMPLES)):
        if len(rows):
            part = _around(*_region_points(values[rows], samples), world)
            for column, given in zip(found, part, strict=True):
                column[rows] = given
    return found


def _around(points: Float, bulge: Float, world: Float) -> Bounds:
    """Of earth-centred points [node, point, 3] and what the surface rises over the chords between them [node]."""
    shape = points.shape
    points = (points.reshape(-1, 3) @ world[:3, :3].T).reshape(shape) + world[:3, 3]
    low, high = points.min(axis=1), points.max(axis=1)
    centre = (low + high) / 2
    bulge = bulge * float(scale(world[None])[0])
    off = points - centre[:, None]
    radius = np.sqrt(np.einsum("npk,npk->np", off, off).max(axis=1)) + bulge
    return Bounds(centre, radius, (high - low) / 2 + bulge[:, None])


def _region_points(values: Float, samples: int) -> tuple[Float, Float]:
    west, south, east, north, _, high = values.T
    east = np.where(east < west, east + 2 * np.pi, east)  # across the antimeridian
    t = np.linspace(0.0, 1.0, samples)
    longitude = (west[:, None] + (east - west)[:, None] * t)[:, :, None, None]
    latitude = (south[:, None] + (north - south)[:, None] * t)[:, None, :, None]
    points = np.moveaxis(ecef_from_geodetic(latitude, longitude, values[:, None, None, 4:]), 0, -1)
    widest = np.where(south * north < 0, 1.0, np.maximum(np.cos(south), np.cos(north)))
    step = np.hypot((east - west) * widest, north - south) / (samples - 1)
    return points.reshape(len(values), -1, 3), _bulge(step, high)


def _bulge(step_rad: Float, height_m: Float) -> Float:
    """How far the earth rises over a chord between points so far apart [m]."""
    return (A_M + np.maximum(height_m, 0.0)) * (1 - np.cos(np.minimum(step_rad / 2, np.pi / 2)))


def _cell_points(values: Float) -> tuple[Float, Float]:
    face, level, i, j, _, high = values.T
    size = np.exp2(-level)
    t = np.linspace(0.0, 1.0, _SAMPLES)
    s, r = (i[:, None] + t) * size[:, None], (j[:, None] + t) * size[:, None]
    u, v = np.repeat(_stretched(s), _SAMPLES, axis=1), np.tile(_stretched(r), _SAMPLES)
    x, y, z = _on_face(face.astype(np.int64)[:, None], u, v)
    latitude, longitude = np.arctan2(z, np.hypot(x, y)), np.arctan2(y, x)
    points = np.moveaxis(ecef_from_geodetic(latitude[:, :, None], longitude[:, :, None], values[:, None, 4:]), 0, -1)
    # A face is a quarter of the way around, sqrt(2) across, and the projection stretches cells by at most 1.65.
    return points.reshape(len(values), -1, 3), _bulge(3.7 * size / (_SAMPLES - 1), high)


def _stretched(s: Float) -> Float:
    """The quadratic projection: cells of equal size in s are nearly so on the sphere."""
    return np.where(s >= 0.5, (4 * s * s - 1) / 3, (1 - 4 * (1 - s) ** 2) / 3)


def _on_face(face: Int, u: Float, v: Float) -> tuple[Float, Float, Float]:
    """Direction of (u, v) on a face of the cube."""
    one = np.ones_like(u)
    x = np.choose(face, [one, -u, -u, -one, v, v])
    y = np.choose(face, [u, one, -v, -v, -one, u])
    z = np.choose(face, [v, v, one, -u, -u, -one])
    return x, y, z


def cell_of(token: str) -> tuple[int, int, int, int]:
    """Face, level, i, j of the S2 cell with that token.

    Raises:
        ValueError: no cell has that token.
    """
    if not 0 < len(token) <= 16 or set(token.lower()) - set("0123456789abcdef"):
        raise ValueError(f"{token[:20]!r} is no token of an S2 cell")
    number = int(token.ljust(16, "0"), 16)
    face, lowest = number >> 61, number & -number
    if face > 5 or not lowest or lowest.bit_length() % 2 == 0:
        raise ValueError(f"{token!r} is no token of an S2 cell")
    level = 30 - (lowest.bit_length() - 1) // 2
    i = j = 0
    swap, invert = bool(face & 1), False  # how the curve lies in the square it runs through
    for k in range(level):
        place = number >> (59 - 2 * k) & 3
        a, b = ((0, 0), (0, 1), (1, 1), (1, 0))[place]
        a, b = (b, a) if swap else (a, b)
        a, b = (1 - a, 1 - b) if invert else (a, b)
        i, j = 2 * i + a, 2 * j + b
        swap ^= place in (0, 3)
        invert ^= place == 3
    return face, level, i, j


def divided(kind: int, volume: Sequence[float], level: Int, at: Int, octree: bool) -> Float:
    """[node, WIDTH[kind]] volumes of implicit tiles [node] at `level` and [node, 3] x, y, z below a root's volume.

    Boxes are halved along their axes, regions along longitude, latitude and (octree) height, cells along i, j and
    (octree) height. Source: OGC 22-025r4 section 7.6.3, 3DTILES_bounding_volume_S2.
    """
    root, share = np.asarray(volume, np.float64), np.exp2(-level.astype(np.float64))
    place = at.astype(np.float64)
    out = np.empty((len(level), WIDTH[kind]))
    if kind == BOX:
        axes = root[3:].reshape(3, 3)
        part = np.stack([share, share, share if octree else np.ones_like(share)], axis=1)
        if not octree:
            place[:, 2] = 0.0
        out[:, :3] = root[:3] + ((2 * place + 1) * part - 1) @ axes
        out[:, 3:] = (part[:, :, None] * axes).reshape(-1, 9)
        return out
    low, high = root[4], root[5]
    if kind == REGION:
        west, south, east, north = root[:4]
        wide = (east - west) % (2 * np.pi) if east < west else east - west
        out[:, 0], out[:, 2] = west + wide * share * place[:, 0], west + wide * share * (place[:, 0] + 1)
        out[:, 1] = south + (north - south) * share * place[:, 1]
        out[:, 3] = south + (north - south) * share * (place[:, 1] + 1)
    else:
        out[:, 0], out[:, 1] = root[0], root[1] + level
        out[:, 2], out[:, 3] = root[2] / share + place[:, 0], root[3] / share + place[:, 1]
    out[:, 4] = low + (high - low) * share * place[:, 2] if octree else low
    out[:, 5] = low + (high - low) * share * (place[:, 2] + 1) if octree else high
    return out
