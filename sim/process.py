"""How a process of sim begins and ends, be it a simulation or a recording: options, exit codes, whose Ctrl+C it is."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

import msgspec

from network.problems import Refused

CRASHED = 70
"""Exit code after a fault of the program itself; a supervisor starts it again."""


class Options(Protocol):
    """What the options of every process hold."""

    @property
    def parent_pipe(self) -> bool:
        """End at EOF of stdin, leave Ctrl+C to the parent."""

    @property
    def state_dir(self) -> str:
        """State folder; empty: the user's."""


T = TypeVar("T", bound=Options)


def run(arguments: Sequence[str], kind: type[T], serve: Callable[[T], None], *, command: str) -> int:
    """Serve as the JSON in the only argument says, read as a `kind`; exit code. People use `surplus COMMAND`."""
    try:
        if len(arguments) != 1:
            raise Refused(f"give the options as one JSON object; people use `surplus {command}`", code=2)
        options = _options(arguments[0], kind, command)
        if options.parent_pipe:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        if options.state_dir:
            os.environ["SURPLUS_STATE_DIR"] = options.state_dir
        serve(options)
    except Refused as e:
        print(f"surplus: {e}", file=sys.stderr)
        return e.code
    except KeyboardInterrupt:
        return 130
    except Exception:
        traceback.print_exc()
        return CRASHED
    return 0


def _options(text: str, kind: type[T], command: str) -> T:
    try:
        return msgspec.json.decode(text.encode(), type=kind)
    except msgspec.DecodeError as e:
        text = f"`surplus {command}` does not understand its options: {e}; see `surplus {command} --help`"
        raise Refused(text, code=2) from e
