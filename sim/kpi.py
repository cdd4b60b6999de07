"""Key figures of a year: how well what is made meets what is used, what the grid above sees, how warm rooms get.

g = generated, l = used, x = losses + stored, per step [W]; n = import - export = l + x - g. Shares of energy come out
much the same whatever the step; load match, grid interaction and peaks are of the weather's own step, an hour or less,
and finer steps match less. [A]'s ratios are defined by the hour: finer steps are brought to means of hours. Sources:

[S] J. Salom et al., Analysis of load match and grid interaction indicators in net zero energy buildings with
    high-resolution data, IEA SHC Task 40 / EBC Annex 52, 2013
[V] K. Voss et al., Load matching and grid interaction of net zero energy buildings, EuroSun 2010
[A] M. Ala-Juusela et al., Defining and operationalising the concept of an energy positive neighbourhood, Energy
    Conversion and Management 125 (2016) 133
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from sim.district import District, Heater
from sim.ledger import Ledger

Float = NDArray[np.float64]
Account = Mapping[str, Float]
PEAK_SHARE = 0.01
"""Of the year's steps, for the peak that lasts."""
LEAST_W = 1.0
"""Less than that is no load of a district."""
POINTS = 101
"""Of the load-duration curve."""


def self_consumption(e: Account) -> float:
    """Share of what is made that is used here: 1 - sum export / sum g; the supply cover factor of [S]."""
    made = float(e["generated"].sum())
    return 1.0 - float(e["exported"].sum()) / made if made > 0.0 else 0.0


def self_sufficiency(e: Account) -> float:
    """Share of what is used and lost that is made here: 1 - sum import / sum (l + losses); load cover factor of [S]."""
    load = float((e["used"] + e["losses"]).sum())
    return max(0.0, 1.0 - float(e["imported"].sum()) / load) if load > 0.0 else 0.0


def load_match(e: Account) -> float:
    """Load match index: mean over the steps of min(1, (g - losses - stored) / l), each step alike [V, S]."""
    ready = np.maximum(e["generated"] - e["losses"] - e["stored"], 0.0)
    return float(_per_load(np.minimum(ready, e["used"]), e["used"], otherwise=1.0).mean())


def grid_interaction(e: Account) -> float:
    """Grid interaction index: standard deviation over the steps of n / max |n|; 0 = the same all year [V, S]."""
    net = e["imported"] - e["exported"]
    most = float(np.abs(net).max())
    return float((net / most).std()) if most > 0.0 else 0.0


def lasting_peak_w(power_w: Float) -> float:
    """One per cent peak power: mean of the highest 1 % of the steps [W] [S]."""
    count = max(1, round(PEAK_SHARE * len(power_w)))
    return float(np.partition(power_w, -count)[-count:].mean())


def energy_ratio(e: Account) -> float:
    """On-site energy ratio OER = sum g / sum l; 1 = as much is made as used over the year [A]."""
    used = float(e["used"].sum())
    return float(e["generated"].sum()) / used if used > 0.0 else 0.0


def mismatch(e: Account) -> float:
    """Annual mismatch ratio AMR = mean over the hours of max(0, l - g) / l; 0 = never short [A]."""
    return float(_per_load(np.maximum(e["used"] - e["generated"], 0.0), e["used"]).mean())


def surplus_peak(e: Account) -> float:
    """Maximum hourly surplus MHS = max (g - l) / l; 0 where more is never made than used [A]."""
    return float(_per_load(np.maximum(e["generated"] - e["used"], 0.0), e["used"]).max())


def deficit_peak(e: Account) -> float:
    """Maximum hourly deficit MHD = max (l - g) / l; 1 where nothing is made for a step [A]."""
    return float(_per_load(np.maximum(e["used"] - e["generated"], 0.0), e["used"]).max())


def _per_load(power_w: Float, load_w: Float, *, otherwise: float = 0.0) -> Float:
    """[step] power / load; `otherwise` where there is no load to speak of."""
    shares: Float = np.divide(power_w, load_w, out=np.full_like(load_w, otherwise), where=load_w >= LEAST_W)
    return shares


def duration_w(e: Account) -> Float:
    """[101] load-duration curve: net import exceeded in 0, 1 .. 100 % of the steps [W]; negative = export.

    Both ends are the year's extremes; between steps it is interpolated.
    """
    falling = np.sort(e["imported"] - e["exported"])[::-1]
    at = np.linspace(0.0, len(falling) - 1.0, POINTS)
    curve: Float = np.interp(at, np.arange(len(falling)), falling)
    return curve


def hourly(e: Account, step_s: float) -> Account:
    """[hour] means of an account of finer steps; one of hours as it is."""
    n = max(1, round(3600.0 / step_s))
    return e if n == 1 else {name: w.reshape(-1, n).mean(axis=1) for name, w in e.items()}


def electricity(e: Account, *, step_s: float = 3600.0) -> dict[str, float]:
    """Every figure of match and grid interaction; shares as 1 = 100 %, powers [W]."""
    peak, hours = float(e["imported"].max()), hourly(e, step_s)
    return {
        "self_consumption": self_consumption(e),
        "self_sufficiency": self_sufficiency(e),
        "load_match": load_match(e),
        "grid_interaction": grid_interaction(e),
        "peak_import_w": peak,
        "peak_export_w": float(e["exported"].max()),
        "peak_import_1_percent_w": lasting_peak_w(e["imported"]),
        "peak_export_1_percent_w": lasting_peak_w(e["exported"]),
        "import_load_factor": float(e["imported"].mean()) / peak if peak > 0.0 else 0.0,
        "onsite_energy_ratio": energy_ratio(e),
        "annual_mismatch": mismatch(hours),
        "max_hourly_surplus": surplus_peak(hours),
        "max_hourly_deficit": deficit_peak(hours),
    }


def comfort_h(ledger: Ledger) -> Float:
    """[3, building] hours of the year with rooms above 26, above 28, below 18 degC; set-backs at night included.

    h = sum over the steps of [T > limit] dt; limits and sources: ledger.COMFORT_C.
    """
    return ledger.comfort.astype(np.float64) * (ledger.step_s / 3600.0)


def comfort(ledger: Ledger, district: District) -> dict[str, float]:
    """Those hours as means over the heated floor, and in the worst heated building; nothing where none is heated."""
    b = district.building
    heated = (b.heater != Heater.NONE) & (b.heat_limit_w > 0.0) & (b.floor_m2 > 0.0)
    if not heated.any():
        return {}
    hours, floor = comfort_h(ledger)[:, heated], b.floor_m2[heated]
    found = {}
    for row, name in zip(hours, ("overheating_26_h", "overheating_28_h", "underheating_18_h"), strict=True):
        found[name] = float((row * floor).sum() / floor.sum())
        found[name.removesuffix("_h") + "_worst_h"] = float(row.max())
    return found
