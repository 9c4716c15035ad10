"""Checks P6-P9: medians, variability and correlations of what differs between patients, and the residual load."""

import itertools

import numpy as np
import pytest
from scipy.stats import truncnorm

from inferon.cohort import FAMILIES, draw_cohort
from inferon.protocol import product

MEDIANS = {
    "interferon_response__EC0": (0.00217, 0.213),
    "interferon_response__k_U": (0.163, 0.573),
    "interferon_response__EC_ap": (0.15, 0.5),
    "interferon_response__IC_anc": (60.0, 0.6),
    "transplant__rho_A": (1.203, 0.35),
    "transplant__rho_L": (0.339, 0.35),
    "transplant__k_G": (0.0406, 0.6),
    "transplant__k_eng": (0.45, 0.2),
}
"""Median and CV of the log-normal parameters of the reference cohort; T_d and k_L differ by cytogenetic risk (below)."""


def _check_log_normal(values: np.ndarray, median: float, cv: float) -> None:
    omega, n = np.sqrt(np.log1p(cv**2)), len(values)
    logs = np.log(values)
    assert np.median(logs) == pytest.approx(np.log(median), abs=3 * 1.2533 * omega / np.sqrt(n))
    assert logs.std() == pytest.approx(omega, abs=3 * omega / np.sqrt(2 * n))


@pytest.mark.parametrize("parameter", MEDIANS)
def test_oracle_P6_log_normal_parameters(reference, parameter: str) -> None:
    _check_log_normal(reference.parameters[parameter], *MEDIANS[parameter])


@pytest.mark.parametrize(
    ("risk", "speed", "kill"), [("poor", 0.9, 0.7), ("intermediate", 1.0, 1.0), ("favourable", 1.5, 1.0)]
)
def test_oracle_P6_doubling_time_and_sensitivity_by_cytogenetic_risk(
    reference, risk: str, speed: float, kill: float
) -> None:
    chosen = (reference.covariates["cytogenetic_risk"] == risk).to_numpy()
    _check_log_normal(reference.parameters["transplant__T_d"][chosen], 12.3 * speed, 0.6)
    _check_log_normal(reference.parameters["transplant__k_L"][chosen], 0.209 * kill, 1.0)
    _check_log_normal(reference.parameters["transplant__k_A"][chosen], 0.0206 * kill, 1.0)


@pytest.mark.parametrize(("name", "median", "cv"), [("cd34", 6e6, 0.4), ("cd3", 2.5e8, 0.4)])
def test_oracle_P6_graft_doses_of_the_reference_cohort(reference, name: str, median: float, cv: float) -> None:
    _check_log_normal(reference.draws[name], median, cv)


@pytest.mark.parametrize(("symbol", "median", "cv"), [("T_A0", 0.01, 1.2), ("T_L0", 0.0022, 1.5)])
def test_oracle_P6_first_T_cells_scale_with_the_CD3_dose(reference, symbol: str, median: float, cv: float) -> None:
    ratio = reference.draws["cd3"] / 2.5e8
    _check_log_normal(reference.parameters[f"transplant__{symbol}"] / ratio, median, cv)


def test_oracle_P6_immunosuppression_is_normal(reference) -> None:
    level, n = reference.parameters["transplant__IS0"], len(reference)
    assert level.mean() == pytest.approx(0.60, abs=3 * 0.06 / np.sqrt(n))
    assert level.std() == pytest.approx(0.06, abs=3 * 0.06 / np.sqrt(2 * n))


@pytest.mark.parametrize(("symbol", "median", "cv"), [("ka", 0.672, 0.64), ("CL", 2.256, 0.295), ("V", 15.6, 0.5)])
def test_oracle_P6_disposition_of_peginterferon_alfa_2a(reference, symbol: str, median: float, cv: float) -> None:
    values = product("peginterferon alfa-2a").individual(reference.effects, len(reference))[symbol]
    _check_log_normal(values, median, cv)


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.corrcoef(a, b)[0, 1])


def test_oracle_P7_weight_and_height_within_sex(reference) -> None:
    for sex in ("male", "female"):
        part = reference.covariates.filter(sex=sex)
        r = _correlation(np.log(part["weight"].to_numpy()), part["height"].to_numpy())
        assert r == pytest.approx(0.4, abs=3 / np.sqrt(len(part)))


@pytest.mark.parametrize("population", ["reference", "mix"])
def test_oracle_P7_clearance_and_volume(request, normalised, population: str) -> None:
    effects = normalised(request.getfixturevalue(population))
    assert _correlation(effects["CL"], effects["V"]) == pytest.approx(0.3, abs=3 / np.sqrt(20_000))


def test_law_P7_one_sensitivity_of_leukaemia_to_both_T_cells(reference, mix) -> None:
    for cohort in (reference, mix):
        ratio = cohort.parameters["transplant__k_L"] / cohort.parameters["transplant__k_A"]
        assert ratio == pytest.approx(np.full(len(cohort), 0.209 / 0.0206), rel=1e-12)


def test_oracle_P7_expansion_rates_are_uncorrelated_in_the_reference_cohort(reference, normalised) -> None:
    effects = normalised(reference)
    assert _correlation(effects["rho_A"], effects["rho_L"]) == pytest.approx(0, abs=3 / np.sqrt(20_000))


MIX_REASON = (
    "check P7 asks for this correlation outside the reference cohort; the covariate mix draws the two independently, as the "
    "transplant reference (section 1) says for both of its cohorts: the two files disagree"
)


