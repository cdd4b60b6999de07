"""The command line as scripts use it: exit codes, clean stdout, the JSON contracts, one-sentence errors."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from network import wire

ROOT = Path(__file__).resolve().parent.parent
Simulated = Callable[..., subprocess.CompletedProcess[str]]


def surplus(*arguments: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run the command line as its own process, without a display, as a script would."""
    env = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")} | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-P", "-m", "tools.main", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=180)


def at_once(*commands: tuple[str | Path, ...]) -> list[subprocess.CompletedProcess[str]]:
    """Several command lines, two at a time."""
    with ThreadPoolExecutor(2) as two:
        return list(two.map(lambda arguments: surplus(*arguments), commands))


def one_sentence(done: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    last = done.stderr.strip().splitlines()[-1]
    for word in words:
        assert word in last


def test_simulate_prints_one_json_object_and_nothing_else(simulated: Simulated) -> None:
    done = simulated()
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert {"package", "buildings", "steps", "compute_s", "balance", "carriers", "verdict", "kpi", "grid",
            "conservation_residual", "inferred", "problems"} <= set(result)  # fmt: skip
    assert {"generated_kwh", "used_kwh", "imported_kwh", "exported_kwh", "losses_kwh", "stored_kwh", "co2_kg",
            "primary_energy_kwh", "surplus"} <= set(result["balance"])  # fmt: skip
    assert set(result["carriers"]["electricity"]) >= {"generated", "used", "imported", "exported", "losses"}
    assert {"rule", "boundary", "mobility", "factors", "primary_margin_kwh", "co2_margin_kg",
            "alternatives"} == set(result["verdict"])  # fmt: skip
    assert {"choice", "if", "surplus", "flips", "primary_margin_kwh", "co2_margin_kg",
            "source"} == set(result["verdict"]["alternatives"][0])  # fmt: skip
    assert len(result["load_duration_kw"]) == 101
    assert {"self_consumption", "self_sufficiency", "peak_import_kw", "peak_export_kw", "load_match",
            "grid_interaction", "overheating_26_h", "energy_cost_eur"} <= set(result["kpi"])  # fmt: skip
    assert {"voltage_min_pu", "voltage_max_pu", "line_loading_max", "transformer_loading_max",
            "hours_over_limit"} <= set(result["grid"])  # fmt: skip
    assert result["conservation_residual"] < 1e-6
    assert result["steps"] == 8760
    total, kpi, verdict = result["balance"], result["kpi"], result["verdict"]
    assert kpi["pv_kwh"] == pytest.approx(total["generated_kwh"])
    assert kpi["appliances_kwh"] + kpi["heater_kwh"] == pytest.approx(result["carriers"]["electricity"]["used"])
    assert kpi["peak_import_kw"] > result["carriers"]["electricity"]["imported"] / result["steps"]
    assert kpi["peak_import_kw"] < result["carriers"]["electricity"]["imported"]
    assert verdict["primary_margin_kwh"] == -total["primary_energy_kwh"]
    assert verdict["co2_margin_kg"] == -total["co2_kg"]
    assert total["surplus"] is (verdict["primary_margin_kwh"] >= 0 and verdict["co2_margin_kg"] >= 0)


def test_the_account_of_electricity_closes(simulated: Simulated) -> None:
    e = json.loads(simulated().stdout)["carriers"]["electricity"]
    left, right = e["generated"] + e["imported"], e["used"] + e["exported"] + e["losses"] + e["stored"]
    assert left == pytest.approx(right, rel=1e-6)


def test_solar_roofs_on_the_command_line_move_the_verdict(simulated: Simulated) -> None:
    base = json.loads(simulated().stdout)
    with_roofs = json.loads(simulated("--layers", "solar:share=60").stdout)
    assert with_roofs["balance"]["generated_kwh"] > base["balance"]["generated_kwh"]
    assert with_roofs["verdict"]["primary_margin_kwh"] > base["verdict"]["primary_margin_kwh"]


def test_offscreen_run_saves_a_picture_and_stats(demo_package: Path, tmp_path: Path) -> None:
    shot, stats = tmp_path / "a.png", tmp_path / "a.json"
    done = surplus("run", demo_package, "--offscreen", "--size", "640x360", "--time", "2025-06-21T13:00",
                   "--shot", shot, "--stats", stats)  # fmt: skip
    assert done.returncode == 0, done.stderr
    picture = Image.open(shot)
    assert picture.size == (640, 360)
    colours = np.unique(np.asarray(picture.convert("RGB").resize((64, 36))).reshape(-1, 3), axis=0)
    assert len(colours) > 100, "the picture is nearly empty"
    said = json.loads(stats.read_text())
    assert {"frames", "frame_ms", "tile_ms", "tiles", "errors", "settled", "settle_s", "features", "gl"} <= set(said)
    assert said["settled"] is True
    assert said["tiles"]["failed"] == 0
    assert said["features"] > 50


def test_wrong_usage_is_2_and_failure_is_1_each_in_one_sentence(demo_package: Path, tmp_path: Path) -> None:
    wrong: list[tuple[tuple[str | Path, ...], int, tuple[str, ...]]] = [
        (("fly",), 2, ("fly",)),
        (("simulate", tmp_path / "nowhere"), 1, ("nowhere", "surplus build")),
        (("simulate", demo_package, "--layers", "windmill:size=3"), 2, ("windmill", "solar")),
        (("simulate", demo_package, "--layers", "solar:share=900"), 2, ("share",)),
        (("run", demo_package), 1, ("display", "--offscreen")),
        (("run", demo_package, "--offscreen", "--size", "big", "--shot", "x.png"), 2, ("WIDTHxHEIGHT",)),
        (("view",), 2, ("--tileset",)),
        (("bench", "no-such-benchmark"), 2, ("no-such-benchmark",)),
    ]
    for done, (_, code, words) in zip(at_once(*(w[0] for w in wrong)), wrong, strict=True):
        one_sentence(done, code, *words)


def test_a_viewer_that_nobody_watches_does_not_wait_in_vain(tmp_path: Path) -> None:
    with socket.socket() as taken:  # bound, but nobody listens
        taken.bind(("127.0.0.1", 0))
        line = f"tcp://127.0.0.1:{taken.getsockname()[1]}#{'A' * 43}"
        done = surplus("view", line, "--offscreen", "--shot", tmp_path / "x.png")
    one_sentence(done, 1, "nothing answers at tcp://127.0.0.1", "surplus serve")


def test_statistics_alone_end_once_the_picture_is_complete(demo_package: Path, tmp_path: Path) -> None:
    began_s = time.time()
    done = surplus("run", demo_package, "--offscreen", "--size", "320x180", "--stats", tmp_path / "s.json")
    assert done.returncode == 0, done.stderr
    stats = json.loads((tmp_path / "s.json").read_text())
    assert stats["settled"] is True
    assert began_s < stats["first_picture_unix_s"] < time.time()
    one_sentence(surplus("run", demo_package, "--offscreen", "--stats", tmp_path), 1, str(tmp_path), "folder")


def test_help_speaks_of_surplus_and_says_whole_sentences() -> None:
    done = surplus("--help")
    assert "Usage: surplus [OPTIONS]" in done.stdout
    assert "..." not in done.stdout.partition("Commands:")[2]


def test_ctrl_c_inside_a_compiled_library_is_not_lost() -> None:
    source = (
        "import ctypes, sys, time\nfrom tools import main\nsys.unraisablehook = main._again\n"
        "def interrupted():\n    raise KeyboardInterrupt\n"
        "ctypes.CFUNCTYPE(None)(interrupted)()\ntime.sleep(5)\nprint('went on')"
    )
    done = subprocess.run([sys.executable, "-P", "-c", source], env=os.environ | {"PYTHONPATH": str(ROOT)},
                          capture_output=True, text=True, check=False, timeout=60)  # fmt: skip
    assert "went on" not in done.stdout
    assert "KeyboardInterrupt" in done.stderr


def test_doctor_says_what_is_here() -> None:
    done = surplus("doctor", "--json")
    result = json.loads(done.stdout)
    assert done.returncode == 0, result
    assert result["ok"] is True
    assert result["checks"]["gl"]["value"] != "none"


def test_without_a_display_surplus_draws_and_tells_the_balance(demo_package: Path, tmp_path: Path) -> None:
    done = surplus(cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "positive energy district" in done.stdout
    assert "surplus-demo.png" in done.stdout
    assert Image.open(tmp_path / "surplus-demo.png").size == (1920, 1080)


def test_tiles_that_fail_are_said_and_none_at_all_is_a_failure(demo_package: Path, tmp_path: Path) -> None:
    package, shot = tmp_path / "torn", tmp_path / "a.png"
    shutil.copytree(demo_package, package)
    tileset = package / "tiles" / "tileset.json"
    whole = json.loads(tileset.read_text())
    lost = json.loads(tileset.read_text())["root"]["children"][0]
    lost["content"]["uri"] = "lost.glb"
    whole["root"]["children"].append(lost)
    tileset.write_text(json.dumps(whole))
    done = surplus("run", package, "--offscreen", "--size", "320x180", "--shot", shot)
    assert done.returncode == 0, done.stderr
    assert "lost.glb" in done.stderr
    tileset.write_text("{")
    one_sentence(surplus("run", package, "--offscreen", "--size", "320x180", "--shot", shot), 1, "tileset.json")


def test_a_saved_scenario_is_simulated_by_its_name(demo_package: Path, simulated: Simulated, tmp_path: Path) -> None:
    package = tmp_path / "town"
    shutil.copytree(demo_package, package)
    (package / "layers.toml").write_text(
        'format = 1\n[[scenario]]\nname = "Roofs"\n[[scenario.layer]]\nkind = "solar"\nshare = 60\n'
        '[[scenario]]\nname = "Today"\n'
    )
    by_line = json.loads(simulated("--layers", "solar:share=60").stdout)["balance"]
    named, file, dreams, both = at_once(
        ("simulate", package, "--scenario", "Roofs", "--json"),
        ("simulate", demo_package, "--layers", f"{package / 'layers.toml'}#Roofs", "--json"),
        ("simulate", package, "--scenario", "Dreams"),
        ("simulate", package, "--layers", "solar:share=60", "--scenario", "x"),
    )
    assert named.returncode == 0, named.stderr
    assert json.loads(named.stdout)["balance"] == by_line
    assert json.loads(file.stdout)["balance"] == by_line
    one_sentence(dreams, 2, "Dreams", "'Roofs', 'Today'")
    one_sentence(both, 2, "--layers FILE.toml")
    (package / "layers.toml").write_text("format = 9\n")
    one_sentence(surplus("simulate", package, "--scenario", "Roofs"), 1, str(package / "layers.toml"), "update Surplus")


def test_a_recorded_run_is_replayed_as_the_same_picture(demo_package: Path, tmp_path: Path) -> None:
    record, first, again = tmp_path / "a.rec", tmp_path / "first.png", tmp_path / "again.png"
    view = ("--offscreen", "--size", "320x180")
    done = surplus("run", demo_package, *view, "--time", "2025-06-21T13:00", "--layers", "solar:share=60",
                   "--record", record, "--shot", first)  # fmt: skip
    assert done.returncode == 0, done.stderr
    (tmp_path / "text").write_text("no")
    replayed, there, none, text, winter = at_once(
        ("replay", record, *view, "--shot", again),
        ("run", demo_package, *view, "--record", record, "--shot", tmp_path / "b.png"),
        ("replay", tmp_path / "none.rec", *view, "--shot", tmp_path / "b.png"),
        ("replay", tmp_path / "text", *view, "--shot", tmp_path / "b.png"),
        ("replay", record, *view, "--time", "2025-12-24T18:00", "--shot", tmp_path / "b.png"),
    )
    assert replayed.returncode == 0, replayed.stderr
    scene = [np.asarray(Image.open(p).convert("RGB"), np.int16)[60:120] for p in (first, again)]
    assert np.abs(scene[0] - scene[1]).mean() < 3.0
    one_sentence(there, 1, "exists already")
    one_sentence(none, 1, "none.rec", "--record FILE")
    one_sentence(text, 1, "is no recording of Surplus")
    one_sentence(winter, 1, "24 December")


def test_a_viewer_with_a_wrong_key_says_so_within_seconds(tmp_path: Path) -> None:
    with wire.Server() as server:
        line = f"{server.address.endpoint}#{'A' * 43}"
        began = time.monotonic()
        done = surplus("view", line, "--offscreen", "--size", "64x36", "--shot", tmp_path / "x.png")
    one_sentence(done, 1, "has another key", "surplus serve")
    assert time.monotonic() - began < 15.0
