"""What is asked of a table of patients: checked before the table is opened."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import polars as pl

from inferon.analysis.adtte import CENSORED_BY, EVENT, PARAMETER, ByCensoringFlag
from inferon.analysis.coding import ByCode, ByColumns, Rule
from inferon.analysis.covariates import Covariate
from inferon.analysis.weighting import Weighting
from inferon.statistics.curves.aalen_johansen import Variance
from inferon.statistics.curves.incidence_difference import Interval
from inferon.statistics.shared.confidence import ConfidenceType

Clock = Literal["restart", "origin"]
LeaveOut = Literal["missing", "entry"]
"""missing: a needed value (time, entry, group, strata, weight) is missing; entry: it is not before the end of follow-up."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """One analysis.

    data        CSV or Parquet file, or a Polars table
    time        column of follow-up, in `time_unit`
    coding      what ended the follow-up
    only        (column, value) pairs: patients with other values are left out
    leave_out   which rows that cannot be used are left out, counted and named, instead of refused
    adtte       PARAMCD of the rows to take from ADaM ADTTE data, or None
    group, id, start, weights  columns, or None
    labels      (value, name) pairs of the group column: what groups are called
    reference   the group others are compared with; None: the first
    strata      columns whose combinations are the strata of tests and regressions
    covariates  of the regressions
    landmark    patients followed beyond it are analysed; `clock` says whether time restarts there
    reached     groups by whether this happened by the landmark, or None
    times       report times in `time_unit`, or None for round times over the follow-up
    tau         horizon of restricted means, or None for the last report time that was asked for
    weighting   of a weighted log-rank test, or None
    variance    of cumulative incidences; None: greenwood_type, or the jackknife where weights are fractional
    difference  interval of differences of cumulative incidence
    """

    data: Path | pl.DataFrame
    time: str
    coding: ByColumns | ByCode | ByCensoringFlag
    adtte: str | None = None
    only: tuple[tuple[str, str], ...] = ()
    leave_out: tuple[LeaveOut, ...] = ()
    group: str | None = None
    labels: tuple[tuple[str, str], ...] = ()
    reference: str | None = None
    id: str | None = None
    start: str | None = None
    weights: str | None = None
    strata: tuple[str, ...] = ()
    covariates: tuple[Covariate, ...] = ()
    landmark: float | None = None
    clock: Clock = "restart"
    reached: Rule | None = None
    times: tuple[float, ...] | None = None
    tau: float | None = None
    time_unit: str = "unit of the data"
    weighting: Weighting | None = None
    variance: Variance | None = None
    conf_type: ConfidenceType = "log-log"
    conf_level: float = 0.95
    difference: Interval = "recovered"
    title: str | None = None

    @property
    def name(self) -> str:
        """What the data are called in print-outs."""
        return self.data.name if isinstance(self.data, Path) else "table"

    @property
    def causes(self) -> tuple[str, ...]:
        """The causes, in the order declared."""
        return self.coding.causes

    @property
    def competing(self) -> bool:
        """Whether more than one cause was declared."""
        return len(self.causes) > 1

    @property
    def grouped(self) -> bool:
        """Whether groups are compared."""
        return self.group is not None or self.reached is not None

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that is read, the follow-up first."""
        optional = (self.group, self.id, self.start, self.weights, PARAMETER if self.adtte else None)
        reached = (self.reached.column, self.reached.at) if self.reached else ()
        only = (column for column, _ in self.only)
        named = (*only, *self.coding.columns, *optional, *self.strata, *(c.column for c in self.covariates), *reached)
        return tuple(dict.fromkeys((self.time, *(column for column in named if column))))

    @property
    def optional_columns(self) -> tuple[str, ...]:
        """Columns that are read where they are there: descriptions of ADaM."""
        return (EVENT, CENSORED_BY) if self.adtte else ()
