"""From a pydantic finding to the one sentence a person reads."""

import re
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from inferon.study.document import FieldPath, Origin, field_name
from inferon.study.errors import NOTHING, InputError
from inferon.study.frozen import PROBLEM

ALLOWED = {
    "missing": "a value, since this field is required",
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing_size": "a whole number below 2**63",
    "float_type": "a number",
    "finite_number": "a finite number",
    "tuple_type": "a list, as in [first, second]",
    "dict_type": "named entries, as in `name: value`",
    "greater_than_equal": "{ge} or more",
    "less_than_equal": "up to {le}",
    "less_than": "less than {lt}",
    "string_too_short": "some text",
    "string_too_long": "up to {max_length} characters",
    "string_pattern_mismatch": "a short name of letters, digits and _ (arms: also -) that begins with a letter",
    "too_short": "at least one entry",
}


def explain(error: ValidationError, origin: Origin) -> InputError:
    """The finding that stands first in the file (the version before all others), as one sentence."""
    findings = [_finding(details, origin) for details in error.errors(include_url=False)]
    return min(findings, key=lambda finding: (finding.field != "inferon", finding.line or 0))


def _finding(details: ErrorDetails, origin: Origin) -> InputError:
    context: dict[str, Any] = details.get("ctx", {})
    path = _path(details)
    kind, found = details["type"], details["input"]
    if kind == PROBLEM:
        path, found = (*path, *context["path"]), context["found"]
    if kind == "missing" or found is None:
        found = NOTHING
    return InputError(
        context.get("sentence", ""),
        file=origin.file,
        line=origin.line(path),
        field=field_name(path),
        found=found,
        allowed=_allowed(details, context),
        meant=context.get("meant"),
    )


def _path(details: ErrorDetails) -> FieldPath:
    path = tuple(details["loc"])
    return path[:-1] if path and path[-1] == "[key]" else path


def _allowed(details: ErrorDetails, context: dict[str, Any]) -> Any:
    if details["type"] == PROBLEM:
        return context["allowed"]
    if details["type"] == "literal_error":
        choices = re.findall(r"'([^']*)'", context["expected"])
        return choices or str(context["expected"])
    return ALLOWED.get(details["type"], details["msg"]).format(**context)
