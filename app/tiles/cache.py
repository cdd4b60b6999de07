"""Which tiles are in memory, and who leaves when a cap is reached: least recently wanted first.

The cap of bytes is hard. A tile is asked for only when its likely size fits beside all that is held and under way; what
this view does not rest on leaves first, children before parents. Where even that is too much the picture gets coarser,
a little every frame, until it fits: nothing that is drawn is taken away, and nothing gapes. The tree itself is capped
too (branches that nobody looked into for longest are forgotten), and the triangles drawn, where that is asked for.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from app.tiles.ahead import Course
from app.tiles.eye import Eye
from app.tiles.fetch import Source
from app.tiles.held import Held, Stage
from app.tiles.mesh import Mesh
from app.tiles.pressure import COARSER, Pressure
from app.tiles.schedule import FLIGHT, Job, Loader
from app.tiles.select import LIMIT_PX, Group, Selection, select
from app.tiles.tree.table import Tileset

__all__ = ["CAP_BYTES", "Stage", "Stream"]

ATTACH_BUDGET_S = 0.002
"""Main-thread time a frame may spend on new tiles; with selecting and showing it stays below 3 ms."""
CAP_BYTES = 512 * 2**20
MOST_NODES = 200_000
"""Of the tree; a node takes about half a kilobyte."""
MOST_ASKED = 32
"""Tiles asked for at a time."""
RETRIES = 2
"""Tiles that failed or expired are fetched again so many at a time."""
_EASY = 0.65
"""Share of the cap below which what the view rests on leaves room for more detail."""
_PRUNED = 0.9
"""Share of the cap on nodes that the tree is pruned to."""
_RESTED = 300
"""Tiles that were wanted in so many last frames do not leave for what is only fetched ahead."""
_AHEAD_EVERY = 4
"""Frames between two looks ahead; so long nothing makes room for what is out of view."""
_BESIDE, _FOR_BESIDE = 64.0, 8.0
"""So much coarser the picture gets before what is out of view leaves for what is seen; and so much for its sake alone:
it may never fit."""


class Stream:
    """One tileset on its way to the screen: `update` once a frame."""

    def __init__(
        self, tiles: Tileset, slots: Mapping[str, int], *, north: bool = True, modules: bool = True,
        cap_bytes: int = CAP_BYTES, most_nodes: int = MOST_NODES, triangles: int = 0,
        prepare: Callable[[Mesh], Mesh] | None = None, id_property: str | None = None,
        bind: Callable[[int, tuple[Mesh, ...], np.ndarray, int, bool], tuple[Mesh, ...]] | None = None,
    ) -> None:  # fmt: skip
        """`slots`, `north`, `modules`, `prepare`, `id_property`, `bind`: as app.tiles.schedule.Loader has them.

        `triangles`: most that are drawn at a time, 0 = any number.
        """
        self.tiles = tiles
        self.cap_bytes, self.most_nodes, self.most_triangles = cap_bytes, most_nodes, triangles
        self.waiting = 1
        """What this view still waits for."""
        self.work_ms: deque[float] = deque(maxlen=20_000)
        """Main-thread time of tiles by frame."""
        self.peak_bytes = 0
        """Most that was ever held, decoded tiles on their way included."""
        self.version = 0
        """Grows whenever the set of drawn tiles changes (shadows and ground light follow it)."""
        self.limit_px = LIMIT_PX
        """Error limit in force."""
        self._held = Held(tiles, cap_bytes=cap_bytes)
        self._pressure = Pressure()
        self._course = Course()
        self._source = tiles.source or Source("")
        self._loader = Loader(
            self._source, slots, growth=self._held.growth, north=north, modules=modules, prepare=prepare,
            id_property=id_property, bind=bind,
        )
        self._tick = 0
        self._now_s = self._begin_s = 0.0
        self._drawn = np.zeros(0, np.int64)
        self._last: tuple[Any, ...] = ()
        self._eyes: tuple[Eye, ...] = ()
        self._chosen: Selection | None = None
        self._ahead: Selection | None = None
        self._awaited = np.zeros(0, np.int64)
        self._jobs: dict[int, Job] = {}
        """By node, as they were asked for in the last frame."""

    @property
    def errors(self) -> list[dict[str, str]]:
        """{uri, reason} of all that failed."""
        return self._held.failures.listed()

    @property
    def coarser(self) -> float:
        """What the error limit is multiplied by to keep to the caps."""
        return self._pressure.coarser

    @property
    def bytes(self) -> int:
        """Memory of the tiles held."""
        return self._held.bytes

    @property
    def loaded(self) -> int:
        """Tiles held."""
        return self._held.tiles_held

    @property
    def visible(self) -> int:
        """Tiles drawn."""
        return len(self._drawn)

    @property
    def features(self) -> int:
        """Features in the tiles drawn."""
        return int(self._held.state.features[self._drawn].sum())

    @property
    def drawn(self) -> np.ndarray:
        """Rows of the tiles drawn."""
        return self._drawn

    @property
    def ready(self) -> np.ndarray:
        """[node] tiles held."""
        return self._held.state.ready

    @property
    def nothing(self) -> np.ndarray:
        """[node] where there is nothing to draw: no content, or it failed."""
        state = self._held.state
        return np.asarray(~state.content | state.failed)

    @property
    def settled(self) -> bool:
        """Nothing that the last view shows will change: all of it is here or has failed, branches too.

        Not awaited: that what failed is tried again, that what is here expires, and what is fetched ahead.
        """
        return self.waiting == 0

    def stats(self) -> dict[str, Any]:
        """Figures of the last frame, for --stats and the panel."""
        state, queued, since = self._held.state, np.zeros(len(Group), int), np.zeros(0)
        if self._chosen is not None:
            queued += np.bincount(self._chosen.group, minlength=len(Group))
            queued[Group.PRELOAD] += int((~state.ready[self._chosen.beside]).sum())
            since = state.since_s[self._chosen.load]
        if self._ahead is not None:
            queued[Group.PRELOAD] += len(self._ahead.load)
        oldest_s = float(self._now_s - since[since > 0].min()) if (since > 0).any() else 0.0
        return {
            "loaded": self.loaded, "visible": self.visible, "failed": len(self._held.failures), "bytes": self.bytes,
            "cap_bytes": self.cap_bytes, "peak_bytes": self.peak_bytes, "nodes": self._held.nodes,
            "triangles": int(state.triangles[self._drawn].sum()), "features": self.features,
            "queued": {group.name.lower(): int(queued[group]) for group in Group}, "oldest_s": oldest_s,
            "flying": len(self._loader.flying), "error_px": self.limit_px,
            "work_ms": self.work_ms[-1] if self.work_ms else 0.0, "budget_ms": ATTACH_BUDGET_S * 1e3,
        }  # fmt: skip

    def update(
        self, eyes: Sequence[Eye], stage: Stage, *, limit_px: float = LIMIT_PX, ahead: Eye | None = None,
        now_s: float | None = None,
    ) -> None:  # fmt: skip
        """Collect what arrived (within the budget), select, ask for what is missing, show what stands.

        `ahead` is where the eye is known to arrive (the end of a glide); else its way goes on as it went. `now_s` is
        the monotonic clock's time.
        """
        self._begin_s = time.perf_counter()
        self._now_s = time.monotonic() if now_s is None else now_s
        self._tick += 1
        with self._loader.hush():
            self._update(eyes, stage, limit_px, ahead)
        self.work_ms.append((time.perf_counter() - self._begin_s) * 1e3)

    def _update(self, eyes: Sequence[Eye], stage: Stage, limit_px: float, ahead: Eye | None) -> None:
        self._collect(stage)
        chosen = self._select(eyes, limit_px)
        self._look_ahead(eyes, ahead, chosen)
        used = self._held.state.used  # never earlier than before: what leaves, leaves before what it stands on
        used[chosen.beside] = np.maximum(used[chosen.beside], self._tick - 1)
        used[chosen.keep] = self._tick
        if self._held.replaced or not np.array_equal(chosen.draw, self._drawn):
            self._drawn = chosen.draw
            self._held.replaced.clear()
            self.version += 1
            stage.show(chosen.draw)
        self._ask(chosen, eyes, stage)
        if self._held.nodes > _PRUNED * self.most_nodes:
            self._held.prune(chosen.keep, self._tick, int(_PRUNED * self.most_nodes), stage, self._has_time)

    def retry(self) -> None:
        """Try all that failed once more, at once."""
        self._held.revive()
        self.waiting = max(self.waiting, 1)

    def close(self) -> None:
        """End the threads."""
        self._loader.close()

    def _has_time(self) -> bool:
        return time.perf_counter() - self._begin_s < ATTACH_BUDGET_S

    def _collect(self, stage: Stage) -> None:
        """Take in what arrived: at least one, no more than the frame has time for."""
        held = self._held
        self.peak_bytes = max(self.peak_bytes, held.bytes + self._loader.decoded_bytes)
        longest = 0.0
        while True:
            start = time.perf_counter()
            if longest and start - self._begin_s + longest > ATTACH_BUDGET_S:
                break
            if not held.step(stage, now_s=self._now_s):
                arrival = self._loader.take()
                if arrival is None:
                    break
                held.place(arrival, stage, now_s=self._now_s)
            longest = max(longest, time.perf_counter() - start)
        held.state.fit()
        self.peak_bytes = max(self.peak_bytes, held.bytes)
        self._loader.allowance_bytes = self.cap_bytes - held.bytes

    def _select(self, eyes: Sequence[Eye], limit_px: float) -> Selection:
        """This frame's selection; the last one where nothing has changed."""
        state = self._held.state
        while True:
            self.limit_px = limit_px * self._pressure.coarser
            mark = (self.tiles.version, self._held.changes, self.limit_px)
            same = len(eyes) == len(self._eyes) and all(a.same(b) for a, b in zip(eyes, self._eyes, strict=True))
            if same and mark == self._last and self._chosen is not None:
                return self._chosen
            chosen = select(self.tiles, eyes, state.known(), kin=self._held.kin, limit_px=self.limit_px)
            self._last, self._eyes, self._chosen = mark, tuple(eyes), chosen
            over = int(state.triangles[chosen.draw].sum()) / self.most_triangles if self.most_triangles else 0.0
            if over <= 1.0 or self._pressure.hopeless:
                return chosen
            # Tiles on a screen, and so triangles, go with the inverse square of the error.
            self._pressure.press(eyes, max(COARSER, float(np.sqrt(over))))

    def _look_ahead(self, eyes: Sequence[Eye], ahead: Eye | None, chosen: Selection) -> None:
        """Where the eye is going, while there are hands free."""
        course = self._course.follow(eyes, self._now_s)
        coming = ahead or course
        if coming is None or len(chosen.load) >= FLIGHT // 2:
            self._ahead = None
        elif self._tick % _AHEAD_EVERY == 0:
            state = self._held.state
            self._ahead = select(self.tiles, [coming], state.known(), kin=self._held.kin, limit_px=self.limit_px)
            state.used[self._ahead.keep] = self._tick
        elif self._ahead is not None and len(self._ahead.keep) != len(self.tiles):
            self._ahead = None

    def _ask(self, chosen: Selection, eyes: Sequence[Eye], stage: Stage) -> None:
        """Ask for what fits under the caps; make the picture coarser where something does not."""
        flying = self._loader.flying
        away = {node for node, _ in flying} | {arrival.job.node for arrival, _ in self._held.growing}
        self._await(chosen)
        due = [int(n) for n in self._held.due(self._now_s) if chosen.keep[n]]
        first = zip(chosen.load[: MOST_ASKED + len(away)].tolist(), chosen.group.tolist(), strict=False)
        missing = [self._job(n, Group(g)) for n, g in first if n not in away][:MOST_ASKED]
        wanted, refused = self._fitting(missing, flying, chosen, stage)
        beside, lacking = chosen.beside[~self._held.state.ready[chosen.beside]], False
        coming = [n for n in beside.tolist() if n in away]
        if not refused and len(wanted) < MOST_ASKED:
            if len(beside) > len(coming):
                out = [self._job(n, Group.PRELOAD) for n in beside.tolist() if n not in away]
                flying |= {job.key: job for job in wanted}
                out, lacking = self._fitting(out, flying, chosen, stage, rested=_AHEAD_EVERY)
                wanted += out
                coming += [job.node for job in out]
            extra = self._extra(due, away | {job.node for job in wanted})
            flying |= {job.key: job for job in wanted}
            wanted += self._fitting(extra, flying, chosen, stage, rested=_RESTED)[0]
        self._jobs = {job.node: job for job in wanted}
        self._loader.ask(wanted, still=self._still(chosen, flying, due))
        least = _FOR_BESIDE * COARSER if lacking else 1.0
        changed = False
        if not away and (refused or (lacking and self._pressure.coarser < _FOR_BESIDE)):
            self._pressure.press(eyes)
            changed = True
        elif not refused and self._pressure.coarser > least and self._roomy(chosen):
            changed = self._pressure.ease(eyes)
        hopeless = refused and not away and self._pressure.hopeless
        self.waiting = 0 if hopeless else len(chosen.load) + len(coming) + changed

    def _await(self, chosen: Selection) -> None:
        """Remember since when tiles are waited for."""
        since_s = self._held.state.since_s
        waited = since_s[chosen.load]
        self._awaited = self._awaited[self._awaited < len(since_s)]
        since_s[self._awaited] = 0.0
        since_s[chosen.load] = np.where(waited > 0, waited, self._now_s)
        self._awaited = chosen.load

    def _job(self, node: int, group: Group) -> Job:
        """What is to be fetched of a node now."""
        tiles, birth, known = self.tiles, int(self._held.state.birth[node]), self._jobs.get(node)
        if known and (known.birth, known.group, known.branch) == (birth, group, bool(tiles.stub[node])):
            return known
        seeds = tuple(tiles.seed(node, k) for k in range(len(tiles.contents[node])))
        return Job(node, birth, seeds, bool(tiles.stub[node]), group, tiles.up_axis(node))

    def _extra(self, due: list[int], away: set[int]) -> list[Job]:
        """What nobody waits for: tiles that expired or failed, and what the eye will see."""
        again = [n for n in due if n not in away][: max(RETRIES - sum(n in away for n in due), 0)]
        ahead = self._ahead.load[: MOST_ASKED + len(away)].tolist() if self._ahead is not None else []
        rows = again + [n for n in ahead if n not in away and n not in again]
        return [self._job(n, Group.PRELOAD) for n in rows[:MOST_ASKED]]

    def _still(self, chosen: Selection, flying: Mapping[tuple[int, int], Job], due: list[int]) -> list[tuple[int, int]]:
        """Keys of what flies and is wanted all the same."""
        mask = np.zeros(len(self.tiles), bool)
        mask[chosen.load] = mask[chosen.beside] = mask[due] = True
        if self._ahead is not None:
            mask[self._ahead.load] = True
        return [key for key in flying if key[0] < len(mask) and mask[key[0]]]

    def _fitting(
        self, jobs: Sequence[Job], flying: Mapping[tuple[int, int], Job], chosen: Selection, stage: Stage, *,
        rested: int = 0,
    ) -> tuple[list[Job], bool]:  # fmt: skip
        """As many of the jobs as fit under the caps beside what flies, with room made for them; whether any does not.

        Tiles used in the last `rested` frames make no room, nor does what is out of view before all is much coarser.
        """
        held, wanted = self._held, list[Job]()
        taken = held.bytes + sum(self._sizes([*flying.values()]))
        sizes = self._sizes(jobs)
        possible, spare = self.cap_bytes - taken, np.zeros(0, np.int64)
        if sum(sizes) > possible:
            firm = self._pressure.coarser < _BESIDE
            spare = held.spare(_with_beside(chosen) if firm else chosen.keep, self._tick - rested)
            possible += int(held.state.bytes[spare].sum())
        strange = not held.growth.largest_bytes  # nobody knows how large tiles are here: the first comes alone
        alone = strange and any(not job.branch for job in flying.values())
        refused = False
        for job, size in zip(jobs, sizes, strict=True):
            if size > possible or (job.branch and held.nodes >= self.most_nodes):
                refused = True
                break
            if alone and not job.branch:
                continue
            alone = strange and (alone or not job.branch)
            possible -= size
            taken += size
            wanted.append(job)
        excess = taken - self.cap_bytes
        for node in spare:
            if excess <= 0:
                break
            excess -= int(held.state.bytes[node])
            held.leave(int(node), stage)
        return wanted, refused

    def _sizes(self, jobs: Sequence[Job]) -> list[int]:
        """Memory that tiles will take: known, else by their files and what files have grown by, else the largest."""
        state, growth, rows = self._held.state, self._held.growth, [job.node for job in jobs]
        usual, sizes = growth.likely(0), list[int]()
        for job, size, file in zip(jobs, state.size[rows].tolist(), state.file[rows].tolist(), strict=True):
            if job.branch or size > 0:
                sizes.append(0 if job.branch else size)
                continue
            if file < 0:
                file = state.file[job.node] = sum(self._source.file_bytes(seed.address) for seed in job.seeds)
            sizes.append(growth.likely(file) if file else usual)
        return sizes

    def _roomy(self, chosen: Selection) -> bool:
        """Whether what the view rests on leaves room for more detail."""
        state, cap = self._held.state, self.most_triangles
        return (
            int(state.bytes[_with_beside(chosen)].sum()) < _EASY * self.cap_bytes and self._held.nodes < self.most_nodes
            and (not cap or int(state.triangles[chosen.draw].sum()) < _EASY * cap)
        )  # fmt: skip


def _with_beside(chosen: Selection) -> np.ndarray:
    """[node] what the view rests on, and what a turn of the head would."""
    held = chosen.keep.copy()
    held[chosen.beside] = True
    return held
