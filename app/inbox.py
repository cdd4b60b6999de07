"""Messages into the stage: the newest of each kind stands."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace

from app.world import SIDE, Stage
from network.schema import (
    Answer,
    Balance,
    Catalogue,
    Clock,
    Explanation,
    Facts,
    FluxBlock,
    Hello,
    Message,
    Problems,
    Roster,
    Saved,
    Scenario,
)


def absorb(stage: Stage, messages: Iterable[Message], now_s: float) -> Stage:
    """The stage after `messages`."""
    for message in messages:
        match message:
            case Hello():
                stage = replace(stage, hello=message)
            case Roster():
                stage = replace(stage, roster=message)
            case Catalogue():
                stage = replace(stage, catalogue=message)
            case Problems():
                stage = replace(stage, problems=message)
            case Saved():
                stage = replace(stage, saved=message)
            case Facts():
                stage = replace(stage, facts=message)
            case Explanation():
                stage = replace(stage, explanation=message)
            case Scenario(side=side) if side == SIDE:
                stage = replace(stage, scenario=message)
            case Balance(side=side) if side == SIDE:
                stage = replace(stage, balance=message)
            case FluxBlock(side=side, quantity=quantity) if side == SIDE:
                stage = replace(stage, blocks={**stage.blocks, quantity: message})
            case Clock():
                stage = replace(stage, clock=message, clock_s=now_s)
            case Answer(refused=refused) if refused:
                stage = replace(stage, refused=refused, refused_s=now_s)
    return stage


def met(poll: Callable[[], list[Message]], *, limit_s: float) -> Stage:
    """The stage once sim has named its district, or after `limit_s`: answers come faster than frames are drawn."""
    stage, end_s = Stage(), time.monotonic() + limit_s
    while (stage.hello is None or stage.roster is None) and time.monotonic() < end_s:
        stage = absorb(stage, poll(), time.monotonic())
        time.sleep(0.002)
    return stage


def settled(stage: Stage, quantities: Iterable[str]) -> bool:
    """Whether what is shown is final: no block provisional or of another scenario, the year's balance complete."""
    clock, scenario, balance = stage.clock, stage.scenario, stage.balance
    if clock is None or scenario is None or balance is None or stage.roster is None:
        return False
    key = clock.keys.get(SIDE)
    if key is None or key.provisional or key.scenario_revision != scenario.revision:
        return False
    if clock.revisions.get(f"scenario:{SIDE}") != scenario.revision:
        return False
    if balance.revision != scenario.revision or balance.fraction < 1.0:
        return False
    return all(q in stage.blocks and stage.blocks[q].key == key for q in quantities)


def of_the_day(stage: Stage, quantity: str, time_s: float) -> bool:
    """Whether the values held of `quantity` cover this moment, provisional or not."""
    block = stage.blocks.get(quantity)
    return block is not None and block.first_time_s <= time_s <= block.first_time_s + block.step_s * len(block.values)
