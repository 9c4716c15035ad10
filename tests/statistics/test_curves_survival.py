"""Kaplan–Meier and its kin: weights, delayed entry, clusters, hazards, conditional survival, a fixed time."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inferon.statistics.curves.conditional_survival import conditional_survival
from inferon.statistics.curves.fixed_time_comparison import TRANSFORMS, fixed_time_comparison
from inferon.statistics.curves.fleming_harrington import fleming_harrington
from inferon.statistics.curves.kaplan_meier import kaplan_meier
from inferon.statistics.curves.nelson_aalen import nelson_aalen

from . import slow_curves as slow

TIGHT = {"rtol": 1e-9, "atol": 1e-12}
quick = settings(max_examples=50)
cohort = st.lists(
    st.tuples(st.integers(1, 10), st.integers(0, 1), st.integers(1, 3), st.integers(1, 9)), min_size=2, max_size=40
)
SIX_MP_WEEKS = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
SIX_MP_RELAPSED = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]


def columns(rows):
    time, event, weight, group = (np.array(column) for column in zip(*rows, strict=True))
    return time.astype(float), event, weight, group


@pytest.mark.parametrize("clustered", [False, True])
@pytest.mark.parametrize(
    ("estimate", "plain"),
    [
        (kaplan_meier, slow.survival),
        (nelson_aalen, slow.hazard),
        (lambda *a, **k: nelson_aalen(*a, ties="one_by_one", **k), slow.hazard_one_by_one),
        (fleming_harrington, lambda *a: np.exp(-slow.hazard_one_by_one(*a))),
    ],
    ids=["kaplan_meier", "nelson_aalen", "one_by_one", "fleming_harrington"],
)
def test_double_weighted_delayed_estimates_and_jackknife_equal_plain_loops(estimate, plain, clustered) -> None:
    of = slow.some_patients(3)
    cluster = of.cluster if clustered else None
    curve = estimate(of.time, of.cause > 0, start=of.start, weights=of.weight, cluster=cluster)
    assert curve.variance_form == "infinitesimal jackknife"
    for until in (4.0, 9.0, 14.0):
        row = curve.at([until]).row(0, named=True)
        assert row["estimate"] == pytest.approx(plain(of, of.weight, until), rel=1e-12)
        expected = slow.jackknife_variance(of, plain, until, clustered=clustered)
        assert row["standard_error"] ** 2 == pytest.approx(expected, rel=1e-7)


def test_oracle_klein_and_moeschberger_nelson_aalen_of_mercaptopurine() -> None:
    """Klein & Moeschberger, Survival Analysis, 2nd ed. 2003, table 4.2: estimate and variance at each relapse."""
    curve = nelson_aalen(SIX_MP_WEEKS, SIX_MP_RELAPSED)
    relapses = curve.events > 0
    printed = [0.1428, 0.2017, 0.2683, 0.3517, 0.4426, 0.5854, 0.7521]
    np.testing.assert_allclose(curve.estimate[relapses], printed, atol=1.01e-4)
    variances = [0.0068, 0.0103, 0.0147, 0.0217, 0.0299, 0.0503, 0.0781]
    np.testing.assert_allclose(curve.standard_error[relapses] ** 2, variances, atol=5.01e-5)


def test_oracle_klein_and_moeschberger_limits_of_disease_free_survival(shared) -> None:
    """The same book, section 4.3 and example 4.2: acute lymphoblastic leukaemia, one year, and the median."""
    table = pl.read_csv(shared / "data" / "bmt_km137.csv").filter(pl.col("group") == 1)
    linear = kaplan_meier(table["t2"], table["d3"], conf_type="plain")
    logs = kaplan_meier(table["t2"], table["d3"], conf_type="log-log")
    np.testing.assert_allclose(linear.at([365]).select("lower", "upper").row(0), [0.3900, 0.7084], atol=1e-4)
    np.testing.assert_allclose(logs.at([365])["lower"].item(), 0.3783, atol=1e-4)
    assert linear.median == (418, 194, None)
    assert logs.median == (418, 192, None)


@quick
@given(cohort)
def test_law_a_weight_counts_as_so_many_patients(rows) -> None:
    time, event, weight, _ = columns(rows)
    weighted = kaplan_meier(time, event, weights=weight)
    replicated = kaplan_meier(np.repeat(time, weight), np.repeat(event, weight))
    assert weighted.variance_form == replicated.variance_form == "Greenwood"
    for name in ("time", "estimate", "standard_error", "upper", "at_risk", "events", "cumulative_hazard_error"):
        np.testing.assert_allclose(getattr(weighted, name), getattr(replicated, name), **TIGHT)
    ties = {"ties": "one_by_one"}
    np.testing.assert_allclose(
        nelson_aalen(time, event, weights=weight).estimate, nelson_aalen(time, event, weights=3.0 * weight).estimate
    )
    assert np.all(nelson_aalen(time, event, **ties).estimate >= nelson_aalen(time, event).estimate - 1e-12)


@quick
@given(cohort, st.integers(1, 9))
def test_law_splitting_follow_up_changes_no_estimate(rows, cut) -> None:
    """Each patient followed beyond `cut` becomes two rows, of which the second enters at `cut`."""
    time, event, weight, _ = columns(rows)
    beyond = time > cut
    patient = np.arange(time.size)
    split = {
        "time": np.concatenate([np.minimum(time, cut), time[beyond]]),
        "event": np.concatenate([np.where(beyond, 0, event), event[beyond]]),
        "start": np.concatenate([np.zeros(time.size), np.full(beyond.sum(), float(cut))]),
        "weights": np.concatenate([weight, weight[beyond]]) / 2,
        "cluster": np.concatenate([patient, patient[beyond]]),
    }
    whole = kaplan_meier(time, event, weights=weight / 2, cluster=patient)
    halves = kaplan_meier(**split)
    grid = np.arange(11.0)
    for name in ("estimate", "standard_error", "lower", "upper"):
        ours, theirs = (curve.at(grid)[name].to_numpy() for curve in (whole, halves))
        np.testing.assert_allclose(ours, theirs, rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose(halves.quantile(0.4).time or -1, whole.quantile(0.4).time or -1)


@quick
@given(cohort)
def test_law_without_weights_and_delay_the_jackknife_is_greenwood(rows) -> None:
    time, event, _, _ = columns(rows)
    jackknife = kaplan_meier(time, event, variance="infinitesimal_jackknife")
    np.testing.assert_allclose(jackknife.standard_error, kaplan_meier(time, event).standard_error, rtol=1e-9, atol=1e-8)


@quick
@given(cohort, st.sampled_from([1 / 30.4375, 7.0]))
def test_law_the_unit_of_time_only_scales_the_axis(rows, unit) -> None:
    time, event, weight, entry = columns(rows)
    start = np.minimum(entry, time) - 1.0
    one, other = (kaplan_meier(time * u, event, start=start * u, weights=weight) for u in (1.0, unit))
    np.testing.assert_allclose(other.time, one.time * unit)
    np.testing.assert_array_equal(other.estimate, one.estimate)
    np.testing.assert_array_equal(other.upper, one.upper)


@quick
@given(cohort, st.integers(0, 8))
def test_law_conditional_survival_is_a_ratio_and_a_landmark_analysis(rows, given_time) -> None:
    time, event, _, _ = columns(rows)
    beyond = time > given_time
    if not beyond.any():
        return
    curve = conditional_survival(time, event, given=given_time)
    whole = kaplan_meier(time, event)
    at_landmark = whole.at([given_time])["estimate"].item()
    np.testing.assert_allclose(curve.estimate * at_landmark, whole.at(curve.time)["estimate"], **TIGHT)
    shifted = kaplan_meier(time[beyond] - given_time, event[beyond])
    np.testing.assert_allclose(curve.standard_error, shifted.standard_error, **TIGHT)
    np.testing.assert_array_equal(curve.at_risk, shifted.at_risk)


def test_law_an_early_empty_risk_set_ends_the_product_but_not_the_hazard() -> None:
    """As in survfit: once everybody at risk has died, S stays 0 and has no limits; exp(-H) goes on."""
    time, event, start = [2.0, 5, 6, 7], [1, 1, 0, 1], [0.0, 3, 3, 3]
    product = kaplan_meier(time, event, start=start)
    assert product.estimate.tolist() == [0, 0, 0, 0]
    assert product.to_frame()["lower"].null_count() == 4
    assert product.at_risk.tolist() == [1, 3, 2, 1]
    np.testing.assert_allclose(product.cumulative_hazard, [1, 4 / 3, 4 / 3, 7 / 3])
    assert np.all(fleming_harrington(time, event, start=start).estimate > 0)
    rescued = conditional_survival(time, event, start=start, given=2)
    np.testing.assert_allclose(rescued.estimate, [2 / 3, 2 / 3, 0])


def test_law_an_emptied_risk_set_is_exactly_empty_under_fractional_weights() -> None:
    weights = [0.1, 0.2, 0.3, 0.7, 1 / 3]
    curve = kaplan_meier([1, 2, 3, 5, 6], [1, 1, 1, 1, 0], start=[0, 0, 0, 4, 4], weights=weights)
    assert curve.estimate[2] == 0.0
    assert curve.at_risk[2] == weights[2]


@pytest.mark.parametrize("conf_type", ["plain", "log", "arcsine"])
def test_law_limits_of_a_hazard_enclose_it_and_widen_with_the_level(conf_type) -> None:
    narrow, wide = (nelson_aalen(SIX_MP_WEEKS, SIX_MP_RELAPSED, conf_type=conf_type, conf_level=c) for c in (0.8, 0.95))
    assert np.all(narrow.lower < narrow.estimate) and np.all(narrow.estimate < narrow.upper)
    assert np.all(wide.lower <= narrow.lower) and np.all(narrow.upper < wide.upper)


def test_double_arcsine_limits_of_a_hazard_are_those_of_its_survival() -> None:
    """Borgan & Liestøl's transformation is the arcsine-root of exp(-H), whose standard error is exp(-H) se."""
    hazard = nelson_aalen(SIX_MP_WEEKS, SIX_MP_RELAPSED, conf_type="arcsine")
    survival = fleming_harrington(SIX_MP_WEEKS, SIX_MP_RELAPSED, ties="together", conf_type="arcsine")
    np.testing.assert_allclose(np.exp(-hazard.upper), survival.lower, rtol=1e-12)
    np.testing.assert_allclose(np.exp(-hazard.lower), survival.upper, rtol=1e-12)


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_law_a_fixed_time_comparison_changes_sign_with_its_reference(transform) -> None:
    of = slow.some_patients(5)
    arm = np.where(of.cluster % 2 == 0, "a", "b")
    one, other = (
        fixed_time_comparison(of.time, of.cause > 0, arm, at=7, transform=transform, reference=label)
        for label in ("a", "b")
    )
    assert one.z == pytest.approx(-other.z, rel=1e-12)
    assert (one.lower, one.upper) == pytest.approx((-other.upper, -other.lower))
    assert one.groups == ("a", "b") and other.groups == ("b", "a")
    assert np.sign(one.difference) == np.sign(one.survival[1] - one.survival[0])
    assert transform in repr(one) and one.to_frame().height == 1


