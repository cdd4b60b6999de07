"""Values of metadata properties, from binary tables or JSON: one door for glTF tables, subtrees and tilesets.

Source: OGC 22-025r4 (3D Tiles 1.1) chapter "3D Metadata": section 11.2 (types), 11.3 (values: normalized, offset,
scale, noData, default), 11.4 and 11.5 (binary and JSON encoding). EXT_structural_metadata has the same encoding.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.tiles.features import Column
from app.tiles.mesh import Unreadable

Array = NDArray[Any]
Json = Mapping[str, Any]
View = Callable[[int], memoryview]
"""Bytes of a buffer view by its row."""

COMPONENTS = {
    name: np.dtype(name.lower()).newbyteorder("<")
    for name in ("INT8", "UINT8", "INT16", "UINT16", "INT32", "UINT32", "INT64", "UINT64", "FLOAT32", "FLOAT64")
}
"""Component types."""
WIDTH = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT2": 4, "MAT3": 9, "MAT4": 16, "ENUM": 1}
"""Components of one element; matrices column by column."""
MOST_VALUES = 100_000_000
"""Of one property of one table."""


@dataclass(frozen=True)
class Property:
    """A property of a class."""

    type: str
    """SCALAR, VECn, MATn, STRING, BOOLEAN or ENUM."""
    component: np.dtype[Any] | None = None
    """Of numbers and of the stored values of enums."""
    array: bool = False
    count: int | None = None
    """Elements of each array; None: they vary."""
    normalized: bool = False
    offset: Any = None
    scale: Any = None
    no_data: Any = None
    default: Any = None
    required: bool = False
    semantic: str = ""
    names: Mapping[int, str] | None = None
    """Names of an enum's values."""
    title: str = ""
    """What it is called for people; empty: as in the class."""
    description: str = ""


def described(json: Any, enums: Json | None = None) -> Property:
    """A property as a schema describes it; `enums` are the schema's.

    Raises:
        Unreadable: the description is none.
    """
    if not isinstance(json, Mapping):
        raise Unreadable("a property of a metadata class is no object")
    kind, component = json.get("type", "SCALAR"), json.get("componentType")
    array, count = json.get("array", False) is True, json.get("count")
    if kind == "ARRAY":  # before 1.1: an array of `componentType`
        array, count, kind, component = True, json.get("componentCount"), component, None
    if kind in COMPONENTS:
        kind, component = "SCALAR", kind
    names = None
    if kind == "ENUM":
        enum = (enums or {}).get(str(json.get("enumType")))
        if not isinstance(enum, Mapping):
            raise Unreadable(f"enum {json.get('enumType')!r} is not in the schema")
        component = enum.get("valueType", "UINT16")
        names = {int(v["value"]): str(v["name"]) for v in enum.get("values", ())}
    if kind not in WIDTH and kind not in ("STRING", "BOOLEAN"):
        raise Unreadable(f"metadata of type {str(kind)[:40]!r} are not read")
    if kind in WIDTH and component not in COMPONENTS:
        raise Unreadable(f"metadata of component type {str(component)[:40]!r} are not read")
    if count is not None and (type(count) is not int or not 1 <= count <= MOST_VALUES):
        raise Unreadable(f"an array of {str(count)[:40]} elements is not read")
    return Property(
        type=kind, component=COMPONENTS[str(component)] if kind in WIDTH else None, array=array, count=count,
        normalized=json.get("normalized") is True, offset=json.get("offset"), scale=json.get("scale"),
        no_data=json.get("noData"), default=json.get("default"), required=json.get("required") is True,
        semantic=str(json.get("semantic") or ""), names=names, title=str(json.get("name") or ""),
        description=str(json.get("description") or ""),
    )  # fmt: skip


def class_of(schema: Any, name: Any) -> dict[str, Property]:
    """The properties of a class of a schema (JSON), those that make no sense left out.

    Raises:
        Unreadable: there is no such class.
    """
    classes = schema.get("classes") if isinstance(schema, Mapping) else None
    one = classes.get(name) if isinstance(classes, Mapping) and isinstance(name, str) else None
    if not isinstance(one, Mapping):
        raise Unreadable(f"metadata class {str(name)[:40]!r} is not in the schema")
    found = {}
    for key, json in (one.get("properties") or {}).items():
        try:
            found[str(key)] = described(json, schema.get("enums"))
        except (Unreadable, KeyError, TypeError, ValueError):
            continue
    return found


