"""Named conditioning regimens: what they kill, how patients differ, and what the transplant composite receives."""

import numpy as np
import pytest

from inferon.biology.radiation import functions as radiation
from inferon.model import load_composite
from inferon.model.catalogue import parameter_table
from inferon.protocol.conditioning import (
    REGIMENS,
    SCHEDULES,
    Conditioning,
    Irradiation,
    conditioned,
    conditioning,
    drug_kill,
    early_toxicity_factor,
    graft_t_cell_factor,
    irradiation,
    irradiation_kill,
    leukaemia_kill,
    log_kill,
    radiation_values,
)

EQUIVALENCES = {
    "cyclophosphamide + TBI 12 Gy": ("myeloablative", 3.0, 4.0, 3.3),
    "busulfan + cyclophosphamide": ("myeloablative", 3.0, 4.0, 1.8),
    "fludarabine + busulfan 12.8 mg/kg": ("myeloablative", 2.5, 3.6, 1.8),
    "fludarabine + melphalan": ("reduced intensity", 2.3, 2.1, 2.3),
    "fludarabine + busulfan 6.4 mg/kg": ("reduced intensity", 1.4, 1.9, 1.65),
    "fludarabine + TBI 2 Gy": ("non-myeloablative", 0.56, 0.58, 1.06),
    "TBI 2 Gy": ("non-myeloablative", 0.36, 0.58, 0.30),
    "fludarabine + TBI 8 Gy": ("reduced intensity", 1.8, 2.4, 2.7),
}
"""Section 5 of module K: class and log10 kill of leukaemia, stem cells and T cells, as printed."""


@pytest.mark.parametrize("name", EQUIVALENCES)
def test_oracle_regimens_sum_to_the_printed_equivalences(name: str) -> None:
    given, (intensity, *printed) = conditioning(name), EQUIVALENCES[name]
    kill = log_kill(given)
    assert given.intensity == intensity
    obtained = (kill.leukaemia, kill.stem_cells, kill.t_cells)
    for value, expected in zip(obtained, printed, strict=True):
        assert value == pytest.approx(expected, abs=0.051 if expected * 10 % 1 < 1e-9 else 0.011)


def test_oracle_the_reference_regimen_has_the_class_constants_of_the_marrow_module() -> None:
    kill, marrow = log_kill(conditioning("busulfan + cyclophosphamide")), parameter_table("marrow")
    assert kill.stem_cells == pytest.approx(marrow["LK_C1_MAC"].value)
    assert kill.progenitors == pytest.approx(marrow["LK_C2_MAC"].value)
    assert kill.leukaemia == pytest.approx(parameter_table("transplant")["LK_cond_mac"].value)


def test_law_intensity_orders_the_kill_of_leukaemia() -> None:
    ranks = {"non-myeloablative": 0, "reduced intensity": 1, "myeloablative": 2}
    kills = [[], [], []]
    for name in REGIMENS:
        kills[ranks[conditioning(name).intensity]].append(log_kill(conditioning(name)).leukaemia)
    assert max(kills[0]) < min(kills[1]) and max(kills[1]) < min(kills[2])


def test_law_a_regimen_is_the_sum_of_its_parts() -> None:
    given = conditioning("cyclophosphamide + TBI 12 Gy")
    total = vars(log_kill(given))
    parts = vars(irradiation_kill(irradiation("12 Gy"))), vars(drug_kill(given))
    assert {name: parts[0][name] + parts[1][name] for name in total} == total
    assert vars(log_kill(Conditioning(name="none", intensity="none"))) == dict.fromkeys(total, 0.0)


def test_law_fractionation_spares_the_lung_at_the_same_kill_of_leukaemia() -> None:
    fractionated, single = (irradiation_kill(irradiation(name)) for name in ("12 Gy", "10 Gy single, 0.25 Gy/min"))
    assert fractionated.leukaemia > single.leukaemia
    assert fractionated.late_dose_gy < 0.6 * single.late_dose_gy


@pytest.mark.parametrize("name", SCHEDULES)
def test_law_fractions_applied_one_by_one_leave_what_the_course_leaves(name: str) -> None:
    given = irradiation(name)
    kill = irradiation_kill(given).stem_cells
    left = 1.0
    for _ in given.days:
        left *= radiation.surviving_share(kill, given.fractions)
    assert left == pytest.approx(10**-kill, rel=1e-12)
    assert len(given.days) == given.fractions and given.days[0] == 0 and np.all(np.diff(given.days) > 0)


