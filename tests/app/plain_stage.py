"""A stage without a GPU for the tiles that a stream hands over."""

import numpy as np


class Table:
    """A stage that only remembers."""

    def __init__(self) -> None:
        self.tiles: dict[int, tuple] = {}
        self.shown: set[int] = set()
        self.attached = 0
        """How often a tile came."""

    def attach(self, node: int, meshes: tuple, matrix: np.ndarray) -> None:
        self.tiles[node] = (meshes, matrix)
        self.attached += 1

    def detach(self, node: int) -> None:
        del self.tiles[node]
        self.shown.discard(node)

    def show(self, nodes: np.ndarray) -> None:
        self.shown = {int(n) for n in nodes}
        assert self.shown <= set(self.tiles)
