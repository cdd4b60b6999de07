"""Panes and gaps: light is conserved, angles follow Fresnel, declared values come out as published."""

import numpy as np
import pytest

from sim.physics import glass
from sim.physics.glass import Gap, Glazing, Pane

CLEAR = Pane(0.003048, 0.834, 0.075, 0.075)
LOW_E = Pane(0.00318, 0.452, 0.359, 0.397, emissivity_back=0.047)
DOUBLE = Glazing((CLEAR, CLEAR), (Gap(0.012),))
COATED = Glazing((LOW_E, CLEAR), (Gap(0.012, "argon"),))
TRIPLE = Glazing((CLEAR, CLEAR, CLEAR), (Gap(0.012), Gap(0.012)))


def test_a_clear_pane_is_found_again_at_normal_incidence():
    """The interface found from the pane's two numbers gives these numbers back; its index is that of glass."""
    r, a = glass.interface(0.834, 0.075)
    t, p = glass.clear(0.834, 0.075, [1.0])
    assert t == pytest.approx(0.834, abs=1e-12)
    assert p == pytest.approx(0.075, abs=1e-12)
    assert (1 + np.sqrt(r)) / (1 - np.sqrt(r)) == pytest.approx(1.52, abs=0.02)
    assert 0.85 < a < 1.0


def test_light_polarised_along_the_plane_passes_uncut_at_brewsters_angle():
    r, a = glass.interface(0.834, 0.075)
    index = (1 + np.sqrt(r)) / (1 - np.sqrt(r))
    cosine = np.cos(np.arctan(index))
    t, p = glass.clear(0.834, 0.075, [cosine])
    assert p[1] == pytest.approx(0.0, abs=1e-12)
    inner = np.sqrt(1 - (1 - cosine**2) / index**2)
    assert t[1] == pytest.approx(a ** (1 / inner), rel=1e-12)
    assert p[0] > 0.2


@pytest.mark.parametrize("glazing", [Glazing((CLEAR,)), DOUBLE, COATED, TRIPLE])
def test_what_is_not_let_through_or_reflected_is_absorbed(glazing):
    """From two sides: absorptances from the fluxes at each pane against 1 - T - R of the whole stack."""
    cosine = np.linspace(0.0, 1.0, 50)
    panes = [glass._pane(p, cosine) for p in glazing.panes]
    total, front, _ = glass.stack(panes)
    np.testing.assert_allclose(sum(glass.absorbed(panes)), 1.0 - total - front, atol=1e-12)
    assert (np.array(glass.absorbed(panes)) > -1e-12).all()
    assert (glazing.transmittance[1:] >= glazing.transmittance[:-1] - 1e-12).all(), "steeper light passes less"


def test_a_stack_is_the_same_grouped_any_way():
    cosine = np.array([0.3, 0.8])
    a, b, c = (glass._pane(p, cosine) for p in (LOW_E, CLEAR, CLEAR))
    for one, other in zip(glass.stack([a, b, c]), glass.stack([a, glass.stack([b, c])]), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)


def test_panes_of_ashrae_140():
    """Double clear and low-e with argon as tabled there: window 600 T 0.703, g 0.769; 660 g 0.44."""
    assert DOUBLE.transmittance_normal == pytest.approx(0.703, abs=0.005)
    assert DOUBLE.g() == pytest.approx(0.769, abs=0.01)
    assert DOUBLE.transmittance_diffuse == pytest.approx(0.600, abs=0.003)
    assert DOUBLE.u_w_m2k() == pytest.approx(2.87, abs=0.05)
    assert COATED.g() == pytest.approx(0.44, abs=0.01)
    assert COATED.u_w_m2k() == pytest.approx(1.3, abs=0.15)
    assert TRIPLE.u_w_m2k() == pytest.approx(1.95, abs=0.1)


def test_gaps_of_en_673():
    """Declared U of units of 4 mm panes (EN 673 practice): 4-12-4 air 2.9, 4-16-4 air 2.7, low-e argon 1.1 W/m2K."""
    pane = Pane(0.004, 0.82, 0.075, 0.075, emissivity_front=0.837, emissivity_back=0.837)
    for gap_m, expected in ((0.012, 2.9), (0.016, 2.7)):
        assert Glazing((pane, pane), (Gap(gap_m),)).u_w_m2k() == pytest.approx(expected, abs=0.06)
    low = Pane(0.004, 0.6, 0.2, 0.2, emissivity_front=0.837, emissivity_back=0.03)
    argon = Glazing((low, pane), (Gap(0.016, "argon"),)).u_w_m2k()
    assert argon == pytest.approx(1.1, abs=0.06)
    assert argon < Glazing((low, pane), (Gap(0.016),)).u_w_m2k()
    radiative = glass.gap_w_m2k(Gap(0.003), 0.84, 0.84) - glass.gap_w_m2k(Gap(0.003), 1e-9, 0.84)
    assert radiative == pytest.approx(3.7, abs=0.1)
    # by hand: Gr 13130, Pr 0.667, Nu = 0.035 x 8756^0.38 = 1.102
    assert glass.gap_w_m2k(Gap(0.016, "argon"), 1e-9, 0.84) == pytest.approx(1.102 * 0.01684 / 0.016, rel=2e-3)


def test_the_hemispherical_mean_of_a_cosine_is_two_thirds():
    c = np.linspace(0.0, 1.0, 257)
    assert glass.hemispherical(c) == pytest.approx(2.0 / 3.0, rel=1e-12)
    assert glass.hemispherical(np.ones(257)) == pytest.approx(1.0, rel=1e-12)


def test_the_g_value_of_two_panes_is_en_410_s_formula() -> None:
    """q_i = ((a1 + a2) / h_e + a2 / L) / (1 / h_i + 1 / h_e + 1 / L), h_e 23, h_i 8; thin panes resist nothing."""
    panes = (glass.Pane(1e-9, 0.6, 0.1, 0.1), glass.Pane(1e-9, 0.7, 0.2, 0.2))
    double = glass.Glazing(panes, (glass.Gap(0.012, conductance_w_m2k=3.0),))
    first, second = double.absorptance_normal
    inward = ((first + second) / 23.0 + second / 3.0) / (1.0 / 8.0 + 1.0 / 23.0 + 1.0 / 3.0)
    assert double.g() == pytest.approx(double.transmittance_normal + inward, rel=1e-6)
    between = 1.0 - 0.1 * 0.2  # reflections between the panes
    assert double.transmittance_normal == pytest.approx(0.6 * 0.7 / between)
    assert second == pytest.approx(0.6 * 0.1 / between)
    assert first == pytest.approx(0.3 + 0.6 * 0.2 * 0.3 / between)
