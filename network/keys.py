"""Key pairs in the state folder: readable by their owner only, made once, kept across restarts.

A viewer knows the sim by its public key, so a key that changed at restart would lock every viewer out.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from network import address, places
from network.problems import Refused

Pair = tuple[bytes, bytes]
"""Public and secret key, 32 bytes each."""


def state_folder() -> Path:
    """Folder of keys, locks and sessions; SURPLUS_STATE_DIR moves it, and it moves itself where it cannot be written.

    Raises:
        Refused: there is no writable place at all.
    """
    import platformdirs

    folder = Path(os.environ.get("SURPLUS_STATE_DIR") or platformdirs.user_state_path("surplus"))
    return _writable(folder)


@lru_cache(maxsize=4)
def _writable(folder: Path) -> Path:
    return places.writable(folder, variable="SURPLUS_STATE_DIR", what="state")


def pair(name: str, make: Callable[[], Pair]) -> Pair:
    """The kept pair `name` ("server" or "viewer"), made by `make` on first use.

    Raises:
        Refused: the file cannot be read or written, or holds no keys.
    """
    path = state_folder() / f"{name}.key"
    try:
        if not path.exists():
            _keep(path, make())
        public, secret = (address.key_from_text(line) for line in path.read_text().split())
    except OSError as e:
        raise Refused(f"cannot use the key file {path}: {e.strerror or e}; set SURPLUS_STATE_DIR") from e
    except (ValueError, Refused) as e:
        raise Refused(f"{path} holds no key pair; delete it, and viewers need the new address line") from e
    return public, secret


def allowed(path: Path) -> frozenset[bytes]:
    """Public keys of an allow file: one a line, anything after it is a comment; `#` begins a comment line.

    Raises:
        Refused: it cannot be read or a line is no key.
    """
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as e:
        raise Refused(f"cannot read the allow file {path}: {getattr(e, 'strerror', None) or e}") from e
    keys = set()
    for number, text in enumerate(lines, start=1):
        words = text.split()
        if words and not words[0].startswith("#"):
            try:
                keys.add(address.key_from_text(words[0]))
            except Refused as e:
                raise Refused(f"{path} line {number}: no viewer key; `surplus doctor` prints a viewer's key") from e
    return frozenset(keys)


def _keep(path: Path, keys: Pair) -> None:
    """Write beside, link into place: of two processes that start together, both end up with the same pair."""
    fd, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # readable by its owner only
    beside = Path(name)
    with os.fdopen(fd, "w") as file:
        file.write("".join(f"{address.key_to_text(key)}\n" for key in keys))
    try:
        os.link(beside, path)
    except FileExistsError:
        pass
    finally:
        beside.unlink()
