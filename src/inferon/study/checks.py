"""Rules that hold between fields of one study: dates in order, names that refer to something, nothing given twice."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import TYPE_CHECKING

from inferon.study.errors import NOTHING, Absence
from inferon.study.frozen import problem
from inferon.study.quantities import format_day, format_duration

if TYPE_CHECKING:
    from inferon.study.specification import Arm, Dosing, Power, Study

FIRST_DAY = -1.0
"""The calendar begins here: day -1 is the day before the graft, after conditioning."""

TRANSPLANT_ONLY = ("families", "trial")
"""Fields of a study that only the transplant model fills."""


def check_study(study: Study) -> None:
    """Raise the first problem found; the order is that of the file."""
    _check_cohort(study)
    for name, arm in study.arms.items():
        _check_regimen(study, name, arm)
    _check_published(study)
    _check_trial(study)
    if study.trial.power is not None:
        _check_power(study, study.trial.power)
    _check_report_times(study)
    for field in ("families", "endpoints"):
        _check_once((field,), getattr(study, field), getattr(study, field))


def refuse_transplant_fields(study: Study) -> None:
    """Raise for what only a study of the transplant model can have: families, a comparison, chosen patients, a trial."""
    given = [(name,) for name in TRANSPLANT_ONLY if name in study.model_fields_set]
    given += [
        ("cohort", name)
        for name in ("comparison_population", "comparison_size", "plausible", "weights")
        if name in study.cohort.model_fields_set and getattr(study.cohort, name)
    ]
    if given:
        raise problem(
            "this field belongs to studies of the model transplant",
            path=given[0],
            found=study.model,
            allowed="no such field in a study of another model",
        )


def _check_cohort(study: Study) -> None:
    cohort = study.cohort
    if cohort.comparison_population == cohort.population:
        raise problem(
            "a population cannot be compared with itself",
            path=("cohort", "comparison_population"),
            found=cohort.population,
            allowed="another population, or null for none",
        )


def _check_regimen(study: Study, name: str, arm: Arm) -> None:
    here = ("arms", name, "regimen")
    _check_once(here, [repr(dosing) for dosing in arm.regimen], [dosing.drug for dosing in arm.regimen])
    for index, dosing in enumerate(arm.regimen):
        _check_dosing(study, dosing, (*here, index))


def _check_dosing(study: Study, dosing: Dosing, here: tuple[str | int, ...]) -> None:
    if dosing.doses > 1 and dosing.interval_days is None:
        allowed = 'an interval between doses, as in "14 days", because doses is more than 1'
        raise problem("", path=(*here, "every"), found=NOTHING, allowed=allowed)
    if dosing.start_day < FIRST_DAY:
        allowed = f'from "{format_day(FIRST_DAY)}" on, where the calendar begins'
        raise problem("", path=(*here, "start"), found=format_day(dosing.start_day), allowed=allowed)
    last, end = dosing.dose_days[-1], study.cohort.follow_up_days
    if last > end:
        field, found = ("doses", dosing.doses) if dosing.doses > 1 else ("start", format_day(dosing.start_day))
        raise problem(
            f"the last dose falls on {format_day(last)}, after the end of follow-up",
            path=(*here, field),
            found=found,
            allowed=f"doses up to {format_day(end)}",
        )


def _check_published(study: Study) -> None:
    for index, result in enumerate(study.published):
        here = ("published", index)
        _check_among((*here, "arm"), result.arm, list(study.arms))
        _check_among((*here, "endpoint"), result.endpoint, study.endpoints)
        _check_within_follow_up((*here, "time"), result.time_days, study)
    results = [(item.arm, item.endpoint, item.time_days, item.source) for item in study.published]
    _check_once(("published",), results, [item.source for item in study.published])


def _check_trial(study: Study) -> None:
    trial = study.trial
    for name in trial.allocation:
        _check_among(("trial", "allocation", name), name, list(study.arms))
    shares = sum(trial.allocation.values())
    if trial.block_size is not None and trial.block_size % shares:
        raise problem(
            "",
            path=("trial", "block_size"),
            found=trial.block_size,
            allowed=f"a multiple of {shares}, the sum of the allocation",
        )
    _check_once(("trial", "stratify"), trial.stratify, trial.stratify)


def _check_power(study: Study, power: Power) -> None:
    here, shares = ("trial", "power"), study.trial.allocation
    if len(shares) != 2:
        raise problem(
            "", path=here, found=Absence(f"{len(shares)} arms in the trial"), allowed="power of exactly two arms"
        )
    _check_among((*here, "endpoint"), power.endpoint, study.endpoints)
    _check_within_follow_up((*here, "time"), power.time_days, study)
    _check_once((*here, "sizes"), power.sizes, power.sizes)
    most = study.cohort.size * min(shares.values()) // sum(shares.values())
    for index, size in enumerate(power.sizes):
        if size > most:
            raise problem(
                "trials are drawn without replacement and no patient may enter both arms",
                path=(*here, "sizes", index),
                found=size,
                allowed=f"up to {most} per arm from {study.cohort.size} patients",
            )


def _check_report_times(study: Study) -> None:
    times = study.report_times_days
    for index, time in enumerate(times):
        _check_within_follow_up(("report_times", index), time, study)
        if index and time <= times[index - 1]:
            allowed = f"times in order, each once: after {format_duration(times[index - 1])}"
            raise problem("", path=("report_times", index), found=format_duration(time), allowed=allowed)


def _check_among(path: tuple[str | int, ...], found: str, allowed: Sequence[str]) -> None:
    if found not in allowed:
        raise problem("", path=path, found=found, allowed=list(allowed))


def _check_within_follow_up(path: tuple[str | int, ...], days: float, study: Study) -> None:
    if days > study.cohort.follow_up_days:
        allowed = f"up to the end of follow-up, {format_duration(study.cohort.follow_up_days)}"
        raise problem("", path=path, found=format_duration(days), allowed=allowed)


def _check_once(path: tuple[str | int, ...], items: Iterable[Hashable], shown: Sequence[object]) -> None:
    seen: set[Hashable] = set()
    for index, item in enumerate(items):
        if item in seen:
            raise problem("given twice", path=(*path, index), found=shown[index], allowed="each entry once")
        seen.add(item)
