"""Tables and declarations broken on purpose: one sentence with the place, exit code 2, nothing written."""

import pytest

from .conftest import PATIENTS

BY_COLUMN = ("--time", "months", "--cause", "relapse=relapsed:1", "--cause", "death=died:1")
BY_CODE = ("--time", "months", "--event", "status", "--code", "relapse=relapse", "--code", "death=death")
CODED = (*BY_CODE, "--censor", "none")


def edited(old: str, new: str) -> str:
    assert PATIENTS.count(old) == 1, old
    return PATIENTS.replace(old, new)


HEADER = PATIENTS.splitlines()[0]
BROKEN_TABLES = {
    "an empty file": ("", CODED, "p.csv: the file is empty; allowed: a header and rows"),
    "a header only": (HEADER + "\n", CODED, "p.csv, line 1: there is a header but no patient below it"),
    "not a CSV": (b"\x89PNG\r\n\xff\xfe\x00", CODED, "p.csv, line 1: the file is not readable as text"),
    "NUL bytes": (b"id,months\n1,\x002\n", CODED, "p.csv, line 2: the file is not readable as text"),
    "semicolons": (PATIENTS.replace(",", ";"), CODED, 'line 1: the values are not separated by commas; found ";"'),
    "a broken quote": (edited("3,4,none", '3,4,"no"ne'), CODED, "p.csv, line 4: not readable as CSV"),
    "a short row": (
        edited("5,12,none,0,0,A", "5,12,none"),
        CODED,
        "p.csv, line 6: the row has the wrong length; found 3",
    ),
    "a blank line inside": (
        edited("\n5,12", "\n\n5,12"),
        CODED,
        "p.csv, line 6: the row has the wrong length; found 0",
    ),
    "a column named twice": (PATIENTS.replace("id,", "months,", 1), CODED, 'names a column twice; found "months"'),
    "a negative time": (edited("3,4,none", "3,-4,none"), CODED, 'p.csv, line 4, months: found "-4"; allowed: a finite'),
    "a missing time": (
        edited("3,4,none", "3,,none"),
        CODED,
        'p.csv, line 4, months: the follow-up is missing; found ""',
    ),
    "a NaN time": (edited("3,4,none", "3,NaN,none"), CODED, 'line 4, months: the follow-up is missing; found "NaN"'),
    "an infinite time": (edited("3,4,none", "3,inf,none"), CODED, 'line 4, months: found "inf"; allowed: a finite'),
    "a time in words": (
        edited("3,4,none", "3,four,none"),
        CODED,
        'line 4, months: found "four"; allowed: a number >= 0',
    ),
    "a decimal comma": (
        edited("1,2.5,relapse", '1,"2,5",relapse'),
        CODED,
        'line 2, months: found "2,5"; allowed: a number',
    ),
    "an undeclared code": (
        edited("3,4,none", "3,4,lost"),
        CODED,
        'p.csv, line 4, status: the code is not declared; found "lost"; '
        "allowed: relapse (relapse), death (death), none (censored)",
    ),
    "a missing event": (edited("3,4,none", "3,4,NA"), CODED, 'line 4, status: the event is missing; found "NA"'),
    "a missing condition": (
        edited("4,9,relapse,1,0,A", "4,9,relapse,1,,A"),
        BY_COLUMN,
        "p.csv, line 5, died: the value is missing, and a missing value is not declared to mean anything",
    ),
    "a missing group": (
        edited("8,6,none,0,0,B", "8,6,none,0,0,"),
        (*CODED, "--group", "arm"),
        "p.csv, line 9, arm: the group is missing",
    ),
    "a duplicate patient": (
        edited("\n9,8,", "\n4,8,"),
        (*CODED, "--id", "id"),
        'p.csv, line 10, id: the patient already stands in line 5; found "4"; allowed: one row a patient',
    ),
    "several negative times": (
        edited("3,4,none", "3,-4,none").replace("8,6,none", "8,-6,none"),
        CODED,
        'p.csv, line 4, months: 2 rows are so (lines 4 and 9); found "-4"',
    ),
    "an entry after the end": (
        edited("3,4,none,0", "3,4,none,7"),
        (*CODED, "--start", "relapsed"),
        'p.csv, line 4, relapsed: the entry is not before the end of follow-up; found "7"; '
        "allowed: a number before the end of follow-up, here 4",
    ),
    "a weight of 0": (
        PATIENTS,
        (*CODED, "--weights", "died"),
        'p.csv, line 4, died: 5 rows are so (lines 4, 5, 6, 9 and 11); found "0"; allowed: a number > 0',
    ),
    "a missing weight": (
        edited("3,4,none,0,0,A", "3,4,none,0,,A"),
        (*CODED, "--weights", "died"),
        "p.csv, line 4, died: the weight is missing",
    ),
    "a missing stratum": (
        edited("8,6,none,0,0,B", "8,6,none,0,0,"),
        (*CODED, "--strata", "arm"),
        "p.csv, line 9, arm: the stratum is missing",
    ),
    "an event after the end of follow-up": (
        edited("4,9,relapse", "10,9,relapse").replace("10,12,none", "4,12,none"),
        ("--time", "months", "--cause", "relapse=relapsed:1@id", "--cause", "death=died:1"),
        'relapse happens after the end of follow-up; 2 rows are so (lines 5 and 8); found "10"',
    ),
    "an event without a time": (
        PATIENTS,
        ("--time", "months", "--cause", "relapse=relapsed:1@status", "--cause", "death=died:1"),
        'p.csv, line 2, status: relapse happened, but not at a time; 3 rows are so (lines 2, 5 and 8); found "relapse"',
    ),
    "numbers and text in a covariate": (
        edited("3,4,none,0,0,A", "3,4,none,O,0,A"),
        (*CODED, "--covariate", "relapsed"),
        'line 4, relapsed: the covariate holds numbers and text; found "O"; allowed: a number in every row, or',
    ),
    "a covariate without values": (
        PATIENTS.replace(",A\n", ",\n").replace(",B\n", ",\n"),
        (*CODED, "--covariate", "arm"),
        "p.csv, arm: the covariate is missing everywhere",
    ),
    "an unknown reference category": (
        PATIENTS,
        (*CODED, "--covariate", "arm:C"),
        'p.csv, arm: no row has the reference category; found "C"; allowed: A, B',
    ),
    "an unknown reference group": (
        PATIENTS,
        (*CODED, "--group", "arm", "--reference", "placebo"),
        'p.csv, arm: no patient is in the reference group; found "placebo"; allowed: A, B',
    ),
    "a name for a group nobody is in": (
        PATIENTS,
        (*CODED, "--group", "arm", "--label", "C=control"),
        'no patient is in the group that is called control; found "C"',
    ),
    "a misspelt covariate": (
        PATIENTS,
        (*CODED, "--covariate", "staus:none"),
        'there is no such column; found "staus"; allowed: id, months, status, relapsed, died, arm; '
        'did you mean "status"?',
    ),
    "a landmark after everybody": (
        PATIENTS,
        (*CODED, "--landmark", "12"),
        "landmark: nobody is followed beyond it; found 12.0; allowed: a time before the longest follow-up, 12",
    ),
    "a horizon beyond the follow-up": (
        PATIENTS,
        (*CODED, "--tau", "13"),
        "tau: a curve is not known so far; found 13.0; allowed: a number up to the shortest follow-up of a group, 12",
    ),
    "a selection of nobody": (PATIENTS, (*CODED, "--only", "arm:C"), 'p.csv, arm: no row is left; found "C"'),
    "a missing column": (PATIENTS, ("--time", "month", *CODED[2:]), 'found "month"; allowed: id, months, status'),
}
WRONG_DECLARATIONS = {
    "no follow-up": (CODED[2:], "--time: the column of follow-up is not named"),
    "no events": (("--time", "months"), "--cause: what counts as an event is not declared"),
    "no censoring code": (BY_CODE, "--censor: the code of censoring is not declared"),
    "no codes": (
        ("--time", "months", "--event", "status", "--censor", "none"),
        "--code: the codes of the event column",
    ),
    "two ways": ((*BY_COLUMN, "--event", "status"), "--cause: events are declared in two ways"),
    "a rule in another form": (
        ("--time", "months", "--cause", "relapse"),
        '--cause: found "relapse"; allowed: NAME=COLUMN',
    ),
    "a code in another form": ((*CODED, "--code", "7"), '--code: found "7"; allowed: CODE=NAME'),
    "a code with two meanings": ((*CODED, "--censor", "death"), '--code: a code has two meanings; found "death"'),
    "report times in words": ((*CODED, "--at", "6,year"), '--at: found "year"; allowed: numbers >= 0'),
    "an unknown variance": ((*CODED, "--variance", "greenwod_type"), 'did you mean "greenwood_type"?'),
    "an unknown scale": ((*CODED, "--conf-type", "loglog"), 'did you mean "log-log"?'),
    "an unknown clock": ((*CODED, "--landmark", "3", "--clock", "restarts"), 'did you mean "restart"?'),
    "a clock without a landmark": ((*CODED, "--clock", "origin"), "--landmark: a clock needs a landmark"),
    "a report time before the landmark": (
        (*CODED, "--landmark", "3", "--clock", "origin", "--at", "2,6"),
        "--at: a report time lies before the landmark; allowed: numbers from the landmark on, 3",
    ),
    "a state without its time": (
        (*CODED, "--landmark", "3", "--reached", "relapse=relapsed:1"),
        "--reached: the time it was reached is missing",
    ),
    "two kinds of groups": (
        (*CODED, "--landmark", "3", "--reached", "relapse=relapsed:1@months", "--group", "arm"),
        "--reached: the groups are declared in two ways",
    ),
    "an unknown weight of the log-rank test": (
        (*CODED, "--weighting", "gehen"),
        '--weighting: found "gehen"; allowed: fleming_harrington, gehan',
    ),
    "numbers that do not fit the weight": (
        (*CODED, "--weighting", "gehan:1"),
        '--weighting: the numbers of the weight do not fit; found "gehan:1"; allowed: gehan',
    ),
    "a covariate named twice": (
        (*CODED, "--covariate", "id", "--covariate", "id:1"),
        '--covariate: a covariate is named twice; found "id"',
    ),
    "a horizon of 0": ((*CODED, "--tau", "0"), '--tau: found "0"; allowed: a number > 0'),
    "an unknown reason": ((*CODED, "--leave-out", "missin"), 'did you mean "missing"?'),
    "a label in another form": ((*CODED, "--group", "arm", "--label", "A"), '--label: found "A"; allowed: VALUE=NAME'),
    "an impossible level": (
        (*CODED, "--conf-level", "95"),
        "--conf-level: found 95.0; allowed: a number between 0 and 1",
    ),
}
SPECIFICATION = """data: p.csv
time: months
event: status
codes: {relapse: relapse, death: death}
censor: none
"""
WRONG_SPECIFICATIONS = {
    "an unknown field": (SPECIFICATION + "grup: arm\n", 's.yaml, line 6, grup: there is no such field; found "grup"'),
    "an empty file": ("", "s.yaml, line 1: found an empty file; allowed: fields such as data, time and causes"),
    "a bad time": (SPECIFICATION + "times: [6, -1]\n", "s.yaml, line 6, times: found -1; allowed: numbers >= 0"),
    "codes that are no mapping": (
        SPECIFICATION.replace("{relapse: relapse, death: death}", "1"),
        "line 4, codes: found 1",
    ),
    "no data": (SPECIFICATION.replace("data: p.csv\n", ""), "data: no data are named"),
    "not YAML": ("time: [1\n", "s.yaml"),
}


