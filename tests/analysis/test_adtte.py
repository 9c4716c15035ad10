"""CDISC ADaM time-to-event data: the same patients as in a plain table, by declaration alone."""

from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from inferon.analysis import analyse

from .conftest import PATIENTS

DESCRIBED = {"relapse": "RELAPSE", "death": "DEATH", "none": "LAST CONTACT"}


@pytest.fixture
def adtte(tmp_path: Path) -> Path:
    """The ten patients of the small table as EFS rows, and an OS row each that must not be read."""
    plain = pl.read_csv(PATIENTS.encode())
    efs = plain.select(
        USUBJID="id", PARAMCD=pl.lit("EFS"), AVAL="months", CNSR=(pl.col("status") == "none").cast(pl.Int64),
        EVNTDESC=pl.col("status").replace_strict(DESCRIBED), TRTP="arm",
        CNSDTDSC=pl.when(pl.col("status") == "none").then(pl.lit("ALIVE AT CUT-OFF")),
    )  # fmt: skip
    os = efs.with_columns(PARAMCD=pl.lit("OS"), AVAL=pl.col("AVAL") + 100, CNSR=pl.lit(1, dtype=pl.Int64))
    pl.concat([efs, os]).sample(fraction=1, shuffle=True, seed=3).write_csv(tmp_path / "adtte.csv")
    return tmp_path / "adtte.csv"


def test_law_adam_data_give_the_numbers_of_the_plain_table(adtte: Path, tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text(PATIENTS, encoding="utf-8")
    found = analyse(adtte, adtte="EFS", codes={"relapse": "RELAPSE", "death": "DEATH"}, times=[6, 12])
    codes = {"event": "status", "codes": {"relapse": "relapse", "death": "death"}, "censor": "none"}
    plain = analyse(tmp_path / "p.csv", time="months", group="arm", times=[6, 12], **codes)
    for finding in plain.findings:
        told = found[finding.name].with_columns(pl.col(pl.String).str.replace("TRTP", "arm"))
        assert_frame_equal(told, finding.frame, rel_tol=1e-9)
    assert "Censored for these reasons (CNSDTDSC): ALIVE AT CUT-OFF 4." in found.notes


def test_law_without_codes_all_events_are_one_and_the_kinds_are_told(adtte: Path) -> None:
    found = analyse(adtte, adtte="EFS")
    assert found.causes == ("EFS event",)
    assert found.groups == ("A", "B")
    kinds = "EVNTDESC names 2 kinds of event (DEATH 3, RELAPSE 3); none was declared, so all count as one."
    assert kinds in found.notes
    assert analyse(adtte, adtte="EFS", group="").groups == ("all",)


def test_law_adam_parquet_and_the_command_line_tell_the_same(adtte: Path, tmp_path: Path, inferon) -> None:
    pl.read_csv(adtte).write_parquet(tmp_path / "adtte.parquet")
    codes = ("--code", "RELAPSE=relapse", "--code", "DEATH=death", "--json")
    first = inferon("analyse", "adtte.csv", "--adtte", "EFS", *codes)
    second = inferon("analyse", "adtte.parquet", "--adtte", "EFS", *codes)
    assert first.code == second.code == 0, first.err + second.err
    tables = [
        outcome.out[outcome.out.index('"tables"') : outcome.out.index('"method": {')] for outcome in (first, second)
    ]
    assert tables[0] == tables[1]
