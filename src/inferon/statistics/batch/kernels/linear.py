"""Small positive definite systems, solved in place.

Loops are written out: an expression of whole arrays takes numba several times as long to compile.
"""

import numpy as np

from inferon.statistics.batch.cache import inside

_SINGULAR = 1.8e-12
"""A pivot this small beside the largest diagonal element: the column says nothing the others do not (as in coxph)."""


@inside
def invert(matrix, inverse):
    """Inverse of a symmetric positive definite matrix by Gauss-Jordan elimination; false where it is singular."""
    size = matrix.shape[0]
    work, largest = np.empty((size, size)), 0.0
    for i in range(size):
        largest = max(largest, matrix[i, i])
        for j in range(size):
            work[i, j] = matrix[i, j]
            inverse[i, j] = 1.0 if i == j else 0.0
    for k in range(size):
        pivot = work[k, k]
        if not pivot > _SINGULAR * largest or not np.isfinite(pivot):
            return False
        for j in range(size):
            work[k, j] /= pivot
            inverse[k, j] /= pivot
        for i in range(size):
            if i != k:
                factor = work[i, k]
                for j in range(size):
                    work[i, j] -= factor * work[k, j]
                    inverse[i, j] -= factor * inverse[k, j]
    return True


@inside
def newton(inverse, score, step):
    """``step`` = inverse information x score; returns score x step, the squared distance to the optimum in standard
    errors."""
    decrement = 0.0
    for i in range(score.size):
        step[i] = 0.0
        for j in range(score.size):
            step[i] += inverse[i, j] * score[j]
        decrement += step[i] * score[i]
    return decrement


@inside
def move(start, part, step, end):
    """``end`` = start + part x step."""
    for i in range(start.size):
        end[i] = start[i] + part * step[i]


@inside
def fill(matrix, value):
    """``value`` in every place of a table."""
    for i in range(matrix.shape[0]):
        for j in range(matrix.shape[1]):
            matrix[i, j] = value


@inside
def largest_of(vector):
    """The largest magnitude."""
    largest = 0.0
    for value in vector:
        largest = max(largest, abs(value))
    return largest


@inside
def mirror(matrix):
    """Copy the lower triangle to the upper one."""
    for j in range(matrix.shape[0]):
        for k in range(j):
            matrix[k, j] = matrix[j, k]


@inside
def sandwich(bread, meat, product, half):
    """``product`` = bread meat bread, all symmetric; ``half`` is scratch."""
    size = bread.shape[0]
    for i in range(size):
        for j in range(size):
            half[i, j] = 0.0
            for k in range(size):
                half[i, j] += bread[i, k] * meat[k, j]
    for i in range(size):
        for j in range(size):
            product[i, j] = 0.0
            for k in range(size):
                product[i, j] += half[i, k] * bread[k, j]
