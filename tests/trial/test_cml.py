"""Arms of chronic myeloid leukaemia: common random numbers, drugs, resistant clones, extinction, and real time courses."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from inferon.cohort.cml import draw_cml_cohort
from inferon.protocol import MONTH, Regimen
from inferon.protocol.assays import bcr_abl_assay
from inferon.trial.cml import monthly_visits, simulate_cml_arm
from inferon.trial.cml_time_courses import coverage, population_bands, published_patient_bands
from inferon.trial.cml_treatment import CmlTreatment
from inferon.trial.responses.cml import Response

YEAR = monthly_visits(12, every=3)


def _first_line(patients=300, treatment=None, *, visits=YEAR, seed=4, **how):
    cohort = draw_cml_cohort("cml-first-line", np.arange(patients), seed=seed)
    return simulate_cml_arm(cohort, treatment or CmlTreatment(), visits=visits, **how)


def test_law_neither_batch_nor_threads_change_a_patient() -> None:
    whole = _first_line(60, threads=2)
    cohort = draw_cml_cohort("cml-first-line", np.arange(40, 60), seed=4)
    part = simulate_cml_arm(cohort, CmlTreatment(), visits=YEAR)
    assert np.array_equal(part.samples, whole.samples[40:])
    assert part.patients.equals(whole.patients[40:])


def test_law_visits_in_between_change_no_other_visit() -> None:
    few, many = _first_line(40), _first_line(40, visits=monthly_visits(12))
    assert many.samples[:, ::3] == pytest.approx(few.samples, rel=1e-4)
    shared = few.visits.join(many.visits, on=["patient", "day"], suffix="_many")
    assert len(shared) == len(few.visits)
    assert (shared["abl_copies"] == shared["abl_copies_many"]).all()


@pytest.mark.parametrize(
    "stronger",
    [
        CmlTreatment(second_generation=True),
        CmlTreatment(cytarabine=tuple(MONTH * np.arange(12))),
        CmlTreatment(interferon=(Regimen(drug="peginterferon alfa-2a", dose=90, start=0, interval=7, doses=52),)),
    ],
    ids=["second generation", "cytarabine", "peginterferon"],
)
def test_law_each_addition_lowers_the_load_of_every_patient_at_six_months(stronger: CmlTreatment) -> None:
    plain, more = _first_line(80, resistance=False), _first_line(80, stronger, resistance=False)
    ratio = more.samples[:, 2, 0] / plain.samples[:, 2, 0]
    woken = bool(stronger.interferon)  # what interferon wakes may carry a slow decline for a while
    assert (np.median(ratio) < 0.7) if woken else np.all(ratio < 1)


def test_law_courses_of_cytarabine_give_the_mean_kill_of_the_specification() -> None:
    cohort = draw_cml_cohort("cml-first-line", np.arange(30), seed=4)
    rates = {**cohort.parameters, "cml__p_xy": np.full(30, 1e-9), "cml__p_yx": np.zeros(30)}
    cohort, year = replace(cohort, parameters=rates), monthly_visits(12)
    courses = CmlTreatment(inhibitor=(), cytarabine=tuple(MONTH * np.arange(12)))
    loads = simulate_cml_arm(cohort, courses, visits=year, resistance=False).samples[:, -1, 3]
    expected = 1e6 * np.exp(12 * (0.2 - cohort.parameters["cml__kara"]))
    assert loads == pytest.approx(expected, rel=0.002)


def test_law_half_a_dose_then_none_then_a_full_one() -> None:
    cohort = draw_cml_cohort("cml-first-line", np.arange(5), seed=4)
    rates = {**cohort.parameters, "cml__p_xy": np.full(5, 1e-9), "cml__p_yx": np.zeros(5)}
    steps = CmlTreatment(inhibitor=((0.0, 0.5), (100.0, 0.0), (200.0, 1.0)))
    cohort = replace(cohort, parameters=rates)
    loads = simulate_cml_arm(cohort, steps, visits=np.array([0.0, 300]), resistance=False).samples[:, -1, 3]
    kill = cohort.parameters["cml__e_tki"] * (0.5 * 100 + 0 + 1.0 * 100)
    assert np.log(loads / 1e6) * MONTH == pytest.approx(0.2 * 300 - kill, rel=1e-4)


def test_law_resistance_appears_in_a_few_percent_and_grows_with_the_mutation_rate() -> None:
    arm = _first_line(4000, visits=monthly_visits(24, every=6))
    early = (arm.patients["resistant_clone_day"] <= 365).fill_null(False).mean()
    p_established = 1 - 0.05 * 1.2 / 0.2
    expected = -np.expm1(-4e-8 * 0.25 * 1e6 * (1.6 + 0.2 / 1.0) * p_established)
    assert early == pytest.approx(expected, abs=4 * np.sqrt(expected / 4000))
    assert 0.005 < early < 0.05
    many = _first_line(500, visits=monthly_visits(72, every=12), parameters={"u": 1e-6})
    assert (many.patients["resistant_clone_day"].is_not_null()).mean() > 0.2
    seen = many.patients["resistance_day"].drop_nulls()
    assert len(seen) > 50
    assert seen.min() > 2 * 365  # such a clone doubles in five months: years pass before a sample shows it


def test_law_a_clone_the_inhibitor_kills_faster_than_it_divides_is_never_founded() -> None:
    arm = _first_line(300, parameters={"u": 1e-6, "rho_R": 0.5})
    slow = draw_cml_cohort("cml-first-line", np.arange(300), seed=4).parameters["cml__e_tki"] * 0.5 > 0.2
    assert arm.patients["resistant_clone_day"].filter(pl.Series(slow)).is_null().all()
    assert slow.mean() > 0.5


def test_law_resistance_changes_nobody_without_a_clone() -> None:
    without, arm = _first_line(600, resistance=False), _first_line(600, parameters={"u": 4e-7})
    clean = arm.patients["resistant_clone_day"].is_null().to_numpy()
    assert 0.5 < clean.mean() < 1
    assert np.array_equal(arm.samples[clean], without.samples[clean])
    last = arm.samples[~clean, -1, 0] - without.samples[~clean, -1, 0]
    assert np.all(last > -1e-6)


def test_law_the_drawn_extinctions_are_as_frequent_as_their_probability() -> None:
    arm = _first_line(2000, visits=monthly_visits(60, every=12), resistance=False)
    drawn = arm.patients.filter(pl.col("extinction_probability").is_not_null())
    p = drawn["extinction_probability"].to_numpy()
    assert len(drawn) > 300
    assert drawn["extinct"].sum() == pytest.approx(p.sum(), abs=4 * np.sqrt((p * (1 - p)).sum()))
    gone = arm.patients["extinct"].to_numpy()
    assert np.all(arm.samples[gone, -1, 2:5] == 0)
    assert np.all(arm.samples[~gone, -1, 3] > 0)


def test_law_who_is_extinct_stays_in_remission_without_treatment() -> None:
    cohort = draw_cml_cohort("cml-treatment-free", np.arange(300), seed=4)
    arm = simulate_cml_arm(cohort, CmlTreatment(stops=True), visits=monthly_visits(215), parameters={"N_scale": 0.1})
    gone = arm.patients.filter(pl.col("extinct") & pl.col("resistant_clone_day").is_null())
    assert len(gone) > 5
    assert gone["molecular_relapse_day"].is_null().mean() > 0.9  # one assay in a thousand may mislead above 0.1 %
    assert (arm.patients["molecular_relapse_day"] > arm.patients["stop_day"]).all()


def test_law_the_grid_of_extinction_is_fine_enough() -> None:
    how = {"visits": monthly_visits(60, every=12), "resistance": False}
    coarse, fine = _first_line(200, **how), _first_line(200, parameters={"dt_ext": 0.25}, **how)
    difference = coarse.patients["extinction_probability"] - fine.patients["extinction_probability"]
    assert difference.drop_nulls().len() > 20
    assert difference.abs().max() < 1e-3


def test_law_responses_are_what_the_visits_say() -> None:
    arm = _first_line(100, visits=monthly_visits(24))
    reached = arm.visits.filter(pl.col("bcr_abl") <= 0.1).group_by("patient").agg(pl.col("day").min())
    days = arm.patients.join(reached, on="patient", how="left")
    assert days["major_molecular_day"].to_list() == days["day"].to_list()
    assert np.array_equal(arm.held[Response.MAJOR_MOLECULAR].ravel(), (arm.visits["bcr_abl"] <= 0.1).to_numpy())
    assert arm.visits["bcr_abl"].to_numpy() == pytest.approx(
        100 * arm.visits["transcripts"].to_numpy() / arm.visits["abl_copies"].to_numpy()
    )


def test_fault_a_misplaced_request_is_refused() -> None:
    with pytest.raises(ValueError, match="before the start"):
        CmlTreatment(cytarabine=(-3.0,))
    with pytest.raises(ValueError, match="negative"):
        CmlTreatment(inhibitor=((0.0, -0.5),))
    with pytest.raises(ValueError, match="no day of stopping"):
        _first_line(2, CmlTreatment(stops=True))
    with pytest.raises(KeyError, match="p_qq"):
        _first_line(2, parameters={"p_qq": 1.0})
    with pytest.raises(KeyError, match="S_isg"):
        _first_line(2, signals={"S": 1.0})


def test_oracle_bands_of_the_published_patients_hold_most_of_their_samples(shared) -> None:
    samples = pl.read_csv(shared / "data" / "cml_bcrabl_hahnel21.csv")
    bands = published_patient_bands(samples)
    whole, phases = coverage(bands), coverage(bands, by="phase")
    print(
        "\n21 patients, 90 % band of the assay around each one's own course\n",
        whole,
        phases,
        coverage(bands, by="patient"),
    )
    assert whole["samples"].item() == len(samples) == 706
    assert 0.74 < whole["coverage"].item() < 0.9
    assert ((bands["lower"] <= bands["median"]) & (bands["median"] <= bands["upper"])).all()


def test_oracle_the_band_of_the_response_population_holds_most_samples_of_the_first_year(shared) -> None:
    samples = pl.read_csv(shared / "data" / "cml_bcrabl_michor68.csv")
    cohort = draw_cml_cohort("cml-first-line", np.arange(1500), seed=3)
    whole = coverage(bands := population_bands(samples, cohort, CmlTreatment()))
    by = bands.with_columns(quarter=(pl.col("days") / 91.3125).floor().cast(pl.Int64))
    print("\n68 patients on imatinib, 90 % band of the response population\n", whole, coverage(by, by="quarter"))
    assert whole["samples"].item() == 435
    assert 0.75 < whole["coverage"].item() < 0.9


def test_law_bands_of_simulated_samples_hold_their_share() -> None:
    rng = np.random.default_rng(3)
    seen = _first_line(400, resistance=False, extinction_layer=False, seed=99)
    table = seen.visits.select("patient", days="day", bcrabl_percent="bcr_abl").sample(600, seed=1)
    limit = 100 * 3 / bcr_abl_assay().examined
    table = table.with_columns(below_limit=(pl.col("bcrabl_percent") < limit).cast(pl.Int8)).with_columns(
        bcrabl_percent=pl.max_horizontal("bcrabl_percent", pl.lit(limit))
    )
    cohort = draw_cml_cohort("cml-first-line", rng.integers(10_000, 20_000, 1500), seed=5)
    found = coverage(population_bands(table, cohort, CmlTreatment()))["coverage"].item()
    assert found == pytest.approx(0.9, abs=0.05)  # four times the error of 600 samples of 400 patients
