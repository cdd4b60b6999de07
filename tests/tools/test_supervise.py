"""The process tree: a died sim comes back where it was, and nobody is left behind."""

import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest
from twins import ENVIRONMENT, HANGS_S, Watcher, write_package

from network import schema
from sim import store

JUNE_NOON_S = 171 * 86400.0 + 12 * 3600.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_package(tmp_path_factory.mktemp("package") / "random")


def of_another_run(viewer: Watcher, run: str) -> bool:
    """Whether the sim that the viewer hears is another than `run`."""
    return bool(viewer.newest["hello"].run != run)


def test_the_supervisor_restarts_a_killed_sim_and_leaves_nothing_behind(folder: Path) -> None:
    program = (
        "import sys; from tools import supervise; "
        f"sys.exit(supervise.run({{'package': {str(folder)!r}, 'interactive': True}}, {{}}, viewer='quiet_viewer'))"
    )
    environment = {**os.environ, **ENVIRONMENT}
    supervisor = subprocess.Popen([sys.executable, "-c", program], env=environment, stderr=subprocess.PIPE, text=True)
    lock = store.path_of(folder).with_suffix(".lock")
    viewer = Watcher(_lines(lock, after=0)[0])
    viewer.settle()
    viewer.client.send(schema.SetPace("me", 0.0))
    viewer.client.send(schema.Seek("me", JUNE_NOON_S))
    viewer.choose(0.55)
    viewer.settle()
    clock, balance = viewer.newest["clock"], viewer.newest["balance"]
    for k in range(2):
        pid = int(_lines(lock, after=0)[1])
        viewer.choose(0.6 + k / 10, gesture=f"drag {k}")
        viewer.look()
        os.kill(pid, signal.SIGKILL)
        viewer.choose(0.55, gesture=f"drag {k}")
        run = viewer.newest["hello"].run
        viewer.until(partial(of_another_run, viewer, run))
        viewer.settle()
    assert viewer.scenario.choices[0].values["share"] == 0.55
    assert viewer.newest["clock"].time_s == clock.time_s == JUNE_NOON_S
    assert viewer.newest["balance"].totals_j == balance.totals_j
    pid = int(_lines(lock, after=0)[1])
    viewer.close()
    supervisor.send_signal(signal.SIGINT)
    _, said = supervisor.communicate(timeout=60.0)
    assert said.count("the simulation died") == 2
    _gone(pid)


def test_children_end_when_the_supervisor_is_killed(folder: Path) -> None:
    program = (
        "import sys; from tools import supervise; "
        f"sys.exit(supervise.run({{'package': {str(folder)!r}, 'interactive': True}}, {{}}, viewer='quiet_viewer'))"
    )
    lock = store.path_of(folder).with_suffix(".lock")
    began = time.time()
    supervisor = subprocess.Popen([sys.executable, "-c", program], env={**os.environ, **ENVIRONMENT})
    pid = int(_lines(lock, after=began)[1])
    supervisor.kill()
    supervisor.wait()
    _gone(pid)


def _lines(lock: Path, *, after: float) -> list[str]:
    """Address line and process of the lock, once it is held by a process that lives."""
    end_s = time.monotonic() + HANGS_S
    while time.monotonic() < end_s:
        if lock.exists() and lock.stat().st_mtime >= after:
            lines = lock.read_text().splitlines()
            if len(lines) == 2 and _alive(int(lines[1])):
                return lines
        time.sleep(0.02)
    raise AssertionError("no sim took the lock")


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] != "Z"
    except OSError:
        return False


def _gone(pid: int) -> None:
    end_s = time.monotonic() + 20.0
    while _alive(pid):
        assert time.monotonic() < end_s, f"process {pid} was left behind"
        time.sleep(0.02)


def test_a_viewer_that_is_killed_is_told_of(folder: Path) -> None:
    program = (
        "import sys; from tools import supervise; "
        f"sys.exit(supervise.run({{'package': {str(folder)!r}, 'interactive': False}}, "
        "{'offscreen': True, 'frames': 1000000, 'size': (64, 36)}, viewer='dying_viewer'))"
    )
    done = subprocess.run([sys.executable, "-c", program], env={**os.environ, **ENVIRONMENT}, capture_output=True,
                          text=True, timeout=120, check=False)  # fmt: skip
    assert done.returncode == 1
    assert "the viewer was ended by signal 6" in done.stderr
