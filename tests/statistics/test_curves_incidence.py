"""Aalen–Johansen with weights, delayed entry and four variances; differences; time lost."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inferon.statistics.curves.aalen_johansen import aalen_johansen
from inferon.statistics.curves.incidence_difference import incidence_difference
from inferon.statistics.curves.incidence_variance import VARIANCES
from inferon.statistics.curves.kaplan_meier import kaplan_meier
from inferon.statistics.curves.restricted_time_lost import restricted_mean_time_lost
from inferon.statistics.shared.confidence import CONFIDENCE_TYPES

from . import slow_curves as slow

TIGHT = {"rtol": 1e-9, "atol": 1e-12}
quick = settings(max_examples=50)
cohort = st.lists(
    st.tuples(st.integers(1, 10), st.integers(0, 2), st.integers(1, 3), st.integers(1, 9)), min_size=2, max_size=40
)


def columns(rows):
    time, cause, weight, entry = (np.array(column) for column in zip(*rows, strict=True))
    return time.astype(float), cause, weight, np.minimum(entry, time) - 1.0


@pytest.mark.parametrize("clustered", [False, True])
def test_double_weighted_delayed_incidence_and_jackknife_equal_plain_loops(clustered) -> None:
    of = slow.some_patients(11)
    curves = aalen_johansen(
        of.time, of.cause, start=of.start, weights=of.weight, cluster=of.cluster if clustered else None
    )
    assert curves[1].variance_form == "infinitesimal_jackknife"
    for until in (4.0, 9.0, 15.0):
        row = curves[1].at([until]).row(0, named=True)
        assert row["estimate"] == pytest.approx(slow.incidence(of, of.weight, until), rel=1e-12)
        expected = slow.jackknife_variance(of, slow.incidence, until, clustered=clustered)
        assert row["standard_error"] ** 2 == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize("clustered", [False, True])
@pytest.mark.parametrize("tau", [3.0, 9.5, 40.0])
def test_double_time_lost_and_its_jackknife_equal_plain_loops(clustered, tau) -> None:
    of = slow.some_patients(13, n=40)
    found = restricted_mean_time_lost(
        of.time, of.cause, tau=tau, start=of.start, weights=of.weight, cluster=of.cluster if clustered else None
    )
    for state, plain in enumerate((slow.area(slow.survival, 1.0), slow.area(slow.incidence, 0.0))):
        assert found.mean_time[state] == pytest.approx(plain(of, of.weight, tau), rel=1e-12)
        expected = slow.jackknife_variance(of, plain, tau, clustered=clustered)
        assert found.standard_error[state] ** 2 == pytest.approx(expected, rel=1e-7)


def test_double_the_textbook_variance_equals_its_sum_written_out() -> None:
    of = slow.some_patients(17)
    curve = aalen_johansen(of.time, of.cause, start=of.start, variance="aalen_1978_textbook")[1]
    height = dict(zip(curve.time, curve.estimate, strict=True))
    for t in (3.0, 8.0, 15.0):
        total, free = 0.0, 1.0
        for u in curve.time[curve.time <= t]:
            y, own = slow.at_risk_and_events(of, np.ones(of.time.size), u, (1,))
            d = own + slow.at_risk_and_events(of, np.ones(of.time.size), u, (2,))[1]
            rise = height[t] - height[u]
            total += rise**2 * d / ((y - 1) * (y - d)) + free**2 * own * (y - own) / (y**2 * (y - 1))
            total -= 2 * rise * free * own * (y - own) / (y * (y - d) * (y - 1))
            free *= 1 - d / y
        assert curve.at([t])["standard_error"].item() ** 2 == pytest.approx(total, rel=1e-11)


@quick
@given(cohort)
def test_law_without_weights_and_delay_the_jackknife_is_the_greenwood_type(rows) -> None:
    time, cause, _, _ = columns(rows)
    forms = [aalen_johansen(time, cause, causes=[1, 2], variance=form) for form in VARIANCES[:2]]
    for label in (1, 2):
        np.testing.assert_allclose(forms[0][label].variance, forms[1][label].variance, rtol=1e-9, atol=1e-15)


@quick
@given(cohort)
def test_law_a_weight_counts_as_so_many_patients(rows) -> None:
    time, cause, weight, start = columns(rows)
    copies = [np.repeat(column, weight) for column in (time, cause, start)]
    for form in set(VARIANCES) - {"infinitesimal_jackknife"}:
        weighted = aalen_johansen(time, cause, causes=[1, 2], start=start, weights=weight, variance=form)
        replicated = aalen_johansen(copies[0], copies[1], causes=[1, 2], start=copies[2], variance=form)
        assert (
            weighted.to_frame()
            .drop("at_risk", "events", "censored")
            .equals(replicated.to_frame().drop("at_risk", "events", "censored"))
        )


@quick
@given(cohort, st.integers(1, 9))
def test_law_splitting_follow_up_changes_no_estimate(rows, cut) -> None:
    time, cause, _, _ = columns(rows)
    beyond, patient = time > cut, np.arange(time.size)
    halves = aalen_johansen(
        np.concatenate([np.minimum(time, cut), time[beyond]]),
        np.concatenate([np.where(beyond, 0, cause), cause[beyond]]), causes=[1, 2],
        start=np.concatenate([np.zeros(time.size), np.full(beyond.sum(), float(cut))]),
        cluster=np.concatenate([patient, patient[beyond]]),
    )  # fmt: skip
    whole = aalen_johansen(time, cause, causes=[1, 2], cluster=patient)
    grid = np.arange(11.0)
    for name in ("estimate", "standard_error"):
        ours, theirs = (curves.at(grid)[name].to_numpy() for curves in (whole, halves))
        np.testing.assert_allclose(ours, theirs, rtol=1e-7, atol=1e-8)


@quick
@given(cohort)
def test_law_incidences_and_event_free_survival_sum_to_one_under_weights_and_delay(rows) -> None:
    time, cause, weight, start = columns(rows)
    options = {"start": start, "weights": weight / 3}
    curves = aalen_johansen(time, cause, causes=[1, 2], **options)
    np.testing.assert_allclose(curves[1].estimate + curves[2].estimate + curves.event_free, 1.0, **TIGHT)
    np.testing.assert_allclose(curves.event_free, kaplan_meier(time, cause > 0, **options).estimate, **TIGHT)


@quick
@given(cohort, st.floats(0.5, 14))
def test_law_times_lost_and_time_free_add_up_to_the_horizon(rows, tau) -> None:
    time, cause, weight, start = columns(rows)
    found = restricted_mean_time_lost(time, cause, tau=tau, causes=[1, 2], start=start, weights=weight)
    assert found.mean_time.sum() == pytest.approx(tau, rel=1e-9)
    swapped = restricted_mean_time_lost(
        time, np.array([0, 2, 1])[cause], tau=tau, causes=[1, 2], start=start, weights=weight
    )
    np.testing.assert_allclose(swapped.mean_time, found.mean_time[[0, 2, 1]], **TIGHT)
    np.testing.assert_allclose(swapped.standard_error, found.standard_error[[0, 2, 1]], rtol=1e-9, atol=1e-9)


def test_law_all_scales_agree_about_a_large_sample() -> None:
    """To the square of the margin, here 0.0045² times a curvature of a few units."""
    random = np.random.default_rng(2)
    time, cause = random.exponential(5, 40_000), random.integers(0, 3, 40_000)
    rows = [aalen_johansen(time, cause, conf_type=scale)[1].at([4]).row(0, named=True) for scale in CONFIDENCE_TYPES]
    for row in rows:
        assert row["lower"] < row["estimate"] < row["upper"]
        assert row["lower"] == pytest.approx(rows[0]["lower"], abs=1e-4)
        assert row["upper"] == pytest.approx(rows[0]["upper"], abs=1e-4)


def test_law_the_order_of_the_rows_changes_no_digit_of_the_jackknife() -> None:
    of = slow.some_patients(19)
    shuffled = np.random.default_rng(1).permutation(of.time.size)
    one, other = (
        aalen_johansen(of.time[o], of.cause[o], variance="infinitesimal_jackknife").to_frame()
        for o in (np.arange(of.time.size), shuffled)
    )
    assert one.equals(other, null_equal=True)


@pytest.mark.parametrize("interval", ["wald", "recovered"])
def test_law_a_difference_changes_sign_with_its_reference(interval) -> None:
    of = slow.some_patients(23)
    arm = np.where(of.cluster % 2 == 0, "a", "b")
    one, other = (
        incidence_difference(of.time, of.cause, arm, of=1, at=7, reference=label, interval=interval)
        for label in ("a", "b")
    )
    assert one.difference == pytest.approx(-other.difference, rel=1e-12)
    assert (one.lower, one.upper) == pytest.approx((-other.upper, -other.lower))
    parts = [aalen_johansen(of.time[arm == label], of.cause[arm == label])[1].at([7]) for label in ("a", "b")]
    assert one.incidence == tuple(part["estimate"].item() for part in parts)
    assert one.standard_error == pytest.approx(np.hypot(*(part["standard_error"].item() for part in parts)))
    assert interval in repr(one) and one.to_frame()["difference"].item() == one.difference


def test_law_a_recovered_interval_stays_within_one_and_needs_an_event_in_each_group() -> None:
    time, cause, arm = [1, 2, 3, 4, 5, 6] * 2, [1, 1, 1, 1, 2, 1, 2, 1, 2, 2, 2, 2], [1] * 6 + [0] * 6
    options = {"of": 1, "at": 5.5, "conf_level": 0.999}
    result = incidence_difference(time, cause, arm, **options)
    wald = incidence_difference(time, cause, arm, **options, interval="wald")
    assert wald.upper > 1 >= result.upper
    assert -1 <= result.lower < result.difference < result.upper
    without = incidence_difference(
        time, [c if c == 2 or a else 2 for c, a in zip(cause, arm, strict=True)], arm, **options
    )
    assert without.incidence[0] == 0.0
    assert np.isnan([without.lower, without.upper]).all()


def test_oracle_the_difference_of_platelet_groups_is_that_of_its_parts(shared) -> None:
    """Parts of survfit: bmt of 408 patients, treatment-related death by 12 months, 0.4075 (se 0.0296) and 0.2377."""
    table = pl.read_csv(shared / "data" / "bmt_timereg408.csv")
    result = incidence_difference(table["time"], table["cause"], table["platelet"], of=1, at=12, interval="wald")
    assert result.incidence == pytest.approx((0.407514483554413, 0.237728526058929), rel=1e-9)
    assert result.standard_errors[0] == pytest.approx(0.0295852809424017, rel=1e-9)
    assert result.p_value < 1e-3


def test_law_the_interval_of_a_difference_covers_it_as_often_as_it_says() -> None:
    """2,000 simulated pairs of 60 and 60 patients; the bounds are the nominal 95 % ± 3 Monte-Carlo errors (1.46 %)."""
    random = np.random.default_rng(20)
    truth = 0.5 * (1 - np.exp(-0.4)) - 0.5 * (1 - np.exp(-0.8))
    covered, trials = 0, 2000
    for _ in range(trials):
        arm = np.repeat([0, 1], 60)
        latent = random.exponential(1 / np.where(arm == 1, 0.2, 0.4))
        censored = random.uniform(1.5, 6, 120)
        cause = np.where(latent <= censored, random.integers(1, 3, 120), 0)
        result = incidence_difference(np.minimum(latent, censored), cause, arm, of=1, at=2)
        covered += result.lower <= truth <= result.upper
    assert abs(covered / trials - 0.95) < 3 * np.sqrt(0.95 * 0.05 / trials)


BAD = [
    (lambda: aalen_johansen([1, 2], [1, 0], start=[1, 0]), "found start 1.0 and time 1.0 at position 0"),
    (lambda: aalen_johansen([1, 2], [1, 0], weights=[1, -2]), "weights must be above 0: found -2.0 at position 1"),
    (lambda: restricted_mean_time_lost([1, 2], [1, 0], tau=0), "tau must be a finite number above 0, found 0"),
    (lambda: incidence_difference([1, 2], [1, 0], [1, 2], of=3, at=1), "of must be a cause that occurs, one of [1]"),
    (lambda: incidence_difference([1, 2], [1, 0], [1, 2], of=1, at=5), "nobody of group 2 is followed to 5"),
    (lambda: incidence_difference([1, 2], [1, 0], [1, 2], of=1, at=1, interval="exact"), "interval must be one of"),
]


@pytest.mark.parametrize(("call", "sentence"), BAD, ids=[sentence for _, sentence in BAD])
def test_fault_bad_columns_are_refused_with_a_sentence(call, sentence) -> None:
    with pytest.raises(ValueError) as refusal:
        call()
    assert sentence in str(refusal.value)


def test_law_incidences_draw_one_panel_a_cause() -> None:
    drawn = aalen_johansen([1, 2, 3, 4], ["relapse", "death", None, "relapse"]).plot().to_dict()
    (points,) = drawn["datasets"].values()
    assert {point["cause"] for point in points} == {"relapse", "death"}
    assert drawn["facet"]["row"]["field"] == "cause"


@pytest.mark.parametrize("variance", VARIANCES)
def test_law_an_incidence_that_must_be_one_has_no_error(variance) -> None:
    random = np.random.default_rng(4)
    curve = aalen_johansen(random.integers(1, 30, 300), np.ones(300), variance=variance)[1]
    assert curve.estimate[-1] == pytest.approx(1.0, rel=1e-12)
    assert curve.standard_error[-1] == 0.0
    assert np.all(curve.standard_error[:-1] > 0)


@pytest.mark.parametrize("scale", CONFIDENCE_TYPES)
def test_law_an_incidence_of_one_is_not_carried_past_it_by_rounding(scale) -> None:
    """The steps 1/n of n patients add up to a digit more than 1 for some n, such as 18."""
    for n in range(2, 60):
        last = aalen_johansen(np.arange(n) + 1.0, np.ones(n), conf_type=scale)[1].at([n]).row(0, named=True)
        assert last["estimate"] <= 1
        assert (last["lower"], last["upper"]) == pytest.approx((1, 1), abs=1e-12)
