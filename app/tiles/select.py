"""Which tiles to draw and which to load: screen-space error over the node table, in array passes, without holes.

A node is refined while its error on the screen exceeds the limit. A REPLACE node gives way only when all its children
can be drawn, those out of view too (a turn of the head must not show a gap): until then it stays, and cesium-native
calls that "kicking". Tiles come from the root downwards, so an ancestor of what is drawn is always there to step in
when the eye draws back ("ancestor meets SSE"); where one is missing all the same, its loaded descendants stand. In
place of a failed tile its parent stays; a failed parent is like one without content, and so is a failed child of many.
A stub (the rest of the tileset is in another document) is refined like a node whose children have not come.

Under a node without content nothing could step in for a child out of view: the coarsest contents of such children are
wanted too, after all that is seen, a few at each level. Nothing waits for them.

The walk goes level by level from the root and only through what is refined: a frame costs what it sees, not what the
tileset has. Several eyes share it: a node is seen by any of them, its error is the largest.
Source: 3D Tiles 1.1 section 6.7 (geometric error) and 6.8 (refinement), cesium-native's selection rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from app.tiles.eye import Eye, admitted, aside_m, distance_m, haze_1_m, in_view, screen_error_px
from app.tiles.kin import Kin
from app.tiles.tree.table import Tileset

Bool = NDArray[np.bool_]
Float = NDArray[np.float64]
Rows = NDArray[np.int64]

LIMIT_PX = 16.0
"""Largest error on the screen before a node is refined (the default of all engines)."""
FEW = 32
"""A node with more children waits only for those in or near the view: a flat tileset is not loaded whole for one of
its tiles. Out of view no more than so many at a level are wanted beside what is seen."""
NEAR_RAD = float(np.radians(15.0))
"""So far out of view a tile of many is near it."""
MOST_LEVELS = 2_000
"""Deeper than this no walk goes in one frame; the deepest real tileset has some thirty levels."""


class Group(IntEnum):
    """How urgent a tile is; the lower the earlier."""

    URGENT = 0
    """Finer tiles than wanted stand in for it."""
    NORMAL = 1
    PRELOAD = 2
    """Not of this view: of where the eye is going, or one that failed before."""


@dataclass(frozen=True)
class Known:
    """[node] what is known of the nodes' contents and branches."""

    content: Bool
    """Something to draw is named, and has not failed."""
    ready: Bool
    """Decoded and attached."""
    open: Bool
    """A stub whose branch has not come and not failed."""
    lost: Bool
    """Content or branch failed, and nothing else is there to take its place."""


@dataclass(frozen=True)
class Selection:
    """Rows of the node table."""

    draw: Rows
    """In rising order."""
    load: Rows
    """Most urgent first; contents, or the branches of stubs."""
    group: NDArray[np.int64]
    """[load]"""
    keep: Bool
    """[node] what this view rests on: drawn, an ancestor of it, or a sibling that it waits for."""
    beside: Rows
    """Out of view under what has no content, here or not, the nearest to the view first."""


@dataclass
class _Level:
    """What the walk reached of one level, [row] each."""

    rows: Rows
    up: Rows
    """Place of the parent in the level above."""
    seen: Bool
    content: Bool
    ready: Bool
    replace: Bool
    refine: Bool
    under: Bool
    """The parent (or what it stands for) waits for all its children."""
    beside: Bool
    """Out of view, and no ancestor with content would stand for it."""
    opened: Bool
    whole: Bool = field(default_factory=lambda: np.zeros(0, bool))
    active: Bool = field(default_factory=lambda: np.zeros(0, bool))

    @property
    def waits(self) -> Bool:
        """Its children come after it."""
        return self.refine & self.content & self.replace & ~self.ready

    @property
    def missing(self) -> Bool:
        """Its content, or its branch."""
        return (self.content & ~self.ready) | (self.opened & self.refine & ~self.waits)

    @property
    def give_way(self) -> Bool:
        """Its children stand in its place, or beside it."""
        return self.refine & (self.whole | ~self.replace)


def known(tiles: Tileset, *, ready: Bool, failed: Bool) -> Known:
    """`Known` of a table whose branches are all there; `failed`: never will be ready."""
    content = tiles.has_content & ~failed
    missing = (tiles.stub > 0) & ~tiles.grown
    return Known(content, ready, missing & ~failed, failed & ~tiles.has_children)


