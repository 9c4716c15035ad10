"""Published results: what ships equals the evidence table, and intervals are exact."""

import csv

import pytest
from scipy.stats import binomtest

from inferon.evidence import beside, published_results


def test_oracle_evidence_table_rows_are_carried_unchanged(shared):
    with (shared / "evidence" / "outcomes.csv").open(encoding="utf-8", newline="") as lines:
        rows = {row["id"]: row for row in csv.DictReader(lines)}
    for id_, result in published_results().items():
        assert float(rows[id_]["value"]) == result.value
        assert rows[id_]["source_url"] == result.source_url
        assert rows[id_]["role"] == result.role


def test_oracle_exact_interval_of_39_percent_of_36():
    row = beside("peginterferon", "relapse", 182.625, 0.39, 36, "observed", "magenau2021-03")
    exact = binomtest(14, 36).proportion_ci(method="exact")
    assert row["events"] == 14
    assert (row["lower"], row["upper"]) == pytest.approx((exact.low, exact.high), rel=1e-12)


def test_law_an_expectation_without_patients_has_no_interval():
    row = beside("control", "relapse", 182.625, 0.60, None, "historical expectation", "magenau2021-news-01")
    assert row["lower"] is None
    assert row["events"] is None
