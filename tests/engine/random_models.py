"""Reaction networks nobody thought of: hypothesis writes them as Antimony, with rules, doses, events and piecewise formulas.

Everything a solver can get wrong is allowed; left out is only what has no certain answer: unlimited growth, and equations that
jump back and forth across a threshold without end. Numbers are odd fractions, so that nothing coincides by accident.
"""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

HORIZON = 10.0
_POWERS = ("1", "2", "3", "4", "1.5", "2.5")
_RATED = ("follower", "sensor", "turning")


@dataclass(frozen=True)
class Given:
    """A dose of a random model: amount into a species at a time, over a duration (0: at once)."""

    time: float
    amount: float
    duration: float
    species: str


@dataclass(frozen=True)
class RandomModel:
    """A model as lines of Antimony, its doses, and the names whose values differ between patients."""

    lines: tuple[str, ...]
    doses: tuple[Given, ...]
    constants: tuple[str, ...]
    home: dict[str, str]

    @property
    def text(self) -> str:
        """The model in Antimony, doses not included."""
        return "\n".join(["model random_model()", *self.lines, "end"])

    @property
    def text_with_doses(self) -> str:
        """The same with every dose as an event or a piecewise rate of inflow, for programs that know no doses."""
        dosed = [line for i, dose in enumerate(self.doses) for line in self._dose(i, dose)]
        return "\n".join(["model random_model()", *self.lines, *dosed, "end"])

    def _dose(self, i: int, dose: Given) -> list[str]:
        if dose.duration == 0:
            arrives = f"{dose.species} + {dose.amount!r}/{self.home[dose.species]}"
            return [f"dose{i}: at (time >= {dose.time!r}), priority=100: {dose.species} = {arrives}"]
        end, speed = dose.time + dose.duration, dose.amount / dose.duration
        return [f"inflow{i}: -> {dose.species}; piecewise({speed!r}, (time >= {dose.time!r}) && (time < {end!r}), 0)"]


def _odd(most: int, parts: int) -> st.SearchStrategy[float]:
    """1/parts to most/parts."""
    return st.integers(1, most).map(lambda k: k / parts)


@st.composite
def random_models(draw: st.DrawFn) -> RandomModel:
    """One model: species, reactions, rules, events, doses."""
    writer = _Writer(draw)
    writer.compartments()
    writer.species()
    writer.rules()
    for i in range(draw(st.integers(1, 6), label="reactions")):
        writer.reaction(i)
    writer.rates()
    events = draw(st.integers(0, 4), label="events")
    ranks = draw(st.permutations(range(events)))
    for i in range(events):
        writer.event(i, ranks[i] if events > 1 else None)
    return writer.model()


