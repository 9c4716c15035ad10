"""Section 8: the power of a randomised trial by its size."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from inferon.report.answer import TARGET_POWER, enough_in_every_family
from inferon.report.blocks import Figure, Paragraph, Section, TableBlock
from inferon.report.figures.power import power_by_size
from inferon.report.inputs import ReportInputs, in_order
from inferon.report.tables import Cell, Column, Table
from inferon.report.vocabulary import endpoint_name, plain
from inferon.report.words import count, interval, number, sentence, span, when


def section(inputs: ReportInputs) -> Section | None:
    """None when the study simulates no randomised trial."""
    if not inputs.power:
        return None
    blocks = [Paragraph(_method(inputs)), _figure(inputs), TableBlock(_table(inputs))]
    return Section("power", "Power of a randomised trial", blocks)


def _families(inputs: ReportInputs) -> tuple[str, ...]:
    return in_order(inputs.families, dict.fromkeys(row["family"] for row in inputs.power))


def _method(inputs: ReportInputs) -> str:
    first = inputs.power[0]
    trials = sorted({row["trials"] for row in inputs.power})
    drawn = " or ".join(count(number_of) for number_of in trials)
    return (
        "Each simulated trial draws its patients without replacement from the simulated arms; "
        f"{drawn} trials were drawn for every size and family. Test: {first['test']}, for "
        f"{endpoint_name(first['endpoint'])} by {when(first['time_days'])}. Power is conditional on the simulated "
        "difference, which was calibrated and never observed against a control: if the true difference is smaller, so "
        f"is the power. {sentence(enough_in_every_family(inputs.power))}."
    )


def _figure(inputs: ReportInputs) -> Figure:
    families = _families(inputs)
    sizes = sorted({row["per_arm"] for row in inputs.power})
    step = 0.008 * sizes[-1]
    frame = pl.DataFrame(
        [
            {
                "family": plain(row["family"]), "per_arm": row["per_arm"],
                "shown_at": row["per_arm"] + step * (families.index(row["family"]) - (len(families) - 1) / 2),
                **{name: 100 * row[name] for name in ("power", "lower", "upper")},
            }
            for row in sorted(inputs.power, key=lambda row: (families.index(row["family"]), row["per_arm"]))
        ]
    )  # fmt: skip
    at_most = max(inputs.power, key=lambda row: row["per_arm"])["per_arm"]
    moved = " Points of one size are moved apart sideways to keep intervals readable." if len(families) > 1 else ""
    return Figure(
        name="power",
        chart=power_by_size(frame, families=[plain(family) for family in families], target=100 * TARGET_POWER),
        data=frame,
        caption=f"Power of the two-arm trial by patients per arm and family, with 95% Monte-Carlo intervals.{moved}",
        alt=(
            f"Power rises with size. At {at_most} per arm it is "
            f"{span([row['power'] for row in inputs.power if row['per_arm'] == at_most])}% over the families."
        ),
    )


def _table(inputs: ReportInputs) -> Table:
    families = _families(inputs)
    found: Mapping[tuple[int, str], Mapping[str, Any]] = {(row["per_arm"], row["family"]): row for row in inputs.power}
    columns = [Column("Patients per arm", "n"), *(Column(plain(family), "% (95% interval)") for family in families)]
    rows = [
        [count(size), *(_cell(found.get((size, family))) for family in families)]
        for size in sorted({size for size, _ in found})
    ]
    last = max(size for size, _ in found)
    rows.append(["Simulated difference", *(_true(found.get((last, family))) for family in families)])
    note = (
        "Simulated difference: percentage points between the whole simulated arms; below it the mean over the "
        f"trials of {last} per arm."
    )
    return Table("Power by size and family", columns, rows, note=note)


def _cell(row: Mapping[str, Any] | None) -> Cell:
    return Cell("–") if row is None else Cell(number(row["power"]), interval(row["lower"], row["upper"]))


def _true(row: Mapping[str, Any] | None) -> Cell:
    if row is None or row.get("true_difference") is None:
        return Cell("–")
    mean = row.get("mean_difference")
    return Cell(number(row["true_difference"]), "" if mean is None else f"mean {number(mean)}")
