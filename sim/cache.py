"""Where what can be made again is kept between runs: compiled kernels, light on surfaces, the demo."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

from platformdirs import user_cache_path

from network import places


def folder() -> Path:
    """The user's cache folder of Surplus; SURPLUS_CACHE_DIR moves it, and it moves itself where it cannot be written.

    Raises:
        Refused: there is no writable place at all.
    """
    return _writable(Path(os.environ.get("SURPLUS_CACHE_DIR") or user_cache_path("surplus")))


@lru_cache(maxsize=4)
def _writable(place: Path) -> Path:
    return places.writable(place, variable="SURPLUS_CACHE_DIR", what="cache")
