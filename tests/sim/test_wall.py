"""Layers, films and the network of a zone: resistances in series, mass to the joule, where sunlight ends."""

from dataclasses import replace

import numpy as np
import pytest

from sim.physics import film, sky, zone
from sim.physics.glass import Gap, Glazing, Pane
from sim.physics.wall import Layer, chain, resistance
from sim.physics.zone import INPUTS, Element, Input, Outside, Window

CLEAR = Pane(0.003048, 0.834, 0.075, 0.075)
DOUBLE = Glazing((CLEAR, CLEAR), (Gap(0.012),))


def test_cells_hold_the_layers_resistance_and_mass():
    layers = [Layer(0.009, 0.14, 530, 900), resistance(1.5), Layer(0.1, 0.51, 1400, 1000), Layer(1e-4, 50, 10, 10)]
    c = chain(layers, zones=2, step_s=3600.0)
    assert c.resistance_m2k_w.sum(axis=0) == pytest.approx(0.009 / 0.14 + 1.5 + 0.1 / 0.51 + 2e-6)
    assert c.capacity_j_m2k.sum(axis=0) == pytest.approx(0.009 * 530 * 900 + 0.1 * 1400 * 1000)
    assert len(c.capacity_j_m2k) == 1 + 3, "0.1 m of concrete, a = 3.6e-7 m2/s: 36 mm an hour, three cells"
    assert len(chain(layers, zones=2, step_s=900.0).capacity_j_m2k) == 1 + 6


def test_zones_of_one_batch_share_a_topology():
    """The thickest decides the number of cells; a zone that has no mass there keeps a trace."""
    c = chain([Layer(np.array([0.05, 0.3, 0.1]), 0.5, np.array([1400, 1400, 0]), 1000)], zones=3, step_s=3600.0)
    assert (c.capacity_j_m2k > 0).all()
    np.testing.assert_allclose(c.capacity_j_m2k.sum(axis=0), [70e3, 420e3, 1.0])
    np.testing.assert_allclose(c.resistance_m2k_w.sum(axis=0), [0.1, 0.6, 0.2])


def test_films_are_the_models_own_figures(shared):
    """Denver's year of wind: walls 11.8, roof 12.7, windows 7.9 W/m2K; TARP inside about 2."""
    from sim.weather import read_epw

    wind = read_epw(shared / "data/weather/USA_CO_Denver.Intl.AP.725650_TMY3.epw.gz").wind_m_s
    assert film.outside_w_m2k(wind, height_m=1.35) == pytest.approx(11.8, abs=0.1)
    assert film.outside_w_m2k(wind, height_m=2.7) == pytest.approx(12.75, abs=0.1)
    assert film.outside_w_m2k(wind, height_m=1.2, rough=1.0) == pytest.approx(7.9, abs=0.1)
    np.testing.assert_allclose(film.outside_w_m2k(np.zeros(5), height_m=[1.0, 9.0]), 1.31 * 5 ** (1 / 3), rtol=0.02)
    forced = 0.5 * (3.26 * 4**0.89 + 3.55 * 4**0.617)
    natural = 1.31 * 5 ** (1 / 3)
    steady = film.outside_w_m2k(np.full(9, 4.0), height_m=10.0, rough=1.0)
    assert steady == pytest.approx(np.hypot(natural, forced), rel=0.01)
    assert film.upright_w_m2k() == pytest.approx(1.99, abs=0.01)
    assert film.level_w_m2k() == pytest.approx(1.95, abs=0.01)


def test_sky_and_radiation():
    assert film.sky_view(0.0) == pytest.approx(1.0)
    assert film.sky_view(np.pi / 2) == pytest.approx(film.UPRIGHT_SKY_VIEW) == pytest.approx(0.3536, abs=1e-4)
    assert film.sky_view(np.pi) == pytest.approx(0.0)
    # long-wave exchange made linear, 4 eps sigma T^3 (EN ISO 6946:2017, C.2)
    sigma = sky.STEFAN_BOLTZMANN_W_M2K4
    assert pytest.approx(film.INSIDE_RADIATIVE_W_M2K, abs=0.02) == 4.0 * 0.9 * sigma * 293.15**3
    assert pytest.approx(film.OUTSIDE_BLACK_W_M2K, abs=0.01) == 4.0 * sigma * 280.5**3
    assert film.sky_loss_w_m2(10.0, -5.0) == pytest.approx(75.0)


