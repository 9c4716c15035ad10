"""One case of the SBML semantic suite: read its settings, run the model, judge every value."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from inferon.engine.single import SimulationError, simulate_model
from inferon.engine.status import Status
from inferon.model import Model, UnsupportedError, read_sbml
from inferon.model.antimony_source import ModelError

PASSED, REFUSED, UNSOLVED, WRONG = "passed", "refused", "unsolved", "wrong"


@dataclass(frozen=True)
class Verdict:
    """How a case ended, and why where it did not pass."""

    outcome: str
    reason: str = ""
    sentence: str = ""


@dataclass(frozen=True)
class Settings:
    """What a case's ``settings.txt`` asks for."""

    variables: tuple[str, ...]
    amounts: tuple[str, ...]
    concentrations: tuple[str, ...]
    absolute: float
    relative: float

    def output(self, variable: str, model: Model) -> str:
        """Inferon's name of what the case wants to see of a variable; only species have amounts and concentrations."""
        kind = "amount" if variable in self.amounts else "concentration" if variable in self.concentrations else ""
        return f"{kind} of {variable}" if f"{kind} of {variable}" in model.units else variable


def judge(folder: Path) -> Verdict:
    """Run the case in ``folder`` (model.xml, settings.txt, results.csv) and compare with its expected values."""
    settings, expected = read_settings(folder / "settings.txt"), read_results(folder / "results.csv")
    try:
        model = read_sbml(folder / "model.xml")
        outputs = [settings.output(variable, model) for variable in settings.variables]
        frame = simulate_model(model, expected["time"], outputs=outputs)
    except UnsupportedError as refusal:
        return Verdict(REFUSED, refusal.feature, str(refusal))
    except SimulationError as failure:
        if failure.status == Status.ORDER_OF_EVENTS_IS_RANDOM:
            return Verdict(REFUSED, "order of events left to chance", str(failure))
        return Verdict(UNSOLVED, failure.status.name.lower().replace("_", " "), str(failure))
    except ModelError as refusal:
        return Verdict(REFUSED, "document", str(refusal))
    pairs = zip(settings.variables, outputs, strict=True)
    right = all(agrees(frame[output].to_numpy(), expected[name], settings) for name, output in pairs)
    return Verdict(PASSED if right else WRONG)


def read_settings(path: Path) -> Settings:
    """The settings of a case."""
    lines = (line.partition(":") for line in path.read_text(encoding="utf-8").splitlines())
    values = {key.strip(): value.strip() for key, _, value in lines}

    def listed(key: str) -> tuple[str, ...]:
        return tuple(word.strip() for word in values.get(key, "").split(",") if word.strip())

    tolerances = float(values["absolute"]), float(values["relative"])
    return Settings(listed("variables"), listed("amount"), listed("concentration"), *tolerances)


def read_results(path: Path) -> dict[str, np.ndarray]:
    """The expected values of a case by column; the first column is the time whatever its name."""
    with path.open(encoding="utf-8", newline="") as lines:
        header, *rows = [row for row in csv.reader(lines) if row]
    values = np.array([[float(cell) for cell in row] for row in rows])
    names = ["time", *(name.strip() for name in header[1:])]
    return {name: values[:, i] for i, name in enumerate(names)}


def agrees(found: np.ndarray, expected: np.ndarray, settings: Settings) -> bool:
    """Whether |found - expected| <= absolute + relative |expected| at every point (infinite and missing values alike)."""
    allowed = settings.absolute + settings.relative * np.abs(expected)
    same = (found == expected) | (np.isnan(found) & np.isnan(expected))
    with np.errstate(invalid="ignore"):
        return bool(np.all(same | (np.abs(found - expected) <= allowed)))
