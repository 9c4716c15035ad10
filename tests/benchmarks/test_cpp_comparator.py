"""The C++ comparator solves what the engine solves: otherwise comparing their speed says nothing."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from inferon.engine import Batch, compile_model

needs_compiler = pytest.mark.skipif(shutil.which("g++") is None, reason="g++ is not installed: comparator not built")


@pytest.fixture
def bench(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2]))
    from benchmarks.engine import cpp, problems

    return cpp, problems


def _ours(problem, *, rtol, method):
    compiled = compile_model(problem.model, problem.readouts, method=method)
    settings = replace(problem.settings, rtol=rtol)
    batch = Batch(compiled, problem.parameters, start=problem.start, doses=problem.doses, settings=settings)
    batch.advance(problem.end, stop_on=problem.stop_on)
    return batch


@needs_compiler
@pytest.mark.parametrize(("name", "method"), [("transplant", "explicit"), ("robertson", "implicit")])
def test_double_comparator_agrees_with_the_engine_at_a_tight_tolerance(bench, name, method):
    cpp, problems = bench
    problem = problems.PROBLEMS[name](50)
    ours = _ours(problem, rtol=1e-10, method=method)
    theirs = cpp.solve(problem, rtol=1e-10, method=method)
    assert np.all(theirs.status == 1)
    apart = cpp.errors(theirs, ours.first, ours.y)
    assert apart["events_in_one_run_only"] == 0
    assert apart["largest_event_error_days"] < 1e-6
    assert apart["largest_relative_error_of_a_state"] < 1e-5


@needs_compiler
def test_law_comparator_is_the_same_to_the_bit_on_two_threads(bench):
    cpp, problems = bench
    problem = problems.transplant(50)
    one, two = (cpp.solve(problem, rtol=1e-6, threads=threads) for threads in (1, 2))
    assert np.array_equal(one.first, two.first)
    assert np.array_equal(one.states, two.states)


def test_fault_missing_compiler_is_said(bench, monkeypatch):
    cpp, problems = bench
    monkeypatch.setattr(cpp.shutil, "which", lambda name: None)
    with pytest.raises(cpp.ComparatorError, match=r"needs g\+\+"):
        cpp.build(problems.robertson(2), "implicit")


def test_fault_infusions_are_refused(bench):
    cpp, problems = bench
    problem = problems.transplant(2)
    doses = replace(problem.doses, duration=np.ones_like(problem.doses.duration))
    with pytest.raises(cpp.ComparatorError, match="infusions"):
        cpp.solve(replace(problem, doses=doses), rtol=1e-6)
