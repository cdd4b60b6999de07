"""A small screen for tiles made by others: what is put on it is drawn by the real GL, pixels say what came out."""

import numpy as np

from app.camera import looking_at
from app.gpu.arrays import image
from app.gpu.town import Town
from app.gpu.view import View
from app.gpu.window import Window
from app.light import NOON, light
from app.paint import legend
from app.tiles.mesh import Look, Mesh

SIZE = (96, 96)
RED, GREEN, BLUE, WHITE = (255, 0, 0, 255), (0, 255, 0, 255), (0, 0, 255, 255), (255, 255, 255, 255)
UNLIT = Look(unlit=True)
EYE = looking_at(np.array([0.0, 0.0, 0.0]), distance_m=40.0, heading_rad=0.0, pitch_rad=0.0)
"""Looks north at the middle of the plane y = 0, of which it sees 35 m."""


class Screen:
    """A town on a small screen, looked at along the horizon."""

    def __init__(self) -> None:
        self.window = Window(SIZE, offscreen=True, finish=True)
        self.view = View(self.window)
        self.begin()

    def begin(self) -> None:
        """An empty town."""
        self.view.clear()
        self.town = Town(self.view.town)
        self.town.legend(legend("surplus_w_m2", {}))
        self.town.install(None)
        flat = np.zeros((1, 1, 3), np.uint16)
        self.view.scene.set_shader_input("relief", image("relief", flat))
        self.view.scene.set_shader_input("relief_box", (0.0, 0.0, 1.0, -1e4))
        self.nodes = 0

    def put(self, *meshes: Mesh, world: np.ndarray | None = None) -> None:
        """One more tile."""
        made = tuple(self.town.prepare(m) for m in meshes)
        self.town.attach(self.nodes, made, np.eye(4) if world is None else world)
        self.nodes += 1
        self.town.show(np.arange(self.nodes))

    def draw(self) -> np.ndarray:
        """[height, width, 3] floats 0..1."""
        self.view.resize()
        now = light(NOON)
        self.view.shine(now)
        self.view.cast(now, np.zeros(3), 40.0, (self.nodes, self.town.shadows))
        self.view.look(EYE, -20.0)
        self.window.render()
        return self.window.pixels().astype(float) / 255


def quad(look: Look, *, x=(-10.0, 10.0), z=(-10.0, 10.0), y=0.0, slot=0, facing=-1.0, **more) -> Mesh:
    """A rectangle in the plane y that faces south (-1) or north (1); its texture's first row lies on top."""
    place = np.array([(x[0], y, z[0]), (x[1], y, z[0]), (x[1], y, z[1]), (x[0], y, z[1])], np.float32)
    index = np.array([0, 1, 2, 0, 2, 3] if facing < 0 else [2, 1, 0, 3, 2, 0], np.uint32)
    info = np.tile(np.array([[slot, 0, 0.5, 0]], np.float32), (4, 1))
    uv = np.array([(0, 1), (1, 1), (1, 0), (0, 0)], np.float32) if look.texture is not None else np.zeros((0, 2))
    fields = {
        "position": place, "normal": np.tile(np.array([[0.0, facing, 0.0]], np.float32), (4, 1)), "info": info,
        "face": np.zeros((0, 4), np.float32), "walls": index, "roofs": np.zeros(0, np.uint32), "matrix": np.eye(4),
        "features": 1, "look": look, "uv": uv.astype(np.float32),
    }  # fmt: skip
    return Mesh(**(fields | more))


def at(picture: np.ndarray, x_m: float, z_m: float) -> np.ndarray:
    """Colour of the plane y = 0 at (x, z)."""
    per_m = SIZE[0] / (2 * 40.0 * np.tan(np.radians(24.0)))
    return picture[int(SIZE[1] / 2 - z_m * per_m), int(SIZE[0] / 2 + x_m * per_m)]


def hue(rgb: np.ndarray) -> str:
    """The channel that stands out."""
    return "rgb"[int(np.argmax(rgb))] if np.ptp(rgb) > 0.15 else "-"


def texture(*rows: tuple[tuple[int, ...], ...], size: int = 8) -> np.ndarray:
    """[.., .., 4] u8, every entry `size` texels square."""
    return np.repeat(np.repeat(np.array(rows, np.uint8), size, axis=0), size, axis=1)
