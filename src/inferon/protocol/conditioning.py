"""Conditioning before the graft: regimens by name, and how much they kill of leukaemia and of the host.

Schedules of total-body irradiation and regimens are tables of the biology folder ``radiation``; drugs add log-kills. Research
only: nothing here is a prescription.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np

from inferon.biology.calendar import HOURS_PER_DAY
from inferon.biology.radiation import functions as radiation
from inferon.model.catalogue import biology, parameter_table

Number = float | np.ndarray


@dataclass(frozen=True, kw_only=True)
class Irradiation:
    """Total-body irradiation: ``fractions`` of ``fraction_gy`` Gy, ``gap_days`` from start to start, ``delivery_days`` each."""

    fractions: int
    fraction_gy: float
    gap_days: float = 0.0
    delivery_days: float = 0.0

    def __post_init__(self) -> None:
        if self.fractions < 1 or self.fraction_gy <= 0 or self.gap_days < 0 or self.delivery_days < 0:
            raise ValueError(
                f"{self} is no schedule; allowed: a fraction or more of more than 0 Gy, times of 0 or more"
            )

    @property
    def days(self) -> np.ndarray:
        """When each fraction starts, in days from the first."""
        return self.gap_days * np.arange(self.fractions)


@dataclass(frozen=True, kw_only=True)
class Conditioning:
    """One regimen: irradiation or none, drugs by the short names of the table, and the intensity it is called by.

    ``early_toxicity`` names the rows whose product is the factor on early toxicity where there is no irradiation; with it, the
    lung dose decides.
    """

    name: str
    intensity: str
    irradiation: Irradiation | None = None
    drugs: tuple[str, ...] = ()
    early_toxicity: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class LogKill:
    """log10 kill of leukaemia and of host stem cells, progenitors and T cells; lung dose in Gy BED3 (0 without irradiation)."""

    leukaemia: Number = 0.0
    stem_cells: Number = 0.0
    progenitors: Number = 0.0
    t_cells: Number = 0.0
    late_dose_gy: Number = 0.0

    def __add__(self, other: LogKill) -> LogKill:
        return LogKill(**{name: value + getattr(other, name) for name, value in vars(self).items()})


_TARGETS = dict(zip(("leukaemia", "stem_cells", "progenitors", "t_cells"), radiation.TARGETS, strict=True))


def _rows(name: str) -> list[dict[str, str]]:
    with (biology() / "radiation" / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@cache
def _schedules() -> dict[str, Irradiation]:
    return {
        row["schedule"]: Irradiation(
            fractions=int(row["fractions"]),
            fraction_gy=float(row["fraction_gy"]),
            gap_days=float(row["gap_h"]) / HOURS_PER_DAY,
            delivery_days=float(row["delivery_h"]) / HOURS_PER_DAY,
        )
        for row in _rows("schedules.csv")
    }


@cache
def _regimens() -> dict[str, Conditioning]:
    return {
        row["regimen"]: Conditioning(
            name=row["regimen"],
            intensity=row["intensity"],
            irradiation=_schedules()[row["schedule"]] if row["schedule"] else None,
            drugs=tuple(row["drugs"].split()),
            early_toxicity=tuple(row["early_toxicity"].split()),
        )
        for row in _rows("regimens.csv")
    }


SCHEDULES = tuple(_schedules())
REGIMENS = tuple(_regimens())


def irradiation(name: str) -> Irradiation:
    """A schedule of total-body irradiation by name; raises ``KeyError`` naming the allowed ones."""
    if name not in SCHEDULES:
        raise KeyError(f"unknown irradiation {name!r}; allowed: {', '.join(SCHEDULES)}")
    return _schedules()[name]


def conditioning(name: str) -> Conditioning:
    """A conditioning regimen by name; raises ``KeyError`` naming the allowed ones."""
    if name not in REGIMENS:
        raise KeyError(f"unknown conditioning {name!r}; allowed: {', '.join(REGIMENS)}")
    return _regimens()[name]


def radiation_values(changed: Mapping[str, float] | None = None) -> dict[str, float]:
    """The constants of the radiation table by symbol, some replaced (a sensitivity: always run ``al_L`` at 0.3, 0.4 and 1.0).

    Raises ``KeyError`` for an unknown symbol.
    """
    table = {symbol: row.value for symbol, row in parameter_table("radiation").items()}
    unknown = set(changed or ()) - set(table)
    if unknown:
        raise KeyError(f"unknown parameter {min(unknown)!r}")
    return {**table, **(changed or {})}


def irradiation_kill(
    given: Irradiation, *, changed: Mapping[str, float] | None = None, alpha_leukaemia: Number | None = None
) -> LogKill:
    """What irradiation alone kills; ``alpha_leukaemia`` (1/Gy) may differ between patients."""
    v = radiation_values(changed)
    n, d = given.fractions, given.fraction_gy
    blood, lung = (
        radiation.quadratic_factor(n, given.gap_days, given.delivery_days, v[row]) for row in ("T_rep", "T_rep_lung")
    )
    alpha = {target: v[f"al_{target}"] for target in radiation.TARGETS}
    if alpha_leukaemia is not None:
        alpha["L"] = alpha_leukaemia
    kills = {name: radiation.log_kill(alpha[t], v[f"be_{t}"], n, d, blood) for name, t in _TARGETS.items()}
    return LogKill(**kills, late_dose_gy=radiation.late_effect_dose(n, d, v["ab_lung"], lung))


def drug_kill(given: Conditioning, *, changed: Mapping[str, float] | None = None) -> LogKill:
    """What the drugs of a regimen kill together."""
    v = radiation_values(changed)
    return LogKill(**{name: sum(v[f"LK_{t}_{drug}"] for drug in given.drugs) for name, t in _TARGETS.items()})


def log_kill(given: Conditioning, *, changed: Mapping[str, float] | None = None) -> LogKill:
    """What a whole regimen kills in the typical patient."""
    by_rays = irradiation_kill(given.irradiation, changed=changed) if given.irradiation else LogKill()
    return by_rays + drug_kill(given, changed=changed)


def leukaemia_kill(
    given: Conditioning, sensitivity: np.ndarray, rest: np.ndarray, *, changed: Mapping[str, float] | None = None
) -> np.ndarray:
    """log10 kill of leukaemia in each patient, from two independent standard normal draws.

    ``sensitivity`` moves the log-normal ``al_L``; ``rest`` adds what is missing to the between-patient standard deviation of a
    whole regimen (``sd_LK_cond`` of the transplant module).
    """
    typical = log_kill(given, changed=changed).leukaemia
    spread = parameter_table("transplant")["sd_LK_cond"].value
    if not given.irradiation:
        return typical + spread * rest
    alpha = radiation_values(changed)["al_L"]
    omega2 = np.log1p((parameter_table("radiation")["al_L"].variability or 0.0) ** 2)
    by_rays = irradiation_kill(
        given.irradiation, changed=changed, alpha_leukaemia=alpha * np.exp(np.sqrt(omega2) * sensitivity)
    )
    per_alpha = given.irradiation.fractions * given.irradiation.fraction_gy / radiation.LN10
    explained = (per_alpha * alpha) ** 2 * np.exp(omega2) * np.expm1(omega2)
    drugs = drug_kill(given, changed=changed).leukaemia
    return by_rays.leukaemia + drugs + np.sqrt(max(0.0, spread**2 - explained)) * rest


def early_toxicity_factor(given: Conditioning, *, changed: Mapping[str, float] | None = None) -> float:
    """Factor on the hazard of conditioning toxicity ``h_c``: by the lung dose with irradiation, else by the regimen's rows."""
    v = radiation_values(changed)
    if given.irradiation:
        late_dose = irradiation_kill(given.irradiation, changed=changed).late_dose_gy
        return float(radiation.early_toxicity_factor(late_dose, v))
    return float(np.prod([v[row] for row in given.early_toxicity]))


