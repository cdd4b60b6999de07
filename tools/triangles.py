"""Faces to triangles: earcut in the plane of each face.

Triangles and convex quadrilaterals, most of a city, are cut in array passes; the rest goes through earcut one by one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tools.geometry import Mesh

Float = NDArray[np.float64]


@dataclass(frozen=True)
class Triangles:
    """Triangles of a mesh's faces, sorted by face; vertices as in `Mesh.faces.xyz`."""

    index: NDArray[np.int64]
    """[triangle, 3] into faces.xyz, counter-clockwise seen from outside."""
    face: NDArray[np.int64]
    """[triangle]"""
    uncut: int
    """Faces that could not be triangulated."""


def plane_axes(normal: Float) -> tuple[Float, Float]:
    """[n, 3] unit vectors in each face: along wall or eave to the right seen from outside, and up wall or slope.

    Level faces get east and north.
    """
    u = np.column_stack([-normal[:, 1], normal[:, 0], np.zeros(len(normal))])
    length = np.linalg.norm(u, axis=1)
    u[length < 0.02] = (1.0, 0.0, 0.0)
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    v = np.cross(normal, u)
    return u, v / np.maximum(np.linalg.norm(v, axis=1, keepdims=True), 1e-12)


def in_plane(m: Mesh) -> tuple[Float, Float]:
    """[vertex] coordinates of all vertices in the plane of their face, from the face's centroid."""
    f = m.faces
    owner = np.repeat(np.arange(len(m.area_m2)), np.diff(f.ring_start[f.face_start]))
    u, v = plane_axes(m.normal)
    local = f.xyz - m.centroid[owner]
    return np.einsum("ij,ij->i", local, u[owner]), np.einsum("ij,ij->i", local, v[owner])


def triangulate(m: Mesh, chosen: NDArray[np.bool_]) -> Triangles:
    """Triangles of the chosen faces."""
    import mapbox_earcut

    f = m.faces
    flat = np.column_stack(in_plane(m))
    start = f.ring_start[f.face_start[:-1]]
    size = f.ring_start[f.face_start[1:]] - start
    single = np.diff(f.face_start) == 1
    three = np.flatnonzero(chosen & single & (size == 3))
    four = np.flatnonzero(chosen & single & (size == 4))
    convex = _convex_quads(flat, start[four])
    fan = np.array([[0, 1, 2], [0, 2, 3]])
    quads = four[convex]
    index = [start[three, None] + np.arange(3), (start[quads, None, None] + fan[None]).reshape(-1, 3)]
    face = [three, np.repeat(quads, 2)]
    simple = np.zeros(len(size), bool)
    simple[three] = simple[quads] = True
    uncut = 0
    for k in np.flatnonzero(chosen & ~simple):
        rings = f.ring_start[f.face_start[k] + 1 : f.face_start[k + 1] + 1] - start[k]
        cut = mapbox_earcut.triangulate_float64(flat[start[k] : start[k] + size[k]], rings.astype(np.uint32))
        if not len(cut):
            uncut += 1
            continue
        index.append(start[k] + cut.reshape(-1, 3).astype(np.int64))
        face.append(np.full(len(cut) // 3, k))
    corner, owner = np.concatenate(index), np.concatenate(face)
    corner = _outward(flat, corner)
    order = np.argsort(owner, kind="stable")
    return Triangles(corner[order], owner[order], uncut)


def _convex_quads(flat: Float, start: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Quadrilaterals whose four corners all turn left."""
    corner = flat[start[:, None] + np.arange(4)]
    edge = np.roll(corner, -1, axis=1) - corner
    following = np.roll(edge, -1, axis=1)
    turn = edge[..., 0] * following[..., 1] - edge[..., 1] * following[..., 0]
    return np.asarray((turn > 0).all(axis=1))


def _outward(flat: Float, corner: NDArray[np.int64]) -> NDArray[np.int64]:
    """Turn the triangles that came out clockwise."""
    a, b, c = (flat[corner[:, k]] for k in range(3))
    area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    return np.where((area < 0)[:, None], corner[:, ::-1], corner)
