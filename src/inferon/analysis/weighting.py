"""Which weight a weighted log-rank test uses, named by a word and its numbers: `fleming_harrington:0,1`."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from inferon.statistics.comparisons.log_rank_weights import (
    EarlyZero,
    FlemingHarrington,
    Gehan,
    MagirrBurman,
    PetoPeto,
    PrenticeMarek,
    TaroneWare,
    Weight,
)
from inferon.study.errors import InputError

WEIGHTINGS: dict[str, Callable[..., Weight]] = {
    "fleming_harrington": FlemingHarrington,
    "gehan": Gehan,
    "tarone_ware": TaroneWare,
    "peto_peto": PetoPeto,
    "prentice_marek": PrenticeMarek,
    "magirr_burman": MagirrBurman,
    "early_zero": EarlyZero,
}
IN_R = {
    "fleming_harrington": "S^{rho} * (1 - S)^{gamma}",
    "gehan": "y",
    "tarone_ware": "y^{power}",
    "peto_peto": "S",
    "prentice_marek": "cumprod(1 - d / (y + 1))",
    "magirr_burman": "pmin(1 / pmax(S, min(c(1, S[t <= {delay}]))), {maximum})",
    "early_zero": "as.numeric(t >= {until})",
}
"""The weight as an R expression of the event times t, at risk y, events d and Kaplan–Meier S just before t."""


@dataclass(frozen=True)
class Weighting:
    """A weight by name, with its numbers in the order of the weight's fields."""

    name: str
    numbers: tuple[float, ...] = ()

    @property
    def weight(self) -> Any:
        """The weight as `weighted_log_rank` takes it."""
        return WEIGHTINGS[self.name](*self.numbers)

    @property
    def in_r(self) -> str:
        """The weight as an R expression of t, y, d and S."""
        weight = self.weight
        shown = {part.name: _in_r(getattr(weight, part.name)) for part in fields(weight)}
        return IN_R[self.name].format(**shown)

    def __str__(self) -> str:
        numbers = ",".join(f"{number:g}" for number in self.numbers)
        return f"{self.name}:{numbers}" if numbers else self.name


def read_weighting(text: Any, **where: Any) -> Weighting:
    """`fleming_harrington:0,1` as a weighting; InputError for an unknown name or numbers that do not fit it."""
    name, _, rest = str(text).partition(":")
    if name.strip() not in WEIGHTINGS:
        raise InputError("", **where, found=name.strip(), allowed=list(WEIGHTINGS))
    try:
        found = Weighting(name.strip(), tuple(float(number) for number in rest.split(",") if number.strip()))
        found.weight  # noqa: B018 - the weight checks its numbers
    except (TypeError, ValueError):
        names = ",".join(part.name for part in fields(WEIGHTINGS[name.strip()]))  # pyright: ignore[reportArgumentType]
        allowed = f"{name.strip()}:{names}" if names else name.strip()
        raise InputError("the numbers of the weight do not fit", **where, found=str(text), allowed=allowed) from None
    return found


def _in_r(number: float) -> str:
    return "Inf" if number == float("inf") else f"{number:g}"
