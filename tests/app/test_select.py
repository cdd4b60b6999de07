"""Which tiles are drawn and loaded.

root (no content)
 +-- a (error 20)       far away it is enough
 |    +-- a1, a2        near they replace it
 +-- b (error 0)
"""

import numpy as np
import pytest

from app.tiles.select import Eye, distance_m, in_view, select
from app.tiles.tileset import Nodes, Tileset

ROOT, A, B, A1, A2 = range(5)


def tiles(*, replace: bool = True) -> Tileset:
    x = np.array([0.0, -100.0, 100.0, -120.0, -80.0])
    return Tileset(Nodes(
        parent=np.array([-1, 0, 0, 1, 1]),
        geometric_error_m=np.array([200.0, 20.0, 0.0, 0.0, 0.0]),
        replace=np.full(5, replace),
        centre_m=np.c_[x, np.zeros(5), np.zeros(5)],
        radius_m=np.array([200.0, 50.0, 50.0, 20.0, 20.0]),
        half_m=np.array([200.0, 50.0, 50.0, 20.0, 20.0])[:, None] * np.ones(3),
        matrix=np.tile(np.eye(4), (5, 1, 1)),
        contents=[(), ("a.glb",), ("b.glb",), ("a1.glb",), ("a2.glb",)],
        stub=np.zeros(5, np.int8),
        expire_s=np.full(5, np.inf),
        has_request=np.zeros(5, bool),
        request_centre_m=np.zeros((5, 3)),
        request_half_m=np.zeros((5, 3)),
    ))  # fmt: skip


def eye(distance: float) -> Eye:
    return Eye(np.array([-100.0, -distance, 0.0]), np.array([[0.0, 1.0, 0.0, distance]]), 720.0, np.radians(28.0))


def flags(*rows: int) -> np.ndarray:
    mask = np.zeros(5, bool)
    mask[list(rows)] = True
    return mask


NONE = flags()


def test_from_afar_the_coarse_tile_is_enough() -> None:
    chosen = select(tiles(), eye(6000.0), ready=flags(A, B), failed=NONE)
    assert chosen.draw.tolist() == [A, B]
    assert chosen.load.tolist() == []


def test_near_the_children_replace_their_parent_once_both_are_there() -> None:
    chosen = select(tiles(), eye(300.0), ready=flags(A, B, A1, A2), failed=NONE)
    assert chosen.draw.tolist() == [B, A1, A2]


def test_until_every_child_is_there_the_parent_stays_and_nothing_gapes() -> None:
    chosen = select(tiles(), eye(300.0), ready=flags(A, B, A1), failed=NONE)
    assert chosen.draw.tolist() == [A, B]
    assert chosen.load.tolist() == [A2]


def test_in_place_of_a_failed_child_its_parent_stays_and_nothing_gapes() -> None:
    chosen = select(tiles(), eye(300.0), ready=flags(A, B, A1), failed=flags(A2))
    assert chosen.draw.tolist() == [A, B]
    assert chosen.load.tolist() == []


def test_of_many_children_a_failed_one_never_holds_up_its_siblings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.tiles.select.FEW", 1)
    chosen = select(tiles(), eye(300.0), ready=flags(A, B, A1), failed=flags(A2))
    assert chosen.draw.tolist() == [B, A1]
    assert chosen.load.tolist() == []


def test_zooming_out_keeps_loaded_children_until_the_parent_came() -> None:
    chosen = select(tiles(), eye(6000.0), ready=flags(B, A1, A2), failed=NONE)
    assert chosen.draw.tolist() == [B, A1, A2]
    assert chosen.load.tolist() == [A]


def test_additive_tiles_are_drawn_with_their_children() -> None:
    chosen = select(tiles(replace=False), eye(300.0), ready=flags(A, B, A1, A2), failed=NONE)
    assert chosen.draw.tolist() == [A, B, A1, A2]


def test_behind_the_eye_nothing_is_drawn_or_loaded() -> None:
    behind = Eye(np.array([0.0, 5000.0, 0.0]), np.array([[0.0, 1.0, 0.0, -5000.0]]), 720.0, 0.5)
    chosen = select(tiles(), behind, ready=NONE, failed=NONE)
    assert chosen.draw.tolist() == [] and chosen.load.tolist() == []


@pytest.mark.parametrize("distance", [100.0, 300.0, 1000.0, 3000.0, 10000.0])
@pytest.mark.parametrize("seed", range(20))
def test_no_tile_is_drawn_together_with_its_replaced_ancestor(distance: float, seed: int) -> None:
    ready = np.random.default_rng(seed).random(5) < 0.6
    chosen = select(tiles(), eye(distance), ready=ready & tiles().has_content, failed=NONE)
    drawn = set(chosen.draw.tolist())
    assert not (A in drawn and drawn & {A1, A2})
    assert all(ready[n] for n in drawn)


def half_seen(distance: float) -> Eye:
    """Near A, with A2 (east of x = -100) out of view."""
    planes = np.array([[0.0, 1.0, 0.0, distance], [-1.0, 0.0, 0.0, -101.0]])
    return Eye(np.array([-100.0, -distance, 0.0]), planes, 720.0, np.radians(28.0))


def test_a_child_out_of_view_is_waited_for_so_that_a_turn_of_the_head_shows_no_gap() -> None:
    chosen = select(tiles(), half_seen(300.0), ready=flags(A, B, A1), failed=NONE)
    assert chosen.draw.tolist() == [A]
    assert chosen.load.tolist() == [A2]
    assert chosen.keep[[A, A1, A2]].all()
    both = select(tiles(), half_seen(300.0), ready=flags(A, B, A1, A2), failed=NONE)
    assert both.draw.tolist() == [A1], "what is out of view is held, not drawn"
    assert both.keep[[A, A1, A2]].all() and not both.keep[B]


def test_tiles_come_from_the_root_downwards() -> None:
    chosen = select(tiles(), eye(300.0), ready=NONE, failed=NONE)
    assert chosen.load.tolist() == [A, B]
    chosen = select(tiles(), eye(300.0), ready=flags(A, B), failed=NONE)
    assert chosen.load.tolist() == [A1, A2]


def test_what_failed_is_not_waited_for() -> None:
    chosen = select(tiles(), eye(300.0), ready=flags(B), failed=flags(A))
    assert chosen.load.tolist() == [A1, A2], "a failed parent is passed over"


def test_a_box_bounds_tighter_than_its_sphere() -> None:
    flat = tiles()
    flat.half_m[A] = (50.0, 5.0, 5.0)
    away = distance_m(flat, eye(60.0))
    assert away[A] == pytest.approx(55.0)
    beside = Eye(np.zeros(3), np.array([[0.0, 1.0, 0.0, -30.0]]), 720.0, 0.5)
    assert not in_view(flat, beside)[A] and in_view(tiles(), beside)[A]
