"""Tiles of 3D Tiles 1.0: their tables, the places of instances, points and their colours, and glTF 1.0 inside."""

from __future__ import annotations

import json
import struct
import time
from pathlib import Path

import numpy as np
import pytest
from gltfbuild import Gltf, glb, padded, tile

from app.tiles.formats import content, topology
from app.tiles.geodesy import ecef_from_enu, ecef_from_geodetic
from app.tiles.mesh import NO_FEATURE, AlphaMode, Unreadable
from app.tiles.styling.binding import table_of_points
from app.tiles.styling.style import read


def model(batch: bool = True, normal: bool = True) -> bytes:
    """Two triangles of two features, each with corners of its own."""
    made = Gltf()
    corners = [(0, 0, 0), (1, 0, 0), (0, 0, -1), (5, 0, 0), (6, 0, 0), (5, 0, -1)]
    shape = made.primitive(corners, None)
    if normal:
        shape["attributes"]["NORMAL"] = made.accessor(np.tile(np.array([0, 1, 0], np.float32), (6, 1)))
    if batch:
        shape["attributes"]["_BATCHID"] = made.accessor(np.array([0, 0, 0, 1, 1, 1], np.uint16))
    return made.glb()


def world(mesh) -> np.ndarray:
    return mesh.position @ mesh.matrix[:3, :3].T + mesh.matrix[:3, 3]


def test_a_batch_table_gives_features_their_properties_and_ids() -> None:
    heights = np.array([7.5, 12.0])
    batch = {"gml_id": ["a", "b"], "storeys": [2, 3], "roof": [{"kind": "flat"}, None],
             "height": {"byteOffset": 0, "componentType": "DOUBLE", "type": "SCALAR"}}  # fmt: skip
    data = tile(b"b3dm", {"BATCH_LENGTH": 2}, batch, batch_body=heights.tobytes(), rest=model())
    (mesh,) = content.decode(data, {"b": 9})
    assert mesh.feature.tolist() == [0, 0, 0, 1, 1, 1]
    assert mesh.info[:, 0].tolist() == [0, 0, 0, 9, 9, 9]
    assert mesh.table.ids == ("a", "b") and mesh.features == mesh.table.count == 2
    assert mesh.table.columns["height"].tolist() == heights.tolist()
    assert mesh.table.columns["storeys"].tolist() == [2, 3]
    assert mesh.table.columns["roof"] == [{"kind": "flat"}, None]


def test_the_property_that_holds_the_ids_can_be_named() -> None:
    batch = {"id": ["x", "y"], "parcel": ["a", "b"]}
    data = tile(b"b3dm", {"BATCH_LENGTH": 2}, batch, rest=model())
    (usual,), (named,) = (content.decode(data, {"b": 9}, id_property=p) for p in (None, "parcel"))
    assert usual.table.ids == ("x", "y") and named.table.ids == ("a", "b")
    assert named.info[3:, 0].tolist() == [9, 9, 9]
    numbers = struct.pack("<2d", 7, 3e9)
    table = {"id": {"byteOffset": 0, "componentType": "DOUBLE", "type": "SCALAR"}}
    (counted,) = content.decode(tile(b"b3dm", {"BATCH_LENGTH": 2}, table, batch_body=numbers, rest=model()), {"7": 2})
    assert counted.table.ids == ("7", "3000000000") and counted.info[0, 0] == 2
    (absent,) = content.decode(data, {"x": 1}, id_property="street")
    assert absent.table.ids == () and not absent.info[:, 0].any()


