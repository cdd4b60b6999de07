"""A bare scene for measuring tiles: nothing but a generated town, drawn by the real view, streamed by the real stream.

Bare as the peers were measured: no sky, no ground, no shadow pass, no panels, no simulation, so no modules on roofs
either. Frames are finished (gl-finish): without it software GL reports times of work it has not done.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

SIZE = (1280, 720)
"""Of the picture for which tiles are chosen, whatever is drawn."""
NOBODY = 1e-6
"""Error in pixels that nothing coarser than a leaf keeps to: everything in view is wanted."""
LONGEST_S = 120.0
"""No town takes longer to come; what has not come then never will."""

Float = NDArray[np.float64]


class Stage:
    """A window, a view, and a town of so many houses in it while one streams."""

    def __init__(self, window: Any, buildings: int) -> None:
        from app.gpu.arrays import image
        from app.gpu.town import Town
        from app.gpu.view import View, vec
        from app.light import NOON, light
        from app.paint import legend
        from tools.random_town import ids

        self.window, self.view = window, View(window, preset="software")
        self.town = Town(self.view.town)
        self.largest_bytes = 0
        """Of the tiles that were ever attached."""
        self.slots = {name: k + 1 for k, name in enumerate(ids(buildings))}
        self.town.paint(np.random.default_rng(1).uniform(-1, 1, buildings).astype(np.float32))
        self.town.legend(legend("surplus_w_m2", {}))
        self.light = light(NOON)
        self.view.shine(self.light)
        # Without a ground nothing is blurred around the houses: open sky.
        self.view.scene.set_shader_input("relief", image("open", np.zeros((1, 1, 3))))
        self.view.scene.set_shader_input("relief_box", vec((-1e4, -1e4, 2e4, 0.0)))
        self.view.scene.find("sky").stash()

    @contextmanager
    def streaming(self, root: str, *, cap_bytes: int = 512 * 2**20) -> Iterator[Any]:
        """The stream of the tileset at `root` into this scene; the scene is empty again afterwards."""
        from app.tiles.cache import Stream
        from app.tiles.tree import tileset

        table, _ = tileset.load(root)
        stream = Stream(table, self.slots, prepare=self.town.prepare, cap_bytes=cap_bytes, modules=False)
        try:
            yield stream
        finally:
            stream.close()
            for node in np.flatnonzero(stream.ready):
                self.detach(int(node))

    def update(self, stream: Any, camera: Any, **how: float) -> None:
        """The main thread's tile work of a frame."""
        from app.camera import eye_of

        stream.update([eye_of(camera, size=SIZE)], self, **how)

    def attach(self, node: int, meshes: tuple[Any, ...], matrix: Float) -> None:
        """As the town does, which remembers how large the largest tile is."""
        from app.tiles.mesh import bytes_of
        from app.tiles.schedule import COPIES

        self.largest_bytes = max(self.largest_bytes, COPIES * bytes_of(meshes))
        self.town.attach(node, meshes, matrix)

    def detach(self, node: int) -> None:
        """As the town does."""
        self.town.detach(node)

    def show(self, nodes: NDArray[np.int64]) -> None:
        """As the town does."""
        self.town.show(nodes)

    def draw(self, stream: Any, camera: Any, **how: float) -> float:
        """One frame from there with all that tiles need; its time in ms."""
        begin = time.perf_counter()
        self.update(stream, camera, **how)
        self.render(camera)
        return (time.perf_counter() - begin) * 1e3

    def render(self, camera: Any) -> float:
        """A frame of what stands; its time in ms."""
        begin = time.perf_counter()
        self.view.look(camera, 0.0)
        self.view.cast(self.light, np.zeros(3), 1500.0, 0)
        self.window.render()
        return (time.perf_counter() - begin) * 1e3

    def fetch_all(self, stream: Any, camera: Any) -> float:
        """Load every tile in view, leaves and all above them, without drawing; how long it took [s].

        Raises:
            Refused: a tile failed, or they never came.
        """
        from network.problems import Refused

        begin = time.perf_counter()
        while True:
            self.update(stream, camera, limit_px=NOBODY)
            passed_s = time.perf_counter() - begin
            if stream.settled:
                break
            if passed_s > LONGEST_S:
                raise Refused(f"the generated town did not come within {LONGEST_S:.0f} s")
            time.sleep(0.001)
        if stream.errors:
            raise Refused(f"a generated tile failed: {stream.errors[0]['reason']}")
        return passed_s


def whole(stream: Any) -> Any:
    """A camera that has the whole town in view."""
    from app.camera import looking_at

    return looking_at(np.zeros(3), distance_m=2.6 * half_m(stream), heading_rad=0.5, pitch_rad=0.55)


def half_m(stream: Any) -> float:
    """Half the side of the town."""
    return float(stream.tiles.half_m[0, 0])


@contextmanager
def stage(buildings: int, *, size: tuple[int, int] = SIZE) -> Iterator[Stage]:
    """A stage in an offscreen window of so many pixels."""
    from app.gpu.window import Window

    before = sys.getswitchinterval()
    sys.setswitchinterval(0.0005)  # as the viewer does: decode threads must not hold up the drawing thread
    window = Window(size, offscreen=True, finish=True)
    try:
        yield Stage(window, buildings)
    finally:
        window.close()
        sys.setswitchinterval(before)
