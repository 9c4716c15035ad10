"""Checks E7-E9: probability that a small clone dies out, with fully specified rates (module E, sections 6 and 14)."""

from __future__ import annotations

import numpy as np
from scipy.integrate import cumulative_trapezoid

from inferon.engine import extinction_probability
from inferon.evidence.check import Finding, between, check, holds, near

FOLDER = "transplant"
BIRTH, DEATH, PLATEAU, STEP = 0.10, 0.04, 0.0921, 0.25
"""Rates of the printed case (1/d): birth, death without kill, plateau of the kill; grid of the backward equations (d)."""


def kill(t: np.ndarray, plateau: float) -> np.ndarray:
    """Kill of the printed case, 1/d: sigmoid around day 35."""
    return plateau / (1 + np.exp(-(t - 35) / 5))


def probability(
    cycling: float,
    dormant: float = 0.0,
    *,
    plateau: float = PLATEAU,
    horizon: float = 365.0,
    e_act: float | None = None,
) -> float:
    """By the engine: one type (``e_act`` None) or with a dormant pool that wakes at 0.005 (1 + e_act) until day 56."""
    grid = np.linspace(0, horizon, round(horizon / STEP) + 1)[None, :]
    killing, two = kill(grid, plateau), e_act is not None
    wake = 0.005 * (1 + (e_act or 0.0) * (grid < 56)) if two else np.zeros_like(grid)
    return float(
        extinction_probability(
            np.full_like(grid, BIRTH),
            DEATH + killing,
            wake,
            0.1 * killing if two else np.zeros_like(grid),
            to_dormant=np.array([0.001 if two else 0.0]),
            step=STEP,
            counts=np.array([grid.shape[1]]),
            cycling=np.array([float(cycling)]),
            dormant=np.array([float(dormant)]),
        )[0]
    )


def direct_simulation(cells: int, plateau: float, runs: int, seed: int = 7) -> float:
    """Share of runs extinct within a year, cell by cell: births and deaths of 0.05 d are binomial counts of the cells alive."""
    generator, step = np.random.default_rng(seed), 0.05
    alive = np.full(runs, cells)
    for t in np.arange(0.0, 365.0, step) + step / 2:
        rates = np.array([BIRTH, DEATH + float(kill(np.array(t), plateau))])
        changed = generator.binomial(alive, -np.expm1(-rates.sum() * step))
        born = generator.binomial(changed, rates[0] / rates.sum())
        alive = alive + 2 * born - changed
    return float(np.mean(alive == 0))


@check("E7", FOLDER, "extinction of 10, 100 and 1000 cells with specified rates")
def one_type() -> list[Finding]:
    """Also with the weaker kill of the reference, section 3; direct simulation within 3 Monte-Carlo errors."""
    printed = {PLATEAU: ((10, 0.9995, 1e-4), (100, 0.9950, 1e-4), (1000, 0.9514, 1e-4))}
    printed[0.09] = ((10, 0.9991, 1e-4), (100, 0.9906, 1e-4), (1000, 0.9097, 1e-4))
    findings = [
        near(
            f"{cells} cells, kill {plateau}/d", probability(cells, plateau=plateau), value, absolute=allowed, relative=0
        )
        for plateau, rows in printed.items()
        for cells, value, allowed in rows
    ]
    for cells, plateau, runs in ((100, 0.09, 2000), (1000, 0.09, 500)):
        p = probability(cells, plateau=plateau)
        error = 3 * float(np.sqrt(p * (1 - p) / runs)) + 0.002
        found = direct_simulation(cells, plateau, runs)
        findings.append(
            near(f"{cells} cells, kill {plateau}/d, {runs} runs simulated", found, p, absolute=error, relative=0)
        )
    return findings


@check("E8", FOLDER, "the forward closed form equals the backward equations")
def closed_form() -> list[Finding]:
    """Kendall's J/(1+J) by quadrature on a grid of 0.001 d."""
    findings = []
    for plateau in (PLATEAU, 0.09):
        for horizon in (60.0, 365.0):
            t = np.linspace(0, horizon, round(horizon * 1000) + 1)
            death = DEATH + kill(t, plateau)
            rho = cumulative_trapezoid(death - BIRTH, t, initial=0)
            j = float(np.trapezoid(death * np.exp(rho), t))
            apart = abs(probability(1, plateau=plateau, horizon=horizon) - j / (1 + j))
            words = f"difference, kill {plateau}/d, horizon {horizon:g} d"
            findings.append(between(words, apart, 0, 1e-5, expected="at most 1e-05"))
    return findings


@check("E9", FOLDER, "extinction with a dormant pool that interferon wakes")
def two_types() -> list[Finding]:
    """100 cycling and 20 dormant cells; the second case shows randomness (reference, section 3)."""
    findings = []
    for plateau, horizon, printed, allowed in (
        (PLATEAU, 730.0, (0.9955, 0.9964, 0.9971), 2e-4),
        (0.09, 365.0, (0.431, 0.503, 0.574), 1e-3),
    ):
        found = [probability(100, 20, plateau=plateau, horizon=horizon, e_act=e) for e in (0, 3, 10)]
        words = f"kill {plateau}/d, horizon {horizon:g} d"
        findings += [
            near(f"{words}, e_act {e}", p, value, absolute=allowed, relative=0)
            for e, p, value in zip((0, 3, 10), found, printed, strict=True)
        ]
        shown = ", ".join(f"{p:.4f}" for p in found)
        findings.append(holds(f"{words}: by e_act", found == sorted(found), expected="rises", obtained=shown))
    return findings
