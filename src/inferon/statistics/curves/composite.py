"""When did the first of several things happen, and which was it? Composite endpoints from the times of their components.

    time = the earliest component that happened, else the end of follow-up;      event = 1 where one happened

Definitions in use for transplants (all from the day of transplant; the components that end each):

    overall_survival                     death
    leukaemia_free_survival              relapse, death
    event_free_survival                  graft failure, relapse, death
    gvhd_free_relapse_free_survival      acute GVHD of grade III-IV, severe chronic GVHD, relapse, death (GRFS)
    chronic_gvhd_free_relapse_free_survival    severe chronic GVHD, relapse, death (CRFS)

Leukaemia-free survival and its kin follow the EBMT's statistical recommendations (Iacobelli, Bone Marrow Transplant
2013;48:S1-S37). GRFS is the EBMT's registry form (Ruggeri, Labopin, Ciceri, Mohty & Nagler, Bone Marrow Transplant
2016;51:610-611); the original of Holtan et al. (Blood 2015;125:1333-1338) counts chronic GVHD that needs systemic
treatment instead: name that component so and pass your own tuple. A component that is counted as an event does not
compete: GVHD ends GRFS though the patient lives on in remission.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from inferon.statistics.shared.columns import Floats, Integers, event_indicator, follow_up_times

ENDPOINTS: Mapping[str, tuple[str, ...]] = {
    "overall_survival": ("death",),
    "leukaemia_free_survival": ("relapse", "death"),
    "event_free_survival": ("graft_failure", "relapse", "death"),
    "gvhd_free_relapse_free_survival": ("acute_gvhd_3_4", "severe_chronic_gvhd", "relapse", "death"),
    "chronic_gvhd_free_relapse_free_survival": ("severe_chronic_gvhd", "relapse", "death"),
}
"""Component names of the endpoints in use; where two happen at the same time, the one named first counts as first."""


@dataclass(frozen=True, eq=False, repr=False)
class CompositeEndpoint:
    """One endpoint a patient.

    components  the components counted, in order of precedence at equal times
    time        when the first happened, or the end of follow-up, shape (patients,)
    event       whether one happened
    first       the position in `components` of the one that came first, -1 where none did
    """

    components: tuple[str, ...]
    time: Floats
    event: NDArray[np.bool_]
    first: Integers

    method: ClassVar[str] = "Composite endpoint"
    citation: ClassVar[str] = "Iacobelli, Bone Marrow Transplant 2013;48:S1-S37"

    def __post_init__(self) -> None:
        for name in ("time", "event", "first"):
            getattr(self, name).setflags(write=False)

    @property
    def cause(self) -> list[str | None]:
        """The component that came first, None where none did: ready for `aalen_johansen`."""
        return [None if code < 0 else self.components[code] for code in self.first]

    def to_frame(self) -> pl.DataFrame:
        """One row a patient: time, event, first_component (null where none happened)."""
        first = pl.Series(self.cause, dtype=pl.String)
        return pl.DataFrame({"time": self.time, "event": self.event, "first_component": first})

    def __repr__(self) -> str:
        counts = np.bincount(self.first[self.event], minlength=len(self.components))
        by = ", ".join(f"{name} {count}" for name, count in zip(self.components, counts, strict=True))
        return f"{self.method}: n = {self.time.size}, events = {counts.sum()} ({by} first)\n  {self.citation}"


def composite_endpoint(
    follow_up: ArrayLike, *, components: Mapping[str, Any], endpoint: str | Sequence[str] | None = None
) -> CompositeEndpoint:
    """Derive an endpoint from the times of its components.

    follow_up   end of the patient's observation (death included), shape (patients,), >= 0
    components  from a component's name to when it happened: either one column of times, missing (None, NaN or infinite)
                where it did not happen, or a pair (time, event) with event 0/1 as registries keep them; the time is not
                read where the event is 0
    endpoint    a name in `ENDPOINTS`, or the component names that count, in order of precedence at equal times; None
                counts all components in the order given

    ValueError for an unknown endpoint, a component that is not given, or one that happened before time 0 or after the
    patient's follow-up.
    """
    end = follow_up_times(follow_up)
    counted = _counted(components, endpoint)
    happened = np.column_stack([_when(components[name], name, end) for name in counted])
    first = happened.argmin(axis=1)
    earliest = happened[np.arange(end.size), first]
    event = np.isfinite(earliest)
    return CompositeEndpoint(counted, np.where(event, earliest, end), event, np.where(event, first, -1))


def _counted(components: Mapping[str, Any], endpoint: str | Sequence[str] | None) -> tuple[str, ...]:
    if isinstance(endpoint, str):
        if endpoint not in ENDPOINTS:
            raise ValueError(f"endpoint must be one of {', '.join(ENDPOINTS)}, found {endpoint!r}")
        names = ENDPOINTS[endpoint]
    else:
        names = tuple(components if endpoint is None else endpoint)
    if not names or len(set(names)) != len(names):
        raise ValueError(f"an endpoint counts one or more different components, found {list(names)}")
    absent = [name for name in names if name not in components]
    if absent:
        raise ValueError(f"component {absent[0]!r} is not given; there are {list(components)}")
    return names


def _when(component: Any, name: str, end: Floats) -> Floats:
    """When the component happened, infinite where it did not."""
    if isinstance(component, tuple):
        time, event = component
        happened = event_indicator(event, patients=end.size)
        times = np.where(happened, _times(time, name, end.size), np.inf)
        _refuse(happened & ~np.isfinite(times), times, name, "has no time although it happened")
    else:
        times = _times(component, name, end.size)
        times = np.where(np.isfinite(times), times, np.inf)
    _refuse(times < 0, times, name, "happened before time 0")
    late = np.isfinite(times) & (times > end)
    _refuse(late, times, name, f"happened after the end of follow-up ({end[np.argmax(late)]:g})")
    return times


def _times(column: Any, name: str, patients: int) -> Floats:
    values = column.to_numpy() if isinstance(column, pl.Series) else np.asarray(column)
    try:
        numbers = np.array([np.nan if value is None else value for value in values.tolist()], dtype=np.float64)
    except (TypeError, ValueError, AttributeError):
        raise ValueError(f"component {name!r} holds times that are not numbers") from None
    if numbers.shape != (patients,):
        raise ValueError(f"component {name!r} must have one time a patient ({patients}), found shape {numbers.shape}")
    return numbers


def _refuse(offending: NDArray[np.bool_], values: Floats, name: str, complaint: str) -> None:
    if offending.any():
        position = int(np.argmax(offending))
        raise ValueError(f"component {name!r} {complaint}: found {values[position]} at position {position}")
