"""Bytes from http(s) servers that may be slow, broken or hostile: every answer is bounded in time and size.

Time counts from the first byte of an answer's head, and of large answers one comes at a time, however many servers
send without end.

Addresses that only this machine or its network can reach are refused to a tileset that came from elsewhere: the check
is made on the connected socket, so that a name cannot resolve to one place when asked and to another when used.
"""

from __future__ import annotations

import io
import ipaddress
import socket
import threading
import time
import zlib
from collections.abc import Callable
from contextlib import ExitStack
from http.client import HTTPResponse
from typing import Any
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
LARGE_BYTES = 32 << 20
"""Of what grows beyond this there is one at a time."""
_PIECE = 1 << 16
_TURN = threading.RLock()
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


class _Cut(OSError):  # noqa: N818 - a reason, told as it is
    """It was too slow."""


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


class _Timed(io.RawIOBase):
    """What comes from a server, head and body, as long as it comes fast enough."""

    def __init__(self, raw: io.RawIOBase) -> None:
        self._raw, self._begin, self._size = raw, 0.0, 0  # a server may think before its first byte: see STALL_S

    def readable(self) -> bool:
        return True

    def readinto(self, room: Any) -> int | None:
        count = self._raw.readinto(room)
        now_s = time.monotonic()
        self._begin = self._begin or now_s
        self._size += count or 0
        passed_s = now_s - self._begin
        if passed_s > TOTAL_S or (passed_s > SLOW_S and self._size < SLOWEST_BYTES_S * passed_s):
            raise _Cut(f"the server is too slow: {self._size:,} bytes in {passed_s:.0f} s")
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Answer(HTTPResponse):
    def begin(self) -> None:
        self.fp = io.BufferedReader(_Timed(self.fp.detach()))
        super().begin()


class _Plain(HTTPConnection):
    response_class = _Answer


class _Secure(HTTPSConnection):
    response_class = _Answer


class _GuardedPlain(_Plain):
    def _new_conn(self) -> socket.socket:
        return _guarded(super()._new_conn())


class _GuardedSecure(_Secure):
    def _new_conn(self) -> socket.socket:
        return _guarded(super()._new_conn())


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _Secure


class _GuardedPlainPool(HTTPConnectionPool):
    ConnectionCls = _GuardedPlain


class _GuardedSecurePool(HTTPSConnectionPool):
    ConnectionCls = _GuardedSecure


class Web:
    """Connections to servers, kept open; for any thread."""

    def __init__(self, trusted: Callable[[str], bool], *, largest_bytes: int) -> None:
        """`trusted` says of an address whether it may lie in a private network."""
        self._trusted, self._largest = trusted, largest_bytes
        self._open = urllib3.PoolManager(num_pools=16, maxsize=16, retries=False)
        self._guarded = urllib3.PoolManager(num_pools=16, maxsize=16, retries=False)
        self._open.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}
        self._guarded.pool_classes_by_scheme = {"http": _GuardedPlainPool, "https": _GuardedSecurePool}

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
            try:
                address = urljoin(address, target)
                scheme = urlsplit(address).scheme
            except ValueError:
                scheme = ""
            if scheme not in ("http", "https"):
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
            raise _told(error) or OSError(_plain(error)) from error

    def _body(self, answer: urllib3.BaseHTTPResponse, begin: float, cancelled: Cancelled) -> bytes:
        if answer.status in (404, 410):
            raise Absent(f"the server has no such file ({answer.status})")
        if answer.status in (429, 503):
            raise Busy(f"the server is busy ({answer.status})", _seconds(answer.headers.get("Retry-After", "")))
        if answer.status != 200:
            raise OSError(f"the server answers {answer.status} {answer.reason or ''}".rstrip())
        pieces, size = [], 0
        expected = answer.headers.get("Content-Length", "")
        with ExitStack() as turn:
            try:
                while piece := answer.read1(_PIECE):
                    pieces.append(piece)
                    if size <= LARGE_BYTES < size + len(piece):
                        _await_turn(turn, begin, cancelled)
                    size += len(piece)
                    self._look(size, time.monotonic() - begin, cancelled)
            except HTTPError as error:
                sentence = f"the answer broke off after {size:,} bytes ({_plain(error)})"
                raise _told(error) or OSError(sentence) from error
            if expected.isdigit() and size < int(expected):
                raise OSError(f"the answer broke off after {size:,} of {int(expected):,} bytes")
            return unpacked(b"".join(pieces), self._largest)

    def _look(self, size: int, passed_s: float, cancelled: Cancelled) -> None:
        if size > self._largest:
            raise OSError(f"the server sends more than {self._largest >> 20} MiB")
        if passed_s > TOTAL_S:
            raise OSError(f"the server is too slow: {size:,} bytes in {passed_s:.0f} s")
        if cancelled():
            raise Dropped("no longer wanted")


def _await_turn(turn: ExitStack, begin: float, cancelled: Cancelled) -> None:
    """Wait until no other answer is large; `turn` gives the place back."""
    while not _TURN.acquire(timeout=0.1):
        if cancelled():
            raise Dropped("no longer wanted")
        if time.monotonic() - begin > TOTAL_S:
            raise OSError("too many large answers come at a time")
    turn.callback(_TURN.release)


def _told(error: Exception) -> OSError | None:
    """The sentence of ours that an error of the library is about."""
    return next((a for a in error.args if isinstance(a, Refusal | _Cut)), None)


def unpacked(body: bytes, largest_bytes: int) -> bytes:
    """The content of gzip, at most `largest_bytes`; anything else as it is.

    Raises:
        OSError: broken, or a little that swells to too much.
    """
    if body[:2] != b"\x1f\x8b":
        return body
    unzip = zlib.decompressobj(31)
    try:
        content = unzip.decompress(body, min(LARGE_BYTES, largest_bytes + 1))
        if unzip.unconsumed_tail:
            with _TURN:
                return _swollen(content, unzip, largest_bytes)
    except zlib.error as error:
        raise OSError(f"its gzip is broken ({error})") from error
    if not unzip.eof:
        raise OSError("its gzip is truncated")
    return content


def _swollen(head: bytes, unzip: Any, largest_bytes: int) -> bytes:
    """The rest of a large one behind its head."""
    content = head + unzip.decompress(unzip.unconsumed_tail, max(largest_bytes + 1 - len(head), 1))
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
    reason = getattr(error, "reason", None) or (error.args[0] if error.args else error)
    if isinstance(error, urllib3.exceptions.NameResolutionError):
        return "there is no server of that name"
    if isinstance(error, urllib3.exceptions.NewConnectionError):
        why = getattr(error.__cause__, "strerror", None) or "it is refused"
        return f"no connection ({why}): does the server run, and is the address right?"
    if isinstance(error, urllib3.exceptions.ConnectTimeoutError):
        return f"no connection within {CONNECT_S:.0f} s"
    if isinstance(error, urllib3.exceptions.ReadTimeoutError):
        return f"no answer for {STALL_S:.0f} s"
    text = str(reason)
    return text.rpartition(">: ")[2] or type(error).__name__
