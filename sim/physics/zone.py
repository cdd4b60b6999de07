"""Walls, windows and films -> the linear network of a zone, all zones of a batch at once.

Temperatures T, areas A, films h (c convective, r radiative, e outside, i inside), inputs u (`Input`), air T_a:

    outside face   A (h_ce + h_re)(T_e - T_s) + A (alpha I - eps F h_b (T_e - T_sky)) + conduction = 0
    inside face    A h_ci (T_a - T_s) + A h_ri (T_star - T_s) + its share of the sun + conduction = 0
    star           sum of A h_ri (T_s - T_star) + radiant gains = 0
    window         as an inside face whose conduction leads through panes and gaps to T_e; sun absorbed in the panes and
                   the loss to the sky enter at its inner pane, folded by the divider of the panes' resistances

(J. E. Seem, Modeling of Heat Transfer in Buildings, 1987, for the star; EN ISO 52016-1:2017, 6.5.6 for the balances.)
Faces and star have no mass and are eliminated in closed form; what is left is

    C dx/dt = -G x + B u + b T_a        and the heat from all inner faces to the air   q = c x + d u + d_a T_a

with b = c, as heat flows both ways through the same resistance. Every array ends with the axis [zone].
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, IntEnum
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.physics import film
from sim.physics.glass import Glazing
from sim.physics.wall import FOURIER, Chain, Layer, chain

Float = NDArray[np.float64]
LEAST_M2 = 1e-6
"""An element of no area keeps a trace, so that all zones share one topology."""


class Input(IntEnum):
    """What drives a zone, in the order of every array's input axis."""

    OUTSIDE_C = 0
    """Outdoor air temperature T_e."""
    SKY_W_M2 = 1
    """film.sky_loss_w_m2: what a black surface loses more to the sky than to air at T_e."""
    GROUND_C = 2
    """Temperature beyond elements on ground."""
    WALL_W_M2 = 3
    """Mean irradiance on walls."""
    ROOF_W_M2 = 4
    """Mean irradiance on roofs."""
    PANE_W_M2 = 5
    """Irradiance on windows x angular shape of the panes' absorptance (1 at normal incidence)."""
    SUN_W_M2 = 6
    """Irradiance on windows x angular shape of the transmittance (1 at normal incidence)."""
    RADIANT_W = 7
    """Radiant part of inner gains."""


INPUTS = len(Input)


class Outside(Enum):
    """What an element's outer face meets."""

    AIR = "air"
    """Outdoor air, sky and sun."""
    SHELTERED = "sheltered"
    """Outdoor air only: no sun, no sky (a floor over an open crawl space)."""
    GROUND = "ground"
    """The ground temperature, without a film; soil is one of the layers."""
    ADIABATIC = "adiabatic"
    """Nothing: the middle of an inner wall or slab, or a neighbour just as warm."""


@dataclass(frozen=True, kw_only=True)
class Element:
    """An opaque element; every number a scalar or an array [zone]."""

    name: str
    """Of the boundary in heat balances; elements of one name are summed."""
    area_m2: ArrayLike
    layers: Sequence[Layer]
    """Outside to inside."""
    outside: Outside
    sun: Input | None = None
    """WALL_W_M2, ROOF_W_M2 or none."""
    absorptance: ArrayLike = 0.6
    """Solar, of the outer face."""
    emissivity: ArrayLike = 0.9
    """Long-wave, of the outer face."""
    sky_view: ArrayLike = film.UPRIGHT_SKY_VIEW
    """Share of the outer face's long-wave exchange that goes to the sky (film.sky_view)."""
    h_ce_w_m2k: ArrayLike = film.SHELTERED_W_M2K
    """Convection outside (film.outside_w_m2k)."""
    h_ci_w_m2k: ArrayLike = 2.0
    """Convection inside (film.upright_w_m2k, film.level_w_m2k)."""
    h_ri_w_m2k: ArrayLike = film.INSIDE_RADIATIVE_W_M2K
    inside_absorptance: ArrayLike = 0.6
    """Solar, of the inner face."""
    floor: bool = False
    """Does beam sunlight through the windows fall on it first?"""


