"""Competing-risk and survival analysis of a user's own patients.

from inferon.analysis import analyse
analyse("bmt.csv", time="t2", causes={"relapse": "d2:1", "death": "d3:1"}, group="group").estimates
"""

from inferon.analysis.analysis import Analysis as Analysis
from inferon.analysis.carrying_out import analyse as analyse
from inferon.analysis.carrying_out import carry_out as carry_out
from inferon.analysis.finding import Finding as Finding
from inferon.analysis.request import Request as Request
