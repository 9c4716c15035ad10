"""Every system keeps its promises: names that lead somewhere, studies that are sound, tables that repeat to the byte."""

import json
from pathlib import Path

import pytest

from inferon.evidence import published_results
from inferon.evidence.check import all_checks
from inferon.run import check_study_names, run_study, system_run
from inferon.run.cards import notes
from inferon.run.catalogues import settled
from inferon.run.systems import FILES, TRANSPLANT, system
from inferon.store import Checkpoints
from inferon.study import InputError, parse_study, read_study, ready_studies, revise

SMALL = {
    "cml-first-line": {"cohort.size": 10},
    "mpn-ropeginterferon": {"cohort.size": 10},
    "hepatitis-c-dose-ranging": {"cohort.size": 10},
    "hairy-cell": {"cohort.size": 10},
    "side-effects-by-dose": {"cohort.size": 10},
    "leukaemia-onset-by-exposure": {"cohort.size": 300},
    "aml-untreated": {"cohort.size": 10},
    "pre-emptive-interferon-mrd": {"cohort.size": 30},
    "transplant-conditioning-and-mrd": {"cohort.size": 10},
}
"""One study a system, small enough for seconds."""

CML = """
inferon: 1
title: A small study
question: Does it refuse?
model: cml
cohort: {population: cml-first-line, size: 5, follow_up: 6 months}
arms:
  imatinib:
    settings: {resistance: false}
    parameters: {e_tki: 1.0}
    regimen: [{drug: imatinib, dose: 400 mg, route: oral, start: day 0, every: 1 day, doses: 180}]
published:
  - {arm: imatinib, endpoint: major_molecular_response, time: 6 months, estimate: 20 %, kind: specification check, source: D6}
endpoints: [major_molecular_response, bcr_abl]
seed: 3
"""


@pytest.mark.parametrize("name", FILES)
def test_law_a_system_leads_somewhere(name: str) -> None:
    one = system(name)
    assert one.name == name
    assert one.populations
    assert one.endpoints
    assert set(one.checks) <= {check.id for check in all_checks()}
    assert notes(one.modules)
    reported = {row.endpoint for row in published_results().values()}
    for endpoint in one.endpoints.values():
        assert endpoint.definition
        assert endpoint.events or endpoint.holds is not None or endpoint.number is not None
        assert all(isinstance(words, str) for words in endpoint.evidence)
    quoted = {words for endpoint in one.endpoints.values() for words in endpoint.evidence}
    assert not quoted or quoted & reported


def test_law_every_system_has_a_ready_study_and_every_ready_study_is_sound() -> None:
    models = set()
    for path in ready_studies().values():
        study = read_study(path)
        check_study_names(study)
        models.add(study.model)
    assert models == {TRANSPLANT, *FILES}


def _tables(folder: Path) -> dict[str, bytes]:
    kept = [p for p in folder.rglob("*") if p.is_file() and p.name != "provenance.json"]
    return {str(p.relative_to(folder)): p.read_bytes() for p in kept}


@pytest.mark.parametrize("name", SMALL)
def test_law_a_study_of_every_system_gives_the_same_tables_whatever_the_chunks(name: str, tmp_path: Path) -> None:
    study = settled(revise(read_study(ready_studies()[name]), SMALL[name]))
    assert system_run.work(study, 7) == study.cohort.size * len(study.arms)
    found = []
    for chunk, threads in ((1000, 2), (7, 1)):
        kept = Checkpoints(tmp_path / str(chunk), "key")
        tables = system_run.simulate(study, kept, threads=threads, chunk=chunk, progress=lambda _: None)
        found.append((tables, *system_run.summarise(study, tables, lambda _name, _total: lambda _: None)))
    (whole, estimates, tables), (cut, again, others) = found
    assert whole.patients.equals(cut.patients)
    assert whole.visits.equals(cut.visits)
    assert estimates == again
    assert all(tables[name].equals(others[name]) for name in tables)
    assert set(whole.patients["status"]) <= {"ok"}
    assert any(
        rows for arm in estimates["arms"].values() for rows in arm["families"]["reference"]["endpoints"].values()
    )


def test_law_a_whole_run_repeats_to_the_byte_and_its_page_names_every_arm(tmp_path: Path) -> None:
    study = parse_study(CML)
    whole = run_study(study, tmp_path / "whole", threads=2)
    run_study(study, tmp_path / "cut", chunk=2)
    assert _tables(tmp_path / "whole") == _tables(tmp_path / "cut")
    page = whole.report.read_text(encoding="utf-8")
    assert "Research use only" in page
    assert "imatinib" in page


def test_law_defaults_of_settings_are_written_out_and_read_back() -> None:
    study = settled(parse_study(CML))
    assert dict(study.arms["imatinib"].settings) == {"resistance": False, "stops": False}
    assert settled(study) == study


def test_law_the_page_shows_what_differs_from_the_table_and_what_is_published(tmp_path: Path) -> None:
    result = run_study(parse_study(CML), tmp_path / "run")
    page = result.report.read_text(encoding="utf-8")
    assert "e_tki" in page
    assert "specification check" in page
    told = json.loads((tmp_path / "run" / "estimates.json").read_text(encoding="utf-8"))
    row = told["parameters"][0]
    assert (row["symbol"], row["value"], row["table_value"], row["status"]) == ("e_tki", 1.0, 1.2, "read")
    assert told["published"][0]["lower"] is None
    assert any(note["title"].startswith("Where trials are not met") for note in told["notes"])


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("model: cml", "model: cmll", 'did you mean "cml"?'),
        ("population: cml-first-line", "population: cml-first", "cohort.population"),
        ("drug: imatinib", "drug: imatinb", 'did you mean "imatinib"?'),
        ("400 mg", "400 ug", "imatinib is not dosed in ug"),
        ("route: oral", "route: intravenous", "allowed: oral"),
        ("every: 1 day, doses: 180", "every: 2 days, doses: 90", "taken daily"),
        ("start: day 0", "start: day -1", "the model begins on day 0"),
        ("response, bcr_abl]", "response, bcr_able]", 'did you mean "bcr_abl"?'),
        ("resistance: false", "resistence: false", 'did you mean "resistance"?'),
        ("resistance: false", "resistance: 3", "true, false"),
        ("resistance: false", "stops: true", "false in cml-first-line"),
        ("e_tki: 1.0", "e_tky: 1.0", 'did you mean "e_tki"?'),
        ("e_tki: 1.0", "e_tki: -1.0", "0 or more"),
        ("source: D6", "source: D66", "published[0].source"),
        ("estimate: 20 %", "estimate: 20, unit: log10", "the unit of major_molecular_response"),
        ("seed: 3", "seed: 3\nfamilies: [reference]", "belongs to studies of the model transplant"),
        ("seed: 3", "seed: 3\ntrial: {accrual: 3 per month}", "belongs to studies of the model transplant"),
        ("population: cml-first-line, ", "", "only the model transplant has one by default"),
    ],
)
def test_fault_what_a_system_cannot_give_is_told_in_one_sentence_with_its_line(
    old: str, new: str, expected: str
) -> None:
    assert old in CML
    with pytest.raises(InputError) as refused:
        check_study_names(parse_study(CML.replace(old, new), file="bad.yaml"))
    sentence = str(refused.value)
    assert "bad.yaml, line" in sentence
    assert expected in sentence
    assert "\n" not in sentence


def test_fault_a_misquoted_source_is_refused() -> None:
    text = CML.replace("kind: specification check, source: D6", "source: simonsson2011-03")
    with pytest.raises(InputError, match=r"does not report this.*54 percent at 12 months"):
        check_study_names(parse_study(text))
