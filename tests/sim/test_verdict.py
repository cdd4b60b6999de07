"""The verdict, the boundaries it may be drawn in, and the choices that would turn it."""

from dataclasses import replace

import numpy as np
import pytest
from factories import FACTORS, random_district, random_weather

from network.problems import Refused
from network.schema import Balance, LayerChoice
from network.verdict import Alternative
from sim import boundary, carriers, verdict
from sim import year as years
from sim.balance import balance
from sim.district import Heater, NodeKind
from sim.iso52000 import ON_SITE, split
from sim.layers import apply, validate
from sim.ledger import ACCOUNTS, accounts_w, battery_given_w
from sim.place import Holding
from sim.prepare import prepare
from sim.solar import solar

WEATHER = random_weather(seed=3)
BASE = random_district(seed=9, buildings=20, nodes=25)
LIGHT = solar(BASE, WEATHER)


def _year(district=BASE):
    return years.complete(prepare(district, LIGHT, WEATHER))


def _balance(district=BASE) -> Balance:
    return balance(_year(district).ledger, district, side="a", revision=4, compute_s=0.1)


def _electric(*, peak_w_m2: float):
    """All heat from heat pumps, modules on every roof."""
    b = replace(BASE.building, heater=np.full(len(BASE.building), Heater.HEAT_PUMP, np.int8))
    return replace(BASE, building=b, surface=replace(BASE.surface, pv_peak_w=peak_w_m2 * BASE.surface.usable_m2))


def _turbine(district, rated_w: float):
    power_w, hub_m = district.site.power_w.copy(), district.site.hub_m.copy()
    power_w[2], hub_m[2] = rated_w, 100.0
    return replace(district, site=replace(district.site, power_w=power_w, hub_m=hub_m))


def _cars(district, share: float):
    b = district.building
    return replace(district, building=replace(b, electric_share=np.full(len(b), share), vehicles=np.full(len(b), 2.0)))


def _imports_j(rows: np.ndarray, ledger) -> float:
    """Net non-renewable primary energy of buildings whose books are `rows` [account, step]."""
    s = dict(zip(ACCOUNTS, rows, strict=True))
    net_w = s["appliances_w"] + s["heater_w"] + ledger.loss_w - s["pv_w"]
    return float((2.0 * net_w + 1.1 * s["gas_w"]).sum() * ledger.step_s)


def _of(b: Balance, kind: str) -> list[Alternative]:
    return [a for a in b.verdict.alternatives if a.kind == kind]


def test_the_verdict_names_rule_boundary_factors_and_both_margins() -> None:
    b = _balance()
    v = b.verdict
    assert v.surplus is False
    assert v.primary_margin_j == -b.totals_j["primary_energy"] < 0.0
    assert v.co2_margin_kg == -b.co2_kg < 0.0
    assert "ISO 52000" in v.rule
    assert (v.boundary, v.mobility) == ("geographical", "out")
    assert "electricity 2, 0.420 kg/kWh" in v.factors
    assert "k_exp 1" in v.factors


def test_the_margin_is_imports_less_exports_by_hand() -> None:
    b = _balance(_electric(peak_w_m2=400.0))
    e = b.carriers_j["electricity"]
    assert e["exported"] > 0.0
    assert b.verdict.primary_margin_j == pytest.approx(2.0 * (e["exported"] - e["imported"]), rel=1e-9)
    assert b.verdict.co2_margin_kg == pytest.approx(0.42 / 3.6e6 * (e["exported"] - e["imported"]), rel=1e-9)
    assert b.kpi["primary_step_a_j"] == pytest.approx(2.0 * e["imported"], rel=1e-9)


