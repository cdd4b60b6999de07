"""Every quantity that is shown or sent, as data: name, SI unit, axis, sign, label, display unit, colour map, source.

Inside the program every number is SI and carries its unit as suffix of its name; `display` is the one
place where it becomes what people read.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Quantity:
    """One quantity of the vocabulary."""

    name: str
    """Name, with the unit as suffix; also its topic on the wire."""
    unit: str
    """SI unit as stored and sent."""
    axis: str
    """Axis of the last array dimension: building, line, node, site or district."""
    sign: str
    """What a positive value means, in a few words; empty where it cannot be negative."""
    label: str
    """Name on the screen."""
    display_unit: str
    """Unit on the screen."""
    display_factor: float
    """display value = SI value * factor + offset."""
    display_offset: float
    colour_map: str
    """diverging (orange takes, blue gives) or sequential."""
    source: str
    """Where the definition comes from."""
    surface: str = ""
    """What of a building it is a property of, and colours: walls, roofs or (empty) the building."""


def _q(
    name: str, unit: str, axis: str, label: str, display_unit: str, factor: float, *,
    sign: str = "", offset: float = 0.0, colour_map: str = "sequential", source: str = "modelled by sim",
    surface: str = "",
) -> Quantity:  # fmt: skip
    return Quantity(name, unit, axis, sign, label, display_unit, factor, offset, colour_map, source, surface)


QUANTITIES: dict[str, Quantity] = {
    q.name: q
    for q in (
        _q("surplus_w_m2", "W/m2", "building", "Net power per footprint", "W/m²", 1.0,
           sign="leaves the building towards the district", colour_map="diverging"),
        _q("surplus_w", "W", "building", "Net power", "kW", 1e-3,
           sign="leaves the building towards the district", colour_map="diverging"),
        _q("pv_w", "W", "building", "Solar power", "kW", 1e-3),
        _q("pv_peak_w", "W", "building", "Installed solar modules", "kW", 1e-3,
           source="scenario, at standard test conditions"),
        _q("pv_roof_w", "W", "building", "Installed solar modules on roofs", "kW", 1e-3,
           source="scenario, at standard test conditions"),
        _q("appliances_w", "W", "building", "Appliances", "kW", 1e-3),
        _q("heating_w", "W", "building", "Space heat", "kW", 1e-3, source="ISO 13790:2008 annex C"),
        _q("heating_w_m2", "W/m2", "building", "Space heat per footprint", "W/m²", 1.0,
           source="ISO 13790:2008 annex C"),
        _q("heater_w", "W", "building", "Electricity for heat", "kW", 1e-3),
        _q("gas_w", "W", "building", "Gas", "kW", 1e-3),
        _q("battery_w", "W", "building", "Home battery", "kW", 1e-3, sign="gives, discharging",
           colour_map="diverging"),
        _q("vehicle_w", "W", "building", "Charging of cars", "kW", 1e-3),
        _q("facade_sun_j_m2", "J/m2", "building", "Sun on facades in a year", "kWh/m²", 1 / 3.6e6,
           source="Perez sky, horizons; mean by area", surface="walls"),
        _q("roof_sun_j_m2", "J/m2", "building", "Sun on roofs in a year", "kWh/m²", 1 / 3.6e6,
           source="Perez sky, horizons; mean by area", surface="roofs"),
        *(_q(f"sun_{month}_s", "s", "building", f"Hours of sun, 21 {month.title()}", "h", 1 / 3600,
             source="clear day, sunniest facade (EN 17037:2018)", surface="walls")
          for month in ("march", "june", "december")),
        _q("site_w", "W", "site", "Power of the plant", "kW", 1e-3, sign="gives to the district",
           colour_map="diverging"),
        _q("site_peak_w", "W", "site", "Rating of the plant", "kW", 1e-3, source="scenario; 0 = nothing stands there"),
        _q("site_charge", "1", "site", "State of charge", "%", 100.0),
        _q("indoor_k", "K", "building", "Indoor temperature", "°C", 1.0, offset=-273.15),
        _q("line_w", "W", "line", "Power along the line", "kW", 1e-3,
           sign="from its `from` node to its `to` node, away from the substation", colour_map="diverging"),
        _q("line_loading", "1", "line", "Loading", "%", 100.0),
        _q("voltage_pu", "pu", "node", "Voltage", "pu", 1.0),
        _q("district_surplus_w", "W", "district", "District net power", "kW", 1e-3,
           sign="leaves the district", colour_map="diverging"),
        _q("sun_enu", "1", "district", "Direction to the sun, east north up", "", 1.0,
           source="Astronomical Almanac, at the district's place"),
    )
}  # fmt: skip


def display(name: str, value: float) -> float:
    """Value of quantity `name` in its display unit, from SI.

    Raises:
        KeyError: the quantity is not in the vocabulary.
    """
    q = QUANTITIES[name]
    return value * q.display_factor + q.display_offset