def refused(outcome, sentence: str) -> None:
    assert outcome.code == 2, outcome.err or outcome.out
    assert sentence in outcome.err
    assert outcome.err.count("\n") == 1
    assert outcome.out == ""
    assert outcome.new_files == []


@pytest.mark.parametrize("name", BROKEN_TABLES)
def test_fault_a_broken_table_gives_its_sentence_and_writes_nothing(name: str, inferon) -> None:
    content, options, sentence = BROKEN_TABLES[name]
    refused(inferon("analyse", "p.csv", *options, "--out", "out", files={"p.csv": content}), sentence)


@pytest.mark.parametrize("name", WRONG_DECLARATIONS)
def test_fault_a_wrong_declaration_gives_its_sentence_and_writes_nothing(name: str, inferon) -> None:
    options, sentence = WRONG_DECLARATIONS[name]
    refused(inferon("analyse", "p.csv", *options, "--out", "out", files={"p.csv": PATIENTS}), sentence)


@pytest.mark.parametrize("name", WRONG_SPECIFICATIONS)
def test_fault_a_wrong_specification_names_its_line_and_writes_nothing(name: str, inferon) -> None:
    content, sentence = WRONG_SPECIFICATIONS[name]
    refused(
        inferon("analyse", "--spec", "s.yaml", "--out", "out", files={"s.yaml": content, "p.csv": PATIENTS}), sentence
    )


