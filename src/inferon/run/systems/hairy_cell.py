"""Hairy-cell leukaemia: low-dose interferon, a course of a purine analogue, or one after the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from inferon.cohort.hairy_cell import draw_hairy_cell_cohort
from inferon.protocol import MONTH
from inferon.protocol.records import Regimen
from inferon.run.endpoints import INCIDENCE, MEDIAN, SHARE, Endpoint
from inferon.run.systems.system import (
    Drug,
    Part,
    Readout,
    Refusal,
    Setting,
    System,
    Tables,
    no_doses_before,
    regimens,
    setting,
    visits_of,
)
from inferon.study import Arm
from inferon.trial.hairy_cell import simulate_hairy_cell
from inferon.trial.hairy_cell_treatment import PURINE_ANALOGUES, LowDoseInterferon, Treatment
from inferon.trial.responses.hairy_cell import MORPHOLOGY, HairyCellResponse

_INTERFERONS = ("interferon alfa-2a", "interferon alfa-2b")
_COMPLETE, _PARTIAL = HairyCellResponse.COMPLETE.value, HairyCellResponse.PARTIAL.value
SETTINGS = {
    "rescue": Setting(
        default=False,
        allowed=(True, False),
        meaning="whether a course of cladribine follows when counts measured at a visit call for treatment again",
    ),
    "morphology": Setting(
        default="interferon era",
        allowed=tuple(MORPHOLOGY),
        meaning="by whose eyes a marrow counts as free of hairy cells",
    ),
}


@dataclass(frozen=True, kw_only=True)
class PrescribedInterferon(LowDoseInterferon):
    """Interferon as the lines of a study say, in place of three days a week."""

    lines: tuple[Regimen, ...]

    @property
    def end(self) -> float:
        """A week after the last dose."""
        return max(float(line.days[-1]) for line in self.lines) + 7.0

    def regimens(self) -> list[Regimen]:
        """The lines."""
        return list(self.lines)


def treatment(arm: Arm) -> Treatment:
    """The arm as the trial room takes it."""
    no_doses_before(arm)
    courses = [(i, d) for i, d in enumerate(arm.regimen) if d.drug in PURINE_ANALOGUES]
    for index, dosing in courses:
        if dosing.drug != courses[0][1].drug:
            raise Refusal(
                "one purine analogue an arm",
                path=("regimen", index, "drug"),
                found=dosing.drug,
                allowed=[courses[0][1].drug],
            )
        if dosing.dose_amount != 1:
            raise Refusal(
                "a course is given whole",
                path=("regimen", index, "dose"),
                found=f"{dosing.dose_amount:g} courses",
                allowed="1 course",
            )
    return Treatment(
        interferon=_interferon(arm),
        analogue=courses[0][1].drug if courses else PURINE_ANALOGUES[0],
        courses=tuple(day for _, dosing in courses for day in dosing.dose_days),
        rescue=bool(setting(SETTINGS, arm, "rescue")),
        morphology=str(setting(SETTINGS, arm, "morphology")),
    )


def _interferon(arm: Arm) -> PrescribedInterferon | None:
    given = regimens(arm, drugs=_INTERFERONS)
    if not given:
        return None
    units = {line.unit for line in given}
    if len(units) > 1:
        raise Refusal(
            "the lines of one interferon share a unit",
            path=("regimen",),
            found=" and ".join(sorted(units)),
            allowed="MIU or MIU/m2",
        )
    lines = tuple(Regimen(**{**vars(line), "unit": "MIU"}) for line in given)
    return PrescribedInterferon(
        drug=given[0].drug, start=min(line.start for line in given), per_m2=units == {"MIU/m2"}, lines=lines
    )


def simulate(part: Part) -> Tables:
    """Counts and hairy-cell index at monthly visits."""
    cohort = draw_hairy_cell_cohort(
        part.patients, seed=part.seed, population=part.population, overrides=part.arm.parameters
    )
    result = simulate_hairy_cell(cohort, treatment(part.arm), visits=visits_of(part, MONTH), threads=part.threads)
    visits = result.visits.rename({"day": "time_days"})
    again = (
        result.ledger.filter(pl.col("reason") != "planned").group_by("patient").agg(retreatment_day=pl.col("day").min())
    )
    patients = result.patients.join(again, on="patient", how="left", maintain_order="left")
    return Tables(patients.with_columns(pl.col("retreatment_day").cast(pl.Float64)), visits)


ENDPOINTS = {
    "response": Endpoint(
        label="Complete or partial response",
        definition="marrow hairy cells at least halved and all blood counts normal, at the visit",
        kind=SHARE,
        holds=pl.col("response").is_in([_COMPLETE, _PARTIAL]),
        evidence=("complete or partial remission", "confirmed complete or partial remission"),
    ),
    "complete_response": Endpoint(
        label="Complete response",
        definition="marrow free of hairy cells by the morphology of the arm and all blood counts normal, at the visit",
        kind=SHARE,
        holds=pl.col("response") == _COMPLETE,
        evidence=("complete remission", "confirmed complete remission", "complete response"),
    ),
    "first_response": Endpoint(
        label="First complete or partial response",
        definition="first visit with a complete or partial response",
        kind=INCIDENCE,
        events=("response_day",),
        evidence=("complete or partial remission", "confirmed complete or partial remission"),
    ),
    "first_complete_response": Endpoint(
        label="First complete response",
        definition="first visit with a complete response",
        kind=INCIDENCE,
        events=("complete_response_day",),
        evidence=("complete remission", "confirmed complete remission", "complete response"),
    ),
    "marrow_relapse": Endpoint(
        label="Marrow relapse after response",
        definition="hairy-cell index above the level of a relapse after it had been halved; time from the halving",
        kind=INCIDENCE,
        since="marrow_response_day",
        events=("marrow_relapse_day",),
        evidence=("relapsed", "time-to-treatment-failure rate, all responders"),
    ),
    "retreatment": Endpoint(
        label="Treated again",
        definition="a course of cladribine decided on at a visit because counts were low (arms with rescue)",
        kind=INCIDENCE,
        events=("retreatment_day",),
    ),
    "hairy_cell_index": Endpoint(
        label="Hairy-cell index of the marrow, median",
        definition="share of hairy cells times share of cellularity",
        kind=MEDIAN,
        unit="index",
        number=pl.col("index"),
    ),
}


def covariates(population: str, patients: np.ndarray, seed: int) -> pl.DataFrame:
    """Who they are, with the hairy-cell index before treatment."""
    cohort = draw_hairy_cell_cohort(patients, seed=seed, population=population)
    return cohort.covariates.with_columns(hairy_cell_index=pl.Series(cohort.parameters["hairy_cell__Hc0"]))


SYSTEM = System(
    name="hairy-cell",
    title="Hairy-cell leukaemia",
    populations={
        "hairy-cell": "in need of treatment; regrowth as specified",
        "hairy-cell slow": "the same with a share of patients whose regrowth is slow (sensitivity)",
    },
    drugs={
        **{name: Drug(units=("MIU/m2", "MIU")) for name in _INTERFERONS},
        **{name: Drug(units=("course",), routes=("subcutaneous", "intravenous")) for name in PURINE_ANALOGUES},
    },
    settings=SETTINGS,
    endpoints=ENDPOINTS,
    readouts={
        "index": Readout(title="Hairy-cell index of the marrow", unit="0–1"),
        "ANC": Readout(title="Neutrophils", unit="10⁹/L"),
        "PLT": Readout(title="Platelets", unit="10⁹/L"),
        "HB": Readout(title="Haemoglobin", unit="g/dL"),
    },
    modules=("hairy_cell", "interferon_pk", "interferon_response", "marrow"),
    checks=("F1", "F2", "F5", "F6"),
    assumptions=(
        "Every lineage is held back alike by hairy cells, so haemoglobin starts lower than patients present with and "
        "normalises late: responses by the full definition come later than published.",
        "Nobody dies, and nobody stops interferon for side effects.",
    ),
    treatment=treatment,
    simulate=simulate,
    covariates=covariates,
)
