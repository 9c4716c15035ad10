"""Cell kill by radiation with repair between and during fractions, and what a whole conditioning regimen leaves of the host.

Pure functions of arrays that broadcast against each other. Doses in Gy, times in days, kills in log10, ``alpha`` in 1/Gy,
``beta`` in 1/Gy2. ``values`` are the constants of the parameter table by symbol. Source: specification of module K, section 2;
the factors of repair are those of Lea & Catcheside (J Genet 1942;44:216) and Thames (Int J Radiat Biol 1985;47:319).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.special import expit

from inferon.biology.calendar import HOURS_PER_DAY

TARGETS = ("L", "C1", "C2", "T")
"""Leukaemia, stem cells, progenitors, T cells of the host."""

LN10 = np.log(10.0)

Values = Mapping[str, float]


def repair_rate(half_time_hours: np.ndarray) -> np.ndarray:
    """Rate (1/d) at which sublethal damage is repaired."""
    return np.log(2) * HOURS_PER_DAY / half_time_hours


def dose_rate_factor(delivery: np.ndarray, repair: np.ndarray) -> np.ndarray:
    """Share of the quadratic kill left when a fraction takes ``delivery`` days; 1 when given at once."""
    x = np.asarray(repair * delivery, dtype=float)
    small = x < 1e-3
    safe = np.where(small, 1.0, x)
    series = 1 - x / 3 + x**2 / 12 - x**3 / 60
    return np.where(small, series, 2 * (safe + np.expm1(-safe)) / safe**2)


def incomplete_repair(fractions: np.ndarray, gap: np.ndarray, repair: np.ndarray) -> np.ndarray:
    """What damage left over between fractions, ``gap`` days from start to start, adds to the quadratic kill.

    0 for one fraction or gaps without end; fractions - 1 for no gap, when all is one dose. The sum over pairs of fractions stands
    for the closed form, which cancels when the gap is short.
    """
    count = np.asarray(fractions, dtype=float)
    apart = np.arange(1, max(2.0, np.max(count, initial=1.0)))
    pairs = np.maximum(count[..., None] - apart, 0.0)
    left = np.exp(-np.asarray(repair * gap)[..., None] * apart)
    return 2 / count * np.sum(pairs * left, axis=-1)


def quadratic_factor(
    fractions: np.ndarray, gap: np.ndarray, delivery: np.ndarray, half_time_hours: np.ndarray
) -> np.ndarray:
    """The factor of n d^2: dose rate and incomplete repair together."""
    repair = repair_rate(half_time_hours)
    return dose_rate_factor(delivery, repair) + incomplete_repair(fractions, gap, repair)


def log_kill(
    alpha: np.ndarray, beta: np.ndarray, fractions: np.ndarray, dose: np.ndarray, factor: np.ndarray = 1.0
) -> np.ndarray:
    """log10 kill of a target by ``fractions`` of ``dose`` Gy each; ``factor`` from ``quadratic_factor``."""
    return (alpha * fractions * dose + beta * fractions * dose**2 * factor) / LN10


def late_effect_dose(
    fractions: np.ndarray, dose: np.ndarray, alpha_beta: np.ndarray, factor: np.ndarray = 1.0
) -> np.ndarray:
    """Biologically effective dose (Gy) for a late effect of the lung, of which ``alpha_beta`` is in Gy."""
    return fractions * dose * (1 + dose / alpha_beta * factor)


def surviving_share(kill: np.ndarray, fractions: np.ndarray = 1) -> np.ndarray:
    """What one of ``fractions`` equal steps of a log10 kill leaves; what a state is multiplied by at each fraction."""
    return 10.0 ** (-np.asarray(kill) / fractions)


def kill_constant(kill: np.ndarray) -> np.ndarray:
    """Kill constant of the marrow equations for a course of a drug (integral of its effect 1) with this log10 kill."""
    return LN10 * np.asarray(kill)


def donor_t_cells(kill: np.ndarray, values: Values) -> np.ndarray:
    """Share of T cells of donor origin on day 28 for a log10 kill of the host's."""
    return 1 / (1 + values["r_h"] * surviving_share(kill))


def rejection_probability(kill: np.ndarray, values: Values) -> np.ndarray:
    """Chance that the graft is rejected and the host's own marrow returns, for a log10 kill of the host's T cells."""
    return expit(values["c0_rej"] - values["c1_rej"] * np.asarray(kill))


def early_toxicity_factor(late_dose: np.ndarray, values: Values) -> np.ndarray:
    """Factor on the hazard of conditioning toxicity for a lung dose (Gy BED3); never below 1, no irradiation included."""
    steep = values["k_tox"] * (np.asarray(late_dose) - values["BED3_ref"])
    return np.maximum(1.0, values["f_hc_ref"] * np.exp(steep))
