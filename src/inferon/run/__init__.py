"""The spine: one resumable run from a study to its report."""

from inferon.run.catalogues import check_study_names
from inferon.run.spine import RunResult, run_study

__all__ = ["RunResult", "check_study_names", "run_study"]
