"""Checks A13 and B7 over the ranges of the tables: no state is ever negative, more drug never has less effect."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from inferon.engine import Settings
from inferon.protocol import PRODUCTS, Regimen, dosing, product

DISPOSITION = ("ka", "CL", "V", "T50", "R0", "R_ss", "k_dec", "t_start", "kint", "kdeg", "K_D")


def _within_ranges(drug: str, seed: int, patients: int) -> dict[str, np.ndarray]:
    """Disposition parameters spread evenly over the ranges of the tables."""
    generator, columns = np.random.default_rng(seed), {}
    for name in DISPOSITION:
        row = product(drug).rows[name]
        if row.lower is not None and row.upper is not None:
            columns[f"interferon_pk__{name}"] = generator.uniform(row.lower, row.upper, patients)
    return columns


@settings(max_examples=10)
@given(drug=st.sampled_from(PRODUCTS), dose=st.floats(1, 600), seed=st.integers(0, 2**32 - 1))
def test_property_A13_states_are_never_negative(interferon, drug: str, dose: float, seed: int) -> None:
    regimens = [Regimen(drug=drug, dose=dose, start=0.0, interval=7, doses=4)]
    doses, columns = dosing(interferon.model, regimens, {"weight": np.full(16, 70.0)}, 16)
    columns |= _within_ranges(drug, seed, 16)
    batch = interferon.batch(np.array([]), 16, columns, {}, doses, 0.0, Settings())
    for day in (0.1, 1.0, 5.0, 13.9, 30.0, 60.0, 120.0):
        interferon.carry_on(batch, day)
        assert np.all(np.isfinite(batch.y))
        assert batch.y.min() >= 0
        assert np.all(batch.state("U") <= 1)


@settings(max_examples=10)
@given(
    drug=st.sampled_from(PRODUCTS),
    dose=st.floats(20, 540),
    more=st.floats(1.0, 4.0),
    seed=st.integers(0, 2**32 - 1),
)
def test_property_B7_more_drug_never_lowers_S_ap_nor_raises_f_anc(interferon, drug, dose, more, seed) -> None:
    columns = _within_ranges(drug, seed, 8)
    lower, higher = (
        interferon(
            np.linspace(0, 40, 161),
            regimens=[Regimen(drug=drug, dose=d, start=0.0, interval=7, doses=3)],
            patients=8,
            columns=columns,
        )
        for d in (dose, dose * more)
    )
    assert np.all(higher["S_ap"] >= lower["S_ap"] - 1e-9)
    assert np.all(higher["f_anc"] <= lower["f_anc"] + 1e-9)
    assert np.all(higher["f_plt"] <= lower["f_plt"] + 1e-9)
