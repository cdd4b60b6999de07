"""The toy town on land of its own: fields, streets, pavements, gardens, a canal, trees, and a stand to draw it on."""

from __future__ import annotations

import numpy as np
from toytown import Shell, houses

from app.camera import looking_at
from app.gpu.ground import Ground
from app.gpu.town import Town
from app.gpu.view import View
from app.gpu.window import Window
from app.light import direction, light
from app.paint import legend
from app.relief import Relief
from app.terrain import terrain
from app.tiles.formats.content import decode
from app.tiles.formats.reading import UP
from app.tiles.mesh import LAND, Mesh, Trees

GRASS, GARDEN, ROAD, PAVEMENT, PLAZA, WATER, FIELD, PARKING, MARKING, PATH = 10, 11, 12, 13, 14, 15, 16, 18, 20, 22
EDGE_M = 420.0


def land(blocks: int = 4, *, trees: int = 260, seed: int = 5) -> Mesh:
    """One tile of ground around `houses(blocks)`: a partition of rectangles at z = 0, the water 1 m lower."""
    half = (blocks - 1) / 2
    cut_x, cut_y = {-EDGE_M, EDGE_M}, {-EDGE_M, EDGE_M, -half * 74 - 76, -half * 74 - 58}
    for b in range(blocks):
        cut_x |= {(b - half) * 96 + d for d in (-44, -41.5, -24, 24, 41.5, 44)}
        cut_y |= {(b - half) * 74 + d for d in (-33, -30.5, -16, 16, 30.5, 33)}
    cut_x |= set(np.arange(-EDGE_M, EDGE_M, 60.0))
    x, y = np.array(sorted(cut_x)), np.array(sorted(cut_y))
    cells = []
    for i in range(len(x) - 1):
        for j in range(len(y) - 1):
            material = _material((x[i] + x[i + 1]) / 2, (y[j] + y[j + 1]) / 2, blocks)
            z = -1.0 if material == WATER else 0.0
            cells.append((x[i], y[j], x[i + 1], y[j + 1], z, material))
    cells += [(k * 9.0, -0.15, k * 9.0 + 4.0, 0.15, 0.0, MARKING) for k in range(-20, 20)]  # along the middle street
    return _mesh(np.array(cells), _trees(blocks, trees, seed))


def _material(x: float, y: float, blocks: int) -> int:
    half = (blocks - 1) / 2
    if -half * 74 - 76 < y < -half * 74 - 58:
        return WATER
    if abs(x) > half * 96 + 50 or abs(y) > half * 74 + 40:
        return FIELD if max(abs(x), abs(y)) > 260 else GRASS
    u, v = (x + half * 96 + 48) % 96 - 48, (y + half * 74 + 37) % 74 - 37
    if abs(u) > 44 or abs(v) > 33:
        return ROAD
    if abs(u) > 41.5 or abs(v) > 30.5:
        return PAVEMENT
    return PLAZA if (abs(x - 48) < 40 and abs(y - 37) < 30) else GARDEN


def _trees(blocks: int, count: int, seed: int) -> Trees:
    rng = np.random.default_rng(seed)
    half = (blocks - 1) / 2
    x = rng.uniform(-EDGE_M, EDGE_M, count * 3)
    y = rng.uniform(-EDGE_M, EDGE_M, count * 3)
    u, v = (x + half * 96 + 48) % 96 - 48, (y + half * 74 + 37) % 74 - 37
    town = (abs(x) < half * 96 + 48) & (abs(y) < half * 74 + 37)
    free = np.where(town, (abs(u) < 22) & (abs(v) < 13), True) & ~((y < -half * 74 - 57) & (y > -half * 74 - 77))
    x, y = x[free][:count], y[free][:count]
    height = rng.uniform(6, 11, len(x))
    foot = np.c_[x, np.zeros(len(x)), -y].astype(np.float32)
    crown = height * rng.uniform(0.32, 0.42, len(x))
    return Trees(foot, height.astype(np.float32), crown.astype(np.float32), rng.random(len(x)).astype(np.float32))


