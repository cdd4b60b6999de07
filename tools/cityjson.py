"""CityJSON 1.0, 1.1, 2.0, CityJSONSeq and collections of features to a City, in the source's own coordinates.

A building is the top-level Building; its parts and installations are merged into it. Of every object the best
level of detail counts; level 0 is never a volume. Roads, water, plants, land use and terrain become ground, single
trees become trees, an object with an attribute `plant` a place for plant. Source: CityJSON specifications 1.0.3,
1.1.3, 2.0.1 (cityjson.org/specs).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from network.problems import Refused
from tools import groundwords, srs
from tools.city import FARTHEST, INNER, KIND_OF, City, FaceKind, Gather, TooLarge, check_size
from tools.land import NamedPlant

VERSIONS = ("1.0", "1.1", "2.0")
_PARTS = {"BuildingPart", "BuildingInstallation", "BuildingConstructiveElement"}
_INSIDE = {"BuildingRoom", "BuildingStorey", "BuildingUnit", "BuildingFurniture"}
_GROUND = {
    "Road", "Railway", "TransportSquare", "Waterway", "WaterWay", "WaterBody", "PlantCover", "LandUse", "Bridge",
    "BridgePart", "TINRelief",
}  # fmt: skip
_OTHER = {
    "BridgeInstallation", "BridgeConstructionElement", "BridgeConstructiveElement", "BridgeRoom", "BridgeFurniture",
    "CityFurniture", "CityObjectGroup", "GenericCityObject", "OtherConstruction", "Tunnel", "TunnelPart",
    "TunnelInstallation", "TunnelConstructiveElement", "TunnelHollowSpace", "TunnelFurniture",
}  # fmt: skip
"""Standard types that are neither: counted, left out."""
_PLANT = {"battery", "turbine", "canopy", "charger"}
_DEPTH = {"MultiSurface": 0, "CompositeSurface": 0, "Solid": 1, "MultiSolid": 2, "CompositeSolid": 2}
_BAD = (IndexError, KeyError, TypeError, ValueError, AttributeError)
Rows = list[tuple[list[list[int]], int, int, bool]]
"""(rings of vertex numbers, kind, body, solid) of each face."""


def parse(path: Path, data: bytes, *, sequence: bool) -> City:
    """The buildings and the ground of a CityJSON file, or of a CityJSONSeq one (a header and one feature a line).

    Raises:
        Refused: truncated, another format or an unknown version.
    """
    gather = Gather(path.name)
    crs_text, credit = "", ""
    for header, objects, vertices in _models(path, data, sequence=sequence):
        crs_text, credit = _crs_text(header), _credit(header)
        _Reader(gather, objects, vertices).take_all()
    if not sequence:
        gather.repeated += _repeated(data)
    return gather.city(crs=srs.parse(crs_text), crs_text=crs_text, credit=credit)


# ---------------------------------------------------------------- file -> models


def _models(
    path: Path, data: bytes, *, sequence: bool
) -> Iterator[tuple[dict[str, Any], dict[str, Any], NDArray[np.float64]]]:
    """(header, city objects, vertices) once for CityJSON, once per feature for CityJSONSeq and collections."""
    lines = [n for n in enumerate(data.splitlines(), 1) if n[1].strip()] if sequence else []
    head = decode(path, lines[0][1], 1) if sequence else decode(path, data, 0)
    if isinstance(head, dict) and head.get("type") == "FeatureCollection":
        yield from _collection(path, head)
        return
    _check_head(path, head)
    if head.get("CityObjects"):
        yield head, _objects(path, head), _vertices(path, head, head)
    for number, line in lines[1:]:
        feature = decode(path, line, number)
        if not isinstance(feature, dict) or feature.get("type") != "CityJSONFeature":
            raise Refused(f"{path}, line {number}: not a CityJSONFeature; give CityJSONSeq, one feature a line")
        yield head, _objects(path, feature), _vertices(path, feature, head)


def _collection(
    path: Path, head: dict[str, Any]
) -> Iterator[tuple[dict[str, Any], dict[str, Any], NDArray[np.float64]]]:
    """Features of a FeatureCollection of CityJSONFeatures; transform and metadata stand on it or on each."""
    features = head.get("features")
    for number, feature in enumerate(features if isinstance(features, list) else (), 1):
        if not isinstance(feature, dict) or feature.get("type") != "CityJSONFeature":
            raise Refused(f"{path}, feature {number}: not a CityJSONFeature; export the collection again")
        header = {k: feature.get(k) or head.get(k) for k in ("transform", "metadata")}
        yield header, _objects(path, feature), _vertices(path, feature, header)


def _objects(path: Path, model: dict[str, Any]) -> dict[str, Any]:
    objects = model.get("CityObjects", {})
    if not isinstance(objects, dict):
        raise Refused(f"{path}: CityObjects is a {type(objects).__name__}, not an object; export the file again")
    return objects


def decode(path: Path, data: bytes, line: int) -> Any:
    """JSON of a file, or of one of its lines (0 = the whole).

    Raises:
        Refused: it is not JSON, or not whole.
    """
    where = f", line {line}" if line else ""
    try:
        return msgspec.json.decode(data)
    except msgspec.DecodeError as e:
        what = "is truncated" if "truncated" in str(e) else f"is not JSON ({e})"
        raise Refused(f"{path}{where} {what}; fetch or export the file again") from e
    except UnicodeDecodeError as e:
        raise Refused(f"{path}{where} is not in UTF-8 (byte {e.start}); save it in UTF-8, as JSON demands") from e
    except RecursionError as e:
        raise Refused(f"{path} is nested deeper than CityJSON allows; export the file again") from e


_OBJECT_KEY = re.compile(rb'"([^"]*)"\s*:\s*\{(?=\s*")')
_COMMON = {b"", b"attributes", b"address", b"semantics", b"material", b"texture", b"location"}


def _repeated(data: bytes) -> list[str]:
    """Keys that CityObjects hold more than once; JSON readers keep the last without a word.

    A search over the bytes says whether any key could be; only then the file is read once more, pair by pair.
    """
    if max(Counter(k for k in _OBJECT_KEY.findall(data) if k not in _COMMON).values(), default=0) < 2:
        return []
    found: list[str] = []

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        last = dict(items)
        if len(last) < len(items) and any(isinstance(v, dict) and "geometry" in v for v in last.values()):
            found.extend(k for k, n in Counter(k for k, _ in items).items() if n > 1)
        return last

    json.loads(data, object_pairs_hook=pairs, parse_int=float)
    return found


def _check_head(path: Path, head: Any) -> None:
    kind = head.get("type") if isinstance(head, dict) else type(head).__name__
    if kind == "CityJSONFeature":
        raise Refused(f"{path} begins with a feature, not with the CityJSON header line; put the header first")
    if kind != "CityJSON":
        what = f"is of type {kind!r}, not CityJSON" if kind else "says nowhere that it is CityJSON"
        raise Refused(f"{path} {what}; convert it to CityJSON first")
    version = str(head.get("version", ""))
    if not version.startswith(VERSIONS):
        raise Refused(
            f"{path} is CityJSON {version or 'without a version'}; versions {', '.join(VERSIONS)} are read, "
            "convert it to one of them, for example with cjio"
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


def _best(item: dict[str, Any], *, least: float = 1.0) -> tuple[float, list[dict[str, Any]]]:
    """Best level of detail from `least` (1: a volume), and the geometries of it."""
    usable = [g for g in item.get("geometry") or [] if g.get("type") in _DEPTH and _lod(g) >= least]
    best = max((_lod(g) for g in usable), default=0.0)
    return best, [g for g in usable if _lod(g) == best]


class _Reader:
    """Takes the objects of one model into a Gather."""

    def __init__(self, gather: Gather, objects: dict[str, Any], vertices: NDArray[np.float64]) -> None:
        self.gather, self.objects, self.vertices = gather, objects, vertices

    def take_all(self) -> None:
        """Every Building with what belongs to it, every piece of ground, tree and plant."""
        g = self.gather
        for key, item in self.objects.items():
            kind = str(item.get("type", "")) if isinstance(item, dict) else "?"
            bad = g.broken if kind == "Building" else g.broken_soil
            try:
                if kind == "Building":
                    self._building(key, item)
                elif kind in _GROUND:
                    self._ground(key, kind, item)
                elif kind == "SolitaryVegetationObject":
                    self._tree(item)
                elif kind in _OTHER:
                    self._other(key, kind, item)
                elif kind not in _PARTS | _INSIDE:
                    g.unknown.setdefault(kind, []).append(key)
            except TooLarge:
                g.large.append(key)
            except _BAD:
                bad.append(key)

    def _building(self, key: str, item: dict[str, Any]) -> None:
        parts = list(_descendants(item, self.objects))
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
        rows: Rows = []
        for geometry in geometries:
            self._flatten(geometry, rows, KIND_OF, inner=INNER)
        if not rows:
            self.gather.empty.append(key)
            return
        self.gather.building(key, max(lod, best_part), attributes, self._points(rows), _lengths(rows))

    def _ground(self, key: str, kind: str, item: dict[str, Any]) -> None:
        attributes = item.get("attributes") or {}
        whole = int(groundwords.material(kind, attributes))
        rows: Rows = []
        for geometry in _best(item, least=0.0)[1]:
            surfaces = (geometry.get("semantics") or {}).get("surfaces") or ()
            materials = [int(groundwords.material(kind, attributes | s, surface=str(s.get("type")))) for s in surfaces]
            self._flatten(geometry, rows, materials, otherwise=whole)
        if rows:
            self.gather.ground(key, kind, self._points(rows), _lengths(rows))

    def _tree(self, item: dict[str, Any]) -> None:
        attributes = {k.lower(): v for k, v in (item.get("attributes") or {}).items()}
        points = self._where(item)
        if not len(points):
            self.gather.skip("SolitaryVegetationObject")
            return
        low = points[:, 2].min()
        stem = points[points[:, 2] <= low + 0.5, :2]
        foot = (stem.min(axis=0) + stem.max(axis=0)) / 2
        height = _positive(attributes.get("height")) or float(np.ptp(points[:, 2]))
        crown = _positive(attributes.get("crowndiameter")) / 2
        self.gather.trees.append((float(foot[0]), float(foot[1]), float(low), height, crown))

    def _other(self, key: str, kind: str, item: dict[str, Any]) -> None:
        attributes = item.get("attributes") or {}
        plant = str(attributes.get("plant", "")).lower()
        points = self._where(item) if plant in _PLANT else np.zeros((0, 3))
        if not len(points):
            self.gather.skip(kind)
            return
        x, y = (points[:, :2].min(axis=0) + points[:, :2].max(axis=0)) / 2
        rows: Rows = []
        for geometry in _best(item, least=0.0)[1]:
            self._flatten(geometry, rows, [])
        area = sum(_plan_m2(self.vertices[rings[0]]) for rings, *_ in rows)
        area = area / 2 if any(solid for *_, solid in rows) else area
        self.gather.plant.append(
            NamedPlant(key, plant, float(x), float(y), float(points[:, 2].min()), area, dict(attributes))
        )

    def _where(self, item: dict[str, Any]) -> NDArray[np.float64]:
        """[n, 3] all points of an object, of any kind of geometry; templates count by their reference point."""
        found: set[int] = set()
        for geometry in item.get("geometry") or ():
            stack = [geometry.get("boundaries")]
            while stack:
                part = stack.pop()
                if isinstance(part, int):
                    found.add(part)
                elif isinstance(part, list):
                    stack += part
            check_size([len(found)])
        if found and (min(found) < 0 or max(found) >= len(self.vertices)):
            raise IndexError("no such vertex")
        return self.vertices[sorted(found)]

    def _points(self, rows: Rows) -> NDArray[np.float64]:
        return self.vertices[[corner for rings, *_ in rows for ring in rings for corner in ring]]

    def _flatten(
        self, geometry: dict[str, Any], rows: Rows, kinds: Any, *, inner: set[str] | frozenset[str] = frozenset(),
        otherwise: int = int(FaceKind.UNKNOWN),
    ) -> None:  # fmt: skip
        """Append every face of one geometry; `kinds` by the name of its surface, or by its number, else `otherwise`."""
        depth = _DEPTH[geometry["type"]]
        boundaries: Any = geometry["boundaries"]
        semantics = geometry.get("semantics") or {}
        names = [s.get("type") for s in semantics.get("surfaces", ())]
        of_surface = [int(kinds.get(n, otherwise)) for n in names] if isinstance(kinds, dict) else kinds
        values: Any = semantics.get("values")
        for _ in range(2 - depth):  # every type as a list of solids of shells of faces
            boundaries, values = [boundaries], [values]
        total = sum(len(rings[0]) for rings, *_ in rows if rings)
        for solid, solid_values in zip(boundaries, values or [None] * len(boundaries), strict=False):
            for shell, shell_values in zip(solid, solid_values or [None] * len(solid), strict=False):
                body = self.gather.next_body()
                for face, value in zip(shell, shell_values or [None] * len(shell), strict=True):
                    if value is not None and names[value] in inner:
                        continue
                    rings = self._rings(face)
                    if not rings:
                        continue
                    total = check_size([total, *map(len, rings)]) if isinstance(kinds, dict) else total
                    kind = otherwise if value is None or not of_surface else of_surface[value]
                    rows.append((rings, kind, body, depth > 0))

    def _rings(self, face: list[list[int]]) -> list[list[int]]:
        """Rings of a face without repeated ends; none where it has fewer than three corners."""
        rings = [r[:-1] if len(r) > 1 and r[0] == r[-1] else r for r in face]
        if not rings or len(rings[0]) < 3:
            return []
        if max(map(max, rings)) >= len(self.vertices) or min(map(min, rings)) < 0:
            raise IndexError("no such vertex")
        return [rings[0], *(r for r in rings[1:] if len(r) >= 3)]


def _lengths(rows: Rows) -> list[tuple[list[int], int, int, bool]]:
    return [([len(r) for r in rings], kind, body, solid) for rings, kind, body, solid in rows]


def _plan_m2(ring: NDArray[np.float64]) -> float:
    """Plan area of a ring."""
    x, y = (ring[:, k] - ring[0, k] for k in range(2))
    return float(abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2)


def _positive(value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return 0.0
    return number if 0.0 < number < 200.0 else 0.0


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
