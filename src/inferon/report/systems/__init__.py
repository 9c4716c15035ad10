"""The page of a study of a system: the parts in reading order; each makes its section, or None when it has nothing to say."""

from collections.abc import Sequence

from inferon.report.blocks import Section
from inferon.report.inputs import ReportInputs
from inferon.report.sections import provenance
from inferon.report.systems import arms, beside, cohort, headline, limits, results, time_courses


def system_sections(inputs: ReportInputs, files: Sequence[str] = ()) -> list[Section]:
    """Every section that this run can fill; `files` are the run's files, linked from the last one."""
    parts = (headline, beside, arms, time_courses, results, limits, cohort)
    made = [part.section(inputs) for part in parts]
    return [section for section in made if section is not None] + [provenance.section(inputs, files)]
