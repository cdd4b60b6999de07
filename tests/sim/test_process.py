"""The real process on a real package: late viewers, wishes, drags, deaths, ports and locks."""

import json
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import pytest
from twins import Watcher, end, sim_process, start_sim, write_package

from network import address, schema, wire
from sim import tiles
from sim.__main__ import main

JUNE_NOON_S = 171 * 86400.0 + 12 * 3600.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_package(tmp_path_factory.mktemp("package") / "random")


@dataclass
class Running:
    process: "subprocess.Popen[str]"
    line: str


@pytest.fixture(scope="module")
def shared_sim(folder: Path) -> Iterator[Running]:
    """One process for the tests that leave it alive."""
    with sim_process({"package": str(folder)}) as (process, line):
        yield Running(process, line)


@pytest.fixture
def viewer(shared_sim: Running) -> Iterator[Watcher]:
    made = Watcher(shared_sim.line)
    made.settle()
    yield made
    made.close()


def test_a_late_viewer_catches_up_with_everything(shared_sim: Running, viewer: Watcher) -> None:
    viewer.choose(0.4)
    viewer.client.send(schema.Seek("me", JUNE_NOON_S))
    viewer.settle()
    late = Watcher(shared_sim.line)
    late.settle()
    for kind in ("hello", "roster", "catalogue", "problems", "scenario", "balance"):
        assert msgspec.msgpack.encode(late.newest[kind], enc_hook=np.ndarray.tolist) == msgspec.msgpack.encode(
            viewer.newest[kind], enc_hook=np.ndarray.tolist
        ), kind
    for quantity in ("surplus_w_m2", "line_w", "sun_enu"):
        assert late.newest[quantity].key == viewer.newest[quantity].key
        assert (late.newest[quantity].values == viewer.newest[quantity].values).all()
    late.close()


def test_a_block_covers_its_day_with_a_step_on_either_side(viewer: Watcher) -> None:
    viewer.client.send(schema.Seek("me", JUNE_NOON_S))
    # the clock names the day when all of its blocks are out; one block alone may be ahead of the others
    viewer.until(lambda: viewer.settled and viewer.newest["clock"].keys["a"].first_step == 171 * 24 - 1)
    block, sun = viewer.newest["pv_w"], viewer.newest["sun_enu"]
    buildings = len(viewer.newest["roster"].building_ids)
    assert block.values.shape == (26, buildings) and block.first_time_s == (171 * 24 - 1) * 3600.0
    assert not block.values.flags.writeable
    up = sun.values[np.arange(26) * 12, 2]
    assert (block.values[up < -0.2] == 0.0).all() and block.values[13].sum() > 0.0
    assert np.linalg.norm(sun.values, axis=1) == pytest.approx(np.ones(len(sun.values)), abs=1e-5)


def test_more_solar_roofs_leave_more_and_taking_them_back_restores_every_bit(viewer: Watcher) -> None:
    viewer.client.send(schema.Seek("me", JUNE_NOON_S))
    viewer.choose(0.0)
    viewer.settle()
    before, plain = viewer.newest["balance"], viewer.newest["surplus_w_m2"].values.copy()
    viewer.choose(0.9)
    viewer.settle()
    assert viewer.newest["balance"].totals_j["generated"] > before.totals_j["generated"]
    assert viewer.newest["surplus_w_m2"].values.sum() > plain.sum()
    viewer.client.send(schema.Undo("a", viewer.client.sender, viewer.scenario.revision))
    viewer.until(lambda: not viewer.scenario.choices or viewer.scenario.choices[0].values["share"] == 0.0)
    took_s = viewer.until(lambda: viewer.settled)
    assert took_s < 1.0  # the year was kept
    assert viewer.newest["balance"].totals_j == before.totals_j
    assert (viewer.newest["surplus_w_m2"].values == plain).all()


