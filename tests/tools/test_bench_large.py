"""The bench of a large district, run on a small one."""

import pytest

from network.problems import Refused
from tools import bench, bench_large

BUILDINGS = 500


def test_a_year_in_a_process_of_its_own_is_timed_and_weighed() -> None:
    time_row, memory_row = bench_large.rows(bench_large.measured(BUILDINGS), BUILDINGS)
    assert (time_row["name"], memory_row["name"]) == ("year-500", "year-500-memory")
    assert 0.0 < time_row["value"] < 60.0
    # each with four channels and two roofs that carry modules: 2 bytes in some 4,700 steps with daylight
    assert memory_row["reference"]["value"] == pytest.approx(500 * 6 * 2 * 4717 / 1e9, rel=0.05)
    assert 0.1 < memory_row["value"] < 0.6
    assert bench.page({"machine": bench.machine(1.0), "results": [time_row, memory_row]}).count("holds") == 2


def test_a_process_that_cannot_says_why() -> None:
    with pytest.raises(Refused, match=r"the year of -1 buildings was not computed: .*negative"):
        bench_large.measured(-1)


def test_the_large_year_is_measured_when_asked_for_in_full() -> None:
    assert bench_large.results("", full=False) == []
    assert bench_large.results("grid", full=True) == []
    assert set(bench_large.BUDGETS) == {"year-100000", "year-100000-memory"}


def test_a_slow_machine_is_given_time_but_no_memory() -> None:
    assert bench.allowed({"budget": 4.0, "unit": "GB"}, 2.5) == 4.0
    assert bench.allowed({"budget": 60.0, "unit": "s"}, 2.5) == 150.0
