"""Kaplan–Meier, log-rank, Aalen–Johansen and Gray against R packages, case by case, to 1e-9 relative or tighter.

Every unweighted case without delayed entry is run. What is left for later (weights, delayed entry, infinitesimal
jackknife of the Kaplan–Meier, Nelson–Aalen survival, restricted means) is counted and printed, never passed silently.
"""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from .oracle_answers import ANSWERS, Question, in_reach
from .oracle_cases import Case, comparisons, disagreements, load_cases

RELATIVE = 1e-9
REQUIRED = {
    ("km", "kaplan_meier"): 17,
    ("logrank", "log_rank"): 21,
    ("cif", "aalen_johansen"): 29,
    ("gray", "gray"): 24,
}
"""How many cases must have been compared, so that a reader that finds nothing cannot pass."""


@pytest.mark.parametrize(("topic", "method"), REQUIRED)
def test_oracle_statistics_equal_the_r_packages(topic: str, method: str, shared: Path, capsys) -> None:
    cases = [case for case in load_cases(shared / "oracles", topic) if case.method == method and in_reach(case)]
    tally: Counter[str] = Counter()
    wrong = [sentence for case in cases for sentence in _check(case, shared / "data", tally)]
    with capsys.disabled():
        print(f"\noracles {topic}: {len(cases)} cases, {tally['compared']} arrays compared, {tally['later']} for later")
    assert not wrong, "\n".join(wrong)
    assert len(cases) >= REQUIRED[topic, method]


def _check(case: Case, data: Path, tally: Counter[str]) -> list[str]:
    question = Question(case, data)
    wrong = []
    for comparison in comparisons(case):
        answer = ANSWERS[case.method](question, comparison) if comparison.method == case.method else None
        tally["later" if answer is None else "compared"] += 1
        if answer is not None:
            strict = replace(comparison, relative=min(comparison.relative, RELATIVE))
            wrong += [f"{case.id}: {sentence}" for sentence in disagreements(strict, answer)]
    return wrong
