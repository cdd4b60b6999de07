"""City files -> district package: read, measure, infer, connect, draw, save. One straight path.

    files -> faces -> one world -> surfaces, party walls, horizons, land -> archetypes, use, profiles
          -> base year -> grid, colour scales -> package with tiles

Nothing of an older package is touched before the new one is whole.
"""

from __future__ import annotations

import errno
import glob
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from network.problems import Refused
from network.schema import Problem
from sim import factors, gridflow, package, potential, prepare, solar
from sim.district import District, Lines, Nodes, Profiles, SurfaceKind, Use, no_sites
from sim.place import Place
from sim.weather import Weather, far_station, read_epw
from tools import (
    archetypes,
    baseyear,
    countries,
    fabric,
    faults,
    frame,
    geometry,
    gridfile,
    gridimport,
    gridplan,
    ground,
    horizon,
    inventory,
    overlap,
    party,
    placing,
    profiles,
    reading,
    report,
    sites,
    surfaces,
    tiles,
    triangles,
    walls,
)
from tools.city import Source
from tools.griddraft import Drawn
from tools.land import Land
from tools.report import Report as Report

Progress = Callable[[str, float], None]
STALE_S = 86400.0
"""What a killed build left behind is litter after this time; younger, it may belong to a build that runs."""
SEED = 1
"""Of the profiles that buildings get; a district's use never changes with a rebuild."""
EVERY_ROW: tuple[report.Inferred, ...] = (
    ("building", "*", "profile", "seeded year of the use"),
    ("building", "*", "hot_water_profile", "seeded year of the use"),
    ("building", "*", "roof_m2", "geometry"),
    ("building", "*", "ground_m2", "geometry"),
    ("building", "*", "phase_share", "a third on each phase"),
    ("building", "*", "drive_j", "national distance per car, 0.19 kWh/km"),
    *(("building", "*", name, "none before a what-if adds it") for name in inventory.OF_LAYERS),
    ("surface", "*", "glass_m2", "window share, frames and shades of the archetype"),
    ("surface", "*", "opaque_m2", "window share of the archetype"),
    ("surface", "*", "usable_m2", "edges, windows, ground storey free; module packing; none steep towards the pole"),
    ("surface", "*", "pv_peak_w", "modules that the source names, spread over suited roofs; else none"),
)
"""Columns that no source says; `*` means every row."""


@dataclass(frozen=True)
class Shape:
    """The district's geometry, one building per place."""

    place: frame.Frame
    sources: tuple[Source, ...]
    mesh: geometry.Mesh
    bodies: geometry.Bodies
    areas: surfaces.Areas
    raw: surfaces.Raw
    outlook: horizon.Outlook
    triangles: triangles.Triangles
    rings: list[NDArray[np.float64]]
    land: Land
    credits: tuple[str, ...]
    country: str
    """As addresses in the files name it, empty where they do not."""
    inferred: list[report.Inferred]
    """Heights that the readers had to guess."""
    problems: list[Problem]


def build(
    inputs: Sequence[Path], output: Path, *, crs: str | None, country: str | None, zone: str | None,
    weather: Path | None, name: str | None, progress: Progress, grid: Path | None = None,
) -> Report:  # fmt: skip
    """Make the package `output` from city files.

    Args:
        inputs: city files of the formats of tools.reading, or folders of them; the first wins where they overlap.
        output: folder to write; an older package there is replaced as a whole.
        crs: EPSG code of files that name none.
        country: two letters; else the files' addresses, else the CRS's area of use, else the weather file's header.
        zone: IANA name; else the country's only zone, else the weather file's fixed offset.
        weather: EPW year; without one the demo's generated weather serves, which is reported.
        name: title; else the first file's name.
        progress: called with (stage, fraction).
        grid: JSON of pandapower or power-grid-model to connect the buildings to; else a synthetic grid is drawn.

    Raises:
        Refused: a file cannot be read, has no CRS, the country is unknown, or the place cannot be written.
    """
    clock, drawn = _Clock(), gridfile.read(grid) if grid else None
    with _scratch(output) as scratch:
        sky_path = weather or _generated(scratch)
        sky = read_epw(sky_path)
        shape = measure(inputs, crs=crs, progress=progress)
        clock.lap("geometry")
        place, notes = _place(shape, sky, country=country, zone=zone, name=name or _title(inputs[0]), weather=weather)
        progress("archetypes", 0.0)
        district, inferred, homeless = _inhabited(shape, place, sky)
        progress("archetypes", 1.0)
        clock.lap("archetypes")
        district, grid_problems, grid_inferred = _connected(district, shape, sky, progress, drawn)
        clock.lap("base year and grid")
        inferred += grid_inferred
        count = tiles.write(
            scratch / "tiles", ids=district.building.id, m=shape.mesh, b=shape.bodies, triangles=shape.triangles,
            place=shape.place, land=shape.land, walls=walls.of(district.building),
        )  # fmt: skip
        progress("tiles", 1.0)
        clock.lap("tiles")
        problems = (*shape.problems, *notes, *homeless, *sky.problems, *grid_problems)
        outcome = _report(district, shape, count, inferred, problems, clock)
        # the weather and the grid's islands say their own at every reading
        lasting = [p for p in problems if p not in sky.problems and p.code != "grid-island"]
        package.save(output, district=district, weather=sky_path, tiles=scratch / "tiles", inferred=inferred,
                     problems=lasting, report=outcome.facts())  # fmt: skip
    return outcome


