"""Laws of the transplant and of what is done after it over the ranges of their tables: balance, signs, rest, order by kill."""

from dataclasses import replace

import numpy as np
import pytest

from inferon.engine import Doses, Settings
from inferon.model.catalogue import parameter_table
from inferon.protocol import Regimen
from inferon.trial.simulate import SETTINGS as TRIAL

from .ranges import PATIENTS, Ranged, drawn, largest_gap, never_below, over_ranges

E, L = "transplant__", "post_transplant__"
STATES = ("A", "Q", "T_A", "T_L", "H", "H_x", "D", "G", "NK", "N_d", "cumulative_hazard")
LEDGERS = {
    "born": f"{E}birth*{E}A",
    "lost": f"{E}death*{E}A + {E}f_killQ*{E}kill*{E}Q",
    "woken": f"{E}wake*{E}Q",
    "asleep": f"{E}k_aq*{E}A",
    "dormant_lost": f"{E}f_killQ*{E}kill*{E}Q",
}
SETTINGS = Settings(rtol=1e-9, default_atol=1e-12, atol=TRIAL.atol)
DAYS = np.array([0.0, 10.0, 30.0, 90.0, 180.0, 365.0])
PEG = [Regimen(drug="peginterferon alfa-2a", dose=180, start=-1.0, interval=14, doses=4)]


@pytest.fixture(scope="module")
def composite() -> Ranged:
    names = (*(f"{E}{state}" if state not in ("G",) else state for state in STATES), "L", f"{E}kill", f"{E}h_nrm", "IS")
    return Ranged.of("post_transplant", (*names, "priming_dli", "F_exh"), ledgers=LEDGERS)


def _patients(composite: Ranged, seed: int, **columns) -> dict[str, np.ndarray]:
    """Transplant and response over their ranges; the load between ten and 10^11 cells, taper as in the table, no engraftment."""
    load = 10 ** np.random.default_rng(seed + 1).uniform(1, 11, PATIENTS)
    tapers = {f"{E}t_tap0": 100.0, f"{E}t_tap1": 170.0}
    return composite.patients(
        seed, "transplant", "interferon_response", "post_transplant", **{f"{E}L0": load, **tapers, **columns}
    )


def _course(composite: Ranged, columns, days=DAYS, regimens=PEG) -> dict[str, np.ndarray]:
    return composite.course(columns, days, regimens=regimens, start=-1.0, settings=SETTINGS)


@over_ranges()
def test_property_leukaemic_cells_are_born_die_wake_and_sleep_and_none_is_lost(composite, seed) -> None:
    columns = _patients(composite, seed)
    found = _course(composite, columns)
    start, dormant = columns[f"{E}L0"], columns[f"{E}L0"] * columns[f"{E}f_Q"]
    turnover = start[:, None] + found["born"]
    assert largest_gap(found["L"], start[:, None] + found["born"] - found["lost"], scale=turnover) < 1e-6
    asleep = dormant[:, None] + found["asleep"] - found["woken"] - found["dormant_lost"]
    assert largest_gap(found[f"{E}Q"], asleep, scale=turnover + found["asleep"]) < 1e-6


@over_ranges()
def test_property_after_a_trigger_states_keep_their_signs_and_bounds(composite, seed) -> None:
    columns = _patients(composite, seed, **{f"{L}t_trigger": 60.0, f"{L}t_tki0": 60.0, f"{L}t_tki1": 400.0})
    found = _course(composite, columns)
    assert min(values.min() for values in found.values()) >= 0
    for share in ("H", "H_x", "D", "NK", "N_d"):
        assert found[f"{E}{share}"].max() <= 1 + 1e-6, share
    assert found["G"].max() <= 1 and found["F_exh"].max() <= 1 and found["IS"].max() <= 1
    assert np.all(np.diff(found[f"{E}cumulative_hazard"], axis=1) >= 0)


