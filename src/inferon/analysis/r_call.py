"""The same analysis in R, for a reader who wants to check it there."""

import json
from pathlib import Path

from inferon.analysis.coding import ByCode, Coding
from inferon.analysis.request import Request


def r_call(request: Request, times: tuple[float, ...]) -> str:
    """R code that computes the estimates, Gray's tests and the log-rank test with cmprsk, etm and survival."""
    name = str(request.data) if isinstance(request.data, Path) else "table.csv"
    reader = "arrow::read_parquet" if name.endswith((".parquet", ".pq")) else "read.csv"
    group = f", group = factor(d[[{_text(request.group)}]])" if request.group else ""
    causes = ", ".join(f"{number} = {cause}" for number, cause in enumerate(request.coding.causes, start=1))
    lines = [
        "library(survival); library(cmprsk); library(etm)",
        f"d <- {reader}({_text(name)}{', check.names = FALSE' if reader == 'read.csv' else ''})",
        f"p <- data.frame(time = d[[{_text(request.time)}]]{group})",
        f"p$cause <- {_cause(request.coding)}  # {causes}, 0 = censored",
        f"times <- c({', '.join(f'{time:g}' for time in times)})",
        *_estimates(request),
        *(["survdiff(Surv(time, cause > 0) ~ group, data = p)"] if request.group else []),
    ]
    return "\n".join(lines) + "\n"


def _estimates(request: Request) -> list[str]:
    right = "group" if request.group else "1"
    interval = f'conf.type = "{_R_SCALES[request.conf_type]}", conf.int = {request.conf_level:g}'
    survival = f"summary(survfit(Surv(time, cause > 0) ~ {right}, data = p, {interval}), times = times, extend = TRUE)"
    grouped = ", p$group" if request.group else ""
    gray = f"fit <- cuminc(p$time, p$cause{grouped})"
    if request.variance == "aalen_1978_cmprsk":
        return [gray, "timepoints(fit, times)", *(["fit$Tests"] if request.group else []), survival]
    greenwood = f"etmCIF(Surv(time, cause != 0) ~ {right}, data = p, etype = cause)  # variance: trcov()"
    return [greenwood, gray, *(["fit$Tests"] if request.group else []), "timepoints(fit, times)$est", survival]


def _cause(coding: Coding) -> str:
    numbers = {cause: number for number, cause in enumerate(coding.causes, start=1)}
    if isinstance(coding, ByCode):
        conditions = [(coding.column, code, numbers[cause]) for code, cause in coding.codes]
    else:
        conditions = [(rule.column, rule.value, numbers[rule.cause]) for rule in coding.rules]
    nested = "0"
    for column, value, number in reversed(conditions):
        nested = f"ifelse(d[[{_text(column)}]] == {_literal(value)}, {number}, {nested})"
    return nested


def _literal(value: str) -> str:
    try:
        return f"{float(value):g}"
    except ValueError:
        return _text(value)


def _text(value: str | None) -> str:
    return json.dumps(value, ensure_ascii=False)


_R_SCALES = {"plain": "plain", "log": "log", "log-log": "log-log", "logit": "logit", "arcsine": "arcsin"}
