"""What a study says: who, what is given, what is measured, how the trial is run, and the seed.

Names in a study file are those of the YAML (`start: day -1`); names in Python carry the unit (`start_day`).
Each part refuses unknown fields and cannot be changed; defaults that depend on other fields are filled in when
the study is made, so a study always holds every value it will be run with.
"""

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from inferon.study.checks import check_study, refuse_transplant_fields
from inferon.study.document import Origin
from inferon.study.errors import NOTHING
from inferon.study.frozen import FrozenMapping, Record, problem
from inferon.study.quantities import (
    DAYS_PER_MONTH,
    DAYS_PER_YEAR,
    DayField,
    DoseField,
    DurationField,
    EstimateField,
    LossField,
    RateField,
    SettingField,
)
from inferon.study.selection import Ranges, Target, or_a_file

TRANSPLANT = "transplant"
"""The model with parameter families, a comparison population and a randomised trial; every other one has none of them."""

FAMILIES = ("reference", "low_burden", "strong_direct", "slow_disease", "strong_allo")
ENDPOINTS = (
    "relapse",
    "non_relapse_mortality",
    "overall_survival",
    "leukaemia_free_survival",
    "acute_gvhd_2_4",
    "acute_gvhd_3_4",
    "engraftment",
    "mrd",
)
SELECTION = ("plausible", "weights")
"""Fields of a cohort that choose among the patients drawn; written out only where they do."""

DEFAULT_REPORT_TIMES_DAYS = (3 * DAYS_PER_MONTH, 6 * DAYS_PER_MONTH)


def _clean(text: Any) -> Any:
    if not isinstance(text, str):
        return text
    clean = " ".join(text.split())
    if not clean.isprintable():
        raise problem("", found=text, allowed="text without control characters")
    return clean


def _as_tuple(items: Any) -> Any:
    return tuple(items) if isinstance(items, list) else items


Text = Annotated[str, Field(min_length=1, max_length=2000), BeforeValidator(_clean)]
Name = Annotated[str, Field(min_length=1, max_length=80), BeforeValidator(_clean)]
ArmName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,39}$")]
Symbol = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,79}$")]
Count = Annotated[int, Field(ge=1, le=10_000_000)]
List = BeforeValidator(_as_tuple)
Frozen = AfterValidator(FrozenMapping)


class Dosing(Record):
    """One line of a regimen: a drug, its dose, and when it is given; `doses` doses, `interval_days` apart."""

    drug: Name
    dose: DoseField
    route: Literal["subcutaneous", "intravenous", "oral"] = "subcutaneous"
    start_day: DayField = Field(alias="start")
    interval_days: DurationField | None = Field(None, alias="every")
    doses: Annotated[int, Field(ge=1, le=10_000)] = 1

    @property
    def dose_amount(self) -> float:
        """The amount of one dose, in `dose_unit`."""
        return self.dose.amount

    @property
    def dose_unit(self) -> str:
        """One of `inferon.study.quantities.DOSE_UNITS`."""
        return self.dose.unit

    @property
    def dose_days(self) -> tuple[float, ...]:
        """The study days of all doses, in order; day 0 is the graft, or the start of treatment."""
        return tuple(self.start_day + index * (self.interval_days or 0.0) for index in range(self.doses))


