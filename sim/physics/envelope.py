"""Rooms: the simple hourly method of ISO 13790:2008, annex C (five resistances, one capacity).

    outside --H_ve-- air --H_is-- surface --H_ms-- mass --H_em-- outside
                                  surface --H_w--- outside

The standard's chain of equations is linear in the mass temperature m, the outside temperature u, the solar gain g
and the heating power q. `coefficients` collapses it, once a year, to

    air - u = a_m (m - u) + a_g g + a_0 + a_q q
    dm      = d_g g + d_0 + d_q q - d_m (m - u)

so a step is ten products a building. Heating holds the set-point within its power; above it the room floats.
Differences, not levels, enter float32; the mass temperature itself is kept in float64.
Sky long-wave loss is left out (ISO 13790 11.3.5), as the archetypes' heat losses are fitted without it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.kernels import f8, i4, i8, kernel, matrix, out_matrix, out_vector, u2, vector

Float = NDArray[np.float64]
H_IS_W_M2K = 3.45
"""Air to surface (ISO 13790 7.2.2.2)."""
H_MS_W_M2K = 9.1
"""Surface to mass (ISO 13790 12.2.2)."""


def coefficients(
    *, opaque_w_k: Float, glass_w_k: Float, air_w_k: Float, mass_j_k: Float, mass_m2: Float, inner_m2: Float,
    gains_w: Float, step_s: float, dtype: Any,
) -> NDArray[Any]:  # fmt: skip
    """[8, building] rows a_m, a_g, a_0, a_q, d_m, d_g, d_0, d_q (see the module; ISO 13790 C.1 to C.12)."""
    h_is = H_IS_W_M2K * inner_m2
    h_ms = H_MS_W_M2K * mass_m2
    # a wall that leaks more than its mass can pass on has no defined H_em; keep it just below
    h_op = np.minimum(opaque_w_k, 0.99 * h_ms)
    h_em = h_op * h_ms / (h_ms - h_op)
    to_surface = h_is / (air_w_k + h_is)
    h1 = air_w_k * to_surface
    h2 = h1 + glass_w_k
    to_mass = h_ms / (h2 + h_ms)
    h3 = h2 * to_mass
    share_m = mass_m2 / inner_m2
    share_s = 1.0 - share_m - glass_w_k / (H_MS_W_M2K * inner_m2)

    out = h3 + h_em
    inertia = mass_j_k / step_s + 0.5 * out
    half = 0.5 * gains_w
    d_m = out / inertia
    d_g = (share_m + to_mass * share_s) / inertia
    d_0 = (share_m * half + to_mass * (share_s * half + to_surface * half)) / inertia
    d_q = to_mass * to_surface / inertia

    star = 1.0 / (h_ms + h2)
    room = 1.0 / (h_is + air_w_k)
    a_m = to_surface * star * h_ms * (1.0 - 0.5 * d_m)
    a_g = to_surface * star * (0.5 * h_ms * d_g + share_s)
    a_0 = to_surface * star * (0.5 * h_ms * d_0 + share_s * half + to_surface * half) + half * room
    a_q = to_surface * star * (0.5 * h_ms * d_q + to_surface) + room
    return np.ascontiguousarray([a_m, a_g, a_0, a_q, d_m, d_g, d_0, d_q], dtype=dtype)


@kernel(
    lambda f: (
        matrix(f), vector(f), vector(f), vector(f), matrix(u2), matrix(u2), vector(i4), matrix(f), i8,
        out_vector(f8), out_matrix(f), out_matrix(f), out_matrix(f),
    )
)  # fmt: skip
def march(co, set_point_c, limit_w, air_c, glass, opaque, row, area, first, mass_c, scratch, heating_w, indoor_c):  # type: ignore[no-untyped-def]
    """Fill `heating_w`, `indoor_c` [steps, building] from step `first` on, round the year; advance `mass_c` [building].

    glass, opaque: u16 [daylight, building], `row` [step] -> daylight row or -1; area [2, building] W per unit of them;
    scratch [3, building].
    """
    f = heating_w.dtype.type
    zero = f(0.0)
    n = len(limit_w)
    a_m, a_g, a_0, a_q = co[0], co[1], co[2], co[3]
    d_m, d_g, d_0, d_q = co[4], co[5], co[6], co[7]
    area_glass, area_opaque = area[0], area[1]
    above, gain, need = scratch[0], scratch[1], scratch[2]
    total = len(row)
    # short loops over few arrays: one long loop has too many pointers for the compiler to prove apart
    for k in range(heating_w.shape[0]):
        t = (first + k) % total
        u = air_c[t]
        heat, room = heating_w[k], indoor_c[k]
        for i in range(n):
            above[i] = f(mass_c[i] - u)
        if row[t] < 0:
            for i in range(n):
                gain[i] = zero
        else:
            g, o = glass[row[t]], opaque[row[t]]
            for i in range(n):
                gain[i] = f(g[i]) * area_glass[i] + f(o[i]) * area_opaque[i]
        for i in range(n):
            room[i] = a_m[i] * above[i] + a_g[i] * gain[i] + a_0[i]
        for i in range(n):
            need[i] = (set_point_c[i] - u - room[i]) / a_q[i]
        for i in range(n):
            heat[i] = min(max(need[i], zero), limit_w[i])
        for i in range(n):
            room[i] = u + room[i] + a_q[i] * heat[i]
        for i in range(n):
            need[i] = d_g[i] * gain[i] + d_0[i] + d_q[i] * heat[i] - d_m[i] * above[i]
        for i in range(n):
            mass_c[i] += need[i]
