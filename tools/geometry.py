"""Faces to figures: normals, areas, volumes, footprints, heights; outward orientation; party walls.

All of it in array passes over columns. Area vectors after Newell (sum of the cross products along the rings), volume
by the divergence theorem, V = 1/3 sum of (p . A) over the faces of a closed shell.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from tools.city import FaceKind, Faces

Float = NDArray[np.float64]
UP_ROOF = 0.25
"""Without semantics a face is a roof or a ground where |normal z| exceeds this (a wall leans by less than 15 deg)."""
CLOSED = 2e-3
"""A shell counts as closed where the sum of its area vectors is below this share of its area (exactly 0 in theory)."""
DEGENERATE_M2 = 1e-4
"""Faces below this area (a square centimetre) are dropped and counted."""


@dataclass(frozen=True)
class Mesh:
    """Faces in the world, outward, with what is derived per face."""

    faces: Faces
    area_m2: Float
    normal: Float
    """[face, 3] outward unit normals."""
    centroid: Float
    """[face, 3] area centroids."""
    degenerate: int
    """Faces that were dropped because they have no area."""
    turned: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, bool))
    """[face] whether the source had it inside out; empty = not known."""


@dataclass(frozen=True)
class Bodies:
    """[building] figures of the volume."""

    x_m: Float
    y_m: Float
    ground_m: Float
    """Height of the ground at the building."""
    height_m: Float
    """From the ground to the highest point."""
    roof_m: Float
    """Mean height of the roof surface over the ground, weighted by plan area."""
    footprint_m2: Float
    volume_m3: Float
    open_shells: NDArray[np.bool_]
    """Buildings whose volume is footprint x mean height because their shell does not close."""


def mesh(faces: Faces) -> Mesh:
    """Drop faces without area, find normals, turn every shell outward, name faces that have no semantics."""
    vector = _area_vectors(faces)
    area = np.linalg.norm(vector, axis=1)
    keep = area > DEGENERATE_M2
    faces, vector, area = take(faces, keep), vector[keep], area[keep]
    centroid = _centroids(faces)
    flip = _inward(faces, vector, centroid)
    faces = reverse(faces, flip)
    vector = np.where(flip[:, None], -vector, vector)
    normal = vector / area[:, None]
    up = normal[:, 2]
    by_normal = np.where(up > UP_ROOF, FaceKind.ROOF, np.where(up < -UP_ROOF, FaceKind.GROUND, FaceKind.WALL))
    kind = np.where(faces.kind == FaceKind.UNKNOWN, by_normal, faces.kind).astype(np.int8)
    return Mesh(replace(faces, kind=kind), area, normal, centroid, int((~keep).sum()), flip)


def bodies(m: Mesh, count: int) -> Bodies:
    """Figures of each of `count` buildings."""
    f = m.faces
    vertices = np.diff(f.ring_start[f.face_start])
    owner = np.repeat(f.building, vertices)
    low, high = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(low, owner, f.xyz[:, 2])
    np.maximum.at(high, owner, f.xyz[:, 2])
    plan = np.where(f.kind == FaceKind.ROOF, np.maximum(m.normal[:, 2], 0), np.abs(m.normal[:, 2])) * m.area_m2
    ground, roof = f.kind == FaceKind.GROUND, f.kind == FaceKind.ROOF

    def per_building(weight: Float, chosen: NDArray[np.bool_]) -> Float:
        return sums(f.building[chosen], weight[chosen], count)

    of_ground, of_roof = per_building(plan, ground), per_building(plan, roof)
    footprint = np.where(of_ground > 0, of_ground, of_roof)
    base = np.where(of_ground > 0, 1, 0)[f.building] == 1
    weighs = np.where(base, ground, roof | (of_roof[f.building] <= 0))
    weight = np.where(plan > 0, plan, 1e-9)
    total = np.maximum(per_building(weight, weighs), 1e-12)
    x, y = (per_building(weight * m.centroid[:, k], weighs) / total for k in range(2))
    z_ground = np.where(
        of_ground > 0, per_building(plan * m.centroid[:, 2], ground) / np.maximum(of_ground, 1e-12), low
    )
    z_roof = per_building(plan * m.centroid[:, 2], roof) / np.maximum(of_roof, 1e-12)
    eave = np.where(of_roof > 0, z_roof - z_ground, high - low)
    volume, is_open = _volume(m, count, footprint * np.maximum(eave, 0.1))
    return Bodies(
        x_m=x, y_m=y, ground_m=z_ground, height_m=high - z_ground, roof_m=np.maximum(eave, 0.1),
        footprint_m2=footprint, volume_m3=volume, open_shells=is_open,
    )  # fmt: skip


def sums(group: NDArray[np.integer], values: Float, count: int) -> Float:
    """[count] sum of `values` by `group`."""
    return np.bincount(group, values, count).astype(np.float64)


def take(faces: Faces, keep: NDArray[np.bool_]) -> Faces:
    """The faces where `keep`, with their rings and vertices."""
    if keep.all():
        return faces
    rings_of = np.diff(faces.face_start)
    keep_ring = np.repeat(keep, rings_of)
    length = np.diff(faces.ring_start)
    return Faces(
        xyz=faces.xyz[np.repeat(keep_ring, length)],
        ring_start=np.concatenate([[0], np.cumsum(length[keep_ring])]).astype(np.int64),
        face_start=np.concatenate([[0], np.cumsum(rings_of[keep])]).astype(np.int64),
        kind=faces.kind[keep], building=faces.building[keep], body=faces.body[keep], solid=faces.solid[keep],
    )  # fmt: skip


def join(many: list[Faces]) -> Faces:
    """Columns of several cities behind each other; rows of buildings and bodies are renumbered."""
    if len(many) == 1:
        return many[0]
    first_building = np.cumsum([0, *(int(f.building.max(initial=-1)) + 1 for f in many)])
    first_body = np.cumsum([0, *(int(f.body.max(initial=-1)) + 1 for f in many)])

    def starts(columns: list[NDArray[np.int64]]) -> NDArray[np.int64]:
        return np.concatenate([[0], np.cumsum(np.concatenate([np.diff(c) for c in columns]))]).astype(np.int64)

    return Faces(
        xyz=np.concatenate([f.xyz for f in many]),
        ring_start=starts([f.ring_start for f in many]), face_start=starts([f.face_start for f in many]),
        kind=np.concatenate([f.kind for f in many]),
        building=np.concatenate([f.building + b for f, b in zip(many, first_building, strict=False)]).astype(np.int32),
        body=np.concatenate([f.body + b for f, b in zip(many, first_body, strict=False)]).astype(np.int32),
        solid=np.concatenate([f.solid for f in many]),
    )  # fmt: skip


# ---------------------------------------------------------------- parts


def _area_vectors(f: Faces) -> Float:
    """[face, 3] Newell's vector of the outer ring less those of the holes, whatever the holes' orientation."""
    length = np.diff(f.ring_start)
    first = np.repeat(f.ring_start[:-1], length)
    index = np.arange(len(f.xyz))
    following = np.where(index + 1 < np.repeat(f.ring_start[1:], length), index + 1, first)
    local = f.xyz - f.xyz[first]  # small numbers: cross products of large ones lose centimetres
    cross = np.cross(local, local[following])
    ring = 0.5 * np.add.reduceat(cross, f.ring_start[:-1]) if len(cross) else np.zeros((0, 3))
    outer = ring[f.face_start[:-1]]
    is_outer = np.zeros(len(ring), bool)
    is_outer[f.face_start[:-1]] = True
    along = np.einsum("ij,ij->i", ring, np.repeat(outer, np.diff(f.face_start), axis=0))
    ring = np.where((~is_outer & (along > 0))[:, None], -ring, ring)
    return np.add.reduceat(ring, f.face_start[:-1]) if len(ring) else np.zeros((0, 3))


def _centroids(f: Faces) -> Float:
    """[face, 3] area centroid of the outer ring: signed triangles of a fan, projected on the ring's normal."""
    length = np.diff(f.ring_start)
    first = np.repeat(f.ring_start[:-1], length)
    index = np.arange(len(f.xyz))
    following = np.where(index + 1 < np.repeat(f.ring_start[1:], length), index + 1, first)
    local = f.xyz - f.xyz[first]
    cross = np.cross(local, local[following])
    ring = np.add.reduceat(cross, f.ring_start[:-1])
    signed = np.einsum("ij,ij->i", cross, np.repeat(ring, length, axis=0))
    moment = np.add.reduceat(signed[:, None] * (local + local[following]) / 3, f.ring_start[:-1])
    total = np.add.reduceat(signed, f.ring_start[:-1])
    middle = f.xyz[f.ring_start[:-1]] + moment / np.maximum(total, 1e-12)[:, None]
    return middle[f.face_start[:-1]]


