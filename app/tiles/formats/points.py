"""Point clouds of 3D Tiles 1.0 (pnts).

Sources: 3D Tiles 1.0, "Point Cloud"; 3DTILES_draco_point_compression.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.tiles.features import Table
from app.tiles.formats import draco, gltf, legacy, topology
from app.tiles.formats.gltf_accessors import dequantized
from app.tiles.formats.gltf_material import linear
from app.tiles.formats.instances import belonging
from app.tiles.formats.legacy import Tables
from app.tiles.formats.reading import Reading
from app.tiles.mesh import AlphaMode, Look, Mesh, Unreadable

Array = NDArray[Any]

_FAR_M = 10_000.0
_WHITE = (1.0, 1.0, 1.0, 1.0)


def pnts(content: memoryview, reading: Reading) -> tuple[Mesh, ...]:
    """The mesh of a point cloud.

    Raises:
        Unreadable: with the reason.
    """
    held = legacy.tables(legacy.framed(content))
    count = held.number("POINTS_LENGTH")
    unpacked, named = _unpacked(held, count)
    reading.spend(64 * min(count, len(content)))

    def given(name: str) -> Array | None:
        array = unpacked.get(named.get(name, -1))
        return None if array is None else array.reshape(count, -1)

    position = _positions(held, count, given("POSITION"))
    centre = held.vector("RTC_CENTER")
    origin = np.zeros(3) if centre is None else centre
    corner = held.vector("QUANTIZED_VOLUME_OFFSET")
    if corner is not None and "POSITION" not in held and given("POSITION") is None:
        origin = origin + corner
    if centre is None:
        far = count and np.abs(position).max() > _FAR_M
        centre = position.mean(axis=0) if far else np.zeros(3)
        position = position - centre
    normal = _normals(held, count, given("NORMAL"))
    color = _colors(held, count, given("RGBA"), given("RGB"))
    constant = _WHITE if len(color) else _constant(held)
    faint = constant[3] < 1.0 or bool((color[:, 3] < 1.0).any())
    look = Look(constant, alpha_mode=AlphaMode.BLEND if faint else AlphaMode.OPAQUE, unlit=normal is None)
    none = np.zeros(0, np.uint32)
    mesh = Mesh(
        position=position.astype(np.float32),
        normal=np.zeros((count, 3), np.float32) if normal is None else normal.astype(np.float32),
        info=np.tile(np.array([0.0, 0.0, 0.5, 0.0], np.float32), (count, 1)),
        face=np.zeros((0, 4), np.float32),
        walls=none, roofs=none, matrix=gltf.shifted(centre), features=0, look=look, color=color,
        dots=np.arange(count, dtype=np.uint32), origin_m=tuple(origin.tolist()),
    )  # fmt: skip
    feature, table = _features(held, count, given("BATCH_ID"), unpacked, reading)
    return (mesh if feature is None else belonging(mesh, feature, table, reading),)


def _unpacked(held: Tables, count: int) -> tuple[dict[int, Array], dict[str, int]]:
    """Draco attributes by id, and the ids by the name of the property."""
    packed = held.features.get("extensions", {}).get("3DTILES_draco_point_compression")
    if not packed:
        return {}, {}
    start, size = packed["byteOffset"], packed["byteLength"]
    if type(start) is not int or type(size) is not int or min(start, size) < 0 or start + size > len(held.body):
        raise Unreadable("the Draco data of the point cloud reaches beyond its feature table")
    attributes, _ = draco.decode(held.body[start : start + size])
    if any(len(a) != count for a in attributes.values()):
        raise Unreadable(f"the Draco data of the point cloud has not the {count} points that its feature table tells")
    return attributes, packed.get("properties", {})


def _positions(held: Tables, count: int, given: Array | None) -> Array:
    """[point, 3] float64."""
    if given is not None:
        at = given
    elif "POSITION" in held:
        at = held.column("POSITION", 3, count, "FLOAT")
    elif "POSITION_QUANTIZED" in held:
        return legacy.dequantized(held, count)
    else:
        raise Unreadable("its feature table has neither POSITION nor POSITION_QUANTIZED")
    at = at.astype(np.float64)
    if not np.isfinite(at).all():
        raise Unreadable("a position is no finite number")
    return at


def _normals(held: Tables, count: int, given: Array | None) -> Array | None:
    if given is not None:
        return given
    if "NORMAL" in held:
        return np.nan_to_num(held.column("NORMAL", 3, count, "FLOAT"))
    if "NORMAL_OCT16P" in held:
        return topology.oct_decoded(held.column("NORMAL_OCT16P", 2, count, "UNSIGNED_BYTE"), 255.0)
    return None


def _constant(held: Tables) -> tuple[float, float, float, float]:
    """Linear colour of all points, white where the cloud tells none."""
    rgba = held.features.get("CONSTANT_RGBA")
    if rgba is None:
        return _WHITE
    if isinstance(rgba, dict):
        rgba = held.column("CONSTANT_RGBA", 4, 1, "UNSIGNED_BYTE")[0].tolist()
    r, g, b, a = (min(max(float(v) / 255.0, 0.0), 1.0) for v in rgba)
    return linear(r), linear(g), linear(b), a


def _colors(held: Tables, count: int, rgba: Array | None, rgb: Array | None) -> Array:
    """[point, 4] float32 linear of RGBA, RGB or RGB565; empty without any."""
    if rgba is None and "RGBA" in held and rgb is None:
        rgba = held.column("RGBA", 4, count, "UNSIGNED_BYTE")
    if rgba is None and rgb is None and "RGB" in held:
        rgb = held.column("RGB", 3, count, "UNSIGNED_BYTE")
    made = np.ones((count, 4), np.float32)
    if rgba is not None:
        made[:] = dequantized(rgba)
    elif rgb is not None:
        made[:, :3] = dequantized(rgb)
    elif "RGB565" in held:
        bits = held.column("RGB565", 1, count, "UNSIGNED_SHORT")[:, 0]
        made[:, 0], made[:, 1], made[:, 2] = (bits >> 11) / 31.0, (bits >> 5 & 63) / 63.0, (bits & 31) / 31.0
    else:
        return made[:0]
    light = made[:, :3]
    made[:, :3] = np.where(light <= 0.04045, light / 12.92, ((light + 0.055) / 1.055) ** 2.4)
    return np.clip(made, 0.0, 1.0)


def _features(
    held: Tables, count: int, given: Array | None, unpacked: dict[int, Array], reading: Reading
) -> tuple[Array | None, Table | None]:
    """Features of groups of points (BATCH_ID), or each point its own where there are properties by point."""
    if given is None and "BATCH_ID" in held:
        given = held.column("BATCH_ID", 1, count, "UNSIGNED_SHORT")
    if given is not None:
        return given[:, 0].astype(np.uint32), held.table(held.number("BATCH_LENGTH", 0), reading)
    if not held.batch:
        return None, None
    return np.arange(count, dtype=np.uint32), held.table(count, reading, unpacked)
