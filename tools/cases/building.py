"""Geometry and materials of an envelope case, read and checked: surfaces, layers, panes, windows, shades."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sim.physics import film, shading
from sim.physics.glass import GASES, Gap, Glazing, Pane
from sim.physics.wall import Layer, resistance
from sim.physics.zone import Outside
from tools.cases.table import Table, nearest

Material = tuple[float, float, float]
"""Conductivity [W/mK], density [kg/m3], specific heat [J/kgK]."""
FILMS_M2K_W = 0.17
"""Outer and inner film of a declared U-value (EN ISO 6946:2017, table 7: 0.04 + 0.13)."""
_FACES = (("absorptance", 0.6, 0.0), ("emissivity", 0.9, 0.01), ("inside_absorptance", 0.6, 0.0),
          ("inside_emissivity", 0.9, 0.01))  # fmt: skip
"""Of an opaque surface's two faces: key, default, least."""
LEAST_U, MOST_U = 0.005, 1.0 / FILMS_M2K_W
"""A U-value must lie between: below is no building, above is less than its films alone."""


@dataclass(frozen=True)
class Construction:
    """What an opaque surface is made of, and its faces."""

    layers: tuple[Layer, ...]
    """Outside to inside."""
    absorptance: float
    emissivity: float
    inside_absorptance: float
    inside_emissivity: float
    roughness: float


@dataclass(frozen=True)
class Films:
    """Convection at the two faces [W/m2K] where a case prescribes it; None: it follows from wind and tilt."""

    h_ce_w_m2k: float | None = None
    h_ci_w_m2k: float | None = None


NO_FILMS = Films()


@dataclass(frozen=True)
class Surface:
    """A plane of the envelope, or inside it."""

    name: str
    construction: Construction
    outside: Outside
    gross_m2: float
    """With its windows."""
    opaque_m2: float
    tilt_rad: float
    azimuth_rad: float
    middle_m: float
    """Height of its middle above ground, for wind."""
    frame: shading.Opening | None
    """The whole wall as a rectangle, seen from outside; None where only its area is given."""
    shades: tuple[shading.Shade, ...] = ()
    films: Films = NO_FILMS

    @property
    def sun(self) -> bool:
        """Does it see sun and sky?"""
        return self.outside is Outside.AIR

    @property
    def upright(self) -> bool:
        """Walls, not floors, roofs and ceilings."""
        return bool(np.pi / 3 <= self.tilt_rad <= 2 * np.pi / 3)

    @property
    def floor(self) -> bool:
        """Does its inner face look up?"""
        return bool(self.tilt_rad > 0.75 * np.pi)


@dataclass(frozen=True)
class Window:
    """Glass in a surface."""

    name: str
    surface: Surface
    glazing: Glazing
    area_m2: float
    opening: shading.Opening | None
    """Where it lies in the surface; None where only its area is given."""
    middle_m: float
    films: Films = NO_FILMS


@dataclass(frozen=True)
class Building:
    """One zone and what surrounds it."""

    volume_m3: float
    floor_m2: float
    surfaces: tuple[Surface, ...]
    windows: tuple[Window, ...]


def building(inputs: Table) -> Building:
    """The zone of the case.

    Raises:
        Refused: naming surface, window or layer and what is wrong with it: no area, no place, no such construction,
            glass larger than its wall, a U-value that no building has.
    """
    zone = inputs.table("zone")
    volume, floor = zone.number("volume_m3", above=0.0), zone.number("floor_m2", above=0.0)
    height = zone.number("height_m", volume / floor, above=0.0)
    materials = {n: _material(t) for n, t in inputs.named("material").items()}
    constructions = {n: _construction(t, materials) for n, t in inputs.named("construction").items()}
    surfaces = {n: _surface(n, t, constructions, height) for n, t in inputs.named("surface").items()}
    if not surfaces:
        raise inputs.wrong("surface", "is missing; write [surface.NAME] for every wall, roof and floor")
    _shades(inputs, surfaces)
    glazings = _glazings(inputs)
    tables = inputs.named("window")
    windows = [_window(n, t, surfaces, glazings, height) for n, t in tables.items()]
    for name, surface in surfaces.items():
        glass = sum(w.area_m2 for w in windows if w.surface is surface)
        if glass >= surface.gross_m2 * (1.0 - 1e-9) and glass > 0.0:
            table = inputs.named("surface")[name]
            raise table.wrong("area_m2", f"is {surface.gross_m2:g}, but its windows take {glass:g}; leave some wall")
        surfaces[name] = replace(surface, opaque_m2=surface.gross_m2 - glass)
    _apart(windows, tables)
    windows = [replace(w, surface=surfaces[w.surface.name]) for w in windows]
    return Building(volume, floor, tuple(surfaces.values()), tuple(windows))


