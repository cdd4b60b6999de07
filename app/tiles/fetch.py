"""Where a tileset's files come from, and which of them it may ask for: the one door to disk and network.

A tileset is somebody's data. It may name files of its own folder, of its own server and of public servers; it may not
reach out of its folder, nor from the network into this machine or its neighbours, unless that was allowed by name.
"""

from __future__ import annotations

import base64
import binascii
import posixpath
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, unquote_to_bytes, urlencode, urljoin, urlsplit, urlunsplit

from app.tiles import archive
from app.tiles.web import Absent, Busy, Cancelled, Dropped, Refusal, Web, unpacked

__all__ = ["LARGEST_BYTES", "Absent", "Busy", "Dropped", "Refusal", "Source"]

LARGEST_BYTES = 256 << 20
"""Of one file or answer; a tile is 100 times smaller."""
LONGEST = 8_192
"""Characters of an address. Data written into a document as an address are bounded by LARGEST_BYTES."""


def _never() -> bool:
    return False


class Source:
    """The files of one tileset; for any thread."""

    def __init__(self, root: str, *, allow: Sequence[str] = ()) -> None:
        """`root` is the tileset's path or address as the user gave it.

        `allow` names what the tileset may reach besides: folders, and servers as `http://host:port`.
        """
        self.root = archive.entry(root if _is_web(root) else _in_folder(_path_of(root)))
        """Address of the tileset.json."""
        self._servers = {_server(a) for a in (root, *allow) if _is_web(a)}
        self._remote = _is_web(root)
        folders = [a for a in allow if not _is_web(a)]
        if not self._remote:
            folders.append(str(Path(archive.parted(self.root)[0] or self.root).parent))
        self._folders = [Path(f).resolve() for f in folders]
        self._web = Web(lambda address: _server(address) in self._servers, largest_bytes=LARGEST_BYTES)
        self._archives = archive.Archives(LARGEST_BYTES)

    def join(self, base: str, relative: str) -> str:
        """Address of `relative` as the document at `base` writes it; query parameters of `base` go along on its server.

        Raises:
            Refusal: the address makes no sense, or the document may not name it.
        """
        if relative[:5].lower() == "data:":
            return relative
        if len(relative) > LONGEST or "\0" in relative:
            raise Refusal("an address of the tileset is no address (too long, or with a zero byte)")
        try:
            return self._joined(base, relative)
        except ValueError as error:
            raise Refusal(f"{relative[:80]!r} is no address ({str(error)[:80]})") from error

    def _joined(self, base: str, relative: str) -> str:
        scheme = urlsplit(relative).scheme.lower()
        if _is_web(relative) or (_is_web(base) and not archive.parted(base)[0]):
            if scheme and scheme not in ("http", "https"):
                raise Refusal(f"a tileset from the network may not name {relative[:80]}")
            return archive.entry(_with_query(base, urljoin(base, quote(relative, safe="/%?=&:#;,+@!$'()*~[]"))))
        if len(scheme) > 1:  # one letter is a drive
            if scheme != "file":
                raise Refusal(f"{scheme} addresses are not read: {relative[:80]}")
            return archive.entry(_path_of(relative))
        holder, inner = archive.parted(base)
        path = unquote(relative.split("?")[0].split("#")[0])
        if holder:
            within = posixpath.normpath(posixpath.join(posixpath.dirname(inner), path))
            if within.startswith(("..", "/")):
                raise Refusal(f"{relative[:80]} lies outside its archive")
            return f"{holder}{archive.MARK}{within}"
        return archive.entry(str(Path(base).parent / path))

    def read(self, address: str, *, cancelled: Cancelled = _never) -> bytes:
        """Bytes at an address made by `join`, gzip unpacked; `cancelled` is asked between the pieces of an answer.

        Raises:
            Absent, Busy, Refusal, Dropped: see app.tiles.web.
            OSError: anything else that kept it from coming, in one sentence.
        """
        if address[:5].lower() == "data:":
            return _data(address)
        holder, inner = archive.parted(address)
        if _is_web(address):
            if holder:
                raise Refusal("an archive is read from a disk only: download it first")
            return self._web.read(address, cancelled=cancelled)
        if "://" in address[:16]:
            raise Refusal(f"{address.partition(':')[0]} addresses are not read; name a file or an http address")
        path = self._allowed(Path(holder or address))
        try:
            if holder:
                return unpacked(self._archives.read(path, inner), LARGEST_BYTES)
            if path.is_dir():
                raise OSError("it is a folder")
            if path.exists() and not path.is_file():  # a pipe would keep us waiting, a device send for ever
                raise OSError("it is no ordinary file")
            if path.stat().st_size > LARGEST_BYTES:
                raise OSError(f"the file is larger than {LARGEST_BYTES >> 20} MiB")
            return unpacked(path.read_bytes(), LARGEST_BYTES)
        except FileNotFoundError as error:
            raise Absent(str(error) if error.errno is None else "there is no such file") from error
        except OSError as error:
            raise OSError(error.strerror or str(error)) from error
        except ValueError as error:
            raise Refusal(f"no address of a file ({error})") from error

    def file_bytes(self, address: str) -> int:
        """Size of a file, 0 where it is not known before it is fetched."""
        if _is_web(address) or address[:5].lower() == "data:" or archive.parted(address)[0]:
            return 0
        try:
            return Path(address).stat().st_size
        except (OSError, ValueError):
            return 0

    def _allowed(self, path: Path) -> Path:
        """The path itself, links followed, if it lies where the tileset may reach."""
        if self._remote and not self._folders:
            raise Refusal(f"a tileset from the network may not read the file {path}")
        try:
            real = path.resolve()
        except (OSError, ValueError, RuntimeError) as error:
            raise Refusal(f"no address of a file ({error})") from error
        if any(real.is_relative_to(folder) for folder in self._folders):
            return real
        raise Refusal(f"{path} lies outside the tileset's folder; if it belongs to it, allow its folder")


