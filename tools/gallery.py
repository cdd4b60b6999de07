"""`surplus gallery OUT`: remakes the fixed pictures of assets/gallery.toml as PNGs, with a page that explains them.

One simulation per place, and one viewer for all pictures of a scenario and size; the places run side by side. Beside
every picture lies a small one of 320x180, for what must be read from the back of a room.
"""

from __future__ import annotations

import hashlib
import itertools
import math
import os
import sys
import threading
import time
import tomllib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from network import moment, schema
from network.problems import Refused
from network.wire import Client
from tools import demo_package, gallery_page, supervise
from tools.gallery_page import Shown

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "assets" / "gallery.toml"
SIZE = (1920, 1080)
QUICK = (960, 540)
SMALL = (320, 180)
SETTLE_S = 180.0
"""Longest wait for the year of a scenario."""
TALK_S = 1 / 60
EYE_M = 2.0
"""Eye over the street: a tall person's, and the ground is not flat."""
PATIENCE_S = 180.0
"""Longest wait of a viewer for one picture."""
DELFT = ("delft_3dbag.city.jsonl.gz", "delft_3dfier_lod1.city.json.gz")
Progress = Callable[[str, float], None]


class Scenario(msgspec.Struct, frozen=True):
    """A scenario of the table."""

    name: str
    title: str
    layers: str


class Picture(msgspec.Struct, frozen=True):
    """A picture of the table."""

    name: str
    title: str
    camera: str
    time: str
    scenario: str
    paint: str = ""
    panels: bool = False
    under: bool = False
    others: bool = False
    """The verdict under other choices unfolded."""
    building: str = ""
    """Name of the building whose figures are told from the bottom."""
    size: tuple[int, int] = SIZE
    places: tuple[str, ...] = ()


class Table(msgspec.Struct, frozen=True):
    """assets/gallery.toml."""

    weak: tuple[str, ...]
    scenario: tuple[Scenario, ...]
    picture: tuple[Picture, ...]


@dataclass(frozen=True)
class Place:
    """A district that is shown."""

    name: str
    package: Path


def table() -> Table:
    """The pictures to make."""
    return msgspec.convert(tomllib.loads(TABLE.read_text(encoding="utf-8")), type=Table)


def gallery(out: Path, *, only: str = "", quick: bool = False, progress: Progress) -> list[str]:
    """Make the pictures whose `place-name` contains `only`, and the page of all that lie in `out`; failures by name.

    `quick`: half size, without the presenter's.

    Raises:
        Refused: `out` cannot be written, or no picture has that name.
    """
    asked = table()
    pictures = [p for p in asked.picture if not (quick and p.size != SIZE)]
    names = ["demo", "delft"]
    if not any(only in f"{place}-{p.name}" for place in names for p in pictures):
        raise Refused(f"no picture is named {only!r}; there are {', '.join(p.name for p in asked.picture)}", code=2)
    try:
        (out / "small").mkdir(parents=True, exist_ok=True)
        (out / ".probe").touch()
        (out / ".probe").unlink()
    except OSError as e:
        raise Refused(f"cannot write the gallery to {out}: {e.strerror or e}; choose a writable folder") from e
    places, notes = _places(progress, only)
    lanes = {
        place: [p for p in _ordered(pictures) if only in f"{place.name}-{p.name}" and place.name in (p.places or names)]
        for place in places
    }
    done = _Count(sum(map(len, lanes.values())), progress)
    ended = threading.Event()
    with ThreadPoolExecutor(max_workers=max(len(lanes), 1)) as pool:
        try:
            running = [pool.submit(_lane, out, place, some, asked, quick, done, ended) for place, some in lanes.items()]
            while not all(r.done() for r in running):
                time.sleep(0.05)
        finally:
            ended.set()
    failures = [f for r in running for f in r.result()]
    gallery_page.write(out, weak=asked.weak, notes=notes, order=[p.name for p in asked.picture], failures=failures)
    return failures


def _ordered(pictures: Sequence[Picture]) -> list[Picture]:
    """Pictures of one scenario after another, for a change of scenario costs a year, and of one size."""
    scenarios = list(dict.fromkeys(p.scenario for p in pictures))
    return sorted(pictures, key=lambda p: (scenarios.index(p.scenario), p.size))


class _Count:
    """Progress over all lanes."""

    def __init__(self, total: int, progress: Progress) -> None:
        self._total, self._done, self._progress = total, 0, progress
        self._lock = threading.Lock()

    def one(self, name: str) -> None:
        with self._lock:
            self._done += 1
            self._progress("pictures", self._done / max(self._total, 1))
            if not sys.stderr.isatty():
                print(f"{self._done}/{self._total} {name}", file=sys.stderr)


# ---------------------------------------------------------------- places


