"""The log-rank family: laws on any data, sums written out in plain Python, and numbers printed in textbooks."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inferon.statistics.comparisons import log_rank_weights as weights
from inferon.statistics.comparisons.log_rank import log_rank
from inferon.statistics.comparisons.log_rank_permutation import TIES, log_rank_permutation, log_rank_scores
from inferon.statistics.comparisons.weighted_log_rank import weighted_log_rank

TIGHT = {"rtol": 1e-9, "atol": 1e-9}
quick = settings(max_examples=50)
patients = st.lists(
    st.tuples(st.integers(1, 10), st.integers(0, 3), st.booleans(), st.sampled_from("abc"), st.booleans()),
    min_size=4,
    max_size=50,
).filter(lambda rows: len({row[3] for row in rows}) > 1)
WEIGHTS = [
    weights.Constant(),
    weights.FlemingHarrington(0.5, 1.5),
    weights.Gehan(),
    weights.TaroneWare(),
    weights.PetoPeto(),
    weights.Prentice(),
    weights.PrenticeMarek(),
    weights.AndersenBorganGillKeiding(),
    weights.MagirrBurman(3.0, 1.7),
    weights.EarlyZero(3.0),
]
SIX_MP = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
SIX_MP_RELAPSED = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]


def columns(rows):
    wait, late, event, group, site = (np.array(column) for column in zip(*rows, strict=True))
    return (wait + late).astype(float), event, group, site, np.where(late > 0, late - 0.5, -1.0)


def freireich():
    time = np.array([*SIX_MP, *PLACEBO], dtype=float)
    return time, np.array([*SIX_MP_RELAPSED, *([1] * 21)]), np.repeat(["6-MP", "placebo"], 21)


@pytest.mark.parametrize("weight", WEIGHTS, ids=str)
@quick
@given(rows=patients)
def test_double_weighted_sums_equal_a_plain_loop_over_strata_and_times(weight, rows) -> None:
    time, event, group, site, start = columns(rows)
    result = weighted_log_rank(time, event, group, weight=weight, strata=site, start=start)
    observed, expected, variance = _plain_sums(time, event, group, site, start, weight, result.groups)
    np.testing.assert_allclose(result.observed, observed, **TIGHT)
    np.testing.assert_allclose(result.expected, expected, **TIGHT)
    np.testing.assert_allclose(result.variance, variance, **TIGHT)


def _plain_sums(time, event, group, site, start, weight, labels):
    k = len(labels)
    observed, expected, variance = np.zeros(k), np.zeros(k), np.zeros((k, k))
    for stratum in set(site):
        history = []
        for t in sorted(set(time[(site == stratum) & event])):
            here = (site == stratum) & (start < t) & (time >= t)
            dies = here & event & (time == t)
            y, d = here.sum(), dies.sum()
            history.append((t, y, d))
            w = _plain_weight(weight, history)
            share = np.array([(here & (group == label)).sum() / y for label in labels])
            observed += w * np.array([(dies & (group == label)).sum() for label in labels])
            expected += w * d * share
            if y > 1:
                variance += w**2 * d * (y - d) / (y - 1) * (np.diag(share) - np.outer(share, share))
    return observed, expected, variance


def _plain_weight(weight, history) -> float:
    """The weight at the last time of a history of (time, at risk, events), from its formula."""
    t, y, _ = history[-1]
    before = np.prod([1 - d / n for _, n, d in history[:-1]])
    modified = [1 - d / (n + 1) for _, n, d in history]
    match weight:
        case weights.FlemingHarrington(rho, gamma):
            return before**rho * (1 - before) ** gamma
        case weights.TaroneWare(power):
            return y**power
        case weights.MagirrBurman(delay, maximum):
            early = [
                np.prod([1 - d / n for _, n, d in history[:i]]) for i, (u, _, _) in enumerate(history) if u <= delay
            ]
            held = max(before, early[-1] if early else 1.0)
            return min(maximum, 1 / held) if held else maximum
        case weights.EarlyZero(until):
            return float(t >= until)
    return {
        weights.Constant: 1.0,
        weights.Gehan: y,
        weights.PetoPeto: before,
        weights.Prentice: np.prod([n / (n + d) for _, n, d in history]),
        weights.PrenticeMarek: np.prod(modified),
        weights.AndersenBorganGillKeiding: np.prod(modified[:-1]) * y / (y + 1),
    }[type(weight)]


@quick
@given(patients, st.integers(0, 9))
def test_law_splitting_follow_up_at_any_time_changes_nothing(rows, cut) -> None:
    time, event, group, site, start = columns(rows)
    late = (start < cut) & (cut < time)
    split_time, split_event = (
        np.concatenate([np.where(late, cut, time), time[late]]),
        np.append(event & ~late, event[late]),
    )
    split_start = np.concatenate([start, np.full(late.sum(), float(cut))])
    parts = (np.append(column, column[late]) for column in (group, site))
    split_group, split_site = parts
    for weight in (weights.Constant(), weights.FlemingHarrington(0, 1), weights.Gehan()):
        whole = weighted_log_rank(time, event, group, weight=weight, strata=site, start=start)
        split = weighted_log_rank(
            split_time, split_event, split_group, weight=weight, strata=split_site, start=split_start
        )  # fmt: skip
        np.testing.assert_allclose(whole.observed - whole.expected, split.observed - split.expected, **TIGHT)
        np.testing.assert_allclose(whole.variance, split.variance, **TIGHT)


def test_fault_an_infinite_weight_is_refused_and_a_maximum_named() -> None:
    """Everybody at risk has the event at 1; at 3 one of two has it, so that (O - E)² / V is (1/2)² / (1/4)."""
    rows = ([1.0, 1.0, 3.0, 4.0], [1, 1, 1, 1], ["a", "b", "a", "b"])
    with pytest.raises(ValueError, match="pooled survival is 0 before an event at 3"):
        weighted_log_rank(*rows, weight=weights.MagirrBurman(), start=[0.0, 0.0, 2.0, 2.0])
    capped = weighted_log_rank(*rows, weight=weights.MagirrBurman(maximum=2.0), start=[0.0, 0.0, 2.0, 2.0])
    assert capped.statistic == pytest.approx(1.0, rel=1e-12)


def test_fault_a_negative_power_of_a_survival_of_zero_is_refused() -> None:
    rows = ([1.0, 1.0, 3.0, 4.0], [1, 1, 1, 1], ["a", "b", "a", "b"])
    early = weights.FlemingHarrington(rho=-1)
    assert np.isfinite(weighted_log_rank(*rows, weight=early).statistic)
    with pytest.raises(ValueError, match="pooled survival is 0 before an event at 3"):
        weighted_log_rank(*rows, weight=early, start=[0.0, 0.0, 2.0, 2.0])


@quick
@given(patients, st.randoms(use_true_random=False))
def test_property_order_of_rows_names_of_groups_and_unit_of_time_do_not_matter(rows, random) -> None:
    time, event, group, site, start = columns(rows)
    order = list(range(time.size))
    random.shuffle(order)
    renamed = np.array([{"a": 3, "b": 1, "c": 2}[label] for label in group])
    for one, other in (
        (weights.Gehan(), weights.Gehan()),
        (weights.MagirrBurman(4.0, 9.0), weights.MagirrBurman(28.0, 9.0)),
    ):
        first = weighted_log_rank(time, event, group, weight=one, strata=site, start=start)
        second = weighted_log_rank(
            7 * time[order], event[order], renamed[order], weight=other, strata=site[order], start=7 * start[order]
        )  # fmt: skip
        assert (first.df, first.stratified) == (second.df, second.stratified)
        if first.df == len(first.groups) - 1:
            np.testing.assert_allclose(first.statistic, second.statistic, rtol=1e-6, atol=1e-9)


@quick
@given(patients)
def test_law_constant_weights_are_the_log_rank_test_and_peto_peto_is_g_rho_one(rows) -> None:
    time, event, group, site, start = columns(rows)
    plain = log_rank(time, event, group, strata=site, start=start)
    for weight in (weights.Constant(), weights.FlemingHarrington(), weights.EarlyZero(0), weights.TaroneWare(0)):
        same = weighted_log_rank(time, event, group, weight=weight, strata=site, start=start)
        np.testing.assert_allclose(same.variance, plain.variance, **TIGHT)
        np.testing.assert_array_equal(same.events, plain.observed)
    peto = weighted_log_rank(time, event, group, weight=weights.PetoPeto())
    g_rho = weighted_log_rank(time, event, group, weight=weights.FlemingHarrington(1, 0))
    np.testing.assert_array_equal(peto.variance, g_rho.variance)


@pytest.mark.parametrize(
    ("weight", "chi_square"),
    [
        (weights.Constant(), 16.79),
        (weights.Gehan(), 13.46),
        (weights.TaroneWare(), 15.12),
        (weights.PrenticeMarek(), 14.08),
    ],
    ids=str,
)
def test_oracle_freireich_as_printed_by_kleinbaum_and_klein(weight, chi_square) -> None:
    """Kleinbaum & Klein, Survival Analysis, 3rd edition, chapter 2 (Stata's sts test; its Peto test is PrenticeMarek)."""
    assert weighted_log_rank(*freireich(), weight=weight).statistic == pytest.approx(chi_square, abs=6e-3)


def test_oracle_freireich_expected_relapses_as_in_the_textbooks() -> None:
    result = log_rank(*freireich())
    np.testing.assert_allclose(result.expected, [19.25, 10.75], atol=5e-3)
    assert result.variance[0, 0] == pytest.approx(6.2570, abs=5e-4)
    assert result.z() == pytest.approx(16.793**0.5, abs=1e-3)
    assert result.z(reference="placebo") == pytest.approx(-result.z())


@quick
@given(patients)
def test_law_permutation_scores_of_a_group_sum_to_observed_minus_expected(rows) -> None:
    time, event, group, site, _ = columns(rows)
    for weight in WEIGHTS[:8]:
        dealt = log_rank_permutation(time, event, group, weight=weight, strata=site)
        summed = weighted_log_rank(time, event, group, weight=weight, strata=site)
        np.testing.assert_allclose(dealt.score, summed.observed - summed.expected, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("ties", TIES)
def test_double_permutation_moments_equal_those_of_all_permutations(ties) -> None:
    time, event = np.array([1.0, 2, 2, 2, 3, 4]), np.array([1, 1, 1, 0, 0, 1])
    group = np.array(["a", "a", "b", "b", "b", "c"])
    result = log_rank_permutation(time, event, group, ties=ties, weight=weights.Prentice())
    scores = log_rank_scores(time, event == 1, weight=weights.Prentice(), ties=ties)
    sums = np.array([[scores[list(p)][group == label].sum() for label in "abc"] for p in permutations(range(6))])
    np.testing.assert_allclose(result.expectation, sums.mean(axis=0), **TIGHT)
    np.testing.assert_allclose(result.variance, np.cov(sums.T, ddof=0), **TIGHT)
    np.testing.assert_allclose(result.score, [scores[group == label].sum() for label in "abc"], **TIGHT)


def test_double_average_scores_are_the_mean_over_all_orders_of_the_tied_events() -> None:
    time, event = np.array([1.0, 2, 2, 2, 2, 3]), np.array([True, True, True, True, False, True])
    averaged = log_rank_scores(time, event, weight=weights.Constant(), ties="average_scores")
    found = []
    for order in permutations(range(3)):
        broken = time.copy()
        broken[[1, 2, 3]] += np.array(order) * 1e-3 - 0.1
        found.append(log_rank_scores(broken, event, weight=weights.Constant()))
    np.testing.assert_allclose(averaged, np.mean(found, axis=0), **TIGHT)


def test_double_hothorn_lausen_ties_count_only_those_who_follow() -> None:
    time, event = np.array([1.0, 2, 2, 3]), np.array([True, True, False, True])
    scores = log_rank_scores(time, event, weight=weights.Constant(), ties="hothorn_lausen")
    hazard = np.cumsum([1 / 4, 1 / 2, 1])
    np.testing.assert_allclose(scores, [1 - hazard[0], 1 - hazard[1], -hazard[1], 1 - hazard[2]], **TIGHT)


def test_fault_bad_groups_weights_starts_and_ties_are_refused() -> None:
    time, event, group = freireich()
    with pytest.raises(ValueError, match="two groups or more"):
        log_rank(time, event, np.repeat("a", 42))
    with pytest.raises(ValueError, match=r"start must lie before time: found start 6\.0 and time 6\.0 at position 0"):
        log_rank(time, event, group, start=np.full(42, 6.0) * (time > 5))
    with pytest.raises(ValueError, match="gamma finite and >= 0"):
        weights.FlemingHarrington(0, -1)
    with pytest.raises(ValueError, match="delay must be >= 0"):
        weights.MagirrBurman(-1)
    with pytest.raises(ValueError, match="until must be >= 0"):
        weights.EarlyZero(float("nan"))
    with pytest.raises(ValueError, match="ties must be one of mid_ranks"):
        log_rank_permutation(time, event, group, ties="random")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="reference must be one of the groups"):
        log_rank(time, event, group).z(reference="none")


def test_golden_results_print_their_name_weight_and_source() -> None:
    result = weighted_log_rank(*freireich(), weight=weights.FlemingHarrington(0, 1))
    assert "FlemingHarrington(rho=0, gamma=1)" in repr(result)
    assert "Biometrika 1982" in repr(result)
    assert result.to_frame().columns == ["group", "n", "events", "observed", "expected"]
    assert "ties mid_ranks" in repr(log_rank_permutation(*freireich()))
