"""Geometry and attributes of one CityGML object: its polygons by level of detail, each once, with kind and shell."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools.city import INNER, KIND_OF, FaceKind
from tools.safexml import local

Element = Any
Float = NDArray[np.float64]
_LOD = re.compile(r"^lod([0-4])[A-Z]")
_SURFACES = {"Polygon", "Triangle", "Rectangle", "PolygonPatch"}
_MEMBERS = {"BuildingPart", "BuildingInstallation", "BuildingConstructiveElement"}
_AREAS = {"TrafficArea", "AuxiliaryTrafficArea", "TrafficSpace", "AuxiliaryTrafficSpace"}
_CLOSED = {
    "interiorRoom", "interiorFurniture", "interiorBuildingInstallation", "roomInstallation", "buildingRoom",
    "buildingFurniture", "buildingSubdivision", "buildingUnit", "address", "appearance", "appearanceMember",
    "externalReference", "generalizesTo", "WaterGroundSurface", "WaterClosureSurface", "relativeToTerrain",
    "ImplicitGeometry", "extent", "hole",
}  # fmt: skip
"""Elements that are not entered."""


@dataclass
class Face:
    """One polygon: its outer ring, then holes."""

    rings: list[Float]
    kind: int
    body: int
    solid: bool
    inline: bool
    """Written inside a solid, not in a semantic surface."""


class Walk:
    """The polygons of one object or part, by level of detail; what is a part of its own is listed in `members`."""

    def __init__(
        self, item: Element, next_body: Callable[[], int], *, material: int | None = None,
        of_area: Callable[[Element, str], int] | None = None,
    ) -> None:  # fmt: skip
        self.item = item
        self.members: list[Element] = []
        self._next, self._of_area, self._is_ground = next_body, of_area, material is not None
        self._shell = next_body()
        self._ids: dict[str, Element] = {}
        for element in item.iter():
            for key, value in element.attrib.items():
                if key.rsplit("}", 1)[-1] == "id":
                    self._ids.setdefault(value, element)
        self._lods: dict[int, dict[Element, Face]] = {}
        kind = int(FaceKind.UNKNOWN) if material is None else material
        lod = 0 if self._is_ground else None
        for child in item:
            self._enter(child, kind, lod, body=self._shell, solid=False, turn=False, depth=0)

    def best(self) -> int:
        """Best level of detail that is a volume; 0 = none."""
        return max((n for n in self._lods if n >= 1), default=0)

    def faces(self) -> list[Face]:
        """The polygons of the best level of detail."""
        if not self._lods or not (self._is_ground or self.best()):
            return []
        found = list(self._lods[max(self._lods)].values())
        if not self._is_ground:
            named = [f for f in found if f.kind != FaceKind.UNKNOWN]
            if named and not any(f.solid for f in named):
                found = [f for f in found if not f.inline]  # a solid that repeats what the surfaces hold
        return found

    def _enter(
        self, element: Element, kind: int, lod: int | None, *, body: int, solid: bool, turn: bool, depth: int
    ) -> None:
        name = local(element)
        if name in _CLOSED or name in INNER or depth > 60:
            return
        if name in _MEMBERS:
            self.members.append(element)
            return
        if self._of_area is not None and name in _AREAS:
            kind = self._of_area(element, name)
        elif not self._is_ground and name in KIND_OF:
            kind = int(KIND_OF[name])
        level = _LOD.match(name)
        if level:
            lod = int(level.group(1))
        if name == "Solid":
            body, solid = self._next(), True
        if name == "OrientableSurface" and element.get("orientation") == "-":
            turn = not turn
        if name in _SURFACES:
            if lod is not None:
                self._take(element, Face([], kind, body, solid, inline=solid and kind == FaceKind.UNKNOWN), lod, turn)
            return
        href = next((v for k, v in element.attrib.items() if k.endswith("}href")), "")
        if href.startswith("#") and lod is not None and href[1:] in self._ids:
            target = self._ids[href[1:]]
            self._enter(target, kind, lod, body=body, solid=solid, turn=turn, depth=depth + 1)
            return
        for child in element:
            self._enter(child, kind, lod, body=body, solid=solid, turn=turn, depth=depth + 1)

    def _take(self, element: Element, face: Face, lod: int, turn: bool) -> None:
        """Note a polygon at its level; met again, it gains a kind from its surface or a shell from its solid."""
        known = self._lods.setdefault(lod, {}).get(element)
        if known is None:
            face.rings = rings_of(element)
            if face.rings:
                if turn:
                    face.rings = [r[::-1] for r in face.rings]
                self._lods[lod][element] = face
            return
        if known.kind == FaceKind.UNKNOWN and not self._is_ground:
            known.kind, known.inline = face.kind, known.inline and face.kind == FaceKind.UNKNOWN
        if face.solid and not known.solid:
            known.body, known.solid = face.body, True


def rings_of(polygon: Element) -> list[Float]:
    """[n, 3] corners of the outer ring and of the holes, the repeated end taken off; empty where it has no area.

    Raises:
        ValueError: something that is no number.
    """
    found: list[Float] = []
    for part in polygon:
        name = local(part)
        if name in ("exterior", "outerBoundaryIs"):
            found.insert(0, _ring(part))
        elif name in ("interior", "innerBoundaryIs"):
            found.append(_ring(part))
    if not found or len(found[0]) < 3:
        return []
    return [found[0], *(r for r in found[1:] if len(r) >= 3)]


def _ring(part: Element) -> Float:
    points = points_of(part)
    if len(points) > 1 and (points[0] == points[-1]).all():
        points = points[:-1]
    return points


def points_of(element: Element) -> Float:
    """[n, 3] all positions below an element: posList, pos, or GML 2's coordinates; z is 0 where there is none."""
    pieces = []
    for child in element.iter("{*}posList", "{*}pos", "{*}coordinates"):
        name = local(child)
        if name == "posList":
            values = np.array((child.text or "").split(), float)
            width = _dimension(child, len(values))
            pieces.append(values.reshape(-1, width))
        elif name == "pos":
            pieces.append(np.array((child.text or "").split(), float).reshape(1, -1))
        elif name == "coordinates":
            pieces.append(np.array([t.split(",") for t in (child.text or "").split()], float))
    full = [p if p.shape[1] == 3 else np.column_stack([p, np.zeros(len(p))]) for p in pieces if p.size]
    if any(p.shape[1] != 3 for p in full):
        raise ValueError("positions are neither in two nor in three dimensions")
    found = np.concatenate(full) if full else np.zeros((0, 3))
    if not (np.abs(found) < 1e10).all():
        raise ValueError("no place on earth")
    return found


def _dimension(element: Element, count: int) -> int:
    while element is not None:
        said = element.get("srsDimension")
        if said:
            return int(said)
        element = element.getparent()
    return 3 if count % 3 == 0 else 2


def attributes_of(element: Element) -> dict[str, Any]:
    """Plain properties and generic attributes of an object itself; repeated ones as a list."""
    found: dict[str, Any] = {}

    def note(key: str, text: str | None) -> None:
        if text and text.strip():
            value = text.strip()
            found[key] = value if key not in found else [*_listed(found[key]), value]

    for child in element:
        name = local(child)
        if name.endswith("Attribute") and len(child):
            inner = child[0] if name == "genericAttribute" else child
            key = inner.get("name") or _text(inner, "name")
            if key:
                note(key, _text(inner, "value"))
        elif not len(child):
            note(name, child.text)
        elif name == "height" and local(child[0]) == "Height":
            note("measuredHeight", _text(child[0], "value"))
    return found


def _text(element: Element, name: str) -> str:
    return next((c.text or "" for c in element if local(c) == name), "")


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