def test_a_hierarchy_of_classes_becomes_flat_properties() -> None:
    tree = {
        "classes": [
            {"name": "Wall", "length": 2, "instances": {"colour": ["white", "blue"]}},
            {"name": "Building", "length": 2, "instances": {"name": ["north", "south"], "colour": ["grey", "red"]}},
            {"name": "Owner", "length": 1, "instances": {"owner": ["city"]}},
        ],
        "instancesLength": 5, "classIds": [0, 0, 1, 1, 2], "parentCounts": [1, 1, 0, 1, 0], "parentIds": [3, 2, 4],
    }  # fmt: skip
    batch = {"extensions": {"3DTILES_batch_table_hierarchy": tree}}
    data = tile(b"b3dm", {"BATCH_LENGTH": 2}, batch, rest=model())
    (mesh,) = content.decode(data, {"south": 4})
    columns = mesh.table.columns
    assert columns["colour"] == ["white", "blue"] and columns["class"] == ["Wall", "Wall"]
    assert columns["name"] == ["south", "north"] and columns["owner"] == ["city", None]
    assert mesh.info[:, 0].tolist() == [4, 4, 4, 0, 0, 0]
    lines = [mesh.table.lineages[k] for k in mesh.table.lineage]
    assert lines == [("Wall", "Building", "Owner"), ("Wall", "Building")]
    tree["parentIds"] = [0, 1, 3]  # walls that are their own parents
    assert content.decode(tile(b"b3dm", {"BATCH_LENGTH": 2}, batch, rest=model()), {})
    tree["classIds"] = [0, 0, 1, 1, 7]
    with pytest.raises(Unreadable, match="beyond its instances or classes"):
        content.decode(tile(b"b3dm", {"BATCH_LENGTH": 2}, batch, rest=model()), {})


def test_a_feature_with_several_parents_is_of_the_classes_of_all() -> None:
    tree = {
        "classes": [{"name": n, "length": 1, "instances": {n: [n]}} for n in ("Door", "Building", "Zone", "City")],
        "instancesLength": 4, "classIds": [0, 1, 2, 3], "parentCounts": [2, 1, 1, 0], "parentIds": [1, 2, 3, 3],
    }  # fmt: skip
    data = tile(b"b3dm", {"BATCH_LENGTH": 1}, {"extensions": {"3DTILES_batch_table_hierarchy": tree}}, rest=model())
    (mesh,) = content.decode(data, {})
    style = read("{\"show\": \"isClass('Zone') && isClass('City') && !isExactClass('City') && ${Zone} === 'Zone'\"}")
    assert mesh.table.lineages == (("Door", "Building", "Zone", "City"),)
    assert style.dress(mesh.table).show.tolist() == [True]


def test_a_hierarchy_without_end_is_refused_in_time() -> None:
    n = 3000
    tree = {
        "classes": [{"name": "Link", "length": n, "instances": {"k": list(range(n))}}], "instancesLength": n,
        "classIds": [0] * n, "parentCounts": [1] * n, "parentIds": [*range(1, n), 0],
    }  # fmt: skip
    batch = {"extensions": {"3DTILES_batch_table_hierarchy": tree}}
    start = time.process_time()
    with pytest.raises(Unreadable, match="too deep for its 3000 features"):
        content.decode(tile(b"b3dm", {"BATCH_LENGTH": n}, batch, rest=model()), {})
    assert time.process_time() - start < 2.0


def test_a_b3dm_without_tables_keeps_those_of_its_gltf() -> None:
    made = Gltf()
    shape = made.primitive()
    shape["attributes"]["_FEATURE_ID_0"] = made.accessor(np.zeros(4, np.uint8))
    shape["extensions"] = {"EXT_mesh_features": {"featureIds": [{"featureCount": 5, "attribute": 0}]}}
    (mesh,) = content.decode(tile(b"b3dm", {"BATCH_LENGTH": 0}, rest=made.glb()), {})
    assert mesh.table.count == 5


def test_headers_before_the_standard_are_told_by_what_is_in_them() -> None:
    table, inner = padded(b'{"id":["a","b"]}', 8), model()
    for header in ((2, len(table)), (len(table), 0, 2)):
        size = 12 + 4 * len(header) + len(table) + len(inner)
        data = struct.pack(f"<4sII{len(header)}I", b"b3dm", 1, size, *header) + table + inner
        (mesh,) = content.decode(data, {})
        assert mesh.table.ids == ("a", "b")


