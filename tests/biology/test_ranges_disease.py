"""Laws of CML, JAK2 neoplasm, hepatitis C and side effects over the ranges of their tables: balance, signs, rest, order."""

import numpy as np
import pytest

from inferon.biology.mpn.functions import least_concentration
from inferon.engine import Settings
from inferon.model.catalogue import parameter_table
from inferon.protocol import Regimen

from .ranges import PATIENTS, Ranged, largest_gap, never_below, over_ranges

DAYS = np.array([10.0, 90.0, 365.0, 1000.0])
WEEKLY = [Regimen(drug="peginterferon alfa-2a", dose=180, start=0.0, interval=7, doses=48)]


def _less(regimens: list[Regimen], share: float) -> list[Regimen]:
    return [
        Regimen(drug=r.drug, dose=share * r.dose, start=r.start, interval=r.interval, doses=r.doses) for r in regimens
    ]


@pytest.fixture(scope="module")
def cml() -> Ranged:
    ledgers = {
        "born": "cml__birth*cml__load/cml__d_mo",
        "crowded_out": "cml__birth*cml__load*cml__load/cml__K_growth/cml__d_mo",
        "killed": "(cml__m*cml__load*cml__Z + (cml__k_ifn + cml__k_ara)*cml__load)/cml__d_mo",
    }
    return Ranged.of(
        "cml", tuple(f"cml__{state}" for state in ("X", "Y", "Y_R", "Z")), ledgers=ledgers, method="implicit"
    )


def _cml(cml: Ranged, seed: int, **columns: float) -> dict[str, np.ndarray]:
    """The immune model over its ranges, those of the rows of the published patients among them (each drawn by itself)."""
    return cml.patients(
        seed, "cml", "interferon_response", **{f"cml__{name}": value for name, value in columns.items()}
    )


@over_ranges()
def test_property_cml_cells_change_by_birth_and_kill_and_are_never_negative(cml, seed) -> None:
    """Without an inhibitor; waking and falling asleep move cells and make none."""
    columns = _cml(cml, seed)
    found = cml.course(columns, DAYS, regimens=WEEKLY)
    start = columns["cml__Y0"] * (1 + columns["cml__p_yx"] / columns["cml__p_xy"])
    cells = found["cml__X"] + found["cml__Y"]
    turnover, lost = start[:, None] + found["born"], found["crowded_out"] + found["killed"]
    assert largest_gap(cells, start[:, None] + found["born"] - lost, scale=turnover) < 1e-6
    assert min(found[f"cml__{state}"].min() for state in ("X", "Y", "Z")) >= 0
    assert np.all(found["cml__Y_R"] == 0)


@over_ranges()
def test_law_cml_without_growth_kill_or_drug_is_at_rest_outside_the_immune_window(cml, seed) -> None:
    """Inside the window, where nothing takes their antigen away, immune cells multiply beyond what a number can hold."""
    columns = _cml(cml, seed, p_y=0.0, m=0.0)
    load, a = columns["cml__Y0"], columns["cml__a"]
    outside = a > columns["cml__p_z"] * load / (columns["cml__K_z"] ** 2 + load**2)
    assert outside.sum() > PATIENTS / 4
    found = cml.course({name: column[outside] for name, column in columns.items()}, DAYS)
    for state in ("X", "Y", "Z"):
        rest = found[f"cml__{state}"]
        assert largest_gap(rest, rest[:, :1], scale=rest[:, :1]) < 1e-6, state


@pytest.fixture(scope="module")
def hepatitis() -> Ranged:
    ledgers = {
        "made": "hepatitis_c__s",
        "lost": "hepatitis_c__d*hepatitis_c__T + hepatitis_c__delta*hepatitis_c__I",
        "virions": "hepatitis_c__p*hepatitis_c__I - hepatitis_c__efficacy*hepatitis_c__p*hepatitis_c__I",
        "cleared": "hepatitis_c__c*hepatitis_c__V",
    }
    names = tuple(f"hepatitis_c__{name}" for name in ("T", "I", "V", "efficacy"))
    return Ranged.of("hepatitis_c", names, ledgers=ledgers)


