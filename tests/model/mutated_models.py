"""SBML and Antimony texts damaged at random, and what became of them: an answer or a sentence, never a crash or a hang.

python -m tests.model.mutated_models [--count 10000] [--seed 1]
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from typing import Any

from .worker_pool import answer_all, ask_all

ANTIMONY = (
    "model a; compartment C; C = 2; species S in C, P in C; S = 3; P = 0; J0: 2 S -> P; k*S*C; k = 0.3; end",
    "function f(x, y)\n x^y/(1 + x^y)\nend\nmodel b; x = 1; x' = -k*f(x, 2); k = 0.5; y := sin(x) + max(x, 0.2); end",
    """model c; v = 1; x = 10; n = 0; x' = v; v' = -9.8
    bounce: at (x < 0): v = -0.8*v, n = n + 1
    late: at 0.3 after (time >= 1), priority=2, persistent=false: n = n*2; end""",
    "model d; p = 2*q; q = 3 + time; z := piecewise(p, q < 2, q, time > 0.5, floor(time*3)); r = 0; r' = z; end",
)
_JUNK = (
    "0",
    "-1",
    "1e400",
    "<",
    ">",
    "</",
    '"',
    "&lt;",
    "(",
    ")",
    "^",
    ";",
    "\x00",
    "é",
    "nan",
    "time",
    "S",
    "->",
    "at",
    "x",
    "'",
)
_TIMES = [0.0, 0.5, 1.0, 2.0]


def mutated(text: str, chance: random.Random) -> str:
    """The text after one to four small accidents: a piece lost, doubled, moved, swapped for another or overwritten."""
    for _ in range(chance.choice((1, 1, 2, 4))):
        start = chance.randrange(len(text) + 1)
        end = min(len(text), start + chance.choice((0, 1, 1, 2, 5, 30)))
        piece, accident = text[start:end], chance.randrange(5)
        if accident == 0:
            text = text[:start] + text[end:]
        elif accident == 1:
            text = text[:end] + piece * chance.choice((1, 1, 3, 30)) + text[end:]
        elif accident == 2:
            text = text[:start] + chance.choice(_JUNK) + text[end:]
        elif accident == 3:
            to = chance.randrange(len(text) + 1)
            text = text[:to] + piece + text[to:]
        else:
            text = text[:start] + str(chance.choice((0, -1, 1e308, 1e-320, 2**63, 0.1))) + text[start:]
    return text


def questions(count: int, seed: int) -> list[dict[str, str]]:
    """As many damaged texts, half Antimony and half SBML."""
    from inferon.model import read_antimony
    from inferon.model.export import sbml_text

    chance = random.Random(seed)
    sound = {"antimony": list(ANTIMONY), "sbml": [sbml_text(read_antimony(text)) for text in ANTIMONY]}
    kinds = [("antimony", "sbml")[i % 2] for i in range(count)]
    return [{"kind": kind, "text": mutated(chance.choice(sound[kind]), chance)} for kind in kinds]


def answer(question: Any) -> dict[str, str]:
    """Read one text and follow it for a while."""
    from inferon.engine.single import SimulationError, simulate_model
    from inferon.model import read_antimony, read_sbml
    from inferon.model.antimony_source import ModelError

    read = read_antimony if question["kind"] == "antimony" else read_sbml
    try:
        simulate_model(read(question["text"]), _TIMES, max_steps=20_000)
    except (ModelError, SimulationError) as told:
        return {"outcome": "told", "reason": type(told).__name__, "sentence": str(told)[:200]}
    return {"outcome": "answered", "reason": "", "sentence": ""}


def main() -> int:
    """Damage, ask, count."""
    parser = argparse.ArgumentParser(description="SBML and Antimony texts damaged at random")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        answer_all(answer)
        return 0
    asked = questions(options.count, options.seed)
    answers = ask_all("tests.model.mutated_models", asked, workers=2, seconds=60.0)
    print(Counter((said["outcome"], said["reason"]) for said in answers))
    bad = [(q, said) for q, said in zip(asked, answers, strict=True) if said["outcome"] not in ("told", "answered")]
    for question, said in bad[:20]:
        print(said, repr(question["text"][:3000]), sep="\n")
    return int(bool(bad))


if __name__ == "__main__":
    sys.exit(main())
