"""Batteries: charge from what is left over, discharge into what is needed, within power and capacity.

    taken  = min(left over, limit, room / (eta step))        charge' = charge + (eta taken - given / eta) step
    given  = min(needed, limit, eta charge / step)           lost    = taken - given - (charge' - charge) / step

eta is one way, so a joule that goes in and out again is worth eta2 = 0.90 (judgement: lithium cells lose little, the
inverter twice a few percent). Charge beyond the capacity, as a smaller battery finds it when it takes
another's place, is cut off and booked as lost. A home battery sees its own house; a battery of the district sees
all houses, chargers and home batteries behind the same substation.
"""

from __future__ import annotations

import math

from sim.kernels import f8, i8, kernel, matrix, out_matrix, out_vector, vector

ROUND_TRIP = 0.90
ONE_WAY = math.sqrt(ROUND_TRIP)
C_RATE_W_J = 0.5 / 3600.0
"""Power per usable capacity: 5 kW for 10 kWh, a usual size of home systems (judgement); district batteries too."""


@kernel(
    lambda f: (
        vector(f), vector(f), f8, out_vector(f8), out_matrix(f8), out_matrix(f), out_matrix(f), out_matrix(f)
    )
)  # fmt: skip
def at_home(capacity_j, limit_w, step_s, charge_j, scratch, surplus_w, battery_w, stored_w):  # type: ignore[no-untyped-def]
    """Fill `battery_w` (gives > 0) and `stored_w` [steps, building]; advance `charge_j` [building].

    surplus_w [steps, building]: without the battery on the way in, with it on the way out; scratch [2, building].
    """
    f = surplus_w.dtype.type
    zero = f(0.0)
    n = len(capacity_j)
    before, after = scratch[0], scratch[1]
    out_of, into = f(ONE_WAY / step_s), f(1.0 / (ONE_WAY * step_s))
    gain, cost, per_step = ONE_WAY * step_s, step_s / ONE_WAY, 1.0 / step_s
    for k in range(surplus_w.shape[0]):
        net, out, kept = surplus_w[k], battery_w[k], stored_w[k]
        for i in range(n):
            before[i] = charge_j[i]
        for i in range(n):
            after[i] = min(before[i], f8(capacity_j[i]))
        # given first stands in `out`, taken in `kept`: short loops over few arrays
        for i in range(n):
            out[i] = min(max(-net[i], zero), min(limit_w[i], f(after[i]) * out_of))
        for i in range(n):
            kept[i] = min(max(net[i], zero), min(limit_w[i], f(f8(capacity_j[i]) - after[i]) * into))
        for i in range(n):
            after[i] += f8(kept[i]) * gain - f8(out[i]) * cost
        for i in range(n):
            charge_j[i] = min(max(after[i], 0.0), f8(capacity_j[i]))
        for i in range(n):
            out[i] -= kept[i]
        for i in range(n):
            kept[i] = f((charge_j[i] - before[i]) * per_step)
        for i in range(n):
            net[i] += out[i]


@kernel(
    lambda f: (
        matrix(f), vector(i8), vector(i8), vector(i8), vector(f8), vector(f8), vector(f8), matrix(f8), f8,
        out_vector(f8), out_vector(f8), out_matrix(f8), out_matrix(f8), out_matrix(f8),
    )
)  # fmt: skip
def of_district(  # type: ignore[no-untyped-def]
    surplus_w, order, start, site_group, capacity_j, limit_w, part, load_w, step_s, net, charge_j, site_w, stored_w,
    full_share,
):
    """Fill `site_w` (gives > 0), `stored_w`, `full_share` (0..1) [steps, site]; advance `charge_j` [site].

    order [building] by substation, start [groups + 1] where each begins in it, site_group [site]; part
    [site] of its substation's batteries, 0..1, 0 = no battery; load_w [steps, site] what chargers draw; net
    [groups]: scratch.
    """
    for k in range(surplus_w.shape[0]):
        x = surplus_w[k]
        for g in range(len(net)):
            # four sums side by side: one alone waits for itself at every term
            a = b = c = d = 0.0
            first, last = start[g], start[g + 1]
            whole = first + (last - first) // 4 * 4
            for i in range(first, whole, 4):
                a += x[order[i]]
                b += x[order[i + 1]]
                c += x[order[i + 2]]
                d += x[order[i + 3]]
            for i in range(whole, last):
                a += x[order[i]]
            net[g] = (a + b) + (c + d)
        for s in range(len(site_group)):
            net[site_group[s]] -= load_w[k, s]
        for s in range(len(site_group)):
            mine = net[site_group[s]] * part[s]
            before = charge_j[s]
            at = min(before, capacity_j[s])
            given = min(max(-mine, 0.0), limit_w[s], at * (ONE_WAY / step_s))
            taken = min(max(mine, 0.0), limit_w[s], (capacity_j[s] - at) / (ONE_WAY * step_s))
            after = min(max(at + (taken * ONE_WAY - given / ONE_WAY) * step_s, 0.0), capacity_j[s])
            charge_j[s] = after
            stored_w[k, s] = (after - before) / step_s
            site_w[k, s] = given - taken - load_w[k, s]
            full_share[k, s] = after / max(capacity_j[s], 1.0)