def _box(**changed):
    values = {"name": "wall", "area_m2": 10.0, "layers": [resistance(2.0)], "outside": Outside.AIR,
              "sun": Input.WALL_W_M2, "h_ce_w_m2k": 12.0, **changed}  # fmt: skip
    return Element(**values)


def _rest(net, **inputs):
    """Heat to air at 0 degC at rest [W]."""
    u = np.zeros(INPUTS)
    for name, value in inputs.items():
        u[Input[name]] = value
    x = np.zeros(0)
    if len(net.capacity_j_k):
        x = np.linalg.solve(net.conduction_w_k[:, :, 0], net.from_input[:, :, 0] @ u)
    return float(net.from_air_w_k[:, 0] @ x + net.direct[:, 0] @ u)


def test_one_wall_is_resistances_in_series():
    """Alone, a wall radiates to nobody: 1/U = 1/(h_ce + h_re) + R + 1/h_ci; sun and sky enter at its outer film."""
    for layers in ([resistance(2.0)], [Layer(0.1, 0.5, 1400, 1000), resistance(1.8)]):
        net = zone.assemble([_box(layers=layers)], zones=1, step_s=3600.0)
        outer = 12.0 + 0.9 * film.OUTSIDE_BLACK_W_M2K
        ua = 10.0 / (1 / outer + 2.0 + 1 / 2.0)
        assert _rest(net, OUTSIDE_C=1.0) == pytest.approx(ua, rel=1e-12)
        assert _rest(net, WALL_W_M2=100.0) == pytest.approx(ua * 0.6 * 100.0 / outer, rel=1e-12)
        assert _rest(net, SKY_W_M2=75.0) == pytest.approx(-ua * 0.9 * film.UPRIGHT_SKY_VIEW * 75.0 / outer, rel=1e-12)
        assert _rest(net, RADIANT_W=50.0) == pytest.approx(50.0 * (1 - ua / (10.0 * 2.0)), rel=1e-12)


def test_shelter_ground_and_inner_mass():
    sheltered = zone.assemble([_box(outside=Outside.SHELTERED)], zones=1, step_s=3600.0)
    assert _rest(sheltered, WALL_W_M2=500.0, SKY_W_M2=80.0) == 0.0
    ground = zone.assemble([_box(outside=Outside.GROUND)], zones=1, step_s=3600.0)
    assert _rest(ground, GROUND_C=1.0, OUTSIDE_C=30.0) == pytest.approx(10.0 / (2.0 + 0.5), rel=1e-12)
    mass = _box(name="inside", outside=Outside.ADIABATIC, layers=[Layer(0.1, 1.0, 2000, 1000)], area_m2=50.0)
    both = zone.assemble([_box(), mass], zones=1, step_s=3600.0)
    flow = both.flow[both.boundary.index("inside")]
    assert not flow.any(), "nothing comes through the middle of an inner wall"
    assert both.capacity_j_k.sum() == pytest.approx(50.0 * 0.1 * 2000 * 1000)


def test_bridges_have_no_mass():
    plain = zone.assemble([_box()], zones=1, step_s=3600.0)
    bridged = zone.assemble([_box()], zones=1, step_s=3600.0, bridges_w_k=7.0)
    assert _rest(bridged, OUTSIDE_C=1.0) - _rest(plain, OUTSIDE_C=1.0) == pytest.approx(7.0)
    assert bridged.direct_air_w_k - plain.direct_air_w_k == pytest.approx(-7.0)


