"""Addressed streams: pure functions of seed, name, patient and index; uniform, independent and never at the ends."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest

from inferon.random import exponential, normal, stream_key, uniform

SEED, PATIENTS = st.integers(0, 2**63), st.lists(st.integers(0, 2**63), min_size=1, max_size=30)
NAME = st.text(max_size=12)
DRAWS = (uniform, normal, exponential)


@given(seed=SEED, name=NAME, patients=PATIENTS, index=st.integers(0, 2**40))
def test_property_P10_a_draw_depends_on_its_address_alone(seed, name, patients, index) -> None:
    for draw in DRAWS:
        together = draw(seed, name, np.array(patients, np.uint64), index)
        alone = [draw(seed, name, np.array([p], np.uint64), index)[0] for p in patients]
        assert together.tobytes() == np.array(alone).tobytes()


@given(seed=SEED, name=NAME, patients=PATIENTS)
def test_property_P11_reordering_patients_reorders_draws(seed, name, patients) -> None:
    numbers = np.array(patients, np.uint64)
    assert uniform(seed, name, numbers[::-1]).tobytes() == uniform(seed, name, numbers)[::-1].tobytes()


@given(seed=SEED, name=NAME, patients=PATIENTS)
def test_property_draws_are_inside_the_open_interval_and_finite(seed, name, patients) -> None:
    numbers = np.array(patients, np.uint64)
    u = uniform(seed, name, numbers)
    assert np.all((u > 0) & (u < 1))
    assert np.all(np.isfinite(normal(seed, name, numbers)))
    assert np.all(exponential(seed, name, numbers) > 0)


@given(
    seeds=st.lists(SEED, min_size=2, max_size=2, unique=True), names=st.lists(NAME, min_size=2, max_size=2, unique=True)
)
def test_property_other_seeds_and_other_names_have_other_keys(seeds, names) -> None:
    keys = {stream_key(seed, name) for seed in seeds for name in names}
    assert len(keys) == 4


def test_law_neighbouring_numbers_of_seed_and_name_do_not_collide() -> None:
    """'1' followed by '2:x' is not '12' followed by 'x'."""
    assert stream_key(1, "2:x") != stream_key(12, "x")
    assert stream_key(1, "x") != stream_key(1, "x ")


@pytest.mark.parametrize("name", ["age", "clearance", "non-relapse mortality"])
def test_law_draws_have_their_distribution(name: str) -> None:
    """Kolmogorov-Smirnov on 100 000 draws; the p-value of a fixed seed above 0.001."""
    patients = np.arange(100_000)
    assert kstest(uniform(5, name, patients), "uniform").pvalue > 1e-3
    assert kstest(normal(5, name, patients), "norm").pvalue > 1e-3
    assert kstest(exponential(5, name, patients), "expon").pvalue > 1e-3


def test_law_streams_are_uncorrelated() -> None:
    """Twenty streams, with their neighbours in patient and index: every correlation below 4.5 standard errors."""
    n, patients = 50_000, np.arange(50_000)
    columns = [normal(5, f"stream {i}", patients) for i in range(20)]
    columns += [
        normal(5, "stream 0", patients + 1),
        normal(5, "stream 0", patients, 1),
        normal(6, "stream 0", patients),
    ]
    correlation = np.corrcoef(columns)
    assert np.abs(correlation[np.triu_indices(len(columns), 1)]).max() < 4.5 / np.sqrt(n)


def test_law_successive_indices_are_one_stream_of_their_own() -> None:
    draws = uniform(5, "visits", np.uint64(3), np.arange(50_000))
    assert kstest(draws, "uniform").pvalue > 1e-3
    assert abs(np.corrcoef(draws[1:], draws[:-1])[0, 1]) < 4.5 / np.sqrt(len(draws))


def test_golden_three_draws_of_a_named_stream() -> None:
    """Changing how an address becomes a number would change every published run."""
    drawn = uniform(20211201, "age", np.array([0, 1, 2]))
    assert drawn.tolist() == [0.45304484883913737, 0.004841158662675704, 0.7885951459601228]
