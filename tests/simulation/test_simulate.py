"""One model under one regimen: the same as the trial rooms where they ask the same, lawful elsewhere, and honest about faults."""

import numpy as np
import polars as pl
import pytest

import inferon
from inferon.cohort import draw_cohort
from inferon.cohort.cml import draw_cml_cohort
from inferon.cohort.hairy_cell import draw_hairy_cell_cohort
from inferon.cohort.mpn import draw_mpn_cohort
from inferon.model import composites
from inferon.model.catalogue import parameter_table
from inferon.protocol import Regimen
from inferon.simulation import simulate
from inferon.study import InputError
from inferon.trial.acute_leukaemia_study import simulate_acute
from inferon.trial.cml import simulate_cml_arm
from inferon.trial.cml_treatment import CmlTreatment
from inferon.trial.hairy_cell import Treatment, hairy_cell_batch
from inferon.trial.mpn import mpn_kernel, simulate_mpn
from inferon.trial.simulate import simulate_arm

PEGYLATED = "peginterferon alfa-2a 180 ug every 14 days 4 doses from day -1"
NUMBERS = np.arange(1, 61)


def _at(found, day: float, name: str) -> np.ndarray:
    return found.courses.filter((pl.col(found.time) - day).abs() < 1e-9)[name].to_numpy()


def test_double_transplants_end_as_in_the_arm_of_a_study() -> None:
    regimen = Regimen(drug="peginterferon alfa-2a", dose=180, interval=14, doses=4)
    arm = simulate_arm(draw_cohort("transplant-reference", NUMBERS, seed=7), [regimen], follow_up=365).events
    found = simulate("transplant", doses=[PEGYLATED], patients=60, seed=7).events
    for name in ("relapse_day", "non_relapse_mortality_day"):
        assert np.nan_to_num(found[name].to_numpy(), nan=-1) == pytest.approx(
            np.nan_to_num(arm[name].to_numpy(), nan=-1), abs=1e-3
        )
    assert found["extinction_decided_day"].is_not_null().to_list() == arm["extinct"].to_list()
    assert arm["relapse_day"].is_not_null().sum() > 10


def test_double_first_line_cml_goes_as_in_the_arm_of_a_study() -> None:
    days = np.array([0.0, 90.0, 364.0])
    cohort = draw_cml_cohort("cml-first-line", NUMBERS, seed=3)
    interferon = (Regimen(drug="peginterferon alfa-2a", dose=90, start=0.0, interval=7, doses=53),)
    arm = simulate_cml_arm(cohort, CmlTreatment(interferon=interferon), visits=days, resistance=False)
    orders = ["imatinib 100 % daily", "peginterferon alfa-2a 90 ug weekly"]
    found = simulate("cml_first_line", doses=orders, days=364, patients=60, seed=3)
    for visit, day in enumerate(days):
        assert _at(found, day, "bcr_abl") == pytest.approx(arm.samples[:, visit, 0], rel=1e-4)


def test_double_hairy_cells_and_counts_at_rest_go_as_in_a_trial() -> None:
    numbers, days = np.arange(1, 9), np.array([0.0, 60.0])
    batch = hairy_cell_batch(draw_hairy_cell_cohort(numbers, seed=5), Treatment(courses=(10.0,)), days)
    batch.advance(60.0)
    found = simulate("hairy_cell", doses=["cladribine 1 course from day 10"], days=60, patients=8, seed=5, step=60)
    for column, name in enumerate(("hairy_cell_index", "ANC", "PLT", "HB")):
        for visit, day in enumerate(days):
            assert _at(found, day, name) == pytest.approx(batch.samples[:, visit, column], rel=1e-3)