def columns(properties: Mapping[str, Property], table: Json, view: View) -> dict[str, Column]:
    """Columns of a property table (`count`, `properties`) of a class; defaults where a property is not stored.

    Raises:
        Unreadable: a stored property contradicts itself.
    """
    count = table.get("count")
    if type(count) is not int or not 0 <= count <= MOST_VALUES:
        raise Unreadable(f"a property table of {str(count)[:40]} rows is not read")
    stored = table.get("properties") or {}
    found: dict[str, Column] = {}
    for name, prop in properties.items():
        if name in stored:
            try:
                found[name] = column(prop, stored[name], count, view)
            except (AttributeError, LookupError, TypeError, ValueError, ArithmeticError, MemoryError) as error:
                raise Unreadable(f"metadata property {name!r} is inconsistent ({str(error)[:100]})") from error
        elif prop.default is not None:
            found[name] = [value(prop, None)] * count
    return found


def column(prop: Property, stored: Json, count: int, view: View) -> Column:
    """[row] values of one stored property: an array of numbers ([row, k] for vectors and fixed arrays), else a list.

    Raises:
        Unreadable: the buffer does not hold what it should.
    """
    lengths: Array | None = None
    elements = count
    if prop.array and prop.count is None:
        ends = _offsets(stored, "arrayOffset", count, view)
        lengths, elements = np.diff(ends), int(ends[-1])
    elif prop.array:
        elements = count * int(prop.count or 1)
    if elements > MOST_VALUES:
        raise Unreadable(f"a property of {elements:,} values is not read")
    if prop.type == "STRING":
        flat: Column = _texts(stored, elements, view)
    elif prop.type == "BOOLEAN":
        flat = _bits(view(stored["values"]), elements)
    else:
        flat = _numbers(prop, stored, elements, view)
    if lengths is not None:
        cuts = np.cumsum(lengths)[:-1] if len(lengths) else lengths
        if isinstance(flat, np.ndarray):
            return list(np.split(flat, cuts)) if count else []
        starts = np.concatenate([[0], np.cumsum(lengths)]).tolist()
        return [flat[a:b] for a, b in pairwise(starts)]
    if prop.array and isinstance(flat, np.ndarray):
        return flat.reshape(count, int(prop.count or 1), *flat.shape[1:])
    if prop.array:
        step = int(prop.count or 1)
        return [list(flat[k * step : (k + 1) * step]) for k in range(count)]
    return flat


def value(prop: Property, json: Any) -> Any:
    """One value as JSON has it, brought to what it means; None where there is none.

    Raises:
        Unreadable: it is not of the property's type.
    """
    if json is None or (prop.no_data is not None and json == prop.no_data):
        return prop.default  # a default is given as what it means
    if prop.type in ("STRING", "BOOLEAN", "ENUM"):
        kind = bool if prop.type == "BOOLEAN" else str
        if prop.array:
            if type(json) is not list or not all(type(v) is kind for v in json):
                raise Unreadable(f"{str(json)[:40]} is no array of {prop.type}")
        elif type(json) is not kind:
            raise Unreadable(f"{str(json)[:40]} is no {prop.type}")
        return json
    try:
        numbers = np.asarray(json, prop.component if isinstance(json, list) and not json else None)
        if numbers.dtype.kind not in "iuf":
            raise ValueError
        worth = _worth(prop, numbers.astype(np.float64), prop.offset, prop.scale) if _moved(prop) else numbers
    except (TypeError, ValueError, OverflowError) as error:
        raise Unreadable(f"{str(json)[:40]} is no {prop.type} of numbers") from error
    return worth if worth.ndim else worth.item()


def _moved(prop: Property) -> bool:
    return prop.normalized or prop.offset is not None or prop.scale is not None


