"""Cox models of the transitions of a multi-state model, and one patient's way through the states."""

import numpy as np
import polars as pl
import pytest

from inferon.statistics.curves.aalen_johansen import aalen_johansen
from inferon.statistics.multi_state.multi_state import multi_state_by_times
from inferon.statistics.multi_state.transition_cox import transition_cox
from inferon.statistics.multi_state.transition_hazards import transition_hazards
from inferon.statistics.multi_state.transition_probabilities import transition_probabilities
from inferon.statistics.regression.cox import cox

ALLOWED = [("well", "ill"), ("well", "dead"), ("ill", "dead")]


def illness_death(n=150, seed=1):
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 2, n).astype(float)
    ill, censored = rng.integers(1, 30, n).astype(float), rng.integers(10, 60, n).astype(float)
    dead = np.where(rng.random(n) < 0.5, ill + rng.integers(1, 20, n), rng.integers(1, 25, n)).astype(float)
    end = np.minimum(dead, censored)
    times = {"well": None, "ill": np.minimum(ill, end), "dead": end}
    status = {"well": None, "ill": (ill < end).astype(int), "dead": (dead <= censored).astype(int)}
    return multi_state_by_times(times, status, allowed=ALLOWED), x


@pytest.mark.parametrize("clock", ["forward", "reset"])
def test_law_with_strata_by_transition_each_transition_is_its_own_model(clock) -> None:
    data, x = illness_death()
    whole = transition_cox(data, covariates={"arm": x}, clock=clock)
    assert whole.model.terms == ("arm.1", "arm.2", "arm.3")
    for kind in range(3):
        rows = data.transition == kind
        start = data.start[rows] if clock == "forward" else None
        stop = data.stop[rows] - (0 if clock == "forward" else data.start[rows])
        alone = cox(stop, data.status[rows], start=start, covariates=x[data.patient[rows]], ties="breslow")
        assert whole.model.coefficients[kind] == pytest.approx(alone.coefficients[0], rel=1e-8)
        assert whole.model.standard_error[kind] == pytest.approx(alone.standard_error[0], rel=1e-8)


def test_law_a_covariate_without_effect_leaves_the_nelson_aalen_hazards() -> None:
    """A covariate that is balanced at random moves the hazards at its mean little; with β = 0 they are Nelson–Aalen's."""
    data, x = illness_death()
    mirrored = multi_state_twice(data)
    both = np.concatenate([x, 1 - x])
    fitted = transition_cox(mirrored, covariates={"arm": both})
    np.testing.assert_allclose(fitted.model.coefficients, 0, atol=1e-9)
    hazards, plain = fitted.hazards({"arm": 0.5}), transition_hazards(mirrored)
    np.testing.assert_allclose(hazards.cumulative_hazard, plain.cumulative_hazard, rtol=1e-8, atol=1e-12)
    ours = fitted.probabilities({"arm": 0.5}, predict_from=5)
    theirs = transition_probabilities(plain, predict_from=5)
    np.testing.assert_allclose(ours.probability, theirs.probability, rtol=1e-8, atol=1e-12)
    assert (ours.standard_error >= theirs.standard_error - 1e-9).all()


def multi_state_twice(data):
    frame = data.to_frame()
    rows = pl.concat([frame, frame.with_columns(pl.col("patient") + data.n)])
    from inferon.statistics.multi_state.multi_state import multi_state_by_rows

    return multi_state_by_rows(
        rows["stop"], rows["status"], start=rows["start"], origin=rows["from"], target=rows["to"],
        patient=rows["patient"], states=data.states, allowed=ALLOWED,
    )  # fmt: skip


