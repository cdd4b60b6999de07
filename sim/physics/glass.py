"""Panes and gaps -> what a window lets through, absorbs and loses, over the angle of the sun.

A clear pane is known by transmittance t and reflectance p at normal incidence. Its interface reflectance r and inner
transmission a follow from t = a (1 - r)^2 / (1 - r^2 a^2), p = r (1 + a t):

    b = t^2 - p^2 + 2 p + 1,   r = (b - sqrt(b^2 - 4 (2 - p) p)) / (2 (2 - p)),   a = (p - r) / (r t)

index n = (1 + sqrt r) / (1 - sqrt r). At an angle the path is longer by Snell's law, a' = a^(1 / cos refracted), and r
by Fresnel's equations for either polarisation (R. Siegel and J. Howell, Thermal Radiation Heat Transfer, ch. 17;
D. Arasteh et al., Window 4.0, 1989). Every pane is met by unpolarised light, as ISO 15099 and the programs that publish
windows reckon; keeping either polarisation apart through two clear panes would let through 2 % more over a year. A
coated pane has no single index: its normal values take a clear pane's angular shape. Diffuse = hemispherical mean.
Gaps: EN 673:2011, h = 4 sigma T^3 / (1/e1 + 1/e2 - 1) + Nu k / s, Nu = max(1, 0.035 (Gr Pr)^0.38) at 283 K, 15 K.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.physics.sky import STEFAN_BOLTZMANN_W_M2K4

Float = NDArray[np.float64]
MEAN_K, ACROSS_K = 283.0, 15.0
"""EN 673: mean temperature of a gap, difference over all gaps."""
GASES = {
    "air": (1.232, 1.761e-5, 2.496e-2, 1.008e3),
    "argon": (1.699, 2.164e-5, 1.684e-2, 0.519e3),
    "krypton": (3.560, 2.400e-5, 0.900e-2, 0.245e3),
}
"""Density [kg/m3], viscosity [kg/ms], conductivity [W/mK], specific heat [J/kgK] at 10 degC (EN 673:2011, table 1)."""
OUT_EN673_W_M2K, IN_EN673_W_M2K = 25.0, 7.7
"""Outer and inner surface coefficients of a declared U-value (EN 673:2011, 7)."""
OUT_EN410_W_M2K, IN_EN410_W_M2K = 23.0, 8.0
"""The same of a declared g-value (EN 410:2011, 5.4.6)."""
BINS = 256
"""Intervals of the tables over the cosine of incidence."""
_CLEAR = (0.834, 0.075)


@dataclass(frozen=True)
class Pane:
    """A sheet of glass, at normal incidence over the solar spectrum; front = outside."""

    thickness_m: float
    transmittance: float
    reflectance_front: float
    reflectance_back: float
    conductivity_w_mk: float = 1.0
    emissivity_front: float = 0.84
    emissivity_back: float = 0.84

    @property
    def coated(self) -> bool:
        """Do its faces differ, in light or in heat?"""
        return self.reflectance_front != self.reflectance_back or self.emissivity_front != self.emissivity_back


@dataclass(frozen=True)
class Gap:
    """A closed gap between panes."""

    thickness_m: float
    gas: str = "air"
    """Of GASES."""
    conductance_w_m2k: float | None = None
    """Given instead of EN 673's."""


def interface(transmittance: float, reflectance: float) -> tuple[float, float]:
    """Reflectance r of one face and inner transmission a of a clear pane at normal incidence (equations: module)."""
    t, p = transmittance, reflectance
    b = t * t - p * p + 2.0 * p + 1.0
    r = (b - np.sqrt(b * b - 4.0 * (2.0 - p) * p)) / (2.0 * (2.0 - p))
    return float(r), float((p - r) / (r * t))


