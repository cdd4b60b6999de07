"""Implicit tiling: bits become tiles, each where halving puts it; what contradicts itself is named."""

from __future__ import annotations

import gzip
import json
import struct
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from treewriter import UNIT, document, grown, load, names, subtree, tile

from app.tiles.mesh import Unreadable
from app.tiles.tree import tileset
from app.tiles.tree.tileset import SUBTREE

SCHEMA = {
    "classes": {
        "tile": {
            "properties": {
                "box": {
                    "type": "SCALAR", "componentType": "FLOAT64", "array": True, "count": 12,
                    "semantic": "TILE_BOUNDING_BOX",
                },
                "error": {"type": "SCALAR", "componentType": "FLOAT32", "semantic": "TILE_GEOMETRIC_ERROR"},
                "name": {"type": "STRING"},
            }
        },
        "mesh": {"properties": {"triangles": {"type": "SCALAR", "componentType": "UINT16"}}},
    }
}  # fmt: skip


def implicit(folder: Path, *, levels: int = 3, deep: int = 3, octree: bool = False, **more: Any) -> str:
    """A tileset.json whose root is implicit, with contents c/... and subtrees s/..."""
    z = "/{z}" if octree else ""
    said = {
        "subdivisionScheme": "OCTREE" if octree else "QUADTREE", "subtreeLevels": levels, "availableLevels": deep,
        "subtrees": {"uri": "s/{level}/{x}/{y}" + z + ".subtree"},
    }  # fmt: skip
    said |= more.pop("tiling", {})
    return document(folder, tile("c/{level}/{x}/{y}" + z + ".glb", implicitTiling=said, **more))


def put(folder: Path, at: str, body: bytes) -> None:
    path = folder / "s" / f"{at}.subtree"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)


def contents(table: tileset.Tileset, folder: Path) -> list[str]:
    return sorted(str(Path(a).relative_to(folder / "c"))[:-4] for c in table.contents for a in c if a.endswith(".glb"))


def expanded(folder: Path, body: bytes, **more: Any) -> tileset.Tileset:
    path = implicit(folder, **more)
    put(folder, "0/0/0" + ("/0" if more.get("octree") else ""), body)
    table, missing = grown(path)
    assert missing == []
    return table


