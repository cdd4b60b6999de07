"""A click on a tileset that is seen alone: its panel tells of the feature, and of content, group, tile and tileset."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from imgui_bundle import imgui
from lone_stand import LoneStand, block
from treewriter import document, grown, load, subtree, tile

from app import figures
from app.frame import frame
from app.gpu.window import Event, Input
from app.tiles.mesh import Look, Mesh
from app.tiles.styling.binding import Binding
from app.tiles.styling.wardrobe import Wardrobe
from app.ui import feature
from app.ui.pen import Pen
from app.world import Panel, World

SIZE = (960, 540)
MIDDLE = (SIZE[0] / 2, SIZE[1] / 2)
PLACE = {
    "name": {"type": "STRING", "semantic": "NAME", "description": "What people call it"},
    "low": {"name": "Lowest height", "type": "SCALAR", "componentType": "FLOAT32", "semantic": "TILE_MINIMUM_HEIGHT"},
}
SCHEMA = {"classes": {"place": {"properties": PLACE}}}


def about(what: str, **values: object) -> dict[str, object]:
    return {"class": what, "properties": values}


class Sitter:
    """Someone before the screen, who reads what the panels wrote in the last frame."""

    def __init__(self, stand: LoneStand, lines: list[tuple[float, float, str]]) -> None:
        self.stand, self.lines = stand, lines
        self.world: World

    def opens(self, tileset: Path | str) -> None:
        self.stand.ports.hands = False
        self.stand.picture(tileset, panel=Panel())
        self.stand.ports.hands, self.world = True, self.stand.world
        self.waits()

    def does(self, *events: tuple[str, str], at: tuple[float, float] | None = None) -> None:
        self.lines.clear()
        given = Input(tuple(Event(*e) for e in events), at)
        self.stand.window.input = lambda: given
        self.world = frame(self.world, self.stand.ports, now_s=1.7, dt_s=0.02)

    def waits(self, frames: int = 3, at: tuple[float, float] | None = None) -> None:
        for _ in range(frames):
            self.does(at=at)

    def clicks(self, at: tuple[float, float]) -> None:
        self.waits(at=at)
        self.does(("down", "mouse1"), at=at)
        self.does(("up", "mouse1"), at=at)
        self.waits(at=at)
        self.waits()

    @property
    def panel(self) -> tuple[float, float, float, float] | None:
        """Left, top, right and bottom of the panel; None where there is none."""
        found = imgui.internal.find_window_by_name(feature.NAME)
        if found is None or not found.active:
            return None
        return found.pos.x, found.pos.y, found.pos.x + found.size.x, found.pos.y + found.size.y

    def reads(self) -> list[str]:
        """What is written in the panel, in the order in which it is."""
        if self.panel is None:
            return []
        left, top, right, bottom = self.panel
        return [words for x, y, words in self.lines if left < x < right and top < y < bottom]


@pytest.fixture(scope="module")
def screen() -> Iterator[LoneStand]:
    made = LoneStand(SIZE)
    yield made
    made.close()


@pytest.fixture
def sitter(screen: LoneStand, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sitter]:
    lines: list[tuple[float, float, str]] = []
    drawn, listened = Pen.text, screen.window.input

    def text(pen: Pen, x: float, y: float, words: str, **how: Any) -> None:
        lines.append((x, y, words))
        drawn(pen, x, y, words, **how)

    monkeypatch.setattr(Pen, "text", text)
    yield Sitter(screen, lines)
    screen.window.input = listened


def told(path: Path, *, schema: Any = None, root: Any = None, content: Any = None, **more: Any) -> Path:
    """The tileset at `path` with metadata."""
    whole = json.loads(path.read_text()) | {"schema": schema or SCHEMA} | more
    whole["root"] |= {"metadata": root} if root else {}
    whole["root"]["content"] |= content or {}
    path.write_text(json.dumps(whole))
    return path


def test_a_click_on_a_house_tells_of_content_group_tile_and_tileset(sitter: Sitter, shared: Path) -> None:
    sitter.opens(shared / "tiles/samples/1.1/MetadataGranularities/tileset.json")
    assert sitter.panel is None
    sitter.clicks((0.6 * SIZE[0], 0.47 * SIZE[1]))
    read = sitter.reads()
    assert read[0] == "house-5-3.glb", "it has no features: what was clicked is the content"
    assert read[1:7] == ["Content", "exampleContentMetadataClass", "vertices", "1155", "materials", "5"]
    assert read[7:13] == ["Group", "exampleGroupMetadataClass", "color", "64, 64, 255", "priority", "1"]
    assert read[13:19] == ["Tile", "exampleTileMetadataClass", "district", "Market East", "population", "18"]
    assert read[19:23] == ["Tileset", "exampleTilesetMetadataClass", "author", "Cesium"]
    sitter.clicks((0.21 * SIZE[0], 0.46 * SIZE[1]))
    read = sitter.reads()
    assert read[0].startswith("tree-") and read[4:5] == ["498"] and "Museum District" in read and "64, 255, 64" in read


def test_a_feature_keeps_its_properties_above_what_its_tile_says(sitter: Sitter, shared: Path, tmp_path: Path) -> None:
    sample = shared / "tiles/samples/glTF/EXT_structural_metadata/FeatureIdAttributeAndPropertyTable"
    for file in sample.glob("*.gl*"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "tileset.json").write_text((sample / "tileset.json").read_text())
    right_above = (0.58 * SIZE[0], 0.35 * SIZE[1])
    sitter.opens(told(tmp_path / "tileset.json", root=about("place", name="Hof", low=-1.25)))
    sitter.clicks(right_above)
    assert sitter.reads() == ["Feature", "example_VEC3_FLOAT32", "3, 3.1, 3.2", "Tile", "place", "name", "Hof",
                              "Lowest height", "-1.25\N{NO-BREAK SPACE}m"]  # fmt: skip


def test_the_panel_closes_and_costs_nothing_then(sitter: Sitter, tmp_path: Path) -> None:
    sitter.opens(told(block(tmp_path, (3.0, 3.0, 3.0)), root=about("place", name="Hof")))
    sitter.clicks(MIDDLE)
    assert sitter.reads() == ["block.gltf", "Tile", "place", "name", "Hof"] and sitter.panel is not None
    kept = sitter.stand.ports.told
    sitter.waits()
    assert sitter.stand.ports.told is kept, "it is put into words once"
    _, top, right, _ = sitter.panel
    sitter.clicks((right - 45 * sitter.stand.ports.ui.scale, top + 22 * sitter.stand.ports.ui.scale))
    assert sitter.world.feature == 0 and sitter.panel is None and sitter.reads() == []


def test_what_nothing_is_said_of_cannot_be_clicked(sitter: Sitter, tmp_path: Path) -> None:
    sitter.opens(block(tmp_path, (3.0, 3.0, 3.0)))
    sitter.clicks(MIDDLE)
    assert sitter.world.feature == 0 and sitter.panel is None


def test_a_group_of_the_1_0_extension_is_called_by_its_name(sitter: Sitter, tmp_path: Path) -> None:
    old = {"schema": SCHEMA, "groups": {"roofs": about("place", name="All roofs")}}
    group = {"extensions": {"3DTILES_metadata": {"group": "roofs"}}}
    sitter.opens(told(block(tmp_path, (3.0, 3.0, 3.0)), content=group, extensions={"3DTILES_metadata": old}))
    sitter.clicks(MIDDLE)
    assert sitter.reads() == ["block.gltf", "Group", "roofs · place", "name", "All roofs"]


def test_a_long_panel_stays_on_the_screen_and_the_wheel_moves_it_alone(sitter: Sitter, tmp_path: Path) -> None:
    names = {f"property {k}": {"type": "STRING"} for k in range(90)}
    many = {"classes": {"many": {"properties": names}}}
    values = about("many", **{name: f"value {k} " + "on and on " * (k % 9) for k, name in enumerate(names)})
    sitter.opens(told(block(tmp_path, (3.0, 3.0, 3.0)), schema=many, root=values))
    sitter.clicks(MIDDLE)
    assert sitter.panel is not None
    left, top, right, bottom = sitter.panel
    assert 0 < left < right < SIZE[0] and 0 < top < bottom < SIZE[1]
    camera, first = sitter.world.camera, sitter.reads()
    before = sitter.stand.window.pixels().copy()
    assert "property 0" in first and "property 89" not in first
    assert len(sitter.lines) < 90, "what is not seen is not drawn"
    rest = ((left + right) / 2, (top + bottom) / 2)
    sitter.waits(at=rest)
    for _ in range(10):
        sitter.does(*[("down", "wheel_down"), ("up", "wheel_down")] * 10, at=rest)
    sitter.waits(at=rest)
    last = sitter.reads()
    assert "property 0" not in last and "property 89" in last and sitter.world.camera is camera
    after = sitter.stand.window.pixels()
    inside = np.s_[int(top) : int(bottom), int(left) : int(right)]
    changed = (before.astype(int) != after).any(axis=2)
    assert changed[inside].mean() > 0.02 and changed.sum() == changed[inside].sum()


def test_a_hand_on_a_property_reads_what_its_class_says_beside_the_panel(sitter: Sitter, tmp_path: Path) -> None:
    sitter.opens(told(block(tmp_path, (3.0, 3.0, 3.0)), root=about("place", name="Hof", low=2)))
    sitter.clicks(MIDDLE)
    assert sitter.panel is not None
    before, s = sitter.stand.window.pixels().copy(), sitter.stand.ports.ui.scale
    left, top, _, _ = sitter.panel
    sitter.waits(6, at=(left + 30 * s, top + 82 * s))
    changed = (before.astype(int) != sitter.stand.window.pixels()).any(axis=2)
    assert changed[:, : int(left)].any(), "the remark"
    assert not changed[int(top) :, int(left) + 2 :].any(), "which hides nothing of the panel"
    (row, _) = sitter.stand.ports.told[1].sections[0].rows
    assert row.remark == "What people call it\nNAME"


class TestWords:
    """What becomes of values."""

    def section(self, folder: Path, properties: dict[str, Any], enums: Any = None, **values: Any) -> dict[str, str]:
        schema = {"classes": {"c": {"properties": properties}}, "enums": enums or {}}
        table = load(document(folder, tile("a.glb", metadata=about("c", **values)), schema=schema))
        (found,) = figures.about(table, 0, 0).sections
        return {row.name: row.words for row in found.rows}

    def test_what_is_absent_is_left_out(self, tmp_path: Path) -> None:
        text, number = {"type": "STRING"}, {"type": "SCALAR", "componentType": "FLOAT64"}
        some = {"a": text, "b": text | {"noData": "-"}, "c": number | {"noData": -1}, "d": {"array": True, **number},
                "e": number | {"default": 3.0}, "f": text}  # fmt: skip
        assert self.section(tmp_path, some, b="-", c=-1, d=[], f="") == {"e": "3"}

    def test_what_is_long_is_shortened(self, tmp_path: Path) -> None:
        text, numbers = {"type": "STRING"}, {"type": "SCALAR", "componentType": "UINT16", "array": True}
        told = self.section(tmp_path, {"a": text, "b": numbers}, a="on and on " * 90, b=[*range(500)])
        assert told["b"] == "0, 1, 2, 3, 4, 5, 6, 7, … 500 in all"
        assert told["a"].startswith("on and on on") and told["a"].endswith("…") and len(told["a"]) < 250

    def test_matrices_vectors_and_enums_read_as_what_they_are(self, tmp_path: Path) -> None:
        kinds = {
            "turn": {"type": "MAT2", "componentType": "FLOAT32"},
            "path": {"type": "VEC2", "componentType": "INT8", "array": True},
            "use": {"type": "ENUM", "enumType": "uses", "array": True}, "on": {"type": "BOOLEAN"},
        }  # fmt: skip
        enums = {"uses": {"values": [{"name": "home", "value": 0}, {"name": "shop", "value": 1}]}}
        told = self.section(tmp_path, kinds, enums, turn=[0, 1, -1, 0], path=[[1, 2], [3, 4]], use=["shop"], on=True)
        assert told == {"turn": "(0, 1), (-1, 0)", "path": "(1, 2), (3, 4)", "use": "shop", "on": "true"}


def test_a_subtree_tells_of_its_tiles_and_contents_with_enums_by_name(tmp_path: Path) -> None:
    sides = {"south": 4, "north": 7}
    schema = {
        "classes": {
            "t": {"properties": {"side": {"type": "ENUM", "enumType": "sides"}}},
            "m": {"properties": {"triangles": {"type": "SCALAR", "componentType": "UINT16"}}},
        },
        "enums": {"sides": {"valueType": "UINT8", "values": [{"name": n, "value": v} for n, v in sides.items()]}},
    }  # fmt: skip
    implicit = {"subdivisionScheme": "QUADTREE", "subtreeLevels": 1, "availableLevels": 1,
                "subtrees": {"uri": "s-{level}-{x}-{y}.subtree"}}  # fmt: skip
    root = tile("c-{level}-{x}-{y}.glb", implicitTiling=implicit)
    path = document(tmp_path, root, schema=schema, metadata=about("t", side="south"))
    tables = [{"class": "t", "count": 1, "properties": {"side": {"values": 0}}},
              {"class": "m", "count": 1, "properties": {"triangles": {"values": 1}}}]  # fmt: skip
    more = {"propertyTables": tables, "tileMetadata": 0, "contentMetadata": [1]}
    views = [b"\x07", np.array([120], "<u2").tobytes()]
    (tmp_path / "s-0-0-0.subtree").write_bytes(subtree(1, [1], levels=1, views=views, more=more))
    table, missing = grown(path)
    assert missing == [] and table.unread == []
    (node,) = np.flatnonzero(table.has_content).tolist()
    assert table.seed(node).told
    found = figures.about(table, node, 0)
    assert [(s.title, s.note, s.rows[0].words) for s in found.sections] == [
        ("Content", "m", "120"), ("Tile", "t", "north"), ("Tileset", "t", "south"),
    ]  # fmt: skip


def test_a_tileset_that_says_nothing_is_one_of_the_tileset_that_names_it(tmp_path: Path) -> None:
    document(tmp_path, tile("deep.glb"), "inner.json")
    document(tmp_path, tile("own.glb"), "other.json", schema=SCHEMA, metadata=about("place", name="Other"))
    root = tile(children=[tile("inner.json"), tile("other.json")])
    table, _ = grown(document(tmp_path, root, schema=SCHEMA, metadata=about("place", name="Town")))
    named = {}
    for node in np.flatnonzero(table.has_content).tolist():
        found = figures.about(table, node, 0)
        named[found.name] = [row.words for section in found.sections for row in section.rows]
    assert named == {"deep.glb": ["Town"], "own.glb": ["Other"]}


def test_within_a_district_ground_without_features_stays_ground() -> None:
    none, three = np.zeros(0, np.uint32), np.zeros((3, 3), np.float32)
    bare = Mesh(three, three, np.zeros((3, 4), np.float32), np.zeros((0, 4), np.float32), none, none, np.eye(4), 0,
                look=Look())  # fmt: skip
    houses = Wardrobe(Binding(slots={"a": 1}, feet_m=np.zeros((1, 3)), reach_m=np.ones(1)))
    for closet, content, rows in ((houses, 0, [0, 0, 0]), (Wardrobe(Binding()), 1, [1, 1, 1])):
        (bound,) = closet.bind(5, (bare,), np.eye(4), content, True)
        assert bound.info[:, 0].tolist() == rows
    origin = closet.origin(1)
    assert origin is not None and (origin.node, origin.content) == (5, 1) and closet.origin(0) is None
