"""Buildings as zones: what a U-value leaves to insulation, ground, mass, conservation, windows that open, cooling."""

from dataclasses import fields, replace

import numpy as np
import pytest
from factories import random_district, random_weather
from hypothesis import given, settings
from hypothesis import strategies as st

from sim import panes, rooms, zones
from sim.district import SurfaceKind
from sim.fabric import Panes
from sim.physics import film, reduction
from sim.physics.zone import INPUTS, Input
from sim.prepare import prepare
from sim.solar import solar
from sim.span import Span, initial, simulate

DISTRICT = random_district(seed=21, buildings=16, nodes=0)
WEATHER = random_weather(seed=22)
SOLAR = solar(DISTRICT, WEATHER)


def _parts(district=DISTRICT) -> zones.Parts:
    b, s = district.building, district.surface
    views = rooms._views(s.kind, s.tilt_rad, s.sky_view, s.opaque_m2, s.glass_m2, s.building, len(b))
    own = {f.name: getattr(b, f.name) for f in fields(zones.Parts) if hasattr(b, f.name)}
    return zones.Parts(**own, **views, **rooms._films(b.height_m, WEATHER.wind_m_s))


@pytest.mark.parametrize("element", ["wall", "roof"])
@settings(max_examples=40, deadline=None)
@given(u=st.floats(0.05, 4.5))
def test_layers_and_insulation_give_the_u_value_between_iso_6946_s_films(element: str, u: float) -> None:
    p = _parts()
    p = replace(p, **{f"{element}_w_m2k": np.full(len(p.wall_m2), u)})
    insulation, better = zones.insulation_m2k_w(p, DISTRICT.construction, element)
    whole = insulation + {"wall": 0.13, "roof": 0.10}[element] + 0.04
    for side in ("outer", "inner"):
        d, k, _, _ = getattr(DISTRICT.construction, f"{element}_{side}")[p.construction].T
        whole = whole + d / (k * better)
    assert 1.0 / whole == pytest.approx(u)
    assert (insulation > 0.0).all()
    assert (better >= 1.0).all()


def test_the_floor_loses_u_b_a_to_the_ground() -> None:
    """All else adiabatic and air, star and faces as warm as the room: only the ground's film and layers are between."""
    p = _parts()
    n, tiny = len(p.wall_m2), np.full(len(p.wall_m2), 1e-9)
    alone = replace(p, wall_m2=tiny, roof_m2=tiny, window_m2=tiny, bridges_w_k=np.zeros(n), inside_m2=1e6 * p.ground_m2)
    made = zones.reduced(alone, DISTRICT.construction, step_s=3600.0)
    u = np.zeros((INPUTS, n))
    flow = np.einsum("bkz,kz->bz", made.flow, np.concatenate([reduction.steady(made, 1.0, u), u, np.ones((1, n))]))
    ground = -flow[made.boundary.index("ground")]
    assert ground == pytest.approx(p.ground_w_m2k * p.ground_m2, rel=1e-4)


def test_what_crosses_every_boundary_adds_up_to_what_walls_and_air_take() -> None:
    fabric = prepare(DISTRICT, SOLAR, WEATHER).rooms.fabric
    scale = np.abs(fabric.flow).max()
    assert np.abs(fabric.flow.sum(axis=0)).max() < 1e-9 * scale
    assert ((fabric.decay >= 0.0) & (fabric.decay < 1.0)).all()


def test_usual_windows_have_usual_values() -> None:
    """EN 673 and EN 410 of data sheets: single 5.8 / 0.86, double 2.8 / 0.76, coated 1.1 / 0.62, triple 0.6 / 0.5."""
    for kind, u, g in ((Panes.SINGLE, 5.8, 0.86), (Panes.DOUBLE, 2.8, 0.76), (Panes.DOUBLE_COATED, 1.1, 0.62),
                       (Panes.TRIPLE_COATED, 0.6, 0.47)):  # fmt: skip
        made = panes.usual()[kind]
        assert made.u_w_m2k() == pytest.approx(u, abs=0.12)
        assert made.g() == pytest.approx(g, abs=0.06)


def test_a_window_lets_in_its_g_value_between_en_410_s_films() -> None:
    """Sun on the glass, 0 degC on both sides, films of 23 and 8 W/m2K: transmitted and given off inside make g."""
    p = replace(_parts(), collecting_m2=_parts().window_m2, window_g=np.linspace(0.3, 0.8, 16))
    for kind in Panes:
        w = zones.window(replace(p, panes=np.full(16, int(kind), np.int8)))
        glass_m2k_w = np.maximum(1.0 / p.window_w_m2k - 1.0 / 25.0 - 1.0 / 7.7, 0.002)
        inward = np.asarray(w.absorptance) * (1.0 / 23.0 + glass_m2k_w) / (1.0 / 23.0 + glass_m2k_w + 1.0 / 8.0)
        assert np.asarray(w.transmittance) + inward == pytest.approx(p.window_g)
        usual = panes.usual()[kind]
        assert np.asarray(w.transmittance) / p.window_g == pytest.approx(usual.transmittance_normal / usual.g())


