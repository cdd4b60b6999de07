"""A workshop goes wrong: two viewers, one hangs for a minute, sim dies twice under a dragged slider; nobody notices."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from twins import ENVIRONMENT, ROOT, Watcher, sim_of, write_package

from network import schema

STOPPED_S = 60.0
WISH_S = 0.016
signals = pytest.mark.skipif(sys.platform == "win32", reason="stops and kills by signals")


def viewer_of(line: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "reporting_viewer", line]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, cwd=ROOT / "tests", env={**os.environ, **ENVIRONMENT}, **pipes)  # type: ignore[call-overload]


def report(viewer: subprocess.Popen[str]) -> dict:
    assert viewer.stdin and viewer.stdout
    viewer.stdin.write("\n")
    viewer.stdin.flush()
    return json.loads(viewer.stdout.readline())


@dataclass
class Workshop:
    """A drag is over; one viewer sees it, the other has stood still since `stopped_s`."""

    hand: Watcher
    awake: subprocess.Popen[str]
    asleep: subprocess.Popen[str]
    stopped_s: float
    share: float


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    """A session's own, as the other tests run while the viewer stands still (see `pytest_collection_modifyitems`)."""
    folder = write_package(tmp_path_factory.mktemp("package") / "workshop", buildings=60, nodes=80)
    program = (
        "import sys; from tools import supervise; "
        f"sys.exit(supervise.run({{'package': {str(folder)!r}, 'interactive': True}}, {{}}, viewer='quiet_viewer'))"
    )
    supervisor = subprocess.Popen([sys.executable, "-c", program], env={**os.environ, **ENVIRONMENT})
    viewers: list[subprocess.Popen[str]] = []
    try:
        line, pid = sim_of(folder)
        awake, asleep = viewers = [viewer_of(line), viewer_of(line)]
        hand = Watcher(line)
        hand.settle()
        hand.client.send(schema.SetPace("hand", 0.0))
        for viewer in viewers:
            report(viewer)
        asleep.send_signal(signal.SIGSTOP)
        stopped_s = time.monotonic()
        share = drag(hand, folder, pid)
        yield Workshop(hand, awake, asleep, stopped_s, share)
        hand.close()
    finally:
        for viewer in viewers:
            viewer.send_signal(signal.SIGCONT)
            viewer.kill()
            viewer.wait()
            for pipe in (viewer.stdin, viewer.stdout):
                if pipe:
                    pipe.close()
        supervisor.send_signal(signal.SIGINT)
        supervisor.wait(timeout=60)


def drag(hand: Watcher, folder: Path, pid: int) -> float:
    """Two drags of the slider, sim killed in the middle of each; the share wished for last."""
    share = 0.1
    for k in range(2):
        for wish in range(150):
            share = 0.1 + 0.002 * wish + 0.3 * k
            hand.choose(share, gesture=f"drag {k}")
            hand.look()
            if wish == 75:
                os.kill(pid, signal.SIGKILL)
            time.sleep(WISH_S)
        pid = sim_of(folder, other_than=pid)[1]
    hand.until(lambda: hand.settled and hand.scenario.choices[0].values["share"] == share)
    return share


@signals
def test_sim_killed_twice_in_a_drag_while_one_viewer_is_stopped_comes_back_to_the_last_wish(workshop: Workshop) -> None:
    one = report(workshop.awake)
    assert one["share"] == [workshop.share]
    assert one["run"] == workshop.hand.newest["hello"].run


@signals
def test_a_viewer_stopped_for_a_minute_meanwhile_shows_the_same_as_the_other(workshop: Workshop) -> None:
    hand, awake, asleep = workshop.hand, workshop.awake, workshop.asleep
    time.sleep(max(0.0, STOPPED_S - (time.monotonic() - workshop.stopped_s)))
    asleep.send_signal(signal.SIGCONT)
    hand.look()
    time.sleep(1.0)
    one, other = report(awake), report(asleep)
    assert one["share"] == other["share"] == [workshop.share]
    assert one["scenario"] == one["ledger_of"] == one["picture_of"]
    assert one["ledger"] == other["ledger"] == hand.newest["balance"].totals_j
    assert one["run"] == one["block_run"] == other["run"] == other["block_run"]
    assert other["picture_of"] == one["picture_of"]
    assert one["picture_age_s"] < 1.0
    assert other["picture_age_s"] < 1.0
