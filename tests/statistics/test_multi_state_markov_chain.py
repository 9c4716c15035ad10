"""Markov chains in continuous time and the illness–death targets, against closed forms."""

import numpy as np
import pytest
from scipy.integrate import quad

from inferon.statistics.multi_state.illness_death import WeibullHazard, first_event_incidence
from inferon.statistics.multi_state.markov_chain import markov_chain


def test_oracle_closed_form_of_two_states() -> None:
    a, b, t = 0.7, 0.2, 1.3
    decay = np.exp(-(a + b) * t)
    stay = (b + a * decay) / (a + b)
    back = (a + b * decay) / (a + b)
    found = markov_chain([[-a, a], [b, -b]], t)
    np.testing.assert_allclose(found, [[stay, 1 - stay], [1 - back, back]], rtol=1e-13)


def test_law_periods_compose_and_rows_add_up_to_one() -> None:
    rates = np.array([[-0.9, 0.8, 0.1], [0.5, -0.75, 0.25], [0, 0, 0]])
    halves = markov_chain([rates, rates], [0.4, 1.1])
    np.testing.assert_allclose(halves, markov_chain(rates, 1.5), rtol=1e-12)
    np.testing.assert_allclose(markov_chain([rates, 3 * rates], [2.0, 5.0]).sum(axis=1), 1.0, rtol=1e-12)
    np.testing.assert_allclose(markov_chain(rates, 0.0), np.eye(3))


@pytest.mark.parametrize(
    ("rates", "time", "sentence"),
    [
        ([[-1.0, 0.9], [0, 0]], 1.0, "row 0 of the rates of period 1 must add up to 0"),
        ([[1.0, -1.0], [0, 0]], 1.0, "not negative off the diagonal"),
        ([[-1.0, 1.0]], 1.0, "square matrix"),
        ([[-1.0, 1.0], [0, 0]], -1.0, "finite length >= 0"),
    ],
)
def test_fault_a_matrix_that_is_no_generator_is_refused(rates, time, sentence) -> None:
    with pytest.raises(ValueError, match=sentence):
        markov_chain(rates, time)


def test_oracle_closed_form_of_the_first_event_with_equal_shapes() -> None:
    """With one shape for both, each event's share of 1 - S is constant: F_k = κ_k / (κ₁ + κ₂) · (1 - S)."""
    illness, death = WeibullHazard(0.02, 1.4), WeibullHazard(0.05, 1.4)
    for theta in (0.0, 0.5, 8.0):
        total = 0.07 * 9.0**1.4
        free = np.exp(-total) if theta == 0 else (1 + theta * total) ** (-1 / theta)
        found = first_event_incidence(illness, death, time=9.0, frailty_variance=theta)
        np.testing.assert_allclose(found, [[(1 - free) * 2 / 7, (1 - free) * 5 / 7]], rtol=1e-11)


def test_double_first_event_against_adaptive_integration() -> None:
    illness, death, theta = WeibullHazard(0.3, 0.5, (0.4,)), WeibullHazard(0.001, 2.6, (-0.2,)), 3.0

    def slope(u, k):
        h = [p.scale * u**p.shape * np.exp(p.coefficients[0]) for p in (illness, death)]
        p = (illness, death)[k]
        return p.shape * h[k] / u * (1 + theta * sum(h)) ** (-1 / theta - 1)

    expected = [quad(lambda v, k=k: slope(v**2, k) * 2 * v, 0, 30**0.5, epsabs=1e-13)[0] for k in (0, 1)]
    found = first_event_incidence(illness, death, time=30.0, frailty_variance=theta, covariates=[[1.0]])
    np.testing.assert_allclose(found[0], expected, rtol=1e-9)


def test_law_the_frailty_vanishes_smoothly_and_bad_hazards_are_refused() -> None:
    illness, death = WeibullHazard(0.02, 1.1), WeibullHazard(0.01, 0.9)
    none = first_event_incidence(illness, death, time=5.0)
    little = first_event_incidence(illness, death, time=5.0, frailty_variance=1e-9)
    np.testing.assert_allclose(little, none, rtol=1e-7)
    with pytest.raises(ValueError, match="above 0"):
        WeibullHazard(0.0, 1.0)
    with pytest.raises(ValueError, match="must have 0 columns"):
        first_event_incidence(illness, death, time=1.0, covariates=[[1.0]])
