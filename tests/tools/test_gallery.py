"""The gallery: its table can be followed, its page leads to every picture, an interruption leaves nothing behind."""

from __future__ import annotations

import math
import os
import re
import signal
import subprocess
import sys
import threading
import time
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import msgspec
import numpy as np
import pytest
from PIL import Image
from twins import ENVIRONMENT

from network import moment, schema
from network.problems import Refused
from network.quantities import QUANTITIES
from tools import gallery, gallery_page
from tools.gallery_page import Shown

NOON = Shown("Delft <old town>", "2025-06-21T13:00", "as it is today", 157.0, 61.0, -3.6e12, 1500.0, False,
             "delft-noon", "noon", "Noon & more", (1920, 1080))  # fmt: skip


class Links(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.alts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.links += [v for k, v in attrs if k in ("href", "src") and v]
        if tag == "img":
            self.alts.append(named.get("alt") or "")


def test_the_table_can_be_followed() -> None:
    table = gallery.table()
    scenarios = {s.name for s in table.scenario}
    assert len({p.name for p in table.picture}) == len(table.picture)
    for p in table.picture:
        assert p.scenario in scenarios and (not p.paint or p.paint in QUANTITIES)
        moment.seconds(p.time, year=2025, zone="Europe/Amsterdam", utc_offset_s=3600.0)
    assert {p.size for p in table.picture} == {(1920, 1080), (3840, 2160)}
    assert table.weak


def test_the_page_says_what_is_seen_and_leads_to_it(tmp_path: Path) -> None:
    (tmp_path / "small").mkdir()
    for name in ("delft-noon", "demo-night"):
        for place in (tmp_path / f"{name}.png", tmp_path / "small" / f"{name}.png"):
            Image.new("RGB", (4, 4)).save(place)
    night = Shown("Demo", "2025-11-15T20:00", "with every what-if", 300.0, -30.0, 7.2e12, 100.0, True, "demo-night",
                  "night", "Night", (960, 540))  # fmt: skip
    for shown in (NOON, night):
        gallery_page.remember(tmp_path, shown)
    page = gallery_page.write(tmp_path, weak=["Trees <look> flat"], notes=["Delft is not shown: why"],
                              order=["night", "noon"], failures=[])  # fmt: skip
    text = page.read_text()
    seen = Links(text)
    files = [link for link in seen.links if not link.startswith("#")]
    assert files and all((tmp_path / link).is_file() for link in files)
    assert not any("//" in link or link.startswith("/") for link in seen.links)
    assert all(alt.strip() for alt in seen.alts) and len(seen.alts) == 4
    assert "sun 61° high in the south (157°)" in text or "south-east (157°)" in text
    assert "sun 30° below the horizon" in text
    assert "not yet a positive energy district (−1,000 MWh primary energy, +2 t CO₂)" in text
    assert "Trees &lt;look&gt; flat" in text and "Delft is not shown: why" in text
    assert "Delft &lt;old town&gt;" in text and "Noon &amp; more" in text


def test_an_unknown_picture_and_a_folder_that_cannot_be_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"'sunrise'; there are overview, street"):
        gallery.gallery(tmp_path, only="sunrise", progress=lambda stage, done: None)
    (tmp_path / "file").write_text("")
    with pytest.raises(Refused, match="choose a writable folder"):
        gallery.gallery(tmp_path / "file" / "out", only="noon", progress=lambda stage, done: None)


def test_a_picture_is_made_with_its_small_one_and_its_words(demo_package: Path, tmp_path: Path) -> None:
    failures = gallery.gallery(tmp_path, only="demo-winter", quick=True, progress=lambda stage, done: None)
    assert failures == []
    assert Image.open(tmp_path / "demo-winter.png").size == gallery.QUICK
    assert Image.open(tmp_path / "small" / "demo-winter.png").size == gallery.SMALL
    text = (tmp_path / "index.html").read_text()
    high, azimuth = map(int, re.search(r"sun (\d+)° high in the [a-z-]+ \((\d+)°\)", text).groups())  # type: ignore[union-attr]
    assert 10 <= high <= 20 and 160 <= azimuth <= 200, "a January noon in the Netherlands"


