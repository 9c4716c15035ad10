"""The ready studies: shipped inside the installed package, or beside the sources in a checkout."""

from pathlib import Path

from inferon.study.errors import InputError

HERE = Path(__file__).resolve().parent


def ready_studies() -> dict[str, Path]:
    """Name -> file of every ready study, in order of name."""
    return {path.stem: path for path in sorted(_folder().glob("*.yaml"))}


def ready_study(name: str) -> Path:
    """The file of one ready study. Raises InputError with the nearest name."""
    studies = ready_studies()
    if name not in studies:
        raise InputError("there is no ready study of this name", found=name, allowed=list(studies))
    return studies[name]


def _folder() -> Path:
    checkout = HERE.parents[2]
    sources = checkout / "src" / "inferon" / "study" == HERE and (checkout / "pyproject.toml").is_file()
    return checkout / "studies" if sources else HERE / "ready"