def test_a_batch_id_without_a_row_belongs_to_nothing() -> None:
    (mesh,) = content.decode(tile(b"b3dm", {"BATCH_LENGTH": 1}, {"id": ["a"]}, rest=model()), {"a": 3})
    assert mesh.feature.tolist() == [0, 0, 0, *[NO_FEATURE] * 3]
    assert mesh.info[:, 0].tolist() == [3, 3, 3, 0, 0, 0]


def test_the_centre_is_in_the_frame_of_the_tile_whatever_axis_is_up() -> None:
    features = {"BATCH_LENGTH": 0, "RTC_CENTER": [100.0, 200.0, 4e6]}
    for axis, corner in (("Y", (0, 1, 0)), ("Z", (0, 0, -1)), ("X", (1, 0, 0))):
        (mesh,) = content.decode(tile(b"b3dm", features, rest=model(batch=False)), {}, up_axis=axis)
        assert world(mesh)[2] - [100, 200, 4e6] == pytest.approx(corner)


def test_up_of_x_turns_x_to_the_sky() -> None:
    (mesh,) = content.decode(tile(b"b3dm", {"BATCH_LENGTH": 0}, rest=model(batch=False)), {}, up_axis="X")
    assert world(mesh)[1] == pytest.approx([0, 0, 1])


def instanced(features: dict, body: bytes, batch: dict | None = None) -> bytes:
    return tile(b"i3dm", features, batch, body=padded(body, 8), rest=model(batch=False), more=struct.pack("<I", 1))


def test_instances_turn_by_their_up_and_right_and_scale() -> None:
    at = np.array([(10, 0, 0), (0, 20, 0)], "<f4")
    up, right = np.array([(0, 0, 1), (0, 1, 0)], "<f4"), np.array([(0, 1, 0), (1, 0, 0)], "<f4")
    sizes = np.array([1, 3], "<f4")
    features = {"INSTANCES_LENGTH": 2, "POSITION": {"byteOffset": 0}, "NORMAL_UP": {"byteOffset": 24},
                "NORMAL_RIGHT": {"byteOffset": 48}, "SCALE": {"byteOffset": 72}}  # fmt: skip
    body = at.tobytes() + up.tobytes() + right.tobytes() + sizes.tobytes()
    (mesh,) = content.decode(instanced(features, body, {"id": ["a", "b"]}), {"b": 5})
    # in the tile the model's corner 1 is x, its corner 2 is y, its up is z; x follows right, y follows up
    assert world(mesh)[1] == pytest.approx([10, 1, 0]) and world(mesh)[2] == pytest.approx([10, 0, 1])
    assert world(mesh)[7] == pytest.approx([3, 20, 0]) and world(mesh)[8] == pytest.approx([0, 23, 0])
    assert mesh.normal[0] == pytest.approx([1, 0, 0]) and mesh.normal[6] == pytest.approx([0, 0, 1])
    assert mesh.feature.tolist() == [0] * 6 + [1] * 6 and mesh.info[-1, 0] == 5.0
    octs = np.array([[oct32(v) for v in up], [oct32(v) for v in right]], "<u2")
    features = {"INSTANCES_LENGTH": 2, "POSITION": {"byteOffset": 0}, "NORMAL_UP_OCT32P": {"byteOffset": 24},
                "NORMAL_RIGHT_OCT32P": {"byteOffset": 32}, "SCALE": {"byteOffset": 40}}  # fmt: skip
    (packed,) = content.decode(instanced(features, at.tobytes() + octs.tobytes() + sizes.tobytes()), {})
    assert world(packed) == pytest.approx(world(mesh), abs=1e-3)


