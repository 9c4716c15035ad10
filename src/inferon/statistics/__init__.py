"""Estimators and tests on plain tables, one a file; imports nothing else of Inferon.

What is still free of the event?      kaplan_meier
What has happened, by cause?          aalen_johansen
Do groups differ?                     log_rank (any event), gray (one cause among competing ones)
What is a proportion worth?           clopper_pearson
"""

from inferon.statistics.aalen_johansen import AalenJohansen as AalenJohansen
from inferon.statistics.aalen_johansen import CumulativeIncidence as CumulativeIncidence
from inferon.statistics.aalen_johansen import aalen_johansen as aalen_johansen
from inferon.statistics.binomial import ExactInterval as ExactInterval
from inferon.statistics.binomial import clopper_pearson as clopper_pearson
from inferon.statistics.gray import GrayTest as GrayTest
from inferon.statistics.gray import GrayTests as GrayTests
from inferon.statistics.gray import gray as gray
from inferon.statistics.kaplan_meier import KaplanMeier as KaplanMeier
from inferon.statistics.kaplan_meier import TimeQuantile as TimeQuantile
from inferon.statistics.kaplan_meier import kaplan_meier as kaplan_meier
from inferon.statistics.log_rank import LogRank as LogRank
from inferon.statistics.log_rank import log_rank as log_rank
