"""Solar modules: irradiance to alternating current, as PVWatts does it (A. P. Dobos, NREL/TP-6A20-62641, 2014).

    cell   = air + G (noct - 20)/800 (1 - eta/0.9) 9.5/(5.7 + 3.8 0.51 wind)       SAM's NOCT model, pvlib's `noct_sam`
    dc     = peak G/1000 (1 + gamma (cell - 25)) keep                              keep = losses, soiling, spectrum
    ac     = PVWatts inverter curve of dc, one inverter a building, clipped at its rating

G is what passes the cover: plane-of-array irradiance less its reflection, of direct light by its angle, of diffuse
light by the plane's tilt. As cell - air is proportional to G, dc is G (c0 + c1 G) with c0 of the step and c1 of step
and mount. SAM heats the cell by the light before the cover; here what was reflected heats nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from enum import IntEnum
from functools import cache
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.kernels import i4, i8, kernel, matrix, out_matrix, out_vector, u2, vector

Float = NDArray[np.float64]


class Mount(IntEnum):
    """How modules are fixed, which decides how air cools them."""

    RACK = 0  # rows on a flat roof or the ground, air on both sides
    ROOF = 1  # close above a pitched roof
    FACADE = 2  # before a wall, ventilated gap of 4 to 6 cm


NOCT_C = (45.0, 49.0, 51.0)
"""[mount] installed nominal operating cell temperature: PVWatts' 45 and 49 for open rack and roof (Dobos 2014); SAM
adds 6 K to the rack's for a gap of 1.5 to 2.5 inches behind (Gilman et al., NREL/TP-6A20-67399 (2018), section 10)."""
_FLAT_RAD, _STEEP_RAD = math.radians(10.0), math.radians(60.0)
"""Below the first tilt modules stand on racks; above the second it is a wall that carries them."""
EFFICIENCY = 0.20
"""Of a module at standard test conditions: 200 W/m2."""
GAMMA_K = -0.0037
"""Power per kelvin of a standard crystalline module [1/K] (NREL SAM 2023, PVWatts "standard" is -0.0037)."""
LOSS: Mapping[str, float] = MappingProxyType(
    {"soiling": 0.02, "shading": 0.03, "mismatch": 0.02, "wiring": 0.02, "connections": 0.005, "light-induced": 0.015,
     "nameplate": 0.01, "availability": 0.03}
)  # fmt: skip
"""PVWatts' losses (Dobos 2014), one after the other. Shading is by rows and by what stands on the roof itself:
neighbours, terrain and trees are in the horizon."""
LOSSES = 1.0 - math.prod(1.0 - share for share in LOSS.values())
"""0.1408"""
DC_AC = 1.2
"""Module power over inverter power (PVWatts default)."""
INVERTER = 0.96
"""Nominal inverter efficiency (PVWatts default)."""
_REFERENCE = 0.9637
"""Nominal efficiency of the inverter that the part-load curve was measured on."""
GLASS_INDEX, GLASS_KL = 1.526, 0.008
"""Refractive index, extinction x thickness of the cover (De Soto et al., Solar Energy 80 (2006) 78)."""
_AIR_MASS = (0.918093, 0.086257, -0.024459, 0.002816, -0.000126)
"""Of crystalline silicon (De Soto et al. 2006), powers 0 to 4 of the absolute air mass."""


def mounts(tilt_rad: Float) -> NDArray[np.int32]:
    """How modules are fixed on surfaces of these tilts: `Mount`, same shape."""
    pitched = np.where(tilt_rad < _STEEP_RAD, Mount.ROOF, Mount.FACADE)
    return np.where(tilt_rad < _FLAT_RAD, Mount.RACK, pitched).astype(np.int32)


def cell_resistance(
    wind_m_s: Float, *, noct_c: float = NOCT_C[Mount.ROOF], efficiency: float = EFFICIENCY
) -> Float:
    """(cell - air)/G [K m2/W], shape of `wind_m_s`, wind at 10 m.

        (noct - 20)/800 (1 - eta/0.9) 9.5/(5.7 + 3.8 (0.51 wind))

    Gilman et al., NREL/TP-6A20-67399 (2018), equation 10.37 with a cover that absorbs and transmits 0.9 and an array no
    higher than one storey; `pvlib.temperature.noct_sam`.
    """
    return (noct_c - 20.0) / 800.0 * (1.0 - efficiency / 0.9) * 9.5 / (5.7 + 3.8 * 0.51 * wind_m_s)


