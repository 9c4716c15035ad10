"""Philox4x32-10 against the known answers its authors published, and against numpy's own arithmetic on wide words."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inferon.random.philox import philox4x32

WORD = st.integers(0, 2**32 - 1)
ONES = 0xFFFFFFFF
KNOWN = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((ONES,) * 4, (ONES,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@pytest.mark.parametrize(("counter", "key", "expected"), KNOWN, ids=["zeros", "ones", "digits of pi"])
def test_oracle_random123_known_answers(counter, key, expected) -> None:
    words = philox4x32(tuple(np.array([word]) for word in counter), key)
    assert tuple(int(word[0]) for word in words) == expected


def _with_python_integers(counter, key) -> tuple[int, ...]:
    c, k = list(counter), list(key)
    for _ in range(10):
        a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(b >> 32) ^ c[1] ^ k[0], b & ONES, (a >> 32) ^ c[3] ^ k[1], a & ONES]
        k = [(k[0] + 0x9E3779B9) & ONES, (k[1] + 0xBB67AE85) & ONES]
    return tuple(c)


@given(counter=st.tuples(WORD, WORD, WORD, WORD), key=st.tuples(WORD, WORD))
def test_double_the_generator_in_whole_numbers(counter, key) -> None:
    words = philox4x32(tuple(np.array([word]) for word in counter), key)
    assert tuple(int(word[0]) for word in words) == _with_python_integers(counter, key)


@given(
    counters=st.lists(st.tuples(WORD, WORD, WORD, WORD), min_size=1, max_size=20, unique=True),
    key=st.tuples(WORD, WORD),
)
def test_property_different_counters_give_different_blocks(counters, key) -> None:
    words = philox4x32(tuple(np.array(column) for column in zip(*counters, strict=True)), key)
    assert len(set(zip(*(word.tolist() for word in words), strict=True))) == len(counters)