def _mesh(cells: np.ndarray, trees: Trees) -> Mesh:
    """Rectangles (x0, y0, x1, y1, z, material) as land, in the y-up frame of a tile."""
    x0, y0, x1, y1, z, material = cells.T
    corner = np.stack([np.c_[x0, z, -y0], np.c_[x1, z, -y0], np.c_[x1, z, -y1], np.c_[x0, z, -y1]], 1)
    n = 4 * len(cells)
    info = np.zeros((n, 4), np.float32)
    info[:, 1] = np.repeat(material, 4)
    start = 4 * np.arange(len(cells))[:, None] + np.array([0, 1, 2, 0, 2, 3])
    groups = {name: start[np.isin(material, ids)].ravel().astype(np.uint32) for name, ids in LAND.items()}
    return Mesh(
        position=corner.reshape(-1, 3).astype(np.float32), normal=np.tile(np.float32([0, 1, 0]), (n, 1)), info=info,
        face=np.full((n, 4), (0, 0, 0, -1), np.float32), walls=np.zeros(0, np.uint32), roofs=np.zeros(0, np.uint32),
        matrix=UP["Y"], features=0, land=groups, trees=trees,
    )  # fmt: skip


def buildings(rows, *, coarse: bool = False) -> tuple[Mesh, ...]:
    """Rows of toytown.houses as decoded meshes; slot = row + 1."""
    from dataclasses import replace

    shell = Shell()
    for k, row in enumerate(rows):
        shell.house(*row, k)
    ids = [f"b{k}" for k in range(len(rows))]
    meshes = decode(shell.glb(ids), {name: k + 1 for k, name in enumerate(ids)})
    return tuple(replace(m, coarse=coarse) for m in meshes)


class Stand:
    """A scene without a sim: meshes, light and camera as the test sets them."""

    def __init__(self, size, meshes, rows, *, extent=(-200.0, -150.0, 200.0, 150.0), preset="software") -> None:
        self.window = Window(size, offscreen=True, finish=True)
        self.view = View(self.window, preset=preset)
        feet = np.array([(r[0], r[1], 0.0) for r in rows]).reshape(-1, 3)
        self.ground = terrain(feet, extent, 0.0)
        self.relief = Relief(self.ground)
        self.town = Town(self.view.town, tree_detail=self.view.preset.tree_triangles)
        self.town.relief = self.relief
        self.plain = Ground(self.view.scene, self.ground, self.relief)
        self.town.attach(0, tuple(meshes), np.eye(4))
        self.town.show(np.array([0]))
        self.town.legend(legend("surplus_w_m2", {"surplus_w_m2": 70.0}))
        self.town.paint(np.zeros(len(rows), np.float32) if rows else None)
        self.radius = float(np.hypot(extent[2] - extent[0], extent[3] - extent[1])) / 2 + 60

    def draw(self, camera, *, azimuth: float, elevation: float) -> np.ndarray:
        """[height, width, 3] picture (0..1) with the sun there [deg]."""
        while self.relief.pending:
            self.plain.refresh()
        now = light(direction(np.radians(azimuth), np.radians(elevation)))
        self.view.resize()
        self.view.shine(now)
        self.view.cast(now, np.array([0.0, 0.0, 10.0]), self.radius, self.town.shadows)
        self.view.look(camera, 0.0)
        for _ in range(2):
            self.window.render()
        return self.window.pixels().astype(float) / 255

    def close(self) -> None:
        """Give everything back; with the first one go the windows of all (one engine)."""
        self.relief.close()
        self.window.close()


def toy_stand(size, *, preset="software", blocks: int = 4, coarse: bool = False) -> Stand:
    """The toy town on its land."""
    rows = houses(blocks)
    return Stand(size, (land(blocks), *buildings(rows, coarse=coarse)), rows, preset=preset)


HOME = looking_at(np.array([0.0, 0.0, 5.0]), distance_m=330.0, heading_rad=np.radians(302), pitch_rad=np.radians(15))
STREET = looking_at(np.array([0.0, 0.0, 1.7]), distance_m=120.0, heading_rad=np.radians(265), pitch_rad=np.radians(0.2))