def test_walls_see_a_third_of_the_sky_and_flat_roofs_all_of_it() -> None:
    """F sqrt(F), F = (1 + cos tilt) / 2: 1 flat, 0.354 upright; times what neighbours leave, by area."""
    wall, roof = int(SurfaceKind.WALL), int(SurfaceKind.ROOF)
    kind, tilt = np.array([wall, wall, roof, roof]), np.radians([90.0, 90.0, 0.0, 60.0])
    left, area = np.array([1.0, 0.4, 1.0, 1.0]), np.array([30.0, 10.0, 50.0, 50.0])
    glass_m2 = np.array([0.0, 5.0, 0.0, 0.0])
    seen = rooms._views(kind, tilt, left, area, glass_m2, np.zeros(4, np.int32), 1)
    assert seen["wall_sky"] == pytest.approx((0.75 * 1.0 + 0.25 * 0.4) * 0.35355, rel=1e-4)
    assert seen["roof_sky"] == pytest.approx((1.0 + 0.75**1.5) / 2.0, rel=1e-6)
    assert seen["window_sky"] == pytest.approx(0.4 * 0.35355, rel=1e-4) and seen["collecting_m2"] == 5.0


def test_under_a_cold_sky_a_window_loses_as_if_outdoor_air_were_colder() -> None:
    """60 W/m2 that a black face loses: the outer face sees air that is colder by eps F 60 / (h_ce + eps 5)."""
    p = _parts()
    w = zones.window(p)
    colder_k = 0.84 * p.window_sky * 60.0 / (p.window_h + 0.84 * 5.0)
    assert np.asarray(w.sky) * 60.0 == pytest.approx(np.asarray(w.conductance_w_m2k) * colder_k)
    whole = 1.0 / (p.window_h + 0.84 * 5.0) + 1.0 / p.window_w_m2k - 1.0 / 25.0 - 1.0 / 7.7
    warm = p.window_w_m2k < 4.0
    assert np.asarray(w.conductance_w_m2k)[warm] == pytest.approx(1.0 / whole[warm])


def test_light_falls_on_floors_first_and_spreads_from_there() -> None:
    """45 % is beam, of which floors keep 0.6, the ground floor by its share; the rest meets all by area and colour."""
    p = _parts()
    made = zones.network(p, DISTRICT.construction, step_s=3600.0)
    assert made.boundary == ("walls", "roof", "ground", "inside", "windows", "bridges", "sun", "radiant")
    faces = np.array([0.6 * p.wall_m2, 0.6 * p.roof_m2, 0.6 * p.ground_m2, 0.6 * p.inside_m2,
                      (1.0 - panes.split()[1][p.panes]) * p.window_m2])  # fmt: skip
    spread = faces / faces.sum(axis=0)
    lost = (0.45 * 0.4 + 0.55) * spread[4]
    entered = panes.split()[0][p.panes] * p.window_g * p.collecting_m2
    assert made.flow[6, -2 - INPUTS + 1 + Input.SUN_W_M2] == pytest.approx((1.0 - lost) * entered)


def test_half_of_the_gains_radiates_and_air_holds_10_kj_per_square_metre() -> None:
    b = DISTRICT.building
    room = prepare(DISTRICT, SOLAR, WEATHER).rooms.room
    assert room.radiant_w == pytest.approx(0.5 * b.gains_w) and room.convective_w == pytest.approx(0.5 * b.gains_w)
    assert room.air_j_k == pytest.approx(1e4 * b.floor_m2)


def test_heavy_walls_cool_down_slower_than_light_ones() -> None:
    """A night without heat at 0 degC: concrete keeps more of its 20 degC than timber of the same U-values."""
    dark = np.zeros(WEATHER.steps)
    night = replace(WEATHER, air_c=dark, sky_c=dark, ghi_w_m2=dark, dni_w_m2=dark, dhi_w_m2=dark)
    left = {}
    for kind in ("concrete", "timber"):
        row = np.full(16, DISTRICT.construction.id.index(kind), np.int32)
        b = replace(DISTRICT.building, construction=row, gains_w=np.zeros(16), schedule=np.zeros(16, np.int32),
                    wall_w_m2k=np.full(16, 0.4), roof_w_m2k=np.full(16, 0.3))  # fmt: skip
        d = replace(DISTRICT, building=b)
        light = solar(d, night)
        warm = initial(prepare(d, light, night))
        off = prepare(replace(d, building=replace(b, heat_limit_w=np.zeros(16))), light, night)
        left[kind] = simulate(off, warm, Span(0, 12), grid=False)[1].indoor_c[-1]
    assert (left["concrete"] > left["timber"] + 1.0).all()


