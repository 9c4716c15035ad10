"""What must hold for dosing records whatever the numbers: closed forms, and records that say the same in two ways."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inferon.protocol import read_records, simulate_records

from .nonmem_suite import COMPARTMENTS, COVARIATES, VALUES, oral_model

K, KA, V = VALUES["CL"] / VALUES["V"], VALUES["ka"], VALUES["V"]
DEFAULTS = {"LAGT": 0.0, "MODE": 0, "DUR2": 2.0, "RAT2": 10.0, "BIOAV": 1.0}
OBSERVED = (0.0, 0.5, 3.0, 11.0, 12.0, 17.5, 24.0, 40.0, 60.0, 61.0, 75.0)


def _table(*doses: dict[str, float], at: tuple[float, ...] = OBSERVED, **columns: float) -> pl.DataFrame:
    """One subject: dose records first at each time, then observations."""
    items = ("TIME", "AMT", "RATE", "II", "ADDL", "SS", "EVID", "CMT")
    rows = [{"EVID": 1, "CMT": 1, **dose} for dose in doses] + [{"TIME": time, "CMT": 2} for time in at]
    filled = [{"ID": 1, **{item: row.get(item, 0) for item in items}, **DEFAULTS, **columns} for row in rows]
    frame = pl.DataFrame(
        filled, schema_overrides=dict.fromkeys(("TIME", "AMT", "RATE", "II"), pl.Float64), strict=False
    )
    return frame.sort("TIME", maintain_order=True)


def _simulate(table: pl.DataFrame) -> pl.DataFrame:
    shown = simulate_records(oral_model(), read_records(table, COVARIATES), compartments=COMPARTMENTS)
    assert set(shown["status"]) == {"ok"}
    return shown


def _concentration(table: pl.DataFrame) -> np.ndarray:
    """Concentrations at the observations."""
    return _simulate(table).filter(pl.col("EVID") == 0)["CP"].to_numpy()


def _same(one: np.ndarray, other: np.ndarray, relative: float = 1e-6) -> None:
    assert one == pytest.approx(other, rel=relative, abs=1e-4)


def test_law_a_depot_bolus_follows_its_closed_form() -> None:
    t = np.array(OBSERVED)
    expected = 1000 / V * 100 * KA / (KA - K) * (np.exp(-K * t) - np.exp(-KA * t))
    _same(_concentration(_table({"TIME": 0, "AMT": 100})), expected)


@pytest.mark.parametrize("share", [1.0, 0.4])
def test_law_an_infusion_follows_its_closed_form_and_bioavailability_shortens_it(share: float) -> None:
    t, duration = np.array(OBSERVED), share * 100 / 8
    during = 8 / K * -np.expm1(-K * np.minimum(t, duration)) * np.exp(-K * np.maximum(t - duration, 0))
    _same(_concentration(_table({"TIME": 0, "AMT": 100, "RATE": 8, "CMT": 2}, BIOAV=share)), 1000 / V * during)


@pytest.mark.parametrize("code", [-1, -2])
@pytest.mark.parametrize("share", [1.0, 0.4])
def test_law_modelled_rate_and_duration_are_the_infusion_they_say(code: int, share: float) -> None:
    modelled = _table({"TIME": 0, "AMT": 100, "RATE": code, "CMT": 2}, BIOAV=share, RAT2=12.5, DUR2=9)
    rate = 12.5 if code == -1 else share * 100 / 9
    written = _table({"TIME": 0, "AMT": 100, "RATE": rate, "CMT": 2}, BIOAV=share)
    _same(_concentration(modelled), _concentration(written))


def test_law_a_lag_is_the_same_dose_later() -> None:
    late = _table({"TIME": 0, "AMT": 100, "CMT": 2, "II": 12, "ADDL": 2}, LAGT=3.25)
    moved = _table({"TIME": 3.25, "AMT": 100, "CMT": 2, "II": 12, "ADDL": 2})
    _same(_concentration(late), _concentration(moved))


@settings(max_examples=15)
@given(
    interval=st.integers(1, 40).map(lambda q: q / 4),
    more=st.integers(1, 8),
    rate=st.sampled_from([0.0, 7.5, 40.0]),
    cmt=st.sampled_from([1, 2]),
)
def test_property_additional_doses_are_the_doses_written_out(interval: float, more: int, rate: float, cmt: int) -> None:
    dose = {"AMT": 60, "RATE": rate, "CMT": cmt}
    short = _table({"TIME": 1, "II": interval, "ADDL": more, **dose})
    long = _table(*({"TIME": 1 + i * interval, **dose} for i in range(more + 1)))
    _same(_concentration(short), _concentration(long))


def test_law_reset_and_dose_is_a_reset_and_then_a_dose() -> None:
    before = {"TIME": 0, "AMT": 100, "RATE": 2, "CMT": 2, "II": 12, "ADDL": 8}
    one = _table(before, {"TIME": 20, "EVID": 4, "AMT": 70, "II": 9, "ADDL": 1})
    two = _table(before, {"TIME": 20, "EVID": 3}, {"TIME": 20, "AMT": 70, "II": 9, "ADDL": 1})
    _same(_concentration(one), _concentration(two))


def test_law_a_reset_drops_amounts_running_infusions_and_doses_to_come() -> None:
    table = _table({"TIME": 0, "AMT": 100, "RATE": 2, "CMT": 2, "II": 12, "ADDL": 8}, {"TIME": 20, "EVID": 3}, LAGT=1)
    after = _simulate(table).filter(pl.col("TIME") >= 20)
    assert after["CP"].to_list() == [0.0] * after.height


def test_law_time_may_begin_again_at_a_reset() -> None:
    first = _table({"TIME": 0, "AMT": 100}, at=(1.0, 8.0))
    again = _table({"TIME": 0, "AMT": 40, "EVID": 4}, at=(1.0, 8.0))
    both = _concentration(pl.concat([first, again]))
    _same(both, np.concatenate([_concentration(first), _concentration(again)]))


STEADY = [
    {"AMT": 100, "II": 12, "CMT": 1},
    {"AMT": 100, "II": 12, "CMT": 2, "LAGT": 10},
    {"AMT": 100, "II": 12, "CMT": 2, "LAGT": 12},
    {"AMT": 100, "II": 12, "CMT": 2, "LAGT": 30},
    {"AMT": 100, "II": 12, "CMT": 2, "RATE": 20, "BIOAV": 0.6},
    {"AMT": 100, "II": 10, "CMT": 2, "RATE": 10},
    {"AMT": 100, "II": 6, "CMT": 2, "RATE": 100 / 12},
    {"AMT": 100, "II": 6, "CMT": 2, "RATE": 7, "LAGT": 4.5},
    {"AMT": 100, "II": 8, "CMT": 2, "RATE": 20, "LAGT": 6},
    {"AMT": 100, "II": 8, "CMT": 2, "RATE": -2, "LAGT": 19, "DUR2": 21},
    {"AMT": 100, "II": 24, "CMT": 2, "RATE": -1, "RAT2": 30},
]


@pytest.mark.parametrize("record", STEADY, ids=lambda r: " ".join(f"{k}={v:.3g}" for k, v in r.items()))
def test_law_steady_state_is_long_repeated_dosing(record: dict[str, float]) -> None:
    columns = {name: record[name] for name in DEFAULTS if name in record}
    dose = {name: value for name, value in record.items() if name not in DEFAULTS}
    before = 80
    steady = _table({"TIME": 0, "SS": 1, "ADDL": 4, **dose}, **columns)
    repeated = _table({"TIME": -before * dose["II"], "ADDL": before + 4, **dose}, **columns)
    _same(_concentration(steady), _concentration(repeated))


@pytest.mark.parametrize("rate", [0, 7])
def test_law_a_second_steady_state_is_added_to_what_is_there(rate: float) -> None:
    first = {"TIME": 0, "AMT": 100, "II": 24, "ADDL": 2, "SS": 1}
    second = {"TIME": 12, "AMT": 50, "II": 24, "ADDL": 2, "RATE": rate, "CMT": 2}
    both = _concentration(_table(first, {**second, "SS": 2}, LAGT=3))
    alone = [_concentration(_table({**dose, "SS": 1}, LAGT=3)) for dose in (first, second)]
    later = np.array(OBSERVED) >= 12
    _same(both[later], sum(alone)[later])
    _same(both[~later], alone[0][~later])


def test_law_a_constant_infusion_at_steady_state_is_at_rest_and_ends_at_its_record() -> None:
    t = np.array(OBSERVED)
    shown = _concentration(_table({"TIME": 0, "AMT": 0, "RATE": 10, "SS": 1, "CMT": 2}, BIOAV=0.5))
    _same(shown, 1000 / V * 10 / K * np.exp(-K * t))


def test_law_doses_add_up() -> None:
    doses = [{"TIME": 0, "AMT": 30}, {"TIME": 5, "AMT": 80, "RATE": 6, "CMT": 2}, {"TIME": 12, "AMT": 10, "CMT": 2}]
    alone = [_concentration(_table(dose, BIOAV=0.7, LAGT=1)) for dose in doses]
    _same(_concentration(_table(*doses, BIOAV=0.7, LAGT=1)), sum(alone))


def test_law_records_at_one_time_are_taken_in_their_order() -> None:
    table = pl.DataFrame({"ID": [1, 1, 1], "TIME": [0.0, 0.0, 0.0], "AMT": [0, 100, 0], "CMT": 2, "EVID": [0, 1, 0]})
    shown = _simulate(table.with_columns(**{name: pl.lit(value) for name, value in DEFAULTS.items()}))
    assert shown["CP"].to_list() == [0.0, 5000.0, 5000.0]


def test_law_an_additional_dose_is_given_before_an_observation_at_its_time_despite_rounding() -> None:
    table = _table({"TIME": 0, "AMT": 100, "CMT": 2, "II": 0.1, "ADDL": 3}, at=(0.3,))
    assert 0.1 * 3 > 0.3
    _same(_concentration(table), np.array([5000 * np.exp(-K * np.arange(4) / 10).sum()]))


def test_law_subjects_do_not_disturb_each_other() -> None:
    tables = [
        _table({"TIME": 0, "AMT": 100 * n, "II": 12, "ADDL": n, "SS": n % 2}, at=OBSERVED[n:]).with_columns(
            ID=pl.lit(n)
        )
        for n in range(1, 5)
    ]
    together = _simulate(pl.concat(tables))
    for table in tables:
        alone = _simulate(table)
        assert together.filter(pl.col("ID") == table["ID"][0])["CP"].to_list() == alone["CP"].to_list()