def test_enough_modules_and_no_gas_make_a_surplus_that_turns_where_exports_earn_nothing() -> None:
    district = _electric(peak_w_m2=3000.0)
    b = _balance(district)
    assert b.verdict.surplus is True
    assert b.carriers_j["gas"]["used"] == 0.0
    (k_exp,) = _of(b, "k_exp")
    assert k_exp.flips
    assert not k_exp.surplus
    assert "not credited" in k_exp.words
    strict = _balance(replace(district, place=replace(district.place, k_exp=0.0)))
    assert not strict.verdict.surplus
    assert "step A" in strict.verdict.rule
    assert strict.verdict.primary_margin_j == k_exp.primary_margin_j
    assert _of(strict, "k_exp")[0].flips


def test_every_alternative_is_what_the_verdict_would_be_if_it_were_chosen() -> None:
    """Published factors, put into district.toml, give the margins that were shown beside the others."""
    district = _electric(peak_w_m2=900.0)
    b = _balance(district)
    assert {"k_exp", "co2", "factors"} <= {a.kind for a in b.verdict.alternatives}
    for other in verdict.others(district, verdict.chosen(district)):
        choice = other.choice
        own = replace(district.place, factors=tuple(choice.factors.values()), k_exp=choice.k_exp, boundary=choice.mode)
        as_chosen = _balance(replace(district, place=own)).verdict
        (shown,) = [a for a in b.verdict.alternatives if a.words == other.words]
        assert (shown.kind, shown.source) == (other.kind, other.source)
        assert as_chosen.primary_margin_j == pytest.approx(shown.primary_margin_j)
        assert as_chosen.co2_margin_kg == pytest.approx(shown.co2_margin_kg)
        assert shown.flips == (as_chosen.surplus != b.verdict.surplus)


def test_marginal_co2_weighs_electricity_alone_and_leaves_primary_energy() -> None:
    b = _balance()
    (marginal,) = _of(b, "co2")
    e, gas = b.carriers_j["electricity"], b.carriers_j["gas"]
    factor = 0.23 / 0.53  # Swiss gas at 53 %
    by_hand = (factor * (e["imported"] - e["exported"]) + 0.22 * gas["imported"]) / 3.6e6
    assert -marginal.co2_margin_kg == pytest.approx(by_hand, rel=2e-3)
    assert marginal.primary_margin_j == b.verdict.primary_margin_j
    assert b.kpi["co2_marginal_kg"] == -marginal.co2_margin_kg


def test_a_missing_factor_is_refused_by_its_carrier() -> None:
    district = replace(BASE, place=replace(BASE.place, factors=FACTORS[:1]))
    with pytest.raises(Refused, match="factors for gas"):
        _balance(district)


# ---------------------------------------------------------------- mobility


def test_without_mobility_cars_take_what_is_left_over_before_the_grid_does() -> None:
    district = _cars(_electric(peak_w_m2=400.0), 1.0)
    year = _year(district)
    b = balance(year.ledger, district, side="a", revision=1, compute_s=0.0)
    assert b.verdict.mobility == "in"
    (left_out,) = _of(b, "mobility")
    assert left_out.primary_margin_j > b.verdict.primary_margin_j
    driven_j = b.kpi["vehicle_j"]
    assert left_out.primary_margin_j - b.verdict.primary_margin_j == pytest.approx(2.0 * driven_j, rel=1e-6)
    flows = split(carriers.carriers(year.ledger, district, mode="geographical", mobility=False)["electricity"])
    assert 0.0 < flows.to_other_j[ON_SITE].sum() < driven_j
    assert not _of(_balance(), "mobility")


# ---------------------------------------------------------------- boundaries


def test_delivered_and_exported_are_what_the_accounts_import_and_export() -> None:
    """With home batteries, a district battery and cars, whose chargers and losses are in it too."""
    chosen = (LayerChoice("batteries", {"home": 3600.0, "district": 3.6e8}),
              LayerChoice("vehicles", {"share": 0.7, "away": 0.4}))  # fmt: skip
    district = apply(_cars(_electric(peak_w_m2=400.0), 0.7), validate(chosen))
    ledger = _year(district).ledger
    assert ledger.charger_w.any()
    assert battery_given_w(ledger).any()
    electricity = carriers.carriers(ledger, district, mode="geographical", mobility=True)["electricity"]
    flows, e = split(electricity), accounts_w(ledger)["electricity"]
    through = ledger.step_s * (e["generated"] + e["imported"] + 1.0)
    assert np.abs((flows.delivered_j - ledger.step_s * e["imported"]) / through).max() < 1e-9
    assert np.abs((flows.exported_j - ledger.step_s * e["exported"]) / through).max() < 1e-9