def oct32(v: np.ndarray) -> tuple[int, int]:
    x, y, z = v / np.abs(v).sum()
    if z < 0:
        x, y = (1 - abs(y)) * (1 if x >= 0 else -1), (1 - abs(x)) * (1 if y >= 0 else -1)
    return round((x + 1) / 2 * 65535), round((y + 1) / 2 * 65535)


def test_instances_on_the_earth_stand_upright_to_the_millimetre() -> None:
    latitude, longitude = 0.9, 0.2
    at = ecef_from_geodetic(latitude, longitude, 40.0)
    features = {"INSTANCES_LENGTH": 1, "EAST_NORTH_UP": True, "RTC_CENTER": at.tolist(), "POSITION": {"byteOffset": 0}}
    (mesh,) = content.decode(instanced(features, struct.pack("<3f", 0, 0, 0)), {})
    local = np.linalg.inv(ecef_from_enu(latitude, longitude, 40.0))
    seen = world(mesh) @ local[:3, :3].T + local[:3, 3]
    assert seen[1] == pytest.approx([1, 0, 0], abs=1e-3) and seen[2] == pytest.approx([0, 1, 0], abs=1e-3)


def test_quantized_places_far_away_keep_their_millimetres() -> None:
    raw = np.array([(0, 0, 0), (65535, 65535, 65535), (13107, 0, 0)], "<u2")
    features = {"INSTANCES_LENGTH": 3, "QUANTIZED_VOLUME_SCALE": [100, 100, 10],
                "QUANTIZED_VOLUME_OFFSET": [4e6, 3e5, 5e6], "POSITION_QUANTIZED": {"byteOffset": 0}}  # fmt: skip
    (mesh,) = content.decode(instanced(features, raw.tobytes()), {})
    assert world(mesh)[[0, 6, 12]] == pytest.approx(
        np.array([(4e6, 3e5, 5e6), (4e6 + 100, 3e5 + 100, 5e6 + 10), (4e6 + 20, 3e5, 5e6)]), abs=1e-3
    )  # fmt: skip


def test_too_many_instances_or_places_that_are_missing_are_named() -> None:
    with pytest.raises(Unreadable, match="600,000 instances are too many"):
        content.decode(instanced({"INSTANCES_LENGTH": 600_000, "POSITION": {"byteOffset": 0}}, b"\0" * 48), {})
    many = {"INSTANCES_LENGTH": 400_000, "POSITION": {"byteOffset": 0}}
    with pytest.raises(Unreadable, match="400000 times 6 vertices"):
        content.decode(instanced(many, b"\0" * 4_800_000), {})
    with pytest.raises(Unreadable, match="POSITION of the feature table reaches beyond"):
        content.decode(instanced(many, b"\0" * 48), {})
    with pytest.raises(Unreadable, match="neither POSITION nor"):
        content.decode(instanced({"INSTANCES_LENGTH": 1}, b""), {})


def test_a_model_beside_the_tile_is_fetched_and_its_buffers_beside_it(tmp_path: Path) -> None:
    made = Gltf()
    made.primitive()
    made.json["buffers"] = [{"uri": "box.bin", "byteLength": len(made.binary)}]
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "box.bin").write_bytes(made.binary)
    (tmp_path / "models" / "box.gltf").write_text(json.dumps(made.json))
    features = {"INSTANCES_LENGTH": 1, "POSITION": {"byteOffset": 0}}
    data = tile(b"i3dm", features, body=b"\0" * 16, rest=b"models/box.gltf  ", more=struct.pack("<I", 0))
    (mesh,) = content.decode(data, {}, read=lambda uri: (tmp_path / uri).read_bytes())
    assert len(mesh.walls) == 6
    with pytest.raises(Unreadable, match=r"models/box\.gltf is another file"):
        content.decode(data, {})
    (tmp_path / "models" / "box.gltf").unlink()
    with pytest.raises(FileNotFoundError, match=r"models/box\.gltf"):
        content.decode(data, {}, read=lambda uri: (tmp_path / uri).read_bytes())


