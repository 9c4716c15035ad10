"""Section 4: endpoints and read-outs over time."""

import polars as pl

from inferon.report.blocks import Block, Figure, Section
from inferon.report.figures.cumulative_incidence import cumulative_incidence_figure
from inferon.report.figures.time_courses import MOST_BANDS, time_courses
from inferon.report.inputs import ReportInputs
from inferon.report.systems.values import endpoint, is_percent, time_unit
from inferon.report.vocabulary import plain
from inferon.report.words import listed

TICKS = 6
EVENT_KINDS = ("cumulative incidence", "survival")


def section(inputs: ReportInputs) -> Section | None:
    """None when the run left neither curves nor bands."""
    made = [*_events(inputs), _rates(inputs), _shares(inputs), _readouts(inputs)]
    blocks: list[Block] = [figure for figure in made if figure is not None]
    return Section("time", "Over time", blocks) if blocks else None


def _curves(inputs: ReportInputs, kinds: tuple[str, ...], *, percent: bool = True) -> pl.DataFrame | None:
    curves = inputs.table("curves")
    if curves is None:
        return None
    of_kind = [name for name in inputs.study["endpoints"] if endpoint(inputs, name)["kind"] in kinds]
    names = [name for name in of_kind if is_percent(inputs, name) == percent]
    chosen = curves.filter(pl.col("endpoint").is_in(names))
    return None if chosen.is_empty() else chosen


def _events(inputs: ReportInputs) -> list[Figure]:
    """A figure an endpoint, since each has numbers at risk of its own."""
    curves = _curves(inputs, EVENT_KINDS)
    if curves is None:
        return []
    return [
        _event(inputs, name, curves.filter(pl.col("endpoint") == name))
        for name in curves["endpoint"].unique(maintain_order=True)
    ]


def _event(inputs: ReportInputs, name: str, curves: pl.DataFrame) -> Figure:
    unit, days = time_unit(float(curves["time_days"].max() or 1))
    label = endpoint(inputs, name)["label"]
    shown = curves.select(
        pl.col("arm").str.replace_all("_", " ", literal=True).alias("group"),
        pl.lit(label).alias("cause"),
        (pl.col("time_days") / days).alias("time"),
        "estimate",
        "lower",
        "upper",
    )
    chart = cumulative_incidence_figure(
        shown, _at_risk(inputs, curves, days), time_unit=unit, measure="Share of patients"
    )
    return Figure(
        name=f"event_{name}",
        chart=chart,
        data=shown,
        caption=f"{label}: share of patients by arm{_bands(inputs)}, and numbers at risk.",
        alt=f"Curves by arm of {label}; the numbers are in the table of all results.",
    )


def _rates(inputs: ReportInputs) -> Figure | None:
    """Cumulative incidences too small for percent, each panel in the unit of its endpoint."""
    curves = _curves(inputs, EVENT_KINDS, percent=False)
    if curves is None:
        return None
    unit, days = time_unit(inputs.follow_up_days)
    known = {name: endpoint(inputs, name) for name in curves["endpoint"].unique(maintain_order=True)}
    shown = curves.select(
        pl.col("endpoint").replace_strict({name: row["label"] for name, row in known.items()}).alias("panel"),
        "arm",
        (pl.col("time_days") / days).alias("time"),
        pl.col("estimate").alias("middle"),
        "lower",
        "upper",
    )
    panels = [(row["label"], row["unit"], True) for row in known.values()]
    return Figure(
        name="rates",
        chart=time_courses(shown, arms=list(inputs.arms), panels=panels, time_unit=unit),
        data=shown,
        caption="Cumulative incidence by arm with 95% bands; each panel has its own scale.",
        alt=f"Curves over {unit} by arm: {listed([panel[0] for panel in panels])}.",
    )


def _bands(inputs: ReportInputs) -> str:
    return " with 95% bands" if len(inputs.arms) <= MOST_BANDS else ""


def _at_risk(inputs: ReportInputs, curves: pl.DataFrame, days: float) -> pl.DataFrame:
    """At risk at a few round times; arms in which nobody is at risk are left out."""
    end = float(curves["time_days"].max() or 1) / days
    step = max(1, round(end / TICKS))
    rows = []
    for arm in inputs.arms:
        curve = curves.filter(pl.col("arm") == arm).sort("time_days")
        for time in range(0, int(end + 1e-6) + 1, step):
            known = curve.filter(pl.col("time_days") <= time * days)
            if known.height:
                rows.append({"group": plain(arm), "time": float(time), "n": int(known["at_risk"][-1])})
    return pl.DataFrame(rows)


def _shares(inputs: ReportInputs) -> Figure | None:
    curves = _curves(inputs, ("share",))
    if curves is None:
        return None
    unit, days = time_unit(inputs.follow_up_days)
    labels = {name: endpoint(inputs, name)["label"] for name in inputs.study["endpoints"]}
    shown = curves.select(
        pl.col("endpoint").replace_strict(labels).alias("panel"),
        "arm",
        (pl.col("time_days") / days).alias("time"),
        (100 * pl.col("estimate")).alias("middle"),
        (100 * pl.col("lower")).alias("lower"),
        (100 * pl.col("upper")).alias("upper"),
    )
    panels = [(label, "% of patients", True) for label in shown["panel"].unique(maintain_order=True)]
    return Figure(
        name="shares",
        chart=time_courses(shown, arms=list(inputs.arms), panels=panels, time_unit=unit),
        data=shown,
        caption="Share of all patients in whom each condition holds at a visit, by arm, with exact 95% bands.",
        alt=f"Small multiples over {unit} by arm: {listed([panel[0] for panel in panels])}.",
    )


def _readouts(inputs: ReportInputs) -> Figure | None:
    bands, known = inputs.table("bands"), inputs.estimates.get("readouts") or {}
    if bands is None:
        return None
    unit, days = time_unit(inputs.follow_up_days)
    names = [name for name in known if name in bands["readout"].unique()]
    shown = bands.filter(pl.col("readout").is_in(names)).select(
        pl.col("readout").replace_strict({name: known[name]["title"] for name in names}).alias("panel"),
        "arm",
        (pl.col("time_days") / days).alias("time"),
        pl.col("median").alias("middle"),
        "lower",
        "upper",
    )
    panels = [(known[name]["title"], known[name]["unit"], known[name]["from_zero"]) for name in names]
    return Figure(
        name="readouts",
        chart=time_courses(shown, arms=list(inputs.arms), panels=panels, time_unit=unit),
        data=shown,
        caption="Median (line) and 5–95% of virtual patients (band) by arm. Each panel has its own unit.",
        alt=f"Small multiples over {unit} by arm: {listed([panel[0] for panel in panels])}.",
    )
