"""Rows (start, stop] of follow-up over which the covariates stay the same: how a covariate that changes enters a model.

A switch is 0 up to and including its time and 1 afterwards; a measurement holds from just after it was taken until the
next one, so that no event is explained by what was only seen at the same moment. Follow-up before a patient's first
measurement is left out. Equal to tmerge(…, tdc(…)) of R's survival. Source: Therneau, Crowson & Atkinson, Using Time
Dependent Covariates and Time Dependent Coefficients in the Cox Model, survival vignette, 2023.
"""

from collections.abc import Mapping, Sequence

import polars as pl

ROW, CUT, STOP, MEASURED = "_row", "_cut", "_stop", "_measured"


def episodes(
    patients: pl.DataFrame,
    *,
    time: str,
    event: str,
    start: str | None = None,
    switches: Mapping[str, str] | None = None,
    measurements: pl.DataFrame | None = None,
    subject: str | None = None,
    measured_at: str | None = None,
    carried: Sequence[str] = (),
) -> pl.DataFrame:
    """Split each patient's follow-up where a covariate changes.

    patients      one row a patient, with the columns `time` (end of follow-up), `event` and all that is to be kept
    start         column of the entry time; 0 where not given
    switches      new covariate → column with the time of its switch (null, or not before the end: never)
    measurements  one row a measurement: `subject`, `measured_at` and the columns `carried`
    subject       column that names the patient in both frames

    Returns the columns of `patients` with `start` and `stop` first, `event` 1 only in the row that ends with it, the
    switches (0/1) and the carried measurements. Rows are in the order of patients and time. ValueError when follow-up
    does not last longer than its start, or a measured column is not named.
    """
    switches = dict(switches or {})
    wanted = [time, event, *([] if start is None else [start]), *switches.values()]
    if absent := [name for name in wanted if name not in patients.columns]:
        raise ValueError(f"patients has no column {absent[0]!r}; there are {', '.join(patients.columns)}")
    entry = pl.lit(0.0) if start is None else pl.col(start).cast(pl.Float64)
    base = patients.with_row_index(ROW).with_columns(entry.alias(CUT), pl.col(time).cast(pl.Float64).alias(STOP))
    if not (base[STOP] > base[CUT]).all():
        position = int((~(base[STOP] > base[CUT])).arg_max() or 0)
        raise ValueError(f"{time} must be after the start of follow-up: it is {base[STOP][position]} at row {position}")
    cuts, known = [base.select(ROW, CUT)], None
    cuts += [base.select(ROW, pl.col(at).cast(pl.Float64).alias(CUT)) for at in switches.values()]
    if measurements is not None:
        if subject is None or measured_at is None or not carried:
            raise ValueError("measurements need subject, measured_at and the columns carried")
        known = _known_from(base, measurements.select(subject, pl.col(measured_at).alias(MEASURED), *carried), subject)
        cuts.append(known.select(ROW, CUT))
    rows = _between(base, cuts)
    rows = rows.with_columns(
        (pl.col(at) <= pl.col(CUT)).fill_null(False).cast(pl.Int64).alias(name) for name, at in switches.items()
    )
    if known is not None:
        rows = rows.drop(carried, strict=False).join(known, on=[ROW, CUT], how="left", maintain_order="left")
        rows = rows.with_columns(pl.col(name).forward_fill().over(ROW) for name in carried).drop_nulls(list(carried))
    ends = (pl.col(STOP) == pl.col(time)) & (pl.col(event).cast(pl.Int64) == 1)
    rows = rows.with_columns(ends.cast(pl.Int64).alias(event))
    return (
        rows.drop(ROW)
        .drop([name for name in ("start", "stop") if name in rows.columns])
        .select(pl.col(CUT).alias("start"), pl.col(STOP).alias("stop"), pl.all().exclude(CUT, STOP))
    )


def _known_from(base: pl.DataFrame, measurements: pl.DataFrame, subject: str) -> pl.DataFrame:
    """What is known of each row's patient from when on; what was measured before the start is known at the start."""
    carried = [name for name in measurements.columns if name not in (subject, MEASURED)]
    taken = base.select(ROW, subject, CUT).join(measurements, on=subject).sort(ROW, MEASURED)
    taken = taken.with_columns(pl.max_horizontal(CUT, pl.col(MEASURED).cast(pl.Float64)).alias(CUT))
    taken = taken.with_columns(pl.col(name).forward_fill().over(ROW) for name in carried)
    return taken.unique([ROW, CUT], keep="last", maintain_order=True).select(ROW, CUT, *carried)


def _between(base: pl.DataFrame, cuts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """One row a stretch between neighbouring cuts that lie within the follow-up."""
    limits = base.select(ROW, pl.col(CUT).alias("_from"), STOP)
    points = pl.concat(cuts).drop_nulls().unique().join(limits, on=ROW)
    inside = points.filter((pl.col(CUT) >= pl.col("_from")) & (pl.col(CUT) < pl.col(STOP))).sort(ROW, CUT)
    until = pl.col(CUT).shift(-1).over(ROW).fill_null(pl.col(STOP))
    return inside.select(ROW, CUT, until.alias(STOP)).join(base.drop(CUT, STOP), on=ROW, maintain_order="left")
