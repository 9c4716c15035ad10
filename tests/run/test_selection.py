"""A study that chooses its patients, from the file to the page: who is in its tables, what it tells, and what it refuses."""

import json
from pathlib import Path

import polars as pl
import pytest

from inferon import read_study, run_study
from inferon.cohort import draw_cohort
from inferon.run.selection import check_selection, described, numbers
from inferon.study import InputError, parse_study, ready_study, revise

from .conftest import STUDY, inferon

CHOICE = """
cohort:
  population: covariate-mix
  size: 160
  follow_up: 12 months
  comparison_population: transplant-reference
  comparison_size: 80
  plausible:
    T_d: [15, 60]
    creatinine_clearance: [40, null]
  weights:
    source: Nobody in particular
    target: mix.csv
"""
MIX = "covariate,class,share\nage,<50,50 %\nage,>=50,0.5\ndisease_status,active,0.25\n"
MIX += 'disease_status,"remission, MRD+ or remission, MRD-",0.75\n'


@pytest.fixture(scope="module")
def choosing(tmp_path_factory) -> Path:
    """The small study of this folder, with its patients chosen to the mix of a table."""
    folder = tmp_path_factory.mktemp("choosing")
    before, after = STUDY.split("cohort:")
    (folder / "study.yaml").write_text(before + CHOICE.lstrip() + after.split("\n", 1)[1], encoding="utf-8")
    (folder / "mix.csv").write_text(MIX, encoding="utf-8")
    return folder / "study.yaml"


@pytest.fixture(scope="module")
def chosen_run(choosing, tmp_path_factory):
    """One run of it."""
    return run_study(read_study(choosing), tmp_path_factory.mktemp("runs") / "chosen")


def test_law_every_patient_of_every_table_is_plausible_and_has_the_mix(chosen_run) -> None:
    patients = pl.read_parquet(chosen_run.folder / "tables" / "patients.parquet")
    assert dict(patients.group_by("population").len().iter_rows()) == {"covariate-mix": 160, "transplant-reference": 80}
    assert patients["transplant__T_d"].is_between(15, 60).all()
    assert (patients["creatinine_clearance"] >= 40).all()
    for (_, size), people in patients.group_by("population", pl.len().over("population")):
        assert (people["age"] < 50).mean() == pytest.approx(0.5, abs=4 / size)
        assert (people["disease_status"] == "active").mean() == pytest.approx(0.25, abs=4 / size)
    events = pl.read_parquet(chosen_run.folder / "tables" / "events.parquet")
    for (population, _), rows in events.filter(family="reference").group_by("population", "arm"):
        assert rows["patient"].to_list() == patients.filter(population=population)["patient"].to_list()
    trial = pl.read_parquet(chosen_run.folder / "tables" / "adtte.parquet")
    enrolled = trial["USUBJID"].str.split("-").list.last().cast(pl.Int64)
    assert set(enrolled) <= set(patients.filter(population="covariate-mix")["patient"])


def test_law_each_family_chooses_by_its_own_parameters_and_all_arms_share_the_patients(chosen_run) -> None:
    events = pl.read_parquet(chosen_run.folder / "tables" / "events.parquet").filter(population="covariate-mix")
    assert events.group_by("family", "arm").len()["len"].to_list() == [160] * 4
    for (family,), rows in events.group_by("family"):
        assert set(rows.group_by("patient").len()["len"]) == {2}
        numbers = rows["patient"].unique().sort().to_numpy()
        pace = draw_cohort("covariate-mix", numbers, seed=11, family=family).parameters["transplant__T_d"]
        assert ((pace >= 15) & (pace <= 60)).all()


def test_law_what_the_run_tells_is_what_its_tables_hold(chosen_run) -> None:
    told = json.loads((chosen_run.folder / "estimates.json").read_text(encoding="utf-8"))["selection"]
    assert told["source"] == "Nobody in particular"
    assert [(one["population"], one["families"], one["patients"]) for one in told["cohorts"]] == [
        ("covariate-mix", ["reference"], 160),
        ("covariate-mix", ["strong_direct"], 160),
        ("transplant-reference", ["reference"], 80),
    ]
    first = told["cohorts"][0]
    assert 160 <= first["plausible"] < first["drawn"]
    assert first["weights"]["greatest"] > 1 and 1 < first["weights"]["effective_sample_size"] < first["plausible"]
    people = pl.read_parquet(chosen_run.folder / "tables" / "patients.parquet").filter(population="covariate-mix")
    young = next(row for row in first["weights"]["marginals"] if row["class"] == "<50")
    assert young["cohort"] == (people["age"] < 50).mean()
    assert young["drawn"] < young["target"] == 0.5


def test_law_the_page_tells_who_was_chosen_and_claims_no_calibration(chosen_run, small_run) -> None:
    page = chosen_run.report.read_text(encoding="utf-8")
    for words in (
        "Who the patients are",
        "Raking",
        "Nobody in particular",
        "Creatinine clearance, mL/min",
        "40 or more",
    ):
        assert words in page
    assert "calibrated to the published levels" not in page
    assert "Who the patients are" not in (small_run[0] / "report.html").read_text(encoding="utf-8")
    assert "selection" not in small_run[1]


@pytest.mark.parametrize(("threads", "chunk"), [(1, 1000), (2, 37)])
def test_law_threads_and_chunks_change_no_byte_of_a_chosen_cohort(
    choosing, chosen_run, tmp_path, threads, chunk
) -> None:
    again = run_study(read_study(choosing), tmp_path / "again", threads=threads, chunk=chunk)
    for table in (chosen_run.folder / "tables").iterdir():
        assert (again.folder / "tables" / table.name).read_bytes() == table.read_bytes()
    assert again.estimates == chosen_run.estimates