def spectral_factor(cos_zenith: Float, *, height_m: float) -> Float:
    """Power of crystalline silicon over that under the standard spectrum [1], shape of `cos_zenith` of the sun.

        sum a_i (p/p0 M)^i,  M = air mass (Kasten and Young 1989),  p/p0 = exp(-0.0001184 height)

    De Soto et al., Solar Energy 80 (2006) 78; 1 while the sun is down.
    """
    zenith = np.degrees(np.arccos(np.clip(cos_zenith, -1.0, 1.0)))
    high = zenith < 90.0
    low = np.where(high, zenith, 0.0)
    mass = math.exp(-0.0001184 * height_m) / (np.cos(np.radians(low)) + 0.50572 * (96.07995 - low) ** -1.6364)
    return np.where(high, np.maximum(np.polynomial.polynomial.polyval(mass, _AIR_MASS), 0.0), 1.0)


def step_terms(
    *, air_c: Float, wind_m_s: Float, unit_w_m2: float, dtype: Any, keep: Float | float = 1.0 - LOSSES,
    noct_c: Sequence[float] = NOCT_C, efficiency: float = EFFICIENCY, gamma_k: float = GAMMA_K,
) -> NDArray[Any]:  # fmt: skip
    """[step, 1 + mount] c0, then c1 of each mount, of dc/peak = g (c0 + c1 g), with g in units of `unit_w_m2`.

        c0 = keep/1000 (1 + gamma (air - 25)),  c1 = keep/1000 gamma r

    PVWatts 5 (Dobos 2014) with r = `cell_resistance`. `keep` [step] or one: what losses, soiling and the
    spectrum leave [1].
    """
    kept = np.broadcast_to(keep, air_c.shape) / 1000.0
    c0 = kept * (1.0 + gamma_k * (air_c - 25.0)) * unit_w_m2
    heat = [cell_resistance(wind_m_s, noct_c=c, efficiency=efficiency) for c in noct_c]
    return np.ascontiguousarray(
        np.column_stack([c0, *(kept * gamma_k * r * unit_w_m2**2 for r in heat)]), dtype=dtype
    )


def incidence_loss(cosine: NDArray[Any]) -> NDArray[Any]:
    """Share of direct light that a module's cover keeps back, over normal incidence; `cosine` of the angle, any shape.

    Snell and Fresnel for one pane with a little absorption (De Soto et al. 2006, equations 13 to 15);
    `pvlib.iam.physical`.
    """
    n, kl = GLASS_INDEX, GLASS_KL
    c = np.clip(cosine, 1e-3, 1.0)
    r = np.sqrt(1.0 - (1.0 - c * c) / n**2)
    reflected = 0.5 * (((c - n * r) / (c + n * r)) ** 2 + ((r - n * c) / (r + n * c)) ** 2)
    normal = np.exp(-kl) * (1.0 - ((1.0 - n) / (1.0 + n)) ** 2)
    return 1.0 - np.exp(-kl / r) * (1.0 - reflected) / normal


LOSS_TABLE = incidence_loss(np.linspace(0.0, 1.0, 257))
"""`incidence_loss` over the cosine in 256 steps, for the kernel that fills Solar."""


@cache
def _diffuse_table() -> tuple[Float, Float]:
    """Tilts [rad], and the loss of diffuse light at each."""
    tilt = np.linspace(0.0, np.pi / 2.0, 46)
    zenith = (np.arange(90) + 0.5) * (np.pi / 180.0)
    azimuth = (np.arange(90) + 0.5) * (np.pi / 90.0)
    z, a, b = zenith[None, :, None], azimuth[None, None, :], tilt[:, None, None]
    cosine = np.maximum(np.cos(z) * np.cos(b) + np.sin(z) * np.cos(a) * np.sin(b), 0.0)
    weight = cosine * np.sin(z)
    return tilt, (weight * incidence_loss(cosine)).sum(axis=(1, 2)) / weight.sum(axis=(1, 2))


