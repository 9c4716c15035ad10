"""A made-up run to lay a page out with: plausible shapes, closed-form curves, no simulation behind it."""

import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest

from inferon.report.page import write_report

MONTH = 30.4375
ARMS = ("control", "peginterferon")
FAMILIES = ("reference", "low_burden", "strong_direct", "slow_disease", "strong_allo")
LEVEL = {"control": (0.605, 0.13), "peginterferon": (0.372, 0.165)}
SHIFT = {"reference": 0.0, "low_burden": 0.012, "strong_direct": 0.006, "slow_disease": 0.009, "strong_allo": 0.004}
DOSE_DAYS = (-1, 13, 27, 41)


def relapse(arm: str, family: str, days: np.ndarray) -> np.ndarray:
    top = LEVEL.get(arm, (0.5, 0.14))[0] + SHIFT.get(family, 0.0)
    return 1.08 * top * (1 - np.exp(-((np.maximum(days, 0) / 95.0) ** 0.9)))


def non_relapse_mortality(arm: str, family: str, days: np.ndarray) -> np.ndarray:
    top = LEVEL.get(arm, (0.5, 0.14))[1] + SHIFT.get(family, 0.0) / 4
    return 1.02 * top * (1 - np.exp(-np.maximum(days, 0) / 70.0))


CAUSES = {"relapse": relapse, "non_relapse_mortality": non_relapse_mortality}


def limits(estimate: float, n: int) -> tuple[float, float]:
    half = 1.96 * math.sqrt(max(estimate * (1 - estimate), 1e-9) / n)
    return max(0.0, estimate - half), min(1.0, estimate + half)


def row(time_days: float, estimate: float, n: int, method: str = "Aalen–Johansen, log-log limits") -> dict[str, Any]:
    lower, upper = limits(estimate, n)
    return {"time_days": time_days, "estimate": estimate, "lower": lower, "upper": upper, "n": n, "method": method}


def endpoints(arm: str, family: str, n: int) -> dict[str, list[dict[str, Any]]]:
    months = [3 * MONTH, 6 * MONTH, 12 * MONTH]
    cause = {name: [row(t, float(f(arm, family, np.array(t))), n) for t in months] for name, f in CAUSES.items()}
    lost = [r["estimate"] + q["estimate"] for r, q in zip(*cause.values(), strict=True)]
    return {
        **cause,
        "overall_survival": [row(t, 1 - 0.72 * x, n, "Kaplan–Meier") for t, x in zip(months, lost, strict=True)],
        "leukaemia_free_survival": [row(t, 1 - x, n, "Kaplan–Meier") for t, x in zip(months, lost, strict=True)],
        "acute_gvhd_2_4": [row(180, 0.20 if arm == "control" else 0.24, n)],
        "acute_gvhd_3_4": [row(180, 0.07 if arm == "control" else 0.09, n)],
        "acute_gvhd_2_4_reference": [row(180, 0.321, n, "share of patients")],
        "acute_gvhd_3_4_reference": [row(180, 0.124, n, "share of patients")],
        "engraftment": [row(28, 0.998, n)],
        "mrd": [row(d, x, n, "share of evaluable") for d, x in ((30, 0.31), (60, 0.27), (90, 0.24))],
    }


def arm_block(arms: tuple[str, ...], families: tuple[str, ...], n: int, *, lower: float = 0.0) -> dict[str, Any]:
    block = {a: {"families": {f: {"endpoints": endpoints(a, f, n)} for f in families}} for a in arms}
    for one in (r for a in block.values() for f in a["families"].values() for e in f["endpoints"].values() for r in e):
        one.update(row(one["time_days"], one["estimate"] * (1 - lower), n, one["method"]))
    return block


def published(arms: tuple[str, ...]) -> list[dict[str, Any]]:
    common = {"endpoint": "relapse", "time_days": 6 * MONTH}
    observed = {
        **common, "arm": arms[-1], "estimate": 0.39, "lower": 0.2314, "upper": 0.5654, "n": 36, "events": 14,
        "interval": "exact (Clopper–Pearson), 95%", "kind": "observed", "source": "magenau2021-03",
        "doi_or_url": "https://example.org/trial",
    }  # fmt: skip
    expected = {
        **common, "arm": arms[0], "estimate": 0.60, "lower": None, "upper": None, "n": None, "events": None,
        "interval": None, "kind": "historical expectation", "source": "magenau2021-news-01",
        "doi_or_url": "https://example.org/news",
    }  # fmt: skip
    return [observed, expected] if len(arms) > 1 else [observed]


def power(families: tuple[str, ...], trials: int = 1000) -> list[dict[str, Any]]:
    rows = []
    for family in families:
        for per_arm in (31, 40, 80, 120, 200):
            z = (0.233 + SHIFT.get(family, 0) / 2) / math.sqrt((0.24 + 0.23) / per_arm) - 1.96
            share = 0.5 * (1 + math.erf(z / math.sqrt(2)))
            lower, upper = limits(share, trials)
            rows.append(
                {
                    "family": family, "endpoint": "relapse", "time_days": 6 * MONTH, "per_arm": per_arm,
                    "trials": trials, "power": share, "lower": lower, "upper": upper, "true_difference": 0.233,
                    "mean_difference": 0.231, "test": "two-sided 5% z-test of the cumulative-incidence difference",
                }
            )  # fmt: skip
    return rows


