"""Every figure that an explanation names: its label, unit, equation and source, as data.

`term` makes one of them. The equations are those of the modules that compute it: a change there is a change here. An
equation that names inputs of its figure gives that figure from them; what has no equation is data of the source named.
"""

from __future__ import annotations

from network.terms import Term
from sim import zones
from sim.physics import battery, heating, pv

AIR = "EN ISO 52016-1:2017, 6.5.5, in closed form"
FABRIC = "EN ISO 52016-1:2017, 6.5.6; eight states after Fernando and Nicholson 1982"
BUILDING = "building"
WEEK = "schedule"
WEATHER = "weather file"
PEREZ = "Perez et al. 1990"
PVWATTS = "PVWatts, Dobos 2014"
COP = "When2Heat, Ruhnau et al. 2019"
VENTILATION = "EN ISO 13789:2017, 10"
SKY = "EN ISO 52016-1:2017, 6.5.6; Walton 1983"
CARS = "judgement; Soerensen et al. 2024"
_OUTER = "A h_e (T_outdoor - T_face) + absorbed sun - loss to the sky"
_H = "H (T_outdoor - T_indoor)"
_COP = (f"{heating.FIELD} ({heating.C0} - {-heating.C1} d + {heating.C2} d2), d = sink - source, at least "
        f"{heating.LEAST_K:g} K; COP at least 1")  # fmt: skip
_SHARE = "share of the year x joules of the year / step"
_GIVEN = "C T_before / step + of the faces + gains to the air + H T_outdoor"
_ETA = f"{battery.ONE_WAY:.4f}"

