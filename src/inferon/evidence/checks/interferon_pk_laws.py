"""Checks A10-A14: superposition, mass balance, dose proportion, signs and the linear limit of module A."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from inferon.engine import Batch, CompiledModel, Settings, compile_model
from inferon.evidence.check import Finding, between, check, holds
from inferon.evidence.laboratory import interferon
from inferon.model import load_composite
from inferon.model.expression import call, symbol
from inferon.model.model import State
from inferon.protocol import PRODUCTS, Regimen, dosing, product

FOLDER = "interferon_pk"
LINEAR = ("peginterferon alfa-2a", "peginterferon alfa-2b", "interferon alfa-2a", "interferon alfa-2b")
WITH_RECEPTOR = ("ropeginterferon alfa-2b (healthy)", "ropeginterferon alfa-2b", "peginterferon alfa-2b 40 kDa")


def one_compartment(drug: str, dose: float, since: np.ndarray) -> np.ndarray:
    """Closed-form concentration (ng/mL) of a linear product, days since one subcutaneous dose; section 3 of module A."""
    rows = product(drug).rows
    ka, clearance, volume = (rows[s].value for s in ("ka", "CL", "V"))
    k, tau = clearance / volume, np.maximum(since - rows["t_lag"].value, 0.0)
    if abs(ka - k) < 1e-6:
        return dose * k * tau * np.exp(-k * tau) / volume
    return dose * ka / (volume * (ka - k)) * (np.exp(-k * tau) - np.exp(-ka * tau))


def _apart(quantity: str, obtained: np.ndarray, expected: np.ndarray) -> Finding:
    """Largest difference of two curves as a share of the peak; the specification allows 1e-6."""
    largest = float(np.abs(obtained - expected).max() / expected.max())
    return between(quantity, largest, 0.0, 1e-6, expected="at most 1e-06 of the peak")


@check("A10", FOLDER, "superposition of linear products")
def superposition() -> list[Finding]:
    """Three doses a fortnight apart equal the sum of three single doses, and for first-order absorption the closed form."""
    findings, days, starts = [], np.linspace(0, 42, 421), (0.0, 14.0, 28.0)
    for drug in LINEAR:
        repeated = [Regimen(drug=drug, dose=180, start=0.0, interval=14, doses=3)]
        together = interferon()(days, regimens=repeated)["C"][0]
        # the clock of declining clearance starts with the first dose of all
        clock = {"interferon_pk__t_first": 0.0}
        alone = [
            interferon()(days, regimens=[Regimen(drug=drug, dose=180, start=s)], columns=clock)["C"][0] for s in starts
        ]
        findings.append(
            _apart(f"{drug}: repeated doses beside the sum of single ones", together, np.sum(alone, axis=0))
        )
    drug = LINEAR[0]
    repeated = [Regimen(drug=drug, dose=180, start=0.0, interval=14, doses=3)]
    closed = np.sum([one_compartment(drug, 180, days - s) for s in starts], axis=0)
    found = interferon()(days, regimens=repeated)["C"][0]
    return [*findings, _apart(f"{drug}: repeated doses beside the closed form", found, closed)]


@cache
def _ledger() -> CompiledModel:
    """The composite with one more state: what both eliminations of module A have removed, written from its section 3."""
    model = load_composite("interferon")
    pk = {s: symbol(f"interferon_pk__{s}") for s in ("CL", "dCL", "C_free", "kint", "V")}
    linear = call("mul", call("mul", pk["CL"], pk["dCL"]), pk["C_free"])
    bound = call("mul", call("mul", pk["kint"], call("sub", symbol("C"), pk["C_free"])), pk["V"])
    eliminated = State("eliminated", "ug", model.states[0].initial, call("add", linear, bound))
    names = ("interferon_pk__A_d", "interferon_pk__A_c", "eliminated")
    return compile_model(replace(model, states=(*model.states, eliminated)), names)


@check("A11", FOLDER, "mass balance")
def mass_balance() -> list[Finding]:
    """Depot, centre and eliminated drug make the bioavailable dose on days 1, 10, 30 and 100, for every product."""
    model, findings = _ledger(), []
    for drug in PRODUCTS:
        doses, columns = dosing(model, [Regimen(drug=drug, dose=180, start=0.0)], {"weight": np.array([70.0])}, 1)
        table = model.defaults(1)
        for name, value in columns.items():
            if name in model.kernel.parameters:
                table[:, model.column(name)] = value
        batch = Batch(model, table, start=0.0, doses=doses, sample_days=np.array([1.0, 10.0, 30.0, 100.0]))
        batch.advance(100.0)
        available = 180 * product(drug).rows["F"].value
        lost = float(np.abs(batch.samples[0].sum(axis=1) / available - 1).max())
        findings.append(between(f"{drug}: share of the dose unaccounted for", lost, 0, 1e-6, expected="at most 1e-06"))
    return findings


@check("A12", FOLDER, "exposure to ropeginterferon rises faster than the dose")
def dose_proportion() -> list[Finding]:
    """Area per microgram over 60 days from 24 to 270 ug in healthy adults."""
    days, per_ug = np.linspace(0, 60, 6001), []
    for dose in (24, 48, 90, 180, 225, 270):
        regimens = [Regimen(drug="ropeginterferon alfa-2b (healthy)", dose=dose, start=0.0)]
        per_ug.append(np.trapezoid(interferon()(days, regimens=regimens)["C"][0], days) / dose)
    rising = bool(np.all(np.diff(per_ug) > 0))
    shown = ", ".join(f"{24 * area:.1f}" for area in per_ug)
    return [holds("area per dose, ng h/mL/ug, by dose", rising, expected="rises with every dose", obtained=shown)]


@check("A13", FOLDER, "nothing is ever negative")
def signs() -> list[Finding]:
    """Every state and output over 60 days of four weekly doses at everyday tolerances, for every product."""
    days, findings = np.linspace(0, 60, 2401), []
    for drug in PRODUCTS:
        regimens = [Regimen(drug=drug, dose=180, start=0.0, interval=7, doses=4)]
        curves = interferon()(days, regimens=regimens, settings=Settings())
        least = min(float(values.min()) for values in curves.values())
        findings.append(between(f"{drug}: least of all read-outs", least, 0.0, np.inf, expected="0 or more"))
    return findings


@check("A14", FOLDER, "without receptors the model is linear")
def linear_limit() -> list[Finding]:
    """Receptor capacity 1e-9 ng/mL and none at all, beside the closed form."""
    days, findings = np.linspace(0, 40, 801), []
    for drug in WITH_RECEPTOR:
        for capacity in (1e-9, 0.0):
            none = {"interferon_pk__R0": capacity, "interferon_pk__R_ss": capacity}
            c = interferon()(days, regimens=[Regimen(drug=drug, dose=180, start=0.0)], columns=none)["C"][0]
            findings.append(
                _apart(f"{drug}: receptor capacity {capacity:g} ng/mL", c, one_compartment(drug, 180, days))
            )
    return findings
