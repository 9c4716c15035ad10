"""Pictures of the drug, its response, blood, side effects, irradiation and the population."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import polars as pl

from inferon.cli.models.figures.drawing import PEG, SEED, drawn, log10
from inferon.cohort import draw_cohort
from inferon.cohort.onset import ACUTE
from inferon.engine import compile_model
from inferon.evidence import laboratory
from inferon.evidence.laboratory import Laboratory
from inferon.model import load_composite
from inferon.model.catalogue import parameter_table
from inferon.protocol import Regimen
from inferon.protocol.conditioning import SCHEDULES, irradiation, irradiation_kill
from inferon.report.figures.theme import colours, key, shapes, themed, values


def interferon_pk() -> Any:
    """Concentration after the usual doses of four products."""
    days = np.linspace(0, 28, 281)[1:]
    usual = {
        PEG: (PEG, 180, "ug", 7, 4),
        "peginterferon alfa-2b": ("peginterferon alfa-2b", 1.5, "ug/kg", 7, 4),
        "ropeginterferon alfa-2b": ("ropeginterferon alfa-2b", 250, "ug", 14, 2),
        "interferon alfa-2b": ("interferon alfa-2b", 3, "MIU", 7 / 3, 12),
    }
    arms = {
        name: {"Total serum drug": log10(laboratory.interferon()(days, regimens=[_regimen(*given)])["C"][0], 1e-3)}
        for name, given in usual.items()
    }
    chart = drawn(arms, days, {"Total serum drug": ("log10 ng/mL", False)}, "days")
    return chart


def _regimen(drug: str, dose: float, unit: str, interval: float, doses: int) -> Regimen:
    return Regimen(drug=drug, dose=dose, unit=unit, start=0.0, interval=interval, doses=doses)


def interferon_response() -> Any:
    """Signals and refractoriness under a long-acting and a native product."""
    days, names = (
        np.linspace(0, 56, 169),
        {"S_isg": "Robust signal", "U": "Refractoriness", "S_ap": "Antiproliferative signal"},
    )
    given = {
        "peginterferon, 180 ug a week": (PEG, 180, "ug", 7, 6),
        "native, 3 MIU three times a week": ("interferon alfa-2b", 3, "MIU", 7 / 3, 18),
    }
    arms = {}
    for arm, regimen in given.items():
        found = laboratory.interferon()(days, regimens=[_regimen(*regimen)])
        arms[arm] = {title: found[name][0] for name, title in names.items()}
        arms[arm]["Neopterin"] = found["interferon_response__Neo"][0]
    panels = {**dict.fromkeys(names.values(), ("share", True)), "Neopterin": ("nmol/L", True)}
    return drawn(arms, days, panels, "days")


def marrow() -> Any:
    """Blood counts while each leukaemic preset grows from one stem cell per kg."""
    days = np.linspace(0, 1400, 141)
    table, arms = parameter_table("marrow"), {}
    for preset in ACUTE:
        renewal, pace = (table[f"{symbol}_{preset}"].value for symbol in ("a1L", "p1L"))
        columns = {"leukaemia__a1L": renewal, "leukaemia__p1L": pace, "leukaemia__p2L": pace, "leukaemia__L1_0": 1.0}
        found = laboratory.marrow()(days, columns=columns)
        arms[preset.replace("_", " ")] = {
            "Neutrophils": found["marrow__ANC"][0],
            "Platelets": found["marrow__PLT"][0],
            "Haemoglobin": found["marrow__HB"][0],
            "Blasts in the marrow": 100 * found["blast_fraction"][0],
        }
    panels = {"Neutrophils": ("1e9/L", True), "Platelets": ("1e9/L", True), "Haemoglobin": ("g/dL", True)}
    panels["Blasts in the marrow"] = ("%", True)
    return drawn(arms, days, panels, "days")


def toxicity() -> Any:
    """Chance of each side effect by week and dose."""
    days, causes = np.linspace(0, 336, 49), ("fatigue", "depression", "thyroid", "withdrawal")
    lab = Laboratory(compile_model(load_composite("toxicity"), tuple(f"toxicity__H_{cause}" for cause in causes)))
    arms = {}
    for dose in (90, 135, 180):
        found = lab(days, regimens=[Regimen(drug=PEG, dose=dose, start=0.0, interval=7, doses=48)])
        arms[f"{dose} ug a week"] = {
            cause.capitalize(): -100 * np.expm1(-found[f"toxicity__H_{cause}"][0]) for cause in causes
        }
    chart = drawn(arms, days / 7, {cause.capitalize(): ("%", True) for cause in causes}, "weeks")
    return chart


def radiation() -> Any:
    """log10 kill of four targets by every schedule of total-body irradiation."""
    rows = []
    for name in SCHEDULES:
        kill = irradiation_kill(irradiation(name))
        targets = {
            "leukaemia": kill.leukaemia,
            "stem cells": kill.stem_cells,
            "progenitors": kill.progenitors,
            "T cells": kill.t_cells,
        }
        rows += [
            {"schedule": name, "target": target, "kill": round(float(value), 3)} for target, value in targets.items()
        ]
    table = pl.DataFrame(rows)
    targets = table["target"].unique(maintain_order=True).to_list()
    chart = (
        alt.Chart(values(table))
        .mark_point(filled=True, size=70, opacity=1)
        .encode(
            x=alt.X("kill:Q", title="log10 kill"),
            y=alt.Y("schedule:N", sort=list(SCHEDULES), title=None, axis=alt.Axis(grid=True, labelLimit=230)),
            color=alt.Color("target:N", scale=colours(targets), legend=key()),
            shape=alt.Shape("target:N", scale=shapes(targets), legend=key()),
        )
        .properties(width=560, height=260)
    )
    return themed(chart)


def population() -> Any:
    """Age, weight and kidney function of virtual patients before transplantation."""
    drawn = draw_cohort("transplant-reference", np.arange(4000), seed=SEED).covariates
    titles = {"age": "Age (years)", "weight": "Weight (kg)", "creatinine_clearance": "Creatinine clearance (mL/min)"}
    sexes, panels = ["female", "male"], []
    for column, title in titles.items():
        edges = np.linspace(*np.quantile(drawn[column], [0.001, 0.999]), 25)
        for_sex = [
            pl.DataFrame(
                {
                    "sex": sex,
                    "value": np.round((edges[1:] + edges[:-1]) / 2, 2),
                    "share": np.round(100 * count / count.sum(), 2),
                }
            )
            for sex in sexes
            for count in (np.histogram(drawn.filter(sex=sex)[column], edges)[0],)
        ]
        line = alt.Chart(values(pl.concat(for_sex))).mark_line(strokeWidth=2, point=True).encode(
            x=alt.X("value:Q", title=title, scale=alt.Scale(zero=False)),
            y=alt.Y("share:Q", title="% of the sex"),
            color=alt.Color("sex:N", scale=colours(sexes), legend=key()),
            shape=alt.Shape("sex:N", scale=shapes(sexes), legend=key()),
        )  # fmt: skip
        panels.append(line.properties(width=190, height=170))
    return themed(alt.hconcat(*panels, spacing=18))
