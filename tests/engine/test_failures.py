"""A patient who cannot be solved carries a sentence and spoils nobody else."""

import numpy as np
import pytest

from inferon.engine import Batch, Settings, Status, compile_model
from inferon.model import load_composite

GROWTH = """
model growth(x)
  x has dimensionless; r has per_day; K has dimensionless
  x = 1
  x' = r*x*x/K
end
"""


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e308])
def test_fault_one_impossible_parameter_leaves_the_other_patients_as_they_are(build, bad: float) -> None:
    model = build(GROWTH, {"r": 0.01, "K": 1.0}, ("x",))

    def solved(values: np.ndarray) -> Batch:
        table = model.defaults(len(values))
        table[:, model.column("growth__r")] = values
        batch = Batch(model, table, start=0.0, sample_days=np.array([5.0, 10.0]))
        batch.advance(10.0, threads=2, chunk=3)
        return batch

    values = np.linspace(0.001, 0.05, 9)
    spoiled = values.copy()
    spoiled[4] = bad
    good, mixed = solved(values), solved(spoiled)
    others = np.arange(9) != 4
    assert good.failures() == {}
    assert Status(mixed.status[4]).failed
    assert list(mixed.failures().values()) == [1]
    assert all(len(sentence.split()) > 4 for sentence in mixed.failures())
    assert np.all(mixed.status[others] == Status.FINISHED)
    assert mixed.y[others].tobytes() == good.y[others].tobytes()
    assert mixed.samples[others].tobytes() == good.samples[others].tobytes()


def test_fault_a_solution_that_explodes_is_reported_before_it_does(build) -> None:
    """x' = x^2 from 1 is infinite at day 1."""
    model = build(GROWTH, {"r": 1.0, "K": 1.0}, ("x",))
    batch = Batch(model, model.defaults(1), start=0.0, sample_days=np.array([2.0]))
    batch.advance(2.0)
    assert len(batch.failures()) == 1
    assert batch.t[0] <= 1.0 + 1e-4
    assert np.isnan(batch.samples[0, 0, 0])


def test_fault_a_patient_who_needs_too_many_steps_is_given_up(build) -> None:
    model = build(GROWTH, {"r": 0.01, "K": 1.0}, ("x",))
    batch = Batch(model, model.defaults(2), start=0.0, settings=Settings(max_steps=3, max_step=0.01))
    batch.advance(5.0)
    assert list(batch.failures().values()) == [2]
    assert "maximum number of steps" in next(iter(batch.failures()))


@pytest.mark.parametrize(
    "parameter", ["transplant__T_d", "transplant__rho_A", "interferon_pk__CL", "transplant__age", "donor__p1"]
)
def test_fault_a_missing_value_in_the_transplant_model_gives_a_status(parameter: str) -> None:
    model = compile_model(load_composite("transplant"), ("L", "G", "C", "Ch"))
    table = model.defaults(3)
    table[1, model.column(parameter)] = np.nan
    batch = Batch(model, table, start=-1.0)
    if parameter == "interferon_pk__CL":
        batch.state("interferon_pk__A_c")[:] = 100.0
    batch.advance(100.0)
    assert [Status(code).failed for code in batch.status] == [False, True, False]


def test_fault_a_table_with_the_wrong_number_of_columns_is_refused(build) -> None:
    model = build(GROWTH, {"r": 1.0, "K": 1.0})
    with pytest.raises(ValueError, match="3 parameter columns; the model has 2"):
        Batch(model, np.ones((4, 3)), start=0.0)
