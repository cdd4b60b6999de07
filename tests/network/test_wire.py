"""Real sockets on loopback: a late viewer catches up, wishes are answered, strangers stay out, exits are quick."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import zmq

from network import address, schema, wire
from network.problems import Refused

ROOT = Path(__file__).resolve().parents[2]


class Twin:
    """The smallest sim: one roster, one block, one clock, and a list of the wishes that came."""

    def __init__(self, bind: str = "127.0.0.1", run: str = "one", allow: Path | None = None) -> None:
        self.server = wire.Server(bind, allow=allow)
        self.run = run
        self.wishes: list[schema.Message] = []
        self.asked: list[schema.Ask] = []
        self.deaf = False

    def hello(self) -> schema.Hello:
        return schema.Hello(
            schema.PROTOCOL, self.run, "0", "p", "P", self.server.state_address, "", 0.9, 0.1, 0.0, "Europe/Amsterdam",
            3600.0, 2015, 8760, 3600.0, (0.0, 0.0, 1.0, 1.0), 0.0,
        )  # fmt: skip

    def block(self, quantity: str = "pv_w", revision: int = 4) -> schema.FluxBlock:
        key = schema.BlockKey(self.run, revision, 11, False)
        return schema.FluxBlock("a", quantity, key, 3600.0, 0.0, np.full((26, 3), float(revision), np.float32))

    def clock(self, revision: int = 4) -> schema.Clock:
        key = schema.BlockKey(self.run, revision, 11, False)
        return schema.Clock(self.run, 60.0, 1.0, 1.0, {"problems": 1}, {"a": key})

    def turn(self) -> None:
        for request in self.server.poll(0.002):
            if self.deaf:
                continue
            match request.message:
                case schema.Ask(what="hello"):
                    self.server.reply(request, [self.hello()])
                case schema.Ask(what="problems"):
                    self.server.reply(request, [schema.Problems(1, ())])
                case schema.Ask(what="flux", quantities=quantities) as ask:
                    self.asked.append(ask)
                    self.server.reply(request, [self.block(q) for q in quantities])
                case schema.Seek() as wish:
                    self.wishes.append(wish)
                    self.server.reply(request, refused="not now" if wish.time_s < 0 else "")
                case wish:
                    self.wishes.append(wish)
                    self.server.reply(request)
        self.server.publish(self.clock())


@pytest.fixture
def twin() -> Iterator[Twin]:
    made = Twin()
    yield made
    made.server.close()


def until(done: Callable[[], bool], *turns: Callable[[], object], within_s: float = 20.0) -> None:
    end = time.monotonic() + within_s
    while not done():
        assert time.monotonic() < end, "did not happen in time"
        for turn in turns:
            turn()


def test_a_late_viewer_gets_names_before_numbers_and_asks_only_for_what_it_shows(twin: Twin) -> None:
    seen: list[schema.Message] = []
    with wire.Client(twin.server.address_line) as viewer:
        viewer.show(["surplus_w"])
        until(lambda: viewer.settled, twin.turn, lambda: seen.extend(viewer.poll()))
        kinds = [type(m) for m in seen]
        assert kinds.index(schema.Hello) < kinds.index(schema.Problems)
        blocks = [m for m in seen if isinstance(m, schema.FluxBlock)]
        assert [b.quantity for b in blocks] == ["surplus_w"] and (blocks[0].values == 4.0).all()
        assert viewer.connected and {a.quantities for a in twin.asked} == {("surplus_w",)}


def test_a_viewer_that_slept_sees_only_the_newest_of_each_topic(twin: Twin) -> None:
    with wire.Client(twin.server.address_line) as viewer:
        viewer.show(["pv_w"])
        until(lambda: viewer.settled, twin.turn, viewer.poll)
        for revision in range(5, 16):
            twin.server.publish(twin.block(revision=revision))
        time.sleep(0.1)
        values = [m.values[0, 0] for m in viewer.poll() if isinstance(m, schema.FluxBlock)]
        assert values == [15.0]


def test_one_wish_of_a_kind_is_in_flight_and_the_newest_follows(twin: Twin) -> None:
    with wire.Client(twin.server.address_line, sender="me") as viewer:
        until(lambda: viewer.connected, twin.turn, viewer.poll)
        for second in range(100):
            viewer.send(schema.Seek("me", float(second)))
        viewer.send(schema.SetPace("me", 60.0))
        until(lambda: viewer.settled, twin.turn, viewer.poll)
        assert [w.time_s for w in twin.wishes if isinstance(w, schema.Seek)] == [0.0, 99.0]
        assert schema.SetPace("me", 60.0) in twin.wishes


def test_a_refusal_reaches_the_viewer_as_a_sentence(twin: Twin) -> None:
    seen: list[schema.Message] = []
    with wire.Client(twin.server.address_line) as viewer:
        until(lambda: viewer.connected, twin.turn, viewer.poll)
        viewer.send(schema.Seek("me", -1.0))
        until(lambda: viewer.settled, twin.turn, lambda: seen.extend(viewer.poll()))
        assert [m.refused for m in seen if isinstance(m, schema.Answer)] == ["not now"]


def test_an_unanswered_wish_is_sent_again_to_the_sim_that_came_back() -> None:
    first = Twin()
    with wire.Client(first.server.address_line) as viewer:
        viewer.show(["pv_w"])
        until(lambda: viewer.settled, first.turn, viewer.poll)
        first.deaf = True
        viewer.send(schema.Seek("me", 7.0))
        first.turn()
        first.server.close()
        second = Twin(f"127.0.0.1:{first.server.address.port}", run="two")
        began = time.monotonic()
        until(lambda: viewer.settled and bool(second.wishes), second.turn, viewer.poll)
        assert second.wishes == [schema.Seek("me", 7.0)] and time.monotonic() - began < 2.5
        assert second.asked and second.server.state_address == first.server.state_address
        second.server.close()


def test_garbage_gets_a_sentence_and_hurts_nobody(twin: Twin) -> None:
    here = twin.server.address
    with socket.create_connection((here.host, here.port)) as stranger:
        stranger.sendall(os.urandom(500))
    with wire.Client(twin.server.address_line) as viewer:
        until(lambda: viewer.connected, twin.turn, viewer.poll)
        viewer._dealer.send_multipart([b"12345678", b"garbage"])
        viewer._dealer.send_multipart([b""])
        until(lambda: twin.server.malformed == 2, twin.turn, viewer.poll)
        viewer.send(schema.SetPace("me", 1.0))
        until(lambda: viewer.settled, twin.turn, viewer.poll)


def test_an_oversized_frame_is_cut_off_at_the_door(twin: Twin) -> None:
    with wire.Client(twin.server.address_line) as rude, wire.Client(twin.server.address_line) as viewer:
        until(lambda: rude.connected and viewer.connected, twin.turn, rude.poll, viewer.poll)
        rude._dealer.send_multipart([b"12345678", bytes(wire.UP_BYTES + 1)])
        viewer.send(schema.SetPace("me", 1.0))
        until(lambda: viewer.settled, twin.turn, viewer.poll)
        assert twin.server.malformed == 0


def test_a_port_in_use_is_named(twin: Twin) -> None:
    port = twin.server.address.port
    with pytest.raises(Refused, match=rf"port {port} of 127\.0\.0\.1 is in use; .*--bind"):
        wire.Server(f"127.0.0.1:{port}")
    with pytest.raises(Refused, match="cannot listen on"):
        wire.Server("203.0.113.7:7420", allow=_allow_nobody())


def _allow_nobody() -> Path:
    return Path(os.devnull)


def test_beyond_loopback_only_listed_viewers_enter(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="--allow FILE"):
        wire.Server("0.0.0.0")
    allow = tmp_path / "allow"
    for listed, enters in ((wire.viewer_key(), True), (address.key_to_text(bytes(32)), False)):
        allow.write_text(listed)
        twin = Twin("0.0.0.0", allow=allow)
        here = address.Address("127.0.0.1", twin.server.address.port, twin.server.address.key)
        with wire.Client(address.line(here)) as viewer:
            if enters:
                until(lambda v=viewer: v.connected, twin.turn, viewer.poll)  # type: ignore[misc]
            else:
                began = time.monotonic()
                with pytest.raises(Refused, match=f"does not list this viewer's key; add {wire.viewer_key()} to its"):
                    until(lambda: False, twin.turn, viewer.poll)
                assert time.monotonic() - began < 1.0
        twin.server.close()


def test_a_viewer_with_another_servers_key_hears_nothing(twin: Twin) -> None:
    public, _ = zmq.curve_keypair()
    other = address.Address("127.0.0.1", twin.server.address.port, zmq.utils.z85.decode(public))
    with wire.Client(address.line(other)) as viewer:
        began = time.monotonic()
        with pytest.raises(Refused, match="has another key than this address; copy the whole line"):
            until(lambda: False, twin.turn, viewer.poll, within_s=10.0)
        assert 1.0 < time.monotonic() - began < 4.0 and not viewer.connected


def test_a_sim_that_comes_late_or_goes_and_comes_back_is_no_stranger() -> None:
    twin = Twin()
    line, port = twin.server.address_line, twin.server.address.port
    twin.server.close()
    with wire.Client(line) as viewer:
        for _ in range(2):
            end = time.monotonic() + 1.8  # longer than the patience with a wrong key
            while time.monotonic() < end:
                viewer.poll()
                time.sleep(0.02)
            twin = Twin(f"127.0.0.1:{port}")
            until(lambda: viewer.connected, twin.turn, viewer.poll)
            twin.server.close()


def test_another_protocol_is_refused_in_words(twin: Twin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "PROTOCOL", schema.PROTOCOL + 1)
    older, theirs = twin.hello, schema.PROTOCOL - 1
    monkeypatch.setattr(twin, "hello", lambda: schema.Hello(*[
        theirs if f == "protocol" else getattr(older(), f) for f in schema.Hello.__struct_fields__]))  # fmt: skip
    words = rf"protocol {theirs}, this viewer {theirs + 1}"
    with wire.Client(twin.server.address_line) as viewer, pytest.raises(Refused, match=words):
        until(lambda: False, twin.turn, viewer.poll)


def test_a_program_with_unsent_messages_ends_at_once() -> None:
    program = (
        "from network import wire, schema\n"
        f"c = wire.Client('tcp://127.0.0.1:9#{'A' * 43}'); c.send(schema.Seek('me', 1.0)); c.poll()\n"
        "s = wire.Server(); s.publish(schema.Problems(1, ()))\n"
    )
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, timeout=20, check=False)
    assert done.returncode == 0 and time.monotonic() - began < 10
