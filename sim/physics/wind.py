"""Wind turbines: the weather file's wind, carried up to the hub, through the power curve of a reference turbine.

    v(hub)  = v(10 m) ln(hub / z0) / ln(10 m / z0)                      neutral logarithmic profile, z0 = 0.1 m
    power   = kept rated min((v / v_rated)^3, 1)   from cut-in to cut-out, else 0

The form is that of the IEA 3.4 MW land-based reference turbine (P. Bortolotti et al., IEA Wind Task 37,
NREL/TP-5000-73492, 2019; 3.37 MW, rotor 130 m, 1.225 kg/m3): below its rating it takes cp = 0.4448 of the wind's power,
so it reaches the rating at (2 x 3.37 MW / (1.225 cp pi 65^2))^(1/3) = 9.77 m/s. Another rating means another rotor of
the same power per swept area (254 W/m2). Steps take their mean wind: gusts within an hour are not resolved.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]
MEASURED_M = 10.0
"""Height of the wind in weather files."""
ROUGHNESS_M = 0.1
"""z0 of open country with scattered hedges and houses (class "roughly open" of Davenport and Wieringa)."""
CUT_IN_M_S, RATED_M_S, CUT_OUT_M_S = 3.0, 9.77, 25.0
KEPT = 0.90
"""Share that standstill, cables and worn blades leave (judgement); one turbine alone stands in nobody's wake."""


def hub_speed(speed_m_s: Float, hub_m: Float) -> Float:
    """Wind at `hub_m` [...] from wind at 10 m, broadcast against each other [m/s]."""
    profile = np.log(np.maximum(hub_m, MEASURED_M) / ROUGHNESS_M) / np.log(MEASURED_M / ROUGHNESS_M)
    return np.asarray(speed_m_s * profile, dtype=np.float64)


def power_share(speed_m_s: Float) -> Float:
    """Power over rating, 0..1, in wind at the hub, before `KEPT`."""
    turns = (speed_m_s >= CUT_IN_M_S) & (speed_m_s <= CUT_OUT_M_S)
    return np.where(turns, np.minimum((speed_m_s / RATED_M_S) ** 3, 1.0), 0.0)


def generate(speed_m_s: Float, *, rated_w: Float, hub_m: Float) -> Float:
    """[step, turbine] power of turbines of `rated_w` and `hub_m` [turbine] in wind at 10 m [step]."""
    return KEPT * rated_w * power_share(hub_speed(speed_m_s[:, None], hub_m[None, :]))
