"""Sun on the surfaces and through the windows of an envelope case, as means over every step.

The product's own sky and transposition (sim/physics/irradiance.py) at six positions of the sun in every step, so that
shades and the angle at the glass follow the sun within the hour; the file's irradiance is the step's mean and belongs
to the part of it with the sun up.

    wall, roof   E = D + B_s lit + ground                      B_s beam and circumsolar, D the rest of the sky
    window       transmitted = tau(cos) B_s lit + tau_diffuse (D + ground), absorbed alike, D and ground past its shades
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.physics import irradiance, shading, sun
from sim.physics.glass import BINS, Glazing
from sim.weather import Weather
from tools.cases.building import Building, Surface, Window

Float = NDArray[np.float64]
SAMPLES = 6
"""Positions of the sun in a step."""


@dataclass(frozen=True)
class Light:
    """Sun of a year; every array [step]."""

    incident: dict[str, Float]
    """W/m2 on each surface (and plane) as if nothing shaded it."""
    surface: dict[str, Float]
    """W/m2 on the opaque part of each surface, past its shades."""
    transmitted: dict[str, Float]
    """W/m2 of glass through each window."""
    transmitted_beam: dict[str, Float]
    """The part of it that comes straight from the sun."""
    absorbed: dict[str, Float]
    """W/m2 of glass in the panes of each window, folded onto the inner one."""
    on_window: dict[str, Float]
    """W/m2 of glass on each window, past its shades."""


@dataclass(frozen=True)
class _Sky:
    """The sky at every sample with the sun up."""

    sky: irradiance.Sky
    step: NDArray[np.int64]
    """[sample] step that it belongs to."""
    weight: Float
    """[sample] its part of the step's sun-up time."""
    steps: int

    def mean(self, values: Float) -> Float:
        """[step] mean of [sample]."""
        return np.bincount(self.step, self.weight * values, minlength=self.steps).astype(np.float64)


@dataclass(frozen=True)
class _Plane:
    """Light on a plane without shades, [sample]."""

    cosine: Float
    direct: Float
    sky: Float
    """From the isotropic dome."""
    horizon: Float
    """From its bright edge; negative where that is dark."""
    ground: Float


def light(
    building: Building, weather: Weather, planes: dict[str, tuple[float, float]], *, albedo: float,
    folds: dict[str, Float],
) -> Light:  # fmt: skip
    """The year's light. planes: name -> tilt, azimuth [rad]; folds: window -> [pane], see `fold`."""
    s = _sky(weather, albedo)
    cache: dict[tuple[float, float], _Plane] = {}

    def plane(tilt: float, azimuth: float) -> _Plane:
        key = (round(tilt, 9), round(azimuth, 9))
        if key not in cache:
            cache[key] = _on(s, tilt, azimuth)
        return cache[key]

    sunny = [x for x in building.surfaces if x.sun]
    incident = {x.name: s.mean(_total(plane(x.tilt_rad, x.azimuth_rad))) for x in sunny}
    incident |= {name: s.mean(_total(plane(*where))) for name, where in planes.items()}
    made = Light(incident, {}, {}, {}, {}, {})
    for w in building.windows:
        _through(made, w, s, plane(w.surface.tilt_rad, w.surface.azimuth_rad), folds[w.name])
    for x in sunny:
        glass = [(w.area_m2, made.on_window[w.name]) for w in building.windows if w.surface.name == x.name]
        whole = incident[x.name]
        if x.shades and x.frame is not None:
            p = plane(x.tilt_rad, x.azimuth_rad)
            whole = s.mean(np.maximum(_diffuse(p, x.frame, x) + p.direct * _lit(x.frame, x, s), 0.0))
        rest = whole * x.gross_m2 - sum((area * on for area, on in glass), np.zeros(weather.steps))
        made.surface[x.name] = np.maximum(rest, 0.0) / x.opaque_m2
    return made


def weighted(parts: Sequence[tuple[float, Float]], steps: int) -> Float:
    """[step] mean of (weight, values)."""
    total = sum(weight for weight, _ in parts)
    if total <= 0.0:
        return np.zeros(steps)
    return np.asarray(sum((weight / total * values for weight, values in parts), np.zeros(steps)))


