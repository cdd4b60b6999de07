"""`python -m sim.replay JSON`: a recording served as if it were a sim, so that viewers need not know.

Takes Seek and SetPace; whatever would change the scenario is refused by a sentence. Prints its address line and ends at
EOF of stdin as `python -m sim` does.
"""

from __future__ import annotations

import sys
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Sequence
from pathlib import Path

import msgspec

from network import moment, schema
from network.problems import Refused
from network.record import Recording
from network.wire import Request, Server
from sim import process
from sim.bell import Bell, watch_parent
from sim.player import Player

CLOCK_S = 0.1
LOOK_S = 0.05
ANSWER_S = 2.0
"""Time for another machine to say whether it still offers the tiles."""


class ReplayOptions(msgspec.Struct, frozen=True):
    """Options of `surplus replay`, and what the supervisor adds to them."""

    file: str
    bind: str = "127.0.0.1"
    time: str = ""
    """ISO wall time to begin at; empty: where the first complete picture stands."""
    at_s: float = -1.0
    """Place to begin at, seconds since the recording began; negative: as `time` says."""
    paused: bool = False
    settle: bool = False
    """Somebody waits for a complete picture: a recording without one is refused."""
    parent_pipe: bool = False
    """End at EOF of stdin, leave Ctrl+C to the parent."""
    state_dir: str = ""
    resume: bool = False
    """Restart after a death; a replay begins again."""


def main(arguments: Sequence[str]) -> int:
    """Serve as the JSON in the only argument says; exit code."""
    return process.run(arguments, ReplayOptions, serve, command="replay")


def serve(options: ReplayOptions) -> None:
    """Serve a recording until the parent goes or somebody interrupts.

    Raises:
        Refused: the file, the time or the address cannot be used.
    """
    recording = Recording(Path(options.file))
    try:
        with Server(options.bind) as server, Bell() as bell:
            player = Player(recording, run=uuid.uuid4().hex[:12], state_address=server.state_address)
            if options.settle and not player.whole:
                raise Refused(
                    f"the recording {recording.path} ends before its first complete picture; record a little longer, "
                    "or see it in a window"
                )
            player.tiles_missing = _missing(player.hello.tiles)
            _begin(player, options)
            server.wake_by(bell.end)
            ended = watch_parent(bell) if options.parent_pipe else threading.Event()
            print(server.address_line, flush=True)
            _loop(player, server, bell, ended)
    finally:
        recording.close()


def _begin(player: Player, options: ReplayOptions) -> None:
    player.speed = 0.0 if options.paused else 1.0
    if options.at_s >= 0.0:
        player.go_to(options.at_s)
    elif options.time:
        at = player.hello
        time_s, note = moment.seconds(options.time, year=at.year, zone=at.zone, utc_offset_s=at.utc_offset_s)
        if note:
            print(f"surplus: {note}", file=sys.stderr)
        player.seek(time_s)


def _missing(tiles: str) -> str:
    """Why the tiles of the recorded district cannot be had, one sentence; empty where they can."""
    if tiles.startswith("http://"):
        try:
            urllib.request.urlopen(tiles, timeout=ANSWER_S).close()
        except (urllib.error.URLError, OSError, ValueError):
            return f"the tiles at {tiles} are no longer offered; serve their package again to see the buildings"
    elif not Path(tiles).is_file():
        return f"there are no tiles at {tiles} any more; put the package back there to see the buildings"
    return ""


def _loop(player: Player, server: Server, bell: Bell, ended: threading.Event) -> None:
    clock_s = float("-inf")
    while not ended.is_set():
        for request in server.poll(max(0.0, min(LOOK_S, clock_s + CLOCK_S - time.monotonic()))):
            if _serve_one(player, server, request):
                clock_s = float("-inf")
        bell.quiet()
        now_s = time.monotonic()
        for message in player.tick(now_s):
            server.publish(message)
        if now_s - clock_s >= CLOCK_S:
            server.publish(player.clock())
            clock_s = now_s


def _serve_one(player: Player, server: Server, request: Request) -> bool:
    """Answer one request; whether it moved the player."""
    try:
        match request.message:
            case schema.Ask() as question:
                server.reply(request, player.ask(question))
                return False
            case schema.Seek(time_s=time_s):
                messages = player.seek(time_s)
            case schema.SetPace(pace=pace):
                messages = player.set_pace(pace)
            case schema.ChooseLayers() | schema.Undo() | schema.Redo() | schema.SaveScenario():
                about = "saved" if isinstance(request.message, schema.SaveScenario) else "scenario"
                words = f"this is a recording; open {player.hello.package} with `surplus run` to try what-ifs"
                server.reply(request, player.ask(schema.Ask(about)), refused=words)
                return False
            case other:
                raise Refused(f"{type(other).__name__} is no wish and no question")
    except Refused as e:
        server.reply(request, refused=str(e))
        return False
    server.reply(request, (player.clock(),))
    for message in messages:
        server.publish(message)
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
