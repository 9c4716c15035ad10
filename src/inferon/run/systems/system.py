"""What a system is: one disease or question that studies can be made of, as one value of plain parts.

A system says who its patients are, what an arm may give, what is read out, and how an arm is simulated: two plain tables, one row
a patient and one row a patient and visit. Everything else (blocks, checkpoints, estimates, figures, page) is the same for all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from inferon.protocol import PRODUCTS, product
from inferon.protocol.records import Regimen
from inferon.run.endpoints import Endpoint
from inferon.study import Arm

STANDARD = "reference"
SUBCUTANEOUS, INTRAVENOUS, ORAL = "subcutaneous", "intravenous", "oral"


@dataclass(frozen=True, kw_only=True)
class Drug:
    """How a drug may be prescribed: units of its dose and routes, the first of each being the usual one."""

    units: tuple[str, ...]
    routes: tuple[str, ...] = (SUBCUTANEOUS,)


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Something an arm decides beside its drugs.

    Attributes
    ----------
    default: the value without it. meaning: what it is, in words.
    allowed: the values it may have (empty: any of that kind).
    populations: in which it may differ from its default (empty: in all).
    """

    default: bool | float | str
    meaning: str
    allowed: tuple[bool | float | str, ...] = ()
    populations: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Readout:
    """A column of the visits that is drawn as median and band: its title, its unit, whether its axis starts at zero."""

    title: str
    unit: str
    from_zero: bool = True


@dataclass(frozen=True, kw_only=True)
class Part:
    """Some patients of one arm: what a system is asked to simulate."""

    population: str
    patients: np.ndarray
    arm: Arm
    seed: int
    follow_up: float
    report_times: tuple[float, ...]
    threads: int = 1


@dataclass(frozen=True)
class Tables:
    """What came out: ``patients`` (one row each: ``patient``, ``status``, …) and ``visits`` (``patient``, ``time_days``, …)."""

    patients: pl.DataFrame
    visits: pl.DataFrame


class Refusal(Exception):
    """An arm the system cannot give: where in the arm, what was found, what is allowed. Becomes an `InputError` with its line."""

    def __init__(
        self, message: str, *, path: Sequence[str | int] = (), found: object = None, allowed: object = None
    ) -> None:
        super().__init__(message)
        self.message, self.path, self.found, self.allowed = message, tuple(path), found, allowed


@dataclass(frozen=True, kw_only=True)
class System:
    """One system.

    Attributes
    ----------
    name: what a study's ``model`` calls it.
    title: the same in words.
    populations: who can be studied, each with a sentence.
    drugs: what an arm may give.
    settings: what else an arm may decide.
    endpoints: what is estimated, by name.
    readouts: columns of the visits that are drawn over time.
    modules: biology folders whose parameters an arm may replace and whose cards are quoted.
    checks: acceptance checks of the specification that bear on it.
    assumptions: sentences that belong beside its numbers.
    day_zero: what day 0 is.
    overrides: whether an arm may replace parameters.
    treatment: makes the trial room's treatment of an arm; raises `Refusal`, ``ValueError`` or ``KeyError`` for an impossible one.
    simulate: carries some patients of an arm.
    covariates: who the patients of a population are, one row each, for the cohort table.
    """

    name: str
    title: str
    populations: Mapping[str, str]
    drugs: Mapping[str, Drug]
    endpoints: Mapping[str, Endpoint]
    modules: tuple[str, ...]
    treatment: Callable[[Arm], object]
    simulate: Callable[[Part], Tables]
    covariates: Callable[[str, np.ndarray, int], pl.DataFrame]
    settings: Mapping[str, Setting] = field(default_factory=dict)
    readouts: Mapping[str, Readout] = field(default_factory=dict)
    checks: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    day_zero: str = "the start of treatment"
    overrides: bool = True


def interferons(names: Sequence[str] = PRODUCTS, *, units: Sequence[str] = ()) -> dict[str, Drug]:
    """The interferon products as drugs; million units only where the mass of one is known. ``units`` adds to those."""
    return {
        name: Drug(
            units=("ug", "ug/kg", *(("MIU",) if product(name).ug_per_miu is not None else ()), *units),
            routes=(SUBCUTANEOUS, INTRAVENOUS),
        )
        for name in names
    }


def regimens(arm: Arm, *, drugs: Sequence[str] = PRODUCTS) -> list[Regimen]:
    """The lines of an arm that give one of ``drugs``, as the protocol room takes them; more than one product is refused."""
    lines = [(index, dosing) for index, dosing in enumerate(arm.regimen) if dosing.drug in drugs]
    for index, dosing in lines:
        if dosing.drug != lines[0][1].drug:
            raise Refusal(
                "the model follows one interferon product in an arm",
                path=("regimen", index, "drug"),
                found=dosing.drug,
                allowed=[lines[0][1].drug],
            )
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
        for _, dosing in lines
    ]


def setting(system_settings: Mapping[str, Setting], arm: Arm, name: str) -> bool | float | str:
    """What an arm sets, or the default."""
    return arm.settings.get(name, system_settings[name].default)


def no_doses_before(arm: Arm, first_day: float = 0.0) -> None:
    """Refuse a dose before the model begins."""
    for index, dosing in enumerate(arm.regimen):
        if dosing.start_day < first_day:
            raise Refusal(
                f"the model begins on day {first_day:g}",
                path=("regimen", index, "start"),
                found=f"day {dosing.start_day:g}",
                allowed=f"day {first_day:g} or later",
            )


def visits_of(part: Part, every: float, *, also: Sequence[float] = ()) -> np.ndarray:
    """Days of visits: every so many days, and those the study reports at, in whole days from 0 to the end of follow-up."""
    regular = np.arange(0.0, part.follow_up + every / 2, every)
    days = np.rint(np.concatenate([regular, part.report_times, also]))
    return np.unique(days[days <= np.rint(part.follow_up)])
