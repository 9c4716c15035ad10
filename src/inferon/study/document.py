"""From a YAML file to plain values and the line each of them stands on; nothing in the file is ever executed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from inferon.study.errors import Absence, InputError

FieldPath = tuple[str | int, ...]

LARGEST_FILE = 1_000_000
MOST_VALUES = 20_000
DEEPEST = 20
ALLOWED_SYNTAX = "YAML: one `field: value` a line, indented by spaces"
PLAIN_TAGS = {f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "timestamp")}


@dataclass(frozen=True)
class Origin:
    """Where values were written; all origins compare equal, so that it never decides whether two studies do."""

    file: str | None = field(default=None, compare=False)
    lines: Mapping[FieldPath, int] = field(default_factory=dict, compare=False)

    def line(self, path: FieldPath) -> int | None:
        """The line of `path`, or of the nearest part of the file that contains it."""
        return next((self.lines[path[:n]] for n in range(len(path), -1, -1) if path[:n] in self.lines), None)


@dataclass(frozen=True)
class Document:
    """The plain values of a file, and where they came from."""

    data: dict[str, Any]
    origin: Origin


def field_name(path: FieldPath) -> str:
    """`arms.peginterferon.regimen[0].drug`"""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def read_document(path: str | Path) -> Document:
    """Read a YAML file whose top is a mapping. Raises InputError."""
    return parse_document(read_text(path), file=str(path))


def parse_document(text: str, *, file: str | None = None) -> Document:
    """The same for YAML that is already in memory; `file` is what errors call it."""
    node = _compose(text, file)
    walk = _Walk(file=file, lines={(): 1})
    if not isinstance(node, MappingNode):
        found = Absence("an empty file") if node is None else walk.value(node, ())
        raise InputError(
            "",
            file=file,
            line=1 if node is None else node.start_mark.line + 1,
            field="inferon",
            found=found,
            allowed="a mapping of fields that begins with `inferon: 1`",
        )
    return Document(walk.value(node, ()), Origin(file, MappingProxyType(walk.lines)))


def read_text(path: str | Path) -> str:
    """The text of a file people write. Raises InputError."""
    try:
        raw = Path(path).read_bytes()
    except FileNotFoundError:
        raise InputError("there is no such file", file=path) from None
    except OSError as error:
        raise InputError(f"the file cannot be read ({error.strerror or error})", file=path) from None
    if len(raw) > LARGEST_FILE:
        raise InputError("the file is too large", file=path, found=len(raw), allowed=f"up to {LARGEST_FILE:,} bytes")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        found = repr(raw[error.start : error.end])
        raise InputError("", file=path, line=line, found=found, allowed="text in UTF-8") from None


def _compose(text: str, file: str | None) -> Node | None:
    try:
        return YAML(typ="safe", pure=True).compose(text)
    except RecursionError:
        raise InputError("values are nested too deeply", file=file, allowed=f"{DEEPEST} levels") from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _syntax_error(text, mark.line if mark else 0, str(error.problem or error.context), file) from None
    except YAMLError as error:
        before = text[: getattr(error, "position", 0)]
        raise _syntax_error(text, before.count("\n"), "a character that YAML does not allow", file) from None


def _syntax_error(text: str, index: int, what: str, file: str | None) -> InputError:
    lines = text.splitlines() or [""]
    index = min(index, len(lines) - 1)
    message = "a tab stands where only spaces may" if "\\t" in what else f"not readable as YAML ({what})"
    keys = (re.match(r"\s*(?:- )?([\w-]+)\s*:", line) for line in reversed(lines[: index + 1]))
    near = next((key[1] for key in keys if key), None)
    return InputError(
        message, file=file, line=index + 1, field=near, found=lines[index].strip(" "), allowed=ALLOWED_SYNTAX
    )


class _Walk:
    """Turns nodes into plain values and notes the line of each."""

    def __init__(self, *, file: str | None, lines: dict[FieldPath, int]) -> None:
        self.file = file
        self.lines = lines
        self.values = 0
        self.scalars = YAML(typ="safe", pure=True).constructor

    def value(self, node: Node, path: FieldPath) -> Any:
        self.values += 1
        if self.values > MOST_VALUES or len(path) > DEEPEST:
            allowed = f"{MOST_VALUES:,} values in {DEEPEST} levels"
            raise self._error(node, path, "the file unfolds to more than a study can hold", allowed=allowed)
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        if isinstance(node, SequenceNode):
            return [self._item(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._scalar(node, path)

    def _item(self, node: Node, path: FieldPath) -> Any:
        self.lines[path] = node.start_mark.line + 1
        return self.value(node, path)

    def _mapping(self, node: MappingNode, path: FieldPath) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = self.value(key_node, path)
            if not isinstance(key, str):
                raise self._error(key_node, path, "a field must have a name", found=key, allowed="text as a name")
            here = (*path, key)
            if key in data:
                message = f"this field was already given in line {self.lines[here]}"
                raise self._error(key_node, here, message, found=key, allowed="each field once")
            self.lines[here] = key_node.start_mark.line + 1
            data[key] = self.value(value_node, here)
        return data

    def _scalar(self, node: ScalarNode, path: FieldPath) -> Any:
        tag = str(node.tag)
        if tag not in PLAIN_TAGS:
            raise self._error(node, path, "tags are not used here", found=tag, allowed="plain text and numbers")
        if tag.endswith(("str", "timestamp")):
            return node.value
        try:
            return self.scalars.construct_object(node)
        except (ValueError, YAMLError):
            raise self._error(node, path, "", found=node.value, allowed="text or a number") from None

    def _error(self, node: Node, path: FieldPath, message: str, **evidence: Any) -> InputError:
        line = node.start_mark.line + 1
        return InputError(message, file=self.file, line=line, field=field_name(path) or None, **evidence)
