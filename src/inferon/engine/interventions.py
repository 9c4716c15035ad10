"""What a dosing record does to patients between two calls of the engine: other parameters, carrying on, reading out."""

# numba passes an intrinsic its typing context itself, which a type checker cannot know:
# pyright: reportCallIssue=false
from __future__ import annotations

import numpy as np
from numba import njit

from inferon.engine.batch import Batch
from inferon.engine.calls import OPTIONS, READOUTS, call
from inferon.engine.status import Status


@njit(**OPTIONS)
def _hoist(address, nothing, count, chosen, P, D):
    for i in chosen:
        call(address, 0.0, nothing, P[i], nothing, D[i], nothing, P[i, count:])


@njit(**OPTIONS)
def _read(address, chosen, T, Y, P, M, D, k, out):
    for row in range(chosen.shape[0]):
        i = chosen[row]
        call(address, T[i], Y[i], P[i], M[i], D[i], k, out[row])


def set_parameters(batch: Batch, patients: np.ndarray, columns: np.ndarray, values: np.ndarray) -> None:
    """Give the patients (indices) other values, shape (patients, columns), of the parameters in ``columns`` from now on."""
    if np.array_equal(batch.parameters[np.ix_(patients, columns)], values):
        return
    batch.parameters[np.ix_(patients, columns)] = values
    count = len(batch.model.kernel.parameters)
    _hoist(batch.model.addresses[0], np.zeros(1), count, patients, batch.parameters, batch.switches)


def carry_on(batch: Batch, patients: np.ndarray, until: np.ndarray, *, threads: int = 1) -> None:
    """Carry the patients (indices) to their day of ``until``; nobody else moves, and whoever has failed stays as he is.

    With the present day as goal nothing moves, but events that have become true by what was done to a patient are executed.
    """
    going = patients[batch.status[patients] <= Status.PAUSED]
    batch.status[batch.status <= Status.PAUSED] = Status.FINISHED
    batch.status[going] = Status.RUNNING
    goal = batch.t.copy()
    goal[patients] = until
    batch.advance(goal, threads=threads)


def read_out(batch: Batch, patients: np.ndarray) -> np.ndarray:
    """The read-outs of the patients (indices) now, shape (patients, read-outs); not a number for those that have failed."""
    kernel = batch.model.kernel
    out = np.full((len(patients), len(kernel.readouts)), np.nan)
    rates = np.zeros(len(kernel.states))
    address = batch.model.addresses[1 + READOUTS]
    _read(address, patients, batch.t, batch.y, batch.parameters, batch.conditions, batch.switches, rates, out)
    out[batch.status[patients] > Status.PAUSED] = np.nan
    return out
