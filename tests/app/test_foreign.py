"""Looks of tiles made by others, on the screen: what a pixel says of textures, colours, alpha, styles and values."""

from dataclasses import replace

import numpy as np
import pytest
from foreign_stand import BLUE, EYE, GREEN, RED, SIZE, UNLIT, WHITE, at, hue, quad, texture

from app.gpu.foreign import mipmaps
from app.gpu.pick import Picker
from app.pick import PATCH, row_of
from app.presets import PRESETS
from app.tiles.mesh import AlphaMode, Look, Mesh, bytes_of


def test_a_texture_lies_as_the_file_says_its_first_row_at_the_top(screen) -> None:
    screen.put(quad(replace(UNLIT, texture=texture((RED, GREEN), (BLUE, WHITE)), nearest=True)))
    picture = screen.draw()
    assert [hue(at(picture, x, z)) for z in (5, -5) for x in (-5, 5)] == ["r", "g", "b", "-"]


def test_colours_are_srgb_in_and_srgb_out(screen) -> None:
    screen.put(quad(replace(UNLIT, texture=texture(((128, 128, 128, 255),)))))
    from_texture = at(screen.draw(), 0, 0)
    linear = ((128 / 255 + 0.055) / 1.055) ** 2.4
    screen.begin()
    screen.put(quad(replace(UNLIT, base_color=(linear, linear, linear, 1.0))))
    from_factor = at(screen.draw(), 0, 0)
    assert from_texture == pytest.approx(from_factor, abs=0.012)
    assert from_texture == pytest.approx(np.full(3, 128 / 255), abs=0.05), "but for the curve of the whole picture"


def test_base_colour_vertex_colour_and_texture_multiply(screen) -> None:
    yellow = np.tile(np.array([[1.0, 1.0, 0.0, 1.0]], np.float32), (4, 1))
    look = replace(UNLIT, base_color=(0.0, 1.0, 1.0, 1.0), texture=texture((WHITE,)))
    screen.put(quad(look, color=yellow))
    rgb = at(screen.draw(), 0, 0)
    assert hue(rgb) == "g" and rgb[0] == pytest.approx(rgb[2], abs=0.02) and rgb[0] < 0.35


def test_a_face_turned_away_is_not_there_unless_it_has_two_sides(screen) -> None:
    screen.put(quad(replace(UNLIT, base_color=(1, 0, 0, 1)), x=(-10, -1), facing=1.0))
    screen.put(quad(replace(UNLIT, base_color=(1, 0, 0, 1), double_sided=True), x=(1, 10), facing=1.0))
    picture = screen.draw()
    assert hue(at(picture, -5, -5)) != "r" and hue(at(picture, 5, -5)) == "r"


def test_a_mirrored_tile_shows_its_front(screen) -> None:
    screen.put(quad(replace(UNLIT, base_color=(1, 0, 0, 1))), world=np.diag([-1.0, 1.0, 1.0, 1.0]))
    assert hue(at(screen.draw(), 0, 0)) == "r"


def test_edges_are_smooth_however_often_a_preset_is_chosen(screen) -> None:
    leaning = np.array([[0.95, 0, 0.3, 0], [0, 1, 0, 0], [-0.3, 0, 0.95, 0], [0, 0, 0, 1]])
    screen.put(quad(replace(UNLIT, base_color=(1, 0, 0, 1))), world=leaning)

    def between() -> int:
        """Pixels that are neither quite red nor quite what is behind."""
        picture = screen.draw()
        red = picture[..., 0] - picture[..., 2]
        return int(((red > 0.15) & (red < 0.55)).sum())

    assert between() == 0
    try:
        for preset in ("laptop", "laptop", "workstation", "workstation"):
            screen.view.use(PRESETS[preset])
            screen.draw()
            assert between() > 40, preset
    finally:
        screen.view.use(PRESETS["software"])


