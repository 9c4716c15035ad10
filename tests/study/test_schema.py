"""The JSON Schema agrees with the reader on what is a study."""

import pytest
from jsonschema import Draft202012Validator

from inferon.study import InputError, make_study, parse_study, plain, read_study, ready_studies, study_schema
from inferon.study.document import parse_document, read_document


@pytest.fixture
def validator() -> Draft202012Validator:
    Draft202012Validator.check_schema(study_schema())
    return Draft202012Validator(study_schema())


def test_law_the_schema_accepts_every_ready_study_and_its_resolved_copy(validator: Draft202012Validator) -> None:
    assert "peri-transplant-peginterferon" in ready_studies()
    for path in ready_studies().values():
        validator.validate(read_document(path).data)
        validator.validate(plain(read_study(path)))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("seed: 7", "seed: 7\ncolour: red"),
        ("  follow_up: 12 months", "  follow_up: 12 months\n  colour: red"),
        ("180 ug", "180 ng"),
        ("14 days", "14"),
        ("39 %", "0.39"),
        ("day -1", "-1"),
        ("seed: 7", "seed: -7"),
        ("subcutaneous", "rectal"),
        ("inferon: 1", "inferon: 2"),
        ("seed: 7\n", ""),
    ],
)
def test_fault_the_schema_rejects_what_the_reader_rejects(
    validator: Draft202012Validator, good_study: str, old: str, new: str
) -> None:
    assert validator.is_valid(parse_document(good_study).data)
    broken = good_study.replace(old, new)
    assert not validator.is_valid(parse_document(broken).data)
    with pytest.raises(InputError):
        parse_study(broken)


def test_law_a_study_made_from_plain_values_is_the_one_read_from_the_file(good_study: str) -> None:
    assert make_study(parse_document(good_study).data) == parse_study(good_study)