# ---------------------------------------------------------------- geometry


def measure(inputs: Sequence[Path], *, crs: str | None, progress: Progress) -> Shape:
    """Read the files and derive all geometry."""
    option = frame.code(crs) if crs is not None else None
    paths = reading.expand(inputs)
    cities = reading.read_all(paths, progress)
    placed = placing.place(cities, paths, option=option)
    problems = [p for city in cities for p in report.of_city(city)] + placed.problems
    progress("measuring", 0.0)
    whole = geometry.mesh(geometry.join([c.faces for c in placed.cities]))
    file = np.repeat(np.arange(len(placed.cities)), [len(c.buildings) for c in placed.cities]).astype(np.int32)
    kept = overlap.settle(whole, tuple(s for c in placed.cities for s in c.buildings), file=file)
    m, sources = kept.mesh, kept.buildings
    if not sources:
        raise Refused(f"{paths[0]} has no building with an area on the ground; export the file again")
    earth, ground_problems = ground.land(placed.soils, files=[c.file for c in placed.cities])
    b = geometry.bodies(m, len(sources))
    ids = tuple(s.id for s in sources)
    progress("measuring", 0.4)
    shared = party.party(m)
    raw = surfaces.merge(m, shared, b, ids, north=placed.place.latitude_rad >= 0)
    cut = triangles.triangulate(m, tiles.visible(m, b))
    progress("measuring", 1.0)
    seen = horizon.outlook(raw, m, cut, earth, progress)
    open_ids = [ids[k] for k in np.flatnonzero(b.open_shells)]
    problems += report.of_shapes(m.degenerate, open_ids, cut.uncut, dropped=kept.dropped, flat=kept.flat)
    problems += seen.problems + ground_problems + report.of_twins(kept.twins) + faults.problems(m, ids)
    return Shape(
        place=placed.place, sources=sources, mesh=m, bodies=b, areas=surfaces.areas(m, shared, b), raw=raw,
        outlook=seen, triangles=cut,
        rings=overlap.rings(overlap.footprints(m, len(sources))), problems=problems,
        land=earth, credits=tuple(dict.fromkeys(c.credit for c in cities if c.credit)),
        country=next((c.country for c in cities if c.country), ""),
        inferred=[i for c in cities for i in c.inferred if i[1] in set(ids)],
    )  # fmt: skip


# ---------------------------------------------------------------- place


def _place(
    shape: Shape, sky: Weather, *, country: str | None, zone: str | None, name: str, weather: Path | None
) -> tuple[Place, list[Problem]]:
    """Where and when; with what was guessed about it."""
    notes = [] if weather else [
        Problem("weather-generated", "no --weather was given: the weather year is generated from Delft's climate, "
                                     "not measured here")
    ]  # fmt: skip
    code = countries.by_option(country) if country else countries.by_address(shape.country)
    code = code or countries.by_area(shape.place.area)
    code = code or (countries.by_weather(sky.country) if weather else None)
    if not code:
        several = countries.in_area(shape.place.area)
        why = f"serves several countries ({', '.join(several)})" if several else "does not tell"
        raise Refused(f"the country is not clear: no file names it, and {shape.place.crs} {why}; name it with "
                      f"--country, for example --country {[*several, 'NL'][0]}")  # fmt: skip
    clock = countries.check_zone(zone) if zone else countries.zone_of(code)
    if not clock:
        clock = countries.fixed_zone(sky.utc_offset_s)
        text = f"{code} has several time zones: the weather file's fixed {clock} is used; name another with --zone"
        notes.append(Problem("zone-fixed", text))
    offset = countries.standard_offset_s(clock, sky.year, otherwise_s=sky.utc_offset_s)
    if offset != sky.utc_offset_s:
        text = (f"the weather's hours are UTC{sky.utc_offset_s / 3600:+g}, the district's UTC{offset / 3600:+g}: "
                "they are taken for the district's own")  # fmt: skip
        notes.append(Problem("weather-zone", text))
    origin = shape.place
    ground_m = float(np.median(shape.bodies.ground_m))
    far = far_station(sky, latitude_rad=origin.latitude_rad, longitude_rad=origin.longitude_rad, height_m=ground_m)
    if weather and far:
        notes.append(far)
    return Place(
        name=name, latitude_rad=origin.latitude_rad, longitude_rad=origin.longitude_rad, height_m=origin.height_m,
        crs=origin.crs, origin_m=origin.origin_m, country=code, zone=clock, utc_offset_s=offset, year=sky.year,
        factors=factors.factors(code), tariffs=factors.tariffs(code), sources=shape.credits,
    ), notes  # fmt: skip


