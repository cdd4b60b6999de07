"""Light and land in real pictures: where shadows fall, what is blown out, what is under the horizon, what is lit."""

import numpy as np
import pytest
from toyland import HOME, STREET, Stand, buildings, land, toy_stand

from app.camera import looking_at
from app.gpu.view import vec
from app.light import direction, light
from app.presets import PRESETS, chosen
from network.problems import Refused

SUNS = {"noon": (165.0, 50.0), "golden": (228.0, 10.0), "dusk": (285.0, -3.5), "night": (330.0, -16.0)}
POLE = (0.0, 0.0, 3.0, 3.0, 30.0, 0.0, 0.0)
"""A post on a bare plain: 3 m wide, 30 m high."""


MAKE = {
    "town": lambda: toy_stand((320, 180)),
    "coarse": lambda: toy_stand((320, 180), coarse=True),
    "pole": lambda: Stand((400, 400), buildings([POLE]), [POLE], extent=(-100.0, -100.0, 100.0, 100.0)),
    "land": lambda: Stand((160, 90), (land(2, trees=0),), [], extent=(-100.0, -100.0, 100.0, 100.0)),
}


@pytest.fixture(scope="module")
def stands():
    """The stand of a name; one at a time, for they share one engine."""
    now = {}

    def get(name: str) -> Stand:
        if name not in now:
            for other in now.values():
                other.close()
            now.clear()
            now[name] = MAKE[name]()
        return now[name]

    yield get
    for stand in now.values():
        stand.close()


@pytest.fixture
def town(stands):
    return stands("town")


@pytest.fixture
def pole(stands):
    return stands("pole")


@pytest.mark.parametrize(("azimuth", "elevation"), [(110.0, 40.0), (165.0, 50.0), (240.0, 28.0)])
def test_a_shadow_lies_opposite_to_the_sun(pole: Stand, azimuth: float, elevation: float) -> None:
    down = looking_at(np.array([0.0, 0.0, 0.0]), distance_m=170.0, heading_rad=0.0, pitch_rad=np.pi / 2 - 1e-4)
    shown = pole.draw(down, azimuth=azimuth, elevation=elevation).mean(axis=2)
    row, column = np.nonzero(shown < 0.82 * np.median(shown))
    east, north = column - 199.5, 199.5 - row
    metre = 400 / 2 / np.tan(np.radians(24)) / 170.0
    away = np.hypot(east, north) / metre
    tip = away > 0.5 * away.max()
    towards = np.degrees(np.arctan2(east[tip].mean(), north[tip].mean()))
    error = (towards - (azimuth + 180) + 180) % 360 - 180
    assert abs(error) < 5.0
    assert away.max() == pytest.approx(30.0 / np.tan(np.radians(elevation)), rel=0.15)


@pytest.mark.parametrize("hour", SUNS)
def test_hardly_a_pixel_is_blown_out_or_black(town: Stand, hour: str) -> None:
    azimuth, elevation = SUNS[hour]
    for camera in (HOME, STREET):
        picture = town.draw(camera, azimuth=azimuth, elevation=elevation)
        assert (picture.min(axis=2) > 0.94).mean() < 0.02, "the tone curve never ends in full white: it is flat before"
        assert (picture.max(axis=2) < 0.012).mean() < 0.02


def test_an_eye_in_the_street_has_ground_under_it_everywhere(town: Stand) -> None:
    for turn in range(0, 360, 60):
        camera = looking_at(np.array([0.0, 0.0, 1.7]), distance_m=1.0, heading_rad=np.radians(turn), pitch_rad=0.0)
        before = town.draw(camera, azimuth=165, elevation=50)
        town.view._sky.hide()
        town.window.output.set_clear_color((1.0, 0.0, 1.0, 1.0))
        town.window.output.set_clear_color_active(True)
        without = town.draw(camera, azimuth=165, elevation=50)
        town.window.output.set_clear_color_active(False)
        town.view._sky.show()
        # A row or two under the horizon the plain has ended (16 km); there the sky is haze already.
        hole = (np.abs(before - without) > 0.02).any(axis=2)[93:]
        assert not hole.any(), f"sky below the horizon towards {turn} degrees"


def test_the_ground_fades_into_the_sky_without_an_edge(town: Stand) -> None:
    away = looking_at(np.array([0.0, 0.0, 60.0]), distance_m=1.0, heading_rad=np.radians(302), pitch_rad=0.0)
    picture = town.draw(away, azimuth=165, elevation=50)
    horizon = picture[80:100, 150:170].mean(axis=1)
    assert np.abs(np.diff(horizon, axis=0)).max() < 0.06


