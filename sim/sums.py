"""Sums and extremes of a span, in a fixed order, float64 whatever the float type of the columns.

`total` adds in 128 lanes over the buildings, then folds the lanes in halves: always the same order, so always the same
bits, and the compiler may use wide registers without being allowed to reorder anything.
"""

from __future__ import annotations

from sim.kernels import f8, i8, kernel, matrix, out_matrix, out_vector, vector

LANES = 128


@kernel(lambda f: (matrix(f), out_vector(f8), i8, out_matrix(f8), i8))
def total(column, lanes, first, steps, account):  # type: ignore[no-untyped-def]
    """steps[account, first + k] = sum over buildings of column[k]; lanes: scratch [128]."""
    n = column.shape[1]
    whole = n - n % 128
    for k in range(column.shape[0]):
        x = column[k]
        for j in range(128):
            lanes[j] = 0.0
        for i in range(0, whole, 128):
            for j in range(128):
                lanes[j] += x[i + j]
        for i in range(whole, n):
            lanes[i - whole] += x[i]
        half = 64
        while half > 0:
            for j in range(half):
                lanes[j] += lanes[half + j]
            half //= 2
        steps[account, first + k] = lanes[0]


@kernel(lambda f: (matrix(f), out_vector(f8), i8, out_matrix(f8), i8, out_vector(f8)))
def book(column, lanes, first, steps, account, into):  # type: ignore[no-untyped-def]
    """`total` of the columns, and into[building] += every row, step by step."""
    total(column, lanes, first, steps, account)
    n = column.shape[1]
    for k in range(column.shape[0]):
        x = column[k]
        for i in range(n):
            into[i] += x[i]


@kernel(
    lambda f: (matrix(f), vector(f), out_vector(f8), out_vector(f8), out_vector(f8), out_vector(f8)), floats=(f8,)
)
def extremes(column, limits, low, high, over, strained):  # type: ignore[no-untyped-def]
    """Per column: least, greatest, and number of steps outside limits = (least, greatest allowed).

    strained [step] becomes 1 where any column was outside.
    """
    n = column.shape[1]
    least, most = limits[0], limits[1]
    for k in range(column.shape[0]):
        x = column[k]
        for i in range(n):
            low[i] = min(low[i], x[i])
        for i in range(n):
            high[i] = max(high[i], x[i])
        any_out = 0.0
        for i in range(n):
            out = 1.0 if (x[i] > most or x[i] < least) else 0.0
            over[i] += out
            any_out += out
        if any_out > 0.0:
            strained[k] = 1.0


@kernel(lambda f: (matrix(f), vector(f), out_matrix(f)))
def outside(indoor_c, limits_c, counts):  # type: ignore[no-untyped-def]
    """counts[0..2, building] += steps above limits[0], above limits[1], below limits[2]."""
    warm, hot, cold = limits_c[0], limits_c[1], limits_c[2]
    n = indoor_c.shape[1]
    above, far_above, below = counts[0], counts[1], counts[2]
    for k in range(indoor_c.shape[0]):
        x = indoor_c[k]
        for i in range(n):
            above[i] += x[i] > warm
        for i in range(n):
            far_above[i] += x[i] > hot
        for i in range(n):
            below[i] += x[i] < cold
