"""The one place that checks a study's names against what Inferon has, and what cannot be checked by the study file alone."""

from __future__ import annotations

from inferon.cohort import FAMILIES, POPULATIONS
from inferon.cohort.covariates import STRATA
from inferon.evidence import published_results
from inferon.model.catalogue import parameter_table
from inferon.protocol import PRODUCTS, product
from inferon.protocol.records import Regimen
from inferon.study import Arm, InputError, Study, check_names
from inferon.trial import ENDPOINTS

_TABLES = ("interferon_pk", "interferon_response", "marrow", "transplant")


def parameter_symbols() -> list[str]:
    """Symbols an arm may override."""
    return sorted({symbol for folder in _TABLES for symbol in parameter_table(folder)})


def check_study_names(study: Study) -> None:
    """Raise ``InputError`` (file, line, field) for a name no catalogue holds, or a regimen the model cannot give."""
    check_names(
        study,
        drugs=PRODUCTS,
        populations=POPULATIONS,
        endpoints=ENDPOINTS,
        families=FAMILIES,
        strata=STRATA,
        sources=published_results(),
        models=("transplant",),
        parameter_sets=("reference",),
        symbols=parameter_symbols(),
    )
    _check_power(study)
    for name, arm in study.arms.items():
        _check_regimen(study, name, arm)


def _check_power(study: Study) -> None:
    incidences = [name for name, endpoint in ENDPOINTS.items() if endpoint.kind == "cumulative incidence"]
    if study.trial.power and study.trial.power.endpoint not in incidences:
        raise InputError(
            "the test compares cumulative incidences",
            file=study.origin.file,
            line=study.origin.line(("trial", "power", "endpoint")),
            field="trial.power.endpoint",
            found=study.trial.power.endpoint,
            allowed=incidences,
        )


def _check_regimen(study: Study, name: str, arm: Arm) -> None:
    for index, dosing in enumerate(arm.regimen):
        path = ("arms", name, "regimen", index)
        field = f"arms.{name}.regimen[{index}]"
        if dosing.drug != arm.regimen[0].drug:
            raise InputError(
                "the model follows one interferon product in an arm",
                file=study.origin.file,
                line=study.origin.line((*path, "drug")),
                field=f"{field}.drug",
                found=dosing.drug,
                allowed=[arm.regimen[0].drug],
            )
        if dosing.dose_unit == "MIU" and product(dosing.drug).ug_per_miu is None:
            raise InputError(
                f"{dosing.drug} is not dosed in million units",
                file=study.origin.file,
                line=study.origin.line((*path, "dose")),
                field=f"{field}.dose",
                found=f"{dosing.dose_amount:g} {dosing.dose_unit}",
                allowed=["ug", "ug/kg"],
            )
        if dosing.start_day < -1:
            raise InputError(
                "the model begins on day -1, after conditioning",
                file=study.origin.file,
                line=study.origin.line((*path, "start")),
                field=f"{field}.start",
                found=f"day {dosing.start_day:g}",
                allowed="day -1 or later",
            )


def regimens(arm: Arm) -> list[Regimen]:
    """The regimens of an arm as the protocol room takes them."""
    return [
        Regimen(
            drug=dosing.drug,
            dose=dosing.dose_amount,
            unit=dosing.dose_unit,
            start=dosing.start_day,
            interval=dosing.interval_days or 0.0,
            doses=dosing.doses,
            route=dosing.route,
        )
        for dosing in arm.regimen
    ]