def cloud(features: dict, body: bytes, batch: dict | None = None, batch_body: bytes = b"") -> bytes:
    n = features["POINTS_LENGTH"]
    at = np.arange(3 * n, dtype="<f4")
    features = {"POSITION": {"byteOffset": 0}, **features}
    return tile(b"pnts", features, batch, body=at.tobytes() + padded(body, 8), batch_body=batch_body)


def test_points_have_the_colours_that_the_table_tells() -> None:
    half = 0.21586
    for name, raw in (("RGB", bytes([255, 0, 128])), ("RGBA", bytes([255, 0, 128, 255]))):
        (mesh,) = content.decode(cloud({"POINTS_LENGTH": 1, name: {"byteOffset": 12}}, raw), {})
        assert mesh.color[0] == pytest.approx([1, 0, half, 1], abs=1e-4)
        assert mesh.dots.tolist() == [0] and mesh.look.unlit and not len(mesh.walls)
    bits = struct.pack("<H", 31 << 11 | 21 << 5)
    (mesh,) = content.decode(cloud({"POINTS_LENGTH": 1, "RGB565": {"byteOffset": 12}}, bits), {})
    assert mesh.color[0] == pytest.approx([1, 0.0908, 0, 1], abs=1e-4)
    (mesh,) = content.decode(cloud({"POINTS_LENGTH": 1, "CONSTANT_RGBA": [255, 0, 128, 51]}, b""), {})
    assert mesh.look.base_color == pytest.approx((1, 0, half, 0.2), abs=1e-4) and not len(mesh.color)
    assert mesh.look.alpha_mode == AlphaMode.BLEND


def test_points_belong_to_sections_or_are_features_themselves() -> None:
    ids = {"BATCH_ID": {"byteOffset": 36, "componentType": "UNSIGNED_BYTE"}, "POINTS_LENGTH": 3, "BATCH_LENGTH": 2}
    (mesh,) = content.decode(cloud(ids, bytes([1, 0, 1]), {"name": ["a", "b"]}), {"b": 2})
    assert mesh.feature.tolist() == [1, 0, 1] and mesh.info[:, 0].tolist() == [2, 0, 2]
    warmth = np.array([1.5, 2.5], "<f4").tobytes()
    table = {"warmth": {"byteOffset": 0, "componentType": "FLOAT", "type": "SCALAR"}}
    (mesh,) = content.decode(cloud({"POINTS_LENGTH": 2}, b"", table, warmth), {})
    assert mesh.feature.tolist() == [0, 1] and mesh.table.columns["warmth"].tolist() == [1.5, 2.5]


def test_places_of_points_count_from_the_centre_or_the_corner_that_the_cloud_tells() -> None:
    style = read(
        '{"show": "${POSITION} === vec3(3, 4, 5)", "color": "${POSITION_ABSOLUTE}.x < 10 ? \'red\' : \'blue\'"}'
    )
    corner = {"QUANTIZED_VOLUME_SCALE": [3, 4, 5], "QUANTIZED_VOLUME_OFFSET": [7e5, 0, 0]}
    quantized = {"POINTS_LENGTH": 2, "POSITION_QUANTIZED": {"byteOffset": 0}, **corner}
    raw = padded(np.array([0, 0, 0, 65535, 65535, 65535], "<u2").tobytes(), 8)
    whole = [
        cloud({"POINTS_LENGTH": 2}, b""),
        cloud({"POINTS_LENGTH": 2, "RTC_CENTER": [9e5, 1, 2]}, b""),
        tile(b"pnts", quantized, body=raw),
        tile(b"pnts", quantized | {"RTC_CENTER": [-7e5, 0, 0]}, body=raw),
    ]
    near = []
    for data in whole:
        (mesh,) = content.decode(data, {})
        dress = style.dress(table_of_points(mesh, np.eye(4), style.of_points))
        assert dress.show.tolist() == [False, True]
        near.append(dress.color[1, 0] == 1)
    assert near == [True, False, False, True]