def _places(progress: Progress, only: str) -> tuple[list[Place], list[str]]:
    """The districts, built once, and notes on those that cannot be shown."""
    notes: list[str] = []
    places = [Place("demo", demo_package.ensure(progress))] if "delft" not in only else []
    source = Path(os.environ.get("SURPLUS_SHARED") or ROOT.parent / "shared") / "data" / "delft-district"
    if "demo" in only:
        return places, notes
    inputs = [source / name for name in DELFT]
    if all(path.is_file() for path in inputs):
        places.append(Place("delft", _delft(inputs, progress)))
    else:
        notes.append(f"Delft is not shown: its files are not at {source}.")
    return places, notes


def _delft(inputs: Sequence[Path], progress: Progress) -> Path:
    """The package of the Delft pictures in the cache, built once per version of importer and files."""
    from sim import cache
    from tools import build

    digest = hashlib.blake2b(demo_package.version().encode(), digest_size=6)
    for path in inputs:
        digest.update(path.read_bytes())
    folder = cache.folder() / f"delft-{digest.hexdigest()}" / "delft"
    if not (folder / "district.toml").exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        build.build(inputs, folder, crs=None, country=None, zone=None, weather=None, name="Delft", progress=progress)
        demo_package.forget(folder.parent)
    return folder


# ---------------------------------------------------------------- one place


def _lane(
    out: Path, place: Place, pictures: Sequence[Picture], asked: Table, quick: bool, done: _Count,
    ended: threading.Event,
) -> list[str]:  # fmt: skip
    """All pictures of a place; names of those that failed, with the reason."""
    failures: list[str] = []
    if not pictures:
        return failures
    serve = {"package": str(place.package), "interactive": False}
    try:
        with supervise.source(serve) as line, Client(line, sender="gallery") as client:
            client.show(["sun_enu", "surplus_w_m2"])
            talk = _Talk(client, ended)
            for (scenario, _), some in itertools.groupby(pictures, key=lambda p: (p.scenario, p.size)):
                if ended.is_set():
                    break
                chosen = next(s for s in asked.scenario if s.name == scenario)
                failures += _some(out, place.name, list(some), chosen, quick, talk, line, done)
    except Refused as e:
        failures.append(f"{place.name}: {e}")
    return failures


def _some(
    out: Path, place: str, pictures: Sequence[Picture], scenario: Scenario, quick: bool, talk: _Talk, line: str,
    done: _Count,
) -> list[str]:  # fmt: skip
    """Pictures of one scenario and size by one viewer; names of those that failed, with the reason."""
    files = [out / f"{place}-{p.name}.png" for p in pictures]
    size = QUICK if quick else pictures[0].size
    why = ""
    try:
        shown = [talk.bring(p, scenario) for p in pictures]
        shots = [
            {
                "shot": str(file.absolute()), "camera": talk.eye() if p.camera == "eye" else p.camera, "time": p.time,
                "paint": p.paint, "panels": p.panels, "under": p.under, "others": p.others, "building": p.building,
            }
            for p, file in zip(pictures, files, strict=True)
        ]  # fmt: skip
        for file in files:
            file.unlink(missing_ok=True)
        options = {"offscreen": True, "size": size, "settle": True, "preset": "laptop", "patience_s": PATIENCE_S}
        code = supervise.view(line, {**options, "shots": shots}, ended=talk.ended)
        why = f"the viewer ended with {code}; see above why"
    except Refused as e:
        shown, why = [], str(e)
    failures = []
    for k, (picture, file) in enumerate(zip(pictures, files, strict=True)):
        if not shown or not file.exists():
            failures.append(f"{file.stem}: {why}")
            continue
        _reduce(file, out / "small" / file.name)
        gallery_page.remember(
            out, replace(shown[k], file=file.stem, name=picture.name, title=picture.title, size=size)
        )
        done.one(file.stem)
    return failures


def _reduce(file: Path, small: Path) -> None:
    """The small picture of a picture."""
    from PIL import Image

    with Image.open(file) as whole:
        whole.convert("RGB").resize(SMALL, Image.Resampling.LANCZOS).save(small)


