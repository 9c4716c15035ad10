"""A hand-written C++ program of the same lanes algorithm, built for one problem: the bar for our engine.

``lanes.cpp`` is the program; this file prints ``model.hpp`` for it (constants of the problem, straight-line functions from the
same expression graph), builds both with g++ into a temporary folder and calls the result. What the program need not handle for
the problems of the benchmark (priorities, infusions, samples) it does not handle; such problems are refused.
"""

from __future__ import annotations

import ctypes
import hashlib
import shutil
import statistics
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from inferon.engine import rodas5p, tsit5
from inferon.engine.sparse_lu import factorisation
from inferon.model.expression import ONE, ZERO, Expression, call, names, number, symbol, walk
from inferon.model.kernel import RATE_PREFIX, Kernel, build_kernel, jacobian

SOURCE = Path(__file__).with_name("lanes.cpp")
FLAGS = ("-O3", "-march=native", "-std=c++17", "-fno-math-errno", "-fno-trapping-math", "-fno-signed-zeros")
_INFIX = {"add": "+", "sub": "-", "mul": "*", "div": "/", "lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "=="}
_INFIX |= {"ne": "!=", "and": "&", "or": "|"}
_CALLS = {"exp": "exponential", "log": "logarithm", "sqrt": "root", "abs": "absolute", "max": "maximum"}
_CALLS |= {"min": "minimum", "pow": "power"}
_NEVER = number(float("inf"))


class ComparatorError(RuntimeError):
    """The comparator cannot be built here, or not for this problem; the message says why."""


@dataclass(frozen=True)
class Solution:
    """First event days (patients, events), final states (patients, states), accepted and rejected steps, status, seconds.

    ``seconds`` by the clock, ``processor_seconds`` of all threads.
    """

    first: np.ndarray
    states: np.ndarray
    steps: np.ndarray
    status: np.ndarray
    seconds: float
    processor_seconds: float


def build(problem: Any, method: str) -> Path:
    """The shared library of ``problem`` (explicit or implicit method). Raises ``ComparatorError`` without g++."""
    compiler = shutil.which("g++")
    if compiler is None:
        raise ComparatorError("the C++ comparator needs g++, which is not installed here")
    header = _Printer(problem, method).header()
    return _build(compiler, header, SOURCE.read_text(encoding="utf-8"))


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="inferon-comparator-")


