"""Shared fixtures. `shared` is the folder of other people's data; set SURPLUS_SHARED to move it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tools import build

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("SURPLUS_SHARED", ROOT.parent / "shared"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The minute for which a viewer of the workshop stands still passes under the tests of sim."""
    workshop = [i for i in items if i.path.name == "test_workshop.py"]
    physics = [i for i in items if i.path.parent == ROOT / "tests" / "sim"]
    if len(workshop) == 2 and physics:
        begin, end = workshop
        items.remove(begin)
        items.remove(end)
        items.insert(items.index(physics[0]), begin)
        items.insert(items.index(physics[-1]) + 1, end)


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of real districts, weather and reference numbers; absent: skip, but fail in CI."""
    if not (SHARED / "data").is_dir():
        reason = f"no shared data at {SHARED}; set SURPLUS_SHARED to their folder"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return SHARED


@pytest.fixture(scope="session", autouse=True)
def _own_state(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keys, locks and sessions of tests never touch the user's own."""
    os.environ.setdefault("SURPLUS_STATE_DIR", str(tmp_path_factory.mktemp("state")))
    os.environ.setdefault("PYTHONFAULTHANDLER", "1")  # a child that dies of a signal says where


@pytest.fixture(scope="session", autouse=True)
def _ctrl_c_is_heard() -> None:
    """Children hear Ctrl+C even where the tests run in the background of a shell, which would have them ignore it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def demo_city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo town as a city file, which takes seconds to draw up; read it only."""
    from tools import demo

    path = tmp_path_factory.mktemp("demo") / "demo.city.json"
    demo.write_cityjson(path, seed=11)
    return path


@pytest.fixture(scope="session")
def demo_package() -> Path:
    """The demo district, built through the importer (cached between runs until its code changes)."""
    from tools import demo_package as demo

    return demo.ensure(lambda stage, done: None)


@pytest.fixture(scope="session")
def delft_built(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, build.Report]:
    """The package of a hundred houses of Delft, and what was said about it; read it only."""
    from tools import build

    folder = tmp_path_factory.mktemp("delft") / "delft"
    city = shared / "data" / "delft-district" / "delft_3dbag.city.jsonl.gz"
    weather = shared / "data" / "weather" / "CHE_Zuerich-SMA_2015_AMY.epw.gz"
    report = build.build([city], folder, crs=None, country=None, zone=None, weather=weather, name=None,
                         progress=lambda stage, done: None)  # fmt: skip
    return folder, report


@pytest.fixture(scope="session")
def simulated(demo_package: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """`surplus simulate DEMO --json` with more arguments, as a process of its own; the same ones run once."""

    @cache
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-P", "-m", "tools.main", "simulate", str(demo_package), "--json", *arguments]
        return subprocess.run(command, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True,
                              text=True, check=False, timeout=180)  # fmt: skip

    return run
