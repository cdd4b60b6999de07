"""Options that several commands share, and their way into the two processes."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from network.problems import Refused

Offscreen = Annotated[bool, typer.Option("--offscreen", help="Draw without a window.")]
Size = Annotated[str, typer.Option(help="Picture size in pixels, WIDTHxHEIGHT: 1920x1080.")]
Camera = Annotated[str, typer.Option(help="home, top, street, or LAT,LON,HEIGHT,HEADING,PITCH in degrees and m.")]
Time = Annotated[str, typer.Option(help="Moment to show, ISO: 2025-06-21T13:00, wall time unless it has an offset.")]
Paint = Annotated[
    str, typer.Option(help="Quantity that colours the buildings: surplus_w_m2, heating_w_m2, pv_w and others.")
]
Layers = Annotated[
    str,
    typer.Option(
        help='What-ifs in the units of the panel: "solar:share=60,module_w_m2=200" (%, W/m²), or with a unit: '
        'module_w_m2=0.2kW/m2; several separated by ";"; or a TOML file: FILE.toml, or FILE.toml#NAME of several.'
    ),
]
Settle = Annotated[bool, typer.Option("--settle", help="Go on only when tiles and results are complete.")]
Shot = Annotated[Path | None, typer.Option(help="Save a picture as PNG and end; implies --settle.")]
Stats = Annotated[Path | None, typer.Option(help="Write frame times and tile counts to this file, as JSON.")]
CacheMb = Annotated[int, typer.Option(help="Most memory of tiles, in MiB, the GPU's copy included.", min=1)]
Preset = Annotated[
    str, typer.Option(help="Quality: software, laptop or workstation; without it a probe at the start chooses.")
]
Frames = Annotated[int, typer.Option(help="End after so many frames; 0: when the window is closed.", min=0)]
Record = Annotated[Path | None, typer.Option(help="Record the session to this new file, for `surplus replay`.")]
Tileset = Annotated[str, typer.Option(help="Draw this 3D Tiles tileset, file or address, in place of the package's.")]
IdProperty = Annotated[str, typer.Option(help="Property of the tileset's features that names the building.")]
Heights = Annotated[
    str, typer.Option(help="The tileset's heights: ellipsoidal, orthometric, or the geoid's height there in metres.")
]
Style = Annotated[Path | None, typer.Option(help="3D Tiles style, a JSON file, that shows and colours features.")]
TilesAllow = Annotated[
    list[str] | None,
    typer.Option(help="Folder, or server as http://HOST:PORT, that the tileset may read besides its own; repeatable."),
]
Triangles = Annotated[int, typer.Option(help="Most triangles of tiles drawn, for headsets; 0: no cap.", min=0)]
ScenarioName = Annotated[str, typer.Option(help="Name of a saved scenario, of the package or of --layers FILE.toml.")]
CatalogueName = Annotated[str, typer.Option(hidden=True, help="MODULE:NAME of another catalogue of layers.")]


def has_display() -> bool:
    """Whether a window can be expected to open."""
    if sys.platform != "linux":
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def view(
    *, offscreen: bool, size: str, camera: str, time: str, paint: str, layers: str, settle: bool,
    shot: Path | None, stats: Path | None, frames: int, preset: str = "", cache_mb: int = 512,
) -> dict[str, Any]:  # fmt: skip
    """The viewer's options as JSON-ready values (app.options.ViewOptions).

    Raises:
        Refused: no display for a window, or a size that cannot be read (code 2).
    """
    if not offscreen and not has_display():
        raise Refused("no display for a window; add --offscreen with --shot FILE.png, or set DISPLAY")
    for path in (shot, stats):
        if path and not path.absolute().parent.is_dir():
            raise Refused(f"the folder of {path} does not exist; make it or choose another place")
        if path and path.is_dir():
            raise Refused(f"{path} is a folder; name a file in it")
    if frames == 0 and offscreen and shot is None and stats is None and not settle:
        raise Refused("--offscreen draws for nobody; add --shot FILE.png, --stats FILE.json or --frames N", code=2)
    options: dict[str, Any] = {
        "offscreen": offscreen, "camera": camera, "time": time, "paint": paint, "layers": layers,
        # Without a window nobody can close it: it ends once the picture is complete.
        "settle": settle or shot is not None or (offscreen and frames == 0),
        "shot": str(shot.absolute()) if shot else None,
        "stats": str(stats.absolute()) if stats else None, "frames": frames, "preset": preset,
        "cache_mb": cache_mb,
    }  # fmt: skip
    if size:
        options["size"] = _size(size)
    return options


def tiles(
    *, address: str, id_property: str, heights: str, style: Path | None, allow: list[str] | None, triangles: int
) -> dict[str, Any]:
    """How tiles of others are taken in, as JSON-ready values (app.options.TilesWish).

    Raises:
        Refused: a style that cannot be read, or a word for heights that is none (code 2).
    """
    from app.tiles import heights as words
    from app.tiles.styling import style as styles

    words.lift(heights if heights != "orthometric" else "", 0.0, 0.0)
    if style is not None:
        try:
            styles.read(style.read_bytes(), str(style))
        except OSError as error:
            raise Refused(f"the style {style} cannot be read ({error.strerror}); name a JSON file") from error
    return {
        "address": address, "id_property": id_property, "heights": heights,
        "style": str(style.absolute()) if style else "", "allow": list(allow or ()), "triangles": triangles,
    }  # fmt: skip


def serve(
    package: Path, *, layers: str, time: str, interactive: bool, catalogue: str, record: Path | None = None
) -> dict[str, Any]:
    """The simulation's options as JSON-ready values (sim.__main__.ServeOptions)."""
    if not package.exists() and not (package.parent / f".{package.name}.new").exists():
        raise Refused(f"there is no package {package}; make one with `surplus build`")
    if record and record.exists():
        raise Refused(f"{record} exists already; delete it or record to another file")
    if record and not record.absolute().parent.is_dir():
        raise Refused(f"the folder of {record} does not exist; make it or choose another place")
    return {
        "package": str(package.absolute()), "layers": layers, "time": time, "interactive": interactive,
        "catalogue": catalogue, "record": str(record.absolute()) if record else "",
    }  # fmt: skip


def replay(file: Path, *, time: str, at_s: float, settle: bool) -> dict[str, Any]:
    """The replay's options as JSON-ready values (sim.replay.ReplayOptions)."""
    if not file.is_file():
        raise Refused(f"there is no recording {file}; `surplus run PACKAGE --record FILE` makes one")
    return {"file": str(file.absolute()), "time": time, "at_s": at_s, "settle": settle}


def scenario(package: Path, layers: str, name: str) -> str:
    """The --layers text that names a saved scenario: of a file, else of the package.

    Raises:
        Refused: --layers is a line, which has no named scenarios (code 2).
    """
    if not name:
        return layers
    if layers and not layers.endswith(".toml"):
        raise Refused("--scenario names one of a TOML file; give --layers FILE.toml, or leave --layers out", code=2)
    return f"{layers or package / 'layers.toml'}#{name}"


def _size(text: str) -> tuple[int, int]:
    width, cross, height = text.lower().partition("x")
    if not (cross and width.isdigit() and height.isdigit() and 1 <= int(width) <= 16384 and 1 <= int(height) <= 16384):
        raise Refused(f"--size {text} is not WIDTHxHEIGHT; for example 1920x1080", code=2)
    return int(width), int(height)
