"""Every content that others made becomes meshes or fails with a reason; and becomes what the migration tools say."""

from __future__ import annotations

import json
import random
import resource
import struct
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gltfbuild import Gltf, cmpt, tile

from app.tiles.formats import content, gltf, reading
from app.tiles.formats.reading import UP
from app.tiles.geodesy import A_M, geodetic_from_ecef
from app.tiles.mesh import Mesh, Unreadable, bytes_of

SUFFIXES = (".glb", ".gltf", ".b3dm", ".i3dm", ".pnts", ".cmpt")
GOLDEN = 64
"""Files of the migration set."""


def decode(path: Path, data: bytes | None = None) -> tuple[Mesh, ...]:
    data = path.read_bytes() if data is None else data
    return content.decode(data, {}, address=str(path), read=lambda uri: (path.parent / uri).read_bytes())


def corners(low: Any, high: Any, matrix: np.ndarray) -> np.ndarray:
    """Lowest and highest corner, [6], of a box once `matrix` has moved it."""
    box = np.array([[x, y, z, 1] for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])])
    moved = (box @ matrix.T)[:, :3]
    return np.concatenate([moved.min(axis=0), moved.max(axis=0)])


class Expected:
    """What a golden document says of each of its primitives, in the order of its nodes."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.shapes: list[dict[str, Any]] = []
        for root in document["scenes"][document.get("scene", 0)]["nodes"]:
            self._visit(root, UP["Y"])

    def _visit(self, index: int, above: np.ndarray) -> None:
        node = self.document["nodes"][index]
        matrix = above @ gltf.local(node)
        if "mesh" in node:
            self.shapes += [self._shape(node, p, matrix) for p in self.document["meshes"][node["mesh"]]["primitives"]]
        for child in node.get("children", ()):
            self._visit(child, matrix)

    def _shape(self, node: dict[str, Any], primitive: dict[str, Any], matrix: np.ndarray) -> dict[str, Any]:
        accessors = self.document["accessors"]
        position = accessors[primitive["attributes"]["POSITION"]]
        scale = {5122: 32767, 5123: 65535}.get(position["componentType"], 1)
        places = node.get("extensions", {}).get("EXT_mesh_gpu_instancing", {}).get("attributes")
        owner, name = (node, "EXT_instance_features") if places else (primitive, "EXT_mesh_features")
        features = owner.get("extensions", {}).get(name, {}).get("featureIds", [{}])
        material = self.document["materials"][primitive["material"]] if "material" in primitive else {}
        return {
            "vertices": position["count"] * (accessors[next(iter(places.values()))]["count"] if places else 1),
            "box": None if places else corners(*(np.array(position[k]) / scale for k in ("min", "max")), matrix),
            "features": features[0].get("featureCount"),
            "color": material.get("pbrMetallicRoughness", {}).get("baseColorFactor", [1, 1, 1, 1]),
            "alpha": material.get("alphaMode", "OPAQUE"),
            "attributes": set(primitive["attributes"]),
            "normals": "NORMAL" in primitive["attributes"] or primitive.get("mode") == 0,
        }


def test_every_input_of_the_migration_set_becomes_what_its_golden_gltf_says(shared: Path) -> None:
    root = shared / "tiles" / "migration"
    goldens = sorted((root / "golden_gltf").rglob("*.gltf"))
    assert len(goldens) == GOLDEN
    for golden in goldens:
        folder = root / "input" / golden.parent.relative_to(root / "golden_gltf")
        (path,) = (p for p in folder.iterdir() if p.suffix in SUFFIXES and p.suffix != ".glb")
        meshes, expected = decode(path), Expected(json.loads(golden.read_text())).shapes
        assert len(meshes) == len(expected), path.name
        for mesh, shape in zip(meshes, expected, strict=True):
            agrees(mesh, shape, path.name)


def agrees(mesh: Mesh, shape: dict[str, Any], name: str) -> None:
    assert mesh.look is not None
    if shape["normals"]:
        assert len(mesh.position) == shape["vertices"], name
    else:  # without normals every triangle gets corners of its own
        assert len(mesh.position) == len(mesh.walls), name
    if shape["box"] is not None:
        assert corners(*mesh.bounds, mesh.matrix) == pytest.approx(shape["box"], abs=0.002), name
    own = {a for a in shape["attributes"] if a.startswith("_") and not a.startswith("_FEATURE_ID")}
    if own:  # properties by point: each point is a feature
        assert mesh.table is not None and len(mesh.table.columns) == len(own), name
    else:
        assert (mesh.table.count if mesh.table else None) == shape["features"], name
    assert mesh.look.base_color == pytest.approx(shape["color"], abs=1e-6), name
    assert mesh.look.alpha_mode.name == shape["alpha"], name
    assert bool(len(mesh.color)) == ("COLOR_0" in shape["attributes"]), name
    assert bool(len(mesh.uv)) == (mesh.look.texture is not None), name


OUTSIDE = ("Orientation", "Scale", "AxesRotated")
"""Inputs whose turned or grown instances reach beyond the volume that their tileset tells."""


def test_every_input_lies_in_the_volume_that_its_tileset_tells(shared: Path) -> None:
    for path in sorted((shared / "tiles" / "migration" / "input").rglob("tileset.json")):
        root = json.loads(path.read_text())["root"]
        if any(word in path.parent.name for word in OUTSIDE):
            continue
        matrix = np.array(root.get("transform", np.eye(4).ravel())).reshape(4, 4).T
        place = path.parent / root["content"].get("uri", root["content"].get("url"))
        at = np.concatenate([m.position @ m.matrix[:3, :3].T + m.matrix[:3, 3] for m in decode(place)])
        # 0.25 m is what single precision leaves of coordinates that the file tells from the earth's centre
        assert beyond_m(at, root["boundingVolume"], matrix) < 0.25, path.parent.name


def beyond_m(at: np.ndarray, volume: dict[str, Any], matrix: np.ndarray) -> float:
    """How far the farthest point is outside of a bounding volume."""
    if "sphere" in volume:
        return float((np.linalg.norm(at - volume["sphere"][:3], axis=1) - volume["sphere"][3]).max())
    if "box" in volume:
        centre, half = np.array(volume["box"][:3]), np.array(volume["box"][3:]).reshape(3, 3)
        size = np.linalg.norm(half, axis=1)
        along = np.abs((at - centre) @ (half / np.maximum(size, 1e-9)[:, None]).T)
        return float((along - size).max())
    west, south, east, north, low, high = volume["region"]
    lat, lon, up = np.array([geodetic_from_ecef(p) for p in at @ matrix[:3, :3].T + matrix[:3, 3]]).T
    over = [A_M * max(west - lon.min(), lon.max() - east, south - lat.min(), lat.max() - north)]
    return float(max(*over, low - up.min(), up.max() - high))


def test_every_content_of_others_becomes_meshes_or_names_its_reason(shared: Path) -> None:
    files = [p for p in sorted((shared / "tiles").rglob("*")) if p.suffix in SUFFIXES and "golden_gltf" not in p.parts]
    read = 0
    for path in files:
        try:
            meshes = decode(path)
        except Unreadable as reason:
            assert len(str(reason)) > 20, path
            assert "samples" not in path.parts, f"{path}: {reason}"
            continue
        read += 1
        for mesh in meshes:
            sound(mesh)
    assert read > 440


def sound(mesh: Mesh) -> None:
    """What every mesh promises whoever draws it."""
    n = len(mesh.position)
    assert mesh.position.dtype == mesh.normal.dtype == mesh.info.dtype == np.float32
    assert np.isfinite(mesh.position).all() and np.isfinite(mesh.matrix).all()
    assert len(mesh.normal) == len(mesh.info) == n
    assert len(mesh.uv) in (0, n) and len(mesh.color) in (0, n) and len(mesh.feature) in (0, n)
    for index, corner in ((mesh.walls, 3), (mesh.roofs, 3), (mesh.lines, 2), (mesh.dots, 1)):
        assert index.dtype == np.uint32 and len(index) % corner == 0
        assert not len(index) or int(index.max()) < n


def one_of_each(shared: Path) -> list[Path]:
    root = shared / "tiles" / "migration" / "input"
    return [
        root / "Batched/BatchedTextured/batchedTextured.b3dm",
        root / "BatchedLegacy/BatchedWithGltf1With2DNormals/batchedWithGltf1With2DNormals.b3dm",
        root / "Instanced/InstancedOct32POrientation/instancedOct32POrientation.i3dm",
        root / "PointCloud/PointCloudDracoBatched/pointCloudDracoBatched.pnts",
        root / "PointCloud/PointCloudWithPerPointProperties/pointCloudWithPerPointProperties.pnts",
        root / "Composite/CompositeOfComposite/compositeOfComposite.cmpt",
        root / "Instanced/InstancedGltfExternal/box.glb",
        shared / "tiles/samples/glTF/EXT_structural_metadata/ComplexTypes/ComplexTypes.gltf",
    ]


def test_a_cut_or_spoilt_content_is_refused_in_time_and_space(shared: Path) -> None:
    dice = random.Random(5)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for path in one_of_each(shared):
        whole = path.read_bytes()
        spoilt = [whole[:k] for k in (*range(0, 64, 3), *(dice.randrange(len(whole)) for _ in range(100)))]
        for _ in range(400):
            changed = bytearray(whole)
            for _ in range(dice.choice((1, 2, 8))):
                changed[dice.randrange(min(len(whole), dice.choice((64, 2000, len(whole)))))] = dice.randrange(256)
            spoilt.append(bytes(changed))
        for data in spoilt:
            start = time.process_time()
            try:
                for mesh in decode(path, data):
                    sound(mesh)
            except (Unreadable, OSError) as reason:
                assert str(reason)
            assert time.process_time() - start < 2.0
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 256 * 1024


HOSTILE = [-1, 2**31, 2**63, 10**30, 0.5, float("nan"), 1e300, "x", [], {}, None, True, [[]]]


def test_a_document_that_lies_about_its_numbers_is_refused(shared: Path) -> None:
    path = shared / "tiles/samples/glTF/GpuInstancesMetadata/GpuInstancesMetadata.gltf"
    text = path.read_text()
    places = list(leaves(json.loads(text)))
    for k, place in enumerate(places):
        document = json.loads(text)
        at = document
        for key in place[:-1]:
            at = at[key]
        at[place[-1]] = HOSTILE[k % len(HOSTILE)]
        try:
            for mesh in decode(path, json.dumps(document).encode()):
                sound(mesh)
        except (Unreadable, OSError) as reason:
            assert str(reason)


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Any:
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from leaves(inner, (*path, key))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "neither glTF, b3dm"),
        (b"<html>404</html>", "neither glTF, b3dm"),
        (b"vctr" + b"\0" * 40, "vctr is not read"),
        (b"b3dm" + struct.pack("<II", 1, 9999), "truncated"),
        (b"pnts" + struct.pack("<IIIIII", 1, 28, 2**31, 0, 0, 0), "tables of the pnts reach beyond"),
        (b"glTF" + struct.pack("<IIII", 2, 28, 2**31, 0) + b"\0" * 8, "chunk of the GLB reaches beyond"),
        (b'{"root": {}}', "external tileset"),
        (b'{"type": "FeatureCollection"}', "no glTF"),
        (b'{"asset": {"version": "2.0"}, "scenes": [{"nodes": [3]}]}', r"nodes\[3\]"),
        (b"{" * 100_000, "JSON of the glTF is broken"),
    ],
)  # fmt: skip
def test_what_is_no_tile_names_what_it_is(data: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        content.decode(data, {})


def test_composites_nest_but_not_for_ever() -> None:
    inner = tile(b"pnts", {"POINTS_LENGTH": 1, "POSITION": {"byteOffset": 0}}, body=b"\0" * 16)
    assert len(content.decode(cmpt(cmpt(inner, inner), inner), {})) == 3
    deep = inner
    for _ in range(30):
        deep = cmpt(deep)
    with pytest.raises(Unreadable, match="more than 16 deep"):
        content.decode(deep, {})
    cut = cmpt(inner)[:-4]
    with pytest.raises(Unreadable, match="truncated"):
        content.decode(cut, {})


def test_counts_are_believed_only_as_far_as_there_are_bytes() -> None:
    made = Gltf()
    made.primitive()
    for count in (5, 2**31, 10**12):
        made.json["accessors"][0]["count"] = count
        with pytest.raises(Unreadable, match="reaches beyond its bufferView"):
            content.decode(made.glb(), {})
    del made.json["accessors"][0]["bufferView"]
    with pytest.raises(Unreadable, match="zeros, which is too much"):
        content.decode(made.glb(), {})


def test_a_tile_that_asks_for_much_by_repeating_itself_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Gltf()
    shape = made.primitive()
    made.json["meshes"][0]["primitives"] = [shape] * 50
    monkeypatch.setattr(reading, "MOST_BYTES", 10_000)
    with pytest.raises(Unreadable, match="when decoded: publish it in smaller tiles"):
        content.decode(made.glb(), {})


def test_what_pieces_share_counts_once() -> None:
    made = Gltf()
    made.primitive()
    made.primitive()
    first, second = content.decode(made.glb(), {})
    assert bytes_of((first, second)) == first.bytes + second.bytes
