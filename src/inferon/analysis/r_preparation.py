"""R code that reads the table as it was read here: one data frame `p` with a row a patient."""

import json
import re
from pathlib import Path

from inferon.analysis.adtte import CENSORING, EVENT, PARAMETER, ByCensoringFlag
from inferon.analysis.cells import is_number
from inferon.analysis.coding import ByCode, Rule
from inferon.analysis.covariates import Covariates
from inferon.analysis.patients import Patients
from inferon.analysis.request import Request
from inferon.analysis.table import MISSING


def preparation(request: Request, patients: Patients) -> list[str]:
    """Lines that read the file and make p: time, cause, and where they were declared start, group, w, strata, x_…."""
    lines = [*_reading(request), f"p <- data.frame(id = seq_len(nrow(d)), time = {_column(request.time)})"]
    lines += _endpoint(request)
    if request.start:
        lines.append(f"p$start <- {_column(request.start)}")
    if request.weights:
        lines.append(f"p$w <- {_column(request.weights)}")
    if request.strata:
        lines.append(f"p$strata <- interaction({', '.join(map(_column, request.strata))}, drop = TRUE)")
    lines += _groups(request, patients)
    lines += _covariates(request, patients.covariates)
    return lines + _landmark(request, patients)


def r_name(column: str) -> str:
    """The name of a covariate in p."""
    return "x_" + re.sub(r"\W", "_", column, flags=re.ASCII)


def text(value: str | None) -> str:
    """A string as R writes it."""
    return json.dumps(value, ensure_ascii=False)


def literal(value: str) -> str:
    """A value as R compares it: a number bare, anything else in quotation marks."""
    return f"{float(value):.15g}" if is_number(value) else text(value)


def _reading(request: Request) -> list[str]:
    name = str(request.data) if isinstance(request.data, Path) else "table.csv"
    missing = ", ".join(text(word) for word in sorted(MISSING))
    options = f"check.names = FALSE, na.strings = c({missing}), strip.white = TRUE"
    parquet = name.lower().endswith((".parquet", ".pq"))
    reader = f"as.data.frame(arrow::read_parquet({text(name)}))" if parquet else f"read.csv({text(name)}, {options})"
    lines = [f"d <- {reader}"]
    lines += [f"d <- d[d${PARAMETER} == {text(request.adtte)}, ]"] if request.adtte else []
    lines += [f"d <- d[{_column(column)} %in% {literal(value)}, ]" for column, value in request.only]
    if "missing" in request.leave_out:
        used = (request.time, request.start, request.group, request.weights, *request.strata)
        listed = ", ".join(text(column) for column in used if column)
        lines.append(f"d <- d[complete.cases(d[, c({listed}), drop = FALSE]), ]")
    if "entry" in request.leave_out and request.start:
        lines.append(f"d <- d[{_column(request.start)} < {_column(request.time)}, ]")
    return lines


def _endpoint(request: Request) -> list[str]:
    coding = request.coding
    numbers = {cause: number for number, cause in enumerate(request.causes, start=1)}
    told = "  # " + ", ".join(f"{number} = {cause}" for cause, number in numbers.items()) + ", 0 = censored"
    if isinstance(coding, ByCensoringFlag):
        flag = f"{_column(CENSORING)} == 0"
        if not coding.codes:
            return [f"p$cause <- ifelse({flag}, 1, 0){told}"]
        nested = _nested([(Rule(c, EVENT, code), numbers[c]) for code, c in coding.codes])
        return [f"p$cause <- ifelse({flag}, {nested}, 0){told}"]
    if isinstance(coding, ByCode):
        rules = [(Rule(cause, coding.column, code), numbers[cause]) for code, cause in coding.codes]
        return [f"p$cause <- {_nested(rules)}{told}"]
    rules = [(rule, numbers[rule.cause]) for rule in coding.rules]
    return _earliest(rules, told) if coding.timed else [f"p$cause <- {_nested(rules)}{told}"]


def _nested(rules: list[tuple[Rule, int]]) -> str:
    found = "0"
    for rule, number in reversed(rules):
        found = f"ifelse({_holds(rule)}, {number}, {found})"
    return found


def _earliest(rules: list[tuple[Rule, int]], told: str) -> list[str]:
    """The first of several events that have times of their own."""
    when = [f"ifelse({_holds(rule)}, {_column(rule.at) if rule.at else 'p$time'}, Inf)" for rule, _ in rules]
    return [
        f"when <- cbind({', '.join(when)})",
        'first <- max.col(-pmin(when, .Machine$double.xmax), ties.method = "first")',
        f"p$cause <- ifelse(rowSums(is.finite(when)) > 0, c({', '.join(str(n) for _, n in rules)})[first], 0){told}",
        "p$time <- ifelse(p$cause > 0, apply(when, 1, min), p$time)",
    ]


def _holds(rule: Rule) -> str:
    return f"{_column(rule.column)} == {literal(rule.value)}"


def _groups(request: Request, patients: Patients) -> list[str]:
    if request.reached:
        rule = request.reached
        labels = f"{text(f'no {rule.cause}')}, {text(rule.cause)}"
        reached = f"{_holds(rule)} & {_column(rule.at or '')} <= {request.landmark:g}"
        return [f"p$group <- factor({reached} & !is.na({_column(rule.at or '')}), c(FALSE, TRUE), c({labels}))"]
    if not request.group:
        return []
    called = {name: value for value, name in request.labels}
    levels = ", ".join(literal(called.get(label, label)) for label in patients.groups)
    names = f", labels = c({', '.join(text(label) for label in patients.groups)})" if called else ""
    return [f"p$group <- factor({_column(request.group)}, levels = c({levels}){names})  # the first is the reference"]


def _covariates(request: Request, covariates: Covariates | None) -> list[str]:
    lines = []
    for column in dict.fromkeys(c.column for c in request.covariates):
        terms = [term for term in covariates.terms if term.column == column] if covariates else []
        if terms and terms[0].level is not None:
            levels = [terms[0].reference or "", *(term.level or "" for term in terms)]
            listed = ", ".join(literal(level) for level in levels)
            lines.append(f"p${r_name(column)} <- factor({_column(column)}, levels = c({listed}))")
        else:
            lines.append(f"p${r_name(column)} <- {_column(column)}")
    return lines


def _landmark(request: Request, patients: Patients) -> list[str]:
    landmark = patients.landmark
    if landmark is None:
        return []
    lines = [f"p <- p[p$time > {landmark.at:.15g}, ]  # the landmark"]
    if landmark.shift:
        lines.append(f"p$time <- p$time - {landmark.at:.15g}")
        lines += [f"p$start <- pmax(p$start - {landmark.at:.15g}, 0)"] if patients.start is not None else []
    else:
        entry = f"pmax(p$start, {landmark.at:.15g})" if request.start else f"{landmark.at:.15g}"
        lines.append(f"p$start <- {entry}")
    return lines


def _column(name: str) -> str:
    return f"d[[{text(name)}]]"
