"""The year's books as ISO 52000-1 reads them: what is used and made of each carrier inside a boundary."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.boundary import VIRTUAL, members
from sim.district import District, SiteKind
from sim.iso52000 import ON_SITE, Carrier
from sim.ledger import ACCOUNTS, Ledger
from sim.place import Holding

Float = NDArray[np.float64]


def carriers(ledger: Ledger, district: District, *, mode: str, mobility: bool) -> dict[str, Carrier]:
    """What is used and made of each carrier [step] inside a boundary; the year's books as ISO 52000-1 reads them.

    What batteries store, and what they and the grid lose, counts as used; a step in which they give more than is used
    counts the rest as made, so that delivered less exported is what the meters at the edge show.
    """
    s = dict(zip(ACCOUNTS, ledger.parts.get(mode, ledger.steps), strict=True))
    wind_w, charger_w, plant_w = _sites(ledger, district, mode)
    made_w = s["pv_w"] + wind_w + _holdings(ledger, district, mode)
    driven_w = s["vehicle_w"] + charger_w
    needed_w = s["appliances_w"] + s["heater_w"] + ledger.loss_w - s["battery_w"] - plant_w
    if mobility:
        needed_w = needed_w + driven_w
    used_w, made_w = np.maximum(needed_w, 0.0), made_w + np.maximum(-needed_w, 0.0)
    none, dt = np.zeros_like(used_w), ledger.step_s
    return {
        "electricity": Carrier(dt * used_w, none if mobility else dt * driven_w, {ON_SITE: dt * made_w}),
        "gas": Carrier(dt * s["gas_w"], none),
        "ambient": Carrier(dt * s["ambient_w"], none, {ON_SITE: dt * s["ambient_w"]}),
    }


def _sites(ledger: Ledger, district: District, mode: str) -> tuple[Float, Float, Float]:
    """([step] made by turbines, taken by chargers, given by batteries) of the sites inside [W]."""
    standing = members(district, mode)[1]
    kind = district.site.kind
    if standing.all():
        wind_w, charger_w = ledger.wind_w, ledger.charger_w
        return wind_w, charger_w, ledger.sites[0].sum(axis=1) - wind_w + charger_w
    given_w = ledger.sites[0] * standing
    turbine, charger = kind == SiteKind.TURBINE, kind == SiteKind.CHARGER
    return (given_w[:, turbine].sum(axis=1), -given_w[:, charger].sum(axis=1),
            given_w[:, ~turbine & ~charger].sum(axis=1))  # fmt: skip


def _holdings(ledger: Ledger, district: District, mode: str) -> Float:
    """[step] what shares in plant outside give [W]: their yearly joules, spread as the district's own plant gives."""
    made_w: Float = np.zeros_like(ledger.loss_w)
    for holding in district.place.holdings if mode == VIRTUAL else ():
        shape = _shape(ledger, holding)
        made_w = made_w + shape * (holding.year_j / (shape.sum() * ledger.step_s))
    return made_w


def _shape(ledger: Ledger, holding: Holding) -> Float:
    """[step] the run of a year: of the district's modules or turbines, even where none stands."""
    own = {"solar": ledger.steps[ACCOUNTS.index("pv_w")], "wind": ledger.wind_w}.get(holding.kind)
    return np.ones_like(ledger.loss_w) if own is None or not own.any() else own