def test_law_the_resolved_study_needs_no_table(chosen_run, tmp_path) -> None:
    again = run_study(read_study(chosen_run.folder / "study.yaml"), tmp_path / "again")
    assert again.estimates == chosen_run.estimates


def test_law_the_reference_population_is_told_what_does_not_act_in_it(choosing, tmp_path) -> None:
    study = revise(
        read_study(choosing),
        {"cohort.population": "transplant-reference", "cohort.comparison_population": None, "families": ["reference"]},
    )
    page = run_study(study, tmp_path / "run").report.read_text(encoding="utf-8")
    assert "In transplant-reference disease status has no effect on any outcome" in page


def test_law_the_ready_study_in_the_mix_of_a_registry_can_be_chosen(shared) -> None:
    """Its shares are those of the data it cites: adults with AML and a fully matched donor."""
    study = read_study(ready_study("peri-transplant-registry-mix"))
    check_selection(study)
    real = pl.read_csv(shared / "data" / "cibmtr_covariates9651.csv").filter(
        pl.col("dType") == "AML", ~pl.col("ageP").is_in(["LessThan10", "10to19"]), pl.col("donorGrp") != "7_8"
    )
    assert f"the {len(real)} of" in study.cohort.weights.source
    ages = {"<40": ["20to29", "30to39"], "40 to <50": ["40to49"], "50 to <60": ["50to59"], ">=60": ["60plus"]}
    counted = {
        "age": {label: real["ageP"].is_in(classes).mean() for label, classes in ages.items()},
        "sex": {"female": (real["sexP"] == "F").mean(), "male": (real["sexP"] == "M").mean()},
        "disease_status": {
            "active": (real["dStatus"] == "Adv").mean(),
            "remission, MRD+ or remission, MRD-": (real["dStatus"] != "Adv").mean(),
        },
        "donor": {
            "matched related": (real["donorGrp"] == "HLA_Id_Sib").mean(),
            "matched unrelated": (real["donorGrp"] == "8_8").mean(),
            "haploidentical or cord": 0.0,
        },
    }
    assert study.cohort.weights.target.keys() == counted.keys()
    for covariate, wanted in study.cohort.weights.target.items():
        assert wanted == pytest.approx(counted[covariate], abs=0.0006)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("T_d: [", "T_dd: [", 'cohort.plausible.T_dd: found "T_dd"; allowed: age, weight, .*did you mean "T_d"'),
        ("T_d: [", "donor: [", 'cohort.plausible.donor: found "donor"; allowed: age, weight, '),
        ("[15, 60]", "[1, 2]", r"cohort.plausible: reference: too few plausible patients .* of 20000 drawn \("),
        ("target: mix.csv", "target: {aage: {old: 1}}", 'target.aage: found "aage"; allowed: sex, .*mean "age"'),
        ("target: mix.csv", "target: {age: {old: 1}}", 'target.age.old: found "old"; allowed: intervals, as in <40'),
        ("target: mix.csv", "target: {age: {'<19': 0.5, '>=19': 0.5}}", "none of .* patients drawn is in this class"),
        ("target: mix.csv", "target: {donor: {cordd: 1}}", 'found "cordd"; allowed: cord, .*did you mean "cord"'),
        ("target: mix.csv", "target: {age: {'<50': 0.6, '>=50': 0.6}}", "do not sum to 1; found 1.2"),
        ("target: mix.csv", "target: mixx.csv", "there is no such file"),
    ],
)
def test_fault_a_choice_nobody_fulfils_is_one_sentence_and_nothing_is_written(
    choosing, old, new, expected, tmp_path
) -> None:
    text = choosing.read_text(encoding="utf-8")
    assert text.count(old) == 1
    line = text[: text.index(old)].count("\n") + 1
    bad = choosing.parent / "bad.yaml"
    bad.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(InputError, match=expected) as caught:
        run_study(read_study(bad), tmp_path / "out")
    told = str(caught.value)
    here = line - 1 if "too few" in told else line
    assert told.startswith(f"{bad}, line {here}, cohort.") and "\n" not in told
    assert not (tmp_path / "out").exists()


def test_fault_the_command_line_tells_it_and_leaves_nothing(choosing, tmp_path) -> None:
    bad = choosing.parent / "bad.yaml"
    bad.write_text(choosing.read_text(encoding="utf-8").replace("[15, 60]", "[1, 2]"), encoding="utf-8")
    done = inferon("run", bad, "--out", tmp_path / "out")
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.strip().splitlines()) == 1 and "too few plausible patients" in done.stderr
    assert not (tmp_path / "out").exists()


def test_law_families_share_a_cohort_chosen_by_covariates_alone(choosing) -> None:
    study = revise(read_study(choosing), {"cohort.plausible": {"bmi": [18, 35]}})
    told = described(study)
    assert [(one["population"], one["families"]) for one in told] == [
        ("covariate-mix", ["reference", "strong_direct"]),
        ("transplant-reference", ["reference"]),
    ]
    assert numbers(study, "covariate-mix", "strong_direct") is numbers(study, "covariate-mix", "reference")


def test_law_an_arms_own_parameters_choose_nobody(choosing) -> None:
    study = read_study(choosing)
    arms = {"arms.control": {"parameters": {"T_d": 1.0}}}
    first = numbers(study, "covariate-mix", "reference")
    assert numbers(revise(study, arms), "covariate-mix", "reference").tolist() == first.tolist()
    assert parse_study(STUDY).cohort.plausible == {}
    assert numbers(parse_study(STUDY), "transplant-reference", "reference").tolist() == list(range(160))
