"""What the attributes of real sources say of a building's use and year."""

from __future__ import annotations

import pytest

from sim.district import Use
from tools import attributes, inventory
from tools.city import Source


@pytest.mark.parametrize(
    ("said", "use"),
    [
        ({"USAGE1": "Indifférencié", "USAGE2": "Commercial et services"}, Use.RETAIL),
        ({"USAGE1": "Indifférencié", "NATURE": "Eglise"}, Use.OFFICE),
        ({"USAGE1": "Annexe"}, Use.SHED),
        ({"building": "yes", "amenity": "university"}, Use.SCHOOL),
        ({"building": "yes", "shop": "bakery"}, Use.RETAIL),
        ({"building": "yes", "office": "lawyer"}, Use.OFFICE),
        ({"class": "1100"}, Use.SCHOOL),
        ({"function": ["31001_2020", "x"]}, Use.OFFICE),
    ],
)
def test_uses_as_sources_write_them(said: dict[str, object], use: Use) -> None:
    assert attributes.use_of(said, footprint_m2=200.0, height_m=9.0) == (use, None)


@pytest.mark.parametrize(
    ("said", "year"),
    [({"DATE_APP": "1850-01-01"}, 1850), ({"dateOfConstruction": "1929-01-01"}, 1929), ({"start_date": "1999"}, 1999),
     ({"yearOfConstruction": -999}, 0)],
)  # fmt: skip
def test_years_as_sources_write_them(said: dict[str, object], year: int) -> None:
    assert inventory.number(said, inventory.YEAR_KEYS, least=1000, most=2100) == year


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ({"name": " Old   mill "}, "Old mill"),
        ({"name": "12054000006250020   01", "naam": "Stadhuis"}, "Stadhuis"),  # a register's key is no name
        ({"name": "12054000006250020   01"}, "b-1"),
        ({}, "b-1"),
    ],
)
def test_names_are_what_people_say(said: dict[str, object], name: str) -> None:
    assert inventory.name_of(Source("b-1", "a.gml", 1.0, said)) == name
