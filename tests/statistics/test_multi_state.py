"""Multi-state estimates against a plain-Python second implementation, closed forms, and the laws they must obey."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inferon.statistics.curves.aalen_johansen import aalen_johansen
from inferon.statistics.curves.kaplan_meier import kaplan_meier
from inferon.statistics.multi_state.landmark_aalen_johansen import landmark_aalen_johansen
from inferon.statistics.multi_state.length_of_stay import length_of_stay
from inferon.statistics.multi_state.multi_state import multi_state_by_rows, multi_state_by_times
from inferon.statistics.multi_state.transition_hazards import transition_hazards
from inferon.statistics.multi_state.transition_probabilities import transition_probabilities

TIGHT = {"rtol": 1e-9, "atol": 1e-12}
STATES = ("well", "ill", "dead")
ALLOWED = [("well", "ill"), ("well", "dead"), ("ill", "well"), ("ill", "dead")]
STAY = "Beyersmann & Putter, Demogr Res 2014;30:1681-1696"
quick = settings(max_examples=25)


def histories(seed: int, patients: int = 25):
    """Rows of a reversible illness–death process on whole days, with ties and delayed entry."""
    rng = np.random.default_rng(seed)
    rows = []
    for patient in range(patients):
        state, now, end = 0, int(rng.integers(0, 4)), int(rng.integers(8, 20))
        while now < end and state < 2:
            stop = min(now + int(rng.integers(1, 8)), end)
            target = int(rng.choice([s for s in range(3) if s != state])) if stop < end or rng.random() < 0.3 else -1
            for number, (a, b) in enumerate([(0, 1), (0, 2), (1, 0), (1, 2)]):
                if a == state:
                    rows.append((patient, number, a, b, now, stop, int(b == target)))
            if target < 0:
                break
            state, now = target, stop
    return [np.array(column) for column in zip(*rows, strict=True)]


def read(columns, order=None):
    patient, _, origin, target, start, stop, status = (c if order is None else c[order] for c in columns)
    names = np.array(STATES)
    return multi_state_by_rows(
        stop, status, start=start, origin=names[origin], target=names[target], patient=patient, states=STATES,
        allowed=ALLOWED,
    )  # fmt: skip


def plain_matrices(columns, form):
    """Times, dA and cov(dA) as dictionaries of small arrays, from the definitions."""
    _, number, _, _, start, stop, status = columns
    pairs = [(0, 1), (0, 2), (1, 0), (1, 2)]
    found = []
    for t in sorted(set(stop[status == 1])):
        at_risk = [int(((number == k) & (start < t) & (stop >= t)).sum()) for k in range(4)]
        made = [int(((number == k) & (stop == t) & (status == 1)).sum()) for k in range(4)]
        step, cov = np.zeros((3, 3)), np.zeros((3, 3, 3, 3))
        for k, (a, b) in enumerate(pairs):
            if not made[k]:
                continue
            step[a, b] += made[k] / at_risk[k]
            for m, (c, e) in enumerate(pairs):
                y = at_risk[k]
                if k == m:
                    cov[a, b, c, e] = made[k] / y**2 if form == "aalen" else made[k] * (y - made[k]) / y**3
                elif a == c and form == "greenwood":
                    cov[a, b, c, e] = -made[k] * made[m] / y**3
        for a in range(3):
            step[a, a] = -step[a].sum()
        full = np.zeros((9, 9))
        sums = [(a, b, 1.0) for a, b in pairs] + [(a, a, -1.0) for a in range(3)]
        for a, b, _ in sums:
            for c, e, _ in sums:
                left = [(a, b, 1.0)] if a != b else [(a, x, -1.0) for x in range(3) if x != a]
                right = [(c, e, 1.0)] if c != e else [(c, x, -1.0) for x in range(3) if x != c]
                full[a + 3 * b, c + 3 * e] = sum(
                    s * r * cov[i, j, k, m] for i, j, s in left for k, m, r in right
                )  # vec by columns
        found.append((float(t), step, full))
    return found


def plain_forward(columns, form, origin_time):
    """P and standard errors by the Kronecker recursions of Andersen et al., one time after the other."""
    p, v, out = np.eye(3), np.zeros((9, 9)), {}
    for t, step, cov in plain_matrices(columns, form):
        if t <= origin_time:
            continue
        b = np.eye(3) + step
        after = p @ b
        used = after if form == "aalen" else p
        spread = np.kron(np.eye(3), used)
        along = np.kron(b.T, np.eye(3))
        v = along @ v @ along.T + spread @ cov @ spread.T
        p = after
        out[t] = (p, np.sqrt(np.maximum(np.diag(v), 0)).reshape(3, 3, order="F"))
    return out


def plain_backward(columns, form, horizon):
    p, v, out = np.eye(3), np.zeros((9, 9)), []
    for t, step, cov in reversed(plain_matrices(columns, form)):
        if t > horizon:
            continue
        b = np.eye(3) + step
        along = np.kron(np.eye(3), b)
        spread = np.kron(p.T, b if form == "aalen" else np.eye(3))
        v = along @ v @ along.T + spread @ cov @ spread.T
        p = b @ p
        out.append((t, p, np.sqrt(np.maximum(np.diag(v), 0)).reshape(3, 3, order="F")))
    return out


@pytest.mark.parametrize("form", ["aalen", "greenwood"])
@pytest.mark.parametrize("origin_time", [0.0, 5.0])
def test_double_forward_probabilities_and_errors_follow_the_kronecker_recursion(form, origin_time) -> None:
    for seed in range(4):
        columns = histories(seed)
        hazards = transition_hazards(read(columns), variance=form)
        ours = transition_probabilities(hazards, predict_from=origin_time)
        for t, (p, error) in plain_forward(columns, form, origin_time).items():
            row = np.flatnonzero(ours.time == t)[0]
            np.testing.assert_allclose(ours.probability[row], p, **TIGHT)
            np.testing.assert_allclose(ours.standard_error[row], error, rtol=1e-8, atol=1e-7)


@pytest.mark.parametrize("form", ["aalen", "greenwood"])
def test_double_fixed_horizon_follows_the_recursion_backwards(form) -> None:
    columns = histories(11)
    ours = transition_probabilities(transition_hazards(read(columns), variance=form), horizon=12.0)
    for t, p, error in plain_backward(columns, form, 12.0):
        row = np.flatnonzero(ours.time == t)[0] - 1
        np.testing.assert_allclose(ours.probability[row], p, **TIGHT)
        np.testing.assert_allclose(ours.standard_error[row], error, rtol=1e-8, atol=1e-7)


@quick
@given(st.integers(0, 10_000))
def test_law_rows_add_up_to_one_and_steps_compose(seed) -> None:
    hazards = transition_hazards(read(histories(seed)))
    whole = transition_probabilities(hazards)
    np.testing.assert_allclose(whole.probability.sum(axis=2), 1.0, **TIGHT)
    middle = float(whole.time[whole.time.size // 2])
    first = whole.probability[whole.time.size // 2]
    later = transition_probabilities(hazards, predict_from=middle)
    np.testing.assert_allclose(first @ later.probability[-1], whole.probability[-1], **TIGHT)
    back = transition_probabilities(hazards, horizon=float(whole.time[-1]))
    np.testing.assert_allclose(back.probability[0], whole.probability[-1], **TIGHT)


@quick
@given(st.integers(0, 10_000), st.randoms(use_true_random=False))
def test_property_order_scale_and_split_rows_do_not_matter(seed, random) -> None:
    columns = histories(seed)
    plain = transition_probabilities(transition_hazards(read(columns), variance="greenwood"))
    order = list(range(columns[0].size))
    random.shuffle(order)
    shuffled = transition_probabilities(transition_hazards(read(columns, np.array(order)), variance="greenwood"))
    np.testing.assert_allclose(shuffled.standard_error, plain.standard_error, **TIGHT)
    patient, number, origin, target, start, stop, status = columns
    cut = 6
    crosses = (start < cut) & (cut < stop)
    early = [c[crosses] for c in (patient, number, origin, target, start)]
    split = [
        *(np.concatenate([c, e]) for c, e in zip((patient, number, origin, target), early, strict=False)),
        np.concatenate([np.where(crosses, cut, start), early[4]]),
        np.concatenate([stop, np.full(crosses.sum(), cut)]),
        np.concatenate([status, np.zeros(crosses.sum(), dtype=int)]),
    ]
    parts = transition_probabilities(transition_hazards(read(split), variance="greenwood"))
    np.testing.assert_allclose(parts.probability, plain.probability, **TIGHT)
    np.testing.assert_allclose(parts.standard_error, plain.standard_error, rtol=1e-9, atol=1e-10)
    scaled = [patient, number, origin, target, start * 7.0, stop * 7.0, status]
    slow = transition_probabilities(transition_hazards(read(scaled), variance="greenwood"))
    np.testing.assert_allclose(slow.time, plain.time * 7.0)
    np.testing.assert_allclose(slow.probability, plain.probability, **TIGHT)


@quick
@given(st.integers(0, 10_000))
def test_law_two_states_are_kaplan_meier_and_competing_states_aalen_johansen(seed) -> None:
    rng = np.random.default_rng(seed)
    time, cause = rng.integers(1, 15, 30).astype(float), rng.integers(0, 3, 30)
    cause[0] = 1
    data = multi_state_by_times(
        {"start": None, "relapse": time, "death": time}, {"relapse": cause == 1, "death": cause == 2},
        allowed=[("start", "relapse"), ("start", "death")],
    )  # fmt: skip
    found = transition_probabilities(transition_hazards(data, variance="greenwood"))
    grid = np.arange(0.0, 16.0)
    table = found.at(grid, from_state="start")
    expected = aalen_johansen(time, cause, causes=[1, 2], variance="greenwood_type")
    for cause_number, state in ((1, "relapse"), (2, "death")):
        ours = table.filter(table["state"] == state)
        theirs = expected[cause_number].at(grid)
        np.testing.assert_allclose(ours["probability"], theirs["estimate"], **TIGHT)
        np.testing.assert_allclose(ours["standard_error"], theirs["standard_error"], rtol=1e-7, atol=1e-8)
    free = table.filter(table["state"] == "start")["probability"]
    np.testing.assert_allclose(free, kaplan_meier(time, cause > 0).at(grid)["estimate"], **TIGHT)


def test_double_stay_in_two_states_is_the_restricted_mean_with_its_greenwood_error() -> None:
    rng = np.random.default_rng(5)
    time, event = rng.integers(1, 30, 60).astype(float), rng.random(60) < 0.6
    data = multi_state_by_times({"alive": None, "dead": time}, {"dead": event}, allowed=[("alive", "dead")])
    tau = 20.0
    found = length_of_stay(transition_hazards(data, variance="greenwood"), tau=tau)
    survival, area, variance = 1.0, 0.0, 0.0
    moments = [t for t in sorted(set(time[event])) if t < tau]
    curve, last = [], 0.0
    for t in moments:
        area += survival * (t - last)
        y, d = (time >= t).sum(), ((time == t) & event).sum()
        survival *= 1 - d / y
        curve.append((t, survival, d / (y * (y - d))))
        last = t
    area += survival * (tau - last)
    for position, (_, _, term) in enumerate(curve):
        ahead = sum(
            s * ((curve[k + 1][0] if k + 1 < len(curve) else tau) - t)
            for k, (t, s, _) in enumerate(curve)
            if k >= position
        )
        variance += ahead**2 * term
    assert found.stay[0, 0] == pytest.approx(area, rel=1e-12)
    assert found.standard_error[0, 0] == pytest.approx(variance**0.5, rel=1e-9)


@quick
@given(st.integers(0, 10_000))
def test_law_expected_stays_add_up_to_the_window_and_their_errors_to_nothing_together(seed) -> None:
    hazards = transition_hazards(read(histories(seed)), variance="greenwood")
    found = length_of_stay(hazards, tau=15.0, predict_from=2.0)
    np.testing.assert_allclose(found.stay.sum(axis=1), 13.0, **TIGHT)
    assert (found.stay[2] == [0.0, 0.0, 13.0]).all() and (found.standard_error[2] == 0).all()


def test_double_standard_error_of_a_stay_is_the_spread_of_simulated_estimates() -> None:
    """400 samples of 80 patients: the mean variance lies within 4 Monte-Carlo errors of the empirical one (0.07 each)."""
    rng = np.random.default_rng(3)
    stays, variances = [], []
    for _ in range(400):
        ill, dead, end = rng.exponential(8, 80), rng.exponential(12, 80), rng.uniform(5, 20, 80)
        after = np.minimum(ill, dead) + rng.exponential(5, 80)
        death = np.where(ill < dead, after, dead)
        data = multi_state_by_times(
            {"well": None, "ill": np.minimum(ill, end), "dead": np.minimum(death, end)},
            {"ill": (ill < np.minimum(dead, end)), "dead": death < end},
            allowed=[("well", "ill"), ("well", "dead"), ("ill", "dead")],
        )  # fmt: skip
        found = length_of_stay(transition_hazards(data, variance="greenwood"), tau=10.0)
        stays.append(found.stay[0, 1])
        variances.append(found.standard_error[0, 1] ** 2)
    assert np.mean(variances) == pytest.approx(np.var(stays, ddof=1), rel=4 * (2 / 400) ** 0.5)


def test_law_everybody_at_the_start_is_the_whole_sample_for_a_landmark() -> None:
    columns = histories(2)
    columns[4] = np.where(columns[4] <= 3, 0, columns[4])
    data = read(columns)
    whole = transition_probabilities(transition_hazards(data, variance="greenwood"))
    found = landmark_aalen_johansen(data, landmark=0.0, from_state="well", variance="greenwood")
    grid = [3.0, 8.0, 15.0]
    assert found.at(grid, from_state="well").equals(whole.at(grid, from_state="well"))


def test_oracle_by_hand_a_landmark_follows_those_present_then() -> None:
    rows = [  # patient, from, to, start, stop, status
        (1, 0, 1, 0, 2, 1), (1, 0, 2, 0, 2, 0), (1, 1, 0, 2, 9, 0), (1, 1, 2, 2, 9, 1),
        (2, 0, 1, 0, 5, 0), (2, 0, 2, 0, 5, 1),
        (3, 0, 1, 0, 7, 1), (3, 0, 2, 0, 7, 0), (3, 1, 0, 7, 8, 0), (3, 1, 2, 7, 8, 1),
    ]  # fmt: skip
    names = np.array(STATES)
    patient, origin, target, start, stop, status = (np.array(c) for c in zip(*rows, strict=True))
    data = multi_state_by_rows(
        stop, status, start=start, origin=names[origin], target=names[target], patient=patient, states=STATES,
        allowed=ALLOWED,
    )  # fmt: skip
    found = landmark_aalen_johansen(data, landmark=3.0, from_state="well")
    table = found.at([3.0, 5.0, 7.0, 8.0], from_state="well")
    np.testing.assert_allclose(
        table["probability"].to_numpy().reshape(4, 3), [[1, 0, 0], [0.5, 0, 0.5], [0, 0.5, 0.5], [0, 0, 1]]
    )
    with pytest.raises(ValueError, match="nobody is in the state 'dead'"):
        landmark_aalen_johansen(data, landmark=3.0, from_state="dead")


def test_oracle_by_hand_times_become_rows() -> None:
    data = multi_state_by_times(
        {"well": None, "ill": [3.0, 9.0, 6.0], "dead": [8.0, 9.0, 6.0]}, {"ill": [1, 0, 1], "dead": [1, 0, 1]},
        allowed=[("well", "ill"), ("well", "dead"), ("ill", "dead")],
    )  # fmt: skip
    assert data.counts().rows() == [("well", 0, 2, 0, 1, 3), ("ill", 0, 0, 1, 0, 1), ("dead", 0, 0, 0, 1, 1)]
    assert data.simultaneous == 1  # the third patient falls ill and dies on day 6: no day at risk of dying ill
    assert data.to_frame().filter(data.to_frame()["patient"] == 0)["stop"].to_list() == [3.0, 3.0, 8.0]


def test_law_the_reset_clock_counts_from_entry_and_is_refused_for_probabilities() -> None:
    columns = histories(8)
    shifted = [*columns[:4], np.zeros_like(columns[4]), columns[5] - columns[4], columns[6]]
    reset = transition_hazards(read(columns), clock="reset")
    plain = transition_hazards(read(shifted))
    np.testing.assert_allclose(reset.cumulative_hazard, plain.cumulative_hazard, **TIGHT)
    with pytest.raises(ValueError, match="forward clock"):
        transition_probabilities(reset)


def test_law_efron_steps_equal_breslow_ones_without_ties_and_spread_them_with() -> None:
    data = multi_state_by_times({"a": None, "b": [1.0, 2, 2, 2, 4]}, {"b": [1, 1, 1, 1, 0]}, allowed=[("a", "b")])
    found = transition_hazards(data, ties="efron")
    np.testing.assert_allclose(found.steps[:, 0], [1 / 5, 1 / 4 + 1 / 3 + 1 / 2])
    np.testing.assert_allclose(np.diff(found.variance[:, 0]), 1 / 16 + 1 / 9 + 1 / 4)


def test_fault_bad_input_gets_its_sentence() -> None:
    good = {"times": {"a": None, "b": [1.0, 2.0]}, "status": {"b": [1, 0]}}
    with pytest.raises(ValueError, match="names the state 'c'"):
        multi_state_by_times(**good, allowed=[("a", "c")])
    with pytest.raises(ValueError, match="status lacks a column for the state 'b'"):
        multi_state_by_times(good["times"], {}, allowed=[("a", "b")])
    with pytest.raises(ValueError, match="must be 0"):
        multi_state_by_times(good["times"], {"b": [1, 3]}, allowed=[("a", "b")])
    data = multi_state_by_times(**good, allowed=[("a", "b")])
    with pytest.raises(ValueError, match="variance must be one of aalen, greenwood"):
        transition_hazards(data, variance="bootstrap")  # type: ignore[arg-type]
    found = transition_probabilities(transition_hazards(data), predict_from=0.5)
    with pytest.raises(ValueError, match="times must be finite and lie between"):
        found.at([0.2], from_state="a")
    with pytest.raises(ValueError, match="state must be one of"):
        found.at([1.0], from_state="z")
    with pytest.raises(ValueError, match="predict_from < tau"):
        length_of_stay(transition_hazards(data), tau=1.0, predict_from=2.0)


def test_law_results_print_name_their_variance_and_draw() -> None:
    hazards = transition_hazards(read(histories(1)), variance="greenwood")
    found = transition_probabilities(hazards)
    for shown in (repr(hazards.data), repr(hazards), repr(found), repr(length_of_stay(hazards, tau=9.0))):
        assert "n = 25" in shown and f"transitions made = {hazards.n_events}" in shown
        assert shown.splitlines()[-1].strip() in (hazards.data.citation, hazards.citation, found.citation, STAY)
    assert "greenwood" in repr(found) and "Aalen" in repr(found)
    assert found.to_frame().height == found.time.size * 9
    assert found.plot(from_state="well").to_dict()["mark"]["type"] == "area"
