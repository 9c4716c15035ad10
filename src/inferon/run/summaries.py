"""From patients to what a report shows: estimates, curves, bands, power and the virtual trial's dataset."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import polars as pl

from inferon.cohort import draw_cohort
from inferon.design import power_of_incidence_difference
from inferon.evidence import beside
from inferon.model.catalogue import parameter_table
from inferon.protocol import MONTH
from inferon.run.selection import numbers
from inferon.study import Study
from inferon.trial import ENDPOINTS, Conduct, analysis_dataset, conduct_trial, curve, estimate

CURVES = tuple(e for e in ENDPOINTS if e not in ("engraftment", "mrd") and not e.endswith("_reference"))
"""Endpoints drawn as curves; engraftment, MRD and the reference GVHD index are read at days of their own."""

ENOUGH_POWER = 0.8
_CALIBRATED_DAYS = 12 * MONTH + 1


def arm_events(events: pl.DataFrame, population: str, family: str, arm: str) -> pl.DataFrame:
    """The solved patients of one arm."""
    chosen = (pl.col("population") == population) & (pl.col("family") == family) & (pl.col("arm") == arm)
    return events.filter(chosen & (pl.col("status") == "ok"))


def reported_endpoints(study: Study) -> list[str]:
    """The study's endpoints; beside each GVHD trial endpoint its reference index, so that both definitions are always shown."""
    found = []
    for name in study.endpoints:
        found.append(name)
        if f"{name}_reference" in ENDPOINTS:
            found.append(f"{name}_reference")
    return found


def estimates_by_arm(study: Study, events: pl.DataFrame, population: str, families: tuple[str, ...]) -> dict[str, Any]:
    """arm -> families -> family -> endpoints -> endpoint -> rows of time_days, estimate, lower, upper, n, method."""
    follow_up, times = study.cohort.follow_up_days, study.report_times_days
    return {
        arm: {
            "families": {
                family: {
                    "endpoints": {
                        endpoint: estimate(
                            arm_events(events, population, family, arm), endpoint, times, follow_up=follow_up
                        )
                        for endpoint in reported_endpoints(study)
                    }
                }
                for family in families
            }
        }
        for arm in study.arms
    }


def curves(study: Study, events: pl.DataFrame) -> pl.DataFrame:
    """Every curve of the report on a daily grid, by population, family and arm."""
    frames = []
    for population, family, arm in events.select("population", "family", "arm").unique(maintain_order=True).iter_rows():
        for endpoint in CURVES:
            table = curve(arm_events(events, population, family, arm), endpoint, follow_up=study.cohort.follow_up_days)
            labels = {"population": population, "family": family, "arm": arm, "endpoint": endpoint}
            frames.append(table.select(*(pl.lit(v).alias(k) for k, v in labels.items()), pl.all()))
    return pl.concat(frames)


def bands(samples: pl.DataFrame) -> pl.DataFrame:
    """Median and 5-95 % band of each read-out by arm and day, over all patients (followed past relapse and death)."""
    names = [c for c in samples.columns if c not in ("arm", "patient", "time_days")]
    long = samples.unpivot(names, index=["arm", "time_days"], variable_name="readout").drop_nulls("value")
    grouped = long.group_by("arm", "readout", "time_days", maintain_order=True).agg(
        pl.col("value").quantile(0.05, "linear").alias("lower"),
        pl.col("value").quantile(0.5, "linear").alias("median"),
        pl.col("value").quantile(0.95, "linear").alias("upper"),
        pl.len().alias("n"),
    )
    return grouped.sort("readout", "arm", "time_days")


def power_rows(study: Study, events: pl.DataFrame) -> list[dict[str, Any]]:
    """Power by family and size for a study that asks for it; the first arm is the control, the second the experimental one."""
    plan = study.trial.power
    if plan is None or len(study.arms) != 2:
        return []
    control, experimental = study.arms
    rows = []
    for family in study.families:
        arms = [arm_events(events, study.cohort.population, family, arm) for arm in (control, experimental)]
        results = power_of_incidence_difference(
            *_solved_in_both(*arms),
            endpoint=plan.endpoint,
            at=plan.time_days,
            sizes=plan.sizes,
            trials=plan.trials,
            seed=study.seed,
            follow_up=study.cohort.follow_up_days,
            dropout_per_year=study.trial.dropout_per_year,
        )
        rows += [{"family": family, **asdict(result)} for result in results]
    return rows


