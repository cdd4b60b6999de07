"""Steady heat network on a tree: flow from loads, pressure along pipes, temperatures and losses to the ground.

    m     = Q/(cp (T_supply - T_return))                          each consumer, kg/s; a pipe carries what lies behind
    T_out = T_g + (T_in - T_g) exp(-U L/(m cp))                   along a pipe, U [W/mK] from water to the ground
    dp    = (f L/d + zeta) rho v2/2                               Darcy and Weisbach; f of Colebrook and White
    U     = 1/(ln(D/d)/(2 pi k) + ln(4 depth/D)/(2 pi k_ground))  insulation, and ground around it (EN 13941-1)

Supply and return run side by side. The heat capacity of water is one number, so that source = loads + losses holds
exactly; density and viscosity are taken at each pipe's mean temperature. Arrays are [step, pipe] or [step, node]; there
is no memory, so steps are independent: what the water in the pipes stores between them is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from network.problems import Refused

Float = NDArray[np.float64]
Int = NDArray[np.int64]
HEAT_J_KGK = 4182.0
"""Of water, within 0.2 % from 20 to 75 degC (IAPWS-95)."""
ROUGHNESS_M = 4.5e-5
"""Of steel pipes (L. F. Moody, Trans. ASME 66 (1944) 671)."""
LAMINAR, TURBULENT = 2300.0, 4000.0
"""Reynolds numbers; between them f is interpolated."""
_ROUNDS = 200
"""Most passes over flows and temperatures."""
_SETTLED = 1e-11
"""Share of a consumer's demand that may be missing."""


@dataclass(frozen=True)
class Pipes:
    """[pipe] Pairs of supply and return, all alike."""

    id: tuple[str, ...]
    from_node: Int
    to_node: Int
    length_m: Float
    diameter_m: Float
    """Inner."""
    roughness_m: Float
    loss_w_mk: Float
    """U of each of the two, per metre and kelvin above ground."""
    zeta: Float
    """Sum of local loss coefficients of one of the two."""


@dataclass(frozen=True)
class Tree:
    """Which way water runs when the source pumps."""

    order: Int
    """[pipe] rows of Pipes from the source outwards."""
    near: Int
    """[pipe] node at the source's end, by row of Pipes."""
    far: Int
    sign: Float
    """[pipe] 1 where from_node is the near one, else -1."""
    source: int


@dataclass(frozen=True)
class Flow:
    """A solved network; [step, pipe] by row of Pipes, [step, node], [step]."""

    mass_kg_s: Float
    """Positive from from_node to to_node in the supply; the return runs the other way."""
    supply_drop_pa: Float
    """[step, pipe] of the supply pipe, in the sense of the flow, so never negative."""
    return_drop_pa: Float
    supply_loss_w: Float
    return_loss_w: Float
    supply_c: Float
    """[step, node]; ground temperature where no water moves."""
    return_c: Float
    """[step, node] of the water that leaves the node towards the source."""
    source_w: Float
    """[step] heat that the source gives."""
    head_pa: Float
    """[step] pressure that the pump makes: of the worst consumer, both ways, with its own drop."""


