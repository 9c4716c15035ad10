"""The five parameter families: vectors that fit the published numbers about equally well, and the covariate compensation."""

from __future__ import annotations

import csv
from functools import cache

from inferon.model.catalogue import biology

FAMILIES = ("reference", "low_burden", "strong_direct", "slow_disease", "strong_allo")


@cache
def _rows() -> dict[str, dict[str, float]]:
    with (biology() / "transplant" / "families.csv").open(encoding="utf-8", newline="") as lines:
        rows: dict[str, dict[str, float]] = {}
        for row in csv.DictReader(lines):
            rows.setdefault(row["family"], {})[row["symbol"]] = float(row["value"])
    return rows


def family_values(name: str) -> dict[str, float]:
    """What a family sets differently from the reference, by symbol; empty for the reference itself."""
    if name not in FAMILIES:
        raise KeyError(f"unknown family {name!r}; allowed: {', '.join(FAMILIES)}")
    return dict(_rows().get(name, {}))


def covariate_compensation() -> dict[str, float]:
    """What is set differently where donor, comorbidity and conditioning factors are on."""
    return dict(_rows()["covariate_mix"])