def test_fault_the_nearest_column_and_file_are_proposed(inferon) -> None:
    files = {"patients.csv": PATIENTS}
    column = inferon("analyse", "patients.csv", "--time", "month", *CODED[2:], files=files)
    refused(column, 'did you mean "months"?')
    refused(
        inferon("analyse", "patient.csv", *CODED), 'patient.csv: there is no such file; did you mean "patients.csv"?'
    )


def test_fault_a_file_where_the_folder_should_be_is_refused(inferon) -> None:
    outcome = inferon("analyse", "p.csv", *CODED, "--out", "taken", files={"p.csv": PATIENTS, "taken": "x"})
    refused(outcome, "--out: the folder cannot be made")


ADTTE = """USUBJID,PARAMCD,AVAL,CNSR,EVNTDESC,CNSDTDSC,TRTP
1,OS,10,0,DEATH,,A
2,OS,12,1,,ALIVE,B
1,EFS,4,0,RELAPSE,,A
2,EFS,7,0,DEATH,,B
3,EFS,9,1,LAST VISIT,ALIVE,A
"""
BROKEN_ADTTE = {
    "a parameter that is not there": ("", "", ("--adtte", "PFS"), 'PARAMCD: no row has this parameter; found "PFS"'),
    "an undeclared event": (
        "",
        "",
        ("--adtte", "EFS", "--code", "RELAPSE=relapse"),
        "t.csv, line 5, EVNTDESC: the event",
    ),
    "a flag that is none": ("9,1,LAST", "9,Y,LAST", ("--adtte", "EFS"), 't.csv, line 6, CNSR: found "Y"; allowed: 0'),
    "a censored relapse": (
        "9,1,LAST VISIT",
        "9,1,RELAPSE",
        ("--adtte", "EFS", "--code", "RELAPSE=relapse", "--code", "DEATH=death"),
        't.csv, line 6, EVNTDESC: a censored row (CNSR above 0) describes an event; found "RELAPSE"',
    ),
    "a subject with two rows": (
        "3,EFS",
        "1,EFS",
        ("--adtte", "EFS"),
        "t.csv, line 6, USUBJID: the patient already stands in line 4 with the same parameter",
    ),
    "a code of censoring": (
        "",
        "",
        ("--adtte", "EFS", "--censor", "1"),
        "--censor: ADTTE says by CNSR what is censored",
    ),
}


@pytest.mark.parametrize("name", BROKEN_ADTTE)
def test_fault_broken_adam_data_give_their_sentence_and_write_nothing(name: str, inferon) -> None:
    old, new, options, sentence = BROKEN_ADTTE[name]
    content = ADTTE.replace(old, new) if old else ADTTE
    assert (content == ADTTE) is (old == "")
    refused(inferon("analyse", "t.csv", *options, "--out", "out", files={"t.csv": content}), sentence)


def test_fault_a_parquet_that_is_none_is_refused(inferon) -> None:
    refused(inferon("analyse", "p.parquet", *CODED, files={"p.parquet": PATIENTS}), "the file is not a Parquet table")
