"""Endpoints by the field's definitions: from one row a patient to time and outcome, with what competes named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from inferon.model.catalogue import parameter_table
from inferon.protocol.visits import MRD_VISITS

CENSORED = "censored"


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One endpoint.

    Attributes
    ----------
    label: how it is written in a report.
    kind: cumulative incidence (with competing events), survival (free of any listed event) or proportion (at visits).
    events: columns of the events table that hold the day of the event; the first counts.
    competing: columns that end follow-up for another reason.
    window: last day the event counts (None: to the end of follow-up).
    definition: the sentence a reader needs.
    """

    label: str
    kind: str
    events: tuple[str, ...]
    competing: tuple[str, ...] = ()
    window: float | None = None
    definition: str


def _gvhd_window() -> float:
    return parameter_table("transplant")["t_gvhd_max"].value


def _definitions() -> dict[str, Endpoint]:
    gone = ("relapse_day", "non_relapse_mortality_day")
    endpoints = {
        "relapse": Endpoint(
            label="Relapse",
            kind="cumulative incidence",
            events=("relapse_day",),
            competing=("non_relapse_mortality_day",),
            definition="marrow blasts reach 5 %; death without relapse competes; at or above 5 % at the start counts on day 0",
        ),
        "non_relapse_mortality": Endpoint(
            label="Non-relapse mortality",
            kind="cumulative incidence",
            events=("non_relapse_mortality_day",),
            competing=("relapse_day",),
            definition="death before relapse, from any cause; relapse competes",
        ),
        "overall_survival": Endpoint(
            label="Overall survival",
            kind="survival",
            events=("death_day",),
            definition="alive; the post-relapse death rate is an assumption of the run",
        ),
        "leukaemia_free_survival": Endpoint(
            label="Leukaemia-free survival", kind="survival", events=gone, definition="alive without relapse"
        ),
    }
    for grade, roman in (("2_4", "II–IV"), ("3_4", "III–IV")):
        day = f"acute_gvhd_{grade}_day"
        endpoints[f"acute_gvhd_{grade}"] = Endpoint(
            label=f"Acute GVHD {roman}, trial endpoint",
            kind="cumulative incidence",
            events=(day,),
            competing=gone,
            window=_gvhd_window(),
            definition="first reached by day 180; relapse and death compete, so a drug that prevents relapse raises it",
        )
        endpoints[f"acute_gvhd_{grade}_reference"] = Endpoint(
            label=f"Acute GVHD {roman}, reference index",
            kind="survival",
            events=(day,),
            window=_gvhd_window(),
            definition="share of all patients whose damage index passes the threshold by day 180, relapsed and dead included",
        )
    endpoints["engraftment"] = Endpoint(
        label="Neutrophil engraftment",
        kind="cumulative incidence",
        events=("engraftment_day",),
        competing=gone,
        definition="first of three days with donor neutrophils above 0.5 × 10⁹/L; relapse and death compete",
    )
    endpoints["mrd"] = Endpoint(
        label="Measurable residual disease",
        kind="proportion",
        events=tuple(f"mrd_day_{day}" for day in MRD_VISITS),
        definition="flow assay above 1 in 10 000 among patients alive without relapse at the visit",
    )
    return endpoints


ENDPOINTS: Mapping[str, Endpoint] = _definitions()


def time_to_event(
    events: pl.DataFrame, endpoint: str, *, follow_up: float, censor_day: np.ndarray | None = None
) -> pl.DataFrame:
    """Time (days from the graft) and outcome of every patient for one endpoint.

    ``outcome`` is the endpoint's name, the name of a competing event, or ``censored``. ``censor_day`` ends each patient's
    follow-up earlier (dropout, cutoff). Raises ``ValueError`` for an endpoint that is a proportion at visits.
    """
    spec = ENDPOINTS[endpoint]
    if spec.kind == "proportion":
        raise ValueError(f"{endpoint} is a proportion at visits, not a time to an event")
    end = np.full(len(events), follow_up) if censor_day is None else np.minimum(censor_day, follow_up)
    happened = _first(events, spec.events)
    if spec.window is not None:
        happened = np.where(happened <= spec.window, happened, np.inf)
    time, outcome = np.minimum(happened, end), np.where(happened <= end, endpoint, CENSORED).astype(object)
    for column in spec.competing:
        other = _first(events, (column,))
        earlier = (other < time) | ((other == time) & (outcome == CENSORED))
        time, outcome = np.where(earlier, other, time), np.where(earlier, column.removesuffix("_day"), outcome)
    return pl.DataFrame({"patient": events["patient"], "time_days": time, "outcome": outcome.astype(str)})


def _first(events: pl.DataFrame, columns: tuple[str, ...]) -> np.ndarray:
    return np.min([events[c].fill_null(np.inf).to_numpy() for c in columns], axis=0)
