"""Numbers of a system's endpoints as they are printed: percentages, or numbers in the unit of the endpoint."""

from collections.abc import Mapping, Sequence
from typing import Any

from inferon.report.inputs import SAME_TIME_DAYS, ReportInputs, nearest_row
from inferon.report.tables import Cell
from inferon.report.words import DAYS_PER_MONTH, MISSING, interval, number, sentence, when

PERCENT = "%"
FAMILY = "reference"
Row = Mapping[str, Any]


def endpoint(inputs: ReportInputs, name: str) -> Row:
    """Label, definition, kind and unit of an endpoint."""
    return inputs.estimates["endpoints"][name]


def is_percent(inputs: ReportInputs, name: str) -> bool:
    """Whether estimates of the endpoint are fractions of 1."""
    return endpoint(inputs, name)["unit"] == PERCENT


def estimate(inputs: ReportInputs, arm: str, name: str, time_days: float) -> Row | None:
    """The virtual estimate of an endpoint at a time; None where there is none."""
    rows = inputs.rows(arm, FAMILY, name)
    return nearest_row(rows, time_days) if len(rows) != 1 or not _once(rows, inputs) else rows[0]


def _once(rows: Sequence[Row], inputs: ReportInputs) -> bool:
    """Whether the only estimate stands at the end of follow-up for the whole of it."""
    return abs(rows[0]["time_days"] - inputs.follow_up_days) <= SAME_TIME_DAYS


def shown(value: float | None, *, percent: bool) -> str:
    """A point: 0.361 -> "36.1" in percent, else three digits."""
    if value is None:
        return MISSING
    return number(value) if percent else digits(value)


def limits(row: Row, *, percent: bool) -> str:
    """ "34.5–37.5", a dash where there is no interval."""
    lower, upper = row.get("lower"), row.get("upper")
    if lower is None or upper is None:
        return MISSING
    return interval(lower, upper) if percent else f"{digits(lower)}–{digits(upper)}"


def digits(value: float) -> str:
    """Three significant digits with their zeros: "1.50", "0.045"; whole numbers from a thousand on."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:#.3g}".removesuffix(".")


def with_unit(inputs: ReportInputs, name: str, value: float | None) -> str:
    """A point with its unit: "36.1%", "2.1 log10"."""
    percent = is_percent(inputs, name)
    text = shown(value, percent=percent)
    return f"{text}%" if percent and value is not None else f"{text} {endpoint(inputs, name)['unit']}".strip()


def cell(inputs: ReportInputs, name: str, row: Row | None) -> Cell:
    """An estimate above its interval."""
    if row is None:
        return Cell(MISSING)
    percent = is_percent(inputs, name)
    return Cell(shown(row["estimate"], percent=percent), limits(row, percent=percent))


def unit_line(inputs: ReportInputs, name: str) -> str:
    """What stands below the heading of a column of estimates."""
    return f"{endpoint(inputs, name)['unit']} (95% interval)"


def title(inputs: ReportInputs, name: str, time_days: float) -> str:
    """An endpoint and its time as a heading."""
    return f"{sentence(endpoint(inputs, name)['label'])}, {at(time_days)}"


def at(time_days: float) -> str:
    """A time as readers say it: years from the third on, months, days."""
    years = time_days / (12 * DAYS_PER_MONTH)
    if years >= 2.9 and abs(years - round(years)) < 0.01:
        return f"{round(years)} years"
    weeks = time_days / 7
    if time_days > 20 and abs(weeks - round(weeks)) < 1e-6:
        return f"{round(weeks)} weeks"
    return when(time_days)


def within(label: str) -> str:
    """A label inside a sentence: its first letter lowered unless it begins an abbreviation."""
    return label[:1].lower() + label[1:] if label[1:2].islower() else label


def time_unit(follow_up_days: float) -> tuple[str, float]:
    """The unit of a time axis and its days, for so long a follow-up."""
    if follow_up_days <= 45:
        return "days", 1.0
    if follow_up_days <= 190:
        return "weeks", 7.0
    if follow_up_days <= 6 * 365.25 + 1:
        return "months", DAYS_PER_MONTH
    return "years", 365.25
