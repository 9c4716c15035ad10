"""Populations of chronic myeloid leukaemia: addressed draws, the table's medians and spreads, the published rows."""

import numpy as np
import pytest

from inferon.cohort.cml import CML_POPULATIONS, draw_cml_cohort, published_patients
from inferon.model.catalogue import parameter_table

MANY = np.arange(20_000)
TABLE = parameter_table("cml")


def _spread(values: np.ndarray) -> tuple[float, float]:
    """Median and coefficient of variation of a log-normal sample."""
    return float(np.median(values)), float(np.sqrt(np.expm1(np.log(values).var())))


@pytest.mark.parametrize("population", CML_POPULATIONS)
def test_law_a_patient_is_the_same_whoever_else_is_drawn(population: str) -> None:
    whole = draw_cml_cohort(population, np.arange(1, 22), seed=7)
    some = draw_cml_cohort(population, np.array([20, 3]), seed=7)
    for group in ("parameters", "effects", "draws"):
        for name, column in getattr(whole, group).items():
            assert np.array_equal(getattr(some, group)[name], column[[19, 2]]), name
    assert some.covariates.rows() == [whole.covariates.row(19), whole.covariates.row(2)]


@pytest.mark.parametrize(("name", "symbol"), [("p_xy", "p_xy"), ("p_yx", "p_yx"), ("kifn", "kifn"), ("kara", "kara")])
def test_law_response_rates_have_the_median_and_spread_of_the_table(name: str, symbol: str) -> None:
    median, cv = _spread(draw_cml_cohort("cml-first-line", MANY, seed=8).parameters[f"cml__{name}"])
    assert median == pytest.approx(TABLE[symbol].value, rel=4 * TABLE[symbol].variability / np.sqrt(len(MANY)))
    assert cv == pytest.approx(TABLE[symbol].variability, rel=0.05)


def test_law_the_variability_of_the_inhibitor_is_that_of_the_fast_slope() -> None:
    kill = draw_cml_cohort("cml-first-line", MANY, seed=8).parameters["cml__e_tki"]
    median, cv = _spread(kill - TABLE["p_y2"].value)
    assert (median, cv) == pytest.approx((1.0, 0.45), rel=0.03)


def test_law_the_stopping_population_is_the_published_one_with_20_percent_around_each_rate() -> None:
    drawn = draw_cml_cohort("cml-treatment-free", MANY, seed=9)
    numbers, counts = np.unique(drawn.draws["published_patient"], return_counts=True)
    assert numbers.tolist() == list(range(1, 22))
    assert np.all(np.abs(counts - len(MANY) / 21) < 4 * np.sqrt(len(MANY) / 21))
    row = published_patients()[drawn.draws["published_patient"] - 1]
    growth = TABLE["p_y"].value
    for name, shift in (("p_xy", 0), ("p_yx", 0), ("e_tki", growth), ("p_z", 0), ("K_z", 0)):
        ratio = (drawn.parameters[f"cml__{name}"] - shift) / (row[name].to_numpy() - shift)
        assert _spread(ratio) == pytest.approx((1.0, 0.2), rel=0.03), name
    assert np.array_equal(drawn.draws["stop_day"], row["stop_month"].to_numpy() * 30.4375)
    assert np.array_equal(drawn.parameters["cml__Y0"], row["Y0"].to_numpy())


def test_law_the_published_population_is_the_table_itself() -> None:
    cohort = draw_cml_cohort("cml-published", np.arange(1, 22), seed=1)
    for name in ("p_xy", "p_yx", "e_tki", "p_z", "K_z", "Y0"):
        assert cohort.parameters[f"cml__{name}"] == pytest.approx(published_patients()[name].to_numpy(), rel=1e-12)


def test_law_an_override_moves_the_median_and_nothing_else() -> None:
    plain = draw_cml_cohort("cml-first-line", MANY[:50], seed=2)
    moved = draw_cml_cohort("cml-first-line", MANY[:50], seed=2, overrides={"p_xy": 0.1})
    assert moved.parameters["cml__p_xy"] == pytest.approx(2 * plain.parameters["cml__p_xy"])
    assert np.array_equal(moved.parameters["cml__p_yx"], plain.parameters["cml__p_yx"])


def test_fault_unknown_names_are_refused() -> None:
    with pytest.raises(KeyError, match="cml-first-line"):
        draw_cml_cohort("cml", MANY[:2], seed=1)
    with pytest.raises(KeyError, match="p_qq"):
        draw_cml_cohort("cml-first-line", MANY[:2], seed=1, overrides={"p_qq": 1.0})
    with pytest.raises(ValueError, match="numbered from 1"):
        draw_cml_cohort("cml-published", np.array([0, 1]), seed=1)
