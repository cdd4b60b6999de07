"""Kind `heat-pump`: coefficient of performance of an air-source heat pump at points (source and sink temperature)."""

from __future__ import annotations

from sim.physics import heating
from tools.cases.read import Case, Figure


def run(case: Case) -> list[Figure]:
    """`cop` [1] at every point: the regression with the product's field correction (sim/physics/heating.py)."""
    points = case.inputs.tables("point")
    figures = []
    for n, point in enumerate(points, 1):
        name = point.text("name", str(n))
        lift_k = point.number("sink_c") - point.number("source_c")
        figures.append(Figure("cop", float(heating.cop(lift_k)), "1", at=name))
    case.inputs.close()
    if not figures:
        raise case.inputs.wrong("point", "is missing; write [[point]] with source_c and sink_c for each")
    return figures