def _infected(hepatitis: Ranged, seed: int, **columns) -> dict[str, np.ndarray]:
    """Chronic infections over the ranges: those in which an infected cell makes more than one new one; else the table's rates."""
    found = hepatitis.patients(
        seed, "hepatitis_c", **{f"hepatitis_c__{name}": value for name, value in columns.items()}
    )
    v = {name.removeprefix("hepatitis_c__"): column for name, column in found.items()}
    dying = v["s"] * v["p"] * v["beta"] <= 1.05 * v["d"] * v["c"] * v["delta"]
    rows = hepatitis.model.kernel.model.parameters
    usual = {f"hepatitis_c__{name}" for name in ("s", "p", "beta", "d", "c", "delta")}
    return {n: np.where(dying, rows[n].value, column) if n in usual else column for n, column in found.items()}


@over_ranges()
def test_law_chronic_hepatitis_is_at_rest_before_treatment(hepatitis, seed) -> None:
    found = hepatitis.course(_infected(hepatitis, seed, eps_constant=0.0), np.array([0.0, 30.0, 200.0]))
    for state in ("T", "I", "V"):
        rest = found[f"hepatitis_c__{state}"]
        assert largest_gap(rest, rest[:, :1], scale=rest[:, :1]) < 1e-4, state


@over_ranges()
def test_property_liver_cells_and_virions_balance_under_treatment(hepatitis, seed) -> None:
    days = np.array([0.0, 1.0, 14.0, 84.0, 336.0])
    found = hepatitis.course(_infected(hepatitis, seed), days, regimens=WEEKLY)
    cells, virus = found["hepatitis_c__T"] + found["hepatitis_c__I"], found["hepatitis_c__V"]
    change, turnover = found["made"] - found["lost"], cells[:, :1] + found["made"]
    assert largest_gap(cells, cells[:, :1] + change, scale=turnover) < 1e-6
    change, turnover = found["virions"] - found["cleared"], virus[:, :1] + found["virions"]
    assert largest_gap(virus, virus[:, :1] + change, scale=turnover) < 1e-6
    assert min(values.min() for values in found.values()) >= 0
    assert found["hepatitis_c__efficacy"].max() <= 1


@over_ranges()
def test_property_more_antiviral_effect_means_less_virus_for_a_week(hepatitis, seed) -> None:
    columns, days = _infected(hepatitis, seed), np.linspace(0, 7, 29)
    more, less = (
        hepatitis.course(columns, days, regimens=_less(WEEKLY, share))["hepatitis_c__V"] for share in (0.4, 1.0)
    )
    assert never_below(more, less, tolerance=1e-6)


@pytest.fixture(scope="module")
def neoplasm() -> Ranged:
    stem = ("q_m", "a_m", "q_w", "a_w")
    ledgers = {
        "gained": "mpn__alpha*(mpn__D0_m*mpn__a_m + mpn__D0_w*mpn__a_w)",
        "given_up": "mpn__alpha*mpn__h_D*(mpn__e_D_m*mpn__f_zygosity*mpn__a_m + mpn__e_D_w*mpn__a_w)",
        "matured": "mpn__kappa*mpn__alpha*mpn__a_m",
        "removed": "mpn__d_m*mpn__m_m",
    }
    counts = ("HCT", "PLT", "WBC", "AUC", "F")
    return Ranged.of("mpn", tuple(f"mpn__{name}" for name in (*stem, "m_m", "m_w", *counts)), ledgers=ledgers)


@over_ranges()
def test_property_stem_cells_change_by_renewal_and_mature_cells_by_maturation(neoplasm, seed) -> None:
    """Exit from quiescence and return move stem cells and make none, with and without drug."""
    columns = neoplasm.patients(seed, "mpn")
    found = neoplasm.course(columns, DAYS, regimens=WEEKLY)
    stem = sum(found[f"mpn__{state}"] for state in ("q_m", "a_m", "q_w", "a_w"))
    assert largest_gap(stem, 1 + found["gained"] - found["given_up"], scale=1 + found["given_up"]) < 1e-6
    start = columns["mpn__kappa"] * columns["mpn__alpha"] / columns["mpn__d_m"] * columns["mpn__F0"]
    start = start * columns["mpn__gam"] / (columns["mpn__beta"] + columns["mpn__gam"])
    held, turnover = found["matured"] - found["removed"], start[:, None] + found["matured"]
    assert largest_gap(found["mpn__m_m"], start[:, None] + held, scale=turnover) < 1e-6
    assert min(values.min() for values in found.values()) >= 0
    assert found["mpn__F"].max() <= 1


