"""What the hand does becomes what it means: clicks, the key map, soft moves, layers that show themselves."""

from dataclasses import replace

import msgspec
import numpy as np
import pytest
from panel_stand import draw

from app import camera as c
from app import commands
from app.hand import KEYMAP, KEYS, Hand, take
from app.pick import Picked
from app.ui import inspector, panels, theme
from network.schema import Fact, LayerChoice, SaveScenario, Seek

HOME = c.Camera(np.array([0.0, -300.0, 120.0]), 0.0, 0.4, 300.0)


def touch(hand, events, pointer, *, dt_s=0.05):
    return take(hand, HOME, events, pointer, dt_s=dt_s, ground_m=0.0, over_panel=False, typing=False)


def test_a_press_in_place_is_a_click_two_are_one_double_click_and_a_drag_is_neither() -> None:
    hand, _, made = touch(Hand(), [("down", "mouse1")], (300.0, 200.0))
    hand, _, made = touch(hand, [("up", "mouse1")], (301.0, 201.0))
    assert made == [commands.Touch((301.0, 201.0))]
    hand, _, _ = touch(hand, [("down", "mouse1")], (301.0, 201.0))
    hand, _, made = touch(hand, [("up", "mouse1")], (301.0, 201.0))
    assert made == [commands.Touch((301.0, 201.0), twice=True)]
    hand, _, _ = touch(Hand(), [("down", "mouse1")], (300.0, 200.0))
    hand, _, _ = touch(hand, [], (380.0, 200.0))
    _, _, made = touch(hand, [("up", "mouse1")], (380.0, 200.0))
    assert made == []


def test_no_key_means_two_things_and_every_key_is_in_the_help() -> None:
    names = [name for row in KEYMAP for name, _ in row.does]
    assert len(names) == len(set(names)) == len(KEYS)
    assert all(row.label and row.what for row in KEYMAP)


def test_chords_are_not_their_plain_keys() -> None:
    _, _, made = touch(Hand(), [("down", "lcontrol"), ("down", "1")], None)
    assert made == [commands.RecallView(1)]
    _, _, made = touch(Hand(), [("down", "control"), ("down", "lshift"), ("down", "1")], None)
    assert made == [commands.StoreView(1)]
    _, _, made = touch(Hand(), [("down", "control"), ("down", "t")], None)
    assert made == []


def test_the_wheel_keeps_the_ground_under_the_pointer_and_sets_the_speed_with_the_right_button() -> None:
    pointer, size = (900.0, 500.0), (1280, 720)
    point = c.ground_under(HOME, pointer, size, 0.0)
    _, nearer, _ = touch(Hand(), [("down", "wheel_up")], pointer)
    assert c.project(nearer, point[None], size)[0, :2] == pytest.approx(pointer, abs=0.5)
    hand, same, _ = touch(Hand(frozenset({"mouse3"})), [("down", "wheel_up")], pointer)
    assert hand.pace > 1.2 and same.eye_m == pytest.approx(HOME.eye_m)


def test_a_soft_move_arrives_turns_the_short_way_and_is_at_once_in_reduced_motion(world) -> None:
    start, end = replace(HOME, heading_rad=6.2), replace(HOME, heading_rad=0.1)
    glide = c.Glide(start, end, 10.0)
    assert glide.at(10.0).heading_rad == pytest.approx(6.2) and glide.at(10.5) is end
    assert not 0.2 < glide.at(10.2).heading_rad < 6.1
    world = replace(world, camera=HOME)
    after, _ = commands.apply(world, commands.GoTo("top"), now_s=5.0, sender="me")
    assert after.camera is HOME and after.glide is not None
    still = replace(world, panel=replace(world.panel, still=True))
    after, _ = commands.apply(still, commands.GoTo("top"), now_s=5.0, sender="me")
    assert after.glide is None and after.camera.pitch_rad > 1.5


def test_framing_puts_the_chosen_house_in_the_middle(world) -> None:
    world = replace(world, camera=HOME, selected=Picked("building", 3), panel=replace(world.panel, still=True))
    after, _ = commands.apply(world, commands.FrameSelection(), now_s=5.0, sender="me")
    foot, tall = world.stage.roster.building_xyz_m[3], world.stage.roster.building_height_m[3]
    (x, y, depth), low, high = c.project(after.camera, foot + np.outer([0.5, 0, 1], [0, 0, tall]), (1280, 720))
    assert abs(x - 640) < 5 and abs(y - 360) < 5 and depth > 30
    assert high[1] > 50 and low[1] < 670


