"""Panels on a stand: frames of them, and clicks."""

from app import paint
from app.light import direction, light
from app.ui import panels
from app.ui.backend import Panels
from app.ui.seen import Seen
from app.world import World

SIZE = (1280, 720)


def seen(world: World, *, now_s: float = 10.0, size: tuple[int, int] = SIZE) -> Seen:
    legend = paint.legend(world.paint, world.stage.roster.ranges)
    return Seen(size, legend, light(direction(2.9, 0.9)), True, now_s)


def draw(ui: Panels, world: World, *, pointer=None, events=(), now_s: float = 10.0, size=SIZE):
    ui.begin(size, dt_s=0.016, scale=panels.scale_of(size, world.panel.scale), pointer=pointer, events=events)
    made = panels.draw(ui, world, seen(world, now_s=now_s, size=size))
    return made, ui.end()


def click(ui: Panels, world: World, at: tuple[float, float]):
    """Pointer there, button down and up; everything the panels answered."""
    made = []
    for events in ((), (), (("down", "mouse1"),), (("up", "mouse1"),), ()):
        more, _ = draw(ui, world, pointer=at, events=events)
        made += more
    return made
