"""One intervention after a trigger, in everybody who reached it: cytoreduction, lymphocytes, interferon, kinase inhibitor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from inferon.biology.post_transplant.functions import cytoreduced, gvhd_onset, gvhd_probability, infused_cells
from inferon.engine import Batch, Doses, Status
from inferon.engine.interventions import set_parameters
from inferon.model.catalogue import parameter_table
from inferon.protocol.records import Regimen, joined, prescribe
from inferon.protocol.visits import MONTH
from inferon.random import normal, uniform
from inferon.trial.post_transplant import READOUTS, Triggered, cores

Columns = dict[str, np.ndarray]


@dataclass(frozen=True, kw_only=True)
class Intervention:
    """What is done from the trigger on; days count from the trigger.

    Attributes
    ----------
    kept: share of immunosuppression kept (0: withdrawn at the trigger).
    log_kill: log10-kill of cytoreduction at the trigger.
    infusions: donor lymphocytes, (day, CD3+ cells per kg) each.
    interferon: regimens whose start counts from the trigger.
    inhibitor: a tyrosine kinase inhibitor from the trigger on.
    resistant: share of patients in whom the inhibitor does nothing (None: the table's).
    gvhd_layer: GVHD after lymphocytes and its deaths by dose, in place of deaths by the GVHD index for a year.
    """

    kept: float = 0.0
    log_kill: float = 0.0
    infusions: tuple[tuple[float, float], ...] = ()
    interferon: tuple[Regimen, ...] = ()
    inhibitor: bool = False
    resistant: float | None = None
    gvhd_layer: bool = True


@dataclass(frozen=True)
class Course:
    """An intervention's outcome.

    Attributes
    ----------
    events: one row a patient; days from the trigger, null where it did not happen in the time followed. ``relapse_day`` is the
        first crossing of 5 % blasts after the trigger, ``non_relapse_mortality_day`` includes deaths of GVHD after lymphocytes.
    days: of the samples, from the trigger.
    samples: (patients, days, read-outs) in the order of READOUTS; the solution is continued past every event.
    """

    events: pl.DataFrame
    days: np.ndarray
    samples: np.ndarray

    @property
    def load(self) -> np.ndarray:
        """Leukaemic cells, shape (patients, days)."""
        return self.samples[:, :, READOUTS.index("L")]


def treat(
    triggered: Triggered,
    intervention: Intervention,
    *,
    months: int = 24,
    parameters: Mapping[str, float] | None = None,
    threads: int | None = None,
) -> Course:
    """Follow everybody who reached the trigger for so many months under one intervention.

    ``parameters`` replaces values of module L by symbol (``K_exh``, ``w_dli`` …). Raises ``KeyError`` for an unknown symbol and
    ``ValueError`` for interferon before the trigger, for another product than was given before it, and for a product with
    receptor binding.
    """
    table = parameter_table("post_transplant")
    unknown = set(parameters or {}) - set(table)
    if unknown:
        raise KeyError(f"module L has no symbol {sorted(unknown)[0]!r}")
    values = {symbol: row.value for symbol, row in table.items()} | dict(parameters or {})
    days = MONTH * np.arange(months + 1)
    batch = triggered.batch.copy(triggered.chosen, sample_days=days, origin=triggered.day)
    batch.first[:] = np.inf
    gvhd = _gvhd(triggered, intervention, values)
    doses = [*_infusions(triggered, batch, intervention, values), *_damage(triggered, batch, gvhd[0], values)]
    columns = _columns(triggered, intervention, values, parameters or {})
    if intervention.interferon:
        drug, its = _interferon(triggered, batch, intervention)
        doses.append(drug)
        columns |= its
    places = np.array([batch.model.column(name) for name in columns])
    set_parameters(batch, np.arange(len(batch)), places, np.column_stack(list(columns.values())))
    cycling, dormant = batch.state("transplant__A"), batch.state("transplant__Q")
    left = cytoreduced(cycling, dormant, intervention.log_kill, dormant_share=values["f_LKQ"])
    cycling[:], dormant[:] = left
    batch.doses = joined(*doses) if doses else Doses.none(len(batch))
    batch.given[:] = 0
    batch.advance(triggered.day + days[-1] + _BEYOND, threads=threads or cores())
    return Course(_events(triggered, batch, gvhd, days, values), days, batch.samples)


_BEYOND = 1e-6
"""Days past the last sample, so that it is taken whatever the rounding of trigger day and months."""


def _columns(
    triggered: Triggered, chosen: Intervention, values: Mapping[str, float], changed: Mapping[str, float]
) -> Columns:
    """Columns of the parameter table the intervention decides."""
    n, known = len(triggered), triggered.batch.model.kernel.parameters
    columns = {f"post_transplant__{s}": np.full(n, v) for s, v in changed.items() if f"post_transplant__{s}" in known}
    columns["post_transplant__t_trigger"] = triggered.day
    columns["post_transplant__s_is"] = np.full(n, chosen.kept)
    own = triggered.batch.parameters[triggered.chosen, triggered.batch.model.column("transplant__T_d")]
    columns["transplant__T_d"] = own * triggered.slower
    if chosen.inhibitor:
        columns["post_transplant__k_t"] = _inhibition(triggered, chosen.resistant, values)
        columns["post_transplant__t_tki0"] = triggered.day
    if chosen.gvhd_layer and chosen.infusions:
        first = triggered.day + chosen.infusions[0][0]
        columns |= {"post_transplant__t_layer0": first, "post_transplant__t_layer1": first + values["d_layer"]}
    return columns


def _inhibition(triggered: Triggered, resistant: float | None, values: Mapping[str, float]) -> np.ndarray:
    """Kill by the inhibitor, 1/d: log-normal between patients, 0 in the resistant."""
    seed, who = triggered.cohort.seed, triggered.patients
    spread = np.sqrt(np.log1p((parameter_table("post_transplant")["k_t"].variability or 0.0) ** 2))
    strength = values["k_t"] * np.exp(spread * normal(seed, "kill by kinase inhibitor", who))
    share = values["r_tki"] if resistant is None else resistant
    return np.where(uniform(seed, "resistance to kinase inhibitor", who) < share, 0.0, strength)


def _infusions(triggered: Triggered, batch: Batch, chosen: Intervention, values: Mapping[str, float]) -> list[Doses]:
    """Donor lymphocytes as doses: into both T-cell states, and the boost of priming."""
    reference = parameter_table("transplant")["CD3_ref"].value
    records = []
    for after, cd3 in chosen.infusions:
        day = triggered.day + after
        for state in ("T_A", "T_L"):
            own = batch.parameters[:, batch.model.column(f"transplant__{state}0")]
            cells = infused_cells(own, cd3, reference_per_kg=reference)
            records.append(_once(batch, day, cells, f"transplant__{state}"))
        records.append(_once(batch, day, np.full(len(batch), values["w_dli"]), "priming_dli"))
    return records


def _once(batch: Batch, day: np.ndarray, amount: np.ndarray, state: str) -> Doses:
    place = np.full((len(batch), 1), batch.model.kernel.states.index(state))
    return Doses(day[:, None], amount[:, None], np.zeros((len(batch), 1)), place)


def _interferon(triggered: Triggered, batch: Batch, chosen: Intervention) -> tuple[Doses, Columns]:
    """Dosing records on study days, and the columns the product decides."""
    cohort = triggered.cohort
    if min(regimen.start for regimen in chosen.interferon) < 0:
        raise ValueError("interferon before the trigger; the days of an intervention count from its trigger")
    effects = {name: values[triggered.chosen] for name, values in cohort.effects.items()}
    prescription = prescribe(chosen.interferon, effects, len(triggered), cohort.constants)
    assert prescription is not None
    product = prescription.product
    if triggered.drug not in (None, product.name):
        raise ValueError(
            f"{triggered.drug} before the trigger and {product.name} after it; the model follows one product"
        )
    if product.rows["R0"].value > 0:
        raise ValueError(f"{product.name} binds to a receptor, whose capacity this model does not begin at a trigger")
    columns = {n: v for n, v in prescription.columns.items() if n in batch.model.kernel.parameters}
    if "interferon_pk__t_first" in columns:
        columns["interferon_pk__t_first"] = columns["interferon_pk__t_first"] + triggered.day
    doses = prescription.doses(batch.model)
    return Doses(doses.time + triggered.day[:, None], doses.amount, doses.duration, doses.state), columns


def _gvhd(triggered: Triggered, chosen: Intervention, values: Mapping[str, float]) -> tuple[np.ndarray, np.ndarray]:
    """The read-out layer: day of GVHD after the first infusion, from the trigger, and of a death of it; infinite for never."""
    n, seed, who = len(triggered), triggered.cohort.seed, triggered.patients
    if not (chosen.gvhd_layer and chosen.infusions):
        return np.full(n, np.inf), np.full(n, np.inf)
    day, cd3 = chosen.infusions[0]
    chance = gvhd_probability(
        np.full(n, cd3), intercept=values["a_gvhd"], slope=values["b_gvhd"], log10_reference=values["log10_dose_gvhd"]
    )
    log_sd = parameter_table("post_transplant")["t_gvhd"].variability or 0.0
    z = normal(seed, "onset of GVHD after DLI", who)
    onset = day + gvhd_onset(z, median_days=values["t_gvhd"], log_sd=log_sd)
    onset = np.where(uniform(seed, "GVHD after DLI", who) < chance, onset, np.inf)
    fatal = uniform(seed, "death of GVHD after DLI", who) < values["p_d_gvhd"]
    return onset, np.where(fatal, onset, np.inf)


def _damage(triggered: Triggered, batch: Batch, onset: np.ndarray, values: Mapping[str, float]) -> list[Doses]:
    """The rise of the GVHD index at onset; nothing where nobody has GVHD."""
    if not np.isfinite(onset).any():
        return []
    return [_once(batch, triggered.day + onset, np.where(np.isfinite(onset), values["dG_gvhd"], 0.0), "G")]


def _events(
    triggered: Triggered,
    batch: Batch,
    gvhd: tuple[np.ndarray, np.ndarray],
    days: np.ndarray,
    values: Mapping[str, float],
) -> pl.DataFrame:
    names = ("relapse", "non_relapse_mortality", "leukaemic_death")
    relapse, own, leukaemic = (batch.event_day(name) - triggered.day for name in names)
    mortality = np.minimum(own, gvhd[1])
    below = batch.samples[:, :, READOUTS.index("L")] < values["L_trig"]
    converted = np.where(below[:, 1:].any(axis=1), days[1:][below[:, 1:].argmax(axis=1)], np.inf)
    columns = {
        "relapse_day": np.where(relapse < mortality, relapse, np.inf),
        "non_relapse_mortality_day": np.where(mortality < leukaemic, mortality, np.inf),
        "leukaemic_death_day": np.where(leukaemic <= mortality, leukaemic, np.inf),
        "death_day": np.minimum(mortality, leukaemic),
        "gvhd_after_lymphocytes_day": gvhd[0],
        "conversion_day": converted,
    }
    within = {name: pl.Series(np.where(day <= days[-1], day, np.nan)).fill_nan(None) for name, day in columns.items()}
    status = [Status(code).sentence for code in batch.status]
    return pl.DataFrame({"patient": triggered.patients, "status": status, "trigger_day": triggered.day, **within})