@dataclass(frozen=True, kw_only=True)
class Window:
    """Glass of a zone; every number a scalar or an array [zone]."""

    name: str = "windows"
    area_m2: ArrayLike
    conductance_w_m2k: ArrayLike
    """Inner pane to outdoor air: gaps, panes and the outer films in series."""
    transmittance: ArrayLike
    """Solar, at normal incidence: of SUN_W_M2."""
    absorptance: ArrayLike
    """Solar, at normal incidence, of all panes folded onto the inner one: of PANE_W_M2."""
    sky: ArrayLike
    """Share of SKY_W_M2 that the inner pane loses: emissivity x sky view x divider of the panes."""
    inside_reflectance: ArrayLike = 0.22
    """Diffuse, of light from the room: the rest is lost to it."""
    h_ci_w_m2k: ArrayLike = 2.0
    h_ri_w_m2k: ArrayLike = film.INSIDE_RADIATIVE_W_M2K


@dataclass(frozen=True)
class Network:
    """Linear networks of one topology; n nodes (capacities), m = 8 inputs, b boundaries."""

    boundary: tuple[str, ...]
    """Elements and windows by name, then "bridges", "sun", "radiant"."""
    capacity_j_k: Float
    """C [n, zone]"""
    conduction_w_k: Float
    """G [n, n, zone], symmetric"""
    from_air_w_k: Float
    """b = c [n, zone]: T_a -> nodes, and nodes -> air"""
    from_input: Float
    """B [n, m, zone]"""
    direct: Float
    """d [m, zone]"""
    direct_air_w_k: Float
    """d_a [zone], below 0"""
    flow: Float
    """[b, n + m + 1, zone]: heat into the zone through each boundary [W], of (x, u, T_a). Summed over boundaries it is
    the heat to the air plus the heat stored."""


def glazed(
    glazing: Glazing, *, area_m2: ArrayLike, h_ce_w_m2k: ArrayLike, sky_view: ArrayLike = film.UPRIGHT_SKY_VIEW,
    name: str = "windows", black_w_m2k: float = film.OUTSIDE_BLACK_W_M2K, h_ci_w_m2k: ArrayLike = 2.0,
    h_ri_w_m2k: ArrayLike = film.INSIDE_RADIATIVE_W_M2K,
) -> Window:  # fmt: skip
    """Window of a glazing behind the outer film h_ce + eps h_b (chain of the module's window equation)."""
    emissivity = glazing.panes[0].emissivity_front
    outer = np.asarray(h_ce_w_m2k, float) + emissivity * black_w_m2k
    # resistance from outdoor air to every pane: heat put in there reaches the inner pane in proportion to it;
    # the sky takes its part at the outer face, behind the film alone
    reach = np.array([1.0 / outer + r for r in glazing.resistance_to_pane_m2k_w])
    share = reach / reach[-1]
    normal = glazing.absorptance_normal
    absorbed = sum(a * s for a, s in zip(normal, share, strict=True))
    return Window(
        name=name, area_m2=area_m2, conductance_w_m2k=1.0 / reach[-1], transmittance=glazing.transmittance_normal,
        absorptance=absorbed, sky=emissivity * np.asarray(sky_view, float) / outer / reach[-1],
        inside_reflectance=glazing.inside_reflectance_diffuse, h_ci_w_m2k=h_ci_w_m2k, h_ri_w_m2k=h_ri_w_m2k,
    )  # fmt: skip


def sun_shares(elements: Sequence[Element], windows: Sequence[Window], beam_share: ArrayLike, zones: int) -> Float:
    """Where sunlight that came through the windows ends, [element + window, zone]; sums to 1, of windows: lost.

    Beam falls on the floor, which absorbs its absorptance; the reflected part meets the other faces by area; what they
    reflect, and all diffuse light, is absorbed in proportion to absorptance x area (ASHRAE 140, annex on interior solar
    distribution, in short). Without a floor, or with nothing else, all light counts as diffuse; where no face absorbs
    anything, it ends by area. `beam_share`: beam's part of the transmitted.
    """
    full = partial(np.broadcast_to, shape=(zones,))
    areas = [e.area_m2 for e in elements] + [w.area_m2 for w in windows]
    area = np.array([full(np.maximum(a, LEAST_M2)) for a in areas])
    kept = [e.inside_absorptance for e in elements] + [1.0 - np.asarray(w.inside_reflectance) for w in windows]
    absorptance = np.array([full(k) for k in kept], float)
    floor = np.array([e.floor for e in elements] + [False] * len(windows))
    taken = area * absorptance
    taken = np.where(taken.any(axis=0), taken, area)
    diffuse = taken / taken.sum(axis=0)
    if not floor.any() or floor.all():
        return diffuse
    floors = np.where(floor[:, None], area, 0.0)
    first = floors / floors.sum(axis=0) * absorptance
    others = np.where(floor[:, None], 0.0, area)
    second = (1.0 - first.sum(axis=0)) * others / others.sum(axis=0) * absorptance
    beam = first + second
    beam = beam + (1.0 - beam.sum(axis=0)) * diffuse
    mix = full(np.asarray(beam_share, float))
    return mix * beam + (1.0 - mix) * diffuse