def test_double_fixed_time_standard_errors_are_slopes_times_greenwood() -> None:
    """Each scale's standard error against a numerical derivative of the scale."""
    of = slow.some_patients(5)
    arm = of.cluster % 2
    scales = {
        "identity": lambda s: s, "log": np.log, "log_log": lambda s: -np.log(-np.log(s)),
        "logit": lambda s: np.log(s / (1 - s)), "arcsine": lambda s: np.arcsin(np.sqrt(s)),
    }  # fmt: skip
    for transform, scale in scales.items():
        result = fixed_time_comparison(of.time, of.cause > 0, arm, at=7, transform=transform)
        slopes = [(scale(s + 1e-6) - scale(s - 1e-6)) / 2e-6 for s in result.survival]
        expected = np.hypot(*(slope * se for slope, se in zip(slopes, result.survival_error, strict=True)))
        assert result.standard_error == pytest.approx(expected, rel=1e-8)
        assert result.difference == pytest.approx(scale(result.survival[1]) - scale(result.survival[0]), rel=1e-12)


def test_law_a_scale_that_does_not_exist_says_so() -> None:
    result = fixed_time_comparison([1, 2, 3, 5, 5, 5], [1, 1, 0, 0, 0, 0], list("aaabbb"), at=3)
    assert np.isnan(result.z) and np.isnan(result.p_value)
    assert "survival at 3 is 0 or 1 in a group" in repr(result)
    assert (
        fixed_time_comparison([1, 2, 3, 5, 5, 5], [1, 1, 0, 0, 0, 0], list("aaabbb"), at=3, transform="identity").z > 0
    )


