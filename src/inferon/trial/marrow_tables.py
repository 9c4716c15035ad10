"""The tables of the marrow module beside its parameters, by symbol."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from inferon.model.catalogue import further_tables


@cache
def consequences() -> Mapping[str, float]:
    """What blood counts lead to, and the counts and blasts of a diagnosis and a remission."""
    return _by_symbol("consequences.csv")


@cache
def response_limits() -> Mapping[str, float]:
    """Further limits of responses in acute myeloid leukaemia."""
    return _by_symbol("aml_responses.csv")


def _by_symbol(table: str) -> dict[str, float]:
    return {row["symbol"]: float(row["value"]) for row in further_tables("marrow")[table]}
