"""A window in which tilesets are looked at alone, one after another."""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path

import numpy as np

from app import alone
from app.frame import Ports, frame
from app.gpu.overlay import Overlay
from app.gpu.town import Town
from app.gpu.view import View
from app.gpu.window import Window
from app.ui.backend import Panels
from app.world import Panel, Shown, Stage, World

PATIENCE_S = 20.0
RED = {"pbrMetallicRoughness": {"baseColorFactor": [0.6, 0.05, 0.05, 1]}}
"""Material of what `red` finds."""


class LoneStand:
    """Owner of window and view; `picture` shows a tileset and waits until nothing more changes."""

    def __init__(self, size: tuple[int, int]) -> None:
        self.window = Window(size, offscreen=True, finish=True)
        self.view = View(self.window, keeps=True)
        self.ports = Ports(alone.Silence(), self.window, self.view, Panels(), Overlay(self.window), hands=False)

    def picture(self, tileset: Path | str, *, camera: str = "", panel: Panel | None = None) -> np.ndarray:
        """[height, width, 3] u8 of the settled tileset."""
        self.clear()
        self.ports.camera_wish = camera
        world = World(Stage(), Shown(), None, panel or Panel(hidden=True), "surplus_w_m2")
        world, lone = alone.open_alone(world, self.ports, str(tileset))
        began, still = time.monotonic(), 0
        while still < 4:
            assert time.monotonic() - began < PATIENCE_S, f"{tileset} does not settle"
            world = frame(world, self.ports, now_s=1.7, dt_s=0.0)
            world, lone = alone.seen(world, self.ports, lone)
            still = still + 1 if self.ports.scenery.settled else 0
            time.sleep(0.0 if still else 0.005)
        self.world, self.lone = world, lone
        return self.window.pixels().copy()

    @property
    def failed(self) -> list[dict[str, str]]:
        """What of the tileset that stands could not be read."""
        return self.ports.scenery.failed

    @property
    def town(self) -> Town:
        """What tiles brought."""
        return self.ports.scenery.town

    def clear(self) -> None:
        """Take away what stands."""
        if self.ports.scenery is not None:
            self.ports.scenery.close()
            self.ports.scenery = None

    def close(self) -> None:
        """Give everything back."""
        self.clear()
        self.window.close()


def red(picture: np.ndarray) -> np.ndarray:
    """[height, width] where red things are."""
    p = picture.astype(int)
    return (p[..., 0] > p[..., 1] + 40) & (p[..., 0] > p[..., 2] + 40)


def block(
    folder: Path, size: tuple[float, float, float], *, volume_m: float = 0.0, material: dict | None = None,
    transform: np.ndarray | None = None,
) -> Path:  # fmt: skip
    """A tileset of one block of `size` metres (x, y, z up) on z = 0, within a volume of `volume_m` where given."""
    x, y, z = size
    corner = np.array([[i, j, k] for i in (0, 1) for j in (0, 1) for k in (0, 1)], np.float64)
    faces = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    place = np.array([corner[v] for face in faces for v in face]) * [x, z, y] - [x / 2, 0.0, y / 2]
    normal = np.repeat(np.array([[-1, 0, 0], [1, 0, 0], [0, -1, 0], [0, 1, 0], [0, 0, -1], [0, 0, 1]]), 4, axis=0)
    index = (4 * np.arange(6)[:, None] + [0, 1, 2, 0, 2, 3]).ravel()
    folder.mkdir(parents=True, exist_ok=True)
    parts = [place.astype("<f4"), normal.astype("<f4"), index.astype("<u2")]
    raw = b"".join(p.tobytes() for p in parts)
    starts = np.cumsum([0, *(p.nbytes for p in parts)])
    gltf = {
        "asset": {"version": "2.0"}, "scene": 0, "scenes": [{"nodes": [0]}], "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0, "NORMAL": 1}, "indices": 2, "material": 0}]}],
        "materials": [material or {}],
        "buffers": [{"byteLength": len(raw),
                     "uri": "data:application/octet-stream;base64," + base64.b64encode(raw).decode()}],
        "bufferViews": [{"buffer": 0, "byteOffset": int(starts[k]), "byteLength": p.nbytes}
                        for k, p in enumerate(parts)],
        "accessors": [
            {"bufferView": 0, "componentType": 5126, "count": 24, "type": "VEC3",
             "min": place.min(axis=0).tolist(), "max": place.max(axis=0).tolist()},
            {"bufferView": 1, "componentType": 5126, "count": 24, "type": "VEC3"},
            {"bufferView": 2, "componentType": 5123, "count": 36, "type": "SCALAR"},
        ],
    }  # fmt: skip
    (folder / "block.gltf").write_text(json.dumps(gltf))
    half = np.maximum(size, volume_m) / 2
    box = [0, 0, z / 2, *np.diag(half).ravel().tolist()]
    root = {"boundingVolume": {"box": box}, "geometricError": 0, "refine": "ADD", "content": {"uri": "block.gltf"}}
    if transform is not None:
        root["transform"] = np.asarray(transform).T.ravel().tolist()
    path = folder / "tileset.json"
    path.write_text(json.dumps({"asset": {"version": "1.1"}, "geometricError": 10, "root": root}))
    return path
