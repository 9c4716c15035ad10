"""The robust variance of a Cox model: right when rows depend on each other, weights are not counts, or hazards are not
proportional.

    V_robust = Σ_clusters D D',      D = Σ over the rows of a cluster of weight · score residual · V_model

Without clusters each row is its own. Sources: Lin & Wei, J Am Stat Assoc 1989;84:1074-1078; Lee, Wei & Amato, Survival
Analysis: State of the Art, 1992, 237-247 (clusters). Equal to coxph(…, robust = TRUE) or + cluster(…) of R.
"""

import numpy as np

from inferon.statistics.shared.columns import Floats, Integers


def robust_variance(dfbeta: Floats, cluster: Integers | None) -> Floats:
    """Sandwich variance from weighted dfbeta, shape (rows, terms), and the cluster of each row, or None."""
    influence = dfbeta if cluster is None else summed_by(dfbeta, cluster)
    return influence.T @ influence


def summed_by(values: Floats, cluster: Integers) -> Floats:
    """Sums of the rows of each cluster, shape (clusters, columns)."""
    sums = np.zeros((int(cluster.max()) + 1, values.shape[1]))
    np.add.at(sums, cluster, values)
    return sums
