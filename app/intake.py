"""How tiles are taken in: from where, on which heights, by what names the district's buildings go, in what style.

The package's own tiles name their buildings and stand right. A tileset of others, drawn in their place or alone, is
bound by a property or by place, raised where its heights are above the sea, and dressed by a style.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.options import TilesWish
from app.tiles import heights
from app.tiles.fetch import Source
from app.tiles.geodesy import ecef_from_enu
from app.tiles.styling import style
from app.tiles.styling.binding import Binding, binding
from app.tiles.styling.wardrobe import Wardrobe
from app.tiles.tree import tileset, volumes
from app.tiles.tree.table import Tileset
from network.problems import Refused
from network.schema import Hello, Roster

_PLACED_M = 1e5
"""Volumes larger than this say nothing of where the ground is."""


@dataclass(frozen=True)
class Intake:
    """The command line's wishes about tiles."""

    wish: TilesWish = field(default_factory=TilesWish)

    @cached_property
    def dress(self) -> style.Style | None:
        """The style of the command line.

        Raises:
            Refused: there is no such file, or it is no style.
        """
        if not self.wish.style:
            return None
        try:
            return style.read(Path(self.wish.style).read_bytes(), self.wish.style)
        except OSError as error:
            raise Refused(f"the style {self.wish.style} cannot be read ({error.strerror}); name a JSON file") from error

    def binding(self, roster: Roster | None) -> Binding:
        """The district's buildings as tiles may call them, or where they stand."""
        if roster is None:
            return Binding(id_property=self.wish.id_property)
        return binding(
            roster.building_ids, np.asarray(roster.building_xyz_m, np.float64),
            np.asarray(roster.footprint_m2, np.float64), self.wish.id_property,
        )  # fmt: skip

    def wardrobe(self, known: Binding, *, foreign: bool) -> Wardrobe | None:
        """Rows for features; None for the package's own tiles, which bring theirs, unless more is asked of them."""
        if not (foreign or self.wish.address or self.wish.id_property or self.dress):
            return None
        return Wardrobe(known, self.dress)

    def open(self, address: str, world_from_root: NDArray[np.float64] | None) -> tuple[Tileset, NDArray[np.float64]]:
        """The node table of a tileset that is seen alone, and the matrix world from earth-centred.

        Raises:
            Refused: it cannot be read.
        """
        source = Source(address, allow=self.wish.allow)
        return tileset.load(source.root, world_from_root=world_from_root, source=source)

    def district(self, hello: Hello) -> tuple[Tileset, list[str]]:
        """The node table of the district's tiles, the package's or those wished for, and what is to be said of it.

        Raises:
            Refused: it cannot be read, or the heights are none.
        """
        world = np.asarray(np.linalg.inv(ecef_from_enu(hello.latitude_rad, hello.longitude_rad, hello.height_m)))
        wished = self.wish.address
        lift = heights.lift(self.wish.heights, hello.latitude_rad, hello.longitude_rad)
        world[2] += lift.up_m * world[3]
        table, _ = self.open(wished or hello.tiles, world)
        said = [lift.warning] if lift.warning else []
        if wished:
            sure = (table.half_m.max(axis=1) < _PLACED_M) & (table.radius_m < _PLACED_M)
            if not sure.any():
                return table, said
            middle = table.centre_m[sure]
            west, south, east, north = hello.extent_m
            reach = table.radius_m[sure] + float(np.hypot(east - west, north - south))
            if (np.hypot(middle[:, 0] - (west + east) / 2, middle[:, 1] - (south + north) / 2) > reach).all():
                said.append(f"the tileset {wished} does not lie where the district {hello.name} is")
            elif doubt := heights.doubt(float(np.median(table.low_m[sure])), hello.ground_m, self.wish.heights):
                said.append(doubt)
        return table, said


def rescale(table: Tileset, factor: float) -> NDArray[np.float64]:
    """Let a tileset be drawn so much larger: as if it had been opened with such a matrix; returns that matrix.

    Branches that come later follow, for they are made by what the table says of their stubs. Geometric errors stay in
    the tileset's own metres, and what may be anywhere still may.
    """
    placed = table.radius_m != volumes.NOWHERE_M
    table.matrix[:, :3] *= factor
    for column in (table.radius_m, table.half_m):
        column[placed] *= factor
    for column in (table.centre_m, table.request_centre_m, table.request_half_m):
        column *= factor
    half = table.half_m[:, 2]
    table.low_m[:] = table.centre_m[:, 2] - np.where(half < volumes.NOWHERE_M, half, 0.0)
    table.world_from_earth = np.diag([factor, factor, factor, 1.0]) @ table.world_from_earth
    table.version += 1
    return table.world_from_earth


OWN = Intake()
"""The package's own tiles, as they are."""
