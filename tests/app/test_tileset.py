"""A tileset.json becomes nodes: volumes, errors, refinement, contents; what is malformed is named, the rest stands."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from treewriter import UNIT, document, grown, load, names, tile

from app.tiles.mesh import Unreadable
from app.tiles.tree import table as tables
from app.tiles.tree import tileset
from app.tiles.tree.expiry import expire_s
from app.tiles.tree.tileset import EXTERNAL
from network.problems import Refused

MOVED = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 100, 0, 0, 1]
"""Column by column: 100 m east."""
LARGER = [3, 0, 0, 0, 0, 3, 0, 0, 0, 0, 3, 0, 0, 0, 0, 1]


def reasons(folder: Path, root: Any) -> tuple[list[str], tileset.Tileset]:
    table = load(document(folder, root))
    return [reason for _, reason in table.unread], table


def test_children_stand_below_their_parents_level_by_level(tmp_path: Path) -> None:
    table = load(document(tmp_path, tile("r.glb", children=[tile("a.glb", children=[tile("b.glb")]), tile("c.glb")])))
    assert table.parent.tolist() == [-1, 0, 0, 1]
    assert table.level.tolist() == [0, 1, 1, 2]
    assert [r.tolist() for r in table.levels] == [[0], [1, 2], [3]]
    assert table.children.tolist() == [2, 1, 0, 0] and names(table) == ["a.glb", "b.glb", "c.glb", "r.glb"]


def test_transforms_follow_each_other_down_and_stretch_the_error(tmp_path: Path) -> None:
    table = load(document(tmp_path, tile(children=[tile(error=2.0, transform=MOVED)], transform=LARGER)))
    np.testing.assert_allclose(table.centre_m, [[0, 0, 0], [300, 0, 0]])
    np.testing.assert_allclose(table.half_m, np.full((2, 3), 3.0))
    assert table.radius_m.tolist() == pytest.approx([3 * math.sqrt(3)] * 2)
    assert table.geometric_error_m.tolist() == pytest.approx([24.0, 6.0])


def test_refinement_is_inherited_and_may_be_written_small(tmp_path: Path) -> None:
    below = [tile(children=[tile(refine="replace")]), tile()]
    table = load(document(tmp_path, tile(refine="add", children=below)))
    assert table.replace.tolist() == [False, False, False, True]


def test_regions_stay_on_the_earth_whatever_the_transform(tmp_path: Path) -> None:
    region = {"region": [0.0, 0.0, 0.001, 0.001, 0.0, 50.0]}
    table = load(document(tmp_path, tile(boundingVolume=region, transform=MOVED)))
    assert np.linalg.norm(table.centre_m[0] - (6378137.0, 3189.0, 3168.0)) < 40.0


def test_several_contents_are_all_kept_in_either_way_to_write_them(tmp_path: Path) -> None:
    both = [{"uri": "a.glb"}, {"uri": "b.glb"}]
    table = load(document(tmp_path, tile(contents=both)))
    old = load(document(tmp_path, tile(extensions={"3DTILES_multiple_contents": {"contents": both}})))
    older = load(document(tmp_path, tile(extensions={"3DTILES_multiple_contents": {"content": both}})))
    assert names(table) == names(old) == names(older) == ["a.glb", "b.glb"]


def test_files_from_before_1_0_name_contents_by_url(tmp_path: Path) -> None:
    asset = {"version": "0.0", "gltfUpAxis": "z"}
    table = load(document(tmp_path, tile() | {"content": {"url": "old.b3dm"}}, asset=asset))
    assert names(table) == ["old.b3dm"] and table.up_axis(0) == "Z"


def test_a_request_volume_is_a_box_in_the_world(tmp_path: Path) -> None:
    asking = tile(viewerRequestVolume={"sphere": [0, 0, 5, 10]}, transform=MOVED)
    table = load(document(tmp_path, tile(children=[asking])))
    assert table.has_request.tolist() == [False, True]
    np.testing.assert_allclose(table.request_centre_m[1], (100, 0, 5))
    np.testing.assert_allclose(table.request_half_m[1], 10.0)


@pytest.mark.parametrize(
    ("expire", "seconds"),
    [({"duration": 5}, 5.0), ({"duration": "PT1M30S"}, 90.0), ({"duration": "P1DT2H"}, 93600.0),
     ({"date": "1970-01-01T00:01:00Z"}, 60.0), ({"date": "1969-01-01T00:00:00Z"}, math.inf)],
)  # fmt: skip
def test_contents_expire_after_a_duration_or_at_a_date(expire: dict[str, Any], seconds: float) -> None:
    assert expire_s(expire, now_unix_s=datetime(1970, 1, 1, tzinfo=UTC).timestamp()) == pytest.approx(seconds)


def test_what_never_expires_says_so_and_nonsense_is_named(tmp_path: Path) -> None:
    some = [tile("a.glb", expire={"duration": "soon"}), tile(expire={"duration": 9})]
    told, table = reasons(tmp_path, tile(children=some))
    assert table.expire_s.tolist() == [math.inf, math.inf, 9.0]
    assert told == ["root/children/0: it never expires: soon is no duration"]


class TestExternalTilesets:
    """Read when they are wanted, not before."""

    def test_a_json_content_is_a_stub_until_its_branch_comes(self, tmp_path: Path) -> None:
        document(tmp_path, tile("leaf.glb", transform=MOVED, refine="REPLACE"), "in/inner.json")
        path = document(tmp_path, tile(children=[tile("in/inner.json", transform=LARGER)], refine="ADD"))
        table = load(path)
        assert table.stub.tolist() == [0, EXTERNAL] and not table.has_content.any()
        table, missing = grown(path)
        assert missing == [] and table.parent.tolist() == [-1, 0, 1] and table.grown.tolist() == [False, True, False]
        np.testing.assert_allclose(table.centre_m[2], (300, 0, 0))
        assert table.contents[2] == (str(tmp_path / "in" / "leaf.glb"),)
        assert table.replace.tolist() == [False, False, True]

    def test_beside_other_contents_it_is_a_child_of_its_own(self, tmp_path: Path) -> None:
        document(tmp_path, tile("leaf.glb"), "inner.json")
        both = [{"uri": "own.glb"}, {"uri": "inner.json"}]
        table, _ = grown(document(tmp_path, tile(contents=both)))
        assert names(table) == ["leaf.glb", "own.glb"] and table.parent.tolist() == [-1, 0, 1]

    def test_a_content_may_turn_out_to_be_one(self, tmp_path: Path) -> None:
        document(tmp_path, tile("leaf.glb"), "inner.tiles")
        table = load(document(tmp_path, tile("inner.tiles")))
        body = (tmp_path / "inner.tiles").read_bytes()
        assert table.has_content[0] and tileset.is_branch(body)
        table.graft(0, tileset.branch(table.seed(0), body))
        assert table.stub[0] == EXTERNAL and not table.has_content[0] and names(table) == ["leaf.glb"]

    def test_tilesets_that_name_each_other_are_no_trap(self, tmp_path: Path) -> None:
        document(tmp_path, tile("b.json", children=[tile("ok.glb")]), "a.json")
        document(tmp_path, tile("a.json"), "b.json")
        table, _ = grown(str(tmp_path / "a.json"))
        assert names(table) == ["ok.glb"] and len(table) == 3
        assert any("names itself" in reason for _, reason in table.unread)

    def test_one_that_names_itself_by_another_ending_is_no_trap_either(self, tmp_path: Path) -> None:
        document(tmp_path, tile("round.tiles"), "round.tiles")
        table, body = load(str(tmp_path / "round.tiles")), (tmp_path / "round.tiles").read_bytes()
        with pytest.raises(Unreadable, match="names itself"):
            tileset.branch(table.seed(0), body)

    def test_a_missing_one_costs_its_branch_alone(self, tmp_path: Path) -> None:
        table, missing = grown(document(tmp_path, tile(children=[tile("gone.json"), tile("a.glb")])))
        assert names(table) == ["a.glb"] and missing == ["there is no such file"]

    def test_a_chain_that_never_ends_does(self, tmp_path: Path) -> None:
        for k in range(80):
            document(tmp_path, tile(f"{k + 1}.json"), f"{k}.json")
        table, missing = grown(str(tmp_path / "0.json"))
        assert len(table) < 80 and "behind more than 64 tilesets" in missing[0]

    def test_what_it_requires_and_nobody_reads_is_named(self, tmp_path: Path) -> None:
        document(tmp_path, tile("x.glb"), "inner.json", extensionsRequired=["ACME_holograms"])
        table, missing = grown(document(tmp_path, tile(children=[tile("inner.json"), tile("a.glb")])))
        assert names(table) == ["a.glb"] and missing == ["it requires ACME_holograms, which is not read"]


class TestMalformed:
    """One sentence each; the rest of the tileset stands."""

    @pytest.mark.parametrize(
        ("odd", "sentence"),
        [({"transform": [0.0] * 16}, "its transform is singular"),
         ({"transform": [*MOVED[:10], 1e-14, *MOVED[11:]]}, "its transform is singular"),
         ({"transform": [*MOVED[:15], "1"]}, "transform is not 16 finite numbers"),
         ({"transform": [math.nan, *MOVED[1:]]}, "transform is not 16 finite numbers"),
         ({"transform": [*MOVED[:3], 1, *MOVED[4:]]}, "its transform is not affine")],
    )  # fmt: skip
    def test_a_transform_costs_its_branch(self, tmp_path: Path, odd: dict[str, Any], sentence: str) -> None:
        told, table = reasons(tmp_path, tile(children=[tile("lost.glb", **odd, children=[tile()]), tile("a.glb")]))
        assert told == [f"root/children/0: {sentence}; it is left out with all below it"]
        assert names(table) == ["a.glb"] and len(table) == 2

    @pytest.mark.parametrize("error", [-1.0, "4", math.nan, True, None])
    def test_an_error_that_is_none_is_the_one_above(self, tmp_path: Path, error: Any) -> None:
        told, table = reasons(tmp_path, tile(children=[tile("a.glb") | {"geometricError": error}]))
        assert table.geometric_error_m.tolist() == [8.0, 8.0]
        assert len(told) == (error is not None) and all("is no number from 0 on" in t for t in told)

    @pytest.mark.parametrize(
        ("volume", "sentence"),
        [({"box": UNIT[:11]}, "boundingVolume.box is not 12 finite numbers"), ({}, "neither box nor region"),
         ({"sphere": [0, 0, 0, -1]}, "is negative"), (None, "it has no boundingVolume"),
         ({"region": [0, 0, 1, 1, 0, math.inf]}, "boundingVolume.region is not 6 finite numbers"),
         ({"extensions": {"3DTILES_bounding_volume_S2": {"token": "zz"}}}, "no token of an S2 cell")],
    )  # fmt: skip
    def test_a_volume_that_is_none_is_the_one_above(self, tmp_path: Path, volume: Any, sentence: str) -> None:
        told, table = reasons(tmp_path, tile(children=[tile("a.glb", boundingVolume=volume)]))
        np.testing.assert_allclose(table.half_m, np.ones((2, 3)))
        assert len(told) == 1 and sentence in told[0]

    @pytest.mark.parametrize(
        ("odd", "sentence"),
        [({"children": [5]}, "a tile is no object"), ({"children": 5}, "its children are no list"),
         ({"refine": 7}, "neither ADD nor REPLACE"), ({"content": "a.glb"}, "a content is no object"),
         ({"content": {}}, "a content has no uri"), ({"contents": {"uri": "a"}}, "its contents are no list"),
         ({"viewerRequestVolume": {"box": 3}}, "its viewerRequestVolume is not heeded")],
    )  # fmt: skip
    def test_any_other_part_is_named_alone(self, tmp_path: Path, odd: dict[str, Any], sentence: str) -> None:
        told, table = reasons(tmp_path, tile("r.glb") | {"children": [tile("z.glb")]} | odd)
        assert len(told) == 1 and sentence in told[0] and table.alive.all()

    @pytest.mark.parametrize(
        ("odd", "sentence"),
        [({"content": {"uri": ""}}, "a content has no uri"), ({"content": {"uri": 5}}, "a content has no uri"),
         ({"geometricError": -1}, "is no number from 0 on"), ({"boundingVolume": {"box": [1]}}, "12 finite numbers")],
    )  # fmt: skip
    def test_what_is_odd_of_a_leaf_is_named_by_its_place(
        self, tmp_path: Path, odd: dict[str, Any], sentence: str
    ) -> None:  # fmt: skip
        told, table = reasons(tmp_path, tile("r.glb") | {"children": [tile("z.glb"), tile("y.glb") | odd]})
        assert len(told) == 1 and told[0].startswith("root/children/1: ") and sentence in told[0] and table.alive.all()

    def test_a_root_that_is_none_is_refused(self, tmp_path: Path) -> None:
        for root in ({"transform": ["a"] * 16}, [], None):
            with pytest.raises(Refused, match=r"tileset\.json: not a tileset"):
                load(document(tmp_path, root))
        with pytest.raises(Refused, match="its version is '7'"):
            load(document(tmp_path, tile(), asset={"version": "7"}))

    def test_a_million_children_are_read_to_a_bound(self, tmp_path: Path) -> None:
        path = tmp_path / "tileset.json"
        path.write_text('{"root": {"boundingVolume": {"sphere": [0, 0, 0, 1]}, "children": [' + "{}," * 10**6 + "{}]}}")
        table = load(str(path))
        assert len(table) == 200_000 and len(table.unread) <= 102
        assert "more than 200,000 tiles" in table.unread[-1][1] or "and more" in table.unread[-1][1]

    @pytest.mark.parametrize("depth", [100_000, 600])
    def test_bottomless_nesting_is_a_sentence(self, tmp_path: Path, depth: int) -> None:
        path = tmp_path / "tileset.json"
        path.write_text('{"root": ' + '{"children": [' * depth + "{}" + "]}" * depth + "}")
        with pytest.raises(Refused, match="nested too deeply"):
            load(str(path))


class TestTable:
    """The table grows by branches and forgets them."""

    def two(self, folder: Path) -> tuple[tileset.Tileset, tileset.Nodes]:
        document(folder, tile("x.glb", children=[tile("y.glb"), tile("z.glb")]), "inner.json")
        table = load(document(folder, tile(children=[tile("inner.json"), tile("inner.json")])))
        return table, tileset.branch(table.seed(1), (folder / "inner.json").read_bytes())

    def test_what_is_pruned_can_come_again_and_its_rows_are_used_anew(self, tmp_path: Path) -> None:
        table, nodes = self.two(tmp_path)
        first, versions = table.graft(1, nodes).tolist(), [table.version]
        assert sorted(table.prune(1).tolist()) == first and table.version > versions[0]
        assert table.living == 3 and not table.alive[first].any() and not table.grown[1] and table.children[1] == 0
        assert sorted(table.graft(2, nodes).tolist()) == first and len(table) == 6
        assert table.parent[first].tolist() == [2, first[0], first[0]] and names(table) == ["x.glb", "y.glb", "z.glb"]
        assert [sorted(r.tolist()) for r in table.levels] == [[0], [1, 2], first[:1], first[1:]]

    def test_nothing_is_seen_of_a_branch_before_it_is_whole(self, tmp_path: Path, monkeypatch: Any) -> None:
        table, nodes = self.two(tmp_path)
        monkeypatch.setattr(tables, "SLICE", 2)
        steps = table.grafting(1, nodes)
        next(steps)
        assert table.children[1] == 0 and table.living == 3 and not table.alive[3:].any()
        assert len(list(steps)) == 1 and table.children[1] == 1 and table.living == 6

    def test_it_never_grows_beyond_its_bound(self, tmp_path: Path, monkeypatch: Any) -> None:
        table, nodes = self.two(tmp_path)
        monkeypatch.setattr(tables, "MOST_NODES", 5)
        assert len(table.graft(1, nodes)) == 0 and table.grown[1]
        assert "more than 5 tiles at a time" in table.unread[0][1]

    def test_many_branches_in_any_order_leave_a_tree(self, tmp_path: Path) -> None:
        table, nodes = self.two(tmp_path)
        rng = np.random.default_rng(3)
        for _ in range(200):
            node = int(rng.integers(1, 3))
            table.prune(node) if table.grown[node] else table.graft(node, nodes)
            alive = np.flatnonzero(table.alive)
            assert sorted(np.concatenate(table.levels).tolist()) == alive.tolist()
            above = table.parent[alive[1:]]
            assert table.alive[above].all() and (table.level[alive[1:]] == table.level[above] + 1).all()
            assert (np.bincount(above, minlength=len(table)) == table.children).all()
        assert len(table) == 9


def test_every_published_tileset_loads_or_names_its_reason(shared: Path) -> None:
    """Samples, migration inputs and the validator's malformed cases: never a traceback."""
    found = [p for p in (shared / "tiles").rglob("*.json") if "gpm" not in p.parts]
    loaded = 0
    for path in found:
        try:
            table, missing = grown(str(path))
        except Refused as refused:
            assert str(path) in str(refused)
            continue
        loaded += 1
        assert all(missing) and all(reason for _, reason in table.unread)
        assert np.isfinite(table.centre_m).all() and np.isfinite(table.radius_m).all(), path
    assert loaded > 150


