"""The demo district as a package in the user's cache, built once per version of generator and importer."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

SEED = 11
WEATHER_SEED = 22
"""A year in which the days of the fixed pictures are clear: 15 January, 21 June, 21 September, 15 November."""
MODEL = ("district", "columns", "fabric", "panes", "zones", "rooms", "memo", "package", "weather", "wallclock", "solar",
         "lightfile", "prepare", "span", "year")  # fmt: skip
"""Modules of sim, beside its physics, that a built package depends on."""
UNRELATED = ("main", "options", "supervise", "gallery", "gallery_page", "doctor", "simulate", "bench", "bench_picture",
             "bench_physics", "bench_large", "bench_import", "bench_tiles", "bench_stage", "bench_flight", "holes",
             "tile_server", "random_town", "progress", "setup", "demo_run")  # fmt: skip
"""Modules of tools that no package depends on."""
FORGET_S = 3600.0
"""A demo of other code that was not opened for so long is removed when a new one was built."""


def ensure(progress: Callable[[str, float], None], *, buildings: int | None = None) -> Path:
    """Folder of the demo package; builds it where it is absent or was made by other code.

    A number of `buildings` gives another package, for measuring: so much of the town, or towns side by side.

    Raises:
        Refused: the cache folder cannot be written.
    """
    from network.problems import Refused
    from sim import cache

    folder = cache.folder() / f"demo-{version()}" / ("demo" if buildings is None else f"demo-{buildings}")
    if (folder / "district.toml").exists():
        with contextlib.suppress(OSError):
            os.utime(folder.parent)  # it is in use
        return folder
    from tools import build, climate, demo

    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            city, weather = Path(scratch) / "demo.city.json", Path(scratch) / "demo.epw"
            demo.write_cityjson(city, seed=SEED, buildings=buildings)
            climate.write_epw(weather, seed=WEATHER_SEED)
            build.build([city], folder, crs=None, country=None, zone=None, weather=weather, name="Demo district",
                        progress=progress)  # fmt: skip
    except OSError as e:
        raise Refused(f"cannot write the demo to {folder.parent}: {e.strerror or e}; set SURPLUS_CACHE_DIR") from e
    forget(folder.parent)
    return folder


def forget(current: Path) -> None:
    """Remove the siblings of `current` that other code made (`demo-...`) and nobody opened lately."""
    kind = current.name.partition("-")[0]
    for old in current.parent.glob(f"{kind}-*"):
        with contextlib.suppress(OSError):
            if old != current and time.time() - old.stat().st_mtime > FORGET_S:
                shutil.rmtree(old, ignore_errors=True)


def version() -> str:
    """Hash of the code and figures that the demo comes from; its grid is sized by the physics."""
    root = Path(__file__).resolve().parent.parent
    digest = hashlib.blake2b(digest_size=6)
    sources = [root / "sim" / f"{name}.py" for name in MODEL]
    sources += [*sorted((root / "sim" / "physics").glob("*.py")), *sorted((root / "tools").glob("*.py"))]
    sources += sorted(p for p in (root / "assets").rglob("*") if p.suffix in (".csv", ".json", ".toml"))
    sources = [p for p in sources if p.stem not in UNRELATED]
    for path in sources:
        digest.update(path.read_bytes())
    return digest.hexdigest()
