"""Where a sim answers and by which key it is known: the line `surplus view tcp://HOST:PORT#KEY`, read and written.

Keys are 32 bytes, written as 43 letters, digits, `-` and `_`, so that a line can be pasted into any shell.
"""

from __future__ import annotations

import base64
import ipaddress
from dataclasses import dataclass

from network.problems import Refused

_COMMAND = "surplus view "
_EXAMPLE = "tcp://127.0.0.1:7420#KEY"


@dataclass(frozen=True)
class Address:
    """The ROUTER of a sim; Hello names the rest."""

    host: str
    port: int
    key: bytes
    """Public key of the server [32 bytes]."""

    @property
    def endpoint(self) -> str:
        """What a socket connects to."""
        return endpoint(self.host, self.port)


def parse(text: str) -> Address:
    """Address from `tcp://HOST:PORT#KEY`, with or without the words `surplus view` before it.

    Raises:
        Refused: it is no such address.
    """
    plain = text.strip().removeprefix(_COMMAND).strip()
    where, mark, key = plain.partition("#")
    if not where.startswith("tcp://") or not mark:
        raise Refused(
            f"{plain!r} is no address of a sim; it looks like {_EXAMPLE}, as `surplus serve` prints it", code=2
        )
    host, port = host_and_port(where)
    return Address(host, port, key_from_text(key))


def line(address: Address) -> str:
    """The one line that a sim prints and people paste."""
    return f"{_COMMAND}{address.endpoint}#{key_to_text(address.key)}"


def endpoint(host: str, port: int | str) -> str:
    """`tcp://host:port`, IPv6 hosts in brackets."""
    return f"tcp://[{host}]:{port}" if ":" in host else f"tcp://{host}:{port}"


def host_and_port(text: str) -> tuple[str, int]:
    """Host and port (0 where none is named) of `HOST`, `HOST:PORT`, `[HOST]:PORT`, with or without `tcp://`.

    Raises:
        Refused: the port is no port, or there is no host.
    """
    plain = text.removeprefix("tcp://")
    if plain.startswith("["):
        host, _, port = plain[1:].partition("]")
        port = port.removeprefix(":")
    elif plain.count(":") > 1:
        host, port = plain, ""
    else:
        host, _, port = plain.partition(":")
    if not host or not (port or "0").isdecimal() or int(port or 0) > 65535:
        raise Refused(f"{text!r} names no host and port; write HOST:PORT, as in 127.0.0.1:7420", code=2)
    return host, int(port or 0)


def reachable(tiles: str, host: str) -> str:
    """An http address on the host by which a viewer reached sim; a path as it is."""
    if not tiles.startswith("http://"):
        return tiles
    where, _, path = tiles.removeprefix("http://").partition("/")
    return f"{endpoint(host, host_and_port(where)[1]).replace('tcp://', 'http://')}/{path}"


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches `host`."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def key_to_text(key: bytes) -> str:
    """43 characters that need no quotes."""
    return base64.urlsafe_b64encode(key).decode().rstrip("=")


def key_from_text(text: str) -> bytes:
    """Key from its 43 characters.

    Raises:
        Refused: it is no key.
    """
    try:
        key = base64.b64decode(text.strip() + "=", altchars=b"-_", validate=True)
    except ValueError:
        key = b""
    if len(key) != 32:
        raise Refused(
            f"{text.strip()[:60]!r} is no key of 43 characters; copy the whole line of `surplus serve`", code=2
        )
    return key
