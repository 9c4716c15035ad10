"""Are the hazards proportional, or does a hazard ratio change with time?

For every covariate x the score test of adding x · g(t) to the model at the fitted β, and of adding all of them at once:

    U = Σ_events w̄ g(t) (x - x̄(t)),      χ² = U' (I_gg - I_gβ I_ββ⁻¹ I_βg)⁻¹ U,

with I_gβ = Σ g V(t) and I_gg = Σ g² V(t), V(t) the covariance of the covariates in the risk set at t. The test is not the
older approximation that takes V(t) as constant.

g(t): `km` 1 - S(t-) of the Kaplan–Meier curve of all rows; `identity` t; `log` log t; `rank` the rank of t among the
ends of all rows, ties averaged. Source: Grambsch & Therneau, Biometrika 1994;81:515-526. Equal to cox.zph of R's survival
from version 3.0 on.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.stats import rankdata

from inferon.statistics.regression.cox_likelihood import RiskMeans, gathered_hazard
from inferon.statistics.regression.cox_risk_sets import RiskSets
from inferon.statistics.shared.columns import Floats, Integers
from inferon.statistics.shared.risk_table import risk_table
from inferon.statistics.shared.score_test import chi_square_p_value

Transform = Literal["km", "identity", "log", "rank"]
TRANSFORMS: tuple[str, ...] = get_args(Transform)


@dataclass(frozen=True, eq=False, repr=False)
class ProportionalHazardsTest:
    """One score test a term and one for all together (`global`); chi-square with `df` degrees of freedom.

    n, n_events   rows and events of the model
    """

    terms: tuple[str, ...]
    statistic: Floats
    df: Integers
    p_value: Floats
    transform: str
    n: int
    n_events: int

    method: ClassVar[str] = "Score test of proportional hazards"
    citation: ClassVar[str] = "Grambsch & Therneau, Biometrika 1994;81:515-526"

    def to_frame(self) -> pl.DataFrame:
        """One row a term, `global` last: term, statistic, df, p_value."""
        columns = {"statistic": self.statistic, "df": self.df, "p_value": self.p_value}
        return pl.DataFrame({"term": [*self.terms, "global"], **columns})

    def __repr__(self) -> str:
        rows = [
            f"  {term:>20} {statistic:>11.4f} {df:>4} {p:>9.4g}"
            for term, statistic, df, p in zip(
                [*self.terms, "global"], self.statistic, self.df, self.p_value, strict=True
            )
        ]
        titles = f"  {'term':>20} {'chi-square':>11} {'df':>4} {'p':>9}"
        head = f"{self.method}, time as {self.transform}: n = {self.n}, events = {self.n_events}"
        return "\n".join([head, titles, *rows, f"  {self.citation}"])


def proportional_hazards_test(
    sets: RiskSets, covariates: Floats, means: RiskMeans, *, weight: Floats, terms: tuple[str, ...],
    of_time: Floats, transform: str,
) -> ProportionalHazardsTest:  # fmt: skip
    """The tests from a fitted model's risk-set means; `of_time` is g at each event, in the order of `sets.died`."""
    mean_weight = sets.mean_weight(weight)
    shifted = of_time - of_time.mean()
    score = (shifted * weight[sets.died]) @ covariates[sets.died] - (shifted * mean_weight) @ means.mean
    blocks = [_information(sets, covariates, means, mean_weight, shifted**power) for power in range(3)]
    left = blocks[2] - blocks[1] @ np.linalg.solve(blocks[0], blocks[1])
    each = [_one(blocks, score, position) for position in range(score.size)]
    statistic = np.array([*each, score @ np.linalg.solve(left, score)])
    df = np.array([1] * score.size + [score.size])
    p_value = np.array([chi_square_p_value(float(x), int(d)) for x, d in zip(statistic, df, strict=True)])
    return ProportionalHazardsTest(terms, statistic, df, p_value, transform, covariates.shape[0], sets.died.size)


def function_of_time(
    transform: str, *, start: Floats | None, stop: Floats, event: NDArray[np.bool_], died: Integers
) -> Floats:
    """g(t) at each event; ValueError for an unknown transform or the logarithm of time 0."""
    if transform not in TRANSFORMS:
        raise ValueError(f"transform must be one of {', '.join(TRANSFORMS)}, found {transform!r}")
    if transform == "identity":
        return stop[died]
    if transform == "rank":
        return rankdata(stop)[died]
    if transform == "log":
        if (stop[died] <= 0).any():
            raise ValueError("transform = log needs event times above 0")
        return np.log(stop[died])
    table = risk_table(stop, event.astype(np.int64) - 1, group=np.zeros(stop.size, dtype=np.int64), start=start)
    free = np.append(1.0, np.cumprod(1 - table.events[:, 0, 0] / table.at_risk[:, 0]))
    return 1 - free[np.searchsorted(table.time, stop[died], side="left")]


def _information(sets: RiskSets, covariates: Floats, means: RiskMeans, mean_weight: Floats, factor: Floats) -> Floats:
    """Σ over events of factor · covariance of the covariates in the risk set."""
    met = gathered_hazard(sets, means.hazard * factor)
    squares = (covariates * (means.risk * met)[:, None]).T @ covariates
    return squares - (means.mean * (mean_weight * factor)[:, None]).T @ means.mean


def _one(blocks: list[Floats], score: Floats, position: int) -> float:
    cross = blocks[1][:, position]
    left = blocks[2][position, position] - cross @ np.linalg.solve(blocks[0], cross)
    return float(score[position] ** 2 / left)
