"""Confidence limits of a probability from its standard error, on the scale that is asked for.

    plain     p ± z se
    log       p exp(± z se / p)
    log-log   p ** exp(± z se / (p log p))                  (the scale log(-log p); the default everywhere here)
    logit     odds exp(± z se / (p (1 - p)))
    arcsine   sin²(asin √p ± z se / (2 √(p (1 - p))))

Limits stay within [0, 1]. A probability of exactly 1 with no standard error has the limits (1, 1); where the scale
does not exist (p = 0 on every transformed scale) the limits are NaN: no events, no such interval.
Source: Borgan & Liestøl, Scand J Statist 1990;17:35-41; Kalbfleisch & Prentice, The Statistical Analysis of Failure
Time Data, 2002, section 1.4.
"""

from typing import Literal, get_args

import numpy as np
from scipy.special import ndtri

from inferon.statistics.columns import Floats

ConfidenceType = Literal["plain", "log", "log-log", "logit", "arcsine"]
CONFIDENCE_TYPES: tuple[str, ...] = get_args(ConfidenceType)


def check_confidence(conf_type: str, conf_level: float) -> None:
    """ValueError unless the scale is known and the level lies strictly between 0 and 1."""
    if conf_type not in CONFIDENCE_TYPES:
        raise ValueError(f"conf_type must be one of {', '.join(CONFIDENCE_TYPES)}, found {conf_type!r}")
    if not 0 < conf_level < 1:
        raise ValueError(f"conf_level must lie between 0 and 1, found {conf_level}")


def confidence_limits(
    estimate: Floats, standard_error: Floats, *, conf_type: str, conf_level: float
) -> tuple[Floats, Floats]:
    """Lower and upper limits, each of the shape of `estimate`."""
    check_confidence(conf_type, conf_level)
    z = float(ndtri(0.5 + conf_level / 2))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        lower, upper = _LIMITS[conf_type](estimate, z * standard_error)
        certain = (estimate == 1) & (standard_error == 0)
        bounds = (np.where(certain, 1.0, np.clip(limit, 0.0, 1.0)) for limit in (lower, upper))
        return tuple(bounds)  # pyright: ignore[reportReturnType]


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
