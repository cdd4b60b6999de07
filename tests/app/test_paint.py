"""Values to colour: interpolated in the block, clipped to the legend, unknown where nothing is known."""

from itertools import pairwise

import numpy as np
import pytest

from app import paint
from network.schema import BlockKey, FluxBlock

SEVENTY = paint.legend("surplus_w_m2", {"surplus_w_m2": 70.0})


def block(values, *, quantity: str = "surplus_w_m2", first_s: float = 0.0) -> FluxBlock:
    return FluxBlock("a", quantity, BlockKey("run", 1, 0, False), 3600.0, first_s, np.array(values, np.float32))


def test_the_middle_of_a_step_shows_its_mean_and_between_two_it_is_half_way() -> None:
    b = block([[0.0], [10.0], [20.0]])
    assert paint.at_time(b, 5400.0)[0] == pytest.approx(10.0)
    assert paint.at_time(b, 7200.0)[0] == pytest.approx(15.0)


def test_numbers_show_the_mean_of_the_step_never_an_interpolation() -> None:
    b = block([[0.0], [10.0], [20.0]])
    assert paint.mean_of_step(b, 3600.0)[0] == 10.0
    assert paint.mean_of_step(b, 7199.0)[0] == 10.0


def test_outside_the_block_its_end_stands() -> None:
    b = block([[1.0], [2.0]])
    assert paint.at_time(b, -1e6)[0] == 1.0 and paint.at_time(b, 1e6)[0] == 2.0


def test_levels_are_clipped_and_nan_means_no_data() -> None:
    b = block([[-500.0, 35.0, 0.0]])
    assert paint.levels(b, SEVENTY, 0.0, 3).tolist() == pytest.approx([-1.0, 0.5, 0.0])
    assert np.isnan(paint.levels(None, SEVENTY, 0.0, 3)).all()
    assert np.isnan(paint.levels(b, SEVENTY, 0.0, 4)).all(), "a block of another district colours nothing"


def test_the_sun_is_a_unit_vector_between_its_rows() -> None:
    v = paint.sun_at(block([[1, 0, 0], [0, 0, 1]], quantity="sun_enu"), 1800.0)
    assert v is not None and v == pytest.approx([np.sqrt(0.5), 0, np.sqrt(0.5)])


def test_recolouring_a_hundred_thousand_buildings_is_one_row() -> None:
    b = block(np.zeros((26, 100_000)))
    assert len(paint.levels(b, SEVENTY, 40000.0, 100_000)) == 100_000


MACHADO = {
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
"""Full dichromacy on linear rgb; Machado, Oliveira, Fernandes 2009, table of severity 1.0."""


def lab(rgb: np.ndarray) -> np.ndarray:
    """CIELAB (D65) of linear sRGB."""
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ np.clip(rgb, 0, 1)
    t = xyz / [0.9505, 1.0, 1.089]
    f = np.where(t > 0.008856, np.cbrt(t), 7.787 * t + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("eyes", ["normal", *MACHADO])
def test_import_and_export_differ_for_every_eye(eyes: str) -> None:
    matrix = np.array(MACHADO.get(eyes, np.eye(3)))
    legend = paint.legend("surplus_w_m2", {})
    for take, give in ((legend.take_strong, legend.give_strong), (legend.take_middle, legend.give_middle)):
        assert np.linalg.norm(lab(matrix @ take) - lab(matrix @ give)) >= 40.0


def test_one_sided_quantities_have_one_hue_and_no_hatch() -> None:
    legend = paint.legend("indoor_k", {"indoor_k": 300.0})
    assert legend.take_strong == legend.give_strong and not legend.hatch_takes


def test_temperatures_begin_at_fifteen_degrees_not_at_absolute_zero() -> None:
    legend = paint.legend("indoor_k", {})
    levels = paint.levels(block([[288.15, 295.65, 303.15, 280.0]], quantity="indoor_k"), legend, 0.0, 4)
    assert levels.tolist() == pytest.approx([0.0, 0.5, 1.0, 0.0], abs=1e-5)


def test_roofs_are_told_apart_in_the_upper_half_of_what_the_best_get() -> None:
    kwh = 3.6e6
    legend = paint.legend("roof_sun_j_m2", {"roof_sun_j_m2": 1200 * kwh})
    roofs = block([[500 * kwh, 600 * kwh, 900 * kwh, 1200 * kwh]], quantity="roof_sun_j_m2")
    assert paint.levels(roofs, legend, 0.0, 4).tolist() == pytest.approx([0.0, 0.0, 0.5, 1.0])


@pytest.mark.parametrize("eyes", ["normal", *MACHADO])
def test_the_night_s_paler_export_still_differs_from_import(eyes: str) -> None:
    matrix = np.array(MACHADO.get(eyes, np.eye(3)))
    legend = paint.legend("surplus_w_m2", {})
    night = 0.6 * np.array(legend.give_strong) + 0.4 * np.array(legend.give_middle)
    assert np.linalg.norm(lab(matrix @ legend.take_strong) - lab(matrix @ night)) >= 40.0


@pytest.mark.parametrize("eyes", ["normal", *MACHADO])
def test_more_loading_is_darker_for_every_eye(eyes: str) -> None:
    matrix = np.array(MACHADO.get(eyes, np.eye(3)))
    lightness = [lab(matrix @ rgb)[0] for rgb in paint.loading_rgb(np.linspace(0, 1, 11))]
    assert all(b < a - 2.0 for a, b in pairwise(lightness))
    assert lightness[0] - lightness[-1] > 60.0


def test_every_paint_has_a_scale_and_heat_alone_is_raspberry() -> None:
    for quantity in paint.PAINTS:
        legend = paint.legend(quantity, {})
        assert legend.scale > legend.low
        raspberry = legend.give_strong == paint.linear("#B0246E")
        assert raspberry == (quantity in ("heating_w_m2", "gas_w"))


def test_while_cables_show_their_loading_houses_are_paper() -> None:
    levels = paint.levels(block([[0.4] * 7], quantity="line_loading"), paint.legend("line_loading", {}), 0.0, 3)
    assert levels.tolist() == [0.0, 0.0, 0.0]


def test_the_scale_of_loading_is_what_a_cable_may_carry_whatever_the_package_says() -> None:
    assert paint.legend("line_loading", {"line_loading": 0.2}).scale == 1.0


def test_what_is_of_walls_paints_walls_and_what_is_of_roofs_paints_roofs() -> None:
    assert paint.legend("facade_sun_j_m2", {}).painted == (2.0, 0.0)
    assert paint.legend("roof_sun_j_m2", {}).painted == (0.0, 1.0)
    assert all(paint.legend(f"sun_{month}_s", {}).painted[1] == 0.0 for month in ("march", "june", "december"))
    assert paint.legend("surplus_w_m2", {}).painted == (1.0, 1.0)
