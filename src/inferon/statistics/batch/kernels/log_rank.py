"""Weighted log-rank scores of many trials: one pass over each block in order of time."""

from inferon.statistics.batch.cache import compiled
from inferon.statistics.batch.kernels.ties import in_arm_1, leaving


@compiled
def log_rank(first, last, time, cause, arm, rows, blocks, wanted, rho, gamma, events, score, variance):
    """Events by arm, Σ w (d_1 - d Y_1 / Y) and its hypergeometric variance, with w = S(t-)^rho (1 - S(t-))^gamma."""
    weighted = rho != 0.0 or gamma != 0.0
    for trial in range(first, last):
        for block in range(blocks[trial], blocks[trial + 1]):
            row, end = rows[block], rows[block + 1]
            at_risk, at_risk_1, free = end - row, in_arm_1(arm, row, end), 1.0
            while row < end:
                row, in_0, in_1, _, _, left_0, left_1 = leaving(time, cause, arm, row, end, wanted)
                happened = in_0 + in_1
                if happened > 0:
                    events[trial, 0] += in_0
                    events[trial, 1] += in_1
                    weight = free**rho * (1 - free) ** gamma if weighted else 1.0
                    share = at_risk_1 / at_risk
                    score[trial] += weight * (in_1 - happened * share)
                    spread = happened * (at_risk - happened) / max(at_risk - 1, 1)
                    variance[trial] += weight * weight * spread * share * (1 - share)
                    free *= 1 - happened / at_risk
                at_risk -= left_0 + left_1
                at_risk_1 -= left_1
