"""Features of glTF by attribute, implicit, by texture, by instance; properties by table, attribute and texture."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from gltfbuild import CORNERS, Gltf
from PIL import Image

from app.tiles.formats import content
from app.tiles.mesh import NO_FEATURE, Unreadable

UNLIT = {"extensions": {"KHR_materials_unlit": {}}}


def metadata(made: Gltf, ids: list[str], heights: list[float]) -> None:
    """A property table of buildings with an id and a height in tenths of a metre."""
    text = "".join(ids).encode()
    offsets = np.cumsum([0, *(len(i.encode()) for i in ids)]).astype(np.uint32)
    made.json["extensions"] = {"EXT_structural_metadata": {
        "schema": {"id": "s", "classes": {"building": {"properties": {
            "height": {"type": "SCALAR", "componentType": "UINT16", "scale": 0.1},
            "identificatie": {"type": "STRING"},
        }}}},
        "propertyTables": [{"class": "building", "count": len(ids), "properties": {
            "identificatie": {"values": made.view(text), "stringOffsets": made.view(offsets.tobytes())},
            "height": {"values": made.view((np.array(heights) * 10).astype(np.uint16).tobytes())},
        }}],
    }}  # fmt: skip


def featured(sets: list[dict], **attributes: np.ndarray) -> Gltf:
    made = Gltf()
    shape = made.primitive(material=made.add("materials", dict(UNLIT)))
    for name, array in attributes.items():
        shape["attributes"][name] = made.accessor(array)
    shape["extensions"] = {"EXT_mesh_features": {"featureIds": sets}}
    return made


def test_ids_by_attribute_bind_rows_of_the_table_to_the_district() -> None:
    ids = np.array([0, 1, 1, 2], np.uint8)
    made = featured([{"featureCount": 3, "attribute": 0, "propertyTable": 0, "nullFeatureId": 2}], _FEATURE_ID_0=ids)
    metadata(made, ["a", "łódź", "c"], [3.5, 7.0, 9.9])
    (mesh,) = content.decode(made.glb(), {"łódź": 5})
    assert mesh.feature.tolist() == [0, 1, 1, NO_FEATURE]
    assert mesh.info[:, 0].tolist() == [0, 5, 5, 0]
    assert mesh.table.columns["height"].tolist() == pytest.approx([3.5, 7.0, 9.9])
    assert mesh.table.ids == ("a", "łódź", "c") and mesh.features == 3


def test_the_set_that_names_ids_is_followed_before_others() -> None:
    sets = [
        {"featureCount": 4},
        {"featureCount": 2, "attribute": 1, "propertyTable": 0},
    ]
    made = featured(sets, _FEATURE_ID_1=np.array([1, 1, 0, 0], np.uint16))
    metadata(made, ["a", "b"], [1.0, 2.0])
    (mesh,) = content.decode(made.glb(), {"b": 1})
    assert mesh.feature.tolist() == [1, 1, 0, 0] and mesh.info[:, 0].tolist() == [1, 1, 0, 0]


def test_implicit_ids_count_the_vertices() -> None:
    (mesh,) = content.decode(featured([{"featureCount": 4}]).glb(), {})
    assert mesh.feature.tolist() == [0, 1, 2, 3] and mesh.table.count == 4


def test_ids_in_a_texture_are_those_nearest_to_the_vertices() -> None:
    uv = np.array([(0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.1, 1.9)], np.float32)
    made = featured([{"featureCount": 999, "texture": {"index": 0, "channels": [0, 1]}}], TEXCOORD_0=uv)
    image = Image.fromarray(np.array([[(1, 0, 9), (2, 0, 9)], [(3, 0, 9), (4, 2, 9)]], np.uint8))
    out = BytesIO()
    image.save(out, "PNG")
    made.add("images", {"bufferView": made.view(out.getvalue())})
    made.add("textures", {"source": 0})
    (mesh,) = content.decode(made.glb(), {})
    assert mesh.feature.tolist() == [1, 2, 4 + 2 * 256, 3]  # the last one repeats
    del made.json["meshes"][0]["primitives"][0]["attributes"]["TEXCOORD_0"]
    with pytest.raises(Unreadable, match="TEXCOORD_0"):
        content.decode(made.glb(), {})


def test_instances_are_features_of_their_own() -> None:
    made = Gltf()
    made.primitive(CORNERS[:3], None, material=made.add("materials", dict(UNLIT)))
    places = {
        "TRANSLATION": made.accessor(np.array([(0, 0, 0), (9, 0, 0)], np.float32)),
        "_FEATURE_ID_0": made.accessor(np.array([1, 0], np.uint16)),
    }
    metadata(made, ["a", "b"], [1.0, 2.0])
    made.json["nodes"] = [{"mesh": 0, "extensions": {
        "EXT_mesh_gpu_instancing": {"attributes": places},
        "EXT_instance_features": {"featureIds": [{"featureCount": 2, "attribute": 0, "propertyTable": 0}]},
    }}]  # fmt: skip
    (mesh,) = content.decode(made.glb(), {"b": 7})
    assert mesh.feature.tolist() == [1, 1, 1, 0, 0, 0] and mesh.info[:, 0].tolist() == [7, 7, 7, 0, 0, 0]
    assert mesh.position[3:, 0].tolist() == [9, 11, 11] and mesh.table.count == 2


def test_pieces_of_a_tile_count_their_shared_table_once() -> None:
    made = featured([{"featureCount": 2, "attribute": 0, "propertyTable": 0}], _FEATURE_ID_0=np.zeros(4, np.uint8))
    metadata(made, ["a", "b"], [1.0, 2.0])
    made.json["meshes"][0]["primitives"] *= 2
    first, second = content.decode(made.glb(), {})
    assert (first.features, second.features) == (2, 0) and first.table is second.table


def test_properties_by_vertex_make_each_vertex_a_feature(shared: Path) -> None:
    folder = shared / "tiles/samples/glTF/EXT_structural_metadata"
    path = folder / "PropertyAttributesPointCloud/PropertyAttributesPointCloudHouse.gltf"
    (mesh,) = content.decode(path.read_bytes(), {}, read=lambda uri: (path.parent / uri).read_bytes())
    assert len(mesh.dots) == mesh.table.count == len(mesh.feature)
    assert set(mesh.table.columns) == {"intensity", "classification"}
    assert set(mesh.table.columns["classification"]) <= {"MediumVegetation", "Buildings"}
    path = folder / "SimplePropertyTexture/SimplePropertyTexture.gltf"
    (mesh,) = content.decode(path.read_bytes(), {}, read=lambda uri: (path.parent / uri).read_bytes())
    assert mesh.table.count == len(mesh.position)
    assert all(len(column) == len(mesh.position) for column in mesh.table.columns.values())


def test_what_features_get_wrong_is_told_of_them() -> None:
    made = featured([{"featureCount": 3, "attribute": 0, "propertyTable": 1}], _FEATURE_ID_0=np.zeros(4, np.uint8))
    metadata(made, ["a"], [1.0])
    with pytest.raises(Unreadable, match="property table 1"):
        content.decode(made.glb(), {})
    made = featured([{"featureCount": 3, "attribute": 0}], _FEATURE_ID_0=np.zeros(3, np.uint8))
    with pytest.raises(Unreadable, match="3 feature ids for 4 vertices"):
        content.decode(made.glb(), {})
    made = featured([{"featureCount": 3, "attribute": 0, "propertyTable": 0}], _FEATURE_ID_0=np.zeros(4, np.uint8))
    metadata(made, ["a"], [1.0])
    made.json["extensions"]["EXT_structural_metadata"]["propertyTables"][0]["count"] = 10**8
    with pytest.raises(Unreadable, match="MB when decoded"):
        content.decode(made.glb(), {})


def test_a_schema_may_be_another_file(tmp_path: Path) -> None:
    made = featured([{"featureCount": 1, "attribute": 0, "propertyTable": 0}], _FEATURE_ID_0=np.zeros(4, np.uint8))
    metadata(made, ["a"], [2.0])
    extension = made.json["extensions"]["EXT_structural_metadata"]
    (tmp_path / "schema.json").write_text(json.dumps(extension.pop("schema")))
    extension["schemaUri"] = "schema.json"
    (mesh,) = content.decode(made.glb(), {"a": 1}, read=lambda uri: (tmp_path / uri).read_bytes())
    assert mesh.info[0, 0] == 1.0
    with pytest.raises(Unreadable, match=r"schema\.json"):
        content.decode(made.glb(), {})
