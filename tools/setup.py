"""The set-up behind tools/run and tools/test: standard library only, so a bare machine with Python >= 3.11 can run it.

Makes .venv in the checkout with pinned dependencies, once; checks GL and, as root on Debian or Ubuntu, installs what
is missing. Everything it says goes to stderr. The stamp is written last: a broken set-up starts afresh.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
SETUP = "3"
"""Raise when the set-up itself changes meaning."""

_GL_PROBE = """
import ctypes, sys
for name in ("libGL.so.1", "libEGL.so.1", "libX11.so.6", "libXext.so.6"):
    try:
        lib = ctypes.CDLL(name)
    except OSError:
        sys.exit("missing " + name)
    if name == "libEGL.so.1":
        egl = lib
egl.eglGetPlatformDisplay.restype = ctypes.c_void_p
egl.eglGetPlatformDisplay.argtypes = [ctypes.c_uint, ctypes.c_void_p, ctypes.c_void_p]
egl.eglInitialize.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]
display = egl.eglGetPlatformDisplay(0x31DD, None, None)
if not display:
    sys.exit("EGL has no vendor")
if not egl.eglInitialize(display, None, None):
    sys.exit("EGL has no driver")
"""


def say(text: str) -> None:
    """One line of progress, on stderr."""
    print(text, file=sys.stderr, flush=True)


def stop(sentence: str) -> None:
    """End with one sentence and exit code 1."""
    say(f"surplus: {sentence}")
    sys.exit(1)


def ensure(*, tests: bool = False) -> Path:
    """Bring the private environment up to date and return its Python.

    With `tests` also what only the tests need: pytest and friends, and a virtual screen.
    """
    if sys.version_info < (3, 11):  # noqa: UP036 - this file must explain itself on an old Python
        stop(f"Python 3.11 or newer is needed, this is {platform.python_version()}; run this with a newer python3")
    pins = [ROOT / "tools" / "pins.txt"] + ([ROOT / "tools" / "pins-test.txt"] if tests else [])
    ensure_gl()
    if tests:
        ensure_screen()
    stamp_file = VENV / ("surplus-test.stamp" if tests else "surplus.stamp")
    stamp = _stamp(pins)
    if stamp_file.exists() and stamp_file.read_text() == stamp:
        return PYTHON
    _make_venv()
    for pin in pins:
        _install(pin)
    _link_checkout()
    for name in ("surplus.stamp", "surplus-test.stamp") if tests else ("surplus.stamp",):
        (VENV / name).write_text(_stamp(pins if name != "surplus.stamp" else pins[:1]))
    return PYTHON


def prepare(python: Path) -> int:
    """Compile kernels and build the demo unless that was done for exactly these sources; exit code."""
    digest = hashlib.sha256()
    for house in ("app", "assets", "network", "sim", "tools"):
        for path in sorted((ROOT / house).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(path.read_bytes())
    done = VENV / "surplus-prepared.stamp"
    if done.exists() and done.read_text() == digest.hexdigest():
        return 0
    say("surplus: compiling kernels and building the demo (once)")
    # -P: the folder one happens to stand in must not shadow the program's own packages.
    command = [str(python), "-P", "-m", "tools.prepare"]
    code = subprocess.run(command, env=environment(), stdout=sys.stderr, check=False).returncode
    if code == 0:
        done.write_text(digest.hexdigest())
    return code


def environment() -> dict[str, str]:
    """Environment for the children: keeps compiled bytecode on, or each start costs seconds."""
    return {k: v for k, v in os.environ.items() if k not in ("PYTHONDONTWRITEBYTECODE", "PYTHONHOME", "PYTHONPATH")}


def ensure_gl() -> None:
    """Check GL and EGL in a child process (a bad driver may crash); install or name what is missing. Linux only."""
    if sys.platform != "linux":
        return
    problem = _gl_problem()
    if not problem:
        return
    ensure_apt(["libgl1", "libegl1"], why=f"no usable GL ({problem})")
    problem = _gl_problem()
    if problem:
        stop(f"still no usable GL after installing libgl1 and libegl1 ({problem}); check the graphics driver")


def ensure_screen() -> None:
    """A virtual screen and its synthetic hand, for the window tests."""
    found = subprocess.run([sys.executable, "-c", "import ctypes; ctypes.CDLL('libXtst.so.6')"],
                           capture_output=True, check=False)  # fmt: skip
    if sys.platform == "linux" and (found.returncode != 0 or not shutil.which("Xvfb")):
        ensure_apt(["xvfb", "libxtst6"], why="the window tests need a virtual screen (Xvfb) and its synthetic hand")


def ensure_apt(packages: list[str], *, why: str) -> None:
    """Install system packages as root on Debian or Ubuntu, otherwise stop with the exact command."""
    command = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    apt = shutil.which("apt-get")
    if not apt or os.geteuid() != 0:
        others = f"run: sudo {' '.join(command)}" if apt else f"install the equivalents of {' '.join(packages)}"
        stop(f"{why}; {others}")
    say(f"surplus: {why}: installing {' '.join(packages)}")
    env = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    for step in (["apt-get", "update"], command):
        quiet = [step[0], "-o", "DPkg::Lock::Timeout=120", "-o", "Dpkg::Use-Pty=0", "-qq", *step[1:]]
        done = subprocess.run(quiet, env=env, stdout=sys.stderr, check=False)
    if done.returncode != 0:
        stop(f"{why}, and installing failed; run: {' '.join(command)}")


def _gl_problem() -> str:
    done = subprocess.run([sys.executable, "-c", _GL_PROBE], capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return ""
    lines = done.stderr.strip().splitlines()
    return lines[-1] if lines else f"probe ended with {done.returncode}"


def _stamp(pins: list[Path]) -> str:
    digest = hashlib.sha256(SETUP.encode())
    for pin in pins:
        digest.update(pin.read_bytes())
    digest.update(f"{sys.version}{platform.machine()}{ROOT}".encode())
    return digest.hexdigest()


def _make_venv() -> None:
    base = VENV / "surplus.base"
    mine = f"{sys.version}{platform.machine()}{ROOT}"
    if base.exists() and base.read_text() == mine:
        return  # only the pins changed: pip brings it up to date
    try:
        import ensurepip  # noqa: F401
    except ImportError:
        ensure_apt(["python3-venv"], why="this Python cannot make environments (no ensurepip)")
    say("surplus: making a private environment in .venv")
    done = subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], stdout=sys.stderr, check=False)
    if done.returncode != 0:
        stop(f"could not make {VENV}; is the checkout writable and is there disk space?")
    base.write_text(mine)


def _install(pins: Path) -> None:
    count = sum(1 for line in pins.read_text().splitlines() if line.strip() and not line.startswith("#"))
    say(f"surplus: installing {count} pinned packages from {pins.name} (once, about a minute)")
    command = ["install", "-r", str(pins), "--only-binary", ":all:", "--disable-pip-version-check", "-q"]
    done = subprocess.run([str(PYTHON), "-m", "pip", *command], stdout=sys.stderr, env=environment(), check=False)
    if done.returncode != 0:
        stop(f"installing {pins.name} failed (see above); check the network connection and run this again")


def _link_checkout() -> None:
    """The checkout itself becomes importable from anywhere in this environment, and `surplus` a command of it."""
    query = "import sysconfig; print(sysconfig.get_paths()['purelib'])"
    site = subprocess.run([str(PYTHON), "-c", query], capture_output=True, text=True, check=True).stdout.strip()
    (Path(site) / "surplus.pth").write_text(f"{ROOT}\n")
    if os.name != "nt":
        command = PYTHON.parent / "surplus"
        command.write_text(f'#!/bin/sh\nexec "{PYTHON}" -P -m tools.main "$@"\n')
        command.chmod(0o755)
