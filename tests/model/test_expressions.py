"""The expression graph: simplification and differentiation keep the value, names stay names."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inferon.model.derivative import along_flow
from inferon.model.expression import TIME, Expression, call, names, number, substitute, symbol, text

NAMES = ("S", "Q", "N", "E", "I", "beta")
LEAVES = st.one_of(st.sampled_from(NAMES).map(symbol), st.sampled_from([0.0, 1.0, 2.0, 0.5]).map(number), st.just(TIME))
UNARY = {"neg": lambda a: -a, "exp": math.exp, "abs": abs}
BINARY = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "max": max,
    "min": min,
}


def _grow(inner):
    return st.one_of(
        st.tuples(st.sampled_from(sorted(UNARY)), inner).map(lambda parts: ("call", *parts)),
        st.tuples(st.sampled_from(sorted(BINARY)), inner, inner).map(lambda parts: ("call", *parts)),
    )


TREES = st.recursive(LEAVES, _grow, max_leaves=8)


def _build(tree) -> Expression:
    return tree if isinstance(tree, Expression) else call(tree[1], *(_build(a) for a in tree[2:]))


def _value(tree, at: dict[str, float], t: float) -> float:
    """Straight from the unsimplified tree."""
    if isinstance(tree, Expression):
        return t if tree is TIME else float(tree.value) if tree.operation == "number" else at[str(tree.value)]
    arguments = [_value(a, at, t) for a in tree[2:]]
    return (UNARY | BINARY)[tree[1]](*arguments)


def _graph_value(node: Expression, at: dict[str, float], t: float) -> float:
    if not node.arguments:
        return t if node is TIME else float(node.value) if node.operation == "number" else at[str(node.value)]
    if node.operation == "select":
        relation, yes, no = node.arguments
        left, right = (_graph_value(a, at, t) for a in relation.arguments)
        holds = {"ge": left >= right, "le": left <= right}[relation.operation]
        return _graph_value(yes if holds else no, at, t)
    return (UNARY | BINARY)[node.operation](*(_graph_value(a, at, t) for a in node.arguments))


POINTS = st.fixed_dictionaries({name: st.floats(0.1, 2.0) for name in NAMES})


@given(tree=TREES, at=POINTS, t=st.floats(0.1, 2.0))
def test_property_simplifying_keeps_the_value(tree, at, t) -> None:
    try:
        expected = _value(tree, at, t)
        simplified = _graph_value(_build(tree), at, t)
    except (ZeroDivisionError, OverflowError):
        return
    assert simplified == pytest.approx(expected, rel=1e-9, abs=1e-9)


@given(tree=TREES, at=POINTS, t=st.floats(0.1, 2.0))
def test_property_the_rate_along_the_flow_is_the_difference_quotient(tree, at, t) -> None:
    """d/dt with S' = 1 and Q' = -2, the others constant; kinks and explosions are left out."""
    node, h = _build(tree), 1e-6
    rates = {"S": number(1), "Q": number(-2)}

    def moved(by: float) -> float:
        return _graph_value(node, {**at, "S": at["S"] + by, "Q": at["Q"] - 2 * by}, t + by)

    try:
        left, here, right = moved(-h), moved(0.0), moved(h)
        slope = _graph_value(along_flow(node, rates), at, t)
    except (ZeroDivisionError, OverflowError):
        return
    curved = abs((right - here) - (here - left))
    if max(abs(left), abs(right), abs(slope)) > 1e3 or curved > 1e-4 * h * (1 + abs(slope)) + 1e-12:
        return
    assert slope == pytest.approx((right - left) / (2 * h), rel=1e-3, abs=1e-3)


@given(tree=TREES)
def test_property_equal_expressions_are_one_node(tree) -> None:
    assert _build(tree) is _build(tree)


def test_law_names_of_mathematics_are_names_here() -> None:
    expression = call("add", symbol("S"), call("mul", symbol("beta"), symbol("E")))
    assert names(expression) == {"S", "beta", "E"}
    assert text(expression) == "(S + (beta * E))"
    (swapped,) = substitute([expression], {"S": symbol("E"), "E": symbol("S")})
    assert text(swapped) == "(E + (beta * S))"


def test_fault_an_operation_that_is_not_listed_cannot_be_built() -> None:
    with pytest.raises(ValueError, match="unknown operation '__import__'"):
        call("__import__", number(1))