def _construction(table: Table, materials: dict[str, Material]) -> Construction:
    faces = {key: table.number(key, default, least=least, most=1.0) for key, default, least in _FACES}
    rough = {"glass": 1.0, "smooth": 1.11, "medium": 1.52, "rough": film.ROUGH, "very rough": 2.17}
    roughness = rough[table.text("roughness", "rough", choices=tuple(rough))]
    if "u_w_m2k" in table:
        u = table.number("u_w_m2k")
        _check_u(table, "u_w_m2k", u)
        layers = [resistance(1.0 / u - FILMS_M2K_W)]
    else:
        layers = [_layer(t, materials) for t in table.tables("layers")]
        if not layers:
            raise table.wrong("layers", "is missing; list the layers from outside to inside, or give u_w_m2k")
        _check_u(table, "layers", 1.0 / (FILMS_M2K_W + sum(float(layer.resistance_m2k_w) for layer in layers)))
    return Construction(tuple(layers), roughness=roughness, **faces)


def _check_u(table: Table, key: str, u: float) -> None:
    if not LEAST_U <= u <= MOST_U:
        raise table.wrong(key, f"makes a U-value of {u:.3g} W/m2K; no wall's lies outside {LEAST_U:g} .. {MOST_U:.3g}")


def _layer(table: Table, materials: dict[str, Material]) -> Layer:
    """{thickness_m, conductivity_w_mk, density_kg_m3, heat_j_kgk}, {material, thickness_m} or {resistance_m2k_w}."""
    table.text("name", "")
    if "resistance_m2k_w" in table:
        return resistance(table.number("resistance_m2k_w", above=0.0))
    material = table.pick("material", materials) if "material" in table else _material(table)
    return Layer(table.number("thickness_m", above=0.0), *material)


def _material(table: Table) -> Material:
    return (table.number("conductivity_w_mk", above=0.0), table.number("density_kg_m3", 0.0, least=0.0),
            table.number("heat_j_kgk", 0.0, least=0.0))  # fmt: skip


def _surface(name: str, table: Table, constructions: dict[str, Construction], zone_height: float) -> Surface:
    own = table.pick("construction", constructions)
    faces: dict[str, Any] = {k: table.number(k, getattr(own, k), least=least, most=1.0) for k, _, least in _FACES}
    own = replace(own, **faces)
    outside = Outside(table.text("outside", "air", choices=tuple(o.value for o in Outside)))
    tilt = np.radians(table.number("tilt_deg", 90.0, least=0.0, most=180.0))
    level = min(tilt, np.pi - tilt) < 1e-6
    azimuth = np.radians(table.number("azimuth_deg", 0.0 if level or outside is not Outside.AIR else _needed(table),
                                      least=-360.0, most=360.0))  # fmt: skip
    frame, area = _rectangle(table)
    default = zone_height if tilt < np.pi / 3 else 0.0 if tilt > 2 * np.pi / 3 else 0.5 * zone_height
    middle = table.number("middle_m", default, least=0.0)
    if "h_ce_w_m2k" in table and outside not in (Outside.AIR, Outside.SHELTERED):
        raise table.wrong("h_ce_w_m2k", f'stands on a surface that meets "{outside.value}", where there is no film')
    return Surface(name, own, outside, area, area, float(tilt), float(azimuth), middle, frame, films=_films(table))


def _films(table: Table) -> Films:
    """Coefficients that a case prescribes, as ASHRAE 140's 450 to 470 do."""
    given = {k: table.number(k, above=0.0, most=1000.0) for k in ("h_ce_w_m2k", "h_ci_w_m2k") if k in table}
    return Films(**given)


def _needed(table: Table) -> float:
    table.number("azimuth_deg")  # says that it is missing
    return 0.0


def _rectangle(table: Table) -> tuple[shading.Opening | None, float]:
    """width_m x height_m, or area_m2 alone."""
    if "area_m2" in table:
        area = table.number("area_m2", above=0.0)
        for key in ("width_m", "height_m"):
            if key in table:
                raise table.wrong(key, "stands beside area_m2; give width_m and height_m, or area_m2 alone "
                                       "(what a base gives is taken away by drop)")  # fmt: skip
        return None, area
    width, height = table.number("width_m", above=0.0), table.number("height_m", above=0.0)
    return shading.Opening(0.0, width, 0.0, height), width * height


def _glazings(inputs: Table) -> dict[str, Glazing]:
    panes = {n: _pane(t) for n, t in inputs.named("pane").items()}
    made = {}
    for name, table in inputs.named("glazing").items():
        words = table.raw("panes")
        if not isinstance(words, list) or not words:
            raise table.wrong("panes", "is no list; name the panes from outside to inside")
        for word in words:
            if word not in panes:
                raise table.wrong("panes", f'names "{word}", which is no pane{nearest(str(word), sorted(panes))}')
        gaps = [_gap(t) for t in table.tables("gaps")]
        if len(gaps) != len(words) - 1:
            raise table.wrong("gaps", f"has {len(gaps)} gaps for {len(words)} panes; there is one between two panes")
        made[name] = Glazing(tuple(panes[w] for w in words), tuple(gaps))
    return made