class TestTiles:
    """Which tiles there are, and where."""

    def test_the_root_is_a_stub_until_its_subtree_comes(self, tmp_path: Path) -> None:
        table = load(implicit(tmp_path))
        assert table.stub.tolist() == [SUBTREE] and not table.has_content.any()
        assert table.contents[0] == (str(tmp_path / "s" / "0" / "0" / "0.subtree"),)

    @pytest.mark.parametrize("binary", [True, False])
    def test_bits_are_tiles_in_morton_order(self, tmp_path: Path, binary: bool) -> None:
        if binary:
            body = subtree([0, 2, 3, 9, 13], [[9, 13]], levels=3)
        else:
            (tmp_path / "s/0/0").mkdir(parents=True)
            bits = np.zeros((2, 21), bool)
            bits[0, [0, 2, 3, 9, 13]] = bits[1, [9, 13]] = True
            raw = np.packbits(bits, axis=1, bitorder="little").tobytes()
            (tmp_path / "s/0/0/bits.bin").write_bytes(gzip.compress(raw))
            body = json.dumps({
                "buffers": [{"uri": "bits.bin", "byteLength": 6}],
                "bufferViews": [{"buffer": 0, "byteLength": 3}, {"buffer": 0, "byteOffset": 3, "byteLength": 3}],
                "tileAvailability": {"bitstream": 0}, "contentAvailability": [{"bitstream": 1}],
                "childSubtreeAvailability": {"constant": 0},
            }).encode()  # fmt: skip
        table = expanded(tmp_path, body)
        assert table.parent.tolist() == [-1, 0, 1, 1, 2, 3]
        assert contents(table, tmp_path) == ["2/0/2", "2/2/0"]
        where = [(0, 0), (0.5, -0.5), (-0.5, 0.5), (0.25, -0.75), (-0.75, 0.25)]
        np.testing.assert_allclose(table.centre_m[1:, :2], where)
        np.testing.assert_allclose(table.half_m[-1], (0.25, 0.25, 1.0))
        np.testing.assert_allclose(table.geometric_error_m, [8, 8, 4, 4, 2, 2])

    def test_octrees_halve_height_too(self, tmp_path: Path) -> None:
        table = expanded(tmp_path, subtree([0, 8], [[8]], levels=2, branching=8), levels=2, deep=2, octree=True)
        assert contents(table, tmp_path) == ["1/1/1/1"]
        np.testing.assert_allclose(table.centre_m[2], (0.5, 0.5, 0.5))
        np.testing.assert_allclose(table.half_m[2], 0.5)

    def test_a_tile_without_its_parent_is_none(self, tmp_path: Path) -> None:
        table = expanded(tmp_path, subtree([0, 2, 5], [[5]], levels=3))  # 5 is a child of 1
        assert len(table) == 3 and contents(table, tmp_path) == []

    def test_levels_beyond_the_available_ones_are_none(self, tmp_path: Path) -> None:
        assert len(expanded(tmp_path, subtree(1, [1], levels=3), deep=2)) == 1 + 5

    def test_child_subtrees_are_stubs_below_the_last_level(self, tmp_path: Path) -> None:
        put(tmp_path, "2/3/1", subtree([0, 1], [[1]], levels=2))
        table = expanded(tmp_path, subtree([0, 2], [0], [7, 0], levels=2), levels=2, deep=4)
        assert table.stub.tolist() == [SUBTREE, 0, 0, SUBTREE, 0, 0], "child 0 hangs below no tile"
        assert table.level.tolist() == [0, 1, 2, 3, 4, 5] and contents(table, tmp_path) == ["3/6/2"]
        np.testing.assert_allclose(table.centre_m[3:, :2], [(0.75, -0.25), (0.75, -0.25), (0.625, -0.375)])
        np.testing.assert_allclose(table.geometric_error_m[3:], [2, 2, 1])

    def test_several_contents_each_have_bits_of_their_own(self, tmp_path: Path) -> None:
        both = [{"uri": "c/{level}/{x}/{y}.glb"}, {"uri": "c/{level}/{x}/{y}-trees.glb"}]
        path = implicit(tmp_path, levels=2, deep=2, contents=both)
        document_json = json.loads(Path(path).read_text())
        del document_json["root"]["content"]
        Path(path).write_text(json.dumps(document_json))
        put(tmp_path, "0/0/0", subtree([0, 4], [[4], [0, 4]], levels=2))
        table, _ = grown(path)
        assert [len(c) for c in table.contents] == [1, 1, 2]
        assert names(table) == ["0-trees.glb", "1-trees.glb", "1.glb"]

    def test_regions_and_s2_cells_are_divided_too(self, tmp_path: Path) -> None:
        region = {"region": [0.1, 0.9, 0.1004, 0.9004, 0.0, 40.0]}
        table = expanded(tmp_path, subtree(1, [0], levels=2), levels=2, deep=2, boundingVolume=region)
        assert table.radius_m[2:] == pytest.approx([table.radius_m[1] / 2] * 4, rel=0.01)
        said = {"token": "89c6c7", "minimumHeight": 0, "maximumHeight": 9}
        cell = {"extensions": {"3DTILES_bounding_volume_S2": said}}
        table = expanded(tmp_path, subtree(1, [0], levels=2), levels=2, deep=2, boundingVolume=cell)
        assert table.radius_m[2:] == pytest.approx([table.radius_m[1] / 2] * 4, rel=0.05)

    def test_the_extension_of_1_0_is_the_same(self, tmp_path: Path) -> None:
        old = {
            "subdivisionScheme": "QUADTREE", "subtreeLevels": 2, "maximumLevel": 1,
            "subtrees": {"uri": "s/{level}/{x}/{y}.subtree"},
        }  # fmt: skip
        root = tile("c/{level}/{x}/{y}.glb", extensions={"3DTILES_implicit_tiling": old})
        body = {
            "buffers": [{"byteLength": 1}], "bufferViews": [{"buffer": 0, "byteOffset": 0, "byteLength": 1}],
            "tileAvailability": {"constant": 1}, "contentAvailability": {"bufferView": 0},
            "childSubtreeAvailability": {"constant": 0},
        }  # fmt: skip
        text = json.dumps(body).encode()
        head = struct.pack("<4sIQQ", b"subt", 1, len(text), 1)
        put(tmp_path, "0/0/0", head + text + b"\x12")
        needs = {"extensionsUsed": ["3DTILES_implicit_tiling"], "extensionsRequired": ["3DTILES_implicit_tiling"]}
        table, missing = grown(document(tmp_path, root, **needs))
        assert missing == [] and len(table) == 6 and contents(table, tmp_path) == ["1/0/0", "1/1/1"]


