"""Set-up leaves a checkout that people can use by the names that the program itself prints."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tools import setup


@pytest.mark.skipif(os.name == "nt", reason="there the environment has no such script")
def test_the_environment_has_the_command_that_hints_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    venv = tmp_path / "a folder" / ".venv"
    subprocess.run([setup.sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    monkeypatch.setattr(setup, "PYTHON", venv / "bin" / "python")
    setup._link_checkout()
    # This bare environment lacks typer: only that the command starts the program of this checkout is asked.
    done = subprocess.run([str(venv / "bin" / "surplus"), "--help"], cwd=tmp_path, capture_output=True, text=True,
                          check=False)  # fmt: skip
    assert f"{setup.ROOT}/tools/main.py" in done.stderr
