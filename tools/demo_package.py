"""The demo district as a package in the user's cache, built once per version of generator and importer."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable
from pathlib import Path

SEED = 11


BUILDINGS = 60


def ensure(progress: Callable[[str, float], None], *, buildings: int = BUILDINGS) -> Path:
    """Folder of the demo package; builds it where it is absent or was made by other code.

    Another number of `buildings` gives another package, for measuring.

    Raises:
        Refused: the cache folder cannot be written.
    """
    from network.problems import Refused

    folder = cache_folder() / f"demo-{_version()}" / ("demo" if buildings == BUILDINGS else f"demo-{buildings}")
    if (folder / "district.toml").exists():
        return folder
    from tools import build, climate, demo

    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            city, weather = Path(scratch) / "demo.city.json", Path(scratch) / "demo.epw"
            demo.write_cityjson(city, seed=SEED, buildings=buildings)
            climate.write_epw(weather, seed=SEED)
            build.build([city], folder, crs=None, country=None, zone=None, weather=weather, name="Demo district",
                        progress=progress)  # fmt: skip
    except OSError as e:
        raise Refused(f"cannot write the demo to {folder.parent}: {e.strerror or e}; set SURPLUS_CACHE_DIR") from e
    return folder


def cache_folder() -> Path:
    """Folder for what can be made again: the demo and the sun on surfaces; SURPLUS_CACHE_DIR moves it."""
    import os

    import platformdirs

    return Path(os.environ.get("SURPLUS_CACHE_DIR") or platformdirs.user_cache_path("surplus"))


def _version() -> str:
    """Hash of the code and figures that the demo comes from."""
    root = Path(__file__).resolve().parent.parent
    digest = hashlib.blake2b(digest_size=6)
    sources = [root / "sim" / "district.py", root / "sim" / "package.py", *sorted((root / "tools").glob("*.py"))]
    sources += sorted(p for p in (root / "assets").rglob("*") if p.suffix in (".csv", ".json", ".toml"))
    for path in sources:
        digest.update(path.read_bytes())
    return digest.hexdigest()
