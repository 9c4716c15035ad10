"""A study that reads: what it holds, what it fills in, and that writing it out loses nothing."""

import copy
import pickle
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from inferon.study import (
    DAYS_PER_MONTH,
    Dose,
    InputError,
    make_study,
    parse_study,
    plain,
    read_study,
    ready_study,
    resolved_yaml,
    revise,
)

LEAST = {"inferon": 1, "title": "t", "question": "q", "arms": {"one": {}, "two": {}}, "seed": 0}


def test_oracle_design_the_example_study_reads_without_change(shared: Path) -> None:
    path = shared / "design" / "example-study.yaml"
    study = read_study(path)
    dosing = study.arms["peginterferon"].regimen[0]
    assert dosing.dose == Dose(180.0, "ug") and (dosing.dose_amount, dosing.dose_unit) == (180.0, "ug")
    assert dosing.dose_days == (-1.0, 13.0, 27.0, 41.0)
    assert study.cohort.follow_up_days == 365.0 and study.trial.power.sizes == (40, 80, 120, 200)
    assert [result.estimate for result in study.published] == [0.39, 0.6]
    assert study.trial.accrual_per_month == 4.0 and study.seed == 20211201
    assert path.read_text().splitlines()[study.origin.line(("seed",)) - 1].startswith("seed:")


def test_golden_the_shipped_study_is_the_one_the_numbers_are_about() -> None:
    study = read_study(ready_study("peri-transplant-peginterferon"))
    assert (study.cohort.size, study.cohort.follow_up_days, study.seed) == (4000, 365.25, 20211201)
    assert study.trial.power.sizes == (31, 40, 80, 120, 200) and study.trial.power.trials == 1000
    assert study.trial.stratify == ("disease_status",)
    assert study.report_times_days == (91.3125, 182.625, 365.25)
    assert study.families == ("reference", "low_burden", "strong_direct", "slow_disease", "strong_allo")


def test_law_defaults_that_follow_other_fields_are_filled_in() -> None:
    study = make_study(LEAST | {"cohort": {"size": 90, "follow_up": "5 months"}, "trial": {"allocation": {"one": 3}}})
    assert study.cohort.comparison_size == 90
    assert study.report_times_days == (3 * DAYS_PER_MONTH, 5 * DAYS_PER_MONTH)
    assert study.trial.allocation == {"one": 3} and study.trial.block_size == 6
    assert make_study(LEAST).trial.allocation == {"one": 1, "two": 1}


def test_law_the_covariate_mix_is_not_compared_with_itself_by_default() -> None:
    study = make_study(LEAST | {"cohort": {"population": "covariate-mix"}})
    assert study.cohort.comparison_population is None
    assert parse_study(resolved_yaml(study)) == study


def test_law_a_study_cannot_be_changed() -> None:
    study = make_study(LEAST)
    with pytest.raises(ValidationError):
        study.seed = 1
    for change in (lambda: study.arms.update(x=1), lambda: study.arms.__setitem__("x", 1), study.arms.clear):
        with pytest.raises(TypeError, match="cannot be changed"):
            change()
    assert pickle.loads(pickle.dumps(study)) == copy.deepcopy(study) == study


def test_law_a_revised_study_is_checked_again_and_keeps_its_lines(tmp_path: Path, good_study: str) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(good_study)
    study = read_study(path)
    assert revise(study, {"seed": 8, "cohort.size": 400}).cohort.size == 400
    assert revise(study, {"seed": study.seed}) == study
    with pytest.raises(InputError, match=r"line 26, trial.power.sizes\[0\]: .*found 40; allowed: up to 10 per arm"):
        revise(study, {"cohort.size": 20})
    with pytest.raises(InputError, match=r"no such field to change"):
        revise(study, {"cohorts.size": 20})


counts = st.integers(1, 10**6)
decimals = st.decimals("0.001", "999999", places=3).map(str)
words = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40).filter(
    lambda text: " ".join(text.split()).isprintable() and text.split()
)
durations = st.builds("{} {}".format, decimals, st.sampled_from(["days", "week", "months", "year"]))
early = st.builds("{} {}".format, st.integers(1, 9), st.sampled_from(["days", "week", "months"]))
doses = st.builds("{} {}".format, decimals, st.sampled_from(["ug", "µg", "ug/kg", "MIU"]))
dosings = st.fixed_dictionaries(
    {"drug": words, "dose": doses, "start": st.integers(-1, 99).map("day {}".format)},
    optional={"route": st.just("intravenous"), "every": early},
)
symbols = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,9}", fullmatch=True)
arms = st.fixed_dictionaries(
    {},
    optional={
        "regimen": st.lists(dosings, max_size=3, unique_by=repr),
        "parameters": st.dictionaries(symbols, st.floats(allow_nan=False, allow_infinity=False), max_size=3),
    },
)
published = st.fixed_dictionaries(
    {
        "arm": st.just("one"),
        "endpoint": st.just("relapse"),
        "time": early,
        "estimate": st.decimals(0, 100, places=2).map("{} %".format),
        "source": words,
    },
    optional={"n": counts, "kind": st.just("historical expectation")},
)
trials = st.fixed_dictionaries(
    {"dropout": st.decimals(0, 99, places=5).map("{} % per year".format)},
    optional={
        "accrual": st.builds("{} per {}".format, decimals, st.sampled_from(["day", "week", "month", "year"])),
        "cutoff": durations,
        "stratify": st.lists(words.map(lambda text: " ".join(text.split())), max_size=3, unique=True),
        "allocation": st.just({"one": 2, "two": 1}),
        "power": st.fixed_dictionaries({"endpoint": st.just("relapse"), "time": early, "sizes": st.just([7, 9])}),
    },
)
studies = st.fixed_dictionaries(
    {
        "inferon": st.just(1),
        "title": words,
        "question": words,
        "seed": st.integers(0, 2**63 - 1),
        "arms": st.fixed_dictionaries({"one": arms, "two": arms}),
        "cohort": st.fixed_dictionaries({}, optional={"size": st.integers(50, 10**7), "comparison_size": counts}),
    },
    optional={"published": st.lists(published, max_size=1), "trial": trials, "model": st.just("transplant")},
)


@settings(max_examples=80)
@given(studies)
def test_property_the_resolved_yaml_reads_back_to_an_equal_study(data: dict) -> None:
    study = make_study(data)
    again = parse_study(resolved_yaml(study))
    assert again == study
    assert resolved_yaml(again) == resolved_yaml(study)
    assert make_study(plain(study)) == study


@settings(max_examples=40)
@given(
    studies.map(lambda data: {k: v for k, v in data.items() if k not in ("trial", "model")}),
    st.sampled_from(["adults", "a  b"]),
    st.booleans(),
)
def test_property_a_study_of_another_model_reads_back_without_what_is_the_transplants(
    data: dict, who: str, on: bool
) -> None:
    cohort = {"population": who, **{k: v for k, v in data["cohort"].items() if k == "size"}}
    arms = {name: {**arm, "settings": {"on": on, "level": 2, "kind": "a kind"}} for name, arm in data["arms"].items()}
    study = make_study({**data, "model": "cml", "cohort": cohort, "arms": arms, "endpoints": ["relapse"]})
    assert parse_study(resolved_yaml(study)) == study
    assert not {"families", "trial"} & plain(study).keys()
    assert "comparison_population" not in plain(study)["cohort"]
