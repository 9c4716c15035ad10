"""What every unit of the parameter tables is made of, so that a closed form can be asked whether it minds another unit.

A dimension is named by the unit itself where nothing converts it (``ng/mL``, ``mg/dL``); all times are one dimension, because the
code converts between them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from inferon.model.catalogue import parameter_table

Dimensions = Mapping[str, float]

_TIMES = ("h", "d", "week", "mo", "month", "yr")
_ALONE = (
    "Gy",
    "ng/mL",
    "nmol/L",
    "1e9/L",
    "g/dL",
    "mg/dL",
    "kg",
    "m",
    "ug",
    "cells",
    "cells/kg",
    "copies",
    "%",
    "points",
)
_PURE = ("1", "rel", "relative", "log10", "logit", "grade", "visits", "x ULN")
DIMENSIONS: Mapping[str, Dimensions] = {
    **{unit: {"time": 1} for unit in _TIMES},
    **{f"1/{unit}": {"time": -1} for unit in ("d", "mo", "yr")},
    **{unit: {unit: 1} for unit in _ALONE},
    **{unit: {} for unit in _PURE},
    "per log10": {},
    "d/mo": {},
    "per 40 yr": {},  # its reference time is a row of its own, and so are those of the next three
    "per decade": {},
    "per log year": {},
    "per decade and log year": {},
    "1/Gy": {"Gy": -1},
    "1/Gy2": {"Gy": -2},
    "Gy2": {"Gy": 2},
    "1/Gy BED3": {"Gy": -1},
    "per 1e5 PY": {"case": 1, "time": -1},
    "per ppm-yr": {"ppm": -1, "time": -1},
    "(ppm-yr)^-0.41": {"ppm": -0.41, "time": -0.41},
    "per pack-yr": {"pack": -1, "time": -1},
    "per ng/mL": {"ng/mL": -1},
    "per mL/min": {"mL/min": -1},
    "points per ng/mL": {"points": 1, "ng/mL": -1},
    "points per kg": {"points": 1, "kg": -1},
    "cm kg/m4": {"kg": 1, "m": -3},
    "yr kg dL/mg min/mL": {"time": 1, "kg": 1, "mg/dL": -1, "mL/min": -1},
    "L": {"volume": 1},
    "mL": {"volume": 1},
    "L/d": {"volume": 1, "time": -1},
    "mL/d": {"volume": 1, "time": -1},
    "copies/mL": {"volume": -1},
    "cells/mL/d": {"volume": -1, "time": -1},
    "ug/MIU": {"ug": 1, "MIU": -1},
    "MIU/m2": {"MIU": 1, "m": -2},
    "U/mL": {"U/mL": 1},
    "cells (scaled)": {"scaled": 1},
    "cells/mo": {"scaled": 1, "time": -1},
    "1/(cell mo)": {"scaled": -1, "time": -1},
    "log10 cells": {"cells": 1},  # logarithms: another unit of cells adds to them
    "log10 cells/kg": {"cells/kg": 1},
}


def factor(dimensions: Dimensions, scales: Mapping[str, float]) -> float:
    """What a number of these dimensions is multiplied by when the units of ``scales`` are made smaller by their factor."""
    return math.prod(scales.get(base, 1.0) ** power for base, power in dimensions.items())


def in_other_units(folder: str, scales: Mapping[str, float]) -> dict[str, float]:
    """The values of a table by symbol, every one written in the other units; ``sd_<symbol>`` as the onset room has them."""
    values = {}
    for symbol, row in parameter_table(folder).items():
        by = factor(DIMENSIONS[row.unit], scales)
        values[symbol] = row.value + math.log10(by) if row.unit.startswith("log10 ") else row.value * by
        if row.variability is not None:
            values[f"sd_{symbol}"] = row.variability
    return values
