"""One conditioning regimen for everybody: only what conditioning does changes."""

import numpy as np
import pytest

from inferon.cohort import draw_cohort
from inferon.trial.conditioning_study import conditioned_cohort

PATIENTS = np.arange(200)
TBI = "cyclophosphamide + TBI 12 Gy"


def _load(**changes) -> np.ndarray:
    drawn = conditioned_cohort(PATIENTS, **{"seed": 4, "regimen": TBI, "status": "remission, MRD+"} | changes)
    return np.log10(drawn.parameters["transplant__L0"])


def test_law_everything_but_conditioning_is_the_covariate_mix() -> None:
    own, mix = conditioned_cohort(PATIENTS, seed=4, regimen=TBI), draw_cohort("covariate-mix", PATIENTS, seed=4)
    for name in ("age", "donor", "disease_status", "graft"):
        assert own.covariates[name].to_list() == mix.covariates[name].to_list()
    changed = {n for n in mix.parameters if not np.array_equal(own.parameters[n], mix.parameters[n])}
    assert changed <= {
        "transplant__L0", "transplant__f_conditioning", "host__remaining_C1", "host__remaining_other",
    }  # fmt: skip


def test_law_stronger_regimens_and_better_remissions_leave_less() -> None:
    assert np.median(_load()) < np.median(_load(regimen="fludarabine + melphalan"))
    assert np.median(_load(regimen="fludarabine + melphalan")) < np.median(_load(regimen="fludarabine + TBI 2 Gy"))
    assert np.all(_load(status="remission, MRD-") <= _load())


def test_law_serotherapy_reaches_the_graft() -> None:
    plain, with_atg = (
        conditioned_cohort(PATIENTS, seed=4, regimen=f"fludarabine + busulfan 6.4 mg/kg{atg}") for atg in ("", " + ATG")
    )
    ratio = with_atg.parameters["transplant__T_L0"] / plain.parameters["transplant__T_L0"]
    assert np.all(ratio < 1)


@pytest.mark.parametrize("changes", [{"regimen": "TBI 20 Gy"}, {"status": "cured"}])
def test_fault_unknown_names_are_refused(changes: dict) -> None:
    with pytest.raises(KeyError, match="allowed"):
        _load(**changes)
