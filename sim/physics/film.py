"""Films of air and long-wave exchange at the faces of walls and windows, as constants of a site.

Outside, convection is the mean over the site's year of wind of the MoWiTT/DOE-2 model (M. Yazdanian and J. H. Klems,
ASHRAE Transactions 100 (1994) 1087; as in EnergyPlus, Engineering Reference, "Outside Surface Heat Balance"):

    v = V10 (z / 10)^0.14                       wind at height z, open country
    a = (3.26 v^0.89 + 3.55 v^0.617) / 2        forced, mean of windward and leeward
    h_n = 1.31 dT^(1/3), dT = 5 K               natural
    glass: sqrt(h_n^2 + a^2);  rough: h_n + 1.67 (glass - h_n)

Inside, convection is natural, the TARP model (G. N. Walton, NBSSIR 83-2655, 1983) at a typical difference: upright
1.31 dT^(1/3) at 3.5 K; level (1.52 + 0.76) / 2 dT^(1/3) at 5 K, the mean of rising and stratified air.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Float = NDArray[np.float64]
UPRIGHT_W_M2K1_33, RISING_W_M2K1_33, STRATIFIED_W_M2K1_33 = 1.31, 1.52, 0.76
"""Natural convection: h = factor x dT^(1/3) (ASHRAE Handbook Fundamentals; Walton 1983)."""
NATURAL_OUTSIDE_K, UPRIGHT_K, LEVEL_K = 5.0, 3.5, 5.0
"""Typical differences between surface and air: outside; inside at upright and at level surfaces."""
ROUGH = 1.67
"""Roughness multiplier of brick and rough plaster (Walton 1981, class 2)."""
SHELTERED_W_M2K = 0.8
"""Convection under a floor over still air: warm above, so the air is stratified."""
INSIDE_RADIATIVE_W_M2K = 5.13
"""4 x 0.9 sigma (293 K)^3 (EN ISO 52016-1:2017, h_lr;i)."""
OUTSIDE_BLACK_W_M2K = 5.0
"""4 sigma T^3 at 280.5 K: what one black square metre exchanges with its surroundings."""
UPRIGHT_SKY_VIEW = 0.5 * np.sqrt(0.5)
"""Share of an upright surface's long-wave exchange that goes to the sky; the rest meets ground, and air near the
horizon, at air temperature: F sqrt(F), F = (1 + cos tilt) / 2 (Walton 1983; EnergyPlus, Engineering Reference)."""


def sky_view(tilt_rad: ArrayLike) -> Float:
    """Share of the long-wave exchange that goes to the cold sky, 0..1: F sqrt(F), F = (1 + cos tilt) / 2."""
    f = 0.5 * (1.0 + np.cos(np.asarray(tilt_rad, float)))
    return f * np.sqrt(f)


def upright_w_m2k() -> float:
    """Convection at inner upright surfaces (see the module)."""
    return float(UPRIGHT_W_M2K1_33 * UPRIGHT_K ** (1.0 / 3.0))


def level_w_m2k() -> float:
    """Convection at floors and ceilings (see the module)."""
    return float(0.5 * (RISING_W_M2K1_33 + STRATIFIED_W_M2K1_33) * LEVEL_K ** (1.0 / 3.0))


def outside_w_m2k(wind_m_s: ArrayLike, *, height_m: ArrayLike, rough: float = ROUGH) -> Float:
    """Mean outside convection [W/m2K] over `wind_m_s` [step] of the weather station, 10 m above ground.

    `height_m`: of the surface's middle, scalar or [zone]; `rough`: 1 for glass. Equation: see the module.
    """
    wind = np.asarray(wind_m_s, float)
    factor = (np.maximum(np.asarray(height_m, float), 0.1) / 10.0) ** 0.14
    # classes of wind speed: heights differ by building, the year's wind does not
    share, edges = np.histogram(wind, bins=100, range=(0.0, max(float(wind.max(initial=0.0)), 1e-3)))
    v = np.multiply.outer(factor, 0.5 * (edges[1:] + edges[:-1]))
    forced = 0.5 * (3.26 * v**0.89 + 3.55 * v**0.617)
    natural = UPRIGHT_W_M2K1_33 * NATURAL_OUTSIDE_K ** (1.0 / 3.0)
    glass = np.sqrt(natural**2 + forced**2)
    return np.asarray((natural + rough * (glass - natural)) @ (share / max(share.sum(), 1)))


def sky_loss_w_m2(air_c: ArrayLike, sky_c: ArrayLike, *, black_w_m2k: float = OUTSIDE_BLACK_W_M2K) -> Float:
    """h (T_e - T_sky) [W/m2], [step]: what a black surface that sees the whole sky loses more than to surroundings at
    air temperature; an element takes emissivity x sky view of it."""
    return black_w_m2k * (np.asarray(air_c, float) - np.asarray(sky_c, float))
