"""The sun's place against pvlib, and its mean over a step."""

import numpy as np
import pandas as pd
import pvlib
import pytest

from sim.physics import sun


@pytest.mark.parametrize(
    ("latitude", "longitude", "offset_h", "year"), [(47.4, 8.6, 1, 2015), (-33.9, 151.2, 10, 2025)]
)
def test_sun_stands_where_pvlib_puts_it(latitude: float, longitude: float, offset_h: int, year: int) -> None:
    times_s = np.arange(0.0, 365 * 86400.0, 1777.0)
    stamps = pd.Timestamp(f"{year}-01-01", tz=f"Etc/GMT-{offset_h}") + pd.to_timedelta(times_s, unit="s")
    theirs = pvlib.solarposition.get_solarposition(stamps, latitude, longitude, method="nrel_numpy")
    z, a = np.radians(theirs.zenith.to_numpy()), np.radians(theirs.azimuth.to_numpy())
    expected = np.column_stack([np.sin(z) * np.sin(a), np.sin(z) * np.cos(a), np.cos(z)])

    ours = sun.direction_enu(np.radians(latitude), np.radians(longitude), year, offset_h * 3600.0, times_s)

    angle = np.degrees(2.0 * np.arcsin(0.5 * np.linalg.norm(ours - expected, axis=1)))
    assert angle.max() < 0.02


def test_extraterrestrial_irradiance_is_pvlib_s() -> None:
    days = np.arange(1, 366)
    assert np.allclose(sun.extraterrestrial_w_m2(days), pvlib.irradiance.get_extra_radiation(days), atol=1e-6)


def test_mean_direction_at_sunrise_looks_at_the_part_with_sun() -> None:
    place = (np.radians(47.4), np.radians(8.6), 2015, 3600.0)
    direction, share = sun.mean_direction(*place, np.arange(8760) * 3600.0, step_s=3600.0)
    assert np.allclose(np.linalg.norm(direction, axis=1), 1.0)
    dawn = (share > 0.0) & (share < 1.0)
    assert (direction[dawn, 2] > 0.0).all()
    assert 4300 < share.sum() < 4460  # half of the year, whatever the latitude
