"""Every case of a folder of oracles against Inferon's statistics: passed, failed, not implemented, worst relative error.

    python -m tests.statistics.check_oracles ORACLES DATA [--file km.json] [--verbose]

The worst relative error is that of the cases that passed, without values that only their absolute tolerance lets pass.

Cases are dispatched by their `analysis` block alone, so any folder of the same layout can be checked. A comparison that
Inferon has no estimator for makes its case "not implemented", never passed. Exit code 1 when a case fails.
"""

import argparse
import math
import sys
import traceback
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from .answers import ANSWERS, Question
from .check_batch import report as report_batch
from .oracle_cases import Case, Comparison, comparisons, disagreements, load_cases, relative_errors


@dataclass
class Outcome:
    """What became of one case: its sentences of failure, what is not offered, and the worst relative error."""

    failures: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    compared: int = 0
    worst: float = 0.0

    @property
    def verdict(self) -> str:
        return "failed" if self.failures else "not implemented" if self.missing or not self.compared else "passed"


def check_case(case: Case, data: Path) -> Outcome:
    """All comparisons of one case."""
    outcome = Outcome()
    try:
        question = Question(case, data)
        for comparison in comparisons(case):
            _compare(question, comparison, outcome)
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        outcome.failures.append(f"{type(error).__name__}: {error} ({Path(place.filename).name}:{place.lineno})")
    return outcome


def _compare(question: Question, comparison: Comparison, outcome: Outcome) -> None:
    answer = ANSWERS[comparison.method](question, comparison) if comparison.method in ANSWERS else None
    if answer is None:
        outcome.missing.append(f"{comparison.method}: {comparison.quantity} at {comparison.path}")
        return
    wrong = disagreements(comparison, answer)
    outcome.compared += 1
    outcome.failures += wrong
    outcome.worst = max([outcome.worst, *relative_errors(comparison, answer)])


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("oracles", type=Path, help="folder with the case files")
    arguments.add_argument("data", type=Path, help="folder with the patients' CSV files")
    arguments.add_argument("--file", action="append", help="only this file, for example km.json")
    arguments.add_argument("--verbose", action="store_true", help="each case that did not pass, with the reason")
    given = arguments.parse_args()
    names = given.file or sorted(path.name for path in given.oracles.glob("*.json"))
    print(f"{'file':<26}{'passed':>8}{'failed':>8}{'not implemented':>17}{'worst relative error':>22}")
    any_failed = False
    for name in names:
        found = [(case, check_case(case, given.data)) for case in load_cases(given.oracles, Path(name).stem)]
        tally = Counter(outcome.verdict for _, outcome in found)
        worst = max((outcome.worst for _, outcome in found if outcome.verdict == "passed"), default=math.nan)
        shown = "-" if np.isnan(worst) else f"{worst:.1e}"
        print(
            f"{name:<26}{tally['passed']:>8}{tally['failed']:>8}{tally['not implemented']:>17}{shown:>22}", flush=True
        )
        any_failed |= tally["failed"] > 0
        if given.verbose:
            _explain(found)
    if not given.file and (given.oracles / "batch").is_dir():
        any_failed |= report_batch(given.oracles / "batch")
    sys.exit(any_failed)


def _explain(found: list[tuple[Case, Outcome]]) -> None:
    for case, outcome in found:
        if outcome.verdict != "passed":
            reasons = outcome.failures or outcome.missing or ["nothing to compare"]
            more = f" (and {len(reasons) - 3} more)" if len(reasons) > 3 else ""
            print(f"  {outcome.verdict}: {case.id}: " + "; ".join(reasons[:3]) + more)


if __name__ == "__main__":
    main()
