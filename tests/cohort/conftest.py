"""The two transplant populations, 20 000 patients each, drawn once a session."""

from collections.abc import Callable, Mapping

import numpy as np
import pytest

from inferon.cohort import Cohort, draw_cohort
from inferon.model.catalogue import parameter_table

PATIENTS, SEED = 20_000, 41


@pytest.fixture(scope="session")
def reference() -> Cohort:
    """The reference cohort."""
    return draw_cohort("transplant-reference", np.arange(PATIENTS), seed=SEED)


@pytest.fixture(scope="session")
def mix() -> Cohort:
    """The covariate mix."""
    return draw_cohort("covariate-mix", np.arange(PATIENTS), seed=SEED)


@pytest.fixture(scope="session")
def normalised() -> Callable[[Cohort], Mapping[str, np.ndarray]]:
    """Every random effect of a cohort on the normal scale, (ln value - ln typical) / omega, covariate factors taken out."""

    def effects(cohort: Cohort) -> dict[str, np.ndarray]:
        result = {name: cohort.effects[name] for name in ("ka", "CL", "V", "T0", "T50", "kint", "R0")}
        risk = cohort.covariates["cytogenetic_risk"].to_numpy()
        speed = np.select([risk == "poor", risk == "favourable"], [0.9, 1.5], 1.0)
        kill = np.where(risk == "poor", 0.7, 1.0)
        donor = cohort.covariates["donor"].to_numpy()
        mismatch = np.select([donor == "matched unrelated", donor == "haploidentical"], [1.1, 1.15], 1.0)
        if cohort.population == "transplant-reference":
            mismatch = np.ones(len(cohort))
        typical, cv = _table("transplant"), _variability("transplant")
        typical |= cohort.constants
        factors = {"T_d": speed, "k_L": kill, "k_A": kill, "rho_A": mismatch, "rho_L": 1.0, "k_G": 1.0, "k_eng": 1.0}
        for symbol, factor in factors.items():
            result[symbol] = _eta(
                cohort.parameters[f"transplant__{symbol}"], typical[symbol] * factor, cv[symbol] or cv["k_L"]
            )
        cell_ratio = cohort.draws["cd3"] / 2.5e8
        for symbol in ("T_A0", "T_L0"):
            result[symbol] = _eta(cohort.parameters[f"transplant__{symbol}"], typical[symbol] * cell_ratio, cv[symbol])
        source = np.where(cohort.draws["committed"] < 1, "marrow", "blood")
        result["CD34"] = _eta(cohort.draws["cd34"], np.where(source == "blood", 6e6, 2.5e6), 0.4)
        result["CD3"] = _eta(cohort.draws["cd3"], np.where(source == "blood", 2.5e8, 3e7), 0.4)
        response, spread = _table("interferon_response"), _variability("interferon_response")
        response["IC_anc"] = 60.0
        for symbol in ("EC0", "k_U", "EC_ap", "IC_anc"):
            value = cohort.parameters[f"interferon_response__{symbol}"]
            result[symbol] = _eta(value, response[symbol], spread[symbol])
        result["IS0"] = (cohort.parameters["transplant__IS0"] - 0.60) / 0.06
        return result

    return effects


def _table(folder: str) -> dict[str, float]:
    return {symbol: row.value for symbol, row in parameter_table(folder).items()}


def _variability(folder: str) -> dict[str, float | None]:
    return {symbol: row.variability for symbol, row in parameter_table(folder).items()}


def _eta(value: np.ndarray, typical: float | np.ndarray, cv: float) -> np.ndarray:
    return np.log(value / typical) / np.sqrt(np.log1p(cv**2))
