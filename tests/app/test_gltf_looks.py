"""Looks of glTF: topologies, colours, textures and where they lie, outlines; and what is compressed."""

from __future__ import annotations

import base64
import json
import sys
import warnings
import zlib
from base64 import b64decode
from io import BytesIO

import numpy as np
import pytest
from gltfbuild import CORNERS, Gltf
from PIL import Image

from app.tiles.formats import content, draco, images, topology
from app.tiles.mesh import FLAT_ROOF, WALL, AlphaMode, Unreadable, Wrap

UNLIT = {"KHR_materials_unlit": {}}
RED_OVER_BLUE = (
    "q0tUWCAyMLsNChoKAAAAAAEAAAAIAAAACAAAAAAAAAAAAAAAAQAAAAEAAAAAAAAAaAAAACwAAACUAAAALAAAAAAAAAAAAAAAAAAAAAAAAADAAAAA"
    "AAAAAEAAAAAAAAAAQAAAAAAAAAAsAAAAAAAAAAIAKACmAQIAAwMAABAAAAAAAAAAAAB/AAAAAAAAAAAA/////x8AAABLVFh3cml0ZXIAQmFzaXMg"
    "VW5pdmVyc2FsIDIuMTAAAAQAAAB/fwAA9x8A4B96AAAAAAAAAAAAAPcfAOAfegAAAAAAAAAAAAAXAOD/HwLgAQAAAAAAAAAAFwDg/x8C4AEAAAAA"
    "AAAAAA=="
)
"""KTX2 of 8 x 8 pixels, Basis Universal."""


def decode(made: Gltf, **more):
    return content.decode(made.glb(), {}, **more)


def picture(kind: str, size: tuple[int, int] = (2, 2), mode: str = "RGBA") -> bytes:
    """Red, green over blue, half-clear white; larger ones stretched."""
    image = Image.new("RGBA", (2, 2))
    image.putdata([(255, 0, 0, 255), (0, 255, 0, 255), (0, 0, 255, 255), (255, 255, 255, 128)])
    out = BytesIO()
    exact = {"lossless": True} if kind == "WEBP" else {}
    image.resize(size, Image.Resampling.NEAREST).convert(mode).save(out, kind, **exact)
    return out.getvalue()


def textured(data: bytes, texture: dict | None = None, info: dict | None = None, **material) -> Gltf:
    made = Gltf()
    shape = made.primitive(material=0)
    shape["attributes"]["TEXCOORD_0"] = made.accessor(np.array([(0, 0), (1, 0), (1, 1), (0, 1)], np.float32))
    made.add("images", {"bufferView": made.view(data), "mimeType": "image/any"})
    made.add("textures", {"source": 0} if texture is None else texture)
    made.add("materials", {"pbrMetallicRoughness": {"baseColorTexture": {"index": 0, **(info or {})}}, **material})
    return made


@pytest.mark.parametrize(
    ("mode", "index", "wanted"),
    [
        (topology.TRIANGLES, (0, 1, 2, 3, 4), [(0, 1, 2)]),
        (topology.TRIANGLE_STRIP, (0, 1, 2, 3, 4), [(0, 1, 2), (1, 3, 2), (2, 3, 4)]),
        (topology.TRIANGLE_FAN, (0, 1, 2, 3), [(1, 2, 0), (2, 3, 0)]),
        (topology.TRIANGLE_STRIP, (0, 1), []),
    ],
)  # fmt: skip
def test_strips_and_fans_become_triangles_wound_alike(mode: int, index: tuple, wanted: list) -> None:
    assert topology.triangles(np.array(index, np.uint32), mode).tolist() == [list(t) for t in wanted]


@pytest.mark.parametrize(
    ("mode", "lines", "dots"),
    [
        (topology.POINTS, [], [0, 1, 2]),
        (topology.LINES, [0, 1], []),
        (topology.LINE_STRIP, [0, 1, 1, 2], []),
        (topology.LINE_LOOP, [0, 1, 1, 2, 2, 0], []),
    ],
)  # fmt: skip
def test_points_and_lines_are_kept_apart_from_triangles(mode: int, lines: list, dots: list) -> None:
    made = Gltf()
    made.primitive(CORNERS[:3], (0, 1, 2), mode=mode)
    (mesh,) = decode(made)
    assert mesh.lines.tolist() == lines and mesh.dots.tolist() == dots and not len(mesh.walls)
    assert mesh.look.unlit  # no normals to be lit by


