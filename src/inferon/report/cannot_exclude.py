"""What a small published cohort cannot exclude: which true proportions could have given its result."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from scipy.stats import binom

from inferon.report.inputs import endpoint_rows, nearest_row
from inferon.report.published import TAIL, events_of, is_expectation
from inferon.statistics import clopper_pearson

RANGE = (0.05, 0.95)
ASSUMED = tuple(percent / 100 for percent in range(10, 85, 5))


def cannot_exclude(published: Sequence[Mapping[str, Any]], estimates: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Which true proportions would a published result of this size not contradict?

    published   rows as in `estimates["published"]`; those with a number of patients are examined (`events`, or the
                nearest whole number to `estimate * n`), those without serve as a proportion to examine
    estimates   the run's estimates: every arm and family with the same endpoint and time is examined as well

    Each row of the result assumes one true proportion and treats the published cohort as a binomial sample of `n`:
    basis ("assumed", "published expectation", "virtual arm"), published_arm, endpoint, time_days, arm and family (None
    unless virtual), assumed_relapse, n, events, observed, expected_low and expected_high (5th and 95th percentile of
    the observed proportion), probability_of_result_as_low_or_lower, probability_of_result_as_high_or_higher,
    compatible (both tails above 2.5%), exact_lower and exact_upper (Clopper–Pearson 95%). All are fractions of 1.
    Clopper and Pearson, Biometrika 1934;26:404.
    """
    rows: list[dict[str, Any]] = []
    for observed in published:
        if is_expectation(observed) or observed.get("time_days") is None:
            continue
        for basis, arm, family, rate in _rates(observed, published, estimates):
            rows.append(
                {
                    "basis": basis,
                    **_place(observed, arm, family),
                    **_tails(rate, events_of(observed), int(observed["n"])),
                }
            )
    return rows


def _rates(
    observed: Mapping[str, Any], published: Sequence[Mapping[str, Any]], estimates: Mapping[str, Any]
) -> Iterable[tuple[str, str | None, str | None, float]]:
    endpoint, days = observed["endpoint"], observed["time_days"]
    for rate in ASSUMED:
        yield "assumed", None, None, rate
    for other in published:
        if is_expectation(other) and other["endpoint"] == endpoint and nearest_row([other], days) is not None:
            yield "published expectation", other.get("arm"), None, other["estimate"]
    for arm, block in estimates.get("arms", {}).items():
        for family in block["families"]:
            row = nearest_row(endpoint_rows(estimates["arms"], arm, family, endpoint), days)
            if row is not None:
                yield "virtual arm", arm, family, row["estimate"]


def _place(observed: Mapping[str, Any], arm: str | None, family: str | None) -> dict[str, Any]:
    return {
        "published_arm": observed.get("arm"),
        "endpoint": observed["endpoint"],
        "time_days": observed["time_days"],
        "arm": arm,
        "family": family,
    }


def _tails(rate: float, events: int, n: int) -> dict[str, Any]:
    low, high = float(binom.cdf(events, n, rate)), float(binom.sf(events - 1, n, rate))
    exact = clopper_pearson(events, n)
    return {
        "assumed_relapse": rate,
        "n": n,
        "events": events,
        "observed": events / n,
        "expected_low": float(binom.ppf(RANGE[0], n, rate)) / n,
        "expected_high": float(binom.ppf(RANGE[1], n, rate)) / n,
        "probability_of_result_as_low_or_lower": low,
        "probability_of_result_as_high_or_higher": high,
        "compatible": low > TAIL and high > TAIL,
        "exact_lower": exact.lower,
        "exact_upper": exact.upper,
    }
