"""`inferon models check`: what is run, what is printed, and the exit code that says whether anything failed."""

import json

import pytest
from typer.testing import CliRunner

from inferon.cli.models import app
from inferon.cli.models.check import EXPLANATION
from inferon.evidence import check as checks
from inferon.evidence.check import Check, near
from inferon.study import InputError

ALL = (
    Check(
        "A1", "interferon_pk", "a peak", lambda: [near("peak, ng/mL", 7.6, 7.5), near("trough [a], ng/mL", 2.0, 2.0)]
    ),
    Check("A2", "interferon_pk", "a trough", lambda: [near("trough, ng/mL", 1.0, 2.0, misfit="the assay differs")]),
    Check("C1", "marrow", "a count", lambda: [near("count, 1e9/L", float("nan"), 1.0)]),
    Check("C2", "marrow", "an accident", lambda: [near("nothing", 1 / 0, 1.0)]),
)


@pytest.fixture(autouse=True)
def four_checks(monkeypatch) -> None:
    """Four checks in place of the real ones: agreeing, misfit, not a number, broken."""
    monkeypatch.setattr(checks, "all_checks", lambda: ALL)
    monkeypatch.setenv("COLUMNS", "160")


def _said(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, ("check", *arguments), catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.stdout


@pytest.mark.parametrize(
    ("names", "ids"),
    [
        (("A1",), ["A1"]),
        (("a2", "A1", "A2"), ["A1", "A2"]),
        (("interferon_pk",), ["A1", "A2"]),
        (("A2", "interferon_pk"), ["A1", "A2"]),
    ],
)
def test_law_modules_and_ids_choose_checks_each_once_in_order(names: tuple[str, ...], ids: list[str]) -> None:
    assert [check["id"] for check in json.loads(_said(*names, "--json"))["checks"]] == ids


def test_law_a_misfit_is_counted_and_explained_and_is_no_failure() -> None:
    printed = _said("interferon_pk")
    for word in (
        "A1",
        "peak, ng/mL",
        "trough [a], ng/mL",
        "7.5 (7.125 to 7.875)",
        "7.6",
        "the assay differs",
        "misfit",
    ):
        assert word in printed
    assert "3 findings: 2 pass, 1 misfit, 0 fail." in printed
    assert EXPLANATION in printed


def test_law_notes_and_explanation_stand_only_where_there_is_a_misfit() -> None:
    printed = _said("A1")
    assert "note" not in printed
    assert EXPLANATION not in printed


def test_law_one_object_holds_every_finding_as_plain_values() -> None:
    told = json.loads(_said("--all", "--json", code=1))
    assert told["counts"] == {"pass": 2, "misfit": 1, "fail": 2}
    assert told["checks"][0] == {
        "id": "A1",
        "module": "interferon_pk",
        "title": "a peak",
        "findings": [
            {
                "quantity": "peak, ng/mL",
                "expected": "7.5",
                "lower": 7.125,
                "upper": 7.875,
                "obtained": 7.6,
                "verdict": "pass",
                "note": "",
            },
            {
                "quantity": "trough [a], ng/mL",
                "expected": "2",
                "lower": 1.9,
                "upper": 2.1,
                "obtained": 2.0,
                "verdict": "pass",
                "note": "",
            },
        ],
    }
    not_a_number, broken = (told["checks"][place]["findings"][0] for place in (2, 3))
    assert (not_a_number["obtained"], not_a_number["verdict"]) == ("nan", "fail")
    assert "ZeroDivisionError" in broken["obtained"] and broken["verdict"] == "fail"


@pytest.mark.parametrize("name", ["C1", "C2", "marrow"])
def test_fault_a_failing_finding_leaves_with_1(name: str) -> None:
    assert "fail" in _said(name, code=1)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("marow",), 'did you mean "marrow"'),
        (("A3",), "an id from A1 to C2"),
        (("A1", "C9"), 'found "C9"'),
        ((), 'found "nothing".*--all'),
        (("--all", "A1"), "--all A1"),
    ],
)
def test_fault_a_wrong_request_is_told(arguments: tuple[str, ...], words: str) -> None:
    with pytest.raises(InputError, match=words):
        CliRunner().invoke(app, ("check", *arguments), catch_exceptions=False)
