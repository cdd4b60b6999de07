"""Kind `iso13790-hour`: one hour of ISO 13790:2008, annex C, the simple hourly method (five resistances, one capacity).

    outside --H_ve-- air --H_is-- surface --H_ms-- mass --H_em-- outside
                                  surface --H_w--- outside

The product's rooms are the layered network of sim/physics/rooms.py; this model is what many published single hours
and national methods use, and is kept as a cross-check that reads like the standard. No sky, no layers, no film.
"""

from __future__ import annotations

from dataclasses import dataclass

from tools.cases.read import Case, Figure
from tools.cases.table import Table

H_IS_W_M2K = 3.45
"""Air to surface (ISO 13790 7.2.2.2)."""
H_MS_W_M2K = 9.1
"""Surface to mass (ISO 13790 12.2.2)."""
AIR_J_M3K = 1200.0
"""Heat capacity of air by volume (ISO 13790 9.3.1)."""
HOUR_S = 3600.0


@dataclass(frozen=True)
class Room:
    """The five conductances [W/K], the capacity [J/K] and the areas that share gains [m2]."""

    ventilation_w_k: float
    """H_ve"""
    air_surface_w_k: float
    """H_is = 3.45 A_tot (7.2.2.2)"""
    window_w_k: float
    """H_w, without mass (8.3)"""
    surface_mass_w_k: float
    """H_ms = 9.1 A_m (12.2.2)"""
    mass_outside_w_k: float
    """H_em = 1 / (1 / H_op - 1 / H_ms) (12.2.2)"""
    mass_j_k: float
    """C_m (12.3.1)"""
    mass_share: float
    """A_m / A_tot"""
    window_share: float
    """H_w / (9.1 A_tot), of equation C.3"""


@dataclass(frozen=True)
class Hour:
    """What a room does in an hour: temperatures [degC], means over the hour unless said."""

    air_c: float
    surface_c: float
    mass_c: float
    mass_after_c: float
    """At the hour's end."""


def room(inputs: Table) -> Room:
    """The room that the case describes.

    Raises:
        Refused: a key that is missing or out of range.
    """
    opaque_w_k = inputs.number("opaque_m2", least=0.0) * inputs.number("opaque_w_m2k", least=0.0)
    window_w_k = inputs.number("window_m2", least=0.0) * inputs.number("window_w_m2k", least=0.0)
    floor_m2, volume_m3 = inputs.number("floor_m2", above=0.0), inputs.number("volume_m3", above=0.0)
    recovered = inputs.number("recovery", 0.0, least=0.0, most=1.0)
    changes_h = (1.0 - recovered) * inputs.number("ventilation_h", 0.0, least=0.0)
    changes_h += inputs.number("infiltration_h", 0.0, least=0.0)
    mass_m2 = inputs.number("mass_m2", 2.5 * floor_m2, above=0.0)
    inner_m2 = inputs.number("inner_m2", 4.5 * floor_m2, above=0.0)
    surface_mass_w_k = H_MS_W_M2K * mass_m2
    if opaque_w_k >= surface_mass_w_k:
        raise inputs.wrong("opaque_w_m2k", "leaks more than the mass can pass on (9.1 W/m2K times mass_m2); "
                                           "enlarge mass_m2 or lower it")  # fmt: skip
    return Room(
        ventilation_w_k=AIR_J_M3K * changes_h * volume_m3 / HOUR_S,
        air_surface_w_k=H_IS_W_M2K * inner_m2,
        window_w_k=window_w_k,
        surface_mass_w_k=surface_mass_w_k,
        mass_outside_w_k=opaque_w_k * surface_mass_w_k / (surface_mass_w_k - opaque_w_k),
        mass_j_k=inputs.number("mass_j_m2k", above=0.0) * floor_m2,
        mass_share=mass_m2 / inner_m2,
        window_share=window_w_k / (H_MS_W_M2K * inner_m2),
    )


def hour(r: Room, *, outside_c: float, internal_w: float, solar_w: float, mass_before_c: float, power_w: float) -> Hour:
    """An hour with heating (or, negative, cooling) power `power_w` [W] to the air; ISO 13790 equations C.1 to C.11."""
    to_air = 0.5 * internal_w  # C.1
    to_mass = r.mass_share * (0.5 * internal_w + solar_w)  # C.2
    to_surface = (1.0 - r.mass_share - r.window_share) * (0.5 * internal_w + solar_w)  # C.3
    h1 = r.ventilation_w_k * r.air_surface_w_k / (r.ventilation_w_k + r.air_surface_w_k)  # C.6
    h2 = h1 + r.window_w_k  # C.7
    # air's own drive: the part of its gains and power that reaches the surface (H_1 / H_ve, C.5 and C.10)
    air_drive = (to_air + power_w) * r.air_surface_w_k / (r.ventilation_w_k + r.air_surface_w_k)
    surface_drive = to_surface + r.window_w_k * outside_c + h1 * outside_c + air_drive
    passed = r.surface_mass_w_k / (h2 + r.surface_mass_w_k)  # H_3 / H_2, defined also where nothing leaks
    total = to_mass + r.mass_outside_w_k * outside_c + passed * surface_drive  # C.5
    inertia, half = r.mass_j_k / HOUR_S, 0.5 * (h2 * passed + r.mass_outside_w_k)  # H_3 is C.8
    after = (mass_before_c * (inertia - half) + total) / (inertia + half)  # C.4
    mass = 0.5 * (mass_before_c + after)  # C.9
    surface = (r.surface_mass_w_k * mass + surface_drive) / (r.surface_mass_w_k + r.window_w_k + h1)  # C.10
    air = (r.air_surface_w_k * surface + r.ventilation_w_k * outside_c + to_air + power_w) / (
        r.air_surface_w_k + r.ventilation_w_k)  # C.11  # fmt: skip
    return Hour(air, surface, mass, after)


def run(case: Case) -> list[Figure]:
    """The hour under its thermostat (ISO 13790 C.4.2): the power is linear in the air temperature, then limited."""
    inputs = case.inputs
    r = room(inputs)
    heat_c, cool_c = inputs.number("heat_set_c"), inputs.number("cool_set_c")
    if heat_c > cool_c:
        raise inputs.wrong("heat_set_c", f"is {heat_c:g}, above cool_set_c {cool_c:g}; exchange them")
    heat_w = inputs.number("heat_limit_w", 1e9, least=0.0)
    cool_w = inputs.number("cool_limit_w", 1e9, least=0.0)
    at = {key: inputs.number(key) for key in ("outside_c", "mass_before_c")}
    at |= {key: inputs.number(key, least=0.0) for key in ("internal_w", "solar_w")}
    inputs.close()
    free = hour(r, **at, power_w=0.0)
    power = 0.0
    if not heat_c <= free.air_c <= cool_c:
        wanted = heat_c if free.air_c < heat_c else cool_c
        probe = 1000.0
        power = probe * (wanted - free.air_c) / (hour(r, **at, power_w=probe).air_c - free.air_c)  # C.13
        power = min(max(power, -cool_w), heat_w)
    end = hour(r, **at, power_w=power)
    return [
        Figure("demand", power, "W", note="positive: heating, negative: cooling"),
        Figure("heating", max(power, 0.0), "W"), Figure("cooling", max(-power, 0.0), "W"),
        Figure("mass", end.mass_c, "degC"), Figure("mass_after", end.mass_after_c, "degC"),
        Figure("air", end.air_c, "degC"), Figure("surface", end.surface_c, "degC"),
        Figure("operative", 0.3 * end.air_c + 0.7 * end.surface_c, "degC"),
    ]  # fmt: skip
