"""The wire: the only file that imports zmq.

State flows down from PUB, wishes and questions go up from DEALER to ROUTER; CURVE always, on loopback too, so there
is one path to test. A reply is one message of many parts: Answer, then the state it names. Nothing here blocks but
`Server.poll`, and nothing waits at exit (LINGER 0). Small queues: a slow viewer loses the newest, sees by the Clock
what it lacks, and asks. Measured reasons for the numbers: reconnect 20 ms doubling to 500 ms is back within 100 ms
after a restart; without a message limit one peer takes 300 MB; without a handshake limit silent connections stay for
30 s.
"""

from __future__ import annotations

import math
import socket as plain_socket
import struct
import time
import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import msgspec
import zmq
from zmq.utils import z85

from network import codec, keys, schema
from network.address import Address, endpoint, host_and_port, is_loopback, key_to_text, line, parse, reachable
from network.follow import Follower, newest_first_needed
from network.problems import Refused

HIGH_WATER = 32
"""Messages a queue holds; one change publishes about a dozen."""
UP_BYTES = 1 << 20
DOWN_BYTES = 64 << 20
"""Longest frame taken from a viewer, from sim."""
BURST = 64
"""Most requests taken in one poll, and 8 times as many published messages."""
LIVE_S = 1.0
"""A Clock younger than this means connected."""
STRANGE_S = 1.5
"""Handshakes that fail for so long mean a wrong key."""
ZAP = "inproc://zeromq.zap.01"


def viewer_key() -> str:
    """Public key of this user's viewers, as an allow file lists it."""
    return key_to_text(keys.pair("viewer", _make_pair)[0])


@dataclass(frozen=True)
class Request:
    """A question or wish that came in, with where its reply goes."""

    peer: bytes
    number: bytes
    message: schema.Message


