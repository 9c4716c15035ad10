"""Laboratory grades of the Common Terminology Criteria for Adverse Events, version 5.0 (NCI, 27 November 2017)."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np

from inferon.model.catalogue import biology, parameter_table

NOT_MEASURED = -1
"""Grade of a value that is not a number: nobody looked."""


@dataclass(frozen=True, kw_only=True)
class LaboratoryItem:
    """One laboratory item of the criteria.

    Attributes
    ----------
    name: as in the tables (ANC, PLT, HB, WBC, ALC, ALT).
    term: the adverse-event term.
    side: ``below`` when low values are graded, ``above`` when high ones are.
    limits: where grades 1 to 4 begin, for women and men, shape (2, 4); not a number where a grade is clinical and has none.
    unit, citation: of the limits.
    """

    name: str
    term: str
    side: str
    limits: np.ndarray
    unit: str
    citation: str

    def grade(self, values: np.ndarray, *, male: np.ndarray | bool = True) -> np.ndarray:
        """Grade 0 to 4 of each value (``unit``), ``NOT_MEASURED`` where it is not a number; ``male`` broadcasts.

        Low values are graded strictly below a limit (1.5 is grade 1 of neutrophils, 1.49 grade 2), high ones strictly above it.
        """
        values = np.asarray(values, dtype=float)
        limits = self.limits[np.asarray(male).astype(np.int64)]
        beyond = values[..., None] < limits if self.side == "below" else values[..., None] > limits
        return np.where(np.isnan(values), NOT_MEASURED, beyond.sum(axis=-1))


@cache
def laboratory_items() -> Mapping[str, LaboratoryItem]:
    """Every graded laboratory item by name, read from the table of the toxicity module."""
    with (biology() / "toxicity" / "ctcae.csv").open(encoding="utf-8", newline="") as lines:
        return {row["item"]: _item(row) for row in csv.DictReader(lines)}


def _item(row: Mapping[str, str]) -> LaboratoryItem:
    table = parameter_table("toxicity")
    begins = [float(row[f"grade_{g}"]) if row[f"grade_{g}"] else np.nan for g in (1, 2, 3, 4)]
    limits = np.array([begins, begins])
    for line, sex in enumerate(("women", "men")):
        if row[f"lower_limit_{sex}"]:
            limits[line, 0] = table[row[f"lower_limit_{sex}"]].value
    return LaboratoryItem(
        name=row["item"],
        term=row["term"],
        side=row["direction"],
        limits=limits,
        unit=row["unit"],
        citation=row["source"],
    )


def laboratory_grade(item: str, values: np.ndarray, *, male: np.ndarray | bool = True) -> np.ndarray:
    """Grade of values of one item; see ``LaboratoryItem.grade``. Raises ``KeyError`` naming the items there are."""
    items = laboratory_items()
    if item not in items:
        raise KeyError(f"unknown laboratory item {item!r}; allowed: {', '.join(items)}")
    return items[item].grade(values, male=male)
