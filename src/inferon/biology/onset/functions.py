"""Hazard of being diagnosed with leukaemia by age, and what exposures multiply it by or add to it.

Pure functions of arrays that broadcast against each other. Ages, ages at exposure and times since exposure are in years, rates
in 1/yr. ``values`` are the constants of the parameter table by symbol; ``sd_<symbol>`` is the logarithmic standard deviation of a
row that has one. Source: specification of module J, section 3.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.special import ndtr

from inferon.biology.calendar import MONTHS_PER_YEAR

SUBTYPES = ("AML", "ALL", "CML", "CLL")
COMPONENTS = ("m_alk", "m_topo")
"""Latencies of therapy-related leukaemia: after alkylators, after topoisomerase-II inhibitors."""

PER_PERSON_YEARS = 1e5
"""Registries count diagnoses in so many person-years."""

Values = Mapping[str, float]


def baseline_rate(age: np.ndarray, subtype: str, values: Values) -> np.ndarray:
    """Diagnoses of a subtype in both sexes without exposure: log-linear between the ages of the table, flat beyond the last."""
    prefix = f"base_{subtype}_"
    nodes = sorted(int(symbol.removeprefix(prefix)) for symbol in values if symbol.startswith(prefix))
    rates = [values[f"base_{subtype}_{node}"] for node in nodes]
    return np.exp(np.interp(age, nodes, np.log(rates))) / PER_PERSON_YEARS


def sex_factor(male: np.ndarray, subtype: str, values: Values) -> np.ndarray:
    """Rate of a sex over that of both sexes together."""
    group = "C" if subtype in ("CML", "CLL") else subtype
    return np.where(male, values[f"sexf_{group}_m"], values[f"sexf_{group}_f"])


def background_death_rate(age: np.ndarray, values: Values) -> np.ndarray:
    """Death from anything but leukaemia: exponential in age, with a floor in adults and the excess of the first year."""
    gompertz = values["mu_a"] * np.exp(values["mu_b"] * age)
    return gompertz + values["mu_c"] * (age > values["age_mu_c"]) + values["mu_0"] * (age < values["age_mu_0"])


def dose_response(dose: np.ndarray, values: Values, *, protracted: bool = False) -> np.ndarray:
    """Linear-quadratic excess at reference ages for a red-marrow dose in Gy; above ``D_kill`` cell killing reduces it.

    A protracted exposure has no quadratic part.
    """
    quadratic = 0.0 if protracted else values["aQ_rad"]
    beyond = np.maximum(dose, values["D_kill"]) ** 2 - values["D_kill"] ** 2
    return (values["aL_rad"] + quadratic * dose) * dose * np.exp(-beyond / values["kap_rad"])


def partial_body_response(doses: np.ndarray, fractions: np.ndarray, values: Values) -> np.ndarray:
    """The excess of an uneven exposure: parts of the marrow along the last axis, weighted by their share of all marrow."""
    return np.sum(fractions * dose_response(doses, values), axis=-1)


def radiation_excess(
    dose: np.ndarray, exposure_age: np.ndarray, age: np.ndarray, values: Values, *, protracted: bool = False
) -> np.ndarray:
    """Excess relative risk of one exposure of the whole marrow (Gy); 0 before it. Survivor cohort, Walsh 2021."""
    since = age - exposure_age
    time = np.exp(-values["bT_rad"] * np.maximum(since, values["t_min_rad"]) / values["t_ref_rad"])
    attained = (np.maximum(age, values["a_min_rad"]) / values["a_ref_rad"]) ** -values["bA_rad"]
    return dose_response(dose, values, protracted=protracted) * time * attained * latency_ramp(since, values)


def alternative_radiation_excess(
    dose: np.ndarray, exposure_age: np.ndarray, age: np.ndarray, values: Values
) -> np.ndarray:
    """The same question answered by the BEIR VII form; latency and earliest data as in ``radiation_excess``."""
    since = age - exposure_age
    young = np.minimum(0.0, (exposure_age - values["e_beir"]) / values["e_unit_beir"])
    late = np.log(np.maximum(since, values["t_min_rad"]) / values["t_beir"])
    trend = np.exp(values["ga_beir"] * young + values["de_beir"] * late + values["ph_beir"] * young * late)
    size = values["b_beir"] * dose * (1 + values["th_beir"] * dose)
    return size * trend * latency_ramp(since, values)


def latency_ramp(since: np.ndarray, values: Values) -> np.ndarray:
    """Share of the excess that has appeared so many years after exposure: 0 until the exposure, then rising to 1."""
    return np.clip(since / values["lat_rad"], 0.0, 1.0)


def radiation_weight(exposure_age: np.ndarray, subtype: str, values: Values) -> np.ndarray:
    """What a subtype takes of the excess: all, for CLL ``F_CLL``, for ALL after exposure in childhood ``F_ALL_child``."""
    if subtype == "CLL":
        return np.full(np.shape(exposure_age), values["F_CLL"])
    child = np.asarray(exposure_age) < values["age_child_rad"]
    return np.where(child & (subtype == "ALL"), values["F_ALL_child"], 1.0)


def spent_between(start: np.ndarray, stop: np.ndarray, first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Years of the period from ``start`` to ``stop`` that fall between the ages ``first`` and ``last``."""
    return np.maximum(0.0, np.minimum(stop, last) - np.maximum(start, first))


