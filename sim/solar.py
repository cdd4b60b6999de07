"""Geometry + weather -> Solar: the light that every building gets over the year, a stage of its own.

For each daylight step, every energy surface is lit at its own tilt and azimuth by the Perez sky: the horizon cuts beam
and circumsolar light, the sky view thins the diffuse, the ground reflects. Kept are the mean irradiance on a building's
collecting glass and opaque area, and what reaches the cells of modules on every surface that can carry them.

Values are uint16 in units of 1/32 W/m2 (a power of two, so the way back to float is exact; the largest is 2,047 W/m2),
daylight steps only, mapped from disk. No ordinary what-if changes Solar: a year starts from here.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.district import District, Surfaces
from sim.kernels import i8, kernel, matrix, out_matrix, source_hash, u2, vector
from sim.physics import irradiance, pv, sun
from sim.weather import Weather

UNIT_W_M2 = 1.0 / 32.0
"""Of every stored irradiance."""
_BATCH = 32
_KEPT = 8
"""Results that stay on disk; the least recently used goes."""
_FILES = ("row", "carrier", "glass", "opaque", "module")
Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class Solar:
    """Light on the district over a weather year."""

    key: str
    """Hash of the geometry and weather that it was made from."""
    row: NDArray[np.int32]
    """[step] row of the arrays below, -1 at night."""
    carrier: NDArray[np.int32]
    """[module] row of [surface] that can carry modules, ascending."""
    glass: NDArray[np.uint16]
    """[daylight, building] mean irradiance on the collecting glass area, in units of UNIT_W_M2."""
    opaque: NDArray[np.uint16]
    """[daylight, building] the same of the opaque collecting area."""
    module: NDArray[np.uint16]
    """[daylight, module] irradiance that passes a module's cover, in units of UNIT_W_M2."""


def solar(
    district: District, weather: Weather, *, cache: Path | None = None, progress: Progress | None = None
) -> Solar:
    """Light of the year on `district`; from the folder `cache` if it was made before, else made and left there."""
    key = _key(district.surface, weather)
    if cache is not None:
        found = _load(cache / f"solar-{key}", key)
        if found is not None:
            return found
    made = _make(district, weather, key=key, progress=progress)
    if cache is not None:
        _save(cache / f"solar-{key}", made)
        return _load(cache / f"solar-{key}", key) or made
    return made