def test_a_box_without_normals_is_faceted_and_roofs_are_told_from_walls() -> None:
    made = Gltf()
    made.primitive([(0, 0, 0), (2, 0, 0), (2, 2, 0), (0, 2, 0), (2, 2, -2), (0, 2, -2)],
                   (0, 1, 2, 0, 2, 3, 3, 2, 4, 3, 4, 5))  # fmt: skip
    (mesh,) = decode(made)
    assert len(mesh.position) == len(mesh.walls) == 12
    assert mesh.normal[:6] == pytest.approx(np.tile([0, 0, 1], (6, 1)))
    assert mesh.normal[6:] == pytest.approx(np.tile([0, 1, 0], (6, 1)))
    assert mesh.info[:, 1].tolist() == [WALL] * 6 + [FLAT_ROOF] * 6


def test_vertex_colours_of_every_type_are_linear_floats() -> None:
    for raw, kind in (((255, 0, 51), np.uint8), ((65535, 0, 13107), np.uint16), ((1.0, 0.0, 0.2), np.float32)):
        made = Gltf()
        shape = made.primitive(CORNERS[:1], None, mode=0)
        more = {} if kind is np.float32 else {"normalized": True}
        shape["attributes"]["COLOR_0"] = made.accessor(np.array([raw], kind), **more)
        (mesh,) = decode(made)
        assert mesh.color == pytest.approx(np.array([[1.0, 0.0, 0.2, 1.0]]))


def test_a_look_is_that_of_the_material() -> None:
    made = Gltf()
    made.primitive(material=0)
    made.add("materials", {
        "pbrMetallicRoughness": {"baseColorFactor": [0.1, 0.2, 0.3, 0.4]}, "alphaMode": "MASK", "alphaCutoff": 0.25,
        "doubleSided": True, "extensions": {"KHR_materials_unlit": {}},
    })  # fmt: skip
    (mesh,) = decode(made)
    look = mesh.look
    assert look.base_color == (0.1, 0.2, 0.3, 0.4) and look.double_sided and look.unlit
    assert look.alpha_mode == AlphaMode.MASK and look.alpha_cutoff == 0.25
    assert len(mesh.position) == 4  # unlit needs no facets


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_a_texture_is_pixels_from_the_top_with_its_sampler(kind: str) -> None:
    source = {"source": 0} if kind == "PNG" else {"extensions": {"EXT_texture_webp": {"source": 0}}}
    made = textured(picture(kind), {"sampler": 0, **source}, extensions=UNLIT)
    made.add("samplers", {"magFilter": 9728, "wrapS": 33071, "wrapT": 33648})
    (mesh,) = decode(made)
    pixels = mesh.look.texture
    assert pixels.dtype == np.uint8 and pixels[0, 0].tolist() == [255, 0, 0, 255] and pixels[1, 1, 3] == 128
    assert mesh.look.nearest and (mesh.look.wrap_s, mesh.look.wrap_t) == (Wrap.CLAMP_TO_EDGE, Wrap.MIRRORED_REPEAT)
    assert mesh.uv.tolist() == [[0, 0], [1, 0], [1, 1], [0, 1]]


def test_texture_coordinates_are_moved_turned_and_scaled() -> None:
    shape = {"offset": [0.5, 0.25], "rotation": np.pi / 2, "scale": [2, 4]}
    made = textured(picture("PNG"), None, {"extensions": {"KHR_texture_transform": shape}}, extensions=UNLIT)
    (mesh,) = decode(made)
    # u, v -> scaled (2u, 4v), turned by a quarter (4v, -2u), moved
    assert mesh.uv == pytest.approx(np.array([(0.5, 0.25), (0.5, -1.75), (4.5, -1.75), (4.5, 0.25)]), abs=1e-5)


def test_large_textures_are_reduced_and_bombs_are_refused() -> None:
    for kind, mode in (("PNG", "RGBA"), ("JPEG", "RGB")):
        made = images.decode(picture(kind, (2400, 600), mode))
        assert made.shape == (256, 1024, 4)
        assert made[10, 10, :3] == pytest.approx([255, 0, 0], abs=3)
    with pytest.raises(Unreadable, match="8000 x 5000 pixels is too large"):
        images.decode(claimed(8000, 5000))
    for data in (claimed(60_000, 60_000), picture("PNG")[:40], b"RIFF\0\0\0\0WEBPVP8 ", b"", b"GIF89a"):
        with warnings.catch_warnings(), pytest.raises(Unreadable, match="texture"):
            warnings.simplefilter("ignore")
            images.decode(data)


def claimed(width: int, height: int) -> bytes:
    """A PNG that tells a size and has no pixels."""
    head = b"IHDR" + width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x02\0\0\0"
    ends = b"\0\0\0\x04IDAT\0\0\0\0" + zlib.crc32(b"IDAT\0\0\0\0").to_bytes(4, "big")
    return b"\x89PNG\r\n\x1a\n" + (13).to_bytes(4, "big") + head + zlib.crc32(head).to_bytes(4, "big") + ends


