"""District package: a folder that people can open with other tools <-> District.

    district.toml      format, place, factors, colour ranges
    *.parquet          one table per axis, columns named as in District, row order = axis order, `id` first
    inferred.parquet   axis, id, column, rule: every value that was not in the source; id `*` = in every row
    weather.epw        the weather year
    tiles/tileset.json 3D Tiles 1.1
    report.json        problems and counts of the build
    layers.toml        saved scenarios, optional

A package is written beside its place, synced, and swapped in by two renames; a half swap is repaired on opening.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import math
import os
import shutil
import tomllib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from network.problems import Refused
from network.schema import Problem
from sim import plausible
from sim.district import Buildings, District, Lines, Nodes, Profiles, Sites, Surfaces
from sim.fabric import Constructions, Schedules
from sim.place import Factor, Holding, Place, Tariff

FORMAT = 4
"""Of the folder; raised when an older program could no longer read it."""

_TABLES: dict[str, type] = {
    "building": Buildings,
    "surface": Surfaces,
    "site": Sites,
    "node": Nodes,
    "line": Lines,
    "profile": Profiles,
    "construction": Constructions,
    "schedule": Schedules,
}
Inferred = tuple[str, str, str, str]
"""axis, id (`*` = every row), column, rule"""


@dataclass(frozen=True)
class Package:
    """A district package as read."""

    folder: Path
    district: District
    weather_path: Path
    tileset: Path
    inferred: tuple[Inferred, ...]
    problems: tuple[Problem, ...]
    report: dict[str, Any]

    @property
    def key(self) -> str:
        """Hash of the folder as it is now, but for saved scenarios and tiles: the same key, the same figures."""
        return _key(self.folder)


def save(
    folder: Path,
    *,
    district: District,
    weather: Path,
    tiles: Path,
    inferred: Sequence[Inferred] = (),
    problems: Sequence[Problem] = (),
    report: dict[str, Any] | None = None,
) -> None:
    """Write a package to `folder`, replacing an older one as a whole or not at all.

    `tiles` is a folder with tileset.json, moved into the package; `weather` an EPW file, plain or .gz, copied.

    Raises:
        Refused: the place cannot be written.
    """
    folder = folder.resolve()
    if folder.exists() and any(folder.iterdir()) and not (folder / "district.toml").exists():
        raise Refused(f"{folder} exists and is not a district package; choose another place with -o")
    staging = folder.parent / f".{folder.name}.build-{os.getpid()}"
    try:
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(parents=True)
        _write_tables(staging, district, inferred)
        _copy_weather(weather, staging / "weather.epw")
        shutil.move(str(tiles), staging / "tiles")
        body = {"problems": [[p.code, p.message, p.count, list(p.ids)] for p in problems], "report": report or {}}
        (staging / "report.json").write_text(json.dumps(body, indent=1))
        old_layers = folder / "layers.toml"
        if old_layers.exists():
            shutil.copyfile(old_layers, staging / "layers.toml")
        _write_toml(staging / "district.toml", district.place)
        _sync(staging)
        _swap(staging, folder)
    except OSError as e:
        raise Refused(f"cannot write the package {folder}: {e.strerror or e}; choose a writable place with -o") from e
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def load(folder: Path) -> Package:
    """Read the package in `folder`.

    Raises:
        Refused: it is no package, is broken, holds a value that cannot be, or was written by a newer Surplus.
    """
    folder = folder.resolve()
    _repair(folder)
    toml_path = folder / "district.toml"
    if not toml_path.exists():
        raise Refused(f"{folder} is not a district package (no district.toml); make one with `surplus build`")
    try:
        head = tomllib.loads(toml_path.read_text())
        if head["format"] > FORMAT:
            raise Refused(
                f"{folder} has package format {head['format']}, this Surplus reads up to {FORMAT}; update Surplus"
            )
        if head["format"] < FORMAT:
            raise Refused(
                f"{folder} has package format {head['format']}, this Surplus reads {FORMAT}; "
                "build it again with `surplus build`"
            )
        district, inferred = _read_tables(folder, _place(head))
        body = json.loads((folder / "report.json").read_text())
        for needed in (folder / "weather.epw", folder / "tiles" / "tileset.json"):
            if not needed.exists():
                raise ValueError(f"no {needed.relative_to(folder)}")
    except (OSError, KeyError, ValueError, TypeError) as e:
        raise Refused(f"the package {folder} is broken ({e}); build it again with `surplus build`") from e
    district, odd = plausible.mended(district)
    return Package(
        folder=folder,
        district=district,
        weather_path=folder / "weather.epw",
        tileset=folder / "tiles" / "tileset.json",
        inferred=inferred,
        problems=(*(Problem(c, m, n, tuple(ids)) for c, m, n, ids in body["problems"]), *odd),
        report=body["report"],
    )


# ---------------------------------------------------------------- tables


def _write_tables(folder: Path, district: District, inferred: Sequence[Inferred]) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    for axis, kind in _TABLES.items():
        table = getattr(district, axis)
        columns = {
            f.name: _to_arrow(getattr(table, f.name)) for f in fields(kind) if f.name != "vertex_start"
        }
        parquet.write_table(pa.table(columns), folder / f"{axis}.parquet")
    counts = np.diff(district.line.vertex_start)
    owner = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
    xyz = district.vertex_m
    vertex = {"line": owner, "x_m": xyz[:, 0], "y_m": xyz[:, 1], "z_m": xyz[:, 2]}
    parquet.write_table(pa.table(vertex), folder / "vertex.parquet")
    rows = list(zip(*inferred, strict=True)) or [(), (), (), ()]
    names = ("axis", "id", "column", "rule")
    table = pa.table({n: pa.array(list(r), pa.string()) for n, r in zip(names, rows, strict=True)})
    parquet.write_table(table, folder / "inferred.parquet")


def _to_arrow(column: Any) -> Any:
    import pyarrow as pa

    if isinstance(column, tuple):
        return pa.array(list(column), pa.string())
    if column.ndim == 2:
        return pa.FixedSizeListArray.from_arrays(pa.array(column.ravel()), column.shape[1])
    return pa.array(column)


def _read_tables(folder: Path, place: Place) -> tuple[District, tuple[Inferred, ...]]:
    from pyarrow import parquet

    read = {}
    vertex = parquet.ParquetFile(folder / "vertex.parquet").read()
    for axis, kind in _TABLES.items():
        table = parquet.ParquetFile(folder / f"{axis}.parquet").read()
        columns = {n: _from_arrow(table.column(n)) for n in table.column_names}
        if kind is Lines:
            counts = np.bincount(vertex.column("line").to_numpy(), minlength=table.num_rows)
            columns["vertex_start"] = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
        read[axis] = kind(**columns)
    xyz = np.column_stack([vertex.column(c).to_numpy() for c in ("x_m", "y_m", "z_m")]).astype(float)
    xyz.setflags(write=False)
    rows = parquet.ParquetFile(folder / "inferred.parquet").read().to_pydict()
    inferred = tuple(zip(rows["axis"], rows["id"], rows["column"], rows["rule"], strict=True))
    return District(place=place, vertex_m=xyz, **read), inferred


def _from_arrow(column: Any) -> Any:
    import pyarrow as pa

    if pa.types.is_string(column.type):
        return tuple(column.to_pylist())
    if pa.types.is_fixed_size_list(column.type):
        whole = column.combine_chunks()
        return whole.flatten().to_numpy(zero_copy_only=False).reshape(-1, column.type.list_size)
    return column.to_numpy()


# ---------------------------------------------------------------- district.toml


def _write_toml(path: Path, place: Place) -> None:
    import tomli_w

    body = asdict(place)
    body["latitude_deg"] = math.degrees(body.pop("latitude_rad"))
    body["longitude_deg"] = math.degrees(body.pop("longitude_rad"))
    lists = {name: [{k: v for k, v in row.items() if v is not None} for row in body.pop(name)]
             for name in ("factors", "tariffs", "holdings")}  # fmt: skip
    ranges = dict(body.pop("ranges"))
    body["outside"] = {mode: list(ids) for mode, ids in body["outside"].items()}
    body["origin_m"] = list(body["origin_m"])
    body["sources"] = list(body["sources"])
    path.write_text(tomli_w.dumps({"format": FORMAT, **body, "ranges": ranges, **lists}))


def _place(head: dict[str, Any]) -> Place:
    body = {k: v for k, v in head.items() if k != "format"}
    body["latitude_rad"] = math.radians(body.pop("latitude_deg"))
    body["longitude_rad"] = math.radians(body.pop("longitude_deg"))
    x, y, z = body.pop("origin_m")
    rows = {"factors": Factor, "tariffs": Tariff, "holdings": Holding}
    body |= {name: tuple(kind(**row) for row in body.get(name, [])) for name, kind in rows.items()}
    body["outside"] = {mode: tuple(ids) for mode, ids in body.get("outside", {}).items()}
    sources = tuple(body.pop("sources", []))
    return Place(origin_m=(x, y, z), sources=sources, **body)


# ---------------------------------------------------------------- files


def _copy_weather(source: Path, target: Path) -> None:
    data = source.read_bytes()
    target.write_bytes(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data)


def _sync(folder: Path) -> None:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with path.open("rb") as f:
                os.fsync(f.fileno())


def _swap(staging: Path, folder: Path) -> None:
    """Two renames; whatever dies between them is mended by `_repair`."""
    new, old = _beside(folder, "new"), _beside(folder, "old")
    shutil.rmtree(new, ignore_errors=True)
    shutil.rmtree(old, ignore_errors=True)
    staging.rename(new)
    if folder.exists():
        folder.rename(old)
    new.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def _repair(folder: Path) -> None:
    """A complete new folder or the old one takes the empty place."""
    if folder.exists():
        return
    for leftover in (_beside(folder, "new"), _beside(folder, "old")):
        if (leftover / "district.toml").exists():
            leftover.rename(folder)
            return


def _beside(folder: Path, word: str) -> Path:
    return folder.parent / f".{folder.name}.{word}"


def _key(folder: Path) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != "layers.toml" and path.parent.name != "tiles":
            digest.update(path.relative_to(folder).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()
