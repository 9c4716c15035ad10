"""From a score vector and its covariance to a chi-square: shared by the tests that compare groups."""

import numpy as np
from scipy.special import chdtrc

from inferon.statistics.shared.columns import Floats

SINGULAR = 1e-10


def quadratic_form(score: Floats, covariance: Floats) -> tuple[float, int]:
    """χ² = score' covariance⁻ score and its degrees of freedom, for scores that sum to zero over the groups.

    The last group is left out, as its score follows from the others. Where the rest is still singular (a group that
    says nothing), the generalised inverse is used and the degrees of freedom are the rank. (NaN, 0) when no group can
    be compared or the covariance is not finite.
    """
    score, covariance = score[:-1], covariance[:-1, :-1]
    if score.size == 0 or not np.isfinite(covariance).all() or not np.isfinite(score).all():
        return float("nan"), 0
    scale = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    if not scale.any():
        return float("nan"), 0
    informative = scale > 0
    correlation = covariance[np.ix_(informative, informative)] / np.outer(scale[informative], scale[informative])
    standardised = score[informative] / scale[informative]
    values, vectors = np.linalg.eigh(correlation)
    rank = int((values > SINGULAR).sum())
    if rank == standardised.size:
        return float(standardised @ np.linalg.solve(correlation, standardised)), rank
    kept = values > SINGULAR
    return float(((vectors[:, kept].T @ standardised) ** 2 / values[kept]).sum()), rank


def chi_square_p_value(statistic: float, df: int) -> float:
    """The upper tail of the chi-square distribution; NaN when there is no statistic."""
    return float(chdtrc(df, statistic)) if df > 0 else float("nan")
