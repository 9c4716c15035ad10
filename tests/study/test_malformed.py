"""Every way a study can be wrong gives one sentence: file, line, field, what was found, what is allowed."""

from pathlib import Path

import pytest

from inferon.study import InputError, check_names, read_study

# what is wrong -> (passage of the good study, what stands there instead, line, field, found, allowed)
BROKEN = {
    "unknown field": ("follow_up:", "folow_up:", 8, "cohort.folow_up", '"folow_up"', 'did you mean "follow_up"?'),
    "unknown top field": ("seed: 7", "seed: 7\nseeds: 8", 29, "seeds", '"seeds"', 'did you mean "seed"?'),
    "missing field": ("seed: 7\n", "", 1, "seed", "found nothing", "this field is required"),
    "missing dose": (
        "        dose: 180 ug\n",
        "",
        13,
        "arms.peginterferon.regimen[0].dose",
        "found nothing",
        "required",
    ),
    "wrong version": ("inferon: 1", "inferon: 2", 1, "inferon", "found 2", "allowed: 1"),
    "version as text": ("inferon: 1", 'inferon: "1"', 1, "inferon", 'found "1"', "allowed: 1"),
    "duration without unit": ("14 days", "14", 17, "regimen[0].every", "found 14", "days, weeks, months, years"),
    "wrong duration unit": ("14 days", "14 dys", 17, "regimen[0].every", '"14 dys"', 'did you mean "14 days"?'),
    "dose in nanograms": ("180 ug", "180 ng", 14, "regimen[0].dose", '"180 ng"', "ug, ug/kg, mg, MIU"),
    "dose in units": ("180 ug", "180 IU", 14, "regimen[0].dose", '"180 IU"', "ug, ug/kg, mg, MIU"),
    "dose without unit": ("180 ug", "180", 14, "regimen[0].dose", "found 180", "ug, ug/kg, mg, MIU"),
    "negative dose": ("180 ug", "-180 ug", 14, "regimen[0].dose", '"-180 ug"', "a dose above zero"),
    "zero dose": ("180 ug", "0 ug", 14, "regimen[0].dose", '"0 ug"', "a dose above zero"),
    "infinite dose": ("180 ug", "inf ug", 14, "regimen[0].dose", '"inf ug"', "a dose with its unit"),
    "day without word": ("day -1", "-1", 16, "regimen[0].start", "found -1", 'as in "day -1"'),
    "start before the calendar": ("day -1", "day -7", 16, "regimen[0].start", '"day -7"', 'from "day -1" on'),
    "dose after follow-up": ("doses: 4", "doses: 40", 18, "regimen[0].doses", "found 40", "doses up to day 365.25"),
    "zero doses": ("doses: 4", "doses: 0", 18, "regimen[0].doses", "found 0", "1 or more"),
    "doses as text": ("doses: 4", "doses: four", 18, "regimen[0].doses", '"four"', "a whole number"),
    "doses without interval": ("        every: 14 days\n", "", 13, "regimen[0].every", "found nothing", "interval"),
    "unknown route": ("subcutaneous", "subcutaneus", 15, "regimen[0].route", '"subcutaneus"', "intravenous"),
    "zero cohort": ("size: 200", "size: 0", 7, "cohort.size", "found 0", "1 or more"),
    "fractional cohort": ("size: 200", "size: 2.5", 7, "cohort.size", "found 2.5", "a whole number"),
    "negative seed": ("seed: 7", "seed: -7", 28, "seed", "found -7", "0 or more"),
    "seed too large": ("seed: 7", f"seed: {2**63}", 28, "seed", str(2**63), "less than 9223372036854775808"),
    "seed true": ("seed: 7", "seed: true", 28, "seed", "found true", "a whole number"),
    "published arm unknown": (
        "arm: peginterferon,",
        "arm: peginterferone,",
        20,
        "published[0].arm",
        "erone",
        "control",
    ),
    "published too late": (
        "time: 6 months, estimate",
        "time: 2 years, estimate",
        20,
        ".time",
        "24 months",
        "12 months",
    ),
    "estimate above all": ("39 %", "390 %", 20, "published[0].estimate", '"390 %"', "between 0 % and 100 %"),
    "estimate as fraction": ("39 %", "0.39", 20, "published[0].estimate", "found 0.39", "between 0 % and 100 %"),
    "allocation to no arm": ("{control: 1,", "{placebo: 1,", 23, "allocation.placebo", '"placebo"', "control"),
    "allocation of nothing": ("{control: 1,", "{control: 0,", 23, "allocation.control", "found 0", "1 or more"),
    "rate without unit": ("4 per month", "4", 25, "trial.accrual", "found 4", "per day, week, month or year"),
    "rate of no time": ("4 per month", "4 per moon", 25, "trial.accrual", '"4 per moon"', "day, week, month, year"),
    "trial too large": ("[40, 80]", "[40, 101]", 26, "power.sizes[1]", "found 101", "up to 100 per arm"),
    "size twice": ("[40, 80]", "[40, 40]", 26, "power.sizes[1]", "found 40", "each entry once"),
    "power too late": ("time: 6 months, sizes", "time: 13 months, sizes", 26, ".time", "13 months", "12 months"),
    "power of no endpoint": ("{endpoint: relapse, time", "{endpoint: mrd, time", 26, "endpoint", '"mrd"', "relapse"),
    "report too late": ("6 months]", "400 days]", 27, "report_times[1]", '"400 days"', "12 months"),
    "report out of order": ("6 months]", "2 months]", 27, "report_times[1]", '"2 months"', "after 3 months"),
    "endpoint twice": ("[relapse, overall_survival]", "[relapse, relapse]", 21, "endpoints[1]", "relapse", "once"),
    "list for a name": ("title: A small study", "title: [a]", 2, "title", '["a"]', "text"),
    "text for a list": ("[relapse, overall_survival]", "relapse", 21, "endpoints", '"relapse"', "a list"),
    "text for a record": (
        "control: {}",
        "control: none",
        10,
        "arms.control",
        '"none"',
        "regimen, settings, parameters",
    ),
    "arm name with a slash": ("control: {}", "a/b: {}", 10, "arms.a/b", '"a/b"', "letters, digits"),
    "empty title": ("title: A small study", 'title: ""', 2, "title", '""', "some text"),
    "block does not fit": ("stratify:", "block_size: 3\n  stratify:", 24, "block_size", "found 3", "a multiple of 2"),
    "compared with itself": (
        "size: 200",
        "size: 200\n  comparison_population: transplant-reference",
        8,
        "cohort.comparison_population",
        '"transplant-reference"',
        "another population",
    ),
    "override not a number": ("control: {}", "control: {parameters: {k_L: high}}", 10, "k_L", '"high"', "a number"),
    "override not finite": ("control: {}", "control: {parameters: {k_L: .nan}}", 10, "k_L", "NaN", "a finite number"),
    "field twice": ("seed: 7", "seed: 7\nseed: 8", 29, "seed", '"seed"', "each field once"),
    "tab": ("  size: 200", "\tsize: 200", 7, "size", "size: 200", "indented by spaces"),
    "not YAML": ("[relapse, overall_survival]", "[relapse, overall", 22, "trial", '"trial:"', "YAML"),
    "tag": ("title: A small study", "title: !!python/object:os.system x", 2, "title", "python", "plain text"),
    "number as a name": ("control: {}", "1: {}", 10, "arms", "found 1", "text as a name"),
}


