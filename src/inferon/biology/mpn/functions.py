"""Published exposure regressions of ropeginterferon in polycythaemia vera, and the least concentration that turns the clone.

Source: Qin et al., Pharmacol Res Perspect 2025;13(3):e70109; specification of module G, section 3. The exposure is the mean
total concentration (ng/mL) from the first dose to the week; outside the range it was observed in, nothing is predicted.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

WEEKS = (24, 52)
"""Weeks of treatment the regressions were made for."""


def _within(exposure: np.ndarray, values: Mapping[str, float], found: np.ndarray) -> np.ndarray:
    inside = (exposure >= values["Cavg_low"]) & (exposure <= values["Cavg_high"])
    return np.where(inside, found, np.nan)


def complete_response_probability(exposure: np.ndarray, week: int, values: Mapping[str, float]) -> np.ndarray:
    """Chance (0-1) of a complete haematological response at week 24 or 52; not a number outside the observed exposures."""
    exposure = np.asarray(exposure, dtype=float)
    if week == WEEKS[0]:
        logit = values["b0_chr24"] + values["b1_chr24"] * exposure
    elif week == WEEKS[1]:
        logit = values["E0_chr52"] + values["Emax_chr52"] * exposure / (values["EC50_chr52"] + exposure)
    else:
        raise ValueError(f"week is {week}; allowed: {', '.join(map(str, WEEKS))}")
    return _within(exposure, values, 1 / (1 + np.exp(-logit)))


def allele_burden_change(
    exposure: np.ndarray, week: int, values: Mapping[str, float], *, weight: np.ndarray | float = 0.0
) -> np.ndarray:
    """Change of the allele burden (percentage points) by week 24 (also by ``weight``, kg) or 52; see above for the range."""
    exposure = np.asarray(exposure, dtype=float)
    if week == WEEKS[0]:
        change = values["b0_jak24"] + values["b1_jak24"] * exposure + values["bwt_jak24"] * weight
    elif week == WEEKS[1]:
        change = values["b0_jak52"] + values["b1_jak52"] * exposure
    else:
        raise ValueError(f"week is {week}; allowed: {', '.join(map(str, WEEKS))}")
    return _within(exposure, values, change)


def least_concentration(values: Mapping[str, float], *, multiplier: np.ndarray | float = 1.0) -> np.ndarray:
    """Steady concentration (ng/mL equivalents) at which renewal of the clone is balanced; ``inf`` where no amount suffices.

    ``multiplier`` is that of the clone's zygosity on the renewal effect.
    """
    effect = np.asarray(values["e_D_m"] * multiplier, dtype=float)
    enough = effect > values["D0_m"]
    room = np.where(enough, effect - values["D0_m"], 1.0)
    return np.where(enough, values["EC_D"] * values["D0_m"] / room, np.inf)
