"""How much would an estimate move if one patient counted a little more? Summed in squares, that is its variance.

The infinitesimal jackknife variance of a curve θ(t) is Σ_c (Σ_{i in c} w_i ∂θ(t)/∂w_i)² over clusters c of rows i
(Jaeckel, Bell Laboratories memorandum MM 72-1215-11, 1972; Efron, The Jackknife, the Bootstrap and Other Resampling
Plans, 1982; Therneau, survival vignette "methods", section on the infinitesimal jackknife). For the curves here the
influence of a row is a combination of a few curves, with coefficients that change only when the row enters or leaves:

    ∂θ(t)/∂w_i = Σ_b c_ib(t) B_b(t),      so      variance(t) = Σ_{b,b'} B_b(t) B_b'(t) Σ_c c_cb(t) c_cb'(t)

and all times together cost one sort.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np
import polars as pl

from inferon.statistics.shared.columns import Floats, Integers
from inferon.statistics.shared.records import Records

ROUNDING = 64 * float(np.finfo(np.float64).eps)
Running = tuple[int, int, Floats]
"""A pair of curves b, b' and the sum of the products of their coefficients at every distinct time."""


@dataclass(frozen=True, eq=False)
class Stay:
    """Where each row's time at risk lies among the distinct times.

    enters  index of the first distinct time at which the row is at risk, shape (rows,)
    leaves  index of the time at which its follow-up ends
    """

    enters: Integers
    leaves: Integers

    def accrued(self, total: Floats) -> tuple[Floats, Floats]:
        """A running total as it stood just before each row entered, and when it left."""
        return np.append(0.0, total)[self.enters], total[self.leaves]


def stay(records: Records, distinct: Floats, position: Integers) -> Stay:
    """The stay of every row, given the distinct times and the position of its end among them."""
    if records.start is None:
        return Stay(np.zeros(records.n, dtype=np.int64), position)
    return Stay(np.searchsorted(distinct, records.start, side="right"), position)


def jackknife_variance(records: Records, where: Stay, *, present: Floats, gone: Floats, basis: Floats) -> Floats:
    """The infinitesimal jackknife variance at every distinct time, shape (times,).

    present  coefficients of each row while it is at risk, shape (rows, curves)
    gone     coefficients once it has left, shape (rows, curves)
    basis    the curves B, shape (times, curves)
    """
    squares = _squares_by_cluster if records.clustered else _squares_alone
    variance, magnitude = np.zeros(basis.shape[0]), np.zeros(basis.shape[0])
    for first, second, running in squares(records, where, present, gone, basis.shape[0]):
        term = (1 if first == second else 2) * basis[:, first] * basis[:, second] * running
        variance += term
        magnitude += np.abs(term)
    return without_rounding(variance, magnitude)


def without_rounding(variance: Floats, magnitude: Floats) -> Floats:
    """A variance, and 0 where it is less than the rounding of the terms it was added up from (`magnitude`)."""
    return np.where(variance > ROUNDING * magnitude, variance, 0.0)


def clustered_sum_of_squares(records: Records, influence: Floats) -> float:
    """The infinitesimal jackknife variance of one number, from ∂θ/∂w of every row."""
    weighted = records.weight() * influence
    total = np.bincount(records.cluster_codes(), weighted) if records.clustered else weighted
    return float(total @ total)


def _pairs(curves: int) -> Iterator[tuple[int, int]]:
    return combinations_with_replacement(range(curves), 2)


def _squares_alone(records: Records, where: Stay, present: Floats, gone: Floats, times: int) -> Iterator[Running]:
    """Σ_i w_i² c_ib c_ib' at every time, each row by itself.

    Rows are taken in an order that only depends on what they say, so that the order of the data cannot change a digit.
    """
    weight = records.weight()
    order = np.lexsort((*present.T, *gone.T, weight))
    square, enters, leaves = weight[order] ** 2, where.enters[order], where.leaves[order]
    present, gone = present[order], gone[order]
    for first, second in _pairs(present.shape[1]):
        while_there = square * present[:, first] * present[:, second]
        afterwards = square * gone[:, first] * gone[:, second]
        came, left = _running(enters, while_there, times), _running(leaves, afterwards - while_there, times)
        yield first, second, came + left


def _running(index: Integers, values: Floats, times: int) -> Floats:
    """The sum of the values up to and including each time."""
    return np.cumsum(np.bincount(index, values, minlength=times).astype(np.float64))


def _squares_by_cluster(records: Records, where: Stay, present: Floats, gone: Floats, times: int) -> Iterator[Running]:
    """Σ_c c_cb c_cb' at every time, with c_cb the weighted sum over the rows of the cluster."""
    weight = records.weight()[:, None]
    changes = np.concatenate([weight * present, weight * (gone - present)])
    at, cluster = np.concatenate([where.enters, where.leaves]), np.tile(records.cluster_codes(), 2)
    order = np.lexsort((at, cluster))
    columns = [f"change_{curve}" for curve in range(changes.shape[1])]
    frame = pl.DataFrame(changes[order], schema=columns).with_columns(pl.Series("cluster", cluster[order]))
    after = frame.select(pl.col(columns).cum_sum().over("cluster")).to_numpy()
    opens = np.append(True, np.diff(cluster[order]) != 0)
    earlier = np.where(opens[:, None], 0.0, np.roll(after, 1, axis=0))
    for first, second in _pairs(present.shape[1]):
        change = after[:, first] * after[:, second] - earlier[:, first] * earlier[:, second]
        yield first, second, _running(at[order], change, times)
