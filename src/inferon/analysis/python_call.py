"""The same analysis as one call of Python."""

from pathlib import Path
from typing import Any

from inferon.analysis.adtte import SUBJECT, TIME, TREATMENT, ByCensoringFlag
from inferon.analysis.coding import ByCode, Rule
from inferon.analysis.request import Request

PLAIN = ("start", "weights", "landmark", "tau", "variance")
DEFAULTS = {"conf_type": "log-log", "conf_level": 0.95, "difference": "recovered", "time_unit": "unit of the data"}


def python_call(request: Request) -> str:
    """Python code that makes the same result and writes its folder."""
    data = repr(str(request.data)) if isinstance(request.data, Path) else "table"
    lines = [f"    {name}={value!r}," for name, value in arguments(request).items()]
    return "\n".join(["from inferon.analysis import analyse", "", "found = analyse(", f"    {data},", *lines, ")"]) + (
        '\nprint(found)\nfound.write("result")\n'
    )


def arguments(request: Request) -> dict[str, Any]:
    """The arguments of `analyse` that make this request, defaults left out."""
    named = {name: getattr(request, name) for name in PLAIN}
    changed = {name: getattr(request, name) for name, usual in DEFAULTS.items() if getattr(request, name) != usual}
    reached = request.reached
    more = {
        **_coding(request),
        "only": dict(request.only) or None,
        "leave_out": list(request.leave_out) or None,
        "group": request.group,
        "labels": dict(request.labels) or None,
        "reference": request.reference,
        "id": request.id if not (request.adtte and request.id == SUBJECT) else None,
        "strata": list(request.strata) or None,
        "covariates": {c.column: c.reference for c in request.covariates} or None,
        "clock": request.clock if request.landmark is not None else None,
        "reached": {reached.cause: condition(reached)} if reached else None,
        "times": list(request.times) if request.times else None,
        "weighting": str(request.weighting) if request.weighting else None,
        "title": request.title,
    }
    if request.adtte and not reached:
        more["group"] = None if request.group == TREATMENT else request.group or ""
    return {name: value for name, value in (more | named | changed).items() if value is not None}


def condition(rule: Rule) -> str:
    """A rule as it was declared: `d2:1`, or `d2:1@t2`."""
    return f"{rule.column}:{rule.value}" + (f"@{rule.at}" if rule.at else "")


def _coding(request: Request) -> dict[str, Any]:
    coding, time = request.coding, request.time
    head: dict[str, Any] = {"adtte": request.adtte, "time": None if request.adtte and time == TIME else time}
    if isinstance(coding, ByCensoringFlag):
        return head | {"codes": _gathered((cause, code) for code, cause in coding.codes) or None}
    if isinstance(coding, ByCode):
        codes = _gathered((cause, code) for code, cause in coding.codes)
        return head | {"event": coding.column, "codes": codes, "censor": _one(list(coding.censor))}
    return head | {"causes": _gathered((rule.cause, condition(rule)) for rule in coding.rules)}


def _gathered(pairs: Any) -> dict[str, Any]:
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return {name: _one(values) for name, values in found.items()}


def _one(values: list[str]) -> Any:
    return values[0] if len(values) == 1 else values