def test_a_viewer_can_wait_for_the_colours_of_its_change_and_for_nothing_else(viewer: Watcher) -> None:
    began = time.perf_counter()
    viewer.client.wait(5.0)
    assert time.perf_counter() - began < 0.05, "nothing is under way"
    before = viewer.scenario.revision
    viewer.choose(0.37)
    viewer.client.wait(5.0)
    viewer.look()
    assert time.perf_counter() - began < 4.0
    assert viewer.scenario.revision > before
    assert viewer.newest["surplus_w_m2"].key.scenario_revision == viewer.scenario.revision


def test_facts_of_a_house_come_with_its_months_and_follow_the_scenario(viewer: Watcher) -> None:
    viewer.choose(0.0)
    viewer.settle()
    viewer.client.ask_facts("building", 7)
    viewer.until(lambda: "facts" in viewer.newest and viewer.newest["facts"].row == 7)
    plain = viewer.newest["facts"]
    assert plain.id == viewer.newest["roster"].building_ids[7] and plain.revision == viewer.newest["balance"].revision
    assert {f.name for f in plain.facts} >= {"year", "use", "heater", "floor_m2", "pv_peak_w"}
    assert plain.months_j["appliances"].shape == (12,) and (plain.months_j["appliances"] > 0.0).all()
    viewer.choose(0.9)
    viewer.until(lambda: viewer.newest["facts"].revision > plain.revision)
    viewer.settle()
    solar = viewer.newest["facts"]
    assert solar.months_j["pv"].sum() > plain.months_j["pv"].sum()
    (peak,) = [f for f in solar.facts if f.name == "pv_peak_w"]
    assert peak.origin == "scenario" and peak.value
    viewer.client.ask_facts("line", 10**6)
    viewer.until(lambda: viewer.refusals)
    assert "there is no line 1000000" in viewer.refusals[-1]
    viewer.client.ask_facts("line", 0)
    viewer.until(lambda: viewer.newest["facts"].axis == "line")
    assert viewer.newest["facts"].id == viewer.newest["roster"].line_ids[0]


def test_what_is_behind_a_house_s_figures_follows_the_shown_hour_and_the_scenario(viewer: Watcher) -> None:
    viewer.client.send(schema.Seek("me", JUNE_NOON_S))
    viewer.choose(0.0)
    viewer.settle()
    viewer.client.ask_facts("building", 4, explain_s=JUNE_NOON_S)
    viewer.until(lambda: "explanation" in viewer.newest and viewer.client.settled)
    plain = viewer.newest["explanation"]
    assert (plain.row, plain.time_s, plain.step_s) == (4, JUNE_NOON_S, 3600.0)
    assert plain.id == viewer.newest["roster"].building_ids[4] and plain.revision == viewer.newest["balance"].revision
    assert [s.name for s in plain.sums] == ["power", "supply", "heat"]
    assert all(s.residual < 1e-6 and abs(sum(t.value for t in s.terms)) < 1e-2 for s in plain.sums)
    shown = viewer.newest["pv_w"].values[13, 4]  # the block begins an hour before its day
    assert plain.sums[0].terms[0].value == pytest.approx(shown, rel=1e-4, abs=0.1)
    viewer.choose(0.9)
    viewer.settle()
    viewer.until(lambda: viewer.newest["explanation"].revision > plain.revision and viewer.client.settled)
    solar = viewer.newest["explanation"].sums[0].terms[0]
    assert solar.value > plain.sums[0].terms[0].value and solar.inputs[0].inputs
    viewer.client.ask_facts("building", 4, explain_s=JUNE_NOON_S + 12 * 3600.0)
    viewer.until(lambda: viewer.newest["explanation"].time_s > JUNE_NOON_S)
    assert viewer.newest["explanation"].sums[0].terms[0].value == 0.0
    viewer.client.ask_facts("line", 0, explain_s=JUNE_NOON_S)
    viewer.until(lambda: viewer.refusals)
    assert "only figures of buildings" in viewer.refusals[-1]
    viewer.client.ask_facts("building", 4)


