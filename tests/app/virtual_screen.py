"""A virtual screen of our own, and viewers run on it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

SCRIPT = """
import faulthandler, json, sys, threading
faulthandler.enable()
sys.path[:0] = [{root!r}, {here!r}]
from pathlib import Path
from toytown import Feed, houses, write_tileset
from app.options import ViewOptions
from app.run import view
folder = Path({folder!r})
rows = houses(2)
ids = [str(k) for k in range(len(rows))]
tiles = write_tileset(folder / "tiles", rows, ids)
options = ViewOptions(offscreen=False, size=(480, 270), shot=str(folder / "window.png"))
view(options, "", threading.Event(), link=Feed(tiles, rows, ids))
"""


def lacking(reason: str) -> None:
    """Skip, but fail where nothing may be skipped."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def screen(width: int, height: int):
    """Its name, for as long as it is asked for."""
    if shutil.which("Xvfb") is None:
        lacking("no Xvfb for a virtual screen (apt-get install xvfb)")
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", f"{width}x{height}x24", "-nolisten", "tcp"],
        pass_fds=[write], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(write)
    number = b""
    while not number.endswith(b"\n"):
        byte = os.read(read, 1)
        if not byte:
            pytest.fail("Xvfb did not start")
        number += byte
    os.close(read)
    yield f":{number.decode().strip()}"
    server.terminate()
    server.wait(timeout=10)


def run(code: str, display: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DISPLAY": display}
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
