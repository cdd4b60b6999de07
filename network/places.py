"""Folders of the user that the program writes to; a place that cannot be written is replaced by a temporary one.

Processes that this one starts find the same place by the environment, so the sentence is said once.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from pathlib import Path

from network.problems import Refused


def writable(folder: Path, *, variable: str, what: str) -> Path:
    """`folder`, made where it is missing; where it cannot be written a private temporary folder, and a sentence.

    `variable`: the environment variable that names the folder, set when another one is taken.

    Raises:
        Refused: there is no writable place at all.
    """
    reason = _refusal(folder)
    if not reason:
        return folder
    for place in (Path(tempfile.gettempdir()) / f"surplus-{what}-{_user()}", None):
        try:
            other = place or Path(tempfile.mkdtemp(prefix=f"surplus-{what}-"))
        except OSError as e:
            raise Refused(f"cannot write the {what} folder {folder} ({reason}); set {variable}") from e
        if not _refusal(other) and _private(other):
            break
    os.environ[variable] = str(other)
    print(f"surplus: cannot write the {what} folder {folder} ({reason}); using {other}, set {variable} for another",
          file=sys.stderr)  # fmt: skip
    return other


def _refusal(folder: Path) -> str:
    """Why `folder` cannot be written, or nothing."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        fd, name = tempfile.mkstemp(prefix=".probe-", dir=folder)
        os.close(fd)
        with contextlib.suppress(OSError):
            Path(name).unlink()
    except OSError as e:
        return e.strerror or str(e)
    return ""


def _private(folder: Path) -> bool:
    """Whether nobody else could have put something there: names in the shared temporary folder can be guessed."""
    if os.name == "nt":
        return True
    seen = folder.lstat()
    return folder.is_dir() and not folder.is_symlink() and seen.st_uid == os.getuid() and not seen.st_mode & 0o077


def _user() -> str:
    return str(os.getuid()) if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
