"""Section 4: cumulative incidence of relapse and of non-relapse mortality by arm."""

import polars as pl

from inferon.report.blocks import Block, Figure, Paragraph, Section
from inferon.report.figures.cumulative_incidence import cumulative_incidence_figure
from inferon.report.figures.family_curves import family_curves
from inferon.report.inputs import ReportInputs
from inferon.report.vocabulary import endpoint_name, plain
from inferon.report.words import DAYS_PER_MONTH, listed, percent, plural, sentence, when

CAUSES = ("relapse", "non_relapse_mortality")
RISK_EVERY_DAYS = 3 * DAYS_PER_MONTH


def section(inputs: ReportInputs) -> Section | None:
    """None when the run left no curves."""
    curves = inputs.table("curves")
    if curves is None:
        return None
    curves = curves.filter(pl.col("endpoint").is_in(CAUSES))
    blocks: list[Block] = [Paragraph(_words(inputs)), _by_arm(inputs, curves)]
    if len(inputs.families) > 1:
        blocks.append(_by_family(inputs, curves))
    return Section("incidence", "Relapse and non-relapse mortality over time", blocks)


def _words(inputs: ReportInputs) -> str:
    said = []
    for cause in CAUSES:
        for time in inputs.times(cause)[-1:]:
            rows = [(arm, inputs.at(arm, inputs.lead_family, cause, time)) for arm in inputs.arms]
            levels = [f"{percent(row['estimate'])} ({plain(arm)})" for arm, row in rows if row]
            said.append(f"{endpoint_name(cause)} at {when(time)} is {listed(levels)}")
    competing = (
        " The two causes compete: where fewer patients relapse, more remain exposed to death without relapse, so a "
        "difference "
        "in non-relapse mortality is not by itself toxicity."
    )
    return f"In the {plain(inputs.lead_family)} family {'; '.join(said)}.{competing if len(inputs.arms) > 1 else ''}"


def _by_arm(inputs: ReportInputs, curves: pl.DataFrame) -> Figure:
    lead = curves.filter(pl.col("family") == inputs.lead_family).with_columns(
        months=pl.col("time_days") / DAYS_PER_MONTH
    )
    shown = lead.select(
        pl.col("arm").replace_strict({arm: plain(arm) for arm in inputs.arms}).alias("group"),
        pl.col("endpoint").replace_strict({cause: sentence(endpoint_name(cause)) for cause in CAUSES}).alias("cause"),
        pl.col("months").alias("time"),
        "estimate",
        "lower",
        "upper",
    )
    chart = cumulative_incidence_figure(shown, _at_risk(inputs, lead), time_unit="months")
    return Figure(
        name="cumulative_incidence",
        chart=chart,
        data=shown,
        caption=(
            f"Cumulative incidence by arm with 95% bands, {plain(inputs.lead_family)} family, and numbers at risk. "
            "Relapse and death without relapse are competing events."
        ),
        alt=f"Cumulative incidence curves. {_words(inputs)}",
    )


def _at_risk(inputs: ReportInputs, lead: pl.DataFrame) -> pl.DataFrame:
    """Patients still event-free at the start of each quarter, read from the curve grid."""
    first = lead.filter(pl.col("endpoint") == lead["endpoint"][0])
    last = float(first["time_days"].max() or 0)
    rows = []
    for arm in inputs.arms:
        curve = first.filter(pl.col("arm") == arm).sort("time_days")
        for quarter in range(int((last + 1) // RISK_EVERY_DAYS) + 1):
            known = curve.filter(pl.col("time_days") <= quarter * RISK_EVERY_DAYS)
            if known.height:
                rows.append({"group": plain(arm), "time": 3.0 * quarter, "n": int(known["at_risk"][-1])})
    return pl.DataFrame(rows)


def _by_family(inputs: ReportInputs, curves: pl.DataFrame) -> Figure:
    lead = pl.col("estimate").filter(pl.col("family") == inputs.lead_family).first()
    shown = (
        curves.group_by("endpoint", "arm", "time_days", maintain_order=True)
        .agg(
            (100 * pl.col("estimate").min()).alias("low"),
            (100 * pl.col("estimate").max()).alias("high"),
            (100 * lead).alias("lead"),
        )
        .with_columns((pl.col("time_days") / DAYS_PER_MONTH).alias("time_months"))
        .with_columns(
            pl.col("endpoint")
            .replace_strict({cause: sentence(endpoint_name(cause)) for cause in CAUSES})
            .alias("panel")
        )
        .select("panel", "arm", "time_months", "low", "high", "lead")
    )
    panels = [sentence(endpoint_name(cause)) for cause in CAUSES]
    families = plural(len(inputs.families), "parameter family", several="parameter families")
    return Figure(
        name="family_curves",
        chart=family_curves(shown, arms=list(inputs.arms), panels=panels),
        data=shown,
        caption=(
            f"The same curves over {families}: the band runs from the lowest to the highest family, the line is the "
            f"{plain(inputs.lead_family)} family. The band is a range, not a confidence interval."
        ),
        alt=(
            f"Cumulative incidence of relapse and of non-relapse mortality by arm; the band of {families} is drawn "
            f"around the {plain(inputs.lead_family)} family."
        ),
    )