def sky_of(weather: Weather) -> tuple[irradiance.Sky, NDArray[np.int32]]:
    """The Perez sky of the daylight steps, and [step] -> its row, -1 at night."""
    direction, share = weather.sun_enu()
    day = (share > 0.0) & (weather.ghi_w_m2 + weather.dhi_w_m2 + weather.dni_w_m2 > 0.0)
    row = np.where(day, np.cumsum(day) - 1, -1).astype(np.int32)
    extra = sun.extraterrestrial_w_m2(np.arange(weather.steps) * weather.step_s // 86400.0 + 1.0)
    sky = irradiance.sky(
        sun_enu=direction[day], ghi=weather.ghi_w_m2[day], dni=weather.dni_w_m2[day],
        dhi=weather.dhi_w_m2[day], extra=extra[day],
    )  # fmt: skip
    return sky, row


@kernel(
    lambda f: (
        matrix(f), vector(i8), vector(f), vector(f), i8, i8, out_matrix(u2), out_matrix(u2),
    )
)  # fmt: skip
def collect(poa, start, glass_share, opaque_share, first, count, glass, opaque):  # type: ignore[no-untyped-def]
    """Write rows first.. of the stored arrays from [count, surface] light.

    glass_share, opaque_share [surface] weights that sum to 1 per building.
    """
    f = poa.dtype.type
    zero, scale, half, most = f(0.0), f(32.0), f(0.5), f(65535.0)
    for k in range(count):
        p = poa[k]
        for b in range(len(start) - 1):
            g, o = zero, zero
            for s in range(start[b], start[b + 1]):
                g += p[s] * glass_share[s]
                o += p[s] * opaque_share[s]
            glass[first + k, b] = u2(min(g * scale + half, most))
            opaque[first + k, b] = u2(min(o * scale + half, most))


def _make(district: District, weather: Weather, *, key: str, progress: Progress | None) -> Solar:
    f = np.float32
    sky, row = sky_of(weather)
    terms, low = irradiance.terms(sky, f)
    surface, buildings = district.surface, len(district.building)
    plane = irradiance.planes(
        tilt=surface.tilt_rad, azimuth=surface.azimuth_rad, sky_view=np.asarray(surface.sky_view, float), dtype=f
    )
    horizon = np.ascontiguousarray(surface.horizon_rad.T, dtype=f)
    start = np.searchsorted(surface.building, np.arange(buildings + 1)).astype(np.int64)
    weights = [_shares(a, surface.building, buildings).astype(f) for a in (surface.glass_m2, surface.opaque_m2)]
    carrier = np.flatnonzero(surface.usable_m2 > 0.0).astype(np.int32)
    days, n = len(terms), len(surface)
    glass, opaque = np.empty((days, buildings), np.uint16), np.empty((days, buildings), np.uint16)
    module = np.empty((days, len(carrier)), np.uint16)
    cosine, direct, poa = (np.empty((_BATCH, n), f) for _ in range(3))
    shade, loss = np.empty(n, f), pv.LOSS_TABLE.astype(f)
    veil = pv.diffuse_loss(surface.tilt_rad[carrier]).astype(f)
    for first in range(0, days, _BATCH):
        count = min(_BATCH, days - first)
        irradiance.transpose(terms, low, first, count, plane, horizon, shade, cosine, direct, poa)
        collect(poa, start, *weights, first, count, glass, opaque)
        pv.pass_cover(poa, direct, cosine, carrier, loss, veil, f(UNIT_W_M2), first, count, module)
        if progress is not None:
            progress("light on every surface", (first + count) / days)
    return Solar(key, *(_frozen(a) for a in (row, carrier, glass, opaque, module)))


def _shares(area: NDArray[np.float64], building: NDArray[np.int32], buildings: int) -> NDArray[np.float64]:
    """Area of each surface over its building's total; 0 where the building has none."""
    total = np.bincount(building, area, minlength=buildings)[building]
    return np.divide(area, total, out=np.zeros(len(area)), where=total > 0.0)


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    array.setflags(write=False)
    return array


# ---------------------------------------------------------------- on disk


def _key(surface: Surfaces, weather: Weather) -> str:
    digest = hashlib.blake2b(digest_size=12)
    digest.update(source_hash().encode())
    digest.update(Path(sun.__file__).read_bytes())  # holds no kernel, so it is not in the hash of their sources
    usable = surface.usable_m2 > 0.0
    for a in (surface.building, surface.tilt_rad, surface.azimuth_rad, surface.horizon_rad, surface.sky_view,
              surface.glass_m2, surface.opaque_m2, usable):  # fmt: skip
        digest.update(np.ascontiguousarray(a).tobytes())
    for a in (weather.ghi_w_m2, weather.dni_w_m2, weather.dhi_w_m2):
        digest.update(a.tobytes())
    place = (weather.latitude_rad, weather.longitude_rad, weather.utc_offset_s, weather.sun_offset_s, weather.year)
    digest.update(repr(place).encode())
    return digest.hexdigest()


def _save(folder: Path, made: Solar) -> None:
    """Write beside and rename; a full or read-only disk costs the cache, not the work."""
    staging = folder.with_name(f".{folder.name}-{os.getpid()}")
    try:
        staging.mkdir(parents=True, exist_ok=True)
        for name in _FILES:
            np.save(staging / f"{name}.npy", getattr(made, name))
        staging.rename(folder)
        others = sorted(folder.parent.glob("solar-*"), key=lambda p: p.stat().st_mtime)
        for old in others[:-_KEPT]:
            shutil.rmtree(old, ignore_errors=True)
    except OSError:
        shutil.rmtree(staging, ignore_errors=True)


def _load(folder: Path, key: str) -> Solar | None:
    if not folder.is_dir():
        return None
    with contextlib.suppress(OSError):  # a read-only cache is as good
        os.utime(folder)
    try:
        return Solar(key, *(np.load(folder / f"{name}.npy", mmap_mode="r") for name in _FILES))
    except (OSError, ValueError):
        shutil.rmtree(folder, ignore_errors=True)
        return None
