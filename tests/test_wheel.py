"""The wheel carries everything: `surplus simulate` runs from it where the checkout is not in sight."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def test_every_dependency_is_pinned_to_the_same_version() -> None:
    pins = dict(
        re.split(r"==", line.split(";")[0].strip())
        for line in (ROOT / "tools" / "pins.txt").read_text().splitlines()
        if "==" in line
    )
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    for requirement in wanted:
        name, version = requirement.split(";")[0].strip().split("==")
        assert pins[name] == version


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, so that no build folder is left in the checkout."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    for house in ("app", "assets", "network", "sim", "tools", "tests"):
        shutil.copytree(ROOT / house, source / house, ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-q", "-w", str(out), "."]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    return next(out.glob("surplus-*.whl"))


def test_the_wheel_has_the_four_houses_and_assets_but_no_tests(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {"app", "sim", "network", "tools", "assets"} <= tops
    assert "tests" not in tops


def test_simulate_runs_from_the_wheel(wheel: Path, demo_package: Path, tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    python = venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    paths = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    site = Path(paths.stdout.strip())
    zipfile.ZipFile(wheel).extractall(site)
    # The dependencies come from the test environment; a .pth adds them without following its link to the checkout.
    (site / "dependencies.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    probe = subprocess.run(
        [python, "-P", "-c", "import sim; print(sim.__file__)"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert str(site) in probe.stdout
    # kernels are compiled for the new place: half of them by a second process, as there are two cores
    halves = ("from sim import kernels; kernels.warm()", "import sim.physics.grid, sim.sums, sim.solar")
    for half in [subprocess.Popen([python, "-P", "-c", code], cwd=tmp_path) for code in halves]:
        assert half.wait() == 0
    done = subprocess.run(
        [python, "-P", "-m", "tools.main", "simulate", str(demo_package), "--json"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["buildings"] > 50
