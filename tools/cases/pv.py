"""Kind "pv": yields of one plane of modules under a weather year, by the kernels that the district's year uses.

    weather -> sun and Perez sky (sim/physics/{sun,irradiance}.py) -> light behind the cover, watts (sim/physics/pv.py)

Keys and quantities: tests/cases/README.md.
"""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.physics import irradiance, pv, sun
from sim.solar import UNIT_W_M2
from sim.weather import read_epw
from tools.cases.read import Case, Figure
from tools.cases.table import Table
from tools.horizon import sky_view

Float = NDArray[np.float64]
_MONTH_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_MOUNTS = {"rack": pv.Mount.RACK, "roof": pv.Mount.ROOF, "facade": pv.Mount.FACADE}
_COLUMNS = ("dni_w_m2", "dhi_w_m2", "air_c", "wind_m_s")
_LIKE: dict[str, dict[str, Any]] = {
    "surplus": {},
    "pvwatts-5": {"module_efficiency": 0.15, "gamma_percent_k": -0.47, "cover": "beam"},
    "pvwatts-8": {"module_efficiency": 0.19, "gamma_percent_k": -0.37, "spectrum": "air-mass", "sun_minute": 0.0},
}
"""Published conventions of other programs, as defaults of the keys: Dobos 2014 for version 5; version 8 as NREL's SAM
computes it, which takes the minute column of an EPW file, 0, for the sun's, though the row is of the whole hour."""


@dataclass(frozen=True)
class _Year:
    """Weather of a case, columns [step], and where the sun stood."""

    dni_w_m2: Float
    dhi_w_m2: Float
    ghi_w_m2: Float
    air_c: Float
    wind_m_s: Float
    sun_enu: Float
    """[step, 3]"""
    share: Float
    """Of the step with the sun up."""
    step_s: float
    height_m: float
    remarks: tuple[str, ...] = ()
    """What was mended or found in an EPW file."""


@dataclass(frozen=True)
class _Plane:
    """Modules of a case."""

    tilt_rad: float
    azimuth_rad: float
    peak_w: float
    rated_w: float
    inverter: float
    noct_c: float
    efficiency: float
    gamma_k: float
    keep: Float
    """[step] what losses, soiling and spectrum leave."""
    beam_only: bool
    albedo: float
    horizon_rad: Float
    """[36]"""


def run(case: Case) -> list[Figure]:
    """Year and months of the case's plane: poa, dc, ac, specific_yield, capacity_factor.

    Raises:
        Refused: a key is missing, unknown or out of range; the weather is no whole year.
    """
    like = _LIKE[case.inputs.text("like", "surplus", choices=tuple(_LIKE))]
    year = _weather(case.inputs.table("weather"), like)
    case.remarks.extend(year.remarks)
    plane = _plane(case.inputs.table("system"), year, like)
    poa, dc, ac = _power(year, plane)
    hours = year.step_s / 3600.0
    figures = []
    for name, watts, unit in (("poa", poa, "kWh/m2"), ("dc", dc, "kWh"), ("ac", ac, "kWh")):
        months = _months(watts) * hours / 1000.0
        figures += [Figure(name, float(v), unit, at) for at, v in _labelled(months)]
        if name == "ac":
            per_kw = months / (plane.peak_w / 1000.0)
            figures += [Figure("specific_yield", float(v), "kWh/kW", at) for at, v in _labelled(per_kw)]
    figures.append(Figure("capacity_factor", float(ac.mean() / plane.peak_w), "1"))
    figures.append(Figure("peak_ac", float(ac.max()), "W"))
    return figures


def _labelled(months: Float) -> list[tuple[str, float]]:
    """The year, as "" and as "annual", and each month."""
    total = float(months.sum())
    return [("", total), ("annual", total), *((str(k), float(v)) for k, v in enumerate(months, 1))]