def benzene_dose(
    ppm: np.ndarray, start: np.ndarray, stop: np.ndarray, age: np.ndarray, values: Values
) -> tuple[np.ndarray, np.ndarray]:
    """ppm-years taken up by an age that count in full, and those that count as old; constant exposure between two ages.

    An exposure counts in full until ``win_B`` years after it ended (the reading that the printed checks were made with).
    """
    taken = ppm * spent_between(start, stop, 0.0, age)
    recent = age < stop + values["win_B"]
    return np.where(recent, taken, 0.0), np.where(recent, 0.0, taken)


def benzene_risk(recent: np.ndarray, old: np.ndarray, subtype: str, values: Values) -> np.ndarray:
    """Relative risk after ppm-years of benzene, recent and old; other subtypes have a share of the slope of AML."""
    slope = values["bB"] * (1.0 if subtype == "AML" else values["F_B_other"])
    return 1 + slope * (recent + values["F_B_old"] * old)


def benzene_risk_power(ppm_years: np.ndarray, values: Values) -> np.ndarray:
    """Relative risk of AML by the power form, which meets the lowest published category; a sensitivity."""
    return 1 + values["bB_power"] * ppm_years ** values["kB_power"]


def smoking_risk(pack_years: np.ndarray, current: np.ndarray, values: Values) -> np.ndarray:
    """Relative risk of AML after so many pack-years, in current smokers (true) and former ones."""
    return 1 + values["bS"] * pack_years * np.where(current, 1.0, values["F_S_former"])


def therapy_risk(since: np.ndarray, fractions: tuple[np.ndarray, np.ndarray], values: Values) -> np.ndarray:
    """Probability of therapy-related leukaemia within ``since`` years of starting chemotherapy, if nothing else happens.

    ``fractions``: who would ever have it, by the alkylator and by the topoisomerase-II component.
    """
    return sum(p * _latency(since, name, values)[1] for p, name in zip(fractions, COMPONENTS, strict=True))


def therapy_rates(
    since: np.ndarray, fractions: tuple[np.ndarray, np.ndarray], values: Values
) -> tuple[np.ndarray, np.ndarray]:
    """Added AML hazard by the alkylator and by the topoisomerase-II component; 0 until therapy starts."""
    (early, had), (late, have) = (_latency(since, name, values) for name in COMPONENTS)
    free = 1 - fractions[0] * had - fractions[1] * have
    return fractions[0] * early / free, fractions[1] * late / free


def latency_share(first: float, last: float, symbol: str, values: Values) -> float:
    """Share of a component's cases (``m_alk``, ``m_topo``) that appear between two times since therapy, in years."""
    return float(_latency(np.float64(last), symbol, values)[1] - _latency(np.float64(first), symbol, values)[1])


def _latency(since: np.ndarray, symbol: str, values: Values) -> tuple[np.ndarray, np.ndarray]:
    """Density (1/yr) and distribution function of a log-normal latency; the table holds its median in months."""
    median, spread = values[symbol] / MONTHS_PER_YEAR, values[f"sd_{symbol}"]
    after = np.maximum(since, 1e-9)
    z = np.log(after / median) / spread
    density = np.exp(-0.5 * z**2) / (after * spread * np.sqrt(2 * np.pi))
    return np.where(since > 0, density, 0.0), np.where(since > 0, ndtr(z), 0.0)


def haematopoiesis_risk(carrier: np.ndarray, age: np.ndarray, values: Values) -> np.ndarray:
    """Relative risk of AML with and without clonal haematopoiesis, scaled so that the population's rate stays what it is."""
    ratio = values["HR_chip"]
    return np.where(carrier, ratio, 1.0) / (1 + published_prevalence(age, values) * (ratio - 1))


def published_prevalence(age: np.ndarray, values: Values) -> np.ndarray:
    """Share of people with clonal haematopoiesis at an age: a power of age through the published decades; at most 1."""
    return np.minimum(1.0, values["prev_ref"] * (age / values["age_prev_ref"]) ** values["k_prev"])


def attributable_fraction(shares: np.ndarray, risks: np.ndarray) -> float:
    """Share of cases that would not occur if everybody had relative risk 1; ``shares`` of people with relative ``risks``."""
    excess = float(np.sum(np.asarray(shares) * (np.asarray(risks) - 1)))
    return excess / (1 + excess)
