"""Volumes and transforms as a document writes them. Source: OGC 22-025r4 (3D Tiles 1.1) sections 7.4 and 7.5."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.tiles.tree import volumes

_FIELD = {"box": volumes.BOX, "region": volumes.REGION, "sphere": volumes.SPHERE}
_S2 = "3DTILES_bounding_volume_S2"
LARGEST = 1e15
"""Numbers beyond it, in metres a tenth of a light year, are no place: their squares and products would overflow."""

_NUMBERS = frozenset((int, float))


class Volume(NamedTuple):
    """A bounding volume as the document gives it."""

    kind: int
    values: list[float]


class Odd(Exception):  # noqa: N818 - a reason
    """What is wrong with a part of a tile, in words."""


def extension(json: Mapping[str, Any], name: str) -> Any:
    """The extension object `name` of a part of a document, None without."""
    extensions = json.get("extensions")
    return extensions.get(name) if type(extensions) is dict else None


def volume_of(json: Any) -> Volume:
    """A bounding volume as a document writes it.

    Raises:
        Odd: it is malformed.
    """
    if type(json) is not dict:
        raise Odd("it has no boundingVolume")
    cell = extension(json, _S2) if "extensions" in json else None
    if type(cell) is dict:
        try:
            where = volumes.cell_of(str(cell.get("token", "")))
        except ValueError as error:
            raise Odd(str(error)) from error
        heights = _numbers([cell.get("minimumHeight"), cell.get("maximumHeight")], 2, "an S2 cell")
        return Volume(volumes.S2, [float(v) for v in where] + heights)
    for name, kind in _FIELD.items():
        if name in json:
            values = _numbers(json[name], volumes.WIDTH[kind], f"boundingVolume.{name}")
            if kind == volumes.SPHERE and values[3] < 0:
                raise Odd("the radius of its boundingVolume is negative")
            return Volume(kind, values)
    raise Odd("its boundingVolume is neither box nor region nor sphere nor S2 cell")


def _numbers(values: Any, count: int, what: str) -> list[float]:
    if type(values) is list and len(values) == count:
        if _NUMBERS.issuperset(map(type, values)) and sum(map(abs, values)) < LARGEST:  # as a rule
            return values
        if all(map(is_number, values)):
            return values
    raise Odd(f"{what} is not {count} finite numbers")


def is_number(value: Any) -> bool:
    """Whether a value is a number that arithmetic can bear."""
    kind = type(value)
    return (kind is float or kind is int) and -LARGEST < value < LARGEST


def error_of(value: Any) -> float | None:
    """A geometric error [tile's own units]; some write 1e100 where they mean without end. None where it is none."""
    kind = type(value)
    if (kind is float or kind is int) and value >= 0 and not (kind is float and math.isinf(value)):
        return float(min(value, LARGEST))
    return None


def transform_of(values: Any) -> NDArray[np.float64]:
    """[4, 4] of a tile's transform, which a document writes column by column."""
    matrix = np.array(_numbers(values, 16, "transform"), np.float64).reshape(4, 4).T
    if abs(np.linalg.det(matrix[:3, :3])) < 1e-300 or np.linalg.cond(matrix[:3, :3]) > 1e12:
        raise Odd("its transform is singular")
    if not np.array_equal(matrix[3], (0.0, 0.0, 0.0, 1.0)):
        raise Odd("its transform is not affine")
    return matrix
