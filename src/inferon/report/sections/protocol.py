"""Section 2: the protocol drawn on one axis of days."""

from collections.abc import Sequence
from typing import Any

import polars as pl

from inferon.report.blocks import Block, Bullets, Figure, Paragraph, Section, TableBlock
from inferon.report.figures.protocol_timeline import protocol_timeline
from inferon.report.inputs import ReportInputs, Row
from inferon.report.tables import Column, Table
from inferon.report.vocabulary import ROUTES, plain, unit_name
from inferon.report.words import count, listed, plural, sentence, when

CONDITIONING_DAYS = (-7.0, -1.0)
TAPER_DAYS = (100.0, 170.0)
GVHD_WINDOW_DAYS = (0.0, 180.0)


def section(inputs: ReportInputs) -> Section:
    """A sentence an arm, the timeline, and the dosing table."""
    arms = Bullets(
        [
            f"{sentence(plain(arm))}: {_regimen_words(inputs.regimen(arm))}{_changes(inputs, arm)}."
            for arm in inputs.arms
        ]
    )
    blocks: list[Block] = [arms, Paragraph(_conduct(inputs)), _figure(inputs)]
    doses = _dosing_table(inputs)
    return Section("protocol", "The protocol", [*blocks, TableBlock(doses)] if doses.rows else blocks)


def dose_days(regimen: Sequence[Row]) -> list[float]:
    """The study days on which an arm receives a dose, in order."""
    days = {
        float(drug["start_day"]) + position * float(drug.get("interval_days") or 0)
        for drug in regimen
        for position in range(int(drug.get("doses") or 1))
    }
    return sorted(days)


def _conduct(inputs: ReportInputs) -> str:
    cohort = inputs.study.get("cohort", {})
    size = f"{count(cohort['size'])} virtual patients" if cohort.get("size") else "Virtual patients"
    shared = ", the same in every arm (common random numbers)" if len(inputs.arms) > 1 else ""
    return (
        f"{size} per arm{shared}; population {plain(cohort.get('population', 'not named'))}; follow-up to "
        f"{when(inputs.follow_up_days)}."
    )


def _changes(inputs: ReportInputs, arm: str) -> str:
    """Parameters the study sets differently in this arm, as a clause."""
    changed = (inputs.study.get("arms", {}).get(arm) or {}).get("parameters") or {}
    words = [f"{symbol} = {value:g}" for symbol, value in changed.items()]
    return f"; with {listed(words)} in place of the tables' values" if words else ""


def _regimen_words(regimen: Sequence[Row]) -> str:
    if not regimen:
        return "transplant without study drug"
    return listed([_drug_words(drug) for drug in regimen])


def _drug_words(drug: Row) -> str:
    route = ROUTES.get(str(drug.get("route")), str(drug.get("route") or ""))
    every = f" every {drug['interval_days']:g} days" if int(drug.get("doses") or 1) > 1 else ""
    doses = plural(int(drug.get("doses") or 1), "dose")
    return (
        f"{drug['drug']} {drug['dose_amount']:g} {unit_name(drug['dose_unit'])} {route}, {doses}{every} from day "
        f"{_day(drug['start_day'])}"
    )


def _day(day: float) -> str:
    return f"{day:g}".replace("-", "−")


def _dosing_table(inputs: ReportInputs) -> Table:
    columns = [
        Column("Arm", numeric=False),
        Column("Drug", numeric=False),
        Column("Dose"),
        Column("Route", numeric=False),
    ]
    columns += [Column("Doses"), Column("On study days", numeric=False)]
    rows = [
        [
            plain(arm), str(drug["drug"]), f"{drug['dose_amount']:g} {unit_name(drug['dose_unit'])}",
            str(drug.get("route") or ""), f"{int(drug.get('doses') or 1)}",
            ", ".join(_day(day) for day in dose_days([drug])),
        ]
        for arm in inputs.arms
        for drug in inputs.regimen(arm)
    ]  # fmt: skip
    return Table("Study drug", columns, rows)


