"""F3: figures of frames and tiles; what failed is named, and a click tries it again."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from imgui_bundle import imgui
from lone_stand import LoneStand, block
from panel_stand import SIZE, seen

from app import commands, figures
from app.frame import frame
from app.hand import KEYS
from app.ui import hud, panels
from app.ui.pen import Pen
from app.world import Panel


@pytest.fixture(scope="module")
def stand():
    made = LoneStand((160, 90))
    yield made
    made.close()


@pytest.fixture
def broken(stand, tmp_path: Path):
    """A tileset of two blocks, of which one is not there."""
    path = block(tmp_path, (3.0, 2.0, 2.0))
    document = json.loads(path.read_text())
    root = document["root"]
    lost = {k: root[k] for k in ("boundingVolume", "geometricError")} | {"content": {"uri": "lost.gltf"}}
    path.write_text(json.dumps(document | {"root": root | {"children": [lost], "geometricError": 1e6}}))
    stand.picture(path)
    return tmp_path


def drawn(ui, world, told, *, pointer=None, events=()) -> tuple[list[commands.Command], list[str]]:
    """What a frame of the panels answers, and its words."""
    said: list[str] = []
    text = Pen.text

    def heard(self, x, y, words, **how):
        said.append(words)
        text(self, x, y, words, **how)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Pen, "text", heard)
        ui.begin(SIZE, dt_s=0.016, scale=1.0, pointer=pointer, events=events)
        made = panels.draw(ui, world, replace(seen(world), figures=told))
        ui.end()
    return made, said


def test_the_panel_names_what_failed_and_a_click_asks_for_another_try(ui, world, stand, broken) -> None:
    told = figures.figures(stand.ports.scenery, [16.0, 40.0])
    open_world = replace(world, panel=Panel(hud=True))
    _, said = drawn(ui, open_world, told)
    assert {"1 could not be read", "lost.gltf"} <= set(said)
    assert any("28.0   40.0 ms" in words for words in said)
    drawn(ui, open_world, told)
    window = imgui.internal.find_window_by_name(hud.NAME)
    right = window.pos.x + window.size.x - 60
    for y in range(int(window.pos.y) + 60, int(window.pos.y + window.size.y), 8):
        answers = []
        for events in ((), (), (("down", "mouse1"),), (("up", "mouse1"),), ()):
            answers += drawn(ui, open_world, told, pointer=(right, float(y)), events=events)[0]
        if commands.Retry() in answers:
            return
    pytest.fail("no button asks for another try")


def test_another_try_brings_what_is_there_by_now(stand, broken: Path) -> None:
    assert [e["uri"].rsplit("/", 1)[-1] for e in stand.failed] == ["lost.gltf"]
    shutil.copy(broken / "block.gltf", broken / "lost.gltf")
    world, _ = commands.apply(stand.world, commands.Retry(), now_s=0.0, sender="me")
    for k in range(200):
        world = frame(world, stand.ports, now_s=float(k), dt_s=0.0)
        assert not world.panel.again, "one try for one click"
        if k > 2 and stand.ports.scenery.settled and not stand.failed:
            break
    assert stand.failed == []
    assert stand.ports.scenery.stream.loaded == 2


def test_a_key_opens_the_figures_and_escape_closes_them(world) -> None:
    opened, _ = commands.apply(world, KEYS["f3"], now_s=0.0, sender="me")
    assert opened.panel.hud
    assert not commands.apply(opened, KEYS["escape"], now_s=0.0, sender="me")[0].panel.hud


def test_figures_are_of_the_last_frames_alone_where_that_is_asked_for() -> None:
    told = figures.figures(None, [1000.0] + [10.0] * 120, recent=120)
    assert told.frame_ms["max"] == 10.0
    assert figures.figures(None, []).frame_ms == {"p50": 0.0, "p95": 0.0, "p99": 0.0, "max": 0.0}


def test_stats_tell_queues_ages_and_the_error_in_force(stand, broken) -> None:
    told = figures.document(figures.figures(stand.ports.scenery, [16.0]))
    assert {"loaded", "visible", "failed", "bytes", "cap_bytes", "queued", "oldest_s", "error_px"} <= set(told["tiles"])
    assert told["tiles"]["failed"] == 1 and told["errors"][0]["reason"]
    assert set(told["tile_ms"]) == {"p50", "p99", "max"}
    json.dumps(told)
