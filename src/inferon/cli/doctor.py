"""inferon doctor: what is installed, what is missing, what machine this is, and whether known answers come out."""

import json
import os
import platform
import re
import sys
from importlib.metadata import PackageNotFoundError, requires, version
from typing import Annotated, Any

import typer

from inferon.cli.self_check import CHECKS, Finding, findings

app = typer.Typer(add_completion=False)

VECTOR_FEATURES = ("avx", "avx2", "avx512f", "fma", "neon")


@app.command()
def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False) -> None:
    """What is installed, what is missing, and a self-check of at most a minute. Leaves with 1 if something is wrong."""
    packages = dependencies()
    machine = this_machine()
    found = list(findings()) if as_json else _with_progress()
    sound = all(package["found"] for package in packages) and all(finding.passed for finding in found)
    if as_json:
        checks = [finding.plain() for finding in found]
        told = {"sound": sound, "inferon": version("inferon"), "machine": machine, "dependencies": packages}
        typer.echo(json.dumps(told | {"checks": checks}, ensure_ascii=False, indent=2))
    else:
        _print(machine, packages, found)
    raise typer.Exit(0 if sound else 1)


def dependencies() -> list[dict[str, str | None]]:
    """Every package Inferon needs to run: name, the range it asks for, the version found (None: missing)."""
    needed = [line for line in requires("inferon") or [] if "extra ==" not in line]
    packages = []
    for line in sorted(needed, key=str.casefold):
        name, wanted = re.match(r"([\w.-]+)\s*([^;]*)", line).groups()
        packages.append({"name": name, "wanted": wanted.strip(), "found": _installed(name)})
    return packages


def this_machine() -> dict[str, Any]:
    """Python, system, processor, the cores this process may use, and the vector instructions kernels can use."""
    processor, vector_instructions = _processor()
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
        "processor": processor,
        "cores": os.cpu_count(),
        "usable_cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "vector_instructions": vector_instructions,
    }


def _processor() -> tuple[str, list[str]]:
    try:
        import llvmlite.binding as llvm
    except ImportError:  # the list of packages says that it is missing
        return platform.processor() or platform.machine(), []
    has = llvm.get_host_cpu_features()
    return llvm.get_host_cpu_name(), [name for name in VECTOR_FEATURES if has.get(name)]


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _with_progress() -> list[Finding]:
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("self-check", total=len(CHECKS))
        found = []
        for finding in findings():
            found.append(finding)
            progress.advance(task)
    return found


def _print(machine: dict[str, Any], packages: list[dict[str, str | None]], found: list[Finding]) -> None:
    typer.echo(f"Inferon {version('inferon')}, Python {machine['python']} ({sys.executable})")
    vectors = ", ".join(machine["vector_instructions"]) or "none known"
    typer.echo(f"{machine['system']}, {machine['processor']}, {machine['usable_cores']} of {machine['cores']} cores")
    typer.echo(f"vector instructions: {vectors}\n")
    for package in packages:
        told = package["found"] or f"MISSING; `pip install '{package['name']}{package['wanted']}'`"
        typer.echo(f"  {package['name']:<18} {told:<14} wanted {package['wanted'] or 'any'}")
    typer.echo("")
    for finding in found:
        verdict = "ok" if finding.passed else "WRONG"
        typer.echo(f"  {verdict:<6}{finding.name:<16}{finding.seconds:6.1f} s  {finding.detail}")