@pytest.fixture
def sentence(tmp_path: Path):
    """Writes a text to study.yaml, reads it, and gives back the one sentence it must fail with."""

    def fail(text: str) -> str:
        (tmp_path / "study.yaml").write_text(text, encoding="utf-8")
        with pytest.raises(InputError) as caught:
            read_study(tmp_path / "study.yaml")
        told = str(caught.value)
        assert told.startswith(str(tmp_path / "study.yaml"))
        assert "\n" not in told and told.endswith((".", "?"))
        return told

    return fail


def test_law_the_unbroken_study_reads(tmp_path: Path, good_study: str, catalogues: dict[str, list[str]]) -> None:
    (tmp_path / "study.yaml").write_text(good_study)
    check_names(read_study(tmp_path / "study.yaml"), **catalogues)


@pytest.mark.parametrize("case", BROKEN)
def test_fault_one_sentence_names_file_line_field_found_and_allowed(case: str, sentence, good_study: str) -> None:
    old, new, line, field, found, allowed = BROKEN[case]
    assert good_study.count(old) == 1
    told = sentence(good_study.replace(old, new))
    assert f", line {line}, " in told
    for part in (field, found, allowed):
        assert part in told.split("study.yaml", 1)[1]


@pytest.mark.parametrize(
    ("text", "line", "found"),
    [
        ("", 1, "an empty file"),
        ("# only a comment\n", 1, "an empty file"),
        ("- a\n- b\n", 1, '["a", "b"]'),
        ("inferon", 1, '"inferon"'),
    ],
)
def test_fault_a_file_that_is_no_mapping_is_told_how_to_begin(text: str, line: int, found: str, sentence) -> None:
    told = sentence(text)
    assert f", line {line}, inferon: found {found}; allowed: a mapping of fields that begins with `inferon: 1`" in told


