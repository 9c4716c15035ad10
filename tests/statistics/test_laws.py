"""Identities the estimators and tests must obey on any data, ties and empty corners included."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inferon.statistics import aalen_johansen, gray, kaplan_meier, log_rank
from inferon.statistics.curves.aalen_johansen import VARIANCES

TIGHT = {"rtol": 1e-9, "atol": 1e-12}
patients = st.lists(
    st.tuples(st.integers(0, 12), st.sampled_from([0, 1, 1, 2]), st.sampled_from(["a", "b", "c"])),
    min_size=1,
    max_size=60,
)
quick = settings(max_examples=60)


def columns(rows):
    time, cause, group = zip(*rows, strict=True)
    return np.array(time, dtype=float), np.array(cause), np.array(group)


@quick
@given(patients)
def test_law_incidences_and_event_free_survival_sum_to_one(rows) -> None:
    time, cause, _ = columns(rows)
    result = aalen_johansen(time, cause, causes=[1, 2])
    total = result[1].estimate + result[2].estimate + result.event_free
    np.testing.assert_allclose(total, 1.0, **TIGHT)
    np.testing.assert_allclose(result.event_free, kaplan_meier(time, cause > 0).estimate, **TIGHT)


@quick
@given(patients)
def test_law_without_competing_events_incidence_is_one_minus_kaplan_meier(rows) -> None:
    time, cause, _ = columns(rows)
    incidence = aalen_johansen(time, cause > 0, causes=[1], conf_type="plain")[1]
    survival = kaplan_meier(time, cause > 0, conf_type="plain")
    np.testing.assert_allclose(incidence.estimate, 1 - survival.estimate, **TIGHT)
    known = survival.estimate > 0
    np.testing.assert_allclose(incidence.standard_error[known], survival.standard_error[known], rtol=1e-9, atol=1e-8)


@quick
@given(patients)
def test_law_without_censoring_incidence_is_a_proportion_with_binomial_variance(rows) -> None:
    time, cause, _ = columns(rows)
    ended = np.where(cause == 0, 2, cause)
    curve = aalen_johansen(time, ended, causes=[1, 2])[1]
    shares = np.array([np.mean((time <= t) & (ended == 1)) for t in curve.time])
    np.testing.assert_allclose(curve.estimate, shares, **TIGHT)
    np.testing.assert_allclose(curve.variance, shares * (1 - shares) / time.size, rtol=1e-9, atol=1e-12)


@quick
@given(patients, st.randoms(use_true_random=False))
def test_property_the_order_of_the_rows_does_not_matter(rows, random) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)
    for variance in VARIANCES:
        one, other = (
            aalen_johansen(*columns(r)[:2], causes=[1, 2], variance=variance).to_frame() for r in (rows, shuffled)
        )
        assert one.equals(other, null_equal=True)


@quick
@given(patients)
def test_property_relabelling_causes_and_groups_changes_names_only(rows) -> None:
    time, cause, group = columns(rows)
    names = np.array([None, "relapse", "death"], dtype=object)[cause]
    numbered = aalen_johansen(time, cause, causes=[1, 2])
    named = aalen_johansen(time, names, causes=["relapse", "death"])
    np.testing.assert_array_equal(numbered[1].estimate, named["relapse"].estimate)
    np.testing.assert_array_equal(numbered[2].upper, named["death"].upper)
    if len(set(group)) > 1:
        swapped = np.array([{"a": "z", "b": "b", "c": "a"}[label] for label in group])
        ours, theirs = gray(time, cause, group, causes=[1, 2]), gray(time, cause, swapped, causes=[1, 2])
        for label in (1, 2):
            np.testing.assert_allclose(ours[label].score.sum(), 0.0, atol=1e-9)
            if ours[label].caution is None and theirs[label].caution is None:
                np.testing.assert_allclose(ours[label].statistic, theirs[label].statistic, rtol=1e-6, atol=1e-9)


@quick
@given(patients)
def test_law_with_one_cause_the_score_of_gray_is_the_log_rank_score(rows) -> None:
    time, cause, group = columns(rows)
    if len(set(group)) < 2:
        return
    tested = gray(time, cause > 0, group, causes=[1])[1]
    compared = log_rank(time, cause > 0, group)
    np.testing.assert_allclose(tested.score, compared.observed - compared.expected, rtol=1e-9, atol=1e-9)


@quick
@given(patients)
def test_law_observed_and_expected_events_balance(rows) -> None:
    time, cause, group = columns(rows)
    if len(set(group)) < 2:
        return
    result = log_rank(time, cause > 0, group, strata=time > 5)
    np.testing.assert_allclose(result.observed.sum(), result.expected.sum(), **TIGHT)
    np.testing.assert_allclose(result.variance.sum(axis=0), 0.0, atol=1e-9)


@pytest.mark.parametrize("variance", ["greenwood_type", "aalen_1978_cmprsk"])
def test_double_variances_equal_their_sums_written_out(variance) -> None:
    """The direct double sum over events, as in the textbooks, on data with many ties."""
    random = np.random.default_rng(7)
    time, cause = random.integers(1, 9, 80).astype(float), random.integers(0, 3, 80)
    curve = aalen_johansen(time, cause, variance=variance)[1]
    written_out = {"greenwood_type": _greenwood_sum, "aalen_1978_cmprsk": _counting_process_sum}[variance]
    expected = [written_out(time, cause, curve, t) for t in curve.time]
    np.testing.assert_allclose(curve.variance, expected, rtol=1e-11)


def _counts(time, cause, u):
    return (time >= u).sum(), ((time == u) & (cause == 1)).sum(), ((time == u) & (cause == 2)).sum()


def _greenwood_sum(time, cause, curve, t) -> float:
    total, free = 0.0, 1.0
    by_then = dict(zip(curve.time, curve.estimate, strict=True))
    for u in curve.time[curve.time <= t]:
        y, own, other = _counts(time, cause, u)
        gain = by_then[t] - by_then[u]
        if y > own + other:
            total += gain**2 * (own + other) / (y * (y - own - other))
        total += free**2 * own * (y - own) / y**3 - 2 * gain * free * own / y**2
        free *= 1 - (own + other) / y
    return total


def _counting_process_sum(time, cause, curve, t) -> float:
    total, free = 0.0, 1.0
    by_then = dict(zip(curve.time, curve.estimate, strict=True))
    for u in curve.time[curve.time <= t]:
        y, own, other = _counts(time, cause, u)
        after = free * (1 - (own + other) / y)
        reach = (by_then[t] - by_then[u]) / after if after > 0 else 0.0
        total += (1 - reach) ** 2 * _tied(own, y) * (free / y) ** 2 + reach**2 * _tied(other, y) * (free / y) ** 2
        free = after
    return total


def _tied(events, at_risk) -> float:
    return events * (1 - (events - 1) / (at_risk - 1)) if events > 1 else float(events)
