"""Choosing patients in a study file: ranges, a target mix in the file or in a table beside it, and every way it can be wrong."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from inferon.study import InputError, make_study, parse_study, plain, read_study, resolved_yaml, revise, study_schema
from inferon.study.document import parse_document

CHOSEN = """\
  size: 200
  plausible: {weight: [50, 120], T_d: [null, 60]}
  weights:
    source: A registry
    target:
      age: {"<40": 30 %, ">=40": 0.7}
      donor: {matched related: 1}
"""
TABLE = 'covariate,class,share\nage,<40,30 %\nage,>=40,0.7\n"donor","matched related",1\n'


@pytest.fixture
def chosen_study(good_study: str) -> str:
    """The good study with patients chosen by ranges and a target."""
    return good_study.replace("  size: 200\n", CHOSEN)


@pytest.fixture
def with_table(good_study: str, tmp_path: Path):
    """Writes a study and the table its target names, and gives the path of the study."""

    def write(table: str | bytes) -> Path:
        (tmp_path / "mix.csv").write_bytes(table if isinstance(table, bytes) else table.encode())
        text = good_study.replace("size: 200", "size: 200\n  weights: {target: mix.csv, source: A registry}")
        (tmp_path / "study.yaml").write_text(text, encoding="utf-8")
        return tmp_path / "study.yaml"

    return write


def test_law_ranges_and_shares_are_read_however_they_are_written(chosen_study: str) -> None:
    cohort = parse_study(chosen_study).cohort
    assert cohort.plausible == {"weight": (50.0, 120.0), "T_d": (None, 60.0)}
    assert cohort.weights.target == {"age": {"<40": 0.3, ">=40": 0.7}, "donor": {"matched related": 1.0}}
    assert cohort.weights.source == "A registry"


def test_law_a_study_that_chooses_nobody_is_written_as_before(good_study: str) -> None:
    study = parse_study(good_study)
    assert not {"plausible", "weights"} & plain(study)["cohort"].keys()
    empty = parse_study(good_study.replace("size: 200", "size: 200\n  plausible: {}\n  weights: null"))
    assert empty == study and resolved_yaml(empty) == resolved_yaml(study)


def test_law_the_table_beside_a_study_is_read_as_if_it_stood_in_it(chosen_study: str, with_table) -> None:
    path = with_table(TABLE)
    study = read_study(path)
    assert study.cohort.weights == parse_study(chosen_study).cohort.weights
    assert parse_study(resolved_yaml(study)) == study, "the resolved study needs no table"
    assert read_study(with_table(b"\xef\xbb\xbf" + TABLE.replace("\n", "\r\n").encode())) == study
    assert revise(study, {"seed": 8}).cohort == study.cohort


def test_law_the_schema_knows_ranges_shares_and_tables(chosen_study: str, with_table) -> None:
    validator = Draft202012Validator(study_schema())
    for text in (chosen_study, with_table(TABLE).read_text()):
        validator.validate(parse_document(text).data)
    validator.validate(plain(parse_study(chosen_study)))
    for old, new in (("[50, 120]", "[50]"), ("30 %", "30"), ("{matched related: 1}", "{}"), ("source: A", "sauce: A")):
        assert chosen_study.count(old) == 1
        assert not validator.is_valid(parse_document(chosen_study.replace(old, new)).data)


sides = st.floats(-1e6, 1e6)
ranges = st.tuples(sides, sides).map(sorted) | sides.map(lambda low: [low, None]) | sides.map(lambda high: [None, high])
shares = st.integers(1, 99).map(lambda percent: {"<40": f"{percent} %", ">=40": (100 - percent) / 100})


@settings(max_examples=40)
@given(st.dictionaries(st.sampled_from(["age", "T_d", "log10_L"]), ranges), st.none() | shares)
def test_property_a_study_that_chooses_reads_back_to_an_equal_one(plausible: dict, age: dict | None) -> None:
    cohort = {"plausible": plausible, "weights": None if age is None else {"target": {"age": age}}}
    data = {"inferon": 1, "title": "t", "question": "q", "arms": {"one": {}}, "seed": 0, "cohort": cohort}
    study = make_study(data)
    assert parse_study(resolved_yaml(study)) == study == make_study(plain(study))


# what is wrong -> (passage of the study, what stands there instead, line, field, found, allowed)
BROKEN = {
    "no range": ("[50, 120]", "50", 8, "cohort.plausible.weight", "found 50", "a least and a greatest value"),
    "open range": ("[50, 120]", "[null, null]", 8, "plausible.weight", "[null, null]", "a least and a greatest"),
    "three sides": ("[50, 120]", "[1, 2, 3]", 8, "plausible.weight", "[1, 2, 3]", "a least and a greatest value"),
    "words": ("[50, 120]", "[low, high]", 8, "plausible.weight", '["low", "high"]', "a least and a greatest value"),
    "infinite": ("[50, 120]", "[50, .inf]", 8, "plausible.weight", "[50, Infinity]", "null leaves a side open"),
    "empty range": ("[50, 120]", "[120, 50]", 8, "plausible.weight: the range is empty", "[120, 50]", "least"),
    "ranges as a list": ("{weight: [50, 120], T_d: [null, 60]}", "[weight]", 8, "plausible", '["weight"]', "named"),
    "unknown field": ("source: A", "sauce: A", 10, "weights.sauce", '"sauce"', 'did you mean "source"?'),
    "no target": ("    target:\n", "    targets:\n", 11, "weights.targets", '"targets"', 'did you mean "target"?'),
    "sum": ("0.7", "0.8", 12, "target.age: the shares do not sum to 1", "found 1.1", "whose sum is 1, or 100 %"),
    "share above 1": ("0.7", "70", 12, "weights.target.age.>=40", "found 70", "a share between 0 and 1"),
    "negative share": ("0.7", "-0.7", 12, "weights.target.age.>=40", "found -0.7", "a share between 0 and 1"),
    "percentage above 100": ("30 %", "130 %", 12, "weights.target.age.<40", '"130 %"', "between 0 % and 100 %"),
    "no classes": ("{matched related: 1}", "{}", 13, "weights.target.donor", "{}", "at least one entry"),
    "class twice": ('">=40": 0.7', '"<40": 0.7', 12, "target.age.<40", '"<40"', "each field once"),
    "number as a class": ("{matched related: 1}", "{1: 1}", 13, "target.donor", "found 1", "text as a name"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_fault_one_sentence_names_file_line_field_found_and_allowed(case: str, chosen_study: str) -> None:
    old, new, line, field, found, allowed = BROKEN[case]
    assert chosen_study.count(old) == 1
    with pytest.raises(InputError) as caught:
        parse_study(chosen_study.replace(old, new), file="study.yaml")
    told = str(caught.value)
    assert told.startswith(f"study.yaml, line {line}, ") and "\n" not in told
    for part in (field, found, allowed):
        assert part in told


@pytest.mark.parametrize(
    ("table", "line", "words"),
    [
        ("", 1, "found nothing; allowed: the header covariate,class,share"),
        ("covariate,share\n", 1, 'found "covariate,share"; allowed: the header'),
        (TABLE + "age,<40\n", 5, "3 values: covariate, class, share (in quotation marks where one holds a comma)"),
        (TABLE + "status,remission, MRD+,1\n", 5, "in quotation marks where one holds a comma"),
        (TABLE.replace("0.7", "seven"), 3, 'share: found "seven"; allowed: a share between 0 and 1'),
        (TABLE.replace("30 %", "300 %"), 2, 'share: found "300 %"; allowed: a percentage between 0 % and 100 %'),
        (TABLE.replace(">=40", "<40"), 3, 'age: given twice; found "<40"; allowed: each class once'),
        (TABLE + "x," + "y" * 200_000 + ",1\n", 5, "not readable as CSV"),
        (TABLE.encode() + b"\xff", 5, "text in UTF-8"),
    ],
)
def test_fault_a_table_that_cannot_be_read_is_named_with_its_line(with_table, table, line: int, words: str) -> None:
    with pytest.raises(InputError) as caught:
        read_study(with_table(table))
    told = str(caught.value)
    assert f"mix.csv, line {line}" in told and words in told and "\n" not in told


def test_fault_a_table_that_is_not_there_or_misses_a_share_is_told_at_the_study(with_table, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"study.yaml, line 8, cohort.weights.target.age: .*not sum to 1; found 1.1;"):
        read_study(with_table(TABLE.replace("0.7", "0.8")))
    path = with_table(TABLE)
    (tmp_path / "mix.csv").unlink()
    told = r"study.yaml, line 8, cohort.weights.target: there is no such file; found \"mix.csv\"; allowed: the path of"
    with pytest.raises(InputError, match=told):
        read_study(path)


@pytest.mark.parametrize("field", ["plausible: {age: [1, 2]}", "weights: {target: {age: {'<40': 1}}}"])
def test_fault_another_model_refuses_a_choice(field: str) -> None:
    text = f"inferon: 1\ntitle: t\nquestion: q\nmodel: cml\ncohort:\n  population: a\n  {field}\narms: {{one: {{}}}}\n"
    with pytest.raises(InputError, match=r"line 7, cohort\.(plausible|weights): this field belongs to .*transplant"):
        parse_study(text + "endpoints: [relapse]\nseed: 1\n", file="study.yaml")
