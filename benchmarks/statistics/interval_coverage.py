"""Do nominal 95 % intervals cover the truth 95 % of the time?

A two-arm trial with competing risks whose truth is known exactly, simulated many times: 150 patients an arm, relapse in 39 % of
the controls in the end, subdistribution hazard ratio 0.6, death without relapse for the rest, uniform censoring between 0.5 and
3.5 years (about 39 % of the patients). Counted is how often these intervals hold the truth, with the Monte-Carlo error of that
share: cumulative incidence at one year in the control arm (log-log and plain limits), difference of restricted mean event-free
times by two years, Fine–Gray log hazard ratio (sandwich variance).

    python benchmarks/statistics/interval_coverage.py [--replications 20000]
"""

import argparse
import json
import platform
import time
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from scipy.integrate import quad
from scipy.special import ndtri

from inferon.statistics.curves.aalen_johansen import aalen_johansen
from inferon.statistics.curves.rmst_comparison import compare_restricted_means
from inferon.statistics.regression.fine_gray import fine_gray

RESULTS = Path(__file__).parents[1] / "results" / "statistics_coverage.json"
SEED = 20260721
NOMINAL = 0.95


@dataclass(frozen=True)
class Setting:
    """F1(t | arm) = 1 - (1 - p (1 - e^-t))^(ratio^arm); the others die of the competing cause at `other_rate` a year."""

    patients_an_arm: int = 150
    final_incidence: float = 0.39
    hazard_ratio: float = 0.6
    other_rate: float = 0.4
    first_censoring: float = 0.5
    last_censoring: float = 3.5
    incidence_at: float = 1.0
    horizon: float = 2.0

    def incidence(self, t: float, arm: int) -> float:
        """Cumulative incidence of relapse."""
        return 1 - (1 - self.final_incidence * (1 - np.exp(-t))) ** (self.hazard_ratio**arm)

    def event_free(self, t: float, arm: int) -> float:
        """Neither relapse nor death."""
        never = (1 - self.final_incidence) ** (self.hazard_ratio**arm)
        return 1 - self.incidence(t, arm) - never * (1 - np.exp(-self.other_rate * t))

    def truths(self) -> dict[str, float]:
        """What each interval should hold."""
        means = [quad(self.event_free, 0, self.horizon, args=(arm,))[0] for arm in (0, 1)]
        incidence = float(self.incidence(self.incidence_at, 0))
        return {
            "cumulative incidence, log-log": incidence,
            "cumulative incidence, plain": incidence,
            "restricted mean difference": means[1] - means[0],
            "Fine–Gray log hazard ratio": float(np.log(self.hazard_ratio)),
        }

    def trial(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Follow-up, cause (0 censored, 1 relapse, 2 death) and arm of one simulated trial."""
        arm = np.repeat([0, 1], self.patients_an_arm)
        ratio = self.hazard_ratio**arm
        reach = 1 - (1 - self.final_incidence) ** ratio
        place = rng.random(arm.size)
        relapses = place < reach
        inner = (1 - (1 - np.minimum(place, reach)) ** (1 / ratio)) / self.final_incidence
        event = np.where(
            relapses, -np.log1p(-np.minimum(inner, 1 - 1e-16)), rng.exponential(1 / self.other_rate, arm.size)
        )
        censoring = rng.uniform(self.first_censoring, self.last_censoring, arm.size)
        cause = np.where(event <= censoring, np.where(relapses, 1, 2), 0)
        return np.minimum(event, censoring), cause, arm


def intervals(setting: Setting, follow_up: np.ndarray, cause: np.ndarray, arm: np.ndarray) -> dict[str, Any]:
    """The intervals of one trial, lower and upper."""
    control = arm == 0
    found = {}
    for scale in ("log-log", "plain"):
        curve = aalen_johansen(follow_up[control], cause[control], conf_type=scale, conf_level=NOMINAL)[1]
        row = curve.at([setting.incidence_at])
        found[f"cumulative incidence, {scale}"] = (row["lower"].item(), row["upper"].item())
    means = compare_restricted_means(follow_up, cause > 0, arm, tau=setting.horizon, conf_level=NOMINAL).difference
    found["restricted mean difference"] = (means.lower, means.upper)
    model = fine_gray(follow_up, cause, covariates=arm, cause_of_interest=1, conf_level=NOMINAL)
    margin = float(ndtri(0.5 + NOMINAL / 2)) * model.standard_error[0]
    found["Fine–Gray log hazard ratio"] = (model.coefficients[0] - margin, model.coefficients[0] + margin)
    return found


def coverage(setting: Setting, *, replications: int, seed: int = SEED) -> dict[str, float]:
    """The share of simulated trials whose interval holds the truth, by interval."""
    truths, rng = setting.truths(), np.random.default_rng(seed)
    held = dict.fromkeys(truths, 0)
    for _ in range(replications):
        for name, (lower, upper) in intervals(setting, *setting.trial(rng)).items():
            held[name] += bool(lower <= truths[name] <= upper)
    return {name: count / replications for name, count in held.items()}


def monte_carlo_error(replications: int, share: float = NOMINAL) -> float:
    """Standard error of a simulated share."""
    return float(np.sqrt(share * (1 - share) / replications))


def main() -> None:
    """Simulate, print and keep the result."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--replications", type=int, default=20_000)
    replications = arguments.parse_args().replications
    setting, start = Setting(), time.perf_counter()
    shares = coverage(setting, replications=replications)
    error = monte_carlo_error(replications)
    for name, share in shares.items():
        verdict = "within 94–96 %" if 0.94 <= share <= 0.96 else "outside 94–96 %"
        print(f"{name:<32} {100 * share:6.2f} % ± {100 * error:.2f} (Monte-Carlo error)  {verdict}")
    result = {
        "question": "share of nominal 95 % intervals that hold the truth",
        "setting": {**asdict(setting), "truths": setting.truths()},
        "replications": replications,
        "seed": SEED,
        "coverage": shares,
        "monte_carlo_error": error,
        "seconds": time.perf_counter() - start,
        "machine": {"architecture": platform.machine()},
        "versions": {name: version(name) for name in ("inferon", "numpy", "scipy")},
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"written to {RESULTS}")


if __name__ == "__main__":
    main()
