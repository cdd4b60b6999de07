"""Property tables and JSON values: what is stored becomes what is meant (3D Tiles 1.1, chapter 3D Metadata)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.tiles.mesh import Unreadable
from app.tiles.tree import properties
from app.tiles.tree.properties import class_of, column, columns, described, value

ENUMS = {"roof": {"valueType": "UINT8", "values": [{"name": "flat", "value": 1}, {"name": "hipped", "value": 4}]}}


def read(said: dict[str, Any], count: int, *views: Any, **stored: Any) -> Any:
    """A column whose values are the first view."""
    blobs = [v if isinstance(v, bytes) else np.asarray(v).tobytes() for v in views]
    return column(described(said, ENUMS), {"values": 0, **stored}, count, lambda k: memoryview(blobs[k]))


def number(component: str, **more: Any) -> dict[str, Any]:
    return {"type": "SCALAR", "componentType": component, **more}


@pytest.mark.parametrize("component", sorted(properties.COMPONENTS))
def test_numbers_of_every_component_type(component: str) -> None:
    values = np.array([0, 1, 100], properties.COMPONENTS[component])
    found = read(number(component), 3, values)
    assert found.tolist() == [0, 1, 100] and found.dtype == values.dtype


@pytest.mark.parametrize(("kind", "width"), [("VEC2", 2), ("VEC4", 4), ("MAT2", 4), ("MAT3", 9), ("MAT4", 16)])
def test_vectors_and_matrices_lie_component_by_component(kind: str, width: int) -> None:
    values = np.arange(2 * width, dtype="<f4")
    found = read({"type": kind, "componentType": "FLOAT32"}, 2, values)
    assert found.shape == (2, width) and found.ravel().tolist() == values.tolist()


def test_truths_are_bits_lowest_first() -> None:
    assert read({"type": "BOOLEAN"}, 10, b"\x05\x02").tolist() == [1, 0, 1, 0, 0, 0, 0, 0, 0, 1]


@pytest.mark.parametrize("text", [["", "Dorpsstraat 1", "b"], ["Grüne Höfe", "", "ß"]])
@pytest.mark.parametrize("kind", ["UINT8", "UINT16", "UINT32", "UINT64"])
def test_texts_lie_between_offsets(text: list[str], kind: str) -> None:
    raw = [t.encode() for t in text]
    ends = np.cumsum([0, *map(len, raw)]).astype(kind.lower())
    assert read({"type": "STRING"}, 3, b"".join(raw), ends, stringOffsets=1, stringOffsetType=kind) == text


def test_enums_are_told_by_name() -> None:
    assert read({"type": "ENUM", "enumType": "roof"}, 3, b"\x04\x01\x09") == ["hipped", "flat", None]


class TestArrays:
    """Of one length, or each of its own."""

    def test_of_one_length_they_are_a_column_of_rows(self) -> None:
        found = read(number("INT16", array=True, count=3), 2, np.arange(6, dtype="<i2"))
        assert found.tolist() == [[0, 1, 2], [3, 4, 5]]
        deep = read({"type": "VEC2", "componentType": "UINT8", "array": True, "count": 2}, 1, bytes(range(4)))
        assert deep.tolist() == [[[0, 1], [2, 3]]]
        assert read({"type": "BOOLEAN", "array": True, "count": 2}, 2, b"\x06").tolist() == [[0, 1], [1, 0]]

    def test_of_their_own_length_each_is_an_array(self) -> None:
        found = read(number("UINT8", array=True), 3, bytes([7, 8, 9]), np.array([0, 2, 2, 3], "<u4"), arrayOffsets=1)
        assert [f.tolist() for f in found] == [[7, 8], [], [9]]

    def test_of_texts_they_have_offsets_twice(self) -> None:
        ends, texts = np.array([0, 2, 3], "<u4"), np.array([0, 1, 3, 6], "<u4")
        found = read({"type": "STRING", "array": True}, 2, b"abbccc", ends, texts, arrayOffsets=1, stringOffsets=2)
        assert found == [["a", "bb"], ["ccc"]]
        fixed = read({"type": "STRING", "array": True, "count": 3}, 1, b"abbccc", texts, stringOffsets=1)
        assert fixed == [["a", "bb", "ccc"]]


class TestMeaning:
    """Normalized, then scaled and shifted; noData and default last."""

    def test_normalized_numbers_run_from_0_or_minus_1_to_1(self) -> None:
        assert read(number("UINT8", normalized=True), 3, b"\x00\x33\xff").tolist() == pytest.approx([0, 0.2, 1])
        assert read(number("INT8", normalized=True), 3, b"\x80\x81\x7f").tolist() == pytest.approx([-1, -1, 1])

    def test_scale_and_offset_are_the_tables_own_or_the_classs(self) -> None:
        said = number("UINT8", scale=0.1, offset=10.0)
        assert read(said, 2, b"\x00\x05").tolist() == pytest.approx([10.0, 10.5])
        assert read(said, 2, b"\x00\x05", offset=0.0, scale=2.0).tolist() == [0.0, 10.0]
        turned = {"type": "VEC2", "componentType": "UINT8", "scale": [1, 10], "offset": [0, 5]}
        assert read(turned, 1, b"\x02\x03").tolist() == [[2.0, 35.0]]
        rows = number("UINT8", array=True, count=2, scale=[1, 10])
        assert read(rows, 2, bytes([1, 2, 3, 4])).tolist() == [[1, 20], [3, 40]]

    def test_what_is_no_data_becomes_the_default_or_nothing(self) -> None:
        assert read(number("UINT8", noData=255, default=7), 3, b"\x01\xff\x03").tolist() == [1, 7, 3]
        found = read(number("UINT8", noData=255, scale=2.0), 2, b"\x01\xff")
        assert found[0] == 2.0 and np.isnan(found[1])
        said = {"type": "ENUM", "enumType": "roof", "noData": "flat"}
        assert read(said, 2, b"\x01\x04") == [None, "hipped"]

    def test_a_property_that_a_table_lacks_has_its_default(self) -> None:
        schema = {"classes": {"c": {"properties": {"a": number("UINT8", default=3), "b": {"type": "STRING"}}}}}
        assert columns(class_of(schema, "c"), {"count": 2}, lambda _: memoryview(b"")) == {"a": [3, 3]}

    def test_json_means_the_same(self) -> None:
        assert value(described(number("UINT8", normalized=True, scale=10)), 51) == pytest.approx(2.0)
        assert value(described(number("UINT8", noData=0, default=9)), 0) == 9
        assert value(described({"type": "STRING"}), None) is None
        assert value(described({"type": "ENUM", "enumType": "roof"}, ENUMS), "flat") == "flat"
        assert value(described({"type": "VEC3", "componentType": "FLOAT32"}), [1, 2, 3]).tolist() == [1, 2, 3]
        assert value(described({"type": "BOOLEAN", "array": True}), [True, False]) == [True, False]

    @pytest.mark.parametrize(
        ("said", "given"), [(number("UINT8"), "4"), ({"type": "STRING"}, 4), ({"type": "BOOLEAN"}, 1)]
    )
    def test_json_of_another_type_is_refused(self, said: dict[str, Any], given: Any) -> None:
        with pytest.raises(Unreadable):
            value(described(said), given)


class TestRefused:
    """Each contradiction has its sentence."""

    @pytest.mark.parametrize(
        ("said", "views", "stored", "sentence"),
        [(number("UINT32"), (b"\0" * 11,), {}, "3 values of 4 bytes do not fit in 11 bytes"),
         ({"type": "BOOLEAN"}, (b"",), {}, "bits do not fit"),
         ({"type": "STRING"}, (b"ab", np.array([0, 1, 2, 9], "<u4")), {"stringOffsets": 1}, "9 bytes do not fit in 2"),
         ({"type": "STRING"}, (b"ab", np.array([0, 2, 1, 2], "<u4")), {"stringOffsets": 1}, "run backwards"),
         ({"type": "STRING"}, (b"ab", b"\0" * 15), {"stringOffsets": 1}, "do not fit in 15 bytes"),
         (number("UINT8", array=True), (b"a", np.array([0, 9, 9, 9], "<u4")), {"arrayOffsets": 1}, "do not fit"),
         (number("UINT8", array=True, count=10**8), (b"a",), {}, "is not read")],
    )  # fmt: skip
    def test_buffers_that_do_not_hold_what_they_should(
        self, said: dict[str, Any], views: tuple[Any, ...], stored: dict[str, Any], sentence: str
    ) -> None:
        with pytest.raises(Unreadable, match=sentence):
            read(said, 3, *views, **stored)

    @pytest.mark.parametrize("said", [5, {"type": "VEC9"}, number("UINT7"), {"type": "ENUM", "enumType": "door"}])
    def test_descriptions_that_are_none(self, said: Any) -> None:
        with pytest.raises(Unreadable):
            described(said, ENUMS)
        assert class_of({"classes": {"c": {"properties": {"odd": said, "a": {"type": "STRING"}}}}}, "c").keys() == {"a"}

    def test_a_class_or_a_view_that_is_not_there(self) -> None:
        with pytest.raises(Unreadable, match="'x' is not in the schema"):
            class_of({"classes": {}}, "x")
        with pytest.raises(Unreadable, match="'a' is inconsistent"):
            columns({"a": described(number("UINT8"))}, {"count": 1, "properties": {"a": {"values": 7}}}, [].__getitem__)


def test_every_type_there_is_is_read_from_the_sample_of_all(shared: Path) -> None:
    """387 properties (CesiumGS/3d-tiles-samples, TilesetWithFullMetadata): none is left out."""
    document = json.loads((shared / "tiles/samples/1.1/TilesetWithFullMetadata/tileset.json").read_text())
    said = document["metadata"]
    schema = document["schema"]
    found = class_of(schema, said["class"])
    assert len(found) == len(schema["classes"][said["class"]]["properties"]) == 387
    for name, prop in found.items():
        given = said["properties"][name]
        meant = value(prop, given)
        assert meant is not None and (not isinstance(meant, int) or meant == given)