def on_the_way(viewer: Watcher, revision: int) -> bool:
    """Whether years and days of scenarios later than `revision` came out while wishes still arrived."""
    years = [m for m in viewer.heard if isinstance(m, schema.Balance) and m.revision > revision]
    days = {m.key.scenario_revision for m in viewer.heard if isinstance(m, schema.FluxBlock) and m.quantity == "pv_w"}
    return len(years) >= 2 and len(days) >= 20


def test_a_drag_finishes_years_on_the_way_and_is_one_undo(viewer: Watcher) -> None:
    viewer.choose(0.1)
    viewer.settle()
    start, viewer.heard = viewer.scenario, []
    begin, k, share = time.perf_counter(), 0, 0.0
    while k < 187 or (not on_the_way(viewer, start.revision) and k < 2500):  # 3 s; a loaded machine is given 40
        share = 0.1501 + k % 250 / 300 + k * 1e-6  # no two alike
        viewer.choose(share, gesture="drag")
        k += 1
        while time.perf_counter() < begin + k * 0.016:
            viewer.look()
            time.sleep(0.002)
    assert on_the_way(viewer, start.revision)
    viewer.settle()
    assert viewer.scenario.choices[0].values["share"] == pytest.approx(share)
    viewer.client.send(schema.Undo("a", viewer.client.sender, viewer.scenario.revision))
    viewer.until(lambda: viewer.scenario.choices == start.choices)
    assert not viewer.refusals


def test_a_wish_that_cannot_be_granted_comes_back_as_a_sentence(viewer: Watcher) -> None:
    viewer.client.send(schema.ChooseLayers("a", "me", viewer.scenario.revision, "", (schema.LayerChoice("magic", {}),)))
    viewer.until(lambda: viewer.refusals)
    assert "magic" in viewer.refusals[0] and "solar" in viewer.refusals[0]
    here = (schema.LayerChoice("solar", {"share": 0.5}, "id=nobody"),)
    viewer.client.send(schema.ChooseLayers("a", "me", viewer.scenario.revision, "", here))
    viewer.until(lambda: len(viewer.refusals) == 2)
    assert "nobody" in viewer.refusals[1]


def test_two_who_change_the_scenario_at_once_are_not_mixed(shared_sim: Running, viewer: Watcher) -> None:
    other = Watcher(shared_sim.line)
    other.settle()
    viewer.choose(0.31)
    viewer.until(lambda: viewer.client.settled)
    stale = schema.ChooseLayers("a", other.client.sender, other.scenario.revision, "", ())
    other.client.send(stale)
    other.until(lambda: other.refusals)
    assert "somebody else" in other.refusals[0]
    other.until(lambda: other.scenario.choices and other.scenario.choices[0].values["share"] == 0.31)
    other.close()


def test_midnight_brings_the_next_day_without_a_gap(viewer: Watcher) -> None:
    viewer.client.send(schema.Seek("me", 365 * 86400.0 - 600.0))
    viewer.settle()
    viewer.client.send(schema.SetPace("me", 3600.0))
    viewer.until(lambda: viewer.newest["clock"].time_s < 86400.0 and viewer.newest["clock"].keys["a"].first_step == -1)
    clock, block = viewer.newest["clock"], viewer.newest["pv_w"]
    assert clock.time_s < 3 * 3600.0 and not block.key.provisional
    viewer.client.send(schema.SetPace("me", 0.0))
    viewer.until(lambda: viewer.newest["clock"].pace == 0.0)
    assert viewer.newest["clock"].resume_pace == 3600.0


