"""Did a single arm have fewer events than a known curve (a historical control, the general population) predicts?

    O = Σ δ_i,      E = Σ H₀(t_i),      z = (O - E) / √V

H₀ is the cumulative hazard of the reference, taken as known without error; a historical curve that was itself estimated
from few patients makes the test too keen. V is E (Breslow) or the mean of O and E, which keeps the error rate better
when few events are expected (Wu). The ratio O / E has exact Poisson limits.

Sources: Breslow, Appl Stat 1975;24:303-310; Finkelstein, Muzikansky & Schoenfeld, J Natl Cancer Inst 2003;95:1434-1439;
Wu, Pharm Stat 2014;13:250-260 (the mean of O and E). With V = E equal to survdiff(Surv(time, event) ~ offset(S₀(time)))
of the R package survival.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, get_args

import numpy as np
import polars as pl
from numpy.typing import ArrayLike
from scipy.special import chdtri, ndtr

from inferon.statistics.shared.columns import Floats, event_indicator, follow_up_times
from inferon.statistics.shared.records import entry_times

ReferenceVariance = Literal["expected", "mean_of_observed_and_expected"]
REFERENCE_VARIANCES: tuple[str, ...] = get_args(ReferenceVariance)


@dataclass(frozen=True, eq=False, repr=False)
class OneSampleLogRank:
    """Observed against expected events of one arm.

    n                   patients
    observed, expected  events, and events the reference predicts over the same follow-up
    ratio               observed / expected, with exact Poisson limits `lower` and `upper` at `conf_level`
    z                   below 0: fewer events than predicted
    p_value             two-sided; `p_value_fewer` is one-sided for fewer events
    """

    n: int
    observed: int
    expected: float
    ratio: float
    lower: float
    upper: float
    z: float
    p_value: float
    p_value_fewer: float
    variance_form: str
    conf_level: float

    method: ClassVar[str] = "One-sample log-rank test"
    citation: ClassVar[str] = "Breslow, Appl Stat 1975;24:303-310; Wu, Pharm Stat 2014;13:250-260"

    def to_frame(self) -> pl.DataFrame:
        """One row: n, observed, expected, ratio, lower, upper, z, p_value, p_value_fewer."""
        names = ("n", "observed", "expected", "ratio", "lower", "upper", "z", "p_value", "p_value_fewer")
        return pl.DataFrame({name: [getattr(self, name)] for name in names})

    def __repr__(self) -> str:
        head = f"{self.method}: n = {self.n}, observed = {self.observed}, expected = {self.expected:.2f}"
        limits = f"{100 * self.conf_level:g}% exact limits {self.lower:.3f} to {self.upper:.3f}"
        test = f"z = {self.z:.4f}, p = {self.p_value:.4g} (fewer: {self.p_value_fewer:.4g}); variance: {self.variance_form}"
        return "\n".join([head, f"  ratio = {self.ratio:.3f} ({limits})", f"  {test}", f"  {self.citation}"])


def one_sample_log_rank(
    time: ArrayLike,
    event: ArrayLike,
    *,
    cumulative_hazard: Callable[[Floats], ArrayLike] | ArrayLike,
    start: ArrayLike | None = None,
    variance: ReferenceVariance = "expected",
    conf_level: float = 0.95,
) -> OneSampleLogRank:
    """Compare the events of one arm with those a known reference predicts.

    time, event        follow-up >= 0 and 0/1, shape (patients,)
    cumulative_hazard  H₀(t) = -log S₀(t): a function of an array of times, or each patient's own value at the end of
                       follow-up, shape (patients,) (different references for different patients)
    start              entry into observation, before `time`: H₀(start) is not counted; needs a function
    variance           expected, or mean_of_observed_and_expected

    ValueError for bad columns, a cumulative hazard that is negative or decreasing, or nothing expected at all.
    """
    if variance not in REFERENCE_VARIANCES:
        raise ValueError(f"variance must be one of {', '.join(REFERENCE_VARIANCES)}, found {variance!r}")
    if not 0 < conf_level < 1:
        raise ValueError(f"conf_level must lie between 0 and 1, found {conf_level}")
    follow_up = follow_up_times(time)
    observed = int(event_indicator(event, patients=follow_up.size).sum())
    hazard = _predicted(cumulative_hazard, follow_up)
    if start is not None:
        if not callable(cumulative_hazard):
            raise ValueError("start needs cumulative_hazard as a function of time, to leave out what came before")
        hazard = hazard - _predicted(cumulative_hazard, entry_times(start, follow_up))
    if (hazard < 0).any():
        raise ValueError(
            f"cumulative_hazard must not fall: it does over patient {int(np.argmax(hazard < 0))}'s follow-up"
        )
    expected = float(hazard.sum())
    if not expected > 0:
        raise ValueError("the reference predicts no event over this follow-up: there is nothing to compare")
    spread = expected if variance == "expected" else (observed + expected) / 2
    z = (observed - expected) / np.sqrt(spread)
    lower, upper = _poisson_limits(observed, conf_level)
    return OneSampleLogRank(
        follow_up.size, observed, expected, observed / expected, lower / expected, upper / expected, float(z),
        2 * float(ndtr(-abs(z))), float(ndtr(z)), variance, conf_level,
    )  # fmt: skip


def _predicted(cumulative_hazard: Any, times: Floats) -> Floats:
    values = np.asarray(
        cumulative_hazard(times) if callable(cumulative_hazard) else cumulative_hazard, dtype=np.float64
    )
    if values.shape != times.shape:
        raise ValueError(f"cumulative_hazard must have one value a patient ({times.size}), found shape {values.shape}")
    if not np.isfinite(values).all() or (values < 0).any():
        raise ValueError("cumulative_hazard must be finite and not negative")
    return values


def _poisson_limits(count: int, conf_level: float) -> tuple[float, float]:
    """Exact limits of a Poisson mean (Garwood, Biometrika 1936;28:437-442)."""
    tail = (1 - conf_level) / 2
    lower = chdtri(2 * count, 1 - tail) / 2 if count else 0.0
    return float(lower), float(chdtri(2 * count + 2, tail) / 2)
