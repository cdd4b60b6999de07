"""A network of any size -> eight states that answer a time step as it does.

Exact step of C dx/dt = -G x + B u + b T_a, with S = C^-1/2 G C^-1/2 = V diag(lam) V^T and inputs constant in the step:

    e = exp(-lam dt), phi = (1 - e) / lam;   z+ = e z + phi B~ w,   w = (u, T_a)
    mean of a heat flow p x + r w over the step:   p~ (phi / dt) z + [r + p~ (1 - phi / dt) / lam B~] w

Balanced truncation of this symmetric system, at the step (B. C. Moore, IEEE Trans. Automatic Control 26 (1981) 17; its
residualised kind: K. V. Fernando and H. Nicholson, ibid. 27 (1982) 466): with W the columns of B~ phi, each times the
size of its input, P_ij = W_i W_j / (1 - e_i e_j) is Gramian of reach and sight at once. V1 = the direction of stored
heat, C^1/2 1, and the k - 1 strongest eigenvectors of P orthogonal to it; V2 the rest, taken as settled within a step:

    M = (1 - E22)^-1,   E = E11 + E12 M E21,   B = B1 + E12 M B2,   p = p1 + p2 M E21,   r = r + p2 M B2

E is symmetric: real, stable modes. Steady state and stored heat are exact. Modes are scaled so that the heat to the air
is the plain sum of the states. Arrays end with the axis [zone].
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.physics.zone import INPUTS, Input, Network

Float = NDArray[np.float64]
STATES = 8
SIZE = {
    Input.OUTSIDE_C: 12.0, Input.SKY_W_M2: 60.0, Input.GROUND_C: 5.0, Input.WALL_W_M2: 250.0, Input.ROOF_W_M2: 250.0,
    Input.PANE_W_M2: 500.0, Input.SUN_W_M2: 500.0, Input.RADIANT_W: 500.0,
}  # fmt: skip
"""Size of each input's swings: what it weighs in the choice of states."""
AIR_SIZE_K = 100.0
"""The same of T_a; large, as the thermostat closes its loop through it."""


@dataclass(frozen=True)
class Reduced:
    """Zones as `states` numbers each, at one time step; k states, m = 8 inputs. Step: x+ = decay x + from_air T_a +
    from_input u; mean heat to the air q = sum x + direct u + direct_air T_a, with x at the step's start."""

    step_s: float
    boundary: tuple[str, ...]
    """Rows of `flow`: the network's, then "stored" and "air"."""
    decay: Float
    """e [k, zone], 0..1"""
    from_air: Float
    """[k, zone], W/K"""
    from_input: Float
    """[k, m, zone], W per unit of input"""
    direct: Float
    """[m, zone], W per unit of input"""
    direct_air: Float
    """[zone], W/K, below 0"""
    flow: Float
    """[boundary, k + m + 1, zone]: mean heat into the zone through each boundary over the step [W], of (x at its start,
    u, T_a); "stored" and "air" are what leaves into the fabric's mass and into the air: all rows sum to 0."""


def reduce(network: Network, *, step_s: float, states: int = STATES) -> Reduced:
    """Reduce all zones of `network` to `states` states at `step_s` (equations: see the module)."""
    modes = _modes(network, step_s)
    keep = min(states, network.capacity_j_k.shape[0])
    e, drive, rows, direct = _truncate(*modes, keep=keep)
    # modes of the reduced system, each scaled by its part in the heat to the air; one that does not reach it vanishes
    decay, turn = np.linalg.eigh(e)
    drive = turn.transpose(0, 2, 1) @ drive
    rows = rows @ turn
    reach = rows[:, -1]
    least = 1e-12 * np.abs(reach).max(axis=1, keepdims=True) + 1e-300
    reach = np.where(np.abs(reach) > least, reach, least)
    drive = drive * reach[:, :, None]
    rows = rows / reach[:, None, :]
    flow = np.concatenate([rows, direct], axis=2)
    flow[:, -1] *= -1.0  # the air's row: what leaves into it
    if keep < states:
        more = states - keep
        decay = np.pad(decay, ((0, 0), (0, more)))
        drive = np.pad(drive, ((0, 0), (0, more), (0, 0)))
        flow = np.insert(flow, [keep] * more, 0.0, axis=2)
    to_last = np.ascontiguousarray(np.moveaxis(drive, 0, -1))
    flow = np.ascontiguousarray(np.moveaxis(flow, 0, -1))
    air = -flow[-1]
    return Reduced(
        step_s, (*network.boundary, "stored", "air"), np.ascontiguousarray(decay.T), to_last[:, INPUTS].copy(),
        to_last[:, :INPUTS].copy(), air[states : states + INPUTS].copy(), air[-1].copy(), flow,
    )  # fmt: skip


