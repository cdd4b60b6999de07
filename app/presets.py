"""What the picture may cost: three presets, chosen by a probe at the start.

software: no GPU; every sample and every pixel is paid by the CPU, so: one shadow tap, no smoothing of edges, and the
scene at a share of the output's size where frames are slow. laptop: smooth edges, a sharper shadow map, rounder trees.
workstation: also light that spills from what is bright (bloom). Kept pictures are always drawn as by a workstation.
"""

from __future__ import annotations

from dataclasses import dataclass

from network.problems import Refused

_SOFTWARE = ("llvmpipe", "softpipe", "swrast", "swiftshader", "software", "basic render")
_STRONG_MS = 2.0
"""A probe frame (sky over every pixel eight times, four samples) that takes longer is a laptop's."""


@dataclass(frozen=True)
class Preset:
    """One level of quality."""

    name: str
    samples: int
    """Per pixel, against stairs at edges; 0: none."""
    shadow_px: int
    """Side of the shadow map."""
    shadow_taps: int
    tree_triangles: int
    """Of a crown: 20 or 80."""
    scaling: bool
    """Trade resolution of the scene for speed."""
    error_px: float
    """Error on the screen from which a tile gives way to finer ones."""
    bloom: float
    """Light that spills from bright places, 0 to 1."""


PRESETS = {
    p.name: p
    for p in (
        Preset("software", 0, 2048, 1, 20, True, 32.0, 0.0),
        Preset("laptop", 4, 4096, 4, 80, False, 16.0, 0.0),
        Preset("workstation", 4, 4096, 8, 80, False, 16.0, 1.0),
    )
}
NAMES = tuple(PRESETS)


def is_software(renderer: str) -> bool:
    """Whether a driver of this name draws on the CPU."""
    return any(name in renderer.lower() for name in _SOFTWARE)


def chosen(wish: str, *, renderer: str, probe_ms: float) -> Preset:
    """The preset that was wished for, else the one that suits the driver and the time of a probe frame.

    Raises:
        Refused: no such preset.
    """
    if wish:
        return named(wish)
    if is_software(renderer):
        return PRESETS["software"]
    return PRESETS["workstation" if probe_ms <= _STRONG_MS else "laptop"]


def named(name: str) -> Preset:
    """Preset by its name.

    Raises:
        Refused: no such preset.
    """
    if name not in PRESETS:
        raise Refused(f"--preset {name}: no such preset; use one of {', '.join(NAMES)}.", code=2)
    return PRESETS[name]