def clear(transmittance: float, reflectance: float, cosine: ArrayLike) -> tuple[Float, Float]:
    """Transmittance and reflectance of a clear pane at `cosine` [n] of incidence, each [2, n]: both polarisations."""
    r0, a0 = interface(transmittance, reflectance)
    index = (1.0 + np.sqrt(r0)) / (1.0 - np.sqrt(r0))
    c = np.clip(np.asarray(cosine, float), 1e-6, 1.0)  # at grazing light two faces trap each other
    inner = np.sqrt(1.0 - (1.0 - c * c) / index**2)
    across = ((c - index * inner) / (c + index * inner)) ** 2
    along = ((index * c - inner) / (index * c + inner)) ** 2
    r = np.array([across, along])
    a = a0 ** (1.0 / inner)
    t = a * (1.0 - r) ** 2 / (1.0 - (r * a) ** 2)
    return t, r * (1.0 + a * t)


def _pane(pane: Pane, cosine: Float) -> tuple[Float, Float, Float]:
    """Transmittance, front and back reflectance of a pane at `cosine` [n] for unpolarised light, each [n]."""
    if not pane.coated:
        t, r = (x.mean(axis=0) for x in clear(pane.transmittance, pane.reflectance_front, cosine))
        return t, r, r
    t, r = (x.mean(axis=0) for x in clear(*_CLEAR, cosine))
    t = pane.transmittance * t / _CLEAR[0]
    # what a clear pane reflects more at an angle than straight on, of the light that is left
    more = (r - _CLEAR[1]) / (1.0 - _CLEAR[1])
    front = pane.reflectance_front + (1.0 - pane.reflectance_front) * more
    back = pane.reflectance_back + (1.0 - pane.reflectance_back) * more
    return np.minimum(t, 1.0 - np.maximum(front, back)), front, back


def stack(panes: Sequence[tuple[Float, Float, Float]]) -> tuple[Float, Float, Float]:
    """Transmittance, front and back reflectance of panes behind each other, reflections between them summed:
    T = t1 t2 / (1 - b1 f2), F = f1 + t1^2 f2 / (1 - b1 f2), B alike (EN 410:2011, 5.2)."""
    total, front, back = panes[0]
    for t, f, b in panes[1:]:
        caught = 1.0 / (1.0 - back * f)
        total, front, back = total * t * caught, front + total**2 * f * caught, b + t**2 * back * caught
    return total, front, back


def absorbed(panes: Sequence[tuple[Float, Float, Float]]) -> list[Float]:
    """Share of the incident light that each pane absorbs, from the fluxes that meet its two faces."""
    nothing, one = np.zeros_like(panes[0][0]), np.ones_like(panes[0][0])
    found = []
    for i, (t, f, b) in enumerate(panes):
        passed, _, behind = stack(panes[:i]) if i else (one, nothing, nothing)
        ahead = stack(panes[i + 1 :])[1] if i + 1 < len(panes) else nothing
        # inward = passed + behind (f inward + t outward), outward = ahead (t inward + b outward)
        ratio = ahead * t / (1.0 - ahead * b)
        inward = passed / (1.0 - behind * (f + t * ratio))
        found.append((1.0 - t - f) * inward + (1.0 - t - b) * ratio * inward)
    return found


def gap_w_m2k(gap: Gap, e1: float, e2: float, *, gaps: int = 1) -> float:
    """Conductance of a gap between faces of emissivities e1, e2 (EN 673:2011, eq. 2 to 8); `gaps` share the 15 K."""
    if gap.conductance_w_m2k is not None:
        return gap.conductance_w_m2k
    density, viscosity, conductivity, heat = GASES[gap.gas]
    s = gap.thickness_m
    grashof = 9.81 * s**3 * (ACROSS_K / gaps) * density**2 / (MEAN_K * viscosity**2)
    nusselt = max(1.0, 0.035 * (grashof * viscosity * heat / conductivity) ** 0.38)
    radiative = 4.0 * STEFAN_BOLTZMANN_W_M2K4 * MEAN_K**3 / (1.0 / e1 + 1.0 / e2 - 1.0)
    return float(radiative + nusselt * conductivity / s)


