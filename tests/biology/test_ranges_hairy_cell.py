"""Laws of hairy-cell leukaemia over the ranges of its table: balance, signs, where the index rests, order by drug."""

import numpy as np
import pytest

from inferon.engine import Doses

from .ranges import PATIENTS, Ranged, largest_gap, never_below, over_ranges

LEDGERS = {
    "entered": "Ceq",
    "gone": "hairy_cell__a_drug*C_before",
    "grown": "hairy_cell__g*hairy_cell__Hc",
    "held_back": "hairy_cell__g*hairy_cell__Hc*hairy_cell__Hc/hairy_cell__Hc_max",
    "killed": "hairy_cell__k_hcl*hairy_cell__E_ifn*hairy_cell__Hc"
    f" + {float(np.log(10))!r}*hairy_cell__LK_clad*E_chemo*hairy_cell__Hc",
}
DAYS = np.array([5.0, 20.0, 60.0, 100.0, 365.0])


@pytest.fixture(scope="module")
def leukaemia() -> Ranged:
    names = (
        "hairy_cell__Hc",
        "hairy_cell__Ceq24",
        "hairy_cell__E_ifn",
        "f_anc",
        "f_plt",
        "f_hb",
        "marrow__ANC",
        "marrow__PLT",
    )
    return Ranged.of("hairy_cell", names, ledgers=LEDGERS)


def _doses(leukaemia: Ranged, *, weekly: float, course: float) -> Doses:
    """Drug (ug) every week for ten weeks, the same a week later into its copy, and days of a purine analogue from day 30."""
    states, weeks = leukaemia.model.kernel.states.index, 7.0 * np.arange(10)
    times = np.concatenate([weeks, weeks + 7.0, [30.0]])
    amounts = np.concatenate([np.full(20, weekly), [course]])
    into = (
        [states("interferon_pk__A_c")] * 10
        + [states("interferon_before__A_c")] * 10
        + [states("hairy_cell__days_left")]
    )
    order = np.argsort(times, kind="stable")
    shape = (PATIENTS, len(times))
    time, amount, state = (np.broadcast_to(np.asarray(a)[order], shape).copy() for a in (times, amounts, into))
    return Doses(time, amount, np.zeros(shape), state.astype(np.int64))


def _course(leukaemia: Ranged, seed: int, *, weekly: float = 0.0, course: float = 0.0, days=DAYS):
    alike = {"hairy_cell__a_drug": 1.0, "interferon_response__a_drug": 1.0}  # the potency of one product
    own = leukaemia.patients(seed, "hairy_cell", **alike)
    return own, leukaemia.course(own, days, doses=_doses(leukaemia, weekly=weekly, course=course))


@over_ranges()
def test_property_the_index_and_the_trailing_mean_balance_and_keep_their_signs(leukaemia, seed) -> None:
    own, found = _course(leukaemia, seed, weekly=3.0, course=10.0)
    index, start = found["hairy_cell__Hc"], own["hairy_cell__Hc0"][:, None]
    lost = found["held_back"] + found["killed"]
    assert largest_gap(index, start + found["grown"] - lost, scale=start + found["grown"]) < 1e-6
    within = (found["entered"] - found["gone"]) / own["hairy_cell__window"][:, None]
    assert largest_gap(found["hairy_cell__Ceq24"], within, scale=found["entered"].max()) < 1e-6
    assert min(values.min() for values in found.values()) >= 0
    assert all(found[name].max() <= 1 for name in ("hairy_cell__E_ifn", "f_anc", "f_plt", "f_hb"))


@over_ranges()
def test_law_untreated_the_index_comes_to_rest_at_its_bound(leukaemia, seed) -> None:
    own, found = _course(leukaemia, seed, days=np.array([10.0, 15_000.0]))
    assert found["hairy_cell__Hc"][:, -1] == pytest.approx(own["hairy_cell__Hc_max"], rel=1e-4)


@over_ranges()
def test_property_more_drug_or_a_course_never_means_more_hairy_cells(leukaemia, seed) -> None:
    days = np.linspace(0, 365, 74)
    nothing, some, more, both = (
        _course(leukaemia, seed, weekly=w, course=c, days=days)[1]["hairy_cell__Hc"]
        for w, c in ((0.0, 0.0), (1.0, 0.0), (4.0, 0.0), (4.0, 10.0))
    )
    for greater, smaller in ((nothing, some), (some, more), (more, both)):
        assert never_below(greater, smaller)
