"""The sentence itself."""

import pickle

from inferon.study.errors import NOTHING, InputError, nearest


def test_golden_the_sentence_of_the_specification() -> None:
    error = InputError(
        "",
        file="study.yaml",
        line=14,
        field="arms.peginterferon.regimen[0].drug",
        found="peginterferon alfa-2c",
        allowed=["peginterferon alfa-2a", "interferon alfa-2b"],
    )
    assert str(error) == (
        'study.yaml, line 14, arms.peginterferon.regimen[0].drug: found "peginterferon alfa-2c"; '
        'allowed: peginterferon alfa-2a, interferon alfa-2b; did you mean "peginterferon alfa-2a"?'
    )


def test_law_parts_that_are_absent_leave_no_trace() -> None:
    assert str(InputError("there is no such file", file="a.yaml")) == "a.yaml: there is no such file."
    assert str(InputError("", field="age", found=NOTHING, allowed="a number")) == (
        "age: found nothing; allowed: a number."
    )
    assert str(InputError("time is negative.", line=3, found=-1.5)) == "line 3: time is negative; found -1.5."


def test_law_one_sentence_stays_on_one_line_and_short() -> None:
    told = str(InputError("two\nlines", found="x" * 1000 + "\n", allowed=[]))
    assert "\n" not in told and len(told) < 150 and "allowed: nothing" in told


def test_law_nearest_forgives_case_and_small_slips_only() -> None:
    assert nearest("RELAPSE", ["relapse", "mrd"]) == "relapse"
    assert nearest("relaps", ["relapse", "mrd"]) == "relapse"
    assert nearest("zebra", ["relapse", "mrd"]) is None


def test_law_an_error_crosses_a_process_boundary_whole() -> None:
    error = InputError("m", file="f", line=1, field="a", found=2, allowed=[1, 3])
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
