"""Curves of every group: cumulative incidence by cause, and the probability of no event yet."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from inferon.analysis.finding import Finding
from inferon.analysis.patients import Patients
from inferon.analysis.request import Request
from inferon.statistics.curves.aalen_johansen import AalenJohansen, CumulativeIncidence, aalen_johansen
from inferon.statistics.curves.kaplan_meier import KaplanMeier, kaplan_meier
from inferon.statistics.shared.curve import Curve
from inferon.statistics.shared.hazard import SurvivalVariance

VARIANCES = {
    "greenwood_type": "greenwood_type (delta method, as etm, prodlim and survfit)",
    "infinitesimal_jackknife": "infinitesimal_jackknife (squared influence, as survfit)",
    "aalen_1978_cmprsk": "aalen_1978_cmprsk (Aalen 1978, as cmprsk::cuminc)",
    "aalen_1978_textbook": "aalen_1978_textbook (Aalen 1978 as printed, within about 1e-3 of cmprsk::cuminc)",
}
"""The variances of a cumulative incidence, as a reader is told of them."""
ROUND_STEPS = (1, 2, 2.5, 5, 10)
MONTH_STEPS = (1, 2, 3, 6, 12, 24, 36, 60, 120)
MOST_TICKS = 6
QUANTILES = (0.25, 0.5, 0.75)
SURVIVAL_VARIANCES: dict[str, SurvivalVariance] = {
    "greenwood_type": "greenwood",
    "infinitesimal_jackknife": "infinitesimal_jackknife",
}


@dataclass(frozen=True, eq=False)
class Curves:
    """The curves of each group, in the order of the groups."""

    incidence: Mapping[str, AalenJohansen]
    survival: Mapping[str, KaplanMeier]

    @property
    def longest_follow_up(self) -> float:
        """The longest follow-up of all patients."""
        return max(curve.last_follow_up for curve in self.survival.values())


def curves_by_group(patients: Patients, request: Request) -> Curves:
    """Estimate the curves of every group."""
    limits: dict[str, Any] = {"conf_type": request.conf_type, "conf_level": request.conf_level}
    free = survival_variance(request)
    incidence, survival = {}, {}
    for label in patients.groups:
        own = patients.group == label
        rows = {
            name: None if column is None else column[own]
            for name, column in (("start", patients.start), ("weights", patients.weights))
        }
        time, cause = patients.time[own], patients.cause[own]
        incidence[label] = aalen_johansen(
            time, cause, causes=request.causes, variance=request.variance, **rows, **limits
        )
        survival[label] = kaplan_meier(time, patients.event[own], variance=free, **rows, **limits)
    return Curves(incidence, survival)


def incidence_finding(curves: Curves, times: tuple[float, ...], request: Request) -> Finding:
    """Cumulative incidence of every cause and group at the report times."""
    frame = _known(_by_group({group: found.at(times) for group, found in curves.incidence.items()}))
    first = next(iter(next(iter(curves.incidence.values())).values()))
    events = {cause: sum(found[cause].n_events for found in curves.incidence.values()) for cause in request.causes}
    return Finding(
        "estimates", "Cumulative incidence", frame, CumulativeIncidence.method, _convention(first),
        _patients(curves), events, CumulativeIncidence.citation,
    )  # fmt: skip


def event_free_finding(curves: Curves, times: tuple[float, ...], request: Request) -> Finding:
    """Event-free survival of every group at the report times."""
    frame = _known(_by_group({group: curve.at(times) for group, curve in curves.survival.items()}))
    first = next(iter(curves.survival.values()))
    return Finding(
        "event_free", free_of(request), frame, KaplanMeier.method, _convention(first), _patients(curves),
        any_event(curves, request), KaplanMeier.citation,
    )  # fmt: skip


def quantile_finding(curves: Curves, request: Request) -> Finding:
    """When a quarter, half and three quarters of each group have had an event."""
    frame = _by_group({group: curve.quantiles(QUANTILES) for group, curve in curves.survival.items()})
    first = next(iter(curves.survival.values()))
    return Finding(
        "quantiles", f"Quantiles of the time to {'the first event' if request.competing else request.causes[0]}", frame,
        f"{KaplanMeier.method} quantiles", _convention(first), _patients(curves), any_event(curves, request),
        "Brookmeyer & Crowley, Biometrics 1982;38:29-41",
    )  # fmt: skip


def survival_variance(request: Request) -> SurvivalVariance | None:
    """The variance of Kaplan–Meier curves that goes with the one asked for; None: by default Greenwood's."""
    return SURVIVAL_VARIANCES.get(request.variance or "")


def free_of(request: Request, *, capital: bool = True) -> str:
    """What the Kaplan–Meier curve is called: free of the one cause, or of every cause declared."""
    words = "event-free survival" if request.competing else f"free of {request.causes[0]}"
    return words[:1].upper() + words[1:] if capital else words


def any_event(curves: Curves, request: Request) -> dict[str, float]:
    """Events of any cause, in all groups together."""
    name = "of any cause" if request.competing else request.causes[0]
    return {name: sum(curve.n_events for curve in curves.survival.values())}


def origin_of(patients: Patients) -> float:
    """Where curves begin: 0, or the earliest entry where everybody enters later."""
    return 0.0 if patients.start is None else max(0.0, float(patients.start.min()))


def round_times(last: float, *, unit: str = "", first: float = 0.0) -> list[float]:
    """At most seven round times from `first` to `last`: 0, 500, 1000 … for 2,640; parts or multiples of a year in months."""
    if last <= first:
        return [first]
    size = 10.0 ** np.floor(np.log10((last - first) / MOST_TICKS))
    decimal = [size * factor for factor in (*ROUND_STEPS, 20)]
    steps = [*MONTH_STEPS, *decimal] if unit.startswith("month") else decimal
    step = next(step for step in steps if step * MOST_TICKS >= last - first)
    begin, end = int(np.ceil(first / step * (1 - 1e-12))), int(last / step * (1 + 1e-12))
    ticks = [float(round(step * i, 12)) for i in range(begin, end + 1)]
    return ticks if first == 0 or ticks[0] - first < step / 2 else [first, *ticks]


def _convention(curve: Curve) -> str:
    level = f"{100 * curve.conf_level:g}% pointwise intervals on the {curve.conf_type} scale"
    return f"variance: {VARIANCES.get(curve.variance_form, curve.variance_form)}; {level}; ties exact"


def _patients(curves: Curves) -> int:
    return sum(curve.n for curve in curves.survival.values())


def _by_group(frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    return pl.concat([frame.select(pl.lit(group).alias("group"), pl.all()) for group, frame in frames.items()])


def _known(frame: pl.DataFrame) -> pl.DataFrame:
    """Estimates only within the follow-up; beyond it null."""
    within = pl.col("within_follow_up")
    names = ("estimate", "standard_error", "lower", "upper")
    return frame.with_columns(pl.when(within).then(pl.col(name)).alias(name) for name in names).drop("within_follow_up")
