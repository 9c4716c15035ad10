"""The picture of each folder of the biology, by name: what draws it, and the sentence below it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any


@dataclass(frozen=True)
class Picture:
    """A picture that is drawn when it is asked for."""

    module: str
    name: str
    caption: str

    def chart(self) -> Any:
        """The chart; simulates what it shows."""
        function: Callable[[], Any] = getattr(import_module(f"{__name__}.{self.module}"), self.name)
        return function()


def _pictures(module: str, captions: Mapping[str, str]) -> dict[str, Picture]:
    return {name: Picture(module, name, caption) for name, caption in captions.items()}


_OF_A_PERSON = {
    "interferon_pk": "One typical patient of 70 kg: 180 ug a week, 1.5 ug/kg a week, 250 ug every two weeks, 3 MIU three times a "
    "week; below 0.001 ng/mL nothing is drawn.",
    "interferon_response": "One typical patient for six weeks of treatment and two weeks after it.",
    "marrow": "Each preset from one leukaemic stem cell per kg, without treatment: normal lineages are crowded out.",
    "toxicity": "Chance of a first event by week on peginterferon alfa-2a in a patient of mean frailty, if nothing else happens.",
    "radiation": "Kill of each target by the schedules of the table, drugs not counted. Never for prescribing.",
    "population": "4000 virtual adults with high-risk AML before transplantation.",
}
_OF_A_DISEASE = {
    "transplant": "The typical patient, mean equations alone. Interferon's neutrality for GVHD is an assumption of the model.",
    "post_transplant": "Medians of those of 600 virtual patients in whom measurable disease was found; courses are "
    "followed past relapse and death.",
    "cml": "Median and 90 % band of 300 virtual patients, true BCR-ABL; everybody takes everything to the end.",
    "hairy_cell": "Median and 90 % band of 200 virtual patients; counts as an assay reads them at monthly visits.",
    "mpn": "Median and 90 % band of 200 virtual patients with polycythaemia vera; without interferon the published count models "
    "still move from their first to their steady values.",
    "hepatitis_c": "The typical patient at the published efficacy of each daily dose of native interferon: a fast phase, then a "
    "slow one.",
    "onset": "Cumulative incidence from birth with death competing, both sexes together.",
}
PICTURES = {**_pictures("person", _OF_A_PERSON), **_pictures("disease", _OF_A_DISEASE)}
"""The picture of each folder."""
