"""The parts of the page in reading order; each makes its section, or None when it has nothing to say."""

from collections.abc import Sequence

from inferon.report.blocks import Section
from inferon.report.inputs import ReportInputs
from inferon.report.sections import (
    comparison,
    excludes,
    families,
    incidence,
    limits,
    mechanism,
    patients,
    power,
    protocol,
    provenance,
    published,
    question,
)


def all_sections(inputs: ReportInputs, files: Sequence[str] = ()) -> list[Section]:
    """Every section that this run can fill; `files` are the run's files, linked from the last one."""
    first = (question, protocol, patients, published, incidence, mechanism)
    parts = (*first, families, excludes, power, comparison, limits)
    made = [part.section(inputs) for part in parts]
    return [section for section in made if section is not None] + [provenance.section(inputs, files)]