@pytest.mark.skipif(sys.platform == "win32", reason="counts processes by /proc")
@pytest.mark.parametrize("after_s", [0.8, 4.0])
def test_ctrl_c_leaves_no_process_behind(demo_package: Path, tmp_path: Path, after_s: float) -> None:
    command = [sys.executable, "-P", "-m", "tools.main", "gallery", str(tmp_path), "--only", "demo-", "--quick"]
    mark = f"surplus-test-{os.getpid()}-{after_s}"
    env = {**os.environ, **ENVIRONMENT, "SURPLUS_MARK": mark}
    made = subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True, start_new_session=True)
    time.sleep(after_s)
    made.send_signal(signal.SIGINT)
    _, said = made.communicate(timeout=60)
    assert made.returncode in (130, -signal.SIGINT), said  # the latter before Python listens; a shell says 130 to both
    assert "Traceback" not in said
    end_s = time.monotonic() + 20.0
    while left := _marked(mark):
        assert time.monotonic() < end_s, f"left behind: {left}"
        time.sleep(0.05)


def _marked(mark: str) -> list[int]:
    """Processes that carry the mark in their environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if f"SURPLUS_MARK={mark}".encode() in (folder / "environ").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def test_the_eye_stands_in_the_street_with_most_houses_and_looks_along_it() -> None:
    houses = [(x, y, 0.0) for x in (20.0, 30.0, 40.0, 50.0) for y in (-8.0, 8.0)] + [(500.0, 500.0, 0.0)]
    hello = schema.Hello(
        schema.PROTOCOL, "run", "0", "p", "P", "", "", math.radians(52.0), math.radians(4.0), 40.0, "", 3600.0, 2025,
        8760, 3600.0, (0.0, 0.0, 1.0, 1.0), 0.0,
    )  # fmt: skip
    roster = schema.Roster(
        1, ("h",) * len(houses), ("h",) * len(houses), np.array(houses), np.zeros(9), np.zeros(9), np.zeros(9),
        ("home",) * len(houses), ("lonely", "street", "service"), ("cable", "cable", "service"), np.zeros(3),
        np.array([0, 2, 5, 7]),
        np.array([(500, 400, 0), (500, 480, 0), (-30, 0, 0), (0, 0, 0), (60, 0, 0), (30, 0, 0), (30, 8, 0)], float),
        (), {},
    )  # fmt: skip
    latitude, longitude, height, heading, pitch = map(float, gallery.eye_of(hello, roster).split(","))
    assert (latitude, longitude) == pytest.approx((52.0, 4.0), abs=1e-6), "at the beginning of the stretch with houses"
    assert heading == pytest.approx(90.0) and 41.5 < height < 42.5 and -5.0 < pitch < 5.0
    bare = msgspec.structs.replace(
        roster, line_kind=(), line_ids=(), vertex_start=np.zeros(1, np.int32), vertices_m=np.zeros((0, 3))
    )
    assert gallery.eye_of(hello, bare) == "street", "without a grid the view from above stands in"


def test_a_moment_is_shown_once_the_blocks_are_of_its_day() -> None:
    """The Clock is at the sought moment at once; what is shown may still be of the day before it."""
    day = 86400.0

    def talk(shown_day: int) -> gallery._Talk:
        key = schema.BlockKey("run", 2, shown_day * 24 - 1, False)
        sun = schema.FluxBlock("a", "sun_enu", key, 300.0, shown_day * day - 3600.0, np.zeros((313, 3)))
        clock = schema.Clock("run", 9 * day + 50000.0, 0.0, 1.0, {}, {"a": key})
        said = gallery._Talk(SimpleNamespace(settled=True), threading.Event())
        revised = SimpleNamespace(revision=2)
        said._newest |= {"clock": clock, "sun_enu": sun, "balance": revised, "scenario": revised}
        return said

    assert talk(9)._settled(9 * day + 50000.0)
    assert not talk(307)._settled(9 * day + 50000.0)