class TestMetadata:
    """What subtrees tell of their tiles."""

    def written(self, folder: Path, count: int = 3) -> tileset.Tileset:
        path = implicit(folder, levels=2, deep=2)
        whole = json.loads(Path(path).read_text()) | {"schema": SCHEMA}
        Path(path).write_text(json.dumps(whole))
        boxes = np.tile(UNIT, (3, 1))
        boxes[2, 3:] *= 0.1
        views = [boxes.astype("<f8").tobytes(), np.array([9, 7, 5], "<f4").tobytes(), b"rootsouthnorth",
                 np.array([0, 4, 9, 14], "<u4").tobytes(), np.array([120, 70], "<u2").tobytes()]  # fmt: skip
        tables = [
            {"class": "tile", "count": count, "properties": {
                "box": {"values": 0}, "error": {"values": 1}, "name": {"values": 2, "stringOffsets": 3}}},
            {"class": "mesh", "count": 2, "properties": {"triangles": {"values": 4}}},
        ]  # fmt: skip
        more = {"propertyTables": tables, "tileMetadata": 0, "contentMetadata": [1]}
        put(folder, "0/0/0", subtree([0, 1, 3], [[1, 3]], levels=2, views=views, more=more))
        return grown(path)[0]

    def test_they_say_what_tiles_are_and_override_volume_and_error(self, tmp_path: Path) -> None:
        table = self.written(tmp_path)
        np.testing.assert_allclose(table.half_m[1:], [[1, 1, 1], [1, 1, 1], [0.1, 0.1, 0.1]])
        assert table.geometric_error_m[1:].tolist() == [9, 7, 5]
        said = [table.annotation(n) for n in (1, 2, 3)]
        assert [s.tile.values["name"] for s in said if s.tile] == ["root", "south", "north"]
        assert said[0].contents == () and said[0].tile is not None
        assert said[0].tile.by_semantic("TILE_GEOMETRIC_ERROR") == 9
        assert [s.contents[0].values["triangles"] for s in said[1:] if s.contents[0]] == [120, 70]

    def test_where_they_are_too_few_the_tiles_stand_all_the_same(self, tmp_path: Path) -> None:
        table = self.written(tmp_path, count=2)
        assert len(table) == 4 and table.annotation(1).tile is None
        assert "fewer rows than the 3 tiles" in table.unread[0][1]


