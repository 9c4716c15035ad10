"""What simulating a shipped model needs beyond its equations: who its patients are, when it begins, how it is solved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from inferon.cohort import POPULATIONS as TRANSPLANTS
from inferon.cohort import Cohort, draw_cohort
from inferon.cohort.cml import draw_cml_cohort
from inferon.cohort.hairy_cell import POPULATIONS as HAIRY_CELL
from inferon.cohort.hairy_cell import draw_hairy_cell_cohort
from inferon.cohort.hepatitis_c import POPULATION as HEPATITIS_C
from inferon.cohort.hepatitis_c import draw_hepatitis_c_cohort
from inferon.cohort.mpn import POPULATIONS as MPN
from inferon.cohort.mpn import draw_mpn_cohort
from inferon.engine import Settings
from inferon.simulation.people import (
    draw_acute,
    draw_adults,
    draw_lymphocytic,
    typical_acute,
    typical_graft,
    typical_patient,
)
from inferon.trial import acute_leukaemia_study, cml, hairy_cell, hepatitis_c, simulate

Draw = Callable[[np.ndarray, int, Mapping[str, float]], Cohort]
"""Patients by number, with seed and replaced table values."""

COUNTS = ("ANC", "PLT", "HB")


@dataclass(frozen=True, kw_only=True)
class Profile:
    """How one model is simulated.

    Attributes
    ----------
    show: read-outs shown unless others are asked for.
    start: day on which the equations begin.
    begins_earlier: whether a dose before ``start`` moves the beginning (else it is refused).
    method: of integration; ``auto`` takes the cheaper one.
    typical: the typical patient, from replaced table values and the seed.
    populations: how each of its populations is drawn, the usual one first; none: only the typical patient is known.
    folder: whose table the populations draw from, beside those everybody needs.
    leave_at: events after which a patient is no longer followed.
    inner: events of the machinery, not shown.
    grafted: whether a graft is given on day 0.
    spelled: units of quantities that have none in the equations.
    notes: what the reader has to know.
    """

    show: tuple[str, ...] = ()
    start: float = 0.0
    begins_earlier: bool = True
    method: str = "explicit"
    settings: Settings = field(default_factory=Settings)
    typical: Callable[[Mapping[str, float], int], Cohort] = typical_patient
    populations: Mapping[str, Draw] = field(default_factory=dict)
    folder: str = "marrow"
    leave_at: tuple[str, ...] = ()
    inner: tuple[str, ...] = ()
    grafted: bool = False
    spelled: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def _transplant(population: str, patients: np.ndarray, seed: int, overrides: Mapping[str, float]) -> Cohort:
    return draw_cohort(population, patients, seed=seed, overrides=overrides)


def _cml(population: str, patients: np.ndarray, seed: int, overrides: Mapping[str, float]) -> Cohort:
    return draw_cml_cohort(population, patients, seed=seed, overrides=overrides)


def _hairy_cell(population: str, patients: np.ndarray, seed: int, overrides: Mapping[str, float]) -> Cohort:
    return draw_hairy_cell_cohort(patients, seed=seed, population=population, overrides=overrides)


def _hepatitis_c(_: str, patients: np.ndarray, seed: int, overrides: Mapping[str, float]) -> Cohort:
    return draw_hepatitis_c_cohort(patients, seed=seed, overrides=overrides)


def _mpn(population: str, patients: np.ndarray, seed: int, overrides: Mapping[str, float]) -> Cohort:
    return draw_mpn_cohort(population, patients, seed=seed, overrides=overrides)


def _named(draw: Callable[..., Cohort], *names: str) -> dict[str, Draw]:
    return {name: partial(draw, name) for name in names}


_FEW = "few_clonogenic"
_GRAFTED = {
    "show": ("L", "ANC", "G"),
    "start": simulate.START_DAY,
    "begins_earlier": False,
    "settings": simulate.SETTINGS,
    "typical": typical_graft,
    "populations": _named(_transplant, *TRANSPLANTS),
    "folder": "transplant",
    "leave_at": ("relapse", "non_relapse_mortality"),
    "inner": (_FEW, "steroid_on", "steroid_off"),
    "grafted": True,
}
_LEAVES = "A patient is followed to relapse or death; curves are those of patients still followed."
_UNTRIGGERED = "Nothing is triggered unless t_trigger is set; the last cells are not made to die out."
_CML = {
    "settings": cml.SETTINGS,
    "show": ("bcr_abl", "ph_fraction"),
    "spelled": {"bcr_abl": "%"},
    "folder": "cml",
    "inner": (_FEW,),
    "notes": ("Resistant clones are not founded here; the studies of `inferon run` found them.",),
}
_ADULTS = {
    "show": ("C", *COUNTS),
    "settings": Settings(rtol=1e-5),
    "populations": _named(draw_adults, "treated adults"),
    "folder": "toxicity",
}
PROFILES: Mapping[str, Profile] = {
    "transplant": Profile(**_GRAFTED, notes=(_LEAVES,)),
    "post_transplant": Profile(**_GRAFTED, notes=(_LEAVES, _UNTRIGGERED)),
    "post_transplant_cml": Profile(**_GRAFTED, notes=(_LEAVES, _UNTRIGGERED)),
    "cml_first_line": Profile(**_CML, populations=_named(_cml, "cml-first-line")),
    "cml": Profile(**_CML, method="implicit", populations=_named(_cml, "cml-treatment-free", "cml-published")),
    "michor": Profile(show=("bcr_abl",), spelled={"bcr_abl": "%"}, method="auto", folder="cml"),
    "hairy_cell": Profile(
        show=("hairy_cell_index", *COUNTS),
        settings=hairy_cell.SETTINGS,
        begins_earlier=False,
        populations=_named(_hairy_cell, *HAIRY_CELL),
        folder="hairy_cell",
    ),
    "hepatitis_c": Profile(
        show=("C", "viral_load"),
        spelled={"viral_load": "log10 copies/mL"},
        settings=hepatitis_c.SETTINGS,
        begins_earlier=False,
        populations=_named(_hepatitis_c, HEPATITIS_C),
        folder="hepatitis_c",
        notes=("There is no cure boundary: after treatment every virus returns in this model.",),
    ),
    "mpn": Profile(
        show=("VAF", "HCT", "PLT", "WBC"), begins_earlier=False, populations=_named(_mpn, *MPN), folder="mpn"
    ),
    "marrow": Profile(
        show=("blast_fraction", *COUNTS),
        settings=acute_leukaemia_study.SETTINGS,
        typical=typical_acute,
        populations=_named(draw_acute, *acute_leukaemia_study.PRESETS),
        notes=(
            "The clone begins as one stem cell in a 70 kg body on day 0.",
            "Cells fewer than one do not die out here: after chemotherapy every clone returns.",
        ),
    ),
    "cll": Profile(
        show=("lymphoid_clone",),
        populations=_named(draw_lymphocytic, "chronic lymphocytic leukaemia"),
        notes=(
            "Birth and death of the clone alone: no share of it in the marrow is known, so nothing is crowded out.",
        ),
    ),
    "interferon": Profile(**{**_ADULTS, "show": ("C", "S_isg", "U")}),
    "interferon_marrow": Profile(**_ADULTS),
    "toxicity": Profile(**_ADULTS, notes=("Nobody stops or reduces the drug here.",)),
    "toxicity_open_loop": Profile(**_ADULTS),
}
"""By name of the model; one that is not here is simulated with ``OTHER``."""

OTHER = Profile(method="auto")
