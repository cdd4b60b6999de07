"""Places for plant: at substations, over parking, where the source says; all empty and all connected."""

from __future__ import annotations

import numpy as np
import shapely

from sim.district import NodeKind, Nodes, SiteKind
from tools import sites
from tools.land import Land, NamedPlant

ROAD = shapely.box(-100.0, -4.0, 100.0, 4.0)
HOUSE = np.array([[-12.0, 8.0], [12.0, 8.0], [12.0, 18.0], [-12.0, 18.0]])


def nodes() -> Nodes:
    """Two substations and a house connection."""
    kind = np.array([NodeKind.SOURCE, NodeKind.BUSBAR, NodeKind.SOURCE, NodeKind.BUSBAR, NodeKind.SERVICE], np.int8)
    x = np.array([0.0, 0.0, 60.0, 60.0, 5.0])
    return Nodes(id=("s1", "substation-1", "s2", "substation-2", "house"), kind=kind, x_m=x,
                 y_m=np.full(5, 5.5), z_m=np.array([1.0, 1.0, 2.0, 2.0, 1.0]), nominal_v=np.full(5, 400.0),
                 source_pu=np.ones(5), shunt_w=np.zeros(5), shunt_var=np.zeros(5))  # fmt: skip


def land() -> Land:
    return Land(roads=(ROAD,), parking=(shapely.box(70.0, 10.0, 110.0, 30.0), shapely.box(-60.0, 10.0, -55.0, 14.0)))


def test_a_battery_stands_beside_every_substation_off_street_and_houses() -> None:
    s = sites.propose(nodes=nodes(), land=land(), rings=[HOUSE])
    batteries = np.flatnonzero(s.kind == SiteKind.BATTERY)
    assert [s.id[k] for k in batteries] == ["battery-substation-1", "battery-substation-2"]
    assert s.node[batteries].tolist() == [1, 3]
    for k in batteries:
        foot = shapely.Point(s.x_m[k], s.y_m[k])
        assert foot.distance(ROAD) > 2.0
        assert foot.distance(shapely.polygons(HOUSE)) > 2.0
        assert np.hypot(s.x_m[k] - nodes().x_m[s.node[k]], s.y_m[k] - 5.5) <= 20.0 + 1e-9


def test_a_parking_area_gets_a_canopy_and_a_charger_per_eight_bays() -> None:
    s = sites.propose(nodes=nodes(), land=land(), rings=[HOUSE])
    canopies, chargers = (np.flatnonzero(s.kind == k) for k in (SiteKind.CANOPY, SiteKind.CHARGER))
    assert len(canopies) == 1  # the second area is too small
    assert 150.0 < s.area_m2[canopies[0]] < 0.6 * 800.0  # a square that fits between its sides of 20 m
    assert len(chargers) == 4  # 800 m2 are 32 bays
    inside = shapely.contains_xy(land().parking[0], s.x_m[chargers], s.y_m[chargers])
    assert inside.all()
    assert (s.node[chargers] == 3).all()  # the nearer substation


def test_plant_keeps_off_the_buildings_that_stand_on_a_parking_area() -> None:
    hall = np.array([[70.0, 10.0], [90.0, 10.0], [90.0, 30.0], [70.0, 30.0]])
    s = sites.propose(nodes=nodes(), land=land(), rings=[HOUSE, hall])
    on_parking = s.kind != SiteKind.BATTERY
    gap = shapely.distance(shapely.polygons(hall), shapely.points(s.x_m[on_parking], s.y_m[on_parking]))
    assert on_parking.sum() >= 2
    assert gap.min() >= 1.9
    canopy = int(np.flatnonzero(s.kind == SiteKind.CANOPY)[0])
    assert s.x_m[canopy] - np.sqrt(s.area_m2[canopy]) / 2 >= 91.5


def test_what_the_source_names_takes_the_place_of_proposals() -> None:
    named = (
        NamedPlant("plant-1", "canopy", 90.0, 20.0, 0.5, 300.0, {"name": "Roof"}),
        NamedPlant("plant-2", "charger", 75.0, 12.0, 0.5, 0.0, {}),
        NamedPlant("plant-3", "turbine", 500.0, 500.0, 0.7, 0.0, {"name": "Mill"}),
        NamedPlant("plant-4", "statue", 0.0, 0.0, 0.0, 0.0, {}),
    )
    s = sites.propose(nodes=nodes(), land=land(), named=named, rings=[HOUSE])
    row = {site: k for k, site in enumerate(s.id)}
    assert set(row) == {"plant-1", "plant-2", "plant-3", "battery-substation-1", "battery-substation-2"}
    assert s.name[row["plant-1"]] == "Roof"
    assert s.area_m2[row["plant-1"]] == 300.0
    assert s.node[row["plant-3"]] == -1  # a turbine feeds the medium voltage
    assert s.z_m[row["plant-3"]] == 0.7


def test_nothing_stands_anywhere_yet() -> None:
    s = sites.propose(nodes=nodes(), land=land(), rings=[HOUSE])
    assert not s.capacity_j.any()
    assert not s.power_w.any()
    assert len(set(s.id)) == len(s)


def test_a_place_without_grid_and_land_offers_nothing() -> None:
    none = np.zeros(0)
    s = sites.propose(nodes=Nodes((), np.zeros(0, np.int8), *[none] * 7), land=Land())
    assert len(s) == 0