def assemble(
    elements: Sequence[Element], windows: Sequence[Window] = (), *, zones: int, step_s: float,
    bridges_w_k: ArrayLike = 0.0, beam_share: ArrayLike = 0.5, black_w_m2k: float = film.OUTSIDE_BLACK_W_M2K,
    fourier: float = FOURIER, shares: Float | None = None,
) -> Network:  # fmt: skip
    """Networks of `zones` zones (equations: see the module).

    bridges_w_k [zone]: thermal bridges, air to outdoor air without mass (EN ISO 13789:2017, psi-values).
    shares [element + window, zone]: in place of `sun_shares`.
    """
    chains = [chain(e.layers, zones=zones, step_s=step_s, fourier=fourier) for e in elements]
    n = sum(len(c.capacity_j_m2k) for c in chains)
    if shares is None:
        shares = sun_shares(elements, windows, beam_share, zones)
    forms = _Forms(n, zones)
    first = 0
    faces: list[_Face] = []
    for e, c in zip(elements, chains, strict=True):
        faces.append(_element(e, c, first, forms, black_w_m2k))
        first += len(c.capacity_j_m2k)
    faces += [_window(w, forms) for w in windows]
    transmitted = np.zeros(zones)
    for w in windows:
        transmitted = transmitted + np.maximum(w.area_m2, LEAST_M2) * np.asarray(w.transmittance, float)
    for face, share in zip(faces, shares, strict=True):
        if not face.lossy:
            face.source[n + Input.SUN_W_M2] += transmitted * share
    kept = sum((s for f, s in zip(faces, shares, strict=True) if not f.lossy), np.zeros(zones))
    to_air = _close(faces, forms)
    return _network(faces, forms, to_air, kept * transmitted, np.broadcast_to(np.asarray(bridges_w_k, float), zones))


class _Forms:
    """Linear forms over (x, u, T_a), each [n + m + 1, zone]; `node` collects the heat into every node."""

    def __init__(self, n: int, zones: int) -> None:
        self.n, self.zones, self.air = n, zones, n + INPUTS
        self.node = np.zeros((n, n + INPUTS + 1, zones))
        self.capacity = np.zeros((n, zones))

    def zero(self) -> Float:
        return np.zeros((self.n + INPUTS + 1, self.zones))


@dataclass
class _Face:
    """An inner face on its way to elimination."""

    name: str
    to_air: Float
    """A h_ci [zone]"""
    to_star: Float
    """A h_ri"""
    to_back: Float
    """K: conduction to what lies behind"""
    source: Float
    """Everything that heats the face, but air and star: K T_behind + sun; a form."""
    behind: int | None
    """Node behind it, None = massless to the outside"""
    outer: Float
    """Heat into the element through its outer face, a form; of a massless one without the face's own temperature"""
    through: Float
    """K where massless, else 0: its face's temperature counts in `outer`"""
    lossy: bool = False


