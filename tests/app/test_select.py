"""Which tiles are drawn and loaded.

root (no content)
 +-- a (error 20)       far away it is enough
 |    +-- a1, a2        near they replace it
 +-- b (error 0)
"""

from itertools import pairwise

import numpy as np
import pytest
from rays import Rays
from toytrees import branch

from app.camera import eye_of, looking_at
from app.tiles import select as selection
from app.tiles.eye import HAZE_PX, Eye, distance_m, haze_1_m, in_view, screen_error_px
from app.tiles.kin import Kin
from app.tiles.select import Group, Selection, known
from app.tiles.tree.table import Tileset

ROOT, A, B, A1, A2 = range(5)


def tiles(*, replace: bool = True) -> Tileset:
    x = np.array([0.0, -100.0, 100.0, -120.0, -80.0])
    half = np.array([200.0, 50.0, 50.0, 20.0, 20.0])
    return Tileset(
        branch(
            parent=[-1, 0, 0, 1, 1], error_m=[200.0, 20.0, 0.0, 0.0, 0.0], replace=replace,
            centre_m=np.c_[x, np.zeros(5), np.zeros(5)], half_m=half[:, None] * np.ones(3), radius_m=half,
            contents=["", "a.glb", "b.glb", "a1.glb", "a2.glb"],
        )
    )  # fmt: skip


def select(table: Tileset, *eyes: Eye, ready: np.ndarray, failed: np.ndarray) -> Selection:
    return selection.select(table, eyes, known(table, ready=ready, failed=failed), kin=Kin(table.parent))


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
    monkeypatch.setattr(selection, "FEW", 1)
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


def turned_from(distance: float) -> Eye:
    """Sees A, and B not."""
    planes = np.array([[0.0, 1.0, 0.0, distance], [-1.0, 0.0, 0.0, 0.0]])
    return Eye(np.array([-100.0, -distance, 0.0]), planes, 720.0, np.radians(28.0))


def test_under_an_empty_root_what_is_out_of_view_comes_after_all_that_is_seen() -> None:
    table = tiles()
    chosen = select(table, turned_from(300.0), ready=NONE, failed=NONE)
    assert chosen.load.tolist() == [A] and chosen.beside.tolist() == [B]
    chosen = select(table, turned_from(300.0), ready=flags(A, A1, A2), failed=NONE)
    assert chosen.draw.tolist() == [A1, A2] and chosen.load.tolist() == [], "nothing waits for it"
    assert chosen.beside.tolist() == [B] and not chosen.keep[B], "it leaves where there is no room"
    assert select(table, turned_from(300.0), ready=flags(A), failed=flags(B)).beside.tolist() == []


def test_of_a_flat_tileset_nothing_out_of_view_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selection, "FEW", 1)
    assert select(tiles(), turned_from(300.0), ready=flags(A), failed=NONE).beside.tolist() == []


def test_under_empty_nodes_no_more_than_a_few_out_of_view_are_wanted_the_nearest() -> None:
    """Four empty levels of quarters over 256 tiles, seen from one corner."""
    parent, centre, half = [-1], [np.zeros(3)], [1600.0]
    for node in range(85):
        for east, north in ((-1, -1), (1, -1), (-1, 1), (1, 1)):
            half.append(half[node] / 2)
            centre.append(centre[node] + half[-1] * np.array([east, north, 0.0]))
            parent.append(node)
    n = len(parent)
    table = Tileset(
        branch(
            parent=parent, error_m=np.where(np.arange(n) < 85, 500.0, 0.0), centre_m=centre,
            half_m=np.array(half)[:, None] * np.ones(3), contents=["x" if k >= 85 else "" for k in range(n)],
        )
    )  # fmt: skip
    corner = Eye(np.array([-1590.0, -1590.0, 0.0]), np.array([[-1.0, -1.0, 0.0, -3100.0]]) / np.sqrt(2), 720.0, 0.5)
    chosen = select(table, corner, ready=np.zeros(n, bool), failed=np.zeros(n, bool))
    assert 1 <= len(chosen.load) < 10 and len(chosen.beside) == selection.FEW
    away = np.linalg.norm(table.centre_m[chosen.beside, :2] - corner.position_m[:2], axis=1)
    assert away.max() < 2000.0


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


EAST, WEST = np.array([[1.0, 0.0, 0.0, -50.0]]), np.array([[-1.0, 0.0, 0.0, -70.0]])


