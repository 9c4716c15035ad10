"""What is the risk of one cause by a given time for a patient with given covariates, from a Cox model of every cause?

    F(t | z) = Σ_{u <= t} S(u- | z) dΛ_1(u | z),      dΛ_j(u | z) = e^{z b_j} dΛ_j0(u),

with S the product limit ∏ (1 - Σ_j dΛ_j) or the exponential exp(-Σ_j Λ_j). The standard error sums the squares of every
patient's influence: moving Λ_j by δΛ_j moves F by

    δF(t) = Σ_j Σ_{u <= t} φ_j(u) dδΛ_j(u),   φ_j(u) = 1{j = 1} S(u-) - (F(t) - F(u)) c(u),   c = 1 / (1 - Σ dΛ) or 1,

so that a time costs one pass over patients and event times. Two forms are offered and named:

influence       as written, tied events as the likelihood takes them
risk_regression as riskRegression 2022.11.28 computes it: c = 1; ties enter with Breslow's risk sets, and in the influence on
                the coefficients several events at a time count as one. Equal to `influence` without ties and with the
                exponential S; 1 % off with heavily tied times

Sources: Benichou & Gail, Biometrics 1990;46:813-826; Ozenne et al., The R Journal 2017;9:440-460.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar, Literal, get_args

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from inferon.statistics.regression.cause_specific_influence import CauseInfluence, cause_influence
from inferon.statistics.regression.cox import cox
from inferon.statistics.regression.cox_model import CoxModel
from inferon.statistics.regression.cox_predictions import predicted_rows
from inferon.statistics.regression.cox_robust import summed_by
from inferon.statistics.shared.columns import Floats, Integers, cause_codes, times_asked
from inferon.statistics.shared.confidence import ConfidenceType, check_confidence, confidence_limits
from inferon.statistics.shared.covariate_matrix import new_patients

SurvivalForm = Literal["product_limit", "exponential"]
RiskVariance = Literal["influence", "risk_regression"]
SeriesTies = Literal["efron", "breslow"]


@dataclass(frozen=True, eq=False, repr=False)
class AbsoluteRisk:
    """Risk of `cause` by each of `time` for each row of the new patients, arrays of shape (rows, times).

    n, n_events   rows the models were fitted to, and their events of `cause`
    """

    cause: Hashable
    time: Floats
    estimate: Floats
    standard_error: Floats
    lower: Floats
    upper: Floats
    survival_form: str
    variance_form: str
    conf_type: str
    conf_level: float
    n: int
    n_events: int

    method: ClassVar[str] = "Absolute risk from cause-specific Cox models"
    citation: ClassVar[str] = "Benichou & Gail, Biometrics 1990;46:813-826"

    def __post_init__(self) -> None:
        for values in (self.time, self.estimate, self.standard_error, self.lower, self.upper):
            values.setflags(write=False)

    def to_frame(self) -> pl.DataFrame:
        """One row a patient (numbered from 1) and time: estimate, standard_error, lower, upper."""
        patients, times = self.estimate.shape
        first = {"patient": np.repeat(np.arange(1, patients + 1), times), "time": np.tile(self.time, patients)}
        names = ("estimate", "standard_error", "lower", "upper")
        return pl.DataFrame({**first, **{name: getattr(self, name).ravel() for name in names}}, nan_to_null=True)

    def plot(self) -> Any:
        """A dot with its limits for each patient and time, joined by lines: an Altair chart."""
        from inferon.statistics.shared.picture import joined_chart

        about = f"from n = {self.n}, events = {self.n_events}; {100 * self.conf_level:g}% limits: {self.conf_type}"
        quantity = f"risk of {self.cause}"
        return joined_chart(self.to_frame(), title=self.method, subtitle=about, quantity=quantity, colour="patient")

    def __repr__(self) -> str:
        limits = f"{100 * self.conf_level:g}% limits: {self.conf_type}"
        head = f"{self.method}: {self.cause}; from n = {self.n}, events = {self.n_events}"
        forms = f"  survival: {self.survival_form}; variance: {self.variance_form}; {limits}"
        return "\n".join([head, forms, *predicted_rows(self.to_frame(), "estimate"), f"  {self.citation}"])


@dataclass(frozen=True, eq=False, repr=False)
class CauseSpecificModels(Mapping[Any, CoxModel]):
    """One Cox model a cause, by name: patients who have another cause first count as censored then."""

    models: Mapping[Any, CoxModel]

    def __getitem__(self, cause: Any) -> CoxModel:
        return self.models[cause]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.models)

    def __len__(self) -> int:
        return len(self.models)

    def absolute_risk(
        self,
        cause: Hashable,
        newdata: Any,
        times: ArrayLike,
        *,
        survival: SurvivalForm = "product_limit",
        variance: RiskVariance = "influence",
        conf_type: ConfidenceType = "log-log",
        conf_level: float = 0.95,
    ) -> AbsoluteRisk:
        """Risk of `cause` by `times` for the rows of `newdata` (frame, mapping, list of mappings or array).

        NaN beyond the longest follow-up, where nothing is known. ValueError for a cause without a model, a missing
        covariate, or a time that is negative or not finite.
        """
        check_confidence(conf_type, conf_level)
        if cause not in self.models:
            raise ValueError(f"cause must be one of {list(self.models)}, found {cause!r}")
        for name, given, known in (("survival", survival, SurvivalForm), ("variance", variance, RiskVariance)):
            if given not in get_args(known):
                raise ValueError(f"{name} must be one of {', '.join(get_args(known))}, found {given!r}")
        grid = times_asked(times)
        first = next(iter(self.models.values()))
        rows = new_patients(newdata, terms=first.terms) - first.rows.centre
        estimate, error = np.empty((rows.shape[0], grid.size)), np.empty((rows.shape[0], grid.size))
        prepared = self._prepared(variance)
        for number, row in enumerate(rows):
            estimate[number], error[number] = self._one_patient(prepared, cause, row, grid, survival, variance)
        unknown = grid > first.rows.records.time.max()
        estimate[:, unknown] = error[:, unknown] = np.nan
        lower, upper = confidence_limits(estimate, error, conf_type=conf_type, conf_level=conf_level)
        return AbsoluteRisk(
            cause, grid, estimate, error, lower, upper, survival, variance, conf_type, conf_level,
            self.models[cause].n, self.models[cause].n_events,
        )  # fmt: skip

    def _prepared(self, variance: str) -> dict[Any, CauseInfluence]:
        times = np.unique(np.concatenate([model.fit.sets.time for model in self.models.values()]))
        return {label: cause_influence(model, times, variance) for label, model in self.models.items()}

    def _one_patient(
        self, prepared: Mapping[Any, CauseInfluence], cause: Hashable, row: Floats, grid: Floats, survival: str,
        variance: str,
    ) -> tuple[Floats, Floats]:  # fmt: skip
        risks = {label: float(np.exp(row @ self.models[label].coefficients)) for label in prepared}
        hazards = {label: risks[label] * part.hazard for label, part in prepared.items()}
        total = np.sum(list(hazards.values()), axis=0)
        free = np.exp(-np.cumsum(total)) if survival == "exponential" else np.cumprod(np.maximum(1 - total, 0.0))
        free_before = np.concatenate([[1.0], free[:-1]])
        incidence = np.cumsum(free_before * hazards[cause])
        kept = np.maximum(1 - total, np.finfo(float).tiny)
        factor = 1 / kept if survival == "product_limit" and variance == "influence" else np.ones(total.size)
        times = next(iter(prepared.values())).times
        upto = np.searchsorted(times, grid, side="right")
        errors = np.empty(grid.size)
        for number, count in enumerate(upto):
            reached = incidence[count - 1] if count else 0.0
            effect = np.zeros(times.size)
            effect[:count] = -(reached - incidence[:count]) * factor[:count]
            own = effect.copy()
            own[:count] += free_before[:count]
            parts = [risks[label] * part.of(own if label == cause else effect, row) for label, part in prepared.items()]
            errors[number] = self._root(np.sum(parts, axis=0))
        return np.append(0.0, incidence)[upto], errors

    def _root(self, influence: Floats) -> float:
        records = next(iter(self.models.values())).rows.records
        weighted = influence if records.weights is None else influence * records.weights
        if records.cluster is not None:
            weighted = summed_by(weighted[:, None], records.cluster)[:, 0]
        return float(np.sqrt(weighted @ weighted))

    def to_frame(self) -> pl.DataFrame:
        """One row a cause and term: cause, then the columns of `CoxModel.to_frame`."""
        frames = [model.to_frame().select(pl.lit(label).alias("cause"), pl.all()) for label, model in self.items()]
        return pl.concat(frames)

    def __repr__(self) -> str:
        return "\n".join(f"{label}: {model!r}" for label, model in self.items())


def cause_specific_models(
    time: ArrayLike,
    cause: Any,
    *,
    covariates: Any,
    start: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    cluster: Any = None,
    ties: SeriesTies = "efron",
    conf_level: float = 0.95,
) -> CauseSpecificModels:
    """Fit a Cox model to the hazard of every cause, all with the same covariates.

    Columns as in `fine_gray` and `cox`; the result holds one `CoxModel` a cause and predicts absolute risks. Equal to
    riskRegression::CSC. ValueError as in `cox`, and when nobody has an event.
    """
    if ties not in get_args(SeriesTies):
        raise ValueError(f"ties must be efron or breslow, found {ties!r}")
    coded = cause_codes(cause, patients=np.asarray(time).size)
    if not coded.labels:
        raise ValueError("cause holds no event: cause-specific models need at least one")
    codes: Integers = coded.codes
    models = {
        label: cox(
            time, codes == position, covariates=covariates, start=start, weights=weights, cluster=cluster, ties=ties,
            conf_level=conf_level,
        )
        for position, label in enumerate(coded.labels)
    }  # fmt: skip
    return CauseSpecificModels(MappingProxyType(models))
