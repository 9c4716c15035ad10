"""Of the members of a stretch of a list, how much do those weigh that rank below a value, and those that equal it?

Answered for many stretches and values at once by sorting the list bit by bit of its ranks (a wavelet matrix): work
(members + questions) · log members, without a loop over either. Source: Claude & Navarro, SPIRE 2012, LNCS 7608:167-179.
"""

import numpy as np

from inferon.statistics.shared.columns import Floats, Integers


def rank_sums(
    ranks: Integers, weights: Floats, *, left: Integers, right: Integers, value: Integers
) -> tuple[Floats, Floats]:
    """Weight of the members left <= position < right with rank below `value`, and with rank equal to it.

    ranks, weights      of the members, in the order of the list, ranks from 0
    left, right, value  one a question
    """
    below = np.zeros(value.shape)
    bits = max(int(ranks.max(initial=0)), int(value.max(initial=0))).bit_length()
    start, end = left.astype(np.int64), right.astype(np.int64)
    for bit in range(bits - 1, -1, -1):
        low = (ranks >> bit) & 1 == 0
        lows = np.append(0, np.cumsum(low))
        low_weight = np.append(0.0, np.cumsum(np.where(low, weights, 0.0)))
        upper = (value >> bit) & 1 == 1
        below += np.where(upper, low_weight[end] - low_weight[start], 0.0)
        zeros = lows[-1]
        start = np.where(upper, zeros + start - lows[start], lows[start])
        end = np.where(upper, zeros + end - lows[end], lows[end])
        order = np.concatenate([np.flatnonzero(low), np.flatnonzero(~low)])
        ranks, weights = ranks[order], weights[order]
    total = np.append(0.0, np.cumsum(weights))
    return below, total[end] - total[start]