class _Talk:
    """A viewer without a picture, that brings sim to a scenario and a moment and hears what it says."""

    def __init__(self, client: Client, ended: threading.Event) -> None:
        self._client, self.ended = client, ended
        self._newest: dict[str, Any] = {}

    def bring(self, picture: Picture, scenario: Scenario) -> Shown:
        """Settle sim at the picture's moment and scenario; what is shown then."""
        self._until(lambda: {"hello", "catalogue", "scenario", "clock"} <= set(self._newest))
        hello, catalogue = self._newest["hello"], self._newest["catalogue"]
        layers = _everything(catalogue) if scenario.layers == "*" else _written(scenario.layers, catalogue)
        if self._newest["scenario"].choices != layers:
            based = self._newest["scenario"].revision
            self._client.send(schema.ChooseLayers("a", self._client.sender, based, "", layers))
        time_s, _ = moment.seconds(picture.time, year=hello.year, zone=hello.zone, utc_offset_s=hello.utc_offset_s)
        self._client.send(schema.SetPace(self._client.sender, 0.0))
        self._client.send(schema.Seek(self._client.sender, time_s))
        self._until(lambda: self._settled(time_s))
        sun, balance = self._newest["sun_enu"], self._newest["balance"]
        east, north, up = sun.values[min(round((time_s - sun.first_time_s) / sun.step_s), len(sun.values) - 1)]
        return Shown(
            place=hello.name, time=picture.time, scenario=scenario.title,
            azimuth_deg=math.degrees(math.atan2(east, north)) % 360.0,
            elevation_deg=math.degrees(math.asin(float(np.clip(up, -1, 1)))),
            primary_margin_j=balance.verdict.primary_margin_j, co2_margin_kg=balance.verdict.co2_margin_kg,
            surplus=balance.verdict.surplus,
        )  # fmt: skip

    def eye(self) -> str:
        """A camera where somebody stands in the street, as LAT,LON,HEIGHT,HEADING,PITCH."""
        return eye_of(self._newest["hello"], self._newest["roster"])

    def _settled(self, time_s: float) -> bool:
        clock, balance = self._newest["clock"], self._newest.get("balance")
        scenario, sun = self._newest["scenario"], self._newest.get("sun_enu")
        if not self._client.settled or balance is None or sun is None or "a" not in clock.keys:
            return False
        key = clock.keys["a"]
        of_the_day = sun.first_time_s <= time_s < sun.first_time_s + len(sun.values) * sun.step_s
        here = abs(clock.time_s - time_s) < 1.0 and of_the_day and sun.key == key and not key.provisional
        return bool(here and balance.revision == scenario.revision == key.scenario_revision)

    def _until(self, done: Callable[[], bool]) -> None:
        end_s = time.monotonic() + SETTLE_S
        while not done():
            if self.ended.is_set():
                raise Refused("interrupted")
            if time.monotonic() > end_s:
                raise Refused(f"the simulation did not settle within {SETTLE_S:.0f} s")
            for message in self._client.poll():
                if isinstance(message, schema.Answer):
                    raise Refused(message.refused)
                self._newest[getattr(message, "quantity", type(message).__name__.lower())] = message
            time.sleep(TALK_S)


def eye_of(hello: schema.Hello, roster: schema.Roster) -> str:
    """Where somebody stands who looks along a street with many houses: cables lie in streets.

    Of all straight stretches of cable the one with the most and the tallest houses beside its next 60 m, and the
    longest of those.
    """
    kinds = np.array(roster.line_kind)
    owner = np.repeat(np.arange(len(kinds)), np.diff(roster.vertex_start))
    xyz, houses = np.asarray(roster.vertices_m, float), np.asarray(roster.building_xyz_m, float)[:, :2]
    inside = (owner[:-1] == owner[1:]) & (kinds[owner[:-1]] == "cable") if len(kinds) else np.zeros(0, bool)
    start, step = xyz[:-1][inside], (xyz[1:] - xyz[:-1])[inside]
    length = np.hypot(step[:, 0], step[:, 1])
    start, step, length = start[length > 12.0], step[length > 12.0], length[length > 12.0]
    if not len(length) or not len(houses):
        return "street"
    ahead = start[:, :2] + step[:, :2] / length[:, None] * 35.0
    tall = 3.0 + np.minimum(np.asarray(roster.building_height_m, float), 20.0)
    beside = [tall[np.hypot(*(houses - point).T) < 40.0].sum() for point in ahead]
    best = int(np.argmax(np.array(beside) * np.minimum(length, 60.0)))
    (x, y, z), along = start[best], step[best]
    cos, radius_m = math.cos(hello.latitude_rad), 6_371_000.0 * (1.0 - 0.0034 * math.cos(2 * hello.latitude_rad))
    latitude = math.degrees(hello.latitude_rad + y / radius_m)
    longitude = math.degrees(hello.longitude_rad + x / (6_385_000.0 * cos))
    heading = math.degrees(math.atan2(along[0], along[1])) % 360.0
    height = hello.height_m + max(z, hello.ground_m - 5.0) + EYE_M + (x * x + y * y) / (2 * radius_m)
    return f"{latitude:.7f},{longitude:.7f},{height:.2f},{heading:.1f},-1"


def _everything(catalogue: schema.Catalogue) -> tuple[schema.LayerChoice, ...]:
    """Every kind of the catalogue; shares at their greatest, the rest as offered."""
    return tuple(
        schema.LayerChoice(
            k.kind, {p.name: p.maximum if p.name == "share" else p.default for p in k.parameters}
        )
        for k in catalogue.kinds
    )


def _written(text: str, catalogue: schema.Catalogue) -> tuple[schema.LayerChoice, ...]:
    from network import scenarios

    return scenarios.one_of(text, catalogue.kinds)
