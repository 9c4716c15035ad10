"""From tables to figures and one self-contained page; knows nothing of how the tables were made."""

from inferon.report.cannot_exclude import cannot_exclude as cannot_exclude
from inferon.report.page import write_report as write_report
from inferon.report.tables import Cell as Cell
from inferon.report.tables import Column as Column
from inferon.report.tables import Table as Table
from inferon.report.tables import render_table as render_table
