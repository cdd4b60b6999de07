"""Looks of glTF materials: base colour, its texture, transparency; what lights and shines is left out.

Sources: glTF 2.0 specification 3.8 (textures) and 3.9 (materials); KHR_materials_unlit, KHR_texture_transform,
EXT_texture_webp, KHR_texture_basisu, KHR_materials_pbrSpecularGlossiness (its diffuse colour),
KHR_techniques_webgl and KHR_materials_common (their diffuse values).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.tiles.formats import images
from app.tiles.formats.gltf_accessors import Document, Json
from app.tiles.formats.reading import naming
from app.tiles.mesh import AlphaMode, Look, Unreadable, Wrap

Array = NDArray[Any]

_NEAREST = 9728
_PLAIN = Look()


@dataclass(frozen=True)
class Paint:
    """A look, and how its texture lies on the primitive."""

    look: Look
    texcoord: int = 0
    """Set of texture coordinates, TEXCOORD_n."""
    transform: Array | None = None
    """[2, 3] float32, texture coordinates from those of the file; None = the same."""


class Materials:
    """Looks of a document, each made once; textures are decoded once however many materials share them."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._made: dict[int, Paint] = {}
        self._textures: dict[int, Array] = {}

    def paint(self, index: Any) -> Paint:
        """Paint of material `index`, None = the default one.

        Raises:
            Unreadable: the material or its texture cannot be read.
        """
        if index is None:
            return Paint(_PLAIN)
        if index not in self._made:
            with naming(f"the values of material {index}"):
                self._made[index] = self._paint(self._document.item("materials", index))
        return self._made[index]

    def _paint(self, material: Json) -> Paint:
        extensions = material.get("extensions", {})
        factor, info = _base(material)
        texture: Array | None = None
        sampler: Json = {}
        if info is not None:
            texture, sampler = self._texture(info.get("index"))
            shape = info.get("extensions", {}).get("KHR_texture_transform", {})
        mode = AlphaMode.__members__.get(str(material.get("alphaMode")), AlphaMode.OPAQUE)
        look = Look(
            base_color=factor,
            texture=texture,
            wrap_s=_wrap(sampler.get("wrapS")),
            wrap_t=_wrap(sampler.get("wrapT")),
            nearest=sampler.get("magFilter") == _NEAREST,
            alpha_mode=mode,
            alpha_cutoff=float(np.nan_to_num(float(material.get("alphaCutoff", 0.5)))),
            double_sided=bool(material.get("doubleSided", False)),
            unlit="KHR_materials_unlit" in extensions,
        )
        if info is None or texture is None:
            return Paint(look)
        return Paint(look, int(shape.get("texCoord", info.get("texCoord", 0))), _transform(shape))

    def _texture(self, index: Any) -> tuple[Array, Json]:
        item = self._document.item("textures", index)
        extensions = item.get("extensions", {})
        source = item.get("source")
        webp = extensions.get("EXT_texture_webp", {}).get("source")
        basis = extensions.get("KHR_texture_basisu", {}).get("source")
        if basis is not None and (source is None or images.can_ktx2()):
            source = basis
        elif webp is not None:
            source = webp
        sampler = self._document.item("samplers", item["sampler"]) if "sampler" in item else {}
        return self.image(source), sampler

    def texture(self, index: Any) -> Array:
        """[height, width, 4] u8 of texture `index`.

        Raises:
            Unreadable: it cannot be decoded.
        """
        return self._texture(index)[0]

    def image(self, index: Any) -> Array:
        """[height, width, 4] u8 of image `index`.

        Raises:
            Unreadable: it cannot be decoded.
        """
        if index in self._textures:
            return self._textures[index]
        item = self._document.item("images", index)
        if "bufferView" in item:
            content = self._document.view(item["bufferView"])
        elif isinstance(item.get("uri"), str):
            content = self._document.fetch(item["uri"])
        else:
            raise Unreadable(f"image {index} of the glTF has neither bytes nor an address")
        self._textures[index] = images.decode(content)
        return self._textures[index]


def _base(material: Json) -> tuple[tuple[float, float, float, float], Json | None]:
    """Base colour, linear, and texture reference of a material, whichever way it is written."""
    extensions = material.get("extensions", {})
    glossy = extensions.get("KHR_materials_pbrSpecularGlossiness")
    if glossy:
        return _rgba(glossy.get("diffuseFactor")), glossy.get("diffuseTexture")
    for name in ("KHR_techniques_webgl", "KHR_materials_common"):
        values = extensions.get(name, {}).get("values")
        if values:
            return _diffuse(values)
    base = material.get("pbrMetallicRoughness", {})
    return _rgba(base.get("baseColorFactor")), base.get("baseColorTexture")


def _diffuse(values: Json) -> tuple[tuple[float, float, float, float], Json | None]:
    """The diffuse value of a shading technique: an sRGB colour, or a texture."""
    clear = float(values.get("transparency", values.get("u_transparency")) or 1.0)
    for name in ("diffuse", "u_diffuse", "u_tex", "u_diffuseTexture", "u_texture"):
        value = values.get(name)
        if isinstance(value, dict) and "index" in value:
            return (1.0, 1.0, 1.0, clear), value
        if isinstance(value, list) and len(value) in (3, 4):
            r, g, b, a = _rgba(value)
            return (linear(r), linear(g), linear(b), a * clear), None
    return (1.0, 1.0, 1.0, clear), None


def linear(srgb: float) -> float:
    """Linear light of an sRGB value, 0 to 1 (IEC 61966-2-1)."""
    return srgb / 12.92 if srgb <= 0.04045 else ((srgb + 0.055) / 1.055) ** 2.4


def _rgba(given: Any) -> tuple[float, float, float, float]:
    if given is None:
        return 1.0, 1.0, 1.0, 1.0
    whole = (*given, *((1.0,) if len(given) == 3 else ()))
    r, g, b, a = np.clip(np.nan_to_num(np.array(whole, np.float64)), 0.0, 1.0).tolist()
    return r, g, b, a


def _wrap(number: Any) -> Wrap:
    return Wrap(number) if number in tuple(Wrap) else Wrap.REPEAT


def _transform(shape: Json) -> Array | None:
    """[2, 3] translation times rotation times scale (KHR_texture_transform); counter-clockwise where v points down."""
    if not any(name in shape for name in ("offset", "rotation", "scale")):
        return None
    x, y = shape.get("offset", (0.0, 0.0))
    across, up = shape.get("scale", (1.0, 1.0))
    cos, sin = np.cos(shape.get("rotation", 0.0)), np.sin(shape.get("rotation", 0.0))
    return np.array([[across * cos, up * sin, x], [-across * sin, up * cos, y]], np.float32)
