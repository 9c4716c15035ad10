"""A step function estimated from follow-up: computed at the observed times, evaluated on any grid afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from inferon.statistics.shared.columns import Floats, times_asked
from inferon.statistics.shared.confidence import confidence_limits
from inferon.statistics.shared.risk_table import Counts

SHOWN = ("estimate", "lower", "upper")


@dataclass(frozen=True, eq=False, repr=False)
class Curve:
    """One estimated quantity over time, with its standard error and confidence limits.

    time            distinct follow-up times, ascending, shape (times,), in the unit of the data
    estimate        probability (or cumulative hazard) just after each of those times
    standard_error  of `estimate`; NaN where it does not exist
    lower, upper    confidence limits on the scale `conf_type`, at `conf_level`; NaN where they do not exist
    at_risk         patients with follow-up >= time (and who have entered before it, with delayed entry)
    events          patients with the event at that time
    censored        patients censored at that time
    n, n_events     rows of follow-up, and events in all
    variance_form   which variance the standard error is the root of

    Where patients are weighted, `at_risk`, `events`, `censored` and `n_events` are sums of weights; `n` never is.
    """

    time: Floats
    estimate: Floats
    standard_error: Floats
    lower: Floats
    upper: Floats
    at_risk: Counts
    events: Counts
    censored: Counts
    n: int
    n_events: float
    variance_form: str
    conf_type: str
    conf_level: float

    method: ClassVar[str]
    citation: ClassVar[str]
    quantity: ClassVar[str]
    start: ClassVar[float]

    def __post_init__(self) -> None:
        for name in ("time", "estimate", "standard_error", "lower", "upper", "at_risk", "events", "censored"):
            getattr(self, name).setflags(write=False)

    @property
    def last_follow_up(self) -> float:
        """The longest follow-up; beyond it nothing is estimated and the last value is only carried on."""
        return float(self.time[-1])

    def at(self, times: ArrayLike) -> pl.DataFrame:
        """What is the estimate by each of `times`?

        One row a time, in the order given: time, estimate, standard_error, lower, upper, at_risk (at the first of the
        curve's times that is not earlier: follow-up >= time, unless patients enter in between), cumulative_events (by
        that time, included) and within_follow_up (false beyond the longest follow-up, where the last estimate is
        carried on and nobody is at risk). Limits that do not exist are null. ValueError for a time that is negative or
        not finite.
        """
        grid = times_asked(times)
        before_or_at = np.searchsorted(self.time, grid, side="right")
        lower, upper = self._limits_at_start()
        columns = {
            "time": grid,
            "estimate": np.append(self.start, self.estimate)[before_or_at],
            "standard_error": np.append(0.0, self.standard_error)[before_or_at],
            "lower": np.append(lower, self.lower)[before_or_at],
            "upper": np.append(upper, self.upper)[before_or_at],
            "at_risk": np.append(self.at_risk, 0)[np.searchsorted(self.time, grid, side="left")],
            "cumulative_events": np.append(0, np.cumsum(self.events))[before_or_at],
            "within_follow_up": grid <= self.last_follow_up,
        }
        return pl.DataFrame(columns, nan_to_null=True)

    def to_frame(self) -> pl.DataFrame:
        """The curve at every observed time: time, at_risk, events, censored, estimate, standard_error, lower, upper."""
        names = ("time", "at_risk", "events", "censored", "estimate", "standard_error", "lower", "upper")
        return pl.DataFrame({name: getattr(self, name) for name in names}, nan_to_null=True)

    def plot(self) -> Any:
        """The curve as a step with its limits as a band and a stroke where patients are censored: an Altair chart."""
        from inferon.statistics.shared.picture import step_chart

        title, _, about = self._headline().partition(": n = ")
        return step_chart(
            self.drawn(), title=title, subtitle=f"n = {about}", quantity=self.quantity, ticks=self._censored_ticks()
        )

    def drawn(self) -> pl.DataFrame:
        """What a picture shows: time, estimate, lower and upper, from time 0 on."""
        first = pl.DataFrame({"time": [0.0], **dict(zip(SHOWN, (self.start, *self._limits_at_start()), strict=True))})
        return pl.concat([first.fill_nan(None), self.to_frame().select("time", *SHOWN)])

    def __repr__(self) -> str:
        return "\n".join([self._headline(), *self._sampled_rows(), f"  {self.citation}"])

    def _headline(self) -> str:
        return (
            f"{self.method}: n = {self.n}, events = {self.n_events:g}; variance: {self.variance_form}; "
            f"{100 * self.conf_level:g}% limits: {self.conf_type}"
        )

    def _censored_ticks(self) -> pl.DataFrame:
        return self.to_frame().filter(pl.col("censored") > 0).select("time", "estimate")

    def _sampled_rows(self) -> list[str]:
        chosen = np.unique(np.linspace(0, self.time.size - 1, 6).astype(int))
        rows = [f"  {'time':>10} {'at risk':>8} {'estimate':>9} {'lower':>9} {'upper':>9}"]
        for i in chosen:
            numbers = (self.estimate[i], self.lower[i], self.upper[i])
            shown = " ".join(f"{value:9.4f}" if np.isfinite(value) else f"{'–':>9}" for value in numbers)
            patients = str(self.at_risk[i]) if self.at_risk.dtype.kind == "i" else f"{self.at_risk[i]:.2f}"
            rows.append(f"  {self.time[i]:>10g} {patients:>8} {shown}")
        return rows

    def _limits_at_start(self) -> tuple[float, float]:
        lower, upper = self._limits(np.array([self.start]), np.zeros(1))
        return float(lower[0]), float(upper[0])

    def _limits(self, estimate: Floats, standard_error: Floats) -> tuple[Floats, Floats]:
        return confidence_limits(estimate, standard_error, conf_type=self.conf_type, conf_level=self.conf_level)


def total(counts: Counts) -> float:
    """All of them together: a whole number where patients are counted, a float where weights are summed."""
    return counts.sum().item()