class _End:
    """What has sockets of its own; a context that closes it."""

    _context: zmq.Context[Any]

    def close(self) -> None:
        """At once; what is unsent is dropped."""
        self._context.destroy(linger=0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


class Server(_End):
    """The sim's end: ROUTER and PUB, one public key. Use from one thread."""

    def __init__(self, bind: str = "127.0.0.1", *, allow: Path | None = None) -> None:
        """Bind to `HOST` or `HOST:PORT` (no port or 0: any free one); PUB takes the next port where it can.

        Raises:
            Refused: the port is in use, the host is not this machine's, or a bind beyond loopback lacks `allow`.
        """
        host, port = host_and_port(bind)
        host = "127.0.0.1" if host == "localhost" else host
        if not is_loopback(host) and allow is None:
            raise Refused(f"{host} is reachable from other machines; name the viewers' keys with --allow FILE", code=2)
        self._allowed = keys.allowed(allow) if allow else None
        self._public, self._secret = keys.pair("server", _make_pair)
        self._context = _context()
        self._zap: zmq.Socket[bytes] | None = None
        self.malformed = 0
        """Requests that were no message of this vocabulary."""
        try:
            if self._allowed is not None:
                self._zap = self._context.socket(zmq.REP)
                self._zap.bind(ZAP)
            self._router = self._socket(zmq.ROUTER, host)
            self._publisher = self._socket(zmq.PUB, host)
            port = _bind(self._router, host, port)
            try:
                state_port = _bind(self._publisher, host, port + 1)
            except Refused:
                state_port = _bind(self._publisher, host, 0)
        except BaseException:
            self.close()
            raise
        self.address = Address(host, port, self._public)
        self.state_address = endpoint(host, state_port)
        self._poller = zmq.Poller()
        for end in (self._router, self._zap):
            if end is not None:
                self._poller.register(end, zmq.POLLIN)

    @property
    def address_line(self) -> str:
        """`surplus view tcp://HOST:PORT#KEY`"""
        return line(self.address)

    def wake_by(self, end: plain_socket.socket) -> None:
        """Make `poll` return when `end` becomes readable."""
        self._poller.register(end.fileno(), zmq.POLLIN)

    def poll(self, timeout_s: float) -> list[Request]:
        """Wait up to `timeout_s` for requests or a wake, and return what came."""
        self._poller.poll(max(0, round(timeout_s * 1000)))
        self._admit()
        requests: list[Request] = []
        while len(requests) < BURST:
            try:
                peer, *rest = self._router.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                break
            try:
                number, *frames = rest
                message = codec.decode(frames)
            except ValueError as e:
                self.malformed += 1
                if rest:
                    said = e if isinstance(e, codec.BadFrames) else "no message"
                    self.reply(Request(peer, rest[0], schema.Answer()), refused=f"not understood: {said}")
                continue
            requests.append(Request(peer, number, message))
        return requests

    def reply(self, request: Request, messages: Sequence[schema.Message] = (), *, refused: str = "") -> None:
        """Answer `request` with the state in `messages`; a viewer that went away misses it, and nobody waits."""
        frames = codec.encode_all((schema.Answer(refused=refused, parts=len(messages)), *messages))
        try:
            self._router.send_multipart([request.peer, request.number, *frames], zmq.NOBLOCK)
        except zmq.ZMQError as e:
            if e.errno not in (zmq.EAGAIN, zmq.EHOSTUNREACH):
                raise

    def publish(self, message: schema.Message) -> None:
        """To every viewer that subscribed; full queues drop it."""
        self._publisher.send_multipart([codec.topic(message), *codec.encode(message)], zmq.NOBLOCK)

    def _socket(self, kind: int, host: str) -> zmq.Socket[bytes]:
        made = self._context.socket(kind)
        made.setsockopt(zmq.IPV6, ":" in host)
        made.setsockopt(zmq.MAXMSGSIZE, UP_BYTES)
        made.setsockopt(zmq.CURVE_SERVER, 1)
        made.setsockopt(zmq.CURVE_SECRETKEY, self._secret)
        if self._allowed is not None:
            made.setsockopt(zmq.ZAP_DOMAIN, b"surplus")
        return made

    def _admit(self) -> None:
        """Answer the handshakes that wait (ZAP, RFC 27): 200 for a listed key, 400 for any other."""
        while self._zap is not None:
            try:
                version, number, _domain, _host, _name, mechanism, *credentials = self._zap.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            known = mechanism == b"CURVE" and bool(credentials) and credentials[0] in (self._allowed or ())
            verdict = [b"200", b"OK"] if known else [b"400", b"key not listed"]
            self._zap.send_multipart([version, number, *verdict, b"", b""])


class Client(_End):
    """A viewer's end: DEALER and SUB. Connects, reconnects and catches up by itself; call `poll` once a frame."""

    def __init__(self, address_line: str, *, sender: str = "") -> None:
        """`address_line` as `surplus serve` prints it. `sender` is the viewer's name in wishes, random if empty.

        Raises:
            Refused: the address is no address.
        """
        self.address = parse(address_line)
        self.sender = sender or uuid.uuid4().hex[:8]
        self.malformed = 0
        """Messages from sim that were not understood."""
        self._follower = Follower(self.sender)
        self._pair = keys.pair("viewer", _make_pair)
        self._context = _context()
        self._dealer = self._socket(zmq.DEALER)
        self._dealer.setsockopt(zmq.IMMEDIATE, 1)  # no pile of old questions for a sim that is away
        self._monitor: zmq.Socket[Any] = self._dealer.get_monitor_socket(zmq.EVENT_ALL)
        self._strange_s = -math.inf
        """Since when handshakes fail; infinite once one succeeded."""
        self._dealer.connect(self.address.endpoint)
        self._subscriber = self._socket(zmq.SUB)
        self._state_endpoint = ""
        self._early: list[schema.Message] = []
        """Taken in while waiting; the next poll hands them out."""
        for name in ("clock", "roster", "catalogue", "problems", "saved", "scenario", "balance"):
            self._subscriber.subscribe(name)

    def poll(self, now_s: float | None = None) -> list[schema.Message]:
        """What is new, without waiting: the newest of each topic, names before what refers to them, Clock last.

        Hello, Roster, Catalogue, Problems, Saved, Scenario, Balance, FluxBlock and Clock come by themselves, late or
        not, so do Facts and Explanation of the row that `ask_facts` named; an Answer comes only where one is refused.
        Sends the questions and wishes that are due.

        Raises:
            Refused: sim speaks another protocol, or turns this viewer away.
        """
        now = time.monotonic() if now_s is None else now_s
        self._watch_handshakes(now)
        newest: dict[bytes, schema.Message] = {}
        answers: list[schema.Message] = []
        for message in self._replies(answers):
            self._take(message, now, newest)
        for message in self._published():
            self._take(message, now, newest)
        for number, message in self._follower.due(now):
            self._send(number, message)
        early, self._early = self._early, []
        return early + sorted(newest.values(), key=newest_first_needed) + answers

    def wait(self, limit_s: float) -> None:
        """Let sim answer: return when the colours of a change that is under way are here, after `limit_s` at most.

        Returns at once when nothing is under way. For viewers whose drawing takes the cores that sim answers with.
        """
        end_s = time.monotonic() + limit_s
        while self._follower.awaiting and (left_s := end_s - time.monotonic()) > 0.0:
            zmq.select([self._dealer, self._subscriber], [], [], timeout=left_s)
            self._early = self.poll()

    def send(self, wish: schema.Wish, now_s: float | None = None) -> None:
        """Wish something of sim: sent at once, or its newest value as soon as the one before it is answered."""
        self._follower.wish(wish)
        for number, message in self._follower.due(time.monotonic() if now_s is None else now_s):
            self._send(number, message)

    def show(self, quantities: Iterable[str], *, side: str = "a") -> None:
        """Follow the blocks of exactly these quantities of `side`; missing ones are asked for."""
        wanted = frozenset(quantities)
        held = self._follower.wanted.get(side, frozenset())
        for quantity in wanted - held:
            self._subscriber.subscribe(codec.flux_topic(side, quantity))
        for quantity in held - wanted:
            self._subscriber.unsubscribe(codec.flux_topic(side, quantity))
        self._follower.want(side, wanted)

    def ask_facts(self, axis: str, row: int, *, side: str = "a", explain_s: float = -1.0) -> None:
        """Follow what is known of one row (building, line, site); `poll` brings its Facts, again after every new year.

        With `explain_s`, the start of a step, also the Explanation of the building's figures in it. Costs nothing when
        it is followed already. A row that does not exist is refused in words, once. A negative row ends it.
        """
        self._follower.inquire((side, axis, row) if row >= 0 else None, explain_s)

    @property
    def connected(self) -> bool:
        """Whether a Clock came within the last second."""
        return time.monotonic() - self._follower.heard_s < LIVE_S

    @property
    def settled(self) -> bool:
        """Whether all wishes are answered and nothing that the last Clock names is missing."""
        return self._follower.idle and self._follower.complete

    def _socket(self, kind: int) -> zmq.Socket[bytes]:
        made = self._context.socket(kind)
        made.setsockopt(zmq.IPV6, ":" in self.address.host)
        made.setsockopt(zmq.MAXMSGSIZE, DOWN_BYTES)
        made.setsockopt(zmq.CURVE_SERVERKEY, self.address.key)
        made.setsockopt(zmq.CURVE_PUBLICKEY, self._pair[0])
        made.setsockopt(zmq.CURVE_SECRETKEY, self._pair[1])
        return made

    def _send(self, number: int, message: schema.Message) -> None:
        try:
            self._dealer.send_multipart([number.to_bytes(8, "big"), *codec.encode(message)], zmq.NOBLOCK)
        except zmq.Again:
            self._follower.unsent(number)

    def _replies(self, answers: list[schema.Message]) -> Iterable[schema.Message]:
        """State in the replies that came; refusals of wishes go to `answers`."""
        for number, *frames in _drain(self._dealer, BURST):
            try:
                answer, *state = codec.decode_all(frames)
            except ValueError:
                self.malformed += 1
                continue
            yield from state
            refused = isinstance(answer, schema.Answer) and bool(answer.refused)
            about = self._follower.answered(int.from_bytes(number, "big"), refused=refused)
            personal = not isinstance(about, schema.Ask) or about.what in ("facts", "explain")
            if about is not None and refused and personal:
                answers.append(answer)

    def _published(self) -> Iterable[schema.Message]:
        """The newest published message of each topic; older ones are dropped unread."""
        newest = {topic: frames for topic, *frames in _drain(self._subscriber, 8 * BURST)}
        for frames in newest.values():
            try:
                yield codec.decode(frames)
            except codec.BadFrames:
                self.malformed += 1

    def _take(self, message: schema.Message, now_s: float, newest: dict[bytes, schema.Message]) -> None:
        if isinstance(message, schema.Hello):
            if message.protocol != schema.PROTOCOL:
                raise Refused(
                    f"the sim at {self.address.endpoint} (Surplus {message.version}) speaks protocol "
                    f"{message.protocol}, this viewer {schema.PROTOCOL}; install the same Surplus on both sides"
                )
            self._follow_state(message.state_address)
            message = msgspec.structs.replace(message, tiles=reachable(message.tiles, self.address.host))
        if self._follower.hear(message, now_s):
            newest[codec.topic(message)] = message

    def _follow_state(self, state_address: str) -> None:
        """Connect SUB to the named port, on the host by which this viewer reached sim."""
        where = endpoint(self.address.host, host_and_port(state_address)[1])
        if where != self._state_endpoint:
            if self._state_endpoint:
                self._subscriber.disconnect(self._state_endpoint)
            self._subscriber.connect(where)
            self._state_endpoint = where

    def _watch_handshakes(self, now_s: float) -> None:
        """See whether sim takes this viewer in at all.

        Raises:
            Refused: it never did, and turns it away for its key or the key in the address.
        """
        for frames in _drain(self._monitor, BURST):
            event, _ = struct.unpack("=HI", frames[0])
            if event == zmq.EVENT_HANDSHAKE_SUCCEEDED:
                self._strange_s = math.inf
            elif event == zmq.EVENT_HANDSHAKE_FAILED_AUTH and self._strange_s < math.inf:
                raise Refused(f"the sim at {self.address.endpoint} does not list this viewer's key; add "
                              f"{key_to_text(self._pair[0])} to its allow file and start it again")  # fmt: skip
            elif event in (zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL, zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL):
                self._strange_s = now_s if self._strange_s == -math.inf else self._strange_s
                if self._strange_s < now_s - STRANGE_S:
                    raise Refused(f"what answers at {self.address.endpoint} has another key than this address; copy "
                                  "the whole line that `surplus serve` prints there now")  # fmt: skip


def _drain(end: zmq.Socket[bytes], most: int) -> Iterable[list[bytes]]:
    for _ in range(most):
        try:
            yield end.recv_multipart(zmq.NOBLOCK)
        except zmq.Again:
            return


def _context() -> zmq.Context[Any]:
    context: zmq.Context[Any] = zmq.Context()
    defaults: Collection[tuple[int, int]] = (
        (zmq.LINGER, 0),  # first of all: with the default, an unsent message hangs the exit for ever
        (zmq.SNDHWM, HIGH_WATER),
        (zmq.RCVHWM, HIGH_WATER),
        (zmq.HANDSHAKE_IVL, 2000),
        (zmq.RECONNECT_IVL, 20),
        (zmq.RECONNECT_IVL_MAX, 500),
    )
    for option, value in defaults:
        context.setsockopt(option, value)
    return context


def _bind(end: zmq.Socket[bytes], host: str, port: int) -> int:
    """Bind and return the port; 0 asks for any free one."""
    where = endpoint(host, port or "*")
    try:
        if port > 65535:
            raise zmq.ZMQError(zmq.EADDRINUSE)
        end.bind(where)
    except zmq.ZMQError as e:
        if e.errno == zmq.EADDRINUSE:
            sentence = f"port {port} of {host} is in use; end what uses it or choose another with --bind {host}:PORT"
        else:
            sentence = f"cannot listen on {where}: {e.strerror}; choose an address of this machine with --bind"
        raise Refused(sentence) from e
    last = end.getsockopt(zmq.LAST_ENDPOINT)
    return int(bytes(last).rstrip(b"\0").rpartition(b":")[2])


def _make_pair() -> keys.Pair:
    public, secret = zmq.curve_keypair()
    return z85.decode(public), z85.decode(secret)
