"""Read a study, change one, and write it out again with every default filled in."""

from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML

from inferon.study.document import Document, Origin, parse_document, read_document
from inferon.study.errors import InputError
from inferon.study.explain import explain
from inferon.study.marginals import with_target
from inferon.study.specification import Study

HEADER = "# A study with every default written out; reading it again gives the same study.\n"


def read_study(path: str | Path) -> Study:
    """The study in a YAML file. Raises InputError with file, line and field."""
    return _make(read_document(path))


def parse_study(text: str, *, file: str | None = None) -> Study:
    """The study in a YAML text; `file` is what errors call it."""
    return _make(parse_document(text, file=file))


def make_study(data: Mapping[str, Any]) -> Study:
    """A study from plain values named as in the file. Raises InputError without a file or line."""
    return _make(Document(dict(data), Origin()))


def revise(study: Study, changes: Mapping[str, Any]) -> Study:
    """The same study with some fields changed, checked again.

    `changes` maps field paths to values written as in the file: `{"seed": 7, "cohort.size": 400}`.
    A field that followed another by default (the comparison's size, report times) keeps its value unless changed too.
    """
    data = plain(study)
    for name, value in changes.items():
        *parents, last = name.split(".")
        record = data
        for parent in parents:
            record = record.get(parent)
            if not isinstance(record, dict):
                raise InputError("there is no such field to change", field=name, found=parent)
        record[last] = value
    return _make(Document(data, study.origin))


def plain(study: Study) -> dict[str, Any]:
    """The study as plain values with the names and the quantities of the file."""
    return study.model_dump(mode="json", by_alias=True)


def resolved_yaml(study: Study) -> str:
    """The study as YAML, every default written out; reading it again gives an equal study."""
    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style = False
    writer.sort_base_mapping_type_on_output = False
    writer.allow_unicode = True
    writer.width = 10_000
    stream = StringIO()
    writer.dump(plain(study), stream)
    return HEADER + stream.getvalue()


def _make(document: Document) -> Study:
    document = with_target(document)
    try:
        study = Study.model_validate(document.data)
    except ValidationError as error:
        raise explain(error, document.origin) from None
    study._origin = document.origin
    return study
