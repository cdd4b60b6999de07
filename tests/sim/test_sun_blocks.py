"""Solar potential as a viewer of the real process gets it: on the map and beside a house."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from twins import Watcher, sim_process, write_package

SHOWN = ("facade_sun_j_m2", "roof_sun_j_m2", "sun_march_s", "sun_june_s", "sun_december_s")


@pytest.fixture(scope="module")
def viewer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watcher]:
    folder: Path = write_package(tmp_path_factory.mktemp("package") / "random")
    with sim_process({"package": str(folder)}) as (_, line):
        made = Watcher(line, (*SHOWN, "surplus_w_m2", "pv_w"))
        made.settle()
        yield made
        made.close()


def test_the_sun_of_every_building_is_a_row_that_no_scenario_changes(viewer: Watcher) -> None:
    buildings = len(viewer.newest["roster"].building_ids)
    plain = {name: viewer.newest[name].values.copy() for name in SHOWN}
    assert {values.shape for values in plain.values()} == {(1, buildings)}
    assert all(np.isfinite(values).any() and np.nanmax(values) > 0.0 for values in plain.values())
    assert np.nanmean(plain["sun_june_s"]) > np.nanmean(plain["sun_december_s"])
    viewer.choose(0.9)
    viewer.settle()
    for name in SHOWN:
        assert viewer.newest[name].key.scenario_revision == viewer.scenario.revision
        np.testing.assert_array_equal(viewer.newest[name].values, plain[name])


def test_a_house_tells_what_the_map_shows(viewer: Watcher) -> None:
    viewer.client.ask_facts("building", 7)
    viewer.until(lambda: "facts" in viewer.newest and viewer.newest["facts"].row == 7)
    told = {f.name: f for f in viewer.newest["facts"].facts}
    for name in SHOWN:
        mapped = viewer.newest[name].values[0, 7]
        if np.isfinite(mapped):
            assert told[name].value == pytest.approx(float(mapped), rel=1e-6) and told[name].rule
        else:
            assert name not in told
