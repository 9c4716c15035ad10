"""Who counts, and how much, at every event time of a Fine–Gray model, held so that sums cost a pass over the patients.

Weights factor into a patient's part and a time's part: under observation a patient counts `weight`, after a competing event
at X it counts weight · K(t) / K(X), with K the observation weight of its censoring group. Sums over a risk set are therefore
cumulative sums over patients in the order of their times; no patient is compared with every event time.

A covariate effect that changes with time, y f(t), is common to patients with equal y (a *level*): tables are levels × times.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from inferon.statistics.shared.columns import Floats, Integers

CELLS_A_BLOCK = 4_000_000


@dataclass(frozen=True, eq=False)
class RiskSets:
    """One stratum. Times are counted by position in `times`, the distinct times of the event of interest.

    weight               of every patient, shape (patients,)
    fixed                covariates with a constant effect, shape (patients, fixed)
    level                which row of `varying` a patient has
    varying              distinct rows of covariates whose effect changes with time, shape (levels, varying)
    of_time              f at every event time, shape (times, varying)
    enters, leaves       a patient is at risk at the times enters <= position < leaves
    event, event_at      patients with the event of interest, and the position of their time
    stays                patients with a competing event: they stay in the risk set from `leaves` on
    censoring_group      of the patients that stay
    before, inverse      K at every event time, shape (groups, times), and 1 / K(X) of the patients that stay
    part_at, part_share  the terms of the likelihood: position of the event time, share of the tied events taken off the risk
    part_weight          set (0 for Breslow; 0, 1/d, 2/d … for Efron), and weight of the term
    """

    times: Floats
    weight: Floats
    fixed: Floats
    level: Integers
    varying: Floats
    of_time: Floats
    enters: Integers
    leaves: Integers
    event: Integers
    event_at: Integers
    stays: Integers
    censoring_group: Integers
    before: Floats
    inverse: Floats
    part_at: Integers
    part_share: Floats
    part_weight: Floats

    @property
    def patients(self) -> int:
        return self.weight.size

    @property
    def event_weight(self) -> Floats:
        """The weight of the events at each time."""
        return summed_at(self.event_at, self.weight[self.event], self.times.size)

    @cached_property
    def blocks(self) -> list["Block"]:
        """Levels in portions small enough for tables of levels × times (never more times than patients)."""
        levels = self.varying.shape[0]
        portion = max(1, CELLS_A_BLOCK // self.patients)
        if portion >= levels:
            return [Block(self, slice(0, levels), np.arange(self.patients))]
        order = np.argsort(self.level, kind="stable")
        first = np.searchsorted(self.level[order], np.arange(levels + 1))
        starts = range(0, levels, portion)
        return [
            Block(self, slice(a, min(a + portion, levels)), order[first[a] : first[min(a + portion, levels)]])
            for a in starts
        ]


class Block:
    """Some levels of a stratum with their patients (`rows`): sums over risk sets, and sums over a patient's times."""

    def __init__(self, sets: RiskSets, levels: slice, rows: Integers) -> None:
        self.sets, self.levels, self.rows = sets, levels, rows
        self.varying = sets.varying[levels]
        self.count, self.times = self.varying.shape[0], sets.times.size
        self.level = sets.level[rows] - levels.start
        self.entered_late = bool(sets.enters[rows].any())
        place = _positions(rows, sets.patients)[sets.stays]
        kept = place >= 0
        self.stays, self.inverse = place[kept], sets.inverse[kept]
        self.group = sets.censoring_group[kept]
        self.leaves, self.enters = sets.leaves[rows], sets.enters[rows]
        width = self.times + 1
        self._leave_bin = self.level * width + self.leaves
        self._enter_bin = self.level * width + self.enters
        self._stay_bin = (self.group * self.count + self.level[self.stays]) * width + self.leaves[self.stays]

    def risk_sum(self, amount: Floats) -> Floats:
        """Σ over each risk set of the patients' `amount` times their weight factor, shape (levels, times)."""
        total = self._binned(self._leave_bin, amount, 1)[0]
        if self.entered_late:
            total -= self._binned(self._enter_bin, amount, 1)[0]
        under_observation = np.cumsum(total[:, :0:-1], axis=1)[:, ::-1]
        if not self.stays.size:
            return under_observation
        groups = self.sets.before.shape[0]
        gone = self._binned(self._stay_bin, amount[self.stays] * self.inverse, groups)[:, :, :-1]
        return under_observation + (np.cumsum(gone, axis=2) * self.sets.before[:, None, :]).sum(axis=0)

    def time_sum(self, amount: Floats) -> Floats:
        """Σ over the times a patient counts of `amount` (levels, times) times its weight factor, shape (rows,)."""
        risen = np.concatenate([np.zeros((self.count, 1)), np.cumsum(amount, axis=1)], axis=1)
        total = risen[self.level, self.leaves]
        if self.entered_late:
            total = total - risen[self.level, self.enters]
        if self.stays.size:
            ahead = _sum_ahead(self.sets.before[:, None, :] * amount)
            total[self.stays] += self.inverse * ahead[self.group, self.level[self.stays], self.leaves[self.stays]]
        return total

    def _binned(self, bins: Integers, amount: Floats, groups: int) -> Floats:
        size = groups * self.count * (self.times + 1)
        return summed_at(bins, amount, size).reshape(groups, self.count, self.times + 1)


def summed_at(position: Integers, amount: Floats, length: int) -> Floats:
    """Σ of `amount`, shape (rows,) or (rows, columns), over the rows at each of `length` positions."""
    if amount.ndim == 1:
        return np.asarray(np.bincount(position, weights=amount, minlength=length), dtype=np.float64)
    return np.stack([summed_at(position, column, length) for column in amount.T], axis=1)


def _positions(rows: Integers, patients: int) -> Integers:
    place = np.full(patients, -1, dtype=np.int64)
    place[rows] = np.arange(rows.size)
    return place


def _sum_ahead(amount: Floats) -> Floats:
    """Σ from each position to the end, with a 0 after the last."""
    ahead = np.cumsum(amount[..., ::-1], axis=-1)[..., ::-1]
    return np.concatenate([ahead, np.zeros((*amount.shape[:-1], 1))], axis=-1)
