"""The history of one side's scenario: who changed what, one step per gesture, undo and redo. Pure values.

Revisions only grow: undoing is a change like any other. `writers` remembers who changed the side last and when, so that
a wish is refused only if somebody else changed it since the wisher looked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import msgspec

from network.problems import Refused
from network.schema import ChooseLayers, LayerChoice, LayerKind, Redo, Scenario, Undo

STEPS = 200
"""Most steps that are kept."""
WRITERS = 64

Choices = tuple[LayerChoice, ...]


class Entry(msgspec.Struct, frozen=True):
    """One step: the choices it led to."""

    choices: Choices = ()
    label: str = ""
    sender: str = ""
    gesture: str = ""
    """Open while wishes of this gesture replace the entry."""


class Step(msgspec.Struct, frozen=True):
    """The last step through the history, to know it again when it is sent twice."""

    sender: str
    word: str
    based_on: int
    revision: int


@dataclass(frozen=True)
class History:
    """Entries up to `cursor` are done, those after it undone."""

    entries: tuple[Entry, ...] = (Entry(),)
    cursor: int = 0
    revision: int = 1
    sender: str = ""
    writers: Mapping[str, int] = field(default_factory=dict)
    step: Step | None = None
    wishes: int = 0
    """Wishes that the entry at the cursor took in; 2 or more within a gesture make a drag."""

    @property
    def choices(self) -> Choices:
        """The scenario."""
        return self.entries[self.cursor].choices


def key(choices: Choices) -> bytes:
    """The same for the same canonical choices."""
    return msgspec.json.encode(choices, order="sorted")


def choose(history: History, wish: ChooseLayers, choices: Choices, kinds: tuple[LayerKind, ...]) -> History:
    """`choices` (canonical) become the scenario, as a new step or as more of the same gesture.

    Raises:
        Refused: somebody else changed the side since `wish.based_on`.
    """
    _check(history, wish)
    if key(choices) == key(history.choices):
        return history
    current = history.entries[history.cursor]
    on = bool(wish.gesture) and (current.gesture, current.sender) == (wish.gesture, wish.sender)
    kept = history.entries[: history.cursor + (0 if on else 1)][-STEPS:]
    before = kept[-1].choices if kept else ()
    entry = Entry(choices, _label(before, choices, kinds) or current.label, wish.sender, wish.gesture)
    moved = replace(
        history, entries=(*kept, entry), cursor=len(kept), step=None, wishes=history.wishes + 1 if on else 1
    )
    return _written(moved, wish.sender)


def step(history: History, wish: Undo | Redo) -> History:
    """One step back or forth. The same wish sent again (its answer was lost) changes nothing.

    Raises:
        Refused: there is no such step, or somebody else changed the side since.
    """
    word = type(wish).__name__.lower()
    done = history.step
    if done and (done.sender, done.word, done.based_on) == (wish.sender, word, wish.based_on):
        return history
    _check(history, wish)
    cursor = history.cursor + (1 if isinstance(wish, Redo) else -1)
    if not 0 <= cursor < len(history.entries):
        raise Refused(f"there is nothing to {word}")
    closed = tuple(msgspec.structs.replace(e, gesture="") for e in history.entries)
    moved = _written(replace(history, entries=closed, cursor=cursor, wishes=0), wish.sender)
    return replace(moved, step=Step(wish.sender, word, wish.based_on, moved.revision))


def scenario(history: History, side: str) -> Scenario:
    """The side as viewers know it."""
    after = history.entries[history.cursor + 1 :]
    return Scenario(
        side=side, revision=history.revision, choices=history.choices, can_undo=history.cursor > 0,
        can_redo=bool(after), undo_label=history.entries[history.cursor].label if history.cursor else "",
        redo_label=after[0].label if after else "", sender=history.sender,
    )  # fmt: skip


def _check(history: History, wish: ChooseLayers | Undo | Redo) -> None:
    if any(who != wish.sender and revision > wish.based_on for who, revision in history.writers.items()):
        raise Refused("somebody else just changed the scenario; look at it and try again")


def _written(history: History, sender: str) -> History:
    revision = history.revision + 1
    newest = sorted(({**history.writers, sender: revision}).items(), key=lambda item: item[1])[-WRITERS:]
    return replace(history, revision=revision, sender=sender, writers=dict(newest))


def _label(before: Choices, after: Choices, kinds: tuple[LayerKind, ...]) -> str:
    """Labels of the kinds in which two scenarios differ."""
    old, new = ({c.kind: key(tuple(d for d in some if d.kind == c.kind)) for c in some} for some in (before, after))
    changed = [k for k in {**old, **new} if old.get(k) != new.get(k)]
    names = {k.kind: k.label for k in kinds}
    return ", ".join(names.get(k, k) for k in changed)
