"""Files to cities: which format a file is tells its content, not its name; folders stand for the files in them.

CityJSON, CityJSONSeq, collections of CityJSON features, GeoJSON, OSM XML, CityGML 1 to 3; each plain or gzip. What
cannot be read is refused by name.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

from network.problems import Refused
from tools import citygml, cityjson, geojson, osm, report, safexml
from tools.city import City

Progress = Callable[[str, float], None]
SUFFIXES = (".json", ".jsonl", ".geojson", ".gml", ".citygml", ".xml", ".osm", ".city")
"""Names that are taken from a folder, with or without .gz."""
MOST_BYTES = 4 * 2**30
"""Of one file, unpacked: a gzip bomb must not fill the memory."""
FORMATS = "CityJSON, CityGML, GeoJSON and OSM XML"


def expand(inputs: Sequence[Path]) -> list[Path]:
    """The files meant: a folder stands for all city files in it, by name.

    Raises:
        Refused: a folder holds none.
    """
    found: list[Path] = []
    for path in inputs:
        if not path.is_dir():
            found.append(path)
            continue
        if (path / "district.toml").is_file():
            raise Refused(f"{path} is a district package already; see it with `surplus run {path}`, or give city files")
        try:
            inside = sorted(p for p in path.rglob("*") if _is_city_name(p) and p.is_file())
        except OSError as e:
            raise Refused(f"{path} cannot be read ({e.strerror or e}); check its permissions") from e
        if not inside:
            raise Refused(f"{path} holds no city file; {FORMATS} are read")
        found += inside
    return list(dict.fromkeys(found))


def read(path: Path) -> City:
    """What one file holds.

    Raises:
        Refused: missing, empty, truncated, another format or an unknown version.
    """
    data = _bytes(path)
    head = data[:4096].lstrip()
    if head[:1] in (b"{", b"["):
        return _json(path, data)
    if re.match(rb"<!doctype html|<html", head, re.IGNORECASE):
        raise Refused(f"{path} is a web page, no city file: what a failed download leaves; fetch it again")
    if head[:1] == b"<":
        return _xml(path, data)
    hint = f"; {FORMATS} are read"
    if head[:4] in (b"PK\x03\x04", b"7z\xbc\xaf", b"BZh9", b"\xfd7zX"):
        hint = "; unpack the archive first"
    raise Refused(f"{path} is neither JSON nor XML{hint}")


def read_all(paths: Sequence[Path], progress: Progress) -> list[City]:
    """All files one by one, with progress by their size.

    Raises:
        Refused: one of them cannot be read, or none holds a building.
    """
    sizes = [p.stat().st_size if p.is_file() else 0 for p in paths]
    total, done, cities = max(sum(sizes), 1), 0, []
    progress("reading", 0.0)
    for path, size in zip(paths, sizes, strict=True):
        cities.append(read(path))
        done += size
        progress("reading", done / total)
    if not any(c.buildings for c in cities):
        found = [problem.message for city in cities for problem in report.of_city(city)]
        why = f" ({found[0]})" if found else ""
        raise Refused(
            f"{paths[0]} has no building with a volume{why}; give buildings of LoD 1 or better, or outlines as polygons"
        )
    return cities


def _is_city_name(path: Path) -> bool:
    return not path.name.startswith(".") and path.name.lower().removesuffix(".gz").endswith(SUFFIXES)


def _bytes(path: Path) -> bytes:
    """The file's bytes, unpacked, without a byte order mark, JSON in UTF-8."""
    try:
        data = path.read_bytes()
    except FileNotFoundError as e:
        raise Refused(f"{path} does not exist; check the name of the input") from e
    except OSError as e:
        raise Refused(f"{path} cannot be read ({e.strerror or e}); check its permissions") from e
    if data[:2] == b"\x1f\x8b":
        data = _unpacked(path, data)
    if data[:3] == b"\xef\xbb\xbf":
        data = data[3:]
    elif data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        try:
            data = re.sub(r"^(<\?xml[^>]*?)\s+encoding=[\"'][^\"']*[\"']", r"\1", data.decode("utf-16")).encode()
        except UnicodeDecodeError as e:
            raise Refused(f"{path} begins like UTF-16 but is not; save it in UTF-8") from e
    if not data.strip():
        raise Refused(f"{path} is empty; {FORMATS} are read")
    return data


def _unpacked(path: Path, data: bytes) -> bytes:
    """All members of a gzip file."""
    pieces, room = [], MOST_BYTES
    try:
        while data.strip(b"\0"):
            unpacker = zlib.decompressobj(31)
            piece = unpacker.decompress(data, room)
            if not unpacker.eof:
                if unpacker.unconsumed_tail:
                    most = f"{MOST_BYTES / 2**30:.0f} GiB"
                    raise Refused(f"{path} unpacks to more than {most}; split the area into files")
                raise Refused(f"{path} is a truncated or damaged gzip file (its end is missing); fetch it again")
            pieces.append(piece)
            room -= len(piece)
            data = unpacker.unused_data
    except zlib.error as e:
        raise Refused(f"{path} is a truncated or damaged gzip file ({e}); fetch it again") from e
    return b"".join(pieces)


def _json(path: Path, data: bytes) -> City:
    """CityJSON by default; GeoJSON where the features are."""
    first = data.lstrip().split(b"\n", 1)
    if len(first) == 2 and re.match(rb'\s*\{.*"(?:CityJSON|CityJSONFeature)".*\}\s*$', first[0], re.DOTALL):
        return cityjson.parse(path, data, sequence=True)
    if path.name.lower().removesuffix(".gz").endswith(".jsonl"):
        return cityjson.parse(path, data, sequence=True)
    if re.search(rb'"type"\s*:\s*"(?:CityJSON|CityJSONFeature)"', data) is None and re.search(
        rb'"type"\s*:\s*"(?:FeatureCollection|Feature)"', data
    ):
        return geojson.parse(path, cityjson.decode(path, data, 0))
    return cityjson.parse(path, data, sequence=False)


def _xml(path: Path, data: bytes) -> City:
    root = safexml.root_name(path, data)
    if root == "osm":
        return osm.parse(path, data)
    if root in ("CityModel", "FeatureCollection"):
        return citygml.parse(path, data)
    raise Refused(f"{path} is XML of type {root!r}; {FORMATS} are read")
