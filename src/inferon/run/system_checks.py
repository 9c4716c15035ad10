"""Does a study of a system ask for something the system has? Names, units, routes, settings, quotations, treatments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from inferon.evidence import published_results
from inferon.model.catalogue import parameter_table
from inferon.model.model import Parameter
from inferon.protocol import MONTH
from inferon.run.endpoints import PERCENT
from inferon.run.systems.system import STANDARD, Refusal, System
from inferon.study import Arm, Dosing, InputError, Published, Study, check_names, nearest, revise

CHECK = "specification check"
Path = tuple[str | int, ...]


def settled(study: Study, system: System) -> Study:
    """The study with the default of every setting of every arm written out."""
    changes: dict[str, Any] = {}
    for name, arm in study.arms.items():
        written = {**{key: setting.default for key, setting in system.settings.items()}, **arm.settings}
        if written != dict(arm.settings):
            changes[f"arms.{name}.settings"] = written
    return revise(study, changes) if changes else study


def adjustable(system: System) -> dict[str, Parameter]:
    """The parameters an arm may replace, by symbol: the rows of the system's tables."""
    return {symbol: row for folder in reversed(system.modules) for symbol, row in parameter_table(folder).items()}


def check_system_study(study: Study, system: System) -> None:
    """Raise ``InputError`` (file, line, field) for what the system does not have or cannot give."""
    check_names(
        study,
        drugs=system.drugs,
        populations=system.populations,
        endpoints=system.endpoints,
        families=(STANDARD,),
        strata=(),
        sources=[item.source for item in study.published if item.kind == CHECK] + list(published_results()),
        parameter_sets=(STANDARD,),
    )
    rows = adjustable(system)
    for name, arm in study.arms.items():
        _check_dosing(study, system, name, arm)
        _check_settings(study, system, name, arm)
        _check_parameters(study, system, rows, name, arm)
        _check_treatment(study, system, name, arm)
    for index, quoted in enumerate(study.published):
        _check_published(study, system, index, quoted)


def error(
    study: Study, path: Path, message: str, *, found: object, allowed: Any, meant: str | None = None
) -> InputError:
    """An error at a field of the study, with its line."""
    field = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")
    where = {"file": study.origin.file, "line": study.origin.line(path), "field": field}
    return InputError(message, **where, found=found, allowed=allowed, meant=meant)


def _check_dosing(study: Study, system: System, name: str, arm: Arm) -> None:
    for index, dosing in enumerate(arm.regimen):
        here, drug = ("arms", name, "regimen", index), system.drugs[dosing.drug]
        if dosing.dose_unit not in drug.units:
            given = f"{dosing.dose_amount:g} {dosing.dose_unit}"
            raise error(study, (*here, "dose"), _not_dosed(dosing), found=given, allowed=list(drug.units))
        if dosing.route not in drug.routes:
            message = f"{dosing.drug} is not given this way"
            raise error(study, (*here, "route"), message, found=dosing.route, allowed=list(drug.routes))


def _not_dosed(dosing: Dosing) -> str:
    return f"{dosing.drug} is not dosed in {dosing.dose_unit}"


def _check_settings(study: Study, system: System, name: str, arm: Arm) -> None:
    for key, value in arm.settings.items():
        path = ("arms", name, "settings", key)
        if key not in system.settings:
            known = list(system.settings) or "none, since this model has no settings"
            raise error(
                study,
                path,
                "this model has no such setting",
                found=key,
                allowed=known,
                meant=nearest(key, system.settings),
            )
        setting, population = system.settings[key], study.cohort.population
        if setting.populations and population not in setting.populations and value != setting.default:
            allowed = (
                f"{str(setting.default).lower()} in {population}; other values in {', '.join(setting.populations)}"
            )
            raise error(study, path, "", found=value, allowed=allowed)
        kind = (
            (bool,)
            if isinstance(setting.default, bool)
            else (str,)
            if isinstance(setting.default, str)
            else (int, float)
        )
        fits = isinstance(value, kind) and (isinstance(value, bool) == isinstance(setting.default, bool))
        if not fits or (setting.allowed and value not in setting.allowed):
            allowed: Sequence[object] | str = list(setting.allowed) or ("a number" if int in kind else "text")
            shown = ["true", "false"] if setting.allowed == (True, False) else allowed
            raise error(study, path, "", found=value, allowed=shown)


