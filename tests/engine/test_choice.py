"""The choice between the methods: cheaper by counted work, the same on every machine, and told in a sentence."""

import numpy as np
import pytest

from inferon.cohort import draw_cohort
from inferon.engine import Batch, Doses, Settings, compile_model, compiled
from inferon.engine.choice import choose_method, explicit_operations, implicit_operations
from inferon.engine.single import SimulationError, simulate_model
from inferon.engine.status import Status
from inferon.model import read_antimony
from inferon.model.kernel import build_kernel
from inferon.protocol import Regimen
from inferon.trial.simulate import SETTINGS, START_DAY, _inputs

from .problems import ROBERTSON, STIFF, VAN_DER_POL

RUNAWAY = "model runaway(); x = 1; x' = x^2; end"
SIGNED = Settings(rtol=1e-6, floor={"x": -np.inf, "v": -np.inf})


def choose(text: str, end: float, **options):
    return choose_method(read_antimony(text), start=0.0, end=end, **options)


def test_law_stiff_problems_get_the_implicit_method_and_the_explicit_one_is_stopped_early():
    stiff = [
        choose(ROBERTSON, 1e5, readouts=("x",), settings=Settings(default_atol=1e-12)),
        choose(VAN_DER_POL, 2000.0, readouts=("x",), parameters=STIFF, settings=SIGNED),
    ]
    for choice in stiff:
        assert choice.method == "implicit"
        assert choice.implicit.solved
        assert choice.explicit.status == Status.TOO_MANY_STEPS
        assert choice.implicit.work < choice.explicit.work < choice.implicit.work + 3 * choice.explicit.operations
        assert "against more than" in choice.reason


def test_law_a_problem_that_is_not_stiff_gets_the_explicit_method():
    choice = choose(VAN_DER_POL, 20.0, readouts=("x",), settings=SIGNED)
    assert choice.method == "explicit"
    assert choice.explicit.work <= choice.implicit.work
    explicit, implicit = choice.explicit, choice.implicit
    assert choice.reason == (
        f"explicit: {explicit.steps:,} steps of {explicit.operations:,} operations "
        f"against {implicit.steps:,} steps of {implicit.operations:,} operations"
    )


@pytest.mark.parametrize("doses", [0, 4])
@pytest.mark.parametrize("rtol", [1e-3, 1e-8])
def test_law_an_arm_of_the_transplant_study_gets_the_method_with_less_work(doses: int, rtol: float):
    cohort = draw_cohort("transplant-reference", np.arange(1), seed=5)
    regimens = [Regimen(drug="peginterferon alfa-2a", dose=180, doses=doses)] if doses else []
    arm, _, given = _inputs(cohort, regimens, {})
    settings = Settings(rtol=rtol, atol=SETTINGS.atol, floor=SETTINGS.floor)
    model, shown = arm.kernel.model, arm.kernel.readouts
    choice = choose_method(model, readouts=shown, start=START_DAY, end=365.25, doses=given, settings=settings)
    work = {}
    for method, operations in (("explicit", explicit_operations), ("implicit", implicit_operations)):
        solver = compile_model(model, shown, method=method)
        batch = Batch(solver, solver.defaults(1), start=START_DAY, doses=given, settings=settings)
        batch.advance(365.25)
        work[method] = batch.steps[0].sum() * operations(arm.kernel)
    assert choice.method == min(work, key=work.__getitem__)
    assert getattr(choice, choice.method).work == work[choice.method]


def test_law_doses_are_part_of_the_patient():
    """A dose each tenth of a day keeps the implicit method from the long steps it would be chosen for."""
    washout = "model washout(); x = 1; k = 30; x' = -k*x; end"
    times = np.arange(0.1, 20, 0.1)[None]
    doses = Doses(times, np.ones_like(times), np.zeros_like(times), np.zeros(times.shape, np.int64))
    options = {"readouts": ("x",), "settings": Settings(rtol=1e-3, default_atol=1e-3)}
    assert choose(washout, 20.0, **options).method == "implicit"
    dosed = choose(washout, 20.0, doses=doses, **options)
    assert min(dosed.implicit.steps, dosed.explicit.steps) >= times.size
    assert dosed.method == "explicit"


def test_law_a_model_with_nothing_to_integrate_gets_the_explicit_method():
    assert choose("model still(); n = 0; at (time > 1): n = 1; end", 2.0, readouts=("n",)).method == "explicit"


def test_law_the_choice_does_not_depend_on_the_machine(monkeypatch):
    found = []
    for width in (1, 2, 8):
        monkeypatch.setattr(compiled, "machine_width", lambda width=width: width)
        found.append(choose(ROBERTSON, 40.0, readouts=("x",)))
    assert found[1:] == found[:-1]


def test_fault_where_one_method_fails_the_other_is_chosen_and_the_reason_says_so():
    close = Settings(rtol=1e-9, floor=SIGNED.floor, max_steps=700)
    choice = choose(VAN_DER_POL, 20.0, readouts=("x",), settings=close)
    assert choice.method == "explicit"
    assert f"the implicit method failed ({Status.TOO_MANY_STEPS.sentence})" in choice.reason
    choice = choose(ROBERTSON, 1e5, readouts=("x",), settings=Settings(default_atol=1e-12, max_steps=200))
    assert choice.method == "implicit"
    assert f"the explicit method failed ({Status.TOO_MANY_STEPS.sentence})" in choice.reason


def test_fault_where_both_fail_the_reason_names_both():
    choice = choose(RUNAWAY, 2.0, readouts=("x",), settings=Settings(max_steps=2000))
    assert choice.explicit.status.failed
    assert choice.implicit.status.failed
    assert choice.reason.startswith("explicit: neither method solves it")


def test_fault_unknown_names_are_told():
    with pytest.raises(KeyError, match="nothing"):
        choose(VAN_DER_POL, 1.0, parameters={"nothing": 1.0})
    with pytest.raises(KeyError, match="nothing"):
        choose(VAN_DER_POL, 1.0, readouts=("nothing",))


def operations(body: str) -> tuple[int, int]:
    kernel = build_kernel(read_antimony(f"model m()\n{body}\nend"), ("x",))
    return explicit_operations(kernel), implicit_operations(kernel)


def test_law_operations_count_what_a_step_computes():
    """An exponential counts 20 in each of 6 or 8 evaluations; the Jacobian of k x costs nothing, that of exp(x) one more."""
    explicit, implicit = operations("x = 1; x' = x")
    wavy_explicit, wavy_implicit = operations("x = 1; x' = exp(x)")
    assert wavy_explicit - explicit == 6 * 20
    assert wavy_implicit - implicit == 8 * 20 + 20
    two_explicit, two_implicit = operations("x = 1; x' = x; y = 1; y' = y; at (y > 2): x = y")
    assert (two_explicit, two_implicit) == (2 * explicit, 2 * implicit)


@pytest.mark.parametrize(("text", "method"), [(ROBERTSON, "implicit"), (VAN_DER_POL, "explicit")])
def test_law_a_simulation_with_the_chosen_method_is_that_method_s(text: str, method: str):
    model, times = read_antimony(text), [0.0, 5.0, 40.0]
    tolerances = {"rtol": 1e-6, "atol": 1e-10}
    chosen = simulate_model(model, times, method="auto", **tolerances)
    assert chosen.equals(simulate_model(model, times, method=method, **tolerances))


def test_fault_a_simulation_neither_method_can_finish_ends_with_a_sentence():
    with pytest.raises(SimulationError, match="at time"):
        simulate_model(read_antimony(RUNAWAY), [0.0, 2.0], method="auto", max_steps=5000)