def tree(pipes: Pipes, *, nodes: Sequence[str], source: int) -> Tree:
    """Order pipes from the source outwards.

    Raises:
        Refused: a ring, a pipe from a node to itself, a pipe or a node that no other leads to.
    """
    ends: list[list[int]] = [[] for _ in nodes]
    for k, (a, b) in enumerate(zip(pipes.from_node.tolist(), pipes.to_node.tolist(), strict=True)):
        if a == b:
            raise Refused(f"pipe {pipes.id[k]} begins and ends at {nodes[a]}; give it another end")
        ends[a].append(k)
        ends[b].append(k)
    order: list[int] = []
    seen, done = {source}, set()
    near, far = np.zeros(len(pipes.id), np.int64), np.zeros(len(pipes.id), np.int64)
    front = [source]
    while front:
        node = front.pop(0)
        for k in ends[node]:
            if k in done:
                continue
            done.add(k)
            other = int(pipes.to_node[k] if pipes.from_node[k] == node else pipes.from_node[k])
            if other in seen:
                raise Refused(f"pipe {pipes.id[k]} closes a ring at {nodes[other]}; only trees are solved: open it")
            seen.add(other)
            order.append(k)
            near[k], far[k] = node, other
            front.append(other)
    if len(order) < len(pipes.id):
        lost = next(k for k in range(len(pipes.id)) if k not in done)
        raise Refused(f"pipe {pipes.id[lost]} hangs together with no pipe of the source {nodes[source]}; join them")
    if len(seen) < len(nodes):
        lone = next(n for k, n in enumerate(nodes) if k not in seen)
        raise Refused(f"no pipe leads to node {lone}; add one, or leave the node out")
    sign = np.where(near == pipes.from_node, 1.0, -1.0)
    return Tree(np.array(order, np.int64), near, far, sign, source)


def insulation_w_mk(
    diameter_m: Float, thickness_m: Float, conductivity_w_mk: Float, *, depth_m: float = 0.0, ground_w_mk: float = 0.0
) -> Float:
    """Loss of one pipe per metre and kelvin [W/mK]; `depth_m` of the axis, 0 = the ground adds no resistance.

        1/U = ln(D/d)/(2 pi k) + ln(4 depth/D)/(2 pi k_ground),  D = d + 2 thickness

    EN 13941-1, pipes far enough apart not to warm each other; heat transfer from water to pipe is left out (under 1 %).
    """
    outer = diameter_m + 2.0 * thickness_m
    resistance = np.log(outer / diameter_m) / (2.0 * np.pi * conductivity_w_mk)
    if depth_m > 0.0 and ground_w_mk > 0.0:
        resistance = resistance + np.log(np.maximum(4.0 * depth_m / outer, 1.0)) / (2.0 * np.pi * ground_w_mk)
    return np.asarray(1.0 / resistance)


def density_kg_m3(water_c: Float) -> Float:
    """Of water, 0 to 100 degC within 0.1 % (S. C. McCutcheon et al., Handbook of Hydrology (1993), 11.3)."""
    t = water_c
    return 1000.0 * (1.0 - (t + 288.9414) * (t - 3.9863) ** 2 / (508929.2 * (t + 68.12963)))


def viscosity_pa_s(water_c: Float) -> Float:
    """Of water, 0 to 100 degC within 2.5 % (T. Al-Shemmeri, Engineering Fluid Mechanics (2012), Vogel's form)."""
    return 2.414e-5 * 10.0 ** (247.8 / (water_c + 133.15))


def friction(reynolds: Float, relative_roughness: Float) -> Float:
    """Darcy's friction factor f [1], same shape as both.

        1/sqrt(f) = -2 log10(e/3.7 + 2.51/(Re sqrt(f)))    turbulent (C. F. Colebrook, J. Inst. Civ. Eng. 11 (1939) 133)
        f = 64/Re                                          laminar; straight between Re 2300 and 4000
    """

    def rough(re: Float) -> Float:
        x = np.full(np.shape(re), 7.0)  # 1/sqrt(f)
        for _ in range(20):  # a contraction: each pass gains a digit
            x = -2.0 * np.log10(relative_roughness / 3.7 + 2.51 * x / re)
        return 1.0 / x**2

    re = np.maximum(reynolds, 1e-9)
    share = np.clip((re - LAMINAR) / (TURBULENT - LAMINAR), 0.0, 1.0)
    slow, fast = 64.0 / np.minimum(re, LAMINAR), rough(np.maximum(re, TURBULENT))
    return np.where(share <= 0.0, 64.0 / re, slow + share * (fast - slow))


