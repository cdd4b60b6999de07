"""Panels: values in, commands out, without GPU. The hand is a list of events."""

from dataclasses import replace

import numpy as np
import pytest
from imgui_bundle import imgui
from panel_stand import SIZE, click, draw

from app import commands, paint
from app.ui import compass, layers, signs, theme, timebar, title
from app.ui.backend import Panels
from app.ui.pen import Pen
from app.world import World
from network.schema import ChooseLayers, LayerChoice, Redo, Seek, SetPace, Undo


def test_every_letter_that_is_needed_has_a_glyph(ui: Panels) -> None:
    ui.begin(SIZE, dt_s=0.016, scale=1.0, pointer=None, events=())
    for font in (ui.fonts.medium, ui.fonts.semibold):
        for letter in "m²CO₂łő€−×°ß…\u2009–":
            assert font.is_glyph_in_font(ord(letter)), letter
    ui.end()


@pytest.mark.parametrize("name", ["Surplus", "Lod2 buildings v2 (recording)", "Stadtquartier " * 9])
def test_a_name_of_any_length_ends_before_the_compass(ui: Panels, name: str) -> None:
    ui.begin(SIZE, dt_s=0.016, scale=1.0, pointer=None, events=())
    pen = Pen(imgui.get_background_draw_list(), ui.fonts, 1.0)
    shown, size = title.fitted(pen, name)
    end = 28 + pen.width(shown, size=size, bold=True)
    ui.end()
    assert end <= compass.LEFT
    assert 20 <= size <= 30
    assert shown == name or (len(name) > 30 and shown.endswith("…") and name.startswith(shown[:-1]))


def test_a_long_message_keeps_between_compass_and_balance(ui: Panels) -> None:
    ui.begin(SIZE, dt_s=0.016, scale=1.0, pointer=None, events=())
    pen, message = Pen(imgui.get_background_draw_list(), ui.fonts, 1.0), "the tileset lies 43 m above the ground; " * 4
    lines = title.broken(pen, message, room=500)
    widest = max(pen.width(line, size=15) for line in lines)
    ui.end()
    assert " ".join(lines) == message.strip() and len(lines) > 1
    assert 400 < widest <= 500


def test_draw_lists_are_triangles_inside_the_screen(ui: Panels, world: World) -> None:
    draw(ui, world)
    _, painted = draw(ui, world)
    assert painted.lists
    for one in painted.lists:
        for batch in one.batches:
            assert len(batch.index) % 3 == 0
            assert batch.index.max(initial=0) < len(one.vertices)


def test_the_catalogue_makes_the_panel_and_a_switch_chooses_the_layer(ui: Panels, world: World) -> None:
    top = layers.TOP + 14 + 28 + 8 + 1 + 8 + 9
    made = click(ui, world, (theme.GAP + 18 + 16, top))
    (choose,) = [c for c in made if isinstance(c, commands.Choose)]
    assert choose.choices == (LayerChoice("solar", {"share": 0.6, "module": 200.0}),)


def test_a_drag_of_a_dial_is_one_gesture_and_the_next_drag_another(ui: Panels, world: World) -> None:
    choices = (LayerChoice("solar", {"share": 0.5, "module": 180.0}),)
    world = replace(world, panel=replace(world.panel, draft=choices, draft_on=1))
    y = 211.0  # the first slider; its knob stands in the middle
    drags: list[set[str]] = []
    now = 10.0
    for _ in range(2):
        gestures = set()
        for x, events in ((133, ()), (133, ()), (133, [("down", "mouse1")]), (150, ()), (180, ()), (133, ()),
                          (133, [("up", "mouse1")])):  # fmt: skip
            now += 0.1
            made, _ = draw(ui, world, pointer=(float(x), y), events=events, now_s=now)
            for command in made:
                world, _ = commands.apply(world, command, now_s=now, sender="me")
                gestures |= {command.gesture} if isinstance(command, commands.Choose) else set()
        drags.append(gestures)
    assert [len(g) for g in drags] == [1, 1]
    assert drags[0] != drags[1]


def test_dragging_over_the_day_seeks_in_steps_of_five_minutes(ui: Panels, world: World) -> None:
    left = theme.GAP + 430 + theme.GAP + 24
    width = SIZE[0] - theme.GAP - left - 24
    y = SIZE[1] - theme.GAP - timebar.HEIGHT + 60
    made = click(ui, world, (left + width * 0.75, y))
    seeks = [c for c in made if isinstance(c, commands.SeekTo)]
    assert seeks and seeks[-1].time_s == pytest.approx((171 * 24 + 18) * 3600.0, abs=300.0)
    assert seeks[-1].time_s % 300 == 0