def _element(e: Element, c: Chain, first: int, forms: _Forms, black_w_m2k: float) -> _Face:
    zones, n, count = forms.zones, forms.n, len(c.capacity_j_m2k)
    area = np.broadcast_to(np.maximum(np.asarray(e.area_m2, float), LEAST_M2), zones)
    behind = forms.zero()  # what the chain's outer end meets, as a temperature
    film_m2k_w: Float = np.zeros(zones)
    if e.outside is Outside.GROUND:
        behind[n + Input.GROUND_C] = 1.0
    elif e.outside is not Outside.ADIABATIC:
        h = np.asarray(e.h_ce_w_m2k, float) + np.asarray(e.emissivity, float) * black_w_m2k
        film_m2k_w = np.broadcast_to(1.0 / h, zones)
        behind[n + Input.OUTSIDE_C] = 1.0
        if e.outside is Outside.AIR:
            behind[n + Input.SKY_W_M2] = -np.asarray(e.emissivity, float) * np.asarray(e.sky_view, float) / h
            if e.sun is not None:
                behind[n + e.sun] += np.asarray(e.absorptance, float) / h
    resistance = c.resistance_m2k_w.copy()
    resistance[0] += film_m2k_w
    conductance = area / np.maximum(resistance, 1e-9)
    if e.outside is Outside.ADIABATIC:
        conductance[0] = 0.0
    forms.capacity[first : first + count] = c.capacity_j_m2k * area
    outer, source = forms.zero(), forms.zero()
    if count:
        outer = conductance[0] * behind
        outer[first] -= conductance[0]
        forms.node[first] += outer
        for i in range(1, count):
            a, b, g = first + i - 1, first + i, conductance[i]
            forms.node[a, a] -= g
            forms.node[a, b] += g
            forms.node[b, b] -= g
            forms.node[b, a] += g
        source[first + count - 1] = conductance[count]
    else:
        source = conductance[0] * behind
        outer = source.copy()
    return _Face(
        e.name, area * np.asarray(e.h_ci_w_m2k, float), area * np.asarray(e.h_ri_w_m2k, float), conductance[count],
        source, first + count - 1 if count else None, outer, conductance[0] if not count else np.zeros(zones),
    )  # fmt: skip


def _window(w: Window, forms: _Forms) -> _Face:
    area = np.broadcast_to(np.maximum(np.asarray(w.area_m2, float), LEAST_M2), forms.zones)
    conductance = area * np.asarray(w.conductance_w_m2k, float)
    source = forms.zero()
    source[forms.n + Input.OUTSIDE_C] = conductance
    source[forms.n + Input.SKY_W_M2] = -area * np.asarray(w.sky, float)
    source[forms.n + Input.PANE_W_M2] = area * np.asarray(w.absorptance, float)
    return _Face(
        w.name, area * np.asarray(w.h_ci_w_m2k, float), area * np.asarray(w.h_ri_w_m2k, float), conductance,
        source, None, source.copy(), conductance, lossy=True,
    )  # fmt: skip


def _close(faces: Sequence[_Face], forms: _Forms) -> Float:
    """Eliminate faces and star; complete the nodes' and the outer flows; return the heat to the air, a form."""
    star, own = forms.zero(), np.zeros(forms.zones)
    exchange = sum((f.to_star for f in faces), np.zeros(forms.zones))
    total = [f.to_air + f.to_star + f.to_back for f in faces]
    for f, d in zip(faces, total, strict=True):
        f.source[forms.air] += f.to_air
        star += f.to_star / d * f.source
        own += f.to_star**2 / d
    star[forms.n + Input.RADIANT_W] += 1.0
    star /= exchange - own
    to_air = forms.zero()
    for f, d in zip(faces, total, strict=True):
        face = (f.source + f.to_star * star) / d
        to_air += f.to_air * face
        to_air[forms.air] -= f.to_air
        if f.behind is None:
            f.outer -= f.through * face
        else:
            forms.node[f.behind] += f.to_back * face
            forms.node[f.behind, f.behind] -= f.to_back
    return to_air


def _network(faces: Sequence[_Face], forms: _Forms, to_air: Float, sun_m2: Float, bridges_w_k: Float) -> Network:
    n, air = forms.n, forms.air
    names = list(dict.fromkeys(f.name for f in faces))
    flow = np.zeros((len(names) + 3, n + INPUTS + 1, forms.zones))
    for f in faces:
        flow[names.index(f.name)] += f.outer
    flow[-3, n + Input.OUTSIDE_C] = bridges_w_k
    flow[-3, air] = -bridges_w_k
    flow[-2, n + Input.SUN_W_M2] = sun_m2
    flow[-1, n + Input.RADIANT_W] = 1.0
    to_air = to_air + flow[-3]
    return Network(
        (*names, "bridges", "sun", "radiant"), forms.capacity, -forms.node[:, :n], forms.node[:, air],
        forms.node[:, n:air], to_air[n:air], to_air[air], flow,
    )  # fmt: skip
