"""Confidence limits of a probability from its standard error, on the scale that is asked for.

    plain     p ± z se
    log       p exp(± z se / p)
    log-log   p ** exp(± z se / (p log p))                  (the scale log(-log p); the default everywhere here)
    logit     odds exp(± z se / (p (1 - p)))
    arcsine   sin²(asin √p ± z se / (2 √(p (1 - p))))

Limits stay within [0, 1]. A probability of exactly 1 with no standard error has the limits (1, 1); where the scale
does not exist (p = 0 on every transformed scale) the limits are NaN: no events, no such interval. Those of a cumulative
hazard H have no upper bound:

    plain     H ± z se
    log       H exp(± z se / H)
    arcsine   -2 log sin(asin exp(-H / 2) ± z se / (2 √(exp(H) - 1)))

Source: Borgan & Liestøl, Scand J Statist 1990;17:35-41; Kalbfleisch & Prentice, The Statistical Analysis of Failure
Time Data, 2002, section 1.4.
"""

from typing import Literal, get_args

import numpy as np
from scipy.special import ndtri

from inferon.statistics.shared.columns import Floats

ConfidenceType = Literal["plain", "log", "log-log", "logit", "arcsine"]
CONFIDENCE_TYPES: tuple[str, ...] = get_args(ConfidenceType)
HazardConfidenceType = Literal["plain", "log", "arcsine"]
HAZARD_CONFIDENCE_TYPES: tuple[str, ...] = get_args(HazardConfidenceType)


def check_confidence(conf_type: str, conf_level: float) -> None:
    """ValueError unless the scale is known and the level lies strictly between 0 and 1."""
    _check(conf_type, conf_level, CONFIDENCE_TYPES)


def check_hazard_confidence(conf_type: str, conf_level: float) -> None:
    """ValueError unless the scale is known for a cumulative hazard and the level lies strictly between 0 and 1."""
    _check(conf_type, conf_level, HAZARD_CONFIDENCE_TYPES)


def normal_quantile(conf_level: float) -> float:
    """The z of a two-sided interval at `conf_level`: 1.96 for 0.95."""
    return float(ndtri(0.5 + conf_level / 2))


def confidence_limits(
    estimate: Floats, standard_error: Floats, *, conf_type: str, conf_level: float
) -> tuple[Floats, Floats]:
    """Lower and upper limits, each of the shape of `estimate`."""
    check_confidence(conf_type, conf_level)
    z = normal_quantile(conf_level)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        lower, upper = _LIMITS[conf_type](estimate, z * standard_error)
        certain = (estimate == 1) & (standard_error == 0)
        bounds = (np.where(certain, 1.0, np.clip(limit, 0.0, 1.0)) for limit in (lower, upper))
        return tuple(bounds)  # pyright: ignore[reportReturnType]


def hazard_limits(
    hazard: Floats, standard_error: Floats, *, conf_type: str, conf_level: float
) -> tuple[Floats, Floats]:
    """Lower and upper limits of a cumulative hazard, each of its shape; NaN on the log and arcsine scale where H = 0."""
    check_hazard_confidence(conf_type, conf_level)
    margin = normal_quantile(conf_level) * standard_error
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        if conf_type == "plain":
            return np.maximum(hazard - margin, 0.0), hazard + margin
        if conf_type == "log":
            return hazard * np.exp(-margin / hazard), hazard * np.exp(margin / hazard)
        angle, steps = np.arcsin(np.exp(-hazard / 2)), margin / (2 * np.sqrt(np.expm1(hazard)))
        highest, lowest = np.sin(np.minimum(angle + steps, np.pi / 2)), np.sin(np.maximum(angle - steps, 0.0))
        return -2 * np.log(highest), -2 * np.log(lowest)


def _check(conf_type: str, conf_level: float, allowed: tuple[str, ...]) -> None:
    if conf_type not in allowed:
        raise ValueError(f"conf_type must be one of {', '.join(allowed)}, found {conf_type!r}")
    if not 0 < conf_level < 1:
        raise ValueError(f"conf_level must lie between 0 and 1, found {conf_level}")


def _plain(p: Floats, margin: Floats) -> tuple[Floats, Floats]:
    return p - margin, p + margin


def _log(p: Floats, margin: Floats) -> tuple[Floats, Floats]:
    return p * np.exp(-margin / p), p * np.exp(margin / p)


def _log_log(p: Floats, margin: Floats) -> tuple[Floats, Floats]:
    steps = margin / (p * np.log(p))
    return p ** np.exp(-steps), p ** np.exp(steps)


def _logit(p: Floats, margin: Floats) -> tuple[Floats, Floats]:
    odds, steps = p / (1 - p), margin / (p * (1 - p))
    lower, upper = odds * np.exp(-steps), odds * np.exp(steps)
    return lower / (1 + lower), 1 / (1 + 1 / upper)


def _arcsine(p: Floats, margin: Floats) -> tuple[Floats, Floats]:
    angle, steps = np.arcsin(np.sqrt(p)), margin / (2 * np.sqrt(p * (1 - p)))
    return np.sin(np.maximum(angle - steps, 0)) ** 2, np.sin(np.minimum(angle + steps, np.pi / 2)) ** 2


_LIMITS = {"plain": _plain, "log": _log, "log-log": _log_log, "logit": _logit, "arcsine": _arcsine}
