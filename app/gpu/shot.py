"""A picture to a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from network.problems import Refused


def save(pixels: NDArray[np.uint8], path: Path) -> None:
    """Write rgb pixels [height, width, 3] as PNG.

    Raises:
        Refused: the folder is missing or cannot be written.
    """
    try:
        Image.fromarray(np.ascontiguousarray(pixels)).save(path, format="PNG", optimize=False, compress_level=4)
    except OSError as error:
        raise Refused(
            f"{path}: the picture cannot be written ({error.strerror or error}); name a writable folder."
        ) from error
