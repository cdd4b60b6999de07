"""The viewer process: `python -m app JSON` with app.options.ViewOptions.

The first line of stdin is the sim's address; the viewer ends when stdin ends (its parent died), when its window is
closed, or when what was asked for (a picture, a number of frames) is done. Exit codes: 0 done, 1 failed, 2 usage.
"""

from __future__ import annotations

import os
import stat
import sys
import threading

from app.options import parse
from network.problems import Refused


def main(arguments: list[str]) -> int:
    """Run a viewer; returns the exit code."""
    from app.run import view

    try:
        options = parse(arguments[0] if arguments else "{}")
        ended = threading.Event()

        def address() -> str:
            line = first_line()
            if not line:
                raise Refused("No address of a simulation came on stdin; use `surplus view ADDRESS#KEY`.", code=2)
            _watched(ended)
            return line

        if options.tileset and stat.S_ISFIFO(os.fstat(0).st_mode):
            _watched(ended)
        view(options, address, ended)
    except Refused as refused:
        print(f"surplus: {refused}", file=sys.stderr)
        return refused.code
    except KeyboardInterrupt:
        return 130
    return 0


def first_line() -> str:
    """First line of stdin, read byte by byte so that nothing of the rest is swallowed."""
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(0, 1)
        if not byte:
            break
        line += byte
    return line.decode(errors="replace").strip()


def _watched(ended: threading.Event) -> None:
    threading.Thread(target=_watch, args=(ended,), daemon=True, name="stdin").start()


def _watch(ended: threading.Event) -> None:
    """Set `ended` at the end of stdin; raw reads, because a lock held at exit would abort the process."""
    try:
        while os.read(0, 4096):
            pass
    except OSError:
        pass
    ended.set()


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    sys.exit(code)
