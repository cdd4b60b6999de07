"""glTF 1.0 as glTF 2.0: named objects become numbered ones, shading techniques become base colours.

What a technique's shaders did is not known; of its values the diffuse colour or texture is kept, and whether its
states blend. Sources: glTF 1.0 specification, KHR_binary_glTF, KHR_materials_common, and the migration notes in
CesiumGS/3d-tiles-tools (what the values become).
"""

from __future__ import annotations

from typing import Any

from app.tiles.formats.gltf_accessors import Json

_KINDS = (
    "buffers", "bufferViews", "accessors", "images", "samplers", "textures", "materials", "meshes", "nodes", "scenes",
)  # fmt: skip
_SEMANTICS = {"COLOR": "COLOR_0", "TEXCOORD": "TEXCOORD_0", "BATCHID": "_BATCHID"}
_BLEND = 3042


def is_old(document: Json) -> bool:
    """Whether a document without a version names its objects, as glTF 1.0 does."""
    return isinstance(document.get("meshes"), dict)


def upgraded(document: Json) -> Json:
    """The document as glTF 2.0 would write it; what is already numbered stays."""
    if not any(isinstance(document.get(kind), dict) for kind in _KINDS):
        return document
    number = {kind: {name: k for k, name in enumerate(document.get(kind, {}))} for kind in _KINDS}
    rows = {kind: list(document.get(kind, {}).values()) for kind in _KINDS}
    binary = number["buffers"].get("binary_glTF", number["buffers"].get("KHR_binary_glTF"))
    new: Json = {key: value for key, value in document.items() if key not in (*_KINDS, "scene")}
    new["asset"] = {"version": "2.0"}
    new["buffers"] = [
        {k: v for k, v in item.items() if k != "uri" or at != binary} for at, item in enumerate(rows["buffers"])
    ]
    new["bufferViews"] = [{**item, "buffer": number["buffers"][item["buffer"]]} for item in rows["bufferViews"]]
    new["accessors"] = [
        {**item, "bufferView": number["bufferViews"][item["bufferView"]]} if "bufferView" in item else item
        for item in rows["accessors"]
    ]
    new["images"] = [_image(item, number["bufferViews"]) for item in rows["images"]]
    new["samplers"] = rows["samplers"]
    new["textures"] = [_texture(item, number) for item in rows["textures"]]
    techniques = document.get("techniques", {})
    new["materials"] = [_material(item, techniques, number["textures"]) for item in rows["materials"]]
    parts = [[_primitive(p, number) for p in item.get("primitives", ())] for item in rows["meshes"]]
    new["meshes"] = [{"primitives": shapes} for shapes in parts]
    new["nodes"] = [_node(item, number, new["meshes"]) for item in rows["nodes"]]
    new["scenes"] = [{"nodes": [number["nodes"][n] for n in item.get("nodes", ())]} for item in rows["scenes"]]
    if "scene" in document:
        new["scene"] = number["scenes"][document["scene"]]
    if not new["scenes"]:
        del new["scenes"]
    return new


def _image(item: Json, views: dict[str, int]) -> Json:
    inside = item.get("extensions", {}).get("KHR_binary_glTF")
    return item if inside is None else {"bufferView": views[inside["bufferView"]]}


def _texture(item: Json, number: dict[str, dict[str, int]]) -> Json:
    made = {"source": number["images"][item["source"]]}
    if item.get("sampler") in number["samplers"]:
        made["sampler"] = number["samplers"][item["sampler"]]
    return made


def _primitive(item: Json, number: dict[str, dict[str, int]]) -> Json:
    made: Json = {
        "attributes": {_SEMANTICS.get(k, k): number["accessors"][v] for k, v in item.get("attributes", {}).items()},
        "mode": item.get("mode", item.get("primitive", 4)),
    }
    if item.get("indices") is not None:
        made["indices"] = number["accessors"][item["indices"]]
    if item.get("material") in number["materials"]:
        made["material"] = number["materials"][item["material"]]
    return made


def _node(item: Json, number: dict[str, dict[str, int]], meshes: list[Json]) -> Json:
    """A node may have several meshes: they are drawn as one."""
    made: Json = {k: item[k] for k in ("matrix", "translation", "rotation", "scale") if k in item}
    made["children"] = [number["nodes"][child] for child in item.get("children", ())]
    shown = [number["meshes"][name] for name in item.get("meshes", ())]
    if len(shown) == 1:
        made["mesh"] = shown[0]
    elif shown:
        made["mesh"] = len(meshes)
        meshes.append({"primitives": [p for k in shown for p in meshes[k]["primitives"]]})
    return made


def _material(item: Json, techniques: dict[str, Any], textures: dict[str, int]) -> Json:
    """The diffuse value under the name that glTF 2.0's KHR_techniques_webgl gives it."""
    shared = item.get("extensions", {}).get("KHR_materials_common", {})
    technique = techniques.get(str(item.get("technique", item.get("instanceTechnique", {}).get("technique"))), {})
    defaults = {k: p["value"] for k, p in technique.get("parameters", {}).items() if "value" in p}
    values = {**defaults, **item.get("values", {}), **shared.get("values", {})}
    diffuse = values.get("diffuse", values.get("tex", [1.0, 1.0, 1.0, 1.0]))
    if isinstance(diffuse, str):
        diffuse = {"index": textures[diffuse]}
    clear = values.get("transparency", 1.0)
    made: Json = {"extensions": {"KHR_techniques_webgl": {"values": {"diffuse": diffuse, "transparency": clear}}}}
    faint = isinstance(diffuse, list) and len(diffuse) == 4 and diffuse[3] < 1.0
    states = technique.get("states", {}).get("enable", ())
    if values.get("transparent") or faint or clear < 1.0 or _BLEND in states:
        made["alphaMode"] = "BLEND"
    if values.get("doubleSided", shared.get("doubleSided")) or (states and 2884 not in states):
        made["doubleSided"] = True
    if shared.get("technique") == "CONSTANT":
        made["extensions"]["KHR_materials_unlit"] = {}
    return made