@pytest.mark.parametrize("name", REGIMENS)
def test_law_patients_differ_by_one_log_about_the_typical_kill(name: str) -> None:
    z = np.random.default_rng(3).normal(size=(2, 40_000))
    kill = leukaemia_kill(conditioning(name), *z)
    assert kill.std() == pytest.approx(parameter_table("transplant")["sd_LK_cond"].value, abs=0.03)
    assert np.median(kill) == pytest.approx(log_kill(conditioning(name)).leukaemia, abs=0.1)
    none = np.zeros(1)
    assert leukaemia_kill(conditioning(name), none, none) == pytest.approx(log_kill(conditioning(name)).leukaemia)


@pytest.mark.parametrize("alpha", [0.3, 0.4, 1.0])
def test_law_the_sensitivity_of_leukaemia_reaches_leukaemia_only(alpha: float) -> None:
    given = conditioning("cyclophosphamide + TBI 12 Gy")
    changed, usual = log_kill(given, changed={"al_L": alpha}), log_kill(given)
    assert changed.leukaemia - usual.leukaemia == pytest.approx((alpha - 0.4) * 12 / np.log(10))
    assert (changed.stem_cells, changed.t_cells) == (usual.stem_cells, usual.t_cells)


def test_oracle_early_toxicity_of_regimens() -> None:
    factors = {name: early_toxicity_factor(conditioning(name)) for name in REGIMENS}
    assert factors["cyclophosphamide + TBI 12 Gy"] == pytest.approx(2, abs=0.001)
    assert factors["busulfan + cyclophosphamide"] == pytest.approx(1.2)
    assert factors["fludarabine + busulfan 12.8 mg/kg"] == parameter_table("transplant")["f_mac"].value
    mild = [n for n in REGIMENS if conditioning(n).intensity != "myeloablative"]
    assert {factors[n] for n in mild} == {1.0}
    assert factors["cyclophosphamide + TBI 15.75 Gy"] > factors["cyclophosphamide + TBI 14 Gy"] > 3


def test_law_serotherapy_reaches_the_T_cells_of_host_and_graft_only() -> None:
    names = [f"fludarabine + busulfan 6.4 mg/kg{end}" for end in ("", " + ATG")]
    without, with_it = (log_kill(conditioning(name)) for name in names)
    assert with_it.t_cells == without.t_cells + 1 and with_it.leukaemia == without.leukaemia
    assert [graft_t_cell_factor(conditioning(name)) for name in names] == [1.0, 0.3]


@pytest.mark.parametrize("name", REGIMENS)
def test_law_the_transplant_composite_has_the_columns_it_receives(name: str) -> None:
    given, load, none = conditioning(name), np.array([7.0, 9.3, 11.2]), np.zeros(3)
    columns, kill = conditioned(given, load, none, none), log_kill(given)
    assert set(columns) <= set(load_composite("transplant").parameters)
    assert np.log10(columns["transplant__L0"]) == pytest.approx(load - kill.leukaemia)
    assert columns["host__remaining_C1"] == pytest.approx(np.full(3, 10**-kill.stem_cells))
    assert np.all((columns["host__remaining_other"] > 0) & (columns["host__remaining_other"] < 1))
    assert np.all(columns["transplant__f_conditioning"] >= 1)


def test_fault_names_and_schedules_that_do_not_exist_are_refused() -> None:
    with pytest.raises(KeyError, match="unknown conditioning 'Cy/TBI'; allowed: cyclophosphamide"):
        conditioning("Cy/TBI")
    with pytest.raises(KeyError, match="unknown irradiation '11 Gy'; allowed: 2 Gy"):
        irradiation("11 Gy")
    with pytest.raises(KeyError, match="unknown parameter 'alpha'"):
        radiation_values({"alpha": 1.0})
    for wrong in ({"fractions": 0}, {"fraction_gy": 0.0}, {"gap_days": -1.0}, {"delivery_days": -0.1}):
        with pytest.raises(ValueError, match="is no schedule; allowed: a fraction or more"):
            Irradiation(**{"fractions": 1, "fraction_gy": 2.0, **wrong})