@pytest.mark.xfail(strict=True, reason=MIX_REASON)
def test_oracle_P7_expansion_rates_are_correlated_in_the_covariate_mix(mix, normalised) -> None:
    effects = normalised(mix)
    assert _correlation(effects["rho_A"], effects["rho_L"]) == pytest.approx(0.5, abs=3 / np.sqrt(20_000))


@pytest.mark.xfail(strict=True, reason=MIX_REASON + "; the shared CD3 dose alone gives 0.13, not 0.5")
@pytest.mark.parametrize("population", ["reference", "mix"])
def test_oracle_P7_first_T_cells_are_correlated(request, population: str) -> None:
    cohort = request.getfixturevalue(population)
    logs = [np.log(cohort.parameters[f"transplant__{s}"]) for s in ("T_A0", "T_L0")]
    blood = cohort.draws["committed"] == 1
    assert _correlation(logs[0][blood], logs[1][blood]) == pytest.approx(0.5, abs=3 / np.sqrt(blood.sum()))


def test_oracle_P7_first_T_cells_share_the_CD3_dose_alone(reference) -> None:
    """Transplant reference, section 1: residual correlation 0, one CD3 ratio for both."""
    logs = [np.log(reference.parameters[f"transplant__{s}"]) for s in ("T_A0", "T_L0")]
    shared, a, b = np.log1p(0.4**2), np.log1p(1.2**2), np.log1p(1.5**2)
    expected = shared / np.sqrt((shared + a) * (shared + b))
    assert expected == pytest.approx(0.126, abs=0.001)
    assert _correlation(*logs) == pytest.approx(expected, abs=3 / np.sqrt(len(reference)))


@pytest.mark.xfail(
    strict=True,
    reason="check P7 asks for corr(IC_anc, IC_plt) 0.8; the transplant populations give IC_plt no variability",
)
def test_oracle_P7_neutrophil_and_platelet_sensitivity(mix) -> None:
    logs = [np.log(mix.parameters[f"interferon_response__{s}"]) for s in ("IC_anc", "IC_plt")]
    assert _correlation(*logs) == pytest.approx(0.8, abs=3 / np.sqrt(len(mix)))


@pytest.mark.parametrize("population", ["reference", "mix"])
def test_oracle_P8_all_other_pairs_are_uncorrelated(request, normalised, population: str) -> None:
    effects = normalised(request.getfixturevalue(population))
    related = [{"CL", "V"}, {"k_L", "k_A"}]
    for a, b in itertools.combinations(effects, 2):
        if {a, b} not in related:
            assert abs(_correlation(effects[a], effects[b])) < 4 / np.sqrt(20_000), (a, b)


def test_oracle_P9_residual_load_of_the_reference_cohort(reference) -> None:
    load, n = np.log10(reference.parameters["transplant__L0"]), len(reference)
    assert load.mean() == pytest.approx(8.59, abs=3 * 1.27 / np.sqrt(n) + 0.005)
    assert load.std() == pytest.approx(1.27, abs=3 * 1.27 / np.sqrt(2 * n) + 0.005)
    assert load.min() >= 1
    assert load.max() <= 11
    assert np.mean(load == 11) == 0, "clamped, not redrawn"
    above = np.mean(load >= np.log10(5e10))
    assert above == pytest.approx(0.031, abs=3 * np.sqrt(0.031 * 0.969 / n) + 0.0005)
    few = np.mean(0.01 * 10**load < 1000)
    assert few == pytest.approx(0.005, abs=3 * np.sqrt(0.005 / n) + 0.0005)


def test_oracle_P9_residual_load_of_the_covariate_mix(mix) -> None:
    """Transplant specification, section 5: mean 7.7, sd 2.0; another cohort.

    The text does not say whether this load is truncated to 1-11 as the drawn one is. Untruncated it is 7.68 (2.4 % above 11), as
    Inferon truncates the log-kill it is 7.63 (400 000 patients), which prints as 7.6: 0.1 is allowed.
    """
    load, n = np.log10(mix.parameters["transplant__L0"]), len(mix)
    assert load.mean() == pytest.approx(7.7, abs=3 * 2 / np.sqrt(n) + 0.1)
    assert load.std() == pytest.approx(2.0, abs=3 * 2 / np.sqrt(2 * n) + 0.05)
    assert 1 <= load.min() <= load.max() <= 11


FAMILY_LOADS = {
    "reference": (8.77, 1.43),
    "low_burden": (7.80, 1.09),
    "strong_direct": (8.98, 1.43),
    "slow_disease": (9.72, 1.11),
    "strong_allo": (9.16, 1.43),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_oracle_P9_residual_load_of_each_family(family: str) -> None:
    """Truncated normal with the mean and sd of the transplant reference, section 4."""
    mean, sd = FAMILY_LOADS[family]
    expected, n = truncnorm((1 - mean) / sd, (11 - mean) / sd, loc=mean, scale=sd), 8000
    load = np.log10(
        draw_cohort("transplant-reference", np.arange(n), seed=3, family=family).parameters["transplant__L0"]
    )
    assert load.mean() == pytest.approx(expected.mean(), abs=3 * expected.std() / np.sqrt(n))
    assert load.std() == pytest.approx(expected.std(), abs=3 * expected.std() / np.sqrt(2 * n))
    assert 1 <= load.min() <= load.max() <= 11