@dataclass(frozen=True)
class Glazing:
    """Panes and the gaps between them, outside to inside; tables are over equal steps of the cosine, 0..1."""

    panes: tuple[Pane, ...]
    gaps: tuple[Gap, ...] = ()

    @cached_property
    def _table(self) -> tuple[Float, Float, Float]:
        """Transmittance [257], absorptance [pane, 257], back reflectance [257]."""
        cosine = np.linspace(0.0, 1.0, BINS + 1)
        panes = [_pane(p, cosine) for p in self.panes]
        total, _, back = stack(panes)
        return total, np.array(absorbed(panes)), back

    @property
    def transmittance(self) -> Float:
        """Solar transmittance over the cosine of incidence [257]."""
        return self._table[0]

    @property
    def absorptance(self) -> Float:
        """Solar absorptance of each pane over the cosine of incidence [pane, 257]."""
        return self._table[1]

    @property
    def transmittance_normal(self) -> float:
        """Solar transmittance at normal incidence [1]."""
        return float(self._table[0][-1])

    @property
    def absorptance_normal(self) -> Float:
        """Solar absorptance of each pane at normal incidence [1], [pane]."""
        return self._table[1][:, -1]

    @property
    def transmittance_diffuse(self) -> float:
        """Solar transmittance of diffuse light [1]: the mean over the hemisphere (`hemispherical`)."""
        return float(hemispherical(self._table[0]))

    @property
    def absorptance_diffuse(self) -> Float:
        """Solar absorptance of each pane in diffuse light [1], [pane]: the mean over the hemisphere."""
        return hemispherical(self._table[1])

    @property
    def inside_reflectance_diffuse(self) -> float:
        """Solar reflectance of diffuse light that comes from the room [1]: the mean over the hemisphere."""
        return float(hemispherical(self._table[2]))

    @cached_property
    def gap_conductance_w_m2k(self) -> tuple[float, ...]:
        """[gap] conductance of each gap [W/m2K], of EN 673 where none is given (`gap_w_m2k`)."""
        n = len(self.gaps)
        return tuple(
            gap_w_m2k(g, a.emissivity_back, b.emissivity_front, gaps=n)
            for g, a, b in zip(self.gaps, self.panes[:-1], self.panes[1:], strict=True)
        )

    @property
    def resistance_to_pane_m2k_w(self) -> tuple[float, ...]:
        """[pane] resistance [m2K/W] from the outermost face to the middle of each pane, of the last to its inner face:
        sum of d / k of panes and 1 / h of gaps on the way (EN 673:2011, eq. 1)."""
        reach, found = 0.0, []
        for i, pane in enumerate(self.panes):
            whole = pane.thickness_m / pane.conductivity_w_mk
            if i:
                reach += 1.0 / self.gap_conductance_w_m2k[i - 1]
            found.append(reach + 0.5 * whole)
            reach += whole
        found[-1] = reach
        return tuple(found)

    def u_w_m2k(self, outside: float = OUT_EN673_W_M2K, inside: float = IN_EN673_W_M2K) -> float:
        """U-value of the centre between two surface coefficients [W/m2K] (EN 673:2011, eq. 1)."""
        return 1.0 / (1.0 / outside + self.resistance_to_pane_m2k_w[-1] + 1.0 / inside)

    def g(self, outside: float = OUT_EN410_W_M2K, inside: float = IN_EN410_W_M2K) -> float:
        """Total solar energy transmittance at normal incidence: transmitted + the inward part of what is absorbed
        (EN 410:2011, eq. 9)."""
        reach = 1.0 / outside + np.array(self.resistance_to_pane_m2k_w)
        return self.transmittance_normal + float(self.absorptance_normal @ reach) / (reach[-1] + 1.0 / inside)


def hemispherical(table: Float) -> Float:
    """Mean over the hemisphere, 2 int f(c) c dc, of tables [.., n] over equal steps of the cosine 0..1."""
    n = table.shape[-1]
    c = np.linspace(0.0, 1.0, n)
    # f linear between the points: its integral against c is exact with these weights
    step = 1.0 / (n - 1)
    weight = c * step
    weight[0], weight[-1] = step**2 / 6.0, step * (0.5 - step / 6.0)
    return np.asarray(2.0 * (table @ weight))
