"""Whatever ends a run, nothing stays: no process, no folder; and a home that cannot be written stops nobody."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image
from twins import ENVIRONMENT, HANGS_S, write_package

from sim import kernels
from tools import demo_package, supervise

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and /proc")


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_package(tmp_path_factory.mktemp("package") / "town", buildings=12, nodes=15)


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-P", "-m", "tools.main", *map(str, arguments)]


def marked(mark: str) -> list[str]:
    """Processes that carry the mark in their environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if f"SURPLUS_MARK={mark}".encode() in (folder / "environ").read_bytes():
                found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()[:200])
        except OSError:
            continue
    return found


def all_gone(mark: str) -> None:
    end_s = time.monotonic() + 20.0
    while left := marked(mark):
        assert time.monotonic() < end_s, f"left behind: {left}"
        time.sleep(0.05)


def test_ctrl_c_leaves_no_process_behind(package: Path, demo_city: Path, tmp_path: Path) -> None:
    """Whenever it comes: while Python starts, while others start, at work."""
    moments = [("run", 0.3), ("run", 1.2), ("run", 2.5), ("serve", 1.2), ("build", 1.0), ("build", 3.0)]
    with ThreadPoolExecutor(2) as two:
        list(two.map(lambda m: interrupted(package, demo_city, tmp_path, *m), moments))


def interrupted(package: Path, city: Path, folder: Path, what: str, after_s: float) -> None:
    tmp_path = folder / f"{what}-{after_s}"
    tmp_path.mkdir()
    mark = f"{os.getpid()}-{what}-{after_s}"
    arguments: dict[str, list[str | Path]] = {
        "run": ["run", package, "--offscreen", "--frames", "1000000", "--size", "64x36"],
        "serve": ["serve", package],
        "build": ["build", city, "-o", tmp_path / "out"],
    }
    env = {**os.environ, **ENVIRONMENT, "SURPLUS_MARK": mark, "TMPDIR": str(tmp_path)}
    made = subprocess.Popen(command(*arguments[what]), env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True, start_new_session=True)  # fmt: skip
    time.sleep(after_s)
    made.send_signal(signal.SIGINT)
    try:
        _, said = made.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        made.send_signal(signal.SIGABRT)  # Python then says where it stood
        pytest.fail(f"{what} does not end: {made.communicate()[1]}")
    # before anything of ours is there Python itself ends so
    assert made.returncode in (130, -signal.SIGINT) or "init_import_site" in said, said
    if after_s > 1.0:  # before that Python itself is still starting
        assert "Traceback" not in said
    all_gone(mark)
    assert not list(tmp_path.glob("surplus-run-*")) and not list(tmp_path.glob(".out*"))


def test_what_a_killed_run_left_is_gone_after_the_next(package: Path, tmp_path: Path) -> None:
    env = {**os.environ, **ENVIRONMENT, "TMPDIR": str(tmp_path), "SURPLUS_MARK": f"{os.getpid()}-killed"}
    arguments = ("run", package, "--offscreen", "--frames", "1000000", "--size", "64x36")
    for _ in range(2):
        made = subprocess.Popen(command(*arguments), env=env, start_new_session=True, stderr=subprocess.DEVNULL)
        end_s = time.monotonic() + HANGS_S
        while not list(tmp_path.glob("surplus-run-*/session.json")):
            assert time.monotonic() < end_s
            time.sleep(0.02)
        made.kill()
        made.wait()
        assert len(list(tmp_path.glob("surplus-run-*"))) == 1
        all_gone(f"{os.getpid()}-killed")
    (tmp_path / f"{supervise.SESSION}{os.getpid()}-mine").mkdir()
    supervise._sweep(tmp_path)
    assert [p.name for p in tmp_path.glob("surplus-run-*")] == [f"{supervise.SESSION}{os.getpid()}-mine"]


def test_a_home_that_cannot_be_written_costs_a_sentence(demo_package: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    home, shot = tmp_path / "file" / "home", tmp_path / "a.png"
    (tmp_path / "tmp").mkdir()
    gone = ("SURPLUS_STATE_DIR", "SURPLUS_CACHE_DIR", "NUMBA_CACHE_DIR", "XDG_STATE_HOME", "XDG_CACHE_HOME")
    env = {k: v for k, v in os.environ.items() if k not in gone} | ENVIRONMENT
    env |= {"HOME": str(home), "TMPDIR": str(tmp_path / "tmp")} | {"NUMBA_CACHE_DIR": str(kernels.CACHE)}
    done = subprocess.run(
        command("run", demo_package, "--offscreen", "--size", "320x180", "--shot", shot), env=env,
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert Image.open(shot).size == (320, 180)
    for what, variable in (("state", "SURPLUS_STATE_DIR"), ("cache", "SURPLUS_CACHE_DIR")):
        said = [line for line in done.stderr.splitlines() if f"cannot write the {what} folder {home}" in line]
        assert len(said) == 1 and variable in said[0] and str(tmp_path / "tmp") in said[0], done.stderr
    assert "Traceback" not in done.stderr


def test_demos_of_other_code_are_forgotten_unless_they_are_in_use(tmp_path: Path) -> None:
    for name in ("demo-new", "demo-old", "demo-used", "delft-old"):
        (tmp_path / name / "demo").mkdir(parents=True)
    long_ago = time.time() - 2 * demo_package.FORGET_S
    for name in ("demo-old", "delft-old"):
        os.utime(tmp_path / name, (long_ago, long_ago))
    demo_package.forget(tmp_path / "demo-new")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["delft-old", "demo-new", "demo-used"]


def test_a_temporary_place_that_somebody_else_prepared_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from network import places

    (tmp_path / "file").write_text("")
    trap = tmp_path / f"surplus-state-{os.getuid()}"
    trap.mkdir(mode=0o777)
    trap.chmod(0o777)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.delenv("SURPLUS_TEST_DIR", raising=False)
    taken = places.writable(tmp_path / "file" / "x", variable="SURPLUS_TEST_DIR", what="state")
    assert taken != trap and taken.stat().st_mode & 0o077 == 0
    assert os.environ["SURPLUS_TEST_DIR"] == str(taken)
    monkeypatch.delenv("SURPLUS_TEST_DIR")