@cache
def _build(compiler: str, header: str, source: str) -> Path:
    folder = Path(_folder().name) / hashlib.sha256((header + source).encode()).hexdigest()[:16]
    folder.mkdir()
    (folder / "model.hpp").write_text(header, encoding="utf-8")
    (folder / SOURCE.name).write_text(source, encoding="utf-8")
    target = folder / "lanes.so"
    command = [compiler, *FLAGS, "-I", str(folder), "-shared", "-fPIC", "-pthread", "-o", str(target)]
    done = subprocess.run([*command, str(folder / SOURCE.name)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise ComparatorError(f"g++ could not build the comparator: {done.stderr.strip()[:2000]}")
    return target


def solve(problem: Any, *, rtol: float, method: str = "explicit", threads: int = 1) -> Solution:
    """Carry every patient of ``problem`` from start to end; only the solving is timed."""
    library = ctypes.CDLL(str(build(problem, method)))
    kernel, doses = _kernel(problem), _records(problem)
    parameters = np.ascontiguousarray(problem.parameters, dtype=float)
    patients = len(parameters)
    first, states = np.empty((patients, len(kernel.events))), np.empty((patients, len(kernel.states)))
    steps, status = np.zeros((patients, 2), np.int64), np.zeros(patients, np.int64)
    real, whole = ctypes.c_double, ctypes.c_long
    pointers = [a.ctypes.data_as(ctypes.c_void_p) for a in (parameters, *doses)]
    results = [a.ctypes.data_as(ctypes.c_void_p) for a in (first, states, steps, status)]
    scalars = [real(float(problem.start)), real(float(problem.end)), real(rtol), ctypes.c_int(threads)]
    before, processor = time.perf_counter(), time.process_time()
    library.solve(whole(patients), whole(doses[0].shape[1]), *pointers, *scalars, *results)
    took = (time.perf_counter() - before, time.process_time() - processor)
    return Solution(first, states, steps, status, *took)


def measure(
    problem: Any, *, rtol: float, method: str = "explicit", threads: int = 1, repeats: int = 3, reference: Any = None
) -> dict:
    """Median patients a second, steps a patient and, against a ``reference`` solution, the largest errors."""
    solve(problem, rtol=rtol, method=method, threads=threads)
    runs = [solve(problem, rtol=rtol, method=method, threads=threads) for _ in range(repeats)]
    row = {
        "patients_per_second": len(runs[0].first) / statistics.median(run.seconds for run in runs),
        "steps_per_patient": float(runs[0].steps.sum(axis=1).mean()),
        "failures": int((runs[0].status != 1).sum()),
    }
    return row | ({} if reference is None else errors(runs[0], reference.first, reference.states))


def errors(run: Solution, first: np.ndarray, states: np.ndarray) -> dict:
    """Largest difference of an event's day, and of a final state relative to the largest value of that state."""
    both = np.isfinite(run.first) & np.isfinite(first)
    apart = np.abs(np.where(both, run.first, 0.0) - np.where(both, first, 0.0))
    scale = np.maximum(np.abs(states), np.abs(states).max(axis=0, initial=0.0) * 1e-3) + 1e-6
    return {
        "largest_event_error_days": float(apart.max(initial=0.0)),
        "events_in_one_run_only": int((np.isfinite(run.first) != np.isfinite(first)).sum()),
        "largest_relative_error_of_a_state": float((np.abs(run.states - states) / scale).max(initial=0.0)),
    }


def _kernel(problem: Any) -> Kernel:
    return getattr(problem.model, "kernel", None) or build_kernel(problem.model, problem.readouts)


def _records(problem: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    doses, patients = problem.doses, len(problem.parameters)
    if doses is None:
        return np.zeros((patients, 0)), np.zeros((patients, 0)), np.zeros((patients, 0), np.int64)
    doses = doses.sorted()
    if np.any(doses.duration[np.isfinite(doses.time)] > 0):
        raise ComparatorError("the C++ comparator gives boluses only; this problem has infusions")
    kept = (np.ascontiguousarray(doses.time, dtype=float), np.ascontiguousarray(doses.amount, dtype=float))
    return *kept, np.ascontiguousarray(doses.state, dtype=np.int64)


_INLINED = "INLINE"


class _Printer:
    """Prints model.hpp."""

    def __init__(self, problem: Any, method: str) -> None:
        self.kernel, self.settings, self.method = _kernel(problem), problem.settings, method
        self.stop_on = set(problem.stop_on or ())
        self.functions = {function.name: function.outputs for function in self.kernel.functions}
        self._refuse()
        self.inverses: dict[str, Expression] = {}
        self.slots = {name: f"y[{i}]" for i, name in enumerate(self.kernel.states)}
        self.slots |= {RATE_PREFIX + name: f"k[{i}]" for i, name in enumerate(self.kernel.states)}
        self.slots |= {n: f"p[{i}]" for i, n in enumerate((*self.kernel.parameters, *self.kernel.hoisted))}
        self.slots |= {name: f"d[{i}]" for i, name in enumerate(self.kernel.switches)}
        self.timed = [stop is not _NEVER for stop in self.functions["stops"]]
        self.watched = [c for c, timed in enumerate(self.timed) if not timed]

    def _refuse(self) -> None:
        for event in self.kernel.events:
            constant = all(value.operation == "number" for _, value in event.assignments)
            simple = event.priority is None and event.use_trigger_values and not event.scales
            delayed = event.delay is not ZERO
            if not simple or (delayed and (event.persistent or not constant or event.delay.operation != "number")):
                raise ComparatorError(f"the C++ comparator does not handle the event {event.name!r} of this problem")

    def header(self) -> str:
        """The text of model.hpp."""
        self.inverses.clear()
        n = len(self.kernel.conditions)
        distances, slopes = self.functions["crossings"][:n], self.functions["crossings"][n:]
        near = [distances[c] for c in self.watched]
        body = [
            self._function(
                "rates", "V t, const V *y, const V *p, const M *m, const V *d, V *out", self.functions["rates"]
            ),
            self._function(
                "watched", "V t, const V *y, const V *p, const M *m, const V *d, V *out", near, style=_INLINED
            ),
            self._function(
                "watched_slopes",
                "V t, const V *y, const V *p, const M *m, const V *d, const V *k, V *out",
                [slopes[c] for c in self.watched],
                style=_INLINED,
            ),
            self._conditions(distances),
            self._triggers(),
            self._execute(),
            self._stops(),
            self._initial(),
        ]
        if self.method == "implicit":
            body += self._implicit()
        body.append(self._hoist())  # last: the others have asked for inverses
        return "\n".join([*self._constants(near), *body])

    # ---- tables ----------------------------------------------------------------------------------------------------

    def _constants(self, near: Sequence[Expression]) -> list[str]:
        kernel, settings = self.kernel, self.settings
        mentioned = {name for distance in near for name in names(distance)}
        needed = [i for i, state in enumerate(kernel.states) if state in mentioned]
        counts = {
            "N": len(kernel.states),
            "NQ": len(kernel.parameters),
            "NP": len(kernel.parameters) + len(kernel.hoisted) + len(self.inverses),
            "ND": len(kernel.switches),
            "NC": len(kernel.conditions),
            "NE": len(kernel.events),
            "NW": len(self.watched),
            "NN": len(needed),
        }
        rows = {
            "ATOL": [settings.atol.get(s, settings.default_atol) for s in kernel.states],
            "FLOOR": [settings.floor.get(s, 0.0) for s in kernel.states],
            "DELAY": [event.delay.constant for event in kernel.events],
            "SWITCH_START": list(kernel.model.switches.values()),
        }
        flags = {
            "STRICT": [kernel.strict[c] for c in self.watched],
            "STOPS": [event.name in self.stop_on for event in kernel.events],
            "TRUE_BEFORE": [event.true_before_start for event in kernel.events],
        }
        lines = [f"#define IMPLICIT {int(self.method == 'implicit')}"]
        lines += [f"static constexpr int {name} = {value};" for name, value in counts.items()]
        lines += [f"static constexpr double {name}[] = {{{_list(row)}}};" for name, row in rows.items()]
        lines += [f"static constexpr bool {name}[] = {{{_list(map(int, row))}}};" for name, row in flags.items()]
        lines.append(f"static constexpr int WATCHED[] = {{{_list(self.watched)}}};")
        lines.append(f"static constexpr int NEEDED[] = {{{_list(needed)}}};")
        lines.append(f"static constexpr double MAX_STEP = {_number(settings.max_step)};")
        lines.append(f"static constexpr long MAX_STEPS = {settings.max_steps};")
        return lines + (_rosenbrock_tables() if self.method == "implicit" else _tsitouras_tables())

    # ---- straight-line functions -----------------------------------------------------------------------------------

    def _better(self, outputs: Sequence[Expression]) -> list[Expression]:
        """Divisions by numbers and by what a patient keeps become products; one division for a denominator met twice."""

        def product(node: Expression) -> Expression | None:
            if node.operation != "div":
                return None
            below = node.arguments[1]
            if below.operation == "number" and below.constant != 0:
                return number(1.0 / below.constant)
            if self.slots.get(str(below.value), "").startswith("p["):
                name = f"inverse of {below.name}"
                if name not in self.inverses:
                    self.inverses[name] = below
                    count = len(self.kernel.parameters) + len(self.kernel.hoisted) + len(self.inverses)
                    self.slots[name] = f"p[{count - 1}]"
                return symbol(name)
            return None

        outputs = _rewritten(outputs, product)
        shared = Counter(id(node.arguments[1]) for node in walk(outputs) if node.operation == "div")
        return _rewritten(
            outputs,
            lambda node: (
                call("div", ONE, node.arguments[1])
                if node.operation == "div" and shared[id(node.arguments[1])] > 1 and node.arguments[0] is not ONE
                else None
            ),
        )

    def _function(
        self, name: str, arguments: str, outputs: Sequence[Expression], *, style: str = "APART", out: str = "out"
    ) -> str:
        body, values = self._body(self._better(outputs))
        lines = [f"    {out}[{i}] = {value};" for i, value in enumerate(values)]
        return "\n".join([f"{style} void {name}({arguments}) {{", *body, *lines, "}"])

    def _body(self, outputs: Sequence[Expression]) -> tuple[list[str], list[str]]:
        lines: list[str] = []
        named: dict[int, str] = {}
        for node in walk(outputs):
            if not node.arguments:
                named[id(node)] = self._leaf(node)
                continue
            kind = "M" if node.operation in ("lt", "le", "gt", "ge", "eq", "ne", "and", "or", "not") else "V"
            named[id(node)] = f"v{len(lines)}"
            inside = [named[id(a)] for a in node.arguments]
            lines.append(f"    const {kind} v{len(lines)} = {_written(node, inside)};")
        return lines, [named[id(output)] for output in outputs]

    def _leaf(self, node: Expression) -> str:
        if node.operation == "number":
            return f"C({_number(node.constant)})"
        if node.operation == "mode":
            return f"m[{node.index}]"
        if node.operation in ("true", "false"):
            return f"truth({node.operation})"
        return "t" if node.operation == "time" else self.slots[node.name]

    def _conditions(self, distances: Sequence[Expression]) -> str:
        """Each condition in turn, so that one may use those before it; a condition on time alone just after ``t``."""
        lines = []
        for c, distance in enumerate(distances):
            body, (value,) = self._body(self._better([distance]))
            when = "const V t = later;" if self.timed[c] else "const V t = now;"
            relation = ">" if self.kernel.strict[c] else ">="
            lines.append(
                "\n".join(["  {", f"    {when}", "    (void)t;", *body, f"    m[{c}] = {value} {relation} 0.0;", "  }"])
            )
        return "\n".join(
            [f"{_INLINED} void conditions(V now, V later, const V *y, const V *p, const V *d, M *m) {{", *lines, "}"]
        )

    def _triggers(self) -> str:
        wanted = [
            trigger.arguments[0] if trigger.operation == "select" else trigger for trigger in self.functions["triggers"]
        ]
        body, values = self._body(wanted)
        lines = [f"    out[{e}] = {v if v != 'C(1.0)' else 'truth(true)'};" for e, v in enumerate(values)]
        arguments = "V t, const V *y, const V *p, const M *m, const V *d, M *out"
        return "\n".join([f"{_INLINED} void triggers({arguments}) {{", *body, *lines, "}"])

    def _execute(self) -> str:
        body, values = self._body(self._better(self.functions["assignments"]))
        lines = []
        for e in range(len(self.kernel.events)):
            for a in range(self.kernel.assignment_start[e], self.kernel.assignment_start[e + 1]):
                target = self.kernel.assignment_target[a]
                slot = f"y[{target}]" if target >= 0 else f"d[{-1 - target}]"
                lines.append(f"    const V a{a} = {values[a]};\n    {slot} = choose(fires[{e}], a{a}, {slot});")
        arguments = "V t, V *y, const V *p, const M *m, V *d, const M *fires"
        return "\n".join([f"{_INLINED} void execute({arguments}) {{", *body, *lines, "}"])

    def _stops(self) -> str:
        timed = [stop for stop, timed in zip(self.functions["stops"], self.timed, strict=True) if timed]
        body, values = self._body(self._better(timed))
        lines = [f"    stop = choose({v} > after, minimum(stop, {v}), stop);" for v in values]
        return "\n".join(
            [f"{_INLINED} void stops(V after, const V *p, const M *m, const V *d, V &stop) {{", *body, *lines, "}"]
        )

    def _initial(self) -> str:
        return self._function("initial", "const V *p, V *out", self.functions["initial"])

    def _hoist(self) -> str:
        hoisted = dict(zip(self.kernel.hoisted, self.functions["hoisted"], strict=True))
        below = {name: hoisted.get(node.name, node) for name, node in self.inverses.items()}
        outputs = [*self.functions["hoisted"], *(call("div", ONE, node) for node in below.values())]
        body, values = self._body(outputs)
        first = len(self.kernel.parameters)
        lines = [f"    p[{first + i}] = {value};" for i, value in enumerate(values)]
        return "\n".join(["APART void hoist(V *p) {", *body, *lines, "}"])

    # ---- the implicit method ---------------------------------------------------------------------------------------

    def _implicit(self) -> list[str]:
        slopes = jacobian(self.kernel)
        plan = factorisation(len(self.kernel.states), slopes.entries)
        moving = [i for i, slope in enumerate(slopes.time_slopes) if slope is not ZERO]
        body, values = self._body(self._better([*slopes.values, *(slopes.time_slopes[i] for i in moving)]))
        given = dict(zip(slopes.entries, values, strict=False))
        lines = []
        for k, entry in enumerate(plan.entries):
            base = "diagonal" if entry[0] == entry[1] else ""
            value = f"{base} - {given[entry]}" if entry in given else base or "C(0.0)"
            lines.append(f"    V f{k} = {value};")
        for kind, a, *others in plan.eliminate:
            text = {"pivot": "f{0} = 1.0 / f{0};", "scale": "f{0} *= f{1};", "update": "f{0} -= f{1} * f{2};"}[kind]
            lines.append("    " + text.format(a, *others))
        lines += [f"    f[{k}] = f{k};" for k in range(len(plan.entries))]
        lines += [f"    slope[{j}] = {value};" for j, value in enumerate(values[len(slopes.entries) :])]
        arguments = "V t, const V *y, const V *p, const M *m, const V *d, V diagonal, V *slope, V *f"
        factorise = "\n".join([f"APART void factorise({arguments}) {{", *body, *lines, "}"])
        n = range(len(self.kernel.states))
        work = [f"    V b{i} = b[{i}];" for i in n]
        work += [f"    b{row} -= f[{slot}] * b{column};" for row, slot, column in plan.forward]
        work += [
            f"    b{row} *= f[{slot}];" if column is None else f"    b{row} -= f[{slot}] * b{column};"
            for row, slot, column in plan.backward
        ]
        work += [f"    b[{i}] = b{i};" for i in n]
        push = [f"    b[{i}] += h * slope[{j}];" for j, i in enumerate(moving)]
        counts = f"static constexpr int NT = {len(moving)}, NF = {len(plan.entries)};"
        return [
            counts,
            factorise,
            "\n".join(["APART void solve_factored(const V *f, V *b) {", *work, "}"]),
            "\n".join([f"{_INLINED} void push(V h, const V *slope, V *b) {{", *push, "}"]),
        ]


def _rewritten(outputs: Sequence[Expression], factor) -> list[Expression]:
    """Copies of ``outputs`` in which a quotient for which ``factor`` names another factor is a product with it."""
    done: dict[int, Expression] = {}
    for node in walk(outputs):
        if not node.arguments:
            done[id(node)] = node
            continue
        copy = call(node.operation, *(done[id(a)] for a in node.arguments))
        other = factor(copy) if copy.operation == "div" else None
        done[id(node)] = call("mul", copy.arguments[0], other) if other is not None else copy
    return [done[id(output)] for output in outputs]


def _written(node: Expression, inside: list[str]) -> str:
    operation = node.operation
    if operation in _INFIX:
        return f"{inside[0]} {_INFIX[operation]} {inside[1]}"
    if operation == "pow" and node.arguments[1].operation == "number" and node.arguments[1].constant in (2, 3, 4):
        return " * ".join([inside[0]] * int(node.arguments[1].constant))
    if operation in _CALLS:
        return f"{_CALLS[operation]}({', '.join(inside)})"
    if operation == "select":
        return f"choose({', '.join(inside)})"
    if operation in ("neg", "not"):
        return f"{'-' if operation == 'neg' else '~'}{inside[0]}"
    return f"each([](double x) {{ return std::{operation}(x); }}, {inside[0]})"


def _number(value: float) -> str:
    if np.isinf(value):
        return "INF" if value > 0 else "-INF"
    return repr(float(value))


def _list(values) -> str:
    return ", ".join(_number(v) if isinstance(v, float) else str(v) for v in values) or "0"


def _table(name: str, rows: np.ndarray) -> str:
    inner = ", ".join(f"{{{_list(map(float, row))}}}" for row in rows)
    return f"static constexpr double {name}[{rows.shape[0]}][{rows.shape[1]}] = {{{inner}}};"


def _tsitouras_tables() -> list[str]:
    return [
        f"static constexpr double NODES[] = {{{_list(map(float, tsit5.NODES))}}};",
        f"static constexpr double ERROR[] = {{{_list(map(float, tsit5.ERROR))}}};",
        _table("TABLEAU", tsit5.STAGES),
        _table("INTERPOLANT", tsit5.INTERPOLANT),
    ]


def _rosenbrock_tables() -> list[str]:
    return [
        f"static constexpr double GAMMA = {rodas5p.GAMMA!r};",
        f"static constexpr double NODES[] = {{{_list(map(float, rodas5p.NODES))}}};",
        f"static constexpr double SLOPES[] = {{{_list(map(float, rodas5p.SLOPES))}}};",
        _table("TABLEAU", rodas5p.A),
        _table("COUPLING", rodas5p.C),
        _table("DENSE", rodas5p.DENSE),
    ]
