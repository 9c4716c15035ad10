"""One virtual patient or a cohort of one model under a regimen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from inferon.cohort import Cohort
from inferon.engine import Batch, CompiledModel, Doses, Settings, choose_method, compile_model
from inferon.simulation.changes import Change, by_parameter, by_symbol, drawn_from
from inferon.simulation.dosing import dosed_states, product_columns
from inferon.simulation.dosing import doses as dosing_records
from inferon.simulation.models import find_model
from inferon.simulation.outcome import result
from inferon.simulation.people import alike, varied
from inferon.simulation.question import Question, asked, patient_numbers
from inferon.simulation.results import Simulation
from inferon.simulation.special import (
    FEW,
    OF_EXTINCTION,
    analogue_columns,
    chemotherapy,
    decide_extinction,
    extinction_readouts,
    put_at_rest,
)
from inferon.study import InputError

_OWN = Settings(rtol=1e-8, default_atol=1e-12, max_steps=1_000_000, waiting=1000)


def simulate(
    model: str,
    *,
    doses: Sequence[str] = (),
    days: float = 365.0,
    show: Sequence[str] = (),
    patients: int | None = None,
    patient: int | None = None,
    population: str | None = None,
    parameters: Mapping[str, float] | None = None,
    vary: Mapping[str, float] | None = None,
    seed: int = 1,
    step: float | None = None,
    when: Sequence[str] = (),
    threads: int = 1,
) -> Simulation:
    """What does this model do under this regimen, in one virtual patient or in a cohort?

    ``model`` names a shipped composite or module, or an Antimony or SBML file (then times are in its own unit). ``doses`` are
    lines such as ``"peginterferon alfa-2a 180 ug every 14 days 4 doses from day -1"`` (``inferon.simulation.regimens``).
    Without ``patients`` (how many) or ``patient`` (which one) it is the typical patient. ``parameters`` replaces values by symbol
    of a table row or by full name; ``vary`` multiplies parameters by a log-normal factor of the given coefficient of variation.
    ``step`` is the time between two rows of the courses; ``when`` lists conditions such as ``"ANC < 0.5"``, looked for at those
    times. Raises ``InputError``, one sentence, for whatever cannot be done.
    """
    question = asked(
        find_model(model, parameters or {}),
        doses,
        days=days,
        show=show,
        numbers=patient_numbers(patients, patient),
        population=population,
        parameters=parameters or {},
        vary=vary or {},
        seed=seed,
        step=step,
        when=when,
    )
    cohort = _cohort(question, question.changes)
    compiled = _compiled(question, cohort)
    _refuse_idle_changes(question, compiled)
    return _carried_out(question, cohort, compiled, threads)


def _cohort(question: Question, changes: Sequence[Change]) -> Cohort:
    subject, values, profile = question.subject, by_symbol(changes), question.subject.profile
    if question.numbers is None:
        cohort = profile.typical(values, question.seed)
    elif not question.population:
        cohort = alike(question.numbers, values, question.seed)
    else:
        draw = profile.populations[question.population]
        try:
            cohort = draw(question.numbers, question.seed, drawn_from(subject, values))
        except ValueError as error:
            raise InputError(str(error), field="patients") from None
        cohort = replace(cohort, constants={**cohort.constants, **values})
    return varied(cohort, subject.model, question.spread)


def _compiled(question: Question, cohort: Cohort) -> CompiledModel:
    subject = question.subject
    names = (*extinction_readouts(subject, cohort), *question.sampled, *dosed_states(subject, question.course))
    readouts = tuple(dict.fromkeys(names))
    method = subject.profile.method
    if method == "auto":
        settings = _settings(question)
        start, end = float(question.grid[0]), question.end
        method = choose_method(subject.model, readouts=readouts, start=start, end=end, settings=settings).method
    return compile_model(subject.model, readouts, method=method)


def _settings(question: Question) -> Settings:
    if not question.subject.own:
        return question.subject.profile.settings
    floor = dict.fromkeys(question.subject.model.state_names, -np.inf)
    return replace(_OWN, floor=floor, max_step=float(np.diff(question.grid).max()))


def _inputs(
    question: Question, cohort: Cohort, model: CompiledModel, changes: Sequence[Change]
) -> tuple[np.ndarray, Doses]:
    """Parameter table and dosing records of the patients."""
    values, subject = model.defaults(len(cohort)), question.subject
    rows = subject.model.parameters
    columns = {name: cohort.constants[row.symbol] for name, row in rows.items() if row.symbol in cohort.constants}
    columns |= analogue_columns(subject, cohort, question.course)
    columns |= cohort.parameters | product_columns(subject, cohort, question.course) | by_parameter(changes)
    for name, column in columns.items():
        if name in model.kernel.parameters:
            values[:, model.column(name)] = column
    return values, dosing_records(subject, model, cohort, question.course)


def _refuse_idle_changes(question: Question, model: CompiledModel) -> None:
    """Refuse a replaced value that changes nothing in any patient: it would be believed to have been tried."""
    few = replace(question, numbers=None if question.numbers is None else question.numbers[:20])
    whole = _fingerprint(few, model, question.changes)
    for change in question.changes:
        others = [other for other in question.changes if other is not change]
        if change.value != change.row.value and _fingerprint(few, model, others) == whole:
            message = "replacing this value changes nothing in this simulation"
            allowed = "a value that the model, its population or the drug that is given depends on"
            raise InputError(message, field=f"parameters {change.name}", found=change.value, allowed=allowed)


def _fingerprint(question: Question, model: CompiledModel, changes: Sequence[Change]) -> tuple[bytes, ...]:
    cohort = _cohort(question, changes)
    values, given = _inputs(question, cohort, model, changes)
    drawn = [*cohort.draws.values()] if question.subject.profile.grafted else []
    if extinction_readouts(question.subject, cohort):
        drawn.append(np.array([cohort.constants.get(symbol, np.nan) for symbol in OF_EXTINCTION]))
    return tuple(np.ascontiguousarray(a).tobytes() for a in (values, given.time, given.amount, given.duration, *drawn))


def _carried_out(question: Question, cohort: Cohort, model: CompiledModel, threads: int) -> Simulation:
    subject = question.subject
    values, given = _inputs(question, cohort, model, question.changes)
    start, settings = float(question.grid[0]), _settings(question)
    batch = Batch(model, values, start=start, doses=given, sample_days=question.grid, settings=settings)
    put_at_rest(batch, cohort)
    drawn = bool(extinction_readouts(subject, cohort))
    journey = {"stop_on": subject.profile.leave_at, "threads": threads}
    courses = chemotherapy(question.course, cohort)
    for day in courses.days[courses.days <= question.end]:
        batch.advance(day, **journey)
        courses.give(batch, day)
    batch.advance(question.end, pause_on=(FEW,) if drawn else (), **journey)
    extinct = None
    if drawn:
        extinct = decide_extinction(batch, subject, cohort, end=question.end, threads=threads)
        batch.advance(question.end, **journey)
    return result(question, cohort, batch, extinct)
