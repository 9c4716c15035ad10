"""Time at equal error: what a solver would take to reach an error it was not asked for, read off its work-precision curve."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import pairwise


def seconds_at(target: float, points: Iterable[tuple[float, float]]) -> float | None:
    """Seconds to reach error ``target``, from (error, seconds) pairs of one solver.

    Points that another beats in both are left out, the others joined by straight lines in logarithms. An error looser than all is
    reached in the time of the loosest; one tighter than all is not extrapolated: None.
    """
    front: list[tuple[float, float]] = []
    for error, seconds in sorted(points):
        if not front or seconds < front[-1][1]:
            front.append((error, seconds))
    if not front or target < front[0][0]:
        return None
    for (tight, slow), (loose, fast) in pairwise(front):
        if target <= loose:
            share = math.log(target / tight) / math.log(loose / tight)
            return slow * (fast / slow) ** share
    return front[-1][1]
