"""Does Inferon read SBML right? Every case of a semantic suite, judged by its own expected values, in a table by tier.

    python -m tests.model.sbml_suite SUITE [--every N] [--markdown FILE] [--json FILE]

SUITE is a zip or a folder holding ``index.csv`` (case, tier, model) and a folder per case. Cases run in worker processes with a
limit on time and memory; a worker that dies or does not answer is one case lost, not the run. Exit code 1 if any value is wrong,
a case crashed or one ran out of time.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import tempfile
import zipfile
from collections import Counter
from pathlib import Path

from .worker_pool import answer_all, ask_all

_MODULE = "tests.model.sbml_suite"
OUTCOMES = ("passed", "refused", "unsolved", "wrong", "crashed", "timed out")
_HEADING = """# SBML semantic test suite

`make check-sbml SUITE=PATH` runs every case of a suite laid out like the SBML semantic test suite and prints this table; PATH is
a zip or a folder. Each case runs in a worker process with a limit on time and memory, and passes when every value is within the
absolute plus the relative tolerance its own settings ask for, at every time. "Refused" cases use a feature Inferon does not
simulate and end with a sentence that names it; "unsolved" ones end with a sentence that says why the equations could not be
followed to the end; a "wrong" number is the one real failure. The table is of the even-numbered cases of version 3.3.
"""


def main() -> int:
    """Run the suite named on the command line."""
    options = _options()
    if options.worker:
        answer_all(_judged)
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        folder = unpacked(options.suite, Path(scratch))
        cases = index(folder)[:: options.every]
        folders = [str(folder / case) for case, _ in cases]
        answers = ask_all(_MODULE, folders, workers=options.workers, seconds=options.seconds)
    verdicts = [{"case": case, "tier": tier, **said} for (case, tier), said in zip(cases, answers, strict=True)]
    page = f"{tabulate(verdicts)}\n\n{_reasons(verdicts)}\n"
    print(page)
    if options.show:
        print("\n".join(f"{v['case']} {v['tier']} {v['outcome']} {v['reason']} {v['sentence']}" for v in verdicts))
    if options.markdown:
        options.markdown.write_text(f"{_HEADING}\n{page}", encoding="utf-8")
    if options.json:
        options.json.write_text(json.dumps(verdicts), encoding="utf-8")
    return int(any(v["outcome"] in ("wrong", "crashed", "timed out") for v in verdicts))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("suite", type=Path, nargs="?", help="zip or folder of the suite")
    parser.add_argument("--every", type=int, default=1, help="take only every N-th case")
    parser.add_argument("--workers", type=int, default=2, help="worker processes")
    parser.add_argument("--seconds", type=float, default=60.0, help="limit for one case")
    parser.add_argument("--markdown", type=Path, help="write the table here")
    parser.add_argument("--json", type=Path, help="write every verdict here")
    parser.add_argument("--show", action="store_true", help="print every case")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.suite is None and not options.worker:
        parser.error("name the suite: a zip or a folder")
    return options


def unpacked(suite: Path, scratch: Path) -> Path:
    """The folder with the index, unpacked into ``scratch`` where the suite is a zip."""
    if suite.is_dir():
        return suite
    with zipfile.ZipFile(suite) as archive:
        archive.extractall(scratch)
    return next(scratch.rglob("index.csv")).parent


def index(folder: Path) -> list[tuple[str, str]]:
    """Every case of a suite with its tier."""
    with (folder / "index.csv").open(encoding="utf-8", newline="") as lines:
        return [(row["case"], row["tier"]) for row in csv.DictReader(lines)]


def _judged(question: str) -> dict[str, str]:
    from .sbml_case import judge

    return vars(judge(Path(question)))


def tabulate(verdicts: list[dict[str, str]]) -> str:
    """Tiers by outcomes, as Markdown."""
    tiers = list(dict.fromkeys(v["tier"] for v in verdicts))
    lines = [f"| tier | cases | {' | '.join(OUTCOMES)} |", "|---|--:|" + "--:|" * len(OUTCOMES)]
    for tier in (*sorted(tiers), "all"):
        counts = Counter(v["outcome"] for v in verdicts if tier in ("all", v["tier"]))
        lines.append(f"| {tier} | {counts.total()} | {' | '.join(str(counts[o]) for o in OUTCOMES)} |")
    return "\n".join(lines)


def _reasons(verdicts: list[dict[str, str]]) -> str:
    counts = Counter((v["outcome"], v["reason"]) for v in verdicts if v["outcome"] not in ("passed", "wrong"))
    lines = ["| outcome | feature or reason | cases |", "|---|---|--:|"]
    lines += [f"| {outcome} | {reason} | {count} |" for (outcome, reason), count in sorted(counts.items())]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