def test_open_windows_take_the_heat_of_summer_but_never_cool_below_their_temperature() -> None:
    """Rooms get less hot than with windows shut; where they do open it is still 24 degC inside or more."""
    case = prepare(DISTRICT, SOLAR, WEATHER)
    b = DISTRICT.building
    shut = prepare(replace(DISTRICT, building=replace(b, open_w_k=np.zeros(16))), SOLAR, WEATHER)
    july = Span(190 * 24, 14 * 24)
    start = initial(shut, july.first)
    held, hot = (simulate(c, start, july, grid=False)[1].indoor_c for c in (case, shut))
    assert held.max() < hot.max() - 1.0
    state, opened = start, 0
    for k in range(72):  # step by step from one state, so that only the windows of the hour tell the two apart
        hour = Span(july.first + k, 1)
        alone = simulate(shut, state, hour, grid=False)[1].indoor_c
        state, flux = simulate(case, state, hour, grid=False)
        open_now = flux.indoor_c < alone - 1e-3
        assert (flux.indoor_c[open_now] > 24.0 - 1e-3).all()
        assert (alone[~open_now] < max(24.0, WEATHER.air_c[hour.first]) + 1e-2).all()
        opened += int(open_now.sum())
    assert opened > 72


def test_cooling_holds_its_set_point_and_its_electricity_is_counted() -> None:
    b = DISTRICT.building
    cooled = replace(DISTRICT, building=replace(b, cool_limit_w=500.0 * b.floor_m2, schedule=np.zeros(16, np.int32),
                                                open_w_k=np.zeros(16), cool_c=np.full(16, 25.0)))  # fmt: skip
    case = prepare(cooled, SOLAR, WEATHER, dtype=np.float64)
    july = Span(190 * 24, 7 * 24)
    _, f = simulate(case, initial(case, july.first), july, grid=False)
    assert f.indoor_c.max() < 25.0 + 1e-9
    assert f.cooling_w.sum() > 0.0
    plain = simulate(prepare(replace(DISTRICT, building=replace(cooled.building, cool_limit_w=np.zeros(16))), SOLAR,
                             WEATHER, dtype=np.float64), initial(case, july.first), july, grid=False)[1]  # fmt: skip
    assert not plain.cooling_w.any()
    more = (f.heater_w - plain.heater_w)[f.cooling_w > 0.0]
    assert more == pytest.approx((f.cooling_w / 3.0)[f.cooling_w > 0.0], abs=1e-6)


def test_the_settled_start_is_where_constant_weather_ends() -> None:
    """A year of one mean hour: the state from nothing is the state for ever."""
    still = replace(WEATHER, air_c=np.full(8760, 3.0), sky_c=np.full(8760, -5.0), ghi_w_m2=np.zeros(8760),
                    dni_w_m2=np.zeros(8760), dhi_w_m2=np.zeros(8760))  # fmt: skip
    d = replace(DISTRICT, building=replace(DISTRICT.building, schedule=np.zeros(16, np.int32)))
    case = prepare(d, solar(d, still), still, dtype=np.float64)
    start = initial(case)
    end, _ = simulate(case, start, Span(0, 240), grid=False)
    assert end.room == pytest.approx(start.room, rel=1e-6, abs=1e-6)
    assert case.rooms.outside[1] == pytest.approx(film.sky_loss_w_m2(3.0, -5.0))
    assert Input.SKY_W_M2 == 1


def test_weeks_follow_the_wall_and_the_calendar() -> None:
    """1 January 2015 is a Thursday: offices rest from Friday 18 h on; in July the wall is an hour ahead of the sun."""
    d = replace(DISTRICT, place=replace(DISTRICT.place, year=2015))
    r = prepare(d, SOLAR, WEATHER).rooms
    office = d.schedule.id.index("office")
    back = -r.heat_c[:, office]
    assert (back[24 + 8], back[24 + 19], back[48 + 12], back[72 + 12]) == (0.0, 9.0, 9.0, 9.0)  # Friday to Sunday
    assert back[96 + 8] == 0.0  # Monday
    summer = 187 * 24  # 7 July, a Tuesday
    assert (back[summer + 6], back[summer + 17]) == (0.0, 9.0)  # 7 and 18 h on the wall
    assert not r.heat_c[:, 0].any()
    assert r.gain[:, office].mean() == pytest.approx(1.0, abs=0.02)
