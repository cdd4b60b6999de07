"""What the tables of a package may hold: what cannot be is refused by name, what is odd is mended and told.

Tables are Parquet files that people open and edit. A number that no equation can take (none at all, a negative area, a
row that is not there) is refused with table, id and column. One that physics can do without is brought to what it can
mean: a U-value to what insulation and films make possible, gains below nothing to nothing, a cooling set point that
lies below the heating one in some hour of the week up to it (else both plants would run against each other). What was
done is a Problem that names the buildings; all others stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from network.problems import Refused
from network.schema import Problem
from sim.district import Buildings, District, Heater, LineKind, NodeKind, SiteKind, SizeClass, SurfaceKind, Use
from sim.fabric import HOURS, Panes
from sim.zones import U_LIMITS_W_M2K, most_w_m2k

Mask = NDArray[np.bool_]
INF = float("inf")
SOME = 1e-9
"""What must be more than nothing is at least this."""
NONNEGATIVE, POSITIVE, SHARE = (0.0, INF), (SOME, INF), (0.0, 1.0)
LIMITS: Mapping[str, Mapping[str, tuple[float, float]]] = {
    "building": {
        "footprint_m2": POSITIVE,
        **dict.fromkeys(("height_m", "floor_m2", "volume_m3", "h_air_w_k", "h_leak_w_k", "bridges_w_k",
                         "wall_m2", "roof_m2", "ground_m2", "window_m2", "inside_m2", "wall_w_m2k", "roof_w_m2k",
                         "ground_w_m2k", "window_w_m2k", "heat_limit_w", "cool_limit_w", "open_w_k", "hot_water_j",
                         "appliances_j", "dwellings", "vehicles", "drive_j", "battery_j", "battery_limit_w"),
                        NONNEGATIVE),
        **dict.fromkeys(("window_g", "electric_share", "smart_share", "away_share", "phase_share"), SHARE),
        "set_point_c": (-60.0, 60.0),
    },
    "surface": {
        **dict.fromkeys(("area_m2", "glass_m2", "opaque_m2", "usable_m2", "pv_peak_w"), NONNEGATIVE),
        **dict.fromkeys(("sky_view", "crown_view"), (-1e-6, 1.0 + 1e-6)), "tilt_rad": (0.0, np.pi),
    },
    "site": dict.fromkeys(("area_m2", "capacity_j", "power_w", "hub_m"), NONNEGATIVE),
    "node": dict.fromkeys(("nominal_v", "source_pu"), POSITIVE),
    "line": {"resistance_ohm": NONNEGATIVE, "length_m": NONNEGATIVE, "ratio": POSITIVE, "rating_va": POSITIVE},
    "profile": {"share": NONNEGATIVE},
    "construction": dict.fromkeys(("wall_outer", "wall_inner", "roof_outer", "roof_inner", "ground_outer",
                                   "ground_inner", "inside"), POSITIVE),
    "schedule": {"air": NONNEGATIVE},
}  # fmt: skip
"""{table: {column: (least, most)}}, SI as in the columns' names."""
ENDLESS = {("building", "heat_limit_w"), ("building", "cool_limit_w"), ("building", "cool_c"), ("building", "open_c"),
           ("line", "rating_va")}  # fmt: skip
"""Columns in which infinity means that there is no limit."""
ROWS = (("building", "profile", "profile"), ("building", "hot_water_profile", "profile"), ("building", "node", "node"),
        ("building", "construction", "construction"), ("building", "schedule", "schedule"),
        ("surface", "building", "building"), ("site", "node", "node"), ("line", "from_node", "node"),
        ("line", "to_node", "node"))  # fmt: skip