def _solved_in_both(control: pl.DataFrame, experimental: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    both = control.join(experimental, on="patient", how="semi"), experimental.join(control, on="patient", how="semi")
    return both[0].sort("patient"), both[1].sort("patient")


def virtual_trial(study: Study, events: pl.DataFrame, power: list[dict[str, Any]]) -> tuple[pl.DataFrame, int]:
    """One randomised trial run by the study's rules, as an ADaM dataset, and its number of patients.

    Its size is the smallest with 80 % power in the first family, else the largest asked for; without power sizes, 50 an arm.
    """
    first = study.families[0]
    enough = [row["per_arm"] for row in power if row["family"] == first and row["power"] >= ENOUGH_POWER]
    per_arm = min(enough, default=max((row["per_arm"] for row in power), default=50))
    size = min(per_arm * len(study.arms), study.cohort.size)
    patients = numbers(study, study.cohort.population, first)
    cohort = draw_cohort(study.cohort.population, patients, seed=study.seed, family=first)
    conduct = Conduct(
        allocation=dict(study.trial.allocation),
        strata=study.trial.stratify,
        block_size=study.trial.block_size,
        accrual_per_month=study.trial.accrual_per_month,
        dropout_per_year=study.trial.dropout_per_year,
        cutoff=study.trial.cutoff_days,
        follow_up=study.cohort.follow_up_days,
    )
    covariates = cohort.covariates.select(pl.Series("patient", cohort.patients), pl.all())
    enrolled = conduct_trial(covariates, size, conduct, seed=study.seed)
    tables = {arm: arm_events(events, study.cohort.population, first, arm) for arm in study.arms}
    endpoints = [e for e in study.endpoints if ENDPOINTS[e].kind != "proportion"]
    data = analysis_dataset(
        enrolled, tables, study_id="INFERON", follow_up=study.cohort.follow_up_days, endpoints=endpoints
    )
    return data, len(enrolled)


def published(study: Study) -> list[dict[str, Any]]:
    """The published results the study quotes, with exact intervals where patients stand behind them."""
    return [beside(p.arm, p.endpoint, p.time_days, p.estimate, p.n, p.kind, p.source) for p in study.published]


def assumptions(study: Study) -> list[str]:
    """What the run assumes, in sentences that belong beside its numbers."""
    t, response = parameter_table("transplant"), parameter_table("interferon_response")
    follow_up = study.cohort.follow_up_days
    changed = [
        f"Arm {name}: {symbol} is set to {value:g} in place of the table's value."
        for name, arm in study.arms.items()
        for symbol, value in arm.parameters.items()
    ]
    neutral = all(arm.parameters.get("e_allo", 0) == 0 for arm in study.arms.values())
    gvhd = (
        f"GVHD neutrality of interferon is an assumption of the model (e_allo = {t['e_allo'].value:g}), never a finding."
        if neutral
        else "An arm assumes an effect of interferon on GVHD (e_allo above 0): its size is an assumption, never a finding."
    )
    return [
        *changed,
        *_choice_in_words(study),
        gvhd,
        "Overall survival: the post-relapse death rate is an assumption of the run "
        f"({t['h_pr'].value:g} per day unless an arm sets it, untreated relapse).",
        f"Extinction means extinct by day {follow_up:g} with a clonogenic fraction of {t['f_c'].value:g} unless an arm sets it; "
        "a plateau of relapse is immune control in this model, not cure.",
        "The 60 % expectation without interferon is an uncited historical figure; the model is calibrated to it.",
        f"Around the transplant the IC50 for neutrophil production is taken as {response['IC_anc_hct'].value:g} ng/mL, so that "
        f"engraftment is delayed by at most a day; outside transplantation it is {response['IC_anc'].value:g}.",
        "All parameter families share one structure; an effect of dose, schedule or start that they agree on is "
        "conditional on it.",
        "Virtual patients with the same number are the same person in every arm and family (common random numbers).",
        "Bands of the mechanism and the reference GVHD index follow every virtual patient to day 180, past relapse and death.",
        *_conduct_in_words(study),
        f"Nothing beyond 12 months is calibrated{_beyond(follow_up)}; chronic GVHD and second transplants are outside the model.",
        "For research only; nothing here advises on the treatment of a person.",
    ]


def _choice_in_words(study: Study) -> list[str]:
    """By what the patients were chosen, where they were."""
    cohort = study.cohort
    by = [f"plausible ranges of {', '.join(cohort.plausible)}"] if cohort.plausible else []
    by += [f"a target mix of {', '.join(cohort.weights.target)}"] if cohort.weights else []
    if not by:
        return []
    return [
        f"Patients of every arm were chosen from those drawn by {' and '.join(by)}, at the values of the parameter tables; "
        "the model was not fitted to such patients."
    ]


def _conduct_in_words(study: Study) -> list[str]:
    """How the randomised trial behind the ADaM dataset is run, and what power leaves out of it."""
    trial = study.trial
    strata = f"stratified by {', '.join(trial.stratify)}" if trial.stratify else "without strata"
    cutoff = (
        "when everybody has been followed"
        if trial.cutoff_days is None
        else f"on day {trial.cutoff_days:g} of the trial"
    )
    ratio = " : ".join(f"{share} {arm}" for arm, share in trial.allocation.items())
    told = [
        f"The randomised trial in tables/adtte.parquet enrols {trial.accrual_per_month:g} patients a month, allocates {ratio} "
        f"in permuted blocks of {trial.block_size} {strata}, loses {100 * trial.dropout_per_year:g} % a year and is analysed "
        f"{cutoff}; estimates and curves elsewhere are those of all virtual patients, fully followed."
    ]
    if trial.power:
        told.append(
            "Power is that of arms of equal size, every patient followed to the time of the test unless lost; its intervals "
            "cover the drawing of trials, not the sampling error of the simulated arms they are drawn from."
        )
    return told


def _beyond(follow_up: float) -> str:
    return (
        ""
        if follow_up <= _CALIBRATED_DAYS
        else "; this run goes on longer, and what it shows there is not to be reported"
    )