def test_a_killed_sim_comes_back_with_scenario_history_and_clock(folder: Path, tmp_path: Path) -> None:
    options = {"package": str(folder), "session": str(tmp_path / "session.json")}
    with sim_process(options) as (process, line):
        viewer = Watcher(line)
        viewer.settle()
        viewer.client.send(schema.Seek("me", JUNE_NOON_S))
        viewer.choose(0.2)
        viewer.until(lambda: viewer.client.settled)
        viewer.choose(0.8)
        viewer.client.send(schema.SetPace("me", 10.0))
        viewer.settle()
        before = viewer.newest["balance"]
        process.kill()
        process.wait()
    viewer.choose(0.7)  # nobody there to hear it
    for _ in range(20):
        viewer.look()
        time.sleep(0.01)
    port = address.parse(line).port
    with sim_process({**options, "bind": f"127.0.0.1:{port}", "resume": True}) as (process, again):
        assert again == line
        viewer.until(lambda: viewer.scenario.revision == 4)
        viewer.settle()
        assert viewer.scenario.choices[0].values["share"] == 0.7
        clock = viewer.newest["clock"]
        assert clock.pace == 10.0 and 0.0 < clock.time_s - JUNE_NOON_S < 10.0 * 60.0
        viewer.client.send(schema.Undo("a", viewer.client.sender, viewer.scenario.revision))
        viewer.until(lambda: viewer.scenario.revision == 5)
        viewer.settle()
        assert viewer.newest["balance"].totals_j == before.totals_j
        assert viewer.scenario.can_undo
    viewer.close()


def test_an_interactive_session_is_taken_up_again_and_belongs_to_one_process(folder: Path) -> None:
    options = {"package": str(folder), "interactive": True}
    with sim_process(options) as (_, line):
        viewer = Watcher(line)
        viewer.settle()
        viewer.choose(0.45)
        viewer.until(lambda: viewer.client.settled)
        viewer.close()
        second = start_sim(options)
        _, said = second.communicate(timeout=60.0)
        assert second.returncode == 1 and "is already open" in said and line in said
        with sim_process({"package": str(folder)}) as (_, afresh):
            onlooker = Watcher(afresh)
            onlooker.until(lambda: "scenario" in onlooker.newest)
            assert onlooker.scenario.choices == ()
            onlooker.close()
    third = start_sim(options)
    assert third.stdout and third.stderr
    viewer = Watcher(third.stdout.readline())
    viewer.until(lambda: "scenario" in viewer.newest)
    assert viewer.scenario.choices[0].values["share"] == 0.45
    viewer.close()
    assert third.stdin
    third.stdin.close()
    assert "going on where random was left" in third.stderr.read()
    assert third.wait(timeout=60.0) == 0


