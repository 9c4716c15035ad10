"""The maximum of a smooth log-likelihood of a few parameters, from its values alone.

First derivatives are central differences of fourth order, second derivatives the same differences of the first: with
parameters of size one the errors are about 1e-11 and 1e-8 of the value, which a Newton step corrects and a standard error
does not show.
"""

from collections.abc import Callable

import numpy as np

from inferon.statistics.shared.columns import Floats

STEP = 1e-3
ROUNDS = 200
ENOUGH = 1e-10
STENCIL = ((-2, 1 / 12), (-1, -8 / 12), (1, 8 / 12), (2, -1 / 12))


def maximise(function: Callable[[Floats], float], start: Floats) -> tuple[Floats, float, Floats, int]:
    """Estimate, value, information (minus the second derivatives) and the number of Newton steps.

    Parameters should be scaled to size one. ValueError where the value cannot be increased to a maximum.
    """
    here, value = start.astype(np.float64), function(start)
    if not np.isfinite(value):
        raise ValueError("the likelihood is not finite at its starting values")
    for rounds in range(1, ROUNDS + 1):
        slope = _gradient(function, here)
        information = -_second_derivatives(function, here)
        step = _ascent(slope, information)
        gain = float(slope @ step) / 2
        if gain < ENOUGH * (1 + abs(value) * 1e-3) and np.linalg.eigvalsh(information)[0] > 0:
            return here + step, function(here + step), information, rounds
        here, value = _halved(function, here, step, value)
    raise ValueError(f"the fit did not settle in {ROUNDS} steps: the data may not determine the parameters")


def _halved(function: Callable[[Floats], float], here: Floats, step: Floats, value: float) -> tuple[Floats, float]:
    for _ in range(50):
        tried = function(here + step)
        if np.isfinite(tried) and tried >= value - 1e-13 * abs(value):
            return here + step, tried
        step = step / 2
    raise ValueError("the likelihood cannot be increased from here: the data may not determine the parameters")


def _gradient(function: Callable[[Floats], float], here: Floats, *, first: int | None = None) -> Floats:
    """Slopes along the first parameters, all of them by default."""
    count = here.size if first is None else first
    slope = np.zeros(count)
    for number in range(count):
        along = np.zeros(here.size)
        along[number] = STEP
        slope[number] = sum(weight * function(here + k * along) for k, weight in STENCIL) / STEP
    return slope


def _second_derivatives(function: Callable[[Floats], float], here: Floats) -> Floats:
    found = np.zeros((here.size, here.size))
    for number in range(here.size):
        along = np.zeros(here.size)
        along[number] = STEP
        slopes = [weight * _gradient(function, here + k * along, first=number + 1) for k, weight in STENCIL]
        found[number, : number + 1] = np.sum(slopes, axis=0) / STEP
    return np.tril(found) + np.tril(found, -1).T


def _ascent(slope: Floats, information: Floats) -> Floats:
    """Newton's step along directions that curve down, a step of limited length along the others."""
    values, vectors = np.linalg.eigh(information)
    floored = np.maximum(np.abs(values), 1e-6 * max(float(np.abs(values).max()), 1.0))
    step = vectors @ ((vectors.T @ slope) / floored)
    return step / max(1.0, float(np.abs(step).max()) / 2)
