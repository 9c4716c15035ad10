"""Dosing scenarios beside NONMEM's answers: any folder with data.csv, expected.csv and scenarios.csv, one line a scenario.

The model is the suites' one: depot and central compartment, first-order absorption and elimination; concentration is amount
per V/1000. Lag, bioavailability, modelled rate and duration are columns of the table and act on compartment 2.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl

from inferon.engine import CompiledModel, compile_model
from inferon.model import Instance, compose
from inferon.model.antimony_source import read_header, to_sbml
from inferon.model.compose import Module
from inferon.model.model import Parameter
from inferon.model.sbml import read_parts
from inferon.protocol import Compartment, read_records, simulate_records

ALLOWED = 1e-4
UNITS = "unit time_unit = dimensionless"  # the table's hours as bare numbers: the house's units count in days
ORAL = """
model oral(CP)
  depot has dimensionless; central has dimensionless; CP has dimensionless
  ka has dimensionless; CL has dimensionless; V has dimensionless
  depot = 0; central = 0
  depot' = -ka*depot
  central' = ka*depot - CL/V*central
  CP := 1000*central/V
end
"""
VALUES = {"ka": 1.5, "CL": 1.1, "V": 20.0}
COMPARTMENTS = {
    1: Compartment(state="oral__depot"),
    2: Compartment(state="oral__central", lag="LAGT", bioavailability="BIOAV", rate="RAT2", duration="DUR2"),
}
COVARIATES = ("LAGT", "MODE", "DUR2", "RAT2", "BIOAV")


@dataclass(frozen=True)
class Scenario:
    """One subject of the suite: what it exercises and how far the worst record is from NONMEM's."""

    subject: int
    description: str
    worst: float

    @property
    def passed(self) -> bool:
        return self.worst <= ALLOWED


@cache
def oral_model() -> CompiledModel:
    """The compiled one-compartment oral model."""
    parts = read_parts(to_sbml(ORAL, UNITS))
    table = {s: Parameter(s, s, v, "1", source="the suite's description") for s, v in VALUES.items()}
    module = Module(read_header(ORAL), parts, table)
    return compile_model(compose("oral", [Instance(module)]), ("CP",))


def run_suite(folder: Path) -> list[Scenario]:
    """Every scenario of a folder, in the order of scenarios.csv."""
    records = read_records(folder / "data.csv", COVARIATES)
    got = simulate_records(oral_model(), records, compartments=COMPARTMENTS)
    expected = pl.read_csv(folder / "expected.csv")
    if expected["ID"].to_list() != got["ID"].to_list():
        raise SystemExit(f"{folder}: expected.csv does not have one row for every record of data.csv")
    told, ours = expected["CP"].to_numpy(), got["CP"].fill_null(np.inf).to_numpy()
    error = np.abs(ours - told) / np.where(told == 0, 1.0, np.abs(told))
    scenarios = pl.read_csv(folder / "scenarios.csv")
    return [
        Scenario(subject, description, float(error[got["ID"].to_numpy() == subject].max()))
        for subject, description in scenarios.select("ID", "descr").iter_rows()
    ]


def main(folder: Path) -> int:
    """Print a line for each scenario and a total; 0 when all passed."""
    scenarios = run_suite(folder)
    for s in scenarios:
        print(f"{s.subject:>3}  {s.description:<62} {s.worst:.1e}  {'passed' if s.passed else 'FAILED'}")
    passed = sum(s.passed for s in scenarios)
    print(f"{passed} of {len(scenarios)} scenarios within {ALLOWED:g} relative")
    return int(passed < len(scenarios))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
