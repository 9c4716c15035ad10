"""Every operator of SBML's mathematics, in read-outs (scalar code) and in rates (lane code), against Python's mathematics."""

import math

import pytest

from inferon.engine.single import simulate_model
from inferon.model import read_antimony
from inferon.model.antimony_source import ModelError

X, Y, B, N = 0.37, 2.6, -1.3, 5.0
OPERATORS = {
    "x + y + b": X + Y + B,
    "x - y": X - Y,
    "-b": -B,
    "x*y*b": X * Y * B,
    "x/y": X / Y,
    "y^x": Y**X,
    "b^3": B**3,
    "b^5": B**5,
    "b^(-3)": B**-3,
    "b^n": B**N,
    "exp(x)": math.exp(X),
    "ln(x)": math.log(X),
    "log10(y)": math.log10(Y),
    "log(3, y)": math.log(Y, 3),
    "sqrt(y)": math.sqrt(Y),
    "root(3, y)": Y ** (1 / 3),
    "abs(b)": -B,
    "floor(b)": math.floor(B),
    "ceil(b)": math.ceil(B),
    "factorial(n)": 120.0,
    "factorial(6)": 720.0,
    "quotient(b*10, y)": -5.0,
    "rem(b*10, y)": -13.0 + 5 * Y,
    "max(b, x, y)": Y,
    "min(x, b, y)": B,
    "sin(y)": math.sin(Y),
    "cos(y)": math.cos(Y),
    "tan(y)": math.tan(Y),
    "sec(y)": 1 / math.cos(Y),
    "csc(y)": 1 / math.sin(Y),
    "cot(y)": 1 / math.tan(Y),
    "arcsin(x)": math.asin(X),
    "arccos(x)": math.acos(X),
    "arctan(b)": math.atan(B),
    "arcsec(y)": math.acos(1 / Y),
    "arccsc(y)": math.asin(1 / Y),
    "arccot(y)": math.atan(1 / Y),
    "sinh(b)": math.sinh(B),
    "cosh(b)": math.cosh(B),
    "tanh(b)": math.tanh(B),
    "sech(b)": 1 / math.cosh(B),
    "csch(b)": 1 / math.sinh(B),
    "coth(b)": 1 / math.tanh(B),
    "arcsinh(b)": math.asinh(B),
    "arcsinh(b*1e6)": math.asinh(B * 1e6),
    "arccosh(y)": math.acosh(Y),
    "arctanh(x)": math.atanh(X),
    "arcsech(x)": math.acosh(1 / X),
    "arccsch(b)": math.asinh(1 / B),
    "arccoth(y)": math.atanh(1 / Y),
    "piecewise(x, b > 0, y)": Y,
    "piecewise(1, x < y && !(b > 0), 0)": 1.0,
    "piecewise(1, x > y || b < 0, 0)": 1.0,
    "piecewise(1, x == x, 0) + piecewise(2, x != y, 0)": 3.0,
    "piecewise(1, xor(x < y, b < 0), 0)": 0.0,
    "piecewise(1, implies(x < y, b > 0), 0)": 0.0,
    "piecewise(1, lt(b, x, y), 0) + piecewise(2, gt(x, b, y), 0)": 1.0,
    "pi + exponentiale + avogadro*1e-23": math.pi + math.e + 6.02214179,
    "f(y, g(x))": Y * (X + 1) ** 2,
    "(x < y) + 1": 2.0,
}


@pytest.fixture(scope="module")
def computed():
    """Each operator twice: as a formula, and as the rate of a quantity that starts at 0 and is read at time 1."""
    lines = [f"r{i} := {text}; z{i} = 0; z{i}' = {text}" for i, text in enumerate(OPERATORS)]
    definitions = "function g(u)\n (u + 1)^2\nend\nfunction f(u, v)\n u*v\nend\n"
    constants = f"x = {X}; y = {Y}; b = {B}; n = {N}; x' = 0; y' = 0; b' = 0; n' = 0"
    text = f"{definitions}model operators\n {constants}\n " + "\n ".join(lines) + "\nend\n"
    frame = simulate_model(read_antimony(text), [0.0, 1.0])
    return {name: column[-1] for name, column in frame.to_dict(as_series=False).items()}


@pytest.mark.parametrize("text", OPERATORS)
def test_oracle_an_operator_means_what_it_says(computed, text: str) -> None:
    i = list(OPERATORS).index(text)
    assert computed[f"r{i}"] == pytest.approx(OPERATORS[text], rel=1e-13)
    assert computed[f"z{i}"] == pytest.approx(OPERATORS[text], rel=1e-12, abs=1e-13)


def test_law_a_piecewise_without_a_matching_piece_is_not_a_number() -> None:
    frame = simulate_model(read_antimony("model m; x = 1; y := piecewise(2, x > 5); end"), [0.0], outputs=["y"])
    assert math.isnan(frame["y"][0])


def test_fault_a_function_that_does_not_exist_is_named() -> None:
    text = '<sbml xmlns="http://www.sbml.org/sbml/level3/version2/core" level="3" version="2"><model><listOfParameters>'
    text += '<parameter id="p" constant="false"/></listOfParameters><listOfRules><assignmentRule variable="p"><math '
    text += (
        'xmlns="http://www.w3.org/1998/Math/MathML"><apply><ci>nowhere</ci><cn>1</cn></apply></math></assignmentRule>'
    )
    from inferon.model import read_sbml

    with pytest.raises(ModelError, match="nowhere"):
        read_sbml(text + "</listOfRules></model></sbml>")