def _inward(f: Faces, vector: Float, centroid: Float) -> NDArray[np.bool_]:
    """Faces to turn: those of closed shells with negative volume; in loose surfaces, roofs that look down."""
    count = int(f.body.max(initial=0)) + 1
    start = np.zeros((count, 3))
    start[f.body] = centroid  # any point near the shell: numbers stay small
    sixth = np.einsum("ij,ij->i", centroid - start[f.body], vector)
    volume = sums(f.body, sixth, count)
    turned = (volume < 0)[f.body] & _closed(f, vector, count)[f.body]
    loose = ~f.solid & ~_closed(f, vector, count)[f.body]
    wrong = (f.kind == FaceKind.ROOF) & (vector[:, 2] < 0) | (f.kind == FaceKind.GROUND) & (vector[:, 2] > 0)
    return turned | (loose & wrong)


def _closed(f: Faces, vector: Float, count: int) -> NDArray[np.bool_]:
    total = np.column_stack([sums(f.body, vector[:, k], count) for k in range(3)])
    area = sums(f.body, np.linalg.norm(vector, axis=1), count)
    return np.asarray(np.linalg.norm(total, axis=1) <= CLOSED * np.maximum(area, 1e-12))


def reverse(f: Faces, flip: NDArray[np.bool_]) -> Faces:
    """The faces, the rings of those in `flip` the other way round."""
    if not flip.any():
        return f
    length = np.diff(f.ring_start)
    ring_flip = np.repeat(flip, np.diff(f.face_start))
    index = np.arange(len(f.xyz))
    mirrored = np.repeat(f.ring_start[:-1] + f.ring_start[1:] - 1, length) - index
    return replace(f, xyz=f.xyz[np.where(np.repeat(ring_flip, length), mirrored, index)])


def _volume(m: Mesh, count: int, fallback: Float) -> tuple[Float, NDArray[np.bool_]]:
    """Volume by the divergence theorem over each building's faces; the fallback where they leave a hole."""
    f = m.faces
    origin = np.zeros((count, 3))
    origin[f.building] = m.centroid
    vector = m.normal * m.area_m2[:, None]
    third = np.einsum("ij,ij->i", m.centroid - origin[f.building], vector) / 3
    volume = sums(f.building, third, count)
    total = np.column_stack([sums(f.building, vector[:, k], count) for k in range(3)])
    area = sums(f.building, m.area_m2, count)
    is_open = (np.linalg.norm(total, axis=1) > CLOSED * np.maximum(area, 1e-12)) | (volume <= 0)
    is_open |= volume > 20 * fallback
    return np.where(is_open, fallback, volume), np.asarray(is_open)
