"""The one line that people paste, and the keys behind it."""

import os
import stat
import threading
from pathlib import Path

import pytest

from network import address, keys
from network.problems import Refused

KEY = bytes(range(220, 252))


@pytest.mark.parametrize("host", ["127.0.0.1", "twin.example.org", "::1"])
def test_the_printed_line_is_read_back(host: str) -> None:
    here = address.Address(host, 7420, KEY)
    line = address.line(here)
    assert line.startswith("surplus view tcp://")
    assert address.parse(line) == address.parse(line.removeprefix("surplus view ")) == here


def test_a_key_needs_no_quotes_in_a_shell() -> None:
    assert set(address.key_to_text(KEY)) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")


@pytest.mark.parametrize("text", ["", "tcp://127.0.0.1:7420", "http://a:1#" + "A" * 43, "tcp://a:99999#" + "A" * 43])
def test_what_is_no_address_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(Refused, match=r"looks like|HOST:PORT"):
        address.parse(text)


def test_a_key_cut_while_copying_is_refused() -> None:
    line = address.line(address.Address("127.0.0.1", 7420, KEY))
    with pytest.raises(Refused, match="copy the whole line"):
        address.parse(line[:-3])


def test_who_is_loopback() -> None:
    assert [h for h in ("127.0.0.1", "127.8.8.8", "localhost", "::1") if not address.is_loopback(h)] == []
    assert [h for h in ("0.0.0.0", "192.168.1.4", "::", "example.org") if address.is_loopback(h)] == []


def test_a_pair_is_made_once_and_only_its_owner_reads_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SURPLUS_STATE_DIR", str(tmp_path / "state"))
    made: list[keys.Pair] = []

    def make() -> keys.Pair:
        made.append((os.urandom(32), os.urandom(32)))
        return made[-1]

    results: list[keys.Pair] = []
    threads = [threading.Thread(target=lambda: results.append(keys.pair("server", make))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(results) == {keys.pair("server", make)} and results[0] in made
    mode = stat.S_IMODE((tmp_path / "state" / "server.key").stat().st_mode)
    assert os.name == "nt" or mode == 0o600


def test_a_spoilt_key_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SURPLUS_STATE_DIR", str(tmp_path))
    (tmp_path / "server.key").write_text("half a ke")
    with pytest.raises(Refused, match=r"server\.key holds no key pair; delete it"):
        keys.pair("server", lambda: (KEY, KEY))


def test_an_allow_file_lists_keys_with_comments(tmp_path: Path) -> None:
    path = tmp_path / "allow"
    path.write_text(f"# the town hall\n\n{address.key_to_text(KEY)}  screen in the foyer\n")
    assert keys.allowed(path) == {KEY}
    path.write_text("not a key\n")
    with pytest.raises(Refused, match="line 1: no viewer key"):
        keys.allowed(path)
    with pytest.raises(Refused, match="cannot read the allow file"):
        keys.allowed(tmp_path / "none")