def joined(parts: Sequence[Reduced]) -> Reduced:
    """Zones of `parts`, all of one step and network, one after the other."""
    arrays: dict[str, Any] = {
        f.name: np.concatenate([getattr(part, f.name) for part in parts], axis=-1)
        for f in fields(Reduced) if isinstance(getattr(parts[0], f.name), np.ndarray)
    }  # fmt: skip
    return replace(parts[0], **arrays)


def steady(reduced: Reduced, air_c: ArrayLike, inputs: Float) -> Float:
    """States [k, zone] that constant air temperature and `inputs` [m] or [m, zone] lead to: x = B w / (1 - e)."""
    u = np.asarray(inputs, float)
    u = u[:, None] if u.ndim == 1 else u
    drive = np.einsum("kmz,mz->kz", reduced.from_input, np.broadcast_to(u, (INPUTS, reduced.decay.shape[1])))
    drive = drive + reduced.from_air * np.asarray(air_c, float)
    return np.asarray(drive / (1.0 - reduced.decay))


def _modes(network: Network, step_s: float) -> tuple[Float, Float, Float, Float, Float]:
    """The exact step in modes: e [z, n], drive [z, n, m + 1], flow rows of modes [z, b + 2, n] and direct
    [z, b + 2, m + 1] (last two: stored, air), and the direction of stored heat [z, n] times its size."""
    n = network.capacity_j_k.shape[0]
    root = np.sqrt(network.capacity_j_k).T
    g = np.moveaxis(network.conduction_w_k, -1, 0)
    lam, v = np.linalg.eigh(g / (root[:, :, None] * root[:, None, :]))
    e = np.exp(-lam * step_s)
    phi = -np.expm1(-lam * step_s) / lam
    inward = np.concatenate([network.from_input, network.from_air_w_k[:, None]], axis=1)
    b = v.transpose(0, 2, 1) @ (np.moveaxis(inward, -1, 0) / root[:, :, None])
    drive = phi[:, :, None] * b
    flow = np.moveaxis(network.flow, -1, 0)
    to_air = np.concatenate([network.direct, network.direct_air_w_k[None]]).T
    own = np.concatenate([flow[:, :, :n], network.from_air_w_k.T[:, None]], axis=1)
    rest = np.concatenate([flow[:, :, n:], to_air[:, None]], axis=1)
    p = (own / root[:, None]) @ v
    rows = p * (phi / step_s)[:, None]
    direct = rest + (p * ((1.0 - phi / step_s) / lam)[:, None]) @ b
    stored = np.einsum("zij,zi->zj", v, root)
    # heat that leaves into the mass: minus the change of stored heat
    last = (stored * (e - 1.0) / step_s)[:, None]
    into = np.einsum("zj,zjm->zm", stored, drive)[:, None] / step_s
    rows = np.concatenate([rows[:, :-1], -last, rows[:, -1:]], axis=1)
    direct = np.concatenate([direct[:, :-1], -into, direct[:, -1:]], axis=1)
    return e, drive, rows, direct, stored


def _truncate(e: Float, drive: Float, rows: Float, direct: Float, stored: Float, *, keep: int) -> tuple[Float, ...]:
    """E, B, p and r of the module's last equations."""
    n = e.shape[1]
    size = np.array([*(SIZE[i] for i in Input), AIR_SIZE_K])
    w = drive * size
    p = (w @ w.transpose(0, 2, 1)) / (1.0 - e[:, :, None] * e[:, None, :])
    heat = stored / np.linalg.norm(stored, axis=1, keepdims=True)
    # no part of P along the stored heat; a large negative eigenvalue sets that direction apart
    away = np.einsum("zij,zj->zi", p, heat)
    inner = np.einsum("zi,zi->z", away, heat)
    level = np.trace(p, axis1=1, axis2=2)
    p = p - away[:, :, None] * heat[:, None] - heat[:, :, None] * away[:, None]
    p = p + (inner - 2.0 * level)[:, None, None] * heat[:, :, None] * heat[:, None]
    basis = np.linalg.eigh(p)[1]
    one = np.concatenate([basis[:, :, :1], basis[:, :, n - keep + 1 :]], axis=2)
    two = basis[:, :, 1 : n - keep + 1]
    turned = one.transpose(0, 2, 1)
    e11, b1, p1 = turned @ (e[:, :, None] * one), turned @ drive, rows @ one
    if keep == n:
        return e11, b1, p1, direct
    back = two.transpose(0, 2, 1)
    e12, e22 = turned @ (e[:, :, None] * two), back @ (e[:, :, None] * two)
    m = np.linalg.inv(np.eye(n - keep) - e22)
    settle = m @ np.concatenate([e12.transpose(0, 2, 1), back @ drive], axis=2)
    from_one, from_drive = settle[:, :, :keep], settle[:, :, keep:]
    two_rows = rows @ two
    return e11 + e12 @ from_one, b1 + e12 @ from_drive, p1 + two_rows @ from_one, direct + two_rows @ from_drive
