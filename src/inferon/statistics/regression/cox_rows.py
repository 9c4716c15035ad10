"""The checked rows a Cox model was fitted to, kept for its residuals and predictions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from inferon.statistics.shared.columns import Coded, Floats
from inferon.statistics.shared.records import Records


@dataclass(frozen=True, eq=False)
class CoxRows:
    """The checked rows a model was fitted to; covariates less `centre`, their overall means."""

    records: Records
    event: NDArray[np.bool_]
    covariates: Floats
    centre: Floats
    stratum: Coded
    offset: Floats | None

    def linear(self, coefficients: Floats) -> Floats:
        """Linear predictor of each row; equal covariates give exactly equal values."""
        total = np.zeros(self.records.n) if self.offset is None else self.offset.copy()
        for column, coefficient in enumerate(coefficients):
            total += self.covariates[:, column] * coefficient
        return total

    def stratum_codes(self, stratum: Any, patients: int) -> NDArray[np.int64]:
        """The stratum of each new patient: one label for all or one each; ValueError for an unknown or a missing one."""
        labels = self.stratum.labels
        if stratum is None:
            if len(labels) > 1:
                raise ValueError(f"the model is stratified: stratum must be one of {list(labels)}")
            return np.zeros(patients, dtype=np.int64)
        listed = isinstance(stratum, Sequence | np.ndarray | pl.Series) and not isinstance(stratum, str)
        wanted = list(stratum) if listed else [stratum] * patients
        unknown = [label for label in wanted if label not in labels]
        if unknown or len(wanted) != patients:
            found = repr(unknown[0]) if unknown else f"{len(wanted)} labels for {patients} patients"
            raise ValueError(f"stratum must be one of {list(labels)} for each patient, found {found}")
        return np.array([labels.index(label) for label in wanted], dtype=np.int64)
