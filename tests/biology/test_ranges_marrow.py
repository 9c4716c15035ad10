"""Laws of haematopoiesis and of a leukaemic clone over the ranges of the table: rest, balance, signs, order."""

import numpy as np
import pytest

from inferon.engine import Settings
from inferon.model.catalogue import parameter_table

from .ranges import Ranged, drawn, largest_gap, over_ranges

TABLE = parameter_table("marrow")
COUNTS = tuple(f"marrow__{count}" for count in ("ANC", "PLT", "HB", "ALC"))
CELLS = ("marrow__C1", "marrow__C2", "leukaemia__L1", "leukaemia__L2", "leukaemia__L3")
BLOOD = tuple(f"marrow__B_{lineage}" for lineage in "NPRB")
CHAIN = tuple(f"marrow__X_N{step}" for step in (1, 2, 3))
LEDGERS = {
    "divided": "marrow__p1*marrow__C1 + marrow__p2*marrow__C2",
    "matured": "2*(1 - marrow__a2*s)*marrow__p2*marrow__C2",
    "crowded_out": "marrow__dl*(marrow__C1 + marrow__C2)",
    "entered": "marrow__J",
    "left": "marrow__B_N",
}
SETTINGS = Settings(rtol=1e-9, default_atol=1e-12, atol=dict.fromkeys(CELLS, 1e-3))
DAYS = np.array([1.0, 30.0, 100.0, 250.0, 500.0])


@pytest.fixture(scope="module")
def marrow() -> Ranged:
    names = (*COUNTS, *CELLS, *BLOOD, *CHAIN, "M", "s", "blast_fraction")
    return Ranged.of("marrow", names, ledgers=LEDGERS)


def _people(
    marrow: Ranged, seed: int, clone: float = 0.0, preset: str = "AML_default", **columns
) -> dict[str, np.ndarray]:
    """Marrows over the ranges; the marrow's own constants are the same in every module that has them."""
    found = marrow.patients(seed, "marrow", "leukaemia", "marrow_space")
    for name in list(found):
        module, symbol = name.split("__")
        if module != "marrow" and f"marrow__{symbol}" in found:
            found[name] = found[f"marrow__{symbol}"]
    generator = np.random.default_rng(seed + 1)
    for name, row in (("a1L", "a1L"), ("p1L", "p1L"), ("p2L", "p1L")):
        found[f"leukaemia__{name}"] = drawn(TABLE[f"{row}_{preset}"], generator)
    fixed = {"leukaemia__L1_0": clone, **columns}
    return {**found, **{name: np.broadcast_to(value, len(found["marrow__a1"])) for name, value in fixed.items()}}


@over_ranges()
def test_law_health_is_a_steady_state_whatever_its_constants(marrow, seed) -> None:
    found = marrow.course(_people(marrow, seed), DAYS, settings=SETTINGS)
    for name in BLOOD:
        assert found[name] == pytest.approx(1.0, rel=1e-6), name
    assert found["M"] == pytest.approx(1.0, rel=1e-6)


