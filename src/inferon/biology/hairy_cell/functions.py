"""Closed forms of module F: the marrow at rest beside hairy cells, the index while growth is unbounded, a serum read-out.

Source: specification of module F, sections 1 and 2; marrow equations of module C, section 3.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

_HALVINGS = 60


def suppression(index: np.ndarray, full: float, exponent: float) -> np.ndarray:
    """Share of its output the normal marrow gives beside hairy cells: (1 - index/full)^exponent, 0 from ``full`` on."""
    return np.maximum(0.0, 1 - np.asarray(index, dtype=float) / full) ** exponent


def marrow_at_rest(kept: np.ndarray, marrow: Mapping[str, float]) -> dict[str, np.ndarray]:
    """The steady state of module C when only the share ``kept`` of the marrow's output reaches the blood, shape of ``kept``.

    Returns ``C1`` and ``C2`` (cells/kg) and, relative to health, ``output`` (of the marrow) and ``blood`` (= kept x output).
    ``marrow`` holds the values of module C by symbol. While the marrow can make up for the loss without crowding
    (kept >= 1/M_cap) counts are normal; below that, committed cells outgrow stem cells in the crowd and these are lost.
    """
    kept = np.asarray(kept, dtype=float)
    low, high = np.zeros_like(kept), np.ones_like(kept)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        more = kept * _crowded(middle, marrow)["output"] > middle
        low, high = np.where(more, middle, low), np.where(more, high, middle)
    crowded = _crowded((low + high) / 2, marrow)
    free = kept >= 1 / marrow["M_cap"]
    made_up = 1 / np.where(free, kept, 1.0)
    roomy = {"C1": made_up * marrow["C1ss"], "C2": made_up * marrow["C2ss"], "output": made_up}
    found = {name: np.where(free, roomy[name], crowded[name]) for name in roomy}
    return {**found, "blood": kept * found["output"]}


def _crowded(blood: np.ndarray, marrow: Mapping[str, float]) -> dict[str, np.ndarray]:
    """Cells and output of a crowded marrow at rest under the feedback of a relative count ``blood``."""
    a1, p1, a2, p2 = marrow["a1"], marrow["p1"], *_committed(marrow)
    s = 1 / (1 + (2 * a1 - 1) * blood)
    stem, committed = (2 * a1 * s - 1) * p1, (2 * a2 * s - 1) * p2
    both = (stem > committed) & (stem > 0)
    death = np.maximum(np.where(both, stem, committed), 0.0)
    ratio = np.where(both, np.maximum(stem - committed, 0.0) / (2 * (1 - a1 * s) * p1), 0.0)
    cells = (marrow["M_cap"] + death / marrow["d_crowd"]) * (marrow["C1ss"] + marrow["C2ss"])
    many = cells / (1 + ratio)
    output = 2 * (1 - a2 * s) * p2 * many / (2 * (1 - a2 / (2 * a1)) * p2 * marrow["C2ss"])
    return {"C1": cells - many, "C2": many, "output": output}


def _committed(marrow: Mapping[str, float]) -> tuple[float, float]:
    """Self-renewal and division rate (1/d) of committed cells, as module C derives them."""
    x = marrow["k_N"] * marrow["N0"] / (marrow["C1ss"] * marrow["p1"])
    a2 = marrow["a1"] * (2 - x) / (1 - x)
    return a2, marrow["p1"] * (marrow["C1ss"] / marrow["C2ss"]) / (1 - a2 / marrow["a1"])


def index_without_bound(
    day: float, start: np.ndarray, growth: np.ndarray, kill: np.ndarray, effect: float, lag: float
) -> np.ndarray:
    """The index on a day (d) of steady interferon if growth were exponential: how the printed numbers of F1 to F3 were made.

    ``growth`` and ``kill`` in 1/d; ``effect`` is the Hill term of the mean concentration, reached with ``lag`` (d).
    """
    exposed = effect * (day - lag * -np.expm1(-day / lag))
    return start * np.exp(growth * day - kill * exposed)


def regrowth_days(index: np.ndarray, level: float, growth: np.ndarray, bound: float) -> np.ndarray:
    """Days of untreated logistic growth (1/d, towards ``bound``) from an index to ``level``; 0 where it is there already."""
    index = np.asarray(index, dtype=float)
    below = np.minimum(index, level)
    return np.log(level / (1 - level / bound) * (1 - below / bound) / below) / growth


def soluble_receptor(index: np.ndarray, base: float, slope: float) -> np.ndarray:
    """Soluble interleukin-2 receptor (U/mL) of a hairy-cell index; a read-out that drives nothing (assumed)."""
    return base + slope * np.asarray(index, dtype=float)
