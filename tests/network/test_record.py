"""Recordings as files: small, torn, damaged, of other versions."""

import struct
import zlib
from pathlib import Path

import msgspec
import numpy as np
import pytest

from network import record, schema
from network.problems import Refused
from network.record import Header, Recorder, Recording

GROWING = np.arange(26 * 500, dtype=np.float32).reshape(26, 500)


def block(quantity: str, revision: int, values: np.ndarray, *, provisional: bool = False) -> schema.FluxBlock:
    key = schema.BlockKey("run", revision, 11, provisional)
    return schema.FluxBlock("a", quantity, key, 3600.0, 0.0, values)


def clock(time_s: float, pace: float = 600.0) -> schema.Clock:
    return schema.Clock("run", time_s, pace, 600.0, {}, {})


def recorder(path: Path, **more: bool) -> Recorder:
    return Recorder(path, version="9", wall_s=1000.0, now_s=0.0, **more)


def test_what_was_written_is_read_with_its_moments(tmp_path: Path) -> None:
    with recorder(tmp_path / "a") as tape:
        tape.write([schema.Problems(1, ()), block("pv_w", 1, GROWING)], 0.5)
        tape.write([block("pv_w", 2, 2 * GROWING)], 1.5)
    tape_read = Recording(tmp_path / "a")
    assert [(e.time_s, e.topic) for e in tape_read.entries] == [
        (0.5, b"fluxblock:a:pv_w;"), (0.5, b"problems;"), (1.5, b"fluxblock:a:pv_w;")]  # fmt: skip
    last = tape_read.message(tape_read.entries[-1])
    assert isinstance(last, schema.FluxBlock) and last.key.scenario_revision == 2
    assert (last.values == 2 * GROWING).all() and tape_read.length_s == 1.5
    tape_read.close()


