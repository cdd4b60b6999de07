"""Tilesets in one file: .3tz (a zip) and .3dtiles (an SQLite table `media` of key and content).

An address inside an archive is written `folder/city.3tz!/tileset.json`.
Source: 3D Tiles Archive Format 1.3 (.3tz); the .3dtiles package as 3d-tiles-tools write it.
"""

from __future__ import annotations

import sqlite3
import threading
import zipfile
import zlib
from pathlib import Path

MARK = "!/"
"""Between the archive and what is inside."""
ENDINGS = (".3tz", ".3dtiles")
ENTRY = "tileset.json"


def entry(address: str) -> str:
    """Address of the tileset in an archive; any other address as it is."""
    bare = address.split("?")[0]
    return f"{address}{MARK}{ENTRY}" if bare.lower().endswith(ENDINGS) else address


def parted(address: str) -> tuple[str, str]:
    """Archive and path inside; an empty archive where the address is in none."""
    for ending in ENDINGS:
        head, mark, inner = address.partition(ending + MARK)
        if mark:
            return head + ending, inner
    return "", address


class Archives:
    """Archives on disk, each opened once; for any thread."""

    def __init__(self, largest_bytes: int) -> None:
        """`largest_bytes`: of one entry; more is refused."""
        self._largest = largest_bytes
        self._zips: dict[Path, zipfile.ZipFile] = {}
        self._lock = threading.Lock()

    def read(self, path: Path, inner: str) -> bytes:
        """Content of `inner`.

        Raises:
            FileNotFoundError: no such archive, or nothing of that name in it.
            OSError: it is no archive, an entry is broken or too large.
        """
        if not path.is_file():
            raise FileNotFoundError(f"there is no archive {path}")
        try:
            return self._row(path, inner) if path.suffix.lower() == ".3dtiles" else self._member(path, inner)
        except (zipfile.BadZipFile, zlib.error, sqlite3.Error, NotImplementedError, EOFError) as error:
            raise OSError(f"{path.name} is no archive that can be read ({error})") from error

    def _member(self, path: Path, inner: str) -> bytes:
        with self._lock:
            archive = self._zips.get(path) or self._zips.setdefault(path, zipfile.ZipFile(path))
        try:
            info = archive.getinfo(inner)
        except KeyError:
            raise FileNotFoundError(f"{path.name} holds no {inner}") from None
        if info.flag_bits & 1:
            raise OSError(f"{inner} in {path.name} is encrypted")
        self._check(info.file_size, path, inner)
        with archive.open(info) as member:
            body = member.read(self._largest + 1)
        self._check(len(body), path, inner)
        return body

    def _row(self, path: Path, inner: str) -> bytes:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
        try:
            size = connection.execute("SELECT length(content) FROM media WHERE key = ?", (inner,)).fetchone()
            if size is None:
                raise FileNotFoundError(f"{path.name} holds no {inner}")
            self._check(int(size[0] or 0), path, inner)
            found = connection.execute("SELECT content FROM media WHERE key = ?", (inner,)).fetchone()[0]
        finally:
            connection.close()
        return found.encode() if isinstance(found, str) else bytes(found or b"")

    def _check(self, size: int, path: Path, inner: str) -> None:
        if size > self._largest:
            raise OSError(f"{inner} in {path.name} is larger than {self._largest >> 20} MiB")
