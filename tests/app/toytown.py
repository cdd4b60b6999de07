# ruff: noqa: E501
"""A small town for the tests of the viewer: houses as a glb tileset, and the messages a sim would send about them."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np

from network.schema import (
    Balance,
    BlockKey,
    Catalogue,
    Clock,
    FluxBlock,
    Hello,
    LayerKind,
    Parameter,
    Problem,
    Problems,
    Roster,
    Scenario,
)  # fmt: skip
from network.verdict import Alternative, Verdict

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


class Feed:
    """A link that plays the messages a sim would send about the toy town, and remembers what was wished."""

    sender = "test"
    connected = True
    settled = True
    asked = ("building", -1)
    looks = 0

    def __init__(self, tileset: Path, rows, ids, *, hour: float = 13.0) -> None:
        self.rows, self.ids, self.wishes, self.revision, self.choices = rows, ids, [], 1, ()
        self.time_s, self.pace = (171 * 24 + hour) * 3600.0, 0.0
        self._tileset, self._fresh = tileset, True

    def show(self, quantities) -> None:
        pass

    def close(self) -> None:
        pass

    def ask_facts(self, axis, row, *, explain_s=-1.0) -> None:
        if (axis, row) != self.asked:
            self.asked, self._fresh = (axis, row), True

    def wait(self, limit_s: float) -> None:
        """It answers at once."""

    def send(self, wish) -> None:
        self.wishes.append(wish)
        self._fresh = True
        if type(wish).__name__ == "Seek":
            self.time_s = wish.time_s
        if type(wish).__name__ == "SetPace":
            self.pace = wish.pace
        if type(wish).__name__ == "ChooseLayers":
            self.choices, self.revision = wish.choices, self.revision + 1

    @property
    def key(self):
        return BlockKey("run", self.revision, int(self.time_s // 86400) * 24 - 1, False)

    def poll(self):
        self.looks += 1
        if not self._fresh:
            return [self.clock()]
        self._fresh = False
        return [self.hello(), self.roster(), self.catalogue(), self.problems(), self.scenario(), self.balance(),
                *self.blocks(), self.clock()]  # fmt: skip

    def hello(self):
        x, y = [r[0] for r in self.rows], [r[1] for r in self.rows]
        return Hello(
            protocol=1, run="run", version="0", package="toy", name="Toy town", state_address="", tiles=str(self._tileset),
            latitude_rad=LATITUDE, longitude_rad=LONGITUDE, height_m=HEIGHT, zone="Europe/Amsterdam", utc_offset_s=3600.0,
            year=2025, steps=8760, step_s=3600.0, extent_m=(min(x) - 8, min(y) - 8, max(x) + 8, max(y) + 8), ground_m=0.0,
        )  # fmt: skip

    def roster(self):
        r = np.array([row[:6] for row in self.rows], float)
        lines, start = [], [0]
        lines += [[(210 - 14 * k, y + 6 * np.sin(k / 3), 0) for k in range(29)] for y in (-111, -37, 37, 111)]
        lines += [[(x, 111 - 12 * k, 0) for k in range(19)] for x in (-144, -48, 48, 144)]
        for line in lines:
            start.append(start[-1] + len(line))
        return Roster(
            revision=1, building_ids=tuple(self.ids), building_names=tuple(self.ids),
            building_xyz_m=np.c_[r[:, :2], np.zeros(len(r))], building_height_m=r[:, 4] + r[:, 5], footprint_m2=r[:, 2] * r[:, 3],
            building_year=np.full(len(r), 1970), building_use=("home",) * len(r),
            line_ids=tuple(f"l{k}" for k in range(8)), line_kind=("cable",) * 8, line_rating_w=np.full(8, 180e3),
            vertex_start=np.array(start), vertices_m=np.concatenate([np.array(x, float) for x in lines]), node_ids=(),
            ranges={"surplus_w_m2": 50.0, "line_w": 200e3},
        )  # fmt: skip

    def catalogue(self):
        share = Parameter(
            "share",
            "Share of usable roofs",
            "1",
            "%",
            100.0,
            0.0,
            1.0,
            0.6,
            0.01,
            "Of every roof that can carry modules.",
        )
        module = Parameter("module", "Module power", "W/m2", "W/m²", 1.0, 100.0, 260.0, 200.0, 5.0)
        return Catalogue(1, (
            LayerKind("solar", "Solar roofs", "rethink", "Modules on roofs.", (share, module), "1 400 €/kWp", "", "", ("use", "year")),
            LayerKind("battery", "Home batteries", "reduce", "A battery per home.", (share,), "", "", ""),
        ))  # fmt: skip

    def problems(self):
        return Problems(
            1, (Problem("year", "12 buildings have no year; the neighbours' was taken.", 12, ("b1", "b2")),)
        )

    def scenario(self):
        return Scenario("a", self.revision, self.choices, self.revision > 1, False, "Solar roofs", sender=self.sender)

    def balance(self):
        margin = (-0.9e12 if not self.choices else 1.4e12) * 3.6
        return Balance(
            side="a", revision=self.revision, totals_j={}, carriers_j={}, co2_kg=-margin / 3.6e6 * 0.3,
            verdict=Verdict(margin > 0, "rule", "geographical", "out", "factors", margin, margin / 3.6e6 * 0.3, (
                Alternative("k_exp", "exports are not credited", "exports are not credited (k_exp 0)", False, margin > 0,
                            -2.1e12 * 3.6, -6.1e5, "ISO 52000-1"),
                Alternative("factors", "ISO 52000-1 factors hold", "the factors of ISO 52000-1 hold", margin > 0,
                            False, margin * 1.3, margin / 3.6e6 * 0.42, "ISO 52000-1"),
                Alternative("year", "the grid is that of 2030", "the grid is that of 2030", margin > 0, False,
                            margin * 0.6, margin / 3.6e6 * 0.2, "EEA"),
            )),
            kpi={"self_consumption": 0.71, "pv_peak_w": 3.16e6,
                 **({"capital_eur": 12.4e6, "payback_s": 4.4e8} if self.choices else {})},
            grid={}, months_j={}, residual=0.0, compute_s=0.1,
        )  # fmt: skip

    def blocks(self):
        n, first = len(self.ids), self.key.first_step
        rng = np.random.default_rng(1)
        hours = (first + np.arange(26) + 0.5) % 24
        sun = np.maximum(np.sin((hours - 5) / 16 * np.pi), 0) * (hours > 5) * (hours < 21)
        pv = np.outer(sun, rng.uniform(0, 90, n) * (rng.random(n) < 0.55))
        load = np.outer(0.7 + 0.5 * np.cos((hours - 19) / 24 * 2 * np.pi), rng.uniform(6, 30, n))
        area = np.array([r[2] * r[3] for r in self.rows])
        az, el = (
            np.radians((first + np.arange(26)) % 24 * 15.0),
            np.radians(58 * np.sin(((first + np.arange(26)) % 24 - 5) / 16 * np.pi)),
        )
        enu = np.c_[np.cos(el) * np.sin(az), np.cos(el) * np.cos(az), np.sin(el)]
        net = (pv - load) * area
        lines = np.outer(sun * 1.4 - 0.45, -np.linspace(30e3, 190e3, 8))
        made = {
            "surplus_w_m2": pv - load, "surplus_w": net, "pv_w": pv * area, "district_surplus_w": net.sum(axis=1, keepdims=True),
            "sun_enu": enu, "line_w": lines, "line_loading": np.abs(lines) / 180e3,
        }  # fmt: skip
        peak = (pv.max(axis=0) * area / 0.8)[None, :].astype(np.float32)
        standing = [FluxBlock("a", q, self.key, 26 * 3600.0, first * 3600.0, peak) for q in ("pv_peak_w", "pv_roof_w")]
        return [
            *(FluxBlock("a", name, self.key, 3600.0, first * 3600.0, v.astype(np.float32)) for name, v in made.items()),
            *standing,
        ]

    def clock(self):
        return Clock("run", self.time_s, self.pace, 3600.0,
                     {"roster": 1, "catalogue": 1, "problems": 1, "scenario:a": self.revision, "balance:a": self.revision},
                     {"a": self.key})  # fmt: skip