def test_escape_closes_one_thing_after_another_and_never_the_program(world) -> None:
    world = replace(world, selected=Picked("building", 3), panel=replace(world.panel, help=True, notes=True))
    steps = []
    for _ in range(4):
        world, wishes = commands.apply(world, commands.Close(), now_s=5.0, sender="me")
        steps.append((world.panel.help, world.panel.notes, world.selected is not None))
        assert not wishes
    assert steps == [(False, True, True), (False, False, True), (False, False, False), (False, False, False)]


def test_a_layer_that_is_switched_on_shows_its_own_colours_with_a_way_back(world) -> None:
    kinds = tuple(msgspec.structs.replace(k, paint="pv_w") for k in world.stage.catalogue.kinds)
    catalogue = msgspec.structs.replace(world.stage.catalogue, kinds=kinds)
    world = replace(world, stage=replace(world.stage, catalogue=catalogue))
    chosen = (LayerChoice("solar", {"share": 0.5, "module": 200.0}),)
    after, _ = commands.apply(world, commands.Choose(chosen, "g"), now_s=5.0, sender="me")
    assert after.paint == "pv_w"
    back, _ = commands.apply(after, commands.PaintBack(), now_s=5.0, sender="me")
    assert back.paint == "surplus_w_m2"


def test_steps_and_saving_are_the_wishes_they_name(world) -> None:
    (wish,) = commands.apply(world, commands.Step(1), now_s=5.0, sender="me")[1]
    assert wish == Seek(sender="me", time_s=world.shown.time_s + 3600.0)
    (wish,) = commands.apply(world, commands.Save("green", ()), now_s=5.0, sender="me")[1]
    assert wish == SaveScenario(sender="me", name="green", choices=())


@pytest.mark.parametrize("size", [(1, 1), (640, 360), (1280, 720), (1920, 1080), (7680, 4320)])
def test_inspector_tooltip_and_scenarios_draw_at_every_size(ui, world, size) -> None:
    world = replace(world, selected=Picked("building", 3), hovered=Picked("line", 2),
                    panel=replace(world.panel, saves=True))  # fmt: skip
    draw(ui, world, size=size)
    _, painted = draw(ui, world, size=size)
    assert painted.lists


def test_no_panel_lies_on_another_at_any_usual_size(ui, world) -> None:
    from imgui_bundle import imgui

    for size, scale in (((1280, 720), 1.0), ((1920, 1080), 1.0), ((1280, 720), 1.25), ((1920, 1080), 1.25)):
        busy = replace(world, selected=Picked("building", 3), panel=replace(world.panel, scale=scale))
        for _ in range(3):
            draw(ui, busy, size=size)
        found = [imgui.internal.find_window_by_name(n) for n in panels.WINDOWS]
        boxes = [(w.pos.x, w.pos.y, w.pos.x + w.size.x, w.pos.y + w.size.y) for w in found if w and w.active]
        for k, a in enumerate(boxes):
            for b in boxes[:k]:
                apart = a[2] <= b[0] + 1 or b[2] <= a[0] + 1 or a[3] <= b[1] + 1 or b[3] <= a[1] + 1
                assert apart, (size, scale, a, b)


def test_an_inferred_value_carries_its_sign() -> None:
    assert inspector.value_of(Fact("year", "Year", value=1970.0, origin="inferred")) == "≈ 1970"
    assert inspector.value_of(Fact("use", "Use", text="home")) == "home"


def luminance(rgb) -> float:
    """Relative luminance, WCAG 2.2."""
    c = np.array(rgb[:3])
    return float(np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("scene", [(0.0, 0.0, 0.0), (1.0, 1.0, 1.0), (0.93, 0.45, 0.06)])
@pytest.mark.parametrize("ink", [theme.TEXT, theme.NOTE, theme.GIVES, theme.TAKES])
def test_text_stands_out_from_the_panel_over_any_scene(ink, scene) -> None:
    panel = [theme.INK[3] * p + (1 - theme.INK[3]) * s for p, s in zip(theme.INK[:3], scene, strict=True)]
    low, high = sorted((luminance(ink), luminance(panel)))
    assert (high + 0.05) / (low + 0.05) >= 4.5


def test_a_line_says_which_way_its_power_runs(world) -> None:
    line = Picked("line", 2)
    block = world.stage.blocks["line_w"]
    away = msgspec.structs.replace(block, values=np.full_like(block.values, 3e3))
    world = replace(world, stage=replace(world.stage, blocks={**world.stage.blocks, "line_w": away}))
    assert inspector.power_now(world, line) == pytest.approx(-3e3), "away from the substation is what takes"
    assert (inspector.day_of(world, line) == -3e3).all()