@pytest.mark.parametrize(
    "text",
    [
        "[" * 5000,
        "a: &a [1,1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
        "d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\n",
        "a: &a [*a]",
        "a: \x00",
        "seed: " + "9" * 10_000,
        "a: [1, 2}",
        "? [1]\n: 2",
        "a: 1\n---\nb: 2",
    ],
    ids=["deep", "aliases", "loop", "nul", "digits", "bracket", "list as a name", "two documents"],
)
def test_fault_hostile_files_end_in_one_sentence(text: str, sentence) -> None:
    assert len(sentence(text)) < 600


def test_fault_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    latin = tmp_path / "latin.yaml"
    latin.write_bytes(b"inferon: 1\ntitle: M\xfcnchen\n")
    for path, told in {tmp_path / "none.yaml": "no such file", tmp_path: "cannot be read", latin: "UTF-8"}.items():
        with pytest.raises(InputError, match=told) as caught:
            read_study(path)
        assert str(path) in str(caught.value)
    assert caught.value.line == 2


@pytest.mark.parametrize(
    ("old", "new", "line", "field", "meant"),
    [
        ("alfa-2a", "alfa-2c", 13, "arms.peginterferon.regimen[0].drug", "peginterferon alfa-2a"),
        ("[disease_status]", "[disease_state]", 24, "trial.stratify[0]", "disease_status"),
        ("[reference, low_burden]", "[reference, low_burdn]", 4, "families[1]", "low_burden"),
        ("population: transplant-reference", "population: reference-transplant", 6, "cohort.population", None),
        ("[relapse, overall_survival]", "[relapse, survival]", 21, "endpoints[1]", "overall_survival"),
        ("magenau2021-03", "magenau2021-33", 20, "published[0].source", "magenau2021-03"),
    ],
)
def test_fault_names_missing_from_the_catalogues_are_named_with_their_line(
    tmp_path: Path, good_study: str, catalogues: dict[str, list[str]], old: str, new: str, line: int, field: str, meant
) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(good_study.replace(old, new))
    with pytest.raises(InputError) as caught:
        check_names(read_study(path), **catalogues)
    told = str(caught.value)
    assert told.startswith(f"{path}, line {line}, {field}: found ") and "allowed: " in told
    assert meant is None or f'did you mean "{meant}"?' in told


def test_fault_models_parameter_sets_and_symbols_are_checked_when_given(
    tmp_path: Path, good_study: str, catalogues: dict[str, list[str]]
) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(good_study.replace("control: {}", "control: {parameters: {k_Q: 2}}"))
    study = read_study(path)
    check_names(study, **catalogues, models=["transplant"], parameter_sets=["reference"], symbols=["k_Q"])
    for field, unknown in {"model": "models", "parameters": "parameter_sets", "k_Q": "symbols"}.items():
        with pytest.raises(InputError, match=field):
            check_names(study, **catalogues, **{unknown: ["k_L"]})
