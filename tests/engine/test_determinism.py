"""Chunks, threads, company and pauses change nothing: the same patient gives the same bytes."""

import numpy as np
import pytest

from inferon.cohort import draw_cohort
from inferon.engine import Batch, Doses
from inferon.protocol import Regimen
from inferon.trial.simulate import simulate_arm

PREY = """
model prey(x, y)
  x has dimensionless; y has dimensionless; a has per_day; b has per_day; seen has dimensionless; top has dimensionless
  x = 1; y = 0.5
  x' = a*x - b*x*y
  y' = b*x*y - a*y
  seen = 0
  many: at (x > top), t0=false: seen = seen + 1 dimensionless
end
"""


@pytest.fixture(scope="module")
def run(build):
    """Bytes of everything a batch of 100 different patients holds after 30 days, for some chunk size and thread count."""
    model = build(PREY, {"a": 1.0, "b": 0.8, "top": 1.5}, ("x", "y"))

    def carried(chosen: np.ndarray | slice = slice(None), stops: tuple[float, ...] = (), **how) -> list[bytes]:
        table = model.defaults(100)
        table[:, model.column("prey__a")] = np.linspace(0.3, 2.0, 100)
        table = table[chosen]
        n = len(table)
        doses = Doses(np.full((n, 1), 3.3), np.full((n, 1), 0.4), np.zeros((n, 1)), np.ones((n, 1), np.int64))
        batch = Batch(model, table, start=0.0, doses=doses, sample_days=np.linspace(0, 30, 61))
        batch.advance(30.0, **how)
        assert batch.failures() == {}
        return [
            np.ascontiguousarray(a).tobytes()
            for a in (batch.y, batch.samples, batch.first, batch.switches, batch.steps)
        ]

    return carried


@pytest.mark.parametrize(("chunk", "threads"), [(1, 1), (7, 1), (256, 2), (16, 2), (1000, 4)])
def test_law_chunk_size_and_threads_give_identical_bytes(run, chunk: int, threads: int) -> None:
    assert run(chunk=chunk, threads=threads) == run(chunk=256, threads=1)


def test_law_a_patient_is_the_same_alone_and_in_company(run) -> None:
    alone, company = run(np.array([41])), run()
    for one, all_ in zip(alone, company, strict=True):
        assert one == all_[41 * len(one) : 42 * len(one)]


def test_law_P11_an_arm_does_not_depend_on_threads_or_on_who_else_is_simulated() -> None:
    regimens = [Regimen(drug="peginterferon alfa-2a", dose=180, doses=2)]

    def events(patients, threads):
        cohort = draw_cohort("transplant-reference", patients, seed=11)
        return simulate_arm(cohort, regimens, follow_up=200.0, days=np.array([10.0, 40.0]), threads=threads)

    everyone, again, some = events(np.arange(300), 1), events(np.arange(300), 2), events(np.arange(250, 300), 2)
    assert everyone.events.equals(again.events)
    assert everyone.samples.tobytes() == again.samples.tobytes()
    assert everyone.events[250:].equals(some.events)
    assert everyone.samples[250:].tobytes() == some.samples.tobytes()


def test_law_a_batch_may_be_advanced_twice(build) -> None:
    model = build(PREY, {"a": 1.0, "b": 0.8, "top": 1.5}, ("x", "y"))
    batch = Batch(model, model.defaults(2), start=0.0)
    batch.advance(10.0)
    batch.advance(20.0)
    assert batch.t.tolist() == [20.0, 20.0]