def _pane(table: Table) -> Pane:
    share = {k: table.number(k, least=0.0, most=1.0) for k in ("transmittance", "reflectance_front")}
    back = table.number("reflectance_back", share["reflectance_front"], least=0.0, most=1.0)
    emissivity = {k: table.number(k, 0.84, least=0.01, most=1.0) for k in ("emissivity_front", "emissivity_back")}
    pane = Pane(
        thickness_m=table.number("thickness_m", above=0.0), reflectance_back=back,
        conductivity_w_mk=table.number("conductivity_w_mk", 1.0, above=0.0), **share, **emissivity,
    )  # fmt: skip
    if pane.transmittance + max(pane.reflectance_front, back) > 1.0:
        raise table.wrong("transmittance", "and reflectance make more than 1")
    if pane.transmittance <= 0.0 or pane.reflectance_front <= 0.0:
        raise table.wrong("transmittance", "and reflectance_front must be more than 0; an opaque pane is a surface")
    return pane


def _gap(table: Table) -> Gap:
    if "conductance_w_m2k" in table:
        return Gap(0.0, conductance_w_m2k=table.number("conductance_w_m2k", above=0.0))
    gas = table.text("gas", "air", choices=tuple(GASES))
    return Gap(table.number("thickness_m", above=0.0), gas)


def _window(
    name: str, table: Table, surfaces: dict[str, Surface], glazings: dict[str, Glazing], zone_height: float
) -> Window:  # fmt: skip
    surface = table.pick("surface", surfaces, so="so the window floats")
    glazing = table.pick("glazing", glazings)
    if not surface.sun:
        raise table.wrong("surface", f'is "{surface.name}", which meets {surface.outside.value}; glass needs air')
    size, area = _rectangle(table)
    if size is None:
        if surface.shades:
            raise table.wrong("area_m2", "says nothing of where the shades' shadow falls; give width_m and height_m")
        middle = table.number("middle_m", surface.middle_m, least=0.0)
        return Window(name, surface, glazing, area, None, middle, _films(table))
    wall = surface.frame
    left = table.number("left_m", 0.5 * (wall.right_m - size.right_m) if wall else 0.0, least=0.0)
    sill = table.number("sill_m", 0.5 * (wall.head_m - size.head_m) if wall else 0.0, least=0.0)
    opening = shading.Opening(left, left + size.right_m, sill, sill + size.head_m)
    if wall and (opening.right_m > wall.right_m + 1e-9 or opening.head_m > wall.head_m + 1e-9):
        raise table.wrong("width_m", f'reaches beyond its wall "{surface.name}" ({wall.right_m:g} x {wall.head_m:g} m)')
    middle = table.number("middle_m", surface.middle_m + (0.5 * (opening.sill_m + opening.head_m - wall.head_m)
                                                          if wall and surface.upright else 0.0), least=0.0)  # fmt: skip
    return Window(name, surface, glazing, area, opening, middle, _films(table))


def _apart(windows: list[Window], tables: dict[str, Table]) -> None:
    """Two windows of a wall may touch, not overlap: the wall would lose the same glass twice."""
    for n, one in enumerate(windows):
        for other in windows[:n]:
            a, b = one.opening, other.opening
            if a is None or b is None or one.surface is not other.surface:
                continue
            wide = min(a.right_m, b.right_m) - max(a.left_m, b.left_m)
            high = min(a.head_m, b.head_m) - max(a.sill_m, b.sill_m)
            if min(wide, high) > 1e-9:
                raise tables[one.name].wrong("left_m", f'and sill_m lay it over window "{other.name}"; move one')


def _shades(inputs: Table, surfaces: dict[str, Surface]) -> None:
    """Overhangs and fins into the surfaces that they stand on."""
    for table in inputs.named("shade").values():
        surface = table.pick("surface", surfaces, so="so the shade floats")
        wall = surface.frame
        if wall is None:
            raise table.wrong("surface", f'is "{surface.name}", which has an area alone; give it width_m and height_m')
        depth = table.number("depth_m", above=0.0)
        shade: shading.Shade
        if table.text("kind", choices=("overhang", "fin")) == "overhang":
            shade = shading.Overhang(table.number("height_m"), table.number("left_m", 0.0),
                                     table.number("right_m", wall.right_m), depth)  # fmt: skip
            ends = (shade.left_m, shade.right_m)
        else:
            shade = shading.Fin(table.number("at_m"), table.number("bottom_m", 0.0),
                                table.number("top_m", wall.head_m), depth)  # fmt: skip
            ends = (shade.bottom_m, shade.top_m)
        if ends[0] >= ends[1]:
            raise table.wrong("depth_m", f"belongs to a shade from {ends[0]:g} to {ends[1]:g} m; exchange its ends")
        surfaces[surface.name] = replace(surface, shades=(*surface.shades, shade))
