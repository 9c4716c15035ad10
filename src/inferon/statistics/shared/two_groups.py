"""Two independent groups of patients, one of them the reference, for differences of estimates."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inferon.statistics.shared.columns import Coded, group_codes
from inferon.statistics.shared.records import Records


def two_groups(group: Any, *, reference: Any, records: Records) -> Coded:
    """The two labels, the reference first.

    ValueError unless there are exactly two, `reference` is one of them (None: the first), and no cluster has patients
    in both: the difference would then need their covariance.
    """
    coded = group_codes(group, patients=records.n)
    if len(coded.labels) != 2:
        raise ValueError(f"a difference needs exactly two groups, found {list(coded.labels)}")
    if records.cluster is not None:
        sides = np.bincount(records.cluster, coded.codes), np.bincount(records.cluster)
        if ((sides[0] > 0) & (sides[0] < sides[1])).any():
            raise ValueError("a cluster has patients in both groups: the groups are then not independent")
    if reference is None or reference == coded.labels[0]:
        return coded
    if reference != coded.labels[1]:
        raise ValueError(f"reference must be one of the groups {list(coded.labels)}, found {reference!r}")
    return Coded(1 - coded.codes, coded.labels[::-1])


def members(coded: Coded) -> Iterator[NDArray[np.bool_]]:
    """Who belongs to each group, in the order of the labels."""
    for code in range(len(coded.labels)):
        yield coded.codes == code


def part(column: NDArray[Any] | None, own: NDArray[np.bool_]) -> NDArray[Any] | None:
    """A column's values for some of the patients; None stays None."""
    return None if column is None else column[own]
