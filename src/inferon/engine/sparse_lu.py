"""The order of work of a sparse LU factorisation without pivoting, found once from the pattern of a matrix."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

Entry = tuple[int, int]


@dataclass(frozen=True)
class Factorisation:
    """Which entries exist after fill-in, and the elementary steps.

    Attributes
    ----------
    entries: positions of the factors, each one slot.
    eliminate: in order, ("pivot", d) invert slot d; ("scale", a, d) a *= d; ("update", a, l, u) a -= l * u.
    forward: (row, slot, column): b[row] -= slot * b[column].
    backward: (row, slot, column), or (row, slot, None) for b[row] *= slot.
    """

    entries: tuple[Entry, ...]
    eliminate: tuple[tuple, ...]
    forward: tuple[tuple[int, int, int], ...]
    backward: tuple[tuple[int, int, int | None], ...]


def factorisation(size: int, pattern: Iterable[Entry]) -> Factorisation:
    """Plan for a ``size`` x ``size`` matrix with non-zeros at ``pattern`` and on the diagonal.

    Pivots stay on the diagonal in the order of least fill-in (H. M. Markowitz, Manage. Sci. 3 (1957) 255-269).
    """
    rows = {i: {j for a, j in pattern if a == i} | {i} for i in range(size)}
    order = _markowitz(size, rows)
    entries = tuple(sorted((i, j) for i, row in rows.items() for j in row))
    slot = {entry: k for k, entry in enumerate(entries)}
    eliminate: list[tuple] = []
    forward: list[tuple[int, int, int]] = []
    backward: list[tuple[int, int, int | None]] = []
    for rank, k in enumerate(order):
        later = order[rank + 1 :]
        eliminate.append(("pivot", slot[k, k]))
        for i in (i for i in later if (i, k) in slot):
            eliminate.append(("scale", slot[i, k], slot[k, k]))
            forward.append((i, slot[i, k], k))
            eliminate += [("update", slot[i, j], slot[i, k], slot[k, j]) for j in later if (k, j) in slot]
    for rank in range(size - 1, -1, -1):
        k = order[rank]
        backward += [(k, slot[k, j], j) for j in order[rank + 1 :] if (k, j) in slot]
        backward.append((k, slot[k, k], None))
    return Factorisation(entries, tuple(eliminate), tuple(forward), tuple(backward))


def _markowitz(size: int, rows: dict[int, set[int]]) -> list[int]:
    """Pivot order; ``rows`` receives the fill-in."""
    left, order = set(range(size)), []
    while left:
        best = min(left, key=lambda k: (_cost(k, left, rows), k))
        left.remove(best)
        order.append(best)
        for i in left:
            if best in rows[i]:
                rows[i] |= {j for j in rows[best] if j in left}
    return order


def _cost(k: int, left: set[int], rows: dict[int, set[int]]) -> int:
    across = sum(j in left for j in rows[k]) - 1
    down = sum(k in rows[i] for i in left) - 1
    return across * down
