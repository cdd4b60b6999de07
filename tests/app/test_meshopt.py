"""Meshopt streams that meshoptimizer wrote of numbers made here come back as those numbers."""

from __future__ import annotations

from base64 import b64decode

import numpy as np
import pytest
from gltfbuild import CORNERS, Gltf

from app.tiles.formats import content, meshopt
from app.tiles.mesh import Unreadable

K = np.arange(40)
SMOOTH = np.column_stack([K * 0.5, np.sin(K * 0.3), K % 3]).astype(np.float32)
WRITTEN = {
    "version 0": (SMOOTH, (
        "oAAALwAA/4CAQEBAQCAgICAgICAgEBAQEBAQEBAQEBAQEBAQ+IiIiAAAAAAQBTCAAAB+gAAAAB8A2geXAI9+bEPCdKYXzkxZdueXVVt7FpBgGXVU"
        "lrhPd///AAB72k99Nbo6fB8AnHwHJH0ZpR8znw4U/hxAdQNdTCyjddsyGf+r+BuSP///AAC9fy8SKfqDjx8A0fJwTCILOV+jbCJ9nF42CiNPcfkL"
        "LOpuSh4NO2GrVv//AABoj5JcNAYlTxU4ABMgfP8AfgAF/ATIAAAA/QAAFTzzzzz/////////////88888///////////////zzwAAP//////FTvv"
        "vvt+f35/fn9+f35/7777735/fn9+f35/fn9+vvsAAH9+f35/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
    )),
    "version 1, joined bit by bit and in pairs": (SMOOTH, (
        "oWh/6gESAA8fGg//+Pj0xPTEwCAQ8Bg4HPJi4mLyYuJifB7d3QAAPgMHAwDa+JcAj4GTQz2LpujOTKaJ55eqpHvpb2AZiquWR7B3eyVPgjW6xYMA"
        "nHsIJHwbpSAznwwT/hw/dQRcSyukddsyGv+r+B2RPr6BLhEq+IOPAC7ycEwiCzlfo5PdgpxeNgojT3H59CzqbkoeDTthq6mXcJJcNAYlTwACHH0B"
        "/wFggPsEAQMA/wEAf/+Af/+Af/+Af/+Af/+Af/+Af/+Af/+Af/+Af/+Af/+Af/+Af/+AAAAAAAAAAAAAAAAAAAAAAAAAAAAAYgES"
    )),
    "version 1, bytes": (np.column_stack([K, K * K % 256, K % 2, K // 7]).astype(np.uint8), (
        "oV0VKqqqqqqqqqqqqgAAAAIGCg4SFhoeIiYqLjI2Oj5CRkpOUlZaXmJmam5ydnp+goaKjpKWmhUmZmZmZmZmZmZmAAAAgEACAiAQAgIIAAIAAAAA"
        "AAAAAAAAAAAAAAAAAAAAAAAAAAA="
    )),
    "version 1, pairs": (np.column_stack([K * 300, 60000 - K * 7]).astype(np.uint16), (
        "oZcAWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYFSqqqqqqqqqqqqoAACoN3d3d3d3d3d3d3d3d3d3d3d3d3QAAAAAAAAAA"
        "AAAAAAAAAAAAAAAAAABg6gE="
    )),
    "version 1, hardly any": (np.column_stack([1000 + (K > 20) + K % 2, K * 0 + 7]).astype(np.uint32),
                              "oamqFSZmZmZmdmZmBGZmAAAAAAAAAAAAAAAAAAAAAOgDAAAHAAAAAAA="),
}  # fmt: skip
GRID = "4f4eAB4AHp4OBB4DHp4OAx4DHv//8AiiC/oMHQB2h1ZneKmGZYlomAFpAAA="


@pytest.mark.parametrize("name", WRITTEN)
def test_attributes_come_back(name: str) -> None:
    wanted, text = WRITTEN[name]
    packed, view = b64decode(text), {"count": 40, "byteStride": wanted.strides[0], "mode": "ATTRIBUTES"}
    assert meshopt.decode(memoryview(packed), view) == wanted.tobytes()
    for cut in range(0, len(packed), 7):
        try:
            meshopt.decode(memoryview(packed[:cut]), view)
        except Unreadable as reason:
            assert "meshopt" in str(reason)


def test_triangles_come_back_in_order() -> None:
    rows = np.arange(16).reshape(4, 4)
    a, b, c, d = (x.ravel() for x in (rows[:-1, :-1], rows[1:, :-1], rows[:-1, 1:], rows[1:, 1:]))
    wanted = [*np.column_stack([a, b, c, c, b, d]).reshape(-1, 3).tolist(), [9, 3, 14], [15, 0, 7]]
    packed = b64decode(GRID)
    view = {"count": 60, "byteStride": 2, "mode": "TRIANGLES"}
    seen = np.frombuffer(meshopt.decode(memoryview(packed), view), np.uint16).reshape(-1, 3).tolist()
    turns = [[t[k:] + t[:k] for k in range(3)] for t in seen]
    assert all(w in three for w, three in zip(wanted, turns, strict=True))
    for cut in range(len(packed)):
        try:
            meshopt.decode(memoryview(packed[:cut]), view)
        except Unreadable as reason:
            assert "meshopt" in str(reason)


def test_plain_indices_are_told_from_one_of_two_before() -> None:
    # differences +5, +1, -1 of the first, +100 of the second: zigzag, then which of the two
    stream = bytes([0xD1, 10 << 1, 2 << 1, 0x91, 0x03, 1 << 1]) + b"\0" * 4
    view = {"count": 4, "byteStride": 4, "mode": "INDICES"}
    assert np.frombuffer(meshopt.decode(memoryview(stream), view), np.uint32).tolist() == [5, 6, 100, 5]


def test_filters_give_unit_vectors_quaternions_and_floats() -> None:
    octs = np.array([(0, 0, 127, 1), (127, 0, 127, 2), (0, -127, 127, 3), (127, 127, 127, 4)], np.int8)
    seen = meshopt._filtered(octs.view(np.uint8), "OCTAHEDRAL")
    assert seen.tolist() == [[0, 0, 127, 1], [127, 0, 0, 2], [0, -127, 0, 3], [0, 0, -127, 4]]
    turns = np.array([(0, 0, 0, 0x7FFC | 3), (32767, 0, 0, 0x7FFC)], np.int16)
    seen = meshopt._filtered(turns.view(np.uint8), "QUATERNION")
    assert seen[0].tolist() == [0, 0, 0, 32767]
    assert seen[1] == pytest.approx([23170, 23170, 0, 0], abs=2)
    floats = np.array([3 | -1 << 24, (-5 & 0xFFFFFF) | 2 << 24], np.int64).astype(np.int32)
    seen = meshopt._filtered(floats.reshape(-1, 1).view(np.uint8), "EXPONENTIAL")
    assert seen.ravel().tolist() == [1.5, -20.0]


@pytest.mark.parametrize(
    "view",
    [
        {"count": 10**9, "byteStride": 16, "mode": "ATTRIBUTES"},
        {"count": 40, "byteStride": 13, "mode": "ATTRIBUTES"},
        {"count": 40, "byteStride": 12, "mode": "VOXELS"},
        {"count": 40, "byteStride": 12, "mode": "ATTRIBUTES", "filter": "COLOR"},
        {"count": -1, "byteStride": 12},
    ],
)  # fmt: skip
def test_what_is_not_known_is_named(view: dict) -> None:
    with pytest.raises(Unreadable, match="meshopt"):
        meshopt.decode(memoryview(b64decode(WRITTEN["version 0"][1])), view)


def test_a_glb_with_meshopt_becomes_a_mesh() -> None:
    made = Gltf()
    made.primitive(np.tile(CORNERS, (10, 1)), None, mode=0)
    packed = made.view(b64decode(WRITTEN["version 0"][1]))
    view = made.json["bufferViews"]
    inside = {**view[packed], "byteStride": 12, "count": 40, "mode": "ATTRIBUTES"}
    view[0] = {"buffer": 1, "byteLength": 480, "extensions": {"EXT_meshopt_compression": inside}}
    made.json["extensionsRequired"] = ["EXT_meshopt_compression"]
    (mesh,) = content.decode(made.glb(), {})
    assert mesh.position.tobytes() == SMOOTH.tobytes()
