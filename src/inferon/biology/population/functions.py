"""Sizes and kidney function that follow from what is drawn of a person.

Pure functions of arrays that broadcast against each other; ``values`` are the constants of the population table by symbol.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

CM_PER_M = 100

Values = Mapping[str, float]


def body_mass_index(weight: np.ndarray, height: np.ndarray) -> np.ndarray:
    """Body-mass index (kg/m2) from kg and m."""
    return weight / height**2


def body_surface(weight: np.ndarray, height: np.ndarray, values: Values) -> np.ndarray:
    """Body surface (m2) from kg and m (Mosteller, N Engl J Med 1987;317:1098)."""
    return np.sqrt(weight * height * CM_PER_M / values["bsa_scale"])


def creatinine_clearance(
    age: np.ndarray, weight: np.ndarray, creatinine: np.ndarray, male: np.ndarray, values: Values
) -> np.ndarray:
    """Creatinine clearance (mL/min) from years, kg and mg/dL (Cockcroft & Gault, Nephron 1976;16:31)."""
    sex = np.where(male, 1.0, values["f_cg_women"])
    return (values["age_cg"] - age) * weight / (values["cg_scale"] * creatinine) * sex
