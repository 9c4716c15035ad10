"""What is solved in the comparison: one model, its virtual patients, their doses and when to stop, the same for every engine.

A new problem is one function below and one line in ``PROBLEMS``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from inferon.cohort import draw_cohort
from inferon.cohort.cml import draw_cml_cohort
from inferon.cohort.distributions import log_normal
from inferon.engine import Doses, Settings, compile_model
from inferon.model import Model, read_antimony
from inferon.model.catalogue import load_composite, parameter_table
from inferon.model.specialise import specialised
from inferon.protocol import MONTH, Regimen
from inferon.protocol.records import prescribe
from inferon.random import normal
from inferon.trial.cml import SETTINGS as CML_SETTINGS
from inferon.trial.cml_inputs import arm_inputs
from inferon.trial.cml_treatment import CmlTreatment
from inferon.trial.simulate import READOUTS, SETTINGS, START_DAY, _inputs

SEED = 20211201
FOUR_FORTNIGHTLY = [Regimen(drug="peginterferon alfa-2a", dose=180, start=-1, interval=14, doses=4)]
FOUR_WEEKLY = [Regimen(drug="peginterferon alfa-2a", dose=180, start=0, interval=7, doses=4)]


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One model with everything an engine needs to solve it for many patients.

    Attributes
    ----------
    name, title: for the command line, and for the table.
    model: specialised (what is the same in everybody is a number) and reduced to what the read-outs and events need.
    readouts: quantities the model was reduced for.
    parameters: (patients, parameters), in the order of ``model.parameters``, which is that of ``kernel.parameters``.
    doses: records with states in the order of ``model.states``.
    start, end: of integration, in the model's time (days; Robertson's problem has no unit).
    settings: absolute tolerances and floors; ``rtol`` is replaced by the one under test.
    stop_on: events that end a patient's integration.
    stiff: whether the explicit methods are left out.
    copies: how many copies of its patients make a run of ours long enough to time.
    """

    name: str
    title: str
    model: Model
    readouts: tuple[str, ...]
    parameters: np.ndarray
    doses: Doses
    start: float
    end: float
    settings: Settings
    stop_on: tuple[str, ...] = ()
    stiff: bool = False
    copies: int = 64

    def __len__(self) -> int:
        return len(self.parameters)

    @property
    def atol(self) -> np.ndarray:
        """Absolute tolerance of each state, in the order of ``model.states``."""
        return np.array([self.settings.atol.get(s, self.settings.default_atol) for s in self.model.state_names])


def transplant(patients: int) -> Problem:
    """The treated arm of the shipped study for a year, to relapse or death; no extinction layer."""
    cohort = draw_cohort("transplant-reference", np.arange(patients), seed=SEED)
    compiled, parameters, doses = _inputs(cohort, FOUR_FORTNIGHTLY, {})
    return Problem(
        name="transplant",
        title="peri-transplant interferon, 365 days, four doses, stop at relapse or death",
        model=compiled.kernel.model,
        readouts=tuple(READOUTS.values()),
        parameters=parameters,
        doses=doses,
        start=START_DAY,
        end=365.25,
        settings=SETTINGS,
        stop_on=("relapse", "non_relapse_mortality"),
    )


def interferon_marrow(patients: int) -> Problem:
    """Drug, response and blood counts for eight weeks, four weekly doses, every variability of the parameter tables drawn."""
    whole, numbers = load_composite("interferon_marrow"), np.arange(patients)
    rows = whole.parameters
    varied = [name for name, row in rows.items() if row.variability]
    z = {rows[name].symbol: normal(SEED, rows[name].symbol, numbers) for name in varied}
    effects = {"ka": z["ka_pegA2a"], "CL": z["CL_pegA2a"], "V": z["V_pegA2a"], "weight": np.full(patients, 70.0)}
    prescription = prescribe(FOUR_WEEKLY, effects, patients)
    if prescription is None:
        raise RuntimeError("the regimen prescribes nothing")
    columns = {n: log_normal(z[rows[n].symbol], rows[n].value, rows[n].variability or 0.0) for n in varied}
    columns |= {n: prescription.columns[n] for n in prescription.columns if n in varied}
    fixed = {name: row.value for name, row in rows.items() if name not in varied}
    model = specialised(whole, fixed, moved=prescription.dosed_states)
    readouts = ("C", "S_isg", "interferon_response__Neo", "marrow__ANC", "marrow__PLT", "marrow__HB", "marrow__ALC")
    compiled = compile_model(model, readouts)
    return Problem(
        name="interferon_marrow",
        title="peginterferon, response and blood counts, 56 days, four weekly doses",
        model=compiled.kernel.model,
        readouts=readouts,
        parameters=np.column_stack([columns[name] for name in compiled.kernel.parameters]),
        doses=prescription.doses(compiled),
        start=0.0,
        end=56.0,
        settings=Settings(atol={"marrow__C1": 1.0, "marrow__C2": 1.0}),
        copies=64,
    )


def cml(patients: int) -> Problem:
    """Stopping treatment: imatinib to each patient's own day, two years and more without it; stiff where immunity is strong."""
    cohort = draw_cml_cohort("cml-treatment-free", np.arange(patients), seed=SEED)
    table, end = {symbol: row.value for symbol, row in parameter_table("cml").items()}, 215 * MONTH
    compiled, parameters, doses = arm_inputs(cohort, CmlTreatment(stops=True), table, {}, follow_up=end)
    return Problem(
        name="cml",
        title="chronic myeloid leukaemia with immune control, imatinib stopped, 215 months",
        model=compiled.kernel.model,
        readouts=compiled.kernel.readouts,
        parameters=parameters,
        doses=doses,
        start=0.0,
        end=end,
        settings=CML_SETTINGS,
        stiff=True,
        copies=64,
    )


_ROBERTSON = """
model robertson
  A = 1; B = 0; C = 0
  k1 = 0.04; k2 = 3e7; k3 = 1e4
  A' = -k1*A + k3*B*C
  B' = k1*A - k3*B*C - k2*B^2
  C' = k2*B^2
end
"""


def robertson(patients: int) -> Problem:
    """Robertson's three reactions, the classic stiff problem, each rate log-normal between patients (CV 30%)."""
    model, numbers = read_antimony(_ROBERTSON), np.arange(patients)
    columns = [log_normal(normal(SEED, name, numbers), row.value, 0.3) for name, row in model.parameters.items()]
    return Problem(
        name="robertson",
        title="Robertson's three reactions, 0 to 10,000",
        model=model,
        readouts=model.state_names,
        parameters=np.column_stack(columns),
        doses=Doses.none(patients),
        start=0.0,
        end=1e4,
        settings=Settings(atol={"B": 1e-13}),
        stiff=True,
        copies=256,
    )


PROBLEMS: dict[str, Callable[[int], Problem]] = {
    "transplant": transplant,
    "interferon_marrow": interferon_marrow,
    "robertson": robertson,
    "cml": cml,
}
