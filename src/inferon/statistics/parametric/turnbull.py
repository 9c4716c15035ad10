"""Which fraction is still free of the event, when the event is only known to lie between two visits?

The non-parametric maximum-likelihood estimate puts mass on the innermost intervals so that Π_i P(left_i < T <= right_i) is
largest; see `turnbull_intervals` and `monotone_likelihood`. Between innermost intervals the estimate is a constant; inside
one only its ends are known. There is no standard error: the estimate converges slower than 1/√n (Groeneboom & Wellner).

Sources: Turnbull, J R Stat Soc B 1976;38:290-295. Equal to ic_np() of R's icenReg; survfit(Surv(left, right, type =
"interval2") ~ 1) stops its iteration earlier and shows the mass of an interval at its middle.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from inferon.statistics.parametric.error_distributions import EXTREME
from inferon.statistics.parametric.interval_times import interval_times
from inferon.statistics.parametric.monotone_likelihood import fit_monotone
from inferon.statistics.parametric.monotone_problem import MonotoneProblem, equal_start, masses
from inferon.statistics.parametric.turnbull_intervals import innermost_intervals
from inferon.statistics.shared.columns import Floats, times_asked
from inferon.statistics.shared.records import case_weights

SHOWN = 8
"""Intervals that a printed estimate lists."""


@dataclass(frozen=True, eq=False, repr=False)
class Turnbull:
    """The estimate.

    left, right     innermost intervals, ascending, right possibly inf: (left, right], or the single time left = right
    mass            probability of the event in each, some 0; adds up to 1
    log_likelihood  at the estimate
    n, n_events     patients, and those whose event is known to have happened
    """

    left: Floats
    right: Floats
    mass: Floats
    log_likelihood: float
    n: int
    n_events: int

    method: ClassVar[str] = "Turnbull's estimate (non-parametric maximum likelihood)"
    citation: ClassVar[str] = "Turnbull, J R Stat Soc B 1976;38:290-295"
    variance_form: ClassVar[str] = "none (no asymptotic normal limit)"

    def __post_init__(self) -> None:
        for values in (self.left, self.right, self.mass):
            values.setflags(write=False)

    @property
    def single(self) -> NDArray[np.bool_]:
        """Innermost intervals that are one time."""
        return self.left == self.right

    def at(self, times: ArrayLike) -> pl.DataFrame:
        """Which fraction is free of the event at each of `times`?

        One row a time: time, lower and upper (the least and the largest value the data allow, equal outside innermost
        intervals), and survival, with the mass of an interval counted from its middle on, as survfit shows it.
        """
        grid = times_asked(times)
        middle = np.where(
            np.isfinite(self.right), (self.left + np.where(np.isfinite(self.right), self.right, 0)) / 2, np.inf
        )
        begun = np.where(self.single, grid[:, None] >= self.left, grid[:, None] > self.left)
        columns = {
            "survival": 1 - (grid[:, None] >= middle) @ self.mass,
            "lower": 1 - begun @ self.mass,
            "upper": 1 - (grid[:, None] >= self.right) @ self.mass,
        }
        return pl.DataFrame({"time": grid, **{name: np.clip(values, 0, 1) for name, values in columns.items()}})

    def to_frame(self) -> pl.DataFrame:
        """One row an innermost interval: left, right, mass, survival (after the interval)."""
        survival = np.clip(1 - np.cumsum(self.mass), 0, 1)
        return pl.DataFrame({"left": self.left, "right": self.right, "mass": self.mass, "survival": survival})

    def plot(self) -> Any:
        """Survival as a line between innermost intervals and as a grey area inside them, where it is unknown."""
        import altair

        from inferon.statistics.shared.picture import HEIGHT, WIDTH, heading

        last = float(np.max(np.where(np.isfinite(self.right), self.right, self.left)))
        kept = (self.mass > 0) & np.isfinite(self.right)
        after = 1 - np.cumsum(self.mass)
        before = after + self.mass
        boxes = pl.DataFrame({"left": self.left, "right": self.right, "high": before, "low": after}).filter(kept)
        ends = np.append(self.left[kept], last)
        flats = pl.DataFrame(
            {"left": np.append(0.0, self.right[kept]), "right": ends, "survival": np.append(1.0, after[kept])}
        )
        area = (
            altair.Chart(boxes)
            .mark_rect(opacity=0.3)
            .encode(
                x=altair.X("left:Q").title("time"),
                x2="right:Q",
                y=altair.Y("low:Q").title("free of the event"),
                y2="high:Q",
            )
        )
        line = altair.Chart(flats).mark_rule().encode(x="left:Q", x2="right:Q", y="survival:Q")
        title = heading(self.method, f"n = {self.n}, events = {self.n_events}; grey: the data do not say")
        return altair.layer(area, line).properties(width=WIDTH, height=HEIGHT, title=title)

    def __repr__(self) -> str:
        head = (
            f"{self.method}: n = {self.n}, events = {self.n_events}; {self.left.size} innermost intervals, "
            f"{int((self.mass > 0).sum())} with mass; log-likelihood {self.log_likelihood:.4f}"
        )
        carrying = np.flatnonzero(self.mass > 0)
        after = np.clip(1 - np.cumsum(self.mass), 0, 1)
        where = [
            f"at {b:g}" if one else f"({a:g}, {b:g}]"
            for a, b, one in zip(self.left, self.right, self.single, strict=True)
        ]
        rows = [f"  {where[i]}  mass {self.mass[i]:.4f}  then {after[i]:.4f}" for i in carrying[:SHOWN]]
        if carrying.size > SHOWN:
            rows.append(f"  … and {carrying.size - SHOWN} more, in to_frame()")
        return "\n".join([head, *rows, f"  standard errors: {self.variance_form}", f"  {self.citation}"])


def turnbull(left: ArrayLike, right: ArrayLike, *, weights: ArrayLike | None = None) -> Turnbull:
    """Estimate the distribution of an event time known to lie in (left, right].

    left, right  shape (patients,); right missing or infinite: right censored at left; left 0 or missing: left censored;
                 left = right: seen at that time
    weights      patients a row stands for

    ValueError for bad columns, or when the estimate does not settle.
    """
    times = interval_times(left, right)
    counts = np.ones(times.n) if weights is None else case_weights(weights, patients=times.n)
    cells = innermost_intervals(times)
    pairs, where = np.unique(np.column_stack([cells.first, cells.beyond]), axis=0, return_inverse=True)
    total = np.asarray(np.bincount(where.ravel(), counts), dtype=np.float64)
    problem = MonotoneProblem(EXTREME, pairs[:, 0], pairs[:, 1], cells.left.size, np.zeros((total.size, 0)), total)
    fit = fit_monotone(problem, equal_start(problem))
    mass = masses(EXTREME, fit.thresholds)
    return Turnbull(cells.left, cells.right, mass / mass.sum(), fit.log_likelihood, times.n, times.n_events)
