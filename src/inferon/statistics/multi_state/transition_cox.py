"""Which covariates change the rate of each transition of a multi-state model?

    λ_g(t | x) = λ_{s(g)}(t) exp(x β_g)

one Cox model over the rows at risk of all transitions g. Each covariate has an effect of its own on every transition
(term `age.3`: age on transition 3, numbered from 1). Baselines are shared within `strata`: one for each transition, or
one for each state entered, when a covariate of the transition (`of_transition`) makes hazards into the same state
proportional. On the forward clock time runs from the origin and a stay starts late; on the reset clock it runs from the
entry into the state.

Sources: Putter, Fiocco & Geskus, Stat Med 2007;26:2389-2430; de Wreede, Fiocco & Putter, J Stat Softw 2011;38(7). Equal
to coxph(Surv(Tstart, Tstop, status) ~ … + strata(trans)) after msprep() and expand.covs() of R's mstate.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, get_args

import numpy as np
import polars as pl
from numpy.typing import NDArray

from inferon.statistics.multi_state.multi_state import MultiState
from inferon.statistics.multi_state.transition_predictions import (
    PatientHazards,
    patient_hazards,
    patient_probabilities,
)
from inferon.statistics.multi_state.transition_probabilities import TransitionProbabilities
from inferon.statistics.regression.cox import cox
from inferon.statistics.regression.cox_likelihood import Ties
from inferon.statistics.regression.cox_model import CoxModel
from inferon.statistics.shared.columns import Floats, Integers
from inferon.statistics.shared.covariate_matrix import Covariates, covariate_matrix, new_patients

SharedBaseline = Literal["transition", "to_state", "none"]
BASELINES: tuple[str, ...] = get_args(SharedBaseline)
Clock = Literal["forward", "reset"]
CLOCKS: tuple[str, ...] = get_args(Clock)


@dataclass(frozen=True, eq=False, repr=False)
class TransitionCox:
    """A Cox model of all transitions; `model` holds hazard ratios, tests and residuals.

    names          of the patient's covariates, each with one term a transition
    of_transition  covariates of the transition itself: name → value of each transition
    baseline       stratum of each transition, positions from 0
    """

    model: CoxModel
    data: MultiState
    names: tuple[str, ...]
    of_transition: Mapping[str, Floats]
    baseline: Integers
    clock: str

    method: ClassVar[str] = "Transition-specific Cox model"
    citation: ClassVar[str] = "Putter, Fiocco & Geskus, Stat Med 2007;26:2389-2430"

    def hazards(self, newdata: Any) -> PatientHazards:
        """Cumulative hazards of all transitions for one patient, with their covariances.

        newdata   the patient's covariates: a mapping of numbers, or a frame with one row. ValueError for a missing one.
        """
        values = new_patients(newdata, terms=self.names) if self.names else np.zeros((1, 0))
        if values.shape[0] != 1:
            raise ValueError(f"newdata must be one patient, found {values.shape[0]}")
        kinds = np.arange(len(self.data.transitions))
        design = _expanded(np.repeat(values, kinds.size, axis=0), kinds, kinds.size)
        fixed = [column[:, None] for column in self.of_transition.values()]
        return patient_hazards(self.model, self.data, np.column_stack([design, *fixed]), self.baseline, self.clock)

    def probabilities(
        self,
        newdata: Any,
        *,
        predict_from: float = 0.0,
        horizon: float | None = None,
        recursion: Literal["aalen", "greenwood"] = "aalen",
    ) -> TransitionProbabilities:
        """Where will a patient with these covariates be, from every state held at `predict_from`?

        With `horizon`, P(s, horizon) for every s up to it. ValueError on the reset clock (not a Markov process).
        """
        return patient_probabilities(
            self.hazards(newdata), predict_from=predict_from, horizon=horizon, recursion=recursion
        )

    def to_frame(self) -> pl.DataFrame:
        """One row a term; see `CoxModel.to_frame`."""
        return self.model.to_frame()

    def __repr__(self) -> str:
        head = f"{self.method}: {self.data.n} patients, {self.data.n_events} transitions; clock {self.clock}"
        return "\n".join([head, repr(self.model), f"  {self.citation}"])


def transition_cox(
    data: MultiState,
    *,
    covariates: Any = None,
    of_transition: Mapping[str, Sequence[float]] | None = None,
    strata: SharedBaseline = "transition",
    clock: Clock = "forward",
    ties: Ties = "breslow",
    conf_level: float = 0.95,
) -> TransitionCox:
    """Fit hazard ratios for every transition.

    data           rows at risk (`multi_state_by_times`, `multi_state_by_rows`)
    covariates     one row a patient in the order of `data.patient`'s codes; each column gets one term a transition
    of_transition  name → value for each transition, the same for all patients
    strata         transition, to_state or none: which transitions share a baseline
    clock          forward or reset
    ties           breslow (as usual for multi-state models), efron or exact

    ValueError for an unknown option, no covariate, or what `cox` refuses.
    """
    if strata not in BASELINES or clock not in CLOCKS:
        raise ValueError(
            f"strata must be one of {', '.join(BASELINES)} and clock one of {', '.join(CLOCKS)}, "
            f"found {strata!r} and {clock!r}"
        )
    kinds, patients = len(data.transitions), int(data.patient.max()) + 1
    matrix = Covariates(np.zeros((patients, 0)), ())
    if covariates is not None:
        matrix = covariate_matrix(covariates, patients=patients)
    fixed = {name: _per_transition(values, name, kinds) for name, values in (of_transition or {}).items()}
    if not matrix.terms and not fixed:
        raise ValueError("a transition model needs a covariate; for none, use transition_hazards")
    design = _expanded(matrix.values[data.patient], data.transition, kinds)
    design = np.column_stack([design, *(column[data.transition] for column in fixed.values())])
    terms = [f"{name}.{kind + 1}" for name in matrix.terms for kind in range(kinds)] + list(fixed)
    baseline = _baseline(data, strata)
    start, stop = (data.start, data.stop) if clock == "forward" else (None, data.stop - data.start)
    model = cox(
        stop, data.status, covariates=pl.DataFrame(design, schema=terms, orient="row"), start=start,
        strata=baseline[data.transition], ties=ties, conf_level=conf_level,
    )  # fmt: skip
    used = np.array([model.rows.stratum.labels.index(code) if code in model.rows.stratum.labels else -1
                     for code in baseline.tolist()])  # fmt: skip
    return TransitionCox(model, data, matrix.terms, fixed, used, clock)


def _expanded(values: Floats, transition: Integers, kinds: int) -> Floats:
    """Each column once for every transition, 0 on the rows of other transitions; shape (rows, columns · kinds)."""
    rows, columns = values.shape
    table = np.zeros((rows, columns, kinds))
    table[np.arange(rows), :, transition] = values
    return table.reshape(rows, columns * kinds)


def _baseline(data: MultiState, strata: str) -> NDArray[np.int64]:
    if strata == "none":
        return np.zeros(len(data.transitions), dtype=np.int64)
    if strata == "transition":
        return np.arange(len(data.transitions))
    targets = sorted({target for _, target in data.transitions})
    return np.array([targets.index(target) for _, target in data.transitions])


def _per_transition(values: Sequence[float], name: str, kinds: int) -> Floats:
    column = np.asarray(values, dtype=np.float64)
    if column.shape != (kinds,):
        raise ValueError(f"of_transition {name!r} must have one value a transition ({kinds}), found {column.shape}")
    return column
