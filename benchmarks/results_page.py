"""Results of a benchmark as Markdown: printed, or put into its page of the docs between two markers."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
BEGIN, END = "<!-- results begin -->", "<!-- results end -->"


def setting(result: dict) -> str:
    """Machine and versions in one line."""
    machine = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in result["machine"].items())
    versions = ", ".join(f"{name} {number}" for name, number in result["versions"].items())
    return f"Machine: {machine}. Versions: {versions}." + (" Quick run." if result["quick"] else "")


def rounded(value: float, *, digits: int) -> str:
    """The digits that count, with thousands set apart."""
    return f"{float(f'{value:.{digits}g}'):,.10g}"


def print_or_write(results: Path, page: Path, markdown: Callable[[dict], str]) -> None:
    """Print the table of these results; with --write on the command line, put it into the page instead."""
    parser = argparse.ArgumentParser(description=f"The results of {results.name} as Markdown.")
    parser.add_argument("--write", action="store_true", help=f"put the table into {page.name}")
    text = markdown(json.loads(results.read_text(encoding="utf-8")))
    if not parser.parse_args().write:
        print(text)
        return
    content = page.read_text(encoding="utf-8")
    before, after = content.partition(BEGIN)[0], content.partition(END)[2]
    page.write_text(f"{before}{BEGIN}\n\n{text}\n{END}{after}", encoding="utf-8")
