"""NONMEM-style records out: an arm's regimens as the table a pharmacometrician would write, with the parameters it needs.

A subcutaneous dose is one record into the depot (CMT 1) and, where a product has a zero-order share, one of the same amount into
the centre over a modelled duration (CMT 2, RATE -2); an intravenous dose goes straight into the centre (CMT 3). The columns
LAG_DEPOT, F_DEPOT, F_CENTRE and DURATION hold each patient's lag, bioavailabilities and duration.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from inferon.protocol.nonmem import ITEMS
from inferon.protocol.products import product
from inferon.protocol.record_doses import Compartment
from inferon.protocol.records import Regimen

INTERFERON_COVARIATES = ("LAG_DEPOT", "F_DEPOT", "F_CENTRE", "DURATION")
INTERFERON_COMPARTMENTS = {
    1: Compartment(state="interferon_pk__A_d", lag="LAG_DEPOT", bioavailability="F_DEPOT"),
    2: Compartment(state="interferon_pk__A_c", bioavailability="F_CENTRE", duration="DURATION"),
    3: Compartment(state="interferon_pk__A_c"),
}
"""What CMT means in these tables, for ``simulate_records``."""


def to_records(
    regimens: Sequence[Regimen],
    effects: Mapping[str, np.ndarray],
    *,
    ids: Sequence[int],
    observations: Sequence[float] = (),
) -> pl.DataFrame:
    """The dosing records of an arm and, at the study days ``observations``, observation records; one block a patient.

    ``effects`` holds random effects and covariates by name and ``weight`` in kg, shape (patients,), as in ``dosing``; ``ids``
    names the patients. All regimens must be one product, else ``ValueError``. Columns: ID TIME AMT RATE II ADDL SS EVID CMT
    MDV and ``INTERFERON_COVARIATES``; days and micrograms.
    """
    drugs = {regimen.drug for regimen in regimens}
    if len(drugs) != 1:
        raise ValueError(f"{len(drugs)} products in one table; the model follows one interferon product an arm")
    given = product(drugs.pop())
    values = given.individual(effects, len(ids))
    who = pl.DataFrame({
        "ID": np.asarray(ids),
        "LAG_DEPOT": values["t_lag"],
        "F_DEPOT": values["F"] * (1 - values["f0"]),
        "F_CENTRE": values["F"] * values["f0"],
        "DURATION": values["T0"],
    })  # fmt: skip
    blocks = [_observed(who, day) for day in observations]
    for regimen in regimens:
        amount = regimen.amount_ug(given, effects["weight"])
        blocks += [_dosed(who, regimen, amount, cmt, rate) for cmt, rate in _routes(regimen, values["f0"])]
    table = pl.concat(blocks).with_columns(pl.col("ID").replace_strict(ids, range(len(ids))).alias("order"))
    return table.sort("order", "TIME", maintain_order=True).select(*ITEMS, *INTERFERON_COVARIATES)


def _routes(regimen: Regimen, zero_order: np.ndarray) -> list[tuple[int, float]]:
    """Compartments and rates one dose is written with."""
    if regimen.route == "intravenous":
        return [(3, 0.0)]
    depot = [(1, 0.0)] if np.any(zero_order < 1) else []
    return depot + ([(2, -2.0)] if np.any(zero_order > 0) else [])


def _dosed(who: pl.DataFrame, regimen: Regimen, amount: np.ndarray, cmt: int, rate: float) -> pl.DataFrame:
    more = regimen.doses - 1
    return who.with_columns(
        TIME=pl.lit(float(regimen.start)),
        AMT=pl.Series(amount.astype(float)),
        RATE=pl.lit(rate),
        II=pl.lit(float(regimen.interval) if more else 0.0),
        ADDL=pl.lit(more, pl.Int64),
        **_whole(SS=0, EVID=1, CMT=cmt, MDV=1),
    )


def _observed(who: pl.DataFrame, day: float) -> pl.DataFrame:
    nothing = {name: pl.lit(0.0) for name in ("AMT", "RATE", "II")}
    return who.with_columns(TIME=pl.lit(float(day)), **nothing, **_whole(ADDL=0, SS=0, EVID=0, CMT=0, MDV=0))


def _whole(**values: int) -> dict[str, pl.Expr]:
    return {name: pl.lit(value, pl.Int64) for name, value in values.items()}
