"""Section 7: who the virtual patients are."""

from inferon.report.blocks import Section, TableBlock
from inferon.report.inputs import ReportInputs
from inferon.report.tables import Column, Table
from inferon.report.vocabulary import plain
from inferon.report.words import percent, sentence

UNITS = {
    "age": "years",
    "weight": "kg",
    "height": "m",
    "bmi": "kg/m²",
    "body_surface": "m²",
    "creatinine": "mg/dL",
    "creatinine_clearance": "mL/min",
    "baseline_neutrophils": "10⁹/L",
    "baseline_platelets": "10⁹/L",
    "baseline_haemoglobin": "g/dL",
}
NAMES = {"bmi": "Body mass index", "body_surface": "Body surface"}


def section(inputs: ReportInputs) -> Section | None:
    """None without a cohort."""
    rows = inputs.estimates.get("cohort")
    if not rows:
        return None
    columns = [Column("Covariate", numeric=False), Column("Median or share"), Column("5–95% of patients")]
    shown = []
    for row in rows:
        name, unit = row["covariate"], UNITS.get(row["covariate"], "")
        label = NAMES.get(name, sentence(plain(name))) + (f", {unit}" if unit else "")
        if row["value"] is None:
            shown.append([label, f"{row['median']:.3g}", f"{row['lower']:.3g}–{row['upper']:.3g}"])
        else:
            shown.append([f"{label}: {row['value']}", percent(row["share"]), "–"])
    table = Table(f"The virtual population: {inputs.study['cohort']['population']}", columns, shown)
    return Section("cohort", "The cohort", [TableBlock(table)])
