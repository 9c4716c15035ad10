"""What Inferon's statistics answer to the oracles: each file here holds `ANSWERS`, from a method's name to a function.

A function takes the question and one comparison and returns the values in the order of the reference array, or None where
Inferon has no such estimator. Methods are those of the `analysis` block; a case's id is never read.
"""

import pkgutil
from collections.abc import Callable
from importlib import import_module

from ..oracle_cases import Comparison
from .question import Answer as Answer
from .question import Question as Question

ANSWERS: dict[str, Callable[[Question, Comparison], Answer]] = {}
for _found in pkgutil.iter_modules(__path__):
    for _method, _answer in getattr(import_module(f"{__name__}.{_found.name}"), "ANSWERS", {}).items():
        assert _method not in ANSWERS, f"two files answer {_method}"
        ANSWERS[_method] = _answer
