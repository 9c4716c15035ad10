"""Covariates that change with time, and records written from regimens."""

import numpy as np
import polars as pl
import pytest

from inferon.engine import Batch, Settings, compile_model
from inferon.model import Instance, compose, load_module
from inferon.model.catalogue import parameter_table
from inferon.protocol import (
    INTERFERON_COMPARTMENTS,
    INTERFERON_COVARIATES,
    Compartment,
    Regimen,
    dosing,
    read_records,
    simulate_records,
    to_records,
)
from inferon.study.errors import InputError

from .nonmem_suite import VALUES, oral_model

INTO_CENTRE = {1: Compartment(state="oral__central")}
CL, V = VALUES["CL"], VALUES["V"]


def _cleared(clearance: list[float | None], times: list[float]) -> np.ndarray:
    """Concentrations after a bolus of 100 at the first record under the clearances of the table."""
    more = len(times) - 1
    table = pl.DataFrame({"ID": 1, "TIME": times, "AMT": [100.0, *[0.0] * more], "CLEARANCE": clearance})
    records = read_records(table, ["CLEARANCE"])
    return simulate_records(
        oral_model(), records, compartments=INTO_CENTRE, parameters={"oral__CL": "CLEARANCE"}
    )["CP"].to_numpy()  # fmt: skip


def test_law_a_covariate_holds_for_the_interval_that_ends_at_its_record() -> None:
    got = _cleared([1.0, 2.0, 4.0], [0.0, 5.0, 8.0])
    decay = np.cumsum([0.0, 2.0 * 5, 4.0 * 3]) / V
    assert got == pytest.approx(1000 / V * 100 * np.exp(-decay), rel=1e-6)


def test_law_a_missing_covariate_takes_the_last_value() -> None:
    times = [0.0, 5.0, 8.0, 9.0]
    assert _cleared([1.0, None, 3.0, None], times) == pytest.approx(_cleared([1.0, 1.0, 3.0, 3.0], times), rel=1e-12)


def test_fault_a_covariate_missing_from_the_start_is_refused() -> None:
    with pytest.raises(InputError, match=r"CLEARANCE, row 1 \(ID 1\): the subject's first record has no value"):
        _cleared([None, 1.0], [0.0, 1.0])


def test_law_a_covariate_may_differ_between_subjects_and_a_number_holds_for_all() -> None:
    table = pl.DataFrame(
        {"ID": [1, 1, 2, 2], "TIME": [0.0, 4.0] * 2, "AMT": [100.0, 0.0] * 2, "SIZE": [10.0] * 2 + [30.0] * 2}
    )
    shown = simulate_records(
        oral_model(),
        read_records(table, ["SIZE"]),
        compartments=INTO_CENTRE,
        parameters={"oral__V": "SIZE", "oral__CL": 2.0},
    )
    expected = [1e5 / v * np.exp(-2 * t / v) for v in (10.0, 30.0) for t in (0.0, 4.0)]
    assert shown["CP"].to_numpy() == pytest.approx(expected, rel=1e-6)


@pytest.fixture(scope="module")
def interferon():
    """The interferon module alone, compiled, concentration read out."""
    module = load_module("interferon_pk")
    rows = {
        symbol: f"{symbol}_pegA2a"
        for symbol in ("ka", "CL", "V")
        if f"{symbol}_pegA2a" in parameter_table("interferon_pk")
    }
    none = {"R0": "R0_none", "R_ss": "Rss_none", "k_dec": "kdec_none", "t_start": "tstart_none", "kint": "kint_none"}
    none |= {"kdeg": "kdeg_none", "K_D": "KD_none", "T50": "T50_none"}
    return compile_model(compose("drug", [Instance(module, values=rows | none)]), ("C",))


@pytest.mark.parametrize("drug", ["peginterferon alfa-2a", "ropeginterferon alfa-2b", "interferon alfa-2b"])
@pytest.mark.parametrize("route", ["subcutaneous", "intravenous"])
def test_double_records_written_from_a_regimen_are_the_regimen(interferon, drug: str, route: str) -> None:
    effects = {"weight": np.array([50.0, 80.0, 110.0])}
    arm = [
        Regimen(drug=drug, dose=2.0, unit="ug/kg", start=-1.0, interval=7.0, doses=4, route=route),
        Regimen(drug=drug, dose=90.0, start=30.0, route=route),
    ]
    doses, columns = dosing(interferon, arm, effects, 3)
    table = interferon.defaults(3)
    for name in set(columns) & set(interferon.kernel.parameters):
        table[:, interferon.column(name)] = columns[name]
    days = np.array([0.0, 3.0, 6.5, 21.0, 33.0])
    tight = Settings(rtol=1e-9, default_atol=1e-11)
    batch = Batch(interferon, table, start=-1.0, doses=doses, sample_days=days, settings=tight)
    batch.advance(40.0)
    written = to_records(arm, effects, ids=[11, 5, 7], observations=days)
    shown = simulate_records(
        interferon,
        read_records(written, INTERFERON_COVARIATES),
        compartments=INTERFERON_COMPARTMENTS,
        parameters={name: float(values[0]) for name, values in columns.items() if name in interferon.kernel.parameters},
        settings=tight,
    ).filter(pl.col("EVID") == 0)
    assert shown["ID"].unique(maintain_order=True).to_list() == [11, 5, 7]
    assert shown["C"].to_numpy() == pytest.approx(batch.samples[:, :, 0].ravel(), rel=1e-6, abs=1e-9)