# ---------------------------------------------------------------- columns


def _inhabited(
    shape: Shape, place: Place, sky: Weather
) -> tuple[District, list[report.Inferred], list[Problem]]:
    """The district without a grid."""
    found, notes = inventory.shapes(shape.sources, shape.bodies, shape.areas)
    envelope = archetypes.envelope(place.country, found)
    uses = tuple(Use(int(u)) for u in np.unique(envelope.use))
    years = profiles.profiles(
        steps=round(sky.steps * sky.step_s / 3600.0), year=sky.year, zone=place.zone, utc_offset_s=place.utc_offset_s,
        seed=SEED, uses=uses, south=place.latitude_rad < 0.0,
    )  # fmt: skip
    rows = profiles.assign(id=found.id, use=envelope.use, dwellings=envelope.dwellings, profiles=years, seed=SEED)
    years, rows = _used(years, rows)
    peak_w, homeless = inventory.modules(shape.sources, shape.raw, north=place.latitude_rad >= 0)
    district = District(
        place=place, building=inventory.buildings(shape.sources, shape.bodies, envelope, rows=rows),
        surface=inventory.surfaces(shape.raw, envelope, shape.outlook, pv_peak_w=peak_w),
        site=no_sites(), node=_no_nodes(), line=_no_lines(), vertex_m=np.zeros((0, 3)), profile=years,
        construction=fabric.constructions(), schedule=fabric.schedules(),
    )  # fmt: skip
    return district, [*shape.inferred, *notes, *envelope.inferred, *EVERY_ROW], report.of_modules(homeless)


def _used(
    years: Profiles, rows: tuple[NDArray[np.int32], NDArray[np.int32]]
) -> tuple[Profiles, tuple[NDArray[np.int32], NDArray[np.int32]]]:
    """Only the profiles that some building has."""
    used = np.unique(np.concatenate(rows))
    left = Profiles(id=tuple(years.id[k] for k in used), share=years.share[used])
    one, other = (np.searchsorted(used, r).astype(np.int32) for r in rows)
    return left, (one, other)


def _no_nodes() -> Nodes:
    none = [np.zeros(0) for _ in range(7)]
    return Nodes((), np.zeros(0, np.int8), *none)


def _no_lines() -> Lines:
    none = np.zeros(0)
    return Lines(
        id=(), kind=np.zeros(0, np.int8), from_node=np.zeros(0, np.int32), to_node=np.zeros(0, np.int32),
        closed=np.zeros(0, bool), resistance_ohm=none, reactance_ohm=none.copy(),
        zero_resistance_ohm=none.copy(), zero_reactance_ohm=none.copy(), ratio=none.copy(), vector_group=(),
        rating_va=none.copy(), length_m=none.copy(), vertex_start=np.zeros(1, np.int32),
    )  # fmt: skip