def test_a_turbine_beside_the_grid_counts_within_the_edge_but_not_behind_the_substations() -> None:
    b = _balance(_turbine(_electric(peak_w_m2=30.0), 3e6))
    assert b.kpi["wind_j"] > 0.0
    (functional,) = _of(b, "boundary")
    assert "functional" in functional.words
    lost = b.verdict.primary_margin_j - functional.primary_margin_j
    assert lost == pytest.approx(2.0 * b.kpi["wind_j"], rel=1e-9)
    assert functional.flips
    assert not _of(_balance(), "boundary")


def test_a_building_off_the_grid_is_outside_of_the_functional_boundary() -> None:
    node = BASE.building.node.copy()
    node[:3] = -1
    district = replace(BASE, building=replace(BASE.building, node=node))
    year = _year(district)
    rows = year.ledger.parts["functional"]
    assert set(year.ledger.parts) == {"functional"}
    months = year.ledger.months.sum(axis=1)
    for k, name in enumerate(ACCOUNTS):
        if name != "battery_w":
            assert rows[k].sum() == pytest.approx(months[k][3:].sum(), rel=1e-9, abs=1e-6), name
    (functional,) = _of(balance(year.ledger, district, side="a", revision=1, compute_s=0.0), "boundary")
    assert functional.primary_margin_j == pytest.approx(-_imports_j(rows, year.ledger), rel=1e-9)


def test_what_district_toml_leaves_out_does_not_count() -> None:
    district = _turbine(BASE, 3e6)
    place = replace(BASE.place, outside={"geographical": (BASE.building.id[0], "turbine-1")})
    less = _balance(replace(district, place=place)).verdict
    whole = _balance(district)
    year = _year(district).ledger
    first = dict(zip(ACCOUNTS, year.months[:, :, 0].sum(axis=1) * year.step_s, strict=True))
    net_j = first["appliances_w"] + first["heater_w"] + first["vehicle_w"] - first["pv_w"]
    expected = 2.0 * (net_j - whole.kpi["wind_j"]) + 1.1 * first["gas_w"]
    assert less.primary_margin_j - whole.verdict.primary_margin_j == pytest.approx(expected, rel=1e-5)
    bad = replace(district, place=replace(BASE.place, outside={"virtual": ("nobody",)}))
    with pytest.raises(Refused, match="'nobody' outside of the virtual boundary"):
        prepare(bad, LIGHT, WEATHER)
    with pytest.raises(Refused, match="choose geographical, functional, virtual"):
        boundary.members(BASE, "political")


@pytest.mark.parametrize("kind", ["solar", "wind", "hydro"])
def test_a_share_of_plant_outside_counts_in_the_virtual_boundary_alone(kind: str) -> None:
    share = Holding("Citizens' share", kind, 4e12, "contract of 2024")
    district = replace(BASE, place=replace(BASE.place, holdings=(share,)))
    b = _balance(district)
    (virtual,) = _of(b, "boundary")
    assert virtual.primary_margin_j - b.verdict.primary_margin_j == pytest.approx(2.0 * 4e12, rel=1e-9)
    assert b.verdict.primary_margin_j == _balance().verdict.primary_margin_j


def test_without_a_grid_there_is_no_functional_boundary() -> None:
    district = random_district(buildings=5, nodes=0)
    assert not (district.node.kind == NodeKind.SOURCE).any()
    assert boundary.offered(district) == ("geographical",)
    assert boundary.parts(district) == {}
