"""Mean time free of events and after each of them, up to a horizon, as the oracles ask for it."""

from typing import Any

from inferon.statistics.curves.restricted_time_lost import RestrictedMeanTimeLost, restricted_mean_time_lost

from ..oracle_cases import Comparison
from .curves import group_rows
from .places import declared_causes, label_of
from .question import Answer, Question
from .restricted_mean import time_lost_answer


def rmtl_answer(question: Question, comparison: Comparison) -> Answer:
    """The table of mean times by state, or the restricted mean free of any event."""
    if comparison.quantity == "mean_time_in_state_table":
        return time_lost_table(question, comparison)
    return time_lost_answer(question, comparison)


def time_lost_table(question: Question, comparison: Comparison) -> Answer:
    """The table of summary(survfit(...), rmean = tau): a row a group and state, columns n, nevent, rmean and its error."""
    entry = question.case.compare[comparison.path]
    labels, columns = _listed(question, entry["rows"]), _listed(question, entry["columns"])
    level = {"conf_level": comparison.options.get("conf_level", 0.95)}
    table = []
    for label in labels:
        group, _, state = (part.strip() for part in label.rpartition(","))
        rows = group_rows(question, label_of(question, group or next(iter(question.set.groups))), comparison)
        given = {name: rows.options.get(name) for name in ("start", "weights", "cluster")}
        found = restricted_mean_time_lost(
            rows.time, rows.cause, tau=comparison.options["tau"], causes=declared_causes(question), **given, **level
        )
        names = [str(name) for name in found.states]
        row = 0 if state == "(s0)" else names.index(state)
        table += [_table_cell(found, row, column) for column in columns]
    return table


def _listed(question: Question, path: str) -> list[str]:
    found: Any = question.case.values
    for part in path.split("/"):
        found = found[part]
    return found


def _table_cell(found: RestrictedMeanTimeLost, row: int, column: str) -> float:
    if column == "n":
        return found.n
    if column == "nevent":
        return found.n_events[row]
    return (found.standard_error if "se" in column or "std" in column else found.mean_time)[row]


ANSWERS = {"rmtl": rmtl_answer}