"""(table, column, table whose rows it numbers); -1 = none is allowed of buildings' and sites' nodes."""
CODES: Mapping[tuple[str, str], Any] = {
    ("building", "use"): Use, ("building", "size_class"): SizeClass, ("building", "heater"): Heater,
    ("building", "panes"): Panes, ("surface", "kind"): SurfaceKind, ("site", "kind"): SiteKind,
    ("node", "kind"): NodeKind, ("line", "kind"): LineKind,
}  # fmt: skip
EVEN = 1e-3
"""How far the shares of a year, or of three phases, may add up to other than 1."""
ABOVE_M, BESIDE_M = 10.0, 50.0
"""A surface floats whose middle lies farther than this above or below its building, or (and three times the square root
of its footprint) beside it."""


def mended(district: District) -> tuple[District, tuple[Problem, ...]]:
    """The district with odd values brought to what they can mean, and what was done.

    Raises:
        Refused: a value that cannot be, with its table, id and column.
    """
    for axis in LIMITS:
        table = getattr(district, axis)
        _numbers(axis, table.id, vars(table))
    _references(district)
    _sums(district)
    b = district.building
    told: list[Problem] = []
    for name in ("wall", "roof", "ground", "window"):
        b = _u_value(b, name, told)
    negative = b.gains_w < 0.0
    if negative.any():
        told.append(_told("negative-gains", b.id, negative, f"inner gains below nothing ({b.gains_w[negative][0]:g} W "
                          "of the first); they count as none"))  # fmt: skip
        b = replace(b, gains_w=np.maximum(b.gains_w, 0.0))
    b = _apart(b, district, told)
    told += _surfaces(district)
    return (replace(district, building=b) if b is not district.building else district), tuple(told)


# ---------------------------------------------------------------- refused


def _wrong(axis: str, id_: str, column: str, what: str) -> Refused:
    return Refused(f"{axis}.parquet: {id_} has {column} {what}; mend the table, or build the package again with "
                   "`surplus build`")  # fmt: skip


def _numbers(axis: str, ids: Sequence[str], columns: Mapping[str, Any]) -> None:
    """Every number is one, and within its limits."""
    limits = LIMITS[axis]
    for name, column in columns.items():
        if not isinstance(column, np.ndarray) or column.dtype.kind != "f" or not column.size:
            continue
        least, most = limits.get(name, (-INF, INF))
        endless = (axis, name) in ENDLESS
        bad = np.isnan(column) if endless else ~np.isfinite(column)
        bad |= (column < least) | (column > most)
        if bad.any():
            at = tuple(int(k[0]) for k in np.nonzero(bad))
            words = "no number" if not np.isfinite(column[at]) else f"{column[at]:g}"
            if np.isfinite(column[at]):
                whole = "which is not above 0" if least == SOME else f"less than {least:g}"
                words += f", which is not from {least:g} to {most:g}" if most < INF else f", {whole}"
            raise _wrong(axis, ids[at[0]], name, words)


def _references(district: District) -> None:
    """Rows of other tables are there, and codes are known."""
    for axis, column, other in ROWS:
        table, count = getattr(district, axis), len(getattr(district, other))
        rows = getattr(table, column)
        least = -1 if axis in ("building", "site") and column == "node" else 0
        bad = (rows < least) | (rows >= count)
        if bad.any():
            at = int(np.flatnonzero(bad)[0])
            raise _wrong(axis, table.id[at], column, f"{rows[at]}, but {other}.parquet has {count} rows")
    for (axis, column), kind in CODES.items():
        table = getattr(district, axis)
        bad = ~np.isin(getattr(table, column), [int(k) for k in kind])
        if bad.any():
            at = int(np.flatnonzero(bad)[0])
            raise _wrong(axis, table.id[at], column, f"{getattr(table, column)[at]}, which means nothing")
    owner = district.surface.building
    if (np.diff(owner) < 0).any():
        at = int(np.flatnonzero(np.diff(owner) < 0)[0]) + 1
        raise _wrong("surface", district.surface.id[at], "building", "out of order: surfaces stand by building")


