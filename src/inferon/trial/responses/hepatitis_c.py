"""Virological responses of hepatitis C, from viral loads as an assay reports them.

Definitions: Ghany, Strader, Thomas & Seeff, Hepatology 2009;49:1335. Rapid: undetectable at week 4. Early: undetectable
(complete) or at least 2 log10 lower (partial) at week 12. End of treatment: undetectable when it ends. Sustained: still
undetectable 24 weeks later.
"""

from __future__ import annotations

from enum import Enum

import numpy as np

from inferon.model.catalogue import parameter_table

RAPID_WEEK, EARLY_WEEK, SUSTAINED_WEEKS = 4, 12, 24
"""Weeks of treatment at which rapid and early response are read; weeks after its end for a sustained one."""
EARLY_FALL = 2.0
"""Fall of the viral load (log10) that makes an early response."""


class EarlyResponse(Enum):
    """What week 12 finds, best first."""

    COMPLETE = "complete early virological response"
    PARTIAL = "partial early virological response"
    NONE = "no early virological response"


class Outcome(Enum):
    """What treatment came to, best first."""

    SUSTAINED = "sustained virological response"
    RELAPSE = "relapse after treatment"
    NONRESPONSE = "virus at the end of treatment"


def undetectable(load: np.ndarray) -> np.ndarray:
    """Where the assay finds no virus; viral load in log10 copies/mL."""
    return np.asarray(load) < parameter_table("hepatitis_c")["limit_detection"].value


def rapid_response(load_week_4: np.ndarray) -> np.ndarray:
    """Where the virus is undetectable at week 4 (log10 copies/mL)."""
    return undetectable(load_week_4)


def early_response(initial: np.ndarray, load_week_12: np.ndarray) -> np.ndarray:
    """The response at week 12 as `EarlyResponse`, from the loads before treatment and at week 12 (log10 copies/mL)."""
    initial, now = np.broadcast_arrays(initial, load_week_12)
    found = np.full(now.shape, EarlyResponse.NONE, dtype=object)
    found[initial - now >= EARLY_FALL] = EarlyResponse.PARTIAL
    found[undetectable(now)] = EarlyResponse.COMPLETE
    return found


def outcome(load_at_end: np.ndarray, load_24_weeks_later: np.ndarray) -> np.ndarray:
    """What treatment came to as `Outcome`, from the loads at its end and 24 weeks later (log10 copies/mL).

    For measured loads only: the model of this project has no cure boundary, so in it every virus returns.
    """
    end, later = np.broadcast_arrays(load_at_end, load_24_weeks_later)
    found = np.full(end.shape, Outcome.NONRESPONSE, dtype=object)
    found[undetectable(end)] = Outcome.RELAPSE
    found[undetectable(end) & undetectable(later)] = Outcome.SUSTAINED
    return found
