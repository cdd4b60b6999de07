"""`surplus doctor`: what this machine can do, and what it lacks, with the remedy."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

from network import wire
from tools import options

_GL = "from app.gpu import window; import json; print(json.dumps(window.probe()))"


def examine() -> dict[str, Any]:
    """Checks by name: {value, ok, remedy}; `ok` is true when Surplus can run here."""
    checks = {
        "python": _check(platform.python_version(), sys.version_info >= (3, 11), "install Python 3.11 or newer"),
        "cores": _check(os.cpu_count(), True),
        "display": _check(options.has_display(), True, "without one, pictures are drawn with --offscreen"),
        "gl": _gl(),
        "packages": _packages(),
        "cache": _cache(),
        "viewer key": _check(wire.viewer_key(), True),
    }
    return {"ok": all(c["ok"] for c in checks.values()), "checks": checks}


def version() -> str:
    """Of the installed program, or of the checkout's pyproject.toml."""
    try:
        return metadata.version("surplus")
    except metadata.PackageNotFoundError:
        import tomllib

        from tools import setup

        return str(tomllib.loads((setup.ROOT / "pyproject.toml").read_text())["project"]["version"])


def page(result: dict[str, Any]) -> str:
    """The checks, one a line."""
    rows = []
    for name, check in result["checks"].items():
        mark = "ok     " if check["ok"] else "MISSING"
        rows.append(f"{mark} {name:<10} {check['value']}" + ("" if check["ok"] else f"; {check['remedy']}"))
    return "\n".join(rows)


def _check(value: Any, ok: bool, remedy: str = "") -> dict[str, Any]:
    return {"value": value, "ok": ok, "remedy": remedy}


def _gl() -> dict[str, Any]:
    """Draw a few pixels in a child process: a bad driver may crash, and that must not be us."""
    done = subprocess.run([sys.executable, "-c", _GL], capture_output=True, text=True, check=False)
    if done.returncode == 0:
        found = json.loads(done.stdout.strip().splitlines()[-1])
        return _check(f"{found['renderer']}, {found['version']}", True)
    return _check("none", False, "install libgl1 and libegl1 (Debian, Ubuntu), or the graphics driver")


def _packages() -> dict[str, Any]:
    from tools import setup

    pins = Path(setup.ROOT / "tools" / "pins.txt")
    odd = []
    for line in pins.read_text().splitlines():
        name, _, version = line.partition(";")[0].strip().partition("==")
        try:
            if metadata.version(name) != version:
                odd.append(f"{name} {metadata.version(name)} instead of {version}")
        except metadata.PackageNotFoundError:
            if ";" not in line:
                odd.append(f"{name} is not installed")
    return _check(", ".join(odd) or "as pinned", not odd, "run python3 tools/run once")


def _cache() -> dict[str, Any]:
    from sim import cache

    folder = cache.folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        ok = os.access(folder, os.W_OK)
    except OSError as e:
        return _check(str(e), False, "set SURPLUS_CACHE_DIR to a writable folder")
    return _check(str(folder), ok, "set SURPLUS_CACHE_DIR to a writable folder")