def test_the_lit_side_is_lighter_than_the_one_in_its_own_shade(screen) -> None:
    paper = Look(base_color=(0.6, 0.6, 0.6, 1.0), double_sided=True)
    screen.put(quad(paper, x=(-10, -1), facing=-1.0))
    screen.put(quad(paper, x=(1, 10), facing=1.0))
    picture = screen.draw()
    # The sun stands in the south: both rectangles are seen from there, whichever side is called the front.
    assert at(picture, -5, -5).mean() == pytest.approx(at(picture, 5, -5).mean(), abs=0.03)
    screen.begin()
    screen.put(quad(paper, normal=np.tile(np.array([[0, 1.0, 0]], np.float32), (4, 1))))
    assert at(screen.draw(), 0, -5).mean() < at(picture, -5, -5).mean() - 0.15


def test_without_normals_faces_are_lit_by_the_way_they_lie(screen) -> None:
    paper = Look(base_color=(0.6, 0.6, 0.6, 1.0))
    screen.put(quad(paper))
    with_normals = at(screen.draw(), 0, 0)
    screen.begin()
    screen.put(quad(paper, normal=np.zeros((4, 3), np.float32)))
    assert at(screen.draw(), 0, 0) == pytest.approx(with_normals, abs=0.02)


def test_what_is_masked_is_there_or_not(screen) -> None:
    holes = texture((RED, (255, 0, 0, 100)))
    screen.put(quad(replace(UNLIT, texture=holes, alpha_mode=AlphaMode.MASK, alpha_cutoff=0.5)))
    picture = screen.draw()
    assert hue(at(picture, -5, -5)) == "r" and hue(at(picture, 5, -5)) != "r"


def test_what_is_blended_lets_ground_sky_and_things_behind_it_through(screen) -> None:
    sky = at(screen.draw(), 0, 5)
    glass = replace(UNLIT, base_color=(1.0, 0.0, 0.0, 0.5), alpha_mode=AlphaMode.BLEND)
    screen.put(quad(glass))
    screen.put(quad(replace(UNLIT, base_color=(0.0, 0.0, 1.0, 1.0)), z=(-10, -1), y=5.0))
    picture = screen.draw()
    above, below = at(picture, 0, 5), at(picture, 0, -5)
    assert above[2] == pytest.approx(0.5 * sky[2], abs=0.09), "half of the sky's blue"
    assert above[0] > sky[0] - 0.05
    assert below[0] > 0.3 and below[2] > 0.3 and below[1] < 0.25


def test_glass_before_glass_is_drawn_farthest_first_however_it_came(screen) -> None:
    red, green = (replace(UNLIT, base_color=c, alpha_mode=AlphaMode.BLEND) for c in ((1, 0, 0, 0.8), (0, 1, 0, 0.8)))
    screen.put(quad(red, y=-3.0))
    screen.put(quad(green, y=3.0))
    assert hue(at(screen.draw(), 0, 0)) == "r"
    screen.begin()
    screen.put(quad(green, y=3.0))
    screen.put(quad(red, y=-3.0))
    assert hue(at(screen.draw(), 0, 0)) == "r"


def test_a_style_colours_and_hides_features_for_eye_hand_and_shadow(screen) -> None:
    white = replace(UNLIT, double_sided=True)
    screen.put(quad(white, x=(-15, -5), slot=1), quad(white, x=(-4, 4), slot=2), quad(white, x=(5, 15), slot=3))
    screen.town.dress(np.array([[1, 1, 1, 1], [0, 0, 1, 1], [1, 1, 1, 0], [1, 1, 1, 1]], np.float32))
    styled = screen.draw()
    hues = [hue(at(styled, x, -5)) for x in (-10, 10)]
    assert hues == ["b", "-"]
    picker = Picker(screen.view)

    def picked(x_m: float) -> int:
        per_m = SIZE[0] / (2 * 40.0 * np.tan(np.radians(24.0)))
        picker.aim(EYE, -20.0, (SIZE[0] / 2 + x_m * per_m, SIZE[1] / 2 + 5 * per_m))
        screen.draw()
        patch = picker.read()
        return row_of(patch)

    assert PATCH > 0
    assert [picked(x) for x in (-10.0, 0.0, 10.0)] == [0, -1, 2]
    screen.town.dress(None)
    assert picked(0.0) == 1 and at(screen.draw(), 0, -5) == pytest.approx(at(styled, 10, -5), abs=0.03)


