"""What the source says of each building, and the district's columns that follow from it and from the geometry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.district import Buildings, SurfaceKind, Surfaces
from tools import archetypes
from tools.archetypes import Envelope, Inferred, Shapes
from tools.city import Source
from tools.geometry import Bodies
from tools.horizon import Outlook
from tools.surfaces import Areas, Raw, between_windows

Float = NDArray[np.float64]
YEAR_KEYS = (
    "yearofconstruction", "oorspronkelijkbouwjaar", "constructionyear", "construction_year", "year_built", "yearbuilt",
    "bouwjaar", "baujahr", "year_of_construction", "annee_construction", "built_year", "start_date", "date_app",
    "dateofconstruction", "year",
)  # fmt: skip
RENOVATION_KEYS = (
    "yearofrenovation", "renovationyear", "renovation_year", "year_of_renovation", "renovatiejaar", "sanierungsjahr",
    "annee_renovation",
)  # fmt: skip
"""Year in which the envelope was renewed: it counts as one that was built then."""
STOREY_KEYS = (
    "storeysaboveground", "b3_bouwlagen", "numberofstoreys", "number_of_storeys", "storeys", "num_floors", "nb_etages",
    "building:levels", "levels", "floors",
)  # fmt: skip
DWELLING_KEYS = (
    "numberofdwellings", "number_of_dwellings", "dwellings", "num_dwellings", "nb_logements", "building:flats",
    "aantal_verblijfsobjecten", "nb_logts",
)  # fmt: skip
VEHICLE_KEYS = ("vehicles", "numberofvehicles", "cars", "numberofcars", "number_of_cars")
NAME_KEYS = ("name", "gml:name", "naam", "addr:housename")
FLOOR_KEYS = ("grossfloorarea", "gross_floor_area", "grossfloorarea_m2", "floorarea", "floor_area")

MODULE_KEYS = (
    "pvpeakpower_kw", "pv_peak_kw", "pv_kwp", "pvpeakpower", "installedpv_kwp", "generator:output:electricity_kw",
)  # fmt: skip
"""Modules that are there already, in kW at standard test conditions."""
OF_LAYERS = ("electric_share", "smart_share", "away_share", "battery_j", "battery_limit_w")
"""Columns that are 0 until a layer raises them."""
EQUATORWARD = np.radians(100.0)
"""Existing modules are taken to lie on flat roofs and on those within this angle of the equator."""


def number(
    attributes: Mapping[str, Any], keys: tuple[str, ...], *, least: float, most: float, missing: float = 0.0
) -> float:
    """The first attribute of `keys` (whatever its case) that is a number within bounds; else `missing`.

    Dates count by their year.
    """
    lower = {k.lower(): v for k, v in attributes.items()}
    for key in keys:
        value = lower.get(key)
        if isinstance(value, str):
            value = value.strip()[:4] if value[4:5] == "-" else value.strip()
        if value is None or isinstance(value, bool):
            continue
        try:
            found = float(value)
        except (TypeError, ValueError):
            continue
        if least <= found <= most:
            return found
    return missing


def shapes(sources: tuple[Source, ...], b: Bodies, a: Areas) -> tuple[Shapes, list[Inferred]]:
    """Geometry and attributes as the archetypes want them; a missing year or number of storeys is 0."""
    count = len(sources)
    use, size = np.zeros(count, np.int8), np.zeros(count, np.int8)
    year = np.array([number(s.attributes, YEAR_KEYS, least=1000, most=2100) for s in sources])
    renovated = np.array([number(s.attributes, RENOVATION_KEYS, least=1900, most=2100) for s in sources])
    storeys = np.array([number(s.attributes, STOREY_KEYS, least=1, most=200) for s in sources])
    floor = np.array([number(s.attributes, FLOOR_KEYS, least=1, most=1e7) for s in sources])
    dwellings = np.array([number(s.attributes, DWELLING_KEYS, least=1, most=1e5) for s in sources])
    # no car at all is an answer too
    vehicles = np.array([number(s.attributes, VEHICLE_KEYS, least=0, most=1e5, missing=np.nan) for s in sources])
    notes: list[Inferred] = []
    for k, source in enumerate(sources):
        chosen, rule = archetypes.use_of(
            source.attributes, footprint_m2=float(b.footprint_m2[k]), height_m=float(b.roof_m[k])
        )
        use[k] = chosen
        if rule:
            notes.append(("building", source.id, "use", rule))
        notes.append(("building", source.id, "size_class", "geometry and number of dwellings"))
        levels = int(storeys[k]) or archetypes.storeys_of(float(b.roof_m[k]))
        size[k] = archetypes.size_class(
            footprint_m2=float(b.footprint_m2[k]), floor_m2=float(floor[k] or b.footprint_m2[k] * levels),
            storeys=levels, wall_m2=float(a.wall_m2[k]), party_m2=float(a.party_m2[k]), dwellings=float(dwellings[k]),
        )  # fmt: skip
    return Shapes(
        id=tuple(s.id for s in sources), use=use, size_class=size, year=year.astype(np.int32),
        storeys=storeys.astype(np.int32), height_m=b.roof_m, footprint_m2=b.footprint_m2, floor_m2=floor,
        volume_m3=b.volume_m3, roof_m2=a.roof_m2, wall_m2=a.wall_m2, ground_m2=a.ground_m2, party_m2=a.party_m2,
        x_m=b.x_m, y_m=b.y_m, dwellings=dwellings, vehicles=vehicles, renovated=renovated.astype(np.int32),
    ), notes  # fmt: skip


def buildings(
    sources: tuple[Source, ...], b: Bodies, e: Envelope, *, rows: tuple[NDArray[np.int32], NDArray[np.int32]]
) -> Buildings:
    """The axis [building], not yet connected; `rows` are the profiles of appliances and of hot water."""
    of_envelope = {f.name for f in fields(Envelope)}
    shared: dict[str, Any] = {f.name: getattr(e, f.name) for f in fields(Buildings) if f.name in of_envelope}
    shared |= {name: np.zeros(len(sources)) for name in OF_LAYERS}
    return Buildings(
        id=tuple(s.id for s in sources), name=tuple(name_of(s) for s in sources), x_m=b.x_m, y_m=b.y_m, z_m=b.ground_m,
        height_m=b.height_m, footprint_m2=b.footprint_m2, volume_m3=b.volume_m3, profile=rows[0],
        hot_water_profile=rows[1], node=np.full(len(sources), -1, np.int32),
        phase_share=np.full((len(sources), 3), 1.0 / 3.0), **shared,
    )  # fmt: skip


def surfaces(
    raw: Raw, e: Envelope, seen: Outlook, *, pv_peak_w: Float
) -> Surfaces:
    """The axis [surface]: windows in the walls' share, the rest opaque."""
    wall = raw.kind == SurfaceKind.WALL
    window = np.where(wall, e.window_share[raw.building], 0.0)
    return Surfaces(
        id=raw.id, building=raw.building, kind=raw.kind, tilt_rad=raw.tilt_rad, azimuth_rad=raw.azimuth_rad,
        area_m2=raw.area_m2, x_m=raw.xyz_m[:, 0].copy(), y_m=raw.xyz_m[:, 1].copy(), z_m=raw.xyz_m[:, 2].copy(),
        glass_m2=raw.area_m2 * window * e.glass_effective[raw.building],
        opaque_m2=raw.area_m2 * (1 - window),
        usable_m2=np.where(wall, between_windows(raw.usable_m2, window, seen.sky_view), raw.usable_m2),
        pv_peak_w=pv_peak_w, horizon_rad=seen.horizon_rad, crown_rad=seen.crown_rad, sky_view=seen.sky_view,
        crown_view=seen.crown_view,
    )  # fmt: skip


