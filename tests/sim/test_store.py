"""The session on disk: what comes back after a death, and after a night."""

from pathlib import Path

import pytest
from factories import random_district

from network import schema
from network.problems import Refused
from network.schema import LayerChoice
from sim import blocks, layers, session, store
from sim.session import SIDE, Facts, Session

DISTRICT = random_district(seed=1, buildings=3, nodes=0)


def fresh(validate=layers.validate) -> Session:
    hello = blocks.hello(DISTRICT, run="run", version="0", package="p", state_address="", tiles="", steps=8760,
                         step_s=3600.0)  # fmt: skip
    return Session(Facts(hello, blocks.roster(DISTRICT, revision=1), layers.wire(), schema.Problems(1, ()), validate))


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """Solar roofs chosen, then more of them, at noon of the first day, ten minutes a second; kept at 1,000 s."""
    state = fresh()
    for share in (0.2, 0.6):
        wish = schema.ChooseLayers(SIDE, "me", state.history.revision, "", (LayerChoice("solar", {"share": share}),))
        state, _ = session.wish(state, wish, 0.0)
    state, _ = session.wish(state, schema.Seek("me", 43200.0), 0.0)
    state, _ = session.wish(state, schema.SetPace("me", 600.0), 0.0)
    store.save(tmp_path / "s.json", state, wall_s=1000.0)
    return tmp_path / "s.json"


def test_after_a_death_the_clock_stands_where_it_would_be(kept: Path) -> None:
    back = store.load(kept, fresh(), wall_s=1002.0, resume=True)
    assert back is not None
    assert back.time_s == pytest.approx(43200.0 + 2.0 * 600.0)
    assert back.pace == 600.0


def test_after_a_night_it_stands_where_it_was_left(kept: Path) -> None:
    back = store.load(kept, fresh(), wall_s=90000.0, resume=False)
    assert back is not None
    assert back.time_s == 43200.0


def test_scenario_and_history_come_back_whole(kept: Path) -> None:
    back = store.load(kept, fresh(), wall_s=1000.0, resume=False)
    assert back is not None
    assert back.history.choices[0].values["share"] == 0.6
    undone, outcome = session.wish(back, schema.Undo(SIDE, "me", back.history.revision), 0.0)
    assert outcome.refused == ""
    assert undone.history.choices[0].values["share"] == 0.2


def test_scenarios_that_no_longer_fit_are_left(kept: Path) -> None:
    def nothing_fits(choices: tuple[LayerChoice, ...]) -> tuple[LayerChoice, ...]:
        if choices:
            raise Refused("there is no layer 'solar'")
        return choices

    assert store.load(kept, fresh(nothing_fits), wall_s=1000.0, resume=True) is None


def test_a_session_file_that_is_no_session_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "session.json"
    path.write_text('{"format": 99}')
    assert store.load(path, None, wall_s=0.0, resume=True) is None  # type: ignore[arg-type]
    lock = store.Lock(path, address_line="surplus view tcp://x", package=tmp_path)
    with pytest.raises(Refused, match=r"already open \(process \d+\).*surplus view tcp://x"):
        store.Lock(path, address_line="", package=tmp_path)
    lock.close()
    store.Lock(path, address_line="", package=tmp_path).close()
