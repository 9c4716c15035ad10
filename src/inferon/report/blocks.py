"""What a section is made of: paragraphs, notes, lists, listings, tables and figures, in the order they are read."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from inferon.report.tables import Table


@dataclass(frozen=True)
class Paragraph:
    """Plain text or Markup; `lead` is set larger."""

    text: str
    lead: bool = False
    kind: str = "paragraph"


@dataclass(frozen=True)
class Note:
    """A boxed sentence that must not be overlooked."""

    text: str
    kind: str = "note"


@dataclass(frozen=True)
class Bullets:
    """A list; numbered when the order matters."""

    items: Sequence[str]
    numbered: bool = False
    kind: str = "bullets"


@dataclass(frozen=True)
class Listing:
    """Text to copy: a command, a few lines of Python."""

    caption: str
    text: str
    kind: str = "listing"


@dataclass(frozen=True)
class TableBlock:
    """A table with its caption and note."""

    table: Table
    kind: str = "table"


@dataclass(frozen=True)
class Figure:
    """A chart with the data it shows.

    name     stem of the files figures/<name>.{svg,png,csv}
    chart    an Altair chart, configured
    data     the plotted data, one tidy table, written as CSV
    caption  what is seen, in which unit, with which interval
    alt      the same for a reader who cannot see it
    """

    name: str
    chart: object
    data: pl.DataFrame
    caption: str
    alt: str
    kind: str = "figure"


Block = Paragraph | Note | Bullets | Listing | TableBlock | Figure


@dataclass(frozen=True)
class Section:
    """One numbered part of the page; `anchor` is its address in the table of contents."""

    anchor: str
    title: str
    blocks: Sequence[Block]
