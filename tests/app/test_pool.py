"""Tiles that may do harm are decoded by another process, whose end harms nobody."""

import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest
from toytrees import house

from app.tiles.formats.content import decode
from app.tiles.mesh import Unreadable
from app.tiles.pool import Pool, heavy

DRACO = Path("tiles/migration/input/PointCloud/PointCloudDraco/pointCloudDraco.pnts")


def unread(_: str) -> bytes:
    raise OSError("there is no such file")


@pytest.fixture(scope="module")
def pool():
    pool = Pool({"h": 3}, limit_s=2.0)
    yield pool
    pool.close()


def test_what_is_compressed_by_draco_and_large_tiles_with_images_go_there(shared: Path) -> None:
    assert heavy((shared / DRACO).read_bytes())
    assert heavy(b'{"images": []}' + b"\0" * (1 << 17)) and not heavy(b'{"images": []}')
    assert not heavy(house())


def test_a_tile_comes_back_as_it_is_decoded_here(pool: Pool) -> None:
    (there,), (here,) = pool.decode(house(), "h.glb", unread), decode(house(), {"h": 3})
    for name in ("position", "normal", "info", "face", "walls", "roofs", "matrix"):
        np.testing.assert_array_equal(getattr(there, name), getattr(here, name))
    assert there.info[0, 0] == 3


def test_points_compressed_by_draco(pool: Pool, shared: Path) -> None:
    content = (shared / DRACO).read_bytes()
    (mesh,) = pool.decode(content, "a.pnts", unread)
    assert len(mesh.position) == 1000
    with pytest.raises(Unreadable, match="truncated"):
        pool.decode(content[:900], "a.pnts", unread)


def test_a_process_that_dies_is_followed_by_another(pool: Pool) -> None:
    pool.decode(house(), "h.glb", unread)
    (worker,) = pool.workers
    os.kill(worker.pid, signal.SIGSTOP)
    begin = time.monotonic()
    with pytest.raises(Unreadable, match="takes more than 2 s"):
        pool.decode(house(), "h.glb", unread)
    assert time.monotonic() - begin < 4.0
    assert len(pool.decode(house(), "h.glb", unread)) == 1


def test_memory_beyond_the_limit_is_refused_and_the_process_goes_on() -> None:
    pool = Pool({}, memory_bytes=32 << 20)
    big = b'{"asset": {"version": "2.0"}, "x": [' + b"1.5, " * (8 << 20) + b"1]}"
    with pytest.raises(Unreadable):
        pool.decode(big, "big.gltf", unread)
    assert len(pool.decode(house(), "h.glb", unread)) == 1
    pool.close()


def test_files_that_a_tile_names_are_fetched_by_this_process(pool: Pool, shared: Path) -> None:
    folder = shared / "tiles" / "malformed" / "tilesets" / "tiles" / "glTF" / "Triangle"
    text = folder / "Triangle.gltf"
    asked = []

    def read(relative: str) -> bytes:
        asked.append(relative)
        return (folder / relative).read_bytes()

    assert pool.decode(text.read_bytes(), text.name, read) and asked
    with pytest.raises(OSError, match="there is no such file"):
        pool.decode(text.read_bytes(), text.name, unread)
