"""The `counting_process` part of an oracle case: one row an episode, covariates that switch or are measured again."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from inferon.statistics.regression.episodes import episodes

START, STOP = "start", "stop"


def changing_columns(block: Mapping[str, Any]) -> set[str]:
    """Covariates that exist only once follow-up has been split."""
    switched = {switch["column"] for switch in block.get("switches") or []}
    return switched | {name for part in _parts(block) for name in _carried(part)}


def split(frame: pl.DataFrame, block: Mapping[str, Any], covariates: tuple[str, ...], folder: Path) -> pl.DataFrame:
    """`frame` with one row an episode and the columns `start` and `stop`."""
    switches = {switch["column"]: switch["at"] for switch in block.get("switches") or []}
    rows = episodes(frame, time=block["time"], event=block["event"], start=block.get("start"), switches=switches)
    for part in _parts(block):
        rows = _measured(rows, part, block, covariates, folder)
    return rows


def _measured(
    rows: pl.DataFrame, part: Mapping[str, Any], block: Mapping[str, Any], covariates: tuple[str, ...], folder: Path
) -> pl.DataFrame:
    source = pl.read_csv(
        folder / f"{part['dataset'].removesuffix('.csv')}.csv", null_values=["NA", ""], infer_schema_length=None
    )
    subject, at = part.get("id", block["id"]), part.get("time", block["time"])
    carried = _carried(part) or [name for name in source.columns if name in covariates and name not in (subject, at)]
    wanted = _columns(part.get("column") or part.get("columns") or part.get("value") or carried)
    taken = source.select(pl.col(subject).alias(block["id"]), pl.col(at).alias("_at"), *wanted)
    taken = taken.rename(dict(zip(wanted, carried, strict=True)))
    return episodes(
        rows.rename({START: "_from", STOP: "_to"}),
        time="_to",
        event=block["event"],
        start="_from",
        measurements=taken,
        subject=block["id"],
        measured_at="_at",
        carried=carried,
    ).drop("_from", "_to")


def _parts(block: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = block.get("measurements") or []
    return [found] if isinstance(found, Mapping) else list(found)


def _carried(part: Mapping[str, Any]) -> list[str]:
    return _columns(part.get("as") or part.get("covariate") or part.get("columns") or part.get("column"))


def _columns(value: Any) -> list[str]:
    return [] if value is None else [value] if isinstance(value, str) else list(value)
