"""Side effects in closed form: what is decided once a dose or once a patient, as functions of uniform or normal draws.

Source: specification of module I, section 3. Every constant is an argument; its value is a row of ``parameters.csv``.
"""

from __future__ import annotations

import numpy as np


def frailty(z: np.ndarray, cv: float) -> np.ndarray:
    """Log-normal frailty with mean 1 and coefficient of variation ``cv``, from standard normal draws of any shape."""
    variance = np.log1p(cv**2)
    return np.exp(np.sqrt(variance) * z - variance / 2)


def flu_probability(peak: np.ndarray, frailty: np.ndarray, *, gain: float, threshold: float) -> np.ndarray:
    """Probability (0-1) of flu-like symptoms after one dose.

    ``peak`` is the largest robust signal S_isg (0-1) in the window after the dose; tolerance comes with its desensitisation.
    ``frailty`` broadcasts against it.
    """
    return -np.expm1(-frailty * gain * np.maximum(0.0, peak - threshold))


def alt_peak(
    u: np.ndarray, concentration: np.ndarray, *, intercept: float, slope: float, scale: float, limit: float
) -> np.ndarray:
    """ALT at the top of a rise, in multiples of the upper limit of normal; 0 where there is no rise to ``limit``.

    The probability of reaching ``limit`` (grade 2) is logistic in the mean concentration (ng/mL), ``intercept + slope * C``.
    Beyond it the odds of exceeding m fall as (m/limit)**(-1/scale) (proportional odds). ``u`` is uniform in (0, 1).
    """
    excess = intercept + slope * concentration - np.log(u / (1 - u))
    return np.where(excess >= 0, limit * np.exp(scale * np.maximum(excess, 0.0)), 0.0)


def graded(u: np.ndarray, *, grade_2: float, grade_3: float) -> np.ndarray:
    """Grade 1, 2 or 3 of an event from uniform draws; ``grade_2`` and ``grade_3`` are the shares at or above the grade."""
    return 1 + (u < grade_2).astype(np.int64) + (u < grade_3)


def day_of_constant_hazard(exponential: np.ndarray, *, probability: float, window: float) -> np.ndarray:
    """Day (from the start of a window of ``window`` days) of an event of the given probability; ``inf`` where it does not happen.

    The hazard is constant in the window, -ln(1 - probability)/window, and 0 afterwards; draws are unit exponentials.
    """
    day = exponential * window / -np.log1p(-probability)
    return np.where(day <= window, day, np.inf)
