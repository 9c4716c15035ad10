"""Checks P10-P12: adding quantities, patients or arms changes nothing that was there, bit for bit."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from inferon.cohort import POPULATIONS, Cohort, draw_cohort
from inferon.cohort.covariates import draw_covariates
from inferon.evidence.check import Finding, check, holds
from inferon.evidence.checks.population import FOLDER
from inferon.model.catalogue import parameter_table
from inferon.protocol import Regimen
from inferon.random import normal, uniform
from inferon.trial.simulate import simulate_arm

SEED = 7
Draw = Callable[[str], np.ndarray]


def columns(cohort: Cohort) -> dict[str, np.ndarray]:
    """Everything a cohort knows of its patients, by kind and name."""
    found = {f"covariate {c}": cohort.covariates[c].to_numpy() for c in cohort.covariates.columns}
    for kind in ("parameters", "effects", "draws"):
        found |= {f"{kind} {name}": values for name, values in getattr(cohort, kind).items()}
    return found


def identical(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two columns are the same bit for bit."""
    return a.tolist() == b.tolist() if a.dtype == object else a.tobytes() == b.tobytes()


def _same(quantity: str, before: dict[str, np.ndarray], after: dict[str, np.ndarray], may_differ: set[str]) -> Finding:
    """Exactly the named columns differ."""
    differs = {name for name in before if name not in after or not identical(before[name], after[name])}
    wrong = sorted(differs ^ may_differ)
    expected = f"{len(may_differ)} of {len(before)} quantities differ" if may_differ else "all the same"
    return holds(quantity, not wrong, expected=expected, obtained="as expected" if not wrong else ", ".join(wrong))


@check("P10", FOLDER, "adding, removing or reordering a quantity leaves every other as it was")
def quantities() -> list[Finding]:
    """The mix beside the reference, an override beside none, and covariates with draws added, reordered and left out."""
    reference, mix = (columns(draw_cohort(p, np.arange(300), seed=SEED)) for p in POPULATIONS)
    by_design = {f"parameters transplant__{s}" for s in ("L0", "rho_A", "T_A0", "T_L0")}
    by_design |= {f"draws {name}" for name in ("cd34", "cd3", "committed")}
    overridden = columns(draw_cohort(POPULATIONS[0], np.arange(300), seed=SEED, overrides={"rho_L": 0.5}))
    plain, disturbed = _covariates(disturbed=False), _covariates(disturbed=True)
    return [
        _same("the covariate mix beside the reference", reference, mix, by_design),
        _same("an override of rho_L", reference, overridden, {"parameters transplant__rho_L"}),
        _same("extra draws before every covariate, the donor's left out", plain, disturbed, {"donor"}),
    ]


def _covariates(*, disturbed: bool) -> dict[str, np.ndarray]:
    patients = np.arange(200)

    def drawn(kind: Callable[..., np.ndarray]) -> Draw:
        def draw(stream: str) -> np.ndarray:
            if disturbed:
                kind(SEED, "a quantity nobody knows", patients)
            return np.full(200, 0.25) if disturbed and stream == "donor" else kind(SEED, stream, patients)

        return draw

    table = draw_covariates(parameter_table(FOLDER), drawn(uniform), drawn(normal))
    return {name: table[name].to_numpy() for name in table.columns}


@check("P11", FOLDER, "a patient is the same in any company")
def company() -> list[Finding]:
    """The same numbers alone, in a large cohort and in another order."""
    findings = []
    for population in POPULATIONS:
        together = columns(draw_cohort(population, np.arange(500), seed=SEED))
        chosen = np.array([499, 3, 250])
        apart = columns(draw_cohort(population, chosen, seed=SEED))
        there = {name: values[chosen] for name, values in together.items()}
        findings.append(_same(f"three patients alone and among 500, {population}", there, apart, set()))
    return findings


@check("P12", FOLDER, "arms share patients, effects and event thresholds")
def arms() -> list[Finding]:
    """The cohort is untouched by simulating it; the same arm twice is the same, in one thread and in two; a patient waits
    equally long from relapse to death in both arms.
    """
    cohort = draw_cohort("covariate-mix", np.arange(300), seed=9)
    before = {name: values.copy() for name, values in columns(cohort).items()}
    drug = [Regimen(drug="peginterferon alfa-2a", dose=180, doses=4)]
    control, treated, again = (
        simulate_arm(cohort, regimens, follow_up=730.0, threads=threads).events
        for regimens, threads in (([], 1), (drug, 2), ([], 2))
    )
    waits = [events["death_day"] - events["relapse_day"] for events in (control, treated)]
    both = waits[0].is_not_null() & waits[1].is_not_null()
    apart = float((waits[0] - waits[1]).filter(both).abs().max())
    equal = control.equals(again)
    return [
        _same("the cohort after three arms", before, columns(cohort), set()),
        holds(
            "the same arm in one thread and in two",
            equal,
            expected="identical",
            obtained="identical" if equal else "different",
        ),
        holds(
            f"relapse to death in {both.sum()} patients of both arms",
            bool(both.sum() > 30 and apart < 1e-9),
            expected="equally long",
            obtained=f"differs by at most {apart:.1g} d",
        ),
    ]