def test_a_cache_that_cannot_be_written_costs_time_and_nothing_else(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    monkeypatch.setenv("SURPLUS_CACHE_DIR", str(blocked))
    with sim_process({"package": str(folder)}) as (_, line):
        viewer = Watcher(line)
        viewer.settle()
        viewer.close()


def test_a_sim_ends_when_its_parent_goes(folder: Path) -> None:
    with sim_process({"package": str(folder)}) as (process, _):
        process.send_signal(signal.SIGINT)  # is the parent's business
        time.sleep(0.2)
        assert process.poll() is None
        begin = time.monotonic()
        assert end(process) == 0 and time.monotonic() - begin < 5.0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"package": "/nowhere"}, "is not a district package"),
        ({"layers": "solar:share=lots"}, "no number"),
        ({"layers": "solar:share=150"}, "share"),
        ({"time": "noonish"}, "is no time"),
        ({"catalogue": "nowhere:NOTHING"}, "cannot load the catalogue"),
        ({"bind": "0.0.0.0"}, "--allow FILE"),
        ({"nonsense": 1, "package": 3}, "does not understand its options"),
    ],
)
def test_a_bad_start_is_one_sentence(
    folder: Path, options: dict[str, object], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([json.dumps({"package": str(folder), **options})]) in (1, 2)
    out, said = capsys.readouterr()
    assert out == "" and words in said and said.startswith("surplus: ") and said.count("\n") == 1


def test_a_port_in_use_is_refused(folder: Path, shared_sim: Running) -> None:
    port = address.parse(shared_sim.line).port
    process = start_sim({"package": str(folder), "bind": f"127.0.0.1:{port}"})
    _, said = process.communicate(timeout=60.0)
    assert process.returncode == 1 and said.startswith(f"surplus: port {port} of 127.0.0.1 is in use")


def test_layers_and_time_of_the_command_line_are_the_first_state(folder: Path) -> None:
    options = {"package": str(folder), "layers": "solar[use=home]:share=60", "time": "2025-06-21T13:00"}
    with sim_process(options) as (_, line):
        viewer = Watcher(line)
        viewer.settle()
        (choice,) = viewer.scenario.choices
        assert (choice.kind, choice.selection, choice.values["share"]) == ("solar", "use=home", 0.6)
        clock, hello = viewer.newest["clock"], viewer.newest["hello"]
        assert clock.time_s == JUNE_NOON_S - (0.0 if hello.zone else 3600.0) and clock.pace == 0.0
        viewer.close()


def test_a_kind_of_another_catalogue_is_offered_and_computed(folder: Path) -> None:
    options = {"package": str(folder), "catalogue": "second_kind:CATALOGUE", "layers": "thrift[use=home]:cut=50"}
    with sim_process(options) as (_, line):
        viewer = Watcher(line)
        viewer.settle()
        kinds = [k.kind for k in viewer.newest["catalogue"].kinds]
        assert kinds[0] == "solar" and kinds[-1] == "thrift"
        less = viewer.newest["balance"].totals_j["used"]
        wish = schema.ChooseLayers("a", "me", viewer.scenario.revision, "", ())
        viewer.client.send(wish)
        viewer.until(lambda: viewer.client.settled and viewer.settled and not viewer.scenario.choices)
        assert less < viewer.newest["balance"].totals_j["used"]
        viewer.close()


def test_a_stopped_viewer_hurts_nobody_and_is_up_to_date_at_once(shared_sim: Running, viewer: Watcher) -> None:
    sleeper = Watcher(shared_sim.line)
    sleeper.settle()
    for k in range(60):
        viewer.choose(0.2 + k / 200, gesture="while it sleeps")
        viewer.until(lambda: viewer.client.settled)
    viewer.settle()
    assert sleeper.until(lambda: sleeper.settled and sleeper.scenario == viewer.scenario) < 1.0
    assert (sleeper.newest["pv_w"].values == viewer.newest["pv_w"].values).all()
    sleeper.close()


def test_tiles_are_offered_read_only_to_other_machines(folder: Path, tmp_path: Path) -> None:
    here = tmp_path / "tiles"
    here.mkdir()
    (here / "tileset.json").write_text("{}")
    (tmp_path / "secret").write_text("no")
    (here / "link").symlink_to(tmp_path / "secret")
    where = tiles.offer(here, host="127.0.0.1", port=0)
    assert urllib.request.urlopen(where, timeout=5).read() == b"{}"
    base = where.removesuffix("/tileset.json")
    for path in ("/../secret", "/%2e%2e/secret", "/link", "/", "/none"):
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(base + path, timeout=5)


def test_a_listed_viewer_of_another_machine_gets_tiles_by_http(folder: Path, tmp_path: Path) -> None:
    allow = tmp_path / "allow"
    allow.write_text(wire.viewer_key())
    with sim_process({"package": str(folder), "bind": "0.0.0.0", "allow": str(allow)}) as (_, line):
        viewer = Watcher(line.replace("0.0.0.0", "127.0.0.1"))
        viewer.settle()
        offered = viewer.newest["hello"].tiles
        assert offered.startswith("http://127.0.0.1:")
        assert b"asset" in urllib.request.urlopen(offered, timeout=5).read()
        viewer.close()
