"""Does every name in a study exist? The caller brings the catalogues; this room knows no biology."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from inferon.study.document import FieldPath, field_name
from inferon.study.errors import InputError
from inferon.study.specification import Study


class _Mention(NamedTuple):
    name: str
    path: FieldPath


def check_names(
    study: Study,
    *,
    drugs: Iterable[str],
    populations: Iterable[str],
    endpoints: Iterable[str],
    families: Iterable[str],
    strata: Iterable[str],
    sources: Iterable[str],
    models: Iterable[str] | None = None,
    parameter_sets: Iterable[str] | None = None,
    symbols: Iterable[str] | None = None,
) -> None:
    """Raise InputError at the first name (in the order of the file) that its catalogue does not hold.

    `sources` are ids of published results; `models`, `parameter_sets` and `symbols` (of parameters an arm may
    override) are checked only when they are given.
    """
    unknown = [
        *_unknown(_drugs(study), drugs),
        *_unknown(_populations(study), populations),
        *_unknown(_listed(("endpoints",), study.endpoints), endpoints),
        *_unknown(_listed(("families",), study.families), families),
        *_unknown(_listed(("trial", "stratify"), study.trial.stratify), strata),
        *_unknown(_sources(study), sources),
        *_unknown([_Mention(study.model, ("model",))], models),
        *_unknown([_Mention(study.parameters, ("parameters",))], parameter_sets),
        *_unknown(_symbols(study), symbols),
    ]
    if unknown:
        mention, catalogue = min(unknown, key=lambda item: study.origin.line(item[0].path) or 0)
        raise InputError(
            "",
            file=study.origin.file,
            line=study.origin.line(mention.path),
            field=field_name(mention.path),
            found=mention.name,
            allowed=catalogue,
        )


def _unknown(mentions: Iterable[_Mention], catalogue: Iterable[str] | None) -> list[tuple[_Mention, list[str]]]:
    if catalogue is None:
        return []
    known = list(catalogue)
    return [(mention, known) for mention in mentions if mention.name not in known]


def _listed(path: FieldPath, names: Iterable[str]) -> list[_Mention]:
    return [_Mention(name, (*path, index)) for index, name in enumerate(names)]


def _drugs(study: Study) -> Iterator[_Mention]:
    for name, arm in study.arms.items():
        for index, dosing in enumerate(arm.regimen):
            yield _Mention(dosing.drug, ("arms", name, "regimen", index, "drug"))


def _symbols(study: Study) -> Iterator[_Mention]:
    for name, arm in study.arms.items():
        for symbol in arm.parameters:
            yield _Mention(symbol, ("arms", name, "parameters", symbol))


def _populations(study: Study) -> Iterator[_Mention]:
    yield _Mention(study.cohort.population, ("cohort", "population"))
    if study.cohort.comparison_population is not None:
        yield _Mention(study.cohort.comparison_population, ("cohort", "comparison_population"))


def _sources(study: Study) -> Iterator[_Mention]:
    for index, result in enumerate(study.published):
        yield _Mention(result.source, ("published", index, "source"))