def _check_parameters(study: Study, system: System, rows: dict[str, Parameter], name: str, arm: Arm) -> None:
    for symbol, value in arm.parameters.items():
        path = ("arms", name, "parameters", symbol)
        if not system.overrides:
            raise error(
                study, path, "no parameter of this model can be replaced in an arm", found=symbol, allowed="none"
            )
        if symbol not in rows:
            allowed = (
                f"one of the {len(rows)} symbols of its modules ({', '.join(system.modules)}; `inferon models show`)"
            )
            message = "this arm has no such parameter to change"
            raise error(study, path, message, found=symbol, allowed=allowed, meant=nearest(symbol, rows))
        row = rows[symbol]
        if value < 0 and (row.lower is None or row.lower >= 0) and row.value >= 0:
            raise error(study, path, "the value is impossible", found=value, allowed=f"0 or more {row.unit}")


def _check_treatment(study: Study, system: System, name: str, arm: Arm) -> None:
    """Let the system make the treatment; what it refuses is told at its place in the file."""
    here: Path = ("arms", name)
    try:
        system.treatment(arm)
    except Refusal as refused:
        raise error(
            study, (*here, *refused.path), refused.message, found=refused.found, allowed=refused.allowed
        ) from None
    except (KeyError, ValueError) as refused:
        raise error(study, here, str(refused.args[0]), found=None, allowed=None) from None


def _check_published(study: Study, system: System, index: int, quoted: Published) -> None:
    """A quotation must say what its source says; the number of a check of the specification stands for itself."""
    endpoint = system.endpoints[quoted.endpoint]
    unit = PERCENT if quoted.unit is None else quoted.unit
    refuse: Callable[..., InputError] = lambda field, **parts: error(study, ("published", index, field), **parts)  # noqa: E731
    if unit != endpoint.unit:
        raise refuse(
            "unit" if quoted.unit else "estimate",
            message="",
            found=unit,
            allowed=f"{endpoint.unit}, the unit of {quoted.endpoint}",
        )
    if quoted.kind == CHECK:
        _check_exists(quoted.source, refuse)
        return
    source = published_results()[quoted.source]
    printed = f"what the source reports: {source.endpoint}, {source.value:g} {source.unit}"
    printed += "" if source.time_months is None else f" at {source.time_months:g} months"
    if source.endpoint not in endpoint.evidence:
        raise refuse("endpoint", message=f"{source.id} does not report this", found=quoted.endpoint, allowed=printed)
    value = quoted.estimate * (100 if quoted.unit is None else 1)
    if abs(value - source.value) > 0.5 * (quoted.unit is None) + 1e-9:
        raise refuse("estimate", message=f"{source.id} does not report this", found=f"{value:g}", allowed=printed)
    months = quoted.time_days / MONTH
    if source.time_months is not None and abs(months - source.time_months) > 0.5:
        raise refuse("time", message=f"{source.id} does not report this", found=f"{months:g} months", allowed=printed)
    if quoted.n is not None and source.n is not None and quoted.n > source.n:
        raise refuse("n", message=f"{source.id} has fewer patients", found=quoted.n, allowed=f"{source.n} or fewer")


def _check_exists(source: str, refuse: Callable[..., InputError]) -> None:
    from inferon.evidence.check import all_checks

    known = [one.id for one in all_checks()]
    if source not in known:
        raise refuse("source", message="", found=source, allowed=known)
