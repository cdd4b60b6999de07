"""Hand-made CityJSON: boxes and gabled houses whose areas anyone can check, in RD New near Delft."""

from __future__ import annotations

import copy
import gzip
import json
from pathlib import Path
from typing import Any

CRS = "https://www.opengis.net/def/crs/EPSG/0/7415"
ORIGIN_M = (85000.0, 447000.0, 0.0)


def model(*, version: str = "2.0", crs: str | None = CRS) -> dict[str, Any]:
    """A CityJSON model without objects."""
    head: dict[str, Any] = {
        "type": "CityJSON", "version": version, "transform": {"scale": [0.001] * 3, "translate": list(ORIGIN_M)},
        "CityObjects": {}, "vertices": [],
    }  # fmt: skip
    if crs:
        head["metadata"] = {"referenceSystem": crs}
    return head


def faces_of_box(west: float, south: float, east: float, north: float, *, height: float, base: float = 0.0) -> list:
    """Ground, roof, then walls south, east, north, west; rings counter-clockwise seen from outside."""
    xy = [(west, south), (east, south), (east, north), (west, north)]
    low, high = [(x, y, base) for x, y in xy], [(x, y, base + height) for x, y in xy]
    walls = [[low[k], low[(k + 1) % 4], high[(k + 1) % 4], high[k]] for k in range(4)]
    return [low[::-1], high, *walls]


def faces_of_gable(west: float, south: float, east: float, north: float, *, eave: float, ridge: float) -> list:
    """A house whose ridge runs east-west: ground, south slope, north slope, walls south, east, north, west."""
    middle = (south + north) / 2
    a, b, c, d = ((west, south, eave), (east, south, eave), (east, north, eave), (west, north, eave))
    left, right = (west, middle, ridge), (east, middle, ridge)
    low = [(x, y, 0.0) for x, y, _ in (a, b, c, d)]
    return [
        low[::-1], [a, b, right, left], [c, d, left, right],
        [low[0], low[1], b, a], [low[1], low[2], c, right, b], [low[2], low[3], d, c], [low[3], low[0], a, left, d],
    ]  # fmt: skip


def geometry(head: dict[str, Any], faces: list, *, lod: str = "2.2", kind: str = "Solid") -> dict[str, Any]:
    """A geometry of `faces` (rings of metres), its vertices appended to the model."""
    boundary = []
    for ring in faces:
        first = len(head["vertices"])
        head["vertices"] += [[round(1000 * c) for c in corner] for corner in ring]
        boundary.append([list(range(first, first + len(ring)))])
    nested = {"Solid": [boundary], "MultiSurface": boundary, "CompositeSurface": boundary,
              "MultiSolid": [[boundary]], "CompositeSolid": [[boundary]]}[kind]  # fmt: skip
    return {"type": kind, "lod": lod, "boundaries": nested}


def add(head: dict[str, Any], name: str, *faces: list, lod: str = "2.2", kind: str = "Solid", **more: Any) -> None:
    """Add a Building of the given shells."""
    item = {"type": "Building", "geometry": [geometry(head, f, lod=lod, kind=kind) for f in faces], **more}
    head["CityObjects"][name] = item


def street(*, houses: int = 3, **more: Any) -> dict[str, Any]:
    """A row of gabled houses of 6 x 10 m that touch each other."""
    head = model(**more)
    for k in range(houses):
        add(head, f"house-{k}", faces_of_gable(6 * k, 0, 6 * k + 6, 10, eave=6, ridge=9),
            attributes={"yearOfConstruction": 1975, "storeysAboveGround": 2})  # fmt: skip
    return head


def write(path: Path, head: dict[str, Any]) -> Path:
    """The model as a file; .gz and .jsonl by the name."""
    if ".jsonl" in path.name:
        shell = copy.copy(head) | {"CityObjects": {}, "vertices": []}
        lines = [shell]
        for name, item in head["CityObjects"].items():
            lines.append({"type": "CityJSONFeature", "id": name, "CityObjects": {name: item},
                          "vertices": head["vertices"]})  # fmt: skip
        data = "".join(json.dumps(line) + "\n" for line in lines).encode()
    else:
        data = json.dumps(head).encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path
