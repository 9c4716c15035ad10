"""Which fraction of the patients is still free of the event, read off the cumulative hazard?

    S(t) = exp(-H(t)),      var S(t) = S(t)² var H(t),      H with tied events taken one by one, or together

A smoother estimate than Kaplan–Meier's where few are at risk: it never reaches 0, so it survives an early empty risk
set under delayed entry. Sources: Fleming & Harrington, Commun Stat 1984;13:2469-2486; Breslow, J R Stat Soc B
1972;34:216-217 (ties together). Equal to survfit(Surv(time, event) ~ 1, stype = 2, ctype = 2 or 1) of the R package
survival.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from inferon.statistics.curves.kaplan_meier import SurvivalCurve
from inferon.statistics.curves.nelson_aalen import Ties, hazard_steps
from inferon.statistics.shared.confidence import ConfidenceType, check_confidence, confidence_limits
from inferon.statistics.shared.curve import total
from inferon.statistics.shared.hazard import HazardVariance


@dataclass(frozen=True, eq=False, repr=False)
class FlemingHarrington(SurvivalCurve):
    """Event-free probability exp(-H) over time; `ties` says how tied events were taken."""

    ties: str

    method: ClassVar[str] = "Fleming–Harrington survival"
    citation: ClassVar[str] = "Fleming & Harrington, Commun Stat 1984;13:2469-2486"

    def _headline(self) -> str:
        return f"{super()._headline()}; ties taken {self.ties.replace('_', ' ')}"


def fleming_harrington(
    time: ArrayLike,
    event: ArrayLike,
    *,
    start: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    cluster: Any = None,
    ties: Ties = "one_by_one",
    variance: HazardVariance | None = None,
    conf_type: ConfidenceType = "log-log",
    conf_level: float = 0.95,
) -> FlemingHarrington:
    """Estimate the event-free probability as exp(-cumulative hazard).

    ties      one_by_one (Fleming & Harrington) or together (exp of minus Nelson–Aalen)
    variance  of the cumulative hazard: aalen or infinitesimal_jackknife, as in `nelson_aalen`

    Everything else, errors included, as in `kaplan_meier`.
    """
    check_confidence(conf_type, conf_level)
    steps, hazard, hazard_error, form = hazard_steps(
        time, event, start=start, weights=weights, cluster=cluster, ties=ties, variance=variance
    )
    survival = np.exp(-hazard)
    error = survival * hazard_error
    lower, upper = confidence_limits(survival, error, conf_type=conf_type, conf_level=conf_level)
    return FlemingHarrington(
        steps.time, survival, error, lower, upper, steps.at_risk, steps.events, steps.censored, n=steps.records.n,
        n_events=total(steps.events), variance_form=form, conf_type=conf_type, conf_level=conf_level,
        cumulative_hazard=hazard, cumulative_hazard_error=hazard_error, ties=ties,
    )  # fmt: skip
