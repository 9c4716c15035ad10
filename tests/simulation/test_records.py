"""A table of records through a model: the same doses as a typed regimen, each record answered, nothing changed by the grid."""

import numpy as np
import polars as pl
import pytest

from inferon.engine import compile_model
from inferon.model import load_composite
from inferon.protocol import (
    INTERFERON_COMPARTMENTS,
    INTERFERON_COVARIATES,
    Regimen,
    read_records,
    simulate_records,
    to_records,
)
from inferon.simulation import simulate, simulate_table
from inferon.study import InputError

TABLE = "ID,TIME,AMT,ADDL,II,EVID,CMT\n1,0,180,3,7,1,1\n1,28,0,0,0,0,0\n2,0,90,3,7,1,1\n2,40,0,0,0,0,0\n"


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "doses.csv"
    path.write_text(TABLE)
    return path


def test_double_a_record_says_what_a_typed_regimen_says(table) -> None:
    typed = simulate("interferon", doses=["peginterferon alfa-2a 180 ug every 7 days 4 doses"], days=28, step=7)
    found = simulate_table("interferon", table, step=7)
    own = found.courses.filter(patient=1)
    for name in ("C", "S_isg", "U"):
        assert own[name].to_numpy()[1:] == pytest.approx(typed.courses[name].to_numpy()[1:], rel=1e-4)
    assert found.records.height == 4
    assert found.records["C"][1] == pytest.approx(typed.courses["C"][-1], rel=1e-4)
    assert found.doses["day"].to_list() == [0, 7, 14, 21] * 2


def test_law_times_in_between_change_nothing_at_the_records(tmp_path) -> None:
    """Covariates that change from record to record hold for the interval that ends at a record, grid or no grid."""
    effects = {"weight": np.array([60.0, 90.0]), "CL": np.array([0.5, -0.5]), "ka": np.array([1.0, -1.0])}
    regimen = Regimen(drug="peginterferon alfa-2a", dose=2, unit="ug/kg", start=0.0, interval=7, doses=3)
    written = to_records([regimen], effects, ids=[1, 2], observations=[3.3, 11.0, 30.0])
    written.write_csv(tmp_path / "records.csv")
    model = compile_model(load_composite("interferon"), ("C", "S_isg", "U"))
    records = read_records(tmp_path / "records.csv", INTERFERON_COVARIATES)
    plain = simulate_records(model, records, compartments=INTERFERON_COMPARTMENTS)
    found = simulate_table("interferon", tmp_path / "records.csv", step=0.5).records
    for name in ("C", "S_isg", "U"):
        assert found[name].to_numpy() == pytest.approx(plain[name].to_numpy(), rel=1e-5, abs=1e-9)
    assert found["TIME"].to_list() == plain["TIME"].to_list()


def test_oracle_somebodys_own_model_takes_records_into_the_state_named(tmp_path) -> None:
    (tmp_path / "own.ant").write_text("model own()\n S = 0; k = 0.1\n S' = -k*S\nend\n")
    (tmp_path / "r.csv").write_text("ID,TIME,AMT\n1,0,10\n1,5,0\n")
    found = simulate_table(str(tmp_path / "own.ant"), tmp_path / "r.csv", compartments={1: "S"}, parameters={"k": 0.2})
    assert found.records["S"].to_list() == pytest.approx([10, 10 * np.exp(-1)])
    assert found.changed == ("k: 0.2 instead of 0.1",)
    assert found.courses.select(pl.col("S").is_not_null().all()).item()


@pytest.mark.parametrize(
    ("model", "options", "words"),
    [
        ("transplant", {}, "this model gives more than a table of records holds"),
        ("interferon", {"drug": "peginterferon alfa2a"}, 'did you mean "peginterferon alfa-2a"?'),
        ("michor", {"drug": "peginterferon alfa-2a"}, "this model has no interferon"),
        ("michor", {}, "no compartment of the table is named"),
        ("michor", {"compartments": {1: "tkii"}}, 'did you mean "tki"?'),
        ("michor", {"compartments": {2: "tki"}}, "there is no such compartment"),
    ],
)
def test_fault_a_table_that_does_not_fit_is_told(table, model: str, options: dict, words: str) -> None:
    with pytest.raises(InputError) as refused:
        simulate_table(model, table, **options)
    assert words in str(refused.value)
