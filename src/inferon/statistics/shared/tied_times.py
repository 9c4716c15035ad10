"""Times that differ by rounding only are one time: 0.1 + 0.2 and 0.3 tie.

Times computed as differences or changes of unit (days / 365.25) come out unequal in the last bits although they were
equal on the calendar; a tie is then missed and a regression changes in its fourth digit. Neighbouring distinct times
closer than √ε (1.5e-8) of the mean absolute time are taken as the earlier of the two. Nothing else is altered.

Equal to survival::aeqSurv of R, which coxph applies by default (timefix = TRUE), except that aeqSurv also merges times
closer than √ε in absolute terms, so that its result depends on the unit of time.
"""

import numpy as np

from inferon.statistics.shared.columns import Floats

SAME = float(np.sqrt(np.finfo(np.float64).eps))


def merge_rounded(*columns: Floats) -> tuple[Floats, ...]:
    """The same columns of times (starts and ends together), with times that differ by rounding made equal."""
    distinct = np.unique(np.concatenate(columns))
    if distinct.size < 2:
        return columns
    opens = np.append(True, np.diff(distinct) > SAME * np.abs(distinct).mean())
    if opens.all():
        return columns
    first = distinct[opens]
    return tuple(first[np.searchsorted(first, column, side="right") - 1] for column in columns)
