"""The columns of a competing-risks regression, checked: follow-up, entry, rows of one patient, cause of interest."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from inferon.statistics.shared.censoring_distribution import Observation
from inferon.statistics.shared.columns import Coded, Floats, Integers, cause_codes, group_codes
from inferon.statistics.shared.records import checked_records
from inferon.statistics.shared.tied_times import merge_rounded


@dataclass(frozen=True, eq=False)
class CompetingRows:
    """Rows of follow-up: under observation, with the event of interest, with a competing one; cluster codes; patients."""

    observed: Observation
    interest: NDArray[np.bool_]
    competing: NDArray[np.bool_]
    cluster: Integers | None
    patients: int

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return self.interest.size


def competing_rows(
    time: ArrayLike,
    cause: Any,
    *,
    cause_of_interest: Hashable,
    start: ArrayLike | None = None,
    patient: Any = None,
    weights: ArrayLike | None = None,
    cluster: Any = None,
) -> CompetingRows:
    """Check the columns; times that differ by rounding only are made equal. ValueError with the first offending position."""
    records = checked_records(time, start=start, weights=weights, cluster=patient if cluster is None else cluster)
    coded = cause_codes(cause, patients=records.n)
    if cause_of_interest not in coded.labels:
        raise ValueError(
            f"nobody had the cause of interest {cause_of_interest!r}: the causes found are {list(coded.labels)}"
        )
    position, event = coded.labels.index(cause_of_interest), coded.codes >= 0
    if records.start is None:
        ends, entry = merge_rounded(records.time)[0], None
    else:
        ends, entry = merge_rounded(records.time, records.start)
    last, first, patients = np.ones(records.n, dtype=bool), np.ones(records.n, dtype=bool), records.n
    if patient is not None:
        named = group_codes(patient, patients=records.n, name="patient")
        last, first = _ends(ends, entry, event, named)
        patients = len(named.labels)
    observed = Observation(ends, entry, records.weight(), event, ~event & last, first)
    return CompetingRows(
        observed, coded.codes == position, event & (coded.codes != position), records.cluster, patients
    )


def codes_of(column: Any, name: str, rows: int) -> Integers:
    """Codes from 0 of a column of labels, all 0 where there is none."""
    return np.zeros(rows, dtype=np.int64) if column is None else group_codes(column, patients=rows, name=name).codes


def _ends(
    time: Floats, start: Floats | None, event: NDArray[np.bool_], patient: Coded
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which rows are a patient's last and first; ValueError unless rows join and only the last has an event."""
    if start is None:
        raise ValueError("patient names rows that follow on from each other: give their start as well")
    order = np.lexsort((time, patient.codes))
    same = np.diff(patient.codes[order]) == 0
    apart = np.flatnonzero(same & (start[order][1:] != time[order][:-1]))
    if apart.size:
        row = int(order[apart[0] + 1])
        label = patient.labels[patient.codes[row]]
        raise ValueError(f"the rows of patient {label!r} leave a gap or overlap at position {row}")
    early = np.flatnonzero(same & event[order][:-1])
    if early.size:
        raise ValueError(f"a patient is followed on after an event at position {int(order[early[0]])}")
    last, first = np.empty(time.size, dtype=bool), np.empty(time.size, dtype=bool)
    last[order], first[order] = np.append(~same, True), np.insert(~same, 0, True)
    return last, first
