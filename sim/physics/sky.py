"""Temperature of the sky for long-wave radiation: from its measured infrared, else from dew point and clouds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]
STEFAN_BOLTZMANN_W_M2K4 = 5.670374419e-8
"""CODATA 2018."""
KELVIN = 273.15
BELOW_AIR_K = 11.0
"""Sky under air where nothing is known of it: ISO 52016-1:2017 table B.19, intermediate climates."""


def from_infrared_c(infrared_w_m2: Float) -> Float:
    """Effective sky temperature [step, degC] of the horizontal infrared irradiance [step, W/m2].

    T_sky = (IR / sigma)^0.25, the black hemisphere of the same irradiance (EnergyPlus, Engineering Reference, sky
    radiation; EPW column Horizontal Infrared Radiation Intensity).
    """
    return np.asarray((infrared_w_m2 / STEFAN_BOLTZMANN_W_M2K4) ** 0.25 - KELVIN)


def from_clouds_c(air_c: Float, dew_c: Float, cover: Float) -> Float:
    """Effective sky temperature [step, degC] by dew point [step, degC] and opaque cloud cover [step, 0 to 1].

    Emissivity of the clear sky 0.787 + 0.764 ln(T_dew / 273 K) (Clark and Allen 1978), times
    1 + 0.0224 N - 0.0035 N2 + 0.00028 N3 with N tenths of cover (Walton 1983): both as EnergyPlus documents them.
    T_sky = T_air emissivity^0.25. The US TMY3 files hold this very figure: the test reads it back to 0.1 K.
    """
    n = 10.0 * cover
    clear = 0.787 + 0.764 * np.log((dew_c + KELVIN) / 273.0)
    emissivity = np.minimum(clear * (1.0 + 0.0224 * n - 0.0035 * n**2 + 0.00028 * n**3), 1.0)
    return np.asarray((air_c + KELVIN) * emissivity**0.25 - KELVIN)
