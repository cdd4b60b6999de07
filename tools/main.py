"""`surplus`: the command line. Every command's work is in its own file; heavy imports happen inside it.

Exit codes: 0 done, 1 the work failed, 2 wrong usage. With --json one object on stdout, all else on stderr.
Every error is one sentence that names culprit and remedy; --debug shows the traceback instead.
"""

from __future__ import annotations

import _thread
import json
import sys
import threading
from pathlib import Path
from typing import Annotated, Any

import typer

from network.problems import Refused
from tools import options as o

surplus = typer.Typer(
    add_completion=False, no_args_is_help=False, pretty_exceptions_enable=False, rich_markup_mode=None,
    help="Surplus: a real-time 3D twin of a positive energy district. Without a command: the demo district.",
)  # fmt: skip
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
PackageFolder = Annotated[Path, typer.Argument(metavar="PACKAGE", help="Folder made by `surplus build`.")]


def main() -> None:
    """Entry point of the console script."""
    debug = "--debug" in sys.argv
    arguments = [a for a in sys.argv[1:] if a != "--debug"]
    sys.unraisablehook = _again
    try:
        code = surplus(arguments, prog_name="surplus", standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except Refused as e:
        if debug:
            raise
        print(f"surplus: {e}", file=sys.stderr)
        sys.exit(e.code)
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(130)
    except Exception as e:
        usage = getattr(e, "format_message", None)  # click's own errors: wrong usage
        if usage is not None:
            print(f"surplus: {usage()} (see `surplus --help`)", file=sys.stderr)
            sys.exit(2)
        if debug:
            raise
        print(f"surplus: unexpected {type(e).__name__}: {e}; run again with --debug and report it", file=sys.stderr)
        sys.exit(1)


def _again(unraisable: Any) -> None:
    """Ctrl+C inside a compiled library's callback is lost there; it is given once more, a moment later."""
    if isinstance(unraisable.exc_value, KeyboardInterrupt):
        threading.Timer(0.02, _thread.interrupt_main).start()
    else:
        sys.__unraisablehook__(unraisable)


@surplus.callback(invoke_without_command=True)
def demo(
    context: typer.Context, version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False
) -> None:
    """Start the demo district when no command is given."""
    if version:
        from tools import doctor

        print(doctor.version())
        raise typer.Exit(0)
    if context.invoked_subcommand is None:
        from tools import demo_run

        raise typer.Exit(demo_run.run())


@surplus.command()
def run(
    package: PackageFolder,
    offscreen: o.Offscreen = False, size: o.Size = "", camera: o.Camera = "home", time: o.Time = "",
    paint: o.Paint = "", layers: o.Layers = "", settle: o.Settle = False, shot: o.Shot = None,
    stats: o.Stats = None, frames: o.Frames = 0, preset: o.Preset = "", cache_mb: o.CacheMb = 512,
    record: o.Record = None, tileset: o.Tileset = "", id_property: o.IdProperty = "", heights: o.Heights = "",
    style: o.Style = None, tiles_allow: o.TilesAllow = None, triangles: o.Triangles = 0,
    catalogue: o.CatalogueName = "",
) -> None:  # fmt: skip
    """Simulation and viewer of a district package."""
    from tools import supervise

    # Time and layers go to sim alone, which knows them before the first frame.
    view = o.view(offscreen=offscreen, size=size, camera=camera, time="", paint=paint, layers="", settle=settle,
                  shot=shot, stats=stats, frames=frames, preset=preset, cache_mb=cache_mb)  # fmt: skip
    view["tiles"] = o.tiles(address=tileset, id_property=id_property, heights=heights, style=style, allow=tiles_allow,
                            triangles=triangles)  # fmt: skip
    serve = o.serve(package, layers=layers, time=time, interactive=not offscreen, catalogue=catalogue, record=record)
    raise typer.Exit(supervise.run(serve, view))


@surplus.command()
def serve(
    package: PackageFolder,
    bind: Annotated[str, typer.Option(help="Address to listen on, HOST or HOST:PORT.")] = "127.0.0.1",
    allow: Annotated[Path | None, typer.Option(help="File of viewers' public keys, for other binds.")] = None,
    layers: o.Layers = "", time: o.Time = "", record: o.Record = None, catalogue: o.CatalogueName = "",
) -> None:  # fmt: skip
    """The simulation alone; prints the line that a viewer needs."""
    from tools import supervise

    options = o.serve(package, layers=layers, time=time, interactive=True, catalogue=catalogue, record=record)
    raise typer.Exit(supervise.serve(options | {"bind": bind, "allow": str(allow) if allow else None}))


@surplus.command()
def replay(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Made by `surplus run PACKAGE --record FILE`.")],
    at: Annotated[float, typer.Option(help=(
        "Begin so many seconds after the recording began; negative: at its first complete picture."))] = -1.0,
    offscreen: o.Offscreen = False, size: o.Size = "", camera: o.Camera = "home", time: o.Time = "",
    paint: o.Paint = "", settle: o.Settle = False, shot: o.Shot = None, stats: o.Stats = None,
    frames: o.Frames = 0, preset: o.Preset = "", cache_mb: o.CacheMb = 512,
) -> None:  # fmt: skip
    """A recorded session once more.

    The day bar goes to the nearest moment of the recording that showed that time; speeds speed the recording up.
    """
    from tools import supervise

    view = o.view(offscreen=offscreen, size=size, camera=camera, time="", paint=paint, layers="", settle=settle,
                  shot=shot, stats=stats, frames=frames, preset=preset, cache_mb=cache_mb)  # fmt: skip
    source = o.replay(file, time=time, at_s=at, settle=view["settle"])
    raise typer.Exit(supervise.run(source, view, source="sim.replay"))


@surplus.command()
def view(
    address: Annotated[str, typer.Argument(metavar="ADDRESS#KEY", help="As printed by `surplus serve`.")] = "",
    tileset: Annotated[str, typer.Option(help="Any 3D Tiles tileset, file or address; needs no simulation.")] = "",
    offscreen: o.Offscreen = False, size: o.Size = "", camera: o.Camera = "home", time: o.Time = "",
    paint: o.Paint = "", layers: o.Layers = "", settle: o.Settle = False, shot: o.Shot = None,
    stats: o.Stats = None, frames: o.Frames = 0, preset: o.Preset = "", cache_mb: o.CacheMb = 512,
    id_property: o.IdProperty = "", heights: o.Heights = "", style: o.Style = None,
    tiles_allow: o.TilesAllow = None, triangles: o.Triangles = 0,
) -> None:  # fmt: skip
    """A viewer alone: of a simulation, of any tileset, or both."""
    from tools import supervise

    if not address and not tileset:
        raise Refused("give ADDRESS#KEY (as printed by `surplus serve`), --tileset FILE, or both", code=2)
    options = o.view(offscreen=offscreen, size=size, camera=camera, time=time, paint=paint, layers=layers,
                     settle=settle, shot=shot, stats=stats, frames=frames, preset=preset,
                     cache_mb=cache_mb)  # fmt: skip
    options["tiles"] = o.tiles(address=tileset, id_property=id_property, heights=heights, style=style,
                               allow=tiles_allow, triangles=triangles)  # fmt: skip
    raise typer.Exit(supervise.view(address, options | {"tileset": None if address else tileset}))


@surplus.command()
def build(
    inputs: Annotated[list[Path], typer.Argument(metavar="INPUT", help=(
        "City files, or folders of them: CityJSON, CityJSONSeq, CityGML, GeoJSON, OSM XML, also .gz. "
        "Where they overlap the first wins."))],
    output: Annotated[Path, typer.Option("-o", "--output", help="Package folder to write.")],
    crs: Annotated[str | None, typer.Option(help="EPSG code, where the file names none: 28992.")] = None,
    country: Annotated[str | None, typer.Option(help="Two letters, for archetypes and factors: NL.")] = None,
    zone: Annotated[str | None, typer.Option(help="Time zone: Europe/Amsterdam.")] = None,
    weather: Annotated[Path | None, typer.Option(help="EPW or German TRY weather year, also .gz.")] = None,
    name: Annotated[str | None, typer.Option(help="Title of the district.")] = None,
    grid: Annotated[Path | None, typer.Option(help=(
        "Electrical grid to connect to, instead of a drawn one: JSON of pandapower or power-grid-model, or a SimBench "
        "folder."))] = None,
) -> None:  # fmt: skip
    """City files to a district package.

    Tiles included, with a report of what was inferred.
    """
    from tools import build as importer
    from tools.progress import Progress

    with Progress() as progress:
        report = importer.build(
            inputs, output, crs=crs, country=country, zone=zone, weather=weather, name=name, progress=progress,
            grid=grid,
        )  # fmt: skip
    print(report.text(), file=sys.stderr)
    print(output)


@surplus.command()
def simulate(
    package: PackageFolder, layers: o.Layers = "", scenario: o.ScenarioName = "", json_: Json = False,
    catalogue: o.CatalogueName = "",
) -> None:  # fmt: skip
    """A year without a picture."""
    from tools import simulate as year
    from tools.progress import Progress

    layers = o.scenario(package, layers, scenario)

    with Progress() as progress:
        result = year.simulate(package, layers=layers, catalogue=catalogue, progress=progress)
    _print(result, as_json=json_, page=year.page)


@surplus.command()
def explain(
    package: PackageFolder,
    building: Annotated[str, typer.Argument(metavar="BUILDING", help="Id or name.")],
    time: Annotated[str, typer.Argument(metavar="TIME", help="On the clock there: 2015-01-21T18:00.")],
    layers: o.Layers = "", scenario: o.ScenarioName = "", json_: Json = False, catalogue: o.CatalogueName = "",
) -> None:  # fmt: skip
    """What is behind the figures of a building at a time.

    Power, supply of heat and heat, each as terms that add up to zero, with unit, equation and source.
    """
    from tools import explain as why
    from tools.progress import Progress

    layers = o.scenario(package, layers, scenario)

    with Progress() as progress:
        result = why.explain(package, building, time, layers=layers, catalogue=catalogue, progress=progress)
    _print(result, as_json=json_, page=why.page)


@surplus.command()
def gallery(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder for the pictures and index.html.")],
    only: Annotated[str, typer.Option(help="Only pictures whose name (place-picture) contains this.")] = "",
    quick: Annotated[bool, typer.Option("--quick", help="Half size, without the largest.")] = False,
) -> None:
    """The fixed pictures once more, with a page."""
    from tools import gallery as pictures
    from tools.progress import Progress

    with Progress() as progress:
        failures = pictures.gallery(out, only=only, quick=quick, progress=progress)
    print(out / "index.html")
    if failures:
        raise Refused(f"{len(failures)} pictures failed: {'; '.join(failures)}")


@surplus.command()
def bench(
    name: Annotated[str, typer.Argument(help="Only the results whose name contains this.")] = "",
    full: Annotated[bool, typer.Option("--full", help="Also what takes longer than 45 s.")] = False,
    json_: Json = False,
) -> None:
    """Speed, each figure beside a reference measured in the same run."""
    from tools import bench as benchmarks

    _print(benchmarks.bench(name, full=full), as_json=json_, page=benchmarks.page)


@surplus.command()
def validate(
    folder: Annotated[Path | None, typer.Argument(metavar="DIR", help=(
        "Folder of case files, or one file; without it the project's own, tests/cases."))] = None,
    page: Annotated[Path | None, typer.Option(metavar="FILE", help=(
        "Also write the table of results into this page, between its marks."))] = None,
    json_: Json = False,
) -> None:  # fmt: skip
    """Published cases, each figure held against what was published."""
    from tools import trust
    from tools import validate as cases
    from tools.progress import Progress

    with Progress() as progress:
        result = cases.validate(folder, progress=progress)
    if page is not None:
        trust.write(page, result)
    _print(result, as_json=json_, page=cases.page)
    raise typer.Exit(0 if cases.holds(result) else 1)


@surplus.command()
def doctor(json_: Json = False) -> None:
    """What this machine can do, and what it lacks."""
    from tools import doctor as check

    result = check.examine()
    _print(result, as_json=json_, page=check.page)
    raise typer.Exit(0 if result["ok"] else 1)


def _print(result: dict[str, Any], *, as_json: bool, page: Any) -> None:
    print(json.dumps(result, ensure_ascii=False) if as_json else page(result))


if __name__ == "__main__":
    main()
