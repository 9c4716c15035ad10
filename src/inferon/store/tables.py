"""Parquet whose bytes depend on the table alone, not on how it was put together."""

from collections.abc import Iterable
from itertools import chain
from pathlib import Path

import polars as pl
import polars.selectors as columns
import pyarrow as pa
import pyarrow.parquet as pq

from inferon.store.atomic import atomic_file

ROWS_PER_GROUP = 65_536
COMPRESSION_LEVEL = 3


def write_parquet_blocks(blocks: Iterable[pl.DataFrame], path: str | Path) -> int:
    """Write frames of equal columns one after another into one file, a row group each, in the memory of one; returns the rows.

    The file appears when the last block is in it; if a block fails there is none. Raises ValueError for NaN and for no block.
    """
    blocks = iter(blocks)
    first = next(blocks, None)
    if first is None:
        raise ValueError("there is nothing to write")
    rows = 0
    with (
        atomic_file(path) as stream,
        pq.ParquetWriter(
            stream, _contiguous(first).schema, compression="zstd", compression_level=COMPRESSION_LEVEL
        ) as writer,
    ):
        for frame in chain([first], blocks):
            _refuse_nan(frame)
            writer.write_table(_contiguous(frame))
            rows += len(frame)
    return rows


def write_parquet(frame: pl.DataFrame, path: str | Path) -> None:
    """Write `frame` (in the order it has) so that equal frames give equal bytes, in one chunk or in many.

    Row groups have a fixed size and no time, host or history goes into the file; categories are written as text,
    since their codes depend on what was seen first. Raises ValueError for NaN: what is unknown is null.
    """
    _refuse_nan(frame)
    with atomic_file(path) as stream:
        pq.write_table(
            _contiguous(frame),
            stream,
            row_group_size=ROWS_PER_GROUP,
            compression="zstd",
            compression_level=COMPRESSION_LEVEL,
        )


def _contiguous(frame: pl.DataFrame) -> pa.Table:
    """One chunk a column, without the metadata that a frame may carry from its history."""
    plain = frame.with_columns(columns.categorical().cast(pl.String)).rechunk()
    return plain.to_arrow(compat_level=pl.CompatLevel.oldest()).combine_chunks().replace_schema_metadata(None)


def _refuse_nan(frame: pl.DataFrame) -> None:
    for name in frame.select(columns.float()).columns:
        if frame[name].is_nan().any():
            raise ValueError(f"column {name} holds NaN; write null where a value is unknown")