def test_double_a_neoplasm_with_jak2_goes_as_in_a_trial() -> None:
    regimen = Regimen(drug="ropeginterferon alfa-2b", dose=100, start=0.0, interval=14, doses=5)
    cohort = draw_mpn_cohort("polycythaemia vera", np.arange(1, 9), seed=2)
    trial = simulate_mpn(cohort, [regimen], visits=np.array([0.0, 168.0])).patients
    found = simulate(
        "mpn",
        doses=["ropeginterferon alfa-2b 100 ug every 14 days 5 doses"],
        days=168,
        patients=8,
        seed=2,
        show=["AUC"],
    )
    assert _at(found, 168, "AUC") / 168 == pytest.approx(trial["exposure_week_24"].to_numpy(), rel=1e-4)
    assert mpn_kernel().kernel.states


def test_law_a_patient_is_the_same_alone_and_among_others_and_on_any_number_of_threads() -> None:
    many = simulate("toxicity", doses=["peginterferon alfa-2a 180 ug weekly"], days=60, patients=20, threads=2)
    alone = simulate("toxicity", doses=["peginterferon alfa-2a 180 ug weekly"], days=60, patient=17)
    assert many.courses.filter(patient=17).equals(alone.courses)
    assert many.events.filter(patient=17).equals(alone.events)
    other = simulate("toxicity", doses=["peginterferon alfa-2a 180 ug weekly"], days=60, patient=17, seed=2)
    assert not other.courses.equals(alone.courses)


@pytest.mark.parametrize("name", sorted(composites()))
def test_law_every_shipped_composite_runs_untreated(name: str) -> None:
    found = simulate(name, days=20, step=5)
    assert found.unsolved == {}
    assert found.patients == 1
    assert found.bands["median"].is_finite().all()
    assert found.bands["lower"].equals(found.bands["median"])


def test_law_bands_are_quantiles_of_the_courses_and_shares_those_of_the_events() -> None:
    found = simulate("toxicity", doses=["peginterferon alfa-2a 180 ug weekly"], days=100, patients=40, step=50)
    band = found.bands.filter((pl.col("quantity") == "ANC") & (pl.col("time_days") == 100)).row(0, named=True)
    assert (band["lower"], band["median"], band["upper"]) == pytest.approx(
        np.quantile(_at(found, 100, "ANC"), [0.05, 0.5, 0.95])
    )
    row = found.event_table.filter(event="fatigue").row(0, named=True)
    days = found.events["fatigue_day"].drop_nulls()
    assert (row["patients"], row["share"], row["median"]) == (len(days), len(days) / 40, days.median())
    assert len(days) > 5


def test_law_a_condition_is_found_at_the_first_time_it_holds() -> None:
    found = simulate(
        "interferon_marrow", doses=["peginterferon alfa-2a 180 ug weekly"], days=60, step=1, when=["ANC < 4"]
    )
    course = found.courses
    first = course.filter(pl.col("ANC") < 4)["time_days"][0]
    assert found.events["ANC < 4_day"].to_list() == [first]
    assert first > 0


def test_law_a_replaced_value_is_named_against_that_of_the_table_and_acts() -> None:
    before = simulate("interferon_marrow", doses=["peginterferon alfa-2a 180 ug weekly"], days=60)
    row = parameter_table("interferon_response")["IC_anc"]
    after = simulate(
        "interferon_marrow", doses=["peginterferon alfa-2a 180 ug weekly"], days=60, parameters={"IC_anc": 2.5}
    )
    assert after.changed[0].startswith(f"IC_anc ({row.description}): 2.5 instead of {row.value:g} {row.unit}")
    assert _at(after, 60, "ANC")[0] < _at(before, 60, "ANC")[0]


def test_law_a_replaced_median_moves_a_log_normal_population_by_the_same_factor() -> None:
    row = parameter_table("interferon_response")["IC_anc"]
    doses = ["peginterferon alfa-2a 180 ug weekly"]
    stronger = simulate("interferon_marrow", doses=doses, days=30, patients=5, parameters={"IC_anc": row.value / 4})
    usual = simulate("interferon_marrow", doses=doses, days=30, patients=5)
    assert np.all(_at(stronger, 30, "ANC") < _at(usual, 30, "ANC"))