def curves(arms: tuple[str, ...], families: tuple[str, ...], n: int) -> pl.DataFrame:
    days = np.arange(0.0, 366.0)
    frames = []
    for family in families:
        for arm in arms:
            lost = sum(f(arm, family, days) for f in CAUSES.values())
            for endpoint, f in CAUSES.items():
                estimate = f(arm, family, days)
                half = 1.96 * np.sqrt(estimate * (1 - estimate) / n)
                frames.append(
                    pl.DataFrame({"time_days": days, "estimate": estimate}).with_columns(
                        pl.Series("lower", np.maximum(estimate - half, 0)), pl.Series("upper", estimate + half),
                        pl.Series("at_risk", np.round(n * (1 - lost)).astype(int)),
                        population=pl.lit("transplant-reference"),
                        family=pl.lit(family), arm=pl.lit(arm), endpoint=pl.lit(endpoint),
                    )
                )  # fmt: skip
    return pl.concat(frames)


def drug_level(days: np.ndarray) -> np.ndarray:
    gone = [np.where(days >= d, np.exp(-(days - d) / 4.2) - np.exp(-(days - d) / 0.9), 0.0) for d in DOSE_DAYS]
    return 9.5 * np.sum(gone, axis=0)


def bands(arms: tuple[str, ...], n: int) -> pl.DataFrame:
    days = np.arange(-1.0, 366.0)
    age = np.maximum(days, 0)
    frames = []
    for arm in arms:
        level = drug_level(days) if arm != "control" else np.zeros_like(days)
        signal = level / (level + 4.0)
        cells = 12 * (1 if arm != "control" else 0.55) / (1 + np.exp(-(age - 45) / 12))
        load = np.clip(8.7 + age / 45 - 0.018 * cells * age / 4, 2, 11.6)
        gvhd = 0.1 + 0.06 * np.exp(-(((age - 70) / 45) ** 2))
        dendritic = 0.5 * np.exp(-age * (0.08 if arm == "control" else 0.045))
        middle = {"C": level, "S_isg": signal, "H_x": dendritic, "T_L": cells, "log10_L": load, "G": gvhd}
        for readout, median in middle.items():
            low, high = (median - 1.8, median + 1.4) if readout == "log10_L" else (0.5 * median, 1.7 * median)
            frames.append(
                pl.DataFrame({"time_days": days, "lower": low, "median": median, "upper": high}).with_columns(
                    arm=pl.lit(arm), readout=pl.lit(readout), n=pl.lit(n)
                )
            )
    return pl.concat(frames)


def events(arms: tuple[str, ...], families: tuple[str, ...], n: int) -> pl.DataFrame:
    noise = np.random.default_rng(7).normal(size=n)
    return pl.concat(
        pl.DataFrame({"patient": np.arange(n), "engraftment_day": 14.9 + 1.5 * noise}).with_columns(
            population=pl.lit("transplant-reference"), family=pl.lit(f), arm=pl.lit(a), status=pl.lit("ok")
        )
        for f in families
        for a in arms
    )


def study(arms: tuple[str, ...], families: tuple[str, ...], n: int) -> dict[str, Any]:
    drug = {
        "drug": "peginterferon alfa-2a", "dose_amount": 180.0, "dose_unit": "ug", "route": "subcutaneous",
        "start_day": -1.0, "interval_days": 14.0, "doses": 4,
    }  # fmt: skip
    return {
        "title": "Peri-transplant peginterferon in very-high-risk AML",
        "question": "Do four doses of long-acting interferon around the transplant lower relapse within six months?",
        "model": "transplant",
        "arms": {arm: {"regimen": [] if arm == "control" else [drug]} for arm in arms},
        "cohort": {"population": "transplant-reference", "size": n, "follow_up_days": 365.25},
        "families": list(families),
        "endpoints": list(endpoints(arms[0], families[0], n)),
        "trial": {"allocation": dict.fromkeys(arms, 1), "stratify": ["disease_status"]},
        "seed": 20211201,
    }


def provenance() -> dict[str, Any]:
    return {
        "seed": 20211201,
        "versions": {"inferon": "0.1.0", "python": "3.11.9", "numpy": "2.4.6"},
        "hashes": {"study": "9f2c" * 16, "model": "07be" * 16},
        "timings": {"simulate": 41.7, "statistics": 3.2, "report": 5.1},
        "solver_failures": 0,
        "machine": {"cores": 2, "system": "Linux"},
        "command": "inferon run study.yaml --out runs/peri-transplant-peginterferon --seed 20211201",
    }


def build_run(
    *, arms: tuple[str, ...] = ARMS, families: tuple[str, ...] = FAMILIES, n: int = 4000, without: tuple[str, ...] = ()
) -> SimpleNamespace:
    """A made-up run; `without` names the parts to leave out (published, power, comparison, curves, bands, events)."""
    estimates: dict[str, Any] = {
        "study": "x",
        "seed": 20211201,
        "population": "transplant-reference",
        "arms": arm_block(arms, families, n),
        "comparison": {"population": "covariate-mix", "arms": arm_block(arms, ("reference",), n, lower=0.08)},
        "published": published(arms),
        "power": power(families),
        "assumptions": ["Death after relapse follows a constant hazard of 0.0033 a day."],
    }
    tables = {"curves": curves(arms, families, n), "bands": bands(arms, n), "events": events(arms, families, 200)}
    return SimpleNamespace(
        study=study(arms, families, n),
        estimates={name: value for name, value in estimates.items() if name not in without},
        tables={name: value for name, value in tables.items() if name not in without},
        provenance=provenance(),
    )


@pytest.fixture(scope="session")
def make_run() -> Callable[..., SimpleNamespace]:
    return build_run


@pytest.fixture
def render(tmp_path: Any) -> Callable[[SimpleNamespace], str]:
    def rendered(run: SimpleNamespace) -> str:
        path = write_report(
            tmp_path / "run", study=run.study, estimates=run.estimates, tables=run.tables, provenance=run.provenance
        )
        return path.read_text(encoding="utf-8")

    return rendered