@over_ranges()
def test_law_without_leukaemia_T_cells_or_drug_everything_decays_by_itself(composite, seed) -> None:
    """Each state has a closed form; the graft's neutrophils and NK cells reach their plateau, tissue heals."""
    none = {f"{E}{name}": 0.0 for name in ("L0", "T_A0", "T_L0")}
    columns = _patients(composite, seed, **none)
    found = _course(composite, columns, regimens=[])
    since = DAYS + 1
    for state, start, rate in (
        ("H", 1.0, "k_H"),
        ("H_x", columns[f"{E}Hx0"], "k_Hx"),
        ("G", columns[f"{E}G0"], "k_rep"),
    ):
        expected = np.reshape(start, (-1, 1)) * np.exp(-np.outer(columns[f"{E}{rate}"], since))
        name = "G" if state == "G" else f"{E}{state}"
        assert found[name] == pytest.approx(expected, rel=1e-6, abs=1e-12), state
    assert found["L"].max() == 0
    assert found[f"{E}N_d"][:, -1] == pytest.approx(1.0, rel=1e-6)
    assert found[f"{E}NK"][:, -1] == pytest.approx(1.0, rel=1e-4)


@over_ranges()
def test_property_more_leukaemia_at_the_start_is_more_leukaemia_for_a_month(composite, seed) -> None:
    columns = _patients(composite, seed)
    more = {**columns, f"{E}L0": np.minimum(1.5 * columns[f"{E}L0"], 1e11)}
    days = np.linspace(0, 30, 31)
    few, many = (_course(composite, c, days=days, regimens=[])["L"] for c in (columns, more))
    assert never_below(many, few)


@over_ranges()
def test_law_the_boost_of_an_infusion_fades_with_its_time(composite, seed) -> None:
    columns = _patients(composite, seed, **{f"{L}t_trigger": 60.0})
    state = composite.model.kernel.states.index("priming_dli")
    one, boost = np.ones((PATIENTS, 1)), drawn(parameter_table("post_transplant")["w_dli"], np.random.default_rng(seed))
    infusion = Doses(60.0 * one, boost[:, None], 0 * one, np.full((PATIENTS, 1), state, np.int64))
    days = np.array([59.0, 61.0, 150.0, 365.0])
    found = composite.course(columns, days, doses=infusion, start=-1.0, settings=SETTINGS)["priming_dli"]
    expected = boost[:, None] * np.exp(-np.outer(1 / columns[f"{L}tau_dli"], days - 60))
    assert found[:, 1:] == pytest.approx(expected[:, 1:], rel=1e-6)
    assert np.all(found[:, 0] == 0)


@over_ranges()
def test_property_a_stronger_inhibitor_never_means_more_leukaemia_for_two_months(composite, seed) -> None:
    columns = _patients(composite, seed, **{f"{L}t_trigger": 60.0, f"{L}t_tki0": 60.0, f"{L}t_tki1": 400.0})
    stronger = {**columns, f"{L}k_t": 1.5 * columns[f"{L}k_t"]}
    days = np.linspace(60, 120, 31)
    weak, strong = (_course(composite, c, days=days, regimens=[])["L"] for c in (columns, stronger))
    assert never_below(weak, strong)


def _excess_by_more(composite: Ranged, seed: int, *, dose: float = 0.0, factor: float = 1.0) -> np.ndarray:
    """Greatest log10 excess within a year of each patient's leukaemia when interferon is doubled or NK kill multiplied."""
    columns, days = _patients(composite, seed), np.linspace(0, 365, 74)
    more = {**columns, f"{E}k_N": factor * columns[f"{E}k_N"]}
    given = [[replace(PEG[0], dose=d)] if d else [] for d in (dose, 2 * dose)]
    less, much = (
        _course(composite, c, days=days, regimens=r)["L"] for c, r in zip((columns, more), given, strict=True)
    )
    return np.log10(np.maximum(much, 1.0) / np.maximum(less, 1.0)).max(axis=1)


@pytest.mark.xfail(
    strict=True,
    reason="in 23 % of patients over the ranges twice the dose means more leukaemia at some time of the year, up to tenfold: "
    "interferon wakes dormant cells, and what it kills early no longer primes T cells",
)
def test_property_more_interferon_never_means_more_leukaemia(composite) -> None:
    assert max(_excess_by_more(composite, seed, dose=90.0).max() for seed in range(3)) < 1e-3


@pytest.mark.xfail(
    strict=True,
    reason="in 18 % of patients over the ranges NK cells half as strong again mean more leukaemia later, up to 250-fold: antigen "
    "they remove no longer primes T cells",
)
def test_property_stronger_NK_cells_never_mean_more_leukaemia(composite) -> None:
    assert max(_excess_by_more(composite, seed, factor=1.5).max() for seed in range(3)) < 1e-3
