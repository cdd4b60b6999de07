"""Saved scenarios outlive the process: in the package, or beside it where the package is read-only."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from twins import Watcher, sim_process, write_package

from network import keys, schema
from network.schema import LayerChoice


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_package(tmp_path_factory.mktemp("package") / "town", buildings=12, nodes=15)


@pytest.fixture
def folder(built: Path, tmp_path: Path) -> Iterator[Path]:
    yield Path(shutil.copytree(built, tmp_path / "town"))
    shutil.rmtree(keys.state_folder() / "scenarios", ignore_errors=True)


def save(viewer: Watcher, name: str, share: float | None) -> None:
    layers = None if share is None else (LayerChoice("solar", {"share": share}),)
    viewer.client.send(schema.SaveScenario(viewer.client.sender, name, layers))


def names(viewer: Watcher) -> list[str]:
    return [s.name for s in viewer.newest["saved"].scenarios]


def test_a_scenario_that_was_saved_is_there_after_a_restart_and_for_every_viewer(folder: Path) -> None:
    with sim_process({"package": str(folder)}) as (_, line):
        one, other = Watcher(line), Watcher(line)
        for viewer in (one, other):
            viewer.until(lambda v=viewer: "saved" in v.newest and v.newest["saved"].scenarios == ())  # type: ignore[misc]
        save(one, "Half", 0.5)
        save(one, "All", 1.0)
        one.until(lambda: names(one) == ["Half", "All"])
        other.until(lambda: names(other) == ["Half", "All"])
        save(one, "Half", None)
        other.until(lambda: names(other) == ["All"])
        one.close()
        other.close()
    assert (folder / "layers.toml").read_text().startswith("format = 1\n")
    with sim_process({"package": str(folder), "layers": f"{folder / 'layers.toml'}#All"}) as (_, line):
        late = Watcher(line)
        late.until(lambda: "saved" in late.newest and "scenario" in late.newest)
        assert names(late) == ["All"]
        assert late.scenario.choices == late.newest["saved"].scenarios[0].choices
        late.close()


def test_of_a_package_that_cannot_be_written_scenarios_are_kept_in_the_state_folder(folder: Path) -> None:
    (folder / "layers.toml").mkdir()  # as good as read-only, for root too
    with sim_process({"package": str(folder)}) as (_, line):
        viewer = Watcher(line)
        viewer.until(lambda: "saved" in viewer.newest)
        save(viewer, "Half", 0.5)
        viewer.until(lambda: viewer.refusals)
        assert str(folder / "layers.toml") in viewer.refusals[0], "what cannot be read must not be written over"
        viewer.close()
    (folder / "layers.toml").rmdir()
    with sim_process({"package": str(folder)}) as (process, line):
        (folder / f".layers.toml.{process.pid}").mkdir()
        viewer = Watcher(line)
        viewer.until(lambda: "saved" in viewer.newest)
        save(viewer, "Half", 0.5)
        viewer.until(lambda: names(viewer) == ["Half"])
        viewer.close()
    assert not (folder / "layers.toml").exists()
    with sim_process({"package": str(folder)}) as (_, line):
        viewer = Watcher(line)
        viewer.until(lambda: "saved" in viewer.newest)
        assert names(viewer) == ["Half"]
        save(viewer, "More", 0.7)
        viewer.until(lambda: names(viewer) == ["Half", "More"])
        viewer.close()
    assert (folder / "layers.toml").exists(), "the package can be written again"
    assert not list((keys.state_folder() / "scenarios").iterdir())


UNREADABLE = {
    "format = 7\n": "scenario format 7, this Surplus reads up to 1; update Surplus",
    "[[scenario]]\nname = 'x'\n[[scenario.layer]]\nkind = 'fusion'\n": "no layer kind 'fusion'",
    "[[scenario]]\nname = 'x'\n[[scenario.layer]]\nkind = 'solar'\nselection = 'id=nobody'\n": "nobody",
    "[[scenario]]\nname = 'x'\n[[scenario.layer]]\nkind = 'solar'\nshare = 900\n": "share",
}


def test_files_that_this_surplus_cannot_read_are_said_and_left_as_they_are(built: Path, tmp_path: Path) -> None:
    def stands(body: str, folder: Path) -> None:
        shutil.copytree(built, folder)
        (folder / "layers.toml").write_text(body)
        with sim_process({"package": str(folder)}) as (_, line):
            viewer = Watcher(line)
            viewer.until(lambda: "problems" in viewer.newest and "saved" in viewer.newest)
            (said,) = [p.message for p in viewer.newest["problems"].problems if p.code == "saved-scenarios"]
            assert UNREADABLE[body] in said and str(folder / "layers.toml") in said
            assert viewer.newest["saved"].scenarios == ()
            save(viewer, "Half", 0.5)
            viewer.until(lambda: viewer.refusals)
            assert viewer.refusals == [said]
            viewer.close()
        assert (folder / "layers.toml").read_text() == body

    with ThreadPoolExecutor() as sims:  # a process each
        list(sims.map(stands, UNREADABLE, [tmp_path / str(k) for k in range(len(UNREADABLE))]))
