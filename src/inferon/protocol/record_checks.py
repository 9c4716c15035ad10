"""Which combinations of dosing items make no sense, and the sentence for each; the first offending record is reported."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from inferon.protocol.nonmem import Records

MOST_ADDITIONAL = 1_000_000
_EVIDS = "0 observation, 1 dose, 2 other, 3 reset, 4 reset and dose"


def check_records(records: Records) -> None:
    """Raise ``InputError`` for the first record that contradicts itself or the one before."""
    faults = [(int(np.argmax(wrong)), *rest) for wrong, *rest in _all(records) if wrong.any()]
    if faults:
        row, column, message, allowed = min(faults, key=lambda fault: fault[0])
        found = records.table[column][row] if column in records.table.columns else None
        raise records.fault(row, column, message, found=found, allowed=allowed)


def _all(records: Records) -> Iterator[tuple[np.ndarray, str, str, str]]:
    column = {name: records.column(name) for name in records.table.columns if name != "ID"}
    yield from _subjects(records, column["TIME"], column["EVID"])
    yield from _single_cells(column)
    yield from _doses(column)
    yield from _steady_state(column)


def _subjects(records: Records, time: np.ndarray, evid: np.ndarray) -> Iterator[tuple[np.ndarray, str, str, str]]:
    ids = records.table["ID"].to_numpy()
    begins = np.concatenate([[True], ids[1:] != ids[:-1]])
    block = np.cumsum(begins)
    _, code = np.unique(ids, return_inverse=True)
    first = np.full(code.max() + 1, len(ids) + 1)
    np.minimum.at(first, code, block)
    yield (
        block != first[code],
        "ID",
        "the subject's records are not together",
        "all records of a subject one after another",
    )
    back = np.concatenate([[False], time[1:] < time[:-1]]) & ~begins & ~np.isin(evid, (3, 4))
    yield back, "TIME", "time goes back", "a time not before the last record's, except at a reset (EVID 3 or 4)"


def _single_cells(column: dict[str, np.ndarray]) -> Iterator[tuple[np.ndarray, str, str, str]]:
    evid, rate = column["EVID"], column["RATE"]
    yield (evid < 0) | (evid > 4), "EVID", "there is no such kind of record", _EVIDS
    yield column["AMT"] < 0, "AMT", "a dose is negative", "0 or more"
    yield (
        (rate < 0) & ~np.isin(rate, (-1, -2)),
        "RATE",
        "a rate is negative",
        "0 or more, -1 (modelled rate), -2 (duration)",
    )
    yield column["II"] < 0, "II", "a dosing interval is negative", "0 or more"
    beyond = (column["ADDL"] < 0) | (column["ADDL"] > MOST_ADDITIONAL)
    yield beyond, "ADDL", "the number of additional doses is out of range", f"0 to {MOST_ADDITIONAL}"
    yield (
        (column["SS"] < 0) | (column["SS"] > 2),
        "SS",
        "there is no such steady state",
        "0, 1 (instead) or 2 (in addition)",
    )
    yield column["CMT"] < 0, "CMT", "switching a compartment off is not supported", "0 or more"
    mdv = column["MDV"]
    yield (mdv != 0) & (mdv != 1), "MDV", "the mark is neither 0 nor 1", "0 or 1"
    yield (mdv == 0) & (evid != 0), "MDV", "a record that is no observation is marked as one", "1, or EVID 0"


def _doses(column: dict[str, np.ndarray]) -> Iterator[tuple[np.ndarray, str, str, str]]:
    dose = np.isin(column["EVID"], (1, 4))
    for item in ("AMT", "RATE", "ADDL", "SS"):
        yield ~dose & (column[item] != 0), item, f"a record that is no dose has {item}", "0, or EVID 1 or 4"
    nothing = dose & (column["AMT"] == 0) & (column["SS"] == 0)
    yield nothing, "AMT", "a dose has no amount", "more than 0, or SS for a steady state"
    never = dose & (column["ADDL"] > 0) & (column["II"] == 0)
    yield never, "II", "additional doses have no interval", "more than 0 where ADDL is"


def _steady_state(column: dict[str, np.ndarray]) -> Iterator[tuple[np.ndarray, str, str, str]]:
    steady = column["SS"] > 0
    constant = steady & (column["AMT"] == 0)
    yield (
        steady & ~constant & (column["II"] == 0),
        "II",
        "a steady state of doses has no interval",
        "more than 0 where SS is",
    )
    yield constant & (column["II"] > 0), "AMT", "a steady state of doses has no amount", "more than 0, or II 0"
    yield constant & (column["ADDL"] > 0), "ADDL", "a constant infusion has additional doses", "0"
    timed = constant & (column["RATE"] == -2)
    yield timed, "RATE", "a constant infusion has a modelled duration", "0 or more, or -1 (modelled rate)"