def _sums(district: District) -> None:
    """Shares add up to 1; what divides is not nothing."""
    b = district.building
    for axis, column in (("profile", "share"), ("building", "phase_share")):
        table = getattr(district, axis)
        total = getattr(table, column).sum(axis=1, dtype=float)
        bad = np.flatnonzero(np.abs(total - 1.0) > EVEN)
        if len(bad):
            raise _wrong(axis, table.id[bad[0]], column, f"adding up to {total[bad[0]]:g}, not 1")
    burns, cools = b.heater == Heater.GAS_BOILER, b.cool_limit_w > 0.0
    for column, where in (("boiler_efficiency", burns), ("cooling_eer", cools)):
        bad = np.flatnonzero(where & (getattr(b, column) < 0.01))
        if len(bad):
            raise _wrong("building", b.id[bad[0]], column, f"{getattr(b, column)[bad[0]]:g}, of which nothing comes")
    for column in ("set_back_k", "gains", "air", "cool_up_k"):
        week = getattr(district.schedule, column)
        if week.shape[1:] != (HOURS,):
            raise _wrong("schedule", district.schedule.id[0], column, f"of {week.shape[-1]} hours, a week has {HOURS}")


# ---------------------------------------------------------------- mended and told


def _told(code: str, ids: tuple[str, ...], rows: Mask, what: str) -> Problem:
    names = tuple(ids[k] for k in np.flatnonzero(rows))
    some = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
    words = f"has {what.replace(' of the first', '')}" if len(names) == 1 else f"have {what}"
    return Problem(code, f"{some} {words}", len(names), names)


def _u_value(b: Buildings, name: str, told: list[Problem]) -> Buildings:
    u = getattr(b, f"{name}_w_m2k")
    least, most = U_LIMITS_W_M2K[0], most_w_m2k(name)
    odd = ((u < least) | (u > 1.01 * most)) & (getattr(b, f"{name}_m2") > 0.0)
    if not odd.any():
        return b
    told.append(_told("u-value", b.id, odd, f"a {name} U-value ({u[odd][0]:g} W/m2K of the first) that no {name} has; "
                      f"the nearer of {least:g} and {most:.2g} counts"))  # fmt: skip
    return replace(b, **{f"{name}_w_m2k": np.where(odd, np.clip(u, least, most), u)})


def _apart(b: Buildings, district: District, told: list[Problem]) -> Buildings:
    """Cooling set points that no heating set point of the week lies above."""
    week = district.schedule
    gap_k = (week.cool_up_k + week.set_back_k).min(axis=1)[b.schedule] + b.cool_c - b.set_point_c
    cross = (gap_k < 0.0) & (b.cool_limit_w > 0.0) & (b.heat_limit_w > 0.0)
    if not cross.any():
        return b
    k = int(np.flatnonzero(cross)[0])
    told.append(_told("set-points-cross", b.id, cross, f"a cooling set point ({b.cool_c[k]:g} degC of the first) below "
                      f"the heating one ({b.set_point_c[k]:g} degC); it is raised so far that they meet"))  # fmt: skip
    return replace(b, cool_c=np.where(cross, b.cool_c - gap_k, b.cool_c))


def _surfaces(district: District) -> list[Problem]:
    """Surfaces that are none, or hang in the air: light falls on them as they stand."""
    s, b = district.surface, district.building
    k, found = s.building, []
    empty = s.area_m2 <= 0.0
    if empty.any():
        found.append(_told("surface-no-area", s.id, empty, "no area; nothing comes of it"))
    off = np.hypot(s.x_m - b.x_m[k], s.y_m - b.y_m[k]) > BESIDE_M + 3.0 * np.sqrt(b.footprint_m2[k])
    low, high = b.z_m[k] - ABOVE_M, b.z_m[k] + b.height_m[k] + ABOVE_M
    floats = (off | (s.z_m < low) | (s.z_m > high)) & ~empty
    if floats.any():
        found.append(_told("surface-floats", s.id, floats, "a place away from its building; light falls on it where it "
                           "stands, and counts for the building"))  # fmt: skip
    return found
