"""A small town for the tests of the viewer: houses as a glb tileset, and the messages a sim would send about them."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np

from network.schema import (
    Balance, BlockKey, Catalogue, Clock, FluxBlock, Hello, LayerKind, Parameter, Problem, Problems, Roster, Scenario,
    Verdict,
)  # fmt: skip

LATITUDE, LONGITUDE, HEIGHT = np.radians(52.0), np.radians(4.36), 43.0
WALL, PITCHED, FLAT = 0.0, 1.0, 2.0


class Shell:
    """Gathers the faces of one tile."""

    def __init__(self) -> None:
        self.position, self.normal, self.feature, self.material, self.face, self.index = [], [], [], [], [], []

    def quad(self, corners, feature, material, size):
        """Four corners counter-clockwise (a triangle when three), u along the first edge."""
        c = np.array(corners, float)
        n = np.cross(c[1] - c[0], c[2] - c[0])
        n /= np.linalg.norm(n)
        start = sum(len(p) for p in self.position)
        u = (c[1] - c[0]) / np.linalg.norm(c[1] - c[0])
        v = np.cross(n, u)
        uv = np.c_[(c - c[0]) @ u, (c - c[0]) @ v]
        self.position.append(c)
        self.normal.append(np.tile(n, (len(c), 1)))
        self.feature.append(np.full(len(c), feature))
        self.material.append(np.full(len(c), material))
        self.face.append(np.c_[uv, np.tile(size, (len(c), 1))])
        self.index.append(start + np.array([0, 1, 2] + ([0, 2, 3] if len(c) == 4 else [])))

    def house(self, x, y, w, d, eave, rise, turn, feature):
        """A box with a gable (or flat, rise 0) roof; ridge along its width."""
        cos, sin = np.cos(turn), np.sin(turn)

        def at(px, py, pz):
            return (x + px * cos - py * sin, y + px * sin + py * cos, pz)

        a, b = w / 2, d / 2
        ring = [(-a, -b), (a, -b), (a, b), (-a, b)]
        for k in range(4):
            p, q = ring[k], ring[(k + 1) % 4]
            length = w if k % 2 == 0 else d
            self.quad([at(*p, 0), at(*q, 0), at(*q, eave), at(*p, eave)], feature, WALL, (length, eave))
        if rise == 0:
            self.quad([at(*p, eave) for p in ring], feature, FLAT, (w, d))
            return
        top = eave + rise
        slope = np.hypot(b, rise)
        self.quad([at(-a, -b, eave), at(a, -b, eave), at(a, 0, top), at(-a, 0, top)], feature, PITCHED, (w, slope))
        self.quad([at(a, b, eave), at(-a, b, eave), at(-a, 0, top), at(a, 0, top)], feature, PITCHED, (w, slope))
        self.quad([at(a, -b, eave), at(a, b, eave), at(a, 0, top)], feature, WALL, (d, -1))
        self.quad([at(-a, b, eave), at(-a, -b, eave), at(-a, 0, top)], feature, WALL, (d, -1))

    def glb(self, ids) -> bytes:
        """GLB bytes, y-up, with feature ids and the ids in a property table."""
        p = np.concatenate(self.position)
        n = np.concatenate(self.normal)

        def swap(v):
            return np.c_[v[:, 0], v[:, 2], -v[:, 1]].astype("<f4")

        arrays = [
            (swap(p), "VEC3", 5126), (swap(n), "VEC3", 5126),
            (np.concatenate(self.feature).astype("<f4"), "SCALAR", 5126),
            (np.concatenate(self.material).astype("<f4"), "SCALAR", 5126),
            (np.concatenate(self.face).astype("<f4"), "VEC4", 5126),
            (np.concatenate(self.index).astype("<u4"), "SCALAR", 5125),
        ]  # fmt: skip
        text = "".join(ids).encode()
        offsets = np.cumsum([0] + [len(i.encode()) for i in ids]).astype("<u4")
        blobs = [a.tobytes() for a, _, _ in arrays] + [text, offsets.tobytes()]
        views, binary = [], b""
        for blob in blobs:
            views.append({"buffer": 0, "byteOffset": len(binary), "byteLength": len(blob)})
            binary += blob + b"\0" * (-len(blob) % 8)
        accessors = [
            {"bufferView": k, "componentType": c, "count": len(a), "type": t} for k, (a, t, c) in enumerate(arrays)
        ]
        accessors[0]["min"], accessors[0]["max"] = arrays[0][0].min(0).tolist(), arrays[0][0].max(0).tolist()
        names = ("POSITION", "NORMAL", "_FEATURE_ID_0", "_MATERIAL", "_FACE")
        gltf = {
            "asset": {"version": "2.0"}, "scene": 0, "scenes": [{"nodes": [0]}], "nodes": [{"mesh": 0}],
            "extensionsUsed": ["EXT_mesh_features", "EXT_structural_metadata"],
            "meshes": [{"primitives": [{
                "attributes": {name: k for k, name in enumerate(names)}, "indices": 5,
                "extensions": {"EXT_mesh_features": {"featureIds": [
                    {"featureCount": len(ids), "attribute": 0, "propertyTable": 0}]}}}]}],
            "accessors": accessors, "bufferViews": views, "buffers": [{"byteLength": len(binary)}],
            "extensions": {"EXT_structural_metadata": {
                "schema": {"id": "s", "classes": {"building": {"properties": {"id": {"type": "STRING"}}}}},
                "propertyTables": [{"class": "building", "count": len(ids), "properties": {
                    "id": {"values": 6, "stringOffsets": 7, "stringOffsetType": "UINT32"}}}]}},
        }  # fmt: skip
        header = json.dumps(gltf).encode()
        header += b" " * (-len(header) % 4)
        total = 12 + 8 + len(header) + 8 + len(binary)
        return (
            struct.pack("<4sII", b"glTF", 2, total) + struct.pack("<I4s", len(header), b"JSON") + header
            + struct.pack("<I4s", len(binary), b"BIN\0") + binary
        )  # fmt: skip


def houses(blocks: int = 4, seed: int = 3):
    """Rows of houses around streets: list of (x, y, w, d, eave, rise, turn), a few tall ones."""
    rng = np.random.default_rng(seed)
    rows = []
    for bx in range(blocks):
        for by in range(blocks):
            cx, cy = (bx - (blocks - 1) / 2) * 96, (by - (blocks - 1) / 2) * 74
            inner = np.hypot(bx - (blocks - 1) / 2, by - (blocks - 1) / 2) < 1.2
            for side, (sx, sy, turn, length) in enumerate(
                ((0, -22, 0, 70), (0, 22, np.pi, 70), (30, 0, np.pi / 2, 30), (-30, 0, -np.pi / 2, 30))
            ):
                x = -length / 2
                while x < length / 2 - 5:
                    w = float(rng.uniform(9, 15) if inner else rng.uniform(6, 8.5))
                    w = min(w, length / 2 - x)
                    if rng.random() > (0.05 if inner else 0.25):
                        px, py = x + w / 2, 0.0
                        c, s = np.cos(turn), np.sin(turn)
                        eave = float(rng.choice([11.5, 12.4, 15.5]) if inner else rng.choice([5.8, 6.2, 8.8]))
                        rows.append((cx + sx + px * c - py * s, cy + sy + px * s + py * c, w, 11.0 if inner else 9.2, eave,
                                     float(rng.choice([4.4, 4.4, 0])) if inner else 3.6, turn))  # fmt: skip
                    x += w
                del side
    rows.append((150.0, 20.0, 24.0, 18.0, 34.0, 0.0, 0.2))
    rows.append((165.0, -40.0, 46.0, 14.0, 19.0, 0.0, 0.0))
    return rows


def write_tileset(folder: Path, rows, ids) -> Path:
    """Two by two tiles under an empty root; returns tileset.json."""
    from app.tiles.geodesy import ecef_from_enu

    folder.mkdir(parents=True, exist_ok=True)
    quarter: dict[tuple[bool, bool], list[int]] = {}
    for k, row in enumerate(rows):
        quarter.setdefault((row[0] > 0, row[1] > 0), []).append(k)
    children = []
    for name, members in quarter.items():
        shell = Shell()
        for f, k in enumerate(members):
            shell.house(*rows[k], f)
        file = f"{int(name[0])}{int(name[1])}.glb"
        (folder / file).write_bytes(shell.glb([ids[k] for k in members]))
        p = np.concatenate(shell.position)
        low, high = p.min(0), p.max(0)
        c, h = (low + high) / 2, (high - low) / 2
        box = [*c.tolist(), h[0], 0, 0, 0, h[1], 0, 0, 0, h[2]]
        children.append({"boundingVolume": {"box": box}, "geometricError": 0, "content": {"uri": file}})
    root = {
        "transform": ecef_from_enu(LATITUDE, LONGITUDE, HEIGHT).T.ravel().tolist(),
        "boundingVolume": {"box": [0, 0, 20, 300, 0, 0, 0, 300, 0, 0, 0, 40]},
        "geometricError": 60, "refine": "REPLACE", "children": children,
    }  # fmt: skip
    path = folder / "tileset.json"
    path.write_text(json.dumps({"asset": {"version": "1.1"}, "geometricError": 200, "root": root}))
    return path
