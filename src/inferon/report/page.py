"""The report: one HTML page that opens offline, with its figures beside it as SVG, PNG and CSV."""

import os
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import polars as pl
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from inferon.report.blocks import Figure, Section
from inferon.report.drawings import write_figure
from inferon.report.inputs import ReportInputs
from inferon.report.sections import all_sections
from inferon.report.systems import system_sections
from inferon.report.tables import render_table

PAGE = "report.html"
PROVENANCE = "provenance.json"  # written after the page, whose bytes must not depend on whether an older one lies there
LINKED = (".json", ".yaml", ".parquet", ".csv", ".html")


def write_report(
    folder: Path,
    *,
    study: Mapping[str, Any],
    estimates: Mapping[str, Any],
    tables: Mapping[str, pl.DataFrame],
    provenance: Mapping[str, Any],
) -> Path:
    """Writes `folder/report.html` and `folder/figures/<name>.{svg,png,csv}`; returns the path of the page.

    study        the resolved study: title, question, arms (name -> regimen), cohort, families, seed
    estimates    arms, families, endpoints with intervals (fractions of 1, times in days); optional: published, power,
                 excludes, comparison, assumptions; `system` for a study of another model than the transplant, with
                 endpoints, readouts, parameters, cohort, notes
    tables       curves, bands, events (Polars, columns and units as the run documents them); each may be absent
    provenance   versions, hashes, timings (seconds), solver failures, and the command and Python that repeat the run

    Every number on the page is computed from these inputs; a section without input is left out. The page loads nothing
    from anywhere. Files already in `folder` are linked from its last section. Raises KeyError without estimates by arm.
    """
    inputs = ReportInputs(study=study, estimates=estimates, tables=tables, provenance=provenance)
    pictures = folder / "figures"
    pictures.mkdir(parents=True, exist_ok=True)
    sections = (system_sections if "system" in estimates else all_sections)(inputs, _files(folder))
    drawings = {figure.name: write_figure(pictures, figure) for figure in _figures(sections)}
    text = _render(inputs, sections, drawings)
    draft = folder / f".{PAGE}.part"
    draft.write_text(text, encoding="utf-8")
    os.replace(draft, folder / PAGE)
    return folder / PAGE


def _figures(sections: list[Section]) -> list[Figure]:
    return [block for section in sections for block in section.blocks if isinstance(block, Figure)]


def _files(folder: Path) -> list[str]:
    """The run's own files, as addresses relative to the page; figures are linked where they stand."""
    found = (path for path in folder.rglob("*") if path.is_file() and path.suffix in LINKED)
    names = (path.relative_to(folder) for path in found if path.name != PAGE)
    shown = [
        name for name in names if name.parts[0] != "figures" and not any(part.startswith(".") for part in name.parts)
    ]
    return sorted({*(name.as_posix() for name in shown), PROVENANCE})


def _render(inputs: ReportInputs, sections: list[Section], drawings: Mapping[str, Markup]) -> str:
    environment = Environment(
        loader=PackageLoader("inferon.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    sheets = ["report.css", *(["system.css"] if "system" in inputs.estimates else [])]
    style = "".join(
        files("inferon.report").joinpath("templates", sheet).read_text(encoding="utf-8") for sheet in sheets
    )
    return environment.get_template("report.html.j2").render(
        title=inputs.study.get("title") or "Inferon study",
        version=(inputs.provenance.get("versions") or {}).get("inferon"),
        style=Markup(style),
        sections=sections,
        drawings=drawings,
        render_table=render_table,
    )
