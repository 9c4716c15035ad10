"""What would the risk be by time t if everybody had the one treatment, or everybody the other? (direct standardisation)

    ψ_a(t) = 1/n Σ_i F(t | treatment = a, covariates of i),

with F from cause-specific Cox models (see `cause_specific_risk` for the forms of survival and variance; with a single
cause and exponential survival F = 1 - exp(-Λ)). Read as an effect of the treatment only if the
covariates suffice to make the groups comparable. Standard errors sum the squared influences of the patients, through the
models and through the mix of covariates; differences and ratios use the same influences, so their correlation counts.

Sources: Robins, Math Model 1986;7:1393-1512; Ozenne, Scheike, Stærk & Gerds, Biom J 2020;62:751-763. Equal to ate(CSC(…),
treatment, times, cause) of R's riskRegression.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any, ClassVar, get_args

import numpy as np
import polars as pl
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

from inferon.statistics.regression.cause_specific_influence import CauseInfluence, cause_influence
from inferon.statistics.regression.cause_specific_risk import (
    CauseSpecificModels,
    RiskVariance,
    SeriesTies,
    SurvivalForm,
    cause_specific_models,
)
from inferon.statistics.shared.columns import Floats, times_asked
from inferon.statistics.shared.confidence import check_confidence
from inferon.statistics.shared.covariate_matrix import Covariates, covariate_matrix

CELLS = 4_000_000


@dataclass(frozen=True, eq=False, repr=False)
class StandardisedRisk:
    """Mean risks under each setting.

    settings         labels, in the order given
    time             shape (times,)
    risk             shape (settings, times)
    influence        of every patient on `risk`, shape (patients, settings, times); its squares sum to the variance
    models           the fitted cause-specific models
    n, n_events      patients, and events of `cause`
    """

    settings: tuple[Any, ...]
    cause: Hashable
    time: Floats
    risk: Floats
    influence: Floats
    models: CauseSpecificModels
    survival_form: str
    variance_form: str
    conf_level: float
    n: int
    n_events: int

    method: ClassVar[str] = "Standardised risk (g-formula)"
    citation: ClassVar[str] = "Ozenne, Scheike, Stærk & Gerds, Biom J 2020;62:751-763"

    @property
    def standard_error(self) -> Floats:
        """Of the risks, shape (settings, times)."""
        return np.sqrt((self.influence**2).sum(axis=0))

    def to_frame(self) -> pl.DataFrame:
        """One row a setting and time: setting, time, risk, standard_error, lower, upper (plain limits within 0 and 1)."""
        margin = ndtri(0.5 + self.conf_level / 2) * self.standard_error
        columns = {"risk": self.risk, "standard_error": self.standard_error}
        limits = {"lower": np.maximum(self.risk - margin, 0), "upper": np.minimum(self.risk + margin, 1)}
        head = {
            "setting": [str(label) for label in self.settings for _ in self.time],
            "time": np.tile(self.time, len(self.settings)),
        }
        return pl.DataFrame({**head, **{name: x.ravel() for name, x in {**columns, **limits}.items()}})

    def differences(self) -> pl.DataFrame:
        """Risk of `setting` less that of `reference`, each pair in the order of the settings."""
        return self._contrasts("difference", lambda a, b: b - a, lambda a, b: (-np.ones_like(a), np.ones_like(b)), 0.0)

    def ratios(self) -> pl.DataFrame:
        """Risk of `setting` over that of `reference`, each pair in the order of the settings."""
        return self._contrasts("ratio", lambda a, b: b / a, lambda a, b: (-b / a**2, 1 / a), 1.0)

    def _contrasts(self, name: str, value: Any, slopes: Any, none: float) -> pl.DataFrame:
        frames = []
        for one, other in combinations(range(len(self.settings)), 2):
            found = value(self.risk[one], self.risk[other])
            to_one, to_other = slopes(self.risk[one], self.risk[other])
            moved = self.influence[:, one] * to_one + self.influence[:, other] * to_other
            error = np.sqrt((moved**2).sum(axis=0))
            margin = ndtri(0.5 + self.conf_level / 2) * error
            frames.append(
                pl.DataFrame(
                    {
                        "reference": [str(self.settings[one])] * self.time.size,
                        "setting": [str(self.settings[other])] * self.time.size,
                        "time": self.time,
                        name: found,
                        "standard_error": error,
                        "lower": found - margin,
                        "upper": found + margin,
                        "p_value": 2 * ndtr(-np.abs(found - none) / error),
                    }
                )
            )
        return pl.concat(frames) if frames else pl.DataFrame()

    def plot(self) -> Any:
        """A dot with its limits for each setting and time, joined by lines: an Altair chart."""
        from inferon.statistics.shared.picture import joined_chart

        frame = self.to_frame().rename({"risk": "estimate"})
        about = f"n = {self.n}, events = {self.n_events}; {100 * self.conf_level:g}% limits: plain"
        quantity = f"risk of {self.cause}"
        return joined_chart(frame, title=self.method, subtitle=about, quantity=quantity, colour="setting")

    def __repr__(self) -> str:
        head = f"{self.method} of {self.cause}: n = {self.n}, events = {self.n_events}"
        forms = f"  survival: {self.survival_form}; variance: {self.variance_form}; {100 * self.conf_level:g}% limits: plain"
        titles = f"  {'setting':>12} {'time':>8} {'risk':>8} {'se':>8} {'lower':>8} {'upper':>8}"
        rows = [
            f"  {setting:>12} {time:>8g} " + " ".join(f"{value:8.4f}" for value in numbers)
            for setting, time, *numbers in self.to_frame().iter_rows()
        ]
        return "\n".join([head, forms, titles, *rows, f"  {self.citation}"])


def g_formula(
    time: ArrayLike,
    cause: Any,
    *,
    covariates: Any,
    settings: Mapping[Any, Mapping[str, Any]],
    of_cause: Any,
    times: ArrayLike,
    ties: SeriesTies = "efron",
    survival: SurvivalForm = "product_limit",
    variance: RiskVariance = "influence",
    conf_level: float = 0.95,
) -> StandardisedRisk:
    """Standardise the risk of `of_cause` by `times` to the covariates of all patients.

    time, cause, covariates, ties   as in `cause_specific_models`; the treatment is one (or several) of the covariates
    settings                        label → the covariates everybody is given in it, as numbers (or columns)
    survival, variance              forms, see `cause_specific_risk`

    ValueError for bad columns, an unknown cause, no setting, or a setting that names no covariate.
    """
    check_confidence("plain", conf_level)
    for name, given, known in (("survival", survival, SurvivalForm), ("variance", variance, RiskVariance)):
        if given not in get_args(known):
            raise ValueError(f"{name} must be one of {', '.join(get_args(known))}, found {given!r}")
    models = cause_specific_models(time, cause, covariates=covariates, ties=ties)
    if of_cause not in models:
        raise ValueError(f"of_cause must be one of {list(models)}, found {of_cause!r}")
    if not settings:
        raise ValueError("settings holds no setting to standardise to")
    matrix = covariate_matrix(covariates, patients=np.asarray(time).size)
    grid = times_asked(times)
    means = _Means(models, of_cause, grid, survival, variance)
    found = [means.of(_set(matrix, values)) for values in settings.values()]
    risk = np.stack([mean for mean, _ in found])
    influence = np.stack([moved for _, moved in found], axis=1)
    return StandardisedRisk(
        tuple(settings),
        of_cause,
        grid,
        risk,
        influence,
        models,
        survival,
        variance,
        conf_level,
        models[of_cause].n,
        models[of_cause].n_events,
    )


def _set(matrix: Covariates, values: Mapping[str, Any]) -> Floats:
    changed = matrix.values.copy()
    for term, value in values.items():
        if term not in matrix.terms:
            raise ValueError(f"a setting names {term!r}, which is not one of the covariates {list(matrix.terms)}")
        changed[:, matrix.terms.index(term)] = np.asarray(value, dtype=np.float64)
    return changed


class _Means:
    """Mean risks of many patients, and how every patient moves them."""

    def __init__(
        self, models: CauseSpecificModels, cause: Hashable, times: Floats, survival: str, variance: str
    ) -> None:
        self.models, self.cause, self.times = models, cause, times
        self.product, self.exact = survival == "product_limit", variance == "influence"
        self.steps = np.unique(np.concatenate([model.fit.sets.time for model in models.values()]))
        self.prepared: dict[Any, CauseInfluence] = {
            label: cause_influence(model, self.steps, variance) for label, model in models.items()
        }

    def of(self, covariates: Floats) -> tuple[Floats, Floats]:
        """Mean risk, shape (times,), and every patient's influence on it, shape (patients, times)."""
        rows = covariates.shape[0]
        each = max(CELLS // (self.times.size * self.steps.size), 1)
        blocks = [covariates[at : at + each] for at in range(0, rows, each)]
        risks, effects, slopes = zip(*map(self._block, blocks), strict=True)
        risk = np.concatenate(risks)
        moved = (risk - risk.mean(axis=0)) / rows
        for label, part in self.prepared.items():
            effect = sum(block[label] for block in effects) / rows
            slope = sum(block[label] for block in slopes) / rows
            nowhere = np.zeros(covariates.shape[1])
            through = [part.of(one, nowhere) + part.coefficients @ two for one, two in zip(effect, slope, strict=True)]
            moved += np.column_stack(through)
        return risk.mean(axis=0), moved

    def _block(self, covariates: Floats) -> tuple[Floats, dict[Any, Floats], dict[Any, Floats]]:
        """Risks, shape (patients, times), and sums over patients of their slopes by cause.

        The slopes are with each step of the baseline, shape (times, steps), and with the coefficients, (times, terms).
        """
        centred = {c: covariates - model.rows.centre for c, model in self.models.items()}
        rates = {c: np.exp(centred[c] @ model.coefficients)[:, None] for c, model in self.models.items()}
        total = np.sum([rates[c] * self.prepared[c].hazard for c in self.models], axis=0)
        left = np.maximum(1 - total, 0.0) if self.product else np.exp(-total)
        free = np.cumprod(np.column_stack([np.ones(total.shape[0]), left[:, :-1]]), axis=1)
        upto = self.steps <= self.times[:, None]
        if len(self.models) == 1 and not self.product:
            grown = 1 - np.cumprod(left, axis=1)
        else:
            grown = np.cumsum(free * rates[self.cause] * self.prepared[self.cause].hazard, axis=1)
        risk = np.column_stack([np.zeros(grown.shape[0]), grown])[:, upto.sum(axis=1)]
        direct, later = free[:, None, :], risk[:, :, None] - grown[:, None, :]
        if len(self.models) == 1 and not self.product:
            direct, later = 1 - risk[:, :, None], np.zeros((1, 1, 1))
        elif self.product and self.exact:
            later *= np.divide(1.0, left, out=np.zeros_like(left), where=left > 0)[:, None, :]
        effects, slopes = {}, {}
        for label, part in self.prepared.items():
            each = np.where(upto, rates[label][:, :, None] * ((label == self.cause) * direct - later), 0.0)
            effects[label] = each.sum(axis=0)
            slopes[label] = (each @ part.hazard).T @ centred[label]
        return risk, effects, slopes
