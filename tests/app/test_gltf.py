"""A tile is read as others wrote it: views, strides, ids, and reasons where it cannot be read."""

import json
import struct

import numpy as np
import pytest
from toytown import Shell

from app.tiles import mesh
from app.tiles.formats.content import decode
from app.tiles.formats.gltf_accessors import Document


def house_glb(ids: list[str]) -> bytes:
    shell = Shell()
    for k in range(len(ids)):
        shell.house(20.0 * k, 0.0, 10.0, 8.0, 6.0, 3.0, 0.0, k)
    return shell.glb(ids)


def test_ids_become_slots_and_an_unknown_id_becomes_no_data() -> None:
    (tile,) = decode(house_glb(["north", "łódź", "stranger"]), {"north": 1, "łódź": 2})
    assert set(np.unique(tile.info[:, 0])) == {0.0, 1.0, 2.0}
    assert tile.features == 3


def test_y_up_becomes_z_up_by_the_matrix_and_walls_part_from_roofs() -> None:
    (tile,) = decode(house_glb(["a"]), {"a": 1})
    world = tile.position @ tile.matrix[:3, :3].T
    assert world[:, 2].min() == pytest.approx(0.0) and world[:, 2].max() == pytest.approx(9.0)
    assert (tile.info[tile.walls, 1] == mesh.WALL).all()
    assert (tile.info[tile.roofs, 1] == mesh.PITCHED_ROOF).all()
    assert len(tile.walls) + len(tile.roofs) == (4 * 2 + 2 * 2 + 2) * 3


def test_the_seed_of_a_building_depends_on_its_id_alone() -> None:
    (first,) = decode(house_glb(["a", "b"]), {})
    (second,) = decode(house_glb(["b"]), {})
    assert second.info[0, 2] == first.info[-1, 2]


def test_interleaved_and_normalised_accessors_are_read_by_stride() -> None:
    rows = np.zeros(3, np.dtype([("p", "<f4", 3), ("n", "i1", 4)]))
    rows["p"] = [(0, 0, 0), (1, 0, 0), (0, 1, 0)]
    rows["n"] = (0, 0, 127, 0)
    gltf = {
        "bufferViews": [{"buffer": 0, "byteOffset": 0, "byteLength": 48, "byteStride": 16}],
        "accessors": [
            {"bufferView": 0, "componentType": 5126, "count": 3, "type": "VEC3"},
            {"bufferView": 0, "byteOffset": 12, "componentType": 5120, "count": 3, "type": "VEC3", "normalized": True},
        ],
    }
    raw = memoryview(rows.tobytes())
    document = Document(gltf, raw)
    assert document.array(0)[1].tolist() == [1, 0, 0]
    assert document.array(1)[2].tolist() == [0, 0, 1]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"glTF" + struct.pack("<II", 2, 900), "truncated"),
        (b"glTF" + struct.pack("<II", 3, 40) + b"\0" * 28, "version 3"),
        (b"i3dm" + b"\0" * 40, "i3dm of version 0"),
        (b"<html>not a tile</html>", "neither glTF, b3dm"),
    ],
)
def test_what_cannot_be_read_names_the_reason(content: bytes, reason: str) -> None:
    with pytest.raises(mesh.Unreadable, match=reason):
        decode(content, {})


def test_a_required_extension_that_is_not_read_is_named() -> None:
    header = json.dumps({"asset": {"version": "2.0"}, "extensionsRequired": ["VENDOR_shape"]}).encode()
    header += b" " * (-len(header) % 4)
    content = struct.pack("<4sII", b"glTF", 2, 20 + len(header)) + struct.pack("<I4s", len(header), b"JSON") + header
    with pytest.raises(mesh.Unreadable, match="VENDOR_shape"):
        decode(content, {})


def test_a_b3dm_brings_its_batch_ids() -> None:
    inner = house_glb(["ignored", "too"])
    table = json.dumps({"id": ["north", "south"]}).encode()
    table += b" " * (-len(table) % 8)
    features = b'{"BATCH_LENGTH":2}  '
    size = 28 + len(features) + len(table) + len(inner)
    head = struct.pack("<4sIIIIII", b"b3dm", 1, size, len(features), 0, len(table), 0)
    (tile,) = decode(head + features + table + inner, {"south": 7})
    assert set(np.unique(tile.info[:, 0])) == {0.0, 7.0}
