"""Ground under a floor: the year's wave of the air, damped and a month late; days do not reach it."""

import numpy as np
import pytest

from sim.physics import soil


def test_a_plain_wave_comes_damped_and_a_month_late() -> None:
    """10 degC +- 8 K, coldest on day 20: 10 +- 4.8 K, coldest on day 50; noise of days leaves no trace."""
    hours = np.arange(8760)
    wave = 10.0 - 8.0 * np.cos(2.0 * np.pi * (hours / 24.0 - 20.0) / 365.0)
    daily = 5.0 * np.sin(2.0 * np.pi * hours / 24.0)
    ground = soil.temperature_c(wave + daily, 3600.0)
    assert ground.mean() == pytest.approx(10.0, abs=1e-6)
    assert np.ptp(ground) == pytest.approx(2.0 * 4.8, rel=1e-4)
    assert np.argmin(ground) / 24.0 == pytest.approx(50.4, abs=0.1)


def test_steps_of_a_quarter_hour_and_the_south_make_no_difference() -> None:
    days = np.arange(8760) / 24.0
    south = 18.0 + 5.0 * np.cos(2.0 * np.pi * days / 365.0)
    hourly = soil.temperature_c(south, 3600.0)
    assert soil.temperature_c(np.repeat(south, 4), 900.0)[::4] == pytest.approx(hourly, abs=0.01)
    assert np.argmax(hourly) / 24.0 == pytest.approx(soil.LAG_DAYS, abs=0.1)