def test_documents_that_are_cut_or_garbled_are_sentences(shared: Path, tmp_path: Path) -> None:
    body = (shared / "tiles/samples/1.1/MetadataGranularities/tileset.json").read_bytes()
    rng, path = np.random.default_rng(1), tmp_path / "tileset.json"
    for k in range(300):
        odd = bytearray(body[: int(rng.integers(len(body)))] if k % 2 else body)
        for _ in range(0 if k % 2 else 4):
            odd[int(rng.integers(len(odd)))] = int(rng.integers(256))
        path.write_bytes(odd)
        try:
            table = load(str(path))
        except Refused as refused:
            assert "\n" not in str(refused)
        else:
            assert len(table) >= 1


ODD: list[Any] = [
    None, True, -1, 0, 2, 1e300, -1e300, math.nan, math.inf, 1e-300, 2**63, 10**400, "", ".", "../x", "x" * 9000, "\0",
    "http://[", "file:///etc/passwd", "data:,x", [], {}, [[]], [{}], {"a": 1}, [1] * 16, ["a"], {"uri": 5},
]  # fmt: skip


def parts(value: Any, found: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    """(holder, key) of every value within."""
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        found.append((value, key))
        parts(value[key], found)
    return found


def test_any_value_may_be_another(shared: Path, tmp_path: Path) -> None:
    """Whatever stands in a document instead of what should: a table of finite numbers, or a sentence."""
    rng, path = np.random.default_rng(2), tmp_path / "tileset.json"
    samples = [(shared / "tiles/samples" / p / "tileset.json").read_text()
               for p in ("1.1/MetadataGranularities", "1.0/TilesetWithRequestVolume", "1.1/SparseImplicitQuadtree")]
    for k in range(450):
        whole = json.loads(samples[k % 3])
        listed = parts(whole, [])
        holder, key = listed[int(rng.integers(len(listed)))]
        holder[key] = ODD[int(rng.integers(len(ODD)))]
        path.write_text(json.dumps(whole))
        try:
            table = load(str(path))
        except Refused as refused:
            assert "\n" not in str(refused)
            continue
        for column in (table.centre_m, table.radius_m, table.half_m, table.geometric_error_m, table.matrix):
            assert np.isfinite(column).all()


def test_a_region_alone_gives_the_frame(tmp_path: Path) -> None:
    region = {"region": [0.0, 0.8, 0.001, 0.801, 10.0, 20.0]}
    table, world = tileset.load(document(tmp_path, tile("a.glb", boundingVolume=region)))
    assert np.linalg.norm(table.centre_m[0]) < 2.0 and np.linalg.det(world[:3, :3]) == pytest.approx(1.0)
    assert json.loads((tmp_path / "tileset.json").read_text())["root"]["boundingVolume"] == region
