"""Responses of a JAK2 V617F neoplasm: blood counts and allele burden as measured at visits.

Definitions: Barosi et al., Blood 2009;113:4829 (European LeukemiaNet: counts of a complete and a partial response in
polycythaemia vera) as the ropeginterferon trials used them; Barosi et al., Blood 2013;121:4778 (molecular responses; a response
must last 12 weeks). Spleen size, symptoms and phlebotomy belong to the definitions; they are not modelled, and no phlebotomy is
given.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

import numpy as np

from inferon.biology.calendar import DAYS_PER_WEEK
from inferon.model.catalogue import parameter_table


class HaematologicalResponse(Enum):
    """Blood counts at one visit, best first."""

    COMPLETE = "complete haematological response"
    PARTIAL = "partial haematological response"
    NONE = "no haematological response"


class MolecularResponse(Enum):
    """Allele burden at one visit against that before treatment, best first."""

    COMPLETE = "complete molecular response"
    PARTIAL = "partial molecular response"
    NONE = "no molecular response"
    NOT_EVALUABLE = "not evaluable for a partial molecular response"


COUNTS = ("HCT", "PLT", "WBC")


def haematological(counts: Mapping[str, np.ndarray]) -> np.ndarray:
    """Response at each visit (`HaematologicalResponse`): haematocrit as a fraction, platelets and leucocytes in 1e9/L.

    Complete: all three normal. Partial: the haematocrit alone (without phlebotomy).
    """
    table = parameter_table("mpn")
    red = counts["HCT"] < table["chr_hct"].value
    others = (counts["PLT"] <= table["chr_plt"].value) & (counts["WBC"] <= table["chr_wbc"].value)
    found = np.full(np.shape(red), HaematologicalResponse.NONE, dtype=object)
    found[red] = HaematologicalResponse.PARTIAL
    found[red & others] = HaematologicalResponse.COMPLETE
    return found


def molecular(burden: np.ndarray, initial: np.ndarray) -> np.ndarray:
    """Response at each visit (`MolecularResponse`) from allele burdens (0-1); shapes broadcast.

    Complete: below detection. Partial: at least halved, where the initial burden was at least a fifth; below that a partial
    response is not defined.
    """
    table = parameter_table("mpn")
    burden, initial = np.broadcast_arrays(burden, initial)
    large = initial >= table["vaf_partial_from"].value
    found = np.full(burden.shape, MolecularResponse.NONE, dtype=object)
    found[~large] = MolecularResponse.NOT_EVALUABLE
    found[large & (burden <= table["vaf_partial"].value * initial)] = MolecularResponse.PARTIAL
    found[burden < table["vaf_detect"].value] = MolecularResponse.COMPLETE
    return found


def durable(present: np.ndarray, days: np.ndarray) -> np.ndarray:
    """Where a response is present and stays present at every visit of the weeks it must last; shape (patients, visits).

    A visit so late that the weeks are not over by the last visit is not durable yet.
    """
    needed = DAYS_PER_WEEK * parameter_table("mpn")["durable_weeks"].value
    held = np.zeros(present.shape, bool)
    for visit, day in enumerate(days):
        confirming = np.flatnonzero(days >= day + needed)
        if len(confirming):
            held[:, visit] = present[:, visit : confirming[0] + 1].all(axis=1)
    return held
