"""A case with its analysis set: what every answer starts from."""

from functools import cached_property
from pathlib import Path
from typing import Any

from ..oracle_cases import Case, Comparison
from ..oracle_data import AnalysisSet, analysis_set

Answer = Any
"""Computed values in the order of the reference array, or None for what Inferon does not offer."""


class Question:
    """A case with its analysis set, which is read when it is first asked for."""

    def __init__(self, case: Case, data_folder: Path) -> None:
        self.case, self.data_folder = case, data_folder

    @cached_property
    def set(self) -> AnalysisSet:
        """The rows to analyse."""
        return analysis_set(self.case, self.data_folder)

    def group(self, comparison: Comparison, index: int | None = None) -> str:
        """The label of the group: named by a wildcard (by label or by position from 1), else by index."""
        labels = list(self.set.groups)
        key = comparison.fixed.get("group")
        if key is None:
            return labels[index or 0]
        return key if key in labels else labels[int(key) - 1]