def modules(sources: tuple[Source, ...], raw: Raw, *, north: bool) -> tuple[Float, tuple[str, ...]]:
    """Modules that the source says are there, spread over each building's suited roof faces by usable area.

    Returns:
        pv_peak_w [surface], and the ids of buildings whose modules found no roof that can carry them.
    """
    stated_w = 1e3 * np.array([number(s.attributes, MODULE_KEYS, least=0.0, most=1e5) for s in sources])
    off_equator = np.abs((raw.azimuth_rad - (np.pi if north else 0.0) + np.pi) % (2 * np.pi) - np.pi)
    roof_m2 = np.where(raw.kind == SurfaceKind.ROOF, raw.usable_m2, 0.0)
    suited = np.where((raw.tilt_rad < np.radians(10.0)) | (off_equator <= EQUATORWARD), roof_m2, 0.0)
    count = len(sources)
    suited_m2 = np.bincount(raw.building, suited, count)
    weight = np.where(suited_m2[raw.building] > 0, suited, roof_m2)
    whole = np.bincount(raw.building, weight, count)
    peak = np.divide(stated_w, whole, out=np.zeros(count), where=whole > 0)[raw.building] * weight
    homeless = tuple(sources[k].id for k in np.flatnonzero((stated_w > 0) & (whole <= 0)))
    return peak, homeless


def name_of(source: Source) -> str:
    """What people call it; registers also put their keys there, which no letter betrays."""
    lower = {k.lower(): v for k, v in source.attributes.items()}
    found = (" ".join(str(lower[k]).split()) for k in NAME_KEYS if lower.get(k))
    return next((name for name in found if any(c.isalpha() for c in name)), source.id)
