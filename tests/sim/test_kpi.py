"""Key figures of match, grid interaction and comfort against figures by hand."""

from dataclasses import replace

import numpy as np
import pytest
from factories import random_district, random_weather
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sim import kpi
from sim import ledger as books
from sim import year as years
from sim.balance import balance
from sim.district import Heater
from sim.prepare import prepare
from sim.solar import solar
from sim.span import Span, simulate

powers = arrays(np.float64, 48, elements=st.floats(0.0, 1e6))


def account(made, used, *, losses=0.0, stored=0.0) -> dict[str, np.ndarray]:
    """An account of electricity that closes."""
    made, used = np.asarray(made, float), np.asarray(used, float)
    losses, stored = losses + np.zeros_like(made), stored + np.zeros_like(made)
    net = used + losses + stored - made
    return {"generated": made, "used": used, "losses": losses, "stored": stored,
            "imported": np.maximum(net, 0.0), "exported": np.maximum(-net, 0.0)}  # fmt: skip


DAY = account([0.0, 6.0, 10.0, 0.0], [2.0, 4.0, 4.0, 5.0])


def test_figures_of_four_steps_by_hand() -> None:
    """Made 16, used 15; 8 of it meets; import 2, 0, 0, 5; export 0, 2, 6, 0."""
    found = kpi.electricity(DAY)
    assert found["self_consumption"] == pytest.approx(0.5)
    assert found["self_sufficiency"] == pytest.approx(8.0 / 15.0)
    assert found["load_match"] == pytest.approx(0.5)
    assert found["grid_interaction"] == pytest.approx(np.std([2.0 / 6, -2.0 / 6, -1.0, 5.0 / 6]))
    assert (found["peak_import_w"], found["peak_export_w"]) == (5.0, 6.0)
    assert (found["peak_import_1_percent_w"], found["peak_export_1_percent_w"]) == (5.0, 6.0)
    assert found["import_load_factor"] == pytest.approx(7.0 / 4.0 / 5.0)
    assert found["onsite_energy_ratio"] == pytest.approx(16.0 / 15.0)
    assert found["annual_mismatch"] == pytest.approx(0.5)
    assert found["max_hourly_surplus"] == pytest.approx(1.5)
    assert found["max_hourly_deficit"] == 1.0


def test_hourly_ratios_are_of_hours_whatever_the_step() -> None:
    """Quarters that make 0, 8, 0, 8 for a load of 4 are an hour of just enough; as steps half of them fall short."""
    quarters = account([0.0, 8.0, 0.0, 8.0] * 2, [4.0] * 8)
    found = kpi.electricity(quarters, step_s=900.0)
    assert (found["annual_mismatch"], found["max_hourly_surplus"], found["max_hourly_deficit"]) == (0.0, 0.0, 0.0)
    assert found["load_match"] == pytest.approx(0.5) and found["peak_export_w"] == 4.0
    assert kpi.electricity(quarters)["max_hourly_surplus"] == pytest.approx(1.0)


def test_a_battery_that_gives_matches_load_and_what_is_lost_does_not() -> None:
    assert kpi.load_match(account([0.0], [4.0], stored=-3.0)) == pytest.approx(0.75)
    assert kpi.load_match(account([4.0], [4.0], losses=1.0)) == pytest.approx(0.75)


def test_the_lasting_peak_is_the_mean_of_the_highest_hundredth() -> None:
    power = np.arange(200.0)
    assert kpi.lasting_peak_w(power) == pytest.approx((199.0 + 198.0) / 2.0)
    year = np.arange(8760.0)  # 88 of them
    assert kpi.lasting_peak_w(year[::-1].copy()) == pytest.approx(8759.0 - 87.0 / 2.0)


