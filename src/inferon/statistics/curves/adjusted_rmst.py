"""Do two arms differ in mean time free of the event before τ, at equal covariates?

Three regressions on arm and covariates (`restricted_mean_regression`), censoring estimated within each arm: with the
identity link the coefficient of the arm is the adjusted difference, with the log link the exponential of it the adjusted
ratio, of the mean and of the mean time lost. In a randomised trial this is the analysis of covariance of RMST.

Source: Tian, Zhao & Wei, Biostatistics 2014;15:222-233. Equal to survRM2::rmst2 with covariates.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from inferon.statistics.curves.rmst_comparison import Contrast, contrast, contrast_frame, contrast_rows
from inferon.statistics.curves.rmst_regression import RestrictedMeanRegression, restricted_mean_regression
from inferon.statistics.shared.columns import follow_up_times
from inferon.statistics.shared.covariate_matrix import covariate_matrix
from inferon.statistics.shared.records import Records
from inferon.statistics.shared.two_groups import two_groups


@dataclass(frozen=True, eq=False, repr=False)
class AdjustedRestrictedMeans:
    """Two arms compared at equal covariates.

    groups      the two labels, the reference first
    models      the regressions behind difference, ratio and ratio of time lost; the term "arm" is the second group
    """

    tau: float
    groups: tuple[Any, Any]
    models: tuple[RestrictedMeanRegression, RestrictedMeanRegression, RestrictedMeanRegression]
    conf_level: float

    method: ClassVar[str] = "Restricted mean survival times adjusted for covariates"
    citation: ClassVar[str] = "Tian, Zhao & Wei, Biostatistics 2014;15:222-233"

    @property
    def contrasts(self) -> tuple[Contrast, ...]:
        """Adjusted difference, ratio, ratio of time lost."""
        names = ("difference of means", "ratio of means", "ratio of time lost")
        return tuple(
            contrast(
                name,
                float(model.coefficients[1]),
                float(model.standard_error[1]),
                self.conf_level,
                log_scale=model.link == "log",
            )
            for name, model in zip(names, self.models, strict=True)
        )

    def to_frame(self) -> pl.DataFrame:
        """One row a contrast: contrast, estimate, standard_error, log_scale, lower, upper, p_value."""
        return contrast_frame(self.contrasts)

    def __repr__(self) -> str:
        first = self.models[0]
        head = f"{self.method}, by {self.tau:g}: {self.groups[1]!s} against {self.groups[0]!s}"
        counts = f"  n = {first.n}, not censored before {self.tau:g}: {first.n_events}"
        level = f"{100 * self.conf_level:g}% limits"
        terms = f"  adjusted for {', '.join(first.terms[2:])}; variance: {first.variance_form}; {level}"
        return "\n".join([head, counts, terms, *contrast_rows(self.contrasts), f"  {self.citation}"])


def adjusted_restricted_means(
    time: ArrayLike,
    event: ArrayLike,
    group: Any,
    *,
    tau: float,
    covariates: Any,
    reference: Any = None,
    conf_level: float = 0.95,
) -> AdjustedRestrictedMeans:
    """Compare the mean time free of the event before `tau` between two groups at equal covariates.

    group       label of each patient's group, exactly two of them
    covariates  frame, mapping or array of shape (patients, terms)
    reference   the group compared with; by default the first label in sorted order

    time, event and tau as in `restricted_mean_regression`, with its errors; ValueError also for other than two groups.
    """
    follow_up = follow_up_times(time)
    coded = two_groups(group, reference=reference, records=Records(follow_up))
    matrix = covariate_matrix(covariates, patients=follow_up.size)
    design = {"arm": coded.codes.astype(np.float64), **dict(zip(matrix.terms, matrix.values.T, strict=True))}
    if len(design) != 1 + len(matrix.terms):
        raise ValueError("a covariate must not be called arm: that is the name of the second group's term")
    fit = partial(
        restricted_mean_regression, follow_up, event, tau=tau, covariates=design, censoring_groups=coded.codes,
        conf_level=conf_level,
    )  # fmt: skip
    models = fit(link="identity"), fit(link="log"), fit(link="log", lost=True)
    return AdjustedRestrictedMeans(float(tau), (coded.labels[0], coded.labels[1]), models, conf_level)
