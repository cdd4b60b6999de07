"""Where what can be made again is kept between runs: compiled kernels, light on surfaces, the demo."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_cache_path


def folder() -> Path:
    """The user's cache folder of Surplus; SURPLUS_CACHE_DIR moves it. It need not exist yet."""
    return Path(os.environ.get("SURPLUS_CACHE_DIR") or user_cache_path("surplus"))