class _Writer:
    """Writes one model, drawing as it goes."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw, self.lines = draw, []
        self.constants: list[str] = []
        self.start: dict[str, float] = {}
        self.home: dict[str, str] = {}
        self.touched: set[str] = set()
        self.modulators: list[str] = []
        self.rated: list[str] = []
        self.triggers: list[str] = []

    def one(self, *choices):
        return self.draw(st.sampled_from(choices))

    def constant(self, name: str, most: int, parts: int) -> str:
        self.lines.append(f"{name} = {self.draw(_odd(most, parts))!r}")
        self.constants.append(name)
        return name

    def compartments(self) -> None:
        for name in ("C", "D")[: self.draw(st.integers(1, 2))]:
            self.lines.append(f"compartment {name}; {name} = {self.draw(_odd(20, 7))!r}")
            self.home[name] = name
        if self.draw(st.booleans()):
            self.lines.append(f"var {name}; {name}' = {self.draw(st.integers(-9, 9)) / 211!r}*{name}")

    def species(self) -> None:
        rooms = list(self.home)
        self.home = {}
        for i in range(self.draw(st.integers(2, 5), label="species")):
            name = f"S{i}"
            self.home[name] = self.one(*rooms)
            self.start[name] = self.draw(st.integers(0 if i > 1 else 1, 30)) / 7
            self.lines.append(f"species {name} in {self.home[name]}; {name} = {self.start[name]!r}")

    def rules(self) -> None:
        """Formulas that hold always; those in ``modulators`` act on reactions."""
        level = self.level("S0")
        possible = {
            "total": lambda: "S0 + S1",
            "share": lambda: "S0/(S0 + S1 + 0.3)",
            "season": lambda: f"1 + {self.draw(_odd(9, 11))!r}*sin({self.draw(_odd(60, 17))!r}*time)",
            "window": self.window,
            "damped": lambda: "1/(1 + S1^2)",
            "capped": lambda: f"piecewise(S0, S0 < {level!r}, {level!r})",
        }
        for name in self.draw(st.lists(st.sampled_from(sorted(possible)), unique=True, max_size=4), label="rules"):
            self.lines.append(f"{name} := {possible[name]()}")
            self.start[name] = 1.0
            if name != "total":
                self.modulators.append(name)

    def window(self) -> str:
        first, second = sorted(self.draw(st.lists(st.integers(3, 120), min_size=2, max_size=2, unique=True)))
        return f"piecewise({self.draw(_odd(20, 7))!r}, time < {first / 13!r}, 0.2, time < {second / 13!r}, 1.1)"

    def reaction(self, i: int) -> None:
        a, b, k = self.one(*self.home), self.one(*self.home), self.constant(f"k{i}", 40, 29)
        kinds = {
            "synthesis": lambda: (f"-> {a}", k),
            "decay": lambda: (f"{a} ->", f"{k}*{a}"),
            "conversion": lambda: (f"{a} -> {b}", f"{k}*{a}"),
            "exchange": lambda: (f"{a} -> {b}", f"{k}*{a} - {self.half(i)}*{b}"),
            "binding": lambda: (f"{a} + {b} -> {self.one(*self.home)}", f"{k}*{a}*{b}"),
            "pairing": lambda: (f"2 {a} -> {b}", f"{k}*{a}^2"),
            "splitting": lambda: (f"{a} -> 2 {b}", f"0.2*{k}*{a}"),
            "saturable": lambda: (f"{a} -> {b}", f"{k}*{a}/({self.half(i)} + {a})"),
            "catalysis": lambda: (f"{a} -> {b}", f"{k}*{self.one(*self.home)}*{a}/({self.half(i)} + {a})"),
            "activation": lambda: (f"-> {b}", self.hill(i, a, rising=True)),
            "inhibition": lambda: (f"-> {b}", self.hill(i, a, rising=False)),
        }
        equation, law = self.one(*kinds.values())()
        self.touched |= {name for name in self.home if name in equation}
        factor = self.one("", *(f"{name}*" for name in self.modulators))
        self.lines.append(f"J{i}: {equation}; {self.home[a]}*{factor}({law})")

    def half(self, i: int) -> str:
        return self.constant(f"h{i}", 30, 11)

    def hill(self, i: int, species: str, *, rising: bool) -> str:
        half, power = self.half(i), self.one(*_POWERS)
        base = species if power.isdigit() else f"({species} + 0.05)"  # a solver may try a little below 0
        return f"k{i}*{base if rising else half}^{power}/({half}^{power} + {base}^{power})"

    def rates(self) -> None:
        """Quantities with a rate of their own: one that follows, one that senses a threshold, one that turns."""
        for name in self.draw(st.lists(st.sampled_from(_RATED), unique=True, max_size=2), label="rates"):
            watched = self.one(*self.start)
            slope = {
                "follower": lambda watched=watched: f"{self.draw(_odd(20, 13))!r}*{watched} - 0.9*follower",
                "sensor": lambda watched=watched: f"piecewise(1.3, {self.crossed(watched)}, 0.1) - 0.6*sensor",
                "turning": lambda: f"1.1*cos({self.draw(_odd(50, 19))!r}*time) - 0.2*turning",
            }[name]()
            self.lines.append(f"{name} = 0.4; {name}' = {slope}")
            self.start[name] = 0.4
            self.rated.append(name)

    def level(self, name: str) -> float:
        """A threshold that ``name`` may well cross."""
        return (self.start[name] or 0.5) * self.draw(st.integers(10, 190)) / 101 + 1 / 977

    def crossed(self, watched: str) -> str:
        return f"{watched} {self.one('<', '>', '<=', '>=')} {self.level(watched)!r}"

    def trigger(self) -> str:
        if self.triggers and self.draw(st.booleans()):
            return self.one(*self.triggers)
        shape = self.one("{x}", "{x}", "{t}", "{p}", "({t}) && ({x})", "({t}) || ({x})", "!({x})")
        moving = [name for name in self.start if name not in ("season", "window")]
        crossed = self.crossed(self.one(*moving)) if "{x}" in shape else ""
        timed = self.timed() if "{t}" in shape else ""
        return shape.format(x=crossed, t=timed, p=self.pulse() if "{p}" in shape else "")

    def pulse(self) -> str:
        """True for a while only: a delayed execution that does not persist may be lost."""
        begin = self.draw(_odd(150, 19)) + 1 / 57
        return f"(time >= {begin!r}) && (time < {begin + self.draw(_odd(30, 21))!r})"

    def timed(self) -> str:
        """Two with the same time mean the same instant, be it just before or just after."""
        k = self.draw(st.integers(1, 180))
        return f"time {'>=' if k % 2 else '>'} {k / 19!r}"

    def event(self, i: int, rank: int | None) -> None:
        trigger = self.trigger()
        self.triggers.append(trigger)
        delay = self.one("", "", "fixed", "0.21 + 0.1*S0 after ")
        delay = f"{self.draw(_odd(60, 23))!r} after " if delay == "fixed" else delay
        options = [f"persistent={self.one('true', 'false')}", f"fromTrigger={self.one('true', 'false')}"]
        options.append(f"t0={self.one('true', 'false')}")
        options += [] if rank is None else [f"priority={rank}"]
        targets = self.draw(
            st.lists(st.sampled_from([*self.home, *self.rated, "k0"]), min_size=1, max_size=2, unique=True)
        )
        acts = ", ".join(f"{target} = {self.assigned(target)}" for target in targets)
        self.lines.append(f"E{i}: at {delay}({trigger}), {', '.join(options)}: {acts}")

    def assigned(self, target: str) -> str:
        if target == "k0":
            return f"{self.draw(_odd(30, 19))!r}*k0"
        more = self.draw(st.integers(1, 20)) / 9
        shape = self.one("{factor}*{target} + {more}", "{other} + {more}", "{more}")
        factor = self.draw(_odd(30, 23)) if "factor" in shape else 1.0
        other = self.one(*self.home) if "other" in shape else target
        return shape.format(factor=factor, target=target, more=more, other=other)

    def model(self) -> RandomModel:
        amounts = st.tuples(
            st.integers(1, 160), st.integers(1, 40), st.integers(0, 20), st.sampled_from(sorted(self.touched))
        )
        drawn = self.draw(st.lists(amounts, max_size=3, unique_by=lambda d: d[0]), label="doses")
        doses = [Given(at / 17, amount / 9, length / 12 if length > 8 else 0.0, to) for at, amount, length, to in drawn]
        changed = {"k0"} if any("k0 =" in line for line in self.lines if line.startswith("E")) else set()
        return RandomModel(
            tuple(self.lines),
            tuple(sorted(doses, key=lambda d: d.time)),
            tuple(c for c in self.constants if c not in changed),
            self.home,
        )