def select(
    tiles: Tileset, eyes: Sequence[Eye], known: Known, *, kin: Kin, limit_px: float = LIMIT_PX
) -> Selection:  # fmt: skip
    """Draw and load lists of this frame for all `eyes`; `kin` holds the table's children."""
    walk = _Walk(tiles, eyes, known, kin, limit_px)
    levels = walk.down()
    keep = np.zeros(len(tiles), bool)
    drawn, lacking = _stand(levels, known, keep)
    standing, urgent = _stand_in(tiles, eyes, known, keep, lacking) if len(lacking) else (lacking, lacking)
    keep[standing] = True
    load = [x.rows[x.missing & ~x.beside] for x in levels]
    beside = [x.rows[x.beside & (x.missing | x.ready)] for x in levels]
    rows = np.concatenate(load) if load else lacking
    group = np.full(len(rows), int(Group.NORMAL))
    if len(urgent):
        group[np.isin(rows, urgent)] = int(Group.URGENT)
    order = np.lexsort((_aside_m(tiles, eyes, rows), group))
    draw = np.sort(np.concatenate([*drawn, standing])) if drawn else standing
    out = np.concatenate(beside) if beside else lacking
    out = out[np.argsort(_aside_m(tiles, eyes, out), kind="stable")]
    return Selection(draw, rows[order], group[order], keep, out)


def _aside_m(tiles: Tileset, eyes: Sequence[Eye], rows: Rows) -> Float:
    """[row] how far from what any eye looks at."""
    if not len(rows):
        return np.zeros(0)
    aside = [aside_m(tiles, eye, rows, distance_m(tiles, eye, rows)) for eye in eyes]
    return np.asarray(np.minimum.reduce(aside))


class _Walk:
    """From the root downwards through what is refined."""

    def __init__(self, tiles: Tileset, eyes: Sequence[Eye], known: Known, kin: Kin, limit_px: float) -> None:
        self._tiles, self._eyes, self._known, self._kin, self._limit_px = tiles, eyes, known, kin, limit_px
        self._haze = [haze_1_m(tiles, eye) for eye in eyes]
        self._asks = bool(tiles.has_request.any())

    def down(self) -> list[_Level]:
        """The levels that are reached."""
        levels: list[_Level] = []
        rows, up = np.array([0]), np.array([0])
        while len(rows) and len(levels) < MOST_LEVELS:
            level = self._level(rows, up, levels[-1] if levels else None)
            if not len(level.rows):
                break
            levels.append(level)
            going = np.flatnonzero(level.refine & ~level.waits)
            rows, up = self._kin.of(level.rows[going])
            up = going[up]
        return levels

    def _level(self, rows: Rows, up: Rows, above: _Level | None) -> _Level:
        """Look at `rows`; those in nobody's view are left out, unless their parent waits for them."""
        tiles, known = self._tiles, self._known
        inside = [admitted(tiles, eye, rows) if self._asks else None for eye in self._eyes]
        views = [in_view(tiles, eye, rows) for eye in self._eyes]
        views = [v if i is None else v & i for v, i in zip(views, inside, strict=True)]
        seen = views[0] if len(views) == 1 else np.logical_or.reduce(views)
        under, near = self._under(rows, up, above)
        reached = seen | under | near
        beside = self._beside(rows, up, above, ~reached)
        scope = reached | beside
        if self._asks:
            scope &= np.logical_or.reduce([i for i in inside if i is not None])
        if not scope.all():
            rows, up, seen, under, beside = rows[scope], up[scope], seen[scope], under[scope], beside[scope]
            views = [v[scope] for v in views]
        away = [distance_m(tiles, eye, rows) for eye in self._eyes]
        error_m = tiles.geometric_error_m[rows]
        wanted = self._wanted(up, above, away, views)
        if wanted is not None:
            rows, up, error_m = rows[wanted], up[wanted], error_m[wanted]
            seen, under, beside = seen[wanted], under[wanted], beside[wanted]
            away, views = [a[wanted] for a in away], [v[wanted] for v in views]
        error = self._error_px(error_m, away, views)
        content, opened = known.content[rows], known.open[rows]
        inner = (tiles.children[rows] > 0) | opened
        refine = inner & ((seen & ((error > self._limit_px) | ~content)) | ((under | beside) & ~content))
        return _Level(
            rows=rows, up=up, seen=seen, content=content, ready=known.ready[rows], replace=tiles.replace[rows],
            refine=refine, under=under, beside=beside, opened=opened,
        )  # fmt: skip

    def _under(self, rows: Rows, up: Rows, above: _Level | None) -> tuple[Bool, Bool]:
        """Which rows their parent waits for wherever they are, and which near the view."""
        none = np.zeros(len(rows), bool)
        if above is None:
            return none, none
        count = self._tiles.children[above.rows]
        holds = (above.content & above.replace) | (~above.content & above.under)
        under, many = (holds & (count <= FEW))[up], (holds & (count > FEW))[up]
        if not many.any():
            return under, none
        near = none.copy()
        place = np.flatnonzero(many)
        for eye in self._eyes:
            near[place] |= in_view(self._tiles, eye, rows[place], wider_rad=NEAR_RAD)
        return under, near

    def _beside(self, rows: Rows, up: Rows, above: _Level | None, out: Bool) -> Bool:
        """Which rows `out` of view nothing stands for: no more than FEW, the nearest to the view."""
        none = np.zeros(len(rows), bool)
        if above is None:
            return none
        bare = ~above.content & ~above.under & (self._tiles.children[above.rows] <= FEW)
        place = np.flatnonzero(out & bare[up])
        if len(place) > FEW:
            away = _aside_m(self._tiles, self._eyes, rows[place])
            place = place[np.argpartition(away, FEW)[:FEW]]
        none[place] = True
        return none

    def _error_px(self, error_m: Float, away: list[Float], views: list[Bool]) -> Float:
        """[row] largest error on any screen that sees it."""
        if len(self._eyes) == 1:  # what it does not see is not refined anyway
            return screen_error_px(error_m, self._eyes[0], away[0], self._haze[0])
        each = zip(self._eyes, away, self._haze, views, strict=True)
        errors = [np.where(v, screen_error_px(error_m, eye, d, haze), 0.0) for eye, d, haze, v in each]
        return np.asarray(np.maximum.reduce(errors))

    def _wanted(self, up: Rows, above: _Level | None, away: list[Float], views: list[Bool]) -> Bool | None:
        """[row] false for the child of an ADD tile that is fine enough as far as its child reaches (like CesiumJS)."""
        adds = (above.content & ~above.replace)[up] if above is not None else np.zeros(0, bool)
        if above is None or not adds.any():
            return None
        error_m = self._tiles.geometric_error_m[above.rows][up]
        return np.asarray(~adds | (self._error_px(error_m, away, views) > self._limit_px))