def _months(watts: Float) -> Float:
    """Sums by month of a year's steps."""
    days = list(_MONTH_DAYS)
    if len(watts) % 8784 == 0:
        days[1] = 29
    edges = np.cumsum([0, *days[:-1]]) * (len(watts) // sum(days))
    return np.add.reduceat(watts, edges)


def _weather(table: Table, like: Mapping[str, Any]) -> _Year:
    """From an EPW file, or from a table of columns and a place."""
    remarks: tuple[str, ...] = ()
    if "file" in table:
        if "table" in table:
            raise table.wrong("table", "stands beside file; give one of the two")
        w = read_epw(table.path("file"))
        place = (w.latitude_rad, w.longitude_rad, w.year, w.utc_offset_s)
        columns = {name: np.asarray(getattr(w, name)) for name in _COLUMNS}
        shift_s, step_s, height_m = w.sun_offset_s, w.step_s, table.number("height_m", w.height_m)
        ghi: Float | None = w.ghi_w_m2
        remarks = tuple(p.message for p in w.problems)
        shift_s = 60.0 * like["sun_minute"] - 0.5 * step_s if "sun_minute" in like else shift_s
    else:
        columns = _columns(table, table.path("table"))
        ghi = columns.pop("ghi_w_m2", None)
        steps = len(columns["dni_w_m2"])
        leap = steps % 8784 == 0 and steps % 8760 != 0
        step_s, shift_s = (366 if leap else 365) * 86400.0 / steps, 0.0
        place = (
            np.radians(table.number("latitude_deg", least=-90.0, most=90.0)),
            np.radians(table.number("longitude_deg", least=-180.0, most=180.0)),
            table.whole("year", 2024 if leap else 2025, least=1950),
            3600.0 * table.number("utc_offset_h", least=-12.0, most=14.0),
        )
        height_m = table.number("height_m", 0.0)
    if "sun_minute" in table:
        shift_s = 60.0 * table.number("sun_minute", least=0.0, most=60.0) - 0.5 * step_s
    table.close()
    starts = np.arange(len(columns["dni_w_m2"])) * step_s + shift_s
    direction, share = sun.mean_direction(*place, starts, step_s=step_s)
    if ghi is None:
        ghi = columns["dhi_w_m2"] + columns["dni_w_m2"] * np.maximum(direction[:, 2], 0.0)
    return _Year(ghi_w_m2=ghi, sun_enu=direction, share=share, step_s=step_s, height_m=height_m, remarks=remarks,
                 **columns)  # fmt: skip


def _columns(table: Table, path: Path) -> dict[str, Float]:
    """The weather table's columns [step]; ghi_w_m2 where it has one."""
    try:
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        head, *rows = [r for r in csv.reader(data.decode("utf-8-sig").splitlines()) if r] or [[]]
    except (UnicodeDecodeError, csv.Error, EOFError, zlib.error, OSError) as e:
        raise table.wrong("table", f'names "{path.name}", which cannot be read as CSV: {e}') from e
    head = [h.strip() for h in head]
    missing = [c for c in _COLUMNS if c not in head]
    if missing:
        raise table.wrong("table", f'names "{path.name}", which has no column {missing[0]}')
    if not rows or (len(rows) % 8760 and len(rows) % 8784):
        raise table.wrong("table", f'names "{path.name}" with {len(rows)} rows; a year has 8760 or 8784 hours')
    wanted = [c for c in (*_COLUMNS, "ghi_w_m2") if c in head]
    try:
        made = {c: np.array([float(row[head.index(c)]) for row in rows]) for c in wanted}
    except (ValueError, IndexError) as e:
        raise table.wrong("table", f'names "{path.name}", which has a cell that is no number: {e}') from e
    for name, column in made.items():
        if not np.isfinite(column).all():
            row = int(np.flatnonzero(~np.isfinite(column))[0]) + 2
            raise table.wrong("table", f'names "{path.name}", whose {name} in line {row} is no finite number')
    return made


def _plane(table: Table, year: _Year, like: Mapping[str, Any]) -> _Plane:
    tilt = np.radians(table.number("tilt_deg", least=0.0, most=180.0))
    azimuth = np.radians(table.number("azimuth_deg", 180.0, least=-360.0, most=360.0))
    peak_w = 1000.0 * table.number("peak_kw", 1.0, above=0.0)
    mount = pv.Mount(int(pv.mounts(np.array([tilt]))[0]))
    mount = _MOUNTS[table.text("mount", mount.name.lower(), choices=tuple(_MOUNTS))]
    keep = 1.0 - table.number("losses_percent", 100.0 * pv.LOSSES, least=0.0, most=100.0) / 100.0
    soiling = np.array(table.numbers("soiling_percent", [0.0], count=(1, 12), least=0.0)) / 100.0
    if soiling.max() > 1.0:
        raise table.wrong("soiling_percent", "is above 100; give the share of light that dirt keeps back")
    kept: Float = keep * (1.0 - (soiling[_month_of(len(year.air_c))] if len(soiling) == 12 else soiling[0]))
    kept = np.broadcast_to(kept, year.air_c.shape).copy()
    if table.text("spectrum", like.get("spectrum", "none"), choices=("none", "air-mass")) == "air-mass":
        kept *= pv.spectral_factor(year.sun_enu[:, 2], height_m=year.height_m)
    horizon = table.numbers("horizon_deg", [0.0], count=(1, irradiance.BINS), least=-90.0)
    made = _Plane(
        tilt_rad=float(tilt), azimuth_rad=float(azimuth), peak_w=peak_w,
        rated_w=peak_w / table.number("dc_ac", pv.DC_AC, above=0.0),
        inverter=table.number("inverter_efficiency", pv.INVERTER, above=0.0, most=1.0),
        noct_c=table.number("noct_c", pv.NOCT_C[mount], least=20.0, most=100.0),
        efficiency=table.number("module_efficiency", like.get("module_efficiency", pv.EFFICIENCY), above=0.0, most=0.5),
        gamma_k=table.number("gamma_percent_k", like.get("gamma_percent_k", 100.0 * pv.GAMMA_K), least=-2.0, most=0.0)
        / 100.0,
        keep=kept,
        beam_only=table.text("cover", like.get("cover", "all"), choices=("all", "beam")) == "beam",
        albedo=table.number("albedo", irradiance.ALBEDO, least=0.0, most=1.0),
        horizon_rad=np.radians(np.broadcast_to(horizon, irradiance.BINS)),
    )  # fmt: skip
    table.close()
    return made


def _month_of(steps: int) -> NDArray[np.int64]:
    """[step] month, 0..11."""
    days = list(_MONTH_DAYS)
    if steps % 8784 == 0:
        days[1] = 29
    return np.repeat(np.arange(12), np.array(days) * (steps // sum(days)))


def _power(year: _Year, plane: _Plane) -> tuple[Float, Float, Float]:
    """[step] plane-of-array irradiance [W/m2], dc and ac [W], by the shipped kernels in the shipped float type."""
    f = np.float32
    day = (year.share > 0.0) & (year.ghi_w_m2 + year.dhi_w_m2 + year.dni_w_m2 > 0.0)
    row = np.where(day, np.cumsum(day) - 1, -1).astype(np.int32)
    date = np.arange(len(day)) * year.step_s // 86400.0 + 1.0
    sky = irradiance.sky(
        sun_enu=year.sun_enu[day], ghi=year.ghi_w_m2[day], dni=year.dni_w_m2[day], dhi=year.dhi_w_m2[day],
        extra=sun.extraterrestrial_w_m2(date)[day], albedo=plane.albedo,
    )  # fmt: skip
    terms, low = irradiance.terms(sky, f)
    tilt, azimuth = np.array([plane.tilt_rad]), np.array([plane.azimuth_rad])
    # what the horizon leaves of the sky, by the rule with which `surplus build` fills the column of a package
    view = sky_view(tilt, azimuth, plane.horizon_rad.astype(f)[None])
    face = irradiance.planes(tilt=tilt, azimuth=azimuth, sky_view=view, dtype=f)
    n = len(terms)
    cosine, direct, poa = (np.empty((n, 1), f) for _ in range(3))
    horizon = np.ascontiguousarray(plane.horizon_rad[:, None], dtype=f)
    irradiance.transpose(terms, low, 0, n, face, horizon, irradiance.NO_CROWNS.astype(f), np.empty(1, f), cosine,
                         direct, poa)  # fmt: skip
    light = np.empty((n, 1), np.uint16)
    veil = np.zeros(1, f) if plane.beam_only else pv.diffuse_loss(tilt).astype(f)
    pv.pass_cover(poa, direct, cosine, np.zeros(1, np.int32), pv.LOSS_TABLE.astype(f), veil, f(UNIT_W_M2), 0, n, light)
    c = pv.step_terms(air_c=year.air_c, wind_m_s=year.wind_m_s, unit_w_m2=UNIT_W_M2, dtype=f, keep=plane.keep,
                      noct_c=(plane.noct_c,), efficiency=plane.efficiency, gamma_k=plane.gamma_k)  # fmt: skip
    ac = np.empty((len(row), 1), f)
    zero = np.zeros(1, np.int32)
    pv.generate(light, row, 0, c, zero, zero, np.array([plane.peak_w], f), np.array([0, 1]),
                np.array([plane.rated_w], f), f(plane.inverter), np.empty(1, f), ac)  # fmt: skip
    dc, whole = np.zeros(len(row)), np.zeros(len(row))
    q = light[:, 0].astype(np.float64)
    dc[day] = plane.peak_w * q * (c[day, 0] + c[day, 1] * q)
    whole[day] = poa[:, 0]
    return whole, dc, ac[:, 0].astype(np.float64)
