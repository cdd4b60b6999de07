"""Instanced meshes: trees of our own stay instances, others' are written out at their places."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest

from app.tiles.formats import content, instances
from app.tiles.mesh import Unreadable

QUARTER = np.sqrt(0.5)


def instanced(materials: list[float] | None, *, count: int = 2, scale: float = 2.0) -> bytes:
    """A triangle in x and y (y up), at `count` places along x, turned by a quarter about y, `scale` times as large."""
    shape = np.array([(0, 0, 0), (1, 0, 0), (0, 1, 0)], "<f4")
    places = np.array([(10.0 * k, 0, 5) for k in range(count)], "<f4")
    turns = np.tile(np.array([0, QUARTER, 0, QUARTER], "<f4"), (count, 1))
    sizes = np.full((count, 3), scale, "<f4")
    arrays = [(shape, "VEC3"), (places, "VEC3"), (turns, "VEC4"), (sizes, "VEC3")]
    attributes = {"POSITION": 0}
    if materials is not None:
        attributes["_MATERIAL"] = 4
        arrays.append((np.array(materials, "<f4"), "SCALAR"))
    views, accessors, binary = [], [], b""
    for k, (array, kind) in enumerate(arrays):
        views.append({"buffer": 0, "byteOffset": len(binary), "byteLength": array.nbytes})
        accessors.append({"bufferView": k, "componentType": 5126, "count": len(array), "type": kind})
        binary += array.tobytes()
    use = {"TRANSLATION": 1, "ROTATION": 2, "SCALE": 3}
    header = json.dumps({
        "asset": {"version": "2.0"}, "scene": 0, "scenes": [{"nodes": [0]}], "extensionsRequired": [instances.NAME],
        "nodes": [{"mesh": 0, "extensions": {instances.NAME: {"attributes": use}}}],
        "meshes": [{"primitives": [{"attributes": attributes}]}], "accessors": accessors, "bufferViews": views,
    }).encode()  # fmt: skip
    header += b" " * (-len(header) % 4)
    return (
        struct.pack("<4sII", b"glTF", 2, 28 + len(header) + len(binary))
        + struct.pack("<I4s", len(header), b"JSON") + header + struct.pack("<I4s", len(binary), b"BIN\0") + binary
    )  # fmt: skip


def test_a_foreign_shape_stands_at_every_place_turned_and_scaled() -> None:
    (mesh,) = content.decode(instanced(None), {})
    assert mesh.position.shape == (6, 3) and len(mesh.walls) + len(mesh.roofs) == 6
    # a quarter about y takes x to -z: the corner (1, 0, 0), doubled, ends 2 m before the place
    assert mesh.position[1] == pytest.approx([0, 0, 3], abs=1e-5)
    assert mesh.position[5] == pytest.approx([10, 2, 5], abs=1e-5)
    assert mesh.normal[0] == pytest.approx([1, 0, 0], abs=1e-5)
    assert sorted(np.r_[mesh.walls, mesh.roofs].tolist()) == list(range(6))


def test_crowns_and_trunks_become_trees() -> None:
    (mesh,) = content.decode(instanced([4, 4, 5], count=3, scale=7.0), {})
    assert len(mesh.position) == 0 and mesh.features == 0
    assert mesh.trees.foot.tolist() == [[0, 0, 5], [10, 0, 5], [20, 0, 5]]
    assert mesh.trees.height_m.tolist() == [7, 7, 7]
    assert len(set(mesh.trees.seed.tolist())) == 3 and ((mesh.trees.seed >= 0) & (mesh.trees.seed < 1)).all()
    assert mesh.bytes >= mesh.trees.bytes > 0


def test_too_many_instances_name_their_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instances, "MOST_VERTICES", 10)
    with pytest.raises(Unreadable, match=r"4 times 3 vertices"):
        content.decode(instanced(None, count=4), {})


def test_a_material_without_a_feature_is_land_only_from_ten_on() -> None:
    (land,) = content.decode(land_glb([12.0, 12.0, 12.0]), {})
    assert list(land.land) == ["road"] and not len(land.walls) and not len(land.roofs) and not land.coarse
    (house,) = content.decode(land_glb([1.0, 1.0, 1.0]), {})
    assert house.land == {} and len(house.roofs) == 3


def land_glb(materials: list[float]) -> bytes:
    """The triangle above, once."""
    data = instanced(materials, count=1)
    size = struct.unpack_from("<I", data, 12)[0]
    header = json.loads(data[20 : 20 + size])
    del header["nodes"][0]["extensions"], header["extensionsRequired"]
    text = json.dumps(header).encode()
    text += b" " * (size - len(text))
    return data[:20] + text + data[20 + size :]
