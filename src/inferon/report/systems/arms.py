"""Section 3: who is studied, what each arm receives, and what is set differently in it."""

from inferon.report.blocks import Block, Bullets, Paragraph, Section, TableBlock
from inferon.report.inputs import ReportInputs, Row
from inferon.report.systems.values import at
from inferon.report.tables import Column, Table
from inferon.report.vocabulary import ROUTES, plain, unit_name
from inferon.report.words import DAYS_PER_MONTH, MISSING, count, sentence

NO_DRUG = "no drug"
INTERVALS = {1.0: "every day", 7.0: "every week", DAYS_PER_MONTH: "every month"}


def section(inputs: ReportInputs) -> Section:
    """The population, a line an arm, the table of doses, and the settings of the model."""
    bullets = Bullets([f"{plain(arm)}: {_words(inputs, arm)}." for arm in inputs.arms])
    blocks: list[Block] = [Paragraph(_population(inputs)), bullets]
    if changed := list(inputs.estimates.get("parameters") or ()):
        blocks.append(TableBlock(_parameters(changed)))
    if settings := inputs.estimates.get("settings"):
        blocks.append(TableBlock(_settings(inputs, settings)))
    return Section("protocol", "Who is treated with what", blocks)


def _population(inputs: ReportInputs) -> str:
    cohort, system = inputs.study["cohort"], inputs.estimates["system"]
    meaning = inputs.estimates.get("populations", {}).get(cohort["population"], "")
    shared = ", the same in every arm (common random numbers)" if len(inputs.arms) > 1 else ""
    return (
        f"{count(cohort['size'])} virtual patients per arm{shared}; population {cohort['population']} ({meaning}). Follow-up to "
        f"{at(inputs.follow_up_days)}; day 0 is {system['day_zero']}."
    )


def _words(inputs: ReportInputs, arm: str) -> str:
    lines = [_line(drug) for drug in inputs.regimen(arm)]
    return "; ".join(lines) or NO_DRUG


def _line(drug: Row) -> str:
    doses, gap = int(drug.get("doses") or 1), float(drug.get("interval_days") or 0)
    route = ROUTES.get(str(drug["route"]), str(drug["route"]))
    amount = f"{drug['drug']}, {drug['dose_amount']:g} {unit_name(drug['dose_unit'])} {route}"
    start = f"on day {drug['start_day']:g}"
    if doses == 1:
        return f"{amount} {start}"
    every = INTERVALS.get(gap, f"every {gap:g} days")
    return f"{amount} {every} from day {drug['start_day']:g}, {count(doses)} doses"


def _parameters(changed: list[Row]) -> Table:
    columns = [
        Column("Arm", numeric=False), Column("Parameter", numeric=False), Column("Here"), Column("Table"),
        Column("Unit", numeric=False), Column("Status", numeric=False), Column("Source of the table’s value", numeric=False),
    ]  # fmt: skip
    rows = [
        [
            plain(row["arm"]), f"{row['symbol']} ({row['parameter']})", f"{row['value']:g}", _number(row["table_value"]),
            row["unit"], row["status"], row["source"],
        ]
        for row in changed
    ]  # fmt: skip
    return Table("Parameters that differ from the table", columns, rows, headers=2)


def _number(value: float | str) -> str:
    return f"{value:g}" if isinstance(value, float | int) else str(value)


def _settings(inputs: ReportInputs, meanings: Row) -> Table:
    columns = [Column("Arm", numeric=False), *(Column(sentence(plain(name)), numeric=False) for name in meanings)]
    rows = []
    for arm in inputs.arms:
        given = (inputs.study["arms"].get(arm) or {}).get("settings") or {}
        rows.append([plain(arm), *(_setting(given.get(name)) for name in meanings)])
    note = "; ".join(f"{plain(name)}: {meaning}" for name, meaning in meanings.items())
    return Table("What else an arm decides", columns, rows, note=f"{sentence(note)}.")


def _setting(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return MISSING if value is None else f"{value:g}" if isinstance(value, float | int) else str(value)
