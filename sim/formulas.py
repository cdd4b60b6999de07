"""Every figure that an explanation names: its label, unit, equation and source, as data.

`term` makes one of them. The equations are those of the modules that compute it: a change there is a change here.
"""

from __future__ import annotations

from network.terms import Term

AIR = "EN ISO 52016-1:2017, 6.5.5, in closed form"
FABRIC = "EN ISO 52016-1:2017, 6.5.6; eight states after Fernando and Nicholson 1982"
BUILDING = "building"
WEEK = "schedule"
WEATHER = "weather file"
PEREZ = "Perez et al. 1990"
PVWATTS = "PVWatts, Dobos 2014"
COP = "When2Heat, Ruhnau et al. 2019"
VENTILATION = "EN ISO 13789:2017, 10"
CARS = "judgement; Soerensen et al. 2024"
_OUTER = "flow through the outer face: A (h_ce + h_re)(T_outdoor - T_face) + absorbed sun - loss to the sky"
_H = "H (T_outdoor - T_indoor)"

WORDS: dict[str, tuple[str, str, str, str]] = {
    # the heat balance, into the room
    "heating": ("Heating", "W", "a T_set - r, what brings the air to the set point, within 0 .. limit", AIR),
    "cooling": ("Cooling", "W", "r - a T_set, what brings the air to the set point, within 0 .. limit", AIR),
    "sun": ("Sun through windows", "W", "light on windows x collecting area", "EN 410"),
    "gains": ("People and appliances", "W", "to the air + radiant", "ISO 13790:2008, C.2"),
    "walls": ("Walls", "W", _OUTER, FABRIC),
    "roof": ("Roof", "W", _OUTER, FABRIC),
    "ground": ("Ground floor", "W", "flow out of the ground through soil and floor", FABRIC),
    "windows": ("Windows", "W", "conduction to outdoor air + sun absorbed in the panes - loss to the sky", FABRIC),
    "bridges": ("Doors, thermal bridges", "W", _H, "EN ISO 13789:2017"),
    "inside": ("Inner walls and floors", "W", "adiabatic in their middle", FABRIC),
    "ventilation": ("Ventilation", "W", _H, VENTILATION),
    "joints": ("Air through joints", "W", _H, VENTILATION),
    "opened": ("Opened windows", "W", _H, VENTILATION),
    "stored": ("Out of walls and floors", "W", "- change of the heat in the fabric / step", FABRIC),
    "air_stored": ("Out of air and furniture", "W", "- C (T_indoor - T_before) / step", AIR),
    # what they follow from
    "set_point_c": ("Set point", "degC", "building's - set-back of the week", BUILDING),
    "cool_set_point_c": ("Set point of cooling", "degC", "building's + rise of the week", BUILDING),
    "heat_limit_w": ("Most that the heater gives", "W", "", BUILDING),
    "cool_limit_w": ("Most that cooling takes", "W", "", BUILDING),
    "indoor_c": ("Indoor air", "degC", "(r + heating - cooling) / a", AIR),
    "outdoor_c": ("Outdoor air", "degC", "mean of the step", WEATHER),
    "sky_c": ("Sky", "degC", "(IR / sigma)^0.25", WEATHER),
    "ground_c": ("Ground", "degC", "the year's swing of the air, weaker and a month later", "ISO 13370:2017, annex B"),
    "glass_w_m2": ("Light on windows", "W/m2", "sum of irradiance x transmittance(angle) / transmittance(0)", PEREZ),
    "pane_w_m2": ("Light on panes", "W/m2", "sum of irradiance x absorptance(angle) / absorptance(0)", PEREZ),
    "collecting_m2": ("Collecting area", "m2", "unshaded glass x transmittance(0) x what stays inside", "EN 410"),
    "window_m2": ("Windows", "m2", "", BUILDING),
    "window_g": ("g-value", "1", "", BUILDING),
    "convective_w": ("To the air", "W", "half of the mean gains x factor", "ISO 13790:2008, C.2"),
    "radiant_w": ("Radiant", "W", "half of the mean gains x factor", "ISO 13790:2008, C.2"),
    "gain_factor": ("Factor of the week", "1", "", WEEK),
    "absorbed_w": ("Sun on it that it absorbs", "W", "irradiance x absorbed share x area", PEREZ),
    "irradiance_w_m2": ("Irradiance", "W/m2", "beam + sky + ground, horizon and neighbours before them", PEREZ),
    "absorptance": ("Absorbed share", "1", "medium colour", "ISO 52016-1:2017, table B.14"),
    "area_m2": ("Area", "m2", "", BUILDING),
    "u_w_m2k": ("U-value", "W/m2K", "insulation takes what it leaves to the layers", "ISO 6946:2017, 6.7"),
    "bridges_w_k": ("Conductance", "W/K", "", BUILDING),
    "ventilation_w_k": ("H", "W/K", "rho c V' x factor of the week", VENTILATION),
    "joints_w_k": ("H", "W/K", "rho c n V", VENTILATION),
    "opened_w_k": ("H", "W/K", "what brings the air to where nobody opens them, at most wide open", AIR),
    "air_j_k": ("Capacity", "J/K", "10 kJ/m2K x heated floor", "ISO 52016-1:2017, 6.5.11"),
    "before_c": ("Indoor air a step before", "degC", "", AIR),
    # the power balance, out of the building
    "pv": ("Solar power", "W", "inverter curve of the modules' sum, within 0 .. rating", PVWATTS),
    "appliances": ("Appliances", "W", "share of the year x joules of the year / step", "BDEW, seeded"),
    "heater": ("Electricity for heat", "W", "room heat / COP + hot water / COP, or a rod's; cooling / EER", COP),
    "vehicle": ("Charging of cars", "W", "what waits to be charged, as the wall box and presence allow", CARS),
    "battery": ("Home battery", "W", "needed - left over, within limit and charge", "energy conservation"),
    "surplus": ("To the district", "W", "- (solar - appliances - heat - cars + battery)", "energy conservation"),
    "direct_w": ("Direct current", "W", "sum over surfaces", PVWATTS),
    "inverter": ("Inverter", "1", "eta/0.9637 (-0.0162 z + 0.9858 - 0.0059/z), z = dc eta / rating", PVWATTS),
    "rated_w": ("Rating of the inverter", "W", "module peak / 1.2", PVWATTS),
    "module": ("Modules", "W", "peak x G/1000 x (1 + gamma (T_cell - 25)) x what losses leave", PVWATTS),
    "peak_w": ("Peak", "W", "at standard test conditions", BUILDING),
    "cells_w_m2": ("Light on the cells, G", "W/m2", "irradiance - reflection at the cover", "De Soto et al. 2006"),
    "cell_c": ("Cell temperature", "degC", "T + G (noct - 20)/800 (1 - eta/0.9) 9.5/(5.7 + 1.938 wind)", "SAM NOCT"),
    "beam_w_m2": ("Beam and glow of the sun", "W/m2", "(DNI + circumsolar) cos(incidence) x lit share", PEREZ),
    "diffuse_w_m2": ("Sky and ground", "W/m2", "isotropic + horizon brightening + reflected", PEREZ),
    "incidence": ("Cosine of incidence", "1", "sun . normal", "Astronomical Almanac"),
    "tilt_rad": ("Tilt", "rad", "", BUILDING),
    "azimuth_rad": ("Azimuth from north", "rad", "", BUILDING),
    "wind_m_s": ("Wind", "m/s", "mean of the step at 10 m", WEATHER),
    "losses": ("What losses leave", "1", "soiling, shading, mismatch, wiring .. one after the other", PVWATTS),
    "share": ("Share of the year", "1", "", "seeded profile"),
    "year_j": ("Energy of the year", "J", "", BUILDING),
    "room_w": ("Room heat", "W", "see the heat balance", AIR),
    "water_w": ("Hot water", "W", "share of the year x joules of the year / step", "EN 16147 tappings, seeded"),
    "cop": ("COP for rooms", "1", "0.85 (6.08 - 0.0941 d + 0.000464 d2), d = sink - source", COP),
    "cop_water": ("COP for hot water", "1", "0.85 (6.08 - 0.0941 d + 0.000464 d2), d = sink - source", COP),
    "sink_c": ("Sink: water of the heating", "degC", "at 0 degC outside + slope x T_outdoor", COP),
    "sink_water_c": ("Sink: hot water", "degC", "", COP),
    "source_c": ("Source: outdoor air", "degC", "mean of the step", WEATHER),
    "heat_w": ("Heat that it makes", "W", "room heat + hot water", AIR),
    "cooled_w": ("Heat taken from rooms", "W", "see the heat balance", AIR),
    "eer": ("EER", "1", "", BUILDING),
    "cars": ("Electric cars", "1", "cars x electric share", BUILDING),
    "smart": ("Of them charged smartly", "1", "", "scenario"),
    "home": ("Plugged in at home", "1", "", CARS),
    "owed_j": ("Waits to be charged", "J", "what driving took and nobody gave back, at the start", CARS),
    "capacity_j": ("Capacity", "J", "", BUILDING),
    "charge_j": ("Charge at the start", "J", "", "energy conservation"),
    "left_over_w": ("Left over without it", "W", "solar - appliances - heat - cars", "energy conservation"),
    "limit_w": ("Most that it gives or takes", "W", "", BUILDING),
    # the supply of heat
    "electricity": ("Electricity", "W", "room heat / COP + hot water / COP, or a rod's", COP),
    "gas": ("Gas", "W", "heat / efficiency", BUILDING),
    "ambient": ("Heat from the air", "W", "heat - electricity", "energy conservation"),
    "flue": ("Lost in the boiler", "W", "- gas (1 - efficiency)", "energy conservation"),
    "to_rooms": ("Room heat", "W", "what the heat balance asks for", AIR),
    "to_taps": ("Hot water", "W", "share of the year x joules of the year / step", "EN 16147 tappings, seeded"),
    "efficiency": ("Efficiency of the boiler", "1", "", BUILDING),
}  # fmt: skip
"""Name -> label, unit, equation, source."""


def term(name: str, value: float, *inputs: Term, label: str = "") -> Term:
    """The figure `name` of `WORDS`; `label` where there are several of it."""
    words, unit, equation, source = WORDS[name]
    return Term(name, label or words, float(value) + 0.0, unit, equation, source, inputs)
