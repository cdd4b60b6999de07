"""Every action of the hand, typed and named: panels, keys and scripts all go through here.

`apply` turns a command into a new world and the wishes it sends to sim. Nothing else changes what is shown.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from app import camera as cameras
from app import pace
from app.paint import PAINTS
from app.world import SIDE, World
from network.schema import ChooseLayers, LayerChoice, Redo, Seek, SetPace, Undo, Wish


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
class Close:
    """Close the uppermost panel; never ends the program."""


Command = (
    SeekTo | Run | Pause | Choose | Begin | UndoLayers | RedoLayers | GoTo | NorthUp | SwitchFlying | Scale | ToggleHelp
    | ToggleNotes | Picture | Close | SetPaint | NextPaint | ToggleUnder | ToggleStill
)  # fmt: skip
_LEAST_SCALE, _LARGEST_SCALE = 0.6, 2.5


def apply(world: World, command: Command, *, now_s: float, sender: str) -> tuple[World, list[Wish]]:
    """The world after `command`, and what to wish of sim."""
    stage, panel = world.stage, world.panel
    match command:
        case SeekTo(time_s):
            return replace(world, shown=pace.sought(time_s, now_s=now_s)), [Seek(sender=sender, time_s=time_s)]
        case Run(speed):
            return world, [SetPace(sender=sender, pace=speed)]
        case Pause() if stage.clock is not None:
            running = stage.clock.pace != 0
            return world, [SetPace(sender=sender, pace=0.0 if running else stage.clock.resume_pace or pace.PACES[1][0])]
        case Choose(choices, gesture) if stage.scenario is not None:
            based = stage.scenario.revision
            panel = replace(panel, draft=choices, draft_on=based, draft_s=now_s, gesture=gesture)
            wish = ChooseLayers(side=SIDE, sender=sender, based_on=based, gesture=gesture, choices=choices)
            return replace(world, panel=panel), [wish]
        case UndoLayers() | RedoLayers() if stage.scenario is not None:
            kind = Undo if isinstance(command, UndoLayers) else Redo
            panel = replace(panel, draft=None)
            return replace(world, panel=panel), [kind(side=SIDE, sender=sender, based_on=stage.scenario.revision)]
    return _own(world, command), []


def _own(world: World, command: Command) -> World:
    """Changes that concern this viewer alone."""
    panel, camera, hello = world.panel, world.camera, world.stage.hello
    match command:
        case GoTo(name) if hello is not None:
            return replace(world, camera=cameras.named(name, cameras.sights(hello, world.stage.roster), hello.ground_m))
        case NorthUp() if camera is not None:
            return replace(world, camera=cameras.orbit(camera, turn_rad=-camera.heading_rad, tilt_rad=0.0))
        case SwitchFlying() if camera is not None:
            return replace(world, camera=replace(camera, flying=not camera.flying))
        case Scale(factor):
            size = 1.0 if factor == 0 else min(max(panel.scale * factor, _LEAST_SCALE), _LARGEST_SCALE)
            return replace(world, panel=replace(panel, scale=size))
        case Begin(gesture):
            return replace(world, panel=replace(panel, gesture=gesture))
        case ToggleHelp():
            return replace(world, panel=replace(panel, help=not panel.help))
        case ToggleNotes():
            return replace(world, panel=replace(panel, notes=not panel.notes))
        case SetPaint(quantity) if quantity in PAINTS:
            return replace(world, paint=quantity)
        case NextPaint(steps):
            at = PAINTS.index(world.paint) if world.paint in PAINTS else -1
            return replace(world, paint=PAINTS[(at + steps) % len(PAINTS)])
        case ToggleUnder():
            return replace(world, panel=replace(panel, under=not panel.under))
        case ToggleStill():
            return replace(world, panel=replace(panel, still=not panel.still))
        case Picture():
            return replace(world, panel=replace(panel, shot=True))
        case Close():
            return replace(world, panel=replace(panel, help=False, notes=False))
    return world


def drafted(world: World, *, now_s: float) -> World:
    """Drop the draft once sim shows an own, newer scenario, or after two seconds without a touch."""
    panel, scenario = world.panel, world.stage.scenario
    if panel.draft is None or scenario is None:
        return world
    answered = scenario.revision > panel.draft_on and scenario.choices == panel.draft
    if answered or now_s - panel.draft_s > 2.0:
        return replace(world, panel=replace(panel, draft=None))
    return world
