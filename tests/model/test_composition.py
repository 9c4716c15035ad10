"""Modules join on coupling names: exactly one producer, one unit, or an error that names both."""

from dataclasses import replace

import pytest

from inferon.model import Instance, compose, load_composite, load_module
from inferon.model.antimony_source import ModelError, read_header, to_sbml
from inferon.model.catalogue import composites
from inferon.model.compose import Module
from inferon.model.model import Parameter
from inferon.model.sbml import read_parts

UNITS = "unit time_unit = 86400 second\nunit day = 86400 second\nunit per_day = 1 / 86400 second\n"
ROWS = {"k": Parameter("k", "a rate", 0.5, "1/d", source="test", origin="made_up/k")}
SOURCE = "model source(signal)\n signal has dimensionless; k has per_day; signal = 1\n signal' = -k*signal\nend\n"
FORMULA = "model recipe(signal)\n signal has dimensionless\n signal := 2\nend\n"
RATE = "model speed(signal)\n signal has per_day\n k has per_day\n signal := 2*k\nend\n"
SINK = """model sink(signal, level)
 signal has dimensionless; level has dimensionless; k has per_day
 level = 0
 level' = k*signal
end
"""


def module(text: str, rows: dict[str, Parameter] = ROWS) -> Module:
    return Module(read_header(text), read_parts(to_sbml(text, UNITS)), rows)


def test_law_a_producer_and_a_consumer_join_whatever_their_order() -> None:
    pair = [Instance(module(SOURCE)), Instance(module(SINK))]
    for instances in (pair, pair[::-1]):
        model = compose("pair", instances)
        assert set(model.state_names) == {"signal", "level"}
        assert set(model.parameters) == {"source__k", "sink__k"}


def test_fault_two_producers_are_both_named() -> None:
    with pytest.raises(ModelError, match=r"signal.*source.*recipe|signal.*recipe.*source"):
        compose("clash", [Instance(module(SOURCE)), Instance(module(FORMULA)), Instance(module(SINK))])


def test_fault_the_same_module_twice_without_other_names_is_refused() -> None:
    with pytest.raises(ModelError, match=r"signal.*one.*two"):
        compose("twins", [Instance(module(SOURCE), "one"), Instance(module(SOURCE), "two")])


def test_fault_a_coupling_without_producer_names_consumer_and_coupling() -> None:
    with pytest.raises(ModelError, match=r"sink.*signal"):
        compose("orphan", [Instance(module(SINK))])


def test_fault_two_units_of_one_coupling_are_both_named() -> None:
    with pytest.raises(ModelError, match=r"signal") as caught:
        compose("mismatch", [Instance(module(RATE)), Instance(module(SINK))])
    assert all(word in str(caught.value) for word in ("per_day", "dimensionless", "speed", "sink"))


def test_fault_a_coupling_that_is_declared_absent_and_produced_is_refused() -> None:
    with pytest.raises(ModelError, match=r"signal.*absent.*source"):
        compose("both", [Instance(module(SOURCE)), Instance(module(SINK))], {"signal": 0.0})


def test_law_an_absent_coupling_is_its_constant() -> None:
    model = compose("alone", [Instance(module(SINK))], {"signal": 3.0})
    (level,) = (state for state in model.states if state.name == "level")
    assert "3" in str(level.rate)
    assert "signal" not in str(level.rate)


def test_law_a_module_may_appear_twice_under_other_names() -> None:
    both = [Instance(module(SOURCE), n, {"signal": f"signal_{n}"}) for n in ("donor", "host")]
    model = compose("two", both)
    assert set(model.state_names) == {"signal_donor", "signal_host"}
    assert set(model.parameters) == {"donor__k", "host__k"}


def test_fault_a_parameter_without_a_row_is_named() -> None:
    with pytest.raises(ModelError, match=r"source.*\bk\b.*no value"):
        compose("bare", [Instance(module(SOURCE, {}))])


def test_fault_a_row_in_another_unit_names_both_units_and_the_row() -> None:
    wrong = {"k": replace(ROWS["k"], unit="d")}
    with pytest.raises(ModelError, match=r"source: k is per_day .* d in made_up/k"):
        compose("wrong", [Instance(module(SOURCE, wrong))])


def test_fault_a_row_of_a_shipped_module_in_another_unit_is_refused() -> None:
    pk = load_module("interferon_pk")
    rows = {s: "ka_pegA2a" if s == "CL" else f"{s}_pegA2a" for s in ("ka", "CL", "V")}
    with pytest.raises(ModelError, match="CL is L_per_day in the equations but 1/d"):
        compose("pk", [Instance(pk, values={**_rest(), **rows})])


def _rest() -> dict[str, str]:
    none = {"R0": "R0_none", "R_ss": "Rss_none", "k_dec": "kdec_none", "t_start": "tstart_none", "T50": "T50_none"}
    return {**none, "kint": "kint_none", "kdeg": "kdeg_none", "K_D": "KD_none"}


@pytest.mark.parametrize("name", composites())
def test_law_every_shipped_composite_has_one_producer_a_coupling(name: str) -> None:
    model = load_composite(name)
    given = {*model.state_names, *model.assigned, *model.switches}
    assert set(model.couplings) <= given
    bare = {n for n in given | set(model.parameters) if "__" not in n}
    assert bare == set(model.couplings)


def test_fault_an_unknown_composite_is_refused() -> None:
    with pytest.raises(KeyError):
        load_composite("transplantation")
