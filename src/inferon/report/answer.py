"""The answer in three sentences: what the virtual trial shows, how large a real one must be, what is not known."""

from collections.abc import Mapping, Sequence
from typing import Any

from inferon.report.inputs import ReportInputs
from inferon.report.published import interval_of, is_expectation, observed_row
from inferon.report.vocabulary import endpoint_name, plain
from inferon.report.words import (
    count,
    in_words,
    interval,
    listed,
    number,
    percent,
    plural,
    published_percent,
    span,
    when,
)

TARGET_POWER = 0.8
CALIBRATED_POPULATION = "transplant-reference"


def answer(inputs: ReportInputs) -> list[str]:
    """One sentence each on the virtual trial, the randomised trial and what is not known.

    Every number comes from the estimates; a sentence without input is left out.
    """
    return [text for text in (_virtual_trial(inputs), _randomised_trial(inputs), _not_known(inputs)) if text]


def is_calibrated(inputs: ReportInputs) -> bool:
    """Whether the run's patients are those fitted to published relapse, quoted on the page or not: nobody left out."""
    return inputs.estimates.get("population") == CALIBRATED_POPULATION and not inputs.selection


def enough_in_every_family(power: Sequence[Mapping[str, Any]]) -> str:
    """The smallest simulated size that reaches the target power in every family, as a clause."""
    target = percent(TARGET_POWER, digits=0)
    sizes = sorted({row["per_arm"] for row in power})
    for size in sizes:
        if all(row["power"] >= TARGET_POWER for row in power if row["per_arm"] == size):
            return f"the smallest simulated size with at least {target} power in every family is {size} per arm"
    return f"no simulated size (up to {sizes[-1]} per arm) reaches {target} power in every family"


def _virtual_trial(inputs: ReportInputs) -> str:
    arms = [arm for arm in (*inputs.treated, inputs.control) if arm is not None and _lead(inputs, arm)]
    if not arms:
        return ""
    size = count(max(_lead(inputs, arm)["n"] for arm in arms))
    said = listed([_level(inputs, arm, first=arm == arms[0]) for arm in arms])
    tail = f"{_difference(inputs)}{_calibration(inputs)}."
    chosen = ", chosen from those drawn" if inputs.selection else ""
    return (
        f"In the virtual trial ({size} patients per arm{chosen}) relapse by {when(inputs.primary_days)} is {said}{tail}"
    )


def _lead(inputs: ReportInputs, arm: str) -> Mapping[str, Any]:
    return inputs.at(arm, inputs.lead_family, "relapse", inputs.primary_days) or {}


def _level(inputs: ReportInputs, arm: str, *, first: bool) -> str:
    """One arm's estimate with its interval and, where there are several, the range over the families."""
    row, values = _lead(inputs, arm), inputs.over_families(arm, "relapse", inputs.primary_days)
    families = plural(len(values), "parameter family", several="parameter families")
    over = f"; {span(values)} over the {families if first else 'families'}" if len(values) > 1 else ""
    own = f"{'95% interval ' if first else ''}{interval(row.get('lower'), row.get('upper'))}"
    return f"{percent(row['estimate'])} in the {plain(arm)} arm ({own}{over})"


def _difference(inputs: ReportInputs) -> str:
    if len(inputs.treated) != 1 or inputs.control is None:
        return ""
    gaps = {family: _gap(inputs, inputs.treated[0], inputs.control, family) for family in inputs.families}
    known = [gap for gap in gaps.values() if gap is not None]
    lead = gaps.get(inputs.lead_family)
    if lead is None:
        return ""
    alike = len(known) > 1 and min(known) * max(known) > 0
    over = f" ({span([abs(gap) for gap in known])} over the families)" if alike else ""
    where = f"{'lower' if lead < 0 else 'higher'} in the {plain(inputs.treated[0])} arm"
    return f", {number(abs(lead))} percentage points {where}{over}"


def _gap(inputs: ReportInputs, arm: str, control: str, family: str) -> float | None:
    treated = inputs.at(arm, family, "relapse", inputs.primary_days)
    untreated = inputs.at(control, family, "relapse", inputs.primary_days)
    return treated["estimate"] - untreated["estimate"] if treated and untreated else None


def _calibration(inputs: ReportInputs) -> str:
    said = "; the model was calibrated to the published levels, so agreement with them confirms nothing"
    return said if is_calibrated(inputs) else ""


def _randomised_trial(inputs: ReportInputs) -> str:
    rows = [row for row in inputs.power if row["family"] == inputs.lead_family] or list(inputs.power)
    if not rows:
        return ""
    enough = [row for row in rows if row["power"] >= TARGET_POWER]
    row = min(enough, key=_size) if enough else max(rows, key=_size)
    others = [other["power"] for other in inputs.power if other["per_arm"] == row["per_arm"]]
    over = f"; {span(others)} over the families" if len(others) > 1 else ""
    return (
        f"If the simulated difference were real, a randomised trial with {row['per_arm']} patients per arm would detect it in "
        f"{percent(row['power'])} of simulated trials (95% Monte-Carlo interval "
        f"{interval(row['lower'], row['upper'])}{over}); {enough_in_every_family(inputs.power)}."
    )


def _size(row: Mapping[str, Any]) -> int:
    return row["per_arm"]


def _not_known(inputs: ReportInputs) -> str:
    families = len(inputs.families)
    which = f"; nor which of the {in_words(families)} parameter families, if any, is right" if families > 1 else ""
    observed = observed_row(inputs)
    if observed is None:
        why = "no published cohort is set beside this run"
        return f"What is not known: whether any of this holds in patients, since {why}{which}."
    return f"What is not known: whether the effect exists in patients, {_evidence(inputs, observed)}{which}."


def _evidence(inputs: ReportInputs, observed: Mapping[str, Any]) -> str:
    lower, upper = interval_of(observed)
    same = [row for row in inputs.published if row["endpoint"] == observed["endpoint"] and row is not observed]
    controlled = any(not is_expectation(row) and row["arm"] != observed["arm"] for row in same)
    expected = next((row for row in same if is_expectation(row)), None)
    against = "" if expected is None else (
        f" set against an uncited, non-randomised expectation of {published_percent(expected['estimate'])}"
    )  # fmt: skip
    return (
        f"since the evidence is {'a' if controlled else 'one uncontrolled'} cohort of {observed['n']} "
        f"({endpoint_name(observed['endpoint'])} {published_percent(observed['estimate'])}, exact 95% interval "
        f"{interval(lower, upper, digits=0)}%){against}"
    )
