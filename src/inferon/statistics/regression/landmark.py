"""Among those still event-free at a landmark, what does a state reached by then mean for the time that is left?

Patients whose follow-up ends at or before the landmark are left out, the clock starts again at the landmark, and only
what was known by then may be a covariate. Comparing by a later state from the beginning would credit the state with the
time it took to reach it (immortal time). Sources: Anderson, Cain & Gelber, J Clin Oncol 1983;1:710-719; van Houwelingen,
Scand J Statist 2007;34:70-85.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from inferon.statistics.regression.cox import cox
from inferon.statistics.regression.cox_likelihood import Ties
from inferon.statistics.regression.cox_model import CoxModel
from inferon.statistics.shared.columns import Floats, event_indicator, follow_up_times
from inferon.statistics.shared.covariate_matrix import covariate_matrix


@dataclass(frozen=True, eq=False, repr=False)
class LandmarkSet:
    """Those at risk at the landmark: positions of their rows, time since the landmark, event, and 0/1 states by then.

    n   all patients, with those who left before the landmark
    """

    landmark: float
    rows: NDArray[np.int64]
    time: Floats
    event: NDArray[np.bool_]
    reached: pl.DataFrame
    n: int

    method: ClassVar[str] = "Landmark set"
    citation: ClassVar[str] = "Anderson, Cain & Gelber, J Clin Oncol 1983;1:710-719"

    def to_frame(self) -> pl.DataFrame:
        """One row a patient at risk: row (position in the data), time since the landmark, event, and the states."""
        columns = {"row": self.rows, "time": self.time, "event": self.event}
        return pl.concat([pl.DataFrame(columns), self.reached], how="horizontal")

    def __repr__(self) -> str:
        head = f"{self.method} at {self.landmark:g}: n = {self.rows.size} of {self.n} patients, events = {self.event.sum()}"
        states = [f"  reached {name} by then: {self.reached[name].sum()}" for name in self.reached.columns]
        return "\n".join([head, *states, f"  {self.citation}"])


def landmark_set(
    time: ArrayLike, event: ArrayLike, *, landmark: float, reached_at: Mapping[str, Any] | None = None
) -> LandmarkSet:
    """Who is still followed and event-free after `landmark`, with the clock set to 0 there.

    reached_at   name of a state → time it was reached, shape (patients,); NaN or null: never. Reached by the landmark
                 (included) counts as 1, later or never as 0.

    ValueError for bad columns, a landmark that is negative, or nobody left after it.
    """
    follow_up = follow_up_times(time)
    happened = event_indicator(event, patients=follow_up.size)
    if not landmark >= 0:
        raise ValueError(f"landmark must be a time >= 0, found {landmark}")
    rows = np.flatnonzero(follow_up > landmark)
    if rows.size == 0:
        raise ValueError(
            f"nobody is followed beyond the landmark {landmark}; the longest follow-up is {follow_up.max()}"
        )
    reached = {
        name: (_times(column, name, follow_up.size)[rows] <= landmark).astype(np.int64)
        for name, column in (reached_at or {}).items()
    }
    return LandmarkSet(
        float(landmark), rows, follow_up[rows] - landmark, happened[rows], pl.DataFrame(reached), follow_up.size
    )


def landmark_cox(
    time: ArrayLike,
    event: ArrayLike,
    *,
    landmark: float,
    reached_at: Mapping[str, Any],
    covariates: Any = None,
    strata: Any = None,
    ties: Ties = "efron",
) -> CoxModel:
    """Hazard ratios after `landmark` of the states reached by then, adjusted for `covariates` known from the start.

    The columns are those of all patients; see `landmark_set` for `reached_at` and `cox` for the rest.
    """
    chosen = landmark_set(time, event, landmark=landmark, reached_at=reached_at)
    columns = chosen.reached
    if covariates is not None:
        matrix = covariate_matrix(covariates, patients=np.asarray(time).size)
        fixed = pl.DataFrame(matrix.values[chosen.rows], schema=list(matrix.terms), orient="row")
        columns = pl.concat([columns, fixed], how="horizontal")
    labels = None if strata is None else np.asarray(strata)[chosen.rows]
    return cox(chosen.time, chosen.event, covariates=columns, strata=labels, ties=ties)


def _times(column: Any, name: str, patients: int) -> Floats:
    values = column.to_numpy() if isinstance(column, pl.Series) else np.asarray(column, dtype=np.float64)
    if values.shape != (patients,):
        raise ValueError(f"reached_at {name!r} must have one time a patient ({patients}), found shape {values.shape}")
    return np.where(np.isnan(values), np.inf, values)