def drop_pa(pipes: Pipes, mass_kg_s: Float, water_c: Float) -> Float:
    """Pressure lost along each pipe [Pa], [step, pipe], at these flows (either sign) and mean temperatures.

        dp = (f L/d + zeta) rho v2/2,  v = m/(rho pi d2/4)
    """
    d = pipes.diameter_m
    density = density_kg_m3(water_c)
    speed = np.abs(mass_kg_s) / (density * np.pi * d * d / 4.0)
    reynolds = speed * density * d / viscosity_pa_s(water_c)
    factor = friction(reynolds, np.broadcast_to(pipes.roughness_m / d, np.shape(reynolds)))
    return np.asarray((factor * pipes.length_m / d + pipes.zeta) * density * speed * speed / 2.0)


def solve(
    pipes: Pipes, t: Tree, *, demand_w: Float, supply_c: float, ground_c: float, drop_k: float | None = None,
    return_c: float | None = None, heat_j_kgk: float = HEAT_J_KGK, consumer_pa: float = 0.0,
) -> Flow:  # fmt: skip
    """Flows, pressures and temperatures of every step of `demand_w` [step, node], >= 0.

    Consumers cool the water by `drop_k`, or down to `return_c`: give one of the two. A node without demand draws
    nothing; pipes that lead to such nodes alone stand still at ground temperature and lose nothing.

    Raises:
        Refused: a demand below 0, a return no colder than the supply, or flows that find no balance.
    """
    if (drop_k is None) == (return_c is None):
        raise Refused("give either the temperature drop at consumers or their return temperature, not both")
    if np.any(demand_w < 0.0):
        raise Refused("a consumer's demand is below 0; a heat network here has one source")
    if ground_c >= supply_c:
        raise Refused(f"water of {supply_c:g} degC is no warmer than the ground of {ground_c:g}; supply warmer")
    if return_c is not None and return_c >= supply_c:
        raise Refused(f"water of {supply_c:g} degC cannot leave consumers at {return_c:g}; supply warmer")
    wanted = demand_w > 0.0
    drawn, decay, supply = _settle(pipes, t, demand_w, supply_c, ground_c, drop_k, return_c, heat_j_kgk)
    mass = _gather(t, drawn)
    cooled = np.full_like(supply, drop_k) if return_c is None else np.where(wanted, supply - return_c, 0.0)
    back, arrives = _inward(t, mass, drawn, supply - cooled, decay, ground_c)
    leaves = supply[:, t.near]
    supply_loss = mass * heat_j_kgk * (leaves - supply[:, t.far])
    return_loss = mass * heat_j_kgk * (back[:, t.far] - arrives)
    total = mass[:, t.near == t.source].sum(axis=1) + drawn[:, t.source]
    there = drop_pa(pipes, mass, 0.5 * (leaves + supply[:, t.far]))
    home = drop_pa(pipes, mass, 0.5 * (back[:, t.far] + arrives))
    return Flow(
        mass_kg_s=mass * t.sign, supply_drop_pa=there, return_drop_pa=home, supply_loss_w=supply_loss,
        return_loss_w=return_loss, supply_c=supply, return_c=back,
        source_w=total * heat_j_kgk * (supply_c - np.where(total > 0.0, back[:, t.source], supply_c)),
        head_pa=_head(t, there + home, wanted, consumer_pa),
    )  # fmt: skip


