"""Products of many small matrices in order, and the covariances carried along them, without a loop over the matrices.

The sequence is cut into about √m blocks; within a block the k-th factors of all blocks are multiplied at once, then the
blocks are joined. Nothing is inverted and nothing subtracted, so the result is as exact as the plain loop.
"""

import math

import numpy as np

from inferon.statistics.shared.columns import Floats


def running_product(factors: Floats) -> Floats:
    """B₁, B₁B₂, B₁B₂B₃, …: shape (m, s, s) in and out."""
    blocks = _blocked(factors, np.eye(factors.shape[-1]))
    local = blocks.copy()
    for step in range(1, blocks.shape[1]):
        local[:, step] = local[:, step - 1] @ blocks[:, step]
    for block in range(1, blocks.shape[0]):
        local[block] = local[block - 1, -1] @ local[block]
    return local.reshape(-1, *factors.shape[1:])[: factors.shape[0]]


def carried_covariance(factors: Floats, added: Floats) -> Floats:
    """The variances (diagonals) of V_k = B_k' V_{k-1} B_k + C_k from V_0 = 0, shape (m, s).

    factors B and added C have the shape (m, s, s).
    """
    size = factors.shape[-1]
    blocks, terms = _blocked(factors, np.eye(size)), _blocked(added, np.zeros((size, size)))
    local = terms.copy()
    product = blocks.copy()
    for step in range(1, blocks.shape[1]):
        factor = blocks[:, step]
        local[:, step] += factor.swapaxes(-1, -2) @ local[:, step - 1] @ factor
        product[:, step] = product[:, step - 1] @ factor
    for block in range(1, blocks.shape[0]):
        carried, along = local[block - 1, -1], product[block]
        local[block] += along.swapaxes(-1, -2) @ carried @ along
    diagonal = np.diagonal(local, axis1=-2, axis2=-1)
    return diagonal.reshape(-1, size)[: factors.shape[0]].copy()


def _blocked(matrices: Floats, filler: Floats) -> Floats:
    """Shape (blocks, steps, s, s), the last block filled up with `filler`."""
    count = matrices.shape[0]
    steps = max(math.isqrt(count), 1)
    blocks = max(-(-count // steps), 1)
    padding = np.broadcast_to(filler, (blocks * steps - count, *filler.shape))
    return np.concatenate([matrices, padding]).reshape(blocks, steps, *filler.shape)
