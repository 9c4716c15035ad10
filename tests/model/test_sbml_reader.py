"""What a document's species, compartments, rules and reactions mean, against solutions worked out by hand."""

import math

import pytest

from inferon.engine.single import simulate_model
from inferon.model import Model, UnsupportedError, read_antimony, read_sbml
from inferon.model.antimony_source import ModelError

HEAD = '<sbml xmlns="http://www.sbml.org/sbml/level3/version2/core" level="3" version="2"{extra}><model id="m">'
MATH = '<math xmlns="http://www.w3.org/1998/Math/MathML">{0}</math>'


def document(body: str, extra: str = "") -> str:
    return f"{HEAD.format(extra=extra)}{body}</model></sbml>"


def at_one(model: Model, *outputs: str) -> tuple[float, ...]:
    frame = simulate_model(model, [0.0, 1.0], outputs=outputs)
    return tuple(frame[name][-1] for name in outputs)


def test_law_a_reaction_moves_amounts_between_compartments_of_different_size() -> None:
    """A litre empties into two: amounts mirror each other, concentrations do not."""
    model = read_antimony("""model m
    compartment one, two; one = 1; two = 2
    species A in one, B in two; A = 3; B = 0
    A -> B; k*A*one
    k = 0.7
    end""")
    left = 3 * math.exp(-0.7)
    found = at_one(model, "amount of A", "concentration of A", "amount of B", "concentration of B", "B", "_J0")
    assert found == pytest.approx((left, left, 3 - left, (3 - left) / 2, (3 - left) / 2, 0.7 * left), rel=1e-7)


def test_law_a_growing_compartment_dilutes_what_it_holds() -> None:
    model = read_antimony("model m; compartment C; C = 2; C' = 3; species S in C; S = 5; d := rateOf(S); end")
    assert at_one(model, "amount of S", "S", "d") == pytest.approx((10.0, 2.0, -10 * 3 / 25), rel=1e-9)


def test_law_the_rate_of_a_concentration_is_that_of_the_concentration_while_the_compartment_grows() -> None:
    model = read_antimony("model m; compartment C; C = 2; C' = 3; species $S in C; S = 5; S' = 0.5; end")
    assert at_one(model, "S", "amount of S") == pytest.approx((5.5, 27.5), rel=1e-9)


def test_law_a_species_in_amounts_stays_an_amount_in_formulas() -> None:
    model = read_antimony("model m; compartment C; C = 4; substanceOnly species S in C; S = 8; twice := 2*S; end")
    assert at_one(model, "S", "twice", "amount of S", "concentration of S") == (8.0, 16.0, 8.0, 2.0)


def test_law_initial_assignments_may_use_each_other_and_time_zero() -> None:
    model = read_antimony("model m; c = b + 1 + time; b = 2*x; x = 3; x' = 1; rule := b + c; end")
    assert at_one(model, "b", "c", "rule", "x") == pytest.approx((6.0, 7.0, 13.0, 4.0))


def test_law_a_parameter_of_the_model_can_be_replaced_and_initial_values_follow() -> None:
    model = read_antimony("model m; k = 2; x0 = 2*k; x = x0; x' = -k; end")
    frame = simulate_model(model, [0.0, 1.0], outputs=["x"], parameters={"k": 3.0})
    assert frame["x"].to_list() == pytest.approx([6.0, 3.0])


def test_law_a_stoichiometry_may_move() -> None:
    """S grows at n(t) v with n = 2 + t."""
    body = """<listOfCompartments><compartment id="C" size="1" constant="true"/></listOfCompartments>
    <listOfSpecies><species id="S" compartment="C" initialAmount="0" hasOnlySubstanceUnits="true"
      boundaryCondition="false" constant="false"/></listOfSpecies>
    <listOfRules><assignmentRule variable="n">MATH</assignmentRule></listOfRules>
    <listOfReactions><reaction id="J" reversible="false"><listOfProducts>
      <speciesReference id="n" species="S" constant="false"/></listOfProducts>
      <kineticLaw>LAW<listOfLocalParameters><localParameter id="v" value="4"/></listOfLocalParameters></kineticLaw>
    </reaction></listOfReactions>"""
    time = '<csymbol encoding="text" definitionURL="http://www.sbml.org/sbml/symbols/time">t</csymbol>'
    rule = MATH.format(f"<apply><plus/><cn>2</cn>{time}</apply>")
    model = read_sbml(document(body.replace("MATH", rule).replace("LAW", MATH.format("<ci>v</ci>"))))
    assert at_one(model, "S", "n", "J.v") == pytest.approx((4 * 2.5, 3.0, 4.0), rel=1e-9)


def refused(body: str, extra: str = "") -> str:
    with pytest.raises(UnsupportedError) as caught:
        read_sbml(document(body, extra))
    assert str(caught.value)
    return caught.value.feature


def test_fault_what_is_out_of_scope_is_refused_by_name() -> None:
    zero = MATH.format("<cn>0</cn>")
    late = '<csymbol encoding="text" definitionURL="http://www.sbml.org/sbml/symbols/delay">d</csymbol>'
    delayed = MATH.format(f"<apply>{late}<ci>p</ci><cn>1</cn></apply>")
    parameter = (
        '<listOfParameters><parameter id="p" constant="false"/><parameter id="q" constant="false"/></listOfParameters>'
    )
    assert refused(f"<listOfRules><algebraicRule>{zero}</algebraicRule></listOfRules>") == "algebraic rule"
    rule = f'{parameter}<listOfRules><assignmentRule variable="q">{delayed}</assignmentRule></listOfRules>'
    assert refused(rule) == "delay"
    comp = ' xmlns:comp="http://www.sbml.org/sbml/level3/version1/comp/version1" comp:required="true"'
    assert refused("", comp) == "package comp"


def test_fault_a_reaction_without_a_kinetic_law_is_refused() -> None:
    with pytest.raises(UnsupportedError, match="J0"):
        read_antimony("model m; compartment C; C = 1; species S in C; S = 1; J0: S -> ; ; end")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<sbml", "line"),
        ("<html></html>", "SBML|sbml"),
        ("/nowhere/at/all.xml", "cannot be read"),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><sbml/>", "entities"),
        ("<a>" * 1000, "deep"),
    ],
)
def test_fault_a_document_that_is_none_is_told(text: str, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        read_sbml(text)


def rules(kind: str, **formulas: str) -> str:
    """A document of parameters, each with a rule that names another parameter."""
    parameters = "".join(f'<parameter id="{name}" constant="false"/>' for name in formulas)
    written = (f'<{kind} variable="{n}">{MATH.format(f"<ci>{other}</ci>")}</{kind}>' for n, other in formulas.items())
    return document(f"<listOfParameters>{parameters}</listOfParameters><listOfRules>{''.join(written)}</listOfRules>")


def test_fault_names_and_circles_are_told() -> None:
    with pytest.raises(ModelError, match="depends on itself"):
        read_sbml(rules("assignmentRule", a="b", b="a"))
    with pytest.raises(ModelError, match="nobody"):
        read_sbml(rules("rateRule", p="nobody"))
    with pytest.raises(ModelError, match="cannot be read"):
        read_antimony("model m; this is no Antimony at all ((")
