"""Covariates of a regression as a checked matrix of numbers with a name a column."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from inferon.statistics.shared.columns import Floats


@dataclass(frozen=True, eq=False)
class Covariates:
    """`values` of shape (patients, terms), one name in `terms` a column."""

    values: Floats
    terms: tuple[str, ...]


def covariate_matrix(covariates: Any, *, patients: int, name: str = "covariates") -> Covariates:
    """Read a Polars frame, a mapping from names to columns, or an array of shape (patients,) or (patients, terms).

    Columns of an array are called x1, x2, … Yes/no columns count as 1 and 0. ValueError for text, a missing value (with
    its position), no column at all, or a length other than `patients`.
    """
    columns = _named_columns(covariates, name)
    if not columns:
        raise ValueError(f"{name} holds no column")
    checked = [_numbers(values, f"{name} column {term!r}", patients) for term, values in columns.items()]
    return Covariates(np.column_stack(checked), tuple(columns))


def new_patients(newdata: Any, *, terms: tuple[str, ...]) -> Floats:
    """The rows to predict for, shape (rows, terms), columns in the order of `terms`.

    A frame, a mapping from names to columns, a list of mappings (one a patient), one mapping of numbers (one patient) or
    an array in the order of the terms. ValueError when a term is missing.
    """
    if isinstance(newdata, list | tuple) and newdata and isinstance(newdata[0], Mapping):
        newdata = pl.DataFrame(list(newdata))
    if not isinstance(newdata, Mapping | pl.DataFrame):
        values = np.atleast_2d(np.asarray(newdata, dtype=np.float64))
        if values.ndim != 2 or values.shape[1] != len(terms):
            raise ValueError(f"newdata must have one column a term ({', '.join(terms)}), found shape {values.shape}")
        return values
    columns = _named_columns(newdata, "newdata")
    absent = [term for term in terms if term not in columns]
    if absent:
        raise ValueError(f"newdata lacks {', '.join(absent)}; the model's terms are {', '.join(terms)}")
    rows = np.atleast_1d(np.asarray(columns[terms[0]])).size
    return np.column_stack([_numbers(np.atleast_1d(columns[t]), f"newdata column {t!r}", rows) for t in terms])


def _named_columns(covariates: Any, name: str) -> dict[str, Any]:
    if isinstance(covariates, pl.DataFrame):
        return {column: covariates[column].to_numpy() for column in covariates.columns}
    if isinstance(covariates, Mapping):
        return {
            str(term): column.to_numpy() if isinstance(column, pl.Series) else column
            for term, column in covariates.items()
        }
    values = covariates.to_numpy() if isinstance(covariates, pl.Series) else np.asarray(covariates)
    if values.ndim == 1:
        values = values[:, None]
    if values.ndim != 2:
        raise ValueError(f"{name} must be a table with one row a patient, found an array of shape {values.shape}")
    return {f"x{position + 1}": values[:, position] for position in range(values.shape[1])}


def _numbers(column: Any, what: str, rows: int) -> Floats:
    try:
        values: NDArray[np.float64] = np.asarray(column, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{what} holds values that are not numbers") from None
    if values.shape != (rows,):
        raise ValueError(f"{what} must have one value a patient ({rows}), found shape {values.shape}")
    missing = ~np.isfinite(values)
    if missing.any():
        position = int(np.argmax(missing))
        raise ValueError(f"{what} must be a finite number: found {values[position]} at position {position}")
    return values
