"""What a tileset may fetch, and what comes of servers that misbehave."""

from __future__ import annotations

import gzip
import os
import sqlite3
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hostile_server import BODY, Hostile, hostile
from resident import Peak

from app.tiles import fetch, web
from app.tiles.fetch import Absent, Busy, Dropped, Refusal, Source


@pytest.fixture(scope="module")
def server() -> Iterator[Hostile]:
    with hostile() as it:
        yield it


@pytest.fixture
def town(server: Hostile) -> Source:
    return Source(f"{server.address}/tileset.json")


@pytest.mark.parametrize("path", ["good", "moved", "packed"])
def test_an_answer_comes_whole_moved_or_packed(server: Hostile, town: Source, path: str) -> None:
    assert town.read(f"{server.address}/{path}") == BODY


@pytest.mark.parametrize(
    ("path", "kind", "words"),
    [
        ("nothing", Absent, "no such file"),
        ("broken", OSError, "answers 500"),
        ("busy", Busy, "busy"),
        ("loop", OSError, "points on more than 5 times"),
        ("to-file", Refusal, "no http address"),
        ("nowhere", Refusal, "no http address"),
        ("half-packed", OSError, "gzip is truncated"),
        ("short", OSError, "broke off"),
    ],
)
def test_a_bad_answer_is_told_in_words(
    server: Hostile, town: Source, path: str, kind: type[OSError], words: str
) -> None:
    with pytest.raises(kind, match=words):
        town.read(f"{server.address}/{path}")


def test_the_server_says_when_to_come_back(server: Hostile, town: Source) -> None:
    with pytest.raises(Busy) as told:
        town.read(f"{server.address}/busy")
    assert told.value.retry_s == 7


