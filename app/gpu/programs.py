"""Shader programs: files of assets/shaders put together, compiled once, kept by name."""

from __future__ import annotations

import importlib.resources
from functools import cache

from panda3d.core import Shader

_GROUND = ("common", "curve", "tone", "country", "ground")
_THIN = ("common", "flux", "style", "thin.vert")
_FOREIGN = {
    "": (), "_picture": ("PICTURE",), "_mask": ("PICTURE", "MASK"), "_blend": ("PICTURE", "BLEND"),
    "_glass": ("PICTURE", "BLEND", "GLASS"),
}  # fmt: skip
"""Programs of tiles made by others, and what is defined in each: software GL pays for every branch."""


def _foreign(*words: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    defined = tuple(f"#define {word}" for word in words)
    vertex = (*defined, "common", "flux", "style", "foreign.vert")
    return vertex, (*defined, "common", "curve", "tone", "flux", "foreign.frag")


def _dots(*words: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    defined = tuple(f"#define {word}" for word in ("DOTS", *words))
    return (*defined, *_THIN), (*defined, "common", "curve", "tone", "thin.frag")


_BUILDING = {
    "wall": (("common", "flux", "building.vert"), ("common", "curve", "tone", "flux", "building_in", "wall.frag")),
    "roof": (("common", "flux", "building.vert"), ("common", "curve", "tone", "flux", "building_in", "roof.frag")),
    "plain": (("common", "flux", "plain.vert"), ("common", "curve", "tone", "plain.frag")),
    "depth": (("depth.vert",), ("shadow.frag",)),
}
"""Programs of our own buildings; each has a twin that obeys a style, for every look-up at a vertex is paid for."""


def _styled(
    parts: tuple[tuple[str, ...], tuple[str, ...]], *words: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    defined = tuple(f"#define {word}" for word in ("STYLED", *words))
    return (*defined, "style", *parts[0]), (*defined, *parts[1])


_PARTS = {
    **_BUILDING,
    **{f"{name}_styled": _styled(parts) for name, parts in _BUILDING.items()},
    **{f"{name}_glass": _styled(parts, "GLASS") for name, parts in _BUILDING.items()},
    "module": (("common", "flux", "style", "module.vert"), ("common", "curve", "tone", "flux", "module.frag")),
    "ground_town": (("common", "ground.vert"), (*_GROUND, "ground_town.frag")),
    "ground_seam": (("common", "ground.vert"), (*_GROUND, "ground_seam.frag")),
    "ground_country": (("common", "ground.vert"), (*_GROUND, "ground_country.frag")),
    **{
        f"land_{group}": (("common", "land.vert"), ("common", "curve", "tone", "country", "land", f"land_{group}.frag"))
        for group in ("grass", "road", "paved", "water", "field")
    },
    "tree": (("common", "tree.vert"), ("common", "curve", "tone", "tree.frag")),
    "sky": (("sky.vert",), ("common", "curve", "tone", "sky.frag")),
    "pick": (("style", "pick.vert"), ("pick.frag",)),
    "shadow": (("style", "shadow.vert"), ("shadow.frag",)),
    "shadow_mask": (("style", "shadow_mask.vert"), ("shadow_mask.frag",)),
    **{f"foreign{name}": _foreign(*words) for name, words in _FOREIGN.items()},
    "dots": _dots(), "dots_blend": _dots("BLEND"), "dots_glass": _dots("BLEND", "GLASS"),
    "strokes": (_THIN, ("common", "curve", "tone", "thin.frag")),
    "floor": (("common", "floor.vert"), ("common", "curve", "tone", "floor.frag")),
    "lines": (("common", "lines.vert"), ("common", "curve", "tone", "lines.frag")),
    "plant": (("common", "plant.vert"), ("common", "curve", "tone", "plant.frag")),
    "column": (("common", "column.vert"), ("common", "curve", "tone", "column.frag")),
    "glow": (("common", "flux", "curve", "glow.vert"), ("glow.frag",)),
    "overlay": (("overlay.vert",), ("overlay.frag",)),
    "mask": (("overlay.vert",), ("mask.frag",)),
    "copy": (("copy.vert",), ("copy.frag",)),
    "bloom": (("copy.vert",), ("bloom.frag",)),
}


@cache
def text(name: str) -> str:
    """Text of a shader file; names without ending are .glsl parts, a line that begins with # stands for itself."""
    if name.startswith("#"):
        return name
    file = name if "." in name else f"{name}.glsl"
    return (importlib.resources.files("assets") / "shaders" / file).read_text(encoding="utf-8")


@cache
def program(name: str) -> Shader:
    """The compiled program `name`."""
    vertex, fragment = ("#version 330\n" + "\n".join(text(p) for p in parts) for parts in _PARTS[name])
    return Shader.make(Shader.SL_GLSL, vertex, fragment)
