"""Equal tables are equal bytes."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pytest
from polars.testing import assert_frame_equal

from inferon.store import sha256_of_file, write_parquet, write_parquet_blocks

ROWS = 70_000  # more than one row group


@pytest.fixture(scope="module")
def frame() -> pl.DataFrame:
    draws = np.random.default_rng(1).normal(size=ROWS)
    return pl.DataFrame(
        {
            "patient": np.arange(ROWS),
            "arm": ["control", "peginterferon"] * (ROWS // 2),
            "relapse_day": pl.Series(draws, dtype=pl.Float64).map_elements(
                lambda x: x if x > 0 else None, return_dtype=pl.Float64
            ),
            "extinct": draws > 1,
        }
    )


@pytest.mark.parametrize("rows", [1, 777, 65_536])
def test_law_a_table_in_many_chunks_writes_the_bytes_of_the_table_in_one(
    tmp_path: Path, frame: pl.DataFrame, rows: int
) -> None:
    part = frame[:2000] if rows == 1 else frame
    pieces = pl.concat([part[start : start + rows] for start in range(0, len(part), rows)], rechunk=False)
    assert pieces.n_chunks() > 1
    write_parquet(part, tmp_path / "one.parquet")
    write_parquet(pieces, tmp_path / "many.parquet")
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "many.parquet").read_bytes()


def test_law_the_history_of_a_table_leaves_no_trace(tmp_path: Path, frame: pl.DataFrame) -> None:
    histories = {
        "plain": frame,
        "sorted": frame.sort("patient"),
        "filtered": pl.concat([frame, frame]).filter(pl.int_range(pl.len()) >= ROWS),
        "masked": frame.with_columns(pl.when(pl.lit(True)).then(pl.col("patient")).alias("patient")),
        "category": frame.with_columns(pl.col("arm").cast(pl.Categorical)),
        "other category": frame.reverse().with_columns(pl.col("arm").cast(pl.Categorical)).reverse(),
    }
    for name, table in histories.items():
        write_parquet(table, tmp_path / name)
    assert len({sha256_of_file(tmp_path / name) for name in histories}) == 1


def test_law_another_process_with_one_thread_writes_the_same_bytes(tmp_path: Path) -> None:
    program = (
        "import polars as pl; from inferon.store import write_parquet;"
        "f = pl.DataFrame({'a': range(200_000)}).with_columns(b=pl.col('a') / 7, c=pl.col('a').cast(pl.String));"
    )
    for threads in ("1", "3"):
        code = program + f"write_parquet(f, {str(tmp_path / threads)!r})"
        subprocess.run([sys.executable, "-c", code], check=True, env={"POLARS_MAX_THREADS": threads})
    assert (tmp_path / "1").read_bytes() == (tmp_path / "3").read_bytes()


def test_law_values_and_types_come_back_and_row_groups_have_a_fixed_size(tmp_path: Path, frame: pl.DataFrame) -> None:
    path = tmp_path / "table.parquet"
    write_parquet(frame, path)
    assert_frame_equal(pl.read_parquet(path), frame)
    groups = pq.ParquetFile(path).metadata
    assert [groups.row_group(index).num_rows for index in range(groups.num_row_groups)] == [65_536, ROWS - 65_536]


def test_law_an_empty_table_keeps_its_columns(tmp_path: Path, frame: pl.DataFrame) -> None:
    write_parquet(frame.clear(), tmp_path / "empty.parquet")
    assert pl.read_parquet(tmp_path / "empty.parquet").schema == frame.schema


def test_fault_nan_is_refused_by_the_name_of_its_column_and_nothing_is_written(tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    with pytest.raises(ValueError, match="column upper holds NaN"):
        write_parquet(pl.DataFrame({"lower": [0.1, None], "upper": [0.2, float("nan")]}), path)
    assert list(tmp_path.iterdir()) == []
    write_parquet(pl.DataFrame({"log10_L": [float("-inf"), None]}), path)


def test_law_blocks_written_one_after_another_are_the_whole_table(tmp_path: Path) -> None:
    blocks = [pl.DataFrame({"patient": range(first, first + 3), "day": [1.5, None, 2.5]}) for first in (0, 3, 6)]
    path = tmp_path / "events.parquet"
    assert write_parquet_blocks(iter(blocks), path) == 9
    assert pl.read_parquet(path).equals(pl.concat(blocks))
    assert pq.ParquetFile(path).num_row_groups == 3


def test_fault_a_block_that_fails_leaves_no_file(tmp_path: Path) -> None:
    def broken():
        yield pl.DataFrame({"patient": [0]})
        raise RuntimeError("the third block")

    with pytest.raises(RuntimeError, match="third block"):
        write_parquet_blocks(broken(), tmp_path / "events.parquet")
    with pytest.raises(ValueError, match="nothing to write"):
        write_parquet_blocks([], tmp_path / "events.parquet")
    assert list(tmp_path.iterdir()) == []
