"""The statistics of thousands of simulated trials at once; importing this package does not import numba, using it does.

    from inferon.statistics import batch

    many = batch.trials(time, cause, arm)              arrays of shape (trials, patients), sorted once
    batch.log_rank(many), batch.gray(many)             do the arms differ?
    batch.kaplan_meier(many, times=[1, 2])             what is still free of the event, what has happened?
    batch.aalen_johansen(many, times=[1, 2])
    batch.cox(many), batch.fine_gray(many)             by how much, covariates taken into account?
    batch.rmst(many)                                   how much longer?

Every answer equals that of the single form in `inferon.statistics` and is the same for any number of threads.
"""

from inferon.statistics.batch.cox import CoxBatch as CoxBatch
from inferon.statistics.batch.cox import cox as cox
from inferon.statistics.batch.curves import CurveBatch as CurveBatch
from inferon.statistics.batch.curves import aalen_johansen as aalen_johansen
from inferon.statistics.batch.curves import kaplan_meier as kaplan_meier
from inferon.statistics.batch.fine_gray import FineGrayBatch as FineGrayBatch
from inferon.statistics.batch.fine_gray import fine_gray as fine_gray
from inferon.statistics.batch.gray import GrayBatch as GrayBatch
from inferon.statistics.batch.gray import gray as gray
from inferon.statistics.batch.log_rank import LogRankBatch as LogRankBatch
from inferon.statistics.batch.log_rank import log_rank as log_rank
from inferon.statistics.batch.regression import Fit as Fit
from inferon.statistics.batch.rmst import RmstBatch as RmstBatch
from inferon.statistics.batch.rmst import rmst as rmst
from inferon.statistics.batch.trials import Trials as Trials
from inferon.statistics.batch.trials import trials as trials