def test_of_two_eyes_each_gets_what_it_sees_from_one_walk() -> None:
    near_a, near_b = eye(300.0), Eye(np.array([100.0, -300.0, 0.0]), EAST, 720.0, np.radians(28.0))
    near_a = Eye(near_a.position_m, WEST, 720.0, near_a.fov_y_rad)
    ready = flags(A, B, A1, A2)
    assert select(tiles(), near_b, ready=ready, failed=NONE).draw.tolist() == [B]
    assert select(tiles(), near_a, ready=ready, failed=NONE).draw.tolist() == [A1, A2]
    assert select(tiles(), near_a, near_b, ready=ready, failed=NONE).draw.tolist() == [B, A1, A2]


def test_the_nearer_of_two_eyes_decides_how_fine() -> None:
    ready = flags(A, B, A1, A2)
    assert select(tiles(), eye(6000.0), eye(300.0), ready=ready, failed=NONE).draw.tolist() == [B, A1, A2]


def test_towards_the_horizon_detail_fades_and_from_above_or_near_by_it_does_not() -> None:
    table = tiles()
    along = Eye(np.array([0.0, -6000.0, -150.0]), np.array([[0.0, 1.0, 0.0, 6000.0]]), 720.0, np.radians(28.0))
    haze = haze_1_m(table, along)
    assert haze == pytest.approx(2e-4)
    far, near = np.array([6000.0]), np.array([100.0])
    plain = screen_error_px(np.array([100.0]), along, far)
    taken = plain - screen_error_px(np.array([100.0]), along, far, haze)
    assert taken == pytest.approx(HAZE_PX * (1 - np.exp(-((6000.0 * 2e-4) ** 2))))
    plain = screen_error_px(np.array([100.0]), along, near)
    assert plain - screen_error_px(np.array([100.0]), along, near, haze) < 0.02
    down = Eye(np.array([0.0, 0.0, -150.0]), np.array([[0.0, 0.0, -1.0, 0.0]]), 720.0, 0.5)
    high = Eye(np.array([0.0, -6000.0, 200.0]), along.planes, 720.0, 0.5)
    assert haze_1_m(table, down) == haze_1_m(table, high) == 0.0


def test_what_is_looked_at_comes_before_what_is_at_the_side() -> None:
    at_b = Eye(np.array([100.0, -300.0, 0.0]), np.array([[0.0, 1.0, 0.0, 300.0]]), 720.0, np.radians(28.0))
    assert select(tiles(), eye(300.0), ready=NONE, failed=NONE).load.tolist() == [A, B]
    assert select(tiles(), at_b, ready=NONE, failed=NONE).load.tolist() == [B, A]


def test_a_tile_that_finer_ones_stand_in_for_is_urgent() -> None:
    chosen = select(tiles(), eye(6000.0), ready=flags(A1, A2), failed=NONE)
    assert chosen.draw.tolist() == [A1, A2]
    assert chosen.load.tolist() == [A, B]
    assert chosen.group.tolist() == [Group.URGENT, Group.NORMAL]


def test_a_tile_with_a_request_volume_is_there_only_for_an_eye_inside() -> None:
    table = tiles()
    table.has_request[B] = True
    table.request_centre_m[B], table.request_half_m[B] = (-100.0, -300.0, 0.0), (10.0, 10.0, 10.0)
    assert select(table, eye(300.0), ready=flags(A, B), failed=NONE).draw.tolist() == [A, B]
    outside = select(table, eye(320.0), ready=flags(A), failed=NONE)
    assert outside.draw.tolist() == [A] and B not in outside.load
    assert B in select(table, eye(320.0), eye(300.0), ready=flags(A, B), failed=NONE).draw


def test_the_child_of_an_adding_tile_waits_until_its_parent_is_too_coarse_there() -> None:
    table = tiles(replace=False)
    table.centre_m[A2] = (2500.0, 0.0, 0.0)
    chosen = select(table, eye(300.0), ready=flags(A, B, A1), failed=NONE)
    assert chosen.draw.tolist() == [A, B, A1] and A2 not in chosen.load


def test_a_branch_that_is_not_here_is_asked_for_and_its_ancestor_stays() -> None:
    table = tiles()
    table.stub[A2] = 1
    chosen = select(table, eye(300.0), ready=flags(A, B, A1), failed=NONE)
    assert chosen.draw.tolist() == [A, B] and chosen.load.tolist() == [A2]
    lost = select(table, eye(300.0), ready=flags(A, B, A1), failed=flags(A2))
    assert lost.draw.tolist() == [A, B] and lost.load.tolist() == []