def test_ktx2_is_decoded_and_a_broken_one_is_named() -> None:
    basis = {"extensions": {"KHR_texture_basisu": {"source": 0}}}
    (mesh,) = decode(textured(b64decode(RED_OVER_BLUE), basis))
    assert mesh.look.texture.shape == (8, 8, 4)
    assert mesh.look.texture[1, 1] == pytest.approx([255, 0, 0, 255], abs=8)
    assert mesh.look.texture[6, 6] == pytest.approx([0, 0, 255, 255], abs=8)
    with pytest.raises(Unreadable, match="KTX2"):
        decode(textured(b"\xabKTX 20\xbb\r\n\x1a\n" + b"\0" * 80, basis))


def test_without_its_decoder_a_texture_names_the_remedy_or_its_substitute_is_taken(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "opengl_basisu", None)
    basis = {"extensions": {"KHR_texture_basisu": {"source": 1}}}
    with pytest.raises(Unreadable, match="pip install opengl_basisu"):
        decode(textured(b64decode(RED_OVER_BLUE), {"extensions": {"KHR_texture_basisu": {"source": 0}}}))
    (mesh,) = decode(textured(picture("PNG"), {"source": 0, **basis}))
    assert mesh.look.texture.shape == (2, 2, 4)
    monkeypatch.setitem(sys.modules, "DracoPy", None)
    with pytest.raises(Unreadable, match="pip install DracoPy"):
        draco.decode(b"DRACO")


def test_a_texture_that_cannot_be_had_names_its_file() -> None:
    made = textured(picture("PNG"))
    made.json["images"] = [{"uri": "roof.jpg"}]
    with pytest.raises(Unreadable, match=r"roof\.jpg, but files beside"):
        decode(made)

    def absent(uri: str) -> bytes:
        raise FileNotFoundError(2, "no such file", uri)

    with pytest.raises(FileNotFoundError, match=r"roof\.jpg"):  # another try may help: the loader's affair
        decode(made, read=absent)


def test_a_gltf_of_json_brings_its_bytes_along_or_beside() -> None:
    made = Gltf()
    made.primitive()
    for uri in ("data:application/octet-stream;base64," + base64.b64encode(made.binary).decode(), "box%20one.bin"):
        document = {**made.json, "buffers": [{"uri": uri, "byteLength": len(made.binary)}]}
        (mesh,) = content.decode(json.dumps(document).encode(), {}, read=lambda _: made.binary)
        assert len(mesh.walls) == 6


def test_outlines_are_lines_between_the_vertices() -> None:
    made = Gltf()
    shape = made.primitive()
    shape["extensions"] = {"CESIUM_primitive_outline": {"indices": made.accessor(np.array([0, 1, 2, 3], np.uint16))}}
    (mesh,) = decode(made)
    ends = mesh.position[mesh.lines]
    assert ends.tolist() == CORNERS.tolist()
    shape["extensions"]["CESIUM_primitive_outline"]["indices"] = made.accessor(np.array([0, 9], np.uint16))
    with pytest.raises(Unreadable, match="outline"):
        decode(made)


def test_quantized_positions_and_normals_are_read_as_they_are() -> None:
    made = Gltf()
    shape = made.primitive(CORNERS[:3], None)
    shape["attributes"] = {
        "POSITION": made.accessor(np.array([(0, 0, 0), (1000, 0, 0), (0, 0, -500)], np.int16)),
        "NORMAL": made.accessor(np.array([(0, 127, 0)] * 3, np.int8), normalized=True),
    }
    made.json["nodes"] = [{"mesh": 0, "scale": [0.01, 0.01, 0.01]}]
    made.json["extensionsRequired"] = ["KHR_mesh_quantization"]
    (mesh,) = decode(made)
    assert (mesh.position @ mesh.matrix[:3, :3].T)[1] == pytest.approx([10, 0, 0])
    assert mesh.normal[0].tolist() == [0, 1, 0]
    assert mesh.info[:, 1].tolist() == [FLAT_ROOF] * 3  # whatever the scale of its node


def test_nothing_of_a_tile_keeps_the_file_it_came_in() -> None:
    made = Gltf()
    shape = made.primitive()
    shape["indices"] = made.accessor(np.array([0, 1, 2], np.uint32))
    shape["attributes"]["NORMAL"] = made.accessor(np.tile(np.array([0, 1, 0], np.float32), (4, 1)))
    (mesh,) = decode(made)
    for array in (mesh.position, mesh.normal, mesh.walls, mesh.info):
        while isinstance(array, np.ndarray):
            array = array.base
        assert array is None


def test_a_centre_of_the_document_is_in_the_frame_of_the_tile() -> None:
    made = Gltf()
    made.primitive()
    made.json["extensions"] = {"CESIUM_RTC": {"center": [4e6, 3e5, 5e6]}}
    (mesh,) = decode(made)
    assert mesh.matrix[:3, 3].tolist() == [4e6, 3e5, 5e6] and mesh.position[1].tolist() == [2, 0, 0]
    made.json["extensions"]["CESIUM_RTC"]["center"] = [1, 2]
    with pytest.raises(Unreadable, match="three finite numbers"):
        decode(made)