@pytest.mark.parametrize("recursion", ["aalen", "greenwood"])
def test_double_probabilities_and_errors_are_the_recursion_in_a_plain_loop(recursion) -> None:
    data, x = illness_death(60)
    fitted = transition_cox(data, covariates={"arm": x}, strata="to_state", of_transition={"ill": [0, 0, 1]})
    hazards = fitted.hazards({"arm": 1.0})
    pairs = list(data.transitions)
    product, spread, old = np.eye(3), np.zeros((9, 9)), np.zeros((3, 3))
    before = np.zeros(3)
    found = fitted.probabilities({"arm": 1.0}, recursion=recursion)
    for k in range(hazards.time.size):
        step, added = np.eye(3), np.zeros((3, 3, 3, 3))
        for g, (a, b) in enumerate(pairs):
            rate = hazards.cumulative_hazard[k, g] - before[g]
            step[a, b] += rate
            step[a, a] -= rate
            for h, (c, d) in enumerate(pairs):
                rise = hazards.covariance[k, g, h] - old[g, h]
                for one, sign in (((a, b), 1), ((a, a), -1)):
                    for two, other in (((c, d), 1), ((c, c), -1)):
                        added[one + two] += sign * other * rise
        before, old = hazards.cumulative_hazard[k], hazards.covariance[k]
        new = product @ step
        through = new if recursion == "aalen" else product
        spread = np.kron(np.eye(3), step.T) @ spread @ np.kron(np.eye(3), step)
        spread += np.kron(through, np.eye(3)) @ added.reshape(9, 9) @ np.kron(through, np.eye(3)).T
        product = new
        np.testing.assert_allclose(found.probability[k + 1], product, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(
            found.standard_error[k + 1] ** 2, np.diag(spread).reshape(3, 3), rtol=1e-6, atol=1e-12
        )


def test_law_forward_and_fixed_horizon_agree_where_they_meet() -> None:
    data, x = illness_death()
    fitted = transition_cox(data, covariates={"arm": x})
    forward = fitted.probabilities({"arm": 1.0}, predict_from=0)
    backward = fitted.probabilities({"arm": 1.0}, horizon=20)
    place = np.searchsorted(forward.time, 20, side="right") - 1
    np.testing.assert_allclose(forward.probability[place], backward.probability[0], rtol=1e-10)
    np.testing.assert_allclose(forward.probability.sum(axis=2), 1, rtol=1e-10)


def test_law_competing_causes_without_effect_are_aalen_johansens() -> None:
    rng = np.random.default_rng(6)
    end, cause = rng.integers(1, 20, 80).astype(float), rng.integers(0, 3, 80)
    times = {"alive": None, "relapse": end, "death": end}
    status = {"alive": None, "relapse": (cause == 1).astype(int), "death": (cause == 2).astype(int)}
    data = multi_state_by_times(times, status, allowed=[("alive", "relapse"), ("alive", "death")])
    twice = multi_state_by_times(
        {name: None if column is None else np.tile(column, 2) for name, column in times.items()},
        {name: None if column is None else np.tile(column, 2) for name, column in status.items()},
        allowed=[("alive", "relapse"), ("alive", "death")],
    )
    fitted = transition_cox(twice, covariates={"arm": np.repeat([0.0, 1.0], 80)})
    found = fitted.probabilities({"arm": 0.0}).at([5, 10], from_state="alive")
    curves = aalen_johansen(end, cause, causes=[1, 2])
    relapse = found.filter(pl.col("state") == "relapse")["probability"]
    np.testing.assert_allclose(relapse, curves[1].at([5, 10])["estimate"], rtol=1e-8)
    assert data.n == 80


def test_fault_transition_models_say_what_they_lack() -> None:
    data, x = illness_death()
    with pytest.raises(ValueError, match="needs a covariate"):
        transition_cox(data)
    with pytest.raises(ValueError, match="strata must be one of"):
        transition_cox(data, covariates={"arm": x}, strata="transitions")  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="one value a transition"):
        transition_cox(data, of_transition={"ill": [1.0]})
    reset = transition_cox(data, covariates={"arm": x}, clock="reset")
    with pytest.raises(ValueError, match="forward clock"):
        reset.probabilities({"arm": 1.0})
    assert "clock reset" in repr(reset)
