"""What stands in the picture: town, ground and lines, built when sim has named them, fed every frame after that."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app import plant, pulse
from app.camera import Camera, eye_of
from app.gpu.drawn import Heights, heights
from app.gpu.floor import Floor
from app.gpu.glow import Glow
from app.gpu.ground import Ground
from app.gpu.lines import Lines
from app.gpu.plant import Plant
from app.gpu.town import Town
from app.gpu.view import View
from app.intake import OWN, Intake
from app.light import Light
from app.paint import LOADING, Legend
from app.relief import Relief
from app.terrain import MARGIN_M, terrain
from app.tiles.cache import CAP_BYTES, Stage, Stream
from app.tiles.mesh import Mesh
from app.tiles.styling.binding import Naming
from app.tiles.styling.wardrobe import Dressing, Wardrobe
from network.problems import Refused
from network.schema import FluxBlock, Hello, Roster

Float = NDArray[np.float64]
_CLEAR = 20.0
"""Haze takes half at so many radii of a tileset that is seen alone: it stands a few radii away."""

_FARTHEST_M, _LONE_M = 1500.0, 5000.0
"""Largest radius of what throws shadows, in a district and of a tileset that is seen alone (whole, from afar)."""


class Scenery:
    """Owner of everything drawn in the scene of one view."""

    def __init__(
        self, view: View, hello: Hello, roster: Roster | None, *, own_tiles: tuple[Any, Any] | None = None,
        cap_bytes: int = CAP_BYTES, low_m: Float | None = None, high_m: Float | None = None, scale: float = 1.0,
        intake: Intake = OWN,
    ) -> None:  # fmt: skip
        """Build from what sim said.

        Where there is no sim: `own_tiles` (tileset, matrix), the box [3] around it, and `scale` world metres to one
        metre of the tileset's.
        """
        self._view, self.hello, self.roster, self._cap_bytes = view, hello, roster, cap_bytes
        self._intake = intake
        self.errors: list[dict[str, str]] = []
        self.warnings: list[str] = []
        """What is to be said of the tileset, though it is drawn."""
        feet = np.asarray(roster.building_xyz_m, np.float64) if roster is not None else np.zeros((0, 3))
        self.ground = terrain(feet, hello.extent_m, hello.ground_m)
        self.town = Town(view.town, tree_detail=view.preset.tree_triangles)
        self._floor = Floor(view.scene, low_m, high_m) if low_m is not None and high_m is not None else None
        self._box = (low_m, high_m)
        self._scale = scale
        self._near: tuple[Float, float] | None = None
        """Middle [3] and radius of a part that is seen from within."""
        self._eye_m = np.full(3, np.inf)
        self.relief: Relief | None = None
        self._ground: Ground | None = None
        if self._floor is None:
            self.town.relief = self.relief = Relief(self.ground)
            self._ground = Ground(view.scene, self.ground, self.relief)
        self._warmed = 0
        """Frames until the programs of foreign tiles are warm."""
        self._strange = False
        if own_tiles is not None:
            self._warm()
        ribbons = pulse.ribbons(roster) if roster is not None else None
        self._lines = Lines(view.scene, ribbons) if ribbons is not None else None
        self._glow = Glow(view.town, roster, self.ground) if roster is not None else None
        self._plant = Plant(view.town, plant.stand(roster)) if roster is not None else None
        self.wardrobe: Wardrobe | None = None
        """Rows and style of the features of tiles made by others."""
        self._naming: Naming | None = None
        self._dressed, self._styled = 0, False
        self._stage: Stage = self.town
        self.stream = self._open(own_tiles)
        self._legend: Legend | None = None
        self._installed: FluxBlock | None = None
        self._travelled_m = np.zeros(0)

    def fits(self, hello: Hello, roster: Roster | None) -> bool:
        """Whether what stands still belongs to this district (a restarted sim sends equal names again)."""
        mine, theirs = self.roster, roster
        same = mine is theirs or (mine is not None and theirs is not None and mine.building_ids == theirs.building_ids)
        return same and hello.tiles == self.hello.tiles and hello.extent_m == self.hello.extent_m

    @property
    def settled(self) -> bool:
        """Whether every wanted tile is here or has failed, and the ground knows its shade."""
        shaded = self.relief is None or not self.relief.pending
        return (self.stream is None or self.stream.settled) and shaded and not self.town.foreign.pending

    @property
    def place(self) -> plant.Stand | None:
        """Where plant and transformers stand."""
        return self._plant.place if self._plant is not None else None

    @property
    def failed(self) -> list[dict[str, str]]:
        """What of the tileset could not be read, and first what of the style could not be used: {uri, reason}."""
        return self.misfit + self.errors + (self.stream.errors if self.stream else [])

    @property
    def misfit(self) -> list[dict[str, str]]:
        """Why the style does not fit the tiles at hand, {uri, reason}, if it does not."""
        worn = self.wardrobe.complaint if self.wardrobe is not None else ""
        return [{"uri": self._intake.wish.style, "reason": worn}] if worn else []

    @property
    def unnamed(self) -> str:
        """That nothing has the property that is to name the buildings, once all is here; empty: something has."""
        return self._naming.complaint if self._naming is not None and self.stream and self.stream.settled else ""

    def retry(self) -> None:
        """Read once more what could not be read."""
        if self.stream is not None:
            self.stream.retry()

    def told(self, slot: int) -> tuple[tuple[str, str], ...] | None:
        """What a tile made by others says of the feature with this slot: name and words; None: no such feature."""
        return self.wardrobe.words(slot) if self.wardrobe is not None else None

    @property
    def shading(self) -> bool:
        """Whether all tiles are here, and only the ground waits for its shade."""
        pending = self.relief is not None and self.relief.pending
        return self.stream is not None and self.stream.settled and pending

    @property
    def stands(self) -> bool:
        """Whether any building of a tile is drawn, as coarse as may be."""
        return self.stream is not None and self.stream.features > 0

    @property
    def painted(self) -> bool:
        """Whether the buildings have had colours."""
        return self._legend is not None

    def tiles(self, camera: Camera, size: tuple[int, int], *, arrival: Camera | None = None) -> None:
        """Stream what the camera wants, within this frame's budget; `arrival` is where a glide will end."""
        self._eye_m = camera.eye_m
        if self.stream is None:
            return
        self.town.foreign.refine()
        if self.town.foreign.met and not self._strange:
            self._warm()
        # Errors are given in the tileset's own metres.
        coming = None if arrival is None else eye_of(arrival, size=size)
        limit_px = self._view.error_px / self._scale
        self.stream.update([eye_of(camera, size=size)], self._stage, limit_px=limit_px, ahead=coming)
        if self.wardrobe is not None and self.wardrobe.version != self._dressed:
            self._dressed = self.wardrobe.version
            rgba = self.wardrobe.rgba
            if rgba is not None or self._styled:
                self.town.dress(rgba, self.wardrobe.dots)
            self._styled = rgba is not None
        if self._ground is not None:
            self._ground.refresh()

    def _warm(self) -> None:
        """Compile what foreign tiles are drawn by before the first of them is shown."""
        self._strange, self._warmed = True, 2
        self.town.foreign.warm()

    def reach(self, hello: Hello, low_m: Float, high_m: Float, *, gap_m: float | None = None) -> None:
        """A tileset alone turned out to stand in this box; its floor is to lie so far below, None: as from afar."""
        self.hello, self._box = hello, (low_m, high_m)
        self.ground = terrain(np.zeros((0, 3)), hello.extent_m, hello.ground_m)
        if self._floor is not None:
            self._floor.lay(low_m, high_m, gap_m=gap_m)
        self.town.shadows += 1

    def enter(self, middle_m: Float, radius_m: float) -> None:
        """An eye in this ball sees shadows of what is near, and those sharp."""
        self._near = (middle_m, radius_m)

    def heights(self, middle_m: Float, reach_m: float, cell_m: float) -> Heights:
        """Of what is drawn now, in the square that reaches `reach_m` from `middle_m` [2]."""
        return heights(self.town.node, middle_m, reach_m, cell_m)

    def paint(self, levels: NDArray[np.float32] | None, legend: Legend) -> None:
        """Colour the buildings."""
        self.town.paint(levels)
        if legend != self._legend:
            self._legend = legend
            self.town.legend(legend)
            if self._lines is not None:
                self._lines.loading(legend.quantity == LOADING)

    def install(self, peak: FluxBlock | None) -> None:
        """Show the modules on the roofs: `peak` is the block of installed power, one row for all times."""
        if peak is not self._installed:
            self._installed = peak
            self.town.install(np.asarray(peak.values[0], np.float64) if peak is not None else None)

    def pulse(self, flows: NDArray[np.float32], *, dt_s: float, now_s: float, still: bool) -> None:
        """Let power run along the lines; `still` holds the comets, whose V points all the same."""
        self.town.flow(now_s % 3600.0)
        if self._lines is None:
            return
        self._travelled_m = np.zeros(len(flows)) if still else pulse.travelled(
            self._travelled_m, flows, dt_s=dt_s, now_s=now_s
        )  # fmt: skip
        self._lines.pulse(flows, self._travelled_m)

    def run(self, blocks: Mapping[str, FluxBlock], legend: Legend, time_s: float, *, night: float, dt_s: float) -> None:
        """Let plant and transformers show what they do at `time_s`."""
        mine, roster = self._plant, self.roster
        if mine is None or roster is None:
            return
        stands = np.ones(len(mine.place.kind), bool)
        stands[: mine.place.sites] = plant.built(roster, blocks.get("site_peak_w"))
        mine.build(stands)
        if plant.shows_loading(legend):
            mine.tint(*plant.loading(mine.place, roster, blocks.get(legend.quantity), time_s))
        else:
            level, charge = plant.levels(mine.place, roster, blocks, legend, time_s)
            mine.show(level, charge, legend, night=night, dt_s=dt_s)

    def under(self, on: bool) -> None:
        """Look under the streets: the ground dimmed, trees away, lines as they are."""
        self.town.under(1.0 if on else 0.0)

    def choose(self, hovered: int, selected: int) -> None:
        """Light up the building under the pointer and the chosen one (rows; -1: none)."""
        self.town.choose(hovered, selected)

    def shine(self, light: Light) -> None:
        """Light and shadows of the hour."""
        west, south, east, north = self.hello.extent_m
        centre = np.array([(west + east) / 2, (south + north) / 2, self.hello.ground_m + 10.0])
        radius = float(np.hypot(east - west, north - south)) / 2 + min(MARGIN_M, 60.0)
        low, high = self._box
        if low is not None and high is not None:
            centre, radius = (low + high) / 2, 1.02 * float(np.linalg.norm(high - low)) / 2
            light = replace(light, haze_m=_CLEAR * radius)
        near = self._near is not None and float(np.linalg.norm(self._eye_m - self._near[0])) < self._near[1] < radius
        if self._near is not None and near:
            centre, radius = self._near
        if self._warmed > 0:
            self._warmed -= 1
            if not self._warmed:
                self.town.foreign.cool()
        tiles = self.stream.version if self.stream else 0
        stamp = (tiles, self.town.shadows, self._plant and self._plant.version, near)
        self._view.shine(light)
        if self._glow is not None:
            self._glow.shine(light.night)
        self._view.cast(light, centre, min(radius, _FARTHEST_M if low is None else _LONE_M), stamp)

    def close(self) -> None:
        """Take everything down."""
        if self.stream is not None:
            self.stream.close()
        if self.relief is not None:
            self.relief.close()
        self._view.clear()

    def _open(self, own_tiles: tuple[Any, Any] | None) -> Stream | None:
        if own_tiles is None and not (self.hello.tiles or self._intake.wish.address):
            return None  # a recording whose package is gone: its problems say so
        known = self._intake.binding(self.roster)
        try:
            if own_tiles is None:
                table, self.warnings = self._intake.district(self.hello)
            else:
                table, _ = own_tiles
        except Refused as refused:
            self.errors.append({"uri": self._intake.wish.address or self.hello.tiles, "reason": str(refused)})
            return None
        bind: Callable[..., tuple[Mesh, ...]] | None = None
        self.wardrobe = self._intake.wardrobe(known, foreign=own_tiles is not None)
        if self.wardrobe is not None:
            self.wardrobe.earth_from_world = np.asarray(np.linalg.inv(table.world_from_earth))
            self._stage = Dressing(self.town, self.wardrobe)
            bind = self.wardrobe.bind
            if known.id_property:
                self._naming = Naming(known.id_property, bind)
                bind = self._naming.bind
        return Stream(table, known.slots, north=self.hello.latitude_rad >= 0, cap_bytes=self._cap_bytes,
                      triangles=self._intake.wish.triangles, prepare=self.town.prepare, modules=self.roster is not None,
                      id_property=known.id_property or None, bind=bind)  # fmt: skip