@settings(max_examples=60, deadline=None)
@given(powers, powers)
def test_shares_are_shares_whatever_is_made_and_used(made, used) -> None:
    found = kpi.electricity(account(made, used))
    for name in ("self_consumption", "self_sufficiency", "load_match", "annual_mismatch", "max_hourly_deficit",
                 "import_load_factor", "grid_interaction"):  # fmt: skip
        assert -1e-12 <= found[name] <= 1.0 + 1e-12, name
    if (used >= kpi.LEAST_W).all():
        assert found["load_match"] == pytest.approx(1.0 - found["annual_mismatch"], abs=1e-9)
    assert found["peak_import_1_percent_w"] <= found["peak_import_w"]


@settings(max_examples=40, deadline=None)
@given(powers, powers)
def test_the_duration_curve_falls_from_the_import_peak_to_the_export_peak(made, used) -> None:
    e = account(made, used)
    net, curve = e["imported"] - e["exported"], kpi.duration_w(e)
    assert curve.shape == (101,)
    assert (np.diff(curve) <= 1e-9).all()
    assert (curve[0], curve[-1]) == (net.max(), net.min())
    assert curve[50] == pytest.approx(np.median(net), abs=1e-6)


def test_hours_too_warm_and_too_cold_are_those_of_the_rooms() -> None:
    weather = random_weather(seed=3)
    district = random_district(seed=4, buildings=6, nodes=0)
    heater = district.building.heater.copy()
    heater[0] = Heater.NONE
    set_point_c = district.building.set_point_c.copy()
    set_point_c[1] = 17.0
    district = replace(district, building=replace(district.building, heater=heater, set_point_c=set_point_c))
    case = prepare(district, solar(district, weather), weather)
    year = years.complete(case)
    _, flux = simulate(case, year.states[0], Span(0, 8760), grid=False)
    hours = kpi.comfort_h(year.ledger)
    for row, outside in zip(hours, (flux.indoor_c > 26.01, flux.indoor_c > 28.01, flux.indoor_c < 17.99), strict=True):
        assert (row == outside.sum(axis=0)).all()
    found, floor = kpi.comfort(year.ledger, district), district.building.floor_m2
    warm = floor[1:] > 0.0
    assert found["underheating_18_h"] == pytest.approx(np.average(hours[2, 1:][warm], weights=floor[1:][warm]))
    assert found["underheating_18_worst_h"] == hours[2, 1:].max() > 100.0
    b = balance(year.ledger, district, side="a", revision=1, compute_s=0.0)
    assert b.kpi["overheating_26_h"] == found["overheating_26_h"] >= found["overheating_28_h"]
    curve = b.curves["net_import_w"]
    assert (curve[0], curve[-1]) == (b.kpi["peak_import_w"], -b.kpi["peak_export_w"])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rooms_that_cooling_holds_at_26_degrees_are_not_too_warm(dtype: type) -> None:
    weather = random_weather(seed=3)
    district = random_district(seed=4, buildings=64, nodes=0)
    b = district.building
    cooled = replace(b, cool_c=np.full(64, 26.0), cool_limit_w=np.full(64, 1e6), open_w_k=np.zeros(64),
                     schedule=np.zeros(64, np.int32))  # fmt: skip
    district = replace(district, building=cooled)
    year = years.complete(prepare(district, solar(district, weather), weather, dtype=dtype))
    assert year.ledger.steps[books.ACCOUNTS.index("cooling_w")].sum() > 0.0
    assert kpi.comfort(year.ledger, district)["overheating_26_worst_h"] == 0.0


def test_books_of_a_boundary_are_the_same_bits_in_any_chunks() -> None:
    weather = random_weather(seed=3)
    district = random_district(seed=5, buildings=8, nodes=9)
    node = district.building.node.copy()
    node[2] = -1
    district = replace(district, building=replace(district.building, node=node))
    case = prepare(district, solar(district, weather), weather)
    year = years.complete(case)
    _, flux = simulate(case, year.states[0], Span(0, 8760))
    whole = books.empty(case)
    books.add(whole, case, flux, first=0)
    assert set(whole.parts) == {"functional"}
    assert (whole.parts["functional"] == year.ledger.parts["functional"]).all()
    assert (whole.comfort == year.ledger.comfort).all()
