"""Plain data of the viewer: what sim said, what time is shown, where the eye is, how the panels stand.

Values only; every part of a frame takes some of them and returns new ones. Nothing here knows of GPU or sockets.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.camera import Camera, Glide
from app.pick import Picked
from network.schema import (
    Balance,
    Catalogue,
    Clock,
    Explanation,
    Facts,
    FluxBlock,
    Hello,
    LayerChoice,
    Problems,
    Roster,
    Saved,
    Scenario,
)

SIDE = "a"
"""The side that is shown."""


@dataclass(frozen=True)
class Stage:
    """The newest of everything sim said."""

    hello: Hello | None = None
    roster: Roster | None = None
    catalogue: Catalogue | None = None
    scenario: Scenario | None = None
    balance: Balance | None = None
    problems: Problems | None = None
    saved: Saved | None = None
    """Scenarios that were saved under a name."""
    facts: Facts | None = None
    """Of the row that was asked for last."""
    explanation: Explanation | None = None
    """Of the building and step that was asked for last."""
    clock: Clock | None = None
    clock_s: float = 0.0
    """When the Clock arrived, on this process's monotonic clock."""
    blocks: Mapping[str, FluxBlock] = field(default_factory=dict)
    """By quantity, of the shown side."""
    refused: str = ""
    """Why the last wish was refused, one sentence."""
    refused_s: float = -1e9


@dataclass(frozen=True)
class Shown:
    """The moment on the screen."""

    time_s: float = 0.0
    held_s: float = -1e9
    """Until then (monotonic) the hand's own seek stands, whatever the Clock still says."""


@dataclass(frozen=True)
class Panel:
    """How the panels stand; nothing of it concerns sim."""

    scale: float = 1.0
    """Size of text and panels, on top of height / 720."""
    help: bool = False
    notes: bool = False
    """Problems unfolded."""
    others: bool = False
    """Other choices for the verdict unfolded."""
    hidden: bool = False
    draft: tuple[LayerChoice, ...] | None = None
    """Choices while the hand drags or until sim's answer is here."""
    draft_on: int = -1
    """Revision of the scenario the draft was begun on."""
    draft_s: float = -1e9
    """When the draft was last touched."""
    gesture: str = ""
    gauge_j: float = 0.0
    """Scale of the verdict gauge; it only grows, so that the needle moves and the scale stands still."""
    still: bool = False
    """Reduced motion: nothing moves that is not moved by time or hand."""
    under: bool = False
    """Under the streets: the ground is dimmed, cables stay."""
    unfolded: frozenset[str] = frozenset()
    """What shows all about itself: kinds of what-ifs, the sums behind a figure and their terms (app/ui/why.py)."""
    before_paint: str = ""
    """What was shown before a switched-on layer brought its own colours; empty: nothing to go back to."""
    saves: bool = False
    """The list of saved scenarios is open."""
    aside: bool = False
    """What stands at the sides is the other way round: away in a wide window, there in a small one."""
    hud: bool = False
    """The panel of figures is open."""
    again: bool = False
    """Try once more in this frame to read what could not be read."""
    full: bool = False
    """The window covers the whole screen."""
    toast: str = ""
    """A sentence about what has just been done."""
    toast_s: float = -1e9
    touch: tuple[float, float] | None = None
    """Pixel that the hand has just clicked on the scene."""
    twice: bool = False
    """That was a double click."""
    shot: bool = False
    """Save a picture at the end of this frame."""


@dataclass(frozen=True)
class World:
    """The whole viewer as one value."""

    stage: Stage
    shown: Shown
    camera: Camera | None
    panel: Panel
    paint: str
    glide: Glide | None = None
    """A soft move of the camera that is under way."""
    hovered: Picked | None = None
    selected: Picked | None = None
    pointed: int = 0
    """Slot of the feature under the pointer that is no building of the district; 0: none."""
    feature: int = 0
    """Slot of such a feature that was clicked; 0: none."""
    views: Mapping[int, Camera] = field(default_factory=dict)
    """Cameras that were stored, by number."""
