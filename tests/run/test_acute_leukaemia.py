"""What a study of acute leukaemia may give: whole courses, one after the other."""

import pytest

from inferon.run import check_study_names
from inferon.run.systems.acute_leukaemia import treatment
from inferon.study import InputError, parse_study

STUDY = """
inferon: 1
title: A small study
question: Does it refuse?
model: acute-leukaemia
cohort: {population: acute-leukaemia, size: 5, follow_up: 3 months}
arms:
  treated:
    regimen:
      - {drug: 7+3 induction, dose: 1 course, route: intravenous, start: day 0}
      - {drug: high-dose cytarabine, dose: 1 course, route: intravenous, start: day 7, every: 28 days, doses: 2}
endpoints: [complete_remission]
seed: 3
"""


def test_law_courses_may_follow_one_another_the_day_after() -> None:
    study = parse_study(STUDY)
    check_study_names(study)
    given = treatment(study.arms["treated"])
    assert given == ((0.0, "7+3 induction"), (7.0, "high-dose cytarabine"), (35.0, "high-dose cytarabine"))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("start: day 7", "start: day 6", "while 7+3 induction is still given"),
        ("every: 28 days", "every: 4 days", "while high-dose cytarabine is still given"),
        ("start: day 7", "start: day 0", "allowed: a day after day"),
        ("dose: 1 course", "dose: 2 courses", "a course is given whole"),
        ("drug: 7+3 induction", "drug: 7+3 inducton", 'did you mean "7+3 induction"?'),
    ],
)
def test_fault_courses_that_overlap_or_are_not_whole_are_refused(old: str, new: str, expected: str) -> None:
    assert old in STUDY
    with pytest.raises(InputError) as refused:
        check_study_names(parse_study(STUDY.replace(old, new), file="bad.yaml"))
    sentence = str(refused.value)
    assert "bad.yaml, line" in sentence
    assert expected in sentence
    assert "\n" not in sentence
