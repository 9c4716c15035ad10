"""Checks P1-P5: marginals, shares, conditioning and derived values of the adult AML transplant cohort.

MCE is the Monte-Carlo error: sd/sqrt(n) of a mean, 1.25 sd/sqrt(n) of a median, sd/sqrt(2n) of a sd.
"""

import numpy as np
import pytest
from scipy.special import ndtr, ndtri
from scipy.stats import truncnorm

from inferon.cohort.covariates import draw_covariates
from inferon.model.catalogue import parameter_table

AGE = truncnorm((20 - 58) / 9, (75 - 58) / 9, loc=58, scale=9)


def test_oracle_P1_age_is_a_truncated_normal(reference) -> None:
    age, n = reference.covariates["age"].to_numpy(), len(reference)
    assert (AGE.mean(), AGE.std()) == pytest.approx((57.4, 8.4), abs=0.05)
    assert age.mean() == pytest.approx(AGE.mean(), abs=3 * AGE.std() / np.sqrt(n))
    assert age.std() == pytest.approx(AGE.std(), abs=3 * AGE.std() / np.sqrt(2 * n))
    assert age.min() >= 20
    assert age.max() <= 75
    assert np.mean((age == 20) | (age == 75)) == 0, "clipped, not redrawn"


P2 = {"weight": ((85, 0.18), (71, 0.22)), "creatinine": ((0.95, 0.20), (0.78, 0.20))}
"""Median and CV: men, women."""


@pytest.mark.parametrize("sex", ["male", "female"])
@pytest.mark.parametrize("quantity", P2)
def test_oracle_P2_log_normal_marginals_by_sex(reference, quantity: str, sex: str) -> None:
    """The sd of the logarithm comes from the quartiles, which clamping does not move."""
    median, cv = P2[quantity][sex == "female"]
    values = np.log(reference.covariates.filter(sex=sex)[quantity].to_numpy())
    omega, n = np.sqrt(np.log1p(cv**2)), len(values)
    assert np.median(values) == pytest.approx(np.log(median), abs=3 * 1.2533 * omega / np.sqrt(n))
    low, high = np.quantile(values, [0.25, 0.75])
    spread = (high - low) / (2 * ndtri(0.75))
    assert spread == pytest.approx(omega, abs=3 * 1.17 * omega / np.sqrt(n))


@pytest.mark.parametrize(("sex", "mean", "sd"), [("male", 1.76, 0.07), ("female", 1.62, 0.065)])
def test_oracle_P2_height_is_normal_by_sex(reference, sex: str, mean: float, sd: float) -> None:
    height = reference.covariates.filter(sex=sex)["height"].to_numpy()
    assert height.mean() == pytest.approx(mean, abs=3 * sd / np.sqrt(len(height)))
    assert height.std() == pytest.approx(sd, abs=3 * sd / np.sqrt(2 * len(height)))


def test_law_P2_weight_is_clamped_to_40_and_140_kg(reference) -> None:
    weight, women = reference.covariates["weight"].to_numpy(), (reference.covariates["sex"] == "female").to_numpy()
    assert (weight.min(), weight.max()) == (40, 140)
    expected = ndtr(np.log(40 / 71) / np.sqrt(np.log1p(0.22**2)))
    assert np.mean(weight[women] == 40) == pytest.approx(expected, abs=3 * np.sqrt(expected / women.sum()))


@pytest.mark.parametrize(
    ("column", "sex", "median", "cv"),
    [
        ("baseline_neutrophils", None, 3.4, 0.38),
        ("baseline_platelets", None, 200, 0.33),
        ("baseline_haemoglobin", "male", 14.5, 0.08),
        ("baseline_haemoglobin", "female", 13.3, 0.08),
    ],
)
def test_oracle_P2_baseline_blood_counts(reference, column: str, sex: str | None, median: float, cv: float) -> None:
    drawn = reference.covariates if sex is None else reference.covariates.filter(sex=sex)
    values, sigma = np.log(drawn[column].to_numpy()), np.sqrt(np.log1p(cv**2))
    assert np.median(values) == pytest.approx(np.log(median), abs=3 * 1.2533 * sigma / np.sqrt(len(values)))
    assert values.std() == pytest.approx(sigma, abs=3 * sigma / np.sqrt(2 * len(values)))


SHARES = {
    "sex": {"male": 0.55, "female": 0.45},
    "disease_status": {"active": 0.55, "remission, MRD+": 0.25, "remission, MRD-": 0.20},
    "cytogenetic_risk": {"poor": 0.50, "intermediate": 0.45, "favourable": 0.05},
    "donor": {"matched related": 0.25, "matched unrelated": 0.55, "haploidentical": 0.15, "cord": 0.05},
    "comorbidity": {"0": 0.35, "1-2": 0.33, "3+": 0.32},
    "graft": {"blood": 0.85, "marrow": 0.15},
}


@pytest.mark.parametrize("covariate", SHARES)
def test_oracle_P3_shares(mix, covariate: str) -> None:
    drawn, n = mix.covariates[covariate].to_numpy(), len(mix)
    assert set(drawn) == set(SHARES[covariate])
    for label, share in SHARES[covariate].items():
        assert np.mean(drawn == label) == pytest.approx(share, abs=3 * np.sqrt(share * (1 - share) / n)), label


def test_oracle_P4_conditioning(mix) -> None:
    table = mix.covariates
    eligible = ((table["age"] < 55) & (table["comorbidity"] != "3+")).to_numpy()
    ablative = (table["conditioning"] == "myeloablative").to_numpy()
    assert ablative[eligible].mean() == pytest.approx(0.80, abs=3 * np.sqrt(0.16 / eligible.sum()))
    assert not ablative[~eligible].any()
    assert set(table["conditioning"]) == {"myeloablative", "reduced intensity"}
    assert ablative.mean() == pytest.approx(0.21, abs=0.015)


@pytest.mark.parametrize(
    ("male", "age", "bmi", "surface", "clearance"), [(True, 50, 27.4, 2.04, 111.8), (False, 60, 27.1, 1.79, 86.0)]
)
def test_oracle_P5_derived_values_of_two_people(
    male: bool, age: float, bmi: float, surface: float, clearance: float
) -> None:
    """The typical man and woman: every normal draw 0, and the uniform draw of that age."""
    draws = {"sex": 0.1 if male else 0.9, "age": AGE.cdf(age)}
    person = draw_covariates(
        parameter_table("population"), lambda stream: np.array([draws.get(stream, 0.5)]), lambda _: np.zeros(1)
    ).row(0, named=True)
    assert person["age"] == pytest.approx(age, abs=1e-6)
    assert (person["weight"], person["height"]) == pytest.approx((85, 1.76) if male else (71, 1.62))
    assert person["bmi"] == pytest.approx(bmi, abs=0.1)
    assert person["body_surface"] == pytest.approx(surface, abs=0.01)
    assert person["creatinine_clearance"] == pytest.approx(clearance, abs=0.1)


def test_law_P5_derived_values_follow_from_the_drawn_ones(mix) -> None:
    table = mix.covariates
    age, kg, m, mg = (table[c].to_numpy() for c in ("age", "weight", "height", "creatinine"))
    sex = np.where((table["sex"] == "male").to_numpy(), 1.0, 0.85)
    assert table["bmi"].to_numpy() == pytest.approx(kg / m**2)
    assert table["body_surface"].to_numpy() == pytest.approx(np.sqrt(kg * 100 * m / 3600))
    assert table["creatinine_clearance"].to_numpy() == pytest.approx((140 - age) * kg / (72 * mg) * sex)
