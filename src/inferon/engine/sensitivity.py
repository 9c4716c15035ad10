"""Batches of a model with sensitivities, and what they say of event probabilities: means over patients with their errors."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from inferon.engine.batch import Batch, Doses, Settings
from inferon.engine.compiled import CompiledModel
from inferon.engine.interventions import read_out
from inferon.model.competing_risks import cumulative_incidence
from inferon.model.expression import Expression, names
from inferon.model.model import Model
from inferon.model.sensitivities import sensitivity
from inferon.model.sensitivity_events import is_added


@dataclass(frozen=True)
class EventProbability:
    """The probability of an event by ``day``, averaged over patients, and how it moves with each parameter.

    Attributes
    ----------
    probability, probability_error: mean over patients and its Monte-Carlo standard error.
    sensitivity, sensitivity_error: derivative of that mean per unit of each of ``parameters``, and its standard error.
    patients: how many were averaged.
    """

    day: float
    patients: int
    parameters: tuple[str, ...]
    probability: float
    probability_error: float
    sensitivity: np.ndarray
    sensitivity_error: np.ndarray


def sensitivity_settings(model: Model, parameters: Collection[str], settings: Settings | None = None) -> Settings:
    """``settings`` for the model with sensitivities to ``parameters``: these may be negative, and their tolerance is their own.

    The absolute tolerance of dy/dp is that of y over the table value of p (over 1 where that is 0).
    """
    settings = settings or Settings()
    scales = {p: abs(model.parameters[p].value) or 1.0 for p in parameters}
    added = {sensitivity(s, p): (s, scale) for s in model.state_names for p, scale in scales.items()}
    atol = {name: settings.atol.get(s, settings.default_atol) / scale for name, (s, scale) in added.items()}
    return replace(settings, atol={**atol, **settings.atol}, floor={**dict.fromkeys(added, -np.inf), **settings.floor})


def sensitivity_batch(
    model: CompiledModel,
    parameters: np.ndarray,
    *,
    towards: Collection[str],
    start: float,
    doses: Doses | None = None,
    sample_days: np.ndarray | None = None,
    origin: np.ndarray | None = None,
    settings: Settings | None = None,
) -> Batch:
    """A batch of a compiled model with sensitivities ``towards`` some parameters; the rest as ``Batch``.

    Days and amounts of doses do not depend on the parameters. Raises ``ValueError`` for an infusion into a state that a located
    threshold or an event looks at: how fast it moves there is not in the equations alone.
    """
    _refuse_infusions(model, doses)
    exact = sensitivity_settings(model.kernel.model, towards, settings)
    return Batch(model, parameters, start=start, doses=doses, sample_days=sample_days, origin=origin, settings=exact)


def _refuse_infusions(model: CompiledModel, doses: Doses | None) -> None:
    if doses is None:
        return
    running = (doses.duration > 0) & np.isfinite(doses.time)
    infused = {model.kernel.states[i] for i in np.unique(doses.state[running])}
    clash = sorted(infused & _watched(model.kernel.model))
    if clash:
        raise ValueError(
            f"{model.kernel.model.name}: sensitivities are not supported here: {clash[0]} is infused, and an event or a "
            "threshold depends on it directly"
        )


def _watched(model: Model) -> set[str]:
    """The names triggers mention, and those the model's own events read and set."""
    own = [event for event in model.events if not is_added(event)]
    looked_at: list[Expression] = [event.trigger for event in model.events]
    looked_at += [expression for event in own for expression in event.expressions]
    targets = {target for event in own for target, _ in event.assignments}
    return targets.union(*map(names, model.inlined(looked_at)))


def event_probability_sensitivity(batch: Batch, cumulative_hazard: str, parameters: Sequence[str]) -> EventProbability:
    """Probability of an event whose hazard is integrated in the model, by the batch's present day, and its sensitivities.

    The event is one that happens when the cumulative hazard H reaches a unit exponential of the patient's own. What is averaged
    is 1 - exp(-H) and exp(-H) dH/dp: the probability in the absence of every other event, for the exponential is integrated out
    and nothing else ends the risk. The batch must not have been stopped at the event itself. Where events compete, see
    ``cumulative_incidence_sensitivity``. H and each ``sensitivity(H, p)`` must be read-outs of the model. Raises ``KeyError``
    where one is not, ``ValueError`` when patients stand at different days or one has failed.
    """
    hazard, slopes = _read(batch, cumulative_hazard, parameters)
    survival = np.exp(-hazard)
    return _averaged(batch, parameters, 1.0 - survival, survival[:, None] * slopes)


def cumulative_incidence_sensitivity(batch: Batch, event: str, parameters: Sequence[str]) -> EventProbability:
    """Probability that an event comes by the batch's present day and before every competing one, and its sensitivities.

    For models made by ``with_cumulative_incidence`` (which says what competes) and then ``with_sensitivities``; the incidence and
    its sensitivities are read-outs. Errors as for ``event_probability_sensitivity``.
    """
    incidence, slopes = _read(batch, cumulative_incidence(event), parameters)
    return _averaged(batch, parameters, incidence, slopes)


def _read(batch: Batch, quantity: str, parameters: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """A read-out and its sensitivities now: shapes (patients,) and (patients, parameters)."""
    kernel = batch.model.kernel
    wanted = [quantity, *(sensitivity(quantity, p) for p in parameters)]
    missing = [name for name in wanted if name not in kernel.readouts]
    if missing:
        raise KeyError(f"{kernel.model.name} was compiled without the read-out {missing[0]!r}")
    values = read_out(batch, np.arange(len(batch)))[:, [kernel.readouts.index(name) for name in wanted]]
    return values[:, 0], values[:, 1:]


def _averaged(batch: Batch, parameters: Sequence[str], probability: np.ndarray, slopes: np.ndarray) -> EventProbability:
    failures = batch.failures()
    if failures:
        raise ValueError(f"{sum(failures.values())} patients could not be solved: {next(iter(failures))}")
    if np.ptp(batch.t) > 0:
        raise ValueError(f"patients stand at different days, {batch.t.min():g} to {batch.t.max():g}")
    every = np.column_stack([probability, slopes])
    spread = every.std(axis=0, ddof=1) if len(every) > 1 else np.full(every.shape[1], np.nan)
    mean, error = every.mean(axis=0), spread / np.sqrt(len(every))
    return EventProbability(
        day=float(batch.t[0]),
        patients=len(every),
        parameters=tuple(parameters),
        probability=float(mean[0]),
        probability_error=float(error[0]),
        sensitivity=mean[1:],
        sensitivity_error=error[1:],
    )