def test_shadows_are_drawn_anew_only_when_something_changed(town: Stand) -> None:
    town.draw(HOME, azimuth=165, elevation=50)
    before = town.view.shadows_drawn
    town.draw(STREET, azimuth=165, elevation=50)
    town.draw(HOME, azimuth=165.3, elevation=50)
    assert town.view.shadows_drawn == before
    town.draw(HOME, azimuth=170, elevation=50)
    assert town.view.shadows_drawn == before + 1


def test_windows_are_lit_at_night_and_not_by_day(town: Stand) -> None:
    near = looking_at(np.array([0.0, -20.0, 6.0]), distance_m=90.0, heading_rad=np.radians(320), pitch_rad=0.15)

    def bright(hour: str) -> float:
        picture = town.draw(near, azimuth=SUNS[hour][0], elevation=SUNS[hour][1])
        typical = np.median(picture[60:], axis=(0, 1)).max()
        return float((picture[60:].min(axis=2) > typical + 0.25).mean())

    assert bright("night") > 0.004
    assert light(direction(2.9, 0.8)).lit == 0.0 and light(direction(2.9, -0.3)).lit > 0.1
    assert bright("noon") < 0.002 or bright("noon") < 0.5 * bright("night")


def test_under_the_streets_there_are_no_trees_and_the_ground_has_no_colour(town: Stand) -> None:
    down = looking_at(np.array([300.0, 200.0, 0.0]), distance_m=160.0, heading_rad=0.0, pitch_rad=1.5)
    above = town.draw(down, azimuth=165, elevation=50)
    drawn = town.view.shadows_drawn
    town.town.under(1.0)
    under = town.draw(down, azimuth=165, elevation=50)
    town.town.under(0.0)
    assert town.view.shadows_drawn == drawn + 1, "the shadows of the trees went with them"
    assert (under.max(axis=2) - under.min(axis=2)).max() < 0.12
    assert under.mean() < above.mean() - 0.2
    assert above.std(axis=(0, 1)).max() > 2 * under.std(axis=(0, 1)).max(), "crowns stood out"


def test_the_driver_and_a_probe_choose_the_preset() -> None:
    assert chosen("", renderer="llvmpipe (LLVM 15.0.7, 256 bits)", probe_ms=0.0) is PRESETS["software"]
    assert chosen("", renderer="Mesa Intel(R) UHD Graphics 620", probe_ms=9.0) is PRESETS["laptop"]
    assert chosen("", renderer="NVIDIA RTX A4000", probe_ms=0.7) is PRESETS["workstation"]
    assert chosen("laptop", renderer="llvmpipe", probe_ms=0.0) is PRESETS["laptop"]
    with pytest.raises(Refused, match="workstation"):
        chosen("pretty", renderer="llvmpipe", probe_ms=0.0)


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_draws_the_same_town(town: Stand, preset: str) -> None:
    plain = town.draw(HOME, azimuth=165, elevation=50)
    town.view.use(PRESETS[preset])
    picture = town.draw(HOME, azimuth=165, elevation=50)
    town.view.use(PRESETS["software"])
    assert np.abs(plain.mean(axis=(0, 1)) - picture.mean(axis=(0, 1))).max() < 0.05


def test_far_buildings_look_like_near_ones_from_afar(stands) -> None:
    far = looking_at(np.array([0.0, 0.0, 5.0]), distance_m=1500.0, heading_rad=np.radians(302), pitch_rad=0.3)
    pictures = []
    for name in ("town", "coarse"):
        stand = stands(name)
        stand.town.paint(np.where(np.arange(200) % 2, 0.6, -0.6).astype(np.float32))
        pictures.append(stand.draw(far, azimuth=165, elevation=50))
    fine, coarse = pictures
    middle = np.s_[60:120, 110:210]
    assert np.abs(fine[middle].mean(axis=(0, 1)) - coarse[middle].mean(axis=(0, 1))).max() < 0.03


def test_land_hides_the_plain_whatever_their_heights(stands) -> None:
    """The stencil: a plain that stands higher than the land would otherwise lie over it."""
    stand = stands("land")
    down = looking_at(np.array([0.0, -95.0, 0.0]), distance_m=60.0, heading_rad=0.0, pitch_rad=1.5)
    r = stand.relief
    box = vec((r.plate_west_m, r.plate_south_m, r.plate_size_m, r.floor_m + 5.0))
    stand.view.scene.find("ground").set_shader_input("plate_box", box)
    picture = stand.draw(down, azimuth=165, elevation=50)
    water = picture[..., 2] - picture[..., 0] > 0.08
    assert water.mean() > 0.1