def test_what_a_style_hides_throws_no_shadow(screen) -> None:
    paper = Look(base_color=(0.6, 0.6, 0.6, 1.0), double_sided=True)
    screen.put(quad(paper, y=4.0), quad(paper, x=(-6, 6), z=(-2, 20), y=0.0, slot=1))
    shaded = screen.draw()
    assert at(shaded, 0, -4).mean() < at(shaded, 9, -4).mean() - 0.1
    screen.town.dress(np.array([[1, 1, 1, 1], [1, 1, 1, 0]], np.float32))
    hidden = screen.draw()
    assert at(hidden, 0, -4).mean() == pytest.approx(at(hidden, 9, -4).mean(), abs=0.03)


@pytest.mark.parametrize("ours", [False, True])
def test_a_style_between_there_and_not_lets_half_of_what_is_behind_through(screen, ours: bool) -> None:
    face = np.tile(np.array([[0.0, 0.0, 20.0, -1.0]], np.float32), (4, 1))
    sky = at(screen.draw(), 5, 5)
    for slot, x in ((1, (-15, -1)), (2, (1, 15))):
        made = quad(Look(base_color=(0.75, 0.7, 0.65, 1.0)), x=x, slot=slot, face=face)
        screen.put(replace(made, look=None) if ours else made)
    red = np.array([[1, 1, 1, 1], [1, 0, 0, 1], [1, 0, 0, 0.5]], np.float32)
    screen.town.dress(red)
    late = screen.draw()
    whole, half = at(late, -5, 5), at(late, 5, 5)
    assert half == pytest.approx((whole + sky) / 2, abs=0.03)
    screen.town.dress(None)
    screen.town.dress(red)
    assert np.abs(screen.draw() - late).max() < 0.01
    screen.town.dress(None)
    assert at(screen.draw(), 5, 5) == pytest.approx(at(screen.draw(), -5, 5), abs=0.02)


@pytest.mark.parametrize("ours", [False, True])
def test_tiles_that_come_under_a_style_are_translucent_too(screen, ours: bool) -> None:
    face = np.tile(np.array([[0.0, 0.0, 20.0, -1.0]], np.float32), (4, 1))
    screen.town.dress(np.array([[1, 1, 1, 1], [1, 0, 0, 0.5]], np.float32))
    sky = at(screen.draw(), 0, 5)
    made = quad(Look(base_color=(0.75, 0.7, 0.65, 1.0)), slot=1, face=face)
    screen.put(replace(made, look=None) if ours else made)
    half = at(screen.draw(), 0, 5)
    assert hue(half) == "r" and half[2] > 0.35 * sky[2]


@pytest.mark.parametrize("coarse", [False, True])
def test_a_style_colours_and_hides_our_own_buildings_too(screen, coarse: bool) -> None:
    face = np.tile(np.array([[0.0, 0.0, 20.0, -1.0]], np.float32), (4, 1))
    more = {"face": face[:0] if coarse else face, "coarse": coarse}
    sky = screen.draw()
    for slot, x in ((1, (-15, -5)), (2, (-4, 4)), (3, (5, 15))):
        screen.put(replace(quad(UNLIT, x=x, slot=slot, **more), look=None))
    plain = screen.draw()
    screen.town.dress(np.array([[1, 1, 1, 1], [0, 0, 1, 1], [1, 1, 1, 0], [1, 1, 1, 1]], np.float32))
    styled = screen.draw()
    assert hue(at(styled, -10, -5)) == "b"
    assert at(styled, 0, 5) == pytest.approx(at(sky, 0, 5), abs=0.01)
    assert at(styled, 10, -5) == pytest.approx(at(plain, 10, -5), abs=0.01)
    screen.town.dress(None)
    assert np.abs(screen.draw() - plain).max() < 0.01


def test_features_that_come_after_a_style_are_as_they_are(screen) -> None:
    screen.town.dress(np.array([[1, 1, 1, 1], [0, 0, 1, 1]], np.float32))
    screen.put(quad(replace(UNLIT, base_color=(1, 0, 0, 1)), slot=5000))
    assert hue(at(screen.draw(), 0, 0)) == "r"


