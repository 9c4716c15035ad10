"""Uniform, normal and exponential draws by address.

The key of a stream is a hash of study seed and stream name; the counter holds patient and index. Adding, removing or
reordering streams or patients changes no other draw, and neither does the number of patients, chunks or workers.
"""

from __future__ import annotations

import hashlib

import numpy as np
from scipy.special import ndtri

from inferon.random.philox import philox4x32


def stream_key(seed: int, stream: str) -> tuple[int, int]:
    """The 64-bit key of a named stream of a study, as two 32-bit words."""
    digest = hashlib.blake2b(f"{seed}:{stream}".encode(), digest_size=8).digest()
    return int.from_bytes(digest[:4], "little"), int.from_bytes(digest[4:], "little")


def uniform(seed: int, stream: str, patients: np.ndarray, index: int | np.ndarray = 0) -> np.ndarray:
    """Uniform draws in the open interval (0, 1), one for each patient number (and index, broadcast)."""
    patients, index = np.broadcast_arrays(np.asarray(patients, np.uint64), np.asarray(index, np.uint64))
    low, high = np.uint64(0xFFFFFFFF), np.uint64(32)
    counter = (patients & low, patients >> high, index & low, index >> high)
    a, b, _, _ = philox4x32(counter, stream_key(seed, stream))
    bits = ((a << high) | b) >> np.uint64(11)
    return (bits.astype(float) + 0.5) * 2.0**-53


def normal(seed: int, stream: str, patients: np.ndarray, index: int | np.ndarray = 0) -> np.ndarray:
    """Standard normal draws (by inversion), one for each patient number."""
    return ndtri(uniform(seed, stream, patients, index))


def exponential(seed: int, stream: str, patients: np.ndarray, index: int | np.ndarray = 0) -> np.ndarray:
    """Unit exponential draws, one for each patient number."""
    return -np.log(uniform(seed, stream, patients, index))
