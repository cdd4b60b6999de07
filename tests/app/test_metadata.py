"""What a tileset says about itself, its groups, tiles and contents."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from treewriter import document, load, tile

SCHEMA = {"classes": {
    "place": {"properties": {"name": {"type": "STRING", "semantic": "NAME"},
                             "year": {"type": "SCALAR", "componentType": "UINT16", "default": 1900}}},
    "layer": {"properties": {"color": {"type": "VEC3", "componentType": "UINT8"}}},
}}  # fmt: skip


def about(what: str, /, **values: object) -> dict[str, object]:
    return {"class": what, "properties": values}


def test_tileset_groups_tiles_and_contents_each_say_something(tmp_path: Path) -> None:
    content = {"uri": "a.glb", "group": 1, "metadata": about("place", name="Hof", year=1931)}
    root = tile(metadata=about("place", name="Block"), contents=[content, {"uri": "b.glb"}])
    groups = [about("layer", color=[1, 2, 3]), about("layer", color=[9, 8, 7])]
    table = load(document(tmp_path, root, schema=SCHEMA, groups=groups, metadata=about("place", name="Town")))
    assert table.documents[0].metadata is not None
    assert table.documents[0].metadata.values == {"name": "Town", "year": 1900}
    said = table.annotation(0)
    assert said.tile is not None and said.tile.by_semantic("NAME") == "Block" and said.tile.class_name == "place"
    assert said.contents[0] is not None and said.contents[0].values["year"] == 1931 and said.contents[1] is None
    first, second = table.groups(0)
    assert first is not None and first.values["color"].tolist() == [9, 8, 7] and second is None


def test_a_schema_may_be_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "schema.json").write_text(json.dumps(SCHEMA))
    table = load(document(tmp_path, tile(), schemaUri="schema.json", metadata=about("place", name="Town")))
    assert table.documents[0].metadata is not None and table.documents[0].metadata.values["name"] == "Town"


def test_the_extension_of_1_0_names_its_groups(tmp_path: Path) -> None:
    groups = {"roofs": about("layer", color=[4, 5, 6])}
    old = {"schema": SCHEMA, "groups": groups, "tileset": about("place", name="Town")}
    content = {"uri": "a.glb", "extensions": {"3DTILES_metadata": {"group": "roofs"}}}
    said = {"extensions": {"3DTILES_metadata": about("place", name="Block")}}
    table = load(document(tmp_path, tile() | said | {"content": content}, extensions={"3DTILES_metadata": old}))
    about_tile = table.annotation(0).tile
    assert about_tile is not None and about_tile.values["name"] == "Block"
    (group,) = table.groups(0)
    assert group is not None and group.values["color"].tolist() == [4, 5, 6]


def test_what_is_malformed_is_missing_alone(tmp_path: Path) -> None:
    table = load(document(tmp_path, tile("a.glb", metadata=about("place", name=5, year=7)), schema=SCHEMA))
    said = table.annotation(0).tile
    assert said is not None and said.values == {"year": 7}
    for odd in (about("none"), 5, {"class": []}):
        assert load(document(tmp_path, tile("a.glb", metadata=odd), schema=SCHEMA)).annotation(0).tile is None
    table = load(document(tmp_path, tile("a.glb", metadata=about("place")), schemaUri="gone.json"))
    assert table.has_content[0] and "gone.json, cannot be read" in table.unread[0][1]


def test_the_published_sample_speaks_at_every_level(shared: Path) -> None:
    table = load(str(shared / "tiles/samples/1.1/MetadataGranularities/tileset.json"))
    assert table.documents[0].metadata is not None and len(table.documents[0].groups) == 2
    drawn = np.flatnonzero(table.has_content).tolist()
    for node in drawn:
        said = table.annotation(node)
        assert said.tile is not None and len(said.contents) == 5 and all(c is not None for c in said.contents)
        assert all(g is not None for g in table.groups(node))
