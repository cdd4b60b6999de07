"""Geometry + weather -> Solar: the light that every building gets over the year, a stage of its own.

For each daylight step, every energy surface is lit at its own tilt and azimuth by the Perez sky: the horizon cuts beam
and circumsolar light, the sky view thins the diffuse, the ground reflects. Kept are the mean irradiance on a building's
walls and roofs, on its glass as that lets it through and absorbs it at each angle (with the panes of the package: new
ones keep the shape and change what holds at normal incidence), and what reaches the cells of modules on every surface
that can carry them.

Values are uint16 in units of 1/32 W/m2 (a power of two, so the way back to float is exact; the largest is 2,047 W/m2),
daylight steps only, mapped from disk. No ordinary what-if changes Solar: a year starts from here. Of a large district
(5.7 GB for 100,000 buildings) it is never whole in memory: written batch by batch, read through a map whose pages are
given back behind the march (sim/lightfile.py).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim import lightfile
from sim.district import District, SurfaceKind, Surfaces
from sim.kernels import i8, kernel, matrix, out_matrix, source_hash, u2, vector
from sim.panes import angular
from sim.physics import foliage, glass, irradiance, pv, sun
from sim.weather import Weather

UNIT_W_M2 = 1.0 / 32.0
"""Of every stored irradiance."""
HELD_BYTES = 1 << 30
"""Light beyond this stays on disk, with a pass over it each year; up to this it is held in memory."""
_BATCH = 32
_SCRATCH_BYTES = 96e6
"""Of a batch: fewer steps at once where the surfaces are many."""
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
    wall: NDArray[np.uint16]
    """[daylight, building] mean irradiance on opaque walls, in units of UNIT_W_M2."""
    roof: NDArray[np.uint16]
    """[daylight, building] the same on roofs."""
    pane: NDArray[np.uint16]
    """[daylight, building] the same on windows, times the angular shape of what their panes absorb."""
    sun: NDArray[np.uint16]
    """[daylight, building] the same on windows, times the angular shape of their transmittance."""
    module: NDArray[np.uint16]
    """[daylight, module] irradiance that passes a module's cover, in units of UNIT_W_M2."""

    @property
    def mapped(self) -> tuple[NDArray[np.uint16], ...]:
        """Arrays whose pages are to be given back once read (lightfile.give_back): none where all fit in memory."""
        arrays = (self.wall, self.roof, self.pane, self.sun, self.module)
        return arrays if sum(a.nbytes for a in arrays) > HELD_BYTES else ()


def solar(
    district: District, weather: Weather, *, cache: Path | None = None, progress: Progress | None = None
) -> Solar:
    """Light of the year on `district`; from the folder `cache` if it was made before, else made and left there.

    Beyond HELD_BYTES it is made on disk: in `cache`, without one in a scratch file that goes with the process.

    Raises:
        Refused: the disk has no room for the light of a large district.
    """
    key = _key(district, weather)
    place = None if cache is None else cache / f"solar-{key}"
    found = None if place is None else lightfile.load(place)
    if found is not None:
        return Solar(key, *found)
    sky, row = sky_of(weather)
    carrier = np.flatnonzero(district.surface.usable_m2 > 0.0).astype(np.int32)
    days, columns = len(sky.beam), [len(district.building)] * 4 + [len(carrier)]
    if 2 * days * sum(columns) > HELD_BYTES:
        with lightfile.Writer(place, row, carrier, days, columns) as writer:
            rows = [np.empty((_batch(district), n), np.uint16) for n in columns]
            _make(district, sky, carrier, rows, batch=writer.put, progress=progress)
            return Solar(key, *writer.finish())
    channels = [np.empty((days, n), np.uint16) for n in columns]
    _make(district, sky, carrier, channels, progress=progress)
    arrays: list[NDArray[Any]] = [row, carrier, *channels]
    if place is not None:
        lightfile.save(place, arrays)
        found = lightfile.load(place)
    return Solar(key, *(found or (_frozen(a) for a in arrays)))


