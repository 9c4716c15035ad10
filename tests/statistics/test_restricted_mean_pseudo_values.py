"""Pseudo-values against their definition: leave one patient out, or move one patient's weight."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inferon.statistics.curves.aalen_johansen import aalen_johansen
from inferon.statistics.curves.kaplan_meier import kaplan_meier
from inferon.statistics.curves.nelson_aalen import nelson_aalen
from inferon.statistics.curves.pseudo_values import ESTIMATORS, JACKKNIVES, pseudo_values
from inferon.statistics.curves.restricted_time_lost import restricted_mean_time_lost
from inferon.statistics.curves.rmst import restricted_mean

quick = settings(max_examples=25)
patients = st.lists(st.tuples(st.integers(1, 9), st.integers(0, 2)), min_size=3, max_size=25).filter(
    lambda rows: sum(c == 1 for _, c in rows) > 1
)


def columns(rows):
    time, cause = (np.array(column) for column in zip(*rows, strict=True))
    return time.astype(float), cause


def plain(estimator, time, cause, t, weights=None) -> float:
    """The estimate itself, from the estimators of the library."""
    if estimator == "restricted_mean":
        return restricted_mean(time, cause > 0, tau=t, weights=weights, extend=True).estimate
    if estimator == "restricted_time_lost":
        return float(restricted_mean_time_lost(time, cause, tau=t, causes=[1, 2], weights=weights).mean_time[1])
    if estimator == "aalen_johansen":
        return aalen_johansen(time, cause, causes=[1, 2], weights=weights)[1].at([t])["estimate"].item()
    curve = {"kaplan_meier": kaplan_meier, "nelson_aalen": nelson_aalen}[estimator]
    return curve(time, cause > 0, weights=weights).at([t])["estimate"].item()


@pytest.mark.parametrize("estimator", ESTIMATORS)
@quick
@given(rows=patients, t=st.integers(1, 9))
def test_double_leave_one_out_values_equal_estimates_without_each_patient(estimator, rows, t) -> None:
    time, cause = columns(rows)
    found = pseudo_values(time, cause, times=[t], estimator=estimator, cause_of_interest=1)
    n, whole = time.size, plain(estimator, time, cause, t)
    without = [plain(estimator, np.delete(time, i), np.delete(cause, i), t) for i in range(n)]
    assert found.estimate[0] == pytest.approx(whole)
    np.testing.assert_allclose(found.values[:, 0], n * whole - (n - 1) * np.array(without), rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("estimator", ESTIMATORS)
@quick
@given(rows=patients, t=st.integers(1, 9))
def test_double_infinitesimal_values_equal_numerical_derivatives_by_weight(estimator, rows, t) -> None:
    time, cause = columns(rows)
    found = pseudo_values(time, cause, times=[t], estimator=estimator, cause_of_interest=1, jackknife="infinitesimal")
    n, step, slopes = time.size, 1e-5, []
    for i in range(n):
        moved = [plain(estimator, time, cause, t, np.ones(n) + sign * step * (np.arange(n) == i)) for sign in (1, -1)]
        slopes.append((moved[0] - moved[1]) / (2 * step))
    expected = plain(estimator, time, cause, t) + n * np.array(slopes)
    np.testing.assert_allclose(found.values[:, 0], expected, rtol=1e-5, atol=1e-5)


@quick
@given(patients)
def test_law_without_censoring_a_pseudo_value_is_the_patients_own_outcome(rows) -> None:
    time, cause = columns(rows)
    ended = np.where(cause == 0, 2, cause)
    for way in JACKKNIVES:
        survival = pseudo_values(time, ended, times=[3, 6], jackknife=way)
        np.testing.assert_allclose(survival.values, time[:, None] > [3, 6], atol=1e-9)
        mean = pseudo_values(time, ended, times=[5], estimator="restricted_mean", jackknife=way)
        np.testing.assert_allclose(mean.values[:, 0], np.minimum(time, 5), atol=1e-9)
        incidence = pseudo_values(
            time, ended, times=[4], estimator="aalen_johansen", cause_of_interest=1, jackknife=way
        )  # fmt: skip
        np.testing.assert_allclose(incidence.values[:, 0], (time <= 4) & (ended == 1), atol=1e-9)


@quick
@given(patients)
def test_law_incidences_and_survival_of_each_patient_sum_to_one_and_the_mean_is_the_estimate(rows) -> None:
    time, cause = columns([*rows, (3, 2)])
    for way in JACKKNIVES:
        parts = [
            pseudo_values(time, cause, times=[5], estimator="aalen_johansen", cause_of_interest=c, jackknife=way)
            for c in (1, 2)
        ]
        free = pseudo_values(time, cause, times=[5], jackknife=way)
        np.testing.assert_allclose(sum(part.values for part in parts) + free.values, 1.0, atol=1e-9)
    np.testing.assert_allclose(free.values.mean(axis=0), free.estimate, atol=1e-9)


def test_fault_what_cannot_be_jackknifed_is_refused() -> None:
    with pytest.raises(ValueError, match="two patients or more"):
        pseudo_values([1.0], [1], times=[1])
    with pytest.raises(ValueError, match="estimator must be one of kaplan_meier"):
        pseudo_values([1, 2], [1, 0], times=[1], estimator="cox")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="jackknife must be one of"):
        pseudo_values([1, 2], [1, 0], times=[1], jackknife="block")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"cause_of_interest must be one of \[1\], found 2"):
        pseudo_values([1, 2], [1, 0], times=[1], estimator="aalen_johansen", cause_of_interest=2)
    with pytest.raises(ValueError, match="finite numbers >= 0"):
        pseudo_values([1, 2], [1, 0], times=[-1])


def test_golden_values_come_as_a_table() -> None:
    found = pseudo_values([1, 2, 3], [1, 0, 1], times=[1, 2])
    assert found.to_frame().shape == (6, 3)
    assert "leave_one_out jackknife" in repr(found)
