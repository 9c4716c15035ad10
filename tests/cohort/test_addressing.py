"""Checks P10-P12: adding quantities, patients or arms changes nothing that was there."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inferon.cohort import FAMILIES, POPULATIONS, Cohort, draw_cohort
from inferon.cohort import covariates as covariates_module
from inferon.protocol import Regimen
from inferon.trial.simulate import simulate_arm

SAME_EVERYWHERE = ("EC0", "k_U", "EC_ap", "IC_anc")


def _columns(cohort: Cohort) -> dict[str, np.ndarray]:
    columns = {f"covariate {c}": cohort.covariates[c].to_numpy() for c in cohort.covariates.columns}
    for kind in ("parameters", "effects", "draws"):
        columns |= {f"{kind} {name}": values for name, values in getattr(cohort, kind).items()}
    return columns


def _identical(a: np.ndarray, b: np.ndarray) -> bool:
    return a.tolist() == b.tolist() if a.dtype == object else a.tobytes() == b.tobytes()


def test_law_P10_the_covariate_mix_adds_quantities_and_changes_no_other() -> None:
    """Everything the reference draws and the mix does not define differently is the same bit for bit."""
    reference, mix = (_columns(draw_cohort(p, np.arange(500), seed=7)) for p in POPULATIONS)
    differs = {name for name in reference if not _identical(reference[name], mix[name])}
    by_design = {"L0", "rho_A", "T_A0", "T_L0"}
    assert differs == {f"parameters transplant__{s}" for s in by_design} | {
        f"draws {d}" for d in ("cd34", "cd3", "committed")
    }
    assert mix.keys() > reference.keys()
    blood = mix["covariate graft"] == "blood"
    assert np.array_equal(mix["draws cd34"][blood], reference["draws cd34"][blood])
    assert np.array_equal(mix["draws cd3"][blood], reference["draws cd3"][blood])


def test_law_P10_a_family_or_an_override_changes_its_own_quantities_alone() -> None:
    base = _columns(draw_cohort("transplant-reference", np.arange(300), seed=7))
    changed = _columns(draw_cohort("transplant-reference", np.arange(300), seed=7, overrides={"rho_L": 0.5}))
    assert {n for n in base if not _identical(base[n], changed[n])} == {"parameters transplant__rho_L"}
    for family in FAMILIES:
        other = _columns(draw_cohort("transplant-reference", np.arange(300), seed=7, family=family))
        for name in (f"parameters interferon_response__{s}" for s in SAME_EVERYWHERE):
            assert _identical(base[name], other[name])
        assert _identical(base["parameters transplant__nrm_threshold"], other["parameters transplant__nrm_threshold"])


def test_law_P10_removing_or_reordering_draws_leaves_the_others(monkeypatch) -> None:
    """A covariate drawn with an extra draw before every one of its own, and one whose draw is left out."""
    plain = draw_cohort("covariate-mix", np.arange(200), seed=7)
    original = covariates_module.draw_covariates

    def restless(table, uniform, normal):
        def disturbed(draw):
            def twice(stream):
                draw("a quantity nobody knows")
                return np.full(200, 0.25) if stream == "donor" else draw(stream)

            return twice

        return original(table, disturbed(uniform), disturbed(normal))

    monkeypatch.setattr("inferon.cohort.populations.draw_covariates", restless)
    disturbed = draw_cohort("covariate-mix", np.arange(200), seed=7)
    before, after = _columns(plain), _columns(disturbed)
    differs = {name for name in before if not _identical(before[name], after[name])}
    assert differs == {"covariate donor", "parameters transplant__donor_f", "parameters transplant__rho_A"}


@settings(max_examples=15)
@given(
    population=st.sampled_from(POPULATIONS),
    patients=st.lists(st.integers(0, 10**9), min_size=1, max_size=20, unique=True),
    seed=st.integers(0, 2**32),
)
def test_property_P11_patient_i_is_the_same_in_any_company(population: str, patients: list[int], seed: int) -> None:
    together = _columns(draw_cohort(population, np.array(patients), seed=seed))
    for place in {0, len(patients) - 1}:
        alone = _columns(draw_cohort(population, np.array([patients[place]]), seed=seed))
        for name, values in alone.items():
            assert _identical(values, together[name][place : place + 1]), name


@pytest.fixture(scope="module")
def arms():
    cohort = draw_cohort("covariate-mix", np.arange(400), seed=9)
    before = {name: values.copy() for name, values in _columns(cohort).items()}
    regimens = [Regimen(drug="peginterferon alfa-2a", dose=180, doses=4)]
    results = [simulate_arm(cohort, r, follow_up=730.0, threads=2) for r in ([], regimens, [])]
    return cohort, before, results


def test_law_P12_simulating_an_arm_leaves_the_cohort_as_it_was(arms) -> None:
    cohort, before, _ = arms
    assert all(_identical(values, before[name]) for name, values in _columns(cohort).items())


def test_law_P12_the_same_arm_twice_is_the_same_bit_for_bit(arms) -> None:
    _, _, (first, _, again) = arms
    assert first.events.equals(again.events)


def test_law_P12_arms_share_covariates_effects_and_event_thresholds(arms) -> None:
    """Seen from outside: death after relapse waits equally long in both arms, and patients untouched by the drug are equal."""
    _, _, (control, treated, _) = arms
    waits = [a.events["death_day"] - a.events["relapse_day"] for a in (control, treated)]
    both = waits[0].is_not_null() & waits[1].is_not_null()
    assert both.sum() > 50
    assert (waits[0] - waits[1]).filter(both).abs().max() < 1e-9
    at_start = control.events["relapse_day"] == 0
    assert at_start.sum() > 0
    assert (treated.events["relapse_day"].filter(at_start) == 0).all()


def test_fault_unknown_names_are_refused() -> None:
    for how in ({"family": "referense"}, {"overrides": {"rho_X": 1.0}}):
        with pytest.raises(KeyError, match="unknown"):
            draw_cohort("transplant-reference", np.arange(3), seed=1, **how)
    with pytest.raises(KeyError, match="covariate-mix"):
        draw_cohort("adults", np.arange(3), seed=1)
