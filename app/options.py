"""What the command line asks of a viewer, as one value: `python -m app JSON`."""

from __future__ import annotations

import msgspec

from network.problems import Refused


class Kept(msgspec.Struct, frozen=True):
    """One of several pictures that a viewer keeps; its size and scenario are the viewer's."""

    shot: str
    """PNG file to write."""
    camera: str = ""
    time: str = ""
    paint: str = ""
    panels: bool = True
    under: bool = False
    others: bool = False
    building: str = ""


class TilesWish(msgspec.Struct, frozen=True):
    """How tiles of others are taken in."""

    address: str = ""
    """tileset.json or archive to draw in place of the package's: path or http address; empty: the package's own."""
    id_property: str = ""
    """Property of a feature that names its building; empty: the usual ones."""
    heights: str = ""
    """ellipsoidal (also when empty), orthometric, or the geoid's height in metres."""
    style: str = ""
    """File of a 3D Tiles style; empty: none."""
    allow: tuple[str, ...] = ()
    """Folders and servers that the tileset may read besides its own."""
    triangles: int = 0
    """Most triangles drawn; 0: no cap."""


class ViewOptions(msgspec.Struct, frozen=True):
    """View options of the command line (`surplus run`, `surplus view`)."""

    offscreen: bool = False
    size: tuple[int, int] = (1280, 720)
    """Width and height in pixels."""
    camera: str = ""
    """home (also when empty), top, street or LAT,LON,HEIGHT,HEADING,PITCH."""
    time: str = ""
    """ISO wall time; in another year the same month, day and hour; empty: the sim's."""
    paint: str = ""
    """Quantity that colours the buildings; empty: net power per footprint."""
    layers: str = ""
    """`kind:param=value,...;kind...` or FILE.toml; empty leaves the scenario as it is."""
    settle: bool = False
    """End once the picture is complete."""
    shot: str | None = None
    """PNG file to write; implies settle."""
    shots: tuple[Kept, ...] = ()
    """Several pictures one after another, in the place of `shot`: the district is opened only once."""
    stats: str | None = None
    """JSON file to write at the end."""
    frames: int = 0
    """End after this many frames, 0 = never (counted after settling where that is asked for)."""
    tileset: str | None = None
    """A tileset alone, without a sim: path or http address."""
    tiles: TilesWish = TilesWish()
    ui_scale: float = 1.0
    """Size of text and panels, on top of height / 720."""
    panels: bool = True
    under: bool = False
    """Begin with the view under the streets."""
    others: bool = False
    """Begin with the list of other choices for the verdict unfolded."""
    building: str = ""
    """Id or name of a building to choose, with the sums behind its figures unfolded."""
    preset: str = ""
    """software, laptop or workstation (app.presets); empty: a probe at the start chooses."""
    finish: bool = False
    """Wait for the GPU at the end of every frame: honest frame times."""
    cache_mb: int = 512
    """Most memory of tiles in 2^20 bytes, the GPU's copy included."""
    patience_s: float = 120.0
    """Longest wait for a settled picture."""

    @property
    def ends_by_itself(self) -> bool:
        """Whether the viewer ends without a hand closing it."""
        return self.settle or self.shot is not None or self.frames > 0


def parse(text: str) -> ViewOptions:
    """Options from JSON.

    Raises:
        Refused: not such an object.
    """
    try:
        return msgspec.json.decode(text.encode(), type=ViewOptions)
    except msgspec.DecodeError as error:
        raise Refused(f"The view options are not understood: {error}; see `surplus view --help`.", code=2) from error