def _batch(district: District) -> int:
    """Steps whose light on every surface is worked out at once."""
    return int(min(_BATCH, max(1, _SCRATCH_BYTES // (3 * 4 * max(1, len(district.surface))))))


def sky_of(weather: Weather) -> tuple[irradiance.Sky, NDArray[np.int32]]:
    """The Perez sky of the daylight steps, and [step] -> its row, -1 at night."""
    direction, share = weather.sun_enu()
    day = (share > 0.0) & (weather.ghi_w_m2 + weather.dhi_w_m2 + weather.dni_w_m2 > 0.0)
    row = np.where(day, np.cumsum(day) - 1, -1).astype(np.int32)
    date = np.arange(weather.steps) * weather.step_s // 86400.0 + 1.0
    extra, leaves = sun.extraterrestrial_w_m2(date), foliage.through(date, weather.latitude_rad)
    sky = irradiance.sky(
        sun_enu=direction[day], ghi=weather.ghi_w_m2[day], dni=weather.dni_w_m2[day],
        dhi=weather.dhi_w_m2[day], extra=extra[day], through=leaves[day],
    )  # fmt: skip
    return sky, row


@kernel(
    lambda f: (
        matrix(f), matrix(f), matrix(f), vector(i8), matrix(f), vector(i8), matrix(f), matrix(f), matrix(f), f, i8, i8,
        out_matrix(u2), out_matrix(u2), out_matrix(u2), out_matrix(u2),
    )
)  # fmt: skip
def collect(poa, direct, cosine, start, share, panes, sun_table, pane_table, diffuse, unit, first, count, wall, roof, pane, sun):  # type: ignore[no-untyped-def]  # noqa: E501
    """Write rows first.. of the stored channels from [count, surface] light, in units of `unit`.

        wall, roof  sum of share x irradiance
        sun, pane   sum of share x (direct x shape(cosine) + (irradiance - direct) x shape's hemispherical mean)

    start [building + 1] first surface of each; share [3, surface] of wall, roof, glass, each adding up to 1 or 0 per
    building; panes [building] row of the shapes: sun_table, pane_table [panes, 257] over the cosine, and [2, panes] in
    `diffuse` light.
    """
    f = poa.dtype.type
    zero, scale, half, most, steps = f(0.0), f(1.0) / unit, f(0.5), f(65535.0), f(256.0)
    for k in range(count):
        p, d, c = poa[k], direct[k], cosine[k]
        for b in range(len(start) - 1):
            w, r, g, a = zero, zero, zero, zero
            t = panes[b]
            around_sun, around_pane = diffuse[0, t], diffuse[1, t]
            for s in range(start[b], start[b + 1]):
                w += p[s] * share[0, s]
                r += p[s] * share[1, s]
                q = share[2, s]
                if q > zero:
                    angle = i8(c[s] * steps + half)
                    spread = p[s] - d[s]
                    g += q * (d[s] * sun_table[t, angle] + spread * around_sun)
                    a += q * (d[s] * pane_table[t, angle] + spread * around_pane)
            wall[first + k, b] = u2(min(w * scale + half, most))
            roof[first + k, b] = u2(min(r * scale + half, most))
            pane[first + k, b] = u2(min(max(a, zero) * scale + half, most))
            sun[first + k, b] = u2(min(max(g, zero) * scale + half, most))


def _make(
    district: District, sky: irradiance.Sky, carrier: NDArray[np.int32], into: list[NDArray[np.uint16]], *,
    batch: Callable[[list[NDArray[np.uint16]]], None] | None = None, progress: Progress | None = None,
) -> None:  # fmt: skip
    """Fill wall, roof, pane, sun and module `into` whole arrays, or batch after batch into rows that `batch` takes."""
    f = np.float32
    terms, low = irradiance.terms(sky, f)
    surface, buildings = district.surface, len(district.building)
    plane = irradiance.planes(
        tilt=surface.tilt_rad, azimuth=surface.azimuth_rad, sky_view=np.asarray(surface.sky_view, float),
        crown_view=np.asarray(surface.crown_view, float), dtype=f,
    )
    horizon = np.ascontiguousarray(surface.horizon_rad.T, dtype=f)
    # where no tree stands in anyone's sun the kernel need not ask for them
    crown = np.ascontiguousarray(surface.crown_rad.T if surface.crown_rad.any() else irradiance.NO_CROWNS, dtype=f)
    start = np.searchsorted(surface.building, np.arange(buildings + 1)).astype(np.int64)
    share = _weights(surface, buildings).astype(f)
    shape = angular()
    diffuse = np.array([shape.sun_diffuse, shape.pane_diffuse])
    tables = [np.ascontiguousarray(a, dtype=f) for a in (shape.sun, shape.pane, diffuse)]
    kinds = district.building.panes.astype(np.int64)
    days, n, steps = len(terms), len(surface), _batch(district)
    cosine, direct, poa = (np.empty((steps, n), f) for _ in range(3))
    shade, loss = np.empty(n, f), pv.LOSS_TABLE.astype(f)
    veil = pv.diffuse_loss(surface.tilt_rad[carrier]).astype(f)
    for first in range(0, days, steps):
        count, at = min(steps, days - first), 0 if batch else first
        irradiance.transpose(terms, low, first, count, plane, horizon, crown, shade, cosine, direct, poa)
        collect(poa, direct, cosine, start, share, kinds, *tables, f(UNIT_W_M2), at, count, *into[:4])
        pv.pass_cover(poa, direct, cosine, carrier, loss, veil, f(UNIT_W_M2), at, count, into[4])
        if batch is not None:
            batch([rows[:count] for rows in into])
        if progress is not None:
            progress("light on every surface", (first + count) / days)


def _weights(surface: Surfaces, buildings: int) -> NDArray[np.float64]:
    """[3, surface] share of each surface in its building's opaque wall, roof, and collecting glass."""
    wall = surface.kind == SurfaceKind.WALL
    areas = (np.where(wall, surface.opaque_m2, 0.0), np.where(wall, 0.0, surface.opaque_m2), surface.glass_m2)
    return np.array([_shares(a, surface.building, buildings) for a in areas])


def _shares(area: NDArray[np.float64], building: NDArray[np.int32], buildings: int) -> NDArray[np.float64]:
    """Area of each surface over its building's total; 0 where the building has none."""
    total = np.bincount(building, area, minlength=buildings)[building]
    return np.divide(area, total, out=np.zeros(len(area)), where=total > 0.0)


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    array.setflags(write=False)
    return array


def _key(district: District, weather: Weather) -> str:
    digest = hashlib.blake2b(digest_size=12)
    digest.update(source_hash().encode())
    surface = district.surface
    for formulas in (sun, foliage, glass):  # hold no kernel, so they are not in the hash of their sources
        digest.update(Path(str(formulas.__file__)).read_bytes())
    for table in (angular().sun, angular().pane, district.building.panes):
        digest.update(np.ascontiguousarray(table).data)
    usable = surface.usable_m2 > 0.0
    for a in (surface.building, surface.tilt_rad, surface.azimuth_rad, surface.horizon_rad, surface.crown_rad,
              surface.sky_view, surface.crown_view,
              surface.glass_m2, surface.opaque_m2, usable):  # fmt: skip
        digest.update(np.ascontiguousarray(a).data)
    for a in (weather.ghi_w_m2, weather.dni_w_m2, weather.dhi_w_m2):
        digest.update(a.tobytes())
    place = (weather.latitude_rad, weather.longitude_rad, weather.utc_offset_s, weather.sun_offset_s, weather.year)
    digest.update(repr(place).encode())
    return digest.hexdigest()
