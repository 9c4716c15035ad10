"""What the batched statistics refuse, say and survive: bad input, trials without an answer, a damaged cache; and R."""

import subprocess
import sys
from os import environ

import numpy as np
import pytest

from inferon.statistics import batch

from .check_batch import check, read


def columns(**changed):
    plain = {
        "time": np.array([[1.0, 2.0, 3.0, 4.0], [2.0, 2.0, 5.0, np.nan]]),
        "cause": np.array([[1, 2, 0, 1], [1, 1, 0, 0]]),
        "arm": np.array([[0, 1, 0, 1], [1, 0, 1, 0]]),
    }
    return plain | changed


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"time": [1.0, 2.0]}, "time must have the shape"),
        ({"time": np.full((2, 4), -1.0)}, "time must not be negative: found -1.0 at trial 0, patient 0"),
        ({"time": np.full((2, 4), np.inf)}, "time must be a finite number: found inf"),
        ({"time": np.full((2, 4), np.nan)}, "a trial needs a patient: trial 0 has none"),
        ({"time": [["a", "b"]]}, "time holds values that are not numbers"),
        (
            {"cause": np.array([[1, 0, -1, 1], [0, 0, 0, 0]])},
            "cause must not be negative: found -1 at trial 0, patient 2",
        ),
        (
            {"cause": np.array([[1, 0, 1, 1], [0, 0.5, 0, 0]])},
            "cause must be a whole number: found 0.5 at trial 1, patient 1",
        ),
        ({"cause": np.zeros((2, 3))}, "cause must have the shape of time"),
        ({"arm": np.array([[0, 1, 2, 1], [0, 0, 0, 0]])}, "arm must not exceed 1: found 2 at trial 0, patient 2"),
        ({"strata": np.full((2, 4), np.nan)}, "strata must be a whole number: found nan at trial 0, patient 0"),
        ({"covariates": {"age": np.full((2, 4), np.nan)}}, "age must be a finite number"),
        ({"covariates": {"arm": np.zeros((2, 4))}}, "a covariate cannot be called arm"),
        ({"present": np.ones((2, 3), bool)}, "present must have the shape of time"),
        ({"threads": 0}, "threads must be 1 or more"),
    ],
)
def test_fault_bad_trials_are_refused_with_the_place(changed, sentence):
    with pytest.raises(ValueError, match=sentence):
        batch.trials(**columns(**changed))


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda trials: batch.log_rank(trials, stratified=True), "these trials have no strata"),
        (lambda trials: batch.log_rank(trials, cause=0), "cause must be None"),
        (lambda trials: batch.cox(trials, covariates=("age",)), "covariates must be some of arm, found 'age'"),
        (lambda trials: batch.cox(trials, ties="exact"), "ties must be efron or breslow"),
        (lambda trials: batch.fine_gray(trials, stop="early"), "stop must be maximum or crr"),
        (lambda trials: batch.kaplan_meier(trials, times=[2, 1]), "times must be in ascending order"),
        (lambda trials: batch.aalen_johansen(trials, times=[-1]), "times must be one column of finite numbers"),
        (lambda trials: batch.aalen_johansen(trials, times=[1], conf_type="logg"), "conf_type must be one of"),
        (lambda trials: batch.rmst(trials, tau=[1, 2, 3]), "tau must be one positive finite number"),
        (lambda trials: batch.rmst(trials, conf_level=1), "conf_level must lie between 0 and 1"),
    ],
)
def test_fault_bad_questions_are_refused(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call(batch.trials(**columns()))


def test_fault_one_arm_cannot_be_compared():
    alone = batch.trials(columns()["time"], columns()["cause"])
    assert batch.kaplan_meier(alone, times=[1.0]).estimate.shape == (2, 1, 1)
    for test in (batch.log_rank, batch.gray, batch.rmst):
        with pytest.raises(ValueError, match="a comparison needs two arms"):
            test(alone)
    with pytest.raises(ValueError, match="a difference needs two arms"):
        batch.kaplan_meier(alone, times=[1.0]).difference()


def test_law_a_trial_without_an_answer_says_why_and_leaves_the_others_alone():
    rng = np.random.default_rng(1)
    time, arm = rng.exponential(1, (4, 40)), np.tile([0, 1], (4, 20))
    cause = rng.integers(1, 3, (4, 40))
    cause[1] = 0  # nothing happens
    arm[2] = 0  # nobody to compare with
    cause[3] = np.where(arm[3] == 1, 0, 1)  # events in one arm alone
    trials = batch.trials(time, cause, arm)
    for fit in (batch.cox(trials), batch.fine_gray(trials)):
        ended = [batch.Fit.CONVERGED, batch.Fit.NO_EVENTS, batch.Fit.SINGULAR, batch.Fit.MONOTONE]
        assert fit.status.tolist() == ended
        assert np.isnan(fit.coefficient[1:3]).all()
        assert fit.coefficient[3, 0] < -10
        assert all(status.sentence in repr(fit) for status in ended)
        assert fit.to_frame()["coefficient"].null_count() == 2
    for test in (batch.log_rank(trials), batch.gray(trials)):
        assert np.isfinite(test.p_value).tolist() == [True, False, False, True]
        assert "nothing to compare in 2" in repr(test)
    assert np.isnan(batch.rmst(trials, tau=0.1).difference).tolist() == [False, False, True, False]


def test_oracle_r_packages_on_a_hundred_simulated_trials(shared):
    verdicts = check(shared / "oracles" / "batch")
    assert len(verdicts) >= 30
    assert not [verdict for verdict in verdicts if verdict.failed or not verdict.passed]


def test_oracle_cmprsk_stops_where_we_stop_when_asked_to(shared):
    trials, results = read(shared / "oracles" / "batch")
    found, expected = batch.fine_gray(trials, stop="crr").coefficient[:, 0], results["fg_coef"].to_numpy()
    assert found == pytest.approx(expected, rel=1e-8)


def test_law_importing_the_package_leaves_numba_alone():
    code = "import sys, inferon.statistics.batch; print('numba' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "False"


ONE_TEST = """
import numpy as np
from inferon.statistics import batch
rng = np.random.default_rng(1)
trials = batch.trials(rng.exponential(1, (3, 50)), rng.integers(0, 3, (3, 50)), np.tile([0, 1], (3, 25)))
print(batch.log_rank(trials).statistic.tolist())
from inferon.statistics.batch.kernels.log_rank import log_rank
print(sum(log_rank.stats.cache_misses.values()))
"""


def _run(folder) -> list[str]:
    ran = subprocess.run(
        [sys.executable, "-c", ONE_TEST], capture_output=True, text=True, check=True,
        env={**environ, "INFERON_CACHE": str(folder), "NUMBA_CACHE_DIR": str(folder / "not used")},
    )  # fmt: skip
    return ran.stdout.split("\n")[:2]


def test_fault_damaged_compiled_code_is_built_again(tmp_path):
    first, compiled = _run(tmp_path)
    assert compiled == "1"
    assert _run(tmp_path) == [first, "0"]
    files = [path for kind in ("*.nbi", "*.nbc") for path in tmp_path.rglob(kind)]
    assert files
    for path in files:
        content = bytearray(path.read_bytes())
        content[len(content) // 2 :] = bytes(len(content) - len(content) // 2)
        path.write_bytes(content)
    assert _run(tmp_path) == [first, "1"]


def test_fault_a_cache_that_cannot_be_written_costs_nothing_but_time(tmp_path):
    (tmp_path / "statistics").write_text("a file where the folder should be")
    assert _run(tmp_path)[0].startswith("[")
