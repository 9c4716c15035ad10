"""Responses of hairy-cell leukaemia, from measured blood counts and the marrow biopsy's hairy-cell index.

Definitions: Consensus resolution, Leukemia 1987;1:405 (counts that count as normal; partial response halves the marrow's hairy
cells); Grever et al., Blood 2017;129:553 (present consensus, which asks for haemoglobin above 11 instead of 12 g/dL). What part
of the index a morphologist of the day would have missed is the specification's reading (module F, section 3). Spleen and
symptoms belong to the definitions too; they are not modelled.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

import numpy as np

from inferon.model.catalogue import parameter_table


class HairyCellResponse(Enum):
    """What a visit finds, best first."""

    COMPLETE = "complete response"
    PARTIAL = "partial response"
    NORMALISED = "normalised counts"
    NONE = "no response"


MORPHOLOGY = {"interferon era": "cr_index", "purine-analogue era": "cr_index_strict"}
"""By whose eyes the marrow is free of hairy cells: the row of the table that holds the index below which it is."""

COUNTS = ("ANC", "PLT", "HB")
_NORMAL = {"ANC": "pr_anc", "PLT": "pr_plt", "HB": "pr_hb"}
_INDICATED = {"ANC": "treat_anc", "PLT": "treat_plt", "HB": "treat_hb"}


def normal_counts(counts: Mapping[str, np.ndarray]) -> np.ndarray:
    """Where neutrophils, platelets (1e9/L) and haemoglobin (g/dL) all exceed what a response needs."""
    table = parameter_table("hairy_cell")
    return np.all([counts[name] > table[row].value for name, row in _NORMAL.items()], axis=0)


def treatment_indicated(counts: Mapping[str, np.ndarray]) -> np.ndarray:
    """Where at least one count is so low that (re)treatment is indicated; units as ``normal_counts``."""
    table = parameter_table("hairy_cell")
    return np.any([counts[name] < table[row].value for name, row in _INDICATED.items()], axis=0)


def classify(
    counts: Mapping[str, np.ndarray],
    index: np.ndarray,
    initial: np.ndarray,
    *,
    morphology: str = "interferon era",
) -> np.ndarray:
    """The response at each visit as an array of `HairyCellResponse`; shapes broadcast, ``initial`` is the index before treatment.

    Raises ``KeyError`` for an unknown morphology.
    """
    if morphology not in MORPHOLOGY:
        raise KeyError(f"unknown morphology {morphology!r}; allowed: {', '.join(MORPHOLOGY)}")
    table = parameter_table("hairy_cell")
    normal = normal_counts(counts)
    complete = normal & (index < table[MORPHOLOGY[morphology]].value)
    partial = normal & (index <= table["pr_index"].value * initial)
    found = np.full(np.broadcast(normal, index, initial).shape, HairyCellResponse.NONE, dtype=object)
    found[normal] = HairyCellResponse.NORMALISED
    found[partial] = HairyCellResponse.PARTIAL
    found[complete] = HairyCellResponse.COMPLETE
    return found


def marrow_relapse(index: np.ndarray) -> np.ndarray:
    """Where hairy cells have come back: the index exceeds the level of a relapse."""
    return np.asarray(index) > parameter_table("hairy_cell")["relapse_index"].value
