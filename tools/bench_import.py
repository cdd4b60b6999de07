"""Speed of the import of real cities, beside the parsing of the same file's JSON in the same run."""

from __future__ import annotations

import gzip
import os
import tempfile
import time
from pathlib import Path
from typing import Any

from tools.bench_physics import Row, best, row

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("SURPLUS_SHARED", ROOT.parent / "shared"))
CITIES = {
    "import-denhaag": ("cityjson-denhaag/DenHaag_01.city.json.gz", 10_000.0),
    "import-lyon": ("geojson-lyon-bdtopo/buildings_lyon1.geojson.gz", 20_000.0),
}
"""File under the shared data, and the budget in ms from the file to the package."""
SHADING = "shading-1000"
RAYS = 1_000_000


def results(name: str = "", *, full: bool = False) -> list[Row]:
    """Rows as in bench_physics of the cities whose name contains `name`; only with `full` or by name, and with data."""
    wanted = [k for k in CITIES if name in k and (full or name)]
    present = [k for k in wanted if (SHARED / "data" / CITIES[k][0]).is_file()]
    if present:
        from sim import kernels

        kernels.warm()
    rows = [import_row(k) for k in present]
    if name in SHADING and (full or name) and (SHARED / "data" / CITIES["import-denhaag"][0]).is_file():
        rows.append(shading_row())
    return rows


def shading_row() -> Row:
    """Horizons and sky views of The Hague's surfaces, as for 1,000 buildings, beside plain rays against its mesh."""
    import numpy as np

    from tools import build, horizon, rays

    shape = build.measure([SHARED / "data" / CITIES["import-denhaag"][0]], crs=None, progress=_quiet)
    part = 1000.0 / len(shape.sources)

    def work() -> Any:
        return horizon.outlook(shape.raw, shape.mesh, shape.triangles, shape.land, _quiet)

    scene = rays.Rays(shape.mesh.faces.xyz[shape.triangles.index])
    towards = np.random.default_rng(1).normal(size=(RAYS, 3))
    towards[:, 2] = np.abs(towards[:, 2])
    eye = np.resize(shape.raw.xyz_m + 0.1 * shape.raw.normal, (RAYS, 3))
    plain = best(lambda: scene.blocked(eye, towards), 3)
    return row(SHADING, best(work, 2) * part, 10_000.0, ("a million plain rays against the same mesh", plain))


def import_row(name: str) -> Row:
    """One city from its file to the package on disk, grid, horizons and tiles included."""
    import msgspec

    from tools import build

    file, budget_ms = CITIES[name]
    path = SHARED / "data" / file
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        build.build([path], Path(folder) / "package", crs=None, country=None, zone=None, weather=None, name=None,
                    progress=_quiet)  # fmt: skip
        taken = time.perf_counter() - begun
    parse = best(lambda: msgspec.json.decode(gzip.decompress(path.read_bytes())), 3)
    return row(name, taken, budget_ms, ("unpacking and parsing the JSON alone", parse))


def _quiet(stage: str, done: float) -> Any:
    return None
