"""ISO 13790's simple hourly method: heat that enters the five resistances leaves them or stays in the mass."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools.cases.simple_hourly import HOUR_S, Room, hour

SOME = st.floats(0.5, 500.0)
WATTS = st.floats(0.0, 1e4)


@st.composite
def rooms(draw: st.DrawFn) -> Room:
    """Any room: conductances of 0.5 to 500 W/K, a light or a heavy mass, most of its faces in front of it."""
    share = draw(st.floats(0.3, 0.8))
    return Room(draw(st.floats(0.0, 500.0)), draw(SOME), draw(st.floats(0.0, 500.0)), draw(SOME), draw(SOME),
                draw(st.floats(1e6, 1e9)), share, draw(st.floats(0.0, 1.0 - share)))  # fmt: skip


@settings(deadline=None)
@given(rooms(), st.floats(-20.0, 40.0), WATTS, WATTS, st.floats(5.0, 30.0), st.floats(-1e4, 1e4))
def test_heat_balance_closes(
    r: Room, outside: float, internal: float, solar: float, before: float, power: float
) -> None:  # fmt: skip
    """Gains and power, less what the window share of C.3 loses, = losses + what the mass takes up."""
    h = hour(r, outside_c=outside, internal_w=internal, solar_w=solar, mass_before_c=before, power_w=power)
    lost = (
        r.ventilation_w_k * (h.air_c - outside) + r.window_w_k * (h.surface_c - outside)
        + r.mass_outside_w_k * (h.mass_c - outside)
    )  # fmt: skip
    gained = internal + solar + power - r.window_share * (0.5 * internal + solar)
    stored = r.mass_j_k * (h.mass_after_c - before) / HOUR_S
    size = abs(lost) + abs(gained) + abs(stored) + r.mass_j_k * abs(before) / HOUR_S
    assert lost + stored == pytest.approx(gained, abs=1e-9 * size)


def test_a_room_without_any_loss_keeps_its_temperature() -> None:
    room = Room(0.0, 300.0, 0.0, 500.0, 1e-12, 1e7, 0.6, 0.0)
    h = hour(room, outside_c=-10.0, internal_w=0.0, solar_w=0.0, mass_before_c=20.0, power_w=0.0)
    assert [h.air_c, h.surface_c, h.mass_after_c] == pytest.approx([20.0] * 3)