def test_law_a_parameter_that_varies_varies_as_asked() -> None:
    found = simulate(
        "interferon_pk", doses=["100 into A_c"], days=0.1, step=0.1, patients=4000, vary={"V": 0.3}, show=["C"]
    )
    start = np.log(_at(found, 0.1, "C"))
    assert np.std(start) == pytest.approx(np.sqrt(np.log1p(0.3**2)), rel=0.06)


def test_oracle_somebodys_own_model_decays_and_is_dosed_in_its_own_units(tmp_path) -> None:
    path = tmp_path / "own.ant"
    path.write_text(
        "model own()\n S = 10; k = 0.1; V = 2\n S' = -k*S\n C := S/V\n E: at (C < 2), t0=false: k = 0.2\nend\n"
    )
    found = simulate(str(path), days=5, step=1, show=["C"], doses=["20 into S on day 2"])
    assert found.time == "time"
    times = found.courses["time"].to_numpy()
    exact = 5 * np.exp(-0.1 * times) + np.where(times >= 2, 10 * np.exp(-0.1 * (times - 2)), 0)
    assert found.courses.filter(pl.col("time") != 2)["C"].to_numpy() == pytest.approx(exact[times != 2], rel=1e-6)
    undosed = simulate(str(path), days=20, show=["C"])
    assert undosed.events["E_day"].to_list() == pytest.approx([np.log(2.5) / 0.1], rel=1e-4)


def test_oracle_chronic_lymphocytic_leukaemia_doubles_in_330_days_and_differs_between_patients() -> None:
    found = simulate("cll", days=330, step=330)
    start, end = found.courses["lymphoid_clone"]
    assert end / start == pytest.approx(2, rel=2e-3)
    many = simulate("cll", days=330, step=330, patients=400)
    ratio = _at(many, 330, "lymphoid_clone") / _at(many, 0, "lymphoid_clone")
    assert 1.7 < np.median(ratio) < 2.4
    assert np.quantile(ratio, 0.1) < 1 < np.quantile(ratio, 0.9)


def test_law_acute_leukaemias_differ_in_how_fast_they_crowd_out() -> None:
    day = {
        preset: simulate(
            "marrow", days=3000, step=10, patient=3, population=preset, when=["blast_fraction >= 0.2"]
        ).events["blast_fraction >= 0.2_day"][0]
        for preset in ("AML_fast", "ALL", "AML_default", "AML_slow")
    }
    assert list(day) == sorted(day, key=day.__getitem__)


def test_double_chemotherapy_goes_as_in_the_arm_of_a_study() -> None:
    given, after = ((0.0, "7+3 induction"), (21.0, "high-dose cytarabine")), np.array([0.0, 8.0, 21.0, 40.0])
    arm = simulate_acute(NUMBERS[:4], seed=3, preset="AML_default", given=given, days=after, transfusions=False)
    for patient, growth in arm.patients.select("patient", "growth_days").iter_rows():
        orders = [f"{course} 1 course from day {growth + day}" for day, course in given]
        visits = arm.visits.filter(pl.col("patient") == patient)
        for day in after[1:]:
            how = {"patient": patient, "population": "AML_default", "seed": 3, "step": growth + day}
            found = simulate("marrow", doses=orders[: 1 + (day > 21)], days=growth + day, **how)
            for name in ("ANC", "PLT", "HB", "blast_fraction"):
                expected = visits.filter(pl.col("time_days") == day)[name].item()
                assert found.courses[name][-1] == pytest.approx(expected, rel=1e-4), (patient, day, name)


def test_law_an_sbml_document_is_the_antimony_it_was_made_from(tmp_path) -> None:
    antimony = pytest.importorskip("antimony")
    text = "model own()\n S = 10; k = 0.1\n S' = -k*S\nend\n"
    antimony.clearPreviousLoads()
    antimony.loadAntimonyString(text)
    (tmp_path / "own.xml").write_text(antimony.getSBMLString("own"))
    (tmp_path / "own.ant").write_text(text)
    one, two = (simulate(str(tmp_path / f"own.{kind}"), days=10) for kind in ("ant", "xml"))
    assert one.courses.equals(two.courses)


