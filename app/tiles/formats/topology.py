"""Primitives of every mode as lists: triangles, line segments, points; and normals where a tile brings none.

Source: glTF 2.0 specification 3.7.2.1 (topology types), CESIUM_primitive_outline.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

POINTS, LINES, LINE_LOOP, LINE_STRIP, TRIANGLES, TRIANGLE_STRIP, TRIANGLE_FAN = range(7)


def triangles(index: Array, mode: int) -> Array:
    """[triangle, 3] vertex indices of modes 4 to 6, all wound as the mode says; empty for the others."""
    if mode == TRIANGLES:
        return index[: len(index) // 3 * 3].reshape(-1, 3)
    if mode not in (TRIANGLE_STRIP, TRIANGLE_FAN) or len(index) < 3:
        return np.zeros((0, 3), index.dtype)
    if mode == TRIANGLE_FAN:
        return np.column_stack([index[1:-1], index[2:], np.broadcast_to(index[:1], len(index) - 2)])
    odd = np.arange(len(index) - 2) % 2  # p_i = {v_i, v_(i + 1 + i % 2), v_(i + 2 - i % 2)}
    at = np.arange(len(index) - 2)
    return np.column_stack([index[at], index[at + 1 + odd], index[at + 2 - odd]])


def segments(index: Array, mode: int) -> Array:
    """[2 k] vertex indices of line segments of modes 1 to 3; empty for the others."""
    if mode == LINES:
        return index[: len(index) // 2 * 2]
    if mode not in (LINE_LOOP, LINE_STRIP) or len(index) < 2:
        return index[:0]
    strip = np.column_stack([index[:-1], index[1:]]).ravel()
    return np.concatenate([strip, index[-1:], index[:1]]) if mode == LINE_LOOP else strip


def smooth_normals(position: Array, triangle: Array) -> Array:
    """[vertex, 3] float64 unit normals, each the mean of its triangles' weighted by their area."""
    normal = np.zeros(position.shape, np.float64)
    a, b, c = (position[triangle[:, k]].astype(np.float64) for k in range(3))
    face = np.cross(b - a, c - a)
    for k in range(3):
        for axis in range(3):
            normal[:, axis] += np.bincount(triangle[:, k], face[:, axis], len(position))
    return normal / np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)


def oct_decoded(encoded: Array, largest: float, *, signed: bool = False) -> Array:
    """[n, 3] float32 unit vectors of oct-encoded ones [n, 2]: integers 0 to `largest`, or signed ones up to it.

    Cigolle and others, "A survey of efficient representations for independent unit vectors", JCGT 3(2), 2014:
    p = 2 e / largest - 1, z = 1 - |px| - |py|, folded over where z < 0.
    """
    p = encoded.astype(np.float32) / np.float32(largest)
    p = np.clip(p, -1.0, 1.0) if signed else p * np.float32(2) - np.float32(1)
    z = 1.0 - np.abs(p).sum(axis=1)
    folded = (1.0 - np.abs(p[:, ::-1])) * np.where(p < 0, np.float32(-1), np.float32(1))
    xy = np.where(z[:, None] < 0, folded, p)
    vector = np.column_stack([xy, z]).astype(np.float32)
    return vector / np.maximum(np.linalg.norm(vector, axis=1, keepdims=True), np.float32(1e-12))
