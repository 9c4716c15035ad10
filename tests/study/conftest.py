"""A small correct study for the tests of this folder."""

import pytest

GOOD = """\
inferon: 1
title: A small study
question: Does it read?
families: [reference, low_burden]
cohort:
  population: transplant-reference
  size: 200
  follow_up: 12 months
arms:
  control: {}
  peginterferon:
    regimen:
      - drug: peginterferon alfa-2a
        dose: 180 ug
        route: subcutaneous
        start: day -1
        every: 14 days
        doses: 4
published:
  - {arm: peginterferon, endpoint: relapse, time: 6 months, estimate: 39 %, n: 36, source: magenau2021-03}
endpoints: [relapse, overall_survival]
trial:
  allocation: {control: 1, peginterferon: 1}
  stratify: [disease_status]
  accrual: 4 per month
  power: {endpoint: relapse, time: 6 months, sizes: [40, 80], trials: 100}
report_times: [3 months, 6 months]
seed: 7
"""

CATALOGUES = {
    "drugs": ["peginterferon alfa-2a", "interferon alfa-2b"],
    "populations": ["transplant-reference", "covariate-mix"],
    "endpoints": ["relapse", "overall_survival", "mrd"],
    "families": ["reference", "low_burden"],
    "strata": ["disease_status", "donor"],
    "sources": ["magenau2021-03"],
}


@pytest.fixture
def good_study() -> str:
    """A correct study file."""
    return GOOD


@pytest.fixture
def catalogues() -> dict[str, list[str]]:
    """The names a caller would bring; every name of the good study is among them."""
    return CATALOGUES
