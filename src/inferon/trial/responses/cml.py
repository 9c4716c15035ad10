"""Responses of chronic myeloid leukaemia, from what the assays read at visits.

Every threshold is a row of the module's tables with its citation; nothing here looks at true loads but the Ph-positive share,
for which counting of metaphases is taken as exact.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from enum import StrEnum
from functools import cache

import numpy as np

from inferon.model.catalogue import biology, parameter_table
from inferon.protocol.assays import Measurement
from inferon.protocol.visits import MONTH


class Response(StrEnum):
    """What can be reached at a visit."""

    COMPLETE_HAEMATOLOGICAL = "complete haematological response"
    MAJOR_CYTOGENETIC = "major cytogenetic response"
    COMPLETE_CYTOGENETIC = "complete cytogenetic response"
    MAJOR_MOLECULAR = "major molecular response"
    MR4 = "MR4"
    MR4_5 = "MR4.5"


class Milestone(StrEnum):
    """Grades of the European LeukemiaNet at 3, 6 and 12 months."""

    OPTIMAL = "optimal"
    WARNING = "warning"
    FAILURE = "failure"
    NOT_ASSESSED = "not assessed"


DEFINITIONS: Mapping[Response, str] = {
    Response.COMPLETE_HAEMATOLOGICAL: "surrogate: at most 95 % Ph-positive, for the module has no blood counts",
    Response.MAJOR_CYTOGENETIC: "at most 35 % Ph-positive (European LeukemiaNet, Leukemia 2020;34:966)",
    Response.COMPLETE_CYTOGENETIC: "below 1 % Ph-positive (European LeukemiaNet, Leukemia 2020;34:966)",
    Response.MAJOR_MOLECULAR: "BCR-ABL at most 0.1 % (Cross, Leukemia 2015;29:999)",
    Response.MR4: "BCR-ABL at most 0.01 % or undetected, with at least 10,000 ABL copies (Cross, Leukemia 2015;29:999)",
    Response.MR4_5: "BCR-ABL at most 0.0032 % or undetected, with at least 32,000 ABL copies (Cross, Leukemia 2015;29:999)",
}


def responses(measured: Measurement, ph_share: np.ndarray) -> dict[Response, np.ndarray]:
    """Which response holds at which visit: booleans of shape (patients, visits).

    ``measured`` is BCR-ABL in percent with ABL copies examined; ``ph_share`` is 0 to 1. What was not counted reads 0.
    """
    row = {symbol: r.value for symbol, r in parameter_table("cml").items()}
    value, copies = measured.value, measured.examined
    return {
        Response.COMPLETE_HAEMATOLOGICAL: ph_share <= row["r_chr"],
        Response.MAJOR_CYTOGENETIC: ph_share <= row["r_mcyr"],
        Response.COMPLETE_CYTOGENETIC: ph_share < row["r_ccyr"],
        Response.MAJOR_MOLECULAR: value <= row["r_mmr"],
        Response.MR4: (value <= row["r_mr4"]) & (copies >= row["n_mr4"]),
        Response.MR4_5: (value <= row["r_mr45"]) & (copies >= row["n_mr45"]),
    }


def first_day(holds: np.ndarray, days: np.ndarray, *, from_day: np.ndarray | float = -np.inf) -> np.ndarray:
    """First visit at or after ``from_day`` at which something holds; ``inf`` where none. Shape (patients,)."""
    counts = holds & (days[None, :] >= np.broadcast_to(from_day, len(holds))[:, None])
    return np.where(counts.any(axis=1), days[counts.argmax(axis=1)], np.inf)


def loss_of_major_molecular_response(holds: np.ndarray, days: np.ndarray) -> np.ndarray:
    """First visit without a major molecular response after one with it; ``inf`` where it is never reached or never lost."""
    reached = np.logical_or.accumulate(holds, axis=1)
    return first_day(reached & ~holds, days)


def molecular_relapse(holds: np.ndarray, days: np.ndarray, stopped: np.ndarray) -> np.ndarray:
    """First visit after the day of stopping without a major molecular response (one sample is enough); ``inf`` where none.

    ``stopped`` is ``inf`` for patients who go on.
    """
    return first_day(~holds & (days[None, :] > stopped[:, None]), days)


@cache
def _milestones() -> dict[int, tuple[float, float, bool]]:
    with (biology() / "cml" / "eln_milestones.csv").open(encoding="utf-8", newline="") as lines:
        return {
            int(row["month"]): (
                float(row["optimal_at_most"]),
                float(row["failure_above"]),
                row["failure_confirmed"] == "yes",
            )
            for row in csv.DictReader(lines)
        }


def milestone_months() -> tuple[int, ...]:
    """Months that have a milestone."""
    return tuple(_milestones())


def failure_at_any_time() -> float:
    """BCR-ABL (percent) above which treatment has failed once the last milestone has passed."""
    return _milestones()[max(_milestones())][1]


def eln_milestone(value: np.ndarray, days: np.ndarray, month: int) -> np.ndarray:
    """Grade of each patient at 3, 6 or 12 months from BCR-ABL (percent) at visits; an array of ``Milestone``.

    The visit is the nearest one within half a month either way, else the milestone was not assessed. At 3 months a failure
    needs a second sample, one to three months later, that is as high; without one it is a warning. Raises ``KeyError`` for
    another month.
    """
    if month not in _milestones():
        raise KeyError(f"no milestone at {month} months; allowed: {', '.join(map(str, _milestones()))}")
    optimal, failure, confirm = _milestones()[month]
    near = np.flatnonzero(np.abs(days - month * MONTH) <= MONTH / 2)
    if len(near) == 0:
        return np.full(len(value), Milestone.NOT_ASSESSED)
    visit = near[np.argmin(np.abs(days[near] - month * MONTH))]
    failed = value[:, visit] > failure
    if confirm:
        later = (days >= days[visit] + MONTH - 1) & (days <= days[visit] + 3 * MONTH + 1)
        failed &= (value[:, later] > failure).any(axis=1)
    grade = np.where(value[:, visit] <= optimal, Milestone.OPTIMAL, Milestone.WARNING)
    return np.where(failed, Milestone.FAILURE, grade)