def _figure(inputs: ReportInputs) -> Figure:
    spans, points = pl.DataFrame(_spans(inputs)), pl.DataFrame(_points(inputs))
    chart = protocol_timeline(spans, points, lanes=_lanes(inputs), follow_up_days=inputs.follow_up_days)
    taper = (
        f"immunosuppression is full to day {TAPER_DAYS[0]:g} and reduced in a straight line to none on day "
        f"{TAPER_DAYS[1]:g}"
    )
    return Figure(
        name="protocol_timeline",
        chart=chart,
        data=pl.concat([spans, points], how="diagonal"),
        caption=(
            f"The protocol in study days. Conditioning ends before day −1 (its length is schematic); {taper}; acute "
            "GVHD is graded to day 180."
        ),
        alt=(
            f"Timeline of the protocol. Conditioning before day −1, graft on day 0. {' '.join(_arm_alt(inputs))} "
            f"{taper}."
        ),
    )


def _arm_alt(inputs: ReportInputs) -> list[str]:
    days = {arm: dose_days(inputs.regimen(arm)) for arm in inputs.arms}
    return [f"{plain(arm)}: doses on days {listed([_day(day) for day in on])}." for arm, on in days.items() if on]


def _lanes(inputs: ReportInputs) -> dict[str, str]:
    """The lanes from top to bottom, each with what is printed after its last mark."""
    arms = {
        _arm_lane(arm): ", ".join(_amount(drug) for drug in inputs.regimen(arm)) or "no study drug"
        for arm in inputs.arms
    }
    visits = {"MRD by flow cytometry": ""} if inputs.times("mrd") else {}
    return {
        "Transplant": "conditioning, then graft", **arms, "Immunosuppression": "taper",
        **visits, "Acute GVHD graded": "", "Endpoints read": "",
    }  # fmt: skip


def _arm_lane(arm: str) -> str:
    return f"Arm: {plain(arm)}"


def _amount(drug: Row) -> str:
    return f"{drug['drug']} {drug['dose_amount']:g} {unit_name(drug['dose_unit'])}"


def _spans(inputs: ReportInputs) -> list[dict[str, Any]]:
    def bar(lane: str, kind: str, days: tuple[float, float], heights: tuple[float, float]) -> dict[str, Any]:
        ends = {"start": days[0], "end": min(days[1], inputs.follow_up_days)}
        return {"lane": lane, "kind": kind, **ends, "start_height": heights[0], "end_height": heights[1]}

    spans = [
        bar("Transplant", "conditioning", CONDITIONING_DAYS, (1.0, 1.0)),
        bar("Immunosuppression", "suppression", (CONDITIONING_DAYS[1], TAPER_DAYS[0]), (1.0, 1.0)),
        bar("Immunosuppression", "suppression", TAPER_DAYS, (1.0, 0.0)),
        bar("Acute GVHD graded", "window", GVHD_WINDOW_DAYS, (1.0, 1.0)),
    ]
    return [span for span in spans if span["start"] < span["end"]]


def _points(inputs: ReportInputs) -> list[dict[str, Any]]:
    def point(lane: str, kind: str, day: float, label: str) -> dict[str, Any]:
        return {"lane": lane, "kind": kind, "time_days": float(day), "label": label}

    points = [point("Transplant", "graft", 0, "0")]
    for arm in inputs.arms:
        points += [point(_arm_lane(arm), "dose", day, _day(day)) for day in dose_days(inputs.regimen(arm))]
    points += [point("MRD by flow cytometry", "visit", day, f"{day:g}") for day in inputs.times("mrd")]
    reads = [day for day in inputs.times("relapse") if day <= inputs.follow_up_days + 1]
    return points + [point("Endpoints read", "endpoint", day, when(day)) for day in reads]
