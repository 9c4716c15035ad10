"""What visits of patients with acute leukaemia see, and what the counts lead to between them.

Hazards of infection and bleeding follow the counts of the last visit, and some of either are fatal; blood is given when low.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from inferon.biology.calendar import DAYS_PER_WEEK
from inferon.engine import Batch, Status
from inferon.model.catalogue import parameter_table
from inferon.random import exponential
from inferon.trial.marrow_tables import consequences
from inferon.trial.responses import aml
from inferon.trial.responses.aml import AmlResponse

READOUTS = ("marrow__ANC", "marrow__PLT", "marrow__HB", "blast_fraction")
"""What a visit reads of the model, in this order."""
_COMPLICATIONS = {"infection": "infection", "bleeding": "bleeding", "death": "death of a complication"}
"""Random stream of each."""


class Clinic:
    """Visits of some patients (numbers) who are given courses of chemotherapy that begin on the days ``begun``.

    Responses are judged on the true counts, without the error of an assay, and not while a course still works: until counts have
    fallen and recovered a marrow says nothing.
    """

    def __init__(self, patients: np.ndarray, seed: int, begun: Sequence[float], transfusions: bool) -> None:
        self.numbers, self.seed, self.begun, self.transfusions = patients, seed, begun, transfusions
        self.value = consequences()
        self.threshold = {name: exponential(seed, stream, patients) for name, stream in _COMPLICATIONS.items()}
        self.summed = {name: np.zeros(len(patients)) for name in _COMPLICATIONS}
        self.day = {name: np.full(len(patients), np.inf) for name in _COMPLICATIONS}
        self.units, self.neutropenic, self.extra = (np.zeros(len(patients)) for _ in range(3))
        self.days: list[float] = []
        self.seen: list[dict[str, np.ndarray]] = []

    def look(self, batch: Batch, number: int, day: float) -> None:
        """One visit: hazards since the last one, counts, transfusions."""
        now = {name.removeprefix("marrow__"): batch.samples[:, number, place] for place, name in enumerate(READOUTS)}
        if self.seen:
            self._pass(self.seen[-1], self.days[-1], day)
        if self.transfusions:
            self._transfuse(batch, now)
        self.days.append(day)
        self.seen.append({**now, "platelets_seen": now["PLT"] + self.extra})

    def _pass(self, counts: Mapping[str, np.ndarray], before: float, day: float) -> None:
        """The days since the last visit at the hazards of that visit's counts."""
        v, days = self.value, day - before
        neutrophils, platelets = counts["ANC"], counts["platelets_seen"]
        low = np.where(
            neutrophils < v["anc_half"], v["h_inf_half"], np.where(neutrophils < v["anc_one"], v["h_inf_one"], 0.0)
        )
        hazard = {"infection": v["h_inf_0"] + low}
        hazard["bleeding"] = v["h_bleed_0"] * np.exp(np.maximum(0.0, v["plt_bleed"] - platelets) / v["plt_scale"])
        hazard["death"] = v["p_fatal"] * (hazard["infection"] + hazard["bleeding"])
        for name, rate in hazard.items():
            left = self.threshold[name] - self.summed[name]
            struck = np.isinf(self.day[name]) & (rate * days >= left)
            self.day[name] = np.where(struck, before + left / rate, self.day[name])
            self.summed[name] += rate * days
        self.neutropenic += np.where(neutrophils < v["anc_half"], days, 0.0)
        self.extra *= np.exp(-v["k_transfused"] * days)

    def _transfuse(self, batch: Batch, now: Mapping[str, np.ndarray]) -> None:
        v = self.value
        red = now["HB"] < v["hb_transfuse"]
        batch.state("marrow__B_R")[red] += v["hb_unit"] / parameter_table("marrow")["HB_1"].value
        platelets = now["PLT"] + self.extra < v["plt_transfuse"]
        self.extra[platelets] += v["plt_unit"]
        self.units += red.astype(float) + platelets

    def _course(self, name: str) -> np.ndarray:
        """What every visit saw, shape (patients, visits)."""
        return np.stack([seen[name] for seen in self.seen], axis=1)

    def _alive(self) -> np.ndarray:
        return self.day["death"][:, None] > np.array(self.days)

    def _judged(self) -> np.ndarray:
        """Which visits come long enough after the start of every course, shape (visits,)."""
        days, judged = np.array(self.days), np.ones(len(self.days), bool)
        wait = DAYS_PER_WEEK * aml.limits()["w_judged"]
        for begun in self.begun:
            judged &= (days <= begun) | (days >= begun + wait)
        return judged

    def _marrow(self) -> np.ndarray:
        """Share of blasts where it is judged and the patient is alive, else not a number, shape (patients, visits)."""
        return np.where(self._alive() & self._judged(), self._course("blast_fraction"), np.nan)

    def responses(self) -> np.ndarray:
        """The response of each visit, shape (patients, visits); none where it is not judged."""
        counts = {name: self._course(name) for name in ("ANC", "PLT")}
        return aml.classify(counts, self._marrow(), self._course("blast_fraction")[:, :1])

    def _event_days(self, found: np.ndarray) -> dict[str, np.ndarray]:
        """First day of everything that happens to a patient, ``inf`` where it does not, from the responses of the visits."""
        v, days = self.value, np.array(self.days)
        first = lambda name, limit: aml.first_day(self._course(name) < limit, days)  # noqa: E731
        return {
            **self.day,
            "complete_remission": aml.remission_day(found, days),
            "any_remission": aml.remission_day(found, days, response=AmlResponse.INCOMPLETE_RECOVERY),
            "relapse": aml.relapse_day(found, self._marrow(), days),
            "neutropenia": first("ANC", v["anc_half"]),
            "low_platelets": first("PLT", v["plt_low"]),
            "low_haemoglobin": first("HB", v["hb_transfuse"]),
        }

    def patients(self, batch: Batch, growth: np.ndarray) -> pl.DataFrame:
        """One row a patient; what would come after a death does not count."""
        found = self.responses()
        events = {n: np.where(day <= self.day["death"], day, np.nan) for n, day in self._event_days(found).items()}
        columns = {
            "patient": self.numbers,
            "status": [Status(code).sentence for code in batch.status],
            "growth_days": growth,
            **{f"{name}_day": np.where(np.isfinite(day), day, np.nan) for name, day in events.items()},
            "best_response": [best.value for best in aml.best(found)],
            "transfusions": self.units,
            "neutropenic_days": self.neutropenic,
            "extinct": batch.state("leukaemia__L1") == 0.0,
        }
        return pl.DataFrame(columns).fill_nan(None)

    def visits(self, days: np.ndarray) -> pl.DataFrame:
        """One row a patient and sampled day (whole numbers), of those alive then.

        ``response`` and ``mrd`` (as flow cytometry reads it) are null where the marrow is not judged.
        """
        chosen = np.flatnonzero([np.isclose(days, day).any() for day in self.days])
        kept, count = np.array(self.days)[chosen], len(self.numbers)
        courses = {name: self._course(name)[:, chosen] for name in self.seen[0]}
        marrow = self._marrow()[:, chosen]
        read = aml.flow_assay().measure(np.nan_to_num(marrow), seed=self.seed, patients=self.numbers, days=kept).value
        words = {"response": self.responses()[:, chosen], "mrd": aml.mrd(read)}
        seen = ~np.isnan(marrow.ravel())
        columns = {
            "patient": np.repeat(self.numbers, len(kept)),
            "time_days": np.tile(kept, count),
            **{name: course.ravel() for name, course in courses.items()},
            **{name: _said(found.ravel(), seen) for name, found in words.items()},
        }
        return pl.DataFrame(columns).filter(self._alive()[:, chosen].ravel()).fill_nan(None)


def _said(words: np.ndarray, seen: np.ndarray) -> pl.Series:
    return pl.Series([word.value if one else None for word, one in zip(words, seen, strict=True)], dtype=pl.String)
