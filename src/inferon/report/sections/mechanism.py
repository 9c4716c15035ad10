"""Section 5: what the mechanism does between the dose and the leukaemia."""

import math

import polars as pl

from inferon.report.blocks import Figure, Note, Paragraph, Section
from inferon.report.figures.mechanism import Panel, mechanism
from inferon.report.inputs import ReportInputs
from inferon.report.sections.protocol import dose_days
from inferon.report.vocabulary import READOUTS, Readout, plain
from inferon.report.words import count, listed

RELAPSE_LOG10_CELLS = math.log10(5e10)
CHAIN = (
    "In the model the drug raises an interferon signal, the signal keeps cross-presenting dendritic cells alive and "
    "strengthens "
    "priming, primed leukaemia-specific T cells expand, and they hold the leukaemic load down. Each panel is one "
    "link of that chain."
)
ASSUMED = (
    "The chain is the structure of the model, not a finding. Interferon is given no action on the cells that cause "
    "GVHD: that the GVHD "
    "index is alike in treated and untreated arms is an assumption put into the equations."
)


def section(inputs: ReportInputs) -> Section | None:
    """None when the run left no bands."""
    bands = inputs.table("bands")
    if bands is None:
        return None
    bands = bands.filter(pl.col("arm").is_in(inputs.arms))
    return Section("mechanism", "What the mechanism does", [Paragraph(CHAIN), _figure(inputs, bands), Note(ASSUMED)])


def _figure(inputs: ReportInputs, bands: pl.DataFrame) -> Figure:
    present = bands["readout"].unique(maintain_order=True).to_list()
    shown = {name: READOUTS.get(name, Readout(plain(name), "")) for name in (*READOUTS, *present) if name in present}
    days = sorted({day for arm in inputs.arms for day in dose_days(inputs.regimen(arm))})
    finite = bands.filter(pl.all_horizontal(pl.col("lower", "median", "upper").is_finite()))
    panels = [_panel(name, readout) for name, readout in shown.items()]
    chart = mechanism(finite, arms=list(inputs.arms), panels=panels, dose_days=days)
    marks = " Dotted lines mark the dose days." if days else ""
    return Figure(
        name="mechanism",
        chart=chart,
        data=finite,
        caption=(
            f"Median (line) and 5–95% of virtual patients (band) by arm, {plain(inputs.lead_family)} family, "
            f"{_patients(bands)}.{marks} Each panel has its own unit."
        ),
        alt=f"Small multiples by arm over study days: {listed([f'{r.title} ({r.unit})' for r in shown.values()])}.",
    )


def _panel(name: str, readout: Readout) -> Panel:
    relapse = {"level": RELAPSE_LOG10_CELLS, "level_name": "relapse: 5% blasts"} if name == "log10_L" else {}
    return Panel(name, readout.title, readout.unit, readout.from_zero, **relapse)


def _patients(bands: pl.DataFrame) -> str:
    few, many = int(bands["n"].min() or 0), int(bands["n"].max() or 0)
    return f"n = {count(many)}" if few == many else f"n from {count(few)} to {count(many)} by day and arm"