@pytest.mark.parametrize("path", ["endless", "bomb"])
def test_too_much_is_cut_off(
    server: Hostile, town: Source, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(town._web, "_largest", 8 << 20)
    with pytest.raises(OSError, match="more than 8 MiB"):
        town.read(f"{server.address}/{path}")


@pytest.mark.parametrize("path", ["drip", "slow-head", "slow-chunks"])
def test_one_byte_a_second_is_given_up_in_head_and_body(
    server: Hostile, town: Source, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "SLOW_S", 1.5)
    begin = time.monotonic()
    with pytest.raises(OSError, match="too slow"):
        town.read(f"{server.address}/{path}")
    assert time.monotonic() - begin < 8


def test_a_server_that_only_says_that_it_goes_on_is_given_up(
    server: Hostile, town: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "TOTAL_S", 1.0)
    with pytest.raises(OSError, match="too slow"):
        town.read(f"{server.address}/hello-again")


def test_of_answers_that_swell_one_comes_at_a_time(
    server: Hostile, town: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eight that are 64 MiB each: all of them at once would be 512."""
    monkeypatch.setattr(web, "LARGE_BYTES", 4 << 20)
    peak, sizes = Peak(), list[int]()
    town.read(f"{server.address}/swollen")
    threads = [threading.Thread(target=lambda: sizes.append(len(town.read(f"{server.address}/swollen"))))
               for _ in range(8)]  # fmt: skip
    with peak:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sizes == [64 << 20] * 8 and peak.bytes < 256 << 20


def test_of_answers_without_end_one_is_followed_at_a_time(
    server: Hostile, town: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "LARGE_BYTES", 4 << 20)
    monkeypatch.setattr(town._web, "_largest", 48 << 20)
    peak, ends = Peak(), list[str]()

    def read() -> None:
        try:
            town.read(f"{server.address}/endless")
        except OSError as error:
            ends.append(str(error))

    threads = [threading.Thread(target=read) for _ in range(8)]
    with peak:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert ends == ["the server sends more than 48 MiB"] * 8
    assert peak.bytes < 340 << 20, "eight at a time would take 384 MiB, and the server lives here too"


def test_what_is_no_longer_wanted_stops_between_pieces(server: Hostile, town: Source) -> None:
    unwanted = threading.Event()
    threading.Timer(0.3, unwanted.set).start()
    begin = time.monotonic()
    with pytest.raises(Dropped):
        town.read(f"{server.address}/drip", cancelled=unwanted.is_set)
    assert time.monotonic() - begin < 5


def test_no_server_is_an_error_and_not_a_wait(town: Source) -> None:
    gone = Source("http://127.0.0.1:9/tileset.json")
    with pytest.raises(OSError, match=r"no connection \(Connection refused\)"):
        gone.read("http://127.0.0.1:9/tileset.json")
    with pytest.raises(OSError, match="no server of that name"):
        gone.read("http://nobody.invalid/tileset.json")


# ---- what may be named


def test_a_tileset_from_elsewhere_does_not_reach_into_this_network(server: Hostile) -> None:
    far = Source("https://tiles.example.org/tileset.json")
    for address in (f"{server.address}/good", server.address.replace("127.0.0.1", "localhost") + "/good"):
        before = server.asked["/good"]
        with pytest.raises(Refusal, match="private address"):
            far.read(address)
        assert server.asked["/good"] == before
    allowed = Source("https://tiles.example.org/tileset.json", allow=[server.address])
    assert allowed.read(f"{server.address}/good") == BODY


@pytest.mark.parametrize("host", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "::ffff:10.0.0.1", "fe80::1%2"])
def test_private_addresses_are_known(host: str) -> None:
    assert web.is_private(host)


def test_public_addresses_are_known() -> None:
    assert not web.is_private("1.1.1.1")


@pytest.mark.parametrize(
    "relative", ["file:///etc/passwd", "ftp://a/b", "gopher://x", "a\0b", "x" * 10_000, "http://[", "//[::1"]
)
def test_a_tileset_from_the_network_names_http_only(relative: str) -> None:
    far = Source("https://tiles.example.org/tileset.json")
    with pytest.raises(Refusal):
        far.join("https://tiles.example.org/tileset.json", relative)


@pytest.mark.parametrize("relative", ["../secret.txt", "%2e%2e/secret.txt", "sub/../../secret.txt", "link.txt"])
def test_a_tileset_on_disk_stays_in_its_folder(tmp_path: Path, relative: str) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    folder = tmp_path / "tiles"
    folder.mkdir()
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    root = str(folder / "tileset.json")
    with pytest.raises(Refusal, match="outside the tileset's folder"):
        Source(root).read(Source(root).join(root, relative))
    open_wide = Source(root, allow=[str(tmp_path)])
    assert open_wide.read(open_wide.join(root, relative)) == b"secret"
    with pytest.raises(Refusal):
        Source(root).read(Source(root).join(root, (tmp_path / "secret.txt").as_uri()))


def test_what_is_no_ordinary_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.glb")
    (tmp_path / "folder.glb").mkdir()
    source = Source(str(tmp_path / "tileset.json"))
    with pytest.raises(OSError, match="no ordinary file"):
        source.read(source.join(source.root, "pipe.glb"))
    with pytest.raises(OSError, match="it is a folder"):
        source.read(source.join(source.root, "folder.glb"))


def test_files_of_the_folder_are_read_packed_and_by_file_address(tmp_path: Path) -> None:
    (tmp_path / "a b.glb").write_bytes(gzip.compress(BODY))
    source = Source((tmp_path / "tileset.json").as_uri())
    assert source.read(source.join(source.root, "a%20b.glb")) == BODY
    assert source.read(source.join(source.root, (tmp_path / "a b.glb").as_uri())) == BODY
    with pytest.raises(Absent):
        source.read(source.join(source.root, "none.glb"))


def test_a_folder_with_a_tileset_is_that_tileset_and_other_schemes_are_named(tmp_path: Path) -> None:
    (tmp_path / "tileset.json").write_bytes(b"{}")
    source = Source(str(tmp_path))
    assert source.read(source.root) == b"{}"
    with pytest.raises(Refusal, match="ftp addresses are not read"):
        Source("ftp://tiles.example.org/a").read("ftp://tiles.example.org/a")


def test_keys_go_along_to_the_tilesets_own_server_alone() -> None:
    root = "https://tiles.example.org/v1/tileset.json?key=abc&v=1"
    source = Source(root)
    assert source.join(root, "a/b.glb?v=2") == "https://tiles.example.org/v1/a/b.glb?key=abc&v=2"
    assert source.join(root, "https://other.example.org/b.glb") == "https://other.example.org/b.glb"
    assert source.join(root, "ü b.glb").startswith("https://tiles.example.org/v1/%C3%BC%20b.glb")


def test_data_addresses_are_read_and_broken_ones_refused() -> None:
    source = Source("tileset.json")
    assert source.read(source.join("tileset.json", "data:application/octet-stream;base64,AAEC")) == b"\0\1\2"
    assert source.read("data:,a%20b") == b"a b"
    for broken in ("data:;base64,A", "data:"):
        with pytest.raises(Refusal):
            source.read(broken)


# ---- archives


@pytest.mark.parametrize("ending", [".3tz", ".3dtiles"])
def test_a_tileset_in_one_file(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"city{ending}"
    inside = {"tileset.json": b"{}", "t/a.glb": gzip.compress(BODY)}
    if ending == ".3tz":
        with zipfile.ZipFile(path, "w") as made:
            for name, body in inside.items():
                made.writestr(name, body)
    else:
        base = sqlite3.connect(path)
        base.execute("CREATE TABLE media (key TEXT PRIMARY KEY, content BLOB)")
        base.executemany("INSERT INTO media VALUES (?, ?)", inside.items())
        base.commit()
        base.close()
    source = Source(str(path))
    assert source.read(source.root) == b"{}"
    assert source.read(source.join(source.root, "t/a.glb")) == BODY
    with pytest.raises(Absent, match="holds no"):
        source.read(source.join(source.root, "none.glb"))
    with pytest.raises(Refusal, match="outside its archive"):
        source.join(source.root, "../other")


def test_an_archive_that_is_none_or_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = tmp_path / "bad.3tz"
    bad.write_bytes(b"no zip at all")
    with pytest.raises(OSError, match="no archive that can be read"):
        Source(str(bad)).read(Source(str(bad)).root)
    monkeypatch.setattr(fetch, "LARGEST_BYTES", 1 << 20)
    bomb = tmp_path / "bomb.3tz"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("tileset.json", bytes(5 << 20))
    with pytest.raises(OSError, match="larger than 1 MiB"):
        Source(str(bomb)).read(Source(str(bomb)).root)