def test_kin_keeps_children_of_a_tree_that_grows_and_is_pruned() -> None:
    parent = np.array([-1, 0, 0, 1, 1])
    kin = Kin(parent)
    grown = np.append(parent, [2, 5, 5, 2])
    kin.add(np.array([5, 6, 7]), grown)
    kin.add(np.array([8]), grown)
    rows, up = kin.of(np.array([1, 2, 5]))
    assert rows.tolist() == [3, 4, 5, 8, 6, 7] and up.tolist() == [0, 0, 1, 1, 2, 2]
    assert sorted(kin.below(0)) == [1, 2, 3, 4, 5, 6, 7, 8]
    kin.remove(np.array([5, 6, 7, 8]), 2)
    assert kin.below(2).tolist() == [] and sorted(kin.below(0)) == [1, 2, 3, 4]


def grown(rng: np.random.Generator, *, add: float, empty: float) -> Tileset:
    """A tree of nested boxes, drawn by chance."""
    parent, level, error = [-1], [0], [120.0]
    low, high = [np.array([-400.0, -400.0, 0.0])], [np.array([400.0, 400.0, 40.0])]
    i = 0
    while i < len(parent) and len(parent) < 250:
        if level[i] < 5 and (level[i] < 2 or rng.random() < 0.7):
            axis = int(rng.integers(2))
            inner = np.sort(rng.uniform(low[i][axis], high[i][axis], int(rng.integers(0, 5))))
            for a, b in pairwise([low[i][axis], *inner, high[i][axis]]):
                lower, upper = low[i].copy(), high[i].copy()
                lower[axis], upper[axis] = a, b
                parent.append(i)
                level.append(level[i] + 1)
                error.append(error[i] * rng.uniform(0.3, 0.8))
                low.append(lower)
                high.append(upper)
        i += 1
    n, bottom, top = len(parent), np.array(low), np.array(high)
    leaf = ~np.isin(np.arange(n), parent)
    return Tileset(
        branch(
            parent=parent, error_m=np.where(leaf, 0.0, error), replace=rng.random(n) >= add,
            centre_m=(bottom + top) / 2, half_m=(top - bottom) / 2,
            contents=["x" if there else "" for there in rng.random(n) >= empty],
        )
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(12))
def test_whatever_tree_and_way_nothing_drawn_is_lost_before_finer_or_coarser_stands(seed: int) -> None:
    """Tiles come a few at a time, fail now and then, leave when nothing rests on them; of two eyes one is far."""
    rng = np.random.default_rng(seed)
    table = grown(rng, add=rng.choice([0.0, 0.3, 0.7]), empty=rng.choice([0.0, 0.2, 0.5]))
    kin, n = Kin(table.parent), len(table)
    ready, failed, rays = np.zeros(n, bool), np.zeros(n, bool), Rays()
    place, distance, heading, pitch = np.zeros(2), 300.0, 0.0, 0.6
    far = eye_of(looking_at(np.zeros(3), distance_m=4000.0, heading_rad=1.0, pitch_rad=0.4), size=(640, 360))
    for k in range(60):
        if k % 3 == 0:
            if rng.random() < 0.1:
                place, distance = rng.uniform(-400, 400, 2), float(np.exp(rng.uniform(3.0, 8.5)))
            place, heading = place + rng.normal(0, 20, 2), heading + rng.normal(0, 0.4)
            distance = float(np.clip(distance * np.exp(rng.normal(0, 0.2)), 10, 8000))
            pitch = float(np.clip(pitch + rng.normal(0, 0.1), 0.03, 1.5))
        camera = looking_at(np.append(place, 0.0), distance_m=distance, heading_rad=heading, pitch_rad=pitch)
        eyes = [eye_of(camera, size=(640, 360)), *([far] if seed % 2 else [])]
        chosen = selection.select(table, eyes, known(table, ready=ready, failed=failed), kin=kin)
        assert ready[chosen.draw].all() and chosen.keep[chosen.draw].all()
        nothing = ~table.has_content | failed
        rays.look(table, eyes[0], set(chosen.draw.tolist()), selection.LIMIT_PX, nothing)
        for row in chosen.load[: int(rng.integers(0, 6))]:
            if rng.random() < 0.05:
                failed[row] = True
            else:
                ready[row] = True
        for row in np.flatnonzero(ready & ~chosen.keep)[::-1]:  # children before parents
            ready[row] = bool(ready[kin.below(int(row))].any() or rng.random() < 0.5)
    assert (rays.holes, rays.vanished, rays.doubled) == (0, 0, 0)
    assert rays.compared > 50
