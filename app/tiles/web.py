"""Bytes from http(s) servers that may be slow, broken or hostile: every answer is bounded in time and size.

Addresses that only this machine or its network can reach are refused to a tileset that came from elsewhere: the check
is made on the connected socket, so that a name cannot resolve to one place when asked and to another when used.
"""

from __future__ import annotations

import ipaddress
import socket
import time
import zlib
from collections.abc import Callable
from urllib.parse import urljoin, urlsplit

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

CONNECT_S, STALL_S, TOTAL_S = 5.0, 8.0, 120.0
"""For a connection, between two pieces of an answer, for an answer."""
SLOW_S, SLOWEST_BYTES_S = 10.0, 8_000
"""After so many seconds an answer that comes more slowly than this is given up."""
REDIRECTS = 5
_PIECE = 1 << 16
_AGENT = "surplus"
Cancelled = Callable[[], bool]


class Absent(OSError):  # noqa: N818 - a reason, told as it is
    """It is not there (404, 410); asking again soon does not help."""


class Busy(OSError):  # noqa: N818 - a reason, told as it is
    """The server asks to come back later (429, 503)."""

    def __init__(self, sentence: str, retry_s: float) -> None:
        super().__init__(sentence)
        self.retry_s = retry_s
        """Not before so many seconds."""


class Refusal(OSError):  # noqa: N818 - a reason, told as it is
    """It is not fetched, by rule; asking again never helps."""


class Dropped(OSError):  # noqa: N818 - a reason, told as it is
    """Nobody wants it any more."""


def is_private(host: str) -> bool:
    """Whether a literal IP address is one of this machine or its own network."""
    address = ipaddress.ip_address(host.split("%")[0])
    mapped = getattr(address, "ipv4_mapped", None)
    return not (mapped or address).is_global


def _guarded(sock: socket.socket) -> socket.socket:
    host = str(sock.getpeername()[0])
    if is_private(host):
        sock.close()
        raise Refusal(f"{host} is a private address, and the tileset comes from elsewhere")
    return sock


class _Plain(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _guarded(super()._new_conn())


class _Secure(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _guarded(super()._new_conn())


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _Secure


class Web:
    """Connections to servers, kept open; for any thread."""

    def __init__(self, trusted: Callable[[str], bool], *, largest_bytes: int) -> None:
        """`trusted` says of an address whether it may lie in a private network."""
        self._trusted, self._largest = trusted, largest_bytes
        self._open = urllib3.PoolManager(num_pools=16, maxsize=16, retries=False)
        self._guarded = urllib3.PoolManager(num_pools=16, maxsize=16, retries=False)
        self._guarded.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}

    def read(self, address: str, *, cancelled: Cancelled) -> bytes:
        """Body of the answer, unpacked.

        Raises:
            Absent, Busy, Refusal, Dropped: see there.
            OSError: no answer, a broken one, or one that is too large or too slow.
        """
        begin = time.monotonic()
        for _ in range(REDIRECTS + 1):
            answer = self._ask(address)
            try:
                target = answer.headers.get("Location") if answer.status in (301, 302, 303, 307, 308) else None
                if target is None:
                    return self._body(answer, begin, cancelled)
            finally:
                answer.close()
            address = urljoin(address, target)
            if urlsplit(address).scheme not in ("http", "https"):
                raise Refusal(f"the server points to {address[:80]}, which is no http address")
        raise OSError(f"the server points on more than {REDIRECTS} times")

    def _ask(self, address: str) -> urllib3.BaseHTTPResponse:
        pool = self._open if self._trusted(address) else self._guarded
        try:
            return pool.request(
                "GET", address, preload_content=False, decode_content=False, redirect=False,
                timeout=urllib3.Timeout(connect=CONNECT_S, read=STALL_S),
                headers={"Accept-Encoding": "gzip", "User-Agent": _AGENT},
            )  # fmt: skip
        except (HTTPError, ValueError) as error:
            refused = next((a for a in error.args if isinstance(a, Refusal)), None)
            raise refused or OSError(_plain(error)) from error

    def _body(self, answer: urllib3.BaseHTTPResponse, begin: float, cancelled: Cancelled) -> bytes:
        if answer.status in (404, 410):
            raise Absent(f"the server has no such file ({answer.status})")
        if answer.status in (429, 503):
            raise Busy(f"the server is busy ({answer.status})", _seconds(answer.headers.get("Retry-After", "")))
        if answer.status != 200:
            raise OSError(f"the server answers {answer.status} {answer.reason or ''}".rstrip())
        pieces, size = [], 0
        expected = answer.headers.get("Content-Length", "")
        try:
            while piece := answer.read1(_PIECE):
                pieces.append(piece)
                size += len(piece)
                self._endure(size, time.monotonic() - begin, cancelled)
        except HTTPError as error:
            raise OSError(f"the answer broke off after {size:,} bytes ({_plain(error)})") from error
        if expected.isdigit() and size < int(expected):
            raise OSError(f"the answer broke off after {size:,} of {int(expected):,} bytes")
        return unpacked(b"".join(pieces), self._largest)

    def _endure(self, size: int, passed_s: float, cancelled: Cancelled) -> None:
        if size > self._largest:
            raise OSError(f"the server sends more than {self._largest >> 20} MiB")
        if passed_s > TOTAL_S or (passed_s > SLOW_S and size < SLOWEST_BYTES_S * passed_s):
            raise OSError(f"the server is too slow: {size:,} bytes in {passed_s:.0f} s")
        if cancelled():
            raise Dropped("no longer wanted")


def unpacked(body: bytes, largest_bytes: int) -> bytes:
    """The content of gzip, at most `largest_bytes`; anything else as it is.

    Raises:
        OSError: broken, or a little that swells to too much.
    """
    if body[:2] != b"\x1f\x8b":
        return body
    unzip = zlib.decompressobj(31)
    try:
        content = unzip.decompress(body, largest_bytes + 1)
    except zlib.error as error:
        raise OSError(f"its gzip is broken ({error})") from error
    if len(content) > largest_bytes:
        raise OSError(f"its gzip swells to more than {largest_bytes >> 20} MiB")
    if not unzip.eof:
        raise OSError("its gzip is truncated")
    return content


def _seconds(header: str) -> float:
    """Of a Retry-After; dates and nonsense become half a minute."""
    return min(float(header), 600.0) if header.strip().isdigit() else 30.0


def _plain(error: Exception) -> str:
    """An error of the library as words, without its objects' addresses."""
    reason = getattr(error, "reason", None) or error
    if isinstance(error, urllib3.exceptions.ConnectTimeoutError):
        return f"no connection within {CONNECT_S:.0f} s"
    if isinstance(error, urllib3.exceptions.ReadTimeoutError):
        return f"no answer for {STALL_S:.0f} s"
    text = str(reason)
    return text.rpartition(">: ")[2] or type(error).__name__