@over_ranges()
def test_law_wild_type_cells_and_counts_without_drug_come_to_rest(neoplasm, seed) -> None:
    columns = neoplasm.patients(seed, "mpn", mpn__D0_w=0.0)
    found = neoplasm.course(columns, np.array([100.0, 3000.0]))
    wild = found["mpn__q_w"] + found["mpn__a_w"]
    assert largest_gap(wild, 1 - columns["mpn__F0"][:, None], scale=1.0) < 1e-9
    for count in ("HCT", "PLT", "WBC"):
        assert found[f"mpn__{count}"][:, -1] == pytest.approx(columns[f"mpn__{count}ss"], rel=1e-6)


@over_ranges()
def test_law_the_clone_grows_below_its_least_concentration_and_shrinks_above(neoplasm, seed) -> None:
    """A steady concentration: nothing eliminates the drug. Ten years, after the first three."""
    columns = neoplasm.patients(seed, "mpn", interferon_pk__CL=0.0, interferon_response__a_drug=1.0)
    values = {name.removeprefix("mpn__"): column for name, column in columns.items()}
    least = least_concentration(values, multiplier=values["f_zygosity"])
    turns = np.isfinite(least)
    assert turns.any()
    days = np.array([1095.0, 4745.0])
    for share, sign in ((0.8, 1), (1.25, -1)):
        volume = 1 / (np.where(turns, least, 1.0) * share)
        iv = [Regimen(drug="interferon alfa-2a", dose=1.0, start=0.0, route="intravenous")]
        found = neoplasm.course({**columns, "interferon_pk__V": volume}, days, regimens=iv)
        clone = found["mpn__q_m"] + found["mpn__a_m"]
        assert np.all(sign * np.diff(clone, axis=1)[turns] > 0), share


@over_ranges()
def test_property_more_interferon_never_raises_a_count(neoplasm, seed) -> None:
    columns, days = neoplasm.patients(seed, "mpn"), np.linspace(7, 336, 48)
    less, more = (neoplasm.course(columns, days, regimens=_less(WEEKLY, share)) for share in (0.5, 1.0))
    for count in ("HCT", "PLT", "WBC"):
        assert never_below(less[f"mpn__{count}"], more[f"mpn__{count}"]), count


@pytest.fixture(scope="module")
def toxicity() -> Ranged:
    causes = ("fatigue", "headache", "depression", "thyroid", "serious", "withdrawal")
    names = [f"toxicity__H_{cause}" for cause in causes] + [f"h_ae_{cause}" for cause in causes]
    return Ranged.of("toxicity", ("C", "toxicity__exposure_days", "toxicity__x", *names))


@over_ranges()
def test_property_hazards_rise_with_the_dose_and_no_sum_falls(toxicity, seed) -> None:
    columns, days = toxicity.patients(seed, "toxicity"), np.linspace(0, 336, 49)
    less, more = (
        toxicity.course(columns, days, regimens=_less(WEEKLY, share), start=-1.0, settings=Settings())
        for share in (0.5, 1.0)
    )
    for name in less:
        assert less[name].min() >= 0 and never_below(more[name], less[name], tolerance=1e-6), name
        if name.startswith("toxicity__H_") or name.endswith("exposure_days"):
            assert np.all(np.diff(more[name], axis=1) >= 0), name


@over_ranges()
def test_law_under_a_steady_concentration_hazards_come_to_rest(toxicity, seed) -> None:
    """At the reference exposure every hazard ends at its row of the table, times frailty and its factor."""
    reference = parameter_table("toxicity")["C_ref_tox"].value
    still = {"interferon_pk__CL": 0.0, "interferon_pk__V": 1 / reference, "interferon_pk__t_first": 0.0}
    columns = toxicity.patients(seed, "toxicity", toxicity__w_cyt=1.0, toxicity__w=1.0, **still)
    iv = [Regimen(drug="interferon alfa-2a", dose=1.0, start=0.0, route="intravenous")]
    found = toxicity.course(columns, np.array([1.0, 4000.0]), regimens=iv, settings=Settings(rtol=1e-8))
    value = {name.removeprefix("toxicity__"): column for name, column in columns.items()}
    assert found["toxicity__x"] == pytest.approx(1.0, rel=1e-6)
    for cause, row in (("fatigue", "fat"), ("headache", "head"), ("thyroid", "thy"), ("serious", "sae")):
        assert found[f"h_ae_{cause}"][:, -1] == pytest.approx(value[f"h_{row}"] * value[f"k_{row}"], rel=1e-6), cause
