"""Responses of acute myeloid leukaemia, from marrow blasts, blood counts and measurable residual disease as assays read them.

Definitions: Döhner et al., Blood 2022;140:1345 (European LeukemiaNet 2022: remissions by recovery of counts, leukaemia-free
state, relapse, MRD relapse); Heuser et al., Blood 2021;138:2753 (European LeukemiaNet 2021: limits of the MRD assays). Every
threshold is a row of the marrow module's tables. Remission with incomplete recovery is read as one of the two counts recovered,
for with neither it could not be told from a leukaemia-free state. Extramedullary disease and Auer rods are not modelled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from functools import cache

import numpy as np

from inferon.biology.calendar import DAYS_PER_WEEK
from inferon.model.catalogue import parameter_table
from inferon.protocol.assays import CountingAssay
from inferon.trial.marrow_tables import consequences, response_limits


class AmlResponse(Enum):
    """What a visit finds, best first."""

    COMPLETE = "complete remission (CR)"
    PARTIAL_RECOVERY = "complete remission with partial haematological recovery (CRh)"
    INCOMPLETE_RECOVERY = "complete remission with incomplete haematological recovery (CRi)"
    LEUKAEMIA_FREE = "morphological leukaemia-free state (MLFS)"
    PARTIAL = "partial remission (PR)"
    NONE = "no response"


class Mrd(Enum):
    """Measurable residual disease in remission, best first."""

    NEGATIVE = "negative"
    LOW_LEVEL = "low level"
    POSITIVE = "positive"


METHODS = ("flow", "pcr")
REMISSIONS = (AmlResponse.COMPLETE, AmlResponse.PARTIAL_RECOVERY, AmlResponse.INCOMPLETE_RECOVERY)
"""Responses after which blasts that come back are a relapse."""


@cache
def limits() -> Mapping[str, float]:
    """Thresholds by symbol: those of counts and blasts, and those of responses, from the tables of the marrow module."""
    return {**consequences(), **response_limits()}


def marrow_assay() -> CountingAssay:
    """Share of blasts in a marrow smear, 0 to 1: so many cells are looked at."""
    return CountingAssay(name="marrow blasts", examined=limits()["n_marrow_cells"])


def flow_assay() -> CountingAssay:
    """Share of cells with a leukaemic phenotype by flow cytometry, 0 to 1, with the scatter between assays."""
    noise = parameter_table("transplant")["sd_mrd"].value
    return CountingAssay(name="MRD by flow", examined=limits()["n_flow_cells"], noise_sd=noise)


def classify(
    counts: Mapping[str, np.ndarray],
    blasts: np.ndarray,
    initial: np.ndarray,
    *,
    blood_blasts: np.ndarray | bool = False,
) -> np.ndarray:
    """The response at each visit as an array of `AmlResponse`; shapes broadcast.

    ``counts`` holds ANC and PLT (1e9/L), ``blasts`` the share of the marrow (0 to 1), ``initial`` that before treatment,
    ``blood_blasts`` where blasts were seen in the blood.
    """
    v, anc, platelets = limits(), counts["ANC"], counts["PLT"]
    clear = (blasts < v["blasts_remission"]) & ~np.asarray(blood_blasts)
    recovered = (anc >= v["anc_remission"], platelets >= v["plt_remission"])
    partly = (anc >= v["anc_crh"]) & (platelets >= v["plt_crh"])
    fallen = (blasts <= v["blasts_partial"]) & (blasts <= v["fall_partial"] * initial)
    rules = {
        AmlResponse.PARTIAL: recovered[0] & recovered[1] & fallen,
        AmlResponse.LEUKAEMIA_FREE: clear,
        AmlResponse.INCOMPLETE_RECOVERY: clear & (recovered[0] | recovered[1]),
        AmlResponse.PARTIAL_RECOVERY: clear & partly,
        AmlResponse.COMPLETE: clear & recovered[0] & recovered[1],
    }
    found = np.full(np.broadcast(anc, platelets, blasts, initial, blood_blasts).shape, AmlResponse.NONE, dtype=object)
    for response, holds in rules.items():
        found[np.broadcast_to(holds, found.shape)] = response
    return found


def best(responses: np.ndarray) -> np.ndarray:
    """The best response of each patient, shape (patients,), from those of the visits, shape (patients, visits)."""
    order = list(AmlResponse)
    rank = np.vectorize(order.index, otypes=[np.int64])(responses).min(axis=1)
    return np.array([order[place] for place in rank], dtype=object)


def remission_day(
    responses: np.ndarray, days: np.ndarray, *, response: AmlResponse = AmlResponse.COMPLETE
) -> np.ndarray:
    """First visit with ``response`` or a better one; ``inf`` where none. Shape (patients,)."""
    order = list(AmlResponse)
    return first_day(_among(responses, order[: order.index(response) + 1]), days)


def relapse_day(
    responses: np.ndarray, blasts: np.ndarray, days: np.ndarray, *, blood_blasts: np.ndarray | None = None
) -> np.ndarray:
    """First visit after a remission with blasts back in the marrow, or in two blood samples a week apart; ``inf`` where none.

    The second blood sample dates the relapse. A leukaemia-free state is no remission that could relapse.
    """
    was = np.zeros(responses.shape, bool)
    was[:, 1:] = np.logical_or.accumulate(_among(responses, REMISSIONS), axis=1)[:, :-1]
    back = was & (blasts >= limits()["blasts_remission"])
    if blood_blasts is not None:
        back |= _seen_again(was & blood_blasts, days)
    return first_day(back, days)


def _among(responses: np.ndarray, wanted: Sequence[AmlResponse]) -> np.ndarray:
    return np.isin(responses, np.array(wanted, dtype=object))


def _seen_again(present: np.ndarray, days: np.ndarray) -> np.ndarray:
    """Where something is present and was already so at a visit long enough before, and at every one since."""
    found = np.zeros(present.shape, bool)
    for visit, day in enumerate(days):
        before = np.flatnonzero(days <= day - DAYS_PER_WEEK * limits()["w_blood_blasts"])
        if len(before):
            found[:, visit] = present[:, before[-1] : visit + 1].all(axis=1)
    return found


def mrd(share: np.ndarray, *, method: str = "flow") -> np.ndarray:
    """MRD in remission as an array of `Mrd`, from the share of cells (flow) or the transcript ratio (PCR), 0 to 1.

    By flow there is no low level. Raises ``KeyError`` for another method.
    """
    if method not in METHODS:
        raise KeyError(f"unknown method {method!r}; allowed: {', '.join(METHODS)}")
    share = np.asarray(share)
    found = np.full(share.shape, Mrd.POSITIVE, dtype=object)
    if method == "flow":
        found[share < limits()["mrd_flow"]] = Mrd.NEGATIVE
    else:
        found[share < limits()["mrd_pcr_low"]] = Mrd.LOW_LEVEL
        found[share == 0] = Mrd.NEGATIVE
    return found


def mrd_relapse_day(share: np.ndarray, days: np.ndarray, *, method: str = "flow") -> np.ndarray:
    """First visit of a molecular relapse that the next sample, two to four weeks later, confirms; ``inf`` where none.

    Flow: positive after negative. PCR: positive at any level after negative, or ten times what an earlier positive sample had.
    A patient without the confirming sample has no relapse yet.
    """
    found, v = mrd(share, method=method), limits()
    negative = found == Mrd.NEGATIVE
    was_negative = np.logical_or.accumulate(negative, axis=1)
    back = ~negative & was_negative
    if method == "pcr":
        least = np.minimum.accumulate(np.where(share > 0, share, np.inf), axis=1)
        back |= (share > 0) & (share >= 10 ** v["mrd_rise"] * least)
    confirmed = np.zeros(back.shape, bool)
    for visit in range(len(days) - 1):
        weeks = (days[visit + 1] - days[visit]) / DAYS_PER_WEEK
        if v["w_confirm_first"] <= weeks <= v["w_confirm_last"]:
            confirmed[:, visit] = back[:, visit] & back[:, visit + 1]
    return first_day(confirmed, days)


def first_day(holds: np.ndarray, days: np.ndarray) -> np.ndarray:
    """The first visit at which something holds, ``inf`` where none; ``holds`` has shape (patients, visits)."""
    return np.where(holds.any(axis=1), np.asarray(days, dtype=float)[holds.argmax(axis=1)], np.inf)
