"""Batch tables: properties of the features of a 1.0 tile, as JSON, as binary columns, or in a hierarchy of classes.

Sources: 3D Tiles 1.0, "Batch Table" (JSON and binary body), 3DTILES_batch_table_hierarchy.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.tiles.features import Column, Table
from app.tiles.formats.reading import Reading, naming
from app.tiles.mesh import Unreadable

Array = NDArray[Any]

TYPES = {
    "BYTE": np.int8, "UNSIGNED_BYTE": np.uint8, "SHORT": np.int16, "UNSIGNED_SHORT": np.uint16, "INT": np.int32,
    "UNSIGNED_INT": np.uint32, "FLOAT": np.float32, "DOUBLE": np.float64,
}  # fmt: skip
"""Component types of feature and batch tables."""
WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}
HIERARCHY = "3DTILES_batch_table_hierarchy"
_DEEPEST, _MOST_STEPS, _MOST_CELLS = 1000, 1_000_000, 10_000_000


def binary_column(body: memoryview, offset: Any, kind: Any, width: int, count: int, what: str) -> Array:
    """[count] or [count, width] numbers at `offset` of a binary body, a view.

    Raises:
        Unreadable: they reach beyond it, or are of no known type.
    """
    if kind not in TYPES or type(offset) is not int or offset < 0:
        raise Unreadable(f"{what} has no known type or place")
    dtype = np.dtype(TYPES[kind])
    if offset + count * width * dtype.itemsize > len(body):
        raise Unreadable(f"{what} reaches beyond the {len(body)} bytes of its table")
    array: Array = np.ndarray((count, width), dtype, body, offset)
    return array[:, 0] if width == 1 else array


def table(
    given: Mapping[str, Any],
    body: memoryview,
    count: int,
    reading: Reading,
    *,
    unpacked: dict[int, Array] | None = None,
) -> Table:
    """The table of `count` features; `unpacked` are the Draco attributes of a point cloud, by id.

    Raises:
        Unreadable: a column does not fit.
    """
    packed = given.get("extensions", {}).get("3DTILES_draco_point_compression", {}).get("properties", {})
    with naming("the properties of the batch table"):
        columns = _columns(given, body, count, unpacked, packed)
        tree = given.get("extensions", {}).get(HIERARCHY, given.get("HIERARCHY"))
        if isinstance(tree, dict):
            inherited, lineages, lineage = _hierarchy(tree, body, count)
            columns = {**inherited, **columns}
            return Table(count, columns, reading.ids(columns), lineages, lineage)
        return Table(count, columns, reading.ids(columns))


def _columns(
    given: Mapping[str, Any], body: memoryview, count: int, unpacked: dict[int, Array] | None, packed: Mapping[str, Any]
) -> dict[str, Column]:
    columns: dict[str, Column] = {}
    for name, value in given.items():
        if name in packed and unpacked is not None:
            columns[name] = _unpacked(unpacked, packed[name], count, name)
        elif isinstance(value, list):
            if len(value) < count:
                raise Unreadable(f"the property {name} of the batch table has {len(value)} values for {count} features")
            columns[name] = _array_of(value[:count])
        elif isinstance(value, dict) and "byteOffset" in value:
            columns[name] = binary_column(
                body, value["byteOffset"], value.get("componentType"), WIDTHS.get(value.get("type", "SCALAR"), 1),
                count, f"the property {name} of the batch table",
            )  # fmt: skip
    return columns


def _unpacked(unpacked: dict[int, Array], unique: Any, count: int, name: str) -> Array:
    array = unpacked.get(unique)
    if array is None or len(array) != count:
        raise Unreadable(f"the Draco data of the point cloud has no property {name} of {count} points")
    return array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array


def _array_of(values: list[Any]) -> Column:
    """Numbers as an array, anything else as it is."""
    if values and all(type(v) in (int, float) for v in values):
        try:
            return np.array(values)
        except OverflowError:
            return values
    return values


def _hierarchy(
    tree: Mapping[str, Any], body: memoryview, count: int
) -> tuple[dict[str, Column], tuple[tuple[str, ...], ...], Array]:
    """Properties of each feature: of its own instance, else of the nearest of its parents that has them.

    And the lines of classes that there are, own first, and [feature] which of them it is of.
    """
    total, classes = tree["instancesLength"], tree["classes"]
    if type(total) is not int or total < count:
        raise Unreadable(f"the batch table's hierarchy has {total} instances for {count} features")
    of_class = _numbers(tree["classIds"], body, total, "classIds")
    counts = _numbers(tree["parentCounts"], body, total, "parentCounts") if "parentCounts" in tree else None
    parents: Array = np.zeros(0, np.int64)
    if "parentIds" in tree:
        parents = _numbers(tree["parentIds"], body, int(counts.sum()) if counts is not None else total, "parentIds")
    if counts is None:
        counts = np.full(total, 1 if len(parents) else 0)
    first = np.concatenate([[0], np.cumsum(counts)])
    if (of_class < 0).any() or (of_class >= len(classes)).any() or ((parents < 0) | (parents >= total)).any():
        raise Unreadable("the batch table's hierarchy points beyond its instances or classes")
    members = np.bincount(of_class, minlength=len(classes))
    order = np.argsort(of_class, kind="stable")
    within = np.empty(total, np.int64)  # which of its class an instance is
    within[order] = np.arange(total) - np.repeat(np.cumsum(members) - members, members)
    owned: list[dict[str, Any]] = []
    for k, one in enumerate(classes):
        owned.append({n: _property(v, body, int(members[k]), n) for n, v in one.get("instances", {}).items()})
    names = list(dict.fromkeys(name for group in owned for name in group))
    if len(names) * count > _MOST_CELLS:
        raise Unreadable(f"the batch table's hierarchy is too large: {len(names)} properties, {count} features")
    found: dict[str, list[Any]] = {name: [None] * count for name in names}
    kinds = [str(one.get("name", k)) for k, one in enumerate(classes)]
    known: dict[tuple[str, ...], int] = {}
    lineage = np.zeros(count, np.int32)
    steps = 0
    for feature in range(count):
        line = _lineage(feature, first, parents)
        steps += len(line)
        if steps > _MOST_STEPS:
            raise Unreadable(f"the batch table's hierarchy is too deep for its {count} features")
        of_kinds = tuple(dict.fromkeys(kinds[of_class[instance]] for instance in line))
        lineage[feature] = known.setdefault(of_kinds, len(known))
        for instance in line:
            for name, column in owned[of_class[instance]].items():
                if found[name][feature] is None:
                    found[name][feature] = column[within[instance]]
    found["class"] = [kinds[k] for k in of_class[:count]]
    flat = {name: _array_of([v.item() if isinstance(v, np.generic) else v for v in c]) for name, c in found.items()}
    return flat, tuple(known), lineage


def _lineage(instance: int, first: Array, parents: Array) -> list[int]:
    """The instance and all above it, nearest first; a parent that is itself ends a line."""
    line, seen = [instance], {instance}
    for at in line:
        for parent in parents[first[at] : first[at + 1]].tolist():
            if parent not in seen and len(line) < _DEEPEST:
                seen.add(parent)
                line.append(parent)
    return line


def _numbers(value: Any, body: memoryview, count: int, what: str) -> Array:
    if isinstance(value, dict):
        kind = value.get("componentType", "UNSIGNED_SHORT")
        made = binary_column(body, value.get("byteOffset"), kind, 1, count, f"{what} of the hierarchy")
        return made.astype(np.int64)
    if not isinstance(value, list) or len(value) < count:
        raise Unreadable(f"{what} of the batch table's hierarchy are fewer than {count}")
    return np.array(value[:count], np.int64)


def _property(value: Any, body: memoryview, count: int, name: str) -> Any:
    if isinstance(value, dict):
        width = WIDTHS.get(value.get("type", "SCALAR"), 1)
        at, kind = value.get("byteOffset"), value.get("componentType")
        return binary_column(body, at, kind, width, count, f"the property {name}")
    if not isinstance(value, list) or len(value) < count:
        raise Unreadable(f"the property {name} of the batch table's hierarchy has fewer than {count} values")
    return value