def _connected(
    district: District, shape: Shape, sky: Weather, progress: Progress, drawn: Drawn | None
) -> tuple[District, tuple[Problem, ...], list[report.Inferred]]:
    """The district with a grid sized for its base year, and colour ranges measured from it."""
    light = solar.solar(district, sky, progress=progress)
    b, s = district.building, district.surface
    roof_m2 = geometry.sums(s.building, np.where(s.kind == SurfaceKind.ROOF, s.usable_m2, 0.0), len(b))
    case = prepare.prepare(district, light, sky)
    base = baseyear.run(case, footprint_m2=b.footprint_m2, roof_m2=roof_m2, progress=progress)
    if drawn is not None:
        laid = gridimport.plan(drawn, gridimport.Where(b, shape.place))
    else:
        laid = gridplan.plan(
            id=b.id, x_m=b.x_m, y_m=b.y_m, z_m=b.z_m, demand_w=base.demand_w, rings=shape.rings,
            voltage_v=district.place.voltage_v, land=shape.land, progress=progress,
        )  # fmt: skip
    places = sites.propose(nodes=laid.nodes, land=shape.land, named=shape.land.plant, rings=shape.rings)
    district = replace(
        district, building=replace(b, node=laid.building_node, phase_share=laid.phase_share),
        node=laid.nodes, line=laid.lines, vertex_m=laid.vertex_m, site=places,
    )  # fmt: skip
    ranges = base.ranges | baseyear.line_ranges(prepare.prepare(district, light, sky))
    place = replace(district.place, voltage_v=laid.voltage_v,
                    ranges=ranges | baseyear.sun_ranges(potential.potential(district, sky)))  # fmt: skip
    dark = gridflow.problems(district)
    return replace(district, place=place), (*laid.problems, *dark), [*laid.inferred, *sites.inferred()]


# ---------------------------------------------------------------- report and files


def _report(
    district: District, shape: Shape, tile_count: int, inferred: list[report.Inferred],
    problems: tuple[Problem, ...], clock: _Clock,
) -> Report:  # fmt: skip
    place, b, s, a = district.place, district.building, district.surface, shape.areas
    rows = {"building": len(b), "surface": len(district.surface), "node": len(district.node),
            "line": len(district.line), "site": len(district.site)}  # fmt: skip
    counts = {
        "buildings": len(b), "polygons": len(shape.mesh.area_m2), "energy surfaces": len(district.surface),
        "triangles": len(shape.triangles.index), "tiles": tile_count, "grid nodes": len(district.node),
        "grid lines": len(district.line), "ground triangles": len(shape.land), "trees": len(shape.land.tree_m),
        **shape.land.counts,
    }  # fmt: skip
    totals: dict[str, Any] = {
        "m2 footprint": b.footprint_m2.sum(), "m2 conditioned floor": b.floor_m2.sum(), "m3 volume": b.volume_m3.sum(),
        "m2 roof": a.roof_m2.sum(), "m2 exterior wall": a.wall_m2.sum(), "m2 party wall": a.party_m2.sum(),
        "m2 roof for modules": s.usable_m2[s.kind == SurfaceKind.ROOF].sum(),
        "m2 facade for modules": s.usable_m2[s.kind == SurfaceKind.WALL].sum(),
    }  # fmt: skip
    return Report(
        name=place.name, place=f"{place.crs}, {place.country}, {place.zone}, {place.year}", counts=counts,
        totals={k: float(v) for k, v in totals.items()}, inferred=report.by_rule(inferred, rows), problems=problems,
        seconds=clock.laps,
    )  # fmt: skip


def _title(path: Path) -> str:
    """The file's name as people would write it: delft_3dbag.city.jsonl.gz -> Delft 3dbag."""
    words = path.name.split(".")[0].replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def _generated(scratch: Path) -> Path:
    from tools import climate

    path = scratch / "weather.epw"
    climate.write_epw(path, seed=SEED)
    return path


_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def _scratch(output: Path) -> Iterator[Path]:
    """A folder beside the package, gone afterwards whatever happens; says at once that a place cannot be written."""
    folder = output.absolute()
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir()) and not (folder / "district.toml").exists()):
        raise Refused(f"{output} exists and is not a district package; choose another place with -o")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _sweep(folder)
        made = tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.work-")
    except OSError as e:
        raise Refused(f"cannot write to {folder.parent}: {e.strerror or e}; choose a writable place with -o") from e
    with made as name:
        try:
            yield Path(name)
        except OSError as e:
            if e.errno not in _FULL:
                raise
            why = e.strerror or e
            raise Refused(f"cannot write {output}: {why}; free space or choose another place with -o") from e


def _sweep(folder: Path) -> None:
    """Remove what builds of `folder` that were killed have left beside it."""
    for word in ("work", "build"):
        for litter in folder.parent.glob(f".{glob.escape(folder.name)}.{word}-*"):
            if time.time() - litter.stat().st_mtime > STALE_S:
                shutil.rmtree(litter, ignore_errors=True)


class _Clock:
    """Seconds by stage."""

    def __init__(self) -> None:
        self._last = time.perf_counter()
        self.laps: dict[str, float] = {}

    def lap(self, stage: str) -> None:
        """What passed since the last lap went into `stage`."""
        now = time.perf_counter()
        self.laps[stage] = round(now - self._last, 2)
        self._last = now
