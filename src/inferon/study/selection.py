"""Who of the patients drawn is kept: plausible ranges, and the mix of a real population as target shares."""

from typing import Annotated, Any

from pydantic import AfterValidator, Field, PlainSerializer, PlainValidator, WithJsonSchema

from inferon.study.frozen import FrozenMapping, problem
from inferon.study.quantities import parse_percentage

RANGE = "a least and a greatest value, as in [30, 120]; null leaves a side open"
SHARE = 'a share between 0 and 1, or a percentage, as in 0.3 or "30 %"'
SHARES_MAY_MISS = 1e-6
"""By how much shares may miss 1 in sum: more than rounding of a computer, less than a share forgotten."""


def parse_range(written: Any) -> tuple[float | None, float | None]:
    """Two numbers in order, or one and a null."""
    sides = tuple(written) if isinstance(written, list | tuple) else ()
    if len(sides) != 2 or not all(side is None or _is_number(side) for side in sides) or sides == (None, None):
        raise problem("", found=written, allowed=RANGE)
    low, high = (None if side is None else float(side) for side in sides)
    if low is not None and high is not None and low > high:
        raise problem("the range is empty", found=written, allowed=RANGE)
    return low, high


def parse_share(written: Any) -> float:
    """A fraction of 1, however it is written."""
    if _is_number(written) and 0 <= written <= 1:
        return float(written)
    if isinstance(written, str) and "%" in written:
        return parse_percentage(written)
    raise problem("", found=written, allowed=SHARE)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < float("inf")


def _whole(shares: FrozenMapping[float]) -> FrozenMapping[float]:
    total = sum(shares.values())
    if abs(total - 1) > SHARES_MAY_MISS:
        raise problem("the shares do not sum to 1", found=round(total, 9), allowed="shares whose sum is 1, or 100 %")
    return shares


def or_a_file(schema: dict[str, Any]) -> None:
    """Shares as a file may give them: as they are, or as the path of a table that holds them."""
    shares = dict(schema)
    schema.clear()
    schema["anyOf"] = [shares, {"type": "string", "description": "path of a CSV: covariate, class, share"}]


_NUMBER_OR_NULL = {"type": ["number", "null"]}
_RANGE_SCHEMA = {"type": "array", "items": _NUMBER_OR_NULL, "minItems": 2, "maxItems": 2, "description": RANGE}
_SHARE_SCHEMA = {
    "anyOf": [
        {"type": "number", "minimum": 0, "maximum": 1},
        {"type": "string", "pattern": r"^\s*[0-9]{1,9}(\.[0-9]{1,60})?\s*%$"},
    ],
    "description": SHARE,
}

Quantity = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,79}$")]
Frozen = AfterValidator(FrozenMapping)
Range = Annotated[
    tuple[float | None, float | None],
    PlainValidator(parse_range),
    PlainSerializer(list, return_type=list[float | None]),
    WithJsonSchema(_RANGE_SCHEMA),
]
Share = Annotated[float, PlainValidator(parse_share), WithJsonSchema(_SHARE_SCHEMA)]
Shares = Annotated[
    dict[Annotated[str, Field(min_length=1, max_length=200)], Share],
    Field(min_length=1),
    Frozen,
    AfterValidator(_whole),
]
Target = Annotated[dict[Quantity, Shares], Field(min_length=1), Frozen]
Ranges = Annotated[dict[Quantity, Range], Frozen]