class TestRefused:
    """Named, and only that branch is missing."""

    @pytest.mark.parametrize(
        ("tiling", "sentence"),
        [({"availableLevels": 60}, "availableLevels 60 are more than 30"), ({"subtreeLevels": 0}, "number of levels"),
         ({"subtreeLevels": 25}, "more than 6,000,000 tiles"), ({"subtreeLevels": 2**31}, "more than 6,000,000"),
         ({"subdivisionScheme": "BINARY"}, "neither QUADTREE"),
         ({"subtrees": {}}, "subtrees has no uri"), ({"subtrees": {"uri": "s/{level}/{x}.subtree"}}, "lacks {y}"),
         ({"subtrees": {"uri": "s/{level}/{x}/{y}/{z}"}}, "which a quadtree has not")],
    )  # fmt: skip
    def test_a_tiling_that_makes_no_sense(self, tmp_path: Path, tiling: dict[str, Any], sentence: str) -> None:
        table = load(implicit(tmp_path, tiling=tiling))
        assert len(table) == 1 and not table.stub[0] and sentence in table.unread[0][1]

    def test_a_sphere_cannot_be_divided(self, tmp_path: Path) -> None:
        table = load(implicit(tmp_path, boundingVolume={"sphere": [0, 0, 0, 1]}))
        assert "cannot be divided" in table.unread[0][1]

    @pytest.mark.parametrize(
        ("body", "sentence"),
        [(b"", "no JSON"), (b"subt", "its header is not whole"), (b"[]", "is no object"),
         (b"{}", "no tileAvailability"),
         (subtree([1], levels=3)[:40], "is truncated"), (subtree([1], levels=2), "bytes of bits, 3 are needed"),
         (subtree([1], levels=6), "bytes of bits, 3 are needed"), (subtree(3, levels=3), "only 0 and 1 make sense"),
         (subtree(1, levels=3, binary=False, more={"tileAvailability": {"bitstream": 4}}), "names bufferView 4"),
         (subtree([1], levels=3, more={"buffers": [{"uri": "gone.bin", "byteLength": 3}]}), "gone.bin cannot be read"),
         (subtree([1], levels=3, more={"bufferViews": [{"buffer": 0, "byteLength": 99}]}), "lies outside its buffer"),
         (b"subt\7" + subtree([1], levels=3)[5:], "has version 7")],
    )  # fmt: skip
    def test_a_subtree_that_contradicts_itself(self, tmp_path: Path, body: bytes, sentence: str) -> None:
        seed = load(implicit(tmp_path)).seed(0)
        with pytest.raises(Unreadable, match=sentence):
            tileset.branch(seed, body)

    def test_subtrees_that_are_cut_or_garbled_are_sentences(self, tmp_path: Path) -> None:
        seed, body = load(implicit(tmp_path, deep=6)).seed(0), subtree([0, 1, 5], [[5]], [0, 3], levels=3)
        rng = np.random.default_rng(5)
        for k in range(500):
            odd = bytearray(body[: int(rng.integers(len(body)))] if k % 3 == 0 else body)
            for _ in range(3 if k % 3 else 0):
                odd[int(rng.integers(len(odd)))] = int(rng.integers(256))
            try:
                nodes = tileset.branch(seed, bytes(odd))
            except Unreadable as error:
                assert str(error)
            else:
                assert (nodes.parent < np.arange(len(nodes))).all()


@pytest.mark.parametrize(
    ("sample", "tiles", "each"), [("Quadtree", 32, {5: 32}), ("Octree", 31, {1: 1, 2: 2, 3: 4, 4: 8, 5: 16})]
)
def test_the_published_sparse_trees_have_the_contents_that_they_say(
    shared: Path, sample: str, tiles: int, each: dict[int, int]
) -> None:
    """Counts from the samples' own READMEs (CesiumGS/3d-tiles-samples)."""
    table, missing = grown(str(shared / "tiles/samples/1.1" / f"SparseImplicit{sample}" / "tileset.json"))
    assert missing == [] and int(table.has_content.sum()) == tiles
    found = [Path(a).stem for n in np.flatnonzero(table.has_content) for a in table.contents[n]]
    files = {p.stem for p in (shared / "tiles/samples/1.1" / f"SparseImplicit{sample}" / "content").glob("*.glb")}
    assert set(found) == files
    level = [int(name.split("_")[1]) for name in found]
    assert {k: level.count(k) for k in sorted(set(level))} == each


def test_the_validators_subtrees_expand_or_name_their_reason(shared: Path, tmp_path: Path) -> None:
    folder = shared / "tiles/malformed/subtrees"
    path = implicit(tmp_path, deep=6)
    seed = load(path).seed(0)
    read, refused = set(), set()
    for file in [*folder.glob("*.subtree"), *folder.glob("*.json")]:
        try:
            tileset.branch(seed, file.read_bytes())
        except Unreadable as error:
            assert str(error)
            refused.add(file.stem)
        else:
            read.add(file.stem)
    assert {"binarySubtreeInvalidMagic", "binarySubtreeInvalidVersion", "binarySubtreeJsonInvalid",
            "subtreeTileAvailabilityMissing"} <= refused  # fmt: skip
    assert "validSubtreeNoBuffers" in read


def test_a_subtree_of_5461_tiles_takes_milliseconds(tmp_path: Path) -> None:
    seed, body = load(implicit(tmp_path, levels=7, deep=7)).seed(0), subtree(1, [1], levels=7)
    took = []
    for _ in range(5):
        start = time.process_time()
        nodes = tileset.branch(seed, body)
        took.append(time.process_time() - start)
    assert len(nodes) == 5461 and min(took) < 0.05
