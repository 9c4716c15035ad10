"""From one malignant stem cell to diagnosis, and clones of normal-looking blood that carry a mutation.

Pure functions of arrays; growth in days, clonal haematopoiesis in years. ``values`` as in ``functions``.
Source: specification of module J, section 3; growth constants of the marrow module.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.special import ndtr

Values = Mapping[str, float]


def stem_cell_growth(self_renewal: np.ndarray, proliferation: np.ndarray, normal_self_renewal: float) -> np.ndarray:
    """Net growth (1/d) of leukaemic stem cells at normal blood counts, where feedback holds normal stem cells constant."""
    return (self_renewal / normal_self_renewal - 1) * proliferation


def establishment_probability(self_renewal: np.ndarray, normal_self_renewal: float) -> np.ndarray:
    """Chance that the descendants of one cell do not die out, if a division gives two stem cells or none (assumed)."""
    divides = self_renewal / (2 * normal_self_renewal)
    return np.maximum(0.0, (2 * divides - 1) / divides)


def days_to_diagnosis(mean_days: np.ndarray, growth: np.ndarray, chance: np.ndarray, gumbel: np.ndarray) -> np.ndarray:
    """Days from the founding cell to diagnosis of a clone that survived.

    ``mean_days``: of the deterministic clone from one cell; ``growth``: 1/d; ``chance``: of establishment; ``gumbel``: standard
    Gumbel draws. A surviving clone is ahead of the mean one, by ln(1/chance)/growth, and scattered.
    """
    return mean_days + (np.log(chance) + gumbel) / growth


def founder_cells(mean_days: np.ndarray, growth: np.ndarray, available: np.ndarray) -> np.ndarray:
    """How many cells a clone must start with to be diagnosed after ``available`` days; one at least."""
    return np.exp(growth * np.maximum(0.0, mean_days - available))


def years_to_carriage(fitness: np.ndarray, values: Values) -> np.ndarray:
    """Years until an exponentially growing clone (``fitness`` in 1/yr) reaches the variant fraction of a carrier."""
    share = values["VAF_carrier"] / values["VAF_per_share"]
    return np.log(values["N_hsc"] * share / (1 - share)) / fitness


def variant_fraction(fitness: np.ndarray, years: np.ndarray, values: Values) -> np.ndarray:
    """Variant allele fraction of a clone so many years after it began with one cell; 0 before."""
    cells = np.where(years >= 0, np.exp(fitness * np.maximum(years, 0.0)), 0.0)
    return values["VAF_per_share"] * cells / (values["N_hsc"] + cells)


def clonal_prevalence(age: np.ndarray, values: Values, *, steps: int = 2000) -> np.ndarray:
    """Share of people of an age who carry a clone: clones begin as a Poisson process and need time by their fitness."""
    ages = np.atleast_1d(np.asarray(age, dtype=float))
    grown = ages[:, None] * (np.arange(steps) + 0.5) / steps
    needed = years_to_carriage(1.0, values) / grown
    reached = ndtr(-np.log(needed / values["s_chip"]) / values["sd_s_chip"])
    return -np.expm1(-values["thC"] * reached.mean(axis=1) * ages)
