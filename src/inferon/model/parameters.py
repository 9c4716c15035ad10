"""Reading a module's parameter table: value, unit, range, variability, status and source of every number."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from importlib.resources.abc import Traversable

from inferon.model.model import Parameter

STATUSES = ("read", "known", "assumed", "calibrate")

UNIT_IDS: Mapping[str, str] = {
    "1": "dimensionless",
    "rel": "dimensionless",
    "relative": "dimensionless",
    "log10": "dimensionless",
    "log10 cells": "dimensionless",
    "d": "day",
    "1/d": "per_day",
    "yr": "year",
    "1/yr": "per_year",
    "ug": "ug",
    "ng/mL": "ng_per_mL",
    "L": "litre",
    "L/d": "L_per_day",
    "nmol/L": "nmol_per_L",
    "cells": "cell",
    "cells/kg": "cells_per_kg",
    "1e9/L": "giga_per_L",
    "g/dL": "g_per_dL",
    "1/mo": "per_month",
    "d/mo": "day_per_month",
    "cells (scaled)": "scaled_cell",
    "cells/mo": "scaled_cells_per_month",
    "1/(cell mo)": "per_scaled_cell_month",
    "copies/mL": "per_mL",
    "mL/d": "mL_per_day",
    "cells/mL/d": "per_mL_day",
}
"""How units are spelled in the tables and in the equations."""


def _number(text: str, where: str) -> float | None:
    """The number in a cell, None for an empty one; raises ``ValueError`` saying where for anything else, nan included."""
    try:
        value = float(text) if text else None
    except ValueError:
        value = math.nan
    if value is not None and math.isnan(value):
        raise ValueError(f"{where} is {text!r}, not a number")
    return value


def read_parameters(table: Traversable, folder: str) -> dict[str, Parameter]:
    """The rows of one ``parameters.csv`` by symbol.

    Raises ``ValueError`` for a row without value, unit, source or a known status, or a symbol given twice.
    """
    rows: dict[str, Parameter] = {}
    with table.open(encoding="utf-8", newline="") as lines:
        for line, row in enumerate(csv.DictReader(lines), start=2):
            parameter = _parameter(row, folder, f"{folder}/parameters.csv, line {line}")
            if parameter.symbol in rows:
                raise ValueError(f"{folder}/parameters.csv, line {line}: {parameter.symbol} is given twice")
            rows[parameter.symbol] = parameter
    return rows


def _parameter(row: dict[str, str], folder: str, where: str) -> Parameter:
    if row["status"] not in STATUSES:
        raise ValueError(f"{where}: status {row['status']!r} is not one of {', '.join(STATUSES)}")
    for column in ("symbol", "value", "unit", "source"):
        if not row[column]:
            raise ValueError(f"{where}: {column} is empty")
    value, lower, upper, variability = (_number(row[c], f"{where}: {c}") for c in ("value", "lower", "upper", "bsv_cv"))
    if value is None:
        raise ValueError(f"{where}: value is empty")
    return Parameter(
        symbol=row["symbol"],
        description=row["parameter"],
        value=value,
        unit=row["unit"],
        lower=lower,
        upper=upper,
        variability=variability,
        status=row["status"],
        source=row["source"],
        note=row["note"],
        origin=f"{folder}/{row['symbol']}",
    )