def _settle(
    pipes: Pipes, t: Tree, demand_w: Float, supply_c: float, ground_c: float, drop_k: float | None,
    return_c: float | None, heat_j_kgk: float,
) -> tuple[Float, Float, Float]:  # fmt: skip
    """What consumers draw [kg/s], what is left of the excess over the ground along pipes, and the supply [degC].

    With a fixed return the flow depends on what arrives and that on the flow: Newton on the logarithm of a consumer's
    flow, as if all flows on its way grew with it; water that arrives too cold is doubled. There is always a solution:
    enough of it arrives as warm as it left.
    """
    wanted = demand_w > 0.0
    if return_c is None:
        assert drop_k is not None
        drawn = demand_w / (heat_j_kgk * drop_k)
    else:
        drawn = demand_w / (heat_j_kgk * (supply_c - return_c))
    for _ in range(_ROUNDS):
        decay = _decay(pipes, _gather(t, drawn), heat_j_kgk)
        supply = _outward(t, decay, supply_c, ground_c)
        if return_c is None:
            return drawn, decay, supply
        given = drawn * heat_j_kgk * (supply - return_c)
        if np.all(np.abs(given - demand_w)[wanted] <= _SETTLED * demand_w[wanted]):
            return drawn, decay, supply
        warm = wanted & (supply > return_c)
        above = np.where(warm, supply - ground_c, 1.0)
        slope = above * np.log((supply_c - ground_c) / above) / np.where(warm, supply - return_c, 1.0)
        ratio = np.divide(demand_w, given, out=np.full_like(drawn, 2.0), where=warm)
        drawn = drawn * np.where(warm, ratio ** (1.0 / (1.0 + np.maximum(slope, 0.0))), ratio)
    raise Refused("flows and temperatures of the heat network find no balance; supply warmer or insulate the pipes")


def _gather(t: Tree, drawn: Float) -> Float:
    """[step, pipe] all that nodes behind a pipe draw."""
    through = drawn.copy()
    mass = np.zeros((len(drawn), len(t.order)))
    for k in t.order[::-1]:
        mass[:, k] = through[:, t.far[k]]
        through[:, t.near[k]] += mass[:, k]
    return mass


def _decay(pipes: Pipes, mass: Float, heat_j_kgk: float) -> Float:
    """[step, pipe] exp(-U L/(m cp)): what is left at the end of the excess over the ground; 0 of still water."""
    lost = np.broadcast_to(pipes.loss_w_mk * pipes.length_m, mass.shape)
    power = np.divide(lost, mass * heat_j_kgk, out=np.full_like(mass, np.inf), where=mass > 0.0)
    return np.exp(-power)


def _outward(t: Tree, decay: Float, supply_c: float, ground_c: float) -> Float:
    """[step, node] temperature of the supply."""
    supply = np.full((len(decay), len(t.order) + 1), ground_c)
    supply[:, t.source] = supply_c
    for k in t.order:
        supply[:, t.far[k]] = ground_c + (supply[:, t.near[k]] - ground_c) * decay[:, k]
    return supply


def _inward(
    t: Tree, mass: Float, drawn: Float, leaves_c: Float, decay: Float, ground_c: float
) -> tuple[Float, Float]:
    """Returns: [step, node] mixed temperature leaving towards the source, [step, pipe] temperature at the near end."""
    carried = drawn * (leaves_c - ground_c)
    through = drawn.copy()
    above = np.zeros_like(leaves_c)
    arrives = np.zeros_like(mass)
    for k in [*t.order[::-1], -1]:
        node = t.far[k] if k >= 0 else t.source
        above[:, node] = np.divide(carried[:, node], through[:, node], out=above[:, node].copy(),
                                   where=through[:, node] > 0.0)  # fmt: skip
        if k >= 0:
            arrives[:, k] = above[:, node] * decay[:, k]
            carried[:, t.near[k]] += mass[:, k] * arrives[:, k]
            through[:, t.near[k]] += mass[:, k]
    return ground_c + above, ground_c + arrives


def _head(t: Tree, both_pa: Float, wanted: NDArray[np.bool_], consumer_pa: float) -> Float:
    """[step] greatest sum of drops from the source to a consumer and back."""
    sums = np.zeros((len(both_pa), len(t.order) + 1))
    for k in t.order:
        sums[:, t.far[k]] = sums[:, t.near[k]] + both_pa[:, k]
    return np.where(wanted, sums + consumer_pa, 0.0).max(axis=1, initial=0.0)
