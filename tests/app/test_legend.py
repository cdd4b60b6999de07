"""The legend: always there, a click away from another quantity, by night the colours of the night."""

from dataclasses import replace

import msgspec
import numpy as np
from imgui_bundle import imgui

from app import commands, hand, paint, plant
from app.light import direction, light
from app.ui import legend, panels, theme
from app.ui.backend import Panels
from app.ui.seen import Seen
from app.world import World

SIZE = (1280, 720)
TOP = SIZE[1] - theme.GAP - legend.HEIGHT
NOON, MIDNIGHT = direction(2.9, 0.9), direction(0.0, -0.5)


def draw(ui: Panels, world: World, *, pointer=None, events=(), sun=NOON):
    """Commands of a frame, and what was drawn."""
    roster = world.stage.roster
    shown = paint.legend(world.paint, roster.ranges)
    seen = Seen(SIZE, shown, light(sun), True, 10.0, place=plant.stand(roster))
    ui.begin(SIZE, dt_s=0.016, scale=panels.scale_of(SIZE, 1.0), pointer=pointer, events=events)
    made = panels.draw(ui, world, seen)
    return made, ui.end()


def click(ui: Panels, world: World, at) -> list[commands.Command]:
    made: list[commands.Command] = []
    for events in ((), (), (("down", "mouse1"),), (("up", "mouse1"),), ()):
        made += draw(ui, world, pointer=at, events=events)[0]
    return made


def colours(painted) -> set[tuple[int, ...]]:
    """All vertex colours of the legend's window."""
    return {tuple(int(c) for c in v["rgba"][:3]) for one in painted.lists for v in one.vertices
            if theme.GAP < v["at"][0] < theme.GAP + legend.WIDTH and v["at"][1] > TOP}  # fmt: skip


def test_the_arrows_go_through_the_paints_and_the_list_behind_the_title_names_them(ui: Panels, world: World) -> None:
    assert click(ui, world, (theme.GAP + legend.WIDTH - 32, TOP + 20)) == [commands.NextPaint(1)]
    assert click(ui, world, (theme.GAP + legend.WIDTH - 62, TOP + 20)) == [commands.NextPaint(-1)]
    assert click(ui, world, (theme.GAP + 40, TOP + 20)) == []
    draw(ui, world)
    popup = next(w for w in imgui.get_current_context().windows if w.name.startswith("##Popup") and w.active)
    row = popup.size.y / len(paint.PAINTS)
    chosen = click(ui, world, (popup.pos.x + 40, popup.pos.y + 1.5 * row))
    assert chosen == [commands.SetPaint(paint.PAINTS[1])]


def test_p_goes_round_and_a_paint_that_is_none_is_left_alone(world: World) -> None:
    seen = []
    for _ in paint.PAINTS:
        world, wishes = commands.apply(world, hand.KEYS["p"], now_s=0.0, sender="me")
        assert not wishes, "what is shown concerns nobody else"
        seen.append(world.paint)
    assert set(seen) == set(paint.PAINTS) and seen[-1] == "surplus_w_m2"
    assert commands.apply(world, commands.SetPaint("voltage_pu"), now_s=0.0, sender="me")[0] == world


def test_by_night_the_giving_end_is_paler_as_in_the_picture(ui: Panels, world: World) -> None:
    strong = {}
    for name, sun in (("day", NOON), ("night", MIDNIGHT)):
        draw(ui, world, sun=sun)
        blues = [c for c in colours(draw(ui, world, sun=sun)[1]) if c[2] > c[0] + 90]
        strong[name] = min(blues, key=sum)
    assert sum(strong["night"]) > sum(strong["day"]) + 40


def test_what_takes_is_hatched_and_what_is_too_much_is_black_and_white(ui: Panels, world: World) -> None:
    draw(ui, world)
    assert any(r > 200 and g < 160 and b < 100 for r, g, b in colours(draw(ui, world)[1])), "orange"
    loading = replace(world, paint=paint.LOADING)
    draw(ui, loading)
    found = colours(draw(ui, loading)[1])
    assert (235, 235, 235) in found and (15, 15, 15) in found, "the hazard hatch"
    sand = tuple(round(255 * c) for c in legend.shade(paint.legend(paint.LOADING, {}), 0.0, night=0.0)[:3])
    assert min(np.abs(np.array(c) - sand).max() for c in found) <= 1


def test_what_cannot_carry_its_power_has_its_place_in_the_legend_and_an_island_where_there_is_one(
    ui: Panels, world: World
) -> None:
    loading = replace(world, paint=paint.LOADING)
    draw(ui, loading)
    grey = (112, 112, 115)
    assert grey not in colours(draw(ui, loading)[1])
    n = len(world.stage.roster.line_ids)
    cut = msgspec.structs.replace(world.stage.roster, line_fed=np.arange(n) > 0)
    assert grey in colours(draw(ui, replace(loading, stage=replace(loading.stage, roster=cut)))[1])
