"""Set points: the air temperature that a thermostat holds so that settled rooms lose what the typology says.

TABULA's balance knows one temperature of a room as a whole and reduces the difference to outdoors by F_red, for rooms
and hours that are heated less. The wall network's thermostat feels the air. What the set point means is therefore the
air at which settled walls under the season's mean lose TABULA's heat by transmission and ventilation; what the year
adds to that (sky, sun on walls, warmer ground, light at its true angle, mass, windows that are opened) is physics, and
no set point answers for it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.columns import Float, Int
from sim.physics import film
from sim.zones import R_SI_M2K_W
from tools import typology


def air_c(
    rows: Int, built: dict[str, Any], h_tr: Float, h_air: Float, floor: Float, indoor_c: Float
) -> Float:
    """Air temperature that a thermostat holds so that settled rooms lose what TABULA says, degC.

    TABULA's loss is (H_tr + H_ve) F_red (theta_i - theta_e): theta_i is the room's temperature as a whole. The hourly
    model's thermostat feels air, around which faces are cooler, so that at the same air walls lose less:

        air = theta_e + F_red (theta_i - theta_e) (H_tr + H_ve) / (H_air + H_ve)

    with H_air of `from_air`, but never warmer than theta_i itself, which only leaky houses would need.
    """
    t = typology.table()
    f_red = typology.reduction(h_tr / np.maximum(floor, 1e-9), t["reduction_1"][rows], t["reduction_4"][rows])
    mean_c = t["mean_c"][rows]
    through_air = np.maximum(from_air(built) + h_air, 1e-9)
    return np.minimum(mean_c + f_red * (indoor_c - mean_c) * (h_tr + h_air) / through_air, indoor_c)


def from_air(built: dict[str, Any]) -> Float:
    """Heat that settled walls lose per kelvin between the air inside and outside, W/K.

    Faces s meet air by h_c, each other by h_r through a star node and the outside by K = 1 / (1 / U - R_si):

        star = sum(A h_r h_c / d) / sum(A h_r (h_c + K) / d),   H = sum(A K (h_c + h_r star) / d),   d = h_c + h_r + K

    in units of the difference (the balances of sim/physics/zone.py without mass and sky).
    """
    h_c, h_r = film.upright_w_m2k(), film.INSIDE_RADIATIVE_W_M2K
    own = 1.0 / (h_c + h_r)
    above = below = 0.0 * built["inside_m2"]
    parts: list[tuple[Float, Float]] = [(built["inside_m2"], above)]
    for name in ("wall", "roof", "ground", "window"):
        u = np.clip(built[f"{name}_w_m2k"], 0.01, 5.9)
        parts.append((built[f"{name}_m2"], 1.0 / (1.0 / u - R_SI_M2K_W.get(name, own))))
    for area, k in parts:
        above = above + area * h_r * h_c / (h_c + h_r + k)
        below = below + area * h_r * (h_c + k) / (h_c + h_r + k)
    star = above / np.maximum(below, 1e-9)
    lost = sum((area * k * (h_c + h_r * star) / (h_c + h_r + k) for area, k in parts), built["bridges_w_k"])
    return np.asarray(lost)
