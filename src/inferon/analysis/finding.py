"""One table of an analysis with everything needed to judge it: method, convention, patients, events, source, R code."""

from dataclasses import dataclass
from typing import Any

import polars as pl


@dataclass(frozen=True, eq=False)
class Finding:
    """One table of results.

    name        of its file (`<name>.csv`), its place in the JSON and on the page
    title       what a reader is told it shows
    frame       the numbers; null where nothing can be estimated
    method      of estimation or test
    convention  variance, interval, ties: what other programs may do otherwise
    n           patients it rests on
    events      events it rests on, by cause where causes compete
    source      where the method is published
    """

    name: str
    title: str
    frame: pl.DataFrame
    method: str
    convention: str
    n: int
    events: dict[str, float]
    source: str

    @property
    def about(self) -> str:
        """Method, convention, patients, events and source in one line."""
        happened = ", ".join(f"{number:g} {cause}" for cause, number in self.events.items())
        return f"{self.method}; {self.convention}. n = {self.n}, events: {happened}. Source: {self.source}."

    def plain(self) -> dict[str, Any]:
        """The finding as plain values for JSON: finite numbers or null."""
        told = {name: getattr(self, name) for name in ("title", "method", "convention", "n", "events", "source")}
        finite = self.frame.with_columns(pl.when(number.is_finite()).then(number) for number in [pl.col(pl.Float64)])
        return {**told, "rows": finite.to_dicts()}
