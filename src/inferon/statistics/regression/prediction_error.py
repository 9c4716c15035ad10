"""How good are predicted risks: how far from what happened (Brier score), and how well ordered (AUC)?

By time t a patient is a case (event of the cause by t), a control (event-free, or another cause by t), or censored before
t and then unknown. Unknown patients are made up for by weights, with G the Kaplan–Meier curve of being uncensored:

    w_i = 1 / G(T_i-) for events by t,  1 / G(t) for those followed beyond t,  0 for those censored before
    Brier(t) = 1/n Σ w_i (1{case} - F_i(t))²
    AUC(t)   = Σ Σ w_i w_j (1{F_i > F_j} + ½ 1{F_i = F_j}) / Σ Σ w_i w_j          i cases, j controls

Standard errors are those of the mean influence, the estimation of G included. The null model gives everybody the
Kaplan–Meier (Aalen–Johansen with competing causes) risk.

Sources: Graf et al., Stat Med 1999;18:2529-2545; Gerds & Schumacher, Biom J 2006;48:1029-1040; Blanche, Dartigues &
Jacqmin-Gadda, Stat Med 2013;32:5381-5397. Equal to Score(…, metrics = c("auc", "brier")) of R's riskRegression, marginal
Kaplan–Meier censoring, without splitting the data.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl
from numpy.typing import ArrayLike
from scipy.special import ndtri

from inferon.statistics.curves.aalen_johansen import aalen_johansen
from inferon.statistics.shared.columns import Floats, Integers, cause_codes, follow_up_times, times_asked
from inferon.statistics.shared.rank_sums import rank_sums

NULL_MODEL = "Null model"


@dataclass(frozen=True, eq=False, repr=False)
class PredictionError:
    """Brier scores and AUCs of several models.

    models                      labels, the null model first
    time                        shape (times,)
    brier, auc                  shape (models, times); the null model has no AUC (NaN)
    brier_influence, auc_influence  of every patient, shape (models, times, patients)
    """

    models: tuple[str, ...]
    time: Floats
    brier: Floats
    auc: Floats
    brier_influence: Floats
    auc_influence: Floats
    n: int
    n_events: int
    conf_level: float

    variance_form: ClassVar[str] = "influence function with the censoring term"
    method: ClassVar[str] = "IPCW Brier score and AUC"
    citation: ClassVar[str] = "Graf et al., Stat Med 1999;18:2529-2545; Blanche et al., Stat Med 2013;32:5381-5397"

    @property
    def brier_error(self) -> Floats:
        """Standard error of `brier`."""
        return self.brier_influence.std(axis=2, ddof=1) / np.sqrt(self.n)

    @property
    def auc_error(self) -> Floats:
        """Standard error of `auc`."""
        return self.auc_influence.std(axis=2, ddof=1) / np.sqrt(self.n)

    def to_frame(self) -> pl.DataFrame:
        """One row a model and time: brier and auc with errors and limits, and r_squared = 1 - brier / null brier."""
        z, size = ndtri(0.5 + self.conf_level / 2), self.time.size
        columns: dict[str, Any] = {
            "model": [label for label in self.models for _ in range(size)],
            "time": np.tile(self.time, len(self.models)),
        }
        for name, value, error in (("brier", self.brier, self.brier_error), ("auc", self.auc, self.auc_error)):
            limits = (np.maximum(value - z * error, 0), np.minimum(value + z * error, 1))
            found = (value, error, *limits)
            names = (name, f"{name}_error", f"{name}_lower", f"{name}_upper")
            columns |= {key: x.ravel() for key, x in zip(names, found, strict=True)}
        columns["r_squared"] = (1 - self.brier / self.brier[:1]).ravel()
        return pl.DataFrame(columns, nan_to_null=True)

    def differences(self, *, reference: str) -> pl.DataFrame:
        """Brier score and AUC of each other model less those of `reference`, with standard errors."""
        if reference not in self.models:
            raise ValueError(f"reference must be one of {list(self.models)}, found {reference!r}")
        base = self.models.index(reference)
        rows = []
        for other, label in enumerate(self.models):
            for k, time in enumerate(self.time.tolist()):
                if other != base:
                    row = {"model": label, "reference": reference, "time": time}
                    for name in ("brier", "auc"):
                        value, moved = getattr(self, name)[:, k], getattr(self, f"{name}_influence")[:, k]
                        error = (moved[other] - moved[base]).std(ddof=1) / np.sqrt(self.n)
                        row |= {name: value[other] - value[base], f"{name}_error": error}
                    rows.append(row)
        return pl.DataFrame(rows).with_columns(pl.col(pl.Float64).fill_nan(None))

    def __repr__(self) -> str:
        head = f"{self.method}: n = {self.n}, events = {self.n_events}; variance: {self.variance_form}"
        titles = f"  {'model':>20} {'time':>8} {'Brier':>7} {'(se)':<8} {'AUC':>6} {'(se)':<8} {'R squared':>9}"
        rows = [
            f"  {r['model']:>20} {r['time']:>8g} {r['brier']:>7.4f} ({r['brier_error']:.4f}) {_auc_cell(r)}"
            f" {r['r_squared']:>9.4f}"
            for r in self.to_frame().iter_rows(named=True)
        ]
        return "\n".join([head, titles, *rows, f"  {self.citation}"])


def prediction_error(
    time: ArrayLike,
    cause: Any,
    *,
    predictions: Mapping[str, ArrayLike],
    times: ArrayLike,
    of_cause: Hashable = 1,
    conf_level: float = 0.95,
) -> PredictionError:
    """Score predicted risks against follow-up.

    time         follow-up, shape (patients,)
    cause        what ended it: 0 or None censored, `of_cause` the event that is predicted, others compete
    predictions  label → predicted risk of each patient by each time, shape (patients, times)
    times        when to judge; somebody must be followed beyond each

    ValueError for bad columns, risks outside 0 and 1, or a time without cases or without follow-up beyond it.
    """
    follow_up = follow_up_times(time)
    coded = cause_codes(cause, patients=follow_up.size)
    if of_cause not in coded.labels:
        raise ValueError(f"of_cause must be one of the causes {list(coded.labels)}, found {of_cause!r}")
    grid = times_asked(times)
    event = np.where(coded.codes == coded.labels.index(of_cause), 1, np.where(coded.codes < 0, 0, 2))
    censoring = _Censoring(follow_up, event)
    null = aalen_johansen(follow_up, event)[1].at(grid)["estimate"].to_numpy()
    risks = {NULL_MODEL: np.broadcast_to(null, (follow_up.size, grid.size))}
    risks |= {label: _checked(values, label, (follow_up.size, grid.size)) for label, values in predictions.items()}
    shape = (len(risks), grid.size)
    brier, auc = np.empty(shape), np.full(shape, np.nan)
    moved = np.full((2, *shape, follow_up.size), np.nan)
    for k, moment in enumerate(grid.tolist()):
        weights = censoring.weights(moment)
        for m, values in enumerate(risks.values()):
            brier[m, k], moved[0, m, k] = _brier(values[:, k], weights, censoring, moment)
            if m > 0:
                auc[m, k], moved[1, m, k] = _auc(values[:, k], weights, censoring, moment)
    return PredictionError(
        tuple(risks), grid, brier, auc, moved[0], moved[1], follow_up.size, int((event == 1).sum()), conf_level
    )


def _auc_cell(row: Mapping[str, Any]) -> str:
    return f"{'–':>6} {'':8}" if row["auc"] is None else f"{row['auc']:>6.4f} ({row['auc_error']:.4f})"


class _Censoring:
    """The curve of being uncensored, G, with the weights and influences that come from it; events precede censoring."""

    def __init__(self, follow_up: Floats, event: Integers) -> None:
        self.follow_up, self.event, n = follow_up, event, follow_up.size
        self.time, self.place = np.unique(follow_up, return_inverse=True)
        counts = np.bincount(self.place)
        at_risk = n - np.cumsum(counts) + counts
        censored = np.bincount(self.place, event == 0)
        left = at_risk - np.bincount(self.place, event != 0)
        self.free = np.cumprod(1 - np.divide(censored, left, out=np.zeros(left.size), where=left > 0))
        self.free_before = np.append(1.0, self.free[:-1])
        self.jump = (event == 0) * n / at_risk[self.place]
        self.drift = censored * n / at_risk**2

    def weights(self, moment: float) -> tuple[Floats, Floats]:
        """Weights of cases and of controls at `moment`, shape (patients,) each."""
        beyond = self.follow_up > moment
        if not beyond.any():
            raise ValueError(f"nobody is followed beyond {moment:g}: the last follow-up is {self.time[-1]:g}")
        after = self.free[np.searchsorted(self.time, moment, side="right") - 1] if moment >= self.time[0] else 1.0
        by_then = (~beyond & (self.event != 0)) / np.where(self.event != 0, self.free_before[self.place], 1.0)
        cases = by_then * (self.event == 1)
        if not cases.any():
            raise ValueError(f"nobody has the event by {moment:g}: there is nothing to tell apart")
        return cases, by_then * (self.event == 2) + beyond / after

    def influence(self, contribution: Floats, moment: float) -> Floats:
        """Influence, through G, on the mean of contributions that hold 1/G(T-) (events by `moment`) or 1/G(moment)."""
        n = contribution.size
        beyond = self.follow_up > moment
        early = np.bincount(self.place, np.where(beyond, 0.0, contribution))
        later = early.sum() - np.cumsum(early)
        held = later + contribution[beyond].sum()
        gathered = np.append(0.0, np.cumsum(self.drift * held))
        known = np.searchsorted(self.time, np.minimum(self.follow_up, moment), side="right")
        return (np.where(beyond, 0.0, self.jump * held[self.place]) - gathered[known]) / n


def _brier(risk: Floats, weights: tuple[Floats, Floats], censoring: _Censoring, moment: float) -> tuple[float, Floats]:
    cases, controls = weights
    residual = cases * (1 - risk) ** 2 + controls * risk**2
    score = float(residual.mean())
    return score, residual - score + censoring.influence(residual, moment)


def _auc(risk: Floats, weights: tuple[Floats, Floats], censoring: _Censoring, moment: float) -> tuple[float, Floats]:
    """Concordance of cases with controls; each patient's share of the pairs doubles as its influence."""
    cases, controls = weights
    order = np.unique(risk, return_inverse=True)[1].astype(np.int64)
    n, everybody = risk.size, (np.zeros(risk.size, dtype=np.int64), np.full(risk.size, risk.size))
    below, equal = rank_sums(order, controls, left=everybody[0], right=everybody[1], value=order)
    under, same = rank_sums(order, cases, left=everybody[0], right=everybody[1], value=order)
    as_case = cases * (below + equal / 2) / n
    as_control = controls * (cases.sum() - under - same / 2) / n
    pairs = cases.mean() * controls.mean()
    value = float(as_case.mean() / pairs)
    share = as_case + as_control - value * (cases * controls.mean() + controls * cases.mean())
    return value, (share + censoring.influence(share, moment)) / pairs


def _checked(values: ArrayLike, label: str, shape: tuple[int, int]) -> Floats:
    risks = np.asarray(values, dtype=np.float64)
    if risks.shape != shape:
        raise ValueError(f"predictions {label!r} must have the shape (patients, times) = {shape}, found {risks.shape}")
    if not ((risks >= 0) & (risks <= 1)).all():
        raise ValueError(f"predictions {label!r} must be risks between 0 and 1")
    return risks
