"""Where compiled kernels come from: `kernel` wraps numba's njit the one way that we use it.

Every kernel has explicit signatures (float32 for the shipped year, float64 for property tests, from one body),
releases the GIL and is cached on disk. A cached caller keeps the old body of a kernel that it calls from an edited
file, so the cache folder is keyed by a hash of all kernel sources. No fastmath but `fused`: the order of every sum is
part of the result. No numba `parallel`: one thread, the same bits.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sim import cache

_HERE = Path(__file__).parent
_FORGET_S = 30 * 86400.0
_MODULES = (
    "sim.physics.irradiance",
    "sim.physics.pv",
    "sim.physics.rooms",
    "sim.physics.heating",
    "sim.physics.demand",
    "sim.physics.vehicles",
    "sim.physics.battery",
    "sim.physics.grid",
    "sim.solar",
    "sim.sums",
)
"""Every module that holds kernels, in the order in which `warm` compiles them."""


def source_hash() -> str:
    """Hash of the sources of all kernels: the version of the compiled model."""
    digest = hashlib.blake2b(digest_size=10)
    for name in ("sim.kernels", *_MODULES):
        digest.update((_HERE.parent / f"{name.replace('.', '/')}.py").read_bytes())
    return digest.hexdigest()


def _forget(folder: Path) -> None:
    """Remove the caches of long gone model versions."""
    versions = [p for p in folder.parent.glob("kernels-*") if p != folder]
    for old in versions:
        if time.time() - old.stat().st_mtime > _FORGET_S:
            shutil.rmtree(old, ignore_errors=True)


def _cache_folder() -> Path:
    """A writable folder of this model version: in the cache of Surplus, else a temporary place."""
    base = Path(os.environ.get("NUMBA_CACHE_DIR") or cache.folder())
    if base.name.startswith("kernels-"):
        base = base.parent  # set by the process that started this one
    for root in (base, Path(tempfile.gettempdir()) / "surplus-cache"):
        folder = root / f"kernels-{source_hash()}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            probe = folder / f".probe-{os.getpid()}"
            probe.touch()
            probe.unlink()  # and so renews the folder's time
        except OSError:
            continue
        _forget(folder)
        return folder
    return Path(tempfile.mkdtemp(prefix="surplus-kernels-"))


CACHE = _cache_folder()
"""Folder of compiled kernels."""
# it must stay set: numba reads its environment again before every compilation
os.environ["NUMBA_CACHE_DIR"] = str(CACHE)
import numba  # noqa: E402 - only after the cache has its place
from numba import types  # noqa: E402

FLOATS = (types.float32, types.float64)
i4, i8, u2, f8 = types.int32, types.int64, types.uint16, types.float64


def vector(t: Any) -> Any:
    """Type of a read-only vector of `t`; a writable one is accepted too."""
    return types.Array(t, 1, "C", readonly=True)


def matrix(t: Any) -> Any:
    """Type of a read-only row-major matrix of `t`."""
    return types.Array(t, 2, "C", readonly=True)


def out_vector(t: Any) -> Any:
    """Type of a vector of `t` that the kernel writes."""
    return types.Array(t, 1, "C")


def out_matrix(t: Any) -> Any:
    """Type of a row-major matrix of `t` that the kernel writes."""
    return types.Array(t, 2, "C")


def kernel(
    signature: Callable[[Any], tuple[Any, ...]], *, floats: tuple[Any, ...] = FLOATS, fused: bool = False
) -> Callable[[Any], Any]:
    """Compile a function that returns nothing, once for each float type; `signature(float type)` = its arguments.

    `fused`: a product and the sum it goes into may be rounded once, together, which nearly halves the work. Only for
    loops of constant length: there every element goes through the same instructions, wherever a span is cut.
    """
    signatures = [types.void(*signature(t)) for t in floats]
    fastmath = {"contract"} if fused else False
    return numba.njit(signatures, nogil=True, cache=True, error_model="numpy", fastmath=fastmath)


def warm(progress: Callable[[str, float], None] | None = None) -> None:
    """Compile every kernel, or load it from the cache; `progress(module, fraction)` after each module."""
    for k, name in enumerate(_MODULES):
        importlib.import_module(name)
        if progress is not None:
            progress(name, (k + 1) / len(_MODULES))