def test_a_building_of_the_district_shows_its_flux_and_of_its_look_only_light_and_dark(screen) -> None:
    bricks = texture(((30, 90, 30, 255), (200, 255, 200, 255)))
    look = Look(texture=bricks, nearest=True)
    screen.put(quad(look, x=(-15, -1), slot=1), quad(look, x=(1, 15), slot=3))
    before = screen.draw()
    assert hue(at(before, -4, 0)) == "g", "nothing is known: its own look"
    screen.town.paint(np.array([-1.0, 0.5], np.float32))
    picture = screen.draw()
    dark, pale = at(picture, -12, 0), at(picture, -4, 0)
    assert hue(dark) == hue(pale) == "r", "it takes: orange"
    assert pale.mean() > dark.mean() + 0.02, "the bricks can still be told"
    assert hue(at(picture, 12, 0)) == "g", "row 3 is no building of the district"


def test_outlines_of_a_surface_are_inked(screen) -> None:
    screen.put(quad(replace(UNLIT, base_color=(0, 1, 0, 1)), lines=np.array([0, 1, 1, 2, 2, 3, 3, 0], np.uint32)))
    picture = screen.draw()
    assert (picture.max(axis=2) < 0.2).sum() > 60
    assert hue(at(picture, 0, 0)) == "g"


def test_a_frame_takes_one_large_texture_and_shows_the_others_coarse_until_their_turn(screen) -> None:
    bright = np.zeros((1024, 1024, 4), np.uint8)
    bright[...] = (0, 255, 0, 255)
    other = bright.copy()
    screen.town.foreign.refine()
    screen.put(quad(replace(UNLIT, texture=bright), x=(-15, -1)), quad(replace(UNLIT, texture=other), x=(1, 15)))
    assert screen.town.foreign.pending
    picture = screen.draw()
    assert hue(at(picture, -5, 0)) == hue(at(picture, 5, 0)) == "g", "coarse, but no hole"
    screen.town.foreign.refine()
    assert not screen.town.foreign.pending


def test_meshes_that_share_a_texture_share_it_on_the_gpu(screen) -> None:
    one = texture((RED, GREEN), size=16)
    first, second = (screen.town.prepare(quad(replace(UNLIT, texture=one), x=x)) for x in ((-15, -1), (1, 15)))
    assert first.ahead[1] is second.ahead[1]
    assert bytes_of((first, second)) < first.bytes + second.bytes - one.nbytes


def test_halves_of_a_texture_are_means_down_to_one_texel() -> None:
    rng = np.random.default_rng(3)
    whole = rng.integers(0, 256, (12, 5, 4), dtype=np.uint8)
    whole[..., 3] = 255
    levels = mipmaps(whole)
    assert [level.shape[:2] for level in levels] == [(6, 2), (3, 1), (1, 1)]
    assert levels[0][0, 0] == pytest.approx(whole[:2, :2].reshape(4, 4).mean(axis=0), abs=0.6)
    cut = np.zeros((2, 2, 4), np.uint8)
    cut[0, 0] = (200, 100, 50, 255)  # the rest is clear and black, and must not darken it
    assert mipmaps(cut)[0][0, 0] == pytest.approx([200, 100, 50, 64], abs=1)


def test_what_is_framed_is_where_nearly_all_of_it_stands(screen) -> None:
    rng = np.random.default_rng(5)

    def cloud(count: int, wide_m: float) -> Mesh:
        place = rng.uniform(-wide_m, wide_m, (count, 3)).astype(np.float32)
        return quad(UNLIT, position=place, normal=np.zeros((count, 3), np.float32), walls=np.zeros(0, np.uint32),
                    info=np.zeros((count, 4), np.float32), dots=np.arange(count, dtype=np.uint32))  # fmt: skip

    assert screen.town.extent() is None
    screen.put(cloud(30, 1000.0))
    assert np.ptp(screen.town.extent(), axis=0).min() > 1500.0
    screen.put(*(cloud(4000, 20.0) for _ in range(20)))
    low, high = screen.town.extent()
    assert (high - low < 70.0).all() and (np.abs((low + high) / 2) < 5.0).all()
    screen.town.detach(1)
    screen.town.show(np.array([0]))
    assert np.ptp(screen.town.extent(), axis=0).min() > 1500.0
