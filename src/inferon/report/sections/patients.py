"""Who the patients are, where they were chosen from those drawn: plausible ranges, and the mix beside its target."""

from collections.abc import Sequence

from inferon.report.blocks import Block, Note, Paragraph, Section, TableBlock
from inferon.report.inputs import ReportInputs, Row
from inferon.report.tables import Cell, Column, Table
from inferon.report.vocabulary import READOUTS, plain
from inferon.report.words import MISSING, count, listed, number, percent, sentence

REFERENCE = "transplant-reference"
WITHOUT_EFFECT = ("disease_status", "comorbidity", "conditioning", "donor", "graft")
"""Covariates that act on nothing in the reference population."""
NAMES = {"bmi": "Body-mass index", "body_surface": "Body surface"}
PRINTED = {"1e9/L": "10⁹/L", "kg/m2": "kg/m²", "m2": "m²", "1": ""}


def section(inputs: ReportInputs) -> Section | None:
    """None when everybody drawn was followed."""
    if not inputs.selection:
        return None
    first = inputs.selection[0]
    blocks: list[Block] = [Paragraph(_counted(first, alone=len(inputs.selection) == 1))]
    if first["ranges"]:
        blocks.append(TableBlock(_ranges(first)))
    if weights := first.get("weights"):
        blocks += [Paragraph(_weighted(first, weights)), TableBlock(_mix(inputs, weights))]
    if len(inputs.selection) > 1:
        blocks.append(TableBlock(_cohorts(inputs.selection)))
    return Section("patients", "Who the patients are", [*blocks, Note(_worth(first))])


def _counted(cohort: Row, *, alone: bool) -> str:
    """From candidates to patients, in words; which family is meant where each has its own."""
    drawn, kept = cohort["drawn"], cohort["plausible"]
    family = (
        "" if alone or len(cohort["families"]) > 1 else f" with the {plain(cohort['families'][0])} parameter family"
    )
    said = f"{count(drawn)} candidates were drawn from the population {plain(cohort['population'])}{family}"
    if cohort["ranges"]:
        said += f"; {count(kept)} of them ({percent(kept / drawn)}) lie in every plausible range"
    size = count(cohort["patients"])
    which = f"{size} of them, sampled in the target mix," if cohort.get("weights") else f"The first {size} of them"
    return f"{said}. {which} are the patients of every arm."


def _ranges(cohort: Row) -> Table:
    columns = [
        Column("Quantity", numeric=False),
        Column("Plausible"),
        Column("Below", "n (%)"),
        Column("Above", "n (%)"),
    ]
    rows = [
        [
            _quantity(row["quantity"], row), _range(row["lower"], row["upper"]),
            *(Cell(count(row[side]), percent(row[side] / cohort["drawn"])) for side in ("below", "above")),
        ]
        for row in cohort["ranges"]
    ]  # fmt: skip
    note = "Candidates outside a range are left out; one may lie outside several."
    return Table("Plausible ranges, and the candidates outside them", columns, rows, note=note)


def _quantity(name: str, row: Row) -> str:
    """What a quantity is, with its unit; a parameter with its symbol."""
    title = READOUTS[name].title if name in READOUTS else NAMES.get(name, sentence(plain(name)))
    title = f"{sentence(row['meaning'])} ({name})" if row.get("meaning") else title
    unit = PRINTED.get(row["unit"], row["unit"])
    return f"{title}, {unit}" if unit else title


def _range(lower: float | None, upper: float | None) -> str:
    if lower is None or upper is None:
        return f"up to {upper:g}" if lower is None else f"{lower:g} or more"
    return f"{lower:g} to {upper:g}"


def _weighted(cohort: Row, weights: Row) -> str:
    size = cohort["patients"]
    worth = size * weights["effective_sample_size"] / cohort["plausible"]
    apart = number(max(abs(row["cohort"] - row["target"]) for row in weights["marginals"]), digits=2)
    near = "are those of the target" if apart == "0.00" else f"lie within {apart} percentage points of the target"
    return (
        "Raking (iterative proportional fitting) gave every candidate a prevalence weight, so that each class below has its "
        "target share among them; patients were then sampled with a chance proportional to the weight, everybody at most once. "
        "They count as one each: no estimate, curve or trial on this page is weighted, and the effective sample size is the "
        f"number of patients, {count(size)}. As many candidates kept with their weights would have been worth {count(worth)} "
        f"(Kish; the greatest weight is {weights['greatest']:.3g} times the mean). The patients' shares {near}."
    )


def _mix(inputs: ReportInputs, weights: Row) -> Table:
    columns = [Column("Covariate", numeric=False), Column("Class", numeric=False)]
    columns += [Column(name, "%") for name in ("Drawn", "Target", "Patients")]
    rows, named = [], ""
    for row in weights["marginals"]:
        covariate = "" if row["covariate"] == named else _quantity(row["covariate"], row)
        shares = (number(row[name]) for name in ("drawn", "target", "cohort"))
        rows.append([covariate, row["class"].replace(">=", "≥"), *shares])
        named = row["covariate"]
    source = inputs.estimates["selection"].get("source")
    note = f"Target: {source}" if source else "The study names no source of the target."
    return Table("The mix before and after, beside its target", columns, rows, headers=2, note=note)


def _cohorts(cohorts: Sequence[Row]) -> Table:
    columns = [Column("Population", numeric=False), Column("Family", numeric=False), Column("Drawn", "n")]
    columns += [Column("Plausible", "n"), Column("Greatest weight", "× mean"), Column("Patients", "n")]
    rows = [
        [
            plain(one["population"]), listed([plain(family) for family in one["families"]]), count(one["drawn"]),
            count(one["plausible"]), f"{one['weights']['greatest']:.3g}" if one.get("weights") else MISSING,
            count(one["patients"]),
        ]
        for one in cohorts
    ]  # fmt: skip
    return Table("Choosing in every population and family", columns, rows, headers=2)


def _worth(cohort: Row) -> str:
    """What choosing does not do."""
    said = [
        "Choosing patients calibrates nothing: the model was fitted to published results in the reference population with "
        "nobody left out. Within a class, and in what the target does not name, patients are like those drawn."
    ]
    named = [row["covariate"] for row in (cohort.get("weights") or {}).get("marginals", ())]
    inert = [plain(name) for name in dict.fromkeys(named) if name in WITHOUT_EFFECT]
    if inert and cohort["population"] == REFERENCE:
        said.append(f"In {REFERENCE} {listed(inert)} has no effect on any outcome, so that its mix changes no result.")
    return " ".join(said)