def test_sparse_accessors_replace_single_elements_of_zeros() -> None:
    made = Gltf()
    shape = made.primitive(CORNERS[:3], None)
    position = made.json["accessors"][shape["attributes"]["POSITION"]]
    values = np.array([(2, 0, 0), (0, 0, -3)], np.float32)
    del position["bufferView"]
    position["sparse"] = {
        "count": 2, "indices": {"bufferView": made.view(bytes([1, 2])), "componentType": 5121},
        "values": {"bufferView": made.view(values.tobytes())},
    }  # fmt: skip
    (mesh,) = decode(made)
    assert mesh.position.tolist() == [[0, 0, 0], [2, 0, 0], [0, 0, -3]]
    position["sparse"]["indices"]["bufferView"] = made.view(bytes([1, 200]))
    with pytest.raises(Unreadable, match="sparse part of accessor 0 points beyond"):
        decode(made)


def test_nodes_are_walked_once_each() -> None:
    made = Gltf()
    made.primitive()
    made.json["nodes"] = [{"children": [1], "translation": [1, 0, 0]}, {"mesh": 0, "scale": [2, 2, 2]}]
    (mesh,) = decode(made)
    assert mesh.matrix[:3, 3].tolist() == [1, 0, 0] and mesh.matrix[2, 1] == 2
    made.json["nodes"][1]["children"] = [0]
    with pytest.raises(Unreadable, match="two places or below itself"):
        decode(made)
    made.json["nodes"] = [{"children": [k + 1]} for k in range(30_000)] + [{"mesh": 0}]
    assert len(decode(made)) == 1  # deep, but a tree


def test_a_skin_stands_still_where_its_joints_are() -> None:
    made = Gltf()
    shape = made.primitive(CORNERS, material=made.add("materials", {"extensions": UNLIT}))
    shape["attributes"]["JOINTS_0"] = made.accessor(np.array([(0, 1, 0, 0)] * 4, np.uint8))
    weights = np.array([(1, 0, 0, 0), (0, 1, 0, 0), (0.5, 0.5, 0, 0), (1, 0, 0, 0)], np.float32)
    shape["attributes"]["WEIGHTS_0"] = made.accessor(weights)
    bind = np.tile(np.eye(4, dtype=np.float32), (2, 1, 1))
    bind[1, 3, 0] = -2.0  # the second joint is bound at x = 2; columns first
    inverse = {"bufferView": made.view(bind.tobytes()), "componentType": 5126, "count": 2, "type": "MAT4"}
    made.json["accessors"].append(inverse)
    made.json["nodes"] = [
        {"mesh": 0, "skin": 0, "translation": [50, 0, 0]}, {"children": [2], "translation": [0, 5, 0]},
        {"translation": [2, 0, 0], "scale": [1, 1, 2]},
    ]  # fmt: skip
    made.json["scenes"] = [{"nodes": [0, 1]}]
    made.json["skins"] = [{"joints": [1, 2], "inverseBindMatrices": len(made.json["accessors"]) - 1}]
    (mesh,) = decode(made)
    assert mesh.position == pytest.approx(np.array([(0, 5, 0), (2, 5, 0), (2, 5, -4.5), (0, 5, -3)]))
    assert mesh.matrix[:3, 3].tolist() == [0, 0, 0]
    made.json["skins"][0]["joints"] = [1]
    with pytest.raises(Unreadable, match="joints"):
        decode(made)


def test_draco_is_unpacked_by_the_ids_of_its_attributes() -> None:
    import DracoPy

    made = Gltf()
    shape = made.primitive(CORNERS, (0, 1, 2, 0, 2, 3))
    whole = made.json["accessors"]
    faces = np.array([(0, 1, 2), (0, 2, 3)], np.uint32)
    packed = DracoPy.encode(CORNERS.astype(np.float64), faces, quantization_bits=14)
    for accessor in whole:
        del accessor["bufferView"]
    inside = {"bufferView": made.view(packed), "attributes": {"POSITION": 0}}
    shape["extensions"] = {"KHR_draco_mesh_compression": inside}
    made.json["extensionsRequired"] = ["KHR_draco_mesh_compression"]
    (mesh,) = decode(made)
    assert {tuple(np.round(p, 3)) for p in mesh.position.tolist()} == {tuple(p) for p in CORNERS.tolist()}
    a, b, c = (mesh.position[mesh.walls[k::3]] for k in range(3))
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    assert area.sum() / 2 == pytest.approx(6.0, rel=1e-3)
    made.json["bufferViews"][-1]["byteLength"] = 30
    with pytest.raises(Unreadable, match="Draco"):
        decode(made)
