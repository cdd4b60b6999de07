"""Small tilesets drawn by chance, as documents: ADD and REPLACE, external and implicit, every tile one house."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from toytown import Shell

from app.tiles.tree.table import Nodes

HALF_M = 400.0
LEVELS, SUBTREE = 5, 2
"""Of an implicit quadtree, and of one of its subtree documents."""


def branch(
    *, parent: Any, error_m: Any, centre_m: Any, half_m: Any, contents: list[str], replace: Any = True,
    radius_m: Any = None, stub: Any = 0,
) -> Nodes:  # fmt: skip
    """A branch by its columns; no node expires or has a request volume."""
    n, half = len(parent), np.asarray(half_m, np.float64)
    return Nodes(
        parent=np.asarray(parent, np.int64), geometric_error_m=np.asarray(error_m, np.float64),
        replace=np.broadcast_to(np.asarray(replace, bool), n), centre_m=np.asarray(centre_m, np.float64), half_m=half,
        radius_m=np.linalg.norm(half, axis=1) if radius_m is None else radius_m, matrix=np.tile(np.eye(4), (n, 1, 1)),
        contents=[(name,) if name else () for name in contents],
        stub=np.broadcast_to(np.asarray(stub, np.int8), n), expire_s=np.full(n, np.inf), has_request=np.zeros(n, bool),
        request_centre_m=np.zeros((n, 3)), request_half_m=np.zeros((n, 3)),
    )  # fmt: skip


def house(count: int = 1) -> bytes:
    """A tile of so many equal houses."""
    shell = Shell()
    for _ in range(count):
        shell.house(0.0, 0.0, 10.0, 8.0, 6.0, 3.0, 0.0, 0)
    return shell.glb(["h"])


class Tree:
    """Writes a tileset of nested boxes into a folder."""

    def __init__(
        self, folder: Path, seed: int, *, add: float = 0.3, empty: float = 0.2, external: float = 0.2,
        implicit: float = 0.0, most: int = 250,
    ) -> None:  # fmt: skip
        """Chances of a tile: to add, to have no content, to be an external tileset, to be an implicit quadtree."""
        self.folder, self.rng, self.most = folder, np.random.default_rng(seed), most
        self.add, self.empty, self.external, self.implicit = add, empty, external, implicit
        self.count = 0
        self.house = house()
        folder.mkdir(parents=True, exist_ok=True)
        low, high = np.array([-HALF_M, -HALF_M, 0.0]), np.array([HALF_M, HALF_M, 40.0])
        self.path = self._document("tileset", low, high, 120.0, 0)

    def _document(self, name: str, low: Any, high: Any, error_m: float, level: int) -> Path:
        path = self.folder / f"{name}.json"
        root = self._tile(low, high, error_m, level, top=True)
        path.write_text(json.dumps({"asset": {"version": "1.1"}, "geometricError": error_m * 2, "root": root}))
        return path

    def _tile(self, low: Any, high: Any, error_m: float, level: int, *, top: bool = False) -> dict[str, Any]:
        self.count += 1
        number, rng = self.count, self.rng
        centre, half = (low + high) / 2, (high - low) / 2
        box = [*centre.tolist(), half[0], 0, 0, 0, half[1], 0, 0, 0, half[2]]
        tile: dict[str, Any] = {
            "boundingVolume": {"box": box}, "geometricError": error_m,
            "refine": "ADD" if rng.random() < self.add else "REPLACE",
        }  # fmt: skip
        if not top and level > 1 and rng.random() < self.external and self.count < self.most:
            name = f"part{number}"
            self._document(name, low, high, error_m, level)
            tile["content"] = {"uri": f"{name}.json"}
            return tile
        if not top and level > 1 and rng.random() < self.implicit:
            return self._quadtree(tile, f"quad{number}")
        if rng.random() >= self.empty:
            (self.folder / f"{number}.glb").write_bytes(self.house)
            tile["content"] = {"uri": f"{number}.glb"}
        if level < 5 and self.count < self.most and (level < 3 or rng.random() < 0.7):
            axis, parts = int(rng.integers(2)), int(rng.integers(2, 5))
            cuts = [low[axis], *np.sort(rng.uniform(low[axis], high[axis], parts - 1)), high[axis]]
            tile["children"] = []
            for a, b in pairwise(cuts):
                lower, upper = low.copy(), high.copy()
                lower[axis], upper[axis] = a, b
                tile["children"].append(self._tile(lower, upper, error_m * rng.uniform(0.3, 0.8), level + 1))
        else:
            tile["geometricError"] = 0.0
        return tile

    def _quadtree(self, tile: dict[str, Any], name: str) -> dict[str, Any]:
        (self.folder / name).mkdir()
        for level in range(LEVELS):
            for x in range(2**level):
                for y in range(2**level):
                    (self.folder / name / f"{level}.{x}.{y}.glb").write_bytes(self.house)
                    if level % SUBTREE == 0:
                        more = int(level + SUBTREE < LEVELS)
                        subtree = {
                            "tileAvailability": {"constant": 1}, "contentAvailability": [{"constant": 1}],
                            "childSubtreeAvailability": {"constant": more},
                        }  # fmt: skip
                        (self.folder / name / f"{level}.{x}.{y}.json").write_text(json.dumps(subtree))
        tile["content"] = {"uri": f"{name}/{{level}}.{{x}}.{{y}}.glb"}
        tile["implicitTiling"] = {
            "subdivisionScheme": "QUADTREE", "subtreeLevels": SUBTREE, "availableLevels": LEVELS,
            "subtrees": {"uri": f"{name}/{{level}}.{{x}}.{{y}}.json"},
        }  # fmt: skip
        return tile


def emptied(folder: Path, *, kind: str, depth: int, more: int = 2) -> Path:
    """A quadtree whose first `depth` levels show nothing: plain, of external tilesets, or implicit; `more` levels."""
    folder.mkdir(parents=True)
    (folder / "house.glb").write_bytes(house())
    levels, half = depth + more, HALF_M
    root: dict[str, Any] = {
        "boundingVolume": {"box": [0, 0, 20, half, 0, 0, 0, half, 0, 0, 0, 20]}, "geometricError": 400.0,
        "refine": "REPLACE",
    }  # fmt: skip
    if kind == "implicit":
        for level in range(levels):
            subtree = {
                "tileAvailability": {"constant": 1}, "contentAvailability": [{"constant": int(level >= depth)}],
                "childSubtreeAvailability": {"constant": int(level + 1 < levels)},
            }  # fmt: skip
            for at in np.ndindex(2**level, 2**level):
                (folder / f"{level}.{at[0]}.{at[1]}.json").write_text(json.dumps(subtree))
                (folder / f"{level}.{at[0]}.{at[1]}.glb").write_bytes(house())
        root["content"] = {"uri": "{level}.{x}.{y}.glb"}
        root["implicitTiling"] = {
            "subdivisionScheme": "QUADTREE", "subtreeLevels": 1, "availableLevels": levels,
            "subtrees": {"uri": "{level}.{x}.{y}.json"},
        }  # fmt: skip
    else:
        _quarter(folder, root, 0.0, 0.0, levels - 1, depth, external=kind == "external")
    path = folder / "tileset.json"
    path.write_text(json.dumps({"asset": {"version": "1.1"}, "geometricError": 400.0, "root": root}))
    return path


def _quarter(
    folder: Path, tile: dict[str, Any], x: float, y: float, levels: int, empty: int, *, external: bool
) -> None:  # fmt: skip
    """Give a tile its content and children."""
    if empty <= 0:
        tile["content"] = {"uri": "house.glb"}
    half, error = tile["boundingVolume"]["box"][3] / 2, tile["geometricError"] / 2 if levels > 1 else 0.0
    for east, north in ((-half, -half), (half, -half), (-half, half), (half, half)) if levels else ():
        u, v = x + east, y + north
        child: dict[str, Any] = {
            "boundingVolume": {"box": [u, v, 20, half, 0, 0, 0, half, 0, 0, 0, 20]}, "geometricError": error,
        }  # fmt: skip
        _quarter(folder, child, u, v, levels - 1, empty - 1, external=external)
        if external and empty > 0:
            name = f"{levels}_{u:.0f}_{v:.0f}.json"
            whole = {"asset": {"version": "1.1"}, "geometricError": 400.0, "root": child}
            (folder / name).write_text(json.dumps(whole))
            child = {"boundingVolume": child["boundingVolume"], "geometricError": error, "content": {"uri": name}}
        tile.setdefault("children", []).append(child)
