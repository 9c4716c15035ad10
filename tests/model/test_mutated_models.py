"""Damaged SBML and Antimony: an answer or a sentence, in bounded time and memory."""

from collections import Counter

import pytest

from inferon.model import read_antimony
from inferon.model.antimony_source import ModelError

from .mutated_models import questions
from .worker_pool import ask_all

COUNT = 400


def test_fault_damaged_models_end_in_an_answer_or_a_sentence() -> None:
    """Ten thousand are tried by ``python -m tests.model.mutated_models``; here a few hundred of another seed."""
    asked = questions(COUNT, seed=20)
    answers = ask_all("tests.model.mutated_models", asked, workers=2, seconds=60.0)
    outcomes = Counter(said["outcome"] for said in answers)
    bad = [(q, said) for q, said in zip(asked, answers, strict=True) if said["outcome"] not in ("told", "answered")]
    assert bad == []
    assert outcomes["answered"] > 20
    assert all(said["sentence"] for said in answers if said["outcome"] == "told")


def test_fault_a_text_may_not_import_files() -> None:
    with pytest.raises(ModelError, match="imports another file"):
        read_antimony('import "somewhere.ant"\nmodel m; x = 1; end')