def _offsets(stored: Json, name: str, count: int, view: View) -> Array:
    """[count + 1] where each array or text begins.

    Raises:
        Unreadable: they run backwards, or too few are there.
    """
    kind = COMPONENTS[stored.get(f"{name}Type", stored.get("offsetType", "UINT32"))]
    if kind.kind != "u":
        raise Unreadable(f"{name}s of metadata are unsigned numbers")
    key = f"{name}s" if f"{name}s" in stored else f"{name}BufferView"
    body = view(stored[key])
    if len(body) < (count + 1) * kind.itemsize:
        raise Unreadable(f"{name}s of {count} rows do not fit in {len(body)} bytes")
    offsets = np.frombuffer(body, kind, count + 1).astype(np.int64)
    if (np.diff(offsets) < 0).any() or offsets[0] < 0:
        raise Unreadable(f"{name}s of metadata run backwards")
    return offsets


def _texts(stored: Json, count: int, view: View) -> list[str]:
    offsets = _offsets(stored, "stringOffset", count, view)
    raw = bytes(view(stored["values"]))
    if offsets[-1] > len(raw):
        raise Unreadable(f"texts of {int(offsets[-1])} bytes do not fit in {len(raw)}")
    at = offsets.tolist()
    if raw.isascii():  # a character is a byte: cut once decoded, which is far quicker
        text = raw.decode("ascii")
        return [text[a:b] for a, b in pairwise(at)]
    return [raw[a:b].decode("utf-8", "replace") for a, b in pairwise(at)]


def _bits(body: memoryview, count: int) -> Array:
    if len(body) * 8 < count:
        raise Unreadable(f"{count} bits do not fit in {len(body)} bytes")
    return np.unpackbits(np.frombuffer(body, np.uint8), count=count, bitorder="little").astype(bool)


def _numbers(prop: Property, stored: Json, elements: int, view: View) -> Column:
    kind, width = prop.component, WIDTH[prop.type]
    assert kind is not None
    body = view(stored["values"] if "values" in stored else stored["bufferView"])
    if len(body) < elements * width * kind.itemsize:
        raise Unreadable(f"{elements * width} values of {kind.itemsize} bytes do not fit in {len(body)} bytes")
    raw = np.frombuffer(body, kind, elements * width)
    if width > 1:
        raw = raw.reshape(elements, width)
    if prop.names is not None:
        whole, which = np.unique(raw, return_inverse=True)
        names = [prop.names.get(int(v)) for v in whole.tolist()]
        if prop.no_data in names:
            names[names.index(prop.no_data)] = prop.default
        return [names[k] for k in which.tolist()]
    offset, scale = stored.get("offset", prop.offset), stored.get("scale", prop.scale)
    worth = raw if not prop.normalized and offset is None and scale is None else _worth(prop, raw, offset, scale)
    if prop.no_data is None or prop.array:
        return worth
    absent = raw == np.asarray(prop.no_data, np.float64).astype(kind)
    absent = absent if absent.ndim == 1 else absent.all(axis=1)
    if not absent.any():
        return worth
    filled = worth.astype(np.float64 if prop.default is None or worth.dtype.kind == "f" else worth.dtype)
    filled[absent] = np.nan if prop.default is None else prop.default
    return filled


def _worth(prop: Property, raw: Array, offset: Any, scale: Any) -> Array:
    """Normalized values are brought to 0 ... 1 or -1 ... 1, then scaled and shifted."""
    worth = raw.astype(np.float64)
    if prop.normalized and prop.component is not None and prop.component.kind in "iu":
        top = float(np.iinfo(prop.component).max)
        worth = np.maximum(worth / top, -1.0) if prop.component.kind == "i" else worth / top
    if scale is not None:
        worth = worth * _shaped(prop, scale, worth)
    if offset is not None:
        worth = worth + _shaped(prop, offset, worth)
    return worth


def _shaped(prop: Property, factor: Any, worth: Array) -> Array:
    """A factor of a vector, or of each element of a fixed array, so that it fits flat values."""
    given = np.asarray(factor, np.float64)
    if prop.array and prop.count and given.size and worth.shape[0] % prop.count == 0 and given.ndim:
        times = worth.shape[0] // prop.count
        return np.tile(given.reshape(prop.count, -1), (times, 1)) if worth.ndim > 1 else np.tile(given.ravel(), times)
    return given