def _sky(weather: Weather, albedo: float) -> _Sky:
    middles = (np.arange(SAMPLES) + 0.5) / SAMPLES
    times = ((np.arange(weather.steps)[:, None] + middles) * weather.step_s).ravel() + weather.sun_offset_s
    place = (weather.latitude_rad, weather.longitude_rad, weather.year, weather.utc_offset_s)
    towards = sun.direction_enu(*place, times)
    step = np.repeat(np.arange(weather.steps), SAMPLES)
    bright = (weather.ghi_w_m2 + weather.dni_w_m2 + weather.dhi_w_m2 > 0.0)[step]
    up = (towards[:, 2] > 0.0) & bright
    count = np.bincount(step[up], minlength=weather.steps)
    step = step[up]
    extra = sun.extraterrestrial_w_m2(step * weather.step_s // 86400.0 + 1.0)
    sky = irradiance.sky(
        sun_enu=towards[up], ghi=weather.ghi_w_m2[step], dni=weather.dni_w_m2[step], dhi=weather.dhi_w_m2[step],
        extra=extra, albedo=albedo,
    )  # fmt: skip
    return _Sky(sky, step, 1.0 / count[step], weather.steps)


def _on(s: _Sky, tilt: float, azimuth: float) -> _Plane:
    """The product's transposition of one plane with a free horizon."""
    terms, low = irradiance.terms(s.sky, np.float64)
    one = np.ones(1)
    plane = irradiance.planes(tilt=one * tilt, azimuth=one * azimuth, sky_view=one, dtype=np.float64)
    n = len(terms)
    cosine, direct, poa = (np.empty((n, 1)) for _ in range(3))
    irradiance.transpose(terms, low, 0, n, plane, np.zeros((irradiance.BINS, 1)), irradiance.NO_CROWNS, np.empty(1),
                         cosine, direct, poa)  # fmt: skip
    dome, ground = s.sky.isotropic * plane[3, 0], s.sky.ground * plane[5, 0]
    edge = poa[:, 0] - direct[:, 0] - dome - ground
    return _Plane(cosine[:, 0], direct[:, 0], dome, edge, ground)


def _total(p: _Plane) -> Float:
    return p.direct + p.sky + p.horizon + p.ground


def _lit(opening: shading.Opening, surface: Surface, s: _Sky) -> Float:
    return shading.lit_share(opening, surface.shades, s.sky.sun_enu, tilt_rad=surface.tilt_rad,
                             azimuth_rad=surface.azimuth_rad)  # fmt: skip


def _diffuse(p: _Plane, opening: shading.Opening, surface: Surface) -> Float:
    """[sample] sky and ground light that passes the surface's shades to `opening`."""
    share = shading.diffuse_shares(opening, surface.shades, tilt_rad=surface.tilt_rad, azimuth_rad=surface.azimuth_rad)
    return np.maximum(p.sky * share.sky + p.horizon * share.horizon + p.ground * share.ground, 0.0)


def _through(made: Light, w: Window, s: _Sky, p: _Plane, fold: Float) -> None:
    """Enter what falls on a window, passes it and stays in it."""
    direct, diffuse = p.direct, np.maximum(p.sky + p.horizon + p.ground, 0.0)
    if w.surface.shades and w.opening is not None:
        direct = direct * _lit(w.opening, w.surface, s)
        diffuse = _diffuse(p, w.opening, w.surface)
    beam = direct * _at(w.glazing.transmittance, p.cosine)
    made.transmitted_beam[w.name] = s.mean(beam)
    made.transmitted[w.name] = s.mean(beam + diffuse * w.glazing.transmittance_diffuse)
    made.absorbed[w.name] = s.mean(direct * _at(fold @ w.glazing.absorptance, p.cosine)
                                   + diffuse * float(fold @ w.glazing.absorptance_diffuse))  # fmt: skip
    made.on_window[w.name] = s.mean(direct + diffuse)


def _at(table: Float, cosine: Float) -> Float:
    """A table over equal steps of the cosine 0..1, at `cosine`."""
    return np.interp(cosine, np.linspace(0.0, 1.0, BINS + 1), table)


def fold(glazing: Glazing, outer_w_m2k: float) -> Float:
    """[pane] share of what it absorbs that counts as if absorbed in the inner one: the divider of the panes'
    resistances behind the outer film [W/m2K] (zone.glazed uses the same)."""
    reach = 1.0 / outer_w_m2k + np.array(glazing.resistance_to_pane_m2k_w)
    return np.asarray(reach / reach[-1])