BAD = [
    (lambda: kaplan_meier([1, 2], [1, 0], start=[0, 2]), "found start 2.0 and time 2.0 at position 1"),
    (lambda: kaplan_meier([1, 2], [1, 0], start=[0]), "start must have one value a patient"),
    (lambda: kaplan_meier([1, 2], [1, 0], start=[0, np.nan]), "start must be a finite number: found nan"),
    (lambda: kaplan_meier([1, 2], [1, 0], weights=[1, 0]), "weights must be above 0: found 0.0 at position 1"),
    (lambda: kaplan_meier([1, 2], [1, 0], weights=["x", "y"]), "weights holds values that are not numbers"),
    (
        lambda: kaplan_meier([1, 2], [1, 0], cluster=["x", None]),
        "cluster must not be missing: found None at position 1",
    ),
    (lambda: kaplan_meier([1, 2], [1, 0], variance="tsiatis"), "variance must be one of greenwood, infinitesimal_jack"),
    (lambda: nelson_aalen([1, 2], [1, 0], ties="efron"), "ties must be one of together, one_by_one"),
    (lambda: nelson_aalen([1, 2], [1, 0], conf_type="logit"), "conf_type must be one of plain, log, arcsine"),
    (lambda: conditional_survival([1, 2], [1, 0], given=2), "nobody is followed beyond"),
    (lambda: conditional_survival([1, 2], [1, 0], given=-1), "given must be a finite number >= 0"),
    (
        lambda: conditional_survival([1, 2], [1, 0], given=1).at([0.5]),
        "must not lie before the time that is conditioned",
    ),
    (lambda: fixed_time_comparison([1, 2], [1, 0], [1, 1], at=1), "exactly two groups, found [1]"),
    (lambda: fixed_time_comparison([1, 2], [1, 0], [1, 2], at=1, reference=3), "reference must be one of the groups"),
    (lambda: fixed_time_comparison([1, 2], [1, 0], [1, 2], at=9), "nobody of group 2 is followed to 9"),
    (lambda: fixed_time_comparison([1, 2], [1, 0], [1, 2], at=1, transform="probit"), "transform must be one of"),
    (lambda: fixed_time_comparison([1, 2], [1, 0], [1, 2], at=1, cluster=[7, 7]), "cluster has patients in both"),
]


@pytest.mark.parametrize(("call", "sentence"), BAD, ids=[sentence for _, sentence in BAD])
def test_fault_bad_columns_are_refused_with_a_sentence(call, sentence) -> None:
    with pytest.raises(ValueError) as refusal:
        call()
    assert sentence in str(refusal.value)


def test_law_a_curve_draws_itself_from_time_zero() -> None:
    drawn = kaplan_meier(SIX_MP_WEEKS, SIX_MP_RELAPSED).plot().to_dict()
    strokes, points = sorted(drawn["datasets"].values(), key=lambda rows: len(rows[0]))
    assert points[0] == {"time": 0.0, "estimate": 1.0, "lower": 1.0, "upper": 1.0}
    assert len(points) == 1 + len(set(SIX_MP_WEEKS))
    assert [stroke["time"] for stroke in strokes] == sorted(
        {week for week, relapsed in zip(SIX_MP_WEEKS, SIX_MP_RELAPSED, strict=True) if not relapsed}
    )