def test_a_window_of_panes_loses_its_u_and_gains_what_they_absorb():
    """Black walls apart, heat put into each pane goes inward by the divider of the resistances on both sides."""
    glazed = zone.glazed(DOUBLE, area_m2=3.0, h_ce_w_m2k=8.0)
    outer = 8.0 + 0.84 * film.OUTSIDE_BLACK_W_M2K
    reach = 1 / outer + np.array(DOUBLE.resistance_to_pane_m2k_w)
    assert glazed.conductance_w_m2k == pytest.approx(1 / reach[-1])
    net = zone.assemble([], [glazed], zones=1, step_s=3600.0)
    whole = reach[-1] + 1 / 2.0
    assert _rest(net, OUTSIDE_C=1.0) == pytest.approx(3.0 / whole, rel=1e-9)
    inward = 3.0 * 100.0 * (DOUBLE.absorptance_normal @ reach) / whole
    assert _rest(net, PANE_W_M2=100.0) == pytest.approx(inward, rel=1e-9)
    lost = 3.0 * 0.84 * film.UPRIGHT_SKY_VIEW * 10.0 / outer / whole
    assert _rest(net, SKY_W_M2=10.0) == pytest.approx(-lost, rel=1e-9)


@pytest.mark.parametrize("beam_share", [0.0, 0.4, 1.0])
def test_sunlight_ends_somewhere_in_a_lone_slab_and_in_white_rooms(beam_share):
    floor = _box(name="floor", area_m2=48.0, floor=True)
    assert zone.sun_shares([floor], [], beam_share, 2) == pytest.approx(np.ones((1, 2)))
    white = [replace(floor, inside_absorptance=0.0), _box(name="walls", area_m2=16.0, inside_absorptance=0.0)]
    assert zone.sun_shares(white, [], beam_share, 1)[:, 0] == pytest.approx([0.75, 0.25])
    window = Window(area_m2=12.0, conductance_w_m2k=2.0, transmittance=0.7, absorptance=0.0, sky=0.0)
    assert zone.sun_shares(white, [window], beam_share, 1)[:, 0] == pytest.approx([0.0, 0.0, 1.0])
    assert np.isfinite(zone.assemble([floor], zones=1, step_s=3600.0).flow).all()


def test_sunlight_ends_as_in_ashrae_140s_case_600():
    """Beam on the floor first; diffuse by absorptance and area; the glass loses its part."""
    elements = [_box(name="floor", area_m2=48.0, floor=True), _box(name="walls", area_m2=63.6),
                _box(name="roof", area_m2=48.0)]  # fmt: skip
    window = Window(area_m2=12.0, conductance_w_m2k=2.0, transmittance=0.7, absorptance=0.0, sky=0.0)
    beam = zone.sun_shares(elements, [window], 1.0, 1)[:, 0]
    diffuse = zone.sun_shares(elements, [window], 0.0, 1)[:, 0]
    np.testing.assert_allclose(beam, [0.642, 0.179, 0.135, 0.044], atol=1e-3)
    np.testing.assert_allclose(diffuse, [0.274, 0.363, 0.274, 0.090], atol=1e-3)
    half = zone.sun_shares(elements, [window], 0.5, 1)[:, 0]
    np.testing.assert_allclose(half, 0.5 * (beam + diffuse))
    assert beam.sum() == pytest.approx(1.0)
    net = zone.assemble(elements, [window], zones=1, step_s=3600.0, beam_share=1.0)
    sun = net.flow[net.boundary.index("sun")][Input.SUN_W_M2]
    assert sun == pytest.approx(12.0 * 0.7 * (1 - beam[-1]))


def test_an_element_of_no_area_changes_nothing():
    with_none = zone.assemble([_box(), _box(name="none", area_m2=0.0)], zones=1, step_s=3600.0)
    alone = zone.assemble([_box()], zones=1, step_s=3600.0)
    assert _rest(with_none, OUTSIDE_C=20.0) == pytest.approx(_rest(alone, OUTSIDE_C=20.0), rel=1e-6)