def test_oct_encoded_normals_are_unit_vectors_again() -> None:
    rng = np.random.default_rng(3)
    wanted = rng.normal(size=(200, 3))
    wanted /= np.linalg.norm(wanted, axis=1, keepdims=True)
    seen = topology.oct_decoded(np.array([oct32(v) for v in wanted], np.uint16), 65535.0)
    assert seen == pytest.approx(wanted, abs=1e-4)


def test_draco_points_are_those_of_the_uncompressed_cloud(shared: Path) -> None:
    root = shared / "tiles/migration/input/PointCloud"
    (packed,) = content.decode((root / "PointCloudDraco/pointCloudDraco.pnts").read_bytes(), {})
    (partial,) = content.decode((root / "PointCloudDracoPartial/pointCloudDracoPartial.pnts").read_bytes(), {})
    assert packed.position.shape == partial.position.shape == (1000, 3)
    assert np.abs(np.linalg.norm(packed.normal, axis=1) - 1.0).max() < 0.01
    for mesh in (packed, partial):
        assert set(mesh.table.columns) == {"temperature", "secondaryColor", "id"}
        assert sorted(mesh.table.columns["id"].tolist()) == list(range(1000))


def test_a_model_of_gltf_1_names_its_parts_and_keeps_its_diffuse_colour(shared: Path) -> None:
    path = shared / "tiles/migration/input/BatchedLegacy/BatchedWithGltf1With2DNormals"
    (mesh,) = content.decode((path / "batchedWithGltf1With2DNormals.b3dm").read_bytes(), {})
    assert mesh.look.base_color == pytest.approx((0.21404, 0.21404, 0.21404, 1.0), abs=1e-4)
    assert np.linalg.norm(mesh.normal, axis=1) == pytest.approx(1.0, abs=1e-5)
    (box,) = content.decode((shared / "tiles/migration/_CesiumTexturedBox/CesiumTexturedBox.glb").read_bytes(), {})
    assert box.look.texture is not None and len(box.uv) == len(box.position) == 24


def test_gltf_1_with_materials_in_common_blends_where_it_is_transparent() -> None:
    made = Gltf()
    made.primitive()
    old = {
        "asset": {"version": "1.0"}, "scene": "s", "scenes": {"s": {"nodes": ["n"]}}, "nodes": {"n": {"meshes": ["m"]}},
        "meshes": {"m": {"primitives": [{"attributes": {"POSITION": "a0"}, "indices": "a1", "material": "glass"}]}},
        "buffers": {"b": {"uri": "x.bin", "byteLength": len(made.binary)}},
        "bufferViews": {f"v{k}": {**v, "buffer": "b"} for k, v in enumerate(made.json["bufferViews"])},
        "accessors": {f"a{k}": {**a, "bufferView": f"v{k}"} for k, a in enumerate(made.json["accessors"])},
        "materials": {"glass": {"extensions": {"KHR_materials_common": {
            "technique": "LAMBERT", "transparent": True, "values": {"diffuse": [1, 0, 0, 1], "transparency": 0.5},
        }}}},
    }  # fmt: skip
    (mesh,) = content.decode(json.dumps(old).encode(), {}, read=lambda _: made.binary)
    assert mesh.look.base_color == (1, 0, 0, 0.5) and mesh.look.alpha_mode == AlphaMode.BLEND
    with pytest.raises(Unreadable, match=r"x\.bin"):
        content.decode(json.dumps(old).encode(), {})


def test_a_glb_inside_that_is_cut_is_named() -> None:
    inner = glb({"asset": {"version": "2.0"}}, b"")
    with pytest.raises(Unreadable, match="GLB is truncated"):
        content.decode(tile(b"b3dm", {"BATCH_LENGTH": 0}, rest=inner[:-8]), {})
