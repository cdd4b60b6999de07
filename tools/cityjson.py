"""CityJSON 1.0, 1.1, 2.0 and CityJSONSeq (also gzip) to columns of faces, in the source's own coordinates.

A building is the top-level Building; its parts and installations are merged into it. Of every object the best
level of detail counts; level 0 is never a volume. What cannot be used is counted, never silently lost; what makes
the whole file unusable is Refused. Source: CityJSON specifications 1.0.3, 1.1.3, 2.0.1 (cityjson.org/specs).
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from network.problems import Refused

VERSIONS = ("1.0", "1.1", "2.0")
FARTHEST = 1e10
"""No coordinate of any system, nor a vertex in tenths of millimetres, is larger."""
SUFFIXES = (".json", ".jsonl")
_PARTS = {"BuildingPart", "BuildingInstallation", "BuildingConstructiveElement"}
_INSIDE = {"BuildingRoom", "BuildingStorey", "BuildingUnit", "BuildingFurniture"}
_OTHER = {
    "Bridge", "BridgePart", "BridgeInstallation", "BridgeConstructionElement", "BridgeConstructiveElement",
    "BridgeRoom", "BridgeFurniture", "CityFurniture", "CityObjectGroup", "GenericCityObject", "LandUse",
    "OtherConstruction", "PlantCover", "SolitaryVegetationObject", "TINRelief", "TransportSquare", "Railway", "Road",
    "Tunnel", "TunnelPart", "TunnelInstallation", "TunnelConstructiveElement", "TunnelHollowSpace",
    "TunnelFurniture", "WaterBody", "WaterWay", "Waterway",
}  # fmt: skip
"""Standard types that are no building: counted, left out."""


class FaceKind(IntEnum):
    """What a face of a building is."""

    UNKNOWN = -1  # no semantics in the file: its normal will tell
    ROOF = 0
    WALL = 1
    GROUND = 2
    VIRTUAL = 3  # closes the volume, is not built


_KIND_OF = {
    "RoofSurface": FaceKind.ROOF, "OuterFloorSurface": FaceKind.ROOF, "WallSurface": FaceKind.WALL,
    "GroundSurface": FaceKind.GROUND, "OuterCeilingSurface": FaceKind.GROUND, "ClosureSurface": FaceKind.VIRTUAL,
}  # fmt: skip
_INNER = {"InteriorWallSurface", "CeilingSurface", "FloorSurface"}


@dataclass(frozen=True)
class Source:
    """One building as read: who it is and what the file says about it."""

    id: str
    file: str
    lod: float
    attributes: dict[str, Any]
    """Of the building, and of its parts where the building itself lacks them."""


@dataclass(frozen=True)
class Faces:
    """Polygons of many buildings as columns, sorted by building. A face is one outer ring and its holes."""

    xyz: NDArray[np.float64]
    """[vertex, 3]; vertices in ring order, a ring is not closed by a repeated vertex."""
    ring_start: NDArray[np.int64]
    """[ring + 1] offsets into xyz."""
    face_start: NDArray[np.int64]
    """[face + 1] offsets into rings."""
    kind: NDArray[np.int8]
    """[face] FaceKind."""
    building: NDArray[np.int32]
    """[face] row of the building."""
    body: NDArray[np.int32]
    """[face] counter of the shell that the face belongs to."""
    solid: NDArray[np.bool_]
    """[face] whether that shell is a Solid, so that outward normals can be trusted."""


@dataclass(frozen=True)
class City:
    """What one file holds."""

    file: str
    crs: str | None
    """EPSG:CODE as the file names it."""
    crs_text: str
    """What the file says of its coordinate system, word for word; empty where it says nothing."""
    credit: str
    """Title and publisher, empty where the file names none."""
    buildings: tuple[Source, ...]
    faces: Faces
    unknown: dict[str, list[str]] = field(default_factory=dict)
    """Ids of objects of types that are in no specification, by type."""
    skipped: dict[str, int] = field(default_factory=dict)
    """Number of known objects that are no buildings, by type."""
    without_geometry: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    """Buildings whose geometry points to vertices that do not exist, or that are no valid objects at all."""


def read(path: Path) -> City:
    """The buildings of a CityJSON or CityJSONSeq file, plain or gzip.

    Raises:
        Refused: missing, empty, truncated, another format or an unknown version.
    """
    gather = _Gather(path.name)
    crs_text, credit = "", ""
    for header, objects, vertices in _models(path, _text(path)):
        crs_text, credit = _crs_text(header), _credit(header)
        gather.add(objects, vertices)
    if not gather.sources:
        raise Refused(f"{path} has no building with a volume; give a file with buildings of LoD 1 or better")
    return City(
        file=path.name, crs=_crs(crs_text), crs_text=crs_text, credit=credit, buildings=tuple(gather.sources),
        faces=gather.faces(),
        unknown=gather.unknown, skipped=gather.skipped, without_geometry=tuple(gather.empty),
        broken=tuple(gather.broken),
    )  # fmt: skip


# ---------------------------------------------------------------- file -> models


def _text(path: Path) -> bytes:
    name = path.name.lower().removesuffix(".gz")
    if not name.endswith(SUFFIXES):
        raise Refused(f"{path} is neither .json nor .jsonl (nor these with .gz); convert it to CityJSON first")
    try:
        data = path.read_bytes()
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
    except (EOFError, zlib.error, gzip.BadGzipFile) as e:
        raise Refused(f"{path} is a truncated or damaged gzip file ({e}); fetch it again") from e
    except FileNotFoundError as e:
        raise Refused(f"{path} does not exist; check the name of the input") from e
    except OSError as e:
        raise Refused(f"{path} cannot be read ({e.strerror or e}); check its permissions") from e
    if not data.strip():
        raise Refused(f"{path} is empty; give a CityJSON or CityJSONSeq file")
    return data


def _models(path: Path, data: bytes) -> Iterator[tuple[dict[str, Any], dict[str, Any], NDArray[np.float64]]]:
    """(header, city objects, vertices) once for CityJSON, once per feature for CityJSONSeq."""
    lines = [n for n in enumerate(data.splitlines(), 1) if n[1].strip()]
    is_sequence = path.name.lower().removesuffix(".gz").endswith(".jsonl")
    head = _json(path, lines[0][1], 1) if is_sequence else _json(path, data, 0)
    _check_head(path, head)
    if head.get("CityObjects"):
        yield head, _objects(path, head), _vertices(path, head, head)
    for number, line in lines[1:] if is_sequence else ():
        feature = _json(path, line, number)
        if not isinstance(feature, dict) or feature.get("type") != "CityJSONFeature":
            raise Refused(f"{path}, line {number}: not a CityJSONFeature; give CityJSONSeq, one feature a line")
        yield head, _objects(path, feature), _vertices(path, feature, head)


def _objects(path: Path, model: dict[str, Any]) -> dict[str, Any]:
    objects = model.get("CityObjects", {})
    if not isinstance(objects, dict):
        raise Refused(f"{path}: CityObjects is a {type(objects).__name__}, not an object; export the file again")
    return objects


def _json(path: Path, data: bytes, line: int) -> Any:
    try:
        return msgspec.json.decode(data)
    except msgspec.DecodeError as e:
        where = f", line {line}" if line else ""
        what = "is truncated" if "truncated" in str(e) else f"is not JSON ({e})"
        raise Refused(f"{path}{where} {what}; fetch or export the file again") from e
    except RecursionError as e:
        raise Refused(f"{path} is nested deeper than CityJSON allows; export the file again") from e


def _check_head(path: Path, head: Any) -> None:
    kind = head.get("type") if isinstance(head, dict) else type(head).__name__
    if kind == "CityJSONFeature":
        raise Refused(f"{path} begins with a feature, not with the CityJSON header line; put the header first")
    if kind != "CityJSON":
        raise Refused(f"{path} is of type {kind!r}, not CityJSON; convert it to CityJSON first")
    version = str(head.get("version", ""))
    if not version.startswith(VERSIONS):
        raise Refused(
            f"{path} is CityJSON {version or 'without a version'}; versions {', '.join(VERSIONS)} are read, "
            "convert it with cjio's upgrade"
        )


def _vertices(path: Path, model: dict[str, Any], head: dict[str, Any]) -> NDArray[np.float64]:
    try:
        raw = np.asarray(model.get("vertices", []), np.float64).reshape(-1, 3)
        transform = head.get("transform")
        if transform:
            scale, move = (np.asarray(transform[k], float).reshape(3) for k in ("scale", "translate"))
            if max(np.abs(scale).max(), np.abs(move).max(), np.abs(raw).max(initial=0)) > FARTHEST:
                raise ValueError("too large")
            raw = raw * scale + move
        if not (np.abs(raw) <= FARTHEST).all():
            raise ValueError("no place on earth")
    except (KeyError, TypeError, ValueError) as e:
        name = model.get("id", "the model")
        raise Refused(f"{path}: the vertices or transform of {name} are broken ({e}); export the file again") from e
    return raw


def _crs_text(head: dict[str, Any]) -> str:
    """The coordinate system in any of the ways in which the versions write it."""
    metadata = _metadata(head)
    text = metadata.get("referenceSystem") or metadata.get("crs") or ""
    return f"EPSG:{text.get('epsg') or ''}" if isinstance(text, dict) else str(text)


def _crs(text: str) -> str | None:
    found = re.search(r"EPSG.*?(\d+)\s*/?$", text, re.IGNORECASE)
    return f"EPSG:{found.group(1)}" if found else None


def _metadata(head: dict[str, Any]) -> dict[str, Any]:
    metadata = head.get("metadata")
    return metadata if isinstance(metadata, dict) else {}


def _credit(head: dict[str, Any]) -> str:
    metadata = _metadata(head)
    contact = metadata.get("pointOfContact") or metadata.get("datasetPointOfContact") or {}
    words = (
        metadata.get("title") or metadata.get("datasetTitle"),
        contact.get("contactName") if isinstance(contact, dict) else None,
    )
    return ", ".join(str(w) for w in words if w)


# ---------------------------------------------------------------- models -> columns


def _lod(geometry: dict[str, Any]) -> float:
    try:
        return float(geometry.get("lod", 0))
    except (TypeError, ValueError):
        return 0.0


def _best(item: dict[str, Any]) -> tuple[float, list[dict[str, Any]]]:
    """Best level of detail that is a volume, and the geometries of it."""
    usable = [g for g in item.get("geometry") or [] if g.get("type") in _DEPTH and _lod(g) >= 1]
    best = max((_lod(g) for g in usable), default=0.0)
    return best, [g for g in usable if _lod(g) == best]


_DEPTH = {"MultiSurface": 0, "CompositeSurface": 0, "Solid": 1, "MultiSolid": 2, "CompositeSolid": 2}


class _Gather:
    """Collects buildings from one model after another into flat lists."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.sources: list[Source] = []
        self.unknown: dict[str, list[str]] = {}
        self.skipped: dict[str, int] = {}
        self.empty: list[str] = []
        self.broken: list[str] = []
        self._xyz: list[NDArray[np.float64]] = []
        self._rings: list[int] = []
        self._faces: list[int] = []
        self._kind: list[int] = []
        self._building: list[int] = []
        self._body: list[int] = []
        self._solid: list[bool] = []
        self._bodies = 0

    def add(self, objects: dict[str, Any], vertices: NDArray[np.float64]) -> None:
        """Take every Building of a model, with what belongs to it."""
        for key, item in objects.items():
            kind = str(item.get("type", "")) if isinstance(item, dict) else "?"
            if kind == "Building":
                try:
                    self._take(key, item, objects, vertices)
                except (IndexError, KeyError, TypeError, ValueError, AttributeError):
                    self.broken.append(key)
            elif kind in _OTHER:
                self.skipped[kind] = self.skipped.get(kind, 0) + 1
            elif kind not in _PARTS | _INSIDE:
                self.unknown.setdefault(kind, []).append(key)

    def _take(self, key: str, item: dict[str, Any], objects: dict[str, Any], vertices: NDArray[np.float64]) -> None:
        parts = list(_descendants(item, objects))
        attributes: dict[str, Any] = {}
        for member in [item, *parts]:
            for name, value in (member.get("attributes") or {}).items():
                attributes.setdefault(name, value)
        lod, geometries = _best(item)
        of_parts = [_best(p) for p in parts]
        best_part = max((b for b, _ in of_parts), default=0.0)
        if best_part > lod:
            geometries = []  # the coarse whole would double its finer parts
        if best_part >= lod:
            geometries = geometries + [g for _, found in of_parts for g in found]
        rows: list[tuple[list[list[int]], int, int, bool]] = []
        for geometry in geometries:
            self._flatten(geometry, rows, len(vertices))
        if not rows:
            self.empty.append(key)
            return
        points = vertices[[corner for rings, *_ in rows for ring in rings for corner in ring]]
        number = len(self.sources)  # from here on nothing can fail: half a building would shift all others
        self.sources.append(Source(key, self.file, max(lod, best_part), attributes))
        self._xyz.append(points)
        for rings, face_kind, body, solid in rows:
            self._rings += map(len, rings)
            self._faces.append(len(rings))
            self._kind.append(face_kind)
            self._building.append(number)
            self._body.append(body)
            self._solid.append(solid)

    def _flatten(
        self, geometry: dict[str, Any], rows: list[tuple[list[list[int]], int, int, bool]], vertices: int
    ) -> None:
        """Append (rings, kind, body, solid) of every face of one geometry."""
        depth = _DEPTH[geometry["type"]]
        boundaries: Any = geometry["boundaries"]
        semantics = geometry.get("semantics") or {}
        kinds = [_KIND_OF.get(s.get("type"), FaceKind.UNKNOWN) for s in semantics.get("surfaces", ())]
        inner = [s.get("type") in _INNER for s in semantics.get("surfaces", ())]
        values: Any = semantics.get("values")
        for _ in range(2 - depth):  # every type as a list of solids of shells of faces
            boundaries, values = [boundaries], [values]
        for solid, solid_values in zip(boundaries, values or [None] * len(boundaries), strict=False):
            for shell, shell_values in zip(solid, solid_values or [None] * len(solid), strict=False):
                self._bodies += 1
                for face, value in zip(shell, shell_values or [None] * len(shell), strict=True):
                    if value is not None and inner[value]:
                        continue
                    rings = [r[:-1] if len(r) > 1 and r[0] == r[-1] else r for r in face]
                    if not rings or len(rings[0]) < 3:
                        continue
                    if max(map(max, rings)) >= vertices or min(map(min, rings)) < 0:
                        raise IndexError("no such vertex")
                    rings = [rings[0], *(r for r in rings[1:] if len(r) >= 3)]
                    kind = FaceKind.UNKNOWN if value is None else kinds[value]
                    rows.append((rings, int(kind), self._bodies, depth > 0))

    def faces(self) -> Faces:
        """All that was taken, as columns."""

        def starts(counts: Iterable[int]) -> NDArray[np.int64]:
            return np.concatenate([[0], np.cumsum(np.fromiter(counts, np.int64))]).astype(np.int64)

        return Faces(
            xyz=np.concatenate(self._xyz) if self._xyz else np.zeros((0, 3)),
            ring_start=starts(self._rings), face_start=starts(self._faces),
            kind=np.array(self._kind, np.int8), building=np.array(self._building, np.int32),
            body=np.array(self._body, np.int32), solid=np.array(self._solid, bool),
        )  # fmt: skip


def _descendants(item: dict[str, Any], objects: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Parts and installations below `item`, at any depth; a child that refers back to itself is met once."""
    seen: set[str] = set()
    queue = list(item.get("children") or ())
    while queue:
        key = queue.pop(0)
        child = objects.get(key)
        if key in seen or child is None or child.get("type") not in _PARTS:
            continue
        seen.add(key)
        yield child
        queue += child.get("children") or ()
