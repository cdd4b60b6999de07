"""Use of appliances and light: a seeded year of [profile] times the building's yearly joules.

    power = share[step, profile] joules / step length

The shares are made by `surplus build` (each sums to 1 over the year); layers only scale the joules.
"""

from __future__ import annotations

from sim.kernels import i4, i8, kernel, matrix, out_matrix, vector


@kernel(lambda f: (matrix(f), vector(i4), vector(f), i8, out_matrix(f)))
def lookup(share, profile, scale_w, first, power_w):  # type: ignore[no-untyped-def]
    """Fill `power_w` [steps, building] from step `first` on, round the year.

    share [step, profile]; profile [building]; scale_w [building] = joules of the year / step length.
    """
    total = share.shape[0]
    for k in range(power_w.shape[0]):
        row = share[(first + k) % total]
        out = power_w[k]
        for i in range(len(profile)):
            out[i] = row[profile[i]] * scale_w[i]
