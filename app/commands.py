"""Every action of the hand, typed and named: panels, keys and scripts all go through here.

`apply` turns a command into a new world and the wishes it sends to sim. Nothing else changes what is shown.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from app import camera as cameras
from app import memory, pace
from app.paint import PAINTS
from app.pick import Picked, exists, place_of
from app.world import SIDE, World
from network.schema import ChooseLayers, LayerChoice, Redo, SaveScenario, Seek, SetPace, Undo, Wish


@dataclass(frozen=True)
class SeekTo:
    """Show another moment."""

    time_s: float


@dataclass(frozen=True)
class Run:
    """Let time run at `pace` simulated seconds per second."""

    pace: float


@dataclass(frozen=True)
class Pause:
    """Stop time, or take it up again at the last pace."""


@dataclass(frozen=True)
class Choose:
    """Make these the chosen layers; one `gesture` is one undo step."""

    choices: tuple[LayerChoice, ...]
    gesture: str


@dataclass(frozen=True)
class Begin:
    """The hand took hold of a dial: what it changes until it lets go is one undo step."""

    gesture: str


@dataclass(frozen=True)
class UndoLayers:
    """Take back the last change of the scenario."""


@dataclass(frozen=True)
class RedoLayers:
    """Bring back what was undone."""


@dataclass(frozen=True)
class GoTo:
    """A named view: home, top, street."""

    name: str


@dataclass(frozen=True)
class FrameSelection:
    """Go to what is selected."""


@dataclass(frozen=True)
class StoreView:
    """Keep the camera under a number."""

    number: int


@dataclass(frozen=True)
class RecallView:
    """Go back to a stored camera."""

    number: int


@dataclass(frozen=True)
class Touch:
    """A click on the scene, at a pixel; what it means is known once the picture under the pointer is drawn."""

    at: tuple[float, float]
    twice: bool = False


@dataclass(frozen=True)
class Select:
    """Show this in the inspector; None: nothing."""

    picked: Picked | None


@dataclass(frozen=True)
class Step:
    """To the next (or with -1 the previous) step of the simulation."""

    steps: int


@dataclass(frozen=True)
class Unfold:
    """Show everything of a what-if, or its main dials alone."""

    kind: str


@dataclass(frozen=True)
class PaintBack:
    """Show again what was shown before a layer brought its colours."""


@dataclass(frozen=True)
class ToggleSaves:
    """Open or close the list of saved scenarios."""


@dataclass(frozen=True)
class Save:
    """Keep the choices under a name; without choices forget it."""

    name: str
    choices: tuple[LayerChoice, ...] | None


@dataclass(frozen=True)
class ToggleFull:
    """Cover the whole screen, or be a window again."""


@dataclass(frozen=True)
class ToggleSides:
    """Put the panels at the sides away, or bring them back."""


@dataclass(frozen=True)
class NorthUp:
    """Turn so that north is up."""


@dataclass(frozen=True)
class SwitchFlying:
    """Between orbiting and flying."""


@dataclass(frozen=True)
class Scale:
    """Size of text and panels: times `factor`, or back to 1 with factor 0."""

    factor: float


@dataclass(frozen=True)
class ToggleHelp:
    """Show or hide the key map."""


@dataclass(frozen=True)
class ToggleNotes:
    """Unfold or fold the list of problems."""


@dataclass(frozen=True)
class ToggleOthers:
    """Unfold or fold the list of other choices that the verdict could rest on."""


@dataclass(frozen=True)
class SetPaint:
    """Colour the model by another quantity."""

    quantity: str


@dataclass(frozen=True)
class NextPaint:
    """Colour the model by the quantity that follows on the list of paints (-1: precedes)."""

    steps: int = 1


@dataclass(frozen=True)
class ToggleUnder:
    """Look under the streets, or at them again."""


@dataclass(frozen=True)
class ToggleStill:
    """Reduced motion: hold what moves by itself, or let it go."""


@dataclass(frozen=True)
class Picture:
    """Save a picture."""


@dataclass(frozen=True)
class ToggleHud:
    """Show or hide the figures of frames and tiles."""


@dataclass(frozen=True)
class Retry:
    """Read once more what of the tiles could not be read."""


@dataclass(frozen=True)
class Close:
    """Close the uppermost panel; never ends the program."""


Command = (
    SeekTo | Run | Pause | Choose | Begin | UndoLayers | RedoLayers | GoTo | NorthUp | SwitchFlying | Scale | ToggleHelp
    | FrameSelection | StoreView | RecallView | Touch | Select | Step | Unfold | PaintBack | ToggleSaves | Save
    | ToggleFull | ToggleSides
    | ToggleNotes | ToggleOthers | Picture | Close | SetPaint | NextPaint | ToggleUnder | ToggleStill
    | ToggleHud | Retry
)  # fmt: skip


def apply(world: World, command: Command, *, now_s: float, sender: str) -> tuple[World, list[Wish]]:
    """The world after `command`, and what to wish of sim."""
    stage, panel = world.stage, world.panel
    match command:
        case SeekTo(time_s):
            return replace(world, shown=pace.sought(time_s, now_s=now_s)), [Seek(sender=sender, time_s=time_s)]
        case Step(steps) if stage.hello is not None:
            step_s = stage.hello.step_s
            year_s = max(stage.hello.steps * step_s, step_s)
            time_s = (np.floor(world.shown.time_s / step_s + 1e-9) + steps) * step_s % year_s
            return apply(world, SeekTo(float(time_s)), now_s=now_s, sender=sender)
        case Save(name, choices):
            return world, [SaveScenario(sender=sender, name=name, choices=choices)]
        case Run(speed):
            return world, [SetPace(sender=sender, pace=speed)]
        case Pause() if stage.clock is not None:
            running = stage.clock.pace != 0
            return world, [SetPace(sender=sender, pace=0.0 if running else stage.clock.resume_pace or pace.PACES[1][0])]
        case Choose(choices, gesture) if stage.scenario is not None:
            based = stage.scenario.revision
            panel = replace(panel, draft=choices, draft_on=based, draft_s=now_s, gesture=gesture)
            wish = ChooseLayers(side=SIDE, sender=sender, based_on=based, gesture=gesture, choices=choices)
            return _shown(replace(world, panel=panel), choices), [wish]
        case UndoLayers() | RedoLayers() if stage.scenario is not None:
            kind = Undo if isinstance(command, UndoLayers) else Redo
            panel = replace(panel, draft=None)
            return replace(world, panel=panel), [kind(side=SIDE, sender=sender, based_on=stage.scenario.revision)]
    return _own(_moved(world, command, now_s), command), []


def _shown(world: World, choices: tuple[LayerChoice, ...]) -> World:
    """A layer that was switched on shows itself in its own colours; the panel offers the way back."""
    catalogue, scenario = world.stage.catalogue, world.stage.scenario
    if catalogue is None or scenario is None:
        return world
    before = {c.kind for c in scenario.choices}
    fresh = [c.kind for c in choices if c.kind not in before]
    paints = {kind.kind: kind.paint for kind in catalogue.kinds}
    paint = paints.get(fresh[0], "") if len(fresh) == 1 else ""
    if paint not in PAINTS or paint in (PAINTS[0], world.paint):
        return world
    return replace(world, paint=paint, panel=replace(world.panel, before_paint=world.panel.before_paint or world.paint))


def _moved(world: World, command: Command, now_s: float) -> World:
    """The camera on its way to where a command sends it; at once in reduced motion."""
    camera, hello, roster = world.camera, world.stage.hello, world.stage.roster
    end = None
    match command:
        case GoTo("home") if 0 in world.views:
            end = world.views[0]
        case GoTo(name) if hello is not None:
            end = cameras.named(name, cameras.sights(hello, roster), hello.ground_m)
        case NorthUp() if camera is not None:
            end = cameras.orbit(camera, turn_rad=-camera.heading_rad, tilt_rad=0.0)
        case RecallView(number):
            end = world.views.get(number)
        case FrameSelection() if camera is not None and hello is not None:
            if world.selected is not None and roster is not None and exists(world.selected, roster):
                end = cameras.facing(camera, *place_of(world.selected, roster))
            elif 0 in world.views:
                end = world.views[0]
            else:
                end = cameras.named("home", cameras.sights(hello, roster), hello.ground_m)
    if end is None:
        return world
    if world.panel.still or camera is None:
        return replace(world, camera=end, glide=None)
    return replace(world, glide=cameras.Glide(camera, end, now_s))


def _own(world: World, command: Command) -> World:
    """Changes that concern this viewer alone."""
    panel, camera = world.panel, world.camera
    match command:
        case StoreView(number) if camera is not None:
            return replace(world, views={**world.views, number: camera})
        case Touch(pixel, twice):
            return replace(world, panel=replace(panel, touch=pixel, twice=twice))
        case Select(picked):
            return replace(world, selected=picked, feature=0)
        case Unfold(kind):
            return replace(world, panel=replace(panel, unfolded=panel.unfolded ^ {kind}))
        case PaintBack() if panel.before_paint:
            return replace(world, paint=panel.before_paint, panel=replace(panel, before_paint=""))
        case ToggleSaves():
            return replace(world, panel=replace(panel, saves=not panel.saves))
        case ToggleSides():
            return replace(world, panel=replace(panel, aside=not panel.aside))
        case ToggleFull():
            return replace(world, panel=replace(panel, full=not panel.full))
        case SwitchFlying() if camera is not None:
            return replace(world, camera=replace(camera, flying=not camera.flying))
        case Scale(factor):
            size = 1.0 if factor == 0 else min(max(panel.scale * factor, memory.LEAST_SCALE), memory.LARGEST_SCALE)
            return replace(world, panel=replace(panel, scale=size))
        case Begin(gesture):
            return replace(world, panel=replace(panel, gesture=gesture))
        case ToggleHelp():
            return replace(world, panel=replace(panel, help=not panel.help))
        case ToggleNotes():
            return replace(world, panel=replace(panel, notes=not panel.notes, others=False))
        case ToggleOthers():
            return replace(world, panel=replace(panel, others=not panel.others, notes=False))
        case SetPaint(quantity) if quantity in PAINTS:
            return replace(world, paint=quantity, panel=replace(panel, before_paint=""))
        case NextPaint(steps):
            at = PAINTS.index(world.paint) if world.paint in PAINTS else -1
            return replace(world, paint=PAINTS[(at + steps) % len(PAINTS)], panel=replace(panel, before_paint=""))
        case ToggleUnder():
            return replace(world, panel=replace(panel, under=not panel.under))
        case ToggleStill():
            return replace(world, panel=replace(panel, still=not panel.still))
        case ToggleHud():
            return replace(world, panel=replace(panel, hud=not panel.hud))
        case Retry():
            return replace(world, panel=replace(panel, again=True))
        case Picture():
            return replace(world, panel=replace(panel, shot=True))
        case Close():
            return _closed(world)
    return world


def _closed(world: World) -> World:
    """One thing less on the screen: help, then lists, then the inspector."""
    panel = world.panel
    if panel.help:
        return replace(world, panel=replace(panel, help=False))
    if panel.hud:
        return replace(world, panel=replace(panel, hud=False))
    if panel.notes or panel.others or panel.saves:
        return replace(world, panel=replace(panel, notes=False, others=False, saves=False))
    return replace(world, selected=None, feature=0)


def drafted(world: World, *, now_s: float) -> World:
    """Drop the draft once sim shows an own, newer scenario, or after two seconds without a touch."""
    panel, scenario = world.panel, world.stage.scenario
    if panel.draft is None or scenario is None:
        return world
    answered = scenario.revision > panel.draft_on and scenario.choices == panel.draft
    if answered or now_s - panel.draft_s > 2.0:
        return replace(world, panel=replace(panel, draft=None))
    return world
