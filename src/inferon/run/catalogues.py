"""The one place that checks a study's names against what Inferon has, and what cannot be checked by the study file alone."""

from __future__ import annotations

from inferon.cohort import FAMILIES, POPULATIONS
from inferon.cohort.covariates import STRATA
from inferon.evidence import published_results
from inferon.model.catalogue import DEFAULT_PRODUCT, load_composite, parameter_table
from inferon.model.model import Parameter
from inferon.protocol import MONTH, PRODUCTS, product
from inferon.run.selection import check_selection
from inferon.run.system_checks import check_system_study, error
from inferon.run.system_checks import settled as settled_by
from inferon.run.systems import NAMES, TRANSPLANT, system
from inferon.run.systems.system import Refusal, interferons, regimens
from inferon.study import Arm, InputError, Study, check_names, nearest
from inferon.trial import ENDPOINTS

INTERFERONS = interferons()
"""Units and routes of every interferon product."""

_DRAWN = (
    *(
        "logL0",
        "sdL0",
        "logL0_min",
        "logL0_max",
        "CD34",
        "CD3",
        "CD3_bm",
        "CD3_ref",
        "sd_IS0",
        "sd_mrd",
        "h_pr",
        "dt_ext",
    ),
    *("LK_cond_mac", "LK_cond_ric", "sd_LK_cond", "f_mac", "donor_mrel", "donor_mud", "donor_haplo", "donor_cord"),
    *("fA_mrel", "fA_mud", "fA_haplo", "fA_cord"),
)
"""Symbols that act on drawing patients or on their fate rather than in an equation."""
_SET_BY_THE_RUN = (
    "t_first",
    "t_gvhd_max",
    "t_graft",
    "nrm_threshold",
    "age",
    "donor_f",
    "hctci_f",
    "f_conditioning",
    "L0",
)


def adjustable(drug: str | None) -> dict[str, Parameter]:
    """The parameters an arm with this drug may override, by symbol: those that change something in it."""
    model = load_composite("transplant").parameters.values()
    own = product(drug).rows.values() if drug else ()
    default = {row.symbol for row in product(DEFAULT_PRODUCT).rows.values()}
    table = parameter_table("transplant")
    rows = {row.symbol: row for row in model if row.symbol not in default}
    rows |= {symbol: table[symbol] for symbol in _DRAWN} | {row.symbol: row for row in own}
    return {symbol: row for symbol, row in rows.items() if symbol not in _SET_BY_THE_RUN}


def check_study_names(study: Study) -> None:
    """Raise ``InputError`` (file, line, field) for a name no catalogue holds, or a regimen the model cannot give."""
    if study.model not in NAMES:
        raise error(study, ("model",), "", found=study.model, allowed=list(NAMES))
    if study.model != TRANSPLANT:
        check_system_study(study, system(study.model))
        return
    check_names(
        study,
        drugs=PRODUCTS,
        populations=POPULATIONS,
        endpoints=ENDPOINTS,
        families=FAMILIES,
        strata=STRATA,
        sources=published_results(),
        parameter_sets=("reference",),
    )
    _check_power(study)
    for name, arm in study.arms.items():
        _refuse_settings(study, name, arm)
        _check_regimen(study, name, arm)
        _check_overrides(study, name, arm)
    for index in range(len(study.published)):
        _check_published(study, index)
    check_selection(study)


def settled(study: Study) -> Study:
    """The study with every default of its system written out."""
    return study if study.model == TRANSPLANT else settled_by(study, system(study.model))


def _refuse_settings(study: Study, name: str, arm: Arm) -> None:
    for key in arm.settings:
        path = ("arms", name, "settings", key)
        raise error(study, path, "the transplant model has no settings", found=key, allowed="none")


def _check_overrides(study: Study, name: str, arm: Arm) -> None:
    allowed = adjustable(arm.regimen[0].drug if arm.regimen else None)
    for symbol, value in arm.parameters.items():
        where = {"file": study.origin.file, "line": study.origin.line(("arms", name, "parameters", symbol))}
        where["field"] = f"arms.{name}.parameters.{symbol}"
        if symbol not in allowed:
            raise InputError(
                "this arm has no such parameter to change",
                **where,
                found=symbol,
                allowed=f"one of the {len(allowed)} symbols of its modules and its drug (`inferon models show transplant`)",
                meant=nearest(symbol, allowed),
            )
        row = allowed[symbol]
        positive = row.lower is not None and row.lower > 0
        negative = value < 0 and (row.lower is None or row.lower >= 0)
        if negative or (value == 0 and positive):
            bound = "above 0" if positive else "0 or more"
            raise InputError("the value is impossible", **where, found=value, allowed=f"{bound} {row.unit}")


def _check_published(study: Study, index: int) -> None:
    """A quotation must say what its source says: endpoint, time and estimate, of no more patients."""
    quoted, source = study.published[index], published_results()[study.published[index].source]
    said = {
        "endpoint": (quoted.endpoint, source.endpoint_name),
        "time": (quoted.time_days / MONTH, source.time_months),
        "estimate": (100 * quoted.estimate, source.value),
    }
    for field, (found, printed) in said.items():
        agrees = printed is None or (found == printed if isinstance(found, str) else abs(found - float(printed)) < 0.5)
        if not agrees or (field == "endpoint" and printed is None):
            raise InputError(
                f"{source.id} does not report this",
                file=study.origin.file,
                line=study.origin.line(("published", index)),
                field=f"published[{index}].{field}",
                found=found if isinstance(found, str) else f"{found:g}",
                allowed=f"what the source reports: {source.endpoint}, {source.value:g} {source.unit}"
                + ("" if source.time_months is None else f" at {source.time_months:g} months"),
            )
    if quoted.n is not None and source.n is not None and quoted.n > source.n:
        raise InputError(
            f"{source.id} has fewer patients",
            file=study.origin.file,
            line=study.origin.line(("published", index, "n")),
            field=f"published[{index}].n",
            found=quoted.n,
            allowed=f"{source.n} or fewer",
        )


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
        path, drug = ("arms", name, "regimen", index), INTERFERONS[dosing.drug]
        if dosing.dose_unit not in drug.units:
            unit = "million units" if dosing.dose_unit == "MIU" else dosing.dose_unit
            given = f"{dosing.dose_amount:g} {dosing.dose_unit}"
            message = f"{dosing.drug} is not dosed in {unit}"
            raise error(study, (*path, "dose"), message, found=given, allowed=list(drug.units))
        if dosing.route not in drug.routes:
            message, allowed = f"{dosing.drug} is not given this way", list(drug.routes)
            raise error(study, (*path, "route"), message, found=dosing.route, allowed=allowed)
    try:
        regimens(arm)
    except Refusal as refused:
        path = ("arms", name, *refused.path)
        raise error(study, path, refused.message, found=refused.found, allowed=refused.allowed) from None
