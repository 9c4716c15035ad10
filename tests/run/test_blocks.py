"""How a study is cut into blocks: everybody once, the mechanism of the first patients only, whatever the chunk."""

import pytest

from inferon.run.simulation import SAMPLED_PATIENTS, blocks
from inferon.study import read_study, ready_studies


@pytest.mark.parametrize("chunk", [777, 1000, 20_000])
def test_law_blocks_cover_every_patient_once_and_sample_the_same_ones(chunk: int) -> None:
    study = read_study(next(path for name, path in ready_studies().items() if name.startswith("peri-transplant")))
    large = study.model_copy(update={"cohort": study.cohort.model_copy(update={"size": SAMPLED_PATIENTS + 2500})})
    main = [b for b in blocks(large, chunk) if b.population == large.cohort.population and b.arm == "control"]
    reference = [b for b in main if b.family == large.families[0]]
    assert [b.first for b in reference[1:]] == [b.last for b in reference[:-1]]
    assert (reference[0].first, reference[-1].last) == (0, SAMPLED_PATIENTS + 2500)
    assert sum(b.last - b.first for b in reference if b.sampled) == SAMPLED_PATIENTS
    assert not any(b.sampled for b in main if b.family != large.families[0])