def graft_t_cell_factor(given: Conditioning, *, changed: Mapping[str, float] | None = None) -> float:
    """Factor on the CD3+ cells of the graft: serotherapy given before it also reaches it."""
    return radiation_values(changed)["f_cd3_ATG"] if "ATG" in given.drugs else 1.0


def conditioned(
    given: Conditioning,
    log10_load: np.ndarray,
    sensitivity: np.ndarray,
    rest: np.ndarray,
    *,
    changed: Mapping[str, float] | None = None,
) -> dict[str, np.ndarray]:
    """Columns of the transplant composite after a regimen, for patients with this log10 number of leukaemic cells before it.

    Residual leukaemia, what is left of the host's marrow, and the factor on early toxicity; draws as in ``leukaemia_kill``.
    """
    typical, patients = log_kill(given, changed=changed), len(log10_load)
    kill = leukaemia_kill(given, sensitivity, rest, changed=changed)
    return {
        "transplant__L0": 10.0 ** (log10_load - kill),
        "host__remaining_C1": np.full(patients, radiation.surviving_share(typical.stem_cells)),
        "host__remaining_other": np.full(patients, radiation.surviving_share(typical.progenitors)),
        "transplant__f_conditioning": np.full(patients, early_toxicity_factor(given, changed=changed)),
    }