def diffuse_loss(tilt_rad: NDArray[Any]) -> Float:
    """Share of the light of an even sky that the cover of a plane keeps back, shape of `tilt_rad`.

    Mean of `incidence_loss` over the sky that the plane sees, weighted by the cosine (B. Marion, Solar Energy 147
    (2017) 344; `pvlib.iam.marion_diffuse`, "sky"). Used of the ground's light too: a wall sees as much of it as of the
    sky, at the same angles, and a roof sees little.
    """
    return np.interp(tilt_rad, *_diffuse_table())


@kernel(
    lambda f: (
        matrix(f), matrix(f), matrix(f), vector(i4), vector(f), vector(f), f, i8, i8, out_matrix(u2)
    )
)  # fmt: skip
def pass_cover(poa, direct, cosine, carrier, loss, veil, unit, first, count, module):  # type: ignore[no-untyped-def]
    """Write rows first.. of `module` [daylight, module] from [count, surface] light [W/m2], in units of `unit`.

        G = poa - loss(cosine) direct - veil (poa - direct)

    carrier [module] row of the surface; `loss` [257] is LOSS_TABLE, `veil` [module] is `diffuse_loss`.
    """
    f = poa.dtype.type
    zero, scale, half, most, steps = f(0.0), f(1.0) / unit, f(0.5), f(65535.0), f(256.0)
    for k in range(count):
        p, d, c = poa[k], direct[k], cosine[k]
        for m in range(len(carrier)):
            s = carrier[m]
            lost = loss[i8(c[s] * steps + half)] * d[s] + veil[m] * (p[s] - d[s])
            module[first + k, m] = u2(min(max(p[s] - lost, zero) * scale + half, most))


@kernel(
    lambda f: (
        matrix(u2), vector(i4), i8, matrix(f), vector(i4), vector(i4), vector(f), vector(i8), vector(f), f,
        out_vector(f), out_matrix(f)
    )
)  # fmt: skip
def generate(irradiance, row, first, c, column, mount, peak, start, rated, efficiency, dc, pv_w):  # type: ignore[no-untyped-def]
    """Fill `pv_w` [steps, building] from step `first` on, round the year.

    irradiance: u16 [daylight, place]; row [step] -> daylight row, -1 at night; c: see `step_terms`. Of each module:
    column of its place, mount, peak [W]; `start` [building + 1] offsets into modules; rated [building] = AC rating [W];
    efficiency = nominal, of the inverter; dc [module] scratch.

        ac = eta/0.9637 (-0.0162 z + 0.9858 - 0.0059/z) dc,  z = dc eta/rated, within 0..rated            (Dobos 2014)
    """
    f = pv_w.dtype.type
    zero = f(0.0)
    scale = efficiency / f(_REFERENCE)
    a, b, d = f(-0.0162), f(0.9858), f(-0.0059)
    buildings = len(rated)
    total = len(row)
    for k in range(pv_w.shape[0]):
        t = (first + k) % total
        out = pv_w[k]
        if row[t] < 0:
            for i in range(buildings):
                out[i] = zero
            continue
        g, terms = irradiance[row[t]], c[t]
        c0, rack, roof, facade = terms[0], terms[1], terms[2], terms[3]
        for s in range(len(peak)):  # loops apart, so that all but those that look up are done in wide registers
            dc[s] = f(g[column[s]])
        for s in range(len(peak)):
            c1 = rack if mount[s] == 0 else (roof if mount[s] == 1 else facade)
            dc[s] = dc[s] * (c0 + c1 * dc[s]) * peak[s]
        for i in range(buildings):
            sum_dc = zero
            for s in range(start[i], start[i + 1]):
                sum_dc += dc[s]
            out[i] = sum_dc
        for i in range(buildings):
            given, full = out[i], rated[i] / efficiency
            ac = scale * (a * given * (given / full) + b * given + d * full)
            ac = min(max(ac, zero), rated[i])
            out[i] = ac if given > zero and full > zero else zero
