"""A session is recorded while a slider is dragged, then played again: the same colours and balance come again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from twins import ENVIRONMENT, Watcher, end, sim_process, write_package

from network import schema
from network.record import Recording

JUNE_NOON_S = 171 * 86400.0 + 12 * 3600.0
WINTER_NOON_S = 20 * 86400.0 + 43200.0
QUANTITIES = ("surplus_w_m2", "pv_w", "line_w", "sun_enu")


@contextmanager
def replaying(file: Path, **options: Any) -> Iterator[Watcher]:
    """A replay process and a viewer of it."""
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "sim.replay", json.dumps({"file": str(file), "parent_pipe": True, **options})],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, **ENVIRONMENT},
    )  # fmt: skip
    assert process.stdout and process.stderr
    line = process.stdout.readline().strip()
    assert line, process.communicate()[1]
    viewer = Watcher(line, QUANTITIES)
    try:
        yield viewer
    finally:
        viewer.close()
        end(process)


class Seen:
    """What a viewer saw of one scenario: its settled colours and its year."""

    def __init__(self, viewer: Watcher) -> None:
        self.choices = viewer.scenario.choices
        self.time_s = viewer.newest["clock"].time_s
        self.totals_j = viewer.newest["balance"].totals_j
        self.values = {q: viewer.newest[q].values.copy() for q in QUANTITIES}

    def like(self, viewer: Watcher) -> bool:
        same = all(np.array_equal(self.values[q], viewer.newest[q].values) for q in QUANTITIES)
        return same and viewer.newest["balance"].totals_j == self.totals_j and viewer.scenario.choices == self.choices


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, list[Seen]]:
    """Package, recording, and what a viewer saw: at first, after a drag, and on another day."""
    folder = write_package(tmp_path_factory.mktemp("package") / "town", buildings=30, nodes=40)
    file, seen = folder.parent / "session.rec", []
    with sim_process({"package": str(folder), "record": str(file), "time": "2025-06-21T13:00"}) as (_, line):
        viewer = Watcher(line, QUANTITIES)
        viewer.settle()
        seen.append(Seen(viewer))
        time.sleep(0.3)
        for k in range(60):
            viewer.choose(0.2 + k / 100, gesture="drag")
            viewer.look()
            time.sleep(0.016)
        viewer.until(lambda: viewer.settled and viewer.scenario.choices[0].values["share"] > 0.78)
        seen.append(Seen(viewer))
        time.sleep(0.3)
        viewer.client.send(schema.Seek("me", WINTER_NOON_S))
        # the clock names the day when all of its blocks are out; one block alone may be ahead of the others
        viewer.until(lambda: viewer.settled and viewer.newest["clock"].keys["a"].first_step == 20 * 24 - 1)
        seen.append(Seen(viewer))
        viewer.client.ask_facts("building", 5, explain_s=WINTER_NOON_S)
        viewer.until(lambda: {"facts", "explanation"} <= viewer.newest.keys() and viewer.client.settled)
        viewer.close()
    return folder, file, seen


def test_a_replay_shows_what_was_seen_forward_and_back(session: tuple[Path, Path, list[Seen]]) -> None:
    folder, file, (first, dragged, winter) = session
    with replaying(file, paused=True) as viewer:
        viewer.settle()
        assert viewer.newest["hello"].name.endswith("(recording)") and viewer.newest["clock"].pace == 0.0
        assert viewer.newest["hello"].tiles == str(folder / "tiles" / "tileset.json")
        assert first.like(viewer) and viewer.newest["clock"].time_s == pytest.approx(first.time_s, abs=1.0)
        viewer.client.send(schema.Seek("me", winter.time_s))
        viewer.until(lambda: winter.like(viewer) and viewer.settled, 5.0)
        assert viewer.newest["clock"].time_s == pytest.approx(winter.time_s, abs=1.0)
        viewer.client.send(schema.Seek("me", first.time_s))
        viewer.until(lambda: dragged.like(viewer) and viewer.settled, 5.0)  # the nearest place that shows this moment
        assert not viewer.refusals


def test_playing_brings_the_drag_again_at_the_wished_speed(session: tuple[Path, Path, list[Seen]]) -> None:
    _, file, (first, dragged, winter) = session
    with replaying(file, paused=True) as viewer:
        viewer.settle()
        assert first.like(viewer)
        viewer.client.send(schema.SetPace("me", 2.0 * viewer.newest["clock"].resume_pace))
        viewer.heard = []
        began = time.perf_counter()
        viewer.until(lambda: winter.like(viewer) and viewer.settled)
        took_s = time.perf_counter() - began
        shares = [m.choices[0].values["share"] for m in viewer.heard if isinstance(m, schema.Scenario) and m.choices]
        assert len(shares) >= 4 and shares == sorted(shares) and shares[-1] == dragged.choices[0].values["share"]
        days = [m for m in viewer.heard if isinstance(m, schema.FluxBlock) and m.quantity == "pv_w"]
        assert len({m.values.sum() for m in days}) >= 4, "the colours follow the finger in the replay too"
        assert took_s < 0.75 * Recording(file).length_s
        viewer.until(lambda: viewer.newest["clock"].pace == 0.0)  # the end stands still
        viewer.client.send(schema.SetPace("me", 600.0))
        viewer.until(lambda: first.like(viewer))  # and goes round


def test_an_hour_that_was_never_shown_is_shown_of_the_day_that_is_known(
    session: tuple[Path, Path, list[Seen]],
) -> None:
    _, file, (first, _, _) = session
    with replaying(file, paused=True) as viewer:
        viewer.settle()
        viewer.client.send(schema.Seek("me", JUNE_NOON_S + 5 * 3600.0))
        viewer.until(lambda: viewer.client.settled and viewer.newest["clock"].time_s > first.time_s + 3600.0, 5.0)
        assert viewer.newest["clock"].time_s == JUNE_NOON_S + 5 * 3600.0 and first.like(viewer)
        viewer.client.send(schema.Seek("me", 250 * 86400.0))
        viewer.until(lambda: viewer.refusals, 5.0)
        assert viewer.refusals == ["this recording does not show 8 September; it shows 21 January, 21 June"]


def test_scenario_wishes_are_refused_and_other_questions_answered(session: tuple[Path, Path, list[Seen]]) -> None:
    _, file, (first, _, _) = session
    with replaying(file, paused=True) as viewer:
        viewer.settle()
        viewer.choose(0.9)
        viewer.until(lambda: viewer.refusals, 5.0)
        assert "this is a recording" in viewer.refusals[0] and "surplus run" in viewer.refusals[0]
        viewer.client.send(schema.SaveScenario("me", "x", ()))
        viewer.until(lambda: len(viewer.refusals) == 2, 5.0)
        viewer.client.ask_facts("building", 3)
        viewer.until(lambda: len(viewer.refusals) == 3, 5.0)
        assert "holds no facts" in viewer.refusals[2]
        viewer.settle()
        assert first.like(viewer) and viewer.scenario.choices == ()
        assert viewer.newest["problems"].problems[0].code == "recording"


def test_what_was_explained_while_recording_is_explained_again_and_nothing_else(
    session: tuple[Path, Path, list[Seen]],
) -> None:
    _, file, _ = session
    recorded = Recording(file)
    with replaying(file, at_s=recorded.length_s, paused=True) as viewer:
        viewer.settle()
        viewer.client.ask_facts("building", 5, explain_s=WINTER_NOON_S)
        viewer.until(lambda: "explanation" in viewer.newest and viewer.client.settled, 5.0)
        told = viewer.newest["explanation"]
        assert (told.row, told.time_s) == (5, WINTER_NOON_S) and all(s.residual < 1e-6 for s in told.sums)
        viewer.client.ask_facts("building", 5, explain_s=WINTER_NOON_S + 3600.0)
        viewer.until(lambda: viewer.refusals, 5.0)
        assert "holds no explanation of that building here" in viewer.refusals[0]
    recorded.close()


def test_a_recording_cut_before_its_first_picture_does_not_keep_waiters_waiting(
    session: tuple[Path, Path, list[Seen]], tmp_path: Path
) -> None:
    _, file, _ = session
    short = tmp_path / "short.rec"
    data = file.read_bytes()
    short.write_bytes(data[: data.index(b"fluxblock")])
    with replaying(short) as viewer:
        viewer.until(lambda: "hello" in viewer.newest)
    done = subprocess.run(
        [sys.executable, "-P", "-m", "sim.replay", json.dumps({"file": str(short), "settle": True})],
        capture_output=True, text=True, env={**os.environ, **ENVIRONMENT}, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "short.rec ends before its first complete picture; record a little longer" in done.stderr


def test_a_package_that_went_away_leaves_the_colours_and_a_sentence(
    session: tuple[Path, Path, list[Seen]],
) -> None:
    folder, file, (first, _, _) = session
    folder.rename(folder.with_name("elsewhere"))
    try:
        with replaying(file, paused=True) as viewer:
            viewer.settle()
            assert viewer.newest["hello"].tiles == "" and first.like(viewer)
            said = [p.message for p in viewer.newest["problems"].problems if p.code == "recording-tiles"]
            assert str(folder) in said[0] and "put the package back" in said[0]
    finally:
        folder.with_name("elsewhere").rename(folder)


def test_a_killed_recorder_leaves_a_file_that_is_read_and_gone_on_with(
    session: tuple[Path, Path, list[Seen]], tmp_path: Path
) -> None:
    folder, _, _ = session
    file = tmp_path / "killed.rec"
    options = {"package": str(folder), "record": str(file), "session": str(tmp_path / "s.json")}
    with sim_process(options) as (process, line):
        viewer = Watcher(line, QUANTITIES)
        viewer.settle()
        time.sleep(0.3)
        before = Seen(viewer)
        process.send_signal(signal.SIGKILL)
        process.wait()
        viewer.close()
    with file.open("ab") as torn:
        torn.write(b"\x02" + bytes(5))
    with replaying(file, paused=True) as viewer:
        viewer.settle()
        assert before.like(viewer)
    with sim_process({**options, "resume": True}) as (_, line):
        viewer = Watcher(line, QUANTITIES)
        viewer.settle()
        viewer.choose(0.5)
        viewer.until(lambda: viewer.settled and viewer.scenario.choices)
        after = Seen(viewer)
        time.sleep(0.3)
        viewer.close()
    with replaying(file) as viewer:
        viewer.until(lambda: "surplus_w_m2" in viewer.newest and after.like(viewer))
    with sim_process({"package": str(folder)}) as (_, _):
        second = subprocess.run(
            [sys.executable, "-m", "sim", json.dumps({"package": str(folder), "record": str(file)})],
            env={**os.environ, **ENVIRONMENT}, capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip
        assert second.returncode == 1 and "exists already; delete it" in second.stderr
