"""The interferon products: which table rows give each product its disposition, and how a patient differs from the typical."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from inferon.model.catalogue import biology, parameter_table
from inferon.model.model import Parameter

DISPOSITION = ("ka", "CL", "V", "T50", "R0", "R_ss", "k_dec", "t_start", "kint", "kdeg", "K_D")
_RECORD = ("F", "f0", "T0", "t_lag")


@dataclass(frozen=True)
class Product:
    """One product: the table row behind every symbol, its potency and its mass per million units (None if not dosed so).

    ``rows`` covers the disposition symbols of the equations, those of the dosing record (F, f0, T0, t_lag) and ``a_drug``.
    """

    name: str
    form: str
    rows: Mapping[str, Parameter]
    cytopenia_factor: float
    ug_per_miu: float | None

    @property
    def varied_symbols(self) -> tuple[str, ...]:
        """Symbols whose value may differ between patients, by random effect or covariate."""
        return tuple(s for s, row in self.rows.items() if row.variability or _relations(self.name, s))

    def with_values(self, changed: Mapping[str, float]) -> Product:
        """The same product with some table values replaced, by the symbols of the tables (such as CL_pegA2a)."""
        rows = {s: replace(row, value=float(changed.get(row.symbol, row.value))) for s, row in self.rows.items()}
        factor = self.cytopenia_factor
        if factor != 1.0:  # converted by potency: follows the potency
            factor *= rows["a_drug"].value / self.rows["a_drug"].value
        return replace(self, rows=rows, cytopenia_factor=factor)

    def individual(self, effects: Mapping[str, np.ndarray], patients: int) -> dict[str, np.ndarray]:
        """Each patient's value of every symbol, shape (patients,): median x random effect x covariate relation."""
        values = {}
        for symbol, row in self.rows.items():
            value = np.full(patients, row.value)
            if row.variability and symbol in effects:
                value = value * np.exp(np.sqrt(np.log1p(row.variability**2)) * effects[symbol])
            for relation in _relations(self.name, symbol):
                value = value * relation.factor(effects)
            values[symbol] = value
        return values


@dataclass(frozen=True)
class Relation:
    """One covariate relation: a power of covariate/reference, or linear in covariate - reference."""

    covariate: str
    form: str
    coefficient: float
    reference: float
    lower: float
    upper: float

    def factor(self, effects: Mapping[str, np.ndarray]) -> np.ndarray | float:
        """The multiplier for each patient; 1 where the population has the covariate switched off."""
        if self.covariate not in effects:
            return 1.0
        x = np.clip(effects[self.covariate], self.lower, self.upper)
        if self.form == "power":
            return (x / self.reference) ** self.coefficient
        return 1 + self.coefficient * (x - self.reference)


def _read(name: str) -> list[dict[str, str]]:
    with (biology() / "interferon_pk" / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@cache
def _catalogue() -> dict[str, Product]:
    table, potency = parameter_table("interferon_pk"), parameter_table("interferon_response")
    reference = potency["a_pegA2a"].value
    products = {}
    for row in _read("products.csv"):
        rows = {symbol: table[row[symbol]] for symbol in (*DISPOSITION, *_RECORD)}
        rows["a_drug"] = potency[row["a_drug"]]
        by_potency = row["cytopenia_concentration"] == "potency"
        products[row["product"]] = Product(
            name=row["product"],
            form=row["form"],
            rows=rows,
            cytopenia_factor=rows["a_drug"].value / reference if by_potency else 1.0,
            ug_per_miu=table[row["mass_per_MIU"]].value if row["mass_per_MIU"] else None,
        )
    return products


@cache
def _relations(name: str, symbol: str) -> tuple[Relation, ...]:
    table = parameter_table("interferon_pk")
    return tuple(
        Relation(
            row["covariate"],
            row["form"],
            table[row["coefficient"]].value,
            float(row["reference"]),
            float(row["lower"]),
            float(row["upper"]),
        )
        for row in _read("covariates.csv")
        if (row["product"], row["parameter"]) == (name, symbol)
    )


PRODUCTS = tuple(row["product"] for row in _read("products.csv"))


def product(name: str) -> Product:
    """A product by name; raises ``KeyError`` naming the allowed ones."""
    if name not in PRODUCTS:
        raise KeyError(f"unknown drug {name!r}; allowed: {', '.join(PRODUCTS)}")
    return _catalogue()[name]