def _after_a_loss(marrow: Ranged, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """How far neutrophils still swing in the tenth year after half of everything was lost, and each marrow's transit time."""
    lost = {"marrow__remaining_C1": 0.5, "marrow__remaining_other": 0.5}
    people = _people(marrow, seed, **lost)
    found = marrow.course(people, np.arange(3300.0, 3650.0, 10.0), settings=SETTINGS)["marrow__B_N"]
    return np.abs(found - 1).max(axis=1), _transit(people)


def _transit(people: dict[str, np.ndarray]) -> np.ndarray:
    """Transit time of neutrophils in units of the residence of a committed cell."""
    k_N, N0, MTT, committed = (people[f"marrow__{symbol}"] for symbol in ("k_N", "N0", "MTT_N", "C2ss"))
    return MTT * k_N * N0 / committed


@over_ranges(8)
def test_law_a_marrow_with_a_short_transit_comes_back_to_health(marrow, seed) -> None:
    swing, transit = _after_a_loss(marrow, seed)
    assert swing[transit < 2.5].max() < 0.01


@pytest.mark.xfail(
    strict=True,
    reason="in 5 % of the ranges (138 of 3000 marrows, all with a transit above 2.7) neutrophils cycle for good, up to 1.2 times "
    "their normal count from peak to trough; the table's own values have a transit of 1.15",
)
def test_law_every_marrow_comes_back_to_health(marrow) -> None:
    assert max(_after_a_loss(marrow, seed)[0].max() for seed in range(6)) < 0.01


@over_ranges()
def test_property_every_division_makes_two_cells_and_none_is_lost_on_the_way(marrow, seed) -> None:
    """Cells of the marrow change by divisions less those that mature or are crowded out; blood by what enters and leaves."""
    people = _people(marrow, seed, clone=1e3)
    found = marrow.course(people, DAYS, settings=SETTINGS)
    cells, start = found["marrow__C1"] + found["marrow__C2"], people["marrow__C1ss"] + people["marrow__C2ss"]
    ledger = start[:, None] + found["divided"] - found["matured"] - found["crowded_out"]
    assert largest_gap(cells, ledger, scale=start[:, None] + found["divided"]) < 1e-6
    transit, removal = people["marrow__MTT_N"] / 3, people["marrow__k_N"]
    held = transit[:, None] * sum(found[name] for name in CHAIN) + found["marrow__B_N"] / removal[:, None]
    before = 3 * transit + 1 / removal
    assert largest_gap(held - before[:, None], found["entered"] - found["left"], scale=held + found["entered"]) < 1e-6


@over_ranges()
def test_property_nothing_is_negative_and_the_marrow_does_not_burst(marrow, seed) -> None:
    for preset in ("AML_fast", "AML_default", "AML_slow", "ALL"):
        people = _people(marrow, seed, clone=1e5, preset=preset)
        found = marrow.course(people, DAYS, settings=SETTINGS)
        assert min(found[name].min() for name in (*COUNTS, *CELLS, *BLOOD, *CHAIN)) >= 0, preset
        assert found["blast_fraction"].max() <= 1
        assert found["s"].max() <= 1
        full = people["marrow__M_cap"] + _fastest_division(people) / people["marrow__d_crowd"]
        assert (found["M"].max(axis=1) <= full).all(), (
            "where crowding kills as fast as cells can divide, the marrow is full"
        )


def _fastest_division(people: dict[str, np.ndarray]) -> np.ndarray:
    """The highest rate at which any cell of a marrow divides, 1/d: a division adds one cell at most."""
    a1, p1 = people["marrow__a1"], people["marrow__p1"]
    committed = people["marrow__k_N"] * people["marrow__N0"] / (people["marrow__C1ss"] * p1)
    a2 = a1 * (2 - committed) / (1 - committed)
    p2 = p1 * people["marrow__C1ss"] / people["marrow__C2ss"] / (1 - a2 / a1)
    return np.max([p1, p2, people["leukaemia__p1L"], people["leukaemia__p2L"]], axis=0)


def _blood_by_clone(marrow: Ranged, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The most a clone ten times as large has more of any lineage, shares of health, and the transit time of each marrow."""
    days = np.linspace(0, 400, 81)[1:]
    few, many = (marrow.course(_people(marrow, seed, clone=c), days, settings=SETTINGS) for c in (1e3, 1e4))
    gain = np.max([(many[name] - few[name]).max(axis=1) for name in BLOOD], axis=0)
    return gain, _transit(_people(marrow, seed))


@over_ranges(6)
def test_property_more_leukaemia_never_means_more_blood_beyond_a_fiftieth(marrow, seed) -> None:
    """In marrows that come back to health; one that cycles is met by the larger clone in another part of its cycle."""
    gain, transit = _blood_by_clone(marrow, seed)
    assert gain[transit < 2.5].max() < 0.02


@pytest.mark.xfail(
    strict=True,
    reason="a larger clone leaves up to 1.5 % of the normal neutrophils more, mostly where blood is nearly empty: blasts in the "
    "blood count in the feedback signal; 10 of 3024 marrows, all with a transit above 4.3 and cycling, have up to 37 % more",
)
def test_property_more_leukaemia_never_means_more_blood(marrow) -> None:
    assert max(_blood_by_clone(marrow, seed)[0].max() for seed in range(6)) < 1e-6


@over_ranges()
def test_law_without_leukaemic_stem_cells_no_leukaemia_comes(marrow, seed) -> None:
    found = marrow.course(_people(marrow, seed), DAYS, settings=SETTINGS)
    assert all(np.all(found[name] == 0) for name in CELLS[2:])