def _stand(levels: list[_Level], known: Known, keep: Bool) -> tuple[list[Rows], Rows]:
    """What of the reached levels is drawn, and what should be but is not there; marks all that is reached."""
    for level in levels:
        level.whole = ~level.opened
    for k in range(len(levels) - 1, 0, -1):
        # Can a node's place on the screen be filled, by itself or, where it has no content, by its children?
        level, above = levels[k], levels[k - 1]
        lost = known.lost[level.rows] & level.under
        covered = level.beside | level.ready | (~level.content & ~lost & level.whole)
        above.whole[level.up[~covered]] = False
    drawn, lacking = [], []
    for k, level in enumerate(levels):
        keep[level.rows[~level.beside | ~level.content]] = True
        level.active = level.seen
        if k:
            above = levels[k - 1]
            through = above.active & above.refine & (above.give_way | ~above.ready)
            level.active = level.seen & through[level.up]
        drawn.append(level.rows[level.active & level.ready & (~level.give_way | ~level.replace)])
        lacking.append(level.rows[level.active & level.content & ~level.ready])
    return drawn, np.concatenate(lacking) if lacking else np.zeros(0, np.int64)


def _stand_in(
    tiles: Tileset, eyes: Sequence[Eye], known: Known, keep: Bool, lacking: Rows
) -> tuple[Rows, Rows]:  # fmt: skip
    """Loaded descendants that stand in for tiles that are not there, the uppermost ones, and the tiles that they do."""
    spare = np.flatnonzero(known.ready & ~keep)
    wants = np.zeros(len(tiles), bool)
    wants[lacking] = True
    standing, found = [], []
    at = tiles.parent[spare]
    while len(spare):
        hit = wants[at]
        standing.append(spare[hit])
        found.append(at[hit])
        on = ~hit & (at > 0) & ~(known.ready[at] & tiles.replace[at])
        spare, at = spare[on], tiles.parent[at[on]]
    rows = np.concatenate(standing) if standing else spare
    of = np.concatenate(found) if found else spare
    if not len(rows):
        return rows, rows
    seen = np.logical_or.reduce([in_view(tiles, eye, rows) & admitted(tiles, eye, rows) for eye in eyes])
    return rows[seen], np.unique(of[seen])
