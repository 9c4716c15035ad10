"""State occupancy after a transplant as survfit estimates it, on real patients: a case of the oracles no machine can read."""

import json
from pathlib import Path

import numpy as np
import polars as pl

from inferon.statistics.multi_state.multi_state import multi_state_by_times
from inferon.statistics.multi_state.transition_hazards import transition_hazards
from inferon.statistics.multi_state.transition_probabilities import transition_probabilities

STATES = ("well", "recovered", "adverse event", "both", "relapse", "death")
ALLOWED = [
    *(("well", to) for to in ("recovered", "adverse event", "both", "relapse", "death")),
    *(("recovered", to) for to in ("both", "relapse", "death")),
    *(("adverse event", to) for to in ("both", "relapse", "death")),
    *(("both", to) for to in ("relapse", "death")),
]


def test_oracle_occupancy_of_six_states_equals_survfit(shared: Path) -> None:
    """Recovery and adverse event on one day count as both at once, as the case says."""
    cases = json.loads((shared / "oracles/multistate.json").read_text(encoding="utf-8"))["cases"]
    expected = next(case for case in cases if case["id"] == "ms_ebmt4_survfit_occupancy")["values"]
    columns = ("rec", "ae", "recae", "rel", "srv")
    frame = pl.read_csv(shared / "data/ebmt4.csv", infer_schema_length=None)
    same_day = (pl.col("rec") == pl.col("ae")) & (pl.col("rec_s") == 1) & (pl.col("ae_s") == 1)
    frame = frame.with_columns(
        pl.when(same_day).then(0).otherwise(pl.col(f"{c}_s")).alias(f"{c}_s") for c in ("rec", "ae")
    )
    history = multi_state_by_times(
        {"well": None, **{state: frame[c] for state, c in zip(STATES[1:], columns, strict=True)}},
        {"well": None, **{state: frame[f"{c}_s"] for state, c in zip(STATES[1:], columns, strict=True)}},
        allowed=ALLOWED,
    )
    found = transition_probabilities(transition_hazards(history), predict_from=0).at(
        expected["time"], from_state="well"
    )
    occupancy = found["probability"].to_numpy().reshape(len(expected["time"]), len(STATES))
    np.testing.assert_allclose(occupancy, expected["pstate"], rtol=1e-9)
