"""Sunlight on a tilted plane: the Perez sky (R. Perez et al., Solar Energy 44 (1990) 271), horizon and sky view.

    poa = max(0, D (1 - F1) v (1 + cos b)/2 + D F1 c l/max(cos 85, cos z) + D F2 v sin b) + B c l + G r (1 - cos b)/2

with c = max(0, cos of incidence), v the sky view, r the ground's albedo and l the lit share of the plane, which beam
and circumsolar light share. A plane is looked out of from several points, each with its own horizon and crowns of
trees above it; l is the mean over them of

    1 where the sun stands over both, t where it stands behind a crown, 0 where it is below the horizon

with t the transmissivity of crowns on that day (`foliage.py`). Likewise v = v_open + t v_crown. The
coefficients are the paper's "all sites composite 1990". What is the same for all planes (`Sky`) is worked out
once a step in float64; the kernel does five products a plane.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.kernels import i8, kernel, matrix, out_matrix, out_vector, vector

Float = NDArray[np.float64]
ALBEDO = 0.2
"""Of ordinary ground (ISO 52010-1:2017, default)."""
BINS = 36
"""Azimuth bins of a horizon, 10 degrees each, bin 0 centred on north."""
NO_CROWNS = np.zeros((0, 0))
"""Where `transpose` wants the crowns and there are none."""
_EPSILON = (1.065, 1.23, 1.5, 1.95, 2.8, 4.5, 6.2)
_F = np.array(
    [
        [-0.008, 0.588, -0.062, -0.060, 0.072, -0.022],
        [0.130, 0.683, -0.151, -0.019, 0.066, -0.029],
        [0.330, 0.487, -0.221, 0.055, -0.064, -0.026],
        [0.568, 0.187, -0.295, 0.109, -0.152, -0.014],
        [0.873, -0.392, -0.362, 0.226, -0.462, 0.001],
        [1.132, -1.237, -0.412, 0.288, -0.823, 0.056],
        [1.060, -1.600, -0.359, 0.264, -1.127, 0.131],
        [0.678, -0.327, -0.250, 0.156, -1.377, 0.251],
    ]
)


@dataclass(frozen=True)
class Sky:
    """Everything about the sky that no plane changes; each [step]."""

    isotropic: Float
    """D (1 - F1) [W/m2]"""
    circumsolar: Float
    """D F1 / max(cos 85, cos z) [W/m2]"""
    brightening: Float
    """D F2 [W/m2]"""
    beam: Float
    """B, direct normal [W/m2]"""
    ground: Float
    """G r [W/m2]"""
    sun_enu: Float
    """[step, 3]"""
    through: Float
    """t, what crowns of trees let through [1]"""


def air_mass(cos_zenith: Float) -> Float:
    """Relative optical air mass (F. Kasten and A. T. Young, Applied Optics 28 (1989) 4735); nan below the horizon."""
    zenith = np.degrees(np.arccos(np.clip(cos_zenith, -1.0, 1.0)))
    with np.errstate(invalid="ignore"):
        mass = 1.0 / (cos_zenith + 0.50572 * (96.07995 - zenith) ** -1.6364)
    return np.where(zenith < 90.0, mass, np.nan)


def sky(
    *, sun_enu: Float, ghi: Float, dni: Float, dhi: Float, extra: Float, albedo: float = ALBEDO,
    through: Float | None = None,
) -> Sky:  # fmt: skip
    """The Perez sky of each step; irradiances [W/m2], `extra` = extraterrestrial normal.

    `through` [step]: what crowns let through; 1 where it is not given.
    """
    cos_z = sun_enu[:, 2]
    zenith = np.arccos(np.clip(cos_z, -1.0, 1.0))
    seen = np.maximum(dhi, 1e-9)
    kappa = 1.041 * zenith**3
    clearness = ((dhi + dni) / seen + kappa) / (1.0 + kappa)
    row = np.searchsorted(_EPSILON, clearness, side="right")
    row = np.where(dhi > 0.0, row, 0)
    brightness = np.nan_to_num(dhi * air_mass(cos_z) / extra)
    f = _F[row]
    f1 = np.maximum(0.0, f[:, 0] + f[:, 1] * brightness + f[:, 2] * zenith)
    f2 = f[:, 3] + f[:, 4] * brightness + f[:, 5] * zenith
    up = cos_z > 0.0
    f1, f2 = np.where(up, f1, 0.0), np.where(up, f2, 0.0)
    b = np.maximum(np.cos(np.radians(85.0)), cos_z)
    leaves = np.ones(len(dhi)) if through is None else through
    return Sky(dhi * (1.0 - f1), dhi * f1 / b, dhi * f2, np.where(up, dni, 0.0), ghi * albedo, sun_enu, leaves)


def terms(s: Sky, dtype: Any) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """The sky as the kernel reads it: [step, 11] floats and [step] azimuth bins.

    Columns: isotropic, circumsolar, brightening, beam, ground, sun east, north, up, elevation, share of the next bin,
    what crowns let through.
    """
    east, north, up = s.sun_enu.T
    place = np.mod(np.arctan2(east, north) * (BINS / (2.0 * np.pi)), BINS)
    low = np.floor(place).astype(np.int64) % BINS
    elevation = np.arcsin(np.clip(up, -1.0, 1.0))
    columns = (s.isotropic, s.circumsolar, s.brightening, s.beam, s.ground, east, north, up, elevation, place % 1.0,
               s.through)  # fmt: skip
    return np.ascontiguousarray(np.column_stack(columns), dtype=dtype), low


def planes(
    *, tilt: Float, azimuth: Float, sky_view: Float, dtype: Any, crown_view: Float | None = None
) -> NDArray[Any]:
    """Planes as the kernel reads them, [8, plane]: normal east, north, up; v (1+cos b)/2; v sin b; (1-cos b)/2;
    and the two of v once more for what of it crowns of trees stand before.

    `sky_view` [plane] share of the sky over the horizon, `crown_view` the part of that share behind crowns (none).
    """
    sin_b, cos_b = np.sin(tilt), np.cos(tilt)
    crown = np.zeros(len(sin_b)) if crown_view is None else crown_view
    rows = (sin_b * np.sin(azimuth), sin_b * np.cos(azimuth), cos_b,
            sky_view * (1.0 + cos_b) / 2.0, sky_view * sin_b, (1.0 - cos_b) / 2.0,
            crown * (1.0 + cos_b) / 2.0, crown * sin_b)  # fmt: skip
    return np.ascontiguousarray(rows, dtype=dtype)


@kernel(
    lambda f: (
        matrix(f), vector(i8), i8, i8, matrix(f), matrix(f), matrix(f), out_vector(f), out_matrix(f), out_matrix(f),
        out_matrix(f),
    )
)  # fmt: skip
def transpose(sky_terms, low, first, count, plane, horizon, crown, shade, incidence, direct, poa):  # type: ignore[no-untyped-def]
    """Fill `incidence` (cosine), `direct` (beam + circumsolar) and `poa` [count, plane] of rows first.. of `sky_terms`.

    `horizon` [36 n, plane] elevation [rad], 36 rows for each of n points of a plane; `crown` the same of the tops of
    crowns, or without rows where there are none; `shade` [plane] is scratch.
    """
    zero = poa.dtype.type(0.0)
    one = poa.dtype.type(1.0)
    n, points, crowned = plane.shape[1], horizon.shape[0] // 36, crown.shape[0] > 0
    part = one / poa.dtype.type(points)
    east, north, up = plane[0], plane[1], plane[2]
    view, side, ground, crown_view, crown_side = plane[3], plane[4], plane[5], plane[6], plane[7]
    for k in range(count):
        t = sky_terms[first + k]
        iso, circ, bright, beam, gnd = t[0], t[1], t[2], t[3], t[4]
        se, sn, su, elevation, w = t[5], t[6], t[7], t[8], t[9]
        lost = one - t[10]
        here = low[first + k]
        following = (here + 1) % 36
        c, d, p = incidence[k], direct[k], poa[k]
        for s in range(n):
            shade[s] = zero
        for q in range(points):
            a, b = horizon[36 * q + here], horizon[36 * q + following]
            for s in range(n):
                shade[s] += part if a[s] + (b[s] - a[s]) * w < elevation else zero
        if crowned:
            for q in range(points):
                a, b = horizon[36 * q + here], horizon[36 * q + following]
                e, g = crown[36 * q + here], crown[36 * q + following]
                for s in range(n):
                    clear = a[s] + (b[s] - a[s]) * w < elevation
                    leafy = e[s] + (g[s] - e[s]) * w >= elevation
                    shade[s] -= part * lost if clear and leafy else zero
        for s in range(n):
            c[s] = max(zero, east[s] * se + north[s] * sn + up[s] * su)
        for s in range(n):
            d[s] = c[s] * shade[s]
        for s in range(n):
            p[s] = max(zero, iso * view[s] + circ * d[s] + bright * side[s]) + beam * d[s] + gnd * ground[s]
        if crowned:
            for s in range(n):
                sky = iso * (view[s] - lost * crown_view[s]) + bright * (side[s] - lost * crown_side[s])
                p[s] = max(zero, sky + circ * d[s]) + beam * d[s] + gnd * ground[s]
        for s in range(n):
            d[s] = d[s] * (beam + circ)
