r"""The process tree: sim and viewer as children of a supervisor without GL, whose end is theirs.

    supervisor --- sim     (address line on its stdout; restarted on the same port when it dies; or a replay)
               \-- viewer  (gets that line on its stdin)

Each child ends at EOF of its stdin, so whatever ends the supervisor, even a kill, ends them too.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import Any

from network import address, keys
from network.problems import Refused
from sim import cache

ROOT = Path(__file__).resolve().parent.parent
LOOK_S = 0.03
"""Between two looks at the children."""
DEATHS = 5
"""A sim that dies more often than this within `SPELL_S` is given up."""
SPELL_S = 30.0
GRACE_S = 3.0
"""Time for a child to end by itself before it is ended."""
SESSION = "surplus-run-"
"""Folders of the sessions of runs that keep none, by the process of the run."""
ANSWER_S = 10.0
"""Time for the machine of a simulation to take a connection."""
_Child = subprocess.Popen[str]


def run(serve: Mapping[str, Any], view: Mapping[str, Any], *, viewer: str = "app", source: str = "sim") -> int:
    """Sim and viewer (options as in sim.options, app.options); returns the viewer's exit code when that ends.

    `viewer`: the module that is started with the address line on its stdin. `source`: the module that says that line;
    sim.replay takes the options of a replay instead.

    Raises:
        Refused: sim keeps dying.
    """
    with _signals(), _session(serve) as options, contextlib.ExitStack() as children:
        sim = _start_source(source, options, children)
        line = ""
        screen = _start(viewer, view, children)  # loads its libraries while sim loads the district
        try:
            line = _line(sim)
        finally:
            if not line:  # sim has said why, or somebody interrupted; the viewer must not add that it waited in vain
                screen.kill()
        if not line:
            return sim.wait() or 1
        _tell(screen, line)
        deaths: list[float] = []
        while screen.poll() is None:
            code = sim.poll()
            if code is not None:
                _restartable(code, deaths)
                if code in (1, 2):  # it has said why in a sentence
                    return code
                print("surplus: the simulation died; starting it again where it was", file=sys.stderr)
                where = address.parse(line)
                again = {**options, "bind": where.endpoint.removeprefix("tcp://"), "resume": True}
                sim = _start_source(source, again, children)
                _line(sim)
            time.sleep(LOOK_S)
        return _ended(screen.returncode)


def _ended(code: int) -> int:
    """Exit code of a viewer that has ended; one that was killed is told of."""
    if code >= 0:
        return code
    print(f"surplus: the viewer was ended by signal {-code}; start it again, and report it if it comes back",
          file=sys.stderr)  # fmt: skip
    return 1


def serve(options: Mapping[str, Any]) -> int:
    """The simulation alone, in this process, until it is interrupted."""
    from sim.__main__ import main

    return main([json.dumps(dict(options))])


@contextlib.contextmanager
def source(options: Mapping[str, Any], *, module: str = "sim") -> Iterator[str]:
    """A simulation (or replay) as a child, for as long as the context lasts; its address line.

    Raises:
        Refused: it ended before it had one; it has said why.
    """
    with contextlib.ExitStack() as children:
        child = _start_source(module, options, children)
        line = _line(child)
        if not line:
            raise Refused("the simulation could not start; see above why", code=child.wait() or 1)
        yield line


def view(line: str, options: Mapping[str, Any], *, ended: threading.Event | None = None) -> int:
    """A viewer alone, of the sim at `line` or (empty) of the tileset in the options; `ended` ends it early.

    Raises:
        Refused: the line is no address, or a viewer that nobody watches would wait there in vain.
    """
    if line:
        where = address.parse(line)
        line = address.line(where)
        if options.get("offscreen"):
            _listening(where)
    with _signals(), contextlib.ExitStack() as children:
        screen = _start("app", options, children)
        _tell(screen, line)
        while screen.poll() is None and not (ended and ended.is_set()):
            time.sleep(LOOK_S)
        if screen.returncode is None:
            return 130
        return _ended(screen.returncode)


def _listening(where: address.Address) -> None:
    try:
        socket.create_connection((where.host, where.port), timeout=ANSWER_S).close()
    except OSError as e:
        why = e.strerror or str(e)
        raise Refused(f"nothing answers at {where.endpoint} ({why}); see that `surplus serve` runs there") from e


# ---------------------------------------------------------------- children


def _start_source(module: str, options: Mapping[str, Any], children: contextlib.ExitStack) -> _Child:
    return _start(module, {**options, "parent_pipe": True}, children, speaks=True)


def _line(sim: _Child) -> str:
    """The address line of a sim that was just started; empty if it ends before it has one."""
    assert sim.stdout is not None
    line = sim.stdout.readline().strip()
    threading.Thread(target=sim.stdout.read, daemon=True).start()  # whatever else it says must not fill the pipe
    return line


def _tell(child: _Child, line: str) -> None:
    """Write the address line to a viewer; one that died already is found out later."""
    assert child.stdin is not None
    with contextlib.suppress(OSError):
        child.stdin.write(f"{line}\n")
        child.stdin.flush()


def _start(
    module: str, options: Mapping[str, Any], children: contextlib.ExitStack, *, speaks: bool = False
) -> _Child:
    """`python -m module JSON` from wherever this file was installed, in a session of its own: Ctrl+C is ours alone."""
    keys.state_folder()  # said once, here, where it or the cache must move
    cache.folder()
    paths = [str(ROOT), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    child = subprocess.Popen(
        [sys.executable, "-P", "-m", module, json.dumps(dict(options))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE if speaks else None,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(dict.fromkeys(paths))},
        text=True,
        start_new_session=os.name != "nt",
        creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
    )
    children.callback(_end, child)
    return child


def _end(child: _Child) -> None:
    """Close its stdin, wait; then ask; then force."""
    if child.stdin:
        with contextlib.suppress(OSError):
            child.stdin.close()
    for step in (lambda: None, child.terminate, child.kill):
        step()
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(timeout=GRACE_S)
            break


def _restartable(code: int, deaths: list[float]) -> None:
    now = time.monotonic()
    deaths[:] = [t for t in deaths if now - t < SPELL_S] + [now]
    if len(deaths) > DEATHS:
        raise Refused(f"the simulation died {len(deaths)} times in {SPELL_S:.0f} s (last code {code}); see above why")


@contextlib.contextmanager
def _session(serve: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Options with a place for the session: the package's own, or one that lasts as long as this run."""
    if serve.get("interactive"):
        yield dict(serve)
        return
    _sweep(Path(tempfile.gettempdir()))
    with tempfile.TemporaryDirectory(prefix=f"{SESSION}{os.getpid()}-") as folder:
        yield {**serve, "session": str(Path(folder) / "session.json")}


def _sweep(folder: Path) -> None:
    """Remove the sessions of runs that were killed: their process is gone."""
    for left in folder.glob(f"{SESSION}*"):
        number = left.name.removeprefix(SESSION).partition("-")[0]
        if number.isdecimal() and os.name != "nt" and not _alive(int(number)):
            shutil.rmtree(left, ignore_errors=True)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


@contextlib.contextmanager
def _signals() -> Iterator[None]:
    """Being asked to end, by whatever signal, ends like Ctrl+C: through the finally blocks."""

    def leave(number: int, frame: FrameType | None) -> None:
        del frame
        raise SystemExit(128 + number)

    names = [n for n in ("SIGTERM", "SIGHUP") if hasattr(signal, n)]
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {n: signal.signal(getattr(signal, n), leave) for n in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)