def test_the_year_strip_picks_the_day_and_keeps_the_hour(ui: Panels, world: World) -> None:
    left = theme.GAP + 430 + theme.GAP + 24
    width = SIZE[0] - theme.GAP - left - 24
    made = click(ui, world, (left + width * 0.04, SIZE[1] - theme.GAP - timebar.HEIGHT + 115))
    seeks = [c for c in made if isinstance(c, commands.SeekTo)]
    assert seeks and int(seeks[-1].time_s // 86400) == 14 and seeks[-1].time_s % 86400 == 13 * 3600.0


@pytest.mark.parametrize("size", [(1280, 720), (1920, 1080), (3840, 2160), (640, 360), (200, 150)])
def test_panels_draw_at_every_size(ui: Panels, world: World, size) -> None:
    choices = (LayerChoice("solar", {"share": 0.2, "module": 200.0}),)
    busy = replace(world, panel=replace(world.panel, draft=choices, help=True, notes=True))
    draw(ui, busy, size=size)
    draw(ui, busy, size=size)


def test_bars_of_the_day_are_the_steps_of_that_day(world: World) -> None:
    bars = timebar.day_bars(world, 171 * 86400.0)
    assert bars is not None and len(bars) == 24
    assert bars[12] > 0 > bars[0]
    assert timebar.day_bars(world, 10 * 86400.0) is None


def apply(world: World, command):
    return commands.apply(world, command, now_s=20.0, sender="me")


def test_a_command_becomes_the_wish_it_names(world: World) -> None:
    (wish,) = apply(world, commands.SeekTo(7.0))[1]
    assert wish == Seek(sender="me", time_s=7.0)
    (wish,) = apply(world, commands.Pause())[1]
    assert wish == SetPace(sender="me", pace=3600.0), "paused: takes up the last pace"
    running = replace(world, stage=replace(world.stage, clock=replace_clock(world, pace=600.0)))
    assert apply(running, commands.Pause())[1] == [SetPace(sender="me", pace=0.0)]
    assert isinstance(apply(world, commands.UndoLayers())[1][0], Undo)
    assert isinstance(apply(world, commands.RedoLayers())[1][0], Redo)


def replace_clock(world: World, **changes):
    import msgspec

    return msgspec.structs.replace(world.stage.clock, **changes)


def test_a_drag_keeps_its_own_value_until_sim_has_answered(world: World) -> None:
    choices = (LayerChoice("solar", {"share": 0.3, "module": 200.0}),)
    after, (wish,) = apply(world, commands.Choose(choices, "drag-1"))
    assert isinstance(wish, ChooseLayers) and wish.gesture == "drag-1" and wish.based_on == 1
    assert after.panel.draft == choices
    assert commands.drafted(after, now_s=20.5).panel.draft == choices
    import msgspec

    answered = msgspec.structs.replace(world.stage.scenario, revision=2, choices=choices)
    done = replace(after, stage=replace(after.stage, scenario=answered))
    assert commands.drafted(done, now_s=20.5).panel.draft is None
    assert commands.drafted(after, now_s=30.0).panel.draft is None, "a lost answer does not freeze the panel"


def test_text_size_stays_within_reason(world: World) -> None:
    for _ in range(30):
        world, _ = apply(world, commands.Scale(1.1))
    assert world.panel.scale == 2.5
    world, _ = apply(world, commands.Scale(0.0))
    assert world.panel.scale == 1.0


def test_colour_of_the_legend_is_paper_at_zero() -> None:
    from app.ui.pen import swatch

    legend = paint.legend("surplus_w_m2", {"surplus_w_m2": 50.0})
    r, g, b, _ = swatch(legend, 0.0)
    assert max(r, g, b) - min(r, g, b) < 0.1
    assert swatch(legend, -1.0)[0] > swatch(legend, -1.0)[2] + 0.3
    assert np.all(np.diff([swatch(legend, f)[0] for f in np.linspace(0.01, 1, 20)]) <= 1e-6)


def test_keys_of_imgui_exist() -> None:
    from app.ui import backend

    assert all(hasattr(imgui.Key, k) for k in backend._KEYS.values())


def test_signs_keep_clear_of_panels_and_of_larger_signs() -> None:
    at = np.array([[400.0, 300.0, 200.0], [405.0, 304.0, 200.0], [100.0, 150.0, 200.0]])
    sizes = np.full(3, 12.0)
    assert signs.place(at, sizes, []).tolist() == [0, 2]
    assert signs.place(at, sizes, [(24.0, 96.0, 330.0, 390.0)]).tolist() == [0]