def test_law_the_package_offers_it_by_name() -> None:
    assert inferon.simulate is simulate


@pytest.mark.parametrize(
    ("model", "options", "words"),
    [
        ("transplnt", {}, 'did you mean "transplant"?'),
        ("onset", {}, "a sampler or closed form"),
        ("none.xml", {}, "none.xml: there is no such file"),
        ("transplant", {"doses": ["peginterferon alfa 2a 180 ug"]}, 'did you mean "peginterferon alfa-2a"?'),
        ("transplant", {"doses": ["peginterferon alfa-2a 180 ug from day -2"]}, "allowed: day -1 or later"),
        ("transplant", {"doses": ["peginterferon alfa-2a 3 MIU"]}, "is not dosed in MIU"),
        ("transplant", {"doses": ["imatinib 100 %"]}, "this model has no such drug"),
        ("transplant", {"doses": [PEGYLATED, "interferon alfa-2b 3 MIU"]}, "one interferon product"),
        ("cll", {"doses": [PEGYLATED]}, "this model has no drug of its own"),
        ("marrow", {"doses": [PEGYLATED]}, "allowed: 7+3 induction, high-dose cytarabine, low-dose cytarabine"),
        ("marrow", {"doses": ["7+3 induction 2 courses"]}, "a course is given whole"),
        ("cml", {"doses": ["imatinib 400 mg"]}, "imatinib is not dosed in mg"),
        ("transplant", {"show": ["HB"]}, "allowed: donor__HB, host__HB"),
        ("transplant", {"show": ["ANCs"]}, 'did you mean "ANC"?'),
        ("transplant", {"parameters": {"logL_0": 8}}, 'did you mean "logL0"?'),
        ("transplant", {"parameters": {"k_G": -1}}, "the value is impossible"),
        ("transplant", {"parameters": {"k_G": "much"}}, 'found "much"'),
        ("transplant", {"parameters": {"logL0": 8}}, "changes nothing"),
        ("interferon", {"doses": [PEGYLATED], "parameters": {"CL_ropegH": 1}}, "changes nothing"),
        ("michor", {"patients": 3}, "nobody knows how patients of this model differ"),
        ("mpn", {"patients": 3, "population": "polycythemia vera"}, 'did you mean "polycythaemia vera"?'),
        ("mpn", {"population": "polycythaemia vera"}, "together with patients or patient"),
        ("cml", {"patients": 30, "population": "cml-published"}, "there are 21 published patients"),
        ("mpn", {"patients": 0}, "patients: found 0"),
        ("mpn", {"patients": 2, "patient": 2}, "either patients"),
        ("mpn", {"days": -1}, "days: found -1"),
        ("mpn", {"step": 0}, "step: found 0"),
        ("mpn", {"seed": -1}, "seed: found -1"),
        ("mpn", {"when": ["PLT low"]}, "the condition cannot be read"),
        ("mpn", {"when": ["PTL < 3"]}, 'did you mean "PLT"?'),
        ("mpn", {"vary": {"IC50_pltt": 0.3}}, "IC50_plt"),
        ("mpn", {"patients": 1_000_000, "step": 0.01}, "there is too much to keep"),
        ("leukaemia", {}, "allowed: a constant for each, set by M=VALUE"),
        ("leukaemia", {"parameters": {"M": "x", "s": 1, "E_chemo": 0, "q_ap": 1}}, "parameters M"),
    ],
)  # fmt: skip
def test_fault_what_cannot_be_simulated_is_told_in_one_sentence(model: str, options: dict, words: str) -> None:
    with pytest.raises(InputError) as refused:
        simulate(model, **options)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)