class Arm(Record):
    """What one arm receives, and what differs in it.

    settings     what the model lets an arm decide beside its drugs, by name (`inferon studies systems` lists them)
    parameters   by symbol, in the unit of the parameter table
    """

    regimen: Annotated[tuple[Dosing, ...], List] = ()
    settings: Annotated[dict[Symbol, SettingField], Frozen] = Field(default_factory=FrozenMapping)
    parameters: Annotated[dict[Symbol, float], Frozen] = Field(default_factory=FrozenMapping)

    @model_serializer(mode="wrap")
    def _without_empty_settings(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        written = write(self)
        return written if self.settings else {name: value for name, value in written.items() if name != "settings"}


class Weights(Record):
    """Prevalence weighting: the mix of a real population that the patients are to have.

    target   covariate -> class -> share; a file may name a table instead, with the columns covariate, class, share
    source   where the shares come from, as a citation
    """

    target: Annotated[Target, Field(json_schema_extra=or_a_file)]
    source: Text | None = None


class Cohort(Record):
    """Who: `size` virtual patients in every arm, followed for `follow_up_days`, and a second population to compare.

    plausible   quantity -> least and greatest plausible value; patients drawn outside are left out
    weights     the mix that those kept are to have
    """

    population: Name = "transplant-reference"
    size: Count = 4000
    follow_up_days: DurationField = Field(DAYS_PER_YEAR, alias="follow_up")
    comparison_population: Name | None = "covariate-mix"
    comparison_size: Count | None = None
    plausible: Ranges = Field(default_factory=FrozenMapping)
    weights: Weights | None = None

    @model_validator(mode="after")
    def _fill_in(self) -> "Cohort":
        if "comparison_population" not in self.model_fields_set and self.comparison_population == self.population:
            self._settle(comparison_population=None)
        if self.comparison_size is None:
            self._settle(comparison_size=self.size)
        return self

    @model_serializer(mode="wrap")
    def _without_empty_selection(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        empty = [name for name in SELECTION if not getattr(self, name)]
        return {name: value for name, value in write(self).items() if name not in empty}


class Published(Record):
    """A published result the virtual trial is set beside.

    estimate   a percentage, as in "39 %" (a fraction of 1 in Python); with `unit`, a number in that unit
    n          the patients behind it
    source     id of a row of the published evidence; of a check of the specification where `kind` says so
    """

    arm: Name
    endpoint: Name
    time_days: DurationField = Field(alias="time")
    estimate: EstimateField
    unit: Name | None = None
    n: Count | None = None
    kind: Literal["observed", "historical expectation", "specification check"] = "observed"
    source: Name

    model_config = ConfigDict(
        json_schema_extra={
            "if": {"required": ["estimate"], "properties": {"estimate": {"type": "number"}}},
            "then": {"required": ["unit"]},
        }
    )

    @model_validator(mode="before")
    @classmethod
    def _number_needs_a_unit(cls, data: Any) -> Any:
        if isinstance(data, dict) and isinstance(data.get("estimate"), int | float | str):
            with_unit = data.get("unit") is not None
            if with_unit == isinstance(data["estimate"], str):
                percentage = 'a percentage between 0 % and 100 %, as in "39 %", or a number with a unit'
                allowed = f"a number, in {data['unit']}" if with_unit else percentage
                raise problem("", path=("estimate",), found=data["estimate"], allowed=allowed)
        return data

    @model_serializer(mode="wrap")
    def _in_its_unit(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        written = write(self)
        if self.unit is None:
            return {name: value for name, value in written.items() if name != "unit"}
        return {**written, "estimate": self.estimate}


class Power(Record):
    """Power of a two-arm trial: one `test` at `time_days`, `trials` simulated trials for each number per arm."""

    endpoint: Name
    time_days: DurationField = Field(alias="time")
    test: Literal["cumulative incidence difference"] = "cumulative incidence difference"
    sizes: Annotated[tuple[Count, ...], Field(min_length=1), List]
    trials: Annotated[int, Field(ge=1, le=1_000_000)] = 1000


class Trial(Record):
    """Conduct: who is randomised to what, how fast patients come, and how they may be lost.

    allocation         arm -> share of the randomisation; default: every arm once
    block_size         patients in a permuted block; default: twice the sum of the shares
    accrual_per_month  patients enrolled a month, over all arms
    dropout_per_year   fraction lost to follow-up in the first year
    cutoff_days        calendar time of the analysis from the first enrolment; None: when all have been followed
    """

    allocation: Annotated[dict[ArmName, Annotated[int, Field(ge=1, le=100)]], Frozen] = Field(
        default_factory=FrozenMapping
    )
    stratify: Annotated[tuple[Name, ...], List] = ()
    accrual_per_month: RateField = Field(4.0, alias="accrual")
    block_size: Count | None = None
    dropout_per_year: LossField = Field(0.0, alias="dropout")
    cutoff_days: DurationField | None = Field(None, alias="cutoff")
    power: Power | None = None


class Study(Record):
    """One study, complete: the only thing a run needs to know."""

    model_config = ConfigDict(title="Inferon study")

    inferon: Literal[1]
    title: Text
    question: Text
    model: Name = TRANSPLANT
    parameters: Name = "reference"
    families: Annotated[tuple[Name, ...], Field(min_length=1), List] = FAMILIES
    cohort: Cohort = Field(default_factory=Cohort)
    arms: Annotated[dict[ArmName, Arm], Field(min_length=1), Frozen]
    published: Annotated[tuple[Published, ...], List] = ()
    endpoints: Annotated[tuple[Name, ...], Field(min_length=1), List] = ENDPOINTS
    trial: Trial = Field(default_factory=Trial)
    report_times_days: Annotated[tuple[DurationField, ...], List] = Field((), alias="report_times")
    seed: Annotated[int, Field(ge=0, lt=2**63)]

    _origin: Origin = PrivateAttr(default_factory=Origin)

    @model_validator(mode="after")
    def _fill_in_and_check(self) -> "Study":
        if self.model != TRANSPLANT:
            self._settle_without_families()
        follow_up = self.cohort.follow_up_days
        if not self.report_times_days:
            early = tuple(time for time in DEFAULT_REPORT_TIMES_DAYS if time < follow_up)
            self._settle(report_times_days=(*early, follow_up))
        allocation = self.trial.allocation or FrozenMapping(dict.fromkeys(self.arms, 1))
        block_size = self.trial.block_size or 2 * sum(allocation.values())
        if (allocation, block_size) != (self.trial.allocation, self.trial.block_size):
            self._settle(trial=self.trial.model_copy(update={"allocation": allocation, "block_size": block_size}))
        check_study(self)
        return self

    def _settle_without_families(self) -> None:
        """Refuse what only a transplant study has, and ask for population and endpoints, whose defaults are its own."""
        refuse_transplant_fields(self)
        for path, given in ((("cohort", "population"), self.cohort), (("endpoints",), self)):
            if path[-1] not in given.model_fields_set:
                allowed = f"a value, since only the model {TRANSPLANT} has one by default"
                raise problem("", path=path, found=NOTHING, allowed=allowed)
        alone = {"comparison_population": None, "comparison_size": self.cohort.size}
        self._settle(families=("reference",), cohort=self.cohort.model_copy(update=alone))

    @model_serializer(mode="wrap")
    def _without_transplant_fields(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        written = write(self)
        if self.model == TRANSPLANT:
            return written
        kept = {name: value for name, value in written.items() if name not in ("families", "trial")}
        own = {name: value for name, value in kept["cohort"].items() if not name.startswith("comparison_")}
        return {**kept, "cohort": own}

    @property
    def origin(self) -> Origin:
        """The file and the lines this study was read from; empty for a study made in Python."""
        return self._origin