WORDS: dict[str, tuple[str, str, str, str]] = {
    # the heat balance, into the room
    "heating": ("Heating", "W", "a T_set - r, within 0 .. limit: what brings the air to the set point", AIR),
    "cooling": ("Cooling", "W", "-(r - a T_set), within 0 .. limit: what brings the air to the set point", AIR),
    "sun": ("Sun through windows", "W", "light on windows x collecting area", "EN 410"),
    "gains": ("People and appliances", "W", "to the air + radiant", "ISO 13790:2008, C.2"),
    "walls": ("Walls", "W", _OUTER, FABRIC),
    "roof": ("Roof", "W", _OUTER, FABRIC),
    "ground": ("Ground floor", "W", "U A (T_ground - T_indoor) + delayed", FABRIC),
    "windows": ("Windows", "W", "A h (T_outdoor - T_pane) + absorbed sun - loss to the sky", FABRIC),
    "bridges": ("Doors, thermal bridges", "W", _H, "EN ISO 13789:2017"),
    "ventilation": ("Ventilation", "W", _H, VENTILATION),
    "joints": ("Air through joints", "W", _H, VENTILATION),
    "opened": ("Opened windows", "W", _H, VENTILATION),
    "stored": ("Out of walls and floors", "W", "- change of the heat in the fabric / step", FABRIC),
    "air_stored": ("Out of air and furniture", "W", "- C (T_indoor - T_before) / step", AIR),
    # what they follow from
    "set_point_c": ("Set point", "degC", "the building's - set-back", BUILDING),
    "set_back_k": ("Set-back", "K", "", WEEK),
    "cool_set_point_c": ("Set point of cooling", "degC", "the building's + rise", BUILDING),
    "cool_up_k": ("Rise", "K", "", WEEK),
    "own_set_point_c": ("The building's", "degC", "", BUILDING),
    "heat_limit_w": ("Most that the heater gives", "W", "", BUILDING),
    "cool_limit_w": ("Most that cooling takes", "W", "", BUILDING),
    "air_w_k": ("a: to warm the air by 1 K", "W/K", "C / step + faces + H of all the air that moves", AIR),
    "faces_w_k": ("Faces against the air", "W/K", "", FABRIC),
    "moved_w_k": ("H of all the air that moves", "W/K", "ventilation + joints + opened windows", VENTILATION),
    "given_w": ("r: given to air of 0 degC", "W", _GIVEN, AIR),
    "faces_w": ("Of the faces, to air of 0 degC", "W", "states of the fabric, sun, sky, radiant gains", FABRIC),
    "indoor_c": ("Indoor air", "degC", "(r + heating - cooling) / a, as under heating", AIR),
    "outdoor_c": ("Outdoor air", "degC", "", "weather file, mean of the step"),
    "sky_c": ("Sky", "degC", "", "weather file: (IR / sigma)^0.25, or air - 11 K where it has no infrared"),
    "ground_c": ("Ground", "degC", "", "the year's air, its swing weaker and a month later: ISO 13370:2017, annex B"),
    "glass_w_m2": ("Light on windows", "W/m2", "sum of irradiance x transmittance(angle) / transmittance(0)", PEREZ),
    "pane_w_m2": ("Light on panes", "W/m2", "sum of irradiance x absorptance(angle) / absorptance(0)", PEREZ),
    "collecting_m2": ("Collecting area", "m2", "unshaded glass x transmittance(0) x what stays inside", "EN 410"),
    "glass_m2": ("Unshaded glass", "m2", "windows without frames and what always shades them", BUILDING),
    "transmittance": ("Transmittance(0)", "1", "g-value x share that light itself carries", "EN 410"),
    "window_g": ("g-value", "1", "", BUILDING),
    "direct_share": ("Share that light itself carries", "1", "of panes of this kind", "EN 410"),
    "inside_share": ("What stays inside", "1", "what floors, walls and ceilings absorb of it", "ASHRAE 140, in short"),
    "convective_w": ("To the air", "W", f"{1.0 - zones.RADIANT_SHARE:g} x mean gains x factor", "ISO 13790:2008, C.2"),
    "radiant_w": ("Radiant", "W", f"{zones.RADIANT_SHARE:g} x mean gains x factor", "ISO 13790:2008, C.2"),
    "mean_gains_w": ("Mean gains", "W", "", BUILDING),
    "gain_factor": ("Factor of the week", "1", "", WEEK),
    "absorbed_w": ("Sun on it that it absorbs", "W", "irradiance x absorbed share x area", PEREZ),
    "irradiance_w_m2": ("Irradiance", "W/m2", "beam + sky and ground, horizon and neighbours before them", PEREZ),
    "absorptance": ("Absorbed share", "1", "", "medium colour: ISO 52016-1:2017, table B.14"),
    "pane_share": ("Absorbed share", "1", "of all panes, as heat in the inner one", "EN 410"),
    "area_m2": ("Area", "m2", "", BUILDING),
    "film_w_m2k": ("Outer film, h_e", "W/m2K", "convection + emissivity x h_black", SKY),
    "convection_w_m2k": ("Convection outside", "W/m2K", "", "MoWiTT, Yazdanian and Klems 1994, mean of the year"),
    "emissivity": ("Emissivity", "1", "", "ISO 52016-1:2017; glass EN 673"),
    "black_w_m2k": ("h_black, long-wave", "W/m2K", "4 sigma T^3", "ISO 6946:2017, C.2"),
    "face_c": ("Outer face", "degC", "from the flow: T_outdoor + (absorbed - sky - flow) / (A h_e)", FABRIC),
    "pane_c": ("Inner pane", "degC", "from the flow: T_outdoor + (absorbed - sky - flow) / (A h)", FABRIC),
    "sky_w": ("Loss to the sky", "W", "A x share x h_black (T_outdoor - T_sky)", SKY),
    "sky_share": ("Share", "1", "emissivity x view of the sky; of panes, what comes through to the inner one", SKY),
    "conductance_w_m2k": ("h: inner pane to outdoor air", "W/m2K", "1 / (1 / h_e + 1 / U - 1/25 - 1/7.7)", "EN 673"),
    "u_w_m2k": ("U-value", "W/m2K", "", BUILDING),
    "lag_w": ("Delayed", "W", "what floor and soil hold back or give, and radiation inside", FABRIC),
    "bridges_w_k": ("Conductance", "W/K", "", BUILDING),
    "ventilation_w_k": ("H", "W/K", "rho c V' x factor of the week", VENTILATION),
    "full_w_k": ("rho c V'", "W/K", "", BUILDING),
    "air_factor": ("Factor of the week", "1", "", WEEK),
    "joints_w_k": ("H", "W/K", "", "building: rho c n V"),
    "opened_w_k": ("H", "W/K", "(r - a T_open) / (T_open - T_outdoor), at most wide open", AIR),
    "open_c": ("Opened above", "degC", "", BUILDING),
    "wide_w_k": ("H wide open", "W/K", "", BUILDING),
    "shut_w_k": ("a with windows shut", "W/K", "C / step + faces + H of ventilation and joints", AIR),
    "shut_w": ("r with windows shut", "W", _GIVEN, AIR),
    "air_j_k": ("Capacity, C", "J/K", "", "building: 10 kJ/m2K x heated floor, ISO 52016-1:2017, 6.5.11"),
    "before_c": ("Indoor air a step before", "degC", "", AIR),
    "step_s": ("Step", "s", "", WEATHER),
    # the power balance, out of the building
    "pv": ("Solar power", "W", "direct current x efficiency of the inverter", PVWATTS),
    "appliances": ("Appliances", "W", _SHARE, "BDEW, seeded"),
    "heater": ("Electricity for heat", "W", "room heat / COP + hot water / COP, or a rod's; cooling / EER", COP),
    "vehicle": ("Charging of cars", "W",
                "plain: what waits, as wall boxes at home allow; smart: from own sun, the rest by morning", CARS),
    "battery": ("Home battery", "W", f"min(needed, limit, {_ETA} charge / step), or -min(left over, limit, "
                f"(capacity - charge) / ({_ETA} step))", "energy conservation; losses are judgement"),
    "surplus": ("To the district", "W", "- (solar - appliances - heat - cars + battery)", "energy conservation"),
    "direct_w": ("Direct current", "W", "sum over surfaces", PVWATTS),
    "inverter": ("Inverter", "1",
                 f"{pv.INVERTER}/0.9637 (-0.0162 z + 0.9858 - 0.0059/z), z = {pv.INVERTER} dc / rating; ac <= rating",
                 PVWATTS),
    "rated_w": ("Rating of the inverter", "W", "", f"peak of all modules / {pv.DC_AC}: {PVWATTS}"),
    "module": ("Modules", "W", f"peak x G/1000 x (1 - {-pv.GAMMA_K} (T_cell - 25)) x what losses leave", PVWATTS),
    "peak_w": ("Peak", "W", "at standard test conditions", BUILDING),
    "cells_w_m2": ("Light on the cells, G", "W/m2", "irradiance - reflected at the cover", "De Soto et al. 2006"),
    "reflected_w_m2": ("Reflected at the cover", "W/m2", "beam by angle, the rest by tilt", "De Soto et al. 2006"),
    "cell_c": ("Cell temperature", "degC", f"T + G (noct - 20)/800 (1 - {pv.EFFICIENCY}/0.9) 9.5/(5.7 + 1.938 wind)",
               "SAM NOCT"),
    "noct_c": ("noct", "degC", "", "of the mount: Dobos 2014, Gilman et al. 2018"),
    "beam_w_m2": ("Beam and glow of the sun", "W/m2", "facing the sun x cosine of incidence", PEREZ),
    "normal_w_m2": ("Facing the sun", "W/m2", "(DNI + circumsolar) x what horizon and crowns let through", PEREZ),
    "diffuse_w_m2": ("Sky and ground", "W/m2", "isotropic + horizon brightening + reflected", PEREZ),
    "incidence": ("Cosine of incidence", "1", "", "direction of the sun (Astronomical Almanac) on the normal"),
    "tilt_rad": ("Tilt", "rad", "", BUILDING),
    "azimuth_rad": ("Azimuth from north", "rad", "", BUILDING),
    "wind_m_s": ("Wind", "m/s", "", "weather file, mean of the step at 10 m"),
    "losses": ("What losses leave", "1", "", f"soiling, shading, mismatch, wiring and others: {PVWATTS}"),
    "share": ("Share of the year", "1", "", "seeded profile"),
    "year_j": ("Energy of the year", "J", "", BUILDING),
    "room_w": ("Room heat", "W", "see the heat balance", AIR),
    "water_w": ("Hot water", "W", _SHARE, "EN 16147 tappings, seeded"),
    "cop": ("COP for rooms", "1", _COP, COP),
    "cop_water": ("COP for hot water", "1", _COP, COP),
    "sink_c": ("Sink: water of the heating", "degC", "at 0 degC outside + slope x source", COP),
    "sink_zero_c": ("At 0 degC outside", "degC", "", BUILDING),
    "sink_slope": ("Slope", "K/K", "", BUILDING),
    "sink_water_c": ("Sink: hot water", "degC", "", COP),
    "source_c": ("Source: outdoor air", "degC", "", "weather file, mean of the step"),
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
    "to_taps": ("Hot water", "W", _SHARE, "EN 16147 tappings, seeded"),
    "efficiency": ("Efficiency of the boiler", "1", "", BUILDING),
}  # fmt: skip
"""Name -> label, unit, equation, source."""


def term(name: str, value: float, *inputs: Term, label: str = "") -> Term:
    """The figure `name` of `WORDS`; `label` where there are several of it."""
    words, unit, equation, source = WORDS[name]
    return Term(name, label or words, float(value) + 0.0, unit, equation, source, inputs)