def _is_web(address: str) -> bool:
    return address[:8].lower().startswith(("http://", "https://"))


def _in_folder(path: str) -> str:
    """The tileset of a folder that has one; any other path as it is."""
    try:
        inner = Path(path) / archive.ENTRY
        return str(inner) if inner.is_file() else path
    except (OSError, ValueError):
        return path


def _path_of(address: str) -> str:
    """Path of a file address; a path as it is."""
    if address[:5].lower() != "file:":
        return address
    path = unquote(urlsplit(address).path)
    return path[1:] if len(path) > 2 and path[2] == ":" else path


def _server(address: str) -> str:
    """Scheme, host and port, in one spelling."""
    parts = urlsplit(address)
    try:
        port = parts.port
    except ValueError:
        port = None
    return f"{parts.scheme}://{parts.hostname}:{port or (443 if parts.scheme == 'https' else 80)}".lower()


def _with_query(base: str, address: str) -> str:
    """Keys in the tileset's own address (`?key=...`) go along to all of its files, but to no other server."""
    given, parts = urlsplit(base).query, urlsplit(address)
    if not given or _server(base) != _server(address):
        return address
    own = dict(parse_qsl(parts.query, keep_blank_values=True))
    return urlunsplit(parts._replace(query=urlencode(dict(parse_qsl(given, keep_blank_values=True)) | own)))


def _data(address: str) -> bytes:
    """Bytes of a data: address."""
    head, comma, body = address.partition(",")
    if not comma or len(body) > LARGEST_BYTES:
        raise Refusal("a data address is broken or too large")
    try:
        if head.lower().endswith(";base64"):
            return base64.b64decode(unquote_to_bytes(body), validate=True)
        return unquote_to_bytes(body)
    except (binascii.Error, ValueError) as error:
        raise Refusal(f"a data address is broken ({error})") from error