def test_an_array_that_comes_again_costs_nothing_and_a_steady_clock_little(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    noise = rng.random((26, 500), dtype=np.float32)
    with recorder(tmp_path / "once") as tape:
        tape.write([block("pv_w", 1, noise)], 0.0)
    with recorder(tmp_path / "often") as tape:
        for k in range(200):
            tape.write([block("pv_w", k, noise), block("heating_w", k, noise)], k * 1.0)
    once, often = ((tmp_path / name).stat().st_size for name in ("once", "often"))
    assert often - once < 400 * 250
    with recorder(tmp_path / "clock") as tape:
        for k in range(600):
            tape.write([clock(60.0 * k)], 0.1 * k)
    entries = Recording(tmp_path / "clock").entries
    assert 55 <= len(entries) <= 65


def test_a_jump_of_the_clock_is_written_at_once(tmp_path: Path) -> None:
    with recorder(tmp_path / "a") as tape:
        for moment, at_s in ((clock(0.0), 0.0), (clock(60.0), 0.1), (clock(9000.0), 0.2), (clock(9000.0, 0.0), 0.3)):
            tape.write([moment], at_s)
    assert [e.time_s for e in Recording(tmp_path / "a").entries] == [0.0, 0.2, 0.3]


def test_of_a_fast_drag_ten_days_a_second_are_kept_and_the_last(tmp_path: Path) -> None:
    with recorder(tmp_path / "a") as tape:
        for k in range(100):
            tape.write([block("pv_w", k, GROWING + k, provisional=True)], k * 0.02)
        tape.write([clock(0.0)], 2.2)
    tape_read = Recording(tmp_path / "a")
    days = [e for e in tape_read.entries if e.topic.startswith(b"flux")]
    assert 15 <= len(days) <= 25
    assert tape_read.message(days[-1]).key.scenario_revision == 99  # type: ignore[attr-defined]
    tape_read.close()


def test_whatever_is_cut_off_the_rest_is_read(tmp_path: Path) -> None:
    path, cut = tmp_path / "a", tmp_path / "cut"
    with recorder(path) as tape:
        for k in range(5):
            tape.write([block("pv_w", k, np.full((2, 3), float(k), np.float32))], float(k))
    whole = path.read_bytes()
    counts = []
    for length in range(len(whole) + 1):
        cut.write_bytes(whole[:length])
        try:
            tape_read = Recording(cut)
        except Refused as e:
            assert str(cut) in str(e)
            continue
        counts.append(len(tape_read.entries))
        assert all(tape_read.message(e) for e in tape_read.entries)
        tape_read.close()
    assert counts == sorted(counts) and counts[0] == 0 and counts[-1] == 5
    cut.write_bytes(whole[:-3])
    with Recorder(cut, version="9", wall_s=1010.0, now_s=77.0, go_on=True) as tape:
        tape.write([schema.Problems(1, ())], 78.0)
    assert [e.time_s for e in Recording(cut).entries] == [0.0, 1.0, 2.0, 3.0, 11.0]


def test_a_flipped_byte_is_no_crash_and_no_wrong_number(tmp_path: Path) -> None:
    path, bad = tmp_path / "a", tmp_path / "bad"
    values = np.full((2, 3), 7.0, np.float32)
    with recorder(path) as tape:
        tape.write([block("pv_w", 1, values)], 0.0)
    whole = path.read_bytes()
    for place in range(len(whole)):
        bad.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        try:
            tape_read = Recording(bad)
        except Refused:
            continue
        for entry in tape_read.entries:
            try:
                message = tape_read.message(entry)
            except Refused:
                continue
            assert isinstance(message, schema.FluxBlock) and (message.values == values).all()
        tape_read.close()


def raw_record(kind: int, time_s: float, body: bytes) -> bytes:
    return struct.pack("<BdII", kind, time_s, len(body), zlib.crc32(body)) + body


def test_an_array_that_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    with recorder(tmp_path / "a") as tape:
        tape.write([block("pv_w", 1, GROWING)], 0.0)
    whole = (tmp_path / "a").read_bytes()
    bomb = raw_record(1, 0.0, zlib.compress(bytes((64 << 20) + 1)))
    head = Recording(tmp_path / "a").entries[0].head
    batch = msgspec.msgpack.encode([[b"fluxblock:a:pv_w;", head, [len(whole)]]])
    (tmp_path / "a").write_bytes(whole + bomb + raw_record(2, 1.0, batch))
    tape_read = Recording(tmp_path / "a")
    with pytest.raises(Refused, match="larger than any that is recorded"):
        tape_read.message(tape_read.entries[-1])


@pytest.mark.parametrize("time_s", [float("nan"), float("inf"), -1.0, 0.5])
def test_time_that_does_not_run_forward_ends_the_recording(tmp_path: Path, time_s: float) -> None:
    with recorder(tmp_path / "a") as tape:
        tape.write([schema.Problems(1, ())], 1.0)
    with (tmp_path / "a").open("ab") as file:
        file.write(raw_record(2, time_s, msgspec.msgpack.encode([])))
        file.write(raw_record(2, 9.0, msgspec.msgpack.encode([[b"problems;", b"", []]])))
    assert Recording(tmp_path / "a").length_s == 1.0


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (Header(record.FORMAT + 1, schema.PROTOCOL, "9", 0.0), "recording format 2, this Surplus reads up to 1"),
        (Header(record.FORMAT, schema.PROTOCOL + 1, "9", 0.0), "recorded by Surplus 9"),
    ],
)
def test_another_version_is_refused_in_words(tmp_path: Path, header: Header, words: str) -> None:
    body = msgspec.msgpack.encode(header)
    (tmp_path / "a").write_bytes(record.MAGIC + len(body).to_bytes(4, "little") + body)
    with pytest.raises(Refused, match=words):
        Recording(tmp_path / "a")


def test_what_is_no_recording_or_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("hello")
    with pytest.raises(Refused, match="text is no recording of Surplus"):
        Recording(tmp_path / "text")
    with pytest.raises(Refused, match="cannot read the recording"):
        Recording(tmp_path / "nowhere")
    with pytest.raises(Refused, match="choose a writable place"):
        recorder(tmp_path / "no" / "folder")
    recorder(tmp_path / "mine").close()
    with pytest.raises(Refused, match="exists already; delete it"):
        recorder(tmp_path / "mine")
