"""Steady states of models that are not linear, hardly forget, or have none; and failures that reach the table as sentences."""

import numpy as np
import polars as pl
import pytest

from inferon.engine import Settings, compile_model
from inferon.model import Instance, compose
from inferon.model.antimony_source import read_header, to_sbml
from inferon.model.compose import Module
from inferon.model.model import Parameter
from inferon.model.sbml import read_parts
from inferon.protocol import Compartment, read_records, simulate_records

UNITS = "unit time_unit = dimensionless"
SATURATED = """
model body(x)
  x has dimensionless; most has dimensionless; half has dimensionless; slow has dimensionless
  x = 0
  x' = -most*x/(half + x) - slow*x
end
"""
COLLECTING = """
model body(x)
  x has dimensionless; total has dimensionless; k has dimensionless
  x = 0; total = 0
  x' = -k*x
  total' = x
end
"""
CHANGING = """
model body(x)
  x has dimensionless; k has dimensionless
  x = 0
  x' = -k*(1 + 0.02*time)*x
end
"""
TURNOVER = """
model body(x)
  x has dimensionless; k has dimensionless
  x = 3
  x' = 3*k - k*x
end
"""
INTO = {1: Compartment(state="x")}


def _model(text: str, readouts: tuple[str, ...] = ("x",), **values: float):
    parts = read_parts(to_sbml(text, UNITS))
    table = {s: Parameter(s, s, v, "1", source="test") for s, v in values.items()}
    return compile_model(compose("body", [Instance(Module(read_header(text), parts, table))]), readouts)


def _shown(model, *rows: dict[str, float], settings: Settings | None = None) -> pl.DataFrame:
    items = ("TIME", "AMT", "RATE", "II", "ADDL", "SS")
    table = pl.DataFrame([{"ID": row.get("ID", 1), **{i: float(row.get(i, 0)) for i in items}} for row in rows])
    chosen = {"settings": settings} if settings else {}
    return simulate_records(model, read_records(table), compartments=INTO, **chosen)


def _steady_and_repeated(model, doses: int, **dose: float) -> tuple[float, float]:
    """Both an instant before the next dose."""
    late = dose["II"] * (1 - 1e-9)
    steady = _shown(model, {"TIME": 0, "SS": 1, **dose}, {"TIME": late})["x"][1]
    repeated = _shown(model, {"TIME": 0, "ADDL": doses, **dose}, {"TIME": doses * dose["II"] + late})["x"][1]
    return steady, repeated


@pytest.mark.parametrize("rate", [0, 30.0, 3.0])
def test_law_saturated_elimination_reaches_the_state_of_long_dosing(rate: float) -> None:
    model = _model(SATURATED, most=5.0, half=2.0, slow=0.0)
    steady, repeated = _steady_and_repeated(model, 800, AMT=45, II=10, RATE=rate)
    assert steady == pytest.approx(repeated, rel=1e-6)


def test_law_a_body_that_hardly_forgets_reaches_its_closed_form() -> None:
    k = 1e-5
    shown = _shown(_model(COLLECTING, k=k), {"TIME": 0, "AMT": 7, "II": 2, "SS": 1})
    assert shown["status"].to_list() == ["ok"]
    assert shown["x"][0] == pytest.approx(-7 / np.expm1(-2 * k), rel=1e-6)


@pytest.mark.parametrize("k", [100.0, 1.0, 1e-4])
def test_law_a_constant_infusion_rests_where_loss_equals_rate(k: float) -> None:
    shown = _shown(_model(COLLECTING, k=k), {"TIME": 0, "RATE": 3, "SS": 1})
    assert shown["x"][0] == pytest.approx(3 / k, rel=1e-6)


def test_law_a_constant_infusion_of_nothing_is_the_body_at_rest() -> None:
    shown = _shown(_model(TURNOVER, k=0.2), {"TIME": 0, "SS": 1}, {"TIME": 5})
    assert shown["x"].to_numpy() == pytest.approx([3.0, 3.0], rel=1e-9)


@pytest.mark.parametrize(
    ("text", "values", "told"),
    [
        (SATURATED, {"most": 4.0, "half": 2.0, "slow": 0.0}, "x still changes from one dosing interval to the next"),
        (CHANGING, {"k": 0.1}, "the equations change with time"),
    ],
    ids=["given faster than eliminated", "changing with time"],
)
def test_fault_where_there_is_no_steady_state_a_sentence_stands_instead_of_a_number(text, values, told) -> None:
    shown = _shown(_model(text, **values), {"TIME": 0, "AMT": 45, "II": 10, "SS": 1}, {"TIME": 4}, {"ID": 2, "AMT": 1})
    assert shown["x"].to_list() == [None, None, 1.0]
    assert shown["status"].to_list() == [f"there is no steady state: {told}"] * 2 + ["ok"]


def test_fault_a_state_that_only_collects_has_no_steady_state() -> None:
    shown = _shown(_model(COLLECTING, ("x", "body__total"), k=0.3), {"TIME": 0, "AMT": 1, "II": 8, "SS": 1})
    assert (
        shown["status"][0] == "there is no steady state: body__total still changes from one dosing interval to the next"
    )


def test_law_without_the_collecting_state_among_the_read_outs_there_is_one() -> None:
    shown = _shown(_model(COLLECTING, k=0.3), {"TIME": 0, "AMT": 1, "II": 8, "SS": 1})
    assert shown["x"][0] == pytest.approx(1 / -np.expm1(-2.4), rel=1e-6)


def test_fault_a_steady_state_cannot_be_added_where_something_is_there_without_doses() -> None:
    from inferon.study.errors import InputError

    with pytest.raises(InputError, match=r"SS, row 2 \(ID 1\): a steady state cannot be added"):
        _shown(_model(TURNOVER, k=0.2), {"TIME": 0, "AMT": 1}, {"TIME": 1, "AMT": 1, "II": 5, "SS": 2})


def test_fault_a_subject_that_cannot_be_solved_keeps_its_rows_and_says_why() -> None:
    few = Settings(rtol=1e-10, default_atol=1e-12, max_steps=40)
    rows = [
        {"ID": 1, "TIME": 0, "AMT": 1},
        {"ID": 1, "TIME": 90},
        {"ID": 1, "TIME": 95},
        {"ID": 2, "TIME": 0},
        {"ID": 2, "TIME": 1},
    ]
    shown = _shown(_model(COLLECTING, k=3.0), *rows, settings=few)
    assert [word.split(";")[0] for word in shown["status"]] == [
        "ok", "the maximum number of steps was reached", "the maximum number of steps was reached", "ok", "ok",
    ]  # fmt: skip
    assert shown["x"].to_list() == [1.0, None, None, 0.0, 0.0]
