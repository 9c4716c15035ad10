"""What people are exposed to, and the hazard of each kind of leukaemia that follows from it.

An exposure holds numbers for everybody or arrays with one value a person. The named scenarios and all constants are tables of the
biology folder ``onset``.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache

import numpy as np

from inferon.biology.onset import functions as onset
from inferon.biology.onset.functions import SUBTYPES
from inferon.biology.onset.lifetime import cumulative_incidence
from inferon.cohort.distributions import categorical
from inferon.model.catalogue import biology, parameter_table
from inferon.random import uniform

STEP_YEARS = parameter_table("onset")["dt_hazard"].value
"""Width of the cells in which hazards are held constant; halving it moves a lifetime risk by less than 0.1 %."""

LAST_AGE = parameter_table("onset")["age_last"].value
"""Nobody is followed beyond; one in 1e9 would still live."""

RADIATION_FORMS = ("survivors", "alternative")
"""The fit to the atomic-bomb survivors, and the BEIR VII form: run both, they differ by 2.3 at low dose."""

CHEMOTHERAPY = ("standard", "intensified", "high cumulative")
"""Adjuvant chemotherapy by intensity: adds a hazard of AML with a latency."""

THERAPY_RISKS = {
    "radiotherapy": "RRc_rt",
    "alkylators": "RRc_alk",
    "alkylators and radiotherapy": "RRc_both",
    "melphalan": "RRc_mel",
    "cyclophosphamide": "RRc_cy",
}
"""The alternative by class: a relative risk of AML from the start of therapy."""

THERAPIES = ("none", *CHEMOTHERAPY, *THERAPY_RISKS)
NEVER = np.inf

Number = float | np.ndarray


@dataclass(frozen=True, kw_only=True)
class Exposure:
    """Risk factors of one person (numbers) or many (arrays); ages in years, ``inf`` for never.

    Attributes
    ----------
    radiation_dose_gy, radiation_age: one acute exposure of the red marrow.
    benzene_ppm, benzene_from, benzene_until: constant concentration at work between two ages.
    packs_per_day, smoking_from, smoking_until: smoking between two ages.
    therapy, therapy_age: one of ``THERAPIES``, and the age it starts.
    carrier_age: from which clonal haematopoiesis is present; nan where it is not asked about.
    """

    radiation_dose_gy: Number = 0.0
    radiation_age: Number = NEVER
    benzene_ppm: Number = 0.0
    benzene_from: Number = NEVER
    benzene_until: Number = NEVER
    packs_per_day: Number = 0.0
    smoking_from: Number = NEVER
    smoking_until: Number = NEVER
    therapy: str | np.ndarray = "none"
    therapy_age: Number = NEVER
    carrier_age: Number = np.nan

    def __post_init__(self) -> None:
        unknown = set(np.unique(np.asarray(self.therapy, dtype=str))) - set(THERAPIES)
        if unknown:
            raise KeyError(f"unknown therapy {str(min(unknown))!r}; allowed: {', '.join(THERAPIES)}")
        for name in ("radiation_dose_gy", "benzene_ppm", "packs_per_day"):
            amount = np.asarray(getattr(self, name), dtype=float)
            if not (np.all(np.isfinite(amount)) and np.all(amount >= 0)):
                raise ValueError(f"{name} is {getattr(self, name)}; allowed: 0 or more")

    @property
    def people(self) -> int | None:
        """How many people the arrays describe; None when everything is the same for everybody."""
        sizes = {np.shape(getattr(self, f.name))[0] for f in fields(self) if np.ndim(getattr(self, f.name))}
        if len(sizes) > 1:
            raise ValueError(f"an exposure describes {', '.join(map(str, sorted(sizes)))} people at once")
        return sizes.pop() if sizes else None

    def of(self, chosen: slice) -> Exposure:
        """The exposure of some of the people."""
        return Exposure(**{n: v[chosen] if np.ndim(v) else v for n, v in _columns(self).items()})


def _columns(exposure: Exposure) -> dict[str, Number | str]:
    return {f.name: getattr(exposure, f.name) for f in fields(exposure)}


@cache
def onset_values() -> Mapping[str, float]:
    """The constants of the onset table by symbol; ``sd_<symbol>`` is the logarithmic standard deviation of a row that has one."""
    table = parameter_table("onset")
    spread = {f"sd_{symbol}": row.variability for symbol, row in table.items() if row.variability is not None}
    return {**{symbol: row.value for symbol, row in table.items()}, **spread}


@cache
def _scenarios() -> dict[str, Exposure]:
    with (biology() / "onset" / "scenarios.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    numbers = [f.name for f in fields(Exposure) if f.name not in ("therapy", "carrier_age")]
    return {
        row["scenario"]: Exposure(therapy=row["therapy"], **{n: float(row[n]) for n in numbers if row[n]})
        for row in rows
    }


SCENARIOS = tuple(_scenarios())


def scenario(name: str) -> Exposure:
    """A named exposure; raises ``KeyError`` naming the allowed ones."""
    if name not in SCENARIOS:
        raise KeyError(f"unknown exposure {name!r}; allowed: {', '.join(SCENARIOS)}")
    return _scenarios()[name]


def draw_exposures(shares: Mapping[str, float], patients: np.ndarray, *, seed: int) -> tuple[np.ndarray, Exposure]:
    """A mixture of named scenarios: which one each person has, and their exposures as arrays.

    Raises ``KeyError`` for an unknown scenario and ``ValueError`` unless the shares sum to 1.
    """
    parts = {name: _columns(scenario(name)) for name in shares}
    label = categorical(uniform(seed, "exposure", patients), shares)
    names = [f.name for f in fields(Exposure)]
    columns = {n: np.array([parts[name][n] for name in label]) for n in names}
    return label, Exposure(**columns)


def rates(
    exposure: Exposure,
    age: np.ndarray,
    *,
    male: np.ndarray | None = None,
    radiation: str = "survivors",
    values: Mapping[str, float] | None = None,
) -> dict[str, np.ndarray]:
    """Hazards (1/yr) at ages, shape (people or 1, ages): each subtype, therapy-related AML by component, and death.

    ``AML`` is without the therapy-related parts, which have names of their own. ``male`` (people,) acts by the factor of the sex;
    None means both sexes together. ``values`` replaces the table (a sensitivity).
    """
    if radiation not in RADIATION_FORMS:
        raise KeyError(f"unknown radiation form {radiation!r}; allowed: {', '.join(RADIATION_FORMS)}")
    v, age = values or onset_values(), np.asarray(age, dtype=float)[None, :]
    column = {n: np.atleast_1d(np.asarray(x))[:, None] for n, x in _columns(exposure).items()}
    aml = _smoking(column, age, v) * _class_risk(column, age, v) * _carriage(column["carrier_age"], age, v)
    excess, benzene = _radiation(column, age, radiation, v), _benzene(column, age, v)
    found = {}
    for subtype in SUBTYPES:
        weight = onset.radiation_weight(column["radiation_age"], subtype, v)
        risk = (1 + weight * excess) * onset.benzene_risk(*benzene, subtype, v)
        sex = 1.0 if male is None else onset.sex_factor(np.asarray(male)[:, None], subtype, v)
        found[subtype] = onset.baseline_rate(age, subtype, v) * sex * risk * (aml if subtype == "AML" else 1.0)
    found["AML, alkylator"], found["AML, topoisomerase"] = _therapy(column, age, v)
    return {**found, "death": onset.background_death_rate(age, v)}


def _radiation(column: Mapping[str, np.ndarray], age: np.ndarray, form: str, v: Mapping[str, float]) -> np.ndarray:
    exposed = np.isfinite(column["radiation_age"])
    at = np.where(exposed, column["radiation_age"], 0.0)
    dose = np.where(exposed, column["radiation_dose_gy"], 0.0)
    excess = onset.radiation_excess if form == "survivors" else onset.alternative_radiation_excess
    return excess(dose, at, age, v)


def _benzene(
    column: Mapping[str, np.ndarray], age: np.ndarray, v: Mapping[str, float]
) -> tuple[np.ndarray, np.ndarray]:
    return onset.benzene_dose(*(column[f"benzene_{n}"] for n in ("ppm", "from", "until")), age, v)


def _smoking(column: Mapping[str, np.ndarray], age: np.ndarray, v: Mapping[str, float]) -> np.ndarray:
    start, stop = column["smoking_from"], column["smoking_until"]
    pack_years = column["packs_per_day"] * onset.spent_between(start, stop, 0.0, age)
    return onset.smoking_risk(pack_years, age < stop, v)


def _class_risk(column: Mapping[str, np.ndarray], age: np.ndarray, v: Mapping[str, float]) -> np.ndarray:
    ratio = np.ones(column["therapy"].shape)
    for name, symbol in THERAPY_RISKS.items():
        ratio = np.where(column["therapy"] == name, v[symbol], ratio)
    return np.where(age >= column["therapy_age"], ratio, 1.0)


def _carriage(since: np.ndarray, age: np.ndarray, v: Mapping[str, float]) -> np.ndarray:
    return np.where(np.isnan(since), 1.0, onset.haematopoiesis_risk(age >= since, age, v))


def _therapy(
    column: Mapping[str, np.ndarray], age: np.ndarray, v: Mapping[str, float]
) -> tuple[np.ndarray, np.ndarray]:
    alkylator, topoisomerase = np.zeros(column["therapy"].shape), np.zeros(column["therapy"].shape)
    for name in CHEMOTHERAPY:
        short = name.split()[0]
        alkylator = np.where(column["therapy"] == name, v[f"pA_{short}"], alkylator)
        topoisomerase = np.where(column["therapy"] == name, v[f"pT_{short}"], topoisomerase)
    since = np.where(np.isfinite(column["therapy_age"]), age - column["therapy_age"], -1.0)
    return onset.therapy_rates(since, (alkylator, topoisomerase), v)


def age_edges() -> np.ndarray:
    """Edges of the cells in which hazards are held constant, from birth to ``LAST_AGE``."""
    return np.linspace(0.0, LAST_AGE, round(LAST_AGE / STEP_YEARS) + 1)


def middles(edges: np.ndarray) -> np.ndarray:
    """The ages at which the hazards of the cells are taken."""
    return (edges[:-1] + edges[1:]) / 2


def lifetime_risk(
    exposure: Exposure,
    *,
    from_age: float = 0.0,
    radiation: str = "survivors",
    values: Mapping[str, float] | None = None,
) -> dict[str, np.ndarray]:
    """Cumulative incidence of each subtype by age with death competing, in one person alive and well at ``from_age``.

    Both sexes together. Returns ``age`` (edges from ``from_age`` on) and one array a subtype; AML includes the therapy-related
    parts. ``radiation`` and ``values`` as in ``rates``. Raises ``ValueError`` for the exposures of many people.
    """
    if exposure.people is not None:
        raise ValueError(f"the exposure describes {exposure.people} people; allowed: one")
    edges = age_edges()
    edges = edges[edges >= from_age]
    found = rates(exposure, middles(edges), radiation=radiation, values=values)
    found["AML"] = found["AML"] + found["AML, alkylator"] + found["AML, topoisomerase"]
    hazards = np.array([found[subtype][0] for subtype in SUBTYPES])
    incidence = cumulative_incidence(hazards, found["death"][0], STEP_YEARS)
    return {"age": edges, **dict(zip(SUBTYPES, incidence, strict=True))}
